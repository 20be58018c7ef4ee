//! `vif`: xl-network-configuration(5).

use std::collections::HashSet;

use super::keys::{Item, Keys, pairs};
use crate::scalar::{Scalar, words};
use crate::{EntryId, MacAddress};

/// What the guest is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NicType {
    /// `ioemu`: an emulated card and a paravirtual one with the same address.
    Emulated,
    /// `vif`, and xm's `netfront` and `paravirtualised`: only a paravirtual one.
    Paravirtual,
}

words!(NicType, "ioemu or vif", {
    "ioemu" => Self::Emulated,
    "vif" | "netfront" | "paravirtualised" => Self::Paravirtual,
});

/// The most a guest may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How much. K, M and G are powers of 1000, and eight bits are a byte.
    pub bytes_per_second: u64,
    /// How often the credit is filled up. Xen's default is 50 000.
    pub window_us: u32,
}

impl Rate {
    /// In units of 1000 bytes, rounded up: what libvirt's `average` is for Xen.
    #[must_use]
    pub fn kilobytes_per_second(&self) -> u64 {
        self.bytes_per_second.div_ceil(1000)
    }
}

impl Scalar for Rate {
    const EXPECTED: &'static str = "a rate such as 10Mb/s, 250KB/s or 1MB/s@20ms";

    fn read(text: &str) -> Option<Self> {
        let (rate, window) = match text.split_once('@') {
            Some((rate, window)) => (rate, Some(window)),
            None => (text, None),
        };
        let (number, unit) = split_number(rate.trim())?;
        let (scale, unit) = match unit.as_bytes().first()? {
            b'G' => (1_000_000_000, unit.get(1..)?),
            b'M' => (1_000_000, unit.get(1..)?),
            b'K' => (1000, unit.get(1..)?),
            _ => (1, unit),
        };
        let amount = number.checked_mul(scale)?;
        let bytes_per_second = match unit {
            "B/s" => amount,
            "b/s" => amount / 8,
            _ => return None,
        };
        let window_us = match window {
            Some(text) => microseconds(text.trim())?,
            None => 50_000,
        };
        (bytes_per_second > 0).then_some(Self {
            bytes_per_second,
            window_us,
        })
    }
}

fn microseconds(text: &str) -> Option<u32> {
    let (number, unit) = split_number(text)?;
    let scale = match unit {
        "" | "s" => 1_000_000,
        "ms" | "m" => 1000,
        "us" | "u" => 1,
        _ => return None,
    };
    let window: u32 = number.checked_mul(scale)?.try_into().ok()?;
    (window > 0).then_some(window)
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(unit)?.parse().ok()?;
    Some((number, unit))
}

/// One network card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vif {
    /// The setting.
    pub id: EntryId,
    /// The position among the items of `vif`, from 0.
    pub index: usize,
    /// The item as it is written; empty for a card with nothing but defaults.
    pub text: String,
    /// Emulated or not. Without it, HVM guests have both and others a paravirtual one.
    pub kind: Option<NicType>,
    /// The address. Without it Xen made up another one at each start.
    pub mac: Option<MacAddress>,
    /// The bridge of the host; Xen's default is xenbr0.
    pub bridge: Option<String>,
    /// `gatewaydev`, and `netdev` before it.
    pub gateway_dev: Option<String>,
    /// The address the host's scripts are told.
    pub ip: Option<String>,
    /// The script that plugs it in: `vif-bridge`, `vif-openvswitch`, `vif-route`, `vif-nat`.
    pub script: Option<String>,
    /// The domain that serves it; 0 if none is given.
    pub backend: Option<String>,
    /// Its name on the host.
    pub vifname: Option<String>,
    /// The emulated card: `e1000`, `rtl8139`, `virtio-net`.
    pub model: Option<String>,
    /// The most the guest may send.
    pub rate: Option<Rate>,
    /// The number of the card.
    pub devid: Option<u32>,
    /// The size of packets.
    pub mtu: Option<u32>,
    /// Parameters without a counterpart here, such as `colo_*`, `accel`, `trusted`, and those nobody knows.
    pub others: Vec<(String, Option<String>)>,
}

impl Vif {
    pub(super) fn read(item: Item<'_>, keys: &mut Keys<'_>) -> Self {
        let mut vif = Self {
            id: item.id,
            index: item.index,
            text: item.text.to_owned(),
            kind: None,
            mac: None,
            bridge: None,
            gateway_dev: None,
            ip: None,
            script: None,
            backend: None,
            vifname: None,
            model: None,
            rate: None,
            devid: None,
            mtu: None,
            others: Vec::new(),
        };
        let mut seen = HashSet::new();
        for (key, value) in pairs(item.text) {
            if !seen.insert(key) {
                keys.item_problem(item, key, "each parameter once; the last counts");
            }
            vif.set(key, value, item, keys);
        }
        vif
    }

    fn set(&mut self, key: &str, value: Option<&str>, item: Item<'_>, keys: &mut Keys<'_>) {
        let Some(value) = value else {
            keys.item_problem(item, key, "`key=value`");
            self.others.push((key.to_owned(), None));
            return;
        };
        let text = || Some(value.to_owned()).filter(|text| !text.is_empty());
        match key {
            "type" => self.kind = keys.part(item, value),
            "mac" => self.mac = keys.part(item, value),
            "bridge" => self.bridge = text(),
            "gatewaydev" | "netdev" => self.gateway_dev = text(),
            "ip" => self.ip = text(),
            "script" => self.script = text(),
            "backend" => self.backend = text(),
            "vifname" => self.vifname = text(),
            "model" => self.model = text(),
            "rate" => self.rate = keys.part(item, value),
            "devid" => self.devid = keys.part(item, value),
            "mtu" => self.mtu = keys.part(item, value),
            _ => {
                let known =
                    ["accel", "trusted", "forwarddev"].contains(&key) || key.starts_with("colo_");
                if !known {
                    keys.item_problem(item, key, "a parameter of xl-network-configuration(5)");
                }
                self.others.push((key.to_owned(), Some(value.to_owned())));
            }
        }
    }
}
