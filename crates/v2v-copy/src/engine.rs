//! Threads, order and the end of a copy.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};
use v2v_disk::{DiskImage, DiskStream, HostRange, MapKind, StoredGrain, TargetImage};

use crate::digest::{BLOCK, Hasher};
use crate::plan::{Cut, MOVE_MAX, Planner, Task, Work};
use crate::salvage::Unreadable;
use crate::turnstile::Turnstile;
use crate::worker::{Counters, Ordered, Shared, Worker};
use crate::{Algorithm, CopyOptions, CopyReport, DiskDigest, Error, Hooks, Reflink};

/// A chunk is what one system call moves; above this size nothing gets faster, below [`CHUNK_MIN`] much gets slower.
const CHUNK_MAX: u64 = 256 << 10;
const CHUNK_MIN: u64 = 64 << 10;

/// The largest unit of data that is stored or left out as a whole.
const UNIT_MAX: u64 = 2 << 20;

/// Copies what the guest sees of `source` into `target` and finishes it.
///
/// The caller commits the target's file afterwards, or drops it. Nothing is written twice except, in a qcow2 target,
/// the header, which comes last.
///
/// # Errors
///
/// The first error of source or target; the target is unfinished then.
pub fn copy(
    source: &dyn DiskImage,
    target: &dyn TargetImage,
    options: &CopyOptions,
    hooks: &dyn Hooks,
) -> Result<CopyReport, Error> {
    let size = source.virtual_size();
    check_size(size, target)?;
    if options.keep_below.is_some() && !target.has_backing() {
        return Err(Error::NoBacking);
    }
    let unit = unit(options, target)?;
    let (threads, chunk) = shape(options, unit, source.granularity());
    // What is moved is not looked at and fails as a whole, so there would be nothing to salvage.
    let salvage = options.salvage && options.reflink != Reflink::Always;
    let moves = !salvage && may_move(source, target, options)?;
    // Moved data is not looked at, so the hash takes a second walk; together they still read everything once.
    let digest_later = options.digest.filter(|_| moves);
    let options = &CopyOptions {
        digest: options.digest.filter(|_| !moves),
        ..options.clone()
    };
    let cut = Cut {
        chunk,
        unit,
        zeros: target.wants_zeros(),
        moves,
        read_below: options.digest.is_some(),
        keep_below: options.keep_below,
        salvage: options.salvage,
    };
    tracing::info!(size, threads, chunk, unit, moves, "copying");
    let shared = shared(Some(source), Some(target), size, cut, options, hooks);
    let mut planner = Planner::new(source, cut);
    run(&shared, threads, |tasks| feed_parts(&mut planner, tasks))?;
    let below = planner.below();
    let mut report = finish(shared, Some(target))?;
    report.below = report.below.saturating_add(below);
    if let Some(algorithm) = digest_later {
        report.digest = Some(digest(source, algorithm, options, hooks)?);
    }
    Ok(report)
}

/// Copies a disk that arrives on a stream into `target` and finishes it.
///
/// # Errors
///
/// As for [`copy`]; a stream that ends early or is out of order is one.
pub fn copy_stream(
    stream: &mut dyn DiskStream,
    target: &dyn TargetImage,
    options: &CopyOptions,
    hooks: &dyn Hooks,
) -> Result<CopyReport, Error> {
    let size = stream.virtual_size();
    check_size(size, target)?;
    let unit = unit(options, target)?;
    let (threads, chunk) = shape(options, unit, stream.granularity());
    let cut = Cut {
        chunk,
        unit,
        zeros: target.wants_zeros(),
        moves: false,
        read_below: false,
        keep_below: None,
        salvage: false,
    };
    let shared = shared(None, Some(target), size, cut, options, hooks);
    run(&shared, threads, |tasks| {
        feed_grains(stream, &cut, size, tasks)
    })?;
    finish(shared, Some(target))
}

/// Hashes what the guest sees of `image`; see [`DiskDigest`] for what the hash depends on.
///
/// # Errors
///
/// The first error of the image.
pub fn digest(
    image: &dyn DiskImage,
    algorithm: Algorithm,
    options: &CopyOptions,
    hooks: &dyn Hooks,
) -> Result<DiskDigest, Error> {
    let unit = BLOCK as u64;
    let (threads, chunk) = shape(options, unit, image.granularity());
    let cut = Cut {
        chunk,
        unit,
        zeros: false,
        moves: false,
        read_below: false,
        keep_below: None,
        salvage: false,
    };
    let options = CopyOptions {
        digest: Some(algorithm),
        ..options.clone()
    };
    let size = image.virtual_size();
    let shared = shared(Some(image), None, size, cut, &options, hooks);
    let mut planner = Planner::new(image, cut);
    run(&shared, threads, |tasks| feed_parts(&mut planner, tasks))?;
    let report = finish(shared, None)?;
    Ok(report
        .digest
        .unwrap_or_else(|| Hasher::new(algorithm, size).finish()))
}

fn check_size(disk: u64, target: &dyn TargetImage) -> Result<(), Error> {
    let target = target.virtual_size();
    if disk == target {
        Ok(())
    } else {
        Err(Error::Size { disk, target })
    }
}

