//! The engine against disks in memory: what arrives is what the guest saw, whatever the source's map, the target and
//! the number of threads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use v2v_copy::{
    Algorithm, CopyOptions, CopyReport, Error, Hooks, NoHooks, Progress, Reflink, copy,
    copy_stream, digest,
};
use v2v_disk::{
    Bytes, Chain, DiskImage, DiskStream, Existing, HostFile, HostRange, MapKind, Mapping,
    Preallocation, ReadAt, Result, StoredGrain, TargetFile, TargetImage,
};
use v2v_qcow2::{Backing, Compat, Qcow2Target, WriteOptions};
use v2v_raw::{RawImage, RawOptions, RawTarget};

/// What backs one unit of a [`Model`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Stored plainly in the host source.
    Host(u8),
    /// Stored in a way only the image can read.
    Inner(u8),
    Zero,
    Parent,
    /// Stored, and every read fails.
    Broken,
}

/// A disk made of units of `unit` bytes; host units lie shuffled in a source of their own.
struct Model {
    units: Vec<Unit>,
    unit: u64,
    size: u64,
    host: Arc<dyn ReadAt>,
}

impl Model {
    fn new(unit: u64, size: u64, units: Vec<Unit>) -> Model {
        let host = (0..units.len())
            .rev()
            .flat_map(|i| fill(units[i], i, unit as usize))
            .collect();
        Model {
            units,
            unit,
            size,
            host: Arc::new(Bytes::new("model", host)),
        }
    }

    fn expected(&self) -> Vec<u8> {
        let mut disk: Vec<u8> = self
            .units
            .iter()
            .enumerate()
            .flat_map(|(i, unit)| fill(*unit, i, self.unit as usize))
            .collect();
        disk.truncate(self.size as usize);
        disk
    }

    fn host_offset(&self, offset: u64) -> u64 {
        (self.units.len() as u64 - 1 - offset / self.unit) * self.unit + offset % self.unit
    }
}

/// Content that differs from unit to unit and is partly zero.
fn byte(unit: Unit, index: usize, i: usize) -> u8 {
    match unit {
        Unit::Host(seed) | Unit::Inner(seed) if seed >= 64 && !i.is_multiple_of(7) => {
            seed ^ index as u8 ^ (i / 64) as u8
        }
        _ => 0,
    }
}

fn fill(unit: Unit, index: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| byte(unit, index, i)).collect()
}

impl DiskImage for Model {
    fn virtual_size(&self) -> u64 {
        self.size
    }

    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        let kind = match self.units[(offset / self.unit) as usize] {
            Unit::Host(_) => MapKind::Data(Some(HostRange {
                source: self.host.clone(),
                offset: self.host_offset(offset),
            })),
            Unit::Inner(_) | Unit::Broken => MapKind::Compressed(None),
            Unit::Zero => MapKind::Zero,
            Unit::Parent => MapKind::Parent,
        };
        let left = (self.unit - offset % self.unit).min(self.size - offset);
        Ok(Mapping::new(len.min(left), kind))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        for (at, out) in (offset..).zip(buf) {
            let index = (at / self.unit) as usize;
            let unit = self.units.get(index).copied().unwrap_or(Unit::Zero);
            if unit == Unit::Broken {
                return Err(v2v_disk::Error::io_at(
                    "model",
                    "read",
                    at,
                    std::io::ErrorKind::Other.into(),
                ));
            }
            *out = if at < self.size {
                byte(unit, index, (at % self.unit) as usize)
            } else {
                0
            };
        }
        Ok(())
    }

    fn granularity(&self) -> u64 {
        self.unit
    }
}

fn options(threads: usize) -> CopyOptions {
    let mut options = CopyOptions::default();
    options.threads = NonZeroUsize::new(threads).unwrap();
    options
}

struct Out {
    dir: tempfile::TempDir,
    count: AtomicU64,
}

impl Out {
    fn new() -> Out {
        Out {
            dir: tempfile::tempdir().unwrap(),
            count: AtomicU64::new(0),
        }
    }

    fn file(&self) -> TargetFile {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        TargetFile::create(self.dir.path().join(format!("{n}")), Existing::Keep).unwrap()
    }

    fn raw(&self, size: u64, preallocation: Preallocation) -> Box<dyn TargetImage> {
        let mut options = RawOptions::default();
        options.preallocation = preallocation;
        Box::new(RawTarget::create(self.file(), size, options).unwrap())
    }

