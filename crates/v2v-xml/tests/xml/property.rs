//! What holds for all documents, not only for those somebody thought of.

use proptest::prelude::*;
use quick_xml::escape::{EscapeError, unescape};
use quick_xml::events::Event;
use v2v_xml::{Document, NewElement, NodeId, NodeKind, ParseOptions};

use crate::parse;

/// Start tags with attributes, end tags and text, as one line each. `<a/>` is a start and an end.
pub(crate) fn events(document: &Document) -> Vec<String> {
    let mut events = Vec::new();
    let mut todo = vec![(document.root(), true)];
    while let Some((id, enter)) = todo.pop() {
        match document.kind(id) {
            Some(NodeKind::Element) if enter => {
                let attributes: String = document
                    .attributes(id)
                    .map(|(name, value)| format!(" {name}={value:?}"))
                    .collect();
                events.push(format!("<{}{attributes}", document.name(id)));
                todo.push((id, false));
                let children: Vec<NodeId> = document.children(id).collect();
                todo.extend(children.into_iter().rev().map(|id| (id, true)));
            }
            Some(NodeKind::Element) => events.push(format!("</{}", document.name(id))),
            Some(NodeKind::Text | NodeKind::CData) => text_event(&mut events, &document.text(id)),
            _ => {}
        }
    }
    events
}

fn text_event(events: &mut Vec<String>, text: &str) {
    match events.last_mut().filter(|last| last.starts_with('"')) {
        Some(last) => last.push_str(text),
        None => events.push(format!("\"{text}")),
    }
}

/// The same from quick-xml, which shares no code with this crate. It does not make line ends `\n` itself.
pub(crate) fn quick_xml_events(text: &str) -> Vec<String> {
    let normal = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = quick_xml::Reader::from_str(&normal);
    reader.config_mut().expand_empty_elements = true;
    let (mut events, mut depth) = (Vec::new(), 0);
    let value = |raw: &str| -> Result<String, EscapeError> {
        Ok(unescape(&raw.replace(['\n', '\t'], " "))?.into_owned())
    };
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                depth += 1;
                let attributes = tag.attributes().map(|attribute| {
                    let attribute = attribute.expect("an attribute");

                    let name = attribute.key.as_ref();
                    format!(" {name}={:?}", value(&attribute.value).unwrap())
                });
                let attributes: String = attributes.collect();
                let name = tag.name();
                events.push(format!("<{}{attributes}", name.as_ref()));
            }
            Event::End(tag) => {
                depth -= 1;
                let name = tag.name();
                events.push(format!("</{}", name.as_ref()));
            }
            Event::Text(text) if depth > 0 => {
                text_event(&mut events, &text);
            }
            Event::GeneralRef(reference) => {
                let name = &*reference;
                text_event(&mut events, &unescape(&format!("&{name};")).unwrap());
            }
            Event::CData(text) => text_event(&mut events, &text),
            Event::Eof => return events,
            _ => {}
        }
    }
}

fn layout() -> impl Strategy<Value = String> {
    let blank = prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just(" "),
        Just("\t"),
        Just("\n  "),
        Just("\r\n\t"),
        Just("\r\t"),
        Just("")
    ];
    prop::collection::vec(blank, 0..3).prop_map(|parts| parts.concat())
}

fn attribute() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("'1'"),
        Just("\"a'b\""),
        Just("'&lt;&#65;\"'"),
        Just("''"),
        Just("\" \t\n \"")
    ];
    let equals = prop_oneof![Just("="), Just(" ="), Just("= "), Just("\n=\t")];
    (layout(), equals, value)
        .prop_map(|(blanks, equals, value)| format!(" {blanks}NAME{equals}{value}"))
}

