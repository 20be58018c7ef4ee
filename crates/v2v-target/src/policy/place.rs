//! Where the disks of the target lie.

use std::str::FromStr;

use super::ParseChoiceError;

/// The format of the target's images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiskFormat {
    /// QEMU copy-on-write.
    #[default]
    Qcow2,
    /// The bytes of the disk.
    Raw,
}

impl DiskFormat {
    /// `qcow2` or `raw`: the format's name for QEMU and the extension of its files.
    pub fn name(self) -> &'static str {
        match self {
            DiskFormat::Qcow2 => "qcow2",
            DiskFormat::Raw => "raw",
        }
    }
}

impl FromStr for DiskFormat {
    type Err = ParseChoiceError;

    fn from_str(text: &str) -> Result<DiskFormat, ParseChoiceError> {
        match text {
            "qcow2" => Ok(DiskFormat::Qcow2),
            "raw" => Ok(DiskFormat::Raw),
            _ => Err(ParseChoiceError {
                what: "disk format",
                found: text.to_owned(),
                expected: &["qcow2", "raw"],
            }),
        }
    }
}

/// Where an image lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskPlace {
    /// In this directory, under the source's base name with the extension of the format: what `vmdk2qcow2` writes.
    Directory(String),
    /// In this directory, as `NAME-sda`, `NAME-sdb`, ...: what `virt-v2v -o local` writes.
    Named(String),
    /// Where the source names it: QEMU reads the VMDK itself. For a look, not for work.
    Source,
}

impl Default for DiskPlace {
    fn default() -> DiskPlace {
        DiskPlace::Directory("/var/lib/libvirt/images".to_owned())
    }
}

/// Where the images of the target lie, and in which format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetDisks {
    /// Where.
    pub place: DiskPlace,
    /// In which format.
    pub format: DiskFormat,
    /// Exceptions, applied to names as the source has them; the first that fits counts.
    pub map: Vec<PathRule>,
    /// The directory of the configuration, absolute: where relative names of the source start with
    /// [`DiskPlace::Source`], and where media lie.
    pub source_dir: Option<String>,
}

/// Another path for what the source calls `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// A name as the source has it, or its beginning up to a `/`.
    pub from: String,
    /// What it is on the new host.
    pub to: String,
}

impl PathRule {
    /// Where the source's `name` lies on the new host, if this rule is about it.
    pub fn apply(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(self.from.as_str())?;
        let is_whole_part = rest.is_empty() || rest.starts_with('/') || self.from.ends_with('/');
        is_whole_part.then(|| format!("{}{rest}", self.to))
    }
}

impl FromStr for PathRule {
    type Err = ParseChoiceError;

    fn from_str(text: &str) -> Result<PathRule, ParseChoiceError> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && to.starts_with('/') => Ok(PathRule {
                from: from.to_owned(),
                to: to.to_owned(),
            }),
            _ => Err(ParseChoiceError {
                what: "disk map",
                found: text.to_owned(),
                expected: &["OLD=/ABSOLUTE/NEW"],
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_rule_is_about_whole_parts() {
        let rule: PathRule = "/vmfs/volumes/ds1=/srv/vm".parse().unwrap();
        assert_eq!(
            rule.apply("/vmfs/volumes/ds1/web/web.vmdk").as_deref(),
            Some("/srv/vm/web/web.vmdk")
        );
        assert_eq!(rule.apply("/vmfs/volumes/ds10/web.vmdk"), None);
        let whole: PathRule = "web.vmdk=/dev/vg/web".parse().unwrap();
        assert_eq!(whole.apply("web.vmdk").as_deref(), Some("/dev/vg/web"));
    }

    #[test]
    fn a_path_rule_leads_to_an_absolute_path() {
        for text in ["a", "a=b", "=/b"] {
            let error = text.parse::<PathRule>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("disk map is {text:?}, expected one of OLD=/ABSOLUTE/NEW")
            );
        }
    }
}
