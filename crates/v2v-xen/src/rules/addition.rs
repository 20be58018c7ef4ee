//! What the new machine has and the old one had not.

use v2v_target::device::Facts;
use v2v_target::guest::{Family, Os, Virtio};
use v2v_target::policy::{Machine, Profile};
use v2v_xml::{NewElement, NodeId};

use super::device::virtio;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "usb-tablet",
        xpath: "/domain/devices/input[@type='tablet']",
        when: "there is none, and the guest is from after USB",
        why: "the pointer in the viewer and the guest's are one only with absolute positions",
        apply: add_tablet,
    },
    Rule {
        id: "usb-controller",
        xpath: "/domain/devices/controller[@type='usb']",
        when: "a USB device has none",
        why: "libvirt would add one of 1996 without a word",
        apply: add_usb_controller,
    },
    Rule {
        id: "memballoon",
        xpath: "/domain/devices/memballoon",
        when: "there is none",
        why: "libvirt would add one of virtio 1.0, which older guests do not drive",
        apply: add_balloon,
    },
    Rule {
        id: "rng",
        xpath: "/domain/devices/rng",
        when: "there is none, and the guest drives virtio",
        why: "without random numbers a guest waits for them at the start",
        apply: add_rng,
    },
];

/// Ports of an xHCI controller in QEMU: as many as it can have.
const XHCI_PORTS: &str = "15";

fn usb_controllers(work: &Work<'_>) -> Vec<NodeId> {
    let mut all = work.all("devices/controller");
    all.retain(|id| work.attribute(*id, "type") == "usb");
    all
}

/// Whether the guest is from after USB, or nobody knows what it is.
fn knows_usb(facts: &Facts<'_>) -> bool {
    match facts.guest.family() {
        Family::Dos | Family::Os2 | Family::NetWare | Family::ScoUnix => false,
        _ => !matches!(
            facts.guest.os,
            Os::Windows31 | Os::Windows95 | Os::WindowsNt
        ),
    }
}

fn add_tablet(work: &mut Work<'_>) {
    let inputs = work.all("devices/input");
    let has_tablet = inputs
        .iter()
        .any(|id| work.attribute(*id, "type") == "tablet");
    let is_forbidden = usb_controllers(work)
        .iter()
        .any(|id| work.attribute(*id, "model") == "none");
    if has_tablet || is_forbidden || !knows_usb(&work.facts()) {
        return;
    }
    let tablet = NewElement::new("input")
        .attribute("type", "tablet")
        .attribute("bus", "usb");
    match inputs.last() {
        Some(last) => {
            work.insert_after(*last, tablet);
        }
        None => {
            if let Some(devices) = work.devices() {
                work.append(devices, tablet);
            }
        }
    }
}

fn add_usb_controller(work: &mut Work<'_>) {
    let is_usb = |id: NodeId| work.attribute(id, "bus") == "usb";
    let mut devices = work.all("devices/input");
    devices.extend(work.all("devices/disk/target"));
    devices.extend(work.all("devices/redirdev"));
    if !usb_controllers(work).is_empty() || !devices.into_iter().any(is_usb) {
        return;
    }
    let usb = |model: &str| {
        NewElement::new("controller")
            .attribute("type", "usb")
            .attribute("index", "0")
            .attribute("model", model)
    };
    let companion = |model: &str, port: &str| {
        usb(model).child(NewElement::new("master").attribute("startport", port))
    };
    let new = match work.machine {
        _ if work.guest.has_xhci() => vec![usb("qemu-xhci").attribute("ports", XHCI_PORTS)],
        Machine::Pc => vec![usb("piix3-uhci")],
        Machine::Q35 => vec![
            usb("ich9-ehci1"),
            companion("ich9-uhci1", "0"),
            companion("ich9-uhci2", "2"),
            companion("ich9-uhci3", "4"),
        ],
    };
    let Some(devices) = work.devices() else {
        return;
    };
    for controller in new {
        work.append(devices, controller);
    }
}

fn add_balloon(work: &mut Work<'_>) {
    if work.first("devices/memballoon").is_some() {
        return;
    }
    let balloon = NewElement::new("memballoon").attribute("model", virtio(work));
    if let Some(devices) = work.devices() {
        work.append(devices, balloon);
    }
}

/// Windows would show an unknown device; a guest of which nobody knows whether it drives virtio gets none.
fn add_rng(work: &mut Work<'_>) {
    let is_shown = work.guest_evidence().is_some_and(|seen| {
        [seen.virtio_blk, seen.virtio_scsi, seen.virtio_net].contains(&Some(true))
    });
    let is_driven = work.guest.is_linux() && work.guest.virtio() != Virtio::None;
    let is_asked = work.policy.profile == Profile::Virtio;
    if work.first("devices/rng").is_some() || !(is_shown || is_driven || is_asked) {
        return;
    }
    let backend = NewElement::new("backend")
        .attribute("model", "random")
        .text("/dev/urandom");
    let rng = NewElement::new("rng")
        .attribute("model", virtio(work))
        .child(backend);
    if let Some(devices) = work.devices() {
        work.append(devices, rng);
    }
}
