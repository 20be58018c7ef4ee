//! What a virtual machine is apart from its devices: identity, processors, memory, firmware, and how it is run.

use super::Vtpm;
use super::group::{read, text_of};
use crate::value::{
    Affinity, DetailedData, Limit, Setting, Shares, Uuid, Value, ValueProblem, words,
};
use crate::{Document, EntryId, FileName};

/// Keys by their full name.
pub(super) struct Keys<'a, 'p> {
    pub(super) document: &'a Document,
    pub(super) problems: &'p mut Vec<ValueProblem>,
}

impl Keys<'_, '_> {
    pub(super) fn id(&self, key: &str) -> Option<EntryId> {
        self.document.get(key).map(crate::Entry::id)
    }

    pub(super) fn text(&self, key: &str) -> Option<Setting<String>> {
        self.document.get(key).map(text_of)
    }

    pub(super) fn file_name(&self, key: &str) -> Option<Setting<FileName>> {
        let entry = self.document.get(key)?;
        Some(Setting {
            id: entry.id(),
            value: self.document.file_name(entry),
        })
    }

    pub(super) fn read<T: Value>(&mut self, key: &str) -> Option<Setting<T>> {
        read(self.document.get(key)?, self.problems)
    }

    /// As [`read`](Self::read), but an empty value is none.
    pub(super) fn read_filled<T: Value>(&mut self, key: &str) -> Option<Setting<T>> {
        let entry = self.document.get(key)?;
        if entry.value().trim().is_empty() {
            return None;
        }
        read(entry, self.problems)
    }
}

/// Who the virtual machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `displayName`, as it is written; [`name`](Self::name) has vSphere's escapes replaced.
    pub display_name: Option<Setting<String>>,
    /// `annotation`: what the owner wrote, often several lines.
    pub annotation: Option<Setting<String>>,
    /// `uuid.bios`, which the guest sees in its SMBIOS tables.
    pub uuid_bios: Option<Setting<Uuid>>,
    /// `uuid.location`.
    pub uuid_location: Option<Setting<Uuid>>,
    /// `vc.uuid`: who vCenter takes it for.
    pub vc_uuid: Option<Setting<Uuid>>,
    /// `vm.genid`: the lower half of the generation id.
    pub genid: Option<Setting<i64>>,
    /// `vm.genidX`: the upper half.
    pub genid_x: Option<Setting<i64>>,
}

impl Identity {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            display_name: keys.text("displayname"),
            annotation: keys.text("annotation"),
            uuid_bios: keys.read_filled("uuid.bios"),
            uuid_location: keys.read_filled("uuid.location"),
            vc_uuid: keys.read_filled("vc.uuid"),
            genid: keys.read_filled("vm.genid"),
            genid_x: keys.read_filled("vm.genidx"),
        }
    }

    /// The display name with `%25`, `%2f` and `%5c` replaced, which is how vSphere writes `%`, `/` and `\` in names.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.display_name
            .as_ref()
            .map(|setting| decode_name(&setting.value))
    }
}

/// Replaces `%25`, `%2f` and `%5c`, in either case, and nothing else.
///
/// ```
/// assert_eq!(v2v_vmx::decode_name("web%2fdb 100%25 %41"), "web/db 100% %41");
/// ```
#[must_use]
pub fn decode_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, from)) = rest.find('%').and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        let code = from.get(..3).unwrap_or_default().to_ascii_lowercase();
        let decoded = match code.as_str() {
            "%25" => Some('%'),
            "%2f" => Some('/'),
            "%5c" => Some('\\'),
            _ => None,
        };
        out.push(decoded.unwrap_or('%'));
        let taken = if decoded.is_some() { 3 } else { 1 };
        rest = from.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// What the guest is said to be, and what the virtual hardware is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// `guestOS`: what somebody once chose, as it is spelt.
    pub guest_os: Option<Setting<String>>,
    /// `guestOSAltName`: its long name.
    pub guest_os_alt_name: Option<Setting<String>>,
    /// `guestInfo.detailed.data`, else `guestOS.detailed.data`: what VMware Tools saw.
    pub detailed_data: Option<Setting<DetailedData>>,
    /// `architecture`: `arm64` on ESXi on Arm.
    pub architecture: Option<Setting<String>>,
    /// `virtualHW.version`.
    pub hardware_version: Option<Setting<u32>>,
    /// `virtualHW.productCompatibility`: `hosted` or `esx`.
    pub product_compatibility: Option<Setting<String>>,
    /// `config.version`.
    pub config_version: Option<Setting<u32>>,
}

