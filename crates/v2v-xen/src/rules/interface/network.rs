//! What cards are plugged into.

use v2v_target::finding;
use v2v_target::network::{Mapping, Source, SourceKind, Target};
use v2v_target::policy::LibvirtVersion;
use v2v_xml::{NewElement, NodeId};

use super::{address, cards, name};
use crate::rules::device::Groups;
use crate::work::Work;

/// The bridge that xl takes if none is named.
const DEFAULT_BRIDGE: &str = "xenbr0";

/// libvirt tags on Linux bridges from this version on, on Open vSwitch long before.
const BRIDGE_VLAN_SINCE: LibvirtVersion = LibvirtVersion {
    major: 11,
    minor: 1,
};

const MAP: &str = "say what it is here: -b, -n, --mac or --network-map";

pub(super) fn set(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut mapped = Vec::new();
    for card in cards(work) {
        let kind = work.attribute(card, "type");
        let (source_kind, named) = match kind.as_str() {
            "bridge" => (SourceKind::Named, source(work, card, "bridge")),
            "network" => (SourceKind::Custom, source(work, card, "network")),
            "ethernet" => (SourceKind::Named, String::new()),
            _ => continue,
        };
        let from = if named.is_empty() {
            DEFAULT_BRIDGE
        } else {
            named.as_str()
        };
        let mac = address(work, card);
        let asked = Source {
            kind: source_kind,
            name: Some(from),
            mac: Some(&mac),
        };
        match work.policy.networks.resolve(&asked).cloned() {
            Some(mapping) => {
                tell_mapped(work, card, &mapping, &mut groups);
                mapped.push((card, mapping));
            }
            None => tell_unmapped(work, card, &kind, &named, &mut groups),
        }
    }
    // A bridge without a name is refused by libvirt.
    let unnamed: Vec<NodeId> = cards(work)
        .into_iter()
        .filter(|card| {
            work.attribute(*card, "type") == "bridge" && source(work, *card, "bridge").is_empty()
        })
        .collect();
    groups.tell(work);
    for (card, mapping) in &mapped {
        plug(work, *card, mapping);
    }
    for card in unnamed {
        if work.attribute(card, "type") == "bridge" && source(work, card, "bridge").is_empty() {
            set_source(work, card, "bridge", DEFAULT_BRIDGE);
        }
    }
}

fn source(work: &Work<'_>, card: NodeId, attribute: &str) -> String {
    let source = work.document.child(card, "source");
    source.map_or_else(String::new, |source| work.attribute(source, attribute))
}

fn tell_unmapped(work: &Work<'_>, card: NodeId, kind: &str, named: &str, groups: &mut Groups) {
    let id = finding::NIC_NETWORK_UNMAPPED;
    let subject = name(work, card);
    if kind == "ethernet" {
        if work.document.find(card, "link[@state='down']").is_none() {
            let text = format!(
                "the source names no bridge, for which Xen takes its default, {DEFAULT_BRIDGE}; here it is a tap device that nobody plugs in"
            );
            groups.warn(id, subject, card, text, MAP);
        }
        return;
    }
    if named.is_empty() {
        let text = format!(
            "the source names no {kind}, for which Xen takes its default; {DEFAULT_BRIDGE} was written"
        );
        groups.warn(id, subject, card, text, MAP);
        return;
    }
    let text = format!(
        "the {kind} {named:?} has no mapping; the name was kept, and the domain starts only where it exists"
    );
    let is_xens = ["xenbr", "virbr", "xapi"]
        .into_iter()
        .any(|prefix| named.starts_with(prefix));
    if is_xens {
        groups.warn(id, subject, card, text, MAP);
    } else {
        groups.info(id, subject, card, text);
    }
}

