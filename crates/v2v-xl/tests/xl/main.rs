//! xl.cfg from the outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod corpus;
mod disk;
mod property;
mod refused;
mod text;
mod view;

use v2v_xl::{Config, Guest, ParseOptions};

/// A text that must be readable.
fn parse(text: impl AsRef<[u8]>) -> Config {
    let text = text.as_ref();
    Config::parse(text, &ParseOptions::default()).unwrap_or_else(|error| {
        panic!("{error}: {:?}", String::from_utf8_lossy(text));
    })
}

fn guest(text: impl AsRef<[u8]>) -> Guest {
    Guest::new(&parse(text))
}

fn problems(config: &Config) -> Vec<String> {
    config.problems().iter().map(ToString::to_string).collect()
}

fn value_problems(guest: &Guest) -> Vec<String> {
    guest.problems.iter().map(ToString::to_string).collect()
}
