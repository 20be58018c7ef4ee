//! The video card.

use v2v_target::finding;
use v2v_target::policy::{Profile, VideoModel};
use v2v_xml::{NewElement, NodeId};

use crate::rules::device::Groups;
use crate::work::Work;

/// Memory of a VGA card in KiB: what libvirt gives by default.
const VGA_MEMORY: &str = "16384";

/// The card for one that the source calls `old`; `None` if it stays.
fn choose(work: &Work<'_>, old: &str) -> Option<&'static str> {
    if let Some(asked) = work.policy.video {
        return Some(asked.name());
    }
    if old == "none" {
        return None;
    }
    let is_kvms = matches!(old, "cirrus" | "vga" | "qxl" | "virtio" | "bochs" | "ramfb");
    let keeps = work.policy.xen.keep_video || work.policy.profile == Profile::Source;
    if is_kvms && (keeps || old == "virtio") {
        return None;
    }
    Some(match work.policy.profile {
        Profile::Legacy => VideoModel::Cirrus.name(),
        _ => VideoModel::Vga.name(),
    })
}

pub(super) fn set(work: &mut Work<'_>) {
    let mut cards = work.all("devices/video").into_iter();
    let Some(first) = cards.next() else {
        add(work);
        return;
    };
    let model = work.document.child(first, "model");
    let old = model.map_or_else(String::new, |model| work.attribute(model, "type"));
    if let Some(new) = choose(work, &old) {
        match model {
            Some(model) => set_model(work, model, &old, new),
            None => {
                work.append(first, card(new));
            }
        }
    }
    remove_others(work, cards.collect());
}

/// A card, as every fully virtual guest of Xen has one. libvirt would add a Cirrus, or nothing.
fn add(work: &mut Work<'_>) {
    let Some(new) = choose(work, "") else { return };
    if let Some(devices) = work.devices() {
        work.append(devices, NewElement::new("video").child(card(new)));
    }
}

fn card(model: &str) -> NewElement {
    let new = NewElement::new("model").attribute("type", model);
    match model {
        "none" => new,
        "vga" => new
            .attribute("vram", VGA_MEMORY)
            .attribute("heads", "1")
            .attribute("primary", "yes"),
        _ => new.attribute("heads", "1").attribute("primary", "yes"),
    }
}

fn set_model(work: &mut Work<'_>, model: NodeId, old: &str, new: &str) {
    if new == "none" {
        if old != new || work.document.attributes(model).count() > 1 {
            work.replace(model, card(new));
        }
        return;
    }
    if !matches!(new, "virtio" | "qxl") {
        tell_lost(work, model, new);
    }
    work.set_attribute(model, "type", new);
    // Sizes are those of the old card.
    for size in ["ram", "vgamem", "vram64"] {
        work.remove_attribute(model, size);
    }
    match new {
        "vga" => work.set_attribute(model, "vram", VGA_MEMORY),
        _ if old != new => work.remove_attribute(model, "vram"),
        _ => {}
    }
}

fn tell_lost(work: &mut Work<'_>, model: NodeId, new: &str) {
    let heads = work.attribute(model, "heads");
    if !matches!(heads.as_str(), "" | "1") {
        let text = format!("{heads} screens; {new} has one, --video virtio has up to 16");
        work.info(finding::SETTING_NOT_CARRIED, "video", model, text);
        work.set_attribute(model, "heads", "1");
    }
    if let Some(acceleration) = work.document.child(model, "acceleration") {
        let text = format!("{new} has no 3D; --video virtio has");
        work.info(finding::THREE_D_NOT_CARRIED, "video", acceleration, text);
        work.remove(acceleration);
    }
}

/// A second card has to be one of those that can be second.
fn remove_others(work: &mut Work<'_>, others: Vec<NodeId>) {
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for card in others {
        let model = work.document.child(card, "model");
        let kind = model.map_or_else(String::new, |model| work.attribute(model, "type"));
        if !matches!(kind.as_str(), "qxl" | "virtio") {
            let text = "a second card, which only qxl and virtio can be; it was left out";
            groups.info(
                finding::SETTING_NOT_CARRIED,
                format!("video {kind}"),
                card,
                text,
            );
            gone.push(card);
        }
    }
    groups.tell(work);
    for card in gone {
        work.remove(card);
    }
}
