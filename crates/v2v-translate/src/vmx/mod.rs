//! The rules for a .vmx: each takes the typed view of a subject, writes its part of the domain, and accounts for the
//! keys it used.
//!
//! A rule is a function over [`Work`]. Its order matters in two places only: what the guest is and which buses its
//! disks get is known before the machine is chosen, and the machine before anything is written.

mod absent;
mod clock;
mod cpu;
mod display;
mod extra;
mod firmware;
mod identity;
mod memory;
mod network;
mod passthrough;
mod ports;
mod sound;
mod state;
mod storage;
mod text;
mod usb;

use v2v_domain::Domain;
use v2v_report::{Action, BootReport, Evidence as Seen, Finding, FindingId, NicReport, Severity};
use v2v_vmx::{Document, EntryId, Vm};

use crate::device::Facts;
use crate::evidence::Evidence;
use crate::guest::Guest;
use crate::ledger::{Ledger, Settled, shown};
use crate::policy::{Firmware, Machine, Policy};
use crate::translation::{DiskLink, Translation};

pub use storage::wanted_files;

/// Makes a libvirt domain of a VMware configuration.
///
/// `document` is what the .vmx says, `policy` what the caller wants, `evidence` what the caller saw beside the file.
/// The answer always has a domain; whether it may be used is a question of its findings
/// ([`Translation::blockers`]). Every entry of the document is in [`Translation::settings`].
///
/// The domain is of type `kvm` for x86_64. It has no `<emulator>` unless the policy names one, no random part, and
/// nothing in it depends on the time or the host.
pub fn translate(document: &Document, policy: &Policy, evidence: &Evidence) -> Translation {
    let vm = Vm::new(document);
    let mut work = Work::new(document, &vm, policy, evidence);
    text::tell_problems(&mut work);
    absent::account(&mut work);
    state::check(&mut work);
    identity::write(&mut work);
    memory::write(&mut work);
    cpu::write(&mut work);
    firmware::write(&mut work);
    clock::write(&mut work);
    storage::write(&mut work);
    network::write(&mut work);
    ports::write(&mut work);
    usb::write(&mut work);
    sound::write(&mut work);
    display::write(&mut work);
    passthrough::write(&mut work);
    extra::write(&mut work);
    work.finish()
}

/// A translation under way.
struct Work<'a> {
    document: &'a Document,
    vm: &'a Vm,
    policy: &'a Policy,
    evidence: &'a Evidence,
    guest: Guest,
    /// How the disks will be attached, and what follows from it for the machine.
    plan: storage::Plan,
    machine: Machine,
    firmware: Firmware,
    ledger: Ledger<'a>,
    findings: Vec<Finding>,
    domain: Domain,
    disks: Vec<DiskLink>,
    nics: Vec<NicReport>,
    boot: BootReport,
}

impl<'a> Work<'a> {
    /// Everything that is decided before the first element is written.
    fn new(
        document: &'a Document,
        vm: &'a Vm,
        policy: &'a Policy,
        evidence: &'a Evidence,
    ) -> Work<'a> {
        let guest = identity::guest(vm);
        let firmware = firmware::choose(vm, policy, evidence);
        let facts = Facts {
            policy,
            guest: &guest,
            evidence: evidence.guest.as_ref(),
        };
        let mut plan = storage::Plan::new(vm, &facts);
        let machine = facts.machine(firmware, plan.buses());
        plan.fit(&facts, machine);
        Work {
            document,
            vm,
            policy,
            evidence,
            guest,
            plan,
            machine,
            firmware,
            ledger: Ledger::new(document),
            findings: Vec::new(),
            domain: identity::new_domain(machine, policy),
            disks: Vec::new(),
            nics: Vec::new(),
            boot: BootReport::new(firmware.name()),
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            policy: self.policy,
            guest: &self.guest,
            evidence: self.evidence.guest.as_ref(),
        }
    }

    /// Says that `subject` is worth an eye: `text` is what was seen and what it means, `at` the entry that shows it.
    fn tell(
        &mut self,
        id: FindingId,
        severity: Severity,
        subject: impl AsRef<str>,
        at: impl Into<Option<EntryId>>,
        text: impl Into<String>,
        action: Action,
    ) {
        let mut seen = Seen::new(text);
        if let Some(entry) = at.into().and_then(|id| self.document.entry(id)) {
            seen = seen.line(entry.line()).key(shown(entry.key()));
        }
        let subject = shown(subject.as_ref());
        self.findings.push(
            Finding::new(id, severity, subject)
                .evidence(seen)
                .action(action),
        );
    }

    /// Says it for the record.
    fn info(
        &mut self,
        id: FindingId,
        subject: impl AsRef<str>,
        at: impl Into<Option<EntryId>>,
        text: impl Into<String>,
    ) {
        self.tell(id, Severity::Info, subject, at, text, Action::none());
    }

    /// Says that a person has to do `action`, or to check that nothing is lost.
    fn warn(
        &mut self,
        id: FindingId,
        subject: impl AsRef<str>,
        at: impl Into<Option<EntryId>>,
        text: impl Into<String>,
        action: impl Into<String>,
    ) {
        let action = Action::manual(action);
        self.tell(id, Severity::Warn, subject, at, text, action);
    }

    /// Says that nothing may be written before a person has done `action`.
    fn block(
        &mut self,
        id: FindingId,
        subject: impl AsRef<str>,
        at: impl Into<Option<EntryId>>,
        text: impl Into<String>,
        action: impl Into<String>,
    ) {
        let action = Action::manual(action);
        self.tell(id, Severity::Blocker, subject, at, text, action);
    }

    /// The key of an entry as it is spelt, cut if it is long.
    fn key(&self, id: EntryId) -> String {
        self.document
            .entry(id)
            .map_or_else(String::new, |entry| shown(entry.key()))
    }

    /// Enters the entry `PREFIX.NAME`, if there is one, as gone to `to`.
    fn mapped_key(&mut self, key: &str, to: &str) {
        if let Some(entry) = self.document.get(key) {
            self.ledger.mapped(entry.id(), to);
        }
    }

    /// Enters the entry `key`, if there is one, as left out because of `reason`.
    fn ignored_key(&mut self, key: &str, reason: &str) {
        if let Some(entry) = self.document.get(key) {
            self.ledger.ignored(entry.id(), reason);
        }
    }

    /// Closes the account: what no rule has taken is told from the tables, or as unknown.
    fn finish(mut self) -> Translation {
        let document = self.document;
        let ledger = std::mem::replace(&mut self.ledger, Ledger::empty(document));
        let Settled {
            settings,
            not_carried,
            unknown,
        } = ledger.settle();
        text::tell_not_carried(&mut self, &not_carried);
        text::tell_unknown(&mut self, &unknown);
        Translation {
            domain: self.domain,
            guest: self.guest,
            settings,
            findings: self.findings,
            disks: self.disks,
            nics: self.nics,
            boot: self.boot,
        }
    }
}

/// The XPath of the `index`th element of a kind, counted from 0.
fn device_path(kind: &str, index: usize) -> String {
    format!("/domain/devices/{kind}[{}]", index.saturating_add(1))
}
