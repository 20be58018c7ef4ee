//! Controllers, ports and the other devices.

use super::group::Group;
use super::{Bus, ControllerId, Presence, Slot};
use crate::value::{Setting, words};
use crate::{EntryId, FileName};

/// A controller for disks or USB devices, present or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Which one.
    pub id: ControllerId,
    /// Whether it is there. IDE needs no key for that, others may be implied by a device that is there.
    pub presence: Presence,
    /// `virtualDev`: the model, as it is spelt; a SCSI controller without is an lsilogic.
    pub virtual_dev: Option<Setting<String>>,
    /// `sharedBus`.
    pub shared_bus: Option<Setting<SharedBus>>,
    /// `pciSlotNumber`.
    pub pci_slot_number: Option<Setting<i64>>,
    /// All keys of the controller, without those of its devices.
    pub ids: Vec<EntryId>,
}

/// `sharedBus`: who else may use the disks of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharedBus {
    /// Nobody.
    None,
    /// Virtual machines on the same host.
    Virtual,
    /// Virtual machines on any host.
    Physical,
}

words!(SharedBus, "none, virtual or physical", {
    "none" => Self::None,
    "virtual" => Self::Virtual,
    "physical" => Self::Physical,
});

impl Controller {
    pub(super) fn read(id: ControllerId, group: &mut Group<'_, '_>) -> Self {
        Self {
            id,
            presence: group.presence(&["virtualdev"]),
            virtual_dev: group.text("virtualdev"),
            shared_bus: group.read_filled("sharedbus"),
            pci_slot_number: group.read_filled("pcislotnumber"),
            ids: group.ids(),
        }
    }

    /// A controller without keys of its own.
    pub(super) fn without_keys(id: ControllerId) -> Self {
        Self {
            id,
            presence: Presence::Absent(super::Absence::NotDeclared),
            virtual_dev: None,
            shared_bus: None,
            pci_slot_number: None,
            ids: Vec::new(),
        }
    }

    /// A device of this controller is there, so the controller is, unless it says that it isn't.
    pub(super) fn imply(&mut self, by: Option<EntryId>) {
        if self.presence == Presence::Absent(super::Absence::NotDeclared) {
            self.presence = match by {
                Some(id) if self.id.bus != Bus::Ide => Presence::Implied(id),
                _ => Presence::Default,
            };
        }
    }
}

/// A USB device that is no disk, present or not: `usb:N`, `ehci:N`, `usb_xhci:N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbDevice {
    /// Where it is plugged in.
    pub slot: Slot,
    /// Whether it is there.
    pub presence: Presence,
    /// `deviceType`, as it is spelt: `hid`, `hub`, `video`, `bluetooth`, ...
    pub device_type: Option<Setting<String>>,
    /// `port` of the hub or controller.
    pub port: Option<Setting<i64>>,
    /// `parent`: number of the hub, or -1.
    pub parent: Option<Setting<i64>>,
    /// All keys of the device.
    pub ids: Vec<EntryId>,
}

impl UsbDevice {
    pub(super) fn read(slot: Slot, group: &mut Group<'_, '_>) -> Self {
        Self {
            slot,
            presence: group.presence(&["devicetype"]),
            device_type: group.text("devicetype"),
            port: group.read_filled("port"),
            parent: group.read_filled("parent"),
            ids: group.ids(),
        }
    }
}

/// `serialN`, present or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial {
    /// Its number.
    pub index: u32,
    /// Whether it is there.
    pub presence: Presence,
    /// `fileType`; absent means a device of the host.
    pub file_type: Option<Setting<SerialType>>,
    /// `fileName`: a file, pipe, device, or a service such as `tcp://host:port`.
    pub file_name: Option<Setting<FileName>>,
    /// `pipe.endPoint`.
    pub pipe_end_point: Option<Setting<EndPoint>>,
    /// `network.endPoint`.
    pub network_end_point: Option<Setting<EndPoint>>,
    /// `vspc`: a concentrator the connection goes through.
    pub vspc: Option<Setting<String>>,
    /// `startConnected`.
    pub start_connected: Option<Setting<bool>>,
    /// All keys of the port.
    pub ids: Vec<EntryId>,
}

/// `fileType` of a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SerialType {
    /// A port of the host.
    Device,
    /// A file that takes the output.
    File,
    /// A pipe or socket on the host.
    Pipe,
    /// A connection over the network.
    Network,
    /// VMware's printing service.
    Thinprint,
}

words!(SerialType, "device, file, pipe, network or thinprint", {
    "device" => Self::Device,
    "file" => Self::File,
    "pipe" => Self::Pipe,
    "network" => Self::Network,
    "thinprint" => Self::Thinprint,
});

/// Which end of a pipe or connection the virtual machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndPoint {
    /// It connects.
    Client,
    /// It waits for a connection.
    Server,
}

words!(EndPoint, "client or server", {
    "client" => Self::Client,
    "server" => Self::Server,
});

