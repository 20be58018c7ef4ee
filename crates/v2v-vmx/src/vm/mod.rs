//! What the keys mean.

mod block;
mod boot;
mod group;
mod nic;
mod ports;
mod presence;
mod slot;
mod system;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::value::{Value, ValueProblem};
use crate::{Document, Entry, EntryId};

pub use block::{
    BlockDevice, BlockKind, DeviceType, DiskMode, FloppyFileType, Medium, NoMedium, Sharing,
};
pub use boot::{Boot, BootDevice, BootOrder, BootRule, HddOrder};
pub use group::DeviceId;
pub use nic::{AddressType, ConnectionType, Nic};
pub use ports::{
    Controller, EndPoint, Parallel, ParallelType, PciPassthrough, Serial, SerialType, SharedBus,
    SharedFolder, Sound, UsbDevice, Vtpm,
};
pub use presence::{Absence, Presence};
pub use slot::{Bus, ControllerId, Slot, SlotError};
pub use system::{
    Clock, Cpu, DiskSettings, Firmware, FirmwareKind, Identity, Memory, Platform, Smbios, State,
    Video, Vnc, decode_name,
};

pub(crate) use slot::number;

use group::{Field, Group, field};
use system::Keys;

/// A virtual machine as its configuration describes it.
///
/// Every value names the entry it comes from. A value that can't be read is in [`problems`](Self::problems) and its field
/// is `None`: nothing is assumed in silence. Yes-or-no values and the sizes of memory and processor must say something;
/// for the rest an empty value is the same as none, as for VMware. Devices that are not there are in the lists as well, and in
/// [`absent`](Self::absent) with all their keys, so that a caller can account for every line of the file.
///
/// ```
/// use v2v_vmx::{BlockKind, Document, ParseOptions, Vm};
///
/// let text = "memsize = \"1024\"\nnumvcpus = \"two\"\nscsi0.present = \"TRUE\"\nscsi0:0.present = \"TRUE\"\n\
///     scsi0:0.fileName = \"web01-000002.vmdk\"\nide1:0.present = \"FALSE\"\n";
/// let document = Document::parse(text.as_bytes(), &ParseOptions::default())?;
/// let vm = Vm::new(&document);
///
/// assert_eq!(vm.memory.size_mib.map(|size| size.value), Some(1024));
/// assert_eq!(vm.cpu.count, None);
/// assert_eq!(vm.problems[0].expected, "a whole number of 0 to 4294967295");
/// let disk = vm.present_disks().next().ok_or("no disk")?;
/// assert_eq!((disk.slot.to_string().as_str(), disk.kind()), ("scsi0:0", BlockKind::HardDisk));
/// assert_eq!(vm.absent[0].device.to_string(), "ide1:0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vm {
    /// Who it is.
    pub identity: Identity,
    /// What the guest is said to be, and what the virtual hardware is.
    pub platform: Platform,
    /// Memory.
    pub memory: Memory,
    /// Processors.
    pub cpu: Cpu,
    /// Firmware, virtual TPM, encryption.
    pub firmware: Firmware,
    /// All controllers, those with devices but without keys included.
    pub controllers: BTreeMap<ControllerId, Controller>,
    /// Disks, CD-ROMs and floppies by slot.
    pub block_devices: Vec<BlockDevice>,
    /// Settings for all disks.
    pub disk_settings: DiskSettings,
    /// Network adapters by number.
    pub nics: Vec<Nic>,
    /// Serial ports by number.
    pub serials: Vec<Serial>,
    /// Parallel ports by number.
    pub parallels: Vec<Parallel>,
    /// USB devices that are no disks, by slot.
    pub usb_devices: Vec<UsbDevice>,
    /// Sound, if there are keys about it.
    pub sound: Option<Sound>,
    /// Display.
    pub video: Video,
    /// Console over the network.
    pub vnc: Vnc,
    /// Shared folders by number.
    pub shared_folders: Vec<SharedFolder>,
    /// Devices of the host by number.
    pub pci_passthrough: Vec<PciPassthrough>,
    /// What is booted from.
    pub boot: Boot,
    /// The clock.
    pub clock: Clock,
    /// SMBIOS.
    pub smbios: Smbios,
    /// Suspended, running, crashed.
    pub state: State,
    /// All keys `guestinfo.*` but the detailed data; their values may be secrets.
    pub guest_info: Vec<EntryId>,
    /// All keys `snapshot.*`.
    pub snapshot_keys: Vec<EntryId>,
    /// All keys `usb.autoConnect.deviceN` with a value: devices of the host.
    pub usb_auto_connect: Vec<EntryId>,
    /// Devices that are not there, with all their keys. Anything with a key `NAME.present` counts as a device.
    pub absent: Vec<AbsentDevice>,
    /// Values that could not be read, in the order of the file.
    pub problems: Vec<ValueProblem>,
}

