//! What lies in CD-ROM and floppy drives.

use v2v_target::finding;

use super::{Kind, disks, kind, mapped, name, path};
use crate::evidence::ImageEvidence;
use crate::rules::device::Groups;
use crate::work::Work;

pub(super) fn remove(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for disk in disks(work) {
        let kind = kind(work, disk);
        let Some((source, _, path)) = path(work, disk) else {
            continue;
        };
        if kind == Kind::Disk || mapped(work, &path).is_some() {
            continue;
        }
        let why = match work.image(&path) {
            Some(ImageEvidence::Missing) => "is not there",
            _ if is_drive(&path) => "is a drive of the old host",
            _ => continue,
        };
        if kind == Kind::Cdrom {
            let text = format!("{path} {why}; the drive is empty");
            groups.info(finding::CDROM_EMPTIED, name(work, disk), disk, text);
            gone.push(source);
        } else {
            let text = format!("{path} {why}; there is no drive");
            groups.info(finding::FLOPPY_DROPPED, name(work, disk), disk, text);
            gone.push(disk);
        }
    }
    groups.tell(work);
    for id in gone {
        work.remove(id);
    }
}

/// Whether it is a CD-ROM or floppy drive by its name; an LVM volume with an image on it is none.
fn is_drive(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/dev/") else {
        return false;
    };
    let prefixes = ["cdrom", "cdrw", "dvd", "sr", "scd", "fd", "floppy"];
    let is_numbered = |prefix| {
        let number = name.strip_prefix(prefix);
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    prefixes.into_iter().any(is_numbered)
}
