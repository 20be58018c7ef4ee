//! Which file or device backs a disk of the target: its path and its format.

use std::collections::BTreeMap;

use v2v_domain::DiskFormat as ImageFormat;
use v2v_domain::{DiskSource, TargetName};
use v2v_vmx::{BlockDevice, FileName, PathStyle};

use super::Plan;
use crate::evidence::FileEvidence;
use crate::finding;
use crate::policy::{DiskFormat, DiskPlace, Policy};
use crate::vmx::Work;
use crate::vmx::text::quoted;

/// The image of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// Absolute path.
    pub(super) path: String,
    pub(super) format: ImageFormat,
    /// A device of the new host.
    pub(super) is_block: bool,
    /// The caller said where it is.
    pub(super) is_mapped: bool,
}

impl Image {
    fn new(path: String, format: ImageFormat, is_mapped: bool) -> Image {
        let is_block = path.starts_with("/dev/");
        Image {
            path,
            // A device has no format of its own.
            format: if is_block { ImageFormat::Raw } else { format },
            is_block,
            is_mapped,
        }
    }

    pub(super) fn source(&self) -> DiskSource {
        if self.is_block {
            DiskSource::block(&self.path)
        } else {
            DiskSource::file(&self.path)
        }
    }

    /// The attribute of `<source>` that names it.
    pub(super) fn attribute(&self) -> &'static str {
        if self.is_block { "dev" } else { "file" }
    }

    /// What a conversion writes; a VMDK that QEMU reads itself is not written at all.
    pub(super) fn written_format(&self, policy: &Policy) -> DiskFormat {
        match self.format {
            ImageFormat::Raw => DiskFormat::Raw,
            ImageFormat::Qcow2 => DiskFormat::Qcow2,
            _ => policy.disks.format,
        }
    }
}

/// The image of each disk, in the order of the plan. Disks that several VMs write to (`is_shared`) are raw.
pub(super) fn images(work: &mut Work<'_>, plan: &Plan, is_shared: &[bool]) -> Vec<Image> {
    let vm = work.vm;
    let mut taken: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut images = Vec::with_capacity(plan.disks.len());
    for (index, disk) in plan.disks.iter().enumerate() {
        let Some(device) = vm.block_devices.get(disk.device) else {
            continue;
        };
        let shared = is_shared.get(index).copied().unwrap_or_default();
        let format = if shared {
            DiskFormat::Raw
        } else {
            work.policy.disks.format
        };
        let mut image = image(work, device, index, format);
        tell_changed(work, device, &mut image);
        let source = device.name().map_or("", FileName::text).to_owned();
        if let Some((first, name)) = taken.get(&image.path) {
            let is_same = *name == source;
            tell_clash(work, plan, device, &mut image, (*first, is_same), &taken);
        }
        taken.entry(image.path.clone()).or_insert((index, source));
        images.push(image);
    }
    images
}

fn image(work: &Work<'_>, device: &BlockDevice, index: usize, format: DiskFormat) -> Image {
    let empty = FileName::new("");
    let name = device.name().unwrap_or(&empty);
    if let Some(image) = mapped(work.policy, name, format) {
        return image;
    }
    let seen = match work.evidence.files.get(name.text()) {
        Some(FileEvidence::Disk(disk)) => Some(disk.path.as_str()),
        _ => None,
    };
    match &work.policy.disks.place {
        DiskPlace::Source => Image::new(
            source_path(work.policy, name, seen),
            ImageFormat::Vmdk,
            false,
        ),
        DiskPlace::Named(directory) => {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            let letters = TargetName::new("sd", number);
            let path = join(
                directory,
                &format!("{}-{letters}", file_name(&work.domain.name)),
            );
            Image::new(path, as_image(format), false)
        }
        DiskPlace::Directory(directory) => {
            let seen = seen.and_then(|path| path.rsplit('/').next());
            let base = match seen.unwrap_or(name.base_name()) {
                "" => device.slot.to_string().replace(':', "-"),
                base => base.to_owned(),
            };
            let path = join(directory, &with_extension(&base, format.name()));
            Image::new(path, as_image(format), false)
        }
    }
}

/// Where the caller says that a file of the source is: by the first rule that fits.
pub(super) fn mapped_path(policy: &Policy, name: &FileName) -> Option<String> {
    policy
        .disks
        .map
        .iter()
        .find_map(|rule| rule.apply(name.text()))
}

/// The image where the caller says that it is: by the first rule that fits, or by the directory for a datastore.
fn mapped(policy: &Policy, name: &FileName, format: DiskFormat) -> Option<Image> {
    let mut rules = policy.disks.map.iter();
    let rule = rules.find_map(|rule| Some((rule, rule.apply(name.text())?)));
    if let Some((rule, path)) = rule {
        // A rule for the whole name says what it says; one for a directory leaves the name to the conversion.
        let is_whole = rule.from == name.text();
        return Some(if is_whole {
            let format = format_of(&path).unwrap_or(as_image(format));
            Image::new(path, format, true)
        } else {
            converted(policy, path, format, true)
        });
    }
    let directory = policy.networks.datastore(name.datastore()?)?;
    Some(converted(
        policy,
        join(directory, &name.portable()),
        format,
        false,
    ))
}

