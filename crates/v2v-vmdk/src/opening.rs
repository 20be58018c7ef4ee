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
