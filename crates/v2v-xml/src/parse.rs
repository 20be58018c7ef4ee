//! Text -> nodes. Checks what XML 1.0 calls well-formed; document types are refused, so there is nothing to validate.

use std::collections::HashSet;
use std::sync::Arc;

use crate::arena::{Arena, Attribute, Close, Content, Element, NodeId, Piece, Place};
use crate::chars::{BLANKS, bad_reference, is_blank, is_char, is_name_char, is_name_start, shown};
use crate::{Error, Position};

/// Limits for reading. Each is far above what a domain or an OVF descriptor has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOptions {
    /// Longest text in bytes. Default 16 MiB; what is above 4 GiB is refused in any case.
    pub max_bytes: u64,
    /// Deepest nesting of elements; the root is at depth 1. Default 256, as in libxml2.
    pub max_depth: usize,
    /// Most elements, attributes, pieces of text, comments and processing instructions together. Default 500 000.
    pub max_nodes: usize,
    /// Most attributes of one element. Default 256.
    pub max_attributes: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            max_bytes: 16 << 20,
            max_depth: 256,
            max_nodes: 500_000,
            max_attributes: 256,
        }
    }
}

const BOM: &str = "\u{feff}";
const QUOTES: [char; 2] = ['\'', '"'];

/// What the reader found out.
pub(crate) struct Parsed {
    pub(crate) arena: Arena,
    pub(crate) root: NodeId,
    pub(crate) bom: bool,
    /// The quote that most attributes have.
    pub(crate) quote: char,
}

pub(crate) fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Parsed, Error> {
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let limit = options.max_bytes.min(u64::from(u32::MAX));
    if found > limit {
        return Err(Error::TooLarge { found, limit });
    }
    let source = decode(bytes)?;
    let text = source.strip_prefix(BOM).unwrap_or(source);
    if is_blank(text) {
        return Err(Error::Empty);
    }
    if let Some((at, found)) = source
        .char_indices()
        .skip_while(|&(at, _)| at == 0 && text.len() < source.len())
        .find(|&(_, c)| !is_char(c))
    {
        return Err(Error::Character {
            position: position(source, at),
            found,
        });
    }
    let mut parser = Parser {
        source,
        rest: text,
        line: 1,
        options,
        arena: Arena::new(Arc::from(source)),
        at: Vec::new(),
        root: None,
        attributes: 0,
        single_quotes: 0,
    };
    parser.document()?;
    let root = parser
        .root
        .ok_or_else(|| parser.unexpected("a root element"))?;
    Ok(Parsed {
        root,
        bom: text.len() < source.len(),
        quote: match parser.attributes.saturating_sub(parser.single_quotes) > parser.single_quotes {
            true => '"',
            false => '\'',
        },
        arena: parser.arena,
    })
}

/// The first bytes of the encodings that XML names in appendix F, then UTF-8.
fn decode(bytes: &[u8]) -> Result<&str, Error> {
    let other = match bytes {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..] => Some("UTF-16"),
        [0x4c, 0x6f, 0xa7, 0x94, ..] => Some("EBCDIC"),
        _ => None,
    };
    if let Some(name) = other {
        return Err(Error::Encoding {
            position: Position { line: 1, column: 1 },
            name: name.to_owned(),
        });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes
            .split_at_checked(error.valid_up_to())
            .unwrap_or_default();
        let good = std::str::from_utf8(good).unwrap_or_default();
        // A declaration explains the bytes better than they do themselves.
        if let Some(name) = declared_encoding(good)
            && !is_utf8(name)
        {
            return Error::Encoding {
                position: Position { line: 1, column: 1 },
                name: shown(name),
            };
        }
        Error::NotUtf8 {
            position: position(good, good.len()),
            byte: bad.first().copied().unwrap_or_default(),
        }
    })
}

fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The encoding that an XML declaration at the start names. Does not check the rest of the declaration.
fn declared_encoding(source: &str) -> Option<&str> {
    let text = source.strip_prefix(BOM).unwrap_or(source);
    let (declaration, _) = text.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let after = after
        .trim_start_matches(BLANKS)
        .strip_prefix('=')?
        .trim_start_matches(BLANKS);
    let quote = after.chars().next().filter(|c| QUOTES.contains(c))?;
    Some(after.strip_prefix(quote)?.split_once(quote)?.0)
}

fn position(source: &str, offset: usize) -> Position {
    let before = source.get(..offset).unwrap_or(source);
    let before = before.strip_prefix(BOM).unwrap_or(before);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).saturating_add(1);
    Position {
        line: number(before.matches('\n').count()),
        column: number(line.chars().count()),
    }
}

struct Parser<'a, 'o> {
    source: &'a str,
    rest: &'a str,
    line: u32,
    options: &'o ParseOptions,
    arena: Arena,
    /// Open elements with their names, the innermost last.
    at: Vec<(NodeId, &'a str)>,
    root: Option<NodeId>,
    attributes: usize,
    single_quotes: usize,
}

impl<'a> Parser<'a, '_> {
    fn document(&mut self) -> Result<(), Error> {
        if self
            .rest
            .strip_prefix("<?xml")
            .is_some_and(|rest| rest.starts_with(BLANKS))
        {
            self.declaration()?;
        }
        while !self.rest.is_empty() {
            self.node()?;
        }
        match self.at.last().copied() {
            Some((id, name)) => Err(Error::Unclosed {
                position: self.position(),
                name: shown(name),
                opened: self.line_of(id),
            }),
            None => Ok(()),
        }
    }

    fn node(&mut self) -> Result<(), Error> {
        if self.rest.starts_with("</") {
            return self.end_tag();
        }
        self.check_count()?;
        if !self.rest.starts_with('<') {
            return self.text();
        }
        if self.rest.starts_with("<!--") {
            return self.comment();
        }
        if self.rest.starts_with("<![CDATA[") {
            return self.cdata();
        }
        if self.rest.starts_with("<?") {
            return self.instruction();
        }
        if self.rest.starts_with("<!") {
            return Err(self.markup_declaration());
        }
        self.start_tag()
    }

    fn declaration(&mut self) -> Result<(), Error> {
        const PARTS: [(&str, &str); 3] = [
            ("version", "version=\"1.0\""),
            ("encoding", "encoding, standalone or `?>`"),
            ("standalone", "standalone or `?>`"),
        ];
        let start = self.offset();
        self.take(5);
        let mut parts = PARTS.iter().peekable();
        while !self.rest.trim_start_matches(BLANKS).starts_with("?>") {
            let expected = parts.peek().map_or("`?>`", |(_, expected)| expected);
            let at = self.offset();
            let pair = self.pair(expected)?;
            let (name, value) = (self.arena.str(&pair.name), self.arena.str(&pair.raw));
            let wrong = |found: &str, expected| Error::Syntax {
                position: position(self.source, at),
                found: format!("{:?}", shown(found)),
                expected,
            };
            // Encoding and standalone may be missing, the version may not.
            let known = match parts.next_if(|(known, _)| *known == name) {
                Some(known) => Some(known),
                None if parts.len() < PARTS.len() => parts.find(|(known, _)| *known == name),
                None => None,
            };
            match known {
                Some(("version", _)) if value != "1.0" => {
                    return Err(Error::Version {
                        position: position(self.source, at),
                        found: shown(value),
                    });
                }
                Some(("encoding", _)) if !is_utf8(value) => {
                    return Err(Error::Encoding {
                        position: position(self.source, at),
                        name: shown(value),
                    });
                }
                Some(("standalone", _)) if !["yes", "no"].contains(&value) => {
                    return Err(wrong(value, "yes or no"));
                }
                Some(_) => {}
                None => return Err(wrong(name, expected)),
            }
        }
        if parts.len() == PARTS.len() {
            self.take_while(|c| BLANKS.contains(&c));
            return Err(self.unexpected("version=\"1.0\""));
        }
        self.take_past(start, "?>", "`?>`")?;
        let piece = self.piece(start);
        self.add(Content::Declaration(piece), 1)?;
        Ok(())
    }

