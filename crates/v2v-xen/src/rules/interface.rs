//! Network cards. Those that are a PCI device of the host are passed through and belong to another group.

mod mac;
mod model;
mod network;
mod script;

use v2v_target::finding;
use v2v_xml::NodeId;

use super::device::Groups;
use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "interface-script",
        xpath: "/domain/devices/interface/script",
        when: "it is there",
        why: "scripts of the Xen host; libvirt plugs cards into bridges itself, and tags on Open vSwitch",
        apply: script::remove,
    },
    Rule {
        id: "interface-target",
        xpath: "/domain/devices/interface/target",
        when: "its dev starts with vif, vnet or veth",
        why: "names that Xen and libvirt make up for a running domain",
        apply: remove_target,
    },
    Rule {
        id: "interface-backend",
        xpath: "/domain/devices/interface/backenddomain",
        when: "it is there",
        why: "a KVM host has no driver domains",
        apply: remove_backend,
    },
    Rule {
        id: "interface-ip",
        xpath: "/domain/devices/interface/ip",
        when: "it is there, or a route",
        why: "they were for the scripts of the Xen host; the guest sets its own address",
        apply: remove_addresses,
    },
    Rule {
        id: "interface-mac",
        xpath: "/domain/devices/interface/mac",
        when: "there is none, or it is no address of a card",
        why: "the guest's network follows the address, so it must not change at each start",
        apply: mac::set,
    },
    Rule {
        id: "interface-model",
        xpath: "/domain/devices/interface/model",
        when: "it is Xen's, unknown or missing, or the caller or the guest's disk says virtio",
        why: "without a model libvirt takes an RTL8139, and QEMU refuses what it does not know",
        apply: model::set,
    },
    Rule {
        id: "interface-network",
        xpath: "/domain/devices/interface/source",
        when: "the network map names it",
        why: "the KVM host has other bridges and networks",
        apply: network::set,
    },
];

/// Cards that are not passed through, in the order of the document.
fn cards(work: &Work<'_>) -> Vec<NodeId> {
    let mut all = work.all("devices/interface");
    all.retain(|id| work.attribute(*id, "type") != "hostdev");
    all
}

/// The address of a card as the source has it; empty if there is none.
fn address(work: &Work<'_>, card: NodeId) -> String {
    let mac = work.document.child(card, "mac");
    mac.map_or_else(String::new, |mac| work.attribute(mac, "address"))
}

/// What a card is called: `interface 00:16:3e:12:34:56`.
pub(super) fn name(work: &Work<'_>, card: NodeId) -> String {
    match address(work, card) {
        mac if mac.is_empty() => "interface".to_owned(),
        mac => format!("interface {mac}"),
    }
}

/// Tells, then removes what it was about.
fn remove_all(work: &mut Work<'_>, groups: Groups, gone: Vec<NodeId>) {
    groups.tell(work);
    for id in gone {
        work.remove(id);
    }
}

fn remove_target(work: &mut Work<'_>) {
    for card in cards(work) {
        let Some(target) = work.document.child(card, "target") else {
            continue;
        };
        let dev = work.attribute(target, "dev");
        if ["vif", "vnet", "veth"]
            .into_iter()
            .any(|prefix| dev.starts_with(prefix))
        {
            work.remove(target);
        }
    }
}

fn remove_backend(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for card in cards(work) {
        if let Some(backend) = work.document.child(card, "backenddomain") {
            let text = format!(
                "its network was that of the domain {:?}; here it is the host's",
                work.attribute(backend, "name")
            );
            let action = "say which bridge or network of the KVM host takes its place: -b, -n, --mac or --network-map";
            groups.warn(
                finding::SETTING_NOT_CARRIED,
                name(work, card),
                backend,
                text,
                action,
            );
            gone.push(backend);
        }
    }
    remove_all(work, groups, gone);
}

fn remove_addresses(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut gone = Vec::new();
    for card in cards(work) {
        let is_host_side = |id: &NodeId| matches!(work.document.name(*id), "ip" | "route");
        let found: Vec<NodeId> = work.document.elements(card).filter(is_host_side).collect();
        for id in found {
            let text = format!(
                "the {} {} was for the scripts of the Xen host, such as filters against false addresses",
                work.document.name(id),
                work.attribute(id, "address")
            );
            groups.info(finding::SETTING_NOT_CARRIED, name(work, card), id, text);
            gone.push(id);
        }
    }
    remove_all(work, groups, gone);
}
