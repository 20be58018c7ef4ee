//! What the settings mean.

mod cpu;
mod disk;
mod display;
mod host;
mod keys;
mod nic;
mod ports;
mod system;

use crate::{Config, EntryId, Setting, ValueProblem};

pub use cpu::{Affinity, Cpu, CpuRange, CpuSet, Cpuid, Memory, VirtualNode};
pub use disk::{Access, BackendType, Disk, DiskFormat, Specification};
pub use display::{Display, Sdl, Spice, Vfb, VgaKind, Vnc};
pub use host::{P9, PciDevice, PciOptions, PvCalls, Vtpm};
pub use nic::{NicType, Rate, Vif};
pub use ports::{
    Channel, ChannelConnection, CharDev, Ports, UsbController, UsbDevice, UsbHostDevice,
};
pub use system::{
    Action, Actions, Altp2m, Bios, Boot, BootDevice, Clock, Features, Firmware, FirmwareKind,
    GfxPassthrough, GuestType, HdType, Identity, TimerMode, TscMode, Viridian, ViridianGroup,
};

use keys::Keys;

/// Keys of xl or xm that say nothing about a guest elsewhere, or have no type here.
const IGNORED: &[&str] = &[
    // Scheduling and memory of the host.
    "period",
    "slice",
    "latency",
    "extratime",
    "sched",
    "shadow_memory",
    "oos",
    "mmio_hole",
    "claim_mode",
    "cpu",
    "max_grant_frames",
    "max_grant_version",
    "max_maptrack_frames",
    "max_event_channels",
    "vmtrace_buf_kb",
    "nomigrate",
    "suspend_cancel",
    "xend_suspend_evtchn_compat",
    "driver_domain",
    "llc_colors",
    // The device model and stub domains.
    "device_model",
    "device_model_version",
    "device_model_override",
    "device_model_args",
    "device_model_args_pv",
    "device_model_args_hvm",
    "device_model_user",
    "device_model_stubdomain_override",
    "device_model_stubdomain_seclabel",
    "dm_restrict",
    "stubdomain_kernel",
    "stubdomain_cmdline",
    "stubdomain_ramdisk",
    "stubdomain_memory",
    "loader",
    "features",
    "cpuid_check",
    // Labels.
    "seclabel",
    "init_seclabel",
    "access_control",
    // Hardware of the host, and details of the virtual one.
    "iomem",
    "irqs",
    "irq",
    "ioports",
    "dtdev",
    "rdm_mem_boundary",
    "device_tree",
    "pvshim",
    "pvshim_path",
    "pvshim_cmdline",
    "pvshim_extra",
    "vendor_device",
    "vkb_device",
    "vkb",
    "vdispl",
    "vsnd",
    "virtio",
    "acpi_s3",
    "acpi_s4",
    "acpi_laptop_slate",
    "mca_caps",
    "msr_relaxed",
    "vuart",
    "gic_version",
    "sve",
    "nr_spis",
    "tee",
    "trap_unmapped_accesses",
    "static_shm",
    "vmware_hwver",
    "vmware_port",
    "vif2",
    "vscsi",
    "superpages",
    "monitor",
    "isa",
    "guest_os_type",
    // Viewers and xm's own.
    "vncviewer",
    "vncconsole",
    "console",
    "nics",
    "blkif",
    "netif",
    "tpmif",
    "vhpt",
    "dhcp",
    "ip",
    "netmask",
    "gateway",
    "hostname",
    "interface",
    "nfs_server",
    "nfs_root",
    "on_xend_start",
    "on_xend_stop",
    "restart",
    "machine_address_size",
    "suppress_spurious_page_faults",
    "s3_integrity",
    "vcpu_avail",
    // SUSE's installer.
    "extid",
    "description",
];

