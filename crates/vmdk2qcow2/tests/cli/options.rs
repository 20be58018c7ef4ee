//! Options that change what is read, written or told.

use serde_json::{Value, json};
use v2v_testkit::disk::{Content, Pattern, Run};
use v2v_testkit::qemu;
use v2v_testkit::vmdk::{Chain, Flavor, Generate as _, GrainFault, Kind, Stream};

use crate::disks::{SPARSE, chain, disk, dumbbell, mixed, stream, used};
use crate::place::{KIB, MIB, Place, assert_same};

const GRAIN: u64 = 64 * KIB;

fn report(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&place.read(name)).unwrap()
}

#[test]
fn salvage_turns_what_can_not_be_read_into_zeros() {
    let place = Place::new();
    let content = Content::full(1, 4 * MIB);
    let image = Stream {
        faults: vec![
            (3, GrainFault::BadZlib),
            (4, GrainFault::BadChecksum),
            (40, GrainFault::TooShort),
        ],
        ..Stream::new(content.clone(), Flavor::Vddk)
    };
    stream(&place, &image);
    let zeros = |content: Content, at| content.with(Run::new(at * GRAIN, GRAIN, Pattern::Zero));
    let expected = [3, 4, 40].into_iter().fold(content, zeros);
    place.check_reads("stream.vmdk", &["--salvage"], &expected);
    place.check_reads(
        "stream.vmdk",
        &["--salvage", "-m", "1", "-S", "0"],
        &expected,
    );

    let args = [
        "--salvage",
        "--report",
        "r.json",
        "stream.vmdk",
        "out.qcow2",
    ];
    let run = place.convert(&args);
    let lines: Vec<&str> = run.err.lines().collect();
    assert_eq!(lines.len(), 3, "two ranges and the summary: {}", run.err);
    assert!(
        lines[0].starts_with(
            "vmdk2qcow2: warn: disk-unreadable: stream.vmdk: 0x30000 to 0x50000 can't be read and holds zeros now (stream.vmdk: grain at offset 0x"
        ),
        "{}",
        lines[0]
    );
    assert_eq!(
        lines[1],
        "vmdk2qcow2: warn: disk-unreadable: stream.vmdk: 0x280000 to 0x290000 can't be read and holds zeros now; \
         restore this range from a backup or check the guest's file systems"
    );
    let report = report(&place, "r.json");
    assert_eq!(report["result"], "done");
    assert_eq!(report["manual"], json!(["disk-unreadable"]));
    assert_eq!(report["findings"][0]["severity"], "warn");
    assert_eq!(report["findings"][0]["evidence"]["offset"], 0x30000);
    let run = place.run(&["--salvage", "--strict", "-q", "stream.vmdk", "strict.qcow2"]);
    assert_eq!(run.code, Some(5), "{}", run.err);
    assert!(
        place.path("strict.qcow2").exists(),
        "it is done all the same"
    );
}

/// Salvage with a hash of what was written, not of what was there.
#[test]
fn salvage_can_be_verified() {
    let place = Place::new();
    let image = Stream {
        faults: vec![(7, GrainFault::BadZlib)],
        ..Stream::new(Content::full(1, 2 * MIB), Flavor::Export)
    };
    stream(&place, &image);
    place.convert(&["--salvage", "--verify", "stream.vmdk", "out.qcow2"]);
}

#[test]
fn zeros_become_holes_as_asked() {
    let place = Place::new();
    // 32 KiB of stored zeros, 64 KiB of stored zeros, both between data.
    let content = Content::full(1, MIB)
        .with(Run::new(0, 32 * KIB, Pattern::Zero))
        .with(Run::new(256 * KIB, 64 * KIB, Pattern::Zero));
    let flat = disk(&place, Kind::MonolithicFlat, &content);
    // The generator leaves holes for zeros; here they are stored.
    std::fs::write(&flat.files[1], content.to_vec()).unwrap();
    let stored = |args: &[&str]| {
        let args = [args, &["-q", "--force", "--report", "r.json"]].concat();
        place.convert(&[&args[..], &["disk.vmdk", "out"]].concat());
        let report = report(&place, "r.json");
        let disk = &report["disks"][0];
        let (written, zero) = (
            disk["written"].as_u64().unwrap(),
            disk["zero"].as_u64().unwrap(),
        );
        assert_eq!(written + zero, MIB, "{args:?}");
        written / KIB
    };
    assert_eq!(stored(&["-O", "raw"]), 1024 - 96);
    assert_eq!(stored(&["-O", "raw", "-S", "64k"]), 1024 - 64);
    assert_eq!(stored(&["-O", "raw", "-S", "0"]), 1024);
    assert_eq!(stored(&["-o", "cluster_size=4k"]), 1024 - 96);
    assert_eq!(stored(&[]), 1024 - 64);
    assert_eq!(stored(&["-S", "128k"]), 1024);
    assert_eq!(stored(&["-S", "0"]), 1024);
    assert_eq!(stored(&["-c"]), 1024 - 64);
}

