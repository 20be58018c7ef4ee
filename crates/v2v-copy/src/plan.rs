//! From the map of a disk to tasks.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions stay below the virtual size, which is below 2^63; chunk and unit are powers of two"
)]

use v2v_disk::{Class, DiskImage, Error, FormatError, HostRange, MapKind, Mapping, StoredGrain};

/// One call of `map` looks at this much at most, so that a long contiguous run does not hold up the first task.
const LOOK_AHEAD: u64 = 64 << 30;

/// A task that moves data inside the kernel, or writes zeros, takes at most this much, so that progress and cancel stay
/// alive. A power of two, not below the largest chunk.
pub(crate) const MOVE_MAX: u64 = 128 << 20;

/// A piece of work for one worker.
pub(crate) struct Task {
    /// Place in the order of tasks, without gaps.
    pub(crate) seq: u64,
    /// First guest byte.
    pub(crate) offset: u64,
    /// Guest bytes.
    pub(crate) len: u64,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// Read into a buffer, scan, store.
    Chunk(Vec<Part>),
    /// Decode into a buffer, scan, store.
    Grains(Vec<StoredGrain>),
    /// Zeros that the target wants to know of.
    Zeros,
    /// Whole units that lie in a row in a host file: moved without looking at them.
    Move(HostRange),
}

/// A part of a chunk and where its bytes come from.
pub(crate) struct Part {
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) from: From,
}

pub(crate) enum From {
    /// Reads as zeros.
    Zero,
    /// Left to the target's backing file, unless it shares a unit with something that is not.
    Below,
    /// Positional read of the host file.
    Host(HostRange),
    /// Whatever the image does: decompress, mostly.
    Image,
    /// The tables that say what is here can't be read.
    Unreadable(Error),
}

/// How the disk is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// Buffer size; tasks that read stay within one aligned window of it.
    pub(crate) chunk: u64,
    /// The smallest unit that is stored or left out as a whole.
    pub(crate) unit: u64,
    /// Whether zeros are tasks.
    pub(crate) zeros: bool,
    /// Whether host data is moved without reading it.
    pub(crate) moves: bool,
    /// Whether parts below the kept depth must be read all the same, for the digest.
    pub(crate) read_below: bool,
    pub(crate) keep_below: Option<u32>,
    pub(crate) salvage: bool,
}

/// An image that maps nothing below its size: the rest of the disk is unknown, and not zeros.
#[derive(Debug, thiserror::Error)]
#[error("the map of the disk ends at {0:#x}, below its size")]
struct NoMapping(u64);

impl FormatError for NoMapping {
    fn class(&self) -> Class {
        Class::Corrupt
    }
}

fn is_hole(mapping: &Mapping) -> bool {
    matches!(mapping.kind, MapKind::Zero | MapKind::Parent)
}

