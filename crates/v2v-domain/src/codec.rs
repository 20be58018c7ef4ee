//! Tree <-> model. What an element is made of is declared once, by [`model!`]; reading and writing follow from it.
//!
//! Reading never fails over a value: what cannot be read stays as it is in the element's [`Other`]. Only a field
//! without which the struct makes no sense (`T` instead of `Option<T>`) makes the whole element stay unread, in the
//! `other` of its parent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use crate::element::{Attribute, Element, Node, Other};

/// A struct that is an element, or a group of attributes and children of one.
pub(crate) trait Xml: Sized {
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
    fn write(&self, writer: &mut Writer);
}

/// An enum chosen by an attribute of the element; the data are attributes and children of the same element.
pub(crate) trait Tagged: Sized {
    fn read(tag: Option<&str>, reader: &mut Reader<'_>) -> Option<Self>;
    fn tag(&self) -> &str;
    fn write(&self, writer: &mut Writer);
}

/// A value with a text form.
pub(crate) trait Value: Sized {
    fn parse(text: &str) -> Option<Self>;
    fn print(&self) -> Cow<'_, str>;
}

/// A place for a value: `T` must be there, `Option<T>` may.
pub(crate) trait Slot: Sized {
    /// `None` if it must be there and is not; else the slot and whether the text went into it.
    fn fill(text: Option<&str>) -> Option<(Self, bool)>;
    fn text(&self) -> Option<Cow<'_, str>>;
}

impl<T: Value> Slot for Option<T> {
    fn fill(text: Option<&str>) -> Option<(Self, bool)> {
        let value = text.and_then(T::parse);
        let taken = value.is_some();
        Some((value, taken))
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().map(T::print)
    }
}

impl<T: Value> Slot for T {
    fn fill(text: Option<&str>) -> Option<(Self, bool)> {
        Some((T::parse(text?)?, true))
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.print())
    }
}

/// A place for a child element.
pub(crate) trait ChildSlot: Sized {
    fn fill(element: Option<&Element>) -> Option<(Self, bool)>;
    fn written(&self, name: &str) -> Option<Writer>;
}

impl<T: Xml> ChildSlot for Option<T> {
    fn fill(element: Option<&Element>) -> Option<(Self, bool)> {
        let value = element.and_then(read);
        let taken = value.is_some();
        Some((value, taken))
    }

    fn written(&self, name: &str) -> Option<Writer> {
        self.as_ref().map(|value| write(name, value))
    }
}

impl<T: Xml> ChildSlot for T {
    fn fill(element: Option<&Element>) -> Option<(Self, bool)> {
        Some((read(element?)?, true))
    }

    fn written(&self, name: &str) -> Option<Writer> {
        Some(write(name, self))
    }
}

pub(crate) fn read<T: Xml>(element: &Element) -> Option<T> {
    T::read(&mut Reader::new(element))
}

pub(crate) fn write<T: Xml>(name: &str, value: &T) -> Writer {
    let mut writer = Writer::new(name);
    value.write(&mut writer);
    writer
}

