//! Keys that are left out on purpose, each with the reason why nothing is lost, and keys that are not carried.
//!
//! In a pattern `#` stands for a number. The longest pattern that fits counts.

use v2v_report::{FindingId, SettingState};

use crate::finding;

/// What becomes of a key that no rule of its own is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Why, as a phrase.
    pub(crate) reason: &'static str,
    /// The finding that tells it; `None` if it needs no telling.
    pub(crate) finding: Option<&'static FindingId>,
}

impl Fate {
    pub(crate) fn state(&self) -> SettingState {
        match self.finding {
            None => SettingState::Ignored,
            Some(_) => SettingState::NotCarried,
        }
    }
}

const TOPOLOGY: &str = "the new machine has its own topology";
const VMWARE: &str = "management of VMware itself";
const DISPLAY: &str = "sizes of VMware's display adapter";
const WINDOW: &str = "the window of the VMware program";
const TOOLS: &str = "setting of VMware Tools";
const LOG: &str = "VMware's log";
const OLD_CPU: &str = "a mask or feature of the old host's CPU; --cpu chooses the new one";
const TRACKING: &str = "change tracking and identity on VMware's side";

/// A pattern and what becomes of its keys.
type Row = (&'static str, &'static str);

/// Ignored; patterns that end in `*` fit every key that begins like that.
const IGNORED: &[Row] = &[
    (".encoding", "how the file is read"),
    ("config.*", VMWARE),
    ("virtualhw.*", "version of VMware's virtual hardware"),
    ("vm.createdate", VMWARE),
    (
        "vmci#.*",
        "VMware's socket between guests; vsock is another protocol",
    ),
    (
        "vmci.*",
        "VMware's socket between guests; vsock is another protocol",
    ),
    (
        "hpet#.*",
        "the clock of the new machine is chosen by the guest",
    ),
    ("pcibridge#.*", TOPOLOGY),
    ("pcibridge#:#.*", TOPOLOGY),
    ("*.pcislotnumber", TOPOLOGY),
    ("chipset.*", TOPOLOGY),
    ("monitor.*", "VMware's hypervisor"),
    ("monitor_control.*", "VMware's hypervisor"),
    ("mce.*", "VMware's hypervisor"),
    ("ulm.*", "VMware's hypervisor"),
    ("vmm.*", "VMware's hypervisor"),
    ("mainmem.*", "how VMware keeps the guest's memory"),
    ("memtrimrate", "how VMware keeps the guest's memory"),
    (
        "memallowautoscaledown",
        "how VMware keeps the guest's memory",
    ),
    ("prefvmx.*", "how VMware keeps the guest's memory"),
    ("sched.swap.*", "VMware's swap file"),
    ("sched.mem.pshare.*", "page sharing of VMware"),
    ("sched.cpu.units", "unit of the CPU limits"),
    ("cpuid.corespersocket.cookie", VMWARE),
    ("numa.autosize.*", "VMware's own choice of nodes"),
    ("maxvcpus", "limit of the VMware program's dialogue"),
    ("uuid.location", "a hash of the old path"),
    ("uuid.action", "a question VMware asks"),
    ("viv.moid", "id in vCenter"),
    ("ctkenabled", TRACKING),
    ("*.ctkenabled", TRACKING),
    ("*.digest*", TRACKING),
    ("*.saswwid", TRACKING),
    ("*.subnqnuuid", TRACKING),
    ("hard-disk.*", "how VMware caches on the old host"),
    ("diskcleanup.*", VMWARE),
    ("disklib.*", VMWARE),
    ("mks.enable3d", "3D is off"),
    ("mks.*", DISPLAY),
    ("svga.*", DISPLAY),
    ("vmotion.*", "VMware's migration"),
    ("migrate.*", "VMware's migration"),
    ("migration.*", "VMware's migration"),
    ("ftcpt.*", "VMware's fault tolerance"),
    ("replay.*", "VMware's record and replay"),
    ("tools.synctime", "VMware Tools do not set the clock"),
    ("tools.*", TOOLS),
    ("toolscripts.*", TOOLS),
    ("toolsinstallmanager.*", TOOLS),
    ("time.synchronize.*", TOOLS),
    ("isolation.*", TOOLS),
    ("hgfs.*", TOOLS),
    ("unity.*", WINDOW),
    ("gui.*", WINDOW),
    ("proxyapps.*", WINDOW),
    ("messagebus.*", VMWARE),
    ("keyboardandmouseprofile", WINDOW),
    ("priority.*", "priority of the VMware program"),
    ("powertype.*", "what the buttons of the VMware program do"),
    ("softpoweroff", "how the last shutdown went"),
    ("cleanshutdown", "the VM was shut down"),
    ("checkpoint.vmstate", "the VM is not suspended"),
    ("checkpoint.*", VMWARE),
    ("snapshot.*", "settings of the snapshot dialogue"),
    ("log.*", LOG),
    ("logging", LOG),
    ("debugstub.*", LOG),
    ("vmx.buildtype", LOG),
    ("vmx.*", VMWARE),
    ("vmxstats.*", VMWARE),
    (
        "extendedconfigfile",
        "the .vmxf file has names of teams only",
    ),
    ("workingdir", "where VMware keeps snapshots and swap"),
    ("roamingvm.*", VMWARE),
    ("answer.msg.*", "a question VMware asks"),
    ("msg.*", "a question VMware asks"),
    ("sensor.*", "the old laptop's sensors"),
    ("touchscreen.*", "the old laptop's screen"),
    ("deploymentplatform", VMWARE),
    ("disable_acceleration", "VMware's hypervisor"),
    ("buslogic.nodriver", "a hint of VMware's dialogue"),
    ("remotedisplay.maxconnections", "VMware's remote console"),
    ("smc.*", "an Apple device"),
    ("ich7m.*", "an Apple device"),
    ("system-id.*", "an Apple device"),
    ("virtualhw.productcompatibility", VMWARE),
    ("guestinfo.vmtools.*", TOOLS),
    ("policy.vm.*", VMWARE),
    (
        "ethernet#.wakeonpcktrcv",
        "wakes from a sleep that the domain does not offer",
    ),
    (
        "ethernet#.uptcompatibility",
        "VMware's way around its own switch",
    ),
    ("ethernet#.features", "VMware's switch"),
    (
        "ethernet#.linkstatepropagation.enable",
        "the guest sees its own link, not the host's",
    ),
    ("ethernet#.allowguestconnectioncontrol", TOOLS),
    (
        "ethernet#.checkmacaddress",
        "VMware's check of address ranges",
    ),
    (
        "ethernet#.generatedaddressoffset",
        "how VMware made the address",
    ),
    ("ethernet#.bsdname", "the old host's device"),
    ("serial#.yieldonmsrread", "how VMware runs the port"),
    ("serial#.trynorxloss", "how VMware runs the port"),
    ("serial#.autodetect", "the port of the old host"),
    ("parallel#.autodetect", "the port of the old host"),
    ("parallel#.bidirectional", "QEMU's port goes both ways"),
    ("usb.autoconnect.device#", "no device is named"),
    ("usb.restrictions.*", "USB of the old host"),
    ("sharedfolder.maxnum", "the number of the folders"),
    ("sharedfolder.option", "when the folders are shared"),
    ("usb_xhci:#.port", TOPOLOGY),
    ("usb_xhci:#.parent", TOPOLOGY),
    ("usb_xhci:#.speed", TOPOLOGY),
    ("usb:#.port", TOPOLOGY),
    ("usb:#.parent", TOPOLOGY),
    ("usb:#.speed", TOPOLOGY),
    ("ehci:#.port", TOPOLOGY),
    ("ehci:#.parent", TOPOLOGY),
    ("ehci:#.speed", TOPOLOGY),
    (
        "smbios.restrictserialcharset",
        "how VMware spells the serial number",
    ),
    ("usb.vbluetooth.*", "Bluetooth of the old host"),
    ("usb.quirks.*", "USB of the old host"),
    ("usb.generic.*", "USB of the old host"),
    ("floppy#.autodetect", "the drive of the old host"),
    ("sound.autodetect", "the device of the old host"),
    ("sound.filename", "the device of the old host"),
    ("sound.startconnected", "the device of the old host"),
    ("ehci.pcislotnumber", TOPOLOGY),
    ("uefi.*default.*", "keys that OVMF has of its own"),
    ("uefi.secureboot.available", "what VMware's firmware can do"),
    ("uefi.allowauthbypass", "VMware's firmware"),
    ("acpi.*", "VMware's firmware"),
    ("efi.*", "VMware's firmware"),
    ("bios.forcesetuponce", "VMware's firmware"),
    ("bios440.*", "VMware's firmware"),
    ("nvram", "kept by VMware's firmware"),
];

