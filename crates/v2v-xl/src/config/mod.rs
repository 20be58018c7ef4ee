//! The text of a configuration: every setting with its line.

mod lex;
mod parse;
mod problem;
mod sniff;
mod value;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use crate::Error;

pub(crate) use problem::shown;
pub use problem::{Problem, ProblemKind};
pub(crate) use value::read_number;
pub use value::{Number, Value};

/// How much a text may have. The limits are far above what anyone writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOptions {
    /// Longest file. Default 1 MiB.
    pub max_bytes: u64,
    /// Most settings. Default 10 000.
    pub max_entries: usize,
    /// Most list items in all lists together. Default 100 000.
    pub max_items: usize,
    /// Most lists inside each other. Default 64.
    pub max_depth: usize,
    /// Longest key. Default 256 bytes.
    pub max_key_bytes: usize,
    /// Most problems before the text is taken for something else. Default 10 000.
    pub max_problems: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_entries: 10_000,
            max_items: 100_000,
            max_depth: 64,
            max_key_bytes: 256,
            max_problems: 10_000,
        }
    }
}

/// Names an [`Entry`] of one configuration. Ids rise from the top of the file to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u32);

impl EntryId {
    /// The position in [`Config::entries`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// How a value is given to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`: what was before does not count.
    Assign,
    /// `+=`: lists and strings grow (xl since 4.9, and Python).
    Append,
}

/// One setting.
///
/// `Display` prints it as a line without its end. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    id: EntryId,
    line: u64,
    last_line: u64,
    key: String,
    operator: Operator,
    value: Value,
}

impl Entry {
    /// Which entry this is.
    #[must_use]
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// The line of the key, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The line the value ends in; more than [`line`](Self::line) for a list over several lines.
    #[must_use]
    pub fn last_line(&self) -> u64 {
        self.last_line
    }

    /// The key as it is spelt. Case counts: xl and xm know no `Memory`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it replaces or adds.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The value as this line has it. For what counts in the end see [`Config::value`].
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_secret = self.key.ends_with("passwd");
        let value = if is_secret {
            "not shown".to_owned()
        } else {
            format!("{:?}", self.value)
        };
        write!(
            f,
            "Entry({}, line {}, {} {:?} {value})",
            self.id.0, self.line, self.key, self.operator
        )
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            Operator::Assign => "=",
            Operator::Append => "+=",
        };
        write!(f, "{} {operator} {}", self.key, self.value)
    }
}

/// A configuration as text.
///
/// What is read: `key = value` and `key += value`, one for each line or with `;` between them. A value is a string in
/// single or double quotes, or in three of them (xm) over several lines; a number, decimal, `0x` hexadecimal or octal
/// behind a zero; or a list in brackets over any number of lines, with or without a comma behind the last item. `#`
/// begins a comment anywhere outside a string. Lines may end as on Windows, the last one need not end.
///
/// In strings, `\\ \' \" \a \b \f \n \r \t \v` mean what they do in C, for xl as for xm. Where both differ the problem
/// [`ProblemKind::Escape`] says so.
///
/// xm's files are Python. Its literals are read; any code is a problem [`ProblemKind::Code`] for each line of it, is
/// never executed, and makes the rest unreliable: refuse the file then. A line that can't be read otherwise is a problem
/// and skipped. A list is read whole or not at all.
///
/// ```
/// use v2v_xl::{Config, ParseOptions};
///
/// let text = "name = 'web01'   # the guest\nmemory = 512; memory = 0x400\ndisk = [\n    'phy:/dev/vg/web01,xvda,w',\n]\n\
///     install-method = debootstrap\n";
/// let config = Config::parse(text.as_bytes(), &ParseOptions::default())?;
/// assert_eq!(config.get("name").and_then(|entry| entry.value().text()), Some("web01"));
/// assert_eq!(config.get("memory").and_then(|entry| entry.value().number()), Some(1024));
/// assert_eq!(config.get("disk").map(|entry| (entry.line(), entry.last_line())), Some((3, 5)));
/// let problems: Vec<String> = config.problems().iter().map(|problem| problem.to_string()).collect();
/// assert_eq!(problems, [
///     "line 2: the key is assigned again in line 2, with another value; the last counts",
///     "line 6: found `install-method = debootstrap`, expected `key = value`",
/// ]);
/// # Ok::<(), v2v_xl::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    entries: Vec<Entry>,
    /// The entries that count: one, and those that add to it.
    by_key: HashMap<String, Vec<EntryId>>,
    problems: Vec<Problem>,
}

impl Config {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`Error`] if the bytes are something else (XML, SXP, JSON, a disk, a binary), have nothing to read, or more than
    /// the options allow. All else is in [`problems`](Self::problems).
    pub fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Self, Error> {
        parse::parse(bytes, options)
    }

    /// All settings in the order of the file, those that don't count included.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is odd in the text, by line.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The lines of Python code. If there are any, what was read is not what xm would have seen.
    pub fn code(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.is_code())
    }

    /// One setting.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id.index())
    }

    /// The setting of this key that counts: the last assignment, even if others add to it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.parts(key).next()
    }

    /// The last assignment and all that add to it, in the order of the file.
    pub fn parts(&self, key: &str) -> impl Iterator<Item = &Entry> {
        let ids = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|&id| self.entry(id))
    }

    /// What the key is in the end: its value with all additions.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Cow<'_, Value>> {
        let mut parts = self.parts(key);
        let mut value = Cow::Borrowed(parts.next()?.value());
        for part in parts {
            match (value.to_mut(), part.value()) {
                (Value::List(items), Value::List(more)) => items.extend(more.iter().cloned()),
                (Value::String(text), Value::String(more)) => text.push_str(more),
                _ => {}
            }
        }
        Some(value)
    }

    /// Whether this setting counts, alone or as an addition.
    #[must_use]
    pub fn counts(&self, id: EntryId) -> bool {
        let key = self
            .entry(id)
            .and_then(|entry| self.by_key.get(entry.key()));
        key.is_some_and(|ids| ids.binary_search(&id).is_ok())
    }
}

/// Prints all settings that were read, one for each line.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries
            .iter()
            .try_for_each(|entry| writeln!(f, "{entry}"))
    }
}
