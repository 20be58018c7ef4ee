//! What was seen of the disks, and what was not.

use v2v_report::{Action, Severity};
use v2v_vmx::{BlockDevice, DeviceType, EntryId, FileName};

use super::image::mapped_path;
use super::{Plan, listed};
use crate::evidence::{DiskEvidence, FileEvidence};
use crate::finding;
use crate::ledger::shown;
use crate::vmx::Work;
use crate::vmx::text::quoted;

/// Tells which disks can't be converted, or not without care.
pub(super) fn tell(work: &mut Work<'_>, plan: &Plan) {
    let vm = work.vm;
    let disks = plan
        .disks
        .iter()
        .filter_map(|disk| vm.block_devices.get(disk.device));
    let mut unseen = Vec::new();
    let mut leaves = Vec::new();
    for device in disks {
        let is_mapped = device
            .name()
            .is_some_and(|name| mapped_path(work.policy, name).is_some());
        check_redo(work, device);
        if device.name().is_some_and(FileName::is_snapshot_leaf) {
            leaves.push(device.slot.to_string());
        }
        // Where the caller says what backs a disk, the source's file need not be there.
        if !is_mapped && !check_device(work, device) && !check_file(work, device) {
            unseen.push(device.slot.to_string());
        }
    }
    tell_unseen(work, &unseen);
    tell_snapshots(work, &leaves);
}

fn seen<'a>(work: &Work<'a>, device: &BlockDevice) -> Option<&'a FileEvidence> {
    work.evidence.files.get(device.name()?.text())
}

fn at(device: &BlockDevice) -> Option<EntryId> {
    let name = device.file_name.as_ref().map(|name| name.id);
    name.or(device.ids.first().copied())
}

/// Whether the disk is a device of the old host, which is told.
fn check_device(work: &mut Work<'_>, device: &BlockDevice) -> bool {
    let kind = device.device_type.map(|kind| kind.value);
    let name = device.name();
    let looked = match seen(work, device) {
        Some(FileEvidence::Disk(disk)) => Some(disk.is_device),
        _ => None,
    };
    let by_type = match kind {
        Some(DeviceType::RawDisk) => Some("a raw disk"),
        Some(DeviceType::PlainDisk) => Some("a plain disk, which may be a device of the old host"),
        Some(DeviceType::ScsiPassthrough) => Some("a SCSI device of the old host"),
        Some(DeviceType::PassthroughRdm) => Some("a LUN, mapped in physical mode"),
        Some(DeviceType::NonPassthroughRdm) => Some("a LUN, mapped in virtual mode"),
        _ => None,
    };
    let is_host = name.is_some_and(FileName::is_host_device);
    let what = match (looked, by_type) {
        (Some(false), _) => return false,
        (_, Some(what)) => what,
        (Some(true), None) => "a device of the old host or a LUN, as its descriptor says",
        (None, None) if is_host => "a device of the old host",
        (None, None) => return false,
    };
    let name = quoted(name.map_or("", FileName::text));
    let text = format!("{name} is {what}; there is no such device on the new host");
    let action = "map it with --disk-map, or copy the device to an image first";
    work.block(
        finding::DISK_DEVICE_BACKED,
        device.slot.to_string(),
        at(device),
        text,
        action,
    );
    true
}

