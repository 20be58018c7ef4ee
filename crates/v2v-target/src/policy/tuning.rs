//! What a KVM host's administrator tunes, and what the host is.

use std::fmt;
use std::str::FromStr;

use super::ParseChoiceError;

/// Why a text is no value of an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {found:?}, expected {expected}")]
pub struct ParseTuningError {
    /// What was to be said: `iotune`.
    pub what: &'static str,
    /// The text.
    pub found: String,
    /// How it is written.
    pub expected: String,
}

/// What a KVM host's administrator tunes; nothing by default.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Tuning {
    /// Memory from huge pages.
    pub huge_pages: Option<HugePages>,
    /// Limits of the host's memory.
    pub memtune: MemTune,
    /// Weight of block I/O, 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// Limits of block I/O for all disks.
    pub iotune: IoTune,
    /// Limits of block I/O by slot (`scsi0:0`), each in place of the one for all.
    pub iotune_of: Vec<(String, IoTune)>,
    /// Cache mode of the disks.
    pub cache: Option<Cache>,
    /// How QEMU reads and writes.
    pub io: Option<IoMode>,
    /// Number of I/O threads; disks on virtio are spread over them.
    pub io_threads: Option<u32>,
}

impl Tuning {
    /// The limits for the disk in `slot`; upper and lower case are the same.
    pub fn iotune(&self, slot: &str) -> IoTune {
        self.iotune_of
            .iter()
            .rev()
            .find(|(name, _)| name.eq_ignore_ascii_case(slot))
            .map_or(self.iotune, |(_, tune)| *tune)
    }
}

/// Huge pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HugePages {
    /// Of the host's default size.
    Default,
    /// Of this many bytes.
    Size(u64),
}

/// Declares limits as a struct of optional numbers that are set by their libvirt names.
macro_rules! limits {
    (
        $(#[$meta:meta])*
        pub struct $name:ident ($what:literal) {
            $( $(#[$field_meta:meta])* $field:ident, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: Option<u64>, )+
        }

        impl $name {
            /// The names of the limits, which are libvirt's.
            pub const NAMES: &'static [&'static str] = &[$( stringify!($field), )+];

            /// Sets the limit called `name`.
            ///
            /// # Errors
            ///
            /// [`ParseTuningError`] if there is none of that name.
            pub fn set(&mut self, name: &str, value: u64) -> Result<(), ParseTuningError> {
                match name {
                    $( stringify!($field) => self.$field = Some(value), )+
                    _ => {
                        return Err(ParseTuningError {
                            what: $what,
                            found: name.to_owned(),
                            expected: format!("one of {}", $name::NAMES.join(", ")),
                        });
                    }
                }
                Ok(())
            }

            /// Whether there is no limit.
            pub fn is_empty(&self) -> bool {
                *self == $name::default()
            }
        }
    };
}

limits! {
    /// Limits of the host's memory, in bytes.
    pub struct MemTune ("memtune") {
        /// More than this ends the VM; counts QEMU's own memory too.
        hard_limit,
        /// The host takes memory from the VM above this when it needs some.
        soft_limit,
        /// Memory and swap together.
        swap_hard_limit,
    }
}

limits! {
    /// Limits of block I/O of one disk, in bytes or operations a second; `_max` for bursts.
    pub struct IoTune ("iotune") {
        /// Bytes read and written.
        total_bytes_sec,
        /// Bytes read.
        read_bytes_sec,
        /// Bytes written.
        write_bytes_sec,
        /// Operations.
        total_iops_sec,
        /// Read operations.
        read_iops_sec,
        /// Write operations.
        write_iops_sec,
        /// Bytes read and written in a burst.
        total_bytes_sec_max,
        /// Bytes read in a burst.
        read_bytes_sec_max,
        /// Bytes written in a burst.
        write_bytes_sec_max,
        /// Operations in a burst.
        total_iops_sec_max,
        /// Read operations in a burst.
        read_iops_sec_max,
        /// Write operations in a burst.
        write_iops_sec_max,
    }
}

impl IoTune {
    /// The pair of limits that libvirt and QEMU refuse together: a total and its part.
    pub fn conflict(&self) -> Option<(&'static str, &'static str)> {
        let bytes = self.read_bytes_sec.is_some() || self.write_bytes_sec.is_some();
        let iops = self.read_iops_sec.is_some() || self.write_iops_sec.is_some();
        if self.total_bytes_sec.is_some() && bytes {
            Some(("total_bytes_sec", "read_bytes_sec or write_bytes_sec"))
        } else if self.total_iops_sec.is_some() && iops {
            Some(("total_iops_sec", "read_iops_sec or write_iops_sec"))
        } else {
            None
        }
    }
}

/// Declares an enum of names that QEMU knows.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident ($what:literal) { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
        }

        impl $name {
            /// libvirt's name.
            pub fn name(self) -> &'static str {
                match self {
                    $( $name::$variant => $text, )+
                }
            }
        }

        impl FromStr for $name {
            type Err = ParseChoiceError;

            fn from_str(text: &str) -> Result<$name, ParseChoiceError> {
                match text {
                    $( $text => Ok($name::$variant), )+
                    _ => Err(ParseChoiceError {
                        what: $what,
                        found: text.to_owned(),
                        expected: &[$( $text, )+],
                    }),
                }
            }
        }
    };
}

