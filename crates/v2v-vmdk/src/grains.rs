//! Directory -> table -> grain: the walk that all sparse kinds share.
//!
//! Hosted sparse, COWD and seSparse differ in the width of an entry and in what an entry means; see [`Rules`]. The
//! directory is checked as a whole when the extent is opened and stays in memory, tables come through the cache, and
//! an entry is checked when it is met.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "offsets are below the capacity and places below the file's length, both checked against limits at opening"
)]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use v2v_disk::{Error as DiskError, Source};

use crate::Error;
use crate::header::{Packing, SECTOR};
use crate::io;
use crate::packed::PackedGrain;
use crate::table_cache::{Table, TableCache};

/// How far one call looks ahead for a longer piece.
const TABLES_PER_CALL: usize = 32;
/// How much table is read at once where tables lie one behind the other: 4 GiB of a hosted sparse disk.
const BATCH_BYTES: u64 = 256 << 10;

/// What an entry of a table means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rules {
    /// 32 bits: 0 absent, 1 zeros if the header says so, else a sector of the file.
    Hosted {
        zeroed_grains: bool,
        packing: Packing,
    },
    /// 32 bits: 0 absent, else a sector of the file.
    Cowd,
    /// 64 bits: a type and a grain number; places in bytes.
    SeSparse { tables_at: u64, grains_at: u64 },
}

/// A sparse extent, ready to be read.
pub(crate) struct Grains {
    /// The file.
    pub(crate) source: Source,
    /// Where the tables are: the file, or memory if they were rebuilt from the grains' markers.
    pub(crate) tables: Source,
    /// Bytes of the extent's disk.
    pub(crate) capacity: u64,
    /// log2 of the bytes in a grain.
    pub(crate) grain_shift: u32,
    /// Entries in a table.
    pub(crate) entries_per_table: u64,
    /// One entry for each table, 0 if it is absent: a sector of `tables`; for seSparse the table's number plus 1.
    pub(crate) directory: Vec<u32>,
    pub(crate) rules: Rules,
    /// Bytes of the file that no grain may overlap: the header, or the descriptor behind it.
    pub(crate) reserved: Range<u64>,
    /// First half of the key in the cache.
    pub(crate) extent: u32,
    /// Tells the grains of this disk from those of another in what a thread remembers.
    pub(crate) serial: u64,
}

/// Where a run of grains is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not in this file.
    Absent,
    /// Zeros, whatever the parent has.
    Zero,
    /// From this byte of the file on.
    Stored(u64),
    /// One compressed grain, from this byte of the file on.
    Packed(u64),
}

/// A piece of the extent's disk that is of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Bytes from the asked offset on.
    pub(crate) len: u64,
    /// Where the byte at the asked offset is; for a packed grain where the grain begins.
    pub(crate) place: Place,
    /// For a packed grain, where the next one begins if the table gives it away.
    next: Option<u64>,
}

/// A number no other disk of this process has.
pub(crate) fn next_serial() -> u64 {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    SERIAL.fetch_add(1, Ordering::Relaxed)
}

