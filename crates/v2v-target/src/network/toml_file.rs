//! The TOML spelling of a map file.

use serde::Deserialize;
use toml::Spanned;

use super::key::Key;
use super::place::Lines;
use super::{
    Datastore, Mac, MapError, Mapping, NetworkMap, Origin, Problem, Rule, Target, check_name,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    map: Vec<MapEntry>,
    #[serde(default)]
    mac: Vec<MacEntry>,
    #[serde(default)]
    datastore: Vec<DatastoreEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapEntry {
    from: Spanned<String>,
    to: Spanned<String>,
    vlan: Option<Spanned<i64>>,
    model: Option<Spanned<String>>,
    portgroup: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MacEntry {
    mac: Spanned<String>,
    to: Spanned<String>,
    vlan: Option<Spanned<i64>>,
    model: Option<Spanned<String>>,
    portgroup: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatastoreEntry {
    from: Spanned<String>,
    to: Spanned<String>,
}

pub(super) fn parse(text: &str) -> Result<NetworkMap, MapError> {
    let lines = Lines::new(text);
    let file: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        // The parser puts a hint on a line of its own.
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        lines.error(offset, Problem::Syntax { message })
    })?;
    let reader = Reader { lines };
    let mut map = NetworkMap::default();
    for entry in &file.map {
        let key = reader.value(&entry.from, Key::parse)?;
        let mapping = reader.mapping(&entry.to, &entry.vlan, &entry.model, &entry.portgroup)?;
        let origin = reader.origin(&entry.from);
        reader.at(
            &entry.from,
            map.add_name(Rule {
                key,
                mapping,
                origin,
            }),
        )?;
    }
    for entry in &file.mac {
        let key = reader.value(&entry.mac, |mac| {
            Mac::parse(mac).ok_or_else(|| Problem::Mac {
                found: mac.chars().take(64).collect(),
            })
        })?;
        let mapping = reader.mapping(&entry.to, &entry.vlan, &entry.model, &entry.portgroup)?;
        let origin = reader.origin(&entry.mac);
        reader.at(
            &entry.mac,
            map.add_mac_rule(Rule {
                key,
                mapping,
                origin,
            }),
        )?;
    }
    for entry in &file.datastore {
        let from = reader.value(&entry.from, |from| check_name("datastore", from))?;
        let to = reader.value(&entry.to, |to| check_name("directory", to))?;
        let origin = reader.origin(&entry.from);
        reader.at(
            &entry.from,
            map.add_datastore(Datastore { from, to, origin }),
        )?;
    }
    Ok(map)
}

/// The places of the values.
struct Reader<'a> {
    lines: Lines<'a>,
}

impl Reader<'_> {
    /// Puts the place of a value to what is wrong with it.
    fn at<V, T>(&self, value: &Spanned<V>, result: Result<T, Problem>) -> Result<T, MapError> {
        result.map_err(|problem| self.lines.error(value.span().start, problem))
    }

    fn value<T>(
        &self,
        value: &Spanned<String>,
        read: impl Fn(&str) -> Result<T, Problem>,
    ) -> Result<T, MapError> {
        self.at(value, read(value.get_ref()))
    }

    fn origin<V>(&self, value: &Spanned<V>) -> Origin {
        self.lines.origin(value.span().start)
    }

    fn mapping(
        &self,
        to: &Spanned<String>,
        vlan: &Option<Spanned<i64>>,
        model: &Option<Spanned<String>>,
        portgroup: &Option<Spanned<String>>,
    ) -> Result<Mapping, MapError> {
        let target = self.value(to, target)?;
        let vlan = vlan
            .as_ref()
            .map(|vlan| self.at(vlan, tag(*vlan.get_ref())))
            .transpose()?;
        let model = model
            .as_ref()
            .map(|name| self.value(name, model_name))
            .transpose()?;
        let portgroup = portgroup.as_ref().map(|name| {
            if !matches!(target, Target::Network(_)) {
                return self.at(
                    name,
                    Err(Problem::Portgroup {
                        found: to.get_ref().clone(),
                    }),
                );
            }
            self.value(name, |name| check_name("portgroup", name))
        });
        Ok(Mapping {
            target,
            vlan,
            portgroup: portgroup.transpose()?,
            model,
        })
    }
}

/// `bridge:br0`, `network:default` or `none`.
fn target(text: &str) -> Result<Target, Problem> {
    match text.split_once(':') {
        Some(("bridge", name)) => Ok(Target::Bridge(check_name("bridge", name)?)),
        Some(("network", name)) => Ok(Target::Network(check_name("network", name)?)),
        None if text == "none" => Ok(Target::Disconnected),
        _ => Err(Problem::Target {
            found: text.chars().take(64).collect(),
        }),
    }
}

/// 0 and 4095 are reserved by IEEE 802.1Q.
fn tag(number: i64) -> Result<u16, Problem> {
    u16::try_from(number)
        .ok()
        .filter(|tag| (1..=4094).contains(tag))
        .ok_or(Problem::Vlan { found: number })
}

/// libvirt passes a model to QEMU as it is, so it must not hold a comma.
fn model_name(text: &str) -> Result<String, Problem> {
    let name = !text.is_empty() && text.len() <= 64;
    if name
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        return Ok(text.to_owned());
    }
    Err(Problem::Model {
        found: text.chars().take(64).collect(),
    })
}
