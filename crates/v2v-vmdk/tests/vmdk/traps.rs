//! What QEMU or others are known to get wrong, each with the right answer.

use std::path::Path;

use v2v_disk::{Class, DiskImage};
use v2v_testkit::disk::Content;
use v2v_testkit::fault::patch;
use v2v_testkit::temp;
use v2v_testkit::vmdk::{
    Cowd, Descriptor, ExtentLine, Flavor, Generate, GrainFault, Kind as DiskKind, Lineage, Order,
    Part, SeSparse, Sparse, Store, Stream, write_parts, write_text,
};
use v2v_vmdk::Options;

use crate::{
    assert_reads, error_text, open_bytes, open_file, open_with, read_all, source, warning_ids,
};

fn mixed() -> Content {
    Content::mixed(11, 1 << 20)
}

/// The text of the error that reading all of `disk` gives.
fn read_error(disk: &dyn DiskImage) -> String {
    let mut buf = vec![0; disk.virtual_size() as usize];
    disk.read_at(0, &mut buf).expect_err("an error").to_string()
}

/// Bytes of a disk with 4 KiB grains, and the offset of the table entry of its first stored grain.
fn sparse_with_entry() -> (Vec<u8>, usize, u64) {
    let (bytes, layout) = Sparse {
        grain_sectors: 8,
        ..Sparse::new(mixed())
    }
    .build();
    let grain = layout.grains[0].grain;
    let table = layout.tables[(grain / 512) as usize].1;
    (bytes, (table + grain % 512 * 4) as usize, grain)
}

#[test]
fn an_entry_past_the_end_is_an_error_and_not_zeros() {
    let (bytes, at, grain) = sparse_with_entry();
    let disk = open_bytes(&patch(at, 0x00FF_FFFFu32).on(&bytes)).unwrap();
    let expected = format!(
        "disk.vmdk: grain table entry at offset {at:#x} is 0xffffff: the grain at 0x1fffffe00 reaches past the end of \
         the file at {:#x}; the file is cut off, copy it again",
        bytes.len()
    );
    assert_eq!(read_error(&disk), expected);
    let offset = grain * 4096;
    assert_eq!(disk.map(offset, 1).unwrap_err().to_string(), expected);
    if offset > 0 {
        assert_eq!(
            disk.map(0, u64::MAX).unwrap().len,
            offset,
            "what is before it is mapped"
        );
    }
}

#[test]
fn an_entry_of_1_without_the_flag_is_an_error_and_not_the_descriptor() {
    let (bytes, at, grain) = sparse_with_entry();
    let bytes = patch(at, 1u32).on(&bytes);
    let expected = format!(
        "disk.vmdk: grain table entry at offset {at:#x} is 1 (zeroed grain), but bit 2 of the flags in the header says \
         there are none"
    );
    assert_eq!(read_error(&open_bytes(&bytes).unwrap()), expected);
    let disk = open_bytes(&patch(8, 7u32).on(&bytes)).unwrap();
    let mut buf = vec![1; 4096];
    disk.read_at(grain * 4096, &mut buf).unwrap();
    assert!(
        v2v_disk::is_zero(&buf),
        "with the flag it is zeros, whatever the version"
    );
}

#[test]
fn an_entry_into_header_or_descriptor_is_an_error() {
    let (bytes, at, _) = sparse_with_entry();
    // The descriptor takes sectors 1 to 20; the grain before its end overlaps it.
    for sector in [2u32, 20] {
        let disk = open_bytes(&patch(at, sector).on(&bytes)).unwrap();
        assert_eq!(
            read_error(&disk),
            format!(
                "disk.vmdk: grain table entry at offset {at:#x} is {sector}, expected 0 or a sector behind the header"
            )
        );
    }
}

#[test]
fn tables_that_two_entries_name_are_told() {
    let sparse = Sparse {
        grain_sectors: 8,
        gtes_per_gt: 64,
        ..Sparse::new(mixed())
    };
    let (bytes, layout) = sparse.build();
    let gd = layout.gd as usize;
    let first = u32::from_le_bytes(bytes[gd..gd + 4].try_into().unwrap());
    let disk = open_bytes(&patch(gd + 8, first).on(&bytes)).unwrap();
    assert_eq!(warning_ids(&disk), ["vmdk-shared-tables"]);
    assert!(disk.warnings()[0].text.starts_with("1 entries"));
    let half = 64 * 4096;
    let found = read_all(&disk);
    assert!(found[..half] == found[2 * half..3 * half]);
}