/// An element being taken apart.
pub(crate) struct Reader<'a> {
    element: &'a Element,
    attributes_taken: Vec<bool>,
    children_taken: Vec<bool>,
    /// The first thing that must be there and is not.
    pub(crate) missing: Option<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(element: &'a Element) -> Self {
        Self {
            element,
            attributes_taken: vec![false; element.attributes.len()],
            children_taken: element.children.iter().map(Node::is_blank).collect(),
            missing: None,
        }
    }

    pub(crate) fn attr<T: Slot>(&mut self, name: &str) -> Option<T> {
        let mut attributes = self
            .element
            .attributes
            .iter()
            .zip(&mut self.attributes_taken);
        let found = attributes.find(|(attribute, _)| attribute.name == name);
        let Some((slot, taken)) = T::fill(found.as_ref().map(|(a, _)| a.value.as_str())) else {
            return self.miss(format!("attribute {name}"));
        };
        if let (Some((_, mark)), true) = (found, taken) {
            *mark = true;
        }
        Some(slot)
    }

    pub(crate) fn on_off(&mut self, name: &str) -> Option<Option<bool>> {
        let value: Option<OnOff> = self.attr(name)?;
        Some(value.map(|value| value.0))
    }

    pub(crate) fn hex<T: TryFrom<u64> + Into<u64> + Copy>(
        &mut self,
        name: &str,
        _digits: usize,
    ) -> Option<Option<T>> {
        let value: Option<Hex<T>> = self.attr(name)?;
        Some(value.map(|value| value.0))
    }

    /// Text of the element itself.
    pub(crate) fn content<T: Slot>(&mut self) -> Option<T> {
        let is_text = |node: &Node| node.as_text().is_some();
        let there = self.element.children.iter().any(is_text);
        let text = there.then(|| self.element.content());
        let filled = T::fill(text.as_deref()).or_else(|| T::fill(Some("")));
        let Some((slot, taken)) = filled else {
            return self.miss("content".to_owned());
        };
        if taken {
            for (node, mark) in self.element.children.iter().zip(&mut self.children_taken) {
                *mark |= is_text(node);
            }
        }
        Some(slot)
    }

    /// A child element of nothing but text.
    pub(crate) fn text<T: Slot>(&mut self, name: &str) -> Option<T> {
        let found = self.children(name).next();
        let text = found.as_ref().and_then(|(element, _)| plain_text(element));
        let Some((slot, taken)) = T::fill(text.as_deref()) else {
            return self.miss(format!("element <{name}>"));
        };
        if let (Some((_, mark)), true) = (self.children(name).next(), taken) {
            *mark = true;
        }
        Some(slot)
    }

    /// Child elements of nothing but text.
    pub(crate) fn texts<T: Value>(&mut self, name: &str) -> Option<Vec<T>> {
        Some(self.take_all(name, |element| T::parse(&plain_text(element)?)))
    }

    /// The attribute of a child element that has nothing else.
    pub(crate) fn sub<T: Slot>(&mut self, name: &str, attribute: &str) -> Option<T> {
        let found = self.children(name).next();
        let text = found
            .as_ref()
            .and_then(|(element, _)| only(element, attribute));
        let Some((slot, taken)) = T::fill(text) else {
            return self.miss(format!("element <{name}>"));
        };
        if let (Some((_, mark)), true) = (self.children(name).next(), taken) {
            *mark = true;
        }
        Some(slot)
    }

    /// The attributes of child elements that have nothing else.
    pub(crate) fn subs<T: Value>(&mut self, name: &str, attribute: &str) -> Option<Vec<T>> {
        Some(self.take_all(name, |element| T::parse(only(element, attribute)?)))
    }

    pub(crate) fn child<T: ChildSlot>(&mut self, name: &str) -> Option<T> {
        let found = self.children(name).next();
        let Some((slot, taken)) = T::fill(found.as_ref().map(|(element, _)| *element)) else {
            return self.miss(format!("element <{name}>"));
        };
        if let (Some((_, mark)), true) = (found, taken) {
            *mark = true;
        }
        Some(slot)
    }

    pub(crate) fn list<T: Xml>(&mut self, name: &str) -> Option<Vec<T>> {
        Some(self.take_all(name, read))
    }

    /// Whether there is such a child. One with content is left to `other`, which brings it back.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let Some((element, mark)) = self.children(name).next() else {
            return Some(false);
        };
        *mark = element.is_bare();
        Some(true)
    }

    /// Child elements as they are.
    pub(crate) fn raws(&mut self, name: &str) -> Option<Vec<Element>> {
        Some(self.take_all(name, |element| Some(element.clone())))
    }

    pub(crate) fn group<T: Xml>(&mut self) -> Option<T> {
        T::read(self)
    }

    /// The group is there if an attribute is.
    pub(crate) fn group_if<T: Xml>(&mut self, name: &str) -> Option<Option<T>> {
        let there = self.element.get(name).is_some();
        Some(if there { T::read(self) } else { None })
    }

    pub(crate) fn tagged<T: Tagged>(&mut self, _place: usize, name: &str) -> Option<T> {
        // An empty value is written by nothing but `other`.
        if self.element.get(name) == Some("") {
            return T::read(Some(""), self);
        }
        let tag: Option<String> = self.attr(name)?;
        T::read(tag.as_deref(), self)
    }

    /// What nothing has taken.
    pub(crate) fn rest(&mut self) -> Other {
        let mut other = Other::default();
        for (attribute, taken) in self.element.attributes.iter().zip(&self.attributes_taken) {
            if !taken {
                other.attributes.push(attribute.clone());
            }
        }
        for (node, taken) in self.element.children.iter().zip(&self.children_taken) {
            match (node, other.children.last_mut()) {
                _ if *taken => {}
                (Node::Text(text), Some(Node::Text(before))) => before.push_str(text),
                (node, _) => other.children.push(node.clone()),
            }
        }
        other
    }

    fn take_all<T>(&mut self, name: &str, read: impl Fn(&Element) -> Option<T>) -> Vec<T> {
        let mut values = Vec::new();
        for (element, mark) in self.children(name) {
            if let Some(value) = read(element) {
                values.push(value);
                *mark = true;
            }
        }
        values
    }

    fn children<'s>(&'s mut self, name: &str) -> impl Iterator<Item = (&'a Element, &'s mut bool)> {
        let all = self.element.children.iter().zip(&mut self.children_taken);
        all.filter_map(move |(node, mark)| {
            let element = node.as_element().filter(|element| element.name == name)?;
            (!*mark).then_some((element, mark))
        })
    }

    fn miss<T>(&mut self, what: String) -> Option<T> {
        self.missing.get_or_insert(what);
        None
    }
}

