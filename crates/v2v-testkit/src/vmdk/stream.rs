//! streamOptimized extents: compressed grains behind markers, in the four orders met in the wild.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};

use super::sparse::{Plan, Tables, put_directory};
use super::{
    Descriptor, ExtentLine, FLAG_COMPRESSED, FLAG_MARKERS, FLAG_NEWLINE, FLAG_REDUNDANT,
    FLAG_ZEROED, GD_AT_END, Generate, GrainAt, Header, Layout, Lineage, Order, ZeroGrains,
    sector32, set, table32,
};
use crate::SECTOR;
use crate::disk::Content;
use crate::target::Target;

const DESCRIPTOR_AT: u64 = 1;
const DESCRIPTOR_SECTORS: u64 = 20;
const MARKER_EOS: u32 = 0;
const MARKER_TABLE: u32 = 1;
const MARKER_DIRECTORY: u32 = 2;
const MARKER_FOOTER: u32 = 3;

/// Who wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// VDDK: directory and all tables at the head, then grains and the end marker. No footer.
    Vddk,
    /// As [`Flavor::Vddk`], with a footer that says the same as the header.
    FooterAndHead,
    /// QEMU: both directories at the head, grains, and nothing behind them.
    Qemu,
    /// ESXi, ovftool and others that cannot seek: the header leaves the directory to the footer; each table follows
    /// its grains behind a marker, then come directory, footer and end marker. With grains out of order the tables
    /// follow all grains.
    Export,
}

/// What stands before a grain's compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerForm {
    /// Place and size, 12 bytes. The only form met in the wild.
    Full,
    /// The size alone, 4 bytes; clears flag bit 17.
    SizeOnly,
    /// Nothing; clears flag bit 17.
    None,
}

/// What is wrong with one grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrainFault {
    /// The marker names this sector of the disk.
    MarkerLba(u64),
    /// The marker gives this size in bytes.
    MarkerSize(u32),
    /// A byte in the middle of the compressed data is inverted.
    BadZlib,
    /// Only the checksum behind the compressed data is wrong.
    BadChecksum,
    /// Raw deflate (RFC 1951), which the technical note asks for and nobody writes.
    RawDeflate,
    /// The data inflates to 512 bytes less than a grain.
    TooShort,
    /// The data inflates to 512 bytes more than a grain.
    TooLong,
    /// The grain is stored twice, and the table has the second. The bytes are right.
    Duplicate,
}

/// A streamOptimized file. [`Stream::new`] is what each writer makes; every field may then be changed.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What the guest sees. Whole sectors.
    pub content: Content,
    /// The order of the parts.
    pub flavor: Flavor,
    /// Version in the header: ESXi asks for 3, older tools wrote 1.
    pub version: u32,
    /// Flags in the header; `None` for those that fit the other fields.
    pub flags: Option<u32>,
    /// Sectors in a grain.
    pub grain_sectors: u64,
    /// Entries in a grain table.
    pub gtes_per_gt: u32,
    /// zlib's level, 0 (stored, so larger than the grain) to 9.
    pub level: u32,
    /// Order of the grains in the file.
    pub order: Order,
    /// Allocated zeros.
    pub zero_grains: ZeroGrains,
    /// Whether a last grain that the disk cuts is compressed without the rest.
    pub short_last: bool,
    /// What stands before a grain.
    pub markers: MarkerForm,
    /// Bytes of the embedded descriptor, at most 20 sectors.
    pub descriptor: Vec<u8>,
    /// Whether the end marker is there.
    pub end_marker: bool,
    /// Bytes behind everything.
    pub tail: Vec<u8>,
    /// Grains by number, and what is wrong with them.
    pub faults: Vec<(u64, GrainFault)>,
}

