//! Memory: how much, and what the host owes the guest.

use v2v_domain::{
    BlockIoTune, HugePage, HugePages as HugePagesElement, Memory, MemoryBacking, MemoryTune, Unit,
};
use v2v_report::Action;
use v2v_vmx::{EntryId, Limit, Shares};

use super::Work;
use crate::finding;
use crate::policy::HugePages;

/// What a VM has that says nothing: VMware's own default.
const DEFAULT_MIB: u64 = 32;

/// More than any product gives to a VM (24 TiB on ESXi 8).
const MAX_MIB: u64 = 32 << 20;

/// How many modules may be plugged in later.
const SLOTS: u32 = 16;

const MIB: u64 = 1 << 20;

/// Writes memory, its backing and its limits.
pub(super) fn write(work: &mut Work<'_>) {
    let mib = size(work);
    work.domain.memory = Some(Memory::mib(mib));
    write_hot_add(work, mib);
    write_reservation(work);
    write_limit(work, mib);
    write_sharing(work);
    write_tuning(work);
}

/// The size in MiB: asked for, said, or VMware's default.
fn size(work: &mut Work<'_>) -> u64 {
    let said = work.vm.memory.size_mib;
    if let Some(bytes) = work.policy.memory {
        if let Some(said) = said {
            let reason = "another size was asked for";
            work.ledger
                .mapped_because(said.id, "/domain/memory", reason);
        }
        return bytes.div_ceil(MIB).max(1);
    }
    match said {
        Some(said) if (1..=MAX_MIB).contains(&said.value) => {
            work.ledger.mapped(said.id, "/domain/memory");
            said.value
        }
        Some(said) => {
            let text = format!("memory is {} MiB, expected 1 to {MAX_MIB}", said.value);
            work.block(
                finding::MEMORY_SIZE,
                "memsize",
                said.id,
                text,
                "give --memory",
            );
            work.ledger
                .not_carried(said.id, "no size that a VM can have");
            DEFAULT_MIB
        }
        None => no_size(work),
    }
}

fn no_size(work: &mut Work<'_>) -> u64 {
    match work.document.get("memsize").map(|entry| entry.id()) {
        Some(id) => {
            let text = "memory is not readable, and a VM depends on it";
            work.block(finding::MEMORY_SIZE, "memsize", id, text, "give --memory");
        }
        None => {
            let text = format!("no memory size, which means {DEFAULT_MIB} MiB");
            work.warn(
                finding::MEMORY_DEFAULT,
                "memsize",
                None,
                text,
                "give --memory",
            );
        }
    }
    DEFAULT_MIB
}

fn write_hot_add(work: &mut Work<'_>, mib: u64) {
    let hot_add = work.vm.memory.hot_add;
    if let Some(max) = work.policy.memory_max {
        let max = max.div_ceil(MIB);
        if max > mib {
            work.domain.max_memory = Some(Memory::mib(max).slots(SLOTS));
            if let Some(hot_add) = hot_add {
                work.ledger.mapped(hot_add.id, "/domain/maxMemory");
            }
            return;
        }
        let text =
            format!("--memory-max is {max} MiB, which is no more than the memory of {mib} MiB");
        work.warn(
            finding::HOTADD_NOT_CARRIED,
            "memory",
            None,
            text,
            "give more, or leave it out",
        );
    }
    let Some(hot_add) = hot_add else { return };
    if hot_add.value {
        let text = "memory could be added while the VM runs";
        let action = Action::manual("--memory-max SIZE allows it");
        let severity = v2v_report::Severity::Info;
        work.tell(
            finding::HOTADD_NOT_CARRIED,
            severity,
            "mem.hotadd",
            hot_add.id,
            text,
            action,
        );
        work.ledger.not_carried(
            hot_add.id,
            "libvirt wants an upper limit; --memory-max gives one",
        );
    } else {
        work.ledger.ignored(hot_add.id, "it was off");
    }
}