/// Comments inside are not worth to give up the text for.
fn plain_text(element: &Element) -> Option<String> {
    let plain = element.attributes.is_empty() && element.elements().next().is_none();
    plain.then(|| element.content())
}

fn only<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    match element.attributes.as_slice() {
        [attribute] if attribute.name == name && element.children.iter().all(Node::is_blank) => {
            Some(&attribute.value)
        }
        _ => None,
    }
}

/// An element being put together; the same methods as [`Reader`] has.
pub(crate) struct Writer {
    pub(crate) element: Element,
    /// Paths of what came from [`Other`], without the element itself.
    pub(crate) unknown: Vec<String>,
    /// How many children of a name there are.
    counts: HashMap<String, usize>,
    flags: Vec<&'static str>,
}

impl Writer {
    fn new(name: &str) -> Self {
        Self {
            element: Element::new(name),
            unknown: Vec::new(),
            counts: HashMap::new(),
            flags: Vec::new(),
        }
    }

    pub(crate) fn attr<T: Slot>(&mut self, name: &str, value: &T) {
        if let Some(text) = value.text() {
            let attribute = Attribute::new(name, text);
            self.element.attributes.push(attribute);
        }
    }

    pub(crate) fn on_off(&mut self, name: &str, value: &Option<bool>) {
        self.attr(name, &value.map(OnOff));
    }

    pub(crate) fn hex<T: TryFrom<u64> + Into<u64> + Copy>(
        &mut self,
        name: &str,
        digits: usize,
        value: &Option<T>,
    ) {
        if let Some(value) = *value {
            let text = format!("0x{:0digits$x}", value.into());
            self.element.attributes.push(Attribute::new(name, text));
        }
    }

    pub(crate) fn content<T: Slot>(&mut self, value: &T) {
        if let Some(text) = value.text().filter(|text| !text.is_empty()) {
            self.element.children.push(Node::Text(text.into_owned()));
        }
    }

    pub(crate) fn text<T: Slot>(&mut self, name: &str, value: &T) {
        if let Some(text) = value.text() {
            self.push(text_element(name, text));
        }
    }

    pub(crate) fn texts<T: Value>(&mut self, name: &str, values: &[T]) {
        for value in values {
            self.push(text_element(name, value.print()));
        }
    }

    pub(crate) fn sub<T: Slot>(&mut self, name: &str, attribute: &str, value: &T) {
        if let Some(text) = value.text() {
            self.push(Element::new(name).attribute(attribute, text));
        }
    }

    pub(crate) fn subs<T: Value>(&mut self, name: &str, attribute: &str, values: &[T]) {
        for value in values {
            self.push(Element::new(name).attribute(attribute, value.print()));
        }
    }

    pub(crate) fn child<T: ChildSlot>(&mut self, name: &str, value: &T) {
        if let Some(child) = value.written(name) {
            self.take(child);
        }
    }

    pub(crate) fn list<T: Xml>(&mut self, name: &str, values: &[T]) {
        for value in values {
            self.take(write(name, value));
        }
    }

    pub(crate) fn flag(&mut self, name: &'static str, on: &bool) {
        if *on {
            self.push(Element::new(name));
            self.flags.push(name);
        }
    }

    pub(crate) fn raws(&mut self, _name: &str, values: &[Element]) {
        for value in values {
            self.push(value.clone());
        }
    }

    pub(crate) fn group<T: Xml>(&mut self, value: &T) {
        value.write(self);
    }

    pub(crate) fn group_if<T: Xml>(&mut self, _name: &str, value: &Option<T>) {
        if let Some(value) = value {
            value.write(self);
        }
    }

    /// `place` is where the attribute stands: `type` comes first in libvirt's output.
    pub(crate) fn tagged<T: Tagged>(&mut self, place: usize, name: &str, value: &T) {
        let tag = value.tag();
        if !tag.is_empty() {
            let attributes = &mut self.element.attributes;
            let place = place.min(attributes.len());
            attributes.insert(place, Attribute::new(name, tag));
        }
        value.write(self);
    }

