//! What the caller wants: every choice that the source does not make.
//!
//! [`Policy::default`] is what the commands do without options. All fields are plain data, so that an embedder sets
//! them and a job file can hold them.

mod device;
mod place;
mod tuning;

use crate::network::NetworkMap;

pub use device::{
    CpuChoice, DeviceChoice, DiskBus, Firmware, Machine, NicModel, ParseChoiceError, Profile,
    SoundModel, VideoModel,
};
pub use place::{DiskFormat, DiskPlace, PathRule, TargetDisks};
pub use tuning::{
    Cache, HugePages, IoMode, IoTune, LibvirtVersion, MemTune, ParseTuningError, PciAddress, Tuning,
};

/// Every choice that the source does not make.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// The domain's name; the source's if not given.
    pub name: Option<String>,
    /// How devices are chosen where nothing below says it.
    pub profile: Profile,
    /// The machine type; by guest age and firmware if not given.
    pub machine: Option<Machine>,
    /// The firmware; the source's, or what the disk shows, if not given.
    pub firmware: Option<Firmware>,
    /// Secure Boot; the source's if not given.
    pub secure_boot: Option<bool>,
    /// The CPU the guest sees.
    pub cpu: CpuChoice,
    /// The emulator's path; libvirt's choice if not given.
    pub emulator: Option<String>,
    /// Disk buses, by slot (`scsi0:0`).
    pub disk_bus: DeviceChoice<DiskBus>,
    /// Models of network cards, by MAC address in lower case.
    pub nic_model: DeviceChoice<NicModel>,
    /// The video card.
    pub video: Option<VideoModel>,
    /// The sound card; the source's if not given.
    pub sound: Option<SoundModel>,
    /// Where the disks of the target lie, and in which format.
    pub disks: TargetDisks,
    /// Which network becomes which, and which directory of the source lies where.
    pub networks: NetworkMap,
    /// Memory in bytes for a source that does not say it; beats the source if given.
    pub memory: Option<u64>,
    /// Upper limit of virtual CPUs for hot-add.
    pub vcpu_max: Option<u32>,
    /// Upper limit of memory in bytes for hot-add.
    pub memory_max: Option<u64>,
    /// What of the old host's settings is carried, because the caller says it is still true.
    pub keep: Keep,
    /// Clock rate of the source host, which turns limits in MHz into quotas.
    pub host_mhz: Option<u32>,
    /// Byte order of the UUID.
    pub uuid_order: UuidOrder,
    /// Passed-through devices: slot of the source (`pciPassthru0`) and the address on the new host.
    pub passthrough: Vec<(String, PciAddress)>,
    /// What a KVM host's administrator tunes.
    pub tuning: Tuning,
    /// The oldest libvirt that has to take the result.
    pub libvirt: LibvirtVersion,
    /// What only a Xen domain leaves open.
    pub xen: XenChoices,
}

/// Choices that no libvirt takes together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// An NVMe disk for a libvirt that has none.
    #[error(
        "disk bus nvme needs libvirt {since}, the target is {found}; use sata, or name the target's version"
    )]
    Nvme {
        /// The first version that has them.
        since: LibvirtVersion,
        /// The target's.
        found: LibvirtVersion,
    },
    /// Linux AIO over the page cache.
    #[error("I/O mode native needs cache none or directsync; QEMU refuses it otherwise")]
    NativeThroughCache,
}

impl Policy {
    /// Whether the choices can stand together.
    ///
    /// # Errors
    ///
    /// [`PolicyError`], the first pair that can't.
    pub fn check(&self) -> Result<(), PolicyError> {
        let buses = self.disk_bus.each.iter().map(|(_, bus)| *bus);
        let is_nvme = buses
            .chain(self.disk_bus.all)
            .any(|bus| bus == DiskBus::Nvme);
        if is_nvme && self.libvirt < LibvirtVersion::NVME {
            return Err(PolicyError::Nvme {
                since: LibvirtVersion::NVME,
                found: self.libvirt,
            });
        }
        let passes_by = matches!(self.tuning.cache, Some(Cache::None | Cache::Directsync));
        if self.tuning.io == Some(IoMode::Native) && !passes_by {
            return Err(PolicyError::NativeThroughCache);
        }
        Ok(())
    }
}

