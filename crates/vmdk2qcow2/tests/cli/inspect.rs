//! `info`, `map` and `measure`: qemu-img's fields with qemu-img's values, and ours below `v2v`.

use serde_json::{Value, json};
use v2v_testkit::disk::Content;
use v2v_testkit::qemu;
use v2v_testkit::vmdk::{Descriptor, ExtentLine, Flavor, Kind, Lineage};

use crate::disks::{SPARSE, chain, disk, mixed, qcow2, used};
use crate::place::{KIB, MIB, Place};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Everything ours says in qemu-img's words, qemu-img says too.
fn check_agrees(path: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours.iter().filter(|(key, _)| *key != "v2v") {
                let place = format!("{path}/{key}");
                let same = theirs
                    .get(key)
                    .unwrap_or_else(|| panic!("{place}: {value} is ours alone"));
                check_agrees(&place, value, same);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{path}");
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                check_agrees(&format!("{path}/{index}"), ours, theirs);
            }
        }
        _ => assert_eq!(ours, theirs, "{path}"),
    }
}

/// What qemu-img's `info` says, the name being as given there.
fn qemu_info(place: &Place, name: &str, format: &str) -> Value {
    let mut info = parse(&qemu::info_json(&place.path(name), format));
    info["filename"] = json!(name);
    info
}

fn extents(info: &mut Value) -> &mut Vec<Value> {
    let extents = &mut info["format-specific"]["data"]["extents"];
    extents.as_array_mut().unwrap()
}

#[test]
fn info_of_a_vmdk_agrees_with_qemu() {
    if !qemu::wanted() {
        return;
    }
    for subformat in [
        "monolithicSparse",
        "monolithicFlat",
        "twoGbMaxExtentSparse",
        "twoGbMaxExtentFlat",
        "streamOptimized",
    ] {
        let place = Place::new();
        let raw = place.raw("source.raw", &mixed(1));
        let options = format!("subformat={subformat}");
        qemu::convert(
            &raw,
            "raw",
            &place.path("disk.vmdk"),
            "vmdk",
            &["-o", &options],
        );
        let mut ours = place.json(&["info", "--output", "json", "disk.vmdk"]);
        let mut theirs = qemu_info(&place, "disk.vmdk", "vmdk");
        // A split or flat disk takes the room of all its files; qemu-img counts the descriptor alone.
        if subformat != "monolithicSparse" && subformat != "streamOptimized" {
            ours.as_object_mut().unwrap().remove("actual-size");
        }
        // Names of extents are given as they were opened.
        let here = place.dir().canonicalize().unwrap();
        for (ours, theirs) in extents(&mut ours).iter_mut().zip(extents(&mut theirs)) {
            let name = here.join(ours["filename"].as_str().unwrap());
            ours["filename"] = json!(name.to_str().unwrap());
            // Of a single file qemu-img does not take the type from the descriptor.
            if theirs["format"] == "" {
                theirs["format"] = json!("SPARSE");
            }
        }
        check_agrees(subformat, &ours, &theirs);
        assert_eq!(ours["virtual-size"], 3 * MIB + 512);
        assert_eq!(ours["format-specific"]["data"]["create-type"], subformat);
    }
}

#[test]
fn info_of_a_qcow2_agrees_with_qemu() {
    if !qemu::wanted() {
        return;
    }
    for options in [
        &[] as &[&str],
        &["-c", "-o", "compression_type=zstd,cluster_size=4k"],
        &["-o", "compat=0.10"],
        &["-o", "extended_l2=on,refcount_bits=1"],
        &["-o", "lazy_refcounts=on"],
    ] {
        let place = Place::new();
        qcow2(&place, options);
        let ours = place.json(&["info", "--output", "json", "disk.qcow2"]);
        let mut theirs = qemu_info(&place, "disk.qcow2", "qcow2");
        // Features that version 2 has not: left out there, false here.
        let data = &mut theirs["format-specific"]["data"];
        for key in ["lazy-refcounts", "corrupt", "extended-l2"] {
            if data.get(key).is_none() {
                data[key] = json!(false);
            }
        }
        check_agrees("disk.qcow2", &ours, &theirs);
    }
}

