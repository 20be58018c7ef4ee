//! The project's own chores: `cargo xtask --help`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program for developers, who read what it does on the terminal"
)]
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

mod bench;
mod cargo;
mod ci;
mod corpus;
mod demo;
mod fuzz;
mod layers;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run all tests; install the tools they need if this is Debian and we are root
    Test(test::Args),
    /// Install the tools that the tests need, and nothing else
    Tools(test::Args),
    /// Check formatting, lints, documentation and the direction of dependencies, then run all tests
    Ci(test::Args),
    /// Run the tests so that they rewrite the golden files
    Bless(test::Args),
    /// Run the fuzz targets, each for a while
    Fuzz(fuzz::Args),
    /// Measure the programs beside qemu-img, in one run, and print a table
    Bench(bench::Args),
    /// Run one command and print what it cost; `bench` calls this for every run
    #[command(hide = true)]
    BenchRun(bench::RunArgs),
    /// Put a disk to try the programs with into a directory
    DemoData(demo::Args),
}

fn main() -> ExitCode {
    let result = match Args::parse().chore {
        Chore::Test(args) => test::run(&args, test::Golden::Compare),
        Chore::Tools(args) => args.install_tools().map(|()| ExitCode::SUCCESS),
        Chore::Ci(args) => ci::run(&args),
        Chore::Bless(args) => test::run(&args, test::Golden::Rewrite),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Bench(args) => bench::run(&args),
        Chore::BenchRun(args) => bench::run_one(&args),
        Chore::DemoData(args) => demo::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}
