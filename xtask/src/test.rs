//! `cargo xtask test`: the tests with everything they need.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::{cargo, exit_code};
use crate::tools::Wanted;
use crate::{cargo as process, corpus, tools};

/// What the tests may leave out.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests that need qemu-img or qemu-io
    #[arg(long)]
    no_qemu: bool,

    /// Leave out the tests that ask libvirt and a started QEMU about domains
    #[arg(long)]
    no_libvirt: bool,

    /// Leave out the tests over files made by real products
    #[arg(long)]
    no_corpus: bool,

    /// Arguments for cargo test
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

impl Args {
    /// Makes sure that what the tests call is there.
    pub(crate) fn install_tools(&self) -> Result<()> {
        tools::ensure_installed(Wanted {
            qemu: !self.no_qemu,
            libvirt: !self.no_libvirt,
        })
    }
}

/// What the tests do with golden files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Golden {
    Compare,
    Rewrite,
}

/// Runs `cargo test`; its exit code is ours.
pub(crate) fn run(args: &Args, golden: Golden) -> Result<ExitCode> {
    args.install_tools()?;

    let mut command = cargo();
    command
        .args(["test", "--workspace"])
        .args(&args.args)
        .env("PATH", tools::path());
    command.env_remove("V2V_BLESS");
    if golden == Golden::Rewrite {
        command.env("V2V_BLESS", "1");
    }
    for (leave_out, what, option, variable) in [
        (
            args.no_qemu,
            "the tests that need qemu-img or qemu-io",
            "--no-qemu",
            "V2V_NO_QEMU",
        ),
        (
            args.no_libvirt,
            "the tests that ask libvirt and QEMU about domains",
            "--no-libvirt",
            "V2V_NO_LIBVIRT",
        ),
    ] {
        // Only the option leaves something out: a variable that somebody has set is not seen in the output.
        command.env_remove(variable);
        if leave_out {
            eprintln!("xtask: LEFT OUT: {what} ({option})");
            command.env(variable, "1");
        }
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
