//! Where each drive sits: its name, its controller, its address.
//!
//! Names count without gaps, by prefix, so that SCSI, SATA and USB disks share one row of `sd` names. Addresses are
//! written, because libvirt on its own would count LUNs where guests look for targets, and would hang every disk of
//! every controller on the first one.

use std::collections::{BTreeMap, BTreeSet};

use v2v_domain::{
    Address, Controller, ControllerDriver, ControllerModel, ControllerType, DiskBus as TargetBus,
    Element, Other,
};
use v2v_vmx::{Bus, ControllerId, Slot};

use super::Plan;
use crate::policy::{DiskBus, Machine};
use crate::vmx::Work;

/// Ports of an AHCI controller in QEMU.
const SATA_PORTS: u32 = 6;

/// Targets of QEMU's lsisas1068.
const SAS_TARGETS: u32 = 8;

/// Targets of QEMU's pvscsi; virtio-scsi has 256, but libvirt's schema has two digits.
const SCSI_TARGETS: u32 = 64;

/// VMware has four controllers of a kind. A source with more is none of VMware's, and its split is not kept.
const KEPT_CONTROLLERS: usize = 4;

/// The controllers of a domain, and a seat for each drive.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) controllers: Vec<Controller>,
    /// How many controllers the domain has already.
    pub(super) first_controller: usize,
    /// How many disks the domain has already.
    pub(super) first_disk: usize,
    /// In the order of the plan's disks.
    pub(super) disks: Vec<Seat>,
    /// In the order of the plan's CD-ROM drives.
    pub(super) cdroms: Vec<Seat>,
}

/// Where a drive sits.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// Name: `vda`.
    pub(super) dev: String,
    pub(super) bus: TargetBus,
    pub(super) address: Option<Address>,
    /// Its controller's place in [`Layout::controllers`], if one is written.
    pub(super) controller: Option<usize>,
}

impl Layout {
    pub(super) fn new(plan: &Plan, work: &Work<'_>) -> Layout {
        let devices = work.domain.devices.as_ref();
        let layout = Layout {
            first_controller: devices.map_or(0, |devices| devices.controllers.len()),
            first_disk: devices.map_or(0, |devices| devices.disks.len()),
            ..Layout::default()
        };
        let mut builder = Builder {
            layout,
            names: BTreeMap::new(),
            scsi: Scsi::new(plan),
            nvme: BTreeMap::new(),
            sata: 0,
            sata_at: 0,
            is_transitional: work.facts().wants_transitional(work.machine),
        };
        let needs_ide = work.machine == Machine::Pc && has_ide(plan);
        if needs_ide {
            builder
                .layout
                .controllers
                .push(Controller::new(ControllerType::Ide, 0));
        }
        for (disk, choice) in plan.disks.iter().zip(&plan.buses) {
            let seat = builder.disk(disk.slot, choice.bus, disk.ide);
            builder.layout.disks.push(seat);
        }
        for cdrom in &plan.cdroms {
            let seat = match cdrom.ide {
                Some(place) => builder.ide(place),
                None => builder.sata(),
            };
            builder.layout.cdroms.push(seat);
        }
        builder.layout
    }
}

fn has_ide(plan: &Plan) -> bool {
    let disks = plan.disks.iter().map(|disk| disk.ide);
    disks
        .chain(plan.cdroms.iter().map(|cdrom| cdrom.ide))
        .any(|ide| ide.is_some())
}

struct Builder {
    layout: Layout,
    /// How many names of a prefix are taken.
    names: BTreeMap<&'static str, u32>,
    scsi: Scsi,
    nvme: BTreeMap<Option<ControllerId>, Nvme>,
    /// How many SATA ports are taken.
    sata: u32,
    /// Where the last SATA controller stands.
    sata_at: usize,
    is_transitional: bool,
}

