//! What is refused, with which exit code, and what the line says: file, place, found, expected, what to do.

use std::os::unix::fs::symlink;

use v2v_testkit::disk::Content;
use v2v_testkit::fault::patched;
use v2v_testkit::qemu;
use v2v_testkit::vmdk::{
    Chain, Descriptor, ExtentLine, Flavor, Generate as _, Kind, Lineage, Sparse, Stream,
};

use crate::disks::{COWD, SPARSE, chain, disk, flat_text, mixed, used};
use crate::place::{KIB, MIB, Place, set_len};

/// Refuses a source, as a conversion and wherever else it is opened.
fn check_source(place: &Place, args: &[&str], code: i32, text: &str) {
    place.check_refuses(&[args, &["x.qcow2"]].concat(), code, text);
    for command in ["info", "map", "measure"] {
        place.check_refuses(&[&[command], args].concat(), code, text);
    }
}

#[test]
fn files_that_are_no_disk() {
    let place = Place::new();
    let boot_sector = patched(&[0; 4096], 510, b"\x55\xaa");
    let unrecognised = |name: &str| {
        format!("{name}: not recognised as a disk image; if it is a raw disk, say so with -f raw")
    };
    for (name, bytes) in [
        ("empty", vec![]),
        ("zeros.vmdk", vec![0; 4096]),
        ("disk.raw", boot_sector),
        ("text.vmdk", b"web01, the disk of the web server\n".to_vec()),
    ] {
        place.write(name, bytes);
        check_source(&place, &[name], 3, &unrecognised(name));
    }
    place.write("a.vhd", patched(&[0; 4096], 0, b"conectix"));
    let vhd = "a.vhd: is a VHD image, which can't be read; convert it with qemu-img first";
    check_source(&place, &["a.vhd"], 3, vhd);
    place.write("a.vdi", patched(&[0; 4096], 0x40, 0xbeda_107f_u32));
    let vdi = "a.vdi: is a VDI image, which can't be read; convert it with qemu-img first";
    check_source(&place, &["a.vdi"], 3, vdi);
    place.write("a.vmdk.gz", patched(&[0; 4096], 0, b"\x1f\x8b\x08"));
    let gzip = "a.vmdk.gz: is gzip-compressed; decompress it first";
    check_source(&place, &["a.vmdk.gz"], 3, gzip);
    place.write("a.ova", patched(&[0; 4096], 257, b"ustar"));
    let tar = "a.ova: is a tar archive (an OVA?); unpack it first and convert the .vmdk inside";
    check_source(&place, &["a.ova"], 3, tar);
}

#[test]
fn a_format_that_was_said_is_not_doubted_but_checked() {
    let place = Place::new();
    place.write("disk.raw", vec![7; 1024]);
    check_source(
        &place,
        &["-f", "vmdk", "disk.raw"],
        3,
        "disk.raw: not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor",
    );
    check_source(
        &place,
        &["-f", "qcow2", "disk.raw"],
        3,
        "disk.raw: the file does not begin with \"QFI\\xfb\" and is no qcow2 image",
    );
    let content = mixed(1);
    place.raw("disk.raw", &content);
    place.check_reads("disk.raw", &["-f", "raw"], &content);
    place.check_usage(
        &["-f", "vhd", "disk.raw", "x.qcow2"],
        "format is \"vhd\", expected one of vmdk, qcow2, raw",
    );
}

#[test]
fn files_that_are_not_there() {
    let place = Place::new();
    check_source(
        &place,
        &["no.vmdk"],
        1,
        "no.vmdk: cannot open: No such file or directory (os error 2)",
    );
    std::fs::create_dir(place.path("dir.vmdk")).unwrap();
    check_source(
        &place,
        &["dir.vmdk"],
        1,
        "dir.vmdk: cannot use: is neither a regular file nor a block device",
    );

    let flat = disk(&place, Kind::MonolithicFlat, &mixed(1));
    std::fs::remove_file(&flat.files[1]).unwrap();
    check_source(
        &place,
        &["disk.vmdk"],
        1,
        "disk.vmdk: extent \"disk-flat.vmdk\" not found in HERE; put it there or allow its directory (--allow-path)",
    );
}

