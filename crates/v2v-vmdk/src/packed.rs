//! One compressed grain: read it in one piece, check its marker, inflate it.

use std::cell::Cell;

use v2v_codec::inflate_zlib;
use v2v_disk::{Error as DiskError, ReadAt};

use crate::Error;
use crate::header::{GRAIN_MARKER, SECTOR, most_compressed};
use crate::io;

thread_local! {
    // Taken out while in use: a source may itself be a disk of this kind, read on the same thread.
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// What a thread keeps from one grain to the next.
#[derive(Default)]
struct Scratch {
    /// Compressed bytes.
    stored: Vec<u8>,
    /// A whole grain, for readers that want a part of it.
    grain: Vec<u8>,
    /// Which grain that is: the disk's serial and the places in the file and on the disk, since two entries of a broken
    /// table may name one place in the file. Small reads in a row inflate once.
    holds: Option<(u64, u64, u64)>,
}

/// Where a compressed grain is and what it must be. Everything in bytes.
pub(crate) struct PackedGrain<'a> {
    pub(crate) source: &'a dyn ReadAt,
    pub(crate) serial: u64,
    /// Where it begins in the file, with its marker.
    pub(crate) at: u64,
    /// Where the next one begins, if that is known.
    pub(crate) next: Option<u64>,
    /// Where it begins on the extent's disk.
    pub(crate) start: u64,
    /// Length of a grain.
    pub(crate) grain: u64,
    /// The part of it that lies on the disk.
    pub(crate) used: u64,
    /// Whether there is a marker with place and size.
    pub(crate) marked: bool,
}

impl PackedGrain<'_> {
    /// Fills `out`, which lies inside the grain, from byte `offset` of the extent's disk.
    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), DiskError> {
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let result = self.read_with(&mut scratch, offset, out);
        SCRATCH.set(Some(scratch));
        result
    }

    fn read_with(
        &self,
        scratch: &mut Scratch,
        offset: u64,
        out: &mut [u8],
    ) -> Result<(), DiskError> {
        if out.len() as u64 == self.grain {
            return self.inflate(&mut scratch.stored, out);
        }
        let Scratch {
            stored,
            grain,
            holds,
        } = scratch;
        let key = Some((self.serial, self.at, self.start));
        if *holds != key {
            *holds = None;
            grain.resize(len(self.grain), 0);
            self.inflate(stored, grain)?;
            *holds = key;
        }
        let skip = len(offset.saturating_sub(self.start));
        let part = grain.get(skip..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(part.unwrap_or_default());
        Ok(())
    }

    /// Fills `whole`, a grain long, as far as the grain lies on the disk.
    fn inflate(&self, stored: &mut Vec<u8>, whole: &mut [u8]) -> Result<(), DiskError> {
        let have = self.load(stored, self.guess())?;
        if !self.marked {
            let bytes = stored.get(..have).unwrap_or_default();
            return self
                .inflate_bare(bytes, whole)
                .map_err(|err| self.broken(err));
        }
        let size = self.check_marker(stored.get(..have).unwrap_or_default())?;
        let need = len(size.saturating_add(GRAIN_MARKER));
        if need > have {
            self.load(stored, need as u64)?;
        }
        let data = stored.get(len(GRAIN_MARKER)..need).unwrap_or_default();
        inflate_grain(data, whole, self.used, self.at, self.start).map_err(|err| self.broken(err))
    }

    /// How many bytes to read without having seen the marker: to the next grain, or as much as a grain may take.
    fn guess(&self) -> u64 {
        let most = most_compressed(self.grain).saturating_add(GRAIN_MARKER);
        let room = self.source.len().saturating_sub(self.at);
        let next = self.next.map_or(most, |next| next.saturating_sub(self.at));
        next.min(most).min(room)
    }

    /// Reads the first `want` bytes of the grain into `stored`.
    fn load(&self, stored: &mut Vec<u8>, want: u64) -> Result<usize, DiskError> {
        let want = len(want);
        if stored.len() < want {
            stored.resize(want, 0);
        }
        io::read(
            self.source,
            self.at,
            stored.get_mut(..want).unwrap_or_default(),
        )?;
        Ok(want)
    }

    /// The size in the marker, if the marker is that of this grain.
    fn check_marker(&self, bytes: &[u8]) -> Result<u64, DiskError> {
        let cut = || {
            self.broken(Error::BeyondEnd {
                what: "grain",
                start: self.at,
                len: GRAIN_MARKER,
                file_len: self.source.len(),
            })
        };
        let (sector, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
        let sector = u64::from_le_bytes(*sector);
        let size = u32::from_le_bytes(*rest.first_chunk().ok_or_else(cut)?).into();
        let limit = most_compressed(self.grain);
        if !(1..=limit).contains(&size) {
            return Err(self.broken(Error::MarkerSize {
                offset: self.at,
                found: size,
                limit,
            }));
        }
        // QEMU takes the table's word and gives the guest another grain's data.
        if sector != self.start / SECTOR {
            return Err(self.broken(Error::MarkerPlace {
                offset: self.at,
                found: sector,
                expected: self.start / SECTOR,
            }));
        }
        let need = size.saturating_add(GRAIN_MARKER);
        if self.at.saturating_add(need) > self.source.len() {
            return Err(self.broken(Error::BeyondEnd {
                what: "grain",
                start: self.at,
                len: need,
                file_len: self.source.len(),
            }));
        }
        Ok(size)
    }

    /// Grains without markers: open-vmdk expects a size of four bytes in front of the data, QEMU expects nothing.
    fn inflate_bare(&self, bytes: &[u8], whole: &mut [u8]) -> Result<(), Error> {
        let sized = bytes.split_first_chunk().and_then(|(size, rest)| {
            let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
            rest.get(..size)
        });
        if let Some(data) = sized
            && is_zlib(data)
            && inflate_grain(data, whole, self.used, self.at, self.start).is_ok()
        {
            return Ok(());
        }
        inflate_grain(bytes, whole, self.used, self.at, self.start)
    }

    fn broken(&self, error: Error) -> DiskError {
        io::broken(self.source, error)
    }
}

/// Whether the first two bytes can be those of a zlib stream (RFC 1950, 2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    bytes
        .first_chunk()
        .is_some_and(|&head: &[u8; 2]| head[0] & 0x0F == 8 && u16::from_be_bytes(head) % 31 == 0)
}

/// Inflates one grain into `whole`, a grain long, of which `used` bytes lie on the disk.
///
/// `at` and `start` are its places in the file and on the disk, in bytes. The last grain of a disk may be stored cut or
/// whole.
pub(crate) fn inflate_grain(
    data: &[u8],
    whole: &mut [u8],
    used: u64,
    at: u64,
    start: u64,
) -> Result<(), Error> {
    let sector = start / SECTOR;
    let found = inflate_zlib(data, whole).map_err(|error| Error::Inflate {
        offset: at,
        sector,
        error,
    })? as u64;
    if found != used && found != whole.len() as u64 {
        return Err(Error::GrainLength {
            offset: at,
            sector,
            found,
            expected: whole.len() as u64,
        });
    }
    Ok(())
}

/// A length that was bounded by a grain's before.
fn len(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
