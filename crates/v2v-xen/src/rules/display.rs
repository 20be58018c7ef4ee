//! Graphics, video cards, input devices.

mod graphics;
mod input;
mod video;

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "graphics-type",
        xpath: "/domain/devices/graphics/@type",
        when: "it is sdl or another window on the host's own screen",
        why: "a server has no screen; the same picture comes over VNC",
        apply: graphics::set_type,
    },
    Rule {
        id: "graphics-single",
        xpath: "/domain/devices/graphics",
        when: "there is a second one of a type",
        why: "QEMU has one VNC and one SPICE server",
        apply: graphics::remove_second,
    },
    Rule {
        id: "graphics-password",
        xpath: "/domain/devices/graphics/@passwd",
        when: "it is there and --keep-vnc-password was not given",
        why: "it stands in clear text; without it the console is for the host alone",
        apply: graphics::drop_password,
    },
    Rule {
        id: "graphics-listen",
        xpath: "/domain/devices/graphics/@listen | /domain/devices/graphics/listen",
        when: "it is open to all addresses",
        why: "whoever reaches the port owns the machine",
        apply: graphics::close,
    },
    Rule {
        id: "graphics-keymap",
        xpath: "/domain/devices/graphics/@keymap",
        when: "QEMU has no such layout",
        why: "it refuses to start with an unknown one",
        apply: graphics::set_keymap,
    },
    Rule {
        id: "graphics-spice",
        xpath: "/domain/devices/graphics[@type='spice']",
        when: "it is there",
        why: "not every distribution's QEMU has SPICE",
        apply: graphics::tell_spice,
    },
    Rule {
        id: "graphics-vnc",
        xpath: "/domain/devices/graphics",
        when: "there is none, and the guest is paravirtual",
        why: "its only console was Xen's",
        apply: graphics::add,
    },
    Rule {
        id: "video-model",
        xpath: "/domain/devices/video/model/@type",
        when: "it is xen, or another than asked for; vga if nothing was asked",
        why: "KVM has no Xen card, and every guest drives a VGA",
        apply: video::set,
    },
    Rule {
        id: "input-bus",
        xpath: "/domain/devices/input/@bus",
        when: "it is xen",
        why: "KVM has PS/2 for mouse and keyboard, USB for a tablet",
        apply: input::set_bus,
    },
];
