//! `cargo xtask test`: the tests with everything they need.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::{cargo, exit_code};
use crate::{cargo as process, corpus, tools};

/// What the tests may leave out.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests that need qemu-img or qemu-io
    #[arg(long)]
    no_qemu: bool,

    /// Leave out the tests over files made by real products
    #[arg(long)]
    no_corpus: bool,

    /// Arguments for cargo test
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// What the tests do with golden files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Golden {
    Compare,
    Rewrite,
}

/// Runs `cargo test`; its exit code is ours.
pub(crate) fn run(args: &Args, golden: Golden) -> Result<ExitCode> {
    tools::ensure_installed(!args.no_qemu)?;

    let mut command = cargo();
    command
        .args(["test", "--workspace"])
        .args(&args.args)
        .env("PATH", tools::path());
    command.env_remove("V2V_BLESS");
    if golden == Golden::Rewrite {
        command.env("V2V_BLESS", "1");
    }
    if args.no_qemu {
        eprintln!("xtask: LEFT OUT: the tests that need qemu-img or qemu-io (--no-qemu)");
        command.env("V2V_NO_QEMU", "1");
    }
    let corpus = if args.no_corpus {
        None
    } else {
        corpus::find()?
    };
    match corpus {
        Some(dir) => {
            command.env(corpus::VARIABLE, dir);
        }
        None => {
            let why = if args.no_corpus {
                "--no-corpus".to_owned()
            } else {
                format!("not found; {}", corpus::hint())
            };
            eprintln!("xtask: LEFT OUT: the tests over files made by real products ({why})");
            command
                .env("V2V_NO_CORPUS", "1")
                .env_remove(corpus::VARIABLE);
        }
    }
    Ok(exit_code(process::run(&mut command)?))
}
