//! Places in the target file, and how often each cluster is used.
//!
//! Places are handed out front to back and never given back. So the counts of a stretch of the file are final as soon
//! as the next place lies behind it; its refcount block is written then and forgotten, and memory stays bounded
//! whatever the size of the file. Counts are 16 bits wide: byte-packed compressed clusters share host clusters.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions are bounded by the file size, which the file system bounds far below 2^63"
)]

use v2v_disk::{Error, Result, TargetFile};

use crate::writer::WriteError;

/// Logarithm of the width of a reference count in bits.
pub(crate) const REFCOUNT_ORDER: u32 = 4;
const COUNT_BYTES: u64 = 2;

/// QEMU refuses larger refcount tables.
const TABLE_MAX: u64 = 8 << 20;

/// Hands out places in the file and keeps the refcounts.
#[derive(Debug)]
pub(crate) struct Allocator {
    cluster: u64,
    /// First byte that is free.
    next: u64,
    /// Counts of the clusters from `counted_from` on; those before are in blocks already.
    counts: Vec<u16>,
    counted_from: u64,
    /// Offsets of the refcount blocks: the refcount table.
    blocks: Vec<u64>,
    /// Bytes handed out for blocks and table.
    overhead: u64,
}

impl Allocator {
    pub(crate) fn new(cluster_size: u64) -> Allocator {
        Allocator {
            cluster: cluster_size,
            next: 0,
            counts: Vec::new(),
            counted_from: 0,
            blocks: Vec::new(),
            overhead: 0,
        }
    }

    /// Clusters that one refcount block counts.
    fn per_block(&self) -> u64 {
        self.cluster / COUNT_BYTES
    }

    /// A place for `count` whole clusters in a row.
    pub(crate) fn clusters(&mut self, count: u64) -> u64 {
        let at = self.next.next_multiple_of(self.cluster);
        self.next = at + count * self.cluster;
        self.count(at, self.next);
        at
    }

    /// A place for `len` bytes right behind the last, which may share clusters with its neighbours.
    pub(crate) fn bytes(&mut self, len: u64) -> u64 {
        let at = self.next;
        self.next = at + len;
        self.count(at, self.next);
        at
    }

    /// Counts one use of every cluster that `start..end` touches.
    fn count(&mut self, start: u64, end: u64) {
        let first = (start / self.cluster - self.counted_from) as usize;
        let last = (end.div_ceil(self.cluster) - self.counted_from) as usize;
        if self.counts.len() < last {
            self.counts.resize(last, 0);
        }
        for count in self.counts.get_mut(first..last).unwrap_or_default() {
            // 65535 compressed clusters in one host cluster would each have to be smaller than 32 bytes; the writer
            // stops packing before that (see `full`).
            *count = count.saturating_add(1);
        }
    }

    /// Whether the cluster that is being packed takes no more users.
    fn full(&self) -> bool {
        self.counts.last() == Some(&u16::MAX)
    }

    /// Writes the refcount blocks whose counts are final. Called between pieces, when a new place may begin anywhere.
    pub(crate) fn flush(&mut self, file: &TargetFile) -> Result<()> {
        if self.full() {
            self.next = self.next.next_multiple_of(self.cluster);
        }
        while self.next >= (self.counted_from + self.per_block()) * self.cluster {
            let at = self.clusters(1);
            self.overhead += self.cluster;
            self.write_block(file, at)?;
        }
        Ok(())
    }

    /// Writes the counts of the oldest stretch at `at`.
    fn write_block(&mut self, file: &TargetFile, at: u64) -> Result<()> {
        if self.blocks.len() as u64 * 8 >= TABLE_MAX {
            let error = WriteError::RefcountTable {
                limit: TABLE_MAX / 8 * self.per_block() * self.cluster,
                cluster_size: self.cluster,
            };
            return Err(Error::format(file.path(), error));
        }
        let n = (self.per_block() as usize).min(self.counts.len());
        let mut bytes: Vec<u8> = self.counts.drain(..n).flat_map(u16::to_be_bytes).collect();
        bytes.resize(self.cluster as usize, 0);
        self.counted_from += self.per_block();
        self.blocks.push(at);
        file.write_all_at(at, &bytes)
    }

    /// Writes the blocks that are left and the refcount table.
    pub(crate) fn finish(mut self, file: &TargetFile) -> Result<Counted> {
        let used = self.next.div_ceil(self.cluster);
        let (blocks, table_clusters) = self.tail(used);
        let first_block = self.clusters(blocks);
        let table = self.clusters(table_clusters);
        self.overhead += (blocks + table_clusters) * self.cluster;
        for index in 0..blocks {
            self.write_block(file, first_block + index * self.cluster)?;
        }
        let bytes: Vec<u8> = self
            .blocks
            .iter()
            .copied()
            .flat_map(u64::to_be_bytes)
            .collect();
        file.write_all_at(table, &bytes)?;
        file.set_len(self.next)?;
        Ok(Counted {
            table,
            table_clusters,
            file_len: self.next,
            overhead: self.overhead,
        })
    }