    fn qcow2(&self, size: u64, change: impl FnOnce(&mut WriteOptions)) -> Box<dyn TargetImage> {
        let mut options = WriteOptions::default();
        options.cluster_size = 4096;
        change(&mut options);
        Box::new(Qcow2Target::create(self.file(), size, options).unwrap())
    }
}

fn convert(
    source: &dyn DiskImage,
    target: Box<dyn TargetImage>,
    options: &CopyOptions,
) -> (CopyReport, PathBuf) {
    let report = copy(source, &*target, options, &NoHooks).unwrap();
    (report, target.into_file().commit().unwrap())
}

fn open_qcow2(path: &Path) -> v2v_qcow2::Qcow2 {
    let source = Arc::new(HostFile::open(path).unwrap());
    v2v_qcow2::Qcow2::open(source, &v2v_disk::NoGate, &Default::default()).unwrap()
}

fn check(path: &Path) {
    if v2v_testkit::qemu::wanted() {
        v2v_testkit::qemu::check(path, "qcow2");
    }
}

fn read_all(image: &dyn DiskImage) -> Vec<u8> {
    let mut disk = vec![0; image.virtual_size() as usize];
    image.read_at(0, &mut disk).unwrap();
    disk
}

fn units() -> impl Strategy<Value = Vec<Unit>> {
    let unit = prop_oneof![
        any::<u8>().prop_map(Unit::Host),
        any::<u8>().prop_map(Unit::Inner),
        Just(Unit::Zero),
        Just(Unit::Parent),
    ];
    // Runs of the same kind are what real disks have.
    proptest::collection::vec((unit, 1usize..9), 1..40).prop_map(|runs| {
        runs.into_iter()
            .flat_map(|(unit, n)| std::iter::repeat_n(unit, n))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_raw_target_holds_what_the_guest_saw(
        units in units(),
        unit in prop_oneof![Just(512u64), Just(4096), Just(65536)],
        cut in 0u64..8,
        threads in 1usize..6,
        hole_size in prop_oneof![Just(0u64), Just(4096), Just(65536)],
    ) {
        let size = (units.len() as u64 * unit).saturating_sub(cut * 512).max(512);
        let model = Model::new(unit, size, units);
        let out = Out::new();
        let mut options = options(threads);
        options.hole_size = hole_size;
        options.digest = Some(Algorithm::Blake3);
        let (report, path) = convert(&model, out.raw(size, Preallocation::Off), &options);
        prop_assert_eq!(std::fs::read(path).unwrap(), model.expected());
        prop_assert_eq!(report.digest.unwrap(), digest(&model, Algorithm::Blake3, &options, &NoHooks).unwrap());
    }

    #[test]
    fn a_qcow2_target_holds_what_the_guest_saw_and_threads_do_not_show(
        units in units(),
        unit in prop_oneof![Just(512u64), Just(65536)],
        cut in 0u64..8,
        compress in any::<bool>(),
        preallocation in prop_oneof![Just(Preallocation::Off), Just(Preallocation::Metadata), Just(Preallocation::Full)],
    ) {
        let size = (units.len() as u64 * unit).saturating_sub(cut * 512).max(512);
        let model = Model::new(unit, size, units);
        let out = Out::new();
        let change = |options: &mut WriteOptions| {
            options.compress = compress.then_some(1);
            options.preallocation = if compress { Preallocation::Off } else { preallocation };
        };
        let (one, first) = convert(&model, out.qcow2(size, change), &options(1));
        let (_, second) = convert(&model, out.qcow2(size, change), &options(5));
        let bytes = std::fs::read(&first).unwrap();
        prop_assert!(bytes == std::fs::read(second).unwrap(), "the bytes depend on the number of threads");
        prop_assert_eq!(one.target.file_len, bytes.len() as u64);
        prop_assert_eq!(read_all(&open_qcow2(&first)), model.expected());
        check(&first);
    }

    #[test]
    fn an_overlay_leaves_to_the_backing_file_what_is_not_in_the_top_image(
        top in units(), base in units(), compat in prop_oneof![Just(Compat::V2), Just(Compat::V3)],
        unit in prop_oneof![Just(512u64), Just(4096), Just(65536)],
        base_unit in prop_oneof![Just(512u64), Just(65536)],
        cut in 0u64..8,
        hole_size in prop_oneof![Just(0u64), Just(4096), Just(65536)],
        preallocation in prop_oneof![Just(Preallocation::Off), Just(Preallocation::Metadata)],
        hashed in any::<bool>(),
    ) {
        let base = Model::new(base_unit, base.len() as u64 * base_unit, base);
        let top_size = (top.len() as u64 * unit).saturating_sub(cut * 512).max(512);
        let top = Model::new(unit, top_size, top);
        let base_disk = base.expected();
        let out = Out::new();
        let base_path = out.dir.path().join("base.raw");
        std::fs::write(&base_path, &base_disk).unwrap();
        let chain = Chain::new(vec![Box::new(top), Box::new(base)]);
        let mut options = options(3);
        options.keep_below = Some(1);
        options.hole_size = hole_size;
        options.digest = hashed.then_some(Algorithm::Blake3);
        let target = out.qcow2(top_size, |options| {
            options.compat = compat;
            options.preallocation = preallocation;
            options.backing = Some(Backing { name: "base.raw".into(), format: "raw".into() });
        });
        let (report, path) = convert(&chain, target, &options);
        if hashed {
            let seen = digest(&chain, Algorithm::Blake3, &options, &NoHooks).unwrap();
            prop_assert_eq!(report.digest, Some(seen));
        }
        let raw = RawImage::new(Arc::new(HostFile::open(&base_path).unwrap()));
        let overlay = Chain::new(vec![Box::new(open_qcow2(&path)), Box::new(raw)]);
        prop_assert_eq!(read_all(&overlay), read_all(&chain));
        check(&path);
    }
}

/// A sparse host file whose data lies in large runs: the way of `copy_file_range` and of clones.
#[test]
fn plain_data_is_moved_by_the_kernel_when_nobody_looks_at_it() {
    use std::os::unix::fs::FileExt;
    let out = Out::new();
    let path = out.dir.path().join("source");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(64 << 20).unwrap();
    let data: Vec<u8> = (0..5u32 << 20).map(|i| (i >> 8) as u8 ^ i as u8).collect();
    file.write_all_at(&data, 3 << 20).unwrap();
    file.write_all_at(&data, (40 << 20) + 512).unwrap();
    drop(file);
    let source = RawImage::new(Arc::new(HostFile::open(&path).unwrap()));
    for reflink in [Reflink::Auto, Reflink::Never] {
        let mut options = options(2);
        options.hole_size = 0;
        options.reflink = reflink;
        let (report, raw) = convert(&source, out.raw(64 << 20, Preallocation::Off), &options);
        assert!(std::fs::read(raw).unwrap() == std::fs::read(&path).unwrap());
        assert!(
            (10 << 20..12 << 20).contains(&report.stored),
            "holes stay holes: {}",
            report.stored
        );
        let (_, qcow2) = convert(&source, out.qcow2(64 << 20, |_| ()), &options);
        check(&qcow2);
        assert!(read_all(&open_qcow2(&qcow2)) == std::fs::read(&path).unwrap());
    }
}

/// A disk of so many bytes that stores nothing.
struct Hole(u64);

impl DiskImage for Hole {
    fn virtual_size(&self) -> u64 {
        self.0
    }
    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        Ok(Mapping::new(len.min(self.0 - offset), MapKind::Parent))
    }
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<()> {
        panic!("nobody reads a hole")
    }
}

#[test]
fn a_hole_of_terabytes_costs_nothing() {
    let out = Out::new();
    let (report, path) = convert(
        &Hole(16 << 40),
        out.qcow2(16 << 40, |options| options.cluster_size = 64 << 10),
        &options(2),
    );
    assert_eq!((report.read, report.stored), (0, 0));
    assert!(std::fs::metadata(path).unwrap().len() < 1 << 20);
}

#[test]
fn what_cannot_be_read_ends_the_copy_or_becomes_zeros() {
    let units = vec![
        Unit::Inner(200),
        Unit::Broken,
        Unit::Broken,
        Unit::Host(201),
        Unit::Broken,
    ];
    let model = Model::new(65536, 5 * 65536, units);
    let out = Out::new();
    let target = out.raw(5 * 65536, Preallocation::Off);
    let err = copy(&model, &*target, &options(3), &NoHooks).unwrap_err();
    assert!(
        matches!(err, Error::Disk(v2v_disk::Error::Io { .. })),
        "{err}"
    );
    drop(target);
    let mut salvage = options(3);
    salvage.salvage = true;
    let (report, path) = convert(&model, out.raw(5 * 65536, Preallocation::Off), &salvage);
    assert_eq!(report.unreadable, [65536..3 * 65536, 4 * 65536..5 * 65536]);
    assert!(
        report
            .first_unreadable
            .unwrap()
            .starts_with("model: cannot read at byte 0x10000")
    );
    assert_eq!(std::fs::read(path).unwrap(), model.expected());
    assert_eq!(
        std::fs::read_dir(out.dir.path()).unwrap().count(),
        1,
        "the failed target is gone"
    );
}

/// A disk of which parts can't even be mapped, as with a broken table.
struct Unmapped {
    disk: Model,
    broken: std::ops::Range<u64>,
    /// What `map` says there: nothing at all, or an error.
    nothing: bool,
}

impl DiskImage for Unmapped {
    fn virtual_size(&self) -> u64 {
        self.disk.virtual_size()
    }

    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        if !self.broken.contains(&offset) {
            return self.disk.map(offset, len);
        }
        if self.nothing {
            return Ok(Mapping::new(0, MapKind::Parent));
        }
        let error = std::io::ErrorKind::Other.into();
        Err(v2v_disk::Error::io_at("table", "read", offset, error))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.disk.read_at(offset, buf)
    }

    fn granularity(&self) -> u64 {
        self.disk.granularity()
    }
}

