//! Models of cards.

use v2v_target::device::{SourceNic, Why};
use v2v_target::finding;
use v2v_target::policy::{NicModel, Profile};
use v2v_xml::{NewElement, NodeId};

use super::{address, cards, name};
use crate::rules::device::Groups;
use crate::work::Work;

const LOOK: &str = "look for its driver in the guest, or choose with --nic-model";

pub(super) fn set(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut changes = Vec::new();
    for card in cards(work) {
        let model = work.document.child(card, "model");
        let old = model.map_or_else(String::new, |model| work.attribute(model, "type"));
        if let Some(new) = choose(work, card, &old, &mut groups) {
            changes.push((card, model, new));
        }
    }
    groups.tell(work);
    for (card, model, new) in changes {
        write(work, card, model, &new);
    }
}

/// Another model for the card; `None` if it keeps the one it has.
fn choose(work: &Work<'_>, card: NodeId, old: &str, groups: &mut Groups) -> Option<String> {
    let mac = address(work, card);
    let is_asked = work.policy.nic_model.of(&mac).is_some();
    let is_forced = matches!(work.policy.profile, Profile::Virtio | Profile::Legacy);
    if old.starts_with("virtio") && !is_asked && !is_forced {
        return None;
    }
    let source = source(work, old);
    let (model, why) = work.facts().nic_model(Some(&mac), source);
    let new = match model {
        NicModel::Virtio if work.facts().wants_transitional(work.machine) => "virtio-transitional",
        model => model.name(),
    };
    if old == new {
        return None;
    }
    let from = if old.is_empty() {
        "no model".to_owned()
    } else {
        format!("the model {old:?}")
    };
    let subject = name(work, card);
    match why {
        Why::Assumed => {
            let driven =
                "which guests of this kind have a driver for; nobody looked whether this one has";
            if work.guest.is_known() {
                let text = format!("{from} became {model}, {driven}");
                groups.info(finding::NIC_MODEL_CHANGED, subject, card, text);
            } else {
                let text = format!(
                    "{from} became {model}; nobody knows whether the guest has a driver for it"
                );
                groups.warn(finding::NIC_MODEL_CHANGED, subject, card, text, LOOK);
            }
        }
        Why::Nearest => {
            let text = format!("QEMU has no equal of {from}; the card became {model}");
            groups.warn(finding::NIC_MODEL_CHANGED, subject, card, text, LOOK);
        }
        _ => {}
    }
    Some(new.to_owned())
}

/// What the card was on Xen. A paravirtual guest has Xen's card whatever the source says; a fully virtual one without a
/// word has an RTL8139, Xen's default.
fn source(work: &Work<'_>, old: &str) -> SourceNic {
    if work.boot.is_paravirtual() {
        return SourceNic::XenVif;
    }
    match old {
        "" | "rtl8139" => SourceNic::Rtl8139,
        "e1000" | "e1000-82540em" => SourceNic::E1000,
        "e1000e" => SourceNic::E1000e,
        "vmxnet3" => SourceNic::Vmxnet3,
        "pcnet" => SourceNic::Vlance,
        _ => SourceNic::XenVif,
    }
}

fn write(work: &mut Work<'_>, card: NodeId, model: Option<NodeId>, new: &str) {
    if let Some(model) = model {
        work.set_attribute(model, "type", new);
        return;
    }
    let element = NewElement::new("model").attribute("type", new);
    let names = ["target", "source", "mac"];
    let before = names
        .into_iter()
        .find_map(|name| work.document.child(card, name));
    match before {
        Some(before) => work.insert_after(before, element),
        None => work.append(card, element),
    };
}
