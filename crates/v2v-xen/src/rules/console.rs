//! Consoles, serial and parallel ports, channels.

use v2v_target::finding;
use v2v_xml::{NewElement, NodeId};

use super::device::Groups;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "console-xen",
        xpath: "/domain/devices/console",
        when: "it is Xen's: of a paravirtual guest, or with a target of type xen",
        why: "hvc0 and xvc0 do not exist on KVM",
        apply: remove_consoles,
    },
    Rule {
        id: "port-device",
        xpath: "/domain/devices/serial | /domain/devices/parallel",
        when: "it is a port of the old host, or one more than a PC has",
        why: "QEMU does not start without the device, or with a fifth port",
        apply: change_ports,
    },
    Rule {
        id: "port-terminal",
        xpath: "/domain/devices/serial/source | /domain/devices/console/@tty",
        when: "it names the terminal of the running domain",
        why: "each start makes a new terminal",
        apply: remove_terminals,
    },
    Rule {
        id: "console-serial",
        xpath: "/domain/devices/serial",
        when: "there is none",
        why: "a guest without Xen's console needs another one: ttyS0",
        apply: add_serial,
    },
    Rule {
        id: "channel-target",
        xpath: "/domain/devices/channel/target/@type",
        when: "it is xen",
        why: "a virtio port takes its place; libvirt talks to the guest agent over a socket",
        apply: set_channels,
    },
];

/// Serial ports of a PC, and parallel ports that QEMU has.
const PORTS: [(&str, usize); 2] = [("serial", 4), ("parallel", 3)];

fn target_type(work: &Work<'_>, id: NodeId) -> String {
    let target = work.document.child(id, "target");
    target.map_or_else(String::new, |target| work.attribute(target, "type"))
}

/// In a paravirtual guest every console is Xen's, unless it says serial or virtio.
fn remove_consoles(work: &mut Work<'_>) {
    for console in work.all("devices/console") {
        let is_xens = match target_type(work, console).as_str() {
            "xen" => true,
            "" => work.boot.is_paravirtual(),
            _ => false,
        };
        if is_xens {
            work.remove(console);
        }
    }
}

fn change_ports(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    let mut terminals = Vec::new();
    for (kind, most) in PORTS {
        let id = match kind {
            "serial" => finding::SERIAL_NOT_CARRIED,
            _ => finding::PARALLEL_NOT_CARRIED,
        };
        for (at, port) in work.all(&format!("devices/{kind}")).into_iter().enumerate() {
            let subject = format!("{kind} {}", number(work, port, at));
            if at >= most {
                let text =
                    format!("QEMU's machines have {most} {kind} ports; this one was left out");
                groups.warn(
                    id.clone(),
                    subject,
                    port,
                    text,
                    "do without it, or use a virtio console",
                );
                gone.push(port);
            } else if work.attribute(port, "type") == "dev" {
                let path = work
                    .document
                    .find(port, "source")
                    .map(|id| work.attribute(id, "path"));
                let path = path.unwrap_or_default();
                let text = format!(
                    "it was the port {path:?} of the old host; here it is a terminal (virsh console)"
                );
                groups.info(id.clone(), subject, port, text);
                terminals.push(port);
            }
        }
    }
    groups.tell(work);
    for port in terminals {
        work.set_attribute(port, "type", "pty");
        if let Some(source) = work.document.child(port, "source") {
            work.remove(source);
        }
    }
    for port in gone {
        work.remove(port);
    }
}

/// The number of a port: what its target says, else its place.
fn number(work: &Work<'_>, port: NodeId, at: usize) -> String {
    let target = work.document.child(port, "target");
    let said = target.map_or_else(String::new, |target| work.attribute(target, "port"));
    if said.is_empty() {
        at.to_string()
    } else {
        said
    }
}

fn remove_terminals(work: &mut Work<'_>) {
    for kind in ["serial", "parallel", "console", "channel"] {
        for port in work.all(&format!("devices/{kind}")) {
            if work.attribute(port, "type") != "pty" {
                continue;
            }
            work.remove_attribute(port, "tty");
            if let Some(source) = work.document.child(port, "source") {
                work.remove(source);
            }
        }
    }
}

/// A fresh serial port and its console. A console of a serial port without that port means the port, which libvirt then
/// makes itself.
fn add_serial(work: &mut Work<'_>) {
    if work.first("devices/serial").is_some() {
        return;
    }
    let consoles = work.all("devices/console");
    let has_console = consoles
        .iter()
        .any(|id| matches!(target_type(work, *id).as_str(), "" | "serial"));
    let Some(devices) = work.devices() else {
        return;
    };
    let target = |kind: &str| {
        NewElement::new("target")
            .attribute("type", kind)
            .attribute("port", "0")
    };
    if has_console {
        return;
    }
    let serial = NewElement::new("serial")
        .attribute("type", "pty")
        .child(target("isa-serial"));
    let console = NewElement::new("console")
        .attribute("type", "pty")
        .child(target("serial"));
    match consoles.first() {
        // The first console is the serial port's.
        Some(first) => {
            work.insert_before(*first, serial);
            work.insert_before(*first, console);
        }
        None => {
            work.append(devices, serial);
            work.append(devices, console);
        }
    }
}

fn set_channels(work: &mut Work<'_>) {
    const AGENT: &str = "org.qemu.guest_agent.0";
    let mut groups = Groups::default();
    let mut all = work.all("devices/channel");
    all.retain(|id| target_type(work, *id) == "xen");
    for channel in &all {
        let name = work
            .document
            .find(*channel, "target")
            .map(|id| work.attribute(id, "name"));
        let name = name.unwrap_or_default();
        if name != AGENT {
            let text = "Xen's channel became a virtio port; what opens /dev/hvc in the guest has to open \
                        /dev/virtio-ports instead";
            let action = "change the program in the guest";
            groups.warn(
                finding::SETTING_NOT_CARRIED,
                format!("channel {name}"),
                *channel,
                text,
                action,
            );
        }
    }
    groups.tell(work);
    for channel in all {
        let Some(target) = work.document.child(channel, "target") else {
            continue;
        };
        let is_agent = work.attribute(target, "name") == AGENT;
        work.set_attribute(target, "type", "virtio");
        if is_agent {
            work.set_attribute(channel, "type", "unix");
            work.remove_attribute(channel, "tty");
            if let Some(source) = work.document.child(channel, "source") {
                work.remove(source);
            }
        }
    }
}
