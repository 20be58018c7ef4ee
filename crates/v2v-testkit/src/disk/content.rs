//! A guest disk as a list of runs.

use std::ops::Range;
use std::path::Path;

use super::{Pattern, Rng};
use crate::SECTOR;
use crate::target::{SparseFile, Target};

/// Memory used at a time when a disk is written out.
const PIECE: u64 = 1 << 20;

/// An allocated run of a disk. Offsets and lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the run begins on the guest's disk.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
    /// What it holds.
    pub pattern: Pattern,
    /// Position in the pattern of the run's first byte; not 0 once a run was cut.
    pub phase: u64,
}

impl Run {
    /// A run of `len` bytes at `offset`.
    pub fn new(offset: u64, len: u64, pattern: Pattern) -> Self {
        Self {
            offset,
            len,
            pattern,
            phase: 0,
        }
    }

    fn end(&self) -> u64 {
        self.offset + self.len
    }

    /// The part inside `range`, if any.
    fn cut(&self, range: &Range<u64>) -> Option<Self> {
        let (start, end) = (self.offset.max(range.start), self.end().min(range.end));
        let phase = self.phase + start.saturating_sub(self.offset);
        (start < end).then(|| Self {
            offset: start,
            len: end - start,
            phase,
            ..*self
        })
    }
}

/// What the guest reads from a disk: the size, and runs of bytes on it. Between the runs nothing is allocated, which
/// reads as zeros or, in a delta, as the parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    size: u64,
    /// Sorted, disjoint, not empty, inside `size`.
    runs: Vec<Run>,
}

impl Content {
    /// A disk of `size` bytes with nothing on it.
    pub fn empty(size: u64) -> Self {
        Self {
            size,
            runs: Vec::new(),
        }
    }

    /// A disk full of incompressible bytes.
    pub fn full(seed: u64, size: u64) -> Self {
        Self::empty(size).with(Run::new(0, size, Pattern::Random(seed)))
    }

    /// A disk with `runs` on it, later ones over earlier ones.
    pub fn from_runs(size: u64, runs: impl IntoIterator<Item = Run>) -> Self {
        runs.into_iter().fold(Self::empty(size), Self::with)
    }

    /// `n` allocated grains of `grain` bytes, spread evenly over the disk with jitter; every third is text, the others
    /// are incompressible. Fewer than `n` if the disk has fewer grains. A last partial grain ends with the disk.
    pub fn scattered(seed: u64, size: u64, grain: u64, n: u64) -> Self {
        let mut rng = Rng::new(seed);
        let grains = size.div_ceil(grain);
        let n = n.min(grains);
        let slot = |i: u64| (u128::from(grains) * u128::from(i) / u128::from(n)) as u64;
        let run = |i: u64| {
            let offset = (slot(i) + rng.below(slot(i + 1) - slot(i))) * grain;
            let key = rng.next_u64();
            let pattern = if i % 3 == 2 {
                Pattern::Text(key)
            } else {
                Pattern::Random(key)
            };
            Run::new(offset, grain.min(size - offset), pattern)
        };
        Self {
            size,
            runs: (0..n).map(run).collect(),
        }
    }

    /// Runs of incompressible bytes, text, zeros and nothing, in random order, of random lengths in whole sectors.
    pub fn mixed(seed: u64, size: u64) -> Self {
        let mut rng = Rng::new(seed);
        let longest = (size / SECTOR / 24).max(8);
        let (mut at, mut runs) = (0, Vec::new());
        while at < size {
            let len = ((1 + rng.below(longest)) * SECTOR).min(size - at);
            let pattern = match rng.below(8) {
                0..=2 => Some(Pattern::Random(rng.next_u64())),
                3..=4 => Some(Pattern::Text(rng.next_u64())),
                5 => Some(Pattern::Zero),
                _ => None,
            };
            runs.extend(pattern.map(|pattern| Run::new(at, len, pattern)));
            at += len;
        }
        Self { size, runs }
    }

    /// The disk with `run` on top of what is there. What lies past the end of the disk is cut off.
    #[must_use]
    pub fn with(mut self, run: Run) -> Self {
        let Some(run) = run.cut(&(0..self.size)) else {
            return self;
        };
        let old = std::mem::take(&mut self.runs);
        self.runs
            .extend(old.iter().filter_map(|r| r.cut(&(0..run.offset))));
        self.runs.push(run);
        self.runs
            .extend(old.iter().filter_map(|r| r.cut(&(run.end()..u64::MAX))));
        self
    }