/// What an overlay leaves to its backing file is neither written nor zero, and no cluster counts past the disk's end.
#[test]
fn the_report_counts_the_bytes_of_the_guest() {
    let place = Place::new();
    let size = 2 * MIB + 512;
    let top = Content::empty(size)
        .with(Run::new(0, 64 * KIB, Pattern::Random(1)))
        .with(Run::new(128 * KIB, 64 * KIB, Pattern::Zero))
        .with(Run::new(size - 512, 512, Pattern::Text(2)));
    Chain::new(Kind::Vmfs, Content::full(3, size))
        .delta(Kind::VmfsSparse { grain_sectors: 1 }, top)
        .write(&place.dir(), "web");
    place.convert(&["-q", "web.vmdk", "base.qcow2"]);
    for args in [&[] as &[&str], &["-c"], &["--verify"]] {
        let counted = |overlay: &[&str]| {
            let common = [
                "-q",
                "--force",
                "--report",
                "r.json",
                "-o",
                "cluster_size=4k",
            ];
            let files = ["web-000001.vmdk", "top.qcow2"];
            place.convert(&[&common[..], args, overlay, &files].concat());
            let disk = report(&place, "r.json")["disks"][0].clone();
            (
                disk["written"].as_u64().unwrap(),
                disk["zero"].as_u64().unwrap(),
            )
        };
        assert_eq!(
            counted(&["-B", "base.qcow2", "-F", "qcow2"]),
            (64 * KIB + 512, 64 * KIB)
        );
        assert_eq!(counted(&[]), (size - 64 * KIB, 64 * KIB));
    }
}

#[test]
fn verify_reads_the_target_back() {
    let place = Place::new();
    chain(&place);
    for args in [
        &[] as &[&str],
        &["-c"],
        &["-O", "raw"],
        &["-S", "0", "-O", "raw"],
        &["-o", "preallocation=full"],
        &["--reflink", "never"],
    ] {
        let all = [args, &["--force", "--verify", "web-000002.vmdk", "out"]].concat();
        let run = place.convert(&all);
        assert!(
            run.err.ends_with(", read back and equal\n"),
            "{args:?}: {}",
            run.err
        );
    }
}

#[test]
fn a_hash_depends_on_the_disk_alone() {
    let place = Place::new();
    let written = chain(&place);
    written.content.write_raw(&place.path("same.raw"));
    for (algorithm, digits) in [("blake3", 64), ("sha256", 64)] {
        let hash = |args: &[&str]| {
            let common = ["-q", "--force", "--hash", algorithm, "--report", "r.json"];
            place.convert(&[&common[..], args, &["out"]].concat());
            let hash = report(&place, "r.json")["disks"][0]["hash"].clone();
            assert_eq!(hash["algorithm"], algorithm);
            hash["value"].as_str().unwrap().to_owned()
        };
        let first = hash(&["web-000002.vmdk"]);
        assert_eq!(first.len(), digits);
        for args in [
            &["-f", "raw", "same.raw"][..],
            &["-c", "-m", "1", "web-000002.vmdk"],
            &["-O", "raw", "-S", "0", "web-000002.vmdk"],
            &["--salvage", "web-000002.vmdk"],
        ] {
            assert_eq!(hash(args), first, "{args:?}");
        }
        assert_ne!(hash(&["web-000001.vmdk"]), first);
    }
}

