//! From a Xen domain to a KVM domain, in place, one named rule at a time.
//!
//! A Xen domain comes as libvirt XML or as an xl or xm configuration. XML is changed where a rule says so and keeps
//! every other byte: comments, order, blanks, unknown elements. A configuration becomes the domain that libvirt makes of
//! it ([`from_xl()`]), and then goes the same way.
//!
//! Each step is a [`Rule`] with a name, an XPath, a precondition and a reason; what it did is a [`Change`]. What a person
//! has to know is a finding. Nothing here opens a file or prints.
//!
//! ```
//! use v2v_target::Policy;
//! use v2v_xen::{Evidence, RuleChoice, convert};
//!
//! let xen = "<domain type='xen'>\n  <name>web01</name>\n  <!-- kept -->\n  <memory>524288</memory>\n\
//!     \u{20}\u{20}<os><type>linux</type></os>\n</domain>\n";
//! let document = v2v_xml::Document::parse(xen, &Default::default())?;
//! let conversion = convert(document, &Policy::default(), &Evidence::default(), &RuleChoice::default())?;
//! let kvm = conversion.document.to_string();
//! assert!(kvm.starts_with("<domain type='kvm'>\n  <name>web01</name>\n  <!-- kept -->"));
//! assert!(conversion.changes.iter().any(|change| change.rule == "domain-type"));
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

mod change;
mod choice;
mod convert;
mod evidence;
mod from_xl;
mod plan;
mod rule;
mod rules;
mod source;
mod work;

pub use change::Change;
pub use choice::{RuleChoice, UnknownRule};
pub use convert::{Conversion, Error, convert};
pub use evidence::{Evidence, ImageEvidence};
pub use from_xl::{FromXl, from_xl};
pub use rule::Rule;
pub use rules::{guide_rules, rules};
pub use source::{Boot, Virtualisation};
