//! The domain as a whole: its type and name, and what only a Xen host or a running Xen domain has.

use v2v_report::{Action, Severity};
use v2v_target::finding;
use v2v_xml::{NewElement, NodeId};

use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "domain-type",
        xpath: "/domain/@type",
        when: "it is xen",
        why: "the hypervisor is KVM",
        apply: set_type,
    },
    Rule {
        id: "domain-id",
        xpath: "/domain/@id",
        when: "it is there",
        why: "the number of the running domain on the Xen host; a live domain can't be converted",
        apply: remove_id,
    },
    Rule {
        id: "domain-name",
        xpath: "/domain/name",
        when: "another name is asked for, or libvirt would refuse it",
        why: "a name with a slash or a control character can't be defined; otherwise the name stays",
        apply: set_name,
    },
    Rule {
        id: "domain-xen-namespace",
        xpath: "/domain/xen:commandline",
        when: "an element of Xen's namespace is there, or the namespace is declared without one",
        why: "arguments for Xen's device model; KVM's QEMU is another one, and libvirt reads them only for Xen",
        apply: remove_xen_namespace,
    },
    Rule {
        id: "domain-seclabel",
        xpath: "/domain/seclabel",
        when: "it is there",
        why: "a label of the Xen host's policy; libvirt gives the domain one of the new host",
        apply: remove_seclabel,
    },
];

/// The namespace of libvirt's passthrough to Xen's device model.
const XEN_NAMESPACE: &str = "http://libvirt.org/schemas/domain/xen/1.0";

pub(super) fn set_type(work: &mut Work<'_>) {
    work.set_attribute(work.root(), "type", "kvm");
}

fn remove_id(work: &mut Work<'_>) {
    let root = work.root();
    let id = work.attribute(root, "id");
    if work.document.attribute(root, "id").is_none() {
        return;
    }
    work.remove_attribute(root, "id");
    let text = format!("the domain ran as number {id:?} when this was printed");
    let action = Action::manual("shut it down; a running guest can't be converted");
    let severity = Severity::Warn;
    work.tell(
        finding::VM_MAYBE_RUNNING,
        severity,
        "domain",
        root,
        text,
        action,
    );
}

fn set_name(work: &mut Work<'_>) {
    let Some(name) = work.first("name") else {
        if let Some(wanted) = work.policy.name.clone() {
            let new = NewElement::new("name").text(valid_name(&wanted));
            add_first(work, new);
        }
        return;
    };
    let old = work.text(name);
    let wanted = work.policy.name.clone().unwrap_or_else(|| old.clone());
    let valid = valid_name(&wanted);
    if valid == old {
        return;
    }
    work.set_text(name, &valid);
    if valid != wanted {
        let text = format!("{wanted:?} can't be a domain's name; it became {valid:?}");
        work.info(finding::NAME_CHANGED, "name", name, text);
    }
    let is_titled = work.first("title").is_some();
    if !is_titled && !old.is_empty() {
        work.insert_after(name, NewElement::new("title").text(one_line(&old)));
    }
}

/// `name` as libvirt takes it.
fn valid_name(name: &str) -> String {
    one_line(name).replace('/', "_")
}

/// `text` without what can't stand in a line.
fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), "_")
}

fn remove_xen_namespace(work: &mut Work<'_>) {
    let root = work.root();
    let is_xen = |id: &NodeId| work.document.namespace(*id).as_deref() == Some(XEN_NAMESPACE);
    let elements: Vec<NodeId> = work.document.elements(root).filter(is_xen).collect();
    for element in elements {
        let values: Vec<String> = work
            .document
            .descendants(element)
            .filter_map(|id| work.document.attribute(id, "value"))
            .map(std::borrow::Cow::into_owned)
            .collect();
        let name = work.document.name(element).to_owned();
        let text = format!(
            "arguments of Xen's device model ({}) have no meaning on KVM",
            values.join(" ")
        );
        let action = "if one is still wanted, write what it does as libvirt's own element";
        work.warn(finding::SETTING_NOT_CARRIED, name, element, text, action);
        work.remove(element);
    }
    let declared: Vec<String> = work
        .document
        .attributes(root)
        .filter(|(name, value)| name.starts_with("xmlns:") && value == XEN_NAMESPACE)
        .map(|(name, _)| name.to_owned())
        .collect();
    for declaration in declared {
        if !is_used(work, declaration.trim_start_matches("xmlns:")) {
            work.remove_attribute(root, &declaration);
        }
    }
}

/// Whether an element or an attribute has this prefix.
fn is_used(work: &Work<'_>, prefix: &str) -> bool {
    let document = &work.document;
    let has = |name: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(':'))
    };
    document
        .descendants(document.root())
        .any(|id| has(document.name(id)) || document.attributes(id).any(|(name, _)| has(name)))
}

fn remove_seclabel(work: &mut Work<'_>) {
    for label in work.all("seclabel") {
        let model = work.attribute(label, "model");
        let text = format!("a security label of the Xen host (model {model:?}) means nothing here");
        work.info(finding::SETTING_NOT_CARRIED, "seclabel", label, text);
        work.remove(label);
    }
}

/// Adds an element to the domain behind the last of `places` that is there, in the order of this list; before the
/// devices if none is.
pub(super) fn add_behind(work: &mut Work<'_>, places: &[&str], new: NewElement) -> Option<NodeId> {
    let place = places.iter().rev().find_map(|name| work.first(name));
    match (place, work.first("devices")) {
        (Some(place), _) => work.insert_after(place, new),
        (None, Some(devices)) => work.insert_before(devices, new),
        (None, None) => work.append(work.root(), new),
    }
}

/// Adds an element as the domain's first.
fn add_first(work: &mut Work<'_>, new: NewElement) -> Option<NodeId> {
    let root = work.root();
    let first = work.document.elements(root).next();
    match first {
        Some(first) => work.insert_before(first, new),
        None => work.append(root, new),
    }
}