#[test]
fn the_redundant_directory_helps_when_the_first_is_broken() {
    let (bytes, layout) = Sparse {
        grain_sectors: 8,
        ..Sparse::new(mixed())
    }
    .build();
    let gd = layout.gd as usize;
    for broken in [
        patch(gd, u32::MAX).on(&bytes),
        patch(gd, 1u32).on(&bytes),
        patch(56, 1u64 << 40).on(&bytes),
        patch(56, 0u64).on(&bytes),
    ] {
        let disk = open_bytes(&broken).unwrap();
        assert_reads(&disk, &mixed());
        assert_eq!(warning_ids(&disk), ["vmdk-redundant-directory"]);
    }
    let text = &open_bytes(&patch(gd, u32::MAX).on(&bytes))
        .unwrap()
        .warnings()[0]
        .text;
    assert_eq!(
        *text,
        format!(
            "the grain directory is broken, its redundant copy is used: grain directory entry at offset {gd:#x} is \
             0xffffffff, expected the sector of a grain table inside the file"
        )
    );
    // What is lost mostly reads as zeros, which alone would pass for a disk that was never written.
    let count = layout.tables.len();
    let lost = patch(gd, vec![0; count * 4].as_slice()).on(&bytes);
    let disk = open_bytes(&lost).unwrap();
    assert_reads(&disk, &mixed());
    assert_eq!(
        disk.warnings()[0].text,
        format!(
            "{count} entries of the grain directory are 0 although its redundant copy has tables there; those are used"
        )
    );
    // A copy that is broken itself is no help against that.
    let rgd = layout.rgd.unwrap() as usize;
    assert!(
        open_bytes(&patch(rgd, u32::MAX).on(&lost))
            .unwrap()
            .warnings()
            .is_empty()
    );
    // Without the flag, or with both broken, the first one's fault is told.
    let broken = patch(gd, u32::MAX).on(&bytes);
    for broken in [patch(8, 1u32).on(&broken), patch(rgd, 1u32).on(&broken)] {
        let text = open_bytes(&broken).unwrap_err().to_string();
        assert!(
            text.starts_with(&format!(
                "disk.vmdk: grain directory entry at offset {gd:#x}"
            )),
            "{text}"
        );
    }
}

#[test]
fn a_grain_of_another_place_is_an_error() {
    let good = Stream::new(mixed(), Flavor::Vddk);
    let grain = good.build().1.grains[1];
    let stream = Stream {
        faults: vec![(grain.grain, GrainFault::MarkerLba(0))],
        ..good.clone()
    };
    assert_eq!(
        read_error(&open_bytes(&stream.to_bytes()).unwrap()),
        format!(
            "disk.vmdk: grain marker at offset {:#x} is for sector 0 of the disk, the grain table says sector {}",
            grain.offset,
            grain.grain * 128
        )
    );
    for (fault, expected) in [
        (GrainFault::TooShort, "holds 65024 bytes, expected 65536"),
        (
            GrainFault::TooLong,
            "zlib stream holds more than the 65536 bytes of its block",
        ),
        (GrainFault::BadChecksum, "zlib stream is corrupt"),
        (GrainFault::RawDeflate, "zlib stream is corrupt"),
        (
            GrainFault::MarkerSize(0x0100_0000),
            "is 16777216, expected 1 to 73792",
        ),
    ] {
        let stream = Stream {
            faults: vec![(grain.grain, fault)],
            ..good.clone()
        };
        let text = read_error(&open_bytes(&stream.to_bytes()).unwrap());
        assert!(text.contains(expected), "{fault:?}: {text}");
    }
    // Two entries for one grain: whatever was read before, the second never gives the first one's bytes.
    let (bytes, layout) = good.build();
    let entry = layout.entry(grain.grain, 512, 4).unwrap() as usize;
    let other = layout.grains[0];
    let disk = open_bytes(&patch(entry, (other.offset / 512) as u32).on(&bytes)).unwrap();
    let mut part = [0; 100];
    disk.read_at(other.grain * 65536 + 7, &mut part).unwrap();
    assert_eq!(part[..], mixed().read(other.grain * 65536 + 7, 100));
    for offset in [7, 7, 0] {
        let text = disk
            .read_at(grain.grain * 65536 + offset, &mut part)
            .unwrap_err()
            .to_string();
        assert!(text.contains("is for sector"), "{text}");
    }
    // The table says which of two counts.
    let twice = Stream {
        faults: vec![(grain.grain, GrainFault::Duplicate)],
        ..good
    };
    assert_reads(&open_bytes(&twice.to_bytes()).unwrap(), &mixed());
}