/// Whether anybody has looked at the file; what is wrong with it is told.
fn check_file(work: &mut Work<'_>, device: &BlockDevice) -> bool {
    let Some(seen) = seen(work, device) else {
        return device.name().is_none_or(|name| name.text().is_empty())
            && check_nameless(work, device);
    };
    let name = quoted(device.name().map_or("", FileName::text));
    let (id, text, action) = match seen {
        FileEvidence::Disk(disk) => {
            check_leaf(work, device, disk);
            return true;
        }
        FileEvidence::Missing { looked } => (
            finding::DISK_FILE_MISSING,
            format!("{name} is not there; looked for {}", places(looked)),
            "copy it beside the configuration, or say with --disk-map where its image is",
        ),
        FileEvidence::Outside { path } => (
            finding::DISK_OUTSIDE_DIRECTORY,
            format!(
                "{name} is {}, outside of the configuration's directory",
                quoted(path)
            ),
            "allow its directory with --allow-path, or say with --disk-map where its image is",
        ),
        FileEvidence::Plain { path, .. } => (
            finding::DISK_UNREADABLE,
            format!("{} is no disk image", quoted(path)),
            "check what the configuration names there",
        ),
        FileEvidence::Broken { path, error } => (
            finding::DISK_UNREADABLE,
            format!("{} can't be read: {}", quoted(path), shown(error)),
            "repair or copy the disk again",
        ),
    };
    work.block(id, device.slot.to_string(), at(device), text, action);
    true
}

fn check_nameless(work: &mut Work<'_>, device: &BlockDevice) -> bool {
    let text = "the disk has no fileName";
    let action = "name its file in the configuration, or remove the disk";
    work.block(
        finding::DISK_FILE_MISSING,
        device.slot.to_string(),
        at(device),
        text,
        action,
    );
    true
}

fn places(looked: &[String]) -> String {
    let looked: Vec<String> = looked.iter().map(|path| quoted(path)).collect();
    match looked.as_slice() {
        [] => "it nowhere".to_owned(),
        places => listed(places),
    }
}

fn check_leaf(work: &mut Work<'_>, device: &BlockDevice, disk: &DiskEvidence) {
    let Some(newer) = &disk.newer else { return };
    let text = format!(
        "{} lies beside {}, which the configuration names and which is converted",
        quoted(newer),
        quoted(&disk.path)
    );
    let action = "check which one is the VM's newest state";
    work.warn(
        finding::DISK_CHAIN_LEAF_DIFFERS,
        device.slot.to_string(),
        at(device),
        text,
        action,
    );
}

/// A redo log that is no level of the chain holds changes that nothing else has.
fn check_redo(work: &mut Work<'_>, device: &BlockDevice) {
    let Some(redo) = device.open_redo() else {
        return;
    };
    let name = redo.value.base_name();
    let in_chain = match seen(work, device) {
        Some(FileEvidence::Disk(disk)) => disk
            .chain
            .iter()
            .any(|file| file.rsplit('/').next() == Some(name)),
        _ => false,
    };
    if in_chain {
        work.ledger
            .ignored(redo.id, "a level of the chain that is converted");
        return;
    }
    let text = format!(
        "{} holds changes that were never committed",
        quoted(redo.value.text())
    );
    let action = "commit or discard them in VMware";
    work.block(
        finding::DISK_REDO_PENDING,
        device.slot.to_string(),
        redo.id,
        text,
        action,
    );
    work.ledger.not_carried(redo.id, "an uncommitted redo log");
}

fn tell_unseen(work: &mut Work<'_>, slots: &[String]) {
    if slots.is_empty() {
        return;
    }
    let subject = match slots {
        [one] => one.clone(),
        _ => format!("{} disks", slots.len()),
    };
    let text = format!(
        "nobody has looked at the files of {}; size, chain and boot code are not known",
        listed(slots)
    );
    let action = "run it where the disks are";
    work.warn(finding::DISK_NOT_INSPECTED, subject, None, text, action);
}

fn tell_snapshots(work: &mut Work<'_>, leaves: &[String]) {
    let names: Vec<String> = work
        .evidence
        .snapshots
        .iter()
        .map(|name| quoted(name))
        .collect();
    let text = match (leaves, names.as_slice()) {
        ([], []) => return,
        (leaves, []) => format!(
            "only the newest state is converted; there are snapshots below {}",
            listed(leaves)
        ),
        (_, names) => format!(
            "only the newest state is converted; these snapshots stay behind: {}",
            listed(names)
        ),
    };
    let action = Action::manual("consolidate in VMware first if that is to be simple");
    work.tell(
        finding::SNAPSHOTS_PRESENT,
        Severity::Warn,
        "snapshots",
        None,
        text,
        action,
    );
}
