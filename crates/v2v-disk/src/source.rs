//! Bytes at positions: the lowest step, below every format.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Result, sys};

/// Something that can be read at any position by any number of threads at once.
///
/// Nothing behind this trait is ever written.
pub trait ReadAt: Send + Sync + fmt::Debug {
    /// Reads into `buf` from byte `offset` on and returns how many bytes were read.
    ///
    /// Fewer than asked for are returned at the end only; 0 at or past it.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there is nothing to read.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name for messages: a path for files.
    fn name(&self) -> &Path;

    /// The file itself where the bytes are those of a file on this host at the same offsets.
    ///
    /// The engine uses it to clone or to move data inside the kernel.
    fn host_file(&self) -> Option<&HostFile> {
        None
    }

    /// Whether `offset` lies in stored data (`true`) or in a hole that reads as zeros, and for how many bytes on.
    ///
    /// The length is at least 1 below the end of the source and ends at `offset + len` at the latest. A source that
    /// can't tell says data, and a small hole may count as data too.
    fn data_run(&self, offset: u64, len: u64) -> io::Result<(bool, u64)> {
        Ok((true, len.min(self.len().saturating_sub(offset))))
    }

    /// Fills `buf` from byte `offset` on.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] if the source ends before.
    fn read_exact_at(&self, mut offset: u64, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(offset, buf) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    buf = buf.get_mut(n..).unwrap_or_default();
                    offset = offset.saturating_add(n as u64);
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }
}

/// A source that several images share: the extents of a flat disk may lie in one file.
pub type Source = Arc<dyn ReadAt>;

/// Device and inode number: the same for two names of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    dev: u64,
    ino: u64,
}

impl FileId {
    /// The identity of the file at `path`, links followed.
    pub fn of(path: &Path) -> io::Result<FileId> {
        Ok(FileId::from_metadata(&std::fs::metadata(path)?))
    }

    pub(crate) fn from_metadata(meta: &std::fs::Metadata) -> FileId {
        FileId {
            dev: meta.dev(),
            ino: meta.ino(),
        }
    }
}

/// A file or block device of this host, opened read-only.
pub struct HostFile {
    file: File,
    path: PathBuf,
    len: u64,
    id: FileId,
    allocated: u64,
    sparse: bool,
}

impl fmt::Debug for HostFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostFile({}, {} bytes)", self.path.display(), self.len)
    }
}

impl HostFile {
    /// Opens the file the user named. Block devices are allowed, fifos, sockets and directories are not.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the path.
    pub fn open(path: impl AsRef<Path>) -> Result<HostFile> {
        let path = path.as_ref();
        let file = sys::open_read_only(path).map_err(|err| Error::io(path, "open", err))?;
        HostFile::from_file(file, path.to_path_buf())
    }

    /// Takes a file that is open already; `path` is its name in messages.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it is neither a regular file nor a block device.
    pub fn from_file(file: File, path: PathBuf) -> Result<HostFile> {
        let meta = file
            .metadata()
            .map_err(|err| Error::io(&path, "stat", err))?;
        let kind = meta.file_type();
        let len = if kind.is_file() {
            meta.len()
        } else if kind.is_block_device() {
            sys::device_len(&file).map_err(|err| Error::io(&path, "find the length", err))?
        } else {
            let err = io::Error::other("is neither a regular file nor a block device");
            return Err(Error::io(&path, "use", err));
        };
        let allocated = meta.blocks().saturating_mul(512);
        // The kernel asked for holes on every chunk costs more than it saves when there are none.
        let sparse = kind.is_file() && allocated < len;
        Ok(HostFile {
            file,
            path,
            len,
            id: FileId::from_metadata(&meta),
            allocated,
            sparse,
        })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Device and inode number.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Bytes it takes on its file system; below [`ReadAt::len`] for a file with holes.
    pub fn allocated(&self) -> u64 {
        self.allocated
    }

    /// The descriptor, for calls that move data inside the kernel.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl ReadAt for HostFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(&self.file, buf, offset)
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn name(&self) -> &Path {
        &self.path
    }

    fn host_file(&self) -> Option<&HostFile> {
        Some(self)
    }

    fn data_run(&self, offset: u64, len: u64) -> io::Result<(bool, u64)> {
        let end = offset.saturating_add(len).min(self.len);
        if !self.sparse || offset >= end {
            return Ok((true, end.saturating_sub(offset)));
        }
        let (data, run) = sys::data_run(self.file.as_fd(), offset, end)?;
        Ok(coarse(data, offset, run, end))
    }
}

/// Holes count in aligned blocks of this many bytes. What is smaller reads as the zeros it is, and pieces keep to the
/// clusters of the usual targets, so that they can be moved as a whole.
const HOLE_BLOCK: u64 = 64 << 10;

/// Widens data, or shortens a hole, from `offset` on to whole blocks.
fn coarse(data: bool, offset: u64, run: u64, end: u64) -> (bool, u64) {
    let stop = offset.saturating_add(run);
    let up = |at: u64| {
        at.checked_next_multiple_of(HOLE_BLOCK)
            .unwrap_or(end)
            .min(end)
            .saturating_sub(offset)
    };
    let down = stop & !HOLE_BLOCK.saturating_sub(1);
    match data {
        true => (true, up(stop)),
        false if stop >= end => (false, run),
        false if down > offset => (false, down.saturating_sub(offset)),
        // The hole ends inside this block.
        false => (true, up(stop)),
    }
}

/// A source held in memory, for tests, fuzzing and small pieces.
#[derive(Clone)]
pub struct Bytes {
    name: PathBuf,
    data: Vec<u8>,
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Bytes({}, {} bytes)",
            self.name.display(),
            self.data.len()
        )
    }
}

impl Bytes {
    /// `data` under a name for messages.
    pub fn new(name: impl Into<PathBuf>, data: Vec<u8>) -> Bytes {
        Bytes {
            name: name.into(),
            data,
        }
    }
}

impl ReadAt for Bytes {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|at| self.data.get(at..))
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn len(&self) -> u64 {
        self.data.len() as u64
    }

    fn name(&self) -> &Path {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::coarse;

    #[test]
    fn holes_count_in_whole_blocks() {
        const K: u64 = 1 << 10;
        let end = 1000 * K;
        assert_eq!(
            coarse(true, 0, 4 * K, end),
            (true, 64 * K),
            "data is widened"
        );
        assert_eq!(
            coarse(true, 4 * K, 124 * K, end),
            (true, 124 * K),
            "up to a block"
        );
        assert_eq!(
            coarse(true, 960 * K, 4 * K, end),
            (true, 40 * K),
            "or to the end"
        );
        assert_eq!(
            coarse(false, 64 * K, 100 * K, end),
            (false, 64 * K),
            "a hole is shortened"
        );
        assert_eq!(
            coarse(false, 64 * K, 4 * K, end),
            (true, 64 * K),
            "to nothing"
        );
        assert_eq!(
            coarse(false, 70 * K, 930 * K, end),
            (false, 930 * K),
            "but not at the end"
        );
    }
}
