//! Processors: how many, where they run, what they can do.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{Affinity, CpuRange, CpuSet, Cpuid, EntryId, Setting, VirtualNode};
use v2v_xml::NewElement;

use super::build::{Build, element, leaf};
use super::draft::{Draft, is_on};

/// No host that runs Xen has more processors.
const HOST_CPUS: usize = 4096;

/// `<vcpu>` and what limits it.
pub(super) fn vcpus(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let cpu = &draft.guest.cpu;
    let current = count(draft, &cpu.vcpus, "/domain/vcpu");
    let most = count(draft, &cpu.maxvcpus, "/domain/vcpu");
    let current = current.unwrap_or(1);
    let most = most.unwrap_or(current).max(current);
    let (cpuset, pins) = affinity(draft, most);
    let current = (current != most).then(|| current.to_string());
    let vcpu = leaf("vcpu", &most.to_string())
        .attribute("placement", "static")
        .set_if("cpuset", cpuset.as_deref())
        .set_if("current", current.as_deref());
    let limits = limits(draft)
        .into_iter()
        .chain(pins)
        .fold(None, |tune, child| {
            Some(tune.unwrap_or_else(|| element("cputune")).child(child))
        });
    std::iter::once(vcpu).chain(limits).collect()
}

/// A number of processors; `None` for one that libvirt does not take.
fn count(draft: &mut Draft<'_>, setting: &Option<Setting<u32>>, to: &str) -> Option<u32> {
    let setting = setting.as_ref()?;
    // libvirt keeps the number in 16 bits.
    if (1..=u32::from(u16::MAX)).contains(&setting.value) {
        draft.mapped(setting.id, to);
        return Some(setting.value);
    }
    let text = format!(
        "{} is a number of processors that no guest has",
        setting.value
    );
    let action = "correct the number in the result";
    draft.lose(
        setting.id,
        finding::CPU_COUNT,
        Severity::Warn,
        &text,
        action,
    );
    None
}

/// The host's processors for all virtual ones, and for each.
fn affinity(draft: &mut Draft<'_>, most: u32) -> (Option<String>, Vec<NewElement>) {
    let cpu = &draft.guest.cpu;
    if let Some(soft) = &cpu.cpus_soft {
        let text = "a preference for processors of the Xen host; libvirt only knows places that are binding";
        draft.lose(soft.id, finding::CPU_AFFINITY, Severity::Info, text, "");
    }
    let Some(setting) = &cpu.cpus else {
        return (None, Vec::new());
    };
    match &setting.value {
        Affinity::All(set) => (place(draft, setting.id, set, "/domain/vcpu"), Vec::new()),
        Affinity::Each(sets) => {
            let pins = (0..most).zip(sets).filter_map(|(vcpu, set)| {
                let cpuset = place(draft, setting.id, set, "/domain/cputune/vcpupin")?;
                let pin = element("vcpupin").attribute("vcpu", vcpu.to_string());
                Some(pin.set("cpuset", &cpuset))
            });
            (None, pins.collect())
        }
    }
}

/// A set of the host's processors in libvirt's words; `None` if it is no restriction or the host decided.
fn place(draft: &mut Draft<'_>, id: EntryId, set: &CpuSet, to: &str) -> Option<String> {
    if set.parts.contains(&CpuRange::All) {
        draft.ignored(id, "any processor of the host");
        return None;
    }
    match cpuset(set) {
        Some(text) => {
            draft.mapped(id, to);
            Some(text)
        }
        None => {
            let text = "places on the Xen host by its NUMA nodes, or none at all";
            draft.lose(id, finding::CPU_AFFINITY, Severity::Info, text, "");
            None
        }
    }
}

/// `0-3,^2` as `0-1,3`; `None` for nodes, numbers that no host has, and an empty set.
fn cpuset(set: &CpuSet) -> Option<String> {
    let mut cpus = vec![false; HOST_CPUS];
    for part in &set.parts {
        let CpuRange::Cpus {
            first,
            last,
            is_excluded,
        } = *part
        else {
            return None;
        };
        let first = usize::try_from(first).ok()?;
        let last = usize::try_from(last).ok()?;
        cpus.get_mut(first..=last)?.fill(!is_excluded);
    }
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for cpu in (0..)
        .zip(cpus)
        .filter_map(|(cpu, is_in)| is_in.then_some(cpu))
    {
        match ranges.last_mut() {
            Some((_, last)) if last.saturating_add(1) == cpu => *last = cpu,
            _ => ranges.push((cpu, cpu)),
        }
    }
    let ranges = ranges.into_iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    let ranges: Vec<String> = ranges.collect();
    (!ranges.is_empty()).then(|| ranges.join(","))
}

