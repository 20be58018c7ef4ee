//! The address of a card.

use v2v_domain::MacAddress;
use v2v_vmx::{AddressType, EntryId, Nic, Setting};

use super::name;
use crate::finding;
use crate::vmx::Work;
use crate::vmx::text::quoted;

/// What a person has to do about a card without its address.
const CHECK: &str =
    "give the card its address in the XML, and look what in the guest follows the old one";

/// The address of the card: that of the source; that which VMware would make; none, so that libvirt makes one up.
pub(super) fn choose(work: &mut Work<'_>, nic: &Nic) -> Option<MacAddress> {
    match nic.mac() {
        Some(found) => usable(work, nic, found),
        None => match unreadable(work, nic) {
            Some(id) => {
                let value = work.document.entry(id).map_or("", |entry| entry.value());
                let text = format!("{} is no address; libvirt makes one up", quoted(value));
                work.warn(finding::NIC_MAC_INVALID, name(nic.index), id, text, CHECK);
                None
            }
            None => derived(work, nic),
        },
    }
}

fn usable(
    work: &mut Work<'_>,
    nic: &Nic,
    found: Setting<v2v_vmx::MacAddress>,
) -> Option<MacAddress> {
    let what = if found.value.is_multicast() {
        "is an address of a group"
    } else if found.value.0 == [0; 6] {
        "is the address of nobody"
    } else {
        return Some(MacAddress(found.value.0));
    };
    let text = format!(
        "{} {what}, which no card can have; libvirt makes one up",
        found.value
    );
    work.warn(
        finding::NIC_MAC_INVALID,
        name(nic.index),
        found.id,
        text,
        CHECK,
    );
    None
}

/// The entry with an address that can't be read.
fn unreadable(work: &Work<'_>, nic: &Nic) -> Option<EntryId> {
    let problems = &work.vm.problems;
    let is_wrong = |id: &&EntryId| {
        let entry = work.document.entry(**id);
        let is_address = entry.is_some_and(|entry| {
            let key = entry.key_lower();
            key.ends_with(".address") || key.ends_with(".generatedaddress")
        });
        is_address
            && problems
                .binary_search_by_key(*id, |problem| problem.id)
                .is_ok()
    };
    nic.ids.iter().find(is_wrong).copied()
}

/// The address VMware would have made at the next start.
fn derived(work: &mut Work<'_>, nic: &Nic) -> Option<MacAddress> {
    let Some(uuid) = work.vm.identity.uuid_bios else {
        let text =
            "the card has no address and there is no uuid.bios to make it of; libvirt makes one up";
        work.warn(finding::NIC_MAC_MISSING, name(nic.index), None, text, CHECK);
        return None;
    };
    let mac = MacAddress(nic.mac_from_uuid(&uuid.value).0);
    match nic.address_type {
        Some(Setting { id, value }) if value != AddressType::Generated => {
            let text = format!("the card has no address; it got {mac}, made of uuid.bios");
            work.warn(finding::NIC_MAC_MISSING, name(nic.index), id, text, CHECK);
        }
        kind => {
            let text = format!(
                "the card has no address yet; it got {mac}, which VMware would have made of uuid.bios"
            );
            let seen = kind.map(|setting| setting.id);
            work.info(finding::NIC_MAC_MISSING, name(nic.index), seen, text);
        }
    }
    Some(mac)
}
