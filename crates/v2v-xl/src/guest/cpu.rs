//! Processors and memory: counts, pinning, virtual NUMA.

use super::keys::Keys;
use crate::scalar::Scalar;
use crate::{ItemPlace, Setting, ValueProblem, shown};

/// Memory, in MiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// `memory`: what the guest has at its start.
    pub memory_mib: Option<Setting<u64>>,
    /// `maxmem`: what it may get; without it, the same.
    pub maxmem_mib: Option<Setting<u64>>,
}

/// Processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpu {
    /// `vcpus`: how many are on at the start; xl's default is 1.
    pub vcpus: Option<Setting<u32>>,
    /// `maxvcpus`: how many there are; without it, the same.
    pub maxvcpus: Option<Setting<u32>>,
    /// `cpus`: where they must run.
    pub cpus: Option<Setting<Affinity>>,
    /// `cpus_soft`: where they should run.
    pub cpus_soft: Option<Setting<Affinity>>,
    /// `cpu_weight`: the share among guests; 256 is normal.
    pub cpu_weight: Option<Setting<u32>>,
    /// `cap`: the most, in percent of one processor; 0 for none.
    pub cap: Option<Setting<u32>>,
    /// `pool`: the host's CPU pool.
    pub pool: Option<Setting<String>>,
    /// `cpuid`: what the guest is told.
    pub cpuid: Option<Setting<Cpuid>>,
}

/// `cpuid` in its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cpuid {
    /// `host,tm=0,sse3=1,page1gb=x`: the parameters behind `host`.
    Flags(Vec<(String, String)>),
    /// xend's register lines, `1:ecx=xxxx..`.
    Registers(Vec<String>),
}

/// Which processors of the host the virtual ones run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// A string: the same for all.
    All(CpuSet),
    /// A list: one after the other. Those behind its end run anywhere.
    Each(Vec<CpuSet>),
}

/// Processors as written: `all`, `0-3,^2`, `node:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuSet {
    /// The parts, which count in their order.
    pub parts: Vec<CpuRange>,
}

/// A part of a [`CpuSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuRange {
    /// `all`, `nodes:all`.
    All,
    /// Processors by number.
    Cpus {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
        /// `^`: these not.
        is_excluded: bool,
    },
    /// All processors of NUMA nodes of the host.
    Nodes {
        /// The first node.
        first: u32,
        /// The last node.
        last: u32,
        /// `^`: these not.
        is_excluded: bool,
    },
}

/// No host that runs Xen has more.
const CPUS: usize = 4096;

impl CpuSet {
    /// The numbers, in order. `None` if the host decides: `all`, nodes, or numbers no host has.
    #[must_use]
    pub fn cpus(&self) -> Option<Vec<u32>> {
        let mut set = [false; CPUS];
        for part in &self.parts {
            let CpuRange::Cpus {
                first,
                last,
                is_excluded,
            } = *part
            else {
                return None;
            };
            let (first, last) = (usize::try_from(first).ok()?, usize::try_from(last).ok()?);
            set.get_mut(first..=last)?.fill(!is_excluded);
        }
        let cpus = (0..).zip(set).filter(|(_, is_in)| *is_in);
        Some(cpus.map(|(cpu, _)| cpu).collect())
    }
}

impl Scalar for CpuSet {
    const EXPECTED: &'static str = "processors such as all, 0-3,^2 or node:0";

    fn read(text: &str) -> Option<Self> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let parts: Vec<CpuRange> = parts.map(cpu_range).collect::<Option<_>>()?;
        (!parts.is_empty()).then_some(Self { parts })
    }
}

fn cpu_range(text: &str) -> Option<CpuRange> {
    let (is_excluded, text) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let node = text
        .strip_prefix("nodes:")
        .or_else(|| text.strip_prefix("node:"));
    let text = node.unwrap_or(text);
    if text == "all" {
        return (!is_excluded).then_some(CpuRange::All);
    }
    let (first, last) = range(text)?;
    Some(match node {
        Some(_) => CpuRange::Nodes {
            first,
            last,
            is_excluded,
        },
        None => CpuRange::Cpus {
            first,
            last,
            is_excluded,
        },
    })
}

fn range(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| {
        let text = text.trim();
        text.parse()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    (first <= last).then_some((first, last))
}

impl Memory {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            memory_mib: keys.get("memory"),
            maxmem_mib: keys.get("maxmem"),
        }
    }
}

