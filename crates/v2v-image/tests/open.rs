//! Chains as files: which parent is taken, which is refused, and what the guest reads in the end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::collections::HashSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use v2v_disk::{Class, DiskImage, FileId, MapKind};
use v2v_image::{Details, Format, OpenOptions, Opened, open};
use v2v_testkit::disk::{Content, Pattern, Run};
use v2v_testkit::temp::TempDir;
use v2v_testkit::vmdk::{
    Chain, Cowd, Flavor, Generate as _, Kind, Lineage, Part, SeSparse, Sparse, Store, Written,
    write_parts,
};

const MIB: u64 = 1 << 20;
const SPARSE: Kind = Kind::MonolithicSparse { grain_sectors: 16 };
const COWD: Kind = Kind::VmfsSparse { grain_sectors: 1 };
const BASE_CID: u32 = 0x0000_ba5e;

// ---- Help -------------------------------------------------------------------------------------------------------

/// A directory `vm` for images, and beside it whatever a test puts there.
struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Place {
        let place = Place {
            root: v2v_testkit::temp::dir(),
        };
        place.dir("vm");
        place
    }

    /// The directory `name`, which is there afterwards.
    fn dir(&self, name: &str) -> PathBuf {
        let dir = self.root.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A base in `dir` and the snapshot `vm/child.vmdk`, which calls it `hint`.
    fn pair(&self, dir: &str, hint: &str) -> (PathBuf, Content) {
        let lineage = Lineage::base(BASE_CID);
        let base =
            Kind::MonolithicFlat.write(&self.dir(dir), "base", &Content::full(1, MIB), &lineage);
        let child = self.child(&Content::scattered(2, MIB, 4096, 20), BASE_CID, hint);
        (child.path, child.content.over(&base.content))
    }

    /// The snapshot `vm/child.vmdk`.
    fn child(&self, content: &Content, parent_cid: u32, hint: &str) -> Written {
        let lineage = Lineage::delta(0x0000_c41d, parent_cid, hint);
        SPARSE.write(&self.dir("vm"), "child", content, &lineage)
    }

    /// The text, with `T` for the directory of the test.
    fn tell(&self, text: &str) -> String {
        let real = self.root.path().canonicalize().unwrap();
        text.replace(real.to_str().unwrap(), "T")
            .replace(self.root.path().to_str().unwrap(), "T")
    }

    fn refused(&self, path: &Path, options: &OpenOptions) -> String {
        self.tell(&error(path, options).to_string())
    }
}

fn error(path: &Path, options: &OpenOptions) -> v2v_image::Error {
    match open(path, options) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(err) => err,
    }
}

fn with(change: impl FnOnce(&mut OpenOptions)) -> OpenOptions {
    let mut options = OpenOptions::default();
    change(&mut options);
    options
}

/// Opens the image, and asserts that the guest reads `expected`, in one piece and piece by piece.
fn check(path: &Path, options: &OpenOptions, expected: &Content) -> Opened {
    let opened = open(path, options).unwrap_or_else(|err| panic!("{err}"));
    assert_reads(&opened, &expected.to_vec(), path);
    opened
}

fn assert_reads(opened: &Opened, expected: &[u8], path: &Path) {
    let size = opened.chain.virtual_size();
    assert_eq!(size, expected.len() as u64, "{}", path.display());
    let mut whole = vec![0xA5; expected.len()];
    opened.chain.read_at(0, &mut whole).unwrap();
    let differs = (0..whole.len()).find(|&at| whole[at] != expected[at]);
    assert_eq!(differs, None, "{}: first wrong byte", path.display());
    let mut offset = 0;
    while offset < size {
        let piece = opened.chain.map(offset, size - offset).unwrap();
        assert!(piece.len > 0 && piece.len <= size - offset, "{piece:?}");
        assert!((piece.depth as usize) < opened.links.len(), "{piece:?}");
        let expected = &expected[offset as usize..][..piece.len as usize];
        let mut bytes = vec![0xA5; expected.len()];
        opened.chain.read_at(offset, &mut bytes).unwrap();
        assert!(bytes == expected, "{piece:?} at {offset:#x}");
        if let MapKind::Data(Some(host)) = &piece.kind {
            host.source.read_exact_at(host.offset, &mut bytes).unwrap();
            assert!(bytes == expected, "{piece:?} at {offset:#x}: host range");
        }
        offset += piece.len;
    }
}