/// Tells what a mapping loses or assumes.
fn tell_mapped(work: &Work<'_>, card: NodeId, mapping: &Mapping, groups: &mut Groups) {
    let id = finding::NIC_NETWORK_UNMAPPED;
    let subject = name(work, card);
    let old_vlan = work.document.child(card, "vlan");
    match (&mapping.target, mapping.vlan) {
        (Target::Bridge(bridge), Some(tag)) if needs_switch(work, card) => {
            let text = format!(
                "VLAN {tag} on the bridge {bridge:?}: the target's libvirt tags on Open vSwitch only, so it is taken for one"
            );
            let action = "map to a bridge that is in the VLAN if this is a Linux bridge, or give --target-libvirt 11.1";
            groups.warn(id, subject, card, text, action);
        }
        (Target::Network(network), None) if old_vlan.is_some() => {
            let text =
                format!("it had VLAN tags, which are not carried into the network {network:?}");
            groups.warn(
                id,
                subject,
                card,
                text,
                "say the tag in the network map, or choose a network of the VLAN",
            );
        }
        _ => {}
    }
}

/// Whether a tag of the map needs Open vSwitch.
fn needs_switch(work: &Work<'_>, card: NodeId) -> bool {
    work.policy.libvirt < BRIDGE_VLAN_SINCE && work.document.child(card, "virtualport").is_none()
}

fn plug(work: &mut Work<'_>, card: NodeId, mapping: &Mapping) {
    match &mapping.target {
        Target::Bridge(bridge) => {
            work.set_attribute(card, "type", "bridge");
            set_source(work, card, "bridge", bridge);
            set_vlan(work, card, mapping.vlan);
            if mapping.vlan.is_some() && needs_switch(work, card) {
                work.append(
                    card,
                    NewElement::new("virtualport").attribute("type", "openvswitch"),
                );
            }
        }
        Target::Network(network) => {
            work.set_attribute(card, "type", "network");
            set_source(work, card, "network", network);
            if let (Some(group), Some(source)) =
                (&mapping.portgroup, work.document.child(card, "source"))
            {
                work.set_attribute(source, "portgroup", group);
            }
            remove_child(work, card, "virtualport");
            if mapping.vlan.is_none() {
                remove_child(work, card, "vlan");
            }
            set_vlan(work, card, mapping.vlan);
        }
        Target::Disconnected => {
            work.set_attribute(card, "type", "ethernet");
            for child in ["source", "virtualport", "vlan"] {
                remove_child(work, card, child);
            }
            match work.document.child(card, "link") {
                Some(link) => work.set_attribute(link, "state", "down"),
                None => {
                    work.append(card, NewElement::new("link").attribute("state", "down"));
                }
            }
        }
    }
    if let Some(model) = &mapping.model
        && work.policy.nic_model.of(&address(work, card)).is_none()
    {
        match work.document.child(card, "model") {
            Some(old) => work.set_attribute(old, "type", model),
            None => {
                work.append(card, NewElement::new("model").attribute("type", model));
            }
        }
    }
}

/// The source is this one and no other.
fn set_source(work: &mut Work<'_>, card: NodeId, attribute: &str, value: &str) {
    let Some(source) = work.document.child(card, "source") else {
        let new = NewElement::new("source").attribute(attribute, value);
        match work.document.child(card, "mac") {
            Some(mac) => work.insert_after(mac, new),
            None => work.append(card, new),
        };
        return;
    };
    for other in ["bridge", "network", "dev", "portgroup", "portid"] {
        if other != attribute {
            work.remove_attribute(source, other);
        }
    }
    work.set_attribute(source, attribute, value);
}

fn remove_child(work: &mut Work<'_>, card: NodeId, name: &str) {
    if let Some(id) = work.document.child(card, name) {
        work.remove(id);
    }
}

fn set_vlan(work: &mut Work<'_>, card: NodeId, tag: Option<u16>) {
    let Some(tag) = tag.map(|tag| tag.to_string()) else {
        return;
    };
    let new = NewElement::new("vlan").child(NewElement::new("tag").attribute("id", &tag));
    let Some(old) = work.document.child(card, "vlan") else {
        work.append(card, new);
        return;
    };
    let tags: Vec<NodeId> = work.document.elements(old).collect();
    let is_same = matches!(tags.as_slice(), [one] if work.attribute(*one, "id") == tag);
    if !is_same {
        work.replace(old, new);
    }
}