names! {
    /// Cache mode of a disk.
    pub enum Cache ("cache mode") {
        /// The host's page cache is passed by.
        None = "none",
        /// Writes are complete when the disk has them.
        Writethrough = "writethrough",
        /// Writes are complete when the page cache has them; the guest flushes.
        Writeback = "writeback",
        /// Passes by the page cache, and writes are complete when the disk has them.
        Directsync = "directsync",
        /// Flushes of the guest are ignored.
        Unsafe = "unsafe",
    }
}

names! {
    /// How QEMU reads and writes.
    pub enum IoMode ("I/O mode") {
        /// Threads.
        Threads = "threads",
        /// Linux AIO; with cache none or directsync only.
        Native = "native",
        /// io_uring.
        IoUring = "io_uring",
    }
}

/// A version of libvirt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LibvirtVersion {
    /// 9 of 9.0.0.
    pub major: u32,
    /// 0 of 9.0.0.
    pub minor: u32,
}

impl LibvirtVersion {
    /// The first that attaches disks to NVMe controllers.
    pub const NVME: LibvirtVersion = LibvirtVersion {
        major: 11,
        minor: 5,
    };
}

impl Default for LibvirtVersion {
    /// 9.0, the oldest one the result is tested with.
    fn default() -> LibvirtVersion {
        LibvirtVersion { major: 9, minor: 0 }
    }
}

impl fmt::Display for LibvirtVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for LibvirtVersion {
    type Err = ParseTuningError;

    fn from_str(text: &str) -> Result<LibvirtVersion, ParseTuningError> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next().unwrap_or(Ok(0))) {
            (Some(Ok(major)), Ok(minor)) if parts.all(|part| part.is_ok()) => {
                Ok(LibvirtVersion { major, minor })
            }
            _ => Err(ParseTuningError {
                what: "libvirt version",
                found: text.to_owned(),
                expected: "MAJOR.MINOR, such as 9.0".to_owned(),
            }),
        }
    }
}

/// The address of a PCI device of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PciAddress {
    /// `0000` of `0000:03:00.1`.
    pub domain: u16,
    /// `03`.
    pub bus: u8,
    /// `00`, up to 31.
    pub slot: u8,
    /// `1`, up to 7.
    pub function: u8,
}

impl FromStr for PciAddress {
    type Err = ParseTuningError;

    fn from_str(text: &str) -> Result<PciAddress, ParseTuningError> {
        parse_pci(text).ok_or_else(|| ParseTuningError {
            what: "PCI address",
            found: text.to_owned(),
            expected: "[DOMAIN:]BUS:SLOT.FUNCTION, such as 0000:03:00.0".to_owned(),
        })
    }
}

fn parse_pci(text: &str) -> Option<PciAddress> {
    let (rest, function) = text.rsplit_once('.')?;
    let (rest, slot) = rest.rsplit_once(':')?;
    let (domain, bus) = rest.rsplit_once(':').unwrap_or(("0", rest));
    let hex = |text: &str, max: u32| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(text, 16)
            .ok()
            .filter(|value| digits && *value <= max)
    };
    Some(PciAddress {
        domain: u16::try_from(hex(domain, 0xffff)?).ok()?,
        bus: u8::try_from(hex(bus, 0xff)?).ok()?,
        slot: u8::try_from(hex(slot, 31)?).ok()?,
        function: u8::try_from(hex(function, 7)?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_their_names() {
        let mut tune = IoTune::default();
        tune.set("read_bytes_sec", 1 << 20).unwrap();
        assert_eq!(tune.read_bytes_sec, Some(1 << 20));
        assert_eq!(tune.conflict(), None);
        tune.set("total_bytes_sec", 1 << 20).unwrap();
        assert!(tune.conflict().is_some());
        let error = MemTune::default().set("min_guarantee", 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "memtune is \"min_guarantee\", expected one of hard_limit, soft_limit, swap_hard_limit"
        );
    }

    #[test]
    fn a_disk_of_its_own_limits_has_only_those() {
        let mut tuning = Tuning::default();
        tuning.iotune.set("total_iops_sec", 100).unwrap();
        let mut own = IoTune::default();
        own.set("write_iops_sec", 5).unwrap();
        tuning.iotune_of.push(("scsi0:1".to_owned(), own));
        assert_eq!(tuning.iotune("SCSI0:1"), own);
        assert_eq!(tuning.iotune("scsi0:0").total_iops_sec, Some(100));
    }

    #[test]
    fn versions_are_ordered_by_number() {
        let version = |text: &str| text.parse::<LibvirtVersion>().unwrap();
        assert!(version("10.0.0") > version("9.10"));
        assert_eq!(version("9"), LibvirtVersion::default());
        for text in ["", "x", "9.x", "9.0.x", "-1"] {
            assert!(text.parse::<LibvirtVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn pci_addresses_are_hexadecimal() {
        let address = "0000:3b:1f.7".parse::<PciAddress>().unwrap();
        assert_eq!((address.bus, address.slot, address.function), (0x3b, 31, 7));
        assert_eq!("03:00.0".parse::<PciAddress>().unwrap().domain, 0);
        for text in ["", "03:00", "03:20.0", "03:00.8", "+3:00.0", "100:03:00.0x"] {
            assert!(text.parse::<PciAddress>().is_err(), "{text}");
        }
    }
}