impl Serial {
    pub(super) fn read(index: u32, group: &mut Group<'_, '_>) -> Self {
        Self {
            index,
            presence: group.presence(&["filename"]),
            file_type: group.read_filled("filetype"),
            file_name: group.file_name("filename"),
            pipe_end_point: group.read_filled("pipe.endpoint"),
            network_end_point: group.read_filled("network.endpoint"),
            vspc: group.text("vspc"),
            start_connected: group.read("startconnected"),
            ids: group.ids(),
        }
    }
}

/// `parallelN`, present or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parallel {
    /// Its number.
    pub index: u32,
    /// Whether it is there.
    pub presence: Presence,
    /// `fileType`; absent means a device of the host.
    pub file_type: Option<Setting<ParallelType>>,
    /// `fileName`.
    pub file_name: Option<Setting<FileName>>,
    /// `startConnected`.
    pub start_connected: Option<Setting<bool>>,
    /// All keys of the port.
    pub ids: Vec<EntryId>,
}

/// `fileType` of a parallel port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParallelType {
    /// A port of the host.
    Device,
    /// A file that takes the output.
    File,
}

words!(ParallelType, "device or file", {
    "device" => Self::Device,
    "file" => Self::File,
});

impl Parallel {
    pub(super) fn read(index: u32, group: &mut Group<'_, '_>) -> Self {
        Self {
            index,
            presence: group.presence(&["filename"]),
            file_type: group.read_filled("filetype"),
            file_name: group.file_name("filename"),
            start_connected: group.read("startconnected"),
            ids: group.ids(),
        }
    }
}

/// `sound`, present or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Whether it is there.
    pub presence: Presence,
    /// `virtualDev`: the model, as it is spelt.
    pub virtual_dev: Option<Setting<String>>,
    /// `startConnected`.
    pub start_connected: Option<Setting<bool>>,
    /// All keys of the device.
    pub ids: Vec<EntryId>,
}

impl Sound {
    pub(super) fn read(group: &mut Group<'_, '_>) -> Self {
        Self {
            presence: group.presence(&[]),
            virtual_dev: group.text("virtualdev"),
            start_connected: group.read("startconnected"),
            ids: group.ids(),
        }
    }
}

/// `vtpm`, present or not. Its other keys hold certificates and are not to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vtpm {
    /// Whether it is there.
    pub presence: Presence,
    /// All keys of the device.
    pub ids: Vec<EntryId>,
}

impl Vtpm {
    pub(super) fn read(group: &mut Group<'_, '_>) -> Self {
        Self {
            presence: group.presence(&[]),
            ids: group.ids(),
        }
    }
}

/// `sharedFolderN`, present or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFolder {
    /// Its number.
    pub index: u32,
    /// Whether it is there.
    pub presence: Presence,
    /// `enabled`.
    pub enabled: Option<Setting<bool>>,
    /// `readAccess`.
    pub read_access: Option<Setting<bool>>,
    /// `writeAccess`.
    pub write_access: Option<Setting<bool>>,
    /// `hostPath`.
    pub host_path: Option<Setting<FileName>>,
    /// `guestName`.
    pub guest_name: Option<Setting<String>>,
    /// `expiration`, as it is spelt.
    pub expiration: Option<Setting<String>>,
    /// All keys of the folder.
    pub ids: Vec<EntryId>,
}

impl SharedFolder {
    pub(super) fn read(index: u32, group: &mut Group<'_, '_>) -> Self {
        Self {
            index,
            presence: group.presence(&[]),
            enabled: group.read("enabled"),
            read_access: group.read("readaccess"),
            write_access: group.read("writeaccess"),
            host_path: group.file_name("hostpath"),
            guest_name: group.text("guestname"),
            expiration: group.text("expiration"),
            ids: group.ids(),
        }
    }
}

/// `pciPassthruN`, present or not: a device of the host, or a virtual GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PciPassthrough {
    /// Its number.
    pub index: u32,
    /// Whether it is there.
    pub presence: Presence,
    /// `id`: the address on the old host, as it is spelt.
    pub address: Option<Setting<String>>,
    /// `deviceId`, as it is spelt.
    pub device_id: Option<Setting<String>>,
    /// `vendorId`, as it is spelt.
    pub vendor_id: Option<Setting<String>>,
    /// `systemId` of the old host.
    pub system_id: Option<Setting<String>>,
    /// `virtualDev`, as it is spelt; `vmiop` for a virtual GPU.
    pub virtual_dev: Option<Setting<String>>,
    /// `vgpu`: the profile of a virtual GPU.
    pub vgpu: Option<Setting<String>>,
    /// All keys of the device.
    pub ids: Vec<EntryId>,
}

impl PciPassthrough {
    pub(super) fn read(index: u32, group: &mut Group<'_, '_>) -> Self {
        Self {
            index,
            presence: group.presence(&[]),
            address: group.text("id"),
            device_id: group.text("deviceid"),
            vendor_id: group.text("vendorid"),
            system_id: group.text("systemid"),
            virtual_dev: group.text("virtualdev"),
            vgpu: group.text("vgpu"),
            ids: group.ids(),
        }
    }
}
