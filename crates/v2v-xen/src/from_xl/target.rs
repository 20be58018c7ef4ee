//! What lies behind a disk: a file, a device, a Ceph image, or something only a script of the Xen host can reach.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{BackendType, Disk, DiskFormat};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::draft::Draft;

/// What lies behind a disk, in libvirt's words.
pub(super) struct Target {
    /// `disk/@type`.
    pub(super) kind: &'static str,
    /// `driver/@name`.
    pub(super) driver: &'static str,
    pub(super) source: Option<NewElement>,
}

/// Reads the target of `disk`, which the guest sees as `name`.
pub(super) fn target(draft: &mut Draft<'_>, disk: &Disk, name: &str) -> Target {
    let text = disk.target.as_deref().filter(|text| !text.is_empty());
    let Some(text) = text else {
        // What libvirt's reader makes of xend's empty drive.
        return Target {
            kind: "block",
            driver: "phy",
            source: None,
        };
    };
    if let Some(script) = &disk.script {
        tell_script(draft, disk, name, script, text);
        return block("phy", text);
    }
    if let Some(image) = text.strip_prefix("rbd:") {
        return Target {
            kind: "network",
            driver: "qemu",
            source: Some(ceph(draft, disk, name, image)),
        };
    }
    let Some(path) = disk.path() else {
        let seen = format!("{text} is reached by a protocol of QEMU or a driver of the Xen host");
        let action =
            format!("reach it on the KVM host as a file or device, and say --disk-map {text}=PATH");
        let id = finding::DISK_DEVICE_BACKED;
        draft.tell(id, Severity::Blocker, name, disk.id, seen, &action);
        return file("qemu", text);
    };
    match driver(disk) {
        Some("phy") => block("phy", &path),
        Some(driver) => file(driver, &path),
        // Xen takes its block driver for a device, without being told.
        None if path.starts_with("/dev/") => block("phy", &path),
        None => file("qemu", &path),
    }
}

/// libvirt's name of the driver that the item names.
fn driver(disk: &Disk) -> Option<&'static str> {
    let has = |word: &str| disk.prefixes.iter().any(|prefix| prefix == word);
    match disk.backend_type {
        Some(BackendType::Phy) => Some("phy"),
        Some(BackendType::Tap) => Some("tap"),
        Some(BackendType::Qdisk) => Some("qemu"),
        _ if has("phy") => Some("phy"),
        _ if has("tap") || has("tap2") || has("tapdisk") => Some("tap"),
        _ if has("file") => Some("file"),
        _ => None,
    }
}

fn block(driver: &'static str, device: &str) -> Target {
    Target {
        kind: "block",
        driver,
        source: Some(element("source").set("dev", device)),
    }
}

fn file(driver: &'static str, path: &str) -> Target {
    Target {
        kind: "file",
        driver,
        source: Some(element("source").set("file", path)),
    }
}

fn tell_script(draft: &mut Draft<'_>, disk: &Disk, name: &str, script: &str, target: &str) {
    let seen = format!("the script {script} of the Xen host made a device of {target}");
    let how = match script.contains("drbd") {
        true => "use the device that DRBD has for it",
        false => "attach it on the KVM host without that script",
    };
    let action = format!("{how}, and say --disk-map {target}=/dev/...");
    let id = finding::DISK_DEVICE_BACKED;
    draft.tell(id, Severity::Blocker, name, disk.id, seen, &action);
}

/// libvirt's name of an image format.
pub(super) fn format(disk: &Disk) -> &'static str {
    match disk.format {
        // Without a word, xl takes raw and never looks.
        None | Some(DiskFormat::Raw | DiskFormat::Empty) => "raw",
        Some(DiskFormat::Qcow) => "qcow",
        Some(DiskFormat::Qcow2) => "qcow2",
        Some(DiskFormat::Qed) => "qed",
        Some(DiskFormat::Vhd) => "vhd",
        Some(DiskFormat::Vmdk) => "vmdk",
        Some(_) => "raw",
    }
}

/// `pool/image:option=value:...` of QEMU's rbd driver, where a backslash takes the meaning off a colon.
fn ceph(draft: &mut Draft<'_>, disk: &Disk, name: &str, text: &str) -> NewElement {
    let mut parts = split(text, ':').into_iter();
    let image = parts.next().unwrap_or_default();
    let mut source = element("source")
        .attribute("protocol", "rbd")
        .set("name", &unescape(&image));
    let (mut config, mut wants_secret) = (None, false);
    for part in parts {
        match part.split_once('=') {
            Some(("mon_host", hosts)) => source = source.put(monitors(hosts)),
            Some(("conf", path)) => config = Some(unescape(path)),
            Some(("id" | "key", _)) => wants_secret = true,
            _ => {}
        }
    }
    if let Some(path) = config {
        source = source.child(element("config").set("file", &path));
    }
    if wants_secret {
        let seen = "the Ceph image needs a user and a key, which libvirt keeps as a secret";
        let action = "define a secret of type ceph and name it in <auth> of the disk";
        let id = finding::SETTING_NOT_CARRIED;
        draft.tell(id, Severity::Warn, name, disk.id, seen, action);
    }
    source
}

/// `host:port` with semicolons between them, all of them behind backslashes.
fn monitors(text: &str) -> Vec<NewElement> {
    let text = unescape(text);
    let hosts = text.split([';', ',']).map(str::trim);
    let hosts = hosts.filter(|host| !host.is_empty());
    hosts
        .map(|host| {
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if is_port(port) && is_whole(name) => (name, Some(port)),
                _ => (host, None),
            };
            let name = name.trim_start_matches('[').trim_end_matches(']');
            element("host").set("name", name).set_if("port", port)
        })
        .collect()
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Not half an IPv6 address.
fn is_whole(name: &str) -> bool {
    !name.contains(':') || name.starts_with('[') && name.ends_with(']')
}

/// Parts between `separator`, but not where a backslash stands before it. Backslashes stay.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_escaped = false;
    for c in text.chars() {
        if c == separator && !is_escaped {
            parts.push(String::new());
            continue;
        }
        is_escaped = c == '\\' && !is_escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut is_escaped = false;
    for c in text.chars() {
        is_escaped = c == '\\' && !is_escaped;
        if !is_escaped {
            out.push(c);
        }
    }
    out
}
