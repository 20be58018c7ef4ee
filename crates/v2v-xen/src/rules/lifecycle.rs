//! What happens when the guest stops.

use v2v_target::finding;

use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "on-poweroff",
        xpath: "/domain/on_poweroff",
        when: "it is neither destroy nor restart, or restart where on_reboot is destroy",
        why: "KVM can't keep a domain that is off, nor start it under another name, nor tell power-off from reboot that way",
        apply: set_poweroff,
    },
    Rule {
        id: "on-reboot",
        xpath: "/domain/on_reboot",
        when: "it is neither destroy nor restart",
        why: "KVM can't keep a domain that reboots, nor start it under another name",
        apply: set_reboot,
    },
    Rule {
        id: "on-crash",
        xpath: "/domain/on_crash",
        when: "it is none of destroy, restart, preserve, coredump-destroy, coredump-restart",
        why: "KVM can't start a crashed domain under another name",
        apply: set_crash,
    },
];

fn set_poweroff(work: &mut Work<'_>) {
    // libvirt's QEMU driver takes every pair but this one.
    let reboots = work.all("on_reboot");
    let is_reboot_end = reboots.iter().any(|id| work.text(*id) == "destroy");
    let known: &[&str] = if is_reboot_end {
        &["destroy"]
    } else {
        &["destroy", "restart"]
    };
    set_action(work, "on_poweroff", known, "destroy");
}

fn set_reboot(work: &mut Work<'_>) {
    set_action(work, "on_reboot", &["destroy", "restart"], "restart");
}

fn set_crash(work: &mut Work<'_>) {
    let known = [
        "destroy",
        "restart",
        "preserve",
        "coredump-destroy",
        "coredump-restart",
    ];
    set_action(work, "on_crash", &known, "restart");
}

fn set_action(work: &mut Work<'_>, event: &str, known: &[&str], new: &str) {
    for id in work.all(event) {
        let old = work.text(id);
        if known.contains(&old.as_str()) {
            continue;
        }
        work.set_text(id, new);
        let text = format!("{event} was {old:?}, which KVM does not do here; it is {new} now");
        work.info(finding::LIFECYCLE_ACTION_CHANGED, event, id, text);
    }
}
