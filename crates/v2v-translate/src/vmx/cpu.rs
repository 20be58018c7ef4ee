//! Processors: how many, how they are arranged, and what of the scheduler's settings means something on another host.

use v2v_domain::{
    Cpu as CpuElement, CpuFeature, CpuMode, CpuTune, FeaturePolicy, FeatureState, IoApic, Iommu,
    IommuDriver, IommuModel, KvmFeatures, Numa, NumaCell, Topology, Unit, Vcpu,
};
use v2v_report::{Action, Severity};
use v2v_vmx::{Affinity, EntryId, Limit, Setting, Shares};

use super::Work;
use super::text::quoted;
use crate::finding;
use crate::policy::{CpuChoice, Machine};

/// More than any product gives to a VM (768 on ESXi 8), and as many as QEMU's q35 takes.
const MAX_VCPUS: u32 = 4096;

/// From this number on a PC needs an IOMMU that extends interrupt ids (x2APIC).
const NEEDS_EIM: u32 = 256;

/// The scheduler's period in microseconds, libvirt's own default.
const PERIOD: u64 = 100_000;

/// What libvirt takes as `shares` with control groups of either version.
const SHARES: std::ops::RangeInclusive<u64> = 2..=10_000;

/// Writes processors, their topology and their tuning.
pub(super) fn write(work: &mut Work<'_>) {
    let count = count(work);
    let max = max_count(work, count);
    let mut vcpu = Vcpu::new(max);
    if max > count {
        vcpu = vcpu.current(count);
    }
    work.domain.vcpu = Some(vcpu);
    let mut cpu = model(work);
    if let Some(topology) = topology(work, count, max) {
        cpu = cpu.topology(topology);
    }
    if let Some(numa) = numa(work, max) {
        cpu = cpu.numa(numa);
    }
    work.domain.cpu = Some(cpu);
    write_many(work, max);
    write_features(work);
    write_shares(work, count);
    write_limits(work, count);
    write_affinity(work);
    write_latency(work);
}

fn count(work: &mut Work<'_>) -> u32 {
    match work.vm.cpu.count {
        Some(said) if (1..=MAX_VCPUS).contains(&said.value) => {
            work.ledger.mapped(said.id, "/domain/vcpu");
            said.value
        }
        Some(said) => {
            let text = format!(
                "{} processors, expected 1 to {MAX_VCPUS}; the domain has 1",
                said.value
            );
            work.warn(
                finding::CPU_COUNT,
                "numvcpus",
                said.id,
                text,
                "correct numvcpus",
            );
            work.ledger
                .not_carried(said.id, "no number of processors that a VM can have");
            1
        }
        None => {
            if let Some(entry) = work.document.get("numvcpus") {
                let (id, text) = (
                    entry.id(),
                    "the number of processors is not readable; the domain has 1",
                );
                work.warn(finding::CPU_COUNT, "numvcpus", id, text, "correct numvcpus");
            }
            1
        }
    }
}

/// The upper limit for hot-add, which is `count` without one.
fn max_count(work: &mut Work<'_>, count: u32) -> u32 {
    let hot_add = work.vm.cpu.hot_add;
    if let Some(remove) = work.vm.cpu.hot_remove {
        work.ledger.ignored(
            remove.id,
            "KVM takes processors away where the guest lets it",
        );
    }
    let asked = work.policy.vcpu_max.map(|max| max.min(MAX_VCPUS));
    match (asked, hot_add) {
        (Some(max), hot_add) if max > count => {
            if let Some(hot_add) = hot_add {
                work.ledger.mapped(hot_add.id, "/domain/vcpu");
            }
            max
        }
        (_, Some(hot_add)) if hot_add.value => {
            let text = "processors could be added while the VM runs";
            let action = Action::manual("--vcpu-max N allows it");
            work.tell(
                finding::HOTADD_NOT_CARRIED,
                Severity::Info,
                "vcpu.hotadd",
                hot_add.id,
                text,
                action,
            );
            work.ledger.not_carried(
                hot_add.id,
                "libvirt wants an upper limit; --vcpu-max gives one",
            );
            count
        }
        (_, hot_add) => {
            if let Some(hot_add) = hot_add {
                work.ledger.ignored(hot_add.id, "it was off");
            }
            count
        }
    }
}

