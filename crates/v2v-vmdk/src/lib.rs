//! VMware virtual disks (VMDK): reader.
//!
//! A VMDK is a text descriptor and one or more extents that hold the sectors. [`Vmdk`] opens one link of a chain and is
//! a [`v2v_disk::DiskImage`]; [`VmdkStream`] reads a streamOptimized disk front to back from a pipe.
//!
//! | extent | file | read as |
//! |---|---|---|
//! | `SPARSE` | hosted sparse ("KDMV"), versions 1 to 3 | grains, plain or compressed; descriptor inside or not |
//! | `VMFSSPARSE` | redo log of ESXi ("COWD") | grains, often of one sector |
//! | `SESPARSE` | redo log on VMFS 6 | grains of 4 KiB |
//! | `FLAT`, `VMFS` | raw bytes | data; holes of the host file as zeros |
//! | `ZERO`, `NOACCESS` | none | zeros |
//!
//! How a disk is read follows from its extents and their first bytes; `createType` decides nothing but what is refused.
//! Refused by name, with what to do: raw device maps and other devices, encrypted disks, native snapshots, vSAN objects,
//! change tracking files, an extent without its descriptor, seSparse files with a journal to replay.
//!
//! Sources: VMware "Virtual Disk Format" 1.1 and 5.0; where they are silent or wrong, QEMU's `block/vmdk.c`, open-vmdk,
//! libvmdk and files of VMware's own tools. Unlike QEMU, nothing is left out or made up in silence: `RDONLY`, `ZERO` and
//! `NOACCESS` extents count, table entries past the end of a file and compressed grains in the wrong place are errors, a
//! flat file that is too short is one as well, and a broken grain directory is replaced by its redundant copy.
//!
//! ```
//! use std::sync::Arc;
//! use v2v_disk::{Bytes, DiskImage, MapKind, NoGate};
//! use v2v_vmdk::{Options, Vmdk};
//!
//! let text = "version=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"custom\"\nRW 2048 ZERO\n";
//! let source = Arc::new(Bytes::new("empty.vmdk", text.as_bytes().to_vec()));
//! let disk = Vmdk::open(source, &NoGate, &Options::default())?;
//! assert_eq!(disk.virtual_size(), 1 << 20);
//! assert!(matches!(disk.map(0, u64::MAX)?.kind, MapKind::Zero));
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

mod cowd;
pub mod descriptor;
mod error;
mod extents;
mod flat;
mod grains;
mod header;
mod io;
mod opening;
mod options;
mod packed;
mod probe;
mod rebuild;
mod sesparse;
mod sparse;
mod stream;
mod table_cache;
mod vmdk;

pub use descriptor::Descriptor;
pub use error::Error;
pub use options::Options;
pub use probe::is_vmdk;
pub use stream::VmdkStream;
pub use vmdk::{ExtentFacts, Vmdk};
