//! Configurations made by real products: each becomes a domain that libvirt and its QEMU driver take, nothing in them
//! is lost, and disks, network cards and addresses are those that libvirt's own reader finds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use v2v_domain::{DiskDevice, Domain};
use v2v_report::{SettingState, Severity};
use v2v_testkit::{corpus, libvirt};
use v2v_translate::{Evidence, Policy, Translation, translate};
use v2v_vmx::{Document, ParseOptions};

/// Blockers in real files: they are told, and a domain is made all the same, for whoever overrules them.
const BLOCKED: &[(&str, &str)] = &[
    ("esx-arm-photon", "arch-unsupported"),
    ("ws17-win11-vtpm-partial-encryption", "vm-suspended"),
];

struct File {
    name: String,
    path: PathBuf,
    document: Document,
    translation: Translation,
}

impl File {
    fn read(path: &Path) -> File {
        let bytes = std::fs::read(path).unwrap();
        let document = Document::parse(&bytes, &ParseOptions::default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(document.to_bytes(), bytes, "{}", path.display());
        let translation = translate(&document, &Policy::default(), &Evidence::default());
        File {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            path: path.to_owned(),
            document,
            translation,
        }
    }

    fn xml(&self) -> String {
        self.translation.domain.to_xml().unwrap()
    }
}

/// Every .vmx of the corpus, by name.
fn files() -> Vec<File> {
    let mut paths = Vec::new();
    for folder in ["vmx", "vmx-wild"] {
        let entries = std::fs::read_dir(corpus::file(folder)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "vmx"));
    paths.sort();
    assert_eq!(
        paths.len(),
        73,
        "the corpus has other files than these tests know"
    );
    paths.iter().map(|path| File::read(path)).collect()
}

#[test]
fn every_entry_of_every_file_is_accounted_for() {
    if !corpus::wanted() {
        return;
    }
    for file in files() {
        let settings = &file.translation.settings;
        let entries = file.document.entries();
        assert_eq!(settings.len(), entries.len(), "{}", file.name);
        for (setting, entry) in settings.iter().zip(entries) {
            assert_eq!(
                (setting.line, setting.key.as_str()),
                (entry.line(), entry.key())
            );
            let says_why = setting.to.is_some() || !setting.reason.is_empty();
            assert!(says_why, "{}: {setting:?}", file.name);
        }
    }
}

#[test]
fn no_key_of_real_files_is_unknown_but_pseudo_keys() {
    if !corpus::wanted() {
        return;
    }
    let mut unknown = BTreeSet::new();
    for file in files() {
        let settings = file.translation.settings.iter();
        let of_file = settings.filter(|setting| setting.state == SettingState::Unknown);
        unknown.extend(
            of_file.map(|setting| format!("{} ({})", setting.key.to_lowercase(), file.name)),
        );
    }
    let odd: Vec<&String> = unknown
        .iter()
        .filter(|key| !key.starts_with("__"))
        .collect();
    assert_eq!(odd, [""; 0]);
}

#[test]
fn real_files_are_blocked_only_for_what_they_are() {
    if !corpus::wanted() {
        return;
    }
    for file in files() {
        let findings = file.translation.findings.iter();
        let blockers: Vec<(&str, &str)> = findings
            .filter(|finding| finding.severity == Severity::Blocker)
            .map(|finding| (file.name.as_str(), finding.id.as_str()))
            .collect();
        let expected: Vec<_> = BLOCKED
            .iter()
            .filter(|(name, _)| *name == file.name)
            .copied()
            .collect();
        assert_eq!(blockers, expected);
    }
}

#[test]
fn every_finding_has_evidence() {
    if !corpus::wanted() {
        return;
    }
    for file in files() {
        for finding in &file.translation.findings {
            assert!(
                !finding.evidence.text.is_empty(),
                "{}: {finding:?}",
                file.name
            );
            assert!(
                v2v_translate::finding::ALL.contains(&finding.id),
                "{finding:?}"
            );
        }
    }
}

#[test]
fn libvirt_takes_every_domain() {
    if !corpus::wanted() || !libvirt::wanted() {
        return;
    }
    let domains: Vec<(String, String)> = files()
        .iter()
        .map(|file| (file.name.clone(), file.xml()))
        .collect();
    libvirt::validate_all(&domains);
    for (name, xml) in &domains {
        // The driver has a domain of this name already.
        let xml = xml.replace("<name>test</name>", "<name>test of the corpus</name>");
        libvirt::try_define(&xml).unwrap_or_else(|error| panic!("{name}: {error}\n{xml}"));
    }
}

#[test]
fn the_qemu_driver_takes_every_domain() {
    if !corpus::wanted() || !libvirt::wanted() {
        return;
    }
    for file in files() {
        let xml = file.xml();
        libvirt::try_qemu_argv(&xml)
            .unwrap_or_else(|error| panic!("{}: {error}\n{xml}", file.name));
    }
}

#[test]
fn what_we_print_is_what_we_read() {
    if !corpus::wanted() {
        return;
    }
    for file in files() {
        let again = Domain::parse(file.xml()).unwrap();
        assert_eq!(again, file.translation.domain, "{}", file.name);
        assert_eq!(again.unmodelled(), [""; 0], "{}", file.name);
    }
}

/// What two readers have to agree on.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    disks: usize,
    cdroms: usize,
    macs: Vec<String>,
    vcpus: u32,
    memory_kib: u64,
}

