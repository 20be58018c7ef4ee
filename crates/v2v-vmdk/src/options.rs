//! How a disk is opened.

use v2v_disk::Limits;

use crate::descriptor;

/// How [`crate::Vmdk::open`] and [`crate::VmdkStream::new`] read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// What the image may ask for.
    pub limits: Limits,
    /// Take a flat extent that is shorter than the descriptor says; what is missing reads as zeros, with a warning.
    /// By default that is an error: the usual reason is a copy that was cut off.
    pub allow_short: bool,
    /// Name of the text encoding of a descriptor that declares none and is not UTF-8. By default that is an error.
    pub encoding: Option<String>,
}

impl Options {
    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With [`Options::allow_short`] set or not.
    #[must_use]
    pub fn with_allow_short(mut self, allow: bool) -> Self {
        self.allow_short = allow;
        self
    }

    /// With an encoding for descriptors that declare none.
    #[must_use]
    pub fn with_encoding(mut self, name: impl Into<String>) -> Self {
        self.encoding = Some(name.into());
        self
    }

    pub(crate) fn for_descriptor(&self) -> descriptor::Options {
        descriptor::Options {
            max_bytes: usize::try_from(self.limits.descriptor_bytes).unwrap_or(usize::MAX),
            max_extents: self.limits.extents,
            max_capacity_bytes: self.limits.virtual_size,
            encoding: self.encoding.clone(),
        }
    }
}
