//! Serial and parallel ports, USB, sound, channels.

use super::keys::{Item, Keys, pairs};
use crate::scalar::{Scalar, words};
use crate::{EntryId, Setting};

/// What a serial or parallel port is connected to, in QEMU's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CharDev {
    /// `none`: there is no port.
    None,
    /// `null`: a port without another end.
    Null,
    /// `pty`: a terminal of the host.
    Pty,
    /// `stdio`.
    Stdio,
    /// `vc`: a page of the graphical console.
    Vc,
    /// `file:PATH`.
    File(String),
    /// `pipe:PATH`.
    Pipe(String),
    /// A device of the host.
    Device(String),
    /// `tcp:HOST:PORT`, `telnet:HOST:PORT`.
    Tcp {
        /// The host; empty for all.
        host: String,
        /// The port.
        port: u16,
        /// The guest's side listens.
        is_server: bool,
        /// The guest waits for someone to connect.
        waits: bool,
        /// `telnet`.
        is_telnet: bool,
    },
    /// `udp:HOST:PORT@LOCAL:PORT`, verbatim behind the colon.
    Udp(String),
    /// `unix:PATH`.
    Unix {
        /// The socket.
        path: String,
        /// The guest's side listens.
        is_server: bool,
        /// The guest waits for someone to connect.
        waits: bool,
    },
}

impl Scalar for CharDev {
    const EXPECTED: &'static str =
        "none, null, pty, stdio, vc, file:, pipe:, tcp:, telnet:, udp:, unix: or a device";

    fn read(text: &str) -> Option<Self> {
        match text {
            "none" => return Some(Self::None),
            "null" => return Some(Self::Null),
            "pty" => return Some(Self::Pty),
            "stdio" => return Some(Self::Stdio),
            "vc" => return Some(Self::Vc),
            _ => {}
        }
        if text.starts_with("/dev/") {
            return Some(Self::Device(text.to_owned()));
        }
        let (kind, rest) = text.split_once(':')?;
        let path = || Some(rest.to_owned()).filter(|path| !path.is_empty());
        match kind {
            "file" => path().map(Self::File),
            "pipe" => path().map(Self::Pipe),
            "udp" => path().map(Self::Udp),
            // `vc:800x600` is a size.
            "vc" => Some(Self::Vc),
            "unix" => {
                let (path, is_server, waits) = socket(rest)?;
                Some(Self::Unix {
                    path: path.to_owned(),
                    is_server,
                    waits,
                })
            }
            "tcp" | "telnet" => {
                let (address, is_server, waits) = socket(rest)?;
                let (host, port) = address.rsplit_once(':')?;
                let (host, port) = (host.to_owned(), u16::read(port)?);
                Some(Self::Tcp {
                    host,
                    port,
                    is_server,
                    waits,
                    is_telnet: kind == "telnet",
                })
            }
            _ => None,
        }
    }
}

/// An address and QEMU's options behind it: whether it listens, and whether it waits for a client.
fn socket(text: &str) -> Option<(&str, bool, bool)> {
    let mut parts = text.split(',');
    let address = parts.next().filter(|address| !address.is_empty())?;
    let (mut is_server, mut waits) = (false, true);
    for option in parts {
        match option.trim() {
            "server" | "server=on" => is_server = true,
            "server=off" => is_server = false,
            "nowait" | "wait=off" => waits = false,
            "wait" | "wait=on" | "nodelay" | "delay=off" | "" => {}
            _ => return None,
        }
    }
    Some((address, is_server, waits && is_server))
}

/// A device on the emulated USB controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsbDevice {
    /// A mouse with absolute positions.
    Tablet,
    /// A mouse.
    Mouse,
    /// A keyboard.
    Keyboard,
    /// `host:BUS.ADDRESS` or `host:VENDOR:PRODUCT`: a device of the host, verbatim behind the colon.
    Host(String),
    /// Anything else QEMU knows, verbatim.
    Other(String),
}

impl Scalar for UsbDevice {
    const EXPECTED: &'static str = "tablet, mouse, keyboard or host:BUS.ADDRESS";

    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "" => return None,
            "tablet" => Self::Tablet,
            "mouse" => Self::Mouse,
            "keyboard" => Self::Keyboard,
            _ => match text.strip_prefix("host:") {
                Some(device) => Self::Host(device.to_owned()),
                None => Self::Other(text.to_owned()),
            },
        })
    }
}

/// A USB controller, an item of `usbctrl`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsbController {
    /// The setting.
    pub id: EntryId,
    /// `type`: `auto`, `pv`, `qusb`, `devicemodel`.
    pub kind: Option<String>,
    /// `version`: 1, 2 or 3.
    pub version: Option<u32>,
    /// `ports`.
    pub ports: Option<u32>,
}

/// A USB device of the host, an item of `usbdev`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsbHostDevice {
    /// The setting.
    pub id: EntryId,
    /// `hostbus`.
    pub host_bus: Option<u32>,
    /// `hostaddr`.
    pub host_address: Option<u32>,
    /// `controller`: which of the guest's.
    pub controller: Option<u32>,
    /// `port` of it.
    pub port: Option<u32>,
}

/// How the host's end of a channel is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelConnection {
    /// A terminal.
    Pty,
    /// A socket.
    Socket,
}

