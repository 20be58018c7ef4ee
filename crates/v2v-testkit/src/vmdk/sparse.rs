//! Hosted sparse extents (`KDMV`): monolithicSparse, and the pieces of a split disk.

use std::collections::BTreeMap;
use std::path::Path;

use super::{
    Descriptor, ExtentLine, FLAG_NEWLINE, FLAG_REDUNDANT, FLAG_ZEROED, Generate, GrainAt, Header,
    Layout, Lineage, Order, sector32, table32,
};
use crate::SECTOR;
use crate::disk::Content;
use crate::target::Target;

/// What becomes of a grain whose allocated bytes are all zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroGrains {
    /// A grain of zeros is stored.
    #[default]
    Store,
    /// The table entry is 1; sets flag bit 2 unless the flags are given.
    Entry,
    /// The entry is 0, as if nothing were allocated. Only right without a parent.
    Skip,
}

/// Where directories and tables lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Before the grains, as VMware and QEMU put them.
    #[default]
    Head,
    /// Behind the grains.
    Tail,
}

/// A hosted sparse extent. [`Sparse::new`] is a fresh monolithicSparse file; every field may then be changed.
#[derive(Clone, Debug)]
pub struct Sparse {
    /// What the guest sees. Whole sectors.
    pub content: Content,
    /// Version in the header: 1, 2 or 3.
    pub version: u32,
    /// Flags in the header; `None` for those that fit the other fields.
    pub flags: Option<u32>,
    /// Sectors in a grain.
    pub grain_sectors: u64,
    /// Entries in a grain table.
    pub gtes_per_gt: u32,
    /// With a redundant directory and its own tables.
    pub redundant: bool,
    /// Bytes of the embedded descriptor; `None` for a piece of a split disk.
    pub descriptor: Option<Vec<u8>>,
    /// Sector of the embedded descriptor.
    pub descriptor_at: u64,
    /// Size of the embedded descriptor in the header, in sectors. A longer text takes the space it needs.
    pub descriptor_sectors: u64,
    /// Where directories and tables lie.
    pub tables: Place,
    /// Leave out tables without entries: their directory entry is 0. Otherwise all tables are there.
    pub absent_tables: bool,
    /// Allocated zeros.
    pub zero_grains: ZeroGrains,
    /// Order of the grains in the file.
    pub order: Order,
    /// Put the grains one sector off the grain boundary.
    pub unaligned: bool,
    /// The header's uncleanShutdown.
    pub unclean: u8,
    /// The header's newline test.
    pub newline: [u8; 4],
}

impl Sparse {
    /// A monolithicSparse file as a fresh copy has it: 64 KiB grains, 512 entries per table, redundant directory, all
    /// tables allocated at the head, descriptor in sectors 1 to 20.
    pub fn new(content: Content) -> Self {
        let descriptor = Self::embedded(&content, &Lineage::default(), "disk.vmdk").render();
        Self {
            content,
            version: 1,
            flags: None,
            grain_sectors: 128,
            gtes_per_gt: 512,
            redundant: true,
            descriptor: Some(descriptor),
            descriptor_at: 1,
            descriptor_sectors: 20,
            tables: Place::Head,
            absent_tables: false,
            zero_grains: ZeroGrains::Store,
            order: Order::Ascending,
            unaligned: false,
            unclean: 0,
            newline: *b"\n \r\n",
        }
    }

    /// A piece of a split disk: the same without a descriptor.
    pub fn piece(content: Content) -> Self {
        Self {
            descriptor: None,
            ..Self::new(content)
        }
    }

    /// The descriptor of a monolithicSparse file called `name`.
    pub fn embedded(content: &Content, lineage: &Lineage, name: &str) -> Descriptor {
        Descriptor::new("monolithicSparse", lineage)
            .extent(ExtentLine::sparse(content.sectors(), name))
    }

    /// Bytes in a grain.
    pub fn grain(&self) -> u64 {
        self.grain_sectors * SECTOR
    }

