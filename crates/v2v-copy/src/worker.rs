//! What a worker does with a task: fetch, scan, encode, get a place, write.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "all positions lie within a chunk or the virtual size, both checked by the planner"
)]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use v2v_disk::{
    ClusterEncoder, DiskImage, HostRange, Piece, StoredGrain, TargetImage, WriteOp, is_zero,
};

use crate::digest::{BlockHash, Hasher, hash_blocks};
use crate::plan::{Cut, From, Part, Task, Work};
use crate::salvage::Unreadable;
use crate::turnstile::Turnstile;
use crate::{Algorithm, Error, Hooks, Progress, Reflink};

/// A read error is narrowed down to this many bytes: the sector size of today's disks.
const SALVAGE_STEP: usize = 4096;

/// Zeros are written from here.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// What all workers of a copy share.
pub(crate) struct Shared<'a> {
    /// The source, for what is not a plain range of a host file; none for a stream.
    pub(crate) image: Option<&'a dyn DiskImage>,
    /// None if only the digest is wanted.
    pub(crate) target: Option<&'a dyn TargetImage>,
    pub(crate) hooks: &'a dyn Hooks,
    pub(crate) virtual_size: u64,
    pub(crate) cut: Cut,
    /// Whether units are looked at for zeros.
    pub(crate) scan: bool,
    pub(crate) reflink: Reflink,
    pub(crate) digest: Option<Algorithm>,
    pub(crate) turnstile: Turnstile<Ordered>,
    pub(crate) unreadable: Unreadable,
    pub(crate) counters: Counters,
    /// Cleared when the kernel has refused to move data, so that it is not asked for every task.
    pub(crate) kernel_moves: AtomicBool,
}

/// What is touched in task order.
#[derive(Debug, Default)]
pub(crate) struct Ordered {
    pub(crate) hasher: Option<Hasher>,
    pub(crate) writes: Vec<WriteOp>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) read: AtomicU64,
    pub(crate) stored: AtomicU64,
    pub(crate) below: AtomicU64,
    pub(crate) encoded: AtomicU64,
    pub(crate) cloned: AtomicU64,
}