fn model(work: &Work<'_>) -> CpuElement {
    match &work.policy.cpu {
        CpuChoice::HostModel => CpuElement::host_model(),
        CpuChoice::HostPassthrough => CpuElement::host_passthrough(),
        CpuChoice::Maximum => CpuElement::default().mode(CpuMode::Maximum),
        CpuChoice::Named(name) => CpuElement::custom(name.clone()),
    }
}

/// The arrangement in sockets and cores. Its product is the number of processors, or QEMU refuses it.
///
/// `None` leaves one core a socket, which is what a missing key means and what QEMU does for one processor.
fn topology(work: &mut Work<'_>, count: u32, max: u32) -> Option<Topology> {
    let path = "/domain/cpu/topology";
    let Some(said) = work.vm.cpu.cores_per_socket else {
        return (max > 1).then(|| Topology::new(max, 1, 1));
    };
    let cores = said.value;
    if cores > 0 && count.checked_rem(cores) == Some(0) && max.checked_rem(cores) == Some(0) {
        work.ledger.mapped(said.id, path);
        return Some(Topology::new(max.checked_div(cores)?, cores, 1));
    }
    work.ledger.mapped_because(
        said.id,
        path,
        "one socket, as the cores do not fill whole ones",
    );
    let what = match cores {
        0 => "the number of cores a socket is left to VMware".to_owned(),
        _ => format!("{count} processors do not fill sockets of {cores} cores"),
    };
    let text = format!("{what}; the domain has one socket of {max} cores");
    let action = "check licences that count sockets";
    work.warn(
        finding::CPU_TOPOLOGY_REMAINDER,
        "cpuid.coresPerSocket",
        said.id,
        text,
        action,
    );
    Some(Topology::new(1, max, 1))
}

/// The guest's NUMA nodes: those set by hand, and the one that memory hot-add needs.
fn numa(work: &mut Work<'_>, max: u32) -> Option<Numa> {
    let memory_kib = work.domain.memory.as_ref()?.bytes()?.checked_div(1024)?;
    let nodes = nodes(work, max).or_else(|| work.domain.max_memory.is_some().then_some(1))?;
    let cpus = u64::from(max.checked_div(nodes)?);
    let share = memory_kib.checked_div(u64::from(nodes))?;
    let cells = (0..nodes).map(|node| {
        let first = u64::from(node).saturating_mul(cpus);
        let last = first.saturating_add(cpus).saturating_sub(1);
        let list = if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        };
        // What the division leaves goes to the first node, so that the sum is the memory.
        let rest = if node == 0 {
            memory_kib.saturating_sub(share.saturating_mul(u64::from(nodes)))
        } else {
            0
        };
        NumaCell::new(node, list, share.saturating_add(rest), Unit::KiB)
    });
    Some(Numa::default().cells(cells))
}

/// How many nodes the key asks for, if that can be had.
fn nodes(work: &mut Work<'_>, max: u32) -> Option<u32> {
    let said = work.vm.cpu.max_per_virtual_node?;
    let nodes = max
        .checked_div(said.value)
        .filter(|nodes| nodes.saturating_mul(said.value) == max);
    match nodes {
        Some(1) => {
            work.ledger
                .ignored(said.id, "all processors are in one node");
            None
        }
        Some(nodes) => {
            work.ledger.mapped(said.id, "/domain/cpu/numa");
            Some(nodes)
        }
        None => {
            let text = format!(
                "{max} processors do not fill nodes of {}; the domain has one node",
                said.value
            );
            work.info(
                finding::NUMA_NOT_CARRIED,
                "numa.vcpu.maxPerVirtualNode",
                said.id,
                text,
            );
            work.ledger
                .not_carried(said.id, "the processors do not fill whole nodes");
            None
        }
    }
}

/// So many processors that their interrupt ids need an IOMMU.
fn write_many(work: &mut Work<'_>, max: u32) {
    if max < NEEDS_EIM {
        return;
    }
    if work.machine == Machine::Pc {
        let text = format!("machine type pc has at most 255 processors, not {max}");
        work.block(
            finding::CPU_COUNT,
            "numvcpus",
            None,
            text,
            "give --machine q35",
        );
        return;
    }
    let driver = IommuDriver::default().intremap(true).eim(true);
    work.domain.devices_mut().iommu = Some(Iommu::new(IommuModel::Intel).driver(driver));
    if let Some(features) = &mut work.domain.features {
        features.ioapic = Some(IoApic::Qemu);
    }
}

