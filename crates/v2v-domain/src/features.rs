//! `<features>`: what the machine offers beside its devices.

use crate::element::Element;
use crate::macros::{model, values};
use crate::resources::Memory;

model! {
    /// `<features>`
    #[derive(Default)]
    pub element Features {
        /// Physical address extension.
        pae: bool = flag("pae"),
        /// ACPI; without it a guest cannot be shut down from outside.
        acpi: bool = flag("acpi"),
        /// Interrupt controller of the processor.
        apic: Option<Apic> = child("apic"),
        /// Hyper-V interface of Xen.
        viridian: bool = flag("viridian"),
        /// Network of its own (containers).
        privnet: bool = flag("privnet"),
        /// Hardware-assisted paging (Xen).
        hap: Option<FeatureState> = child("hap"),
        /// Hyper-V enlightenments.
        hyperv: Option<Hyperv> = child("hyperv"),
        /// Options of KVM.
        kvm: Option<KvmFeatures> = child("kvm"),
        /// Options of Xen.
        xen: Option<XenFeatures> = child("xen"),
        /// Paravirtual spin locks.
        pvspinlock: Option<FeatureState> = child("pvspinlock"),
        /// Performance counters.
        pmu: Option<FeatureState> = child("pmu"),
        /// The VMware port, which makes VMware Tools believe in VMware.
        vmport: Option<FeatureState> = child("vmport"),
        /// System management mode.
        smm: Option<Smm> = child("smm"),
        /// Who emulates the I/O APIC.
        ioapic: Option<IoApic> = sub("ioapic", "driver"),
        /// Crash dump information of the guest's kernel.
        vmcoreinfo: Option<FeatureState> = child("vmcoreinfo"),
        /// Reaction to unknown model-specific registers.
        msrs: Option<UnknownMsrs> = sub("msrs", "unknown"),
        /// Interrupt controller of ARM.
        gic: Option<Gic> = child("gic"),
        /// Container capabilities, kept as they are.
        capabilities: Vec<Element> = raws("capabilities"),
        /// Options of TCG, kept as they are.
        tcg: Vec<Element> = raws("tcg"),
    }
}

impl Features {
    /// `<acpi/><apic/>`, what every PC has.
    pub fn pc() -> Self {
        Self::default().acpi(true).apic(Apic::default())
    }
}

model! {
    /// A feature that is on or off: `<pmu state='off'/>`.
    #[derive(Default)]
    pub element FeatureState {
        /// On if absent.
        state: Option<bool> = on_off("state"),
    }
}

impl FeatureState {
    /// `state='on'`.
    pub fn on() -> Self {
        Self::default().state(true)
    }

    /// `state='off'`.
    pub fn off() -> Self {
        Self::default().state(false)
    }
}

model! {
    /// `<apic eoi='on'/>`
    #[derive(Default)]
    pub element Apic {
        /// Paravirtual end of interrupt.
        eoi: Option<bool> = on_off("eoi"),
    }
}

model! {
    /// `<gic version='3'/>`
    #[derive(Default)]
    pub element Gic {
        /// `host`, `2` or `3`.
        version: Option<String> = attr("version"),
    }
}

model! {
    /// `<smm state='on'><tseg unit='MiB'>48</tseg></smm>`
    #[derive(Default)]
    pub element Smm {
        /// On if absent.
        state: Option<bool> = on_off("state"),
        /// Memory of its own.
        tseg: Option<Memory> = child("tseg"),
    }
}

values! {
    /// Who emulates the I/O APIC.
    pub enum IoApic { Kvm = "kvm", Qemu = "qemu" }
}

values! {
    /// Reaction to unknown model-specific registers.
    pub enum UnknownMsrs { Ignore = "ignore", Fault = "fault" }
}