#[test]
fn bytes_behind_the_footer_do_not_hide_it() {
    for tail in [
        vec![0; 1],
        vec![0; 512],
        vec![7; 100_001],
        vec![0; (1 << 20) - 1024],
    ] {
        let stream = Stream {
            tail,
            ..Stream::new(mixed(), Flavor::Export)
        };
        let disk = open_bytes(&stream.to_bytes()).unwrap();
        assert_reads(&disk, &mixed());
        assert_eq!(warning_ids(&disk), ["vmdk-trailing-bytes"]);
    }
}

#[test]
fn a_lost_footer_is_made_up_for_by_the_markers() {
    for order in [Order::Ascending, Order::Shuffled(4)] {
        let stream = Stream {
            order,
            grain_sectors: 8,
            gtes_per_gt: 20,
            ..Stream::new(mixed(), Flavor::Export)
        };
        let (bytes, layout) = stream.build();
        let footer = layout.footer_marker.unwrap() as usize + 512;
        let disk = open_bytes(&patch(footer, b"XXXX").on(&bytes)).unwrap();
        assert_reads(&disk, &mixed());
        assert_eq!(warning_ids(&disk), ["vmdk-tables-rebuilt"]);

        let cut = layout.grains.last().unwrap().offset as usize;
        let mut zeroed = bytes.clone();
        zeroed[cut..].fill(0);
        for broken in [bytes[..cut].to_vec(), zeroed] {
            let err = open_bytes(&broken).unwrap_err();
            assert!(
                err.to_string()
                    .contains("without footer and grain directory; it is cut off"),
                "{err}"
            );
            assert_eq!(err.class(), Class::Corrupt);
        }
    }
}

#[test]
fn tables_are_not_made_from_markers_that_contradict_each_other() {
    let good = Stream {
        grain_sectors: 8,
        ..Stream::new(mixed(), Flavor::Export)
    };
    let grains = good.build().1.grains;
    for (fault, expected) in [
        (GrainFault::Duplicate, "are for the same sector of the disk"),
        (
            GrainFault::MarkerLba(grains[0].grain * 8),
            "are for the same sector of the disk",
        ),
        (
            GrainFault::MarkerLba(3),
            "is for sector 3, expected a multiple of 8 below 2048",
        ),
        (
            GrainFault::MarkerLba(2048),
            "is for sector 2048, expected a multiple of 8 below 2048",
        ),
        (
            GrainFault::MarkerSize(0x0100_0000),
            "is 16777216, expected 1 to 4672",
        ),
    ] {
        let stream = Stream {
            faults: vec![(grains[5].grain, fault)],
            ..good.clone()
        };
        let (bytes, layout) = stream.build();
        let footer = layout.footer_marker.unwrap() as usize + 512;
        let err = open_bytes(&patch(footer, b"XXXX").on(&bytes)).unwrap_err();
        assert_eq!(err.class(), Class::Corrupt);
        assert!(err.to_string().contains(expected), "{fault:?}: {err}");
    }
}

#[test]
fn an_unclean_disk_is_read_with_a_warning() {
    let disk = open_bytes(
        &Sparse {
            unclean: 1,
            ..Sparse::new(mixed())
        }
        .to_bytes(),
    )
    .unwrap();
    assert_eq!(warning_ids(&disk), ["vmdk-unclean-shutdown"]);
    assert_reads(&disk, &mixed());
}

