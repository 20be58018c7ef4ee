//! Addresses of cards.

use std::collections::HashSet;

use v2v_target::finding;
use v2v_target::network::Mac;
use v2v_xml::{NewElement, NodeId};

use super::{address, cards};
use crate::rules::device::Groups;
use crate::work::Work;

const CHECK: &str =
    "look what in the guest and in the network follows the old address, or write that one";

pub(super) fn set(work: &mut Work<'_>) {
    let cards = cards(work);
    let mut taken: HashSet<String> = HashSet::new();
    for card in &cards {
        taken.extend(usable(&address(work, *card)).map(|mac| mac.to_string()));
    }
    let seed = seed(work);
    let mut next = 0_u64;
    let mut groups = Groups::default();
    let mut seen = HashSet::new();
    let mut missing = Vec::new();
    for card in cards {
        let found = address(work, card);
        if let Some(mac) = usable(&found) {
            if !seen.insert(mac.to_string()) {
                let text = "another card of this machine has this address, too; both were kept";
                let action =
                    "give one of them another address, unless they are never in one network";
                groups.warn(
                    finding::NIC_MAC_DUPLICATE,
                    format!("interface {found}"),
                    card,
                    text,
                    action,
                );
            }
            continue;
        }
        let made = loop {
            let made = derive(seed, next);
            next = next.saturating_add(1);
            if taken.insert(made.clone()) {
                break made;
            }
        };
        if found.is_empty() {
            let text = "the source has no address, and Xen made up a new one at each start; this one is made of the uuid";
            groups.warn(
                finding::NIC_MAC_MISSING,
                format!("interface {made}"),
                card,
                text,
                CHECK,
            );
        } else {
            let text = format!(
                "{found:?} is no address that a card can have; this one is made of the uuid"
            );
            groups.warn(
                finding::NIC_MAC_INVALID,
                format!("interface {made}"),
                card,
                text,
                CHECK,
            );
        }
        missing.push((card, made));
    }
    groups.tell(work);
    for (card, made) in missing {
        write(work, card, &made);
    }
}

fn write(work: &mut Work<'_>, card: NodeId, made: &str) {
    if let Some(mac) = work.document.child(card, "mac") {
        work.set_attribute(mac, "address", made);
        return;
    }
    let new = NewElement::new("mac").attribute("address", made);
    let first = work.document.elements(card).next();
    match first {
        Some(first) => work.insert_before(first, new),
        None => work.append(card, new),
    };
}

/// The address, if it is one of a single card.
fn usable(text: &str) -> Option<Mac> {
    let mac = Mac::parse(text)?;
    let text = mac.to_string();
    let first = text
        .get(..2)
        .and_then(|byte| u8::from_str_radix(byte, 16).ok())?;
    (first & 1 == 0 && text != "00:00:00:00:00:00").then_some(mac)
}

/// FNV-1a of what names the domain, so that one source always gives one result.
fn seed(work: &Work<'_>) -> u64 {
    let text = |path| {
        work.first(path)
            .map_or_else(String::new, |id| work.text(id))
    };
    let named = format!("{}\n{}", text("uuid"), text("name"));
    hash(0xcbf2_9ce4_8422_2325, named.as_bytes())
}

fn hash(start: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(start, step)
}

/// An address in Xen's own range.
fn derive(seed: u64, index: u64) -> String {
    let [a, b, c, ..] = hash(seed, &index.to_le_bytes()).to_be_bytes();
    format!("00:16:3e:{a:02x}:{b:02x}:{c:02x}")
}
