//! The header of a hosted sparse extent, and the markers between compressed grains.
//!
//! VMware Virtual Disk Format 1.1, "Hosted Sparse Extents", and 5.0, which adds the zeroed grain. Both say raw deflate
//! for compressed grains; every program writes zlib.

use v2v_disk::Limits;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::Error;

/// Bytes in a sector, always.
pub(crate) const SECTOR: u64 = 512;
/// [`SECTOR`] as a length in memory.
pub(crate) const SECTOR_LEN: usize = 512;

/// The first four bytes of a hosted sparse extent.
pub(crate) const MAGIC: [u8; 4] = *b"KDMV";

/// The directory's place in a header that leaves it to the footer.
const GD_AT_END: u64 = u64::MAX;

/// `\n`, a blank, `\r\n`: what a transfer in text mode changes.
const NEWLINE: [u8; 4] = *b"\n \r\n";

const FLAG_NEWLINE: u32 = 1;
const FLAG_REDUNDANT: u32 = 1 << 1;
const FLAG_ZEROED: u32 = 1 << 2;
const FLAG_COMPRESSED: u32 = 1 << 16;
const FLAG_MARKERS: u32 = 1 << 17;
/// Bits whose meaning a reader has to know. Below them an unknown bit is harmless, as open-vmdk has it.
const INCOMPATIBLE: u32 = 0xFFFF_0000;

/// On-disk sparse extent header: 512 bytes at the start of the extent, and again in a footer. Little-endian; places and
/// sizes are in sectors.
#[repr(C)]
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
struct RawHeader {
    magic: [u8; 4],
    version: U32,
    flags: U32,
    capacity: U64,
    grain_size: U64,
    descriptor_offset: U64,
    descriptor_size: U64,
    gtes_per_gt: U32,
    rgd_offset: U64,
    gd_offset: U64,
    overhead: U64,
    unclean_shutdown: u8,
    newline: [u8; 4],
    compression: U16,
    pad: [u8; 433],
}
const _: () = assert!(size_of::<RawHeader>() == SECTOR_LEN);

/// Where the grain directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directory {
    /// At this byte of the file.
    At(u64),
    /// Where the footer says.
    InFooter,
}

/// How a grain is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As the guest reads it.
    Plain,
    /// Compressed, behind a marker with place and size (flag bits 16 and 17).
    Marked,
    /// Compressed, with a size of four bytes or nothing in front (flag bit 16 alone). Never met in the wild.
    Bare,
}

/// The header, checked. Places and sizes are in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) version: u32,
    /// 0 in a file that only carries a descriptor; then the fields of the tables are 0 as well.
    pub(crate) capacity: u64,
    /// A power of two.
    pub(crate) grain: u64,
    pub(crate) entries_per_table: u64,
    pub(crate) directory: Directory,
    pub(crate) redundant: Option<u64>,
    /// Start and length of the embedded descriptor.
    pub(crate) descriptor: Option<(u64, u64)>,
    /// Everything before the first grain.
    pub(crate) overhead: u64,
    pub(crate) unclean: bool,
    pub(crate) zeroed_grains: bool,
    pub(crate) packing: Packing,
}

impl Header {
    /// Checks the header in `bytes`, which lies at byte `at` of its file of `file_len` bytes.
    pub(crate) fn decode(
        bytes: &[u8],
        at: u64,
        file_len: u64,
        limits: &Limits,
    ) -> Result<Header, Error> {
        let Ok((raw, _)) = RawHeader::ref_from_prefix(bytes) else {
            return Err(Error::HeaderCut {
                header: "sparse extent",
                offset: at,
                expected: SECTOR,
                file_len,
            });
        };
        let fields = Fields { at };
        raw.check_start(&fields)?;
        let descriptor = match raw.descriptor_offset.get() {
            0 => None,
            sector => Some((
                fields.bytes("descriptor offset", 28, sector)?,
                fields.bytes("descriptor size", 36, raw.descriptor_size.get())?,
            )),
        };
        let flags = raw.flags.get();
        let mut header = Header {
            version: raw.version.get(),
            capacity: fields.bytes("capacity", 12, raw.capacity.get())?,
            grain: 0,
            entries_per_table: 0,
            directory: Directory::At(0),
            redundant: None,
            descriptor,
            overhead: 0,
            unclean: raw.unclean_shutdown != 0,
            zeroed_grains: flags & FLAG_ZEROED != 0,
            packing: raw.packing(&fields)?,
        };
        if header.capacity > limits.virtual_size {
            return Err(Error::TooLarge {
                what: "the virtual disk",
                found: header.capacity,
                limit: limits.virtual_size,
            });
        }
        if header.capacity == 0 {
            if descriptor.is_none() {
                return Err(fields.wrong("capacity", 12, 0, "at least 1 sector"));
            }
            return Ok(header);
        }
        raw.decode_tables(&fields, &mut header)?;
        Ok(header)
    }
}

