//! What can be wrong with a report or an id.

/// Why a report could not be written as or read from JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or not the shape of a report; the source has line and column.
    #[error("not a report of schema {:?}", crate::SCHEMA)]
    Json(#[from] serde_json::Error),
}

/// Why a text is no finding id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "finding id {found:?} is not kebab-case: words of a to z and 0 to 9, joined by single dashes"
)]
pub struct IdError {
    /// The text.
    pub found: String,
}
