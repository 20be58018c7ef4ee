//! Network cards.

use v2v_report::Severity;
use v2v_target::finding;
use v2v_xl::{NicType, Vif};
use v2v_xml::NewElement;

use super::build::{Build, element};
use super::disk::is_domain_0;
use super::draft::Draft;

const TO: &str = "/domain/devices/interface";

/// xl-network-configuration(5), unless xl.conf says otherwise.
const DEFAULT_BRIDGE: &str = "xenbr0";

pub(super) fn interfaces(draft: &mut Draft<'_>) -> Vec<NewElement> {
    let vifs = &draft.guest.vifs;
    vifs.iter().map(|vif| interface(draft, vif)).collect()
}

fn interface(draft: &mut Draft<'_>, vif: &Vif) -> NewElement {
    draft.mapped(vif.id, TO);
    tell(draft, vif);
    let link = Link::of(vif);
    if link.is_default {
        let text = format!(
            "the file names no bridge, so xl took that of xl.conf; {DEFAULT_BRIDGE}, its default, is written"
        );
        let id = finding::NIC_NETWORK_UNMAPPED;
        draft.tell(id, Severity::Info, &subject(vif), vif.id, text, "");
    }
    // A card without an address stays without one: the conversion makes one and says which.
    let mac = vif
        .mac
        .map(|mac| element("mac").attribute("address", mac.to_string()));
    let backend = vif.backend.as_deref().filter(|name| !is_domain_0(name));
    let script = vif.script.as_deref();
    let mtu = vif
        .mtu
        .map(|mtu| element("mtu").attribute("size", mtu.to_string()));
    element("interface")
        .attribute("type", link.kind)
        .put(mac)
        .put(link.elements)
        .put(bandwidth(vif))
        .put(addresses(vif))
        .put(script.map(|path| element("script").set("path", path)))
        .put(backend.map(|name| element("backenddomain").set("name", name)))
        .put(
            vif.vifname
                .as_deref()
                .map(|name| element("target").set("dev", name)),
        )
        .put(model(draft, vif))
        .put(mtu)
}

/// What findings call the card.
fn subject(vif: &Vif) -> String {
    match vif.mac {
        Some(mac) => format!("interface {mac}"),
        None => format!("interface {}", vif.index.saturating_add(1)),
    }
}

/// The card's other end: `<source>`, `<vlan>`, `<virtualport>`.
struct Link {
    kind: &'static str,
    elements: Vec<NewElement>,
    is_default: bool,
}

impl Link {
    fn of(vif: &Vif) -> Link {
        let script = vif.script.as_deref().map(name_of);
        let is_default = vif.bridge.is_none() && script.is_none_or(|script| script == "vif-bridge");
        let bridge = match vif.bridge.as_deref() {
            Some(bridge) => bridge,
            None if is_default => DEFAULT_BRIDGE,
            None => {
                return Link {
                    kind: "ethernet",
                    elements: Vec::new(),
                    is_default,
                };
            }
        };
        let elements = match script {
            Some("vif-openvswitch") => open_vswitch(bridge),
            _ => vec![source(bridge)],
        };
        Link {
            kind: "bridge",
            elements,
            is_default,
        }
    }
}

/// The script without its directory.
fn name_of(script: &str) -> &str {
    script.rsplit('/').next().unwrap_or(script)
}

fn source(bridge: &str) -> NewElement {
    element("source").set("bridge", bridge)
}

/// `br0.42` is VLAN 42 of br0, `br0:1:2` a trunk of two.
fn open_vswitch(text: &str) -> Vec<NewElement> {
    let (text, trunk) = text.split_once(':').unwrap_or((text, ""));
    let (bridge, native) = match text.rsplit_once('.') {
        Some((bridge, tag)) if is_tag(tag) => (bridge, Some(tag)),
        _ => (text, None),
    };
    let tags = native
        .into_iter()
        .chain(trunk.split(':').filter(|tag| is_tag(tag)));
    let tags: Vec<NewElement> = tags
        .map(|tag| element("tag").attribute("id", tag))
        .collect();
    let mut out = vec![source(bridge)];
    if !tags.is_empty() {
        let vlan = match trunk.is_empty() {
            true => element("vlan"),
            false => element("vlan").attribute("trunk", "yes"),
        };
        out.push(vlan.put(tags));
    }
    out.push(element("virtualport").attribute("type", "openvswitch"));
    out
}

fn is_tag(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok_and(|tag| tag < 4096)
}

/// What the guest may send.
fn bandwidth(vif: &Vif) -> Option<NewElement> {
    let average = vif.rate?.kilobytes_per_second().to_string();
    let outbound = element("outbound").attribute("average", average);
    Some(element("bandwidth").child(outbound))
}

/// Addresses the host's scripts are told, with blanks between them.
fn addresses(vif: &Vif) -> Vec<NewElement> {
    let text = vif.ip.as_deref().unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| {
            let (address, prefix) = match word.split_once('/') {
                Some((address, prefix)) => (address, Some(prefix)),
                None => (word, None),
            };
            let is_address = address.parse::<std::net::IpAddr>().ok()?;
            let family = if is_address.is_ipv6() { "ipv6" } else { "ipv4" };
            let ip = element("ip")
                .attribute("family", family)
                .set("address", address);
            Some(ip.set_if(
                "prefix",
                prefix.filter(|prefix| prefix.parse::<u8>().is_ok()),
            ))
        })
        .collect()
}

fn model(draft: &Draft<'_>, vif: &Vif) -> Option<NewElement> {
    // libvirt's word for a card without an emulated one; a paravirtual guest has no other.
    let front = (draft.is_hvm() && vif.kind == Some(NicType::Paravirtual)).then_some("netfront");
    let model = vif.model.as_deref().or(front)?;
    Some(element("model").set("type", model))
}

/// What libvirt has no words for.
fn tell(draft: &mut Draft<'_>, vif: &Vif) {
    let mut names: Vec<&str> = vif.others.iter().map(|(key, _)| key.as_str()).collect();
    if vif.gateway_dev.is_some() {
        names.push("gatewaydev");
    }
    if names.is_empty() {
        return;
    }
    let text = format!(
        "{} of the Xen host's network: not carried",
        names.join(", ")
    );
    let id = finding::SETTING_NOT_CARRIED;
    draft.tell(id, Severity::Info, &subject(vif), vif.id, text, "");
}
