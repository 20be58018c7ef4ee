//! What a conversion says of itself on standard error.

use std::path::Path;

use v2v_cli::{Progress, human_size, printable};
use v2v_copy::CopyReport;
use v2v_disk::UsedFile;

use crate::PROGRAM;
use crate::args::OutputFormat;

/// A disk in a few words.
pub(crate) struct Disk<'a> {
    pub(crate) path: &'a Path,
    /// `streamOptimized`, `vmfsSparse over vmfs`.
    pub(crate) kind: &'a str,
    /// Virtual size in bytes.
    pub(crate) size: u64,
}

impl std::fmt::Display for Disk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} ({}, {})",
            self.path.display(),
            self.kind,
            human_size(self.size)
        )
    }
}

/// Says what would be done: the files that are read and the one that is written.
pub(crate) fn plan(
    progress: &Progress,
    disk: &Disk<'_>,
    files: &[&UsedFile],
    target: &Path,
    format: OutputFormat,
) -> std::io::Result<()> {
    let format = match format {
        OutputFormat::Qcow2 => "qcow2",
        OutputFormat::Raw => "raw",
    };
    let mut lines = vec![format!("{PROGRAM}: would convert {disk}")];
    for file in files {
        lines.push(format!(
            "  reads {} ({} on disk)",
            file.path.display(),
            human_size(file.allocated)
        ));
    }
    lines.push(format!("  writes {} ({format})", target.display()));
    progress.lines(|out| {
        lines
            .iter()
            .try_for_each(|line| writeln!(out, "{}", printable(line)))
    })
}

/// Says in one line what was done.
pub(crate) fn done(
    progress: &Progress,
    disk: &Disk<'_>,
    target: &Path,
    copied: &CopyReport,
    verified: Option<bool>,
) -> std::io::Result<()> {
    let (stored, file_len) = (
        human_size(copied.stored),
        human_size(copied.target.file_len),
    );
    let mut text = format!(
        "{disk} -> {}: {stored} of data in a file of {file_len}",
        target.display()
    );
    if copied.cloned > 0 {
        text.push_str(&format!(
            ", {} shared with the source",
            human_size(copied.cloned)
        ));
    }
    if let Some(digest) = &copied.digest {
        text.push_str(&format!(", {} {digest}", digest.algorithm.name()));
    }
    if verified == Some(true) {
        text.push_str(", read back and equal");
    }
    progress.lines(|out| writeln!(out, "{PROGRAM}: {}", printable(&text)))
}
