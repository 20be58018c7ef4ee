//! What is written, where, and what is left alone.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::json;
use v2v_testkit::libvirt;

use crate::place::{Place, WEB01, WEB01_CFG};

#[test]
fn the_xml_goes_to_standard_output_and_findings_to_standard_error() {
    let place = Place::new();
    let run = place.convert(&["web01.xml"]);
    assert!(
        run.out
            .starts_with("<domain type='kvm'>\n  <name>web01</name>\n"),
        "{}",
        run.out
    );
    assert!(run.out.contains("\n  <!-- kept -->\n"), "{}", run.out);
    assert!(run.tells("warn", "nic-network-unmapped"), "{}", run.err);
    let last = run.err.lines().last().unwrap();
    assert!(
        last.starts_with("xen2kvm: web01.xml: ") && last.ends_with(" rules"),
        "{last}"
    );
    for line in run.err.lines() {
        assert!(line.starts_with("xen2kvm: "), "{line}");
    }
    if libvirt::wanted() {
        libvirt::validate(&run.out);
    }
}

#[test]
fn quiet_leaves_warnings() {
    let place = Place::new();
    let (all, quiet) = (
        place.convert(&["web01.xml"]),
        place.convert(&["--quiet", "web01.xml"]),
    );
    assert_eq!(all.out, quiet.out);
    assert!(quiet.tells("warn", "nic-network-unmapped"), "{}", quiet.err);
    assert!(
        !quiet.err.contains(": info: ") && !quiet.err.contains(" rules"),
        "{}",
        quiet.err
    );
}

#[test]
fn verbose_changes_no_result() {
    let place = Place::new();
    let plain = place.convert(&["web01.xml"]);
    for option in ["-v", "--verbose", "-vv"] {
        assert_eq!(place.convert(&[option, "web01.xml"]).out, plain.out);
    }
}

