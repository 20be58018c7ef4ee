//! What a guest can drive without anybody's help.

use serde::{Deserialize, Serialize};

use super::{Family, Guest, KernelVersion, Os};

/// What a guest makes of virtio disks and network cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Virtio {
    /// It drives virtio 1.0: any machine type, any model.
    Modern,
    /// It drives virtio 0.9 only: plain virtio on pc, `virtio-transitional` on q35.
    Legacy,
    /// It has none of its own, but drivers exist and can be staged: Windows from XP on.
    WithDrivers,
    /// Its release decides, and nobody said which it is.
    Unknown,
    /// It has none, and there are none.
    None,
}

/// The processor a guest needs, as the x86-64 psABI counts levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuLevel {
    /// Any x86 processor that KVM runs on.
    Baseline,
    /// x86-64-v2: SSE4.2, POPCNT, CMPXCHG16B; Nehalem of 2008.
    V2,
    /// x86-64-v3: AVX2, BMI2, FMA; Haswell of 2013.
    V3,
}

/// The network card VMware puts in where `ethernetN.virtualDev` is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceNic {
    /// "Flexible": an AMD PCnet (`vlance`) that turns into a vmxnet when VMware Tools ask for it.
    Flexible,
    /// Intel 82545EM.
    E1000,
}

impl SourceNic {
    /// The value `virtualDev` would have.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SourceNic::Flexible => "vlance",
            SourceNic::E1000 => "e1000",
        }
    }
}

/// The sound card VMware puts in where `sound.virtualDev` is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceSound {
    /// Ensoniq AudioPCI.
    Es1371,
    /// Intel High Definition Audio.
    HdAudio,
}

impl SourceSound {
    /// The value `virtualDev` would have.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SourceSound::Es1371 => "es1371",
            SourceSound::HdAudio => "hdaudio",
        }
    }
}

/// Windows releases in the order of their kernels, so that "from Vista on" is a comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nt {
    Dos,
    Four,
    Five,      // 2000
    FiveOne,   // XP
    FiveTwo,   // Server 2003, XP for 64 bits
    Six,       // Vista, Server 2008
    SixOne,    // 7, Server 2008 R2
    SixTwo,    // 8, Server 2012
    SixThree,  // 8.1, Server 2012 R2
    Ten,       // 10, Server 2016 to 2022
    TenOf2024, // 11, Server 2025
}

impl Guest {
    /// What the guest makes of virtio disks and network cards.
    ///
    /// Linux: virtio on PCI was merged in 2.6.25, virtio 1.0 in 4.0. Red Hat brought the first to RHEL 4.8 and 5.3 and
    /// the second to 7.2, SUSE the first to SLES 10 SP3 and the second to 12 SP2 (osinfo-db). RHEL 5 and later and
    /// SLES 11 and later without a known minor release are taken to be patched; RHEL 4 and SLES 10 are not.
    /// FreeBSD: `virtio_pci` in the default kernel since 10.0, its modern form since 13.0. Windows: the drivers of the
    /// virtio-win project reach back to XP.
    #[must_use]
    pub fn virtio(&self) -> Virtio {
        match self.family() {
            Family::Windows => self.windows_virtio(),
            Family::Linux => self.linux_virtio(),
            Family::FreeBsd => match self.version.map(|version| version.major) {
                Some(13..) => Virtio::Modern,
                Some(10..) => Virtio::Legacy,
                Some(_) => Virtio::None,
                None => Virtio::Unknown,
            },
            Family::OtherBsd | Family::Solaris | Family::Unknown => Virtio::Unknown,
            _ => Virtio::None,
        }
    }

    fn windows_virtio(&self) -> Virtio {
        match self.nt() {
            Some(nt) if nt >= Nt::FiveOne => Virtio::WithDrivers,
            Some(_) => Virtio::None,
            None => Virtio::Unknown,
        }
    }

