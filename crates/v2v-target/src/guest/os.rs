//! The products a guest can be.

use serde::{Deserialize, Serialize};

/// A family of operating systems with one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Microsoft Windows, also those on top of DOS.
    Windows,
    /// Any Linux distribution.
    Linux,
    /// FreeBSD and what is built from it.
    FreeBsd,
    /// OpenBSD and NetBSD, which VMware has no name for.
    OtherBsd,
    /// Mac OS X and macOS.
    MacOs,
    /// Solaris.
    Solaris,
    /// Novell NetWare.
    NetWare,
    /// SCO OpenServer and UnixWare.
    ScoUnix,
    /// OS/2 and eComStation.
    Os2,
    /// MS-DOS and its relatives.
    Dos,
    /// VMware ESX and ESXi.
    VmKernel,
    /// Nobody said.
    Unknown,
}

macro_rules! products {
    ($($(#[$doc:meta])* $variant:ident: $family:ident, $name:literal;)*) => {
        /// A product: a distribution, or one release of Windows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Os {
            $($(#[$doc])* $variant,)*
        }

        impl Os {
            /// The family of the product.
            #[must_use]
            pub fn family(self) -> Family {
                match self { $(Os::$variant => Family::$family,)* }
            }

            /// The name of the product without a release.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Os::$variant => $name,)* }
            }
        }
    };
}

products! {
    /// Windows 3.1.
    Windows31: Windows, "Windows 3.1";
    /// Windows 95.
    Windows95: Windows, "Windows 95";
    /// Windows 98.
    Windows98: Windows, "Windows 98";
    /// Windows Me.
    WindowsMe: Windows, "Windows Me";
    /// Windows NT 4.
    WindowsNt: Windows, "Windows NT";
    /// Windows 2000, workstation and server.
    Windows2000: Windows, "Windows 2000";
    /// Windows XP. The 64-bit edition is built from Server 2003.
    WindowsXp: Windows, "Windows XP";
    /// Windows Server 2003, also R2 and Small Business Server 2003.
    Windows2003: Windows, "Windows Server 2003";
    /// Windows Vista.
    WindowsVista: Windows, "Windows Vista";
    /// Windows Server 2008, "Longhorn" in VMware's names.
    Windows2008: Windows, "Windows Server 2008";
    /// Windows 7.
    Windows7: Windows, "Windows 7";
    /// Windows Server 2008 R2.
    Windows2008R2: Windows, "Windows Server 2008 R2";
    /// Windows 8.
    Windows8: Windows, "Windows 8";
    /// Windows 8.1; VMware's list does not tell it from 8.
    Windows81: Windows, "Windows 8.1";
    /// Windows Server 2012.
    Windows2012: Windows, "Windows Server 2012";
    /// Windows Server 2012 R2; VMware's list does not tell it from 2012.
    Windows2012R2: Windows, "Windows Server 2012 R2";
    /// Windows 10, "windows9" in VMware's names.
    Windows10: Windows, "Windows 10";
    /// Windows Server 2016, "windows9srv".
    Windows2016: Windows, "Windows Server 2016";
    /// Windows Server 2019.
    Windows2019: Windows, "Windows Server 2019";
    /// Windows Server 2022, "windows2019srvNext".
    Windows2022: Windows, "Windows Server 2022";
    /// Windows Server 2025, "windows2022srvNext".
    Windows2025: Windows, "Windows Server 2025";
    /// Windows 11.
    Windows11: Windows, "Windows 11";
    /// What VMware calls windows12: a client after Windows 11.
    Windows12: Windows, "Windows after 11";
    /// Hyper-V Server, of an unknown release.
    HyperVServer: Windows, "Microsoft Hyper-V Server";
    /// Windows of an unknown release.
    OtherWindows: Windows, "Windows";
    /// Red Hat Enterprise Linux.
    Rhel: Linux, "Red Hat Enterprise Linux";
    /// CentOS up to 8; see [`Os::CentOsStream`].
    CentOs: Linux, "CentOS";
    /// CentOS Stream, the only CentOS from 9 on.
    CentOsStream: Linux, "CentOS Stream";
    /// Oracle Linux.
    OracleLinux: Linux, "Oracle Linux";
    /// Rocky Linux.
    RockyLinux: Linux, "Rocky Linux";
    /// AlmaLinux.
    AlmaLinux: Linux, "AlmaLinux";
    /// Scientific Linux.
    ScientificLinux: Linux, "Scientific Linux";
    /// Asianux and MIRACLE LINUX.
    Asianux: Linux, "Asianux";
    /// Amazon Linux 2, and 3 for the one called 2023.
    AmazonLinux: Linux, "Amazon Linux";
    /// Fedora.
    Fedora: Linux, "Fedora";
    /// Red Hat Linux, the product before Fedora and RHEL.
    RedHatLinux: Linux, "Red Hat Linux";
    /// SUSE Linux Enterprise Server. The minor number is the service pack.
    Sles: Linux, "SUSE Linux Enterprise Server";
    /// SUSE Linux Enterprise Desktop.
    Sled: Linux, "SUSE Linux Enterprise Desktop";
    /// openSUSE and SUSE Linux.
    OpenSuse: Linux, "openSUSE";
    /// Novell Open Enterprise Server on Linux.
    NovellOes: Linux, "Novell Open Enterprise Server";
    /// Novell Linux Desktop 9.
    NovellDesktop: Linux, "Novell Linux Desktop";
    /// Sun Java Desktop System.
    JavaDesktop: Linux, "Sun Java Desktop System";
    /// Debian.
    Debian: Linux, "Debian";
    /// Ubuntu.
    Ubuntu: Linux, "Ubuntu";
    /// Mandrake and Mandriva.
    Mandriva: Linux, "Mandriva";
    /// Turbolinux.
    TurboLinux: Linux, "Turbolinux";
    /// CoreOS Container Linux and Flatcar.
    CoreOs: Linux, "CoreOS";
    /// VMware Photon OS.
    Photon: Linux, "VMware Photon OS";
    /// The kernel that vSphere runs pods on; no guest anybody converts.
    Crx: Linux, "VMware CRX";
    /// A Linux without a name.
    OtherLinux: Linux, "Linux";
    /// FreeBSD.
    FreeBsd: FreeBsd, "FreeBSD";
    /// OpenBSD.
    OpenBsd: OtherBsd, "OpenBSD";
    /// NetBSD.
    NetBsd: OtherBsd, "NetBSD";
    /// Mac OS X and macOS; the version is the one of Darwin, 9 for 10.5 and 20 for macOS 11.
    MacOs: MacOs, "macOS with Darwin";
    /// Solaris.
    Solaris: Solaris, "Solaris";
    /// Novell NetWare.
    NetWare: NetWare, "NetWare";
    /// SCO OpenServer.
    OpenServer: ScoUnix, "SCO OpenServer";
    /// SCO UnixWare.
    UnixWare: ScoUnix, "SCO UnixWare";
    /// OS/2.
    Os2: Os2, "OS/2";
    /// eComStation.
    EComStation: Os2, "eComStation";
    /// MS-DOS.
    Dos: Dos, "MS-DOS";
    /// VMware ESX and ESXi.
    VmKernel: VmKernel, "VMware ESXi";
    /// Nobody said.
    Unknown: Unknown, "unknown";
}

impl Os {
    /// True for RHEL and what is rebuilt from it under the same release numbers.
    pub(super) fn is_rhel_like(self) -> bool {
        matches!(
            self,
            Os::Rhel
                | Os::CentOs
                | Os::CentOsStream
                | Os::OracleLinux
                | Os::RockyLinux
                | Os::AlmaLinux
                | Os::ScientificLinux
        )
    }

    /// True for SUSE Linux Enterprise, where the minor number is a service pack.
    pub(super) fn is_sle(self) -> bool {
        matches!(self, Os::Sles | Os::Sled)
    }
}
