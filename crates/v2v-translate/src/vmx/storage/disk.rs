//! Hard disks.

use v2v_domain::{
    CacheMode, Discard, Disk, DiskBus as TargetBus, DiskDriver, DiskFormat as ImageFormat, IoMode,
    IoTune, Transient, VirtioModel,
};
use v2v_report::{Action, Severity};
use v2v_vmx::{BlockDevice, DiskMode, EntryId, Limit, Setting, SharedBus, Shares, Sharing, Vm};

use super::image::{Image, images};
use super::layout::{Layout, Seat, Threads};
use super::serial::{Serials, wwn};
use super::{Plan, account};
use crate::evidence::FileEvidence;
use crate::finding;
use crate::policy::{self, Cache, DiskBus};
use crate::translation::DiskLink;
use crate::vmx::text::quoted;
use crate::vmx::{Work, device_path};

/// More operations or bytes a second than QEMU's throttling can count (`THROTTLE_VALUE_MAX`).
const MOST: u64 = 1_000_000_000_000_000;

/// A disk on its way into the domain.
pub(super) struct Hard<'a> {
    pub(super) device: &'a BlockDevice,
    pub(super) slot: String,
    pub(super) bus: DiskBus,
    pub(super) seat: &'a Seat,
    image: &'a Image,
    /// The entry that says that several VMs write to it.
    shared: Option<EntryId>,
    /// XPath of its element.
    pub(super) path: String,
}

impl Hard<'_> {
    fn is_file(&self) -> bool {
        !self.image.is_block
    }
}

/// Writes the hard disks.
pub(super) fn write(work: &mut Work<'_>, plan: &Plan, layout: &Layout, threads: &mut Threads) {
    let vm = work.vm;
    let devices: Vec<&BlockDevice> = plan
        .disks
        .iter()
        .filter_map(|disk| vm.block_devices.get(disk.device))
        .collect();
    let shared: Vec<Option<EntryId>> = devices.iter().map(|device| shared_by(vm, device)).collect();
    let is_shared: Vec<bool> = shared.iter().map(Option::is_some).collect();
    let images = images(work, plan, &is_shared);
    let drives = devices
        .into_iter()
        .zip(shared)
        .zip(plan.buses())
        .zip(&layout.disks)
        .zip(&images);
    let mut serials = Serials::default();
    for ((((device, shared), choice), seat), image) in drives {
        let index = work.domain.devices_mut().disks.len();
        let hard = Hard {
            device,
            slot: device.slot.to_string(),
            bus: choice.bus,
            seat,
            image,
            shared,
            path: device_path("disk", index),
        };
        write_disk(work, &hard, threads, &mut serials);
    }
    serials.tell(work);
}

/// Who says that other VMs use the disk: the disk itself, or its controller.
fn shared_by(vm: &Vm, device: &BlockDevice) -> Option<EntryId> {
    let by_disk = device
        .sharing
        .filter(|sharing| sharing.value == Sharing::MultiWriter);
    let controller = device
        .slot
        .controller_id()
        .and_then(|id| vm.controllers.get(&id));
    let by_bus = controller
        .and_then(|controller| controller.shared_bus)
        .filter(|bus| bus.value != SharedBus::None);
    by_disk
        .map(|setting| setting.id)
        .or(by_bus.map(|setting| setting.id))
}

fn write_disk(work: &mut Work<'_>, hard: &Hard<'_>, threads: &mut Threads, serials: &mut Serials) {
    let mut disk = Disk::new(
        hard.image.source(),
        hard.seat.dev.clone(),
        hard.seat.bus.clone(),
    );
    if hard.bus == DiskBus::Virtio && work.facts().wants_transitional(work.machine) {
        disk.model = Some(VirtioModel::Transitional);
    }
    disk.driver = Some(driver(work, hard, threads));
    disk.address.clone_from(&hard.seat.address);
    account_identity(work, hard);
    set_sharing(work, hard, &mut disk);
    set_mode(work, hard, &mut disk);
    set_readonly(work, hard, &mut disk);
    set_rotation(work, hard, &mut disk);
    set_limits(work, hard, &mut disk);
    disk.serial = serials.serial(work, hard);
    if hard.bus == DiskBus::Lsisas1068 {
        disk.wwn = Some(wwn(work.vm, &hard.slot));
    }
    account::rest(work, hard.device);
    work.domain.devices_mut().disks.push(disk);
    let link = link(work, hard);
    work.disks.push(link);
}

