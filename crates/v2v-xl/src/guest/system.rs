//! Who the guest is, how it boots, what its hardware can do.

use super::keys::Keys;
use crate::scalar::{Scalar, words};
use crate::{Setting, Uuid, read_number};

/// How the guest is virtualised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestType {
    /// Paravirtual.
    Pv,
    /// Booted like PV, in a container of the hardware's.
    Pvh,
    /// Fully virtual.
    Hvm,
}

words!(GuestType, "pv, pvh or hvm", {
    "pv" => Self::Pv,
    "pvh" => Self::Pvh,
    "hvm" => Self::Hvm,
});

/// `builder` of xm and of xl before 4.10.
struct Builder(GuestType);

words!(Builder, "hvm, generic or linux", {
    "hvm" => Self(GuestType::Hvm),
    "generic" | "linux" => Self(GuestType::Pv),
});

/// What `type` and `builder` say; PV if neither is there, and `None` if either can't be read or they contradict.
pub(super) fn guest_type(keys: &mut Keys<'_>) -> Option<GuestType> {
    let known = keys.problems.len();
    let by_type = keys.get::<GuestType>("type");
    let by_builder = keys.get::<Builder>("builder");
    if keys.problems.len() > known {
        return None;
    }
    match (by_type, by_builder) {
        (Some(a), Some(b)) if a.value != b.value.0 => {
            keys.problem(b.id, "builder", "the same as type says")
        }
        (Some(setting), _) => Some(setting.value),
        (None, Some(setting)) => Some(setting.value.0),
        (None, None) => Some(GuestType::Pv),
    }
}

/// Who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// `name`.
    pub name: Option<Setting<String>>,
    /// `uuid`; without it Xen made up another one at each start.
    pub uuid: Option<Setting<Uuid>>,
}

impl Identity {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            name: keys.path("name"),
            uuid: keys.get("uuid"),
        }
    }
}

/// Something to boot from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BootDevice {
    /// `a`.
    Floppy,
    /// `c`.
    HardDisk,
    /// `d`.
    Cdrom,
    /// `n`.
    Network,
}

/// In the order they are tried.
struct BootOrder(Vec<BootDevice>);

impl Scalar for BootOrder {
    const EXPECTED: &'static str =
        "letters of a (floppy), c (hard disk), d (CD-ROM) and n (network)";

    fn read(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|c| *c != ',' && *c != ' ');
        let devices: Option<Vec<BootDevice>> = letters
            .map(|letter| match letter {
                'a' => Some(BootDevice::Floppy),
                'c' => Some(BootDevice::HardDisk),
                'd' => Some(BootDevice::Cdrom),
                'n' => Some(BootDevice::Network),
                _ => None,
            })
            .collect();
        devices.filter(|devices| devices.len() <= 16).map(Self)
    }
}

/// What HVM guests boot with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bios {
    /// SeaBIOS.
    Seabios,
    /// The one of old device models.
    Rombios,
    /// UEFI.
    Ovmf,
}

words!(Bios, "seabios, rombios or ovmf", {
    "seabios" => Self::Seabios,
    "rombios" => Self::Rombios,
    "ovmf" => Self::Ovmf,
});

/// `firmware`, the newer and wider form of `bios`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirmwareKind {
    /// `uefi`.
    Uefi,
    /// `bios`: the default one.
    Bios,
    /// One of `bios`.
    Named(Bios),
    /// `pvgrub32`, `pvgrub64`: a boot loader for PV and PVH.
    PvGrub,
    /// A file.
    Path(String),
}

impl Scalar for FirmwareKind {
    const EXPECTED: &'static str =
        "uefi, bios, ovmf, seabios, rombios, pvgrub32, pvgrub64 or a path";

    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "uefi" => Self::Uefi,
            "bios" => Self::Bios,
            "pvgrub32" | "pvgrub64" => Self::PvGrub,
            _ if text.contains('/') => Self::Path(text.to_owned()),
            _ => Self::Named(Bios::read(text)?),
        })
    }
}