impl RawHeader {
    /// What must be right before any other field means anything.
    fn check_start(&self, fields: &Fields) -> Result<(), Error> {
        if self.magic != MAGIC {
            return Err(Error::Magic {
                what: "sparse extent header",
                offset: fields.at,
                found: u32::from_le_bytes(self.magic).into(),
                expected: u32::from_le_bytes(MAGIC).into(),
            });
        }
        let flags = self.flags.get();
        // Looked at before the version: a file that went through a text transfer may have lost a byte anywhere, and
        // then this test says why.
        if flags & FLAG_NEWLINE != 0 && self.newline != NEWLINE {
            return Err(Error::Newline {
                offset: fields.place(73),
                found: self.newline,
            });
        }
        if !(1..=3).contains(&self.version.get()) {
            return Err(Error::Version {
                what: "sparse extent",
                offset: fields.place(4),
                found: self.version.get().into(),
                expected: "1, 2 or 3",
            });
        }
        let unknown = flags & INCOMPATIBLE & !(FLAG_COMPRESSED | FLAG_MARKERS);
        if unknown != 0 {
            return Err(Error::UnknownBits {
                field: "flags",
                offset: fields.place(8),
                bits: unknown.into(),
            });
        }
        Ok(())
    }

    fn packing(&self, fields: &Fields) -> Result<Packing, Error> {
        let flags = self.flags.get();
        let method = self.compression.get();
        if method > 1 {
            return Err(Error::Compression {
                offset: fields.place(77),
                found: method,
            });
        }
        let (compressed, markers) = (flags & FLAG_COMPRESSED != 0, flags & FLAG_MARKERS != 0);
        match (method, compressed, markers) {
            (0, false, false) => Ok(Packing::Plain),
            (1, true, true) => Ok(Packing::Marked),
            (1, true, false) => Ok(Packing::Bare),
            // Whoever reads the grains by one of the two fields alone reads them wrong.
            (_, true, _) => Err(fields.wrong(
                "compression method",
                77,
                0,
                "1 because bit 16 of the flags (compressed grains) is set",
            )),
            (_, false, _) if method == 1 => Err(fields.wrong(
                "compression method",
                77,
                1,
                "0 because bit 16 of the flags (compressed grains) is clear",
            )),
            _ => Err(fields.wrong(
                "flags",
                8,
                flags.into(),
                "bit 17 (markers) only together with bit 16 (compressed grains)",
            )),
        }
    }

    fn decode_tables(&self, fields: &Fields, header: &mut Header) -> Result<(), Error> {
        let grain = self.grain_size.get();
        // 2 MiB: far above VMware's 64 KiB, and a bound for what one grain costs in memory.
        if !grain.is_power_of_two() || grain > 4096 {
            return Err(fields.wrong("grain size", 20, grain, "a power of two from 1 to 4096"));
        }
        header.grain = fields.bytes("grain size", 20, grain)?;
        let entries = self.gtes_per_gt.get();
        // qemu refuses more than 512 as well; the bound keeps one grain table at 2 KiB.
        if !(1..=512).contains(&entries) {
            return Err(fields.wrong("grain table entry count", 44, entries.into(), "1 to 512"));
        }
        header.entries_per_table = entries.into();
        header.overhead = fields.bytes("overhead", 64, self.overhead.get())?;
        header.directory = match self.gd_offset.get() {
            GD_AT_END => Directory::InFooter,
            sector => Directory::At(fields.bytes("grain directory offset", 56, sector)?),
        };
        // The redundant directory only matters when the first is broken; a wrong place shows then.
        header.redundant = (self.flags.get() & FLAG_REDUNDANT != 0)
            .then(|| self.rgd_offset.get().checked_mul(SECTOR))
            .flatten()
            .filter(|&at| at != 0 && header.directory != Directory::At(at));
        Ok(())
    }
}

