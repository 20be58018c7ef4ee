//! Changing a text: only the lines a change is about.

use std::ops::Range;

use encoding_rs::UTF_8;

use super::escape::escape;
use super::lex::{Lexed, is_key, lex};
use super::parse::Found;
use super::sniff::UTF8_BOM;
use super::{Document, EncodingSource, Entry, EntryId, Problem, ProblemKind, decode, lower, shown};
use crate::EditError;

const ENCODING_KEY: &str = ".encoding";

/// What every reader takes, ours with its default options too.
const MAX_NEW_KEY: usize = 1024;

impl Document {
    /// Returns an empty text in UTF-8 that says so; lines end in LF.
    #[must_use]
    pub fn new() -> Self {
        let mut document = Self {
            bytes: Vec::new(),
            lines: Vec::new(),
            entries: Vec::new(),
            by_key: std::collections::HashMap::new(),
            problems: Vec::new(),
            encoding: UTF_8,
            encoding_source: EncodingSource::Declared,
            newline: "\n",
            next_id: 0,
            next_line: 1,
        };
        document.append(b".encoding = \"UTF-8\"");
        document
    }

    /// Gives `key` this value and returns its id.
    ///
    /// If the key is there, its line keeps everything but the value, and later lines with the same key go away. If not,
    /// this is [`push`](Self::push).
    ///
    /// # Errors
    ///
    /// If the key or value can't be written so that it is read back; see [`EditError`]. Nothing is changed then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<EntryId, EditError> {
        let Some(first) = self.get(key) else {
            return self.push(key, value);
        };
        let (id, line_index, token) = (first.id, first.line_index, first.token.clone());
        self.check_change(key, Some(value))?;
        let (text, raw) = self.encode(key, value)?;
        let removed = self.ids_of(key);
        self.remove_entries(removed.get(1..).unwrap_or_default());
        self.problems
            .retain(|problem| problem.entry != Some(id) || comment_stays(problem));

