//! Kinds of VMDK that qemu-img does not read, or reads wrongly. What a disk holds is known from its generator alone.

use v2v_testkit::disk::Content;
use v2v_testkit::vmdk::{
    Chain, Cowd, CowdRole, Flavor, Generate as _, Kind, Lineage, MarkerForm, Order, Part, SeSparse,
    SeZero, Sparse, Store, Stream, ZeroGrains, write_parts,
};

use crate::disks::{COWD, FLAVORS, SPARSE, disk, mixed, stream};
use crate::place::{KIB, MIB, Place};

/// Writes `disk.vmdk` of extents and converts it.
fn check_parts(create_type: &str, parts: &[Part]) {
    let place = Place::new();
    let lineage = Lineage::default();
    let written = write_parts(&place.dir(), "disk", create_type, parts, &lineage);
    place.check_reads("disk.vmdk", &[], &written.content);
}

fn flat(seed: u64, size: u64, offset: u64) -> Store {
    Store::Flat {
        content: Content::mixed(seed, size),
        offset,
    }
}

#[test]
fn every_usual_kind() {
    for kind in [
        SPARSE,
        Kind::MonolithicSparse { grain_sectors: 1 },
        Kind::MonolithicSparse {
            grain_sectors: 4096,
        },
        Kind::MonolithicFlat,
        Kind::Vmfs,
        Kind::TwoGbMaxExtentSparse {
            split_sectors: 1001,
            grain_sectors: 16,
        },
        Kind::TwoGbMaxExtentFlat {
            split_sectors: 999,
            offset: 63,
        },
        COWD,
        Kind::VmfsSparse { grain_sectors: 8 },
        Kind::SeSparse,
    ] {
        let place = Place::new();
        let written = disk(&place, kind, &mixed(2));
        place.check_reads("disk.vmdk", &[], &written.content);
    }
}

/// qemu-img opens six createTypes from a text descriptor; these are not among them, but files have them.
#[test]
fn create_types_that_qemu_refuses() {
    for create_type in [
        "vmfsThin",
        "vmfsPreallocated",
        "vmfsEagerZeroedThick",
        "vmfsThick",
    ] {
        check_parts(create_type, &[Part::new(Store::Vmfs(mixed(3)))]);
    }
    check_parts("2GbMaxExtentFlat", &[Part::new(flat(4, MIB, 0))]);
    check_parts(
        "2GbMaxExtentSparse",
        &[Part::new(Store::Sparse(Sparse::piece(mixed(5))))],
    );
    check_parts(
        "custom",
        &[
            Part::new(flat(6, MIB + 512, 0)),
            Part::new(Store::Sparse(Sparse::piece(Content::mixed(7, MIB - 512)))),
        ],
    );
}

/// qemu-img drops these extents without a word, and everything behind them moves down.
#[test]
fn extents_that_qemu_drops() {
    check_parts(
        "monolithicFlat",
        &[
            Part::new(flat(1, 512 * KIB, 0)).file("a.vmdk"),
            Part::new(Store::Zero(1024)),
            Part::new(flat(2, 512 * KIB, 1024)).file("a.vmdk"),
        ],
    );
    check_parts(
        "twoGbMaxExtentFlat",
        &[
            Part::new(flat(3, 64 * KIB, 0)).access("RDONLY"),
            Part::new(flat(4, 64 * KIB + 512, 0)),
            Part::new(flat(5, 64 * KIB, 0)).access("NOACCESS"),
            Part::new(flat(6, 512, 0)),
        ],
    );
}

/// A blank line right above the extents makes qemu-img take the first extent twice.
#[test]
fn a_blank_line_above_the_extents_means_nothing() {
    for newline in ["\n", "\r\n"] {
        let place = Place::new();
        let mut written = disk(&place, Kind::Vmfs, &mixed(1));
        written.descriptor.newline = newline;
        written.descriptor.extent_comment = false;
        written.descriptor.blank_lines_before_extents = 2;
        place.write("disk.vmdk", written.descriptor.render());
        place.check_reads("disk.vmdk", &[], &written.content);
    }
}

