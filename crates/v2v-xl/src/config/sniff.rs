//! Files that are something else, known by how they begin.

use super::{ParseOptions, problem::shown_bytes};
use crate::Error;

pub(super) const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

const DISKS: &[(&[u8], &str)] = &[
    (b"KDMV", "VMDK, sparse extent"),
    (b"COWD", "VMDK, redo log"),
    (b"QFI\xfb", "qcow2 image"),
    (b"conectix", "VHD image"),
    (b"vhdxfile", "VHDX image"),
];

const OTHERS: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90", "a Windows program"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"LinuxGuestRecord", "a saved guest (xl save)"),
    (b"Xen saved domain", "a saved guest (xl save)"),
];

/// Refuses what can't be a configuration whatever its lines are.
pub(super) fn refuse_others(bytes: &[u8], options: &ParseOptions) -> Result<(), Error> {
    let known = |list: &[(&[u8], &'static str)]| {
        let hit = list.iter().find(|(magic, _)| bytes.starts_with(magic));
        hit.map(|(_, name)| *name)
    };
    // `vhdxfile` could begin a key, but not with these bytes near.
    let is_binary = has_binary_bytes(bytes);
    if bytes.starts_with(b"# Disk DescriptorFile") {
        let (magic, name) = ("# Disk".to_owned(), "VMDK, descriptor");
        return Err(Error::Disk { magic, name });
    }
    if let Some(name) = known(DISKS).filter(|_| is_binary) {
        let magic = shown_bytes(bytes.get(..4).unwrap_or(bytes));
        return Err(Error::Disk { magic, name });
    }
    if let Some(what) = known(OTHERS).filter(|_| is_binary) {
        return Err(Error::Binary { offset: 0, what });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::Utf16);
    }
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found > options.max_bytes {
        let limit = options.max_bytes;
        return Err(Error::TooLarge { found, limit });
    }
    if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
        let what = "a NUL byte";
        return Err(Error::Binary { offset, what });
    }
    refuse_other_texts(bytes)
}

fn has_binary_bytes(bytes: &[u8]) -> bool {
    let start = bytes.get(..64).unwrap_or(bytes);
    start.iter().any(|byte| *byte < b'\t')
}

fn refuse_other_texts(bytes: &[u8]) -> Result<(), Error> {
    let start = if bytes.starts_with(UTF8_BOM) {
        UTF8_BOM.len()
    } else {
        0
    };
    let mut rest = bytes.iter().enumerate().skip(start);
    let Some((offset, first)) = rest.find(|(_, byte)| !byte.is_ascii_whitespace()) else {
        return Err(Error::Empty);
    };
    match first {
        b'<' => return Err(Error::Xml { offset }),
        b'(' => return Err(Error::Sxp { offset }),
        b'{' => return Err(Error::Json { offset }),
        _ => {}
    }
    match vmx_line(bytes) {
        Some(line) => Err(Error::Vmx { line }),
        None => Ok(()),
    }
}

/// VMware writes one of these among the first lines; neither can be a key of Xen.
fn vmx_line(bytes: &[u8]) -> Option<u64> {
    let lines = bytes.split(|&byte| byte == b'\n').zip(1..=200);
    let mut marks = lines.filter(|(line, _)| {
        let line = line
            .strip_prefix(UTF8_BOM)
            .unwrap_or(line)
            .trim_ascii_start();
        let starts = |mark: &[u8]| {
            line.get(..mark.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(mark))
        };
        starts(b".encoding") || starts(b"config.version") || starts(b"virtualhw.version")
    });
    marks.next().map(|(_, number)| number)
}
