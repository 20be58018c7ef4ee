//! What a rule is.

use std::fmt;

use crate::rules::{guide_rules, rules};
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

/// Which rules apply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleChoice {
    /// Exactly those of the Xen migration guide, for comparison with its results.
    pub guide: bool,
    /// These only; all if empty.
    pub only: Vec<String>,
    /// All but these.
    pub skip: Vec<String>,
}

impl RuleChoice {
    /// The rules in their order.
    ///
    /// # Errors
    ///
    /// [`UnknownRule`] if `only` or `skip` name one that does not exist among them.
    pub fn rules(&self) -> Result<Vec<&'static Rule>, UnknownRule> {
        let all: Vec<&'static Rule> = if self.guide {
            guide_rules().collect()
        } else {
            rules().collect()
        };
        let known = |name: &&String| all.iter().any(|rule| rule.id == name.as_str());
        let mut named = self.only.iter().chain(&self.skip);
        if let Some(name) = named.find(|name| !known(name)) {
            return Err(UnknownRule {
                found: name.clone(),
            });
        }
        let has = |list: &[String], rule: &Rule| list.iter().any(|name| name == rule.id);
        let wanted = |rule: &&Rule| self.only.is_empty() || has(&self.only, rule);
        let skipped = |rule: &&Rule| has(&self.skip, rule);
        Ok(all
            .into_iter()
            .filter(|rule| wanted(rule) && !skipped(rule))
            .collect())
    }
}

/// A name that is no rule's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule {found:?}; --list-rules shows all")]
pub struct UnknownRule {
    /// The name.
    pub found: String,
}
