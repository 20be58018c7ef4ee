//! `<address>`, `<alias>`, `<boot>` and what else many devices have.

use crate::macros::{model, tagged};
use crate::scalar::Uuid;

model! {
    /// `<address>`: where a device sits in the guest.
    pub element Address {
        /// Kind and place.
        kind: AddressKind = tagged(0, "type"),
    }
}

tagged! {
    /// Kinds of addresses.
    pub enum AddressKind absent "" {
        Pci(PciAddress) = "pci" in group(),
        Drive(DriveAddress) = "drive" in group(),
        Usb(UsbAddress) = "usb" in group(),
        VirtioSerial(VirtioSerialAddress) = "virtio-serial" in group(),
        Isa(IsaAddress) = "isa" in group(),
        /// Smart card.
        Ccid(CcidAddress) = "ccid" in group(),
        SpaprVio(SpaprVioAddress) = "spapr-vio" in group(),
        Ccw(CcwAddress) = "ccw" in group(),
        VirtioMmio = "virtio-mmio",
        /// Memory module.
        Dimm(DimmAddress) = "dimm" in group(),
        Unassigned = "unassigned",
    }
}

impl From<AddressKind> for Address {
    fn from(kind: AddressKind) -> Self {
        let other = Default::default();
        Self { kind, other }
    }
}

impl From<PciAddress> for Address {
    fn from(address: PciAddress) -> Self {
        AddressKind::Pci(address).into()
    }
}

impl From<UsbAddress> for Address {
    fn from(address: UsbAddress) -> Self {
        AddressKind::Usb(address).into()
    }
}

impl Address {
    /// A place on the PCI bus.
    pub fn pci(domain: u32, bus: u32, slot: u32, function: u32) -> Self {
        PciAddress::new(domain, bus, slot, function).into()
    }

    /// A place at a disk controller. Which of `target` and `unit` counts depends on the controller's model.
    pub fn drive(controller: u32, bus: u32, target: u32, unit: u32) -> Self {
        AddressKind::Drive(DriveAddress {
            controller: Some(controller),
            bus: Some(bus),
            target: Some(target),
            unit: Some(unit),
        })
        .into()
    }

    /// A port of a USB controller, for example `1` or `1.2`.
    pub fn usb(bus: u32, port: impl Into<String>) -> Self {
        let (bus, port) = (Some(bus), Some(port.into()));
        UsbAddress { bus, port }.into()
    }

    /// A port of a virtio-serial controller.
    pub fn virtio_serial(controller: u32, bus: u32, port: u32) -> Self {
        let (controller, bus, port) = (Some(controller), Some(bus), Some(port));
        AddressKind::VirtioSerial(VirtioSerialAddress {
            controller,
            bus,
            port,
        })
        .into()
    }
}

model! {
    /// PCI: `domain='0x0000' bus='0x00' slot='0x03' function='0x0'`. Without bus and slot libvirt chooses.
    #[derive(Default)]
    pub group PciAddress {
        /// Domain.
        domain: Option<u32> = hex("domain", 4),
        /// Bus: the index of the controller of type `pci`.
        bus: Option<u32> = hex("bus", 2),
        /// Slot.
        slot: Option<u32> = hex("slot", 2),
        /// Function.
        function: Option<u32> = hex("function", 1),
        /// Whether other functions of the slot are in use.
        multifunction: Option<bool> = on_off("multifunction"),
    }
}

impl PciAddress {
    /// A full address.
    pub fn new(domain: u32, bus: u32, slot: u32, function: u32) -> Self {
        Self {
            domain: Some(domain),
            bus: Some(bus),
            slot: Some(slot),
            function: Some(function),
            multifunction: None,
        }
    }
}

model! {
    /// Disk controller: `controller='0' bus='0' target='0' unit='0'`.
    #[derive(Default)]
    pub group DriveAddress {
        /// Index of the controller.
        controller: Option<u32> = attr("controller"),
        /// Channel.
        bus: Option<u32> = attr("bus"),
        /// Target.
        target: Option<u32> = attr("target"),
        /// Unit: the LUN for pvscsi, lsisas1068 and virtio-scsi, the id for lsilogic.
        unit: Option<u32> = attr("unit"),
    }
}

