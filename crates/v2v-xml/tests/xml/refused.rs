//! What is no document, and how that is said.

use v2v_xml::{Document, ParseOptions};

#[track_caller]
fn refused(text: impl AsRef<[u8]>, error: &str) {
    let text = text.as_ref();
    match Document::parse(text, &ParseOptions::default()) {
        Err(found) => assert_eq!(found.to_string(), error),
        Ok(_) => panic!("accepted: {:?}", String::from_utf8_lossy(text)),
    }
}

#[test]
fn not_xml() {
    refused("", "file is empty, expected an XML document");
    refused("\u{feff} \r\n", "file is empty, expected an XML document");
    refused(
        "name = 'x'",
        "line 1, column 1: found 'n', expected `<`, the start of an XML document",
    );
    refused(
        "<!-- only -->",
        "line 1, column 14: found the end of the file, expected a root element",
    );
    refused(
        "<a/>\nx",
        "line 2, column 1: found 'x', expected nothing after the root element",
    );
    refused(
        "<a/><b/>",
        "line 1, column 5: found '<', expected nothing after the root element",
    );
    refused(
        "<a/><![CDATA[x]]>",
        "line 1, column 5: found '<', expected CDATA only inside of the root element",
    );
}

#[test]
fn other_encodings() {
    let utf16 = "line 1, column 1: encoding is UTF-16, expected UTF-8; convert the file, for example with iconv";
    refused(b"\xff\xfe<\0a\0", utf16);
    refused(b"\0<\0a", utf16);
    refused(
        b"\xff\xfe\0\0<\0\0\0",
        "line 1, column 1: encoding is UTF-32, expected UTF-8; convert the file, for example with iconv",
    );
    refused(
        b"\x4c\x6f\xa7\x94\x93",
        "line 1, column 1: encoding is EBCDIC, expected UTF-8; convert the file, for example with iconv",
    );
    refused(
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
        "line 1, column 1: encoding is ISO-8859-1, expected UTF-8; convert the file, for example with iconv",
    );
    refused(
        "<?xml version='1.0' encoding=\"GBK\"?><a/>",
        "line 1, column 20: encoding is GBK, expected UTF-8; convert the file, for example with iconv",
    );
    refused(
        b"<a>\n\xc3\xa9\xe9</a>",
        "line 2, column 2: found byte 0xe9, expected UTF-8",
    );
    refused(
        b"<a>\xed\xa0\x80</a>",
        "line 1, column 4: found byte 0xed, expected UTF-8",
    );
}

#[test]
fn declarations() {
    refused(
        "<?xml version='1.1'?><a/>",
        "line 1, column 6: XML version is \"1.1\", expected \"1.0\"",
    );
    refused(
        "<?xml encoding='utf-8'?><a/>",
        "line 1, column 6: found \"encoding\", expected version=\"1.0\"",
    );
    refused(
        "<?xml ?><a/>",
        "line 1, column 7: found '?', expected version=\"1.0\"",
    );
    refused(
        "<?xml version='1.0' version='1.0'?><a/>",
        "line 1, column 20: found \"version\", expected encoding, standalone or `?>`",
    );
    refused(
        "<?xml version='1.0' standalone='on'?><a/>",
        "line 1, column 20: found \"on\", expected yes or no",
    );
    refused(
        "<?xml version='1.0' standalone='no' encoding='utf-8'?><a/>",
        "line 1, column 36: found \"encoding\", expected `?>`",
    );
    refused(
        "\n<?xml version='1.0'?><a/>",
        "line 2, column 1: found `<?xml`, expected it only at the very start of the file",
    );
    refused(
        "<a><?XmL x?></a>",
        "line 1, column 4: found `<?xml`, expected it only at the very start of the file",
    );
    for (text, found) in [
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "<!DOCTYPE"),
        ("<!ENTITY b 'c'><a/>", "<!ENTITY"),
        ("<a><![INCLUDE[x]]></a>", "<!["),
    ] {
        let column = text.find("<!").unwrap() + 1;
        refused(
            text,
            &format!(
                "line 1, column {column}: found {found}; document types and entity declarations are not accepted, remove them"
            ),
        );
    }
}

