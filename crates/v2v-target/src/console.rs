//! What QEMU and libvirt take for a console over the network.

/// Where a console without protection listens.
pub const LOOPBACK: &str = "127.0.0.1";

/// What VNC compares of a password, in bytes; libvirt refuses longer ones.
pub const VNC_PASSWORD: usize = 8;

/// QEMU's keyboard layouts. A domain with another one does not start.
pub const KEYMAPS: &[&str] = &[
    "ar", "cz", "da", "de", "de-ch", "en-gb", "en-us", "es", "et", "fi", "fo", "fr", "fr-be",
    "fr-ca", "fr-ch", "hr", "hu", "is", "it", "ja", "lt", "lv", "mk", "nl", "no", "pl", "pt",
    "pt-br", "ru", "sl", "sv", "th", "tr",
];
