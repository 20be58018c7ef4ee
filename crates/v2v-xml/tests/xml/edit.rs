//! Each change on odd layouts, with the exact text that comes out.

use v2v_xml::{Document, EditError, NewElement, NodeId};

use crate::{at, parse};

/// `change` at the element of `path` turns `before` into `after`, which is read back.
#[track_caller]
fn check(before: &str, path: &str, change: impl FnOnce(&mut Document, NodeId), after: &str) {
    let mut document = parse(before);
    let id = at(&document, path);
    change(&mut document, id);
    assert_eq!(document.to_string(), after);
    parse(after);
}

#[track_caller]
fn sets(before: &str, name: &str, value: &str, after: &str) {
    check(
        before,
        "",
        |document, id| {
            let changed = document.set_attribute(id, name, value).unwrap();
            assert_eq!(changed, before != after);
            assert_eq!(document.attribute(id, name).as_deref(), Some(value));
        },
        after,
    );
}

#[test]
fn an_attribute_keeps_its_place_quotes_and_blanks() {
    sets(
        "<a  b = \"1\"\tc='2' />",
        "b",
        "x",
        "<a  b = \"x\"\tc='2' />",
    );
    sets(
        "<a  b = \"1\"\tc='2' />",
        "c",
        "x",
        "<a  b = \"1\"\tc='x' />",
    );
    sets(
        "<a\r\n  b='1'\r\n>t</a >",
        "b",
        "",
        "<a\r\n  b=''\r\n>t</a >",
    );
    sets(
        "<a b='x&#x41;&quot;'/>",
        "b",
        "xA\"",
        "<a b='x&#x41;&quot;'/>",
    );
    sets(
        "<a b='1'/>",
        "b",
        "<'\"&>",
        "<a b='&lt;&apos;\"&amp;&gt;'/>",
    );
    sets(
        "<a b=\"1\"/>",
        "b",
        "<'\"&>",
        "<a b=\"&lt;'&quot;&amp;&gt;\"/>",
    );
    sets(
        "<a b='1'/>",
        "b",
        "\t\r\n é🐧",
        "<a b='&#9;&#13;&#10; é🐧'/>",
    );
    sets("<a b='1' b:b='2'/>", "b:b", "3", "<a b='1' b:b='3'/>");
}

#[test]
fn a_new_attribute_comes_last_in_the_usual_quotes() {
    sets("<a/>", "b", "1", "<a b='1'/>");
    sets("<a />", "b", "1", "<a b='1' />");
    sets("<a c=\"1\"/>", "b", "1", "<a c=\"1\" b=\"1\"/>");
    sets(
        "<a c=\"1\" d='' e=''/>",
        "b",
        "1",
        "<a c=\"1\" d='' e='' b='1'/>",
    );
    sets(
        "<a c='1'\n   d='2'>\n</a>",
        "b",
        "1",
        "<a c='1'\n   d='2'\n   b='1'>\n</a>",
    );
    sets(
        "<a c='1'><!-- b='2' --></a>",
        "b",
        "1",
        "<a c='1' b='1'><!-- b='2' --></a>",
    );
}

#[test]
fn an_attribute_goes_with_the_blanks_before_it() {
    let removes = |before: &str, name: &str, after: &str| {
        check(
            before,
            "",
            |document, id| {
                assert_eq!(
                    document.remove_attribute(id, name).unwrap(),
                    before != after
                );
                assert_eq!(document.attribute(id, name), None);
            },
            after,
        );
    };
    removes("<a b='1'/>", "b", "<a/>");
    removes("<a  b='1' />", "b", "<a />");
    removes("<a b='1'  c='2'\td='3'>x</a>", "c", "<a b='1'\td='3'>x</a>");
    removes("<a\n  b='1'\n  c='2'\n/>", "b", "<a\n  c='2'\n/>");
    removes("<a b='1'/>", "c", "<a b='1'/>");
}

