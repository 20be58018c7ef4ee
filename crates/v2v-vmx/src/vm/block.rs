//! Disks, CD-ROMs and floppies.

use super::group::Group;
use super::{Bus, Presence, Slot};
use crate::value::{Limit, Setting, Shares, words};
use crate::{EntryId, FileName};

/// A disk, CD-ROM or floppy drive, present or not. Keys stand under `SLOT.`, some under `sched.SLOT.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDevice {
    /// Where it is plugged in.
    pub slot: Slot,
    /// Whether it is there.
    pub presence: Presence,
    /// `fileName`.
    pub file_name: Option<Setting<FileName>>,
    /// `deviceType`.
    pub device_type: Option<Setting<DeviceType>>,
    /// `fileType` of a floppy.
    pub file_type: Option<Setting<FloppyFileType>>,
    /// `mode`; absent and empty both mean persistent.
    pub mode: Option<Setting<DiskMode>>,
    /// `redo`: name of an uncommitted redo log; empty means none.
    pub redo: Option<Setting<FileName>>,
    /// `writeThrough`.
    pub write_through: Option<Setting<bool>>,
    /// `virtualSSD`.
    pub virtual_ssd: Option<Setting<bool>>,
    /// `sharing`.
    pub sharing: Option<Setting<Sharing>>,
    /// `readonly`.
    pub read_only: Option<Setting<bool>>,
    /// `startConnected`.
    pub start_connected: Option<Setting<bool>>,
    /// `clientDevice`: the medium is in a drive of whoever looks at the console.
    pub client_device: Option<Setting<bool>>,
    /// `autodetect`.
    pub auto_detect: Option<Setting<bool>>,
    /// `ctkEnabled`: changed blocks are tracked.
    pub change_tracking: Option<Setting<bool>>,
    /// `sched.SLOT.shares`.
    pub shares: Option<Setting<Shares>>,
    /// `sched.SLOT.throughputCap`, in operations per second.
    pub throughput_cap: Option<Setting<Limit>>,
    /// `sched.SLOT.bandwidthCap`, in KiB per second.
    pub bandwidth_cap: Option<Setting<Limit>>,
    /// All keys of the device.
    pub ids: Vec<EntryId>,
}

/// `deviceType`, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceType {
    /// `disk`.
    Disk,
    /// `scsi-hardDisk`.
    ScsiHardDisk,
    /// `ata-hardDisk`.
    AtaHardDisk,
    /// `plainDisk`: a file or device with the plain contents; its descriptor tells which.
    PlainDisk,
    /// `rawDisk`: a device of the host behind a descriptor; the descriptor tells.
    RawDisk,
    /// `cdrom-image`.
    CdromImage,
    /// `cdrom-raw`.
    CdromRaw,
    /// `atapi-cdrom`.
    AtapiCdrom,
    /// `scsi-passthru`.
    ScsiPassthrough,
    /// `scsi-passthru-rdm`: a raw device map in physical mode.
    PassthroughRdm,
    /// `scsi-nonpassthru-rdm`: a raw device map in virtual mode.
    NonPassthroughRdm,
}

words!(DeviceType, "disk, scsi-hardDisk, ata-hardDisk, plainDisk, rawDisk, cdrom-image, cdrom-raw, atapi-cdrom, \
    scsi-passthru, scsi-passthru-rdm or scsi-nonpassthru-rdm", {
    "disk" => Self::Disk,
    "scsi-hardDisk" => Self::ScsiHardDisk,
    "ata-hardDisk" => Self::AtaHardDisk,
    "plainDisk" => Self::PlainDisk,
    "rawDisk" => Self::RawDisk,
    "cdrom-image" => Self::CdromImage,
    "cdrom-raw" => Self::CdromRaw,
    "atapi-cdrom" => Self::AtapiCdrom,
    "scsi-passthru" => Self::ScsiPassthrough,
    "scsi-passthru-rdm" => Self::PassthroughRdm,
    "scsi-nonpassthru-rdm" => Self::NonPassthroughRdm,
});

/// `fileType` of a floppy drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloppyFileType {
    /// An image.
    File,
    /// A drive of the host.
    Device,
}

