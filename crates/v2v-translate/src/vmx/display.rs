//! The graphics card, and the console over VNC.

mod vnc;

#[cfg(test)]
mod tests;

use v2v_domain::{Video, VideoModel as Card, VideoType};

use super::{Work, device_path};
use crate::finding;
use crate::policy::{Profile, VideoModel};

/// Memory of a VGA card in KiB: enough for 2560 x 1600, and what libvirt gives by default.
const VGA_MEMORY_KIB: u32 = 16 * 1024;

/// Screens of virtio-gpu and QXL.
const MAX_HEADS: u32 = 16;

/// Writes the card and the console.
pub(super) fn write(work: &mut Work<'_>) {
    write_video(work);
    vnc::write(work);
    tell_3d(work);
}

fn write_video(work: &mut Work<'_>) {
    let model = match (work.policy.video, work.policy.profile) {
        (Some(model), _) => model,
        (None, Profile::Legacy) => VideoModel::Cirrus,
        (None, _) => VideoModel::Vga,
    };
    let path = device_path("video", work.domain.devices_mut().videos.len());
    let mut card = Card::new(VideoType::from(model.name()));
    if model == VideoModel::Vga {
        card = card.vram(VGA_MEMORY_KIB);
    }
    if model != VideoModel::None {
        card = card.primary(true);
        card.heads = heads(work, model, &path);
    }
    if let Some(present) = work.vm.video.present.filter(|present| present.value) {
        work.ledger.mapped(present.id, &path);
    }
    let video = Video::default().model(card);
    work.domain.devices_mut().videos.push(video);
}

/// The number of screens, if the card has more than one.
fn heads(work: &mut Work<'_>, model: VideoModel, path: &str) -> Option<u32> {
    let displays = work
        .vm
        .video
        .displays
        .filter(|displays| displays.value > 1)?;
    let wanted = displays.value;
    if !matches!(model, VideoModel::Virtio | VideoModel::Qxl) {
        let text =
            format!("{wanted} screens; {model} has one, --video virtio has up to {MAX_HEADS}");
        work.info(finding::SETTING_NOT_CARRIED, "svga", displays.id, text);
        work.ledger
            .not_carried(displays.id, "the card has one screen");
        return None;
    }
    let heads = wanted.min(MAX_HEADS);
    if heads < wanted {
        let text = format!("{wanted} screens; {model} has up to {MAX_HEADS}");
        work.info(finding::SETTING_NOT_CARRIED, "svga", displays.id, text);
    }
    work.ledger
        .mapped(displays.id, format!("{path}/model/@heads"));
    Some(heads)
}

fn tell_3d(work: &mut Work<'_>) {
    let Some(enabled) = work.vm.video.enable_3d.filter(|enabled| enabled.value) else {
        return;
    };
    work.ledger
        .not_carried(enabled.id, "VMware's 3D adapter has no equal");
    let text = "3D was on; the domain's card has none. A Linux guest gets it from --video virtio with \
                <acceleration accel3d='yes'/> and a display that has OpenGL";
    work.info(
        finding::THREE_D_NOT_CARRIED,
        "mks.enable3d",
        enabled.id,
        text,
    );
}
