//! How VMware names guests: the key `guestOS`, the vSphere API's `VirtualMachineGuestOsIdentifier`, and what VMware
//! Tools report into `guestInfo.detailed.data`.
//!
//! The list follows the API up to vSphere 8 and the names that Workstation and older ESX wrote besides.

use super::text::{leading_number, product, settle};
use super::{Family, Guest, KernelVersion, Os, Version};

/// Values longer than this are cut in a hint.
const MAX_HINT: usize = 256;
/// Pairs of a `detailed.data` value that are looked at; VMware Tools write about a dozen.
const MAX_PAIRS: usize = 64;

/// Splits the value of `guestInfo.detailed.data`: `key='value' key='value'`.
///
/// A quote inside a value is written `\'`. What does not follow the pattern ends the list; nothing is an error.
#[must_use]
pub fn detailed_pairs(value: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = value.trim();
    while pairs.len() < MAX_PAIRS {
        let Some((key, behind)) = rest.split_once("='") else {
            break;
        };
        let Some((text, next)) = quoted(behind) else {
            break;
        };
        pairs.push((key.trim().to_owned(), text));
        rest = next;
    }
    pairs
}

/// The text up to the closing quote, and what follows that quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Some((out, text.get(at..)?.strip_prefix('\'')?)),
            '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => out.push(c),
        }
    }
    None
}

pub(super) fn read(
    guest_os: Option<&str>,
    alt_name: Option<&str>,
    detailed: &[(String, String)],
) -> Guest {
    let mut guest = guest_os.map_or_else(Guest::unknown, identifier);
    if let Some(alt_name) = alt_name {
        adopt_weak(&mut guest, alt_name);
    }
    adopt_detailed(&mut guest, detailed);
    if guest.hint.is_empty() {
        guest.hint = alt_name.map(shorten).unwrap_or_default();
    }
    guest
}

/// Takes from a free name what the identifier left open: the product if there was none, the release if it is the same.
fn adopt_weak(guest: &mut Guest, name: &str) {
    let Some((os, version)) = product(name) else {
        return;
    };
    let finds_distribution =
        guest.os == Os::OtherLinux && os.family() == Family::Linux && os != Os::OtherLinux;
    if guest.os == Os::Unknown || finds_distribution {
        (guest.os, guest.version, guest.kernel) = (os, version, None);
    } else if guest.os == os && guest.version.is_none() {
        guest.version = version;
    }
    if guest.bits.is_none() {
        guest.bits = bits_in(name);
    }
}

/// "64-bit" and "32-Bit" in a display name.
fn bits_in(name: &str) -> Option<u8> {
    let name = name.to_ascii_lowercase();
    if name.contains("64-bit") || name.contains("64 bit") {
        Some(64)
    } else if name.contains("32-bit") || name.contains("32 bit") {
        Some(32)
    } else {
        None
    }
}

/// Takes what VMware Tools saw from inside the guest.
fn adopt_detailed(guest: &mut Guest, detailed: &[(String, String)]) {
    let value = |key: &str| {
        detailed
            .iter()
            .find(|(k, v)| k.eq_ignore_ascii_case(key) && !v.is_empty())
    };
    let text = |key: &str| value(key).map(|(_, v)| v.as_str());
    let pretty = text("prettyName");
    // `distroName` of a Windows is just "Windows"; its release stands in the pretty name.
    let named = pretty
        .and_then(product)
        .or_else(|| text("distroName").and_then(product));
    if let Some((os, pretty_version)) = named
        && (os != Os::OtherLinux || guest.family() != Family::Linux)
    {
        let stated = text("distroVersion")
            .filter(|_| os.family() == Family::Linux)
            .and_then(Version::parse);
        let version = finer(stated, pretty_version).or(guest.version.filter(|_| guest.os == os));
        // The series in `other5xlinux` says nothing about the product that was found.
        guest.kernel = guest.kernel.filter(|_| guest.os == os);
        (guest.os, guest.version) = settle(os, version);
    }
    if guest.is_linux()
        && let Some(kernel) = text("kernelVersion").and_then(KernelVersion::parse)
    {
        guest.kernel = Some(kernel);
    }
    match text("bitness") {
        Some("64") => guest.bits = Some(64),
        Some("32") => guest.bits = Some(32),
        _ => {}
    }
    if let Some(pretty) = pretty.or_else(|| text("distroName")) {
        guest.hint = match guest.hint.as_str() {
            "" => shorten(pretty),
            hint => format!("{hint}: {}", shorten(pretty)),
        };
    }
}

/// Of two statements about the release the one that knows the minor number, if they agree otherwise.
fn finer(stated: Option<Version>, pretty: Option<Version>) -> Option<Version> {
    match (stated, pretty) {
        (Some(Version { major, minor: None }), Some(other)) if other.major == major => Some(other),
        (Some(version), _) => Some(version),
        (None, other) => other,
    }
}

