//! The JSON form: what it looks like, and that nothing is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::path::Path;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use v2v_report::{
    Action, BootReport, Confidence, DiskHash, DiskReport, Evidence, Finding, FindingId,
    GuestOsReport, NicReport, NicTarget, Outcome, PathText, Report, SettingReport, SettingState,
    Severity, SourceReport, Timing,
};

/// Compares `found` with a file of tests/golden; with `V2V_BLESS=1` rewrites the file.
fn assert_golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("V2V_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found,
        expected,
        "{} differs; `cargo xtask bless` rewrites it",
        path.display()
    );
}

/// One setting of each fate.
fn settings() -> Vec<SettingReport> {
    let mut memory = SettingReport::new("memSize", 3, SettingState::Mapped);
    memory.value = Some("2048".to_owned());
    memory.to = Some("/domain/memory".to_owned());
    let mut secret = SettingReport::new("guestinfo.userdata", 4, SettingState::NotCarried);
    secret.reason = "no QEMU device has it".to_owned();
    let mut log = SettingReport::new("log.keepOld", 5, SettingState::Ignored);
    log.reason = "management of VMware itself".to_owned();
    let unknown = SettingReport::new("mainMem.x", 6, SettingState::Unknown);
    vec![memory, secret, log, unknown]
}

fn full() -> Report {
    let mut disk = DiskReport::new("vm/web01-000001.vmdk", "web01.qcow2", 4 << 30);
    disk.slot = Some("scsi0:0".to_owned());
    disk.target = Some("vda".to_owned());
    disk.written = 1 << 30;
    disk.zero = 3 << 30;
    disk.cloned = 4096;
    disk.hash = Some(DiskHash {
        algorithm: "blake3".to_owned(),
        block_size: 65536,
        value: "00ff".to_owned(),
    });
    disk.chain = vec![
        PathText::from_bytes(b"vm/web\xff.vmdk".to_vec()),
        "vm/web01-000001.vmdk".into(),
    ];
    disk.verified = Some(true);

    let mut report = Report::new("vmdk2qcow2", "0.1.0");
    report.source = Some(SourceReport::new("vmdk", "vm/web01-000001.vmdk"));
    let source = report.source.as_mut().unwrap();
    source.name = Some("web01".to_owned());
    source.sha256 = Some("00ff".to_owned());
    source.guest_os = Some(GuestOsReport {
        hint: Some("rhel9-64".to_owned()),
        found: None,
        confidence: Confidence::File,
    });
    report.settings = settings();
    report.disks = vec![disk, DiskReport::new("b.vmdk", "b.qcow2", 512)];
    let bridge = NicTarget {
        kind: "bridge".to_owned(),
        name: Some("br0".to_owned()),
    };
    let mut nic = NicReport::new("ethernet0", bridge, "virtio");
    nic.mac = Some("00:0c:29:a9:7b:83".to_owned());
    nic.source = Some("VM Network".to_owned());
    nic.old_name = Some("ens192".to_owned());
    report.nics = vec![nic];
    let mut boot = BootReport::new("efi");
    boot.order = vec!["vda".to_owned()];
    report.boot = Some(boot);
    report.findings = vec![
        Finding::new(
            FindingId::new("disk-size-odd"),
            Severity::Info,
            "web01.vmdk",
        ),
        Finding::new(
            FindingId::new("disk-extent-short"),
            Severity::Blocker,
            "web01-s002.vmdk",
        )
        .evidence(
            Evidence::new("ends at 0x1000")
                .file("vm/web01-s002.vmdk")
                .offset(4096),
        )
        .action(Action::automatic("read as zeros").done()),
        Finding::new(FindingId::new("disk-unclean"), Severity::Warn, "web01.vmdk")
            .evidence(
                Evidence::new("not shut down")
                    .file("vm/web01.vmdk")
                    .line(3)
                    .key("ddb.uncleanShutdown"),
            )
            .action(Action::manual("check the file systems")),
    ];
    report.timing = Some(Timing {
        total: Duration::from_millis(12_345),
        bytes_read: 1 << 30,
        bytes_written: 1_073_807_360,
    });
    report.finish(Outcome::Done, 5);
    report
}

fn check_round_trip(report: &Report) {
    let json = report.to_json().unwrap();
    assert_eq!(&Report::from_json(&json).unwrap(), report, "{json}");
}

#[test]
fn the_full_form() {
    let report = full();
    assert_golden("full.json", &report.to_json().unwrap());
    check_round_trip(&report);
}

#[test]
fn the_smallest_form() {
    let report = Report::new("vmdk2qcow2", "0.1.0");
    assert_golden("smallest.json", &report.to_json().unwrap());
    check_round_trip(&report);
}

#[test]
fn manual_has_each_id_once_in_order() {
    let finding = |id: &'static str, action| {
        Finding::new(FindingId::new(id), Severity::Warn, "").action(action)
    };
    let mut report = Report::new("v2v", "0.1.0");
    report.findings = vec![
        finding("nic-network-unmapped", Action::manual("map it")),
        finding("disk-zero", Action::none()),
        finding("vm-suspended", Action::manual("resume it").done()),
        finding("bootloader-lilo", Action::manual("run lilo")),
        finding("nic-network-unmapped", Action::manual("map it")),
    ];
    assert_eq!(
        report.manual(),
        [
            FindingId::new("nic-network-unmapped"),
            FindingId::new("bootloader-lilo")
        ]
    );
}

#[test]
fn severities_are_ordered() {
    assert!(Severity::Info < Severity::Warn && Severity::Warn < Severity::Blocker);
    assert_eq!(full().worst(), Some(Severity::Blocker));
    assert_eq!(Report::new("v2v", "0.1.0").worst(), None);
    assert_eq!(
        format!("{:>7}|{}", Severity::Warn, FindingId::new("a-b")),
        "   warn|a-b"
    );
}

