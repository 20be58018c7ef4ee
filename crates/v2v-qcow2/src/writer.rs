//! Writing an image in one pass.
//!
//! Layout: header (cluster 0), L1 table, then in guest order one L2 table before the data it maps, refcount blocks where
//! their stretch of the file is complete, the refcount table at the end. Everything is written once; the header comes
//! last, so that an interrupted file is not a qcow2 image. Only the L1 table, one L2 table and the counts of one
//! stretch are in memory.
//!
//! Clusters that read as zeros are left out; with a backing file they get the zero flag, or, in version 2 which has
//! none, zeros as data.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "guest positions are below the virtual size, which is checked against the L1 limit when the target is made"
)]

use std::sync::{Mutex, PoisonError};

use v2v_codec::{BlockEncoder, Compression};
use v2v_disk::{
    Class, ClusterEncoder, Error, FileName, FormatError, Piece, Preallocation, Result, TargetFile,
    TargetImage, TargetSummary, WriteOp,
};

use crate::allocator::{Allocator, Counted, REFCOUNT_ORDER};
use crate::header::Header;
use crate::table::{COMPRESSED, COPIED, ZERO};

/// QEMU refuses larger L1 tables.
const L1_MAX: u64 = 32 << 20;

/// The version of the format, in qemu-img's words for `compat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compat {
    /// `0.10`: version 2; no zero flag, no zstd.
    V2,
    /// `1.1`: version 3.
    #[default]
    V3,
}

/// The image below the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backing {
    /// The name that is written into the header, relative to the target's directory or absolute.
    pub name: String,
    /// Its format, `qcow2` or `raw`: readers must not guess it.
    pub format: String,
}

/// How a qcow2 target is made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Bytes of a cluster: a power of two from 512 to 2 MiB.
    pub cluster_size: u64,
    /// Version of the format.
    pub compat: Compat,
    /// What the header declares for compressed clusters.
    pub compression: Compression,
    /// Compress at this level; the levels are those of [`BlockEncoder::new`].
    pub compress: Option<i32>,
    /// What is allocated beforehand.
    pub preallocation: Preallocation,
    /// The image below.
    pub backing: Option<Backing>,
}

impl WriteOptions {
    /// Length in bytes of an image of `virtual_size` bytes that stores `clusters` uncompressed clusters, as
    /// [`Qcow2Target`] lays it out when every L2 table is needed: never too small.
    pub fn file_size(&self, virtual_size: u64, clusters: u64) -> u64 {
        let cluster = self.cluster_size;
        let l1 = l1_entries(virtual_size, cluster);
        let tables = l1.min(clusters);
        let used = 1 + (l1 * 8).div_ceil(cluster) + tables + clusters;
        let counted = cluster / 2;
        // Refcount blocks and table count themselves; both are small against what they count.
        let blocks = (used + used.div_ceil(counted) + 2).div_ceil(counted);
        (used + blocks + (blocks * 8).div_ceil(cluster)) * cluster
    }
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions {
            cluster_size: 64 << 10,
            compat: Compat::V3,
            compression: Compression::Deflate,
            compress: None,
            preallocation: Preallocation::Off,
            backing: None,
        }
    }
}

/// Options or sizes that make no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Not a power of two from 512 to 2 MiB.
    #[error("cluster size is {found}, expected a power of two from 512 to 2097152")]
    ClusterSize {
        /// What was asked for.
        found: u64,
    },
    /// The L1 table would be larger than QEMU reads.
    #[error("a disk of {size} bytes needs clusters of at least {needed} bytes, found {found}")]
    TooLarge {
        /// Virtual size in bytes.
        size: u64,
        /// Cluster size asked for.
        found: u64,
        /// Cluster size that is enough.
        needed: u64,
    },
    /// Two options that exclude each other.
    #[error("{0} can't be combined with {1}")]
    Conflict(&'static str, &'static str),
    /// The backing file's name or format does not fit the header.
    #[error("backing file name of {len} bytes, expected 1 to 1023 without NUL")]
    BackingName {
        /// Length in bytes.
        len: usize,
    },
    /// The compressor can't be set up.
    #[error(transparent)]
    Encoder(#[from] v2v_codec::EncoderError),
    /// A compressed cluster lies further out than its entry can say.
    #[error(
        "the file grew past {limit} bytes, which compressed clusters of this size can't address"
    )]
    Address {
        /// The limit in bytes.
        limit: u64,
    },
    /// The refcount table would be larger than QEMU reads.
    #[error(
        "the file grew past {limit} bytes, whose clusters of {cluster_size} bytes QEMU can't count; use larger clusters"
    )]
    RefcountTable {
        /// The limit in bytes.
        limit: u64,
        /// Bytes of a cluster.
        cluster_size: u64,
    },
}

