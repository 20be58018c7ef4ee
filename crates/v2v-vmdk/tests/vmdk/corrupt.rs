//! Valid files with a single thing broken, and the text that says so.

use v2v_disk::Class;
use v2v_testkit::disk::Content;
use v2v_testkit::fault::{Patch, patch, prefixes};
use v2v_testkit::temp;
use v2v_testkit::vmdk::{
    Cowd, Flavor, Generate, Lineage, Part, SeSparse, Sparse, Store, Stream, write_parts,
};

use crate::{error_text, open_bytes, open_file};

fn small() -> Content {
    Content::mixed(2, 1 << 20)
}

fn check_rejects(patch: Patch, class: Class, expected: &str) {
    let bytes = patch.on(&Sparse {
        grain_sectors: 16,
        ..Sparse::new(small())
    }
    .to_bytes());
    let err = open_bytes(&bytes).expect_err(expected);
    assert_eq!(err.to_string(), format!("disk.vmdk: {expected}"));
    assert_eq!(err.class(), class, "{expected}");
}

#[test]
fn a_hosted_sparse_header_with_one_wrong_field() {
    use Class::{Corrupt, Limit, Unsupported};
    let none =
        "not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor";
    check_rejects(patch(0, b"KDMX"), Class::NotThisFormat, none);
    let unfinished =
        "magic is \"kdmv\": the program that wrote the file did not finish it; write it again";
    check_rejects(patch(0, b"kdmv"), Corrupt, unfinished);
    for (at, class, text) in [
        (
            patch(4, 0u32),
            Unsupported,
            "sparse extent version at offset 0x4 is 0x0, expected 1, 2 or 3",
        ),
        (
            patch(4, 4u32),
            Unsupported,
            "sparse extent version at offset 0x4 is 0x4, expected 1, 2 or 3",
        ),
        (
            patch(8, 0x10_0003u32),
            Unsupported,
            "flags at offset 0x8 has the unknown bits 0x100000",
        ),
        (
            patch(8, 0x1_0003u32),
            Corrupt,
            "compression method at offset 0x4d is 0, expected 1 because bit 16 of the flags (compressed grains) is set",
        ),
        (
            patch(8, 0x2_0003u32),
            Corrupt,
            "flags at offset 0x8 is 131075, expected bit 17 (markers) only together with bit 16 (compressed grains)",
        ),
        (
            patch(77, 1u16),
            Corrupt,
            "compression method at offset 0x4d is 1, expected 0 because bit 16 of the flags (compressed grains) is \
             clear",
        ),
        (
            patch(77, 2u16),
            Unsupported,
            "compression method at offset 0x4d is 2, expected 0 (none) or 1 (deflate)",
        ),
        (
            patch(12, 1u64 << 55),
            Corrupt,
            "capacity at offset 0xc is 36028797018963968, expected fewer than 2^55 sectors",
        ),
        (
            patch(12, 1u64 << 40),
            Limit,
            "the virtual disk needs 562949953421312 bytes, the limit is 70368744177664; raise the limit if the disk is \
             really that large",
        ),
        (
            patch(20, 0u64),
            Corrupt,
            "grain size at offset 0x14 is 0, expected a power of two from 1 to 4096",
        ),
        (
            patch(20, 3u64),
            Corrupt,
            "grain size at offset 0x14 is 3, expected a power of two from 1 to 4096",
        ),
        (
            patch(20, 8192u64),
            Corrupt,
            "grain size at offset 0x14 is 8192, expected a power of two from 1 to 4096",
        ),
        (
            patch(44, 0u32),
            Corrupt,
            "grain table entry count at offset 0x2c is 0, expected 1 to 512",
        ),
        (
            patch(44, 513u32),
            Corrupt,
            "grain table entry count at offset 0x2c is 513, expected 1 to 512",
        ),
        (
            patch(28, 0u64),
            Unsupported,
            "is a SPARSE extent, a part of a disk; open its descriptor instead",
        ),
        (
            patch(28, 1u64 << 30),
            Corrupt,
            "embedded descriptor at offset 0x8000000000 has 10240 bytes, but the file ends at 0xe6000",
        ),
        (
            patch(36, 1u64 << 20),
            Limit,
            "the descriptor needs 536870912 bytes, the limit is 1048576; raise the limit if the disk is really that large",
        ),
        (
            patch(73, b"\n\r\n\n"),
            Corrupt,
            "newline test at offset 0x49 is 0a 0d 0a 0a, expected 0a 20 0d 0a; the file went through a transfer in text \
             mode, copy it again in binary mode",
        ),
    ] {
        let file_len = Sparse {
            grain_sectors: 16,
            ..Sparse::new(small())
        }
        .to_bytes()
        .len();
        check_rejects(
            at,
            class,
            &text.replace("0xe6000", &format!("{file_len:#x}")),
        );
    }
}

#[test]
fn unknown_lower_flags_and_a_missing_newline_test_are_fine() {
    let bytes = Sparse::new(small()).to_bytes();
    assert!(open_bytes(&patch(8, 0xFFF3u32).on(&bytes)).is_ok());
    let untested = patch(8, 2u32).on(&patch(73, [0; 4]).on(&bytes));
    assert!(open_bytes(&untested).is_ok());
}

#[test]
fn every_prefix_of_an_image_is_refused_or_read() {
    let images = [
        Sparse {
            grain_sectors: 8,
            ..Sparse::new(Content::mixed(1, 40_960))
        }
        .to_bytes(),
        Stream {
            grain_sectors: 8,
            ..Stream::new(Content::mixed(1, 40_960), Flavor::Export)
        }
        .to_bytes(),
    ];
    for image in images {
        for cut in prefixes(&image, 1200).chain(prefixes(&image, usize::MAX).step_by(499)) {
            if let Ok(disk) = open_bytes(cut) {
                use v2v_disk::DiskImage;
                let mut buf = vec![0; 40_960];
                let _ = disk.read_at(0, &mut buf);
            } else if cut.len() >= 512 {
                continue;
            } else {
                let text = open_bytes(cut).unwrap_err().to_string();
                assert!(
                    text.contains("not a VMDK") || text.contains("is cut off"),
                    "{}: {text}",
                    cut.len()
                );
            }
        }
    }
}