#[test]
fn a_name_changes_in_both_tags() {
    let renames = |before: &str, after: &str| {
        check(
            before,
            "b",
            |document, id| {
                assert!(document.rename(id, "x:c").unwrap());
                assert!(!document.rename(id, "x:c").unwrap());
            },
            after,
        );
    };
    renames("<a><b/></a>", "<a><x:c/></a>");
    renames(
        "<a><b\n\tq = ''>1<b/></b\n></a>",
        "<a><x:c\n\tq = ''>1<b/></x:c\n></a>",
    );
}

#[test]
fn text_is_replaced_and_comments_stay() {
    let sets = |before: &str, text: &str, after: &str| {
        check(
            before,
            "b",
            |document, id| {
                assert_eq!(document.set_text(id, text).unwrap(), before != after);
                assert_eq!(document.text(id), text);
            },
            after,
        );
    };
    sets("<a> <b>linux</b> </a>", "hvm", "<a> <b>hvm</b> </a>");
    sets("<a><b c='1' /></a>", "x", "<a><b c='1'>x</b></a>");
    sets(
        "<a><b></b></a>",
        "<&>\r]]>",
        "<a><b>&lt;&amp;&gt;&#13;]]&gt;</b></a>",
    );
    sets("<a><b>x</b></a>", "", "<a><b></b></a>");
    sets("<a><b/></a>", "", "<a><b/></a>");
    sets("<a><b>a&#38;b</b></a>", "a&b", "<a><b>a&#38;b</b></a>");
    sets("<a><b><![CDATA[a]]></b></a>", "b", "<a><b>b</b></a>");
    sets(
        "<a><b><!-- c -->x<!-- d -->y<?p?></b></a>",
        "z",
        "<a><b><!-- c -->z<!-- d --><?p?></b></a>",
    );
    sets(
        "<a><b>\n <!-- c -->\n x\n</b></a>",
        "z",
        "<a><b><!-- c -->z</b></a>",
    );
    sets("<a>\r\n<b>x</b></a>", "y\nz", "<a>\r\n<b>y\r\nz</b></a>");
}

#[track_caller]
fn removes(before: &str, path: &str, after: &str) {
    check(
        before,
        path,
        |document, id| document.remove(id).unwrap(),
        after,
    );
}

#[test]
fn an_element_goes_with_its_line() {
    removes("<a>\n  <b/>\n  <c/>\n</a>\n", "b", "<a>\n  <c/>\n</a>\n");
    removes("<a>\n  <b/>\n  <c/>\n</a>\n", "c", "<a>\n  <b/>\n</a>\n");
    removes(
        "<a>\n\t<b>\n\t\t<d/>\n\t</b>\n\t<c/>\n</a>",
        "b",
        "<a>\n\t<c/>\n</a>",
    );
    removes(
        "<a>\r\n  <b/>\r\n  <c/>\r\n</a>",
        "b",
        "<a>\r\n  <c/>\r\n</a>",
    );
    removes("<a>\n  <b/> \t\n  <c/>\n</a>", "b", "<a>\n  <c/>\n</a>");
    removes("<a>\n  <b/>\n</a>", "b", "<a>\n</a>");
    removes("<a>\n  <c/>\n  <b/></a>", "b", "<a>\n  <c/></a>");
    removes("<a>\n  <c/>\n  <b/> </a>", "b", "<a>\n  <c/> </a>");
    removes("<a><b/>\n  <c/></a>", "b", "<a>\n  <c/></a>");
    removes(
        "<a>\n\n  <b/>\n\n  <c/>\n</a>",
        "b",
        "<a>\n\n\n  <c/>\n</a>",
    );
}

