//! What the programs share, seen from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "cli/arguments.rs"]
mod arguments;
#[path = "cli/progress.rs"]
mod progress;
#[path = "cli/signals.rs"]
mod signals;
