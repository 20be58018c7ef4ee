//! Which network of the source becomes which on the target: the network map.
//!
//! A [`NetworkMap`] comes from a file ([`NetworkMap::parse`]) and from options (`-b`, `-n`, `--mac`); a network card asks
//! it with [`NetworkMap::resolve`]. Order of strength, the strongest first:
//!
//! 1. `--mac MAC:bridge:OUT` or `MAC:network:OUT`,
//! 2. `[[mac]]` of the file,
//! 3. `-b IN:OUT` and `-n IN:OUT`,
//! 4. `[[map]]` of the file; there `*` comes after all others, wherever it stands,
//! 5. `-b OUT` and `-n OUT`,
//! 6. nothing: the caller's rule for that kind of source.
//!
//! VMware's port groups and virtual networks are neither bridges nor networks of libvirt. So `-b IN:OUT` and
//! `-n IN:OUT` both match any source called IN and differ only in what OUT is. Without IN the two share the sources:
//! `-b OUT` takes what is connected to a wire outside (bridged cards, port groups, distributed and opaque networks),
//! `-n OUT` takes what the host itself provides (NAT, host-only, custom networks, LAN segments) and, if there is no
//! `-b OUT`, the port groups too.
//!
//! The file has two spellings, told apart by the first character `<`. TOML:
//!
//! ```
//! use v2v_target::network::{NetworkMap, Source, SourceKind, Target};
//!
//! let map = NetworkMap::parse(
//!     r#"
//!     [[map]]
//!     from = "VM Network"
//!     to = "bridge:br0"
//!     vlan = 42
//!     "#,
//! )?;
//! let mapping = map.resolve(&Source { kind: SourceKind::Named, name: Some("VM Network"), mac: None }).unwrap();
//! assert_eq!(mapping.target, Target::Bridge("br0".into()));
//! assert_eq!(mapping.vlan, Some(42));
//! # Ok::<(), v2v_target::network::MapError>(())
//! ```
//!
//! and the XML of virt-v2v.conf, `<network type='bridge' name='br0'><network type='network' name='default'/></network>`.

mod argument;
mod error;
mod key;
mod place;
mod toml_file;
mod xml_file;

use std::net::IpAddr;

pub use error::{MapError, Problem};
pub use key::{Mac, SourceKind};

use key::Key;

/// A map file larger than this is refused.
pub const MAX_BYTES: usize = 1 << 20;
/// A map with more rules than this is refused.
pub const MAX_RULES: usize = 4096;
/// A name longer than this, in bytes, is refused; VMware allows 80 characters, libvirt less.
const MAX_NAME: usize = 1024;

/// What a network card of the source is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The kind of connection.
    pub kind: SourceKind,
    /// Its name: the port group, the id of a distributed port group or an opaque network, or the virtual network
    /// (`vmnet8`, `VMnet8` and `/dev/vmnet8` are the same).
    pub name: Option<&'a str>,
    /// The hardware address of the card.
    pub mac: Option<&'a str>,
}

/// What a network card is connected to on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A bridge of the host.
    Bridge(String),
    /// A network of libvirt.
    Network(String),
    /// Nothing: the card stays, its link is down.
    Disconnected,
}

/// The answer of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where the card is plugged in.
    pub target: Target,
    /// The VLAN tag, 1 to 4094.
    pub vlan: Option<u16>,
    /// The port group of the libvirt network.
    pub portgroup: Option<String>,
    /// The card's model in libvirt's spelling, such as `virtio` or `e1000e`.
    pub model: Option<String>,
}

impl Mapping {
    fn plain(target: Target) -> Self {
        Mapping {
            target,
            vlan: None,
            portgroup: None,
            model: None,
        }
    }
}

/// An address that `--mac MAC:ip:ADDR[,GW[,LEN[,NS..]]]` gives to a card after the first boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticAddress {
    /// The card.
    pub mac: Mac,
    /// Its address.
    pub address: IpAddr,
    /// The default gateway, of the same IP version.
    pub gateway: Option<IpAddr>,
    /// The length of the network prefix in bits, up to 32 or 128.
    pub prefix: Option<u8>,
    /// Name servers.
    pub nameservers: Vec<IpAddr>,
}

/// A rule and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule<K> {
    key: K,
    mapping: Mapping,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// `-b`, `-n` or `--mac`.
    Option,
    /// The line of the file.
    Line(usize),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Option => write!(f, "an option before"),
            Origin::Line(line) => write!(f, "line {line}"),
        }
    }
}

/// Where the images of a datastore are on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Datastore {
    from: String,
    to: String,
    origin: Origin,
}

/// The rules of a map file and of the options `-b`, `-n` and `--mac`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkMap {
    macs: Vec<Rule<Mac>>,
    names: Vec<Rule<Key>>,
    bridge: Option<Mapping>,
    network: Option<Mapping>,
    addresses: Vec<StaticAddress>,
    datastores: Vec<Datastore>,
    ignored: Vec<String>,
}

