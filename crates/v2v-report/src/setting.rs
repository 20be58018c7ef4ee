//! What became of one setting of the source's configuration.

use serde::{Deserialize, Serialize};

/// The fate of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingState {
    /// It is in the target, possibly in other words.
    Mapped,
    /// Left out on purpose; the reason says why nothing is lost.
    Ignored,
    /// It meant something and is not in the target; the reason says why, a finding what to do.
    NotCarried,
    /// Nobody here knows it.
    Unknown,
}

impl SettingState {
    /// `mapped`, `ignored`, `not-carried` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            SettingState::Mapped => "mapped",
            SettingState::Ignored => "ignored",
            SettingState::NotCarried => "not-carried",
            SettingState::Unknown => "unknown",
        }
    }
}

/// One setting of the source's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SettingReport {
    /// The key as spelled in the source.
    pub key: String,
    /// The line it stands in, counted from 1.
    pub line: u64,
    /// The value; left out where it may be a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What became of it.
    pub state: SettingState,
    /// Where it went, as an XPath into the target's configuration: `/domain/memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why, as a phrase without a full stop; empty if `to` says everything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl SettingReport {
    /// The setting `key` in line `line`, of which nothing more is known.
    pub fn new(key: impl Into<String>, line: u64, state: SettingState) -> SettingReport {
        SettingReport {
            key: key.into(),
            line,
            value: None,
            state,
            to: None,
            reason: String::new(),
        }
    }
}
