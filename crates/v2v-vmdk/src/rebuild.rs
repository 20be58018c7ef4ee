//! Grain tables made anew from the grains' own markers, for a streamOptimized file whose footer is lost.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "divisors are checked in the header; sectors are below the disk's capacity and places below the file's length"
)]

use std::sync::Arc;

use v2v_disk::{Bytes, Error as DiskError, Source};

use crate::Error;
use crate::header::{GRAIN_MARKER, Header, Marker, Packing, SECTOR, SECTOR_LEN};
use crate::io;
use crate::opening::Opening;

/// The tables as a source in memory, laid out as in a file, and the directory to it.
///
/// # Errors
///
/// If the file is cut off: what its last part held would read as zeros.
pub(crate) fn rebuild(
    source: &Source,
    header: &Header,
    opening: &mut Opening<'_>,
) -> Result<(Source, Vec<u32>), DiskError> {
    if header.packing != Packing::Marked {
        let offset = source.len();
        return Err(io::broken(&**source, Error::StreamCut { offset }));
    }
    let mut tables = Tables::new(source, header, opening)?;
    scan(source, header, |at, sector| {
        tables.add(at, sector * SECTOR / header.grain)
    })?;
    let Tables {
        directory, bytes, ..
    } = tables;
    opening.warn(
        "vmdk-tables-rebuilt",
        &**source,
        "the footer is missing or broken; the grains were found by their own markers",
    );
    let name = source.name().to_path_buf();
    Ok((Arc::new(Bytes::new(name, bytes)), directory))
}

struct Tables<'a, 'o> {
    source: &'a Source,
    opening: &'a mut Opening<'o>,
    entries: u64,
    directory: Vec<u32>,
    bytes: Vec<u8>,
}

impl<'a, 'o> Tables<'a, 'o> {
    fn new(
        source: &'a Source,
        header: &Header,
        opening: &'a mut Opening<'o>,
    ) -> Result<Self, DiskError> {
        let entries = header.entries_per_table;
        let count = header.capacity.div_ceil(header.grain).div_ceil(entries);
        opening.grant(&**source, count.saturating_mul(4))?;
        Ok(Tables {
            source,
            opening,
            entries,
            directory: vec![0; usize::try_from(count).unwrap_or(0)],
            // Sector 0 stays empty: an entry of 0 means that there is no table.
            bytes: vec![0; SECTOR_LEN],
        })
    }

    /// Notes that grain number `grain` is at byte `at` of the file.
    fn add(&mut self, at: u64, grain: u64) -> Result<(), DiskError> {
        let table = self.table(grain / self.entries)?;
        let entry = usize::try_from(table + grain % self.entries * 4).unwrap_or(usize::MAX);
        let Some(entry) = self
            .bytes
            .get_mut(entry..)
            .and_then(|rest| rest.first_chunk_mut())
        else {
            return Ok(());
        };
        let first = u64::from(u32::from_le_bytes(*entry)) * SECTOR;
        if first != 0 {
            let err = Error::MarkerTwice { first, offset: at };
            return Err(io::broken(&**self.source, err));
        }
        let Ok(sector) = u32::try_from(at / SECTOR) else {
            let err = Error::TooLarge {
                what: "the file without its footer",
                found: at,
                limit: u64::from(u32::MAX) * SECTOR,
            };
            return Err(io::broken(&**self.source, err));
        };
        *entry = sector.to_le_bytes();
        Ok(())
    }

    /// Where table `number` begins; made if it is not there.
    fn table(&mut self, number: u64) -> Result<u64, DiskError> {
        let slot = usize::try_from(number)
            .ok()
            .and_then(|number| self.directory.get_mut(number));
        let Some(slot) = slot else { return Ok(0) };
        if *slot == 0 {
            let len = (self.entries * 4).next_multiple_of(SECTOR);
            self.opening.grant(&**self.source, len)?;
            *slot = u32::try_from(self.bytes.len() / SECTOR_LEN).unwrap_or(0);
            let len = usize::try_from(len).unwrap_or(0);
            self.bytes.resize(self.bytes.len() + len, 0);
        }
        Ok(u64::from(*slot) * SECTOR)
    }
}

/// Walks over the markers from the first grain on and gives every grain's place in the file and sector of the disk.
fn scan(
    source: &Source,
    header: &Header,
    mut found: impl FnMut(u64, u64) -> Result<(), DiskError>,
) -> Result<(), DiskError> {
    let broken = |err| io::broken(&**source, err);
    let file_len = source.len();
    let mut at = header.overhead.max(SECTOR);
    let mut tables_seen = false;
    loop {
        let bytes = io::read_some(&**source, at, 16)?;
        let len = match Marker::decode(&bytes, at).map_err(broken)? {
            Marker::Grain { sector, size } => {
                Marker::check_grain(sector, size, at, header).map_err(broken)?;
                found(at, sector)?;
                size + GRAIN_MARKER
            }
            Marker::End => {
                // Zeros look like an end marker. A directory before it, or nothing behind it, tells that it is one.
                let last = file_len.saturating_sub(at) < 2 * SECTOR;
                return match tables_seen || last {
                    true => Ok(()),
                    false => Err(broken(Error::StreamCut { offset: at })),
                };
            }
            Marker::Directory(sectors) | Marker::Footer(sectors) => {
                tables_seen = true;
                sectors.saturating_mul(SECTOR).saturating_add(SECTOR)
            }
            Marker::Table(sectors) | Marker::Progress(sectors) => {
                sectors.saturating_mul(SECTOR).saturating_add(SECTOR)
            }
        };
        let padded = len.checked_next_multiple_of(SECTOR).unwrap_or(u64::MAX);
        let next = at.saturating_add(padded);
        if next > file_len {
            return Err(broken(Error::StreamCut { offset: at }));
        }
        at = next;
    }
}
