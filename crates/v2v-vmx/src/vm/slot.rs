//! Where a device is plugged in.

use std::fmt;
use std::str::FromStr;

/// A bus for disks, in the order VMware looks for something to boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bus {
    /// Any SCSI adapter.
    Scsi,
    /// NVMe.
    Nvme,
    /// AHCI.
    Sata,
    /// IDE.
    Ide,
    /// USB 1.1 and 2.0 devices: keys `usb:N`.
    Usb,
    /// Keys `ehci:N`.
    Ehci,
    /// USB 3: keys `usb_xhci:N`.
    Xhci,
    /// Floppy drives: keys `floppyN`.
    Floppy,
}

impl Bus {
    /// How keys begin.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Scsi => "scsi",
            Self::Nvme => "nvme",
            Self::Sata => "sata",
            Self::Ide => "ide",
            Self::Usb => "usb",
            Self::Ehci => "ehci",
            Self::Xhci => "usb_xhci",
            Self::Floppy => "floppy",
        }
    }

    /// Whether this is one of the three USB buses, whose controllers have no number.
    #[must_use]
    pub fn is_usb(self) -> bool {
        matches!(self, Self::Usb | Self::Ehci | Self::Xhci)
    }

    fn from_prefix(prefix: &str) -> Option<Self> {
        let all = [
            Self::Scsi,
            Self::Nvme,
            Self::Sata,
            Self::Ide,
            Self::Usb,
            Self::Ehci,
            Self::Xhci,
            Self::Floppy,
        ];
        all.into_iter().find(|bus| bus.prefix() == prefix)
    }
}

/// A controller. `Display` gives its keys' prefix: `scsi0`, `usb_xhci`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControllerId {
    /// Its bus; never [`Bus::Floppy`].
    pub bus: Bus,
    /// Its number; 0 for USB.
    pub index: u32,
}

impl fmt::Display for ControllerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.bus.prefix())?;
        if self.bus.is_usb() {
            Ok(())
        } else {
            write!(f, "{}", self.index)
        }
    }
}

/// A place for a device. `Display` gives its keys' prefix: `scsi0:1`, `usb_xhci:4`, `floppy0`.
///
/// Slots are ordered by bus, then by the numbers of controller and unit. `FromStr` reads the prefix in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The bus.
    pub bus: Bus,
    /// Number of the controller; 0 for USB and floppies.
    pub controller: u32,
    /// Number on the controller: SCSI target, SATA port, `0` master and `1` slave for IDE.
    pub unit: u32,
}

impl Slot {
    /// The controller; `None` for floppies.
    #[must_use]
    pub fn controller_id(&self) -> Option<ControllerId> {
        (self.bus != Bus::Floppy).then_some(ControllerId {
            bus: self.bus,
            index: self.controller,
        })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.controller_id() {
            Some(controller) => write!(f, "{controller}:{}", self.unit),
            None => write!(f, "{}{}", self.bus.prefix(), self.unit),
        }
    }
}

impl FromStr for Slot {
    type Err = SlotError;

    fn from_str(text: &str) -> Result<Self, SlotError> {
        match Place::read(&text.trim().to_ascii_lowercase()) {
            Some(Place::Slot(slot)) => Ok(slot),
            _ => Err(SlotError),
        }
    }
}

/// Text that is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a slot such as scsi0:1, usb_xhci:0 or floppy0")]
#[non_exhaustive]
pub struct SlotError;

/// What the part of a key before the first dot can name on a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Controller(ControllerId),
    Slot(Slot),
}

impl Place {
    /// Reads `scsi0`, `scsi0:1`, `usb`, `usb:1`, `floppy0`; lower case, numbers as VMware writes them.
    pub(super) fn read(head: &str) -> Option<Self> {
        let (name, unit) = match head.split_once(':') {
            Some((name, unit)) => (name, Some(number(unit)?)),
            None => (head, None),
        };
        let digits = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (prefix, index) = name.split_at_checked(digits)?;
        let bus = Bus::from_prefix(prefix)?;
        let index = match (bus.is_usb(), index) {
            (true, "") => 0,
            (true, _) => return None,
            (false, digits) => number(digits)?,
        };
        Some(match (bus, unit) {
            (Bus::Floppy, None) => Self::Slot(Slot {
                bus,
                controller: 0,
                unit: index,
            }),
            (Bus::Floppy, Some(_)) => return None,
            (_, None) => Self::Controller(ControllerId { bus, index }),
            (_, Some(unit)) => Self::Slot(Slot {
                bus,
                controller: index,
                unit,
            }),
        })
    }
}

/// A number without leading zeros: `scsi00` is another key than `scsi0`.
pub(crate) fn number(digits: &str) -> Option<u32> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_number && is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "scsi0:1",
            "nvme3:14",
            "sata0:29",
            "ide1:0",
            "usb:1",
            "ehci:0",
            "usb_xhci:4",
            "floppy1",
            "scsi9:4294967295",
        ] {
            assert_eq!(name.parse::<Slot>().unwrap().to_string(), name);
        }
        assert_eq!("SCSI0:1 ".parse::<Slot>().unwrap().to_string(), "scsi0:1");
        for name in [
            "",
            "scsi0",
            "scsi:0",
            "scsi0:",
            "scsi0:01",
            "scsi00:1",
            "scsi0:+1",
            "usb0:1",
            "floppy0:0",
            "scsi0:4294967296",
            "scsi0:1:0",
            "disk0:0",
        ] {
            assert_eq!(name.parse::<Slot>(), Err(SlotError), "{name}");
        }
    }

    #[test]
    fn order_is_by_number() {
        let mut slots: Vec<Slot> = [
            "ide0:0", "scsi1:0", "scsi0:10", "scsi0:2", "nvme0:0", "sata0:0",
        ]
        .map(|name| name.parse().unwrap())
        .to_vec();
        slots.sort();
        let names: Vec<String> = slots.iter().map(Slot::to_string).collect();
        let expected = [
            "scsi0:2", "scsi0:10", "scsi1:0", "nvme0:0", "sata0:0", "ide0:0",
        ];
        assert_eq!(names, expected);
    }
}
