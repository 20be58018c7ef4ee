//! A unified diff with the rules that made each hunk.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use v2v_xen::Change;
use v2v_xml::{Document, LineChange, NodeId, Printed, diff};

/// Same lines around a difference. Fewer than in `diff -u`, so that more hunks stay apart and each has fewer rules.
const CONTEXT: usize = 1;

/// The rules that changed a line, by line.
type Lines<'a> = HashMap<u64, Vec<&'a str>>;

/// What `changes` made of `old`, which is shown as the file `name`, and which rules they belong to.
pub(crate) fn text(name: &str, old: &Document, new: &Document, changes: &[Change]) -> String {
    let (before, after) = (old.print(), new.print());
    let hunks = diff(before.text(), after.text(), CONTEXT);
    if hunks.is_empty() {
        return String::new();
    }
    let (old_lines, new_lines) = rules_by_line((old, &before), (new, &after), changes);
    let mut text = format!("--- {name}\n+++ kvm\n");
    for hunk in &hunks {
        let mut rules: Vec<&str> = Vec::new();
        let mut at = (hunk.old.start, hunk.new.start);
        for line in &hunk.lines {
            let found = match line.change {
                LineChange::Removed => old_lines.get(&at.0),
                LineChange::Added => new_lines.get(&at.1),
                LineChange::Same => None,
            };
            for rule in found.into_iter().flatten() {
                if !rules.contains(rule) {
                    rules.push(rule);
                }
            }
            at.0 =
                at.0.saturating_add(u64::from(line.change != LineChange::Added));
            at.1 =
                at.1.saturating_add(u64::from(line.change != LineChange::Removed));
        }
        let beside = match rules.as_slice() {
            [] => String::new(),
            rules => format!(" {}", rules.join(", ")),
        };
        // Writing to a String can't fail.
        let _ = writeln!(text, "{}{beside}", hunk.header());
        for line in &hunk.lines {
            let _ = write!(text, "{line}");
        }
    }
    text
}

/// The rules that changed the lines of the old and of the new text.
fn rules_by_line<'a>(
    old: (&Document, &Printed),
    new: (&Document, &Printed),
    changes: &'a [Change],
) -> (Lines<'a>, Lines<'a>) {
    let (mut old_lines, mut new_lines) = (Lines::new(), Lines::new());
    let add = |lines: &mut Lines<'a>, range: Range<u64>, rule: &'a str| {
        for line in range {
            let rules = lines.entry(line).or_default();
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    };
    for change in changes {
        let of = |(document, printed): (&Document, &Printed)| match is_attribute(change) {
            true => start_tag(document, printed, change.node),
            false => printed.lines(change.node),
        };
        let replaced = || {
            let line = change.line?;
            let count = change.before.as_ref()?.lines().count();
            Some(line..line.saturating_add(u64::try_from(count).unwrap_or(u64::MAX)))
        };
        if let Some(range) = of(old).or_else(replaced) {
            add(&mut old_lines, range, change.rule);
        }
        if let Some(range) = of(new) {
            add(&mut new_lines, range, change.rule);
        }
    }
    (old_lines, new_lines)
}

fn is_attribute(change: &Change) -> bool {
    let last = change.path.rsplit('/').next();
    last.is_some_and(|last| last.starts_with('@'))
}

/// The lines of the start tag of an element.
fn start_tag(document: &Document, printed: &Printed, id: NodeId) -> Option<Range<u64>> {
    let whole = printed.bytes(id)?;
    let child = document.children(id).find_map(|child| printed.bytes(child));
    let end = child.map_or(whole.end, |child| child.start);
    let tag = printed.text().get(whole.start..end)?;
    let first = printed.lines(id)?.start;
    let breaks = tag.trim_end().matches('\n').count();
    let last = first.saturating_add(u64::try_from(breaks).unwrap_or(u64::MAX));
    Some(first..last.saturating_add(1))
}