impl Builder {
    fn disk(&mut self, slot: Slot, bus: DiskBus, ide: Option<(u32, u32)>) -> Seat {
        match bus {
            DiskBus::Virtio => self.seat(TargetBus::Virtio, None, None),
            DiskBus::Usb => self.seat(TargetBus::Usb, None, None),
            DiskBus::Nvme => self.nvme(slot),
            DiskBus::Scsi | DiskBus::Pvscsi | DiskBus::Lsisas1068 => self.scsi(slot, bus),
            DiskBus::Ide | DiskBus::Sata => match ide {
                Some(place) if bus == DiskBus::Ide => self.ide(place),
                _ => self.sata(),
            },
        }
    }

    fn seat(
        &mut self,
        bus: TargetBus,
        address: Option<Address>,
        controller: Option<usize>,
    ) -> Seat {
        let next = self.names.entry(bus.target_prefix()).or_default();
        let dev = bus.target_name(*next).into();
        *next = next.saturating_add(1);
        Seat {
            dev,
            bus,
            address,
            controller,
        }
    }

    fn ide(&mut self, (channel, unit): (u32, u32)) -> Seat {
        let address = Address::drive(0, channel, 0, unit);
        self.seat(TargetBus::Ide, Some(address), Some(0))
    }

    /// The next free port; a controller is added with its first.
    fn sata(&mut self) -> Seat {
        let (index, port) = (self.sata / SATA_PORTS, self.sata % SATA_PORTS);
        self.sata = self.sata.saturating_add(1);
        if port == 0 {
            self.sata_at = self.layout.controllers.len();
            self.layout
                .controllers
                .push(Controller::new(ControllerType::Sata, index));
        }
        let address = Address::drive(index, 0, 0, port);
        self.seat(TargetBus::Sata, Some(address), Some(self.sata_at))
    }

    fn scsi(&mut self, slot: Slot, bus: DiskBus) -> Seat {
        let group = self.scsi.group(slot, bus);
        let limit = scsi_targets(bus);
        let open = self
            .scsi
            .open
            .get(&group)
            .filter(|open| open.is_kept || open.next < limit);
        let mut open = match open {
            Some(open) => *open,
            None => {
                let index = self.scsi.controllers;
                self.scsi.controllers = index.saturating_add(1);
                self.layout
                    .controllers
                    .push(self.scsi_controller(index, bus));
                let is_kept = group.1.is_some() && self.scsi.largest(group) < limit;
                let at = self.layout.controllers.len().saturating_sub(1);
                OpenScsi {
                    index,
                    at,
                    next: 0,
                    is_kept,
                }
            }
        };
        let target = if open.is_kept { slot.unit } else { open.next };
        open.next = open.next.saturating_add(1);
        self.scsi.open.insert(group, open);
        let address = Address::drive(open.index, 0, target, 0);
        self.seat(TargetBus::Scsi, Some(address), Some(open.at))
    }

    fn scsi_controller(&self, index: u32, bus: DiskBus) -> Controller {
        let model = match bus {
            DiskBus::Pvscsi => ControllerModel::Vmpvscsi,
            DiskBus::Lsisas1068 => ControllerModel::Lsisas1068,
            _ if self.is_transitional => ControllerModel::VirtioTransitional,
            _ => ControllerModel::VirtioScsi,
        };
        Controller::new(ControllerType::Scsi, index).model(model)
    }

    /// The name says it all: `nvme0n1` is the first namespace of the first controller.
    fn nvme(&mut self, slot: Slot) -> Seat {
        let source = slot.controller_id().filter(|id| id.bus == Bus::Nvme);
        let (count, at) = (self.nvme.len(), self.layout.controllers.len());
        let index = u32::try_from(count).unwrap_or(u32::MAX);
        let controller = self.nvme.entry(source).or_insert(Nvme {
            index,
            at,
            disks: 0,
        });
        controller.disks = controller.disks.saturating_add(1);
        let nvme = *controller;
        if nvme.at == at {
            self.layout.controllers.push(nvme_controller(index));
        }
        Seat {
            dev: format!("nvme{}n{}", nvme.index, nvme.disks),
            bus: TargetBus::Nvme,
            address: None,
            controller: Some(nvme.at),
        }
    }
}

