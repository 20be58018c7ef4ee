//! From an error to an exit status.

use v2v_cli::{ExitStatus, is_usage};

/// The exit status that belongs to an error.
pub(crate) fn status_of(error: &anyhow::Error) -> ExitStatus {
    if is_usage(error) {
        return ExitStatus::Usage;
    }
    let of_cause = |cause: &(dyn std::error::Error + 'static)| {
        let xml = cause.downcast_ref().map(status_of_xml);
        let config = cause.downcast_ref().map(status_of_config);
        let domain = cause.is::<v2v_xen::Error>().then_some(ExitStatus::Refused);
        xml.or(config).or(domain)
    };
    error
        .chain()
        .find_map(of_cause)
        .unwrap_or(ExitStatus::Failed)
}

/// XML of a kind that is not read is refused; anything else is broken or too much.
fn status_of_xml(error: &v2v_xml::Error) -> ExitStatus {
    use v2v_xml::Error;
    match error {
        Error::Dtd { .. } | Error::Encoding { .. } | Error::Version { .. } => ExitStatus::Refused,
        _ => ExitStatus::Failed,
    }
}

/// What is no configuration is refused; it is not broken.
fn status_of_config(error: &v2v_xl::Error) -> ExitStatus {
    use v2v_xl::Error;
    match error {
        Error::TooLarge { .. }
        | Error::TooMany { .. }
        | Error::TooDeep { .. }
        | Error::KeyTooLong { .. } => ExitStatus::Failed,
        _ => ExitStatus::Refused,
    }
}