/// Not carried: what is told with the finding, and with which words.
const NOT_CARRIED: &[(&str, &str, &FindingId)] = &[
    ("cpuid.*", OLD_CPU, &finding::CPU_MASKS),
    ("featmask.*", OLD_CPU, &finding::CPU_MASKS),
    ("guestcpuid.*", OLD_CPU, &finding::CPU_MASKS),
    ("hostcpuid.*", OLD_CPU, &finding::CPU_MASKS),
    ("usercpuid.*", OLD_CPU, &finding::CPU_MASKS),
    ("evccompatibilitymode", OLD_CPU, &finding::CPU_MASKS),
    (
        "numa.*",
        "NUMA by hand for the old host; --cpu and numatune are the new host's",
        &finding::NUMA_NOT_CARRIED,
    ),
    (
        "guestinfo.*",
        "QEMU has no guestinfo; fw_cfg is another interface",
        &finding::SETTING_NOT_CARRIED,
    ),
    (
        "vvtd.enable",
        "an IOMMU inside the guest; add <iommu model='intel'/> by hand",
        &finding::NESTED_VIRTUALISATION,
    ),
    (
        "sched.*",
        "a share or limit of VMware's scheduler",
        &finding::SETTING_NOT_CARRIED,
    ),
    (
        "ethernet#.rxbw.*",
        "a limit of VMware's switch; libvirt's is <bandwidth>",
        &finding::NIC_FILTER,
    ),
    (
        "ethernet#.txbw.*",
        "a limit of VMware's switch; libvirt's is <bandwidth>",
        &finding::NIC_FILTER,
    ),
    (
        "ethernet#.nopromisc",
        "a rule of VMware's switch",
        &finding::NIC_FILTER,
    ),
    (
        "ethernet#.noforgedsrcaddr",
        "a rule of VMware's switch",
        &finding::NIC_FILTER,
    ),
    (
        "ethernet#.downwhenaddrmismatch",
        "a rule of VMware's switch",
        &finding::NIC_FILTER,
    ),
    (
        "ethernet#.filter#.*",
        "a filter of VMware's switch",
        &finding::NIC_FILTER,
    ),
    (
        "filter#.*",
        "a filter of VMware's switch",
        &finding::NIC_FILTER,
    ),
];

