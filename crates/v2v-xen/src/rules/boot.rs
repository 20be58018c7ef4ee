//! How the guest starts: boot loaders and kernels of the Xen host, machine type, firmware, boot order.

use v2v_target::finding;
use v2v_target::policy::{BootChoice, Firmware};
use v2v_xml::{NewElement, NodeId};

use super::domain::add_behind;
use crate::plan::{file_name, is_efi_loader};
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "bootloader",
        xpath: "/domain/bootloader",
        when: "it is there, also bootloader_args; or the guest is paravirtual without a kernel of the host",
        why: "a program of the Xen host that looks for a kernel in the guest; KVM starts the guest's disk",
        apply: remove_bootloader,
    },
    Rule {
        id: "os-kernel",
        xpath: "/domain/os/kernel",
        when: "it is there, also initrd, cmdline, root; a kernel stays with --boot direct",
        why: "files of the Xen host; hvmloader and pv-grub are no kernels for KVM",
        apply: change_kernel,
    },
    Rule {
        id: "os-type",
        xpath: "/domain/os/type",
        when: "it is not hvm, or missing",
        why: "KVM knows only full virtualisation",
        apply: set_os_type,
    },
    Rule {
        id: "os-arch",
        xpath: "/domain/os/type/@arch",
        when: "it is missing",
        why: "without it the architecture is that of the host which defines the domain",
        apply: set_arch,
    },
    Rule {
        id: "os-machine",
        xpath: "/domain/os/type/@machine",
        when: "it is one of Xen's (xenpv, xenpvh, xenfv) or missing",
        why: "q35, or pc for old guests and for hard disks that stay on IDE",
        apply: set_machine,
    },
    Rule {
        id: "os-loader",
        xpath: "/domain/os/loader",
        when: "it is there, also nvram",
        why: "firmware of the Xen host (hvmloader, rombios, OVMF); libvirt knows the firmware of the new one",
        apply: remove_loader,
    },
    Rule {
        id: "os-firmware",
        xpath: "/domain/os/@firmware",
        when: "the guest starts by EFI, or BIOS is asked for",
        why: "libvirt finds OVMF by its features and makes the NVRAM",
        apply: set_firmware,
    },
    Rule {
        id: "os-acpi-table",
        xpath: "/domain/os/acpi",
        when: "it is there",
        why: "a table of the old host's firmware (SLIC, a Windows licence), in a file of the Xen host",
        apply: remove_acpi_tables,
    },
    Rule {
        id: "os-boot",
        xpath: "/domain/os/boot",
        when: "it is missing and no device has a place in the boot order",
        why: "a paravirtual guest needed no boot device; hd, or network where pypxeboot fetched the kernel",
        apply: add_boot,
    },
];

/// What has to happen in a guest that never started by itself.
const MAKE_BOOTABLE: &str = "before the move, install grub and a kernel that is not Xen-only in the guest; or copy its \
     kernel and initrd to the KVM host, name them in <os> and use --boot direct";

fn remove_bootloader(work: &mut Work<'_>) {
    let loader = work.all("bootloader");
    let args = work.all("bootloader_args");
    if work.boot.is_paravirtual() && (!loader.is_empty() || !has_host_kernel(work)) {
        tell_boot_method(work, loader.first().copied(), args.first().copied());
    }
    for id in loader.into_iter().chain(args) {
        work.remove(id);
    }
}

