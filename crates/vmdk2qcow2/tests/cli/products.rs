//! Files that VMware's and other products made. They are no part of the project.

use sha1::{Digest as _, Sha1};
use v2v_testkit::{corpus, qemu};

use crate::place::{Place, assert_same};

const DISK: &str = "dd2fade471d68658b2ebbff7474f5d0a99da8989";

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn one_disk_in_three_kinds_of_file() {
    if !corpus::wanted() {
        return;
    }
    let mut first = None;
    for name in [
        "monolithicSparse",
        "streamOptimized",
        "twoGbMaxExtentSparse",
    ] {
        let place = Place::new();
        let source = corpus::file(&format!("vmdk-images/{name}.vmdk"));
        let source = source.to_str().unwrap();
        place.convert(&["-O", "raw", source, "out.raw"]);
        assert_eq!(sha1(&place.read("out.raw")), DISK, "{name}");
        place.convert(&["--verify", "-c", source, "out.qcow2"]);
        if qemu::wanted() {
            qemu::check(&place.path("out.qcow2"), "qcow2");
            qemu::compare(
                &place.path("out.raw"),
                "raw",
                &place.path("out.qcow2"),
                "qcow2",
            );
        }
        // The kinds store the same grains, so even the files are the same.
        let bytes = place.read("out.qcow2");
        match &first {
            None => first = Some(bytes),
            Some(first) => assert_same(name, &bytes, first),
        }
    }
}

#[test]
fn a_stream_of_the_vddk_comes_through_a_pipe() {
    if !corpus::wanted() {
        return;
    }
    let place = Place::new();
    let stream = std::fs::read(corpus::file("vmdk-images/streamOptimized.vmdk")).unwrap();
    let run = place.pipe(&["-O", "raw", "-", "out.raw"], stream);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(sha1(&place.read("out.raw")), DISK);
}

/// Descriptors whose extents are not there: one line that says so, never a panic and never a disk.
#[test]
fn descriptors_without_their_extents_are_refused() {
    if !corpus::wanted() {
        return;
    }
    let dir = corpus::file("vmdk-descriptors");
    let mut count = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "md") {
            continue;
        }
        count += 1;
        let place = Place::new();
        let source = path.to_str().unwrap();
        for args in [
            vec!["info", source],
            vec!["info", "-f", "vmdk", source],
            vec!["map", source],
            vec!["measure", source],
            vec![source, "out.qcow2"],
        ] {
            let run = place.run(&args);
            assert!(matches!(run.code, Some(1 | 3)), "{args:?}: {run:?}");
            let line = run.err.strip_suffix('\n').unwrap();
            let prefix = format!("vmdk2qcow2: {source}: ");
            assert!(line.starts_with(&prefix), "{args:?}: {line}");
            assert!(!line.chars().any(char::is_control), "{args:?}: {line:?}");
            assert!(line.len() > prefix.len() + 20, "{args:?}: {line}");
            assert_eq!(run.out, "", "{args:?}");
            assert_eq!(place.names(), [""; 0], "{args:?}");
        }
    }
    assert!(count > 20, "only {count} descriptors");
}
