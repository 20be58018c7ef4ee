//! A stream-optimized disk through a pipe, as out of `tar -xO` or `curl`.

use v2v_testkit::disk::Content;
use v2v_testkit::qemu;
use v2v_testkit::vmdk::{Flavor, Generate as _, Kind, Lineage, Order, Sparse, Stream, ZeroGrains};

use crate::disks::{FLAVORS, disk, mixed, stream};
use crate::place::{MIB, Place, assert_same};

/// Gives `input` to the program; it has to fail with `code` and this text and to leave nothing.
fn check_refuses(input: Vec<u8>, code: i32, text: &str) {
    let place = Place::new();
    let run = place.pipe(&["-", "out.qcow2"], input);
    assert_eq!(run.err, format!("vmdk2qcow2: {text}\n"));
    assert_eq!(run.code, Some(code), "{}", run.err);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn gives_the_same_bytes_as_the_file() {
    for (flavor, zero_grains) in FLAVORS
        .into_iter()
        .flat_map(|flavor| [ZeroGrains::Skip, ZeroGrains::Store].map(|zeros| (flavor, zeros)))
    {
        let place = Place::new();
        let image = Stream {
            zero_grains,
            short_last: flavor == Flavor::Export,
            ..Stream::new(mixed(1), flavor)
        };
        stream(&place, &image);
        for target in [
            &[] as &[&str],
            &["-c"],
            &["-c", "-o", "compression_type=zstd"],
            &["-o", "preallocation=metadata"],
            &["-o", "cluster_size=2M"],
            &["-O", "raw"],
        ] {
            place.convert(&[target, &["-q", "--force", "stream.vmdk", "file"]].concat());
            let args = [target, &["-q", "--force", "-m", "3", "-", "pipe"]].concat();
            let run = place.pipe(&args, image.to_bytes());
            assert_eq!(run.code, Some(0), "{flavor:?} {target:?}: {}", run.err);
            let what = format!("{flavor:?} {target:?}");
            assert_same(&what, &place.read("pipe"), &place.read("file"));
        }
        assert_same("raw", &place.read("pipe"), &image.content.to_vec());
    }
}

#[test]
fn what_qemu_wrote_comes_through_a_pipe() {
    if !qemu::wanted() {
        return;
    }
    let place = Place::new();
    let content = mixed(2);
    let raw = place.raw("source.raw", &content);
    let options = ["-o", "subformat=streamOptimized"];
    qemu::convert(&raw, "raw", &place.path("disk.vmdk"), "vmdk", &options);
    let run = place.pipe(&["-c", "-", "out.qcow2"], place.read("disk.vmdk"));
    assert_eq!(run.code, Some(0), "{}", run.err);
    qemu::check(&place.path("out.qcow2"), "qcow2");
    qemu::compare(&raw, "raw", &place.path("out.qcow2"), "qcow2");
}

#[test]
fn a_stream_that_ends_early_gives_no_target() {
    for flavor in FLAVORS {
        let place = Place::new();
        let (bytes, layout) = Stream::new(Content::full(1, MIB), flavor).build();
        // Behind the last byte of the last grain some flavors have only what nobody needs.
        let last = layout.grains.last().unwrap();
        let needed = match layout.footer_marker {
            Some(marker) if flavor == Flavor::Export => marker,
            _ => last.offset + last.len,
        };
        let ends = (0..needed as usize).step_by(bytes.len() / 23);
        for end in ends.chain([511, 512, 513, needed as usize - 1]) {
            let run = place.pipe(&["-", "out.qcow2"], bytes[..end].to_vec());
            // Less than a header is not recognised at all.
            let code = if end < 512 { 3 } else { 1 };
            assert!(
                run.code == Some(code) || (run.code == Some(1) && end < 512),
                "{flavor:?} cut at {end} of {}: {run:?}",
                bytes.len()
            );
            assert!(run.err.contains("standard input: "), "{}", run.err);
            assert_eq!(place.names(), [""; 0], "{flavor:?} cut at {end}");
        }
    }
}

#[test]
fn a_stream_out_of_order_has_to_be_saved() {
    let image = Stream {
        order: Order::Descending,
        ..Stream::new(Content::full(1, 128 << 10), Flavor::Export)
    };
    check_refuses(
        image.to_bytes(),
        3,
        "standard input: grain marker at offset 0x20200 is for sector 0 after sector 128; \
         save the stream to a file and convert that",
    );
}

#[test]
fn other_disks_have_to_be_saved() {
    let content = Content::mixed(1, MIB);
    check_refuses(
        Sparse::new(content.clone()).to_bytes(),
        3,
        "standard input: a VMDK that is not streamOptimized can't be read from a stream; \
         save it to a file and convert that",
    );
    let place = Place::new();
    let flat = disk(&place, Kind::MonolithicFlat, &content);
    check_refuses(
        flat.descriptor.render(),
        3,
        "standard input: a VMDK descriptor can't be read from a stream; save it to a file and convert that",
    );
    check_refuses(
        vec![0; 4096],
        3,
        "standard input: not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor",
    );
    check_refuses(
        b"QFI\xfb\0\0\0\x03".repeat(512),
        3,
        "standard input: not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor",
    );
    let lineage = Lineage::delta(1, 0x0000_ba5e, "base.vmdk");
    let descriptor = Stream::embedded(&content, &lineage, "x.vmdk").render();
    let delta = Stream {
        descriptor,
        ..Stream::new(content, Flavor::Vddk)
    };
    check_refuses(
        delta.to_bytes(),
        3,
        "standard input: the stream is a snapshot of the disk with CID 0000ba5e; \
         save it to a file beside its parent and convert that",
    );
}

#[test]
fn options_that_need_a_file() {
    let place = Place::new();
    let only = "standard input takes a stream-optimized VMDK only; save other disks to a file";
    place.check_refuses(&["-f", "raw", "-", "out.qcow2"], 2, only);
    place.check_refuses(&["-f", "qcow2", "-", "out.qcow2"], 2, only);
    place.check_refuses(&["-"], 2, "a disk from standard input needs a TARGET");
    let place_needed =
        "-B and --salvage need a source that can be read at any place, not standard input";
    place.check_refuses(&["--salvage", "-", "out.qcow2"], 2, place_needed);
    for command in ["info", "map", "measure"] {
        place.check_refuses(
            &[command, "-"],
            2,
            "standard input can only be converted; save it to a file to look at it",
        );
    }
}

/// A rate, a report and a check work as with files.
#[test]
fn the_other_options_work_with_a_pipe() {
    let place = Place::new();
    let image = Stream::new(mixed(3), Flavor::Vddk);
    let args = [
        "--verify",
        "-r",
        "100M",
        "--report",
        "r.json",
        "-",
        "out.qcow2",
    ];
    let run = place.pipe(&args, image.to_bytes());
    assert_eq!(run.code, Some(0), "{}", run.err);
    let report: serde_json::Value = serde_json::from_slice(&place.read("r.json")).unwrap();
    assert_eq!(report["source"]["kind"], "streamOptimized");
    assert_eq!(report["source"]["path"], "-");
    assert_eq!(report["disks"][0]["verified"], true);
    place.convert(&["-q", "-O", "raw", "out.qcow2", "out.raw"]);
    assert_same("out", &place.read("out.raw"), &image.content.to_vec());
}
