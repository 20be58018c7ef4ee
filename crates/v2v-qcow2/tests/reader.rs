//! The reader against QEMU, and against images that QEMU does not make.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use v2v_codec::{Deflater, Window};
use v2v_disk::{
    Bytes, Chain, Class, DirGate, DiskImage, HostFile, MapKind, Mapping, NoGate, OpenGate, Purpose,
    Source,
};
use v2v_qcow2::{Options, Qcow2, is_qcow2};
use v2v_raw::RawImage;
use v2v_testkit::disk::{Content, Rng};
use v2v_testkit::qemu;
use v2v_testkit::temp::TempDir;

const MIB: u64 = 1 << 20;

// ---- Help -------------------------------------------------------------------------------------------------------

/// A directory of images, and what a test does with them.
struct Place(TempDir);

impl Place {
    /// `None`, with a note, where the tests against QEMU are left out.
    fn new() -> Option<Place> {
        qemu::wanted().then(|| Place(v2v_testkit::temp::dir()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn create(&self, name: &str, size: u64, options: &str) -> PathBuf {
        let path = self.path(name);
        let options = match options {
            "" => vec![],
            some => vec!["-o", some],
        };
        // A relative backing name is relative to the image, and qemu-img looks for it there.
        qemu::create(&path, "qcow2", size, &options);
        path
    }
}

fn run(tool: &str, args: &[&str], path: &Path) {
    let output = Command::new(tool).args(args).arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {args:?}: {text}");
}

/// Runs qemu-io commands that write to an image.
fn write(path: &Path, commands: &[&str]) {
    let mut args = vec!["-f", "qcow2", "-d", "unmap"];
    for command in commands {
        args.extend(["-c", command]);
    }
    run("qemu-io", &args, path);
}

fn source(path: &Path) -> Source {
    Arc::new(HostFile::open(path).unwrap())
}

fn trusting() -> Options {
    let mut options = Options::default();
    options.allow_data_file = true;
    options
}

fn open(path: &Path, options: &Options) -> Qcow2 {
    let gate = DirGate::new(path, &[], &[]).unwrap();
    Qcow2::open(source(path), &gate, options).unwrap()
}

/// The image with everything below it.
fn open_chain(path: &Path, options: &Options) -> Chain {
    let gate = DirGate::new(path, &[], &[]).unwrap();
    let top = Qcow2::open(source(path), &gate, options).unwrap();
    let mut below = top
        .backing_file()
        .cloned()
        .zip(top.backing_format().map(str::to_owned));
    let mut links: Vec<Box<dyn DiskImage>> = vec![Box::new(top)];
    while let Some((name, format)) = below.take() {
        let file = gate.open(&name, Purpose::Parent).unwrap();
        if format == "raw" {
            links.push(Box::new(RawImage::new(file)));
            break;
        }
        let link = Qcow2::open(file, &gate, &Options::default()).unwrap();
        below = link
            .backing_file()
            .cloned()
            .zip(link.backing_format().map(str::to_owned));
        links.push(Box::new(link));
    }
    Chain::new(links)
}

/// All pieces of a disk; checks what `map` promises about them.
fn walk(disk: &dyn DiskImage) -> Vec<(u64, Mapping)> {
    let (mut at, size, mut all) = (0, disk.virtual_size(), Vec::new());
    while at < size {
        let piece = disk.map(at, size - at).unwrap();
        assert!(
            piece.len > 0 && piece.len <= size - at,
            "{at:#x}: {piece:?}"
        );
        all.push((at, piece.clone()));
        at += piece.len;
    }
    let outside = disk.map(size, 1).unwrap();
    assert_eq!(outside.len, 0);
    all
}

/// Checks every way of reading `disk` against the bytes it must have.
fn check(disk: &dyn DiskImage, expected: &[u8], what: &str) {
    assert_eq!(disk.virtual_size(), expected.len() as u64, "{what}: size");
    let mut whole = vec![0xee; expected.len() + 1000];
    disk.read_at(0, &mut whole).unwrap();
    same(&whole[..expected.len()], expected, what);
    assert!(
        whole[expected.len()..].iter().all(|&b| b == 0),
        "{what}: past the end"
    );
    for (at, piece) in walk(disk) {
        let there = &expected[at as usize..][..piece.len as usize];
        let mut found = vec![0xee; there.len()];
        match piece.kind {
            MapKind::Zero | MapKind::Parent => found.fill(0),
            MapKind::Data(Some(host)) => {
                host.source.read_exact_at(host.offset, &mut found).unwrap()
            }
            MapKind::Compressed(Some(_)) => disk.read_at(at, &mut found).unwrap(),
            other => panic!("{what}: {other:?}"),
        }
        same(&found, there, what);
    }
    let mut rng = Rng::new(expected.len() as u64);
    for _ in 0..100 {
        let at = rng.below(expected.len() as u64) as usize;
        let len = (1 + rng.below(200_000) as usize).min(expected.len() - at);
        let mut found = vec![0xee; len];
        disk.read_at(at as u64, &mut found).unwrap();
        same(&found, &expected[at..at + len], what);
        // A shorter question gets a shorter piece of the same kind.
        let long = disk.map(at as u64, u64::MAX).unwrap();
        let short = disk.map(at as u64, 512).unwrap();
        assert_eq!(short.len, long.len.min(512), "{what}");
    }
}

fn same(found: &[u8], expected: &[u8], what: &str) {
    if let Some(at) = (0..expected.len()).find(|&at| found[at] != expected[at]) {
        panic!(
            "{what}: byte {at:#x} is {:#04x}, expected {:#04x}",
            found[at], expected[at]
        );
    }
}

/// Checks `disk` against what QEMU reads from the image at `path`.
fn check_like_qemu(disk: &dyn DiskImage, path: &Path, what: &str) {
    check(disk, &qemu::to_raw(path, "qcow2"), what);
}

/// Checks our map of a single image, without a backing file, against `qemu-img map`.
fn check_map_like_qemu(disk: &dyn DiskImage, path: &Path) {
    let json = qemu::map_json(path, "qcow2");
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\": "))?;
        rest.split([',', '}']).next().map(str::to_owned)
    };
    let lines: Vec<&str> = json.lines().filter(|line| line.contains("start")).collect();
    let number =
        |line: &str, name: &str| field(line, name).map(|text| text.parse::<u64>().unwrap());
    let is = |line: &str, name: &str| field(line, name).as_deref() == Some("true");
    for (at, piece) in walk(disk) {
        for line in &lines {
            let (start, len) = (
                number(line, "start").unwrap(),
                number(line, "length").unwrap(),
            );
            if start >= at + piece.len || start + len <= at {
                continue;
            }
            let alike = match &piece.kind {
                MapKind::Data(Some(host)) => number(line, "offset").is_some_and(|offset| {
                    offset as i128 - start as i128 == host.offset as i128 - at as i128
                }),
                MapKind::Compressed(_) => is(line, "compressed"),
                MapKind::Zero => is(line, "zero") && !is(line, "data") && is(line, "present"),
                MapKind::Parent => !is(line, "present"),
                other => panic!("{other:?}"),
            };
            assert!(
                alike,
                "{}: {at:#x} {piece:?}, for qemu {line}",
                path.display()
            );
        }
    }
}