    fn text(&mut self) -> Result<(), Error> {
        let (start, line) = (self.offset(), self.line);
        if self.at.is_empty() {
            self.take_while(|c| BLANKS.contains(&c));
            match (self.rest.chars().next(), self.root) {
                (None | Some('<'), _) => {}
                (_, None) => return Err(self.unexpected("`<`, the start of an XML document")),
                (_, Some(_)) => return Err(self.unexpected("nothing after the root element")),
            }
        } else {
            let text = self.take_while(|c| c != '<');
            if let Some((before, _)) = text.split_once("]]>") {
                return Err(self.syntax_at(start, before, "`]]>`", "`]]&gt;` outside of CDATA"));
            }
            self.check_references(start, text)?;
        }
        let piece = self.piece(start);
        self.add(Content::Text(piece), line)?;
        Ok(())
    }

    fn comment(&mut self) -> Result<(), Error> {
        let (start, line) = (self.offset(), self.line);
        self.take(4);
        let inside = self.offset();
        let text = self.take_past(start, "-->", "`-->`")?;
        // A comment also can't end with three hyphens; then its text ends with one.
        if let Some((before, _)) = text.split_once("--") {
            return Err(self.syntax_at(inside, before, "`--`", "no `--` inside of a comment"));
        }
        if let Some(before) = text.strip_suffix('-') {
            return Err(self.syntax_at(inside, before, "`--->`", "`-->` at the end of a comment"));
        }
        let piece = self.piece(start);
        self.add(Content::Comment(piece), line)?;
        Ok(())
    }

    fn cdata(&mut self) -> Result<(), Error> {
        let (start, line) = (self.offset(), self.line);
        if self.at.is_empty() {
            return Err(self.unexpected("CDATA only inside of the root element"));
        }
        self.take(9);
        self.take_past(start, "]]>", "`]]>`")?;
        let piece = self.piece(start);
        self.add(Content::CData(piece), line)?;
        Ok(())
    }

