//! What kind of file this is, by its first bytes.

use v2v_disk::{Error as DiskError, ReadAt};

use crate::descriptor::Descriptor;
use crate::{cowd, header, io, sesparse};

/// How much of a file is looked at. A descriptor may begin with comments.
const SNIFF_LEN: u64 = 4096;

/// open-vmdk writes a header with a magic in lower case first and corrects it when everything else is written.
const UNFINISHED: [u8; 4] = *b"kdmv";

/// The start of a `-ctk.vmdk` file (libvmdk).
const CHANGE_TRACKING: [u8; 4] = [0xA2, 0x72, 0x19, 0xF6];

/// The kinds of files with VMDK in their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Hosted,
    Cowd,
    SeSparse,
    Text,
    Unfinished,
    ChangeTracking,
}

/// Looks at the first bytes of `source`; `None` for anything that is not of a VMDK.
pub(crate) fn file_kind(source: &dyn ReadAt) -> Result<Option<FileKind>, DiskError> {
    let bytes = io::read_some(source, 0, SNIFF_LEN)?;
    Ok(kind_of(&bytes))
}

/// As [`file_kind`], for bytes at hand.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<FileKind> {
    match bytes.first_chunk() {
        Some(&header::MAGIC) => return Some(FileKind::Hosted),
        Some(&cowd::MAGIC) => return Some(FileKind::Cowd),
        Some(&UNFINISHED) => return Some(FileKind::Unfinished),
        Some(&CHANGE_TRACKING) => return Some(FileKind::ChangeTracking),
        _ => {}
    }
    if bytes.first_chunk() == Some(&sesparse::MAGIC.to_le_bytes()) {
        return Some(FileKind::SeSparse);
    }
    Descriptor::sniff(bytes).then_some(FileKind::Text)
}

/// Whether `source` is of VMware's disk format: a text descriptor, a sparse extent of any kind, or a change tracking
/// file.
///
/// A part of a disk counts as well, so that [`crate::Vmdk::open`] can say what to open in its place. A `-flat.vmdk` file
/// has no mark of its own and is not recognised.
///
/// # Errors
///
/// [`DiskError::Io`] if the first 4 KiB can't be read.
pub fn is_vmdk(source: &dyn ReadAt) -> Result<bool, DiskError> {
    Ok(file_kind(source)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use v2v_disk::Bytes;

    fn kind(bytes: &[u8]) -> Option<FileKind> {
        file_kind(&Bytes::new("x", bytes.to_vec())).unwrap()
    }

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(kind(b"KDMV"), Some(FileKind::Hosted));
        assert_eq!(kind(b"kdmv\x01"), Some(FileKind::Unfinished));
        assert_eq!(kind(b"COWD"), Some(FileKind::Cowd));
        assert_eq!(
            kind(&[0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0]),
            Some(FileKind::SeSparse)
        );
        assert_eq!(
            kind(&[0xA2, 0x72, 0x19, 0xF6, 1]),
            Some(FileKind::ChangeTracking)
        );
        assert_eq!(
            kind(b"# Disk DescriptorFile\nversion=1\n"),
            Some(FileKind::Text)
        );
        for other in [
            &b""[..],
            b"KDM",
            b"\xBE\xBA\xFE\xCA",
            b"QFI\xfb",
            b"hello\n",
            &[0; 600],
        ] {
            assert_eq!(kind(other), None, "{other:?}");
        }
    }
}
