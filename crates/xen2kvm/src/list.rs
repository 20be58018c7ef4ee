//! The rules, for `--list-rules`.

use std::fmt::Write as _;

use v2v_xen::{RuleChoice, UnknownRule};

/// The rules of `choice` in the order in which they apply, each with what it is about, when it applies and why.
pub(crate) fn text(choice: &RuleChoice) -> Result<String, UnknownRule> {
    let mut text = String::new();
    for rule in choice.rules()? {
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{}\n    {}\n    if {}\n    {}",
            rule.id, rule.xpath, rule.when, rule.why
        );
    }
    Ok(text)
}
