//! The pieces in a program's argument struct.

use clap::Parser;
use v2v_cli::{
    FailOn, Generate, Policy, ProgressArgs, ProgressFormat, Rate, ReportTarget, parse_size,
};

#[derive(Debug, Parser)]
#[command(name = "program")]
struct Args {
    #[arg(short = 'S', value_parser = parse_size, default_value = "4k")]
    sparse: u64,
    #[arg(short)]
    rate: Option<Rate>,
    #[arg(long)]
    report: Option<ReportTarget>,
    #[arg(long, hide = true)]
    generate: Option<Generate>,
    #[command(flatten)]
    policy: Policy,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[test]
fn defaults() {
    let args = Args::try_parse_from(["program"]).unwrap();
    assert_eq!(args.sparse, 4096);
    assert_eq!((args.rate, args.report, args.generate), (None, None, None));
    assert_eq!(args.policy, Policy::default());
    assert_eq!(args.progress, ProgressArgs::default());
}

#[test]
fn everything() {
    let args = Args::try_parse_from([
        "program",
        "-S",
        "64k",
        "-r",
        "10M",
        "--report",
        "-",
        "--generate",
        "man",
        "--strict",
        "--fail-on",
        "warn",
        "--progress",
        "json",
        "--progress-fd",
        "3",
    ])
    .unwrap();
    assert_eq!(args.sparse, 65536);
    assert_eq!(args.rate.unwrap().limit().unwrap().get(), 10 << 20);
    assert_eq!(args.report, Some(ReportTarget::Stdout));
    assert_eq!(args.generate, Some(Generate::Man));
    assert_eq!(
        args.policy,
        Policy {
            strict: true,
            fail_on: FailOn::Warn
        }
    );
    assert_eq!(
        args.progress,
        ProgressArgs {
            progress: Some(ProgressFormat::Json),
            progress_fd: Some(3)
        }
    );
}

#[test]
fn a_wrong_size_is_wrong_usage_and_says_why() {
    let error = Args::try_parse_from(["program", "-S", "64kb"]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(
        error.to_string().contains("unknown suffix \"kb\""),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_report_file_keeps_its_bytes() {
    use std::os::unix::ffi::OsStrExt as _;
    let name = std::ffi::OsStr::from_bytes(b"r\xff.json");
    let args = Args::try_parse_from(["program".as_ref(), "--report".as_ref(), name]).unwrap();
    assert_eq!(args.report, Some(ReportTarget::File(name.into())));
}
