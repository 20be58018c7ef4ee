//! `cargo xtask bench`: the programs beside qemu-img, alternating, in one run.
//!
//! It never judges: it prints medians and ratios beside the goals. Both programs write to the same directory and get
//! the same source; the first run of each is not counted. What they wrote is compared once for every case.
#![allow(clippy::arithmetic_side_effects, reason = "sizes of a benchmark")]

mod cases;
mod data;
mod domains;
mod measure;
mod reflink;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo::{self, cargo};
use crate::tools::Wanted;
use cases::{CASES, Case};
use data::Data;
use measure::{Cost, Pair};
pub(crate) use measure::{RunArgs, run_one};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Size of the disk in MiB; about three quarters of it are real files
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    size: u64,

    /// Counted runs of each program and case
    #[arg(long, default_value_t = 3)]
    runs: usize,

    /// Directory for disks and results; /dev/shm if it has room, else target/bench
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Directory on XFS or btrfs for the case with shared blocks; as root one is made and mounted
    #[arg(long, value_name = "DIR")]
    reflink_dir: Option<PathBuf>,

    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// The binary to measure; without it the release build is made
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

impl Args {
    fn wants(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    crate::tools::ensure_installed(Wanted {
        qemu: true,
        libvirt: false,
    })?;
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => build()?,
    };
    let dir = Folder::new(args)?;
    let data = Data::make(&dir.0, args.size << 20)?;
    let bench = Bench {
        args,
        binary,
        dir: &dir.0,
    };
    println!("{}\n", bench.machine()?);
    println!(
        "| case | wall, ours / qemu-img | ratio | goal | CPU ratio | our peak memory | file size, ours / qemu-img |"
    );
    println!("|---|---|---|---|---|---|---|");
    for case in CASES.iter().filter(|case| args.wants(case.name)) {
        let source = data.source(case.source)?;
        println!("{}", bench.case(case, &source, &data.raw, &dir.0)?);
        data.forget(case.source);
    }
    if args.wants("reflink") {
        println!("{}", reflink::run(&bench, &data)?);
    }
    if args.wants("16 TiB") {
        bench.huge()?;
    }
    if args.wants(domains::NAME) {
        domains::run(&dir.0, args.runs)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn build() -> Result<PathBuf> {
    let status = cargo::run(cargo().args(["build", "--release", "--quiet", "-p", "vmdk2qcow2"]))?;
    ensure!(status.success(), "the release build failed");
    Ok(cargo::target_dir()?.join("release/vmdk2qcow2"))
}

/// The working directory, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(args: &Args) -> Result<Folder> {
        let parent = match &args.dir {
            Some(dir) => dir.clone(),
            // Sources and both results of a case are there at once.
            None if free_mib(Path::new("/dev/shm"))? > args.size * 4 => PathBuf::from("/dev/shm"),
            None => cargo::target_dir()?.join("bench"),
        };
        let dir = parent.join(format!("v2v-bench-{}", std::process::id()));
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        Ok(Folder(dir))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Free space in MiB as `df` has it; 0 where the directory is missing.
fn free_mib(dir: &Path) -> Result<u64> {
    let output = Command::new("df")
        .args(["--output=avail", "--block-size=1M"])
        .arg(dir)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .last()
        .and_then(|line| line.trim().parse().ok())
        .unwrap_or(0))
}

/// The programs and where they work.
struct Bench<'a> {
    args: &'a Args,
    binary: PathBuf,
    dir: &'a Path,
}

