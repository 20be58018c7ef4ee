//! Devices of the host that the guest had for itself.

use v2v_target::finding;
use v2v_target::policy::PciAddress;
use v2v_xml::{NewElement, NodeId};

use super::device::Groups;
use super::interface;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "hostdev-pci",
        xpath: "/domain/devices/hostdev[@type='pci']",
        when: "it is there",
        why: "the address is one of the old host; the caller may name a device of the new one",
        apply: pci,
    },
    Rule {
        id: "hostdev-interface",
        xpath: "/domain/devices/interface[@type='hostdev']",
        when: "it is there",
        why: "as for every PCI device",
        apply: interfaces,
    },
    Rule {
        id: "hostdev-usb",
        xpath: "/domain/devices/hostdev[@type='usb']",
        when: "it is there",
        why: "it is plugged into the old host",
        apply: usb,
    },
    Rule {
        id: "hostdev-other",
        xpath: "/domain/devices/hostdev",
        when: "it is of another kind: SCSI, a mediated device, or one of containers",
        why: "it names something of the old host",
        apply: others,
    },
];

const NAME_IT: &str =
    "say which device of the new host takes its place, or add a hostdev to the XML";

/// Passed-through devices of a kind.
fn hostdevs(work: &Work<'_>, wanted: impl Fn(&str) -> bool) -> Vec<NodeId> {
    let mut all = work.all("devices/hostdev");
    all.retain(|id| wanted(&work.attribute(*id, "type")));
    all
}

/// The element with the PCI address of the old host, and the address.
fn address(work: &Work<'_>, device: NodeId) -> Option<(NodeId, PciAddress)> {
    let id = work.document.find(device, "source/address")?;
    let number = |name| {
        let text = work.attribute(id, name);
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        match hex {
            Some(hex) => u16::from_str_radix(hex, 16).ok(),
            None if text.is_empty() => Some(0),
            None => text.parse().ok(),
        }
    };
    let byte = |name| u8::try_from(number(name)?).ok();
    let address = PciAddress {
        domain: number("domain")?,
        bus: byte("bus")?,
        slot: byte("slot")?,
        function: byte("function")?,
    };
    Some((id, address))
}

fn text(address: PciAddress) -> String {
    let PciAddress {
        domain,
        bus,
        slot,
        function,
    } = address;
    format!("{domain:04x}:{bus:02x}:{slot:02x}.{function:x}")
}

/// The device of the new host that the caller names for one of the old host.
fn mapped(work: &Work<'_>, device: NodeId) -> Option<(NodeId, PciAddress)> {
    let (id, old) = address(work, device)?;
    let mut map = work.policy.passthrough.iter();
    let new = map.find(|(slot, _)| slot.parse() == Ok(old))?;
    Some((id, new.1))
}

/// The device may be the target of a mapping already, if this is not its first time here.
fn is_target(work: &Work<'_>, device: NodeId) -> bool {
    let Some((_, address)) = address(work, device) else {
        return false;
    };
    work.policy
        .passthrough
        .iter()
        .any(|(_, new)| *new == address)
}

fn carry(work: &mut Work<'_>, device: NodeId) {
    if let Some((id, new)) = mapped(work, device).filter(|_| !is_target(work, device)) {
        let PciAddress {
            domain,
            bus,
            slot,
            function,
        } = new;
        work.set_attribute(id, "domain", &format!("{domain:#06x}"));
        work.set_attribute(id, "bus", &format!("{bus:#04x}"));
        work.set_attribute(id, "slot", &format!("{slot:#04x}"));
        work.set_attribute(id, "function", &format!("{function:#x}"));
    }
    work.set_attribute(device, "managed", "yes");
    if let Some(source) = work.document.child(device, "source") {
        // Xen's permissive mode; VFIO has no such choice.
        work.remove_attribute(source, "writeFiltering");
    }
    match work.document.child(device, "driver") {
        Some(driver) => work.set_attribute(driver, "name", "vfio"),
        None => {
            let new = NewElement::new("driver").attribute("name", "vfio");
            match work.document.child(device, "source") {
                Some(source) => work.insert_before(source, new),
                None => work.append(device, new),
            };
        }
    }
}

fn describe(work: &Work<'_>, device: NodeId) -> String {
    match address(work, device) {
        Some((_, address)) => format!("the PCI device {}", text(address)),
        None => "a PCI device".to_owned(),
    }
}