/// Weight and cap. Xen's weight of 256 is the 1024 of cgroups.
fn limits(draft: &mut Draft<'_>) -> Vec<NewElement> {
    const NORMAL_WEIGHT: u32 = 256;
    const PERIOD_US: u64 = 100_000;
    let cpu = &draft.guest.cpu;
    let mut out = Vec::new();
    match &cpu.cpu_weight {
        Some(weight) if weight.value == NORMAL_WEIGHT => {
            draft.ignored(weight.id, "the normal weight");
        }
        Some(weight) => {
            draft.mapped_because(
                weight.id,
                "/domain/cputune/shares",
                "four times Xen's weight",
            );
            let shares = u64::from(weight.value).saturating_mul(4);
            out.push(leaf("shares", &shares.to_string()));
        }
        None => {}
    }
    match &cpu.cap {
        Some(cap) if cap.value == 0 => draft.ignored(cap.id, "no cap"),
        Some(cap) => {
            let reason = "percent of one processor, for the guest as a whole";
            draft.mapped_because(cap.id, "/domain/cputune/global_quota", reason);
            let quota = u64::from(cap.value).saturating_mul(PERIOD_US / 100);
            out.push(leaf("global_period", &PERIOD_US.to_string()));
            out.push(leaf("global_quota", &quota.to_string()));
        }
        None => {}
    }
    if let Some(pool) = &cpu.pool {
        draft.ignored(pool.id, "a pool of processors of the Xen host");
    }
    out
}

/// `<cpu>`: nested virtualisation, masks, virtual NUMA.
pub(super) fn cpu(draft: &mut Draft<'_>) -> Option<NewElement> {
    let is_nested = is_on(&draft.guest.features.nested_hvm, false);
    if let Some(nested) = &draft.guest.features.nested_hvm {
        match nested.value {
            true => draft.mapped(nested.id, "/domain/cpu"),
            false => draft.ignored(nested.id, "off, as it is for KVM guests"),
        }
    }
    let features = masks(draft);
    let cells = numa(draft);
    if !is_nested && features.is_none() && cells.is_empty() {
        return None;
    }
    let mut cpu = element("cpu");
    if is_nested || features.is_some() {
        cpu = cpu.attribute("mode", "host-passthrough");
    }
    cpu = cpu.put(features.unwrap_or_default());
    if !cells.is_empty() {
        cpu = cpu.child(element("numa").put(cells));
    }
    Some(cpu)
}

/// `cpuid`; `None` if there are no masks. libvirt's reader does the same, and refuses the lines of registers.
fn masks(draft: &mut Draft<'_>) -> Option<Vec<NewElement>> {
    let setting = draft.guest.cpu.cpuid.as_ref()?;
    let Cpuid::Flags(flags) = &setting.value else {
        let text = "masks of CPUID registers of the Xen host; --cpu chooses the processor on KVM";
        draft.lose(setting.id, finding::CPU_MASKS, Severity::Info, text, "");
        return None;
    };
    draft.mapped(setting.id, "/domain/cpu");
    let features = flags.iter().filter_map(|(name, value)| {
        let policy = match value.as_str() {
            "1" => "force",
            "0" => "disable",
            "x" => "optional",
            "k" | "s" => "require",
            _ => return None,
        };
        let feature = element("feature").attribute("policy", policy);
        Some(feature.set("name", flag_name(name)))
    });
    let mut features: Vec<NewElement> = features.collect();
    if !is_on(&draft.guest.features.nested_hvm, false) {
        // Without a word, libvirt takes a domain with this mode for one that has virtual machines of its own.
        let off = |name| {
            element("feature")
                .attribute("policy", "disable")
                .attribute("name", name)
        };
        let named = |name: &str| flags.iter().any(|(flag, _)| flag == name);
        features.extend(
            ["vmx", "svm"]
                .into_iter()
                .filter(|name| !named(name))
                .map(off),
        );
    }
    Some(features)
}

/// libvirt's name of a flag that xl calls otherwise.
fn flag_name(name: &str) -> &str {
    match name {
        "sse3" => "pni",
        "page1gb" => "pdpe1gb",
        _ => name,
    }
}

fn numa(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let nodes = &draft.guest.vnuma;
    for node in nodes {
        draft.mapped(node.id, "/domain/cpu/numa");
    }
    (0_usize..)
        .zip(nodes)
        .map(|(id, node)| cell(id, &node.value))
        .collect()
}

fn cell(id: usize, node: &VirtualNode) -> NewElement {
    let cpus = node.vcpus.as_ref().and_then(cpuset);
    let kib = node.size_mib.unwrap_or_default().saturating_mul(1024);
    let distances = (0_usize..).zip(&node.distances).map(|(id, value)| {
        element("sibling")
            .attribute("id", id.to_string())
            .attribute("value", value.to_string())
    });
    let cell = element("cell")
        .attribute("id", id.to_string())
        .set_if("cpus", cpus.as_deref())
        .attribute("memory", kib.to_string())
        .attribute("unit", "KiB");
    match node.distances.is_empty() {
        true => cell,
        false => cell.child(element("distances").put(distances)),
    }
}
