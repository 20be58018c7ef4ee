//! The emulator, and devices of which a machine has one.

mod group;

pub(super) use group::{Groups, listed};

use v2v_target::finding;
use v2v_target::policy::{Machine, SoundModel};
use v2v_xml::{NewElement, NodeId};

use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "emulator",
        xpath: "/domain/devices/emulator",
        when: "it is there; --emulator puts another path in its place",
        why: "a program of the Xen host; without a path libvirt takes the KVM host's own",
        apply: set_emulator,
    },
    Rule {
        id: "sound-model",
        xpath: "/domain/devices/sound/@model",
        when: "QEMU has no such card, or --sound names another",
        why: "an unknown model is refused",
        apply: set_sound,
    },
    Rule {
        id: "tpm",
        xpath: "/domain/devices/tpm",
        when: "it is there",
        why: "KVM emulates a TPM with an empty state",
        apply: set_tpm,
    },
    Rule {
        id: "filesystem",
        xpath: "/domain/devices/filesystem",
        when: "it is there",
        why: "folders of the old host over Xen's 9p",
        apply: remove_filesystems,
    },
    Rule {
        id: "memballoon-model",
        xpath: "/domain/devices/memballoon/@model",
        when: "it is xen",
        why: "KVM's balloon is a virtio device",
        apply: set_balloon,
    },
];

fn remove_all(work: &mut Work<'_>, ids: Vec<NodeId>) {
    for id in ids {
        work.remove(id);
    }
}

fn set_emulator(work: &mut Work<'_>) {
    let mut all = work.all("devices/emulator");
    let Some(path) = work.policy.emulator.as_deref() else {
        remove_all(work, all);
        return;
    };
    if all.is_empty() {
        let new = NewElement::new("emulator").text(path);
        let Some(devices) = work.devices() else {
            return;
        };
        let first = work.document.elements(devices).next();
        match first {
            Some(first) => work.insert_before(first, new),
            None => work.append(devices, new),
        };
        return;
    }
    let first = all.remove(0);
    work.set_text(first, path);
    remove_all(work, all);
}

fn set_sound(work: &mut Work<'_>) {
    let cards = work.all("devices/sound");
    let hda = match work.machine {
        Machine::Q35 => SoundModel::Ich9,
        Machine::Pc => SoundModel::Ich6,
    };
    match work.policy.sound {
        Some(SoundModel::None) => return remove_all(work, cards),
        Some(asked) if cards.is_empty() => {
            if let Some(devices) = work.devices() {
                work.append(
                    devices,
                    NewElement::new("sound").attribute("model", asked.name()),
                );
            }
            return;
        }
        _ => {}
    }
    let mut groups = Groups::default();
    let mut changes = Vec::new();
    for card in cards {
        let old = work.attribute(card, "model");
        let new = match (work.policy.sound, old.as_str()) {
            (Some(asked), _) => asked,
            (None, "es1370" | "sb16" | "ac97" | "ich6" | "ich9" | "pcspk" | "usb" | "ich7") => {
                continue;
            }
            (None, "hda") => hda,
            (None, "es1371") => SoundModel::Es1370,
            (None, _) => hda,
        };
        if work.policy.sound.is_none() && old != "hda" {
            let text = format!(
                "QEMU has no card {old:?}; it became {new}, which has another driver in the guest"
            );
            groups.info(finding::SOUND_MODEL_CHANGED, "sound", card, text);
        }
        changes.push((card, new));
    }
    groups.tell(work);
    for (card, model) in changes {
        work.set_attribute(card, "model", model.name());
    }
}

fn set_tpm(work: &mut Work<'_>) {
    for tpm in work.all("devices/tpm") {
        let text = "the TPM starts with an empty state: what was sealed to the old one (BitLocker, LUKS) does not open";
        let action = "have the recovery key ready before the first start";
        work.warn(finding::VTPM_STATE_LOST, "tpm", tpm, text, action);
        let backend = work.document.child(tpm, "backend");
        let is_emulated = backend.is_some_and(|id| work.attribute(id, "type") == "emulator");
        let is_known = matches!(work.attribute(tpm, "model").as_str(), "tpm-tis" | "tpm-crb");
        if !is_emulated || !is_known {
            let backend = NewElement::new("backend")
                .attribute("type", "emulator")
                .attribute("version", "2.0");
            let new = NewElement::new("tpm")
                .attribute("model", "tpm-crb")
                .child(backend);
            work.replace(tpm, new);
        }
    }
}

fn remove_filesystems(work: &mut Work<'_>) {
    let all = work.all("devices/filesystem");
    let mut groups = Groups::default();
    for id in &all {
        let value = |path: &str, name: &str| {
            let id = work.document.find(*id, path);
            id.map_or_else(String::new, |id| work.attribute(id, name))
        };
        let text = format!(
            "the folder {:?} of the old host was shared over Xen's 9p and was left out; on KVM virtiofs is the way: \
             <filesystem type='mount'><driver type='virtiofs'/>...</filesystem>",
            value("source", "dir")
        );
        let subject = format!("filesystem {}", value("target", "dir"));
        groups.info(finding::SHARED_FOLDER_NOT_CARRIED, subject, *id, text);
    }
    groups.tell(work);
    remove_all(work, all);
}

/// The model of a virtio device that speaks 0.9 as well where the guest may need it.
pub(super) fn virtio(work: &Work<'_>) -> &'static str {
    match work.facts().wants_transitional(work.machine) {
        true => "virtio-transitional",
        false => "virtio",
    }
}

fn set_balloon(work: &mut Work<'_>) {
    let model = virtio(work);
    for balloon in work.all("devices/memballoon") {
        if matches!(work.attribute(balloon, "model").as_str(), "xen" | "") {
            work.set_attribute(balloon, "model", model);
        }
    }
}
