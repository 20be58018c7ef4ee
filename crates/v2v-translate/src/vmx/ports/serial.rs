//! Serial ports and the console.

use v2v_domain::{
    CharBackend, CharDevice, CharTarget, Element, NetSource, SocketMode, TcpBackend, UnixSource,
};
use v2v_vmx::{EndPoint, EntryId, Serial, SerialType};

use super::{endpoint, path};
use crate::finding;
use crate::vmx::text::quoted;
use crate::vmx::{Work, device_path};

/// Serial ports of a PC.
const PORTS: u32 = 4;

/// What becomes of a port.
enum Fate {
    /// It is connected to this; the word, if there is one, is worth telling.
    Carried(CharBackend, Option<String>),
    /// The guest keeps the port, on a terminal; this is why.
    Terminal(String),
    /// It is connected to nothing.
    Disconnected,
    /// There is no such port; this is why.
    Dropped(String),
    /// It belongs to VMware alone.
    Thinprint,
}

/// Writes the ports of the source under their numbers, a terminal at the first port if that is free, and the console.
pub(super) fn write(work: &mut Work<'_>) {
    let vm = work.vm;
    let mut fates: Vec<(&Serial, Fate)> = vm
        .serials
        .iter()
        .filter(|serial| serial.presence.is_present())
        .map(|serial| (serial, choose(work, serial)))
        .collect();
    let is_port = |fate: &Fate| !matches!(fate, Fate::Dropped(_) | Fate::Thinprint);
    if !fates
        .iter()
        .any(|(serial, fate)| serial.index == 0 && is_port(fate))
    {
        add(work, 0, CharBackend::pty());
    }
    for (serial, fate) in fates.drain(..) {
        write_port(work, serial, fate);
    }
    let devices = work.domain.devices_mut();
    if let Some(first) = devices.serials.first() {
        let console = CharDevice::new(first.backend.clone());
        let target = CharTarget::default().kind("serial").port(0_u32);
        devices.consoles.push(console.target(target));
    }
}

/// Adds a port and returns its path.
fn add(work: &mut Work<'_>, port: u32, backend: CharBackend) -> String {
    let serials = &mut work.domain.devices_mut().serials;
    let path = device_path("serial", serials.len());
    let target = CharTarget::default().kind("isa-serial").port(port);
    serials.push(CharDevice::new(backend).target(target));
    path
}

fn choose(work: &Work<'_>, serial: &Serial) -> Fate {
    let kind = serial
        .file_type
        .map_or(SerialType::Device, |setting| setting.value);
    let is_thinprint = serial
        .file_name
        .as_ref()
        .is_some_and(|name| name.value.text().trim() == "thinprint");
    if kind == SerialType::Thinprint || is_thinprint {
        return Fate::Thinprint;
    }
    if serial.index >= PORTS {
        return Fate::Dropped(format!("a PC has {PORTS} serial ports"));
    }
    if serial.start_connected.is_some_and(|setting| !setting.value) {
        return Fate::Disconnected;
    }
    let concentrator = serial.vspc.as_ref().map(|setting| setting.value.trim());
    if let Some(concentrator) = concentrator.filter(|value| !value.is_empty()) {
        return Fate::Terminal(format!(
            "it goes through the concentrator {}",
            quoted(concentrator)
        ));
    }
    let Some(name) = &serial.file_name else {
        return Fate::Terminal("nothing says what it is connected to".to_owned());
    };
    let port = format!("serial{}", serial.index);
    match kind {
        SerialType::File => Fate::Carried(output(path::output(work, &name.value, &port)), None),
        SerialType::Pipe => {
            let mode = mode(serial.pipe_end_point.map(|setting| setting.value));
            let path = path::socket(work, &name.value);
            let source = UnixSource::default()
                .reconnect(reconnect(&mode))
                .mode(mode)
                .path(path);
            Fate::Carried(CharBackend::Unix(Some(source)), None)
        }
        SerialType::Network => network(serial, name.value.text()),
        _ => Fate::Terminal(format!(
            "{} is a device of the old host",
            quoted(name.value.text())
        )),
    }
}

/// A file that what is written is added to.
pub(super) fn output(path: String) -> CharBackend {
    let mut backend = CharBackend::file(path);
    if let CharBackend::File(Some(source)) = &mut backend {
        source.append = Some(true);
    }
    backend
}

/// A virtual machine that isn't said to be the client waits for a connection.
fn mode(end: Option<EndPoint>) -> SocketMode {
    match end {
        Some(EndPoint::Client) => SocketMode::Connect,
        _ => SocketMode::Bind,
    }
}

