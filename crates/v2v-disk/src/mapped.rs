//! A file mapped into memory, where the caller chose that.

use std::fmt;
use std::io;
use std::path::Path;

use crate::{Error, HostFile, ReadAt, Result, sys};

/// A host file whose bytes are read through a memory mapping instead of positional reads.
///
/// Reads cost no system call, which pays for scattered metadata. The price is the caller's to accept: a file that
/// another process truncates while it is mapped ends the process with SIGBUS, and so does an I/O error. Nothing in the
/// toolkit maps a file by itself.
pub struct MappedFile {
    file: HostFile,
    map: sys::Map,
}

impl fmt::Debug for MappedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MappedFile({}, {} bytes)",
            self.file.path().display(),
            self.file.len()
        )
    }
}

impl MappedFile {
    /// Maps the whole of `file`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system refuses the mapping.
    pub fn new(file: HostFile) -> Result<MappedFile> {
        let map = sys::Map::new(file.file(), file.len())
            .map_err(|err| Error::io(file.path(), "map", err))?;
        Ok(MappedFile { file, map })
    }
}

impl ReadAt for MappedFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|at| self.map.bytes().get(at..))
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn len(&self) -> u64 {
        self.file.len()
    }

    fn name(&self) -> &Path {
        self.file.path()
    }

    fn host_file(&self) -> Option<&HostFile> {
        Some(&self.file)
    }

    fn data_run(&self, offset: u64, len: u64) -> io::Result<(bool, u64)> {
        self.file.data_run(offset, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_reads_like_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let data: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
        std::fs::write(&path, &data).unwrap();
        let mapped = MappedFile::new(HostFile::open(&path).unwrap()).unwrap();
        let mut buf = vec![0; 5000];
        assert_eq!(mapped.read_at(7000, &mut buf).unwrap(), 3000);
        assert_eq!(buf[..3000], data[7000..]);
        assert_eq!(mapped.read_at(10_000, &mut buf).unwrap(), 0);
    }

    #[test]
    fn an_empty_file_maps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty");
        std::fs::write(&path, b"").unwrap();
        let mapped = MappedFile::new(HostFile::open(&path).unwrap()).unwrap();
        assert!(mapped.is_empty());
        assert_eq!(mapped.read_at(0, &mut [0; 4]).unwrap(), 0);
    }
}