/// Firmware of HVM guests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Firmware {
    /// `bios`.
    pub bios: Option<Setting<Bios>>,
    /// `firmware`.
    pub firmware: Option<Setting<FirmwareKind>>,
    /// `firmware_override`: another hvmloader.
    pub firmware_override: Option<Setting<String>>,
    /// `bios_path_override`: the file of the BIOS.
    pub bios_path_override: Option<Setting<String>>,
    /// `acpi_firmware`: more ACPI tables.
    pub acpi_firmware: Option<Setting<String>>,
    /// `smbios_firmware`: SMBIOS tables.
    pub smbios_firmware: Option<Setting<String>>,
    /// `ms_vm_genid`: `generate` or `none`.
    pub ms_vm_genid: Option<Setting<String>>,
}

impl Firmware {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            bios: keys.get("bios"),
            firmware: keys.get("firmware"),
            firmware_override: keys.path("firmware_override"),
            bios_path_override: keys.path("bios_path_override"),
            acpi_firmware: keys.path("acpi_firmware"),
            smbios_firmware: keys.path("smbios_firmware"),
            ms_vm_genid: keys.path("ms_vm_genid"),
        }
    }

    /// Whether the guest boots with UEFI.
    #[must_use]
    pub fn is_uefi(&self) -> bool {
        let by_bios = self.bios.is_some_and(|setting| setting.value == Bios::Ovmf);
        let firmware = self.firmware.as_ref().map(|setting| &setting.value);
        by_bios
            || matches!(
                firmware,
                Some(FirmwareKind::Uefi | FirmwareKind::Named(Bios::Ovmf))
            )
    }
}

/// The controller of `hd` disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HdType {
    /// IDE, the default.
    Ide,
    /// AHCI.
    Ahci,
}

words!(HdType, "ide or ahci", { "ide" => Self::Ide, "ahci" => Self::Ahci });

/// What is booted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Boot {
    /// `kernel`: a file of the host, or hvmloader, which xl ignores for HVM guests.
    pub kernel: Option<Setting<String>>,
    /// `ramdisk`.
    pub ramdisk: Option<Setting<String>>,
    /// `cmdline`: the kernel's arguments. See [`command_line`](Self::command_line).
    pub cmdline: Option<Setting<String>>,
    /// `root`: the value of `root=`.
    pub root: Option<Setting<String>>,
    /// `extra`: further arguments.
    pub extra: Option<Setting<String>>,
    /// `bootloader`: pygrub, pypxeboot, pv-grub, with or without a path.
    pub bootloader: Option<Setting<String>>,
    /// `bootloader_args`; a string is split at blanks, as xl does.
    pub bootloader_args: Option<Setting<Vec<String>>>,
    /// `bootargs` of xm, the same as one string.
    pub bootargs: Option<Setting<String>>,
    /// `bootentry` of SUSE's domUloader: `xvda2:/boot/vmlinuz-xen,/boot/initrd-xen`.
    pub bootentry: Option<Setting<String>>,
    /// `boot`: the order of HVM guests. Xen's default is the hard disk, then the CD-ROM, then the network.
    pub order: Option<Setting<Vec<BootDevice>>>,
    /// `hdtype`.
    pub hd_type: Option<Setting<HdType>>,
}

impl Boot {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let order = keys.get::<BootOrder>("boot");
        Self {
            kernel: keys.path("kernel"),
            ramdisk: keys.path("ramdisk"),
            cmdline: keys.path("cmdline"),
            root: keys.path("root"),
            extra: keys.path("extra"),
            bootloader: keys.path("bootloader"),
            bootloader_args: bootloader_args(keys),
            bootargs: keys.path("bootargs"),
            bootentry: keys.path("bootentry"),
            order: order.map(|order| Setting {
                id: order.id,
                value: order.value.0,
            }),
            hd_type: keys.get("hdtype"),
        }
    }

    /// The kernel's arguments: `cmdline` alone if it is there, else `root=` and `extra`.
    #[must_use]
    pub fn command_line(&self) -> Option<String> {
        let text = |setting: &Option<Setting<String>>| {
            setting.as_ref().map(|setting| setting.value.clone())
        };
        match (text(&self.cmdline), text(&self.root), text(&self.extra)) {
            (Some(cmdline), ..) => Some(cmdline),
            (None, Some(root), Some(extra)) => Some(format!("root={root} {extra}")),
            (None, Some(root), None) => Some(format!("root={root}")),
            (None, None, extra) => extra,
        }
    }
}

