//! One file: read, parse, look beside it, translate, judge.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use v2v_cli::ExitStatus;
use v2v_report::{FindingId, Report, SourceReport};
use v2v_translate::policy::DiskPlace;
use v2v_translate::{Evidence, Policy, Translation, translate};
use v2v_vmx::{Document, ParseOptions};

use crate::PROGRAM;
use crate::args::Args;
use crate::domain_args::absolute;
use crate::failure::{status_of, usage};
use crate::look::Looker;
use crate::output::check_target;
use crate::validate::validate;
use crate::{record, unused};

/// What every file of one call shares.
pub(crate) struct Converter<'a> {
    args: &'a Args,
    policy: Policy,
    parsing: ParseOptions,
    overruled: Vec<FindingId>,
    looker: Looker,
}

/// What became of one file.
pub(crate) struct Conversion {
    /// How it ended, so far: what is written later can still fail.
    pub(crate) status: ExitStatus,
    /// Everything that is known of it.
    pub(crate) report: Report,
    /// The XML; `None` if it was refused or failed.
    pub(crate) xml: Option<String>,
    /// Why it failed, beginning with the name of the file.
    pub(crate) error: Option<anyhow::Error>,
}

/// A configuration that was read.
struct Source {
    bytes: Vec<u8>,
    /// Where it really lies; `None` for a pipe.
    place: Option<PathBuf>,
}

/// A configuration that was parsed and translated.
pub(crate) struct Translated {
    pub(crate) document: Document,
    pub(crate) translation: Translation,
}

impl Conversion {
    /// One that did not begin.
    fn failed(file: &Path, error: anyhow::Error) -> Conversion {
        let mut report = Report::new(PROGRAM, env!("CARGO_PKG_VERSION"));
        report.source = Some(SourceReport::new("vmx", file));
        let mut conversion = Conversion {
            status: ExitStatus::Done,
            report,
            xml: None,
            error: None,
        };
        conversion.fail(error);
        conversion
    }

    /// Something about it failed; the first error counts.
    pub(crate) fn fail(&mut self, error: anyhow::Error) {
        self.end(status_of(&error));
        self.error.get_or_insert(error);
    }

    fn end(&mut self, status: ExitStatus) {
        self.status = status;
        self.report.finish(status.outcome(), status.code());
    }
}

