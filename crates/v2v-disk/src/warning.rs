//! What was read in spite of a flaw.

/// Something about an image that a person should know and that did not stop the reading.
///
/// Images return these as data; who shows them is the program's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable name in kebab case, e.g. `vmdk-unclean-shutdown`. Never renamed or reused.
    pub id: &'static str,
    /// The file it was found in, for messages.
    pub file: std::path::PathBuf,
    /// What was found and what it means.
    pub text: String,
}

impl Warning {
    /// A warning about `file`.
    pub fn new(
        id: &'static str,
        file: impl Into<std::path::PathBuf>,
        text: impl Into<String>,
    ) -> Warning {
        Warning {
            id,
            file: file.into(),
            text: text.into(),
        }
    }
}
