//! Which Linux kernel a release runs: the drivers it brings follow from that.

use serde::{Deserialize, Serialize};

use super::text::leading_number;
use super::{Family, Guest, Os, Version};

/// A Linux kernel version, `5.14.0` of `5.14.0-427.13.1.el9_4.x86_64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KernelVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; it counts for 2.6, where 2.6.9 and 2.6.39 are seven years apart.
    pub patch: u32,
}

impl KernelVersion {
    /// A version from its three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        KernelVersion {
            major,
            minor,
            patch,
        }
    }

    /// Reads `uname -r`. A missing third number is 0, what follows is left alone.
    ///
    /// `None` unless the text starts with two numbers and a dot between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, rest) = leading_number(text.trim())?;
        let (minor, rest) = leading_number(rest.strip_prefix('.')?)?;
        let patch = rest
            .strip_prefix('.')
            .and_then(leading_number)
            .map_or(0, |(patch, _)| patch);
        Some(KernelVersion {
            major,
            minor,
            patch,
        })
    }
}

impl std::fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)
        } else {
            Ok(())
        }
    }
}

/// A release, and the kernel it and the releases after it came with.
type Step = ((u32, u32), (u32, u32, u32));

/// Red Hat Enterprise Linux, one kernel for all minor releases.
const RHEL: &[Step] = &[
    ((2, 0), (2, 4, 9)),
    ((3, 0), (2, 4, 21)),
    ((4, 0), (2, 6, 9)),
    ((5, 0), (2, 6, 18)),
    ((6, 0), (2, 6, 32)),
    ((7, 0), (3, 10, 0)),
    ((8, 0), (4, 18, 0)),
    ((9, 0), (5, 14, 0)),
    ((10, 0), (6, 12, 0)),
];

/// SUSE Linux Enterprise; service packs change the kernel.
const SLE: &[Step] = &[
    ((8, 0), (2, 4, 19)),
    ((9, 0), (2, 6, 5)),
    ((10, 0), (2, 6, 16)),
    ((11, 0), (2, 6, 27)),
    ((11, 1), (2, 6, 32)),
    ((11, 2), (3, 0, 0)),
    ((12, 0), (3, 12, 0)),
    ((12, 2), (4, 4, 0)),
    ((12, 4), (4, 12, 0)),
    ((15, 0), (4, 12, 0)),
    ((15, 2), (5, 3, 0)),
    ((15, 4), (5, 14, 0)),
    ((15, 6), (6, 4, 0)),
    ((16, 0), (6, 12, 0)),
];

const DEBIAN: &[Step] = &[
    ((3, 0), (2, 4, 18)),
    ((4, 0), (2, 6, 18)),
    ((5, 0), (2, 6, 26)),
    ((6, 0), (2, 6, 32)),
    ((7, 0), (3, 2, 0)),
    ((8, 0), (3, 16, 0)),
    ((9, 0), (4, 9, 0)),
    ((10, 0), (4, 19, 0)),
    ((11, 0), (5, 10, 0)),
    ((12, 0), (6, 1, 0)),
    ((13, 0), (6, 12, 0)),
];

const UBUNTU: &[Step] = &[
    ((4, 10), (2, 6, 8)),
    ((5, 4), (2, 6, 10)),
    ((5, 10), (2, 6, 12)),
    ((6, 6), (2, 6, 15)),
    ((6, 10), (2, 6, 17)),
    ((7, 4), (2, 6, 20)),
    ((7, 10), (2, 6, 22)),
    ((8, 4), (2, 6, 24)),
    ((8, 10), (2, 6, 27)),
    ((9, 4), (2, 6, 28)),
    ((9, 10), (2, 6, 31)),
    ((10, 4), (2, 6, 32)),
    ((11, 4), (2, 6, 38)),
    ((12, 4), (3, 2, 0)),
    ((13, 4), (3, 8, 0)),
    ((14, 4), (3, 13, 0)),
    ((15, 4), (3, 19, 0)),
    ((15, 10), (4, 2, 0)),
    ((16, 4), (4, 4, 0)),
    ((18, 4), (4, 15, 0)),
    ((20, 4), (5, 4, 0)),
    ((22, 4), (5, 15, 0)),
    ((24, 4), (6, 8, 0)),
];

const FEDORA: &[Step] = &[
    ((1, 0), (2, 4, 22)),
    ((2, 0), (2, 6, 5)),
    ((3, 0), (2, 6, 9)),
    ((5, 0), (2, 6, 15)),
    ((6, 0), (2, 6, 18)),
    ((7, 0), (2, 6, 21)),
    ((8, 0), (2, 6, 23)),
    ((9, 0), (2, 6, 25)),
    ((10, 0), (2, 6, 27)),
    ((12, 0), (2, 6, 31)),
    ((13, 0), (2, 6, 33)),
    ((15, 0), (2, 6, 38)),
    ((17, 0), (3, 3, 0)),
    ((18, 0), (3, 6, 0)),
    ((21, 0), (3, 17, 0)),
    ((22, 0), (4, 0, 0)),
    ((28, 0), (4, 16, 0)),
    ((32, 0), (5, 6, 0)),
    ((38, 0), (6, 2, 0)),
];

