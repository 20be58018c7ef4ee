//! What a run costs, by the operating system's own accounting.
#![allow(clippy::arithmetic_side_effects, reason = "sizes of a benchmark")]

use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// The cost of one run.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    /// Largest resident set.
    pub(crate) peak_kib: u64,
}

impl Cost {
    /// The median of each figure.
    pub(crate) fn median(costs: &[Cost]) -> Cost {
        let of = |figure: fn(&Cost) -> f64| median(costs.iter().map(figure).collect());
        Cost {
            wall_s: of(|c| c.wall_s),
            cpu_s: of(|c| c.cpu_s),
            peak_kib: of(|c| c.peak_kib as f64) as u64,
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match (figures.get(middle), figures.len() % 2) {
        (Some(&high), 0) => figures
            .get(middle - 1)
            .map_or(high, |low| (low + high) / 2.0),
        (Some(&only), _) => only,
        (None, _) => 0.0,
    }
}

/// Two programs measured in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) ours: Cost,
    pub(crate) theirs: Cost,
    /// Medians of the ratios of neighbouring runs: they hold when the machine's speed drifts.
    pub(crate) wall_ratio: f64,
    pub(crate) cpu_ratio: f64,
}

impl Pair {
    /// Runs both once uncounted and then `runs` times in turn.
    pub(crate) fn measure(
        runs: usize,
        mut ours: impl FnMut() -> Result<Cost>,
        mut theirs: impl FnMut() -> Result<Cost>,
    ) -> Result<Pair> {
        ours()?;
        theirs()?;
        let mut pairs = Vec::new();
        for _ in 0..runs.max(1) {
            pairs.push((ours()?, theirs()?));
        }
        let ratio = |figure: fn(&Cost) -> f64| {
            median(pairs.iter().map(|(a, b)| figure(a) / figure(b)).collect())
        };
        let (a, b): (Vec<Cost>, Vec<Cost>) = pairs.iter().copied().unzip();
        Ok(Pair {
            ours: Cost::median(&a),
            theirs: Cost::median(&b),
            wall_ratio: ratio(|c| c.wall_s),
            cpu_ratio: ratio(|c| c.cpu_s),
        })
    }
}

/// Runs `command` through a process of its own, so that what the system counts is this run alone.
pub(crate) fn cost(command: &Command) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .arg("bench-run")
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{command:?} failed");
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?}"))
}

/// A command line.
#[derive(clap::Args)]
pub(crate) struct RunArgs {
    #[arg(required = true, last = true)]
    command: Vec<OsString>,
}

/// Runs one command and prints its cost as JSON.
pub(crate) fn run_one(args: &RunArgs) -> Result<ExitCode> {
    let (program, rest) = args.command.split_first().context("no command")?;
    let started = Instant::now();
    let status = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    let wall_s = started.elapsed().as_secs_f64();
    ensure!(status.success(), "{}: {status}", program.display());
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let cost = Cost {
        wall_s,
        cpu_s: seconds(usage.user_time()) + seconds(usage.system_time()),
        peak_kib: usage.max_rss().try_into()?,
    };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
    }
}
