//! Memory and processors: how much, and under which limits.

use crate::macros::{model, values};
use crate::scalar::Unit;

model! {
    /// An amount of memory: `<memory unit='KiB'>1048576</memory>` and the like.
    ///
    /// Amount and unit are kept as written; [`Memory::bytes`] is what they mean.
    pub element Memory {
        /// Slots for modules plugged in later (`<maxMemory>`).
        slots: Option<u32> = attr("slots"),
        /// Unit; KiB if absent.
        unit: Option<Unit> = attr("unit"),
        /// Whether the memory is part of a core dump (`<memory>`).
        dump_core: Option<bool> = on_off("dumpCore"),
        /// How many of the unit.
        amount: u64 = content(),
    }
}

impl Memory {
    /// An amount with its unit.
    pub fn new(amount: u64, unit: Unit) -> Self {
        let (slots, dump_core, other) = Default::default();
        let unit = Some(unit);
        Self {
            slots,
            unit,
            dump_core,
            amount,
            other,
        }
    }

    /// So many KiB, libvirt's own unit.
    pub fn kib(amount: u64) -> Self {
        Self::new(amount, Unit::KiB)
    }

    /// So many MiB.
    pub fn mib(amount: u64) -> Self {
        Self::new(amount, Unit::MiB)
    }

    /// So many GiB.
    pub fn gib(amount: u64) -> Self {
        Self::new(amount, Unit::GiB)
    }

    /// The amount in bytes; `None` from 16 EiB on.
    pub fn bytes(&self) -> Option<u64> {
        let unit = self.unit.unwrap_or(Unit::KiB);
        self.amount.checked_mul(unit.bytes())
    }
}

model! {
    /// `<memoryBacking>`: where the guest's memory comes from.
    #[derive(Default)]
    pub element MemoryBacking {
        /// Huge pages.
        hugepages: Option<HugePages> = child("hugepages"),
        /// Not to be merged with equal pages of other guests (KSM).
        nosharepages: bool = flag("nosharepages"),
        /// Never swapped out by the host.
        locked: bool = flag("locked"),
        /// Kind of memory.
        source: Option<MemorySource> = sub("source", "type"),
        /// Whether other processes see it; virtiofs needs `shared`.
        access: Option<MemoryAccess> = sub("access", "mode"),
        /// When the host allocates it.
        allocation: Option<MemoryAllocation> = child("allocation"),
        /// Pages are given back when the guest ends.
        discard: bool = flag("discard"),
    }
}

model! {
    /// `<hugepages>`; without pages the host's default size.
    #[derive(Default)]
    pub element HugePages {
        /// Sizes, and the NUMA nodes of the guest each is for.
        pages: Vec<HugePage> = list("page"),
    }
}

model! {
    /// `<page size='2048' unit='KiB' nodeset='0-3'/>`
    pub element HugePage {
        /// Size in [`Self::unit`].
        size: u64 = attr("size"),
        /// Unit; KiB if absent.
        unit: Option<Unit> = attr("unit"),
        /// NUMA nodes of the guest, for example `0-3,5`; all others if absent.
        nodeset: Option<String> = attr("nodeset"),
    }
}

impl HugePage {
    /// Pages of one size for the whole guest.
    pub fn new(size: u64, unit: Unit) -> Self {
        let (unit, nodeset, other) = (Some(unit), None, Default::default());
        Self {
            size,
            unit,
            nodeset,
            other,
        }
    }
}

values! {
    /// Kind of memory.
    pub enum MemorySource { File = "file", Anonymous = "anonymous", MemFd = "memfd" }
}

values! {
    /// Whether memory is mapped shared or private.
    pub enum MemoryAccess { Shared = "shared", Private = "private" }
}

model! {
    /// `<allocation>`
    #[derive(Default)]
    pub element MemoryAllocation {
        /// `immediate` or `ondemand`.
        mode: Option<AllocationMode> = attr("mode"),
        /// Threads that allocate.
        threads: Option<u32> = attr("threads"),
    }
}

values! {
    /// When memory is allocated.
    pub enum AllocationMode { Immediate = "immediate", OnDemand = "ondemand" }
}

