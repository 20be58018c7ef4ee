//! What the guest sees: the trait every format's reader implements.

use std::fmt;

use crate::{Result, Source};

/// A disk image: one link of a chain, a whole [`crate::Chain`] or an [`crate::Overlay`].
///
/// `map` says what backs a range, `read_at` gives its bytes. The copy engine lives on `map` and reads only what
/// must be read. Both take `&self` and may be called by any number of threads.
pub trait DiskImage: Send + Sync {
    /// Size in bytes of the disk as the guest sees it.
    fn virtual_size(&self) -> u64;

    /// Says what backs the guest range starting at `offset`.
    ///
    /// The returned length is in bytes, at least 1, and ends at `offset + len` at the latest; the pieces of a walk over
    /// `0..virtual_size()` are contiguous. Neighbouring units of one kind that lie one after the other in the host file
    /// come as one piece, as far as the format can tell cheaply; two pieces in a row may be of the same kind.
    ///
    /// `offset` must be below [`DiskImage::virtual_size`] and `len` above 0; a call outside gives a zero-length
    /// [`MapKind::Parent`].
    ///
    /// # Errors
    ///
    /// [`crate::Error::Format`] if the tables are broken, [`crate::Error::Io`] if they can't be read.
    fn map(&self, offset: u64, len: u64) -> Result<Mapping>;

    /// Fills `buf` with what the guest reads at `offset`.
    ///
    /// What [`DiskImage::map`] calls [`MapKind::Zero`] or [`MapKind::Parent`], and what lies past the end of the disk,
    /// reads as zeros.
    ///
    /// # Errors
    ///
    /// As for `map`, and if stored data can't be read or decompressed. `buf` holds no defined bytes then.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()>;

    /// The unit in bytes in which the image stores data (grain, cluster): a reader that keeps to its multiples never
    /// makes the image decompress a unit twice. 512 at least.
    fn granularity(&self) -> u64 {
        512
    }
}

/// One piece of a disk and what backs it.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Length of the piece in bytes.
    pub len: u64,
    /// What backs it.
    pub kind: MapKind,
    /// Which image of a chain answered: 0 is the top, 1 its parent. Always 0 for a single link.
    pub depth: u32,
}

impl Mapping {
    /// A piece answered by the image itself.
    pub fn new(len: u64, kind: MapKind) -> Mapping {
        Mapping {
            len,
            kind,
            depth: 0,
        }
    }
}

/// What backs a piece of a disk.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum MapKind {
    /// Stored as the guest reads it; with the place in the host file where there is one.
    Data(Option<HostRange>),
    /// Stored compressed; the range is that of the compressed bytes and only known for a single unit.
    Compressed(Option<HostRange>),
    /// Reads as zeros because this image says so, whatever its parent holds.
    Zero,
    /// Not in this image: the parent answers, or zeros where there is none.
    Parent,
}

/// A byte range of a source.
#[derive(Clone)]
pub struct HostRange {
    /// The source that holds the bytes.
    pub source: Source,
    /// First byte.
    pub offset: u64,
}

impl fmt::Debug for HostRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:#x}", self.source.name().display(), self.offset)
    }
}

impl<T: DiskImage + ?Sized> DiskImage for &T {
    fn virtual_size(&self) -> u64 {
        (**self).virtual_size()
    }
    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        (**self).map(offset, len)
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, buf)
    }
    fn granularity(&self) -> u64 {
        (**self).granularity()
    }
}

impl<T: DiskImage + ?Sized> DiskImage for Box<T> {
    fn virtual_size(&self) -> u64 {
        (**self).virtual_size()
    }
    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        (**self).map(offset, len)
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, buf)
    }
    fn granularity(&self) -> u64 {
        (**self).granularity()
    }
}

/// Whether all bytes are zero.
///
/// Data that is not zero mostly shows it within the first words, so those are looked at alone before the fast scan.
pub fn is_zero(bytes: &[u8]) -> bool {
    const STRIDE: usize = 64;
    let (head, rest) = bytes.split_at(bytes.len().min(STRIDE));
    if head.iter().any(|&b| b != 0) {
        return false;
    }
    let mut chunks = rest.chunks_exact(4 * STRIDE);
    // Folding with `|` instead of leaving early inside a chunk lets the compiler use vector registers.
    chunks
        .by_ref()
        .all(|chunk| chunk.iter().fold(0, |acc, b| acc | b) == 0)
        && chunks.remainder().iter().all(|&b| b == 0)
}

#[cfg(test)]
mod tests {
    use super::is_zero;

    #[test]
    fn one_set_byte_anywhere_is_seen() {
        assert!(is_zero(&[]));
        for len in [1, 63, 64, 65, 319, 320, 321, 4096, 5000] {
            let mut bytes = vec![0; len];
            assert!(is_zero(&bytes));
            for at in 0..len {
                bytes[at] = 1;
                assert!(!is_zero(&bytes), "byte {at} of {len}");
                bytes[at] = 0;
            }
        }
    }
}
