//! One file: read, parse, look beside it, translate, judge.

use std::path::Path;

use anyhow::Context as _;
use v2v_cli::{Conversion, ExitStatus, SourceText, read_source, shown, usage, validate};
use v2v_domain_args::absolute;
use v2v_report::{FindingId, Report, SourceReport};
use v2v_translate::policy::DiskPlace;
use v2v_translate::{Evidence, Policy, Translation, translate};
use v2v_vmx::{Document, ParseOptions};

use crate::PROGRAM;
use crate::args::Args;
use crate::failure::status_of;
use crate::look::Looker;
use crate::output::check_target;
use crate::{record, unused};

/// What every file of one call shares.
pub(crate) struct Converter<'a> {
    args: &'a Args,
    policy: Policy,
    parsing: ParseOptions,
    overruled: Vec<FindingId>,
    looker: Looker,
}

/// A configuration that was parsed and translated.
pub(crate) struct Translated {
    pub(crate) document: Document,
    pub(crate) translation: Translation,
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
        let mut report = Report::new(PROGRAM, env!("CARGO_PKG_VERSION"));
        report.source = Some(SourceReport::new("vmx", file));
        let xml = match checked {
            Some(Err(error)) => Err(error),
            _ => self.xml(file, &mut report),
        };
        let status = match &xml {
            Ok(Some(_)) => self.args.policy.status(&report.findings),
            Ok(None) => ExitStatus::Refused,
            Err(error) => status_of(error),
        };
        let (xml, error) = match xml {
            Ok(xml) => (xml, None),
            Err(error) => (None, Some(error)),
        };
        let mut conversion = Conversion::new(status, report, xml);
        if let Some(error) = error {
            conversion.fail(error, status);
        }
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

    fn read(&self, file: &Path) -> anyhow::Result<SourceText> {
        let limit = self.parsing.max_bytes;
        let source = read_source(file, limit, "the .vmx inside")?;
        if source.len > limit {
            let found = source.len;
            return Err(v2v_vmx::Error::TooLarge { found, limit }).with_context(|| shown(file));
        }
        Ok(source)
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
