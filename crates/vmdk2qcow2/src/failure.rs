//! From an error to an exit status.

use std::fmt;

use v2v_cli::ExitStatus;
use v2v_disk::Class;

/// Options that make no sense together, found after parsing.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Makes a [`Usage`] error.
pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(text.into()))
}

/// The exit status that belongs to an error.
pub(crate) fn status_of(error: &anyhow::Error) -> ExitStatus {
    let hole_size = matches!(error.downcast_ref(), Some(v2v_copy::Error::HoleSize { .. }));
    if hole_size || error.is::<Usage>() || error.is::<v2v_cli::OptionError>() {
        return ExitStatus::Usage;
    }
    match class_of(error) {
        // Nothing has been written in these cases: they come up while the source is being opened.
        Some(Class::Unsupported | Class::Denied | Class::NotThisFormat) => ExitStatus::Refused,
        _ => ExitStatus::Failed,
    }
}

/// What kind of error of the libraries it is, if it is one.
pub(crate) fn class_of(error: &anyhow::Error) -> Option<Class> {
    error.chain().find_map(|cause| {
        None.or_else(|| {
            cause
                .downcast_ref::<v2v_image::Error>()
                .map(v2v_image::Error::class)
        })
        .or_else(|| {
            cause
                .downcast_ref::<v2v_copy::Error>()
                .map(v2v_copy::Error::class)
        })
        .or_else(|| {
            cause
                .downcast_ref::<v2v_disk::Error>()
                .map(v2v_disk::Error::class)
        })
    })
}