impl Count {
    fn of(domain: &Domain) -> Count {
        let devices = domain.devices.clone().unwrap_or_default();
        let count = |kinds: &[DiskDevice]| {
            let is_kind = |disk: &&v2v_domain::Disk| {
                kinds.contains(&disk.device.clone().unwrap_or(DiskDevice::Disk))
            };
            devices.disks.iter().filter(is_kind).count()
        };
        let macs = devices
            .interfaces
            .iter()
            .filter_map(|nic| nic.mac_address());
        let mut macs: Vec<String> = macs.map(|mac| mac.to_string()).collect();
        macs.sort();
        Count {
            disks: count(&[DiskDevice::Disk]),
            // libvirt takes a raw CD-ROM drive for a SCSI device that is passed through.
            cdroms: count(&[DiskDevice::Cdrom, DiskDevice::Lun]),
            macs,
            vcpus: domain.vcpu.as_ref().map_or(1, |vcpu| vcpu.count),
            memory_kib: domain.memory.as_ref().unwrap().bytes().unwrap() / 1024,
        }
    }
}

impl Count {
    /// The fields in which two readers differ.
    fn differences(&self, theirs: &Count) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |name: &str, ours: String, theirs: String| {
            if ours != theirs {
                found.push(format!("{name} {ours}, libvirt {theirs}"));
            }
        };
        compare("disks", self.disks.to_string(), theirs.disks.to_string());
        compare("cdroms", self.cdroms.to_string(), theirs.cdroms.to_string());
        compare("macs", self.macs.join(" "), theirs.macs.join(" "));
        compare("vcpus", self.vcpus.to_string(), theirs.vcpus.to_string());
        compare(
            "KiB",
            self.memory_kib.to_string(),
            theirs.memory_kib.to_string(),
        );
        found
    }
}

/// Drives of whoever looks at the console: libvirt's reader leaves them out, a guest misses them.
const CLIENT_CDROM: &str = "cdroms 1, libvirt 0";

/// Where we differ from libvirt's reader, and in what.
const DIFFERENT: &[(&str, &str)] = &[
    ("case-insensitive-1", CLIENT_CDROM),
    ("esx-in-the-wild-1", CLIENT_CDROM),
    ("esx-in-the-wild-10", CLIENT_CDROM),
    ("esx-in-the-wild-11", CLIENT_CDROM),
    ("esx-in-the-wild-14", CLIENT_CDROM),
    // The file has no address; libvirt's reader invents one of zeros, here the new host makes one.
    ("esx-in-the-wild-14", "macs , libvirt 00:00:00:00:00:00"),
    ("esx-in-the-wild-4", CLIENT_CDROM),
    ("esx-in-the-wild-7", "cdroms 2, libvirt 1"),
];

#[test]
fn disks_cards_and_addresses_are_those_that_libvirt_finds() {
    if !corpus::wanted() {
        return;
    }
    let mut found = Vec::new();
    let mut compared = 0;
    for file in files() {
        let Ok(text) = std::fs::read(file.path.with_extension("xml")) else {
            continue;
        };
        compared += 1;
        let theirs = Count::of(&Domain::parse(text).unwrap());
        let ours = Count::of(&file.translation.domain);
        let differences = ours.differences(&theirs).into_iter();
        found.extend(differences.map(|difference| (file.name.clone(), difference)));
    }
    assert_eq!(compared, 51);
    let expected: Vec<(String, String)> = DIFFERENT
        .iter()
        .map(|(name, difference)| ((*name).to_owned(), (*difference).to_owned()))
        .collect();
    assert_eq!(found, expected);
}
