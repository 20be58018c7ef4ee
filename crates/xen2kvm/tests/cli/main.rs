//! The program from outside: what it writes, what it says, how it ends.
//!
//! Every test makes its domain in a directory of its own and runs the program there, so names in messages are short.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

mod choices;
mod golden;
mod images;
mod manual;
mod many;
mod place;
mod products;
mod refusals;
mod rules;
mod virt_v2v;
