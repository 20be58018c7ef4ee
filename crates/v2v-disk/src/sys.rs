//! System calls: the safe ones through rustix, and the two that have no safe wrapper.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{self, Mode, OFlags, ResolveFlags, SeekFrom};
use rustix::io::Errno;

/// Opens without waiting: opening a fifo would otherwise block until somebody writes.
const READ_ONLY: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

pub(crate) fn open_read_only(path: &Path) -> io::Result<File> {
    Ok(File::from(fs::open(path, READ_ONLY, Mode::empty())?))
}

/// Opens `relative` below `root`; no link and no `..` leads out of it.
pub(crate) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    let dir = fs::open(
        root,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match fs::openat2(&dir, relative, READ_ONLY, Mode::empty(), resolve) {
        Ok(fd) => Ok(File::from(fd)),
        // Kernels before 5.6 lack the call; some container profiles forbid it.
        Err(Errno::NOSYS | Errno::PERM) => open_stepwise(dir, relative),
        Err(err) => Err(err.into()),
    }
}

/// The same by one `openat` a component, with links refused altogether.
fn open_stepwise(mut dir: OwnedFd, relative: &Path) -> io::Result<File> {
    let names: Vec<&OsStr> = relative
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(name) => Ok(name),
            _ => Err(io::Error::from(Errno::XDEV)),
        })
        .collect::<io::Result<_>>()?;
    let Some((last, folders)) = names.split_last() else {
        return Err(Errno::ISDIR.into());
    };
    for name in folders {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        dir = fs::openat(&dir, *name, flags, Mode::empty())?;
    }
    Ok(File::from(fs::openat(
        &dir,
        *last,
        READ_ONLY | OFlags::NOFOLLOW,
        Mode::empty(),
    )?))
}

/// Length of a block device: where its end is.
pub(crate) fn device_len(file: &File) -> io::Result<u64> {
    Ok(fs::seek(file, SeekFrom::End(0))?)
}

/// Whether `offset` is in data or in a hole, and for how long, up to `end`.
pub(crate) fn data_run(file: BorrowedFd<'_>, offset: u64, end: u64) -> io::Result<(bool, u64)> {
    let data = match fs::seek(file, SeekFrom::Data(offset)) {
        Ok(data) => data,
        // No data from here to the end of the file.
        Err(Errno::NXIO) => end,
        // A file system that knows no holes has only data.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => offset,
        Err(err) => return Err(err.into()),
    };
    if data > offset {
        return Ok((false, data.min(end).saturating_sub(offset)));
    }
    let hole = match fs::seek(file, SeekFrom::Hole(offset)) {
        Ok(hole) => hole,
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NXIO) => end,
        Err(err) => return Err(err.into()),
    };
    // A file that shrinks while it is read may answer with the offset itself; a run is never empty.
    Ok((
        true,
        hole.clamp(offset.saturating_add(1), end.max(offset.saturating_add(1)))
            .saturating_sub(offset),
    ))
}

/// What a call that moves data inside the kernel came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// All of it.
    Yes,
    /// The two files, or these ranges, can't be treated so; nothing is wrong with them.
    Impossible,
}

fn impossible(err: Errno) -> bool {
    matches!(
        err,
        Errno::XDEV
            | Errno::INVAL
            | Errno::OPNOTSUPP
            | Errno::NOSYS
            | Errno::NOTTY
            | Errno::TXTBSY
            | Errno::PERM
    )
}

/// Moves `len` bytes from one file to another with `copy_file_range`.
pub(crate) fn copy_range(
    from: BorrowedFd<'_>,
    mut from_offset: u64,
    to: BorrowedFd<'_>,
    mut to_offset: u64,
    mut len: u64,
) -> io::Result<Moved> {
    let mut moved_some = false;
    while len > 0 {
        let step = usize::try_from(len).unwrap_or(usize::MAX).min(1 << 30);
        match fs::copy_file_range(from, Some(&mut from_offset), to, Some(&mut to_offset), step) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => len = len.saturating_sub(n as u64),
            Err(Errno::INTR) => continue,
            Err(err) if !moved_some && impossible(err) => return Ok(Moved::Impossible),
            Err(err) => return Err(err.into()),
        }
        moved_some = true;
    }
    Ok(Moved::Yes)
}

