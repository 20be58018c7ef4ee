//! One error type for everything behind the seam.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::GateError;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an embedder does about an error, whatever format it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The bytes are not of the format they were opened as.
    NotThisFormat,
    /// The format is right, the content breaks its rules.
    Corrupt,
    /// The content is valid and uses a feature that is not supported; the text names it.
    Unsupported,
    /// A file that is needed is not there.
    Missing,
    /// A file lies where the open policy does not reach.
    Denied,
    /// The content asks for more than [`crate::Limits`] grants.
    Limit,
    /// Reading or writing failed.
    Io,
    /// The caller asked to stop.
    Cancelled,
}

/// An error of a format: knows offsets and fields, not file names.
pub trait FormatError: std::error::Error + Send + Sync + 'static {
    /// What an embedder does about it.
    fn class(&self) -> Class;
}

/// Why a disk could not be opened, mapped, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a read, a write or another call on `file`.
    #[error("{}: cannot {action}{}: {error}", file.display(), At(*offset))]
    Io {
        /// The file as the user knows it.
        file: PathBuf,
        /// The verb that failed: `open`, `read`, `write`.
        action: &'static str,
        /// Byte position in the file, where there is one.
        offset: Option<u64>,
        /// What the system said; not repeated as `source()`, the text has it.
        error: io::Error,
    },
    /// The content of `file` is not what its format demands.
    #[error("{}: {error}", file.display())]
    Format {
        /// The file as the user knows it.
        file: PathBuf,
        /// What is wrong, with place, found and expected.
        error: Box<dyn FormatError>,
    },
    /// A file named by another file was not opened.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The caller asked to stop.
    #[error("interrupted")]
    Cancelled,
}

/// ` at byte 0x2c`, or nothing.
struct At(Option<u64>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(offset) => write!(f, " at byte {offset:#x}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// A failed system call on `file`.
    pub fn io(file: impl AsRef<Path>, action: &'static str, error: io::Error) -> Self {
        Error::Io {
            file: file.as_ref().to_path_buf(),
            action,
            offset: None,
            error,
        }
    }

    /// A failed system call at a byte position of `file`.
    pub fn io_at(
        file: impl AsRef<Path>,
        action: &'static str,
        offset: u64,
        error: io::Error,
    ) -> Self {
        Error::Io {
            file: file.as_ref().to_path_buf(),
            action,
            offset: Some(offset),
            error,
        }
    }

    /// A format's error, with the name of the file it was found in.
    pub fn format(file: impl AsRef<Path>, error: impl FormatError) -> Self {
        Error::Format {
            file: file.as_ref().to_path_buf(),
            error: Box::new(error),
        }
    }

    /// What an embedder does about it.
    pub fn class(&self) -> Class {
        match self {
            Error::Io { error, .. } => match error.kind() {
                io::ErrorKind::NotFound => Class::Missing,
                _ => Class::Io,
            },
            Error::Format { error, .. } => error.class(),
            Error::Gate(error) => error.class(),
            Error::Cancelled => Class::Cancelled,
        }
    }
}
