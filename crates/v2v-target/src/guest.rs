//! What a guest is and what it can drive.
//!
//! A [`Guest`] says which operating system a virtual machine holds, as far as somebody told us: the `guestOS` key of a
//! .vmx, what VMware Tools reported, later an inspection of the disk. Its methods answer the questions a translation
//! asks: the libosinfo id, the virtio level, the emulated devices for which the guest brings drivers, clock, machine
//! type, processor level.
//!
//! Every answer is about what the installation medium of that release brings. A guest that boots from a device on the
//! source proves its driver better than any table here, and so does its initramfs. Unknown guests get the cautious
//! answer: `false`, [`Virtio::Unknown`].
//!
//! Sources of the facts are named where they stand. Linux kernel versions are those in which the driver was merged;
//! backports of enterprise distributions follow their release notes and the device lists of osinfo-db.

mod capability;
mod kernel;
mod libosinfo;
mod os;
mod text;
mod vmware;

pub use capability::{CpuLevel, SourceNic, SourceSound, Virtio};
pub use kernel::KernelVersion;
pub use os::{Family, Os};
pub use vmware::detailed_pairs;

use serde::{Deserialize, Serialize};

/// A release number: `9.4` of AlmaLinux 9.4, `11.1` of SLES 11 SP1, `20.04` of Ubuntu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The part before the dot; the year for Ubuntu.
    pub major: u32,
    /// The part after it: minor release, service pack, or the month for Ubuntu. `None` if nobody said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub minor: Option<u32>,
}

impl Version {
    /// A release of which only the first number is known.
    #[must_use]
    pub const fn major(major: u32) -> Self {
        Version { major, minor: None }
    }

    /// A release with both numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Version {
            major,
            minor: Some(minor),
        }
    }

    /// Reads the first number in `text`, and the number behind its dot: `"7"`, `"9.4 (Seafoam Ocelot)"`, `"12 SP5"`.
    ///
    /// `None` if there is no digit or the first number does not fit `u32`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text::first_version(text)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.minor {
            Some(minor) => write!(f, "{}.{minor}", self.major),
            None => write!(f, "{}", self.major),
        }
    }
}

/// An operating system in a virtual machine, as precisely as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// The product.
    pub os: Os,
    /// Its release. Windows releases are products of their own ([`Os::Windows10`]) and have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Version>,
    /// The Linux kernel that ran in it, or the series that `other4xlinux` and its kind name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kernel: Option<KernelVersion>,
    /// A kernel that a Linux guest's is not older than, known from something else than its release: the age of the
    /// virtual hardware, say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kernel_at_least: Option<KernelVersion>,
    /// 32 or 64. `None` if nobody said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bits: Option<u8>,
    /// The text this was read from, for reports: `rhel9-64`, or what VMware Tools called the guest.
    pub hint: String,
}

impl Guest {
    /// A guest known from somewhere else than a VMware configuration: a disk, an OVF, a Xen configuration.
    ///
    /// The hint is the name of the product; set the other fields as far as they are known.
    #[must_use]
    pub fn new(os: Os, version: Option<Version>, bits: Option<u8>) -> Self {
        let mut guest = Guest {
            os,
            version,
            kernel: None,
            kernel_at_least: None,
            bits,
            hint: String::new(),
        };
        guest.hint = guest.name();
        guest
    }

    /// A guest of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Guest {
            os: Os::Unknown,
            version: None,
            kernel: None,
            kernel_at_least: None,
            bits: None,
            hint: String::new(),
        }
    }

    /// The guest with this libosinfo id, such as `http://debian.org/debian/12`; `None` for an id nobody knows here.
    ///
    /// The inverse of [`libosinfo_id`](Self::libosinfo_id): the guest that is returned has that id, except that "generic
    /// Linux" of 2016 says nothing about a kernel. Releases that the database got later are read, too.
    #[must_use]
    pub fn from_libosinfo(id: &str) -> Option<Guest> {
        libosinfo::read(id)
    }

    /// What a VMware configuration says about its guest.
    ///
    /// `guest_os` is the value of the key `guestOS`, in the spelling of a .vmx (`rhel7-64`) or of the vSphere API and
    /// OVF (`rhel7_64Guest`); `alt_name` is `guestOSAltName`; `detailed` the pairs of `guestInfo.detailed.data` or
    /// `guestOS.detailed.data` as [`detailed_pairs`] splits them, empty if there are none.
    ///
    /// `guestOS` is what somebody once chose in a list, so what VMware Tools reported from inside wins where it names
    /// a product; the alternative name helps only where both leave something open.
    #[must_use]
    pub fn from_vmware(
        guest_os: Option<&str>,
        alt_name: Option<&str>,
        detailed: &[(String, String)],
    ) -> Self {
        vmware::read(guest_os, alt_name, detailed)
    }

    /// The family the product belongs to.
    #[must_use]
    pub fn family(&self) -> Family {
        self.os.family()
    }

    /// True for every Windows from 3.1 on.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.family() == Family::Windows
    }

    /// True for every Linux distribution, also an unnamed one.
    #[must_use]
    pub fn is_linux(&self) -> bool {
        self.family() == Family::Linux
    }

    /// False if not even the family is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.family() != Family::Unknown
    }

    /// The product and its release for people: `Red Hat Enterprise Linux 9.4`, `Windows Server 2019`.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.os, self.version, self.kernel) {
            (
                Os::Ubuntu,
                Some(Version {
                    major,
                    minor: Some(month),
                }),
                _,
            ) => format!("Ubuntu {major}.{month:02}"),
            (os, Some(version), _) => format!("{} {version}", os.name()),
            (Os::OtherLinux, None, Some(kernel)) => format!("Linux with kernel {kernel}"),
            (os, None, _) => os.name().to_owned(),
        }
    }

    /// The id of this guest in libosinfo's database, `http://redhat.com/rhel/9-unknown`; `None` if it has none.
    ///
    /// Only ids which osinfo-db had by the end of 2022 are written wherever there is a choice, so that the database of
    /// the target host knows them; a release that is newer than this has the id it got later.
    #[must_use]
    pub fn libosinfo_id(&self) -> Option<String> {
        libosinfo::id(self)
    }
}

#[cfg(test)]
mod tests;