fn shorten(text: &str) -> String {
    text.trim().chars().take(MAX_HINT).collect()
}

/// The guest an identifier names, in any of VMware's spellings.
fn identifier(value: &str) -> Guest {
    let (base, stated) = normalise(value);
    let (os, version, kernel) = lookup(&base);
    let bits = stated.or_else(|| implied_bits(os, &base));
    Guest {
        os,
        version,
        kernel,
        kernel_at_least: None,
        bits,
        hint: shorten(value),
    }
}

/// Lower case, without the `Guest` of the API, and the number of bits taken off the end: `rhel7_64Guest`, `rhel7-64`
/// and `RHEL7-64` are all (`rhel7`, 64).
fn normalise(value: &str) -> (String, Option<u8>) {
    let lower = value.trim().to_ascii_lowercase();
    // Fusion on Apple hardware: the processor does not change what the guest is.
    let mut base = lower.strip_prefix("arm-").unwrap_or(&lower);
    let mut bits = None;
    if let Some(other) = base
        .strip_suffix("guest64")
        .or_else(|| base.strip_suffix("guest-64"))
    {
        (base, bits) = (other, Some(64));
    }
    base = base.strip_suffix("guest").unwrap_or(base);
    // No release ends in 64, so `centos64` is CentOS on 64 bits.
    for (suffix, stated) in [("64", 64), ("-32", 32), ("_32", 32)] {
        if let Some(other) = base.strip_suffix(suffix)
            && !other.is_empty()
        {
            (base, bits) = (other.trim_end_matches(['-', '_']), Some(stated));
        }
    }
    (base.to_owned(), bits)
}

/// Identifiers without a suffix are 32-bit ones, except where VMware has only one and it is 64-bit.
fn implied_bits(os: Os, base: &str) -> Option<u8> {
    match os {
        Os::Unknown | Os::Solaris | Os::MacOs | Os::HyperVServer | Os::OtherWindows => None,
        Os::VmKernel | Os::Crx | Os::Photon | Os::CoreOs => Some(64),
        Os::AlmaLinux | Os::RockyLinux | Os::AmazonLinux | Os::CentOsStream => Some(64),
        Os::Windows2008R2
        | Os::Windows2012
        | Os::Windows2012R2
        | Os::Windows2016
        | Os::Windows2019
        | Os::Windows2022
        | Os::Windows2025
        | Os::Windows11
        | Os::Windows12 => Some(64),
        _ if base.is_empty() => None,
        _ => Some(32),
    }
}

type Found = (Os, Option<Version>, Option<KernelVersion>);

fn lookup(base: &str) -> Found {
    if let Some((_, os, version)) = EXACT.iter().find(|(name, _, _)| *name == base) {
        return (*os, *version, None);
    }
    if let Some(kernel) = base
        .strip_prefix("other")
        .and_then(|rest| rest.strip_suffix("xlinux"))
    {
        return (Os::OtherLinux, None, kernel_series(kernel));
    }
    if let Some((_, os)) = PREFIXES.iter().find(|(prefix, _)| base.starts_with(prefix)) {
        return (*os, None, None);
    }
    numbered(base).unwrap_or((Os::Unknown, None, None))
}

/// `24` and `26` are 2.4 and 2.6, everything else is a major version.
fn kernel_series(digits: &str) -> Option<KernelVersion> {
    match digits.parse::<u32>().ok()? {
        24 => Some(KernelVersion::new(2, 4, 0)),
        26 => Some(KernelVersion::new(2, 6, 0)),
        major => Some(KernelVersion::new(major, 0, 0)),
    }
}

/// A product with its release: `debian12`, `rhel10`, `freebsd14`; also one that came after this list.
fn numbered(base: &str) -> Option<Found> {
    let digits = base.find(|c: char| c.is_ascii_digit())?;
    let (name, number) = base.split_at_checked(digits)?;
    let (_, os) = NUMBERED.iter().find(|(known, _)| *known == name)?;
    let (major, rest) = leading_number(number)?;
    if !rest.is_empty() {
        return None;
    }
    let (os, version) = settle(*os, Some(Version::major(major)));
    Some((os, version, None))
}

