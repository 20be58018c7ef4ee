//! Names of virtual disks: xen-vbd-interface(7).

use std::fmt;
use std::str::FromStr;

use crate::read_number;

/// What the guest was to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VdevFamily {
    /// `xvd`: a paravirtual disk.
    Xvd,
    /// `hd`: emulated IDE or AHCI, and a paravirtual disk beside it.
    Hd,
    /// `sd`: emulated SCSI, and a paravirtual disk beside it.
    Sd,
}

impl VdevFamily {
    /// The letters in front: `xvd`, `hd`, `sd`.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Xvd => "xvd",
            Self::Hd => "hd",
            Self::Sd => "sd",
        }
    }
}

/// A virtual disk, or one partition of it, by name.
///
/// `Display` gives the usual name: `xvda`, `xvdaa`, `hdc`, `xvda1`.
///
/// ```
/// use v2v_xl::{VdevFamily, VirtualDevice};
///
/// let device: VirtualDevice = "xvdaa2".parse()?;
/// assert_eq!((device.family, device.disk, device.partition), (VdevFamily::Xvd, 26, Some(2)));
/// let device: VirtualDevice = "d1p0".parse()?;
/// assert_eq!(device.to_string(), "xvdb");
/// let device: VirtualDevice = "0xca00".parse()?;
/// assert_eq!((device.to_string().as_str(), device.is_number), ("xvda", true));
/// # Ok::<(), v2v_xl::VdevError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VirtualDevice {
    /// The kind of disk.
    pub family: VdevFamily,
    /// The disk, from 0; the letters count to base 26.
    pub disk: u32,
    /// The partition, from 1; `None` for the whole disk. The guest sees a file system, swap or LVM in it, without a
    /// partition table around.
    pub partition: Option<u32>,
    /// It was given by xenstore's number, which names depend on the guest's kernel.
    pub is_number: bool,
}

/// A text that names no virtual disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a name such as xvda, hdc, sdb1 or d0p1")]
pub struct VdevError;

/// xen-vbd-interface(7): 20 bits for the disk, 8 for the partition.
const MAX_DISK: u32 = 1 << 20;
const MAX_PARTITION: u32 = 255;

impl FromStr for VirtualDevice {
    type Err = VdevError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Files of Xen 3 say /dev/sda1 and ioemu:hda.
        let name = text.strip_prefix("ioemu:").unwrap_or(text);
        let name = name.strip_prefix("/dev/").unwrap_or(name);
        let device = by_letters(name)
            .or_else(|| by_numbers(name))
            .or_else(|| by_number(name));
        let fits = |device: &Self| {
            device.disk < MAX_DISK
                && device
                    .partition
                    .is_none_or(|number| number <= MAX_PARTITION)
        };
        device.filter(fits).ok_or(VdevError)
    }
}

impl fmt::Display for VirtualDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = Vec::new();
        let mut rest = Some(self.disk);
        while let Some(number) = rest {
            let letter = u8::try_from(number % 26).unwrap_or_default();
            letters.push(char::from(b'a'.saturating_add(letter)));
            rest = (number / 26).checked_sub(1);
        }
        let letters: String = letters.iter().rev().collect();
        write!(f, "{}{letters}", self.family.prefix())?;
        match self.partition {
            Some(partition) => write!(f, "{partition}"),
            None => Ok(()),
        }
    }
}

/// `xvda`, `hdc2`.
fn by_letters(name: &str) -> Option<VirtualDevice> {
    let families = [VdevFamily::Xvd, VdevFamily::Hd, VdevFamily::Sd];
    let (family, rest) = families
        .iter()
        .find_map(|family| Some((*family, name.strip_prefix(family.prefix())?)))?;
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let letters = rest.strip_suffix(digits)?;
    if letters.is_empty() {
        return None;
    }
    let disk = letters.bytes().try_fold(0_u32, |sum, letter| {
        let digit = u32::from(letter.checked_sub(b'a')?).checked_add(1)?;
        sum.checked_mul(26)?.checked_add(digit)
    })?;
    let disk = disk.checked_sub(1)?;
    let partition = if digits.is_empty() {
        None
    } else {
        Some(decimal(digits).filter(|number| *number > 0)?)
    };
    Some(VirtualDevice {
        family,
        disk,
        partition,
        is_number: false,
    })
}

/// `d0`, `d0p1`.
fn by_numbers(name: &str) -> Option<VirtualDevice> {
    let rest = name.strip_prefix('d')?;
    let (disk, partition) = match rest.split_once('p') {
        Some((disk, partition)) => (decimal(disk)?, decimal(partition)?),
        None => (decimal(rest)?, 0),
    };
    let partition = (partition > 0).then_some(partition);
    Some(VirtualDevice {
        family: VdevFamily::Xvd,
        disk,
        partition,
        is_number: false,
    })
}

/// Xenstore's numbers, in the encodings the manual lists.
fn by_number(name: &str) -> Option<VirtualDevice> {
    let number = u32::try_from(read_number(name)?).ok()?;
    let minor = number & 0xff;
    let (family, disk, partition) = match number >> 8 {
        202 => (VdevFamily::Xvd, minor >> 4, minor & 0xf),
        8 => (VdevFamily::Sd, minor >> 4, minor & 0xf),
        3 => (VdevFamily::Hd, minor >> 6, minor & 0x3f),
        22 => (VdevFamily::Hd, (minor >> 6).checked_add(2)?, minor & 0x3f),
        _ if number >> 28 == 1 => (VdevFamily::Xvd, (number >> 8) & 0xf_ffff, minor),
        _ => return None,
    };
    // Hard disks have minors for two disks each.
    if family == VdevFamily::Hd && minor >> 6 > 1 {
        return None;
    }
    let partition = (partition > 0).then_some(partition);
    Some(VirtualDevice {
        family,
        disk,
        partition,
        is_number: true,
    })
}

/// Digits without a leading zero.
fn decimal(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| is_plain)
}