impl Platform {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        let detailed = keys.read_filled("guestinfo.detailed.data");
        Self {
            guest_os: keys.text("guestos"),
            guest_os_alt_name: keys.text("guestosaltname"),
            detailed_data: detailed.or_else(|| keys.read_filled("guestos.detailed.data")),
            architecture: keys.text("architecture"),
            hardware_version: keys.read("virtualhw.version"),
            product_compatibility: keys.text("virtualhw.productcompatibility"),
            config_version: keys.read("config.version"),
        }
    }
}

/// Memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// `memsize`, in MiB. Any number is read; whether it makes sense is the caller's question.
    pub size_mib: Option<Setting<u64>>,
    /// `mem.hotadd`.
    pub hot_add: Option<Setting<bool>>,
    /// `sched.mem.min`: the reservation, in MiB.
    pub min_mib: Option<Setting<u64>>,
    /// `sched.mem.minSize`, in MiB.
    pub min_size_mib: Option<Setting<u64>>,
    /// `sched.mem.max`, in MiB.
    pub max_mib: Option<Setting<Limit>>,
    /// `sched.mem.shares`.
    pub shares: Option<Setting<Shares>>,
    /// `sched.mem.pin`: all memory is reserved.
    pub pin: Option<Setting<bool>>,
    /// `sched.mem.pshare.enable`: equal pages may be shared.
    pub page_sharing: Option<Setting<bool>>,
}

impl Memory {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            size_mib: keys.read("memsize"),
            hot_add: keys.read("mem.hotadd"),
            min_mib: keys.read_filled("sched.mem.min"),
            min_size_mib: keys.read_filled("sched.mem.minsize"),
            max_mib: keys.read_filled("sched.mem.max"),
            shares: keys.read_filled("sched.mem.shares"),
            pin: keys.read("sched.mem.pin"),
            page_sharing: keys.read("sched.mem.pshare.enable"),
        }
    }
}

/// Processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// `numvcpus`; absent means 1. Any number is read.
    pub count: Option<Setting<u32>>,
    /// `cpuid.coresPerSocket`; absent means 1, 0 automatic.
    pub cores_per_socket: Option<Setting<u32>>,
    /// `maxvcpus`.
    pub max_count: Option<Setting<u32>>,
    /// `vcpu.hotadd`.
    pub hot_add: Option<Setting<bool>>,
    /// `vcpu.hotremove`.
    pub hot_remove: Option<Setting<bool>>,
    /// `sched.cpu.shares`.
    pub shares: Option<Setting<Shares>>,
    /// `sched.cpu.units`, as it is spelt; `mhz`.
    pub units: Option<Setting<String>>,
    /// `sched.cpu.min`: the reservation, in `units`.
    pub min: Option<Setting<u64>>,
    /// `sched.cpu.max`, in `units`.
    pub max: Option<Setting<Limit>>,
    /// `sched.cpu.affinity`.
    pub affinity: Option<Setting<Affinity>>,
    /// `sched.cpu.latencySensitivity`, as it is spelt.
    pub latency_sensitivity: Option<Setting<String>>,
    /// `vhv.enable`: the guest may run virtual machines.
    pub nested: Option<Setting<bool>>,
    /// `vpmc.enable`: the guest has performance counters.
    pub performance_counters: Option<Setting<bool>>,
    /// `vvtd.enable`: the guest has an IOMMU.
    pub iommu: Option<Setting<bool>>,
    /// `hypervisor.cpuid.v0`: FALSE hides the hypervisor.
    pub hypervisor_leaf: Option<Setting<bool>>,
    /// `numa.nodeAffinity`.
    pub node_affinity: Option<Setting<Affinity>>,
    /// `numa.vcpu.maxPerVirtualNode`.
    pub max_per_virtual_node: Option<Setting<u32>>,
}

