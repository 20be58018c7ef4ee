//! The command line. The comments are the help text and the manual.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use v2v_cli::{Generate, Policy, ProgressArgs, Rate, ReportTarget, parse_rate, parse_size};
use v2v_image::Format;

const EXAMPLES: &str = "\
Examples:
  vmdk2qcow2 web01.vmdk                              web01.qcow2 beside it
  vmdk2qcow2 -c -p web01-000002.vmdk /vm/web01.qcow2    newest snapshot level
  vmdk2qcow2 -O raw win.vmdk /dev/shm/win.raw        one file of many extents
  tar -xOf web01.ova web01-disk1.vmdk | vmdk2qcow2 - web01.qcow2
  vmdk2qcow2 info --backing-chain web01-000002.vmdk
";

const AFTER: &str = "\
Exit status: 0 done; 1 failed (I/O, corrupt source, target exists); 2 wrong usage; 3 refused (a source that is not \
supported, or a file outside its directory); 4 what was read back differs (the target keeps its .part name); \
5 done with work left for a person (--strict); 128+n ended by signal n.

The target has its name only when it is complete. The source is only read.";

/// Converts VMware disks (VMDK), qcow2 and raw images to qcow2 or raw
#[derive(Debug, Parser)]
#[command(
    name = "vmdk2qcow2",
    version,
    before_help = EXAMPLES,
    override_usage = "vmdk2qcow2 [OPTIONS] SOURCE [TARGET]\n       vmdk2qcow2 info|map|measure [OPTIONS] SOURCE",
    after_help = AFTER,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) convert: ConvertArgs,

    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print the manual page or shell completions and exit
    #[arg(long, value_enum, hide = true, exclusive = true)]
    pub(crate) generate: Option<Generate>,
}

impl Args {
    /// The arguments of this process; ends it with exit status 2 if they make no sense.
    pub(crate) fn from_command_line() -> Args {
        let matches = Args::command().get_matches();
        let before = |id: &clap::Id| {
            id != "verbose" && matches.value_source(id.as_str()) == Some(ValueSource::CommandLine)
        };
        if let (Some(name), Some(option)) = (
            matches.subcommand_name(),
            matches.ids().find(|id| before(id)),
        ) {
            let text = format!(
                "options of the conversion ({option}) can't be combined with {name}; put its own options behind it"
            );
            Args::command()
                .error(ErrorKind::ArgumentConflict, text)
                .exit();
        }
        Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show format, sizes, content ids, adapter and every file of a disk
    Info(InfoArgs),
    /// Show what backs each range of a disk
    Map(MapArgs),
    /// Show how large the target will be
    Measure(MeasureArgs),
}

/// How the source is opened; the same everywhere.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// Format of the source: vmdk, qcow2 or raw; without it told by content, and never raw [as in qemu-img]
    #[arg(short = 'f', value_name = "FMT")]
    pub(crate) format: Option<Format>,

    /// Also open extents and parents below this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_path: Vec<PathBuf>,

    /// Look for parents (snapshot bases) in this directory too
    #[arg(long, value_name = "DIR")]
    pub(crate) parent_dir: Vec<PathBuf>,

    /// Read a snapshot whose parent was changed after it, or is another disk
    #[arg(long)]
    pub(crate) ignore_cid: bool,

    /// Read flat extents that are shorter than declared; what is missing reads as zeros
    #[arg(long)]
    pub(crate) allow_short: bool,

    /// Begin with this file of the chain: an earlier snapshot level
    #[arg(long, value_name = "FILE")]
    pub(crate) chain_top: Option<PathBuf>,

    /// Internal snapshot of a qcow2 source, by name or id [as in qemu-img]
    #[arg(short = 'l', value_name = "SNAPSHOT")]
    pub(crate) snapshot: Option<String>,

    /// Let a qcow2 source keep its data in another file of its directory
    #[arg(long)]
    pub(crate) allow_data_file: bool,

    /// Read the source through a memory mapping; a source that shrinks meanwhile then ends the program
    #[arg(long)]
    pub(crate) memory_map: bool,

    /// Accepted as in qemu-img; sources are never locked
    #[arg(short = 'U', hide_short_help = true)]
    pub(crate) force_share: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {
    /// The disk: a VMDK (descriptor or single file), qcow2 or raw image, or - for a stream-optimized VMDK on standard
    /// input
    #[arg(required = true)]
    pub(crate) source: Option<PathBuf>,

    /// The image to make; without it SOURCE with the extension of the output format
    pub(crate) target: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) input: SourceArgs,

    /// Format of the target [qemu-img: raw]
    #[arg(short = 'O', value_name = "FMT", value_enum, default_value_t)]
    pub(crate) output_format: OutputFormat,

    /// Creation options of the target: cluster_size=, compat=0.10|1.1, compression_type=zlib|zstd,
    /// preallocation=off|metadata|falloc|full [as in qemu-img]
    #[arg(short = 'o', value_name = "K=V,...")]
    pub(crate) options: Vec<String>,

    /// Compress the clusters of a qcow2 target [as in qemu-img]
    #[arg(short = 'c')]
    pub(crate) compress: bool,

