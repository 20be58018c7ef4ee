//! The ids of libosinfo's database. Checked against osinfo-db of November 2022.

use super::kernel::TUMBLEWEED;
use super::{Family, Guest, KernelVersion, Os, Version};

/// The id of a guest: that of its release, else of its generation of Linux.
pub(super) fn id(guest: &Guest) -> Option<String> {
    let path = match guest.family() {
        Family::Linux => Some(linux(guest)),
        _ => other(guest),
    };
    path.map(|path| format!("http://{path}"))
}

fn linux(guest: &Guest) -> String {
    guest
        .version
        .and_then(|version| release(guest.os, version))
        .unwrap_or_else(|| match guest.os {
            Os::OpenSuse => "opensuse.org/opensuse/unknown".to_owned(),
            _ => generic(guest),
        })
}

/// "Generic Linux" of the year its kernel is from; of 2022 if nobody said.
fn generic(guest: &Guest) -> String {
    let year = match guest.linux_kernel().or_else(|| guest.surely_kernel()) {
        _ if matches!(
            guest.os,
            Os::Mandriva | Os::TurboLinux | Os::RedHatLinux | Os::NovellOes | Os::JavaDesktop
        ) =>
        {
            2016
        }
        Some(kernel) if kernel < KernelVersion::new(4, 0, 0) => 2016,
        Some(kernel) if kernel < KernelVersion::new(5, 0, 0) => 2018,
        Some(kernel) if kernel < KernelVersion::new(5, 10, 0) => 2020,
        _ => 2022,
    };
    format!("libosinfo.org/linux/{year}")
}

/// The id of one release of a distribution. `None` if the database counts in another way.
fn release(os: Os, version: Version) -> Option<String> {
    let major = version.major;
    match os {
        Os::Rhel => rhel(version),
        Os::CentOs => centos(version),
        Os::CentOsStream => Some(format!("centos.org/centos-stream/{major}")),
        Os::OracleLinux => oracle(version),
        Os::ScientificLinux => minors(
            "scientificlinux.org/scientificlinux",
            version,
            &[(5, 11), (6, 10), (7, 6)],
        ),
        Os::RockyLinux => (8..)
            .contains(&major)
            .then(|| format!("rockylinux.org/rocky/{major}")),
        Os::AlmaLinux => (8..)
            .contains(&major)
            .then(|| format!("almalinux.org/almalinux/{major}")),
        Os::Fedora => Some(format!("fedoraproject.org/fedora/{major}")),
        Os::Sles => sle("sles", version),
        Os::Sled => sle("sled", version),
        Os::OpenSuse => open_suse(version),
        Os::Debian => match major {
            3 => Some(format!(
                "debian.org/debian/{}",
                if version.minor == Some(0) { "3" } else { "3.1" }
            )),
            4.. => Some(format!("debian.org/debian/{major}")),
            _ => None,
        },
        Os::Ubuntu => ubuntu(version),
        _ => None,
    }
}

/// RHEL up to 5 is complete, so an unknown minor release is the last one; from 6 on the database has "unknown".
fn rhel(version: Version) -> Option<String> {
    let known = minors("redhat.com/rhel", version, &[(4, 9), (5, 11)]);
    match (version.major, version.minor) {
        (2, _) => Some("redhat.com/rhel/2.1".to_owned()),
        (3, Some(minor @ 1..=8)) => Some(format!("redhat.com/rhel/3.{minor}")),
        (3, Some(0)) => Some("redhat.com/rhel/3".to_owned()),
        (3, _) => Some("redhat.com/rhel/3.9".to_owned()),
        (major @ 6.., minor) => {
            let newest = [(6, 10), (7, 9), (8, 7), (9, 1)]
                .iter()
                .find(|(known, _)| *known == major);
            Some(match (minor, newest) {
                (Some(minor), Some((_, newest))) if minor <= *newest => {
                    format!("redhat.com/rhel/{major}.{minor}")
                }
                _ => format!("redhat.com/rhel/{major}-unknown"),
            })
        }
        _ => known,
    }
}

/// The database has one id for CentOS 7 and one for 8.
fn centos(version: Version) -> Option<String> {
    match version.major {
        5 | 6 => minors(
            "centos.org/centos",
            Version::new(version.major, version.minor.unwrap_or(0)),
            &[(5, 11), (6, 10)],
        ),
        7 => Some("centos.org/centos/7.0".to_owned()),
        8 => Some("centos.org/centos/8".to_owned()),
        _ => None,
    }
}

