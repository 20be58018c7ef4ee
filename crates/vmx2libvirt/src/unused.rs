//! Options that name a device which the source does not have: a slip of the fingers that would change nothing in
//! silence.

use v2v_report::{Action, Evidence, Finding, FindingId, Severity};
use v2v_translate::{Policy, Translation};

const OPTION_WITHOUT_EFFECT: FindingId = FindingId::new("option-without-effect");

/// One finding for each device that `policy` names and `translation` has not.
pub(crate) fn findings(policy: &Policy, translation: &Translation) -> Vec<Finding> {
    let slots = || translation.disks.iter().map(|disk| disk.slot.as_str());
    let macs = || translation.nics.iter().filter_map(|nic| nic.mac.as_deref());
    let buses = policy.disk_bus.each.iter().map(|(slot, _)| slot);
    let tunes = policy.tuning.iotune_of.iter().map(|(slot, _)| slot);
    let models = policy.nic_model.each.iter().map(|(mac, _)| mac);
    let disks = buses
        .map(|slot| ("--disk-bus", slot))
        .chain(tunes.map(|slot| ("--iotune", slot)))
        .filter(|(_, name)| !slots().any(|slot| slot.eq_ignore_ascii_case(name)))
        .map(|(option, name)| finding(option, name, "disk", slots().collect()));
    let nics = models
        .filter(|name| !macs().any(|mac| mac.eq_ignore_ascii_case(name)))
        .map(|name| finding("--nic-model", name, "network card", macs().collect()));
    disks.chain(nics).collect()
}

fn finding(option: &str, name: &str, what: &str, present: Vec<&str>) -> Finding {
    let present = match present.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let text = format!("there is no {what} {name:?}; the source has {present}");
    Finding::new(OPTION_WITHOUT_EFFECT, Severity::Warn, option)
        .evidence(Evidence::new(text))
        .action(Action::manual("name one of these, or leave the option out"))
}
