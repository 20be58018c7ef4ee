//! What is carried along while a disk is opened.

use v2v_disk::{Error as DiskError, ReadAt, Source, Warning};

use crate::io;
use crate::{Error, Options};

/// Options, what is left of them, and what was noticed.
pub(crate) struct Opening<'a> {
    pub(crate) options: &'a Options,
    pub(crate) warnings: Vec<Warning>,
    /// Bytes of directories that may still be held; shared by all extents of a disk.
    directory_left: u64,
}

impl<'a> Opening<'a> {
    pub(crate) fn new(options: &'a Options) -> Opening<'a> {
        Opening {
            options,
            warnings: Vec::new(),
            directory_left: options.limits.directory_bytes,
        }
    }

    pub(crate) fn warn(&mut self, id: &'static str, source: &dyn ReadAt, text: impl Into<String>) {
        self.warnings.push(Warning::new(id, source.name(), text));
    }

    /// Takes `bytes` from what directories may need in memory.
    pub(crate) fn grant(&mut self, source: &dyn ReadAt, bytes: u64) -> Result<(), DiskError> {
        match self.directory_left.checked_sub(bytes) {
            Some(left) => {
                self.directory_left = left;
                Ok(())
            }
            None => Err(io::broken(
                source,
                Error::TooLarge {
                    what: "the grain directory",
                    found: bytes,
                    limit: self.directory_left,
                },
            )),
        }
    }

    /// Reads something that is not kept: what was granted for it may be granted again.
    pub(crate) fn for_a_look<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let left = self.directory_left;
        let found = read(self);
        self.directory_left = left;
        found
    }

    /// Warns of tables that several entries of `directory` name. No program writes that; the entries may be damaged.
    pub(crate) fn warn_shared_tables(&mut self, source: &dyn ReadAt, directory: &[u32]) {
        let tables = || directory.iter().copied().filter(|&entry| entry != 0);
        if tables().is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut sorted: Vec<u32> = tables().collect();
        sorted.sort_unstable();
        let shared = sorted.windows(2).filter(|pair| pair.first() == pair.last());
        let count = shared.count();
        if count > 0 {
            let text = format!(
                "{count} entries of the grain directory name a table that another entry names as well; parts of the \
                 disk may show the data of other parts, check the guest's file systems"
            );
            self.warn("vmdk-shared-tables", source, text);
        }
    }

    /// Takes and reads a directory of `count` entries of `width` bytes at byte `start`.
    pub(crate) fn read_directory(
        &mut self,
        source: &Source,
        what: &'static str,
        start: u64,
        count: u64,
        width: u64,
    ) -> Result<Vec<u8>, DiskError> {
        // In memory every entry has 4 bytes, whatever it has in the file.
        self.grant(&**source, count.saturating_mul(4))?;
        io::read_area(&**source, what, start, count.saturating_mul(width))
    }
}

/// 32-bit numbers in their order in the file.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|chunk| {
        chunk
            .first_chunk()
            .map_or(0, |&word| u32::from_le_bytes(word))
    })
}
