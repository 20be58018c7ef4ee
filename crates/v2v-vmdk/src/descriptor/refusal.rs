//! Disks that are described well but can't be converted from the files at hand.

use super::{CreateType, Descriptor, ExtentKind, Located, ddb_name};

/// Why a disk is refused, and what to do instead. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The data is encrypted. The key is not in the descriptor, or only wrapped in another.
    #[error(
        "line {line}: disk is encrypted ({key}); remove the encryption in VMware, or export the disk from there"
    )]
    Encrypted {
        /// Where.
        line: u32,
        /// The key that says so, with its value if the value is short.
        key: String,
    },

    /// A raw device map: a pointer to a LUN that is only meaningful on its VMFS volume.
    #[error(
        "line {line}: disk is a raw device map ({kind}); copy the mapped LUN itself, or clone the disk with vmkfstools -i on the ESXi host"
    )]
    RawDeviceMap {
        /// Where.
        line: u32,
        /// The disk type or extent type.
        kind: String,
    },

    /// An extent is a device and not a file.
    #[error(
        "line {line}: data lies on a device, {device:?}; copy the device to a file, and convert that as a raw disk"
    )]
    Device {
        /// Where.
        line: u32,
        /// Its name, or the extent type if it has none.
        device: String,
    },

    /// An extent is an object of a vSAN or vVol datastore and not a file.
    #[error(
        "line {line}: data is a datastore object, {object:?}; export the disk, or clone it with vmkfstools -i to VMFS or NFS"
    )]
    DatastoreObject {
        /// Where.
        line: u32,
        /// Its name, or the disk type.
        object: String,
    },

    /// A snapshot the storage array made: the file does not hold what the chain suggests.
    #[error(
        "line {line}: disk is a native snapshot of a storage array; consolidate the snapshots in vSphere, then convert again"
    )]
    NativeSnapshot {
        /// Where.
        line: u32,
    },

    /// The descriptor names a parent and denies that there is one. Reading either way may give wrong data.
    #[error(
        "line {hint_line}: parentFileNameHint is {hint:?}, but parentCID in line {cid_line} is ffffffff (no parent); remove the line that is wrong"
    )]
    ParentContradiction {
        /// Line of the hint.
        hint_line: u32,
        /// The hint.
        hint: String,
        /// Line of the parentCID.
        cid_line: u32,
    },
}

pub(super) fn refusal(descriptor: &Descriptor) -> Option<Refusal> {
    encrypted(descriptor)
        .or_else(|| type_refusal(&descriptor.create_type))
        .or_else(|| extent_refusal(descriptor))
        .or_else(|| parent_refusal(descriptor))
}

/// ESXi writes `encryptionKeys="vmware:key/..."` and `keyID` into the header and lists the filter `vmwarevmcrypt` in the
/// disk database (descriptors in the tests of govmomi, and seen by users of vSphere 8 with a native key provider). The
/// keys with `keySafe` and `data` are those of an encrypted VMX; hosted products use them for whole files.
/// "vSphere Security": the descriptor of an encrypted disk is mostly clear text, with a key id and a wrapped key.
pub(super) fn is_encryption_key(key: &str) -> bool {
    [
        "encryptionKeys",
        "keyID",
        "encryption.keySafe",
        "encryption.data",
        "cryptoProvider",
        "dataFileKey",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(key))
}

fn encrypted(descriptor: &Descriptor) -> Option<Refusal> {
    for Located { line, value: entry } in &descriptor.header {
        if is_encryption_key(&entry.key) && !entry.value.as_str().is_empty() {
            return Some(Refusal::Encrypted {
                line: *line,
                key: entry.key.clone(),
            });
        }
    }
    for Located { line, value: entry } in &descriptor.ddb {
        let name = ddb_name(&entry.key).unwrap_or_default();
        // Other filters (replication, caching) leave the data readable.
        let filter = name.eq_ignore_ascii_case("iofilters")
            && entry
                .value
                .as_str()
                .to_ascii_lowercase()
                .contains("vmcrypt");
        if filter || (is_encryption_key(name) && !entry.value.as_str().is_empty()) {
            return Some(Refusal::Encrypted {
                line: *line,
                key: entry.key.clone(),
            });
        }
    }
    None
}

