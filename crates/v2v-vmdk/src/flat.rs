//! Flat extents: the disk's bytes in a file, from some offset on.

use v2v_disk::{Error as DiskError, HostRange, MapKind, Mapping, Source};

use crate::io;

/// A flat extent.
pub(crate) struct Flat {
    pub(crate) source: Source,
    /// Byte of the file at which the extent begins.
    pub(crate) start: u64,
    /// Bytes of the extent that the file has; fewer than the extent's only if the caller allows short files.
    pub(crate) stored: u64,
}

impl Flat {
    /// What is at byte `offset` of the extent, for at most `len` bytes.
    pub(crate) fn map(&self, offset: u64, len: u64) -> Result<Mapping, DiskError> {
        let stored = self.stored.saturating_sub(offset);
        if stored == 0 {
            return Ok(Mapping::new(len, MapKind::Zero));
        }
        let at = self.start.saturating_add(offset);
        let len = len.min(stored);
        let (data, run) = self
            .source
            .data_run(at, len)
            .map_err(|err| DiskError::io_at(self.source.name(), "find holes", at, err))?;
        if data || run == 0 {
            // A file that was truncated meanwhile has no run; reading it says so.
            let run = if run == 0 { len } else { run };
            let host = HostRange {
                source: self.source.clone(),
                offset: at,
            };
            return Ok(Mapping::new(run.min(len), MapKind::Data(Some(host))));
        }
        Ok(Mapping::new(run.min(len), MapKind::Zero))
    }

    /// Fills `buf` from byte `offset` of the extent.
    pub(crate) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), DiskError> {
        let stored = self.stored.saturating_sub(offset);
        let len = usize::try_from(stored).unwrap_or(usize::MAX).min(buf.len());
        let (data, missing) = buf.split_at_mut(len);
        missing.fill(0);
        match data.is_empty() {
            true => Ok(()),
            false => io::read(&*self.source, self.start.saturating_add(offset), data),
        }
    }
}
