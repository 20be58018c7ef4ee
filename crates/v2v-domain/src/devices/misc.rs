//! Small devices: input, TPM, watchdog, random numbers, balloon, panic and the rest.

use super::address::{Address, Boot, DeviceAcpi, VirtioDriver};
use super::chardev::{CharBackend, CharTarget};
use super::disk::VirtioModel;
use crate::element::Element;
use crate::macros::{model, tagged, values};
use crate::resources::{Memory, MemoryAccess};
use crate::scalar::Uuid;

model! {
    /// `<input type='tablet' bus='usb'/>`
    pub element Input {
        /// Kind.
        kind: InputType = attr("type"),
        /// Bus.
        bus: Option<InputBus> = attr("bus"),
        /// Variant of the virtio device.
        model: Option<VirtioModel> = attr("model"),
        /// Options of virtio.
        driver: Option<VirtioDriver> = child("driver"),
        /// Device of the host.
        source: Option<InputSource> = child("source"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Input {
    /// A device on a bus.
    pub fn new(kind: InputType, bus: InputBus) -> Self {
        Self {
            kind,
            bus: Some(bus),
            model: None,
            driver: None,
            source: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Kinds of input.
    pub enum InputType {
        Tablet = "tablet", Mouse = "mouse", Keyboard = "keyboard", Passthrough = "passthrough", Evdev = "evdev",
    }
}

values! {
    /// Bus of an input device.
    pub enum InputBus { Ps2 = "ps2", Usb = "usb", Virtio = "virtio", Xen = "xen" }
}

model! {
    /// `<source evdev='/dev/input/event1'/>`
    #[derive(Default)]
    pub element InputSource {
        /// Device (`passthrough`).
        evdev: Option<String> = attr("evdev"),
        /// Device (`evdev`).
        dev: Option<String> = attr("dev"),
        /// What is grabbed.
        grab: Option<String> = attr("grab"),
        /// Keys that toggle the grab.
        grab_toggle: Option<String> = attr("grabToggle"),
        /// Repetition of keys.
        repeat: Option<bool> = on_off("repeat"),
    }
}

model! {
    /// `<hub type='usb'/>`
    pub element Hub {
        /// Always `usb`.
        kind: String = attr("type"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Hub {
    /// A USB hub.
    pub fn usb() -> Self {
        let (kind, alias, address, other) = ("usb".to_owned(), None, None, Default::default());
        Self {
            kind,
            alias,
            address,
            other,
        }
    }
}

model! {
    /// `<redirdev bus='usb' type='spicevmc'/>`: a device of the viewer.
    pub element RedirectedDevice {
        /// Always `usb`.
        bus: Option<String> = attr("bus"),
        /// What is behind it.
        backend: CharBackend = tagged(1, "type"),
        /// Boot order.
        boot: Option<Boot> = child("boot"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl RedirectedDevice {
    /// A USB device.
    pub fn usb(backend: CharBackend) -> Self {
        Self {
            backend,
            bus: Some("usb".to_owned()),
            boot: None,
            alias: None,
            address: None,
            other: Default::default(),
        }
    }
}

model! {
    /// `<smartcard>`
    pub element Smartcard {
        /// Where the card is.
        mode: SmartcardMode = tagged(0, "mode"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

tagged! {
    /// Where a smart card is.
    pub enum SmartcardMode absent "" {
        Host = "host",
        HostCertificates(SmartcardCertificates) = "host-certificates" in group(),
        Passthrough(SmartcardPassthrough) = "passthrough" in group(),
    }
}

model! {
    /// Three certificates and their database.
    #[derive(Default)]
    pub group SmartcardCertificates {
        /// Names of certificates.
        certificates: Vec<String> = texts("certificate"),
        /// Directory.
        database: Option<String> = text("database"),
    }
}

model! {
    /// A card of the viewer.
    pub group SmartcardPassthrough {
        /// What is behind it.
        backend: CharBackend = tagged(1, "type"),
        /// Place, in old files.
        target: Option<CharTarget> = child("target"),
    }
}

model! {
    /// `<tpm model='tpm-crb'>`
    #[derive(Default)]
    pub element Tpm {
        /// Interface.
        model: Option<TpmModel> = attr("model"),
        /// What is behind it.
        backend: Option<TpmBackend> = child("backend"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Tpm {
    /// A software TPM of a version: `2.0` or `1.2`.
    pub fn emulator(model: TpmModel, version: impl Into<String>) -> Self {
        let emulator = TpmEmulator::default();
        let kind = TpmBackendKind::Emulator(emulator);
        let backend = TpmBackend::from(kind).version(version);
        Self::default().model(model).backend(backend)
    }
}

values! {
    /// Interfaces of a TPM.
    pub enum TpmModel {
        Tis = "tpm-tis", Crb = "tpm-crb", Spapr = "tpm-spapr", SpaprProxy = "spapr-tpm-proxy",
    }
}

model! {
    /// `<backend type='emulator' version='2.0'/>`
    pub element TpmBackend {
        /// Kind.
        kind: TpmBackendKind = tagged(0, "type"),
        /// `1.2` or `2.0`.
        version: Option<String> = attr("version"),
    }
}

impl From<TpmBackendKind> for TpmBackend {
    fn from(kind: TpmBackendKind) -> Self {
        let (version, other) = Default::default();
        Self {
            kind,
            version,
            other,
        }
    }
}

tagged! {
    /// What is behind a TPM.
    pub enum TpmBackendKind absent "" {
        /// TPM of the host.
        Passthrough(TpmPassthrough) = "passthrough" in group(),
        /// swtpm, started by libvirt.
        Emulator(TpmEmulator) = "emulator" in group(),
        /// swtpm, started by somebody else; kept as it is.
        External(Vec<Element>) = "external" in raws("source"),
    }
}

model! {
    /// TPM of the host.
    #[derive(Default)]
    pub group TpmPassthrough {
        /// Device.
        device: Option<String> = sub("device", "path"),
    }
}

model! {
    /// Software TPM.
    #[derive(Default)]
    pub group TpmEmulator {
        /// State outlives the domain.
        persistent_state: Option<bool> = attr("persistent_state"),
        /// Secret that encrypts the state.
        encryption_secret: Option<Uuid> = sub("encryption", "secret"),
        /// Banks of registers.
        active_pcr_banks: Option<PcrBanks> = child("active_pcr_banks"),
    }
}

model! {
    /// `<active_pcr_banks>`
    #[derive(Default)]
    pub element PcrBanks {
        /// SHA-1.
        sha1: bool = flag("sha1"),
        /// SHA-256.
        sha256: bool = flag("sha256"),
        /// SHA-384.
        sha384: bool = flag("sha384"),
        /// SHA-512.
        sha512: bool = flag("sha512"),
    }
}

model! {
    /// `<watchdog model='itco' action='reset'/>`
    pub element Watchdog {
        /// Device.
        model: WatchdogModel = attr("model"),
        /// What happens when it barks.
        action: Option<WatchdogAction> = attr("action"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Watchdog {
    /// A watchdog and what it does.
    pub fn new(model: WatchdogModel, action: WatchdogAction) -> Self {
        Self {
            model,
            action: Some(action),
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Watchdogs.
    pub enum WatchdogModel { I6300esb = "i6300esb", Ib700 = "ib700", Diag288 = "diag288", Itco = "itco" }
}

values! {
    /// What a watchdog does.
    pub enum WatchdogAction {
        Reset = "reset", Shutdown = "shutdown", Poweroff = "poweroff", Pause = "pause", None = "none",
        Dump = "dump", InjectNmi = "inject-nmi",
    }
}

model! {
    /// `<rng model='virtio'>`: random numbers of the host.
    pub element Rng {
        /// Variant of the virtio device.
        model: VirtioModel = attr("model"),
        /// Limit.
        rate: Option<RngRate> = child("rate"),
        /// Source.
        backend: Option<RngBackend> = child("backend"),
        /// Options of virtio.
        driver: Option<VirtioDriver> = child("driver"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Rng {
    /// Random numbers of `/dev/urandom`.
    pub fn urandom() -> Self {
        Self {
            model: VirtioModel::Virtio,
            rate: None,
            backend: Some(RngBackend::random("/dev/urandom")),
            driver: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

model! {
    /// `<rate bytes='1234' period='2000'/>`
    pub element RngRate {
        /// Bytes.
        bytes: u32 = attr("bytes"),
        /// Milliseconds; 1000 if absent.
        period: Option<u32> = attr("period"),
    }
}

impl RngRate {
    /// So many bytes in so many milliseconds.
    pub fn new(bytes: u32, period: u32) -> Self {
        let (period, other) = (Some(period), Default::default());
        Self {
            bytes,
            period,
            other,
        }
    }
}

model! {
    /// `<backend model='random'>/dev/urandom</backend>`
    pub element RngBackend {
        /// Kind.
        kind: RngBackendKind = tagged(0, "model"),
    }
}

impl RngBackend {
    /// A device of the host.
    pub fn random(path: impl Into<String>) -> Self {
        let kind = RngBackendKind::Random(Some(path.into()));
        let other = Default::default();
        Self { kind, other }
    }

    /// QEMU's own.
    pub fn builtin() -> Self {
        let (kind, other) = (RngBackendKind::Builtin, Default::default());
        Self { kind, other }
    }
}

tagged! {
    /// Sources of random numbers.
    pub enum RngBackendKind absent "" {
        /// Device of the host.
        Random(Option<String>) = "random" in content(),
        /// A daemon behind a character device.
        Egd(RngEgd) = "egd" in group(),
        Builtin = "builtin",
    }
}

model! {
    /// An entropy gathering daemon.
    pub group RngEgd {
        /// Connection.
        backend: CharBackend = tagged(1, "type"),
    }
}

model! {
    /// `<memballoon model='virtio'>`
    pub element MemBalloon {
        /// Device; `none` for no balloon.
        model: BalloonModel = attr("model"),
        /// Deflates before the guest runs out of memory.
        autodeflate: Option<bool> = on_off("autodeflate"),
        /// Guest reports free pages.
        free_page_reporting: Option<bool> = on_off("freePageReporting"),
        /// Seconds between statistics.
        stats_period: Option<u32> = sub("stats", "period"),
        /// Options of virtio.
        driver: Option<VirtioDriver> = child("driver"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl MemBalloon {
    /// A balloon of that model.
    pub fn new(model: BalloonModel) -> Self {
        Self {
            model,
            autodeflate: None,
            free_page_reporting: None,
            stats_period: None,
            driver: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Balloons.
    pub enum BalloonModel {
        Virtio = "virtio", VirtioTransitional = "virtio-transitional",
        VirtioNonTransitional = "virtio-non-transitional", Xen = "xen",
        /// No balloon.
        None = "none",
    }
}

model! {
    /// `<panic model='isa'/>`: the guest tells that it has crashed.
    #[derive(Default)]
    pub element Panic {
        /// Device.
        model: Option<PanicModel> = attr("model"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Panic {
    /// A device of that model.
    pub fn new(model: PanicModel) -> Self {
        Self::default().model(model)
    }
}

values! {
    /// Panic devices.
    pub enum PanicModel {
        Isa = "isa", Pseries = "pseries",
        /// Crash registers of Hyper-V, for Windows.
        Hyperv = "hyperv",
        S390 = "s390", Pvpanic = "pvpanic",
    }
}

model! {
    /// `<vsock model='virtio'>`
    #[derive(Default)]
    pub element Vsock {
        /// Variant of the virtio device.
        model: Option<VirtioModel> = attr("model"),
        /// Number of the guest.
        cid: Option<Cid> = child("cid"),
        /// Options of virtio.
        driver: Option<VirtioDriver> = child("driver"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

model! {
    /// `<cid auto='no' address='3'/>`
    #[derive(Default)]
    pub element Cid {
        /// libvirt chooses it.
        auto: Option<bool> = attr("auto"),
        /// Number, from 3.
        address: Option<u32> = attr("address"),
    }
}

model! {
    /// `<iommu model='intel'>`
    pub element Iommu {
        /// Device.
        model: IommuModel = attr("model"),
        /// Options.
        driver: Option<IommuDriver> = child("driver"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Iommu {
    /// An IOMMU of that model.
    pub fn new(model: IommuModel) -> Self {
        Self {
            model,
            driver: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// IOMMUs.
    pub enum IommuModel { Intel = "intel", Smmuv3 = "smmuv3", Virtio = "virtio" }
}

model! {
    /// `<driver intremap='on' caching_mode='on'/>`
    #[derive(Default)]
    pub element IommuDriver {
        /// Interrupt remapping; needs `<ioapic driver='qemu'/>`.
        intremap: Option<bool> = on_off("intremap"),
        /// For devices passed on to nested guests.
        caching_mode: Option<bool> = on_off("caching_mode"),
        /// Extended interrupt mode, for more than 255 processors.
        eim: Option<bool> = on_off("eim"),
        /// Devices cache translations.
        iotlb: Option<bool> = on_off("iotlb"),
        /// Width of addresses.
        aw_bits: Option<u32> = attr("aw_bits"),
    }
}

model! {
    /// `<shmem name='my_shmem0'>`: memory shared with other guests.
    pub element Shmem {
        /// Name.
        name: String = attr("name"),
        /// `master` or `peer`.
        role: Option<String> = attr("role"),
        /// `ivshmem-plain`, `ivshmem-doorbell`.
        model: Option<String> = sub("model", "type"),
        /// Size.
        size: Option<Memory> = child("size"),
        /// Server; kept as it is.
        server: Vec<Element> = raws("server"),
        /// Interrupts; kept as they are.
        msi: Vec<Element> = raws("msi"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

model! {
    /// `<memory model='dimm'>` among the devices: a memory module.
    pub element MemoryDevice {
        /// Kind of module.
        model: MemoryModel = attr("model"),
        /// Shared or private.
        access: Option<MemoryAccess> = attr("access"),
        /// Whether its content is lost with the guest's end.
        discard: Option<bool> = attr("discard"),
        /// UUID (`nvdimm`, pSeries).
        uuid: Option<Uuid> = text("uuid"),
        /// Where it comes from; kept as it is.
        source: Vec<Element> = raws("source"),
        /// Size and node.
        target: Option<MemoryTarget> = child("target"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl MemoryDevice {
    /// A module of that size in a NUMA node of the guest.
    pub fn new(model: MemoryModel, size: Memory, node: u32) -> Self {
        Self {
            model,
            access: None,
            discard: None,
            uuid: None,
            source: Vec::new(),
            target: Some(MemoryTarget::default().size(size).node(node)),
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Kinds of memory modules.
    pub enum MemoryModel {
        Dimm = "dimm", Nvdimm = "nvdimm", VirtioPmem = "virtio-pmem", VirtioMem = "virtio-mem",
        SgxEpc = "sgx-epc",
    }
}

model! {
    /// `<target>` of a memory module.
    #[derive(Default)]
    pub element MemoryTarget {
        /// Size.
        size: Option<Memory> = child("size"),
        /// NUMA node of the guest.
        node: Option<u32> = text("node"),
        /// Block (`virtio-mem`).
        block: Option<Memory> = child("block"),
        /// What the guest should have (`virtio-mem`).
        requested: Option<Memory> = child("requested"),
        /// What the guest has (`virtio-mem`).
        current: Option<Memory> = child("current"),
        /// The guest cannot write (`nvdimm`).
        readonly: bool = flag("readonly"),
    }
}

model! {
    /// `<seclabel type='dynamic' model='dac' relabel='yes'>`
    #[derive(Default)]
    pub element SecLabel {
        /// `dynamic`, `static` or `none`.
        kind: Option<String> = attr("type"),
        /// Security driver: `selinux`, `apparmor`, `dac`.
        model: Option<String> = attr("model"),
        /// Files are labelled.
        relabel: Option<bool> = attr("relabel"),
        /// Label of the process.
        label: Option<String> = text("label"),
        /// Label of files.
        imagelabel: Option<String> = text("imagelabel"),
        /// What labels are made from.
        baselabel: Option<String> = text("baselabel"),
    }
}

model! {
    /// `<launchSecurity type='sev'>`: encrypted memory. Only the kind is modelled, the rest is kept as it is.
    pub element LaunchSecurity {
        /// Kind.
        kind: LaunchSecurityType = attr("type"),
    }
}

impl LaunchSecurity {
    /// A kind, its values to be added to `other`.
    pub fn new(kind: LaunchSecurityType) -> Self {
        let other = Default::default();
        Self { kind, other }
    }
}

values! {
    /// Kinds of encrypted memory.
    pub enum LaunchSecurityType { Sev = "sev", SevSnp = "sev-snp", Tdx = "tdx", S390Pv = "s390-pv" }
}
