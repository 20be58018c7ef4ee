//! The console over the network.

use std::collections::HashSet;
use std::net::IpAddr;

use v2v_target::console::{KEYMAPS, LOOPBACK, VNC_PASSWORD};
use v2v_target::finding;
use v2v_xml::{NewElement, NodeId};

use crate::rules::device::Groups;
use crate::work::Work;

fn all(work: &Work<'_>) -> Vec<NodeId> {
    work.all("devices/graphics")
}

/// What it is called in a finding.
fn name(work: &Work<'_>, id: NodeId) -> String {
    format!("graphics {}", work.attribute(id, "type"))
}

fn is_server(work: &Work<'_>, id: NodeId) -> bool {
    matches!(work.attribute(id, "type").as_str(), "vnc" | "spice")
}

/// Closed and at a port that libvirt chooses.
fn vnc() -> NewElement {
    NewElement::new("graphics")
        .attribute("type", "vnc")
        .attribute("port", "-1")
        .attribute("autoport", "yes")
        .attribute("listen", LOOPBACK)
}

pub(super) fn set_type(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut windows = all(work);
    windows.retain(|id| {
        matches!(
            work.attribute(*id, "type").as_str(),
            "sdl" | "desktop" | "rdp" | ""
        )
    });
    for id in &windows {
        let text = "a window on the old host's screen; here it is VNC on 127.0.0.1";
        groups.info(finding::SETTING_NOT_CARRIED, name(work, *id), *id, text);
    }
    groups.tell(work);
    for id in windows {
        let keymap = work.attribute(id, "keymap");
        let new = if keymap.is_empty() {
            vnc()
        } else {
            vnc().attribute("keymap", keymap)
        };
        forget(work, id, "passwd");
        work.replace(id, new);
    }
}

pub(super) fn remove_second(work: &mut Work<'_>) {
    let mut seen = HashSet::new();
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for id in all(work) {
        if !seen.insert(work.attribute(id, "type")) {
            let text =
                "a second server of this type, which QEMU has not; the first one shows the same";
            groups.info(finding::SETTING_NOT_CARRIED, name(work, id), id, text);
            gone.push(id);
        }
    }
    groups.tell(work);
    for id in gone {
        // What was removed is listed; a password is not.
        forget(work, id, "passwd");
        work.remove(id);
    }
}

pub(super) fn drop_password(work: &mut Work<'_>) {
    let keeps = work.policy.keep.vnc_password;
    let mut groups = Groups::default();
    let mut dropped = Vec::new();
    let mut cut = Vec::new();
    for id in all(work) {
        let Some(password) = work.document.attribute(id, "passwd") else {
            continue;
        };
        let password = password.into_owned();
        let is_long = password.len() > VNC_PASSWORD && work.attribute(id, "type") == "vnc";
        if !keeps {
            let text = "the password stood in the configuration in clear text and was left out; the console listens \
                        on 127.0.0.1 only";
            let action = "--keep-vnc-password keeps it, or set passwd in the XML";
            groups.warn(
                finding::VNC_PASSWORD_DROPPED,
                name(work, id),
                id,
                text,
                action,
            );
            dropped.push(id);
        } else if is_long {
            let text =
                "the password is longer than 8 bytes; VNC compares no more, and the rest was cut";
            groups.info(finding::VNC_PASSWORD_DROPPED, name(work, id), id, text);
            cut.push((id, short(&password)));
        }
    }
    groups.tell(work);
    for id in dropped {
        for attribute in ["passwd", "passwdValidTo", "connected"] {
            forget(work, id, attribute);
        }
        listen_locally(work, id);
    }
    for (id, password) in cut {
        let _ = work.document.set_attribute(id, "passwd", &password);
    }
}

/// Removes an attribute and keeps its value out of the list of changes.
fn forget(work: &mut Work<'_>, id: NodeId, attribute: &str) {
    let before = work.changes.len();
    work.remove_attribute(id, attribute);
    if let Some(change) = work.changes.get_mut(before) {
        change.before = Some("(not shown)".to_owned());
    }
}

fn short(password: &str) -> String {
    let ends = (0..=VNC_PASSWORD).rev();
    let end = ends.into_iter().find(|at| password.is_char_boundary(*at));
    password
        .get(..end.unwrap_or(0))
        .unwrap_or_default()
        .to_owned()
}

/// The elements that say where it listens.
fn listens(work: &Work<'_>, id: NodeId) -> Vec<NodeId> {
    let mut listens: Vec<NodeId> = work.document.elements(id).collect();
    listens.retain(|id| {
        work.document.name(*id) == "listen" && work.attribute(*id, "type") == "address"
    });
    listens
}

fn listen_locally(work: &mut Work<'_>, id: NodeId) {
    let listens = listens(work, id);
    for listen in &listens {
        work.set_attribute(*listen, "address", LOOPBACK);
    }
    if listens.is_empty() || work.document.attribute(id, "listen").is_some() {
        work.set_attribute(id, "listen", LOOPBACK);
    }
}

pub(super) fn close(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut open = Vec::new();
    for id in all(work) {
        if !is_server(work, id) {
            continue;
        }
        let mut addresses = vec![work.attribute(id, "listen")];
        addresses.extend(
            listens(work, id)
                .into_iter()
                .map(|listen| work.attribute(listen, "address")),
        );
        let parsed = |text: &String| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let found: Vec<IpAddr> = addresses.iter().filter_map(parsed).collect();
        if found.iter().any(IpAddr::is_unspecified) {
            let text = "it listened on all addresses; here on 127.0.0.1 only";
            let action = "reach it through `ssh -L`, or set listen in the XML";
            groups.warn(finding::VNC_OPEN, name(work, id), id, text, action);
            open.push(id);
        } else if let Some(address) = found.iter().find(|address| !address.is_loopback()) {
            let text = format!(
                "it listens on {address}, and the domain starts only on a host with that address"
            );
            let action = "set another address in the XML, and keep the port away from networks that are not trusted";
            groups.warn(finding::VNC_OPEN, name(work, id), id, text, action);
        }
    }
    groups.tell(work);
    for id in open {
        listen_locally(work, id);
    }
}

pub(super) fn set_keymap(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut wrong = Vec::new();
    for id in all(work) {
        let keymap = work.attribute(id, "keymap");
        if keymap.is_empty() || !is_server(work, id) || KEYMAPS.contains(&keymap.as_str()) {
            continue;
        }
        let text = format!(
            "QEMU has no keyboard layout {keymap:?}; viewers of today send keys that need none"
        );
        groups.info(finding::SETTING_NOT_CARRIED, name(work, id), id, text);
        wrong.push(id);
    }
    groups.tell(work);
    for id in wrong {
        work.remove_attribute(id, "keymap");
    }
}

pub(super) fn tell_spice(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    for id in all(work) {
        if work.attribute(id, "type") == "spice" {
            let text = "kept; RHEL 9 and its relatives have no SPICE in QEMU, and a TLS port needs certificates on \
                        the new host";
            groups.info(finding::SETTING_NOT_CARRIED, name(work, id), id, text);
        }
    }
    groups.tell(work);
}

pub(super) fn add(work: &mut Work<'_>) {
    if !work.boot.is_paravirtual() || !all(work).is_empty() {
        return;
    }
    if let Some(devices) = work.devices() {
        work.append(devices, vnc());
    }
}
