//! Disks, CD-ROM drives, floppies, and the controllers libvirt gives them.

use std::collections::HashSet;

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{Access, Disk, HdType, VdevFamily, VirtualDevice};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::draft::Draft;
use super::target::{format, target};

const TO: &str = "/domain/devices/disk";

pub(super) fn disks(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let guest = draft.guest;
    let mut names = Names::new(&guest.disks);
    let mut list: Vec<NewElement> = Vec::new();
    for disk in &guest.disks {
        let device = name(draft, disk, &mut names);
        list.push(element_of(draft, disk, device));
    }
    for (at, floppy) in ["fda", "fdb"].into_iter().zip(&guest.floppies) {
        draft.mapped(floppy.id, TO);
        // Only the second drive may have an image.
        let key = draft
            .config
            .entry(floppy.id)
            .map_or(at, |entry| entry.key());
        list.push(floppy_of(key, &floppy.value));
    }
    if let Some(kind) = &guest.boot.hd_type {
        match kind.value {
            HdType::Ide => draft.ignored(kind.id, "IDE, as by default"),
            HdType::Ahci => draft.mapped_because(kind.id, TO, "the bus of hd disks is sata"),
        }
    }
    list
}

/// The names that the file gives, and the next free one.
struct Names {
    given: HashSet<String>,
    next: u32,
}

impl Names {
    fn new(disks: &[Disk]) -> Names {
        let given = disks.iter().filter_map(|disk| disk.vdev);
        Names {
            given: given.map(|device| device.to_string()).collect(),
            next: 0,
        }
    }

    fn free(&mut self, family: VdevFamily) -> VirtualDevice {
        loop {
            let device = VirtualDevice {
                family,
                disk: self.next,
                partition: None,
                is_number: false,
            };
            self.next = self.next.saturating_add(1);
            if self.given.insert(device.to_string()) {
                return device;
            }
        }
    }
}

/// What the guest sees. A disk without a name that can be read is given one, so that it is not lost.
fn name(draft: &mut Draft<'_>, disk: &Disk, names: &mut Names) -> VirtualDevice {
    let written = disk.vdev_text.as_deref().unwrap_or_default();
    let id = finding::PV_NAME_GUESS;
    match disk.vdev {
        Some(device) => {
            if device.is_number {
                let name = device.to_string();
                let seen = format!("the vdev is xenstore's number {written}, which names {name}");
                draft.tell(id, Severity::Info, &name, disk.id, seen, "");
            }
            device
        }
        None => {
            let family = if draft.is_hvm() && !disk.is_cdrom {
                VdevFamily::Hd
            } else {
                VdevFamily::Xvd
            };
            let device = names.free(family);
            let name = device.to_string();
            let number = disk.index.saturating_add(1);
            let seen = format!(
                "item {number} of disk has no vdev that can be read; it is written as {name}"
            );
            let action =
                "correct the vdev: the order of disks and their names in the guest depend on it";
            draft.tell(id, Severity::Warn, &name, disk.id, seen, action);
            device
        }
    }
}

fn element_of(draft: &mut Draft<'_>, disk: &Disk, device: VirtualDevice) -> NewElement {
    let name = device.to_string();
    draft.mapped(disk.id, TO);
    tell_others(draft, disk, &name);
    let target = target(draft, disk, &name);
    let discard = disk
        .discard
        .map(|discard| if discard { "unmap" } else { "ignore" });
    let driver = element("driver")
        .attribute("name", target.driver)
        .attribute("type", format(disk))
        .set_if("discard", discard);
    let bus = bus(draft, device.family);
    let backend = disk.backend.as_deref().filter(|name| !is_domain_0(name));
    element("disk")
        .attribute("type", target.kind)
        .attribute("device", if disk.is_cdrom { "cdrom" } else { "disk" })
        .child(driver)
        .put(target.source)
        .put(backend.map(|name| element("backenddomain").set("name", name)))
        .child(element("target").set("dev", &name).attribute("bus", bus))
        .put(disk.is_read_only().then(|| element("readonly")))
        .put((disk.access == Some(Access::Shared)).then(|| element("shareable")))
}

/// The domain that serves devices unless another is named.
pub(super) fn is_domain_0(name: &str) -> bool {
    matches!(name.trim(), "" | "0" | "Domain-0" | "dom0")
}

/// Only HVM guests have emulated disks; a PV guest's `hda` is a name.
fn bus(draft: &Draft<'_>, family: VdevFamily) -> &'static str {
    let is_ahci = draft
        .guest
        .boot
        .hd_type
        .is_some_and(|kind| kind.value == HdType::Ahci);
    match family {
        _ if !draft.is_hvm() => "xen",
        VdevFamily::Xvd => "xen",
        VdevFamily::Sd => "scsi",
        VdevFamily::Hd if is_ahci => "sata",
        VdevFamily::Hd => "ide",
    }
}

/// Parameters that libvirt has no words for.
fn tell_others(draft: &mut Draft<'_>, disk: &Disk, name: &str) {
    let names: Vec<&str> = disk.others.iter().map(|(key, _)| key.as_str()).collect();
    if names.is_empty() {
        return;
    }
    let seen = format!(
        "{} of the Xen host's disk driver: not carried",
        names.join(", ")
    );
    let id = finding::SETTING_NOT_CARRIED;
    draft.tell(id, Severity::Info, name, disk.id, seen, "");
}

fn floppy_of(key: &str, path: &str) -> NewElement {
    let driver = element("driver")
        .attribute("name", "qemu")
        .attribute("type", "raw");
    element("disk")
        .attribute("type", "file")
        .attribute("device", "floppy")
        .child(driver)
        .child(element("source").set("file", path))
        .child(element("target").set("dev", key).attribute("bus", "fdc"))
}

/// Xen's bus, which every guest has, and one for IDE disks.
pub(super) fn controllers(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let mut xenbus = element("controller")
        .attribute("type", "xenbus")
        .attribute("index", "0");
    for (key, name) in [
        ("max_event_channels", "maxEventChannels"),
        ("max_grant_frames", "maxGrantFrames"),
    ] {
        let Some(entry) = draft.config.get(key) else {
            continue;
        };
        let number = entry.value().number().filter(|number| *number > 0);
        match number {
            Some(number) => {
                draft.mapped(entry.id(), &format!("/domain/devices/controller/@{name}"));
                xenbus = xenbus.attribute(name, number.to_string());
            }
            None => draft.ignored(entry.id(), "of Xen's bus"),
        }
    }
    let is_ide = |disk: &Disk| {
        disk.vdev
            .is_some_and(|device| bus(draft, device.family) == "ide")
    };
    let has_ide = draft.guest.disks.iter().any(is_ide);
    let ide = has_ide.then(|| {
        element("controller")
            .attribute("type", "ide")
            .attribute("index", "0")
    });
    std::iter::once(xenbus).chain(ide).collect()
}
