//! Disk images as files: which format, which chain, which target.
//!
//! The only crate that knows all formats. [`open`] follows a snapshot chain through the open gate and gives one disk
//! with the facts of every link; [`TargetFormat::create`] makes what a conversion writes into.
//!
//! A format is decided once, here, by content. Raw is never guessed: a guest writes its own disk, and a guest that puts
//! a qcow2 header there must not choose which host file is opened next.
//!
//! ```no_run
//! use std::path::Path;
//! use v2v_disk::DiskImage;
//! use v2v_image::{OpenOptions, open};
//!
//! let opened = open(Path::new("web01-000001.vmdk"), &OpenOptions::default())?;
//! println!("{} bytes in {} images", opened.chain.virtual_size(), opened.links.len());
//! # Ok::<(), v2v_image::Error>(())
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

mod create;
mod detect;
mod error;
mod link;
mod open;

pub use create::TargetFormat;
pub use detect::{Format, detect};
pub use error::Error;
pub use link::{Details, ExtentInfo, LinkFacts, Qcow2Facts, VmdkFacts};
pub use open::{OpenOptions, Opened, open};
