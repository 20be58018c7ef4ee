//! Network cards: address, model, and what they are plugged into.

mod address;
mod model;
mod old_name;
mod plug;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use v2v_domain::{Interface, LinkState, MacAddress, Vlan};
use v2v_report::NicReport;
use v2v_vmx::{EntryId, Nic};

use super::{Work, device_path};
use crate::finding;
use crate::network::StaticAddress;

use plug::{Connection, Doubt};

/// Cards that fit into a machine with everything else; each takes a PCI slot, and libvirt finds no more from about 220
/// on. ESXi takes 10.
const MAX_CARDS: usize = 128;

/// Cards that a finding lists.
const LISTED: usize = 8;

/// Writes an interface for every card.
pub(super) fn write(work: &mut Work<'_>) {
    let vm = work.vm;
    let mut shared = Shared::default();
    for nic in vm.present_nics() {
        write_card(work, nic, &mut shared);
    }
    plug::tell(work, &shared.doubts);
    model::tell(work, &shared.models);
    tell_duplicates(work, &shared.addresses);
    let count = work.domain.devices_mut().interfaces.len();
    if count > MAX_CARDS {
        let text = format!("{count} network cards need more PCI slots than a machine has");
        let action = "remove the cards that are not needed from the configuration";
        work.warn(finding::PCI_SLOTS_EXCEEDED, "ethernet", None, text, action);
    }
}

/// Facts that several cards can have in common; each is told once.
#[derive(Default)]
struct Shared {
    addresses: Groups<MacAddress>,
    doubts: Groups<Doubt>,
    models: Groups<model::Change>,
}

/// Cards by what they have in common, in the order in which it was met.
struct Groups<K> {
    at: BTreeMap<K, usize>,
    groups: Vec<Group<K>>,
}

struct Group<K> {
    key: K,
    /// The entry that shows it for the first card.
    seen: Option<EntryId>,
    cards: Vec<u32>,
}

impl<K> Default for Groups<K> {
    fn default() -> Self {
        Groups {
            at: BTreeMap::new(),
            groups: Vec::new(),
        }
    }
}

impl<K: Ord + Clone> Groups<K> {
    fn add(&mut self, key: K, seen: Option<EntryId>, card: u32) {
        let next = self.groups.len();
        let at = *self.at.entry(key.clone()).or_insert(next);
        match self.groups.get_mut(at) {
            Some(group) => group.cards.push(card),
            None => self.groups.push(Group {
                key,
                seen,
                cards: vec![card],
            }),
        }
    }
}

impl<K> Group<K> {
    /// The first card.
    fn subject(&self) -> String {
        self.cards
            .first()
            .map_or_else(String::new, |card| name(*card))
    }

    /// The other cards as the end of a text; nothing if there are none.
    fn others(&self) -> String {
        let others = self.cards.get(1..).unwrap_or_default();
        if others.is_empty() {
            return String::new();
        }
        let names: Vec<String> = others.iter().take(LISTED).map(|card| name(*card)).collect();
        let rest = others.len().saturating_sub(LISTED);
        let more = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        format!("; the same for {}{more}", names.join(", "))
    }
}

/// The card in the source's words.
fn name(card: u32) -> String {
    format!("ethernet{card}")
}

fn write_card(work: &mut Work<'_>, nic: &Nic, shared: &mut Shared) {
    let policy = work.policy;
    let path = device_path("interface", work.domain.devices_mut().interfaces.len());
    let mac = address::choose(work, nic);
    let text = mac.map(|mac| mac.to_string());
    let connection = Connection::of(nic);
    let mapping = policy.networks.resolve(&connection.source(text.as_deref()));
    let plug = plug::choose(mapping, &connection, policy.libvirt);
    let model = model::choose(work, nic, text.as_deref(), mapping);
    let is_down = nic.start_connected.is_some_and(|setting| !setting.value);

    let mut interface = Interface::new(plug.source).model(model.model.clone());
    interface.mac = mac.map(Into::into);
    interface.virtualport = plug.port;
    interface.vlan = plug.vlan.map(|tag| Vlan::tag(u32::from(tag)));
    interface.boot = work.plan.nic_boot_order(nic.index).map(Into::into);
    interface.link = (is_down || plug.is_down).then_some(LinkState::Down);
    work.domain.devices_mut().interfaces.push(interface);

    let mut report = NicReport::new(name(nic.index), plug.report, model.model.as_str());
    report.mac.clone_from(&text);
    report.source = connection.label();
    report.old_name = old_name::forecast(work, nic);
    work.nics.push(report);

    account(work, nic, &path, mac.is_some(), &connection);
    if is_down {
        tell_disconnected(work, nic);
    }
    if let Some(mac) = mac {
        shared.addresses.add(mac, None, nic.index);
    }
    if let Some(doubt) = plug.doubt {
        shared.doubts.add(doubt, connection.seen, nic.index);
    }
    if let Some(change) = model.change {
        let seen = nic.virtual_dev.as_ref().map(|setting| setting.id);
        shared.models.add(change, seen, nic.index);
    }
    for address in policy
        .networks
        .static_addresses(text.as_deref().unwrap_or_default())
    {
        tell_static_address(work, nic, address);
    }
}

