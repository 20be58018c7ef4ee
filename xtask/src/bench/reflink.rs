//! The case with shared blocks, which needs a file system that has them.
#![allow(clippy::arithmetic_side_effects, reason = "sizes of a benchmark")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::cases::{Case, Source};
use super::{Bench, Data};

const CASES: [Case; 2] = [
    Case {
        name: "monolithicSparse -> qcow2, reflink",
        source: Source::Sparse,
        format: "qcow2",
        ours: &["--reflink", "always"],
        theirs: &["-O", "qcow2"],
        goal: "0.05",
    },
    Case {
        name: "flat -> qcow2, reflink",
        source: Source::Sparse,
        format: "qcow2",
        ours: &["-f", "raw", "--reflink", "always"],
        theirs: &["-f", "raw", "-O", "qcow2"],
        goal: "0.05",
    },
];

/// The rows, or a line that says what is missing.
pub(crate) fn run(bench: &Bench<'_>, data: &Data) -> Result<String> {
    let mount = match &bench.args.reflink_dir {
        Some(dir) => Mount {
            dir: dir.clone(),
            image: None,
        },
        None => match Mount::make(bench.dir, bench.args.size) {
            Ok(mount) => mount,
            Err(error) => {
                return Ok(format!(
                    "| reflink | left out: {error:#}; give --reflink-dir | | | | | |"
                ));
            }
        },
    };
    let sparse = data.source(Source::Sparse)?;
    let mut rows = Vec::new();
    for (case, from) in CASES.iter().zip([&sparse, &data.raw]) {
        let source = mount.dir.join("source");
        let copied = Command::new("cp")
            .arg("--sparse=always")
            .args([from.as_path(), &source])
            .status()?;
        ensure!(copied.success(), "no room in {}", mount.dir.display());
        // What is still on its way to the disk would be written in the first run that is counted.
        Command::new("sync").arg("-f").arg(&source).status()?;
        rows.push(bench.case(case, &source, &data.raw, &mount.dir)?);
        std::fs::remove_file(source)?;
    }
    Ok(rows.join("\n"))
}

/// A directory on XFS, in a file if it was made here.
struct Mount {
    dir: PathBuf,
    image: Option<PathBuf>,
}

impl Mount {
    fn make(parent: &Path, disk_mib: u64) -> Result<Mount> {
        let image = parent.join("xfs.img");
        let dir = parent.join("xfs");
        std::fs::create_dir_all(&dir)?;
        // Source, both results, and some; XFS itself wants 300 MiB.
        let file = std::fs::File::create(&image)?;
        file.set_len((disk_mib * 4 + 512) << 20)?;
        let mount = Mount {
            dir,
            image: Some(image.clone()),
        };
        quiet(
            Command::new("mkfs.xfs")
                .args(["-q", "-m", "reflink=1"])
                .arg(&image),
            "mkfs.xfs (package xfsprogs)",
        )?;
        quiet(
            Command::new("mount")
                .args(["-o", "loop"])
                .arg(&image)
                .arg(&mount.dir),
            "mount (needs root)",
        )?;
        Ok(mount)
    }
}

fn quiet(command: &mut Command, name: &str) -> Result<()> {
    let output = command
        .output()
        .map_err(|err| anyhow::anyhow!("{name}: {err}"))?;
    ensure!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Some(image) = &self.image {
            let _ = Command::new("umount").arg(&self.dir).output();
            let _ = std::fs::remove_file(image);
        }
    }
}
