//! What is decided before the first rule: the guest, the machine, the firmware.

use v2v_target::device::{BusChoice, Facts, SourceBus};
use v2v_target::guest::{Guest, Os};
use v2v_target::policy::{Firmware, Machine, Policy};
use v2v_xml::{Document, NodeId};

use crate::evidence::Evidence;
use crate::source::Boot;

/// The namespace in which virt-manager and virt-install say what they installed.
const LIBOSINFO: &str = "http://libosinfo.org/xmlns/libvirt/domain/1.0";

/// What the guest is: a paravirtual one runs a Unix, in practice Linux; of a fully virtual one the source says nothing
/// unless libosinfo's metadata do.
pub(crate) fn guest(document: &Document, boot: &Boot) -> Guest {
    let mut guest = match told(document) {
        Some(guest) => guest,
        None if boot.is_paravirtual() => Guest::new(Os::OtherLinux, None, None),
        None => Guest::unknown(),
    };
    let arch = document
        .find(document.root(), "os/type")
        .and_then(|id| document.attribute(id, "arch"));
    guest.bits = match arch.as_deref() {
        Some("i686") => Some(32),
        // Of a fully virtual guest it is the host's.
        Some("x86_64") if boot.is_paravirtual() => Some(64),
        _ => guest.bits,
    };
    guest
}

/// The guest that the metadata name.
fn told(document: &Document) -> Option<Guest> {
    let metadata = document.child(document.root(), "metadata")?;
    let is_os = |id: &NodeId| {
        document.local_name(*id) == "os" && document.namespace(*id).as_deref() == Some(LIBOSINFO)
    };
    let os = document.descendants(metadata).find(is_os)?;
    Guest::from_libosinfo(&document.attribute(os, "id")?)
}

/// Machine type and firmware.
pub(crate) fn machine(
    document: &Document,
    boot: &Boot,
    guest: &Guest,
    policy: &Policy,
    evidence: &Evidence,
) -> (Machine, Firmware) {
    let facts = Facts {
        policy,
        guest,
        evidence: evidence.guest.as_ref(),
    };
    let firmware = policy.firmware.unwrap_or_else(|| firmware(document));
    let buses = if boot.is_paravirtual() {
        asked_buses(document, policy)
    } else {
        ide_disks(document, &facts)
    };
    (facts.machine(firmware, &buses), firmware)
}

/// OVMF as loader, or libvirt's own word for it.
fn firmware(document: &Document) -> Firmware {
    let root = document.root();
    let says_efi = document
        .find(root, "os")
        .and_then(|os| document.attribute(os, "firmware"))
        .is_some_and(|firmware| firmware == "efi");
    let loader = document.find(root, "os/loader");
    let is_efi = loader.is_some_and(|loader| is_efi_loader(&document.text_trimmed(loader)));
    if says_efi || is_efi {
        Firmware::Efi
    } else {
        Firmware::Bios
    }
}

/// Whether `path` is an EFI firmware; only the file's name counts.
pub(crate) fn is_efi_loader(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    name.contains("ovmf") || name.contains("efi")
}

/// What stands behind the last slash.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// What becomes of the IDE disks: those that stay on IDE need machine type pc.
fn ide_disks(document: &Document, facts: &Facts<'_>) -> Vec<BusChoice> {
    hard_disks(document)
        .into_iter()
        .filter(|(bus, dev)| bus == "ide" || bus.is_empty() && dev.starts_with("hd"))
        .map(|(_, dev)| facts.disk_bus(&dev, SourceBus::Ide))
        .collect()
}

/// A paravirtual guest has no IDE disk; the caller may want one.
fn asked_buses(document: &Document, policy: &Policy) -> Vec<BusChoice> {
    let asked = |(_, dev): (String, String)| {
        policy.disk_bus.of(&dev).map(|bus| BusChoice {
            bus,
            why: v2v_target::device::Why::Asked,
        })
    };
    hard_disks(document).into_iter().filter_map(asked).collect()
}

/// Bus and name of all hard disks; empty where the source does not say it.
fn hard_disks(document: &Document) -> Vec<(String, String)> {
    let is_disk = |id: &NodeId| {
        let device = document.attribute(*id, "device");
        device.is_none_or(|device| device == "disk")
    };
    let target = |id: NodeId| {
        let target = document.child(id, "target")?;
        let text = |name| {
            document
                .attribute(target, name)
                .unwrap_or_default()
                .into_owned()
        };
        Some((text("bus"), text("dev")))
    };
    let disks = document.find_all(document.root(), "devices/disk");
    disks
        .into_iter()
        .filter(is_disk)
        .filter_map(target)
        .collect()
}