    fn plan(&self) -> Plan {
        let reach = self.grain_sectors * u64::from(self.gtes_per_gt);
        let gd_entries = self.content.sectors().div_ceil(reach);
        let gt_sectors = (u64::from(self.gtes_per_gt) * 4).div_ceil(SECTOR);
        let entries_per_gt = u64::from(self.gtes_per_gt);
        let mut present: Vec<u64> = self
            .content
            .grains(self.grain())
            .iter()
            .map(|g| g / entries_per_gt)
            .collect();
        present.dedup();
        if !self.absent_tables {
            present = (0..gd_entries).collect();
        }
        let copy_sectors = (gd_entries * 4).div_ceil(SECTOR) + present.len() as u64 * gt_sectors;
        Plan {
            gd_sectors: (gd_entries * 4).div_ceil(SECTOR),
            gt_sectors,
            present,
            copy_sectors,
        }
    }

    /// First sector behind header and descriptor.
    fn head_end(&self) -> u64 {
        let text = self
            .descriptor
            .as_ref()
            .map(|text| (text.len() as u64).div_ceil(SECTOR));
        text.map_or(1, |needed| {
            self.descriptor_at + needed.max(self.descriptor_sectors)
        })
        .max(1)
    }

    fn first_grain(&self, after: u64) -> u64 {
        after.next_multiple_of(self.grain_sectors) + u64::from(self.unaligned)
    }

    fn header(&self, copies: &Copies, overhead: u64) -> Header {
        let mut flags = FLAG_NEWLINE;
        flags |= if self.redundant { FLAG_REDUNDANT } else { 0 };
        flags |= if self.zero_grains == ZeroGrains::Entry {
            FLAG_ZEROED
        } else {
            0
        };
        let text = self.descriptor.as_ref();
        Header {
            version: self.version,
            flags: self.flags.unwrap_or(flags),
            capacity: self.content.sectors(),
            grain_sectors: self.grain_sectors,
            descriptor_at: text.map_or(0, |_| self.descriptor_at),
            descriptor_sectors: text.map_or(0, |_| self.descriptor_sectors),
            gtes_per_gt: self.gtes_per_gt,
            rgd_at: copies.redundant.unwrap_or(0),
            gd_at: copies.main,
            overhead,
            unclean: self.unclean,
            newline: self.newline,
            ..Header::default()
        }
    }

    /// Writes the grains from `sector` on; returns the tables' contents, the places, and the sector behind.
    fn put_grains(&self, out: &mut dyn Target, mut sector: u64) -> (Tables, Vec<GrainAt>, u64) {
        let (mut tables, mut places) = (Tables::new(self.gtes_per_gt), Vec::new());
        let mut grains = self.content.grains(self.grain());
        self.order.apply(&mut grains);
        for grain in grains {
            let bytes = self
                .content
                .read(grain * self.grain(), self.grain() as usize);
            let zero = bytes.iter().all(|&byte| byte == 0);
            match (zero, self.zero_grains) {
                (true, ZeroGrains::Skip) => {}
                (true, ZeroGrains::Entry) => tables.set(grain, 1),
                _ => {
                    let offset = sector * SECTOR;
                    out.put(offset, &bytes);
                    tables.set(grain, sector32(sector));
                    places.push(GrainAt {
                        grain,
                        offset,
                        len: self.grain(),
                    });
                    sector += self.grain_sectors;
                }
            }
        }
        (tables, places, sector)
    }
}

