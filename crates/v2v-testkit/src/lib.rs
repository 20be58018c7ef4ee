//! Test support: disk image generators, oracles and fault injection.
//!
//! The generators write every image from the format's description, byte offset by byte offset, and this crate depends
//! on no other crate of the workspace. So a reader that misunderstands a field cannot agree with its own mistake here.
//!
//! - [`disk`]: what the guest should see, a function from offset to byte that needs no memory for the disk.
//! - [`vmdk`]: generators for every VMDK kind, each with its knobs, and chains of them.
//! - [`golden`]: files that say what a program said.
//! - [`fault`]: a valid image with one field broken, every prefix of a header.
//! - [`qemu`]: `qemu-img` and `qemu-io` as the second opinion.
//! - [`libvirt`]: the schema, the parser and the QEMU driver of libvirt, and QEMU itself, as the second opinion on a domain.
//! - [`corpus`]: files made by real products, which lie outside the project.
//! - [`temp`]: a directory that goes away.
//!
//! Everything panics on failure: an I/O error in a test directory is a failed test, not a case to handle.
//!
//! ```
//! use v2v_testkit::{disk::Content, vmdk::{Generate, Sparse}};
//!
//! let guest = Content::mixed(7, 1 << 20);
//! let (image, layout) = Sparse { grain_sectors: 16, ..Sparse::new(guest.clone()) }.build();
//! assert_eq!(&image[..4], b"KDMV");
//! let first = &layout.grains[0];
//! assert_eq!(image[first.offset as usize..][..512], guest.read(first.grain * 16 * 512, 512));
//! ```
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a panic is how a test fails"
)]

pub mod corpus;
pub mod disk;
pub mod fault;
pub mod golden;
pub mod libvirt;
pub mod qemu;
pub mod target;
pub mod temp;
pub mod vmdk;

/// Bytes in a sector, in every format here.
pub const SECTOR: u64 = 512;