/// Says what started a paravirtual guest and what has to start it now.
fn tell_boot_method(work: &mut Work<'_>, loader: Option<NodeId>, args: Option<NodeId>) {
    let path = work.boot.bootloader.clone();
    let at = loader.or_else(|| work.first("os"));
    let (text, action) = match path.as_deref() {
        Some(path) if is_network_loader(path) => {
            let args = args.map(|id| work.text(id)).unwrap_or_default();
            let text = format!(
                "{path} fetched the kernel from the network (arguments {args:?}); the domain boots by PXE"
            );
            let action = "see that the PXE server offers a kernel that is not Xen-only";
            (text, action)
        }
        Some(path) => {
            let text = format!(
                "{path} on the Xen host read the kernel from the guest's disk; on KVM the disk has to start by itself"
            );
            (text, MAKE_BOOTABLE)
        }
        None if loader.is_none() && work.boot.kernel.is_some() => return,
        None => {
            let text =
                "a paravirtual guest never started from its disk by itself, and on KVM it has to";
            (text.to_owned(), MAKE_BOOTABLE)
        }
    };
    work.warn(finding::PV_BOOT_METHOD, "boot", at, text, action);
}

fn is_network_loader(path: &str) -> bool {
    file_name(path).contains("pxe")
}

/// A kernel that is one: the guest's own Linux, not hvmloader and not a build of grub for Xen.
fn has_host_kernel(work: &Work<'_>) -> bool {
    let kernel = work.boot.kernel.as_deref();
    kernel.is_some_and(|path| !is_xen_loader(path))
}

/// hvmloader, pv-grub and grub's own builds (`pv-grub-x86_64.gz`, `grub-x86_64-xen.bin`, `grub-i386-xen_pvh.bin`).
fn is_xen_loader(path: &str) -> bool {
    let name = file_name(path);
    name.contains("hvmloader") || name.contains("grub")
}

fn change_kernel(work: &mut Work<'_>) {
    let Some(os) = work.first("os") else { return };
    let parts: Vec<NodeId> = ["kernel", "initrd", "cmdline", "root"]
        .iter()
        .flat_map(|name| work.document.find_all(os, name))
        .collect();
    let Some(first) = parts.first().copied() else {
        return;
    };
    let listed: Vec<String> = parts
        .iter()
        .map(|id| format!("{} {:?}", work.document.name(*id), work.text(*id)))
        .collect();
    let listed = listed.join(", ");
    if has_host_kernel(work) && work.policy.xen.boot == Some(BootChoice::Direct) {
        keep_kernel(work, os, &listed);
        return;
    }
    let (text, action) = why_no_kernel(work, &listed);
    if let Some((text, action)) = text.zip(action) {
        work.warn(finding::PV_BOOT_METHOD, "kernel", first, text, action);
    }
    for id in parts {
        work.remove(id);
    }
}

/// What is told of a kernel that is not carried; nothing of hvmloader.
fn why_no_kernel(work: &Work<'_>, listed: &str) -> (Option<String>, Option<&'static str>) {
    let kernel = work.boot.kernel.as_deref();
    if has_host_kernel(work) {
        let text = format!(
            "{listed}: files of the Xen host, not in the guest; the domain boots from its disk"
        );
        let action = "install grub and a kernel that is not Xen-only in the guest before the move; or copy the files to \
             the KVM host and use --boot direct";
        (Some(text), Some(action))
    } else if kernel.is_some_and(|kernel| file_name(kernel).contains("grub")) {
        let text = format!(
            "{listed}: a boot loader made for Xen; on KVM the guest's disk has to start by itself"
        );
        (Some(text), Some(MAKE_BOOTABLE))
    } else if kernel.is_some() {
        (None, None)
    } else {
        let text = format!(
            "{listed}: given to the kernel from outside; on KVM the boot loader in the guest does that"
        );
        let action = "put what the guest needs of it into its boot loader, with the new disk names";
        (Some(text), Some(action))
    }
}

/// Leaves kernel and initrd as they are, and takes out of the command line what names devices of Xen.
fn keep_kernel(work: &mut Work<'_>, os: NodeId, listed: &str) {
    let at = work.document.child(os, "kernel");
    let text = format!("{listed}: kept; they are files of the Xen host");
    let action = "copy them to the same paths on the KVM host; the kernel must not be Xen-only and the guest needs its \
         modules; root= names the disk as KVM shows it, a UUID would be better";
    work.warn(finding::PV_BOOT_METHOD, "kernel", at, text, action);
    for root in work.document.find_all(os, "root") {
        work.remove(root);
    }
    for cmdline in work.document.find_all(os, "cmdline") {
        let old = work.text(cmdline);
        let new = without_xen(&old);
        let is_same = new.split_whitespace().eq(old.split_whitespace());
        if !is_same {
            work.set_text(cmdline, &new);
        }
    }
}

