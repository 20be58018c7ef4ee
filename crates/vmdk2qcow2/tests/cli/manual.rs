//! Help, manual, completions and what happens when nobody listens.

use std::fs::File;
use std::process::Stdio;

use crate::disks::{SPARSE, disk, mixed};
use crate::place::Place;

#[test]
fn help_begins_with_examples() {
    let place = Place::new();
    for option in ["--help", "-h"] {
        let run = place.convert(&[option]);
        assert!(
            run.out.starts_with("Examples:\n  vmdk2qcow2 "),
            "{}",
            run.out
        );
        for word in [
            "info",
            "map",
            "measure",
            "--salvage",
            "-O <FMT>",
            "Exit status:",
        ] {
            assert!(run.out.contains(word), "{word} is not in {option}");
        }
    }
    for command in ["info", "map", "measure"] {
        let run = place.convert(&[command, "--help"]);
        assert!(run.out.contains("--output <OUTPUT>"), "{}", run.out);
    }
    let run = place.run(&[]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("Usage: vmdk2qcow2"), "{}", run.err);
    let run = place.convert(&["--version"]);
    assert_eq!(
        run.out,
        concat!("vmdk2qcow2 ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

/// An example that a terminal of 80 columns breaks can't be copied.
#[test]
fn examples_fit_a_terminal() {
    let place = Place::new();
    let mut command = place.command(["--help"]);
    command.env("COLUMNS", "80");
    let run = place.finish(command, Vec::new());
    let examples = run.out.split("\n\n").next().unwrap();
    for line in examples.lines().skip(1) {
        assert!(
            line.starts_with("  ") && line.contains("vmdk2qcow2 "),
            "{line:?}"
        );
    }
}

#[test]
fn manual_and_completions_know_the_options() {
    let place = Place::new();
    for (what, words) in [
        (
            "man",
            &[
                ".TH vmdk2qcow2",
                "\\-\\-salvage",
                "\\-\\-chain\\-top",
                "measure",
            ][..],
        ),
        ("bash", &["complete", "--salvage", "--chain-top", "measure"]),
        (
            "zsh",
            &["#compdef vmdk2qcow2", "--salvage", "--chain-top", "measure"],
        ),
        (
            "fish",
            &["complete -c vmdk2qcow2", "salvage", "chain-top", "measure"],
        ),
    ] {
        let run = place.convert(&["--generate", what]);
        for word in words {
            assert!(run.out.contains(word), "{word} is not in {what}");
        }
    }
}

/// `vmdk2qcow2 info x | head -1`, and a full disk behind `>`.
#[test]
fn output_that_can_not_be_written_is_an_error_and_no_panic() {
    let place = Place::new();
    disk(&place, SPARSE, &mixed(1));
    for args in [
        &["info", "disk.vmdk"][..],
        &["info", "--output", "json", "disk.vmdk"],
        &["map", "disk.vmdk"],
        &["map", "--output", "json", "disk.vmdk"],
        &["measure", "disk.vmdk"],
        &["measure", "--output", "json", "disk.vmdk"],
        &["--generate", "man"],
        &["--report", "-", "--dry-run", "disk.vmdk"],
    ] {
        let mut command = place.command(args);
        let full = File::options().write(true).open("/dev/full").unwrap();
        command
            .stdout(full)
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        let last = err.lines().last().unwrap();
        assert!(
            last.starts_with("vmdk2qcow2: ") && last.contains("No space left on device"),
            "{args:?}: {err}"
        );
        assert!(!err.contains("panicked"), "{args:?}: {err}");
    }
}

#[test]
fn quiet_is_quiet_and_the_summary_is_a_line() {
    let place = Place::new();
    disk(&place, SPARSE, &mixed(1));
    let run = place.convert(&["-q", "disk.vmdk", "a.qcow2"]);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    let run = place.convert(&["disk.vmdk", "b.qcow2"]);
    assert_eq!(run.out, "");
    assert!(
        run.err
            .starts_with("vmdk2qcow2: disk.vmdk (monolithicSparse, 3 MiB) -> b.qcow2: "),
        "{}",
        run.err
    );
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    let run = place.convert(&["-p", "disk.vmdk", "c.qcow2"]);
    assert!(run.out.ends_with("    (100.00/100%)\r\n"), "{:?}", run.out);
    let run = place.convert(&["--progress", "json", "disk.vmdk", "d.qcow2"]);
    let last: serde_json::Value = serde_json::from_str(run.err.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "end", "{}", run.err);
}
