//! Reading: names, values, paths, lines.

use v2v_xml::{Document, NodeKind, Path};

use crate::{at, parse};

#[test]
fn values_mean_what_xml_says() {
    let document = parse(
        "<a b='&lt;&#x41;&#66;&amp;amp;\t\r\n\n&#9;&#10;' c=\"it's\"> &gt;\r\n\r&#13; <!-- x --><e>no</e><![CDATA[&lt;\r\n]]>y </a>",
    );
    let root = document.root();
    assert_eq!(document.attribute(root, "b").unwrap(), "<AB&amp;   \t\n");
    assert_eq!(document.attribute(root, "c").unwrap(), "it's");
    assert_eq!(document.attribute(root, "d"), None);
    assert_eq!(document.text(root), " >\n\n\r &lt;\ny ");
    assert_eq!(document.text_trimmed(root), ">\n\n\r &lt;\ny");
    let names: Vec<&str> = document.attributes(root).map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "c"]);
    let kinds: Vec<NodeKind> = document
        .children(root)
        .map(|id| document.kind(id).unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            NodeKind::Text,
            NodeKind::Comment,
            NodeKind::Element,
            NodeKind::CData,
            NodeKind::Text
        ]
    );
    let comment = document.children(root).nth(1).unwrap();
    assert_eq!(document.comment(comment), Some(" x "));
    assert_eq!(
        (document.name(comment), document.text(comment).as_ref()),
        ("", "")
    );
}

#[test]
fn odd_documents_come_back() {
    for text in [
        "\u{feff}<?xml\n\tversion = \"1.0\"  encoding='utf8' standalone=\"no\" ?>\r\n<a/>\r\n",
        "<?xml version='1.0' standalone='yes'?><a/>",
        "<!-- <a> & - --><?p <a> & ]]> ?><a/><!----><?q?>\n\n",
        "<a><![CDATA[<b> & ]] > ]]]]></a>",
        "<a\n>]]&gt; > ' \" \u{85} \u{10ffff}</a\t\r\n>",
        "<é:ä-1.· _='>'/>",
        "  \n<a/>",
        "<a b=''c=''/>".replace("''c", "'' c").as_str(),
        "\r<a>\r<b/>\r</a>\r",
        "<?xml-stylesheet href='a'?><a/>",
    ] {
        parse(text);
    }
}

#[test]
fn paths_lead_there_and_back() {
    let document = parse(
        "<d>\n<x><y i='1'/><z/><y i='2' j=''/></x>t<x k='[/]'><y/><!-- c --></x><!-- d --><z/></d>",
    );
    let root = document.root();
    let found = |path: &str| -> Vec<String> {
        let ids = document.find_all(root, path);
        assert_eq!(ids.first().copied(), document.find(root, path));
        ids.into_iter().map(|id| document.path(id)).collect()
    };
    assert_eq!(found("x/y"), ["/d/x[1]/y[1]", "/d/x[1]/y[2]", "/d/x[2]/y"]);
    assert_eq!(found("*/z"), ["/d/x[1]/z"]);
    assert_eq!(found("x/*[2]"), ["/d/x[1]/z"]);
    assert_eq!(found("x/y[@i]"), ["/d/x[1]/y[1]", "/d/x[1]/y[2]"]);
    assert_eq!(found("x/y[@i='2'][@j]"), ["/d/x[1]/y[2]"]);
    assert_eq!(found("x/y[@i][2]"), ["/d/x[1]/y[2]"]);
    assert_eq!(found("x[@k=\"[/]\"]"), ["/d/x[2]"]);
    assert_eq!(found("/d/z"), ["/d/z"]);
    assert_eq!(found("/*"), ["/d"]);
    assert_eq!(found("x[3]"), [""; 0]);
    let paths = document.paths();
    for id in document.descendants(root).chain([root]) {
        assert_eq!(paths.path(&document, id), document.path(id));
        if document.kind(id) == Some(NodeKind::Element) {
            assert_eq!(document.find(root, &document.path(id)), Some(id));
        }
    }
    let others: Vec<String> = document
        .children(root)
        .map(|id| document.path(id))
        .collect();
    assert_eq!(
        others,
        [
            "/d/text()",
            "/d/x[1]",
            "/d/text()",
            "/d/x[2]",
            "/d/comment()",
            "/d/z"
        ]
    );
    assert_eq!(document.path(document.parent(root).unwrap()), "/");
}

#[test]
fn a_wrong_path_is_an_error_and_finds_nothing() {
    let document = parse("<a><b/></a>");
    for (path, error) in [
        ("", r#"path "": found "", expected a name or *"#),
        ("b/", r#"path "b/": found "", expected a name or *"#),
        ("//b", r#"path "//b": found "", expected a name or *"#),
        (
            "b[0]",
            r#"path "b[0]": found "[0]", expected [@name], [@name='value'] or a number from [1] on"#,
        ),
        (
            "b[@c='1]",
            r#"path "b[@c='1]": found "[@c='1]", expected [@name], [@name='value'] or a number from [1] on"#,
        ),
        (
            "b[1]c",
            r#"path "b[1]c": found "c", expected /, [ or the path's end"#,
        ),
        ("b/@c", r#"path "b/@c": found "@c", expected a name or *"#),
    ] {
        assert_eq!(path.parse::<Path>().unwrap_err().to_string(), error);
        assert_eq!(document.find(document.root(), path), None);
        assert_eq!(document.find_all(document.root(), path), []);
    }
}

#[test]
fn lines_are_those_of_the_text_that_was_read() {
    let mut document = parse("\u{feff}<?xml version='1.0'?>\r\n<a\n x=''>\n\n<b/><c>\n</c></a>");
    let lines = |document: &Document| ["", "b", "c"].map(|path| document.line(at(document, path)));
    assert_eq!(lines(&document), [Some(2), Some(5), Some(5)]);
    let root = document.root();
    document.remove_attribute(root, "x").unwrap();
    assert_eq!(lines(&document), [Some(2), Some(5), Some(5)]);
    assert_eq!(document.line(document.parent(root).unwrap()), None);
}

#[test]
fn namespaces_are_looked_up() {
    let text = "<d xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'><xen:commandline><xen:arg/></xen:commandline>\
        <q:x/><m xmlns='urn:m'><n xmlns=''/><o/></m></d>";
    let document = parse(text);
    let namespace = |path: &str| document.namespace(at(&document, path)).map(String::from);
    assert_eq!(
        namespace("xen:commandline/xen:arg").unwrap(),
        "http://libvirt.org/schemas/domain/xen/1.0"
    );
    assert_eq!(
        document.local_name(at(&document, "xen:commandline")),
        "commandline"
    );
    assert_eq!(namespace("q:x"), None);
    assert_eq!(namespace(""), None);
    assert_eq!(namespace("m/o").unwrap(), "urn:m");
    assert_eq!(namespace("m/n"), None);
}