impl FormatError for WriteError {
    fn class(&self) -> Class {
        match self {
            WriteError::TooLarge { .. }
            | WriteError::Address { .. }
            | WriteError::RefcountTable { .. } => Class::Limit,
            _ => Class::Unsupported,
        }
    }
}

/// A qcow2 image that is being written.
#[derive(Debug)]
pub struct Qcow2Target {
    file: TargetFile,
    virtual_size: u64,
    options: WriteOptions,
    l1_offset: u64,
    state: Mutex<State>,
}

/// What `place` changes.
#[derive(Debug)]
struct State {
    allocator: Allocator,
    l1: Vec<u64>,
    open: Option<OpenTable>,
    l2_tables: u64,
}

/// The L2 table that the walk is in.
#[derive(Debug)]
struct OpenTable {
    index: usize,
    offset: u64,
    entries: Vec<u64>,
}

impl Qcow2Target {
    /// An image of `virtual_size` bytes in `file`, which is empty.
    ///
    /// # Errors
    ///
    /// [`WriteError`] inside [`Error::Format`] if the options don't fit each other or the size.
    pub fn create(
        file: TargetFile,
        virtual_size: u64,
        options: WriteOptions,
    ) -> Result<Qcow2Target> {
        if let Err(error) = check(virtual_size, &options) {
            return Err(Error::format(file.path(), error));
        }
        let cluster = options.cluster_size;
        let l1_len = l1_entries(virtual_size, cluster);
        let mut allocator = Allocator::new(cluster);
        allocator.clusters(1);
        // None for a disk of no bytes: QEMU takes a cluster of an empty table for a leak.
        let l1_offset = allocator.clusters((l1_len * 8).div_ceil(cluster));
        allocator.flush(&file)?;
        let state = State {
            allocator,
            l1: vec![0; l1_len as usize],
            open: None,
            l2_tables: 0,
        };
        let target = Qcow2Target {
            file,
            virtual_size,
            options,
            l1_offset,
            state: Mutex::new(state),
        };
        // A backing name that does not fit beside the header is an error now, not after hours of copying.
        target.encode_header(l1_len, Counted::default())?;
        Ok(target)
    }

    fn l2_entries(&self) -> u64 {
        self.options.cluster_size / 8
    }

    /// Bit where the sector count of a compressed entry begins.
    fn compressed_shift(&self) -> u32 {
        70 - self.options.cluster_size.trailing_zeros()
    }

    /// Maps the clusters of a guest range to new host clusters in a row, or in rows where a table lies between them.
    fn place_clusters(
        &self,
        state: &mut State,
        index: usize,
        offset: u64,
        len: u64,
        writes: Option<&mut Vec<WriteOp>>,
    ) -> Result<()> {
        let cluster = self.options.cluster_size;
        let mut ops = writes;
        let mut skip = 0;
        while skip < len {
            let first = (offset + skip) / cluster;
            let room = self.l2_entries() - first % self.l2_entries();
            let count = (len - skip).div_ceil(cluster).min(room);
            state.open_table(&self.file, self.options.cluster_size, first)?;
            let at = state.allocator.clusters(count);
            state.set(first, (0..count).map(|i| (at + i * cluster) | COPIED));
            let bytes = (count * cluster).min(len - skip);
            if let Some(ops) = &mut ops {
                ops.push(WriteOp {
                    piece: index,
                    skip,
                    at,
                    len: bytes,
                });
            }
            skip += bytes;
            state.allocator.flush(&self.file)?;
        }
        Ok(())
    }

    fn place_encoded(
        &self,
        state: &mut State,
        index: usize,
        offset: u64,
        stored: u64,
    ) -> Result<WriteOp> {
        let guest = offset / self.options.cluster_size;
        state.open_table(&self.file, self.options.cluster_size, guest)?;
        let at = state.allocator.bytes(stored);
        let shift = self.compressed_shift();
        let end = at + stored;
        if end >> shift != 0 {
            return Err(Error::format(
                self.file.path(),
                WriteError::Address { limit: 1 << shift },
            ));
        }
        let further_sectors = (end - 1) / 512 - at / 512;
        state.set(
            guest,
            std::iter::once(COMPRESSED | (further_sectors << shift) | at),
        );
        state.allocator.flush(&self.file)?;
        Ok(WriteOp {
            piece: index,
            skip: 0,
            at,
            len: stored,
        })
    }

