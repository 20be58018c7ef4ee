//! `<filesystem>`: directories of the host in the guest.

use super::address::{Address, DeviceAcpi, VirtioOptions};
use super::disk::VirtioModel;
use crate::element::Element;
use crate::macros::{model, values};
use crate::resources::Memory;
use crate::scalar::Unit;

model! {
    /// `<filesystem type='mount' accessmode='passthrough'>`
    #[derive(Default)]
    pub element Filesystem {
        /// Kind; `mount` if absent.
        kind: Option<FilesystemType> = attr("type"),
        /// Rights of files.
        access_mode: Option<AccessMode> = attr("accessmode"),
        /// Variant of the virtio device.
        model: Option<VirtioModel> = attr("model"),
        /// What several devices below the directory do.
        multidevs: Option<String> = attr("multidevs"),
        /// Mode of new files.
        fmode: Option<String> = attr("fmode"),
        /// Mode of new directories.
        dmode: Option<String> = attr("dmode"),
        /// How it is passed.
        driver: Option<FilesystemDriver> = child("driver"),
        /// The program of virtiofs.
        binary: Option<FilesystemBinary> = child("binary"),
        /// What is passed.
        source: Option<FilesystemSource> = child("source"),
        /// Tag that the guest mounts.
        target: Option<String> = sub("target", "dir"),
        /// The guest cannot write.
        readonly: bool = flag("readonly"),
        /// Most space.
        space_hard_limit: Option<Memory> = child("space_hard_limit"),
        /// Most space, can be passed for a while.
        space_soft_limit: Option<Memory> = child("space_soft_limit"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Filesystem {
    /// A directory by virtiofs; the guest's memory must be shared.
    pub fn virtiofs(dir: impl Into<String>, tag: impl Into<String>) -> Self {
        Self::default()
            .kind(FilesystemType::Mount)
            .access_mode(AccessMode::Passthrough)
            .driver(FilesystemDriver::default().kind(FilesystemDriverType::Virtiofs))
            .source(FilesystemSource::default().dir(dir))
            .target(tag)
    }

    /// A directory by 9p.
    pub fn p9(dir: impl Into<String>, tag: impl Into<String>) -> Self {
        Self::default()
            .kind(FilesystemType::Mount)
            .access_mode(AccessMode::Mapped)
            .source(FilesystemSource::default().dir(dir))
            .target(tag)
    }
}

values! {
    /// Kinds of file systems.
    pub enum FilesystemType {
        Mount = "mount", Template = "template", File = "file", Block = "block", Ram = "ram", Bind = "bind",
    }
}

values! {
    /// Rights of files.
    pub enum AccessMode { Passthrough = "passthrough", Mapped = "mapped", Squash = "squash" }
}

model! {
    /// `<driver type='virtiofs' queue='1024'/>`
    #[derive(Default)]
    pub element FilesystemDriver {
        /// How.
        kind: Option<FilesystemDriverType> = attr("type"),
        /// Format of an image.
        format: Option<String> = attr("format"),
        /// When writes reach the disk.
        wrpolicy: Option<String> = attr("wrpolicy"),
        /// Entries of the queue.
        queue: Option<u32> = attr("queue"),
        /// Options of virtio.
        virtio: VirtioOptions = group(),
    }
}

values! {
    /// How a directory is passed.
    pub enum FilesystemDriverType {
        Path = "path", Handle = "handle", Virtiofs = "virtiofs", Loop = "loop", Nbd = "nbd", Ploop = "ploop",
    }
}

model! {
    /// `<binary path='/usr/libexec/virtiofsd' xattr='on'>`
    #[derive(Default)]
    pub element FilesystemBinary {
        /// Path.
        path: Option<String> = attr("path"),
        /// Extended attributes.
        xattr: Option<bool> = on_off("xattr"),
        /// Cache of the guest.
        cache: Option<String> = sub("cache", "mode"),
        /// How the program is locked in.
        sandbox: Option<String> = sub("sandbox", "mode"),
        /// Locks; kept as they are.
        lock: Vec<Element> = raws("lock"),
        /// Threads.
        thread_pool: Option<u32> = sub("thread_pool", "size"),
    }
}

model! {
    /// `<source dir='/export/to/guest'/>`
    #[derive(Default)]
    pub element FilesystemSource {
        /// Directory.
        dir: Option<String> = attr("dir"),
        /// Image file.
        file: Option<String> = attr("file"),
        /// Block device.
        dev: Option<String> = attr("dev"),
        /// Template.
        name: Option<String> = attr("name"),
        /// Socket of a program started outside.
        socket: Option<String> = attr("socket"),
        /// Amount of memory (`ram`).
        usage: Option<u64> = attr("usage"),
        /// Unit of it.
        units: Option<Unit> = attr("units"),
    }
}