words!(ChannelConnection, "pty or socket", { "pty" => Self::Pty, "socket" => Self::Socket });

/// A private connection between guest and host, an item of `channel`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channel {
    /// The setting.
    pub id: EntryId,
    /// `connection`.
    pub connection: Option<ChannelConnection>,
    /// `path` of the socket.
    pub path: Option<String>,
    /// `name` for the guest: `org.qemu.guest_agent.0`.
    pub name: Option<String>,
    /// `backend`: the domain that serves it.
    pub backend: Option<String>,
}

/// Ports, USB, sound, channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ports {
    /// `serial`: one or several, in order.
    pub serials: Vec<Setting<CharDev>>,
    /// `parallel`, the same.
    pub parallels: Vec<Setting<CharDev>>,
    /// `soundhw`: QEMU's names, `sb16`, `es1370`, `hda`, `all`.
    pub sound: Option<Setting<Vec<String>>>,
    /// `usb`: an emulated controller.
    pub usb: Option<Setting<bool>>,
    /// `usbversion`: its version.
    pub usb_version: Option<Setting<u32>>,
    /// `usbdevice`: devices on it.
    pub usb_devices: Vec<Setting<UsbDevice>>,
    /// `usbctrl`.
    pub usb_controllers: Vec<UsbController>,
    /// `usbdev`.
    pub usb_host_devices: Vec<UsbHostDevice>,
    /// `channel`.
    pub channels: Vec<Channel>,
}

impl Ports {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            serials: settings(keys, "serial"),
            parallels: settings(keys, "parallel"),
            sound: sound(keys),
            usb: keys.get("usb"),
            usb_version: keys.get("usbversion"),
            usb_devices: settings(keys, "usbdevice"),
            usb_controllers: each(keys, "usbctrl", UsbController::read),
            usb_host_devices: each(keys, "usbdev", UsbHostDevice::read),
            channels: each(keys, "channel", Channel::read),
        }
    }
}

/// A string or a list of strings. Empty ones say nothing.
fn settings<T: Scalar>(keys: &mut Keys<'_>, key: &'static str) -> Vec<Setting<T>> {
    let items = keys.items(key, true);
    let items = items
        .into_iter()
        .filter(|item| !item.text.trim().is_empty());
    items
        .filter_map(|item| {
            Some(Setting {
                id: item.id,
                value: keys.part(item, item.text)?,
            })
        })
        .collect()
}

/// Items of `key=value` pairs.
pub(super) fn each<T>(
    keys: &mut Keys<'_>,
    key: &'static str,
    read: impl Fn(Item<'_>, &mut Keys<'_>) -> T,
) -> Vec<T> {
    let items = keys.items(key, false);
    items.into_iter().map(|item| read(item, keys)).collect()
}

fn sound(keys: &mut Keys<'_>) -> Option<Setting<Vec<String>>> {
    let setting = keys.path("soundhw")?;
    let names = setting
        .value
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    Some(Setting {
        id: setting.id,
        value: names.map(str::to_owned).collect(),
    })
}

/// Walks the pairs of an item; `set` returns whether it knows the key.
pub(super) fn read_pairs(
    item: Item<'_>,
    keys: &mut Keys<'_>,
    expected: &'static str,
    mut set: impl FnMut(&str, &str, &mut Keys<'_>) -> bool,
) {
    for (key, value) in pairs(item.text) {
        let is_known = value.is_some_and(|value| set(key, value, keys));
        if !is_known {
            keys.item_problem(item, key, expected);
        }
    }
}

impl UsbController {
    fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut out = Self {
            id: item.id,
            kind: None,
            version: None,
            ports: None,
        };
        read_pairs(
            item,
            keys,
            "type=, version= or ports=",
            |key, value, keys| {
                match key {
                    "type" => out.kind = Some(value.to_owned()),
                    "version" => out.version = keys.part(item, value),
                    "ports" => out.ports = keys.part(item, value),
                    _ => return false,
                }
                true
            },
        );
        out
    }
}

impl UsbHostDevice {
    fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut out = Self {
            id: item.id,
            host_bus: None,
            host_address: None,
            controller: None,
            port: None,
        };
        let expected = "type=hostdev, hostbus=, hostaddr=, controller= or port=";
        read_pairs(item, keys, expected, |key, value, keys| {
            match (key, value) {
                ("type", "hostdev") => {}
                ("hostbus", _) => out.host_bus = keys.part(item, value),
                ("hostaddr", _) => out.host_address = keys.part(item, value),
                ("controller", _) => out.controller = keys.part(item, value),
                ("port", _) => out.port = keys.part(item, value),
                _ => return false,
            }
            true
        });
        out
    }
}

impl Channel {
    fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut out = Self {
            id: item.id,
            connection: None,
            path: None,
            name: None,
            backend: None,
        };
        read_pairs(
            item,
            keys,
            "connection=, path=, name= or backend=",
            |key, value, keys| {
                match key {
                    "connection" => out.connection = keys.part(item, value),
                    "path" => out.path = Some(value.to_owned()),
                    "name" => out.name = Some(value.to_owned()),
                    "backend" => out.backend = Some(value.to_owned()),
                    _ => return false,
                }
                true
            },
        );
        out
    }
}