/// What of the old host's settings is carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// `sched.cpu.affinity`: the CPUs of the new host are numbered like those of the old one.
    pub affinity: bool,
    /// `sched.mem.max` as a soft limit.
    pub limits: bool,
    /// The serial number VMware shows in SMBIOS.
    pub smbios: bool,
    /// The password of the VNC display, which stands in the configuration in clear text.
    pub vnc_password: bool,
}

/// Choices that only a Xen domain leaves open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct XenChoices {
    /// Disks that are partitions (`xvda1` without an `xvda`) stay one image each, as whole disks with a bare file system,
    /// instead of being merged into one disk with a partition table. Such a guest boots only with a direct kernel.
    pub keep_layout: bool,
    /// How the guest starts; if not given, from its disk, and a kernel of the Xen host is not carried.
    pub boot: Option<BootChoice>,
    /// The video card of the source stays where KVM has it, `cirrus` for one, instead of the default `vga`.
    pub keep_video: bool,
}

/// How a guest starts that Xen started from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootChoice {
    /// The firmware starts the boot loader on the guest's disk.
    Disk,
    /// libvirt loads kernel, initrd and command line from files of the KVM host.
    Direct,
}

impl std::str::FromStr for BootChoice {
    type Err = ParseChoiceError;

    fn from_str(text: &str) -> Result<BootChoice, ParseChoiceError> {
        match text {
            "disk" => Ok(BootChoice::Disk),
            "direct" => Ok(BootChoice::Direct),
            _ => Err(ParseChoiceError {
                what: "boot method",
                found: text.to_owned(),
                expected: &["disk", "direct"],
            }),
        }
    }
}

/// In which byte order the 16 bytes of `uuid.bios` become the domain's UUID.
///
/// VMware puts them into SMBIOS in file order. Since SMBIOS 2.6 the first three groups are little-endian, so a guest
/// shows them swapped: Windows always, others from virtual hardware 13 on, which has a newer SMBIOS (VMware KB 53609,
/// KB 1880). QEMU has SMBIOS 2.8 and swaps the groups on the way in, so the guest shows the domain's own UUID.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UuidOrder {
    /// The UUID that the guest showed on VMware, so that it does not change.
    #[default]
    Guest,
    /// As the file has them.
    File,
    /// The first three groups swapped.
    Swapped,
}

impl std::str::FromStr for UuidOrder {
    type Err = ParseChoiceError;

    fn from_str(text: &str) -> Result<UuidOrder, ParseChoiceError> {
        match text {
            "guest" => Ok(UuidOrder::Guest),
            "file" => Ok(UuidOrder::File),
            "swapped" => Ok(UuidOrder::Swapped),
            _ => Err(ParseChoiceError {
                what: "UUID order",
                found: text.to_owned(),
                expected: &["guest", "file", "swapped"],
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_that_exclude_each_other() {
        let mut policy = Policy::default();
        assert_eq!(policy.check(), Ok(()));
        policy.disk_bus.add("scsi0:1=nvme").unwrap();
        assert_eq!(
            policy.check().unwrap_err().to_string(),
            "disk bus nvme needs libvirt 11.5, the target is 9.0; use sata, or name the target's version"
        );
        policy.libvirt = "11.5".parse().unwrap();
        assert_eq!(policy.check(), Ok(()));
        policy.tuning.io = Some(IoMode::Native);
        assert_eq!(policy.check(), Err(PolicyError::NativeThroughCache));
        policy.tuning.cache = Some(Cache::None);
        assert_eq!(policy.check(), Ok(()));
    }

    #[test]
    fn boot_methods_have_names() {
        assert_eq!("disk".parse(), Ok(BootChoice::Disk));
        assert_eq!("direct".parse(), Ok(BootChoice::Direct));
        assert_eq!(
            "grub".parse::<BootChoice>().unwrap_err().to_string(),
            "boot method is \"grub\", expected one of disk, direct"
        );
    }
}
