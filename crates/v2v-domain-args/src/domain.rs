//! What the domain is to look like, whatever it is made from: options that every program has that writes XML.

use std::fs::File;
use std::io::Read as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use v2v_cli::{parse_size, usage};
use v2v_target::Policy;
use v2v_target::network::{MAX_BYTES, MapError, NetworkMap};
use v2v_target::policy::{
    Cache, CpuChoice, DiskBus, DiskFormat, DiskPlace, Firmware, HugePages, IoMode, IoTune,
    LibvirtVersion, Machine, MemTune, ParseChoiceError, ParseTuningError, PathRule, PciAddress,
    Profile, SoundModel, UuidOrder, VideoModel,
};

/// The options of several letters that virt-v2v spells with one dash, and their names here.
pub const ONE_DASH: &[(&str, &str)] = &[("on", "on"), ("of", "of"), ("os", "os")];

/// Choices that the source does not make.
#[derive(Debug, clap::Args)]
pub struct DomainArgs {
    /// Name of the domain; without it the source's. The same as -on [as in virt-v2v]
    #[arg(long = "on", value_name = "NAME", help_heading = NAMES)]
    name: Option<String>,

    /// Connect what was on IN, or everything else, to bridge OUT; repeatable [as in virt-v2v]
    #[arg(short, long, value_name = "[IN:]OUT", help_heading = NETWORKS)]
    bridge: Vec<String>,

    /// Connect what was on IN, or everything else, to libvirt network OUT; repeatable [as in virt-v2v]
    #[arg(short, long, value_name = "[IN:]OUT", help_heading = NETWORKS)]
    network: Vec<String>,

    /// Connect one card, whatever -b and -n say: MAC:bridge:OUT or MAC:network:OUT; MAC:ip:ADDR[,GW[,LEN[,NS...]]] is
    /// reported; repeatable [as in virt-v2v]
    #[arg(long, value_name = "MAC:...", help_heading = NETWORKS)]
    mac: Vec<String>,

    /// Read what becomes of networks from this file, TOML or XML
    #[arg(long, value_name = "FILE", help_heading = NETWORKS)]
    network_map: Option<PathBuf>,

    /// Model of the network cards, or of the one with address MAC: virtio, e1000, e1000e, vmxnet3, rtl8139, pcnet;
    /// repeatable
    #[arg(long, value_name = "[MAC=]MODEL", help_heading = NETWORKS)]
    nic_model: Vec<String>,