/// Without it a domain doesn't start before the other end listens.
fn reconnect(mode: &SocketMode) -> Option<Element> {
    let again = Element::new("reconnect")
        .attribute("enabled", "yes")
        .attribute("timeout", "10");
    (*mode == SocketMode::Connect).then_some(again)
}

fn network(serial: &Serial, text: &str) -> Fate {
    let mode = mode(serial.network_end_point.map(|setting| setting.value));
    let address = match endpoint::parse(text) {
        Ok(address) => address,
        Err(why) => return Fate::Terminal(format!("{} can't be carried: {why}", quoted(text))),
    };
    let is_any = matches!(address.host, "" | "0.0.0.0" | "::");
    let host = if is_any { "127.0.0.1" } else { address.host };
    let told = (is_any && mode == SocketMode::Bind).then(|| {
        format!(
            "{} waits on all addresses of the host, without a password; here on {host} only",
            quoted(text)
        )
    });
    let source = NetSource::default()
        .reconnect(reconnect(&mode))
        .mode(mode)
        .host(host)
        .service(address.port.to_string());
    let backend = TcpBackend::default()
        .source(source)
        .protocol(address.protocol);
    Fate::Carried(CharBackend::Tcp(backend), told)
}

fn write_port(work: &mut Work<'_>, serial: &Serial, fate: Fate) {
    let subject = format!("serial{}", serial.index);
    let seen = serial.file_name.as_ref().map(|setting| setting.id);
    let id = finding::SERIAL_NOT_CARRIED;
    match fate {
        Fate::Carried(backend, told) => {
            let path = add(work, serial.index, backend);
            account_carried(work, serial, &path);
            if let Some(text) = told {
                work.info(id, subject, seen, text);
            }
        }
        Fate::Terminal(why) => {
            let path = add(work, serial.index, CharBackend::pty());
            account_lost(work, serial, Some(&path), &why);
            work.info(
                id,
                subject,
                seen,
                format!("{why}; the port is a terminal now (`virsh console`)"),
            );
        }
        Fate::Disconnected => {
            let path = add(work, serial.index, CharBackend::Null);
            let why = "it starts disconnected";
            account_lost(work, serial, Some(&path), why);
            work.info(
                id,
                subject,
                seen,
                format!("{why}; the port is connected to nothing"),
            );
        }
        Fate::Dropped(why) => {
            account_lost(work, serial, None, &why);
            work.info(id, subject, seen, format!("{why}; this one was left out"));
        }
        Fate::Thinprint => {
            for (id, _) in known(work, serial) {
                work.ledger.ignored(id, "VMware's printing service");
            }
        }
    }
}

/// The port's keys that rules are about; others stay unknown.
fn known<'a>(work: &Work<'a>, serial: &Serial) -> Vec<(EntryId, &'a str)> {
    const KNOWN: [&str; 7] = [
        "present",
        "filetype",
        "filename",
        "pipe.endpoint",
        "network.endpoint",
        "vspc",
        "startconnected",
    ];
    let mut fields = work.fields(&serial.ids);
    fields.retain(|(_, field)| KNOWN.contains(field));
    fields
}

fn account_carried(work: &mut Work<'_>, serial: &Serial, path: &str) {
    let kind = serial.file_type.map(|setting| setting.value);
    for (id, field) in known(work, serial) {
        let is_mode = match field {
            "pipe.endpoint" => kind == Some(SerialType::Pipe),
            "network.endpoint" => kind == Some(SerialType::Network),
            _ => false,
        };
        match field {
            "present" => work.ledger.mapped(id, path),
            "filetype" => work.ledger.mapped(id, format!("{path}/@type")),
            "filename" if kind == Some(SerialType::Network) => {
                work.ledger.mapped(id, format!("{path}/source"));
            }
            "filename" => {
                let reason = "it has another path here";
                work.ledger
                    .mapped_because(id, format!("{path}/source/@path"), reason);
            }
            _ if is_mode => work.ledger.mapped(id, format!("{path}/source/@mode")),
            "startconnected" => work.ledger.ignored(id, "a port is connected"),
            _ => work.ledger.ignored(id, "the port is of another type"),
        }
    }
}

fn account_lost(work: &mut Work<'_>, serial: &Serial, path: Option<&str>, why: &str) {
    for (id, field) in known(work, serial) {
        match (field, path) {
            ("present", Some(path)) => work.ledger.mapped(id, path),
            ("startconnected", Some(_)) if serial.start_connected.is_some_and(|set| set.value) => {
                work.ledger.ignored(id, "a port is connected");
            }
            ("startconnected", Some(path)) => work.ledger.mapped(id, format!("{path}/@type")),
            _ => work.ledger.not_carried(id, why),
        }
    }
}