impl NetworkMap {
    /// Reads a map file. XML if its first character that is not blank is `<`, else TOML.
    ///
    /// # Errors
    ///
    /// [`MapError::TooLarge`] above [`MAX_BYTES`]; [`MapError::File`] with line and column for everything else: a syntax
    /// error, an unknown key, a second rule for one source, a value that is not what its key takes.
    pub fn parse(text: &str) -> Result<NetworkMap, MapError> {
        if text.len() > MAX_BYTES {
            return Err(MapError::TooLarge { found: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('<') {
            xml_file::parse(text)
        } else {
            toml_file::parse(text)
        }
    }

    /// Adds `-b IN:OUT` or `-b OUT`.
    ///
    /// The last colon separates: no bridge has one in its name, but `custom:vmnet8` and some port groups do.
    ///
    /// # Errors
    ///
    /// [`MapError::Option`] if a name is missing, or there is a rule for this IN, or for all others, already.
    pub fn add_bridge(&mut self, argument: &str) -> Result<(), MapError> {
        argument::add_bridge(self, argument)
    }

    /// Adds `-n IN:OUT` or `-n OUT`.
    ///
    /// # Errors
    ///
    /// As [`NetworkMap::add_bridge`].
    pub fn add_network(&mut self, argument: &str) -> Result<(), MapError> {
        argument::add_network(self, argument)
    }

    /// Adds `--mac MAC:bridge:OUT`, `MAC:network:OUT` or `MAC:ip:ADDR[,GW[,LEN[,NS..]]]`.
    ///
    /// # Errors
    ///
    /// [`MapError::Option`] if the argument has another form, or there is a bridge or network for this card already.
    /// Several addresses for one card are fine.
    pub fn add_mac(&mut self, argument: &str) -> Result<(), MapError> {
        argument::add_mac(self, argument)
    }

    /// What a network card is connected to on the target; `None` if the map has no rule for it.
    #[must_use]
    pub fn resolve(&self, source: &Source<'_>) -> Option<&Mapping> {
        let mac = source.mac.and_then(Mac::parse);
        let by_mac = |option: bool| {
            let mac = mac?;
            self.macs
                .iter()
                .find(|rule| rule.key == mac && (rule.origin == Origin::Option) == option)
        };
        let by_name = |option: bool| {
            self.names
                .iter()
                .find(|rule| (rule.origin == Origin::Option) == option && rule.key.matches(source))
        };
        let any = || {
            self.names
                .iter()
                .find(|rule| rule.key == Key::Any)
                .map(|rule| &rule.mapping)
        };
        by_mac(true)
            .or_else(|| by_mac(false))
            .map(|rule| &rule.mapping)
            .or_else(|| {
                by_name(true)
                    .or_else(|| by_name(false))
                    .map(|rule| &rule.mapping)
            })
            .or_else(any)
            .or_else(|| self.otherwise(source.kind))
    }

    /// `-b OUT` and `-n OUT`.
    fn otherwise(&self, kind: SourceKind) -> Option<&Mapping> {
        match kind {
            SourceKind::Bridged => self.bridge.as_ref(),
            SourceKind::Nat | SourceKind::HostOnly | SourceKind::Custom | SourceKind::Segment => {
                self.network.as_ref()
            }
            _ => self.bridge.as_ref().or(self.network.as_ref()),
        }
    }

    /// The addresses that `--mac MAC:ip:...` gave to a card. Nothing if `mac` is no hardware address.
    pub fn static_addresses(&self, mac: &str) -> impl Iterator<Item = &StaticAddress> {
        let mac = Mac::parse(mac);
        self.addresses
            .iter()
            .filter(move |address| Some(address.mac) == mac)
    }

    /// Where the images of a datastore are on the target, from `[[datastore]]`.
    #[must_use]
    pub fn datastore(&self, name: &str) -> Option<&str> {
        self.datastores
            .iter()
            .find(|datastore| datastore.from == name)
            .map(|datastore| datastore.to.as_str())
    }

    /// True if there is no rule for networks at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.macs.is_empty()
            && self.names.is_empty()
            && self.bridge.is_none()
            && self.network.is_none()
    }

    /// Elements of an XML file that are no networks, each name once, in their order. A caller reports them.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    fn add_name(&mut self, rule: Rule<Key>) -> Result<(), Problem> {
        self.make_room()?;
        let same_source = |other: &&Rule<Key>| {
            other.key == rule.key
                && (other.origin == Origin::Option) == (rule.origin == Origin::Option)
        };
        if let Some(first) = self.names.iter().find(same_source) {
            return Err(Problem::Duplicate {
                from: rule.key.to_string(),
                first: first.origin.to_string(),
            });
        }
        self.names.push(rule);
        Ok(())
    }

    fn add_mac_rule(&mut self, rule: Rule<Mac>) -> Result<(), Problem> {
        self.make_room()?;
        let same_source = |other: &&Rule<Mac>| {
            other.key == rule.key
                && (other.origin == Origin::Option) == (rule.origin == Origin::Option)
        };
        if let Some(first) = self.macs.iter().find(same_source) {
            return Err(Problem::Duplicate {
                from: rule.key.to_string(),
                first: first.origin.to_string(),
            });
        }
        self.macs.push(rule);
        Ok(())
    }

    fn add_datastore(&mut self, datastore: Datastore) -> Result<(), Problem> {
        self.make_room()?;
        if let Some(first) = self
            .datastores
            .iter()
            .find(|other| other.from == datastore.from)
        {
            return Err(Problem::Duplicate {
                from: datastore.from,
                first: first.origin.to_string(),
            });
        }
        self.datastores.push(datastore);
        Ok(())
    }

    /// Rules are compared one by one, which the limit keeps cheap.
    fn make_room(&self) -> Result<(), Problem> {
        let rules = [
            self.macs.len(),
            self.names.len(),
            self.addresses.len(),
            self.datastores.len(),
        ];
        if rules.into_iter().sum::<usize>() < MAX_RULES {
            Ok(())
        } else {
            Err(Problem::TooManyRules)
        }
    }
}

/// A name as libvirt and the kernel can take it.
fn check_name(what: &'static str, name: &str) -> Result<String, Problem> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        let found = name.chars().take(64).collect();
        return Err(Problem::Name { what, found });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests;
