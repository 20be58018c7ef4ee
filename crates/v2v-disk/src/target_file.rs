//! A file that has its final name only when it is complete.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::{Error, FileId, HostFile, ReadAt as _, Result, sys};

/// What becomes of a file that has the target's name already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and creating the target is an error.
    #[default]
    Keep,
    /// It is replaced when the target is complete, not before.
    Replace,
}

/// A target under construction: `.NAME.part` beside the final name, locked against a second run.
///
/// [`TargetFile::commit`] syncs and renames it. Dropped before that, it is removed; a process that is killed leaves the
/// `.part` file, which the next run replaces. The final name never shows an incomplete file.
#[derive(Debug)]
pub struct TargetFile {
    file: File,
    path: PathBuf,
    part: PathBuf,
    existing: Existing,
    /// Whether the `.part` file is removed on drop.
    armed: bool,
}

impl TargetFile {
    /// Creates the `.part` file for `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the final name is taken and is to be kept, if another run is writing the same target, or if the
    /// directory can't be written.
    pub fn create(path: impl AsRef<Path>, existing: Existing) -> Result<TargetFile> {
        let path = path.as_ref().to_path_buf();
        TargetFile::check(&path, existing)?;
        let part = part_name(&path)?;
        let file = create_part(&part).map_err(|err| Error::io(&part, "create", err))?;
        Ok(TargetFile {
            file,
            path,
            part,
            existing,
            armed: true,
        })
    }

    /// Says whether [`TargetFile::create`] would refuse because of the name or of a file that is there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], with kind `AlreadyExists` for a file that is to be kept.
    pub fn check(path: &Path, existing: Existing) -> Result<()> {
        // `Path` ignores the slash, the final rename does not.
        if path.as_os_str().as_bytes().ends_with(b"/") {
            let err = io::Error::other("it names a directory");
            return Err(Error::io(path, "create", err));
        }
        match path.symlink_metadata() {
            Ok(meta) if existing == Existing::Replace && !meta.is_file() => Err(Error::io(
                path,
                "replace",
                io::Error::other("it is not a regular file"),
            )),
            Ok(_) if existing == Existing::Keep => {
                let err = io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "it exists already; use --force to replace it",
                );
                Err(Error::io(path, "create", err))
            }
            _ => Ok(()),
        }
    }

    /// The final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path until [`TargetFile::commit`].
    pub fn part_path(&self) -> &Path {
        &self.part
    }

    /// The file of `inputs` that would be lost if `path` were made: one of the final name, or one that a run leaves
    /// under the name until [`TargetFile::commit`] and that [`TargetFile::create`] replaces. To be asked before it.
    pub fn would_replace(path: &Path, inputs: &[FileId]) -> Option<PathBuf> {
        [Some(path.to_path_buf()), part_name(path).ok()]
            .into_iter()
            .flatten()
            .find(|name| FileId::of(name).is_ok_and(|id| inputs.contains(&id)))
    }

    /// Writes all of `data` at byte `offset`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the offset.
    pub fn write_all_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.file
            .write_all_at(data, offset)
            .map_err(|err| Error::io_at(&self.part, "write", offset, err))
    }

    /// Reads back what was written; for metadata that is touched twice.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the offset.
    pub fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.file
            .read_exact_at(buf, offset)
            .map_err(|err| Error::io_at(&self.part, "read", offset, err))
    }

    /// Sets the length; new bytes are a hole.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn set_len(&self, len: u64) -> Result<()> {
        self.file
            .set_len(len)
            .map_err(|err| Error::io(&self.part, "set the length of", err))
    }

    /// Reserves blocks for a range.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], above all when the file system is full or can't reserve blocks.
    pub fn allocate(&self, offset: u64, len: u64) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        sys::allocate(&self.file, offset, len)
            .map_err(|err| Error::io_at(&self.part, "allocate", offset, err))
    }

    /// Whether blocks of `from` can be shared with this file: tried with one block past the end, which is cut off again.
    ///
    /// To be called before anything else writes.
    pub fn can_clone_from(&self, from: &HostFile) -> bool {
        const BLOCK: u64 = 64 << 10;
        let Ok(len) = self.file.metadata().map(|meta| meta.len()) else {
            return false;
        };
        let past_end = len.div_ceil(BLOCK).saturating_mul(BLOCK);
        let block = BLOCK.min(from.len() & !4095);
        if block == 0 {
            return false;
        }
        let moved = sys::clone_range(from.file().as_fd(), 0, self.file.as_fd(), past_end, block);
        let restored = self.file.set_len(len);
        moved.is_ok_and(|moved| moved == sys::Moved::Yes) && restored.is_ok()
    }

    /// Shares the blocks of a range of `from`; `false` if these files or ranges can't share.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if sharing should be possible and fails.
    pub fn clone_from(
        &self,
        from: &HostFile,
        from_offset: u64,
        offset: u64,
        len: u64,
    ) -> Result<bool> {
        let moved = sys::clone_range(
            from.file().as_fd(),
            from_offset,
            self.file.as_fd(),
            offset,
            len,
        )
        .map_err(|err| Error::io_at(&self.part, "clone into", offset, err))?;
        Ok(moved == sys::Moved::Yes)
    }

    /// Copies a range of `from` inside the kernel; `false` if the kernel can't for these files.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if reading or writing fails.
    pub fn copy_from(
        &self,
        from: &HostFile,
        from_offset: u64,
        offset: u64,
        len: u64,
    ) -> Result<bool> {
        let moved = sys::copy_range(
            from.file().as_fd(),
            from_offset,
            self.file.as_fd(),
            offset,
            len,
        )
        .map_err(|err| Error::io_at(&self.part, "copy into", offset, err))?;
        Ok(moved == sys::Moved::Yes)
    }

    /// Makes the file durable and gives it its final name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the `.part` file is removed then, and nothing has the final name that had it not before.
    pub fn commit(mut self) -> Result<PathBuf> {
        self.file
            .sync_all()
            .map_err(|err| Error::io(&self.part, "sync", err))?;
        if !is_at(&self.file, &self.part) {
            // Somebody removed it and perhaps put another in its place, which must not get the final name.
            self.armed = false;
            let err = io::Error::other("it was moved or removed meanwhile");
            return Err(Error::io(&self.part, "rename", err));
        }
        sys::rename(&self.part, &self.path, self.existing == Existing::Replace)
            .map_err(|err| Error::io(&self.path, "rename the finished file to", err))?;
        self.armed = false;
        // The name itself must survive a power loss too. A directory that can't be synced (some network file systems)
        // is no reason to call a complete file failed.
        if let Some(dir) = self.path.parent() {
            let dir = if dir == Path::new("") {
                Path::new(".")
            } else {
                dir
            };
            let _ = File::open(dir).and_then(|dir| dir.sync_all());
        }
        Ok(std::mem::take(&mut self.path))
    }

    /// Leaves the `.part` file where it is, for a person to look at, and returns its path.
    pub fn keep_part(mut self) -> PathBuf {
        self.armed = false;
        std::mem::take(&mut self.part)
    }
}