model! {
    /// USB: `bus='0' port='1.2'`.
    #[derive(Default)]
    pub group UsbAddress {
        /// Index of the controller.
        bus: Option<u32> = attr("bus"),
        /// Port, dots between the levels of hubs.
        port: Option<String> = attr("port"),
    }
}

model! {
    /// virtio-serial: `controller='0' bus='0' port='1'`.
    #[derive(Default)]
    pub group VirtioSerialAddress {
        /// Index of the controller.
        controller: Option<u32> = attr("controller"),
        /// Bus.
        bus: Option<u32> = attr("bus"),
        /// Port.
        port: Option<u32> = attr("port"),
    }
}

model! {
    /// ISA: `iobase='0x3f8' irq='0x4'`.
    #[derive(Default)]
    pub group IsaAddress {
        /// First I/O port.
        iobase: Option<u32> = hex("iobase", 1),
        /// Interrupt.
        irq: Option<u32> = hex("irq", 1),
    }
}

model! {
    /// Smart card reader: `controller='0' slot='1'`.
    #[derive(Default)]
    pub group CcidAddress {
        /// Index of the controller.
        controller: Option<u32> = attr("controller"),
        /// Slot.
        slot: Option<u32> = attr("slot"),
    }
}

model! {
    /// pSeries: `reg='0x30001000'`.
    #[derive(Default)]
    pub group SpaprVioAddress {
        /// Register.
        reg: Option<u64> = hex("reg", 8),
    }
}

model! {
    /// s390: `cssid='0xfe' ssid='0x0' devno='0x0001'`.
    #[derive(Default)]
    pub group CcwAddress {
        /// Channel subsystem.
        cssid: Option<u32> = hex("cssid", 1),
        /// Subchannel set.
        ssid: Option<u32> = hex("ssid", 1),
        /// Device number.
        devno: Option<u32> = hex("devno", 4),
    }
}

model! {
    /// Memory module: `slot='0' base='0x100000000'`.
    #[derive(Default)]
    pub group DimmAddress {
        /// Slot.
        slot: Option<u32> = attr("slot"),
        /// Address in the guest.
        base: Option<u64> = hex("base", 1),
    }
}

model! {
    /// `<boot order='1'/>`: place in the boot order; not together with `<boot dev>` of `<os>`.
    pub element Boot {
        /// From 1, each number once.
        order: u32 = attr("order"),
        /// Load parameter (s390).
        loadparm: Option<String> = attr("loadparm"),
    }
}

impl From<u32> for Boot {
    fn from(order: u32) -> Self {
        let (loadparm, other) = Default::default();
        Self {
            order,
            loadparm,
            other,
        }
    }
}

model! {
    /// `<rom bar='on' file='/path'/>`: option ROM of a PCI device.
    #[derive(Default)]
    pub element Rom {
        /// Whether it has one.
        enabled: Option<bool> = attr("enabled"),
        /// Whether the guest sees it in memory.
        bar: Option<bool> = on_off("bar"),
        /// File with the ROM.
        file: Option<String> = attr("file"),
    }
}

model! {
    /// `iommu`, `ats`, `packed`, `page_per_vq`: options of every virtio device's `<driver>`.
    #[derive(Default)]
    pub group VirtioOptions {
        /// DMA goes through the IOMMU.
        iommu: Option<bool> = on_off("iommu"),
        /// Address translation services.
        ats: Option<bool> = on_off("ats"),
        /// Packed virtqueues.
        packed: Option<bool> = on_off("packed"),
        /// One page for the notification of each queue.
        page_per_vq: Option<bool> = on_off("page_per_vq"),
    }
}

model! {
    /// `<driver>` of a device that has virtio options alone.
    #[derive(Default)]
    pub element VirtioDriver {
        /// Options.
        virtio: VirtioOptions = group(),
    }
}

model! {
    /// `<acpi index='1'/>`: number of the device in the names that guests give.
    #[derive(Default)]
    pub element DeviceAcpi {
        /// Number.
        index: Option<u32> = attr("index"),
    }
}

model! {
    /// `<secret type='ceph' uuid='...'/>`: where libvirt keeps a password.
    #[derive(Default)]
    pub element Secret {
        /// Kind of secret.
        kind: Option<String> = attr("type"),
        /// Its UUID.
        uuid: Option<Uuid> = attr("uuid"),
        /// Its usage name.
        usage: Option<String> = attr("usage"),
    }
}
