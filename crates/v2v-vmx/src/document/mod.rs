//! The text of a configuration: every byte kept, every key found.

mod edit;
mod escape;
mod lex;
mod parse;
mod problem;
mod sniff;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use encoding_rs::Encoding;

use crate::{Error, FileName};

pub use problem::{Problem, ProblemKind};
pub(crate) use problem::{shown, shown_bytes};

/// How a text is read. The limits are far above what any product writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOptions {
    /// Name of the encoding, instead of the one the text declares. Any name [`v2v_encoding::lookup`] knows.
    pub encoding: Option<String>,
    /// Longest file. Default 16 MiB.
    pub max_bytes: u64,
    /// Most lines. Default 500 000.
    pub max_lines: usize,
    /// Most keys. Default 250 000.
    pub max_entries: usize,
    /// Longest key; a longer one becomes [`ProblemKind::KeyTooLong`]. Default 4096. Values are bounded by `max_bytes`.
    pub max_key_bytes: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            encoding: None,
            max_bytes: 16 << 20,
            max_lines: 500_000,
            max_entries: 250_000,
            max_key_bytes: 4096,
        }
    }
}

/// Names an [`Entry`] of one document. Ids rise from the top of the file to its end and stay when other entries go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u32);

impl EntryId {
    /// The id as a number: in a document that was parsed and not changed, the position in [`Document::entries`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// One `key = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    id: EntryId,
    line: u64,
    key: Arc<str>,
    lower: Arc<str>,
    value: Box<str>,
    /// What stands in the file, if that is not the value as UTF-8.
    raw: Option<Box<[u8]>>,
    /// Which of the document's lines.
    line_index: usize,
    /// The value with its quotes, in the document's bytes.
    token: Range<usize>,
}

impl Entry {
    /// Which entry this is.
    #[must_use]
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// The line, from 1, when it was parsed. Lines that were added later count on from the last one.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The key as it is spelt.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key in lower case (ASCII), the form to compare.
    #[must_use]
    pub fn key_lower(&self) -> &str {
        &self.lower
    }

    /// The value without quotes, decoded, with its `|XX` escapes replaced. It may hold control characters.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The bytes of the value in the file, without quotes, neither decoded nor unescaped.
    #[must_use]
    pub fn raw_value(&self) -> &[u8] {
        match &self.raw {
            Some(raw) => raw,
            None => self.value.as_bytes(),
        }
    }
}

/// Why a text is read in its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodingSource {
    /// [`ParseOptions::encoding`].
    Option,
    /// The key `.encoding`.
    Declared,
    /// Nothing is declared, and the text is UTF-8.
    Utf8,
    /// Nothing is declared, and the text is not UTF-8. Any bytes are text in the encoding chosen, windows-1252.
    Guessed,
    /// Another encoding is declared, but only UTF-8 fits.
    Contradicted,
}

/// A configuration as text.
///
/// [`to_bytes`](Self::to_bytes) gives back exactly the bytes that were parsed: order, spelling, comments, blank lines,
/// line ends and byte order mark. Changes touch the lines they are about and nothing else.
///
/// The same dialect is in `.vmx`, `.vmtx` (template) and `.vmsd` (snapshots) files.
///
/// ```
/// use v2v_vmx::{Document, ParseOptions};
///
/// let text = b"# by hand\r\nmemSize = \"512\"\r\nmemsize = \"1024\"\r\nannotation = \"a|0Ab\"";
/// let mut document = Document::parse(text, &ParseOptions::default())?;
/// assert_eq!(document.get("MEMSIZE").map(|entry| entry.value()), Some("512"));
/// assert_eq!(document.get("annotation").map(|entry| entry.value()), Some("a\nb"));
/// assert_eq!(
///     document.problems()[0].to_string(),
///     "line 3: the key is in line 2 already, with another value; the first counts",
/// );
/// assert_eq!(document.to_bytes(), text);
///
/// document.set("memsize", "2048")?;
/// assert_eq!(document.to_bytes(), b"# by hand\r\nmemSize = \"2048\"\r\nannotation = \"a|0Ab\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    /// The bytes of all lines. A changed line is added at the end; `lines` says which bytes count.
    bytes: Vec<u8>,
    /// The byte order mark, then each line with its end. A removed line is empty.
    lines: Vec<Range<usize>>,
    entries: Vec<Entry>,
    by_key: HashMap<Arc<str>, EntryId>,
    problems: Vec<Problem>,
    encoding: &'static Encoding,
    encoding_source: EncodingSource,
    newline: &'static str,
    next_id: u32,
    next_line: u64,
}

impl Document {
    /// Reads a configuration.
    ///
    /// Lines that can't be read, duplicates and the like are [`problems`](Self::problems), not errors.
    ///
    /// # Errors
    ///
    /// If this is another kind of file, encrypted as a whole, larger than the options allow, or has no `key = value`.
    pub fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Self, Error> {
        parse::parse(bytes, options)
    }

    /// Returns the whole text.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        for line in &self.lines {
            out.extend_from_slice(self.bytes.get(line.clone()).unwrap_or_default());
        }
        out
    }

    /// All entries in the order of the file, duplicates included.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this key; case doesn't matter. Of several, the first.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entry(*self.by_key.get(lower(key).as_ref())?)
    }

    /// The entry with this id, if it is (still) there.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        let fits = |entry: &&Entry| entry.id == id;
        self.entries.get(id.index()).filter(fits).or_else(|| {
            let at = self.entries.binary_search_by_key(&id, Entry::id).ok()?;
            self.entries.get(at)
        })
    }

    /// The value of an entry as the name of a file.
    #[must_use]
    pub fn file_name(&self, entry: &Entry) -> FileName {
        FileName::of(entry, self.encoding)
    }

    /// What was odd in the text, by line.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The encoding the text was read in, under its WHATWG name (`GBK`, `Shift_JIS`, `EUC-KR`, `windows-1252`).
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// Why it was read in that encoding.
    #[must_use]
    pub fn encoding_source(&self) -> EncodingSource {
        self.encoding_source
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// `key` in the form keys are compared in.
fn lower(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(key.to_ascii_lowercase())
    } else {
        Cow::Borrowed(key)
    }
}

/// The key as it is spelt and in lower case, which are often the same.
fn both_cases(key: &str) -> (Arc<str>, Arc<str>) {
    let spelt: Arc<str> = Arc::from(key);
    match lower(key) {
        Cow::Borrowed(_) => (Arc::clone(&spelt), spelt),
        Cow::Owned(lower) => (spelt, Arc::from(lower)),
    }
}

/// The value in its encoding, with escapes replaced, and what was odd about it.
fn decode(
    raw: &[u8],
    encoding: &'static Encoding,
) -> (Box<str>, Option<Box<[u8]>>, Vec<ProblemKind>) {
    let mut problems = Vec::new();
    let (text, mut wrong) = encoding.decode_without_bom_handling(raw);
    let unescaped = escape::unescape(&text, encoding);
    wrong |= unescaped.undecodable;
    if wrong {
        problems.push(ProblemKind::Undecodable {
            encoding: encoding.name(),
        });
    }
    if let Some(found) = unescaped.stray {
        problems.push(ProblemKind::StrayPipe {
            found: shown(found),
        });
    }
    let value: Box<str> = unescaped.text.into();
    let raw = (value.as_bytes() != raw).then(|| raw.into());
    (value, raw, problems)
}
