//! Serial and parallel ports, consoles, channels, input, sound.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{Channel, ChannelConnection, CharDev, Setting, UsbDevice};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::draft::{Draft, id, is_on};

pub(super) fn ports(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let ports = &draft.guest.ports;
    let mut list = Vec::new();
    if draft.is_hvm() {
        let serials = each(draft, "serial", &ports.serials);
        let parallels = each(draft, "parallel", &ports.parallels);
        let console = console(&ports.serials);
        list.extend(serials.into_iter().chain(parallels).chain(console));
    } else {
        for port in ports.serials.iter().chain(&ports.parallels) {
            draft.ignored(port.id, "paravirtual guests have no such port");
        }
        let target = element("target")
            .attribute("type", "xen")
            .attribute("port", "0");
        list.push(element("console").attribute("type", "pty").child(target));
    }
    for channel in &ports.channels {
        draft.mapped(channel.id, "/domain/devices/channel");
        list.push(channel_of(channel));
    }
    list
}

fn each(draft: &mut Draft<'_>, name: &str, ports: &[Setting<CharDev>]) -> Vec<NewElement> {
    let mut list = Vec::new();
    for (number, port) in (0_usize..).zip(ports) {
        match connection(name, &port.value) {
            Some(connection) => {
                draft.mapped(port.id, &format!("/domain/devices/{name}"));
                let target = element("target").attribute("port", number.to_string());
                list.push(connection.child(target));
            }
            None => draft.ignored(port.id, "no port"),
        }
    }
    list
}

/// libvirt shows the first serial port as the console as well.
fn console(serials: &[Setting<CharDev>]) -> Option<NewElement> {
    let connections = (0_usize..).zip(serials);
    let mut connections = connections
        .filter_map(|(number, port)| Some((number, connection("console", &port.value)?)));
    let (number, console) = connections.next()?;
    let target = element("target")
        .attribute("type", "serial")
        .attribute("port", number.to_string());
    Some(console.child(target))
}

/// The element `name` with its host's end; `None` if there is no port.
fn connection(name: &str, device: &CharDev) -> Option<NewElement> {
    let port = |kind| element(name).attribute("type", kind);
    let path = |path: &str| element("source").set("path", path);
    Some(match device {
        CharDev::None => return None,
        CharDev::Null => port("null"),
        CharDev::Pty => port("pty"),
        CharDev::Stdio => port("stdio"),
        CharDev::Vc => port("vc"),
        CharDev::File(file) => port("file").child(path(file)),
        CharDev::Pipe(file) => port("pipe").child(path(file)),
        CharDev::Device(file) => port("dev").child(path(file)),
        CharDev::Unix {
            path, is_server, ..
        } => {
            let source = element("source").attribute("mode", mode(*is_server));
            port("unix").child(source.set("path", path))
        }
        CharDev::Tcp {
            host,
            port: number,
            is_server,
            is_telnet,
            ..
        } => {
            let protocol = if *is_telnet { "telnet" } else { "raw" };
            port("tcp")
                .child(socket(mode(*is_server), host, &number.to_string()))
                .child(element("protocol").attribute("type", protocol))
        }
        CharDev::Udp(text) => port("udp").put(datagrams(text)),
    })
}

fn mode(is_server: bool) -> &'static str {
    if is_server { "bind" } else { "connect" }
}

fn socket(mode: &str, host: &str, service: &str) -> NewElement {
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    element("source")
        .attribute("mode", mode)
        .set("host", host)
        .set("service", service)
}

/// `HOST:PORT@LOCAL:PORT`: where to, and from where.
fn datagrams(text: &str) -> Vec<NewElement> {
    let (remote, local) = match text.split_once('@') {
        Some((remote, local)) => (remote, Some(local)),
        None => (text, None),
    };
    let ends = [("connect", Some(remote)), ("bind", local)];
    let ends = ends.into_iter().filter_map(|(mode, address)| {
        let (host, service) = address?.rsplit_once(':')?;
        Some(socket(mode, host, service))
    });
    ends.collect()
}

fn channel_of(channel: &Channel) -> NewElement {
    let target = element("target")
        .attribute("type", "xen")
        .set_if("name", channel.name.as_deref());
    let element = match channel.connection {
        Some(ChannelConnection::Socket) => {
            let source = element("source").attribute("mode", "bind");
            element("channel")
                .attribute("type", "unix")
                .child(source.set_if("path", channel.path.as_deref()))
        }
        _ => element("channel").attribute("type", "pty"),
    };
    element.child(target)
}

/// Mouse and keyboard, which libvirt gives every guest, and what hangs on the emulated USB controller. Sound as well.
pub(super) fn inputs(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let bus = if draft.is_hvm() { "ps2" } else { "xen" };
    let mut list = usb_inputs(draft);
    list.extend(["mouse", "keyboard"].map(|kind| input(kind, bus)));
    list.extend(sound(draft));
    list
}

fn input(kind: &str, bus: &str) -> NewElement {
    element("input")
        .attribute("type", kind)
        .attribute("bus", bus)
}

/// Devices on it count unless the file says that there is none.
pub(super) fn has_emulated_usb(draft: &Draft<'_>) -> bool {
    draft.is_hvm() && is_on(&draft.guest.ports.usb, true)
}

fn usb_inputs(draft: &mut Draft<'_>) -> Vec<NewElement> {
    const CONTROLLER: &str = "libvirt adds a USB controller where one is needed";
    let ports = &draft.guest.ports;
    draft.all_ignored([id(&ports.usb), id(&ports.usb_version)], CONTROLLER);
    for controller in &ports.usb_controllers {
        draft.ignored(controller.id, CONTROLLER);
    }
    let has_usb = has_emulated_usb(draft);
    let mut list = Vec::new();
    for device in &ports.usb_devices {
        if !has_usb {
            draft.ignored(device.id, "there is no emulated USB controller");
            continue;
        }
        let kind = match &device.value {
            UsbDevice::Tablet => "tablet",
            UsbDevice::Mouse => "mouse",
            UsbDevice::Keyboard => "keyboard",
            // Beside the other devices of the host.
            UsbDevice::Host(_) => continue,
            UsbDevice::Other(name) => {
                let text =
                    format!("{name} is a USB device of QEMU that libvirt's reader does not know");
                let id = finding::USB_DEVICE_NOT_CARRIED;
                let action = "add the device to the result if the guest needs it";
                draft.lose(device.id, id, Severity::Info, &text, action);
                continue;
            }
        };
        draft.mapped(device.id, "/domain/devices/input[@bus='usb']");
        list.push(input(kind, "usb"));
    }
    list
}

fn sound(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let Some(sound) = &draft.guest.ports.sound else {
        return Vec::new();
    };
    if !draft.is_hvm() {
        draft.ignored(sound.id, "paravirtual guests have no sound card");
        return Vec::new();
    }
    let mut list: Vec<NewElement> = Vec::new();
    for name in &sound.value {
        let model = match name.as_str() {
            "sb16" | "es1370" | "ac97" | "pcspk" => name.as_str(),
            // The first of QEMU's cards that guests of today know.
            "hda" | "all" | "1" => "ich6",
            _ => {
                let text = format!("{name} is a sound card that libvirt does not know");
                let id = finding::SETTING_NOT_CARRIED;
                draft.lose(
                    sound.id,
                    id,
                    Severity::Info,
                    &text,
                    "choose one with --sound",
                );
                continue;
            }
        };
        draft.mapped(sound.id, "/domain/devices/sound");
        list.push(element("sound").set("model", model));
    }
    list
}
