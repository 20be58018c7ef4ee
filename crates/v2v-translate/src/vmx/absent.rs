//! Devices that are not there: their keys are left out with that reason. And those that are there though nobody says so.

use v2v_vmx::{Absence, AbsentDevice, Presence};

use super::Work;
use crate::finding;

/// Accounts for all keys of absent devices, before any rule looks at them.
pub(super) fn account(work: &mut Work<'_>) {
    let vm = work.vm;
    for AbsentDevice {
        device,
        absence,
        ids,
        ..
    } in &vm.absent
    {
        let reason = match absence {
            Absence::Declared(_) => format!("{device} is absent"),
            Absence::NotDeclared => format!("{device} is absent: nothing says that it is present"),
            Absence::Controller(_) => format!("{device} is absent, as its controller is"),
        };
        for id in ids {
            work.ledger.ignored(*id, reason.clone());
        }
    }
    tell_assumed(work);
}

/// Tells the devices that count as present though `present` is missing; VMware itself would leave them out.
fn tell_assumed(work: &mut Work<'_>) {
    let vm = work.vm;
    let blocks = vm
        .block_devices
        .iter()
        .map(|device| (device.slot.to_string(), device.presence));
    let nics = vm
        .nics
        .iter()
        .map(|nic| (format!("ethernet{}", nic.index), nic.presence));
    let assumed: Vec<_> = blocks
        .chain(nics)
        .filter_map(|(name, presence)| match presence {
            Presence::Implied(by) => Some((name, by)),
            _ => None,
        })
        .collect();
    let Some((first, by)) = assumed.first() else {
        return;
    };
    let (subject, rest) = match assumed.len() {
        1 => (first.clone(), String::new()),
        count => (format!("{count} devices"), format!(", from {first} on")),
    };
    let text =
        format!("no key says that it is present, but others describe it{rest}; taken as present");
    work.info(finding::SETTING_PRESENT_ASSUMED, subject, *by, text);
}
