//! `<clock>`, what follows the guest's end, and power management.

use crate::macros::{model, tagged, values};

model! {
    /// `<clock>`: what the guest's hardware clock shows, and its timers.
    pub element Clock {
        /// Relation to the host's clock.
        offset: ClockOffset = tagged(0, "offset"),
        /// Timers in their order.
        timers: Vec<Timer> = list("timer"),
    }
}

impl Clock {
    /// A clock in UTC, as most guests have it.
    pub fn utc() -> Self {
        Self::new(ClockOffset::Utc(ClockAdjustment::default()))
    }

    /// A clock in the host's time zone, as Windows has it.
    pub fn localtime() -> Self {
        Self::new(ClockOffset::LocalTime(ClockAdjustment::default()))
    }

    /// A clock without timers.
    pub fn new(offset: ClockOffset) -> Self {
        let (timers, other) = Default::default();
        Self {
            offset,
            timers,
            other,
        }
    }
}

tagged! {
    /// Relation of the guest's clock to the host's.
    pub enum ClockOffset absent "" {
        Utc(ClockAdjustment) = "utc" in group(),
        LocalTime(ClockAdjustment) = "localtime" in group(),
        /// In a named time zone.
        Timezone(Option<String>) = "timezone" in attr("timezone"),
        /// Off by a number of seconds that is kept over restarts.
        Variable(VariableOffset) = "variable" in group(),
        /// Always the same time at the start: seconds since 1970.
        Absolute(Option<u64>) = "absolute" in attr("start"),
    }
}

model! {
    /// `adjustment='reset'`: forget what an earlier libvirt kept.
    #[derive(Default)]
    pub group ClockAdjustment {
        /// `reset`, or seconds.
        adjustment: Option<String> = attr("adjustment"),
    }
}

model! {
    /// `adjustment='3600' basis='utc'`
    #[derive(Default)]
    pub group VariableOffset {
        /// Seconds added to the basis.
        adjustment: Option<i64> = attr("adjustment"),
        /// UTC if absent.
        basis: Option<ClockBasis> = attr("basis"),
    }
}

values! {
    /// What an offset is added to.
    pub enum ClockBasis { Utc = "utc", LocalTime = "localtime" }
}

model! {
    /// `<timer name='rtc' tickpolicy='catchup'/>`
    pub element Timer {
        /// Which timer.
        name: TimerName = attr("name"),
        /// Whether the guest has it.
        present: Option<bool> = attr("present"),
        /// What to do about missed ticks.
        tickpolicy: Option<TickPolicy> = attr("tickpolicy"),
        /// What the timer follows (`rtc`, `platform`).
        track: Option<TimerTrack> = attr("track"),
        /// Hertz (`tsc`).
        frequency: Option<u64> = attr("frequency"),
        /// How it is provided (`tsc`).
        mode: Option<TimerMode> = attr("mode"),
        /// Limits of catching up.
        catchup: Option<Catchup> = child("catchup"),
    }
}

impl Timer {
    /// A timer without further wishes.
    pub fn new(name: TimerName) -> Self {
        Self {
            name,
            present: None,
            tickpolicy: None,
            track: None,
            frequency: None,
            mode: None,
            catchup: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Timers.
    pub enum TimerName {
        Platform = "platform", Rtc = "rtc", Pit = "pit", Hpet = "hpet", Tsc = "tsc", Kvmclock = "kvmclock",
        Hypervclock = "hypervclock", Armvtimer = "armvtimer",
    }
}

values! {
    /// What to do about missed ticks.
    pub enum TickPolicy { Delay = "delay", Catchup = "catchup", Merge = "merge", Discard = "discard" }
}

values! {
    /// What a timer follows.
    pub enum TimerTrack { Boot = "boot", Guest = "guest", Wall = "wall", Realtime = "realtime" }
}

values! {
    /// How the time stamp counter is provided.
    pub enum TimerMode {
        Auto = "auto", Native = "native", Emulate = "emulate", Paravirt = "paravirt", Smpsafe = "smpsafe",
    }
}

model! {
    /// `<catchup threshold='123' slew='120' limit='10000'/>`
    #[derive(Default)]
    pub element Catchup {
        /// Ticks behind before it begins.
        threshold: Option<u32> = attr("threshold"),
        /// How fast.
        slew: Option<u32> = attr("slew"),
        /// Most ticks to catch up.
        limit: Option<u32> = attr("limit"),
    }
}

values! {
    /// What follows when the guest ends by itself (`<on_poweroff>`, `<on_reboot>`, `<on_crash>`).
    pub enum LifecycleAction {
        Destroy = "destroy", Restart = "restart", Preserve = "preserve", RenameRestart = "rename-restart",
        CoredumpDestroy = "coredump-destroy", CoredumpRestart = "coredump-restart",
    }
}

values! {
    /// What follows when a lease is lost (`<on_lockfailure>`).
    pub enum LockFailureAction { Poweroff = "poweroff", Restart = "restart", Pause = "pause", Ignore = "ignore" }
}

model! {
    /// `<pm>`: sleep states the firmware offers.
    #[derive(Default)]
    pub element PowerManagement {
        /// S3.
        suspend_to_mem: Option<PmState> = child("suspend-to-mem"),
        /// S4.
        suspend_to_disk: Option<PmState> = child("suspend-to-disk"),
    }
}

model! {
    /// `<suspend-to-mem enabled='no'/>`
    #[derive(Default)]
    pub element PmState {
        /// Offered or not; the hypervisor's choice if absent.
        enabled: Option<bool> = attr("enabled"),
    }
}

impl PmState {
    /// Offered or not.
    pub fn new(enabled: bool) -> Self {
        Self::default().enabled(enabled)
    }
}
