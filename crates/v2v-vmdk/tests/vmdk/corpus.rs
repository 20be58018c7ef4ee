//! Disks written by VMware's own tools. They all hold the same 10 MiB.

use std::fs::File;

use sha1::{Digest, Sha1};
use v2v_disk::{DiskImage, DiskStream};
use v2v_testkit::corpus;
use v2v_vmdk::{Options, VmdkStream};

use crate::{open_file, read_all, stream, walk};

/// SHA-1 of what the guest sees, from the notes that came with the files.
const SHA1: &str = "dd2fade471d68658b2ebbff7474f5d0a99da8989";

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn vmwares_disks_hold_what_they_should() {
    if !corpus::wanted() {
        return;
    }
    for name in [
        "monolithicSparse",
        "streamOptimized",
        "twoGbMaxExtentSparse",
    ] {
        let disk = open_file(&corpus::file(&format!("vmdk-images/{name}.vmdk"))).unwrap();
        assert_eq!(disk.virtual_size(), 10_485_760);
        assert_eq!(sha1(&read_all(&disk)), SHA1, "{name}");
        assert_eq!(disk.create_type().as_str(), name);
        assert!(disk.warnings().is_empty(), "{:?}", disk.warnings());
        walk(&disk, u64::MAX);
    }
}

#[test]
fn vmwares_stream_holds_what_it_should() {
    if !corpus::wanted() {
        return;
    }
    let path = corpus::file("vmdk-images/streamOptimized.vmdk");
    let mut input =
        VmdkStream::new(File::open(path).unwrap(), "pipe", &Options::default()).unwrap();
    assert_eq!(input.virtual_size(), 10_485_760);
    assert_eq!(sha1(&stream::read_stream(&mut input).unwrap()), SHA1);
}

#[test]
fn an_extent_of_a_split_disk_is_no_disk() {
    if !corpus::wanted() {
        return;
    }
    let path = corpus::file("vmdk-images/twoGbMaxExtentSparse-s001.vmdk");
    let text = open_file(&path).unwrap_err().to_string();
    assert!(
        text.ends_with(
            "is a SPARSE extent, a part of a disk; open its descriptor (probably \"twoGbMaxExtentSparse.vmdk\") instead"
        ),
        "{text}"
    );
}
