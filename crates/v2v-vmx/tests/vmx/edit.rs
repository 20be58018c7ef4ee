//! Changes to a text.

use v2v_vmx::{Document, EditError, ParseOptions};

use crate::{parse, problems, value};

const TEXT: &str = "#!/usr/bin/vmware\r\n.encoding = \"UTF-8\"\r\n\r\n memSize=\"512\"  # small\r\nx = 1 # one\r\n\
    y = \"cut\r\nz = \"a\" b\r\nmemsize = \"1024\"";

/// `TEXT` with one line replaced, after the same change was made to the document.
#[track_caller]
fn check(key: &str, new: &str, from: &str, to: &str) {
    let mut document = parse(TEXT);
    document.set(key, new).unwrap();
    let expected = TEXT.replace(from, to);
    let bytes = document.to_bytes();
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
    assert_eq!(value(&document, key), new);
    assert_eq!(value(&parse(&bytes), key), new);
}

#[test]
fn a_value_is_all_that_changes() {
    check("X", "2", "x = 1 # one", "x = \"2\" # one");
    check("y", "whole", "\"cut", "\"whole\"");
    check("z", "c|d\n", "\"a\" b", "\"c|7Cd|0A\"");
}

#[test]
fn duplicates_go() {
    let mut document = parse(TEXT);
    assert_eq!(problems(&document).len(), 5);
    let id = document.set("MEMSIZE", "2048").unwrap();
    assert_eq!(id.index(), 1);
    let expected = TEXT
        .replace("\"512\"", "\"2048\"")
        .replace("memsize = \"1024\"", "");
    assert_eq!(document.to_bytes(), expected.as_bytes());
    assert_eq!(document.entries().len(), 5);
}

#[test]
fn new_lines_stand_at_the_end() {
    let mut document = parse(TEXT);
    let id = document.push("displayName", "ä").unwrap();
    assert_eq!(
        document.to_bytes(),
        format!("{TEXT}\r\ndisplayName = \"ä\"\r\n").as_bytes()
    );
    assert_eq!(document.entry(id).unwrap().line(), 9);
    // The last line has moved to get its end; it can still be changed.
    document.remove("displayname").unwrap();
    document.set("memsize", "1").unwrap();
    document.set("z", "").unwrap();
    let expected = TEXT
        .replace("\"512\"", "\"1\"")
        .replace("memsize = \"1024\"", "")
        .replace("\"a\" b", "\"\"");
    assert_eq!(document.to_bytes(), expected.as_bytes());
    assert_eq!(document.entry(id), None);

    // These bytes are a mark at the beginning of a file only.
    let mut document = parse(b".encoding = \"windows-1252\"\n\xef\xbb\xbf");
    document.push("b", "2").unwrap();
    let expected = b".encoding = \"windows-1252\"\n\xef\xbb\xbf\nb = \"2\"\n";
    assert_eq!(document.to_bytes(), expected);
    let mut document = parse("\u{feff}a = \"1\"");
    document.remove("a").unwrap();
    document.push("b", "2").unwrap();
    assert_eq!(document.to_bytes(), "\u{feff}b = \"2\"\n".as_bytes());

    let mut document = parse("a = \"1\"");
    document.push("b", "2").unwrap();
    document.set("a", "3").unwrap();
    assert_eq!(document.to_bytes(), b"a = \"3\"\nb = \"2\"\n");
}

#[test]
fn ids_stay_when_others_go() {
    let mut document = parse("a = \"1\"\nb = \"2\"\nc = \"3\"\nB = \"4\"\nd = \"5\"\n");
    let ids: Vec<_> = document.entries().iter().map(|entry| entry.id()).collect();
    assert_eq!(document.remove("b").unwrap(), 2);
    assert_eq!(document.remove("b").unwrap(), 0);
    let d = document.entry(ids[4]).unwrap();
    assert_eq!((d.key(), d.line()), ("d", 5));
    assert_eq!(document.entry(ids[1]), None);
    assert_eq!(document.get("b"), None);
    assert_eq!(document.to_bytes(), b"a = \"1\"\nc = \"3\"\nd = \"5\"\n");
    assert_eq!(problems(&document), [""; 0]);
}