#[test]
fn pieces_of_a_disk() {
    let place = Place::new();
    Sparse::piece(mixed(1)).write_file(&place.path("disk-s001.vmdk"));
    check_source(
        &place,
        &["disk-s001.vmdk"],
        3,
        "disk-s001.vmdk: is a SPARSE extent, a part of a disk; open its descriptor (probably \"disk.vmdk\") instead",
    );
    // QEMU's pieces have an area for a descriptor, and nothing in it.
    if qemu::wanted() {
        let split = place.path("split.vmdk");
        qemu::create(
            &split,
            "vmdk",
            3 << 30,
            &["-o", "subformat=twoGbMaxExtentSparse"],
        );
        check_source(
            &place,
            &["split-s001.vmdk"],
            3,
            "split-s001.vmdk: is a SPARSE extent, a part of a disk; open its descriptor (probably \"split.vmdk\") instead",
        );
    }
    chain(&place);
    check_source(
        &place,
        &["web-000001-delta.vmdk"],
        3,
        "web-000001-delta.vmdk: is a VMFSSPARSE extent, a part of a disk; open its descriptor (probably \"web-000001.vmdk\") instead",
    );
    check_source(
        &place,
        &["web-000002-sesparse.vmdk"],
        3,
        "web-000002-sesparse.vmdk: is a SESPARSE extent, a part of a disk; open its descriptor (probably \"web-000002.vmdk\") instead",
    );
    check_source(
        &place,
        &["web-flat.vmdk"],
        3,
        "web-flat.vmdk: not recognised as a disk image; if it is a raw disk, say so with -f raw",
    );
}

#[test]
fn extents_outside_the_directory() {
    let place = Place::new();
    place.write("../secret/disk-flat.vmdk", vec![1; 1024]);
    let secret = place.path("../secret").canonicalize().unwrap();
    let absolute = format!("{}/disk-flat.vmdk", secret.display());
    for name in ["../secret/disk-flat.vmdk", absolute.as_str()] {
        place.write(
            "disk.vmdk",
            flat_text(ExtentLine::flat(2, name, 0)).render(),
        );
        check_source(
            &place,
            &["disk.vmdk"],
            3,
            &format!(
                "disk.vmdk: extent {name:?} lies outside HERE; allow its directory (--allow-path) if you trust this image"
            ),
        );
        let content = Content::empty(1024).with(v2v_testkit::disk::Run::new(
            0,
            1024,
            v2v_testkit::disk::Pattern::Fill(1),
        ));
        place.check_reads("disk.vmdk", &["--allow-path", "../secret"], &content);
    }
    // A link is judged by where it leads.
    symlink(&absolute, place.path("link-flat.vmdk")).unwrap();
    place.write(
        "disk.vmdk",
        flat_text(ExtentLine::flat(2, "link-flat.vmdk", 0)).render(),
    );
    check_source(
        &place,
        &["disk.vmdk"],
        3,
        "disk.vmdk: extent \"link-flat.vmdk\" lies outside HERE; allow its directory (--allow-path) if you trust this image",
    );
}

#[test]
fn extents_that_are_no_files() {
    let place = Place::new();
    for (name, text) in [
        (
            "/dev/zero",
            "disk.vmdk: line 10: data lies on a device, \"/dev/zero\"; copy the device to a file, and convert that as a raw disk",
        ),
        (
            "json:{}",
            "disk.vmdk: extent \"json:{}\" is not a file name: it names a protocol",
        ),
        (
            "nbd://host/disk",
            "disk.vmdk: extent \"nbd://host/disk\" is not a file name: it names a protocol",
        ),
        (
            "",
            "disk.vmdk: line 10: file name of the extent is \"\", expected a name without control characters",
        ),
        (".", "disk.vmdk: cannot open extent \".\": is a directory"),
        (
            "sub",
            "disk.vmdk: cannot open extent \"sub\": not a regular file",
        ),
        (
            "fifo",
            "disk.vmdk: cannot open extent \"fifo\": not a regular file",
        ),
        (
            "disk.vmdk",
            "disk.vmdk: line 10: extent disk.vmdk is the descriptor itself",
        ),
    ] {
        let _ = std::fs::create_dir(place.path("sub"));
        if name == "fifo" {
            let made = std::process::Command::new("mkfifo")
                .arg(place.path("fifo"))
                .status();
            assert!(made.unwrap().success());
        }
        place.write(
            "disk.vmdk",
            flat_text(ExtentLine::flat(2, name, 0)).render(),
        );
        let code = if name.starts_with('/') { 3 } else { 1 };
        check_source(&place, &["disk.vmdk"], code, text);
    }
}

