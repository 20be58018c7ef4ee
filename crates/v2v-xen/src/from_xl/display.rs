//! What the guest shows, and to whom.

use v2v_xl::{EntryId, Sdl, Setting, Spice, Vfb, VgaKind, Vnc};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::draft::{Draft, id, is_on};

const GRAPHICS: &str = "/domain/devices/graphics";
const VIDEO: &str = "/domain/devices/video";

/// `<graphics>` and `<video>`, and what SPICE has beside them.
pub(super) fn displays(draft: &mut Draft<'_>) -> Vec<NewElement> {
    match draft.is_hvm() {
        true => emulated(draft),
        false => paravirtual(draft),
    }
}

/// The displays of an emulated graphics card. VNC is on unless something else is, as for xl.
fn emulated(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let display = &draft.guest.display;
    let is_dark = is_on(&display.nographic, false);
    let has_spice = is_on(&display.spice.enabled, false) && !is_dark;
    let has_sdl = is_on(&display.sdl.enabled, false) && !is_dark;
    let has_vnc = is_on(&display.vnc.enabled, !has_spice && !has_sdl) && !is_dark;
    let keymap = display.keymap.as_ref().map(|keymap| keymap.value.as_str());
    let mut list = Vec::new();
    if has_vnc {
        list.push(vnc(&display.vnc, keymap));
        settle_vnc(draft, &display.vnc);
    }
    if has_sdl {
        list.push(sdl(&display.sdl));
        settle_sdl(draft, &display.sdl);
    }
    if has_spice {
        list.push(spice(&display.spice, keymap));
        list.extend(spice_devices(draft, &display.spice));
        settle_spice(draft, &display.spice);
    }
    match list.is_empty() {
        true => draft.all_ignored([id(&display.keymap)], "there is no display"),
        false => draft.all_mapped([id(&display.keymap)], "/domain/devices/graphics/@keymap"),
    }
    for vfb in &draft.guest.vfbs {
        draft.ignored(vfb.id, "a fully virtual guest shows its emulated card");
    }
    let video = video(draft, !list.is_empty());
    settle_rest(draft);
    list.extend(video);
    list
}

/// The displays of Xen's frame buffers. Without one, xl makes one of the settings for emulated cards.
fn paravirtual(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let display = &draft.guest.display;
    let vfbs = &draft.guest.vfbs;
    let mut list: Vec<NewElement> = Vec::new();
    for vfb in vfbs {
        draft.mapped(vfb.id, GRAPHICS);
        list.push(frame_buffer(vfb));
    }
    if vfbs.is_empty() && is_on(&display.vnc.enabled, false) {
        let keymap = display.keymap.as_ref().map(|keymap| keymap.value.as_str());
        list.push(vnc(&display.vnc, keymap));
        settle_vnc(draft, &display.vnc);
        draft.all_mapped([id(&display.keymap)], "/domain/devices/graphics/@keymap");
    }
    if !list.is_empty() {
        // The size libvirt gives it.
        list.push(card("xen", Some(4096)));
    }
    settle_rest(draft);
    list
}

/// Both in one item: VNC counts.
fn frame_buffer(vfb: &Vfb) -> NewElement {
    let has_sdl = is_on(&vfb.sdl.enabled, false);
    match is_on(&vfb.vnc.enabled, !has_sdl) {
        true => vnc(&vfb.vnc, vfb.keymap.as_deref()),
        false => sdl(&vfb.sdl),
    }
}

fn vnc(vnc: &Vnc, keymap: Option<&str>) -> NewElement {
    let listen = vnc.listen.as_ref().map_or("", |listen| listen.value.trim());
    let (address, from_listen) = display_of(listen);
    let number = vnc
        .display
        .as_ref()
        .map(|display| display.value)
        .or(from_listen);
    // A display that was asked for is only the first to try if `vncunused` says so.
    let is_unused = is_on(&vnc.unused, number.is_none());
    let port = number
        .filter(|_| !is_unused)
        .and_then(|number| number.checked_add(5900));
    let port = port
        .filter(|port| *port <= u32::from(u16::MAX))
        .map(|port| port.to_string());
    let password = vnc
        .password
        .as_ref()
        .filter(|password| !password.value.is_empty());
    element("graphics")
        .attribute("type", "vnc")
        .attribute("port", port.as_deref().unwrap_or("-1"))
        .attribute("autoport", if port.is_some() { "no" } else { "yes" })
        .set_if("listen", address)
        .set_if("keymap", keymap)
        .set_if("passwd", password.map(|password| password.value.reveal()))
        .child(listen_on(address))
}