#[test]
fn an_element_in_a_line_with_others_leaves_the_line() {
    removes("<a><b/><c/></a>", "b", "<a><c/></a>");
    removes("<a><c/><b/></a>", "b", "<a><c/></a>");
    removes("<a><b/></a>", "b", "<a></a>");
    removes("<a> <b/> <c/> </a>", "b", "<a> <c/> </a>");
    removes("<a> <c/> <b/> </a>", "b", "<a> <c/> </a>");
    removes("<a> <c/> <b/></a>", "b", "<a> <c/></a>");
    removes("<a>\n  <b/><c/>\n</a>", "b", "<a>\n  <c/>\n</a>");
    removes("<a>\n  <b/> <c/>\n</a>", "b", "<a>\n  <c/>\n</a>");
    removes("<a>\n  <c/> <b/>\n</a>", "b", "<a>\n  <c/>\n</a>");
    removes("<a>say <b/> it</a>", "b", "<a>say  it</a>");
    removes("<a>say<b/>it</a>", "b", "<a>sayit</a>");
}

#[test]
fn comments_beside_a_removed_element_stay() {
    removes(
        "<a>\n  <!-- above -->\n  <b/> <!-- beside -->\n  <!-- below -->\n</a>",
        "b",
        "<a>\n  <!-- above -->\n  <!-- beside -->\n  <!-- below -->\n</a>",
    );
    removes(
        "<a>\n  <b/><!-- c -->\n</a>",
        "b",
        "<a>\n  <!-- c -->\n</a>",
    );
    removes(
        "<a>\n  <!-- c --> <b/>\n</a>",
        "b",
        "<a>\n  <!-- c -->\n</a>",
    );
}

#[test]
fn one_after_another_leaves_nothing_behind() {
    let mut document =
        parse("<a>\n  <b/>\n  <c/> <b/>\n  <b/> <b/>\n  <b><b/></b>\n  <!-- c -->\n</a>\n");
    for id in document.find_all(document.root(), "b") {
        document.remove(id).unwrap();
    }
    assert_eq!(document.to_string(), "<a>\n  <c/>\n  <!-- c -->\n</a>\n");
    document.remove(at(&document, "c")).unwrap();
    let root = document.root();
    document.append(root, NewElement::new("d")).unwrap();
    assert_eq!(document.to_string(), "<a>\n  <!-- c -->\n  <d/>\n</a>\n");
}

#[test]
fn comments_and_instructions_can_be_removed_everywhere() {
    let mut document = parse("<!-- a -->\n<?b c?>\n<d>\n  <!-- e -->\n</d>\n<!-- f -->\n");
    let ids: Vec<_> = document
        .descendants(document.parent(document.root()).unwrap())
        .collect();
    for id in ids {
        let text = document.print_node(id);
        if text.starts_with("<!") || text.starts_with("<?") {
            document.remove(id).unwrap();
        }
    }
    assert_eq!(document.to_string(), "<d>\n</d>\n");
}

fn n() -> NewElement {
    NewElement::new("n")
}

#[track_caller]
fn before(text: &str, after: &str) {
    check(
        text,
        "b",
        |document, id| {
            document.insert_before(id, n()).unwrap();
        },
        after,
    );
}

#[track_caller]
fn after(text: &str, after: &str) {
    check(
        text,
        "b",
        |document, id| {
            document.insert_after(id, n()).unwrap();
        },
        after,
    );
}

#[track_caller]
fn appends(text: &str, path: &str, after: &str) {
    check(
        text,
        path,
        |document, id| {
            document.append(id, n()).unwrap();
        },
        after,
    );
}

