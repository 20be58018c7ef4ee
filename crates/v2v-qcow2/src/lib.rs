//! QEMU copy-on-write images (qcow2): reader and writer.
//!
//! Source: QEMU's docs/interop/qcow2.rst; where QEMU 10.0 behaves differently, its behaviour is noted at the place.
//!
//! | feature | reading |
//! |---|---|
//! | versions 2 and 3, clusters of 512 bytes to 2 MiB, all refcount widths | yes |
//! | clusters compressed with deflate, or zstd (feature `zstd`, on by default) | yes |
//! | zero clusters, subclusters (extended L2 entries) | yes |
//! | internal snapshots | by id or name, see [`Options::snapshot`] |
//! | backing files | named by [`Qcow2::backing_file`]; the caller opens them and builds the chain |
//! | external data files | with [`Options::allow_data_file`], through the caller's gate |
//! | dirty images | with a warning |
//! | bitmaps, lazy refcounts, unknown compatible and autoclear features | ignored |
//! | images marked corrupt | with [`Options::ignore_corrupt`] |
//! | encryption (AES, LUKS), unknown incompatible features, qcow version 1 | refused by name |
//! | names that are URLs, `json:` or other protocols | refused |
//!
//! The format of a backing file is what the image says, never guessed; and no file that an image names is opened
//! without the caller's consent.
//!
//! A data cluster that begins inside the file and is cut by its end reads as zeros from there on, as in QEMU. A cluster
//! or table behind the end is an error here; QEMU reads zeros, which makes half a copy look like a whole disk.
//!
//! ```
//! use std::sync::Arc;
//! use v2v_disk::{Bytes, Class, NoGate};
//! use v2v_qcow2::{Options, Qcow2, is_qcow2};
//!
//! let source = Arc::new(Bytes::new("disk.img", b"not an image".to_vec()));
//! assert!(!is_qcow2(&*source));
//! let err = Qcow2::open(source, &NoGate, &Options::default()).unwrap_err();
//! assert_eq!(err.class(), Class::NotThisFormat);
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

mod allocator;
mod cache;
mod error;
mod header;
mod place;
mod reader;
mod snapshot;
mod table;
mod writer;

pub use error::Error;
pub use reader::{Options, Qcow2, is_qcow2};
pub use snapshot::Snapshot;
pub use v2v_codec::Compression;
pub use writer::{Backing, Compat, Qcow2Target, WriteError, WriteOptions};
