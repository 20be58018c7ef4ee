//! `cargo xtask fuzz`: each fuzz target for a while.

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};

use crate::cargo::{self, cargo, exit_code, root};

/// What to fuzz, and how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The target; all of them if not given
    target: Option<String>,

    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets one after the other, up to the first that finds something.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let targets = targets()?;
    let chosen: Vec<&String> = match &args.target {
        None => targets.iter().collect(),
        Some(name) => targets.iter().filter(|target| *target == name).collect(),
    };
    if let (Some(name), true) = (&args.target, chosen.is_empty()) {
        bail!("no fuzz target {name:?}; there are {}", targets.join(", "));
    }
    let installed = cargo()
        .args(["fuzz", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    ensure!(
        installed,
        "cargo-fuzz is missing; install with: cargo install --locked cargo-fuzz"
    );

    for target in chosen {
        let mut fuzz = cargo();
        // The sanitizers are unstable options, which a stable compiler takes with this.
        fuzz.args(["fuzz", "run", target, "--"])
            .env("RUSTC_BOOTSTRAP", "1");
        fuzz.arg(format!("-max_total_time={}", args.seconds));
        let status = cargo::run(&mut fuzz)?;
        if !status.success() {
            eprintln!(
                "xtask: fuzz target {target} failed; its input is in fuzz/artifacts/{target}"
            );
            return Ok(exit_code(status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The fuzz targets: the binaries of the fuzz crate.
fn targets() -> Result<Vec<String>> {
    let metadata = cargo::metadata(&root().join("fuzz/Cargo.toml"))?;
    let all = metadata
        .packages
        .into_iter()
        .flat_map(|package| package.targets);
    Ok(all
        .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
        .map(|target| target.name)
        .collect())
}
