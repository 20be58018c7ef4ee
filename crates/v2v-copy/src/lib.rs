//! The conversion engine: one pass from a source disk to a target image.
//!
//! It knows the traits of `v2v-disk` and no format. The calling thread walks [`DiskImage::map`] and cuts the disk into
//! tasks; workers read or inflate, drop zeros, encode; a turnstile lets them get their places in guest order; then they
//! write in parallel. So the target's bytes are the same for any number of threads, and memory is bounded by the number
//! of workers times a chunk.
//!
//! | function | does |
//! |---|---|
//! | [`copy`] | a random-access source into a target |
//! | [`copy_stream`] | a disk that arrives on a pipe into a target |
//! | [`digest`] | a hash of what the guest sees, to compare two images |
//!
//! [`DiskImage::map`]: v2v_disk::DiskImage::map
//!
//! ```
//! use std::sync::Arc;
//! use v2v_copy::{Algorithm, CopyOptions, NoHooks, digest};
//! # use v2v_disk::{Bytes, DiskImage, MapKind, Mapping, Result};
//! # struct Disk(Vec<u8>);
//! # impl DiskImage for Disk {
//! #     fn virtual_size(&self) -> u64 { self.0.len() as u64 }
//! #     fn map(&self, at: u64, len: u64) -> Result<Mapping> {
//! #         Ok(Mapping::new(len.min(self.virtual_size() - at), MapKind::Data(None)))
//! #     }
//! #     fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<()> {
//! #         buf.copy_from_slice(&self.0[at as usize..][..buf.len()]);
//! #         Ok(())
//! #     }
//! # }
//! let disk = Disk(vec![1; 100_000]);
//! let hash = digest(&disk, Algorithm::Blake3, &CopyOptions::default(), &NoHooks)?;
//! assert_eq!(hash.block_size, 65536);
//! # Ok::<(), v2v_copy::Error>(())
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

mod digest;
mod engine;
mod error;
mod options;
mod plan;
mod rate;
mod salvage;
mod turnstile;
mod worker;

pub use digest::{Algorithm, DiskDigest};
pub use engine::{copy, copy_stream, digest};
pub use error::Error;
pub use options::{CopyOptions, CopyReport, Hooks, NoHooks, Progress, Reflink};
pub use rate::RateLimit;
