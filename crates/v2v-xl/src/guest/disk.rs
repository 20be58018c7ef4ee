//! `disk`: xl-disk-configuration(5) and the forms before it.

use std::borrow::Cow;

use super::keys::{Item, Keys};
use crate::scalar::{Scalar, words};
use crate::{EntryId, VirtualDevice};

/// How the image is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiskFormat {
    /// The disk itself. xl's default.
    Raw,
    /// The first qcow.
    Qcow,
    /// qcow2.
    Qcow2,
    /// QED.
    Qed,
    /// VHD, called vpc by QEMU.
    Vhd,
    /// VMDK; only xm's `tap:vmdk:` had it.
    Vmdk,
    /// An empty drive.
    Empty,
}

words!(DiskFormat, "raw, qcow, qcow2, qed, vhd or empty", {
    "raw" | "aio" => Self::Raw,
    "qcow" => Self::Qcow,
    "qcow2" => Self::Qcow2,
    "qed" => Self::Qed,
    "vhd" => Self::Vhd,
    "empty" => Self::Empty,
});

/// What the guest may do with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `r`, `ro`.
    ReadOnly,
    /// `w`, `rw`.
    ReadWrite,
    /// `w!`, `!` of xm: others may write to it at the same time.
    Shared,
}

words!(Access, "r, ro, w, rw or w!", {
    "r" | "ro" => Self::ReadOnly,
    "w" | "rw" => Self::ReadWrite,
    "w!" | "rw!" | "!" => Self::Shared,
});

/// What serves the disk on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackendType {
    /// The kernel, for block devices.
    Phy,
    /// blktap.
    Tap,
    /// QEMU.
    Qdisk,
    /// A virtio backend beside the toolstack.
    Standalone,
}

words!(BackendType, "phy, tap, qdisk or standalone", {
    "phy" => Self::Phy,
    "tap" => Self::Tap,
    "qdisk" => Self::Qdisk,
    "standalone" => Self::Standalone,
});

/// The protocol between guest and host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Specification {
    /// Xen's.
    Xen,
    /// virtio-mmio (Arm).
    Virtio,
}

words!(Specification, "xen or virtio", {
    "xen" => Self::Xen,
    "virtio" => Self::Virtio,
});

/// One disk or CD-ROM.
///
/// Whatever form the item had (positional, `key=value`, a mix, or xm's `PREFIX:PATH,VDEV,ACCESS`), the fields mean the
/// same. A field is `None` if the item does not say it; what it says but can't be read is in
/// [`Guest::problems`](crate::Guest::problems) as well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disk {
    /// The setting.
    pub id: EntryId,
    /// The position among the items of `disk`, from 0.
    pub index: usize,
    /// The item as it is written.
    pub text: String,
    /// The image, device, or what else a script or QEMU takes, verbatim but for old prefixes; `Some("")` if it is there
    /// and empty. See [`path`](Self::path).
    pub target: Option<String>,
    /// Old prefixes in front of the target, in order and without colons: `["tap", "aio"]`. xl strips and ignores most.
    pub prefixes: Vec<String>,
    /// The format, from a parameter or a prefix.
    pub format: Option<DiskFormat>,
    /// What the guest sees, parsed.
    pub vdev: Option<VirtualDevice>,
    /// What the guest sees, as written, without `:cdrom`.
    pub vdev_text: Option<String>,
    /// Read or write. See [`is_read_only`](Self::is_read_only).
    pub access: Option<Access>,
    /// `devtype=cdrom`, `cdrom`, `:cdrom`.
    pub is_cdrom: bool,
    /// What serves it.
    pub backend_type: Option<BackendType>,
    /// The domain that serves it; 0 if none is given.
    pub backend: Option<String>,
    /// The script that makes a device of the target: `block-iscsi`, `block-drbd`.
    pub script: Option<String>,
    /// `discard` or `no-discard`.
    pub discard: Option<bool>,
    /// `direct-io-safe`.
    pub direct_io_safe: bool,
    /// The protocol.
    pub specification: Option<Specification>,
    /// Parameters without a counterpart here, such as `colo-host=..`, `trusted`, and those nobody knows.
    pub others: Vec<(String, Option<String>)>,
}

impl Disk {
    /// A CD-ROM drive with nothing in it.
    #[must_use]
    pub fn is_empty_drive(&self) -> bool {
        let no_target = self.target.as_ref().is_none_or(String::is_empty);
        no_target && (self.is_cdrom || self.format == Some(DiskFormat::Empty))
    }