/// Keys whose values are never shown, whatever becomes of them.
const SECRET: &[&str] = &[
    "encryption.*",
    "encryptedvm.*",
    "vtpm.*",
    "guestinfo.*",
    "remotedisplay.vnc.password",
    "remotedisplay.vnc.key",
    "datafilekey",
    "*.password",
];

/// What becomes of `key`, given in lower case, if no rule has taken it; `None` if it is in no table.
pub(crate) fn fate(key: &str) -> Option<Fate> {
    let ignored = IGNORED
        .iter()
        .map(|(pattern, reason)| (*pattern, *reason, None));
    let not_carried = NOT_CARRIED
        .iter()
        .map(|(pattern, reason, id)| (*pattern, *reason, Some(*id)));
    ignored
        .chain(not_carried)
        .filter(|(pattern, ..)| fits(pattern, key))
        .max_by_key(|(pattern, ..)| pattern.len())
        .map(|(_, reason, finding)| Fate { reason, finding })
}

/// Whether the value of `key`, given in lower case, may be a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    SECRET.iter().any(|pattern| fits(pattern, key))
}

/// Whether `key` is one of `pattern`: `#` is a number, `*` is anything.
fn fits(pattern: &str, key: &str) -> bool {
    fits_bytes(pattern.as_bytes(), key.as_bytes())
}

/// Patterns are our own and have at most two stars, so that the search for the rest is short.
fn fits_bytes(pattern: &[u8], key: &[u8]) -> bool {
    match pattern.split_first() {
        None => key.is_empty(),
        Some((b'*', [])) => true,
        Some((b'*', rest)) => {
            (0..=key.len()).any(|at| key.get(at..).is_some_and(|key| fits_bytes(rest, key)))
        }
        Some((b'#', rest)) => {
            let digits = key.iter().take_while(|byte| byte.is_ascii_digit()).count();
            digits > 0 && key.get(digits..).is_some_and(|key| fits_bytes(rest, key))
        }
        Some((byte, rest)) => match key.split_first() {
            Some((first, key)) => first == byte && fits_bytes(rest, key),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_keys() {
        for (pattern, key, expected) in [
            ("vmci#.*", "vmci0.present", true),
            ("vmci#.*", "vmci.filter.enable", false),
            ("pcibridge#:#.*", "pcibridge12:3.pxm", true),
            ("*.pcislotnumber", "ethernet0.pcislotnumber", true),
            ("*.pcislotnumber", "ethernet0.pcislotnumbers", false),
            (
                "uefi.*default.*",
                "uefi.secureboot.dbxdefault.present",
                true,
            ),
            ("logging", "logging.x", false),
            ("svga.*", "svga.", true),
        ] {
            assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn the_longest_pattern_counts() {
        let reason = |key| fate(key).map(|fate| fate.reason);
        assert_eq!(reason("vmx.buildtype"), Some(LOG));
        assert_eq!(reason("vmx.x"), Some(VMWARE));
        assert_eq!(
            reason("numa.autosize.cookie"),
            Some("VMware's own choice of nodes")
        );
        assert_eq!(
            fate("numa.nodeaffinity").unwrap().state(),
            SettingState::NotCarried
        );
        assert_eq!(reason("no.such.key"), None);
    }

    #[test]
    fn secrets_are_known() {
        for key in [
            "guestinfo.userdata",
            "vtpm.ekcrt",
            "encryption.keysafe",
            "remotedisplay.vnc.password",
        ] {
            assert!(is_secret(key), "{key}");
        }
        assert!(!is_secret("memsize"));
    }
}
