//! What fuzzing and the invariants of its targets have found, one small case each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::sync::Arc;

use v2v_disk::{Bytes, DirGate, DiskImage, Error, HostFile, NoGate};
use v2v_testkit::disk::Content;
use v2v_testkit::fault::patched;
use v2v_testkit::vmdk::{Flavor, Generate, Lineage, Part, SeSparse, Store, Stream, write_parts};
use v2v_vmdk::{Options, Vmdk};

/// A disk of one seSparse extent of 64 KiB, with the table entry of its first grain replaced.
fn sesparse_with_entry(entry: u64) -> Result<Vec<u8>, Error> {
    let dir = v2v_testkit::temp::dir();
    let image = SeSparse::new(Content::full(1, 64 << 10));
    let (bytes, layout) = image.build();
    let at = layout.entry(0, 4096, 8).unwrap() as usize;
    let parts = [Part::new(Store::SeSparse(image))];
    let lineage = Lineage::default();
    let written = write_parts(dir.path(), "disk", "seSparse", &parts, &lineage);
    std::fs::write(&written.files[1], patched(&bytes, at, entry)).unwrap();
    let gate = DirGate::new(&written.path, &[], &[])?;
    let file = Arc::new(HostFile::open(&written.path)?);
    let disk = Vmdk::open(file, &gate, &Options::default())?;
    let mut bytes = vec![0; disk.virtual_size() as usize];
    disk.read_at(0, &mut bytes).map(|()| bytes)
}

/// The grain's number has 60 bits, and times the size of a grain it went around: such an entry gave the guest another
/// grain's bytes.
#[test]
fn a_grain_number_too_large_for_a_file_is_an_error() {
    let whole = sesparse_with_entry(SeSparse::entry(0)).unwrap();
    assert!(whole == Content::full(1, 64 << 10).to_vec());
    for index in [1u64 << 52, (1 << 59) + 1] {
        let read = sesparse_with_entry(SeSparse::entry(index));
        let text = read.map(|bytes| bytes.len()).unwrap_err().to_string();
        assert!(
            text.contains("the grain at 0xffffffffffffffff reaches past the end of the file"),
            "{text}"
        );
    }
}

/// A thread remembers the grain it inflated last by its place in the file. Where two table entries had one place, a
/// small read of the second grain was given the first one's bytes, and only a large one met the wrong marker.
#[test]
fn a_remembered_grain_is_no_other_grain() {
    let stream = Stream {
        grain_sectors: 16,
        ..Stream::new(Content::full(1, 64 << 10), Flavor::Vddk)
    };
    let (mut bytes, layout) = stream.build();
    let [first, second] = [0, 1].map(|grain| layout.entry(grain, 512, 4).unwrap() as usize);
    bytes.copy_within(first..first + 4, second);
    let source = Arc::new(Bytes::new("disk.vmdk", bytes));
    let disk = Vmdk::open(source, &NoGate, &Options::default()).unwrap();
    let mut part = [0; 512];
    disk.read_at(0, &mut part).unwrap();
    let at = layout.grains[0].offset;
    for len in [512, 8192] {
        let read = disk.read_at(8192, &mut vec![0; len]);
        assert_eq!(
            read.unwrap_err().to_string(),
            format!(
                "disk.vmdk: grain marker at offset {at:#x} is for sector 0 of the disk, the grain table says sector 16"
            )
        );
    }
}
