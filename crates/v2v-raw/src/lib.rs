//! Raw disk images: the bytes of the disk, nothing else.
//!
//! There is no magic number, so a raw image is never recognised, only declared: an unknown file opened as raw would
//! hand a guest whatever it contains.
//!
//! - [`RawImage`] reads; holes of the host file are reported as zeros.
//! - [`RawTarget`] writes; zeros become holes unless the target is preallocated.
//!
//! ```
//! use std::sync::Arc;
//! use v2v_disk::{Bytes, DiskImage};
//! use v2v_raw::RawImage;
//!
//! let disk = RawImage::new(Arc::new(Bytes::new("disk.raw", vec![7; 700])));
//! assert_eq!(disk.virtual_size(), 1024);
//! # Ok::<(), v2v_disk::Error>(())
//! ```
#![forbid(unsafe_code)]
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

mod reader;
mod writer;

pub use reader::RawImage;
pub use writer::{RawOptions, RawTarget};