words!(FloppyFileType, "file or device", {
    "file" => Self::File,
    "device" => Self::Device,
});

/// `mode` of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiskMode {
    /// Writes stay, snapshots include the disk.
    Persistent,
    /// Writes stay, snapshots leave the disk alone.
    IndependentPersistent,
    /// Writes are lost at power-off; snapshots leave the disk alone.
    IndependentNonpersistent,
    /// Writes are lost at power-off.
    Nonpersistent,
    /// The user is asked at power-off (old products).
    Undoable,
    /// Writes are added to a redo log (old products).
    Append,
}

words!(DiskMode, "persistent, nonpersistent, independent-persistent, independent-nonpersistent, undoable or append", {
    "persistent" => Self::Persistent,
    "independent-persistent" | "independent_persistent" => Self::IndependentPersistent,
    "independent-nonpersistent" | "independent_nonpersistent" => Self::IndependentNonpersistent,
    "nonpersistent" => Self::Nonpersistent,
    "undoable" => Self::Undoable,
    "append" => Self::Append,
});

/// `sharing` of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// `sharingNone`, `none`.
    None,
    /// `multi-writer`: several virtual machines write to it.
    MultiWriter,
}

words!(Sharing, "multi-writer, sharingNone or none", {
    "multi-writer" | "sharingMultiWriter" => Self::MultiWriter,
    "none" | "sharingNone" | "nosharing" => Self::None,
});

/// What a device is, present or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockKind {
    /// A hard disk with a `.vmdk`.
    HardDisk,
    /// A hard disk that names a device of the host instead of a `.vmdk`.
    RawDevice,
    /// A SCSI device or raw device map of the host.
    Passthrough,
    /// A CD-ROM with an image.
    CdromImage,
    /// A CD-ROM drive of the host, or of whoever looks at the console.
    CdromHost,
    /// A floppy drive with an image.
    FloppyImage,
    /// A floppy drive of the host.
    FloppyHost,
    /// Neither type nor name tell.
    Unknown,
}

/// What is in a CD-ROM or floppy drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium<'a> {
    /// This image, if the file is there.
    Image(&'a FileName),
    /// Nothing that could come along.
    Empty(NoMedium),
}

/// Why a drive is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoMedium {
    /// No name, or `emptyBackingString`.
    Empty,
    /// `auto detect`: whatever drive the host has.
    AutoDetect,
    /// A drive of the host.
    HostDevice,
    /// A drive of whoever looks at the console.
    ClientDevice,
    /// An image with VMware Tools.
    ToolsImage,
}

impl BlockDevice {
    pub(super) fn read(slot: Slot, group: &mut Group<'_, '_>) -> Self {
        let mut presence = group.presence(&["filename"]);
        // The one device that is there unless something says otherwise.
        if slot.bus == Bus::Floppy && presence == Presence::Absent(super::Absence::NotDeclared) {
            presence = Presence::Default;
        }
        Self {
            slot,
            presence,
            file_name: group.file_name("filename"),
            device_type: group.read_filled("devicetype"),
            file_type: group.read_filled("filetype"),
            mode: group.read_filled("mode"),
            redo: group.file_name("redo"),
            write_through: group.read("writethrough"),
            virtual_ssd: group.read("virtualssd"),
            sharing: group.read_filled("sharing"),
            read_only: group.read("readonly"),
            start_connected: group.read("startconnected"),
            client_device: group.read("clientdevice"),
            auto_detect: group.read("autodetect"),
            change_tracking: group.read("ctkenabled"),
            shares: group.read_filled("sched.shares"),
            throughput_cap: group.read_filled("sched.throughputcap"),
            bandwidth_cap: group.read_filled("sched.bandwidthcap"),
            ids: group.ids(),
        }
    }

