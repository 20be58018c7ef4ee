//! The nodes of a document and how they hang together. No function here calls itself: depth costs no stack, neither
//! when walking nor when dropping.

use std::num::NonZeroU32;
use std::sync::Arc;

/// Names a node of one document. It stays valid while others come and go; after [`remove`](crate::Document::remove) it
/// still names the removed node, whose name, attributes and line can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(NonZeroU32);

impl NodeId {
    pub(crate) const DOCUMENT: Self = Self(NonZeroU32::MIN);

    fn from_index(index: usize) -> Option<Self> {
        let number = u32::try_from(index).ok()?.checked_add(1)?;
        NonZeroU32::new(number).map(Self)
    }

    pub(crate) fn index(self) -> usize {
        usize::try_from(self.0.get().saturating_sub(1)).unwrap_or(usize::MAX)
    }
}

/// Text that is still where it was read, or new text.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Source { start: u32, end: u32 },
    New(Box<str>),
}

impl Piece {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self::New(text.into())
    }

    pub(crate) fn empty() -> Self {
        Self::New(Box::default())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    /// Blanks before the name.
    pub(crate) before: Piece,
    pub(crate) name: Piece,
    /// The equals sign with the blanks around it.
    pub(crate) equals: Piece,
    pub(crate) quote: char,
    pub(crate) raw: Piece,
}

#[derive(Clone, Debug)]
pub(crate) enum Close {
    /// `<a/>`
    Empty,
    /// `</a>`, with blanks before its `>`.
    Tag { blanks: Piece },
}

#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: Piece,
    pub(crate) attributes: Vec<Attribute>,
    /// Blanks before `>` or `/>` of the start tag.
    pub(crate) tail: Piece,
    pub(crate) close: Close,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Document,
    Element(Box<Element>),
    /// Raw text between tags.
    Text(Piece),
    /// Each of these with its delimiters.
    CData(Piece),
    Comment(Piece),
    Instruction(Piece),
    Declaration(Piece),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: Option<NodeId>,
    pub(crate) previous: Option<NodeId>,
    pub(crate) next: Option<NodeId>,
    pub(crate) first: Option<NodeId>,
    pub(crate) last: Option<NodeId>,
    /// 0 for what was not read.
    pub(crate) line: u32,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) struct Arena {
    pub(crate) source: Arc<str>,
    nodes: Vec<Node>,
}

/// Where a node goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Last(NodeId),
    Before(NodeId),
    After(NodeId),
}

impl Arena {
    pub(crate) fn new(source: Arc<str>) -> Self {
        let mut arena = Self {
            source,
            nodes: Vec::new(),
        };
        arena.push(Content::Document, 0);
        arena
    }

    /// Adds a node that is nowhere yet. `None` if there are 2³² nodes already.
    pub(crate) fn push(&mut self, content: Content, line: u32) -> Option<NodeId> {
        let id = NodeId::from_index(self.nodes.len())?;
        self.nodes.push(Node {
            parent: None,
            previous: None,
            next: None,
            first: None,
            last: None,
            line,
            content,
        });
        Some(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.index())
    }

    pub(crate) fn str<'a>(&'a self, piece: &'a Piece) -> &'a str {
        match piece {
            Piece::New(text) => text,
            Piece::Source { start, end } => {
                let range = usize::try_from(*start).ok().zip(usize::try_from(*end).ok());
                let text = range.and_then(|(start, end)| self.source.get(start..end));
                text.unwrap_or_default()
            }
        }
    }

    pub(crate) fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.get(id)?.content {
            Content::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(crate) fn element_mut(&mut self, id: NodeId) -> Option<&mut Element> {
        match &mut self.get_mut(id)?.content {
            Content::Element(element) => Some(element),
            _ => None,
        }
    }

    /// Raw text, if that is what the node is.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match &self.get(id)?.content {
            Content::Text(piece) => Some(self.str(piece)),
            _ => None,
        }
    }

    pub(crate) fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.get(id)?.parent
    }

    pub(crate) fn previous(&self, id: NodeId) -> Option<NodeId> {
        self.get(id)?.previous
    }

    pub(crate) fn next(&self, id: NodeId) -> Option<NodeId> {
        self.get(id)?.next
    }

    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        let first = self.get(id).and_then(|node| node.first);
        std::iter::successors(first, |&id| self.next(id))
    }

    pub(crate) fn children_from_last(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let last = self.get(id).and_then(|node| node.last);
        std::iter::successors(last, |&id| self.previous(id))
    }

    /// The node that follows in document order and is below `top`.
    pub(crate) fn following(&self, top: NodeId, id: NodeId) -> Option<NodeId> {
        let node = self.get(id)?;
        node.first.or_else(|| self.following_outside(top, id))
    }

    fn following_outside(&self, top: NodeId, id: NodeId) -> Option<NodeId> {
        let mut at = id;
        while at != top {
            let node = self.get(at)?;
            if node.next.is_some() {
                return node.next;
            }
            at = node.parent?;
        }
        None
    }

    /// Puts a node that is nowhere at its place.
    pub(crate) fn put(&mut self, id: NodeId, place: Place) {
        let (parent, previous, next) = match place {
            Place::Last(parent) => (
                Some(parent),
                self.get(parent).and_then(|node| node.last),
                None,
            ),
            Place::Before(next) => (self.parent(next), self.previous(next), Some(next)),
            Place::After(previous) => (self.parent(previous), Some(previous), self.next(previous)),
        };
        if let Some(node) = self.get_mut(id) {
            node.parent = parent;
            node.previous = previous;
            node.next = next;
        }
        self.join(parent, previous, Some(id));
        self.join(parent, Some(id), next);
    }

    /// Takes a node out of its place. What is below it stays below it.
    pub(crate) fn detach(&mut self, id: NodeId) {
        let Some(node) = self.get_mut(id) else { return };
        let (parent, previous, next) = (node.parent, node.previous, node.next);
        node.parent = None;
        node.previous = None;
        node.next = None;
        self.join(parent, previous, next);
    }

    /// Makes two children neighbours; a missing one stands for the parent's end.
    fn join(&mut self, parent: Option<NodeId>, left: Option<NodeId>, right: Option<NodeId>) {
        match left.and_then(|id| self.get_mut(id)) {
            Some(node) => node.next = right,
            None => {
                if let Some(node) = parent.and_then(|id| self.get_mut(id)) {
                    node.first = right;
                }
            }
        }
        match right.and_then(|id| self.get_mut(id)) {
            Some(node) => node.previous = left,
            None => {
                if let Some(node) = parent.and_then(|id| self.get_mut(id)) {
                    node.last = left;
                }
            }
        }
    }
}
