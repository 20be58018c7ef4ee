//! Lines, values, escapes and encodings.

use v2v_vmx::{Document, EncodingSource, ParseOptions};

use crate::{parse, problems, value};

/// The value of `key`, and all problems without their line.
#[track_caller]
fn check(text: impl AsRef<[u8]>, key: &str, expected: &str, odd: &[&str]) {
    let text = text.as_ref();
    let document = parse(text);
    let shown = String::from_utf8_lossy(text);
    assert_eq!(value(&document, key), expected, "{shown:?}");
    assert_eq!(problems(&document), odd, "{shown:?}");
}

#[test]
fn quoted_values() {
    check("memsize = \"512\"\n", "memsize", "512", &[]);
    check("memsize=\"512\"", "memsize", "512", &[]);
    check("  memsize\t=\t\"512\" \t\r\n", "memsize", "512", &[]);
    check("annotation = \" a \"", "annotation", " a ", &[]);
    check("x = \"\"", "x", "", &[]);
    check("x = \"a # b = c\"", "x", "a # b = c", &[]);
    check(
        "ethernet0.displayName = \"VMnet8 (NAT\"",
        "ethernet0.displayname",
        "VMnet8 (NAT",
        &[],
    );
}

#[test]
fn unquoted_values() {
    let odd = ["line 1: the value has no quotes"];
    check("scsi0:0.virtualSSD = 1\n", "scsi0:0.virtualssd", "1", &odd);
    check(
        "sata0.present = TRUE # c\r\n",
        "sata0.present",
        "TRUE",
        &odd,
    );
    check("x = a b#c \n", "x", "a b#c", &odd);
    check("x =\n", "x", "", &odd);
    check("x = # c\n", "x", "", &odd);
}

#[test]
fn what_follows_a_value() {
    check(
        "x = \"a\" # b\n",
        "x",
        "a",
        &["line 1: a comment stands behind the value"],
    );
    check(
        "x = \"a\" \"b\" \n",
        "x",
        "a",
        &["line 1: found `\"b\"` behind the closing quote, expected the end of the line"],
    );
    check(
        "x = \"a # b  \r\n",
        "x",
        "a # b",
        &["line 1: the value has no closing quote and may be cut off"],
    );
}

#[test]
fn escapes() {
    check("x = \"a|0A|22b|22|7C|23\"", "x", "a\n\"b\"|#", &[]);
    check(
        "x = \"a|b|0A|\"",
        "x",
        "a|b\n|",
        &["line 1: found `|b|0A|`, expected two hexadecimal digits behind the pipe"],
    );
    check(
        "x = \"|C3\"",
        "x",
        "\u{fffd}",
        &["line 1: the value is not UTF-8"],
    );
}

#[test]
fn other_lines() {
    let text = "\u{feff}#!/usr/bin/vmware\r\n\r\n  # note\r\nmemsize 512\r\n\tguestOS = \"suse\"";
    let document = parse(text);
    assert_eq!(document.entries().len(), 1);
    let entry = document.get("GUESTos").unwrap();
    assert_eq!(
        (entry.line(), entry.key(), entry.key_lower()),
        (5, "guestOS", "guestos")
    );
    assert_eq!(
        problems(&document),
        ["line 4: found `memsize 512`, expected `key = \"value\"` or a comment"]
    );
}

#[test]
fn control_characters_are_shown_escaped() {
    let document = parse("a = \"1\"\n\x1b[31m\u{202e}red\n");
    assert_eq!(
        problems(&document),
        [r"line 2: found `\u{1b}[31m\u{202e}red`, expected `key = `"]
            .map(|start| start.replace("`key = `", "`key = \"value\"` or a comment"))
    );
}

#[test]
fn duplicates() {
    let document = parse("memsize = \"1\"\nmemSize = \"2\"\nMEMSIZE = \"1\"\nx = \"3\"\n");
    assert_eq!(value(&document, "memSize"), "1");
    assert_eq!(document.entries().len(), 4);
    assert_eq!(
        problems(&document),
        [
            "line 2: the key is in line 1 already, with another value; the first counts",
            "line 3: the key is in line 1 already, with same value; the first counts",
        ]
    );
}

#[test]
fn a_key_of_a_mebibyte_is_no_key() {
    let text = format!("a = \"1\"\n{} = \"x\"\nb = \"2\"\n", "k".repeat(1 << 20));
    let document = parse(&text);
    assert_eq!(document.entries().len(), 2);
    let [problem] = document.problems() else {
        panic!("{:?}", document.problems());
    };
    assert_eq!(
        problem.to_string(),
        format!(
            "line 2: found a key of 1048576 bytes (`{}...`), expected at most 4096",
            "k".repeat(60)
        )
    );
}

#[test]
fn a_value_of_a_mebibyte_is_a_value() {
    let long = "v".repeat(1 << 20);
    check(format!("x = \"{long}\""), "x", &long, &[]);
}

/// Builds a text that declares `encoding` in its last line.
fn declared(value: &[u8], encoding: &str) -> Vec<u8> {
    let mut text = b"displayName = \"".to_vec();
    text.extend_from_slice(value);
    text.extend_from_slice(format!("\"\n.encoding = \"{encoding}\"\n").as_bytes());
    text
}

