//! What programs build on: the words of `--help` and of the report, held against files in testdata.

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
    golden::check(&testdata().join("cli/vmx2libvirt-help.txt"), &help);
}

#[test]
fn the_report_keeps_its_fields() {
    let place = Place::with("guestinfo.userdata = \"c2VjcmV0\"\nno.such.key = \"x\"");
    let report = place.report(&["-b", "br0"]);
    assert!(
        !report.to_string().contains("c2VjcmV0"),
        "a secret is shown"
    );
    let text = format!("{}\n", serde_json::to_string_pretty(&report).unwrap());
    let here = place.dir().display().to_string();
    let text = text.replace(&here, "HERE");
    golden::check(&testdata().join("cli/vmx2libvirt-report.json"), &text);
}

/// Lines, keys and states of all settings, so that a change of the order is seen apart from one of the words.
#[test]
fn the_report_has_every_key_in_the_order_of_the_file() {
    let place = Place::new();
    let report = place.report(&[]);
    let settings = report["settings"].as_array().unwrap();
    let text = place.read("web01.vmx");
    let keys: Vec<&str> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let found: Vec<&str> = settings
        .iter()
        .map(|setting| setting["key"].as_str().unwrap())
        .collect();
    assert_eq!(found, keys);
    for (setting, number) in settings.iter().zip(1..) {
        assert_eq!(setting["line"], number);
        assert!(
            setting["to"].is_string() || setting["reason"].is_string(),
            "{setting}"
        );
    }
    let of_file = |finding: &&Value| finding["evidence"]["line"].is_u64();
    for finding in report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_file)
    {
        assert_eq!(finding["evidence"]["file"], "web01.vmx", "{finding}");
    }
}
