//! What a conversion writes into.

use v2v_disk::{Result, TargetFile, TargetImage};
use v2v_qcow2::{Qcow2Target, WriteOptions};
use v2v_raw::{RawOptions, RawTarget};

/// A format that can be written, with its options.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TargetFormat {
    /// The bytes of the disk.
    Raw(RawOptions),
    /// QEMU copy-on-write.
    Qcow2(WriteOptions),
}

impl TargetFormat {
    /// An image of `virtual_size` bytes in the empty `file`.
    ///
    /// # Errors
    ///
    /// If the options don't fit each other or the size, or the file system is full.
    pub fn create(&self, file: TargetFile, virtual_size: u64) -> Result<Box<dyn TargetImage>> {
        Ok(match self {
            TargetFormat::Raw(options) => {
                Box::new(RawTarget::create(file, virtual_size, options.clone())?)
            }
            TargetFormat::Qcow2(options) => {
                Box::new(Qcow2Target::create(file, virtual_size, options.clone())?)
            }
        })
    }
}
