//! The target's bytes depend on the disk and the options, not on threads, time or luck.

use v2v_testkit::disk::Content;
use v2v_testkit::vmdk::{Flavor, Kind, Stream};

use crate::disks::{chain, disk, stream, used};
use crate::place::{MIB, Place, assert_same};

const TARGETS: &[&[&str]] = &[
    &[],
    &["-o", "cluster_size=4k"],
    &["-o", "preallocation=metadata"],
    &["-c"],
    &["-c", "-o", "compression_type=zstd,cluster_size=2M"],
    &["-O", "raw"],
];

/// Each target is made with 1, 2 and 7 threads, and once more.
fn check_same(place: &Place, source: &str) {
    for target in TARGETS {
        let mut first = None;
        for threads in ["1", "2", "7", "7"] {
            let args = ["-q", "--force", "-m", threads, source, "out"];
            place.convert(&[target, &args[..]].concat());
            let bytes = place.read("out");
            match &first {
                None => first = Some(bytes),
                Some(first) => {
                    assert_same(&format!("{source} {target:?} -m {threads}"), &bytes, first);
                }
            }
        }
    }
}

#[test]
fn of_a_disk_in_use() {
    let place = Place::new();
    used(&place, &Content::mixed(1, 6 * MIB + 512));
    check_same(&place, "disk.vmdk");
}

#[test]
fn of_a_flat_disk() {
    let place = Place::new();
    disk(&place, Kind::MonolithicFlat, &Content::mixed(2, 6 * MIB));
    check_same(&place, "disk.vmdk");
}

#[test]
fn of_a_stream() {
    let place = Place::new();
    let content = Content::mixed(3, 6 * MIB + 512);
    stream(&place, &Stream::new(content, Flavor::Export));
    check_same(&place, "stream.vmdk");
}

#[test]
fn of_a_chain() {
    let place = Place::new();
    chain(&place);
    check_same(&place, "web-000002.vmdk");
}

#[test]
fn a_report_can_be_reproduced() {
    let place = Place::new();
    chain(&place);
    let mut reports = ["1", "7"].map(|threads| {
        place.convert(&[
            "-q",
            "--force",
            "--verify",
            "-m",
            threads,
            "--report",
            "r.json",
            "--reproducible",
            "web-000002.vmdk",
            "out.qcow2",
        ]);
        place.read("r.json")
    });
    let [first, second] = &mut reports;
    assert_same("r.json", second, first);
}