impl Grains {
    /// Bytes in a grain.
    pub(crate) fn grain(&self) -> u64 {
        1 << self.grain_shift
    }

    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.rules, Rules::Hosted { packing, .. } if packing != Packing::Plain)
    }

    /// Grains of the disk, the last perhaps a part of one.
    fn count(&self) -> u64 {
        self.capacity.div_ceil(self.grain())
    }

    /// What is at byte `offset` of the extent's disk, for at most `len` bytes. Both must be inside, `len` not 0.
    pub(crate) fn run(&self, cache: &TableCache, offset: u64, len: u64) -> Result<Run, DiskError> {
        let first = offset >> self.grain_shift;
        let end = ((offset + len - 1) >> self.grain_shift) + 1;
        let mut walk = Walk {
            first,
            at: first,
            end: end.min(self.count()),
            place: None,
            next: None,
        };
        for _ in 0..TABLES_PER_CALL {
            if !self.step(cache, &mut walk)? || walk.at >= walk.end {
                break;
            }
        }
        let within = offset & (self.grain() - 1);
        let run_end = (walk.at << self.grain_shift).min(self.capacity);
        let place = match walk.place {
            Some(Place::Stored(at)) => Place::Stored(at + within),
            Some(place) => place,
            None => Place::Absent,
        };
        Ok(Run {
            len: len.min(run_end.saturating_sub(offset)),
            place,
            next: walk.next,
        })
    }

    /// Goes over one table, or over a stretch of absent ones; false where another kind of piece begins.
    fn step(&self, cache: &TableCache, walk: &mut Walk) -> Result<bool, DiskError> {
        let number = walk.at / self.entries_per_table;
        let absent = self
            .directory
            .iter()
            .skip(usize::try_from(number).unwrap_or(usize::MAX))
            .take_while(|&&entry| entry == 0)
            .take(
                usize::try_from(walk.end.div_ceil(self.entries_per_table) - number)
                    .unwrap_or(usize::MAX),
            )
            .count() as u64;
        if absent > 0 {
            if !walk.accept(Place::Absent) {
                return Ok(false);
            }
            walk.at = walk.end.min((number + absent) * self.entries_per_table);
            return Ok(true);
        }
        let table = match self.table(cache, number) {
            Ok(table) => table,
            // What came before is still good; the next call meets the error at its place.
            Err(_) if walk.place.is_some() => return Ok(false),
            Err(err) => return Err(err),
        };
        let base = number * self.entries_per_table;
        let stop = walk.end.min(base + self.entries_per_table);
        while walk.at < stop {
            let entry = self.entry(&table, walk.at - base);
            let place = match self.place(entry, walk.at) {
                Ok(place) => place,
                Err(_) if walk.place.is_some() => return Ok(false),
                Err(err) => return Err(io::broken(&*self.tables, err)),
            };
            if !walk.accept(self.shift_back(place, walk.at - walk.first)) {
                return Ok(false);
            }
            walk.at += 1;
            if let Place::Packed(at) = place {
                walk.next = self.next_packed(&table, base, walk.at, at);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where the first grain of the walk is if this one, `grains` later, continues it.
    fn shift_back(&self, place: Place, grains: u64) -> Place {
        match place {
            // A grain that lies too near to the start for that continues nothing; any other place says so.
            Place::Stored(at) => Place::Stored(at.wrapping_sub(grains << self.grain_shift)),
            other => other,
        }
    }

    /// The place of grain `grain` if it lies behind `after`: a bound for the grain before.
    fn next_packed(&self, table: &Table, base: u64, grain: u64, after: u64) -> Option<u64> {
        let at = match self.place(self.entry(table, grain - base), grain) {
            Ok(Place::Packed(at)) => at,
            _ => return None,
        };
        (at > after).then_some(at)
    }

    fn entry(&self, table: &Table, index: u64) -> u64 {
        let width = self.width();
        let at = usize::try_from(index)
            .unwrap_or(usize::MAX)
            .saturating_mul(width);
        let bytes = table.get(at..).unwrap_or_default();
        match width {
            4 => bytes
                .first_chunk()
                .map_or(0, |&b| u32::from_le_bytes(b).into()),
            _ => bytes.first_chunk().map_or(0, |&b| u64::from_le_bytes(b)),
        }
    }

    fn width(&self) -> usize {
        match self.rules {
            Rules::Hosted { .. } | Rules::Cowd => 4,
            Rules::SeSparse { .. } => 8,
        }
    }

    /// What `entry` says of grain `grain`.
    fn place(&self, entry: u64, grain: u64) -> Result<Place, Error> {
        let offset = || self.entry_offset(grain);
        let at = match self.rules {
            _ if entry == 0 => return Ok(Place::Absent),
            Rules::Hosted { zeroed_grains, .. } if entry == 1 => {
                // QEMU reads sector 1 if the flag is clear, and gives the guest the text of the descriptor.
                return match zeroed_grains {
                    true => Ok(Place::Zero),
                    false => Err(Error::ZeroedGrain { offset: offset() }),
                };
            }
            Rules::Hosted { .. } | Rules::Cowd => entry * SECTOR,
            Rules::SeSparse { grains_at, .. } => match entry >> 60 {
                // SCSI UNMAP and written zeros. Trimmed data must not come back from the parent.
                1 | 2 => return Ok(Place::Zero),
                // The number has 60 bits: shifted, its top would be lost and a broken entry point at another grain.
                3 => grains_at.saturating_add(se_index(entry).saturating_mul(self.grain())),
                _ => {
                    return Err(Error::GrainType {
                        offset: offset(),
                        found: entry,
                    });
                }
            },
        };
        let packed = self.is_packed();
        // The last grain need not be stored beyond the end of the disk.
        let len = match packed {
            true => 1,
            false => self
                .grain()
                .min(self.capacity - (grain << self.grain_shift)),
        };
        let end = at.saturating_add(len);
        if at < self.reserved.end && self.reserved.start < end {
            return Err(Error::GrainInHeader {
                offset: offset(),
                found: entry,
            });
        }
        let file_len = self.source.len();
        if end > file_len {
            return Err(Error::GrainBeyondEnd {
                offset: offset(),
                found: entry,
                start: at,
                file_len,
            });
        }
        Ok(match packed {
            true => Place::Packed(at),
            false => Place::Stored(at),
        })
    }

    /// Where the entry of grain `grain` stands in the file.
    fn entry_offset(&self, grain: u64) -> u64 {
        let (number, index) = (
            grain / self.entries_per_table,
            grain % self.entries_per_table,
        );
        self.table_offset(number) + index * self.width() as u64
    }

    fn directory_entry(&self, number: u64) -> u32 {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        self.directory.get(number).copied().unwrap_or(0)
    }

    fn table_offset(&self, number: u64) -> u64 {
        let entry = u64::from(self.directory_entry(number));
        match self.rules {
            Rules::Hosted { .. } | Rules::Cowd => entry * SECTOR,
            Rules::SeSparse { tables_at, .. } => {
                tables_at + entry.saturating_sub(1) * self.table_stride()
            }
        }
    }

    /// Bytes from one table to the next where they lie together.
    fn table_stride(&self) -> u64 {
        (self.entries_per_table * self.width() as u64).next_multiple_of(SECTOR)
    }

    /// Bytes of table `number` that count: entries for grains past the end of the disk do not.
    fn table_len(&self, number: u64) -> u64 {
        let before = number * self.entries_per_table;
        let entries = self
            .count()
            .saturating_sub(before)
            .min(self.entries_per_table);
        entries * self.width() as u64
    }

    /// Table `number`, which the directory has.
    fn table(&self, cache: &TableCache, number: u64) -> Result<Table, DiskError> {
        if let Some(table) = cache.get(self.key(number)) {
            return Ok(table);
        }
        let last = self.last_of_batch(number, cache.batch_bytes().min(BATCH_BYTES));
        let start = self.table_offset(number);
        let end = self.table_offset(last) + self.table_len(last);
        let bytes = io::read_area(
            &*self.tables,
            "grain table",
            start,
            end.saturating_sub(start),
        )?;
        let mut wanted = None;
        for (number, chunk) in (number..=last).zip(bytes.chunks(self.stride_len())) {
            let len = chunk
                .len()
                .min(usize::try_from(self.table_len(number)).unwrap_or(0));
            let table: Table = chunk.get(..len).unwrap_or_default().into();
            cache.put(self.key(number), Arc::clone(&table));
            wanted.get_or_insert(table);
        }
        Ok(wanted.unwrap_or_default())
    }

    fn stride_len(&self) -> usize {
        usize::try_from(self.table_stride()).unwrap_or(usize::MAX)
    }

    /// The last of the tables from `number` on that follow each other in the file, within `bytes` bytes.
    fn last_of_batch(&self, number: u64, bytes: u64) -> u64 {
        let stride = self.table_stride();
        let mut last = number;
        while (last + 2 - number) * stride <= bytes
            && self.directory_entry(last + 1) != 0
            && self.table_offset(last + 1) == self.table_offset(last) + stride
        {
            last += 1;
        }
        last
    }

    fn key(&self, number: u64) -> (u32, u32) {
        // The directory is held in memory, so its numbers are small.
        (self.extent, u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Fills `buf` from byte `offset` of the extent's disk; both must be inside.
    pub(crate) fn read(
        &self,
        cache: &TableCache,
        mut offset: u64,
        mut buf: &mut [u8],
    ) -> Result<(), DiskError> {
        while !buf.is_empty() {
            let run = self.run(cache, offset, buf.len() as u64)?;
            // The run is at least a byte: `offset` lies inside and the walk has looked at its grain.
            let len = usize::try_from(run.len)
                .unwrap_or(usize::MAX)
                .clamp(1, buf.len());
            let (piece, rest) = std::mem::take(&mut buf).split_at_mut(len);
            match run.place {
                Place::Absent | Place::Zero => piece.fill(0),
                Place::Stored(at) => io::read(&*self.source, at, piece)?,
                Place::Packed(at) => self.packed(offset, at, run.next).read(offset, piece)?,
            }
            offset += len as u64;
            buf = rest;
        }
        Ok(())
    }

    fn packed(&self, offset: u64, at: u64, next: Option<u64>) -> PackedGrain<'_> {
        let start = offset & !(self.grain() - 1);
        PackedGrain {
            source: &*self.source,
            serial: self.serial,
            at,
            next,
            start,
            grain: self.grain(),
            used: self.grain().min(self.capacity - start),
            marked: matches!(
                self.rules,
                Rules::Hosted {
                    packing: Packing::Marked,
                    ..
                }
            ),
        }
    }
}

/// The number of a stored seSparse grain: its low 12 bits stand right below the type, the others at the bottom.
fn se_index(entry: u64) -> u64 {
    ((entry & 0x0FFF_0000_0000_0000) >> 48) | ((entry & 0x0000_FFFF_FFFF_FFFF) << 12)
}

/// A walk over grains of one kind.
struct Walk {
    first: u64,
    /// The next grain to look at.
    at: u64,
    end: u64,
    /// The kind, and for stored grains where the first one is.
    place: Option<Place>,
    next: Option<u64>,
}

impl Walk {
    /// Whether a grain at `place` belongs to the walk.
    fn accept(&mut self, place: Place) -> bool {
        *self.place.get_or_insert(place) == place
    }
}

#[cfg(test)]
mod tests {
    use super::se_index;

    #[test]
    fn the_index_of_an_sesparse_entry_is_rotated() {
        assert_eq!(se_index(0x3000_0000_0000_0000), 0);
        assert_eq!(se_index(0x3001_0000_0000_0000), 1);
        assert_eq!(se_index(0x3FFF_0000_0000_0000), 4095);
        assert_eq!(se_index(0x3000_0000_0000_0001), 4096);
        assert_eq!(se_index(0x3123_0000_0000_0ABC), 0xABC_123);
    }
}
