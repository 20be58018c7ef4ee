//! XML as a tree: what the model does not know is kept in this form.

use serde::{Deserialize, Serialize};

use crate::error::{ParseError, WriteError};
use crate::parse::{self, ParseOptions};
use crate::print::print;

/// One element with everything in it.
///
/// Names are as written, with their prefix. Nothing is checked when a tree is built by hand; writing refuses what XML
/// cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Element {
    /// Qualified name, for example `qemu:commandline`.
    pub name: String,
    /// Attributes in their order, `xmlns` ones included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// What is inside, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

/// `name='value'`, the value with its references resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attribute {
    /// Qualified name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl Attribute {
    /// An attribute from its two halves.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        Self { name, value }
    }
}

/// What can stand inside an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data with its references resolved.
    Text(String),
    /// A `<![CDATA[...]]>` section.
    CData(String),
    /// A comment without its delimiters.
    Comment(String),
    /// A processing instruction without its delimiters.
    Instruction(String),
}

/// Attributes and children of a modelled element that the model does not know.
///
/// They are written behind the known ones. A known attribute or element whose value cannot be read (a number that is
/// none) is here as well, and the field that would hold it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Other {
    /// Attributes in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// Child elements, comments and stray text in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

impl Other {
    /// Whether there is nothing unknown.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.children.is_empty()
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push(Attribute::new(name, value));
        self
    }

    /// Adds an element.
    #[must_use]
    pub fn child(mut self, element: Element) -> Self {
        self.children.push(Node::Element(element));
        self
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(Node::as_element)
    }
}

impl Node {
    /// The element, if it is one.
    pub fn as_element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The characters of text or a CDATA section.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::CData(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is text of nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if is_blank(text))
    }
}

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Reads any document as a tree; returns its root element. White space that is only layout is left out.
    ///
    /// # Errors
    ///
    /// [`ParseError`] as for [`Domain::parse`](crate::Domain::parse), but any root element will do.
    pub fn parse(document: impl AsRef<[u8]>, options: &ParseOptions) -> Result<Self, ParseError> {
        let (root, _) = parse::parse(document.as_ref(), options)?;
        Ok(root)
    }

    /// Writes the tree as a document, laid out as [`Domain::to_xml`](crate::Domain::to_xml) does.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if something has no form in XML.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        print(self)
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push(Attribute::new(name, value));
        self
    }

    /// Adds a child element.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|a| a.name == name)?;
        Some(&found.value)
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(Node::as_element)
    }

    /// The first child element of that name.
    pub fn find(&self, name: &str) -> Option<&Element> {
        self.elements().find(|child| child.name == name)
    }

    /// Text and CDATA sections of the element itself, joined.
    pub fn content(&self) -> String {
        self.children.iter().filter_map(Node::as_text).collect()
    }

    /// Whether there is neither attribute nor child nor text.
    pub(crate) fn is_bare(&self) -> bool {
        self.attributes.is_empty() && self.children.iter().all(Node::is_blank)
    }
}

/// White space as XML defines it.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// `Char` of XML 1.0, section 2.2.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// `Name` of XML 1.0, section 2.3.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

fn starts_name(c: char) -> bool {
    matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn continues_name(c: char) -> bool {
    starts_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
