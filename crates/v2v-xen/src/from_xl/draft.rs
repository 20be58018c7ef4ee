//! A domain that is being made: what the file says, and what is to be said about it.

use std::collections::HashSet;

use v2v_report::{Action, Evidence, Finding, FindingId, SettingReport, SettingState, Severity};
use v2v_xl::{Config, EntryId, Guest, GuestType, Setting};

use super::ledger::Ledger;

/// A domain that is being made.
pub(super) struct Draft<'a> {
    pub(super) config: &'a Config,
    pub(super) guest: &'a Guest,
    /// Paravirtual where the file contradicts itself, which is a blocker.
    pub(super) kind: GuestType,
    ledger: Ledger,
    unreadable: HashSet<EntryId>,
    findings: Vec<Finding>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(config: &'a Config, guest: &'a Guest) -> Draft<'a> {
        Draft {
            config,
            guest,
            kind: guest.guest_type.unwrap_or(GuestType::Pv),
            ledger: Ledger::new(config),
            unreadable: HashSet::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn is_hvm(&self) -> bool {
        self.kind == GuestType::Hvm
    }

    /// The setting went to `to`, an XPath in the Xen domain.
    pub(super) fn mapped(&mut self, id: EntryId, to: &str) {
        self.mapped_because(id, to, "");
    }

    /// The setting went to `to` in a way that needs a word.
    pub(super) fn mapped_because(&mut self, id: EntryId, to: &str, reason: &str) {
        let to = Some(to.to_owned());
        self.ledger
            .enter(id, SettingState::Mapped, to, reason.to_owned());
    }

    /// The setting is left out, and nothing is lost.
    pub(super) fn ignored(&mut self, id: EntryId, reason: &str) {
        self.ledger
            .enter(id, SettingState::Ignored, None, reason.to_owned());
    }

    /// The setting meant something that the domain does not say; the caller adds the finding.
    pub(super) fn not_carried(&mut self, id: EntryId, reason: &str) {
        self.ledger
            .enter(id, SettingState::NotCarried, None, reason.to_owned());
    }

    /// The value or a part of it can't be read. What can be read of it still has its own fate.
    pub(super) fn mark_unreadable(&mut self, id: EntryId) {
        self.unreadable.insert(id);
    }

    pub(super) fn is_unreadable(&self, id: EntryId) -> bool {
        self.unreadable.contains(&id)
    }

    /// Nobody knows the setting.
    pub(super) fn unknown(&mut self, id: EntryId) {
        let reason = "neither xl nor xm knows it".to_owned();
        self.ledger.enter(id, SettingState::Unknown, None, reason);
    }

    /// The settings went to `to`.
    pub(super) fn all_mapped<const N: usize>(&mut self, ids: [Option<EntryId>; N], to: &str) {
        for id in ids.into_iter().flatten() {
            self.mapped(id, to);
        }
    }

    /// Those of the settings that nothing was said of went to `to`.
    pub(super) fn all_mapped_if_open<const N: usize>(
        &mut self,
        ids: [Option<EntryId>; N],
        to: &str,
    ) {
        for id in ids.into_iter().flatten() {
            if self.is_open(id) {
                self.mapped(id, to);
            }
        }
    }

    /// The settings are left out.
    pub(super) fn all_ignored<const N: usize>(&mut self, ids: [Option<EntryId>; N], reason: &str) {
        for id in ids.into_iter().flatten() {
            self.ignored(id, reason);
        }
    }

    /// Whether nothing has been said of the setting.
    pub(super) fn is_open(&self, id: EntryId) -> bool {
        self.ledger.is_open(id)
    }

    /// The setting is not carried, and that is told.
    pub(super) fn lose(
        &mut self,
        at: EntryId,
        id: FindingId,
        severity: Severity,
        text: &str,
        action: &str,
    ) {
        self.not_carried(at, text);
        let subject = self.config.entry(at).map_or("", |entry| entry.key());
        self.tell(id, severity, subject, at, text, action);
    }

    /// Says something about `subject`; `action` is what a person has to do, empty if nothing.
    pub(super) fn tell(
        &mut self,
        id: FindingId,
        severity: Severity,
        subject: &str,
        at: impl Into<Option<EntryId>>,
        text: impl Into<String>,
        action: &str,
    ) {
        let mut seen = Evidence::new(text);
        if let Some(entry) = at.into().and_then(|id| self.config.entry(id)) {
            seen = seen.line(entry.line()).key(entry.key());
        }
        self.push(Finding::new(id, severity, subject).evidence(seen), action);
    }

    pub(super) fn push(&mut self, finding: Finding, action: &str) {
        let action = match action {
            "" => Action::none(),
            _ => Action::manual(action),
        };
        self.findings.push(finding.action(action));
    }

    /// Every setting in the order of the file, and the findings.
    pub(super) fn close(self) -> (Vec<SettingReport>, Vec<Finding>) {
        (self.ledger.close(self.config), self.findings)
    }
}

/// Where a setting stands, if it is there.
pub(super) fn id<T>(setting: &Option<Setting<T>>) -> Option<EntryId> {
    setting.as_ref().map(|setting| setting.id)
}

/// What a setting of 0 or 1 says, or else `default`.
pub(super) fn is_on(setting: &Option<Setting<bool>>, default: bool) -> bool {
    setting.as_ref().map_or(default, |setting| setting.value)
}