#[test]
fn info_shows_snapshots_and_chains() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    qcow2(&place, &[]);
    let disk = place.path("disk.qcow2");
    let make = ["snapshot", "-c", "first"].map(std::ffi::OsStr::new);
    assert!(
        qemu::qemu_img(make.into_iter().chain([disk.as_os_str()]))
            .status
            .success()
    );
    qemu::create(
        &place.path("top.qcow2"),
        "qcow2",
        3 * MIB + 512,
        &["-b", "disk.qcow2", "-F", "qcow2"],
    );
    let chain = place.json(&["info", "--output", "json", "--backing-chain", "top.qcow2"]);
    assert_eq!(chain.as_array().unwrap().len(), 2);
    assert_eq!(chain[0]["backing-filename"], "disk.qcow2");
    assert_eq!(chain[0]["backing-filename-format"], "qcow2");
    assert_eq!(chain[1]["snapshots"][0]["name"], "first");
    let ours = place.json(&["info", "--output", "json", "disk.qcow2"]);
    let theirs = qemu_info(&place, "disk.qcow2", "qcow2");
    check_agrees("snapshots", &ours["snapshots"], &theirs["snapshots"]);
}

#[test]
fn info_says_what_qemu_has_no_words_for() {
    let place = Place::new();
    chain(&place);
    let levels = place.json(&[
        "info",
        "--output",
        "json",
        "--backing-chain",
        "web-000002.vmdk",
    ]);
    let types: Vec<&Value> = (0..3)
        .map(|n| &levels[n]["format-specific"]["data"]["create-type"])
        .collect();
    assert_eq!(types, ["seSparse", "vmfsSparse", "vmfs"]);
    let top = place.json(&["info", "--output", "json", "web-000002.vmdk"]);
    assert_eq!(top, levels[0]);
    assert_eq!(top["backing-filename"], "web-000001.vmdk");
    assert_eq!(top["backing-filename-format"], "vmdk");
    assert_eq!(
        top["format-specific"]["data"]["parent-cid"],
        0xc2d1_0102_u32
    );
    assert_eq!(levels[1]["format-specific"]["data"]["cid"], 0xc2d1_0102_u32);
    assert_eq!(top["v2v"]["adapter-type"], "lsilogic");
    assert_eq!(top["v2v"]["virtual-hw-version"], 13);
    assert_eq!(top["v2v"]["encoding"], "UTF-8");
    let files: Vec<&str> = levels[2]["v2v"]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            file["filename"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(files, ["web.vmdk", "web-flat.vmdk"]);

    let human = place
        .convert(&["info", "--backing-chain", "web-000002.vmdk"])
        .out;
    assert!(
        human.starts_with(
            "image: web-000002.vmdk\nfile format: vmdk\nvirtual size: 2 MiB (2097152 bytes)\n"
        ),
        "{human}"
    );
    assert_eq!(human.matches("create type: ").count(), 3, "{human}");
    assert!(human.contains("\n\nimage: "), "{human}");
}

/// Extents that qemu-img does not have: access, type and place of each. A file without access is not opened.
#[test]
fn info_lists_every_extent() {
    let place = Place::new();
    place.write("a.vmdk", vec![0; 4096]);
    let text = Descriptor::new("custom", &Lineage::default())
        .extent(ExtentLine::flat(3, "a.vmdk", 1).access("RDONLY"))
        .extent(ExtentLine::zero(10))
        .extent(ExtentLine::flat(4, "a.vmdk", 4).access("NOACCESS"));
    place.write("disk.vmdk", text.render());
    let info = place.json(&["info", "--output", "json", "disk.vmdk"]);
    assert_eq!(info["virtual-size"], 17 * 512);
    let extents = &info["format-specific"]["data"]["extents"];
    assert_eq!(
        [0, 1, 2].map(|n| (extents[n]["format"].clone(), extents[n]["v2v"].clone())),
        [
            (json!("FLAT"), json!({"access": "RDONLY", "offset": 512})),
            (json!("ZERO"), json!({"access": "RW", "offset": 0})),
            (json!("FLAT"), json!({"access": "NOACCESS", "offset": 0})),
        ]
    );
}

/// The rows of a map without what only one of the two says.
fn rows(map: &Value) -> Value {
    let keys = ["start", "length", "depth", "present", "data", "zero"];
    let row = |row: &Value| {
        let mut kept: Value = keys
            .map(|key| (key.to_owned(), row[key].clone()))
            .into_iter()
            .collect();
        kept["offset"] = row.get("offset").cloned().unwrap_or_default();
        kept
    };
    map.as_array().unwrap().iter().map(row).collect()
}

/// The zeros of a map, by first byte and end.
fn holes(map: &Value) -> Vec<(u64, u64)> {
    let zero = |row: &&Value| row["zero"] == true;
    let range = |row: &Value| {
        let start = row["start"].as_u64().unwrap();
        (start, start + row["length"].as_u64().unwrap())
    };
    map.as_array()
        .unwrap()
        .iter()
        .filter(zero)
        .map(range)
        .collect()
}

#[test]
fn map_agrees_with_qemu() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    let raw = place.raw("source.raw", &mixed(5));
    for (name, format, options) in [
        (
            "disk.vmdk",
            "vmdk",
            &["-o", "subformat=monolithicSparse"][..],
        ),
        ("plain.qcow2", "qcow2", &[]),
        ("small.qcow2", "qcow2", &["-o", "cluster_size=4k"]),
        ("packed.qcow2", "qcow2", &["-c"]),
    ] {
        qemu::convert(&raw, "raw", &place.path(name), format, options);
        let ours = place.json(&["map", "--output", "json", name]);
        let theirs = parse(&qemu::map_json(&place.path(name), format));
        check_agrees(name, &rows(&ours), &rows(&theirs));
    }
    // Small holes of a flat file count as data here: a fragmented map costs more than reading them.
    let flat = ["-o", "subformat=monolithicFlat"];
    qemu::convert(&raw, "raw", &place.path("flat.vmdk"), "vmdk", &flat);
    let theirs = holes(&parse(&qemu::map_json(&place.path("flat.vmdk"), "vmdk")));
    for (start, end) in holes(&place.json(&["map", "--output", "json", "flat.vmdk"])) {
        let inside = |theirs: &(u64, u64)| theirs.0 <= start && end <= theirs.1;
        assert!(
            theirs.iter().any(inside),
            "{start:#x} to {end:#x} is no hole for qemu"
        );
    }
    // A qcow2 file of ours, and the chain of an overlay. Past the end of a shorter base qemu-img names the overlay, and
    // we the base; so this one is as long.
    place.convert(&["-q", "disk.vmdk", "ours.qcow2"]);
    qemu::create(
        &place.path("top.qcow2"),
        "qcow2",
        3 * MIB + 512,
        &["-b", "ours.qcow2", "-F", "qcow2"],
    );
    for name in ["ours.qcow2", "top.qcow2"] {
        let ours = place.json(&["map", "--output", "json", name]);
        let theirs = parse(&qemu::map_json(&place.path(name), "qcow2"));
        check_agrees(name, &rows(&ours), &rows(&theirs));
    }
}

