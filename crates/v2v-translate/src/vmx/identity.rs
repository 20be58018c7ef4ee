//! Who the VM is: names, UUIDs, and what the guest is said to be.

use v2v_domain::{
    Domain, Element, Features, Genid, Memory, Metadata, Os, Smbios, SmbiosMode, Sysinfo,
    SysinfoEntries, Uuid,
};
use v2v_report::Action;
use v2v_vmx::{EntryId, Setting, Vm};

use super::Work;
use super::text::{for_xml, one_line, quoted};
use crate::finding;
use crate::guest::{CpuLevel, Guest, KernelVersion, Os as GuestOs};
use crate::policy::{CpuChoice, Machine, Policy, UuidOrder};

/// Longest name in bytes; programs put it into file and host names.
const MAX_NAME: usize = 63;

/// Namespace of this project's own metadata.
const NAMESPACE: &str = "urn:x-v2v:domain:1";

/// The first virtual hardware whose SMBIOS tells guests that the UUID's first groups are little-endian.
const NEW_SMBIOS: u32 = 13;

/// The first virtual hardware of 2011 (ESXi 5, Workstation 8). A Linux that VMware lists without a release and that runs
/// on it has a kernel of 2009 at least.
const HARDWARE_OF_2011: u32 = 8;

/// What the guest is, from the configuration.
pub(super) fn guest(vm: &Vm) -> Guest {
    let text = |setting: &Option<Setting<String>>| {
        setting
            .as_ref()
            .map(|setting| setting.value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    let platform = &vm.platform;
    let detailed = platform
        .detailed_data
        .as_ref()
        .map_or(&[][..], |data| data.value.pairs());
    let mut guest = Guest::from_vmware(
        text(&platform.guest_os).as_deref(),
        text(&platform.guest_os_alt_name).as_deref(),
        detailed,
    );
    let hardware = platform.hardware_version.map_or(0, |version| version.value);
    let is_bare = guest.is_linux() && guest.version.is_none() && guest.os != GuestOs::OtherLinux;
    if hardware >= HARDWARE_OF_2011 && is_bare {
        guest.kernel_at_least = Some(KernelVersion::new(2, 6, 32));
    }
    guest
}

/// The domain before any rule: a PC of `machine` with what every PC has.
pub(super) fn new_domain(machine: Machine, policy: &Policy) -> Domain {
    let mut domain = Domain::kvm("", Memory::mib(0), 1)
        .os(Os::hvm("x86_64", machine.name()))
        .features(Features::pc());
    domain.devices_mut().emulator = policy.emulator.clone();
    domain
}

/// Writes name, description, UUIDs and SMBIOS.
pub(super) fn write(work: &mut Work<'_>) {
    write_name(work);
    write_description(work);
    write_uuid(work);
    write_genid(work);
    write_guest(work);
    write_smbios(work);
}

fn write_name(work: &mut Work<'_>) {
    let vm = work.vm;
    let source = vm.identity.name();
    let fallback = || work.evidence.config_name.clone();
    let wanted = work.policy.name.clone().or_else(|| source.clone());
    let original = wanted.or_else(fallback).unwrap_or_default();
    let name = valid_name(&original);
    let at = vm.identity.display_name.as_ref().map(|setting| setting.id);
    if let Some(id) = at {
        if work.policy.name.is_some() {
            let reason = "another name was asked for";
            work.ledger.mapped_because(id, "/domain/title", reason);
        } else {
            work.ledger.mapped(id, "/domain/name");
        }
    } else if work.policy.name.is_none() {
        let text = format!("the VM has no name; the domain is called {}", quoted(&name));
        work.info(finding::NAME_CHANGED, "displayName", None, text);
    }
    if name != original {
        let text = format!(
            "{} can't be a domain's name; it became {}",
            quoted(&original),
            quoted(&name)
        );
        work.info(finding::NAME_CHANGED, "displayName", at, text);
    }
    let title = one_line(source.as_deref().unwrap_or_default());
    if !title.is_empty() && title != name {
        work.domain.title = Some(title);
    }
    work.domain.name = name;
}

/// `name` as libvirt, file systems and shells take it.
fn valid_name(name: &str) -> String {
    let mut valid: String =
        one_line(name).replace(|c: char| c == '/' || c == '\u{fffd}' || c.is_control(), "_");
    if valid.starts_with(['.', '-']) {
        valid.insert(0, '_');
    }
    if valid.is_empty() {
        valid.push_str("vm");
    }
    let end = (0..=MAX_NAME.min(valid.len()))
        .rev()
        .find(|at| valid.is_char_boundary(*at));
    valid.truncate(end.unwrap_or_default());
    valid.truncate(valid.trim_end().len());
    valid
}

fn write_description(work: &mut Work<'_>) {
    let vm = work.vm;
    let Some(annotation) = &vm.identity.annotation else {
        return;
    };
    let text = for_xml(&annotation.value);
    if text.trim().is_empty() {
        work.ledger.ignored(annotation.id, "it is empty");
        return;
    }
    work.domain.description = Some(text);
    work.ledger.mapped(annotation.id, "/domain/description");
}

fn write_uuid(work: &mut Work<'_>) {
    let vm = work.vm;
    if let Some(vc) = &vm.identity.vc_uuid {
        let element = Element::new("v2v:source")
            .attribute("xmlns:v2v", NAMESPACE)
            .attribute("vcenter-uuid", vc.value.to_string());
        add_metadata(work, |metadata| metadata.element(element));
        work.ledger.mapped(
            vc.id,
            "/domain/metadata/*[local-name()='source']/@vcenter-uuid",
        );
    }
    let Some(bios) = &vm.identity.uuid_bios else {
        return;
    };
    let swapped = match work.policy.uuid_order {
        UuidOrder::File => false,
        UuidOrder::Swapped => true,
        UuidOrder::Guest => guest_swaps(work),
    };
    let bytes = if swapped {
        swap(bios.value.0)
    } else {
        bios.value.0
    };
    let uuid = Uuid(bytes);
    work.domain.uuid = Some(uuid);
    work.ledger.mapped(bios.id, "/domain/uuid");
    let order = if swapped {
        "with its first three groups swapped"
    } else {
        "in the order of the file"
    };
    let why = match work.policy.uuid_order {
        UuidOrder::Guest => "as the guest showed it",
        UuidOrder::File | UuidOrder::Swapped => "as asked for",
    };
    let text = format!("the domain's UUID is uuid.bios {order}, {why}: {uuid}");
    let action = Action::automatic("--uuid-order file or swapped decides otherwise").done();
    let severity = v2v_report::Severity::Info;
    work.tell(
        finding::UUID_ORDER,
        severity,
        "uuid.bios",
        bios.id,
        text,
        action,
    );
}

/// Whether the guest showed the first three groups of its UUID swapped on VMware.
fn guest_swaps(work: &Work<'_>) -> bool {
    let hardware = work.vm.platform.hardware_version;
    work.guest.is_windows() || hardware.is_some_and(|version| version.value >= NEW_SMBIOS)
}

fn swap([a, b, c, d, e, f, g, h, rest @ ..]: [u8; 16]) -> [u8; 16] {
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

fn write_genid(work: &mut Work<'_>) {
    let vm = work.vm;
    match (vm.identity.genid, vm.identity.genid_x) {
        (Some(low), Some(high)) => {
            work.domain.genid = Some(Genid::from(genid(low.value, high.value)));
            work.ledger.mapped(low.id, "/domain/genid");
            work.ledger.mapped(high.id, "/domain/genid");
        }
        (Some(one), None) | (None, Some(one)) => {
            let text = "one of the two numbers of the generation id is missing; it was left out";
            work.info(finding::GENID_INCOMPLETE, "vm.genid", one.id, text);
            work.ledger.not_carried(one.id, "the other half is missing");
        }
        (None, None) => {}
    }
}

/// The UUID whose bytes in guest memory are those of the two numbers: QEMU stores the first three groups little-endian.
fn genid(low: i64, high: i64) -> Uuid {
    let [a, b, c, d, e, f, g, h] = low.to_le_bytes();
    let [i, j, k, l, m, n, o, p] = high.to_le_bytes();
    Uuid([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
}

fn write_guest(work: &mut Work<'_>) {
    let platform = &work.vm.platform;
    let keys = [
        platform.guest_os.as_ref().map(|setting| setting.id),
        platform
            .guest_os_alt_name
            .as_ref()
            .map(|setting| setting.id),
        platform.detailed_data.as_ref().map(|setting| setting.id),
    ];
    let id = work.guest.libosinfo_id();
    for key in keys.into_iter().flatten() {
        match &id {
            Some(_) => work
                .ledger
                .mapped(key, "/domain/metadata/*[local-name()='libosinfo']"),
            None => work
                .ledger
                .ignored(key, "no libosinfo id for this guest; it decided on devices"),
        }
    }
    for key in ["guestos.detailed.data", "guestinfo.detailed.data"] {
        work.ignored_key(
            key,
            "what VMware Tools saw of the guest; the other key counts",
        );
    }
    if let Some(id) = id {
        add_metadata(work, |metadata| metadata.libosinfo(id));
    }
    tell_cpu_level(work);
}

/// Guests that do not start on every CPU: RHEL 9 and 10 and their kin.
fn tell_cpu_level(work: &mut Work<'_>) {
    let level = match work.guest.minimum_cpu_level() {
        CpuLevel::Baseline => return,
        CpuLevel::V2 => "x86-64-v2",
        CpuLevel::V3 => "x86-64-v3",
    };
    if let CpuChoice::Named(model) = &work.policy.cpu {
        let text = format!(
            "{} needs a CPU of level {level}; {model} must have it",
            work.guest.name()
        );
        work.info(finding::GUEST_CPU_LEVEL, "guest", None, text);
    }
}

/// Changes the domain's metadata, which is made if there is none.
fn add_metadata(work: &mut Work<'_>, add: impl FnOnce(Metadata) -> Metadata) {
    let metadata = work.domain.metadata.take().unwrap_or_default();
    work.domain.metadata = Some(add(metadata));
}

fn write_smbios(work: &mut Work<'_>) {
    let mut smbios = Smbios::default();
    let system = system_entries(work);
    if let Some(system) = system {
        smbios = smbios.system(system);
    }
    if let Some(chassis) = asset_tag(work) {
        smbios = smbios.chassis(chassis);
    }
    tell_apple_keys(work);
    let reflects_host = work.vm.smbios.reflect_host;
    let is_empty = smbios == Smbios::default();
    let mode = match reflects_host {
        Some(reflect) if reflect.value => {
            work.ledger.mapped(reflect.id, "/domain/os/smbios/@mode");
            Some(SmbiosMode::Host)
        }
        reflect => {
            if let Some(reflect) = reflect {
                work.ledger
                    .ignored(reflect.id, "the guest does not see the host's tables");
            }
            (!is_empty).then_some(SmbiosMode::Sysinfo)
        }
    };
    if mode == Some(SmbiosMode::Sysinfo) {
        work.domain.sysinfo.push(Sysinfo::smbios(smbios));
    }
    if let Some(os) = &mut work.domain.os {
        os.smbios = mode;
    }
}

/// The serial number VMware makes of the UUID, if it is to be kept. Never its vendor name: programs would take the
/// machine for VMware's.
fn system_entries(work: &mut Work<'_>) -> Option<SysinfoEntries> {
    let vm = work.vm;
    let mut entries = SysinfoEntries::default();
    let own = vm
        .smbios
        .serial_number
        .as_ref()
        .filter(|own| !own.value.trim().is_empty());
    if let Some(own) = own {
        entries = entries.entry("serial", one_line(&own.value));
        work.ledger
            .mapped(own.id, "/domain/sysinfo/system/entry[@name='serial']");
        return Some(entries);
    }
    let bios = vm.identity.uuid_bios.as_ref()?;
    if work.policy.keep.smbios {
        return Some(entries.entry("serial", serial_of(&bios.value.0)));
    }
    let text =
        "the serial number that VMware made of the UUID is gone; licences may be bound to it";
    let action = Action::manual("--keep-smbios keeps it");
    let id = finding::SMBIOS_SERIAL_NOT_CARRIED;
    work.tell(
        id,
        v2v_report::Severity::Info,
        "SMBIOS",
        bios.id,
        text,
        action,
    );
    None
}

/// `VMware-56 4d c7 7b 93 e5 fb d8-db ad ...`
fn serial_of(bytes: &[u8; 16]) -> String {
    let mut serial = String::from("VMware-");
    for (at, byte) in bytes.iter().enumerate() {
        match at {
            0 => {}
            8 => serial.push('-'),
            _ => serial.push(' '),
        }
        serial.push_str(&format!("{byte:02x}"));
    }
    serial
}

fn asset_tag(work: &mut Work<'_>) -> Option<SysinfoEntries> {
    let tag = work.vm.smbios.asset_tag.as_ref()?;
    if tag.value.trim().is_empty() {
        work.ledger.ignored(tag.id, "it is empty");
        return None;
    }
    let path = "/domain/sysinfo/chassis/entry[@name='asset']";
    work.ledger.mapped(tag.id, path);
    Some(SysinfoEntries::default().entry("asset", one_line(&tag.value)))
}

fn tell_apple_keys(work: &mut Work<'_>) {
    let smbios = &work.vm.smbios;
    let keys = [&smbios.board_id, &smbios.hw_model]
        .map(|setting| setting.as_ref().map(|setting| setting.id));
    let keys: Vec<EntryId> = keys.into_iter().flatten().collect();
    for key in keys {
        let name = work.key(key);
        let text = "the name of an Apple machine; a PC has none";
        work.info(finding::SMBIOS_SERIAL_NOT_CARRIED, name, key, text);
        work.ledger.not_carried(key, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_libvirt_takes() {
        for (name, expected) in [
            ("web01", "web01"),
            ("a/b\nc", "a_b c"),
            (".hidden", "_.hidden"),
            ("-rf", "_-rf"),
            ("", "vm"),
            ("  ", "vm"),
            ("Büro PC", "Büro PC"),
        ] {
            assert_eq!(valid_name(name), expected);
        }
        let long = valid_name(&"ü".repeat(40));
        assert_eq!(long.len(), 62);
    }

    #[test]
    fn the_generation_id_keeps_its_bytes() {
        let id = genid(-802_103_094_701_856_339, -5_104_727_847_056_752_683);
        assert_eq!(id.to_string(), "2f0de9ad-5b7c-f4de-d53f-23b1115d28b9");
    }

    #[test]
    fn swapping_is_its_own_inverse() {
        let bytes: [u8; 16] = std::array::from_fn(|at| at as u8);
        assert_eq!(swap(bytes)[..9], [3, 2, 1, 0, 5, 4, 7, 6, 8]);
        assert_eq!(swap(swap(bytes)), bytes);
    }

    #[test]
    fn a_serial_as_vmware_writes_it() {
        let bytes: [u8; 16] = std::array::from_fn(|at| at as u8);
        assert_eq!(
            serial_of(&bytes),
            "VMware-00 01 02 03 04 05 06 07-08 09 0a 0b 0c 0d 0e 0f"
        );
    }
}
