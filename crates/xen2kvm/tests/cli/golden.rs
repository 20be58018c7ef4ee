//! What programs build on: the words of `--help`, `--list-rules` and of the report, held against files in testdata.

use std::path::{Path, PathBuf};

use serde_json::Value;

use v2v_testkit::golden;

use crate::place::Place;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

#[test]
fn help_keeps_its_words() {
    let help = Place::new().convert(&["--help"]).out;
    golden::check(&testdata().join("cli/xen2kvm-help.txt"), &help);
}

/// `--only` and `--skip` stand in people's scripts.
#[test]
fn rules_keep_their_names() {
    let place = Place::new();
    let (all, guide) = (
        place.convert(&["--list-rules"]).out,
        place.convert(&["--list-rules", "--guide"]).out,
    );
    let text = format!("All rules\n\n{all}\nRules of the guide\n\n{guide}");
    golden::check(&testdata().join("cli/xen2kvm-rules.txt"), &text);
}

#[test]
fn the_report_keeps_its_fields() {
    let place = Place::new();
    let report = place.report(&["-b", "br0"]);
    let text = format!("{}\n", serde_json::to_string_pretty(&report).unwrap());
    golden::check(&testdata().join("cli/xen2kvm-report.json"), &text);
}

#[test]
fn the_report_has_the_change_of_every_rule_with_its_line() {
    let place = Place::new();
    let report = place.report(&[]);
    let settings = report["settings"].as_array().unwrap();
    let changed = |path: &str| {
        settings
            .iter()
            .find(|setting| setting["key"] == path)
            .unwrap()
    };
    let kind = changed("/domain/@type");
    assert_eq!((&kind["line"], &kind["value"]), (&1.into(), &"xen".into()));
    assert!(
        kind["reason"]
            .as_str()
            .unwrap()
            .starts_with("domain-type: now \"kvm\"; "),
        "{kind}"
    );
    let of_file = |finding: &&Value| finding["evidence"]["line"].is_u64();
    let mut lines = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_file)
        .peekable();
    assert!(lines.peek().is_some());
    for finding in lines {
        assert_eq!(finding["evidence"]["file"], "web01.xml", "{finding}");
    }
}

/// A line of the domain that is made on the way is not a line of the file.
#[test]
fn findings_on_a_configuration_have_lines_of_the_configuration() {
    let place = Place::new();
    let run = place.run(&["--dry-run", "--report", "-", "web01.cfg"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["source"]["kind"], "xl");
    for finding in report["findings"].as_array().unwrap() {
        let line = finding["evidence"]["line"].as_u64();
        assert!(line.is_none_or(|line| line <= 7), "{finding}");
    }
    let settings = report["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 7, "{settings:?}");
}

#[test]
fn no_password_is_reported() {
    let place = Place::with(
        "  </devices>",
        "    <graphics type='vnc' autoport='yes' passwd='s3cret'/>\n  </devices>",
    );
    for args in [&["--explain"][..], &["--dry-run", "--report", "-"]] {
        let run = place.run(&[args, &["web01.xml"]].concat());
        assert!(!run.out.contains("s3cret"), "{}", run.out);
        assert!(!run.err.contains("s3cret"), "{}", run.err);
        assert!(run.out.contains("passwd"), "{}", run.out);
    }
}
