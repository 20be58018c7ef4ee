//! Against qemu-img: disks that it makes, targets that it checks and compares.

use v2v_testkit::disk::Content;
use v2v_testkit::qemu;

use crate::disks::{mixed, qcow2};
use crate::place::{KIB, MIB, Place, assert_same};

const SUBFORMATS: [&str; 5] = [
    "monolithicSparse",
    "monolithicFlat",
    "twoGbMaxExtentSparse",
    "twoGbMaxExtentFlat",
    "streamOptimized",
];

/// Every way to make a target.
fn targets() -> Vec<Vec<String>> {
    let mut targets = Vec::new();
    let mut add = |flags: &[&str], options: String| {
        let flags = flags.iter().map(|&flag| flag.to_owned());
        let options = match options.is_empty() {
            true => vec![],
            false => vec!["-o".to_owned(), options],
        };
        targets.push(flags.chain(options).collect());
    };
    for cluster in ["4k", "64k", "2M"] {
        for compat in ["0.10", "1.1"] {
            let options = format!("cluster_size={cluster},compat={compat}");
            for preallocation in ["off", "metadata", "falloc", "full"] {
                add(&[], format!("{options},preallocation={preallocation}"));
            }
            add(&["-c"], options);
        }
        add(
            &["-c"],
            format!("cluster_size={cluster},compression_type=zstd"),
        );
    }
    add(&[], String::new());
    add(&["-S", "0"], String::new());
    add(&["-S", "64k"], String::new());
    add(
        &["-c", "--compression-level", "9", "-m", "3"],
        String::new(),
    );
    for preallocation in ["off", "falloc", "full"] {
        add(&["-O", "raw"], format!("preallocation={preallocation}"));
    }
    add(&["-O", "raw", "-S", "0"], String::new());
    targets
}

/// Makes `disk.vmdk` of `content` with qemu-img.
fn qemu_disk(place: &Place, subformat: &str, content: &Content) {
    let raw = place.raw("source.raw", content);
    let options = format!("subformat={subformat}");
    qemu::convert(
        &raw,
        "raw",
        &place.path("disk.vmdk"),
        "vmdk",
        &["-o", &options],
    );
}

/// Converts `source` (of qemu's format `format`) with `args`; qemu has to find the target right and like the source.
fn check_like_source(place: &Place, source: &str, format: &str, args: &[String]) {
    let raw = args.contains(&"raw".to_owned());
    let (target, target_format) = if raw {
        ("out.raw", "raw")
    } else {
        ("out.qcow2", "qcow2")
    };
    let all: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .chain(["-q", source, target])
        .collect();
    place.convert(&all);
    if !raw {
        qemu::check(&place.path(target), "qcow2");
    }
    qemu::compare(
        &place.path(source),
        format,
        &place.path(target),
        target_format,
    );
    std::fs::remove_file(place.path(target)).unwrap();
}

#[test]
fn every_target_of_a_sparse_disk_is_like_the_source() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    qemu_disk(&place, "monolithicSparse", &mixed(1));
    for args in targets() {
        check_like_source(&place, "disk.vmdk", "vmdk", &args);
    }
}

#[test]
fn every_subformat_and_size_is_like_the_source() {
    if !qemu::wanted() {
        return;
    }
    let sizes = [
        512,
        4096,
        64 * KIB - 512,
        64 * KIB + 512,
        2 * MIB - 512,
        3 * MIB + 7 * 512,
    ];
    // Each disk meets a few targets and each target a few disks.
    let mut targets = targets().into_iter().cycle();
    for subformat in SUBFORMATS {
        for size in sizes {
            let place = Place::new();
            qemu_disk(&place, subformat, &Content::mixed(size, size));
            for _ in 0..2 {
                check_like_source(&place, "disk.vmdk", "vmdk", &targets.next().unwrap());
            }
        }
    }
}

