//! Where lines begin and how far they are indented.

use crate::Document;
use crate::arena::{Arena, Content, NodeId, Piece};
use crate::chars::{BLANKS, leading_blanks};

/// What new parts of a document look like where no neighbour shows it.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) quote: char,
    pub(crate) newline: &'static str,
    /// One step of indentation.
    pub(crate) unit: Box<str>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            quote: '\'',
            newline: "\n",
            unit: "  ".into(),
        }
    }
}

impl Style {
    pub(crate) fn of(arena: &Arena, root: NodeId, quote: char) -> Self {
        let first_line = arena.source.split_inclusive('\n').next();
        let newline = match first_line.is_some_and(|line| line.ends_with("\r\n")) {
            true => "\r\n",
            false => "\n",
        };
        let ids = std::iter::successors(Some(root), |&at| arena.following(root, at));
        let mut elements = ids.filter(|&id| arena.element(id).is_some());
        let unit = elements.find_map(|id| {
            let parent = arena.parent(id)?;
            step(&indentation(arena, parent)?, &indentation(arena, id)?)
        });
        Self {
            quote,
            newline,
            unit: unit.unwrap_or_else(|| "  ".into()),
        }
    }
}

/// What `inner` has more than `outer`.
fn step(outer: &str, inner: &str) -> Option<Box<str>> {
    let step = inner.strip_prefix(outer)?;
    (!step.is_empty()).then(|| step.into())
}

/// The last line break of a text and what follows it.
fn last_line_break(text: &str) -> Option<&str> {
    let (before, _) = text.rsplit_once('\n')?;
    text.strip_prefix(before.strip_suffix('\r').unwrap_or(before))
}

/// The blanks that separate a node from what is before it: from the last line break on, or, on one line, all of them.
/// Empty if text stands directly before it on its line, or nothing.
pub(crate) fn lead(arena: &Arena, id: NodeId) -> String {
    let mut pieces = Vec::new();
    let mut at = arena.previous(id);
    while let Some((id, text)) = at.and_then(|id| Some((id, arena.text(id)?))) {
        let blanks = text.get(text.trim_end_matches(BLANKS).len()..);
        let blanks = blanks.unwrap_or_default();
        if let Some(line) = last_line_break(blanks) {
            pieces.push(line);
            break;
        }
        if blanks.len() < text.len() {
            return String::new();
        }
        pieces.push(blanks);
        at = arena.previous(id);
    }
    pieces.into_iter().rev().collect()
}

/// The blanks between the line's begin and the node, if nothing else is there.
pub(crate) fn indentation(arena: &Arena, id: NodeId) -> Option<String> {
    let lead = lead(arena, id);
    match lead.rsplit_once('\n') {
        Some((_, indentation)) => Some(indentation.to_owned()),
        // The first line of a text begins without a line break.
        None if arena.parent(id) == Some(NodeId::DOCUMENT) => Some(String::new()),
        None => None,
    }
}

/// How an element that is inserted is laid out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// What separates it from what is before it.
    pub(crate) lead: String,
    /// `None` if it goes into a line with others.
    pub(crate) lines: Option<Lines>,
}

#[derive(Clone, Debug)]
pub(crate) struct Lines {
    pub(crate) newline: &'static str,
    pub(crate) indentation: String,
    pub(crate) unit: Box<str>,
}

impl Lines {
    /// Line break and indentation for what is `depth` steps inside.
    pub(crate) fn lead(&self, depth: usize) -> String {
        let mut lead = format!("{}{}", self.newline, self.indentation);
        for _ in 0..depth {
            lead.push_str(&self.unit);
        }
        lead
    }
}

impl Document {
    /// The layout of something that stands beside `sibling`.
    pub(crate) fn layout_beside(&self, sibling: NodeId) -> Layout {
        if self.arena.text(sibling).is_some() {
            return Layout::default();
        }
        let lead = lead(&self.arena, sibling);
        let at_root = self.arena.parent(sibling) == Some(NodeId::DOCUMENT);
        if !lead.contains('\n') && !at_root {
            return Layout { lead, lines: None };
        }
        let indentation = indentation(&self.arena, sibling).unwrap_or_default();
        let outer = self
            .arena
            .parent(sibling)
            .filter(|_| !at_root)
            .and_then(|parent| self::indentation(&self.arena, parent));
        let unit = outer.and_then(|outer| step(&outer, &indentation));
        let lines = Lines {
            newline: self.newline_of(&lead),
            indentation,
            unit: unit.unwrap_or_else(|| self.style.unit.clone()),
        };
        Layout {
            lead,
            lines: Some(lines),
        }
    }

    /// The layout of the first child of `parent`, if it gets a line of its own. `closing` is the blank text that
    /// `parent` has now.
    pub(crate) fn layout_inside(&self, parent: NodeId, closing: &str) -> Option<Lines> {
        let outer = match closing.rsplit_once('\n') {
            Some((_, indentation)) => indentation.to_owned(),
            None => indentation(&self.arena, parent)?,
        };
        let above = self
            .arena
            .parent(parent)
            .filter(|&above| above != NodeId::DOCUMENT)
            .and_then(|above| indentation(&self.arena, above));
        let unit = above
            .and_then(|above| step(&above, &outer))
            .unwrap_or_else(|| self.style.unit.clone());
        Some(Lines {
            newline: self.newline_of(closing),
            indentation: format!("{outer}{unit}"),
            unit,
        })
    }

