//! Files of real products come back byte for byte, and an XML library of others sees the same in them.

use std::fs;
use std::path::PathBuf;

use v2v_testkit::corpus;
use v2v_xml::NodeKind;

use crate::parse;
use crate::property::quick_xml_events;

fn files() -> Vec<PathBuf> {
    let mut dirs = vec![corpus::corpus_dir()];
    let mut files = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if ["xml", "ovf"]
                .iter()
                .any(|&end| path.extension().is_some_and(|it| it == end))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn real_files_come_back() {
    if !corpus::wanted() {
        return;
    }
    let files = files();
    assert!(files.len() > 100, "only {} files", files.len());
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let document = parse(&bytes);
        assert_eq!(
            crate::property::events(&document),
            quick_xml_events(std::str::from_utf8(&bytes).unwrap()),
            "{}",
            path.display()
        );
    }
}

/// Taking every element out of its place and putting a copy there changes layout at most.
#[test]
fn real_files_can_be_copied() {
    if !corpus::wanted() {
        return;
    }
    for path in files() {
        let document = parse(fs::read(&path).unwrap());
        let mut changed = document.clone();
        let root = changed.copy(document.root()).unwrap();
        changed.replace(document.root(), root).unwrap();
        let elements = |document: &v2v_xml::Document| -> Vec<_> {
            let elements = document.descendants(document.root());
            let elements = elements.filter(|&id| document.kind(id) == Some(NodeKind::Element));
            elements
                .map(|id| {
                    let attributes: Vec<String> = document
                        .attributes(id)
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect();
                    (
                        document.path(id),
                        attributes,
                        document.text_trimmed(id).into_owned(),
                    )
                })
                .collect()
        };
        assert_eq!(
            elements(&parse(changed.to_bytes())),
            elements(&document),
            "{}",
            path.display()
        );
    }
}
