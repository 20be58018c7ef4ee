//! From bytes to entries: cut into lines, find the encoding, then decode. The encoding may be declared in any line.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::ops::Range;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use v2v_encoding::lookup;

use super::lex::{Ending, Lexed, RawEntry, lex};
use super::sniff::{UTF8_BOM, is_extent, refuse_others};
use super::{
    Document, EncodingSource, Entry, EntryId, ParseOptions, Problem, ProblemKind, both_cases,
    decode, shown_bytes,
};
use crate::Error;

const ENCODING_KEY: &[u8] = b".encoding";

pub(super) fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Document, Error> {
    refuse_others(bytes, options)?;
    let mut lines = Lines::read(bytes, options)?;
    lines.refuse_descriptor()?;
    if lines.entries.is_empty() {
        return Err(lines.no_entries());
    }
    lines.refuse_encrypted()?;
    let (encoding, encoding_source) = lines.encoding(bytes, options)?;

    let mut document = Document {
        bytes: bytes.to_vec(),
        lines: lines.ranges,
        entries: Vec::with_capacity(lines.entries.len()),
        by_key: HashMap::with_capacity(lines.entries.len()),
        problems: lines.problems,
        encoding,
        encoding_source,
        newline: lines.newline,
        next_id: 0,
        next_line: lines.next_line,
    };
    for found in lines.entries {
        document.add_parsed(&found);
    }
    document.problems.sort_by_key(|problem| problem.line);
    Ok(document)
}

/// An entry of the text and where it is.
pub(super) struct Found<'a> {
    pub(super) line: u64,
    pub(super) line_index: usize,
    pub(super) line_start: usize,
    pub(super) raw: RawEntry<'a>,
}

impl Document {
    fn add_parsed(&mut self, found: &Found<'_>) {
        let problems = self.add_entry(found);
        self.problems.extend(problems);
    }

    /// Appends an entry and returns what is odd about it.
    pub(super) fn add_entry(&mut self, found: &Found<'_>) -> Vec<Problem> {
        let id = EntryId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        let (key, lower) = match std::str::from_utf8(found.raw.key) {
            Ok(key) if key.is_ascii() => both_cases(key),
            _ => both_cases(&self.encoding.decode_without_bom_handling(found.raw.key).0),
        };
        let (value, raw, mut kinds) = decode(found.raw.value, self.encoding);
        kinds.extend(of_ending(found.raw.ending));
        match self.by_key.entry(Arc::clone(&lower)) {
            Slot::Vacant(slot) => {
                slot.insert(id);
            }
            Slot::Occupied(slot) => {
                let first = *slot.get();
                let known = self.entries.get(first.index());
                kinds.push(ProblemKind::Duplicate {
                    first,
                    first_line: known.map_or(0, Entry::line),
                    equal: known.is_some_and(|known| known.value == value),
                });
            }
        }
        let (start, end) = found.raw.token;
        self.entries.push(Entry {
            id,
            line: found.line,
            key,
            lower,
            value,
            raw,
            line_index: found.line_index,
            token: found.line_start.saturating_add(start)..found.line_start.saturating_add(end),
        });
        let problem = |kind| Problem {
            line: found.line,
            entry: Some(id),
            kind,
        };
        kinds.into_iter().map(problem).collect()
    }
}

fn of_ending(ending: Ending<'_>) -> Option<ProblemKind> {
    match ending {
        Ending::Quote => None,
        Ending::QuoteAndComment => Some(ProblemKind::CommentAfterValue),
        Ending::QuoteAndText(text) => Some(ProblemKind::TextAfterQuote {
            found: shown_bytes(text),
        }),
        Ending::NoClosingQuote => Some(ProblemKind::NoClosingQuote),
        Ending::Unquoted => Some(ProblemKind::Unquoted),
    }
}

struct Lines<'a> {
    ranges: Vec<Range<usize>>,
    entries: Vec<Found<'a>>,
    problems: Vec<Problem>,
    newline: &'static str,
    next_line: u64,
    has_bom: bool,
    /// A line that can only be an extent of a disk's descriptor.
    extent_line: Option<u64>,
}

