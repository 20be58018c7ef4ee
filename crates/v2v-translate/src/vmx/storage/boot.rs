//! What the machine starts from, in which order.
//!
//! libvirt wants either an order at the devices or one of kinds of devices; here it is always at the devices, because
//! only that can tell two disks apart. Numbers start at 1.

use std::collections::{BTreeMap, BTreeSet};

use v2v_domain::{Bios, Boot as BootElement, BootMenu};
use v2v_report::{Action, Severity};
use v2v_vmx::{BlockDevice, BootDevice, BootOrder, BootRule, EntryId, Slot};

use super::layout::Layout;
use super::{Plan, listed, removable};
use crate::evidence::FileEvidence;
use crate::finding;
use crate::policy::Firmware;
use crate::vmx::{Work, device_path};

/// Most milliseconds of libvirt's boot menu and reboot timeout.
const LONGEST: u64 = 65_535;

/// What VMware waits before it tries again, in milliseconds.
const RETRY: u64 = 10_000;

/// Something to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A hard disk, by its place in the plan.
    Disk(usize),
    /// A CD-ROM drive, by its place in the plan.
    Cdrom(usize),
    /// A floppy drive, by its place among those that come along.
    Floppy(usize),
    /// `ethernetN`.
    Nic(u32),
}

/// The boot order.
#[derive(Debug, Default)]
pub(super) struct Order {
    targets: Vec<Target>,
    ranks: BTreeMap<Target, u32>,
    /// Names in the source's order that are no devices of the VM.
    unknown: Vec<String>,
    /// The source's order leaves nothing.
    is_barren: bool,
    /// The disk that boots though it is not the first.
    late: Option<usize>,
}

impl Order {
    /// The order that the source says, else the disk that can boot.
    pub(super) fn new(work: &Work<'_>, plan: &Plan) -> Order {
        let machine = Devices::new(work, plan);
        let boot = &work.vm.boot;
        let order = boot.order.as_ref().map(|order| &order.value);
        let classes = boot.device_classes.as_ref().map(|classes| &classes.value);
        let mut unknown = Vec::new();
        let targets = match (order, classes) {
            (None, None) => Vec::new(),
            (Some(only), None) | (None, Some(only)) => machine.sequence(only, &mut unknown),
            (Some(order), Some(classes)) => {
                let allowed: BTreeSet<_> = machine
                    .sequence(classes, &mut unknown)
                    .into_iter()
                    .collect();
                let mut targets = machine.sequence(order, &mut unknown);
                targets.retain(|target| allowed.contains(target));
                targets
            }
        };
        let is_barren = targets.is_empty() && (order.is_some() || classes.is_some());
        let targets = if targets.is_empty() {
            machine.default_target().into_iter().collect()
        } else {
            targets
        };
        let ranks = targets
            .iter()
            .zip(1..)
            .map(|(target, rank)| (*target, rank))
            .collect();
        Order {
            targets,
            ranks,
            unknown,
            is_barren,
            late: machine.disks.first().copied().filter(|disk| *disk > 0),
        }
    }

    /// The number of `target`, if it has one.
    pub(super) fn of(&self, target: Target) -> Option<u32> {
        self.ranks.get(&target).copied()
    }
}

/// Everything that a machine can start from, by kind.
struct Devices {
    /// The one that can boot comes first.
    disks: Vec<usize>,
    cdroms: Vec<usize>,
    floppies: Vec<usize>,
    nics: Vec<u32>,
    slots: BTreeMap<Slot, Target>,
    first_medium: Option<usize>,
}

impl Devices {
    fn new(work: &Work<'_>, plan: &Plan) -> Devices {
        let floppies = removable::floppies(work, plan);
        let disks_by_slot = plan
            .disks
            .iter()
            .enumerate()
            .map(|(at, disk)| (disk.slot, Target::Disk(at)));
        let cdroms = plan.cdroms.iter().enumerate();
        let cdroms = cdroms.map(|(at, cdrom)| (cdrom.slot, Target::Cdrom(at)));
        let units = floppies.iter().enumerate();
        let units = units.map(|(at, floppy)| (floppy.device.slot, Target::Floppy(at)));
        let has_medium = |device: &BlockDevice| removable::has_medium(work, device);
        let device = |at: usize| work.vm.block_devices.get(at);
        Devices {
            disks: disks(work, plan),
            cdroms: (0..plan.cdroms.len()).collect(),
            floppies: (0..floppies.len()).collect(),
            nics: work.vm.present_nics().map(|nic| nic.index).collect(),
            slots: disks_by_slot.chain(cdroms).chain(units).collect(),
            first_medium: plan
                .cdroms
                .iter()
                .position(|cdrom| device(cdrom.device).is_some_and(has_medium)),
        }
    }

