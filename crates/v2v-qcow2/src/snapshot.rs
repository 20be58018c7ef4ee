//! The snapshot table: earlier states of the disk that the image itself keeps.

use v2v_disk::Source;
use zerocopy::big_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::Error;
use crate::header::Header;
use crate::place::TablePlace;

/// More than QEMU allows to be written; longer extra data means that this is no snapshot table.
const MAX_EXTRA_LEN: u32 = 1024;
/// QEMU's limit.
const MAX_SNAPSHOTS: u32 = 65536;

/// The fixed part of a table entry; extra data, id and name follow.
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
struct RawSnapshot {
    l1_offset: U64,
    l1_entries: U32,
    id_len: U16,
    name_len: U16,
    date_seconds: U32,
    date_nanos: U32,
    vm_clock_nanos: U64,
    vm_state_size: U32,
    extra_len: U32,
}
const _: () = assert!(size_of::<RawSnapshot>() == 40);

/// An internal snapshot of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Unique in the image; QEMU counts from "1".
    pub id: String,
    /// The name a person gave it; several snapshots may have the same.
    pub name: String,
    /// Bytes of saved RAM and device state; 0 if only the disk was saved.
    pub vm_state_size: u64,
    /// When it was taken, in seconds since 1970.
    pub date_seconds: u32,
    /// The rest of the date in nanoseconds.
    pub date_nanos: u32,
    /// How long the guest had been running, in nanoseconds.
    pub vm_clock_nanos: u64,
    /// Size of the disk at that time in bytes.
    pub virtual_size: u64,
    /// Where the table entry stands in the image file.
    pub(crate) at: u64,
    pub(crate) l1_offset: u64,
    pub(crate) l1_entries: u32,
}

/// Reads the table that `header` points to; `max_len` bounds it in bytes.
///
/// The L1 tables that snapshots point to are checked only when one is opened.
pub(crate) fn read_table(
    source: &Source,
    header: &Header,
    max_len: u64,
) -> v2v_disk::Result<Vec<Snapshot>> {
    let format = |err| v2v_disk::Error::format(source.name(), err);
    if header.snapshot_count == 0 {
        return Ok(Vec::new());
    }
    check_table(header, source.len()).map_err(format)?;
    let start = header.snapshots_offset;
    let mut snapshots = Vec::new();
    let mut at = start;
    for _ in 0..header.snapshot_count {
        let (snapshot, len) = read_entry(source, at, header.size)?;
        at = at.saturating_add(len);
        let found = at.saturating_sub(start);
        if found > max_len {
            return Err(format(Error::Limit {
                what: "length of the snapshot table",
                found,
                limit: max_len,
            }));
        }
        snapshots.push(snapshot);
    }
    Ok(snapshots)
}

fn check_table(header: &Header, file_len: u64) -> Result<(), Error> {
    if header.snapshot_count > MAX_SNAPSHOTS {
        return Err(Error::Limit {
            what: "snapshot count at offset 0x3c",
            found: header.snapshot_count.into(),
            limit: MAX_SNAPSHOTS.into(),
        });
    }
    let len = u64::from(header.snapshot_count).saturating_mul(40);
    let place = TablePlace {
        what: "snapshot table",
        at: 0x40,
        offset: header.snapshots_offset,
        len,
    };
    place.check(header.cluster_size(), file_len)
}

/// The entry at `at`, and its length with padding.
fn read_entry(source: &Source, at: u64, size: u64) -> v2v_disk::Result<(Snapshot, u64)> {
    let mut fixed = [0; 40];
    read_part(source, at, &mut fixed)?;
    let raw: RawSnapshot = zerocopy::transmute!(fixed);
    let found = raw.extra_len.get();
    if found > MAX_EXTRA_LEN {
        let err = Error::SnapshotExtra { at, found };
        return Err(v2v_disk::Error::format(source.name(), err));
    }
    let (id_len, name_len) = (
        usize::from(raw.id_len.get()),
        usize::from(raw.name_len.get()),
    );
    let extra_len = found as usize;
    let mut rest = vec![0; extra_len.saturating_add(id_len).saturating_add(name_len)];
    read_part(source, at.saturating_add(40), &mut rest)?;
    let (extra, names) = rest.split_at_checked(extra_len).unwrap_or_default();
    let (id, name) = names.split_at_checked(id_len).unwrap_or_default();
    // Version 2 keeps 32 bits of the state's size and no disk size: the disk could not be resized then.
    let mut words = extra.as_chunks::<8>().0.iter().copied();
    let vm_state_size = words.next().map(u64::from_be_bytes);
    let virtual_size = words.next().map(u64::from_be_bytes);
    let snapshot = Snapshot {
        id: String::from_utf8_lossy(id).into_owned(),
        name: String::from_utf8_lossy(name).into_owned(),
        vm_state_size: vm_state_size.unwrap_or(raw.vm_state_size.get().into()),
        date_seconds: raw.date_seconds.get(),
        date_nanos: raw.date_nanos.get(),
        vm_clock_nanos: raw.vm_clock_nanos.get(),
        virtual_size: virtual_size.unwrap_or(size),
        at,
        l1_offset: raw.l1_offset.get(),
        l1_entries: raw.l1_entries.get(),
    };
    let len = (rest.len() as u64).saturating_add(40).next_multiple_of(8);
    Ok((snapshot, len))
}

fn read_part(source: &Source, offset: u64, buf: &mut [u8]) -> v2v_disk::Result<()> {
    let len = buf.len() as u64;
    let file_len = source.len();
    if offset.checked_add(len).is_none_or(|end| end > file_len) {
        let err = Error::TableOutside {
            what: "snapshot table entry",
            offset,
            len,
            file_len,
        };
        return Err(v2v_disk::Error::format(source.name(), err));
    }
    source
        .read_exact_at(offset, buf)
        .map_err(|err| v2v_disk::Error::io_at(source.name(), "read", offset, err))
}

/// The snapshot that `wanted` means: the one of that id or else the first of that name, as for `qemu-img convert -l`.
pub(crate) fn find<'a>(snapshots: &'a [Snapshot], wanted: &str) -> Result<&'a Snapshot, Error> {
    snapshots
        .iter()
        .find(|snapshot| snapshot.id == wanted)
        .or_else(|| snapshots.iter().find(|snapshot| snapshot.name == wanted))
        .ok_or_else(|| Error::NoSuchSnapshot {
            wanted: wanted.to_owned(),
            known: list(snapshots),
        })
}

/// The first few snapshots, for an error text.
fn list(snapshots: &[Snapshot]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = snapshots
        .iter()
        .take(SHOWN)
        .map(|snapshot| format!("{:?} (id {})", snapshot.name, snapshot.id))
        .collect();
    match snapshots.len().saturating_sub(SHOWN) {
        0 if names.is_empty() => return "none".to_owned(),
        0 => {}
        more => names.push(format!("{more} more")),
    }
    names.join(", ")
}
