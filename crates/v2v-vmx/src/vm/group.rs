//! Keys that belong to one device.

use std::fmt;

use super::slot::{ControllerId, Place, Slot, number};
use super::{Absence, Presence};
use crate::value::{Setting, Value, ValueProblem};
use crate::{Document, Entry, EntryId, FileName, shown};

/// A device by the prefix of its keys. `Display` gives that prefix in VMware's spelling: `scsi0:1`, `ethernet0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviceId {
    /// A controller for disks or USB devices.
    Controller(ControllerId),
    /// A disk, CD-ROM, floppy or USB device.
    Slot(Slot),
    /// `ethernetN`.
    Nic(u32),
    /// `serialN`.
    Serial(u32),
    /// `parallelN`.
    Parallel(u32),
    /// `sharedFolderN`.
    SharedFolder(u32),
    /// `pciPassthruN`.
    PciPassthrough(u32),
    /// `sound`.
    Sound,
    /// `vtpm`.
    Vtpm,
    /// Anything else with a key `NAME.present`, by that name as it is spelt there.
    Other(String),
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Controller(controller) => controller.fmt(f),
            Self::Slot(slot) => slot.fmt(f),
            Self::Nic(index) => write!(f, "ethernet{index}"),
            Self::Serial(index) => write!(f, "serial{index}"),
            Self::Parallel(index) => write!(f, "parallel{index}"),
            Self::SharedFolder(index) => write!(f, "sharedFolder{index}"),
            Self::PciPassthrough(index) => write!(f, "pciPassthru{index}"),
            Self::Sound => f.write_str("sound"),
            Self::Vtpm => f.write_str("vtpm"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl DeviceId {
    /// The device a key belongs to, by the part before its first dot.
    fn read(head: &str) -> Option<Self> {
        match head {
            "sound" => return Some(Self::Sound),
            "vtpm" => return Some(Self::Vtpm),
            _ => {}
        }
        if let Some(place) = Place::read(head) {
            return Some(match place {
                Place::Controller(controller) => Self::Controller(controller),
                Place::Slot(slot) => Self::Slot(slot),
            });
        }
        let name = head.trim_end_matches(|c: char| c.is_ascii_digit());
        let index = number(head.get(name.len()..)?)?;
        Some(match name {
            "ethernet" => Self::Nic(index),
            "serial" => Self::Serial(index),
            "parallel" => Self::Parallel(index),
            "sharedfolder" => Self::SharedFolder(index),
            "pcipassthru" => Self::PciPassthrough(index),
            _ => return None,
        })
    }
}

/// One key of a device: what follows the prefix, in lower case. For `sched.scsi0:0.shares` that is `sched.shares`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    is_sched: bool,
    name: &'a str,
    entry: &'a Entry,
}

/// Takes a key apart; `None` if it belongs to no device.
pub(super) fn field(entry: &Entry) -> Option<(DeviceId, Field<'_>)> {
    let key = entry.key_lower();
    let (is_sched, key) = match key.strip_prefix("sched.") {
        Some(rest) => (true, rest),
        None => (false, key),
    };
    let (head, name) = key.split_once('.')?;
    let device = DeviceId::read(head)?;
    if is_sched && !matches!(device, DeviceId::Slot(_)) {
        return None;
    }
    let field = Field {
        is_sched,
        name,
        entry,
    };
    Some((device, field))
}

/// The keys of one device, and the list that takes what can't be read in them.
pub(super) struct Group<'a, 'p> {
    pub(super) document: &'a Document,
    pub(super) fields: &'a [Field<'a>],
    pub(super) problems: &'p mut Vec<ValueProblem>,
}

impl<'a> Group<'a, '_> {
    /// All ids, in the order of the file.
    pub(super) fn ids(&self) -> Vec<EntryId> {
        self.fields.iter().map(|field| field.entry.id()).collect()
    }

    /// The first entry with this name (lower case).
    pub(super) fn entry(&self, name: &str) -> Option<&'a Entry> {
        let (is_sched, name) = match name.strip_prefix("sched.") {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let mut fields = self.fields.iter();
        let found = fields.find(|field| field.is_sched == is_sched && field.name == name);
        found.map(|field| field.entry)
    }

    pub(super) fn text(&self, name: &str) -> Option<Setting<String>> {
        self.entry(name).map(text_of)
    }

    pub(super) fn file_name(&self, name: &str) -> Option<Setting<FileName>> {
        let entry = self.entry(name)?;
        Some(Setting {
            id: entry.id(),
            value: self.document.file_name(entry),
        })
    }

    pub(super) fn read<T: Value>(&mut self, name: &str) -> Option<Setting<T>> {
        read(self.entry(name)?, self.problems)
    }

    /// As [`read`](Self::read), but an empty value is none.
    pub(super) fn read_filled<T: Value>(&mut self, name: &str) -> Option<Setting<T>> {
        let entry = self.entry(name)?;
        if entry.value().trim().is_empty() {
            return None;
        }
        read(entry, self.problems)
    }

    /// Whether the device is there. Without a readable `present`, one of the keys `defining` says so.
    pub(super) fn presence(&mut self, defining: &[&str]) -> Presence {
        match self.read::<bool>("present") {
            Some(Setting { id, value: true }) => Presence::Declared(id),
            Some(Setting { id, value: false }) => Presence::Absent(Absence::Declared(id)),
            None => {
                let mut names = defining.iter();
                match names.find_map(|name| self.entry(name).filter(|e| !e.value().is_empty())) {
                    Some(entry) => Presence::Implied(entry.id()),
                    None => Presence::Absent(Absence::NotDeclared),
                }
            }
        }
    }
}

pub(super) fn text_of(entry: &Entry) -> Setting<String> {
    Setting {
        id: entry.id(),
        value: entry.value().to_owned(),
    }
}

pub(super) fn read<T: Value>(
    entry: &Entry,
    problems: &mut Vec<ValueProblem>,
) -> Option<Setting<T>> {
    let id = entry.id();
    if let Some(value) = T::read(entry.value().trim()) {
        return Some(Setting { id, value });
    }
    problems.push(ValueProblem {
        id,
        found: shown(entry.value()),
        expected: T::EXPECTED,
    });
    None
}