    /// Format of the images: what vmdk2qcow2 -O was or will be told. The same as -of [as in virt-v2v]
    #[arg(long, visible_alias = "of", value_name = "FORMAT", value_parser = one_of::<DiskFormat>(&["qcow2", "raw"]),
          default_value = "qcow2", help_heading = DISKS)]
    disk_format: DiskFormat,

    /// Directory of the images on the new host; without it that of FILE. The same as -os [as in virt-v2v]
    #[arg(long, visible_alias = "os", value_name = "DIR", help_heading = DISKS)]
    disk_dir: Option<PathBuf>,

    /// Name the source's own disks, which QEMU then reads itself: for a look, not for work
    #[arg(long, conflicts_with_all = ["disk_dir", "disk_format"], help_heading = DISKS)]
    keep_paths: bool,

    /// Path NEW for the disk, or for everything below the directory, that the source calls OLD; the first that fits
    /// counts
    #[arg(long, value_name = "OLD=NEW", help_heading = DISKS)]
    disk_map: Vec<PathRule>,

    /// Bus of the disks, or of the one at SLOT (scsi0:0): virtio, scsi, sata, ide, usb, nvme, pvscsi, lsisas1068;
    /// repeatable
    #[arg(long, value_name = "[SLOT=]BUS", help_heading = DISKS)]
    disk_bus: Vec<String>,

    /// virtio for all disks: --disk-bus virtio or scsi [as in virt-v2v, there for Windows]
    #[arg(long, value_name = "DRIVER", value_parser = ["virtio-blk", "virtio-scsi"], help_heading = DISKS)]
    block_driver: Option<String>,

    /// How devices are chosen where no option says it: auto (virtio where the guest is known to drive it, else what it
    /// drives), virtio, source (VMware's models where QEMU has them), legacy (pc, IDE, e1000 or rtl8139, Cirrus)
    #[arg(long, value_parser = one_of::<Profile>(Profile::NAMES), hide_possible_values = true, default_value = "auto",
          help_heading = DEVICES)]
    profile: Profile,

    /// Machine type; without it by the guest's age and the firmware
    #[arg(long, value_parser = one_of::<Machine>(Machine::NAMES), help_heading = DEVICES)]
    machine: Option<Machine>,

    /// Firmware; without it the source's
    #[arg(long, value_parser = one_of::<Firmware>(Firmware::NAMES), help_heading = DEVICES)]
    firmware: Option<Firmware>,

    /// Secure Boot; without it the source's
    #[arg(long, value_name = "SWITCH", value_parser = PossibleValuesParser::new(["on", "off"]).map(|text| text == "on"),
          help_heading = DEVICES)]
    secure_boot: Option<bool>,

    /// CPU: host-model, host-passthrough, maximum, or a model by its libvirt name
    #[arg(long, value_name = "MODEL", default_value = "host-model", help_heading = DEVICES)]
    cpu: CpuChoice,

    /// Path of the emulator; without it libvirt's choice
    #[arg(long, value_name = "PATH", help_heading = DEVICES)]
    emulator: Option<String>,

    /// Video card
    #[arg(long, value_parser = one_of::<VideoModel>(VideoModel::NAMES).map(VideoChoice::Model), help_heading = DEVICES)]
    video: Option<VideoChoice>,

    /// Sound card; without it the source's
    #[arg(long, value_parser = one_of::<SoundModel>(SoundModel::NAMES), help_heading = DEVICES)]
    sound: Option<SoundModel>,

    /// Pass a PCI device of the new host for one of the source: pciPassthru0=0000:03:00.0; repeatable
    #[arg(long, value_name = "SLOT=ADDRESS", value_parser = parse_hostdev, help_heading = DEVICES)]
    hostdev: Vec<(String, PciAddress)>,

    /// Carry the pinning to CPUs: the new host's are numbered like the old one's
    #[arg(long, help_heading = CARRIED)]
    keep_affinity: bool,

    /// Carry the limit of the host's memory as a soft limit
    #[arg(long, help_heading = CARRIED)]
    keep_limits: bool,

    /// Carry the serial number that VMware shows in SMBIOS
    #[arg(long, help_heading = CARRIED)]
    keep_smbios: bool,

    /// Carry the password of the VNC display, in clear text
    #[arg(long, help_heading = CARRIED)]
    keep_vnc_password: bool,

    /// Byte order of the UUID: as the guest showed it on VMware, as in the file, or with the first three groups swapped
    #[arg(long, value_name = "ORDER", value_parser = one_of::<UuidOrder>(&["guest", "file", "swapped"]),
          default_value = "guest", help_heading = CARRIED)]
    uuid_order: UuidOrder,

    /// Clock rate of the old host, which turns CPU limits in MHz into quotas
    #[arg(long, value_name = "N", help_heading = CARRIED)]
    host_mhz: Option<NonZeroU32>,

    /// Memory, whatever the source says: 4G
    #[arg(long, value_name = "SIZE", value_parser = parse_memory, help_heading = TUNING)]
    memory: Option<u64>,

    /// Upper limit of memory for hot-add
    #[arg(long, value_name = "SIZE", value_parser = parse_memory, help_heading = TUNING)]
    memory_max: Option<u64>,

    /// Upper limit of virtual CPUs for hot-add
    #[arg(long, value_name = "N", help_heading = TUNING)]
    vcpu_max: Option<NonZeroU32>,

    /// Memory from huge pages, of the host's default size or of SIZE
    #[arg(long, value_name = "SIZE", num_args = 0..=1, require_equals = true, value_parser = parse_memory,
          help_heading = TUNING)]
    hugepages: Option<Option<u64>>,

    /// Limits of the host's memory: hard_limit=, soft_limit=, swap_hard_limit=
    #[arg(long, value_name = "K=SIZE,...", help_heading = TUNING)]
    memtune: Vec<String>,

    /// Weight of block I/O, 10 to 1000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(10..=1000), help_heading = TUNING)]
    blkio_weight: Option<u16>,

    /// Limits of block I/O for all disks, or for the one at SLOT: {total,read,write}_{bytes,iops}_sec= and
    /// the same with _max; repeatable
    #[arg(long, value_name = "[SLOT:]K=N,...", help_heading = TUNING)]
    iotune: Vec<String>,

    /// Cache mode of the disks
    #[arg(long, value_name = "MODE", help_heading = TUNING,
          value_parser = one_of::<Cache>(&["none", "writethrough", "writeback", "directsync", "unsafe"]))]
    cache: Option<Cache>,

    /// How QEMU reads and writes; native needs --cache none or directsync
    #[arg(long, value_name = "MODE", value_parser = one_of::<IoMode>(&["threads", "native", "io_uring"]),
          help_heading = TUNING)]
    io: Option<IoMode>,

    /// Number of I/O threads; virtio disks are spread over them
    #[arg(long, value_name = "N", help_heading = TUNING)]
    iothreads: Option<NonZeroU32>,

    /// Oldest libvirt that has to take the result [default: 9.0]
    #[arg(long, value_name = "VERSION", help_heading = TUNING)]
    target_libvirt: Option<LibvirtVersion>,
}

