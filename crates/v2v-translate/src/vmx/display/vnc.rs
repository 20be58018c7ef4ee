//! The console over the network: `RemoteDisplay.vnc.*`.

use std::net::IpAddr;

use v2v_domain::{Listen, Vnc};
use v2v_target::console::{KEYMAPS, LOOPBACK, VNC_PASSWORD};
use v2v_vmx::EntryId;

use crate::finding;
use crate::vmx::text::quoted;
use crate::vmx::{Work, device_path};

/// VNC counts its displays from here.
const FIRST_PORT: u16 = 5900;

/// VMware's words for some of them.
const OTHER_KEYMAPS: &[(&str, &str)] = &[
    ("us", "en-us"),
    ("uk", "en-gb"),
    ("gb", "en-gb"),
    ("jp", "ja"),
    ("jp106", "ja"),
    ("dk", "da"),
    ("se", "sv"),
    ("br", "pt-br"),
];

/// Writes the console: that of the source if it has one, else one for the host alone, at a port libvirt chooses.
pub(super) fn write(work: &mut Work<'_>) {
    let path = device_path("graphics", work.domain.devices_mut().graphics.len());
    let enabled = work.vm.vnc.enabled;
    let vnc = match enabled {
        Some(enabled) if enabled.value => {
            work.ledger.mapped(enabled.id, &path);
            of_source(work, &path)
        }
        _ => {
            leave_out(work);
            at_any_port(Vnc::default()).listens([Listen::address(LOOPBACK)])
        }
    };
    work.domain.devices_mut().graphics.push(vnc.into());
}

/// The console was off: nothing of it counts.
fn leave_out(work: &mut Work<'_>) {
    let vnc = &work.vm.vnc;
    let keys = [
        vnc.enabled.map(|setting| setting.id),
        vnc.port.map(|setting| setting.id),
        vnc.ip.as_ref().map(|setting| setting.id),
        vnc.keymap.as_ref().map(|setting| setting.id),
        vnc.password,
        vnc.key,
    ];
    for id in keys.into_iter().flatten() {
        work.ledger.ignored(id, "the console over VNC was off");
    }
}

fn at_any_port(vnc: Vnc) -> Vnc {
    vnc.port(-1).autoport(true)
}

fn of_source(work: &mut Work<'_>, path: &str) -> Vnc {
    let mut vnc = match port(work, path) {
        Some(port) => Vnc::default().port(i32::from(port)).autoport(false),
        None => at_any_port(Vnc::default()),
    };
    vnc.keymap = keymap(work, path);
    let protection = protection(work, path);
    let address = address(work, path, &protection);
    if let Protection::Kept(password) = protection {
        vnc = vnc.passwd(password);
    }
    vnc.listens([Listen::address(address)])
}

fn port(work: &mut Work<'_>, path: &str) -> Option<u16> {
    let port = work.vm.vnc.port?;
    if port.value >= FIRST_PORT {
        work.ledger.mapped(port.id, format!("{path}/@port"));
        return Some(port.value);
    }
    let reason = format!("QEMU's VNC ports begin at {FIRST_PORT}; libvirt chooses one");
    let text = format!("the console was at port {}; {reason}", port.value);
    work.info(
        finding::SETTING_NOT_CARRIED,
        "RemoteDisplay.vnc",
        port.id,
        text,
    );
    work.ledger.not_carried(port.id, reason);
    None
}

/// QEMU refuses to start with a layout it does not know.
fn keymap(work: &mut Work<'_>, path: &str) -> Option<String> {
    let setting = work.vm.vnc.keymap.as_ref()?;
    let name = setting.value.trim().to_ascii_lowercase();
    if name.is_empty() || name == "default" {
        work.ledger.ignored(setting.id, "it is the default");
        return None;
    }
    let other = OTHER_KEYMAPS.iter().find(|(word, _)| *word == name);
    let name = other.map_or(name.as_str(), |(_, layout)| layout);
    if KEYMAPS.contains(&name) {
        work.ledger.mapped(setting.id, format!("{path}/@keymap"));
        return Some(name.to_owned());
    }
    let text = format!(
        "QEMU has no keyboard layout {}; viewers of today send keys that need none",
        quoted(&setting.value)
    );
    work.info(
        finding::SETTING_NOT_CARRIED,
        "RemoteDisplay.vnc",
        setting.id,
        text,
    );
    work.ledger
        .not_carried(setting.id, "QEMU has no such layout");
    None
}

/// What kept strangers from the console.
enum Protection {
    /// A password, which stays.
    Kept(String),
    /// A password, which does not.
    Dropped(EntryId),
    /// Nothing.
    None,
}