/// What the guest may see and do of virtualisation.
fn write_features(work: &mut Work<'_>) {
    let vm = work.vm;
    let switch = |work: &mut Work<'_>, setting: Option<Setting<bool>>, on_if: bool, off: &str| {
        let setting = setting?;
        if setting.value == on_if {
            return Some(setting.id);
        }
        work.ledger.ignored(setting.id, off);
        None
    };
    if let Some(id) = switch(work, vm.cpu.nested, true, "it was off") {
        write_nested(work, id);
    }
    if let Some(id) = switch(work, vm.cpu.performance_counters, true, "it was off") {
        if let Some(features) = &mut work.domain.features {
            features.pmu = Some(FeatureState::on());
        }
        work.ledger.mapped(id, "/domain/features/pmu");
    }
    if let Some(id) = switch(
        work,
        vm.cpu.hypervisor_leaf,
        false,
        "the guest may see the hypervisor",
    ) {
        if let Some(features) = &mut work.domain.features {
            features.kvm = Some(KvmFeatures::default().hidden(FeatureState::on()));
        }
        work.ledger.mapped(id, "/domain/features/kvm/hidden");
    }
    switch_iommu(work);
}

/// A guest may run VMs of its own with VMX on Intel and SVM on AMD; which of them the host has is not known here.
fn write_nested(work: &mut Work<'_>, id: EntryId) {
    if let Some(cpu) = &mut work.domain.cpu {
        for name in ["vmx", "svm"] {
            cpu.features
                .push(CpuFeature::new(FeaturePolicy::Optional, name));
        }
    }
    work.ledger.mapped(id, "/domain/cpu/feature");
    let text = "the guest may run virtual machines, if the host lets it";
    let action = Action::manual("load kvm_intel or kvm_amd with nested=1 on the host");
    work.tell(
        finding::NESTED_VIRTUALISATION,
        Severity::Info,
        "vhv.enable",
        id,
        text,
        action,
    );
}

fn switch_iommu(work: &mut Work<'_>) {
    if let Some(iommu) = work.vm.cpu.iommu.filter(|iommu| !iommu.value) {
        work.ledger.ignored(iommu.id, "it was off");
    }
}

/// Shares are 1000 a processor for VMware and 1024 a VM for the kernel.
fn write_shares(work: &mut Work<'_>, count: u32) {
    let Some(shares) = work.vm.cpu.shares else {
        return;
    };
    let per_vm = |per_cpu: u64| per_cpu.saturating_mul(u64::from(count));
    let value = match shares.value {
        Shares::Normal => {
            work.ledger.ignored(shares.id, "as much as everyone has");
            return;
        }
        Shares::Low => per_vm(500),
        Shares::High => per_vm(2000),
        Shares::Custom(value) => value,
    };
    let normal = per_vm(1000).max(1);
    let scaled = u128::from(value)
        .saturating_mul(1024)
        .checked_div(u128::from(normal));
    let scaled = scaled.map_or(1024, |scaled| u64::try_from(scaled).unwrap_or(u64::MAX));
    let scaled = scaled.clamp(*SHARES.start(), *SHARES.end());
    cputune(work).shares = Some(scaled);
    work.ledger.mapped(shares.id, "/domain/cputune/shares");
    let text = format!("{value} shares, where {normal} are normal, became {scaled} of 1024");
    work.info(finding::CPU_SHARES, "sched.cpu.shares", shares.id, text);
}

