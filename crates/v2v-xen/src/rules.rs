//! The rules, by subject and in their order.

mod addition;
mod boot;
mod clock;
mod cmdline;
mod console;
mod controller;
mod device;
mod disk;
mod display;
mod domain;
mod features;
mod guide;
mod hostdev;
mod interface;
mod lifecycle;
mod memory;
mod processor;

use crate::rule::Rule;

/// All rules. What is removed comes before what is added, so that an address or a name is free.
const ALL: &[&[Rule]] = &[
    domain::RULES,
    boot::RULES,
    features::RULES,
    memory::RULES,
    processor::RULES,
    clock::RULES,
    lifecycle::RULES,
    controller::RULES,
    disk::RULES,
    cmdline::RULES,
    interface::RULES,
    console::RULES,
    display::RULES,
    hostdev::RULES,
    device::RULES,
    addition::RULES,
];

/// All rules in their order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().copied().flatten()
}

/// The rules of the Xen migration guide and nothing else, in their order.
pub fn guide_rules() -> impl Iterator<Item = &'static Rule> {
    guide::RULES.iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_says_what_it_does() {
        for all in [rules().collect::<Vec<_>>(), guide_rules().collect()] {
            let mut names: Vec<&str> = all.iter().map(|rule| rule.id).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all.len());
            for rule in all {
                let is_name = rule
                    .id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit());
                assert!(is_name, "{}", rule.id);
                assert!(rule.xpath.starts_with("/domain"), "{}", rule.id);
                assert!(!rule.when.is_empty() && !rule.why.is_empty(), "{}", rule.id);
            }
        }
    }
}