// ---- Images made by QEMU ----------------------------------------------------------------------------------------

/// Everything an image can hold, by writes at multiples of `cluster`.
fn scribble(path: &Path, cluster: u64) {
    let at = |n: u64| n * cluster;
    let commands = [
        format!("write -P 1 0 {cluster}"),
        format!("write -P 2 {} {}", at(2) + 512, 512),
        format!("write -P 3 {} {}", at(3), 4 * cluster),
        format!("write -z {} {cluster}", at(4)),
        format!("write -z -u {} {cluster}", at(5)),
        format!("discard {} {cluster}", at(6)),
        format!("write -z {} {}", at(8), 2 * cluster),
        format!("write -c -P 5 {} {cluster}", at(11)),
        format!("write -c -P 6 {} {cluster}", at(12)),
        format!("write -c -P 7 {} {cluster}", at(1)),
        format!("write -P 8 {} 512", at(12)),
        format!("write -P 9 {} {}", at(15) - 512, 1024),
        format!("discard {} 1024", at(15) + 512),
    ];
    write(
        path,
        &commands.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

/// Makes an image with `options` in all the ways there are, and reads it back.
fn check_options(cluster: u64, options: &str) {
    let Some(place) = Place::new() else { return };
    let size = 16 * cluster + 3 * 512;
    let options = format!("cluster_size={cluster},{options}");
    let path = place.create("scribbled.qcow2", size, &options);
    scribble(&path, cluster);
    let disk = open(&path, &Options::default());
    check_like_qemu(&disk, &path, &options);
    check_map_like_qemu(&disk, &path);
    assert!(disk.warnings().is_empty());
    assert_eq!(disk.cluster_size(), cluster);

    let raw = place.path("mixed.raw");
    let content = Content::mixed(cluster, size.max(MIB + 512));
    content.write_raw(&raw);
    let mut kinds = vec![("plain.qcow2", vec![])];
    // qemu-img fails where compressed clusters share a host cluster and its count has one bit.
    if !options.contains("refcount_bits=1,") {
        kinds.push(("compressed.qcow2", vec!["-c"]));
    }
    for (name, mut args) in kinds {
        let path = place.path(name);
        args.extend(["-o", &options]);
        qemu::convert(&raw, "raw", &path, "qcow2", &args);
        let disk = open(&path, &Options::default());
        check(&disk, &content.to_vec(), &format!("{name} {options}"));
        check_map_like_qemu(&disk, &path);
    }
}

#[test]
fn version_2_reads_like_qemu() {
    for cluster in [512, 4096, 65536, 2 * MIB] {
        check_options(cluster, "compat=0.10");
    }
}

#[test]
fn version_3_with_deflate_reads_like_qemu() {
    for cluster in [512, 4096, 65536, 2 * MIB] {
        for refcount_bits in [1, 16, 64] {
            check_options(
                cluster,
                &format!("refcount_bits={refcount_bits},lazy_refcounts=on"),
            );
        }
    }
}

#[test]
#[cfg(feature = "zstd")]
fn version_3_with_zstd_reads_like_qemu() {
    for cluster in [512, 4096, 65536, 2 * MIB] {
        check_options(cluster, "refcount_bits=16,compression_type=zstd");
    }
    check_options(
        65536,
        "refcount_bits=64,compression_type=zstd,extended_l2=on",
    );
}

#[test]
fn subclusters_read_like_qemu() {
    for cluster in [16384, 65536, 2 * MIB] {
        check_options(cluster, "extended_l2=on");
    }
    let Some(place) = Place::new() else { return };
    let base = place.path("base.raw");
    Content::full(1, 2 * MIB).write_raw(&base);
    let top = place.create(
        "top.qcow2",
        2 * MIB,
        "extended_l2=on,backing_file=base.raw,backing_fmt=raw",
    );
    let mut commands = Vec::new();
    for cluster in 0..24 {
        for (sub, command) in [
            (1, "write -P 7"),
            (2, "write -z"),
            (5, "write -P 8"),
            (6, "write -z"),
            (31, "write -P 9"),
        ] {
            let at = cluster * 65536 + (sub + cluster) % 32 * 2048;
            commands.push(format!("{command} {at} 2048"));
        }
    }
    commands.push("discard 131072 65536".to_owned());
    write(
        &top,
        &commands.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    check_like_qemu(
        &open_chain(&top, &Options::default()),
        &top,
        "subclusters over raw",
    );
}

#[test]
fn preallocated_images_read_like_qemu() {
    let Some(place) = Place::new() else { return };
    for how in ["metadata", "falloc", "full"] {
        for extended in ["off", "on"] {
            let options = format!("preallocation={how},extended_l2={extended}");
            let path = place.create(&format!("{how}-{extended}.qcow2"), 3 * MIB + 512, &options);
            write(
                &path,
                &[
                    "write -P 1 1M 70000",
                    "write -z 2M 64k",
                    "write -z -u 192k 128k",
                ],
            );
            let disk = open(&path, &Options::default());
            check_like_qemu(&disk, &path, &options);
            check_map_like_qemu(&disk, &path);
        }
    }
}

#[test]
fn chains_read_like_qemu() {
    let Some(place) = Place::new() else { return };
    let raw = place.path("base.raw");
    Content::full(1, MIB + 700).write_raw(&raw);
    let middle = place.create(
        "middle.qcow2",
        3 * MIB,
        "backing_file=base.raw,backing_fmt=raw,cluster_size=4096",
    );
    write(
        &middle,
        &[
            "write -P 1 8k 4k",
            "write -z 64k 64k",
            "write -P 2 2M 100k",
            "write -c -P 3 256k 4k",
        ],
    );
    let top = place.create(
        "top.qcow2",
        4 * MIB,
        "backing_file=middle.qcow2,backing_fmt=qcow2",
    );
    write(
        &top,
        &[
            "write -P 9 0 512",
            "write -z 2M 64k",
            "write -P 4 3M 64k",
            "discard 128k 64k",
        ],
    );
    for path in [&middle, &top] {
        check_like_qemu(&open_chain(path, &Options::default()), path, "chain");
    }
    let disk = open(&top, &Options::default());
    assert_eq!(disk.backing_file().unwrap().text, "middle.qcow2");
    assert_eq!(disk.backing_format(), Some("qcow2"));
    assert!(matches!(
        disk.map(512 << 10, 512).unwrap().kind,
        MapKind::Parent
    ));
    // Without the extension there is no format, whatever the file looks like.
    let old = place.path("old.qcow2");
    let mut bytes = std::fs::read(&top).unwrap();
    let at = bytes
        .windows(4)
        .position(|word| word == [0xe2, 0x79, 0x2a, 0xca])
        .unwrap();
    bytes[at] = 0x12;
    std::fs::write(&old, bytes).unwrap();
    let disk = open(&old, &Options::default());
    assert!(disk.backing_file().is_some() && disk.backing_format().is_none());
}

#[test]
fn snapshots_read_as_they_were() {
    let Some(place) = Place::new() else { return };
    for compat in ["0.10", "1.1"] {
        let path = place.create(
            &format!("{compat}.qcow2"),
            2 * MIB,
            &format!("compat={compat}"),
        );
        let mut states = Vec::new();
        for (step, name) in ["clean", "updated", "2"].into_iter().enumerate() {
            let commands = [
                format!("write -P {} {}k 192k", step + 1, step * 100),
                format!("write -c -P 9 {}k 64k", 1024 + step * 64),
            ];
            write(
                &path,
                &commands.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            run("qemu-img", &["snapshot", "-c", name], &path);
            states.push((name, qemu::to_raw(&path, "qcow2")));
            if compat == "1.1" {
                // QEMU resizes an image with snapshots from version 3 on.
                let size = (3 + step as u64) * MIB;
                let output = qemu::qemu_img([
                    "resize",
                    "-q",
                    "-f",
                    "qcow2",
                    path.to_str().unwrap(),
                    &size.to_string(),
                ]);
                assert!(output.status.success());
            }
        }
        write(&path, &["write -P 77 0 2M"]);
        let disk = open(&path, &Options::default());
        check_like_qemu(&disk, &path, compat);
        let found: Vec<_> = disk
            .snapshots()
            .iter()
            .map(|s| (s.id.as_str(), s.name.as_str(), s.vm_state_size))
            .collect();
        assert_eq!(
            found,
            [("1", "clean", 0), ("2", "updated", 0), ("3", "2", 0)]
        );
        for (snapshot, (_, state)) in disk.snapshots().iter().zip(&states) {
            assert_eq!(snapshot.virtual_size, state.len() as u64);
            assert!(snapshot.date_seconds > 1_700_000_000);
        }
        for (wanted, state) in [("clean", 0), ("updated", 1), ("1", 0), ("2", 1), ("3", 2)] {
            let mut options = Options::default();
            options.snapshot = Some(wanted.to_owned());
            check(
                &open(&path, &options),
                &states[state].1,
                &format!("{compat} snapshot {wanted}"),
            );
        }
        let mut options = Options::default();
        options.snapshot = Some("dirty".to_owned());
        let err = Qcow2::open(source(&path), &NoGate, &options).unwrap_err();
        assert_eq!(err.class(), Class::Missing);
        let text = "the image has no snapshot \"dirty\"; it has \"clean\" (id 1), \"updated\" (id 2), \"2\" (id 3)";
        assert_eq!(err.to_string(), format!("{}: {text}", path.display()));
    }
}

#[test]
fn data_files_read_like_qemu() {
    let Some(place) = Place::new() else { return };
    for raw in ["off", "on"] {
        // QEMU looks for a relative name in its working directory, not beside the image; an absolute one is clear.
        let name = place.path(&format!("data-{raw}.raw"));
        let name = name.to_str().unwrap();
        let options = format!("data_file={name},data_file_raw={raw}");
        let path = place.create(&format!("{raw}.qcow2"), 2 * MIB + 512, &options);
        write(
            &path,
            &[
                "write -P 1 0 64k",
                "write -P 2 200k 300k",
                "write -z 256k 64k",
                "write -z -u 320k 64k",
                "discard 384k 64k",
                "write -P 3 2M 512",
            ],
        );
        let disk = open(&path, &trusting());
        check_like_qemu(&disk, &path, &options);
        assert_eq!(disk.data_file().unwrap().text, name);
        assert_eq!(disk.data_file_raw(), raw == "on");
        match disk.map(0, 512).unwrap().kind {
            MapKind::Data(Some(host)) => {
                assert!(host.source.name().ends_with(name) && host.offset == 0)
            }
            other => panic!("{other:?}"),
        }

        let gate = DirGate::new(&path, &[], &[]).unwrap();
        let err = Qcow2::open(source(&path), &gate, &Options::default()).unwrap_err();
        assert_eq!(err.class(), Class::Denied);
        let text = format!(
            "the data is in the external data file {name:?}; allow external data files if you trust this image"
        );
        assert_eq!(err.to_string(), format!("{}: {text}", path.display()));
        assert!(gate.opened().is_empty(), "refused before it is opened");
        assert!(matches!(
            Qcow2::open(source(&path), &NoGate, &trusting()),
            Err(v2v_disk::Error::Gate(_))
        ));
    }
}

#[test]
fn facts_are_those_of_the_image() {
    let Some(place) = Place::new() else { return };
    let path = place.create(
        "x.qcow2",
        MIB,
        "refcount_bits=64,lazy_refcounts=on,cluster_size=16384,extended_l2=on",
    );
    let disk = open(&path, &Options::default());
    assert_eq!(
        (
            disk.version(),
            disk.compat(),
            disk.cluster_size(),
            disk.refcount_bits()
        ),
        (3, "1.1", 16384, 64)
    );
    assert!(disk.lazy_refcounts() && disk.extended_l2() && !disk.is_dirty() && !disk.is_corrupt());
    assert_eq!(disk.compression().to_string(), "deflate");
    assert!(
        disk.backing_file().is_none() && disk.data_file().is_none() && disk.snapshots().is_empty()
    );
    let path = place.create("y.qcow2", MIB, "compat=0.10");
    let disk = open(&path, &Options::default());
    assert_eq!(
        (
            disk.version(),
            disk.compat(),
            disk.refcount_bits(),
            disk.granularity()
        ),
        (2, "0.10", 16, 65536)
    );
    assert!(is_qcow2(&*source(&path)));
}

#[test]
fn encrypted_images_are_refused() {
    let Some(place) = Place::new() else { return };
    let path = place.path("luks.qcow2");
    let secret = ["--object", "secret,id=s,data=x"];
    let options = [
        "-o",
        "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
    ];
    qemu::create(&path, "qcow2", MIB, &[&secret[..], &options[..]].concat());
    let err = Qcow2::open(source(&path), &NoGate, &Options::default()).unwrap_err();
    assert_eq!(err.class(), Class::Unsupported);
    assert!(
        err.to_string()
            .contains("encryption method at offset 0x20 is 2 (LUKS)"),
        "{err}"
    );
}

#[test]
fn a_sparse_terabyte_is_a_few_pieces() {
    let Some(place) = Place::new() else { return };
    // With 64 KiB clusters only one L2 table is there; one of 2 MiB clusters is read in slices.
    for (options, pieces) in [
        ("cluster_size=65536", 3..=3),
        ("cluster_size=2M", 3..=12),
        ("cluster_size=2M,extended_l2=on", 3..=16),
    ] {
        let path = place.create("large.qcow2", 1 << 40, options);
        write(&path, &["write -P 1 700G 2M"]);
        let disk = open(&path, &Options::default());
        let all = walk(&disk);
        assert!(pieces.contains(&all.len()), "{options}: {}", all.len());
        let data: Vec<_> = all
            .iter()
            .filter(|(_, piece)| !matches!(piece.kind, MapKind::Parent))
            .map(|(at, piece)| (*at, piece.len))
            .collect();
        assert_eq!(data, [(700 << 30, 2 * MIB)], "{options}");
        let mut buf = [0; 3];
        disk.read_at((700 << 30) + 2 * MIB - 1, &mut buf).unwrap();
        assert_eq!(buf, [1, 0, 0]);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn many_threads_read_one_image() {
    let Some(place) = Place::new() else { return };
    let raw = place.path("x.raw");
    let content = Content::mixed(3, 8 * MIB);
    content.write_raw(&raw);
    let path = place.path("x.qcow2");
    qemu::convert(
        &raw,
        "raw",
        &path,
        "qcow2",
        &["-c", "-o", "cluster_size=4096"],
    );
    let mut options = Options::default();
    options.limits.table_cache_bytes = 3 * 4096;
    let disk = open(&path, &options);
    let expected = content.to_vec();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (disk, expected) = (&disk, &expected);
            scope.spawn(move || {
                let mut rng = Rng::new(thread);
                let mut buf = vec![0; 100_000];
                for _ in 0..200 {
                    let at = rng.below(8 * MIB - 100_000);
                    disk.read_at(at, &mut buf).unwrap();
                    same(&buf, &expected[at as usize..][..buf.len()], "threads");
                }
            });
        }
    });
}

// ---- Images made by hand ----------------------------------------------------------------------------------------

const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;
const CLUSTER: u64 = 65536;
/// Where the data clusters of [`image`] begin.
const DATA: u64 = 4 * CLUSTER;
const L2: u64 = 3 * CLUSTER;

/// A version 3 image of 4 clusters of 64 KiB: header, refcount table, L1 and L2 table, then `data`.
fn image(entries: &[u64], data: &[u8]) -> Vec<u8> {
    let mut all = vec![0; DATA as usize];
    put(&mut all, 0, b"QFI\xfb\0\0\0\x03");
    put(&mut all, 20, &16u32.to_be_bytes());
    put(&mut all, 24, &(4 * CLUSTER).to_be_bytes());
    put(&mut all, 36, &1u32.to_be_bytes());
    put(&mut all, 40, &(2 * CLUSTER).to_be_bytes());
    put(&mut all, 48, &CLUSTER.to_be_bytes());
    put(&mut all, 56, &1u32.to_be_bytes());
    put(&mut all, 96, &4u32.to_be_bytes());
    put(&mut all, 100, &112u32.to_be_bytes());
    put(&mut all, 2 * CLUSTER, &(L2 | COPIED).to_be_bytes());
    for (index, entry) in entries.iter().enumerate() {
        put(&mut all, L2 + index as u64 * 8, &entry.to_be_bytes());
    }
    all.extend_from_slice(data);
    all
}

/// A compressed cluster at `offset` whose stream ends in the `sectors`th sector after the one it begins in.
fn compressed(offset: u64, sectors: u64) -> u64 {
    COMPRESSED | sectors << 54 | offset
}

fn sectors(offset: u64, len: usize) -> u64 {
    (offset + len as u64 - 1) / 512 - offset / 512
}

fn put(image: &mut [u8], at: u64, bytes: &[u8]) {
    image[at as usize..][..bytes.len()].copy_from_slice(bytes);
}

fn open_bytes(image: Vec<u8>, options: &Options) -> v2v_disk::Result<Qcow2> {
    Qcow2::open(Arc::new(Bytes::new("disk", image)), &NoGate, options)
}

/// Reads a made image, and lets QEMU read it too.
fn check_made(image: &[u8], expected: &[u8], what: &str) {
    let disk = open_bytes(image.to_vec(), &Options::default()).unwrap();
    check(&disk, expected, what);
    if let Some(place) = Place::new() {
        let path = place.path("made.qcow2");
        std::fs::write(&path, image).unwrap();
        qemu::assert_reads(&path, "qcow2", expected);
    }
}

/// 64 KiB whose only repetitions are `distance` apart.
fn far_matches(distance: usize) -> Vec<u8> {
    let block = Content::full(distance as u64, distance as u64).to_vec();
    block
        .iter()
        .copied()
        .cycle()
        .take(CLUSTER as usize)
        .collect()
}

/// The cluster, followed by the three that are left of the disk.
fn disk_of(first: &[u8]) -> Vec<u8> {
    let mut all = first.to_vec();
    all.resize(4 * CLUSTER as usize, 0);
    all
}

fn deflate(cluster: &[u8], window: Window) -> Vec<u8> {
    let mut out = Vec::new();
    Deflater::with_window(9, window)
        .unwrap()
        .deflate(cluster, &mut out)
        .unwrap();
    out
}

#[test]
fn deflate_windows_of_any_size_are_read() {
    for (distance, window) in [
        (3000, Window::default()),
        (32506, Window::default()),
        (3000, Window::Kib4),
    ] {
        let cluster = far_matches(distance);
        let stream = deflate(&cluster, window);
        // Not at the start of a sector, and the file ends with the stream.
        let offset = DATA + 77;
        let data = [&[0xee; 77], &stream[..]].concat();
        let entry = compressed(offset, sectors(offset, stream.len()));
        check_made(&image(&[entry], &data), &disk_of(&cluster), "deflate");
        // A length that is larger than the stream, and the file, does no harm.
        let entry = compressed(offset, 255);
        check_made(
            &image(&[entry], &data),
            &disk_of(&cluster),
            "deflate with too long a length",
        );
    }
}

#[test]
fn a_deflate_stream_that_fills_the_cluster_is_enough() {
    // QEMU does not ask whether there is more, and so reads the first cluster's worth of a longer stream.
    let cluster = far_matches(3000);
    let stream = deflate(&[&cluster[..], &cluster[..100]].concat(), Window::default());
    let entry = compressed(DATA, sectors(DATA, stream.len()));
    check_made(&image(&[entry], &stream), &disk_of(&cluster), "long stream");
}

#[test]
#[cfg(feature = "zstd")]
fn zstd_frames_are_read_until_the_cluster_is_full() {
    let zstd = |bytes: &[u8]| {
        let mut out = Vec::new();
        v2v_codec::ZstdEncoder::new(3)
            .unwrap()
            .encode(bytes, &mut out)
            .unwrap();
        out
    };
    let cluster = far_matches(3000);
    let (a, b) = cluster.split_at(40_000);
    for stream in [zstd(&cluster), [zstd(a), zstd(b)].concat()] {
        let offset = DATA + 3;
        let data = [b"...", &stream[..]].concat();
        let mut image = image(&[compressed(offset, sectors(offset, stream.len()))], &data);
        put(&mut image, 79, &[8]);
        put(&mut image, 104, &[1]);
        check_made(&image, &disk_of(&cluster), "zstd");
    }
}

#[test]
fn zero_flags_hide_what_is_stored() {
    let data = vec![0xaa; 2 * CLUSTER as usize];
    let entries = [DATA | COPIED | 1, 1, (DATA + CLUSTER) | COPIED, 0];
    let image = image(&entries, &data);
    let mut expected = vec![0; 4 * CLUSTER as usize];
    expected[2 * CLUSTER as usize..][..CLUSTER as usize].fill(0xaa);
    check_made(&image, &expected, "zero flags");
    let disk = open_bytes(image, &Options::default()).unwrap();
    let pieces: Vec<_> = walk(&disk)
        .into_iter()
        .map(|(at, piece)| {
            (
                at / CLUSTER,
                piece.len / CLUSTER,
                format!("{:?}", piece.kind),
            )
        })
        .collect();
    let kind = |text: &str| text.to_owned();
    assert_eq!(
        pieces,
        [
            (0, 2, kind("Zero")),
            (2, 1, kind("Data(Some(disk@0x50000))")),
            (3, 1, kind("Parent"))
        ]
    );
}

#[test]
fn the_end_of_the_file_cuts_the_last_cluster() {
    // As QEMU: what a data cluster lacks reads as zeros.
    for len in [1000, 512, 1] {
        let mut expected = vec![0; 4 * CLUSTER as usize];
        expected[CLUSTER as usize..][..len].fill(0xaa);
        let image = image(&[0, DATA | COPIED], &vec![0xaa; len]);
        check_made(&image, &expected, "cut");
        let disk = open_bytes(image, &Options::default()).unwrap();
        let cut = disk.map(CLUSTER, u64::MAX).unwrap();
        assert_eq!(cut.len, len as u64);
        let rest = disk.map(CLUSTER + len as u64, u64::MAX).unwrap();
        assert!(matches!(rest.kind, MapKind::Zero) && rest.len == CLUSTER - len as u64);
    }
}

#[test]
fn contiguous_clusters_are_one_piece() {
    let data = vec![0xaa; 4 * CLUSTER as usize];
    let at = |n| DATA + n * CLUSTER;
    for (entries, pieces) in [
        ([at(0), at(1), at(2), at(3)], vec![4]),
        ([at(1), at(2), at(0), at(3)], vec![2, 1, 1]),
        ([at(0), at(0), at(1), 0], vec![1, 2, 1]),
        ([at(0) | COPIED, at(1), at(2) | COPIED, 1], vec![3, 1]),
    ] {
        let disk = open_bytes(image(&entries, &data), &Options::default()).unwrap();
        let found: Vec<u64> = walk(&disk)
            .iter()
            .map(|(_, piece)| piece.len / CLUSTER)
            .collect();
        assert_eq!(found, pieces);
    }
}

#[test]
fn an_odd_size_is_rounded_up_with_a_warning() {
    let mut odd = image(&[DATA], &[0xaa; CLUSTER as usize]);
    put(&mut odd, 24, &1000u64.to_be_bytes());
    let disk = open_bytes(odd, &Options::default()).unwrap();
    assert_eq!(disk.virtual_size(), 1024);
    assert_eq!(disk.warnings()[0].id, "qcow2-odd-size");
}

/// Expects a good image to be refused at opening after `bytes` were put at `at`.
fn check_rejects(at: u64, bytes: &[u8], text: &str) {
    let mut image = image(&[DATA], &[0xaa; CLUSTER as usize]);
    put(&mut image, at, bytes);
    let found = open_bytes(image, &Options::default())
        .expect_err(text)
        .to_string();
    assert_eq!(found, format!("disk: {text}"));
}

#[test]
fn broken_tables_are_named_at_opening() {
    let word = |number: u64| number.to_be_bytes();
    check_rejects(
        24,
        &word(1 << 63),
        "virtual size is 9223372036854775808, and the limit is 70368744177664",
    );
    check_rejects(
        24,
        &word((1 << 29) + 1),
        "L1 table has 1 entries, expected at least 2 for 536870913 bytes",
    );
    check_rejects(
        36,
        &[0; 4],
        "L1 table has 0 entries, expected at least 1 for 262144 bytes",
    );
    check_rejects(
        36,
        &[255; 4],
        "L1 table at offset 0x20000 with 34359738360 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        40,
        &word(0x20200),
        "L1 table offset at offset 0x28 is 0x20200, expected a multiple of 0x10000",
    );
    check_rejects(
        40,
        &word(0),
        "L1 table at offset 0x0 with 8 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        40,
        &word(0x50000),
        "L1 table at offset 0x50000 with 8 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        40,
        &word(0xffff_ffff_ffff_0000),
        "L1 table at offset 0xffffffffffff0000 with 8 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        48,
        &word(0x10008),
        "refcount table offset at offset 0x30 is 0x10008, expected a multiple of 0x10000",
    );
    check_rejects(
        48,
        &word(0x90000),
        "refcount table at offset 0x90000 with 8 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        60,
        &[0, 0, 0, 1],
        "snapshot table at offset 0x0 with 40 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        60,
        &[0, 2, 0, 0],
        "snapshot count at offset 0x3c is 131072, and the limit is 65536",
    );
    check_rejects(
        60,
        &[0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 7],
        "snapshot table offset at offset 0x40 is 0x10007, expected a multiple of 0x10000",
    );
    check_rejects(
        60,
        &[0, 0, 0x66, 0x67, 0, 0, 0, 0, 0, 1, 0, 0],
        "snapshot table at offset 0x10000 with 1048600 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
    );
    check_rejects(
        79,
        &[2],
        "the image is marked corrupt (incompatible feature bit 1 at offset 0x48); repair a copy with qemu-img check -r all, or have the mark ignored",
    );
    check_rejects(
        79,
        &[4],
        "incompatible feature bit 2 at offset 0x48 demands an external data file, but there is no header extension 0x44415441 with its name",
    );
    check_rejects(
        2 * CLUSTER,
        &word(0x50000),
        "L1 entry at offset 0x20000 points to 0x50000, and the file ends at 0x50000; is the copy complete?",
    );
    check_rejects(
        2 * CLUSTER,
        &word(0x30000 | 1),
        "L1 entry at offset 0x20000 is 0x0000000000030001, expected bits 0x0000000000000001 to be 0",
    );
    check_rejects(
        2 * CLUSTER,
        &word(0x30200),
        "L1 entry at offset 0x20000 points to 0x30200, expected a multiple of 0x10000",
    );
}

#[test]
fn broken_snapshots_are_named() {
    let mut snapshot = image(&[DATA], &[0; CLUSTER as usize]);
    put(&mut snapshot, 60, &[0, 0, 0, 1]);
    put(&mut snapshot, 64, &DATA.to_be_bytes());
    // L1 table, 1 entry; id of 1 byte, name of 2.
    put(&mut snapshot, DATA, &(2 * CLUSTER).to_be_bytes());
    put(&mut snapshot, DATA + 8, &[0, 0, 0, 1, 0, 1, 0, 2]);
    put(&mut snapshot, DATA + 32, &[0, 0, 0, 9]);
    put(&mut snapshot, DATA + 40, b"7ab");
    let mut wanted = Options::default();
    wanted.snapshot = Some("ab".to_owned());
    let disk = open_bytes(snapshot.clone(), &wanted).unwrap();
    let found = &disk.snapshots()[0];
    assert_eq!(
        (
            found.id.as_str(),
            found.name.as_str(),
            found.vm_state_size,
            found.virtual_size
        ),
        ("7", "ab", 9, 4 * CLUSTER)
    );
    for (at, bytes, text) in [
        (
            DATA,
            [0, 0, 0, 0, 0, 9, 0, 0],
            "snapshot L1 table at offset 0x90000 with 8 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
        ),
        (
            DATA,
            [0, 0, 0, 0, 0, 2, 0, 8],
            "snapshot L1 table offset at offset 0x40000 is 0x20008, expected a multiple of 0x10000",
        ),
        (
            DATA + 8,
            [0, 0, 0, 0, 0, 1, 0, 2],
            "snapshot L1 table has 0 entries, expected at least 1 for 262144 bytes",
        ),
        (
            DATA + 32,
            [0, 0, 0, 0, 0, 0, 4, 1],
            "snapshot entry at offset 0x40000 has 1025 bytes of extra data, expected at most 1024",
        ),
        (
            64,
            [0, 0, 0, 0, 0, 5, 0, 0],
            "snapshot table at offset 0x50000 with 40 bytes does not lie between the header's cluster and the end of the file at 0x50000; is the copy complete?",
        ),
    ] {
        let mut broken = snapshot.clone();
        put(&mut broken, at, &bytes);
        let found = open_bytes(broken, &wanted).unwrap_err().to_string();
        assert_eq!(found, format!("disk: {text}"));
    }
    // Names that reach past the end of the file.
    let mut broken = snapshot[..DATA as usize + 48].to_vec();
    put(&mut broken, DATA + 12, &[0, 1, 255, 255]);
    assert_eq!(
        open_bytes(broken, &wanted).unwrap_err().to_string(),
        "disk: snapshot table entry at offset 0x40028 with 65536 bytes does not lie between the header's cluster and the end of the file at 0x40030; is the copy complete?"
    );
}

#[test]
fn broken_clusters_are_named_where_they_are_met() {
    let stream = deflate(&vec![7; 4096], Window::default());
    let mut bad = stream.clone();
    bad[0] |= 6;
    for (entry, data, text) in [
        (
            DATA | 2,
            &[0; 512][..],
            "L2 entry at offset 0x30008 is 0x0000000000040002, expected bits 0x0000000000000002 to be 0",
        ),
        (
            DATA + CLUSTER,
            &[0; 512],
            "L2 entry at offset 0x30008 points to 0x50000, and the file ends at 0x40200; is the copy complete?",
        ),
        (
            compressed(DATA, 0),
            &stream,
            "compressed cluster at offset 0x40000 (guest offset 0x10000) holds 4096 bytes, expected 65536",
        ),
        (
            compressed(DATA, 0),
            &bad,
            "compressed cluster at offset 0x40000 (guest offset 0x10000): deflate stream is corrupt near byte",
        ),
        (
            compressed(DATA, 9),
            &stream[..3],
            "compressed cluster at offset 0x40000 (guest offset 0x10000): deflate stream is cut off: its 3 bytes end after",
        ),
        (
            compressed(DATA + 3, 9),
            &stream[..3],
            "L2 entry at offset 0x30008 points to 0x40003, and the file ends at 0x40003; is the copy complete?",
        ),
    ] {
        let disk = open_bytes(image(&[1, entry], data), &Options::default()).unwrap();
        assert_eq!(
            disk.map(0, u64::MAX).unwrap().len,
            CLUSTER,
            "what comes before can be used"
        );
        for len in [512, CLUSTER as usize] {
            let err = disk.read_at(CLUSTER, &mut vec![0; len]).unwrap_err();
            assert!(
                err.to_string().starts_with(&format!("disk: {text}")),
                "{err}\nexpected {text}"
            );
            assert_eq!(err.class(), Class::Corrupt);
        }
    }
}

#[test]
fn marks_are_warnings_where_they_are_allowed() {
    let mut marked = image(&[DATA], &[0xaa; CLUSTER as usize]);
    put(&mut marked, 79, &[3]);
    let mut options = Options::default();
    options.ignore_corrupt = true;
    let disk = open_bytes(marked, &options).unwrap();
    let ids: Vec<_> = disk.warnings().iter().map(|warning| warning.id).collect();
    assert_eq!(ids, ["qcow2-dirty", "qcow2-marked-corrupt"]);
    assert!(disk.is_dirty() && disk.is_corrupt());
}

#[test]
fn a_raw_data_file_and_a_backing_file_exclude_each_other() {
    let mut both = image(&[], &[]);
    put(&mut both, 79, &[4]);
    put(&mut both, 95, &[2]);
    put(&mut both, 112, b"DATA\0\0\0\x05d.raw");
    put(&mut both, 8, &[0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 5]);
    put(&mut both, 200, b"b.raw");
    assert_eq!(
        open_bytes(both, &trusting()).unwrap_err().to_string(),
        "disk: the image has a raw external data file and a backing file, which exclude each other"
    );
}

#[test]
fn only_the_magic_number_is_recognised() {
    for (bytes, expected) in [
        (&b"QFI\xfb"[..], true),
        (b"QFI", false),
        (b"", false),
        (b"KDMV", false),
    ] {
        assert_eq!(is_qcow2(&Bytes::new("x", bytes.to_vec())), expected);
    }
}

#[test]
fn the_l1_table_is_bounded() {
    let mut options = Options::default();
    options.limits.directory_bytes = 7;
    let err = open_bytes(image(&[], &[]), &options).unwrap_err();
    assert_eq!(
        err.to_string(),
        "disk: length of the L1 table is 8, and the limit is 7"
    );
    assert_eq!(err.class(), Class::Limit);
}

/// A small image with 512-byte clusters, where a random byte is likely to hit something.
fn tiny() -> Vec<u8> {
    let mut all = vec![0; 9 * 512];
    put(&mut all, 0, &image(&[], &[])[..112]);
    put(&mut all, 20, &9u32.to_be_bytes());
    put(&mut all, 24, &65536u64.to_be_bytes());
    put(&mut all, 36, &2u32.to_be_bytes());
    put(&mut all, 40, &1024u64.to_be_bytes());
    put(&mut all, 48, &512u64.to_be_bytes());
    put(&mut all, 60, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8, 0]);
    put(&mut all, 1024, &1536u64.to_be_bytes());
    put(&mut all, 1032, &1536u64.to_be_bytes());
    let stream = deflate(&[7; 512], Window::default());
    for (index, entry) in [2560, 3072, 1, 0, COMPRESSED | 3600, 2561]
        .into_iter()
        .enumerate()
    {
        put(&mut all, 1536 + index as u64 * 8, &u64::to_be_bytes(entry));
    }
    put(&mut all, 2048, &1024u64.to_be_bytes());
    put(&mut all, 2056, &[0, 0, 0, 2, 0, 1, 0, 2]);
    put(&mut all, 2088, b"1ab");
    put(&mut all, 3600, &stream);
    all
}

/// Opens under small limits, walks the map, reads: whatever the bytes are, it ends.
fn exercise(bytes: Vec<u8>, snapshot: bool) {
    let mut options = Options::default();
    options.ignore_corrupt = true;
    options.snapshot = snapshot.then(|| "ab".to_owned());
    options.limits.directory_bytes = 1 << 16;
    let Ok(disk) = open_bytes(bytes, &options) else {
        return;
    };
    let (mut at, mut buf) = (0, vec![0; 3000]);
    for _ in 0..1000 {
        let _ = disk.read_at(at, &mut buf);
        match disk.map(at, u64::MAX) {
            Ok(piece) if at < disk.virtual_size() => {
                assert!(piece.len > 0 && at + piece.len <= disk.virtual_size());
                at += piece.len;
            }
            Ok(piece) => {
                assert_eq!(piece.len, 0);
                break;
            }
            Err(_) => at += disk.granularity(),
        }
    }
}

#[test]
fn the_tiny_image_is_a_good_one() {
    let disk = open_bytes(tiny(), &Options::default()).unwrap();
    assert_eq!(disk.snapshots()[0].name, "ab");
    let mut expected = vec![0; 65536];
    for half in [0, 32768] {
        expected[half..][..1024].copy_from_slice(&tiny()[2560..3584]);
        expected[half + 2048..][..512].fill(7);
    }
    // The sixth cluster has the zero flag and an offset.
    check(&disk, &expected, "tiny");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_change_of_a_good_image_ends(
        changes in proptest::collection::vec((0..9 * 512usize, any::<u8>()), 1..6),
        header in proptest::collection::vec((0..112usize, any::<u8>()), 0..2),
        len in 0..=9 * 512usize,
        cut in any::<bool>(),
        snapshot in any::<bool>(),
    ) {
        let mut bytes = tiny();
        for (at, byte) in changes.into_iter().chain(header) {
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(len);
        }
        exercise(bytes, snapshot);
    }
}
