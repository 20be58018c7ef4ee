//! The domain as a whole: who it is, its memory, what happens when it stops, and the order of all else.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{Action, EntryId, Setting};
use v2v_xml::NewElement;

use super::build::{Build, element, leaf};
use super::draft::Draft;
use super::{boot, cpu, disk, display, features, host, interface, port};

pub(super) fn domain(draft: &mut Draft<'_>) -> NewElement {
    element("domain")
        .attribute("type", "xen")
        .put(identity(draft))
        .put(memory(draft))
        .put(cpu::vcpus(draft))
        .put(boot::bootloader(draft))
        .child(boot::os(draft))
        .put(features::features(draft))
        .put(cpu::cpu(draft))
        .child(features::clock(draft))
        .put(actions(draft))
        .child(devices(draft))
}

fn devices(draft: &mut Draft<'_>) -> NewElement {
    element("devices")
        .put(boot::emulator(draft))
        .put(disk::disks(draft))
        .put(disk::controllers(draft))
        .put(interface::interfaces(draft))
        .put(port::ports(draft))
        .put(port::inputs(draft))
        .put(display::displays(draft))
        .put(host::devices(draft))
        .child(element("memballoon").attribute("model", "xen"))
}

fn identity(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let identity = &draft.guest.identity;
    let mut out = Vec::new();
    match &identity.name {
        Some(name) => {
            draft.mapped(name.id, "/domain/name");
            out.push(leaf("name", name.value.trim()));
        }
        None => {
            let text = "the file gives the guest no name, and libvirt takes no domain without one";
            let action = "write name = \"...\", or give a name with -on";
            draft.tell(
                finding::NAME_MISSING,
                Severity::Warn,
                "name",
                None,
                text,
                action,
            );
        }
    }
    match &identity.uuid {
        Some(uuid) => {
            draft.mapped(uuid.id, "/domain/uuid");
            out.push(leaf("uuid", &uuid.value.to_string()));
        }
        None => {
            let text = "the file has no UUID that can be read, so Xen made one up at each start; libvirt makes one up \
                        when the domain is defined";
            draft.tell(
                finding::UUID_MISSING,
                Severity::Info,
                "uuid",
                None,
                text,
                "",
            );
        }
    }
    out.extend(generation_id(draft));
    out
}

/// libvirt makes up a new id for an empty element, as Xen did at each start.
fn generation_id(draft: &mut Draft<'_>) -> Option<NewElement> {
    let setting = draft.guest.firmware.ms_vm_genid.as_ref()?;
    match setting.value.trim() {
        "generate" => {
            draft.mapped(setting.id, "/domain/genid");
            Some(element("genid"))
        }
        _ => {
            draft.ignored(setting.id, "the guest has no generation id");
            None
        }
    }
}

/// libxl's default, and what nobody meant.
const DEFAULT_MIB: u64 = 32;

fn memory(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let memory = &draft.guest.memory;
    let current = kib(draft, &memory.memory_mib, "/domain/currentMemory");
    let most = kib(draft, &memory.maxmem_mib, "/domain/memory");
    if current.is_none() && most.is_none() {
        let text = format!(
            "the file gives no memory that can be used; libxl takes {DEFAULT_MIB} MiB, and so is written"
        );
        let action = "give the size with --memory";
        let id = finding::MEMORY_DEFAULT;
        draft.tell(id, Severity::Warn, "memory", None, text, action);
    }
    let default = DEFAULT_MIB.saturating_mul(1024);
    let current = current.or(most).unwrap_or(default);
    let most = most.unwrap_or(current).max(current);
    let size = |name, kib: u64| leaf(name, &kib.to_string()).attribute("unit", "KiB");
    vec![size("memory", most), size("currentMemory", current)]
}

/// A size in KiB; `None` for one that no guest has.
fn kib(draft: &mut Draft<'_>, setting: &Option<Setting<u64>>, to: &str) -> Option<u64> {
    const MOST_MIB: u64 = 1 << 30;
    let setting = setting.as_ref()?;
    if (1..=MOST_MIB).contains(&setting.value) {
        draft.mapped(setting.id, to);
        return setting.value.checked_mul(1024);
    }
    let text = format!("{} MiB is a size that no guest has", setting.value);
    let action = "give the size with --memory";
    draft.lose(
        setting.id,
        finding::MEMORY_SIZE,
        Severity::Warn,
        &text,
        action,
    );
    None
}

/// xl's defaults are written: they are what the guest had.
fn actions(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let actions = &draft.guest.actions;
    for setting in [&actions.on_watchdog, &actions.on_soft_reset]
        .into_iter()
        .flatten()
    {
        other_action(draft, setting.id, setting.value);
    }
    let rows = [
        ("on_poweroff", &actions.on_poweroff, "destroy"),
        ("on_reboot", &actions.on_reboot, "restart"),
        ("on_crash", &actions.on_crash, "destroy"),
    ];
    let rows = rows.into_iter().map(|(name, setting, default)| {
        let word = match setting {
            Some(setting) => {
                draft.mapped(setting.id, &format!("/domain/{name}"));
                action_word(setting.value)
            }
            None => default,
        };
        leaf(name, word)
    });
    rows.collect()
}

/// Those that libvirt has no element for.
fn other_action(draft: &mut Draft<'_>, id: EntryId, action: Action) {
    if matches!(action, Action::Destroy | Action::SoftReset) {
        draft.ignored(id, "what Xen does anyway");
        return;
    }
    let text = "libvirt has no element for it on Xen; a <watchdog> with an action does this on KVM";
    let finding = finding::LIFECYCLE_ACTION_CHANGED;
    draft.lose(id, finding, Severity::Info, text, "");
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Destroy => "destroy",
        // libvirt has no word for a restart that keeps the devices.
        Action::Restart | Action::SoftReset => "restart",
        Action::RenameRestart => "rename-restart",
        Action::Preserve => "preserve",
        Action::CoredumpDestroy => "coredump-destroy",
        Action::CoredumpRestart => "coredump-restart",
    }
}
