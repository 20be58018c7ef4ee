//! The command line. The comments are the help text and the manual.

use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use v2v_cli::{Generate, Policy, ReportTarget, spell_out, usage};
use v2v_domain_args::{
    DomainArgs, ONE_DASH, VIRT_V2V_ONE_DASH, VirtV2vArgs, XenArgs, check_xen, for_xen,
};
use v2v_report::FindingId;
use v2v_target::finding::{VTPM_STATE_LOST, can_be_overruled};
use v2v_xen::RuleChoice;

const EXAMPLES: &str = "\
Examples:
  xen2kvm web01.xml > kvm.xml                 findings on standard error
  xen2kvm /etc/xen/web01.cfg --output web01.xml && virsh define web01.xml
  xen2kvm --diff web01.xml                    what is changed, and by which rule
  xen2kvm -b xenbr0:br0 --disk-map /var/lib/xen=/srv/vm web01.xml
  xen2kvm --report --out-dir kvm xen/*.xml    many at once
";

const AFTER: &str = "\
Exit status: 0 done; 1 failed (I/O, broken XML, target exists, --validate found the result invalid); 2 wrong usage; 3 \
refused (a blocker, or a source that is no Xen domain; nothing was written); 5 done with work left for a person \
(--strict). With several files the worst of 1, 3, 5 and 0, in this order.

Findings are lines on standard error: xen2kvm: severity: id: subject: what was seen; what to do. -q leaves out severity \
info and the summary.

FILE is what `virsh dumpxml` prints for a Xen domain, or a configuration of xl or xm. Of XML every byte stays that no rule \
changes; a KVM domain stays as it is. Images keep their place unless --disk-map says otherwise. FILE and images below its \
directory are only read; other images are not opened unless --allow-path says so.

Options of virt-v2v that say what has no meaning here (--no-fstrim, --smp, --memsize, --bandwidth, --parallel) are \
accepted with a note, those that ask for more than XML (-o, -oc, -os, -of, -it, --root, --key and the like) are refused.";

/// Converts Xen domains to libvirt domains for KVM, and says what was changed and why
#[derive(Debug, Parser)]
#[command(
    name = "xen2kvm",
    version,
    before_help = EXAMPLES,
    override_usage = "xen2kvm [OPTIONS] FILE\n       xen2kvm [OPTIONS] --out-dir DIR FILE...\n       \
                      xen2kvm --list-rules [--guide]",
    after_help = AFTER,
    arg_required_else_help = true
)]
pub(crate) struct Args {
    /// The domain: libvirt XML, or a configuration of xl or xm; - for standard input; several with --out-dir
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What FILE is; without it told by its content
    #[arg(long, value_name = "KIND", value_enum)]
    pub(crate) input: Option<Kind>,

    /// Write the XML to this file, complete or not at all; without it to standard output
    #[arg(long, value_name = "FILE", conflicts_with = "out_dir")]
    pub(crate) output: Option<PathBuf>,

    /// Write DIR/NAME.xml for each FILE called NAME.xml or NAME.cfg, on all cores
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,

    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,

    /// Do everything but write the XML
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a unified diff with the rules that made each hunk, instead of the XML; with --output the XML is written as
    /// well. For a configuration of xl or xm the old side is the Xen domain that is made of it
    #[arg(long, conflicts_with_all = ["out_dir", "explain"])]
    pub(crate) diff: bool,

    /// Print what was changed and why, one line a change (for a configuration of xl or xm one line a key), instead of the
    /// XML; with --output the XML is written as well
    #[arg(long, conflicts_with = "out_dir")]
    pub(crate) explain: bool,

    /// Write a report (JSON) to this file, - for standard output; with --out-dir no FILE, but DIR/NAME.report.json for
    /// each
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    report: Option<Option<ReportTarget>>,

    /// Check the XML against libvirt's schema with virt-xml-validate before it is written
    #[arg(long)]
    pub(crate) validate: bool,

    /// Also open images below this directory; repeatable
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_path: Vec<PathBuf>,

    #[command(flatten)]
    rules: RuleArgs,

    #[command(flatten)]
    pub(crate) policy: Policy,

    /// Go on in spite of blockers with this id, if it is one that can be overruled; repeatable
    #[arg(long, value_name = "ID")]
    ignore: Vec<FindingId>,

    /// Go on though what was sealed to the old TPM can't be opened any more: --ignore vtpm-state-lost
    #[arg(long)]
    allow_tpm: bool,

    /// Only warnings, blockers and errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Say more on standard error; twice for everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Alone, print what this version can do, one word a line; with --out-dir print N/M as files are done [as in
    /// virt-v2v]
    #[arg(long)]
    pub(crate) machine_readable: bool,

    #[command(flatten)]
    pub(crate) domain: DomainArgs,

    #[command(flatten)]
    pub(crate) xen: XenArgs,

    #[command(flatten)]
    pub(crate) virt_v2v: VirtV2vArgs,

    /// Print the manual page or shell completions and exit
    #[arg(long, value_enum, hide = true, exclusive = true)]
    pub(crate) generate: Option<Generate>,
}

/// Which rules apply.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
struct RuleArgs {
    /// Print the rules with what they are about, when they apply and why, and exit
    #[arg(long, conflicts_with_all = ["files", "output", "out_dir", "diff", "explain", "report"])]
    list_rules: bool,

    /// Apply exactly the rules of the Xen migration guide, for comparison with its results
    #[arg(long)]
    guide: bool,

    /// Apply this rule only; repeatable
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,

    /// Do not apply this rule; repeatable
    #[arg(long, value_name = "RULE")]
    skip: Vec<String>,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// libvirt XML
    Xml,
    /// A configuration of xl
    Xl,
    /// A configuration of xm
    Xm,
}

impl Kind {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Xml => "xml",
            Kind::Xl => "xl",
            Kind::Xm => "xm",
        }
    }
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Task<'a> {
    /// One file, to standard output or to the file that is named.
    One(&'a Path),
    /// Each file to its name in a directory.
    Many { files: Vec<&'a Path>, dir: &'a Path },
    /// No file: the rules.
    ListRules,
    /// No file: what this version can do.
    Capabilities,
}

/// The command, in Xen's words.
pub(crate) fn command() -> clap::Command {
    for_xen(Args::command())
}

impl Args {
    /// The arguments of this process; ends it with exit status 2 if they are none.
    ///
    /// # Errors
    ///
    /// Options without a meaning here.
    pub(crate) fn from_command_line() -> anyhow::Result<Args> {
        let names = [ONE_DASH, VIRT_V2V_ONE_DASH].concat();
        let matches = command().get_matches_from(spell_out(std::env::args_os(), &names));
        check_xen(&matches)?;
        Ok(Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
    }

    /// What is to be done.
    ///
    /// # Errors
    ///
    /// Wrong usage.
    pub(crate) fn task(&self) -> anyhow::Result<Task<'_>> {
        if self.rules.list_rules {
            return Ok(Task::ListRules);
        }
        let files: Vec<&Path> = self.files.iter().map(PathBuf::as_path).collect();
        match (&self.out_dir, files.as_slice()) {
            (None, []) if self.machine_readable => Ok(Task::Capabilities),
            (_, []) => Err(usage(
                "no FILE; name a domain's XML or a configuration of xl, or - for standard input",
            )),
            (None, [file]) => {
                self.check_stdout()?;
                if *file == Path::new("-") && !self.allow_path.is_empty() {
                    return Err(usage(
                        "--allow-path: images are looked at for a domain in a file; save standard input to one",
                    ));
                }
                Ok(Task::One(file))
            }
            (None, [_, second, ..]) => Err(usage(format!(
                "{}: a second FILE; use --out-dir DIR to convert several",
                second.display()
            ))),
            (Some(dir), _) => {
                self.check_many(&files)?;
                Ok(Task::Many { files, dir })
            }
        }
    }

    /// Which rules apply.
    ///
    /// # Errors
    ///
    /// Wrong usage for a name that is no rule's.
    pub(crate) fn rules(&self) -> anyhow::Result<RuleChoice> {
        let mut choice = RuleChoice::default();
        choice.guide = self.rules.guide;
        choice.only.clone_from(&self.rules.only);
        choice.skip.clone_from(&self.rules.skip);
        match choice.rules() {
            Ok(_) => Ok(choice),
            Err(error) => Err(usage(error.to_string())),
        }
    }

    /// Where the report of a single file goes.
    pub(crate) fn report(&self) -> Option<&ReportTarget> {
        self.report.as_ref()?.as_ref()
    }

    /// Whether reports were asked for.
    pub(crate) fn wants_report(&self) -> bool {
        self.report.is_some()
    }

    /// Whether the XML goes to standard output.
    pub(crate) fn prints_xml(&self) -> bool {
        self.output.is_none() && !self.dry_run && !self.explain && !self.diff
    }

    /// The ids of the blockers that do not count.
    ///
    /// # Errors
    ///
    /// Wrong usage for one that can't be overruled.
    pub(crate) fn overruled(&self) -> anyhow::Result<Vec<FindingId>> {
        if let Some(id) = self.ignore.iter().find(|id| !can_be_overruled(id)) {
            return Err(usage(format!(
                "--ignore {id}: this is no blocker that can be overruled"
            )));
        }
        let tpm = self.allow_tpm.then_some(VTPM_STATE_LOST);
        Ok(self.ignore.iter().cloned().chain(tpm).collect())
    }

    /// One product at most goes to standard output.
    fn check_stdout(&self) -> anyhow::Result<()> {
        if self.wants_report() && self.report().is_none() {
            return Err(usage("--report needs a FILE here, - for standard output"));
        }
        let taken = self.prints_xml() || self.explain || self.diff;
        match self.report() {
            Some(ReportTarget::Stdout) if taken => Err(usage(
                "--report - and another product would mix on standard output; use --output FILE for the XML and leave \
                 out --diff and --explain",
            )),
            _ => Ok(()),
        }
    }

    fn check_many(&self, files: &[&Path]) -> anyhow::Result<()> {
        if self.report().is_some() {
            return Err(usage(
                "--report takes no FILE with --out-dir; each gets DIR/NAME.report.json (put --report before --out-dir)",
            ));
        }
        if self.domain.names_domain() {
            return Err(usage("-on names one domain, and --out-dir is for many"));
        }
        if files.contains(&Path::new("-")) {
            return Err(usage("standard input has no name that --out-dir could use"));
        }
        Ok(())
    }
}