fn link(work: &Work<'_>, hard: &Hard<'_>) -> DiskLink {
    let source = hard.device.name().map_or("", v2v_vmx::FileName::text);
    let (found, virtual_size) = match work.evidence.files.get(source) {
        Some(FileEvidence::Disk(disk)) => (Some(disk.path.clone()), Some(disk.virtual_size)),
        Some(FileEvidence::Plain { path, .. } | FileEvidence::Broken { path, .. }) => {
            (Some(path.clone()), None)
        }
        _ => (None, None),
    };
    DiskLink {
        slot: hard.slot.clone(),
        source: source.to_owned(),
        found,
        target: hard.seat.dev.clone(),
        path: hard.image.path.clone(),
        format: hard.image.written_format(work.policy),
        virtual_size,
    }
}

/// What the disk is and where: these keys always arrive.
fn account_identity(work: &mut Work<'_>, hard: &Hard<'_>) {
    let device = hard.device;
    if let v2v_vmx::Presence::Declared(id) = device.presence {
        work.ledger.mapped(id, &hard.path);
    }
    if let Some(name) = &device.file_name {
        let to = format!("{}/source/@{}", hard.path, hard.image.attribute());
        work.ledger.mapped(name.id, to);
    }
    if let Some(kind) = device.device_type {
        work.ledger
            .mapped(kind.id, format!("{}/@device", hard.path));
    }
}

/// `discard` is for qcow2 only: there it gives back what the guest no longer uses, while the size of a raw image or a
/// device may be allocated on purpose.
fn driver(work: &mut Work<'_>, hard: &Hard<'_>, threads: &mut Threads) -> DiskDriver {
    let mut driver = DiskDriver::default()
        .name("qemu")
        .format(hard.image.format.clone());
    driver.cache = cache(work, hard);
    driver.io = work.policy.tuning.io.map(|mode| IoMode::from(mode.name()));
    if hard.image.format == ImageFormat::Qcow2 {
        driver.discard = Some(Discard::Unmap);
    }
    if hard.bus == DiskBus::Virtio {
        driver.iothread = threads.next();
    }
    driver
}

/// A shared disk has no cache, whoever asks; else the caller's choice counts before the source's.
fn cache(work: &mut Work<'_>, hard: &Hard<'_>) -> Option<CacheMode> {
    let asked = work.policy.tuning.cache;
    let through = hard.device.write_through;
    let is_through = through.is_some_and(|through| through.value);
    if let Some(through) = through {
        let to = format!("{}/driver/@cache", hard.path);
        match (is_through, hard.shared.is_some(), asked) {
            (false, ..) => work.ledger.ignored(through.id, "the default"),
            (true, true, _) => {
                work.ledger
                    .mapped_because(through.id, to, "a shared disk has no cache at all")
            }
            (true, false, Some(_)) => {
                work.ledger
                    .mapped_because(through.id, to, "--cache says it for all disks")
            }
            (true, false, None) => work.ledger.mapped(through.id, to),
        }
    }
    let cache = match (hard.shared, asked) {
        (Some(_), _) => Cache::None,
        (None, Some(cache)) => cache,
        (None, None) if is_through => Cache::Writethrough,
        (None, None) => return None,
    };
    Some(CacheMode::from(cache.name()))
}