/// openSUSE counted 10 to 13, then 42, then 15 and on; see [`open_suse`].
const OPENSUSE: &[Step] = &[
    ((9, 0), (2, 6, 4)),
    ((10, 0), (2, 6, 13)),
    ((10, 2), (2, 6, 18)),
    ((10, 3), (2, 6, 22)),
    ((11, 0), (2, 6, 25)),
    ((11, 2), (2, 6, 31)),
    ((11, 3), (2, 6, 34)),
    ((12, 1), (3, 1, 0)),
    ((12, 3), (3, 7, 0)),
    ((13, 1), (3, 11, 0)),
    ((13, 2), (3, 16, 0)),
    ((15, 0), (4, 12, 0)),
    ((15, 2), (5, 3, 0)),
    ((15, 4), (5, 14, 0)),
    ((15, 6), (6, 4, 0)),
    ((16, 0), (6, 12, 0)),
];

/// Asianux 3 is RHEL 5, 4 is RHEL 6; from 7 on the numbers are the same.
const ASIANUX: &[Step] = &[
    ((2, 0), (2, 6, 9)),
    ((3, 0), (2, 6, 18)),
    ((4, 0), (2, 6, 32)),
    ((7, 0), (3, 10, 0)),
    ((8, 0), (4, 18, 0)),
    ((9, 0), (5, 14, 0)),
];

const AMAZON: &[Step] = &[
    ((1, 0), (3, 2, 0)),
    ((2, 0), (4, 14, 0)),
    ((3, 0), (6, 1, 0)),
];

const PHOTON: &[Step] = &[
    ((1, 0), (4, 4, 0)),
    ((2, 0), (4, 9, 0)),
    ((3, 0), (4, 19, 0)),
    ((4, 0), (5, 10, 0)),
    ((5, 0), (6, 1, 0)),
];

impl Guest {
    /// The kernel this guest runs: the one somebody saw, or the one its release came with. `None` if it is no Linux or
    /// the release is not known.
    pub(super) fn linux_kernel(&self) -> Option<KernelVersion> {
        if self.family() != Family::Linux {
            return None;
        }
        self.kernel
            .or_else(|| release_kernel(self.os, self.version?))
    }

    /// A kernel that this guest's is not older than, also without a known release.
    ///
    /// Distributions that VMware lists without a release are taken to be from 2008 at least (RHEL 5, Ubuntu 8.04),
    /// because that decides between emulated devices only; [`Guest::virtio`] does not rely on it.
    pub(super) fn oldest_kernel(&self) -> Option<KernelVersion> {
        if self.family() != Family::Linux {
            return None;
        }
        self.linux_kernel()
            .or_else(|| self.surely_kernel())
            .or(match self.os {
                Os::Rhel | Os::CentOs | Os::OracleLinux | Os::ScientificLinux | Os::Asianux => {
                    Some((2, 6, 18))
                }
                Os::Ubuntu | Os::Fedora | Os::Debian => Some((2, 6, 24)),
                Os::OpenSuse => Some((2, 6, 18)),
                _ => None,
            }
            .map(|(major, minor, patch)| KernelVersion::new(major, minor, patch)))
    }

    /// The kernel of the first release, for products that began late, or what the caller knows.
    pub(super) fn surely_kernel(&self) -> Option<KernelVersion> {
        self.first_kernel().max(self.kernel_at_least)
    }

    fn first_kernel(&self) -> Option<KernelVersion> {
        match self.os {
            Os::AlmaLinux | Os::RockyLinux | Os::CentOsStream => Some(KernelVersion::new(4, 18, 0)),
            Os::AmazonLinux => Some(KernelVersion::new(4, 14, 0)),
            Os::Photon | Os::Crx => Some(KernelVersion::new(4, 4, 0)),
            // VMware has listed CoreOS since vSphere 6.0 of 2015.
            Os::CoreOs => Some(KernelVersion::new(3, 15, 0)),
            _ => None,
        }
    }
}

fn release_kernel(os: Os, version: Version) -> Option<KernelVersion> {
    let steps = match os {
        _ if os.is_rhel_like() => RHEL,
        _ if os.is_sle() => SLE,
        Os::Debian => DEBIAN,
        Os::Ubuntu => UBUNTU,
        Os::Fedora => FEDORA,
        Os::OpenSuse => return open_suse(version),
        Os::Asianux => ASIANUX,
        Os::AmazonLinux => AMAZON,
        Os::Photon => PHOTON,
        Os::NovellDesktop => return Some(KernelVersion::new(2, 6, 5)),
        _ => return None,
    };
    step(steps, version)
}

/// The first snapshot of Tumbleweed as a distribution; its releases are dates.
pub(super) const TUMBLEWEED: u32 = 20_141_104;

/// Leap 42 came between 13 and 15.
fn open_suse(version: Version) -> Option<KernelVersion> {
    match version.major {
        42 => Some(KernelVersion::new(4, 1, 0)),
        TUMBLEWEED.. => Some(KernelVersion::new(3, 17, 0)),
        _ => step(OPENSUSE, version),
    }
}

/// The last step at or before the release; an unknown minor release counts as the first.
fn step(steps: &[Step], version: Version) -> Option<KernelVersion> {
    let release = (version.major, version.minor.unwrap_or(0));
    let (_, (major, minor, patch)) = steps.iter().rev().find(|(first, _)| *first <= release)?;
    Some(KernelVersion::new(*major, *minor, *patch))
}
