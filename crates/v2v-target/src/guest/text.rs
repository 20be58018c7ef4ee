//! Names and numbers out of free text: `guestOSAltName`, `prettyName`.

use super::{Os, Version};

/// The first number in `text` and the one behind its dot, or behind "SP" as SUSE writes it.
pub(super) fn first_version(text: &str) -> Option<Version> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (major, rest) = leading_number(text.get(start..)?)?;
    let behind = rest.trim_start_matches([' ', '-']);
    let minor = match rest.strip_prefix('.') {
        Some(minor) => leading_number(minor),
        None => behind
            .strip_prefix("SP")
            .or_else(|| behind.strip_prefix("sp"))
            .and_then(leading_number),
    };
    Some(Version {
        major,
        minor: minor.map(|(minor, _)| minor),
    })
}

/// A decimal number at the start of `text`, and what follows it.
pub(super) fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// The product a free text names, and its release if a number follows the name.
///
/// The text is compared in lower case. Longer names stand before those they contain.
pub(super) fn product(text: &str) -> Option<(Os, Option<Version>)> {
    let text = text.to_ascii_lowercase();
    if let Some(os) = windows(&text) {
        return Some((os, None));
    }
    let (name, os) = NAMES.iter().find(|(name, _)| text.contains(name))?;
    let behind = text.split_once(name).map_or("", |(_, behind)| behind);
    let behind = behind.split('(').next().unwrap_or_default();
    let mut version = first_version(behind);
    if *os == Os::OtherLinux
        || ["/", "or later", "pre-"]
            .iter()
            .any(|range| behind.contains(range))
    {
        // "CentOS 4/5 or later" and "FreeBSD Pre-11 versions" are ranges, not releases.
        version = None;
    }
    let (os, version) = settle(*os, version);
    Some((os, version))
}

/// Releases as the products count them: CentOS is CentOS Stream from 9 on, and VMware has Amazon Linux 1, 2, 3 where
/// Amazon calls the first 2017.09 and the like and the third 2022 and 2023.
pub(super) fn settle(os: Os, version: Option<Version>) -> (Os, Option<Version>) {
    match (os, version.map(|version| version.major)) {
        (Os::CentOs, Some(9..)) => (Os::CentOsStream, version),
        (Os::AmazonLinux, Some(2022..)) => (os, Some(Version::major(3))),
        (Os::AmazonLinux, Some(2010..)) => (os, Some(Version::major(1))),
        _ => (os, version),
    }
}

const NAMES: &[(&str, Os)] = &[
    ("red hat enterprise", Os::Rhel),
    ("centos stream", Os::CentOsStream),
    ("centos", Os::CentOs),
    ("oracle linux", Os::OracleLinux),
    ("rocky linux", Os::RockyLinux),
    ("almalinux", Os::AlmaLinux),
    ("scientific linux", Os::ScientificLinux),
    ("miracle linux", Os::Asianux),
    ("asianux", Os::Asianux),
    ("amazon linux", Os::AmazonLinux),
    ("fedora", Os::Fedora),
    ("suse linux enterprise desktop", Os::Sled),
    ("suse linux enterprise server", Os::Sles),
    ("suse linux enterprise", Os::Sles),
    ("novell open enterprise server", Os::NovellOes),
    ("opensuse leap", Os::OpenSuse),
    ("opensuse", Os::OpenSuse),
    ("suse linux", Os::OpenSuse),
    ("debian gnu/linux", Os::Debian),
    ("debian", Os::Debian),
    ("ubuntu", Os::Ubuntu),
    ("mandriva", Os::Mandriva),
    ("mandrake", Os::Mandriva),
    ("turbolinux", Os::TurboLinux),
    ("flatcar", Os::CoreOs),
    ("coreos", Os::CoreOs),
    ("photon", Os::Photon),
    ("red hat linux", Os::RedHatLinux),
    ("freebsd", Os::FreeBsd),
    ("openbsd", Os::OpenBsd),
    ("netbsd", Os::NetBsd),
    ("solaris", Os::Solaris),
    ("netware", Os::NetWare),
    ("linux", Os::OtherLinux),
];

/// The Windows release a text in lower case names.
fn windows(text: &str) -> Option<Os> {
    let behind = text
        .split_once("windows")?
        .1
        .replace("(r)", "")
        .replace('\u{ae}', "");
    let words = behind
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ");
    WINDOWS
        .iter()
        .find(|(name, _)| words.starts_with(name))
        .map(|(_, os)| *os)
}

/// What follows "Windows"; a longer name stands before its beginning.
const WINDOWS: &[(&str, Os)] = &[
    ("server 2025", Os::Windows2025),
    ("server 2022", Os::Windows2022),
    ("server 2019", Os::Windows2019),
    ("server 2016", Os::Windows2016),
    ("server 2012 r2", Os::Windows2012R2),
    ("server 2012", Os::Windows2012),
    ("server 2008 r2", Os::Windows2008R2),
    ("server 2008", Os::Windows2008),
    ("server 2003", Os::Windows2003),
    ("11", Os::Windows11),
    ("10", Os::Windows10),
    ("8.1", Os::Windows81),
    ("8", Os::Windows8),
    ("7", Os::Windows7),
    ("vista", Os::WindowsVista),
    ("xp", Os::WindowsXp),
    ("2000", Os::Windows2000),
    ("nt", Os::WindowsNt),
    ("millennium", Os::WindowsMe),
    ("me", Os::WindowsMe),
    ("98", Os::Windows98),
    ("95", Os::Windows95),
    ("3.1", Os::Windows31),
];