#[test]
fn billion_laughs_is_refused_at_its_first_line() {
    let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE l [\n <!ENTITY a \"ha\">\n <!ENTITY b \"&a;&a;\">\n]>\n<l>&b;</l>";
    refused(
        text,
        "line 2, column 1: found <!DOCTYPE; document types and entity declarations are not accepted, remove them",
    );
}

#[test]
fn references() {
    let known = "is not known, expected &amp; &lt; &gt; &quot; &apos; or a character reference such as &#233;";
    refused(
        "<a>\n é&xxe;</a>",
        &format!("line 2, column 3: reference \"&xxe;\" {known}"),
    );
    refused(
        "<a b='1 &amp 2'/>",
        &format!("line 1, column 9: reference \"&amp\" {known}"),
    );
    refused(
        "<a>& </a>",
        &format!("line 1, column 4: reference \"&\" {known}"),
    );
    for reference in [
        "&#0;",
        "&#x1f;",
        "&#xD800;",
        "&#x110000;",
        "&#99999999999;",
        "&#;",
        "&#x;",
        "&#X41;",
    ] {
        refused(
            format!("<a>{reference}</a>"),
            &format!("line 1, column 4: reference {reference:?} {known}"),
        );
    }
    refused(
        "<a>&#-1;</a>",
        &format!("line 1, column 4: reference \"&#-1;\" {known}"),
    );
}

#[test]
fn tags() {
    refused(
        "<a>\n<b></a>",
        "line 2, column 4: found </a>, expected </b> for the element of line 2",
    );
    refused(
        "<a>\n<b>\n",
        "line 3, column 1: found the end of the file, expected </b> for the element of line 2",
    );
    refused(
        "</a>",
        "line 1, column 1: found </a>, expected no end tag: no element is open",
    );
    refused(
        "<a/></a>",
        "line 1, column 5: found </a>, expected no end tag: no element is open",
    );
    refused(
        "<a></ a>",
        "line 1, column 6: found ' ', expected the name of an element",
    );
    refused("<a></a b>", "line 1, column 8: found 'b', expected `>`");
    refused(
        "< a/>",
        "line 1, column 2: found ' ', expected the name of an element",
    );
    refused(
        "<1/>",
        "line 1, column 2: found '1', expected the name of an element",
    );
    refused(
        "<a",
        "line 1, column 3: found the end of the file, expected an attribute, `>` or `/>`",
    );
    refused("<a/ >", "line 1, column 4: found ' ', expected `>`");
    refused(
        "<a<b/>",
        "line 1, column 3: found '<', expected a blank, `>` or `/>`",
    );
    refused(
        "<",
        "line 1, column 2: found the end of the file, expected the name of an element",
    );
}

#[test]
fn attributes() {
    refused(
        "<a b='1' c='2' b='3'/>",
        "line 1, column 16: attribute \"b\" is here twice, expected each name once",
    );
    refused(
        "<a b='1'c='2'/>",
        "line 1, column 9: found 'c', expected a blank, `>` or `/>`",
    );
    refused(
        "<a b/>",
        "line 1, column 5: found '/', expected `=` and a quoted value",
    );
    refused(
        "<a b=1/>",
        "line 1, column 6: found '1', expected a quoted value",
    );
    refused(
        "<a b='<'/>",
        "line 1, column 7: found '<', expected the value's end, `'`",
    );
    refused(
        "<a b=\"x",
        "line 1, column 8: found the end of the file, expected the value's end, `\"`",
    );
    refused(
        "<a =''/>",
        "line 1, column 4: found '=', expected an attribute, `>` or `/>`",
    );
}

#[test]
fn text_and_comments() {
    refused(
        "<a>]]></a>",
        "line 1, column 4: found `]]>`, expected `]]&gt;` outside of CDATA",
    );
    refused(
        "<a>\n<!-- b -- c --></a>",
        "line 2, column 8: found `--`, expected no `--` inside of a comment",
    );
    refused(
        "<!-- b ---><a/>",
        "line 1, column 8: found `--->`, expected `-->` at the end of a comment",
    );
    refused(
        "<a>\n<!-- b </a>",
        "line 2, column 1: found \"<!-- b </a>\" without an end, expected `-->`",
    );
    refused(
        "<a><![CDATA[ b ]></a>",
        "line 1, column 4: found \"<![CDATA[ b ]></a>\" without an end, expected `]]>`",
    );
    refused(
        "<a><?b ",
        "line 1, column 4: found \"<?b \" without an end, expected `?>`",
    );
    refused(
        "<a><?b&?></a>",
        "line 1, column 7: found '&', expected a blank or `?>`",
    );
    refused(
        "<a><? b?></a>",
        "line 1, column 6: found ' ', expected the name of a processing instruction",
    );
    refused(
        "<a><!b></a>",
        "line 1, column 4: found `<!`, expected `<!--` or `<![CDATA[`",
    );
}

#[test]
fn characters_that_xml_cannot_hold() {
    refused(
        "<a>\n\0</a>",
        "line 2, column 1: found character U+0000, which XML can't hold",
    );
    refused(
        "<a b='\u{b}'/>",
        "line 1, column 7: found character U+000B, which XML can't hold",
    );
    refused(
        "<a><!--\u{ffff}--></a>",
        "line 1, column 8: found character U+FFFF, which XML can't hold",
    );
}

#[test]
fn limits() {
    let deep = "<a>".repeat(100_000);
    refused(
        &deep,
        "line 1, column 769: elements are nested more than 256 deep",
    );
    let huge = vec![b' '; (16 << 20) + 1];
    refused(huge, "file has 16777217 bytes, expected at most 16777216");
    let many = format!("<a>\n{}</a>", "<b/>".repeat(500_000));
    refused(&many, "line 2, column 1999993: more than 500000 nodes");
    let attributes: String = (0..257).map(|number| format!(" a{number}=''")).collect();
    refused(
        format!("<a>\n <b{attributes}/></a>"),
        "line 2, column 2: more than 256 attributes of one element",
    );
}

/// As deep as the caller wants: nothing here recurses, so the stack of a test thread is enough.
#[test]
fn depth_costs_no_stack() {
    let depth = 200_000;
    let text = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let options = ParseOptions {
        max_depth: depth,
        ..ParseOptions::default()
    };
    let mut document = Document::parse(&text, &options).unwrap();
    assert_eq!(document.to_string(), text);
    let deepest = document.descendants(document.root()).last().unwrap();
    assert_eq!(document.ancestors(deepest).count(), depth);
    assert_eq!(document.path(deepest).len(), 2 * depth);
    document.set_text(deepest, "x").unwrap();
    let copy = document.copy(document.root()).unwrap();
    assert_eq!(document.clone().print().text().len(), text.len() + 1);
    drop(document);
    drop(copy);
}
