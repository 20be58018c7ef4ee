//! The .vmx dialect from the outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod corpus;
mod edit;
mod property;
mod refused;
mod text;
mod view;

use v2v_vmx::{Document, ParseOptions, Vm};

/// A text that must be readable.
fn parse(text: impl AsRef<[u8]>) -> Document {
    let text = text.as_ref();
    let document = Document::parse(text, &ParseOptions::default()).unwrap_or_else(|error| {
        panic!("{error}: {:?}", String::from_utf8_lossy(text));
    });
    assert_eq!(document.to_bytes(), text);
    document
}

fn vm(text: impl AsRef<[u8]>) -> Vm {
    Vm::new(&parse(text))
}

fn value<'a>(document: &'a Document, key: &str) -> &'a str {
    match document.get(key) {
        Some(entry) => entry.value(),
        None => panic!("no {key}"),
    }
}

fn problems(document: &Document) -> Vec<String> {
    document
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}