#[test]
fn what_cannot_be_mapped_becomes_zeros_wherever_it_lies() {
    const UNIT: u64 = 4096;
    let size = 1 << 20;
    // At the start of the disk, at the start of a buffer, within one, over several, at the end.
    for broken in [
        0..UNIT,
        256 << 10..300 << 10,
        5 * UNIT..6 * UNIT,
        0..512 << 10,
        1000 << 10..1024 << 10,
    ] {
        for hole_size in [0, 4096] {
            let disk = Unmapped {
                disk: Model::new(UNIT, size, vec![Unit::Host(201); 256]),
                broken: broken.clone(),
                nothing: false,
            };
            let mut expected = disk.disk.expected();
            expected[broken.start as usize..broken.end as usize].fill(0);
            let out = Out::new();
            let mut options = options(3);
            options.hole_size = hole_size;
            let target = out.raw(size, Preallocation::Off);
            let err = copy(&disk, &*target, &options, &NoHooks).unwrap_err();
            assert!(err.to_string().starts_with("table: cannot read"), "{err}");
            options.salvage = true;
            let (report, path) = convert(&disk, out.raw(size, Preallocation::Off), &options);
            assert_eq!(report.unreadable, std::slice::from_ref(&broken));
            assert!(std::fs::read(path).unwrap() == expected);
        }
    }
}

