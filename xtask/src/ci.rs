//! `cargo xtask ci`: everything a commit has to pass.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::cargo::{self, Metadata, cargo, root};
use crate::{layers, test};

/// Runs the checks, then the tests whatever the checks said, so that one run tells all.
pub(crate) fn run(args: &test::Args) -> Result<ExitCode> {
    let metadata = cargo::metadata(&root().join("Cargo.toml"))?;
    let mut failed = Vec::new();

    if let Err(error) = layers::run(&metadata) {
        eprintln!("xtask: {error:#}");
        failed.push("dependency direction");
    }
    if has_component("fmt", "rustfmt")?
        && !cargo::run(cargo().args(["fmt", "--all", "--check"]))?.success()
    {
        failed.push("format");
    }
    if has_component("clippy", "clippy")? {
        for mut clippy in clippy(&metadata) {
            if !cargo::run(&mut clippy)?.success() {
                failed.push("clippy");
            }
        }
    }
    let mut doc = cargo();
    doc.args(["doc", "--no-deps", "--workspace"])
        .env("RUSTDOCFLAGS", "-D warnings");
    if !cargo::run(&mut doc)?.success() {
        failed.push("documentation");
    }

    let tests = test::run(args, test::Golden::Compare)?;
    if failed.is_empty() {
        return Ok(tests);
    }
    failed.dedup();
    if tests != ExitCode::SUCCESS {
        failed.push("tests");
    }
    bail!("failed: {}", failed.join(", "));
}

/// All features, then the libraries with optional parts without those.
fn clippy(metadata: &Metadata) -> Vec<Command> {
    let deny = ["--", "-D", "warnings"];
    let mut all = cargo();
    all.args(["clippy", "--workspace", "--all-targets", "--all-features"])
        .args(deny);
    let mut commands = vec![all];
    for package in &metadata.packages {
        let has_default = package
            .features
            .get("default")
            .is_some_and(|default| !default.is_empty());
        if has_default && package.lib().is_some() {
            let mut bare = cargo();
            bare.args([
                "clippy",
                "--lib",
                "--no-default-features",
                "-p",
                &package.name,
            ])
            .args(deny);
            commands.push(bare);
        }
    }
    commands
}

/// Whether `cargo subcommand` is there, after an attempt to install it. A toolchain without it, and without rustup, is
/// no reason not to test; but it is said.
fn has_component(subcommand: &str, component: &str) -> Result<bool> {
    let works = || {
        cargo()
            .args([subcommand, "--version"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if works() {
        return Ok(true);
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", component]);
    if cargo::run(&mut rustup).is_ok_and(|status| status.success()) && works() {
        return Ok(true);
    }
    eprintln!(
        "xtask: LEFT OUT: cargo {subcommand} (this toolchain has no {component}, and rustup could not add it)"
    );
    Ok(false)
}
