//! From an error to an exit status.

use v2v_cli::{ExitStatus, is_usage};

/// The exit status that belongs to an error.
pub(crate) fn status_of(error: &anyhow::Error) -> ExitStatus {
    if is_usage(error) {
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