/// A reservation has no equal: `min_guarantee` is for other hypervisors, and KVM takes memory as the guest touches it.
fn write_reservation(work: &mut Work<'_>) {
    let memory = &work.vm.memory;
    let amounts = [memory.min_mib, memory.min_size_mib].into_iter().flatten();
    let (zero, some): (Vec<_>, Vec<_>) = amounts.partition(|amount| amount.value == 0);
    for amount in zero {
        work.ledger.ignored(amount.id, "nothing was reserved");
    }
    let mut keys: Vec<EntryId> = some.iter().map(|amount| amount.id).collect();
    match memory.pin {
        Some(pin) if pin.value => keys.push(pin.id),
        Some(pin) => work.ledger.ignored(pin.id, "it was off"),
        None => {}
    }
    let Some(first) = keys.first().copied() else {
        return;
    };
    if work.policy.tuning.huge_pages.is_some() {
        for key in keys {
            let reason = "huge pages are reserved memory";
            work.ledger
                .mapped_because(key, "/domain/memoryBacking/hugepages", reason);
        }
        return;
    }
    let reserved = some.iter().map(|amount| amount.value).max();
    let what = reserved.map_or_else(|| "all memory".to_owned(), |mib| format!("{mib} MiB"));
    let text = format!("{what} was reserved on the host; KVM takes memory as the guest touches it");
    let action = Action::manual("--hugepages, or <memoryBacking><locked/></memoryBacking>");
    let severity = v2v_report::Severity::Info;
    work.tell(
        finding::MEMORY_RESERVATION,
        severity,
        "memory",
        first,
        text,
        action,
    );
    for key in keys {
        work.ledger.not_carried(
            key,
            "KVM has no reservation but huge pages and locked memory",
        );
    }
}

fn write_limit(work: &mut Work<'_>, mib: u64) {
    let Some(max) = work.vm.memory.max_mib else {
        return;
    };
    match max.value {
        Limit::At(limit) if limit < mib && work.policy.keep.limits => {
            memtune(work).soft_limit = Some(Memory::mib(limit));
            work.ledger.mapped(max.id, "/domain/memtune/soft_limit");
        }
        Limit::At(limit) if limit < mib => {
            let text = format!("the host gave at most {limit} MiB of {mib} MiB");
            let action = Action::manual("--keep-limits makes a soft limit of it");
            let severity = v2v_report::Severity::Info;
            work.tell(
                finding::MEMORY_LIMIT,
                severity,
                "memory",
                max.id,
                text,
                action,
            );
            work.ledger.not_carried(
                max.id,
                "a limit below the memory size; --keep-limits keeps it",
            );
        }
        _ => work
            .ledger
            .ignored(max.id, "no limit below the memory size"),
    }
}

fn write_sharing(work: &mut Work<'_>) {
    let memory = &work.vm.memory;
    if let Some(shares) = memory.shares {
        if shares.value == Shares::Normal {
            work.ledger.ignored(shares.id, "as much as everyone has");
        } else {
            let text = "memory shares against other VMs; KVM has none for memory";
            work.info(finding::MEMORY_SHARES, "memory", shares.id, text);
            work.ledger
                .not_carried(shares.id, "KVM has no shares of memory");
        }
    }
    let Some(sharing) = memory.page_sharing else {
        return;
    };
    if sharing.value {
        work.ledger
            .ignored(sharing.id, "equal pages may be merged on KVM, too");
    } else {
        backing(work).nosharepages = true;
        work.ledger
            .mapped(sharing.id, "/domain/memoryBacking/nosharepages");
    }
}

/// What the caller tunes.
fn write_tuning(work: &mut Work<'_>) {
    let tuning = &work.policy.tuning;
    if let Some(pages) = tuning.huge_pages {
        let mut element = HugePagesElement::default();
        if let HugePages::Size(bytes) = pages {
            element = element.pages([HugePage::new(bytes.div_ceil(1024), Unit::KiB)]);
        }
        backing(work).hugepages = Some(element);
    }
    if let Some(weight) = tuning.blkio_weight {
        work.domain.blkiotune = Some(BlockIoTune::default().weight(u32::from(weight)));
    }
    let kib = |bytes: u64| Memory::kib(bytes.div_ceil(1024));
    let limits = tuning.memtune;
    if let Some(bytes) = limits.hard_limit {
        memtune(work).hard_limit = Some(kib(bytes));
    }
    if let Some(bytes) = limits.soft_limit {
        memtune(work).soft_limit = Some(kib(bytes));
    }
    if let Some(bytes) = limits.swap_hard_limit {
        memtune(work).swap_hard_limit = Some(kib(bytes));
    }
}

fn memtune<'w>(work: &'w mut Work<'_>) -> &'w mut MemoryTune {
    work.domain.memtune.get_or_insert_default()
}

fn backing<'w>(work: &'w mut Work<'_>) -> &'w mut MemoryBacking {
    work.domain.memory_backing.get_or_insert_default()
}
