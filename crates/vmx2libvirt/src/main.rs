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
mod failure;
mod folder;
mod look;
mod one;
mod output;
mod record;
mod source_facts;
mod unused;

use std::io::{stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use v2v_cli::{ExitStatus, Many, start_log, write_error, written};
use v2v_domain_args::Input;

use crate::args::{Args, Task};
use crate::convert::Converter;
use crate::failure::status_of;

/// The name that begins every line on standard error.
const PROGRAM: &str = "vmx2libvirt";

/// What this version can do, for programs that ask with `--machine-readable`.
const CAPABILITIES: &str = "vmx2libvirt\nlibvirt\ninput:vmx\noutput:libvirt-xml\nreport:v2v-report/1\n\
    mac-option\nbridge-option\nnetwork-map\nvalidate\nout-dir\n";

/// What is read, for the options of virt-v2v.
const INPUT: Input = Input {
    modes: &["vmx"],
    source: ".vmx file",
    disks: "disks are not converted here; that is vmdk2qcow2's work",
};

fn main() -> ExitCode {
    let args = Args::from_command_line();
    start_log(args.verbose);
    // A split disk has many extents, and with --out-dir several disks are open at once.
    v2v_disk::raise_open_file_limit();
    let result = match args.generate {
        Some(generate) => {
            written(generate.write(Args::command(), &mut stdout())).map(|()| ExitStatus::Done)
        }
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
        v2v_cli::print(CAPABILITIES)?;
        return Ok(ExitStatus::Done);
    }
    let notes = args.virt_v2v.check(&INPUT)?;
    let converter = Converter::new(args)?;
    if !args.quiet {
        for note in notes.into_iter().chain(converter.notes()) {
            let _ = write_error(&mut stderr(), PROGRAM, note);
        }
    }
    match task {
        Task::One(file) => one::run(args, &converter, file),
        Task::Many { files, dir } => many(args, dir).run(
            &files,
            |file, target| converter.convert(file, Some(target)),
            status_of,
        ),
        Task::Capabilities => Ok(ExitStatus::Done),
    }
}

/// How many files become XML files in `dir`.
fn many<'a>(args: &Args, dir: &'a Path) -> Many<'a> {
    Many {
        program: PROGRAM,
        dir,
        extensions: &["vmx", "vmtx"],
        verb: "translated",
        force: args.force,
        dry_run: args.dry_run,
        reports: args.wants_report(),
        quiet: args.quiet,
        machine_readable: args.machine_readable,
    }
}
