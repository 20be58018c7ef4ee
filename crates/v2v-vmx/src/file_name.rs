//! Names of files as a configuration has them: from any host, relative or not, in any encoding.

use encoding_rs::{Encoding, UTF_8};

use crate::Entry;

/// A file name as it is written, which may come from Windows, Linux, macOS or ESXi.
///
/// Nothing here looks at a file system.
///
/// ```
/// use v2v_vmx::{FileName, PathStyle};
///
/// let name = FileName::new(r"C:\VMs\web 01\web01-000003.vmdk");
/// assert_eq!(name.style(), PathStyle::Windows);
/// assert_eq!(name.base_name(), "web01-000003.vmdk");
/// assert_eq!(name.snapshot_base().as_deref(), Some("web01.vmdk"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    text: Box<str>,
    raw: Box<[u8]>,
    encoding: &'static Encoding,
}

/// Where the form of a name says that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathStyle {
    /// Beside or below the configuration: `web01.vmdk`, `disks/web01.vmdk`, `..\web01.vmdk`.
    Relative,
    /// `C:\VMs\web01.vmdk`, `C:web01.vmdk` or `\\server\share\web01.vmdk`.
    Windows,
    /// `/vmfs/volumes/DATASTORE/...`.
    Vmfs,
    /// `[DATASTORE] web01/web01.vmdk`.
    Datastore,
    /// Any other absolute path.
    Unix,
}