        let token = self.replace(line_index, &token, &text);
        if let Some(entry) = self.entry_mut(id) {
            entry.value = value.into();
            entry.raw = (raw != value.as_bytes()).then(|| raw.into());
            entry.token = token;
        }
        Ok(id)
    }

    /// Adds a line with this key and value at the end and returns its id.
    ///
    /// # Errors
    ///
    /// [`EditError::Exists`] if the key is there already; otherwise as [`set`](Self::set).
    pub fn push(&mut self, key: &str, value: &str) -> Result<EntryId, EditError> {
        if !is_key(key.as_bytes()) || !key.is_ascii() || key.len() > MAX_NEW_KEY {
            return Err(EditError::Key { key: shown(key) });
        }
        if let Some(entry) = self.get(key) {
            return Err(EditError::Exists {
                key: shown(key),
                line: entry.line,
            });
        }
        self.check_change(key, Some(value))?;
        let (text, _) = self.encode(key, value)?;
        let id = EntryId(self.next_id);
        let mut line = key.as_bytes().to_vec();
        line.extend_from_slice(b" = ");
        line.extend_from_slice(&text);
        self.append(&line);
        Ok(id)
    }

    /// Removes all lines with this key and returns how many there were.
    ///
    /// # Errors
    ///
    /// [`EditError`] if the rest would be read in another encoding then.
    pub fn remove(&mut self, key: &str) -> Result<usize, EditError> {
        let ids = self.ids_of(key);
        if !ids.is_empty() {
            self.check_change(key, None)?;
            self.by_key.remove(lower(key).as_ref());
            self.remove_entries(&ids);
        }
        Ok(ids.len())
    }

    /// Writes down the encoding the text is read in, unless it says so already.
    ///
    /// # Errors
    ///
    /// [`EditError::EncodingWrong`] if some of the text means nothing in that encoding.
    pub fn declare_encoding(&mut self) -> Result<(), EditError> {
        self.check_decodable()?;
        if self.encoding_source == EncodingSource::Declared {
            return Ok(());
        }
        self.encoding_source = EncodingSource::Declared;
        let about_encoding = |problem: &Problem| {
            matches!(
                problem.kind,
                ProblemKind::UnknownEncoding { .. }
                    | ProblemKind::EncodingGuessed { .. }
                    | ProblemKind::EncodingContradicted { .. }
            )
        };
        self.problems.retain(|problem| !about_encoding(problem));
        self.set(ENCODING_KEY, self.encoding.name())?;
        Ok(())
    }

    /// Whether the text stays what it is, in its encoding, when this key changes.
    fn check_change(&self, key: &str, value: Option<&str>) -> Result<(), EditError> {
        let encoding = self.encoding.name();
        match self.encoding_source {
            EncodingSource::Guessed | EncodingSource::Contradicted => {
                return Err(EditError::EncodingNotDeclared { encoding });
            }
            EncodingSource::Utf8 | EncodingSource::Declared | EncodingSource::Option => {}
        }
        self.check_decodable()?;
        if !key.eq_ignore_ascii_case(ENCODING_KEY) {
            return Ok(());
        }
        let named = value.and_then(v2v_encoding::lookup);
        if named == Some(self.encoding) {
            Ok(())
        } else {
            Err(EditError::EncodingKey { encoding })
        }
    }

    /// A text that does not fit its declared encoding might be taken for UTF-8 after a change.
    fn check_decodable(&self) -> Result<(), EditError> {
        let wrong = |problem: &Problem| matches!(problem.kind, ProblemKind::Undecodable { .. });
        let free = self.encoding == UTF_8 || self.encoding_source == EncodingSource::Option;
        if free || !self.problems.iter().any(wrong) {
            return Ok(());
        }
        Err(EditError::EncodingWrong {
            encoding: self.encoding.name(),
        })
    }

    /// The value with quotes, and without.
    fn encode(&self, key: &str, value: &str) -> Result<(Vec<u8>, Vec<u8>), EditError> {
        let raw = self.encode_text(key, &escape(value))?;
        // A character may be written as another one: in Shift_JIS the yen sign becomes a backslash.
        if *decode(&raw, self.encoding).0 != *value {
            return Err(self.unencodable(key, value));
        }
        let mut text = Vec::with_capacity(raw.len().saturating_add(2));
        text.push(b'"');
        text.extend_from_slice(&raw);
        text.push(b'"');
        Ok((text, raw))
    }

    fn encode_text(&self, key: &str, text: &str) -> Result<Vec<u8>, EditError> {
        let (bytes, _, unmappable) = self.encoding.encode(text);
        if unmappable {
            return Err(self.unencodable(key, text));
        }
        Ok(bytes.into_owned())
    }

    fn unencodable(&self, key: &str, text: &str) -> EditError {
        EditError::Unencodable {
            key: shown(key),
            text: shown(text),
            encoding: self.encoding.name(),
        }
    }

    fn ids_of(&self, key: &str) -> Vec<EntryId> {
        let key = lower(key);
        let same = self.entries.iter().filter(|entry| *entry.lower == *key);
        same.map(Entry::id).collect()
    }

    fn entry_mut(&mut self, id: EntryId) -> Option<&mut Entry> {
        let at = self.entries.binary_search_by_key(&id, Entry::id).ok()?;
        self.entries.get_mut(at)
    }

    fn remove_entries(&mut self, ids: &[EntryId]) {
        if ids.is_empty() {
            return;
        }
        let gone = |id: EntryId| ids.binary_search(&id).is_ok();
        for entry in self.entries.iter().filter(|entry| gone(entry.id)) {
            if let Some(line) = self.lines.get_mut(entry.line_index) {
                *line = 0..0;
            }
        }
        self.entries.retain(|entry| !gone(entry.id));
        self.problems
            .retain(|problem| problem.entry.is_none_or(|id| !gone(id)));
    }

    /// Puts `text` in the place of `token` in a line, and returns where it is now.
    fn replace(&mut self, line_index: usize, token: &Range<usize>, text: &[u8]) -> Range<usize> {
        let old = self.lines.get(line_index).cloned().unwrap_or_default();
        let start = self.bytes.len();
        self.copy(old.start..token.start);
        let token_start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        let token_end = self.bytes.len();
        self.copy(token.end..old.end);
        let end = self.bytes.len();
        if let Some(line) = self.lines.get_mut(line_index) {
            *line = start..end;
        }
        token_start..token_end
    }

    fn copy(&mut self, range: Range<usize>) {
        if range.start <= range.end && range.end <= self.bytes.len() {
            self.bytes.extend_from_within(range);
        }
    }

    /// Adds a line and its end; ends the last line first if it has none.
    fn append(&mut self, line: &[u8]) {
        self.end_last_line();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(line);
        self.bytes.extend_from_slice(self.newline.as_bytes());
        self.lines.push(start..self.bytes.len());
        if let Lexed::Entry(raw) = lex(line) {
            let found = Found {
                line: self.next_line,
                line_index: self.lines.len().saturating_sub(1),
                line_start: start,
                raw,
            };
            self.add_entry(&found);
        }
        self.next_line = self.next_line.saturating_add(1);
    }

    fn end_last_line(&mut self) {
        let Some(last) = self.lines.iter().rposition(|line| !line.is_empty()) else {
            return;
        };
        let old = self.lines.get(last).cloned().unwrap_or_default();
        let text = self.bytes.get(old.clone()).unwrap_or_default();
        let is_mark = last == 0 && text == UTF8_BOM;
        if is_mark || text.ends_with(b"\n") {
            return;
        }
        let start = self.bytes.len();
        let moved = |at: usize| at.saturating_sub(old.start).saturating_add(start);
        if let Some(entry) = self.entries.last_mut()
            && entry.line_index == last
        {
            entry.token = moved(entry.token.start)..moved(entry.token.end);
        }
        self.copy(old);
        self.bytes.extend_from_slice(self.newline.as_bytes());
        let end = self.bytes.len();
        if let Some(line) = self.lines.get_mut(last) {
            *line = start..end;
        }
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

/// A comment behind the value survives a change of the value.
fn comment_stays(problem: &Problem) -> bool {
    problem.kind == ProblemKind::CommentAfterValue
}