impl Counters {
    fn add(counter: &AtomicU64, bytes: u64) {
        counter.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What a unit of a chunk turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// All of it is the backing file's.
    Below,
    /// All of it reads as zeros.
    Zero,
    /// It must be stored.
    Data,
}

/// Where the bytes of a piece lie.
#[derive(Debug, Clone)]
enum Payload {
    Plain(Range<usize>),
    Encoded(Range<usize>),
    Zeros,
    Host(HostRange),
}

/// One thread of a copy, with buffers it keeps between tasks.
pub(crate) struct Worker<'a> {
    shared: &'a Shared<'a>,
    encoder: Option<Box<dyn ClusterEncoder>>,
    plain: Vec<u8>,
    encoded: Vec<u8>,
    units: Vec<Unit>,
    pieces: Vec<Piece>,
    payloads: Vec<Payload>,
    hashes: Vec<BlockHash>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(shared: &'a Shared<'a>) -> Result<Worker<'a>, Error> {
        let encoder = match shared.target {
            Some(target) => target.encoder()?,
            None => None,
        };
        Ok(Worker {
            shared,
            encoder,
            plain: Vec::new(),
            encoded: Vec::new(),
            units: Vec::new(),
            pieces: Vec::new(),
            payloads: Vec::new(),
            hashes: Vec::new(),
        })
    }

    /// Does one task to its end.
    pub(crate) fn run(&mut self, task: Task) -> Result<(), Error> {
        self.pieces.clear();
        self.payloads.clear();
        self.encoded.clear();
        self.hashes.clear();
        let (offset, len) = (task.offset, task.len);
        match task.work {
            Work::Zeros => self.push(Piece::Zero { offset, len }, Payload::Zeros),
            Work::Move(host) => self.push(Piece::Stored { offset, len }, Payload::Host(host)),
            Work::Chunk(parts) => {
                self.read_parts(offset, len, parts)?;
                self.sort_out(offset, len)?;
            }
            Work::Grains(grains) => {
                self.decode_grains(offset, len, grains)?;
                self.sort_out(offset, len)?;
            }
        }
        let Some(writes) = self.place(task.seq, offset + len)? else {
            return Ok(());
        };
        self.write(&writes)
    }

    fn push(&mut self, piece: Piece, payload: Payload) {
        self.pieces.push(piece);
        self.payloads.push(payload);
    }

    // ---- fetching ----

    /// A buffer for `len` guest bytes, whole clusters long; its content is undefined.
    fn prepare(&mut self, len: u64) {
        let whole = len.next_multiple_of(self.shared.cut.unit) as usize;
        if self.plain.len() < whole {
            self.plain.resize(whole, 0);
        }
        self.units.clear();
    }

    fn read_parts(&mut self, offset: u64, len: u64, parts: Vec<Part>) -> Result<(), Error> {
        self.prepare(len);
        let unit = self.shared.cut.unit;
        self.mark_units(offset, len, &parts);
        let read: u64 = parts
            .iter()
            .filter(|part| match part.from {
                From::Zero => false,
                From::Below => self.shared.needs_below(part),
                _ => true,
            })
            .map(|part| part.len)
            .sum();
        self.shared.hooks.admit(read);
        Counters::add(&self.shared.counters.read, read);
        let end = len.next_multiple_of(unit) as usize;
        let Some((used, tail)) = self
            .plain
            .get_mut(..end)
            .and_then(|all| all.split_at_mut_checked(len as usize))
        else {
            return Ok(());
        };
        tail.fill(0);
        let mut rest = used;
        for part in parts {
            let (buf, after) = rest.split_at_mut(part.len as usize);
            rest = after;
            self.shared.fetch(part, buf)?;
        }
        Ok(())
    }

    /// What each unit is before anyone has looked at the bytes.
    fn mark_units(&mut self, offset: u64, len: u64, parts: &[Part]) {
        let unit = self.shared.cut.unit;
        let count = len.div_ceil(unit) as usize;
        let mut kinds: Vec<Option<Unit>> = vec![None; count];
        for part in parts {
            let kind = match part.from {
                From::Zero => Unit::Zero,
                From::Below => Unit::Below,
                _ => Unit::Data,
            };
            let first = ((part.offset - offset) / unit) as usize;
            let last = ((part.offset - offset + part.len).div_ceil(unit) as usize).min(count);
            for slot in kinds.get_mut(first..last).unwrap_or_default() {
                *slot = match *slot {
                    None => Some(kind),
                    Some(same) if same == kind => Some(kind),
                    // Zeros beside what is left to the backing file must be merged, so the unit is data.
                    Some(_) => Some(Unit::Data),
                };
            }
        }
        self.units
            .extend(kinds.into_iter().map(|kind| kind.unwrap_or(Unit::Zero)));
    }

    fn decode_grains(
        &mut self,
        offset: u64,
        len: u64,
        grains: Vec<StoredGrain>,
    ) -> Result<(), Error> {
        self.prepare(len);
        let whole = len.next_multiple_of(self.shared.cut.unit) as usize;
        let buffer = self.plain.get_mut(..whole).unwrap_or_default();
        buffer.fill(0);
        for grain in grains {
            // A grain of an earlier window, or one that reaches into the next, is not what the stream promised.
            let range = grain
                .offset
                .checked_sub(offset)
                .and_then(|start| Some(start as usize..start.checked_add(grain.len)? as usize));
            let Some(buf) = range.and_then(|range| buffer.get_mut(range)) else {
                return Err(Error::Grain {
                    offset: grain.offset,
                    len: grain.len,
                });
            };
            (grain.decode)(buf)?;
            Counters::add(&self.shared.counters.read, grain.len);
        }
        self.units
            .resize(len.div_ceil(self.shared.cut.unit) as usize, Unit::Data);
        Ok(())
    }

    // ---- deciding ----

    /// From a filled buffer to pieces.
    fn sort_out(&mut self, offset: u64, len: u64) -> Result<(), Error> {
        if let Some(algorithm) = self.shared.digest {
            hash_blocks(
                algorithm,
                offset,
                self.plain.get(..len as usize).unwrap_or_default(),
                &mut self.hashes,
            );
        }
        let Some(target) = self.shared.target else {
            return Ok(());
        };
        self.find_zeros();
        let mut first = 0;
        while let Some(&kind) = self.units.get(first) {
            let run = self
                .units
                .iter()
                .skip(first)
                .take_while(|unit| **unit == kind)
                .count();
            let unit = self.shared.cut.unit;
            let start = first as u64 * unit;
            let end = ((first + run) as u64 * unit).min(len);
            match kind {
                Unit::Data => self.store(target, offset, start, end)?,
                Unit::Zero if target.wants_zeros() => {
                    self.push(
                        Piece::Zero {
                            offset: offset + start,
                            len: end - start,
                        },
                        Payload::Zeros,
                    );
                }
                Unit::Below => Counters::add(&self.shared.counters.below, end - start),
                Unit::Zero => {}
            }
            first += run;
        }
        Ok(())
    }

    fn find_zeros(&mut self) {
        if !self.shared.scan {
            return;
        }
        for (kind, bytes) in self
            .units
            .iter_mut()
            .zip(self.plain.chunks(self.shared.cut.unit as usize))
        {
            if *kind == Unit::Data && is_zero(bytes) {
                *kind = Unit::Zero;
            }
        }
    }

    /// Makes pieces of the data in `start..end` of the buffer: as it is, or cluster by cluster encoded.
    fn store(
        &mut self,
        target: &dyn TargetImage,
        offset: u64,
        start: u64,
        end: u64,
    ) -> Result<(), Error> {
        // Only the short unit at the end of the disk may be copied where all must be shared.
        if self.shared.reflink == Reflink::Always && end - start >= self.shared.cut.unit {
            let why = format!(
                "the disk at {:#x} is not stored as plain, aligned blocks",
                offset + start
            );
            return Err(Error::Reflink { why });
        }
        let Some(mut encoder) = self.encoder.take() else {
            self.push_plain(offset, start, end);
            return Ok(());
        };
        let cluster = target.cluster_size();
        for at in (start..end).step_by(cluster as usize) {
            let from = self.encoded.len();
            let bytes = self
                .plain
                .get(at as usize..(at + cluster) as usize)
                .unwrap_or_default();
            if encoder.encode(bytes, &mut self.encoded)? {
                let stored = (self.encoded.len() - from) as u64;
                let payload = Payload::Encoded(from..self.encoded.len());
                self.push(
                    Piece::Encoded {
                        offset: offset + at,
                        stored,
                    },
                    payload,
                );
                Counters::add(&self.shared.counters.encoded, cluster.min(end - at));
            } else {
                self.push_plain(offset, at, (at + cluster).min(end));
            }
        }
        self.encoder = Some(encoder);
        Ok(())
    }

    fn push_plain(&mut self, offset: u64, start: u64, end: u64) {
        let payload = Payload::Plain(start as usize..end as usize);
        self.push(
            Piece::Stored {
                offset: offset + start,
                len: end - start,
            },
            payload,
        );
    }

    // ---- placing ----

    /// Waits for the task's turn; `None` if the copy has failed elsewhere.
    fn place(&mut self, seq: u64, end: u64) -> Result<Option<Vec<WriteOp>>, Error> {
        let shared = self.shared;
        let placed = shared.turnstile.pass(seq, |ordered| {
            if let Some(hasher) = &mut ordered.hasher {
                hasher.blocks(&self.hashes);
            }
            if let (Some(target), false) = (shared.target, self.pieces.is_empty()) {
                target.place(&self.pieces, &mut ordered.writes)?;
            }
            // On behalf of the order: called under the lock, progress never goes back.
            shared.hooks.progress(Progress {
                done: end,
                total: shared.virtual_size,
            });
            Ok(std::mem::take(&mut ordered.writes))
        });
        placed.transpose()
    }

    // ---- writing ----

    fn write(&self, writes: &[WriteOp]) -> Result<(), Error> {
        let Some(target) = self.shared.target else {
            return Ok(());
        };
        let mut pending = Pending::default();
        for write in writes {
            let Some(payload) = self.payloads.get(write.piece) else {
                continue;
            };
            match payload {
                Payload::Plain(range) => pending.add(self, target, write, range, false)?,
                Payload::Encoded(range) => pending.add(self, target, write, range, true)?,
                Payload::Zeros => write_zeros(target, write.at, write.len)?,
                Payload::Host(host) => {
                    let host = HostRange {
                        source: host.source.clone(),
                        offset: host.offset + write.skip,
                    };
                    self.shared.move_data(target, &host, write.at, write.len)?;
                }
            }
        }
        pending.flush(self, target)?;
        let cluster = target.cluster_size();
        for piece in &self.pieces {
            let stored = match *piece {
                Piece::Stored { len, .. } => len,
                // The last cluster reaches past the end of the disk.
                Piece::Encoded { offset, .. } => {
                    cluster.min(self.shared.virtual_size.saturating_sub(offset))
                }
                Piece::Zero { .. } => 0,
            };
            Counters::add(&self.shared.counters.stored, stored);
        }
        Ok(())
    }
}

