//! What is written, where, and what is left alone.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::json;
use v2v_testkit::disk::Content;
use v2v_testkit::libvirt;
use v2v_testkit::vmdk::{Kind, Lineage};

use crate::place::{Place, WEB01};

#[test]
fn the_xml_goes_to_standard_output_and_findings_to_standard_error() {
    let place = Place::new();
    let run = place.convert(&["web01.vmx"]);
    assert!(run.out.starts_with("<domain "), "{}", run.out);
    assert!(run.out.ends_with("</domain>\n"), "{}", run.out);
    assert!(run.tells("warn", "nic-network-unmapped"), "{}", run.err);
    let last = run.err.lines().last().unwrap();
    assert!(
        last.starts_with("vmx2libvirt: web01.vmx: 23 settings: "),
        "{last}"
    );
    for line in run.err.lines() {
        assert!(line.starts_with("vmx2libvirt: "), "{line}");
    }
    if libvirt::wanted() {
        libvirt::validate(&run.out);
    }
}

#[test]
fn quiet_leaves_warnings() {
    let place = Place::new();
    let (all, quiet) = (
        place.convert(&["web01.vmx"]),
        place.convert(&["--quiet", "web01.vmx"]),
    );
    assert_eq!(all.out, quiet.out);
    assert!(quiet.tells("warn", "nic-network-unmapped"), "{}", quiet.err);
    assert!(
        all.err.contains(": info: ") && !quiet.err.contains(": info: "),
        "{}",
        all.err
    );
    assert!(!quiet.err.contains("settings:"), "{}", quiet.err);
}

#[test]
fn verbose_shows_the_steps_of_the_libraries() {
    let place = Place::new();
    let content = Content::full(1, 1 << 20);
    Kind::MonolithicFlat.write(&place.dir(), "web01", &content, &Lineage::default());
    let plain = place.convert(&["web01.vmx"]);
    for option in ["-v", "--verbose", "-vv"] {
        let run = place.convert(&[option, "web01.vmx"]);
        assert_eq!(run.out, plain.out);
        assert!(
            run.err.contains("opened") && !plain.err.contains("opened"),
            "{}",
            run.err
        );
    }
}

#[test]
fn standard_input_is_a_file_without_a_place() {
    let place = Place::new();
    let run = place.pipe(&["-"], WEB01.as_bytes());
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(
        run.out
            .contains("file='/var/lib/libvirt/images/web01.qcow2'"),
        "{}",
        run.out
    );
    let last = run.err.lines().last().unwrap();
    assert!(last.starts_with("vmx2libvirt: standard input: "), "{last}");
    // A pipe with a name is one too.
    let piped = place.pipe(&["/dev/stdin"], WEB01.as_bytes());
    assert_eq!(piped.out, run.out, "{}", piped.err);
}

#[test]
fn a_file_has_its_name_when_it_is_complete() {
    let place = Place::new();
    let run = place.convert(&["web01.vmx", "--output", "web01.xml"]);
    assert_eq!(run.out, "");
    assert!(
        run.err
            .contains("vmx2libvirt: web01.vmx -> web01.xml: 23 settings: "),
        "{}",
        run.err
    );
    assert_eq!(place.read("web01.xml"), place.xml(&["-q"]));
    let names: Vec<String> = place.state().into_keys().collect();
    assert_eq!(names, ["web01.vmx", "web01.xml"]);
}

#[test]
fn an_existing_file_is_replaced_with_force_alone() {
    let place = Place::new();
    place.write("web01.xml", "mine");
    place.check_refuses(
        &["web01.vmx", "--output", "web01.xml"],
        1,
        "web01.xml: cannot create: it exists already; use --force to replace it",
    );
    place.check_refuses(
        &["web01.vmx", "--output", "web01.xml", "--dry-run"],
        1,
        "web01.xml: cannot create: it exists already; use --force to replace it",
    );
    place.convert(&["web01.vmx", "--output", "web01.xml", "--force"]);
    assert!(place.read("web01.xml").starts_with("<domain "));
}

