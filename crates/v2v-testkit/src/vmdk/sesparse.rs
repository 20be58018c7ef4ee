//! seSparse extents: the deltas of ESXi on VMFS 6.

use std::collections::BTreeMap;

use super::{Generate, GrainAt, Layout, Order, set};
use crate::SECTOR;
use crate::disk::Content;
use crate::target::Target;

const GRAIN_SECTORS: u64 = 8;
const GRAIN: u64 = GRAIN_SECTORS * SECTOR;
/// Entries in a grain table; the format fixes it.
const GTES: u64 = 4096;
const GT_SECTORS: u64 = GTES * 8 / SECTOR;
const VOLATILE_AT: u64 = 1;
const JOURNAL_HEADER_AT: u64 = 2;
const JOURNAL_AT: u64 = 8;
const JOURNAL_SECTORS: u64 = 8;
const GD_AT: u64 = 16;

/// How allocated zeros are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeZero {
    /// A grain of zeros is stored: type 3.
    #[default]
    Store,
    /// Type 1, SCSI unmapped: zeros, whatever the parent has.
    Unmapped,
    /// Type 2, zero.
    Zero,
    /// The three in turn.
    Mixed,
}

/// A seSparse extent. It has no descriptor inside; see [`super::write_parts`] and [`super::Chain`].
#[derive(Clone, Debug)]
pub struct SeSparse {
    /// What the guest sees. Whole sectors.
    pub content: Content,
    /// Allocated zeros.
    pub zero_grains: SeZero,
    /// Order of the grains in the file.
    pub order: Order,
    /// Sectors of the directory; `None` for as many as the disk needs. Real files have room for 64 TiB: 2048.
    pub gd_sectors: Option<u64>,
    /// Number of the first stored grain. Past 4095 both halves of an entry's rotated index are in use.
    pub first_index: u64,
    /// Tables lie last first, so that a table's number is not its place.
    pub reverse_tables: bool,
    /// `replay_journal` in the volatile header; not 0 means dirty.
    pub replay_journal: u64,
}

impl SeSparse {
    /// A clean extent with grains in order.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            zero_grains: SeZero::Store,
            order: Order::Ascending,
            gd_sectors: None,
            first_index: 0,
            reverse_tables: false,
            replay_journal: 0,
        }
    }

    /// The table entry of stored grain number `index`: type 3 on top, the index rotated so that its low 12 bits
    /// come right below the type.
    pub fn entry(index: u64) -> u64 {
        (3 << 60) | ((index & 0xFFF) << 48) | (index >> 12)
    }

    fn areas(&self, tables: u64, stored: u64) -> Areas {
        let needed = (self.content.sectors().div_ceil(GTES * GRAIN_SECTORS) * 8).div_ceil(SECTOR);
        let gd_sectors = self.gd_sectors.unwrap_or(needed);
        let gt_at = (GD_AT + gd_sectors).next_multiple_of(GRAIN_SECTORS);
        let bitmap_at = gt_at + tables * GT_SECTORS;
        let room = self.first_index + stored;
        let bitmap_sectors = room.div_ceil(8 * SECTOR).max(1);
        let backmap_at = bitmap_at + bitmap_sectors;
        let backmap_sectors = (room * 8).div_ceil(SECTOR).max(1);
        let grains_at = (backmap_at + backmap_sectors).next_multiple_of(GRAIN_SECTORS);
        Areas {
            gd: (GD_AT, gd_sectors),
            gt: (gt_at, tables * GT_SECTORS),
            bitmap: (bitmap_at, bitmap_sectors),
            backmap: (backmap_at, backmap_sectors),
            grains: (grains_at, room * GRAIN_SECTORS),
        }
    }

    fn const_header(&self, areas: &Areas) -> Vec<u8> {
        let mut bytes = vec![0; SECTOR as usize];
        let fixed = [
            0xCAFE_BABE,
            0x2_0000_0001,
            self.content.sectors(),
            GRAIN_SECTORS,
            GT_SECTORS,
        ];
        for (field, at) in fixed.into_iter().zip((0..).step_by(8)) {
            set(&mut bytes, at, u64::to_le_bytes(field));
        }
        let places = [
            (VOLATILE_AT, 1),
            (JOURNAL_HEADER_AT, 2),
            (JOURNAL_AT, JOURNAL_SECTORS),
            areas.gd,
            areas.gt,
            areas.bitmap,
            areas.backmap,
            areas.grains,
        ];
        for ((start, size), at) in places.into_iter().zip((80..).step_by(16)) {
            set(&mut bytes, at, u64::to_le_bytes(start));
            set(&mut bytes, at + 8, u64::to_le_bytes(size));
        }
        bytes
    }

    fn volatile_header(&self, tables: u64) -> Vec<u8> {
        let mut bytes = vec![0; SECTOR as usize];
        set(&mut bytes, 0, 0xCAFE_CAFE_u64.to_le_bytes());
        set(&mut bytes, 8, tables.to_le_bytes());
        set(&mut bytes, 24, self.replay_journal.to_le_bytes());
        bytes
    }

    fn entries(&self) -> Entries {
        let mut grains = self.content.grains(GRAIN);
        let mut tables: BTreeMap<_, _> = grains
            .iter()
            .map(|g| (g / GTES, vec![0; GTES as usize]))
            .collect();
        self.order.apply(&mut grains);
        let (mut stored, mut zeros) = (Vec::new(), 0);
        for grain in grains {
            let zero = self
                .content
                .read(grain * GRAIN, GRAIN as usize)
                .iter()
                .all(|&byte| byte == 0);
            let entry = zero
                .then(|| self.zero_entry(&mut zeros))
                .flatten()
                .unwrap_or_else(|| {
                    stored.push((grain, self.first_index + stored.len() as u64));
                    Self::entry(stored[stored.len() - 1].1)
                });
            tables
                .get_mut(&(grain / GTES))
                .expect("a table for every grain")[(grain % GTES) as usize] = entry;
        }
        Entries { tables, stored }
    }

    /// The entry of the next grain of zeros; `None` if it is to be stored.
    fn zero_entry(&self, count: &mut u64) -> Option<u64> {
        *count += 1;
        match (self.zero_grains, *count % 3) {
            (SeZero::Store, _) | (SeZero::Mixed, 0) => None,
            (SeZero::Unmapped, _) | (SeZero::Mixed, 1) => Some(1 << 60),
            (SeZero::Zero | SeZero::Mixed, _) => Some(2 << 60),
        }
    }
}