#[test]
fn parts_of_a_disk_name_the_descriptor() {
    let dir = temp::dir();
    for (name, bytes, expected) in [
        (
            "web-s002.vmdk",
            Sparse::piece(mixed()).to_bytes(),
            "SPARSE extent, a part of a disk; open its descriptor (probably \"web.vmdk\")",
        ),
        (
            "web-000001-delta.vmdk",
            Cowd::new(mixed()).to_bytes(),
            "VMFSSPARSE extent, a part of a disk; open its descriptor (probably \"web-000001.vmdk\")",
        ),
        (
            "web-000001-sesparse.vmdk",
            SeSparse::new(mixed()).to_bytes(),
            "SESPARSE extent, a part of a disk; open its descriptor (probably \"web-000001.vmdk\")",
        ),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(
            error_text(open_file(&path), &path),
            format!("{name}: is a {expected} instead")
        );
        assert!(v2v_vmdk::is_vmdk(&v2v_disk::HostFile::open(&path).unwrap()).unwrap());
    }
    let text = open_bytes(&[0xA2, 0x72, 0x19, 0xF6, 1, 0, 0, 0])
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "disk.vmdk: is a change tracking file (-ctk.vmdk) and holds no disk data; open the descriptor of the disk instead"
    );
}

/// A descriptor over one flat file of `mixed()`, after `change`.
fn flat_with(dir: &Path, change: impl FnOnce(Descriptor) -> Descriptor) -> std::path::PathBuf {
    let written = DiskKind::Vmfs.write(dir, "disk", &mixed(), &Lineage::default());
    write_text(&written.path, &change(written.descriptor))
}

#[test]
fn odd_descriptors_open_as_what_they_are() {
    let dir = temp::dir();
    type Change = fn(Descriptor) -> Descriptor;
    let changes: [(&str, Change); 9] = [
        ("byte order mark", |d| Descriptor { bom: true, ..d }),
        ("leading blank lines", |d| Descriptor {
            leading_blank_lines: 2,
            newline: "\r\n",
            ..d
        }),
        ("encoding first", |d| d.first("encoding")),
        ("spaces around =", |d| Descriptor { equals: " = ", ..d }),
        ("blank lines before extents", |d| Descriptor {
            blank_lines_before_extents: 2,
            extent_comment: false,
            ..d
        }),
        ("other first line", |d| Descriptor {
            signature: b"#Disk Descriptor File".to_vec(),
            ..d
        }),
        ("padding", |d| Descriptor {
            tail: vec![0; 300],
            ..d
        }),
        ("change tracking", |d| d.change_tracking("disk-ctk.vmdk")),
        ("no last newline", |d| Descriptor {
            final_newline: false,
            ..d
        }),
    ];
    for (name, change) in changes {
        let path = flat_with(dir.path(), change);
        let disk = open_file(&path).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert!(read_all(&disk) == mixed().to_vec(), "{name}");
        assert!(
            v2v_vmdk::is_vmdk(&v2v_disk::HostFile::open(&path).unwrap()).unwrap(),
            "{name}"
        );
    }
    for kind in [
        "vmfsThin",
        "vmfsPreallocated",
        "vmfsThick",
        "vmfsEagerZeroedThick",
        "custom",
        "fullDevice",
        "partitionedDevice",
        "2GbMaxExtentFlat",
        "twoGbMaxExtentFlat",
        "VMFS",
        "madeUp",
    ] {
        let path = flat_with(dir.path(), |d| d.set("createType", &format!("\"{kind}\"")));
        assert!(
            read_all(&open_file(&path).unwrap()) == mixed().to_vec(),
            "{kind}"
        );
    }
}

/// QEMU opens neither of the first two with a text descriptor, and knows no other spelling of the rest.
#[test]
fn a_sparse_extent_opens_under_any_type_of_disk() {
    let dir = temp::dir();
    let stream = Stream::new(mixed(), Flavor::Export);
    std::fs::write(dir.path().join("part.vmdk"), stream.to_bytes()).unwrap();
    for kind in [
        "monolithicSparse",
        "streamOptimized",
        "2GbMaxExtentSparse",
        "twogbmaxextentsparse",
        "custom",
    ] {
        let text = Descriptor::new(kind, &Lineage::default())
            .extent(ExtentLine::sparse(mixed().sectors(), "part.vmdk"));
        let disk = open_file(&write_text(&dir.path().join("disk.vmdk"), &text)).unwrap();
        assert!(read_all(&disk) == mixed().to_vec(), "{kind}");
    }
    let se = Store::SeSparse(SeSparse::new(mixed()));
    let lineage = Lineage::default();
    let written = write_parts(dir.path(), "se", "vmfsSeSparse", &[Part::new(se)], &lineage);
    assert_reads(&open_file(&written.path).unwrap(), &mixed());
}

