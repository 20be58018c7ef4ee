//! What the guest shows, and to whom.

use super::keys::{Item, Keys, pairs};
use crate::scalar::words;
use crate::{EntryId, Secret, Setting};

/// The emulated graphics card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VgaKind {
    /// `none`.
    None,
    /// `stdvga`.
    Std,
    /// `cirrus`.
    Cirrus,
    /// `qxl`.
    Qxl,
}

words!(VgaKind, "stdvga, cirrus, qxl or none", {
    "stdvga" => Self::Std,
    "cirrus" => Self::Cirrus,
    "qxl" => Self::Qxl,
    "none" => Self::None,
});

/// A VNC server. Of the top level for HVM guests, or of a [`Vfb`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vnc {
    /// `vnc`.
    pub enabled: Option<Setting<bool>>,
    /// `vnclisten`: an address, with or without `:DISPLAY`.
    pub listen: Option<Setting<String>>,
    /// `vncpasswd`.
    pub password: Option<Setting<Secret>>,
    /// `vncdisplay`: the port is 5900 and this.
    pub display: Option<Setting<u32>>,
    /// `vncunused`: the first free display is taken; Xen's default.
    pub unused: Option<Setting<bool>>,
}

/// A window on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sdl {
    /// `sdl`.
    pub enabled: Option<Setting<bool>>,
    /// `opengl`.
    pub opengl: Option<Setting<bool>>,
    /// `display`.
    pub display: Option<Setting<String>>,
    /// `xauthority`.
    pub xauthority: Option<Setting<String>>,
}

/// A SPICE server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spice {
    /// `spice`.
    pub enabled: Option<Setting<bool>>,
    /// `spicehost`.
    pub host: Option<Setting<String>>,
    /// `spiceport`.
    pub port: Option<Setting<u16>>,
    /// `spicetls_port`.
    pub tls_port: Option<Setting<u16>>,
    /// `spicedisable_ticketing`: no password is asked for.
    pub disable_ticketing: Option<Setting<bool>>,
    /// `spicepasswd`.
    pub password: Option<Setting<Secret>>,
    /// `spiceagent_mouse`.
    pub agent_mouse: Option<Setting<bool>>,
    /// `spicevdagent`.
    pub vdagent: Option<Setting<bool>>,
    /// `spice_clipboard_sharing`.
    pub clipboard_sharing: Option<Setting<bool>>,
    /// `spiceusbredirection`: how many devices.
    pub usb_redirection: Option<Setting<u32>>,
    /// `spice_image_compression`.
    pub image_compression: Option<Setting<String>>,
    /// `spice_streaming_video`.
    pub streaming_video: Option<Setting<String>>,
}

/// A paravirtual frame buffer with keyboard and mouse, an item of `vfb`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vfb {
    /// The setting.
    pub id: EntryId,
    /// The position among the items of `vfb`, from 0.
    pub index: usize,
    /// Its VNC server; xm's `type=vnc` is in `enabled`.
    pub vnc: Vnc,
    /// Its window; xm's `type=sdl` is in `enabled`.
    pub sdl: Sdl,
    /// `keymap`.
    pub keymap: Option<String>,
    /// Parameters nobody knows.
    pub others: Vec<(String, Option<String>)>,
}

impl Vfb {
    pub(super) fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut vfb = Self {
            id: item.id,
            index: item.index,
            vnc: Vnc::default(),
            sdl: Sdl::default(),
            keymap: None,
            others: Vec::new(),
        };
        for (key, value) in pairs(item.text) {
            match value {
                Some(value) => vfb.set(key, value, item, keys),
                None => {
                    keys.item_problem(item, key, "`key=value`");
                    vfb.others.push((key.to_owned(), None));
                }
            }
        }
        vfb
    }

    fn set(&mut self, key: &str, value: &str, item: Item<'_>, keys: &mut Keys<'_>) {
        let text = || {
            Some(Setting {
                id: item.id,
                value: value.to_owned(),
            })
        };
        let yes = Some(Setting {
            id: item.id,
            value: true,
        });
        match (key, value) {
            ("type", "vnc") => self.vnc.enabled = yes,
            ("type", "sdl") => self.sdl.enabled = yes,
            ("type", _) => keys.item_problem(item, value, "vnc or sdl"),
            ("vnc", _) => self.vnc.enabled = setting(keys, item, value),
            ("vnclisten", _) => self.vnc.listen = text(),
            ("vncpasswd", _) => self.vnc.password = setting(keys, item, value),
            ("vncdisplay", _) => self.vnc.display = setting(keys, item, value),
            ("vncunused", _) => self.vnc.unused = setting(keys, item, value),
            ("keymap", _) => self.keymap = Some(value.to_owned()),
            ("sdl", _) => self.sdl.enabled = setting(keys, item, value),
            ("opengl", _) => self.sdl.opengl = setting(keys, item, value),
            ("display", _) => self.sdl.display = text(),
            ("xauthority", _) => self.sdl.xauthority = text(),
            _ => {
                keys.item_problem(item, key, "a parameter of vfb in xl.cfg(5)");
                self.others.push((key.to_owned(), Some(value.to_owned())));
            }
        }
    }
}

fn setting<T: crate::scalar::Scalar>(
    keys: &mut Keys<'_>,
    item: Item<'_>,
    value: &str,
) -> Option<Setting<T>> {
    let value = keys.part(item, value)?;
    Some(Setting { id: item.id, value })
}

/// Graphics of the top level. With a `vfb`, PV guests of xl ignore its VNC part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Display {
    /// VNC.
    pub vnc: Vnc,
    /// SDL.
    pub sdl: Sdl,
    /// SPICE.
    pub spice: Spice,
    /// `keymap`.
    pub keymap: Option<Setting<String>>,
    /// `vga`.
    pub vga: Option<Setting<VgaKind>>,
    /// `stdvga`, before `vga`: standard instead of cirrus.
    pub stdvga: Option<Setting<bool>>,
    /// `videoram`, in MiB.
    pub videoram_mib: Option<Setting<u32>>,
    /// `nographic`: neither a card nor VNC.
    pub nographic: Option<Setting<bool>>,
}

impl Display {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            vnc: Vnc {
                enabled: keys.get("vnc"),
                listen: keys.path("vnclisten"),
                password: keys.get("vncpasswd"),
                display: keys.get("vncdisplay"),
                unused: keys.get("vncunused"),
            },
            sdl: Sdl {
                enabled: keys.get("sdl"),
                opengl: keys.get("opengl"),
                display: keys.path("display"),
                xauthority: keys.path("xauthority"),
            },
            spice: Spice::read(keys),
            keymap: keys.path("keymap"),
            vga: keys.get("vga"),
            stdvga: keys.get("stdvga"),
            videoram_mib: keys.get("videoram"),
            nographic: keys.get("nographic"),
        }
    }
}

impl Spice {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            enabled: keys.get("spice"),
            host: keys.path("spicehost"),
            port: keys.get("spiceport"),
            tls_port: keys.get("spicetls_port"),
            disable_ticketing: keys.get("spicedisable_ticketing"),
            password: keys.get("spicepasswd"),
            agent_mouse: keys.get("spiceagent_mouse"),
            vdagent: keys.get("spicevdagent"),
            clipboard_sharing: keys.get("spice_clipboard_sharing"),
            usb_redirection: keys.get("spiceusbredirection"),
            image_compression: keys.path("spice_image_compression"),
            streaming_video: keys.path("spice_streaming_video"),
        }
    }
}
