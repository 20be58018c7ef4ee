//! PCI devices and virtual GPUs: `pciPassthruN`.

use v2v_domain::{Hostdev, PciAddress};
use v2v_vmx::{PciPassthrough, Setting};

use super::TOLD;
use crate::finding;
use crate::ledger::shown;
use crate::vmx::text::{one_line, quoted};
use crate::vmx::{Work, device_path};

/// What names a device of the old host.
const KNOWN: [&str; 12] = [
    "present",
    "id",
    "deviceid",
    "vendorid",
    "systemid",
    "virtualdev",
    "vgpu",
    "macaddress",
    "generatedmacaddress",
    "networkname",
    "pfid",
    "alloweddevices",
];

pub(super) fn write(work: &mut Work<'_>) {
    let vm = work.vm;
    let mut told = 0_usize;
    for device in vm
        .pci_passthrough
        .iter()
        .filter(|device| device.presence.is_present())
    {
        let name = format!("pciPassthru{}", device.index);
        let mapped = work
            .policy
            .passthrough
            .iter()
            .find(|(slot, _)| slot.eq_ignore_ascii_case(&name));
        match mapped {
            Some((_, address)) => carry(work, device, *address),
            None => {
                told = told.saturating_add(1);
                lose(work, device, name, told <= TOLD);
            }
        }
    }
    let rest = told.saturating_sub(TOLD);
    if rest > 0 {
        let text = format!("{rest} more PCI devices of the old host were left out");
        let action = "give an equal device of the new host for each";
        work.warn(
            finding::PASSTHROUGH_NOT_CARRIED,
            "pciPassthru",
            None,
            text,
            action,
        );
    }
}

fn carry(work: &mut Work<'_>, device: &PciPassthrough, address: crate::policy::PciAddress) {
    let hostdevs = &mut work.domain.devices_mut().hostdevs;
    let path = device_path("hostdev", hostdevs.len());
    hostdevs.push(Hostdev::pci(PciAddress::new(
        u32::from(address.domain),
        u32::from(address.bus),
        u32::from(address.slot),
        u32::from(address.function),
    )));
    for (id, field) in work.fields(&device.ids) {
        match field {
            "present" => work.ledger.mapped(id, &path),
            "id" => {
                let reason = "the device of the new host was given by the caller";
                work.ledger
                    .mapped_because(id, format!("{path}/source/address"), reason);
            }
            _ if KNOWN.contains(&field) => {
                work.ledger.ignored(id, "names the device of the old host");
            }
            _ => {}
        }
    }
}

fn lose(work: &mut Work<'_>, device: &PciPassthrough, name: String, is_told: bool) {
    for (id, field) in work.fields(&device.ids) {
        if KNOWN.contains(&field) {
            work.ledger.not_carried(id, "a device of the old host");
        }
    }
    if !is_told {
        return;
    }
    let seen = device.ids.first().copied();
    let text = format!(
        "{} belongs to the old host and was left out",
        describe(device)
    );
    let action = if filled(&device.vgpu).is_some() {
        "make an mdev device of the new host's GPU and add it with <hostdev type='mdev'>".to_owned()
    } else {
        format!("give an equal device of the new host: {name}=DOMAIN:BUS:SLOT.FUNCTION")
    };
    work.warn(finding::PASSTHROUGH_NOT_CARRIED, name, seen, text, action);
}

fn filled(setting: &Option<Setting<String>>) -> Option<&str> {
    let value = setting.as_ref()?.value.trim();
    (!value.is_empty()).then_some(value)
}

/// The device by what its keys tell: `the PCI device 0000:03:00.0 (vendor 0x10de, device 0x1db6)`.
fn describe(device: &PciPassthrough) -> String {
    if let Some(profile) = filled(&device.vgpu) {
        return format!("the virtual GPU {}", quoted(profile));
    }
    let address = filled(&device.address).map(|address| format!(" {}", shown(&one_line(address))));
    let ids = [
        ("vendor", filled(&device.vendor_id)),
        ("device", filled(&device.device_id)),
    ];
    let ids: Vec<String> = ids
        .into_iter()
        .filter_map(|(what, id)| Some(format!("{what} {}", shown(&one_line(id?)))))
        .collect();
    let ids = if ids.is_empty() {
        String::new()
    } else {
        format!(" ({})", ids.join(", "))
    };
    format!("the PCI device{}{ids}", address.unwrap_or_default())
}
