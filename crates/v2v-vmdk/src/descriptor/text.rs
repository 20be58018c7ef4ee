//! Values, and where they stood.

use std::fmt;
use std::ops::Deref;

use encoding_rs::{Encoding, UTF_8};

use super::Error;

/// A value as text, together with the bytes it had in the descriptor.
///
/// Both matter for file names: a file that was copied along with a descriptor in GBK is called by its decoded name on
/// most machines, and still by the GBK bytes where a file system took them as they were.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text {
    decoded: String,
    // Only if they differ from the decoded text's.
    raw: Option<Vec<u8>>,
}

impl Text {
    /// Returns a value for a descriptor to be written in UTF-8.
    ///
    /// # Errors
    ///
    /// [`Error::Text`] if it holds `"` or a control character: a descriptor has no escapes.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let decoded = text.into();
        if decoded.contains(|c: char| c == '"' || c.is_control()) {
            return Err(Error::Text { found: decoded });
        }
        Ok(Self { decoded, raw: None })
    }

    pub(super) fn decode(raw: &[u8], encoding: &'static Encoding) -> Option<Self> {
        let decoded = if encoding == UTF_8 {
            str::from_utf8(raw).ok()?.to_owned()
        } else {
            encoding
                .decode_without_bom_handling_and_without_replacement(raw)?
                .into_owned()
        };
        let raw = (decoded.as_bytes() != raw).then(|| raw.to_vec());
        Some(Self { decoded, raw })
    }

    /// Returns the decoded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.decoded
    }

    /// Returns the bytes as they stood in the descriptor.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.decoded.as_bytes())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decoded)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.decoded, f)?;
        match &self.raw {
            Some(raw) => write!(f, " ({})", raw.escape_ascii()),
            None => Ok(()),
        }
    }
}

/// A value and the line of the descriptor it was read from. Two are equal if the values are, wherever they stood.
#[derive(Clone, Debug, Eq)]
pub struct Located<T> {
    /// Line, counted from 1; 0 if the value was not read from a text.
    pub line: u32,
    /// The value.
    pub value: T,
}

impl<T> Located<T> {
    pub(super) const fn at(line: u32, value: T) -> Self {
        Self { line, value }
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> From<T> for Located<T> {
    fn from(value: T) -> Self {
        Self::at(0, value)
    }
}