/// `shareable` turns QEMU's lock of the image off, and only raw stands several writers.
fn set_sharing(work: &mut Work<'_>, hard: &Hard<'_>, disk: &mut Disk) {
    if let Some(sharing) = hard.device.sharing {
        match sharing.value {
            Sharing::None => work.ledger.ignored(sharing.id, "nobody else writes to it"),
            Sharing::MultiWriter => {
                work.ledger
                    .mapped(sharing.id, format!("{}/shareable", hard.path));
            }
        }
    }
    let Some(by) = hard.shared else { return };
    disk.shareable = true;
    let format = if hard.image.format == ImageFormat::Raw {
        "raw and without a cache"
    } else {
        "without a cache; several writers destroy an image that is not raw"
    };
    let text = format!("several VMs write to it, so it is shareable, {format}");
    let action = "convert it once, to raw, and move all VMs that use it together";
    work.warn(finding::DISK_SHARED, &hard.slot, by, text, action);
}

fn set_mode(work: &mut Work<'_>, hard: &Hard<'_>, disk: &mut Disk) {
    let Some(mode) = hard.device.mode else { return };
    let snapshots = "VMware's snapshots left it out, those of KVM take it along";
    match mode.value {
        DiskMode::Persistent => {
            work.ledger
                .mapped_because(mode.id, &hard.path, "changes stay, as always");
        }
        DiskMode::IndependentPersistent => {
            work.ledger.mapped_because(mode.id, &hard.path, snapshots);
            let text = format!("an independent disk: {snapshots}");
            work.info(finding::DISK_MODE_INDEPENDENT, &hard.slot, mode.id, text);
        }
        DiskMode::Nonpersistent | DiskMode::IndependentNonpersistent => {
            set_transient(work, hard, disk, mode);
        }
        _ => {
            let word = work
                .document
                .entry(mode.id)
                .map_or("", |entry| entry.value());
            let text = format!(
                "mode {} asked at power-off what becomes of the changes; on KVM they stay",
                quoted(word)
            );
            let action = "add <transient/> if they are to be lost";
            work.warn(
                finding::DISK_MODE_INDEPENDENT,
                &hard.slot,
                mode.id,
                text,
                action,
            );
            work.ledger
                .not_carried(mode.id, "KVM asks no questions at power-off");
        }
    }
}

/// libvirt puts the changes into a file beside the image, which neither a device nor a shared disk allows.
fn set_transient(work: &mut Work<'_>, hard: &Hard<'_>, disk: &mut Disk, mode: Setting<DiskMode>) {
    let (text, action) = if hard.is_file() && hard.shared.is_none() {
        disk.transient = Some(Transient::default());
        work.ledger
            .mapped(mode.id, format!("{}/transient", hard.path));
        (
            "changes are lost at power-off; libvirt can't migrate or snapshot a VM with such a disk",
            "remove <transient/> if changes are to stay",
        )
    } else {
        work.ledger.not_carried(
            mode.id,
            "libvirt has transient images, but only files that are not shared",
        );
        (
            "changes were lost at power-off; on KVM they stay, because the disk is shared or a device",
            "protect the data that must not change",
        )
    };
    work.warn(
        finding::DISK_MODE_INDEPENDENT,
        &hard.slot,
        mode.id,
        text,
        action,
    );
}

/// QEMU has no read-only ATA disks.
fn set_readonly(work: &mut Work<'_>, hard: &Hard<'_>, disk: &mut Disk) {
    let Some(readonly) = hard.device.read_only else {
        return;
    };
    if !readonly.value {
        work.ledger.ignored(readonly.id, "the default");
    } else if matches!(hard.bus, DiskBus::Ide | DiskBus::Sata) {
        let text = "the disk was read-only, which QEMU has no ATA disks for; the guest can write";
        let action = "attach it to another bus with --disk-bus";
        work.warn(
            finding::SETTING_NOT_CARRIED,
            &hard.slot,
            readonly.id,
            text,
            action,
        );
        work.ledger
            .not_carried(readonly.id, "QEMU has no read-only ATA disks");
    } else {
        disk.readonly = true;
        work.ledger
            .mapped(readonly.id, format!("{}/readonly", hard.path));
    }
}

