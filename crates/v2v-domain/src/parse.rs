//! Text -> tree: quick-xml's events, under limits.

use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::element::{Attribute, Element, Node, is_blank, is_char, is_name};
use crate::error::ParseError;

/// No option allows deeper trees: reading, writing and comparing go down a tree by recursion.
pub(crate) const DEEPEST: usize = 1024;

/// Limits of reading, for documents nobody vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseOptions {
    /// Bytes of a document; 16 MiB by default.
    pub max_bytes: usize,
    /// Nested elements; 256 by default, 1024 at most.
    pub max_depth: usize,
    /// Elements, attributes, texts, comments and the like; 500 000 by default.
    pub max_nodes: usize,
    /// Attributes of one element; 256 by default.
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

impl ParseOptions {
    /// Sets [`Self::max_bytes`].
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets [`Self::max_depth`].
    #[must_use]
    pub fn with_max_depth(mut self, depth: usize) -> Self {
        self.max_depth = depth;
        self
    }

    /// Sets [`Self::max_nodes`].
    #[must_use]
    pub fn with_max_nodes(mut self, nodes: usize) -> Self {
        self.max_nodes = nodes;
        self
    }

    /// Sets [`Self::max_attributes`].
    #[must_use]
    pub fn with_max_attributes(mut self, attributes: usize) -> Self {
        self.max_attributes = attributes;
        self
    }
}

/// Line and column, both from 1.
pub(crate) type Place = (usize, usize);

/// Reads a document; returns the root element and where it begins.
pub(crate) fn parse(bytes: &[u8], options: &ParseOptions) -> Result<(Element, Place), ParseError> {
    if bytes.len() > options.max_bytes {
        let (found, limit) = (bytes.len(), options.max_bytes);
        return Err(ParseError::TooLarge { found, limit });
    }
    let text = decode(bytes)?;
    Parser {
        text,
        options,
        open: Vec::new(),
        nodes: 0,
    }
    .run()
}

fn decode(bytes: &[u8]) -> Result<&str, ParseError> {
    let encoding = |found: &str| ParseError::Encoding {
        found: found.to_owned(),
    };
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(encoding("UTF-32")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..] => {
            return Err(encoding("UTF-16"));
        }
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(err) => return Err(not_utf8(bytes, err.valid_up_to())),
    };
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_char(*c)) {
        let ((line, column), code) = (place(text, at), u32::from(c));
        return Err(ParseError::Character { line, column, code });
    }
    Ok(text)
}

/// A declared encoding explains the bytes better than their position does.
fn not_utf8(bytes: &[u8], at: usize) -> ParseError {
    let (good, bad) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    let good = std::str::from_utf8(good).unwrap_or_default();
    if let Some(found) = declared_encoding(good) {
        return ParseError::Encoding { found };
    }
    let ((line, column), byte) = (place(good, good.len()), bad.first().copied().unwrap_or(0));
    ParseError::Utf8 { line, column, byte }
}

fn declared_encoding(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    let Ok(Event::Decl(decl)) = reader.read_event() else {
        return None;
    };
    let name = decl.encoding()?.ok()?.into_owned();
    let known = ["utf-8", "utf8", "us-ascii", "ascii"];
    (!known.contains(&name.to_ascii_lowercase().as_str())).then_some(name)
}

fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    let last = before.rsplit('\n').next().unwrap_or_default();
    (
        line.saturating_add(1),
        last.chars().count().saturating_add(1),
    )
}

