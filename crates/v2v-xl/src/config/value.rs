//! Values as the text has them.

use std::fmt;

/// What stands behind the equals sign.
///
/// `Display` prints it in a form that is read back as the same value: strings in double quotes, numbers as they were
/// written, lists in one line.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A string, without quotes and with its escapes replaced.
    String(String),
    /// A number without quotes. Xen also takes a quoted one wherever it expects a number.
    Number(Number),
    /// A list. Only `vnuma` and `vsnd` have lists in a list.
    List(Vec<Value>),
}

/// A number and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// What it is.
    pub value: i64,
    /// How it was written: `512`, `0x200`, `01000`, `-1`.
    pub text: String,
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self {
            value,
            text: value.to_string(),
        }
    }
}

impl Value {
    /// The text of a string or number; `None` for a list. Xen reads both alike.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Number(number) => Some(&number.text),
            Self::List(_) => None,
        }
    }

    /// The number, quoted or not; `None` for a list and for other text.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::String(text) => read_number(text.trim()),
            Self::Number(number) => Some(number.value),
            Self::List(_) => None,
        }
    }

    /// The items of a list; `None` for a string or number.
    #[must_use]
    pub fn list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => quote(text, f),
            Self::Number(number) => f.write_str(&number.text),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    let separator = if at == 0 { " " } else { ", " };
                    write!(f, "{separator}{item}")?;
                }
                f.write_str(" ]")
            }
        }
    }
}

/// Values hold passwords, and debug output ends up in logs.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "String({})", super::problem::shown(text)),
            Self::Number(number) => write!(f, "Number({})", number.text),
            Self::List(items) => f.debug_list().entries(items).finish(),
        }
    }
}

fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0'..='\x1f' | '\x7f' => write!(f, "\\x{:02x}", u32::from(c))?,
            _ => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

/// Reads a number as C does with base 0, which is what xl does: `0x` is hexadecimal, a leading zero octal.
pub(crate) fn read_number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let octal = || digits.strip_prefix('0').filter(|rest| !rest.is_empty());
    let (digits, radix) = match (hex, octal()) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) => (digits, 8),
        (None, None) => (digits, 10),
    };
    if !digits.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return None;
    }
    let size = i128::from(u64::from_str_radix(digits, radix).ok()?);
    i64::try_from(if negative { size.checked_neg()? } else { size }).ok()
}
