//! Processors: their number stays, their place on the old host goes.

use v2v_report::{Action, Severity};
use v2v_target::finding;
use v2v_target::policy::CpuChoice;
use v2v_xml::{NewElement, NodeId};

use super::domain::add_behind;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "vcpu-max",
        xpath: "/domain/vcpu",
        when: "--vcpu-max asks for more",
        why: "processors that can be added while the guest runs; the number at start stays",
        apply: set_max,
    },
    Rule {
        id: "vcpu-cpuset",
        xpath: "/domain/vcpu/@cpuset",
        when: "it is there; stays with --keep-affinity",
        why: "numbers of the old host's processors",
        apply: remove_cpuset,
    },
    Rule {
        id: "cputune-pin",
        xpath: "/domain/cputune/vcpupin",
        when: "it is there, also other pins and real-time schedulers; stays with --keep-affinity",
        why: "numbers of the old host's processors; shares and quotas stay",
        apply: remove_pins,
    },
    Rule {
        id: "numatune",
        xpath: "/domain/numatune",
        when: "it is there; stays with --keep-affinity",
        why: "numbers of the old host's NUMA nodes",
        apply: remove_numatune,
    },
    Rule {
        id: "cpu-numa",
        xpath: "/domain/cpu/numa",
        when: "it is there; stays with --keep-affinity",
        why: "virtual nodes made to match the old host's",
        apply: remove_numa,
    },
    Rule {
        id: "cpu-feature",
        xpath: "/domain/cpu/feature",
        when: "it is there",
        why: "masks of the old host's CPUID; only whether the guest has virtual machines of its own is carried",
        apply: change_features,
    },
    Rule {
        id: "cpu-topology",
        xpath: "/domain/cpu/topology",
        when: "its product is not the number of processors",
        why: "Xen did not look at it, QEMU refuses it",
        apply: remove_topology,
    },
    Rule {
        id: "cpu-mode",
        xpath: "/domain/cpu",
        when: "it is missing, says no model, or --cpu asks for another",
        why: "a Xen guest sees the host's processor; without a model KVM shows one of 2003",
        apply: set_cpu,
    },
];

fn set_max(work: &mut Work<'_>) {
    let (Some(max), Some(vcpu)) = (work.policy.vcpu_max, work.first("vcpu")) else {
        return;
    };
    let text = work.text(vcpu);
    let Some(count) = text.parse().ok().filter(|count: &u32| *count < max) else {
        return;
    };
    if work.document.attribute(vcpu, "current").is_none() {
        work.set_attribute(vcpu, "current", &count.to_string());
    }
    work.set_text(vcpu, &max.to_string());
}

fn remove_cpuset(work: &mut Work<'_>) {
    if work.policy.keep.affinity {
        return;
    }
    for vcpu in work.all("vcpu") {
        if work.attribute(vcpu, "placement") == "auto" {
            work.set_attribute(vcpu, "placement", "static");
        }
        let set = work.attribute(vcpu, "cpuset");
        if work.document.attribute(vcpu, "cpuset").is_none() {
            continue;
        }
        let text = format!("the guest ran on processors {set} of the old host");
        let action =
            format!("--keep-affinity, or <vcpu cpuset='{set}'> with numbers of the new one");
        tell(work, finding::CPU_AFFINITY, "vcpu", vcpu, text, action);
        work.remove_attribute(vcpu, "cpuset");
    }
}

/// What of `cputune` names processors, cache or schedulers of the host.
const PINS: &[&str] = &[
    "vcpupin",
    "emulatorpin",
    "iothreadpin",
    "vcpusched",
    "emulatorsched",
    "iothreadsched",
    "cachetune",
    "memorytune",
];

