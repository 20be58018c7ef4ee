//! `<controller>`

use super::address::{Address, DeviceAcpi, VirtioOptions};
use crate::macros::{model, values};
use crate::resources::Memory;

model! {
    /// `<controller>`: what other devices are attached to.
    pub element Controller {
        /// Kind.
        kind: ControllerType = attr("type"),
        /// Number among those of its kind; devices name it in their address.
        index: Option<u32> = attr("index"),
        /// Chip.
        model: Option<ControllerModel> = attr("model"),
        /// Ports (`usb`, `virtio-serial`).
        ports: Option<u32> = attr("ports"),
        /// Interrupt vectors (`virtio-serial`).
        vectors: Option<u32> = attr("vectors"),
        /// Grant frames (`xenbus`).
        max_grant_frames: Option<u32> = attr("maxGrantFrames"),
        /// Event channels (`xenbus`).
        max_event_channels: Option<u32> = attr("maxEventChannels"),
        /// Device of QEMU behind a PCI controller.
        pci_model: Option<String> = sub("model", "name"),
        /// Numbers of a PCI controller.
        target: Option<ControllerTarget> = child("target"),
        /// Queues, thread, limits.
        driver: Option<ControllerDriver> = child("driver"),
        /// 64-bit window of a PCI root.
        pcihole64: Option<Memory> = child("pcihole64"),
        /// First port of a companion controller (`usb`).
        master: Option<u32> = sub("master", "startport"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Controller {
    /// A controller of a kind with its number.
    pub fn new(kind: ControllerType, index: u32) -> Self {
        Self {
            kind,
            index: Some(index),
            model: None,
            ports: None,
            vectors: None,
            max_grant_frames: None,
            max_event_channels: None,
            pci_model: None,
            target: None,
            driver: None,
            pcihole64: None,
            master: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Kind of a controller.
    pub enum ControllerType {
        Ide = "ide", Fdc = "fdc", Scsi = "scsi", Sata = "sata", VirtioSerial = "virtio-serial", Ccid = "ccid",
        Usb = "usb", Pci = "pci", Xenbus = "xenbus", Isa = "isa",
    }
}

values! {
    /// Chip of a controller, of all kinds.
    pub enum ControllerModel {
        Auto = "auto", Buslogic = "buslogic", Lsilogic = "lsilogic", Lsisas1068 = "lsisas1068",
        Lsisas1078 = "lsisas1078", Vmpvscsi = "vmpvscsi", Ibmvscsi = "ibmvscsi", VirtioScsi = "virtio-scsi",
        Ncr53c90 = "ncr53c90", Dc390 = "dc390", Am53c974 = "am53c974",
        Virtio = "virtio", VirtioTransitional = "virtio-transitional",
        VirtioNonTransitional = "virtio-non-transitional",
        Piix3Uhci = "piix3-uhci", Piix4Uhci = "piix4-uhci", Ehci = "ehci", Ich9Ehci1 = "ich9-ehci1",
        Ich9Uhci1 = "ich9-uhci1", Ich9Uhci2 = "ich9-uhci2", Ich9Uhci3 = "ich9-uhci3",
        Vt82c686bUhci = "vt82c686b-uhci", PciOhci = "pci-ohci", NecXhci = "nec-xhci", QemuXhci = "qemu-xhci",
        Qusb1 = "qusb1", Qusb2 = "qusb2",
        /// No USB at all.
        None = "none",
        Piix3 = "piix3", Piix4 = "piix4", Ich6 = "ich6",
        PciRoot = "pci-root", PcieRoot = "pcie-root", PciBridge = "pci-bridge",
        DmiToPciBridge = "dmi-to-pci-bridge", PcieToPciBridge = "pcie-to-pci-bridge",
        PcieRootPort = "pcie-root-port", PcieSwitchUpstreamPort = "pcie-switch-upstream-port",
        PcieSwitchDownstreamPort = "pcie-switch-downstream-port", PciExpanderBus = "pci-expander-bus",
        PcieExpanderBus = "pcie-expander-bus",
    }
}

model! {
    /// `<target chassis='1' port='0x10'/>` of a PCI controller.
    #[derive(Default)]
    pub element ControllerTarget {
        /// Chassis of a `pci-bridge`.
        chassis_nr: Option<u32> = attr("chassisNr"),
        /// Chassis.
        chassis: Option<u32> = attr("chassis"),
        /// Port.
        port: Option<u32> = hex("port", 1),
        /// Bus number of an expander.
        bus_nr: Option<u32> = attr("busNr"),
        /// Index (pSeries).
        index: Option<u32> = attr("index"),
        /// Whether devices can be plugged in.
        hotplug: Option<bool> = on_off("hotplug"),
        /// NUMA node of an expander.
        node: Option<u32> = text("node"),
    }
}

model! {
    /// `<driver iothread='1' queues='4'/>`
    #[derive(Default)]
    pub element ControllerDriver {
        /// Number of queues.
        queues: Option<u32> = attr("queues"),
        /// Commands queued for a unit.
        cmd_per_lun: Option<u32> = attr("cmd_per_lun"),
        /// Largest transfer in sectors.
        max_sectors: Option<u32> = attr("max_sectors"),
        /// I/O events in a thread of their own.
        ioeventfd: Option<bool> = on_off("ioeventfd"),
        /// I/O thread, by its number.
        iothread: Option<u32> = attr("iothread"),
        /// Options of virtio.
        virtio: VirtioOptions = group(),
    }
}
