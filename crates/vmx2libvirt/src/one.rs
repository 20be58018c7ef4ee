//! One file, to standard output or to a file.

use std::io::{stderr, stdout};
use std::path::Path;

use v2v_cli::{ExitStatus, write_report};
use v2v_report::Report;

use crate::PROGRAM;
use crate::args::Args;
use crate::convert::{Conversion, Converter, shown};
use crate::explain::explain;
use crate::output::{print, write_file};
use crate::{source_facts, tell};

/// Translates `file`; the report is written whatever happens.
pub(crate) fn run(
    args: &Args,
    converter: &Converter<'_>,
    file: &Path,
) -> anyhow::Result<ExitStatus> {
    if let Some(target) = args.report() {
        target.check()?;
    }
    if args.print_source {
        return print_source(args, converter, file);
    }
    let mut conversion = converter.convert(file, args.output.as_deref());
    if let Err(error) = deliver(args, &conversion) {
        conversion.fail(error);
    }
    let reported = write(args, &conversion.report);
    tell::outcome(&mut stderr(), None, &conversion, args.quiet);
    reported?;
    if !args.quiet && conversion.error.is_none() && conversion.xml.is_some() {
        let report = &conversion.report;
        tell::summary(&shown(file), args.output.as_deref(), args.dry_run, report);
    }
    Ok(conversion.status)
}

/// Writes what was asked for. What a refused file has to say is still explained.
fn deliver(args: &Args, conversion: &Conversion) -> anyhow::Result<()> {
    if args.explain {
        print(&explain(&conversion.report.settings))?;
    }
    let Some(xml) = &conversion.xml else {
        return Ok(());
    };
    match &args.output {
        _ if args.dry_run => Ok(()),
        Some(output) => write_file(output, xml, args.force),
        None if args.prints_xml() => print(xml),
        None => Ok(()),
    }
}

fn print_source(args: &Args, converter: &Converter<'_>, file: &Path) -> anyhow::Result<ExitStatus> {
    let mut report = Report::new(PROGRAM, env!("CARGO_PKG_VERSION"));
    let source = converter.translate(file, &mut report)?;
    if args.wants_report() {
        write(args, &report)?;
    } else {
        print(&source_facts::text(&source))?;
    }
    Ok(ExitStatus::Done)
}

fn write(args: &Args, report: &Report) -> anyhow::Result<()> {
    if let Some(target) = args.report() {
        // The XML may have the name by now.
        target.check()?;
        write_report(report, target, &mut stdout())?;
    }
    Ok(())
}
