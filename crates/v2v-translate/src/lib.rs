//! From a VMware configuration to a libvirt domain for KVM, with every setting accounted for.
//!
//! [`translate`] is a pure function: the configuration, what the caller wants ([`Policy`]) and what the caller saw
//! beside the configuration ([`Evidence`]) go in; the domain, the fate of every key and the findings come out
//! ([`Translation`]). It opens no file, asks nobody, and gives the same answer to the same question.
//!
//! A setting walks one way: key -> typed view (`v2v-vmx`) -> rule (`vmx` in this crate) -> domain and finding. What does
//! not depend on the source's format is decided in `v2v-target`: [`guest`] (what a guest can drive), [`device`] (which
//! device takes the place of which), [`network`] (which network becomes which).
//!
//! ```
//! use v2v_translate::{Evidence, Policy, translate};
//! use v2v_vmx::{Document, ParseOptions};
//!
//! let text = b"displayName = \"web01\"\nmemsize = \"2048\"\nguestOS = \"debian12-64\"\n";
//! let document = Document::parse(text, &ParseOptions::default())?;
//! let translation = translate(&document, &Policy::default(), &Evidence::default());
//! assert_eq!(translation.domain.name, "web01");
//! assert!(translation.settings.iter().all(|setting| setting.to.is_some()));
//! # Ok::<(), v2v_vmx::Error>(())
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

mod ignored;
mod ledger;
mod translation;
mod vmx;

pub use translation::{DiskLink, Translation};
pub use v2v_target::{
    DiskEvidence, Evidence, FileEvidence, GuestEvidence, Policy, device, evidence, finding, guest,
    network, policy,
};
pub use vmx::{translate, wanted_files};
