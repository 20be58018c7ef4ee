//! USB: controllers, the tablet, and devices of the old host.

#[cfg(test)]
mod tests;

use v2v_domain::{
    Controller, ControllerModel, ControllerType, DiskBus, Input, InputBus, InputType,
};
use v2v_vmx::{Bus, EntryId, UsbDevice};

use super::text::quoted;
use super::{Work, device_path};
use crate::finding;
use crate::guest::{Family, Os};
use crate::policy::Machine;

/// Ports of the xHCI controller: as many as it can have, of either speed.
const XHCI_PORTS: u32 = 15;

/// Devices of the old host that are told one by one; the rest is counted.
const TOLD: usize = 10;

/// Writes a controller and a tablet, or that there is no USB at all.
///
/// A machine without a word about USB in its configuration gets both: on VMware its pointer was absolute without USB,
/// and on KVM a tablet is what makes it so. Guests from before USB keep the PS/2 mouse.
pub(super) fn write(work: &mut Work<'_>) {
    let first = work.domain.devices_mut().controllers.len();
    let has_usb = is_wanted(work);
    for controller in controllers(work, has_usb) {
        work.domain.devices_mut().controllers.push(controller);
    }
    if has_usb {
        let tablet = Input::new(InputType::Tablet, InputBus::Usb);
        work.domain.devices_mut().inputs.push(tablet);
    }
    account_controllers(work, &device_path("controller", first));
    account_devices(work);
    account_auto_connect(work);
}

/// Whether there has to be a controller: the source has one, a disk needs it, or the guest knows USB.
fn is_wanted(work: &mut Work<'_>) -> bool {
    let is_usb = |bus: Bus| matches!(bus, Bus::Usb | Bus::Ehci | Bus::Xhci);
    let vm = work.vm;
    let in_source = vm
        .controllers
        .values()
        .any(|controller| is_usb(controller.id.bus) && controller.presence.is_present());
    let disks = &work.domain.devices_mut().disks;
    let needs_disk = disks.iter().any(|disk| {
        let target = disk.target.as_ref();
        target.is_some_and(|target| target.bus == Some(DiskBus::Usb))
    });
    in_source || needs_disk || knows_usb(work)
}

/// Whether the guest is from after USB, or nobody knows what it is.
fn knows_usb(work: &Work<'_>) -> bool {
    let guest = &work.guest;
    match guest.family() {
        Family::Dos | Family::Os2 | Family::NetWare | Family::ScoUnix => false,
        _ => !matches!(guest.os, Os::Windows31 | Os::Windows95 | Os::WindowsNt),
    }
}

fn controllers(work: &Work<'_>, has_usb: bool) -> Vec<Controller> {
    let usb = |model| Controller::new(ControllerType::Usb, 0).model(model);
    if !has_usb {
        // Without this word libvirt adds one.
        return vec![usb(ControllerModel::None)];
    }
    if work.guest.has_xhci() {
        return vec![usb(ControllerModel::QemuXhci).ports(XHCI_PORTS)];
    }
    match work.machine {
        Machine::Pc => vec![usb(ControllerModel::Piix3Uhci)],
        Machine::Q35 => vec![
            usb(ControllerModel::Ich9Ehci1),
            usb(ControllerModel::Ich9Uhci1).master(0_u32),
            usb(ControllerModel::Ich9Uhci2).master(2_u32),
            usb(ControllerModel::Ich9Uhci3).master(4_u32),
        ],
    }
}

fn account_controllers(work: &mut Work<'_>, path: &str) {
    let vm = work.vm;
    for controller in vm.controllers.values() {
        if !matches!(controller.id.bus, Bus::Usb | Bus::Ehci | Bus::Xhci) {
            continue;
        }
        for (id, field) in work.fields(&controller.ids) {
            if field == "present" {
                work.ledger.mapped(id, path);
            }
        }
    }
}

fn account_devices(work: &mut Work<'_>) {
    let vm = work.vm;
    let mut told = 0_usize;
    for device in vm
        .usb_devices
        .iter()
        .filter(|device| device.presence.is_present())
    {
        let kind = device
            .device_type
            .as_ref()
            .map(|setting| setting.value.trim());
        match kind.unwrap_or_default().to_ascii_lowercase().as_str() {
            "hub" => ignore_device(work, device, "a hub of VMware's controllers"),
            "hid" => ignore_device(work, device, "VMware's pointer; the domain has a tablet"),
            kind => {
                told = told.saturating_add(1);
                lose_device(work, device, kind, told <= TOLD);
            }
        }
    }
    tell_rest(work, "usb", told);
}

/// The keys of a device that say what it is and where it is plugged in.
fn is_known(field: &str) -> bool {
    matches!(
        field,
        "present" | "devicetype" | "port" | "parent" | "speed"
    )
}

fn ignore_device(work: &mut Work<'_>, device: &UsbDevice, why: &str) {
    for (id, field) in work.fields(&device.ids) {
        if is_known(field) {
            work.ledger.ignored(id, why);
        }
    }
}

fn lose_device(work: &mut Work<'_>, device: &UsbDevice, kind: &str, is_told: bool) {
    for (id, field) in work.fields(&device.ids) {
        if is_known(field) {
            work.ledger.not_carried(id, "a device of the old host");
        }
    }
    if is_told {
        let seen = device.device_type.as_ref().map(|setting| setting.id);
        let text = format!(
            "the device {} is one of the old host; plug it in with <hostdev type='usb'>",
            quoted(kind)
        );
        let subject = device.slot.to_string();
        work.info(finding::USB_DEVICE_NOT_CARRIED, subject, seen, text);
    }
}

/// `usb.autoConnect.deviceN`: what VMware plugs in by itself.
fn account_auto_connect(work: &mut Work<'_>) {
    let vm = work.vm;
    for (at, id) in vm.usb_auto_connect.iter().enumerate() {
        work.ledger.not_carried(*id, "a device of the old host");
        if at < TOLD {
            tell_auto_connect(work, *id);
        }
    }
    tell_rest(work, "usb.autoConnect", vm.usb_auto_connect.len());
}

fn tell_auto_connect(work: &mut Work<'_>, id: EntryId) {
    let value = work.document.entry(id).map_or("", |entry| entry.value());
    let text = format!(
        "the device {} of the old host was plugged in at the start; add it with <hostdev type='usb'>",
        quoted(value)
    );
    let subject = work.key(id);
    work.info(finding::USB_DEVICE_NOT_CARRIED, subject, id, text);
}

fn tell_rest(work: &mut Work<'_>, subject: &str, count: usize) {
    let rest = count.saturating_sub(TOLD);
    if rest > 0 {
        let text = format!("{rest} more devices of the old host were left out");
        work.info(finding::USB_DEVICE_NOT_CARRIED, subject, None, text);
    }
}
