//! `<disk>`

use super::address::{Address, Boot, DeviceAcpi, PciAddress, Secret, VirtioOptions};
use crate::element::Element;
use crate::macros::{model, tagged, values};
use crate::resources::Memory;
use crate::scalar::TargetName;

model! {
    /// `<disk>`: hard disk, CD-ROM, floppy or LUN.
    pub element Disk {
        /// What the guest sees; a hard disk if absent.
        device: Option<DiskDevice> = attr("device"),
        /// Variant of the virtio device.
        model: Option<VirtioModel> = attr("model"),
        /// Raw I/O for a LUN.
        rawio: Option<bool> = attr("rawio"),
        /// Which SCSI commands a LUN passes on.
        sgio: Option<Sgio> = attr("sgio"),
        /// How snapshots of the guest treat it.
        snapshot: Option<DiskSnapshot> = attr("snapshot"),
        /// Format, cache, threads.
        driver: Option<DiskDriver> = child("driver"),
        /// Credentials.
        auth: Option<DiskAuth> = child("auth"),
        /// What backs it (`type` and `<source>`).
        source: DiskSource = tagged(0, "type"),
        /// Files below this one; kept as they are.
        backing_store: Vec<Element> = raws("backingStore"),
        /// A running copy job; kept as it is.
        mirror: Vec<Element> = raws("mirror"),
        /// Driver domain (Xen).
        backend_domain: Option<String> = sub("backenddomain", "name"),
        /// Name and bus in the guest.
        target: Option<DiskTarget> = child("target"),
        /// Limits.
        iotune: Option<IoTune> = child("iotune"),
        /// The guest cannot write.
        readonly: bool = flag("readonly"),
        /// Several guests write at once.
        shareable: bool = flag("shareable"),
        /// Changes are lost when the guest ends.
        transient: Option<Transient> = child("transient"),
        /// Serial number: 20 characters with virtio-blk, 36 with SCSI.
        serial: Option<String> = text("serial"),
        /// World-wide name, 16 hexadecimal digits.
        wwn: Option<String> = text("wwn"),
        /// Vendor of a SCSI disk, 8 characters.
        vendor: Option<String> = text("vendor"),
        /// Product of a SCSI disk, 16 characters.
        product: Option<String> = text("product"),
        /// Encryption; kept as it is.
        encryption: Vec<Element> = raws("encryption"),
        /// Boot order.
        boot: Option<Boot> = child("boot"),
        /// Block sizes.
        blockio: Option<BlockIo> = child("blockio"),
        /// Geometry of old BIOS calls.
        geometry: Option<Geometry> = child("geometry"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Disk {
    /// A disk with its source and target.
    ///
    /// ```
    /// use v2v_domain::{Disk, DiskBus, DiskFormat, DiskSource, TargetName};
    ///
    /// let disk = Disk::new(DiskSource::file("/images/web01.qcow2"), TargetName::new("vd", 0), DiskBus::Virtio)
    ///     .format(DiskFormat::Qcow2)
    ///     .boot(1);
    /// ```
    pub fn new(source: DiskSource, dev: impl Into<String>, bus: DiskBus) -> Self {
        Self {
            source,
            device: Some(DiskDevice::Disk),
            model: None,
            rawio: None,
            sgio: None,
            snapshot: None,
            driver: None,
            auth: None,
            backing_store: Vec::new(),
            mirror: Vec::new(),
            backend_domain: None,
            target: Some(DiskTarget::new(dev, bus)),
            iotune: None,
            readonly: false,
            shareable: false,
            transient: None,
            serial: None,
            wwn: None,
            vendor: None,
            product: None,
            encryption: Vec::new(),
            boot: None,
            blockio: None,
            geometry: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }

    /// A CD-ROM drive, read-only.
    pub fn cdrom(source: DiskSource, dev: impl Into<String>, bus: DiskBus) -> Self {
        Self::new(source, dev, bus)
            .device(DiskDevice::Cdrom)
            .readonly(true)
    }

    /// A floppy drive.
    pub fn floppy(source: DiskSource, dev: impl Into<String>) -> Self {
        Self::new(source, dev, DiskBus::Fdc).device(DiskDevice::Floppy)
    }

    /// Sets the image format, with `name='qemu'` as every KVM guest has it.
    #[must_use]
    pub fn format(mut self, format: DiskFormat) -> Self {
        let driver = self.driver.unwrap_or_default();
        self.driver = Some(driver.name("qemu").format(format));
        self
    }

    /// The name in the guest's eyes.
    pub fn target_dev(&self) -> Option<&str> {
        Some(&self.target.as_ref()?.dev)
    }
}

values! {
    /// What the guest sees.
    pub enum DiskDevice { Disk = "disk", Cdrom = "cdrom", Floppy = "floppy", Lun = "lun" }
}

values! {
    /// Variant of a virtio device.
    pub enum VirtioModel {
        Virtio = "virtio",
        /// Speaks virtio 0.9 as well, also on PCI Express.
        Transitional = "virtio-transitional",
        NonTransitional = "virtio-non-transitional",
    }
}

values! {
    /// Which SCSI commands a LUN passes on.
    pub enum Sgio { Filtered = "filtered", Unfiltered = "unfiltered" }
}

values! {
    /// How snapshots of the guest treat a disk.
    pub enum DiskSnapshot { No = "no", Internal = "internal", External = "external", Manual = "manual" }
}

tagged! {
    /// What backs a disk. `None` inside: there is no `<source>`, as in an empty drive.
    pub enum DiskSource absent "file" {
        File(Option<FileSource>) = "file" in child("source"),
        /// Block device of the host.
        Block(Option<BlockSource>) = "block" in child("source"),
        /// Directory shown as a FAT disk.
        Dir(Option<DirSource>) = "dir" in child("source"),
        Network(Option<NetworkDiskSource>) = "network" in child("source"),
        /// Volume of a storage pool.
        Volume(Option<VolumeSource>) = "volume" in child("source"),
        /// NVMe namespace of the host, by PCI address.
        Nvme(Option<NvmeSource>) = "nvme" in child("source"),
        VhostUser(Option<VhostUserDiskSource>) = "vhostuser" in child("source"),
    }
}

impl DiskSource {
    /// An image file.
    pub fn file(path: impl Into<String>) -> Self {
        Self::File(Some(FileSource::default().file(path)))
    }

    /// A block device.
    pub fn block(path: impl Into<String>) -> Self {
        Self::Block(Some(BlockSource::default().dev(path)))
    }

    /// A drive without a medium.
    pub fn empty() -> Self {
        Self::File(None)
    }

    /// A volume of a storage pool.
    pub fn volume(pool: impl Into<String>, volume: impl Into<String>) -> Self {
        Self::Volume(Some(VolumeSource::default().pool(pool).volume(volume)))
    }

    /// The path of a file, block device or directory.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File(Some(source)) => source.file.as_deref(),
            Self::Block(Some(source)) => source.dev.as_deref(),
            Self::Dir(Some(source)) => source.dir.as_deref(),
            _ => None,
        }
    }
}

values! {
    /// What happens if a medium is missing at the start.
    pub enum StartupPolicy { Mandatory = "mandatory", Requisite = "requisite", Optional = "optional" }
}

model! {
    /// What every `<source>` of a disk can have.
    #[derive(Default)]
    pub group SourceCommon {
        /// Number libvirt gives it while the guest runs.
        index: Option<u32> = attr("index"),
        /// Parts of the file that count; kept as they are.
        slices: Vec<Element> = raws("slices"),
        /// Encryption; kept as it is.
        encryption: Vec<Element> = raws("encryption"),
        /// Reservations; kept as they are.
        reservations: Vec<Element> = raws("reservations"),
        /// Labels; kept as they are.
        seclabels: Vec<Element> = raws("seclabel"),
    }
}

model! {
    /// `<source file='/images/web01.qcow2'/>`
    #[derive(Default)]
    pub element FileSource {
        /// Path.
        file: Option<String> = attr("file"),
        /// Group of file descriptors handed over.
        fdgroup: Option<String> = attr("fdgroup"),
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// What every source can have.
        common: SourceCommon = group(),
    }
}

model! {
    /// `<source dev='/dev/vg0/web01'/>`
    #[derive(Default)]
    pub element BlockSource {
        /// Path.
        dev: Option<String> = attr("dev"),
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// What every source can have.
        common: SourceCommon = group(),
    }
}

model! {
    /// `<source dir='/var/share'/>`
    #[derive(Default)]
    pub element DirSource {
        /// Path.
        dir: Option<String> = attr("dir"),
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// What every source can have.
        common: SourceCommon = group(),
    }
}

model! {
    /// `<source protocol='rbd' name='pool/image'>`
    pub element NetworkDiskSource {
        /// Protocol.
        protocol: DiskProtocol = attr("protocol"),
        /// Export, path or image.
        name: Option<String> = attr("name"),
        /// Query of a URL.
        query: Option<String> = attr("query"),
        /// Encrypted transport.
        tls: Option<bool> = attr("tls"),
        /// Name in the server's certificate.
        tls_hostname: Option<String> = attr("tlsHostname"),
        /// Servers.
        hosts: Vec<DiskHost> = list("host"),
        /// Snapshot of an RBD image.
        snapshot: Option<String> = sub("snapshot", "name"),
        /// Configuration file (RBD).
        config: Option<String> = sub("config", "file"),
        /// Credentials.
        auth: Option<DiskAuth> = child("auth"),
        /// Initiator (iSCSI); kept as it is.
        initiator: Vec<Element> = raws("initiator"),
        /// Cookies, certificate checks and time-outs; kept as they are.
        cookies: Vec<Element> = raws("cookies"),
        /// Certificate check.
        ssl_verify: Option<bool> = sub("ssl", "verify"),
        /// Bytes read ahead.
        readahead: Option<u64> = sub("readahead", "size"),
        /// Seconds to wait.
        timeout: Option<u64> = sub("timeout", "seconds"),
        /// What every source can have.
        common: SourceCommon = group(),
    }
}

impl NetworkDiskSource {
    /// A network disk without a server.
    pub fn new(protocol: DiskProtocol, name: impl Into<String>) -> Self {
        Self {
            protocol,
            name: Some(name.into()),
            query: None,
            tls: None,
            tls_hostname: None,
            hosts: Vec::new(),
            snapshot: None,
            config: None,
            auth: None,
            initiator: Vec::new(),
            cookies: Vec::new(),
            ssl_verify: None,
            readahead: None,
            timeout: None,
            common: SourceCommon::default(),
            other: Default::default(),
        }
    }
}

values! {
    /// Protocol of a network disk.
    pub enum DiskProtocol {
        Nbd = "nbd", Rbd = "rbd", Iscsi = "iscsi", Gluster = "gluster", Sheepdog = "sheepdog", Http = "http",
        Https = "https", Ftp = "ftp", Ftps = "ftps", Tftp = "tftp", Ssh = "ssh", Nfs = "nfs", Vxhs = "vxhs",
    }
}

model! {
    /// `<host name='ceph1' port='6789'/>`
    #[derive(Default)]
    pub element DiskHost {
        /// `tcp`, `unix` or `rdma`.
        transport: Option<String> = attr("transport"),
        /// Name or address.
        name: Option<String> = attr("name"),
        /// Port.
        port: Option<u16> = attr("port"),
        /// Socket, with `unix`.
        socket: Option<String> = attr("socket"),
    }
}

model! {
    /// `<auth username='libvirt'>`
    #[derive(Default)]
    pub element DiskAuth {
        /// Kind, in old files.
        kind: Option<String> = attr("type"),
        /// User.
        username: Option<String> = attr("username"),
        /// Password.
        secret: Option<Secret> = child("secret"),
    }
}

model! {
    /// `<source pool='default' volume='web01.qcow2'/>`
    #[derive(Default)]
    pub element VolumeSource {
        /// Pool.
        pool: Option<String> = attr("pool"),
        /// Volume.
        volume: Option<String> = attr("volume"),
        /// `host` or `direct` (iSCSI pools).
        mode: Option<String> = attr("mode"),
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// What every source can have.
        common: SourceCommon = group(),
    }
}

model! {
    /// `<source type='pci' managed='yes' namespace='1'>`
    #[derive(Default)]
    pub element NvmeSource {
        /// Always `pci`.
        kind: Option<String> = attr("type"),
        /// libvirt takes the device from the host itself.
        managed: Option<bool> = attr("managed"),
        /// Namespace, from 1.
        namespace: Option<u32> = attr("namespace"),
        /// Place in the host.
        address: Option<HostPciAddress> = child("address"),
        /// What happens if it is missing.
        startup_policy: Option<StartupPolicy> = attr("startupPolicy"),
        /// What every source can have.
        common: SourceCommon = group(),
    }
}

model! {
    /// `<address>` of a PCI device of the host.
    #[derive(Default)]
    pub element HostPciAddress {
        /// Place.
        pci: PciAddress = group(),
    }
}

impl From<PciAddress> for HostPciAddress {
    fn from(pci: PciAddress) -> Self {
        let other = Default::default();
        Self { pci, other }
    }
}

model! {
    /// `<source type='unix' path='/run/vhost-blk.sock'>`
    #[derive(Default)]
    pub element VhostUserDiskSource {
        /// Always `unix`.
        kind: Option<String> = attr("type"),
        /// Socket.
        path: Option<String> = attr("path"),
        /// Connection lost; kept as it is.
        reconnect: Vec<Element> = raws("reconnect"),
    }
}

model! {
    /// `<driver name='qemu' type='qcow2' cache='none' discard='unmap'/>`
    #[derive(Default)]
    pub element DiskDriver {
        /// Driver of the hypervisor: `qemu` on KVM.
        name: Option<String> = attr("name"),
        /// Image format.
        format: Option<DiskFormat> = attr("type"),
        /// Cache of the host.
        cache: Option<CacheMode> = attr("cache"),
        /// What happens on a write error.
        error_policy: Option<ErrorPolicy> = attr("error_policy"),
        /// What happens on a read error.
        rerror_policy: Option<ErrorPolicy> = attr("rerror_policy"),
        /// How I/O is done.
        io: Option<IoMode> = attr("io"),
        /// I/O events in a thread of their own.
        ioeventfd: Option<bool> = on_off("ioeventfd"),
        /// Fewer interrupts.
        event_idx: Option<bool> = on_off("event_idx"),
        /// Copy from the backing file when reading.
        copy_on_read: Option<bool> = on_off("copy_on_read"),
        /// What becomes of the guest's discards.
        discard: Option<Discard> = attr("discard"),
        /// I/O thread, by its number.
        iothread: Option<u32> = attr("iothread"),
        /// What becomes of zeros.
        detect_zeroes: Option<DetectZeroes> = attr("detect_zeroes"),
        /// Number of queues.
        queues: Option<u32> = attr("queues"),
        /// Entries of a queue.
        queue_size: Option<u32> = attr("queue_size"),
        /// Options of virtio.
        virtio: VirtioOptions = group(),
        /// Cache of qcow2's tables.
        metadata_cache: Option<MetadataCache> = child("metadata_cache"),
    }
}

values! {
    /// Image format.
    pub enum DiskFormat {
        Raw = "raw", Qcow2 = "qcow2", Qcow = "qcow", Qed = "qed", Vmdk = "vmdk", Vdi = "vdi", Vpc = "vpc",
        Vhd = "vhd", Vhdx = "vhdx", Iso = "iso", Dir = "dir", Luks = "luks", Fat = "fat", Bochs = "bochs",
    }
}

values! {
    /// Cache of the host.
    pub enum CacheMode {
        Default = "default", None = "none", Writethrough = "writethrough", Writeback = "writeback",
        Directsync = "directsync", Unsafe = "unsafe",
    }
}

values! {
    /// What happens on an I/O error.
    pub enum ErrorPolicy { Stop = "stop", Report = "report", Ignore = "ignore", Enospace = "enospace" }
}

values! {
    /// How I/O is done.
    pub enum IoMode {
        Threads = "threads",
        /// Linux AIO; needs `cache='none'` or `directsync`.
        Native = "native",
        IoUring = "io_uring",
    }
}

values! {
    /// What becomes of the guest's discards.
    pub enum Discard { Unmap = "unmap", Ignore = "ignore" }
}

values! {
    /// What becomes of zeros the guest writes.
    pub enum DetectZeroes { Off = "off", On = "on", Unmap = "unmap" }
}

model! {
    /// `<metadata_cache>`
    #[derive(Default)]
    pub element MetadataCache {
        /// Most memory.
        max_size: Option<Memory> = child("max_size"),
    }
}

model! {
    /// `<target dev='vda' bus='virtio'/>`
    pub element DiskTarget {
        /// Name; it decides the order and need not be what the guest calls the disk.
        dev: String = attr("dev"),
        /// Bus; guessed from the name if absent.
        bus: Option<DiskBus> = attr("bus"),
        /// Whether a drive is open.
        tray: Option<Tray> = attr("tray"),
        /// Shown as removable (USB, SCSI).
        removable: Option<bool> = on_off("removable"),
        /// Rotations a minute; 1 for a solid-state disk.
        rotation_rate: Option<u32> = attr("rotation_rate"),
    }
}

impl DiskTarget {
    /// A name on a bus.
    pub fn new(dev: impl Into<String>, bus: DiskBus) -> Self {
        Self {
            dev: dev.into(),
            bus: Some(bus),
            tray: None,
            removable: None,
            rotation_rate: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Bus of a disk.
    pub enum DiskBus {
        Virtio = "virtio", Scsi = "scsi", Sata = "sata", Ide = "ide", Usb = "usb", Fdc = "fdc", Xen = "xen",
        Sd = "sd",
        /// Needs a libvirt newer than 9.0.
        Nvme = "nvme",
        Uml = "uml",
    }
}

impl DiskBus {
    /// How names of disks on this bus begin: `vd`, `hd`, `fd`, `xvd`, `ubd`, or `sd`.
    pub fn target_prefix(&self) -> &'static str {
        match self {
            Self::Virtio => "vd",
            Self::Ide => "hd",
            Self::Fdc => "fd",
            Self::Xen => "xvd",
            Self::Uml => "ubd",
            _ => "sd",
        }
    }

    /// Name of disk number `index` on this bus, from 0.
    pub fn target_name(&self, index: u32) -> TargetName {
        TargetName::new(self.target_prefix(), index)
    }
}

values! {
    /// Whether a drive is open.
    pub enum Tray { Open = "open", Closed = "closed" }
}

model! {
    /// `<transient shareBacking='yes'/>`
    #[derive(Default)]
    pub element Transient {
        /// Several guests share the image below.
        share_backing: Option<bool> = attr("shareBacking"),
    }
}

model! {
    /// `<iotune>`: limits of a disk; `total` excludes `read` and `write` of the same kind.
    #[derive(Default)]
    pub element IoTune {
        /// Bytes a second.
        total_bytes_sec: Option<u64> = text("total_bytes_sec"),
        /// Bytes read a second.
        read_bytes_sec: Option<u64> = text("read_bytes_sec"),
        /// Bytes written a second.
        write_bytes_sec: Option<u64> = text("write_bytes_sec"),
        /// Operations a second.
        total_iops_sec: Option<u64> = text("total_iops_sec"),
        /// Reads a second.
        read_iops_sec: Option<u64> = text("read_iops_sec"),
        /// Writes a second.
        write_iops_sec: Option<u64> = text("write_iops_sec"),
        /// Bytes a second in a burst.
        total_bytes_sec_max: Option<u64> = text("total_bytes_sec_max"),
        /// Bytes read a second in a burst.
        read_bytes_sec_max: Option<u64> = text("read_bytes_sec_max"),
        /// Bytes written a second in a burst.
        write_bytes_sec_max: Option<u64> = text("write_bytes_sec_max"),
        /// Operations a second in a burst.
        total_iops_sec_max: Option<u64> = text("total_iops_sec_max"),
        /// Reads a second in a burst.
        read_iops_sec_max: Option<u64> = text("read_iops_sec_max"),
        /// Writes a second in a burst.
        write_iops_sec_max: Option<u64> = text("write_iops_sec_max"),
        /// Bytes that count as one operation.
        size_iops_sec: Option<u64> = text("size_iops_sec"),
        /// Disks of one name share the limits.
        group_name: Option<String> = text("group_name"),
        /// Seconds of a burst.
        total_bytes_sec_max_length: Option<u64> = text("total_bytes_sec_max_length"),
        /// Seconds of a burst of reads.
        read_bytes_sec_max_length: Option<u64> = text("read_bytes_sec_max_length"),
        /// Seconds of a burst of writes.
        write_bytes_sec_max_length: Option<u64> = text("write_bytes_sec_max_length"),
        /// Seconds of a burst of operations.
        total_iops_sec_max_length: Option<u64> = text("total_iops_sec_max_length"),
        /// Seconds of a burst of read operations.
        read_iops_sec_max_length: Option<u64> = text("read_iops_sec_max_length"),
        /// Seconds of a burst of write operations.
        write_iops_sec_max_length: Option<u64> = text("write_iops_sec_max_length"),
    }
}

model! {
    /// `<blockio logical_block_size='512' physical_block_size='4096'/>`
    #[derive(Default)]
    pub element BlockIo {
        /// Bytes of a sector.
        logical_block_size: Option<u32> = attr("logical_block_size"),
        /// Bytes of a sector of the medium.
        physical_block_size: Option<u32> = attr("physical_block_size"),
        /// Bytes the guest's discards are multiples of.
        discard_granularity: Option<u32> = attr("discard_granularity"),
    }
}

model! {
    /// `<geometry cyls='16383' heads='16' secs='63' trans='lba'/>`
    #[derive(Default)]
    pub element Geometry {
        /// Cylinders.
        cyls: Option<u32> = attr("cyls"),
        /// Heads.
        heads: Option<u32> = attr("heads"),
        /// Sectors.
        secs: Option<u32> = attr("secs"),
        /// Translation: `none`, `lba`, `auto`.
        trans: Option<String> = attr("trans"),
    }
}
