//! Configurations on their way to domains.

use v2v_domain::Domain;
use v2v_translate::policy::{Machine, Profile};
use v2v_translate::{Evidence, Policy, translate};
use v2v_vmx::{Document, ParseOptions};

/// What parses becomes a domain that can be printed and read back, and every entry is accounted for. The first byte
/// chooses the policy.
pub fn vmx(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(document) = Document::parse(text, &ParseOptions::default()) else {
        return;
    };
    let translation = translate(&document, &policy(*choice), &Evidence::default());
    assert_eq!(translation.settings.len(), document.entries().len());
    let xml = translation
        .domain
        .to_xml()
        .expect("a domain without a form in XML");
    let again = Domain::parse(&xml).expect("a domain that can't be read back");
    assert_eq!(again, translation.domain);
    for finding in &translation.findings {
        assert!(!finding.evidence.text.is_empty(), "{finding:?}");
    }
}

fn policy(choice: u8) -> Policy {
    let mut policy = Policy::default();
    policy.profile = Profile::ALL[usize::from(choice) % Profile::ALL.len()];
    policy.machine = match choice / 4 % 3 {
        0 => None,
        1 => Some(Machine::Pc),
        _ => Some(Machine::Q35),
    };
    policy.keep.affinity = choice & 0x40 != 0;
    policy.keep.vnc_password = choice & 0x80 != 0;
    policy
}
