//! The writer against QEMU and against the reader.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests; what is printed names the case that fails"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use v2v_disk::{
    Chain, DiskImage, Existing, HostFile, MapKind, NoGate, Piece, Preallocation, TargetFile,
    TargetImage, WriteOp,
};
use v2v_qcow2::{Backing, Compat, Compression, Qcow2, Qcow2Target, WriteOptions};
use v2v_raw::RawImage;
use v2v_testkit::qemu;

// ---- Help -------------------------------------------------------------------------------------------------------

/// What the guest has in one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cluster {
    /// Does not compress.
    Noise(u8),
    /// Compresses to about `1/n` of it.
    Text(u8),
    /// Zeros that hide what a backing file has.
    Zero,
}

/// A disk by its clusters; what is not listed is left to the backing file, or zeros.
#[derive(Debug, Clone)]
struct Disk {
    size: u64,
    cluster: u64,
    clusters: BTreeMap<u64, Cluster>,
}

impl Disk {
    fn new(size: u64, cluster: u64, clusters: impl IntoIterator<Item = (u64, Cluster)>) -> Disk {
        let last = size.div_ceil(cluster);
        Disk {
            size,
            cluster,
            clusters: clusters.into_iter().filter(|(at, _)| *at < last).collect(),
        }
    }

    /// Guest bytes of cluster `index`; fewer at the end of the disk.
    fn len(&self, index: u64) -> u64 {
        self.cluster.min(self.size - index * self.cluster)
    }

    /// A whole cluster, zeros past the end of the disk.
    fn bytes(&self, index: u64, kind: Cluster) -> Vec<u8> {
        let (seed, period) = match kind {
            Cluster::Noise(seed) => (seed, 1),
            Cluster::Text(n) => (n, usize::from(n.max(2))),
            Cluster::Zero => return vec![0; self.cluster as usize],
        };
        let mut state = (index << 8 | u64::from(seed)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8 | 1
        };
        let mut bytes: Vec<u8> = (0..self.len(index) as usize)
            .map(|i| {
                if i.is_multiple_of(period) {
                    random()
                } else {
                    7
                }
            })
            .collect();
        bytes.resize(self.cluster as usize, 0);
        bytes
    }

    /// The disk as a raw file over a copy of `below`.
    fn raw(&self, path: &Path, below: Option<&Path>) {
        if let Some(below) = below {
            std::fs::copy(below, path).unwrap();
        }
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .unwrap();
        file.set_len(self.size).unwrap();
        for (&index, &kind) in &self.clusters {
            let bytes = &self.bytes(index, kind)[..self.len(index) as usize];
            if kind != Cluster::Zero || below.is_some() {
                file.write_all_at(bytes, index * self.cluster).unwrap();
            }
        }
    }

    /// What an engine passes to a target, a few pieces a batch, with the bytes of each.
    fn write(&self, target: &dyn TargetImage, all_zeros: bool) {
        let mut encoder = target.encoder().unwrap();
        let mut batch: Vec<(Piece, Vec<u8>)> = Vec::new();
        let mut next = 0;
        for (&index, &kind) in &self.clusters {
            if all_zeros && index > next {
                batch.push(self.zeros(next, index));
            }
            next = index + 1;
            let (offset, len) = (index * self.cluster, self.len(index));
            if kind == Cluster::Zero {
                if target.wants_zeros() {
                    batch.push(self.zeros(index, next));
                }
                continue;
            }
            let mut bytes = self.bytes(index, kind);
            let mut stream = Vec::new();
            if encoder
                .as_mut()
                .is_some_and(|encoder| encoder.encode(&bytes, &mut stream).unwrap())
            {
                let stored = stream.len() as u64;
                batch.push((Piece::Encoded { offset, stored }, stream));
            } else {
                bytes.truncate(len as usize);
                match batch.last_mut() {
                    Some((Piece::Stored { offset: at, len: n }, before)) if *at + *n == offset => {
                        *n += len;
                        before.extend(bytes);
                    }
                    _ => batch.push((Piece::Stored { offset, len }, bytes)),
                }
            }
            if index % 5 == 0 {
                place(target, &mut batch);
            }
        }
        let last = self.size.div_ceil(self.cluster);
        if all_zeros && last > next {
            batch.push(self.zeros(next, last));
        }
        place(target, &mut batch);
    }

    fn zeros(&self, first: u64, end: u64) -> (Piece, Vec<u8>) {
        let offset = first * self.cluster;
        let len = (end * self.cluster).min(self.size) - offset;
        (Piece::Zero { offset, len }, Vec::new())
    }
}

