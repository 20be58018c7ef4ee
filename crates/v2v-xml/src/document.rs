//! A document and what can be read from it.

use std::borrow::Cow;

use crate::arena::{Arena, Attribute, Content, Element, NodeId};
use crate::chars::{BLANKS, line_ends, unescape_attribute, unescape_text};
use crate::layout::Style;
use crate::new_element::Item;
use crate::{EditError, Error, NewElement, ParseOptions, Path, parse};

/// A well-formed XML document, byte for byte.
///
/// `to_string` (or [`to_bytes`](Self::to_bytes)) gives back the text that was read, with the changes made since. A
/// clone is a snapshot: it shares the text that was read and copies the nodes.
///
/// Methods that read take any [`NodeId`]; for one that is not of the kind they are about they give `None`, an empty
/// text or an empty iterator.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) arena: Arena,
    pub(crate) root: NodeId,
    pub(crate) bom: bool,
    pub(crate) style: Style,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeKind {
    /// The parent of the root element, comments and processing instructions outside of it, and the XML declaration.
    Document,
    /// An element.
    Element,
    /// Text between tags, as it is written.
    Text,
    /// `<![CDATA[...]]>`
    CData,
    /// `<!--...-->`
    Comment,
    /// `<?...?>`
    ProcessingInstruction,
    /// `<?xml ...?>`
    Declaration,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`Error`] if the text is not well-formed, beyond a limit of `options`, not UTF-8, not XML 1.0, or has a
    /// document type declaration.
    pub fn parse(text: impl AsRef<[u8]>, options: &ParseOptions) -> Result<Self, Error> {
        let parsed = parse::parse(text.as_ref(), options)?;
        let style = Style::of(&parsed.arena, parsed.root, parsed.quote);
        Ok(Self {
            arena: parsed.arena,
            root: parsed.root,
            bom: parsed.bom,
            style,
        })
    }

    /// A document with this root element, laid out as `virsh dumpxml` does: two spaces, single quotes, no XML
    /// declaration, a line end at the end.
    ///
    /// # Errors
    ///
    /// [`EditError`] if a name, value or comment can't be written in XML.
    pub fn new(root: NewElement) -> Result<Self, EditError> {
        let mut document = Self {
            arena: Arena::new("".into()),
            root: NodeId::DOCUMENT,
            bom: false,
            style: Style::default(),
        };
        document.put_root(&root)?;
        Ok(document)
    }

    /// The whole text in UTF-8, with the byte order mark if there was one.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// The root element.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// What the node is; `None` if the id is of another, larger document.
    pub fn kind(&self, id: NodeId) -> Option<NodeKind> {
        Some(match self.arena.get(id)?.content {
            Content::Document => NodeKind::Document,
            Content::Element(_) => NodeKind::Element,
            Content::Text(_) => NodeKind::Text,
            Content::CData(_) => NodeKind::CData,
            Content::Comment(_) => NodeKind::Comment,
            Content::Instruction(_) => NodeKind::ProcessingInstruction,
            Content::Declaration(_) => NodeKind::Declaration,
        })
    }

    /// Whether the node is still in its place, neither removed nor below a removed one.
    pub fn contains(&self, id: NodeId) -> bool {
        self.ancestors(id).last().unwrap_or(id) == NodeId::DOCUMENT
    }

    /// The node above. The root element's is the document itself; that and removed nodes have none.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.arena.parent(id)
    }

    /// The nodes above, the nearest first, the document itself last.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        std::iter::successors(self.parent(id), |&id| self.parent(id))
    }

    /// The nodes directly below, text and comments too, in document order.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        self.arena.children(id)
    }

    /// The elements directly below, in document order.
    pub fn elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        self.children(id)
            .filter(|&id| self.arena.element(id).is_some())
    }

    /// The first element directly below that has this name.
    pub fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.elements(id).find(|&id| self.name(id) == name)
    }

    /// All nodes below, in document order.
    pub fn descendants(&self, id: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        let first = self.arena.get(id).and_then(|node| node.first);
        std::iter::successors(first, move |&at| self.arena.following(id, at))
    }

    /// An element's name as it is written, with its prefix.
    pub fn name(&self, id: NodeId) -> &str {
        let element = self.arena.element(id);
        element.map_or("", |element| self.arena.str(&element.name))
    }

    /// An element's name without its prefix.
    pub fn local_name(&self, id: NodeId) -> &str {
        let name = self.name(id);
        name.split_once(':').map_or(name, |(_, local)| local)
    }

    /// The namespace an element is in, by the `xmlns` attributes on it and above it. `None` if it is in none, or if
    /// its prefix is declared nowhere.
    pub fn namespace(&self, id: NodeId) -> Option<Cow<'_, str>> {
        let declaration = match self.name(id).split_once(':') {
            Some((prefix, _)) => format!("xmlns:{prefix}"),
            None => "xmlns".to_owned(),
        };
        let above = std::iter::once(id).chain(self.ancestors(id));
        let uri = above
            .into_iter()
            .find_map(|id| self.attribute(id, &declaration))?;
        Some(uri).filter(|uri| !uri.is_empty())
    }

    /// An attribute's value with references replaced; blanks other than spaces are spaces, as XML prescribes.
    pub fn attribute(&self, id: NodeId, name: &str) -> Option<Cow<'_, str>> {
        let attribute = self.attribute_node(id, name)?;
        Some(unescape_attribute(self.arena.str(&attribute.raw)))
    }

    pub(crate) fn attribute_node(&self, id: NodeId, name: &str) -> Option<&Attribute> {
        let mut attributes = self.arena.element(id)?.attributes.iter();
        attributes.find(|attribute| self.arena.str(&attribute.name) == name)
    }

    /// All attributes of an element, names as written and values as [`attribute`](Self::attribute) gives them.
    pub fn attributes(&self, id: NodeId) -> impl Iterator<Item = (&str, Cow<'_, str>)> + '_ {
        let attributes = self
            .arena
            .element(id)
            .map_or(&[][..], |element| &element.attributes);
        attributes.iter().map(|attribute| {
            let value = unescape_attribute(self.arena.str(&attribute.raw));
            (self.arena.str(&attribute.name), value)
        })
    }

    /// What stands directly in an element, references replaced, line ends as `\n`: its pieces of text and CDATA as one,
    /// without the text of elements and comments in it. Of a text or CDATA node: the node's own.
    pub fn text(&self, id: NodeId) -> Cow<'_, str> {
        if self.arena.element(id).is_none() {
            return self.own_text(id).unwrap_or_default();
        }
        let mut pieces = self.children(id).filter_map(|id| self.own_text(id));
        let first = pieces.next().unwrap_or_default();
        pieces.fold(first, |mut text, piece| {
            text.to_mut().push_str(&piece);
            text
        })
    }

    fn own_text(&self, id: NodeId) -> Option<Cow<'_, str>> {
        match &self.arena.get(id)?.content {
            Content::Text(piece) => Some(unescape_text(self.arena.str(piece))),
            Content::CData(piece) => {
                let text = self.arena.str(piece).strip_prefix("<![CDATA[")?;
                Some(line_ends(text.strip_suffix("]]>")?))
            }
            _ => None,
        }
    }

    /// As [`text`](Self::text), without blanks at both ends.
    pub fn text_trimmed(&self, id: NodeId) -> Cow<'_, str> {
        match self.text(id) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(BLANKS)),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(BLANKS).to_owned()),
        }
    }

    /// What a comment says, without `<!--` and `-->`.
    pub fn comment(&self, id: NodeId) -> Option<&str> {
        match &self.arena.get(id)?.content {
            Content::Comment(piece) => {
                let text = self.arena.str(piece).strip_prefix("<!--")?;
                text.strip_suffix("-->")
            }
            _ => None,
        }
    }

    /// The line in which the node begins in the text that was read; the first is 1. Of a removed node too; `None` for
    /// what was inserted. The lines of the text as it is now are in [`Printed::lines`](crate::Printed::lines).
    pub fn line(&self, id: NodeId) -> Option<u64> {
        let line = self.arena.get(id)?.line;
        Some(u64::from(line)).filter(|&line| line > 0)
    }

    /// The first element that `path` leads to from `from`. See [`Path`] for what a path is; a text that is none finds
    /// nothing.
    pub fn find(&self, from: NodeId, path: &str) -> Option<NodeId> {
        Path::parse(path).ok()?.find(self, from)
    }

    /// All elements that `path` leads to from `from`, in document order. As [`find`](Self::find) otherwise.
    pub fn find_all(&self, from: NodeId, path: &str) -> Vec<NodeId> {
        Path::parse(path).map_or_else(|_| Vec::new(), |path| path.find_all(self, from))
    }

    /// A copy of an element and all below it, to be inserted elsewhere. Whitespace between elements is layout and gets
    /// lost, and CDATA becomes text. `None` if the node is no element.
    pub fn copy(&self, id: NodeId) -> Option<NewElement> {
        self.arena.element(id)?;
        let mut items = vec![(0, self.item(id)?)];
        let mut depth = 0_usize;
        let mut at = id;
        while let Some(next) = self.arena.following(id, at) {
            if self.parent(next) == Some(at) {
                depth = depth.saturating_add(1);
            } else {
                let mut above = at;
                while self.parent(above) != self.parent(next) {
                    above = self.parent(above)?;
                    depth = depth.saturating_sub(1);
                }
            }
            at = next;
            items.extend(self.item(next).map(|item| (depth, item)));
        }
        Some(NewElement { items })
    }

    fn item(&self, id: NodeId) -> Option<Item> {
        match &self.arena.get(id)?.content {
            Content::Element(element) => Some(self.element_item(id, element)),
            Content::Text(piece) => {
                let raw = self.arena.str(piece);
                let layout = raw.trim_matches(BLANKS).is_empty() && self.has_elements(id);
                (!layout).then(|| Item::Text(unescape_text(raw).into_owned()))
            }
            Content::CData(_) => Some(Item::Text(self.own_text(id)?.into_owned())),
            Content::Comment(_) => Some(Item::Comment(self.comment(id)?.to_owned())),
            Content::Instruction(piece) => {
                Some(Item::Instruction(self.arena.str(piece).to_owned()))
            }
            Content::Declaration(_) | Content::Document => None,
        }
    }

    fn element_item(&self, id: NodeId, element: &Element) -> Item {
        let attributes = self.attributes(id);
        Item::Element {
            name: self.arena.str(&element.name).to_owned(),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value.into_owned()))
                .collect(),
        }
    }

    /// Whether an element or comment is beside this text.
    fn has_elements(&self, text: NodeId) -> bool {
        let beside = |id: Option<NodeId>| {
            let node = id.and_then(|id| self.arena.get(id));
            node.is_some_and(|node| !matches!(node.content, Content::Text(_) | Content::CData(_)))
        };
        beside(self.arena.previous(text)) || beside(self.arena.next(text))
    }
}