impl<'a> Converter<'a> {
    /// What `args` ask for.
    ///
    /// # Errors
    ///
    /// Wrong usage, and I/O for the network map.
    pub(crate) fn new(args: &'a Args) -> anyhow::Result<Converter<'a>> {
        let mut policy = Policy::default();
        args.domain.apply(&mut policy)?;
        Ok(Converter {
            args,
            policy,
            parsing: parse_options(args)?,
            overruled: args.overruled()?,
            looker: Looker::new(&args.allow_path)?,
        })
    }

    /// What was given and has no effect.
    pub(crate) fn notes(&self) -> Option<String> {
        let ignored = self.policy.networks.ignored();
        (!ignored.is_empty()).then(|| format!("--network-map: ignored: {}", ignored.join(", ")))
    }

    /// Translates `file`, whose XML is to become the file `target`, and says how that ended; writes nothing.
    pub(crate) fn convert(&self, file: &Path, target: Option<&Path>) -> Conversion {
        let checked = target.map(|target| check_target(target, file, self.args.force));
        if let Some(Err(error)) = checked {
            return Conversion::failed(file, error);
        }
        let mut report = Report::new(PROGRAM, env!("CARGO_PKG_VERSION"));
        let (xml, error) = match self.xml(file, &mut report) {
            Ok(xml) => (xml, None),
            Err(error) => (None, Some(error)),
        };
        let status = match (&xml, &error) {
            (_, Some(error)) => status_of(error),
            (None, None) => ExitStatus::Refused,
            (Some(_), None) => self.args.policy.status(&report.findings),
        };
        let mut conversion = Conversion {
            status,
            report,
            xml,
            error,
        };
        conversion.end(status);
        conversion
    }

    /// The XML, or nothing if a finding speaks against it.
    fn xml(&self, file: &Path, report: &mut Report) -> anyhow::Result<Option<String>> {
        let Translated { translation, .. } = self.translate(file, report)?;
        if self.args.policy.refuses(&report.findings) {
            return Ok(None);
        }
        let xml = translation.domain.to_xml().with_context(|| shown(file))?;
        if self.args.validate {
            validate(&xml).with_context(|| shown(file))?;
        }
        Ok(Some(xml))
    }

    /// Reads, parses and translates `file`; `report` gets what is known.
    pub(crate) fn translate(&self, file: &Path, report: &mut Report) -> anyhow::Result<Translated> {
        report.source = Some(SourceReport::new("vmx", file));
        let source = self.read(file)?;
        let parsed = Document::parse(&source.bytes, &self.parsing);
        record::source(report, &source.bytes, parsed.as_ref().ok());
        let document = parsed.with_context(|| shown(file))?;
        let evidence = match &source.place {
            Some(place) => self.looker.look(&document, place)?,
            None => Evidence::default(),
        };
        let policy = self.policy_for(source.place.as_deref().and_then(Path::parent))?;
        let translation = translate(&document, &policy, &evidence);
        record::translation(report, &translation, &evidence, &self.overruled);
        if self.args.out_dir.is_none() {
            // Among many files, some have the device and some have not.
            report
                .findings
                .extend(unused::findings(&policy, &translation));
        }
        Ok(Translated {
            document,
            translation,
        })
    }

    fn read(&self, file: &Path) -> anyhow::Result<Source> {
        if file == Path::new("-") {
            let bytes = read_some(stdin().lock(), self.parsing.max_bytes)
                .context("standard input: cannot read")?;
            return Ok(Source { bytes, place: None });
        }
        let open = File::open(file).and_then(|open| Ok((open.metadata()?, open)));
        let (metadata, open) = open.with_context(|| format!("{}: cannot open", file.display()))?;
        if metadata.is_dir() {
            bail!(
                "{}: is a directory, expected a file; name the .vmx inside",
                file.display()
            );
        }
        let limit = self.parsing.max_bytes;
        if metadata.is_file() && metadata.len() > limit {
            let found = metadata.len();
            return Err(v2v_vmx::Error::TooLarge { found, limit }).with_context(|| shown(file));
        }
        let bytes =
            read_some(open, limit).with_context(|| format!("{}: cannot read", file.display()))?;
        // What lies beside a pipe says nothing of the VM; what lies beside a link's target does.
        let place = match metadata.is_file() {
            true => file.canonicalize().ok(),
            false => None,
        };
        Ok(Source { bytes, place })
    }

    /// The policy for a configuration in `dir`: its images lie beside it if nothing else was said.
    fn policy_for(&self, dir: Option<&Path>) -> anyhow::Result<Policy> {
        let mut policy = self.policy.clone();
        let Some(dir) = dir else {
            return Ok(policy);
        };
        match absolute(dir) {
            Ok(dir) => {
                if !self.args.domain.names_disk_place() {
                    policy.disks.place = DiskPlace::Directory(dir.clone());
                }
                policy.disks.source_dir = Some(dir);
            }
            Err(_) if self.args.domain.names_disk_place() => {}
            Err(error) => return Err(usage(format!("{error}; use --disk-dir"))),
        }
        Ok(policy)
    }
}

/// How the text is read. An encoding that nobody knows is told once, not for each file.
fn parse_options(args: &Args) -> anyhow::Result<ParseOptions> {
    let mut options = ParseOptions::default();
    options.encoding.clone_from(&args.encoding);
    match &args.encoding {
        Some(name) if v2v_encoding::lookup(name).is_none() => {
            let error = v2v_vmx::Error::UnknownEncoding { name: name.clone() };
            Err(usage(format!("--encoding: {error}")))
        }
        _ => Ok(options),
    }
}

/// The name of a source in messages.
pub(crate) fn shown(file: &Path) -> String {
    match file == Path::new("-") {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    }
}

/// At most one byte more than `limit`, which the parser then refuses.
fn read_some(from: impl Read, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