/// A kernel's command line with the console on the serial port, and without what speaks to Xen. `tty0` stays a console
/// beside it.
fn without_xen(cmdline: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in cmdline.split_whitespace() {
        let is_console = word == "console=hvc0" || word.starts_with("console=xvc");
        let is_xen = ["xencons=", "xen_emul_unplug=", "xen-pciback."]
            .iter()
            .any(|start| word.starts_with(start))
            || matches!(
                word,
                "clocksource=xen" | "earlyprintk=xen" | "swiotlb=force" | "iommu=soft"
            );
        if is_console {
            for console in ["console=tty0", "console=ttyS0,115200"] {
                if !words.contains(&console) {
                    words.push(console);
                }
            }
        } else if !is_xen {
            words.push(word);
        }
    }
    words.join(" ")
}

/// `<os>`, which is made if there is none.
fn os(work: &mut Work<'_>) -> Option<NodeId> {
    match work.first("os") {
        Some(os) => Some(os),
        None => add_behind(
            work,
            &[
                "name",
                "uuid",
                "title",
                "description",
                "memory",
                "currentMemory",
                "vcpu",
            ],
            NewElement::new("os"),
        ),
    }
}

/// `<os><type>`, which is made if there is none.
fn os_type(work: &mut Work<'_>) -> Option<NodeId> {
    let os = os(work)?;
    if let Some(id) = work.document.child(os, "type") {
        return Some(id);
    }
    let new = NewElement::new("type").text("hvm");
    let first = work.document.elements(os).next();
    match first {
        Some(first) => work.insert_before(first, new),
        None => work.append(os, new),
    }
}

fn set_os_type(work: &mut Work<'_>) {
    if let Some(id) = os_type(work) {
        work.set_text(id, "hvm");
    }
}

fn set_arch(work: &mut Work<'_>) {
    let Some(id) = work.first("os/type") else {
        return;
    };
    match work.attribute(id, "arch").as_str() {
        "" => {
            let arch = default_arch(work);
            work.set_attribute(id, "arch", arch);
        }
        "x86_64" | "i686" => {}
        other => {
            let text =
                format!("the guest is made for {other:?}; Xen domains are converted for x86");
            let action = "convert it by hand; the target must have the same architecture";
            work.block(finding::ARCH_UNSUPPORTED, "arch", id, text, action);
        }
    }
}

