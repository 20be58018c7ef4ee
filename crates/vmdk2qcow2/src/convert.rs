//! The conversion: open, plan, copy, verify, name, report.

use std::fs::File;
use std::io::{Read as _, stdout};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use v2v_cli::{ExitStatus, Phase, Progress, ReportTarget, Signals, write_report};
use v2v_copy::{
    Algorithm, CopyOptions, CopyReport, Hooks, RateLimit, Reflink, copy, copy_stream, digest,
};
use v2v_disk::{
    Class, DiskImage as _, DiskStream as _, Existing, FileId, TargetFile, TargetImage, UsedFile,
};
use v2v_image::{Format, OpenOptions, Opened, TargetFormat, open};
use v2v_report::{DiskHash, DiskReport, Finding, PathText, Report, SourceReport, Timing};
use v2v_vmdk::VmdkStream;

use crate::PROGRAM;
use crate::args::{ConvertArgs, HashArg, OutputFormat, ReflinkArg};
use crate::facts;
use crate::failure::{class_of, status_of, usage};
use crate::place::{backing_folder, check_backing, check_target};
use crate::plan::{TargetChoice, default_target, open_options, target_format};
use crate::told::{self, Disk};

/// Converts and reports; the report is written whatever happens.
pub(crate) fn run(args: &ConvertArgs, signals: &Signals) -> anyhow::Result<ExitStatus> {
    let progress = args
        .progress
        .open(PROGRAM, args.percent, args.quiet)?
        .state_request(signals.state_request());
    if let Some(target) = &args.report {
        check_report(target)?;
    }
    let started = Instant::now();
    let mut report = Report::new(PROGRAM, env!("CARGO_PKG_VERSION"));
    progress.start(env!("CARGO_PKG_VERSION"));
    let job = Job {
        args,
        signals,
        progress: &progress,
    };
    let result = job.run(&mut report);
    let status = match &result {
        Ok(status) => *status,
        Err(error) if class_of(error) == Some(Class::Cancelled) => {
            signals.exit_status().unwrap_or(ExitStatus::Failed)
        }
        Err(error) => status_of(error),
    };
    report.finish(status.outcome(), status.code());
    match (&mut report.timing, args.reproducible) {
        (timing, true) => *timing = None,
        (Some(timing), false) => timing.total = started.elapsed(),
        (None, false) => {}
    }
    progress.finish(status);
    if let Some(target) = &args.report {
        check_report(target)?;
        write_report(&report, target, &mut stdout())?;
    }
    match result {
        // The signal says it all; the error would only say "interrupted".
        Err(error) if !matches!(status, ExitStatus::Signal(_)) => Err(error),
        _ => Ok(status),
    }
}

/// A report replaces an earlier report and no other file: `--report web.vmdk web.qcow2` lacks a word.
fn check_report(target: &ReportTarget) -> anyhow::Result<()> {
    let ReportTarget::File(path) = target else {
        return Ok(());
    };
    if !path.metadata().is_ok_and(|found| found.is_file()) {
        return Ok(());
    }
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(256).read_to_end(&mut head))
        .with_context(|| format!("{}: cannot read", path.display()))?;
    let head = String::from_utf8_lossy(&head);
    if head.starts_with('{') && head.contains(v2v_report::SCHEMA) {
        return Ok(());
    }
    anyhow::bail!(
        "{}: exists and is no report; name another file for --report",
        path.display()
    )
}

/// One conversion.
struct Job<'a> {
    args: &'a ConvertArgs,
    signals: &'a Signals,
    progress: &'a Progress,
}

/// The disk to convert, opened.
enum Source {
    Image(Box<Opened>),
    Stream(Box<VmdkStream>),
}

impl Source {
    fn virtual_size(&self) -> u64 {
        match self {
            Source::Image(opened) => opened.chain.virtual_size(),
            Source::Stream(stream) => stream.virtual_size(),
        }
    }

    fn kind(&self) -> String {
        match self {
            Source::Image(opened) => facts::kind(&opened.links),
            Source::Stream(_) => "streamOptimized".into(),
        }
    }

    fn findings(&self) -> Vec<Finding> {
        match self {
            Source::Image(opened) => facts::of_source(opened),
            Source::Stream(stream) => stream.warnings().iter().map(facts::finding).collect(),
        }
    }

    /// Every file that is read.
    fn files(&self) -> Vec<&UsedFile> {
        match self {
            Source::Image(opened) => opened.files(),
            Source::Stream(_) => Vec::new(),
        }
    }