/// Walks an image once and yields tasks in guest order.
pub(crate) struct Planner<'a> {
    image: &'a dyn DiskImage,
    cut: Cut,
    size: u64,
    position: u64,
    seq: u64,
    /// What `map` said about the range from `position` on and is not used up.
    ahead: Option<Mapping>,
    /// Bytes left to the backing file without a task.
    below: u64,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(image: &'a dyn DiskImage, cut: Cut) -> Planner<'a> {
        Planner {
            image,
            cut,
            size: image.virtual_size(),
            position: 0,
            seq: 0,
            ahead: None,
            below: 0,
        }
    }

    /// How many bytes were left to the backing file without a task.
    pub(crate) fn below(&self) -> u64 {
        self.below
    }

    /// The next task, or `None` at the end of the disk.
    pub(crate) fn next_task(&mut self) -> Result<Option<Task>, Error> {
        while self.position < self.size {
            let offset = self.position;
            if let Some(work) = self.run_without_buffer()? {
                return Ok(Some(self.task(offset, work)));
            }
            if self.position > offset {
                continue;
            }
            if let Some(work) = self.chunk()? {
                return Ok(Some(self.task(offset, work)));
            }
        }
        Ok(None)
    }

    fn task(&mut self, offset: u64, work: Work) -> Task {
        let seq = self.seq;
        self.seq += 1;
        Task {
            seq,
            offset,
            len: self.position - offset,
            work,
        }
    }

    /// Takes whole windows of zeros and long runs of host data that is not read; `None` with the position moved on for
    /// what needs no task at all, `None` with the position unchanged for everything else.
    fn run_without_buffer(&mut self) -> Result<Option<Work>, Error> {
        let mapping = match self.peek() {
            Ok(mapping) => mapping,
            // What can't be mapped is listed as a part of a chunk.
            Err(_) if self.cut.salvage => return Ok(None),
            Err(error) => return Err(error),
        };
        let below = self.is_below(&mapping);
        match mapping.kind {
            MapKind::Zero | MapKind::Parent if !below => {
                let most = if self.cut.zeros { MOVE_MAX } else { u64::MAX };
                let len = self.whole(mapping.len.min(most), self.window());
                self.advance(len);
                Ok((self.cut.zeros && len > 0).then_some(Work::Zeros))
            }
            // The digest leaves out zeros, so nobody has to read them.
            _ if below && (!self.cut.read_below || is_hole(&mapping)) => {
                let len = self.whole(mapping.len, self.window());
                self.advance(len);
                self.below += len;
                Ok(None)
            }
            MapKind::Data(Some(host)) if self.cut.moves && !below => {
                let len = (mapping.len & !(self.cut.unit - 1)).min(MOVE_MAX);
                if !self.position.is_multiple_of(self.cut.unit) || len == 0 {
                    return Ok(None);
                }
                self.advance(len);
                Ok(Some(Work::Move(host)))
            }
            _ => Ok(None),
        }
    }

    /// What is left out or moved as a whole: units if data is moved, so that buffers take only what can't be; else
    /// whole buffers, because a task costs more than a few zeros.
    fn window(&self) -> u64 {
        if self.cut.moves {
            self.cut.unit
        } else {
            self.cut.chunk
        }
    }

    /// Whether what lies here is better left to [`Planner::run_without_buffer`].
    fn needs_no_buffer(&self, mapping: &Mapping) -> bool {
        let moved = matches!(mapping.kind, MapKind::Data(Some(_)));
        self.cut.moves
            && moved
            && self.position.is_multiple_of(self.cut.unit)
            && mapping.len >= self.cut.unit
    }

    /// How much of `len` bytes from here on is whole windows, the short one at the end of the disk included.
    fn whole(&self, len: u64, window: u64) -> u64 {
        let end = self.position + len;
        if !self.position.is_multiple_of(window) {
            return 0;
        }
        if end >= self.size {
            self.size - self.position
        } else {
            (end & !(window - 1)).saturating_sub(self.position)
        }
    }

    /// The rest of the window: every part with its origin, or `None` if nothing of it is stored.
    fn chunk(&mut self) -> Result<Option<Work>, Error> {
        let window_end = ((self.position & !(self.cut.chunk - 1)) + self.cut.chunk).min(self.size);
        let mut parts: Vec<Part> = Vec::new();
        while self.position < window_end {
            let left = window_end - self.position;
            let (len, from) = match self.peek() {
                Ok(mapping) if !parts.is_empty() && self.needs_no_buffer(&mapping) => break,
                Ok(mapping) => {
                    let len = mapping.len.min(left);
                    (len, self.origin(mapping))
                }
                Err(error) if self.cut.salvage => {
                    let step = self.image.granularity().max(512);
                    (
                        (step - self.position % step).min(left),
                        From::Unreadable(error),
                    )
                }
                Err(error) => return Err(error),
            };
            parts.push(Part {
                offset: self.position,
                len,
                from,
            });
            self.advance(len);
        }
        let useless = |part: &Part| match part.from {
            From::Zero => !self.cut.zeros,
            From::Below => !self.cut.read_below,
            _ => false,
        };
        if !parts.iter().all(useless) {
            return Ok(Some(Work::Chunk(parts)));
        }
        let below = |part: &&Part| matches!(part.from, From::Below);
        self.below += parts.iter().filter(below).map(|part| part.len).sum::<u64>();
        Ok(None)
    }

    fn origin(&self, mapping: Mapping) -> From {
        if self.is_below(&mapping) {
            return From::Below;
        }
        match mapping.kind {
            MapKind::Zero | MapKind::Parent => From::Zero,
            MapKind::Data(Some(host)) => From::Host(host),
            _ => From::Image,
        }
    }

    fn is_below(&self, mapping: &Mapping) -> bool {
        let Some(depth) = self.cut.keep_below else {
            return false;
        };
        // What no image of the chain has is the backing file's to answer as well.
        mapping.depth >= depth || matches!(mapping.kind, MapKind::Parent)
    }

    /// What backs the current position, which is below the size.
    fn peek(&mut self) -> Result<Mapping, Error> {
        if let Some(mapping) = &self.ahead {
            return Ok(mapping.clone());
        }
        let len = (self.size - self.position).min(LOOK_AHEAD);
        let mut mapping = self.image.map(self.position, len)?;
        if mapping.len == 0 {
            return Err(Error::format("source", NoMapping(self.position)));
        }
        mapping.len = mapping.len.min(len);
        self.ahead = Some(mapping.clone());
        Ok(mapping)
    }

    /// Uses up `len` bytes.
    fn advance(&mut self, len: u64) {
        self.position += len;
        let Some(mut mapping) = self.ahead.take() else {
            return;
        };
        if mapping.len > len {
            mapping.len -= len;
            match &mut mapping.kind {
                MapKind::Data(Some(host)) => host.offset += len,
                MapKind::Compressed(_) => mapping.kind = MapKind::Compressed(None),
                _ => {}
            }
            self.ahead = Some(mapping);
        }
    }
}
