//! Hosted sparse extents (`KDMV`): monolithicSparse, streamOptimized, and the pieces of a split disk.
//!
//! VMware Virtual Disk Format 1.1 and 5.0. Differences from QEMU's reader, all on purpose: the redundant directory is
//! used when the first is broken, entries past the end of the file are errors and not zeros, a compressed grain must
//! be the one its table says, and bytes behind a footer do not hide it.

use v2v_disk::{Error as DiskError, Source};

use crate::Error;
use crate::grains::{Grains, Rules, next_serial};
use crate::header::{Directory, Header, MAGIC, Marker, SECTOR, SECTOR_LEN};
use crate::io;
use crate::opening::{Opening, words};
use crate::rebuild::rebuild;

/// How far from the end of the file a footer is looked for.
const FOOTER_REACH: u64 = 1 << 20;

/// Reads and checks the header at the start of `source`.
pub(crate) fn read_header(source: &Source, opening: &Opening<'_>) -> Result<Header, DiskError> {
    let bytes = io::read_some(&**source, 0, SECTOR)?;
    Header::decode(&bytes, 0, source.len(), &opening.options.limits)
        .map_err(|err| io::broken(&**source, err))
}

/// Opens the grains behind `header`; `extent` is their number on the disk.
pub(crate) fn open(
    source: &Source,
    header: &Header,
    extent: u32,
    opening: &mut Opening<'_>,
) -> Result<Grains, DiskError> {
    if header.unclean {
        opening.warn(
            "vmdk-unclean-shutdown",
            &**source,
            "the disk was not closed properly (uncleanShutdown is set); the guest's last writes may be missing, \
             check its file systems",
        );
    }
    let (header, rebuilt) = match header.directory {
        Directory::At(_) => (header.clone(), None),
        Directory::InFooter => match find_footer(source, header, opening)? {
            Some(footer) => (footer, None),
            None => (header.clone(), Some(rebuild(source, header, opening)?)),
        },
    };
    let (tables, directory) = match rebuilt {
        Some(rebuilt) => rebuilt,
        None => (source.clone(), load_directory(source, &header, opening)?),
    };
    opening.warn_shared_tables(&**source, &directory);
    Ok(Grains {
        source: source.clone(),
        tables,
        capacity: header.capacity,
        grain_shift: header.grain.trailing_zeros(),
        entries_per_table: header.entries_per_table,
        directory,
        rules: Rules::Hosted {
            zeroed_grains: header.zeroed_grains,
            packing: header.packing,
        },
        reserved: header
            .descriptor
            .map_or(0..SECTOR, |(at, len)| at..at.saturating_add(len)),
        extent,
        serial: next_serial(),
    })
}

/// Number of grains and of tables.
fn counts(header: &Header) -> (u64, u64) {
    let grains = header.capacity.div_ceil(header.grain.max(1));
    (grains, grains.div_ceil(header.entries_per_table.max(1)))
}

/// The directory, or its redundant copy if it is broken.
fn load_directory(
    source: &Source,
    header: &Header,
    opening: &mut Opening<'_>,
) -> Result<Vec<u32>, DiskError> {
    let Directory::At(start) = header.directory else {
        return Ok(Vec::new());
    };
    let mut main = read_directory(source, header, "grain directory", start, opening);
    let Some(copy) = header.redundant else {
        return main;
    };
    let err = match &mut main {
        Ok(directory) => {
            fill_gaps(source, header, copy, directory, opening);
            return main;
        }
        Err(err) => err,
    };
    if matches!(err.class(), v2v_disk::Class::Limit) {
        return main;
    }
    match read_directory(source, header, "redundant grain directory", copy, opening) {
        Ok(directory) => {
            let reason = match err {
                DiskError::Format { error, .. } => error.to_string(),
                other => other.to_string(),
            };
            opening.warn(
                "vmdk-redundant-directory",
                &**source,
                format!("the grain directory is broken, its redundant copy is used: {reason}"),
            );
            Ok(directory)
        }
        // The first error is the one to tell: the copy may be as old as the file.
        Err(_) => main,
    }
}