    fn newline_of(&self, blanks: &str) -> &'static str {
        match blanks {
            _ if blanks.contains("\r\n") => "\r\n",
            _ if blanks.contains('\n') => "\n",
            _ => self.style.newline,
        }
    }

    /// The last node of the line that `id` ends in, if only comments follow `id` there.
    pub(crate) fn end_of_line(&self, id: NodeId) -> Option<NodeId> {
        let mut last = id;
        let mut at = self.arena.next(id);
        while let Some(next) = at {
            match &self.arena.get(next)?.content {
                Content::Comment(_) => last = next,
                Content::Text(piece) => match blank_line_end(self.arena.str(piece)) {
                    LineEnd::Here => return Some(last),
                    LineEnd::Later => {}
                    LineEnd::Text => return None,
                },
                _ => return None,
            }
            at = self.arena.next(next);
        }
        Some(last)
    }

    /// Whether something stands directly behind `id`, be it text or a node.
    pub(crate) fn is_followed_directly(&self, id: NodeId) -> bool {
        let behind = self.arena.next(id).map(|next| self.arena.text(next));
        behind.is_some_and(|text| {
            text.is_none_or(|text| matches!(blank_line_end(text), LineEnd::Text))
        })
    }

    /// The layout of something that comes after `id` in the same line.
    pub(crate) fn layout_in_line(&self, id: NodeId) -> Layout {
        let behind = self.arena.next(id).and_then(|next| self.arena.text(next));
        let blanks = behind.filter(|text| matches!(blank_line_end(text), LineEnd::Later));
        Layout {
            lead: blanks.unwrap_or_default().to_owned(),
            lines: None,
        }
    }

    /// Takes the line of `id` out of the text around it, or what separates it from its neighbours in a line.
    pub(crate) fn close_gap(&mut self, id: NodeId) {
        let lead = lead(&self.arena, id);
        let next = self.arena.next(id);
        let behind = next.and_then(|next| Some((next, self.arena.text(next)?)));
        let line_end = behind.map(|(_, text)| blank_line_end(text));
        let blanks = behind.map_or(0, |(_, text)| leading_blanks(text).len());
        let starts_line = lead.contains('\n');
        let first = self.arena.previous(id).is_none();
        let (cut_lead, cut_behind) = match line_end {
            None if next.is_none() => (true, 0),
            None => (false, 0),
            Some(LineEnd::Here) if first && self.arena.parent(id) == Some(NodeId::DOCUMENT) => {
                let rest = behind.and_then(|(_, text)| text.split_once('\n'));
                let len = behind.map_or(0, |(_, text)| text.len());
                (
                    false,
                    len.saturating_sub(rest.map_or(0, |(_, rest)| rest.len())),
                )
            }
            Some(LineEnd::Here) => (true, if starts_line { blanks } else { 0 }),
            // The parent's end tag ends the line.
            Some(LineEnd::Later) if starts_line && self.is_last(next) => (true, 0),
            Some(LineEnd::Later) if starts_line || first => (false, blanks),
            Some(LineEnd::Later) => (true, 0),
            Some(LineEnd::Text) => (false, 0),
        };
        if let Some((next, _)) = behind {
            self.cut_start(next, cut_behind);
        }
        if cut_lead {
            self.cut_before(id, lead.len());
        }
    }

    /// Takes the blanks behind `id` if the line ends with them: they belong to the line before a new one.
    pub(crate) fn take_trailing_blanks(&mut self, id: NodeId) -> String {
        let behind = self.arena.next(id);
        let Some((next, text)) = behind.and_then(|next| Some((next, self.arena.text(next)?)))
        else {
            return String::new();
        };
        if !matches!(blank_line_end(text), LineEnd::Here) {
            return String::new();
        }
        let blanks = leading_blanks(text).to_owned();
        self.cut_start(next, blanks.len());
        blanks
    }

    fn is_last(&self, id: Option<NodeId>) -> bool {
        id.is_some_and(|id| self.arena.next(id).is_none())
    }

    fn cut_before(&mut self, id: NodeId, len: usize) {
        let mut left = len;
        while left > 0
            && let Some(before) = self.arena.previous(id)
            && let Some(text) = self.arena.text(before)
        {
            let kept = text.len().saturating_sub(left);
            left = left.saturating_sub(text.len());
            self.narrow(before, 0, kept);
        }
    }

    fn cut_start(&mut self, text: NodeId, len: usize) {
        let end = self.arena.text(text).map_or(0, str::len);
        if len > 0 {
            self.narrow(text, len, end);
        }
    }

    /// Leaves a part of a text. Nothing of it stays if the part is empty.
    fn narrow(&mut self, id: NodeId, from: usize, to: usize) {
        if from >= to {
            self.arena.detach(id);
            return;
        }
        let Some(node) = self.arena.get_mut(id) else {
            return;
        };
        let Content::Text(piece) = &mut node.content else {
            return;
        };
        *piece = match piece {
            Piece::New(text) => Piece::new(text.get(from..to).unwrap_or_default()),
            Piece::Source { start, .. } => {
                let at = |offset| start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
                Piece::Source {
                    start: at(from),
                    end: at(to),
                }
            }
        };
    }
}

enum LineEnd {
    /// The line ends after blanks.
    Here,
    /// All is blank, and the line goes on.
    Later,
    /// Text goes on in the same line.
    Text,
}

fn blank_line_end(text: &str) -> LineEnd {
    let rest = text.strip_prefix(leading_blanks(text)).unwrap_or_default();
    match rest {
        "" => LineEnd::Later,
        _ if rest.starts_with(BLANKS) => LineEnd::Here,
        _ => LineEnd::Text,
    }
}
