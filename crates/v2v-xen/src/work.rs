//! A conversion under way: the document, and the only ways to change it, which remember what they did.

use v2v_report::{Action, Evidence as Seen, Finding, FindingId, Severity};
use v2v_target::device::Facts;
use v2v_target::guest::Guest;
use v2v_target::policy::{Firmware, Machine};
use v2v_target::{GuestEvidence, Policy};
use v2v_xml::{Document, NewElement, NodeId};

use crate::change::Change;
use crate::evidence::{Evidence, ImageEvidence};
use crate::source::Boot;

/// A conversion under way.
pub(crate) struct Work<'a> {
    pub(crate) document: Document,
    pub(crate) policy: &'a Policy,
    pub(crate) evidence: &'a Evidence,
    /// The guest, as far as the source tells.
    pub(crate) guest: Guest,
    /// How the guest was started on Xen.
    pub(crate) boot: Boot,
    /// Decided before the first rule; see [`crate::plan`].
    pub(crate) machine: Machine,
    pub(crate) firmware: Firmware,
    pub(crate) changes: Vec<Change>,
    pub(crate) findings: Vec<Finding>,
    /// The rule that is being applied.
    pub(crate) rule: &'static str,
}

impl Work<'_> {
    pub(crate) fn root(&self) -> NodeId {
        self.document.root()
    }

    /// `<devices>`, which is made if there is none.
    pub(crate) fn devices(&mut self) -> Option<NodeId> {
        let root = self.root();
        match self.document.child(root, "devices") {
            Some(devices) => Some(devices),
            None => self.append(root, NewElement::new("devices")),
        }
    }

    /// All elements at `path`, seen from the root: `devices/disk`.
    pub(crate) fn all(&self, path: &str) -> Vec<NodeId> {
        self.document.find_all(self.root(), path)
    }

    /// The first element at `path`, seen from the root.
    pub(crate) fn first(&self, path: &str) -> Option<NodeId> {
        self.document.find(self.root(), path)
    }

    /// The value of an attribute, empty if there is none.
    pub(crate) fn attribute(&self, id: NodeId, name: &str) -> String {
        self.document
            .attribute(id, name)
            .map_or_else(String::new, std::borrow::Cow::into_owned)
    }

    /// The text of an element without blanks around it.
    pub(crate) fn text(&self, id: NodeId) -> String {
        self.document.text_trimmed(id).into_owned()
    }

    /// What decides on devices.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            policy: self.policy,
            guest: &self.guest,
            evidence: self.guest_evidence(),
        }
    }

    pub(crate) fn guest_evidence(&self) -> Option<&GuestEvidence> {
        self.evidence.guest.as_ref()
    }

    /// What the caller saw of the image `source`.
    pub(crate) fn image(&self, source: &str) -> Option<&ImageEvidence> {
        self.evidence.images.get(source)
    }

    /// Sets an attribute.
    pub(crate) fn set_attribute(&mut self, id: NodeId, name: &str, value: &str) {
        let before = self
            .document
            .attribute(id, name)
            .map(std::borrow::Cow::into_owned);
        if before.as_deref() == Some(value) {
            return;
        }
        if self.document.set_attribute(id, name, value).is_ok() {
            self.record(id, format!("/@{name}"), before, Some(value.to_owned()));
        }
    }

    /// Removes an attribute, if it is there.
    pub(crate) fn remove_attribute(&mut self, id: NodeId, name: &str) {
        let before = self
            .document
            .attribute(id, name)
            .map(std::borrow::Cow::into_owned);
        if before.is_some() && self.document.remove_attribute(id, name).is_ok() {
            self.record(id, format!("/@{name}"), before, None);
        }
    }

    /// Sets the text of an element that has no child elements.
    pub(crate) fn set_text(&mut self, id: NodeId, text: &str) {
        let before = self.text(id);
        if before == text {
            return;
        }
        if self.document.set_text(id, text).is_ok() {
            self.record(id, String::new(), Some(before), Some(text.to_owned()));
        }
    }

    /// Removes an element with its line.
    pub(crate) fn remove(&mut self, id: NodeId) {
        let before = self.document.print_node(id);
        let parent = self.document.parent(id);
        if self.document.remove(id).is_ok() {
            let path = format!("/{}", self.document.name(id));
            self.record(id, path, Some(before), None);
            if let (Some(parent), Some(change)) = (parent, self.changes.last_mut()) {
                change.place = parent;
            }
        }
    }

    /// Puts an element in the place of another.
    pub(crate) fn replace(&mut self, id: NodeId, new: NewElement) -> Option<NodeId> {
        let before = self.document.print_node(id);
        let line = self.document.line(id);
        let new = self.document.replace(id, new).ok()?;
        let after = self.document.print_node(new);
        self.record(new, String::new(), Some(before), Some(after));
        if let Some(change) = self.changes.last_mut() {
            change.line = line;
        }
        Some(new)
    }

    /// Adds an element as the last of `parent`.
    pub(crate) fn append(&mut self, parent: NodeId, new: NewElement) -> Option<NodeId> {
        let new = self.document.append(parent, new).ok()?;
        Some(self.added(new))
    }

    /// Adds an element behind its brother or sister.
    pub(crate) fn insert_after(&mut self, sibling: NodeId, new: NewElement) -> Option<NodeId> {
        let new = self.document.insert_after(sibling, new).ok()?;
        Some(self.added(new))
    }

    /// Adds an element before its brother or sister.
    pub(crate) fn insert_before(&mut self, sibling: NodeId, new: NewElement) -> Option<NodeId> {
        let new = self.document.insert_before(sibling, new).ok()?;
        Some(self.added(new))
    }

    fn added(&mut self, new: NodeId) -> NodeId {
        let after = self.document.print_node(new);
        self.record(new, String::new(), None, Some(after));
        new
    }

    /// Remembers a change. `path` is what follows the path of the element, which is put before it at the end: to find the
    /// place among thousands of brothers and sisters for each change is too slow.
    fn record(
        &mut self,
        node: NodeId,
        path: String,
        before: Option<String>,
        after: Option<String>,
    ) {
        self.changes.push(Change {
            rule: self.rule,
            path,
            line: self.document.line(node),
            before,
            after,
            node,
            place: node,
        });
    }

    /// Puts the nodes' own paths before those of the changes.
    pub(crate) fn complete_paths(&mut self) {
        let paths = self.document.paths();
        for change in &mut self.changes {
            let own = paths.path(&self.document, change.place);
            change.path.insert_str(0, &own);
        }
    }

    /// Says that `subject` is worth an eye: `text` is what was seen and what it means, `at` the element that shows it.
    pub(crate) fn tell(
        &mut self,
        id: FindingId,
        severity: Severity,
        subject: impl Into<String>,
        at: impl Into<Option<NodeId>>,
        text: impl Into<String>,
        action: Action,
    ) {
        let mut seen = Seen::new(text);
        if let Some(node) = at.into() {
            if let Some(line) = self.document.line(node) {
                seen = seen.line(line);
            }
            seen = seen.key(self.document.path(node));
        }
        self.findings.push(
            Finding::new(id, severity, subject)
                .evidence(seen)
                .action(action),
        );
    }

    /// Says it for the record.
    pub(crate) fn info(
        &mut self,
        id: FindingId,
        subject: impl Into<String>,
        at: impl Into<Option<NodeId>>,
        text: impl Into<String>,
    ) {
        self.tell(id, Severity::Info, subject, at, text, Action::none());
    }

    /// Says that a person has to do `action`, or to check that nothing is lost.
    pub(crate) fn warn(
        &mut self,
        id: FindingId,
        subject: impl Into<String>,
        at: impl Into<Option<NodeId>>,
        text: impl Into<String>,
        action: impl Into<String>,
    ) {
        self.tell(
            id,
            Severity::Warn,
            subject,
            at,
            text,
            Action::manual(action),
        );
    }

    /// Says that nothing may be written before a person has done `action`.
    pub(crate) fn block(
        &mut self,
        id: FindingId,
        subject: impl Into<String>,
        at: impl Into<Option<NodeId>>,
        text: impl Into<String>,
        action: impl Into<String>,
    ) {
        self.tell(
            id,
            Severity::Blocker,
            subject,
            at,
            text,
            Action::manual(action),
        );
    }
}
