//! What a rule is.

use std::fmt;

use crate::work::Work;

/// One step from a Xen domain to a KVM domain.
///
/// A rule looks for its XPath, checks its precondition, and changes what it is about and nothing else. A rule that finds
/// nothing to do changes nothing, so a converted domain stays as it is.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, for `--only` and `--skip`: `disk-driver`.
    pub id: &'static str,
    /// What it is about.
    pub xpath: &'static str,
    /// When it does something.
    pub when: &'static str,
    /// What it does and why, in a sentence.
    pub why: &'static str,
    pub(crate) apply: fn(&mut Work<'_>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.id)
    }
}
