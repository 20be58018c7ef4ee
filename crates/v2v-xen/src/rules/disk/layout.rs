//! Where each drive sits: bus, name, address.

use std::collections::{BTreeMap, BTreeSet};

use v2v_target::device::{BusChoice, Facts, SourceBus, VIRTIO_BLK_DISKS, Why};
use v2v_target::policy::{DiskBus, Machine, Profile};
use v2v_xml::NodeId;

use super::{Kind, disks, kind};
use crate::rules::controller::scsi_controllers;
use crate::work::Work;

/// Targets of a controller: libvirt's schema has two digits, QEMU's lsisas1068 has eight.
const SCSI_TARGETS: u32 = 64;
const SAS_TARGETS: u32 = 8;

/// Names of the drives on a PC's IDE controller, each of which is a place.
const IDE_NAMES: [&str; 4] = ["hda", "hdb", "hdc", "hdd"];

/// All drives, in the order of the document.
pub(super) struct Layout {
    pub(super) seats: Vec<Seat>,
    /// SCSI controllers that are missing: index and model.
    pub(super) missing: Vec<(u32, &'static str)>,
    /// How many disks were meant for virtio-blk, if that was too many, and where they went.
    pub(super) crowd: Option<(usize, DiskBus)>,
}

/// A drive and its place.
pub(super) struct Seat {
    pub(super) disk: NodeId,
    pub(super) kind: Kind,
    /// The name in the source; empty if it has none.
    pub(super) old: String,
    /// The bus, in libvirt's words.
    pub(super) bus: String,
    /// Why it is on another bus than in the source.
    pub(super) choice: Option<BusChoice>,
    /// The caller asked for something that this is not.
    pub(super) refused: Option<DiskBus>,
    /// It can't be read-only on the bus meant for it.
    pub(super) is_moved_read_only: bool,
    pub(super) dev: String,
    /// Controller and target on SCSI.
    pub(super) scsi: Option<(u32, u32)>,
}

impl Layout {
    pub(super) fn new(work: &Work<'_>) -> Layout {
        let mut layout = Layout {
            seats: disks(work)
                .into_iter()
                .map(|disk| seat(work, disk))
                .collect(),
            missing: Vec::new(),
            crowd: None,
        };
        layout.spare_slots(&work.facts());
        layout.fill_ide(work.machine);
        layout.place_on_scsi(work);
        layout.name_all();
        layout
    }

    fn chosen(&mut self, bus: DiskBus) -> impl Iterator<Item = &mut Seat> {
        let is_on = move |seat: &&mut Seat| seat.choice.is_some_and(|choice| choice.bus == bus);
        self.seats.iter_mut().filter(is_on)
    }

    /// More virtio-blk disks than PCI slots: all of them share virtio-scsi controllers, or AHCI if the guest is known to
    /// have come before virtio-scsi.
    fn spare_slots(&mut self, facts: &Facts<'_>) {
        let count = self.chosen(DiskBus::Virtio).count();
        if count <= VIRTIO_BLK_DISKS {
            return;
        }
        let seen = facts.evidence.and_then(|evidence| evidence.virtio_scsi);
        let is_known_without = facts.guest.version.is_some() && !facts.guest.has_virtio_scsi();
        let bus = if seen.unwrap_or(!is_known_without) {
            DiskBus::Scsi
        } else {
            DiskBus::Sata
        };
        for seat in self.chosen(DiskBus::Virtio) {
            if let Some(choice) = &mut seat.choice {
                choice.bus = bus;
            }
            seat.bus = bus_name(bus).to_owned();
        }
        self.crowd = Some((count, bus));
    }

    /// Who gets which of the four IDE places: disks before CD-ROM drives, and among each those first that have one.
    fn fill_ide(&mut self, machine: Machine) {
        let mut free: Vec<&'static str> = match machine {
            Machine::Pc => IDE_NAMES.to_vec(),
            Machine::Q35 => Vec::new(),
        };
        for kind in [Kind::Disk, Kind::Cdrom] {
            for keeps in [true, false] {
                let open = self
                    .seats
                    .iter_mut()
                    .filter(|seat| seat.bus == "ide" && seat.kind == kind);
                for seat in open.filter(|seat| seat.dev.is_empty()) {
                    let at = match keeps {
                        true => free.iter().position(|name| *name == seat.old),
                        false => (!free.is_empty()).then_some(0),
                    };
                    if let Some(at) = at {
                        seat.dev = free.remove(at).to_owned();
                    }
                }
            }
        }
        for seat in self
            .seats
            .iter_mut()
            .filter(|seat| seat.bus == "ide" && seat.dev.is_empty())
        {
            seat.bus = "sata".to_owned();
            if seat.kind == Kind::Disk {
                let why = Why::Nearest;
                seat.choice = Some(BusChoice {
                    bus: DiskBus::Sata,
                    why,
                });
            }
        }
    }