#[test]
fn a_map_that_ends_early_is_an_error_and_not_zeros() {
    let disk = Unmapped {
        disk: Model::new(4096, 1 << 20, vec![Unit::Host(201); 256]),
        broken: 40960..1 << 20,
        nothing: true,
    };
    let out = Out::new();
    let target = out.raw(1 << 20, Preallocation::Off);
    let err = copy(&disk, &*target, &options(2), &NoHooks).unwrap_err();
    assert_eq!(
        err.to_string(),
        "source: the map of the disk ends at 0xa000, below its size"
    );
}

/// Counts how far each step of progress is.
#[derive(Default)]
struct Steps(Mutex<Vec<u64>>);

impl Hooks for Steps {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress.done);
    }
}

#[test]
fn zeros_that_are_written_come_in_steps_that_can_be_watched_and_stopped() {
    let size = 1 << 30;
    let out = Out::new();
    let target = || {
        out.qcow2(size, |options| {
            options.cluster_size = 64 << 10;
            options.preallocation = Preallocation::Metadata;
        })
    };
    let (disk, stream) = (Steps::default(), Steps::default());
    copy(&Hole(size), &*target(), &options(2), &disk).unwrap();
    let mut nothing = Units(Model::new(size, size, Vec::new()), 0);
    copy_stream(&mut nothing, &*target(), &options(2), &stream).unwrap();
    for steps in [disk, stream] {
        let steps = steps.0.into_inner().unwrap();
        let longest = steps.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest <= Some(128 << 20), "{longest:?}");
    }
}