/// Only SCSI and ATA disks have a rotation rate.
fn set_rotation(work: &mut Work<'_>, hard: &Hard<'_>, disk: &mut Disk) {
    let Some(ssd) = hard.device.virtual_ssd else {
        return;
    };
    let has_rate = matches!(
        hard.seat.bus,
        TargetBus::Scsi | TargetBus::Sata | TargetBus::Ide
    );
    if !ssd.value {
        work.ledger.ignored(ssd.id, "the default");
    } else if has_rate {
        if let Some(target) = &mut disk.target {
            target.rotation_rate = Some(1);
        }
        work.ledger
            .mapped(ssd.id, format!("{}/target/@rotation_rate", hard.path));
    } else {
        let reason = format!(
            "a disk on {} has no rotation rate",
            super::bus::label(hard.bus)
        );
        work.ledger.ignored(ssd.id, reason);
    }
}

/// The caller's limits, else the source's.
fn set_limits(work: &mut Work<'_>, hard: &Hard<'_>, disk: &mut Disk) {
    account_shares(work, hard);
    let asked = work.policy.tuning.iotune(&hard.slot);
    let mut tune = as_element(asked);
    let caps = [
        (hard.device.throughput_cap, 1, "total_iops_sec"),
        (hard.device.bandwidth_cap, 1024, "total_bytes_sec"),
    ];
    for (cap, unit, name) in caps {
        let Some(cap) = cap else { continue };
        let value = match cap.value {
            Limit::At(value) => value.saturating_mul(unit),
            Limit::Unlimited => 0,
        };
        if value == 0 || value > MOST {
            work.ledger.ignored(cap.id, "no limit");
        } else if !asked.is_empty() {
            work.ledger.ignored(cap.id, "--iotune says the limits");
        } else {
            match unit {
                1 => tune.total_iops_sec = Some(value),
                _ => tune.total_bytes_sec = Some(value),
            }
            work.ledger
                .mapped(cap.id, format!("{}/iotune/{name}", hard.path));
        }
    }
    if tune != IoTune::default() {
        disk.iotune = Some(tune);
    }
}

fn as_element(limits: policy::IoTune) -> IoTune {
    let mut tune = IoTune::default();
    tune.total_bytes_sec = limits.total_bytes_sec;
    tune.read_bytes_sec = limits.read_bytes_sec;
    tune.write_bytes_sec = limits.write_bytes_sec;
    tune.total_iops_sec = limits.total_iops_sec;
    tune.read_iops_sec = limits.read_iops_sec;
    tune.write_iops_sec = limits.write_iops_sec;
    tune.total_bytes_sec_max = limits.total_bytes_sec_max;
    tune.read_bytes_sec_max = limits.read_bytes_sec_max;
    tune.write_bytes_sec_max = limits.write_bytes_sec_max;
    tune.total_iops_sec_max = limits.total_iops_sec_max;
    tune.read_iops_sec_max = limits.read_iops_sec_max;
    tune.write_iops_sec_max = limits.write_iops_sec_max;
    tune
}

fn account_shares(work: &mut Work<'_>, hard: &Hard<'_>) {
    let Some(shares) = hard.device.shares else {
        return;
    };
    if shares.value == Shares::Normal {
        work.ledger.ignored(shares.id, "as much as everyone has");
        return;
    }
    let word = work
        .document
        .entry(shares.id)
        .map_or("", |entry| entry.value());
    let text = format!(
        "{} shares of the datastore's I/O; on KVM a whole VM has a weight",
        quoted(word)
    );
    let action = Action::manual("--blkio-weight");
    work.tell(
        finding::DISK_LIMITS,
        Severity::Info,
        &hard.slot,
        shares.id,
        text,
        action,
    );
    work.ledger
        .not_carried(shares.id, "KVM weighs VMs, not disks");
}
