//! The XML spelling of a map file, that of virt-v2v.conf.
//!
//! An outer `<network>` names a source, the `<network>` inside it the target. They stand at the top or in one root
//! element; every other element is left out, and its name kept. `type='default'` stands for every other source.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::key::Key;
use super::place::Lines;
use super::{MapError, Mapping, NetworkMap, Problem, Rule, Target, check_name};

/// Elements inside elements; a map has three levels.
const MAX_DEPTH: usize = 64;
/// Attributes of a `<network>`; those of a map are two.
const MAX_ATTRIBUTES: usize = 16;
/// Names of ignored elements that are kept.
const MAX_IGNORED: usize = 64;

pub(super) fn parse(text: &str) -> Result<NetworkMap, MapError> {
    let lines = Lines::new(text);
    let mut reader = Reader::from_str(text);
    let mut file = File {
        lines: &lines,
        map: NetworkMap::default(),
        depth: 0,
        skip: None,
        outer: None,
    };
    loop {
        let start = offset(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            let problem = Problem::Syntax {
                message: error.to_string(),
            };
            lines.error(offset(reader.error_position()), problem)
        })?;
        match event {
            Event::Start(element) => file.start(&element, start)?,
            Event::Empty(element) => {
                file.start(&element, start)?;
                file.end(start)?;
            }
            Event::End(_) => file.end(start)?,
            Event::DocType(_) => return Err(lines.error(start, Problem::DocumentType)),
            Event::Eof => break,
            _ => {}
        }
    }
    if file.depth > 0 {
        let message = "the file ends inside an element".to_owned();
        return Err(lines.error(text.len(), Problem::Syntax { message }));
    }
    Ok(file.map)
}

/// Positions count bytes of a text in memory, so they fit.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// A source whose target is being read.
struct Outer {
    depth: usize,
    start: usize,
    key: Key,
    targets: Vec<Target>,
}

struct File<'a> {
    lines: &'a Lines<'a>,
    map: NetworkMap,
    depth: usize,
    /// The depth of an element that is left out with all it holds.
    skip: Option<usize>,
    outer: Option<Outer>,
}

impl File<'_> {
    fn start(&mut self, element: &BytesStart<'_>, start: usize) -> Result<(), MapError> {
        let depth = self.depth;
        self.depth = depth.saturating_add(1);
        if depth >= MAX_DEPTH {
            let problem = Problem::TooDeep { limit: MAX_DEPTH };
            return Err(self.lines.error(start, problem));
        }
        if self.skip.is_some() {
            return Ok(());
        }
        let is_network = element.name().as_ref() == "network";
        let result = match &mut self.outer {
            Some(outer) if is_network => inner(element).map(|target| outer.targets.push(target)),
            None if is_network && depth <= 1 => source(element).map(|key| {
                self.outer = Some(Outer {
                    depth,
                    start,
                    key,
                    targets: Vec::new(),
                });
            }),
            // The root element.
            None if depth == 0 => Ok(()),
            _ => {
                self.skip = Some(depth);
                self.ignore(element);
                Ok(())
            }
        };
        result.map_err(|problem| self.lines.error(start, problem))
    }

    fn ignore(&mut self, element: &BytesStart<'_>) {
        let name = element.name().as_ref().chars().take(64).collect();
        if self.map.ignored.len() < MAX_IGNORED && !self.map.ignored.contains(&name) {
            self.map.ignored.push(name);
        }
    }

    fn end(&mut self, start: usize) -> Result<(), MapError> {
        let Some(depth) = self.depth.checked_sub(1) else {
            let message = "an end tag without a start tag".to_owned();
            return Err(self.lines.error(start, Problem::Syntax { message }));
        };
        self.depth = depth;
        if self.skip == Some(depth) {
            self.skip = None;
        }
        match self.outer.take_if(|outer| outer.depth == depth) {
            Some(outer) => self.finish(outer),
            None => Ok(()),
        }
    }

    /// Adds the rule of an outer element that has ended.
    fn finish(&mut self, outer: Outer) -> Result<(), MapError> {
        let lines = self.lines;
        let at = |problem| lines.error(outer.start, problem);
        let [target] = outer.targets.as_slice() else {
            return Err(at(Problem::InnerNetworks {
                found: outer.targets.len(),
            }));
        };
        let rule = Rule {
            key: outer.key,
            mapping: Mapping::plain(target.clone()),
            origin: lines.origin(outer.start),
        };
        self.map.add_name(rule).map_err(at)
    }
}

fn source(element: &BytesStart<'_>) -> Result<Key, Problem> {
    let attributes = attributes(element)?;
    match attributes.kind.as_deref() {
        Some("default") => Ok(Key::Any),
        Some("bridge" | "network") | None => Key::parse(&attributes.name()?),
        Some(found) => Err(network_type(found)),
    }
}

fn inner(element: &BytesStart<'_>) -> Result<Target, Problem> {
    let attributes = attributes(element)?;
    match attributes.kind.as_deref() {
        Some("bridge") => Ok(Target::Bridge(check_name("bridge", &attributes.name()?)?)),
        Some("network") => Ok(Target::Network(check_name("network", &attributes.name()?)?)),
        Some(found) => Err(network_type(found)),
        None => Err(Problem::NoAttribute { attribute: "type" }),
    }
}

fn network_type(found: &str) -> Problem {
    Problem::NetworkType {
        found: found.chars().take(64).collect(),
    }
}

/// What a `<network>` says of itself.
#[derive(Default)]
struct Attributes {
    kind: Option<String>,
    name: Option<String>,
}

impl Attributes {
    fn name(&self) -> Result<String, Problem> {
        self.name
            .clone()
            .ok_or(Problem::NoAttribute { attribute: "name" })
    }
}

fn attributes(element: &BytesStart<'_>) -> Result<Attributes, Problem> {
    let syntax = |error: &dyn std::fmt::Display| Problem::Syntax {
        message: error.to_string(),
    };
    let mut found = Attributes::default();
    // The parser's own check for attributes that stand twice compares each with all others.
    for (count, attribute) in element.attributes().with_checks(false).enumerate() {
        if count >= MAX_ATTRIBUTES {
            return Err(Problem::Attributes {
                found: "more than 16 attributes",
            });
        }
        let attribute = attribute.map_err(|error| syntax(&error))?;
        let place = match attribute.key.as_ref() {
            "type" => &mut found.kind,
            "name" => &mut found.name,
            _ => continue,
        };
        let value = attribute.normalized_value(XmlVersion::Explicit1_0);
        let value = value.map_err(|error| syntax(&error))?.into_owned();
        if place.replace(value).is_some() {
            return Err(Problem::Attributes {
                found: "an attribute twice",
            });
        }
    }
    Ok(found)
}
