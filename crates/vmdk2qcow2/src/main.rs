//! `vmdk2qcow2`: VMware disks to qcow2 or raw, in one pass, without root and without VMware's libraries.
//!
//! Parse, call, report: what happens is in the crates.
#![forbid(unsafe_code)]

mod args;
mod convert;
mod facts;
mod failure;
mod info;
mod map;
mod measure;
mod output;
mod place;
mod plan;
mod told;

use std::io::stderr;
use std::process::ExitCode;

use clap::CommandFactory as _;
use v2v_cli::{ExitStatus, Signals, write_error};

use crate::args::{Args, Command};
use crate::failure::status_of;

/// The name that begins every line on standard error.
const PROGRAM: &str = "vmdk2qcow2";

fn main() -> ExitCode {
    let args = Args::from_command_line();
    start_log(args.verbose);
    // A split disk of a few terabytes has more extents than the usual limit of open files.
    v2v_disk::raise_open_file_limit();
    let result = match args.generate {
        Some(generate) => output::written(generate.write(Args::command(), &mut std::io::stdout()))
            .map(|()| ExitStatus::Done),
        None => run(args),
    };
    result
        .unwrap_or_else(|error| {
            let _ = write_error(&mut stderr(), PROGRAM, format_args!("{error:#}"));
            status_of(&error)
        })
        .into()
}

fn run(args: Args) -> anyhow::Result<ExitStatus> {
    match args.command {
        Some(Command::Info(args)) => info::run(&args),
        Some(Command::Map(args)) => map::run(&args),
        Some(Command::Measure(args)) => measure::run(&args),
        None => convert::run(&args.convert, &Signals::install()?),
    }
}

/// `-v` shows what the libraries say of their steps; `RUST_LOG` chooses more finely.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "info",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .without_time()
        .init();
}
