//! Devices of the host, and services only Xen has.

use super::keys::{Item, Keys, pairs};
use super::ports::read_pairs;
use crate::{EntryId, Setting, Uuid};

/// A PCI device of the host, an item of `pci`: xl-pci-configuration(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PciDevice {
    /// The setting.
    pub id: EntryId,
    /// The position among the items of `pci`, from 0.
    pub index: usize,
    /// The item as it is written.
    pub text: String,
    /// Domain (segment); 0 if it is left out.
    pub domain: u16,
    /// Bus.
    pub bus: u8,
    /// Device.
    pub device: u8,
    /// Function; `None` for `*`, all of them.
    pub function: Option<u8>,
    /// The guest's slot for it.
    pub vslot: Option<u8>,
    /// `permissive=1` and the like.
    pub options: Vec<(String, String)>,
}

impl PciDevice {
    /// `None`, and a problem, if the address can't be read.
    fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Option<Self> {
        let (address, rest) = item.text.split_once(',').unwrap_or((item.text, ""));
        let address = address.trim();
        // The newer form: `bdf=0000:01:00.0,vslot=2`.
        let address = address.strip_prefix("bdf=").unwrap_or(address);
        let Some((domain, bus, device, function, vslot)) = pci_address(address) else {
            keys.item_problem(
                item,
                address,
                "a PCI address such as 0000:01:1a.1 or 02:00.*",
            );
            return None;
        };
        let mut options = Vec::new();
        for (key, value) in pairs(rest) {
            match value {
                Some(value) => options.push((key.to_owned(), value.to_owned())),
                None => keys.item_problem(item, key, "`key=value`"),
            }
        }
        let (id, index, text) = (item.id, item.index, item.text.to_owned());
        Some(Self {
            id,
            index,
            text,
            domain,
            bus,
            device,
            function,
            vslot,
            options,
        })
    }
}

type PciAddress = (u16, u8, u8, Option<u8>, Option<u8>);

/// `[DDDD:]BB:DD.F[@VSLOT]`
fn pci_address(text: &str) -> Option<PciAddress> {
    let (address, vslot) = match text.split_once('@') {
        Some((address, slot)) => (address, Some(hex(slot, 2)?)),
        None => (text, None),
    };
    let (slot, function) = address.split_once('.')?;
    let function = match function {
        "*" => None,
        _ => Some(
            u8::try_from(hex(function, 1)?)
                .ok()
                .filter(|function| *function < 8)?,
        ),
    };
    let mut parts = slot.rsplit(':');
    let device = u8::try_from(hex(parts.next()?, 2)?)
        .ok()
        .filter(|device| *device < 32)?;
    let bus = u8::try_from(hex(parts.next()?, 2)?).ok()?;
    let domain = match parts.next() {
        Some(domain) => hex(domain, 4)?,
        None => 0,
    };
    let vslot = match vslot {
        Some(slot) => Some(u8::try_from(slot).ok()?),
        None => None,
    };
    parts
        .next()
        .is_none()
        .then_some((domain, bus, device, function, vslot))
}

fn hex(digits: &str, most: usize) -> Option<u16> {
    let is_hex = !digits.is_empty()
        && digits.len() <= most
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

/// Settings for all PCI devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PciOptions {
    /// `pci_permissive`.
    pub permissive: Option<Setting<bool>>,
    /// `pci_msitranslate`.
    pub msitranslate: Option<Setting<bool>>,
    /// `pci_seize`.
    pub seize: Option<Setting<bool>>,
    /// `pci_power_mgmt`.
    pub power_mgmt: Option<Setting<bool>>,
    /// `rdm`: reserved memory of devices.
    pub rdm: Option<Setting<String>>,
}

impl PciOptions {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            permissive: keys.get("pci_permissive"),
            msitranslate: keys.get("pci_msitranslate"),
            seize: keys.get("pci_seize"),
            power_mgmt: keys.get("pci_power_mgmt"),
            rdm: keys.path("rdm"),
        }
    }
}

/// A virtual TPM served by another domain, an item of `vtpm`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vtpm {
    /// The setting.
    pub id: EntryId,
    /// `backend`: that domain.
    pub backend: Option<String>,
    /// `uuid` of its state.
    pub uuid: Option<Uuid>,
}

/// A directory of the host, an item of `p9`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct P9 {
    /// The setting.
    pub id: EntryId,
    /// `tag`: what the guest mounts.
    pub tag: Option<String>,
    /// `path` on the host.
    pub path: Option<String>,
    /// `security_model`: `none`, the only one.
    pub security_model: Option<String>,
    /// `backend`: the domain that serves it.
    pub backend: Option<String>,
    /// Further parameters, such as those of the server in C: `type=xen_9pfsd`.
    pub others: Vec<(String, String)>,
}

/// Network calls served by another domain, an item of `pvcalls`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PvCalls {
    /// The setting.
    pub id: EntryId,
    /// `backend`: that domain.
    pub backend: Option<String>,
}

pub(super) fn pci_devices(keys: &mut Keys<'_>) -> Vec<PciDevice> {
    let items = keys.items("pci", false);
    items
        .into_iter()
        .filter_map(|item| PciDevice::read(item, keys))
        .collect()
}

impl Vtpm {
    pub(super) fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut out = Self {
            id: item.id,
            backend: None,
            uuid: None,
        };
        read_pairs(item, keys, "backend= or uuid=", |key, value, keys| {
            match key {
                "backend" => out.backend = Some(value.to_owned()),
                "uuid" => out.uuid = keys.part(item, value),
                _ => return false,
            }
            true
        });
        out
    }
}

impl P9 {
    pub(super) fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let (tag, path, security_model, backend) = (None, None, None, None);
        let mut out = Self {
            id: item.id,
            tag,
            path,
            security_model,
            backend,
            others: Vec::new(),
        };
        read_pairs(
            item,
            keys,
            "tag=, path=, security_model= or backend=",
            |key, value, _| {
                match key {
                    "tag" => out.tag = Some(value.to_owned()),
                    "path" => out.path = Some(value.to_owned()),
                    "security_model" => out.security_model = Some(value.to_owned()),
                    "backend" => out.backend = Some(value.to_owned()),
                    _ => {
                        out.others.push((key.to_owned(), value.to_owned()));
                        return [
                            "type",
                            "max-files",
                            "max-open-files",
                            "max-space",
                            "auto-delete",
                        ]
                        .contains(&key);
                    }
                }
                true
            },
        );
        out
    }
}

impl PvCalls {
    pub(super) fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut out = Self {
            id: item.id,
            backend: None,
        };
        read_pairs(item, keys, "backend=", |key, value, _| {
            if key == "backend" {
                out.backend = Some(value.to_owned());
            }
            key == "backend"
        });
        out
    }
}
