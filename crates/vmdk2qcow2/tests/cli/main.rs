//! The program from outside: what it writes, what it says, how it ends.
//!
//! Every test makes its disks in a directory of its own and runs the program there, so names in messages are short.
//! What a disk holds is known from its generator; qemu-img is asked as well where it reads the format rightly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

mod differential;
mod disks;
mod golden;
mod inspect;
mod kinds;
mod manual;
mod options;
mod place;
mod products;
mod refusals;
mod same_bytes;
mod signals;
mod standard_input;
mod targets;
