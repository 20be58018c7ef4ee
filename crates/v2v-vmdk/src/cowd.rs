//! COWD extents (vmfsSparse): the redo logs of ESXi before VMFS 6.
//!
//! VMware Virtual Disk Format 5.0, "ESX Server Sparse Extents". There is no zeroed grain and no second directory; a
//! grain is often a single sector, so reading lives on runs.

use v2v_disk::{Error as DiskError, Source};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::Error;
use crate::grains::{Grains, Rules, next_serial};
use crate::header::{Fields, SECTOR};
use crate::io;
use crate::opening::{Opening, words};

/// The first four bytes.
pub(crate) const MAGIC: [u8; 4] = *b"COWD";

/// Entries of a table; no field says so.
const ENTRIES: u64 = 4096;

const HEADER_LEN: u64 = 2048;

/// On-disk header: 2048 bytes at the start, little-endian; places and sizes are in sectors.
#[repr(C)]
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
struct RawHeader {
    magic: [u8; 4],
    version: U32,
    flags: U32,
    sectors: U32,
    grain_size: U32,
    gd_offset: U32,
    gd_entries: U32,
    free_sector: U32,
    // Geometry of a root, or file name and generation of a child's parent. The text descriptor has both.
    root_or_child: [u8; 1028],
    generation: U32,
    name: [u8; 60],
    description: [u8; 512],
    saved_generation: U32,
    reserved: [u8; 8],
    unclean_shutdown: U32,
    pad: [u8; 396],
}
const _: () = assert!(size_of::<RawHeader>() == HEADER_LEN as usize);

/// The header, checked; in bytes.
#[derive(Debug)]
struct Header {
    version: u32,
    capacity: u64,
    grain: u64,
    directory: u64,
    unclean: bool,
}

impl Header {
    fn decode(bytes: &[u8], file_len: u64) -> Result<Header, Error> {
        let Ok((raw, _)) = RawHeader::ref_from_prefix(bytes) else {
            return Err(Error::HeaderCut {
                header: "COWD",
                offset: 0,
                expected: HEADER_LEN,
                file_len,
            });
        };
        if raw.magic != MAGIC {
            return Err(Error::Magic {
                what: "COWD header",
                offset: 0,
                found: u32::from_le_bytes(raw.magic).into(),
                expected: u32::from_le_bytes(MAGIC).into(),
            });
        }
        if raw.version.get() != 1 {
            return Err(Error::Version {
                what: "COWD",
                offset: 4,
                found: raw.version.get().into(),
                expected: "1",
            });
        }
        let fields = Fields { at: 0 };
        let (sectors, grain) = (
            u64::from(raw.sectors.get()),
            u64::from(raw.grain_size.get()),
        );
        if sectors == 0 {
            return Err(fields.wrong("number of sectors", 12, 0, "at least 1"));
        }
        if !grain.is_power_of_two() || grain > 4096 {
            return Err(fields.wrong("grain size", 16, grain, "a power of two from 1 to 4096"));
        }
        let directory = u64::from(raw.gd_offset.get()).saturating_mul(SECTOR);
        if directory < HEADER_LEN {
            let found = raw.gd_offset.get().into();
            return Err(fields.wrong("grain directory offset", 20, found, "at least 4"));
        }
        let (entries, needed) = (
            u64::from(raw.gd_entries.get()),
            sectors.div_ceil(grain.saturating_mul(ENTRIES)),
        );
        if entries < needed {
            let expected = format!("at least {needed} for {sectors} sectors");
            return Err(fields.wrong("grain directory entry count", 24, entries, expected));
        }
        Ok(Header {
            version: raw.version.get(),
            capacity: sectors.saturating_mul(SECTOR),
            grain: grain.saturating_mul(SECTOR),
            directory,
            unclean: raw.unclean_shutdown.get() != 0,
        })
    }
}

/// Opens the extent in `source`, number `extent` on its disk; also gives the version in its header.
pub(crate) fn open(
    source: &Source,
    extent: u32,
    opening: &mut Opening<'_>,
) -> Result<(Grains, u32), DiskError> {
    let bytes = io::read_some(&**source, 0, HEADER_LEN)?;
    let header = Header::decode(&bytes, source.len()).map_err(|err| io::broken(&**source, err))?;
    if header.unclean {
        opening.warn(
            "vmdk-unclean-shutdown",
            &**source,
            "the snapshot was not closed properly (uncleanShutdown is set); the guest's last writes may be missing, \
             check its file systems",
        );
    }
    let directory = read_directory(source, &header, opening)?;
    opening.warn_shared_tables(&**source, &directory);
    let grains = Grains {
        source: source.clone(),
        tables: source.clone(),
        capacity: header.capacity,
        grain_shift: header.grain.trailing_zeros(),
        entries_per_table: ENTRIES,
        directory,
        rules: Rules::Cowd,
        reserved: 0..HEADER_LEN,
        extent,
        serial: next_serial(),
    };
    Ok((grains, header.version))
}

fn read_directory(
    source: &Source,
    header: &Header,
    opening: &mut Opening<'_>,
) -> Result<Vec<u32>, DiskError> {
    let grains = header.capacity.div_ceil(header.grain.max(1));
    let count = grains.div_ceil(ENTRIES);
    let bytes = opening.read_directory(source, "grain directory", header.directory, count, 4)?;
    let directory: Vec<u32> = words(&bytes).collect();
    for (number, &entry) in (0u64..).zip(&directory) {
        let used = grains
            .saturating_sub(number.saturating_mul(ENTRIES))
            .min(ENTRIES);
        let start = u64::from(entry).saturating_mul(SECTOR);
        let end = start.saturating_add(used.saturating_mul(4));
        if entry != 0 && (start < HEADER_LEN || end > source.len()) {
            let err = Error::DirectoryEntry {
                directory: "grain directory",
                offset: header.directory.saturating_add(number.saturating_mul(4)),
                found: entry.into(),
                expected: "the sector of a grain table inside the file, behind the header".into(),
            };
            return Err(io::broken(&**source, err));
        }
    }
    Ok(directory)
}
