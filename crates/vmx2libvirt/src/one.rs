//! One file, to standard output or to a file.

use std::io::{stderr, stdout};
use std::path::Path;

use v2v_cli::{
    Conversion, ExitStatus, count_settings, explain_settings, print, shown, write_error,
    write_report,
};
use v2v_report::Report;

use crate::PROGRAM;
use crate::args::Args;
use crate::convert::Converter;
use crate::failure::status_of;
use crate::output::write_file;
use crate::source_facts;

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
        let status = status_of(&error);
        conversion.fail(error, status);
    }
    let reported = write(args, &conversion.report);
    conversion.tell(&mut stderr(), PROGRAM, None, args.quiet);
    reported?;
    if !args.quiet && conversion.error.is_none() && conversion.xml.is_some() {
        summarize(args, file, &conversion.report);
    }
    Ok(conversion.status)
}

/// Writes what was asked for. What a refused file has to say is still explained.
fn deliver(args: &Args, conversion: &Conversion) -> anyhow::Result<()> {
    if args.explain {
        print(&explain_settings(&conversion.report.settings))?;
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

/// Says in one line what became of the settings of `file`.
fn summarize(args: &Args, file: &Path, report: &Report) {
    let mut text = shown(file);
    if let Some(target) = &args.output {
        text.push_str(&format!(" -> {}", target.display()));
    }
    if args.dry_run {
        text.push_str(" (dry run, nothing written)");
    }
    text.push_str(&format!(": {}", count_settings(&report.settings)));
    let _ = write_error(&mut stderr(), PROGRAM, text);
}
