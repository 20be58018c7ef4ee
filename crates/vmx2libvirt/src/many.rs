//! Many files, each to its name in a directory, on all cores.

use std::collections::HashMap;
use std::io::{Write as _, stderr, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;
use v2v_cli::{ExitStatus, ReportTarget, write_error};

use crate::PROGRAM;
use crate::args::Args;
use crate::convert::{Conversion, Converter};
use crate::failure::usage;
use crate::output::write_one_of_many;
use crate::tell;

/// Files that are worked on before their messages are written, in the order of the files. It bounds the memory.
const BATCH: usize = 256;

/// One file and what is made of it.
struct Job<'a> {
    file: &'a Path,
    target: PathBuf,
    report: PathBuf,
}

/// Translates `files` into `dir`. One that fails does not stop the others.
pub(crate) fn run(
    args: &Args,
    converter: &Converter<'_>,
    files: &[&Path],
    dir: &Path,
) -> anyhow::Result<ExitStatus> {
    let jobs = jobs(files, dir)?;
    let writes = !args.dry_run || args.wants_report();
    if writes && !dir.is_dir() {
        std::fs::create_dir(dir).with_context(|| format!("{}: cannot create", dir.display()))?;
    }
    let mut tally = Tally::default();
    for batch in jobs.chunks(BATCH) {
        for (text, status) in work(batch, |job| run_job(args, converter, job)) {
            tally.add(status);
            // Nobody may be listening; the files are written all the same.
            let _ = stderr().write_all(&text);
            if args.machine_readable {
                let line = format!("{}/{}\n", tally.total(), jobs.len());
                let _ = stdout().write_all(line.as_bytes());
            }
        }
    }
    if !args.quiet {
        let _ = write_error(&mut stderr(), PROGRAM, tally.text());
    }
    Ok(tally.worst())
}

/// Which file becomes which. Two files of one name would become one.
fn jobs<'a>(files: &[&'a Path], dir: &Path) -> anyhow::Result<Vec<Job<'a>>> {
    let mut taken: HashMap<String, &Path> = HashMap::new();
    let mut jobs = Vec::with_capacity(files.len());
    for &file in files {
        let name = name(file)?;
        let job = Job {
            file,
            target: dir.join(format!("{name}.xml")),
            report: dir.join(format!("{name}.report.json")),
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
fn name(file: &Path) -> anyhow::Result<String> {
    let is_vmx = file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("vmx") || end.eq_ignore_ascii_case("vmtx"));
    let name = match is_vmx {
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

/// Translates one file and writes what was asked for; gives its messages.
fn run_job(args: &Args, converter: &Converter<'_>, job: &Job<'_>) -> (Vec<u8>, ExitStatus) {
    let mut conversion = converter.convert(job.file, Some(&job.target));
    if let Err(error) = deliver(args, job, &conversion) {
        conversion.fail(error);
    }
    if args.wants_report()
        && let Err(error) = write_job_report(job, &conversion)
    {
        conversion.fail(error);
    }
    let mut text = Vec::new();
    tell::outcome(&mut text, Some(job.file), &conversion, args.quiet);
    (text, conversion.status)
}

fn deliver(args: &Args, job: &Job<'_>, conversion: &Conversion) -> anyhow::Result<()> {
    match &conversion.xml {
        Some(xml) if !args.dry_run => write_one_of_many(&job.target, xml, args.force),
        _ => Ok(()),
    }
}

fn write_job_report(job: &Job<'_>, conversion: &Conversion) -> anyhow::Result<()> {
    ReportTarget::File(job.report.clone()).check()?;
    write_one_of_many(&job.report, &conversion.report.to_json()?, true)
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

    fn text(&self) -> String {
        format!(
            "{} files: {} translated, {} refused, {} failed",
            self.total(),
            self.done.saturating_add(self.manual),
            self.refused,
            self.failed
        )
    }
}
