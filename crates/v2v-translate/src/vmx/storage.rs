//! Disks, CD-ROMs, floppies, their controllers, and what the machine starts from.
//!
//! [`Plan`] is made before the machine is chosen, because its buses decide on the machine. [`write`] turns it into
//! elements: [`layout`] says where each drive sits, [`image`] which file it is, [`disk`] and [`removable`] write it,
//! [`boot`] says what comes first.

mod account;
mod boot;
mod bus;
mod controller;
mod disk;
mod fit;
mod image;
mod layout;
mod removable;
mod seen;
mod serial;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use v2v_vmx::{BlockDevice, BlockKind, Bus, Document, Medium, NoMedium, Slot, Vm};

use super::Work;
use crate::device::{BusChoice, Facts, SourceBus};
use crate::finding;
use crate::policy::Machine;

/// The names of the files that the translation would like to know more about: the images of the hard disks, CD-ROM
/// drives and floppy drives that are present.
///
/// Names are as they stand in the configuration, in the order of the slots, each once. They are the keys of
/// [`Evidence::files`](crate::Evidence::files). Devices of the old host and VMware's own images are not among them.
pub fn wanted_files(document: &Document) -> Vec<String> {
    let vm = Vm::new(document);
    let mut known = HashSet::new();
    vm.present_block_devices()
        .filter_map(wanted_file)
        .filter(|name| known.insert((*name).to_owned()))
        .map(str::to_owned)
        .collect()
}

fn wanted_file(device: &BlockDevice) -> Option<&str> {
    match Role::of(device) {
        Role::Disk => device
            .name()
            .filter(|name| !name.is_host_device())
            .map(v2v_vmx::FileName::text)
            .filter(|name| !name.is_empty()),
        Role::Cdrom | Role::Floppy => match device.medium() {
            Medium::Image(name) => Some(name.text()),
            Medium::Empty(_) => None,
        },
        Role::None => None,
    }
}

/// What a device of the source becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Disk,
    Cdrom,
    Floppy,
    /// Neither its type nor its name tells.
    None,
}

impl Role {
    fn of(device: &BlockDevice) -> Role {
        if device.slot.bus == Bus::Floppy {
            return Role::Floppy;
        }
        match (device.kind(), device.medium()) {
            (BlockKind::HardDisk | BlockKind::RawDevice | BlockKind::Passthrough, _) => Role::Disk,
            (BlockKind::CdromImage | BlockKind::CdromHost, _) => Role::Cdrom,
            // Without a type VMware takes a device for a disk, and only a removable medium can be missing.
            (_, Medium::Image(_)) => Role::Disk,
            (_, Medium::Empty(NoMedium::Empty)) if has_no_name(device) => Role::None,
            (_, Medium::Empty(_)) => Role::Cdrom,
        }
    }
}

fn has_no_name(device: &BlockDevice) -> bool {
    device
        .name()
        .is_none_or(|name| name.text().trim().is_empty())
}

/// How the drives of the source will be attached.
#[derive(Debug, Default)]
pub(super) struct Plan {
    disks: Vec<PlannedDisk>,
    /// The bus of each disk, in the same order.
    buses: Vec<BusChoice>,
    cdroms: Vec<PlannedCdrom>,
    /// Places of the floppy drives in [`Vm::block_devices`].
    floppies: Vec<usize>,
    /// Places of the devices that are none of these.
    unknown: Vec<usize>,
    crowding: fit::Crowding,
    boot: boot::Order,
}

/// A hard disk.
#[derive(Debug, Clone, Copy)]
struct PlannedDisk {
    /// Its place in [`Vm::block_devices`].
    device: usize,
    slot: Slot,
    source: SourceBus,
    /// Channel and unit, if it is on IDE.
    ide: Option<fit::IdePlace>,
}

/// A CD-ROM drive: on IDE if it has a place there, else on SATA.
#[derive(Debug, Clone, Copy)]
struct PlannedCdrom {
    device: usize,
    slot: Slot,
    ide: Option<fit::IdePlace>,
}