/// QEMU writes a new CID over the old one; a shorter one leaves the old end of the text behind a NUL.
#[test]
fn the_rest_of_a_longer_cid_means_nothing() {
    let place = Place::new();
    let mut written = disk(&place, Kind::MonolithicFlat, &mixed(1));
    let text = written.descriptor.render();
    for shorter in 2..=7 {
        let stale = &text[text.len() - (shorter - 1)..];
        written.descriptor.tail = [&[0], stale, &[0; 64]].concat();
        place.write("disk.vmdk", written.descriptor.render());
        place.check_reads("disk.vmdk", &[], &written.content);
    }
    written.descriptor.tail = b"\0RW 2048 ZERO\n".to_vec();
    place.write("disk.vmdk", written.descriptor.render());
    let run = place.run(&["info", "disk.vmdk"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(
        run.err.contains("but something else follows at"),
        "{}",
        run.err
    );
}

/// qemu-img takes such text files for raw disks and copies them, unless told the format.
#[test]
fn descriptors_that_qemu_takes_for_raw_disks() {
    let place = Place::new();
    let written = disk(&place, Kind::MonolithicFlat, &mixed(1));
    let mut bom = written.descriptor.clone();
    bom.bom = true;
    let mut blank = written.descriptor.clone();
    blank.leading_blank_lines = 1;
    for text in [bom, blank, written.descriptor.clone().first("encoding")] {
        place.write("disk.vmdk", text.render());
        place.check_reads("disk.vmdk", &[], &written.content);
    }
}

/// qemu-img looks for the hint in the first 20 sectors, and takes a delta whose hint comes later for a base.
#[test]
fn a_hint_late_in_the_text_is_found() {
    let place = Place::new();
    let chain = Chain::new(Kind::Vmfs, Content::full(1, MIB))
        .delta(COWD, Content::mixed(2, MIB))
        .write(&place.dir(), "web");
    let mut text = chain.disks[1].descriptor.clone();
    text.hint_from = 11_000;
    place.write("web-000001.vmdk", text.render());
    place.check_reads("web-000001.vmdk", &[], &chain.content);
}

#[test]
fn extents_of_esxi() {
    let cowd = |order, role| {
        Store::Cowd(Cowd {
            order,
            role,
            ..Cowd::new(mixed(1))
        })
    };
    let root = CowdRole::Root {
        cylinders: 1,
        heads: 255,
        sectors: 63,
    };
    let child = CowdRole::Child {
        parent_name: b"gone.vmdk".to_vec(),
        parent_generation: 2,
    };
    check_parts("vmfsSparse", &[Part::new(cowd(Order::Shuffled(1), root))]);
    check_parts("vmfsSparse", &[Part::new(cowd(Order::Descending, child))]);
    for zero_grains in [SeZero::Store, SeZero::Unmapped, SeZero::Zero, SeZero::Mixed] {
        let se = SeSparse {
            zero_grains,
            order: Order::Shuffled(2),
            gd_sectors: Some(2048),
            first_index: 4090,
            reverse_tables: true,
            ..SeSparse::new(mixed(3))
        };
        check_parts("seSparse", &[Part::new(Store::SeSparse(se))]);
    }
    // A disk made of everything at once.
    let part = |seed| Content::mixed(seed, 256 * KIB);
    check_parts(
        "custom",
        &[
            Part::new(Store::Vmfs(part(1))),
            Part::new(Store::Cowd(Cowd::new(part(2)))),
            Part::new(Store::Zero(7)),
            Part::new(Store::SeSparse(SeSparse::new(part(3)))),
            Part::new(Store::Sparse(Sparse::piece(part(4)))).access("RDONLY"),
        ],
    );
}

#[test]
fn chains_of_mixed_kinds() {
    let size = MIB + 512;
    let split = Kind::TwoGbMaxExtentSparse {
        split_sectors: 700,
        grain_sectors: 8,
    };
    let bases = [
        Kind::Vmfs,
        Kind::MonolithicFlat,
        Kind::StreamOptimized(Flavor::Export),
        split,
        Kind::SeSparse,
    ];
    let deltas = [
        [COWD, Kind::SeSparse, SPARSE],
        [Kind::SeSparse, COWD, COWD],
        [split, SPARSE, split],
        [SPARSE, Kind::SeSparse, COWD],
        [COWD, split, Kind::SeSparse],
    ];
    for (base, deltas) in bases.into_iter().zip(deltas) {
        let place = Place::new();
        let mut chain = Chain::new(base, Content::full(1, size));
        for (delta, seed) in deltas.into_iter().zip(2..) {
            chain = chain.delta(delta, Content::mixed(seed, size));
        }
        let written = chain.write(&place.dir(), "web");
        place.check_reads("web-000003.vmdk", &[], &written.content);
        place.check_reads("web-000003.vmdk", &["-S", "0"], &written.content);
    }
}

/// A delta may be larger than its parent: what is behind the parent's end is zero. qemu-img gets this right too.
#[test]
fn a_disk_that_grew_after_the_snapshot() {
    let place = Place::new();
    let chain = Chain::new(Kind::Vmfs, Content::full(1, MIB - 512))
        .delta(Kind::SeSparse, Content::scattered(2, 3 * MIB, 4096, 9))
        .write(&place.dir(), "web");
    place.check_reads("web-000001.vmdk", &[], &chain.content);
}

#[test]
fn streams_of_every_writer() {
    for flavor in FLAVORS {
        for (order, short_last, level, zero_grains) in [
            (Order::Ascending, false, 6, ZeroGrains::Skip),
            (Order::Shuffled(3), true, 9, ZeroGrains::Entry),
            (Order::Descending, false, 0, ZeroGrains::Store),
        ] {
            let place = Place::new();
            let image = Stream {
                order,
                short_last,
                level,
                zero_grains,
                ..Stream::new(mixed(4), flavor)
            };
            stream(&place, &image);
            place.check_reads("stream.vmdk", &[], &image.content);
        }
    }
}

#[test]
fn streams_with_odd_ends_and_old_headers() {
    let of = |flavor| Stream::new(mixed(5), flavor);
    for image in [
        // Padded to a whole number of something by an upload; qemu-img wants the footer in the last 1536 bytes.
        Stream {
            tail: vec![0; 3 * 512],
            ..of(Flavor::Export)
        },
        Stream {
            end_marker: false,
            ..of(Flavor::Vddk)
        },
        Stream {
            version: 1,
            ..of(Flavor::Export)
        },
        Stream {
            version: 2,
            grain_sectors: 16,
            gtes_per_gt: 128,
            ..of(Flavor::FooterAndHead)
        },
        Stream {
            markers: MarkerForm::SizeOnly,
            ..of(Flavor::Vddk)
        },
    ] {
        let place = Place::new();
        stream(&place, &image);
        place.check_reads("stream.vmdk", &[], &image.expected());
    }
}

#[test]
fn sparse_files_of_every_age() {
    for zero_grains in [ZeroGrains::Store, ZeroGrains::Entry, ZeroGrains::Skip] {
        let place = Place::new();
        let image = Sparse {
            version: 2,
            grain_sectors: 8,
            redundant: false,
            absent_tables: true,
            unaligned: true,
            order: Order::Descending,
            zero_grains,
            tables: v2v_testkit::vmdk::Place::Tail,
            unclean: 1,
            ..Sparse::new(mixed(6))
        };
        image.write_file(&place.path("disk.vmdk"));
        place.check_reads("disk.vmdk", &[], &image.content);
    }
}
