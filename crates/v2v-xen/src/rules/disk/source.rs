//! Where the bytes of a disk are.

use std::collections::HashMap;

use v2v_target::finding;
use v2v_xml::NodeId;

use super::{Kind, disks, kind, mapped, name, path};
use crate::evidence::ImageEvidence;
use crate::rules::device::Groups;
use crate::work::Work;

/// One disk as `hda` and as `xvda`: the second name is the one that Xen's own drivers saw.
pub(super) fn remove_alias(work: &mut Work<'_>) {
    let mut seen: HashMap<String, (NodeId, String)> = HashMap::new();
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for disk in disks(work) {
        let Some((_, _, path)) = path(work, disk).filter(|_| kind(work, disk) == Kind::Disk) else {
            continue;
        };
        let new = name(work, disk);
        let Some((first, old)) = seen.get(&path) else {
            seen.insert(path, (disk, new));
            continue;
        };
        let (alias, alias_name, kept) = match (is_emulated(old), is_emulated(&new)) {
            (true, false) if is_xen(&new) => (disk, &new, old),
            (false, true) if is_xen(old) => (*first, old, &new),
            _ => continue,
        };
        let text =
            format!("the disk {kept} under a second name, for Xen's own drivers; KVM has it once");
        groups.info(finding::PV_NAME_GUESS, alias_name, alias, text);
        gone.push(alias);
        if alias != disk {
            seen.insert(path, (disk, new));
        }
    }
    groups.tell(work);
    for id in gone {
        work.remove(id);
    }
}

fn is_emulated(name: &str) -> bool {
    name.starts_with("hd") || name.starts_with("sd")
}

fn is_xen(name: &str) -> bool {
    name.starts_with("xvd")
}

pub(super) fn remove_backend(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for disk in disks(work) {
        let subject = name(work, disk);
        if let Some(backend) = work.document.child(disk, "backenddomain") {
            let text = format!(
                "the domain {:?} of the old host served it; here QEMU opens the source itself",
                work.attribute(backend, "name")
            );
            let action =
                "make the image reachable on the KVM host, and give its path with --disk-map";
            groups.warn(
                finding::SETTING_NOT_CARRIED,
                &subject,
                backend,
                text,
                action,
            );
            gone.push(backend);
        }
        if let Some(script) = work.document.child(disk, "script") {
            let text = format!(
                "the script {:?} of the old host prepared it; KVM runs none",
                work.attribute(script, "path")
            );
            let action =
                "prepare the image or device on the KVM host, and give its path with --disk-map";
            groups.warn(finding::SETTING_NOT_CARRIED, &subject, script, text, action);
            gone.push(script);
        }
    }
    groups.tell(work);
    for id in gone {
        work.remove(id);
    }
}

pub(super) fn tell_missing(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    for disk in disks(work) {
        if kind(work, disk) != Kind::Disk {
            continue;
        }
        let subject = name(work, disk);
        if work.document.child(disk, "source").is_none() {
            let text = "the disk has no source, and QEMU starts no domain with an empty hard disk";
            let action = "give the disk its image in the XML, or remove it";
            groups.block(finding::DISK_FILE_MISSING, subject, disk, text, action);
            continue;
        }
        let Some((source, attribute, path)) = path(work, disk) else {
            continue;
        };
        if mapped(work, &path).is_some() || work.image(&path) != Some(&ImageEvidence::Missing) {
            continue;
        }
        let action = "copy it to this path, or say where it lies with --disk-map OLD=NEW";
        if attribute == "dev" {
            let text = format!("{path} is a device of the old host and not here");
            groups.block(finding::DISK_DEVICE_BACKED, subject, source, text, action);
        } else {
            let text = format!("{path} is not there");
            groups.block(finding::DISK_FILE_MISSING, subject, source, text, action);
        }
    }
    groups.tell(work);
}

pub(super) fn map(work: &mut Work<'_>) {
    for disk in disks(work) {
        if let Some((source, attribute, path)) = path(work, disk)
            && let Some(to) = mapped(work, &path)
        {
            // Mapping twice would lead to a third place.
            let is_done = work
                .policy
                .disks
                .map
                .iter()
                .any(|rule| path == rule.to || under(&path, &rule.to));
            if !is_done {
                work.set_attribute(source, attribute, &to);
            }
        }
    }
}

fn under(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory);
    rest.is_some_and(|rest| rest.starts_with('/') || directory.ends_with('/'))
}

/// A path in /dev is a device. Everything else is taken for what the source says, unless the caller looked or gave it.
pub(super) fn set_type(work: &mut Work<'_>) {
    for disk in disks(work) {
        let Some((source, attribute, path)) = path(work, disk) else {
            continue;
        };
        let seen = work.image(&path);
        let is_device = seen == Some(&ImageEvidence::Device) || path.starts_with("/dev/");
        let is_given = work
            .policy
            .disks
            .map
            .iter()
            .any(|rule| path == rule.to || under(&path, &rule.to));
        let is_file = is_given || matches!(seen, Some(ImageEvidence::Format(_)));
        let (kind, wanted) = match attribute {
            "file" if is_device => ("block", "dev"),
            "dev" if !is_device && is_file => ("file", "file"),
            _ => (if attribute == "dev" { "block" } else { "file" }, attribute),
        };
        work.set_attribute(disk, "type", kind);
        if wanted != attribute {
            work.remove_attribute(source, attribute);
            work.set_attribute(source, wanted, &path);
        }
    }
}

pub(super) fn share(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    for disk in disks(work) {
        let Some(share) = work.document.child(disk, "shareable") else {
            continue;
        };
        let subject = name(work, disk);
        let driver = work.document.child(disk, "driver");
        let format = driver.map_or_else(String::new, |driver| work.attribute(driver, "type"));
        if !matches!(format.as_str(), "" | "raw" | "aio") {
            let text = format!(
                "several machines write to it, and its format is {format}; QEMU shares raw images only"
            );
            let action = "convert the image to raw, and say so in the XML";
            groups.block(finding::DISK_SHARED, subject, share, text, action);
            continue;
        }
        if let Some(driver) = driver {
            work.set_attribute(driver, "cache", "none");
        }
        let text = "several machines write to it; the page cache of the host is passed by, so that they see one disk";
        let action = "move all machines that share it together";
        groups.warn(finding::DISK_SHARED, subject, share, text, action);
    }
    groups.tell(work);
}
