//! Why a copy ended early.

use v2v_disk::Class;

/// Why a copy ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source or the target failed.
    #[error(transparent)]
    Disk(#[from] v2v_disk::Error),
    /// [`crate::Reflink::Always`] was asked for and the two files can't share blocks.
    #[error("{why}; use --reflink auto to copy instead")]
    Reflink {
        /// What stands in the way.
        why: String,
    },
    /// The hole size is not one the engine can work with.
    #[error("hole size is {found} bytes, expected at most {max}")]
    HoleSize {
        /// The size asked for.
        found: u64,
        /// The largest that is possible.
        max: u64,
    },
    /// The target was made for a disk of another size.
    #[error("the target holds {target} bytes, the source has {disk}")]
    Size {
        /// Virtual size of the source in bytes.
        disk: u64,
        /// Virtual size of the target in bytes.
        target: u64,
    },
    /// [`crate::CopyOptions::keep_below`] was asked for and the target has no backing file to keep it in.
    #[error("parts of the disk are to be left to a backing file, and the target has none")]
    NoBacking,
    /// A stream gave a unit that does not fit the unit size it declared.
    #[error("stream gives {len} bytes at {offset:#x}, which is not one of its units")]
    Grain {
        /// First guest byte.
        offset: u64,
        /// Length in bytes.
        len: u64,
    },
}

impl Error {
    /// What an embedder does about it.
    pub fn class(&self) -> Class {
        match self {
            Error::Disk(error) => error.class(),
            Error::Reflink { .. } => Class::Unsupported,
            Error::Grain { .. } => Class::Corrupt,
            Error::NoBacking => Class::Unsupported,
            Error::HoleSize { .. } | Error::Size { .. } => Class::Limit,
        }
    }
}