    fn instruction(&mut self) -> Result<(), Error> {
        let (start, line) = (self.offset(), self.line);
        self.take(2);
        let target = self.name("the name of a processing instruction")?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(self.syntax_at(
                start,
                "",
                "`<?xml`",
                "it only at the very start of the file",
            ));
        }
        if !self.rest.starts_with(BLANKS) && !self.rest.starts_with("?>") {
            return Err(self.unexpected("a blank or `?>`"));
        }
        self.take_past(start, "?>", "`?>`")?;
        let piece = self.piece(start);
        self.add(Content::Instruction(piece), line)?;
        Ok(())
    }

    fn markup_declaration(&self) -> Error {
        const NAMES: [&str; 6] = [
            "<!DOCTYPE",
            "<!ENTITY",
            "<!ELEMENT",
            "<!ATTLIST",
            "<!NOTATION",
            "<![",
        ];
        match NAMES.iter().find(|name| self.rest.starts_with(**name)) {
            Some(found) => Error::Dtd {
                position: self.position(),
                found,
            },
            None => self.syntax_at(self.offset(), "", "`<!`", "`<!--` or `<![CDATA[`"),
        }
    }

    fn start_tag(&mut self) -> Result<(), Error> {
        let (start, line) = (self.offset(), self.line);
        if self.at.is_empty() && self.root.is_some() {
            return Err(self.unexpected("nothing after the root element"));
        }
        if self.at.len() >= self.options.max_depth {
            return Err(Error::TooDeep {
                position: self.position(),
                limit: self.options.max_depth,
            });
        }
        self.take(1);
        let name_at = self.offset();
        let name = self.name("the name of an element")?;
        let name_piece = self.piece(name_at);
        let attributes = self.attributes(start)?;
        let tail_at = self.offset();
        self.take_while(|c| BLANKS.contains(&c));
        let tail = self.piece(tail_at);
        let empty = self.rest.starts_with('/');
        self.take(usize::from(empty));
        if !self.rest.starts_with('>') {
            return Err(self.unexpected(if empty {
                "`>`"
            } else {
                "an attribute, `>` or `/>`"
            }));
        }
        self.take(1);
        let element = Element {
            name: name_piece,
            attributes,
            tail,
            close: Close::Empty,
        };
        let id = self.add(Content::Element(Box::new(element)), line)?;
        self.root.get_or_insert(id);
        if !empty {
            self.at.push((id, name));
        }
        Ok(())
    }

    fn attributes(&mut self, element: usize) -> Result<Vec<Attribute>, Error> {
        let mut attributes = Vec::new();
        let mut names = HashSet::new();
        loop {
            let after = self.rest.trim_start_matches(BLANKS);
            if after.is_empty() || after.starts_with(['>', '/']) {
                return Ok(attributes);
            }
            if attributes.len() >= self.options.max_attributes {
                return Err(Error::TooMany {
                    position: position(self.source, element),
                    what: "attributes of one element",
                    limit: self.options.max_attributes,
                });
            }
            self.check_count()?;
            let blanks = self.rest.len().saturating_sub(after.len());
            let name_at = self.offset().saturating_add(blanks);
            let attribute = self.pair("an attribute, `>` or `/>`")?;
            let source = self.source;
            let name = after.split(|c| !is_name_char(c)).next().unwrap_or_default();
            if !names.insert(name) {
                return Err(Error::DuplicateAttribute {
                    position: position(source, name_at),
                    name: shown(name),
                });
            }
            self.attributes = self.attributes.saturating_add(1);
            let single = usize::from(attribute.quote == '\'');
            self.single_quotes = self.single_quotes.saturating_add(single);
            attributes.push(attribute);
        }
    }

    /// ` name = "value"`, with its blanks.
    fn pair(&mut self, expected: &'static str) -> Result<Attribute, Error> {
        let before_at = self.offset();
        let blanks = self.take_while(|c| BLANKS.contains(&c));
        if blanks.is_empty() {
            return Err(self.unexpected("a blank, `>` or `/>`"));
        }
        let before = self.piece(before_at);
        let name_at = self.offset();
        self.name(expected)?;
        let name = self.piece(name_at);
        let equals_at = self.offset();
        self.take_while(|c| BLANKS.contains(&c));
        if !self.rest.starts_with('=') {
            return Err(self.unexpected("`=` and a quoted value"));
        }
        self.take(1);
        self.take_while(|c| BLANKS.contains(&c));
        let equals = self.piece(equals_at);
        let Some(quote) = self.rest.chars().next().filter(|c| QUOTES.contains(c)) else {
            return Err(self.unexpected("a quoted value"));
        };
        self.take(1);
        let value_at = self.offset();
        let value = self.take_while(|c| c != quote && c != '<');
        let raw = self.piece(value_at);
        if !self.rest.starts_with(quote) {
            return Err(self.unexpected(match quote {
                '"' => "the value's end, `\"`",
                _ => "the value's end, `'`",
            }));
        }
        self.take(1);
        self.check_references(value_at, value)?;
        Ok(Attribute {
            before,
            name,
            equals,
            quote,
            raw,
        })
    }

    fn end_tag(&mut self) -> Result<(), Error> {
        let start = self.offset();
        self.take(2);
        let found = self.name("the name of an element")?;
        let Some((id, expected)) = self.at.pop() else {
            return Err(Error::Syntax {
                position: position(self.source, start),
                found: format!("</{}>", shown(found)),
                expected: "no end tag: no element is open",
            });
        };
        if found != expected {
            return Err(Error::Mismatch {
                position: position(self.source, start),
                found: shown(found),
                expected: shown(expected),
                opened: self.line_of(id),
            });
        }
        let blanks_at = self.offset();
        self.take_while(|c| BLANKS.contains(&c));
        let blanks = self.piece(blanks_at);
        if !self.rest.starts_with('>') {
            return Err(self.unexpected("`>`"));
        }
        self.take(1);
        if let Some(element) = self.arena.element_mut(id) {
            element.close = Close::Tag { blanks };
        }
        Ok(())
    }

    fn add(&mut self, content: Content, line: u32) -> Result<NodeId, Error> {
        let too_many = Error::TooMany {
            position: Position {
                line: u64::from(line),
                column: 1,
            },
            what: "nodes",
            limit: self.options.max_nodes,
        };
        let id = self.arena.push(content, line).ok_or(too_many)?;
        let parent = self.at.last().map_or(NodeId::DOCUMENT, |(id, _)| *id);
        self.arena.put(id, Place::Last(parent));
        Ok(id)
    }

    /// Whether there may be one more.
    fn check_count(&self) -> Result<(), Error> {
        // The document itself is a node of the arena.
        let nodes = self
            .arena
            .len()
            .saturating_add(self.attributes)
            .saturating_sub(1);
        if nodes < self.options.max_nodes {
            return Ok(());
        }
        Err(Error::TooMany {
            position: self.position(),
            what: "nodes",
            limit: self.options.max_nodes,
        })
    }

    fn check_references(&self, start: usize, raw: &str) -> Result<(), Error> {
        match bad_reference(raw) {
            Some((before, found)) => Err(Error::Reference {
                position: position(self.source, start.saturating_add(before.len())),
                found: found.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn name(&mut self, expected: &'static str) -> Result<&'a str, Error> {
        if !self.rest.starts_with(is_name_start) {
            return Err(self.unexpected(expected));
        }
        Ok(self.take_while(is_name_char))
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        let lines = taken.bytes().filter(|&byte| byte == b'\n').count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let len = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.take(len)
    }

    /// Takes what is before `end` and `end` itself; returns the former. `start` is where the whole begins.
    fn take_past(
        &mut self,
        start: usize,
        end: &str,
        expected: &'static str,
    ) -> Result<&'a str, Error> {
        let Some(len) = self.rest.find(end) else {
            let from = self.source.get(start..).unwrap_or_default();
            let found = format!(
                "{:?} without an end",
                from.chars().take(20).collect::<String>()
            );
            return Err(self.syntax_at(start, "", &found, expected));
        };
        let taken = self.take(len);
        self.take(end.len());
        Ok(taken)
    }

    fn offset(&self) -> usize {
        self.source.len().saturating_sub(self.rest.len())
    }

    /// What was taken since `start`.
    fn piece(&self, start: usize) -> Piece {
        // The length was compared with 4 GiB before.
        let number = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Piece::Source {
            start: number(start),
            end: number(self.offset()),
        }
    }

    fn line_of(&self, id: NodeId) -> u64 {
        u64::from(self.arena.get(id).map_or(0, |node| node.line))
    }

    fn position(&self) -> Position {
        position(self.source, self.offset())
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        let found = match self.rest.chars().next() {
            Some(c) => format!("{c:?}"),
            None => "the end of the file".to_owned(),
        };
        Error::Syntax {
            position: self.position(),
            found,
            expected,
        }
    }

    /// For something inside of what was taken: `before` is between `start` and it.
    fn syntax_at(&self, start: usize, before: &str, found: &str, expected: &'static str) -> Error {
        Error::Syntax {
            position: position(self.source, start.saturating_add(before.len())),
            found: found.to_owned(),
            expected,
        }
    }
}