/// A VMDK on the new host, or what a conversion makes of it beside it.
fn converted(policy: &Policy, path: String, format: DiskFormat, is_mapped: bool) -> Image {
    if policy.disks.place == DiskPlace::Source || path.starts_with("/dev/") {
        let format = format_of(&path).unwrap_or(ImageFormat::Vmdk);
        return Image::new(path, format, is_mapped);
    }
    let (directory, base) = path.rsplit_once('/').unwrap_or(("", &path));
    let path = format!("{directory}/{}", with_extension(base, format.name()));
    Image::new(path, as_image(format), is_mapped)
}

/// The source's own file, absolute: where it was found, else where its name leads.
fn source_path(policy: &Policy, name: &FileName, seen: Option<&str>) -> String {
    if let Some(path) = seen.filter(|path| path.starts_with('/')) {
        return path.to_owned();
    }
    let directory = policy.disks.source_dir.as_deref().unwrap_or("/");
    match name.style() {
        PathStyle::Unix | PathStyle::Vmfs => name.text().to_owned(),
        PathStyle::Datastore => {
            let store = name.datastore().unwrap_or_default();
            join(&join("/vmfs/volumes", store), &name.portable())
        }
        // The drive of another host means nothing here; what came along lies beside the configuration.
        PathStyle::Windows => join(directory, name.base_name()),
        _ => join(directory, &name.portable()),
    }
}

fn format_of(path: &str) -> Option<ImageFormat> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "qcow2" => ImageFormat::Qcow2,
        "raw" => ImageFormat::Raw,
        "vmdk" => ImageFormat::Vmdk,
        _ => return None,
    })
}

fn as_image(format: DiskFormat) -> ImageFormat {
    match format {
        DiskFormat::Raw => ImageFormat::Raw,
        DiskFormat::Qcow2 => ImageFormat::Qcow2,
    }
}

fn join(directory: &str, name: &str) -> String {
    format!(
        "{}/{}",
        directory.trim_end_matches('/'),
        name.trim_start_matches('/')
    )
}

/// What `vmdk2qcow2` calls the image of `base`: the part behind the last dot is replaced, unless the name begins there.
fn with_extension(base: &str, extension: &str) -> String {
    let stem = match base.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => base,
    };
    format!("{stem}.{extension}")
}

/// A VM's name as part of a file name.
fn file_name(name: &str) -> String {
    let name = name.replace(|c: char| c == '/' || c.is_control(), "_");
    if name.starts_with(['.', '-']) {
        format!("_{name}")
    } else {
        name
    }
}

/// XML and line-wise tools can't hold every name a file can have.
fn tell_changed(work: &mut Work<'_>, device: &BlockDevice, image: &mut Image) {
    let is_wrong = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if !image.path.contains(is_wrong) {
        return;
    }
    image.path = image.path.replace(is_wrong, "_");
    let text = format!(
        "the name of its image has control characters; it became {}",
        quoted(&image.path)
    );
    let at = device.file_name.as_ref().map(|name| name.id);
    work.info(finding::NAME_CHANGED, device.slot.to_string(), at, text);
}

/// Two disks, one path: the later one gets its slot into its name, unless both are one file.
fn tell_clash(
    work: &mut Work<'_>,
    plan: &Plan,
    device: &BlockDevice,
    image: &mut Image,
    (first, is_same): (usize, bool),
    taken: &BTreeMap<String, (usize, String)>,
) {
    let slot = device.slot.to_string();
    let first = plan
        .disks
        .get(first)
        .map_or_else(String::new, |disk| disk.slot.to_string());
    let at = device.file_name.as_ref().map(|name| name.id);
    let is_given = image.is_mapped || image.is_block || image.format == ImageFormat::Vmdk;
    if is_same || is_given {
        let text = format!("the image of {first} as well: {}", quoted(&image.path));
        let action = "remove one of the two disks, or give each its image with --disk-map";
        work.warn(finding::DISK_NAME_CLASH, slot, at, text, action);
        return;
    }
    let old = std::mem::take(&mut image.path);
    image.path = free_name(&old, &slot.replace(':', "-"), taken);
    let text = format!(
        "{first} has an image called {} already; this one is {}",
        quoted(&old),
        quoted(&image.path)
    );
    let action = "name the target like that when you convert the disk";
    work.warn(finding::DISK_NAME_CLASH, slot, at, text, action);
}

/// `PATH-SLOT.EXTENSION`, with a number behind if that is taken, too.
fn free_name(path: &str, slot: &str, taken: &BTreeMap<String, (usize, String)>) -> String {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    let named = |suffix: String| format!("{stem}-{slot}{suffix}.{extension}");
    let numbered = (2..).map(|number: u64| named(format!("-{number}")));
    let mut names = std::iter::once(named(String::new())).chain(numbered);
    names
        .find(|name| !taken.contains_key(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_called_as_the_conversion_calls_it() {
        for (base, expected) in [
            ("web01-000002.vmdk", "web01-000002.qcow2"),
            ("a.b.VMDK", "a.b.qcow2"),
            ("plain", "plain.qcow2"),
            (".vmdk", ".vmdk.qcow2"),
        ] {
            assert_eq!(with_extension(base, "qcow2"), expected);
            let path = std::path::Path::new(base).with_extension("qcow2");
            assert_eq!(path.to_str(), Some(expected));
        }
    }
}
