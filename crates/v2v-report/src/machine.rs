//! The parts of a VM that are neither disks nor settings: network cards, and how it starts.

use serde::{Deserialize, Serialize};

/// One network card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NicReport {
    /// Where it sat in the source VM: `ethernet0`.
    pub slot: String,
    /// Its address, in lower case with colons; `None` if the source has none and the target makes one up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// What it was connected to, in the source's words: `VM Network`, `nat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What it is connected to.
    pub target: NicTarget,
    /// The device model in the target: `virtio`.
    pub model: String,
    /// The name the interface probably had in a Linux guest: `ens192`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_name: Option<String>,
}

impl NicReport {
    /// The card in `slot`, of which nothing more is known than its target and model.
    pub fn new(slot: impl Into<String>, target: NicTarget, model: impl Into<String>) -> NicReport {
        NicReport {
            slot: slot.into(),
            mac: None,
            source: None,
            target,
            model: model.into(),
            old_name: None,
        }
    }
}

/// What a network card is connected to: libvirt's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NicTarget {
    /// `bridge`, `network`, `user`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The bridge's or network's name; `None` where the kind has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How the target VM starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BootReport {
    /// `bios` or `efi`.
    pub firmware: String,
    /// The devices it starts from, in order: `vda`, `52:54:00:12:34:56`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
}

impl BootReport {
    /// A VM that starts with `firmware`.
    pub fn new(firmware: impl Into<String>) -> BootReport {
        BootReport {
            firmware: firmware.into(),
            order: Vec::new(),
        }
    }
}
