//! What the file gets wrong, as findings.

use v2v_report::{Evidence, Finding, Severity};
use v2v_target::finding;
use v2v_xl::{Problem, ProblemKind, Value, ValueProblem};

use super::build::is_writable;
use super::draft::Draft;
use super::ledger::may_be_secret;

pub(super) fn tell(draft: &mut Draft<'_>) {
    for problem in draft.config.problems() {
        tell_text(draft, problem);
    }
    for problem in &draft.guest.problems {
        tell_value(draft, problem);
    }
    tell_characters(draft);
    tell_unknown(draft);
}

fn tell_text(draft: &mut Draft<'_>, problem: &Problem) {
    const WRITE: &str = "correct the line, or check what it would have set in the result";
    let (id, severity, action) = match &problem.kind {
        ProblemKind::Code { .. } => (
            finding::CONFIG_CODE,
            Severity::Blocker,
            "write the values that the code gave, in plain form",
        ),
        ProblemKind::Duplicate { equal: true, .. } => {
            (finding::CONFIG_DUPLICATE_KEY, Severity::Info, "")
        }
        ProblemKind::Duplicate { .. } => (
            finding::CONFIG_DUPLICATE_KEY,
            Severity::Warn,
            "check that the last one is meant",
        ),
        ProblemKind::Escape { .. } | ProblemKind::Constant { .. } => {
            (finding::CONFIG_LOOSE_SYNTAX, Severity::Info, "")
        }
        ProblemKind::NotUtf8 => (
            finding::CONFIG_ENCODING,
            Severity::Warn,
            "save the file as UTF-8",
        ),
        _ => (finding::CONFIG_UNREADABLE_LINE, Severity::Warn, WRITE),
    };
    let key = match &problem.kind {
        ProblemKind::Duplicate { id, .. } => draft.config.entry(*id).map(|entry| entry.key()),
        ProblemKind::OpenList { key } | ProblemKind::BrokenList { key, .. } => Some(key.as_str()),
        ProblemKind::Append { key, .. } => Some(key.as_str()),
        _ => None,
    };
    let mut seen = Evidence::new(problem.kind.to_string()).line(problem.line);
    let subject = match key {
        Some(key) => {
            seen = seen.key(key);
            key.to_owned()
        }
        None => format!("line {}", problem.line),
    };
    draft.push(Finding::new(id, severity, subject).evidence(seen), action);
}

fn tell_value(draft: &mut Draft<'_>, problem: &ValueProblem) {
    let entry = draft.config.entry(problem.id);
    let key = entry.map_or("", |entry| entry.key());
    // A password with a comma in it is read as several parameters, and the second half would be shown.
    let text = match &problem.item {
        Some(item) if may_be_secret(&item.text) => {
            let number = item.index.saturating_add(1);
            format!(
                "item {number} has a part that can't be read, expected {}",
                problem.expected
            )
        }
        _ => problem.to_string(),
    };
    // What decides on everything else is not guessed.
    let (severity, action) = match key {
        "type" | "builder" => (
            Severity::Blocker,
            "say type = \"pv\", \"pvh\" or \"hvm\", whichever it is",
        ),
        _ => (
            Severity::Warn,
            "correct the value, or check what it would have set in the result",
        ),
    };
    let id = finding::SETTING_BAD_VALUE;
    draft.tell(id, severity, key, problem.id, text, action);
    draft.mark_unreadable(problem.id);
}

/// XML has no way to hold control characters; the text has U+FFFD in their place.
fn tell_characters(draft: &mut Draft<'_>) {
    for entry in draft.config.entries() {
        if !draft.config.counts(entry.id()) || is_written(entry.value()) {
            continue;
        }
        let text = "a character that XML can't hold; U+FFFD stands in its place";
        let action = "correct the text in the result";
        let (id, key) = (finding::SETTING_BAD_VALUE, entry.key());
        draft.tell(id, Severity::Warn, key, entry.id(), text, action);
    }
}

fn is_written(value: &Value) -> bool {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        let is_bad = value
            .text()
            .is_some_and(|text| !text.chars().all(is_writable));
        if is_bad {
            return false;
        }
        left.extend(value.list().unwrap_or_default());
    }
    true
}

/// One finding for all of them: a file of another program has many.
fn tell_unknown(draft: &mut Draft<'_>) {
    const NAMED: usize = 10;
    let unknown = &draft.guest.unknown;
    for id in unknown {
        draft.unknown(*id);
    }
    let Some(first) = unknown.first() else {
        return;
    };
    let names: Vec<&str> = unknown
        .iter()
        .take(NAMED)
        .filter_map(|id| Some(draft.config.entry(*id)?.key()))
        .collect();
    let mut text = format!("neither xl nor xm knows {}", names.join(", "));
    if unknown.len() > NAMED {
        text.push_str(&format!(
            " and {} more",
            unknown.len().saturating_sub(NAMED)
        ));
    }
    let id = finding::CONFIG_UNKNOWN_KEY;
    let subject = names.first().copied().unwrap_or_default();
    draft.tell(id, Severity::Info, subject, *first, text, "");
}