/// A guest as its configuration describes it.
///
/// Every value names the setting it comes from. A value that can't be read is in [`problems`](Self::problems), and its
/// field is `None`: nothing is assumed in silence. Settings that don't count, because the key comes again, are not
/// looked at.
///
/// ```
/// use v2v_xl::{Config, Guest, ParseOptions};
///
/// let text = b"vcpus = 'two'\ndisk = [ '/dev/vg/a,raw,xvda,rw', 'file:/b.iso,vdx:cdrom,r' ]\ninitrd = '/boot/i'\noos = 1\n";
/// let config = Config::parse(text, &ParseOptions::default())?;
/// let guest = Guest::new(&config);
///
/// assert_eq!(guest.cpu.vcpus, None);
/// let problems: Vec<String> = guest.problems.iter().map(ToString::to_string).collect();
/// assert_eq!(problems, [
///     "found `two`, expected a whole number of 0 to 4294967295",
///     "item 2 (`file:/b.iso,vdx:cdrom,r`): found `vdx`, expected a vdev such as xvda, hdc, sdb1 or d0p1",
/// ]);
/// let key = |id| config.entry(id).map(|entry| entry.key());
/// assert_eq!(key(guest.unknown[0]), Some("initrd"));
/// assert_eq!(key(guest.ignored[0]), Some("oos"));
/// # Ok::<(), v2v_xl::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guest {
    /// How it is virtualised; PV if the file does not say. `None` if what it says can't be read or contradicts itself.
    pub guest_type: Option<GuestType>,
    /// Who it is.
    pub identity: Identity,
    /// Memory.
    pub memory: Memory,
    /// Processors.
    pub cpu: Cpu,
    /// What is booted.
    pub boot: Boot,
    /// Firmware.
    pub firmware: Firmware,
    /// What the hardware can do.
    pub features: Features,
    /// The clock.
    pub clock: Clock,
    /// What happens when it stops.
    pub actions: Actions,
    /// Disks and CD-ROMs, in order.
    pub disks: Vec<Disk>,
    /// `fda` and `fdb` of xm: images of floppies.
    pub floppies: Vec<Setting<String>>,
    /// Network cards, in order.
    pub vifs: Vec<Vif>,
    /// Paravirtual frame buffers.
    pub vfbs: Vec<Vfb>,
    /// Graphics.
    pub display: Display,
    /// Ports, USB, sound, channels.
    pub ports: Ports,
    /// PCI devices of the host.
    pub pci_devices: Vec<PciDevice>,
    /// Settings for all of them.
    pub pci: PciOptions,
    /// `gfx_passthru`.
    pub gfx_passthrough: Option<Setting<GfxPassthrough>>,
    /// Virtual TPMs.
    pub vtpms: Vec<Vtpm>,
    /// Shared directories.
    pub p9s: Vec<P9>,
    /// Network calls.
    pub pvcalls: Vec<PvCalls>,
    /// NUMA nodes of the guest.
    pub vnuma: Vec<Setting<VirtualNode>>,
    /// Settings that count, are known to Xen, and have no field here.
    pub ignored: Vec<EntryId>,
    /// Settings that count and whose key neither xl nor xm knows.
    pub unknown: Vec<EntryId>,
    /// Values that could not be read, in the order of the file; at most the first 10 000 that were met.
    pub problems: Vec<ValueProblem>,
}

impl Guest {
    /// Reads what the settings say.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let keys = &mut Keys::new(config);
        let mut guest = Self {
            guest_type: system::guest_type(keys),
            identity: Identity::read(keys),
            memory: Memory::read(keys),
            cpu: Cpu::read(keys),
            boot: Boot::read(keys),
            firmware: Firmware::read(keys),
            features: Features::read(keys),
            clock: Clock::read(keys),
            actions: Actions::read(keys),
            disks: ports::each(keys, "disk", Disk::read),
            floppies: ["fda", "fdb"]
                .into_iter()
                .filter_map(|key| keys.path(key))
                .collect(),
            vifs: ports::each(keys, "vif", Vif::read),
            vfbs: ports::each(keys, "vfb", Vfb::read),
            display: Display::read(keys),
            ports: Ports::read(keys),
            pci_devices: host::pci_devices(keys),
            pci: PciOptions::read(keys),
            gfx_passthrough: keys.get("gfx_passthru"),
            vtpms: ports::each(keys, "vtpm", Vtpm::read),
            p9s: ports::each(keys, "p9", P9::read),
            pvcalls: ports::each(keys, "pvcalls", PvCalls::read),
            vnuma: VirtualNode::read_all(keys),
            ignored: Vec::new(),
            unknown: Vec::new(),
            problems: Vec::new(),
        };
        guest.sort_others(keys);
        guest.problems = std::mem::take(&mut keys.problems);
        guest.problems.sort_by_key(|problem| problem.id);
        guest
    }

    /// Every setting that counts and that nobody has read is either known or unknown.
    fn sort_others(&mut self, keys: &Keys<'_>) {
        for entry in keys.config.entries() {
            if keys.has_read(entry.key()) || !keys.config.counts(entry.id()) {
                continue;
            }
            let list = if IGNORED.contains(&entry.key()) {
                &mut self.ignored
            } else {
                &mut self.unknown
            };
            list.push(entry.id());
        }
    }
}
