//! seSparse extents: the redo logs of ESXi on VMFS 6.
//!
//! VMware published no specification; the layout is the one QEMU (`block/vmdk.c`) and dissect.hypervisor read. All
//! places and sizes are in sectors. dissect takes an unmapped grain (type 1) for one of the parent's; it reads as zeros.

use v2v_disk::{Error as DiskError, ReadAt, Source};
use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::Error;
use crate::grains::{Grains, Rules, next_serial};
use crate::header::{Fields, SECTOR};
use crate::io;
use crate::opening::Opening;

/// The first eight bytes.
pub(crate) const MAGIC: u64 = 0xCAFE_BABE;
const VOLATILE_MAGIC: u64 = 0xCAFE_CAFE;
const VERSION: u64 = 0x2_0000_0001;

/// The only sizes there are: 4 KiB grains, 4096 entries of 8 bytes in a table.
const GRAIN_SECTORS: u64 = 8;
const TABLE_SECTORS: u64 = 64;
const ENTRIES: u64 = 4096;

/// On-disk constant header: the first sector.
#[repr(C)]
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
struct RawHeader {
    magic: U64,
    version: U64,
    capacity: U64,
    grain_size: U64,
    table_size: U64,
    flags: U64,
    reserved: [U64; 4],
    volatile_header: RawArea,
    journal_header: RawArea,
    journal: RawArea,
    directory: RawArea,
    tables: RawArea,
    free_bitmap: RawArea,
    backmap: RawArea,
    grains: RawArea,
    pad: [u8; 304],
}
const _: () = assert!(size_of::<RawHeader>() == SECTOR as usize);

#[repr(C)]
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
struct RawArea {
    offset: U64,
    size: U64,
}

/// On-disk volatile header: one sector, where the constant header says.
#[repr(C)]
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
struct RawVolatile {
    magic: U64,
    free_table: U64,
    next_transaction: U64,
    replay_journal: U64,
    pad: [u8; 480],
}
const _: () = assert!(size_of::<RawVolatile>() == SECTOR as usize);

/// The constant header, checked; in bytes.
#[derive(Debug)]
struct Header {
    capacity: u64,
    volatile_at: u64,
    directory: u64,
    tables: u64,
    grains: u64,
}

impl Header {
    fn decode(bytes: &[u8], file_len: u64) -> Result<Header, Error> {
        let Ok((raw, _)) = RawHeader::ref_from_prefix(bytes) else {
            return Err(cut("seSparse", 0, file_len));
        };
        raw.check_constants()?;
        let fields = Fields { at: 0 };
        let capacity = raw.capacity.get();
        if capacity == 0 {
            return Err(fields.wrong("capacity", 16, 0, "at least 1 sector"));
        }
        let entries = raw.directory.size.get().saturating_mul(SECTOR / 8);
        let needed = capacity.div_ceil(ENTRIES * GRAIN_SECTORS);
        if entries < needed {
            let expected = format!(
                "at least {} for {capacity} sectors",
                needed.div_ceil(SECTOR / 8)
            );
            return Err(fields.wrong(
                "grain directory size",
                136,
                raw.directory.size.get(),
                expected,
            ));
        }
        let area = |name, at, area: &RawArea| match area.offset.get() {
            0 => Err(fields.wrong(name, at, 0, "a sector behind the header")),
            sector => fields.bytes(name, at, sector),
        };
        Ok(Header {
            capacity: fields.bytes("capacity", 16, capacity)?,
            volatile_at: area("volatile header offset", 80, &raw.volatile_header)?,
            directory: area("grain directory offset", 128, &raw.directory)?,
            tables: area("grain tables offset", 144, &raw.tables)?,
            grains: area("grains offset", 192, &raw.grains)?,
        })
    }
}

impl RawHeader {
    /// Fields that have one value in every file.
    fn check_constants(&self) -> Result<(), Error> {
        if self.magic.get() != MAGIC {
            return Err(Error::Magic {
                what: "seSparse header",
                offset: 0,
                found: self.magic.get(),
                expected: MAGIC,
            });
        }
        if self.version.get() != VERSION {
            return Err(Error::Version {
                what: "seSparse",
                offset: 8,
                found: self.version.get(),
                expected: "0x200000001",
            });
        }
        let fields = Fields { at: 0 };
        if self.grain_size.get() != GRAIN_SECTORS {
            return Err(fields.wrong("grain size", 24, self.grain_size.get(), "8"));
        }
        if self.table_size.get() != TABLE_SECTORS {
            return Err(fields.wrong("grain table size", 32, self.table_size.get(), "64"));
        }
        if self.flags.get() != 0 {
            return Err(Error::UnknownBits {
                field: "flags",
                offset: 40,
                bits: self.flags.get(),
            });
        }
        for (place, field) in (48u64..).step_by(8).zip(&self.reserved) {
            if field.get() != 0 {
                return Err(Error::UnknownBits {
                    field: "reserved field",
                    offset: place,
                    bits: field.get(),
                });
            }
        }
        Ok(())
    }
}