    fn linux_virtio(&self) -> Virtio {
        if let Some(backported) = self.backported_virtio() {
            return backported;
        }
        match self.linux_kernel() {
            // A bare "2.6.x" may be on either side of 2.6.25.
            Some(kernel) if self.is_bare_26(kernel) => Virtio::Unknown,
            Some(kernel) if kernel >= KernelVersion::new(4, 0, 0) => Virtio::Modern,
            Some(kernel) if kernel >= KernelVersion::new(2, 6, 25) => Virtio::Legacy,
            Some(_) => Virtio::None,
            None => match self.surely_kernel() {
                Some(kernel) if kernel >= KernelVersion::new(4, 0, 0) => Virtio::Modern,
                Some(_) => Virtio::Legacy,
                None => Virtio::Unknown,
            },
        }
    }

    /// `other26xlinux`: a series, not a version.
    fn is_bare_26(&self, kernel: KernelVersion) -> bool {
        self.os == Os::OtherLinux && kernel == KernelVersion::new(2, 6, 0)
    }

    /// The level of enterprise distributions, whose kernel version says too little.
    fn backported_virtio(&self) -> Option<Virtio> {
        let version = self.version?;
        let rhel = self.os.is_rhel_like() || (self.os == Os::Asianux && version.major >= 7);
        let from = |minor, first, then, before| if minor >= first { then } else { before };
        let level = match (version.major, version.minor) {
            (4, None) if rhel => Virtio::Unknown,
            (4, Some(minor)) if rhel => from(minor, 8, Virtio::Legacy, Virtio::None),
            (5, minor) if rhel => from(minor.unwrap_or(u32::MAX), 3, Virtio::Legacy, Virtio::None),
            (6, _) if rhel => Virtio::Legacy,
            (7, minor) if rhel => {
                from(minor.unwrap_or(u32::MAX), 2, Virtio::Modern, Virtio::Legacy)
            }
            (10, None) if self.os.is_sle() => Virtio::Unknown,
            (10, Some(minor)) if self.os.is_sle() => from(minor, 3, Virtio::Legacy, Virtio::None),
            (11, _) if self.os.is_sle() => Virtio::Legacy,
            (12, minor) if self.os.is_sle() => {
                from(minor.unwrap_or(u32::MAX), 2, Virtio::Modern, Virtio::Legacy)
            }
            (3, _) if self.os == Os::Asianux => Virtio::Legacy,
            _ => return None,
        };
        Some(level)
    }

    /// A driver for virtio-scsi: Linux 3.4, RHEL 6.3, SLES 11 SP3 (osinfo-db). False for Windows, which needs vioscsi.
    #[must_use]
    pub fn has_virtio_scsi(&self) -> bool {
        match (self.version.map(|v| (v.major, v.minor)), self.os) {
            (Some((6, minor)), os) if os.is_rhel_like() => minor.is_none_or(|minor| minor >= 3),
            (Some((11, minor)), os) if os.is_sle() => minor.is_some_and(|minor| minor >= 3),
            _ => self.linux_from(3, 4, 0),
        }
    }

