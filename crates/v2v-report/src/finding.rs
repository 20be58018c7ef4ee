//! What a conversion met: what, where, why, what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FindingId, PathText};

/// How much a finding matters; ordered, so the worst of several is their maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the record.
    Info,
    /// Needs an eye.
    Warn,
    /// Stops before the work unless overruled.
    Blocker,
}

impl Severity {
    /// `info`, `warn` or `blocker`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Blocker => "blocker",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One fact about the source or the conversion that a person may have to know.
///
/// One finding per fact, not per file. A finding says what was seen and where ([`Evidence`]) and what is done about it
/// or has to be ([`Action`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The kind of finding.
    pub id: FindingId,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about, in the source's words: `ethernet0`, `scsi0:1`, a disk, a file.
    pub subject: String,
    /// What was seen, and where.
    pub evidence: Evidence,
    /// What is done about it.
    pub action: Action,
}

impl Finding {
    /// A finding about `subject` with no evidence yet and nothing to do.
    pub fn new(id: FindingId, severity: Severity, subject: impl Into<String>) -> Finding {
        Finding {
            id,
            severity,
            subject: subject.into(),
            evidence: Evidence::default(),
            action: Action::none(),
        }
    }

    /// The finding with `evidence`.
    #[must_use]
    pub fn evidence(self, evidence: Evidence) -> Finding {
        Finding { evidence, ..self }
    }

    /// The finding with `action`.
    #[must_use]
    pub fn action(self, action: Action) -> Finding {
        Finding { action, ..self }
    }

    /// Whether a person still has to do something.
    pub fn needs_hand(&self) -> bool {
        self.action.kind == ActionKind::Manual && !self.action.done
    }
}

/// What was seen, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathText>,
    /// The line in a text file, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The byte in a binary file or a disk, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The key in a configuration, as spelled there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What was seen and what it means, as a phrase without a full stop.
    pub text: String,
}

impl Evidence {
    /// Evidence that says `text`.
    pub fn new(text: impl Into<String>) -> Evidence {
        Evidence {
            text: text.into(),
            ..Evidence::default()
        }
    }

    /// The evidence, found in `file`.
    #[must_use]
    pub fn file(self, file: impl Into<PathText>) -> Evidence {
        Evidence {
            file: Some(file.into()),
            ..self
        }
    }

    /// The evidence, found in line `line`, counted from 1.
    #[must_use]
    pub fn line(self, line: u64) -> Evidence {
        Evidence {
            line: Some(line),
            ..self
        }
    }

    /// The evidence, found at byte `offset`.
    #[must_use]
    pub fn offset(self, offset: u64) -> Evidence {
        Evidence {
            offset: Some(offset),
            ..self
        }
    }

    /// The evidence, found as the value of `key`.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Evidence {
        Evidence {
            key: Some(key.into()),
            ..self
        }
    }
}

/// Who acts on a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// Nobody has to.
    None,
    /// The program.
    Automatic,
    /// A person.
    Manual,
}

/// What is done about a finding, or has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Action {
    /// Who acts.
    pub kind: ActionKind,
    /// Whether it has happened.
    pub done: bool,
    /// What, as a phrase without a full stop; empty if there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Action {
    /// Nothing to do.
    pub fn none() -> Action {
        Action {
            kind: ActionKind::None,
            done: false,
            text: String::new(),
        }
    }

    /// The program does what `text` says; see [`Action::done`] for when it has.
    pub fn automatic(text: impl Into<String>) -> Action {
        Action {
            kind: ActionKind::Automatic,
            done: false,
            text: text.into(),
        }
    }

    /// A person has to do what `text` says.
    pub fn manual(text: impl Into<String>) -> Action {
        Action {
            kind: ActionKind::Manual,
            done: false,
            text: text.into(),
        }
    }

    /// The action as one that has happened.
    #[must_use]
    pub fn done(self) -> Action {
        Action { done: true, ..self }
    }
}

impl Default for Action {
    fn default() -> Action {
        Action::none()
    }
}
