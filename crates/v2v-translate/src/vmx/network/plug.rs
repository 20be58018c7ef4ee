//! What a card is plugged into, on VMware and on KVM.

use v2v_domain::{InterfaceSource, NetworkSource, VirtualPort};
use v2v_report::NicTarget;
use v2v_vmx::{ConnectionType, EntryId, Nic, Setting};

use super::Groups;
use crate::finding;
use crate::ledger::shown;
use crate::network::{Mapping, Source, SourceKind, Target};
use crate::policy::LibvirtVersion;
use crate::vmx::Work;
use crate::vmx::text::{one_line, quoted};

/// libvirt tags on Linux bridges, too, from this version on.
const BRIDGE_VLAN_SINCE: LibvirtVersion = LibvirtVersion {
    major: 11,
    minor: 1,
};

/// The longest name in characters that is written for a network nobody has mapped; VMware's have up to 80.
const MAX_NAME: usize = 128;

/// What a card was plugged into.
pub(super) struct Connection<'a> {
    kind: SourceKind,
    name: Option<&'a str>,
    /// The id of a distributed switch.
    switch: Option<&'a str>,
    /// The entry that shows it.
    pub(super) seen: Option<EntryId>,
}

impl<'a> Connection<'a> {
    /// Reads it from the card's keys. Ids of a switch beat `connectionType`, which ESXi leaves beside them.
    pub(super) fn of(nic: &'a Nic) -> Connection<'a> {
        let declared = nic.connection_type;
        let kind = declared.map(|setting| setting.value);
        let vnet = filled(&nic.vnet);
        let network = filled(&nic.network_name);
        let segment = filled(&nic.pvn_id);
        let is_bridge = |(name, _): (&str, EntryId)| name.to_ascii_lowercase().ends_with("vmnet0");
        let is_vnet = |(name, _): (&str, EntryId)| vnet_name(name).is_some();
        let (kind, name) = if let Some(group) = filled(&nic.dvs_portgroup_id) {
            (SourceKind::Dvs, Some(group))
        } else if let Some(switch) = filled(&nic.dvs_switch_id) {
            (SourceKind::Dvs, Some(switch))
        } else if let Some(opaque) = filled(&nic.opaque_network_id) {
            (SourceKind::Opaque, Some(opaque))
        } else {
            match kind {
                Some(ConnectionType::Nat) => (SourceKind::Nat, vnet.or(network)),
                Some(ConnectionType::HostOnly) => (SourceKind::HostOnly, vnet.or(network)),
                Some(ConnectionType::Pvn) => (SourceKind::Segment, segment),
                Some(ConnectionType::Custom) => (
                    SourceKind::Custom,
                    vnet.or(network).or(filled(&nic.display_name)),
                ),
                _ if network.is_some_and(|network| !is_vnet(network)) => {
                    (SourceKind::Named, network)
                }
                Some(ConnectionType::Bridged) => (SourceKind::Bridged, vnet.or(network)),
                None => match vnet.or(network) {
                    Some(name) if is_bridge(name) => (SourceKind::Bridged, Some(name)),
                    Some(name) => (SourceKind::Custom, Some(name)),
                    None if segment.is_some() => (SourceKind::Segment, segment),
                    // VMware's default.
                    None => (SourceKind::Bridged, None),
                },
            }
        };
        Connection {
            kind,
            name: name.map(|(name, _)| name),
            switch: filled(&nic.dvs_switch_id).map(|(switch, _)| switch),
            seen: name
                .map(|(_, id)| id)
                .or(declared.map(|setting| setting.id)),
        }
    }

    /// The question to the network map.
    pub(super) fn source(&self, mac: Option<&'a str>) -> Source<'a> {
        Source {
            kind: self.kind,
            name: self.name,
            mac,
        }
    }

    /// What it is called in a report.
    pub(super) fn label(&self) -> Option<String> {
        let kind = match self.kind {
            SourceKind::Nat => "nat",
            SourceKind::HostOnly => "hostonly",
            SourceKind::Bridged => "bridged",
            _ => return self.name.map(short),
        };
        Some(kind.to_owned())
    }
}

/// A value with something in it, and where it stands.
fn filled(setting: &Option<Setting<String>>) -> Option<(&str, EntryId)> {
    let setting = setting.as_ref()?;
    let value = setting.value.trim();
    (!value.is_empty()).then_some((value, setting.id))
}

/// A name in one line that is not too long.
fn short(name: &str) -> String {
    one_line(name).chars().take(MAX_NAME).collect()
}

/// `vmnet8` for a virtual network of Workstation: `VMnet8` on Windows, `/dev/vmnet8` on Linux.
fn vnet_name(name: &str) -> Option<&str> {
    let name = name.strip_prefix("/dev/").unwrap_or(name);
    let number = name
        .get(..5)
        .filter(|word| word.eq_ignore_ascii_case("vmnet"));
    let number = number.and_then(|word| name.get(word.len()..))?;
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then_some(name)
}

/// What a card is plugged into.
pub(super) struct Plug {
    pub(super) source: InterfaceSource,
    pub(super) report: NicTarget,
    pub(super) port: Option<VirtualPort>,
    pub(super) vlan: Option<u16>,
    /// The map says that it is plugged into nothing.
    pub(super) is_down: bool,
    pub(super) doubt: Option<Doubt>,
}

/// Why a person has to look at what a card is plugged into.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// Nobody said what a port group or network is here.
    Unmapped { source: String, target: String },
    /// Nobody said, and the source has only ids.
    Ids { source: String, target: String },
    /// A network without a way out.
    Closed { source: String, target: String },
    /// The map wants a VLAN on a bridge, which libvirt has on Open vSwitch only.
    Vlan { bridge: String, tag: u16 },
    /// The map names a bridge by a name that libvirt doesn't take.
    BadName { asked: String, written: String },
}

/// Where the card goes: where the map says, else what the source's kind of network suggests. What is not mapped gets a
/// name that exists on no host by chance, so that the domain refuses to start rather than join a wrong network.
pub(super) fn choose(
    mapping: Option<&Mapping>,
    connection: &Connection<'_>,
    libvirt: LibvirtVersion,
) -> Plug {
    match mapping {
        Some(mapping) => mapped(mapping, libvirt),
        None => unmapped(connection),
    }
}

fn mapped(mapping: &Mapping, libvirt: LibvirtVersion) -> Plug {
    let vlan = mapping.vlan;
    match &mapping.target {
        Target::Bridge(asked) => {
            let written = bridge_name(asked);
            let old = vlan.filter(|_| libvirt < BRIDGE_VLAN_SINCE);
            let doubt = if written != *asked {
                Some(Doubt::BadName {
                    asked: asked.clone(),
                    written: written.clone(),
                })
            } else {
                old.map(|tag| Doubt::Vlan {
                    bridge: written.clone(),
                    tag,
                })
            };
            Plug {
                vlan,
                port: old.map(|_| VirtualPort::default().kind("openvswitch")),
                doubt,
                ..on_bridge(&written)
            }
        }
        Target::Network(name) => {
            let mut source = NetworkSource::default().network(one_line(name));
            source.portgroup.clone_from(&mapping.portgroup);
            Plug {
                source: InterfaceSource::Network(Some(source)),
                vlan,
                ..in_network(name)
            }
        }
        // A tap device that nobody plugs into a bridge; `user` would need a QEMU with SLIRP.
        Target::Disconnected => Plug {
            source: InterfaceSource::Ethernet(None),
            report: NicTarget {
                kind: "ethernet".to_owned(),
                name: None,
            },
            port: None,
            vlan: None,
            is_down: true,
            doubt: None,
        },
    }
}

fn unmapped(connection: &Connection<'_>) -> Plug {
    let name = connection.name.map(short);
    let name = name.as_deref();
    match connection.kind {
        SourceKind::Nat => in_network("default"),
        SourceKind::HostOnly => closed("hostonly", "hostonly"),
        SourceKind::Segment => {
            let name = name.unwrap_or("segment");
            closed(&format!("LAN segment {name}"), &network_name(name))
        }
        SourceKind::Custom => {
            let source = name.unwrap_or("custom");
            let target = network_name(vnet_name(source).unwrap_or(source));
            let doubt = Doubt::Unmapped {
                source: source.to_owned(),
                target: format!("network {}", quoted(&target)),
            };
            in_network(&target).doubt(doubt)
        }
        SourceKind::Dvs | SourceKind::Opaque => only_ids(connection),
        SourceKind::Named | SourceKind::Bridged | SourceKind::Unknown => {
            let source = name.unwrap_or("bridged");
            let target = bridge_name(source);
            let doubt = Doubt::Unmapped {
                source: source.to_owned(),
                target: format!("bridge {}", quoted(&target)),
            };
            on_bridge(&target).doubt(doubt)
        }
    }
}

fn only_ids(connection: &Connection<'_>) -> Plug {
    let id = connection.name.map_or_else(|| "dvs".to_owned(), short);
    let switch = connection.switch.map(short);
    let source = match (connection.kind, switch) {
        (SourceKind::Opaque, _) => format!("opaque network {id}"),
        (_, Some(switch)) if switch != id => format!("port group {id} of switch {switch}"),
        _ => format!("switch {id}"),
    };
    let target = bridge_name(&id);
    let doubt = Doubt::Ids {
        source,
        target: target.clone(),
    };
    on_bridge(&target).doubt(doubt)
}

fn closed(source: &str, target: &str) -> Plug {
    in_network(target).doubt(Doubt::Closed {
        source: one_line(source),
        target: target.to_owned(),
    })
}

impl Plug {
    fn doubt(self, doubt: Doubt) -> Plug {
        Plug {
            doubt: Some(doubt),
            ..self
        }
    }
}

fn on_bridge(name: &str) -> Plug {
    Plug {
        source: InterfaceSource::bridge(name),
        report: NicTarget {
            kind: "bridge".to_owned(),
            name: Some(name.to_owned()),
        },
        port: None,
        vlan: None,
        is_down: false,
        doubt: None,
    }
}

fn in_network(name: &str) -> Plug {
    let name = one_line(name);
    Plug {
        source: InterfaceSource::network(name.clone()),
        report: NicTarget {
            kind: "network".to_owned(),
            name: Some(name),
        },
        port: None,
        vlan: None,
        is_down: false,
        doubt: None,
    }
}

/// `name` as libvirt's schema takes it for a bridge. Length doesn't matter: the kernel has no bridge of more than 15
/// characters, and the domain then says so when it is started.
fn bridge_name(name: &str) -> String {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || "_.-\\:/ ".contains(c);
    name.replace(|c| !is_taken(c), "_")
}

/// `name` as a network of libvirt can have it.
fn network_name(name: &str) -> String {
    one_line(name).replace('/', "_")
}

/// Tells what is in doubt.
pub(super) fn tell(work: &mut Work<'_>, doubts: &Groups<Doubt>) {
    for group in &doubts.groups {
        let others = group.others();
        let (id, text, action) = match &group.key {
            Doubt::Unmapped { source, target } => (
                finding::NIC_NETWORK_UNMAPPED,
                format!(
                    "{} has no mapping; it became the {target}{others}",
                    quoted(source)
                ),
                format!(
                    "say what it is here: -b or -n {}, --mac or --network-map",
                    argument(source)
                ),
            ),
            Doubt::Ids { source, target } => (
                finding::NIC_DVS,
                format!(
                    "{source} has no mapping and no name here; it became the bridge {}{others}",
                    quoted(target)
                ),
                format!(
                    "say what it is here: -b or -n {}, --mac or --network-map",
                    argument(target)
                ),
            ),
            Doubt::Closed { source, target } => (
                finding::NIC_HOSTONLY,
                format!(
                    "{source} is a network without a way out; it became the network {}{others}",
                    quoted(target)
                ),
                format!(
                    "define an isolated network of that name with `virsh net-define`, or map it: -n {}",
                    argument(target)
                ),
            ),
            Doubt::Vlan { bridge, tag } => (
                finding::NIC_NETWORK_UNMAPPED,
                format!(
                    "VLAN {tag} on the bridge {}: the target's libvirt tags on Open vSwitch only, so it is taken for \
                     one{others}",
                    quoted(bridge)
                ),
                "map to a bridge that is in the VLAN if this is a Linux bridge, or give --target-libvirt 11.1".to_owned(),
            ),
            Doubt::BadName { asked, written } => (
                finding::NIC_NETWORK_UNMAPPED,
                format!(
                    "libvirt takes no bridge called {}; it became {}{others}",
                    quoted(asked),
                    quoted(written)
                ),
                "rename the bridge, or map to a network of libvirt".to_owned(),
            ),
        };
        work.warn(id, group.subject(), group.seen, text, action);
    }
}

/// `IN:OUT` for a shell.
fn argument(from: &str) -> String {
    let from = shown(from);
    let is_plain = from
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if is_plain {
        format!("{from}:NAME")
    } else {
        format!("'{}:NAME'", from.replace('\'', r"'\''"))
    }
}