    /// Blocks and table clusters to add after `used` clusters, so that they count themselves too.
    fn tail(&self, used: u64) -> (u64, u64) {
        let (mut blocks, mut table) = (0, 0);
        loop {
            let total_blocks = (used + blocks + table).div_ceil(self.per_block());
            let need = total_blocks - self.blocks.len() as u64;
            let need_table = (total_blocks * 8).div_ceil(self.cluster);
            if (need, need_table) == (blocks, table) {
                return (blocks, table);
            }
            (blocks, table) = (need, need_table);
        }
    }
}

/// Where the refcounts of a finished file lie.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    /// Offset of the refcount table.
    pub(crate) table: u64,
    pub(crate) table_clusters: u64,
    pub(crate) file_len: u64,
    /// Bytes of blocks and table.
    pub(crate) overhead: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use v2v_disk::Existing;

    /// Replays a mix of places and checks every count in the finished file against a plain tally.
    #[test]
    fn counts_are_those_of_a_plain_tally() {
        for cluster in [512u64, 4096] {
            let dir = tempfile::tempdir().unwrap();
            let file = TargetFile::create(dir.path().join("x"), Existing::Keep).unwrap();
            let mut allocator = Allocator::new(cluster);
            let mut tally = std::collections::BTreeMap::<u64, u16>::new();
            let mut seed = 1u64;
            let mut last = 0;
            for _ in 0..3000 {
                seed = seed
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let (at, len) = if seed >> 63 == 0 {
                    let n = 1 + (seed >> 33) % 5;
                    (allocator.clusters(n), n * cluster)
                } else {
                    let n = 1 + (seed >> 33) % (cluster - 1);
                    (allocator.bytes(n), n)
                };
                assert!(at >= last, "front to back");
                last = at + len;
                for index in at / cluster..last.div_ceil(cluster) {
                    *tally.entry(index).or_default() += 1;
                }
                allocator.flush(&file).unwrap();
                assert!(
                    allocator.counts.len() as u64 <= allocator.per_block() + 5,
                    "memory stays bounded"
                );
            }
            let counted = allocator.finish(&file).unwrap();
            check_counts(&file, cluster, counted, &tally);
        }
    }

    #[test]
    fn a_refcount_table_that_qemu_refuses_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = TargetFile::create(dir.path().join("x"), Existing::Keep).unwrap();
        let mut allocator = Allocator::new(512);
        // As if 128 GiB less one stretch had been written.
        allocator.blocks = vec![512; (1 << 20) - 1];
        allocator.counted_from = 256 * ((1 << 20) - 1);
        allocator.next = allocator.counted_from * 512;
        allocator.clusters(256);
        allocator.flush(&file).unwrap();
        let err = allocator.finish(&file).unwrap_err().to_string();
        assert!(
            err.ends_with(
                "x: the file grew past 137438953472 bytes, whose clusters of 512 bytes QEMU can't count; use larger clusters"
            ),
            "{err}"
        );
    }

    fn check_counts(
        file: &TargetFile,
        cluster: u64,
        counted: Counted,
        tally: &std::collections::BTreeMap<u64, u16>,
    ) {
        let clusters = counted.file_len / cluster;
        let per_block = cluster / 2;
        let mut metadata = std::collections::BTreeSet::new();
        metadata.extend((0..counted.table_clusters).map(|i| counted.table / cluster + i));
        let mut found = Vec::new();
        for range in 0..clusters.div_ceil(per_block) {
            let mut entry = [0; 8];
            file.read_exact_at(counted.table + range * 8, &mut entry)
                .unwrap();
            let block = u64::from_be_bytes(entry);
            metadata.insert(block / cluster);
            let mut counts = vec![0; cluster as usize];
            file.read_exact_at(block, &mut counts).unwrap();
            found.extend(counts.chunks(2).map(|c| u16::from_be_bytes([c[0], c[1]])));
        }
        for index in 0..clusters {
            let expected =
                tally.get(&index).copied().unwrap_or(0) + u16::from(metadata.contains(&index));
            assert_eq!(
                found[index as usize], expected,
                "cluster {index} of {clusters}"
            );
        }
        assert!(found[clusters as usize..].iter().all(|&count| count == 0));
        assert_eq!(counted.overhead, metadata.len() as u64 * cluster);
    }
}