/// Neighbouring writes from one buffer, joined to one system call.
#[derive(Debug, Default)]
struct Pending {
    at: u64,
    range: Range<usize>,
    encoded: bool,
}

impl Pending {
    fn add(
        &mut self,
        worker: &Worker<'_>,
        target: &dyn TargetImage,
        write: &WriteOp,
        payload: &Range<usize>,
        encoded: bool,
    ) -> Result<(), Error> {
        let start = payload.start + write.skip as usize;
        let range = start..start + write.len as usize;
        let follows =
            self.at + self.range.len() as u64 == write.at && self.range.end == range.start;
        if follows && self.encoded == encoded && !self.range.is_empty() {
            self.range.end = range.end;
            return Ok(());
        }
        self.flush(worker, target)?;
        *self = Pending {
            at: write.at,
            range,
            encoded,
        };
        Ok(())
    }

    fn flush(&mut self, worker: &Worker<'_>, target: &dyn TargetImage) -> Result<(), Error> {
        let buffer = if self.encoded {
            &worker.encoded
        } else {
            &worker.plain
        };
        let bytes = buffer.get(self.range.clone()).unwrap_or_default();
        if !bytes.is_empty() {
            target.file().write_all_at(self.at, bytes)?;
        }
        Ok(())
    }
}