impl Cpu {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            count: keys.read("numvcpus"),
            cores_per_socket: keys.read("cpuid.corespersocket"),
            max_count: keys.read("maxvcpus"),
            hot_add: keys.read("vcpu.hotadd"),
            hot_remove: keys.read("vcpu.hotremove"),
            shares: keys.read_filled("sched.cpu.shares"),
            units: keys.text("sched.cpu.units"),
            min: keys.read_filled("sched.cpu.min"),
            max: keys.read_filled("sched.cpu.max"),
            affinity: keys.read_filled("sched.cpu.affinity"),
            latency_sensitivity: keys.text("sched.cpu.latencysensitivity"),
            nested: keys.read("vhv.enable"),
            performance_counters: keys.read("vpmc.enable"),
            iommu: keys.read("vvtd.enable"),
            hypervisor_leaf: keys.read("hypervisor.cpuid.v0"),
            node_affinity: keys.read_filled("numa.nodeaffinity"),
            max_per_virtual_node: keys.read_filled("numa.vcpu.maxpervirtualnode"),
        }
    }
}

/// Firmware and what protects the guest's secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firmware {
    /// `firmware`; absent means BIOS.
    pub kind: Option<Setting<FirmwareKind>>,
    /// `uefi.secureBoot.enabled`.
    pub secure_boot: Option<Setting<bool>>,
    /// `nvram`.
    pub nvram: Option<Setting<FileName>>,
    /// `vtpm`.
    pub vtpm: Option<Vtpm>,
    /// `encryption.keySafe`: keys, locked. Not to be shown.
    pub encryption_key_safe: Option<EntryId>,
    /// `encryption.data`: encrypted settings. Not to be shown.
    pub encryption_data: Option<EntryId>,
    /// `vmx.encryptionType`: `partial` if most settings can be read.
    pub encryption_type: Option<Setting<String>>,
    /// `encryptedVM.guid`.
    pub encrypted_vm_guid: Option<Setting<String>>,
}

/// `firmware`, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirmwareKind {
    /// `bios`.
    Bios,
    /// `efi`.
    Efi,
}

words!(FirmwareKind, "bios or efi", {
    "bios" => Self::Bios,
    "efi" => Self::Efi,
});

impl Firmware {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            kind: keys.read_filled("firmware"),
            secure_boot: keys.read("uefi.secureboot.enabled"),
            nvram: keys.file_name("nvram"),
            vtpm: None,
            encryption_key_safe: keys.id("encryption.keysafe"),
            encryption_data: keys.id("encryption.data"),
            encryption_type: keys.text("vmx.encryptiontype"),
            encrypted_vm_guid: keys.text("encryptedvm.guid"),
        }
    }
}

/// The clock and who sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// `rtc.diffFromUTC`, in seconds.
    pub diff_from_utc: Option<Setting<i64>>,
    /// `rtc.startTime`, in seconds since 1970.
    pub start_time: Option<Setting<i64>>,
    /// `tools.syncTime`: VMware Tools set the guest's clock.
    pub tools_sync: Option<Setting<bool>>,
}

impl Clock {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            diff_from_utc: keys.read_filled("rtc.difffromutc"),
            start_time: keys.read_filled("rtc.starttime"),
            tools_sync: keys.read("tools.synctime"),
        }
    }
}

