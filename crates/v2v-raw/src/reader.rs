//! Reading: guest offset = file offset.

use v2v_disk::{DiskImage, Error, HostRange, MapKind, Mapping, Result, Source};

/// A guest disk is made of sectors, whatever length the file has.
const SECTOR: u64 = 512;

/// A raw image over any source.
#[derive(Debug)]
pub struct RawImage {
    source: Source,
}

impl RawImage {
    /// The disk whose bytes are those of `source`.
    ///
    /// A length that is not a multiple of 512 is rounded up as QEMU does; the added bytes read as zeros.
    pub fn new(source: Source) -> RawImage {
        RawImage { source }
    }

    /// The file's bytes.
    pub fn source(&self) -> &Source {
        &self.source
    }
}

impl DiskImage for RawImage {
    fn virtual_size(&self) -> u64 {
        self.source
            .len()
            .checked_next_multiple_of(SECTOR)
            .unwrap_or(u64::MAX)
    }

    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        let len = len.min(self.virtual_size().saturating_sub(offset));
        let stored = self.source.len().saturating_sub(offset);
        if stored == 0 || len == 0 {
            let kind = if len == 0 {
                MapKind::Parent
            } else {
                MapKind::Zero
            };
            return Ok(Mapping::new(len, kind));
        }
        let (data, run) = self
            .source
            .data_run(offset, len.min(stored))
            .map_err(|err| Error::io_at(self.source.name(), "find holes", offset, err))?;
        let kind = match data {
            true => MapKind::Data(Some(HostRange {
                source: self.source.clone(),
                offset,
            })),
            false => MapKind::Zero,
        };
        Ok(Mapping::new(run, kind))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let stored = self.source.len().saturating_sub(offset);
        let n = usize::try_from(stored).unwrap_or(usize::MAX).min(buf.len());
        let (data, past_end) = buf.split_at_mut(n);
        past_end.fill(0);
        self.source
            .read_exact_at(offset, data)
            .map_err(|err| Error::io_at(self.source.name(), "read", offset, err))
    }

    fn granularity(&self) -> u64 {
        4096
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;
    use std::sync::Arc;
    use v2v_disk::{Bytes, HostFile};

    #[test]
    fn the_end_is_rounded_up_to_a_sector_of_zeros() {
        let disk = RawImage::new(Arc::new(Bytes::new("disk", vec![1; 513])));
        assert_eq!(disk.virtual_size(), 1024);
        let mut buf = [7; 514];
        disk.read_at(512, &mut buf).unwrap();
        assert_eq!(buf[0], 1);
        assert!(buf[1..].iter().all(|&b| b == 0));
        assert_eq!(disk.map(0, 1024).unwrap().len, 513);
        let tail = disk.map(513, 511).unwrap();
        assert!(matches!(tail.kind, MapKind::Zero) && tail.len == 511);
    }

    #[test]
    fn holes_of_the_host_file_are_zeros() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(4 << 20).unwrap();
        file.write_all_at(&[1; 4096], 1 << 20).unwrap();
        drop(file);
        let disk = RawImage::new(Arc::new(HostFile::open(&path).unwrap()));
        let (mut offset, mut data) = (0, 0);
        while offset < disk.virtual_size() {
            let piece = disk.map(offset, u64::MAX).unwrap();
            assert!(piece.len > 0);
            match piece.kind {
                MapKind::Data(Some(host)) => {
                    assert_eq!(host.offset, offset);
                    data += piece.len;
                }
                MapKind::Zero => {}
                other => panic!("{other:?}"),
            }
            offset += piece.len;
        }
        assert_eq!(offset, 4 << 20);
        assert!((4096..1 << 20).contains(&data), "{data} bytes of data");
    }
}
