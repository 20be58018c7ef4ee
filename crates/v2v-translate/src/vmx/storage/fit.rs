//! What the machine has no room for.

use v2v_vmx::{Bus, Slot};

use super::Plan;
use crate::device::{BusChoice, Facts, VIRTIO_BLK_DISKS, Why};
use crate::finding;
use crate::policy::{DiskBus, Machine};
use crate::vmx::Work;

/// Channel and unit of the machine's IDE controller.
pub(super) type IdePlace = (u32, u32);

/// What had to go elsewhere.
#[derive(Debug, Default)]
pub(super) struct Crowding {
    /// How many disks were meant for virtio-blk, and where they went instead.
    virtio: Option<(usize, DiskBus)>,
    /// Drives that IDE had no place for.
    off_ide: Vec<Slot>,
}

/// Fits the buses to `machine`: q35 has no IDE, pc has four places there, and PCI slots are few.
pub(super) fn fit(plan: &mut Plan, facts: &Facts<'_>, machine: Machine) {
    for choice in &mut plan.buses {
        *choice = facts.fit(*choice, machine);
    }
    spare_slots(plan, facts);
    if machine == Machine::Pc {
        fill_ide(plan);
    }
}

/// More virtio-blk disks than slots: all of them share virtio-scsi controllers, or AHCI if the guest is known to have
/// come before virtio-scsi.
fn spare_slots(plan: &mut Plan, facts: &Facts<'_>) {
    let is_blk = |choice: &&mut BusChoice| choice.bus == DiskBus::Virtio;
    let count = plan.buses.iter_mut().filter(is_blk).count();
    if count <= VIRTIO_BLK_DISKS {
        return;
    }
    let is_assumed = plan.buses.iter().any(|choice| choice.why == Why::Assumed);
    let seen = facts.evidence.and_then(|evidence| evidence.virtio_scsi);
    let drives_scsi = seen.unwrap_or(!is_assumed || facts.guest.has_virtio_scsi());
    let bus = if drives_scsi {
        DiskBus::Scsi
    } else {
        DiskBus::Sata
    };
    for choice in plan.buses.iter_mut().filter(is_blk) {
        choice.bus = bus;
    }
    plan.crowding.virtio = Some((count, bus));
}

/// Who gets which of the four IDE places: disks before CD-ROM drives, and among each those first that have been on IDE,
/// where they have been. The others go to SATA.
fn fill_ide(plan: &mut Plan) {
    let mut places = Places::default();
    let is_ide = |slot: &Slot| slot.bus == Bus::Ide;
    for keep in [true, false] {
        for (disk, choice) in plan.disks.iter_mut().zip(&plan.buses) {
            if choice.bus == DiskBus::Ide && disk.ide.is_none() {
                let wanted = keep.then_some((disk.slot.controller, disk.slot.unit));
                if !keep || is_ide(&disk.slot) {
                    disk.ide = places.take(wanted);
                }
            }
        }
    }
    for keep in [true, false] {
        for cdrom in plan.cdroms.iter_mut().filter(|cdrom| cdrom.ide.is_none()) {
            let wanted = keep.then_some((cdrom.slot.controller, cdrom.slot.unit));
            if !keep || is_ide(&cdrom.slot) {
                cdrom.ide = places.take(wanted);
            }
        }
    }
    for (disk, choice) in plan.disks.iter().zip(&mut plan.buses) {
        if choice.bus == DiskBus::Ide && disk.ide.is_none() {
            choice.bus = DiskBus::Sata;
            plan.crowding.off_ide.push(disk.slot);
        }
    }
    let cdroms = plan.cdroms.iter().filter(|cdrom| cdrom.ide.is_none());
    plan.crowding.off_ide.extend(cdroms.map(|cdrom| cdrom.slot));
}

/// The places of an IDE controller that are still free.
struct Places(Vec<IdePlace>);

impl Default for Places {
    fn default() -> Places {
        Places(vec![(0, 0), (0, 1), (1, 0), (1, 1)])
    }
}

impl Places {
    /// The place `wanted`, or the first free one if none is wanted.
    fn take(&mut self, wanted: Option<IdePlace>) -> Option<IdePlace> {
        let at = match wanted {
            Some(wanted) => self.0.iter().position(|place| *place == wanted)?,
            None if self.0.is_empty() => return None,
            None => 0,
        };
        Some(self.0.remove(at))
    }
}

/// Tells what had to go elsewhere.
pub(super) fn tell(work: &mut Work<'_>, plan: &Plan) {
    if let Some((count, bus)) = plan.crowding.virtio {
        let bus = match bus {
            DiskBus::Scsi => "virtio-scsi",
            _ => "SATA, because the guest is too old for virtio-scsi",
        };
        let text = format!(
            "{count} disks are more than the {VIRTIO_BLK_DISKS} that virtio-blk has PCI slots for; all of them are on {bus}"
        );
        let action = "check that the guest boots from there, or move disks with --disk-bus";
        work.warn(finding::PCI_SLOTS_EXCEEDED, "disks", None, text, action);
    }
    let off_ide: Vec<String> = plan.crowding.off_ide.iter().map(Slot::to_string).collect();
    if !off_ide.is_empty() {
        let text = format!(
            "the four places of IDE are taken; {} moved to SATA, for which the guest needs a driver for AHCI",
            super::listed(&off_ide)
        );
        let action = "check that the guest drives AHCI, or choose with --disk-bus SLOT=BUS";
        work.warn(finding::PCI_SLOTS_EXCEEDED, "IDE", None, text, action);
    }
}
