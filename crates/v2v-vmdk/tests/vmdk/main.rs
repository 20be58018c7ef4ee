//! The VMDK reader against generated images, QEMU's images and files of real products.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

mod corpus;
mod corrupt;
mod kinds;
mod property;
mod stream;
mod traps;

use std::path::Path;
use std::sync::Arc;

use v2v_disk::{Bytes, DirGate, DiskImage, Error, HostFile, MapKind, NoGate, Source};
use v2v_testkit::disk::Content;
use v2v_vmdk::{Options, Vmdk};

/// Opens an image in memory, called `disk.vmdk`.
fn open_bytes(bytes: &[u8]) -> Result<Vmdk, Error> {
    let source = Arc::new(Bytes::new("disk.vmdk", bytes.to_vec()));
    Vmdk::open(source, &NoGate, &Options::default())
}

/// Opens a file with what lies beside it.
fn open_file(path: &Path) -> Result<Vmdk, Error> {
    open_with(path, &Options::default())
}

fn open_with(path: &Path, options: &Options) -> Result<Vmdk, Error> {
    let gate = DirGate::new(path, &[], &[])?;
    Vmdk::open(Arc::new(HostFile::open(path)?), &gate, options)
}

/// The error's text, with the directory of `path` left out.
fn error_text(result: Result<Vmdk, Error>, path: &Path) -> String {
    match result {
        Ok(disk) => panic!("{disk:?} was opened"),
        Err(err) => {
            let dir = path.parent().unwrap().canonicalize().unwrap();
            let plain = format!("{}/", path.parent().unwrap().display());
            let text = err
                .to_string()
                .replace(&format!("{}/", dir.display()), "")
                .replace(&plain, "");
            text.replace(dir.to_str().unwrap(), "DIR")
        }
    }
}

/// The first warning's id, or nothing.
fn warning_ids(disk: &Vmdk) -> Vec<&'static str> {
    disk.warnings().iter().map(|warning| warning.id).collect()
}

/// All bytes of a small disk, read in one go.
fn read_all(disk: &dyn DiskImage) -> Vec<u8> {
    let mut buf = vec![0xA5; usize::try_from(disk.virtual_size()).unwrap()];
    disk.read_at(0, &mut buf).unwrap();
    buf
}

/// What the map says of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Data,
    Compressed,
    Zero,
    Parent,
}

/// The map of the disk from piece to piece, every answer at most `step` bytes long.
///
/// Checks on the way that pieces are contiguous, that zeros read as zeros, and that data stands in the host file where
/// the map says.
fn walk(disk: &dyn DiskImage, step: u64) -> Vec<(u64, u64, Kind)> {
    let (mut pieces, mut offset) = (Vec::new(), 0);
    while offset < disk.virtual_size() {
        let piece = disk.map(offset, step).unwrap();
        assert!(piece.len >= 1 && piece.len <= step, "{piece:?} at {offset}");
        assert_eq!(piece.depth, 0);
        let mut bytes = vec![0xA5; usize::try_from(piece.len).unwrap()];
        disk.read_at(offset, &mut bytes).unwrap();
        let kind = match piece.kind {
            MapKind::Data(host) => {
                let host = host.expect("a place in the host file");
                let mut stored = vec![0; bytes.len()];
                host.source.read_exact_at(host.offset, &mut stored).unwrap();
                assert!(
                    stored == bytes,
                    "the host range at {offset} holds other bytes"
                );
                Kind::Data
            }
            MapKind::Compressed(_) => Kind::Compressed,
            MapKind::Zero => Kind::Zero,
            MapKind::Parent => Kind::Parent,
            other => panic!("{other:?}"),
        };
        if matches!(kind, Kind::Zero | Kind::Parent) {
            assert!(
                v2v_disk::is_zero(&bytes),
                "{kind:?} at {offset} is not zero"
            );
        }
        pieces.push((offset, piece.len, kind));
        offset += piece.len;
    }
    assert_eq!(offset, disk.virtual_size());
    let end = disk.map(offset, 1).unwrap();
    assert!(end.len == 0 && matches!(end.kind, MapKind::Parent));
    pieces
}

/// Asserts that the guest reads `content`, whole and in odd pieces, and that the map fits it.
fn assert_reads(disk: &dyn DiskImage, content: &Content) {
    let expected = content.to_vec();
    assert_eq!(disk.virtual_size(), content.virtual_size());
    let found = read_all(disk);
    if let Some(at) = (0..found.len()).find(|&at| found[at] != expected[at]) {
        panic!(
            "byte {at:#x} is {:#04x}, expected {:#04x}",
            found[at], expected[at]
        );
    }
    for (at, len) in [
        (1, 511),
        (511, 2),
        (65_535, 70_001),
        (expected.len() - 3, 9),
    ] {
        let mut buf = vec![0xA5; len];
        disk.read_at(at as u64, &mut buf).unwrap();
        assert_eq!(buf, content.read(at as u64, len), "{len} bytes at {at}");
    }
    for step in [u64::MAX, 100_000, 4096] {
        walk(disk, step);
    }
}

/// Asserts that the map gives exactly what `content` does not allocate to the parent.
fn assert_parent_is_what_is_not_allocated(disk: &dyn DiskImage, content: &Content) {
    for (offset, len, kind) in walk(disk, 512) {
        let allocated = content.is_allocated(offset..offset + len);
        assert_eq!(kind != Kind::Parent, allocated, "{kind:?} at {offset}");
    }
}

fn source(bytes: Vec<u8>) -> Source {
    Arc::new(Bytes::new("disk.vmdk", bytes))
}
