//! Findings of many devices: one for each fact, with the devices that show it.

use std::collections::HashMap;

use v2v_report::{Action, FindingId, Severity};
use v2v_xml::NodeId;

use crate::work::Work;

/// Devices that one finding names; the rest is counted.
const NAMED: usize = 12;

/// What a rule has to say, one entry for each fact.
#[derive(Default)]
pub(in crate::rules) struct Groups {
    facts: Vec<Fact>,
    places: HashMap<(FindingId, String), usize>,
}

struct Fact {
    id: FindingId,
    severity: Severity,
    text: String,
    action: String,
    subjects: Vec<String>,
    at: NodeId,
}

impl Groups {
    /// For the record: `text` about `subject`, which `at` shows.
    pub(in crate::rules) fn info(
        &mut self,
        id: FindingId,
        subject: impl Into<String>,
        at: NodeId,
        text: impl Into<String>,
    ) {
        self.add(id, Severity::Info, subject.into(), at, text.into(), "");
    }

    /// A person has to do `action`.
    pub(in crate::rules) fn warn(
        &mut self,
        id: FindingId,
        subject: impl Into<String>,
        at: NodeId,
        text: impl Into<String>,
        action: &str,
    ) {
        self.add(id, Severity::Warn, subject.into(), at, text.into(), action);
    }

    /// Nothing may be written before a person has done `action`.
    pub(in crate::rules) fn block(
        &mut self,
        id: FindingId,
        subject: impl Into<String>,
        at: NodeId,
        text: impl Into<String>,
        action: &str,
    ) {
        let severity = Severity::Blocker;
        self.add(id, severity, subject.into(), at, text.into(), action);
    }

    fn add(
        &mut self,
        id: FindingId,
        severity: Severity,
        subject: String,
        at: NodeId,
        text: String,
        action: &str,
    ) {
        let key = (id.clone(), text.clone());
        let place = *self.places.entry(key).or_insert(self.facts.len());
        if let Some(fact) = self.facts.get_mut(place) {
            fact.subjects.push(subject);
            return;
        }
        self.facts.push(Fact {
            id,
            severity,
            text,
            action: action.to_owned(),
            subjects: vec![subject],
            at,
        });
    }

    /// Tells all of it. Before the elements it is about are removed: a finding says where they stand.
    pub(in crate::rules) fn tell(self, work: &mut Work<'_>) {
        for fact in self.facts {
            let action = if fact.action.is_empty() {
                Action::none()
            } else {
                Action::manual(fact.action)
            };
            let subject = listed(&fact.subjects);
            work.tell(fact.id, fact.severity, subject, fact.at, fact.text, action);
        }
    }
}

/// `xvda, xvdb and 3 more`.
pub(in crate::rules) fn listed(names: &[String]) -> String {
    let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        rest => format!("{} and {rest} more", first.join(", ")),
    }
}