/// `127.0.0.1:3` as address and display.
fn display_of(listen: &str) -> (Option<&str>, Option<u32>) {
    let (address, display) = match listen.rsplit_once(':') {
        Some((address, display)) if !address.contains(':') || address.ends_with(']') => {
            match display.parse() {
                Ok(number) => (address, Some(number)),
                Err(_) => (listen, None),
            }
        }
        _ => (listen, None),
    };
    let address = address.trim_start_matches('[').trim_end_matches(']');
    (Some(address).filter(|address| !address.is_empty()), display)
}

fn listen_on(address: Option<&str>) -> NewElement {
    element("listen")
        .attribute("type", "address")
        .set_if("address", address)
}

fn sdl(sdl: &Sdl) -> NewElement {
    let text =
        |setting: &Option<Setting<String>>| setting.as_ref().map(|setting| setting.value.clone());
    element("graphics")
        .attribute("type", "sdl")
        .set_if("display", text(&sdl.display).as_deref())
        .set_if("xauth", text(&sdl.xauthority).as_deref())
}

fn spice(spice: &Spice, keymap: Option<&str>) -> NewElement {
    let host = spice.host.as_ref().map(|host| host.value.trim());
    let port = |setting: &Option<Setting<u16>>| {
        let port = setting.filter(|port| port.value > 0);
        port.map(|port| port.value.to_string())
    };
    let (plain, tls) = (port(&spice.port), port(&spice.tls_port));
    let is_open = is_on(&spice.disable_ticketing, false);
    let password = spice.password.as_ref();
    let password = password.filter(|password| !password.value.is_empty() && !is_open);
    let is_fixed = plain.is_some() || tls.is_some();
    let mouse = spice.agent_mouse.as_ref().map(|agent| match agent.value {
        true => "client",
        false => "server",
    });
    let copies = is_on(&spice.clipboard_sharing, false);
    element("graphics")
        .attribute("type", "spice")
        .set_if("port", plain.as_deref())
        .set_if("tlsPort", tls.as_deref())
        .attribute("autoport", if is_fixed { "no" } else { "yes" })
        .set_if("listen", host)
        .set_if("keymap", keymap)
        .set_if("passwd", password.map(|password| password.value.reveal()))
        .child(listen_on(host))
        .put(mouse.map(|mode| element("mouse").attribute("mode", mode)))
        .child(element("clipboard").attribute("copypaste", if copies { "yes" } else { "no" }))
}

/// What SPICE has beside the display: the agent's channel, and USB devices of the viewer.
fn spice_devices(draft: &mut Draft<'_>, spice: &Spice) -> Vec<NewElement> {
    /// QEMU's EHCI controller has no room for more.
    const MOST: u32 = 4;
    let mut list = Vec::new();
    if let Some(agent) = spice.vdagent.as_ref().filter(|agent| agent.value) {
        draft.mapped(agent.id, "/domain/devices/channel");
        let target = element("target")
            .attribute("type", "virtio")
            .attribute("name", "com.redhat.spice.0");
        list.push(
            element("channel")
                .attribute("type", "spicevmc")
                .child(target),
        );
    }
    if let Some(count) = spice
        .usb_redirection
        .as_ref()
        .filter(|count| count.value > 0)
    {
        draft.mapped(count.id, "/domain/devices/redirdev");
        let device = element("redirdev")
            .attribute("bus", "usb")
            .attribute("type", "spicevmc");
        list.extend((0..count.value.min(MOST)).map(|_| device.clone()));
    }
    list
}