#[test]
fn an_empty_disk_stays_small() {
    if !qemu::wanted() {
        return;
    }
    for subformat in SUBFORMATS {
        let place = Place::new();
        let options = format!("subformat={subformat}");
        qemu::create(&place.path("disk.vmdk"), "vmdk", 5 << 30, &["-o", &options]);
        place.convert(&["disk.vmdk"]);
        let target = place.path("disk.qcow2");
        qemu::check(&target, "qcow2");
        assert_eq!(qemu::virtual_size(&target, "qcow2"), 5 << 30, "{subformat}");
        let len = target.metadata().unwrap().len();
        assert!(len < MIB, "{subformat}: {len} bytes for nothing");
    }
}

#[test]
fn qcow2_sources_are_read_as_well() {
    if !qemu::wanted() {
        return;
    }
    for options in [
        &[] as &[&str],
        &["-c"],
        &["-c", "-o", "compression_type=zstd"],
        &["-o", "compat=0.10,cluster_size=512"],
        &["-o", "extended_l2=on,cluster_size=128k"],
        &["-o", "preallocation=metadata,cluster_size=2M"],
    ] {
        let place = Place::new();
        let content = qcow2(&place, options);
        place.check_reads("disk.qcow2", &[], &content);
        let zstd = ["-c", "-o", "compression_type=zstd"].map(str::to_owned);
        check_like_source(&place, "disk.qcow2", "qcow2", &zstd);
    }
}

#[test]
fn an_internal_snapshot_is_chosen_by_name_or_id() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    let then = qcow2(&place, &[]);
    let disk = place.path("disk.qcow2");
    let snapshot = ["snapshot", "-c", "before update"].map(std::ffi::OsStr::new);
    let output = qemu::qemu_img(snapshot.into_iter().chain([disk.as_os_str()]));
    assert!(output.status.success(), "{output:?}");
    // Every byte differs now, so a mistake shows.
    let write = format!("write -P 0x5a 0 {}", then.virtual_size());
    let output = std::process::Command::new("qemu-io")
        .args(["-f", "qcow2", "-c", &write])
        .arg(&disk)
        .output()
        .expect("qemu-io of the package qemu-utils");
    assert!(output.status.success(), "{output:?}");

    place.check_reads("disk.qcow2", &["-l", "before update"], &then);
    place.check_reads("disk.qcow2", &["-l", "1"], &then);
    place.convert(&["-q", "-O", "raw", "disk.qcow2", "now.raw"]);
    assert_same(
        "now",
        &place.read("now.raw"),
        &vec![0x5a; 3 * MIB as usize + 512],
    );
    place.check_refuses(
        &["-l", "no such", "disk.qcow2", "x.qcow2"],
        1,
        "disk.qcow2: the image has no snapshot \"no such\"; it has \"before update\" (id 1)",
    );
}

#[test]
fn a_backing_chain_is_merged() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    let base = qcow2(&place, &["-c"]);
    std::fs::rename(place.path("disk.qcow2"), place.path("base.qcow2")).unwrap();
    let size = base.virtual_size() + MIB;
    qemu::create(
        &place.path("top.qcow2"),
        "qcow2",
        size,
        &["-b", "base.qcow2", "-F", "qcow2"],
    );
    let output = std::process::Command::new("qemu-io")
        .args([
            "-f",
            "qcow2",
            "-c",
            "write -P 7 70000 100000",
            "-c",
            "write -z 1M 64k",
            "top.qcow2",
        ])
        .current_dir(place.dir())
        .output()
        .expect("qemu-io of the package qemu-utils");
    assert!(output.status.success(), "{output:?}");
    let expected = {
        let mut bytes = base.resized(size).to_vec();
        bytes[70000..170_000].fill(7);
        bytes[MIB as usize..MIB as usize + 65536].fill(0);
        bytes
    };
    place.convert(&["-O", "raw", "top.qcow2", "top.raw"]);
    assert_same("top.qcow2", &place.read("top.raw"), &expected);
    check_like_source(&place, "top.qcow2", "qcow2", &["-c".to_owned()]);
}