#[test]
fn map_covers_the_disk_without_gaps() {
    let place = Place::new();
    let written = chain(&place);
    let size = written.content.virtual_size();
    for (args, from, to) in [
        (&[][..], 0, size),
        (&["-s", "1M"], MIB, size),
        (&["-s", "1000", "-m", "5k"], 1000, 1000 + 5 * KIB),
        (
            &["--start-offset", "2093056", "--max-length", "1G"],
            2_093_056,
            size,
        ),
        (&["-s", "3M"], 0, 0),
    ] {
        let map = place.json(&[&["map", "--output", "json", "web-000002.vmdk"], args].concat());
        let mut at = from;
        for row in map.as_array().unwrap() {
            assert_eq!(row["start"], at, "{args:?}");
            assert_ne!(row["data"], row["zero"], "{args:?}: {row}");
            at += row["length"].as_u64().unwrap();
        }
        assert_eq!(at, to, "{args:?}");
    }
    let human = place.convert(&["map", "web-000002.vmdk"]).out;
    assert!(
        human.starts_with("Offset           Length           Mapped to        File\n"),
        "{human}"
    );
    assert!(human.contains("web-flat.vmdk"), "{human}");
}

#[test]
fn measure_is_never_too_small() {
    let place = Place::new();
    for seed in 0..6 {
        let size = (1 + seed * 3) * MIB + seed * 512;
        let content = match seed % 3 {
            0 => Content::mixed(seed, size),
            1 => Content::scattered(seed, size, 64 * KIB, 9),
            _ => Content::full(seed, size),
        };
        used(&place, &content);
        for args in [
            &[] as &[&str],
            &["-o", "cluster_size=4k"],
            &["-o", "cluster_size=2M"],
            &["-o", "compat=0.10"],
            &["-o", "preallocation=metadata"],
            &["-o", "preallocation=full"],
            &["-O", "raw"],
        ] {
            let measured =
                place.json(&[&["measure", "--output", "json"], args, &["disk.vmdk"]].concat());
            let files = ["-q", "--force", "--report", "-", "disk.vmdk", "out"];
            let report = place.json(&[args, &files].concat());
            let (required, full) = (
                measured["required"].as_u64().unwrap(),
                measured["fully-allocated"].as_u64().unwrap(),
            );
            let real = match args {
                // A raw file is as long as the disk; what counts is what it stores.
                ["-O", "raw"] => report["disks"][0]["written"].as_u64().unwrap(),
                _ => place.path("out").metadata().unwrap().len(),
            };
            assert!(
                real <= required,
                "seed {seed} {args:?}: {real} > {required}"
            );
            assert!(
                required <= full,
                "seed {seed} {args:?}: {required} > {full}"
            );
        }
    }
}

