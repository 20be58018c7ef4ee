//! What is odd in a text that was read all the same.

use std::fmt;

use super::EntryId;

/// Something odd in the text, by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: u64,
    /// What it is.
    pub kind: ProblemKind,
}

/// What is odd. Texts are cut, without control characters, and without what follows the word `passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Python code: a statement, a name, a call, an operator. xm ran it, xl refuses it, nobody runs it here: a caller
    /// should refuse the file, because nothing tells what the code would have changed.
    Code {
        /// The line, or the part of it that is code.
        found: String,
    },
    /// A line that is neither a setting nor a comment. It was skipped; xl would refuse the file.
    UnreadableLine {
        /// The line.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A list without its closing bracket. The setting was skipped, no half of it is read.
    OpenList {
        /// The key.
        key: String,
    },
    /// A list with something wrong in it. The setting was skipped.
    BrokenList {
        /// The key.
        key: String,
        /// The line of the wrong item.
        at_line: u64,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A string without its closing quote. The setting was skipped.
    OpenString {
        /// The string.
        found: String,
    },
    /// Begins with a digit, but is no number of 64 bits. The setting was skipped.
    Number {
        /// The text.
        found: String,
    },
    /// A backslash whose meaning depends on the program: xl refuses `\d` and `\x41` and loses `\101`. It was read as xm
    /// does: numbers are characters, anything unknown stands for itself.
    Escape {
        /// The backslash and what follows.
        found: String,
    },
    /// Python's `True` or `False`. xl refuses it; it was read as 1 or 0, as xm does.
    Constant {
        /// The word.
        found: &'static str,
    },
    /// Bytes that are not UTF-8; the value has U+FFFD in their place.
    NotUtf8,
    /// The key is assigned again later: this setting does not count.
    Duplicate {
        /// This setting.
        id: EntryId,
        /// The one that counts.
        by: EntryId,
        /// Its line.
        by_line: u64,
        /// Both have the same value.
        equal: bool,
    },
    /// `+=` of a list to a string, of a string to a list, or of numbers. xl refuses it; the setting was skipped.
    Append {
        /// The key.
        key: String,
        /// The line of the setting that was to be added to.
        to_line: u64,
    },
}

impl Problem {
    /// Whether it is Python code, which makes the rest of the file unreliable.
    #[must_use]
    pub fn is_code(&self) -> bool {
        matches!(self.kind, ProblemKind::Code { .. })
    }

    /// Whether a whole setting or line was skipped for it.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        !matches!(
            self.kind,
            ProblemKind::Escape { .. }
                | ProblemKind::Constant { .. }
                | ProblemKind::NotUtf8
                | ProblemKind::Duplicate { .. }
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { found } => {
                write!(
                    f,
                    "found Python code, `{found}`, expected a plain value; it is not executed"
                )
            }
            Self::UnreadableLine { found, expected } => {
                write!(f, "found `{found}`, expected {expected}")
            }
            Self::OpenList { key } => write!(
                f,
                "the list of {key} has no closing bracket and was not read"
            ),
            Self::BrokenList {
                key,
                at_line,
                found,
                expected,
            } => write!(
                f,
                "the list of {key} was not read: found `{found}` in line {at_line}, expected {expected}"
            ),
            Self::OpenString { found } => write!(
                f,
                "found `{found}`, expected a closing quote in the same line"
            ),
            Self::Number { found } => write!(
                f,
                "found `{found}`, expected a whole number or a string in quotes"
            ),
            Self::Escape { found } => {
                write!(
                    f,
                    "found `{found}` in a string, which xl and xm read differently; it was read as xm does"
                )
            }
            Self::Constant { found } => {
                let value = u8::from(*found == "True");
                write!(
                    f,
                    "found Python's {found}, expected a number; it was read as {value}"
                )
            }
            Self::NotUtf8 => f.write_str("the value is not UTF-8"),
            Self::Duplicate { by_line, equal, .. } => {
                let which = if *equal { "the same" } else { "another" };
                write!(
                    f,
                    "the key is assigned again in line {by_line}, with {which} value; the last counts"
                )
            }
            Self::Append { key, to_line } => write!(
                f,
                "`+=` does not fit {key} of line {to_line}, expected a list for a list or a string for a string; \
                 nothing was added"
            ),
        }
    }
}

/// How much of a text of the file is shown.
const SHOWN_CHARS: usize = 60;

/// `text` for a message: one line, no control characters, not too long, no password.
pub(crate) fn shown(text: &str) -> String {
    // One character has at most four bytes.
    let start = cut(text, SHOWN_CHARS.saturating_mul(4).saturating_add(4));
    let open = before_secret(start);
    let mut out: String = open
        .chars()
        .take(SHOWN_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if open.len() < text.len() || open.chars().nth(SHOWN_CHARS).is_some() {
        out.push_str("...");
    }
    // Quotes are frequent here and need no escape.
    out.replace("\\\"", "\"")
        .replace("\\'", "'")
        .replace("\\\\", "\\")
}

/// The text up to the end of `vncpasswd` or `spicepasswd`.
fn before_secret(text: &str) -> &str {
    const WORD: &[u8] = b"passwd";
    let hit = text
        .as_bytes()
        .windows(WORD.len())
        .position(|window| window.eq_ignore_ascii_case(WORD));
    let end = hit.map_or(text.len(), |at| at.saturating_add(WORD.len()));
    text.get(..end).unwrap_or(text)
}

/// At most `bytes` bytes of `text`.
fn cut(text: &str, bytes: usize) -> &str {
    let ends = bytes.saturating_sub(3)..=bytes;
    ends.rev().find_map(|end| text.get(..end)).unwrap_or(text)
}

/// As [`shown`], for bytes.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    shown(&String::from_utf8_lossy(
        bytes.get(..SHOWN_CHARS.saturating_mul(5)).unwrap_or(bytes),
    ))
}
