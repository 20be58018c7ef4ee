//! Reading pieces of a source with errors that name the file.

use v2v_disk::{Error as DiskError, ReadAt};

use crate::Error;

/// `error`, found in the content of `source`.
pub(crate) fn broken(source: &dyn ReadAt, error: Error) -> DiskError {
    DiskError::format(source.name(), error)
}

/// Fills `buf` from byte `offset` of `source`.
pub(crate) fn read(source: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> Result<(), DiskError> {
    source
        .read_exact_at(offset, buf)
        .map_err(|err| DiskError::io_at(source.name(), "read", offset, err))
}

/// Up to `len` bytes from byte `offset` of `source`; fewer at its end.
pub(crate) fn read_some(source: &dyn ReadAt, offset: u64, len: u64) -> Result<Vec<u8>, DiskError> {
    let len = len.min(source.len().saturating_sub(offset));
    let mut buf = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    read(source, offset, &mut buf)?;
    Ok(buf)
}

/// All `len` bytes from byte `start` of `source`, which the file must hold; `what` names them.
pub(crate) fn read_area(
    source: &dyn ReadAt,
    what: &'static str,
    start: u64,
    len: u64,
) -> Result<Vec<u8>, DiskError> {
    let file_len = source.len();
    if start.checked_add(len).is_none_or(|end| end > file_len) {
        return Err(broken(
            source,
            Error::BeyondEnd {
                what,
                start,
                len,
                file_len,
            },
        ));
    }
    read_some(source, start, len)
}