/// A well-formed document with all that a writer may write.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        layout(),
        Just("text".to_owned()),
        Just("a &amp; b&#13;".to_owned()),
        Just("<!-- c -->".to_owned()),
        Just("<!--\n c - -->".to_owned()),
        Just("<?p i ?>".to_owned()),
        Just("<![CDATA[ <&> ]]>".to_owned()),
        Just("<e/>".to_owned()),
    ];
    let element = leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![Just("disk"), Just("a:b"), Just("é")];
        let attributes = prop::collection::vec(attribute(), 0..4);
        let children = prop::collection::vec((layout(), inner), 0..6);
        (name, attributes, layout(), children, layout()).prop_map(
            |(name, attributes, tail, children, end)| {
                let attributes = attributes.iter().enumerate();
                let attributes: String = attributes
                    .map(|(index, text)| text.replace("NAME", ["a", "b:c", "type", "x-1"][index]))
                    .collect();
                let children: String = children
                    .into_iter()
                    .map(|(blanks, child)| blanks + &child)
                    .collect();
                match children.len() {
                    0 => format!("<{name}{attributes}{tail}/>"),
                    _ => format!("<{name}{attributes}{tail}>{children}{end}</{name}{tail}>"),
                }
            },
        )
    });
    let head = prop_oneof![
        Just(""),
        Just("\u{feff}"),
        Just("<?xml version='1.0' encoding=\"UTF-8\" ?>\n"),
        Just("\n<!-- head -->")
    ];
    (
        head,
        prop::collection::vec((layout(), element), 0..6),
        layout(),
        layout(),
    )
        .prop_map(|(head, children, end, tail)| {
            let children: String = children
                .into_iter()
                .map(|(blanks, child)| blanks + &child)
                .collect();
            format!("{head}<domain>{children}{end}</domain>{tail}")
        })
}

