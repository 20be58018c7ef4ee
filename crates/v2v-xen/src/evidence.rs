//! What the caller saw beside the configuration.

use std::collections::BTreeMap;

use v2v_target::GuestEvidence;

/// What the caller saw beside the configuration. Everything may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// What lies at the paths of disks and media, by the path as it stands in the source. A path that is missing was not
    /// looked at.
    pub images: BTreeMap<String, ImageEvidence>,
    /// What the guest's own disk says.
    pub guest: Option<GuestEvidence>,
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageEvidence {
    /// Nothing.
    Missing,
    /// An image of this format, by its content: libvirt's name (`raw`, `qcow2`, `vpc`, `vmdk`, `qed`).
    Format(&'static str),
    /// A block device.
    Device,
}