    /// Each disk a target of its own: libvirt would count LUNs, where guests don't look.
    fn place_on_scsi(&mut self, work: &Work<'_>) {
        let mut there: BTreeMap<&'static str, Vec<u32>> = BTreeMap::new();
        let mut next = 0_u32;
        for (id, index) in scsi_controllers(work) {
            let model = work.attribute(id, "model");
            let known = [DiskBus::Scsi, DiskBus::Pvscsi, DiskBus::Lsisas1068].into_iter();
            if let Some(name) = known
                .map(|bus| model_name(work, bus))
                .find(|name| *name == model)
            {
                there.entry(name).or_default().push(index);
            }
            next = next.max(index.saturating_add(1));
        }
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        for seat in &mut self.seats {
            let Some(bus) = seat
                .choice
                .map(|choice| choice.bus)
                .filter(|bus| bus_name(*bus) == "scsi")
            else {
                continue;
            };
            let model = model_name(work, bus);
            let count = counts.entry(model).or_default();
            let targets = if bus == DiskBus::Lsisas1068 {
                SAS_TARGETS
            } else {
                SCSI_TARGETS
            };
            let place = *count;
            *count = count.saturating_add(1);
            let nth = place.checked_div(targets).unwrap_or(0);
            let target = place.checked_rem(targets).unwrap_or(0);
            let indexes = there.entry(model).or_default();
            let nth = usize::try_from(nth).unwrap_or(usize::MAX);
            let index = indexes.get(nth).copied().unwrap_or_else(|| {
                let index = next;
                next = next.saturating_add(1);
                indexes.push(index);
                self.missing.push((index, model));
                index
            });
            seat.scsi = Some((index, target));
        }
    }

    /// Names count without gaps, hard disks before other drives. On IDE and floppy controllers a name is a place.
    fn name_all(&mut self) {
        let mut taken: BTreeMap<&'static str, u32> = BTreeMap::new();
        let mut floppies = BTreeSet::new();
        for kind in [Kind::Disk, Kind::Cdrom, Kind::Floppy] {
            for seat in self
                .seats
                .iter_mut()
                .filter(|seat| seat.kind == kind && seat.dev.is_empty())
            {
                let prefix = prefix(&seat.bus);
                let keeps = prefix == "fd" && matches!(seat.old.as_str(), "fda" | "fdb");
                if keeps && floppies.insert(seat.old.clone()) {
                    seat.dev.clone_from(&seat.old);
                    continue;
                }
                let next = taken.entry(prefix).or_default();
                loop {
                    seat.dev = format!("{prefix}{}", letters(*next));
                    *next = next.saturating_add(1);
                    if prefix != "fd" || floppies.insert(seat.dev.clone()) {
                        break;
                    }
                }
            }
        }
    }
}

/// A drive and its bus; the place comes later.
fn seat(work: &Work<'_>, disk: NodeId) -> Seat {
    let target = work.document.child(disk, "target");
    let said = |name| target.map_or_else(String::new, |target| work.attribute(target, name));
    let old = said("dev");
    let from = match said("bus") {
        bus if bus.is_empty() => bus_of_name(work, &old).to_owned(),
        bus => bus,
    };
    let mut seat = Seat {
        disk,
        kind: kind(work, disk),
        old,
        bus: from,
        choice: None,
        refused: None,
        is_moved_read_only: false,
        dev: String::new(),
        scsi: None,
    };
    match seat.kind {
        Kind::Floppy => "fdc".clone_into(&mut seat.bus),
        Kind::Cdrom => set_cdrom_bus(work, &mut seat),
        Kind::Disk => set_disk_bus(work, &mut seat),
    }
    seat
}