model! {
    /// `<memtune>`: limits of the memory control group; they count what QEMU itself needs.
    #[derive(Default)]
    pub element MemoryTune {
        /// Most memory in use.
        hard_limit: Option<Memory> = child("hard_limit"),
        /// Enforced when the host is short of memory.
        soft_limit: Option<Memory> = child("soft_limit"),
        /// Guaranteed.
        min_guarantee: Option<Memory> = child("min_guarantee"),
        /// Most memory and swap.
        swap_hard_limit: Option<Memory> = child("swap_hard_limit"),
    }
}

model! {
    /// `<blkiotune>`: share of the host's block I/O.
    #[derive(Default)]
    pub element BlockIoTune {
        /// Weight, 100 to 1000 (10 on with newer kernels).
        weight: Option<u32> = text("weight"),
        /// Values for single host devices.
        devices: Vec<BlockIoDevice> = list("device"),
    }
}

model! {
    /// `<device>` of `<blkiotune>`
    pub element BlockIoDevice {
        /// Path of the host device.
        path: String = text("path"),
        /// Weight.
        weight: Option<u32> = text("weight"),
        /// Limit of reads per second.
        read_iops_sec: Option<u32> = text("read_iops_sec"),
        /// Limit of writes per second.
        write_iops_sec: Option<u32> = text("write_iops_sec"),
        /// Limit of bytes read per second.
        read_bytes_sec: Option<u64> = text("read_bytes_sec"),
        /// Limit of bytes written per second.
        write_bytes_sec: Option<u64> = text("write_bytes_sec"),
    }
}

impl BlockIoDevice {
    /// A device without values.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            weight: None,
            read_iops_sec: None,
            write_iops_sec: None,
            read_bytes_sec: None,
            write_bytes_sec: None,
            other: Default::default(),
        }
    }
}

model! {
    /// `<vcpu>`: number of virtual processors.
    pub element Vcpu {
        /// `static` (default) or `auto`.
        placement: Option<Placement> = attr("placement"),
        /// Host processors it may run on.
        cpuset: Option<String> = attr("cpuset"),
        /// Processors plugged in at the start; all if absent.
        current: Option<u32> = attr("current"),
        /// Most processors.
        count: u32 = content(),
    }
}

impl Vcpu {
    /// So many processors, all plugged in.
    pub fn new(count: u32) -> Self {
        Self {
            placement: None,
            cpuset: None,
            current: None,
            count,
            other: Default::default(),
        }
    }
}

values! {
    /// Who chooses host processors or memory nodes.
    pub enum Placement { Static = "static", Auto = "auto" }
}

model! {
    /// `<vcpus>`: state of single processors.
    #[derive(Default)]
    pub element Vcpus {
        /// One entry a processor.
        vcpus: Vec<VcpuState> = list("vcpu"),
    }
}

model! {
    /// `<vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>`
    pub element VcpuState {
        /// Number of the processor.
        id: u32 = attr("id"),
        /// Plugged in at the start.
        enabled: Option<bool> = attr("enabled"),
        /// Can be unplugged.
        hotpluggable: Option<bool> = attr("hotpluggable"),
        /// Order of plugging.
        order: Option<u32> = attr("order"),
    }
}

model! {
    /// `<iothreadids>`
    #[derive(Default)]
    pub element IoThreadIds {
        /// Threads with their numbers.
        threads: Vec<IoThread> = list("iothread"),
    }
}

model! {
    /// `<iothread id='1'/>`
    pub element IoThread {
        /// Number, from 1.
        id: u32 = attr("id"),
        /// Fewest worker threads.
        thread_pool_min: Option<u32> = attr("thread_pool_min"),
        /// Most worker threads.
        thread_pool_max: Option<u32> = attr("thread_pool_max"),
    }
}

