//! Values that are more than text: addresses, ids, amounts, names of targets.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::codec::displayed_value;

/// Why a text is none of the values of this module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct ValueError {
    /// The text.
    pub found: String,
    /// What it should have been.
    pub expected: &'static str,
}

impl ValueError {
    fn new(found: &str, expected: &'static str) -> Self {
        let found = found.to_owned();
        Self { found, expected }
    }
}

/// A MAC address, printed in lower case with colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Whether the group bit is set; a network card cannot have such an address.
    pub fn is_multicast(&self) -> bool {
        self.0.first().is_some_and(|byte| byte & 1 == 1)
    }
}

impl FromStr for MacAddress {
    type Err = ValueError;

    /// Six numbers of one or two hexadecimal digits with colons or dashes between them, in either case.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::new(text, "a MAC address like 52:54:00:12:34:56");
        let mut parts = text.split([':', '-']);
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            let digits = parts.next().ok_or_else(wrong)?;
            let hex = (1..=2).contains(&digits.len())
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            *byte = u8::from_str_radix(digits, 16)
                .ok()
                .filter(|_| hex)
                .ok_or_else(wrong)?;
        }
        match parts.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(wrong()),
        }
    }
}

impl Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A UUID: its 16 bytes in the order of printing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uuid(pub [u8; 16]);

impl FromStr for Uuid {
    type Err = ValueError;

    /// 32 hexadecimal digits in either case; dashes between them are optional, as for libvirt.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::new(text, "a UUID of 32 hexadecimal digits");
        let mut digits = text.chars().filter(|c| *c != '-').map(|c| c.to_digit(16));
        let mut digit = || {
            digits
                .next()
                .flatten()
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
            *byte = high << 4 | low;
        }
        match digits.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(wrong()),
        }
    }
}

impl Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let dash = if matches!(index, 4 | 6 | 8 | 10) {
                "-"
            } else {
                ""
            };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

/// Unit of an amount of memory, as libvirt reads it (`virScaleInteger`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Unit {
    /// `b`, 1 byte.
    B,
    /// `bytes`, 1 byte.
    Bytes,
    /// `KB`, 10^3 bytes.
    Kb,
    /// `k`, 2^10 bytes.
    K,
    /// `KiB`, 2^10 bytes.
    KiB,
    /// `MB`, 10^6 bytes.
    Mb,
    /// `M`, 2^20 bytes.
    M,
    /// `MiB`, 2^20 bytes.
    MiB,
    /// `GB`, 10^9 bytes.
    Gb,
    /// `G`, 2^30 bytes.
    G,
    /// `GiB`, 2^30 bytes.
    GiB,
    /// `TB`, 10^12 bytes.
    Tb,
    /// `T`, 2^40 bytes.
    T,
    /// `TiB`, 2^40 bytes.
    TiB,
    /// `PB`, 10^15 bytes.
    Pb,
    /// `P`, 2^50 bytes.
    P,
    /// `PiB`, 2^50 bytes.
    PiB,
    /// `EB`, 10^18 bytes.
    Eb,
    /// `E`, 2^60 bytes.
    E,
    /// `EiB`, 2^60 bytes.
    EiB,
}

const UNITS: [(Unit, &str, u64); 20] = [
    (Unit::B, "b", 1),
    (Unit::Bytes, "bytes", 1),
    (Unit::Kb, "KB", 1000),
    (Unit::K, "k", 1 << 10),
    (Unit::KiB, "KiB", 1 << 10),
    (Unit::Mb, "MB", 1_000_000),
    (Unit::M, "M", 1 << 20),
    (Unit::MiB, "MiB", 1 << 20),
    (Unit::Gb, "GB", 1_000_000_000),
    (Unit::G, "G", 1 << 30),
    (Unit::GiB, "GiB", 1 << 30),
    (Unit::Tb, "TB", 1_000_000_000_000),
    (Unit::T, "T", 1 << 40),
    (Unit::TiB, "TiB", 1 << 40),
    (Unit::Pb, "PB", 1_000_000_000_000_000),
    (Unit::P, "P", 1 << 50),
    (Unit::PiB, "PiB", 1 << 50),
    (Unit::Eb, "EB", 1_000_000_000_000_000_000),
    (Unit::E, "E", 1 << 60),
    (Unit::EiB, "EiB", 1 << 60),
];

