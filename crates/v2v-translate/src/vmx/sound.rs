//! The sound card.

use v2v_domain::Sound;
use v2v_vmx::EntryId;

use super::text::quoted;
use super::{Work, device_path};
use crate::finding;
use crate::guest::SourceSound;
use crate::policy::{Machine, SoundModel};

#[cfg(test)]
mod tests;

/// Writes the card the caller asks for, else the one of the source, else none.
pub(super) fn write(work: &mut Work<'_>) {
    let vm = work.vm;
    let source = vm
        .sound
        .as_ref()
        .filter(|sound| sound.presence.is_present());
    let asked = work.policy.sound;
    let path = device_path("sound", work.domain.devices_mut().sounds.len());
    let Some(source) = source else {
        add(work, asked.unwrap_or(SoundModel::None));
        return;
    };
    let named = source.virtual_dev.as_ref();
    let (model, change) = choose(work, named.map(|setting| setting.value.trim()));
    let model = asked.unwrap_or(model);
    add(work, model);
    account(
        work,
        &source.ids,
        (model != SoundModel::None).then_some(&path),
    );
    if let (None, Some(text)) = (asked, change) {
        let seen = named.map(|setting| setting.id);
        work.info(finding::SOUND_MODEL_CHANGED, "sound", seen, text);
    }
}

fn add(work: &mut Work<'_>, model: SoundModel) {
    if model != SoundModel::None {
        let card = Sound::new(model.name().into());
        work.domain.devices_mut().sounds.push(card);
    }
}

fn account(work: &mut Work<'_>, ids: &[EntryId], path: Option<&String>) {
    for (id, field) in work.fields(ids) {
        match (field, path) {
            ("present", Some(path)) => work.ledger.mapped(id, path),
            ("virtualdev", Some(path)) => work.ledger.mapped(id, format!("{path}/@model")),
            ("present" | "virtualdev", None) => {
                work.ledger.ignored(id, "no sound card was asked for");
            }
            _ => {}
        }
    }
}

/// The card for what the source calls `name`, and what is to be told if it is another one.
fn choose(work: &Work<'_>, name: Option<&str>) -> (SoundModel, Option<String>) {
    let default = work.guest.default_sound();
    let hda = match work.machine {
        Machine::Q35 => SoundModel::Ich9,
        Machine::Pc => SoundModel::Ich6,
    };
    let es1370 =
        "QEMU has no ES1371; the card became an ES1370, which has another driver in most guests";
    let name = name.filter(|name| !name.is_empty());
    match name
        .unwrap_or(default.as_str())
        .to_ascii_lowercase()
        .as_str()
    {
        "sb16" => (SoundModel::Sb16, None),
        "es1371" => (SoundModel::Es1370, Some(es1370.to_owned())),
        "hdaudio" => (hda, None),
        other => {
            let model = match default {
                SourceSound::Es1371 => SoundModel::Es1370,
                SourceSound::HdAudio => hda,
            };
            let text = format!("no card is called {}; it became {model}", quoted(other));
            (model, Some(text))
        }
    }
}
