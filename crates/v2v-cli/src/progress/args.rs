//! The options that all programs have for it.

use std::fs::File;
use std::io::{self, IsTerminal as _};

use clap::ValueEnum;

use super::Progress;

/// How progress is written for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressFormat {
    /// One JSON object per line.
    Json,
}

/// The options about progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct ProgressArgs {
    /// Write progress for other programs to stderr: one JSON object per line, at most 4 per second
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub progress: Option<ProgressFormat>,

    /// Write the JSON lines to this file descriptor (a pipe, a file or a terminal) instead
    #[arg(long, value_name = "N")]
    pub progress_fd: Option<u32>,
}

impl ProgressArgs {
    /// The progress of `program` that the arguments ask for. `percent` is qemu-img's `-p`, which `quiet` overrules.
    /// Without a wish it is a bar, if stderr is a terminal and not `quiet`.
    ///
    /// # Errors
    ///
    /// If the file descriptor cannot be opened.
    pub fn open(&self, program: &str, percent: bool, quiet: bool) -> io::Result<Progress> {
        if let Some(fd) = self.progress_fd {
            // Taking over a descriptor by number is unsafe code; opening it anew is not. This leaves out sockets.
            let out = File::options().append(true).open(format!("/dev/fd/{fd}"))?;
            return Ok(Progress::json(program, Box::new(out), fd == 2));
        }
        if self.progress == Some(ProgressFormat::Json) {
            return Ok(Progress::json(program, Box::new(io::stderr()), true));
        }
        Ok(if quiet {
            Progress::none(program)
        } else if percent {
            Progress::percent(program, Box::new(io::stdout()))
        } else if io::stderr().is_terminal() {
            Progress::bar(program)
        } else {
            Progress::none(program)
        })
    }
}
