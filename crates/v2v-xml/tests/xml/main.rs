//! Documents from the outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod corpus;
mod diff;
mod edit;
mod navigate;
mod property;
mod refused;

use v2v_xml::{Document, NodeId, ParseOptions};

/// A text that must be readable.
fn parse(text: impl AsRef<[u8]>) -> Document {
    let text = text.as_ref();
    let document = Document::parse(text, &ParseOptions::default())
        .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(text)));
    assert_eq!(document.to_bytes(), text);
    document
}

/// The element a path from the root element leads to; the empty path is the root.
fn at(document: &Document, path: &str) -> NodeId {
    if path.is_empty() {
        return document.root();
    }
    let found = document.find(document.root(), path);
    found.unwrap_or_else(|| panic!("no {path} in {document}"))
}