/// Enters what the card's keys became. Keys whose meaning ends with VMware are in the tables.
fn account(work: &mut Work<'_>, nic: &Nic, path: &str, has_mac: bool, connection: &Connection<'_>) {
    let counts = nic.mac().map(|setting| setting.id);
    for (id, field) in work.fields(&nic.ids) {
        match field {
            "present" => work.ledger.mapped(id, path),
            "virtualdev" => work.ledger.mapped(id, format!("{path}/model/@type")),
            "address" | "generatedaddress" | "addresstype" if !has_mac => {
                work.ledger
                    .not_carried(id, "it is no address a card can have");
            }
            "addresstype" => work.ledger.mapped(id, format!("{path}/mac/@address")),
            "address" | "generatedaddress" if counts == Some(id) => {
                work.ledger.mapped(id, format!("{path}/mac/@address"));
            }
            "address" | "generatedaddress" => {
                work.ledger.ignored(id, "the other address counts");
            }
            "startconnected" if nic.start_connected.is_some_and(|setting| setting.value) => {
                work.ledger
                    .ignored(id, "a card is connected unless the domain says otherwise");
            }
            "startconnected" => work.ledger.mapped(id, format!("{path}/link/@state")),
            _ if connection.seen == Some(id) => {
                work.ledger.mapped(id, format!("{path}/source"));
            }
            "connectiontype" => work.ledger.mapped(id, format!("{path}/@type")),
            "networkname" | "vnet" | "displayname" | "pvnid" => {
                work.ledger
                    .ignored(id, "another key says what the card is plugged into");
            }
            _ if field.starts_with("dvs.") || field.starts_with("opaquenetwork.") => {
                work.ledger.ignored(id, "an id of VMware's switch");
            }
            _ => {}
        }
    }
}

fn tell_disconnected(work: &mut Work<'_>, nic: &Nic) {
    let text = "the card starts disconnected; its link is down until `virsh domif-setlink` or the XML says up";
    let seen = nic.start_connected.map(|setting| setting.id);
    work.info(finding::NIC_START_DISCONNECTED, name(nic.index), seen, text);
}

fn tell_duplicates(work: &mut Work<'_>, addresses: &Groups<MacAddress>) {
    for group in addresses
        .groups
        .iter()
        .filter(|group| group.cards.len() > 1)
    {
        let text = format!(
            "the address {} is that of several cards{}; it was kept for all",
            group.key,
            group.others()
        );
        let action = "give all but one of them another address";
        work.warn(
            finding::NIC_MAC_DUPLICATE,
            group.subject(),
            None,
            text,
            action,
        );
    }
}

fn tell_static_address(work: &mut Work<'_>, nic: &Nic, asked: &StaticAddress) {
    let mut text = format!("the guest was to get {}", asked.address);
    if let Some(prefix) = asked.prefix {
        text.push_str(&format!("/{prefix}"));
    }
    if let Some(gateway) = asked.gateway {
        text.push_str(&format!(", gateway {gateway}"));
    }
    if !asked.nameservers.is_empty() {
        let servers: Vec<String> = asked.nameservers.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", name servers {}", servers.join(", ")));
    }
    text.push_str("; a domain has no place for addresses inside the guest");
    let action = "set the address in the guest after its first start";
    work.warn(
        finding::NIC_STATIC_ADDRESS,
        name(nic.index),
        None,
        text,
        action,
    );
}

impl<'a> Work<'a> {
    /// The entries of a device that no rule has taken and that count, each with what follows the device's name in its
    /// key, in lower case. Of a key that is there twice, the first counts.
    pub(super) fn fields(&self, ids: &[EntryId]) -> Vec<(EntryId, &'a str)> {
        let document = self.document;
        let field = |id: &EntryId| {
            let key = document.entry(*id)?.key_lower();
            let is_first = document.get(key).is_some_and(|first| first.id() == *id);
            let (_, field) = key.split_once('.')?;
            (is_first && self.ledger.is_open(*id)).then_some((*id, field))
        };
        ids.iter().filter_map(field).collect()
    }
}
