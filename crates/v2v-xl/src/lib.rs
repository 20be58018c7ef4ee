//! Xen guest configurations: xl.cfg and the older xm files, as text and as a typed view.
//!
//! [`Config`] finds the settings and says by line what it could not read; [`Guest`] says what they mean: disks in every
//! form Xen ever took, network cards, graphics, processors, firmware. Whoever converts a guest walks
//! [`Config::entries`] and can account for each of them: every value, device and problem names its [`EntryId`], and
//! [`Guest::ignored`] and [`Guest::unknown`] list the rest.
//!
//! Sources: xl.cfg(5), xl-disk-configuration(5), xl-network-configuration(5), xl-pci-configuration(5),
//! xen-vbd-interface(7), and what xl's parsers do where the manuals are silent. xm's files are Python; their literals
//! are read, code is reported and never executed.
//!
//! Where xl stops at the first odd thing, this reader reports it and goes on; it never puts anything in its place. A
//! value that can't be read is in [`Guest::problems`] and its field is `None`. Refused by name: XML, SXP, JSON, disks,
//! binaries. Not here: opening files, and what the host would have added (bridges, MAC addresses, defaults of
//! `xl.conf`).
//!
//! ```
//! use v2v_xl::{Config, Guest, GuestType, ParseOptions};
//!
//! let text = b"name = 'web01'\nmemory = '1024'\nvcpus = 2\nbootloader = 'pygrub'\n\
//!     disk = [ 'phy:/dev/vg/web01,xvda,w', ',hdc:cdrom,r' ]\nvif = [ 'bridge=br0 ,mac=00:16:3e:01:02:03' ]\n";
//! let config = Config::parse(text, &ParseOptions::default())?;
//! let guest = Guest::new(&config);
//!
//! assert_eq!(guest.guest_type, Some(GuestType::Pv));
//! assert_eq!(guest.memory.memory_mib.map(|size| size.value), Some(1024));
//! let disk = guest.disks.first().ok_or("no disk")?;
//! assert_eq!(disk.target.as_deref(), Some("/dev/vg/web01"));
//! assert_eq!(disk.vdev.as_ref().map(ToString::to_string).as_deref(), Some("xvda"));
//! assert!(guest.disks[1].is_empty_drive());
//! assert_eq!(guest.vifs[0].bridge.as_deref(), Some("br0"));
//! assert!(guest.problems.is_empty() && guest.unknown.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects,
        reason = "tests"
    )
)]

mod config;
mod error;
mod guest;
mod scalar;
mod vdev;

pub use config::{
    Config, Entry, EntryId, Number, Operator, ParseOptions, Problem, ProblemKind, Value,
};
pub(crate) use config::{read_number, shown};
pub use error::Error;
pub use guest::{
    Access, Action, Actions, Affinity, Altp2m, BackendType, Bios, Boot, BootDevice, Channel,
    ChannelConnection, CharDev, Clock, Cpu, CpuRange, CpuSet, Cpuid, Disk, DiskFormat, Display,
    Features, Firmware, FirmwareKind, GfxPassthrough, Guest, GuestType, HdType, Identity, Memory,
    NicType, P9, PciDevice, PciOptions, Ports, PvCalls, Rate, Sdl, Specification, Spice, TimerMode,
    TscMode, UsbController, UsbDevice, UsbHostDevice, Vfb, VgaKind, Vif, Viridian, ViridianGroup,
    VirtualNode, Vnc, Vtpm,
};
pub use scalar::{ItemPlace, MacAddress, Secret, Setting, Uuid, ValueProblem};
pub use vdev::{VdevError, VdevFamily, VirtualDevice};
