//! Hunks.

use v2v_xml::{NewElement, diff};

use crate::{at, parse};

fn text(old: &str, new: &str, context: usize) -> String {
    diff(old, new, context)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn hunks_are_those_of_a_unified_diff() {
    assert_eq!(text("a\nb\n", "a\nb\n", 3), "");
    assert_eq!(
        text("a\nb\nc\n", "a\nB\nc\n", 1),
        "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
    );
    assert_eq!(
        text("a\nb\n", "a\nx\ny\nb\n", 0),
        "@@ -1,0 +2,2 @@\n+x\n+y\n"
    );
    assert_eq!(text("a\nb\nc\n", "a\nc\n", 0), "@@ -2 +1,0 @@\n-b\n");
    assert_eq!(
        text("", "a", 3),
        "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n"
    );
    assert_eq!(text("a\r\n", "a\n", 3), "@@ -1 +1 @@\n-a\r\n+a\n");
    let old: String = ('a'..='p').map(|c| format!("{c}\n")).collect();
    let new = old.replace("b\n", "").replace("o\n", "O\n");
    assert_eq!(
        text(&old, &new, 2),
        "@@ -1,4 +1,3 @@\n a\n-b\n c\n d\n@@ -13,4 +12,4 @@\n m\n n\n-o\n+O\n p\n"
    );
}

#[test]
fn a_hunk_meets_the_nodes_that_changed() {
    let mut document = parse("<a>\n  <b/>\n  <c>\n    <d/>\n  </c>\n</a>\n");
    let before = document.clone();
    let (b, c) = (at(&document, "b"), at(&document, "c"));
    document.remove(b).unwrap();
    let new = document
        .append(c, NewElement::new("n").child(NewElement::new("o")))
        .unwrap();
    let hunks = diff(&before.to_string(), &document.to_string(), 0);
    assert_eq!(
        hunks
            .iter()
            .map(|hunk| (hunk.old.clone(), hunk.new.clone()))
            .collect::<Vec<_>>(),
        [(2..3, 2..2), (5..5, 4..7)]
    );
    assert_eq!(document.line(b), Some(2));
    let printed = document.print();
    assert_eq!(printed.text(), document.to_string());
    assert_eq!(printed.lines(new), Some(4..7));
    assert_eq!(printed.lines(c), Some(2..8));
    assert_eq!(printed.lines(b), None);
    assert_eq!(
        &printed.text()[printed.bytes(new).unwrap()],
        "<n>\n      <o/>\n    </n>"
    );
    assert_eq!(
        document.print_node(c),
        printed.text()[printed.bytes(c).unwrap()]
    );
}
