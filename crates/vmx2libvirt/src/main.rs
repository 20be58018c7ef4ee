//! `vmx2libvirt`: VMware configurations to libvirt domains for KVM, with every key accounted for.
//!
//! Parse, look, translate, report: what happens is in the crates.
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

mod args;
mod boot_code;
mod convert;
mod disk_facts;
mod domain_args;
mod explain;
mod failure;
mod folder;
mod look;
mod many;
mod one;
mod output;
mod record;
mod source_facts;
mod tell;
mod unused;
mod validate;
mod virt_v2v;

use std::io::{stderr, stdout};
use std::process::ExitCode;

use clap::CommandFactory as _;
use v2v_cli::{ExitStatus, write_error};

use crate::args::{Args, Task};
use crate::convert::Converter;
use crate::failure::status_of;

/// The name that begins every line on standard error.
const PROGRAM: &str = "vmx2libvirt";

/// What this version can do, for programs that ask with `--machine-readable`.
const CAPABILITIES: &str = "vmx2libvirt\nlibvirt\ninput:vmx\noutput:libvirt-xml\nreport:v2v-report/1\n\
    mac-option\nbridge-option\nnetwork-map\nvalidate\nout-dir\n";

fn main() -> ExitCode {
    let args = Args::from_command_line();
    start_log(args.verbose);
    // A split disk has many extents, and with --out-dir several disks are open at once.
    v2v_disk::raise_open_file_limit();
    let result = match args.generate {
        Some(generate) => output::written(generate.write(Args::command(), &mut stdout()))
            .map(|()| ExitStatus::Done),
        None => run(&args),
    };
    result
        .unwrap_or_else(|error| {
            let _ = write_error(&mut stderr(), PROGRAM, format_args!("{error:#}"));
            status_of(&error)
        })
        .into()
}

fn run(args: &Args) -> anyhow::Result<ExitStatus> {
    let task = args.task()?;
    if let Task::Capabilities = task {
        output::print(CAPABILITIES)?;
        return Ok(ExitStatus::Done);
    }
    let notes = args.virt_v2v.check()?;
    let converter = Converter::new(args)?;
    if !args.quiet {
        tell::notes(notes.into_iter().chain(converter.notes()));
    }
    match task {
        Task::One(file) => one::run(args, &converter, file),
        Task::Many { files, dir } => many::run(args, &converter, &files, dir),
        Task::Capabilities => Ok(ExitStatus::Done),
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