/// The display.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Video {
    /// `svga.present`.
    pub present: Option<Setting<bool>>,
    /// `svga.vramSize`, in bytes.
    pub vram_bytes: Option<Setting<u64>>,
    /// `svga.graphicsMemoryKB`.
    pub graphics_memory_kib: Option<Setting<u64>>,
    /// `svga.numDisplays`.
    pub displays: Option<Setting<u32>>,
    /// `mks.enable3d`.
    pub enable_3d: Option<Setting<bool>>,
}

impl Video {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            present: keys.read("svga.present"),
            vram_bytes: keys.read_filled("svga.vramsize"),
            graphics_memory_kib: keys.read_filled("svga.graphicsmemorykb"),
            displays: keys.read_filled("svga.numdisplays"),
            enable_3d: keys.read("mks.enable3d"),
        }
    }
}

/// The console over the network, `RemoteDisplay.vnc.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vnc {
    /// `enabled`.
    pub enabled: Option<Setting<bool>>,
    /// `port`.
    pub port: Option<Setting<u16>>,
    /// `ip`: the address to listen on.
    pub ip: Option<Setting<String>>,
    /// `keyMap`.
    pub keymap: Option<Setting<String>>,
    /// `password`. Not to be shown.
    pub password: Option<EntryId>,
    /// `key`: the password, obscured. Not to be shown.
    pub key: Option<EntryId>,
}

impl Vnc {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            enabled: keys.read("remotedisplay.vnc.enabled"),
            port: keys.read_filled("remotedisplay.vnc.port"),
            ip: keys.text("remotedisplay.vnc.ip"),
            keymap: keys.text("remotedisplay.vnc.keymap"),
            password: keys.id("remotedisplay.vnc.password"),
            key: keys.id("remotedisplay.vnc.key"),
        }
    }
}

/// In which state the virtual machine was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `checkpoint.vmState`: the file with the suspended state; empty if it isn't suspended.
    pub vm_state: Option<Setting<FileName>>,
    /// `cleanShutdown`: FALSE while it runs, or after a crash.
    pub clean_shutdown: Option<Setting<bool>>,
    /// `workingDir`: where snapshots and suspended state lie.
    pub working_dir: Option<Setting<FileName>>,
}

impl State {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            vm_state: keys.file_name("checkpoint.vmstate"),
            clean_shutdown: keys.read("cleanshutdown"),
            working_dir: keys.file_name("workingdir"),
        }
    }

    /// The file with the suspended state, if the virtual machine is suspended.
    #[must_use]
    pub fn suspended(&self) -> Option<&Setting<FileName>> {
        let filled = |setting: &&Setting<FileName>| !setting.value.text().trim().is_empty();
        self.vm_state.as_ref().filter(filled)
    }
}

/// What the guest sees in its SMBIOS tables besides the uuid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Smbios {
    /// `smbios.reflectHost`: the host's tables.
    pub reflect_host: Option<Setting<bool>>,
    /// `smbios.assetTag`.
    pub asset_tag: Option<Setting<String>>,
    /// `board-id`.
    pub board_id: Option<Setting<String>>,
    /// `hw.model`.
    pub hw_model: Option<Setting<String>>,
    /// `serialNumber`.
    pub serial_number: Option<Setting<String>>,
}

impl Smbios {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            reflect_host: keys.read("smbios.reflecthost"),
            asset_tag: keys.text("smbios.assettag"),
            board_id: keys.text("board-id"),
            hw_model: keys.text("hw.model"),
            serial_number: keys.text("serialnumber"),
        }
    }
}

/// Settings for all disks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskSettings {
    /// `disk.EnableUUID`: the guest sees a serial number for each disk.
    pub enable_uuid: Option<Setting<bool>>,
}

impl DiskSettings {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            enable_uuid: keys.read("disk.enableuuid"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (written, meant) in [
            ("plain", "plain"),
            ("a%2Fb%2fc%5Cd%5ce%25f", r"a/b/c\d\e%f"),
            ("%252f", "%2f"),
            ("%2", "%2"),
            ("%%25", "%%"),
            ("%é", "%é"),
            ("100%", "100%"),
        ] {
            assert_eq!(decode_name(written), meant);
        }
    }
}
