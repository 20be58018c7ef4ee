//! Writing: every piece has its place already.

use v2v_disk::{Piece, Preallocation, Result, TargetFile, TargetImage, TargetSummary, WriteOp};

/// Holes smaller than a block of the usual file systems save nothing.
const BLOCK: u64 = 4096;

/// How a raw target is made.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RawOptions {
    /// What is allocated beforehand; [`Preallocation::Metadata`] is the same as `Off` here, there is no metadata.
    pub preallocation: Preallocation,
}

/// A raw image that is being written.
#[derive(Debug)]
pub struct RawTarget {
    file: TargetFile,
    virtual_size: u64,
    options: RawOptions,
}

impl RawTarget {
    /// A raw disk of `virtual_size` bytes in `file`, which is empty.
    ///
    /// # Errors
    ///
    /// If the file can't get that length or, preallocated, the space is not there.
    pub fn create(file: TargetFile, virtual_size: u64, options: RawOptions) -> Result<RawTarget> {
        file.set_len(virtual_size)?;
        if options.preallocation == Preallocation::Falloc {
            file.allocate(0, virtual_size)?;
        }
        Ok(RawTarget {
            file,
            virtual_size,
            options,
        })
    }
}

impl TargetImage for RawTarget {
    fn virtual_size(&self) -> u64 {
        self.virtual_size
    }

    fn cluster_size(&self) -> u64 {
        BLOCK
    }

    fn wants_zeros(&self) -> bool {
        self.options.preallocation == Preallocation::Full
    }

    fn place(&self, pieces: &[Piece], writes: &mut Vec<WriteOp>) -> Result<()> {
        for (index, piece) in pieces.iter().enumerate() {
            let (at, len) = match *piece {
                Piece::Stored { offset, len } | Piece::Zero { offset, len } => (offset, len),
                Piece::Encoded { offset, stored } => (offset, stored),
            };
            let len = len.min(self.virtual_size.saturating_sub(at));
            writes.push(WriteOp {
                piece: index,
                skip: 0,
                at,
                len,
            });
        }
        Ok(())
    }

    fn file(&self) -> &TargetFile {
        &self.file
    }

    fn finish(&self) -> Result<TargetSummary> {
        Ok(TargetSummary::new(self.virtual_size, 0))
    }

    fn into_file(self: Box<Self>) -> TargetFile {
        self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use v2v_disk::Existing;

    #[test]
    fn a_piece_goes_where_the_guest_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = TargetFile::create(dir.path().join("disk"), Existing::Keep).unwrap();
        let target = RawTarget::create(file, 10_000, RawOptions::default()).unwrap();
        let mut writes = Vec::new();
        target
            .place(
                &[Piece::Stored {
                    offset: 8192,
                    len: 4096,
                }],
                &mut writes,
            )
            .unwrap();
        assert_eq!(
            writes,
            [WriteOp {
                piece: 0,
                skip: 0,
                at: 8192,
                len: 1808
            }],
            "cut at the end of the disk"
        );
        assert_eq!(target.finish().unwrap().file_len, 10_000);
        let path = Box::new(target).into_file().commit().unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().len(), 10_000);
    }
}
