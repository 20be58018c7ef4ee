//! XML that is changed in place: every byte that no change touches stays.
//!
//! A [`Document`] keeps its text as it is: comments, order of attributes, quotes, blanks, spelling of references,
//! line ends, byte order mark. Nodes are named by [`NodeId`]s. A change rewrites the bytes of its own node; what is
//! inserted takes over the indentation of its neighbours, and what is removed takes its line along.
//!
//! ```
//! use v2v_xml::{Document, NewElement, ParseOptions};
//!
//! let mut document = Document::parse(
//!     "<domain type=\"xen\">\n  <!-- first -->\n  <devices>\n    <disk />\n  </devices>\n</domain>\n",
//!     &ParseOptions::default(),
//! )?;
//! document.set_attribute(document.root(), "type", "kvm")?;
//! let disk = document.find(document.root(), "devices/disk").ok_or("no disk")?;
//! document.insert_after(disk, NewElement::new("memballoon").attribute("model", "virtio"))?;
//! assert_eq!(
//!     document.to_string(),
//!     "<domain type=\"kvm\">\n  <!-- first -->\n  <devices>\n    <disk />\n    <memballoon model=\"virtio\"/>\n  \
//!      </devices>\n</domain>\n",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Specification: XML 1.0, fifth edition. What is read must be well-formed. Refused by name: document types and
//! entities (so there is nothing to expand and no file to fetch), encodings other than UTF-8, XML 1.1. Namespaces are
//! looked up ([`Document::namespace`]) but not checked: names are compared as they are written, with their prefix.
//!
//! Nothing recurses, so neither nesting nor dropping costs stack; sizes are bounded by [`ParseOptions`]. No I/O.
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

mod arena;
mod chars;
mod diff;
mod document;
mod edit;
mod error;
mod layout;
mod new_element;
mod parse;
mod path;
mod print;

pub use arena::NodeId;
pub use diff::{DiffLine, Hunk, LineChange, diff};
pub use document::{Document, NodeKind};
pub use error::{EditError, Error, PathError, Position};
pub use new_element::NewElement;
pub use parse::ParseOptions;
pub use path::{Path, Paths};
pub use print::Printed;