impl Drop for TargetFile {
    fn drop(&mut self) {
        if self.armed && is_at(&self.file, &self.part) {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// `.NAME.part` in the same directory.
fn part_name(path: &Path) -> Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(Error::io(
            path,
            "create",
            io::Error::other("it names a directory"),
        ));
    };
    let mut part = OsString::from(".");
    part.push(name);
    part.push(".part");
    Ok(path.with_file_name(part))
}

/// Whether `path` names this very file, links not followed.
fn is_at(file: &File, path: &Path) -> bool {
    let ids = file.metadata().and_then(|open| {
        let named = path.symlink_metadata()?;
        Ok((FileId::from_metadata(&open), FileId::from_metadata(&named)))
    });
    ids.is_ok_and(|(open, named)| open == named)
}

/// Creates the file anew; one that a killed run left is replaced, one that a live run holds is not.
///
/// Between creating or opening a file and locking it another run may remove it and make its own: whoever has the lock
/// of a file that has lost its name has nothing.
fn create_part(part: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits() as i32;
    let open = |new: bool| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(new)
            .custom_flags(flags)
            .open(part)
    };
    let owned = |file: &File| Ok::<_, io::Error>(sys::try_lock(file)? && is_at(file, part));
    let busy = || io::Error::other("another run is writing this target");
    let overtaken = |err: io::Error| match err.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => busy(),
        _ => err,
    };
    let file = match open(true) {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
            // Locked until the new file is there, so that a third run that opened the old one too sees what happened.
            let old = open(false).map_err(overtaken)?;
            if !owned(&old)? {
                return Err(busy());
            }
            std::fs::remove_file(part)?;
            open(true).map_err(overtaken)?
        }
        other => other?,
    };
    if owned(&file)? { Ok(file) } else { Err(busy()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_name_appears_with_commit_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk.qcow2");
        let target = TargetFile::create(&path, Existing::Keep).unwrap();
        target.write_all_at(3, b"abc").unwrap();
        assert_eq!(names(dir.path()), [".disk.qcow2.part"]);
        target.commit().unwrap();
        assert_eq!(names(dir.path()), ["disk.qcow2"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"\0\0\0abc");
    }

    #[test]
    fn a_dropped_target_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(TargetFile::create(dir.path().join("x"), Existing::Keep).unwrap());
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn an_existing_file_is_kept_or_replaced_as_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "old").unwrap();
        let err = TargetFile::create(&path, Existing::Keep)
            .unwrap_err()
            .to_string();
        assert!(
            err.ends_with("x: cannot create: it exists already; use --force to replace it"),
            "{err}"
        );
        let target = TargetFile::create(&path, Existing::Replace).unwrap();
        target.write_all_at(0, b"new").unwrap();
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"old",
            "kept until the new one is complete"
        );
        target.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let target = TargetFile::create(&path, Existing::Keep).unwrap();
        std::fs::write(&path, "somebody else's").unwrap();
        assert!(target.commit().is_err());
        assert_eq!(names(dir.path()), ["x"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"somebody else's");
    }

    #[test]
    fn a_second_run_is_refused_and_a_dead_one_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let first = TargetFile::create(&path, Existing::Keep).unwrap();
        let err = TargetFile::create(&path, Existing::Keep)
            .unwrap_err()
            .to_string();
        assert!(
            err.ends_with(".x.part: cannot create: another run is writing this target"),
            "{err}"
        );
        let part = first.keep_part();
        assert!(part.exists());
        TargetFile::create(&path, Existing::Keep).unwrap();
    }

    #[test]
    fn a_link_in_the_place_of_the_part_file_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join(".x.part")).unwrap();
        assert!(TargetFile::create(dir.path().join("x"), Existing::Keep).is_err());
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn an_input_behind_the_final_name_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        std::fs::write(&source, "data").unwrap();
        std::fs::hard_link(&source, dir.path().join("x")).unwrap();
        let path = dir.path().join("x");
        let id = FileId::of(&source).unwrap();
        assert_eq!(TargetFile::would_replace(&path, &[id]), Some(path.clone()));
        assert_eq!(TargetFile::would_replace(&path, &[]), None);
    }

    #[test]
    fn a_name_that_ends_in_a_slash_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = PathBuf::from(format!("{}/x/", dir.path().display()));
        let err = TargetFile::create(&path, Existing::Keep)
            .unwrap_err()
            .to_string();
        assert!(
            err.ends_with("/x/: cannot create: it names a directory"),
            "{err}"
        );
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn an_input_behind_the_part_name_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, part) = (dir.path().join("x"), dir.path().join(".x.part"));
        std::fs::write(&part, "kept after a failed comparison").unwrap();
        let id = FileId::of(&part).unwrap();
        assert_eq!(TargetFile::would_replace(&path, &[id]), Some(part.clone()));
        assert_eq!(TargetFile::would_replace(&path, &[]), None);
        std::fs::rename(&part, &path).unwrap();
        assert_eq!(TargetFile::would_replace(&path, &[id]), Some(path.clone()));
        assert_eq!(
            TargetFile::would_replace(&dir.path().join("y"), &[id]),
            None
        );
    }

    #[test]
    fn a_foreign_file_in_the_place_of_the_part_file_gets_no_name_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        for commit in [true, false] {
            let target = TargetFile::create(&path, Existing::Keep).unwrap();
            std::fs::remove_file(target.part_path()).unwrap();
            std::fs::write(target.part_path(), "another run").unwrap();
            if commit {
                let err = target.commit().unwrap_err().to_string();
                assert!(
                    err.ends_with(".x.part: cannot rename: it was moved or removed meanwhile"),
                    "{err}"
                );
            } else {
                drop(target);
            }
            assert_eq!(names(dir.path()), [".x.part"]);
        }
    }

    /// Runs that start together: whatever the interleaving, exactly those that got the file own the name.
    #[test]
    fn of_runs_that_start_together_one_at_most_gets_the_target() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        for round in 0..300 {
            if round % 2 == 0 {
                std::fs::write(dir.path().join(".x.part"), "left by a killed run").unwrap();
            }
            let barrier = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                let runs: Vec<_> = (0..4)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            let target = TargetFile::create(&path, Existing::Keep);
                            // Nobody lets go before all have tried.
                            barrier.wait();
                            target.ok()
                        })
                    })
                    .collect();
                let got: Vec<TargetFile> = runs
                    .into_iter()
                    .filter_map(|run| run.join().unwrap())
                    .collect();
                assert!(got.len() <= 1, "{} runs own one target", got.len());
                for target in got {
                    assert!(is_at(&target.file, &target.part));
                }
            });
        }
    }

    #[test]
    fn the_kernel_copies_a_range() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        std::fs::write(&from, b"0123456789").unwrap();
        let from = HostFile::open(&from).unwrap();
        let target = TargetFile::create(dir.path().join("to"), Existing::Keep).unwrap();
        if target.copy_from(&from, 2, 5, 4).unwrap() {
            let mut buf = [0; 9];
            target.read_exact_at(0, &mut buf).unwrap();
            assert_eq!(&buf, b"\0\0\0\0\x002345");
        }
        assert!(
            target.copy_from(&from, 8, 0, 4).is_err(),
            "the source ends before"
        );
    }
}
