//! The names by which a map finds a source.

use super::{Problem, Source, check_name};

/// How a network card of the source is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// To the host's own network, without a name or through a virtual network such as `VMnet0`.
    Bridged,
    /// Through the host's address translation.
    Nat,
    /// To the host only.
    HostOnly,
    /// To a virtual network of Workstation; its name is `vmnet8` and the like.
    Custom,
    /// To a port group or a bridge with a name.
    Named,
    /// To a distributed switch; the name is the id of its port group, `dvportgroup-1285`.
    Dvs,
    /// To an opaque network (NSX); the name is its id.
    Opaque,
    /// To a LAN segment between virtual machines; the name is its id.
    Segment,
    /// Nobody said.
    Unknown,
}

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// Reads six pairs of hexadecimal digits with colons or dashes between them, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let part = parts.next()?;
            if part.len() != 2 || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Mac(bytes))
    }
}

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The `from` of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `*`: every other source.
    Any,
    /// `nat`, `bridged`, `hostonly`; a port group can be called so as well.
    Kind(SourceKind, String),
    /// `custom:vmnet8`, `dvs:ID`, `opaque:ID`, `segment:ID`.
    Prefixed(SourceKind, String),
    /// Any other name: a port group, a bridge, a virtual network, an id.
    Name(String),
}

const KINDS: &[(&str, SourceKind)] = &[
    ("nat", SourceKind::Nat),
    ("bridged", SourceKind::Bridged),
    ("hostonly", SourceKind::HostOnly),
];

const PREFIXES: &[(&str, SourceKind)] = &[
    ("custom", SourceKind::Custom),
    ("dvs", SourceKind::Dvs),
    ("opaque", SourceKind::Opaque),
    ("segment", SourceKind::Segment),
];

impl Key {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let name = check_name("source", text)?;
        if name == "*" {
            return Ok(Key::Any);
        }
        if let Some((_, kind)) = KINDS
            .iter()
            .find(|(word, _)| name.eq_ignore_ascii_case(word))
        {
            return Ok(Key::Kind(*kind, name));
        }
        if let Some((prefix, rest)) = name.split_once(':')
            && let Some((_, kind)) = PREFIXES
                .iter()
                .find(|(word, _)| prefix.eq_ignore_ascii_case(word))
        {
            let rest = check_name("source", rest)?;
            return Ok(Key::Prefixed(*kind, virtual_network(&rest).unwrap_or(rest)));
        }
        Ok(Key::Name(virtual_network(&name).unwrap_or(name)))
    }

    /// True for a word that only starts a key: `custom`, `dvs`, `opaque`, `segment`.
    pub(super) fn is_prefix(text: &str) -> bool {
        PREFIXES
            .iter()
            .any(|(word, _)| text.eq_ignore_ascii_case(word))
    }

    /// True if a rule with this key is for this source. `*` is not: it comes last.
    pub(super) fn matches(&self, source: &Source<'_>) -> bool {
        let named = |text: &str| {
            source.name.is_some_and(|name| {
                name == text || virtual_network(name).is_some_and(|name| name == text)
            })
        };
        match self {
            Key::Any => false,
            Key::Kind(kind, text) => source.kind == *kind || named(text),
            Key::Prefixed(kind, text) => source.kind == *kind && named(text),
            Key::Name(text) => named(text),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Any => f.write_str("*"),
            Key::Kind(_, name) | Key::Name(name) => f.write_str(name),
            Key::Prefixed(kind, name) => {
                let prefix = PREFIXES
                    .iter()
                    .find(|(_, known)| known == kind)
                    .map_or("", |(word, _)| word);
                write!(f, "{prefix}:{name}")
            }
        }
    }
}

/// `vmnet8` for `VMnet8` of Windows hosts and `/dev/vmnet8` of Linux hosts; `None` for any other name.
fn virtual_network(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let number = lower
        .strip_prefix("/dev/")
        .unwrap_or(&lower)
        .strip_prefix("vmnet")?;
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| format!("vmnet{number}"))
}