/// A disk of one extent of `store` after `patch`, opened through its descriptor.
fn extent_error(store: Store, patch: &Patch) -> String {
    let dir = temp::dir();
    let written = write_parts(
        dir.path(),
        "disk",
        "custom",
        &[Part::new(store)],
        &Lineage::default(),
    );
    let bytes = patch.on(&std::fs::read(&written.files[1]).unwrap());
    std::fs::write(&written.files[1], bytes).unwrap();
    error_text(open_file(&written.path), &written.path)
}

#[test]
fn a_cowd_header_with_one_wrong_field() {
    for (field, expected) in [
        (
            patch(4, 2u32),
            "COWD version at offset 0x4 is 0x2, expected 1",
        ),
        (
            patch(12, 0u32),
            "number of sectors at offset 0xc is 0, expected at least 1",
        ),
        (
            patch(16, 0u32),
            "grain size at offset 0x10 is 0, expected a power of two from 1 to 4096",
        ),
        (
            patch(16, 5u32),
            "grain size at offset 0x10 is 5, expected a power of two from 1 to 4096",
        ),
        (
            patch(20, 3u32),
            "grain directory offset at offset 0x14 is 3, expected at least 4",
        ),
        (
            patch(24, 0u32),
            "grain directory entry count at offset 0x18 is 0, expected at least 1 for 2048 sectors",
        ),
        (
            patch(2048, 3u32),
            "grain directory entry at offset 0x800 is 0x3, expected the sector of a grain table inside the file, behind \
             the header",
        ),
        (
            patch(2048, u32::MAX),
            "grain directory entry at offset 0x800 is 0xffffffff, expected the sector of a grain table inside the file, \
             behind the header",
        ),
    ] {
        let text = extent_error(Store::Cowd(Cowd::new(small())), &field);
        assert_eq!(text, format!("disk-delta.vmdk: {expected}"));
    }
    let text = extent_error(Store::Cowd(Cowd::new(small())), &patch(12, 2047u32));
    assert_eq!(
        text,
        "disk.vmdk: line 10: extent has 1048576 bytes, but disk-delta.vmdk holds 1048064; descriptor and extent do not \
         belong together"
    );
}

#[test]
fn an_sesparse_header_with_one_wrong_field() {
    for (field, expected) in [
        (
            patch(0, 1u64),
            "seSparse header at offset 0x0 begins with 0x1, expected 0xcafebabe",
        ),
        (
            patch(8, 1u64),
            "seSparse version at offset 0x8 is 0x1, expected 0x200000001",
        ),
        (
            patch(16, 0u64),
            "capacity at offset 0x10 is 0, expected at least 1 sector",
        ),
        (
            patch(24, 16u64),
            "grain size at offset 0x18 is 16, expected 8",
        ),
        (
            patch(32, 32u64),
            "grain table size at offset 0x20 is 32, expected 64",
        ),
        (
            patch(40, 1u64),
            "flags at offset 0x28 has the unknown bits 0x1",
        ),
        (
            patch(56, 2u64),
            "reserved field at offset 0x38 has the unknown bits 0x2",
        ),
        (
            patch(128, 0u64),
            "grain directory offset at offset 0x80 is 0, expected a sector behind the header",
        ),
        (
            patch(136, 0u64),
            "grain directory size at offset 0x88 is 0, expected at least 1 for 2048 sectors",
        ),
        (
            patch(512, 0xCAFE_BABEu64),
            "seSparse volatile header at offset 0x200 begins with 0xcafebabe, expected 0xcafecafe",
        ),
        (
            patch(512 + 24, 1u64),
            "journal at offset 0x218 has to be replayed (replay_journal is 1); the host crashed while the snapshot was \
             written: power the virtual machine on and off once, or consolidate its snapshots, then copy it again",
        ),
        (
            patch(16 * 512, 0x2000_0000_0000_0000u64),
            "grain directory entry at offset 0x2000 is 0x2000000000000000, expected 0, or 0x10000000 in the upper 32 \
             bits",
        ),
        (
            patch(16 * 512, 0x1000_0000_FFFF_FFFFu64),
            "grain directory entry at offset 0x2000 is 0x10000000ffffffff, expected the number of a grain table inside \
             the file",
        ),
    ] {
        let text = extent_error(Store::SeSparse(SeSparse::new(small())), &field);
        assert_eq!(text, format!("disk-sesparse.vmdk: {expected}"));
    }
}

#[test]
fn every_prefix_of_an_extent_ends_in_an_error() {
    for (store, header_len) in [
        (Store::Cowd(Cowd::new(small())), 2048),
        (Store::SeSparse(SeSparse::new(small())), 1024),
        (Store::Sparse(Sparse::piece(small())), 512),
    ] {
        let dir = temp::dir();
        let written = write_parts(
            dir.path(),
            "disk",
            "custom",
            &[Part::new(store)],
            &Lineage::default(),
        );
        let bytes = std::fs::read(&written.files[1]).unwrap();
        for cut in prefixes(&bytes, header_len) {
            std::fs::write(&written.files[1], cut).unwrap();
            let text = error_text(open_file(&written.path), &written.path);
            assert!(
                text.contains("is cut off") || text.contains("begins with"),
                "{}: {text}",
                cut.len()
            );
        }
    }
}