struct Parser<'a> {
    text: &'a str,
    options: &'a ParseOptions,
    open: Vec<Element>,
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<(Element, Place), ParseError> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = true;
        let mut root = None;
        let mut root_at = 0;
        loop {
            let at = offset(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(err) => return Err(self.xml_error(&err, offset(reader.error_position()))),
            };
            if self.open.is_empty() {
                match &event {
                    Event::Start(_) | Event::Empty(_) if root.is_none() => root_at = at,
                    Event::Start(_) | Event::Empty(_) => {
                        return Err(self.malformed(at, "a second root element"));
                    }
                    Event::Text(text) if is_blank(text) => continue,
                    Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                        return Err(self.malformed(at, "text outside of the root element"));
                    }
                    _ => {}
                }
            }
            match event {
                Event::Start(start) => {
                    let element = self.element(&start, at)?;
                    self.open.push(element);
                    let limit = self.options.max_depth.min(DEEPEST);
                    if self.open.len() > limit {
                        let (line, column) = place(self.text, at);
                        return Err(ParseError::TooDeep {
                            line,
                            column,
                            limit,
                        });
                    }
                }
                Event::Empty(start) => {
                    let element = self.element(&start, at)?;
                    self.close(element, &mut root);
                }
                Event::End(_) => {
                    if let Some(mut element) = self.open.pop() {
                        drop_layout(&mut element);
                        self.close(element, &mut root);
                    }
                }
                Event::Text(text) => {
                    if text.contains("]]>") {
                        return Err(self.malformed(at, "\"]]>\" in text"));
                    }
                    self.characters(&line_ends(&text), at)?;
                }
                Event::GeneralRef(name) => {
                    let c = self.reference(&name, at)?;
                    self.characters(c.encode_utf8(&mut [0; 4]), at)?;
                }
                Event::CData(text) => self.push(Node::CData(line_ends(&text)), at)?,
                Event::Comment(text) => {
                    if text.ends_with('-') {
                        return Err(self.malformed(at, "a comment ends in \"--->\""));
                    }
                    self.push(Node::Comment(line_ends(&text)), at)?;
                }
                Event::PI(text) => {
                    let target = instruction_target(&text);
                    if self.name(target, at)?.eq_ignore_ascii_case("xml") {
                        return Err(self.malformed(at, "a processing instruction called xml"));
                    }
                    self.push(Node::Instruction(line_ends(&text)), at)?;
                }
                Event::Decl(decl) => {
                    if at != 0 {
                        return Err(self.malformed(at, "an XML declaration inside of the document"));
                    }
                    self.declaration(&decl, at)?;
                }
                Event::DocType(_) => {
                    let (line, column) = place(self.text, at);
                    return Err(ParseError::DocumentType { line, column });
                }
                Event::Eof => break,
            }
        }
        if let Some(element) = self.open.last() {
            let what = format!("the document ends inside of <{}>", element.name);
            return Err(self.malformed(self.text.len(), what));
        }
        let root =
            root.ok_or_else(|| self.malformed(self.text.len(), "there is no element at all"))?;
        Ok((root, place(self.text, root_at)))
    }

    fn declaration(
        &self,
        decl: &quick_xml::events::BytesDecl<'_>,
        at: usize,
    ) -> Result<(), ParseError> {
        if let Some(found) = declared_encoding(self.text) {
            return Err(ParseError::Encoding { found });
        }
        match decl.version() {
            Ok(version) if version == "1.0" => Ok(()),
            Ok(version) => Err(self.malformed(at, format!("XML version {version}, expected 1.0"))),
            Err(err) => Err(self.xml_error(&err, at)),
        }
    }

    fn element(&mut self, start: &BytesStart<'_>, at: usize) -> Result<Element, ParseError> {
        self.count(at)?;
        let mut element = Element::new(self.name(start.name().as_ref(), at)?);
        let limit = self.options.max_attributes;
        for attribute in start.attributes().with_checks(false) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(err) => return Err(self.malformed(at, format!("<{}>: {err}", element.name))),
            };
            let name = self.name(attribute.key.as_ref(), at)?;
            if element.attributes.len() >= limit {
                let ((line, column), what) = (place(self.text, at), "attributes in an element");
                return Err(ParseError::TooMany {
                    line,
                    column,
                    what,
                    limit,
                });
            }
            self.count(at)?;
            if element.get(&name).is_some() {
                let what = format!("<{}> has the attribute {name} twice", element.name);
                return Err(self.malformed(at, what));
            }
            let value = self.value(&attribute.value, at)?;
            element.attributes.push(Attribute { name, value });
        }
        Ok(element)
    }

    fn name(&self, name: &str, at: usize) -> Result<String, ParseError> {
        if is_name(name) {
            return Ok(name.to_owned());
        }
        let shown: String = name.chars().take(40).collect();
        Err(self.malformed(at, format!("{shown:?} is not a name")))
    }

    /// Attribute values: XML 1.0, section 3.3.3.
    fn value(&self, raw: &str, at: usize) -> Result<String, ParseError> {
        if raw.contains('<') {
            return Err(self.malformed(at, "\"<\" in an attribute value"));
        }
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((plain, after)) = rest.split_once('&') {
            push_plain(&mut value, plain);
            let (name, after) = after
                .split_once(';')
                .ok_or_else(|| self.malformed(at, "\"&\" without \";\" in an attribute value"))?;
            value.push(self.reference(name, at)?);
            rest = after;
        }
        push_plain(&mut value, rest);
        Ok(value)
    }

    fn reference(&self, name: &str, at: usize) -> Result<char, ParseError> {
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => match name.strip_prefix('#') {
                Some(number) => return self.character(number, at),
                None => {
                    let (line, column) = place(self.text, at);
                    let name = name.chars().take(40).collect();
                    return Err(ParseError::Entity { line, column, name });
                }
            },
        };
        Ok(c)
    }

    fn character(&self, number: &str, at: usize) -> Result<char, ParseError> {
        let (digits, radix) = match number.strip_prefix('x') {
            Some(digits) => (digits, 16),
            None => (number, 10),
        };
        let code = u32::from_str_radix(digits, radix)
            .ok()
            .filter(|_| !digits.starts_with('+'));
        let Some(code) = code else {
            let shown: String = number.chars().take(40).collect();
            return Err(self.malformed(at, format!("&#{shown}; is not a character reference")));
        };
        let found = char::from_u32(code).filter(|c| is_char(*c));
        found.ok_or_else(|| {
            let (line, column) = place(self.text, at);
            ParseError::Character { line, column, code }
        })
    }

    /// Text comes in pieces, cut at references.
    fn characters(&mut self, text: &str, at: usize) -> Result<(), ParseError> {
        if let Some(Element { children, .. }) = self.open.last_mut()
            && let Some(Node::Text(before)) = children.last_mut()
        {
            before.push_str(text);
            return Ok(());
        }
        self.push(Node::Text(text.to_owned()), at)
    }

    fn push(&mut self, node: Node, at: usize) -> Result<(), ParseError> {
        self.count(at)?;
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(node);
        }
        Ok(())
    }

    fn close(&mut self, element: Element, root: &mut Option<Element>) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None => *root = Some(element),
        }
    }

    fn count(&mut self, at: usize) -> Result<(), ParseError> {
        self.nodes = self.nodes.saturating_add(1);
        let limit = self.options.max_nodes;
        if self.nodes <= limit {
            return Ok(());
        }
        let ((line, column), what) = (place(self.text, at), "elements, attributes and texts");
        Err(ParseError::TooMany {
            line,
            column,
            what,
            limit,
        })
    }

    fn malformed(&self, at: usize, what: impl Into<String>) -> ParseError {
        let ((line, column), what) = (place(self.text, at), what.into());
        ParseError::Malformed { line, column, what }
    }

    fn xml_error(&self, err: &XmlError, at: usize) -> ParseError {
        let what = match err {
            XmlError::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                format!("</{found}> closes <{expected}>")
            }
            XmlError::IllFormed(err) => err.to_string(),
            XmlError::Syntax(err) => err.to_string(),
            err => err.to_string(),
        };
        self.malformed(at, what)
    }
}

/// The name a processing instruction begins with.
pub(crate) fn instruction_target(text: &str) -> &str {
    let end = text.find([' ', '\t', '\n', '\r']).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn push_plain(value: &mut String, plain: &str) {
    for c in line_ends(plain).chars() {
        value.push(if matches!(c, '\n' | '\t') { ' ' } else { c });
    }
}

/// XML 1.0, section 2.11: every end of a line is one line feed.
fn line_ends(text: &str) -> String {
    if text.contains('\r') {
        return text.replace("\r\n", "\n").replace('\r', "\n");
    }
    text.to_owned()
}

/// White space between elements is layout; beside real text it is part of the text.
fn drop_layout(element: &mut Element) {
    let text = |node: &Node| matches!(node, Node::Text(_) | Node::CData(_));
    let real = |node: &Node| text(node) && !node.is_blank();
    let children = &mut element.children;
    if !children.iter().all(text) && !children.iter().any(real) {
        children.retain(|node| !node.is_blank());
    }
}