    /// Whether the guest can't write to it. A CD-ROM can't be written to whatever it says.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.is_cdrom || self.access == Some(Access::ReadOnly)
    }

    /// The file or block device of the host, absolute: Xen puts `/dev/` before a name without a slash in front. `None`
    /// for an empty drive, a target for a script, and one with a protocol (`rbd:pool/image`).
    #[must_use]
    pub fn path(&self) -> Option<Cow<'_, str>> {
        let target = self.target.as_deref().filter(|target| !target.is_empty())?;
        if self.script.is_some() {
            return None;
        }
        if target.starts_with('/') {
            return Some(Cow::Borrowed(target));
        }
        (!target.contains(':')).then(|| Cow::Owned(format!("/dev/{target}")))
    }

    /// Reads one item.
    pub(super) fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let disk = Self {
            id: item.id,
            index: item.index,
            text: item.text.to_owned(),
            target: None,
            prefixes: Vec::new(),
            format: None,
            vdev: None,
            vdev_text: None,
            access: None,
            is_cdrom: false,
            backend_type: None,
            backend: None,
            script: None,
            discard: None,
            direct_io_safe: false,
            specification: None,
            others: Vec::new(),
        };
        let mut reader = Reader {
            disk,
            item,
            keys,
            next: Position::Target,
            is_old: false,
            names_format: false,
        };
        reader.read();
        reader.finish()
    }
}

/// Which positional parameter the next one without a name may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Position {
    Target,
    Format,
    Vdev,
    Access,
    None,
}

struct Reader<'a, 'k, 'c> {
    disk: Disk,
    item: Item<'a>,
    keys: &'k mut Keys<'c>,
    next: Position,
    /// The target has a prefix: no format follows it.
    is_old: bool,
    /// The format was given by name, so that its place is taken.
    names_format: bool,
}

impl<'a> Reader<'a, '_, '_> {
    fn read(&mut self) {
        let mut rest = self.item.text;
        while !rest.is_empty() {
            rest = rest.trim_start();
            // This one takes all there is, commas included.
            if let Some(target) = rest.strip_prefix("target=") {
                self.set_target(target.strip_suffix(',').unwrap_or(target));
                return;
            }
            let (parameter, after) = rest.split_once(',').unwrap_or((rest, ""));
            // A comma at the end of the item begins no further parameter.
            rest = after;
            self.parameter(parameter.trim_end());
        }
    }

    fn parameter(&mut self, text: &'a str) {
        match text.split_once('=') {
            Some((key, value)) if is_parameter_name(key) => self.named(text, key, value),
            _ if self.flag(text) => {}
            _ => self.positional(text),
        }
    }

    fn named(&mut self, text: &'a str, key: &'a str, value: &'a str) {
        match key {
            "format" => {
                self.names_format = true;
                self.set_format(value);
            }
            "vdev" => self.set_vdev(value),
            "access" => self.set_access(value),
            "devtype" => match value {
                "cdrom" => self.disk.is_cdrom = true,
                "disk" => {}
                _ => self.problem(value, "cdrom or disk"),
            },
            "backendtype" => self.disk.backend_type = self.keys.part(self.item, value),
            "backend" => self.disk.backend = Some(value.to_owned()),
            "script" => self.disk.script = Some(value.to_owned()),
            "specification" => self.disk.specification = self.keys.part(self.item, value),
            "readwrite" => {
                let access = self.keys.part::<bool>(self.item, value);
                self.disk.access = access.map(|write| {
                    if write {
                        Access::ReadWrite
                    } else {
                        Access::ReadOnly
                    }
                });
            }
            _ => {
                const KNOWN: &[&str] = &[
                    "colo-host",
                    "colo-port",
                    "colo-export",
                    "active-disk",
                    "hidden-disk",
                    "grant_usage",
                ];
                if !KNOWN.contains(&key) {
                    self.problem(text, "a parameter of xl-disk-configuration(5)");
                }
                self.disk
                    .others
                    .push((key.to_owned(), Some(value.to_owned())));
            }
        }
    }

    /// Parameters that are just a word; `false` for any other.
    fn flag(&mut self, text: &str) -> bool {
        match text {
            "cdrom" => self.disk.is_cdrom = true,
            "discard" => self.disk.discard = Some(true),
            "no-discard" => self.disk.discard = Some(false),
            "direct-io-safe" => self.disk.direct_io_safe = true,
            "readwrite" => self.disk.access = Some(Access::ReadWrite),
            "colo" | "no-colo" | "trusted" | "untrusted" => {
                self.disk.others.push((text.to_owned(), None))
            }
            _ => return false,
        }
        true
    }

