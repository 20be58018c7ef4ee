//! The bytes of an allocated run, as functions of the position.

use super::rng::{mix, nth};

/// How the bytes of a run come about. Any part of a pattern can be had without the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Zeros that are allocated: a writer may store them, a delta must hide its parent with them.
    Zero,
    /// One byte over and over.
    Fill(u8),
    /// Bytes no compressor can shrink, by seed.
    Random(u64),
    /// Lines of words, about as compressible as a log file, by seed.
    Text(u64),
}

const LINE: u64 = 64;
const WORDS: [&[u8]; 8] = [
    b"kernel ",
    b"mount ",
    b"sector ",
    b"started ",
    b"eth0 ",
    b"link up ",
    b"unit ",
    b"done ",
];

impl Pattern {
    /// Fills `out` with the bytes of the pattern from `position` on.
    pub fn fill(self, position: u64, out: &mut [u8]) {
        match self {
            Self::Zero => out.fill(0),
            Self::Fill(byte) => out.fill(byte),
            Self::Random(seed) => pieces(position, out, |n| nth(seed, n).to_le_bytes()),
            Self::Text(seed) => pieces(position, out, |n| line(seed, n)),
        }
    }
}

/// Fills `out` from pieces of `N` bytes, numbered from position 0.
fn pieces<const N: usize>(mut position: u64, mut out: &mut [u8], piece: impl Fn(u64) -> [u8; N]) {
    while !out.is_empty() {
        let bytes = piece(position / N as u64);
        let skip = (position % N as u64) as usize;
        let len = out.len().min(N - skip);
        let (now, later) = out.split_at_mut(len);
        now.copy_from_slice(&bytes[skip..skip + len]);
        position += len as u64;
        out = later;
    }
}

fn line(seed: u64, number: u64) -> [u8; LINE as usize] {
    let mut line = [b'.'; LINE as usize];
    line[63] = b'\n';
    let stamp = format!("{:08x} {number:010} ", mix(seed) >> 32);
    line[..stamp.len()].copy_from_slice(stamp.as_bytes());
    let (mut at, mut choice) = (stamp.len(), nth(seed, number));
    loop {
        let word = WORDS[(choice & 7) as usize];
        if at + word.len() > 63 {
            return line;
        }
        line[at..at + word.len()].copy_from_slice(word);
        at += word.len();
        choice >>= 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_equals_the_whole() {
        for pattern in [
            Pattern::Zero,
            Pattern::Fill(7),
            Pattern::Random(3),
            Pattern::Text(4),
        ] {
            let (mut whole, mut part) = ([0; 1000], [0; 333]);
            pattern.fill(5, &mut whole);
            pattern.fill(5 + 201, &mut part);
            assert_eq!(whole[201..201 + 333], part, "{pattern:?}");
        }
    }
}
