//! The rules of SUSE's guide for the migration from Xen to KVM, each as it stands there and no other.
//!
//! What the guide leaves out stays out here, also where libvirt then refuses the domain: a machine type of Xen's, the
//! type `xenpvh`, a fresh console. These rules are for the comparison with its results.

use v2v_xml::{NewElement, NodeId};

use super::boot::default_arch;
use super::domain::set_type;
use crate::evidence::ImageEvidence;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "guide-type",
        xpath: "/domain/@type",
        when: "it is xen",
        why: "the hypervisor is KVM",
        apply: set_type,
    },
    Rule {
        id: "guide-bootloader",
        xpath: "/domain/bootloader",
        when: "it is there, also bootloader_args",
        why: "a program of the Xen host",
        apply: remove_bootloader,
    },
    Rule {
        id: "guide-os-type",
        xpath: "/domain/os/type",
        when: "it is linux",
        why: "KVM guests are fully virtual",
        apply: set_os_type,
    },
    Rule {
        id: "guide-os-arch",
        xpath: "/domain/os/type/@arch",
        when: "it is missing",
        why: "x86_64 or i686",
        apply: set_arch,
    },
    Rule {
        id: "guide-os-boot",
        xpath: "/domain/os/boot",
        when: "it is missing",
        why: "the guest starts from its disk",
        apply: add_boot,
    },
    Rule {
        id: "guide-emulator",
        xpath: "/domain/devices/emulator",
        when: "it is there",
        why: "/usr/lib/xen/bin/qemu-dm is Xen's",
        apply: set_emulator,
    },
    Rule {
        id: "guide-disk-driver-name",
        xpath: "/domain/devices/disk/driver/@name",
        when: "it is file, and the guest paravirtual",
        why: "QEMU reads the image",
        apply: set_driver_name,
    },
    Rule {
        id: "guide-disk-driver-type",
        xpath: "/domain/devices/disk/driver/@type",
        when: "it is missing, and the guest paravirtual",
        why: "QEMU has to be told the format; Xen's driver file knows raw images only",
        apply: add_driver_type,
    },
    Rule {
        id: "guide-disk-target-dev",
        xpath: "/domain/devices/disk/target/@dev",
        when: "it is xvda, xvdb, ..., and the guest paravirtual",
        why: "virtio disks are called vda, vdb, ...",
        apply: set_target_dev,
    },
    Rule {
        id: "guide-disk-target-bus",
        xpath: "/domain/devices/disk/target/@bus",
        when: "it is xen, and the guest paravirtual",
        why: "virtio takes its place",
        apply: set_target_bus,
    },
    Rule {
        id: "guide-interface-model",
        xpath: "/domain/devices/interface/model/@type",
        when: "the element is there",
        why: "virtio takes its place; an interface without the element stays without",
        apply: set_interface_model,
    },
    Rule {
        id: "guide-interface-script",
        xpath: "/domain/devices/interface/script",
        when: "it is there",
        why: "scripts of Xen's toolstack",
        apply: remove_interface_script,
    },
    Rule {
        id: "guide-interface-target",
        xpath: "/domain/devices/interface/target",
        when: "its dev starts with vif, vnet or veth",
        why: "names that the old host gave; the name of a custom network stays",
        apply: remove_interface_target,
    },
    Rule {
        id: "guide-console",
        xpath: "/domain/devices/console",
        when: "it is there",
        why: "Xen's console",
        apply: remove_consoles,
    },
    Rule {
        id: "guide-serial",
        xpath: "/domain/devices/serial",
        when: "it is there",
        why: "a terminal of the Xen host",
        apply: remove_serials,
    },
    // The guide's sample has usb where its rule has ps2; the rule counts.
    Rule {
        id: "guide-input-bus",
        xpath: "/domain/devices/input/@bus",
        when: "it is xen",
        why: "every PC has PS/2",
        apply: set_input_bus,
    },
    Rule {
        id: "guide-memballoon",
        xpath: "/domain/devices/memballoon",
        when: "it is missing or not virtio",
        why: "the host can take memory back",
        apply: set_memballoon,
    },
];

