//! Controllers, and the addresses that devices have on them.

use v2v_report::FindingId;
use v2v_target::finding;
use v2v_target::policy::Machine;
use v2v_xml::NodeId;

use super::device::Groups;
use crate::rule::Rule;
use crate::work::Work;

const NOT_CARRIED: FindingId = finding::SETTING_NOT_CARRIED;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "device-address",
        xpath: "/domain/devices/*/address",
        when: "it is there",
        why: "places on Xen's buses; libvirt gives each device its place in the new machine",
        apply: remove_addresses,
    },
    Rule {
        id: "device-alias",
        xpath: "/domain/devices/*/alias",
        when: "it is there and not chosen by a person (ua-)",
        why: "names that libvirt made up for the running domain",
        apply: remove_aliases,
    },
    Rule {
        id: "controller-xenbus",
        xpath: "/domain/devices/controller[@type='xenbus']",
        when: "it is there",
        why: "Xen's own bus; KVM refuses it",
        apply: remove_xenbus,
    },
    Rule {
        id: "controller-pci",
        xpath: "/domain/devices/controller[@type='pci']",
        when: "it is there",
        why: "the PCI topology is the new machine's, and libvirt builds it",
        apply: remove_pci,
    },
    Rule {
        id: "controller-ide",
        xpath: "/domain/devices/controller[@type='ide']",
        when: "the machine has no such controller: none on q35, one on pc",
        why: "libvirt refuses a second one, and q35 has AHCI instead",
        apply: remove_ide,
    },
    Rule {
        id: "controller-scsi",
        xpath: "/domain/devices/controller[@type='scsi']",
        when: "QEMU has no such model, or it is the 53C895A that few guests drive today",
        why: "its disks move to a bus that the guest has a driver for",
        apply: remove_scsi,
    },
    Rule {
        id: "controller-usb",
        xpath: "/domain/devices/controller[@type='usb']/@model",
        when: "it is qusb1 or qusb2",
        why: "Xen's paravirtual USB; an xHCI controller has room for as many devices",
        apply: set_usb_model,
    },
];

/// Children called `name` of all devices. The address of a passed-through device stands in its source and stays.
fn device_children(work: &Work<'_>, name: &str) -> Vec<NodeId> {
    work.all(&format!("devices/*/{name}"))
}

fn remove_addresses(work: &mut Work<'_>) {
    for id in device_children(work, "address") {
        work.remove(id);
    }
}

fn remove_aliases(work: &mut Work<'_>) {
    for id in device_children(work, "alias") {
        if !work.attribute(id, "name").starts_with("ua-") {
            work.remove(id);
        }
    }
}

/// Controllers of a type, in the order of the document.
fn controllers(work: &Work<'_>, kind: &str) -> Vec<NodeId> {
    let mut all = work.all("devices/controller");
    all.retain(|id| work.attribute(*id, "type") == kind);
    all
}

fn remove_xenbus(work: &mut Work<'_>) {
    let all = controllers(work, "xenbus");
    let mut groups = Groups::default();
    for id in &all {
        for limit in ["maxGrantFrames", "maxEventChannels"] {
            let value = work.attribute(*id, limit);
            if !value.is_empty() {
                let text = format!("{limit} is {value}, a limit of Xen's own; KVM has neither");
                groups.info(NOT_CARRIED, "controller xenbus", *id, text);
            }
        }
    }
    groups.tell(work);
    remove_all(work, all);
}

fn remove_pci(work: &mut Work<'_>) {
    let all = controllers(work, "pci");
    remove_all(work, all);
}

fn remove_ide(work: &mut Work<'_>) {
    let mut all = controllers(work, "ide");
    if work.machine == Machine::Pc {
        let first = |id: &NodeId| matches!(work.attribute(*id, "index").as_str(), "" | "0");
        if let Some(at) = all.iter().position(first) {
            all.remove(at);
        }
    }
    remove_all(work, all);
}

/// Models that disks may stay on.
const SCSI_MODELS: &[&str] = &[
    "virtio-scsi",
    "virtio-transitional",
    "virtio-non-transitional",
    "vmpvscsi",
    "lsisas1068",
];

/// Whether disks may stay on the controller.
pub(super) fn is_scsi_of_qemu(work: &Work<'_>, id: NodeId) -> bool {
    SCSI_MODELS.contains(&work.attribute(id, "model").as_str())
}

/// The SCSI controllers, each with its index, that disks may stay on.
pub(super) fn scsi_controllers(work: &Work<'_>) -> Vec<(NodeId, u32)> {
    let all = controllers(work, "scsi").into_iter();
    all.filter(|id| is_scsi_of_qemu(work, *id))
        .map(|id| (id, work.attribute(id, "index").parse().unwrap_or(0)))
        .collect()
}

fn remove_scsi(work: &mut Work<'_>) {
    let mut all = controllers(work, "scsi");
    all.retain(|id| !is_scsi_of_qemu(work, *id));
    remove_all(work, all);
}

fn remove_all(work: &mut Work<'_>, ids: Vec<NodeId>) {
    for id in ids {
        work.remove(id);
    }
}

/// Ports of an xHCI controller in QEMU.
const XHCI_PORTS: u32 = 15;

fn set_usb_model(work: &mut Work<'_>) {
    for id in controllers(work, "usb") {
        if !matches!(work.attribute(id, "model").as_str(), "qusb1" | "qusb2") {
            continue;
        }
        work.set_attribute(id, "model", "qemu-xhci");
        let ports = work.attribute(id, "ports");
        let fits = ports
            .parse::<u32>()
            .is_ok_and(|ports| (1..=XHCI_PORTS).contains(&ports));
        if !ports.is_empty() && !fits {
            work.set_attribute(id, "ports", &XHCI_PORTS.to_string());
        }
    }
}
