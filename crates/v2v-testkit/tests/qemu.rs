//! The generators against QEMU: what we say the guest reads is what QEMU reads.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use v2v_testkit::disk::{Content, Pattern, Run};
use v2v_testkit::vmdk::{
    Chain, Cowd, Flavor, Generate, GrainFault, Kind, Lineage, MarkerForm, Order, Part, Place,
    SeSparse, SeZero, Sparse, Store, Stream, Written, ZeroGrains, descriptor_only, huge_scattered,
    write_parts,
};
use v2v_testkit::{SECTOR, qemu, temp};

const MIB: u64 = 1 << 20;
/// Sectors, a multiple of no grain and of no table's reach.
const ODD: u64 = 3 * MIB / SECTOR + 77;
const FLAVORS: [Flavor; 4] = [
    Flavor::Vddk,
    Flavor::FooterAndHead,
    Flavor::Qemu,
    Flavor::Export,
];

fn guest(seed: u64) -> Content {
    Content::mixed(seed, ODD * SECTOR)
}

/// Writes the image as a file of its own and lets QEMU read it.
fn check_image(name: &str, image: &dyn Generate) {
    let dir = temp::dir();
    let path = dir.path().join(format!("{name}.vmdk"));
    let layout = image.write_file(&path);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(
        image.build(),
        (bytes, layout),
        "{name}: in memory as in the file"
    );
    if qemu::wanted() {
        qemu::assert_reads(&path, "vmdk", &image.expected().to_vec());
    }
}

fn check_written(disk: &Written) {
    if qemu::wanted() {
        qemu::assert_reads(&disk.path, "vmdk", &disk.content.to_vec());
    }
}

fn check_part(create_type: &str, part: Part) {
    let dir = temp::dir();
    check_written(&write_parts(
        dir.path(),
        "disk",
        create_type,
        &[part],
        &Lineage::default(),
    ));
}

#[test]
fn monolithic_sparse() {
    let fresh = Sparse::new(guest(1));
    check_image("fresh", &fresh);
    check_image(
        "lean",
        &Sparse {
            absent_tables: true,
            redundant: false,
            ..fresh.clone()
        },
    );
    check_image(
        "tail",
        &Sparse {
            tables: Place::Tail,
            absent_tables: true,
            ..fresh.clone()
        },
    );
    check_image(
        "shuffled",
        &Sparse {
            order: Order::Shuffled(3),
            ..fresh.clone()
        },
    );
    check_image(
        "descending",
        &Sparse {
            order: Order::Descending,
            unaligned: true,
            ..fresh.clone()
        },
    );
    check_image(
        "zeroed",
        &Sparse {
            zero_grains: ZeroGrains::Entry,
            version: 2,
            grain_sectors: 2,
            ..fresh.clone()
        },
    );
    check_image(
        "skipped",
        &Sparse {
            zero_grains: ZeroGrains::Skip,
            grain_sectors: 2,
            ..fresh.clone()
        },
    );
    check_image(
        "small grains",
        &Sparse {
            grain_sectors: 1,
            gtes_per_gt: 128,
            absent_tables: true,
            ..fresh.clone()
        },
    );
    check_image(
        "large grains",
        &Sparse {
            grain_sectors: 2048,
            ..fresh.clone()
        },
    );
    check_image(
        "odd header",
        &Sparse {
            unclean: 1,
            newline: *b"\n \n\n",
            version: 3,
            ..fresh
        },
    );
    check_image("empty", &Sparse::new(Content::empty(5 * MIB)));
}

#[test]
fn several_tables_some_absent() {
    // With grains of 4 KiB a table reaches 2 MiB.
    let content = Content::scattered(4, 20 * MIB + SECTOR, 4096, 5).with(Run::new(
        9 * MIB,
        MIB,
        Pattern::Text(9),
    ));
    let dense = Sparse {
        grain_sectors: 8,
        ..Sparse::new(content)
    };
    let (_, layout) = dense.build();
    assert_eq!(
        (layout.tables.len(), layout.redundant_tables.len()),
        (11, 11)
    );
    check_image("dense", &dense);
    let absent = Sparse {
        absent_tables: true,
        ..dense.clone()
    };
    assert!(absent.build().1.tables.len() < 11);
    check_image("absent", &absent);
    for flavor in FLAVORS {
        check_image(
            "stream",
            &Stream {
                grain_sectors: 8,
                ..Stream::new(dense.content.clone(), flavor)
            },
        );
    }
}

