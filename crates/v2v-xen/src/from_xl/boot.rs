//! What the guest boots: a loader of the host, a kernel of the host, or firmware.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{BootDevice, FirmwareKind, GuestType, Setting};
use v2v_xml::NewElement;

use super::build::{Build, element, leaf};
use super::draft::{Draft, id};
use crate::plan::is_efi_loader;

/// Where Xen installs them by default; libvirt's reader takes its host's.
const HVMLOADER: &str = "/usr/lib/xen/boot/hvmloader";
const OVMF: &str = "/usr/lib/xen/boot/ovmf.bin";
const PV_GRUB: &str = "/usr/lib/xen/boot/pv-grub-x86_64.gz";

/// `<bootloader>` and its arguments.
pub(super) fn bootloader(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let boot = &draft.guest.boot;
    let ids = [
        id(&boot.bootloader),
        id(&boot.bootloader_args),
        id(&boot.bootargs),
    ];
    if draft.is_hvm() {
        draft.all_ignored(
            ids,
            "only paravirtual guests have a boot loader on the host",
        );
        return Vec::new();
    }
    let Some(loader) = &boot.bootloader else {
        draft.all_ignored(ids, "there is no boot loader");
        return Vec::new();
    };
    draft.mapped(loader.id, "/domain/bootloader");
    let mut list = vec![leaf("bootloader", loader.value.trim())];
    let list_of_xl = boot
        .bootloader_args
        .as_ref()
        .map(|args| args.value.join(" "));
    let of_xm = boot.bootargs.as_ref().map(|args| args.value.clone());
    if let Some(args) = list_of_xl.or(of_xm) {
        list.push(leaf("bootloader_args", &args));
        draft.all_mapped([id(&boot.bootloader_args)], "/domain/bootloader_args");
        match &boot.bootloader_args {
            None => draft.all_mapped([id(&boot.bootargs)], "/domain/bootloader_args"),
            Some(_) => draft.all_ignored([id(&boot.bootargs)], "bootloader_args counts"),
        }
    }
    list
}

pub(super) fn os(draft: &mut Draft<'_>) -> NewElement {
    let (machine, word) = match draft.kind {
        GuestType::Pv => ("xenpv", "linux"),
        GuestType::Pvh => ("xenpvh", "xenpvh"),
        GuestType::Hvm => ("xenfv", "hvm"),
    };
    for key in ["type", "builder"] {
        if let Some(entry) = draft
            .config
            .get(key)
            .filter(|_| draft.guest.guest_type.is_some())
        {
            draft.mapped(entry.id(), "/domain/os/type");
        }
    }
    let kind = leaf("type", word)
        .attribute("arch", "x86_64")
        .attribute("machine", machine);
    let os = match names_firmware(draft) {
        true => element("os").attribute("firmware", "efi"),
        false => element("os"),
    };
    os.child(kind)
        .put(loader(draft))
        .put(kernel(draft))
        .put(acpi_tables(draft))
        .put(order(draft))
}

/// Whether UEFI can't be told by the path of the loader, as it usually can.
fn names_firmware(draft: &Draft<'_>) -> bool {
    let firmware = &draft.guest.firmware;
    let path = firmware.bios_path_override.as_ref();
    let tells = path.is_none_or(|path| is_efi_loader(&path.value));
    draft.is_hvm() && firmware.is_uefi() && !tells
}

fn loader(draft: &mut Draft<'_>) -> Option<NewElement> {
    let firmware = &draft.guest.firmware;
    let ids = [
        id(&firmware.bios),
        id(&firmware.firmware),
        id(&firmware.bios_path_override),
    ];
    draft.all_ignored(
        [id(&firmware.firmware_override)],
        "another hvmloader; KVM has none",
    );
    if let Some(tables) = &firmware.smbios_firmware {
        let text = format!("SMBIOS tables in {} of the Xen host", tables.value);
        let action = "write what the guest needs of them into <sysinfo type='smbios'>";
        let finding = finding::SETTING_NOT_CARRIED;
        draft.lose(tables.id, finding, Severity::Warn, &text, action);
    }
    if !draft.is_hvm() {
        // pv-grub is a kernel, and becomes one.
        draft.all_ignored(ids, "paravirtual guests have no firmware");
        return None;
    }
    draft.all_mapped(ids, "/domain/os/loader");
    let path = firmware
        .bios_path_override
        .as_ref()
        .map(|path| path.value.as_str());
    if firmware.is_uefi() {
        let loader = leaf("loader", path.unwrap_or(OVMF)).attribute("readonly", "yes");
        return Some(
            loader
                .attribute("type", "pflash")
                .attribute("format", "raw"),
        );
    }
    let path = match firmware.firmware.as_ref().map(|setting| &setting.value) {
        Some(FirmwareKind::Path(path)) => path.as_str(),
        _ => hvmloader(draft).map_or(HVMLOADER, |kernel| kernel.value.as_str()),
    };
    let loader = leaf("loader", path).attribute("type", "rom");
    Some(loader.attribute("format", "raw"))
}