#[test]
fn the_kind_is_told_by_content_or_by_name() {
    let place = Place::new();
    place.write("swapped.cfg", WEB01);
    place.write("swapped.xml", WEB01_CFG);
    assert_eq!(
        place.convert(&["-q", "swapped.cfg"]).out,
        place.xml(&["-q"])
    );
    let cfg = place.convert(&["-q", "web01.cfg"]).out;
    assert_eq!(place.convert(&["-q", "swapped.xml"]).out, cfg);
    assert_eq!(
        place.convert(&["-q", "--input", "xl", "web01.cfg"]).out,
        cfg
    );
    assert_eq!(
        place.convert(&["-q", "--input", "xml", "web01.xml"]).out,
        place.xml(&["-q"])
    );
    let kind = |args: &[&str]| {
        let run = place.run(&[args, &["--dry-run", "--report", "-"]].concat());
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        report["source"]["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!(kind(&["web01.xml"]), "xml");
    assert_eq!(kind(&["web01.cfg"]), "xl");
    assert_eq!(kind(&["--input", "xm", "web01.cfg"]), "xm");
    place.check_refuses(
        &["--input", "xl", "web01.xml"],
        3,
        "web01.xml: offset 0: found XML, expected xl.cfg lines of `key = value`; this is XML: give it as it is, without \
         asking for xl or xm",
    );
}

#[test]
fn standard_input_is_a_file_without_a_place() {
    let place = Place::new();
    let run = place.pipe(&["-"], WEB01.as_bytes());
    assert_eq!(
        (run.code, &run.out),
        (Some(0), &place.xml(&[])),
        "{}",
        run.err
    );
    let last = run.err.lines().last().unwrap();
    assert!(last.starts_with("xen2kvm: standard input: "), "{last}");
    let cfg = place.pipe(&["-q", "-"], WEB01_CFG.as_bytes());
    assert_eq!(
        cfg.out,
        place.convert(&["-q", "web01.cfg"]).out,
        "{}",
        cfg.err
    );
}

#[test]
fn a_kvm_domain_stays_as_it_is() {
    let place = Place::new();
    let once = place.xml(&["-q"]);
    let odd = "\u{feff}<?xml version='1.0'?>\r\n<domain\ttype = 'kvm' >\r\n<name>a</name></domain >\r\n<!-- end -->";
    let qemu = "<domain type='qemu'><name>a</name></domain>";
    for text in [once.as_str(), odd, qemu] {
        place.write("kvm.xml", text);
        let run = place.convert(&["kvm.xml", "-b", "br0"]);
        assert_eq!(run.out, text);
        assert!(run.tells("info", "domain-is-kvm"), "{}", run.err);
        let diff = place.convert(&["-q", "--diff", "kvm.xml"]);
        assert_eq!((diff.out.as_str(), diff.err.as_str()), ("", ""));
    }
}

#[test]
fn a_file_has_its_name_when_it_is_complete() {
    let place = Place::new();
    let run = place.convert(&["web01.xml", "--output", "kvm.xml"]);
    assert_eq!(run.out, "");
    assert!(
        run.err.contains("xen2kvm: web01.xml -> kvm.xml: "),
        "{}",
        run.err
    );
    assert_eq!(place.read("kvm.xml"), place.xml(&["-q"]));
    let names: Vec<String> = place.state().into_keys().collect();
    assert_eq!(names, ["kvm.xml", "web01.cfg", "web01.xml"]);
}

#[test]
fn an_existing_file_is_replaced_with_force_alone() {
    let place = Place::new();
    place.write("kvm.xml", "mine");
    let text = "kvm.xml: cannot create: it exists already; use --force to replace it";
    place.check_refuses(&["web01.xml", "--output", "kvm.xml"], 1, text);
    place.check_refuses(&["web01.xml", "--output", "kvm.xml", "--dry-run"], 1, text);
    place.convert(&["web01.xml", "--output", "kvm.xml", "--force"]);
    assert!(place.read("kvm.xml").starts_with("<domain type='kvm'"));
}

/// `--output web01.xml --force` is a slip of the fingers; it must not cost the source.
#[test]
fn the_source_is_never_replaced() {
    let place = Place::new();
    std::fs::hard_link(place.path("web01.xml"), place.path("linked.xml")).unwrap();
    for target in ["web01.xml", "linked.xml"] {
        place.check_refuses(
            &["--force", "web01.xml", "--output", target],
            1,
            &format!("{target}: is the source; name another target"),
        );
    }
    place.check_refuses(
        &["web01.xml", "--output", "x.xml", "--report", "web01.xml"],
        1,
        "web01.xml: exists and is no report; name another file for --report",
    );
    let run = place.run(&["-q", "--force", "--out-dir", ".", "web01.xml"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(place.read("web01.xml"), WEB01);
}

#[test]
fn a_file_that_can_not_be_written_leaves_nothing() {
    let place = Place::new();
    place.check_refuses(
        &["-q", "-b", "br0", "web01.xml", "--output", "none/web01.xml"],
        1,
        "none/.web01.xml.part: cannot create: No such file or directory (os error 2)",
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    let before = place.state();
    let run = place.convert(&["--dry-run", "web01.xml", "--output", "kvm.xml"]);
    assert_eq!(run.out, "");
    assert!(
        run.err
            .contains("xen2kvm: web01.xml -> kvm.xml (dry run, nothing written): "),
        "{}",
        run.err
    );
    assert!(place.state() == before);
}

#[test]
fn the_report_goes_where_it_is_told() {
    let place = Place::new();
    place.convert(&[
        "-q",
        "web01.xml",
        "--output",
        "kvm.xml",
        "--report",
        "r.json",
    ]);
    let file: serde_json::Value = serde_json::from_str(&place.read("r.json")).unwrap();
    assert_eq!(file["result"], "done");
    assert_eq!(
        file,
        place.report(&["-q"]),
        "the same bytes for the same question"
    );
    for args in [
        &["--report", "-", "web01.xml"][..],
        &["--report", "-", "--explain", "--output", "x", "web01.xml"],
        &["--report", "-", "--diff", "--output", "x", "web01.xml"],
    ] {
        place.check_refuses(
            args,
            2,
            "--report - and another product would mix on standard output; use --output FILE for the XML and leave out \
             --diff and --explain",
        );
    }
    place.check_refuses(
        &["web01.xml", "--report"],
        2,
        "--report needs a FILE here, - for standard output",
    );
}

#[test]
fn the_report_says_what_failed() {
    let place = Place::new();
    place.write("junk.cfg", "\0\0\0\0");
    place.write("taken.xml", "mine");
    for (file, output, result, code) in [
        ("none.xml", "x.xml", "failed", 1),
        ("junk.cfg", "x.xml", "refused", 3),
        ("web01.xml", "taken.xml", "failed", 1),
    ] {
        let run = place.run(&["--output", output, "--report", "r.json", file]);
        assert_eq!(run.code, Some(code), "{}", run.err);
        let report: serde_json::Value = serde_json::from_str(&place.read("r.json")).unwrap();
        assert_eq!(
            (&report["result"], &report["exit_code"]),
            (&json!(result), &json!(code))
        );
        assert_eq!(report["source"]["path"], file);
    }
}

#[test]
fn the_result_is_validated_by_libvirt() {
    if !libvirt::wanted() {
        return;
    }
    let place = Place::new();
    let run = place.convert(&["-q", "--validate", "web01.xml"]);
    assert_eq!(run.out, place.xml(&["-q"]));
}

/// Whatever the tool calls invalid is not written.
#[test]
fn an_invalid_result_is_not_written() {
    let place = Place::new();
    let tool = place.write(
        "bin/virt-xml-validate",
        "#!/bin/sh\necho \"$1 fails to validate\" >&2\nexit 3\n",
    );
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        place.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = place.command(["-q", "--validate", "web01.xml", "--output", "kvm.xml"]);
    command.env("PATH", path);
    let run = place.finish(command, b"");
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(
        run.err.lines().last(),
        Some(
            "xen2kvm: web01.xml: --validate: virt-xml-validate found the result invalid: result fails to validate"
        )
    );
    assert!(!place.path("kvm.xml").exists());
}

/// `xen2kvm web01.xml | head -1`, and a full disk behind `>`.
#[test]
fn output_that_can_not_be_written_is_an_error_and_no_panic() {
    let place = Place::new();
    for args in [
        &["-q", "web01.xml"][..],
        &["-q", "--explain", "web01.xml"],
        &["-q", "--diff", "web01.xml"],
        &["--list-rules"],
        &["--machine-readable"],
        &["--generate", "man"],
    ] {
        let mut command: Command = place.command(args);
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
            last.starts_with("xen2kvm: ") && last.contains("No space left on device"),
            "{args:?}: {err}"
        );
    }
}
