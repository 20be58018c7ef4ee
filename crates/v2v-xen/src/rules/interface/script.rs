//! Scripts of the Xen host that plugged in a card.

use v2v_target::finding;
use v2v_xml::{NewElement, NodeId};

use super::{cards, name};
use crate::rules::device::Groups;
use crate::work::Work;

pub(super) fn remove(work: &mut Work<'_>) {
    let mut groups = Groups::default();
    let mut scripts = Vec::new();
    for card in cards(work) {
        let Some(script) = work.document.child(card, "script") else {
            continue;
        };
        let path = work.attribute(script, "path");
        tell(work, card, script, &path, &mut groups);
        scripts.push((card, script, file_name(&path).to_owned()));
    }
    groups.tell(work);
    for (card, script, name) in scripts {
        work.remove(script);
        if name == "vif-openvswitch" {
            plug_into_switch(work, card);
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn tell(work: &Work<'_>, card: NodeId, script: NodeId, path: &str, groups: &mut Groups) {
    let what = match file_name(path) {
        // The default, which does what libvirt does: it puts the card into the bridge.
        "" | "vif-bridge" | "vif-openvswitch" => return,
        "vif-route" => "routed the guest's address to its card".to_owned(),
        "vif-nat" => "gave the guest an address behind the host's".to_owned(),
        "vif2" => "chose the bridge at the start".to_owned(),
        _ => "is unknown".to_owned(),
    };
    let text = format!("the script {path:?} {what}; KVM runs none, so what it did is missing");
    let action = "make a network that does it (virsh net-define), and map the card to it with -n or --network-map";
    groups.warn(finding::NIC_SCRIPT, name(work, card), script, text, action);
}

/// The name of a bridge for vif-openvswitch, with a tag and trunks: `ovsbr0`, `ovsbr0.42`, `ovsbr0.42:100:200`.
struct Port {
    bridge: String,
    tag: Option<u16>,
    trunks: Vec<u16>,
}

impl Port {
    fn parse(text: &str) -> Option<Port> {
        let mut parts = text.split(':');
        let first = parts.next()?;
        let trunks = parts.map(tag).collect::<Option<Vec<u16>>>()?;
        let (bridge, tag) = match first.rsplit_once('.') {
            Some((bridge, number)) => (bridge, Some(tag(number)?)),
            None => (first, None),
        };
        (!bridge.is_empty()).then(|| Port {
            bridge: bridge.to_owned(),
            tag,
            trunks,
        })
    }
}

fn tag(text: &str) -> Option<u16> {
    text.parse().ok().filter(|tag| (1..=4094).contains(tag))
}

fn plug_into_switch(work: &mut Work<'_>, card: NodeId) {
    if work.document.child(card, "virtualport").is_none() {
        let new = NewElement::new("virtualport").attribute("type", "openvswitch");
        match work.document.child(card, "source") {
            Some(source) => work.insert_after(source, new),
            None => work.append(card, new),
        };
    }
    let Some(source) = work.document.child(card, "source") else {
        return;
    };
    let Some(port) = Port::parse(&work.attribute(source, "bridge")) else {
        return;
    };
    if port.tag.is_none() && port.trunks.is_empty() {
        return;
    }
    work.set_attribute(source, "bridge", &port.bridge);
    if work.document.child(card, "vlan").is_none() {
        work.insert_after(source, vlan(&port));
    }
}

fn vlan(port: &Port) -> NewElement {
    let tag = |tag: &u16| NewElement::new("tag").attribute("id", tag.to_string());
    let mut vlan = NewElement::new("vlan");
    if port.trunks.is_empty() {
        return port.tag.iter().map(tag).fold(vlan, NewElement::child);
    }
    vlan = vlan.attribute("trunk", "yes");
    if let Some(native) = &port.tag {
        vlan = vlan.child(tag(native).attribute("nativeMode", "untagged"));
    }
    let trunks = port.trunks.iter().filter(|trunk| Some(**trunk) != port.tag);
    trunks.map(tag).fold(vlan, NewElement::child)
}

#[cfg(test)]
mod tests {
    use super::Port;

    #[test]
    fn a_bridge_with_tags_for_open_vswitch() {
        let read = |text: &str| Port::parse(text).map(|port| (port.bridge, port.tag, port.trunks));
        assert_eq!(read("ovsbr0"), Some(("ovsbr0".to_owned(), None, vec![])));
        assert_eq!(
            read("ovsbr0.42"),
            Some(("ovsbr0".to_owned(), Some(42), vec![]))
        );
        assert_eq!(
            read("br.1:7:9"),
            Some(("br".to_owned(), Some(1), vec![7, 9]))
        );
        for text in ["", ".42", "br.0", "br.x", "br:5000", "br.4095"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