/// `--video`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VideoChoice {
    Model(VideoModel),
    /// That of the source; only Xen's are among those that KVM has.
    Keep,
}

const NAMES: &str = "Name";
const NETWORKS: &str = "Networks";
pub(crate) const DISKS: &str = "Disks";
pub(crate) const DEVICES: &str = "Devices";
const CARRIED: &str = "What is carried from the old host";
const TUNING: &str = "Resources";

impl DomainArgs {
    /// Puts what was asked for into `policy`.
    ///
    /// # Errors
    ///
    /// Wrong usage for a value that is none or that can't be together with another; I/O for the network map.
    pub fn apply(&self, policy: &mut Policy) -> anyhow::Result<()> {
        policy.name.clone_from(&self.name);
        self.apply_networks(policy)?;
        self.apply_disks(policy)?;
        self.apply_devices(policy);
        self.apply_carried(policy);
        self.apply_resources(policy)?;
        policy.check().map_err(|error| usage(error.to_string()))
    }

    /// Whether an option says where the images lie.
    pub fn names_disk_place(&self) -> bool {
        self.keep_paths || self.disk_dir.is_some()
    }

    /// Whether an option names the domain.
    pub fn names_domain(&self) -> bool {
        self.name.is_some()
    }

    fn apply_networks(&self, policy: &mut Policy) -> anyhow::Result<()> {
        if let Some(file) = &self.network_map {
            policy.networks = read_network_map(file)?;
        }
        let map = &mut policy.networks;
        for bridge in &self.bridge {
            map.add_bridge(bridge).map_err(wrong_network)?;
        }
        for network in &self.network {
            map.add_network(network).map_err(wrong_network)?;
        }
        for mac in &self.mac {
            map.add_mac(mac).map_err(wrong_network)?;
        }
        for choice in &self.nic_model {
            policy.nic_model.add(choice).map_err(wrong("--nic-model"))?;
        }
        Ok(())
    }

    fn apply_disks(&self, policy: &mut Policy) -> anyhow::Result<()> {
        policy.disks.format = self.disk_format;
        policy.disks.map.clone_from(&self.disk_map);
        if let Some(dir) = &self.disk_dir {
            policy.disks.place = DiskPlace::Directory(absolute(dir)?);
        }
        if self.keep_paths {
            policy.disks.place = DiskPlace::Source;
        }
        policy.disk_bus.all = self.block_driver.as_deref().map(|driver| match driver {
            "virtio-scsi" => DiskBus::Scsi,
            _ => DiskBus::Virtio,
        });
        for choice in &self.disk_bus {
            policy.disk_bus.add(choice).map_err(wrong("--disk-bus"))?;
        }
        Ok(())
    }

    fn apply_devices(&self, policy: &mut Policy) {
        policy.profile = self.profile;
        policy.machine = self.machine;
        policy.firmware = self.firmware;
        policy.secure_boot = self.secure_boot;
        policy.cpu.clone_from(&self.cpu);
        policy.emulator.clone_from(&self.emulator);
        match self.video {
            Some(VideoChoice::Model(model)) => policy.video = Some(model),
            Some(VideoChoice::Keep) => policy.xen.keep_video = true,
            None => {}
        }
        policy.sound = self.sound;
        policy.passthrough.clone_from(&self.hostdev);
        if let Some(version) = self.target_libvirt {
            policy.libvirt = version;
        }
    }

    fn apply_carried(&self, policy: &mut Policy) {
        policy.keep.affinity = self.keep_affinity;
        policy.keep.limits = self.keep_limits;
        policy.keep.smbios = self.keep_smbios;
        policy.keep.vnc_password = self.keep_vnc_password;
        policy.uuid_order = self.uuid_order;
        policy.host_mhz = self.host_mhz.map(NonZeroU32::get);
    }