fn remove_pins(work: &mut Work<'_>) {
    if work.policy.keep.affinity {
        return;
    }
    for tune in work.all("cputune") {
        let pins: Vec<NodeId> = work
            .document
            .elements(tune)
            .filter(|id| PINS.contains(&work.document.name(*id)))
            .collect();
        let Some(first) = pins.first().copied() else {
            continue;
        };
        let listed: Vec<String> = pins
            .iter()
            .map(|id| work.document.print_node(*id))
            .collect();
        let text = format!("pinned to the old host: {}", listed.join(" "));
        let action = "--keep-affinity, or the same with numbers of the new host";
        tell(work, finding::CPU_AFFINITY, "cputune", first, text, action);
        let rest = work
            .document
            .elements(tune)
            .count()
            .saturating_sub(pins.len());
        if rest == 0 {
            work.remove(tune);
            continue;
        }
        for pin in pins {
            work.remove(pin);
        }
    }
}

fn remove_numatune(work: &mut Work<'_>) {
    if work.policy.keep.affinity {
        return;
    }
    for tune in work.all("numatune") {
        let text = "the guest's memory was bound to NUMA nodes of the old host";
        let action = "--keep-affinity, or <numatune> with nodes of the new one";
        tell(
            work,
            finding::NUMA_NOT_CARRIED,
            "numatune",
            tune,
            text,
            action,
        );
        work.remove(tune);
    }
}

fn remove_numa(work: &mut Work<'_>) {
    if work.policy.keep.affinity {
        return;
    }
    for numa in work.all("cpu/numa") {
        let cells: Vec<String> = work
            .document
            .find_all(numa, "cell")
            .into_iter()
            .map(|cell| {
                let of = |name| work.attribute(cell, name);
                format!(
                    "processors {} with {} {}",
                    of("cpus"),
                    of("memory"),
                    of("unit")
                )
            })
            .collect();
        let text = format!(
            "the guest had {} NUMA nodes: {}",
            cells.len(),
            cells.join("; ")
        );
        let action = "--keep-affinity keeps them";
        tell(work, finding::NUMA_NOT_CARRIED, "numa", numa, text, action);
        work.remove(numa);
    }
}

fn change_features(work: &mut Work<'_>) {
    let features = work.all("cpu/feature");
    let (nesting, masks): (Vec<NodeId>, Vec<NodeId>) = features
        .into_iter()
        .partition(|id| matches!(work.attribute(*id, "name").as_str(), "vmx" | "svm"));
    for id in nesting {
        change_nesting(work, id);
    }
    let Some(first) = masks.first().copied() else {
        return;
    };
    let listed: Vec<String> = masks
        .iter()
        .map(|id| {
            format!(
                "{} {}",
                work.attribute(*id, "policy"),
                work.attribute(*id, "name")
            )
        })
        .collect();
    let text = format!(
        "CPUID masks of the old host are not carried: {}",
        listed.join(", ")
    );
    let action =
        "--cpu MODEL, or <feature policy='...' name='...'/> in <cpu>, if the guest needs one";
    tell(work, finding::CPU_MASKS, "cpu", first, text, action);
    for id in masks {
        work.remove(id);
    }
}

/// `vmx` and `svm` are one switch on Xen, `nestedhvm`. Here a required one would refuse to start on the other maker's
/// processor, a forbidden one on a host that has it.
fn change_nesting(work: &mut Work<'_>, id: NodeId) {
    let policy = work.attribute(id, "policy");
    if matches!(policy.as_str(), "disable" | "forbid") {
        work.set_attribute(id, "policy", "disable");
        return;
    }
    work.set_attribute(id, "policy", "optional");
    let name = work.attribute(id, "name");
    let text = format!("the guest may have virtual machines of its own ({name})");
    let action = "the KVM host must allow it: nested=1 of kvm_intel or kvm_amd";
    tell(
        work,
        finding::NESTED_VIRTUALISATION,
        "cpu",
        id,
        text,
        action,
    );
}