impl FileName {
    /// Returns the name with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            raw: text.as_bytes().into(),
            encoding: UTF_8,
        }
    }

    pub(crate) fn of(entry: &Entry, encoding: &'static Encoding) -> Self {
        let raw = entry.raw_value();
        // Escapes belong to the dialect, not to the name.
        let raw = if raw.contains(&b'|') {
            encode(entry.value(), encoding)
        } else {
            None
        };
        Self {
            text: entry.value().into(),
            raw: raw.unwrap_or_else(|| entry.raw_value().into()),
            encoding,
        }
    }

    /// The name as text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name in the bytes of the configuration's encoding, which is what a host without UTF-8 called the file.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// What follows the last `/` or `\`, the drive or the `[datastore]`; empty for a name that ends in a separator.
    #[must_use]
    pub fn base_name(&self) -> &str {
        let path = self.without_prefix();
        path.rsplit(['/', '\\']).next().unwrap_or(path)
    }

    /// [`base_name`](Self::base_name) in the bytes of the configuration's encoding, if it can be expressed there.
    #[must_use]
    pub fn raw_base_name(&self) -> Option<Box<[u8]>> {
        if self.base_name().len() == self.text.len() {
            return Some(self.raw.clone());
        }
        encode(self.base_name(), self.encoding)
    }

    /// Where the name comes from.
    #[must_use]
    pub fn style(&self) -> PathStyle {
        let text = &*self.text;
        if datastore(text).is_some() {
            PathStyle::Datastore
        } else if text.starts_with("/vmfs/volumes/") {
            PathStyle::Vmfs
        } else if drive(text).is_some() || text.starts_with("\\\\") || text.starts_with('\\') {
            PathStyle::Windows
        } else if text.starts_with('/') {
            PathStyle::Unix
        } else {
            PathStyle::Relative
        }
    }

    /// The datastore of `[DATASTORE] ...` and `/vmfs/volumes/DATASTORE/...`, by name or by uuid.
    #[must_use]
    pub fn datastore(&self) -> Option<&str> {
        let name = match datastore(&self.text) {
            Some((name, _)) => name,
            None => self
                .text
                .strip_prefix("/vmfs/volumes/")?
                .split('/')
                .next()?,
        };
        Some(name).filter(|name| !name.is_empty())
    }

    /// The path without drive and datastore, with `/` between its parts. A relative name stays relative.
    #[must_use]
    pub fn portable(&self) -> String {
        let path = self.without_prefix();
        let path = match self.style() {
            PathStyle::Vmfs => path
                .strip_prefix("/vmfs/volumes/")
                .and_then(|rest| rest.split_once('/'))
                .map_or(path, |(_, rest)| rest),
            _ => path,
        };
        path.replace('\\', "/")
    }

    /// Whether the name ends in `.` and this extension, in any case.
    #[must_use]
    pub fn has_extension(&self, extension: &str) -> bool {
        let name = self.base_name();
        name.rsplit_once('.')
            .is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
    }

    /// Whether this is the disk a snapshot left behind to write to: `NAME-000001.vmdk`.
    #[must_use]
    pub fn is_snapshot_leaf(&self) -> bool {
        self.leaf_stem().is_some()
    }

    /// For `NAME-000001.vmdk`, what the disk below it is usually called, `NAME.vmdk`, without directories. The disk's own
    /// descriptor says what is true.
    #[must_use]
    pub fn snapshot_base(&self) -> Option<String> {
        let extension = self.base_name().rsplit_once('.')?.1;
        Some(format!("{}.{extension}", self.leaf_stem()?))
    }

    fn leaf_stem(&self) -> Option<&str> {
        let (stem, extension) = self.base_name().rsplit_once('.')?;
        let (name, number) = stem.rsplit_once('-')?;
        let is_number = number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_leaf = is_number && !name.is_empty() && extension.eq_ignore_ascii_case("vmdk");
        is_leaf.then_some(name)
    }

    /// Whether this names a device of the host: `/dev/...`, `/vmfs/devices/...`, `\\.\...`, or a bare drive such as `D:`.
    #[must_use]
    pub fn is_host_device(&self) -> bool {
        let text = &*self.text;
        let bare_drive = drive(text).is_some_and(|rest| matches!(rest, "" | "\\" | "/"));
        text.starts_with("/dev/")
            || text.starts_with("/vmfs/devices/")
            || text.starts_with("\\\\.\\")
            || bare_drive
    }

    /// Whether this is one of the images with VMware's own tools: in an `isoimages` directory, or in a program's
    /// directory under one of their names.
    #[must_use]
    pub fn is_tools_image(&self) -> bool {
        const NAMES: [&str; 9] = [
            "darwin.iso",
            "darwinpre15.iso",
            "freebsd.iso",
            "linux.iso",
            "netware.iso",
            "solaris.iso",
            "windows.iso",
            "winpre2k.iso",
            "winprevista.iso",
        ];
        let name = self.base_name().to_ascii_lowercase();
        let path = self.text.to_ascii_lowercase();
        let in_program = [
            "vmware workstation",
            "vmware player",
            "vmware fusion.app",
            "/vmware/",
        ]
        .iter()
        .any(|program| path.contains(program));
        let in_images = path.contains("isoimages/") || path.contains("isoimages\\");
        has_suffix(&name, ".iso") && (in_images || (in_program && NAMES.contains(&name.as_str())))
    }

    fn without_prefix(&self) -> &str {
        let text = &*self.text;
        datastore(text)
            .map(|(_, rest)| rest.trim_start())
            .or_else(|| drive(text))
            .unwrap_or(text)
    }
}

fn has_suffix(name: &str, suffix: &str) -> bool {
    name.ends_with(suffix)
}

/// `[name] rest`.
fn datastore(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once(']')
}

/// What follows `C:`.
fn drive(text: &str) -> Option<&str> {
    let (drive, rest) = text.split_at_checked(2)?;
    let is_drive = drive.ends_with(':') && drive.starts_with(|c: char| c.is_ascii_alphabetic());
    is_drive.then_some(rest)
}

