#![no_main]
//! A disk of random pieces is written and read again.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use v2v_codec::Compression;
use v2v_copy::{CopyOptions, NoHooks, copy};
use v2v_disk::{DiskImage, Existing, HostFile, NoGate, TargetFile, TargetImage};
use v2v_fuzz::walk::{Same, source, walk};
use v2v_qcow2::{Compat, Qcow2, Qcow2Target, WriteOptions};

#[derive(Debug, Arbitrary)]
struct Disk {
    pieces: Vec<Piece>,
    cluster_bits: u8,
    compress: Option<bool>,
    old: bool,
    threads: u8,
    hole_bits: u8,
    cut: u16,
}

#[derive(Debug, Arbitrary)]
struct Piece {
    len: u16,
    byte: u8,
}

impl Piece {
    /// The same byte over and over, or bytes that change.
    fn bytes(&self) -> impl Iterator<Item = u8> + use<> {
        let byte = self.byte;
        (0..self.len).map(move |i| match byte % 2 {
            0 => byte,
            _ => (u32::from(i).wrapping_mul(0x9e37_79b9) >> 13) as u8 ^ byte,
        })
    }
}

impl Disk {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.pieces.iter().take(64).flat_map(Piece::bytes).collect();
        bytes.truncate(bytes.len().saturating_sub(usize::from(self.cut)) & !511);
        bytes
    }

    fn options(&self) -> WriteOptions {
        let mut options = WriteOptions::default();
        options.cluster_size = 1 << (9 + self.cluster_bits % 13);
        options.compress = self.compress.map(|_| 1);
        match (self.old, self.compress) {
            (true, _) => options.compat = Compat::V2,
            (false, Some(true)) => options.compression = Compression::Zstd,
            (false, _) => {}
        }
        options
    }

    fn write(&self, bytes: &[u8], path: &Path) {
        let file = TargetFile::create(path, Existing::Keep).expect("a new file");
        let size = bytes.len() as u64;
        let target = Qcow2Target::create(file, size, self.options()).expect("options that fit");
        let mut how = CopyOptions::default();
        how.threads = NonZeroUsize::new(1 + usize::from(self.threads % 3)).expect("not zero");
        how.hole_size = match self.hole_bits % 8 {
            0 => 0,
            bits => 512 << bits,
        };
        copy(&flat(bytes), &target, &how, &NoHooks).expect("a copy");
        let finished = Box::new(target).into_file();
        finished.commit().expect("a finished file");
    }
}

/// The disk as an image: a flat extent.
fn flat(bytes: &[u8]) -> impl DiskImage {
    let text = format!(
        "version=1\nCID=1\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW {} FLAT \"x\" 0\n",
        bytes.len() / 512
    );
    let gate = Same(source(bytes));
    let options = v2v_vmdk::Options::default();
    v2v_vmdk::Vmdk::open(source(text.as_bytes()), &gate, &options).expect("a flat disk opens")
}

fuzz_target!(|disk: Disk| {
    let bytes = disk.bytes();
    if bytes.is_empty() {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("disk.qcow2");
    disk.write(&bytes, &path);
    let file = Arc::new(HostFile::open(&path).expect("the file"));
    let image = Qcow2::open(file, &NoGate, &Default::default()).expect("an image");
    assert_eq!(image.virtual_size(), bytes.len() as u64);
    let mut back = vec![0; bytes.len()];
    image.read_at(0, &mut back).expect("its bytes");
    assert!(back == bytes);
    walk(&image);
});
