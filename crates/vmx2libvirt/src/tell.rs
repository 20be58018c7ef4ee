//! What is said on standard error.

use std::io::{Write, stderr};
use std::path::Path;

use v2v_cli::{printable, write_error, write_finding};
use v2v_report::{Report, Severity};

use crate::PROGRAM;
use crate::convert::Conversion;
use crate::explain::count;

/// Says what was accepted and has no effect.
pub(crate) fn notes(notes: impl Iterator<Item = String>) {
    for note in notes {
        let _ = write_error(&mut stderr(), PROGRAM, note);
    }
}

/// Says what was met while translating `file`: its findings, then why it failed. Among several files each line names
/// its own.
///
/// What can't be told does not make a result worse, so errors of writing are dropped.
pub(crate) fn outcome(
    out: &mut dyn Write,
    file: Option<&Path>,
    conversion: &Conversion,
    quiet: bool,
) {
    let program = match file {
        Some(file) => format!("{PROGRAM}: {}", printable(&file.to_string_lossy())),
        None => PROGRAM.to_owned(),
    };
    for finding in &conversion.report.findings {
        if finding.severity > Severity::Info || !quiet {
            let _ = write_finding(out, &program, finding);
        }
    }
    if let Some(error) = &conversion.error {
        // The error begins with the name of its file.
        let _ = write_error(out, PROGRAM, format_args!("{error:#}"));
    }
}

/// Says in one line what became of the settings of `file`.
pub(crate) fn summary(file: &str, target: Option<&Path>, dry_run: bool, report: &Report) {
    let mut text = file.to_owned();
    if let Some(target) = target {
        text.push_str(&format!(" -> {}", target.display()));
    }
    if dry_run {
        text.push_str(" (dry run, nothing written)");
    }
    text.push_str(&format!(": {}", count(&report.settings)));
    let _ = write_error(&mut stderr(), PROGRAM, text);
}