fn encode(text: &str, encoding: &'static Encoding) -> Option<Box<[u8]>> {
    let (bytes, _, unmappable) = encoding.encode(text);
    (!unmappable).then(|| bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_names() {
        for (path, style, base, portable) in [
            ("a.vmdk", PathStyle::Relative, "a.vmdk", "a.vmdk"),
            ("d/a.vmdk", PathStyle::Relative, "a.vmdk", "d/a.vmdk"),
            (r"..\d\a.vmdk", PathStyle::Relative, "a.vmdk", "../d/a.vmdk"),
            (r"C:\d\a.vmdk", PathStyle::Windows, "a.vmdk", "/d/a.vmdk"),
            ("c:a.vmdk", PathStyle::Windows, "a.vmdk", "a.vmdk"),
            (
                r"\\s\d\a.vmdk",
                PathStyle::Windows,
                "a.vmdk",
                "//s/d/a.vmdk",
            ),
            (
                "/vmfs/volumes/5f-1/d/a.vmdk",
                PathStyle::Vmfs,
                "a.vmdk",
                "d/a.vmdk",
            ),
            (
                "[ds 1] d/a.vmdk",
                PathStyle::Datastore,
                "a.vmdk",
                "d/a.vmdk",
            ),
            ("[ds]a.vmdk", PathStyle::Datastore, "a.vmdk", "a.vmdk"),
            (
                "/home/u/a.vmdk",
                PathStyle::Unix,
                "a.vmdk",
                "/home/u/a.vmdk",
            ),
            ("d/", PathStyle::Relative, "", "d/"),
            ("", PathStyle::Relative, "", ""),
            ("位:x", PathStyle::Relative, "位:x", "位:x"),
        ] {
            let name = FileName::new(path);
            assert_eq!(name.style(), style, "{path}");
            assert_eq!(name.base_name(), base, "{path}");
            assert_eq!(name.portable(), portable, "{path}");
        }
    }

    #[test]
    fn datastores() {
        for (path, expected) in [
            ("[ds 1] d/a.vmdk", Some("ds 1")),
            ("[] /vmfs/a.iso", None),
            ("/vmfs/volumes/5f-1/d/a.vmdk", Some("5f-1")),
            ("/data/a.vmdk", None),
        ] {
            assert_eq!(FileName::new(path).datastore(), expected, "{path}");
        }
    }

    #[test]
    fn snapshot_leaves() {
        for (path, base) in [
            ("web-000001.vmdk", Some("web.vmdk")),
            (r"D:\a-b-000012.VMDK", Some("a-b.VMDK")),
            ("web-0000-000003.vmdk", Some("web-0000.vmdk")),
            ("web-00001.vmdk", None),
            ("web-0000001.vmdk", None),
            ("web_2.vmdk", None),
            ("-000001.vmdk", None),
            ("web-000001.iso", None),
            ("web-000001", None),
        ] {
            let name = FileName::new(path);
            assert_eq!(name.snapshot_base().as_deref(), base, "{path}");
            assert_eq!(name.is_snapshot_leaf(), base.is_some(), "{path}");
        }
    }

    #[test]
    fn devices_and_tools() {
        for path in [
            "/dev/sr0",
            r"\\.\PhysicalDrive0",
            "D:",
            "d:\\",
            "/vmfs/devices/cdrom/x",
        ] {
            assert!(FileName::new(path).is_host_device(), "{path}");
        }
        for path in ["D:a.iso", "/devel/a.iso", "dev/sr0"] {
            assert!(!FileName::new(path).is_host_device(), "{path}");
        }
        for path in [
            "/usr/lib/vmware/isoimages/linux.iso",
            "[] /vmimages/tools-isoimages/windows.iso",
            r"C:\Program Files (x86)\VMware\VMware Workstation\windows.iso",
        ] {
            assert!(FileName::new(path).is_tools_image(), "{path}");
        }
        for path in [
            "linux.iso",
            "/isoimages/readme.txt",
            r"C:\VMware Workstation\mine.iso",
        ] {
            assert!(!FileName::new(path).is_tools_image(), "{path}");
        }
    }
}