    /// What the device is, by its type, and by its name where that is missing.
    ///
    /// A hard disk's type counts on every bus; a name in `.iso` makes a CD-ROM of it.
    #[must_use]
    pub fn kind(&self) -> BlockKind {
        if self.slot.bus == Bus::Floppy {
            return self.floppy_kind();
        }
        let is_iso = self.has_extension("iso");
        let is_vmdk = self.has_extension("vmdk");
        match self.device_type.map(|setting| setting.value) {
            Some(DeviceType::CdromImage) => BlockKind::CdromImage,
            Some(DeviceType::CdromRaw | DeviceType::AtapiCdrom) if is_iso => BlockKind::CdromImage,
            Some(DeviceType::CdromRaw | DeviceType::AtapiCdrom) => BlockKind::CdromHost,
            // ESX passes a drive of the host through under the name of the drive.
            Some(DeviceType::ScsiPassthrough) if self.names_optical_drive() => BlockKind::CdromHost,
            Some(
                DeviceType::ScsiPassthrough
                | DeviceType::PassthroughRdm
                | DeviceType::NonPassthroughRdm,
            ) => BlockKind::Passthrough,
            _ if is_iso => BlockKind::CdromImage,
            _ if is_vmdk => BlockKind::HardDisk,
            disk if self.is_host_device() => match disk {
                Some(_) => BlockKind::RawDevice,
                None => self.untyped_host_device(),
            },
            Some(_) => BlockKind::HardDisk,
            None => BlockKind::Unknown,
        }
    }

    /// Without a type, a name such as `/dev/cdrom` tells; other devices are disks, VMware's default.
    fn untyped_host_device(&self) -> BlockKind {
        let name = self.name().map_or("", FileName::text);
        // `D:` can only be a drive; disks of a Windows host are \\.\PhysicalDrive0.
        let is_drive = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_drive || self.names_optical_drive() {
            BlockKind::CdromHost
        } else {
            BlockKind::RawDevice
        }
    }

    fn names_optical_drive(&self) -> bool {
        let name = self.name().map_or("", FileName::text);
        [
            "/dev/cd",
            "/dev/dvd",
            "/dev/sr",
            "/dev/scd",
            "/vmfs/devices/cdrom/",
        ]
        .iter()
        .any(|device| name.starts_with(device))
    }

    fn floppy_kind(&self) -> BlockKind {
        let is_device = self.file_type.map(|setting| setting.value) == Some(FloppyFileType::Device);
        let no_image = matches!(self.medium(), Medium::Empty(_));
        if is_device || no_image {
            BlockKind::FloppyHost
        } else {
            BlockKind::FloppyImage
        }
    }

    /// What is in the drive, if this is a CD-ROM or floppy.
    #[must_use]
    pub fn medium(&self) -> Medium<'_> {
        let is = |setting: Option<Setting<bool>>| setting.is_some_and(|setting| setting.value);
        let name = self.name();
        let text = name.map_or("", FileName::text).trim();
        let is_image = self.has_extension("iso");
        let host_type = matches!(
            self.device_type.map(|setting| setting.value),
            Some(DeviceType::CdromRaw | DeviceType::AtapiCdrom)
        );
        let host_floppy =
            self.file_type.map(|setting| setting.value) == Some(FloppyFileType::Device);
        let why =
            if is(self.client_device) || text.eq_ignore_ascii_case("vmware-null-remote-floppy") {
                NoMedium::ClientDevice
            } else if text.is_empty() || text.eq_ignore_ascii_case("emptyBackingString") {
                NoMedium::Empty
            } else if text.eq_ignore_ascii_case("auto detect") {
                NoMedium::AutoDetect
            } else if host_floppy || self.is_host_device() || (host_type && !is_image) {
                NoMedium::HostDevice
            } else if name.is_some_and(FileName::is_tools_image) {
                NoMedium::ToolsImage
            } else if let Some(name) = name {
                return Medium::Image(name);
            } else {
                NoMedium::Empty
            };
        Medium::Empty(why)
    }

    /// The file name without the entry it comes from.
    #[must_use]
    pub fn name(&self) -> Option<&FileName> {
        self.file_name.as_ref().map(|setting| &setting.value)
    }

    /// The redo log that was never committed, if the file names one.
    #[must_use]
    pub fn open_redo(&self) -> Option<&Setting<FileName>> {
        self.redo
            .as_ref()
            .filter(|setting| !setting.value.text().trim().is_empty())
    }

    fn has_extension(&self, extension: &str) -> bool {
        self.name()
            .is_some_and(|name| name.has_extension(extension))
    }

    fn is_host_device(&self) -> bool {
        self.name().is_some_and(FileName::is_host_device)
    }
}
