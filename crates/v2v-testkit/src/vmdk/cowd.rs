//! COWD extents (vmfsSparse): the deltas of ESXi before VMFS 6.

use std::collections::BTreeMap;

use super::{Generate, GrainAt, Layout, Order, sector32, set, table32};
use crate::SECTOR;
use crate::disk::Content;
use crate::target::Target;

/// Entries in a COWD grain table; the format fixes it.
const GTES: u64 = 4096;
const GT_SECTORS: u64 = GTES * 4 / SECTOR;
const HEADER_SECTORS: u64 = 4;

/// The union in the middle of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CowdRole {
    /// Geometry of a disk of its own.
    Root {
        /// Cylinders.
        cylinders: u32,
        /// Heads.
        heads: u32,
        /// Sectors per track.
        sectors: u32,
    },
    /// A delta. The name is normally empty now, the text descriptor has it.
    Child {
        /// At most 1023 bytes.
        parent_name: Vec<u8>,
        /// Generation of the parent.
        parent_generation: u32,
    },
}

/// A COWD extent. It has no descriptor inside; see [`super::write_parts`] and [`super::Chain`].
#[derive(Clone, Debug)]
pub struct Cowd {
    /// What the guest sees. Whole sectors.
    pub content: Content,
    /// Sectors in a grain: 1 up to 2048.
    pub grain_sectors: u64,
    /// Root or child.
    pub role: CowdRole,
    /// Order of the grains in the file.
    pub order: Order,
    /// Flags at offset 8; normally 3.
    pub flags: u32,
    /// Offset 1648.
    pub unclean: u32,
}

impl Cowd {
    /// A delta with grains of one sector, as ESXi makes them.
    pub fn new(content: Content) -> Self {
        let role = CowdRole::Child {
            parent_name: Vec::new(),
            parent_generation: 0,
        };
        Self {
            content,
            grain_sectors: 1,
            role,
            order: Order::Ascending,
            flags: 3,
            unclean: 0,
        }
    }

    fn grain(&self) -> u64 {
        self.grain_sectors * SECTOR
    }

    fn gd_entries(&self) -> u64 {
        self.content.sectors().div_ceil(GTES * self.grain_sectors)
    }

    fn header(&self, free_sector: u64) -> Vec<u8> {
        let mut bytes = vec![0; (HEADER_SECTORS * SECTOR) as usize];
        set(&mut bytes, 0, *b"COWD");
        let gd_entries = self.gd_entries();
        let fields = [
            1,
            u64::from(self.flags),
            self.content.sectors(),
            self.grain_sectors,
            HEADER_SECTORS,
            gd_entries,
        ];
        for (field, at) in fields
            .into_iter()
            .chain([free_sector])
            .zip((4..).step_by(4))
        {
            set(&mut bytes, at, sector32(field).to_le_bytes());
        }
        match &self.role {
            CowdRole::Root {
                cylinders,
                heads,
                sectors,
            } => {
                for (field, at) in [cylinders, heads, sectors]
                    .into_iter()
                    .zip((32..).step_by(4))
                {
                    set(&mut bytes, at, field.to_le_bytes());
                }
            }
            CowdRole::Child {
                parent_name,
                parent_generation,
            } => {
                assert!(
                    parent_name.len() < 1024,
                    "the parent's name has 1024 bytes with its NUL"
                );
                bytes[32..32 + parent_name.len()].copy_from_slice(parent_name);
                set(&mut bytes, 1056, parent_generation.to_le_bytes());
            }
        }
        set(&mut bytes, 1060, 1_u32.to_le_bytes());
        set(&mut bytes, 1648, self.unclean.to_le_bytes());
        bytes
    }
}

impl Generate for Cowd {
    fn emit(&self, out: &mut dyn Target) -> Layout {
        let grains = self.content.grains(self.grain());
        let mut tables: BTreeMap<u64, Vec<u32>> = grains
            .iter()
            .map(|g| (g / GTES, vec![0; GTES as usize]))
            .collect();
        let first_table = HEADER_SECTORS + (self.gd_entries() * 4).div_ceil(SECTOR);
        let first_grain = first_table + tables.len() as u64 * GT_SECTORS;
        let (places, free_sector) = self.put_grains(out, grains, &mut tables, first_grain);
        let tables_at: Vec<_> = tables
            .keys()
            .zip(0..)
            .map(|(&number, i)| (number, first_table + i * GT_SECTORS))
            .collect();
        super::sparse::put_directory(out, HEADER_SECTORS, &tables_at);
        for (&(_, at), entries) in tables_at.iter().zip(tables.values()) {
            out.put(at * SECTOR, &table32(entries));
        }
        out.put(0, &self.header(free_sector));
        out.grow(free_sector * SECTOR);
        Layout {
            gd: HEADER_SECTORS * SECTOR,
            tables: tables_at
                .into_iter()
                .map(|(number, at)| (number, at * SECTOR))
                .collect(),
            grains: places,
            len: out.len(),
            ..Layout::default()
        }
    }

    fn expected(&self) -> Content {
        self.content.aligned(self.grain())
    }
}

impl Cowd {
    fn put_grains(
        &self,
        out: &mut dyn Target,
        mut grains: Vec<u64>,
        tables: &mut BTreeMap<u64, Vec<u32>>,
        mut sector: u64,
    ) -> (Vec<GrainAt>, u64) {
        self.order.apply(&mut grains);
        let mut places = Vec::new();
        for grain in grains {
            let offset = sector * SECTOR;
            out.put(
                offset,
                &self
                    .content
                    .read(grain * self.grain(), self.grain() as usize),
            );
            tables
                .get_mut(&(grain / GTES))
                .expect("a table for every grain")[(grain % GTES) as usize] = sector32(sector);
            places.push(GrainAt {
                grain,
                offset,
                len: self.grain(),
            });
            sector += self.grain_sectors;
        }
        (places, sector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn header_fields_are_in_place() {
        let child = CowdRole::Child {
            parent_name: b"base.vmdk".to_vec(),
            parent_generation: 5,
        };
        let content = Content::scattered(1, 5 << 20, SECTOR, 10);
        let (bytes, layout) = Cowd {
            role: child,
            unclean: 1,
            ..Cowd::new(content.clone())
        }
        .build();
        assert_eq!(&bytes[..4], b"COWD");
        let free = (layout.len / SECTOR) as u32;
        assert_eq!(
            [4, 8, 12, 16, 20, 24, 28].map(|at| u32_at(&bytes, at)),
            [1, 3, 10240, 1, 4, 3, free]
        );
        assert_eq!(
            (&bytes[32..42], u32_at(&bytes, 1056), u32_at(&bytes, 1648)),
            (&b"base.vmdk\0"[..], 5, 1)
        );
        let first = layout.grains[0];
        assert_eq!(
            u64::from(u32_at(
                &bytes,
                layout.entry(first.grain, 4096, 4).unwrap() as usize
            )) * SECTOR,
            first.offset
        );

        let root = CowdRole::Root {
            cylinders: 10,
            heads: 64,
            sectors: 32,
        };
        let bytes = Cowd {
            role: root,
            ..Cowd::new(content)
        }
        .to_bytes();
        assert_eq!([32, 36, 40].map(|at| u32_at(&bytes, at)), [10, 64, 32]);
    }
}
