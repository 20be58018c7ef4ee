//! The account of every setting: each gets exactly one fate, and what no rule has taken is in a table or unknown.

use v2v_report::{SettingReport, SettingState};
use v2v_vmx::{Document, Entry, EntryId};

use crate::ignored::{self, Fate};

/// Values longer than this are cut in reports: a key of a megabyte is no reason for a report of one.
const SHOWN: usize = 256;

/// What a rule said of an entry.
#[derive(Debug, Clone)]
struct Account {
    state: SettingState,
    to: Option<String>,
    reason: String,
}

/// The fates of the entries of one document.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    document: &'a Document,
    accounts: Vec<Option<Account>>,
}

/// Entries that no rule has taken, by the table they are in.
#[derive(Debug)]
pub(crate) struct Settled {
    /// Every entry, in the order of the file.
    pub(crate) settings: Vec<SettingReport>,
    /// The entries that are not carried because a table says so.
    pub(crate) not_carried: Vec<(EntryId, Fate)>,
    /// The entries in no table.
    pub(crate) unknown: Vec<EntryId>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(document: &'a Document) -> Ledger<'a> {
        Ledger {
            document,
            accounts: vec![None; document.entries().len()],
        }
    }

    /// The account of nothing, to put in the place of one that is closed.
    pub(crate) fn empty(document: &'a Document) -> Ledger<'a> {
        Ledger {
            document,
            accounts: Vec::new(),
        }
    }

    /// The entry went to `to`, an XPath into the domain.
    pub(crate) fn mapped(&mut self, id: EntryId, to: impl Into<String>) {
        self.mapped_because(id, to, "");
    }

    /// The entry went to `to` in a way that needs a word.
    pub(crate) fn mapped_because(
        &mut self,
        id: EntryId,
        to: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.enter(id, SettingState::Mapped, Some(to.into()), reason.into());
    }

    /// The entry is left out, and nothing is lost.
    pub(crate) fn ignored(&mut self, id: EntryId, reason: impl Into<String>) {
        self.enter(id, SettingState::Ignored, None, reason.into());
    }

    /// The entry meant something that the domain does not say; the caller adds the finding.
    pub(crate) fn not_carried(&mut self, id: EntryId, reason: impl Into<String>) {
        self.enter(id, SettingState::NotCarried, None, reason.into());
    }

    /// What is in the domain stays so, whatever a later rule says; else the first rule counts.
    fn enter(&mut self, id: EntryId, state: SettingState, to: Option<String>, reason: String) {
        let Some(account) = self.accounts.get_mut(id.index()) else {
            return;
        };
        let is_better = account.as_ref().is_none_or(|account| {
            account.state != SettingState::Mapped && state == SettingState::Mapped
        });
        if is_better {
            *account = Some(Account { state, to, reason });
        }
    }

    /// Whether no rule has taken the entry yet.
    pub(crate) fn is_open(&self, id: EntryId) -> bool {
        self.accounts.get(id.index()).is_some_and(Option::is_none)
    }

    /// Closes the account.
    pub(crate) fn settle(self) -> Settled {
        let mut settled = Settled {
            settings: Vec::with_capacity(self.accounts.len()),
            not_carried: Vec::new(),
            unknown: Vec::new(),
        };
        for (entry, account) in self.document.entries().iter().zip(self.accounts) {
            let account = account.unwrap_or_else(|| settled.look_up(entry));
            let mut setting = SettingReport::new(shown(entry.key()), entry.line(), account.state);
            if !ignored::is_secret(entry.key_lower()) {
                setting.value = Some(shown(entry.value()));
            }
            setting.to = account.to;
            setting.reason = account.reason;
            settled.settings.push(setting);
        }
        settled
    }
}

impl Settled {
    fn look_up(&mut self, entry: &Entry) -> Account {
        let (state, reason) = match ignored::fate(entry.key_lower()) {
            Some(fate) => {
                if fate.finding.is_some() {
                    self.not_carried.push((entry.id(), fate));
                }
                (fate.state(), fate.reason)
            }
            None => {
                self.unknown.push(entry.id());
                (SettingState::Unknown, "in no table of known keys")
            }
        };
        Account {
            state,
            to: None,
            reason: reason.to_owned(),
        }
    }
}

/// `text`, cut if it is long.
pub(crate) fn shown(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let start = (0..=SHOWN).rev().find_map(|end| text.get(..end));
    format!("{}... ({} bytes)", start.unwrap_or_default(), text.len())
}