fn write_limits(work: &mut Work<'_>, count: u32) {
    if let Some(min) = work.vm.cpu.min {
        if min.value == 0 {
            work.ledger.ignored(min.id, "nothing was reserved");
        } else {
            let text = format!("{} MHz were reserved; KVM has no reservation", min.value);
            work.info(finding::CPU_RESERVATION, "sched.cpu.min", min.id, text);
            work.ledger
                .not_carried(min.id, "KVM has no reservation of processor time");
        }
    }
    let Some(max) = work.vm.cpu.max else { return };
    let Limit::At(mhz) = max.value else {
        work.ledger.ignored(max.id, "no limit");
        return;
    };
    match work
        .policy
        .host_mhz
        .and_then(|host| quota(mhz, host, count))
    {
        Some(quota) => {
            let tune = cputune(work);
            tune.period = Some(PERIOD);
            tune.quota = Some(quota);
            work.ledger.mapped(max.id, "/domain/cputune/quota");
        }
        None => {
            let text = format!(
                "at most {mhz} MHz; on KVM a quota for each processor: \
                 <period>{PERIOD}</period><quota>{PERIOD} * {mhz} / ({count} * host MHz)</quota>"
            );
            let action = Action::manual("--host-mhz N of the old host makes a quota of it");
            work.tell(
                finding::CPU_LIMIT,
                Severity::Info,
                "sched.cpu.max",
                max.id,
                text,
                action,
            );
            work.ledger.not_carried(
                max.id,
                "a limit in MHz of the old host; --host-mhz keeps it",
            );
        }
    }
}

/// Microseconds of each period for each processor; the kernel takes no less than 1000.
fn quota(mhz: u64, host_mhz: u32, count: u32) -> Option<i64> {
    let all = u64::from(host_mhz).checked_mul(u64::from(count))?;
    let quota = PERIOD.checked_mul(mhz)?.checked_div(all)?;
    i64::try_from(quota.max(1000)).ok()
}

fn write_affinity(work: &mut Work<'_>) {
    let vm = work.vm;
    let Some(affinity) = &vm.cpu.affinity else {
        return;
    };
    match &affinity.value {
        Affinity::All => work
            .ledger
            .ignored(affinity.id, "any processor of the host"),
        Affinity::Cpus(cpus) if work.policy.keep.affinity => {
            if let Some(vcpu) = &mut work.domain.vcpu {
                vcpu.cpuset = Some(cpu_set(cpus));
            }
            work.ledger.mapped(affinity.id, "/domain/vcpu/@cpuset");
        }
        Affinity::Cpus(cpus) => {
            let text = format!("the VM ran on processors {} of the old host", cpu_set(cpus));
            let action = Action::manual("--keep-affinity, if the new host numbers them alike");
            work.tell(
                finding::CPU_AFFINITY,
                Severity::Info,
                "sched.cpu.affinity",
                affinity.id,
                text,
                action,
            );
            work.ledger.not_carried(
                affinity.id,
                "names processors of the old host; --keep-affinity keeps it",
            );
        }
    }
}

/// `0-1,4-7`
fn cpu_set(cpus: &[u32]) -> String {
    let mut sorted = cpus.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let runs = sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let texts = runs.filter_map(|run| match (run.first()?, run.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    texts.collect::<Vec<_>>().join(",")
}

fn write_latency(work: &mut Work<'_>) {
    let vm = work.vm;
    let Some(latency) = &vm.cpu.latency_sensitivity else {
        return;
    };
    if !latency.is("high") {
        let reason = format!("{} is what every VM has", quoted(&latency.value));
        work.ledger.ignored(latency.id, reason);
        return;
    }
    let text = "the VM had processors of its own for low latency";
    let action =
        Action::manual("pin processors with <cputune><vcpupin/></cputune>, and --hugepages");
    work.tell(
        finding::CPU_LATENCY,
        Severity::Info,
        "sched.cpu.latencySensitivity",
        latency.id,
        text,
        action,
    );
    work.ledger
        .not_carried(latency.id, "needs processors of the new host set aside");
}

fn cputune<'w>(work: &'w mut Work<'_>) -> &'w mut CpuTune {
    work.domain.cputune.get_or_insert_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_listed_in_ranges() {
        assert_eq!(cpu_set(&[7, 0, 1, 5, 6, 4, 1]), "0-1,4-7");
        assert_eq!(cpu_set(&[3]), "3");
    }

    #[test]
    fn a_quota_is_for_each_processor() {
        assert_eq!(quota(2400, 2400, 1), Some(100_000));
        assert_eq!(quota(12_000, 2400, 8), Some(62_500));
        assert_eq!(quota(1, 5000, 64), Some(1000));
        assert_eq!(quota(1, 0, 1), None);
    }
}
