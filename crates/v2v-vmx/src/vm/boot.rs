//! What is booted from, and in which order.

use super::Slot;
use super::slot::number;
use super::system::Keys;
use crate::value::{Setting, Value};

/// What is booted from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// `bios.bootOrder`.
    pub order: Option<Setting<BootOrder>>,
    /// `bios.bootDeviceClasses`, which ESX reads.
    pub device_classes: Option<Setting<BootOrder>>,
    /// `bios.hddOrder`.
    pub hdd_order: Option<Setting<HddOrder>>,
    /// `bios.bootDelay`, in milliseconds.
    pub delay_ms: Option<Setting<u64>>,
    /// `bios.bootRetry.enabled`.
    pub retry: Option<Setting<bool>>,
    /// `bios.forceSetupOnce`.
    pub force_setup: Option<Setting<bool>>,
}

impl Boot {
    pub(super) fn read(keys: &mut Keys<'_, '_>) -> Self {
        Self {
            order: keys.read_filled("bios.bootorder"),
            device_classes: keys.read_filled("bios.bootdeviceclasses"),
            hdd_order: keys.read_filled("bios.hddorder"),
            delay_ms: keys.read_filled("bios.bootdelay"),
            retry: keys.read("bios.bootretry.enabled"),
            force_setup: keys.read("bios.forcesetuponce"),
        }
    }
}

/// A boot order: `ethernet0,cdrom,hdd`, `allow:hdd,net` or `deny:net`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootOrder {
    /// What the list means.
    pub rule: BootRule,
    /// The devices, first to last.
    pub devices: Vec<BootDevice>,
}

/// What a boot order's list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BootRule {
    /// These first, then the others.
    First,
    /// `allow:` these in this order and no others.
    Allow,
    /// `deny:` all but these, in VMware's own order.
    Deny,
}

/// Something to boot from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootDevice {
    /// `ethernetN`; `None` for any, spelt `net` or `ethernet`.
    Nic(Option<u32>),
    /// `cdrom` or `cd`.
    Cdrom,
    /// `floppy` or `fd`.
    Floppy,
    /// `hdd`, `hd` or `disk`.
    Hdd,
    /// One slot, such as `scsi0:0`.
    Slot(Slot),
    /// Anything else, as it is spelt.
    Other(String),
}

impl Value for BootOrder {
    const EXPECTED: &'static str =
        "devices such as ethernet0,cdrom,hdd, perhaps behind allow: or deny:";

    fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (rule, list) = if let Some(list) = lower.strip_prefix("allow:") {
            (BootRule::Allow, list)
        } else if let Some(list) = lower.strip_prefix("deny:") {
            (BootRule::Deny, list)
        } else {
            (BootRule::First, lower.as_str())
        };
        let words = list.split([',', ' ']).filter(|word| !word.is_empty());
        let devices: Vec<BootDevice> = words.map(boot_device).collect();
        (!devices.is_empty()).then_some(Self { rule, devices })
    }
}

fn boot_device(word: &str) -> BootDevice {
    match word {
        "cdrom" | "cd" | "dvd" => BootDevice::Cdrom,
        "floppy" | "fd" => BootDevice::Floppy,
        "hdd" | "hd" | "disk" => BootDevice::Hdd,
        "ethernet" | "net" => BootDevice::Nic(None),
        _ => {
            let nic = word.strip_prefix("ethernet").and_then(number);
            if let Some(index) = nic {
                BootDevice::Nic(Some(index))
            } else if let Ok(slot) = word.parse() {
                BootDevice::Slot(slot)
            } else {
                BootDevice::Other(word.to_owned())
            }
        }
    }
}

/// The order of hard disks: `scsi0:1,scsi0:0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HddOrder(pub Vec<Slot>);

impl Value for HddOrder {
    const EXPECTED: &'static str = "slots such as scsi0:1,scsi0:0";

    fn read(text: &str) -> Option<Self> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let slots: Option<Vec<Slot>> = words.map(|word| word.parse().ok()).collect();
        slots.filter(|slots| !slots.is_empty()).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_orders() {
        let order = BootOrder::read("ethernet0,CDROM,hdd,floppy,net,scsi0:1,zip").unwrap();
        assert_eq!(order.rule, BootRule::First);
        let slot = "scsi0:1".parse().unwrap();
        assert_eq!(
            order.devices,
            [
                BootDevice::Nic(Some(0)),
                BootDevice::Cdrom,
                BootDevice::Hdd,
                BootDevice::Floppy,
                BootDevice::Nic(None),
                BootDevice::Slot(slot),
                BootDevice::Other("zip".to_owned()),
            ]
        );
        let allow = BootOrder::read("allow:hd, cd").unwrap();
        assert_eq!(allow.rule, BootRule::Allow);
        assert_eq!(allow.devices, [BootDevice::Hdd, BootDevice::Cdrom]);
        assert_eq!(BootOrder::read("deny:net").unwrap().rule, BootRule::Deny);
        assert_eq!(BootOrder::read("allow:"), None);
        assert_eq!(HddOrder::read("scsi0:1, scsi0:0").unwrap().0.len(), 2);
        assert_eq!(HddOrder::read("scsi0:1,x"), None);
    }
}