fn write_zeros(target: &dyn TargetImage, mut at: u64, mut len: u64) -> Result<(), Error> {
    while len > 0 {
        let n = len.min(ZEROS.len() as u64);
        target
            .file()
            .write_all_at(at, ZEROS.get(..n as usize).unwrap_or_default())?;
        at += n;
        len -= n;
    }
    Ok(())
}

impl Shared<'_> {
    /// Fills `buf` with the bytes of a part.
    fn fetch(&self, part: Part, buf: &mut [u8]) -> Result<(), Error> {
        let result = match &part.from {
            From::Zero => {
                buf.fill(0);
                Ok(())
            }
            From::Below if !self.needs_below(&part) => {
                buf.fill(0);
                Ok(())
            }
            From::Host(host) => host.source.read_exact_at(host.offset, buf).map_err(|err| {
                v2v_disk::Error::io_at(host.source.name(), "read", host.offset, err)
            }),
            From::Image | From::Below => self
                .image
                .map_or(Ok(()), |image| image.read_at(part.offset, buf)),
            From::Unreadable(error) => {
                buf.fill(0);
                self.unreadable
                    .add(part.offset..part.offset + part.len, error);
                Ok(())
            }
        };
        match result {
            Err(_) if self.cut.salvage => {
                self.salvage(part.offset, buf);
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// Whether the bytes of a part that is left to the backing file are looked at: for the digest, or because it may
    /// share a unit with data.
    fn needs_below(&self, part: &Part) -> bool {
        let unit = self.cut.unit;
        self.digest.is_some() || !part.offset.is_multiple_of(unit) || !part.len.is_multiple_of(unit)
    }

    /// Reads what can be read, in small steps; the rest becomes zeros and is remembered.
    fn salvage(&self, offset: u64, buf: &mut [u8]) {
        let Some(image) = self.image else { return };
        for (step, bytes) in (0..).zip(buf.chunks_mut(SALVAGE_STEP)) {
            let at = offset + step * SALVAGE_STEP as u64;
            if let Err(error) = image.read_at(at, bytes) {
                bytes.fill(0);
                self.unreadable.add(at..at + bytes.len() as u64, &error);
            }
        }
    }

    /// Moves bytes of a host file into the target without looking at them, by the cheapest way the kernel offers.
    fn move_data(
        &self,
        target: &dyn TargetImage,
        host: &HostRange,
        at: u64,
        len: u64,
    ) -> Result<(), Error> {
        self.hooks.admit(len);
        let file = host
            .source
            .host_file()
            .filter(|_| self.kernel_moves.load(Ordering::Relaxed));
        if let Some(file) = file
            && self.reflink != Reflink::Never
            && target.file().clone_from(file, host.offset, at, len)?
        {
            Counters::add(&self.counters.cloned, len);
            return Ok(());
        }
        if self.reflink == Reflink::Always {
            let why = format!(
                "{} at byte {:#x} can't share its blocks with the target",
                host.source.name().display(),
                host.offset
            );
            return Err(Error::Reflink { why });
        }
        Counters::add(&self.counters.read, len);
        if let Some(file) = file {
            if target.file().copy_from(file, host.offset, at, len)? {
                return Ok(());
            }
            self.kernel_moves.store(false, Ordering::Relaxed);
        }
        self.copy_through(target, host, at, len)
    }

    /// The same through a small buffer.
    fn copy_through(
        &self,
        target: &dyn TargetImage,
        host: &HostRange,
        at: u64,
        len: u64,
    ) -> Result<(), Error> {
        let mut buffer = vec![0; (len as usize).min(256 << 10)];
        let mut done = 0;
        while done < len {
            let n = (len - done).min(buffer.len() as u64) as usize;
            let bytes = buffer.get_mut(..n).unwrap_or_default();
            let from = host.offset + done;
            host.source
                .read_exact_at(from, bytes)
                .map_err(|err| v2v_disk::Error::io_at(host.source.name(), "read", from, err))?;
            target.file().write_all_at(at + done, bytes)?;
            done += n as u64;
        }
        Ok(())
    }
}