#[test]
fn a_new_sibling_is_indented_as_its_neighbour() {
    before("<a>\n  <b/>\n</a>", "<a>\n  <n/>\n  <b/>\n</a>");
    before("<a>\r\n\t<b/></a>", "<a>\r\n\t<n/>\r\n\t<b/></a>");
    before(
        "<a>\n  <!-- b -->\n  <b/>\n</a>",
        "<a>\n  <!-- b -->\n  <n/>\n  <b/>\n</a>",
    );
    before("<a>\n  <c/><b/>\n</a>", "<a>\n  <c/><n/><b/>\n</a>");
    before("<a><b/></a>", "<a><n/><b/></a>");
    before("<a> <b/></a>", "<a> <n/> <b/></a>");
    before("<a>text <b/></a>", "<a>text <n/><b/></a>");
    before("<a>text\n <b/></a>", "<a>text\n <n/>\n <b/></a>");

    after("<a>\n  <b/>\n</a>", "<a>\n  <b/>\n  <n/>\n</a>");
    after("<a>\r\n\t<b/></a>", "<a>\r\n\t<b/>\r\n\t<n/></a>");
    after(
        "<a>\n\n  <b>\n  </b>\n\n</a>",
        "<a>\n\n  <b>\n  </b>\n  <n/>\n\n</a>",
    );
    after(
        "<a>\n  <b/> <!-- b --> <!-- bb -->\n  <!-- c -->\n</a>",
        "<a>\n  <b/> <!-- b --> <!-- bb -->\n  <n/>\n  <!-- c -->\n</a>",
    );
    after(
        "<a>\n  <b/> <!-- c --><c/>\n</a>",
        "<a>\n  <b/> <n/> <!-- c --><c/>\n</a>",
    );
    after("<a><b/><!-- b --><c/></a>", "<a><b/><n/><!-- b --><c/></a>");
    after("<a> <c/> <b/> <d/> </a>", "<a> <c/> <b/> <n/> <d/> </a>");
    after("<a>\n  <b/> \t\n</a>", "<a>\n  <b/> \t\n  <n/>\n</a>");
    after("<a>\n  <b/><c/>\n</a>", "<a>\n  <b/><n/><c/>\n</a>");
    after("<a>\n  <b/>text\n</a>", "<a>\n  <b/><n/>text\n</a>");
    after("<a>text<b/>text</a>", "<a>text<b/><n/>text</a>");
}

#[test]
fn an_appended_child_is_indented_as_the_last_one() {
    appends("<a>\n   <b/>\n</a>", "", "<a>\n   <b/>\n   <n/>\n</a>");
    appends(
        "<a>\n\t<b/>\n\t<!-- c --></a>",
        "",
        "<a>\n\t<b/>\n\t<!-- c -->\n\t<n/></a>",
    );
    appends(
        "<a>\n  <b/> <!-- b -->\n</a>",
        "",
        "<a>\n  <b/> <!-- b -->\n  <n/>\n</a>",
    );
    appends(
        "<a>\n <b/>\n   <c/>\n</a>",
        "",
        "<a>\n <b/>\n   <c/>\n   <n/>\n</a>",
    );
    appends("<a><b/><c/></a>", "", "<a><b/><c/><n/></a>");
    appends("<a>text</a>", "", "<a>text<n/></a>");
    appends("<a><b/> text </a>", "", "<a><b/> text <n/></a>");
    appends(
        "<a>\n  <b/><![CDATA[ ]]></a>",
        "",
        "<a>\n  <b/><![CDATA[ ]]><n/></a>",
    );
}

#[test]
fn an_empty_element_opens() {
    appends("<a/>", "", "<a>\n  <n/>\n</a>");
    appends("<a x='1' />\n", "", "<a x='1'>\n  <n/>\n</a>\n");
    appends(
        "<a>\n  <b />\n</a>",
        "b",
        "<a>\n  <b>\n    <n/>\n  </b>\n</a>",
    );
    appends(
        "<a>\r\n\t<b></b>\r\n</a>",
        "b",
        "<a>\r\n\t<b>\r\n\t\t<n/>\r\n\t</b>\r\n</a>",
    );
    appends(
        "<a>\n  <b>\n  </b>\n</a>",
        "b",
        "<a>\n  <b>\n    <n/>\n  </b>\n</a>",
    );
    appends(
        "<a>\n <b> </b>\n</a>",
        "b",
        "<a>\n <b>\n  <n/>\n </b>\n</a>",
    );
    appends("<a><b/></a>", "b", "<a><b><n/></b></a>");
    appends(
        "<a>\n    <c>\n        <b/>\n    </c>\n</a>",
        "c/b",
        "<a>\n    <c>\n        <b>\n            <n/>\n        </b>\n    </c>\n</a>",
    );
}