    /// This disk as a delta over `parent`: where nothing is allocated here the parent shows. The size stays, so a
    /// smaller parent leaves nothing past its end.
    #[must_use]
    pub fn over(&self, parent: &Self) -> Self {
        let (mut runs, mut at) = (Vec::new(), 0);
        for run in &self.runs {
            runs.extend(parent.cut(at..run.offset));
            runs.push(*run);
            at = run.end();
        }
        runs.extend(parent.cut(at..self.size));
        Self {
            size: self.size,
            runs,
        }
    }

    /// What a format with grains of `grain` bytes makes of this disk: a grain is stored whole, so zeros fill the gaps
    /// of every grain that holds anything. Equal bytes, but a delta hides more of its parent.
    #[must_use]
    pub fn aligned(&self, grain: u64) -> Self {
        let mut whole = Self::empty(self.size);
        for number in self.grains(grain) {
            let zeros = Run::new(
                number * grain,
                grain.min(self.size - number * grain),
                Pattern::Zero,
            );
            match whole.runs.last_mut() {
                Some(last) if last.end() == zeros.offset => last.len += zeros.len,
                _ => whole.runs.push(zeros),
            }
        }
        self.over(&whole)
    }

    /// The part `range` as a disk of its own.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let moved = |run: Run| Run {
            offset: run.offset - range.start,
            ..run
        };
        let runs = self.cut(range.clone()).into_iter().map(moved).collect();
        Self {
            size: range.end - range.start,
            runs,
        }
    }

    /// The disks one after the other, as the extents of one.
    #[must_use]
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut whole = Self::empty(0);
        for part in parts {
            whole.runs.extend(part.runs.iter().map(|run| Run {
                offset: run.offset + whole.size,
                ..*run
            }));
            whole.size += part.size;
        }
        whole
    }

    /// The disk with another size: cut off, or with nothing allocated behind.
    #[must_use]
    pub fn resized(&self, size: u64) -> Self {
        Self {
            size,
            runs: self.cut(0..size),
        }
    }

    /// What the guest sees as the disk's size, in bytes.
    pub fn virtual_size(&self) -> u64 {
        self.size
    }

    /// The virtual size in sectors.
    ///
    /// # Panics
    ///
    /// If the size is not whole sectors; no VMDK can hold such a disk.
    pub fn sectors(&self) -> u64 {
        assert_eq!(
            self.size % SECTOR,
            0,
            "a disk of {} bytes is not whole sectors",
            self.size
        );
        self.size / SECTOR
    }

    /// The allocated runs in order; neighbours are not joined.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Whether anything is allocated in `range` of bytes. Allocated zeros count.
    pub fn is_allocated(&self, range: Range<u64>) -> bool {
        !self.cut(range).is_empty()
    }

    /// The bytes at `offset`. Where nothing is allocated, and past the end of the disk, they are 0.
    pub fn read(&self, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        for run in self.cut(offset..offset + len as u64) {
            let at = (run.offset - offset) as usize;
            run.pattern
                .fill(run.phase, &mut out[at..at + run.len as usize]);
        }
        out
    }

    /// The whole disk. For small disks.
    ///
    /// # Panics
    ///
    /// If the disk is larger than 1 GiB: compare such a disk in pieces.
    pub fn to_vec(&self) -> Vec<u8> {
        assert!(
            self.size <= 1 << 30,
            "{} bytes are too many for memory",
            self.size
        );
        self.read(0, self.size as usize)
    }

    /// Numbers of the grains of `grain` bytes that hold anything allocated, ascending. Costs what is allocated, not
    /// what the disk could hold.
    pub fn grains(&self, grain: u64) -> Vec<u64> {
        let touched = |run: &Run| run.offset / grain..run.end().div_ceil(grain);
        let mut grains: Vec<u64> = self.runs.iter().flat_map(touched).collect();
        grains.dedup();
        grains
    }

    /// Writes the disk's bytes into `target` from byte `at` on, and makes it long enough for the rest.
    pub fn put_into(&self, target: &mut dyn Target, at: u64) {
        // A target is zero to begin with; huge runs of zeros would only take time.
        for run in self.runs.iter().filter(|run| run.pattern != Pattern::Zero) {
            for offset in (run.offset..run.end()).step_by(PIECE as usize) {
                let len = PIECE.min(run.end() - offset);
                target.put(at + offset, &self.read(offset, len as usize));
            }
        }
        target.grow(at + self.size);
    }

    /// Writes the disk as a sparse raw file, for `qemu-img compare` with a disk too large for memory.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn write_raw(&self, path: &Path) {
        self.put_into(&mut SparseFile::create(path), 0);
    }

    /// The runs inside `range`, cut to it.
    fn cut(&self, range: Range<u64>) -> Vec<Run> {
        let first = self.runs.partition_point(|run| run.end() <= range.start);
        let near = self.runs[first..]
            .iter()
            .take_while(|run| run.offset < range.end);
        near.filter_map(|run| run.cut(&range)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 300_032;

    #[test]
    fn a_part_equals_the_whole() {
        let disk = Content::mixed(5, SIZE);
        let whole = disk.to_vec();
        for at in [0, 1, 511, 70_000, SIZE - 1] {
            let len = 9_999.min(SIZE - at) as usize;
            assert_eq!(disk.read(at, len), whole[at as usize..][..len]);
            assert_eq!(
                disk.slice(at..at + len as u64).to_vec(),
                whole[at as usize..][..len]
            );
        }
        assert_eq!(disk.read(SIZE, 4), [0; 4]);
        assert_eq!(
            Content::concat([&disk.slice(0..777), &disk.slice(777..SIZE)]).to_vec(),
            whole
        );
    }

    #[test]
    fn mixed_has_every_kind() {
        let disk = Content::mixed(1, 1 << 20);
        let has = |wanted: fn(&Pattern) -> bool| disk.runs().iter().any(|run| wanted(&run.pattern));
        assert!(has(|p| matches!(p, Pattern::Random(_))));
        assert!(has(|p| matches!(p, Pattern::Text(_))));
        assert!(has(|p| matches!(p, Pattern::Zero)));
        assert!(disk.runs().iter().map(|run| run.len).sum::<u64>() < disk.virtual_size());
    }

    #[test]
    fn over_shows_the_parent_in_the_gaps() {
        let (child, parent) = (Content::mixed(2, SIZE), Content::full(3, SIZE - 4096));
        let (flat, top, below) = (
            child.over(&parent).to_vec(),
            child.to_vec(),
            parent.resized(SIZE).to_vec(),
        );
        for at in 0..SIZE {
            let from = if child.is_allocated(at..at + 1) {
                &top
            } else {
                &below
            };
            assert_eq!(flat[at as usize], from[at as usize], "byte {at}");
        }
    }

    #[test]
    fn aligned_fills_whole_grains() {
        let disk = Content::scattered(4, SIZE, 1000, 7);
        let aligned = disk.aligned(4096);
        assert_eq!(disk.to_vec(), aligned.to_vec());
        for grain in 0..SIZE.div_ceil(4096) {
            let range = grain * 4096..((grain + 1) * 4096).min(SIZE);
            let covered: u64 = aligned.cut(range.clone()).iter().map(|run| run.len).sum();
            let expected = if disk.is_allocated(range.clone()) {
                range.end - range.start
            } else {
                0
            };
            assert_eq!(covered, expected, "grain {grain}");
        }
    }

    #[test]
    fn with_cuts_what_it_covers() {
        let disk = Content::full(1, 4096).with(Run::new(1000, 100, Pattern::Fill(9)));
        assert_eq!(disk.runs().len(), 3);
        assert_eq!(disk.read(999, 102)[1..101], [9; 100]);
        assert_eq!(disk.read(1100, 100), Content::full(1, 4096).read(1100, 100));
    }

    #[test]
    fn scattered_costs_what_it_holds() {
        let disk = Content::scattered(1, 16 << 40, 65536, 100);
        assert_eq!(disk.grains(65536).len(), 100);
        assert!(disk.runs().last().unwrap().offset > 15 << 40);
        assert!(
            disk.is_allocated(0..16 << 40) && !disk.is_allocated(disk.virtual_size()..u64::MAX)
        );
    }
}
