//! Where the files and sockets of ports lie.

use v2v_vmx::{FileName, PathStyle};

use crate::policy::DiskPlace;
use crate::vmx::Work;

/// Where QEMU may make sockets under every distribution's SELinux or AppArmor policy.
const SOCKETS: &str = "/var/lib/libvirt/qemu";

/// Where images lie if nobody says it.
const IMAGES: &str = "/var/lib/libvirt/images";

/// The file that takes the output of a port: where a rule of the caller says, else beside the disks under the domain's
/// name and an ending that no image has, so that it can't be a disk of this or another domain.
pub(super) fn output(work: &Work<'_>, name: &FileName, port: &str) -> String {
    if let Some(path) = mapped(work, name) {
        return path;
    }
    let disks = &work.policy.disks;
    let dir = match &disks.place {
        DiskPlace::Directory(dir) | DiskPlace::Named(dir) => dir.as_str(),
        DiskPlace::Source => disks.source_dir.as_deref().unwrap_or(IMAGES),
    };
    format!(
        "{}/{}-{port}.log",
        dir.trim_end_matches('/'),
        work.domain.name
    )
}

/// The socket in the place of a pipe. Two VMs that name one pipe of the old host find each other; a relative name is
/// the VM's own.
pub(super) fn socket(work: &Work<'_>, name: &FileName) -> String {
    if let Some(path) = mapped(work, name) {
        return path;
    }
    let pipe = plain(name.base_name(), 40);
    if name.style() == PathStyle::Relative {
        let owner = plain(&work.domain.name, 30);
        format!("{SOCKETS}/pipe-{owner}-{pipe}.sock")
    } else {
        format!("{SOCKETS}/pipe-{pipe}.sock")
    }
}

/// Where a rule of the caller says, unless the name leads out of there.
fn mapped(work: &Work<'_>, name: &FileName) -> Option<String> {
    let rules = &work.policy.disks.map;
    let path = rules.iter().find_map(|rule| rule.apply(name.text()))?;
    let is_safe = path.split('/').all(|part| part != "..") && !path.contains(char::is_control);
    is_safe.then_some(path)
}

/// `text` in characters that are plain everywhere, and not too long for a socket's path of 107 bytes.
fn plain(text: &str, most: usize) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = text.chars().take(most);
    plain.map(|c| if is_plain(c) { c } else { '_' }).collect()
}