#[test]
fn a_new_document() {
    let mut document = Document::new();
    document.push("config.version", "8").unwrap();
    document.set("displayName", "位 \"x\"").unwrap();
    document.set("displayname", "λ").unwrap();
    assert_eq!(
        document.to_bytes(),
        ".encoding = \"UTF-8\"\nconfig.version = \"8\"\ndisplayName = \"λ\"\n".as_bytes()
    );
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, key: &str, new: &str, expected: &str) {
    let mut document = parse(text.as_ref());
    let error = document.set(key, new).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(document.to_bytes(), text.as_ref());
}

#[test]
fn what_could_not_be_read_back() {
    for key in ["", "a b", "a=b", "#a", "a\"", "a\n", "ä"] {
        let mut document = parse("x = \"1\"");
        assert!(
            matches!(document.set(key, "1"), Err(EditError::Key { .. })),
            "{key:?}"
        );
    }
    refused(
        ".encoding = \"GBK\"\n",
        "x",
        "naïve 😀",
        "value of \"x\": \"naïve 😀\" can't be written in GBK",
    );
    // Shift_JIS has no yen sign of its own.
    refused(
        ".encoding = \"Shift_JIS\"\n",
        "x",
        "¥",
        "value of \"x\": \"¥\" can't be written in Shift_JIS",
    );
    refused(
        ".encoding = \"GBK\"\n",
        ".Encoding",
        "UTF-8",
        ".encoding is GBK and stays so; build a new document for another encoding",
    );
    let mut document = parse("x = \"1\"\n");
    assert_eq!(
        document.push("X", "2").unwrap_err().to_string(),
        "key \"X\" is in line 1 already; use set"
    );
}

#[test]
fn multibyte_text_is_written_in_the_declared_encoding() {
    let mut document = parse(".encoding = \"Shift_JIS\"\r\n");
    document.set("displayName", "ソポ|表").unwrap();
    assert_eq!(
        document.to_bytes(),
        b".encoding = \"Shift_JIS\"\r\ndisplayName = \"\x83\x5c\x83\x7c|7C\x95\x5c\"\r\n"
    );
    assert_eq!(value(&parse(document.to_bytes()), "displayName"), "ソポ|表");
}

#[test]
fn an_undeclared_encoding_is_declared_first() {
    let text = b"x = \"B\xfcro\"\n";
    refused(
        text,
        "y",
        "1",
        "the text is read as windows-1252 without saying so; call declare_encoding before changing it",
    );
    let mut document = parse(text);
    document.declare_encoding().unwrap();
    document.set("y", "€").unwrap();
    assert_eq!(
        document.to_bytes(),
        b"x = \"B\xfcro\"\n.encoding = \"windows-1252\"\ny = \"\x80\"\n"
    );
    assert_eq!(problems(&document), [""; 0]);

    // Declared as GBK, but UTF-8.
    let mut document = parse(".encoding = \"GBK\"\nx = \"位\"\n");
    document.declare_encoding().unwrap();
    assert_eq!(
        document.to_bytes(),
        ".encoding = \"UTF-8\"\nx = \"位\"\n".as_bytes()
    );
}

#[test]
fn undecodable_values() {
    let text = b".encoding = \"GBK\"\nx = \"\xff\"\n";
    refused(
        text,
        "y",
        "1",
        "the text is not GBK as it says; give its encoding when parsing it",
    );
    // With the encoding given there is nothing to guess.
    let options = ParseOptions {
        encoding: Some("windows-1252".to_owned()),
        ..ParseOptions::default()
    };
    let mut document = Document::parse(text, &options).unwrap();
    document.set("y", "1").unwrap();
    // Invalid UTF-8 in a text that is UTF-8 anyway harms nothing.
    let mut document = parse(b"x = \"\xff\"\n.encoding = \"UTF-8\"\n");
    document.set("y", "1").unwrap();
    assert_eq!(
        document.to_bytes(),
        b"x = \"\xff\"\n.encoding = \"UTF-8\"\ny = \"1\"\n"
    );
}