fn warning_ids(opened: &Opened) -> Vec<&'static str> {
    opened.warnings.iter().map(|warning| warning.id).collect()
}

/// Names of the images, top first.
fn names(opened: &Opened) -> Vec<&str> {
    opened
        .links
        .iter()
        .map(|link| link.file.file_name().unwrap().to_str().unwrap())
        .collect()
}

/// A qcow2 image of 1 MiB with clusters of 64 KiB; `data` fills cluster 1 of the disk.
struct Qcow2 {
    backing: Option<&'static str>,
    format: Option<&'static str>,
    data: Option<u8>,
}

impl Qcow2 {
    const CLUSTER: usize = 1 << 16;

    /// Header, refcount table, refcount block, L1 table, L2 table, data: a cluster each.
    fn write(&self, path: &Path) -> PathBuf {
        let mut bytes = vec![0; 6 * Self::CLUSTER];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        let place = |cluster: u64| (cluster << 16).to_be_bytes();
        put(0, b"QFI\xfb\0\0\0\x03");
        put(20, &16_u32.to_be_bytes());
        put(24, &MIB.to_be_bytes());
        put(36, &1_u32.to_be_bytes());
        put(40, &place(3));
        put(48, &place(1));
        put(56, &1_u32.to_be_bytes());
        put(96, &4_u32.to_be_bytes());
        put(100, &104_u32.to_be_bytes());
        let mut at = 104;
        if let Some(format) = self.format {
            put(at, &0xe279_2aca_u32.to_be_bytes());
            put(at + 4, &(format.len() as u32).to_be_bytes());
            put(at + 8, format.as_bytes());
            at += 8 + format.len().next_multiple_of(8);
        }
        if let Some(name) = self.backing {
            at += 8;
            put(8, &(at as u64).to_be_bytes());
            put(16, &(name.len() as u32).to_be_bytes());
            put(at, name.as_bytes());
        }
        put(Self::CLUSTER, &place(2));
        let used = if self.data.is_some() { 6 } else { 4 };
        for cluster in 0..used {
            put(2 * Self::CLUSTER + 2 * cluster, &1_u16.to_be_bytes());
        }
        if let Some(byte) = self.data {
            let copied = |cluster: u64| (1 << 63 | cluster << 16).to_be_bytes();
            put(3 * Self::CLUSTER, &copied(4));
            put(4 * Self::CLUSTER + 8, &copied(5));
            put(5 * Self::CLUSTER, &[byte; Self::CLUSTER]);
        }
        bytes.truncate(used * Self::CLUSTER);
        std::fs::write(path, bytes).unwrap();
        path.to_owned()
    }

    /// What it holds itself.
    fn content(&self) -> Content {
        let run = |byte| Run::new(1 << 16, 1 << 16, Pattern::Fill(byte));
        Content::from_runs(MIB, self.data.map(run))
    }
}

// ---- What the guest reads ---------------------------------------------------------------------------------------

#[test]
fn chains_of_mixed_kinds_read_through() {
    let bases = [
        SPARSE,
        Kind::MonolithicFlat,
        Kind::Vmfs,
        Kind::StreamOptimized(Flavor::Export),
        Kind::StreamOptimized(Flavor::Qemu),
        Kind::TwoGbMaxExtentSparse {
            split_sectors: 900,
            grain_sectors: 16,
        },
        Kind::TwoGbMaxExtentFlat {
            split_sectors: 900,
            offset: 3,
        },
        COWD,
        Kind::SeSparse,
    ];
    let deltas: [&[Kind]; 4] = [
        &[COWD],
        &[Kind::SeSparse, SPARSE],
        &[
            Kind::VmfsSparse { grain_sectors: 8 },
            Kind::TwoGbMaxExtentSparse {
                split_sectors: 1000,
                grain_sectors: 128,
            },
            Kind::SeSparse,
        ],
        &[SPARSE, COWD, Kind::SeSparse, COWD],
    ];
    for (base, seed) in bases.into_iter().zip(10..) {
        for (deltas, number) in deltas.iter().zip(1..) {
            let place = Place::new();
            let mut chain = Chain::new(base, Content::mixed(seed, MIB));
            for (&delta, level) in deltas.iter().zip(1..) {
                chain = chain.delta(delta, Content::mixed(seed * 100 + number * 10 + level, MIB));
            }
            let written = chain.write(&place.dir("vm"), "disk");
            let opened = check(&written.top, &OpenOptions::default(), &written.content);
            assert_eq!(opened.links.len(), deltas.len() + 1);
            assert_eq!(warning_ids(&opened), [""; 0], "{base:?} {deltas:?}");
        }
    }
}