impl<'a> Lines<'a> {
    fn read(bytes: &'a [u8], options: &ParseOptions) -> Result<Self, Error> {
        let mut lines = Self {
            ranges: Vec::new(),
            entries: Vec::new(),
            problems: Vec::new(),
            newline: "\n",
            next_line: 1,
            has_bom: false,
            extent_line: None,
        };
        let most_lines = u64::try_from(options.max_lines).unwrap_or(u64::MAX);
        let mut text = bytes;
        if let Some(rest) = bytes.strip_prefix(UTF8_BOM) {
            lines.has_bom = true;
            lines.ranges.push(0..UTF8_BOM.len());
            text = rest;
        }
        let mut start = bytes.len().saturating_sub(text.len());
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            if lines.next_line > most_lines {
                return Err(Error::TooMany {
                    what: "lines",
                    line: lines.next_line,
                    limit: options.max_lines,
                });
            }
            if lines.next_line == 1 && line.ends_with(b"\r\n") {
                lines.newline = "\r\n";
            }
            lines.line(line, start, options)?;
            let end = start.saturating_add(line.len());
            lines.ranges.push(start..end);
            lines.next_line = lines.next_line.saturating_add(1);
            start = end;
        }
        Ok(lines)
    }

    fn line(&mut self, line: &'a [u8], start: usize, options: &ParseOptions) -> Result<(), Error> {
        match lex(line) {
            Lexed::Blank | Lexed::Comment => {}
            Lexed::Entry(raw) if raw.key.len() > options.max_key_bytes => {
                self.problem(ProblemKind::KeyTooLong {
                    found: shown_bytes(raw.key),
                    length: raw.key.len(),
                    limit: options.max_key_bytes,
                });
            }
            Lexed::Entry(raw) => {
                if self.entries.len() >= options.max_entries {
                    return Err(Error::TooMany {
                        what: "keys",
                        line: self.next_line,
                        limit: options.max_entries,
                    });
                }
                self.entries.push(Found {
                    line: self.next_line,
                    line_index: self.ranges.len(),
                    line_start: start,
                    raw,
                });
            }
            Lexed::Unreadable => {
                if is_extent(line) {
                    self.extent_line.get_or_insert(self.next_line);
                }
                self.problem(ProblemKind::UnreadableLine {
                    found: shown_bytes(line.trim_ascii()),
                });
            }
        }
        Ok(())
    }

    fn problem(&mut self, kind: ProblemKind) {
        self.problems.push(Problem {
            line: self.next_line,
            entry: None,
            kind,
        });
    }

    fn find(&self, key: &[u8]) -> Option<&Found<'a>> {
        let mut entries = self.entries.iter();
        entries.find(|found| found.raw.key.eq_ignore_ascii_case(key))
    }

    /// Descriptors without the usual first line.
    fn refuse_descriptor(&self) -> Result<(), Error> {
        match (self.extent_line, self.find(b"createType")) {
            (Some(_), Some(found)) => Err(Error::DiskDescriptor { line: found.line }),
            _ => Ok(()),
        }
    }

    fn no_entries(&self) -> Error {
        let first = self.problems.first();
        let found = match first.map(|problem| &problem.kind) {
            Some(ProblemKind::UnreadableLine { found } | ProblemKind::KeyTooLong { found, .. }) => {
                found.clone()
            }
            _ => String::new(),
        };
        Error::NoEntries {
            line: first.map_or(1, |problem| problem.line),
            found,
        }
    }

    /// In a configuration that is encrypted as a whole, the hardware is inside `encryption.data`.
    fn refuse_encrypted(&self) -> Result<(), Error> {
        let Some(found) = self
            .find(b"encryption.data")
            .or_else(|| self.find(b"encryption.keySafe"))
        else {
            return Ok(());
        };
        if self.entries.iter().any(|entry| is_hardware(entry.raw.key)) {
            return Ok(());
        }
        Err(Error::Encrypted {
            line: found.line,
            key: shown_bytes(found.raw.key),
        })
    }

    /// Finds the encoding of the values: the caller's, the declared one, or what the bytes allow.
    fn encoding(
        &mut self,
        bytes: &[u8],
        options: &ParseOptions,
    ) -> Result<(&'static Encoding, EncodingSource), Error> {
        if let Some(name) = &options.encoding {
            let encoding =
                lookup(name).ok_or_else(|| Error::UnknownEncoding { name: name.clone() })?;
            return Ok((encoding, EncodingSource::Option));
        }
        let declared = self.find(ENCODING_KEY);
        let declared = declared.map(|found| (found.line, found.raw.value));
        let Some((line, name)) = declared else {
            return Ok(self.undeclared(bytes, true));
        };
        // The names of encodings are ASCII.
        let name = String::from_utf8_lossy(name);
        let Some(encoding) = lookup(&name) else {
            let (used, source) = self.undeclared(bytes, false);
            self.problems.push(Problem {
                line,
                entry: None,
                kind: ProblemKind::UnknownEncoding {
                    name: super::shown(&name),
                    used: used.name(),
                },
            });
            return Ok((used, source));
        };
        Ok(self.declared(bytes, encoding, line))
    }

    fn declared(
        &mut self,
        bytes: &[u8],
        encoding: &'static Encoding,
        line: u64,
    ) -> (&'static Encoding, EncodingSource) {
        if self.has_bom && encoding != UTF_8 {
            self.problems.push(Problem {
                line,
                entry: None,
                kind: ProblemKind::ByteOrderMark {
                    declared: encoding.name(),
                },
            });
        }
        // Some editors and version control tools turn a file into UTF-8 and leave its declaration alone.
        if encoding != UTF_8
            && let Some(wrong) = self.undecodable(encoding)
            && std::str::from_utf8(bytes).is_ok()
        {
            self.problems.push(Problem {
                line: wrong,
                entry: None,
                kind: ProblemKind::EncodingContradicted {
                    declared: encoding.name(),
                },
            });
            return (UTF_8, EncodingSource::Contradicted);
        }
        (encoding, EncodingSource::Declared)
    }

    /// The first line with a value that means nothing in `encoding`.
    fn undecodable(&self, encoding: &'static Encoding) -> Option<u64> {
        let mut entries = self.entries.iter();
        let wrong = entries.find(|found| {
            let value = found.raw.value;
            !value.is_ascii() && encoding.decode_without_bom_handling(value).1
        });
        wrong.map(|found| found.line)
    }

    /// UTF-8 if it is; otherwise the Latin-1 of Windows, in which all bytes are something.
    fn undeclared(&mut self, bytes: &[u8], tell: bool) -> (&'static Encoding, EncodingSource) {
        let Err(error) = std::str::from_utf8(bytes) else {
            return (UTF_8, EncodingSource::Utf8);
        };
        if tell {
            let before = self
                .ranges
                .partition_point(|range| range.end <= error.valid_up_to());
            let before = before.saturating_sub(usize::from(self.has_bom));
            self.problems.push(Problem {
                line: u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1),
                entry: None,
                kind: ProblemKind::EncodingGuessed {
                    used: WINDOWS_1252.name(),
                },
            });
        }
        (WINDOWS_1252, EncodingSource::Guessed)
    }
}

/// Whether a key tells something of the hardware.
fn is_hardware(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 4] = [b"memsize", b"numvcpus", b"guestOS", b"firmware"];
    const GROUPS: [&[u8]; 12] = [
        b"scsi",
        b"sata",
        b"nvme",
        b"ide",
        b"ethernet",
        b"usb",
        b"floppy",
        b"serial",
        b"parallel",
        b"sound",
        b"svga",
        b"pciBridge",
    ];
    let begins = |group: &&[u8]| {
        key.get(..group.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(group))
    };
    KEYS.iter().any(|known| key.eq_ignore_ascii_case(known)) || GROUPS.iter().any(begins)
}