impl Generate for Sparse {
    fn emit(&self, out: &mut dyn Target) -> Layout {
        let plan = self.plan();
        let copies = 1 + u64::from(self.redundant);
        let tables_at_head = self.head_end();
        let (overhead, tables_at) = match self.tables {
            Place::Head => (
                self.first_grain(tables_at_head + copies * plan.copy_sectors),
                tables_at_head,
            ),
            Place::Tail => (self.first_grain(tables_at_head), 0),
        };
        let (tables, grains, end) = self.put_grains(out, overhead);
        let tables_at = if self.tables == Place::Head {
            tables_at
        } else {
            end
        };
        let copies = Copies::at(tables_at, &plan, self.redundant);
        out.put(0, &self.header(&copies, overhead).to_bytes());
        if let Some(text) = &self.descriptor {
            out.put(self.descriptor_at * SECTOR, text);
        }
        let mut layout = Layout {
            grains,
            ..Layout::default()
        };
        if let Some(at) = copies.redundant {
            layout.rgd = Some(at * SECTOR);
            layout.redundant_tables = plan.put_copy(out, at, &tables);
        }
        layout.gd = copies.main * SECTOR;
        layout.tables = plan.put_copy(out, copies.main, &tables);
        out.grow(overhead * SECTOR);
        layout.len = out.len();
        layout
    }

    fn expected(&self) -> Content {
        self.content.aligned(self.grain())
    }
}

/// Sectors at which the directories begin; each has its tables right behind it.
struct Copies {
    redundant: Option<u64>,
    main: u64,
}

impl Copies {
    fn at(sector: u64, plan: &Plan, redundant: bool) -> Self {
        let main = if redundant {
            sector + plan.copy_sectors
        } else {
            sector
        };
        Self {
            redundant: redundant.then_some(sector),
            main,
        }
    }
}

/// Sizes of a directory and its tables, in sectors, and which tables there are.
pub(super) struct Plan {
    pub(super) gd_sectors: u64,
    pub(super) gt_sectors: u64,
    pub(super) present: Vec<u64>,
    pub(super) copy_sectors: u64,
}

impl Plan {
    /// Writes a directory at `sector` with its tables behind it; returns where the tables are.
    pub(super) fn put_copy(
        &self,
        out: &mut dyn Target,
        sector: u64,
        tables: &Tables,
    ) -> Vec<(u64, u64)> {
        let first = sector + self.gd_sectors;
        let places: Vec<_> = self
            .present
            .iter()
            .zip(0..)
            .map(|(&number, i)| (number, first + i * self.gt_sectors))
            .collect();
        put_directory(out, sector, &places);
        for &(number, at) in &places {
            if let Some(entries) = tables.filled.get(&number) {
                out.put(at * SECTOR, &table32(entries));
            }
        }
        out.grow((sector + self.copy_sectors) * SECTOR);
        places
            .into_iter()
            .map(|(number, at)| (number, at * SECTOR))
            .collect()
    }
}

/// Writes the directory entries of the tables at `places` (number, sector), a run of neighbours at a time.
pub(super) fn put_directory(out: &mut dyn Target, sector: u64, places: &[(u64, u64)]) {
    for run in places.chunk_by(|a, b| a.0 + 1 == b.0) {
        let entries: Vec<u32> = run.iter().map(|&(_, at)| sector32(at)).collect();
        out.put(sector * SECTOR + run[0].0 * 4, &table32(&entries));
    }
}

/// Grain tables that hold anything.
pub(super) struct Tables {
    gtes_per_gt: u32,
    pub(super) filled: BTreeMap<u64, Vec<u32>>,
}

impl Tables {
    pub(super) fn new(gtes_per_gt: u32) -> Self {
        Self {
            gtes_per_gt,
            filled: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, grain: u64, entry: u32) {
        let per_table = u64::from(self.gtes_per_gt);
        let table = self
            .filled
            .entry(grain / per_table)
            .or_insert_with(|| vec![0; self.gtes_per_gt as usize]);
        table[(grain % per_table) as usize] = entry;
    }
}

/// Writes a monolithicSparse file of `virtual_size` bytes (16 TiB, say) with `grains` grains of 64 KiB scattered over
/// it and no tables where there are none. Takes a few megabytes of real space; the directory of 16 TiB is 2 MiB.
///
/// # Panics
///
/// If the file cannot be written.
pub fn huge_scattered(path: &Path, virtual_size: u64, grains: u64, seed: u64) -> (Content, Layout) {
    let content = Content::scattered(seed, virtual_size, 128 * SECTOR, grains);
    let image = Sparse {
        absent_tables: true,
        redundant: false,
        ..Sparse::new(content)
    };
    let layout = image.write_file(path);
    (image.content, layout)
}

/// A file that has the header of a sparse extent, but no capacity: all it carries is the descriptor `text`, whose
/// extents are other files.
pub fn descriptor_only(text: &[u8]) -> Vec<u8> {
    let sectors = (text.len() as u64).div_ceil(SECTOR);
    let header = Header {
        descriptor_at: 1,
        descriptor_sectors: sectors,
        ..Header::default()
    };
    let mut bytes = [&header.to_bytes()[..], text].concat();
    bytes.grow((1 + sectors) * SECTOR);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Pattern, Run};

