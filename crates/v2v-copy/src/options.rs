//! What a caller can choose, watch and learn.

use std::num::NonZeroUsize;
use std::ops::Range;

use v2v_disk::TargetSummary;

use crate::{Algorithm, DiskDigest};

/// Whether data is moved by sharing blocks between source and target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reflink {
    /// Where both files lie on a file system that can; shared data is not scanned for zeros.
    #[default]
    Auto,
    /// All data must be shared; anything else is an error.
    Always,
    /// Never: the target's bytes depend on the disk's content alone, not on the file system.
    Never,
}

/// How a copy is done. The target's content never depends on it, and its bytes only on `hole_size`, `reflink` and
/// `keep_below`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopyOptions {
    /// Workers; by default as many as the host has processors.
    pub threads: NonZeroUsize,
    /// Aligned runs of this many zero bytes become holes, at least the target's cluster size. 0 scans nothing: what the
    /// source stores is stored, what it does not store stays a hole.
    pub hole_size: u64,
    /// Whether blocks are shared.
    pub reflink: Reflink,
    /// Hash what the guest sees while copying.
    pub digest: Option<Algorithm>,
    /// Parts that can't be read become zeros and are listed, instead of ending the copy.
    pub salvage: bool,
    /// Parts that an image of at least this depth of the source chain answers are left to the target's backing file.
    pub keep_below: Option<u32>,
    /// Memory in bytes for the buffers of all workers.
    pub memory: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        CopyOptions {
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            hole_size: 4096,
            reflink: Reflink::Auto,
            digest: None,
            salvage: false,
            keep_below: None,
            memory: 24 << 20,
        }
    }
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Guest bytes that are done.
    pub done: u64,
    /// Guest bytes in all.
    pub total: u64,
}

/// How the caller takes part in a copy. Called from any worker.
pub trait Hooks: Sync {
    /// The copy has come further; called often, must be cheap.
    fn progress(&self, _progress: Progress) {}

    /// Whether the copy should stop; it then ends with [`v2v_disk::Error::Cancelled`].
    fn cancelled(&self) -> bool {
        false
    }

    /// About to read `bytes`; blocks for as long as a rate limit demands.
    fn admit(&self, _bytes: u64) {}
}

/// No progress, no limit, no way to stop.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// What a copy came to. All sizes are in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyReport {
    /// Size of the disk as the guest sees it.
    pub virtual_size: u64,
    /// Guest bytes that were read from the source.
    pub read: u64,
    /// Guest bytes that the target stores, in whatever form.
    pub stored: u64,
    /// Guest bytes that were left to the backing file; only with `keep_below`.
    pub below: u64,
    /// Of those that are stored, how many are compressed.
    pub encoded: u64,
    /// Of those that are stored, how many share their blocks with the source.
    pub cloned: u64,
    /// Guest ranges that could not be read and are zeros now; only with `salvage`.
    pub unreadable: Vec<Range<u64>>,
    /// The first error behind `unreadable`.
    pub first_unreadable: Option<String>,
    /// Hash of what the guest sees, if asked for.
    pub digest: Option<DiskDigest>,
    /// What the target's format says of it.
    pub target: TargetSummary,
}