#[test]
fn measure_agrees_with_qemu() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    disk(&place, SPARSE, &Content::full(1, 3 * MIB + 512));
    for options in [
        "cluster_size=64k",
        "cluster_size=4k",
        "cluster_size=2M",
        "compat=0.10",
    ] {
        let ours = place.json(&["measure", "--output", "json", "-o", options, "disk.vmdk"]);
        let path = place.path("disk.vmdk");
        let args = [
            "measure",
            "--output=json",
            "-O",
            "qcow2",
            "-o",
            options,
            "-f",
            "vmdk",
        ];
        let output = qemu::qemu_img(
            args.map(std::ffi::OsStr::new)
                .into_iter()
                .chain([path.as_os_str()]),
        );
        assert!(output.status.success(), "{output:?}");
        let theirs = parse(&String::from_utf8(output.stdout).unwrap());
        // The layouts differ a little: qemu-img keeps a refcount table for growth.
        for key in ["required", "fully-allocated"] {
            let (ours, theirs) = (ours[key].as_u64().unwrap(), theirs[key].as_u64().unwrap());
            assert!(
                ours <= theirs + 4 * 2 * MIB && ours >= 3 * MIB,
                "{options} {key}: {ours} {theirs}"
            );
        }
    }
}

#[test]
fn a_stream_is_looked_at_as_well() {
    let place = Place::new();
    disk(&place, Kind::StreamOptimized(Flavor::Export), &mixed(1));
    let info = place.json(&["info", "--output", "json", "disk.vmdk"]);
    assert_eq!(
        info["format-specific"]["data"]["extents"][0]["compressed"],
        true
    );
    let map = place.json(&["map", "--output", "json", "disk.vmdk"]);
    assert!(
        map.as_array()
            .unwrap()
            .iter()
            .any(|row| row["compressed"] == true && row.get("offset").is_none())
    );
    let measured = place.json(&["measure", "--output", "json", "disk.vmdk"]);
    assert!(measured["required"].as_u64().unwrap() > 64 * KIB);
}