fn protection(work: &mut Work<'_>, path: &str) -> Protection {
    let vnc = &work.vm.vnc;
    let secret = |id: Option<EntryId>| {
        let entry = work.document.entry(id?)?;
        let value = entry.value();
        (!value.is_empty()).then(|| (entry.id(), value.to_owned()))
    };
    let (password, key) = (secret(vnc.password), secret(vnc.key));
    for id in [vnc.password, vnc.key].into_iter().flatten() {
        let is_empty = work
            .document
            .entry(id)
            .is_none_or(|entry| entry.value().is_empty());
        if is_empty {
            work.ledger.ignored(id, "it is empty");
        }
    }
    if let Some((id, _)) = &key {
        work.ledger
            .not_carried(*id, "the password in VMware's own coding");
    }
    match (password, key) {
        (Some((id, password)), _) if can_keep(work, &password) => keep(work, id, path, password),
        (Some((id, _)), _) => {
            work.ledger
                .not_carried(id, "the password stands in clear text in a domain");
            Protection::Dropped(id)
        }
        (None, Some((id, _))) => Protection::Dropped(id),
        (None, None) => Protection::None,
    }
}

fn can_keep(work: &Work<'_>, password: &str) -> bool {
    work.policy.keep.vnc_password && !password.contains(char::is_control)
}

fn keep(work: &mut Work<'_>, id: EntryId, path: &str, password: String) -> Protection {
    work.ledger.mapped(id, format!("{path}/@passwd"));
    // libvirt counts bytes.
    let is_cut = password.len() > VNC_PASSWORD;
    let end = (0..=VNC_PASSWORD.min(password.len())).rev();
    let end = end.into_iter().find(|at| password.is_char_boundary(*at));
    if is_cut {
        let text = format!(
            "the password is longer than {VNC_PASSWORD} bytes; VNC compares no more, and the rest was cut"
        );
        work.info(finding::VNC_PASSWORD_DROPPED, "RemoteDisplay.vnc", id, text);
    }
    Protection::Kept(
        password
            .get(..end.unwrap_or_default())
            .unwrap_or_default()
            .to_owned(),
    )
}

/// The address to listen on. Without a password only the host itself may look; VMware takes a missing address for all.
fn address(work: &mut Work<'_>, path: &str, protection: &Protection) -> String {
    let ip = work.vm.vnc.ip.as_ref();
    let seen = ip.map(|setting| setting.id);
    let text = ip.map_or("", |setting| setting.value.trim());
    let parsed = text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    if let Some(id) = seen {
        work.ledger.mapped(id, format!("{path}/listen/@address"));
    }
    if parsed.is_none() && !text.is_empty() {
        let text = format!(
            "found {}, expected an IP address; the console listens on {LOOPBACK}",
            quoted(text)
        );
        let action = "set the address to listen on in the XML";
        work.warn(
            finding::SETTING_BAD_VALUE,
            "RemoteDisplay.vnc",
            seen,
            text,
            action,
        );
        return tell_dropped(work, protection);
    }
    let address = parsed.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    match protection {
        Protection::Dropped(_) => tell_dropped(work, protection),
        _ if address.is_loopback() => address.to_string(),
        Protection::Kept(_) => {
            tell_kept(work, address, seen);
            address.to_string()
        }
        Protection::None if address.is_unspecified() => {
            let text = format!(
                "the console listened on all addresses without a password; here on {LOOPBACK} only"
            );
            let action = "reach it through `ssh -L`, or set listen and passwd in the XML";
            work.warn(finding::VNC_OPEN, "RemoteDisplay.vnc", seen, text, action);
            LOOPBACK.to_owned()
        }
        Protection::None => {
            let text = format!(
                "the console listens on {address} without a password, and the domain starts only on a host with that address"
            );
            let action = "set another address to listen on in the XML, or a password";
            work.warn(finding::VNC_OPEN, "RemoteDisplay.vnc", seen, text, action);
            address.to_string()
        }
    }
}

/// Says that the password stays behind, if there was one, and gives the address for a console without.
fn tell_dropped(work: &mut Work<'_>, protection: &Protection) -> String {
    if let Protection::Dropped(id) = protection {
        let (text, action) = match work.policy.keep.vnc_password {
            false => (
                "left out",
                "--keep-vnc-password keeps it, or set passwd in the XML",
            ),
            true => ("not readable as text and left out", "set passwd in the XML"),
        };
        let text = format!(
            "the password of the console was {text}; the console listens on {LOOPBACK} only"
        );
        work.warn(
            finding::VNC_PASSWORD_DROPPED,
            "RemoteDisplay.vnc",
            *id,
            text,
            action,
        );
    }
    LOOPBACK.to_owned()
}

fn tell_kept(work: &mut Work<'_>, address: IpAddr, seen: Option<EntryId>) {
    let where_to = if address.is_unspecified() {
        "all addresses".to_owned()
    } else {
        format!("{address}, which the new host must have")
    };
    let text = format!(
        "the console listens on {where_to}; VNC's password is weak, and what it shows is not encrypted"
    );
    let action = "keep the port away from networks that are not trusted";
    work.warn(finding::VNC_OPEN, "RemoteDisplay.vnc", seen, text, action);
}