impl Stream {
    /// A right file of `flavor`, the extent's name in the descriptor being stale as it often is.
    pub fn new(content: Content, flavor: Flavor) -> Self {
        let descriptor =
            Self::embedded(&content, &Lineage::default(), "generated-stream.vmdk").render();
        Self {
            content,
            flavor,
            version: 3,
            flags: None,
            grain_sectors: 128,
            gtes_per_gt: 512,
            level: 6,
            order: Order::Ascending,
            zero_grains: ZeroGrains::Skip,
            short_last: false,
            markers: MarkerForm::Full,
            descriptor,
            end_marker: flavor != Flavor::Qemu,
            tail: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The descriptor of a streamOptimized file called `name`.
    pub fn embedded(content: &Content, lineage: &Lineage, name: &str) -> Descriptor {
        let access = ExtentLine::sparse(content.sectors(), name).access("RDONLY");
        Descriptor::new("streamOptimized", lineage).extent(access)
    }

    fn grain(&self) -> u64 {
        self.grain_sectors * SECTOR
    }

    fn header(&self, rgd_at: u64, gd_at: u64, overhead: u64) -> Header {
        let when = |condition: bool, flag: u32| if condition { flag } else { 0 };
        let flags = FLAG_NEWLINE
            | FLAG_COMPRESSED
            | when(self.markers == MarkerForm::Full, FLAG_MARKERS)
            | when(rgd_at != 0, FLAG_REDUNDANT)
            | when(self.zero_grains == ZeroGrains::Entry, FLAG_ZEROED);
        Header {
            version: self.version,
            flags: self.flags.unwrap_or(flags),
            capacity: self.content.sectors(),
            grain_sectors: self.grain_sectors,
            descriptor_at: DESCRIPTOR_AT,
            descriptor_sectors: DESCRIPTOR_SECTORS,
            gtes_per_gt: self.gtes_per_gt,
            rgd_at,
            gd_at,
            overhead,
            compression: 1,
            ..Header::default()
        }
    }

    fn plan(&self) -> Plan {
        let gd_entries = self
            .content
            .sectors()
            .div_ceil(self.grain_sectors * u64::from(self.gtes_per_gt));
        let gd_sectors = (gd_entries * 4).div_ceil(SECTOR);
        let gt_sectors = (u64::from(self.gtes_per_gt) * 4).div_ceil(SECTOR);
        let copy_sectors = gd_sectors + gd_entries * gt_sectors;
        Plan {
            gd_sectors,
            gt_sectors,
            present: (0..gd_entries).collect(),
            copy_sectors,
        }
    }

    fn fault(&self, grain: u64) -> Option<GrainFault> {
        self.faults
            .iter()
            .find(|(number, _)| *number == grain)
            .map(|&(_, fault)| fault)
    }

    /// The grain's compressed bytes with what stands before them.
    fn pack(&self, grain: u64, bytes: &[u8]) -> Vec<u8> {
        let fault = self.fault(grain);
        let longer = [bytes, &[0; SECTOR as usize]].concat();
        let data = match fault {
            Some(GrainFault::RawDeflate) => self.deflate(bytes),
            Some(GrainFault::TooShort) => self.zlib(&bytes[..bytes.len() - SECTOR as usize]),
            Some(GrainFault::TooLong) => self.zlib(&longer),
            Some(GrainFault::BadZlib) => invert(self.zlib(bytes), |len| len / 2),
            Some(GrainFault::BadChecksum) => invert(self.zlib(bytes), |len| len - 1),
            _ => self.zlib(bytes),
        };
        let lba = if let Some(GrainFault::MarkerLba(lba)) = fault {
            lba
        } else {
            grain * self.grain_sectors
        };
        let size = if let Some(GrainFault::MarkerSize(size)) = fault {
            size
        } else {
            data.len() as u32
        };
        let marker = [&lba.to_le_bytes()[..], &size.to_le_bytes()].concat();
        let marker = match self.markers {
            MarkerForm::Full => &marker[..],
            MarkerForm::SizeOnly => &marker[8..],
            MarkerForm::None => &[],
        };
        [marker, &data].concat()
    }

    fn zlib(&self, bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(self.level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(&self, bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(self.level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Writes one grain if it is to be stored, and notes it in the tables.
    fn put_grain(&self, pen: &mut Pen<'_>, grain: u64) {
        let start = grain * self.grain();
        let inside = self.grain().min(self.content.virtual_size() - start);
        let len = if self.short_last {
            inside
        } else {
            self.grain()
        };
        let bytes = self.content.read(start, len as usize);
        match (bytes.iter().all(|&byte| byte == 0), self.zero_grains) {
            (true, ZeroGrains::Skip) => return,
            (true, ZeroGrains::Entry) => return pen.tables.set(grain, 1),
            _ => {}
        }
        let packed = self.pack(grain, &bytes);
        let copies = if self.fault(grain) == Some(GrainFault::Duplicate) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            pen.tables.set(grain, sector32(pen.sector));
            pen.grains.push(GrainAt {
                grain,
                offset: pen.sector * SECTOR,
                len: packed.len() as u64,
            });
            pen.put(&packed);
        }
    }

    fn head_first(&self, out: &mut dyn Target) -> Layout {
        let plan = self.plan();
        let first = DESCRIPTOR_AT + DESCRIPTOR_SECTORS;
        let redundant = self.flavor == Flavor::Qemu;
        let rgd_at = if redundant { first } else { 0 };
        let gd_at = if redundant {
            first + plan.copy_sectors
        } else {
            first
        };
        let overhead = (gd_at + plan.copy_sectors).next_multiple_of(self.grain_sectors);
        let header = self.header(rgd_at, gd_at, overhead);
        let mut pen = Pen::new(out, overhead, self.gtes_per_gt);
        for grain in self.ordered() {
            self.put_grain(&mut pen, grain);
        }
        let mut layout = Layout {
            gd: gd_at * SECTOR,
            ..Layout::default()
        };
        if redundant {
            layout.rgd = Some(rgd_at * SECTOR);
            layout.redundant_tables = plan.put_copy(pen.out, rgd_at, &pen.tables);
        }
        layout.tables = plan.put_copy(pen.out, gd_at, &pen.tables);
        pen.out.put(0, &header.to_bytes());
        let footer = (self.flavor == Flavor::FooterAndHead).then_some(&header);
        self.finish(pen, footer, layout)
    }

    fn export(&self, out: &mut dyn Target) -> Layout {
        let plan = self.plan();
        let overhead = (DESCRIPTOR_AT + DESCRIPTOR_SECTORS).next_multiple_of(self.grain_sectors);
        let header = self.header(0, GD_AT_END, overhead);
        out.put(0, &header.to_bytes());
        let mut pen = Pen::new(out, overhead, self.gtes_per_gt);
        let mut directory = Vec::new();
        let table_of = |grain: &u64| grain / u64::from(self.gtes_per_gt);
        for neighbours in self
            .ordered()
            .chunk_by(|a, b| self.order != Order::Ascending || table_of(a) == table_of(b))
        {
            for &grain in neighbours {
                self.put_grain(&mut pen, grain);
            }
            pen.put_tables(plan.gt_sectors, &mut directory);
        }
        pen.marker(MARKER_DIRECTORY, plan.gd_sectors);
        let gd_at = pen.sector;
        put_directory(pen.out, gd_at, &directory);
        pen.skip(plan.gd_sectors);
        let tables = directory
            .into_iter()
            .map(|(number, at)| (number, at * SECTOR))
            .collect();
        let layout = Layout {
            gd: gd_at * SECTOR,
            tables,
            ..Layout::default()
        };
        let footer = Header { gd_at, ..header };
        self.finish(pen, Some(&footer), layout)
    }

    fn ordered(&self) -> Vec<u64> {
        let mut grains = self.content.grains(self.grain());
        self.order.apply(&mut grains);
        grains
    }

    /// Writes what stands behind grains and tables, and the descriptor.
    fn finish(&self, mut pen: Pen<'_>, footer: Option<&Header>, mut layout: Layout) -> Layout {
        if let Some(footer) = footer {
            layout.footer_marker = Some(pen.sector * SECTOR);
            pen.marker(MARKER_FOOTER, 1);
            pen.put(&footer.to_bytes());
        }
        if self.end_marker {
            layout.eos = Some(pen.sector * SECTOR);
            pen.marker(MARKER_EOS, 0);
        }
        let end = pen.sector * SECTOR;
        assert!(
            self.descriptor.len() as u64 <= DESCRIPTOR_SECTORS * SECTOR,
            "the descriptor has 20 sectors"
        );
        pen.out.put(DESCRIPTOR_AT * SECTOR, &self.descriptor);
        pen.out.grow(end);
        pen.out.put(end, &self.tail);
        layout.grains = pen.grains;
        layout.len = pen.out.len();
        layout
    }
}

impl Generate for Stream {
    fn emit(&self, out: &mut dyn Target) -> Layout {
        match self.flavor {
            Flavor::Export => self.export(out),
            Flavor::Vddk | Flavor::FooterAndHead | Flavor::Qemu => self.head_first(out),
        }
    }

    fn expected(&self) -> Content {
        self.content.aligned(self.grain())
    }
}

/// Where the next sector goes, and what was written so far.
struct Pen<'a> {
    out: &'a mut dyn Target,
    sector: u64,
    tables: Tables,
    grains: Vec<GrainAt>,
}

impl<'a> Pen<'a> {
    fn new(out: &'a mut dyn Target, sector: u64, gtes_per_gt: u32) -> Self {
        Self {
            out,
            sector,
            tables: Tables::new(gtes_per_gt),
            grains: Vec::new(),
        }
    }

    /// Writes `bytes` and goes on at the next sector.
    fn put(&mut self, bytes: &[u8]) {
        self.out.put(self.sector * SECTOR, bytes);
        self.skip((bytes.len() as u64).div_ceil(SECTOR));
    }

    fn skip(&mut self, sectors: u64) {
        self.sector += sectors;
        self.out.grow(self.sector * SECTOR);
    }

    /// Writes the marker of `sectors` sectors of metadata that follow.
    fn marker(&mut self, kind: u32, sectors: u64) {
        let mut bytes = [0; SECTOR as usize];
        set(&mut bytes, 0, sectors.to_le_bytes());
        set(&mut bytes, 12, kind.to_le_bytes());
        self.put(&bytes);
    }

    /// Writes the tables filled since the last time, each behind its marker, and notes them in `directory`.
    fn put_tables(&mut self, gt_sectors: u64, directory: &mut Vec<(u64, u64)>) {
        for (number, entries) in std::mem::take(&mut self.tables.filled) {
            self.marker(MARKER_TABLE, gt_sectors);
            directory.push((number, self.sector));
            let end = self.sector + gt_sectors;
            self.put(&table32(&entries));
            self.skip(end - self.sector);
        }
    }
}

/// Inverts the byte of `data` at the place `at` gives for its length.
fn invert(mut data: Vec<u8>, at: fn(usize) -> usize) -> Vec<u8> {
    let at = at(data.len());
    data[at] ^= 0xFF;
    data
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    /// Reads a stream from its first marker to the end, as one would from a pipe: the kinds of the markers, -1 for
    /// grains, and the guest's bytes.
    fn walk(bytes: &[u8], size: usize) -> (Vec<i64>, Vec<u8>) {
        let (mut kinds, mut guest) = (Vec::new(), vec![0; size]);
        let mut at = u32_at(bytes, 64) as usize * 512;
        while at < bytes.len() {
            let (value, size) = (u32_at(bytes, at) as usize, u32_at(bytes, at + 8) as usize);
            let follows = if size == 0 { value * 512 } else { 0 };
            if size == 0 {
                kinds.push(i64::from(u32_at(bytes, at + 12)));
                at += 512 + follows;
            } else {
                kinds.push(-1);
                let mut decoder = flate2::read::ZlibDecoder::new(&bytes[at + 12..at + 12 + size]);
                let mut grain = Vec::new();
                decoder.read_to_end(&mut grain).unwrap();
                let end = guest.len().min(value * 512 + grain.len());
                guest[value * 512..end].copy_from_slice(&grain[..end - value * 512]);
                at += (12 + size).next_multiple_of(512);
            }
        }
        kinds.dedup();
        (kinds, guest)
    }

    fn check(stream: &Stream, expected: &[i64]) {
        let (bytes, layout) = stream.build();
        let (kinds, guest) = walk(&bytes, stream.content.virtual_size() as usize);
        assert_eq!(kinds, expected, "{:?}", stream.flavor);
        assert!(guest == stream.content.to_vec(), "{:?}", stream.flavor);
        assert_eq!(layout.eos.is_some(), kinds.ends_with(&[0]));
        if let Some(marker) = layout.footer_marker {
            assert_eq!(marker + 1536, layout.len);
            let footer = marker as usize + 512;
            assert_eq!(&bytes[footer..footer + 4], b"KDMV");
            assert_eq!(u64::from(u32_at(&bytes, footer + 56)) * SECTOR, layout.gd);
        }
    }

    #[test]
    fn every_flavor_can_be_read_as_a_stream() {
        // Grains of 1 KiB in tables of 512: three tables.
        let fresh = |flavor| Stream {
            grain_sectors: 2,
            ..Stream::new(Content::mixed(3, 3 * 512 * 1024 - 512), flavor)
        };
        check(&fresh(Flavor::Vddk), &[-1, 0]);
        check(&fresh(Flavor::FooterAndHead), &[-1, 3, 0]);
        check(&fresh(Flavor::Qemu), &[-1]);
        check(&fresh(Flavor::Export), &[-1, 1, -1, 1, -1, 1, 2, 3, 0]);
        check(
            &Stream {
                order: Order::Shuffled(1),
                short_last: true,
                ..fresh(Flavor::Export)
            },
            &[-1, 1, 2, 3, 0],
        );
        check(
            &Stream {
                end_marker: false,
                ..fresh(Flavor::Vddk)
            },
            &[-1],
        );
    }

    #[test]
    fn header_and_flags_by_flavor() {
        let content = Content::full(1, 1 << 20);
        for (flavor, flags, rgd, gd) in [
            (Flavor::Vddk, 0x30001, 0, 21),
            (Flavor::FooterAndHead, 0x30001, 0, 21),
            (Flavor::Qemu, 0x30003, 21, 26),
            (Flavor::Export, 0x30001, 0, u32::MAX),
        ] {
            let bytes = Stream::new(content.clone(), flavor).to_bytes();
            assert_eq!(
                [4, 8, 48, 56].map(|at| u32_at(&bytes, at)),
                [3, flags, rgd, gd],
                "{flavor:?}"
            );
            assert_eq!(bytes[77..79], [1, 0]);
        }
    }

    #[test]
    fn faults_are_where_asked() {
        let with = |fault| {
            let content = Content::full(1, 1 << 20);
            Stream {
                faults: vec![(2, fault)],
                ..Stream::new(content, Flavor::Vddk)
            }
            .build()
        };
        let (bytes, layout) = with(GrainFault::MarkerLba(7));
        assert_eq!(u32_at(&bytes, layout.grains[2].offset as usize), 7);
        let (bytes, layout) = with(GrainFault::MarkerSize(9));
        assert_eq!(u32_at(&bytes, layout.grains[2].offset as usize + 8), 9);
        let (_, layout) = with(GrainFault::Duplicate);
        assert_eq!((layout.grains[2].grain, layout.grains[3].grain), (2, 2));
    }
}