model! {
    /// `<cputune>`: shares, limits and pinning. Periods and quotas are in microseconds.
    #[derive(Default)]
    pub element CpuTune {
        /// Weight against other guests; 1024 is the usual one.
        shares: Option<u64> = text("shares"),
        /// Period of each processor.
        period: Option<u64> = text("period"),
        /// Most run time of each processor in a period; negative for no limit.
        quota: Option<i64> = text("quota"),
        /// Period of the whole guest.
        global_period: Option<u64> = text("global_period"),
        /// Most run time of the whole guest in a period.
        global_quota: Option<i64> = text("global_quota"),
        /// Period of the emulator's own threads.
        emulator_period: Option<u64> = text("emulator_period"),
        /// Most run time of the emulator's own threads in a period.
        emulator_quota: Option<i64> = text("emulator_quota"),
        /// Period of I/O threads.
        iothread_period: Option<u64> = text("iothread_period"),
        /// Most run time of I/O threads in a period.
        iothread_quota: Option<i64> = text("iothread_quota"),
        /// Host processors of single virtual ones.
        vcpupin: Vec<VcpuPin> = list("vcpupin"),
        /// Host processors of the emulator's own threads.
        emulatorpin: Option<String> = sub("emulatorpin", "cpuset"),
        /// Host processors of I/O threads.
        iothreadpin: Vec<IoThreadPin> = list("iothreadpin"),
        /// Scheduler of virtual processors.
        vcpusched: Vec<VcpuScheduler> = list("vcpusched"),
        /// Scheduler of I/O threads.
        iothreadsched: Vec<IoThreadScheduler> = list("iothreadsched"),
    }
}

model! {
    /// `<vcpupin vcpu='0' cpuset='1-4'/>`
    pub element VcpuPin {
        /// Number of the virtual processor.
        vcpu: u32 = attr("vcpu"),
        /// Host processors.
        cpuset: String = attr("cpuset"),
    }
}

impl VcpuPin {
    /// Pins one virtual processor.
    pub fn new(vcpu: u32, cpuset: impl Into<String>) -> Self {
        let (cpuset, other) = (cpuset.into(), Default::default());
        Self {
            vcpu,
            cpuset,
            other,
        }
    }
}

model! {
    /// `<iothreadpin iothread='1' cpuset='5,6'/>`
    pub element IoThreadPin {
        /// Number of the I/O thread.
        iothread: u32 = attr("iothread"),
        /// Host processors.
        cpuset: String = attr("cpuset"),
    }
}

model! {
    /// `<vcpusched vcpus='0-4' scheduler='fifo' priority='1'/>`
    pub element VcpuScheduler {
        /// Virtual processors.
        vcpus: String = attr("vcpus"),
        /// Scheduler.
        scheduler: Option<Scheduler> = attr("scheduler"),
        /// Priority of `fifo` and `rr`.
        priority: Option<u16> = attr("priority"),
    }
}

model! {
    /// `<iothreadsched iothreads='2' scheduler='batch'/>`
    pub element IoThreadScheduler {
        /// I/O threads.
        iothreads: String = attr("iothreads"),
        /// Scheduler.
        scheduler: Option<Scheduler> = attr("scheduler"),
        /// Priority of `fifo` and `rr`.
        priority: Option<u16> = attr("priority"),
    }
}

values! {
    /// Scheduler of a thread on the host.
    pub enum Scheduler { Batch = "batch", Idle = "idle", Fifo = "fifo", Rr = "rr" }
}

model! {
    /// `<numatune>`: which host nodes memory comes from.
    #[derive(Default)]
    pub element NumaTune {
        /// For the whole guest.
        memory: Option<NumaMemory> = child("memory"),
        /// For single nodes of the guest.
        nodes: Vec<NumaNode> = list("memnode"),
    }
}

model! {
    /// `<memory mode='strict' nodeset='1-4,^3'/>`
    #[derive(Default)]
    pub element NumaMemory {
        /// How strictly.
        mode: Option<NumaMode> = attr("mode"),
        /// Host nodes.
        nodeset: Option<String> = attr("nodeset"),
        /// Who chooses them.
        placement: Option<Placement> = attr("placement"),
    }
}

model! {
    /// `<memnode cellid='0' mode='strict' nodeset='1'/>`
    pub element NumaNode {
        /// Node of the guest.
        cellid: u32 = attr("cellid"),
        /// How strictly.
        mode: Option<NumaMode> = attr("mode"),
        /// Host nodes.
        nodeset: Option<String> = attr("nodeset"),
    }
}

values! {
    /// How strictly memory keeps to its nodes.
    pub enum NumaMode {
        Strict = "strict", Preferred = "preferred", Interleave = "interleave", Restrictive = "restrictive",
    }
}