#[test]
fn embedded_descriptor_elsewhere() {
    // QEMU finds an embedded text in sector 1 alone; as an extent the file needs none.
    let late = Sparse {
        descriptor_at: 5,
        descriptor_sectors: 1,
        ..Sparse::new(guest(2))
    };
    let bytes = late.to_bytes();
    assert_eq!(
        (&bytes[28..44], &bytes[5 * 512..][..6]),
        (
            &[5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0][..],
            &b"# Disk"[..]
        )
    );
    check_part("twoGbMaxExtentSparse", Part::new(Store::Sparse(late)));
}

#[test]
fn a_header_that_only_carries_a_descriptor() {
    let dir = temp::dir();
    let disk = Kind::Vmfs.write(dir.path(), "disk", &guest(3), &Lineage::default());
    std::fs::write(&disk.path, descriptor_only(&disk.descriptor.render())).unwrap();
    check_written(&disk);
}

#[test]
fn stream_optimized() {
    for flavor in FLAVORS {
        let fresh = Stream::new(guest(5), flavor);
        check_image("fresh", &fresh);
        check_image(
            "version 1",
            &Stream {
                version: 1,
                level: 9,
                ..fresh.clone()
            },
        );
        check_image(
            "stored",
            &Stream {
                level: 0,
                order: Order::Shuffled(8),
                ..fresh.clone()
            },
        );
        check_image(
            "zeroed",
            &Stream {
                zero_grains: ZeroGrains::Entry,
                grain_sectors: 2,
                ..fresh.clone()
            },
        );
        check_image(
            "zeros",
            &Stream {
                zero_grains: ZeroGrains::Store,
                gtes_per_gt: 16,
                ..fresh.clone()
            },
        );
        check_image("empty", &Stream::new(Content::empty(MIB), flavor));
    }
}

#[test]
fn stored_grains_are_larger_than_a_grain() {
    let stream = Stream {
        level: 0,
        ..Stream::new(Content::full(6, MIB), Flavor::Export)
    };
    let (_, layout) = stream.build();
    assert!(layout.grains.iter().all(|grain| grain.len > 65536));
    check_image("stored", &stream);
}

#[test]
fn odd_grains_qemu_reads() {
    let fresh = Stream::new(Content::full(31, ODD * SECTOR), Flavor::Vddk);
    check_image(
        "short last",
        &Stream {
            short_last: true,
            ..fresh.clone()
        },
    );
    // Without a marker QEMU takes one grain's size for the size of the compressed data, so it must shrink.
    let text = Content::empty(MIB).with(Run::new(0, MIB, Pattern::Text(4)));
    check_image(
        "no markers",
        &Stream {
            markers: MarkerForm::None,
            ..Stream::new(text, Flavor::Vddk)
        },
    );
    for fault in [GrainFault::MarkerLba(128), GrainFault::Duplicate] {
        check_image(
            "ignored",
            &Stream {
                faults: vec![(3, fault)],
                ..fresh.clone()
            },
        );
    }
}

#[test]
fn faults_qemu_refuses() {
    let fresh = Stream::new(Content::full(32, MIB), Flavor::Export);
    let refused = [
        GrainFault::BadZlib,
        GrainFault::BadChecksum,
        GrainFault::RawDeflate,
        GrainFault::TooShort,
        GrainFault::TooLong,
        GrainFault::MarkerSize(40),
    ];
    for fault in refused {
        refuse(
            &format!("{fault:?}"),
            &Stream {
                faults: vec![(3, fault)],
                ..fresh.clone()
            },
        );
    }
    refuse(
        "tail",
        &Stream {
            tail: vec![0],
            ..fresh.clone()
        },
    );
    refuse(
        "no end marker",
        &Stream {
            end_marker: false,
            ..fresh
        },
    );
}

