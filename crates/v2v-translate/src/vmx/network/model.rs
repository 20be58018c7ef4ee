//! The model of a card.

use v2v_domain::InterfaceModel;
use v2v_report::{Action, Severity};
use v2v_vmx::Nic;

use super::Groups;
use crate::device::{SourceNic, Why};
use crate::finding;
use crate::guest;
use crate::network::Mapping;
use crate::policy::NicModel;
use crate::vmx::Work;
use crate::vmx::text::quoted;

/// A model, and whether it is not what the guest knows.
pub(super) struct Choice {
    pub(super) model: InterfaceModel,
    pub(super) change: Option<Change>,
}

/// A model that QEMU does not have, and the one in its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    from: String,
    to: &'static str,
    is_driven: bool,
}

/// The model for the card: the caller's for the card or for all, else the network map's, else what the guest drives.
pub(super) fn choose(
    work: &Work<'_>,
    nic: &Nic,
    mac: Option<&str>,
    mapping: Option<&Mapping>,
) -> Choice {
    let facts = work.facts();
    let (source, from) = source(work, nic);
    let (model, why) = facts.nic_model(mac, source);
    let mapped = mapping.and_then(|mapping| mapping.model.as_deref());
    if let Some(mapped) = mapped.filter(|_| why != Why::Asked) {
        return Choice {
            model: transitional(work, InterfaceModel::from(mapped)),
            change: None,
        };
    }
    let change = (why == Why::Nearest).then(|| Change {
        from,
        to: model.name(),
        is_driven: drives(work, model),
    });
    Choice {
        model: transitional(work, InterfaceModel::from(model.name())),
        change,
    }
}

/// What the source had, and how it called it. VMware's own words: the flexible card is a PCnet until VMware Tools
/// switch it, so an unnamed one on an old guest is a vlance.
fn source(work: &Work<'_>, nic: &Nic) -> (SourceNic, String) {
    let named = nic.virtual_dev.as_ref().map(|setting| setting.value.trim());
    let Some(name) = named.filter(|name| !name.is_empty()) else {
        let default = work.guest.default_nic();
        let source = match default {
            guest::SourceNic::E1000 => SourceNic::E1000,
            guest::SourceNic::Flexible => SourceNic::Vlance,
        };
        return (source, default.as_str().to_owned());
    };
    let source = match name.to_ascii_lowercase().as_str() {
        "vmxnet3" => SourceNic::Vmxnet3,
        "e1000" => SourceNic::E1000,
        "e1000e" => SourceNic::E1000e,
        "vlance" => SourceNic::Vlance,
        "vmxnet" | "vmxnet2" | "flexible" => SourceNic::Vmxnet,
        _ => SourceNic::Other,
    };
    (source, name.to_owned())
}

fn transitional(work: &Work<'_>, model: InterfaceModel) -> InterfaceModel {
    match model {
        InterfaceModel::Virtio if work.facts().wants_transitional(work.machine) => {
            InterfaceModel::VirtioTransitional
        }
        model => model,
    }
}

/// Whether the guest is known to have a driver for one of the models that stand in for others.
fn drives(work: &Work<'_>, model: NicModel) -> bool {
    match model {
        NicModel::E1000 => work.guest.has_e1000(),
        NicModel::Pcnet => work.guest.has_pcnet(),
        _ => false,
    }
}

/// Tells the models that changed.
pub(super) fn tell(work: &mut Work<'_>, changes: &Groups<Change>) {
    for group in &changes.groups {
        let Change {
            from,
            to,
            is_driven,
        } = &group.key;
        let (severity, known, action) = if *is_driven {
            (
                Severity::Info,
                "which the guest has a driver for",
                Action::none(),
            )
        } else {
            (
                Severity::Warn,
                "and it is not known whether the guest has a driver for that",
                Action::manual(
                    "look for the driver in the guest, or choose a model with --nic-model",
                ),
            )
        };
        let text = format!(
            "QEMU has no {}; the card became {to}, {known}{}",
            quoted(from),
            group.others()
        );
        let id = finding::NIC_MODEL_CHANGED;
        work.tell(id, severity, group.subject(), group.seen, text, action);
    }
}
