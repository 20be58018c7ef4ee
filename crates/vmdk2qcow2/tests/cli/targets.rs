//! Nothing is lost, and nothing incomplete has the target's name.

use std::process::Command;

use v2v_testkit::disk::Content;
use v2v_testkit::vmdk::{Flavor, GrainFault, Kind, Stream};

use crate::disks::{SPARSE, chain, disk, mixed, stream, used};
use crate::place::{MIB, Place, assert_same};

#[test]
fn the_target_is_named_after_the_source() {
    let place = Place::new();
    let content = mixed(1);
    used(&place, &content);
    place.convert(&["disk.vmdk"]);
    place.convert(&["-O", "raw", "disk.vmdk"]);
    assert_eq!(place.names(), ["disk.qcow2", "disk.raw", "disk.vmdk"]);
    assert_same("disk.raw", &place.read("disk.raw"), &content.to_vec());
}

#[test]
fn an_existing_target_is_kept() {
    let place = Place::new();
    used(&place, &mixed(1));
    place.write("out.qcow2", "precious");
    place.check_refuses(
        &["disk.vmdk", "out.qcow2"],
        1,
        "out.qcow2: cannot create: it exists already; use --force to replace it",
    );
    place.convert(&["--force", "-q", "disk.vmdk", "out.qcow2"]);
    assert_eq!(place.read("out.qcow2")[..4], *b"QFI\xfb");
    assert_eq!(place.names(), ["disk.vmdk", "out.qcow2"]);
}

#[test]
fn only_regular_files_are_replaced() {
    let place = Place::new();
    used(&place, &mixed(1));
    std::fs::create_dir(place.path("dir")).unwrap();
    std::os::unix::fs::symlink("disk.vmdk", place.path("link")).unwrap();
    for target in ["dir", "link"] {
        place.check_refuses(
            &["--force", "disk.vmdk", target],
            1,
            &format!("{target}: cannot replace: it is not a regular file"),
        );
    }
    place.check_refuses(
        &["disk.vmdk", "no/such/out.qcow2"],
        1,
        "no/such/.out.qcow2.part: cannot create: No such file or directory (os error 2)",
    );
}

#[test]
fn a_source_is_never_replaced() {
    let place = Place::new();
    chain(&place);
    std::fs::hard_link(place.path("web-flat.vmdk"), place.path("linked.qcow2")).unwrap();
    for target in [
        "web-000002.vmdk",
        "web-000001-delta.vmdk",
        "web-flat.vmdk",
        "linked.qcow2",
    ] {
        place.check_refuses(
            &["web-000002.vmdk", target],
            1,
            &format!("{target}: cannot create: it exists already; use --force to replace it"),
        );
        let before = place.state();
        let run = place.run(&["--force", "web-000002.vmdk", target]);
        let kept = format!("vmdk2qcow2: {target}: is a file of the source; name another target");
        assert_eq!(run.err.lines().last(), Some(kept.as_str()));
        assert_eq!(run.code, Some(1));
        assert!(place.state() == before);
    }
    // The default name of a qcow2 source.
    place.convert(&["-q", "web-000002.vmdk", "web.qcow2"]);
    place.check_refuses(
        &["--force", "web.qcow2"],
        1,
        "web.qcow2: is a file of the source; name another target",
    );
}

#[test]
fn a_source_that_fails_leaves_nothing() {
    for fault in [
        GrainFault::BadZlib,
        GrainFault::BadChecksum,
        GrainFault::TooShort,
        GrainFault::MarkerLba(9),
    ] {
        let place = Place::new();
        let image = Stream {
            faults: vec![(40, fault)],
            ..Stream::new(Content::full(1, 4 * MIB), Flavor::Vddk)
        };
        stream(&place, &image);
        let before = place.state();
        for args in [
            &["stream.vmdk", "out"][..],
            &["-c", "stream.vmdk", "out"],
            &["-O", "raw", "stream.vmdk", "out"],
        ] {
            let run = place.run(args);
            assert_eq!(run.code, Some(1), "{fault:?}: {}", run.err);
            assert_eq!(run.err.lines().count(), 1, "{}", run.err);
            assert!(
                run.err.starts_with("vmdk2qcow2: stream.vmdk: grain "),
                "{}",
                run.err
            );
            assert!(
                place.state() == before,
                "{fault:?} left {:?}",
                place.names()
            );
        }
    }
}

/// A file system without room, as a limit on the size of files.
#[test]
fn a_full_disk_leaves_nothing() {
    let place = Place::new();
    disk(&place, SPARSE, &Content::full(1, 8 * MIB));
    let before = place.state();
    for target in [
        &[] as &[&str],
        &["-c"],
        &["-o", "preallocation=metadata"],
        &["-o", "preallocation=falloc"],
        &["-O", "raw"],
    ] {
        let mut command = Command::new("sh");
        // The signal is ignored, or the program would be ended by it; a full disk sends none.
        command
            .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_vmdk2qcow2"))
            .args(target)
            .args(["disk.vmdk", "out"])
            .current_dir(place.dir());
        let run = place.finish(command, Vec::new());
        assert_eq!(run.code, Some(1), "{target:?}: {run:?}");
        assert!(
            run.err.starts_with("vmdk2qcow2: .out.part: cannot "),
            "{target:?}: {}",
            run.err
        );
        assert!(
            run.err.contains("File too large"),
            "{target:?}: {}",
            run.err
        );
        assert_eq!(run.err.lines().count(), 1, "{target:?}: {}", run.err);
        assert!(
            place.state() == before,
            "{target:?} left {:?}",
            place.names()
        );
    }
}

#[test]
fn files_in_the_way_of_the_part_are_not_followed() {
    let place = Place::new();
    let content = mixed(1);
    used(&place, &content);
    place.write("precious", "precious");
    std::os::unix::fs::symlink("precious", place.path(".out.part")).unwrap();
    let run = place.run(&["disk.vmdk", "out"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(place.read("precious"), b"precious");
    std::fs::remove_file(place.path(".out.part")).unwrap();
    // A part that nobody holds is the rest of a run that was killed.
    place.write(".out.part", vec![1; 20 << 20]);
    place.convert(&["-q", "-O", "raw", "disk.vmdk", "out"]);
    assert_same("out", &place.read("out"), &content.to_vec());
    assert_eq!(place.names(), ["disk.vmdk", "out", "precious"]);
}

#[test]
fn sources_are_only_read() {
    let place = Place::new();
    chain(&place);
    disk(&place, Kind::SeSparse, &mixed(1));
    // A directory that can't be written shows what else would be written.
    let before = place.state();
    let out = place.path("../out");
    std::fs::create_dir(&out).unwrap();
    for (source, target) in [
        ("web-000002.vmdk", "../out/web"),
        ("disk.vmdk", "../out/disk"),
    ] {
        place.convert(&["-q", "--verify", source, target]);
        place.convert(&["-q", "-O", "raw", "--force", source, target]);
    }
    for command in ["info", "map", "measure"] {
        place.convert(&[command, "web-000002.vmdk"]);
    }
    assert!(place.state() == before);
    assert_eq!(std::fs::read_dir(out).unwrap().count(), 2);
}