/// Places a batch and does what `place` asks for.
fn place(target: &dyn TargetImage, batch: &mut Vec<(Piece, Vec<u8>)>) {
    let (pieces, payloads): (Vec<Piece>, Vec<Vec<u8>>) = std::mem::take(batch).into_iter().unzip();
    let mut writes = Vec::new();
    target.place(&pieces, &mut writes).unwrap();
    for WriteOp {
        piece,
        skip,
        at,
        len,
    } in writes
    {
        let bytes = match pieces[piece] {
            Piece::Zero { .. } => vec![0; len as usize],
            _ => payloads[piece][skip as usize..(skip + len) as usize].to_vec(),
        };
        target.file().write_all_at(at, &bytes).unwrap();
    }
}

/// A directory with images.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes `disk`, checks it against QEMU, the reader and `file_size`; returns the image.
    fn check(&self, disk: &Disk, options: &WriteOptions) -> PathBuf {
        let below = options
            .backing
            .as_ref()
            .map(|backing| self.path(&backing.name));
        let file = TargetFile::create(self.path("image"), Existing::Keep).unwrap();
        let target = Qcow2Target::create(file, disk.size, options.clone()).unwrap();
        let all_zeros = options.preallocation != Preallocation::Off && below.is_none();
        disk.write(&target, all_zeros);
        assert!(
            !v2v_qcow2::is_qcow2(&HostFile::open(target.file().part_path()).unwrap()),
            "the header comes last"
        );
        let summary = target.finish().unwrap();
        // Without `commit`: syncing hundreds of images takes longer than all the rest.
        let path = Box::new(target).into_file().keep_part();
        let len = std::fs::metadata(&path).unwrap().len();
        assert_eq!(summary.file_len, len);
        let whole = disk.size.div_ceil(disk.cluster);
        assert!(
            len <= options.file_size(disk.size, whole),
            "never too small"
        );
        if all_zeros {
            assert_eq!(len, options.file_size(disk.size, whole), "nor too large");
        }

        let raw = self.path("raw");
        let _ = std::fs::remove_file(&raw);
        disk.raw(&raw, below.as_deref());
        if qemu::wanted() {
            qemu::check(&path, "qcow2");
            qemu::compare(&raw, "raw", &path, "qcow2");
        }
        self.read_back(disk, &path, below.as_deref(), &raw);
        path
    }

    /// The listed clusters and their neighbours, through our reader.
    fn read_back(&self, disk: &Disk, path: &Path, below: Option<&Path>, raw: &Path) {
        let image: Box<dyn DiskImage> = Box::new(open(path));
        let below = below.map(|path| Box::new(open_raw(path)) as Box<dyn DiskImage>);
        let chain = Chain::new([Some(image), below].into_iter().flatten().collect());
        assert_eq!(chain.virtual_size(), disk.size);
        let raw = open_raw(raw);
        for &index in disk.clusters.keys() {
            for index in index.saturating_sub(1)..index + 2 {
                let mut found = vec![0xff; disk.cluster as usize];
                let mut expected = found.clone();
                chain.read_at(index * disk.cluster, &mut found).unwrap();
                raw.read_at(index * disk.cluster, &mut expected).unwrap();
                assert!(found == expected, "cluster {index}");
            }
        }
    }
}

fn open(path: &Path) -> Qcow2 {
    let source = Arc::new(HostFile::open(path).unwrap());
    Qcow2::open(source, &NoGate, &Default::default()).unwrap()
}

fn open_raw(path: &Path) -> RawImage {
    RawImage::new(Arc::new(HostFile::open(path).unwrap()))
}

fn with(cluster_size: u64, change: impl FnOnce(&mut WriteOptions)) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.cluster_size = cluster_size;
    change(&mut options);
    options
}

fn compressed(compression: Compression) -> impl Fn(&mut WriteOptions) {
    move |options| {
        options.compression = compression;
        options.compress = Some(compression.default_level());
    }
}

/// Every way of storing, by name.
fn kinds(cluster: u64) -> Vec<(&'static str, WriteOptions)> {
    use Preallocation::{Falloc, Full, Metadata};
    let v2 = |options: &mut WriteOptions| options.compat = Compat::V2;
    let mut all = vec![
        ("plain", with(cluster, |_| ())),
        ("deflate", with(cluster, compressed(Compression::Deflate))),
        ("v2", with(cluster, v2)),
        (
            "v2 deflate",
            with(cluster, |options| {
                v2(options);
                compressed(Compression::Deflate)(options);
            }),
        ),
        (
            "v2 metadata",
            with(cluster, |options| {
                v2(options);
                options.preallocation = Metadata;
            }),
        ),
    ];
    for (name, preallocation) in [("metadata", Metadata), ("falloc", Falloc), ("full", Full)] {
        all.push((
            name,
            with(cluster, |options| options.preallocation = preallocation),
        ));
    }
    if cfg!(feature = "zstd") {
        all.push(("zstd", with(cluster, compressed(Compression::Zstd))));
    }
    all
}