    /// The images of the chain, the base first.
    fn chain(&self) -> Vec<PathText> {
        match self {
            Source::Image(opened) => opened
                .links
                .iter()
                .rev()
                .map(|link| link.file.clone().into())
                .collect(),
            Source::Stream(_) => Vec::new(),
        }
    }

    fn ids(&self) -> Vec<FileId> {
        match self {
            Source::Image(opened) => opened.ids(),
            Source::Stream(_) => Vec::new(),
        }
    }
}

impl Job<'_> {
    fn run(&self, report: &mut Report) -> anyhow::Result<ExitStatus> {
        let args = self.args;
        if args.no_create {
            return Err(usage(
                "-n: writing into an existing target is not supported; a target is made anew",
            ));
        }
        let path = args.source.as_deref().unwrap_or(Path::new("-"));
        let target = match &args.target {
            Some(target) => target.clone(),
            None => default_target(path, args.output_format)?,
        };
        let (format, backing) = self.target_format(&target)?;
        let existing = if args.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        self.progress
            .phase(Phase::Open, &path.display().to_string());
        TargetFile::check(&target, existing)?;
        let source = self.open_source(path)?;
        report.source = Some(SourceReport::new(source.kind(), path));
        self.tell(source.findings(), report);
        if args.policy.refuses(&report.findings) {
            return Ok(ExitStatus::Refused);
        }
        check_target(&target, &source.ids(), &backing)?;
        if args.dry_run {
            let (kind, size) = (source.kind(), source.virtual_size());
            let disk = Disk {
                path,
                kind: &kind,
                size,
            };
            told::plan(
                self.progress,
                &disk,
                &source.files(),
                &target,
                args.output_format,
            )?;
            return Ok(ExitStatus::Done);
        }
        let file = TargetFile::create(&target, existing)?;
        self.convert(path, source, file, &format, report)
    }

    fn open_source(&self, path: &Path) -> anyhow::Result<Source> {
        if path != Path::new("-") {
            return Ok(Source::Image(Box::new(open(
                path,
                &open_options(&self.args.input),
            )?)));
        }
        if !matches!(self.args.input.format, None | Some(Format::Vmdk)) {
            return Err(usage(
                "standard input takes a stream-optimized VMDK only; save other disks to a file",
            ));
        }
        if self.args.backing.is_some() || self.args.salvage {
            return Err(usage(
                "-B and --salvage need a source that can be read at any place, not standard input",
            ));
        }
        let stream = VmdkStream::new(
            std::io::stdin(),
            "standard input",
            &v2v_vmdk::Options::default(),
        )?;
        Ok(Source::Stream(Box::new(stream)))
    }

    /// The target's format, and the files that it will build on.
    fn target_format(&self, target: &Path) -> anyhow::Result<(TargetFormat, Vec<FileId>)> {
        let args = self.args;
        let (backing, files) = match (&args.backing, args.backing_format) {
            (Some(file), Some(format)) => {
                let (backing, files) = check_backing(file, format, target)?;
                (Some(backing), files)
            }
            _ => (None, Vec::new()),
        };
        let choice = TargetChoice {
            compress: args.compress,
            level: args.compression_level,
            backing,
        };
        let format = target_format(args.output_format, &args.options, &choice)?;
        Ok((format, files))
    }

    fn convert(
        &self,
        path: &Path,
        source: Source,
        file: TargetFile,
        format: &TargetFormat,
        report: &mut Report,
    ) -> anyhow::Result<ExitStatus> {
        let (size, kind) = (source.virtual_size(), source.kind());
        let mut disk = DiskReport::new(path, file.path(), size);
        disk.chain = source.chain();
        let target = format.create(file, size)?;
        self.progress
            .phase(Phase::Copy, &path.display().to_string());
        let copied = self.copy(source, &*target)?;
        let unreadable =
            facts::of_unreadable(path, &copied.unreadable, copied.first_unreadable.as_deref());
        self.tell(unreadable, report);
        let file = target.into_file();
        let verified = self.verify(&file, &copied)?;
        fill_in(&mut disk, &copied, verified);
        report.disks.push(disk);
        report.timing = Some(Timing {
            total: std::time::Duration::ZERO,
            bytes_read: copied.read,
            bytes_written: copied.stored.saturating_sub(copied.cloned),
        });
        if verified == Some(false) {
            let part = file.keep_part();
            let text = format!(
                "{}: what was read back differs from the source; the file was not renamed",
                part.display()
            );
            v2v_cli::write_error(&mut std::io::stderr(), PROGRAM, text)?;
            return Ok(ExitStatus::Mismatch);
        }
        let target = file.commit()?;
        if !self.args.quiet {
            let disk = Disk {
                path,
                kind: &kind,
                size,
            };
            // The target is complete; a summary that nobody can read does not make it less so.
            let _ = told::done(self.progress, &disk, &target, &copied, verified);
        }
        Ok(self.args.policy.status(&report.findings))
    }

    /// Shows findings and puts them into the report.
    fn tell(&self, findings: Vec<Finding>, report: &mut Report) {
        findings
            .iter()
            .for_each(|finding| self.progress.finding(finding));
        report.findings.extend(findings);
    }

    fn copy(&self, source: Source, target: &dyn TargetImage) -> anyhow::Result<CopyReport> {
        let mut options = self.copy_options();
        let hooks = self.hooks();
        Ok(match source {
            Source::Image(opened) => {
                // A disk without a parent has nothing to leave to the backing file: what it does not store is zero.
                let layered = self.args.backing.is_some() && opened.links.len() > 1;
                options.keep_below = layered.then_some(1);
                copy(&opened.chain, target, &options, &hooks)?
            }
            Source::Stream(mut stream) => copy_stream(&mut *stream, target, &options, &hooks)?,
        })
    }

    fn copy_options(&self) -> CopyOptions {
        let args = self.args;
        let mut options = CopyOptions::default();
        options.threads = args.threads.unwrap_or(options.threads);
        options.hole_size = args.sparse_size;
        options.salvage = args.salvage;
        options.reflink = match args.reflink {
            ReflinkArg::Auto => Reflink::Auto,
            ReflinkArg::Always => Reflink::Always,
            ReflinkArg::Never => Reflink::Never,
        };
        options.digest = match args.hash {
            Some(HashArg::Blake3) => Some(Algorithm::Blake3),
            Some(HashArg::Sha256) => Some(Algorithm::Sha256),
            None => args.verify.then_some(Algorithm::Blake3),
        };
        options
    }

    fn hooks(&self) -> JobHooks<'_> {
        let limit = self.args.rate.and_then(v2v_cli::Rate::limit);
        JobHooks {
            progress: self.progress,
            signals: self.signals,
            rate: limit.map(|rate| RateLimit::new(rate.get())),
        }
    }

    /// Reads the target back; `None` if that was not asked for.
    fn verify(&self, file: &TargetFile, copied: &CopyReport) -> anyhow::Result<Option<bool>> {
        let (true, Some(expected)) = (self.args.verify, &copied.digest) else {
            return Ok(None);
        };
        self.progress
            .phase(Phase::Verify, &file.path().display().to_string());
        let mut options = OpenOptions::default();
        options.format = Some(match self.args.output_format {
            OutputFormat::Qcow2 => Format::Qcow2,
            OutputFormat::Raw => Format::Raw,
        });
        options.allow = self
            .args
            .backing
            .iter()
            .filter_map(|backing| backing_folder(file.path(), backing))
            .collect();
        let opened = open(file.part_path(), &options).context("reading the target back")?;
        let found = digest(
            &opened.chain,
            expected.algorithm,
            &self.copy_options(),
            &self.hooks(),
        )?;
        Ok(Some(found == *expected))
    }
}

/// What the copy came to, for the report.
fn fill_in(disk: &mut DiskReport, copied: &CopyReport, verified: Option<bool>) {
    disk.written = copied.stored;
    disk.zero = copied
        .virtual_size
        .saturating_sub(copied.stored)
        .saturating_sub(copied.below);
    disk.cloned = copied.cloned;
    disk.verified = verified;
    disk.hash = copied.digest.as_ref().map(|digest| DiskHash {
        algorithm: digest.algorithm.name().to_owned(),
        block_size: digest.block_size,
        value: digest.to_string(),
    });
}

/// What the engine asks while it works.
struct JobHooks<'a> {
    progress: &'a Progress,
    signals: &'a Signals,
    rate: Option<RateLimit>,
}

impl Hooks for JobHooks<'_> {
    fn progress(&self, progress: v2v_copy::Progress) {
        self.progress.update(progress.done, progress.total);
    }

    fn cancelled(&self) -> bool {
        self.signals.cancelled()
    }

    fn admit(&self, bytes: u64) {
        if let Some(rate) = &self.rate {
            rate.admit(bytes, || self.cancelled());
        }
    }
}
