//! Where a generator writes to: memory for small images, a sparse file for huge ones.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// Blocks of zeros of this size stay holes in a file.
const HOLE: usize = 4096;

/// A growing run of bytes, zero where nothing was put.
pub trait Target {
    /// Puts `bytes` at byte `offset`, growing the target as needed. No place is put twice.
    fn put(&mut self, offset: u64, bytes: &[u8]);

    /// Makes the target at least `len` bytes long.
    fn grow(&mut self, len: u64);

    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether nothing was put yet.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Target for Vec<u8> {
    fn put(&mut self, offset: u64, bytes: &[u8]) {
        let at = usize::try_from(offset).unwrap();
        self.grow(offset + bytes.len() as u64);
        self[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn grow(&mut self, len: u64) {
        let len = usize::try_from(len).unwrap();
        if self.len() < len {
            self.resize(len, 0);
        }
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }
}

/// A file in which zeros are holes.
#[derive(Debug)]
pub struct SparseFile {
    file: File,
    len: u64,
}

impl SparseFile {
    /// Creates the file, emptying one that exists.
    ///
    /// # Panics
    ///
    /// If the file cannot be created.
    pub fn create(path: &Path) -> Self {
        let file = File::create(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        Self { file, len: 0 }
    }

    /// Opens the file to put more into it, creating it if need be.
    ///
    /// # Panics
    ///
    /// If the file cannot be opened.
    pub fn append(path: &Path) -> Self {
        let open = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let file = open.unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        let len = file.metadata().unwrap().len();
        Self { file, len }
    }
}

impl Target for SparseFile {
    fn put(&mut self, offset: u64, bytes: &[u8]) {
        self.grow(offset + bytes.len() as u64);
        for (block, at) in bytes.chunks(HOLE).zip((offset..).step_by(HOLE)) {
            if block.iter().any(|&b| b != 0) {
                self.file.seek(SeekFrom::Start(at)).unwrap();
                self.file.write_all(block).unwrap();
            }
        }
    }

    fn grow(&mut self, len: u64) {
        if self.len < len {
            self.file.set_len(len).unwrap();
            self.len = len;
        }
    }

    fn len(&self) -> u64 {
        self.len
    }
}