/// Asserts that QEMU cannot convert the image.
fn refuse(name: &str, image: &dyn Generate) {
    if qemu::wanted() {
        let dir = temp::dir();
        let [path, raw] = ["bad.vmdk", "bad.raw"].map(|name| dir.path().join(name));
        image.write_file(&path);
        let args = [
            "convert",
            "-f",
            "vmdk",
            "-O",
            "raw",
            path.to_str().unwrap(),
            raw.to_str().unwrap(),
        ];
        assert!(
            !qemu::qemu_img(args).status.success(),
            "{name}: qemu reads it"
        );
    }
}

#[test]
fn a_dirty_journal_is_refused() {
    let dir = temp::dir();
    let part = Part::new(Store::SeSparse(SeSparse {
        replay_journal: 1,
        ..SeSparse::new(guest(15))
    }));
    let disk = write_parts(dir.path(), "disk", "seSparse", &[part], &Lineage::default());
    if qemu::wanted() {
        let output = qemu::qemu_img(["info", "-f", "vmdk", disk.path.to_str().unwrap()]);
        assert!(!output.status.success());
    }
}

#[test]
fn flat() {
    let dir = temp::dir();
    for kind in [
        Kind::MonolithicFlat,
        Kind::Vmfs,
        Kind::TwoGbMaxExtentFlat {
            split_sectors: 4000,
            offset: 0,
        },
    ] {
        check_written(&kind.write(
            dir.path(),
            kind.create_type(),
            &guest(7),
            &Lineage::default(),
        ));
    }
    check_written(
        &Kind::TwoGbMaxExtentFlat {
            split_sectors: 4096,
            offset: 63,
        }
        .write(dir.path(), "offset", &guest(8), &Lineage::default()),
    );
}

#[test]
fn flat_extents_in_one_file() {
    let [a, b] = [guest(10), guest(11)];
    let at = |content, offset| Part::new(Store::Flat { content, offset }).file("both.bin");
    let dir = temp::dir();
    let parts = [at(a.clone(), 9), at(b, 9 + a.sectors() + 3)];
    let disk = write_parts(
        dir.path(),
        "disk",
        "twoGbMaxExtentFlat",
        &parts,
        &Lineage::default(),
    );
    assert_eq!(disk.files.len(), 2);
    check_written(&disk);
}

#[test]
fn split_sparse() {
    let dir = temp::dir();
    for (split_sectors, grain_sectors) in [(4096, 128), (5008, 16), (1 << 30, 128)] {
        let kind = Kind::TwoGbMaxExtentSparse {
            split_sectors,
            grain_sectors,
        };
        let disk = kind.write(dir.path(), "disk", &guest(9), &Lineage::default());
        assert!(disk.files[1].ends_with("disk-s001.vmdk"));
        check_written(&disk);
    }
}

#[test]
fn split_inside_a_grain() {
    // QEMU reads past the end of such an extent when a request crosses it, so it is asked on either side of the border.
    let border = 5000 * SECTOR;
    let content = Content::from_runs(
        2 * border,
        [
            Run::new(0, border, Pattern::Fill(0x11)),
            Run::new(border, border, Pattern::Fill(0x22)),
        ],
    );
    let kind = Kind::TwoGbMaxExtentSparse {
        split_sectors: 5000,
        grain_sectors: 16,
    };
    let dir = temp::dir();
    let disk = kind.write(dir.path(), "disk", &content, &Lineage::default());
    assert_eq!(disk.content.to_vec(), content.to_vec());
    if qemu::wanted() {
        assert!(qemu::reads_as(&disk.path, "vmdk", 0, border, 0x11));
        assert!(qemu::reads_as(&disk.path, "vmdk", border, border, 0x22));
    }
}

#[test]
fn vmfs_sparse() {
    let part = |cowd| Part::new(Store::Cowd(cowd));
    check_part("vmfsSparse", part(Cowd::new(guest(12))));
    check_part(
        "vmfsSparse",
        part(Cowd {
            grain_sectors: 8,
            order: Order::Shuffled(1),
            ..Cowd::new(guest(13))
        }),
    );
    check_part("vmfsSparse", part(Cowd::new(Content::empty(MIB))));
}