#[test]
fn a_child_may_be_larger_or_smaller_than_its_parent() {
    for (base, first, second) in [(6, 12, 16), (16, 12, 6), (8, 16, 5)] {
        for delta in [SPARSE, COWD, Kind::SeSparse] {
            let place = Place::new();
            let size = |sixteenths: u64| sixteenths * MIB / 16;
            // Odd sizes: no grain ends with the parent.
            let written = Chain::new(Kind::Vmfs, Content::full(1, size(base) + 512))
                .delta(delta, Content::scattered(2, size(first) + 512, 4096, 9))
                .delta(COWD, Content::scattered(3, size(second) + 512, 512, 9))
                .write(&place.dir("vm"), "disk");
            check(&written.top, &OpenOptions::default(), &written.content);
        }
    }
}

#[test]
fn a_mapped_chain_reads_the_same() {
    let place = Place::new();
    let written = Chain::new(
        Kind::StreamOptimized(Flavor::Vddk),
        Content::mixed(1, 3 * MIB),
    )
    .delta(COWD, Content::mixed(2, 3 * MIB))
    .delta(Kind::SeSparse, Content::mixed(3, 4 * MIB))
    .write(&place.dir("vm"), "disk");
    let mapped = with(|options| options.memory_map = true);
    let by_map = check(&written.top, &mapped, &written.content);
    let by_read = check(&written.top, &OpenOptions::default(), &written.content);
    assert_eq!(by_map.ids(), by_read.ids());
}

#[test]
fn every_file_is_listed_once() {
    let place = Place::new();
    let dir = place.dir("vm");
    // Two pieces of the base share a file.
    let piece = |seed, offset| Store::Flat {
        content: Content::full(seed, 64 << 10),
        offset,
    };
    let parts = [
        Part::new(piece(1, 0)).file("shared.bin"),
        Part::new(Store::Zero(128)),
        Part::new(piece(2, 128)).file("shared.bin"),
        Part::new(Store::Sparse(Sparse::piece(Content::mixed(3, 64 << 10)))).file("s.vmdk"),
    ];
    let base = write_parts(&dir, "base", "custom", &parts, &Lineage::base(BASE_CID));
    let child = Store::SeSparse(SeSparse::new(Content::scattered(4, 256 << 10, 4096, 9)));
    let lineage = Lineage::delta(7, BASE_CID, "base.vmdk");
    let child = write_parts(&dir, "child", "seSparse", &[Part::new(child)], &lineage);
    let opened = check(
        &child.path,
        &OpenOptions::default(),
        &child.content.over(&base.content),
    );
    let files: Vec<_> = child.files.iter().chain(&base.files).collect();
    let expected: Vec<_> = files.iter().map(|path| FileId::of(path).unwrap()).collect();
    assert_eq!(opened.ids(), expected);
    assert_eq!(opened.ids().len(), 5);
    assert_eq!(
        opened.ids().iter().collect::<HashSet<_>>().len(),
        5,
        "none twice"
    );
    assert_eq!(opened.links[1].files[0].path, base.path);
    assert_eq!(
        opened.files()[0].len,
        std::fs::metadata(&child.path).unwrap().len()
    );
}