fn type_refusal(create_type: &Located<CreateType>) -> Option<Refusal> {
    let line = create_type.line;
    match &create_type.value {
        kind @ (CreateType::VmfsRawDeviceMap | CreateType::VmfsPassthroughRawDeviceMap) => {
            Some(Refusal::RawDeviceMap {
                line,
                kind: kind.to_string(),
            })
        }
        kind @ CreateType::VmfsRaw => Some(Refusal::Device {
            line,
            device: kind.to_string(),
        }),
        kind @ CreateType::VsanSparse => Some(Refusal::DatastoreObject {
            line,
            object: kind.to_string(),
        }),
        // fullDevice and partitionedDevice are decided by their extents: VirtualBox writes fullDevice over a plain file.
        _ => None,
    }
}

fn extent_refusal(descriptor: &Descriptor) -> Option<Refusal> {
    descriptor.extents.iter().find_map(|extent| {
        let line = extent.line;
        let kind = extent.kind.as_str().to_owned();
        let name = extent.name.as_ref().map(|name| name.as_str());
        match extent.kind {
            ExtentKind::Zero => None,
            ExtentKind::VmfsRdm => Some(Refusal::RawDeviceMap { line, kind }),
            ExtentKind::VmfsRaw => Some(Refusal::Device {
                line,
                device: name.map_or(kind, str::to_owned),
            }),
            ExtentKind::VsanSparse => Some(Refusal::DatastoreObject {
                line,
                object: name.map_or(kind, str::to_owned),
            }),
            _ if name.is_some_and(is_device) => Some(Refusal::Device {
                line,
                device: name.unwrap_or_default().to_owned(),
            }),
            _ if name.is_some_and(is_object) => Some(Refusal::DatastoreObject {
                line,
                object: name.unwrap_or_default().to_owned(),
            }),
            _ => None,
        }
    })
}

fn parent_refusal(descriptor: &Descriptor) -> Option<Refusal> {
    if let Some(native) = &descriptor.is_native_snapshot
        && native.value
        && (descriptor.has_parent() || descriptor.parent_hint.is_some())
    {
        return Some(Refusal::NativeSnapshot { line: native.line });
    }
    match (&descriptor.parent_hint, &descriptor.parent_cid) {
        (Some(hint), Some(cid)) if !descriptor.has_parent() => Some(Refusal::ParentContradiction {
            hint_line: hint.line,
            hint: hint.as_str().to_owned(),
            cid_line: cid.line,
        }),
        _ => None,
    }
}

/// vSAN names its objects `vsan://` and a uuid (seen in ESXi 6.0), virtual volumes `vvol://`.
fn is_object(name: &str) -> bool {
    name.split_once("://").is_some_and(|(scheme, _)| {
        ["vsan", "vvol"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    })
}

/// Tells whether a path is one of a device: below `/dev` or `/vmfs/devices`, or in Windows' device namespace. Only a
/// good message hangs on it: whether a file may be opened is decided where it is opened.
fn is_device(name: &str) -> bool {
    let unified = name.replace('\\', "/").to_ascii_lowercase();
    if let Some(rest) = unified.strip_prefix("//./") {
        return !rest.is_empty();
    }
    let drive = |rest: &str| {
        rest.strip_prefix("physicaldrive")
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if let Some(rest) = unified.strip_prefix("//?/") {
        // `\\?\C:\disk.vmdk` is the long form of a file's path.
        return drive(rest) || rest.starts_with("globalroot/");
    }
    if !unified.starts_with('/') {
        return drive(&unified);
    }
    let mut parts = unified.split('/').filter(|part| !matches!(*part, "" | "."));
    match parts.next() {
        Some("dev") => parts.next().is_some(),
        Some("vmfs") => parts.next() == Some("devices"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_device;

    #[test]
    fn devices() {
        for name in [
            "/dev/sda",
            "//dev/./sda",
            "/dev/mapper/vg-lv",
            "/vmfs/devices/disks/naa.600:1",
            r"\\.\PhysicalDrive2",
            r"\\.\physicaldrive0",
            r"\\.\C:",
            "//./PhysicalDrive0",
            r"\\?\PhysicalDrive1",
            r"\\?\GLOBALROOT\Device\Harddisk0\Partition1",
            "PhysicalDrive3",
        ] {
            assert!(is_device(name), "{name}");
        }
        for name in [
            "dev/sda",
            "/devel/disk.img",
            "/dev",
            "disk.vmdk",
            r"C:\dev\disk.vmdk",
            r"\\?\C:\vm\disk.vmdk",
            r"\\server\share\disk.vmdk",
            "/vmfs/volumes/5a/disk-flat.vmdk",
            "PhysicalDrive.vmdk",
            "PhysicalDrive",
            "/home/dev/sda",
        ] {
            assert!(!is_device(name), "{name}");
        }
    }
}
