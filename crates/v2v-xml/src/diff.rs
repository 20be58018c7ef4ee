//! Line by line, what is different.

use std::fmt;
use std::ops::Range;

use similar::{Algorithm, DiffTag};

/// Lines that changed, with the lines around them.
///
/// Its `Display` is a hunk of a unified diff, with the line `@@ -1,3 +1,4 @@`; file names above the first hunk are the
/// caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Lines of the old text, the first is 1, the end is exclusive. Empty if there are only new lines; then they come
    /// before its start.
    pub old: Range<u64>,
    /// Lines of the new text, in the same way.
    pub new: Range<u64>,
    /// The lines themselves.
    pub lines: Vec<DiffLine>,
}

/// A line of a [`Hunk`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// Which text has it.
    pub change: LineChange,
    /// The line with its line end, if it has one.
    pub text: String,
}

/// Which text has a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineChange {
    /// Both.
    Same,
    /// Only the old one.
    Removed,
    /// Only the new one.
    Added,
}

/// What is different between two texts, with up to `context` same lines before and behind each difference. Hunks that
/// would touch are one. No hunks if the texts are equal. Lines end with `\n`; a `\r` before it belongs to the line.
///
/// Time grows with the number of lines times the number of differences (Myers' algorithm).
pub fn diff(old: &str, new: &str, context: usize) -> Vec<Hunk> {
    if old == new {
        return Vec::new();
    }
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let ops = similar::capture_diff_slices(Algorithm::Myers, &old, &new);
    let groups = similar::group_diff_ops(ops, context);
    groups.iter().map(|ops| hunk(ops, &old, &new)).collect()
}

fn hunk(ops: &[similar::DiffOp], old: &[&str], new: &[&str]) -> Hunk {
    let mut lines = Vec::new();
    let mut add = |change, part: Option<&[&str]>| {
        let part = part.unwrap_or_default().iter();
        lines.extend(part.map(|&text| DiffLine {
            change,
            text: text.to_owned(),
        }));
    };
    for op in ops {
        if op.tag() == DiffTag::Equal {
            add(LineChange::Same, old.get(op.old_range()));
        } else {
            add(LineChange::Removed, old.get(op.old_range()));
            add(LineChange::Added, new.get(op.new_range()));
        }
    }
    let range = |of: fn(&similar::DiffOp) -> Range<usize>| {
        let start = ops.first().map_or(0, |op| of(op).start);
        let end = ops.last().map_or(0, |op| of(op).end);
        let number = |index: usize| u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
        number(start)..number(end)
    };
    Hunk {
        old: range(similar::DiffOp::old_range),
        new: range(similar::DiffOp::new_range),
        lines,
    }
}

impl Hunk {
    /// The hunk's first line, `@@ -1,3 +1,4 @@`, without a line end. A caller can put more behind it.
    pub fn header(&self) -> String {
        format!("@@ -{} +{} @@", side(&self.old), side(&self.new))
    }
}

/// `start,count`; a count of 1 is left out, and an empty range is named by the line before it.
fn side(range: &Range<u64>) -> String {
    match range.end.saturating_sub(range.start) {
        0 => format!("{},0", range.start.saturating_sub(1)),
        1 => range.start.to_string(),
        count => format!("{},{count}", range.start),
    }
}

impl fmt::Display for Hunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.header())?;
        self.lines.iter().try_for_each(|line| write!(f, "{line}"))
    }
}

impl fmt::Display for DiffLine {
    /// As in a unified diff, with a line end in any case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.change {
            LineChange::Same => ' ',
            LineChange::Removed => '-',
            LineChange::Added => '+',
        };
        write!(f, "{sign}{}", self.text)?;
        if self.text.ends_with('\n') {
            return Ok(());
        }
        write!(f, "\n\\ No newline at end of file\n")
    }
}
