//! What the caller saw beside the configuration.
//!
//! A translation opens no file. It says which names it would like to know more about, and takes what the caller found
//! there. Everything here may be missing.

use std::collections::BTreeMap;

use crate::policy::Firmware;

/// What the caller saw beside the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// The base name of the configuration file without its extension: the name of a VM that says none.
    pub config_name: Option<String>,
    /// What lies behind the names of the configuration, by the name as it stands there. A name that is missing was not
    /// looked for.
    pub files: BTreeMap<String, FileEvidence>,
    /// What the boot disk is made for.
    pub firmware: Option<Firmware>,
    /// What the guest's own disk says.
    pub guest: Option<GuestEvidence>,
    /// Locks of a running VMware process beside the configuration.
    pub locks: Vec<String>,
    /// Names of the snapshots, from the .vmsd file.
    pub snapshots: Vec<String>,
}

/// What lies behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEvidence {
    /// Nothing, in all the places that were looked at.
    Missing {
        /// The places.
        looked: Vec<String>,
    },
    /// Something that the caller may not open, because it lies outside of the configuration's directory.
    Outside {
        /// Where it lies.
        path: String,
    },
    /// A file that is no disk image: a CD or floppy image, a pipe.
    Plain {
        /// Where it lies, absolute.
        path: String,
        /// Its length in bytes.
        len: u64,
    },
    /// A disk image.
    Disk(DiskEvidence),
    /// A disk image that can't be read.
    Broken {
        /// Where it lies.
        path: String,
        /// Why, with what was found and expected.
        error: String,
    },
}

/// A disk image, as far as its descriptor tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskEvidence {
    /// Where it lies, absolute.
    pub path: String,
    /// What the guest sees, in bytes.
    pub virtual_size: u64,
    /// `monolithicSparse`, `vmfs`, ...
    pub create_type: Option<String>,
    /// `ddb.uuid` as it stands there.
    pub uuid: Option<String>,
    /// The files of the chain, from base to top.
    pub chain: Vec<String>,
    /// The data is a device of the old host, or a LUN.
    pub is_device: bool,
    /// A newer level of the same chain that lies beside it.
    pub newer: Option<String>,
    /// It carries boot code, an active partition or an EFI system partition; `None` if that was not looked at.
    pub bootable: Option<bool>,
}

/// What the guest's own disk says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestEvidence {
    /// Whether the guest boots from virtio-blk: its initramfs or its registry has the driver.
    pub virtio_blk: Option<bool>,
    /// Whether the guest boots from virtio-scsi.
    pub virtio_scsi: Option<bool>,
    /// Whether the guest has a driver for virtio-net.
    pub virtio_net: Option<bool>,
    /// Windows only: whether its hardware clock is UTC (`RealTimeIsUniversal`).
    pub clock_is_utc: Option<bool>,
}