    fn place_zeros(
        &self,
        state: &mut State,
        index: usize,
        offset: u64,
        len: u64,
        writes: &mut Vec<WriteOp>,
    ) -> Result<()> {
        match (self.options.preallocation, self.options.compat) {
            (Preallocation::Full, _) => {
                self.place_clusters(state, index, offset, len, Some(writes))
            }
            (Preallocation::Metadata | Preallocation::Falloc, _) => {
                // The place is a hole of the new file and reads as zeros.
                self.place_clusters(state, index, offset, len, None)
            }
            (Preallocation::Off, Compat::V2) => {
                self.place_clusters(state, index, offset, len, Some(writes))
            }
            (Preallocation::Off, Compat::V3) => self.flag_zeros(state, offset, len),
        }
    }

    fn encode_header(&self, l1_entries: u64, counted: Counted) -> Result<Vec<u8>> {
        let backing = self.options.backing.as_ref();
        let header = Header {
            version: match self.options.compat {
                Compat::V2 => 2,
                Compat::V3 => 3,
            },
            cluster_bits: self.options.cluster_size.trailing_zeros(),
            size: self.virtual_size,
            l1_entries: l1_entries as u32,
            l1_offset: self.l1_offset,
            refcount_table_offset: counted.table,
            refcount_table_clusters: counted.table_clusters as u32,
            snapshot_count: 0,
            snapshots_offset: 0,
            incompatible: 0,
            compatible: 0,
            autoclear: 0,
            refcount_order: REFCOUNT_ORDER,
            compression: self.options.compression,
            backing_file: backing.map(|backing| FileName::new(&backing.name)),
            backing_format: backing.map(|backing| backing.format.clone()),
            data_file: None,
            feature_names: Vec::new(),
        };
        header
            .encode()
            .map_err(|error| Error::format(self.file.path(), error))
    }

    /// Sets the zero flag of clusters that have no place.
    fn flag_zeros(&self, state: &mut State, offset: u64, len: u64) -> Result<()> {
        let cluster = self.options.cluster_size;
        let (mut first, end) = (offset / cluster, (offset + len).div_ceil(cluster));
        while first < end {
            let count = (end - first).min(self.l2_entries() - first % self.l2_entries());
            state.open_table(&self.file, cluster, first)?;
            state.set(first, (0..count).map(|_| ZERO));
            first += count;
            state.allocator.flush(&self.file)?;
        }
        Ok(())
    }
}

impl State {
    /// Makes the L2 table of guest cluster `guest` the open one, with a place of its own if it is new.
    fn open_table(&mut self, file: &TargetFile, cluster: u64, guest: u64) -> Result<()> {
        let entries = cluster / 8;
        let index = (guest / entries) as usize;
        if self.open.as_ref().is_some_and(|open| open.index == index) {
            return Ok(());
        }
        self.close_table(file)?;
        let offset = self.allocator.clusters(1);
        self.l2_tables += 1;
        if let Some(slot) = self.l1.get_mut(index) {
            *slot = offset | COPIED;
        }
        self.open = Some(OpenTable {
            index,
            offset,
            entries: vec![0; entries as usize],
        });
        Ok(())
    }

    fn close_table(&mut self, file: &TargetFile) -> Result<()> {
        match self.open.take() {
            Some(open) => file.write_all_at(open.offset, &big_endian(&open.entries)),
            None => Ok(()),
        }
    }

    /// Sets entries of the open table from guest cluster `first` on.
    fn set(&mut self, first: u64, values: impl Iterator<Item = u64>) {
        let Some(open) = &mut self.open else { return };
        let start = (first % open.entries.len() as u64) as usize;
        for (slot, value) in open.entries.iter_mut().skip(start).zip(values) {
            *slot = value;
        }
    }
}

impl TargetImage for Qcow2Target {
    fn virtual_size(&self) -> u64 {
        self.virtual_size
    }

    fn cluster_size(&self) -> u64 {
        self.options.cluster_size
    }

    fn wants_zeros(&self) -> bool {
        self.options.backing.is_some() || self.options.preallocation != Preallocation::Off
    }

    fn has_backing(&self) -> bool {
        self.options.backing.is_some()
    }

    fn encodes(&self) -> bool {
        self.options.compress.is_some()
    }

    fn encoder(&self) -> Result<Option<Box<dyn ClusterEncoder>>> {
        let Some(level) = self.options.compress else {
            return Ok(None);
        };
        let encoder = BlockEncoder::new(self.options.compression, level)
            .map_err(|error| Error::format(self.file.path(), WriteError::from(error)))?;
        Ok(Some(Box::new(Encoder {
            encoder,
            stream: Vec::new(),
        })))
    }

