//! The account of every setting: each gets exactly one fate.

use v2v_report::{SettingReport, SettingState};
use v2v_xl::{Config, Entry, EntryId};

/// Values longer than this are cut in reports.
const SHOWN_BYTES: usize = 256;

#[derive(Debug, Clone)]
struct Fate {
    state: SettingState,
    to: Option<String>,
    reason: String,
}

/// The fates of the settings of one configuration.
#[derive(Debug)]
pub(super) struct Ledger {
    fates: Vec<Option<Fate>>,
}

impl Ledger {
    pub(super) fn new(config: &Config) -> Ledger {
        Ledger {
            fates: vec![None; config.entries().len()],
        }
    }

    /// What is in the domain stays so, whatever comes later; else the first word counts.
    pub(super) fn enter(
        &mut self,
        id: EntryId,
        state: SettingState,
        to: Option<String>,
        reason: String,
    ) {
        let Some(fate) = self.fates.get_mut(id.index()) else {
            return;
        };
        let is_better = fate.as_ref().is_none_or(|known| {
            known.state != SettingState::Mapped && state == SettingState::Mapped
        });
        if is_better {
            *fate = Some(Fate { state, to, reason });
        }
    }

    pub(super) fn is_open(&self, id: EntryId) -> bool {
        self.fates.get(id.index()).is_some_and(Option::is_none)
    }

    /// All settings in the order of the file.
    pub(super) fn close(mut self, config: &Config) -> Vec<SettingReport> {
        self.share(config);
        let entries = config.entries().iter().zip(self.fates);
        entries
            .map(|(entry, fate)| {
                let fate = fate.unwrap_or_else(|| open(entry, config));
                let mut setting = SettingReport::new(entry.key(), entry.line(), fate.state);
                setting.value = value(entry);
                setting.to = fate.to;
                setting.reason = fate.reason;
                setting
            })
            .collect()
    }

    /// Gives what is added with `+=` the fate of the setting it adds to.
    fn share(&mut self, config: &Config) {
        for entry in config.entries() {
            if !self.is_open(entry.id()) || !config.counts(entry.id()) {
                continue;
            }
            let first = config.get(entry.key()).map(|first| first.id().index());
            let fate = first.and_then(|first| self.fates.get(first).cloned().flatten());
            if let Some(slot) = self.fates.get_mut(entry.id().index()) {
                *slot = fate;
            }
        }
    }
}

/// The fate of a setting that nobody has taken.
fn open(entry: &Entry, config: &Config) -> Fate {
    let reason = match config.get(entry.key()) {
        Some(last) if !config.counts(entry.id()) => {
            format!("assigned again in line {}, which counts", last.line())
        }
        _ => "it says nothing".to_owned(),
    };
    Fate {
        state: SettingState::Ignored,
        to: None,
        reason,
    }
}

/// The value for a report; `None` if it may hold a password.
fn value(entry: &Entry) -> Option<String> {
    let text = entry.value().to_string();
    (!may_be_secret(entry.key()) && !may_be_secret(&text)).then(|| shown(text))
}

/// Passwords of displays, and the key of a Ceph client in an `rbd:` target.
pub(super) fn may_be_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("passw") || text.contains("key=")
}

fn shown(text: String) -> String {
    if text.len() <= SHOWN_BYTES {
        return text;
    }
    let start = (0..=SHOWN_BYTES).rev().find_map(|end| text.get(..end));
    format!("{}... ({} bytes)", start.unwrap_or_default(), text.len())
}