/// The emulated card: `vga`, before it `stdvga`, else Cirrus.
fn video(draft: &mut Draft<'_>, has_display: bool) -> Option<NewElement> {
    let display = &draft.guest.display;
    let kind = match (&display.vga, &display.stdvga) {
        (Some(vga), _) => vga.value,
        (None, Some(standard)) if standard.value => VgaKind::Std,
        _ => VgaKind::Cirrus,
    };
    let ids = [
        id(&display.vga),
        id(&display.stdvga),
        id(&display.videoram_mib),
    ];
    if !has_display && display.vga.is_none() {
        draft.all_ignored(ids, "there is no display");
        return None;
    }
    draft.all_mapped(ids, VIDEO);
    let size = display
        .videoram_mib
        .map(|size| u64::from(size.value).saturating_mul(1024));
    let size = size.filter(|size| *size > 0);
    Some(match kind {
        VgaKind::None => element("video").child(element("model").attribute("type", "none")),
        VgaKind::Std => card("vga", size.or(Some(16384))),
        VgaKind::Cirrus => card("cirrus", size.or(Some(8192))),
        VgaKind::Qxl => card("qxl", size.or(Some(65536))),
    })
}

fn card(kind: &str, kib: Option<u64>) -> NewElement {
    let size = kib.map(|kib| kib.to_string());
    let model = element("model")
        .attribute("type", kind)
        .set_if("vram", size.as_deref())
        .attribute("heads", "1")
        .attribute("primary", "yes");
    element("video").child(model)
}

fn settle_vnc(draft: &mut Draft<'_>, vnc: &Vnc) {
    let password = [id(&vnc.password)];
    draft.all_mapped(password, "/domain/devices/graphics[@type='vnc']/@passwd");
    draft.all_mapped(vnc_ids(vnc), "/domain/devices/graphics[@type='vnc']");
}

fn settle_sdl(draft: &mut Draft<'_>, sdl: &Sdl) {
    let ids = [id(&sdl.enabled), id(&sdl.display), id(&sdl.xauthority)];
    draft.all_mapped(ids, "/domain/devices/graphics[@type='sdl']");
    draft.all_ignored([id(&sdl.opengl)], "how the window is drawn");
}

fn settle_spice(draft: &mut Draft<'_>, spice: &Spice) {
    let tuning = [id(&spice.image_compression), id(&spice.streaming_video)];
    draft.all_ignored(tuning, "compression is the new server's choice");
    let off = [id(&spice.vdagent), id(&spice.usb_redirection)];
    for id in off
        .into_iter()
        .flatten()
        .filter(|id| draft.is_open(*id))
        .collect::<Vec<_>>()
    {
        draft.ignored(id, "off");
    }
    draft.all_mapped(spice_ids(spice), "/domain/devices/graphics[@type='spice']");
}

fn vnc_ids(vnc: &Vnc) -> [Option<EntryId>; 4] {
    [
        id(&vnc.enabled),
        id(&vnc.listen),
        id(&vnc.display),
        id(&vnc.unused),
    ]
}

fn spice_ids(spice: &Spice) -> [Option<EntryId>; 8] {
    [
        id(&spice.enabled),
        id(&spice.host),
        id(&spice.port),
        id(&spice.tls_port),
        id(&spice.disable_ticketing),
        id(&spice.password),
        id(&spice.agent_mouse),
        id(&spice.clipboard_sharing),
    ]
}

/// Settings of displays the guest does not have.
fn settle_rest(draft: &mut Draft<'_>) {
    const REASON: &str = "of a display that the guest does not have";
    let display = &draft.guest.display;
    let (sdl, spice) = (&display.sdl, &display.spice);
    draft.all_ignored(vnc_ids(&display.vnc), REASON);
    draft.all_ignored([id(&display.vnc.password)], REASON);
    let ids = [
        id(&sdl.enabled),
        id(&sdl.opengl),
        id(&sdl.display),
        id(&sdl.xauthority),
    ];
    draft.all_ignored(ids, REASON);
    draft.all_ignored(spice_ids(spice), REASON);
    let ids = [
        id(&spice.vdagent),
        id(&spice.usb_redirection),
        id(&spice.image_compression),
        id(&spice.streaming_video),
    ];
    draft.all_ignored(ids, REASON);
    let ids = [
        id(&display.keymap),
        id(&display.vga),
        id(&display.stdvga),
        id(&display.videoram_mib),
    ];
    draft.all_ignored(ids, REASON);
    draft.all_ignored(
        [id(&display.nographic)],
        "whether there is a display at all",
    );
}
