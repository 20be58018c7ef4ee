//! Why an image can't be used.

use std::path::PathBuf;

use v2v_disk::Class;

/// Why an image can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A format's own complaint, or a file that can't be read.
    #[error(transparent)]
    Disk(#[from] v2v_disk::Error),
    /// Nothing says what the file is.
    #[error("{}: not recognised as a disk image; if it is a raw disk, say so with -f raw", file.display())]
    Unrecognised {
        /// The file.
        file: PathBuf,
    },
    /// A known format that can't be read.
    #[error("{}: is {}", file.display(), advice(name))]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is, and what to do if that differs from converting it.
        name: &'static str,
    },
    /// The parent is not the one the snapshot was taken of.
    #[error(
        "{}: content id of the parent {} is {found}, expected {expected}; the parent was changed after the snapshot, or is \
         another disk (--ignore-cid reads it all the same)",
        child.display(), parent.display()
    )]
    CidMismatch {
        /// The snapshot.
        child: PathBuf,
        /// Its parent.
        parent: PathBuf,
        /// The parent's content id as the snapshot has it.
        expected: String,
        /// The parent's content id.
        found: String,
    },
    /// A snapshot whose parent has no name.
    #[error("{}: names the content id {cid} of a parent and no file (parentFileNameHint)", file.display())]
    NoParentName {
        /// The snapshot.
        file: PathBuf,
        /// The content id.
        cid: String,
    },
    /// A parent of a format that can't be one.
    #[error("{}: its parent {} is a {found} image, expected {expected}", child.display(), parent.display())]
    ParentFormat {
        /// The snapshot.
        child: PathBuf,
        /// Its parent.
        parent: PathBuf,
        /// The parent's format.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A qcow2 image that does not say what its backing file is.
    #[error(
        "{}: has the backing file {name:?} without a format, and formats are not guessed; state it with \
         qemu-img rebase -u -F FORMAT -b FILE", file.display()
    )]
    BackingFormat {
        /// The image.
        file: PathBuf,
        /// Its backing file as it spells it.
        name: String,
    },
    /// A chain that comes back to itself.
    #[error("{}: is its own ancestor", file.display())]
    Loop {
        /// The image that comes up twice.
        file: PathBuf,
    },
    /// A chain longer than the limit.
    #[error("{}: more than {limit} images in one chain", file.display())]
    Depth {
        /// The image that is one too many.
        file: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The file that should be the top is not in the chain.
    #[error("{}: is not in the chain of {}; the chain is {}", wanted.display(), file.display(), chain.join(", "))]
    NotInChain {
        /// The file asked for.
        wanted: PathBuf,
        /// The image that was opened.
        file: PathBuf,
        /// The files of the chain, top first.
        chain: Vec<String>,
    },
    /// An internal snapshot of an image that has none by design.
    #[error("{}: a {format} image has no internal snapshots", file.display())]
    NoSnapshots {
        /// The image.
        file: PathBuf,
        /// Its format.
        format: crate::Format,
    },
}

fn advice(name: &str) -> String {
    match name.contains([';', ',']) {
        true => name.to_owned(),
        false => format!("{name}, which can't be read; convert it with qemu-img first"),
    }
}

impl Error {
    /// What an embedder does about it.
    pub fn class(&self) -> Class {
        match self {
            Error::Disk(error) => error.class(),
            Error::Unrecognised { .. } => Class::NotThisFormat,
            Error::Foreign { .. } | Error::BackingFormat { .. } | Error::NoSnapshots { .. } => {
                Class::Unsupported
            }
            Error::Depth { .. } => Class::Limit,
            Error::NotInChain { .. } => Class::Missing,
            _ => Class::Corrupt,
        }
    }
}
