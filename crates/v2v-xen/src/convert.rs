//! The way of a domain through the rules.

use v2v_report::Finding;
use v2v_target::Policy;
use v2v_target::guest::Guest;
use v2v_xml::Document;

use crate::change::Change;
use crate::choice::{RuleChoice, UnknownRule};
use crate::evidence::Evidence;
use crate::plan;
use crate::source::Boot;
use crate::work::Work;

/// Why a document is not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The document is no domain.
    #[error("the root element is <{found}>, expected <domain>; give what `virsh dumpxml` prints")]
    NoDomain {
        /// The root element.
        found: String,
    },
    /// A domain of another hypervisor.
    #[error("the domain is of type {found:?}, expected \"xen\"; {advice}")]
    Type {
        /// `vmware`, `lxc`, `hyperv`, ...
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// A rule that does not exist.
    #[error(transparent)]
    Rule(#[from] UnknownRule),
}

/// A converted domain.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Conversion {
    /// The domain.
    pub document: Document,
    /// What was changed, in the order of the rules; nothing if it was a KVM domain already.
    pub changes: Vec<Change>,
    /// What a person may have to know.
    pub findings: Vec<Finding>,
    /// The guest, as far as the source tells.
    pub guest: Guest,
    /// How it was started on Xen.
    pub boot: Boot,
}

/// Applies the rules to a Xen domain.
///
/// A domain of type `kvm` or `qemu` is given back as it is: a second conversion changes nothing.
///
/// # Errors
///
/// [`Error`] if it is no domain, one of another hypervisor, or `choice` names a rule that does not exist.
pub fn convert(
    document: Document,
    policy: &Policy,
    evidence: &Evidence,
    choice: &RuleChoice,
) -> Result<Conversion, Error> {
    let rules = choice.rules()?;
    let is_converted = check(&document)?;
    let boot = Boot::of(&document);
    let guest = plan::guest(&document, &boot);
    let (machine, firmware) = plan::machine(&document, &boot, &guest, policy, evidence);
    let mut work = Work {
        document,
        policy,
        evidence,
        guest,
        boot,
        machine,
        firmware,
        changes: Vec::new(),
        findings: Vec::new(),
        rule: "",
    };
    if !is_converted {
        for rule in rules {
            work.rule = rule.id;
            (rule.apply)(&mut work);
        }
        work.complete_paths();
    }
    Ok(Conversion {
        document: work.document,
        changes: work.changes,
        findings: work.findings,
        guest: work.guest,
        boot: work.boot,
    })
}

/// Whether the domain is a KVM domain already.
fn check(document: &Document) -> Result<bool, Error> {
    let root = document.root();
    let name = document.name(root);
    if name != "domain" {
        return Err(Error::NoDomain {
            found: name.to_owned(),
        });
    }
    let kind = document.attribute(root, "type").unwrap_or_default();
    match kind.as_ref() {
        "xen" => Ok(false),
        "kvm" | "qemu" => Ok(true),
        found => Err(Error::Type {
            found: found.to_owned(),
            advice: match found {
                "vmware" => "give the .vmx to vmx2libvirt",
                "lxc" | "openvz" | "vz" => "a container has no hardware that KVM could take over",
                "" => "say type='xen' if it is one",
                _ => "convert it with the tools of its own hypervisor first",
            },
        }),
    }
}