    /// A driver for AHCI as q35 has it: Linux 2.6.18 knows the ICH9, SLES 10 brought it back to 2.6.16. Windows from
    /// Vista on (msahci, storahci); FreeBSD from 8 on; Solaris from 10 on. False for RHEL 4 and before, XP and 2003.
    #[must_use]
    pub fn has_ahci(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt_from(Nt::Six),
            Family::FreeBsd => self.version.is_none_or(|version| version.major >= 8),
            Family::Solaris => self.version.is_some_and(|version| version.major >= 10),
            Family::OtherBsd | Family::MacOs => true,
            Family::Linux => self.linux_from(2, 6, 16),
            _ => false,
        }
    }

    /// A driver for the LSI SAS1068 (mptsas, LSI_SAS): Linux 2.6.16, without RHEL 10 and later; Windows from Vista on.
    ///
    /// Red Hat has marked it as no longer maintained since RHEL 7; from RHEL 10 on nothing counts on it here.
    #[must_use]
    pub fn has_mptsas(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt_from(Nt::Six),
            Family::FreeBsd => self.version.is_none_or(|version| version.major >= 7),
            Family::Linux => self.linux_from(2, 6, 16) && !self.is_rhel_from(10),
            _ => false,
        }
    }

    /// A driver for VMware's paravirtual SCSI in the distribution itself: Linux 2.6.33, RHEL 6 and SLES 11 SP1 brought
    /// it back to 2.6.32; FreeBSD from 13 on. Elsewhere VMware Tools brought it, so false for every Windows.
    #[must_use]
    pub fn has_pvscsi(&self) -> bool {
        match self.family() {
            Family::FreeBsd => self.version.is_some_and(|version| version.major >= 13),
            _ => self.linux_from(2, 6, 33) || self.has_vmware_backports(),
        }
    }

    /// A driver for the Intel 82540EM, QEMU's e1000: Linux 2.4, Windows XP for 64 bits, Server 2003 for 64 bits and
    /// all from Vista on, FreeBSD, Solaris, macOS.
    #[must_use]
    pub fn has_e1000(&self) -> bool {
        match self.family() {
            Family::Windows => {
                self.nt_from(Nt::Six) || (self.nt_from(Nt::FiveOne) && self.bits == Some(64))
            }
            Family::FreeBsd | Family::OtherBsd | Family::MacOs => true,
            Family::Solaris => self.version.is_some_and(|version| version.major >= 10),
            Family::Linux => !self.linux_before(2, 4, 20),
            _ => false,
        }
    }

    /// A driver for the Intel 82574L, QEMU's e1000e: Linux 2.6.28, RHEL 6; Windows from 8 and Server 2012 on; FreeBSD
    /// from 8 on.
    #[must_use]
    pub fn has_e1000e(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt_from(Nt::SixTwo),
            Family::FreeBsd => self.version.is_none_or(|version| version.major >= 8),
            _ => self.linux_from(2, 6, 28),
        }
    }

    /// A driver for the AMD PCnet: every Linux but RHEL 7 and later; Windows from 95 to Server 2003 on 32 bits; the
    /// systems of the nineties.
    #[must_use]
    pub fn has_pcnet(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt().is_some_and(|nt| nt < Nt::Six) && self.bits != Some(64),
            Family::Linux => !self.is_rhel_from(7),
            Family::FreeBsd
            | Family::OtherBsd
            | Family::NetWare
            | Family::ScoUnix
            | Family::Os2
            | Family::Solaris => true,
            Family::Dos => true,
            _ => false,
        }
    }

    /// A driver for vmxnet3 in the distribution itself: Linux 2.6.32, SLES 11 SP1, FreeBSD from 10 on, OpenBSD.
    /// Elsewhere VMware Tools brought it, so false for every Windows.
    #[must_use]
    pub fn has_vmxnet3(&self) -> bool {
        match self.family() {
            Family::FreeBsd => self.version.is_some_and(|version| version.major >= 10),
            _ => self.linux_from(2, 6, 32),
        }
    }

    /// A driver for the Realtek 8139: every Linux; Windows from Me to 7 and Server 2008 R2; FreeBSD.
    #[must_use]
    pub fn has_rtl8139(&self) -> bool {
        match self.family() {
            Family::Windows => {
                self.os == Os::WindowsMe || (self.nt_from(Nt::Five) && !self.nt_from(Nt::SixTwo))
            }
            Family::Linux => !self.is_rhel_from(10),
            Family::FreeBsd | Family::OtherBsd => true,
            _ => false,
        }
    }

    /// A driver for NVMe disks: Linux 3.3, RHEL 6.5, SLES 11 SP3; Windows from 8.1 and Server 2012 R2 on; FreeBSD from
    /// 10 on.
    #[must_use]
    pub fn has_nvme(&self) -> bool {
        match (
            self.family(),
            self.version.map(|v| (v.major, v.minor)),
            self.os,
        ) {
            (Family::Windows, ..) => self.nt_from(Nt::SixThree),
            (Family::FreeBsd, version, _) => version.is_some_and(|(major, _)| major >= 10),
            (_, Some((6, minor)), os) if os.is_rhel_like() => minor.is_some_and(|minor| minor >= 5),
            (_, Some((11, minor)), os) if os.is_sle() => minor.is_some_and(|minor| minor >= 3),
            _ => self.linux_from(3, 3, 0),
        }
    }

    /// A driver for USB 3 controllers: Linux 2.6.31; Windows from 8 and Server 2012 on; FreeBSD from 9 on; macOS from
    /// 10.8 on.
    #[must_use]
    pub fn has_xhci(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt_from(Nt::SixTwo),
            Family::FreeBsd => self.version.is_some_and(|version| version.major >= 9),
            Family::MacOs => self.version.is_some_and(|version| version.major >= 12),
            _ => self.linux_from(2, 6, 31),
        }
    }

    /// A driver for Intel High Definition Audio: Linux 2.6.16, Windows from Vista on, FreeBSD, macOS.
    #[must_use]
    pub fn has_hda_sound(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt_from(Nt::Six),
            Family::FreeBsd | Family::OtherBsd | Family::MacOs => true,
            _ => self.linux_from(2, 6, 16),
        }
    }

    /// True for guests from before PCI Express: the machine type is pc, not q35.
    ///
    /// RHEL 4, SLES 9, Debian 3, Linux 2.4 and what came before; Windows before Vista; DOS, OS/2, NetWare, SCO,
    /// Solaris 9; FreeBSD before 8. False if nobody said what the guest is.
    #[must_use]
    pub fn prefers_pc(&self) -> bool {
        match self.family() {
            Family::Windows => self.nt().is_some_and(|nt| nt < Nt::Six),
            Family::Linux => match self.os {
                Os::RedHatLinux | Os::NovellDesktop | Os::JavaDesktop | Os::TurboLinux => true,
                _ => self.linux_before(2, 6, 16),
            },
            Family::Solaris => self.version.is_some_and(|version| version.major < 10),
            Family::FreeBsd => self.version.is_some_and(|version| version.major < 8),
            Family::Dos | Family::Os2 | Family::NetWare | Family::ScoUnix => true,
            _ => false,
        }
    }

    /// True if the guest expects local time in the hardware clock: every Windows that was not told otherwise
    /// (`RealTimeIsUniversal`), DOS and OS/2.
    #[must_use]
    pub fn clock_is_local(&self) -> bool {
        matches!(self.family(), Family::Windows | Family::Dos | Family::Os2)
    }

    /// True if the guest makes use of Hyper-V's interfaces: Windows from Vista and Server 2008 on.
    #[must_use]
    pub fn hyperv(&self) -> bool {
        self.nt_from(Nt::Six) || self.os == Os::HyperVServer
    }

    /// True if the guest can start from UEFI on a 64-bit firmware, the only one QEMU is given.
    ///
    /// 64-bit Windows from Vista SP1 and Server 2008 on; 64-bit Linux from 2.6.27 on, which takes in RHEL 6 and
    /// SLES 11; FreeBSD from 10.1 on; macOS; ESXi from 5 on. True if nobody said what the guest is.
    #[must_use]
    pub fn boots_uefi(&self) -> bool {
        if self.bits == Some(32) && self.is_known() {
            return false;
        }
        match self.family() {
            Family::Windows => self.nt().is_none_or(|nt| nt >= Nt::Six),
            Family::Linux => self.os == Os::OtherLinux || !self.linux_before(2, 6, 27),
            Family::FreeBsd => self.version.is_none_or(|version| version.major >= 10),
            Family::MacOs | Family::OtherBsd | Family::VmKernel | Family::Unknown => true,
            Family::Solaris => self.version.is_none_or(|version| version.major >= 11),
            _ => false,
        }
    }

    /// The processor the guest is built for.
    ///
    /// RHEL 9 and its rebuilds, SLE 16, openSUSE Leap 16, Windows 11 since 24H2 and Server 2025 need x86-64-v2; RHEL 10
    /// x86-64-v3 (AlmaLinux also publishes a v2 build of its 10).
    #[must_use]
    pub fn minimum_cpu_level(&self) -> CpuLevel {
        if self.is_rhel_from(10) {
            return CpuLevel::V3;
        }
        let sle_16 = (self.os.is_sle() || self.os == Os::OpenSuse)
            && self
                .version
                .is_some_and(|version| (16..42).contains(&version.major));
        if self.is_rhel_from(9) || sle_16 || self.nt_from(Nt::TenOf2024) {
            return CpuLevel::V2;
        }
        CpuLevel::Baseline
    }

    /// False for guests nobody moves to KVM with this: macOS (its licence and its boot loader), ESXi and CRX, NetWare,
    /// Solaris. They are translated all the same, and the caller says so.
    #[must_use]
    pub fn supported(&self) -> bool {
        self.os != Os::Crx
            && !matches!(
                self.family(),
                Family::MacOs | Family::VmKernel | Family::NetWare | Family::Solaris
            )
    }

    /// The network card VMware puts in where `ethernetN.virtualDev` is absent: flexible for 32-bit guests, e1000 for
    /// 64-bit guests. A guest of unknown width counts as 32-bit, as `other` is.
    #[must_use]
    pub fn default_nic(&self) -> SourceNic {
        if self.bits == Some(64) {
            SourceNic::E1000
        } else {
            SourceNic::Flexible
        }
    }

    /// The sound card VMware puts in where `sound.virtualDev` is absent: HD Audio from Windows Vista on, else ES1371.
    #[must_use]
    pub fn default_sound(&self) -> SourceSound {
        if self.nt_from(Nt::Six) {
            SourceSound::HdAudio
        } else {
            SourceSound::Es1371
        }
    }

    /// True for a Linux that is known to run this kernel or a later one.
    fn linux_from(&self, major: u32, minor: u32, patch: u32) -> bool {
        self.oldest_kernel()
            .is_some_and(|kernel| kernel >= KernelVersion::new(major, minor, patch))
    }

    /// True for a Linux that is known to run an earlier kernel.
    fn linux_before(&self, major: u32, minor: u32, patch: u32) -> bool {
        self.oldest_kernel()
            .is_some_and(|kernel| kernel < KernelVersion::new(major, minor, patch))
    }

    /// RHEL 6 and SLES 11 SP1, whose 2.6.32 has VMware's drivers of 2.6.33.
    fn has_vmware_backports(&self) -> bool {
        let enterprise = self.os.is_rhel_like() || self.os.is_sle() || self.os == Os::Asianux;
        enterprise && self.linux_from(2, 6, 32)
    }

    /// A RHEL or a rebuild of it, from this release on.
    fn is_rhel_from(&self, major: u32) -> bool {
        let counted = self.os.is_rhel_like() || self.os == Os::Asianux;
        counted && self.version.is_some_and(|version| version.major >= major)
    }

    fn nt_from(&self, first: Nt) -> bool {
        self.nt().is_some_and(|nt| nt >= first)
    }

    /// The kernel of a Windows; `None` if it is none or its release is unknown.
    fn nt(&self) -> Option<Nt> {
        Some(match self.os {
            Os::Windows31 | Os::Windows95 | Os::Windows98 | Os::WindowsMe => Nt::Dos,
            Os::WindowsNt => Nt::Four,
            Os::Windows2000 => Nt::Five,
            Os::WindowsXp if self.bits == Some(64) => Nt::FiveTwo,
            Os::WindowsXp => Nt::FiveOne,
            Os::Windows2003 => Nt::FiveTwo,
            Os::WindowsVista | Os::Windows2008 => Nt::Six,
            Os::Windows7 | Os::Windows2008R2 => Nt::SixOne,
            Os::Windows8 | Os::Windows2012 => Nt::SixTwo,
            Os::Windows81 | Os::Windows2012R2 => Nt::SixThree,
            Os::Windows10 | Os::Windows2016 | Os::Windows2019 | Os::Windows2022 => Nt::Ten,
            Os::Windows11 | Os::Windows12 | Os::Windows2025 => Nt::TenOf2024,
            _ => return None,
        })
    }
}
