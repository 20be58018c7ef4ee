//! The cases of testdata/vmx: what the program makes of each, and that libvirt and QEMU take it.
//!
//! A case is `NAME.vmx`; `NAME.xml` is the domain and `NAME.findings` what is said on standard error. Each
//! `NAME.VARIANT.args` is another command line for the same file, with `NAME.VARIANT.xml` and `NAME.VARIANT.findings`.
//! A case that is refused has findings only. Adding a case is adding files; `cargo xtask bless` writes what is expected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use v2v_testkit::{golden, libvirt};

/// Where disks are said to be, so that no path of the machine is in the result.
const IMAGES: &str = "/var/lib/libvirt/images";

/// One command line over one file.
struct Case {
    name: String,
    args: Vec<String>,
    source: String,
}

/// What the program gave.
struct Run {
    xml: String,
    findings: String,
    status: i32,
}

fn testdata() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vmx");
    dir.canonicalize().unwrap()
}

/// All cases, by name.
fn cases() -> Vec<Case> {
    let mut names: Vec<String> = fs::read_dir(testdata())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.iter().filter_map(|name| case(name)).collect()
}

fn case(file: &str) -> Option<Case> {
    if let Some(name) = file.strip_suffix(".vmx") {
        return Some(Case {
            name: name.to_owned(),
            args: Vec::new(),
            source: file.to_owned(),
        });
    }
    let name = file.strip_suffix(".args")?;
    let base = name.split('.').next()?;
    let text = fs::read_to_string(testdata().join(file)).unwrap();
    let args = text.replace("$CASE", base);
    Some(Case {
        name: name.to_owned(),
        args: args.split_whitespace().map(str::to_owned).collect(),
        source: format!("{base}.vmx"),
    })
}

impl Case {
    fn run(&self) -> Run {
        let dir = testdata();
        let output = Command::new(env!("CARGO_BIN_EXE_vmx2libvirt"))
            .args(["--disk-dir", IMAGES])
            .args(&self.args)
            .arg(&self.source)
            .current_dir(&dir)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(dir.to_str().unwrap(), "/testdata")
        };
        Run {
            xml: text(output.stdout),
            findings: text(output.stderr),
            status: output.status.code().unwrap(),
        }
    }

    /// Compares `found` with the file of this case; with `V2V_BLESS=1` rewrites it. An empty text has no file.
    fn assert_golden(&self, extension: &str, found: &str) {
        golden::check(
            &testdata().join(format!("{}.{extension}", self.name)),
            found,
        );
    }
}

#[test]
fn each_case_gives_its_domain_and_its_findings() {
    let cases = cases();
    assert!(
        cases.len() >= 20,
        "{} cases in {}",
        cases.len(),
        testdata().display()
    );
    for case in cases {
        let run = case.run();
        let is_refused = run.status == 3;
        assert_eq!(
            run.xml.is_empty(),
            is_refused,
            "{}: {}",
            case.name,
            run.findings
        );
        assert!(
            matches!(run.status, 0 | 3),
            "{}: {}",
            case.name,
            run.findings
        );
        case.assert_golden("xml", &run.xml);
        case.assert_golden("findings", &run.findings);
    }
}

/// Cases whose devices libvirt 9.0 does not know yet.
const TOO_NEW: [&str; 1] = ["win11-vtpm.newer"];

fn domains() -> Vec<(String, String)> {
    cases()
        .iter()
        .filter(|case| !TOO_NEW.contains(&case.name.as_str()))
        .map(|case| (case.name.clone(), case.run().xml))
        .filter(|(_, xml)| !xml.is_empty())
        .collect()
}

#[test]
fn libvirt_takes_each_case() {
    if !libvirt::wanted() {
        return;
    }
    let domains = domains();
    libvirt::validate_all(&domains);
    for (name, xml) in &domains {
        libvirt::try_define(xml).unwrap_or_else(|error| panic!("{name}: {error}\n{xml}"));
    }
}

#[test]
fn qemu_starts_with_the_devices_of_each_case() {
    if !libvirt::wanted() {
        return;
    }
    let domains = domains();
    assert!(domains.len() >= 10);
    for (name, xml) in &domains {
        libvirt::try_start_paused(xml).unwrap_or_else(|error| panic!("{name}: {error}\n{xml}"));
    }
}