/// Runs of each kind, gaps, and the last cluster.
fn mixed(size: u64, cluster: u64) -> Disk {
    let last = size.div_ceil(cluster).saturating_sub(1);
    let list = [
        (0, Cluster::Text(9)),
        (1, Cluster::Text(40)),
        (2, Cluster::Noise(1)),
        (3, Cluster::Noise(2)),
        (4, Cluster::Zero),
        (6, Cluster::Text(3)),
        (7, Cluster::Zero),
        (8, Cluster::Zero),
        (9, Cluster::Text(200)),
        (last, Cluster::Text(5)),
    ];
    Disk::new(size, cluster, list)
}

// ---- The matrix -------------------------------------------------------------------------------------------------

#[test]
fn every_kind_of_image_passes_qemu() {
    for cluster in [512, 4096, 64 << 10, 2 << 20] {
        let place = Place::new();
        let size = 11 * cluster + 512;
        // Shorter than the disk: what lies past its end reads as zeros.
        let base = Disk::new(
            8 * cluster,
            cluster,
            (0..8).map(|i| (i, Cluster::Noise(99))),
        );
        base.raw(&place.path("base.raw"), None);
        for (name, options) in kinds(cluster) {
            eprintln!("{name}, clusters of {cluster}");
            place.check(&mixed(size, cluster), &options);
            let mut over = options;
            over.backing = Some(Backing {
                name: "base.raw".into(),
                format: "raw".into(),
            });
            place.check(&mixed(size, cluster), &over);
        }
    }
}

#[test]
fn sizes_from_nothing_to_past_an_l2_table_pass_qemu() {
    for cluster in [512u64, 4096, 64 << 10, 2 << 20] {
        let place = Place::new();
        let l2_range = cluster * cluster / 8;
        for size in [0, 512, cluster, cluster + 512, l2_range, l2_range + 512] {
            for (name, options) in kinds(cluster) {
                // What allocates everything would fill the disk, or take a while, for ranges this large.
                let prealloc = options.preallocation != Preallocation::Off;
                if prealloc && size > 64 << 20 {
                    continue;
                }
                eprintln!("{name}, clusters of {cluster}, {size} bytes");
                place.check(&mixed(size, cluster), &options);
            }
        }
        // Both sides of the border between two tables.
        let border = l2_range / cluster;
        let list = (border - 3..border + 3).map(|at| (at, Cluster::Text(4)));
        for (_, options) in kinds(cluster) {
            if options.preallocation == Preallocation::Off {
                place.check(&Disk::new(2 * l2_range, cluster, list.clone()), &options);
            }
        }
    }
}

/// The file is longer than what one refcount block counts.
#[test]
fn files_past_a_refcount_block_pass_qemu() {
    let place = Place::new();
    for cluster in [512u64, 4096] {
        let range = cluster * cluster / 2;
        let count = 2 * range / cluster + 100;
        let clusters = |kind: fn(u64) -> Cluster| (0..count).map(move |at| (at, kind(at)));
        let stored = Disk::new(count * cluster, cluster, clusters(|_| Cluster::Noise(3)));
        place.check(&stored, &with(cluster, |_| ()));
        // So little that a host cluster is shared by many, and so much that several blocks are needed.
        let packed = Disk::new(
            count * cluster,
            cluster,
            clusters(|at| match at % 16 {
                0 => Cluster::Noise(1),
                1..8 => Cluster::Text(2),
                _ => Cluster::Text(250),
            }),
        );
        place.check(&packed, &with(cluster, compressed(Compression::Deflate)));
    }
    // 2 GiB are counted by one block; the data area is a hole.
    let cluster = 64 << 10;
    let size = 5 << 30;
    let last = size / cluster - 1;
    let disk = Disk::new(
        size,
        cluster,
        [(0, Cluster::Noise(1)), (last, Cluster::Noise(2))],
    );
    let options = with(cluster, |options| {
        options.preallocation = Preallocation::Metadata;
    });
    place.check(&disk, &options);
}