#[test]
fn se_sparse() {
    let part = |se| Part::new(Store::SeSparse(se));
    let fresh = SeSparse::new(Content::mixed(14, 17 * MIB + SECTOR));
    check_part("seSparse", part(fresh.clone()));
    for zero_grains in [SeZero::Unmapped, SeZero::Zero, SeZero::Mixed] {
        check_part(
            "seSparse",
            part(SeSparse {
                zero_grains,
                order: Order::Shuffled(2),
                ..fresh.clone()
            }),
        );
    }
    check_part(
        "seSparse",
        part(SeSparse {
            first_index: 4090,
            reverse_tables: true,
            ..fresh.clone()
        }),
    );
    check_part(
        "seSparse",
        part(SeSparse {
            gd_sectors: Some(2048),
            ..fresh
        }),
    );
}

#[test]
fn mixed_extents() {
    // QEMU opens no custom disk, but this type lets it route by extent.
    let part = |seed| Content::mixed(seed, 4 * MIB);
    let parts = [
        Part::new(Store::Flat {
            content: part(20),
            offset: 5,
        }),
        Part::new(Store::Sparse(Sparse::piece(part(21)))),
        Part::new(Store::Vmfs(part(22))),
        Part::new(Store::Cowd(Cowd::new(part(23)))),
        Part::new(Store::SeSparse(SeSparse::new(part(24)))),
    ];
    let dir = temp::dir();
    check_written(&write_parts(
        dir.path(),
        "disk",
        "vmfs",
        &parts,
        &Lineage::default(),
    ));
}

#[test]
fn extents_qemu_drops_count() {
    let parts = [
        Part::new(Store::Zero(100)),
        Part::new(Store::Vmfs(guest(25))).access("RDONLY"),
        Part::new(Store::Vmfs(Content::full(26, MIB))).access("NOACCESS"),
    ];
    let dir = temp::dir();
    let disk = write_parts(dir.path(), "disk", "custom", &parts, &Lineage::default());
    assert_eq!(disk.content.sectors(), 100 + ODD + MIB / SECTOR);
    assert_eq!(
        disk.content.read(100 * SECTOR, 9999),
        guest(25).read(0, 9999)
    );
    assert_eq!(
        disk.content.read((100 + ODD) * SECTOR, MIB as usize),
        vec![0; MIB as usize]
    );
    let lines: Vec<_> = disk
        .descriptor
        .extents
        .iter()
        .map(|line| (line.access.as_str(), line.kind.as_str()))
        .collect();
    assert_eq!(
        lines,
        [("RW", "ZERO"), ("RDONLY", "VMFS"), ("NOACCESS", "VMFS")]
    );
}

#[test]
fn chains() {
    let [sparse, fine] = [128, 8].map(|grain_sectors| Kind::MonolithicSparse { grain_sectors });
    let split = Kind::TwoGbMaxExtentSparse {
        split_sectors: 4128,
        grain_sectors: 128,
    };
    let bases = [
        sparse,
        split,
        Kind::StreamOptimized(Flavor::Export),
        Kind::MonolithicFlat,
        Kind::Vmfs,
    ];
    for (base, seed) in bases.into_iter().zip((100..).step_by(10)) {
        let small = Content::scattered(seed + 1, ODD * SECTOR, 3 * SECTOR, 20).with(Run::new(
            0,
            9000,
            Pattern::Zero,
        ));
        let chain = Chain::new(base, guest(seed))
            .delta(Kind::VmfsSparse { grain_sectors: 1 }, small.clone())
            .delta(fine, Content::scattered(seed + 2, ODD * SECTOR, SECTOR, 20))
            .delta(
                Kind::SeSparse,
                Content::scattered(seed + 3, ODD * SECTOR + MIB, 700, 15),
            )
            .delta(
                split,
                Content::scattered(seed + 4, ODD * SECTOR + MIB, SECTOR, 9),
            );
        let dir = temp::dir();
        let written = chain.write(dir.path(), "disk");
        assert!(written.top.ends_with("disk-000004.vmdk"));
        if qemu::wanted() {
            qemu::assert_reads(&written.top, "vmdk", &written.content.to_vec());
        }
    }
}