/// The unit that is stored or left out as a whole.
fn unit(options: &CopyOptions, target: &dyn TargetImage) -> Result<u64, Error> {
    let wanted = options
        .hole_size
        .checked_next_power_of_two()
        .unwrap_or(u64::MAX);
    let unit = wanted.max(target.cluster_size());
    if unit > UNIT_MAX {
        return Err(Error::HoleSize {
            found: options.hole_size,
            max: UNIT_MAX,
        });
    }
    Ok(unit)
}

/// Number of workers and size of a chunk that stay within the memory given: a worker holds a chunk, plain and encoded.
fn shape(options: &CopyOptions, unit: u64, granularity: u64) -> (NonZeroUsize, u64) {
    let smallest = unit
        .max(granularity.min(UNIT_MAX))
        .max(CHUNK_MIN)
        .next_power_of_two();
    let memory = options.memory as u64;
    // The chunk as it is read and, at most as large, as it is written.
    let affordable = memory.checked_div(smallest.saturating_mul(2)).unwrap_or(1);
    let affordable = usize::try_from(affordable).unwrap_or(usize::MAX);
    let threads =
        NonZeroUsize::new(options.threads.get().min(affordable)).unwrap_or(NonZeroUsize::MIN);
    let share = memory
        .checked_div((threads.get() as u64).saturating_mul(2))
        .unwrap_or(0)
        .max(1);
    let chunk = 1 << share.ilog2();
    (threads, CHUNK_MAX.min(chunk).max(smallest))
}

/// Whether data of the source is moved without being read.
fn may_move(
    source: &dyn DiskImage,
    target: &dyn TargetImage,
    options: &CopyOptions,
) -> Result<bool, Error> {
    if target.encodes() {
        return match options.reflink {
            Reflink::Always => Err(Error::Reflink {
                why: "a compressed target shares no blocks with its source".into(),
            }),
            _ => Ok(false),
        };
    }
    if options.reflink != Reflink::Never {
        let clones = match first_host_data(source)? {
            Some(host) => host
                .source
                .host_file()
                .is_some_and(|file| target.file().can_clone_from(file)),
            // Nothing to share, and no reason to hash in a walk of its own; what comes late in the disk is looked at
            // like everything else, unless it has to be shared.
            None => return Ok(options.reflink == Reflink::Always),
        };
        if clones {
            return Ok(true);
        }
        if options.reflink == Reflink::Always {
            let why = format!(
                "source and target {} can't share blocks on this file system",
                target.file().path().display()
            );
            return Err(Error::Reflink { why });
        }
    }
    // Without a scan nobody needs the bytes in user space.
    Ok(options.hole_size == 0)
}

/// The first piece of the disk that lies plainly in a host file.
fn first_host_data(source: &dyn DiskImage) -> Result<Option<HostRange>, Error> {
    let (mut offset, size) = (0u64, source.virtual_size());
    // A disk that begins with this many other pieces has little to share.
    for _ in 0..4096 {
        if offset >= size {
            break;
        }
        let mapping = source.map(offset, size.saturating_sub(offset).min(64 << 30))?;
        if let MapKind::Data(Some(host)) = mapping.kind {
            return Ok(Some(host));
        }
        offset = offset.saturating_add(mapping.len.max(1));
    }
    Ok(None)
}

fn shared<'a>(
    image: Option<&'a dyn DiskImage>,
    target: Option<&'a dyn TargetImage>,
    virtual_size: u64,
    cut: Cut,
    options: &CopyOptions,
    hooks: &'a dyn Hooks,
) -> Shared<'a> {
    let hasher = options
        .digest
        .map(|algorithm| Hasher::new(algorithm, virtual_size));
    Shared {
        image,
        target,
        hooks,
        virtual_size,
        cut,
        scan: options.hole_size != 0,
        reflink: options.reflink,
        digest: options.digest,
        turnstile: Turnstile::new(Ordered {
            hasher,
            writes: Vec::new(),
        }),
        unreadable: Unreadable::default(),
        counters: Counters::default(),
        kernel_moves: AtomicBool::new(true),
    }
}

/// The producer's end of the queue.
struct Tasks<'a> {
    sender: Sender<Task>,
    hooks: &'a dyn Hooks,
    failed: &'a AtomicBool,
}

impl Tasks<'_> {
    /// Hands over a task; `false` if a worker has failed and no more are wanted.
    fn send(&self, task: Task) -> Result<bool, Error> {
        if self.hooks.cancelled() {
            return Err(v2v_disk::Error::Cancelled.into());
        }
        Ok(!self.failed.load(Ordering::Relaxed) && self.sender.send(task).is_ok())
    }
}

