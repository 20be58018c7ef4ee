//! Buses and names of drives.

use v2v_target::device::{VIRTIO_BLK_DISKS, Why};
use v2v_target::finding;
use v2v_target::policy::DiskBus;
use v2v_xml::NewElement;

use super::Kind;
use super::layout::{Layout, Seat};
use crate::rules::device::{Groups, listed};
use crate::work::Work;

/// libvirt counts controllers of a kind with two digits.
const MOST_CONTROLLERS: usize = 100;

/// Names of the old and the new system that one finding has room for.
const PAIRS: usize = 24;

pub(super) fn add_controllers(work: &mut Work<'_>) {
    let layout = Layout::new(work);
    if layout.missing.len() > MOST_CONTROLLERS {
        let text = format!(
            "the disks need {} controllers; libvirt has room for {MOST_CONTROLLERS}",
            layout.missing.len()
        );
        let action = "remove disks that are not needed";
        work.block(finding::PCI_SLOTS_EXCEEDED, "disks", None, text, action);
        return;
    }
    let first = layout.seats.first().map(|seat| seat.disk);
    for (index, model) in layout.missing {
        let new = NewElement::new("controller")
            .attribute("type", "scsi")
            .attribute("index", index.to_string())
            .attribute("model", model);
        if let Some(first) = first {
            work.insert_before(first, new);
        }
    }
}

pub(super) fn set(work: &mut Work<'_>) {
    let layout = Layout::new(work);
    tell_buses(work, &layout);
    tell_names(work, &layout);
    for seat in &layout.seats {
        set_one(work, seat);
    }
}

fn set_one(work: &mut Work<'_>, seat: &Seat) {
    match work.document.child(seat.disk, "target") {
        Some(target) => {
            work.set_attribute(target, "dev", &seat.dev);
            work.set_attribute(target, "bus", &seat.bus);
        }
        None => {
            let target = NewElement::new("target")
                .attribute("dev", &seat.dev)
                .attribute("bus", &seat.bus);
            work.append(seat.disk, target);
        }
    }
    let is_virtio = seat
        .choice
        .is_some_and(|choice| choice.bus == DiskBus::Virtio);
    if is_virtio && work.facts().wants_transitional(work.machine) {
        work.set_attribute(seat.disk, "model", "virtio-transitional");
    }
    if let Some((controller, unit)) = seat.scsi
        && work.document.child(seat.disk, "address").is_none()
    {
        let address = NewElement::new("address")
            .attribute("type", "drive")
            .attribute("controller", controller.to_string())
            .attribute("bus", "0")
            .attribute("target", unit.to_string())
            .attribute("unit", "0");
        work.append(seat.disk, address);
    }
}

fn subject(seat: &Seat) -> &str {
    if seat.old.is_empty() {
        &seat.dev
    } else {
        &seat.old
    }
}

/// Tells what the guest needs to start from where its disks are now.
fn tell_buses(work: &mut Work<'_>, layout: &Layout) {
    let is_windows = work.guest.is_windows();
    let is_shown = work
        .guest_evidence()
        .is_some_and(|seen| seen.virtio_blk == Some(true) || seen.virtio_scsi == Some(true));
    let mut groups = Groups::default();
    for seat in &layout.seats {
        let Some(choice) = seat.choice else { continue };
        let is_virtio = matches!(choice.bus, DiskBus::Virtio | DiskBus::Scsi);
        if is_virtio && choice.why == Why::Assumed {
            let text = "virtio, which guests of this kind can start from; nobody looked whether this one does";
            let action = "check that its initramfs has virtio_blk or virtio_scsi (guestfix), or give --disk-bus sata";
            groups.warn(
                finding::DISK_BUS_UNPROVEN,
                subject(seat),
                seat.disk,
                text,
                action,
            );
        }
        if is_virtio && is_windows && !is_shown && choice.why != Why::Assumed {
            let text = "virtio, as asked; Windows stops with 0x7B if viostor or vioscsi is not installed as a boot driver";
            let action =
                "stage the drivers with guestfix before the first start, or give --profile source";
            groups.warn(
                finding::WINDOWS_STORAGE_DRIVER,
                subject(seat),
                seat.disk,
                text,
                action,
            );
        }
        tell_nearest(seat, &mut groups);
    }
    groups.tell(work);
    if let Some((count, bus)) = layout.crowd {
        let bus = match bus {
            DiskBus::Scsi => "virtio-scsi",
            _ => "SATA, because the guest is too old for virtio-scsi",
        };
        let text = format!(
            "{count} disks are more than the {VIRTIO_BLK_DISKS} that virtio-blk has PCI slots for; all of them are on {bus}"
        );
        let action = "check that the guest starts from there, or choose with --disk-bus";
        work.warn(finding::PCI_SLOTS_EXCEEDED, "disks", None, text, action);
    }
}

fn tell_nearest(seat: &Seat, groups: &mut Groups) {
    if let Some(refused) = seat.refused {
        let text = format!("no disk is put on {refused} here; it is on SATA");
        groups.warn(
            finding::CONTROLLER_NO_EQUIVALENT,
            subject(seat),
            seat.disk,
            text,
            "choose another --disk-bus",
        );
    } else if seat.is_moved_read_only {
        let text = "it is read-only, which IDE and SATA disks can't be; it is on USB";
        let action = "check that the guest finds it there, or choose with --disk-bus";
        groups.warn(
            finding::CONTROLLER_NO_EQUIVALENT,
            subject(seat),
            seat.disk,
            text,
            action,
        );
    } else if seat.choice.is_some_and(|choice| choice.why == Why::Nearest) {
        let (bus, driver) = match seat.bus.as_str() {
            "ide" => ("IDE", "IDE (ata_piix, intelide)"),
            _ => ("SATA", "AHCI (ahci, storahci, msahci)"),
        };
        let text = format!(
            "its bus of the source has no equal on this machine; it is on {bus}, and the guest needs a driver for {driver}"
        );
        let action = "check that the guest starts with that driver, or choose with --disk-bus";
        groups.warn(
            finding::CONTROLLER_NO_EQUIVALENT,
            subject(seat),
            seat.disk,
            text,
            action,
        );
    }
}

/// The table from old to new names: what stands in the guest's boot line and fstab.
fn tell_names(work: &mut Work<'_>, layout: &Layout) {
    let is_new =
        |seat: &&Seat| seat.kind == Kind::Disk && !seat.old.is_empty() && seat.old != seat.dev;
    let renamed: Vec<&Seat> = layout.seats.iter().filter(is_new).collect();
    let Some(first) = renamed.first() else {
        return;
    };
    let at = first.disk;
    let pairs: Vec<String> = renamed
        .iter()
        .take(PAIRS)
        .map(|seat| format!("{} -> {}", seat.old, seat.dev))
        .collect();
    let rest = renamed.len().saturating_sub(PAIRS);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    let text = format!(
        "new names by position: {}{more}; the guest's boot line, fstab and resume= may have the old ones",
        pairs.join(", ")
    );
    let names: Vec<String> = renamed.iter().map(|seat| seat.old.clone()).collect();
    work.info(finding::PV_NAME_GUESS, listed(&names), at, text);
}
