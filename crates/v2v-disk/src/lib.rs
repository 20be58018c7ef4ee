//! The seam between disk formats, the copy engine and the operating system.
//!
//! A disk walks one way: file -> format -> overlay -> engine -> target.
//!
//! | step | type |
//! |---|---|
//! | bytes at positions | [`ReadAt`]: [`HostFile`], [`MappedFile`], [`Bytes`] |
//! | files that another file names | [`OpenGate`]: [`DirGate`] |
//! | what the guest sees | [`DiskImage`]: a format's reader, [`Chain`], [`Overlay`] |
//! | a disk that arrives as a stream | [`DiskStream`] |
//! | what a conversion writes | [`TargetImage`] over a [`TargetFile`] |
//!
//! Formats implement the traits and know nothing of files, threads or other formats. This crate is also the only one
//! that talks to the operating system about files; the two system calls without a safe wrapper live in `sys`.
//!
//! ```
//! use std::sync::Arc;
//! use v2v_disk::{Bytes, ReadAt};
//!
//! let source = Bytes::new("example", vec![1, 2, 3, 4]);
//! let mut two = [0; 2];
//! source.read_exact_at(1, &mut two)?;
//! assert_eq!(two, [2, 3]);
//! # Ok::<(), std::io::Error>(())
//! ```
#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects,
        reason = "tests"
    )
)]

mod chain;
mod error;
mod gate;
mod image;
mod limits;
mod mapped;
mod overlay;
mod source;
mod stream;
mod sys;
mod target;
mod target_file;
mod warning;

pub use chain::Chain;
pub use error::{Class, Error, FormatError, Result};
pub use gate::{DirGate, FileName, GateError, NoGate, OpenGate, Purpose, UsedFile};
pub use image::{DiskImage, HostRange, MapKind, Mapping, is_zero};
pub use limits::Limits;
pub use mapped::MappedFile;
pub use overlay::Overlay;
pub use source::{Bytes, FileId, HostFile, ReadAt, Source};
pub use stream::{Decode, DiskStream, StoredGrain};
pub use target::{ClusterEncoder, Piece, Preallocation, TargetImage, TargetSummary, WriteOp};
pub use target_file::{Existing, TargetFile};
pub use warning::Warning;

/// Raises this process's limit of open files as far as it may: a split disk of some terabytes has thousands of extents.
///
/// For programs, at their start; nothing in the libraries calls it.
pub fn raise_open_file_limit() {
    sys::raise_open_file_limit();
}