/// Names places and values in errors.
pub(crate) struct Fields {
    /// Where the header begins in its file.
    pub(crate) at: u64,
}

impl Fields {
    pub(crate) fn place(&self, field: u64) -> u64 {
        self.at.saturating_add(field)
    }

    pub(crate) fn wrong(
        &self,
        field: &'static str,
        at: u64,
        found: u64,
        expected: impl Into<String>,
    ) -> Error {
        Error::Field {
            field,
            offset: self.place(at),
            found,
            expected: expected.into(),
        }
    }

    /// A number of sectors in bytes.
    pub(crate) fn bytes(&self, field: &'static str, at: u64, sectors: u64) -> Result<u64, Error> {
        sectors
            .checked_mul(SECTOR)
            .ok_or_else(|| self.wrong(field, at, sectors, "fewer than 2^55 sectors"))
    }
}

/// What stands before a compressed grain, and before each piece of metadata in a stream.
#[repr(C)]
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
struct RawMarker {
    value: U64,
    size: U32,
    kind: U32,
}

/// Bytes of a marker in front of a grain's data.
pub(crate) const GRAIN_MARKER: u64 = 12;

/// A decoded marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// A grain: its first sector on the disk, and how many compressed bytes follow the 12 of the marker.
    Grain { sector: u64, size: u64 },
    /// End of stream.
    End,
    /// A grain table in so many sectors behind the marker's own.
    Table(u64),
    /// The grain directory.
    Directory(u64),
    /// The footer.
    Footer(u64),
    /// Only a constant in open-vmdk.
    Progress(u64),
}

impl Marker {
    /// Reads the marker in the first 16 bytes of `bytes`, which lies at byte `at` of the file.
    pub(crate) fn decode(bytes: &[u8], at: u64) -> Result<Marker, Error> {
        let Ok((raw, _)) = RawMarker::ref_from_prefix(bytes) else {
            return Err(Error::StreamCut { offset: at });
        };
        let value = raw.value.get();
        if raw.size.get() != 0 {
            return Ok(Marker::Grain {
                sector: value,
                size: raw.size.get().into(),
            });
        }
        match raw.kind.get() {
            0 => Ok(Marker::End),
            1 => Ok(Marker::Table(value)),
            2 => Ok(Marker::Directory(value)),
            3 => Ok(Marker::Footer(value)),
            4 => Ok(Marker::Progress(value)),
            found => Err(Error::MarkerType { offset: at, found }),
        }
    }

    /// Checks a grain's marker against the disk.
    pub(crate) fn check_grain(
        sector: u64,
        size: u64,
        at: u64,
        header: &Header,
    ) -> Result<(), Error> {
        let (grain, capacity) = (header.grain / SECTOR, header.capacity / SECTOR);
        if sector & grain.wrapping_sub(1) != 0 || sector >= capacity {
            return Err(Error::MarkerSector {
                offset: at,
                found: sector,
                grain,
                capacity,
            });
        }
        let limit = most_compressed(header.grain);
        if size > limit {
            return Err(Error::MarkerSize {
                offset: at,
                found: size,
                limit,
            });
        }
        Ok(())
    }
}

/// The most bytes a grain of `grain` bytes takes as a zlib stream.
///
/// The worst of zlib's settings adds 5 bytes to every 127 (`memLevel` 1); a writer that is worse than that by a factor
/// of three is none to be trusted.
pub(crate) fn most_compressed(grain: u64) -> u64 {
    grain.saturating_add(grain / 8).saturating_add(64)
}
