//! What the drives were attached to, and what it means that they are attached to something else.

use std::collections::BTreeMap;

use v2v_vmx::{Bus, ControllerId, Slot, Vm};

use super::{Plan, PlannedDisk, listed};
use crate::device::{BusChoice, SourceBus, Why};
use crate::finding;
use crate::policy::DiskBus;
use crate::vmx::Work;
use crate::vmx::text::quoted;

/// What the device in `slot` is attached to.
pub(super) fn source(vm: &Vm, slot: Slot) -> SourceBus {
    match slot.bus {
        Bus::Scsi => scsi(vm, slot),
        Bus::Nvme => SourceBus::Nvme,
        Bus::Sata => SourceBus::Sata,
        Bus::Ide | Bus::Floppy => SourceBus::Ide,
        Bus::Usb | Bus::Ehci | Bus::Xhci => SourceBus::Usb,
    }
}

/// A SCSI controller without `virtualDev` is an lsilogic.
fn scsi(vm: &Vm, slot: Slot) -> SourceBus {
    let controller = slot.controller_id().and_then(|id| vm.controllers.get(&id));
    let model = controller.and_then(|controller| controller.virtual_dev.as_ref());
    let name = model.map_or("", |model| model.value.trim());
    match name.to_ascii_lowercase().as_str() {
        "pvscsi" => SourceBus::Pvscsi,
        "lsisas1068" => SourceBus::LsiSas,
        "lsilogic" | "" => SourceBus::LsiLogic,
        "buslogic" => SourceBus::BusLogic,
        _ => SourceBus::OtherScsi,
    }
}

/// Tells which disks may need a driver that the guest does not have.
pub(super) fn tell(work: &mut Work<'_>, plan: &Plan) {
    tell_unproven(work, plan);
    tell_windows(work, plan);
    tell_no_equivalent(work, plan);
    tell_lsisas(work, plan);
}

fn slots(plan: &Plan, is_meant: impl Fn(&BusChoice) -> bool) -> Vec<String> {
    let disks = plan.disks.iter().zip(&plan.buses);
    disks
        .filter(|(_, choice)| is_meant(choice))
        .map(|(disk, _)| disk.slot.to_string())
        .collect()
}

fn is_virtio(choice: &BusChoice) -> bool {
    matches!(choice.bus, DiskBus::Virtio | DiskBus::Scsi)
}

fn tell_unproven(work: &mut Work<'_>, plan: &Plan) {
    let slots = slots(plan, |choice| {
        is_virtio(choice) && choice.why == Why::Assumed
    });
    if slots.is_empty() {
        return;
    }
    let text = format!(
        "virtio for {}, because {} comes with its driver; nobody has looked whether this one boots with it",
        listed(&slots),
        work.guest.name()
    );
    let action = "check its initramfs with guestfix, or give --profile source";
    work.warn(
        finding::DISK_BUS_UNPROVEN,
        subject(&slots),
        None,
        text,
        action,
    );
}

fn tell_windows(work: &mut Work<'_>, plan: &Plan) {
    let is_asked = |choice: &BusChoice| matches!(choice.why, Why::Asked | Why::Profile);
    let slots = slots(plan, |choice| is_virtio(choice) && is_asked(choice));
    let evidence = work.evidence.guest.as_ref();
    let seen = evidence
        .is_some_and(|guest| guest.virtio_blk == Some(true) || guest.virtio_scsi == Some(true));
    if slots.is_empty() || seen || !work.guest.is_windows() {
        return;
    }
    let text = format!(
        "virtio for {}, as asked; Windows stops with 0x7B if viostor and vioscsi are not installed as boot drivers",
        listed(&slots)
    );
    let action = "stage the drivers with guestfix before the first start, or give --profile source";
    work.warn(
        finding::WINDOWS_STORAGE_DRIVER,
        subject(&slots),
        None,
        text,
        action,
    );
}

fn subject(slots: &[String]) -> String {
    match slots {
        [one] => one.clone(),
        _ => format!("{} disks", slots.len()),
    }
}

/// One finding for each controller that QEMU has no model of.
fn tell_no_equivalent(work: &mut Work<'_>, plan: &Plan) {
    let mut told: BTreeMap<ControllerId, (PlannedDisk, DiskBus)> = BTreeMap::new();
    for (disk, choice) in plan.disks.iter().zip(&plan.buses) {
        if let (Why::Nearest, Some(id)) = (choice.why, disk.slot.controller_id()) {
            told.entry(id).or_insert((*disk, choice.bus));
        }
    }
    let vm = work.vm;
    for (id, (disk, bus)) in told {
        let model = vm
            .controllers
            .get(&id)
            .and_then(|controller| controller.virtual_dev.as_ref());
        let what = match disk.source {
            SourceBus::LsiLogic => "QEMU has no LSI 53C1030".to_owned(),
            SourceBus::BusLogic => "QEMU has no BusLogic adapter".to_owned(),
            SourceBus::Nvme => format!("libvirt {} attaches no disk to NVMe", work.policy.libvirt),
            SourceBus::OtherScsi => {
                let name = model.map_or("", |model| &model.value);
                format!("{} is no SCSI adapter that is known", quoted(name))
            }
            _ => "q35 has no IDE".to_owned(),
        };
        let text = format!(
            "{what}; its disks are on {}, for which the guest needs {}",
            label(bus),
            driver(bus)
        );
        let action = "check that the guest boots with that driver, or choose with --disk-bus";
        let first = vm
            .block_devices
            .get(disk.device)
            .and_then(|device| device.ids.first());
        let at = model.map(|model| model.id).or(first.copied());
        work.warn(
            finding::CONTROLLER_NO_EQUIVALENT,
            id.to_string(),
            at,
            text,
            action,
        );
    }
}

/// What people call a bus.
pub(super) fn label(bus: DiskBus) -> &'static str {
    match bus {
        DiskBus::Virtio => "virtio-blk",
        DiskBus::Scsi => "virtio-scsi",
        DiskBus::Sata => "SATA",
        DiskBus::Ide => "IDE",
        DiskBus::Usb => "USB",
        DiskBus::Nvme => "NVMe",
        DiskBus::Pvscsi => "pvscsi",
        DiskBus::Lsisas1068 => "lsisas1068",
    }
}

/// The driver a guest needs to boot from a bus.
fn driver(bus: DiskBus) -> &'static str {
    match bus {
        DiskBus::Virtio => "virtio_blk or viostor",
        DiskBus::Scsi => "virtio_scsi or vioscsi",
        DiskBus::Sata => "ahci, msahci or storahci",
        DiskBus::Ide => "ata_piix, piix or intelide",
        DiskBus::Usb => "usb_storage",
        DiskBus::Nvme => "nvme or stornvme",
        DiskBus::Pvscsi => "vmw_pvscsi or pvscsi",
        DiskBus::Lsisas1068 => "mptsas or lsi_sas",
    }
}

fn tell_lsisas(work: &mut Work<'_>, plan: &Plan) {
    let slots = slots(plan, |choice| choice.bus == DiskBus::Lsisas1068);
    if slots.is_empty() {
        return;
    }
    let text = format!(
        "QEMU's lsisas1068 for {}; the disks got a WWN, without which Linux ignores them, but libvirt gives the ports \
         none",
        listed(&slots)
    );
    let action = "start the guest once before relying on it, or choose another bus with --disk-bus";
    work.warn(
        finding::DISK_BUS_UNPROVEN,
        subject(&slots),
        None,
        text,
        action,
    );
}
