//! Many files, each to its name in a directory, on all cores.

use std::collections::HashMap;
use std::io::{Write as _, stderr, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;

use crate::conversion::Conversion;
use crate::exit::ExitStatus;
use crate::line::write_error;
use crate::product::write_one_of_many;
use crate::report_file::ReportTarget;
use crate::usage::usage;

/// Files that are worked on before their messages are written, in the order of the files. It bounds the memory.
const BATCH: usize = 256;

/// How many files become XML files in one directory.
#[derive(Debug, Clone, Copy)]
pub struct Many<'a> {
    /// The program, for messages.
    pub program: &'a str,
    /// The directory; it is made if something is to be written and it is not there.
    pub dir: &'a Path,
    /// Extensions of sources that the names of targets do not keep: `web01.xml` of `web01.vmx`.
    pub extensions: &'a [&'a str],
    /// What the program does to a file: `translated`.
    pub verb: &'a str,
    /// Replace existing files.
    pub force: bool,
    /// Write no XML.
    pub dry_run: bool,
    /// Write `NAME.report.json` for each.
    pub reports: bool,
    /// Tell warnings, blockers and errors only.
    pub quiet: bool,
    /// Print `N/M` to stdout as files are done.
    pub machine_readable: bool,
}

/// One file and what is made of it.
#[derive(Debug)]
struct Job<'a> {
    file: &'a Path,
    target: PathBuf,
    report: PathBuf,
}

impl Many<'_> {
    /// Converts `files` with `convert`, which gets a file and its target and writes nothing; writes what was asked for
    /// and tells it in the order of the files. One that fails does not stop the others: the worst status counts.
    ///
    /// `status_of` is the status that belongs to an error.
    ///
    /// # Errors
    ///
    /// Before anything is converted: two files whose targets would have one name, or a directory that can't be made.
    pub fn run(
        &self,
        files: &[&Path],
        convert: impl Fn(&Path, &Path) -> Conversion + Sync,
        status_of: fn(&anyhow::Error) -> ExitStatus,
    ) -> anyhow::Result<ExitStatus> {
        let jobs = self.jobs(files)?;
        if (!self.dry_run || self.reports) && !self.dir.is_dir() {
            std::fs::create_dir(self.dir)
                .with_context(|| format!("{}: cannot create", self.dir.display()))?;
        }
        let mut tally = Tally::default();
        for batch in jobs.chunks(BATCH) {
            let run = |job: &Job<'_>| {
                let conversion = convert(job.file, &job.target);
                self.finish(job, conversion, status_of)
            };
            for (text, status) in work(batch, run) {
                tally.add(status);
                // Nobody may be listening; the files are written all the same.
                let _ = stderr().write_all(&text);
                if self.machine_readable {
                    let line = format!("{}/{}\n", tally.total(), jobs.len());
                    let _ = stdout().write_all(line.as_bytes());
                }
            }
        }
        if !self.quiet {
            let _ = write_error(&mut stderr(), self.program, tally.text(self.verb));
        }
        Ok(tally.worst())
    }

    /// Which file becomes which. Two files of one name would become one.
    fn jobs<'f>(&self, files: &[&'f Path]) -> anyhow::Result<Vec<Job<'f>>> {
        let mut taken: HashMap<String, &Path> = HashMap::new();
        let mut jobs = Vec::with_capacity(files.len());
        for &file in files {
            let name = self.name(file)?;
            let job = Job {
                file,
                target: self.dir.join(format!("{name}.xml")),
                report: self.dir.join(format!("{name}.report.json")),
            };
            if let Some(other) = taken.insert(name, file) {
                return Err(usage(format!(
                    "{} and {} would both become {}; give them different directories",
                    other.display(),
                    file.display(),
                    job.target.display()
                )));
            }
            jobs.push(job);
        }
        Ok(jobs)
    }

    /// `web01` of `vms/web01.vmx`.
    fn name(&self, file: &Path) -> anyhow::Result<String> {
        let is_known = file.extension().is_some_and(|end| {
            self.extensions
                .iter()
                .any(|name| end.eq_ignore_ascii_case(name))
        });
        let name = match is_known {
            true => file.file_stem(),
            false => file.file_name(),
        };
        name.and_then(|name| name.to_str())
            .map(str::to_owned)
            .ok_or_else(|| {
                usage(format!(
                    "{}: has no name in UTF-8 that its XML could have; translate it alone",
                    file.display()
                ))
            })
    }

    /// Writes what was asked for; gives the messages.
    fn finish(
        &self,
        job: &Job<'_>,
        mut conversion: Conversion,
        status_of: fn(&anyhow::Error) -> ExitStatus,
    ) -> (Vec<u8>, ExitStatus) {
        let written = match &conversion.xml {
            Some(xml) if !self.dry_run => write_one_of_many(&job.target, xml, self.force),
            _ => Ok(()),
        };
        fail(&mut conversion, written, status_of);
        // The report says what failed before it.
        let reported = self.report(job, &conversion);
        fail(&mut conversion, reported, status_of);
        let mut text = Vec::new();
        conversion.tell(&mut text, self.program, Some(job.file), self.quiet);
        (text, conversion.status)
    }

    fn report(&self, job: &Job<'_>, conversion: &Conversion) -> anyhow::Result<()> {
        if !self.reports {
            return Ok(());
        }
        ReportTarget::File(job.report.clone()).check()?;
        write_one_of_many(&job.report, &conversion.report.to_json()?, true)
    }
}

fn fail(
    conversion: &mut Conversion,
    result: anyhow::Result<()>,
    status_of: fn(&anyhow::Error) -> ExitStatus,
) {
    if let Err(error) = result {
        let status = status_of(&error);
        conversion.fail(error, status);
    }
}

/// Runs `run` on every job, on all cores; the results are in the order of the jobs.
fn work<'j, T: Send>(jobs: &'j [Job<'j>], run: impl Fn(&'j Job<'j>) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else {
                        break;
                    };
                    let result = run(job);
                    if let Ok(mut results) = results.lock() {
                        results.push((index, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
/// How many files ended how.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    manual: usize,
    refused: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, status: ExitStatus) {
        let count = match status {
            ExitStatus::Done => &mut self.done,
            ExitStatus::Manual => &mut self.manual,
            ExitStatus::Refused => &mut self.refused,
            _ => &mut self.failed,
        };
        *count = count.saturating_add(1);
    }

    fn total(&self) -> usize {
        [self.done, self.manual, self.refused, self.failed]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    fn worst(&self) -> ExitStatus {
        if self.failed > 0 {
            ExitStatus::Failed
        } else if self.refused > 0 {
            ExitStatus::Refused
        } else if self.manual > 0 {
            ExitStatus::Manual
        } else {
            ExitStatus::Done
        }
    }

    fn text(&self, verb: &str) -> String {
        format!(
            "{} files: {} {verb}, {} refused, {} failed",
            self.total(),
            self.done.saturating_add(self.manual),
            self.refused,
            self.failed
        )
    }
}