    /// Compression level: 1 to 9 for zlib, 1 to 22 for zstd
    #[arg(long, value_name = "N", requires = "compress")]
    pub(crate) compression_level: Option<i32>,

    /// Write only what the top image of the source's chain holds, over this backing file; it must hold what the source's
    /// parent holds (--verify checks that) [as in qemu-img]
    #[arg(short = 'B', value_name = "FILE", requires = "backing_format")]
    pub(crate) backing: Option<PathBuf>,

    /// Format of the backing file: qcow2, raw or vmdk
    #[arg(short = 'F', value_name = "FMT", requires = "backing")]
    pub(crate) backing_format: Option<Format>,

    /// Aligned runs of this many zero bytes become holes; 0 looks for none, and what the source does not store stays a
    /// hole all the same [qemu-img: allocates everything at 0]
    #[arg(short = 'S', value_name = "SIZE", value_parser = parse_size, default_value = "4k")]
    pub(crate) sparse_size: u64,

    /// Threads; without it one for each processor [as in qemu-img, there coroutines]
    #[arg(short = 'm', value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Accepted as in qemu-img; writes are always out of order
    #[arg(short = 'W', hide_short_help = true)]
    pub(crate) out_of_order: bool,

    /// Not supported: a target is made anew, complete or not at all
    #[arg(short = 'n', hide = true)]
    pub(crate) no_create: bool,

    /// Read at most this many bytes a second [as in qemu-img]
    #[arg(short = 'r', value_name = "RATE", value_parser = parse_rate)]
    pub(crate) rate: Option<Rate>,

    /// Accepted as in qemu-img; the host's page cache is used, and the target is synced before it gets its name
    #[arg(short = 't', value_name = "CACHE", value_enum, hide_short_help = true)]
    pub(crate) target_cache: Option<CacheMode>,

    /// Accepted as in qemu-img; the host's page cache is used
    #[arg(short = 'T', value_name = "CACHE", value_enum, hide_short_help = true)]
    pub(crate) source_cache: Option<CacheMode>,

    /// Print progress in per cent on standard output [as in qemu-img]
    #[arg(short = 'p')]
    pub(crate) percent: bool,

    /// No progress and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) progress: ProgressArgs,

    /// Parts that can't be read become zeros, each range a finding [as in qemu-img]
    #[arg(long)]
    pub(crate) salvage: bool,

    /// Share blocks with the source where the file system can, instead of copying
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) reflink: ReflinkArg,

    /// Hash what the guest sees while copying, read the target back and compare
    #[arg(long)]
    pub(crate) verify: bool,

    /// Put a hash of what the guest sees into the report
    #[arg(long, value_name = "ALGORITHM", value_enum)]
    pub(crate) hash: Option<HashArg>,

    /// Replace an existing target
    #[arg(long)]
    pub(crate) force: bool,

    /// Write a report (JSON) to this file, - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<ReportTarget>,

    /// Leave out of the report what differs between two runs of the same conversion
    #[arg(long, requires = "report")]
    pub(crate) reproducible: bool,

    /// Open and check everything, say what would be done, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) policy: Policy,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {
    /// The disk
    pub(crate) source: PathBuf,

    #[command(flatten)]
    pub(crate) input: SourceArgs,

    /// Human or JSON, fields as in qemu-img, ours below "v2v"
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,

    /// All images of the chain
    #[arg(long)]
    pub(crate) backing_chain: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MapArgs {
    /// The disk
    pub(crate) source: PathBuf,

    #[command(flatten)]
    pub(crate) input: SourceArgs,

    /// Human or JSON, fields as in qemu-img
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,

    /// First byte to show
    #[arg(short = 's', long, value_name = "OFFSET", value_parser = parse_size, default_value = "0")]
    pub(crate) start_offset: u64,

    /// Bytes to show; without it all
    #[arg(short = 'm', long, value_name = "LEN", value_parser = parse_size)]
    pub(crate) max_length: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MeasureArgs {
    /// The disk
    pub(crate) source: PathBuf,

    #[command(flatten)]
    pub(crate) input: SourceArgs,

    /// Format of the target
    #[arg(short = 'O', value_name = "FMT", value_enum, default_value_t)]
    pub(crate) output_format: OutputFormat,

    /// Creation options of the target
    #[arg(short = 'o', value_name = "K=V,...")]
    pub(crate) options: Vec<String>,

    /// Human or JSON, fields as in qemu-img
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// QEMU copy-on-write
    #[default]
    Qcow2,
    /// The bytes of the disk, zeros as holes
    Raw,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReflinkArg {
    /// Where the file system can
    #[default]
    Auto,
    /// All data, or fail
    Always,
    /// Never
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HashArg {
    /// Fast
    Blake3,
    /// Standard
    Sha256,
}

/// qemu-img's cache modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheMode {
    /// Accepted
    None,
    /// Accepted
    Writeback,
    /// Accepted
    Writethrough,
    /// Accepted
    Unsafe,
    /// Accepted
    Directsync,
}