    /// A known attribute that was changed after reading stands for an unreadable one of that name.
    pub(crate) fn rest(&mut self, other: &Other) {
        for attribute in &other.attributes {
            if self.element.get(&attribute.name).is_none() {
                self.unknown.push(format!("@{}", attribute.name));
                self.element.attributes.push(attribute.clone());
            }
        }
        for node in &other.children {
            match node {
                Node::Element(element) => {
                    self.settle_flag(element);
                    let path = self.path_of(&element.name);
                    self.unknown.push(path);
                }
                Node::Text(_) | Node::CData(_) => self.unknown.push("text()".to_owned()),
                Node::Comment(_) | Node::Instruction(_) => {}
            }
            self.element.children.push(node.clone());
        }
    }

    /// Path of the next child of that name: `disk`, then `disk[2]`.
    fn path_of(&mut self, name: &str) -> String {
        let count = self.counts.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
        match *count {
            1 => name.to_owned(),
            count => format!("{name}[{count}]"),
        }
    }

    fn take(&mut self, child: Writer) {
        let path = self.path_of(&child.element.name);
        let unknown = child.unknown.iter().map(|below| format!("{path}/{below}"));
        self.unknown.extend(unknown);
        self.element.children.push(Node::Element(child.element));
    }

    /// [`Reader::flag`] left the first element of that name here: it stands for the flag.
    fn settle_flag(&mut self, element: &Element) {
        let Some(at) = self.flags.iter().position(|flag| *flag == element.name) else {
            return;
        };
        self.flags.remove(at);
        if !element.is_bare() {
            let plain = Node::Element(Element::new(&element.name));
            let children = &mut self.element.children;
            if let Some(at) = children.iter().position(|node| *node == plain) {
                children.remove(at);
                self.counts.remove(&element.name);
            }
        }
    }

    fn push(&mut self, element: Element) {
        let count = self.counts.entry(element.name.clone()).or_default();
        *count = count.saturating_add(1);
        self.element.children.push(Node::Element(element));
    }
}

fn text_element(name: &str, text: Cow<'_, str>) -> Element {
    let element = Element::new(name);
    if text.is_empty() {
        return element;
    }
    element.text(text)
}

impl Xml for Other {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(reader.rest())
    }

    fn write(&self, writer: &mut Writer) {
        writer.rest(self);
    }
}

impl Value for String {
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn print(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Value for bool {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    }

    fn print(&self) -> Cow<'_, str> {
        if *self { "yes" } else { "no" }.into()
    }
}

#[derive(Clone, Copy)]
struct OnOff(bool);

impl Value for OnOff {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "on" => Some(Self(true)),
            "off" => Some(Self(false)),
            _ => None,
        }
    }

    fn print(&self) -> Cow<'_, str> {
        if self.0 { "on" } else { "off" }.into()
    }
}

/// libvirt reads such numbers as C does: `0x` is hexadecimal, a leading zero octal.
struct Hex<T>(T);

impl<T: TryFrom<u64> + Into<u64> + Copy> Value for Hex<T> {
    fn parse(text: &str) -> Option<Self> {
        let (digits, radix) = match text.as_bytes() {
            [b'0', b'x' | b'X', ..] => (text.get(2..)?, 16),
            [b'0', _, ..] => (text, 8),
            _ => (text, 10),
        };
        if digits.starts_with(['+', '-']) {
            return None;
        }
        let number = u64::from_str_radix(digits, radix).ok()?;
        T::try_from(number).ok().map(Self)
    }

    fn print(&self) -> Cow<'_, str> {
        format!("{:#x}", self.0.into()).into()
    }
}

/// Values whose `FromStr` and `Display` are their form in XML, white space around them allowed as in a schema.
pub(crate) fn parse_trimmed<T: FromStr>(text: &str) -> Option<T> {
    text.trim_matches([' ', '\t', '\n', '\r']).parse().ok()
}

pub(crate) fn print_displayed<T: Display>(value: &T) -> Cow<'_, str> {
    value.to_string().into()
}

macro_rules! displayed_value {
    ($($type:ty),* $(,)?) => {$(
        impl crate::codec::Value for $type {
            fn parse(text: &str) -> Option<Self> {
                crate::codec::parse_trimmed(text)
            }

            fn print(&self) -> std::borrow::Cow<'_, str> {
                crate::codec::print_displayed(self)
            }
        }
    )*};
}
pub(crate) use displayed_value;

displayed_value!(u8, u16, u32, u64, i16, i32, i64);
