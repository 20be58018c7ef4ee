//! The keys of a drive that no rule of its own takes.

use v2v_vmx::{BlockDevice, EntryId};

use crate::vmx::Work;

/// Keys that say something about VMware, whatever their value.
const MEANINGLESS: &[(&str, &str)] = &[
    (
        "allowguestconnectioncontrol",
        "whether VMware Tools may disconnect the drive",
    ),
    ("autodetect", "the drive of the old host"),
    (
        "clientdevice",
        "the drive of whoever looks at VMware's console",
    ),
    ("connectionstatus", "how the last run ended"),
    ("exclusive", "the drive of the old host"),
    ("filetype", "what the file name says as well"),
    ("hostbuffering", "how VMware caches on the old host"),
    ("startconnected", "the drive is connected"),
    ("usephysicaldrive", "the drive of the old host"),
];

/// Keys that a rule reads; an empty value says nothing.
const READ: &[&str] = &[
    "devicetype",
    "filename",
    "mode",
    "present",
    "readonly",
    "redo",
    "sched.bandwidthcap",
    "sched.shares",
    "sched.throughputcap",
    "sharing",
    "virtualssd",
    "writethrough",
];

/// Enters the keys of a drive that is in the domain, as far as they are known and no rule has taken them.
pub(super) fn rest(work: &mut Work<'_>, device: &BlockDevice) {
    for (id, field, is_empty) in open(work, device) {
        let known = MEANINGLESS.iter().find(|(name, _)| *name == field);
        match known {
            Some((_, reason)) => work.ledger.ignored(id, *reason),
            None if is_empty && READ.contains(&field.as_str()) => {
                work.ledger.ignored(id, "empty, which means the default");
            }
            None => {}
        }
    }
}

/// Enters the known keys of a drive that is not in the domain; the caller has told it.
pub(super) fn drop_device(work: &mut Work<'_>, device: &BlockDevice, reason: &str) {
    for (id, field, _) in open(work, device) {
        if is_known(&field) {
            work.ledger.not_carried(id, reason);
        }
    }
}

/// Enters the known keys of a drive that is not in the domain, and that nobody misses.
pub(super) fn ignore_device(work: &mut Work<'_>, device: &BlockDevice, reason: &str) {
    for (id, field, _) in open(work, device) {
        if is_known(&field) {
            work.ledger.ignored(id, reason);
        }
    }
}

fn is_known(field: &str) -> bool {
    READ.contains(&field) || MEANINGLESS.iter().any(|(name, _)| *name == field)
}

/// The entries that nobody has taken: id, name without the drive's, whether the value is empty.
fn open(work: &Work<'_>, device: &BlockDevice) -> Vec<(EntryId, String, bool)> {
    let entries = device.ids.iter().filter(|id| work.ledger.is_open(**id));
    entries
        .filter_map(|id| work.document.entry(*id))
        .map(|entry| {
            (
                entry.id(),
                field(entry.key_lower()),
                entry.value().trim().is_empty(),
            )
        })
        .collect()
}

/// `mode` of `scsi0:0.mode`, `sched.shares` of `sched.scsi0:0.shares`.
fn field(key: &str) -> String {
    let (sched, key) = match key.strip_prefix("sched.") {
        Some(rest) => ("sched.", rest),
        None => ("", key),
    };
    let name = key.split_once('.').map_or(key, |(_, name)| name);
    format!("{sched}{name}")
}
