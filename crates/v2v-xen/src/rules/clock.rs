//! The clock: its offset stays, timers of Xen go.

use v2v_report::{Action, Severity};
use v2v_target::finding;
use v2v_xml::{NewElement, NodeId};

use super::domain::add_behind;
use super::features::is_on;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "clock-adjustment",
        xpath: "/domain/clock/@adjustment",
        when: "it is reset",
        why: "the clock of a Xen guest starts anew each time, and KVM's does that without being told; a number stays",
        apply: remove_reset,
    },
    Rule {
        id: "clock-timer",
        xpath: "/domain/clock/timer",
        when: "it is tsc, hpet or platform",
        why: "modes of Xen's time sources that KVM does not have, or does on its own",
        apply: remove_timers,
    },
    Rule {
        id: "clock-hypervclock",
        xpath: "/domain/clock/timer[@name='hypervclock']",
        when: "the guest uses interfaces of Hyper-V, and it is missing",
        why: "Windows reads the time from it; QEMU refuses stimer without it",
        apply: add_hypervclock,
    },
];

fn remove_reset(work: &mut Work<'_>) {
    for clock in work.all("clock") {
        if work.attribute(clock, "adjustment") == "reset" {
            work.remove_attribute(clock, "adjustment");
        }
    }
}

fn remove_timers(work: &mut Work<'_>) {
    for timer in work.all("clock/timer") {
        let name = work.attribute(timer, "name");
        let note = match name.as_str() {
            "tsc" => "KVM gives the processor's own, scaled where it can",
            "hpet" => "QEMU's PC has one anyway",
            "platform" => "KVM has none",
            _ => continue,
        };
        let details: Vec<String> = work
            .document
            .attributes(timer)
            .filter(|(key, _)| *key != "name")
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        let text = format!(
            "timer {name} ({}) is not carried: {note}",
            details.join(", ")
        );
        let action = match name.as_str() {
            "hpet" => Action::manual("<timer name='hpet' present='no'/> takes it away"),
            _ => Action::none(),
        };
        let subject = format!("timer {name}");
        let (id, severity) = (finding::CLOCK_TIMER_NOT_CARRIED, Severity::Info);
        work.tell(id, severity, subject, timer, text, action);
        work.remove(timer);
    }
}

fn add_hypervclock(work: &mut Work<'_>) {
    let uses = |hyperv: &NodeId| {
        let mut features = work.document.elements(*hyperv);
        features.any(|id| is_on(work, *hyperv, work.document.name(id)))
    };
    let hyperv = work.all("features/hyperv");
    let has_clock = work.first("clock/timer[@name='hypervclock']").is_some();
    if has_clock || !hyperv.iter().any(uses) {
        return;
    }
    let timer = NewElement::new("timer")
        .attribute("name", "hypervclock")
        .attribute("present", "yes");
    if let Some(clock) = work.first("clock") {
        work.append(clock, timer);
    } else {
        let clock = NewElement::new("clock")
            .attribute("offset", "utc")
            .child(timer);
        add_behind(
            work,
            &["name", "memory", "vcpu", "os", "features", "cpu"],
            clock,
        );
    }
}