#[test]
fn a_file_in_the_declared_encoding_is_found_under_both_names() {
    use std::os::unix::ffi::OsStrExt;

    let dir = temp::dir();
    for (encoding, raw, decoded) in [
        ("GBK", &b"\xb4\xc5\xc5\xcc.img"[..], "磁盘.img"),
        ("windows-1252", b"caf\xe9.img", "café.img"),
        ("Big5", b"\xba\xcf\xba\xd0.img", "磁碟.img"),
        (
            "Shift_JIS",
            b"\x83f\x83B\x83X\x83N\x95\x5c.img",
            "ディスク表.img",
        ),
    ] {
        let text = [
            format!("version=1\nencoding=\"{encoding}\"\nCID=1\nparentCID=ffffffff\ncreateType=\"vmfs\"\n").as_bytes(),
            b"RW 2048 VMFS \"",
            raw,
            b"\"\n",
        ]
        .concat();
        let path = dir.path().join("disk.vmdk");
        std::fs::write(&path, text).unwrap();
        for name in [
            std::ffi::OsStr::new(decoded),
            std::ffi::OsStr::from_bytes(raw),
        ] {
            let flat = dir.path().join(name);
            mixed().write_raw(&flat);
            let disk = open_file(&path).unwrap_or_else(|err| panic!("{encoding}: {err}"));
            assert!(read_all(&disk) == mixed().to_vec(), "{encoding}");
            std::fs::remove_file(flat).unwrap();
        }
    }
}

#[test]
fn a_late_hint_is_found() {
    let dir = temp::dir();
    let lineage = Lineage::delta(1, 2, "base.vmdk");
    let written =
        DiskKind::VmfsSparse { grain_sectors: 1 }.write(dir.path(), "disk", &mixed(), &lineage);
    write_text(
        &written.path,
        &Descriptor {
            hint_from: 20_000,
            ..written.descriptor
        },
    );
    assert_eq!(
        open_file(&written.path)
            .unwrap()
            .parent_hint()
            .unwrap()
            .text,
        "base.vmdk"
    );
    let text = Sparse::embedded(&mixed(), &lineage, "x.vmdk");
    let text = Descriptor {
        hint_from: 20_000,
        ..text
    }
    .render();
    let sparse = Sparse {
        descriptor_sectors: text.len().div_ceil(512) as u64,
        descriptor: Some(text),
        ..Sparse::new(mixed())
    };
    let disk = open_bytes(&sparse.to_bytes()).unwrap();
    assert_eq!(disk.parent_hint().unwrap().text, "base.vmdk");
}

#[test]
fn names_outside_the_directory_are_refused() {
    let dir = temp::dir();
    let inner = dir.path().join("vm");
    std::fs::create_dir(&inner).unwrap();
    mixed().write_raw(&dir.path().join("secret.img"));
    for name in ["../secret.img", "/etc/hostname", "/dev/zero"] {
        let line = ExtentLine::flat(1, name, 0);
        let path = write_text(
            &inner.join("disk.vmdk"),
            &Descriptor::new("monolithicFlat", &Lineage::default()).extent(line),
        );
        let text = error_text(open_file(&path), &path);
        let expected = match name {
            "/dev/zero" => "disk.vmdk: line 10: data lies on a device, \"/dev/zero\"; copy the device to a file, and convert that as a raw disk".to_owned(),
            _ => format!("disk.vmdk: extent {name:?} lies outside DIR; allow its directory (--allow-path) if you trust this image"),
        };
        assert_eq!(text, expected);
    }
}