fn cut(header: &'static str, offset: u64, file_len: u64) -> Error {
    Error::HeaderCut {
        header,
        offset,
        expected: SECTOR,
        file_len,
    }
}

/// Opens the extent in `source`, number `extent` on its disk.
pub(crate) fn open(
    source: &Source,
    extent: u32,
    opening: &mut Opening<'_>,
) -> Result<Grains, DiskError> {
    let broken = |err| io::broken(&**source, err);
    let bytes = io::read_some(&**source, 0, SECTOR)?;
    let header = Header::decode(&bytes, source.len()).map_err(broken)?;
    check_journal(&**source, header.volatile_at)?;
    if header.capacity > opening.options.limits.virtual_size {
        return Err(broken(Error::TooLarge {
            what: "the virtual disk",
            found: header.capacity,
            limit: opening.options.limits.virtual_size,
        }));
    }
    let directory = read_directory(source, &header, opening)?;
    opening.warn_shared_tables(&**source, &directory);
    Ok(Grains {
        source: source.clone(),
        tables: source.clone(),
        capacity: header.capacity,
        grain_shift: (GRAIN_SECTORS * SECTOR).trailing_zeros(),
        entries_per_table: ENTRIES,
        directory,
        rules: Rules::SeSparse {
            tables_at: header.tables,
            grains_at: header.grains,
        },
        reserved: 0..SECTOR,
        extent,
        serial: next_serial(),
    })
}

/// A journal that was not replayed holds changes of the tables. QEMU refuses such a file as well.
fn check_journal(source: &dyn ReadAt, at: u64) -> Result<(), DiskError> {
    let bytes = io::read_some(source, at, SECTOR)?;
    let Ok((raw, _)) = RawVolatile::ref_from_prefix(&bytes) else {
        return Err(io::broken(
            source,
            cut("seSparse volatile", at, source.len()),
        ));
    };
    if raw.magic.get() != VOLATILE_MAGIC {
        let err = Error::Magic {
            what: "seSparse volatile header",
            offset: at,
            found: raw.magic.get(),
            expected: VOLATILE_MAGIC,
        };
        return Err(io::broken(source, err));
    }
    if raw.replay_journal.get() != 0 {
        let err = Error::DirtyJournal {
            offset: at.saturating_add(24),
            found: raw.replay_journal.get(),
        };
        return Err(io::broken(source, err));
    }
    Ok(())
}

/// Numbers of the tables, plus 1: a table's number may be 0.
fn read_directory(
    source: &Source,
    header: &Header,
    opening: &mut Opening<'_>,
) -> Result<Vec<u32>, DiskError> {
    let grains = header.capacity.div_ceil(GRAIN_SECTORS * SECTOR);
    let count = grains.div_ceil(ENTRIES);
    let bytes = opening.read_directory(source, "grain directory", header.directory, count, 8)?;
    let mut directory = Vec::with_capacity(bytes.len() / 8);
    for (number, chunk) in (0u64..).zip(bytes.chunks_exact(8)) {
        let entry = chunk
            .first_chunk()
            .map_or(0, |&bytes| u64::from_le_bytes(bytes));
        let used = grains
            .saturating_sub(number.saturating_mul(ENTRIES))
            .min(ENTRIES);
        let index = table_index(entry, used, header, source.len()).map_err(|expected| {
            let err = Error::DirectoryEntry {
                directory: "grain directory",
                offset: header.directory.saturating_add(number.saturating_mul(8)),
                found: entry,
                expected: expected.into(),
            };
            io::broken(&**source, err)
        })?;
        directory.push(index);
    }
    Ok(directory)
}

/// The number of the table plus 1, or 0 if there is none; else what would be right.
fn table_index(entry: u64, used: u64, header: &Header, file_len: u64) -> Result<u32, &'static str> {
    if entry == 0 {
        return Ok(0);
    }
    if entry >> 32 != 0x1000_0000 {
        return Err("0, or 0x10000000 in the upper 32 bits");
    }
    let index = entry & 0xFFFF_FFFF;
    let start = header
        .tables
        .saturating_add(index.saturating_mul(TABLE_SECTORS * SECTOR));
    if start.saturating_add(used.saturating_mul(8)) > file_len {
        return Err("the number of a grain table inside the file");
    }
    u32::try_from(index.saturating_add(1))
        .map_err(|_| "the number of a grain table inside the file")
}
