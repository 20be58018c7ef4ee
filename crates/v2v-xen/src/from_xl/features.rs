//! What the hardware can do, and the clock.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{TscMode, Viridian};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::draft::{Draft, id, is_on};

pub(super) fn features(draft: &mut Draft<'_>) -> Option<NewElement> {
    let mut list = Vec::new();
    if draft.is_hvm() {
        list.extend(emulated(draft));
    } else {
        let features = &draft.guest.features;
        let ids = [
            id(&features.acpi),
            id(&features.apic),
            id(&features.pae),
            id(&features.hap),
        ];
        draft.all_ignored(ids, "of a fully virtual machine, which this is not");
        let ids = [id(&features.viridian)];
        draft.all_ignored(ids, "of a fully virtual machine, which this is not");
    }
    list.extend(of_xen(draft));
    let features = &draft.guest.features;
    draft.all_ignored([id(&features.nx)], "every processor of today has it");
    let ids = [id(&features.altp2m), id(&features.altp2mhvm)];
    draft.all_ignored(ids, "page tables for introspection on Xen");
    draft.all_ignored(
        [id(&features.xen_platform_pci)],
        "the device that PV drivers look for; KVM has none",
    );
    (!list.is_empty()).then(|| element("features").put(list))
}

/// On by default but viridian; libvirt's reader and xl agree.
fn emulated(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let features = &draft.guest.features;
    let mut list = Vec::new();
    for (name, setting) in [
        ("acpi", &features.acpi),
        ("apic", &features.apic),
        ("pae", &features.pae),
    ] {
        let is_on = is_on(setting, true);
        if is_on {
            list.push(element(name));
        }
        match setting {
            Some(setting) if is_on => draft.mapped(setting.id, &format!("/domain/features/{name}")),
            Some(setting) => {
                draft.mapped_because(setting.id, "/domain", &format!("without features/{name}"))
            }
            None => {}
        }
    }
    match &features.hap {
        Some(hap) if hap.value => draft.ignored(hap.id, "on, as it is by default"),
        Some(hap) => {
            draft.mapped(hap.id, "/domain/features/hap");
            list.push(element("hap").attribute("state", "off"));
        }
        None => {}
    }
    match &features.viridian {
        Some(viridian) if viridian.value.is_enabled() => {
            let reason = match viridian.value {
                Viridian::Defaults(_) => "",
                Viridian::Groups(_) => "as a whole, without its groups",
            };
            draft.mapped_because(viridian.id, "/domain/features/viridian", reason);
            list.push(element("viridian"));
        }
        Some(viridian) => draft.ignored(viridian.id, "off, as it is by default"),
        None => {}
    }
    list
}

/// `<xen>`: the memory map of the host, and how the IOMMU is used.
fn of_xen(draft: &mut Draft<'_>) -> Option<NewElement> {
    let features = &draft.guest.features;
    let mut list = Vec::new();
    match &features.e820_host {
        Some(e820) if e820.value && !draft.is_hvm() => {
            draft.mapped(e820.id, "/domain/features/xen/e820_host");
            list.push(element("e820_host").attribute("state", "on"));
        }
        Some(e820) => draft.ignored(e820.id, "off, or of no meaning for this type of guest"),
        None => {}
    }
    if let Some(passthrough) = &features.passthrough {
        draft.mapped(passthrough.id, "/domain/features/xen/passthrough");
        let on = |state| element("passthrough").attribute("state", state);
        list.push(match passthrough.value.trim() {
            "disabled" => on("off"),
            mode @ ("sync_pt" | "share_pt") => on("on").attribute("mode", mode),
            _ => on("on"),
        });
    }
    (!list.is_empty()).then(|| element("xen").put(list))
}

pub(super) fn clock(draft: &mut Draft<'_>) -> NewElement {
    let clock = &draft.guest.clock;
    let basis = match is_on(&clock.localtime, false) {
        true => "localtime",
        false => "utc",
    };
    let seconds = clock
        .rtc_offset_seconds
        .as_ref()
        .map_or(0, |setting| setting.value);
    draft.all_mapped(
        [id(&clock.localtime), id(&clock.rtc_offset_seconds)],
        "/domain/clock",
    );
    // PV guests have no RTC, so libvirt's reader drops their offset; but Xen applies it to the time it gives them.
    let element = match draft.is_hvm() || seconds != 0 {
        true => element("clock")
            .attribute("offset", "variable")
            .attribute("adjustment", seconds.to_string())
            .attribute("basis", basis),
        false => element("clock")
            .attribute("offset", basis)
            .attribute("adjustment", "reset"),
    };
    element.put(timers(draft))
}

fn timers(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let clock = &draft.guest.clock;
    let mut list = Vec::new();
    if let Some(tsc) = &clock.tsc_mode {
        let mode = match tsc.value {
            TscMode::Default => "auto",
            TscMode::AlwaysEmulate => "emulate",
            TscMode::Native => "native",
            TscMode::NativeParavirt => "paravirt",
        };
        draft.mapped(tsc.id, "/domain/clock/timer[@name='tsc']");
        list.push(timer("tsc", true).attribute("mode", mode));
    }
    match &clock.hpet {
        Some(hpet) if draft.is_hvm() => {
            draft.mapped(hpet.id, "/domain/clock/timer[@name='hpet']");
            list.push(timer("hpet", hpet.value));
        }
        Some(hpet) => draft.ignored(hpet.id, "of a fully virtual machine, which this is not"),
        None => {}
    }
    if let Some(mode) = &clock.timer_mode {
        let text = "how Xen's timers catch up; KVM's are chosen with <timer tickpolicy>";
        draft.lose(
            mode.id,
            finding::CLOCK_TIMER_NOT_CARRIED,
            Severity::Info,
            text,
            "",
        );
    }
    draft.all_ignored([id(&clock.vpt_align)], "timers of Xen");
    list
}

fn timer(name: &str, is_present: bool) -> NewElement {
    let present = if is_present { "yes" } else { "no" };
    element("timer")
        .attribute("name", name)
        .attribute("present", present)
}