#[test]
fn zero_entries_hide_the_parent() {
    let dir = temp::dir();
    let lineage = Lineage::delta(7, 1, "base.vmdk");
    Kind::Vmfs.write(
        dir.path(),
        "base",
        &Content::full(1, 2 * MIB),
        &Lineage::base(1),
    );
    let zeros = Content::empty(2 * MIB).with(Run::new(MIB / 2, MIB, Pattern::Zero));
    let expected = zeros.over(&Content::full(1, 2 * MIB)).to_vec();

    let text = Some(Sparse::embedded(&zeros, &lineage, "child.vmdk").render());
    let entry = ZeroGrains::Entry;
    let child = dir.path().join("child.vmdk");
    Sparse {
        zero_grains: entry,
        version: 2,
        descriptor: text,
        ..Sparse::new(zeros.clone())
    }
    .write_file(&child);
    check_reads(&child, &expected);

    for zero_grains in [SeZero::Unmapped, SeZero::Zero, SeZero::Mixed] {
        let part = Part::new(Store::SeSparse(SeSparse {
            zero_grains,
            ..SeSparse::new(zeros.clone())
        }));
        check_reads(
            &write_parts(dir.path(), "se", "seSparse", &[part], &lineage).path,
            &expected,
        );
    }
}

fn check_reads(path: &Path, expected: &[u8]) {
    if qemu::wanted() {
        qemu::assert_reads(path, "vmdk", expected);
    }
}

#[test]
fn huge_disk_takes_little_space() {
    let dir = temp::dir();
    let path = dir.path().join("huge.vmdk");
    let (content, layout) = huge_scattered(&path, 16 << 40, 50, 3);
    let blocks = std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(&path).unwrap());
    assert!(blocks * SECTOR < 6 * MIB, "{blocks} blocks");
    assert_eq!(layout.grains.len(), 50);
    if !qemu::wanted() {
        return;
    }
    let commands = content
        .runs()
        .iter()
        .take(5)
        .map(|run| format!("read -v {} 512", run.offset))
        .collect::<Vec<_>>();
    let dump = qemu::qemu_io(
        &path,
        "vmdk",
        &commands.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    for run in content.runs().iter().take(5) {
        let hex: Vec<_> = content
            .read(run.offset, 16)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(
            dump.contains(&format!("{:08x}:  {}", run.offset, hex.join(" "))),
            "{dump}"
        );
    }
    assert!(qemu::reads_as(&path, "vmdk", (16 << 40) - 512, 512, 0));
}

#[test]
fn the_oracle_works_itself() {
    if !qemu::wanted() {
        return;
    }
    let dir = temp::dir();
    let [raw, qcow2, vmdk] = ["a.raw", "a.qcow2", "a.vmdk"].map(|name| dir.path().join(name));
    let content = guest(30);
    content.write_raw(&raw);
    qemu::convert(&raw, "raw", &qcow2, "qcow2", &["-c"]);
    qemu::convert(
        &raw,
        "raw",
        &vmdk,
        "vmdk",
        &["-o", "subformat=streamOptimized"],
    );
    qemu::check(&qcow2, "qcow2");
    qemu::compare(&raw, "raw", &qcow2, "qcow2");
    qemu::compare(&raw, "raw", &vmdk, "vmdk");
    assert!(qemu::info_json(&qcow2, "qcow2").contains("\"virtual-size\""));
    assert!(qemu::map_json(&vmdk, "vmdk").contains("\"start\": 0"));
    qemu::create(&qcow2, "qcow2", MIB, &["-o", "cluster_size=4096"]);
    assert!(
        qemu::reads_as(&qcow2, "qcow2", 0, MIB, 0) && !qemu::reads_as(&qcow2, "qcow2", 0, 512, 1)
    );
}
