//! A disk that arrives once, front to back.

use crate::Result;

/// A disk read from a pipe: stored units come in ascending guest order, and what does not come reads as zeros.
pub trait DiskStream: Send {
    /// Size in bytes of the disk as the guest sees it.
    fn virtual_size(&self) -> u64;

    /// The unit in bytes in which data arrives.
    fn granularity(&self) -> u64;

    /// The next stored unit, or `None` once the stream has ended as its format demands.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Format`] if the stream is cut off, broken or not in ascending order.
    fn next_grain(&mut self) -> Result<Option<StoredGrain>>;
}

/// Turns stored bytes into guest bytes: called once, with a buffer of exactly the unit's length.
pub type Decode = Box<dyn FnOnce(&mut [u8]) -> Result<()> + Send>;

/// One unit of a [`DiskStream`], still as it was stored, so that another thread can decode it.
pub struct StoredGrain {
    /// First guest byte.
    pub offset: u64,
    /// Guest bytes; a whole unit, or less at the end of the disk.
    pub len: u64,
    /// Gives the guest bytes.
    pub decode: Decode,
}
