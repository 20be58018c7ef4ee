//! What was odd in a text that could be read.

use std::fmt;

use super::EntryId;

/// Something in the text that a person should know; how bad it is decides the caller.
///
/// The `Display` form begins with `line N: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: u64,
    /// The key of that line, if it is one.
    pub entry: Option<EntryId>,
    /// What it is.
    pub kind: ProblemKind,
}

/// What is odd. Texts of the file are cut to a few dozen characters, with control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Neither blank, nor a comment, nor `key = value`. The line is kept and has no meaning.
    UnreadableLine {
        /// Its start.
        found: String,
    },
    /// A key longer than [`ParseOptions::max_key_bytes`](super::ParseOptions::max_key_bytes). The line is kept and has
    /// no meaning.
    KeyTooLong {
        /// The key's start.
        found: String,
        /// Its length in bytes.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The key was there before; VMware refuses such a file. The first one counts.
    Duplicate {
        /// The first one.
        first: EntryId,
        /// Its line.
        first_line: u64,
        /// Both have the same value.
        equal: bool,
    },
    /// The value has no quotes; other readers drop it.
    Unquoted,
    /// A comment stands behind the value; other readers drop the line.
    CommentAfterValue,
    /// Text between the closing quote and the end of the line. It has no meaning.
    TextAfterQuote {
        /// Its start.
        found: String,
    },
    /// The opening quote has no second one: the value is what there is of it.
    NoClosingQuote,
    /// A pipe without two hexadecimal digits; it stands for itself.
    StrayPipe {
        /// The pipe and what follows.
        found: String,
    },
    /// Bytes that mean nothing in the encoding. The value has U+FFFD in their place; `raw_value` has the bytes.
    Undecodable {
        /// The encoding.
        encoding: &'static str,
    },
    /// `.encoding` has a name nobody knows; the text was read as if there were none.
    UnknownEncoding {
        /// The name.
        name: String,
        /// What it was read as.
        used: &'static str,
    },
    /// No `.encoding`, and the text is not UTF-8: it was read as `used`. The line is the first that is not UTF-8.
    EncodingGuessed {
        /// What it was read as.
        used: &'static str,
    },
    /// The text does not fit the declared encoding but is UTF-8 as a whole, and was read so. The line is the first that
    /// does not fit.
    EncodingContradicted {
        /// The declared encoding.
        declared: &'static str,
    },
    /// A UTF-8 byte order mark, and another encoding declared; the declaration counted.
    ByteOrderMark {
        /// The declared encoding.
        declared: &'static str,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreadableLine { found } => {
                write!(
                    f,
                    "found `{found}`, expected `key = \"value\"` or a comment"
                )
            }
            Self::KeyTooLong {
                found,
                length,
                limit,
            } => write!(
                f,
                "found a key of {length} bytes (`{found}`), expected at most {limit}"
            ),
            Self::Duplicate {
                first_line, equal, ..
            } => {
                let which = if *equal { "same" } else { "another" };
                write!(
                    f,
                    "the key is in line {first_line} already, with {which} value; the first counts"
                )
            }
            Self::Unquoted => f.write_str("the value has no quotes"),
            Self::CommentAfterValue => f.write_str("a comment stands behind the value"),
            Self::TextAfterQuote { found } => {
                write!(
                    f,
                    "found `{found}` behind the closing quote, expected the end of the line"
                )
            }
            Self::NoClosingQuote => {
                f.write_str("the value has no closing quote and may be cut off")
            }
            Self::StrayPipe { found } => {
                write!(
                    f,
                    "found `{found}`, expected two hexadecimal digits behind the pipe"
                )
            }
            Self::Undecodable { encoding } => write!(f, "the value is not {encoding}"),
            Self::UnknownEncoding { name, used } => {
                write!(
                    f,
                    "encoding `{name}` is not known; the text was read as {used}"
                )
            }
            Self::EncodingGuessed { used } => write!(
                f,
                "no encoding is declared and the text is not UTF-8; it was read as {used}"
            ),
            Self::EncodingContradicted { declared } => write!(
                f,
                "the text is not {declared} as declared, but UTF-8, and was read so"
            ),
            Self::ByteOrderMark { declared } => write!(
                f,
                "the file begins with a UTF-8 byte order mark, but declares {declared}, which counted"
            ),
        }
    }
}

/// How much of a text of the file is shown.
const SHOWN_CHARS: usize = 60;

/// `text` for a message: one line, no control characters, not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(SHOWN_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        out.push_str("...");
    }
    // Quotes are frequent here and need no escape.
    out.replace("\\\"", "\"")
        .replace("\\'", "'")
        .replace("\\\\", "\\")
}

/// As [`shown`], for bytes in an unknown encoding.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    // One character has at most four bytes; one more for the mark that there is more.
    let most = SHOWN_CHARS.saturating_add(1).saturating_mul(4);
    shown(&String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)))
}
