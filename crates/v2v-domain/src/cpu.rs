//! `<cpu>`: model, features, topology and NUMA nodes of the guest.

use crate::macros::{model, values};
use crate::resources::MemoryAccess;
use crate::scalar::Unit;

model! {
    /// `<cpu>`
    #[derive(Default)]
    pub element Cpu {
        /// Where the model comes from.
        mode: Option<CpuMode> = attr("mode"),
        /// How the guest's processor must match the named one.
        matching: Option<CpuMatch> = attr("match"),
        /// How libvirt checks that the host can do it.
        check: Option<CpuCheck> = attr("check"),
        /// Leave out features that block migration (`host-passthrough`).
        migratable: Option<bool> = on_off("migratable"),
        /// Named model (`custom` and `host-model`).
        model: Option<CpuModel> = child("model"),
        /// Vendor the host must have.
        vendor: Option<String> = text("vendor"),
        /// Width of physical addresses.
        max_phys_addr: Option<MaxPhysAddr> = child("maxphysaddr"),
        /// Sockets, cores and threads.
        topology: Option<Topology> = child("topology"),
        /// Cache the guest sees.
        cache: Option<CpuCache> = child("cache"),
        /// Single features.
        features: Vec<CpuFeature> = list("feature"),
        /// NUMA nodes of the guest.
        numa: Option<Numa> = child("numa"),
    }
}

impl Cpu {
    /// `mode='host-passthrough'`: what the host has.
    pub fn host_passthrough() -> Self {
        Self::default().mode(CpuMode::HostPassthrough)
    }

    /// `mode='host-model'`: the named model nearest to the host.
    pub fn host_model() -> Self {
        Self::default().mode(CpuMode::HostModel)
    }

    /// A named model, `match='exact'`; features the host lacks are an error at the start.
    pub fn custom(name: impl Into<String>) -> Self {
        Self::default()
            .mode(CpuMode::Custom)
            .matching(CpuMatch::Exact)
            .model(CpuModel::new(name).fallback(Fallback::Forbid))
    }
}

values! {
    /// Where the processor model comes from.
    pub enum CpuMode {
        Custom = "custom", HostModel = "host-model", HostPassthrough = "host-passthrough", Maximum = "maximum",
    }
}

values! {
    /// How the processor must match.
    pub enum CpuMatch { Minimum = "minimum", Exact = "exact", Strict = "strict" }
}

values! {
    /// How it is checked before the start.
    pub enum CpuCheck { None = "none", Partial = "partial", Full = "full" }
}

model! {
    /// `<model fallback='forbid'>Skylake-Client</model>`
    pub element CpuModel {
        /// Whether a lesser model may stand in.
        fallback: Option<Fallback> = attr("fallback"),
        /// Vendor string the guest sees, 12 characters.
        vendor_id: Option<String> = attr("vendor_id"),
        /// Name; empty with `host-model` and a fallback alone.
        name: Option<String> = content(),
    }
}

impl CpuModel {
    /// A model by its name in `virsh cpu-models`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            fallback: None,
            vendor_id: None,
            name: Some(name.into()),
            other: Default::default(),
        }
    }
}

values! {
    /// Whether a lesser model may stand in.
    pub enum Fallback { Allow = "allow", Forbid = "forbid" }
}

model! {
    /// `<maxphysaddr mode='emulate' bits='42'/>`
    #[derive(Default)]
    pub element MaxPhysAddr {
        /// `emulate` or `passthrough`.
        mode: Option<MaxPhysAddrMode> = attr("mode"),
        /// Bits.
        bits: Option<u32> = attr("bits"),
        /// Most bits taken from the host.
        limit: Option<u32> = attr("limit"),
    }
}

values! {
    /// Where the width of addresses comes from.
    pub enum MaxPhysAddrMode { Emulate = "emulate", Passthrough = "passthrough" }
}

model! {
    /// `<topology>`: the product must be the number of processors.
    pub element Topology {
        /// Sockets.
        sockets: u32 = attr("sockets"),
        /// Dies a socket.
        dies: Option<u32> = attr("dies"),
        /// Clusters a die.
        clusters: Option<u32> = attr("clusters"),
        /// Cores a die.
        cores: u32 = attr("cores"),
        /// Threads a core.
        threads: u32 = attr("threads"),
    }
}

impl Topology {
    /// Sockets, cores a socket, threads a core.
    pub fn new(sockets: u32, cores: u32, threads: u32) -> Self {
        Self {
            sockets,
            dies: None,
            clusters: None,
            cores,
            threads,
            other: Default::default(),
        }
    }
}

model! {
    /// `<cache level='3' mode='emulate'/>`
    #[derive(Default)]
    pub element CpuCache {
        /// Level 1 to 3; all if absent.
        level: Option<u32> = attr("level"),
        /// Where it comes from.
        mode: Option<CpuCacheMode> = attr("mode"),
    }
}

values! {
    /// Where the cache that the guest sees comes from.
    pub enum CpuCacheMode { Emulate = "emulate", Passthrough = "passthrough", Disable = "disable" }
}

model! {
    /// `<feature policy='require' name='vmx'/>`
    pub element CpuFeature {
        /// What is asked for.
        policy: Option<FeaturePolicy> = attr("policy"),
        /// Name.
        name: String = attr("name"),
    }
}

impl CpuFeature {
    /// A feature and what is asked for.
    pub fn new(policy: FeaturePolicy, name: impl Into<String>) -> Self {
        let (policy, name, other) = (Some(policy), name.into(), Default::default());
        Self {
            policy,
            name,
            other,
        }
    }
}

values! {
    /// What is asked of a processor feature.
    pub enum FeaturePolicy {
        Force = "force", Require = "require", Optional = "optional", Disable = "disable", Forbid = "forbid",
    }
}

model! {
    /// `<numa>`
    #[derive(Default)]
    pub element Numa {
        /// Nodes in their order.
        cells: Vec<NumaCell> = list("cell"),
    }
}

model! {
    /// `<cell id='0' cpus='0-3' memory='512000' unit='KiB'/>`
    pub element NumaCell {
        /// Number; the place in the list if absent.
        id: Option<u32> = attr("id"),
        /// Virtual processors; none for a node of memory alone.
        cpus: Option<String> = attr("cpus"),
        /// Memory in [`Self::unit`].
        memory: u64 = attr("memory"),
        /// Unit; KiB if absent.
        unit: Option<Unit> = attr("unit"),
        /// Shared or private.
        mem_access: Option<MemoryAccess> = attr("memAccess"),
        /// Whether its content is lost with the guest's end.
        discard: Option<bool> = attr("discard"),
        /// Distances to other nodes.
        distances: Option<Distances> = child("distances"),
    }
}

impl NumaCell {
    /// A node of these processors and so much memory.
    pub fn new(id: u32, cpus: impl Into<String>, memory: u64, unit: Unit) -> Self {
        Self {
            id: Some(id),
            cpus: Some(cpus.into()),
            memory,
            unit: Some(unit),
            mem_access: None,
            discard: None,
            distances: None,
            other: Default::default(),
        }
    }
}

model! {
    /// `<distances>`
    #[derive(Default)]
    pub element Distances {
        /// One a node.
        siblings: Vec<Sibling> = list("sibling"),
    }
}

model! {
    /// `<sibling id='1' value='21'/>`
    pub element Sibling {
        /// The other node.
        id: u32 = attr("id"),
        /// Distance, 10 to 255; 10 is the node itself.
        value: u32 = attr("value"),
    }
}
