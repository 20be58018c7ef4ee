//! The clock, its timers, and what makes Windows at home on KVM.

use v2v_domain::{
    Clock, ClockBasis, ClockOffset, FeatureState, Hyperv, Spinlocks, SyntheticTimer, TickPolicy,
    Timer, TimerName, VariableOffset,
};
use v2v_report::{Action, Severity};

use super::Work;
use super::firmware::close_vmware_port;
use crate::finding;

/// Writes clock, timers and enlightenments.
pub(super) fn write(work: &mut Work<'_>) {
    let clock = Clock::new(offset(work)).timers(timers(work));
    work.domain.clock = Some(clock);
    if work.guest.hyperv()
        && let Some(features) = &mut work.domain.features
    {
        features.hyperv = Some(enlightenments());
    }
    close_vmware_port(work);
    tell_tools(work);
}

/// What the guest takes the hardware clock for: UTC, or local time on Windows.
fn offset(work: &mut Work<'_>) -> ClockOffset {
    let seen = work
        .evidence
        .guest
        .as_ref()
        .and_then(|guest| guest.clock_is_utc);
    let is_local = seen.map_or(work.guest.clock_is_local(), |is_utc| !is_utc);
    if let Some(start) = work.vm.clock.start_time {
        let text = "the clock began at a fixed time at each start; the domain follows the host";
        work.info(
            finding::CLOCK_TIMER_NOT_CARRIED,
            "rtc.startTime",
            start.id,
            text,
        );
        work.ledger
            .not_carried(start.id, "a fixed time at each start");
    }
    if let Some(diff) = work.vm.clock.diff_from_utc {
        work.ledger.mapped(diff.id, "/domain/clock/@adjustment");
        let text = format!("the clock is kept {} seconds off UTC", diff.value);
        work.info(
            finding::CLOCK_TIMER_NOT_CARRIED,
            "rtc.diffFromUTC",
            diff.id,
            text,
        );
        let offset = VariableOffset::default()
            .adjustment(diff.value)
            .basis(ClockBasis::Utc);
        return ClockOffset::Variable(offset);
    }
    if is_local {
        ClockOffset::LocalTime(Default::default())
    } else {
        ClockOffset::Utc(Default::default())
    }
}

/// Missed ticks of the RTC are made up for, those of the PIT are not; the HPET only costs. What virt-manager writes.
fn timers(work: &Work<'_>) -> Vec<Timer> {
    let mut timers = vec![
        Timer::new(TimerName::Rtc).tickpolicy(TickPolicy::Catchup),
        Timer::new(TimerName::Pit).tickpolicy(TickPolicy::Delay),
        Timer::new(TimerName::Hpet).present(false),
    ];
    if work.guest.hyperv() {
        timers.push(Timer::new(TimerName::Hypervclock).present(true));
    }
    timers
}

/// Interfaces of Hyper-V that every host with KVM has and every Windows since Vista uses where it knows them.
fn enlightenments() -> Hyperv {
    let on = FeatureState::on;
    Hyperv::default()
        .relaxed(on())
        .vapic(on())
        .spinlocks(Spinlocks::default().state(true).retries(8191u32))
        .vpindex(on())
        .runtime(on())
        .synic(on())
        .stimer(SyntheticTimer::default().state(true))
        .reset(on())
        .frequencies(on())
}

fn tell_tools(work: &mut Work<'_>) {
    let Some(sync) = work.vm.clock.tools_sync.filter(|sync| sync.value) else {
        return;
    };
    let text = "VMware Tools set the guest's clock; on KVM nothing does";
    let action = Action::manual("use chrony or the time service inside the guest");
    work.tell(
        finding::CLOCK_TIMER_NOT_CARRIED,
        Severity::Info,
        "tools.syncTime",
        sync.id,
        text,
        action,
    );
    work.ledger
        .not_carried(sync.id, "KVM does not set the guest's clock");
}
