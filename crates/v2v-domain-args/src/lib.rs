//! The options of every program that writes domain XML: what the domain is to look like, whatever it is made from.
//!
//! [`DomainArgs`] is a part of a program's argument struct; [`DomainArgs::apply`] puts what was asked for into a
//! [`Policy`](v2v_target::Policy). A program for Xen domains adds [`XenArgs`] and passes its command through [`for_xen`].
//! [`VirtV2vArgs`] are the options of virt-v2v that such a program has no use for.
//!
//! ```
//! use clap::Parser;
//! use v2v_domain_args::{DomainArgs, ONE_DASH};
//! use v2v_target::Policy;
//!
//! #[derive(Parser)]
//! struct Args {
//!     #[command(flatten)]
//!     domain: DomainArgs,
//! }
//! let args = ["program", "-on", "web01", "-b", "br0"].map(Into::into);
//! let args = Args::parse_from(v2v_cli::spell_out(args, ONE_DASH));
//! let mut policy = Policy::default();
//! args.domain.apply(&mut policy)?;
//! assert_eq!(policy.name.as_deref(), Some("web01"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
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

mod domain;
mod virt_v2v;
mod xen;

pub use domain::{DomainArgs, ONE_DASH, absolute};
pub use virt_v2v::{Input, VIRT_V2V_ONE_DASH, VirtV2vArgs};
pub use xen::{XenArgs, check_xen, for_xen};