fn any_cluster() -> impl Strategy<Value = Cluster> {
    prop_oneof![
        any::<u8>().prop_map(Cluster::Noise),
        any::<u8>().prop_map(Cluster::Text),
        Just(Cluster::Zero),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_allocation_map_reads_back(
        cluster in prop_oneof![Just(512u64), Just(1024), Just(4096)],
        clusters in proptest::collection::btree_map(0u64..600, any_cluster(), 0..80),
        run in (0u64..500, 0u64..400, any_cluster()),
        tail in 0u64..4,
        kind in 0usize..9,
        backing in any::<bool>(),
    ) {
        let kinds = kinds(cluster);
        let (_, mut options) = kinds[kind % kinds.len()].clone();
        let mut clusters = clusters;
        clusters.extend((run.0..run.0 + run.1).map(|at| (at, run.2)));
        let size = 600 * cluster - tail * 512;
        let place = Place::new();
        if backing {
            let base = (0..100).map(|i| (i * 7, Cluster::Noise(50)));
            Disk::new(500 * cluster, cluster, base).raw(&place.path("base.raw"), None);
            options.backing = Some(Backing { name: "base.raw".into(), format: "raw".into() });
        }
        place.check(&Disk::new(size, cluster, clusters), &options);
    }
}

#[test]
fn what_is_not_placed_stays_unallocated() {
    let place = Place::new();
    let disk = Disk::new(1 << 20, 4096, [(7, Cluster::Noise(1)), (9, Cluster::Zero)]);
    let image = open(&place.check(&disk, &with(4096, |_| ())));
    for (at, data) in [(0, false), (7, true), (8, false), (9, false), (255, false)] {
        let kind = image.map(at * 4096, 4096).unwrap().kind;
        assert_eq!(matches!(kind, MapKind::Data(_)), data, "cluster {at}");
        assert!(data || matches!(kind, MapKind::Parent), "cluster {at}");
    }
    let full = with(4096, |options| options.preallocation = Preallocation::Full);
    let path = place.check(&disk, &full);
    let kind = open(&path).map(0, 4096).unwrap().kind;
    assert!(matches!(kind, MapKind::Data(_)));
}

// ---- What can't be written --------------------------------------------------------------------------------------

fn check_refuses(size: u64, options: &WriteOptions, text: &str) {
    let place = Place::new();
    let file = TargetFile::create(place.path("x"), Existing::Keep).unwrap();
    let error = Qcow2Target::create(file, size, options.clone()).unwrap_err();
    let dir = format!("{}/", place.0.path().display());
    assert_eq!(error.to_string().replace(&dir, ""), text);
    let left = std::fs::read_dir(place.0.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn options_that_make_no_image_are_refused() {
    for found in [0, 256, 513, 3 << 20, 4 << 20] {
        check_refuses(
            512,
            &with(found, |_| ()),
            &format!("x: cluster size is {found}, expected a power of two from 512 to 2097152"),
        );
    }
    check_refuses(
        (128 << 30) + 512,
        &with(512, |_| ()),
        "x: a disk of 137438953984 bytes needs clusters of at least 1024 bytes, found 512",
    );
    let zstd_v2 = with(4096, |options| {
        options.compat = Compat::V2;
        options.compression = Compression::Zstd;
    });
    check_refuses(
        512,
        &zstd_v2,
        "x: compat=0.10 can't be combined with compression_type=zstd",
    );
    let both = with(4096, |options| {
        options.compress = Some(1);
        options.preallocation = Preallocation::Metadata;
    });
    check_refuses(
        512,
        &both,
        "x: compression can't be combined with preallocation",
    );
    let level = with(4096, |options| options.compress = Some(10));
    check_refuses(
        512,
        &level,
        "x: compression level is 10, expected 1 to 9 for deflate",
    );
}

#[test]
fn backing_names_that_do_not_fit_are_refused_before_anything_is_copied() {
    let named = |cluster: u64, name: String| {
        with(cluster, |options| {
            let format = "qcow2".into();
            options.backing = Some(Backing { name, format });
        })
    };
    for (name, len) in [
        (String::new(), 0),
        ("n".repeat(1024), 1024),
        ("a\0b".into(), 3),
    ] {
        check_refuses(
            512,
            &named(64 << 10, name),
            &format!("x: backing file name of {len} bytes, expected 1 to 1023 without NUL"),
        );
    }
    // The header, its extensions and the name share cluster 0.
    check_refuses(
        512,
        &named(512, "n".repeat(400)),
        "x: the header with its extensions and names takes 528 bytes, a cluster has 512; use larger clusters",
    );
}

#[test]
fn the_largest_disk_of_a_cluster_size_is_taken() {
    let place = Place::new();
    let size = 128 << 30;
    let last = size / 512 - 1;
    let disk = Disk::new(
        size,
        512,
        [(0, Cluster::Noise(1)), (last, Cluster::Noise(2))],
    );
    place.check(&disk, &with(512, |_| ()));
}