#[test]
fn what_is_in_a_new_element_follows_the_unit_of_the_place() {
    let serial = || {
        let target = NewElement::new("target")
            .attribute("port", "0")
            .comment(" x ");
        NewElement::new("serial")
            .attribute("type", "pty")
            .child(target)
            .child(
                NewElement::new("t")
                    .text("a")
                    .child(NewElement::new("u"))
                    .text("<"),
            )
    };
    check(
        "<a>\n\t<b/>\n</a>",
        "b",
        |document, id| {
            document.insert_after(id, serial()).unwrap();
        },
        "<a>\n\t<b/>\n\t<serial type='pty'>\n\t\t<target port='0'>\n\t\t\t<!-- x -->\n\t\t</target>\n\t\t\
         <t>a<u/>&lt;</t>\n\t</serial>\n</a>",
    );
    check(
        "<a><b c=\"\"/></a>",
        "b",
        |document, id| {
            document.append(id, serial()).unwrap();
        },
        "<a><b c=\"\"><serial type=\"pty\"><target port=\"0\"><!-- x --></target><t>a<u/>&lt;</t></serial></b></a>",
    );
    check(
        "<a>\n   <b>\n      <c/>\n   </b>\n</a>",
        "b/c",
        |document, id| {
            document.replace(id, serial()).unwrap();
        },
        "<a>\n   <b>\n      <serial type='pty'>\n         <target port='0'>\n            <!-- x -->\n         </target>\n         \
         <t>a<u/>&lt;</t>\n      </serial>\n   </b>\n</a>",
    );
}

#[test]
fn an_element_takes_the_place_of_another() {
    check(
        "<a>\n  <!-- b --> <b>x</b> <!-- b -->\n</a>",
        "b",
        |document, id| {
            let new = document.replace(id, n().text("y")).unwrap();
            assert!(document.contains(new) && !document.contains(id));
            assert_eq!(document.text(id), "x");
        },
        "<a>\n  <!-- b --> <n>y</n> <!-- b -->\n</a>",
    );
    check(
        "<?xml version='1.0'?>\n<a/>\n",
        "",
        |document, id| {
            let new = document.replace(id, n()).unwrap();
            assert_eq!(document.root(), new);
        },
        "<?xml version='1.0'?>\n<n/>\n",
    );
}

#[test]
fn a_new_document_looks_like_virsh_dumpxml() {
    let disk = NewElement::new("disk")
        .attribute("type", "file")
        .attribute("device", "it's")
        .child(NewElement::new("source").attribute("file", "/a\"b"));
    let domain = NewElement::new("domain")
        .attribute("type", "kvm")
        .child(NewElement::new("name").text("a & b"))
        .child(NewElement::new("devices").child(disk));
    let mut document = Document::new(domain).unwrap();
    assert_eq!(
        document.to_string(),
        "<domain type='kvm'>\n  <name>a &amp; b</name>\n  <devices>\n    \
        <disk type='file' device='it&apos;s'>\n      <source file='/a\"b'/>\n    </disk>\n  </devices>\n</domain>\n"
    );
    let devices = at(&document, "devices");
    document.append(devices, n()).unwrap();
    let disk = at(&document, "devices/disk");
    document.remove(disk).unwrap();
    assert_eq!(
        document.to_string(),
        "<domain type='kvm'>\n  <name>a &amp; b</name>\n  <devices>\n    <n/>\n  </devices>\n</domain>\n"
    );
    assert_eq!(document.line(devices), None);
}

