//! Disks that look like partitions.

use std::collections::HashSet;

use v2v_target::finding;

use super::{Kind, disks, kind, name};
use crate::rules::device::listed;
use crate::work::Work;

/// The whole disk that a partition name belongs to: `xvda` of `xvda1`.
fn whole(name: &str) -> Option<&str> {
    let disk = name.trim_end_matches(|byte: char| byte.is_ascii_digit());
    let letters = ["xvd", "hd", "sd", "vd"]
        .into_iter()
        .find_map(|prefix| disk.strip_prefix(prefix))?;
    let is_letters = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase());
    (disk.len() < name.len() && is_letters).then_some(disk)
}

pub(super) fn tell(work: &mut Work<'_>) {
    let mut hard = disks(work);
    hard.retain(|disk| kind(work, *disk) == Kind::Disk);
    let named: Vec<_> = hard
        .into_iter()
        .map(|disk| (disk, name(work, disk)))
        .collect();
    let parts: Vec<_> = named
        .iter()
        .filter(|(_, name)| whole(name).is_some())
        .collect();
    let Some((first, _)) = parts.first() else {
        return;
    };
    let names: HashSet<&str> = named.iter().map(|(_, name)| name.as_str()).collect();
    let is_beside = |name: &str| whole(name).is_some_and(|disk| names.contains(disk));
    let beside = if parts.iter().any(|(_, name)| is_beside(name)) {
        "; the whole disk of that name exists too, and the guest saw only one of the two"
    } else {
        ""
    };
    let (text, action) = if work.policy.xen.keep_layout {
        (
            "each of these images is a bare file system that the guest saw as a partition; here each is a whole disk, \
             and no boot loader fits on it",
            "boot with a kernel from outside (--boot direct), and name the new disks in root= and /etc/fstab",
        )
    } else {
        (
            "each of these images is a bare file system that the guest saw as a partition; KVM has no such disks. They \
             have to be merged into one image with a partition table; until then each is a whole disk here",
            "merge them with v2v, or keep them with --keep-layout and --boot direct",
        )
    };
    let listed = listed(
        &parts
            .iter()
            .map(|(_, name)| name.clone())
            .collect::<Vec<_>>(),
    );
    let first = *first;
    work.warn(
        finding::PV_PARTITION_DISKS,
        listed,
        first,
        format!("{text}{beside}"),
        action,
    );
}
