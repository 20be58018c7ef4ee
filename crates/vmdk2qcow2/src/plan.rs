//! From arguments to what the libraries are asked for.

use std::path::{Path, PathBuf};

use v2v_cli::CreationOptions;
use v2v_codec::{BlockEncoder, Compression};
use v2v_disk::Preallocation;
use v2v_image::{OpenOptions, Opened, TargetFormat, open};
use v2v_qcow2::{Backing, Compat, WriteOptions};
use v2v_raw::RawOptions;

use crate::args::{OutputFormat, SourceArgs};
use crate::failure::usage;

/// The lowest levels whose output is not larger than that of `qemu-img convert -c`; measured on files of a Linux system.
/// libdeflate's level 2 is 5 % smaller than zlib's 6 with the 4 KiB window of QEMU, at a quarter of the time.
#[cfg(feature = "libdeflate")]
const DEFLATE_LEVEL: i32 = 2;
#[cfg(not(feature = "libdeflate"))]
const DEFLATE_LEVEL: i32 = 6;
/// QEMU's 3 does not know the length of a cluster beforehand and gets slightly smaller streams than our 3 for it.
const ZSTD_LEVEL: i32 = 4;

/// How the source is opened.
pub(crate) fn open_options(args: &SourceArgs) -> OpenOptions {
    let mut options = OpenOptions::default();
    options.format = args.format;
    options.allow.clone_from(&args.allow_path);
    options.parent_dirs.clone_from(&args.parent_dir);
    options.ignore_cid = args.ignore_cid;
    options.allow_short = args.allow_short;
    options.chain_top.clone_from(&args.chain_top);
    options.snapshot.clone_from(&args.snapshot);
    options.data_file = args.allow_data_file;
    options.memory_map = args.memory_map;
    options
}

/// Opens the source that `info`, `map` and `measure` look at.
pub(crate) fn open_source(path: &Path, args: &SourceArgs) -> anyhow::Result<Opened> {
    if path == Path::new("-") {
        return Err(usage(
            "standard input can only be converted; save it to a file to look at it",
        ));
    }
    Ok(open(path, &open_options(args))?)
}

/// What the target's format gets from `-o`, `-c` and `-B`.
#[derive(Debug, Default)]
pub(crate) struct TargetChoice {
    pub(crate) compress: bool,
    pub(crate) level: Option<i32>,
    pub(crate) backing: Option<Backing>,
}

/// The target's format with its options.
pub(crate) fn target_format(
    format: OutputFormat,
    options: &[String],
    choice: &TargetChoice,
) -> anyhow::Result<TargetFormat> {
    match format {
        OutputFormat::Raw => raw(options, choice),
        OutputFormat::Qcow2 => qcow2(options, choice),
    }
}

fn raw(options: &[String], choice: &TargetChoice) -> anyhow::Result<TargetFormat> {
    let known = ["preallocation"];
    let given = CreationOptions::parse(options, &known)?;
    check_help(&given, &known)?;
    if choice.compress {
        return Err(usage(
            "-c needs a qcow2 target; a raw image is not compressed",
        ));
    }
    if choice.backing.is_some() {
        return Err(usage(
            "-B needs a qcow2 target; a raw image has no backing file",
        ));
    }
    let mut raw = RawOptions::default();
    raw.preallocation = preallocation(&given)?;
    Ok(TargetFormat::Raw(raw))
}

fn qcow2(options: &[String], choice: &TargetChoice) -> anyhow::Result<TargetFormat> {
    let known = [
        "cluster_size",
        "compat",
        "compression_type",
        "preallocation",
    ];
    let given = CreationOptions::parse(options, &known)?;
    check_help(&given, &known)?;
    let mut qcow2 = WriteOptions::default();
    if let Some(size) = given.size("cluster_size")? {
        if !size.is_power_of_two() || !(4 << 10..=2 << 20).contains(&size) {
            return Err(usage(format!(
                "cluster_size is {size}, expected a power of two from 4k to 2M"
            )));
        }
        qcow2.cluster_size = size;
    }
    qcow2.compat = match given.get("compat") {
        None | Some("1.1" | "v3") => Compat::V3,
        Some("0.10" | "v2") => Compat::V2,
        Some(other) => return Err(usage(format!("compat is {other:?}, expected 0.10 or 1.1"))),
    };
    qcow2.compression = match given.get("compression_type") {
        None | Some("zlib") => Compression::Deflate,
        Some("zstd") => Compression::Zstd,
        Some(other) => {
            return Err(usage(format!(
                "compression_type is {other:?}, expected zlib or zstd"
            )));
        }
    };
    qcow2.compress = choice
        .compress
        .then(|| choice.level.unwrap_or(default_level(qcow2.compression)));
    qcow2.preallocation = preallocation(&given)?;
    qcow2.backing.clone_from(&choice.backing);
    check_together(&qcow2)?;
    Ok(TargetFormat::Qcow2(qcow2))
}

/// `-o help` asks for the keys, not for a conversion.
fn check_help(given: &CreationOptions, known: &[&str]) -> anyhow::Result<()> {
    match given.help() {
        true => Err(usage(format!("-o takes {}; see --help", known.join(", ")))),
        false => Ok(()),
    }
}

/// Options that exclude each other are wrong usage, and said before the source is opened.
fn check_together(qcow2: &WriteOptions) -> anyhow::Result<()> {
    if qcow2.compat == Compat::V2 && qcow2.compression == Compression::Zstd {
        return Err(usage("compression_type=zstd needs compat=1.1"));
    }
    let Some(level) = qcow2.compress else {
        return Ok(());
    };
    if qcow2.preallocation != Preallocation::Off {
        return Err(usage("-c can't be combined with preallocation"));
    }
    BlockEncoder::new(qcow2.compression, level).map_err(|error| usage(error.to_string()))?;
    Ok(())
}

fn default_level(compression: Compression) -> i32 {
    match compression {
        Compression::Deflate => DEFLATE_LEVEL,
        Compression::Zstd => ZSTD_LEVEL,
    }
}

fn preallocation(given: &CreationOptions) -> anyhow::Result<Preallocation> {
    match given.get("preallocation") {
        None | Some("off") => Ok(Preallocation::Off),
        Some("metadata") => Ok(Preallocation::Metadata),
        Some("falloc") => Ok(Preallocation::Falloc),
        Some("full") => Ok(Preallocation::Full),
        Some(other) => Err(usage(format!(
            "preallocation is {other:?}, expected off, metadata, falloc or full"
        ))),
    }
}

/// The target if none is named: the source with the extension of the output format.
pub(crate) fn default_target(source: &Path, format: OutputFormat) -> anyhow::Result<PathBuf> {
    if source == Path::new("-") {
        return Err(usage("a disk from standard input needs a TARGET"));
    }
    Ok(source.with_extension(match format {
        OutputFormat::Qcow2 => "qcow2",
        OutputFormat::Raw => "raw",
    }))
}