/// Takes the tables that `directory` lacks from the redundant copy at byte `copy`: what is lost mostly reads as zeros.
///
/// Where a table is rightly absent it is so in both, or the copy's is empty because the file was not closed properly.
fn fill_gaps(
    source: &Source,
    header: &Header,
    copy: u64,
    directory: &mut [u32],
    opening: &mut Opening<'_>,
) {
    if !directory.contains(&0) {
        return;
    }
    let copy = opening.for_a_look(|opening| {
        read_directory(source, header, "redundant grain directory", copy, opening)
    });
    // A copy that is damaged itself is no help.
    let Ok(copy) = copy else { return };
    let mut filled = 0u64;
    for (entry, from) in directory.iter_mut().zip(copy) {
        if *entry == 0 && from != 0 {
            *entry = from;
            filled = filled.saturating_add(1);
        }
    }
    if filled > 0 {
        let text = format!(
            "{filled} entries of the grain directory are 0 although its redundant copy has tables there; those are used"
        );
        opening.warn("vmdk-redundant-directory", &**source, text);
    }
}

/// Reads the directory at byte `start` and checks that every table lies in the file.
fn read_directory(
    source: &Source,
    header: &Header,
    what: &'static str,
    start: u64,
    opening: &mut Opening<'_>,
) -> Result<Vec<u32>, DiskError> {
    if start < SECTOR {
        let err = Error::Field {
            field: what,
            offset: start,
            found: start / SECTOR,
            expected: "a sector behind the header".into(),
        };
        return Err(io::broken(&**source, err));
    }
    let (grains, tables) = counts(header);
    let bytes = opening.read_directory(source, what, start, tables, 4)?;
    let directory: Vec<u32> = words(&bytes).collect();
    for (number, &entry) in (0u64..).zip(&directory) {
        let before = number.saturating_mul(header.entries_per_table);
        let used = grains.saturating_sub(before).min(header.entries_per_table);
        if let Err(expected) = check_table(header, entry, used, source.len()) {
            let err = Error::DirectoryEntry {
                directory: what,
                offset: start.saturating_add(number.saturating_mul(4)),
                found: entry.into(),
                expected: expected.into(),
            };
            return Err(io::broken(&**source, err));
        }
    }
    Ok(directory)
}

/// Whether a table of `entries` entries can begin at sector `sector`; if not, what would be right.
fn check_table(
    header: &Header,
    sector: u32,
    entries: u64,
    file_len: u64,
) -> Result<(), &'static str> {
    if sector == 0 {
        return Ok(());
    }
    let start = u64::from(sector).saturating_mul(SECTOR);
    let end = start.saturating_add(entries.saturating_mul(4));
    if end > file_len {
        return Err("the sector of a grain table inside the file");
    }
    let on_descriptor = header
        .descriptor
        .is_some_and(|(at, len)| start < at.saturating_add(len) && at < end);
    match on_descriptor {
        true => Err("a sector outside the descriptor"),
        false => Ok(()),
    }
}

/// The footer, if the file ends with one. Padding and garbage behind it are passed over.
fn find_footer(
    source: &Source,
    header: &Header,
    opening: &mut Opening<'_>,
) -> Result<Option<Header>, DiskError> {
    let file_len = source.len();
    let from = (file_len.saturating_sub(FOOTER_REACH) / SECTOR).saturating_mul(SECTOR);
    let tail = io::read_some(&**source, from, FOOTER_REACH.saturating_add(SECTOR))?;
    let sectors: Vec<&[u8]> = tail.chunks_exact(SECTOR_LEN).collect();
    for (index, sector) in sectors.iter().enumerate().rev() {
        let at = from.saturating_add((index as u64).saturating_mul(SECTOR));
        if at == 0 || !sector.starts_with(&MAGIC) {
            continue;
        }
        let Ok(mut footer) = Header::decode(sector, at, file_len, &opening.options.limits) else {
            continue;
        };
        let before = index.checked_sub(1).and_then(|before| sectors.get(before));
        let after = index.checked_add(1).and_then(|after| sectors.get(after));
        // Stored data may look like a header; between these markers it is a footer.
        let marked = before.is_some_and(|&s| matches!(Marker::decode(s, 0), Ok(Marker::Footer(_))));
        let ended = after.is_some_and(|&s| matches!(Marker::decode(s, 0), Ok(Marker::End)));
        let same = (footer.capacity, footer.grain) == (header.capacity, header.grain);
        if !(marked || ended) || !same || footer.directory == Directory::InFooter {
            continue;
        }
        footer.descriptor = header.descriptor;
        let end = at.saturating_add(2 * SECTOR);
        if file_len > end {
            let text = format!(
                "{} bytes follow the end of the disk at {end:#x}; they are ignored",
                file_len.saturating_sub(end)
            );
            opening.warn("vmdk-trailing-bytes", &**source, text);
        }
        return Ok(Some(footer));
    }
    Ok(None)
}
