//! Parallel ports.

use v2v_domain::CharDevice;
use v2v_vmx::{Parallel, ParallelType};

use super::path;
use super::serial::output;
use crate::finding;
use crate::vmx::text::quoted;
use crate::vmx::{Work, device_path};

/// Parallel ports of a PC.
const PORTS: u32 = 3;

/// Writes the ports that print into a file.
pub(super) fn write(work: &mut Work<'_>) {
    let vm = work.vm;
    for port in vm
        .parallels
        .iter()
        .filter(|port| port.presence.is_present())
    {
        match file(work, port) {
            Ok(file) => carry(work, port, file),
            Err(why) => drop_port(work, port, &why),
        }
    }
}

/// The file that takes the output, or why there is none.
fn file(work: &Work<'_>, port: &Parallel) -> Result<String, String> {
    if port.index >= PORTS {
        return Err(format!("a PC has {PORTS} parallel ports"));
    }
    if port.start_connected.is_some_and(|setting| !setting.value) {
        return Err("it starts disconnected".to_owned());
    }
    let name = port
        .file_name
        .as_ref()
        .ok_or("nothing says what it is connected to")?;
    match port.file_type.map(|setting| setting.value) {
        Some(ParallelType::File) => Ok(path::output(
            work,
            &name.value,
            &format!("parallel{}", port.index),
        )),
        _ => Err(format!(
            "{} is a device of the old host",
            quoted(name.value.text())
        )),
    }
}

fn carry(work: &mut Work<'_>, port: &Parallel, file: String) {
    let parallels = &mut work.domain.devices_mut().parallels;
    let path = device_path("parallel", parallels.len());
    parallels.push(CharDevice::at_port(output(file), port.index));
    for (id, field) in work.fields(&port.ids) {
        match field {
            "present" => work.ledger.mapped(id, &path),
            "filetype" => work.ledger.mapped(id, format!("{path}/@type")),
            "filename" => {
                let reason = "it has another path here";
                work.ledger
                    .mapped_because(id, format!("{path}/source/@path"), reason);
            }
            "startconnected" => work.ledger.ignored(id, "a port is connected"),
            _ => {}
        }
    }
}

fn drop_port(work: &mut Work<'_>, port: &Parallel, why: &str) {
    for (id, field) in work.fields(&port.ids) {
        if matches!(
            field,
            "present" | "filetype" | "filename" | "startconnected"
        ) {
            work.ledger.not_carried(id, why);
        }
    }
    let subject = format!("parallel{}", port.index);
    let seen = port.file_name.as_ref().map(|setting| setting.id);
    let text = format!("{why}; the port was left out");
    work.info(finding::PARALLEL_NOT_CARRIED, subject, seen, text);
}