/// The kernel of an HVM guest, if it is none: files of xm name hvmloader there.
fn hvmloader<'a>(draft: &Draft<'a>) -> Option<&'a Setting<String>> {
    let kernel = draft.guest.boot.kernel.as_ref()?;
    let name = kernel.value.rsplit('/').next()?;
    name.trim().starts_with("hvmloader").then_some(kernel)
}

fn is_pv_grub(draft: &Draft<'_>) -> bool {
    let kind = draft.guest.firmware.firmware.as_ref();
    !draft.is_hvm() && kind.is_some_and(|kind| kind.value == FirmwareKind::PvGrub)
}

/// `<kernel>`, `<initrd>`, `<cmdline>`.
fn kernel(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let boot = &draft.guest.boot;
    let rest = [
        id(&boot.ramdisk),
        id(&boot.cmdline),
        id(&boot.root),
        id(&boot.extra),
    ];
    if draft.is_hvm() && (boot.kernel.is_none() || hvmloader(draft).is_some()) {
        draft.all_mapped([id(&boot.kernel)], "/domain/os/loader");
        draft.all_ignored(rest, "there is no kernel that would take it");
        return Vec::new();
    }
    let mut list = Vec::new();
    match &boot.kernel {
        Some(kernel) => {
            draft.mapped(kernel.id, "/domain/os/kernel");
            list.push(leaf("kernel", &kernel.value));
        }
        None if is_pv_grub(draft) => {
            draft.all_mapped([id(&draft.guest.firmware.firmware)], "/domain/os/kernel");
            list.push(leaf("kernel", PV_GRUB));
        }
        None => {}
    }
    if let Some(ramdisk) = &boot.ramdisk {
        draft.mapped(ramdisk.id, "/domain/os/initrd");
        list.push(leaf("initrd", &ramdisk.value));
    }
    if let Some(line) = boot.command_line() {
        if boot.cmdline.is_some() {
            draft.all_ignored([id(&boot.root), id(&boot.extra)], "cmdline counts instead");
        }
        let ids = [id(&boot.cmdline), id(&boot.root), id(&boot.extra)];
        draft.all_mapped_if_open(ids, "/domain/os/cmdline");
        list.push(leaf("cmdline", &line));
    }
    list
}

fn acpi_tables(draft: &mut Draft<'_>) -> Option<NewElement> {
    let tables = draft.guest.firmware.acpi_firmware.as_ref()?;
    if !draft.is_hvm() {
        draft.ignored(tables.id, "paravirtual guests have no firmware");
        return None;
    }
    draft.mapped(tables.id, "/domain/os/acpi/table");
    let table = leaf("table", &tables.value).attribute("type", "rawset");
    Some(element("acpi").child(table))
}

/// The order of devices: the hard disk if the file gives none.
fn order(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let order = draft.guest.boot.order.as_ref();
    if !draft.is_hvm() {
        draft.all_ignored(
            [order.map(|order| order.id)],
            "paravirtual guests boot a kernel, not a device",
        );
        return Vec::new();
    }
    draft.all_mapped([order.map(|order| order.id)], "/domain/os/boot");
    let devices = order.map_or(&[][..], |order| order.value.as_slice());
    let mut names: Vec<&str> = Vec::new();
    for device in devices {
        let name = match device {
            BootDevice::Floppy => "fd",
            BootDevice::HardDisk => "hd",
            BootDevice::Cdrom => "cdrom",
            BootDevice::Network => "network",
        };
        // libvirt takes each once.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.push("hd");
    }
    let names = names.into_iter();
    names
        .map(|name| element("boot").attribute("dev", name))
        .collect()
}

/// QEMU of the Xen host, by path.
pub(super) fn emulator(draft: &mut Draft<'_>) -> Option<NewElement> {
    let keys = ["device_model_override", "device_model"];
    let mut found = None;
    for entry in keys.into_iter().filter_map(|key| draft.config.get(key)) {
        let path = entry.value().text().unwrap_or_default().trim();
        if !path.is_empty() && found.is_none() {
            draft.mapped(entry.id(), "/domain/devices/emulator");
            found = Some(leaf("emulator", path));
        } else {
            draft.ignored(entry.id(), "another program counts");
        }
    }
    found
}
