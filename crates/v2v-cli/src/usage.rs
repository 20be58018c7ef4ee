//! Wrong usage that shows only after parsing.

/// Options that make no sense together, or values that are none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// An error of wrong usage: the program ends with [`ExitStatus::Usage`](crate::ExitStatus::Usage).
pub fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(text.into()))
}

/// Whether `error` or one of its causes is wrong usage.
pub fn is_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Usage>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_usage_is_known_behind_its_context() {
        let error = usage("--memtune: 0 is no limit").context("web01.vmx");
        assert!(is_usage(&error));
        assert_eq!(format!("{error:#}"), "web01.vmx: --memtune: 0 is no limit");
        assert!(!is_usage(&anyhow::anyhow!("disk full")));
    }
}
