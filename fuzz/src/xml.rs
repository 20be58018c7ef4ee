//! XML that is changed in place.

use v2v_xml::{Document, NewElement, NodeId, NodeKind, ParseOptions, diff};

/// The changes that come first, two bytes for each.
const CHANGES: usize = 8;

/// What parses is the same bytes again; after changes, which the first bytes choose, it is read back as the tree that
/// was printed.
pub fn edit(data: &[u8]) {
    let (changes, text) = data.split_at_checked(CHANGES * 2).unwrap_or_default();
    let options = ParseOptions::default();
    let Ok(mut document) = Document::parse(text, &options) else {
        return;
    };
    assert!(document.to_bytes() == text, "other bytes come back");
    for pair in changes.chunks_exact(2) {
        let elements = elements(&document);
        let id = elements[usize::from(pair[0]) % elements.len()];
        // Refused changes leave the document as it was, so its text is checked like that of others.
        let _ = change(&mut document, id, pair[1]);
    }
    let printed = document.print();
    // What was inserted can be deeper than what may be read.
    let options = ParseOptions {
        max_depth: options.max_depth + 2 * CHANGES,
        max_nodes: options.max_nodes + 100 * CHANGES,
        max_bytes: options.max_bytes + (1 << 20),
        ..options
    };
    let again = Document::parse(printed.text(), &options).expect("a changed document");
    assert_eq!(contents(&again), contents(&document));
    let paths = document.paths();
    for id in elements(&document).into_iter().take(50) {
        let path = document.path(id);
        assert_eq!(document.find(id, &path), Some(id));
        assert_eq!(paths.path(&document, id), path);
        let bytes = printed.bytes(id).expect("a node of the document");
        assert_eq!(document.print_node(id), printed.text()[bytes]);
    }
    let old = String::from_utf8_lossy(text);
    let (old, new) = (start(&old), start(printed.text()));
    assert_eq!(diff(old, new, 3).is_empty(), old == new);
}

/// The time of a diff is that of two texts that have nothing in common.
fn start(text: &str) -> &str {
    text.split_at_checked(2000).map_or(text, |(start, _)| start)
}

fn elements(document: &Document) -> Vec<NodeId> {
    let below = document.descendants(document.root());
    let elements = below.filter(|&id| document.kind(id) == Some(NodeKind::Element));
    std::iter::once(document.root()).chain(elements).collect()
}

fn change(document: &mut Document, id: NodeId, kind: u8) -> Result<(), v2v_xml::EditError> {
    let new = NewElement::new("n").child(NewElement::new("m").attribute("q", "'\"\n").text("\r"));
    match kind % 12 {
        0 => {
            document.set_attribute(id, "type", "a<'\"\t")?;
            assert_eq!(document.attribute(id, "type").as_deref(), Some("a<'\"\t"));
        }
        1 => {
            let name = document
                .attributes(id)
                .last()
                .map(|(name, _)| name.to_owned());
            let name = name.unwrap_or_default();
            document.remove_attribute(id, &name)?;
            assert_eq!(document.attribute(id, &name), None);
        }
        2 => drop(document.rename(id, "other")?),
        3 => {
            document.set_text(id, "]]>\n\r ")?;
            assert_eq!(document.text(id), "]]>\n\r ");
        }
        4 => drop(document.set_text(id, "")?),
        5 => {
            document.remove(id)?;
            assert!(!document.contains(id));
        }
        6 => insert_and_remove(document, id, new)?,
        7 => assert!(document.insert_before(id, new).is_ok() || id == document.root()),
        8 => assert!(document.insert_after(id, new).is_ok() || id == document.root()),
        9 => {
            let new = document.append(id, new)?;
            assert_eq!(document.elements(id).last(), Some(new));
        }
        10 => {
            let copy = document.copy(id).expect("an element");
            let new = document.replace(id, copy)?;
            assert!(document.contains(new) && !document.contains(id));
        }
        _ => {
            let last = document.children(id).last();
            last.map_or(Ok(()), |last| document.remove(last))?;
        }
    }
    Ok(())
}

fn insert_and_remove(
    document: &mut Document,
    id: NodeId,
    new: NewElement,
) -> Result<(), v2v_xml::EditError> {
    let before = document.to_string();
    let new = document.insert_before(id, new)?;
    document.remove(new)?;
    assert_eq!(document.to_string(), before);
    Ok(())
}

/// Names, attributes and text, in document order.
fn contents(document: &Document) -> Vec<String> {
    let elements = elements(document).into_iter();
    elements
        .map(|id| {
            let attributes: Vec<_> = document.attributes(id).collect();
            let text = document.text(id);
            format!("{} {attributes:?} {text:?}", document.name(id))
        })
        .collect()
}