    /// Without a word of the source: the disk that can boot, else the first medium in VMware's order.
    fn default_target(&self) -> Option<Target> {
        let disk = self.disks.first().map(|disk| Target::Disk(*disk));
        let cdrom = self.first_medium.map(Target::Cdrom);
        let floppy = self.floppies.first().map(|floppy| Target::Floppy(*floppy));
        disk.or(floppy).or(cdrom)
    }

    /// The devices that `order` lets the machine start from, each once.
    fn sequence(&self, order: &BootOrder, unknown: &mut Vec<String>) -> Vec<Target> {
        let mut named = Sequence::default();
        for device in &order.devices {
            self.add(device, &mut named, unknown);
        }
        if order.rule == BootRule::Allow {
            return named.targets;
        }
        // VMware's own order.
        let mut all = Sequence::default();
        for class in [
            BootDevice::Floppy,
            BootDevice::Hdd,
            BootDevice::Cdrom,
            BootDevice::Nic(None),
        ] {
            self.add(&class, &mut all, &mut Vec::new());
        }
        if order.rule == BootRule::Deny {
            all.targets.retain(|target| !named.known.contains(target));
            return all.targets;
        }
        named.extend(all.targets);
        named.targets
    }

    fn add(&self, device: &BootDevice, to: &mut Sequence, unknown: &mut Vec<String>) {
        let single = |target: Option<Target>| target.into_iter().collect();
        let targets: Vec<Target> = match device {
            BootDevice::Hdd if to.opens(0) => {
                self.disks.iter().map(|at| Target::Disk(*at)).collect()
            }
            BootDevice::Cdrom if to.opens(1) => {
                self.cdroms.iter().map(|at| Target::Cdrom(*at)).collect()
            }
            BootDevice::Floppy if to.opens(2) => {
                self.floppies.iter().map(|at| Target::Floppy(*at)).collect()
            }
            BootDevice::Nic(None) if to.opens(3) => {
                self.nics.iter().map(|nic| Target::Nic(*nic)).collect()
            }
            BootDevice::Nic(Some(nic)) => single(
                self.nics
                    .binary_search(nic)
                    .is_ok()
                    .then_some(Target::Nic(*nic)),
            ),
            BootDevice::Slot(slot) => single(self.slots.get(slot).copied()),
            BootDevice::Other(_) => Vec::new(),
            // A kind that was named before, or one of which there is none.
            _ => return,
        };
        if targets.is_empty() {
            match device {
                BootDevice::Other(word) => unknown.push(word.clone()),
                BootDevice::Slot(slot) => unknown.push(slot.to_string()),
                BootDevice::Nic(Some(nic)) => unknown.push(format!("ethernet{nic}")),
                _ => {}
            }
        }
        to.extend(targets);
    }
}

/// Targets in order, each once.
#[derive(Default)]
struct Sequence {
    targets: Vec<Target>,
    known: BTreeSet<Target>,
    classes: BTreeSet<u8>,
}

impl Sequence {
    /// Whether this kind of device is named for the first time.
    fn opens(&mut self, class: u8) -> bool {
        self.classes.insert(class)
    }

    fn extend(&mut self, targets: Vec<Target>) {
        for target in targets {
            if self.known.insert(target) {
                self.targets.push(target);
            }
        }
    }
}

/// The disks in boot order. Unless the source orders them, the first one with boot code goes before a first one that is
/// known to have none.
fn disks(work: &Work<'_>, plan: &Plan) -> Vec<usize> {
    let mut disks: Vec<usize> = (0..plan.disks.len()).collect();
    let bootable = |at: usize| {
        let device = work.vm.block_devices.get(plan.disks.get(at)?.device)?;
        match work.evidence.files.get(device.name()?.text())? {
            FileEvidence::Disk(disk) => disk.bootable,
            _ => None,
        }
    };
    if work.vm.boot.hdd_order.is_none() && bootable(0) == Some(false) {
        let found = (1..disks.len()).find(|at| bootable(*at) == Some(true));
        if let Some(at) = found {
            disks.remove(at);
            disks.insert(0, at);
        }
    }
    disks
}