const EMULATOR: &str = "/usr/bin/qemu-kvm";

fn remove_all(work: &mut Work<'_>, path: &str) {
    for id in work.all(path) {
        work.remove(id);
    }
}

fn remove_bootloader(work: &mut Work<'_>) {
    remove_all(work, "bootloader");
    remove_all(work, "bootloader_args");
}

fn set_os_type(work: &mut Work<'_>) {
    for id in work.all("os/type") {
        if work.text(id) == "linux" {
            work.set_text(id, "hvm");
        }
    }
}

fn set_arch(work: &mut Work<'_>) {
    let arch = default_arch(work);
    for id in work.all("os/type") {
        if work.attribute(id, "arch").is_empty() {
            work.set_attribute(id, "arch", arch);
        }
    }
}

fn add_boot(work: &mut Work<'_>) {
    let Some(os) = work.first("os") else { return };
    if work.document.child(os, "boot").is_none() {
        work.append(os, NewElement::new("boot").attribute("dev", "hd"));
    }
}

fn set_emulator(work: &mut Work<'_>) {
    for id in work.all("devices/emulator") {
        work.set_text(id, EMULATOR);
    }
}

/// The elements at `path` below the disks of a paravirtual guest; none of another.
fn of_disks(work: &Work<'_>, path: &str) -> Vec<NodeId> {
    if work.boot.is_paravirtual() {
        work.all(&format!("devices/disk/{path}"))
    } else {
        Vec::new()
    }
}

fn set_driver_name(work: &mut Work<'_>) {
    for id in of_disks(work, "driver[@name='file']") {
        work.set_attribute(id, "name", "qemu");
    }
}

fn add_driver_type(work: &mut Work<'_>) {
    for driver in of_disks(work, "driver") {
        if !work.attribute(driver, "type").is_empty() {
            continue;
        }
        let source = work
            .document
            .parent(driver)
            .and_then(|disk| work.document.child(disk, "source"))
            .map(|source| work.attribute(source, "file"));
        let format = match source.and_then(|source| work.image(&source).cloned()) {
            Some(ImageEvidence::Format(format)) => format,
            _ => "raw",
        };
        work.set_attribute(driver, "type", format);
    }
}

fn set_target_dev(work: &mut Work<'_>) {
    for target in of_disks(work, "target") {
        let dev = work.attribute(target, "dev");
        let letters = dev.strip_prefix("xvd").unwrap_or_default();
        // xvda1 is a partition given as a disk, and libvirt takes no vda1.
        let is_disk = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase());
        if is_disk {
            work.set_attribute(target, "dev", &format!("vd{letters}"));
        }
    }
}

fn set_target_bus(work: &mut Work<'_>) {
    for id in of_disks(work, "target[@bus='xen']") {
        work.set_attribute(id, "bus", "virtio");
    }
}

fn set_interface_model(work: &mut Work<'_>) {
    for id in work.all("devices/interface/model") {
        work.set_attribute(id, "type", "virtio");
    }
}

fn remove_interface_script(work: &mut Work<'_>) {
    remove_all(work, "devices/interface/script");
}

fn remove_interface_target(work: &mut Work<'_>) {
    for id in work.all("devices/interface/target") {
        let dev = work.attribute(id, "dev");
        if ["vif", "vnet", "veth"]
            .iter()
            .any(|start| dev.starts_with(start))
        {
            work.remove(id);
        }
    }
}

fn remove_consoles(work: &mut Work<'_>) {
    remove_all(work, "devices/console");
}

fn remove_serials(work: &mut Work<'_>) {
    remove_all(work, "devices/serial");
}

fn set_input_bus(work: &mut Work<'_>) {
    for id in work.all("devices/input[@bus='xen']") {
        work.set_attribute(id, "bus", "ps2");
    }
}

fn set_memballoon(work: &mut Work<'_>) {
    if let Some(balloon) = work.first("devices/memballoon") {
        work.set_attribute(balloon, "model", "virtio");
    } else if let Some(devices) = work.devices() {
        work.append(
            devices,
            NewElement::new("memballoon").attribute("model", "virtio"),
        );
    }
}
