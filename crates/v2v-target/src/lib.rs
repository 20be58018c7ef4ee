//! What a KVM machine is to be, whatever it is made from.
//!
//! Three things decide on every device: what the caller wants ([`Policy`]), what the guest can drive ([`guest`]) and what
//! was seen of it ([`Evidence`]). [`device`] brings them together, one function for one decision, each with its reason;
//! [`network`] says which network becomes which; [`finding`] has the ids of what a person may have to know.
//!
//! No source format is known here. A translator reads its source, asks, writes the answer, and tells what it means.
//!
//! ```
//! use v2v_target::device::{Facts, SourceBus};
//! use v2v_target::guest::Guest;
//! use v2v_target::policy::DiskBus;
//! use v2v_target::Policy;
//!
//! let policy = Policy::default();
//! let guest = Guest::from_vmware(Some("windows7-64"), None, &[]);
//! let facts = Facts { policy: &policy, guest: &guest, evidence: None };
//! // Windows has no virtio driver until somebody stages one, and QEMU has no LSI 53C1030.
//! assert_eq!(facts.disk_bus("scsi0:0", SourceBus::LsiLogic).bus, DiskBus::Sata);
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

pub mod console;
pub mod device;
pub mod evidence;
pub mod finding;
pub mod guest;
pub mod network;
pub mod policy;

pub use evidence::{DiskEvidence, Evidence, FileEvidence, GuestEvidence};
pub use policy::Policy;