/// A device that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentDevice {
    /// Which device.
    pub device: DeviceId,
    /// Why it is not there.
    pub absence: Absence,
    /// All its keys.
    pub ids: Vec<EntryId>,
}

impl Vm {
    /// Reads what the keys say. Of a key that is there twice, the first counts.
    #[must_use]
    pub fn new(document: &Document) -> Self {
        let mut problems = Vec::new();
        let mut keys = Keys {
            document,
            problems: &mut problems,
        };
        let mut vm = Self {
            identity: Identity::read(&mut keys),
            platform: Platform::read(&mut keys),
            memory: Memory::read(&mut keys),
            cpu: Cpu::read(&mut keys),
            firmware: Firmware::read(&mut keys),
            disk_settings: DiskSettings::read(&mut keys),
            video: Video::read(&mut keys),
            vnc: Vnc::read(&mut keys),
            boot: Boot::read(&mut keys),
            clock: Clock::read(&mut keys),
            smbios: Smbios::read(&mut keys),
            state: State::read(&mut keys),
            ..Self::default()
        };
        let others = vm.read_devices(document, &mut problems);
        vm.settle_controllers();
        vm.list_absent();
        vm.list_other_absent(&others);
        vm.list_keys(document);
        problems.sort_by_key(|problem| problem.id);
        vm.problems = problems;
        vm
    }

    /// The hard disks that are there, by slot.
    pub fn present_disks(&self) -> impl Iterator<Item = &BlockDevice> {
        let is_disk = |device: &BlockDevice| {
            matches!(
                device.kind(),
                BlockKind::HardDisk | BlockKind::RawDevice | BlockKind::Passthrough
            )
        };
        self.present_block_devices()
            .filter(move |device| is_disk(device))
    }

    /// The disks, CD-ROMs and floppies that are there, by slot.
    pub fn present_block_devices(&self) -> impl Iterator<Item = &BlockDevice> {
        let devices = self.block_devices.iter();
        devices.filter(|device| device.presence.is_present())
    }

    /// The network adapters that are there, by number.
    pub fn present_nics(&self) -> impl Iterator<Item = &Nic> {
        self.nics.iter().filter(|nic| nic.presence.is_present())
    }

