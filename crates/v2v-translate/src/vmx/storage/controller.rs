//! Controllers of drives, and what becomes of their keys.

use std::collections::BTreeMap;

use v2v_vmx::{ControllerId, Presence, SharedBus};

use super::Plan;
use super::layout::{Layout, Threads};
use crate::finding;
use crate::vmx::{Work, device_path};

/// libvirt counts controllers of a kind with two digits.
const MOST: usize = 100;

/// Writes the controllers.
pub(super) fn write(work: &mut Work<'_>, layout: &Layout, threads: &mut Threads) {
    let count = layout.controllers.len();
    if count > MOST {
        let text = format!("the drives need {count} controllers; libvirt has room for {MOST}");
        let action = "remove drives that are not needed";
        work.block(finding::PCI_SLOTS_EXCEEDED, "disks", None, text, action);
    }
    for controller in &layout.controllers {
        let mut controller = controller.clone();
        threads.for_controller(&mut controller);
        work.domain.devices_mut().controllers.push(controller);
    }
}

/// Where the drives of one controller went.
#[derive(Debug)]
struct Heir {
    /// XPath of the new controller, or of the first drive if its bus has none.
    controller: String,
    model: String,
    /// XPath of the first hard disk.
    disk: Option<String>,
}

/// Enters the keys of the controllers: they went where the first of their drives went.
pub(super) fn account(work: &mut Work<'_>, plan: &Plan, layout: &Layout) {
    let heirs = heirs(work, plan, layout);
    let vm = work.vm;
    for (id, controller) in &vm.controllers {
        if id.bus.is_usb() || !controller.presence.is_present() {
            continue;
        }
        let heir = heirs.get(id);
        if let Presence::Declared(entry) = controller.presence {
            match heir {
                Some(heir) => work.ledger.mapped(entry, &heir.controller),
                None => work.ledger.ignored(entry, "no drive is attached to it"),
            }
        }
        if let Some(model) = &controller.virtual_dev {
            match heir {
                Some(heir) => work.ledger.mapped(model.id, &heir.model),
                None => work.ledger.ignored(model.id, "no drive is attached to it"),
            }
        }
        if let Some(shared) = controller.shared_bus {
            match heir.and_then(|heir| heir.disk.as_ref()) {
                _ if shared.value == SharedBus::None => {
                    work.ledger.ignored(shared.id, "nobody else uses its disks");
                }
                Some(disk) => work.ledger.mapped(shared.id, format!("{disk}/shareable")),
                None => work.ledger.ignored(shared.id, "no disk is attached to it"),
            }
        }
        let empty = |name: &str| format!("{id}.{name}");
        for key in [empty("virtualdev"), empty("sharedbus")] {
            ignore_if_empty(work, &key);
        }
    }
}

fn ignore_if_empty(work: &mut Work<'_>, key: &str) {
    let entry = work.document.get(key);
    if let Some(entry) = entry.filter(|entry| entry.value().trim().is_empty()) {
        work.ledger
            .ignored(entry.id(), "empty, which means the default");
    }
}

fn heirs(work: &Work<'_>, plan: &Plan, layout: &Layout) -> BTreeMap<ControllerId, Heir> {
    let disks = plan.disks.iter().map(|disk| disk.slot).zip(&layout.disks);
    let cdroms = plan
        .cdroms
        .iter()
        .map(|cdrom| cdrom.slot)
        .zip(&layout.cdroms);
    let seats = disks
        .map(|seat| (seat, true))
        .chain(cdroms.map(|seat| (seat, false)));
    let (first_disk, first_controller) = (layout.first_disk, layout.first_controller);
    let mut heirs = BTreeMap::new();
    for (index, ((slot, seat), is_disk)) in seats.enumerate() {
        let Some(id) = slot
            .controller_id()
            .filter(|id| work.vm.controllers.contains_key(id))
        else {
            continue;
        };
        let drive = device_path("disk", first_disk.saturating_add(index));
        heirs.entry(id).or_insert_with(|| {
            let at = seat
                .controller
                .map(|at| first_controller.saturating_add(at));
            let controller = at.map(|at| device_path("controller", at));
            let scsi = layout
                .controllers
                .get(seat.controller.unwrap_or(usize::MAX));
            let has_model = scsi.is_some_and(|controller| controller.model.is_some());
            let model = match &controller {
                Some(controller) if has_model => format!("{controller}/@model"),
                _ => format!("{drive}/target/@bus"),
            };
            Heir {
                controller: controller.unwrap_or_else(|| drive.clone()),
                model,
                disk: is_disk.then_some(drive),
            }
        });
    }
    heirs
}
