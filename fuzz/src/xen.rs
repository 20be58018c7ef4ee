//! Xen guests on their way to KVM domains.

use v2v_domain::Domain;
use v2v_target::Policy;
use v2v_target::policy::{BootChoice, Machine, Profile};
use v2v_xen::{Conversion, Evidence, RuleChoice, convert, from_xl, rules};
use v2v_xl::Config;
use v2v_xml::{Document, ParseOptions};

/// What is read, XML or a configuration, becomes a domain that is read back, and a second conversion changes nothing.
/// Nor does a single rule when it comes again. The first two bytes choose the policy, the third one chooses the rule.
pub fn guest(data: &[u8]) {
    let Some((choice, text)) = data.split_first_chunk::<3>() else {
        return;
    };
    let Some(document) = document(text) else {
        return;
    };
    let policy = policy(*choice);
    let mut all = RuleChoice::default();
    all.guide = choice[1] & 8 != 0;
    let Ok(done) = run(document.clone(), &policy, &all) else {
        return;
    };
    check(&done);
    let again = run(done.document, &policy, &all).expect("a KVM domain");
    assert!(again.changes.is_empty(), "{:?}", again.changes);

    let names: Vec<&str> = rules().map(|rule| rule.id).collect();
    let mut one = RuleChoice::default();
    one.only = vec![names[usize::from(choice[2]) % names.len()].to_owned()];
    let done = run(document, &policy, &one).expect("a domain that was taken before");
    check(&done);
    let again = run(done.document, &policy, &one).expect("a domain that was taken before");
    assert!(again.changes.is_empty(), "{:?}", again.changes);
}

/// XML begins with a tag; all else is a configuration.
fn document(text: &[u8]) -> Option<Document> {
    if let Ok(document) = Document::parse(text, &ParseOptions::default()) {
        return Some(document);
    }
    let config = Config::parse(text, &Default::default()).ok()?;
    let xen = from_xl(&config);
    assert_eq!(xen.settings.len(), config.entries().len());
    for setting in &xen.settings {
        assert!(
            setting.to.is_some() || !setting.reason.is_empty(),
            "{setting:?}"
        );
    }
    for finding in &xen.findings {
        assert!(!finding.evidence.text.is_empty(), "{finding:?}");
    }
    let xml = xen.document.to_string();
    Some(Document::parse(xml, &roomy()).expect("a domain that was made here"))
}

fn run(
    document: Document,
    policy: &Policy,
    choice: &RuleChoice,
) -> Result<Conversion, v2v_xen::Error> {
    convert(document, policy, &Evidence::default(), choice)
}

fn check(done: &Conversion) {
    let xml = done.document.to_string();
    let again = Document::parse(&xml, &roomy()).expect("a changed document");
    assert_eq!(again.to_string(), xml);
    for finding in &done.findings {
        assert!(!finding.evidence.text.is_empty(), "{finding:?}");
    }
    if let Ok(domain) = Domain::parse(&xml) {
        let printed = domain.to_xml();
        assert!(printed.is_ok(), "{printed:?}");
    }
}

/// What is added can be more than what may be read.
fn roomy() -> ParseOptions {
    let options = ParseOptions::default();
    ParseOptions {
        max_depth: options.max_depth.saturating_add(10),
        max_nodes: options.max_nodes.saturating_mul(4),
        max_bytes: options.max_bytes.saturating_mul(4),
        ..options
    }
}

fn policy([first, second, _]: [u8; 3]) -> Policy {
    let mut policy = Policy::default();
    policy.profile = Profile::ALL[usize::from(first) % Profile::ALL.len()];
    policy.machine = match first / 4 % 3 {
        0 => None,
        1 => Some(Machine::Pc),
        _ => Some(Machine::Q35),
    };
    policy.keep.affinity = first & 0x40 != 0;
    policy.keep.vnc_password = first & 0x80 != 0;
    policy.xen.keep_layout = second & 1 != 0;
    policy.xen.keep_video = second & 2 != 0;
    policy.xen.boot = (second & 4 != 0).then_some(BootChoice::Direct);
    policy
}
