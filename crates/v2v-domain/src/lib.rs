//! libvirt domain XML as a typed model that keeps what it does not know.
//!
//! [`Domain`] is what `virsh define` reads and `virsh dumpxml` prints: <https://libvirt.org/formatdomain.html>, with the
//! names and values of libvirt's schema (`domaincommon.rng`) as of version 9.0. Structs are elements, their fields
//! attributes and child elements; every field has a setter of its own name. A set of values is an enum that keeps a value
//! it does not know as `Other`; a choice of sources is an enum with data. What a struct does not model is in its
//! [`Other`] and is written back.
//!
//! A known attribute or element whose value cannot be read is treated as an unknown one: the field is empty, the text is
//! in `other`. So reading fails only over XML that is none, and nothing is lost; [`Domain::unmodelled`] lists what was
//! not understood.
//!
//! ```
//! use v2v_domain::{Disk, DiskBus, DiskFormat, DiskSource, Domain, Interface, InterfaceModel, Memory};
//!
//! let mut domain = Domain::kvm("web01", Memory::gib(2), 2);
//! let disk = Disk::new(DiskSource::file("/images/web01.qcow2"), DiskBus::Virtio.target_name(0), DiskBus::Virtio);
//! domain.devices_mut().disks.push(disk.format(DiskFormat::Qcow2));
//! domain.devices_mut().interfaces.push(Interface::bridge("br0").model(InterfaceModel::Virtio));
//!
//! let xml = domain.to_xml()?;
//! assert_eq!(Domain::parse(&xml)?, domain);
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

mod clock;
mod codec;
mod cpu;
mod devices;
mod domain;
mod element;
mod error;
mod features;
mod macros;
mod os;
mod parse;
mod print;
mod resources;
mod scalar;

pub use clock::*;
pub use cpu::*;
pub use devices::*;
pub use domain::*;
pub use element::{Attribute, Element, Node, Other};
pub use error::{ParseError, WriteError};
pub use features::*;
pub use os::*;
pub use parse::ParseOptions;
pub use resources::*;
pub use scalar::{MacAddress, TargetName, Unit, Uuid, ValueError};