/// "Oracle Enterprise Linux" until 5.4.
fn oracle(version: Version) -> Option<String> {
    match (version.major, version.minor) {
        (4, Some(4..)) | (5, Some(..=4)) => minors("oracle.com/oel", version, &[(4, 9), (5, 4)]),
        (4, _) => Some("oracle.com/oel/4.9".to_owned()),
        (5..=8, _) => minors(
            "oracle.com/ol",
            version,
            &[(5, 11), (6, 10), (7, 9), (8, 5)],
        ),
        (9, _) => Some("oracle.com/ol/9.0".to_owned()),
        _ => None,
    }
}

/// `base/major.minor`, with the last known minor release if it is unknown or later.
fn minors(base: &str, version: Version, last: &[(u32, u32)]) -> Option<String> {
    let (major, last) = last.iter().find(|(major, _)| *major == version.major)?;
    let minor = version.minor.map_or(*last, |minor| minor.min(*last));
    Some(format!("{base}/{major}.{minor}"))
}

/// Service packs count as minor releases; the first release has none. From 15 on server and desktop are one product.
fn sle(product: &str, version: Version) -> Option<String> {
    match (version.major, version.minor) {
        (9, _) => Some(format!("suse.com/{product}/9")),
        (major @ 10..=12, Some(0)) => Some(format!("suse.com/{product}/{major}")),
        (10..=12, _) => minors(
            &format!("suse.com/{product}"),
            version,
            &[(10, 4), (11, 4), (12, 5)],
        ),
        (15, None | Some(0)) => Some("suse.com/sle/15".to_owned()),
        (15, Some(minor @ 1..=4)) => Some(format!("suse.com/sle/15.{minor}")),
        (15, _) => Some("suse.com/sle/15-unknown".to_owned()),
        _ => None,
    }
}

fn open_suse(version: Version) -> Option<String> {
    const RELEASES: &[(u32, u32, u32)] = &[
        (10, 2, 3),
        (11, 0, 4),
        (12, 1, 3),
        (13, 1, 2),
        (15, 0, 4),
        (42, 1, 3),
    ];
    let minor = version.minor.unwrap_or(0);
    if version.major >= TUMBLEWEED {
        return Some("opensuse.org/opensuse/tumbleweed".to_owned());
    }
    RELEASES
        .iter()
        .any(|(major, first, last)| *major == version.major && (*first..=*last).contains(&minor))
        .then(|| format!("opensuse.org/opensuse/{}.{minor}", version.major))
}

/// Every April and October since October 2004, and once in June.
fn ubuntu(version: Version) -> Option<String> {
    let month = version.minor?;
    let dated = match (version.major, month) {
        (4, 10) | (6, 6 | 10) => true,
        (4 | 6, _) => false,
        (5.., 4 | 10) => true,
        _ => false,
    };
    dated.then(|| format!("ubuntu.com/ubuntu/{}.{month:02}", version.major))
}

/// Products that are one release.
const FIXED: &[(Os, &str)] = &[
    (Os::Windows31, "microsoft.com/win/3.1"),
    (Os::Windows95, "microsoft.com/win/95"),
    (Os::Windows98, "microsoft.com/win/98"),
    (Os::WindowsMe, "microsoft.com/win/me"),
    (Os::WindowsNt, "microsoft.com/winnt/4.0"),
    (Os::Windows2000, "microsoft.com/win/2k"),
    (Os::WindowsXp, "microsoft.com/win/xp"),
    (Os::Windows2003, "microsoft.com/win/2k3"),
    (Os::WindowsVista, "microsoft.com/win/vista"),
    (Os::Windows2008, "microsoft.com/win/2k8"),
    (Os::Windows7, "microsoft.com/win/7"),
    (Os::Windows2008R2, "microsoft.com/win/2k8r2"),
    (Os::Windows8, "microsoft.com/win/8"),
    (Os::Windows81, "microsoft.com/win/8.1"),
    (Os::Windows2012, "microsoft.com/win/2k12"),
    (Os::Windows2012R2, "microsoft.com/win/2k12r2"),
    (Os::Windows10, "microsoft.com/win/10"),
    (Os::Windows2016, "microsoft.com/win/2k16"),
    (Os::Windows2019, "microsoft.com/win/2k19"),
    (Os::Windows2022, "microsoft.com/win/2k22"),
    (Os::Windows2025, "microsoft.com/win/2k25"),
    (Os::Windows11, "microsoft.com/win/11"),
    (Os::Dos, "microsoft.com/msdos/6.22"),
];

fn other(guest: &Guest) -> Option<String> {
    match FIXED.iter().find(|(os, _)| *os == guest.os) {
        Some((_, path)) => Some((*path).to_owned()),
        None => numbered(guest.os, guest.version?),
    }
}

