//! What a conversion writes: the trait every format's writer implements.

use crate::{Result, TargetFile};

/// A target image that is being written, once, in guest order.
///
/// The engine reads, scans and encodes on many threads, then calls [`TargetImage::place`] for one batch after the other
/// in ascending guest order, then writes what `place` said on many threads again. Offsets are handed out in order, so
/// the bytes of the target do not depend on the number of threads.
pub trait TargetImage: Send + Sync {
    /// Size in bytes of the disk as the guest sees it.
    fn virtual_size(&self) -> u64;

    /// The unit in bytes in which data is placed; pieces start at its multiples. A power of two.
    fn cluster_size(&self) -> u64;

    /// Whether ranges of zeros must be passed to [`TargetImage::place`], because the target has a backing file or
    /// allocates everything. Otherwise what is never placed reads as zeros.
    fn wants_zeros(&self) -> bool;

    /// Whether a backing file answers for what is never placed.
    fn has_backing(&self) -> bool {
        false
    }

    /// Whether clusters are encoded before they are stored.
    fn encodes(&self) -> bool {
        false
    }

    /// An encoder for one worker; `None` if clusters are stored as they are.
    ///
    /// # Errors
    ///
    /// If the compressor can't be set up.
    fn encoder(&self) -> Result<Option<Box<dyn ClusterEncoder>>> {
        Ok(None)
    }

    /// Gives pieces their places and appends to `writes` what must be written where.
    ///
    /// Called with ascending guest offsets, never by two threads at once. Encoded pieces come with their stored length.
    ///
    /// # Errors
    ///
    /// If metadata can't be written, or the format can't address that much.
    fn place(&self, pieces: &[Piece], writes: &mut Vec<WriteOp>) -> Result<()>;

    /// The file the writes go to.
    fn file(&self) -> &TargetFile;

    /// Writes what is left of the metadata, the header last. All writes have been done when this is called.
    ///
    /// # Errors
    ///
    /// If writing fails.
    fn finish(&self) -> Result<TargetSummary>;

    /// Gives up the file, to commit or to drop it.
    fn into_file(self: Box<Self>) -> TargetFile;
}

/// Turns clusters into what the target stores; one object a thread.
pub trait ClusterEncoder: Send {
    /// Appends the stored form of one whole cluster to `out`; `false`, with `out` as it was, if it is better stored as it
    /// is.
    ///
    /// # Errors
    ///
    /// If the compressor fails.
    fn encode(&mut self, cluster: &[u8], out: &mut Vec<u8>) -> Result<bool>;
}

/// A piece of the disk on its way into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Whole clusters, stored as they are; the last one of the disk may be cut at the virtual size.
    Stored {
        /// First guest byte.
        offset: u64,
        /// Guest bytes.
        len: u64,
    },
    /// One cluster in encoded form.
    Encoded {
        /// First guest byte.
        offset: u64,
        /// Bytes it takes in the target.
        stored: u64,
    },
    /// Clusters that read as zeros; passed only if the target wants them.
    Zero {
        /// First guest byte.
        offset: u64,
        /// Guest bytes.
        len: u64,
    },
}

/// One write that [`TargetImage::place`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOp {
    /// Index of the piece in the batch.
    pub piece: usize,
    /// Bytes of the piece (guest bytes, or encoded bytes) before this write.
    pub skip: u64,
    /// Position in the target file.
    pub at: u64,
    /// Bytes to write; zeros for [`Piece::Zero`].
    pub len: u64,
}

/// What a finished target came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetSummary {
    /// Length of the file in bytes.
    pub file_len: u64,
    /// Bytes of it that are metadata.
    pub metadata_len: u64,
}

impl TargetSummary {
    /// A summary.
    pub fn new(file_len: u64, metadata_len: u64) -> TargetSummary {
        TargetSummary {
            file_len,
            metadata_len,
        }
    }
}

/// How much of the target is allocated beforehand, in qemu-img's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preallocation {
    /// Nothing: what reads as zeros takes no space.
    #[default]
    Off,
    /// Every cluster has its place; the data area stays a hole.
    Metadata,
    /// As `Metadata`, and the file system reserves the blocks.
    Falloc,
    /// As `Metadata`, and zeros are written.
    Full,
}
