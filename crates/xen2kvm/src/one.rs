//! One file, to standard output or to a file.

use std::io::{stderr, stdout};
use std::path::Path;

use v2v_cli::{ExitStatus, print, shown, write_error, write_report};
use v2v_report::Report;

use crate::PROGRAM;
use crate::args::Args;
use crate::convert::{Converted, Converter};
use crate::failure::status_of;
use crate::output::write_file;

/// Converts `file`; the report is written whatever happens.
pub(crate) fn run(
    args: &Args,
    converter: &Converter<'_>,
    file: &Path,
) -> anyhow::Result<ExitStatus> {
    if let Some(target) = args.report() {
        target.check()?;
    }
    let mut converted = converter.convert(file, args.output.as_deref());
    if let Err(error) = deliver(args, &converted) {
        let status = status_of(&error);
        converted.conversion.fail(error, status);
    }
    let conversion = &converted.conversion;
    let reported = write(args, &conversion.report);
    conversion.tell(&mut stderr(), PROGRAM, None, args.quiet);
    reported?;
    if !args.quiet && conversion.error.is_none() && conversion.xml.is_some() {
        summarize(args, file, &converted.summary);
    }
    Ok(conversion.status)
}

/// Writes what was asked for. What a refused file has to say is still shown.
fn deliver(args: &Args, converted: &Converted) -> anyhow::Result<()> {
    if args.explain || args.diff {
        print(&converted.shown)?;
    }
    let Some(xml) = &converted.conversion.xml else {
        return Ok(());
    };
    match &args.output {
        _ if args.dry_run => Ok(()),
        Some(output) => write_file(output, xml, args.force),
        None if args.prints_xml() => print(xml),
        None => Ok(()),
    }
}

fn write(args: &Args, report: &Report) -> anyhow::Result<()> {
    if let Some(target) = args.report() {
        // The XML may have the name by now.
        target.check()?;
        write_report(report, target, &mut stdout())?;
    }
    Ok(())
}

/// Says in one line what became of `file`.
fn summarize(args: &Args, file: &Path, summary: &str) {
    let mut text = shown(file);
    if let Some(target) = &args.output {
        text.push_str(&format!(" -> {}", target.display()));
    }
    if args.dry_run {
        text.push_str(" (dry run, nothing written)");
    }
    text.push_str(&format!(": {summary}"));
    let _ = write_error(&mut stderr(), PROGRAM, text);
}