fn numbered(os: Os, version: Version) -> Option<String> {
    match (os, version.major) {
        (Os::FreeBsd, major @ 10..=15) => {
            let last = [(10, 4), (11, 4), (12, 3), (13, 1), (14, 0), (15, 0)]
                .iter()
                .find(|(known, _)| *known == major)?
                .1;
            let minor = version.minor.map_or(last, |minor| minor.min(last));
            Some(format!("freebsd.org/freebsd/{major}.{minor}"))
        }
        // Darwin 9 is Mac OS X 10.5; the database ends with 10.7.
        (Os::MacOs, major @ 9..=11) => {
            Some(format!("apple.com/macosx/10.{}", major.saturating_sub(4)))
        }
        (Os::Solaris, major @ (9 | 10)) => Some(format!("sun.com/solaris/{major}")),
        (Os::Solaris, 11) => Some("oracle.com/solaris/11".to_owned()),
        (Os::NetWare, major @ 4..=6) => Some(format!("novell.com/netware/{major}")),
        _ => None,
    }
}

/// Products whose id ends with the release.
const RELEASED: &[(&str, Os)] = &[
    ("redhat.com/rhel/", Os::Rhel),
    ("redhat.com/rhl/", Os::RedHatLinux),
    ("centos.org/centos/", Os::CentOs),
    ("centos.org/centos-stream/", Os::CentOsStream),
    ("oracle.com/ol/", Os::OracleLinux),
    ("oracle.com/oel/", Os::OracleLinux),
    ("scientificlinux.org/scientificlinux/", Os::ScientificLinux),
    ("rockylinux.org/rocky/", Os::RockyLinux),
    ("almalinux.org/almalinux/", Os::AlmaLinux),
    ("fedoraproject.org/fedora/", Os::Fedora),
    ("suse.com/sles/", Os::Sles),
    ("suse.com/sled/", Os::Sled),
    ("suse.com/sle/", Os::Sles),
    ("opensuse.org/opensuse/", Os::OpenSuse),
    ("debian.org/debian/", Os::Debian),
    ("ubuntu.com/ubuntu/", Os::Ubuntu),
    ("freebsd.org/freebsd/", Os::FreeBsd),
    ("openbsd.org/openbsd/", Os::OpenBsd),
    ("netbsd.org/netbsd/", Os::NetBsd),
    ("apple.com/macosx/", Os::MacOs),
    ("sun.com/solaris/", Os::Solaris),
    ("oracle.com/solaris/", Os::Solaris),
    ("novell.com/netware/", Os::NetWare),
];

/// The guest with an id.
pub(super) fn read(id: &str) -> Option<Guest> {
    let path = id
        .strip_prefix("http://")
        .or_else(|| id.strip_prefix("https://"))?;
    if let Some((os, _)) = FIXED.iter().find(|(_, fixed)| *fixed == path) {
        return Some(Guest::new(*os, None, None));
    }
    if let Some(year) = path.strip_prefix("libosinfo.org/linux/") {
        return Some(generic_of(year.parse().ok()?));
    }
    let (release, os) = RELEASED
        .iter()
        .find_map(|(base, os)| Some((path.strip_prefix(base)?, *os)))?;
    Some(Guest::new(os, version(os, release)?, None))
}

/// The release at the end of an id; `Some(None)` if the id leaves it open.
fn version(os: Os, release: &str) -> Option<Option<Version>> {
    match (os, release) {
        (Os::OpenSuse, "tumbleweed") => return Some(Some(Version::major(TUMBLEWEED))),
        (_, "unknown" | "rawhide" | "testing") => return Some(None),
        _ => {}
    }
    let (number, is_open) = match release.strip_suffix("-unknown") {
        Some(number) => (number, true),
        None => (release, false),
    };
    let (major, minor) = match number.split_once('.') {
        Some((major, minor)) => (major, Some(minor.parse().ok()?)),
        None => (number, None),
    };
    let version = Version {
        major: major.parse().ok()?,
        minor,
    };
    Some(Some(match (os, version.minor) {
        // Darwin 9 is Mac OS X 10.5.
        (Os::MacOs, Some(minor)) if version.major == 10 => Version::major(minor.checked_add(4)?),
        // Without a service pack, or before the first minor release.
        (Os::Sles | Os::Sled | Os::Rhel, None) if !is_open => Version::new(version.major, 0),
        _ => version,
    }))
}

/// "Generic Linux" of a year has a kernel of that time, or a newer one; [`generic`] says which year is which. What is
/// called 2016 may be any that is older.
fn generic_of(year: u32) -> Guest {
    let mut guest = Guest::new(Os::OtherLinux, None, None);
    guest.kernel_at_least = match year {
        ..2018 => None,
        2018..2020 => Some(KernelVersion::new(4, 0, 0)),
        2020..2022 => Some(KernelVersion::new(5, 0, 0)),
        2022.. => Some(KernelVersion::new(5, 10, 0)),
    };
    guest
}
