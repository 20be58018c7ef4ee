//! Whether a device is there, and why.

use crate::EntryId;

/// Whether a device is there.
///
/// VMware takes a missing `present` as FALSE, except for floppies, while every other reader takes it as TRUE. Here it
/// counts as TRUE if another key shows that there is a device, and the caller can say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// `present` is TRUE.
    Declared(EntryId),
    /// `present` is missing or unreadable; this entry shows that there is a device (a file name, a MAC, a network).
    Implied(EntryId),
    /// No key of its own says so: a floppy without keys that tell more, or a controller with devices.
    Default,
    /// It is not there.
    Absent(Absence),
}

impl Presence {
    /// Whether the device is there.
    #[must_use]
    pub fn is_present(self) -> bool {
        !matches!(self, Self::Absent(_))
    }

    /// Why it is not there.
    #[must_use]
    pub fn absence(self) -> Option<Absence> {
        match self {
            Self::Absent(absence) => Some(absence),
            _ => None,
        }
    }
}

/// Why a device is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absence {
    /// `present` is FALSE.
    Declared(EntryId),
    /// `present` is missing or unreadable, and no other key shows that there is a device.
    NotDeclared,
    /// The device would be there, but its controller's `present` is FALSE, here.
    Controller(EntryId),
}
