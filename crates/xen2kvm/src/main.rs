//! `xen2kvm`: Xen domains to libvirt domains for KVM, and what was changed and why.
//!
//! Parse, look, convert, report: what happens is in the crates.
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
mod convert;
mod diff;
mod explain;
mod failure;
mod list;
mod look;
mod one;
mod output;
mod record;
mod source;
mod unused;

use std::io::{stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use v2v_cli::{ExitStatus, Many, print, start_log, write_error, written};
use v2v_domain_args::Input;

use crate::args::{Args, Task, command};
use crate::convert::Converter;
use crate::failure::status_of;

/// The name that begins every line on standard error.
const PROGRAM: &str = "xen2kvm";

/// What this version can do, for programs that ask with `--machine-readable`.
const CAPABILITIES: &str = "xen2kvm\nlibvirt\ninput:libvirtxml\ninput:xen\noutput:libvirt-xml\nreport:v2v-report/1\n\
    mac-option\nbridge-option\nnetwork-map\nvalidate\nout-dir\ndiff\nrules\n";

/// What is read, for the options of virt-v2v.
const INPUT: Input = Input {
    modes: &["xen", "libvirtxml"],
    source: "Xen domain's file",
    disks: "disks are not converted here; QEMU reads the images of Xen, and qemu-img convert makes others of them",
};

fn main() -> ExitCode {
    Args::from_command_line()
        .and_then(|args| run(&args))
        .unwrap_or_else(|error| {
            let _ = write_error(&mut stderr(), PROGRAM, format_args!("{error:#}"));
            status_of(&error)
        })
        .into()
}

fn run(args: &Args) -> anyhow::Result<ExitStatus> {
    start_log(args.verbose);
    if let Some(generate) = args.generate {
        written(generate.write(command(), &mut stdout()))?;
        return Ok(ExitStatus::Done);
    }
    let task = args.task()?;
    let text = match task {
        Task::ListRules => Some(list::text(&args.rules()?)?),
        Task::Capabilities => Some(CAPABILITIES.to_owned()),
        _ => None,
    };
    if let Some(text) = text {
        print(&text)?;
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
            |file, target| converter.convert(file, Some(target)).conversion,
            status_of,
        ),
        Task::ListRules | Task::Capabilities => Ok(ExitStatus::Done),
    }
}

/// How many files become XML files in `dir`.
fn many<'a>(args: &Args, dir: &'a Path) -> Many<'a> {
    Many {
        program: PROGRAM,
        dir,
        extensions: &["xml", "cfg", "hvm", "pv", "xl", "xm"],
        verb: "converted",
        force: args.force,
        dry_run: args.dry_run,
        reports: args.wants_report(),
        quiet: args.quiet,
        machine_readable: args.machine_readable,
    }
}