/// A base converted once, and each level as an overlay on it: the chain is kept.
#[test]
fn a_snapshot_becomes_an_overlay() {
    let place = Place::new();
    let written = chain(&place);
    place.convert(&["-q", "web-000001.vmdk", "base.qcow2"]);
    for args in [
        &[] as &[&str],
        &["-c"],
        &["-o", "cluster_size=4k"],
        &["-o", "compat=0.10"],
        // Clusters that are allocated for nothing must not hide what is below.
        &["-o", "preallocation=metadata"],
        &["-o", "preallocation=full"],
        &["-S", "0"],
    ] {
        let overlay = ["-B", "base.qcow2", "-F", "qcow2", "--verify", "--force"];
        let all = [args, &overlay, &["web-000002.vmdk", "top.qcow2"]].concat();
        place.convert(&all);
        if args.contains(&"cluster_size=4k") {
            let (top, base) = (
                place.read("top.qcow2").len(),
                place.read("base.qcow2").len(),
            );
            assert!(top < base / 2, "{top} bytes over {base}");
        }
        place.convert(&["-q", "--force", "-O", "raw", "top.qcow2", "top.raw"]);
        assert_same("top", &place.read("top.raw"), &written.content.to_vec());
        if qemu::wanted() {
            qemu::check(&place.path("top.qcow2"), "qcow2");
            qemu::assert_reads(&place.path("top.qcow2"), "qcow2", &written.content.to_vec());
        }
    }
}

#[test]
fn an_overlay_has_to_fit_its_backing_file() {
    let place = Place::new();
    chain(&place);
    place.convert(&["-q", "web.vmdk", "wrong.qcow2"]);
    place.check_refuses(
        &[
            "-q",
            "-B",
            "no.qcow2",
            "-F",
            "qcow2",
            "web-000002.vmdk",
            "top.qcow2",
        ],
        1,
        "backing file: no.qcow2: cannot open: No such file or directory (os error 2)",
    );
    place.check_refuses(
        &["-q", "-B", "wrong.qcow2", "-F", "vmdk", "web-000002.vmdk", "top.qcow2"],
        3,
        "backing file: wrong.qcow2: not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor",
    );
    place.check_refuses(
        &[
            "-q",
            "-O",
            "raw",
            "-B",
            "wrong.qcow2",
            "-F",
            "qcow2",
            "web-000002.vmdk",
            "top.raw",
        ],
        2,
        "-B needs a qcow2 target; a raw image has no backing file",
    );
    // What is below the leaf is not in this base; only reading it back can show that.
    let args = ["-B", "wrong.qcow2", "-F", "qcow2", "--verify"];
    let files = ["--report", "r.json", "web-000002.vmdk", "top.qcow2"];
    let run = place.run(&[&args[..], &files].concat());
    assert_eq!(run.code, Some(4), "{}", run.err);
    assert_eq!(
        run.err.lines().last(),
        Some(
            "vmdk2qcow2: .top.qcow2.part: what was read back differs from the source; the file was not renamed"
        )
    );
    assert!(!place.path("top.qcow2").exists());
    assert!(place.path(".top.qcow2.part").exists());
    let report = report(&place, "r.json");
    assert_eq!(report["result"], "mismatch");
    assert_eq!(report["exit_code"], 4);
    assert_eq!(report["disks"][0]["verified"], false);
}

#[test]
fn an_overlay_does_not_replace_what_it_builds_on() {
    let place = Place::new();
    used(&place, &mixed(1));
    place.convert(&["-q", "disk.vmdk", "base.qcow2"]);
    std::fs::hard_link(place.path("base.qcow2"), place.path("linked.qcow2")).unwrap();
    for target in ["base.qcow2", "linked.qcow2"] {
        let overlay = ["-q", "--force", "-B", "base.qcow2", "-F", "qcow2"];
        let run = place.run(&[&overlay[..], &["disk.vmdk", target]].concat());
        assert_eq!(run.code, Some(1), "{target}: {}", run.err);
        assert!(run.err.contains("backing file"), "{target}: {}", run.err);
    }
    assert_eq!(place.names(), ["base.qcow2", "disk.vmdk", "linked.qcow2"]);
    assert_eq!(place.read("base.qcow2"), place.read("linked.qcow2"));
}

