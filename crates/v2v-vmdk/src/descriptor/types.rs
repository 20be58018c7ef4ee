//! The words of a descriptor: content ids, disk types, extent types.

use std::fmt;

/// A content id: which state of a disk's content a child was made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cid(pub u32);

impl Cid {
    /// `ffffffff`: no parent. `fffffffe`, by contrast, is the id of a disk that was never written.
    pub const NONE: Self = Self(u32::MAX);
}

/// Eight hexadecimal digits in lower case, as VMware writes it.
impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Cylinders, heads, and sectors per track of `ddb.geometry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Cylinders; old versions of QEMU wrote 0 for a small disk.
    pub cylinders: u32,
    /// Heads.
    pub heads: u32,
    /// Sectors per track.
    pub sectors: u32,
}

/// What the guest may do with an extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `RW`.
    Rw,
    /// `RDONLY`: counts and is read like the others.
    RdOnly,
    /// `NOACCESS`: takes up address space and reads as zeros.
    NoAccess,
}

impl Access {
    pub(super) const ALL: [Self; 3] = [Self::Rw, Self::RdOnly, Self::NoAccess];

    /// Returns the word in an extent line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rw => "RW",
            Self::RdOnly => "RDONLY",
            Self::NoAccess => "NOACCESS",
        }
    }
}

/// How the file of an extent is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtentKind {
    /// `FLAT`: the sectors as they are, from an offset on.
    Flat,
    /// `SPARSE`: a hosted sparse file ("KDMV").
    Sparse,
    /// `ZERO`: zeros, no file.
    Zero,
    /// `VMFS`: the sectors as they are.
    Vmfs,
    /// `VMFSSPARSE`: a redo log ("COWD").
    VmfsSparse,
    /// `VMFSRDM`: pointer to a raw device, only meaningful on a VMFS volume.
    VmfsRdm,
    /// `VMFSRAW`: a device of an ESX host.
    VmfsRaw,
    /// `SESPARSE`: a space-efficient redo log.
    SeSparse,
    /// `VSANSPARSE`: a redo log in a vSAN object store; seen in ESXi 6.0, not in the specification.
    VsanSparse,
}

impl ExtentKind {
    pub(super) const ALL: [Self; 9] = [
        Self::Flat,
        Self::Sparse,
        Self::Zero,
        Self::Vmfs,
        Self::VmfsSparse,
        Self::VmfsRdm,
        Self::VmfsRaw,
        Self::SeSparse,
        Self::VsanSparse,
    ];

    /// Returns the word in an extent line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "FLAT",
            Self::Sparse => "SPARSE",
            Self::Zero => "ZERO",
            Self::Vmfs => "VMFS",
            Self::VmfsSparse => "VMFSSPARSE",
            Self::VmfsRdm => "VMFSRDM",
            Self::VmfsRaw => "VMFSRAW",
            Self::SeSparse => "SESPARSE",
            Self::VsanSparse => "VSANSPARSE",
        }
    }
}

/// The kind of a disk, from `createType`.
///
/// How a disk is read follows from its extents; the type says what else to expect, and what to refuse.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CreateType {
    /// One sparse file with the descriptor inside.
    MonolithicSparse,
    /// One flat file.
    MonolithicFlat,
    /// One sparse file with compressed grains, made for transport.
    StreamOptimized,
    /// Sparse files of about 2 or 4 GiB. The specification spells it `2GbMaxExtentSparse`.
    TwoGbMaxExtentSparse,
    /// Flat files of about 2 or 4 GiB. The specification spells it `2GbMaxExtentFlat`.
    TwoGbMaxExtentFlat,
    /// A flat file on VMFS, thick or thin.
    Vmfs,
    /// A flat file on VMFS with its space reserved.
    VmfsPreallocated,
    /// A flat file on VMFS, zeroed in advance.
    VmfsEagerZeroedThick,
    /// A flat file on VMFS (deprecated).
    VmfsThick,
    /// A flat file on VMFS, thin.
    VmfsThin,
    /// A redo log on VMFS (COWD).
    VmfsSparse,
    /// A space-efficient redo log on VMFS. The specification spells it `vmfsSeSparse`.
    SeSparse,
    /// A redo log in a vSAN object store.
    VsanSparse,
    /// A raw device map in virtual mode: `vmfsRDM` or `vmfsRawDeviceMap`.
    VmfsRawDeviceMap,
    /// A raw device map in physical mode: `vmfsRDMP` or `vmfsPassthroughRawDeviceMap`.
    VmfsPassthroughRawDeviceMap,
    /// A raw device of an ESX host.
    VmfsRaw,
    /// A whole device of a hosted product, or what VirtualBox takes for one.
    FullDevice,
    /// Partitions of a device.
    PartitionedDevice,
    /// Any mix of extents.
    Custom,
    /// A type we don't know, as written.
    Other(String),
}

/// Every spelling; the first of a type is the one that is written.
const CREATE_TYPES: [(&str, CreateType); 24] = [
    ("monolithicSparse", CreateType::MonolithicSparse),
    ("monolithicFlat", CreateType::MonolithicFlat),
    ("streamOptimized", CreateType::StreamOptimized),
    ("twoGbMaxExtentSparse", CreateType::TwoGbMaxExtentSparse),
    ("2GbMaxExtentSparse", CreateType::TwoGbMaxExtentSparse),
    ("twoGbMaxExtentFlat", CreateType::TwoGbMaxExtentFlat),
    ("2GbMaxExtentFlat", CreateType::TwoGbMaxExtentFlat),
    ("vmfs", CreateType::Vmfs),
    ("vmfsPreallocated", CreateType::VmfsPreallocated),
    ("vmfsEagerZeroedThick", CreateType::VmfsEagerZeroedThick),
    ("vmfsThick", CreateType::VmfsThick),
    ("vmfsThin", CreateType::VmfsThin),
    ("vmfsSparse", CreateType::VmfsSparse),
    ("seSparse", CreateType::SeSparse),
    ("vmfsSeSparse", CreateType::SeSparse),
    ("vsanSparse", CreateType::VsanSparse),
    ("vmfsRawDeviceMap", CreateType::VmfsRawDeviceMap),
    ("vmfsRDM", CreateType::VmfsRawDeviceMap),
    (
        "vmfsPassthroughRawDeviceMap",
        CreateType::VmfsPassthroughRawDeviceMap,
    ),
    ("vmfsRDMP", CreateType::VmfsPassthroughRawDeviceMap),
    ("vmfsRaw", CreateType::VmfsRaw),
    ("fullDevice", CreateType::FullDevice),
    ("partitionedDevice", CreateType::PartitionedDevice),
    ("custom", CreateType::Custom),
];

impl CreateType {
    /// Returns the type with this name, in any case and spelling. Never fails: see [`CreateType::Other`].
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        CREATE_TYPES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or_else(|| Self::Other(name.to_owned()), |(_, kind)| kind.clone())
    }

    /// Returns the name as VMware's products write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Other(name) = self {
            return name;
        }
        CREATE_TYPES
            .iter()
            .find(|(_, kind)| kind == self)
            .map_or("custom", |(name, _)| name)
    }
}

impl fmt::Display for CreateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
