//! Every way a descriptor's text can be wrong.

/// Why a text is not a usable descriptor.
///
/// Lines count from 1. The opening layer adds the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text, up to its first NUL byte, is longer than the limit.
    #[error("descriptor is longer than {limit} bytes")]
    TooLong {
        /// [`Options::max_bytes`](super::Options::max_bytes).
        limit: usize,
    },

    /// UTF-16, recognised by its byte order mark or its NUL bytes. Unsupported: no VMware product writes it.
    #[error(
        "descriptor is in UTF-16, expected UTF-8 or another encoding that keeps ASCII bytes; save it as UTF-8"
    )]
    Utf16,

    /// More keys or extents than the limit.
    #[error("line {line}: descriptor has more than {limit} {what}")]
    TooMany {
        /// The first line too many.
        line: u32,
        /// `keys` or `extents`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },

    /// A line that is nothing a descriptor knows.
    #[error("line {line}: found {found:?}, expected a comment, `key = value`, or an extent")]
    Line {
        /// Where.
        line: u32,
        /// The start of the line.
        found: String,
    },

    /// A quoted value or file name without its second quote.
    #[error("line {line}: {found:?} has no closing quote")]
    Unterminated {
        /// Where.
        line: u32,
        /// The start of the value.
        found: String,
    },

    /// Text between the closing quote of a value and the end of the line.
    #[error(
        "line {line}: found {found:?} after the closing quote, expected the end of the line or a comment"
    )]
    AfterQuote {
        /// Where.
        line: u32,
        /// The start of what follows.
        found: String,
    },

    /// A key no descriptor does without.
    #[error("{key} is missing, expected a line `{key}={example}`")]
    Missing {
        /// The key as VMware spells it.
        key: &'static str,
        /// What such a line holds.
        example: &'static str,
    },

    /// The whole configuration is encrypted: instead of a createType there are only key and cipher text.
    #[error(
        "line {line}: descriptor is encrypted ({key}); decrypt the virtual machine in VMware first"
    )]
    Encrypted {
        /// Where.
        line: u32,
        /// The key that gives it away.
        key: String,
    },

    /// A value that its key can't have.
    #[error("line {line}: {key} is {found:?}, expected {expected}")]
    Value {
        /// Where.
        line: u32,
        /// The key as VMware spells it.
        key: &'static str,
        /// The value.
        found: String,
        /// What would be right.
        expected: &'static str,
    },

    /// A descriptor version we don't know.
    #[error("line {line}: descriptor version is {found}, expected 1 to 3")]
    Version {
        /// Where.
        line: u32,
        /// The version.
        found: u32,
    },

    /// Two lines give different values for a key that decides what the disk holds.
    #[error(
        "line {line}: {key} is {found:?}, but line {first_line} says {first:?}; remove the line that is wrong"
    )]
    Contradiction {
        /// The second line.
        line: u32,
        /// The key as VMware spells it.
        key: &'static str,
        /// Its value in the second line.
        found: String,
        /// The first line.
        first_line: u32,
        /// Its value in the first line.
        first: String,
    },

    /// A field of an extent line.
    #[error("line {line}: {field} of the extent is {found:?}, expected {expected}")]
    Extent {
        /// Where.
        line: u32,
        /// Which field.
        field: &'static str,
        /// What stands there; empty at the end of the line.
        found: String,
        /// What would be right.
        expected: &'static str,
    },

    /// An extent type we don't know.
    #[error(
        "line {line}: extent type is {found:?}, expected FLAT, SPARSE, ZERO, VMFS, VMFSSPARSE, VMFSRDM, VMFSRAW, SESPARSE or VSANSPARSE"
    )]
    ExtentType {
        /// Where.
        line: u32,
        /// The word in place of the type.
        found: String,
    },

    /// An extent that reaches past what a file can hold.
    #[error("line {line}: {sectors} sectors from sector {offset} on do not fit into a file")]
    ExtentRange {
        /// Where.
        line: u32,
        /// First sector within the file.
        offset: u64,
        /// Length in sectors.
        sectors: u64,
    },

    /// The extents together are larger than the limit.
    #[error(
        "line {line}: extents add up to more than {limit} bytes; raise the limit if the disk is really that large"
    )]
    Capacity {
        /// The extent that crosses the limit.
        line: u32,
        /// [`Options::max_capacity_bytes`](super::Options::max_capacity_bytes).
        limit: u64,
    },

    /// A descriptor without any extent.
    #[error(
        "descriptor has no extent, expected a line such as `RW 4096 FLAT \"disk-flat.vmdk\" 0`"
    )]
    NoExtents,

    /// The declared encoding is unknown and the text is not plain ASCII.
    #[error(
        "line {line}: encoding {name:?} is not known and the text is not plain ASCII; save it as UTF-8 and say so"
    )]
    UnknownEncoding {
        /// Line of the declaration; 0 if the name comes from the options.
        line: u32,
        /// The name.
        name: String,
    },

    /// Bytes that mean nothing in the encoding of the text, in a text that is not UTF-8 either.
    #[error(
        "line {line}: the value at byte {offset} is not {encoding}; give its encoding in a line such as `encoding=\"windows-1252\"`"
    )]
    Undecodable {
        /// Where.
        line: u32,
        /// Offset of the value in the input.
        offset: usize,
        /// The declared encoding, or UTF-8 if none is declared.
        encoding: &'static str,
    },

    /// A text for a new descriptor that the format can't express.
    #[error("{found:?} contains a quote or a control character, which a descriptor can't hold")]
    Text {
        /// The text.
        found: String,
    },
}

impl Error {
    /// Returns the line the error is about, counted from 1, if there is one.
    #[must_use]
    pub const fn line(&self) -> Option<u32> {
        match self {
            Self::TooMany { line, .. }
            | Self::Line { line, .. }
            | Self::Unterminated { line, .. }
            | Self::AfterQuote { line, .. }
            | Self::Encrypted { line, .. }
            | Self::Value { line, .. }
            | Self::Version { line, .. }
            | Self::Contradiction { line, .. }
            | Self::Extent { line, .. }
            | Self::ExtentType { line, .. }
            | Self::ExtentRange { line, .. }
            | Self::Capacity { line, .. }
            | Self::UnknownEncoding { line, .. }
            | Self::Undecodable { line, .. } => Some(*line),
            Self::TooLong { .. }
            | Self::Utf16
            | Self::Missing { .. }
            | Self::NoExtents
            | Self::Text { .. } => None,
        }
    }

    /// Tells a descriptor that may be right but uses something unsupported from one that is wrong.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::Utf16
                | Self::Encrypted { .. }
                | Self::Version { .. }
                | Self::ExtentType { .. }
                | Self::UnknownEncoding { .. }
        )
    }
}