/// The bus that libvirt takes for a name without one.
fn bus_of_name(work: &Work<'_>, name: &str) -> &'static str {
    match name.get(..2) {
        // What a paravirtual guest calls hda or sda is a disk of Xen's.
        Some("hd" | "sd") if work.boot.is_paravirtual() => "xen",
        Some("hd") => "ide",
        Some("sd") => "scsi",
        Some("vd") => "virtio",
        Some("fd") => "fdc",
        Some("xv") => "xen",
        _ if work.boot.is_paravirtual() => "xen",
        _ => "ide",
    }
}

fn set_cdrom_bus(work: &Work<'_>, seat: &mut Seat) {
    let stays = match seat.bus.as_str() {
        "sata" | "usb" => true,
        "scsi" => is_settled_on_scsi(work),
        _ => false,
    };
    if !stays {
        let bus = match work.machine {
            Machine::Pc => "ide",
            Machine::Q35 => "sata",
        };
        bus.clone_into(&mut seat.bus);
    }
}

/// Whether SCSI disks of the source are on a controller that QEMU has.
fn is_settled_on_scsi(work: &Work<'_>) -> bool {
    !scsi_controllers(work).is_empty()
}

fn set_disk_bus(work: &Work<'_>, seat: &mut Seat) {
    let facts = work.facts();
    let asked = work.policy.disk_bus.of(&seat.old).is_some();
    let is_forced = matches!(work.policy.profile, Profile::Virtio | Profile::Legacy);
    let source = match seat.bus.as_str() {
        // A fully virtual guest with xvda has an emulated IDE disk, too, from which it starts.
        "xen" if work.boot.is_paravirtual() => SourceBus::XenVbd,
        "xen" | "ide" => SourceBus::Ide,
        "scsi" if asked || !is_settled_on_scsi(work) => SourceBus::OtherScsi,
        "sata" if asked || is_forced => SourceBus::Sata,
        "virtio" | "usb" if asked => SourceBus::Usb,
        // QEMU has the bus, and the guest starts from it.
        "virtio" | "usb" | "sata" | "scsi" => return,
        _ => SourceBus::OtherScsi,
    };
    let mut choice = facts.fit(facts.disk_bus(&seat.old, source), work.machine);
    if choice.bus == DiskBus::Nvme {
        seat.refused = Some(choice.bus);
        choice.bus = DiskBus::Sata;
    }
    let is_read_only = work.document.child(seat.disk, "readonly").is_some();
    if is_read_only && matches!(choice.bus, DiskBus::Sata | DiskBus::Ide) {
        choice.bus = DiskBus::Usb;
        seat.is_moved_read_only = true;
    }
    bus_name(choice.bus).clone_into(&mut seat.bus);
    seat.choice = Some(choice);
}

/// The bus in libvirt's words.
fn bus_name(bus: DiskBus) -> &'static str {
    match bus {
        DiskBus::Scsi | DiskBus::Pvscsi | DiskBus::Lsisas1068 => "scsi",
        other => other.name(),
    }
}

/// The model of the controller for a bus that is SCSI.
fn model_name(work: &Work<'_>, bus: DiskBus) -> &'static str {
    match bus {
        DiskBus::Pvscsi => "vmpvscsi",
        DiskBus::Lsisas1068 => "lsisas1068",
        _ if work.facts().wants_transitional(work.machine) => "virtio-transitional",
        _ => "virtio-scsi",
    }
}

fn prefix(bus: &str) -> &'static str {
    match bus {
        "virtio" => "vd",
        "ide" => "hd",
        "fdc" => "fd",
        _ => "sd",
    }
}

/// `a` to `z`, `aa`, `ab`, ...
fn letters(index: u32) -> String {
    let mut text = Vec::new();
    let mut rest = index;
    loop {
        let digit = u8::try_from(rest % 26).unwrap_or(0);
        text.push(char::from(b'a'.saturating_add(digit)));
        match (rest / 26).checked_sub(1) {
            Some(next) => rest = next,
            None => break,
        }
    }
    text.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn names_count_in_base_26_without_a_zero() {
        let names: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(letters).to_vec();
        assert_eq!(names, ["a", "z", "aa", "az", "ba", "zz", "aaa"]);
    }
}