#[test]
fn a_hole_below_is_not_read_for_the_digest() {
    let out = Out::new();
    let mut options = options(2);
    options.keep_below = Some(1);
    options.digest = Some(Algorithm::Blake3);
    let size = 16 << 40;
    let target = out.qcow2(size, |options| {
        options.cluster_size = 64 << 10;
        options.backing = Some(Backing {
            name: "base".into(),
            format: "raw".into(),
        });
    });
    let (report, _) = convert(&Hole(size), target, &options);
    assert_eq!((report.read, report.stored, report.below), (0, 0, size));
    assert_eq!(
        report.digest,
        Some(digest(&Hole(size), Algorithm::Blake3, &options, &NoHooks).unwrap())
    );
}

#[test]
fn a_copy_can_be_watched_and_stopped() {
    #[derive(Default)]
    struct Watch {
        seen: Mutex<Vec<u64>>,
        admitted: AtomicU64,
        stop_at: Option<u64>,
    }
    impl Hooks for Watch {
        fn progress(&self, progress: Progress) {
            self.seen.lock().unwrap().push(progress.done);
        }
        fn cancelled(&self) -> bool {
            let done = self.seen.lock().unwrap().last().copied().unwrap_or(0);
            self.stop_at.is_some_and(|stop| done >= stop)
        }
        fn admit(&self, bytes: u64) {
            self.admitted.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    let size = 64 << 20;
    let model = Model::new(1 << 20, size, vec![Unit::Host(99); 64]);
    let out = Out::new();
    let watch = Watch::default();
    let report = copy(
        &model,
        &*out.raw(size, Preallocation::Off),
        &options(4),
        &watch,
    )
    .unwrap();
    let seen = watch.seen.into_inner().unwrap();
    assert!(seen.is_sorted() && seen.last() == Some(&size));
    assert_eq!((watch.admitted.into_inner(), report.read), (size, size));

    let watch = Watch {
        stop_at: Some(8 << 20),
        ..Watch::default()
    };
    let err = copy(
        &model,
        &*out.raw(size, Preallocation::Off),
        &options(4),
        &watch,
    )
    .unwrap_err();
    assert!(matches!(err, Error::Disk(v2v_disk::Error::Cancelled)));
    assert!(*watch.seen.into_inner().unwrap().last().unwrap() < size);
}

#[test]
fn sharing_that_is_demanded_and_impossible_is_an_error() {
    let model = Model::new(4096, 8192, vec![Unit::Inner(200); 2]);
    let out = Out::new();
    let mut options = options(1);
    options.reflink = Reflink::Always;
    let err = copy(
        &model,
        &*out.raw(8192, Preallocation::Off),
        &options,
        &NoHooks,
    )
    .unwrap_err()
    .to_string();
    assert_eq!(
        err,
        "the disk at 0x0 is not stored as plain, aligned blocks; use --reflink auto to copy instead"
    );
    let target = out.qcow2(8192, |options| options.compress = Some(1));
    let err = copy(&model, &*target, &options, &NoHooks)
        .unwrap_err()
        .to_string();
    assert_eq!(
        err,
        "a compressed target shares no blocks with its source; use --reflink auto to copy instead"
    );
}

/// A disk whose first plain data comes late.
fn late_data(unit: Unit) -> Model {
    let mut units: Vec<Unit> = (0..5000)
        .map(|i| {
            if i % 2 == 0 {
                Unit::Zero
            } else {
                Unit::Inner(0)
            }
        })
        .collect();
    units.extend([unit; 8]);
    Model::new(4096, units.len() as u64 * 4096, units)
}

#[test]
fn zeros_are_found_in_plain_data_that_comes_late() {
    let model = late_data(Unit::Host(0));
    let out = Out::new();
    let (report, _) = convert(&model, out.raw(model.size, Preallocation::Off), &options(2));
    assert_eq!(report.stored, 0);
}

#[test]
fn data_that_must_be_shared_is_not_copied_because_it_comes_late() {
    let mut units = vec![Unit::Zero; 5000];
    units.push(Unit::Host(200));
    let model = Model::new(4096, 5001 * 4096, units);
    let mut options = options(1);
    options.reflink = Reflink::Always;
    let target = Out::new().raw(model.size, Preallocation::Off);
    let err = copy(&model, &*target, &options, &NoHooks).unwrap_err();
    assert_eq!(
        err.to_string(),
        "model at byte 0x0 can't share its blocks with the target; use --reflink auto to copy instead"
    );
}

#[test]
fn nothing_is_left_to_a_backing_file_that_is_not_there() {
    let model = Model::new(512, 1024, vec![Unit::Host(200); 2]);
    let out = Out::new();
    let mut options = options(1);
    options.keep_below = Some(0);
    for target in [
        out.raw(1024, Preallocation::Full),
        out.qcow2(1024, |options| options.preallocation = Preallocation::Full),
    ] {
        let err = copy(&model, &*target, &options, &NoHooks).unwrap_err();
        assert_eq!(
            err.to_string(),
            "parts of the disk are to be left to a backing file, and the target has none"
        );
    }
}

#[test]
fn a_target_of_another_size_is_refused() {
    let model = Model::new(512, 1024, vec![Unit::Zero; 2]);
    let err = copy(
        &model,
        &*Out::new().raw(512, Preallocation::Off),
        &options(1),
        &NoHooks,
    )
    .unwrap_err();
    assert_eq!(
        err.to_string(),
        "the target holds 512 bytes, the source has 1024"
    );
}

#[test]
fn a_stream_that_goes_back_is_refused() {
    struct Back(Vec<u64>);
    impl DiskStream for Back {
        fn virtual_size(&self) -> u64 {
            1 << 20
        }
        fn granularity(&self) -> u64 {
            65536
        }
        fn next_grain(&mut self) -> Result<Option<StoredGrain>> {
            Ok(self.0.pop().map(|offset| StoredGrain {
                offset,
                len: 65536,
                decode: Box::new(|_| Ok(())),
            }))
        }
    }
    let out = Out::new();
    let target = out.raw(1 << 20, Preallocation::Off);
    let err = copy_stream(
        &mut Back(vec![0, 512 << 10]),
        &*target,
        &options(1),
        &NoHooks,
    )
    .unwrap_err();
    assert_eq!(
        err.to_string(),
        "stream gives 65536 bytes at 0x0, which is not one of its units"
    );
}

/// A stream of units in order, some left out.
struct Units(Model, u64);

impl DiskStream for Units {
    fn virtual_size(&self) -> u64 {
        self.0.size
    }
    fn granularity(&self) -> u64 {
        self.0.unit
    }
    fn next_grain(&mut self) -> Result<Option<StoredGrain>> {
        while self.1 < self.0.units.len() as u64 {
            let index = self.1;
            self.1 += 1;
            let unit = self.0.units[index as usize];
            if let Unit::Host(_) | Unit::Inner(_) = unit {
                let offset = index * self.0.unit;
                let len = self.0.unit.min(self.0.size - offset);
                let bytes = fill(unit, index as usize, len as usize);
                let decode = Box::new(move |buf: &mut [u8]| {
                    buf.copy_from_slice(&bytes);
                    Ok(())
                });
                return Ok(Some(StoredGrain {
                    offset,
                    len,
                    decode,
                }));
            }
        }
        Ok(None)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_stream_gives_the_same_image_as_the_disk(
        units in units(),
        cut in 0u64..8,
        full in any::<bool>(),
        threads in 1usize..5,
    ) {
        let size = (units.len() as u64 * 65536).saturating_sub(cut * 512).max(512);
        let out = Out::new();
        let preallocation = if full { Preallocation::Full } else { Preallocation::Off };
        let change = |options: &mut WriteOptions| options.preallocation = preallocation;
        let mut options = options(threads);
        options.digest = Some(Algorithm::Sha256);
        let (report, path) = convert(&Model::new(65536, size, units.clone()), out.qcow2(size, change), &options);
        let target = out.qcow2(size, change);
        let mut stream = Units(Model::new(65536, size, units), 0);
        let streamed = copy_stream(&mut stream, &*target, &options, &NoHooks).unwrap();
        prop_assert_eq!(streamed.digest, report.digest);
        let streamed = target.into_file().commit().unwrap();
        prop_assert!(std::fs::read(streamed).unwrap() == std::fs::read(path).unwrap());
    }
}