fn bootloader_args(keys: &mut Keys<'_>) -> Option<Setting<Vec<String>>> {
    let is_list = keys.is_list("bootloader_args");
    let items = keys.items("bootloader_args", true);
    let id = items.first()?.id;
    let words = items.iter().flat_map(|item| match is_list {
        true => vec![item.text.to_owned()],
        false => item.text.split_whitespace().map(str::to_owned).collect(),
    });
    let value: Vec<String> = words.collect();
    (!value.is_empty()).then_some(Setting { id, value })
}

/// Enlightenments of Hyper-V for Windows guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viridian {
    /// A number: the default ones, or none.
    Defaults(bool),
    /// A list of groups.
    Groups(Vec<ViridianGroup>),
}

/// A group of [`Viridian`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViridianGroup {
    /// `base`, `freq`, `time_ref_count`, `reference_tsc`, `hcall_remote_tlb_flush`, `apic_assist`, `crash_ctl`,
    /// `synic`, `stimer`, `hcall_ipi`, `all`, `defaults`, and others to come.
    pub name: String,
    /// Not with an exclamation mark in front.
    pub is_enabled: bool,
}

impl Viridian {
    /// Whether there is any enlightenment.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        match self {
            Self::Defaults(enabled) => *enabled,
            Self::Groups(groups) => groups.iter().any(|group| group.is_enabled),
        }
    }

    fn read(keys: &mut Keys<'_>) -> Option<Setting<Self>> {
        if !keys.is_list("viridian") {
            let setting = keys.get("viridian")?;
            return Some(Setting {
                id: setting.id,
                value: Self::Defaults(setting.value),
            });
        }
        let items = keys.items("viridian", false);
        let id = items.first()?.id;
        let groups = items.iter().map(|item| {
            let text = item.text.trim();
            let name = text.strip_prefix('!').unwrap_or(text);
            ViridianGroup {
                name: name.to_owned(),
                is_enabled: name == text,
            }
        });
        Some(Setting {
            id,
            value: Self::Groups(groups.collect()),
        })
    }
}

/// Second-level page tables under the guest's control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Altp2m {
    /// Off.
    Disabled,
    /// For guest and host.
    Mixed,
    /// For the host's tools.
    External,
    /// For the guest, partly.
    Limited,
}

words!(Altp2m, "disabled, mixed, external or limited", {
    "disabled" | "0" => Self::Disabled,
    "mixed" | "1" => Self::Mixed,
    "external" | "2" => Self::External,
    "limited" | "3" => Self::Limited,
});

/// What the hardware can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Features {
    /// `acpi`.
    pub acpi: Option<Setting<bool>>,
    /// `apic`.
    pub apic: Option<Setting<bool>>,
    /// `pae`.
    pub pae: Option<Setting<bool>>,
    /// `nx`.
    pub nx: Option<Setting<bool>>,
    /// `hap`: paging by the hardware.
    pub hap: Option<Setting<bool>>,
    /// `viridian`.
    pub viridian: Option<Setting<Viridian>>,
    /// `nestedhvm`.
    pub nested_hvm: Option<Setting<bool>>,
    /// `altp2m`.
    pub altp2m: Option<Setting<Altp2m>>,
    /// `altp2mhvm`, before it.
    pub altp2mhvm: Option<Setting<bool>>,
    /// `xen_platform_pci`: the device PV drivers of HVM guests look for.
    pub xen_platform_pci: Option<Setting<bool>>,
    /// `e820_host`: the host's memory map.
    pub e820_host: Option<Setting<bool>>,
    /// `passthrough`: how the IOMMU is used.
    pub passthrough: Option<Setting<String>>,
}

impl Features {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            acpi: keys.get("acpi"),
            apic: keys.get("apic"),
            pae: keys.get("pae"),
            nx: keys.get("nx"),
            hap: keys.get("hap"),
            viridian: Viridian::read(keys),
            nested_hvm: keys.get("nestedhvm"),
            altp2m: keys.get("altp2m"),
            altp2mhvm: keys.get("altp2mhvm"),
            xen_platform_pci: keys.get("xen_platform_pci"),
            e820_host: keys.get("e820_host"),
            passthrough: keys.path("passthrough"),
        }
    }
}

/// How the time stamp counter is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TscMode {
    /// Emulated where needed.
    Default,
    /// Always emulated.
    AlwaysEmulate,
    /// Never emulated.
    Native,
    /// Never emulated, with help of the guest.
    NativeParavirt,
}

