//! Domains that libvirt made of real and test configurations: each becomes a domain that libvirt and its QEMU driver take,
//! and no line changes that no rule names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::path::PathBuf;

use v2v_report::Severity;
use v2v_target::{Policy, finding};
use v2v_testkit::{corpus, libvirt};
use v2v_xen::{Conversion, Evidence, RuleChoice, convert, from_xl};
use v2v_xl::Config;
use v2v_xml::{Document, ParseOptions, diff};

struct File {
    name: String,
    xen: String,
    conversion: Conversion,
}

impl File {
    fn read(path: PathBuf) -> File {
        let xen = std::fs::read_to_string(&path).unwrap();
        let conversion = convert_text(&xen);
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        File {
            name,
            xen,
            conversion,
        }
    }

    fn kvm(&self) -> String {
        self.conversion.document.to_string()
    }
}

fn convert_text(xml: &str) -> Conversion {
    let document = Document::parse(xml, &ParseOptions::default()).unwrap();
    let choice = RuleChoice::default();
    convert(document, &Policy::default(), &Evidence::default(), &choice).unwrap()
}

/// Every domain of the corpus, by name; none if it is not wanted.
fn files() -> Vec<File> {
    if !corpus::wanted() {
        return Vec::new();
    }
    let mut paths = Vec::new();
    for folder in ["xen/xl", "xen/xm", "xen/libxl-domxml"] {
        let entries = std::fs::read_dir(corpus::file(folder)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    assert_eq!(
        paths.len(),
        59,
        "the corpus has other files than these tests know"
    );
    paths.into_iter().map(File::read).collect()
}

#[test]
fn libvirt_takes_every_result() {
    if !libvirt::wanted() {
        return;
    }
    let files = files();
    let results: Vec<(&str, String)> = files
        .iter()
        .map(|file| (file.name.as_str(), file.kvm()))
        .collect();
    libvirt::validate_all(&results);
    for (_, kvm) in &results {
        // The test driver has a domain of that name.
        libvirt::define(&kvm.replace("<name>test</name>", "<name>other</name>"));
    }
    // Host devices, which no other machine has, are not carried, so that there is nothing to refuse.
    let refused: Vec<(&str, String)> = results
        .iter()
        .filter_map(|(name, kvm)| Some((*name, libvirt::try_qemu_argv(kvm).err()?)))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Every xl and xm configuration as a KVM domain.
fn configurations() -> Vec<(String, String)> {
    let mut results = Vec::new();
    for folder in ["xl", "xm", "wild"] {
        let entries = std::fs::read_dir(corpus::file(&format!("xen/{folder}"))).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "cfg"));
        paths.sort();
        for path in paths {
            let config =
                Config::parse(&std::fs::read(&path).unwrap(), &Default::default()).unwrap();
            let choice = RuleChoice::default();
            let xen = from_xl(&config).document;
            let kvm = convert(xen, &Policy::default(), &Evidence::default(), &choice).unwrap();
            results.push((path.display().to_string(), kvm.document.to_string()));
        }
    }
    assert_eq!(
        results.len(),
        56,
        "the corpus has other files than these tests know"
    );
    results
}

#[test]
fn libvirt_takes_every_configuration() {
    if !corpus::wanted() || !libvirt::wanted() {
        return;
    }
    let results = configurations();
    libvirt::validate_all(&results);
    for (name, kvm) in &results {
        // The test driver has a domain of that name.
        let kvm = kvm.replace("<name>test</name>", "<name>other</name>");
        libvirt::try_define(&kvm).unwrap_or_else(|error| panic!("{name}: {error}\n{kvm}"));
        libvirt::try_qemu_argv(&kvm).unwrap_or_else(|error| panic!("{name}: {error}\n{kvm}"));
    }
}

#[test]
fn qemu_starts_domains_of_every_kind() {
    if !libvirt::wanted() {
        return;
    }
    let kinds = [
        "basic-hvm",
        "basic-pv",
        "efi-hvm",
        "viridian-hvm-full",
        "test-fullvirt-multiusb",
        "test-vif-rate",
        "test-paravirt-maxvcpus",
    ];
    for file in files()
        .iter()
        .filter(|file| kinds.contains(&file.name.as_str()))
    {
        let argv = libvirt::start_paused(&file.kvm());
        assert!(argv.contains("-machine"), "{}: {argv}", file.name);
    }
}

/// A line that is gone or new belongs to a change with the name of a rule.
#[test]
fn no_line_changes_without_a_rule() {
    for file in files() {
        let changes = &file.conversion.changes;
        let kvm = file.kvm();
        let printed = file.conversion.document.print();
        for hunk in diff(&file.xen, &kvm, 0) {
            let is_named = changes.iter().any(|change| {
                let was = change.line.is_some_and(|line| hunk.old.contains(&line));
                let is = printed
                    .lines(change.node)
                    .is_some_and(|lines| lines.start < hunk.new.end && hunk.new.start < lines.end);
                was || is
            });
            assert!(is_named, "{}:\n{hunk}", file.name);
        }
        assert!(
            changes.iter().all(|change| change.before != change.after),
            "{}",
            file.name
        );
    }
}

#[test]
fn no_trace_of_xen_is_left() {
    for file in files() {
        let kvm = file.kvm();
        // The guest may be called after it, and the bridge of the old host keeps its name until it is mapped.
        for trace in [
            "hvmloader",
            "pygrub",
            "bus='xen'",
            "'xenbus'",
            "machine='xen",
            "type='xen'",
            "qemu-dm",
            "<script",
            "xvd",
        ] {
            assert!(!kvm.contains(trace), "{}: {trace}\n{kvm}", file.name);
        }
    }
}

#[test]
fn a_second_conversion_changes_nothing() {
    for file in files() {
        let kvm = file.kvm();
        let again = convert_text(&kvm);
        assert_eq!(again.document.to_string(), kvm, "{}", file.name);
        assert_eq!(
            (again.changes.len(), again.findings.len()),
            (0, 0),
            "{}",
            file.name
        );
        // The same if the rules look at it again, as they do at a domain that somebody calls Xen's by mistake.
        let xen = kvm.replacen("type='kvm'", "type='xen'", 1);
        let again = convert_text(&xen);
        assert_eq!(again.document.to_string(), kvm, "{}", file.name);
    }
}

#[test]
fn findings_have_evidence_and_known_names() {
    for file in files() {
        for finding in &file.conversion.findings {
            assert!(
                !finding.evidence.text.is_empty(),
                "{}: {finding:?}",
                file.name
            );
            assert!(
                finding::ALL.contains(&finding.id),
                "{}: {finding:?}",
                file.name
            );
        }
    }
}

#[test]
fn nothing_in_these_files_is_a_blocker() {
    for file in files() {
        for finding in &file.conversion.findings {
            assert_ne!(
                finding.severity,
                Severity::Blocker,
                "{}: {finding:?}",
                file.name
            );
        }
    }
}