fn remove_topology(work: &mut Work<'_>) {
    let count = work
        .first("vcpu")
        .map_or_else(|| "1".to_owned(), |id| work.text(id));
    let Ok(count) = count.parse::<u64>() else {
        return;
    };
    for topology in work.all("cpu/topology") {
        let of = |name| {
            let text = work.attribute(topology, name);
            if text.is_empty() {
                Some(1)
            } else {
                text.parse::<u64>().ok()
            }
        };
        let parts = ["sockets", "dies", "clusters", "cores", "threads"];
        let product = parts
            .into_iter()
            .try_fold(1_u64, |product, name| product.checked_mul(of(name)?));
        if product == Some(count) {
            continue;
        }
        let found = work.document.print_node(topology);
        let text = format!("{found} does not make {count} processors; each is a socket now");
        let action = "write one that does, if licences count sockets";
        work.warn(
            finding::CPU_TOPOLOGY_REMAINDER,
            "cpu",
            topology,
            text,
            action,
        );
        work.remove(topology);
    }
}

/// For libvirt's Xen driver `host-passthrough` means nested virtualisation, unless `vmx` or `svm` is switched off.
fn tell_nesting(work: &mut Work<'_>, cpu: NodeId) {
    let is_said = ["vmx", "svm"].iter().any(|name| {
        work.first(&format!("cpu/feature[@name='{name}']"))
            .is_some()
    });
    if is_said || work.attribute(cpu, "mode") != "host-passthrough" {
        return;
    }
    let text = "mode host-passthrough let the guest have virtual machines of its own on Xen";
    let action = "if it has some, the KVM host must allow it: nested=1 of kvm_intel or kvm_amd";
    tell(
        work,
        finding::NESTED_VIRTUALISATION,
        "cpu",
        cpu,
        text,
        action,
    );
}

fn set_cpu(work: &mut Work<'_>) {
    if let Some(cpu) = work.first("cpu") {
        tell_nesting(work, cpu);
    }
    let choice = work.policy.cpu.clone();
    let Some(cpu) = work.first("cpu") else {
        let places = ["name", "memory", "vcpu", "os", "features"];
        add_behind(work, &places, choose(NewElement::new("cpu"), &choice));
        return;
    };
    let says_model =
        !work.attribute(cpu, "mode").is_empty() || work.document.child(cpu, "model").is_some();
    if choice == CpuChoice::HostModel && says_model {
        return;
    }
    for name in ["match", "check", "migratable"] {
        work.remove_attribute(cpu, name);
    }
    for name in ["model", "vendor"] {
        for id in work.document.find_all(cpu, name) {
            work.remove(id);
        }
    }
    work.set_attribute(cpu, "mode", mode(&choice));
    if let CpuChoice::Named(model) = &choice {
        work.set_attribute(cpu, "match", "exact");
        let model = NewElement::new("model").text(model);
        let first = work.document.elements(cpu).next();
        match first {
            Some(first) => work.insert_before(first, model),
            None => work.append(cpu, model),
        };
    }
}

fn mode(choice: &CpuChoice) -> &'static str {
    match choice {
        CpuChoice::HostModel => "host-model",
        CpuChoice::HostPassthrough => "host-passthrough",
        CpuChoice::Maximum => "maximum",
        CpuChoice::Named(_) => "custom",
    }
}

fn choose(cpu: NewElement, choice: &CpuChoice) -> NewElement {
    let cpu = cpu.attribute("mode", mode(choice));
    match choice {
        CpuChoice::Named(model) => cpu
            .attribute("match", "exact")
            .child(NewElement::new("model").text(model)),
        _ => cpu,
    }
}

/// Says for the record what a person may do by hand.
fn tell(
    work: &mut Work<'_>,
    id: v2v_report::FindingId,
    subject: &str,
    at: NodeId,
    text: impl Into<String>,
    action: impl Into<String>,
) {
    let action = Action::manual(action);
    work.tell(id, Severity::Info, subject, at, text, action);
}
