//! Who reads an image, and as what.

use v2v_target::finding;
use v2v_xml::{NewElement, NodeId};

use super::{Kind, disks, kind, name, path};
use crate::evidence::ImageEvidence;
use crate::rules::device::Groups;
use crate::work::Work;

/// Formats that QEMU reads, by their names there. `iso` is libvirt's word for raw.
const FORMATS: &[&str] = &[
    "raw",
    "qcow2",
    "qcow",
    "qed",
    "vpc",
    "vmdk",
    "vdi",
    "vhdx",
    "bochs",
    "cloop",
    "dmg",
    "parallels",
    "luks",
    "iso",
];

pub(super) fn set(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    for disk in disks(work) {
        set_one(work, disk, &mut groups);
    }
    groups.tell(work);
}

fn set_one(work: &mut Work<'_>, disk: NodeId, groups: &mut Groups) {
    let driver = work.document.child(disk, "driver");
    let said = |attribute| driver.map_or_else(String::new, |id| work.attribute(id, attribute));
    let (reader, said) = (said("name"), said("type"));
    let format = match of_source(&said) {
        Some(format) => format.to_owned(),
        None => not_said(work, disk, &reader, &said, groups),
    };
    match driver {
        Some(driver) => {
            work.set_attribute(driver, "name", "qemu");
            work.set_attribute(driver, "type", &format);
        }
        None => {
            let new = NewElement::new("driver")
                .attribute("name", "qemu")
                .attribute("type", format);
            let first = work.document.elements(disk).next();
            match first {
                Some(first) => work.insert_before(first, new),
                None => work.append(disk, new),
            };
        }
    }
}

/// The format that the source names, as QEMU calls it.
fn of_source(said: &str) -> Option<&'static str> {
    let said = said.to_ascii_lowercase();
    match said.as_str() {
        // How Xen's blktap reads and writes; the bytes are the disk's.
        "aio" | "sync" => Some("raw"),
        "vhd" => Some("vpc"),
        _ => FORMATS.iter().find(|format| **format == said).copied(),
    }
}

/// The format where the source names none.
///
/// Behind `file` and `phy` Xen gives the guest the bytes as they are: that is raw, whatever the guest wrote there. For
/// the others the image decides if the caller looked at it; else it is raw, as libvirt tells Xen.
fn not_said(
    work: &Work<'_>,
    disk: NodeId,
    reader: &str,
    said: &str,
    groups: &mut Groups,
) -> String {
    const RAW: &str = "raw";
    let is_unknown_word = !matches!(said, "" | "auto" | "tap" | "tap2" | "phy" | "file");
    let seen = path(work, disk).and_then(|(_, _, path)| match work.image(&path) {
        Some(ImageEvidence::Format(format)) => Some(*format),
        Some(ImageEvidence::Device) => Some(RAW),
        _ => None,
    });
    let is_plain = matches!(reader, "file" | "phy") || work.attribute(disk, "type") == "block";
    let is_medium = kind(work, disk) != Kind::Disk;
    let subject = name(work, disk);
    if is_plain && !is_unknown_word {
        if let Some(seen) = seen.filter(|seen| *seen != RAW) {
            let text = format!(
                "Xen gave the guest the bytes of the image as they are, and so does raw; its first bytes look like \
                 {seen}, but the guest can have written them itself"
            );
            let action = "say the format in the XML if it is meant: <driver type='...'/>";
            groups.warn(finding::DISK_FORMAT_UNKNOWN, subject, disk, text, action);
        }
        return RAW.to_owned();
    }
    if let Some(seen) = seen {
        return seen.to_owned();
    }
    let has_image = work.document.child(disk, "source").is_some();
    if has_image && (is_unknown_word || !is_medium) {
        let what = if is_unknown_word {
            format!("{said:?} is no format of QEMU")
        } else {
            "nothing says the format of the image".to_owned()
        };
        let text =
            format!("{what}, and nobody looked; raw was written, which is what libvirt tells Xen");
        let action =
            "say the format in the XML, <driver type='qcow2'/>, or convert where the images are";
        groups.warn(finding::DISK_FORMAT_UNKNOWN, subject, disk, text, action);
    }
    RAW.to_owned()
}