#[test]
fn the_facts_of_each_image_are_its_own() {
    let place = Place::new();
    let (child, content) = place.pair("vm", "base.vmdk");
    let opened = check(&child, &OpenOptions::default(), &content);
    assert_eq!(names(&opened), ["child.vmdk", "base.vmdk"]);
    let types = opened.links.iter().map(|link| match &link.details {
        Details::Vmdk(facts) => (
            facts.descriptor.create_type.as_str(),
            facts.extents.len(),
            facts.extents[0].kind,
            facts.extents[0].grain,
        ),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        types.collect::<Vec<_>>(),
        [
            ("monolithicSparse", 1, "SPARSE", Some(8192)),
            ("monolithicFlat", 1, "FLAT", None)
        ]
    );
    assert_eq!(opened.links[1].virtual_size, MIB);
    assert!(opened.links[1].allocated() >= MIB);
}

// ---- Where the parent is ----------------------------------------------------------------------------------------

#[test]
fn a_hint_from_another_machine_counts_by_its_last_component() {
    for hint in [
        "base.vmdk",
        "./base.vmdk",
        "/vmfs/volumes/5f3c0e1a-deadbeef/vm/base.vmdk",
        r"C:\Virtual Machines\vm\base.vmdk",
        r"..\vm\base.vmdk",
        "../base/base.vmdk",
    ] {
        let place = Place::new();
        let (child, content) = place.pair("vm", hint);
        let opened = check(&child, &OpenOptions::default(), &content);
        let base = FileId::of(&place.path("vm/base.vmdk")).unwrap();
        assert_eq!(opened.links[1].files[0].id, base, "{hint}");
    }
}

#[test]
fn a_hint_below_the_image_is_taken_as_written() {
    let place = Place::new();
    let (child, content) = place.pair("vm/below", "below/base.vmdk");
    // A file of that name beside the image is not the one that is meant.
    let decoy = Content::full(9, MIB);
    SPARSE.write(&place.dir("vm"), "base", &decoy, &Lineage::base(1));
    check(&child, &OpenOptions::default(), &content);
}

#[test]
fn a_parent_outside_needs_the_callers_word() {
    let place = Place::new();
    let other = place.dir("other");
    let absolute = other.canonicalize().unwrap().join("base.vmdk");
    for hint in ["../other/base.vmdk", absolute.to_str().unwrap()] {
        let (child, content) = place.pair("other", hint);
        let options = OpenOptions::default();
        let shown = place.tell(hint);
        assert_eq!(
            place.refused(&child, &options),
            format!(
                "T/vm/child.vmdk: parent {shown:?} lies outside T/vm; allow its directory (--allow-path) if you trust this image"
            )
        );
        assert_eq!(error(&child, &options).class(), Class::Denied);
        for allowed in [&other, &place.path("")] {
            let allow = with(|options| options.allow = vec![allowed.clone()]);
            check(&child, &allow, &content);
        }
        let parents = with(|options| options.parent_dirs = vec![other.clone()]);
        check(&child, &parents, &content);
    }
}

#[test]
fn a_parent_is_looked_for_in_the_parent_directories() {
    let place = Place::new();
    let (child, content) = place.pair("other", "/vmfs/volumes/5f3c0e1a/vm/base.vmdk");
    assert_eq!(
        place.refused(&child, &OpenOptions::default()),
        "T/vm/child.vmdk: parent \"/vmfs/volumes/5f3c0e1a/vm/base.vmdk\" lies outside T/vm; \
         allow its directory (--allow-path) if you trust this image"
    );
    let dirs = vec![place.dir("empty"), place.path("other")];
    check(
        &child,
        &with(|options| options.parent_dirs = dirs),
        &content,
    );
    let gone = with(|options| options.parent_dirs = vec![place.path("gone")]);
    assert_eq!(
        place.refused(&child, &gone),
        "T/gone: cannot open: No such file or directory (os error 2)"
    );
}

#[test]
fn an_image_in_a_parent_directory_finds_its_own_parts_there() {
    let place = Place::new();
    let (vm, library) = (place.dir("vm"), place.dir("library"));
    let size = 300 << 10;
    let base = Kind::Vmfs.write(
        &library,
        "base",
        &Content::full(1, size),
        &Lineage::base(0xb),
    );
    let middle = COWD.write(
        &library,
        "middle",
        &Content::mixed(2, size),
        &Lineage::delta(0xc, 0xb, "base.vmdk"),
    );
    let top = COWD.write(
        &vm,
        "top",
        &Content::mixed(3, size),
        &Lineage::delta(0xd, 0xc, "middle.vmdk"),
    );
    let content = top.content.over(&middle.content.over(&base.content));
    let parents = with(|options| options.parent_dirs = vec![library]);
    let opened = check(&top.path, &parents, &content);
    assert_eq!(names(&opened), ["top.vmdk", "middle.vmdk", "base.vmdk"]);
    assert_eq!(opened.files().len(), 6);
}

#[test]
fn a_missing_parent_is_named() {
    let place = Place::new();
    let (child, _) = place.pair("vm", "base.vmdk");
    std::fs::remove_file(place.path("vm/base.vmdk")).unwrap();
    let options = OpenOptions::default();
    assert_eq!(
        place.refused(&child, &options),
        "T/vm/child.vmdk: parent \"base.vmdk\" not found in T/vm; put it there or allow its directory (--allow-path)"
    );
    assert_eq!(error(&child, &options).class(), Class::Missing);
}

#[test]
fn a_missing_extent_of_the_parent_is_named_with_the_parent() {
    let place = Place::new();
    let (child, _) = place.pair("vm", "base.vmdk");
    std::fs::remove_file(place.path("vm/base-flat.vmdk")).unwrap();
    assert_eq!(
        place.refused(&child, &OpenOptions::default()),
        "T/vm/base.vmdk: extent \"base-flat.vmdk\" not found in T/vm; put it there or allow its directory (--allow-path)"
    );
}

#[test]
fn hints_that_can_be_no_file_beside_the_image_are_refused() {
    let protocol = "is not a file name: it names a protocol";
    let outside = "lies outside T/vm; allow its directory (--allow-path) if you trust this image";
    for (hint, text) in [
        ("json:{}", protocol),
        ("nbd://host/export", protocol),
        ("/dev/zero", outside),
        ("..", outside),
    ] {
        let place = Place::new();
        let (child, _) = place.pair("vm", hint);
        assert_eq!(
            place.refused(&child, &OpenOptions::default()),
            format!("T/vm/child.vmdk: parent {hint:?} {text}")
        );
    }
    let place = Place::new();
    let (child, _) = place.pair("vm", "");
    assert_eq!(
        place.refused(&child, &OpenOptions::default()),
        "T/vm/child.vmdk: names the content id 0000ba5e of a parent and no file (parentFileNameHint)"
    );
}

#[test]
fn an_image_behind_a_link_lies_where_it_really_is() {
    let place = Place::new();
    let (child, content) = place.pair("vm", "base.vmdk");
    let link = place.dir("links").join("web01.vmdk");
    symlink(&child, &link).unwrap();
    let opened = check(&link, &OpenOptions::default(), &content);
    assert_eq!(opened.links[0].file, link, "as the user named it");
    let top = FileId::of(&child).unwrap();
    assert_eq!(opened.ids()[0], top, "the file it stands for");
    let flat = place.path("links/base.vmdk");
    symlink(place.path("vm/base.vmdk"), &flat).unwrap();
    check(&flat, &OpenOptions::default(), &Content::full(1, MIB));
}

#[test]
fn links_that_lead_out_are_refused() {
    let place = Place::new();
    let (child, content) = place.pair("other", "base.vmdk");
    symlink("../other/base.vmdk", place.path("vm/base.vmdk")).unwrap();
    assert_eq!(
        place.refused(&child, &OpenOptions::default()),
        "T/vm/child.vmdk: parent \"base.vmdk\" lies outside T/vm; allow its directory (--allow-path) if you trust this image"
    );
    let allow = with(|options| options.allow = vec![place.path("other")]);
    check(&child, &allow, &content);
    // An extent behind such a link, of an image that is itself in order.
    let (_, content) = place.pair("deep", "base.vmdk");
    std::fs::remove_file(place.path("vm/base.vmdk")).unwrap();
    std::fs::rename(place.path("deep/base.vmdk"), place.path("vm/base.vmdk")).unwrap();
    symlink("../deep/base-flat.vmdk", place.path("vm/base-flat.vmdk")).unwrap();
    assert_eq!(
        place.refused(&child, &OpenOptions::default()),
        "T/vm/base.vmdk: extent \"base-flat.vmdk\" lies outside T/vm; allow its directory (--allow-path) if you trust this image"
    );
    let allow = with(|options| options.allow = vec![place.path("deep")]);
    check(&child, &allow, &content);
}

// ---- Whether it is the right parent -----------------------------------------------------------------------------

#[test]
fn a_changed_parent_is_refused_unless_asked_for() {
    let place = Place::new();
    let (child, content) = place.pair("vm", "base.vmdk");
    let base = place.path("vm/base.vmdk");
    let text = std::fs::read_to_string(&base).unwrap();
    std::fs::write(&base, text.replace("CID=0000ba5e", "CID=0000ba5f")).unwrap();
    let mismatch = "T/vm/child.vmdk: content id of the parent T/vm/base.vmdk is 0000ba5f, expected 0000ba5e; \
                    the parent was changed after the snapshot, or is another disk (--ignore-cid reads it all the same)";
    let options = OpenOptions::default();
    assert_eq!(place.refused(&child, &options), mismatch);
    assert_eq!(error(&child, &options).class(), Class::Corrupt);
    let ignoring = with(|options| options.ignore_cid = true);
    let opened = check(&child, &ignoring, &content);
    assert_eq!(warning_ids(&opened), ["vmdk-cid-mismatch"]);
    assert_eq!(place.tell(&opened.warnings[0].text), mismatch);
    assert_eq!(opened.warnings[0].file, base.canonicalize().unwrap());
}

#[test]
fn a_parent_that_was_never_written_has_a_content_id_all_the_same() {
    let place = Place::new();
    let lineage = Lineage::base(0xffff_fffe);
    let base = SPARSE.write(&place.dir("vm"), "base", &Content::full(1, MIB), &lineage);
    let child = place.child(&Content::mixed(2, MIB), 0xffff_fffe, "base.vmdk");
    let content = child.content.over(&base.content);
    let opened = check(&child.path, &OpenOptions::default(), &content);
    assert_eq!(opened.links.len(), 2);
}

#[test]
fn a_snapshot_without_a_hint_is_refused() {
    let place = Place::new();
    let store = Store::Cowd(Cowd::new(Content::mixed(2, MIB)));
    let lineage = Lineage::delta(7, BASE_CID, "base.vmdk");
    let mut child = write_parts(
        &place.dir("vm"),
        "child",
        "vmfsSparse",
        &[Part::new(store)],
        &lineage,
    );
    child
        .descriptor
        .header
        .retain(|(key, _)| key != "parentFileNameHint");
    std::fs::write(&child.path, child.descriptor.render()).unwrap();
    assert_eq!(
        place.refused(&child.path, &OpenOptions::default()),
        "T/vm/child.vmdk: names the content id 0000ba5e of a parent and no file (parentFileNameHint)"
    );
}

#[test]
fn a_loop_of_images_is_found() {
    let place = Place::new();
    let alone = place.child(&Content::mixed(1, MIB), 0x0000_c41d, "child.vmdk");
    let options = OpenOptions::default();
    assert_eq!(
        place.refused(&alone.path, &options),
        "T/vm/child.vmdk: is its own ancestor"
    );
    let lineage = Lineage::delta(BASE_CID, 0x0000_c41d, "child.vmdk");
    SPARSE.write(&place.dir("vm"), "base", &Content::mixed(2, MIB), &lineage);
    place.child(&Content::mixed(1, MIB), BASE_CID, "base.vmdk");
    assert_eq!(
        place.refused(&alone.path, &options),
        "T/vm/child.vmdk: is its own ancestor"
    );
    // Another name for the same file hides nothing.
    std::fs::hard_link(&alone.path, place.path("vm/other.vmdk")).unwrap();
    assert_eq!(
        place.refused(&place.path("vm/other.vmdk"), &options),
        "T/vm/child.vmdk: is its own ancestor"
    );
    let mapped = with(|options| options.memory_map = true);
    assert_eq!(
        place.refused(&alone.path, &mapped),
        "T/vm/child.vmdk: is its own ancestor"
    );
}

#[test]
fn a_chain_has_a_greatest_length() {
    let place = Place::new();
    let mut chain = Chain::new(SPARSE, Content::mixed(0, 64 << 10));
    for level in 1..4 {
        chain = chain.delta(COWD, Content::mixed(level, 64 << 10));
    }
    let written = chain.write(&place.dir("vm"), "disk");
    let at_most = |depth| with(|options| options.limits.chain_depth = depth);
    check(&written.top, &at_most(4), &written.content);
    assert_eq!(
        place.refused(&written.top, &at_most(3)),
        "T/vm/disk.vmdk: more than 3 images in one chain"
    );
    assert_eq!(error(&written.top, &at_most(3)).class(), Class::Limit);
    assert_eq!(
        place.refused(&written.top, &at_most(0)),
        "T/vm/disk-000003.vmdk: more than 0 images in one chain"
    );
}

#[test]
fn the_parent_of_a_vmdk_is_a_vmdk() {
    let place = Place::new();
    let child = place.child(&Content::mixed(1, MIB), BASE_CID, "base.vmdk");
    let base = place.path("vm/base.vmdk");
    let image = Qcow2 {
        backing: None,
        format: None,
        data: Some(7),
    };
    image.write(&base);
    let options = OpenOptions::default();
    assert_eq!(
        place.refused(&child.path, &options),
        "T/vm/child.vmdk: its parent T/vm/base.vmdk is a qcow2 image, expected vmdk"
    );
    std::fs::write(&base, vec![0; 4096]).unwrap();
    assert_eq!(
        place.refused(&child.path, &options),
        "T/vm/base.vmdk: not recognised as a disk image; if it is a raw disk, say so with -f raw"
    );
    // The hint names the data of the base in place of its descriptor.
    Sparse::piece(Content::mixed(2, MIB)).write_file(&base);
    assert_eq!(
        place.refused(&child.path, &options),
        "T/vm/base.vmdk: is a SPARSE extent, a part of a disk; open its descriptor instead"
    );
}

// ---- Other formats ----------------------------------------------------------------------------------------------

#[test]
fn a_raw_backing_file_is_raw_whatever_it_looks_like() {
    let place = Place::new();
    // What a guest with a raw disk can write: the header of an image over a file of the host.
    let raw = Qcow2 {
        backing: Some("/etc/hostname"),
        format: Some("raw"),
        data: Some(0x77),
    };
    let raw = raw.write(&place.path("vm/base.raw"));
    let top = Qcow2 {
        backing: Some("base.raw"),
        format: Some("raw"),
        data: Some(0x11),
    };
    let path = top.write(&place.path("vm/top.qcow2"));
    let mut expected = std::fs::read(&raw).unwrap();
    expected.resize(MIB as usize, 0);
    expected[1 << 16..][..1 << 16].fill(0x11);
    let opened = open(&path, &OpenOptions::default()).unwrap_or_else(|err| panic!("{err}"));
    assert_reads(&opened, &expected, &path);
    let formats: Vec<_> = opened.links.iter().map(|link| link.format).collect();
    assert_eq!(formats, [Format::Qcow2, Format::Raw]);
    assert_eq!(opened.files().len(), 2);
}

#[test]
fn a_backing_file_without_a_format_is_refused() {
    let place = Place::new();
    let top = Qcow2 {
        backing: Some("base.raw"),
        format: None,
        data: None,
    };
    let path = top.write(&place.path("vm/top.qcow2"));
    std::fs::write(place.path("vm/base.raw"), vec![1; 4096]).unwrap();
    let options = OpenOptions::default();
    assert_eq!(
        place.refused(&path, &options),
        "T/vm/top.qcow2: has the backing file \"base.raw\" without a format, and formats are not guessed; \
         state it with qemu-img rebase -u -F FORMAT -b FILE"
    );
    assert_eq!(error(&path, &options).class(), Class::Unsupported);
}

#[test]
fn a_backing_file_is_what_it_is_declared_to_be() {
    let place = Place::new();
    let (_, vmdk) = place.pair("vm", "base.vmdk");
    let image = |name, backing, format, data| {
        let image = Qcow2 {
            backing: Some(backing),
            format: Some(format),
            data,
        };
        (image.write(&place.path("vm").join(name)), image.content())
    };
    let options = OpenOptions::default();
    let (middle, own) = image("middle.qcow2", "child.vmdk", "vmdk", Some(3));
    let content = own.over(&vmdk);
    let opened = check(&middle, &options, &content);
    assert_eq!(names(&opened), ["middle.qcow2", "child.vmdk", "base.vmdk"]);
    let (top, own) = image("top.qcow2", "middle.qcow2", "qcow2", None);
    check(&top, &options, &own.over(&content));

    let (path, _) = image("x.qcow2", "middle.qcow2", "vmdk", None);
    assert_eq!(
        place.refused(&path, &options),
        "T/vm/x.qcow2: its parent T/vm/middle.qcow2 is a qcow2 image, expected vmdk"
    );
    let (path, _) = image("x.qcow2", "child.vmdk", "qcow2", None);
    assert_eq!(
        place.refused(&path, &options),
        "T/vm/x.qcow2: its parent T/vm/child.vmdk is a vmdk image, expected qcow2"
    );
    let (path, _) = image("x.qcow2", "child.vmdk", "vpc", None);
    assert_eq!(
        place.refused(&path, &options),
        "T/vm/x.qcow2: its parent child.vmdk is a vpc image, expected qcow2, raw or vmdk"
    );
    let (path, _) = image("x.qcow2", "x.qcow2", "qcow2", None);
    assert_eq!(
        place.refused(&path, &options),
        "T/vm/x.qcow2: is its own ancestor"
    );
}

#[test]
fn raw_only_when_said() {
    let place = Place::new();
    let path = place.path("vm/disk.img");
    let content = Content::scattered(1, MIB, 65536, 5);
    content.write_raw(&path);
    let options = OpenOptions::default();
    assert_eq!(
        place.refused(&path, &options),
        "T/vm/disk.img: not recognised as a disk image; if it is a raw disk, say so with -f raw"
    );
    assert_eq!(error(&path, &options).class(), Class::NotThisFormat);
    let raw = with(|options| options.format = Some(Format::Raw));
    let opened = check(&path, &raw, &content);
    assert!(matches!(opened.links[0].details, Details::Raw));
    // Said, it counts for a file that looks like something else, too.
    let (child, _) = place.pair("vm", "base.vmdk");
    let opened = open(&child, &raw).unwrap_or_else(|err| panic!("{err}"));
    assert_reads(&opened, &std::fs::read(&child).unwrap(), &child);
    let qcow2 = with(|options| options.format = Some(Format::Qcow2));
    assert_eq!(
        place.refused(&child, &qcow2),
        "T/vm/child.vmdk: the file does not begin with \"QFI\\xfb\" and is no qcow2 image"
    );
}

#[test]
fn a_vmdk_has_no_internal_snapshots() {
    let place = Place::new();
    let (child, _) = place.pair("vm", "base.vmdk");
    let snapshot = with(|options| options.snapshot = Some("before".into()));
    assert_eq!(
        place.refused(&child, &snapshot),
        "T/vm/child.vmdk: a vmdk image has no internal snapshots"
    );
    let raw = with(|options| {
        options.snapshot = Some("before".into());
        options.format = Some(Format::Raw);
    });
    assert_eq!(
        place.refused(&child, &raw),
        "T/vm/child.vmdk: a raw image has no internal snapshots"
    );
}

// ---- A part of the chain ----------------------------------------------------------------------------------------

#[test]
fn the_chain_can_begin_further_down() {
    let place = Place::new();
    let dir = place.dir("vm");
    let written = Chain::new(Kind::Vmfs, Content::mixed(1, MIB))
        .delta(COWD, Content::mixed(2, MIB / 2))
        .delta(SPARSE, Content::mixed(3, 2 * MIB))
        .write(&dir, "disk");
    let own: Vec<_> = written.disks.iter().map(|disk| &disk.content).collect();
    let contents = [own[0].clone(), own[1].over(own[0]), written.content.clone()];
    for (disk, content) in written.disks.iter().zip(&contents) {
        let from = with(|options| options.chain_top = Some(disk.path.clone()));
        let opened = check(&written.top, &from, content);
        assert_eq!(opened.links[0].files[0].id, FileId::of(&disk.path).unwrap());
        assert_eq!(opened.above.len() + opened.links.len(), 3);
        // What lies above is not read, but still no place for a target.
        let all = written.disks.iter().flat_map(|disk| &disk.files);
        let all: HashSet<_> = all.map(|path| FileId::of(path).unwrap()).collect();
        assert_eq!(opened.ids().into_iter().collect::<HashSet<_>>(), all);
        // Another way to write the same path.
        let detour = dir.join("../vm").join(disk.path.file_name().unwrap());
        check(
            &written.top,
            &with(|options| options.chain_top = Some(detour)),
            content,
        );
    }
    let stranger = dir.join("stranger.vmdk");
    std::fs::write(&stranger, "").unwrap();
    let from = with(|options| options.chain_top = Some(stranger.clone()));
    assert_eq!(
        place.refused(&written.top, &from),
        "T/vm/stranger.vmdk: is not in the chain of T/vm/disk-000002.vmdk; the chain is \
         T/vm/disk-000002.vmdk, T/vm/disk-000001.vmdk, T/vm/disk.vmdk"
    );
    std::fs::remove_file(&stranger).unwrap();
    assert_eq!(
        place.refused(&written.top, &from),
        "T/vm/stranger.vmdk: cannot open: No such file or directory (os error 2)"
    );
}
