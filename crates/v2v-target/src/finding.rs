//! The ids of the findings of this crate, and which blockers a person may overrule.

use v2v_report::FindingId;

/// Declares the ids as constants whose names are the ids.
macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident = $id:literal, )+) => {
        $( $(#[$meta])* pub const $name: FindingId = FindingId::new($id); )+

        /// All ids of this crate, in the order of the catalogue.
        pub const ALL: &[FindingId] = &[$( $name, )+];
    };
}

ids! {
    /// A line that is no `key = value`.
    CONFIG_UNREADABLE_LINE = "config-unreadable-line",
    /// A value written in a way that VMware itself does not write.
    CONFIG_LOOSE_SYNTAX = "config-loose-syntax",
    /// An encoding nobody knows, or bytes it can't have.
    CONFIG_ENCODING = "config-encoding",
    /// One key twice.
    CONFIG_DUPLICATE_KEY = "config-duplicate-key",
    /// Keys that are in no table.
    CONFIG_UNKNOWN_KEY = "config-unknown-key",
    /// A value that its key can't have.
    SETTING_BAD_VALUE = "setting-bad-value",
    /// A value or a device that counts though its `present` is missing.
    SETTING_PRESENT_ASSUMED = "setting-present-assumed",
    /// A setting without a place in a KVM domain, of no kind below.
    SETTING_NOT_CARRIED = "setting-not-carried",
    /// Secrets are encrypted, the rest is readable.
    CONFIG_PARTLY_ENCRYPTED = "config-partly-encrypted",
    /// A guest for another architecture.
    ARCH_UNSUPPORTED = "arch-unsupported",
    /// A guest that will probably need hand work.
    GUEST_UNSUPPORTED = "guest-unsupported",
    /// A guest that is not known, so that nothing is assumed about its drivers.
    GUEST_UNKNOWN = "guest-unknown",
    /// A CPU feature level the guest needs.
    GUEST_CPU_LEVEL = "guest-cpu-level",
    /// The domain's name is not the source's.
    NAME_CHANGED = "name-changed",
    /// The VM is suspended.
    VM_SUSPENDED = "vm-suspended",
    /// The VM runs, or has crashed.
    VM_MAYBE_RUNNING = "vm-maybe-running",
    /// Snapshots exist; only the newest state is converted.
    SNAPSHOTS_PRESENT = "snapshots-present",
    /// No hard disk.
    NO_DISK = "no-disk",
    /// The memory size is missing.
    MEMORY_DEFAULT = "memory-default",
    /// A memory size that no host has.
    MEMORY_SIZE = "memory-size",
    /// The cores do not fill whole sockets.
    CPU_TOPOLOGY_REMAINDER = "cpu-topology-remainder",
    /// A number of CPUs that can't be.
    CPU_COUNT = "cpu-count",
    /// CPU feature masks of the old host.
    CPU_MASKS = "cpu-masks",
    /// Pinning to CPUs of the old host.
    CPU_AFFINITY = "cpu-affinity",
    /// A limit in MHz.
    CPU_LIMIT = "cpu-limit",
    /// A reservation in MHz.
    CPU_RESERVATION = "cpu-reservation",
    /// CPU shares, scaled.
    CPU_SHARES = "cpu-shares",
    /// Low latency was asked for.
    CPU_LATENCY = "cpu-latency",
    /// Reserved or pinned memory.
    MEMORY_RESERVATION = "memory-reservation",
    /// A limit of the host's memory.
    MEMORY_LIMIT = "memory-limit",
    /// Memory shares.
    MEMORY_SHARES = "memory-shares",
    /// NUMA settings made by hand.
    NUMA_NOT_CARRIED = "numa-not-carried",
    /// Hot-add was on.
    HOTADD_NOT_CARRIED = "hotadd-not-carried",
    /// Virtual machines inside the VM.
    NESTED_VIRTUALISATION = "nested-virtualisation",
    /// The key and the disk disagree on the firmware.
    FIRMWARE_CONFLICT = "firmware-conflict",
    /// A firmware nobody knows.
    FIRMWARE_UNKNOWN = "firmware-unknown",
    /// Boot entries of the old firmware stay behind.
    NVRAM_NOT_CARRIED = "nvram-not-carried",
    /// Secure Boot.
    SECURE_BOOT = "secure-boot",
    /// What was sealed to the old TPM.
    VTPM_STATE_LOST = "vtpm-state-lost",
    /// The guest may see its UUID in another byte order.
    UUID_ORDER = "uuid-order",
    /// One of two numbers of the generation id.
    GENID_INCOMPLETE = "genid-incomplete",
    /// Serial numbers of VMware's SMBIOS.
    SMBIOS_SERIAL_NOT_CARRIED = "smbios-serial-not-carried",
    /// A controller that QEMU has no model of.
    CONTROLLER_NO_EQUIVALENT = "controller-no-equivalent",
    /// virtio without proof that the guest boots from it.
    DISK_BUS_UNPROVEN = "disk-bus-unproven",
    /// A disk outside of snapshots.
    DISK_MODE_INDEPENDENT = "disk-mode-independent",
    /// An uncommitted redo log.
    DISK_REDO_PENDING = "disk-redo-pending",
    /// A disk of several VMs.
    DISK_SHARED = "disk-shared",
    /// A disk that is a device of the old host.
    DISK_DEVICE_BACKED = "disk-device-backed",
    /// A disk that is not there.
    DISK_FILE_MISSING = "disk-file-missing",
    /// A disk that can't be read.
    DISK_UNREADABLE = "disk-unreadable",
    /// A disk outside of the configuration's directory.
    DISK_OUTSIDE_DIRECTORY = "disk-outside-directory",
    /// Disks that were not looked at.
    DISK_NOT_INSPECTED = "disk-not-inspected",
    /// Two disks whose images would have one name.
    DISK_NAME_CLASH = "disk-name-clash",
    /// A newer level lies beside the one of the configuration.
    DISK_CHAIN_LEAF_DIFFERS = "disk-chain-leaf-differs",
    /// A serial number longer than virtio-blk shows.
    DISK_SERIAL_CUT = "disk-serial-cut",
    /// The guest was shown serial numbers that are not known.
    DISK_SERIAL_UNKNOWN = "disk-serial-unknown",
    /// I/O shares or limits without an equal.
    DISK_LIMITS = "disk-limits",
    /// More disks than a machine has slots.
    PCI_SLOTS_EXCEEDED = "pci-slots-exceeded",
    /// The boot disk is not the first one.
    BOOT_DISK_NOT_FIRST = "boot-disk-not-first",
    /// A CD-ROM drive without its medium.
    CDROM_EMPTIED = "cdrom-emptied",
    /// A floppy drive without an image.
    FLOPPY_DROPPED = "floppy-dropped",
    /// A network without a mapping.
    NIC_NETWORK_UNMAPPED = "nic-network-unmapped",
    /// A card without an address.
    NIC_MAC_MISSING = "nic-mac-missing",
    /// One address twice.
    NIC_MAC_DUPLICATE = "nic-mac-duplicate",
    /// An address that is none.
    NIC_MAC_INVALID = "nic-mac-invalid",
    /// A host-only network.
    NIC_HOSTONLY = "nic-hostonly",
    /// A distributed switch.
    NIC_DVS = "nic-dvs",
    /// Filters and shares of a card.
    NIC_FILTER = "nic-filter",
    /// A card with its cable out.
    NIC_START_DISCONNECTED = "nic-start-disconnected",
    /// A card of another model.
    NIC_MODEL_CHANGED = "nic-model-changed",
    /// A static address asked for on the command line.
    NIC_STATIC_ADDRESS = "nic-static-address",
    /// A serial port without an equal.
    SERIAL_NOT_CARRIED = "serial-not-carried",
    /// A parallel port without an equal.
    PARALLEL_NOT_CARRIED = "parallel-not-carried",
    /// The password of the display.
    VNC_PASSWORD_DROPPED = "vnc-password-dropped",
    /// A display open to the network.
    VNC_OPEN = "vnc-open",
    /// A PCI device of the old host.
    PASSTHROUGH_NOT_CARRIED = "passthrough-not-carried",
    /// A USB device of the old host.
    USB_DEVICE_NOT_CARRIED = "usb-device-not-carried",
    /// A folder of the old host.
    SHARED_FOLDER_NOT_CARRIED = "shared-folder-not-carried",
    /// 3D.
    THREE_D_NOT_CARRIED = "3d-not-carried",
    /// Another sound card.
    SOUND_MODEL_CHANGED = "sound-model-changed",
    /// Data for cloud-init.
    GUESTINFO_DATA_SOURCE = "guestinfo-data-source",
    /// Time settings.
    CLOCK_TIMER_NOT_CARRIED = "clock-timer-not-carried",
    /// A new machine for Windows.
    WINDOWS_ACTIVATION = "windows-activation",
    /// A Windows older than every current driver.
    WINDOWS_OLD = "windows-old",
    /// Windows has no driver for what was chosen.
    WINDOWS_STORAGE_DRIVER = "windows-storage-driver",
    /// A PV or PVH guest, or a kernel of the Xen host: what started the guest is not there on KVM.
    PV_BOOT_METHOD = "pv-boot-method",
    /// What is done when the guest stops, where KVM can't do what Xen did.
    LIFECYCLE_ACTION_CHANGED = "lifecycle-action-changed",
    /// Python code, which nobody runs.
    CONFIG_CODE = "config-code",
    /// A guest without a name.
    NAME_MISSING = "name-missing",
    /// A guest without a UUID.
    UUID_MISSING = "uuid-missing",
    /// An image whose format nobody said.
    DISK_FORMAT_UNKNOWN = "disk-format-unknown",
    /// A script that plugged in a card on the old host.
    NIC_SCRIPT = "nic-script",
    /// Disks that the guest sees as partitions of a disk that is not there.
    PV_PARTITION_DISKS = "pv-partition-disks",
    /// A disk whose name the guest may see differently.
    PV_NAME_GUESS = "pv-name-guess",
}

/// The blockers that a person may overrule, because what they warn of may be known to be harmless.
const OVERRULABLE: &[FindingId] = &[
    DISK_REDO_PENDING,
    DISK_DEVICE_BACKED,
    DISK_OUTSIDE_DIRECTORY,
    VTPM_STATE_LOST,
];

/// Whether a person may overrule a blocker with this id.
pub fn can_be_overruled(id: &FindingId) -> bool {
    OVERRULABLE.contains(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_twice() {
        let mut ids: Vec<&str> = ALL.iter().map(FindingId::as_str).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
    }
}
