//! The options that add to a map: `-b`, `-n` and `--mac`, as virt-v2v spells them.

use std::net::IpAddr;

use super::key::Key;
use super::{
    Mac, MapError, Mapping, NetworkMap, Origin, Problem, Rule, StaticAddress, Target, check_name,
};

/// The length of a hardware address in text.
const MAC_LENGTH: usize = 17;
/// Name servers of one card.
const MAX_NAMESERVERS: usize = 16;

pub(super) fn add_bridge(map: &mut NetworkMap, argument: &str) -> Result<(), MapError> {
    add(map, argument, Target::Bridge).map_err(|problem| wrong("-b", argument, problem))
}

pub(super) fn add_network(map: &mut NetworkMap, argument: &str) -> Result<(), MapError> {
    add(map, argument, Target::Network).map_err(|problem| wrong("-n", argument, problem))
}

pub(super) fn add_mac(map: &mut NetworkMap, argument: &str) -> Result<(), MapError> {
    add_card(map, argument).map_err(|problem| wrong("--mac", argument, problem))
}

fn wrong(option: &'static str, argument: &str, problem: Problem) -> MapError {
    MapError::Option {
        option,
        argument: argument.chars().take(200).collect(),
        problem,
    }
}

fn add(map: &mut NetworkMap, argument: &str, target: fn(String) -> Target) -> Result<(), Problem> {
    const FORM: Problem = Problem::Form {
        expected: "IN:OUT or OUT",
    };
    let Some((from, to)) = argument.rsplit_once(':') else {
        if argument.is_empty() {
            return Err(FORM);
        }
        return set_default(map, target(check_name("target", argument)?));
    };
    if from.is_empty() || to.is_empty() {
        return Err(FORM);
    }
    if Key::is_prefix(from) {
        return Err(Problem::Form {
            expected: "OUT behind another colon, as in custom:vmnet8:br0",
        });
    }
    let mapping = Mapping::plain(target(check_name("target", to)?));
    let key = Key::parse(from)?;
    if key == Key::Any {
        return set_default(map, mapping.target);
    }
    map.add_name(Rule {
        key,
        mapping,
        origin: Origin::Option,
    })
}

/// The target of every source that no rule names.
fn set_default(map: &mut NetworkMap, target: Target) -> Result<(), Problem> {
    let place = match target {
        Target::Bridge(_) => &mut map.bridge,
        _ => &mut map.network,
    };
    if place.is_some() {
        return Err(Problem::Duplicate {
            from: "*".to_owned(),
            first: Origin::Option.to_string(),
        });
    }
    *place = Some(Mapping::plain(target));
    Ok(())
}

fn add_card(map: &mut NetworkMap, argument: &str) -> Result<(), Problem> {
    const FORM: Problem = Problem::Form {
        expected: "MAC:bridge:OUT, MAC:network:OUT or MAC:ip:ADDR[,GW[,LEN[,NS..]]]",
    };
    let (mac, rest) = argument.split_at_checked(MAC_LENGTH).ok_or(FORM)?;
    let mac = Mac::parse(mac).ok_or_else(|| Problem::Mac {
        found: mac.to_owned(),
    })?;
    let (kind, value) = rest
        .strip_prefix(':')
        .and_then(|rest| rest.split_once(':'))
        .ok_or(FORM)?;
    let target = match kind {
        "bridge" => Target::Bridge(check_name("target", value)?),
        "network" => Target::Network(check_name("target", value)?),
        "ip" => {
            map.make_room()?;
            map.addresses.push(address(mac, value)?);
            return Ok(());
        }
        _ => return Err(FORM),
    };
    map.add_mac_rule(Rule {
        key: mac,
        mapping: Mapping::plain(target),
        origin: Origin::Option,
    })
}

fn address(mac: Mac, text: &str) -> Result<StaticAddress, Problem> {
    let mut parts = text.split(',');
    let address = ip("address", parts.next().unwrap_or_default())?;
    let gateway = parts.next().map(|part| ip("gateway", part)).transpose()?;
    if let Some(gateway) = gateway.filter(|gateway| gateway.is_ipv4() != address.is_ipv4()) {
        let expected = "an address of the same IP version";
        return Err(Problem::Address {
            what: "gateway",
            found: gateway.to_string(),
            expected,
        });
    }
    let prefix = parts.next().map(|part| prefix(part, address)).transpose()?;
    let nameservers = parts
        .map(|part| ip("name server", part))
        .collect::<Result<Vec<_>, _>>()?;
    if nameservers.len() > MAX_NAMESERVERS {
        let found = nameservers.len().to_string();
        return Err(Problem::Address {
            what: "number of name servers",
            found,
            expected: "at most 16",
        });
    }
    Ok(StaticAddress {
        mac,
        address,
        gateway,
        prefix,
        nameservers,
    })
}

fn ip(what: &'static str, text: &str) -> Result<IpAddr, Problem> {
    let expected = "an IPv4 or IPv6 address";
    text.parse().map_err(|_| Problem::Address {
        what,
        found: text.chars().take(64).collect(),
        expected,
    })
}

fn prefix(text: &str, address: IpAddr) -> Result<u8, Problem> {
    let (bits, expected) = if address.is_ipv4() {
        (32, "0 to 32")
    } else {
        (128, "0 to 128")
    };
    text.parse()
        .ok()
        .filter(|prefix| *prefix <= bits)
        .ok_or_else(|| Problem::Address {
            what: "prefix length",
            found: text.chars().take(64).collect(),
            expected,
        })
}