    fn u32_at(bytes: &[u8], at: u64) -> u32 {
        u32::from_le_bytes(bytes[at as usize..][..4].try_into().unwrap())
    }

    #[test]
    fn the_fresh_layout_is_the_usual_one() {
        let (bytes, layout) = Sparse::new(Content::full(1, 10 << 20)).build();
        assert_eq!(bytes[..12], *b"KDMV\x01\0\0\0\x03\0\0\0");
        assert_eq!(
            [12, 20, 28, 36, 44, 48, 56, 64].map(|at| u32_at(&bytes, at)),
            [20480, 128, 1, 20, 512, 21, 26, 128]
        );
        assert_eq!(bytes[72..79], *b"\0\n \r\n\0\0");
        assert_eq!((layout.rgd, layout.gd), (Some(21 * 512), 26 * 512));
        assert_eq!(
            (&layout.redundant_tables[..], &layout.tables[..]),
            (&[(0, 22 * 512)][..], &[(0, 27 * 512)][..])
        );
        assert_eq!(
            layout.grains[0],
            GrainAt {
                grain: 0,
                offset: 65536,
                len: 65536
            }
        );
    }

    #[test]
    fn both_directories_lead_to_equal_tables() {
        let content = Content::scattered(2, 9 << 20, 4096, 60);
        let (bytes, layout) = Sparse {
            grain_sectors: 8,
            ..Sparse::new(content)
        }
        .build();
        assert_eq!(layout.tables.len(), 5);
        for (copy, gd) in [
            (&layout.tables, layout.gd),
            (&layout.redundant_tables, layout.rgd.unwrap()),
        ] {
            for &(number, at) in copy {
                assert_eq!(u64::from(u32_at(&bytes, gd + number * 4)) * SECTOR, at);
            }
        }
        for grain in &layout.grains {
            let entry = layout.entry(grain.grain, 512, 4).unwrap();
            let twin = entry - layout.tables[0].1 + layout.redundant_tables[0].1;
            assert_eq!(
                [entry, twin].map(|at| u64::from(u32_at(&bytes, at)) * SECTOR),
                [grain.offset; 2]
            );
        }
    }

    #[test]
    fn placement_follows_the_knobs() {
        let content = Content::full(3, 1 << 20);
        let unaligned = Sparse {
            unaligned: true,
            ..Sparse::new(content.clone())
        };
        assert!(
            unaligned
                .build()
                .1
                .grains
                .iter()
                .all(|grain| grain.offset % 65536 == 512)
        );
        let (bytes, tail) = Sparse {
            tables: Place::Tail,
            descriptor: None,
            ..Sparse::new(content.clone())
        }
        .build();
        assert!(tail.gd > tail.grains.last().unwrap().offset && u32_at(&bytes, 28) == 0);
        let zeroed = Content::empty(1 << 20).with(Run::new(0, 1 << 20, Pattern::Zero));
        let (bytes, layout) = Sparse {
            zero_grains: ZeroGrains::Entry,
            ..Sparse::new(zeroed)
        }
        .build();
        assert!(
            layout.grains.is_empty()
                && u32_at(&bytes, layout.tables[0].1) == 1
                && u32_at(&bytes, 8) == 7
        );
    }
}
