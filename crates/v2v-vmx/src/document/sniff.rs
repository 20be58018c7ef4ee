//! Files that are something else, known by their first bytes.

use super::{ParseOptions, shown_bytes};
use crate::Error;

pub(super) const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// Virtual disks without a text to begin with.
const DISKS: &[(&[u8], &str)] = &[
    (b"KDMV", "sparse extent"),
    (b"COWD", "VMFS redo log"),
    (b"\xbe\xba\xfe\xca", "seSparse extent"),
    (b"QFI\xfb", "qcow2 image"),
    (b"conectix", "VHD image"),
    (b"vhdxfile", "VHDX image"),
];

const OTHERS: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"MRVN", "a virtual machine's NVRAM"),
];

/// Refuses what can't be a configuration whatever its lines are.
pub(super) fn refuse_others(bytes: &[u8], options: &ParseOptions) -> Result<(), Error> {
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let known = |list: &[(&[u8], &'static str)]| {
        let hit = list.iter().find(|(magic, _)| bytes.starts_with(magic));
        hit.map(|(_, name)| *name)
    };
    if let Some(name) = known(DISKS) {
        let magic = shown_bytes(bytes.get(..4).unwrap_or(bytes));
        return Err(Error::Disk { magic, name });
    }
    // "MZ" and "PK" could begin a key, but not with these bytes near.
    if let Some(what) = known(OTHERS).filter(|_| has_binary_bytes(bytes)) {
        return Err(Error::Binary { offset: 0, what });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::Utf16);
    }
    if found > options.max_bytes {
        let limit = options.max_bytes;
        return Err(Error::TooLarge { found, limit });
    }
    // Before the NUL bytes, which fill up the end of some descriptors.
    if let Some(line) = descriptor_mark(bytes) {
        return Err(Error::DiskDescriptor { line });
    }
    if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Error::Binary {
            offset,
            what: "a NUL byte",
        });
    }
    refuse_xml(bytes)
}

fn has_binary_bytes(bytes: &[u8]) -> bool {
    let start = bytes.get(..64).unwrap_or(bytes);
    start.iter().any(|byte| *byte < b'\t')
}

fn refuse_xml(bytes: &[u8]) -> Result<(), Error> {
    let text = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
    let Some(blanks) = text.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return Err(Error::Empty);
    };
    let text = text.get(blanks..).unwrap_or_default();
    if !text.starts_with(b"<") {
        return Ok(());
    }
    let offset = bytes.len().saturating_sub(text.len());
    let start = text.get(..2048).unwrap_or(text);
    let is_ovf = contains(start, b"Envelope");
    Err(if is_ovf {
        Error::Ovf { offset }
    } else {
        Error::Xml { offset }
    })
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// The line that begins a disk's text descriptor; it is the first one, or nearly.
fn descriptor_mark(bytes: &[u8]) -> Option<u64> {
    const MARK: &[u8] = b"# disk descriptorfile";
    let text = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
    let lines = text.split(|&byte| byte == b'\n').zip(1..=4);
    let is_mark = |line: &[u8]| {
        line.get(..MARK.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(MARK))
    };
    let mut marks = lines.filter(|(line, _)| is_mark(line));
    marks.next().map(|(_, number)| number)
}

/// Whether this line is an extent of a disk's text descriptor, as in `RW 2048 SPARSE "x.vmdk"`.
pub(super) fn is_extent(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace);
    let access = words.next().unwrap_or_default();
    let sectors = words.next().unwrap_or_default();
    [&b"RW"[..], b"RDONLY", b"NOACCESS"].contains(&access)
        && !sectors.is_empty()
        && sectors.iter().all(u8::is_ascii_digit)
}
