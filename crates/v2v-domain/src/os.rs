//! `<os>` and `<sysinfo>`: firmware, boot order, SMBIOS.

use crate::devices::DiskSource;
use crate::element::Element;
use crate::macros::{model, tagged, values};

model! {
    /// `<os>`: what the machine starts with.
    pub element Os {
        /// Firmware that libvirt chooses itself.
        firmware: Option<Firmware> = attr("firmware"),
        /// Architecture, machine type, kind of virtualization.
        kind: OsType = child("type"),
        /// What the chosen firmware must be able to do.
        firmware_info: Option<FirmwareInfo> = child("firmware"),
        /// Program of a container (`init`, LXC).
        init: Option<String> = text("init"),
        /// Arguments of `init`.
        initargs: Vec<String> = texts("initarg"),
        /// Firmware file.
        loader: Option<Loader> = child("loader"),
        /// Variable store of UEFI.
        nvram: Option<Nvram> = child("nvram"),
        /// Kernel file of the host, for booting without a boot loader.
        kernel: Option<String> = text("kernel"),
        /// Initial ramdisk file.
        initrd: Option<String> = text("initrd"),
        /// Kernel command line.
        cmdline: Option<String> = text("cmdline"),
        /// Device tree file.
        dtb: Option<String> = text("dtb"),
        /// Root device of a Xen PV guest.
        root: Option<String> = text("root"),
        /// ACPI tables.
        acpi: Option<AcpiTables> = child("acpi"),
        /// Boot order by kind of device; not together with the order at the devices.
        boot: Vec<BootDevice> = subs("boot", "dev"),
        /// Boot menu.
        bootmenu: Option<BootMenu> = child("bootmenu"),
        /// Where SMBIOS values come from.
        smbios: Option<SmbiosMode> = sub("smbios", "mode"),
        /// BIOS on the serial port, reboot delay.
        bios: Option<Bios> = child("bios"),
    }
}

impl Os {
    /// A full machine: `<type arch='x86_64' machine='q35'>hvm</type>`.
    pub fn hvm(arch: impl Into<String>, machine: impl Into<String>) -> Self {
        Self::new(OsType::new("hvm").arch(arch).machine(machine))
    }

    /// An operating system of that type.
    pub fn new(kind: OsType) -> Self {
        Self {
            kind,
            firmware: None,
            firmware_info: None,
            init: None,
            initargs: Vec::new(),
            loader: None,
            nvram: None,
            kernel: None,
            initrd: None,
            cmdline: None,
            dtb: None,
            root: None,
            acpi: None,
            boot: Vec::new(),
            bootmenu: None,
            smbios: None,
            bios: None,
            other: Default::default(),
        }
    }
}

model! {
    /// `<type arch='x86_64' machine='q35'>hvm</type>`
    pub element OsType {
        /// Architecture of the guest.
        arch: Option<String> = attr("arch"),
        /// Machine type: `q35`, `pc`, `pc-q35-7.2`, `xenfv`.
        machine: Option<String> = attr("machine"),
        /// `hvm`, `linux` or `xen` (PV), `xenpvh`, `exe`.
        name: String = content(),
    }
}

impl OsType {
    /// A type without architecture and machine.
    pub fn new(name: impl Into<String>) -> Self {
        let (arch, machine, name, other) = (None, None, name.into(), Default::default());
        Self {
            arch,
            machine,
            name,
            other,
        }
    }
}

values! {
    /// Firmware that libvirt chooses itself.
    pub enum Firmware { Bios = "bios", Efi = "efi" }
}

model! {
    /// `<firmware>` inside of `<os>`
    #[derive(Default)]
    pub element FirmwareInfo {
        /// Features in their order.
        features: Vec<FirmwareFeature> = list("feature"),
    }
}

model! {
    /// `<feature enabled='yes' name='secure-boot'/>`
    pub element FirmwareFeature {
        /// Must be there, or must not.
        enabled: bool = attr("enabled"),
        /// `secure-boot` or `enrolled-keys`.
        name: String = attr("name"),
    }
}

impl FirmwareFeature {
    /// A feature that must be there or must not.
    pub fn new(name: impl Into<String>, enabled: bool) -> Self {
        let (name, other) = (name.into(), Default::default());
        Self {
            enabled,
            name,
            other,
        }
    }
}

model! {
    /// `<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>`
    #[derive(Default)]
    pub element Loader {
        /// The image cannot be written by the guest.
        readonly: Option<bool> = attr("readonly"),
        /// Secure Boot; needs q35 and `<smm state='on'/>`.
        secure: Option<bool> = attr("secure"),
        /// How it is mapped.
        kind: Option<LoaderType> = attr("type"),
        /// Works without a variable store.
        stateless: Option<bool> = attr("stateless"),
        /// Format of the image.
        format: Option<String> = attr("format"),
        /// Path of the image.
        path: Option<String> = content(),
    }
}

values! {
    /// How firmware is mapped into the guest.
    pub enum LoaderType { Rom = "rom", Pflash = "pflash" }
}

