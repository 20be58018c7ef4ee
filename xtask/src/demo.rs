//! `cargo xtask demo-data`: a disk to try the programs with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use v2v_testkit::disk::Content;
use v2v_testkit::vmdk::{Flavor, Generate as _, Stream};

use crate::cargo::root;
use crate::corpus;

/// A disk made by VMware, in the corpus.
const REAL: &str = "vmdk-images/streamOptimized.vmdk";

const NAME: &str = "web01.vmdk";

/// Where to put it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The directory, made if need be; target/demo if not given
    dir: Option<PathBuf>,
}

/// Puts the disk there and prints its path.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let dir = args
        .dir
        .clone()
        .unwrap_or_else(|| root().join("target/demo"));
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let disk = dir.join(NAME);
    match corpus::find()?
        .map(|corpus| corpus.join(REAL))
        .filter(|real| real.is_file())
    {
        Some(real) => {
            // Not fs::copy(): it takes over that the original is read-only, and the next run could not replace it.
            let bytes = fs::read(&real).with_context(|| real.display().to_string())?;
            fs::write(&disk, bytes).with_context(|| disk.display().to_string())?;
        }
        None => {
            eprintln!(
                "xtask: no disk made by VMware at hand ({}); making one in VMware's layout",
                corpus::hint()
            );
            own_demo_disk(&disk).with_context(|| disk.display().to_string())?;
        }
    }
    println!("{}", disk.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes a stream-optimized disk of our own to `path`, laid out as ovftool does it.
fn own_demo_disk(path: &Path) -> Result<()> {
    let content = Content::mixed(1, 10 << 20);
    Stream::new(content, Flavor::Export).write_file(path);
    Ok(())
}
