//! Many configurations in one call of `vmx2libvirt`. No other program takes more than one, so it stands alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::measure::{self, Cost};
use crate::cargo::{self, cargo, root};

/// What `--only` calls it.
pub(super) const NAME: &str = ".vmx";

/// How many configurations one call takes.
const COUNT: usize = 1000;

/// Prints the table's row: the own cases of testdata, each under many names.
pub(super) fn run(dir: &Path, runs: usize) -> Result<()> {
    let binary = build()?;
    let sources = sources(&dir.join("vmx"))?;
    let target = dir.join("domains");
    let mut costs = Vec::new();
    // The first run is not counted.
    for counted in 0..=runs.max(1) {
        if target.exists() {
            std::fs::remove_dir_all(&target)?;
        }
        std::fs::create_dir_all(&target)?;
        let mut command = Command::new(&binary);
        command
            .args(["-q", "--out-dir"])
            .arg(&target)
            .args(&sources);
        let cost = measure::cost(&command)?;
        if counted > 0 {
            costs.push(cost);
        }
    }
    let written = std::fs::read_dir(&target)?.count();
    ensure!(
        written == COUNT,
        "{written} of {COUNT} domains were written"
    );
    let cost = Cost::median(&costs);
    println!(
        "| {COUNT} .vmx -> domain XML | {:.3} s / no peer | | 1 s | | {} MiB | CPU {:.3} s |",
        cost.wall_s,
        cost.peak_kib.div_ceil(1024),
        cost.cpu_s
    );
    Ok(())
}

fn build() -> Result<PathBuf> {
    let status = cargo::run(cargo().args(["build", "--release", "--quiet", "-p", "vmx2libvirt"]))?;
    ensure!(status.success(), "the release build failed");
    Ok(cargo::target_dir()?.join("release/vmx2libvirt"))
}

/// Copies of the cases that are not refused, which are those with a domain beside them.
fn sources(dir: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(root().join("testdata/vmx"))? {
        let path = entry?.path();
        let is_case = path.extension().is_some_and(|extension| extension == "vmx");
        if is_case && path.with_extension("xml").exists() {
            cases.push(path);
        }
    }
    cases.sort();
    ensure!(!cases.is_empty(), "testdata/vmx has no cases");
    let mut sources = Vec::new();
    for (number, case) in cases.iter().cycle().take(COUNT).enumerate() {
        let source = dir.join(format!("{number:04}.vmx"));
        std::fs::copy(case, &source).with_context(|| case.display().to_string())?;
        sources.push(source);
    }
    Ok(sources)
}