/// Identifiers whose release does not stand in them, or stands there in VMware's own counting.
const EXACT: &[(&str, Os, Option<Version>)] = &[
    ("dos", Os::Dos, None),
    ("win31", Os::Windows31, None),
    ("win95", Os::Windows95, None),
    ("win98", Os::Windows98, None),
    ("winme", Os::WindowsMe, None),
    ("winnt", Os::WindowsNt, None),
    ("nt4", Os::WindowsNt, None),
    ("whistler", Os::WindowsXp, None),
    ("longhorn", Os::Windows2008, None),
    ("winlonghorn", Os::Windows2008, None),
    ("windows7", Os::Windows7, None),
    ("windows7srv", Os::Windows2008R2, None),
    ("windows7server", Os::Windows2008R2, None),
    ("windows8", Os::Windows8, None),
    ("windows8srv", Os::Windows2012, None),
    ("windows8server", Os::Windows2012, None),
    ("windows9", Os::Windows10, None),
    ("windows10", Os::Windows10, None),
    ("windows9srv", Os::Windows2016, None),
    ("windows9server", Os::Windows2016, None),
    ("windows2016srv", Os::Windows2016, None),
    ("windows2016srvnext", Os::Windows2019, None),
    ("windows2019srv", Os::Windows2019, None),
    ("windows2019srvnext", Os::Windows2022, None),
    ("windows2022srv", Os::Windows2022, None),
    ("windows2022srvnext", Os::Windows2025, None),
    ("windows2025srv", Os::Windows2025, None),
    ("windows11", Os::Windows11, None),
    ("windows12", Os::Windows12, None),
    ("windowshyperv", Os::HyperVServer, None),
    ("windows", Os::OtherWindows, None),
    ("winother", Os::OtherWindows, None),
    ("redhat", Os::RedHatLinux, None),
    // RHEL 2 has only the one release, called 2.1.
    ("rhel2", Os::Rhel, Some(Version::new(2, 1))),
    ("rhel", Os::Rhel, None),
    ("centos", Os::CentOs, None),
    ("oraclelinux", Os::OracleLinux, None),
    ("rockylinux", Os::RockyLinux, None),
    ("almalinux", Os::AlmaLinux, None),
    ("asianux", Os::Asianux, None),
    ("amazonlinux", Os::AmazonLinux, None),
    ("fedora", Os::Fedora, None),
    ("suse", Os::OpenSuse, None),
    ("opensuse", Os::OpenSuse, None),
    // "SUSE Linux Enterprise 8/9"; from 10 on the release stands in the name.
    ("sles", Os::Sles, Some(Version::major(9))),
    ("sled", Os::Sled, None),
    ("oes", Os::NovellOes, None),
    ("nld9", Os::NovellDesktop, Some(Version::major(9))),
    ("sjds", Os::JavaDesktop, None),
    ("mandrake", Os::Mandriva, None),
    ("mandriva", Os::Mandriva, None),
    ("turbolinux", Os::TurboLinux, None),
    ("debian", Os::Debian, None),
    ("ubuntu", Os::Ubuntu, None),
    ("coreos", Os::CoreOs, None),
    ("flatcar", Os::CoreOs, None),
    ("vmware-photon", Os::Photon, None),
    ("vmwarephoton", Os::Photon, None),
    ("otherlinux", Os::OtherLinux, None),
    ("genericlinux", Os::OtherLinux, None),
    ("linux", Os::OtherLinux, None),
    ("freebsd", Os::FreeBsd, None),
    ("openbsd", Os::OpenBsd, None),
    ("netbsd", Os::NetBsd, None),
    ("solaris", Os::Solaris, None),
    // The first one is Mac OS X 10.5, which is Darwin 9.
    ("darwin", Os::MacOs, Some(Version::major(9))),
    ("netware", Os::NetWare, None),
    ("os2", Os::Os2, None),
    ("ecomstation", Os::EComStation, Some(Version::major(1))),
    ("vmkernel", Os::VmKernel, Some(Version::major(4))),
    ("vmkernel65", Os::VmKernel, Some(Version::new(6, 5))),
];

/// Identifiers that go on with an edition: `winNetEnterprise`, `win2000AdvServ`, `winServer2008SmallBusiness`.
const PREFIXES: &[(&str, Os)] = &[
    ("win2000", Os::Windows2000),
    ("winxp", Os::WindowsXp),
    ("winnet", Os::Windows2003),
    ("winvista", Os::WindowsVista),
    ("winserver2008r2", Os::Windows2008R2),
    ("winserver2008", Os::Windows2008),
    ("crxpod", Os::Crx),
    ("crxsys", Os::Crx),
    ("os2", Os::Os2),
];

/// Products whose release follows as a number.
const NUMBERED: &[(&str, Os)] = &[
    ("rhel", Os::Rhel),
    ("centos", Os::CentOs),
    ("oraclelinux", Os::OracleLinux),
    ("rockylinux", Os::RockyLinux),
    ("almalinux", Os::AlmaLinux),
    ("asianux", Os::Asianux),
    ("amazonlinux", Os::AmazonLinux),
    ("fedora", Os::Fedora),
    ("sles", Os::Sles),
    ("sled", Os::Sled),
    ("opensuse", Os::OpenSuse),
    ("debian", Os::Debian),
    ("ubuntu", Os::Ubuntu),
    ("freebsd", Os::FreeBsd),
    ("darwin", Os::MacOs),
    ("solaris", Os::Solaris),
    ("netware", Os::NetWare),
    ("openserver", Os::OpenServer),
    ("unixware", Os::UnixWare),
    ("ecomstation", Os::EComStation),
    ("vmkernel", Os::VmKernel),
    ("mandriva", Os::Mandriva),
    ("photon", Os::Photon),
];