/// `--output web01.vmx --force` is a slip of the fingers; it must not cost the source.
#[test]
fn the_source_is_never_replaced() {
    let place = Place::new();
    std::fs::hard_link(place.path("web01.vmx"), place.path("linked.xml")).unwrap();
    for target in ["web01.vmx", "linked.xml"] {
        place.check_refuses(
            &["--force", "web01.vmx", "--output", target],
            1,
            &format!("{target}: is the source; name another target"),
        );
    }
    place.check_refuses(
        &["web01.vmx", "--output", "x.xml", "--report", "web01.vmx"],
        1,
        "web01.vmx: exists and is no report; name another file for --report",
    );
    let run = place.run(&["web01.vmx", "--output", "y.xml", "--report", "y.xml"]);
    assert_eq!(
        run.code,
        Some(1),
        "a report in place of the XML: {}",
        run.err
    );
    assert!(place.read("y.xml").starts_with("<domain "));
}

#[test]
fn a_file_that_can_not_be_written_leaves_nothing() {
    let place = Place::new();
    place.check_refuses(
        &["-q", "-b", "br0", "web01.vmx", "--output", "none/web01.xml"],
        1,
        "none/.web01.xml.part: cannot create: No such file or directory (os error 2)",
    );
}

#[test]
fn a_refused_source_leaves_an_existing_file_alone() {
    let place = Place::with("checkpoint.vmState = \"web01.vmss\"");
    place.write("web01.xml", "mine");
    let run = place.run(&["web01.vmx", "--output", "web01.xml", "--force"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert_eq!(place.read("web01.xml"), "mine");
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    let before = place.state();
    let run = place.convert(&["--dry-run", "web01.vmx", "--output", "web01.xml"]);
    assert_eq!(run.out, "");
    assert!(
        run.err.contains(
            "vmx2libvirt: web01.vmx -> web01.xml (dry run, nothing written): 23 settings: "
        ),
        "{}",
        run.err
    );
    assert!(place.state() == before);
}

#[test]
fn explain_says_where_each_key_went() {
    let place = Place::with("no.such.key = \"x\"");
    let run = place.convert(&["-q", "--explain", "web01.vmx"]);
    assert_eq!(run.out.lines().count(), 24, "{}", run.out);
    let line = |key: &str| {
        run.out
            .lines()
            .find(|line| line.contains(key))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        line(" memsize "),
        "    6 mapped      memsize                          \"2048\"  -> /domain/memory"
    );
    assert!(
        line("no.such.key").starts_with("   24 unknown "),
        "{}",
        line("no.such.key")
    );
    assert!(!place.path("web01.xml").exists());

    let both = place.convert(&["-q", "--explain", "web01.vmx", "--output", "web01.xml"]);
    assert_eq!(both.out, run.out);
    assert!(place.read("web01.xml").starts_with("<domain "));
}

/// A person wants to know most where the keys of a refused VM are.
#[test]
fn a_refused_source_is_explained_too() {
    let place = Place::with("checkpoint.vmState = \"web01.vmss\"");
    let run = place.run(&["-q", "--explain", "web01.vmx"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.out.contains("checkpoint.vmState"), "{}", run.out);
}

#[test]
fn the_source_in_the_words_of_virt_v2v() {
    let place = Place::new();
    let run = place.convert(&["--print-source", "web01.vmx"]);
    assert_eq!(run.err, "");
    for line in [
        "    source name: web01",
        "         memory: 2048 MiB",
        "       nr vCPUs: 2",
        "       firmware: efi",
        "    scsi0:0 web01.vmdk (size unknown)",
        "    sata0:0 CD-ROM install.iso",
        "    ethernet0 \"VM Network\" mac: 00:50:56:01:02:03",
    ] {
        assert!(
            run.out.lines().any(|found| found == line),
            "{line}: {}",
            run.out
        );
    }
    let run = place.convert(&["--print-source", "--report", "-", "web01.vmx"]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["source"]["name"], "web01");
}

#[test]
fn the_report_goes_where_it_is_told() {
    let place = Place::new();
    place.convert(&[
        "-q",
        "web01.vmx",
        "--output",
        "web01.xml",
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
        &["--report", "-", "web01.vmx"][..],
        &["--report", "-", "--explain", "--output", "x", "web01.vmx"],
    ] {
        place.check_refuses(
            args,
            2,
            "--report - and another product would mix on standard output; use --output FILE for the XML and leave out \
             --explain",
        );
    }
    place.check_refuses(
        &["web01.vmx", "--report"],
        2,
        "--report needs a FILE here, - for standard output",
    );
}

#[test]
fn the_report_says_what_failed() {
    let place = Place::with("checkpoint.vmState = \"web01.vmss\"");
    let report = place.report(&[]);
    assert_eq!(
        (&report["result"], &report["exit_code"]),
        (&json!("refused"), &json!(3))
    );
    place.write("junk.vmx", "\0\0\0\0");
    place.write("taken.xml", "mine");
    for (file, output, result, code) in [
        ("none.vmx", "x.xml", "failed", 1),
        ("junk.vmx", "x.xml", "refused", 3),
        ("web01.vmx", "taken.xml", "failed", 1),
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
    let run = place.convert(&["-q", "--validate", "web01.vmx"]);
    assert_eq!(run.out, place.xml(&["-q"]));
}

/// Whatever the tool calls invalid is not written.
#[test]
fn an_invalid_result_is_not_written() {
    let place = Place::new();
    let tool = place.write(
        "bin/virt-xml-validate",
        "#!/bin/sh\necho \"$1:2: element memory: bad\" >&2\necho \"$1 fails to validate\" >&2\nexit 3\n",
    );
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        place.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = place.command(["-q", "--validate", "web01.vmx", "--output", "web01.xml"]);
    command.env("PATH", path);
    let run = place.finish(command, b"");
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(
        run.err.lines().last(),
        Some(
            "vmx2libvirt: web01.vmx: --validate: virt-xml-validate found the result invalid: result:2: element memory: \
             bad\\nresult fails to validate"
        )
    );
    assert!(!place.path("web01.xml").exists());
}

#[test]
fn without_the_tool_its_package_is_named() {
    let place = Place::new();
    let mut command = place.command(["-q", "--validate", "web01.vmx"]);
    command.env("PATH", place.path("."));
    let run = place.finish(command, b"");
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
    assert_eq!(
        run.err.lines().last(),
        Some(
            "vmx2libvirt: web01.vmx: --validate: virt-xml-validate is not installed; it is in the package \
             libvirt-clients (Debian, Ubuntu) or libvirt-client (Fedora, RHEL, SUSE)"
        )
    );
}

#[test]
fn the_encoding_can_be_said() {
    let place = Place::new();
    // 0xe9 is an e with an acute accent in windows-1252 and no UTF-8.
    let text = WEB01.replace(".encoding = \"UTF-8\"\n", "");
    let mut bytes = text.replace("\"web01\"", "\"caf#\"").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'#').unwrap();
    bytes[at] = 0xe9;
    place.write("cafe.vmx", &bytes);
    let name = |encoding| {
        let run = place.convert(&["-q", "--encoding", encoding, "cafe.vmx"]);
        run.out
            .lines()
            .find(|line| line.contains("<name>"))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(name("windows-1252"), "<name>caf\u{e9}</name>");
    assert_eq!(name("windows-1251"), "<name>caf\u{439}</name>");
    place.check_refuses(
        &["--encoding", "UTF-9", "cafe.vmx"],
        2,
        "--encoding: encoding \"UTF-9\" is not known, expected a name such as UTF-8, windows-1252, GBK or Shift_JIS",
    );
}

/// `vmx2libvirt web01.vmx | head -1`, and a full disk behind `>`.
#[test]
fn output_that_can_not_be_written_is_an_error_and_no_panic() {
    let place = Place::new();
    for args in [
        &["-q", "web01.vmx"][..],
        &["-q", "--explain", "web01.vmx"],
        &["--print-source", "web01.vmx"],
        &["--print-source", "--report", "-", "web01.vmx"],
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
            last.starts_with("vmx2libvirt: ") && last.contains("No space left on device"),
            "{args:?}: {err}"
        );
    }
}
