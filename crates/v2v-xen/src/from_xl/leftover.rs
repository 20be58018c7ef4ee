//! Settings that Xen knows and no element is about.

use v2v_report::{FindingId, Severity};
use v2v_target::finding;

use super::draft::Draft;

const SCHEDULER: &str = "scheduling and memory of the Xen host";
const GRANTS: &str = "memory shared with the Xen host";
const DEVICE_MODEL: &str = "how Xen starts QEMU; libvirt starts its own";
const LABEL: &str = "a label of Xen's security module";
const MIGRATION: &str = "moving between Xen hosts";
const SHIM: &str = "how Xen runs the guest";
const ARM: &str = "of Xen on Arm";
const VIEWER: &str = "a viewer on the Xen host";
const XM: &str = "of xm and its tools, not of the guest";
const BOOT_NETWORK: &str = "kernel arguments of xm's own, for a root file system on NFS";

/// Nothing is lost.
const IGNORED: &[(&str, &[&str])] = &[
    (
        SCHEDULER,
        &[
            "period",
            "slice",
            "latency",
            "extratime",
            "sched",
            "shadow_memory",
            "oos",
            "mmio_hole",
        ],
    ),
    (
        SCHEDULER,
        &[
            "claim_mode",
            "superpages",
            "llc_colors",
            "vcpu_avail",
            "machine_address_size",
        ],
    ),
    (
        GRANTS,
        &["max_grant_version", "max_maptrack_frames", "vmtrace_buf_kb"],
    ),
    (
        DEVICE_MODEL,
        &[
            "device_model_version",
            "device_model_user",
            "device_model_stubdomain_override",
        ],
    ),
    (
        DEVICE_MODEL,
        &[
            "device_model_stubdomain_seclabel",
            "dm_restrict",
            "stubdomain_kernel",
            "stubdomain_cmdline",
        ],
    ),
    (
        DEVICE_MODEL,
        &[
            "stubdomain_ramdisk",
            "stubdomain_memory",
            "loader",
            "features",
            "cpuid_check",
        ],
    ),
    (LABEL, &["seclabel", "init_seclabel", "access_control"]),
    (
        MIGRATION,
        &[
            "nomigrate",
            "suspend_cancel",
            "xend_suspend_evtchn_compat",
            "s3_integrity",
        ],
    ),
    (
        SHIM,
        &[
            "driver_domain",
            "pvshim",
            "pvshim_path",
            "pvshim_cmdline",
            "pvshim_extra",
            "vendor_device",
        ],
    ),
    (
        SHIM,
        &[
            "msr_relaxed",
            "mca_caps",
            "suppress_spurious_page_faults",
            "vmware_hwver",
            "vmware_port",
            "vhpt",
        ],
    ),
    (
        SHIM,
        &[
            "acpi_s3",
            "acpi_s4",
            "acpi_laptop_slate",
            "rdm_mem_boundary",
            "monitor",
            "isa",
            "guest_os_type",
        ],
    ),
    (
        ARM,
        &[
            "device_tree",
            "gic_version",
            "sve",
            "nr_spis",
            "tee",
            "vuart",
            "trap_unmapped_accesses",
            "static_shm",
        ],
    ),
    (VIEWER, &["vncviewer", "vncconsole"]),
    (
        XM,
        &[
            "console",
            "nics",
            "blkif",
            "netif",
            "tpmif",
            "on_xend_start",
            "on_xend_stop",
            "restart",
        ],
    ),
    (
        BOOT_NETWORK,
        &[
            "dhcp",
            "ip",
            "netmask",
            "gateway",
            "hostname",
            "interface",
            "nfs_server",
            "nfs_root",
        ],
    ),
];

/// Something is lost, and a finding says so.
struct Lost {
    keys: &'static [&'static str],
    text: &'static str,
    action: &'static str,
    id: FindingId,
}

const LOST: &[Lost] = &[
    Lost {
        keys: &["iomem", "irqs", "irq", "ioports", "dtdev", "vscsi"],
        text: "hardware of the Xen host that the guest uses directly",
        action: "give the guest a device of the KVM host with <hostdev>, or do without",
        id: finding::PASSTHROUGH_NOT_CARRIED,
    },
    Lost {
        keys: &[
            "device_model_args",
            "device_model_args_pv",
            "device_model_args_hvm",
        ],
        text: "arguments for QEMU on the Xen host",
        action: "look for the element of libvirt that does the same; <qemu:commandline> takes the rest",
        id: finding::SETTING_NOT_CARRIED,
    },
    Lost {
        keys: &["vkb_device", "vkb", "vdispl", "vsnd", "virtio", "vif2"],
        text: "a paravirtual device that KVM has in another form or not at all",
        action: "add the device to the result if the guest needs it",
        id: finding::SETTING_NOT_CARRIED,
    },
    Lost {
        keys: &["cpu"],
        text: "the processor of the Xen host that the guest ran on",
        action: "",
        id: finding::CPU_AFFINITY,
    },
];

/// Settles what nothing was said of, and says why.
pub(super) fn settle(draft: &mut Draft<'_>) {
    let entries = draft.config.entries();
    for entry in entries
        .iter()
        .filter(|entry| draft.config.counts(entry.id()))
    {
        // What is added to a setting has its fate.
        let is_first = draft.config.get(entry.key()).map(|first| first.id()) == Some(entry.id());
        if !is_first || !draft.is_open(entry.id()) {
            continue;
        }
        if draft.is_unreadable(entry.id()) {
            draft.not_carried(entry.id(), "the value can't be read");
            continue;
        }
        let says_nothing = entry.value().list().is_some_and(<[_]>::is_empty)
            || entry
                .value()
                .text()
                .is_some_and(|text| text.trim().is_empty());
        if says_nothing {
            draft.ignored(entry.id(), "it is empty");
        } else if let Some(reason) = reason(entry.key()) {
            draft.ignored(entry.id(), reason);
        } else if let Some(lost) = LOST.iter().find(|lost| lost.keys.contains(&entry.key())) {
            let severity = match lost.action {
                "" => Severity::Info,
                _ => Severity::Warn,
            };
            draft.lose(
                entry.id(),
                lost.id.clone(),
                severity,
                lost.text,
                lost.action,
            );
        } else {
            draft.ignored(entry.id(), "it says nothing that counts");
        }
    }
}

fn reason(key: &str) -> Option<&'static str> {
    let mut rows = IGNORED.iter();
    rows.find_map(|(reason, keys)| keys.contains(&key).then_some(*reason))
}
