//! Targets of the VMDK reader.

use v2v_disk::{DiskStream as _, NoGate};
use v2v_vmdk::descriptor::{self, Descriptor};
use v2v_vmdk::{Options, Vmdk, VmdkStream, is_vmdk};

use super::walk::{Same, limits, opened, source, tell, walk};

fn options() -> Options {
    Options::default().with_limits(limits())
}

/// Any file taken for a VMDK: descriptor, single sparse file, stream-optimized file.
pub fn file(data: &[u8]) {
    let source = source(data);
    let _ = is_vmdk(&*source);
    if let Some(disk) = opened(Vmdk::open(source, &NoGate, &options())) {
        let _ = (disk.parent_hint(), disk.geometry());
        let warnings = disk.warnings();
        warnings.iter().for_each(|warning| tell(&warning.text));
        walk(&disk);
    }
}

/// What parses prints, and what was printed parses to the same.
pub fn text(data: &[u8]) {
    let _ = Descriptor::sniff(data);
    let text = match Descriptor::parse(data, &descriptor::Options::default()) {
        Ok(text) => text,
        Err(err) => return tell(err),
    };
    text.refusal().into_iter().for_each(tell);
    let _ = (text.total_sectors(), text.geometry(), text.uuid());
    let printed = text.to_bytes();
    let again = Descriptor::parse(&printed, &descriptor::Options::default());
    let again = again.expect("a printed descriptor parses");
    assert_eq!(again, text);
    assert_eq!(again.to_bytes(), printed);
}

/// The input as the SPARSE extent of a disk.
pub fn sparse(data: &[u8]) {
    let sectors = le(data, 12, 8).clamp(1, 1 << 31);
    extent(
        data,
        "twoGbMaxExtentSparse",
        &format!("RW {sectors} SPARSE \"x\""),
    );
}

/// The input as the VMFSSPARSE extent of a disk.
pub fn cowd(data: &[u8]) {
    let sectors = le(data, 12, 4).max(1);
    extent(
        data,
        "vmfsSparse",
        &format!("RW {sectors} VMFSSPARSE \"x\""),
    );
}

/// The input as the SESPARSE extent of a disk.
pub fn sesparse(data: &[u8]) {
    let sectors = le(data, 16, 8).clamp(1, 1 << 31);
    extent(data, "seSparse", &format!("RW {sectors} SESPARSE \"x\""));
}

/// The input as the parts of a disk of plain extents, with sizes and an offset from its first bytes.
pub fn flat(data: &[u8]) {
    if let Some(([first, second, offset, short], file)) = data.split_first_chunk() {
        let text = format!(
            "RW {first} FLAT \"x\" {offset}\nRDONLY {second} ZERO\nRW {second} VMFS \"x\"\nNOACCESS {first} FLAT \"y\" 0"
        );
        extent_with(
            file,
            "custom",
            &text,
            &options().with_allow_short(short % 2 == 1),
        );
    }
}

/// The input as a stream-optimized disk on a pipe.
pub fn stream(data: &[u8]) {
    let reader = std::io::Cursor::new(data.to_vec());
    let Some(mut stream) = opened(VmdkStream::new(reader, "input", &options())) else {
        return;
    };
    let (size, unit) = (stream.virtual_size(), stream.granularity());
    let (mut end, mut work) = (0, 0);
    while let Some(Some(grain)) = opened(stream.next_grain()) {
        assert!(grain.offset >= end && grain.offset < size);
        assert!(grain.len > 0 && grain.len <= unit && grain.len <= size - grain.offset);
        end = grain.offset + grain.len;
        work += grain.len;
        if work <= 16 << 20 {
            opened((grain.decode)(&mut vec![0; grain.len as usize]));
        }
    }
    assert!(stream.position() <= data.len() as u64);
}

/// The number that a header has in the `len` bytes at `at`.
fn le(data: &[u8], at: usize, len: usize) -> u64 {
    let bytes = data.get(at..at + len).unwrap_or_default();
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Opens the input as the one extent of a descriptor and walks it.
fn extent(data: &[u8], create_type: &str, line: &str) {
    extent_with(data, create_type, line, &options());
}

fn extent_with(data: &[u8], create_type: &str, lines: &str, options: &Options) {
    let text = format!(
        "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"{create_type}\"\n\
         # Extent description\n{lines}\n"
    );
    let gate = Same(source(data));
    if let Some(disk) = opened(Vmdk::open(source(text.as_bytes()), &gate, options)) {
        walk(&disk);
    }
}
