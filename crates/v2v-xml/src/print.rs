//! Nodes -> text.

use std::fmt;
use std::ops::Range;

use crate::Document;
use crate::arena::{Close, Content, Element, NodeId};

impl fmt::Display for Document {
    /// The whole document.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(NodeId::DOCUMENT, f, |_, _| {})
    }
}

/// The text of a document at one moment, and which part of it is which node. From [`Document::print`].
#[derive(Clone, Debug)]
pub struct Printed {
    text: String,
    /// By index of the node; what is not in the document is empty, as no node is.
    ranges: Vec<Range<usize>>,
    /// Offsets of the line ends.
    lines: Vec<usize>,
}

impl Printed {
    /// The text, the same as the document's `to_string`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of a node in [`text`](Self::text), from its `<` to its last `>`. `None` if it is not in the document.
    pub fn bytes(&self, id: NodeId) -> Option<Range<usize>> {
        let range = self.ranges.get(id.index())?;
        (!range.is_empty()).then(|| range.clone())
    }

    /// The lines a node is on in [`text`](Self::text), the first is 1, the end is exclusive, as in
    /// [`Hunk`](crate::Hunk). `None` if it is not in the document.
    pub fn lines(&self, id: NodeId) -> Option<Range<u64>> {
        let bytes = self.bytes(id)?;
        let line = |offset: usize| {
            let before = self.lines.partition_point(|&end| end < offset);
            u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
        };
        let last = line(bytes.end.saturating_sub(1));
        Some(line(bytes.start)..last.saturating_add(1))
    }
}

impl Document {
    /// The text as it is now, with the place of each node in it.
    pub fn print(&self) -> Printed {
        let mut text = String::new();
        let mut ranges = vec![0..0; self.arena.len()];
        let written = self.write(
            NodeId::DOCUMENT,
            &mut text,
            |mark, text: &String| match mark {
                Mark::Start(id) => {
                    if let Some(range) = ranges.get_mut(id.index()) {
                        range.start = text.len();
                    }
                }
                Mark::End(id) => {
                    if let Some(range) = ranges.get_mut(id.index()) {
                        range.end = text.len();
                    }
                }
            },
        );
        debug_assert!(written.is_ok(), "a String takes everything");
        let lines = text.match_indices('\n').map(|(at, _)| at).collect();
        Printed {
            text,
            ranges,
            lines,
        }
    }

    /// One node and all that is in it, as it is written. Of a removed node too.
    pub fn print_node(&self, id: NodeId) -> String {
        let mut text = String::new();
        let written = self.write(id, &mut text, |_, _| {});
        debug_assert!(written.is_ok(), "a String takes everything");
        text
    }

    fn write<W: fmt::Write>(
        &self,
        top: NodeId,
        out: &mut W,
        mut mark: impl FnMut(Mark, &W),
    ) -> fmt::Result {
        let mut at = top;
        loop {
            mark(Mark::Start(at), out);
            self.write_start(at, out)?;
            if let Some(first) = self.arena.get(at).and_then(|node| node.first) {
                at = first;
                continue;
            }
            loop {
                self.write_end(at, out)?;
                mark(Mark::End(at), out);
                if at == top {
                    return Ok(());
                }
                match (self.arena.next(at), self.arena.parent(at)) {
                    (Some(next), _) => {
                        at = next;
                        break;
                    }
                    (None, Some(parent)) => at = parent,
                    (None, None) => return Ok(()),
                }
            }
        }
    }

    fn write_start(&self, id: NodeId, out: &mut impl fmt::Write) -> fmt::Result {
        match self.arena.get(id).map(|node| &node.content) {
            Some(Content::Document) if self.bom => out.write_char('\u{feff}'),
            Some(Content::Document) | None => Ok(()),
            Some(Content::Element(element)) => self.write_start_tag(element, out),
            Some(
                Content::Text(piece)
                | Content::CData(piece)
                | Content::Comment(piece)
                | Content::Instruction(piece)
                | Content::Declaration(piece),
            ) => out.write_str(self.arena.str(piece)),
        }
    }

    fn write_start_tag(&self, element: &Element, out: &mut impl fmt::Write) -> fmt::Result {
        let arena = &self.arena;
        write!(out, "<{}", arena.str(&element.name))?;
        for attribute in &element.attributes {
            out.write_str(arena.str(&attribute.before))?;
            out.write_str(arena.str(&attribute.name))?;
            out.write_str(arena.str(&attribute.equals))?;
            out.write_char(attribute.quote)?;
            out.write_str(arena.str(&attribute.raw))?;
            out.write_char(attribute.quote)?;
        }
        out.write_str(arena.str(&element.tail))?;
        out.write_str(match element.close {
            Close::Empty => "/>",
            Close::Tag { .. } => ">",
        })
    }

    fn write_end(&self, id: NodeId, out: &mut impl fmt::Write) -> fmt::Result {
        match self.arena.element(id) {
            Some(Element {
                name,
                close: Close::Tag { blanks },
                ..
            }) => write!(out, "</{}{}>", self.arena.str(name), self.arena.str(blanks)),
            _ => Ok(()),
        }
    }
}

enum Mark {
    Start(NodeId),
    End(NodeId),
}