impl Plan {
    /// The drives in their final order, and the buses of the disks as wished.
    ///
    /// Disks stand in the order of `bios.hddOrder`, the others behind by slot: SCSI, NVMe, SATA, IDE, USB.
    pub(super) fn new(vm: &Vm, facts: &Facts<'_>) -> Plan {
        let mut plan = Plan::default();
        for (device, block) in vm.block_devices.iter().enumerate() {
            if !block.presence.is_present() {
                continue;
            }
            let slot = block.slot;
            match Role::of(block) {
                Role::Disk => plan.disks.push(PlannedDisk {
                    device,
                    slot,
                    source: bus::source(vm, slot),
                    ide: None,
                }),
                Role::Cdrom => plan.cdroms.push(PlannedCdrom {
                    device,
                    slot,
                    ide: None,
                }),
                Role::Floppy => plan.floppies.push(device),
                Role::None => plan.unknown.push(device),
            }
        }
        plan.sort_disks(vm);
        let choose = |disk: &PlannedDisk| facts.disk_bus(&disk.slot.to_string(), disk.source);
        plan.buses = plan.disks.iter().map(choose).collect();
        plan
    }

    fn sort_disks(&mut self, vm: &Vm) {
        let Some(order) = &vm.boot.hdd_order else {
            return;
        };
        let mut ranks = BTreeMap::new();
        for (rank, slot) in order.value.0.iter().enumerate() {
            ranks.entry(*slot).or_insert(rank);
        }
        // Stable: what is not named keeps its order behind the others.
        self.disks
            .sort_by_key(|disk| ranks.get(&disk.slot).copied().unwrap_or(usize::MAX));
    }

    /// The bus of each hard disk, in the order of the disks.
    pub(super) fn buses(&self) -> &[BusChoice] {
        &self.buses
    }

    /// Fits the buses to `machine` and gives the CD-ROM drives theirs.
    pub(super) fn fit(&mut self, facts: &Facts<'_>, machine: Machine) {
        fit::fit(self, facts, machine);
    }

    /// The place of `ethernetINDEX` in the boot order, from 1, if it has one. Known once [`write`] has run.
    pub(super) fn nic_boot_order(&self, index: u32) -> Option<u32> {
        self.boot.of(boot::Target::Nic(index))
    }
}

/// Writes the drives, their controllers and the boot order.
pub(super) fn write(work: &mut Work<'_>) {
    let mut plan = std::mem::take(&mut work.plan);
    plan.boot = boot::Order::new(work, &plan);
    let layout = layout::Layout::new(&plan, work);
    let mut threads = layout::Threads::new(work.policy.tuning.io_threads);
    work.domain.iothreads = threads.count();
    controller::write(work, &layout, &mut threads);
    disk::write(work, &plan, &layout, &mut threads);
    removable::write(work, &plan, &layout);
    boot::write(work, &plan, &layout);
    controller::account(work, &plan, &layout);
    tell_unknown(work, &plan);
    bus::tell(work, &plan);
    fit::tell(work, &plan);
    seen::tell(work, &plan);
    work.plan = plan;
}

/// Devices that are present, and nobody can tell what they are.
fn tell_unknown(work: &mut Work<'_>, plan: &Plan) {
    let vm = work.vm;
    for device in plan
        .unknown
        .iter()
        .filter_map(|at| vm.block_devices.get(*at))
    {
        let text = "neither deviceType nor fileName says what it is; left out";
        let action = "add a drive by hand if the guest needs one";
        let at = device.ids.first().copied();
        work.warn(
            finding::SETTING_NOT_CARRIED,
            device.slot.to_string(),
            at,
            text,
            action,
        );
        account::drop_device(work, device, "a device that nobody can tell what it is");
    }
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    const LISTED: usize = 5;
    let first = names.get(..LISTED.min(names.len())).unwrap_or_default();
    match names.len().saturating_sub(first.len()) {
        0 => match first.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => String::new(),
        },
        rest => format!("{} and {rest} more", first.join(", ")),
    }
}