/// Writes the order to the drives, the boot menu, and enters the keys.
pub(super) fn write(work: &mut Work<'_>, plan: &Plan, layout: &Layout) {
    let order = &plan.boot;
    for target in &order.targets {
        let name = match *target {
            Target::Nic(index) => nic_name(work, index),
            drive => write_drive(work, plan, layout, drive),
        };
        work.boot.order.extend(name);
    }
    account_order(work, plan, layout);
    write_delay(work);
    write_retry(work);
    tell_late(work, plan);
    tell_no_disk(work, plan);
}

/// Place of a drive among the disks of the domain.
fn place(plan: &Plan, layout: &Layout, target: Target) -> Option<usize> {
    let cdroms = layout.first_disk.saturating_add(plan.disks.len());
    match target {
        Target::Disk(at) => Some(layout.first_disk.saturating_add(at)),
        Target::Cdrom(at) => Some(cdroms.saturating_add(at)),
        Target::Floppy(at) => Some(cdroms.saturating_add(plan.cdroms.len()).saturating_add(at)),
        Target::Nic(_) => None,
    }
}

fn write_drive(
    work: &mut Work<'_>,
    plan: &Plan,
    layout: &Layout,
    target: Target,
) -> Option<String> {
    let at = place(plan, layout, target)?;
    let rank = plan.boot.of(target)?;
    let disk = work.domain.devices_mut().disks.get_mut(at)?;
    disk.boot = Some(BootElement::from(rank));
    disk.target_dev().map(str::to_owned)
}

fn nic_name(work: &Work<'_>, index: u32) -> Option<String> {
    let nics = &work.vm.nics;
    let nic = nics.get(nics.binary_search_by_key(&index, |nic| nic.index).ok()?)?;
    let uuid = work.vm.identity.uuid_bios.as_ref();
    let derived = || uuid.map(|uuid| nic.mac_from_uuid(&uuid.value));
    let mac = nic.mac().map(|mac| mac.value).or_else(derived);
    Some(mac.map_or_else(|| format!("ethernet{index}"), |mac| mac.to_string()))
}

fn account_order(work: &mut Work<'_>, plan: &Plan, layout: &Layout) {
    let order = &plan.boot;
    let boot = &work.vm.boot;
    let said = boot.order.as_ref().map(|order| order.id);
    let classes = boot.device_classes.as_ref().map(|classes| classes.id);
    let said: Vec<EntryId> = said.into_iter().chain(classes).collect();
    let first = order.targets.first().map(|target| match *target {
        Target::Nic(index) => {
            let nics = work.vm.present_nics();
            device_path(
                "interface",
                nics.take_while(|nic| nic.index < index).count(),
            )
        }
        drive => device_path("disk", place(plan, layout, drive).unwrap_or_default()),
    });
    for id in &said {
        match &first {
            Some(first) if !order.is_barren => work.ledger.mapped(*id, format!("{first}/boot")),
            _ => work
                .ledger
                .not_carried(*id, "nothing that it names is there to start from"),
        }
    }
    if let Some(hdd) = &boot.hdd_order {
        if plan.disks.is_empty() {
            work.ledger.ignored(hdd.id, "there is no hard disk");
        } else {
            work.ledger.mapped_because(
                hdd.id,
                device_path("disk", layout.first_disk),
                "the order of the disks",
            );
        }
    }
    for key in [
        "bios.bootorder",
        "bios.bootdeviceclasses",
        "bios.hddorder",
        "bios.bootdelay",
    ] {
        let entry = work
            .document
            .get(key)
            .filter(|entry| entry.value().trim().is_empty());
        if let Some(entry) = entry {
            work.ledger
                .ignored(entry.id(), "empty, which means the default");
        }
    }
    tell_order(work, plan, said.first().copied());
}