#[test]
fn additions_are_ignored() {
    let json = full().to_json().unwrap();
    let more = json
        .replacen('{', "{\"edits\": [1], \"manual\": [\"not an id\"],", 1)
        .replacen(
            "\"kind\": \"vmdk\"",
            "\"kind\": \"vmdk\", \"moid\": \"00\"",
            1,
        )
        .replacen("\"manual\": [\n    \"disk-unclean\"\n  ],", "", 1);
    assert_eq!(Report::from_json(&more).unwrap(), full(), "{more}");
}

fn check_rejects(from: &str, to: &str, expected: &str) {
    let json = full().to_json().unwrap().replacen(from, to, 1);
    let error = Report::from_json(&json).unwrap_err();
    assert_eq!(error.to_string(), "not a report of schema \"v2v-report/1\"");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains(expected), "{source}");
}

#[test]
fn wrong_reports_are_refused() {
    check_rejects(
        "report/1",
        "report/2",
        "schema is \"v2v-report/2\", expected \"v2v-report/1\" at line 2",
    );
    check_rejects(
        "\"result\": \"done\"",
        "\"result\": \"fine\"",
        "unknown variant `fine`",
    );
    check_rejects(
        "\"disk-size-odd\"",
        "\"Disk\"",
        "finding id \"Disk\" is not kebab-case",
    );
    check_rejects(
        "\"severity\": \"info\"",
        "\"severity\": \"note\"",
        "unknown variant `note`",
    );
    check_rejects("12.345", "-1", "total_s is -1, expected 0 to 1e15");
    check_rejects("\"program\"", "\"programme\"", "missing field `program`");
    check_rejects("{", "", "");
}

fn path() -> impl Strategy<Value = PathText> {
    prop_oneof![
        any::<String>().prop_map(PathText::from),
        any::<Vec<u8>>().prop_map(PathText::from_bytes)
    ]
}

fn id() -> impl Strategy<Value = FindingId> {
    "[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,3}".prop_map(|id| id.parse().unwrap())
}

fn evidence() -> impl Strategy<Value = Evidence> {
    (
        option::of(path()),
        any::<Option<u64>>(),
        any::<Option<u64>>(),
        any::<Option<String>>(),
        any::<String>(),
    )
        .prop_map(|(file, line, offset, key, text)| {
            let mut evidence = Evidence::new(text);
            evidence.file = file;
            evidence.line = line;
            evidence.offset = offset;
            evidence.key = key;
            evidence
        })
}

fn action() -> impl Strategy<Value = Action> {
    (any::<String>(), 0..3, any::<bool>()).prop_map(|(text, kind, done)| {
        let action = match kind {
            0 => Action::none(),
            1 => Action::automatic(text),
            _ => Action::manual(text),
        };
        if done { action.done() } else { action }
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    let severity = prop_oneof![
        Just(Severity::Info),
        Just(Severity::Warn),
        Just(Severity::Blocker)
    ];
    (id(), severity, any::<String>(), evidence(), action()).prop_map(
        |(id, severity, subject, evidence, action)| {
            Finding::new(id, severity, subject)
                .evidence(evidence)
                .action(action)
        },
    )
}

fn disk() -> impl Strategy<Value = DiskReport> {
    let names = (
        path(),
        path(),
        any::<Option<String>>(),
        any::<Option<String>>(),
        vec(path(), 0..3),
    );
    let hash = option::of((any::<String>(), any::<u64>(), any::<String>()));
    (names, any::<[u64; 4]>(), hash, any::<Option<bool>>()).prop_map(
        |(
            (source, file, slot, target, chain),
            [virtual_size, written, zero, cloned],
            hash,
            verified,
        )| {
            let mut disk = DiskReport::new(source, file, virtual_size);
            disk.slot = slot;
            disk.target = target;
            disk.chain = chain;
            (disk.written, disk.zero, disk.cloned) = (written, zero, cloned);
            disk.hash = hash.map(|(algorithm, block_size, value)| DiskHash {
                algorithm,
                block_size,
                value,
            });
            disk.verified = verified;
            disk
        },
    )
}

fn report() -> impl Strategy<Value = Report> {
    let outcome = prop_oneof![
        Just(Outcome::Done),
        Just(Outcome::Failed),
        Just(Outcome::Refused),
        Just(Outcome::Mismatch)
    ];
    let source = option::of((any::<String>(), path()));
    // A year and more, in milliseconds.
    let timing = option::of((0..40_000_000_000u64, any::<u64>(), any::<u64>()));
    (
        any::<[String; 2]>(),
        outcome,
        any::<u8>(),
        source,
        vec(disk(), 0..3),
        vec(finding(), 0..4),
        timing,
    )
        .prop_map(
            |([program, version], outcome, code, source, disks, findings, timing)| {
                let mut report = Report::new(program, version);
                report.finish(outcome, code);
                report.source = source.map(|(kind, path)| SourceReport::new(kind, path));
                report.disks = disks;
                report.findings = findings;
                report.timing = timing.map(|(ms, bytes_read, bytes_written)| Timing {
                    total: Duration::from_millis(ms),
                    bytes_read,
                    bytes_written,
                });
                report
            },
        )
}

proptest! {
    #[test]
    fn any_report_comes_back(report in report()) {
        let json = report.to_json().unwrap();
        prop_assert_eq!(Report::from_json(&json).unwrap(), report);
    }

    #[test]
    fn any_path_comes_back(path in path()) {
        let json = serde_json::to_string(&path).unwrap();
        prop_assert_eq!(serde_json::from_str::<PathText>(&json).unwrap(), path);
    }
}
