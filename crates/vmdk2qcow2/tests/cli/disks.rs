//! Disks that several tests use.

use std::path::PathBuf;

use v2v_testkit::disk::{Content, Pattern, Run};
use v2v_testkit::qemu;
use v2v_testkit::vmdk::{
    Chain, Descriptor, ExtentLine, Flavor, Generate as _, Kind, Lineage, Order, Sparse, Stream,
    Written, WrittenChain,
};

use crate::place::{KIB, MIB, Place};

pub(crate) const SPARSE: Kind = Kind::MonolithicSparse { grain_sectors: 128 };
pub(crate) const COWD: Kind = Kind::VmfsSparse { grain_sectors: 1 };
pub(crate) const FLAVORS: [Flavor; 4] = [
    Flavor::Vddk,
    Flavor::FooterAndHead,
    Flavor::Qemu,
    Flavor::Export,
];

/// A few megabytes of everything, the size being a multiple of no grain and no cluster.
pub(crate) fn mixed(seed: u64) -> Content {
    Content::mixed(seed, 3 * MIB + 512)
}

/// `disk.vmdk` of a kind.
pub(crate) fn disk(place: &Place, kind: Kind, content: &Content) -> Written {
    kind.write(&place.dir(), "disk", content, &Lineage::default())
}

/// `disk.vmdk`, hosted sparse, its grains in the order of a disk in use.
pub(crate) fn used(place: &Place, content: &Content) -> PathBuf {
    let sparse = Sparse {
        grain_sectors: 16,
        order: Order::Shuffled(7),
        ..Sparse::new(content.clone())
    };
    let path = place.path("disk.vmdk");
    sparse.write_file(&path);
    path
}

/// `stream.vmdk`.
pub(crate) fn stream(place: &Place, stream: &Stream) -> PathBuf {
    let path = place.path("stream.vmdk");
    stream.write_file(&path);
    path
}

/// A base and two snapshots, `web.vmdk` to `web-000002.vmdk`, of three kinds.
pub(crate) fn chain(place: &Place) -> WrittenChain {
    let size = 2 * MIB;
    Chain::new(Kind::Vmfs, Content::full(1, size))
        .delta(COWD, Content::mixed(2, size))
        .delta(Kind::SeSparse, Content::scattered(3, size, 4096, 40))
        .write(&place.dir(), "web")
}

/// A text descriptor `disk.vmdk` of a flat disk with one extent.
pub(crate) fn flat_text(extent: ExtentLine) -> Descriptor {
    Descriptor::new("monolithicFlat", &Lineage::default()).extent(extent)
}

/// `disk.qcow2` as QEMU writes it, and what it holds.
pub(crate) fn qcow2(place: &Place, options: &[&str]) -> Content {
    let content = mixed(11);
    let raw = place.raw("qcow2.raw", &content);
    qemu::convert(&raw, "raw", &place.path("disk.qcow2"), "qcow2", options);
    std::fs::remove_file(raw).unwrap();
    content
}

/// Data at both ends and a large hole between.
pub(crate) fn dumbbell(size: u64) -> Content {
    Content::empty(size)
        .with(Run::new(0, 64 * KIB, Pattern::Text(1)))
        .with(Run::new(size - 64 * KIB, 64 * KIB, Pattern::Random(2)))
}
