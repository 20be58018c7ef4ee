//! Features of the virtual hardware, and what of them is Xen's own.

use v2v_xml::{NewElement, NodeId};

use super::boot::wants_secure_boot;
use super::domain::add_behind;
use crate::rule::Rule;
use crate::work::Work;
use v2v_target::policy::Firmware;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "features-acpi",
        xpath: "/domain/features",
        when: "the guest was paravirtual, or starts by EFI, and acpi or apic are missing",
        why: "a paravirtual guest had neither; without ACPI a PC can't be shut down, and OVMF does not start",
        apply: add_acpi,
    },
    Rule {
        id: "features-xen",
        xpath: "/domain/features/xen",
        when: "it is there, also hap and privnet",
        why: "settings of the Xen hypervisor: KVM always uses the processor's page tables, and has no E820 map of the host",
        apply: remove_xen_features,
    },
    Rule {
        id: "features-viridian",
        xpath: "/domain/features/viridian",
        when: "it is there",
        why: "Xen's name for the interfaces of Hyper-V that Windows uses",
        apply: replace_viridian,
    },
    Rule {
        id: "features-hyperv",
        xpath: "/domain/features/hyperv",
        when: "an interface is on without another that KVM needs for it",
        why: "QEMU refuses stimer without synic, and synic, tlbflush and ipi without vpindex",
        apply: complete_hyperv,
    },
    Rule {
        id: "features-smm",
        xpath: "/domain/features/smm",
        when: "Secure Boot is asked for",
        why: "only the firmware may write its variables, and system management mode sees to that",
        apply: add_smm,
    },
];

/// How often a spinning guest looks before it tells the hypervisor; what virt-manager writes.
const SPINLOCK_RETRIES: &str = "8191";

/// `<features>`, which is made if there is none.
fn features(work: &mut Work<'_>) -> Option<NodeId> {
    match work.first("features") {
        Some(features) => Some(features),
        None => add_behind(
            work,
            &["name", "memory", "vcpu", "os"],
            NewElement::new("features"),
        ),
    }
}

fn add_acpi(work: &mut Work<'_>) {
    let mut wanted = Vec::new();
    if work.boot.is_paravirtual() {
        wanted.extend(["acpi", "apic"]);
    } else if work.firmware == Firmware::Efi {
        wanted.push("acpi");
    }
    wanted.retain(|name| work.first(&format!("features/{name}")).is_none());
    if wanted.is_empty() {
        return;
    }
    let Some(features) = features(work) else {
        return;
    };
    for name in wanted {
        work.append(features, NewElement::new(name));
    }
}

fn remove_xen_features(work: &mut Work<'_>) {
    for name in ["xen", "hap", "privnet"] {
        for id in work.all(&format!("features/{name}")) {
            work.remove(id);
        }
    }
}

fn replace_viridian(work: &mut Work<'_>) {
    for viridian in work.all("features/viridian") {
        let is_off = work.attribute(viridian, "state") == "off";
        if is_off || work.first("features/hyperv").is_some() {
            work.remove(viridian);
            continue;
        }
        let spinlocks = state_on("spinlocks").attribute("retries", SPINLOCK_RETRIES);
        let hyperv = NewElement::new("hyperv")
            .child(state_on("relaxed"))
            .child(state_on("vapic"))
            .child(spinlocks);
        work.replace(viridian, hyperv);
    }
}

fn state_on(name: &str) -> NewElement {
    NewElement::new(name).attribute("state", "on")
}

/// What KVM needs for what: QEMU's `kvm_hyperv_properties`.
const NEEDS: &[(&str, &str)] = &[
    ("stimer", "synic"),
    ("stimer", "vpindex"),
    ("synic", "vpindex"),
    ("tlbflush", "vpindex"),
    ("ipi", "vpindex"),
];

fn complete_hyperv(work: &mut Work<'_>) {
    for hyperv in work.all("features/hyperv") {
        for (feature, needed) in NEEDS {
            if !is_on(work, hyperv, feature) || is_on(work, hyperv, needed) {
                continue;
            }
            match work.document.child(hyperv, needed) {
                Some(id) => work.set_attribute(id, "state", "on"),
                None => drop(work.append(hyperv, state_on(needed))),
            }
        }
    }
}

/// Whether a feature of `hyperv` is on.
pub(super) fn is_on(work: &Work<'_>, hyperv: NodeId, name: &str) -> bool {
    let feature = work.document.child(hyperv, name);
    feature.is_some_and(|id| work.attribute(id, "state") == "on")
}

fn add_smm(work: &mut Work<'_>) {
    if !wants_secure_boot(work) {
        return;
    }
    if let Some(smm) = work.first("features/smm") {
        work.set_attribute(smm, "state", "on");
    } else if let Some(features) = features(work) {
        work.append(features, state_on("smm"));
    }
}
