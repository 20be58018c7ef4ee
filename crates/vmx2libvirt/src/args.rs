//! The command line. The comments are the help text and the manual.

use std::path::{Path, PathBuf};

use clap::Parser;
use v2v_cli::{Generate, Policy, ReportTarget, spell_out, usage};
use v2v_domain_args::{DomainArgs, ONE_DASH, VIRT_V2V_ONE_DASH, VirtV2vArgs};
use v2v_report::FindingId;
use v2v_translate::finding::{VTPM_STATE_LOST, can_be_overruled};

const EXAMPLES: &str = "\
Examples:
  vmx2libvirt web01.vmx > web01.xml             findings on standard error
  vmx2libvirt -b br0 web01.vmx --output web01.xml && virsh define web01.xml
  vmx2libvirt --explain web01.vmx               where every key went, and why
  vmx2libvirt -n 'VM Network:default' -os /var/lib/libvirt/images web01.vmx
  vmx2libvirt --report --out-dir xml */*.vmx    many at once
";

const AFTER: &str = "\
Exit status: 0 done; 1 failed (I/O, target exists, --validate found the result invalid); 2 wrong usage; 3 refused (a \
blocker, or a source that is no .vmx or is encrypted; nothing was written); 5 done with work left for a person \
(--strict). With several files the worst of 1, 3, 5 and 0, in this order.

Findings are lines on standard error: vmx2libvirt: severity: id: subject: what was seen; what to do. -q leaves out \
severity info and the summary.

The images that the XML names are those that vmdk2qcow2 writes. FILE and what lies beside it are only read; files \
elsewhere are not opened unless --allow-path says so.

Options of virt-v2v that say what has no meaning here (--no-fstrim, --smp, --memsize, --bandwidth, --parallel) are \
accepted with a note, those that ask for more than XML (-o, -oc, -it, --root, --key and the like) are refused.";

/// Translates VMware configurations (.vmx) to libvirt domains for KVM, with every key accounted for
#[derive(Debug, Parser)]
#[command(
    name = "vmx2libvirt",
    version,
    before_help = EXAMPLES,
    override_usage = "vmx2libvirt [OPTIONS] FILE\n       vmx2libvirt [OPTIONS] --out-dir DIR FILE...",
    after_help = AFTER,
    arg_required_else_help = true
)]
pub(crate) struct Args {
    /// The configuration (.vmx, .vmtx), or - for standard input; several with --out-dir
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The same as FILE [as in vmware2libvirt]
    #[arg(short = 'f', value_name = "FILE")]
    file: Option<PathBuf>,

    /// Write the XML to this file, complete or not at all; without it to standard output
    #[arg(long, value_name = "FILE", conflicts_with = "out_dir")]
    pub(crate) output: Option<PathBuf>,

    /// Write DIR/NAME.xml for each FILE called NAME.vmx, on all cores
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,

    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,

    /// Do everything but write the XML
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print where each key went or why it went nowhere, one line a key, instead of the XML; with --output the XML is
    /// written as well
    #[arg(long, conflicts_with = "out_dir")]
    pub(crate) explain: bool,

    /// Print what the source has, and translate nothing; as JSON with --report - [as in virt-v2v]
    #[arg(long, conflicts_with_all = ["out_dir", "output", "explain", "validate"])]
    pub(crate) print_source: bool,

    /// Write a report (JSON) to this file, - for standard output; with --out-dir no FILE, but DIR/NAME.report.json for
    /// each
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    report: Option<Option<ReportTarget>>,

    /// Check the XML against libvirt's schema with virt-xml-validate before it is written
    #[arg(long)]
    pub(crate) validate: bool,

    /// Encoding of the configuration, instead of the one it declares: UTF-8, windows-1252, GBK, Shift_JIS, ...
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,

    /// Also open disks and media below this directory; repeatable
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_path: Vec<PathBuf>,

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
    pub(crate) virt_v2v: VirtV2vArgs,

    /// Print the manual page or shell completions and exit
    #[arg(long, value_enum, hide = true, exclusive = true)]
    pub(crate) generate: Option<Generate>,
}

/// Where the translations go.
#[derive(Debug)]
pub(crate) enum Task<'a> {
    /// One file, to standard output or to the file that is named.
    One(&'a Path),
    /// Each file to its name in a directory.
    Many { files: Vec<&'a Path>, dir: &'a Path },
    /// No file: what this version can do.
    Capabilities,
}

impl Args {
    /// The arguments of this process; ends it with exit status 2 if they make no sense.
    pub(crate) fn from_command_line() -> Args {
        let names = [ONE_DASH, VIRT_V2V_ONE_DASH].concat();
        Args::parse_from(spell_out(std::env::args_os(), &names))
    }

    /// What is to be done.
    ///
    /// # Errors
    ///
    /// Wrong usage.
    pub(crate) fn task(&self) -> anyhow::Result<Task<'_>> {
        let files: Vec<&Path> = self
            .file
            .iter()
            .chain(&self.files)
            .map(PathBuf::as_path)
            .collect();
        match (&self.out_dir, files.as_slice()) {
            (None, []) if self.machine_readable => Ok(Task::Capabilities),
            (_, []) => Err(usage("no FILE; name a .vmx, or - for standard input")),
            (None, [file]) => {
                self.check_stdout()?;
                Ok(Task::One(file))
            }
            (None, [_, second, ..]) => Err(usage(format!(
                "{}: a second FILE; use --out-dir DIR to translate several",
                second.display()
            ))),
            (Some(dir), _) => {
                self.check_many(&files)?;
                Ok(Task::Many { files, dir })
            }
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
        self.output.is_none() && !self.dry_run && !self.explain && !self.print_source
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
        let taken = self.prints_xml() || self.explain;
        match self.report() {
            Some(ReportTarget::Stdout) if taken => Err(usage(
                "--report - and another product would mix on standard output; use --output FILE for the XML and leave \
                 out --explain",
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