    fn positional(&mut self, text: &'a str) {
        if self.next == Position::Target && self.disk.target.is_some() {
            self.next = Position::Format;
        }
        if self.next == Position::Format && (self.is_old || self.names_format) {
            self.next = Position::Vdev;
        }
        if self.next == Position::Vdev && self.disk.vdev_text.is_some() {
            self.next = Position::Access;
        }
        match self.next {
            Position::Target => {
                let target = self.without_prefixes(text);
                self.set_target(target);
                self.next = Position::Format;
            }
            // xend's empty drive: `,hdc:cdrom,r`.
            Position::Format if self.disk.target.as_deref() == Some("") && text.contains(':') => {
                self.set_vdev(text);
                self.disk.format = Some(DiskFormat::Empty);
                self.next = Position::Access;
            }
            Position::Format => {
                self.set_format(text);
                self.next = Position::Vdev;
            }
            Position::Vdev => {
                self.set_vdev(text);
                self.next = Position::Access;
            }
            Position::Access => {
                self.set_access(text);
                self.next = Position::None;
            }
            Position::None => self.problem(
                text,
                "no more than target, format, vdev and access without a name",
            ),
        }
    }

    /// Takes `tap:aio:` and the like off a target. What is no prefix of xend stays: `rbd:pool/image`.
    fn without_prefixes(&mut self, text: &'a str) -> &'a str {
        let mut rest = text;
        while let Some((prefix, after)) = rest.split_once(':') {
            match prefix {
                "raw" | "qcow" | "qcow2" | "vhd" | "aio" | "qed" => {
                    self.disk.format = DiskFormat::read(prefix)
                }
                // Only blktap had it, so that `vmdk:` alone is no prefix.
                "vmdk" if self.is_old => self.disk.format = Some(DiskFormat::Vmdk),
                "iscsi" | "nbd" | "enbd" | "drbd" => {
                    self.disk.script = Some(format!("block-{prefix}"))
                }
                "phy" | "file" | "tap" | "tap2" | "tapdisk" | "ioemu" => {}
                _ => break,
            }
            self.is_old = true;
            self.disk.prefixes.push(prefix.to_owned());
            rest = after;
            // What follows is the script's own, colons included.
            if self.disk.script.is_some() {
                break;
            }
        }
        rest
    }

    fn set_target(&mut self, target: &str) {
        match &self.disk.target {
            Some(known) if !known.is_empty() => self.problem(target, "one target"),
            _ => self.disk.target = Some(target.to_owned()),
        }
    }

    /// An empty one is raw, which is also what xl takes without any.
    fn set_format(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let format = self.keys.part::<DiskFormat>(self.item, text);
        match (self.disk.format, format) {
            (Some(known), Some(format)) if known != format => self.problem(text, "one format"),
            (None, _) => self.disk.format = format,
            _ => {}
        }
    }

    fn set_vdev(&mut self, text: &str) {
        let text = match text.rsplit_once(':') {
            Some((vdev, "cdrom")) => {
                self.disk.is_cdrom = true;
                vdev
            }
            Some((vdev, "disk")) => vdev,
            _ => text,
        };
        if let Some(known) = &self.disk.vdev_text {
            if known != text {
                self.problem(text, "one vdev");
            }
            return;
        }
        if text.is_empty() {
            return;
        }
        self.disk.vdev = text.parse().ok();
        self.disk.vdev_text = Some(text.to_owned());
        if self.disk.vdev.is_none() {
            self.problem(text, "a vdev such as xvda, hdc, sdb1 or d0p1");
        }
    }

    fn set_access(&mut self, text: &str) {
        if !text.is_empty() {
            self.disk.access = self.keys.part(self.item, text);
        }
    }

    fn problem(&mut self, found: &str, expected: &'static str) {
        self.keys.item_problem(self.item, found, expected);
    }

    fn finish(mut self) -> Disk {
        if self.disk.vdev_text.is_none() {
            self.problem(self.item.text, "a vdev, as in target,format,vdev,access");
        }
        let disk = &self.disk;
        let is_drive = disk.is_empty_drive()
            || disk
                .target
                .as_ref()
                .is_some_and(|target| !target.is_empty());
        if !is_drive {
            self.problem(
                self.item.text,
                "a target, which only a CD-ROM drive may lack",
            );
        }
        self.disk
    }
}

fn is_parameter_name(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && bytes.all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        })
}
