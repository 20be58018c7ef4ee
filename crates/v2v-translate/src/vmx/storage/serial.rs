//! Serial numbers and world-wide names.

use v2v_domain::DiskBus as TargetBus;
use v2v_vmx::Vm;

use super::disk::Hard;
use super::listed;
use crate::evidence::FileEvidence;
use crate::finding;
use crate::policy::DiskBus;
use crate::vmx::Work;

/// Characters of a serial number that virtio-blk, ATA and NVMe have room for.
const SERIAL: usize = 20;

/// Characters that libvirt promises for a SCSI disk.
const SCSI_SERIAL: usize = 36;

/// What `disk.EnableUUID` shows the guest.
#[derive(Debug, Default)]
pub(super) struct Serials {
    /// XPath of the first disk that has one.
    first: Option<String>,
    unknown: Vec<String>,
    cut: Vec<String>,
}

impl Serials {
    /// The disk's own UUID as VMware shows it: 32 digits without blanks and dashes.
    pub(super) fn serial(&mut self, work: &Work<'_>, hard: &Hard<'_>) -> Option<String> {
        work.vm
            .disk_settings
            .enable_uuid
            .filter(|enable| enable.value)?;
        // The number of an NVMe disk is its controller's.
        if hard.bus == DiskBus::Nvme {
            return None;
        }
        let source = hard.device.name()?.text();
        let uuid = match work.evidence.files.get(source) {
            Some(FileEvidence::Disk(disk)) => disk.uuid.as_deref().unwrap_or_default(),
            _ => "",
        };
        let digits = uuid.chars().filter(char::is_ascii_alphanumeric);
        let mut serial: String = digits.map(|digit| digit.to_ascii_lowercase()).collect();
        if serial.is_empty() {
            self.unknown.push(hard.slot.clone());
            return None;
        }
        let room = if hard.seat.bus == TargetBus::Scsi {
            SCSI_SERIAL
        } else {
            SERIAL
        };
        if serial.len() > room {
            serial.truncate(room);
            self.cut.push(hard.slot.clone());
        }
        self.first
            .get_or_insert_with(|| format!("{}/serial", hard.path));
        Some(serial)
    }

    pub(super) fn tell(self, work: &mut Work<'_>) {
        let Some(enable) = work.vm.disk_settings.enable_uuid else {
            return;
        };
        match self.first {
            _ if !enable.value => work
                .ledger
                .ignored(enable.id, "the guest saw no serial numbers"),
            Some(first) => work.ledger.mapped(enable.id, first),
            None => work
                .ledger
                .not_carried(enable.id, "no serial number of a disk is known"),
        }
        if !self.cut.is_empty() {
            let text = format!(
                "the serial numbers of {} have more than the {SERIAL} characters that there is room for",
                listed(&self.cut)
            );
            let action = "use --disk-bus scsi if the guest names disks by serial number";
            work.warn(
                finding::DISK_SERIAL_CUT,
                "disk.EnableUUID",
                enable.id,
                text,
                action,
            );
        }
        if !self.unknown.is_empty() {
            let text = format!(
                "the guest was shown serial numbers, and those of {} are not known",
                listed(&self.unknown)
            );
            let action = "run it where the disks are, or add <serial> by hand";
            work.warn(
                finding::DISK_SERIAL_UNKNOWN,
                "disk.EnableUUID",
                enable.id,
                text,
                action,
            );
        }
    }
}

/// A WWN for a disk that never had one: NAA 5, VMware's 00:0c:29, and 36 bits of the FNV-1a hash of `uuid.bios` and the
/// slot. So it is the same in every run, and another one for every disk.
pub(super) fn wwn(vm: &Vm, slot: &str) -> String {
    let uuid = vm
        .identity
        .uuid_bios
        .as_ref()
        .map_or([0; 16], |uuid| uuid.value.0);
    let bytes = uuid.into_iter().chain(slot.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("5000c29{:09x}", hash >> 28)
}