#[test]
fn declared_encodings() {
    for (name, whatwg, bytes, meant) in [
        ("UTF-8", "UTF-8", &b"\xce\xbb"[..], "λ"),
        // The same bytes are another character in GBK, and they are valid UTF-8 as well.
        ("GBK", "GBK", b"64 \xce\xbb", "64 位"),
        ("GB18030", "gb18030", b"\xce\xbb", "位"),
        ("windows-1252", "windows-1252", b"B\xfcro \x80", "Büro €"),
        ("ISO-8859-2", "ISO-8859-2", b"\xb3", "ł"),
        // Second bytes 5C and 7C: no backslash, no escape.
        (
            "Shift_JIS",
            "Shift_JIS",
            b"\x83\x5c\x83\x7c0A\x95\x5c",
            "ソポ0A表",
        ),
        ("GBK", "GBK", b"\x8b\x7c41\x81\x5c", "媩41乗"),
        ("Big5", "Big5", b"\xa5\x5c\xa6\x7c", "功帆"),
        ("windows-949-2000", "EUC-KR", b"\xc7\xd1\xb1\xdb", "한글"),
        ("CP949", "EUC-KR", b"\x8c\x63\xb9\xe6", "똠방"),
        ("EUC-JP", "EUC-JP", b"\xb2\xbe\xc1\xdb", "仮想"),
        ("EUC-KR", "EUC-KR", b"\xb0\xa1", "가"),
    ] {
        let document = parse(declared(bytes, name));
        assert_eq!(value(&document, "displayName"), meant, "{name}");
        assert_eq!(
            document.get("displayname").unwrap().raw_value(),
            bytes,
            "{name}"
        );
        assert_eq!(document.encoding(), whatwg);
        assert_eq!(document.encoding_source(), EncodingSource::Declared);
        assert_eq!(problems(&document), [""; 0], "{name}");
    }
}

#[test]
fn file_names_have_their_bytes() {
    let document = parse(declared(b"D:\\\x8b\x7c\\\xce\xbb|23.vmdk", "GBK"));
    let name = document.file_name(document.get("displayName").unwrap());
    assert_eq!(name.text(), "D:\\媩\\位#.vmdk");
    assert_eq!(name.raw(), b"D:\\\x8b\x7c\\\xce\xbb#.vmdk");
    assert_eq!(name.base_name(), "位#.vmdk");
    assert_eq!(
        name.raw_base_name().as_deref(),
        Some(&b"\xce\xbb#.vmdk"[..])
    );
}

#[test]
fn no_encoding() {
    let document = parse("x = \"λ\"\n");
    assert_eq!(document.encoding_source(), EncodingSource::Utf8);
    assert_eq!(problems(&document), [""; 0]);

    let document = parse(b"\xef\xbb\xbfa = \"1\"\nx = \"B\xfcro\"\n");
    assert_eq!(value(&document, "x"), "Büro");
    assert_eq!(document.encoding_source(), EncodingSource::Guessed);
    assert_eq!(
        problems(&document),
        ["line 2: no encoding is declared and the text is not UTF-8; it was read as windows-1252"]
    );
}

#[test]
fn unknown_encoding() {
    let document = parse(declared("λ".as_bytes(), "x-nobody"));
    assert_eq!(value(&document, "displayName"), "λ");
    assert_eq!(
        problems(&document),
        ["line 2: encoding `x-nobody` is not known; the text was read as UTF-8"]
    );
    let document = parse(declared(b"\xfc", "UTF-16"));
    assert_eq!(value(&document, "displayName"), "ü");
    assert_eq!(
        problems(&document),
        ["line 2: encoding `UTF-16` is not known; the text was read as windows-1252"]
    );
}

#[test]
fn text_that_is_not_in_its_encoding() {
    let document = parse(declared(b"a\xffb", "UTF-8"));
    assert_eq!(value(&document, "displayName"), "a\u{fffd}b");
    assert_eq!(document.get("displayName").unwrap().raw_value(), b"a\xffb");
    assert_eq!(problems(&document), ["line 1: the value is not UTF-8"]);

    // Made UTF-8 by some editor: three bytes for one sign are no GBK.
    let document = parse(declared("位".as_bytes(), "GBK"));
    assert_eq!(value(&document, "displayName"), "位");
    assert_eq!(document.encoding_source(), EncodingSource::Contradicted);
    assert_eq!(
        problems(&document),
        ["line 1: the text is not GBK as declared, but UTF-8, and was read so"]
    );

    let document = parse(declared(b"\xe4\xbd\x8d \xff", "GBK"));
    assert_eq!(document.encoding_source(), EncodingSource::Declared);
    assert_eq!(problems(&document), ["line 1: the value is not GBK"]);
}

#[test]
fn byte_order_mark_and_another_encoding() {
    let mut text = b"\xef\xbb\xbf".to_vec();
    text.extend(declared(b"\xce\xbb", "GBK"));
    let document = parse(text);
    assert_eq!(value(&document, "displayName"), "位");
    assert_eq!(
        problems(&document),
        ["line 2: the file begins with a UTF-8 byte order mark, but declares GBK, which counted"]
    );
}

#[test]
fn encoding_of_the_caller() {
    let options = ParseOptions {
        encoding: Some("cp949".to_owned()),
        ..ParseOptions::default()
    };
    let document = Document::parse(&declared(b"\xb0\xa1", "UTF-8"), &options).unwrap();
    assert_eq!(value(&document, "displayName"), "가");
    assert_eq!(document.encoding_source(), EncodingSource::Option);

    let options = ParseOptions {
        encoding: Some("klingon".to_owned()),
        ..ParseOptions::default()
    };
    let error = Document::parse(b"a = \"1\"", &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "encoding \"klingon\" is not known, expected a name such as UTF-8, windows-1252, GBK or Shift_JIS"
    );
}
