//! A hash of what the guest sees.
//!
//! The disk is cut into blocks of 64 KiB. The digest is the hash of: a tag with algorithm and block size, the virtual
//! size, then for every block that is not all zeros its index (u64, little-endian) and the hash of its bytes (the last
//! block may be short). So it is the same whatever the container, the order of work and the number of threads, and a
//! hole costs nothing.

use std::fmt;

use sha2::{Digest as _, Sha256};
use v2v_disk::is_zero;

/// Bytes hashed as one.
pub(crate) const BLOCK: usize = 64 << 10;

/// The hash function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Fast.
    #[default]
    Blake3,
    /// Where a standard is asked for.
    Sha256,
}

impl Algorithm {
    /// `blake3` or `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Blake3 => "blake3",
            Algorithm::Sha256 => "sha256",
        }
    }

    fn hash(self, bytes: &[u8]) -> [u8; 32] {
        match self {
            Algorithm::Blake3 => *blake3::hash(bytes).as_bytes(),
            Algorithm::Sha256 => Sha256::digest(bytes).into(),
        }
    }
}

/// The hash of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskDigest {
    /// The hash function.
    pub algorithm: Algorithm,
    /// Bytes hashed as one.
    pub block_size: u64,
    /// The digest.
    pub value: [u8; 32],
}

impl fmt::Display for DiskDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The hash of one block that is not all zeros.
pub(crate) type BlockHash = (u64, [u8; 32]);

/// Appends the hashes of the blocks of `bytes`, which begin at guest byte `offset`, a multiple of [`BLOCK`].
pub(crate) fn hash_blocks(
    algorithm: Algorithm,
    offset: u64,
    bytes: &[u8],
    out: &mut Vec<BlockHash>,
) {
    let first = offset.checked_div(BLOCK as u64).unwrap_or(0);
    for (index, block) in (first..).zip(bytes.chunks(BLOCK)) {
        if !is_zero(block) {
            out.push((index, algorithm.hash(block)));
        }
    }
}

/// Takes block hashes in guest order.
#[derive(Debug)]
pub(crate) struct Hasher {
    algorithm: Algorithm,
    outer: Outer,
}

#[derive(Debug)]
enum Outer {
    Blake3(Box<blake3::Hasher>),
    Sha256(Sha256),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm, virtual_size: u64) -> Hasher {
        let outer = match algorithm {
            Algorithm::Blake3 => Outer::Blake3(Box::default()),
            Algorithm::Sha256 => Outer::Sha256(Sha256::new()),
        };
        let mut hasher = Hasher { algorithm, outer };
        hasher.update(b"v2v-disk-digest/1 ");
        hasher.update(algorithm.name().as_bytes());
        hasher.update(&(BLOCK as u64).to_le_bytes());
        hasher.update(&virtual_size.to_le_bytes());
        hasher
    }

    fn update(&mut self, bytes: &[u8]) {
        match &mut self.outer {
            Outer::Blake3(outer) => {
                outer.update(bytes);
            }
            Outer::Sha256(outer) => outer.update(bytes),
        }
    }

    pub(crate) fn blocks(&mut self, blocks: &[BlockHash]) {
        for (index, hash) in blocks {
            self.update(&index.to_le_bytes());
            self.update(hash);
        }
    }

    pub(crate) fn finish(self) -> DiskDigest {
        let value = match self.outer {
            Outer::Blake3(outer) => *outer.finalize().as_bytes(),
            Outer::Sha256(outer) => outer.finalize().into(),
        };
        DiskDigest {
            algorithm: self.algorithm,
            block_size: BLOCK as u64,
            value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(disk: &[u8], algorithm: Algorithm) -> DiskDigest {
        let mut hasher = Hasher::new(algorithm, disk.len() as u64);
        let mut blocks = Vec::new();
        hash_blocks(algorithm, 0, disk, &mut blocks);
        hasher.blocks(&blocks);
        hasher.finish()
    }

    #[test]
    fn place_size_and_content_count() {
        for algorithm in [Algorithm::Blake3, Algorithm::Sha256] {
            let mut disk = vec![0; 3 * BLOCK];
            let zero = digest(&disk, algorithm);
            assert_ne!(zero, digest(&disk[..2 * BLOCK], algorithm), "size");
            disk[0] = 1;
            let first = digest(&disk, algorithm);
            disk.swap(0, BLOCK);
            assert_ne!(first, digest(&disk, algorithm), "place");
            assert_ne!(first, zero, "content");
        }
    }

    #[test]
    fn the_definition_holds() {
        let mut expected = Sha256::new();
        expected.update(b"v2v-disk-digest/1 sha256");
        expected.update(65536u64.to_le_bytes());
        expected.update(70000u64.to_le_bytes());
        expected.update(1u64.to_le_bytes());
        let mut disk = vec![0; 70000];
        disk[69999] = 5;
        expected.update(Sha256::digest(&disk[65536..]));
        let expected: [u8; 32] = expected.finalize().into();
        assert_eq!(digest(&disk, Algorithm::Sha256).value, expected);
    }
}
