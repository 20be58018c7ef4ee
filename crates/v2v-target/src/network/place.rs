//! Where in a map file something stands.

use super::{MapError, Origin, Problem};

/// The text of a file and the offsets at which its lines begin.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text
            .match_indices('\n')
            .map(|(end, _)| end.saturating_add(1));
        Lines {
            text,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// The line of a byte offset, counted from 1.
    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The origin of a rule that begins at a byte offset.
    pub(super) fn origin(&self, offset: usize) -> Origin {
        Origin::Line(self.line(offset))
    }

    /// A problem at a byte offset.
    pub(super) fn error(&self, offset: usize, problem: Problem) -> MapError {
        let offset = offset.min(self.text.len());
        let line = self.line(offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        MapError::File {
            line,
            column: before.chars().count().saturating_add(1),
            problem,
        }
    }
}