    fn place(&self, pieces: &[Piece], writes: &mut Vec<WriteOp>) -> Result<()> {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, piece) in pieces.iter().enumerate() {
            match *piece {
                Piece::Stored { offset, len } => {
                    self.place_clusters(state, index, offset, len, Some(writes))?
                }
                Piece::Encoded { offset, stored } => {
                    writes.push(self.place_encoded(state, index, offset, stored)?)
                }
                Piece::Zero { offset, len } => {
                    self.place_zeros(state, index, offset, len, writes)?
                }
            }
        }
        Ok(())
    }

    fn file(&self) -> &TargetFile {
        &self.file
    }

    fn finish(&self) -> Result<TargetSummary> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.close_table(&self.file)?;
        self.file
            .write_all_at(self.l1_offset, &big_endian(&state.l1))?;
        let allocator = std::mem::replace(
            &mut state.allocator,
            Allocator::new(self.options.cluster_size),
        );
        let counted = allocator.finish(&self.file)?;
        if self.options.preallocation == Preallocation::Falloc {
            self.file.allocate(0, counted.file_len)?;
        }
        // The last write: from now on the file is an image.
        let header = self.encode_header(state.l1.len() as u64, counted)?;
        self.file.write_all_at(0, &header)?;
        let l1_clusters = (state.l1.len() as u64 * 8).div_ceil(self.options.cluster_size);
        let metadata =
            counted.overhead + (1 + l1_clusters + state.l2_tables) * self.options.cluster_size;
        Ok(TargetSummary::new(counted.file_len, metadata))
    }

    fn into_file(self: Box<Self>) -> TargetFile {
        self.file
    }
}

/// Compresses clusters with buffers of its own.
struct Encoder {
    encoder: BlockEncoder,
    stream: Vec<u8>,
}

impl ClusterEncoder for Encoder {
    fn encode(&mut self, cluster: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        let smaller = self.encoder.encode(cluster, &mut self.stream).is_some();
        if smaller {
            out.extend_from_slice(&self.stream);
        }
        Ok(smaller)
    }
}

fn big_endian(entries: &[u64]) -> Vec<u8> {
    entries.iter().copied().flat_map(u64::to_be_bytes).collect()
}

fn l1_entries(virtual_size: u64, cluster: u64) -> u64 {
    virtual_size.div_ceil(cluster * (cluster / 8))
}

fn check(virtual_size: u64, options: &WriteOptions) -> Result<(), WriteError> {
    let cluster = options.cluster_size;
    if !cluster.is_power_of_two() || !(512..=2 << 20).contains(&cluster) {
        return Err(WriteError::ClusterSize { found: cluster });
    }
    if l1_entries(virtual_size, cluster) * 8 > L1_MAX {
        let enough = |size: &u64| l1_entries(virtual_size, *size) * 8 <= L1_MAX;
        let needed = (9..=21)
            .map(|bits| 1 << bits)
            .find(enough)
            .unwrap_or(u64::MAX);
        return Err(WriteError::TooLarge {
            size: virtual_size,
            found: cluster,
            needed,
        });
    }
    if options.compat == Compat::V2 && options.compression == Compression::Zstd {
        return Err(WriteError::Conflict("compat=0.10", "compression_type=zstd"));
    }
    if options.compress.is_some() && options.preallocation != Preallocation::Off {
        return Err(WriteError::Conflict("compression", "preallocation"));
    }
    if let Some(backing) = &options.backing
        && (backing.name.is_empty() || backing.name.len() > 1023 || backing.name.contains('\0'))
    {
        return Err(WriteError::BackingName {
            len: backing.name.len(),
        });
    }
    if let Some(level) = options.compress {
        BlockEncoder::new(options.compression, level)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use v2v_disk::Existing;

    /// A count one too small cuts the stream off (QEMU says EIO), and that shows only where a stream ends just behind
    /// the border of a sector.
    #[test]
    fn the_sectors_of_a_compressed_cluster_hold_all_of_its_stream_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let file = TargetFile::create(dir.path().join("x"), Existing::Keep).unwrap();
        let options = WriteOptions {
            compress: Some(1),
            ..WriteOptions::default()
        };
        let target = Qcow2Target::create(file, 512 << 20, options).unwrap();
        let shift = target.compressed_shift();
        for guest in 0..3000u64 {
            let stored = 1 + guest * 7 % 1500;
            let mut writes = Vec::new();
            let offset = guest << 16;
            let piece = Piece::Encoded { offset, stored };
            target.place(&[piece], &mut writes).unwrap();
            let state = target.state.lock().unwrap();
            let entry = state.open.as_ref().unwrap().entries[guest as usize];
            let at = entry & ((1 << shift) - 1);
            let sectors = (entry & !COMPRESSED) >> shift;
            assert_eq!((at, stored), (writes[0].at, writes[0].len));
            let room = (sectors + 1) * 512 - at % 512;
            assert!(
                (stored..stored + 512).contains(&room),
                "{stored} bytes at {at:#x} have room for {room}"
            );
        }
    }
}
