//! What the new machine has and the old one had not: what KVM needs to work well with a guest.

#[cfg(test)]
pub(in crate::vmx) mod case;
#[cfg(test)]
mod tests;

use v2v_domain::{
    BalloonModel, Channel, Controller, ControllerModel, ControllerType, Input, InputBus, InputType,
    LifecycleAction, MemBalloon, Panic, PanicModel, PmState, PowerManagement, Rng, VirtioModel,
};

use super::Work;
use crate::guest::{Family, Virtio};
use crate::policy::Profile;

/// Adds input devices, the line of the guest agent, random numbers, the balloon, the panic device, and what follows a
/// shutdown, a reboot and a crash.
pub(super) fn write(work: &mut Work<'_>) {
    write_lifecycle(work);
    write_inputs(work);
    write_virtio(work);
    write_panic(work);
}

/// A guest that powers off is off and one that reboots starts again, as on VMware. One that panics is off, and
/// `virsh domstate --reason` says "crashed": after a move a panic mostly means that the root file system was not found,
/// and starting again would hide that in a loop. Sleep states are not offered: a guest that falls asleep looks as if it
/// had hung, and virtio devices of older guests don't wake up.
fn write_lifecycle(work: &mut Work<'_>) {
    let domain = &mut work.domain;
    domain.on_poweroff = Some(LifecycleAction::Destroy);
    domain.on_reboot = Some(LifecycleAction::Restart);
    domain.on_crash = Some(LifecycleAction::Destroy);
    let never = PowerManagement::default()
        .suspend_to_mem(PmState::new(false))
        .suspend_to_disk(PmState::new(false));
    domain.pm = Some(never);
}

/// The mouse and keyboard that every PC has; libvirt would add them.
fn write_inputs(work: &mut Work<'_>) {
    for kind in [InputType::Mouse, InputType::Keyboard] {
        let input = Input::new(kind, InputBus::Ps2);
        work.domain.devices_mut().inputs.push(input);
    }
}

/// Which of the small virtio devices the guest gets.
struct Helpers {
    /// A line for the guest agent, and a balloon.
    agent: bool,
    /// Random numbers.
    rng: bool,
}

/// Windows has the drivers for the agent and the balloon from the package that the agent comes in; until then it sees
/// two unknown devices, which do no harm. A third one for random numbers is not worth that. A guest of which nobody
/// knows whether it drives virtio gets none, unless its disk shows or the caller says that it does.
fn helpers(work: &Work<'_>) -> Helpers {
    let is_shown = work.evidence.guest.as_ref().is_some_and(|seen| {
        [seen.virtio_blk, seen.virtio_scsi, seen.virtio_net].contains(&Some(true))
    });
    let is_driven = is_shown
        || matches!(work.guest.virtio(), Virtio::Modern | Virtio::Legacy)
        || work.policy.profile == Profile::Virtio;
    Helpers {
        agent: is_driven || work.guest.virtio() == Virtio::WithDrivers,
        rng: is_driven,
    }
}

fn write_virtio(work: &mut Work<'_>) {
    let helpers = helpers(work);
    let is_transitional = work.facts().wants_transitional(work.machine);
    let devices = work.domain.devices_mut();
    if helpers.agent {
        if is_transitional {
            // libvirt adds a controller for the line, but one of virtio 1.0.
            let controller = Controller::new(ControllerType::VirtioSerial, 0);
            devices
                .controllers
                .push(controller.model(ControllerModel::VirtioTransitional));
        }
        devices.channels.push(Channel::guest_agent());
    }
    if helpers.rng {
        let mut rng = Rng::urandom();
        if is_transitional {
            rng.model = VirtioModel::Transitional;
        }
        devices.rngs.push(rng);
    }
    let balloon = match (helpers.agent, is_transitional) {
        (false, _) => BalloonModel::None,
        (true, true) => BalloonModel::VirtioTransitional,
        (true, false) => BalloonModel::Virtio,
    };
    devices.memballoon = Some(MemBalloon::new(balloon));
}

/// A device by which the guest tells that it has crashed: for Windows the registers of Hyper-V, which it uses by
/// itself; for Linux and FreeBSD an I/O port. Others would show an unknown device.
fn write_panic(work: &mut Work<'_>) {
    let model = match work.guest.family() {
        Family::Windows if work.guest.hyperv() => PanicModel::Hyperv,
        Family::Linux | Family::FreeBsd => PanicModel::Isa,
        _ => return,
    };
    work.domain.devices_mut().panics.push(Panic::new(model));
}
