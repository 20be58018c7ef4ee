//! Memory: its sizes stay, what it was on the old host goes.

use v2v_report::{Action, Severity};
use v2v_target::finding;
use v2v_target::policy::HugePages;
use v2v_xml::{NewElement, NodeId};

use super::domain::add_behind;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "memory-size",
        xpath: "/domain/memory",
        when: "another size is asked for, or it is missing",
        why: "memory and currentMemory stay as they are; --memory beats them",
        apply: set_size,
    },
    Rule {
        id: "memory-max",
        xpath: "/domain/maxMemory",
        when: "it is there without a NUMA cell, or --memory-max asks for it",
        why: "libvirt plugs memory into NUMA cells only",
        apply: set_max,
    },
    Rule {
        id: "memory-tune",
        xpath: "/domain/memtune",
        when: "it is there; stays with --keep-limits",
        why: "limits for the old host; a hard limit counts QEMU's own memory and ends the guest that reaches it",
        apply: set_tune,
    },
    Rule {
        id: "memory-backing",
        xpath: "/domain/memoryBacking",
        when: "it wants huge or locked pages, or --hugepages asks for them",
        why: "Xen did not look at it; on KVM the host has to have such pages before the guest starts",
        apply: set_backing,
    },
];

const KIB: u64 = 1024;

fn set_size(work: &mut Work<'_>) {
    let memory = work.first("memory");
    let Some(bytes) = work.policy.memory else {
        if memory.is_none() {
            let text = "no memory size, and a domain can't be without";
            let root = work.root();
            work.warn(finding::MEMORY_SIZE, "memory", root, text, "give --memory");
        }
        return;
    };
    let kib = bytes.div_ceil(KIB).max(1).to_string();
    match memory {
        Some(memory) => {
            set_kib(work, memory, &kib);
            if let Some(current) = work.first("currentMemory") {
                set_kib(work, current, &kib);
            }
        }
        None => {
            add_behind(work, &["name", "uuid"], in_kib("memory", &kib));
        }
    }
}

fn set_kib(work: &mut Work<'_>, id: NodeId, kib: &str) {
    work.set_attribute(id, "unit", "KiB");
    work.set_text(id, kib);
}

fn in_kib(name: &str, kib: &str) -> NewElement {
    NewElement::new(name).attribute("unit", "KiB").text(kib)
}

fn set_max(work: &mut Work<'_>) {
    let has_cell = work.policy.keep.affinity && work.first("cpu/numa/cell").is_some();
    if work.policy.memory_max.is_some() {
        let text = "--memory-max needs a NUMA cell for the memory to be plugged into";
        let action =
            "add <cpu><numa><cell id='0' cpus='...' memory='...'/></numa></cpu> and <maxMemory>";
        let at = work.first("memory");
        work.warn(finding::HOTADD_NOT_CARRIED, "memory", at, text, action);
    }
    if has_cell {
        return;
    }
    for max in work.all("maxMemory") {
        let text = format!(
            "maxMemory {} is not carried: KVM plugs memory into NUMA cells only",
            work.text(max)
        );
        let action = Action::manual("--keep-affinity, if the domain has NUMA cells");
        let severity = Severity::Info;
        work.tell(
            finding::HOTADD_NOT_CARRIED,
            severity,
            "memory",
            max,
            text,
            action,
        );
        work.remove(max);
    }
}

fn set_tune(work: &mut Work<'_>) {
    if !work.policy.keep.limits {
        for tune in work.all("memtune") {
            let limits: Vec<String> = work
                .document
                .elements(tune)
                .map(|id| format!("{} {}", work.document.name(id), work.text(id)))
                .collect();
            let text = format!("limits of the old host's memory: {}", limits.join(", "));
            let action = Action::manual("--keep-limits keeps them");
            let severity = Severity::Info;
            work.tell(
                finding::MEMORY_LIMIT,
                severity,
                "memory",
                tune,
                text,
                action,
            );
            work.remove(tune);
        }
    }
    let asked = work.policy.tuning.memtune;
    let limits = [
        ("hard_limit", asked.hard_limit),
        ("soft_limit", asked.soft_limit),
        ("swap_hard_limit", asked.swap_hard_limit),
    ];
    for (name, bytes) in limits {
        let Some(bytes) = bytes else { continue };
        let kib = bytes.div_ceil(KIB).to_string();
        match (
            work.first(&format!("memtune/{name}")),
            work.first("memtune"),
        ) {
            (Some(limit), _) => set_kib(work, limit, &kib),
            (None, Some(tune)) => drop(work.append(tune, in_kib(name, &kib))),
            (None, None) => {
                let tune = NewElement::new("memtune").child(in_kib(name, &kib));
                add_behind(work, &["memory", "currentMemory"], tune);
            }
        }
    }
}

fn set_backing(work: &mut Work<'_>) {
    for name in ["hugepages", "locked"] {
        for id in work.all(&format!("memoryBacking/{name}")) {
            let text = format!("memoryBacking asks for {name}; Xen did not look at it, KVM does");
            let action = Action::manual("see that the host has the pages, or remove it");
            let severity = Severity::Info;
            work.tell(
                finding::MEMORY_RESERVATION,
                severity,
                "memory",
                id,
                text,
                action,
            );
        }
    }
    let Some(pages) = work.policy.tuning.huge_pages else {
        return;
    };
    let mut huge = NewElement::new("hugepages");
    if let HugePages::Size(bytes) = pages {
        let page = NewElement::new("page")
            .attribute("size", bytes.div_ceil(KIB).to_string())
            .attribute("unit", "KiB");
        huge = huge.child(page);
    }
    match (
        work.first("memoryBacking/hugepages"),
        work.first("memoryBacking"),
    ) {
        (Some(_), _) => {}
        (None, Some(backing)) => drop(work.append(backing, huge)),
        (None, None) => {
            let backing = NewElement::new("memoryBacking").child(huge);
            add_behind(work, &["memory", "currentMemory", "memtune"], backing);
        }
    }
}
