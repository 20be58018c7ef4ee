//! Ways through a document: simple paths, and where a node is.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::str::FromStr;

use crate::arena::NodeId;
use crate::chars::is_name;
use crate::{Document, NodeKind, PathError};

/// A simple path, a small part of XPath: steps to child elements, separated by `/`.
///
/// | step | what it leads to |
/// |---|---|
/// | `disk` | children with this name, as it is written |
/// | `*` | all child elements |
/// | `disk[@device]` | those that have the attribute |
/// | `target[@bus='xen']`, `target[@bus="xen"]` | those where it has this value |
/// | `disk[2]` | the second of those that the step has left so far, for each parent |
///
/// A path with a `/` in front begins above the root element. So `find` finds what [`Document::path`] gives.
///
/// ```
/// use v2v_xml::{Document, ParseOptions};
///
/// let text = "<devices><disk><target bus='xen'/></disk><disk><target bus='ide'/></disk></devices>";
/// let document = Document::parse(text, &ParseOptions::default())?;
/// let target = document.find(document.root(), "disk/target[@bus='ide']").ok_or("no target")?;
/// assert_eq!(document.path(target), "/devices/disk[2]/target");
/// assert_eq!(document.find(document.root(), "/devices/disk[2]/target"), Some(target));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    absolute: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// `None` is `*`.
    name: Option<String>,
    predicates: Vec<Predicate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Predicate {
    Has(String),
    Equals(String, String),
    Position(usize),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// [`PathError`] if it has anything else than what is described above.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let error = |found: &str, expected| PathError {
            path: text.to_owned(),
            found: found.to_owned(),
            expected,
        };
        let mut rest = text.strip_prefix('/').unwrap_or(text);
        let absolute = rest.len() < text.len();
        let mut steps = Vec::new();
        loop {
            let (name, after) = split_at_any(rest, ['/', '[']);
            if name != "*" && !is_name(name) {
                return Err(error(name, "a name or *"));
            }
            let mut step = Step {
                name: (name != "*").then(|| name.to_owned()),
                predicates: Vec::new(),
            };
            rest = after;
            while let Some(inside) = rest.strip_prefix('[') {
                let (predicate, after) = predicate(inside).ok_or_else(|| {
                    error(rest, "[@name], [@name='value'] or a number from [1] on")
                })?;
                step.predicates.push(predicate);
                rest = after;
            }
            steps.push(step);
            match rest.strip_prefix('/') {
                Some(after) => rest = after,
                None if rest.is_empty() => return Ok(Self { absolute, steps }),
                None => return Err(error(rest, "/, [ or the path's end")),
            }
        }
    }

    /// The first element the path leads to from `from`.
    pub fn find(&self, document: &Document, from: NodeId) -> Option<NodeId> {
        self.find_all(document, from).into_iter().next()
    }

    /// All elements the path leads to from `from`, in document order.
    pub fn find_all(&self, document: &Document, from: NodeId) -> Vec<NodeId> {
        let start = if self.absolute {
            NodeId::DOCUMENT
        } else {
            from
        };
        let mut found = vec![start];
        for step in &self.steps {
            let children = found
                .into_iter()
                .flat_map(|parent| step.from(document, parent));
            found = children.collect();
        }
        found
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl Step {
    fn from(&self, document: &Document, parent: NodeId) -> Vec<NodeId> {
        let named = |id: &NodeId| {
            let name = self.name.as_deref();
            name.is_none_or(|name| name == document.name(*id))
        };
        let mut found: Vec<NodeId> = document.elements(parent).filter(named).collect();
        for predicate in &self.predicates {
            match predicate {
                Predicate::Has(name) => {
                    found.retain(|&id| document.attribute(id, name).is_some());
                }
                Predicate::Equals(name, value) => {
                    found.retain(|&id| document.attribute(id, name).is_some_and(|it| it == *value));
                }
                Predicate::Position(number) => {
                    let one = found.into_iter().skip(number.saturating_sub(1)).take(1);
                    found = one.collect();
                }
            }
        }
        found
    }
}

fn split_at_any(text: &str, ends: [char; 2]) -> (&str, &str) {
    let len = text.find(ends).unwrap_or(text.len());
    text.split_at_checked(len).unwrap_or((text, ""))
}

/// What follows a `[`, with its `]`, and the rest.
fn predicate(text: &str) -> Option<(Predicate, &str)> {
    let Some(text) = text.strip_prefix('@') else {
        let (digits, rest) = text.split_once(']')?;
        let plain = digits.chars().all(|c| c.is_ascii_digit());
        let number = digits.parse().ok().filter(|&number| plain && number > 0)?;
        return Some((Predicate::Position(number), rest));
    };
    let (name, rest) = split_at_any(text, ['=', ']']);
    if !is_name(name) {
        return None;
    }
    let name = name.to_owned();
    if let Some(rest) = rest.strip_prefix(']') {
        return Some((Predicate::Has(name), rest));
    }
    let value = rest.strip_prefix('=')?;
    let quote = value.chars().next().filter(|&c| c == '\'' || c == '"')?;
    let (value, rest) = value.strip_prefix(quote)?.split_once(quote)?;
    let rest = rest.strip_prefix(']')?;
    Some((Predicate::Equals(name, value.to_owned()), rest))
}

impl Document {
    /// Where a node is, as an XPath: `/domain/devices/disk[2]/driver`. A position, from 1, counts the siblings of the
    /// same name and stands only where there are several. For other nodes than elements the last step is `text()`,
    /// `comment()` or `processing-instruction()`, without a position.
    ///
    /// For a removed node the path begins at the topmost removed one. It costs a look at all siblings of the node and
    /// of each node above it; for many nodes of a large document use [`paths`](Self::paths).
    pub fn path(&self, id: NodeId) -> String {
        self.path_with(id, |id| {
            let mut beside =
                std::iter::successors(self.arena.previous(id), |&id| self.arena.previous(id));
            let name = self.name(id);
            let before = beside
                .by_ref()
                .filter(|&id| self.is_named(id, name))
                .count();
            let mut behind = std::iter::successors(self.arena.next(id), |&id| self.arena.next(id));
            let several = before > 0 || behind.any(|id| self.is_named(id, name));
            several.then(|| before.saturating_add(1))
        })
    }

    fn is_named(&self, id: NodeId, name: &str) -> bool {
        self.arena.element(id).is_some() && self.name(id) == name
    }

    /// The paths of all elements, made in one walk. They are those of now: later changes are not in them.
    pub fn paths(&self) -> Paths {
        let mut positions = HashMap::new();
        let parents = std::iter::once(NodeId::DOCUMENT).chain(self.descendants(NodeId::DOCUMENT));
        for parent in parents {
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for id in self.elements(parent) {
                let count = counts.entry(self.name(id)).or_default();
                *count = count.saturating_add(1);
                positions.insert(id, *count);
            }
            for id in self.elements(parent) {
                if counts.get(self.name(id)) == Some(&1) {
                    positions.remove(&id);
                }
            }
        }
        Paths { positions }
    }

    fn path_with(&self, id: NodeId, position: impl Fn(NodeId) -> Option<usize>) -> String {
        let mut steps: Vec<NodeId> = std::iter::once(id).chain(self.ancestors(id)).collect();
        steps.retain(|&id| id != NodeId::DOCUMENT);
        let mut path = String::new();
        for id in steps.into_iter().rev() {
            path.push('/');
            match self.kind(id) {
                Some(NodeKind::Element) => path.push_str(self.name(id)),
                Some(NodeKind::Text | NodeKind::CData) => path.push_str("text()"),
                Some(NodeKind::Comment) => path.push_str("comment()"),
                _ => path.push_str("processing-instruction()"),
            }
            if let Some(NodeKind::Element) = self.kind(id)
                && let Some(position) = position(id)
            {
                // Writing to a `String` can't fail.
                let _ = write!(path, "[{position}]");
            }
        }
        if path.is_empty() {
            "/".to_owned()
        } else {
            path
        }
    }
}

/// Positions of the elements of a document, from [`Document::paths`].
#[derive(Clone, Debug)]
pub struct Paths {
    /// Only those that have siblings of the same name.
    positions: HashMap<NodeId, usize>,
}

impl Paths {
    /// What [`Document::path`] gave for `id` when these were made, at the cost of the node's depth. `document` is the
    /// one they were made from, without other changes.
    pub fn path(&self, document: &Document, id: NodeId) -> String {
        document.path_with(id, |id| self.positions.get(&id).copied())
    }
}
