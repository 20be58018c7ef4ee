//! Options that name a device which the source does not have: a slip of the fingers that would change nothing in
//! silence.

use v2v_report::{Action, Evidence, Finding, FindingId, Severity};
use v2v_target::Policy;
use v2v_target::policy::PciAddress;
use v2v_xml::Document;

const OPTION_WITHOUT_EFFECT: FindingId = FindingId::new("option-without-effect");

/// One finding for each device that `policy` names and the Xen domain has not.
pub(crate) fn findings(policy: &Policy, xen: &Document) -> Vec<Finding> {
    let values = |path: &str, name: &str| -> Vec<String> {
        let ids = xen.find_all(xen.root(), path);
        let value = |id| Some(xen.attribute(id, name)?.into_owned());
        ids.into_iter().filter_map(value).collect()
    };
    let disks = values("devices/disk/target", "dev");
    let nics = values("devices/interface/mac", "address");
    let buses = policy
        .disk_bus
        .each
        .iter()
        .map(|(slot, _)| ("--disk-bus", slot));
    let tunes = policy
        .tuning
        .iotune_of
        .iter()
        .map(|(slot, _)| ("--iotune", slot));
    let models = policy
        .nic_model
        .each
        .iter()
        .map(|(mac, _)| ("--nic-model", mac));
    let is_missing =
        |name: &str, present: &[String]| !present.iter().any(|one| one.eq_ignore_ascii_case(name));
    let of_disks = buses
        .chain(tunes)
        .filter(|(_, name)| is_missing(name, &disks))
        .map(|(option, name)| finding(option, name, "disk", &disks));
    let of_nics = models
        .filter(|(_, name)| is_missing(name, &nics))
        .map(|(option, name)| finding(option, name, "network card", &nics));
    let devices = pci_devices(xen);
    let is_unknown = |slot: &str| !slot.parse().is_ok_and(|slot| devices.contains(&slot));
    let shown: Vec<String> = devices.iter().map(|device| text(*device)).collect();
    let of_devices = policy
        .passthrough
        .iter()
        .filter(|(slot, _)| is_unknown(slot))
        .map(|(slot, _)| finding("--hostdev", slot, "passed PCI device", &shown));
    of_disks.chain(of_nics).chain(of_devices).collect()
}

/// The PCI devices of the old host that the domain has.
fn pci_devices(xen: &Document) -> Vec<PciAddress> {
    let ids = [
        "devices/hostdev/source/address",
        "devices/interface/source/address",
    ]
    .into_iter()
    .flat_map(|path| xen.find_all(xen.root(), path));
    let address = |id| {
        let number = |name, default| match xen.attribute(id, name) {
            Some(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
            None => default,
        };
        let byte = |name| u8::try_from(number(name, None)?).ok();
        Some(PciAddress {
            domain: number("domain", Some(0))?.try_into().ok()?,
            bus: byte("bus")?,
            slot: byte("slot")?,
            function: byte("function")?,
        })
    };
    ids.filter_map(address).collect()
}

/// An address as `--hostdev` takes it.
fn text(address: PciAddress) -> String {
    let PciAddress {
        domain,
        bus,
        slot,
        function,
    } = address;
    format!("{domain:04x}:{bus:02x}:{slot:02x}.{function:x}")
}

fn finding(option: &str, name: &str, what: &str, present: &[String]) -> Finding {
    let present = match present {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let text = format!("there is no {what} {name:?}; the source has {present}");
    Finding::new(OPTION_WITHOUT_EFFECT, Severity::Warn, option)
        .evidence(Evidence::new(text))
        .action(Action::manual("name one of these, or leave the option out"))
}