#[derive(Clone, Debug)]
enum Change {
    Set(&'static str, String),
    RemoveAttribute(&'static str),
    Rename(&'static str),
    Text(String),
    Remove,
    Before,
    After,
    Append,
    Replace,
}

fn change() -> impl Strategy<Value = Change> {
    let text = "[ a-c<>&'\"\t\r\n\u{e9}]{0,6}";
    let name = || prop_oneof![Just("type"), Just("a"), Just("new")];
    prop_oneof![
        (name(), text).prop_map(|(name, value)| Change::Set(name, value)),
        name().prop_map(Change::RemoveAttribute),
        Just(Change::Rename("other")),
        text.prop_map(Change::Text),
        Just(Change::Remove),
        Just(Change::Before),
        Just(Change::After),
        Just(Change::Append),
        Just(Change::Replace),
    ]
}

fn new() -> NewElement {
    NewElement::new("n")
        .attribute("q", "'\"")
        .child(NewElement::new("m").text("\r<"))
}

/// Does the change; returns the node whose bytes are new, if it is in the document then. What the change means is
/// checked here.
fn apply(document: &mut Document, id: NodeId, change: &Change) -> Option<NodeId> {
    match change {
        Change::Set(name, value) => {
            document.set_attribute(id, name, value).unwrap();
            assert_eq!(document.attribute(id, name).unwrap(), *value);
            assert!(!document.set_attribute(id, name, value).unwrap());
        }
        Change::RemoveAttribute(name) => {
            let was = document.attribute(id, name).is_some();
            assert_eq!(document.remove_attribute(id, name).unwrap(), was);
            assert_eq!(document.attribute(id, name), None);
        }
        Change::Rename(name) => {
            document.rename(id, name).unwrap();
            assert_eq!(document.name(id), *name);
        }
        Change::Text(text) => match document.set_text(id, text) {
            Ok(_) => {
                assert_eq!(document.text(id), *text);
                assert!(!document.set_text(id, text).unwrap());
            }
            Err(_) => assert!(document.elements(id).next().is_some()),
        },
        Change::Remove if id == document.root() => assert!(document.remove(id).is_err()),
        Change::Remove => {
            document.remove(id).unwrap();
            assert!(!document.contains(id));
            return None;
        }
        Change::Before | Change::After if id == document.root() => {
            assert!(document.insert_before(id, new()).is_err());
            assert!(document.insert_after(id, new()).is_err());
        }
        Change::Before => return Some(document.insert_before(id, new()).unwrap()),
        Change::After => return Some(document.insert_after(id, new()).unwrap()),
        Change::Append => {
            let new = document.append(id, new()).unwrap();
            assert_eq!(document.elements(id).last(), Some(new));
        }
        Change::Replace => return Some(document.replace(id, new()).unwrap()),
    }
    Some(id)
}

/// Both texts without their blanks: what a removed or inserted line may touch beside itself.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

fn elements(document: &Document) -> Vec<NodeId> {
    let all = document
        .descendants(document.root())
        .filter(|&id| document.kind(id) == Some(NodeKind::Element));
    std::iter::once(document.root()).chain(all).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        if let Ok(document) = Document::parse(&text, &ParseOptions::default()) {
            prop_assert_eq!(document.to_string(), text);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = Document::parse(bytes, &ParseOptions::default());
    }

    #[test]
    fn pieces_of_markup_are_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
        "<", ">", "/", "a", "</a>", "<a>", "<a", " ", "\n", "\r", "=", "'", "\"", "b='c'", "&", ";", "amp", "&#x41;", "<!--", "-->", "-",
        "<![CDATA[", "]]>", "<?xml version='1.0'?>", "<?", "?>", "<!DOCTYPE", "\u{feff}", "é", "\0", "xml", "encoding='",
    ]), 0..14)) {
        let text = parts.concat();
        if let Ok(document) = Document::parse(&text, &ParseOptions::default()) {
            prop_assert_eq!(document.to_string(), &*text);
            prop_assert_eq!(events(&document), quick_xml_events(text.trim_start_matches('\u{feff}')));
        }
    }

    #[test]
    fn documents_mean_the_same_to_others(text in document()) {
        let document = parse(&text);
        prop_assert_eq!(events(&document), quick_xml_events(text.trim_start_matches('\u{feff}')));
    }

    /// Cutting a document anywhere never gives a document, or the cut was in what follows the root element.
    #[test]
    fn a_cut_document_is_refused(text in document(), at in any::<prop::sample::Index>()) {
        let end = text.rfind("</domain>").map_or(0, |at| at + 9);
        let cut = (0..end).rev().find(|&cut| cut <= at.index(end) && text.is_char_boundary(cut)).unwrap_or(0);
        prop_assert!(Document::parse(&text[..cut], &ParseOptions::default()).is_err());
    }

    /// All bytes before and behind the changed node stay; around a line that comes or goes, all that is not blank.
    #[test]
    fn a_change_touches_its_own_bytes(text in document(), at in any::<prop::sample::Index>(), change in change()) {
        let mut document = parse(&text);
        let all = elements(&document);
        let id = all[at.index(all.len())];
        let old = document.print();
        let old_bytes = old.bytes(id).unwrap();
        let new = apply(&mut document, id, &change);
        let printed = document.print();
        prop_assert_eq!(printed.text(), document.to_string());
        let again = parse(printed.text());
        prop_assert_eq!(events(&again), events(&document));

        let (head, tail) = (&old.text()[..old_bytes.start], &old.text()[old_bytes.end..]);
        match new.map(|id| printed.bytes(id).unwrap()) {
            Some(bytes) if new != Some(id) && !matches!(change, Change::Replace) => {
                let rest = format!("{}{}", &printed.text()[..bytes.start], &printed.text()[bytes.end..]);
                prop_assert_eq!(dense(&rest), dense(&text));
                prop_assert!(printed.text().starts_with(head));
                // Comments may stand between a node and what comes after it.
                prop_assert!(matches!(change, Change::After) || printed.text().ends_with(tail));
            }
            Some(bytes) => {
                prop_assert_eq!(&printed.text()[..bytes.start], head);
                prop_assert_eq!(&printed.text()[bytes.end..], tail);
            }
            None => {
                prop_assert_eq!(dense(printed.text()), dense(&format!("{head}{tail}")));
                prop_assert!(printed.text().lines().count() <= text.lines().count());
                // Only blanks beside the node may go.
                prop_assert!(printed.text().starts_with(head.trim_end()));
                prop_assert!(printed.text().ends_with(tail.trim_start()));
            }
        }
    }

    /// Many changes one after another: the nodes stay what the text is.
    #[test]
    fn changes_can_follow_changes(text in document(), changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..12)) {
        let mut document = parse(&text);
        for (at, change) in changes {
            let all = elements(&document);
            apply(&mut document, all[at.index(all.len())], &change);
        }
        let again = parse(document.to_bytes());
        prop_assert_eq!(events(&again), events(&document));
        let paths = document.paths();
        for id in elements(&document) {
            let path = document.path(id);
            prop_assert_eq!(document.find(id, &path), Some(id));
            prop_assert_eq!(paths.path(&document, id), path);
        }
    }

    /// Inserting an element and removing it again gives the text that was there.
    #[test]
    fn removing_undoes_inserting(text in document(), at in any::<prop::sample::Index>(), before in any::<bool>()) {
        let mut document = parse(&text);
        let inside = elements(&document).split_off(1);
        if !inside.is_empty() {
            let id = inside[at.index(inside.len())];
            let new = match before {
                true => document.insert_before(id, new()).unwrap(),
                false => document.insert_after(id, new()).unwrap(),
            };
            document.remove(new).unwrap();
        }
        prop_assert_eq!(document.to_string(), text);
    }
}
