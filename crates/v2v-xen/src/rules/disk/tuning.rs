//! What the caller wants of the new host.

use v2v_target::policy::IoTune;
use v2v_xml::{NewElement, NodeId};

use super::{Kind, disks, kind, name};
use crate::work::Work;

pub(super) fn set(work: &mut Work<'_>) {
    let tuning = &work.policy.tuning;
    for disk in disks(work) {
        if kind(work, disk) != Kind::Disk {
            continue;
        }
        if let Some(driver) = work.document.child(disk, "driver") {
            if let Some(cache) = tuning.cache {
                work.set_attribute(driver, "cache", cache.name());
            }
            if let Some(io) = tuning.io {
                work.set_attribute(driver, "io", io.name());
            }
        }
        let limits = tuning.iotune(&name(work, disk));
        if !limits.is_empty() {
            limit(work, disk, &limits);
        }
    }
}

/// The limits asked for take the place of all that the source has: a total and its parts exclude each other.
fn limit(work: &mut Work<'_>, disk: NodeId, limits: &IoTune) {
    let values = [
        ("total_bytes_sec", limits.total_bytes_sec),
        ("read_bytes_sec", limits.read_bytes_sec),
        ("write_bytes_sec", limits.write_bytes_sec),
        ("total_iops_sec", limits.total_iops_sec),
        ("read_iops_sec", limits.read_iops_sec),
        ("write_iops_sec", limits.write_iops_sec),
        ("total_bytes_sec_max", limits.total_bytes_sec_max),
        ("read_bytes_sec_max", limits.read_bytes_sec_max),
        ("write_bytes_sec_max", limits.write_bytes_sec_max),
        ("total_iops_sec_max", limits.total_iops_sec_max),
        ("read_iops_sec_max", limits.read_iops_sec_max),
        ("write_iops_sec_max", limits.write_iops_sec_max),
    ];
    let mut wanted = NewElement::new("iotune");
    let mut same = Vec::new();
    for (name, value) in values {
        if let Some(value) = value {
            wanted = wanted.child(NewElement::new(name).text(value.to_string()));
            same.push((name.to_owned(), value.to_string()));
        }
    }
    match work.document.child(disk, "iotune") {
        None => {
            work.append(disk, wanted);
        }
        Some(old) => {
            let has: Vec<_> = work
                .document
                .elements(old)
                .map(|id| (work.document.name(id).to_owned(), work.text(id)))
                .collect();
            if has != same {
                work.replace(old, wanted);
            }
        }
    }
}