impl Bench<'_> {
    /// A line that says what the figures were measured on.
    fn machine(&self) -> Result<String> {
        let qemu = Command::new("qemu-img").arg("--version").output()?;
        let qemu = String::from_utf8_lossy(&qemu.stdout)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        let cpus = std::thread::available_parallelism()?;
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?").to_owned();
        Ok(format!(
            "{} MiB disk in {}, {cpus} processors, load {load} at the start, {} runs each, medians; {qemu}",
            self.args.size,
            self.dir.display(),
            self.args.runs
        ))
    }

    fn ours(&self) -> Command {
        Command::new(&self.binary)
    }

    /// One row of the table.
    fn case(&self, case: &Case, source: &Path, truth: &Path, dir: &Path) -> Result<String> {
        let (ours, theirs) = (dir.join("ours"), dir.join("theirs"));
        let pair = Pair::measure(
            self.args.runs,
            || {
                remove(&ours)?;
                let mut command = self.ours();
                command.arg("-q").args(case.ours).arg(source).arg(&ours);
                measure::cost(&command)
            },
            || {
                remove(&theirs)?;
                let mut command = Command::new("qemu-img");
                command
                    .args(["convert", "-m", "16", "-W"])
                    .args(case.theirs)
                    .arg(source)
                    .arg(&theirs);
                measure::cost(&command)
            },
        )?;
        check_same(&ours, case.format, truth)?;
        let sizes = (allocated(&ours)?, allocated(&theirs)?);
        remove(&ours)?;
        remove(&theirs)?;
        Ok(row(case.name, &pair, case.goal, sizes))
    }

    /// A 16 TiB disk with scattered grains: what it costs to look at it and to convert it.
    fn huge(&self) -> Result<()> {
        let disk = self.dir.join("huge.vmdk");
        v2v_testkit::vmdk::huge_scattered(&disk, 16 << 40, 2000, 7);
        let pair = Pair::measure(
            self.args.runs,
            || measure::cost(self.ours().arg("info").arg(&disk)),
            || measure::cost(Command::new("qemu-img").arg("info").arg(&disk)),
        )?;
        println!("{}", row("info, 16 TiB disk", &pair, "20 ms", (0, 0)));
        let target = self.dir.join("huge.qcow2");
        let mut costs = Vec::new();
        for _ in 0..self.args.runs {
            remove(&target)?;
            costs.push(measure::cost(
                self.ours().arg("-q").arg(&disk).arg(&target),
            )?);
        }
        let cost = Cost::median(&costs);
        println!(
            "| 16 TiB disk, 2000 scattered grains -> qcow2 | {:.2} s / not run | | 64 MiB | | {} MiB | {} MiB / |",
            cost.wall_s,
            cost.peak_kib.div_ceil(1024),
            allocated(&target)? >> 20
        );
        Ok(())
    }
}

fn row(name: &str, pair: &Pair, goal: &str, sizes: (u64, u64)) -> String {
    let digits = if pair.theirs.wall_s < 0.1 { 3 } else { 2 };
    let files = match sizes {
        (0, 0) => String::new(),
        (ours, theirs) => format!("{:.1} / {:.1} MiB", mib(ours), mib(theirs)),
    };
    format!(
        "| {name} | {:.digits$} / {:.digits$} s | {:.2} | {goal} | {:.2} | {} MiB | {files} |",
        pair.ours.wall_s,
        pair.theirs.wall_s,
        pair.wall_ratio,
        pair.cpu_ratio,
        pair.ours.peak_kib.div_ceil(1024),
    )
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
            Err(err).with_context(|| path.display().to_string())
        }
        _ => Ok(()),
    }
}

/// Bytes that the file takes.
fn allocated(path: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(path
        .metadata()
        .with_context(|| path.display().to_string())?
        .blocks()
        * 512)
}

/// Both figures are worth nothing if the bytes are wrong.
fn check_same(image: &Path, format: &str, truth: &Path) -> Result<()> {
    let output = Command::new("qemu-img")
        .args(["compare", "-f", format, "-F", "raw"])
        .arg(image)
        .arg(truth)
        .output()?;
    if !output.status.success() {
        bail!(
            "{}: {}",
            image.display(),
            String::from_utf8_lossy(&output.stdout).trim()
        );
    }
    Ok(())
}