model! {
    /// `<nvram template='/usr/share/OVMF/OVMF_VARS.fd'>/var/lib/libvirt/qemu/nvram/web01.fd</nvram>`
    #[derive(Default)]
    pub element Nvram {
        /// What a missing store is made from.
        template: Option<String> = attr("template"),
        /// Format of the store.
        format: Option<String> = attr("format"),
        /// Path of the store, if it is a file named by path.
        path: Option<String> = content(),
        /// Store of another kind.
        source: Option<NvramSource> = group_if("type"),
    }
}

model! {
    /// Store that is given as a disk is: `<nvram type='network'><source .../></nvram>`.
    pub group NvramSource {
        /// Where it is.
        source: DiskSource = tagged(0, "type"),
    }
}

values! {
    /// Kind of device to boot from.
    pub enum BootDevice {
        Hd = "hd", Cdrom = "cdrom", Network = "network",
        /// Floppy.
        Fd = "fd",
    }
}

model! {
    /// `<bootmenu enable='yes' timeout='3000'/>`
    #[derive(Default)]
    pub element BootMenu {
        /// Shown.
        enable: Option<bool> = attr("enable"),
        /// Milliseconds to wait.
        timeout: Option<u32> = attr("timeout"),
    }
}

values! {
    /// Where SMBIOS values come from.
    pub enum SmbiosMode {
        /// QEMU's own.
        Emulate = "emulate",
        /// Those of the host.
        Host = "host",
        /// `<sysinfo>`.
        Sysinfo = "sysinfo",
    }
}

model! {
    /// `<bios useserial='yes' rebootTimeout='0'/>`
    #[derive(Default)]
    pub element Bios {
        /// Messages on the serial port.
        use_serial: Option<bool> = attr("useserial"),
        /// Milliseconds to the next try; -1 for none.
        reboot_timeout: Option<i32> = attr("rebootTimeout"),
    }
}

model! {
    /// `<acpi>` inside of `<os>`
    #[derive(Default)]
    pub element AcpiTables {
        /// Tables in their order.
        tables: Vec<AcpiTable> = list("table"),
    }
}

model! {
    /// `<table type='slic'>/path/slic.dat</table>`
    pub element AcpiTable {
        /// Kind of table.
        kind: Option<String> = attr("type"),
        /// File.
        path: String = content(),
    }
}

model! {
    /// `<sysinfo>`: values handed to the guest.
    pub element Sysinfo {
        /// What kind.
        kind: SysinfoKind = tagged(0, "type"),
    }
}

impl Sysinfo {
    /// SMBIOS values; `<smbios mode='sysinfo'/>` in [`Os`] makes them count.
    pub fn smbios(values: Smbios) -> Self {
        let (kind, other) = (SysinfoKind::Smbios(values), Default::default());
        Self { kind, other }
    }
}

tagged! {
    /// Kinds of `<sysinfo>`.
    pub enum SysinfoKind absent "" {
        Smbios(Smbios) = "smbios" in group(),
        /// Entries of QEMU's fw_cfg, kept as they are.
        FwCfg(Vec<Element>) = "fwcfg" in raws("entry"),
    }
}

model! {
    /// SMBIOS values by table.
    #[derive(Default)]
    pub group Smbios {
        /// BIOS: vendor, version, date, release.
        bios: Option<SysinfoEntries> = child("bios"),
        /// System: manufacturer, product, version, serial, uuid, sku, family.
        system: Option<SysinfoEntries> = child("system"),
        /// Base boards: manufacturer, product, version, serial, asset, location.
        base_boards: Vec<SysinfoEntries> = list("baseBoard"),
        /// Chassis: manufacturer, version, serial, asset, sku.
        chassis: Option<SysinfoEntries> = child("chassis"),
        /// Free texts.
        oem_strings: Option<SysinfoEntries> = child("oemStrings"),
    }
}

model! {
    /// Values of one table.
    #[derive(Default)]
    pub element SysinfoEntries {
        /// Values in their order.
        entries: Vec<SysinfoEntry> = list("entry"),
    }
}

impl SysinfoEntries {
    /// Adds a named value.
    #[must_use]
    pub fn entry(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value, other) = (Some(name.into()), value.into(), Default::default());
        self.entries.push(SysinfoEntry { name, value, other });
        self
    }

    /// Adds a value without a name (`<oemStrings>`).
    #[must_use]
    pub fn text(mut self, value: impl Into<String>) -> Self {
        let (name, value, other) = (None, value.into(), Default::default());
        self.entries.push(SysinfoEntry { name, value, other });
        self
    }

    /// The value of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        let named = |entry: &&SysinfoEntry| entry.name.as_deref() == Some(name);
        self.entries
            .iter()
            .find(named)
            .map(|entry| entry.value.as_str())
    }
}

model! {
    /// `<entry name='serial'>...</entry>`
    pub element SysinfoEntry {
        /// Name; OEM strings have none.
        name: Option<String> = attr("name"),
        /// Value.
        value: String = content(),
    }
}