/// A disk that is no snapshot says of every byte what it is, so over any base it reads as itself.
#[test]
fn a_whole_disk_hides_the_backing_file() {
    let place = Place::new();
    let content = mixed(1);
    let size = content.virtual_size();
    let ones = Content::empty(size).with(Run::new(0, size, Pattern::Fill(1)));
    place.raw("ones.raw", &ones);
    used(&place, &content);
    for args in [
        &[] as &[&str],
        &["-c"],
        &["-o", "compat=0.10"],
        &["-S", "0"],
    ] {
        let overlay = ["-q", "--force", "--verify", "-B", "ones.raw", "-F", "raw"];
        place.convert(&[args, &overlay, &["disk.vmdk", "top.qcow2"]].concat());
        place.convert(&["-q", "--force", "-O", "raw", "top.qcow2", "top.raw"]);
        assert_same("top", &place.read("top.raw"), &content.to_vec());
        if qemu::wanted() {
            qemu::check(&place.path("top.qcow2"), "qcow2");
            qemu::assert_reads(&place.path("top.qcow2"), "qcow2", &content.to_vec());
        }
    }
}

#[test]
fn an_earlier_level_of_the_chain() {
    let place = Place::new();
    let written = chain(&place);
    let first = written.disks[1].content.over(&written.disks[0].content);
    place.check_reads(
        "web-000002.vmdk",
        &["--chain-top", "web-000001.vmdk"],
        &first,
    );
    place.check_reads(
        "web-000002.vmdk",
        &["--chain-top", "./web.vmdk"],
        &written.disks[0].content,
    );
    place.check_reads(
        "web-000002.vmdk",
        &["--chain-top", "web-000002.vmdk"],
        &written.content,
    );
    used(&place, &mixed(1));
    place.check_refuses(
        &["--chain-top", "disk.vmdk", "web-000002.vmdk", "x.qcow2"],
        1,
        "disk.vmdk: is not in the chain of web-000002.vmdk; the chain is web-000002.vmdk, HERE/web-000001.vmdk, HERE/web.vmdk",
    );
    place.check_refuses(
        &["--chain-top", "no.vmdk", "web-000002.vmdk", "x.qcow2"],
        1,
        "no.vmdk: cannot open: No such file or directory (os error 2)",
    );
}

#[test]
fn a_dry_run_checks_everything_and_writes_nothing() {
    let place = Place::new();
    chain(&place);
    let before = place.state();
    let run = place.convert(&["--dry-run", "web-000002.vmdk", "out.qcow2"]);
    assert!(place.state() == before);
    assert!(
        run.err.contains("vmdk2qcow2: would convert web-000002.vmdk (seSparse over vmfsSparse over vmfs, 2 MiB)\n"),
        "{}",
        run.err
    );
    for file in [
        "web-flat.vmdk",
        "web-000001-delta.vmdk",
        "web-000002-sesparse.vmdk",
    ] {
        assert!(
            run.err.contains(&format!("  reads HERE/{file} (")),
            "{}",
            run.err
        );
    }
    assert!(
        run.err.ends_with("  writes out.qcow2 (qcow2)\n"),
        "{}",
        run.err
    );
    place.write("out.qcow2", "precious");
    place.check_refuses(
        &["--dry-run", "web-000002.vmdk", "out.qcow2"],
        1,
        "out.qcow2: cannot create: it exists already; use --force to replace it",
    );
    let run = place.run(&["-q", "--dry-run", "--force", "web-000002.vmdk", "web.vmdk"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(
        run.err
            .ends_with("vmdk2qcow2: web.vmdk: is a file of the source; name another target\n"),
        "{}",
        run.err
    );
}

#[test]
fn the_report_says_what_was_done() {
    let place = Place::new();
    chain(&place);
    let args = ["-q", "--verify", "--hash", "sha256", "--report", "r.json"];
    place.convert(&[&args[..], &["web-000002.vmdk", "out.qcow2"]].concat());
    let found = report(&place, "r.json");
    assert_eq!(found["schema"], "v2v-report/1");
    assert_eq!(found["program"], "vmdk2qcow2");
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&found["result"], &found["exit_code"]),
        (&json!("done"), &json!(0))
    );
    assert_eq!(
        found["source"],
        json!({"kind": "seSparse over vmfsSparse over vmfs", "path": "web-000002.vmdk"})
    );
    let disk = &found["disks"][0];
    assert_eq!(disk["source"], "web-000002.vmdk");
    assert_eq!(disk["file"], "out.qcow2");
    assert_eq!(disk["virtual_size"], 2 * MIB);
    assert_eq!(disk["verified"], true);
    assert_eq!(disk["hash"]["algorithm"], "sha256");
    assert_eq!(
        disk["written"].as_u64().unwrap() + disk["zero"].as_u64().unwrap(),
        2 * MIB
    );
    let here = place.dir().canonicalize().unwrap();
    let file = |name: &str| here.join(name).to_str().unwrap().to_owned();
    assert_eq!(
        disk["chain"],
        json!([file("web.vmdk"), file("web-000001.vmdk"), "web-000002.vmdk"]),
        "from base to top"
    );
    assert_eq!(found["findings"][0]["id"], "disk-snapshot-level");
    assert!(found["timing"]["bytes_read"].as_u64().unwrap() > 0);

    let run = place.convert(&["-q", "--force", "--report", "-", "web.vmdk", "out.qcow2"]);
    let found: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(found["result"], "done");
}