impl Unit {
    /// Bytes in one unit.
    pub fn bytes(self) -> u64 {
        let found = UNITS.iter().find(|(unit, ..)| *unit == self);
        found.map_or(1, |(.., bytes)| *bytes)
    }
}

impl FromStr for Unit {
    type Err = ValueError;

    /// The spelling of libvirt's schema, in either case.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let exact = UNITS.iter().find(|(_, name, _)| *name == text);
        let any_case = || {
            UNITS
                .iter()
                .find(|(_, name, _)| name.eq_ignore_ascii_case(text))
        };
        let found = exact.or_else(any_case).map(|(unit, ..)| *unit);
        found.ok_or_else(|| ValueError::new(text, "a unit like KiB or MB"))
    }
}

impl Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = UNITS.iter().find(|(unit, ..)| unit == self);
        f.write_str(found.map_or("bytes", |(_, name, _)| *name))
    }
}

/// Name of a disk in the guest's eyes: a prefix and letters that count in base 26 without a zero, so that `vdz` is
/// followed by `vdaa`.
///
/// ```
/// use v2v_domain::TargetName;
///
/// assert_eq!(TargetName::new("vd", 0).to_string(), "vda");
/// assert_eq!(TargetName::new("sd", 26).to_string(), "sdaa");
/// assert_eq!("sdaa".parse(), Ok(TargetName::new("sd", 26)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetName {
    prefix: String,
    index: u32,
}

impl TargetName {
    /// The name of disk number `index`, counted from 0.
    pub fn new(prefix: impl Into<String>, index: u32) -> Self {
        let prefix = prefix.into();
        Self { prefix, index }
    }

    /// `vd`, `sd`, `hd`, `xvd`, `fd`, `ubd`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Number of the disk, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }
}

impl FromStr for TargetName {
    type Err = ValueError;

    /// A known prefix and letters; a partition number behind them is an error.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::new(text, "a disk name like vda or sdab");
        let prefixes = ["xvd", "ubd", "vd", "sd", "hd", "fd"];
        let found = prefixes
            .iter()
            .find_map(|p| Some((*p, text.strip_prefix(p)?)));
        let (prefix, letters) = found.filter(|(_, l)| !l.is_empty()).ok_or_else(wrong)?;
        let mut number = 0_u32;
        for letter in letters.bytes() {
            let digit = letter
                .checked_sub(b'a')
                .filter(|digit| *digit < 26)
                .ok_or_else(wrong)?;
            number = number
                .checked_mul(26)
                .and_then(|n| n.checked_add(u32::from(digit)))
                .and_then(|n| n.checked_add(1))
                .ok_or_else(wrong)?;
        }
        Ok(Self::new(prefix, number.saturating_sub(1)))
    }
}

impl Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = Vec::new();
        let mut rest = u64::from(self.index).saturating_add(1);
        while let Some(above) = rest.checked_sub(1) {
            let digit = u8::try_from(above % 26).unwrap_or(0);
            letters.push(char::from(b'a'.saturating_add(digit)));
            rest = above / 26;
        }
        let letters: String = letters.iter().rev().collect();
        write!(f, "{}{letters}", self.prefix)
    }
}

impl From<TargetName> for String {
    fn from(name: TargetName) -> Self {
        name.to_string()
    }
}

macro_rules! text_form {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )*};
}

text_form!(MacAddress, Uuid, Unit);
displayed_value!(MacAddress, Uuid, Unit);