/// Runs `produce` on this thread and the tasks it sends on `threads` workers.
fn run(
    shared: &Shared<'_>,
    threads: NonZeroUsize,
    produce: impl FnOnce(&Tasks<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (sender, receiver) = bounded(threads.get());
    let failed = AtomicBool::new(false);
    let first_error = Mutex::new(None);
    let fail = |error: Error| {
        first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
        failed.store(true, Ordering::Relaxed);
        shared.turnstile.close();
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.get() {
            let (receiver, fail, failed) = (receiver.clone(), &fail, &failed);
            scope.spawn(move || work(shared, &receiver, failed, fail));
        }
        // Workers hold the only other ends: when they are gone, sending ends.
        drop(receiver);
        let tasks = Tasks {
            sender,
            hooks: shared.hooks,
            failed: &failed,
        };
        if let Err(error) = produce(&tasks) {
            fail(error);
        }
    });
    match first_error
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Lets the other workers go if this one panics: they would wait for its turn for ever.
struct CloseOnPanic<'a>(&'a Turnstile<Ordered>, &'a AtomicBool);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.1.store(true, Ordering::Relaxed);
            self.0.close();
        }
    }
}

fn work(shared: &Shared<'_>, tasks: &Receiver<Task>, failed: &AtomicBool, fail: &dyn Fn(Error)) {
    let _guard = CloseOnPanic(&shared.turnstile, failed);
    let mut worker = match Worker::new(shared) {
        Ok(worker) => Some(worker),
        Err(error) => {
            fail(error);
            None
        }
    };
    for task in tasks {
        let Some(worker) = worker.as_mut().filter(|_| !failed.load(Ordering::Relaxed)) else {
            // The queue must run dry, or the producer would wait for ever.
            continue;
        };
        let result = match shared.hooks.cancelled() {
            true => Err(v2v_disk::Error::Cancelled.into()),
            false => worker.run(task),
        };
        if let Err(error) = result {
            fail(error);
        }
    }
}

/// Sends the tasks of an image that can be read at any place.
fn feed_parts(planner: &mut Planner<'_>, tasks: &Tasks<'_>) -> Result<(), Error> {
    while let Some(task) = planner.next_task()? {
        if !tasks.send(task)? {
            break;
        }
    }
    Ok(())
}

/// Cuts a stream of grains into tasks of one window each.
fn feed_grains(
    stream: &mut dyn DiskStream,
    cut: &Cut,
    size: u64,
    tasks: &Tasks<'_>,
) -> Result<(), Error> {
    let mut windows = Windows {
        chunk: cut.chunk,
        size,
        zeros: cut.zeros,
        seq: 0,
        position: 0,
        grains: Vec::new(),
    };
    while let Some(grain) = stream.next_grain()? {
        tasks.hooks.admit(grain.len);
        if grain.offset >= windows.end() && !windows.close(grain.offset, tasks)? {
            return Ok(());
        }
        windows.grains.push(grain);
    }
    windows.close(size, tasks)?;
    Ok(())
}

/// Collects the grains of one window after the other.
struct Windows {
    chunk: u64,
    size: u64,
    zeros: bool,
    seq: u64,
    /// First guest byte that no task covers.
    position: u64,
    grains: Vec<StoredGrain>,
}

impl Windows {
    fn end(&self) -> u64 {
        self.position.saturating_add(self.chunk).min(self.size)
    }

    /// Sends the window that is open and, if the target wants them, the zeros up to the window of `next`.
    fn close(&mut self, next: u64, tasks: &Tasks<'_>) -> Result<bool, Error> {
        if !self.grains.is_empty() {
            let work = Work::Grains(std::mem::take(&mut self.grains));
            if !self.send(self.end(), work, tasks)? {
                return Ok(false);
            }
        }
        let next = if next >= self.size {
            self.size
        } else {
            next & !self.chunk.saturating_sub(1)
        };
        while self.zeros && next > self.position {
            let end = self.position.saturating_add(MOVE_MAX).min(next);
            if !self.send(end, Work::Zeros, tasks)? {
                return Ok(false);
            }
        }
        self.position = self.position.max(next);
        Ok(true)
    }

    fn send(&mut self, end: u64, work: Work, tasks: &Tasks<'_>) -> Result<bool, Error> {
        let task = Task {
            seq: self.seq,
            offset: self.position,
            len: end.saturating_sub(self.position),
            work,
        };
        self.seq = self.seq.saturating_add(1);
        self.position = end;
        tasks.send(task)
    }
}

/// Writes the rest of the target and gathers what was counted.
fn finish(shared: Shared<'_>, target: Option<&dyn TargetImage>) -> Result<CopyReport, Error> {
    let summary = target
        .map(TargetImage::finish)
        .transpose()?
        .unwrap_or_default();
    let (unreadable, first_unreadable) = shared.unreadable.finish();
    let done = crate::Progress {
        done: shared.virtual_size,
        total: shared.virtual_size,
    };
    shared.hooks.progress(done);
    Ok(CopyReport {
        virtual_size: shared.virtual_size,
        read: shared.counters.read.into_inner(),
        stored: shared.counters.stored.into_inner(),
        below: shared.counters.below.into_inner(),
        encoded: shared.counters.encoded.into_inner(),
        cloned: shared.counters.cloned.into_inner(),
        unreadable,
        first_unreadable,
        digest: shared.turnstile.into_state().hasher.map(Hasher::finish),
        target: summary,
    })
}