words!(TscMode, "default, always_emulate, native or native_paravirt", {
    "default" | "0" => Self::Default,
    "always_emulate" | "1" => Self::AlwaysEmulate,
    "native" | "2" => Self::Native,
    "native_paravirt" | "3" => Self::NativeParavirt,
});

/// How timers catch up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimerMode {
    /// Missed ticks come later, the guest's time waits.
    DelayForMissedTicks,
    /// Missed ticks come later, the guest's time runs.
    NoDelayForMissedTicks,
    /// Missed ticks are counted.
    NoMissedTicksPending,
    /// Missed ticks become one.
    OneMissedTickPending,
}

words!(
    TimerMode,
    "delay_for_missed_ticks, no_delay_for_missed_ticks, no_missed_ticks_pending or one_missed_tick_pending",
    {
        "delay_for_missed_ticks" | "0" => Self::DelayForMissedTicks,
        "no_delay_for_missed_ticks" | "1" => Self::NoDelayForMissedTicks,
        "no_missed_ticks_pending" | "2" => Self::NoMissedTicksPending,
        "one_missed_tick_pending" | "3" => Self::OneMissedTickPending,
    }
);

/// The clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clock {
    /// `localtime`: the hardware clock has local time instead of UTC.
    pub localtime: Option<Setting<bool>>,
    /// `rtc_timeoffset`, in seconds.
    pub rtc_offset_seconds: Option<Setting<i64>>,
    /// `tsc_mode`.
    pub tsc_mode: Option<Setting<TscMode>>,
    /// `timer_mode`.
    pub timer_mode: Option<Setting<TimerMode>>,
    /// `hpet`.
    pub hpet: Option<Setting<bool>>,
    /// `vpt_align`: timers of several processors at once.
    pub vpt_align: Option<Setting<bool>>,
}

impl Clock {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            localtime: keys.get("localtime"),
            rtc_offset_seconds: keys.get("rtc_timeoffset"),
            tsc_mode: keys.get("tsc_mode"),
            timer_mode: keys.get("timer_mode"),
            hpet: keys.get("hpet"),
            vpt_align: keys.get("vpt_align"),
        }
    }
}

/// What becomes of a guest that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It goes.
    Destroy,
    /// It starts again.
    Restart,
    /// It stays under another name, and a new one starts.
    RenameRestart,
    /// It stays, stopped.
    Preserve,
    /// Its memory is written to a file, then it goes.
    CoredumpDestroy,
    /// Its memory is written to a file, then it starts again.
    CoredumpRestart,
    /// It starts again with its devices.
    SoftReset,
}

words!(
    Action,
    "destroy, restart, rename-restart, preserve, coredump-destroy, coredump-restart or soft-reset",
    {
        "destroy" => Self::Destroy,
        "restart" => Self::Restart,
        "rename-restart" => Self::RenameRestart,
        "preserve" => Self::Preserve,
        "coredump-destroy" => Self::CoredumpDestroy,
        "coredump-restart" => Self::CoredumpRestart,
        "soft-reset" => Self::SoftReset,
    }
);

/// What happens when the guest stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Actions {
    /// `on_poweroff`; Xen's default is to destroy.
    pub on_poweroff: Option<Setting<Action>>,
    /// `on_reboot`; Xen's default is to restart.
    pub on_reboot: Option<Setting<Action>>,
    /// `on_crash`; xl's default is to destroy.
    pub on_crash: Option<Setting<Action>>,
    /// `on_watchdog`; Xen's default is to destroy.
    pub on_watchdog: Option<Setting<Action>>,
    /// `on_soft_reset`.
    pub on_soft_reset: Option<Setting<Action>>,
}

impl Actions {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            on_poweroff: keys.get("on_poweroff"),
            on_reboot: keys.get("on_reboot"),
            on_crash: keys.get("on_crash"),
            on_watchdog: keys.get("on_watchdog"),
            on_soft_reset: keys.get("on_soft_reset"),
        }
    }
}

/// `gfx_passthru`: a graphics card of the host as the first of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GfxPassthrough {
    /// A number.
    Enabled(bool),
    /// A kind of card: `igd`, `default`.
    Kind(String),
}

impl Scalar for GfxPassthrough {
    const EXPECTED: &'static str = "0, 1 or a kind of card such as igd";

    fn read(text: &str) -> Option<Self> {
        if let Some(number) = read_number(text) {
            return Some(Self::Enabled(number != 0));
        }
        let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_word.then(|| Self::Kind(text.to_owned()))
    }
}
