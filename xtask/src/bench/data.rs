//! A disk made from real files of this machine, and the VMDKs made from it.
#![allow(clippy::arithmetic_side_effects, reason = "sizes of a benchmark")]

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::cases::Source;

/// Where real files are: programs, libraries, documentation, source text.
const PLACES: [&str; 3] = ["/usr", "/opt", "/var/lib"];

/// A file system begins a file at a block.
const BLOCK: u64 = 4096;

pub(crate) struct Data {
    dir: PathBuf,
    /// The disk itself.
    pub(crate) raw: PathBuf,
}

impl Data {
    /// A disk of `size` bytes, three quarters of it filled with files in the order of their names. Every fourth of the
    /// disk ends in a gap, as on a disk that is in use.
    pub(crate) fn make(dir: &Path, size: u64) -> Result<Data> {
        let raw = dir.join("disk.raw");
        let mut out = File::create(&raw).with_context(|| raw.display().to_string())?;
        out.set_len(size)?;
        let quarter = size / 4;
        let mut files = Files::new();
        for start in (0..4).map(|index| index * quarter) {
            let mut at = start;
            while at < start + quarter / 4 * 3 {
                let mut bytes = files.next_file()?;
                bytes.truncate((start + quarter - at).try_into()?);
                out.seek(SeekFrom::Start(at))?;
                out.write_all(&bytes)?;
                at = (at + bytes.len() as u64).next_multiple_of(BLOCK);
            }
        }
        Ok(Data {
            dir: dir.to_path_buf(),
            raw,
        })
    }

    fn path(&self, source: Source) -> PathBuf {
        self.dir.join(match source {
            Source::Stream => "stream.vmdk",
            Source::Sparse => "sparse.vmdk",
            Source::Split => "split.vmdk",
        })
    }

    /// The disk as a VMDK, made by qemu-img if it is not there.
    pub(crate) fn source(&self, source: Source) -> Result<PathBuf> {
        let path = self.path(source);
        if path.exists() {
            return Ok(path);
        }
        let subformat = match source {
            Source::Stream => "subformat=streamOptimized",
            Source::Sparse => "subformat=monolithicSparse",
            Source::Split => "subformat=twoGbMaxExtentSparse",
        };
        let mut command = Command::new("qemu-img");
        command
            .args(["convert", "-f", "raw", "-O", "vmdk", "-o", subformat])
            .arg(&self.raw)
            .arg(&path);
        ensure!(command.status()?.success(), "{command:?} failed");
        Ok(path)
    }

    /// Makes room; the sparse disk is needed by several cases.
    pub(crate) fn forget(&self, source: Source) {
        if source == Source::Sparse {
            return;
        }
        let stem = self.path(source).with_extension("");
        let stem = stem
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for entry in self.dir.read_dir().into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&stem) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Regular files below [`PLACES`], in order, again and again.
struct Files {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Files {
    fn new() -> Files {
        Files {
            folders: Vec::new(),
            files: Vec::new(),
        }
    }

    fn next_file(&mut self) -> Result<Vec<u8>> {
        loop {
            while let Some(path) = self.files.pop() {
                let mut bytes = Vec::new();
                // A single file should not be most of the disk.
                let read =
                    File::open(&path).and_then(|file| file.take(64 << 20).read_to_end(&mut bytes));
                if read.is_ok() && !bytes.is_empty() {
                    return Ok(bytes);
                }
            }
            match self.folders.pop() {
                Some(folder) => self.enter(&folder),
                None => self.folders.extend(
                    PLACES
                        .iter()
                        .rev()
                        .map(PathBuf::from)
                        .filter(|dir| dir.is_dir()),
                ),
            }
            ensure!(
                !(self.folders.is_empty() && self.files.is_empty()),
                "no files below {}",
                PLACES.join(", ")
            );
        }
    }

    fn enter(&mut self, folder: &Path) {
        let mut entries: Vec<_> = folder.read_dir().into_iter().flatten().flatten().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        for entry in entries {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.folders.push(entry.path()),
                Ok(kind) if kind.is_file() => self.files.push(entry.path()),
                _ => {}
            }
        }
    }
}
