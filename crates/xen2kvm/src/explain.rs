//! What was changed and why, one line a change.

use std::fmt::Write as _;

use v2v_cli::printable;
use v2v_xen::{Change, guide_rules, rules};

/// Longest part of an element that is shown.
const MAX_SHOWN: usize = 100;

/// Lines, rules and reasons of all changes.
pub(crate) fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let line = change.line.map_or("-".to_owned(), |line| line.to_string());
        let (before, after) = (
            shown(change, change.before.as_deref()),
            shown(change, change.after.as_deref()),
        );
        let what = match (before, after) {
            (Some(before), Some(after)) => format!("{before} -> {after}"),
            (Some(before), None) => format!("removed {before}"),
            (None, Some(after)) => format!("added {after}"),
            (None, None) => String::new(),
        };
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{line:>5} {:<24} {}: {}; {}",
            change.rule,
            printable(&change.path),
            printable(&what),
            why(change.rule),
        );
    }
    text
}

/// The reason of a rule.
pub(crate) fn why(rule: &str) -> &'static str {
    let mut all = rules().chain(guide_rules());
    all.find(|known| known.id == rule)
        .map_or("", |rule| rule.why)
}

/// One side of a change: on one line, not too long, and without a password.
pub(crate) fn shown(change: &Change, side: Option<&str>) -> Option<String> {
    let text = side?;
    if holds_password(&change.path, text) {
        return Some("(not shown)".to_owned());
    }
    if change.path.contains("/@") {
        return Some(format!("{text:?}"));
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => Some(format!("{}...", text.get(..at).unwrap_or_default())),
        None => Some(text),
    }
}

/// Whether a password is in what was changed: displays have it in an attribute, in clear text.
pub(crate) fn holds_password(path: &str, text: &str) -> bool {
    path.ends_with("/@passwd") || text.contains("passwd")
}
