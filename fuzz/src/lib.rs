//! What the fuzz targets do with their input.
//!
//! It lies here and not in `fuzz_targets` because the crates' tests take these files in as modules: every file of
//! `corpus` goes through the very same code with each `cargo test`.

pub mod domain;
pub mod qcow2;
pub mod translate;
pub mod vmdk;
pub mod vmx;
pub mod walk;
pub mod xen;
pub mod xl;
pub mod xml;
