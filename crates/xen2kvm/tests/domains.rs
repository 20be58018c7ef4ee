//! The cases of testdata/xen: what the program makes of each, and that libvirt and QEMU take it.
//!
//! A case is `NAME.xml` or `NAME.cfg`; `NAME.kvm.xml` is the domain and `NAME.findings` what is said on standard error.
//! Each `NAME.VARIANT.args` is another command line for the same file, with `NAME.VARIANT.kvm.xml` and
//! `NAME.VARIANT.findings`; one with `--diff` has a `NAME.VARIANT.diff` instead of the domain. A case that is refused has
//! findings only. Adding a case is adding files; `cargo xtask bless` writes what is expected.
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
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use v2v_testkit::{golden, libvirt};

/// The migration guide's sample, which the rules are tested with elsewhere.
const OF_THE_GUIDE: &str = "guide-sample.";

/// One command line over one file.
struct Case {
    name: String,
    args: Vec<String>,
    source: String,
}

/// What the program gave.
struct Run {
    out: String,
    findings: String,
    status: i32,
}

fn testdata() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/xen");
    dir.canonicalize().unwrap()
}

/// All cases, by name.
fn cases() -> Vec<Case> {
    let mut names: Vec<String> = fs::read_dir(testdata())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with(OF_THE_GUIDE))
        .collect();
    names.sort();
    let source_of = |base: &str| {
        let is_source =
            |name: &&String| [format!("{base}.xml"), format!("{base}.cfg")].contains(name);
        names.iter().find(is_source).unwrap().clone()
    };
    let case = |file: &String| {
        let (name, end) = file.rsplit_once('.')?;
        let base = name.split('.').next()?;
        let args = match end {
            "args" => fs::read_to_string(testdata().join(file)).unwrap(),
            "xml" | "cfg" if name == base => String::new(),
            _ => return None,
        };
        Some(Case {
            name: name.to_owned(),
            args: args.split_whitespace().map(str::to_owned).collect(),
            source: source_of(base),
        })
    };
    names.iter().filter_map(case).collect()
}

impl Case {
    fn is_diff(&self) -> bool {
        self.args.iter().any(|arg| arg == "--diff")
    }

    fn run(&self) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_xen2kvm"))
            .args(&self.args)
            .arg(&self.source)
            .current_dir(testdata())
            .output()
            .unwrap();
        Run {
            out: String::from_utf8(output.stdout).unwrap(),
            findings: String::from_utf8(output.stderr).unwrap(),
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
        cases.len() >= 15,
        "{} cases in {}",
        cases.len(),
        testdata().display()
    );
    for case in cases {
        let run = case.run();
        let is_refused = run.status == 3;
        assert!(
            matches!(run.status, 0 | 3),
            "{}: {}",
            case.name,
            run.findings
        );
        if case.is_diff() {
            case.assert_golden("diff", &run.out);
        } else {
            assert_eq!(
                run.out.is_empty(),
                is_refused,
                "{}: {}",
                case.name,
                run.findings
            );
            case.assert_golden("kvm.xml", &run.out);
        }
        case.assert_golden("findings", &run.findings);
    }
}

/// The domain of each case that gives one. Those with the guide's rules keep what those rules do not know, which KVM
/// refuses.
fn domains() -> Vec<(String, String)> {
    let domains: Vec<(String, String)> = cases()
        .iter()
        .filter(|case| !case.is_diff() && !case.args.contains(&"--guide".to_owned()))
        .map(|case| (case.name.clone(), case.run().out))
        .filter(|(_, xml)| !xml.is_empty())
        .collect();
    assert!(domains.len() >= 10);
    domains
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
    // Those with direct boot name files of a host that is not here.
    let domains = domains();
    let is_whole = |(_, xml): &&(String, String)| !xml.contains("<kernel>");
    let whole: Vec<_> = domains.iter().filter(is_whole).collect();
    assert!(whole.len() >= 10);
    for (name, xml) in whole {
        libvirt::try_start_paused(xml).unwrap_or_else(|error| panic!("{name}: {error}\n{xml}"));
    }
}

/// What was converted once is a KVM domain, and stays as it is to the byte.
#[test]
fn a_second_conversion_changes_nothing() {
    for (name, xml) in domains() {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xen2kvm"))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(xml.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), xml, "{name}");
    }
}

/// Lines of a source that the diff does not name are in the result, in their order: nothing is written anew.
#[test]
fn a_diff_leads_from_the_source_to_the_result() {
    for case in cases()
        .iter()
        .filter(|case| case.source.ends_with(".xml") && !case.is_diff())
    {
        let with_diff = Case {
            name: case.name.clone(),
            args: [case.args.as_slice(), &["--diff".to_owned()]].concat(),
            source: case.source.clone(),
        };
        let source = fs::read_to_string(testdata().join(&case.source)).unwrap();
        let (diff, result) = (with_diff.run().out, case.run().out);
        if !result.is_empty() {
            assert_eq!(patched(&source, &diff), result, "{}", case.name);
        }
    }
}

/// `source` with the hunks of `diff`.
fn patched(source: &str, diff: &str) -> String {
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let (mut out, mut next) = (String::new(), 0);
    let mut hunks = diff.split_inclusive('\n').skip(2).peekable();
    while let Some(line) = hunks.next() {
        let (sign, text) = line.split_at(1);
        let has_end = hunks.peek().is_none_or(|next| !next.starts_with('\\'));
        let text = if has_end {
            text
        } else {
            text.trim_end_matches('\n')
        };
        match sign {
            "@" => {
                let old = text.split(['-', ' ', ',']).nth(2).unwrap();
                let count = text.split(' ').nth(1).unwrap().split(',').nth(1);
                let start: usize = old.parse().unwrap();
                let start = start - usize::from(count != Some("0"));
                out.extend(&mut lines[next..start].iter().copied());
                next = start;
            }
            " " => {
                assert_eq!(lines[next], text);
                out.push_str(text);
                next += 1;
            }
            "-" => {
                assert_eq!(lines[next], text);
                next += 1;
            }
            "+" => out.push_str(text),
            _ => {}
        }
    }
    out.extend(lines[next..].iter().copied());
    out
}