#[test]
fn a_short_flat_file_is_an_error_unless_allowed() {
    let dir = temp::dir();
    let path = flat_with(dir.path(), |d| d);
    let flat = dir.path().join("disk-flat.vmdk");
    let file = std::fs::File::options().write(true).open(&flat).unwrap();
    file.set_len((1 << 20) - 700).unwrap();
    assert_eq!(
        error_text(open_file(&path), &path),
        "disk.vmdk: line 10: extent has 1048576 bytes, but disk-flat.vmdk holds 1047876; the copy was cut off, copy it \
         again, or use --allow-short to read zeros there"
    );
    let disk = open_with(&path, &Options::default().with_allow_short(true)).unwrap();
    assert_eq!(warning_ids(&disk), ["vmdk-short-extent"]);
    let mut expected = mixed().to_vec();
    expected[(1 << 20) - 700..].fill(0);
    assert!(read_all(&disk) == expected);
    crate::walk(&disk, 70_000);
    file.set_len(2 << 20).unwrap();
    assert_eq!(
        open_file(&path).unwrap().virtual_size(),
        1 << 20,
        "a longer file is cut"
    );
}

#[test]
fn extents_may_share_a_file_but_no_bytes() {
    let dir = temp::dir();
    mixed().write_raw(&dir.path().join("all.img"));
    let open = |lines: [ExtentLine; 2]| {
        let mut text = Descriptor::new("custom", &Lineage::default());
        text.extents = lines.to_vec();
        let path = write_text(&dir.path().join("disk.vmdk"), &text);
        match open_file(&path) {
            Ok(disk) => format!("{} bytes", disk.virtual_size()),
            err => error_text(err, &path),
        }
    };
    let flat = |sectors, offset| ExtentLine::flat(sectors, "all.img", offset);
    assert_eq!(open([flat(10, 10), flat(10, 0)]), "10240 bytes");
    assert_eq!(
        open([flat(10, 5), flat(10, 0)]),
        "disk.vmdk: line 10: extent all.img shares bytes with the extent in line 11"
    );
    std::fs::hard_link(dir.path().join("all.img"), dir.path().join("same.img")).unwrap();
    assert_eq!(
        open([flat(10, 0), ExtentLine::flat(10, "same.img", 9)]),
        "disk.vmdk: line 11: extent same.img shares bytes with the extent in line 10"
    );
    assert_eq!(
        open([flat(10, 0), ExtentLine::flat(1, "disk.vmdk", 0)]),
        "disk.vmdk: line 11: extent disk.vmdk is the descriptor itself"
    );
    // A sparse file is one extent, and is not opened twice to find that out.
    let piece = Sparse::piece(mixed()).to_bytes();
    std::fs::write(dir.path().join("part.vmdk"), piece).unwrap();
    std::fs::hard_link(dir.path().join("part.vmdk"), dir.path().join("again.vmdk")).unwrap();
    let sparse = |name| ExtentLine::sparse(8, name);
    for (second, shared) in [("part.vmdk", "part.vmdk"), ("again.vmdk", "again.vmdk")] {
        assert_eq!(
            open([sparse("part.vmdk"), sparse(second)]),
            format!("disk.vmdk: line 11: extent {shared} shares bytes with the extent in line 10")
        );
    }
    assert_eq!(
        open([sparse("part.vmdk"), ExtentLine::flat(1, "part.vmdk", 2000)]),
        "disk.vmdk: line 11: extent part.vmdk shares bytes with the extent in line 10"
    );
}

/// The same rules where the gate gives no files of the host.
#[test]
fn extents_in_memory_share_no_bytes_either() {
    #[derive(Debug)]
    struct Same(v2v_disk::Source);
    impl v2v_disk::OpenGate for Same {
        fn open(
            &self,
            _: &v2v_disk::FileName,
            _: v2v_disk::Purpose,
        ) -> Result<v2v_disk::Source, v2v_disk::GateError> {
            Ok(self.0.clone())
        }
    }
    let gate = Same(source(Sparse::piece(mixed()).to_bytes()));
    for line in ["RW 8 SPARSE a", "RW 8 FLAT a 9"] {
        let text = format!("version=1\nCID=1\ncreateType=\"custom\"\n{line}\n{line}\n");
        let text = source(text.into_bytes());
        let err = v2v_vmdk::Vmdk::open(text, &gate, &Options::default()).unwrap_err();
        assert_eq!(
            err.to_string(),
            "disk.vmdk: line 5: extent a shares bytes with the extent in line 4"
        );
    }
}

