//! The state the VM was left in, and guests that can't be helped.

use v2v_report::{Action, Severity};

use super::Work;
use super::text::quoted;
use crate::finding;

/// Finds what speaks against converting this VM now, or at all.
pub(super) fn check(work: &mut Work<'_>) {
    check_suspended(work);
    check_running(work);
    check_architecture(work);
    check_guest(work);
}

fn check_suspended(work: &mut Work<'_>) {
    let vm = work.vm;
    let Some(state) = vm.state.suspended() else {
        return;
    };
    let text = format!(
        "the VM is suspended: {} holds what its disks lack",
        quoted(state.value.text())
    );
    let action = "resume it in VMware and shut it down";
    work.block(
        finding::VM_SUSPENDED,
        "checkpoint.vmState",
        state.id,
        text,
        action,
    );
    work.ledger.not_carried(
        state.id,
        "memory and devices of a suspended VM are VMware's",
    );
}

fn check_running(work: &mut Work<'_>) {
    let clean = work.vm.state.clean_shutdown;
    let is_unclean = clean.is_some_and(|clean| !clean.value);
    let locks = &work.evidence.locks;
    let action = "shut it down; a running VM can't be converted";
    if let Some(lock) = locks.first() {
        let text = format!("{} says that VMware has the VM open", quoted(lock));
        work.block(finding::VM_MAYBE_RUNNING, "lock", None, text, action);
    }
    let Some(clean) = clean.filter(|_| is_unclean) else {
        return;
    };
    if locks.is_empty() {
        let text = "the VM was running when this was written, or has crashed";
        work.warn(
            finding::VM_MAYBE_RUNNING,
            "cleanShutdown",
            clean.id,
            text,
            action,
        );
    }
    work.ledger
        .not_carried(clean.id, "the VM was not shut down");
}

fn check_architecture(work: &mut Work<'_>) {
    let vm = work.vm;
    let Some(architecture) = &vm.platform.architecture else {
        return;
    };
    if architecture.is("x86") || architecture.is("x86_64") || architecture.value.trim().is_empty() {
        work.ledger.mapped(architecture.id, "/domain/os/type/@arch");
        return;
    }
    let text = format!(
        "the guest is made for {}, the domain is x86_64",
        quoted(&architecture.value)
    );
    let action = "convert it to a host of its own architecture";
    work.block(
        finding::ARCH_UNSUPPORTED,
        "architecture",
        architecture.id,
        text,
        action,
    );
    work.ledger
        .not_carried(architecture.id, "another architecture than the target's");
}

fn check_guest(work: &mut Work<'_>) {
    let at = work.vm.platform.guest_os.as_ref().map(|setting| setting.id);
    let name = work.guest.name();
    if !work.guest.supported() {
        let text = format!("{name} is not supported on KVM by its vendor or by this program");
        let action = "expect hand work; devices are as in the source where QEMU has them";
        work.warn(finding::GUEST_UNSUPPORTED, "guest", at, text, action);
    } else if !work.guest.is_known() {
        let text = "the guest is not known, so nothing is assumed about its drivers";
        let action = Action::manual("choose with --profile if you know it");
        work.tell(
            finding::GUEST_UNKNOWN,
            Severity::Info,
            "guest",
            at,
            text,
            action,
        );
    }
    if work.guest.is_windows() && work.guest.prefers_pc() {
        let text = format!("{name} is older than every driver that is still made");
        let action = "install virtio drivers of its time by hand, or stay with the devices chosen";
        work.warn(finding::WINDOWS_OLD, "guest", at, text, action);
    } else if work.guest.is_windows() {
        let text = "Windows sees new hardware and may want to be activated again";
        work.info(finding::WINDOWS_ACTIVATION, "guest", at, text);
    }
}
