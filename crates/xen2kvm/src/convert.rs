//! One file: read, parse, look at its images, convert, judge.

use std::path::Path;

use anyhow::Context as _;
use v2v_cli::{Conversion, ExitStatus, SourceText, explain_settings, read_source, shown, validate};
use v2v_report::{Evidence as Seen, Finding, FindingId, Report, Severity, SourceReport};
use v2v_target::Policy;
use v2v_target::policy::DiskPlace;
use v2v_xen::{Evidence, RuleChoice, convert};

use crate::PROGRAM;
use crate::args::{Args, Kind};
use crate::failure::status_of;
use crate::look::Looker;
use crate::output::check_target;
use crate::source::{self, Source};
use crate::{diff, explain, record, unused};

/// The domain is converted already, or never was one of Xen.
const DOMAIN_IS_KVM: FindingId = FindingId::new("domain-is-kvm");

/// What every file of one call shares.
pub(crate) struct Converter<'a> {
    args: &'a Args,
    policy: Policy,
    rules: RuleChoice,
    overruled: Vec<FindingId>,
    looker: Looker,
}

/// What became of one file.
pub(crate) struct Converted {
    pub(crate) conversion: Conversion,
    /// What `--diff` or `--explain` is to show; of a refused file too.
    pub(crate) shown: String,
    /// What became of it, in some words.
    pub(crate) summary: String,
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
        args.xen.apply(&mut policy);
        policy.disks.place = DiskPlace::Source;
        Ok(Converter {
            args,
            policy,
            rules: args.rules()?,
            overruled: args.overruled()?,
            looker: Looker::new(&args.allow_path)?,
        })
    }

    /// What was given and has no effect.
    pub(crate) fn notes(&self) -> Option<String> {
        let ignored = self.policy.networks.ignored();
        (!ignored.is_empty()).then(|| format!("--network-map: ignored: {}", ignored.join(", ")))
    }

    /// Converts `file`, whose XML is to become the file `target`, and says how that ended; writes nothing.
    pub(crate) fn convert(&self, file: &Path, target: Option<&Path>) -> Converted {
        let checked = target.map(|target| check_target(target, file, self.args.force));
        let mut report = Report::new(PROGRAM, env!("CARGO_PKG_VERSION"));
        report.source = Some(SourceReport::new("xen", file));
        let (mut text, mut summary) = (String::new(), String::new());
        let xml = match checked {
            Some(Err(error)) => Err(error),
            _ => self.xml(file, &mut report, &mut text, &mut summary),
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
        Converted {
            conversion,
            shown: text,
            summary,
        }
    }

    /// The XML, or nothing if a finding speaks against it.
    fn xml(
        &self,
        file: &Path,
        report: &mut Report,
        text: &mut String,
        summary: &mut String,
    ) -> anyhow::Result<Option<String>> {
        let source = read_source(file, source::max_bytes(), "the domain's file inside")?;
        let kind = self
            .args
            .input
            .unwrap_or_else(|| source::kind_of(&source.bytes));
        record::source(report, &source.bytes, kind);
        let parsed = source::parse(&source.bytes, source.len, kind).with_context(|| shown(file))?;
        let xen = parsed.document.clone();
        let converted = self
            .domain(parsed, &source, report)
            .with_context(|| shown(file))?;
        record::conversion(report, kind, &xen, &converted, &self.overruled);
        if converted.changes.is_empty() && is_kvm(&xen) {
            report.findings.push(already_kvm());
        } else if self.args.out_dir.is_none() {
            // Among many files, some have the device and some have not.
            report.findings.extend(unused::findings(&self.policy, &xen));
        }
        *summary = summarize(kind, report, &converted);
        if self.args.diff {
            let name = match kind {
                Kind::Xml => shown(file),
                Kind::Xl | Kind::Xm => format!("{} (as a Xen domain)", shown(file)),
            };
            *text = diff::text(&name, &xen, &converted.document, &converted.changes);
        } else if self.args.explain {
            *text = match kind {
                Kind::Xml => explain::text(&converted.changes),
                Kind::Xl | Kind::Xm => explain_settings(&report.settings),
            };
        }
        if self.args.policy.refuses(&report.findings) {
            return Ok(None);
        }
        let xml = converted.document.to_string();
        if self.args.validate {
            validate(&xml).with_context(|| shown(file))?;
        }
        Ok(Some(xml))
    }

    /// Applies the rules; `report` gets what the configuration had to say.
    fn domain(
        &self,
        parsed: Source,
        source: &SourceText,
        report: &mut Report,
    ) -> anyhow::Result<v2v_xen::Conversion> {
        report.settings = parsed.settings;
        report.findings = parsed.findings;
        let evidence = match &source.place {
            Some(place) => self.looker.look(&parsed.document, place)?,
            None => Evidence::default(),
        };
        Ok(convert(
            parsed.document,
            &self.policy,
            &evidence,
            &self.rules,
        )?)
    }
}

fn is_kvm(document: &v2v_xml::Document) -> bool {
    let kind = document.attribute(document.root(), "type");
    matches!(kind.as_deref(), Some("kvm" | "qemu"))
}

fn already_kvm() -> Finding {
    let text = "it is a KVM domain already; it was left as it is, and options have no effect on it";
    Finding::new(DOMAIN_IS_KVM, Severity::Info, "domain").evidence(Seen::new(text))
}

/// What became of it, in some words: `12 changes by 8 rules`.
fn summarize(kind: Kind, report: &Report, converted: &v2v_xen::Conversion) -> String {
    if kind != Kind::Xml {
        return v2v_cli::count_settings(&report.settings);
    }
    let mut rules: Vec<&str> = converted.changes.iter().map(|change| change.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    format!(
        "{} changes by {} rules",
        converted.changes.len(),
        rules.len()
    )
}
