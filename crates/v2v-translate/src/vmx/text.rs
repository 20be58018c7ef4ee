//! What the text itself gives reason to say, and texts of the file on their way into XML.

use v2v_report::{Action, Severity};
use v2v_vmx::{EntryId, Problem, ProblemKind};

use super::Work;
use crate::finding;
use crate::ignored::Fate;
use crate::ledger::shown;

/// Repeats of one kind that are told one by one; the rest is counted.
const TOLD: usize = 20;

/// Keys that one finding lists.
const LISTED: usize = 12;

/// Tells what was odd in the text, and the values that could not be read.
pub(super) fn tell_problems(work: &mut Work<'_>) {
    let document = work.document;
    let vm = work.vm;
    for problem in document.problems() {
        if let (ProblemKind::Duplicate { .. }, Some(entry)) = (&problem.kind, problem.entry) {
            let reason = "the key stands above already, and the first counts";
            work.ledger.ignored(entry, reason);
        }
    }
    for problem in document.problems().iter().take(TOLD) {
        tell_problem(work, problem);
    }
    tell_rest(
        work,
        document.problems().len(),
        "lines are odd in such ways",
    );
    for problem in vm.problems.iter().take(TOLD) {
        let key = work.key(problem.id);
        work.warn(
            finding::SETTING_BAD_VALUE,
            &key,
            problem.id,
            format!("found {:?}, expected {}", problem.found, problem.expected),
            "correct the value; it was left out",
        );
    }
    tell_rest(work, vm.problems.len(), "values can't be read");
    for problem in &vm.problems {
        let reason = format!("not readable, expected {}", problem.expected);
        work.ledger.not_carried(problem.id, reason);
    }
}

fn tell_rest(work: &mut Work<'_>, count: usize, what: &str) {
    let rest = count.saturating_sub(TOLD);
    if rest > 0 {
        let text = format!("{rest} more {what}");
        let action = Action::manual("look at the settings of the report");
        let id = finding::CONFIG_UNREADABLE_LINE;
        work.tell(id, Severity::Warn, "configuration", None, text, action);
    }
}

fn tell_problem(work: &mut Work<'_>, problem: &Problem) {
    let (id, severity, action) = match &problem.kind {
        ProblemKind::UnreadableLine { .. } | ProblemKind::KeyTooLong { .. } => (
            finding::CONFIG_UNREADABLE_LINE,
            Severity::Warn,
            Action::manual("look at the line; it was left out"),
        ),
        ProblemKind::Duplicate { equal, .. } => {
            let severity = if *equal {
                Severity::Info
            } else {
                Severity::Warn
            };
            let action = if *equal {
                Action::none()
            } else {
                Action::manual("remove the wrong one of the two lines")
            };
            (finding::CONFIG_DUPLICATE_KEY, severity, action)
        }
        ProblemKind::NoClosingQuote => (
            finding::CONFIG_LOOSE_SYNTAX,
            Severity::Warn,
            Action::manual("look at the value; it was read up to the end of the line"),
        ),
        ProblemKind::Undecodable { .. }
        | ProblemKind::UnknownEncoding { .. }
        | ProblemKind::EncodingGuessed { .. } => (
            finding::CONFIG_ENCODING,
            Severity::Warn,
            Action::manual("give --encoding if names are wrong"),
        ),
        ProblemKind::EncodingContradicted { .. } | ProblemKind::ByteOrderMark { .. } => {
            (finding::CONFIG_ENCODING, Severity::Info, Action::none())
        }
        _ => (finding::CONFIG_LOOSE_SYNTAX, Severity::Info, Action::none()),
    };
    let subject = match problem.entry {
        Some(entry) => work.key(entry),
        None => format!("line {}", problem.line),
    };
    work.tell(
        id,
        severity,
        subject,
        problem.entry,
        problem.kind.to_string(),
        action,
    );
    // A line without a key is found by its number.
    if let (None, Some(last)) = (problem.entry, work.findings.last_mut()) {
        last.evidence.line = Some(problem.line);
    }
}

/// Tells the keys that a table says are not carried: one finding for each kind.
pub(super) fn tell_not_carried(work: &mut Work<'_>, keys: &[(EntryId, Fate)]) {
    let mut kinds: Vec<(&Fate, Vec<EntryId>)> = Vec::new();
    for (id, fate) in keys {
        match kinds.iter_mut().find(|(known, _)| *known == fate) {
            Some((_, ids)) => ids.push(*id),
            None => kinds.push((fate, vec![*id])),
        }
    }
    for (fate, ids) in kinds {
        let Some(id) = fate.finding else { continue };
        let text = format!("{}: {}", list(work, &ids), fate.reason);
        work.info(id.clone(), subject(work, &ids), ids.first().copied(), text);
    }
}

/// Tells the keys that nobody knows, in one finding.
pub(super) fn tell_unknown(work: &mut Work<'_>, ids: &[EntryId]) {
    if ids.is_empty() {
        return;
    }
    let text = format!("{} in no table and left out", list(work, ids));
    let subject = subject(work, ids);
    work.info(
        finding::CONFIG_UNKNOWN_KEY,
        subject,
        ids.first().copied(),
        text,
    );
}

fn subject(work: &Work<'_>, ids: &[EntryId]) -> String {
    match ids {
        [one] => work.key(*one),
        _ => format!("{} keys", ids.len()),
    }
}

/// The keys by name, the first ones of many.
fn list(work: &Work<'_>, ids: &[EntryId]) -> String {
    let names: Vec<String> = ids.iter().take(LISTED).map(|id| work.key(*id)).collect();
    let rest = ids.len().saturating_sub(LISTED);
    let names = names.join(", ");
    if rest > 0 {
        format!("{names} and {rest} more")
    } else {
        names
    }
}

/// `text` as XML 1.0 can hold it: other control characters and the two non-characters become U+FFFD, line ends `\n`.
pub(super) fn for_xml(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let is_wrong = |c: char| {
        let control = c.is_control() && !matches!(c, '\n' | '\t' | '\u{7f}'..='\u{9f}');
        control || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    text.replace(is_wrong, "\u{fffd}")
}

/// `text` in one line, for names and titles.
pub(super) fn one_line(text: &str) -> String {
    for_xml(text).replace(['\n', '\t'], " ").trim().to_owned()
}

/// `text` for a message: one line, cut if it is long.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shown(&one_line(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_holds_what_is_left() {
        assert_eq!(
            for_xml("a\r\nb\tc\u{1}d\u{ffff}"),
            "a\nb\tc\u{fffd}d\u{fffd}"
        );
        assert_eq!(one_line(" a\nb "), "a b");
    }
}