impl Generate for SeSparse {
    fn emit(&self, out: &mut dyn Target) -> Layout {
        let Entries { tables, stored } = self.entries();
        let count = tables.len() as u64;
        let areas = self.areas(count, stored.len() as u64);
        out.put(0, &self.const_header(&areas));
        out.put(VOLATILE_AT * SECTOR, &self.volatile_header(count));
        let mut tables_at = Vec::new();
        for ((&number, entries), i) in tables.iter().zip(0..) {
            let index = if self.reverse_tables {
                count - 1 - i
            } else {
                i
            };
            let at = (areas.gt.0 + index * GT_SECTORS) * SECTOR;
            out.put(
                areas.gd.0 * SECTOR + number * 8,
                &((0x1000_0000_u64 << 32) | index).to_le_bytes(),
            );
            out.put(
                at,
                &entries
                    .iter()
                    .flat_map(|entry| entry.to_le_bytes())
                    .collect::<Vec<_>>(),
            );
            tables_at.push((number, at));
        }
        let mut grains = Vec::new();
        for (grain, index) in stored {
            let offset = areas.grains.0 * SECTOR + index * GRAIN;
            out.put(offset, &self.content.read(grain * GRAIN, GRAIN as usize));
            grains.push(GrainAt {
                grain,
                offset,
                len: GRAIN,
            });
        }
        out.grow((areas.grains.0 + areas.grains.1) * SECTOR);
        Layout {
            gd: areas.gd.0 * SECTOR,
            tables: tables_at,
            grains,
            len: out.len(),
            ..Layout::default()
        }
    }

    fn expected(&self) -> Content {
        self.content.aligned(GRAIN)
    }
}

/// What the tables say.
struct Entries {
    /// Entries by the number of the table.
    tables: BTreeMap<u64, Vec<u64>>,
    /// Stored grains in their order in the file: number of the grain, index of its place.
    stored: Vec<(u64, u64)>,
}

/// Start and size of every area that moves, in sectors.
struct Areas {
    gd: (u64, u64),
    gt: (u64, u64),
    bitmap: (u64, u64),
    backmap: (u64, u64),
    grains: (u64, u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_rotated() {
        assert_eq!(SeSparse::entry(0), 0x3000_0000_0000_0000);
        assert_eq!(SeSparse::entry(0x1234), 0x3234_0000_0000_0001);
    }

    #[test]
    fn tables_need_not_lie_in_order() {
        let content = Content::scattered(1, 40 << 20, 4096, 12);
        let (bytes, layout) = SeSparse {
            reverse_tables: true,
            ..SeSparse::new(content)
        }
        .build();
        let places: Vec<_> = layout.tables.iter().map(|&(_, at)| at).collect();
        assert!(places.len() == 3 && places.is_sorted_by(|a, b| a > b));
        let at = layout.entry(layout.grains[1].grain, 4096, 8).unwrap() as usize;
        assert_eq!(bytes[at..at + 8], SeSparse::entry(1).to_le_bytes());
    }
}