impl Cpu {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            vcpus: keys.get("vcpus"),
            maxvcpus: keys.get("maxvcpus"),
            cpus: affinity(keys, "cpus"),
            cpus_soft: affinity(keys, "cpus_soft"),
            cpu_weight: keys.get("cpu_weight"),
            cap: keys.get("cap"),
            pool: keys.path("pool"),
            cpuid: cpuid(keys),
        }
    }
}

/// A list with one bad item is no affinity at all: which processor an item is for depends on its position.
fn affinity(keys: &mut Keys<'_>, key: &'static str) -> Option<Setting<Affinity>> {
    let is_list = keys.is_list(key);
    let items = keys.items(key, true);
    let id = items.first()?.id;
    if !is_list {
        let text = items.first()?.text;
        // xm: an empty string pins nothing.
        if text.trim().is_empty() {
            return None;
        }
        return keys.get(key).map(|setting| Setting {
            id,
            value: Affinity::All(setting.value),
        });
    }
    let sets: Vec<Option<CpuSet>> = items
        .iter()
        .map(|item| keys.part(*item, item.text))
        .collect();
    let sets = sets.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Setting {
        id,
        value: Affinity::Each(sets),
    })
}

fn cpuid(keys: &mut Keys<'_>) -> Option<Setting<Cpuid>> {
    let is_list = keys.is_list("cpuid");
    let items = keys.items("cpuid", true);
    let id = items.first()?.id;
    if is_list {
        let lines = items.iter().map(|item| item.text.to_owned()).collect();
        return Some(Setting {
            id,
            value: Cpuid::Registers(lines),
        });
    }
    let text = items.first()?.text;
    let flags = text.trim().strip_prefix("host").and_then(flags);
    match flags {
        Some(flags) => Some(Setting {
            id,
            value: Cpuid::Flags(flags),
        }),
        None => keys.problem(id, text, "host,FLAG=VALUE,.. or a list of register lines"),
    }
}

fn flags(text: &str) -> Option<Vec<(String, String)>> {
    let rest = match text.strip_prefix(',') {
        Some(rest) => rest,
        None => return text.is_empty().then(Vec::new),
    };
    let parts = rest
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=')?;
            Some((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// A NUMA node of the guest, an item of `vnuma`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualNode {
    /// The host's node.
    pub pnode: Option<u32>,
    /// Memory in MiB.
    pub size_mib: Option<u64>,
    /// The guest's processors.
    pub vcpus: Option<CpuSet>,
    /// Distances to all nodes of the guest, in their order; 10 is near.
    pub distances: Vec<u32>,
}

impl VirtualNode {
    /// All nodes with their setting; none if one of them can't be read, because they only make sense together.
    pub(super) fn read_all(keys: &mut Keys<'_>) -> Vec<Setting<Self>> {
        let known = keys.problems.len();
        let mut nodes = Vec::new();
        for (id, index, values) in keys.lists("vnuma") {
            let mut node = Self::default();
            for value in values {
                let text = value.text().unwrap_or("[");
                if let Err(expected) = node.set(text) {
                    let item = Some(ItemPlace {
                        index,
                        text: shown(text),
                    });
                    keys.add_problem(ValueProblem {
                        id,
                        item,
                        found: shown(text),
                        expected,
                    });
                }
            }
            nodes.push(Setting { id, value: node });
        }
        if keys.problems.len() > known {
            nodes.clear();
        }
        nodes
    }

    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        let (key, value) = text
            .split_once('=')
            .ok_or("pnode=, size=, vcpus= or vdistances=")?;
        let value = value.trim();
        match key.trim() {
            "pnode" => self.pnode = Some(u32::read(value).ok_or(u32::EXPECTED)?),
            "size" => self.size_mib = Some(u64::read(value).ok_or(u64::EXPECTED)?),
            "vcpus" => self.vcpus = Some(CpuSet::read(value).ok_or(CpuSet::EXPECTED)?),
            "vdistances" => {
                let distances: Option<_> = value
                    .split(',')
                    .map(|part| u32::read(part.trim()))
                    .collect();
                self.distances = distances.ok_or("numbers with commas between them")?;
            }
            _ => return Err("pnode=, size=, vcpus= or vdistances="),
        }
        Ok(())
    }
}
