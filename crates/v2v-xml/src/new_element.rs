//! Elements that are no part of a document yet.

use std::collections::HashSet;

use crate::chars::{check_chars, check_name, shown};
use crate::{Document, EditError, Error, ParseOptions};

/// An element to insert: name, attributes, and either text or children.
///
/// It has no layout; that comes from the place where it is inserted. Names and values are checked there as well.
///
/// ```
/// use v2v_xml::{Document, NewElement};
///
/// let serial = NewElement::new("serial")
///     .attribute("type", "pty")
///     .child(NewElement::new("target").attribute("port", "0"));
/// assert_eq!(Document::new(serial)?.to_string(), "<serial type='pty'>\n  <target port='0'/>\n</serial>\n");
/// # Ok::<(), v2v_xml::EditError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewElement {
    /// All below this element in document order, each with its depth; the first is the element itself, at depth 0.
    /// A flat list, because a tree would be dropped recursively.
    pub(crate) items: Vec<(usize, Item)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Element {
        name: String,
        attributes: Vec<(String, String)>,
    },
    /// Not escaped.
    Text(String),
    /// Without its delimiters.
    Comment(String),
    /// With its delimiters; only from text that was parsed.
    Instruction(String),
}

impl NewElement {
    /// An element without attributes and content.
    pub fn new(name: impl Into<String>) -> Self {
        let item = Item::Element {
            name: name.into(),
            attributes: Vec::new(),
        };
        Self {
            items: vec![(0, item)],
        }
    }

    /// Reads an element from text. Whitespace between its elements is layout and gets lost, the rest stays.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`], with its default limits.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let document = Document::parse(text, &ParseOptions::default())?;
        Ok(document
            .copy(document.root())
            .unwrap_or_else(|| Self::new("")))
    }

    /// Adds an attribute behind those that are there.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Some((_, Item::Element { attributes, .. })) = self.items.first_mut() {
            attributes.push((name.into(), value.into()));
        }
        self
    }

    /// Adds text behind the content that is there. Empty text adds nothing.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.items.push((1, Item::Text(text)));
        }
        self
    }

    /// Adds a comment behind the content that is there; `text` is without `<!--` and `-->`.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.items.push((1, Item::Comment(text.into())));
        self
    }

    /// Adds a child behind the content that is there.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        let items = child.items.into_iter();
        self.items
            .extend(items.map(|(depth, item)| (depth.saturating_add(1), item)));
        self
    }

    /// Whether the element at `index` has children that may stand on lines of their own: no text among them.
    pub(crate) fn has_lines(&self, index: usize) -> bool {
        let mut items = self.items.iter().skip(index);
        let depth = items.next().map_or(0, |(depth, _)| *depth);
        let mut inside = items.take_while(|(inner, _)| *inner > depth).peekable();
        let filled = inside.peek().is_some();
        let child = depth.saturating_add(1);
        filled && !inside.any(|(inner, item)| *inner == child && matches!(item, Item::Text(_)))
    }

    pub(crate) fn check(&self) -> Result<(), EditError> {
        for (_, item) in &self.items {
            match item {
                Item::Element { name, attributes } => check_element(name, attributes)?,
                Item::Text(text) | Item::Instruction(text) => check_chars(text)?,
                Item::Comment(text) => {
                    check_chars(text)?;
                    if text.contains("--") || text.ends_with('-') {
                        return Err(EditError::Comment { text: shown(text) });
                    }
                }
            }
        }
        Ok(())
    }
}

fn check_element(name: &str, attributes: &[(String, String)]) -> Result<(), EditError> {
    check_name(name)?;
    let mut names = HashSet::new();
    for (name, value) in attributes {
        check_name(name)?;
        check_chars(value)?;
        if !names.insert(name) {
            return Err(EditError::DuplicateAttribute { name: shown(name) });
        }
    }
    Ok(())
}
