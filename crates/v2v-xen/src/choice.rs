//! Which rules apply.

use crate::rule::Rule;
use crate::rules::{guide_rules, rules};

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
