//! The conversion: open, plan, copy, verify, name, report.

use std::ffi::OsStr;
use std::io::stdout;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use v2v_cli::{ExitStatus, Phase, Progress, Signals, human_size, write_report};
use v2v_copy::{
    Algorithm, CopyOptions, CopyReport, Hooks, RateLimit, Reflink, copy, copy_stream, digest,
};
use v2v_disk::{Class, DiskImage as _, DiskStream as _, Existing, FileId, TargetFile, TargetImage};
use v2v_image::{Format, OpenOptions, Opened, TargetFormat, open};
use v2v_qcow2::Backing;
use v2v_report::{DiskHash, DiskReport, Finding, Report, SourceReport, Timing};
use v2v_vmdk::VmdkStream;

use crate::PROGRAM;
use crate::args::{ConvertArgs, HashArg, OutputFormat, ReflinkArg};
use crate::facts;
use crate::failure::{class_of, status_of, usage};
use crate::plan::{TargetChoice, default_target, open_options, target_format};

/// Converts and reports; the report is written whatever happens.
pub(crate) fn run(args: &ConvertArgs, signals: &Signals) -> anyhow::Result<ExitStatus> {
    let progress = args
        .progress
        .open(PROGRAM, args.percent, args.quiet)?
        .state_request(signals.state_request());
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
        write_report(&report, target, &mut stdout())?;
    }
    match result {
        // The signal says it all; the error would only say "interrupted".
        Err(error) if !matches!(status, ExitStatus::Signal(_)) => Err(error),
        _ => Ok(status),
    }
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
        let format = self.target_format(&target)?;
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
        let findings = source.findings();
        findings
            .iter()
            .for_each(|finding| self.progress.finding(finding));
        report.findings.extend(findings);
        if args.policy.refuses(&report.findings) {
            return Ok(ExitStatus::Refused);
        }
        if args.dry_run {
            self.show_plan(path, &source, &target)?;
            return Ok(ExitStatus::Done);
        }
        let file = TargetFile::create(&target, existing)?;
        if file.replaces_any(&source.ids()) {
            anyhow::bail!(
                "{}: is a file of the source; name another target",
                target.display()
            );
        }
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

    fn target_format(&self, target: &Path) -> anyhow::Result<TargetFormat> {
        let args = self.args;
        let backing = match (&args.backing, args.backing_format) {
            (Some(file), Some(format)) => Some(check_backing(file, format, target)?),
            _ => None,
        };
        let choice = TargetChoice {
            compress: args.compress,
            level: args.compression_level,
            backing,
        };
        target_format(args.output_format, &args.options, &choice)
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
        let chain = match &source {
            Source::Image(opened) => opened
                .links
                .iter()
                .map(|link| link.file.clone().into())
                .collect(),
            Source::Stream(_) => Vec::new(),
        };
        let target = format.create(file, size)?;
        self.progress
            .phase(Phase::Copy, &path.display().to_string());
        let copied = self.copy(source, &*target)?;
        let unreadable =
            facts::of_unreadable(path, &copied.unreadable, copied.first_unreadable.as_deref());
        unreadable
            .iter()
            .for_each(|finding| self.progress.finding(finding));
        report.findings.extend(unreadable);
        let file = target.into_file();
        let verified = self.verify(&file, &copied)?;
        let mut disk = DiskReport::new(path, file.path(), size);
        disk.written = copied.target.file_len;
        disk.zero = size.saturating_sub(copied.stored);
        disk.cloned = copied.cloned;
        disk.chain = chain;
        disk.verified = verified;
        disk.hash = copied.digest.as_ref().map(|digest| DiskHash {
            algorithm: digest.algorithm.name().to_owned(),
            block_size: digest.block_size,
            value: digest.to_string(),
        });
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
        self.summarize(path, &kind, &target, &copied, verified)?;
        Ok(self.args.policy.status(&report.findings))
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
            .filter_map(|file| backing_folder(file, folder(&self.target()?)))
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

    fn target(&self) -> Option<PathBuf> {
        let source = self.args.source.as_deref()?;
        self.args
            .target
            .clone()
            .or_else(|| default_target(source, self.args.output_format).ok())
    }

    fn show_plan(&self, path: &Path, source: &Source, target: &Path) -> anyhow::Result<()> {
        let size = source.virtual_size();
        let mut text = format!(
            "would convert {} ({}, {})\n",
            path.display(),
            source.kind(),
            human_size(size)
        );
        if let Source::Image(opened) = source {
            for file in opened.files() {
                text.push_str(&format!(
                    "  reads {} ({} on disk)\n",
                    file.path.display(),
                    human_size(file.allocated)
                ));
            }
        }
        let name = match self.args.output_format {
            OutputFormat::Qcow2 => "qcow2",
            OutputFormat::Raw => "raw",
        };
        text.push_str(&format!("  writes {} ({name})", target.display()));
        self.progress.lines(|out| {
            writeln!(
                out,
                "{PROGRAM}: {}",
                v2v_cli::printable(&text).replace("\\n", "\n")
            )
        })?;
        Ok(())
    }

    fn summarize(
        &self,
        path: &Path,
        kind: &str,
        target: &Path,
        copied: &CopyReport,
        verified: Option<bool>,
    ) -> anyhow::Result<()> {
        if self.args.quiet {
            return Ok(());
        }
        let mut text = format!(
            "{} ({kind}, {}) -> {}: {} of data in a file of {}",
            path.display(),
            human_size(copied.virtual_size),
            target.display(),
            human_size(copied.stored),
            human_size(copied.target.file_len),
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
        self.progress
            .lines(|out| writeln!(out, "{PROGRAM}: {}", v2v_cli::printable(&text)))?;
        Ok(())
    }
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
            rate.admit(bytes);
        }
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if dir.as_os_str() != OsStr::new("") => dir,
        _ => Path::new("."),
    }
}

/// The directory of a backing file as a reader of the target finds it.
fn backing_folder(file: &Path, target_folder: &Path) -> Option<PathBuf> {
    target_folder.join(file).parent().map(Path::to_path_buf)
}

/// A backing file must be there, where the target will look for it, and be what it is said to be.
fn check_backing(file: &Path, format: Format, target: &Path) -> anyhow::Result<Backing> {
    let place = folder(target).join(file);
    let mut options = OpenOptions::default();
    options.format = Some(format);
    open(&place, &options).context("backing file")?;
    let name = file
        .to_str()
        .ok_or_else(|| usage(format!("{}: the name is not UTF-8", file.display())))?;
    Ok(Backing {
        name: name.to_owned(),
        format: format.name().to_owned(),
    })
}