    fn apply_resources(&self, policy: &mut Policy) -> anyhow::Result<()> {
        policy.memory = self.memory;
        policy.memory_max = self.memory_max;
        policy.vcpu_max = self.vcpu_max.map(NonZeroU32::get);
        let tuning = &mut policy.tuning;
        tuning.huge_pages = self
            .hugepages
            .map(|size| size.map_or(HugePages::Default, HugePages::Size));
        let mut memtune = MemTune::default();
        for list in &self.memtune {
            set_limits(list, |name, value| memtune.set(name, value)).map_err(wrong("--memtune"))?;
        }
        tuning.memtune = memtune;
        tuning.blkio_weight = self.blkio_weight;
        for list in &self.iotune {
            let (slot, limits) = iotune(list).map_err(wrong("--iotune"))?;
            match slot {
                Some(slot) => tuning.iotune_of.push((slot, limits)),
                None => tuning.iotune = limits,
            }
        }
        tuning.cache = self.cache;
        tuning.io = self.io;
        tuning.io_threads = self.iothreads.map(NonZeroU32::get);
        Ok(())
    }
}

/// Reads a network map; not more of it than one may have.
fn read_network_map(file: &Path) -> anyhow::Result<NetworkMap> {
    let limit = u64::try_from(MAX_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut text = String::new();
    File::open(file)
        .and_then(|open| open.take(limit).read_to_string(&mut text))
        .with_context(|| format!("{}: cannot read", file.display()))?;
    NetworkMap::parse(&text).map_err(|error| usage(format!("{}: {error}", file.display())))
}

/// One of `names`, each of which parses.
pub(crate) fn one_of<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = ParseChoiceError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

/// An error that says which option it is about.
fn wrong<E: std::fmt::Display>(option: &'static str) -> impl Fn(E) -> anyhow::Error {
    move |error| usage(format!("{option}: {error}"))
}

/// An error that names its option itself.
fn wrong_network(error: MapError) -> anyhow::Error {
    usage(error.to_string())
}

/// A size above 0.
fn parse_memory(text: &str) -> Result<u64, String> {
    match parse_size(text) {
        Ok(0) => Err(format!("size {text:?} is 0, expected more")),
        Ok(size) => Ok(size),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_hostdev(text: &str) -> Result<(String, PciAddress), ParseTuningError> {
    let (slot, address) = text
        .split_once('=')
        .filter(|(slot, _)| !slot.is_empty())
        .ok_or_else(|| ParseTuningError {
            what: "device",
            found: text.to_owned(),
            expected: "SLOT=ADDRESS, such as pciPassthru0=0000:03:00.0".to_owned(),
        })?;
    Ok((slot.to_owned(), address.parse()?))
}

/// Reads `name=size,name=size`.
fn set_limits(
    list: &str,
    mut set: impl FnMut(&str, u64) -> Result<(), ParseTuningError>,
) -> anyhow::Result<()> {
    for entry in list.split(',') {
        let (name, value) = entry
            .split_once('=')
            .with_context(|| format!("{entry:?} is no limit, expected NAME=VALUE"))?;
        set(name.trim(), parse_size(value.trim())?)?;
    }
    Ok(())
}

/// Reads `[SLOT:]name=value,...`; a slot has a colon itself.
fn iotune(text: &str) -> anyhow::Result<(Option<String>, IoTune)> {
    let end = text.find('=').unwrap_or(text.len());
    let slot_end = text.get(..end).and_then(|start| start.rfind(':'));
    let (slot, list) = match slot_end.and_then(|at| text.split_at_checked(at)) {
        Some((slot, list)) => (
            Some(slot.to_ascii_lowercase()),
            list.trim_start_matches(':'),
        ),
        None => (None, text),
    };
    let mut limits = IoTune::default();
    set_limits(list, |name, value| limits.set(name, value))?;
    match limits.conflict() {
        Some((total, part)) => anyhow::bail!("{total} can't be combined with {part}"),
        None => Ok((slot, limits)),
    }
}

/// `path` from the root, as the XML needs it.
///
/// # Errors
///
/// Wrong usage for a name that is not UTF-8, I/O if there is no current directory.
pub fn absolute(path: &Path) -> anyhow::Result<String> {
    let absolute = std::path::absolute(path)
        .with_context(|| format!("{}: cannot make it absolute", path.display()))?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|name| usage(format!("{name:?} is not UTF-8, which XML can't hold")))
}