    /// Sorts the entries by device, reads each device, and returns the entries that belong to none.
    fn read_devices<'a>(
        &mut self,
        document: &'a Document,
        problems: &mut Vec<ValueProblem>,
    ) -> Vec<&'a Entry> {
        let mut others = Vec::new();
        let mut fields = Vec::new();
        for entry in document.entries() {
            match field(entry) {
                Some(found) => fields.push(found),
                None => others.push(entry),
            }
        }
        // Stable, so the fields of a device stay in the order of the file.
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (devices, fields): (Vec<DeviceId>, Vec<Field<'_>>) = fields.into_iter().unzip();
        let mut rest = fields.as_slice();
        for same in devices.chunk_by(|a, b| a == b) {
            let (fields, after) = rest.split_at_checked(same.len()).unwrap_or((rest, &[]));
            rest = after;
            let mut group = Group {
                document,
                fields,
                problems,
            };
            if let Some(device) = same.first() {
                self.read_device(device, &mut group);
            }
        }
        others
    }

    fn read_device(&mut self, device: &DeviceId, group: &mut Group<'_, '_>) {
        match *device {
            DeviceId::Controller(id) => {
                self.controllers.insert(id, Controller::read(id, group));
            }
            DeviceId::Slot(slot) if slot.bus.is_usb() && !is_usb_storage(group) => {
                self.usb_devices.push(UsbDevice::read(slot, group));
            }
            DeviceId::Slot(slot) => self.block_devices.push(BlockDevice::read(slot, group)),
            DeviceId::Nic(index) => self.nics.push(Nic::read(index, group)),
            DeviceId::Serial(index) => self.serials.push(Serial::read(index, group)),
            DeviceId::Parallel(index) => self.parallels.push(Parallel::read(index, group)),
            DeviceId::SharedFolder(index) => {
                self.shared_folders.push(SharedFolder::read(index, group));
            }
            DeviceId::PciPassthrough(index) => {
                self.pci_passthrough
                    .push(PciPassthrough::read(index, group));
            }
            DeviceId::Sound => self.sound = Some(Sound::read(group)),
            DeviceId::Vtpm => self.firmware.vtpm = Some(Vtpm::read(group)),
            DeviceId::Other(_) => {}
        }
    }

    /// A controller whose `present` is FALSE takes its devices along; a device brings a controller that says nothing.
    fn settle_controllers(&mut self) {
        let block = self.block_devices.iter_mut();
        let block = block.map(|device| (device.slot, &mut device.presence, device.ids.first()));
        let usb = self.usb_devices.iter_mut();
        let usb = usb.map(|device| (device.slot, &mut device.presence, device.ids.first()));
        for (slot, presence, first) in block.chain(usb) {
            let Some(id) = slot.controller_id() else {
                continue;
            };
            let controller = self
                .controllers
                .entry(id)
                .or_insert_with(|| Controller::without_keys(id));
            if !presence.is_present() {
                continue;
            }
            if let Presence::Absent(Absence::Declared(by)) = controller.presence {
                *presence = Presence::Absent(Absence::Controller(by));
            } else {
                controller.imply(first.copied());
            }
        }
    }

    fn list_absent(&mut self) {
        let mut absent = Vec::new();
        let mut list = |device: DeviceId, presence: Presence, ids: &[EntryId]| {
            if let Presence::Absent(absence) = presence {
                absent.push(AbsentDevice {
                    device,
                    absence,
                    ids: ids.to_vec(),
                });
            }
        };
        for controller in self.controllers.values() {
            if !controller.ids.is_empty() {
                let device = DeviceId::Controller(controller.id);
                list(device, controller.presence, &controller.ids);
            }
        }
        for device in &self.block_devices {
            list(DeviceId::Slot(device.slot), device.presence, &device.ids);
        }
        for device in &self.usb_devices {
            list(DeviceId::Slot(device.slot), device.presence, &device.ids);
        }
        for nic in &self.nics {
            list(DeviceId::Nic(nic.index), nic.presence, &nic.ids);
        }
        for port in &self.serials {
            list(DeviceId::Serial(port.index), port.presence, &port.ids);
        }
        for port in &self.parallels {
            list(DeviceId::Parallel(port.index), port.presence, &port.ids);
        }
        for folder in &self.shared_folders {
            list(
                DeviceId::SharedFolder(folder.index),
                folder.presence,
                &folder.ids,
            );
        }
        for pci in &self.pci_passthrough {
            list(DeviceId::PciPassthrough(pci.index), pci.presence, &pci.ids);
        }
        if let Some(sound) = &self.sound {
            list(DeviceId::Sound, sound.presence, &sound.ids);
        }
        if let Some(vtpm) = &self.firmware.vtpm {
            list(DeviceId::Vtpm, vtpm.presence, &vtpm.ids);
        }
        self.absent = absent;
    }

    /// Devices this view has no type for: `hpet0.present = "FALSE"` speaks for all keys `hpet0.*`.
    fn list_other_absent(&mut self, others: &[&Entry]) {
        let mut seen = HashSet::new();
        let mut devices = HashMap::new();
        for entry in others {
            let Some(prefix) = entry.key_lower().strip_suffix(".present") else {
                continue;
            };
            // Of several entries the first counts, whatever it says.
            let is_first = seen.insert(prefix);
            if is_first && bool::read(entry.value().trim()) == Some(false) {
                devices.insert(prefix, self.absent.len());
                let name = entry.key().get(..prefix.len()).unwrap_or(prefix);
                self.absent.push(AbsentDevice {
                    device: DeviceId::Other(name.to_owned()),
                    absence: Absence::Declared(entry.id()),
                    ids: Vec::new(),
                });
            }
        }
        if devices.is_empty() {
            return;
        }
        for entry in others {
            let at = prefixes(entry.key_lower()).find_map(|prefix| devices.get(prefix));
            if let Some(device) = at.and_then(|&at| self.absent.get_mut(at)) {
                device.ids.push(entry.id());
            }
        }
    }

    fn list_keys(&mut self, document: &Document) {
        for entry in document.entries() {
            let key = entry.key_lower();
            if key.starts_with("guestinfo.") && key != "guestinfo.detailed.data" {
                self.guest_info.push(entry.id());
            } else if key.starts_with("snapshot.") {
                self.snapshot_keys.push(entry.id());
            } else if key.starts_with("usb.autoconnect.device") && !entry.value().trim().is_empty()
            {
                self.usb_auto_connect.push(entry.id());
            }
        }
    }
}

/// How many dots of a key can end the name of a device; real names have at most two.
const MAX_DOTS: usize = 4;

/// `a.b.c` belongs to the devices `a` and `a.b`.
fn prefixes(key: &str) -> impl Iterator<Item = &str> {
    let dots = key.match_indices('.').take(MAX_DOTS);
    dots.filter_map(|(at, _)| key.get(..at))
}

/// Whether a USB device is a disk or CD-ROM.
fn is_usb_storage(group: &Group<'_, '_>) -> bool {
    let is_type = |entry: &Entry| {
        let text = entry.value().trim();
        DeviceType::read(text).is_some()
    };
    let is_image = |entry: &Entry| {
        let name = group.document.file_name(entry);
        name.has_extension("vmdk") || name.has_extension("iso")
    };
    group.entry("devicetype").is_some_and(is_type) || group.entry("filename").is_some_and(is_image)
}
