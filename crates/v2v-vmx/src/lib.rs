//! VMware virtual machine configurations (.vmx): lossless text and a typed view.
//!
//! A `.vmx` is a list of `key = "value"` lines. [`Document`] keeps every byte of it and finds the keys; [`Vm`] says what
//! they mean: controllers, disks, network adapters, firmware, and all else a virtual machine is made of. Whoever converts
//! one walks [`Document::entries`] and can account for each line, because every value, device and problem names its
//! [`EntryId`].
//!
//! | file | read with |
//! |---|---|
//! | `.vmx`, `.vmtx` of Workstation, Player, Fusion, Server, GSX, ESX, ESXi | [`Document`], [`Vm`] |
//! | `.vmsd`, snapshots | [`Snapshots`] |
//! | `.vmxf`, `.vmtm`, ids and names | [`Vmxf`] |
//!
//! VMware documents none of these. Sources: the dictionary and encoding code of open-vm-tools, and files of its products
//! since VMware Server 1. Where VMware itself is strict, this reader is not, and says so in [`Document::problems`]:
//! values without quotes, duplicates, lines that are cut off, bytes that are not in the declared encoding. Nothing is
//! assumed in silence: a value that can't be read is in [`Vm::problems`] and nowhere else.
//!
//! Refused by name, with what to do: disks, OVF, other XML, binaries, configurations that are encrypted as a whole. Not
//! here: opening files. [`FileName`] tells what a name means; where it is looked for is the caller's policy.
//!
//! ```
//! use v2v_vmx::{Document, ParseOptions, Vm};
//!
//! let text = b".encoding = \"GBK\"\r\nmemsize = \"1024\"\r\nethernet0.present = \"TRUE\"\r\n\
//!     ethernet0.addressType = \"static\"\r\nethernet0.address = \"00:50:56:11:22:33\"\r\n\
//!     scsi0:0.fileName = \"\xce\xbb.vmdk\"\r\n";
//! let document = Document::parse(text, &ParseOptions::default())?;
//! let vm = Vm::new(&document);
//!
//! let disk = vm.present_disks().next().and_then(|disk| disk.name());
//! assert_eq!(disk.map(|name| name.text()), Some("位.vmdk"));
//! let mac = vm.present_nics().next().and_then(|nic| nic.mac()).ok_or("no address")?;
//! assert_eq!(mac.value.to_string(), "00:50:56:11:22:33");
//! assert_eq!(document.entry(mac.id).map(|entry| entry.line()), Some(5));
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

mod document;
mod error;
mod file_name;
mod value;
mod vm;
mod vmsd;
mod vmxf;

pub(crate) use document::shown;
pub use document::{Document, EncodingSource, Entry, EntryId, ParseOptions, Problem, ProblemKind};
pub use error::{EditError, Error};
pub use file_name::{FileName, PathStyle};
pub use value::{Affinity, DetailedData, Limit, MacAddress, Setting, Shares, Uuid, ValueProblem};
pub use vm::{
    Absence, AbsentDevice, AddressType, BlockDevice, BlockKind, Boot, BootDevice, BootOrder,
    BootRule, Bus, Clock, ConnectionType, Controller, ControllerId, Cpu, DeviceId, DeviceType,
    DiskMode, DiskSettings, EndPoint, Firmware, FirmwareKind, FloppyFileType, HddOrder, Identity,
    Medium, Memory, Nic, NoMedium, Parallel, ParallelType, PciPassthrough, Platform, Presence,
    Serial, SerialType, SharedBus, SharedFolder, Sharing, Slot, SlotError, Smbios, Sound, State,
    UsbDevice, Video, Vm, Vnc, Vtpm, decode_name,
};
pub use vmsd::{Snapshot, SnapshotDisk, Snapshots};
pub use vmxf::{Vmxf, VmxfError, VmxfVm};