/// A failure is reported as well, and so are refusals and wrong usage.
#[test]
fn the_report_says_what_failed() {
    let place = Place::new();
    used(&place, &mixed(1));
    place.write("junk", "junk");
    for (args, result, code) in [
        (&["no.vmdk", "x.qcow2"][..], "failed", 1),
        (&["junk", "x.qcow2"], "refused", 3),
        (&["-n", "disk.vmdk", "x.qcow2"], "failed", 2),
    ] {
        let run = place.run(&[&["--report", "r.json"], args].concat());
        assert_eq!(run.code, Some(code), "{}", run.err);
        let found = report(&place, "r.json");
        assert_eq!(
            (&found["result"], &found["exit_code"]),
            (&json!(result), &json!(code))
        );
        assert_eq!(found["disks"], json!([]));
    }
}

/// `--report web.vmdk out.qcow2` is a slip of the fingers; it must not cost the disk.
#[test]
fn a_report_replaces_only_reports() {
    let place = Place::new();
    let content = mixed(1);
    used(&place, &content);
    let kept = "exists and is no report; name another file for --report";
    place.check_refuses(
        &["--report", "disk.vmdk", "out.qcow2"],
        1,
        &format!("disk.vmdk: {kept}"),
    );
    place.check_refuses(
        &["--force", "--report", "disk.vmdk", "disk.vmdk", "out.qcow2"],
        1,
        &format!("disk.vmdk: {kept}"),
    );
    place.convert(&["-q", "--report", "r.json", "disk.vmdk", "a.qcow2"]);
    place.convert(&["-q", "--report", "r.json", "disk.vmdk", "b.qcow2"]);
    let run = place.run(&["-q", "--report", "c.qcow2", "disk.vmdk", "c.qcow2"]);
    assert_ne!(
        run.code,
        Some(0),
        "a report in place of the disk: {}",
        run.err
    );
}

#[test]
fn a_memory_mapping_reads_the_same() {
    let place = Place::new();
    let written = chain(&place);
    place.check_reads("web-000002.vmdk", &["--memory-map"], &written.content);
    let image = Stream::new(mixed(1), Flavor::Export);
    stream(&place, &image);
    place.check_reads("stream.vmdk", &["--memory-map"], &image.expected());
}

#[test]
fn a_rate_is_kept() {
    let place = Place::new();
    disk(&place, SPARSE, &Content::full(1, 2 * MIB));
    let start = std::time::Instant::now();
    place.convert(&["-q", "-r", "2M", "disk.vmdk", "out.qcow2"]);
    assert!(start.elapsed().as_millis() > 700, "{:?}", start.elapsed());
}

/// Holes cost nothing: a disk of a terabyte with two pieces of data takes no time and no room.
#[test]
fn a_large_empty_disk_is_quick() {
    let place = Place::new();
    disk(&place, SPARSE, &dumbbell(1 << 40));
    let start = std::time::Instant::now();
    place.convert(&["-q", "disk.vmdk", "out.qcow2"]);
    place.convert(&["-q", "-O", "raw", "disk.vmdk", "out.raw"]);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    if qemu::wanted() {
        qemu::check(&place.path("out.qcow2"), "qcow2");
        qemu::compare(
            &place.path("disk.vmdk"),
            "vmdk",
            &place.path("out.qcow2"),
            "qcow2",
        );
    }
}