fn split(work: &Work<'_>, devices: Vec<NodeId>) -> (Vec<NodeId>, Vec<NodeId>) {
    let is_carried = |id: &NodeId| mapped(work, *id).is_some() || is_target(work, *id);
    devices.into_iter().partition(is_carried)
}

fn pci(work: &mut Work<'_>) {
    let all = hostdevs(work, |kind| kind == "pci");
    let (carried, lost) = split(work, all);
    let mut groups = Groups::default();
    let has_disk = work.all("devices/disk").into_iter().any(|disk| {
        let device = work.attribute(disk, "device");
        device.is_empty() || device == "disk"
    });
    let is_without_card = work.first("devices/interface").is_none();
    for id in &lost {
        let what = describe(work, *id);
        let subject = "hostdev pci";
        if has_disk {
            let card = if is_without_card {
                ", and the guest has no other network card if it was one"
            } else {
                ""
            };
            let text = format!("{what} belongs to the old host and was left out{card}");
            groups.warn(
                finding::PASSTHROUGH_NOT_CARRIED,
                subject,
                *id,
                text,
                NAME_IT,
            );
        } else {
            let text = format!(
                "{what} belongs to the old host, and there is no other disk than one on it"
            );
            groups.block(
                finding::PASSTHROUGH_NOT_CARRIED,
                subject,
                *id,
                text,
                NAME_IT,
            );
        }
    }
    groups.tell(work);
    finish(work, carried, lost);
}

fn interfaces(work: &mut Work<'_>) {
    let mut cards = work.all("devices/interface");
    let count = cards.len();
    cards.retain(|id| work.attribute(*id, "type") == "hostdev");
    let (carried, lost) = split(work, cards);
    let mut groups = Groups::default();
    for id in &lost {
        let what = describe(work, *id);
        let subject = interface::name(work, *id);
        if lost.len() == count {
            let text =
                format!("{what} belongs to the old host, and the guest has no other network card");
            groups.block(
                finding::PASSTHROUGH_NOT_CARRIED,
                subject,
                *id,
                text,
                NAME_IT,
            );
        } else {
            let text = format!("{what}, a network card, belongs to the old host and was left out");
            groups.warn(
                finding::PASSTHROUGH_NOT_CARRIED,
                subject,
                *id,
                text,
                NAME_IT,
            );
        }
    }
    groups.tell(work);
    finish(work, carried, lost);
}

fn finish(work: &mut Work<'_>, carried: Vec<NodeId>, lost: Vec<NodeId>) {
    for id in carried {
        carry(work, id);
    }
    for id in lost {
        work.remove(id);
    }
}

fn usb(work: &mut Work<'_>) {
    let lost = hostdevs(work, |kind| kind == "usb");
    let mut groups = Groups::default();
    for id in &lost {
        let value = |path: &str, name: &str| {
            work.document
                .find(*id, path)
                .map(|id| work.attribute(id, name))
        };
        let what = match (value("source/vendor", "id"), value("source/product", "id")) {
            (Some(vendor), Some(product)) => format!("{vendor}:{product}"),
            _ => match (
                value("source/address", "bus"),
                value("source/address", "device"),
            ) {
                (Some(bus), Some(device)) => format!("at bus {bus}, device {device}"),
                _ => "without an address".to_owned(),
            },
        };
        let text = format!(
            "the USB device {what} is one of the old host; plug it in with <hostdev type='usb'>"
        );
        groups.info(finding::USB_DEVICE_NOT_CARRIED, "hostdev usb", *id, text);
    }
    groups.tell(work);
    finish(work, Vec::new(), lost);
}

fn others(work: &mut Work<'_>) {
    let lost = hostdevs(work, |kind| !matches!(kind, "pci" | "usb"));
    let mut groups = Groups::default();
    for id in &lost {
        let kind = work.attribute(*id, "type");
        let text = "it names a device of the old host and was left out";
        let action = "add a hostdev for a device of the new host to the XML";
        groups.warn(
            finding::PASSTHROUGH_NOT_CARRIED,
            format!("hostdev {kind}"),
            *id,
            text,
            action,
        );
    }
    groups.tell(work);
    finish(work, Vec::new(), lost);
}