#[test]
fn an_element_is_read_from_text() {
    let new =
        NewElement::parse("<!-- no --><a  b=\"1\">\n <c>\tx </c><?p q?><![CDATA[<]]></a>").unwrap();
    let document = Document::new(new).unwrap();
    assert_eq!(
        document.to_string(),
        "<a b='1'><c>\tx </c><?p q?>&lt;</a>\n"
    );
    let new = NewElement::parse("<a>\n <c/>\n\n <d> </d></a>").unwrap();
    assert_eq!(
        Document::new(new).unwrap().to_string(),
        "<a>\n  <c/>\n  <d> </d>\n</a>\n"
    );
    let error = NewElement::parse("<a>").unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1, column 4: found the end of the file, expected </a> for the element of line 1"
    );
}

#[test]
fn a_wrong_change_is_refused_and_changes_nothing() {
    let text = "<?xml version='1.0'?><a>\n  <b>x</b>\n  <!-- c -->\n</a>";
    let mut document = parse(text);
    let (root, b) = (document.root(), at(&document, "b"));
    let comment = document
        .children(root)
        .find(|&id| document.comment(id).is_some())
        .unwrap();
    let declaration = document
        .children(document.parent(root).unwrap())
        .next()
        .unwrap();
    let refused = |result: Result<(), EditError>, text: &str| {
        assert_eq!(result.unwrap_err().to_string(), text);
    };
    let root_only = "root element, XML declaration and the document itself can't be removed and have no siblings";
    let long = "ab".repeat(40);
    refused(
        document.set_attribute(b, "a b", "").map(drop),
        "\"a b\" is no XML name",
    );
    refused(
        document.set_attribute(b, "", "").map(drop),
        "\"\" is no XML name",
    );
    refused(
        document.set_attribute(b, "c", "x\0").map(drop),
        "character U+0000 of \"x\\0\" can't be written in XML",
    );
    refused(
        document.set_attribute(comment, "c", "").map(drop),
        "node is not an element",
    );
    refused(document.rename(b, "1a").map(drop), "\"1a\" is no XML name");
    refused(
        document.rename(b, &format!("-{long}")).map(drop),
        &format!("{:?} is no XML name", format!("-{}…", &long[..59])),
    );
    refused(
        document.set_text(b, "\u{fffe}").map(drop),
        "character U+FFFE of \"\\u{fffe}\" can't be written in XML",
    );
    refused(
        document.set_text(root, "x").map(drop),
        "element <a> has child elements, so its text can't be set",
    );
    refused(document.remove(root), root_only);
    refused(document.remove(declaration), root_only);
    refused(document.insert_after(root, n()).map(drop), root_only);
    refused(
        document.insert_before(declaration, n()).map(drop),
        root_only,
    );
    refused(
        document
            .append(b, n().attribute("x", "1").attribute("x", "2"))
            .map(drop),
        "attribute \"x\" is given twice",
    );
    refused(
        document
            .append(b, n().child(NewElement::new("<")))
            .map(drop),
        "\"<\" is no XML name",
    );
    refused(
        document.append(b, n().comment("a--b")).map(drop),
        "comment \"a--b\" has `--` or ends with `-`",
    );
    refused(
        document.append(b, n().text("\u{1b}")).map(drop),
        "character U+001B of \"\\u{1b}\" can't be written in XML",
    );
    refused(
        document.replace(comment, n()).map(drop),
        "node is not an element",
    );
    assert_eq!(document.to_string(), text);

    document.remove(b).unwrap();
    let gone = "node is not part of the document (any more)";
    refused(document.set_text(b, "y").map(drop), gone);
    refused(document.remove(b), gone);
    refused(document.insert_after(b, n()).map(drop), gone);
    assert_eq!((document.name(b), document.line(b)), ("b", Some(2)));
    let large = parse(format!("<a>{}<b/></a>", "<c/>".repeat(50)));
    refused(document.append(at(&large, "b"), n()).map(drop), gone);
}
