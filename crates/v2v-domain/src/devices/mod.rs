//! `<devices>`

pub(crate) mod address;
pub(crate) mod chardev;
pub(crate) mod controller;
pub(crate) mod disk;
pub(crate) mod display;
pub(crate) mod filesystem;
pub(crate) mod hostdev;
pub(crate) mod interface;
pub(crate) mod misc;

pub use address::*;
pub use chardev::*;
pub use controller::*;
pub use disk::*;
pub use display::*;
pub use filesystem::*;
pub use hostdev::*;
pub use interface::*;
pub use misc::*;

use crate::element::Element;
use crate::macros::model;

model! {
    /// `<devices>`, by kind. The order within a kind is kept; kinds are written in libvirt's order.
    #[derive(Default)]
    pub element Devices {
        /// Program of the hypervisor.
        emulator: Option<String> = text("emulator"),
        /// Disks, CD-ROM drives, floppy drives.
        disks: Vec<Disk> = list("disk"),
        /// Controllers.
        controllers: Vec<Controller> = list("controller"),
        /// Leases; kept as they are.
        leases: Vec<Element> = raws("lease"),
        /// Directories of the host.
        filesystems: Vec<Filesystem> = list("filesystem"),
        /// Network cards.
        interfaces: Vec<Interface> = list("interface"),
        /// Smart cards.
        smartcards: Vec<Smartcard> = list("smartcard"),
        /// Serial ports.
        serials: Vec<CharDevice> = list("serial"),
        /// Parallel ports.
        parallels: Vec<CharDevice> = list("parallel"),
        /// Consoles; the first one repeats the first serial port of a PC.
        consoles: Vec<CharDevice> = list("console"),
        /// Lines between guest and host.
        channels: Vec<Channel> = list("channel"),
        /// Tablets, mice, keyboards.
        inputs: Vec<Input> = list("input"),
        /// Trusted platform modules.
        tpms: Vec<Tpm> = list("tpm"),
        /// Views of the screen.
        graphics: Vec<Graphics> = list("graphics"),
        /// Sound cards.
        sounds: Vec<Sound> = list("sound"),
        /// Where sound goes.
        audios: Vec<Audio> = list("audio"),
        /// Graphics cards.
        videos: Vec<Video> = list("video"),
        /// Devices of the host.
        hostdevs: Vec<Hostdev> = list("hostdev"),
        /// Devices of the viewer.
        redirdevs: Vec<RedirectedDevice> = list("redirdev"),
        /// Which devices of the viewer; kept as they are.
        redirfilters: Vec<Element> = raws("redirfilter"),
        /// USB hubs.
        hubs: Vec<Hub> = list("hub"),
        /// Watchdogs.
        watchdogs: Vec<Watchdog> = list("watchdog"),
        /// The balloon; libvirt adds a virtio one if absent.
        memballoon: Option<MemBalloon> = child("memballoon"),
        /// Random numbers.
        rngs: Vec<Rng> = list("rng"),
        /// NVRAM (pSeries); kept as it is.
        nvram: Vec<Element> = raws("nvram"),
        /// Panic devices.
        panics: Vec<Panic> = list("panic"),
        /// Shared memory.
        shmems: Vec<Shmem> = list("shmem"),
        /// Memory modules.
        memories: Vec<MemoryDevice> = list("memory"),
        /// Crypto devices; kept as they are.
        cryptos: Vec<Element> = raws("crypto"),
        /// IOMMU.
        iommu: Option<Iommu> = child("iommu"),
        /// Socket to the host.
        vsock: Option<Vsock> = child("vsock"),
    }
}
