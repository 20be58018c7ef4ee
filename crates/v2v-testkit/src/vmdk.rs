//! VMDK images of every kind, written by byte offset.
//!
//! Written from VMware's "Virtual Disk Format 5.0" technical note, with the corrections that real files teach: zlib and
//! not raw deflate in compressed grains, the layout of COWD and seSparse headers, and the orders of markers met in the
//! wild. All integers are little-endian and sectors are 512 bytes.
//!
//! - One extent file: [`Sparse`] (hosted sparse), [`Stream`] (streamOptimized), [`Cowd`] (vmfsSparse), [`SeSparse`]. All
//!   implement [`Generate`].
//! - The text: [`Descriptor`] and [`ExtentLine`].
//! - A descriptor and its extents in a directory: [`write_parts`] for any mix, [`Kind::write`] for the usual kinds.
//! - [`Chain`]: a base and deltas over it. [`huge_scattered`]: a 16 TiB disk in a few megabytes.

mod chain;
mod cowd;
mod descriptor;
mod header;
mod parts;
mod sesparse;
mod sparse;
mod stream;

use std::path::{Path, PathBuf};

pub use chain::{Chain, WrittenChain};
pub use cowd::{Cowd, CowdRole};
pub use descriptor::{Descriptor, ExtentLine, KeyCase, Lineage, Parent};
pub use header::{
    FLAG_COMPRESSED, FLAG_MARKERS, FLAG_NEWLINE, FLAG_REDUNDANT, FLAG_ZEROED, GD_AT_END, Header,
};
pub use parts::{Kind, Part, Store, Written, write_parts};
pub use sesparse::{SeSparse, SeZero};
pub use sparse::{Place, Sparse, ZeroGrains, descriptor_only, huge_scattered};
pub use stream::{Flavor, GrainFault, MarkerForm, Stream};

use crate::disk::{Content, Rng};
use crate::target::{SparseFile, Target};

/// An image in one file.
pub trait Generate {
    /// Writes the image and says where its parts went.
    fn emit(&self, out: &mut dyn Target) -> Layout;

    /// What the guest reads, with what grains hide of a parent; see [`Content::aligned`].
    fn expected(&self) -> Content;

    /// The image in memory, and where its parts are.
    fn build(&self) -> (Vec<u8>, Layout) {
        let mut bytes = Vec::new();
        let layout = self.emit(&mut bytes);
        (bytes, layout)
    }

    /// The image in memory.
    fn to_bytes(&self) -> Vec<u8> {
        self.build().0
    }

    /// Writes the image as a file in which zeros are holes, without holding it in memory.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    fn write_file(&self, path: &Path) -> Layout {
        self.emit(&mut SparseFile::create(path))
    }
}

/// Where the parts of an image lie, in bytes from its start. A fault test finds its field from here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The grain directory that counts.
    pub gd: u64,
    /// The redundant grain directory.
    pub rgd: Option<u64>,
    /// Grain tables of `gd`: the number of the directory entry, the offset of the table. Ascending by number.
    pub tables: Vec<(u64, u64)>,
    /// Grain tables of `rgd`.
    pub redundant_tables: Vec<(u64, u64)>,
    /// Stored grains in the order in which they lie in the file.
    pub grains: Vec<GrainAt>,
    /// The marker before the footer; the footer follows 512 bytes later.
    pub footer_marker: Option<u64>,
    /// The end-of-stream marker.
    pub eos: Option<u64>,
    /// The length of the file.
    pub len: u64,
}

impl Layout {
    /// Where the table entry of `grain` stands, in bytes; `None` if its table is absent. `per_table` is the number of
    /// entries in a table, `width` the bytes of an entry: 512 and 4 for hosted disks, 4096 and 4 for COWD, 4096 and 8
    /// for seSparse.
    pub fn entry(&self, grain: u64, per_table: u64, width: u64) -> Option<u64> {
        let table = self
            .tables
            .iter()
            .find(|(number, _)| *number == grain / per_table);
        table.map(|(_, at)| at + grain % per_table * width)
    }
}

/// A stored grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrainAt {
    /// Number of the grain on the guest's disk, from 0.
    pub grain: u64,
    /// Where it begins in the file; of a compressed grain the marker, if it has one.
    pub offset: u64,
    /// Bytes it takes there, without padding to a sector.
    pub len: u64,
}

/// In which order grains lie in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As on the guest's disk; what exports and fresh copies have.
    #[default]
    Ascending,
    /// Last grain first.
    Descending,
    /// Random by seed, like a disk that was in use.
    Shuffled(u64),
}

impl Order {
    fn apply<T>(self, grains: &mut [T]) {
        match self {
            Self::Ascending => {}
            Self::Descending => grains.reverse(),
            Self::Shuffled(seed) => Rng::new(seed).shuffle(grains),
        }
    }
}

/// Writes the bytes of a descriptor as a text file.
///
/// # Panics
///
/// If the file cannot be written.
pub fn write_text(path: &Path, descriptor: &Descriptor) -> PathBuf {
    std::fs::write(path, descriptor.render())
        .unwrap_or_else(|err| panic!("{}: {err}", path.display()));
    path.to_owned()
}

/// Sets the little-endian `value` at byte `at`.
fn set<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

/// A sector number as grain tables of 32 bits hold it.
fn sector32(sector: u64) -> u32 {
    u32::try_from(sector).expect("a grain table of 32-bit sectors reaches 2 TiB of file")
}

/// The bytes of a table of 32-bit entries.
fn table32(entries: &[u32]) -> Vec<u8> {
    entries
        .iter()
        .flat_map(|entry| entry.to_le_bytes())
        .collect()
}