/// QEMU wants a serial number at the controller.
fn nvme_controller(index: u32) -> Controller {
    let serial = Element::new("serial").text(format!("nvme{index}"));
    Controller::new(ControllerType::from("nvme"), index).other(Other::default().child(serial))
}

#[derive(Debug, Clone, Copy)]
struct Nvme {
    index: u32,
    at: usize,
    disks: u32,
}

/// Disks that share SCSI controllers: those of one model and, where the split is kept, of one controller of the source.
type ScsiGroup = (&'static str, Option<ControllerId>);

#[derive(Debug, Clone, Copy)]
struct OpenScsi {
    index: u32,
    at: usize,
    next: u32,
    /// Targets are those of the source.
    is_kept: bool,
}

#[derive(Debug)]
struct Scsi {
    /// The largest target of each group, as in the source.
    largest: BTreeMap<ScsiGroup, u32>,
    keeps_split: bool,
    open: BTreeMap<ScsiGroup, OpenScsi>,
    controllers: u32,
}

impl Scsi {
    fn new(plan: &Plan) -> Scsi {
        let on_scsi = plan
            .disks
            .iter()
            .zip(&plan.buses)
            .filter(|(_, choice)| is_scsi(choice.bus));
        let sources: BTreeSet<_> = on_scsi
            .clone()
            .filter_map(|(disk, _)| disk.slot.controller_id())
            .collect();
        let mut scsi = Scsi {
            largest: BTreeMap::new(),
            keeps_split: sources.len() <= KEPT_CONTROLLERS,
            open: BTreeMap::new(),
            controllers: 0,
        };
        for (disk, choice) in on_scsi {
            let group = scsi.group(disk.slot, choice.bus);
            let largest = scsi.largest.entry(group).or_default();
            *largest = disk.slot.unit.max(*largest);
        }
        scsi
    }

    fn group(&self, slot: Slot, bus: DiskBus) -> ScsiGroup {
        let source = slot
            .controller_id()
            .filter(|id| self.keeps_split && id.bus == Bus::Scsi);
        (bus.name(), source)
    }

    fn largest(&self, group: ScsiGroup) -> u32 {
        self.largest.get(&group).copied().unwrap_or_default()
    }
}

fn is_scsi(bus: DiskBus) -> bool {
    matches!(bus, DiskBus::Scsi | DiskBus::Pvscsi | DiskBus::Lsisas1068)
}

fn scsi_targets(bus: DiskBus) -> u32 {
    match bus {
        DiskBus::Lsisas1068 => SAS_TARGETS,
        _ => SCSI_TARGETS,
    }
}

/// Gives I/O threads to drives in turn.
#[derive(Debug)]
pub(super) struct Threads {
    count: u32,
    given: u32,
}

impl Threads {
    pub(super) fn new(count: Option<u32>) -> Threads {
        Threads {
            count: count.unwrap_or_default(),
            given: 0,
        }
    }

    /// The next thread's number, from 1; `None` if there are none.
    pub(super) fn next(&mut self) -> Option<u32> {
        let thread = self.given.checked_rem(self.count)?;
        self.given = self.given.wrapping_add(1);
        thread.checked_add(1)
    }

    pub(super) fn count(&self) -> Option<u32> {
        (self.count > 0).then_some(self.count)
    }

    /// For a virtio-scsi controller, whose disks share a thread.
    pub(super) fn for_controller(&mut self, controller: &mut Controller) {
        let is_virtio = matches!(
            controller.model,
            Some(ControllerModel::VirtioScsi | ControllerModel::VirtioTransitional)
        );
        if is_virtio && let Some(thread) = self.next() {
            controller.driver = Some(ControllerDriver::default().iothread(thread));
        }
    }
}