#[test]
fn a_path_of_another_machine_is_looked_for_here() {
    let place = Place::new();
    let content = mixed(1);
    let written = disk(&place, Kind::MonolithicFlat, &content);
    for name in [
        "/vmfs/volumes/datastore1/web/disk-flat.vmdk",
        "C:\\Virtual Machines\\web\\disk-flat.vmdk",
    ] {
        let text = flat_text(ExtentLine::flat(content.sectors(), name, 0));
        place.write("disk.vmdk", text.render());
        place.check_reads("disk.vmdk", &[], &written.content);
    }
}

#[test]
fn extents_that_are_too_short() {
    let place = Place::new();
    let content = Content::full(1, MIB);
    let flat = disk(&place, Kind::MonolithicFlat, &content);
    set_len(&flat.files[1], 700 * KIB);
    check_source(
        &place,
        &["disk.vmdk"],
        1,
        "disk.vmdk: line 10: extent has 1048576 bytes, but HERE/disk-flat.vmdk holds 716800; the copy was cut off, \
         copy it again, or use --allow-short to read zeros there",
    );
    let short = content.resized(700 * KIB).resized(MIB);
    place.check_reads("disk.vmdk", &["--allow-short"], &short);
    let run = place.run(&["--allow-short", "disk.vmdk", "x.qcow2"]);
    assert!(run.err.contains("vmdk2qcow2: warn: "), "{}", run.err);

    let sparse = disk(&place, SPARSE, &content);
    set_len(&sparse.path, 700 * KIB);
    let run = place.run(&["disk.vmdk", "y.qcow2"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(
        run.err.contains(
            "reaches past the end of the file at 0xaf000; the file is cut off, copy it again"
        ),
        "{}",
        run.err
    );
}

#[test]
fn missing_parents() {
    let place = Place::new();
    let written = chain(&place);
    let moved = place.path("../elsewhere");
    std::fs::create_dir(&moved).unwrap();
    for name in ["web.vmdk", "web-flat.vmdk"] {
        std::fs::rename(place.path(name), moved.join(name)).unwrap();
    }
    check_source(
        &place,
        &["web-000002.vmdk"],
        1,
        "HERE/web-000001.vmdk: parent \"web.vmdk\" not found in HERE; put it there or allow its directory (--allow-path)",
    );
    place.check_reads(
        "web-000002.vmdk",
        &["--parent-dir", "../elsewhere"],
        &written.content,
    );
    place.check_reads(
        "web-000002.vmdk",
        &["--allow-path", "../elsewhere"],
        &written.content,
    );
    check_source(
        &place,
        &["--parent-dir", "../nowhere", "web-000002.vmdk"],
        1,
        "../nowhere: cannot open: No such file or directory (os error 2)",
    );
}

#[test]
fn a_parent_that_was_changed() {
    let place = Place::new();
    let written = chain(&place);
    let text = written.disks[1].descriptor.clone().set("CID", "0badc0de");
    place.write("web-000001.vmdk", text.render());
    let mismatch = "web-000002.vmdk: content id of the parent HERE/web-000001.vmdk is 0badc0de, expected c2d10102; \
         the parent was changed after the snapshot, or is another disk (--ignore-cid reads it all the same)";
    check_source(&place, &["web-000002.vmdk"], 1, mismatch);
    place.check_reads("web-000002.vmdk", &["--ignore-cid"], &written.content);
    let run = place.convert(&["--ignore-cid", "web-000002.vmdk", "x.qcow2"]);
    let warning = format!("vmdk2qcow2: warn: vmdk-cid-mismatch: HERE/web-000001.vmdk: {mismatch}");
    assert_eq!(run.err.lines().next(), Some(warning.as_str()));
    // The warning stops a careful caller before anything is written.
    let run = place.run(&[
        "--fail-on",
        "warn",
        "--ignore-cid",
        "web-000002.vmdk",
        "y.qcow2",
    ]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert_eq!(run.err.lines().next(), Some(warning.as_str()));
    assert!(!place.path("y.qcow2").exists());
}

#[test]
fn parents_that_can_not_be() {
    let place = Place::new();
    let lineage = Lineage::delta(0x11, 0x11, "disk.vmdk");
    COWD.write(&place.dir(), "disk", &mixed(1), &lineage);
    check_source(
        &place,
        &["disk.vmdk"],
        1,
        "HERE/disk.vmdk: is its own ancestor",
    );

    COWD.write(
        &place.dir(),
        "a",
        &mixed(1),
        &Lineage::delta(1, 2, "b.vmdk"),
    );
    COWD.write(
        &place.dir(),
        "b",
        &mixed(2),
        &Lineage::delta(2, 1, "a.vmdk"),
    );
    check_source(&place, &["a.vmdk"], 1, "HERE/a.vmdk: is its own ancestor");

    let hintless = Descriptor::new("vmfsSparse", &Lineage::delta(1, 0xba5e, "x"))
        .without("parentFileNameHint")
        .extent(ExtentLine::vmfs_sparse(
            mixed(1).sectors(),
            "disk-delta.vmdk",
        ));
    place.write("disk.vmdk", hintless.render());
    check_source(
        &place,
        &["disk.vmdk"],
        1,
        "disk.vmdk: names the content id 0000ba5e of a parent and no file (parentFileNameHint)",
    );

    let base = hintless
        .set("parentCID", "ffffffff")
        .set("parentFileNameHint", "\"old.vmdk\"");
    place.write("disk.vmdk", base.render());
    check_source(
        &place,
        &["disk.vmdk"],
        1,
        "disk.vmdk: line 8: parentFileNameHint is \"old.vmdk\", but parentCID in line 5 is ffffffff (no parent); \
         remove the line that is wrong",
    );

    // A raw file that begins like a qcow2 image was made so by a guest; it is no parent of a VMDK.
    place.write("fake.vmdk", b"QFI\xfb\0\0\0\x03".repeat(512));
    COWD.write(
        &place.dir(),
        "disk",
        &mixed(1),
        &Lineage::delta(1, 2, "fake.vmdk"),
    );
    check_source(
        &place,
        &["disk.vmdk"],
        1,
        "disk.vmdk: its parent HERE/fake.vmdk is a qcow2 image, expected vmdk",
    );
}

#[test]
fn a_parent_is_not_looked_for_outside() {
    let place = Place::new();
    place.write("../secret/base.vmdk", "x");
    COWD.write(
        &place.dir(),
        "disk",
        &mixed(1),
        &Lineage::delta(1, 2, "../secret/base.vmdk"),
    );
    check_source(
        &place,
        &["disk.vmdk"],
        3,
        "disk.vmdk: parent \"../secret/base.vmdk\" lies outside HERE; allow its directory (--allow-path) if you trust this image",
    );
}

#[test]
fn disks_that_are_no_files() {
    let place = Place::new();
    let text = |create_type: &str, extent: ExtentLine| {
        Descriptor::new(create_type, &Lineage::default()).extent(extent)
    };
    let rdm = ExtentLine::new(2048, "VMFSRDM", Some("web-rdm.vmdk"), None);
    let raw = ExtentLine::new(2048, "VMFSRAW", Some("web-rdmp.vmdk"), None);
    for (descriptor, code, message) in [
        (
            text("vmfsRawDeviceMap", rdm.clone()),
            3,
            "line 7: disk is a raw device map (vmfsRawDeviceMap); copy the mapped LUN itself, or clone the disk with vmkfstools -i on the ESXi host",
        ),
        (
            text("vmfsPassthroughRawDeviceMap", rdm),
            3,
            "line 7: disk is a raw device map (vmfsPassthroughRawDeviceMap); copy the mapped LUN itself, or clone the disk with vmkfstools -i on the ESXi host",
        ),
        (
            text("vmfsRaw", raw),
            3,
            "line 7: data lies on a device, \"vmfsRaw\"; copy the device to a file, and convert that as a raw disk",
        ),
        (
            text(
                "fullDevice",
                ExtentLine::flat(2048, "\\\\.\\PhysicalDrive0", 0),
            ),
            3,
            "line 10: data lies on a device, \"\\\\\\\\.\\\\PhysicalDrive0\"; copy the device to a file, and convert that as a raw disk",
        ),
        (
            text("fullDevice", ExtentLine::flat(2048, "/dev/sda", 0)),
            3,
            "line 10: data lies on a device, \"/dev/sda\"; copy the device to a file, and convert that as a raw disk",
        ),
        (
            text(
                "vsanSparse",
                ExtentLine::new(2048, "VSANSPARSE", Some("x"), None),
            ),
            3,
            "line 7: data is a datastore object, \"vsanSparse\"; export the disk, or clone it with vmkfstools -i to VMFS or NFS",
        ),
        (
            text("vmfs", ExtentLine::vmfs(2048, "vsan://c7b5a85b-4a6e")),
            3,
            "line 10: data is a datastore object, \"vsan://c7b5a85b-4a6e\"; export the disk, or clone it with vmkfstools -i to VMFS or NFS",
        ),
        (
            text("vmfs", ExtentLine::vmfs(2048, "x-flat.vmdk"))
                .set("encryptionKeys", "\"vmware:key/list/(pair/1)\""),
            3,
            "line 8: disk is encrypted (encryptionKeys); remove the encryption in VMware, or export the disk from there",
        ),
    ] {
        place.write("disk.vmdk", descriptor.render());
        check_source(
            &place,
            &["disk.vmdk"],
            code,
            &format!("disk.vmdk: {message}"),
        );
    }
}

#[test]
fn broken_descriptors() {
    let place = Place::new();
    let good = flat_text(ExtentLine::flat(2048, "disk-flat.vmdk", 0));
    let mut no_extent = good.clone();
    no_extent.extents.clear();
    for (descriptor, code, message) in [
        (
            no_extent,
            1,
            "descriptor has no extent, expected a line such as `RW 4096 FLAT \"disk-flat.vmdk\" 0`",
        ),
        (
            good.clone().set("version", "4"),
            3,
            "line 2: descriptor version is 4, expected 1 to 3",
        ),
        (
            good.clone().set("CID", "xyz"),
            1,
            "line 4: CID is \"xyz\", expected 8 hexadecimal digits",
        ),
        (
            flat_text(ExtentLine::flat(2048, "disk-flat.vmdk", 0).access("WO")),
            1,
            "line 10: found \"WO 2048 FLAT \\\"disk-flat.vmdk\\\" 0\", expected a comment, `key = value`, or an extent",
        ),
        (
            flat_text(ExtentLine::new(
                2048,
                "FLET",
                Some("disk-flat.vmdk"),
                Some(0),
            )),
            3,
            "line 10: extent type is \"FLET\", expected FLAT, SPARSE, ZERO, VMFS, VMFSSPARSE, VMFSRDM, VMFSRAW, SESPARSE or VSANSPARSE",
        ),
        (
            flat_text(ExtentLine {
                sectors: "many".into(),
                ..ExtentLine::flat(1, "x", 0)
            }),
            1,
            "line 10: size of the extent is \"many\", expected a number of sectors, at least 1",
        ),
        (
            flat_text(ExtentLine::flat(1 << 54, "disk-flat.vmdk", 0)),
            1,
            "line 10: 18014398509481984 sectors from sector 0 on do not fit into a file",
        ),
    ] {
        place.write("disk.vmdk", descriptor.render());
        check_source(
            &place,
            &["disk.vmdk"],
            code,
            &format!("disk.vmdk: {message}"),
        );
    }
}

#[test]
fn broken_headers() {
    let place = Place::new();
    let sparse = Sparse::new(Content::full(1, MIB)).to_bytes();
    let stream = Stream::new(Content::full(1, MIB), Flavor::Export).to_bytes();
    for (bytes, code, message) in [
        (
            patched(&sparse, 4, 4_u32),
            3,
            "sparse extent version at offset 0x4 is 0x4, expected 1, 2 or 3",
        ),
        (
            patched(&sparse, 44, 513_u32),
            1,
            "grain table entry count at offset 0x2c is 513, expected 1 to 512",
        ),
        (
            patched(&sparse, 20, 3_u64),
            1,
            "grain size at offset 0x14 is 3, expected a power of two from 1 to 4096",
        ),
        (
            patched(&sparse, 77, 2_u16),
            3,
            "compression method at offset 0x4d is 2, expected 0 (none) or 1 (deflate)",
        ),
        (
            patched(&sparse, 73, b"\n \n\n"),
            1,
            "newline test at offset 0x49 is 0a 20 0a 0a, expected 0a 20 0d 0a; the file went through a transfer in text mode, copy it again in binary mode",
        ),
        (
            patched(&sparse, 0, b"kdmv"),
            1,
            "magic is \"kdmv\": the program that wrote the file did not finish it; write it again",
        ),
        (
            sparse[..300].to_vec(),
            1,
            "sparse extent header at offset 0x0 is cut off: it has 512 bytes, the file ends at 0x12c",
        ),
        (
            stream[..stream.len() - 1024].to_vec(),
            1,
            "the file ends at 0x112e00 without footer and grain directory; it is cut off, copy it again or export the disk again",
        ),
    ] {
        place.write("disk.vmdk", bytes);
        check_source(
            &place,
            &["disk.vmdk"],
            code,
            &format!("disk.vmdk: {message}"),
        );
    }
}

#[test]
fn options_that_are_wrong() {
    let place = Place::new();
    used(&place, &mixed(1));
    for (args, text) in [
        (
            &["-n"][..],
            "-n: writing into an existing target is not supported; a target is made anew",
        ),
        (
            &["-o", "cluster=64k"],
            "unknown option \"cluster\"; known: cluster_size, compat, compression_type, preallocation",
        ),
        (
            &["-o", "extended_l2=on"],
            "unknown option \"extended_l2\"; known: cluster_size, compat, compression_type, preallocation",
        ),
        (
            &["-o", "cluster_size=64k,"],
            "option list \"cluster_size=64k,\" has an empty entry; a comma inside a value is written twice",
        ),
        (
            &["-o", "cluster_size=64k,,"],
            "option cluster_size: size \"64k,\" has the unknown suffix \"k,\", expected b, k, M, G, T, P or E",
        ),
        (
            &["-o", "cluster_size=3k"],
            "cluster_size is 3072, expected a power of two from 4k to 2M",
        ),
        (
            &["-o", "cluster_size=4M"],
            "cluster_size is 4194304, expected a power of two from 4k to 2M",
        ),
        (
            &["-o", "cluster_size=512"],
            "cluster_size is 512, expected a power of two from 4k to 2M",
        ),
        (
            &["-o", "cluster_size=big"],
            "option cluster_size: size \"big\" does not begin with a digit; expected a number such as 512, 64k or 1.5G",
        ),
        (&["-o", "compat=2"], "compat is \"2\", expected 0.10 or 1.1"),
        (
            &["-o", "compression_type=lzo"],
            "compression_type is \"lzo\", expected zlib or zstd",
        ),
        (
            &["-o", "preallocation=some"],
            "preallocation is \"some\", expected off, metadata, falloc or full",
        ),
        (
            &["-O", "raw", "-o", "cluster_size=64k"],
            "unknown option \"cluster_size\"; known: preallocation",
        ),
        (
            &["-O", "raw", "-c"],
            "-c needs a qcow2 target; a raw image is not compressed",
        ),
        (
            &["-c", "-o", "compat=0.10,compression_type=zstd"],
            "compression_type=zstd needs compat=1.1",
        ),
        (
            &["-c", "-o", "preallocation=full"],
            "-c can't be combined with preallocation",
        ),
        (
            &["-c", "--compression-level", "10"],
            "compression level is 10, expected 1 to 9 for deflate",
        ),
        (
            &["-c", "--compression-level", "0"],
            "compression level is 0, expected 1 to 9 for deflate",
        ),
        (
            &[
                "-c",
                "-o",
                "compression_type=zstd",
                "--compression-level",
                "23",
            ],
            "compression level is 23, expected 1 to 22 for zstd",
        ),
        (
            &["-S", "4M"],
            "hole size is 4194304 bytes, expected at most 2097152",
        ),
        (
            &["-o", "help"],
            "-o takes cluster_size, compat, compression_type, preallocation; see --help",
        ),
    ] {
        place.check_refuses(&[args, &["disk.vmdk", "x.qcow2"]].concat(), 2, text);
    }
    for (args, part) in [
        (&["-B", "base.qcow2"][..], "-F <FMT>"),
        (&["-F", "qcow2"], "-B <FILE>"),
        (&["-S", "many"], "size \"many\" does not begin with a digit"),
        (&["-S", "1.5"], "is a fraction of a byte"),
        (&["-S", "4x"], "unknown suffix \"x\""),
        (&["-S", "9E"], "is larger than"),
        (&["-m", "0"], "invalid value '0' for '-m <N>'"),
        (&["-r", "fast"], "invalid value 'fast' for '-r <RATE>'"),
        (&["-O", "vdi"], "[possible values: qcow2, raw]"),
        (
            &["-t", "fast"],
            "[possible values: none, writeback, writethrough, unsafe, directsync]",
        ),
        (&["--compression-level", "3"], "-c"),
        (&["--reproducible"], "--report <FILE>"),
        (
            &["--no-such-option"],
            "unexpected argument '--no-such-option'",
        ),
    ] {
        place.check_usage(&[args, &["disk.vmdk", "x.qcow2"]].concat(), part);
    }
    place.check_usage(
        &["disk.vmdk", "x.qcow2", "third"],
        "unexpected argument 'third'",
    );
    place.check_usage(&["info"], "<SOURCE>");
}

/// What qemu-img takes is taken, with meaning or without.
#[test]
fn options_of_qemu_img_are_accepted() {
    let place = Place::new();
    let content = mixed(1);
    used(&place, &content);
    for args in [
        &["-W", "-U", "-t", "none", "-T", "directsync"][..],
        &["-m", "8", "-S", "4096b", "-r", "1G"],
    ] {
        place.check_reads("disk.vmdk", args, &content);
    }
    for options in [
        &["-o", "compat=1.1", "-o", "cluster_size=64k"][..],
        &["-o", "compat=v2"],
        // Declared in the header; without -c nothing is compressed.
        &["-o", "compression_type=zstd"],
    ] {
        place.convert(&[options, &["-q", "--force", "disk.vmdk", "out.qcow2"]].concat());
        if qemu::wanted() {
            qemu::check(&place.path("out.qcow2"), "qcow2");
            qemu::assert_reads(&place.path("out.qcow2"), "qcow2", &content.to_vec());
        }
    }
}

/// Names come from strangers; on a terminal they must not act.
#[test]
fn names_can_not_act_on_the_terminal() {
    let place = Place::new();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\u{202e}kdmv";
    place.write(
        "disk.vmdk",
        flat_text(ExtentLine::flat(2048, evil, 0)).render(),
    );
    let source = format!("{evil}.vmdk");
    let chain = Chain::new(Kind::Vmfs, mixed(1)).write(&place.dir(), "x");
    std::fs::rename(chain.top, place.path(&source)).unwrap();
    for args in [
        &["disk.vmdk", "x.qcow2"][..],
        &["info", "disk.vmdk"],
        &["info", source.as_str()],
        &["info", "no\u{1b}[2J"],
        &["--dry-run", source.as_str(), "y.qcow2"],
        &[source.as_str(), "y.qcow2"],
        &["--force", source.as_str(), "y\u{1b}[2J.qcow2"],
        &["-o", "\u{1b}[2J=1", "disk.vmdk", "x.qcow2"],
        &["-o", "compat=\u{1b}[2J", "disk.vmdk", "x.qcow2"],
        &["-f", "\u{1b}[2J", "disk.vmdk", "x.qcow2"],
        &["map", source.as_str()],
    ] {
        let run = place.run(args);
        for text in [&run.out, &run.err] {
            let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(acts), "{args:?}: {text:?}");
        }
    }
}
