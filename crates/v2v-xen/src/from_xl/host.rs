//! Devices of the Xen host, and services only Xen has.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{GfxPassthrough, PciDevice, UsbDevice};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::draft::{Draft, id, is_on};
use super::port::has_emulated_usb;

pub(super) fn devices(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let mut list = pci(draft);
    list.extend(usb(draft));
    services(draft);
    list
}

fn pci(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let guest = draft.guest;
    let options = &guest.pci;
    let ids = [
        id(&options.msitranslate),
        id(&options.power_mgmt),
        id(&options.seize),
        id(&options.permissive),
    ];
    draft.all_ignored(ids, "how Xen hands devices of the host over");
    draft.all_ignored(
        [id(&options.rdm)],
        "memory that Xen reserves for devices of the host",
    );
    if let Some(gfx) = &guest.gfx_passthrough {
        match gfx.value {
            GfxPassthrough::Enabled(false) => draft.ignored(gfx.id, "off"),
            _ => {
                let text = "a graphics card of the Xen host as the guest's first";
                let action = "give the guest a card of the KVM host with <hostdev>";
                let id = finding::PASSTHROUGH_NOT_CARRIED;
                draft.lose(gfx.id, id, Severity::Warn, text, action);
            }
        }
    }
    let is_permissive = is_on(&options.permissive, false);
    let mut list = Vec::new();
    for device in &guest.pci_devices {
        draft.mapped(device.id, "/domain/devices/hostdev[@type='pci']");
        if device.function.is_none() {
            let text = format!(
                "all functions of {}; only the first is written",
                device.text
            );
            let action = "add a <hostdev> for each of the others";
            let id = finding::PASSTHROUGH_NOT_CARRIED;
            draft.tell(id, Severity::Warn, &device.text, device.id, text, action);
        }
        list.push(pci_device(device, is_permissive));
    }
    list
}

fn pci_device(device: &PciDevice, is_permissive: bool) -> NewElement {
    let option = device
        .options
        .iter()
        .rev()
        .find(|(key, _)| key == "permissive");
    let is_permissive = option.map_or(is_permissive, |(_, value)| value != "0");
    let address = element("address")
        .attribute("domain", format!("{:#06x}", device.domain))
        .attribute("bus", format!("{:#04x}", device.bus))
        .attribute("slot", format!("{:#04x}", device.device))
        .attribute("function", format!("{:#x}", device.function.unwrap_or(0)));
    let source = element("source").set_if("writeFiltering", is_permissive.then_some("no"));
    hostdev("pci").child(source.child(address))
}

fn hostdev(kind: &str) -> NewElement {
    element("hostdev")
        .attribute("mode", "subsystem")
        .attribute("type", kind)
        .attribute("managed", "no")
}

/// `usbdev`, and `host:...` of `usbdevice`.
fn usb(draft: &mut Draft<'_>) -> Vec<NewElement> {
    const TO: &str = "/domain/devices/hostdev[@type='usb']";
    let ports = &draft.guest.ports;
    let mut list = Vec::new();
    for device in &ports.usb_host_devices {
        let (Some(bus), Some(address)) = (device.host_bus, device.host_address) else {
            lose_usb(
                draft,
                device.id,
                "a USB device of the host without bus and address",
            );
            continue;
        };
        draft.mapped(device.id, TO);
        list.push(usb_at(&bus.to_string(), &address.to_string()));
    }
    let emulated: &[_] = match has_emulated_usb(draft) {
        true => &ports.usb_devices,
        false => &[],
    };
    for device in emulated {
        let UsbDevice::Host(text) = &device.value else {
            continue;
        };
        match usb_named(text) {
            Some(element) => {
                draft.mapped(device.id, TO);
                list.push(element);
            }
            None => lose_usb(
                draft,
                device.id,
                "a USB device of the host that is named in no known way",
            ),
        }
    }
    list
}

fn lose_usb(draft: &mut Draft<'_>, at: v2v_xl::EntryId, text: &str) {
    let action = "add a <hostdev> for it to the result";
    let id = finding::USB_DEVICE_NOT_CARRIED;
    draft.lose(at, id, Severity::Info, text, action);
}

fn usb_at(bus: &str, device: &str) -> NewElement {
    let address = element("address")
        .attribute("bus", bus)
        .attribute("device", device);
    hostdev("usb").child(element("source").child(address))
}

/// `BUS.ADDRESS` or `VENDOR:PRODUCT`.
fn usb_named(text: &str) -> Option<NewElement> {
    if let Some((bus, device)) = text.split_once('.') {
        let (bus, device): (u16, u16) = (bus.trim().parse().ok()?, device.trim().parse().ok()?);
        return Some(usb_at(&bus.to_string(), &device.to_string()));
    }
    let (vendor, product) = text.split_once(':')?;
    let number = |text: &str| u16::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok();
    let named = |name, number: u16| element(name).attribute("id", format!("{number:#06x}"));
    let source = element("source")
        .child(named("vendor", number(vendor)?))
        .child(named("product", number(product)?));
    Some(hostdev("usb").child(source))
}

/// What libvirt has no element for on Xen.
fn services(draft: &mut Draft<'_>) {
    let guest = draft.guest;
    for vtpm in &guest.vtpms {
        let text = "the state of the virtual TPM stays in its own domain on the Xen host";
        let action =
            "have the recovery keys ready; an empty TPM is <tpm><backend type='emulator'/></tpm>";
        draft.lose(
            vtpm.id,
            finding::VTPM_STATE_LOST,
            Severity::Warn,
            text,
            action,
        );
    }
    for share in &guest.p9s {
        let path = share.path.as_deref().unwrap_or("a directory");
        let tag = share.tag.as_deref().unwrap_or_default();
        let text = format!("{path} of the Xen host, which the guest mounts as {tag}");
        let action = "share a directory of the KVM host with <filesystem> and virtiofs, and mount that in the guest";
        draft.lose(
            share.id,
            finding::SHARED_FOLDER_NOT_CARRIED,
            Severity::Info,
            &text,
            action,
        );
    }
    for calls in &guest.pvcalls {
        let text = "network calls that another domain of Xen makes for the guest";
        let action = "give the guest a network card";
        draft.lose(
            calls.id,
            finding::SETTING_NOT_CARRIED,
            Severity::Warn,
            text,
            action,
        );
    }
}