model! {
    /// `<hyperv>`: what a Windows guest asks of a hypervisor.
    #[derive(Default)]
    pub element Hyperv {
        /// Only what is listed, or all the host can do.
        mode: Option<HypervMode> = attr("mode"),
        /// Fewer time-outs.
        relaxed: Option<FeatureState> = child("relaxed"),
        /// Virtual APIC.
        vapic: Option<FeatureState> = child("vapic"),
        /// Spin locks that yield.
        spinlocks: Option<Spinlocks> = child("spinlocks"),
        /// Number of the virtual processor.
        vpindex: Option<FeatureState> = child("vpindex"),
        /// Run time of the processor.
        runtime: Option<FeatureState> = child("runtime"),
        /// Synthetic interrupt controller.
        synic: Option<FeatureState> = child("synic"),
        /// Synthetic timers.
        stimer: Option<SyntheticTimer> = child("stimer"),
        /// Reset by register.
        reset: Option<FeatureState> = child("reset"),
        /// Vendor string the guest sees.
        vendor_id: Option<HypervVendor> = child("vendor_id"),
        /// Frequency registers.
        frequencies: Option<FeatureState> = child("frequencies"),
        /// Notification after migration.
        reenlightenment: Option<FeatureState> = child("reenlightenment"),
        /// Flush of remote TLBs.
        tlbflush: Option<FeatureState> = child("tlbflush"),
        /// Interrupts between processors.
        ipi: Option<FeatureState> = child("ipi"),
        /// Enlightened VMCS (nested, Intel).
        evmcs: Option<FeatureState> = child("evmcs"),
        /// AVIC or APICv beside the synthetic controller.
        avic: Option<FeatureState> = child("avic"),
        /// Bitmaps of model-specific registers (nested).
        emsr_bitmap: Option<FeatureState> = child("emsr_bitmap"),
        /// Extended registers in hypercalls.
        xmm_input: Option<FeatureState> = child("xmm_input"),
    }
}

values! {
    /// How enlightenments are chosen.
    pub enum HypervMode { Custom = "custom", Passthrough = "passthrough" }
}

model! {
    /// `<spinlocks state='on' retries='8191'/>`
    #[derive(Default)]
    pub element Spinlocks {
        /// On or off.
        state: Option<bool> = on_off("state"),
        /// Tries before the guest yields, 4095 or more.
        retries: Option<u32> = attr("retries"),
    }
}

model! {
    /// `<stimer state='on'><direct state='on'/></stimer>`
    #[derive(Default)]
    pub element SyntheticTimer {
        /// On or off.
        state: Option<bool> = on_off("state"),
        /// Direct mode.
        direct: Option<FeatureState> = child("direct"),
    }
}

model! {
    /// `<vendor_id state='on' value='KVM Hv'/>`
    #[derive(Default)]
    pub element HypervVendor {
        /// On or off.
        state: Option<bool> = on_off("state"),
        /// At most 12 characters.
        value: Option<String> = attr("value"),
    }
}

model! {
    /// `<kvm>`
    #[derive(Default)]
    pub element KvmFeatures {
        /// KVM is not shown to the guest.
        hidden: Option<FeatureState> = child("hidden"),
        /// Processors are not shared with others.
        hint_dedicated: Option<FeatureState> = child("hint-dedicated"),
        /// Guest may choose to poll.
        poll_control: Option<FeatureState> = child("poll-control"),
        /// Paravirtual interrupts between processors.
        pv_ipi: Option<FeatureState> = child("pv-ipi"),
        /// Dirty ring instead of bitmaps.
        dirty_ring: Option<DirtyRing> = child("dirty-ring"),
    }
}

model! {
    /// `<dirty-ring state='on' size='4096'/>`
    #[derive(Default)]
    pub element DirtyRing {
        /// On or off.
        state: Option<bool> = on_off("state"),
        /// Entries, a power of 2 from 1024 to 65536.
        size: Option<u32> = attr("size"),
    }
}

model! {
    /// `<xen>`
    #[derive(Default)]
    pub element XenFeatures {
        /// Memory map of the host.
        e820_host: Option<FeatureState> = child("e820_host"),
        /// IOMMU for passthrough devices.
        passthrough: Option<XenPassthrough> = child("passthrough"),
    }
}

model! {
    /// `<passthrough state='on' mode='share_pt'/>`
    #[derive(Default)]
    pub element XenPassthrough {
        /// On or off.
        state: Option<bool> = on_off("state"),
        /// `share_pt` or `sync_pt`.
        mode: Option<String> = attr("mode"),
    }
}