pub(super) fn default_arch(work: &Work<'_>) -> &'static str {
    if work.guest.bits == Some(32) {
        "i686"
    } else {
        "x86_64"
    }
}

fn set_machine(work: &mut Work<'_>) {
    if let Some(id) = work.first("os/type") {
        work.set_attribute(id, "machine", work.machine.name());
    }
}

fn remove_loader(work: &mut Work<'_>) {
    for loader in work.all("os/loader") {
        let path = work.text(loader);
        if !is_known_loader(&path) {
            let text = format!(
                "firmware {path:?} is a file of the Xen host; the domain has {}",
                work.firmware
            );
            let action = "give --firmware efi if it was an EFI firmware";
            work.warn(finding::FIRMWARE_UNKNOWN, "loader", loader, text, action);
        }
        work.remove(loader);
    }
    for nvram in work.all("os/nvram") {
        let path = work.text(nvram);
        let text = format!("boot entries of the old firmware stay behind ({path:?})");
        let action = "see that the EFI system partition has EFI/BOOT/BOOTX64.EFI";
        work.warn(finding::NVRAM_NOT_CARRIED, "nvram", nvram, text, action);
        work.remove(nvram);
    }
}

fn is_known_loader(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let known = [
        "hvmloader",
        "rombios",
        "seabios",
        "bios.bin",
        "bios-256k.bin",
    ];
    name.is_empty() || is_efi_loader(path) || known.iter().any(|part| name.contains(part))
}

fn set_firmware(work: &mut Work<'_>) {
    let Some(os) = work.first("os") else { return };
    if work.firmware == Firmware::Bios {
        // The only other value means BIOS, which is what a domain has without it.
        work.remove_attribute(os, "firmware");
        for firmware in work.document.find_all(os, "firmware") {
            work.remove(firmware);
        }
        return;
    }
    work.set_attribute(os, "firmware", "efi");
    if work.document.child(os, "firmware").is_some() {
        return;
    }
    let state = if wants_secure_boot(work) { "yes" } else { "no" };
    let feature = |name| {
        NewElement::new("feature")
            .attribute("enabled", state)
            .attribute("name", name)
    };
    let new = NewElement::new("firmware")
        .child(feature("enrolled-keys"))
        .child(feature("secure-boot"));
    match work.document.child(os, "type") {
        Some(id) => work.insert_after(id, new),
        None => work.append(os, new),
    };
}

/// Whether Secure Boot is asked for; Xen has none.
pub(super) fn wants_secure_boot(work: &Work<'_>) -> bool {
    work.firmware == Firmware::Efi && work.policy.secure_boot == Some(true)
}

fn remove_acpi_tables(work: &mut Work<'_>) {
    for acpi in work.all("os/acpi") {
        let tables: Vec<String> = work
            .document
            .find_all(acpi, "table")
            .into_iter()
            .map(|id| work.text(id))
            .collect();
        let paths = tables.join(", ");
        let text = format!(
            "ACPI table {paths:?} is a file of the Xen host; a Windows licence may depend on it"
        );
        let action = format!(
            "if the KVM host has the same licence, add <acpi><table type='slic'>{paths}</table></acpi> to <os>"
        );
        let subject = "ACPI table";
        work.warn(finding::SETTING_NOT_CARRIED, subject, acpi, text, action);
        work.remove(acpi);
    }
}

fn add_boot(work: &mut Work<'_>) {
    let Some(os) = work.first("os") else { return };
    let has_order = !work.all("devices/*/boot").is_empty();
    if has_order || work.document.child(os, "boot").is_some() {
        return;
    }
    let loader = work.boot.bootloader.as_deref();
    let dev = match loader {
        Some(path) if is_network_loader(path) => "network",
        _ => "hd",
    };
    work.append(os, NewElement::new("boot").attribute("dev", dev));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_names_no_device_of_xen() {
        for (xen, kvm) in [
            (
                "root=/dev/xvda1 console=hvc0",
                "root=/dev/xvda1 console=tty0 console=ttyS0,115200",
            ),
            (
                "console=tty0 console=hvc0 quiet",
                "console=tty0 console=ttyS0,115200 quiet",
            ),
            (
                "xencons=tty console=xvc0 ro",
                "console=tty0 console=ttyS0,115200 ro",
            ),
            ("clocksource=xen  iommu=soft", ""),
            ("ro quiet", "ro quiet"),
        ] {
            assert_eq!(without_xen(xen), kvm, "{xen}");
            assert_eq!(without_xen(kvm), kvm, "{xen}");
        }
    }

    #[test]
    fn loaders_that_are_no_kernels() {
        for path in [
            "/usr/lib/xen/boot/hvmloader",
            "/usr/lib/xen/boot/pv-grub-x86_64.gz",
            "grub-i386-xen_pvh.bin",
        ] {
            assert!(is_xen_loader(path), "{path}");
        }
        for path in ["/boot/vmlinuz-5.10", "/boot/grub/vmlinuz", "/tmp/kernel"] {
            assert!(!is_xen_loader(path), "{path}");
        }
    }
}