pub(crate) use unsafe_calls::{Map, clone_range};

#[allow(unsafe_code, reason = "no safe wrapper exists for these two calls")]
mod unsafe_calls {
    use super::{File, Moved, impossible, io};
    use std::os::fd::{AsRawFd, BorrowedFd};

    use rustix::ioctl::{Setter, ioctl, opcode};

    /// `struct file_clone_range` of linux/fs.h.
    #[repr(C)]
    struct FileCloneRange {
        src_fd: i64,
        src_offset: u64,
        src_length: u64,
        dest_offset: u64,
    }

    /// `FICLONERANGE` of linux/fs.h: `_IOW(0x94, 13, struct file_clone_range)`.
    const FICLONERANGE: u32 = opcode::write::<FileCloneRange>(0x94, 13) as u32;

    /// Lets both files share the blocks of a range, where their file system can.
    pub(crate) fn clone_range(
        from: BorrowedFd<'_>,
        from_offset: u64,
        to: BorrowedFd<'_>,
        to_offset: u64,
        len: u64,
    ) -> io::Result<Moved> {
        let range = FileCloneRange {
            src_fd: i64::from(from.as_raw_fd()),
            src_offset: from_offset,
            src_length: len,
            dest_offset: to_offset,
        };
        // SAFETY: FICLONERANGE reads one `file_clone_range` and writes no memory of this process; `from` outlives the
        // call, so the descriptor number in the struct is valid throughout it.
        let result = unsafe {
            ioctl(
                to,
                Setter::<{ FICLONERANGE as _ }, FileCloneRange>::new(range),
            )
        };
        match result {
            Ok(()) => Ok(Moved::Yes),
            Err(err) if impossible(err) => Ok(Moved::Impossible),
            Err(err) => Err(err.into()),
        }
    }

    /// A whole file in memory, or nothing for an empty one.
    pub(crate) struct Map(Option<memmap2::Mmap>);

    impl Map {
        pub(crate) fn new(file: &File, len: u64) -> io::Result<Map> {
            if len == 0 {
                return Ok(Map(None));
            }
            let len = usize::try_from(len).map_err(io::Error::other)?;
            // SAFETY: the mapping is read-only and private to this process. Another process may still truncate the
            // file; the caller of `MappedFile` chose to accept that (see its documentation).
            Ok(Map(Some(unsafe {
                memmap2::MmapOptions::new().len(len).map(file)?
            })))
        }

        pub(crate) fn bytes(&self) -> &[u8] {
            self.0.as_deref().unwrap_or_default()
        }
    }
}

/// Takes the exclusive advisory lock of a file; `false` if somebody else has it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match fs::flock(file, fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // A file system without locks (some network ones) still has `O_EXCL`.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOLCK) => Ok(true),
        Err(err) => Err(err.into()),
    }
}

/// Renames; with `replace` false an existing file of the new name is an `AlreadyExists` error.
pub(crate) fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    if replace {
        return std::fs::rename(from, to);
    }
    match fs::renameat_with(fs::CWD, from, fs::CWD, to, fs::RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Without the flag the check and the rename are two steps; better than none.
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_err() => {
            std::fs::rename(from, to)
        }
        Err(Errno::INVAL | Errno::NOSYS) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(err) => Err(err.into()),
    }
}

/// Raises the soft limit of open files to the hard one; a failure shows when a file can't be opened.
pub(crate) fn raise_open_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}

/// Reserves blocks for a range, so that later writes can't run out of space.
pub(crate) fn allocate(file: &File, offset: u64, len: u64) -> io::Result<()> {
    Ok(fs::fallocate(
        file.as_fd(),
        fs::FallocateFlags::empty(),
        offset,
        len,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stepwise_open_refuses_links_and_parents() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/file"), b"x").unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("link")).unwrap();
        let open = |name: &str| {
            let fd = fs::open(dir.path(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
            open_stepwise(fd, Path::new(name))
        };
        assert!(open("sub/file").is_ok());
        assert!(open("./sub/file").is_ok());
        assert!(open("link/passwd").is_err());
        assert!(open("../etc/passwd").is_err());
        assert!(open("/etc/passwd").is_err());
        assert!(open(".").is_err());
    }
}