#[test]
fn a_sparse_extent_begins_its_file() {
    let dir = temp::dir();
    std::fs::write(
        dir.path().join("part.vmdk"),
        Sparse::piece(mixed()).to_bytes(),
    )
    .unwrap();
    let open = |offset| {
        let line = ExtentLine::new(8, "SPARSE", Some("part.vmdk"), Some(offset));
        let text = Descriptor::new("custom", &Lineage::default()).extent(line);
        open_file(&write_text(&dir.path().join("disk.vmdk"), &text))
    };
    assert_eq!(open(0).unwrap().virtual_size(), 4096);
    let err = open(63).unwrap_err();
    assert_eq!(err.class(), Class::Unsupported);
    assert!(
        err.to_string().ends_with(
            "line 10: extent type SPARSE begins at sector 63 of its file, which is not supported, expected 0"
        ),
        "{err}"
    );
}

#[test]
fn what_cannot_be_converted_says_what_to_do() {
    let dir = temp::dir();
    let rdm = Descriptor::new("vmfsRDM", &Lineage::default()).extent(ExtentLine::new(
        8,
        "VMFSRDM",
        Some("x-rdm.vmdk"),
        None,
    ));
    let path = write_text(&dir.path().join("disk.vmdk"), &rdm);
    let text = error_text(open_file(&path), &path);
    assert!(
        text.contains("raw device map") && text.contains("vmkfstools -i"),
        "{text}"
    );
    let path = flat_with(dir.path(), |d| Descriptor {
        tail: b"\0\0more".to_vec(),
        ..d
    });
    let text = error_text(open_file(&path), &path);
    assert!(text.ends_with("; remove it"), "{text}");
}

#[test]
fn an_embedded_descriptor_never_names_another_file() {
    let lineage = Lineage::default();
    let content = mixed();
    let text = Sparse::embedded(&content, &lineage, "../../etc/passwd").render();
    let disk = open_bytes(
        &Sparse {
            descriptor: Some(text),
            ..Sparse::new(content)
        }
        .to_bytes(),
    )
    .unwrap();
    assert!(read_all(&disk) == mixed().to_vec());
    let two = Sparse::embedded(&mixed(), &lineage, "a.vmdk")
        .extent(ExtentLine::zero(8))
        .render();
    let err = open_bytes(
        &Sparse {
            descriptor: Some(two),
            ..Sparse::new(mixed())
        }
        .to_bytes(),
    )
    .unwrap_err();
    assert_eq!(
        err.to_string(),
        "disk.vmdk: embedded descriptor names 2 extents, expected the file itself alone"
    );
}

#[test]
fn an_extent_line_shorter_than_its_file_counts() {
    let dir = temp::dir();
    let part = Part::new(Store::Sparse(Sparse {
        grain_sectors: 8,
        ..Sparse::piece(mixed())
    }));
    let mut written = write_parts(dir.path(), "disk", "custom", &[part], &Lineage::default());
    written.descriptor.extents[0].sectors = "1001".into();
    write_text(&written.path, &written.descriptor);
    let disk = open_file(&written.path).unwrap();
    assert_eq!(warning_ids(&disk), ["vmdk-size-mismatch"]);
    assert_reads(&disk, &mixed().slice(0..1001 * 512));
}

#[test]
fn limits_bound_what_an_image_asks_for() {
    let mut options = Options::default();
    options.limits.directory_bytes = 4095;
    let image = Sparse {
        grain_sectors: 1,
        gtes_per_gt: 2,
        ..Sparse::new(mixed())
    };
    let err =
        v2v_vmdk::Vmdk::open(source(image.to_bytes()), &v2v_disk::NoGate, &options).unwrap_err();
    assert_eq!(err.class(), Class::Limit);
    // A capacity of 60 TiB in a file of 1 MiB: the directory is not there.
    let bytes = patch(12, 60u64 << 31).on(&Sparse {
        redundant: false,
        ..Sparse::new(mixed())
    }
    .to_bytes());
    let err = open_bytes(&bytes).unwrap_err();
    assert!(
        err.to_string().contains("grain directory at offset"),
        "{err}"
    );
}
