//! `<hostdev>`: devices of the host in the guest.

use super::address::{Address, Boot, DeviceAcpi, PciAddress, Rom};
use super::disk::{DiskHost, HostPciAddress, Sgio, StartupPolicy};
use super::interface::Teaming;
use crate::element::Element;
use crate::macros::{model, tagged};
use crate::scalar::Uuid;

model! {
    /// `<hostdev mode='subsystem' type='pci' managed='yes'>`
    pub element Hostdev {
        /// `subsystem`, or `capabilities` in containers.
        mode: Option<String> = attr("mode"),
        /// libvirt takes the device from the host itself.
        managed: Option<bool> = attr("managed"),
        /// Model of an `mdev` or `scsi_host`.
        model: Option<String> = attr("model"),
        /// Screen of an `mdev`.
        display: Option<bool> = on_off("display"),
        /// Screen at boot of an `mdev`.
        ramfb: Option<bool> = on_off("ramfb"),
        /// Which SCSI commands are passed on.
        sgio: Option<Sgio> = attr("sgio"),
        /// Raw I/O (`scsi`).
        rawio: Option<bool> = attr("rawio"),
        /// Driver of the host.
        driver: Option<HostdevDriver> = child("driver"),
        /// Pair of a virtio and a passthrough device.
        teaming: Option<Teaming> = child("teaming"),
        /// Kind and place in the host.
        source: HostdevKind = tagged(1, "type"),
        /// The guest cannot write (`scsi`).
        readonly: bool = flag("readonly"),
        /// Several guests use it (`scsi`).
        shareable: bool = flag("shareable"),
        /// Boot order.
        boot: Option<Boot> = child("boot"),
        /// Option ROM.
        rom: Option<Rom> = child("rom"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Hostdev {
    /// A device of the host, `mode='subsystem'`.
    pub fn new(source: HostdevKind) -> Self {
        Self {
            mode: Some("subsystem".to_owned()),
            source,
            managed: None,
            model: None,
            display: None,
            ramfb: None,
            sgio: None,
            rawio: None,
            driver: None,
            teaming: None,
            readonly: false,
            shareable: false,
            boot: None,
            rom: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }

    /// A PCI device that libvirt takes from the host itself.
    pub fn pci(address: PciAddress) -> Self {
        let source = HostdevPci::default().address(address);
        Self::new(HostdevKind::Pci(Some(source))).managed(true)
    }

    /// A USB device by vendor and product.
    pub fn usb(vendor: u16, product: u16) -> Self {
        let source = HostdevUsb::default()
            .vendor(UsbId::from(vendor))
            .product(UsbId::from(product));
        Self::new(HostdevKind::Usb(Some(source))).managed(true)
    }
}

tagged! {
    /// Kinds of host devices.
    pub enum HostdevKind absent "" {
        Pci(Option<HostdevPci>) = "pci" in child("source"),
        Usb(Option<HostdevUsb>) = "usb" in child("source"),
        Scsi(Option<HostdevScsi>) = "scsi" in child("source"),
        ScsiHost(Option<HostdevScsiHost>) = "scsi_host" in child("source"),
        Mdev(Option<HostdevMdev>) = "mdev" in child("source"),
    }
}

model! {
    /// `<driver name='vfio'/>`
    #[derive(Default)]
    pub element HostdevDriver {
        /// `vfio`, `kvm` or `xen`.
        name: Option<String> = attr("name"),
    }
}

model! {
    /// `<source>` of a PCI device.
    #[derive(Default)]
    pub element HostdevPci {
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// Configuration space is protected (Xen).
        write_filtering: Option<bool> = attr("writeFiltering"),
        /// Place in the host.
        address: Option<HostPciAddress> = child("address"),
    }
}

model! {
    /// `<source>` of a USB device.
    #[derive(Default)]
    pub element HostdevUsb {
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// Whether the guest can reset it.
        guest_reset: Option<String> = attr("guestReset"),
        /// Vendor.
        vendor: Option<UsbId> = child("vendor"),
        /// Product.
        product: Option<UsbId> = child("product"),
        /// Place in the host.
        address: Option<HostUsbAddress> = child("address"),
    }
}

model! {
    /// `<vendor id='0x1234'/>`
    #[derive(Default)]
    pub element UsbId {
        /// Number.
        id: Option<u16> = hex("id", 4),
    }
}

impl From<u16> for UsbId {
    fn from(id: u16) -> Self {
        Self::default().id(id)
    }
}

model! {
    /// `<address bus='1' device='4'/>`
    #[derive(Default)]
    pub element HostUsbAddress {
        /// Bus.
        bus: Option<u32> = attr("bus"),
        /// Device.
        device: Option<u32> = attr("device"),
        /// Port, dots between the levels of hubs.
        port: Option<String> = attr("port"),
    }
}

model! {
    /// `<source>` of a SCSI device.
    #[derive(Default)]
    pub element HostdevScsi {
        /// `adapter` if absent, or `iscsi`.
        protocol: Option<String> = attr("protocol"),
        /// Name of the target (`iscsi`).
        name: Option<String> = attr("name"),
        /// Adapter of the host, for example `scsi_host0`.
        adapter: Option<String> = sub("adapter", "name"),
        /// Place at the adapter.
        address: Option<HostScsiAddress> = child("address"),
        /// Servers (`iscsi`).
        hosts: Vec<DiskHost> = list("host"),
        /// Credentials and initiator (`iscsi`); kept as they are.
        auth: Vec<Element> = raws("auth"),
        /// Initiator (`iscsi`); kept as it is.
        initiator: Vec<Element> = raws("initiator"),
    }
}

model! {
    /// `<address bus='0' target='0' unit='0'/>`
    #[derive(Default)]
    pub element HostScsiAddress {
        /// Bus.
        bus: Option<u32> = attr("bus"),
        /// Target.
        target: Option<u32> = attr("target"),
        /// Unit.
        unit: Option<u64> = attr("unit"),
    }
}

model! {
    /// `<source protocol='vhost' wwpn='naa.5123456789abcde0'/>`
    #[derive(Default)]
    pub element HostdevScsiHost {
        /// `vhost`.
        protocol: Option<String> = attr("protocol"),
        /// Port name.
        wwpn: Option<String> = attr("wwpn"),
    }
}

model! {
    /// `<source><address uuid='...'/></source>` of a mediated device.
    #[derive(Default)]
    pub element HostdevMdev {
        /// UUID.
        uuid: Option<Uuid> = sub("address", "uuid"),
    }
}
