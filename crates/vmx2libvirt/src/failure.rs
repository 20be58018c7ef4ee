//! From an error to an exit status.

use std::fmt;

use v2v_cli::ExitStatus;

/// Options that make no sense together, or values that are none, found after parsing.
#[derive(Debug)]
struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// An error of wrong usage.
pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(text.into()))
}

/// The exit status that belongs to an error.
pub(crate) fn status_of(error: &anyhow::Error) -> ExitStatus {
    if error.chain().any(|cause| cause.is::<Usage>()) {
        return ExitStatus::Usage;
    }
    match error.chain().find_map(|cause| cause.downcast_ref()) {
        Some(error) => status_of_parsing(error),
        None => ExitStatus::Failed,
    }
}

/// What is no configuration, or one that nobody can read, is refused; it is not broken.
fn status_of_parsing(error: &v2v_vmx::Error) -> ExitStatus {
    use v2v_vmx::Error;
    match error {
        Error::TooLarge { .. } | Error::TooMany { .. } => ExitStatus::Failed,
        _ => ExitStatus::Refused,
    }
}