fn tell_order(work: &mut Work<'_>, plan: &Plan, at: Option<EntryId>) {
    let order = &plan.boot;
    if !order.unknown.is_empty() {
        let text = format!(
            "{} in the boot order, but not in the VM",
            listed(&order.unknown)
        );
        let action = "check what the VM is to start from";
        work.warn(finding::SETTING_NOT_CARRIED, "boot order", at, text, action);
    }
    if order.is_barren {
        let text = "the boot order leaves nothing to start from; the first disk or medium is taken";
        let action = "check what the VM is to start from";
        work.warn(finding::SETTING_NOT_CARRIED, "boot order", at, text, action);
    }
    let hdd = work.vm.boot.hdd_order.as_ref();
    let slots: BTreeSet<_> = plan.disks.iter().map(|disk| disk.slot).collect();
    let named = hdd.map_or(&[][..], |order| &order.value.0);
    let missing = named.iter().filter(|slot| !slots.contains(slot));
    let missing: Vec<String> = missing.map(ToString::to_string).collect();
    if !missing.is_empty() {
        let text = format!(
            "{} in the order of disks, but no hard disk of the VM",
            listed(&missing)
        );
        let action = "check which disk the VM is to start from";
        work.warn(
            finding::SETTING_NOT_CARRIED,
            "bios.hddOrder",
            hdd.map(|order| order.id),
            text,
            action,
        );
    }
}

/// The delay is time to press a key, which is what a boot menu is for.
fn write_delay(work: &mut Work<'_>) {
    let Some(delay) = work.vm.boot.delay_ms else {
        return;
    };
    if delay.value == 0 {
        work.ledger.ignored(delay.id, "no delay");
        return;
    }
    let timeout = u32::try_from(delay.value.min(LONGEST)).unwrap_or(u32::MAX);
    if let Some(os) = &mut work.domain.os {
        os.bootmenu = Some(BootMenu::default().enable(true).timeout(timeout));
    }
    let to = "/domain/os/bootmenu/@timeout";
    if delay.value > LONGEST {
        work.ledger
            .mapped_because(delay.id, to, "libvirt's longest delay is 65535 ms");
    } else {
        work.ledger.mapped(delay.id, to);
    }
}

fn write_retry(work: &mut Work<'_>) {
    let Some(retry) = work.vm.boot.retry else {
        return;
    };
    let delay = work.document.get("bios.bootretry.delay");
    let ids = [Some(retry.id), delay.map(v2v_vmx::Entry::id)];
    let ids = ids.into_iter().flatten();
    if !retry.value {
        ids.for_each(|id| work.ledger.ignored(id, "the default"));
        return;
    }
    if work.firmware == Firmware::Efi {
        let text = "a failed start was tried again, which OVMF does not do";
        work.tell(
            finding::SETTING_NOT_CARRIED,
            Severity::Info,
            "boot order",
            retry.id,
            text,
            Action::none(),
        );
        ids.for_each(|id| work.ledger.not_carried(id, "OVMF does not try again"));
        return;
    }
    let wait = delay
        .and_then(|entry| entry.value().trim().parse().ok())
        .unwrap_or(RETRY);
    let wait = i32::try_from(wait.min(LONGEST)).unwrap_or(i32::MAX);
    if let Some(os) = &mut work.domain.os {
        os.bios.get_or_insert_with(Bios::default).reboot_timeout = Some(wait);
    }
    ids.for_each(|id| work.ledger.mapped(id, "/domain/os/bios/@rebootTimeout"));
}

fn tell_late(work: &mut Work<'_>, plan: &Plan) {
    let Some(disk) = plan.boot.late.and_then(|at| plan.disks.get(at)) else {
        return;
    };
    let vm = work.vm;
    let at = vm
        .block_devices
        .get(disk.device)
        .and_then(|device| device.file_name.as_ref());
    let first = plan
        .disks
        .first()
        .map_or_else(String::new, |disk| disk.slot.to_string());
    let text =
        format!("it carries boot code, and {first} carries none; it goes first among the disks");
    let action = "check that this is the disk the VM boots from";
    let subject = disk.slot.to_string();
    work.warn(
        finding::BOOT_DISK_NOT_FIRST,
        subject,
        at.map(|name| name.id),
        text,
        action,
    );
}

fn tell_no_disk(work: &mut Work<'_>, plan: &Plan) {
    if !plan.disks.is_empty() {
        return;
    }
    let what = match plan.boot.targets.first() {
        Some(Target::Cdrom(_)) => "it starts from its CD-ROM",
        Some(Target::Floppy(_)) => "it starts from its floppy",
        Some(Target::Nic(_)) => "it starts from the network",
        _ => "there is nothing to start from",
    };
    let text = format!("the VM has no hard disk; {what}");
    let action = "check that the VM never had one, or add it";
    work.warn(finding::NO_DISK, "disks", None, text, action);
}
