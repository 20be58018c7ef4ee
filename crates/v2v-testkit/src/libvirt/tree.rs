//! As much of an XML tree as it takes to replace parts of a domain.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};

/// An element. Attribute values are unescaped.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Element(Element),
    /// Text with its references, as it stands in the document. Comments are not kept.
    Text(String),
}

impl Element {
    pub(super) fn new(name: &str) -> Element {
        Element {
            name: name.to_owned(),
            ..Element::default()
        }
    }

    /// The root of `xml`, or why there is none.
    pub(super) fn parse(xml: &str) -> Result<Element, String> {
        let mut reader = Reader::from_str(xml);
        // The outermost one stands for the document.
        let mut open = vec![Element::default()];
        loop {
            let event = reader.read_event().map_err(|err| err.to_string())?;
            let closed = match event {
                Event::Start(start) => {
                    open.push(Element::from_tag(&start)?);
                    continue;
                }
                Event::Empty(start) => Node::Element(Element::from_tag(&start)?),
                Event::End(_) => Node::Element(open.pop().ok_or("an end tag too many")?),
                Event::Text(text) => Node::Text(text.into_inner().into_owned()),
                Event::GeneralRef(name) => Node::Text(format!("&{};", name.into_inner())),
                Event::CData(text) => Node::Text(escape(text.into_inner()).into_owned()),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            };
            let parent = open.last_mut().ok_or("an end tag too many")?;
            parent.children.push(closed);
        }
        if open.len() != 1 {
            return Err("an element is not closed".to_owned());
        }
        let document = open.remove(0);
        let mut elements = document.children.into_iter().filter_map(Node::into_element);
        elements.next().ok_or_else(|| "no element".to_owned())
    }

    fn from_tag(tag: &BytesStart<'_>) -> Result<Element, String> {
        let mut element = Element::new(tag.name().as_ref());
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|err| err.to_string())?;
            let value = quick_xml::escape::unescape(&attribute.value)
                .map_err(|err| err.to_string())?
                .into_owned();
            element
                .attributes
                .push((attribute.key.as_ref().to_owned(), value));
        }
        Ok(element)
    }

    pub(super) fn print(&self) -> String {
        let mut out = String::new();
        self.print_to(&mut out);
        out
    }

    fn print_to(&self, out: &mut String) {
        *out += &format!("<{}", self.name);
        for (name, value) in &self.attributes {
            *out += &format!(" {name}=\"{}\"", escape(value));
        }
        *out += ">";
        for child in &self.children {
            match child {
                Node::Element(element) => element.print_to(out),
                Node::Text(text) => *out += text,
            }
        }
        *out += &format!("</{}>", self.name);
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(own, _)| own == name)?;
        Some(&found.1)
    }

    /// Whether the attribute is there and has this value.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.attribute(name) == Some(value)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.unset(&[name]);
        self.attributes.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn unset(&mut self, names: &[&str]) {
        self.attributes
            .retain(|(own, _)| !names.contains(&own.as_str()));
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(Node::as_element)
    }

    pub(super) fn children_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The children with this name.
    pub(super) fn all(&mut self, name: &str) -> impl Iterator<Item = &mut Element> {
        self.children_mut().filter(move |child| child.name == name)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children().find(|child| child.name == name)
    }

    /// The first child with this name; made if there is none.
    pub(super) fn child_or_new(&mut self, name: &str) -> &mut Element {
        if self.child(name).is_none() {
            self.push(Element::new(name));
        }
        self.all(name).next().expect("it was pushed")
    }

    pub(super) fn push(&mut self, child: Element) {
        self.children.push(Node::Element(child));
    }

    /// Keeps the children for which `keep` is true.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Element) -> bool) {
        self.children
            .retain(|node| node.as_element().is_none_or(&mut keep));
    }

    pub(super) fn remove(&mut self, names: &[&str]) {
        self.retain(|child| !names.contains(&child.name.as_str()));
    }

    /// The text of the element itself.
    pub(super) fn text(&self) -> String {
        let texts = self.children.iter().map(|node| match node {
            Node::Element(_) => "",
            Node::Text(text) => text,
        });
        texts.collect::<String>().trim().to_owned()
    }

    /// Replaces everything in the element.
    pub(super) fn set_text(&mut self, text: &str) {
        self.children = vec![Node::Text(escape(text).into_owned())];
    }
}

impl Node {
    fn as_element(&self) -> Option<&Element> {
        match self {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        }
    }

    fn into_element(self) -> Option<Element> {
        match self {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_replaced_stays() {
        let xml = "<?xml version='1.0'?><!-- c --><a x='1 &amp; \"2\"'><b/>t &lt;&#65; <![CDATA[<c>]]></a>\n";
        let tree = Element::parse(xml).unwrap();
        assert_eq!(
            tree.print(),
            "<a x=\"1 &amp; &quot;2&quot;\"><b></b>t &lt;&#65; &lt;c&gt;</a>"
        );
        assert_eq!(tree.attribute("x"), Some("1 & \"2\""));
    }

    #[test]
    fn what_is_no_tree_is_told() {
        for xml in ["", "text", "<a>", "<a></b>", "<a x='&nosuch;'/>"] {
            assert!(Element::parse(xml).is_err(), "{xml}");
        }
    }
}
