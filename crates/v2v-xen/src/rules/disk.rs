//! Disks, CD-ROM and floppy drives.

mod driver;
mod layout;
mod medium;
mod partition;
mod source;
mod target;
mod tuning;

use v2v_xml::NodeId;

use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "disk-alias",
        xpath: "/domain/devices/disk",
        when: "two of them have one source, one as hda or sda and one as xvda",
        why: "Xen shows an emulated disk a second time to paravirtual drivers; KVM has it once",
        apply: source::remove_alias,
    },
    Rule {
        id: "disk-backend",
        xpath: "/domain/devices/disk/backenddomain",
        when: "it is there, or a script",
        why: "a KVM host has no driver domains and runs no scripts for disks",
        apply: source::remove_backend,
    },
    Rule {
        id: "disk-driver",
        xpath: "/domain/devices/disk/driver",
        when: "the name is not qemu, or the type no format",
        why: "QEMU reads the image; its format is said, so that nothing is ever probed",
        apply: driver::set,
    },
    Rule {
        id: "disk-medium",
        xpath: "/domain/devices/disk[@device='cdrom']/source",
        when: "it is a drive of the old host, or the image is not there",
        why: "an empty drive starts, one without its medium does not",
        apply: medium::remove,
    },
    Rule {
        id: "disk-missing",
        xpath: "/domain/devices/disk/source",
        when: "a hard disk has none, or nothing lies there",
        why: "the domain can't start without it",
        apply: source::tell_missing,
    },
    Rule {
        id: "disk-tuning",
        xpath: "/domain/devices/disk/driver",
        when: "cache mode, I/O mode or limits were asked for",
        why: "the caller tunes the new host",
        apply: tuning::set,
    },
    Rule {
        id: "disk-path",
        xpath: "/domain/devices/disk/source",
        when: "--disk-map names it",
        why: "the images lie elsewhere on the KVM host",
        apply: source::map,
    },
    Rule {
        id: "disk-type",
        xpath: "/domain/devices/disk/@type",
        when: "a device is called a file, or a mapped file a device",
        why: "QEMU opens devices and files in different ways and refuses the other",
        apply: source::set_type,
    },
    Rule {
        id: "disk-share",
        xpath: "/domain/devices/disk/shareable",
        when: "it is there",
        why: "several machines write to it: the host must not cache it, and the format must be raw",
        apply: source::share,
    },
    Rule {
        id: "disk-partition",
        xpath: "/domain/devices/disk/target/@dev",
        when: "it is a partition, xvda1",
        why: "only Xen makes a disk look like a partition",
        apply: partition::tell,
    },
    Rule {
        id: "disk-controller",
        xpath: "/domain/devices/controller[@type='scsi']",
        when: "a disk goes to SCSI",
        why: "without one libvirt adds a 53C895A, which few guests drive today",
        apply: target::add_controllers,
    },
    Rule {
        id: "disk-target",
        xpath: "/domain/devices/disk/target",
        when: "the bus is Xen's, IDE or SCSI, or the name has gaps",
        why: "KVM has no Xen bus; the guest counts disks by their order",
        apply: target::set,
    },
];

/// What a drive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A hard disk, also one that is passed through as a whole.
    Disk,
    Cdrom,
    Floppy,
}

fn kind(work: &Work<'_>, disk: NodeId) -> Kind {
    match work.attribute(disk, "device").as_str() {
        "cdrom" => Kind::Cdrom,
        "floppy" => Kind::Floppy,
        _ => Kind::Disk,
    }
}

fn disks(work: &Work<'_>) -> Vec<NodeId> {
    work.all("devices/disk")
}

/// The name in the source, such as `xvda`.
fn name(work: &Work<'_>, disk: NodeId) -> String {
    let target = work.document.child(disk, "target");
    let dev = target.map_or_else(String::new, |target| work.attribute(target, "dev"));
    if dev.is_empty() {
        "disk".to_owned()
    } else {
        dev
    }
}

/// The file or device of a disk: the element, its attribute, the path.
fn path(work: &Work<'_>, disk: NodeId) -> Option<(NodeId, &'static str, String)> {
    let source = work.document.child(disk, "source")?;
    let path = |name| (source, name, work.attribute(source, name));
    let found = match work.attribute(disk, "type").as_str() {
        "block" => [path("dev"), path("file")],
        "file" | "" => [path("file"), path("dev")],
        _ => return None,
    };
    found.into_iter().find(|(_, _, path)| !path.is_empty())
}

/// The path of the source where `--disk-map` says that it lies elsewhere.
fn mapped(work: &Work<'_>, path: &str) -> Option<String> {
    let map = &work.policy.disks.map;
    map.iter().find_map(|rule| rule.apply(path))
}
