//! Which rules apply, and what is shown of them.

use crate::place::{Place, WEB01};

/// The names of the rules that `args` list.
fn listed(args: &[&str]) -> Vec<String> {
    let out = Place::new()
        .convert(&[&["--list-rules"], args].concat())
        .out;
    let names = out.lines().filter(|line| !line.starts_with(' '));
    names.map(str::to_owned).collect()
}

#[test]
fn each_rule_is_listed_with_its_reason() {
    let run = Place::new().convert(&["--list-rules"]);
    assert!(
        run.out
            .starts_with("domain-type\n    /domain/@type\n    if "),
        "{}",
        run.out
    );
    assert_eq!(run.out.lines().count(), 4 * listed(&[]).len());
    assert_eq!(run.err, "");
    assert!(listed(&["--guide"]).len() < listed(&[]).len());
    assert_eq!(listed(&["--only", "domain-type"]), ["domain-type"]);
    assert!(!listed(&["--skip", "domain-type"]).contains(&"domain-type".to_owned()));
}

#[test]
fn one_rule_changes_what_it_is_about_and_nothing_else() {
    let place = Place::new();
    let xml = place.xml(&["--only", "domain-type"]);
    assert_eq!(
        xml,
        WEB01.replace("type='xen'>\n  <name>", "type='kvm'>\n  <name>")
    );
}

#[test]
fn a_rule_can_be_left_out() {
    let place = Place::new();
    let all = place.xml(&["-q"]);
    let xml = place.xml(&["-q", "--skip", "domain-type"]);
    assert_eq!(xml, all.replacen("type='kvm'", "type='xen'", 1));
    let none: Vec<String> = listed(&[]);
    let skips: Vec<&str> = none.iter().flat_map(|rule| ["--skip", rule]).collect();
    assert_eq!(place.xml(&skips), WEB01);
}

#[test]
fn a_rule_that_does_not_exist_is_wrong_usage() {
    let place = Place::new();
    for args in [
        &["--only", "no-such-rule", "web01.xml"][..],
        &["--skip", "no-such-rule", "web01.xml"],
        &["--list-rules", "--only", "no-such-rule"],
    ] {
        let text = "there is no rule \"no-such-rule\"; --list-rules shows all";
        place.check_refuses(args, 2, text);
    }
    place.check_usage(&["--list-rules", "web01.xml"], "cannot be used with");
}

#[test]
fn the_rules_of_the_guide_alone() {
    let place = Place::new();
    let xml = place.xml(&["-q", "--guide"]);
    for part in [
        "<domain type='kvm'>",
        "dev='vda' bus='virtio'",
        "<memballoon model='virtio'/>",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    for part in ["<serial", "<video", "<graphics", "<script", "<console"] {
        assert!(!xml.contains(part), "{part}: {xml}");
    }
}

#[test]
fn a_diff_has_the_rules_beside_its_hunks() {
    let place = Place::new();
    let run = place.convert(&["-q", "--diff", "web01.xml"]);
    let mut lines = run.out.lines();
    assert_eq!(lines.next(), Some("--- web01.xml"));
    assert_eq!(lines.next(), Some("+++ kvm"));
    let hunk = lines.next().unwrap();
    assert!(hunk.starts_with("@@ -1,"), "{hunk}");
    assert!(
        hunk.split(" @@ ")
            .nth(1)
            .unwrap()
            .split(", ")
            .any(|rule| rule == "domain-type"),
        "{hunk}"
    );
    assert!(
        run.out
            .contains("\n-<domain type='xen'>\n+<domain type='kvm'>\n"),
        "{}",
        run.out
    );
    for hunk in run.out.lines().filter(|line| line.starts_with("@@")) {
        assert!(!hunk.ends_with("@@"), "{hunk}: {}", run.out);
    }
    let both = place.convert(&["-q", "--diff", "web01.xml", "--output", "kvm.xml"]);
    assert_eq!(both.out, run.out);
    assert_eq!(place.read("kvm.xml"), place.xml(&["-q"]));
}

#[test]
fn each_rule_of_a_diff_stands_beside_its_own_hunk() {
    let place = Place::new();
    let headers = |args: &[&str]| -> Vec<String> {
        let run = place.convert(&[&["-q", "--diff"], args, &["web01.xml"]].concat());
        let headers = run.out.lines().filter(|line| line.starts_with("@@"));
        headers.map(str::to_owned).collect()
    };
    let two = ["--only", "interface-script", "--only", "domain-type"];
    assert_eq!(
        headers(&two),
        [
            "@@ -1,2 +1,2 @@ domain-type",
            "@@ -23,3 +23,2 @@ interface-script"
        ]
    );
    assert_eq!(
        headers(&["--only", "on-crash"]),
        [""; 0],
        "nothing to do, so no hunk"
    );
}

#[test]
fn a_diff_of_a_configuration_begins_at_its_xen_domain() {
    let place = Place::new();
    let run = place.convert(&["-q", "--diff", "web01.cfg"]);
    assert!(
        run.out
            .starts_with("--- web01.cfg (as a Xen domain)\n+++ kvm\n@@ -1,"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("\n-<domain type='xen'>\n+<domain type='kvm'>\n"),
        "{}",
        run.out
    );
}

#[test]
fn explain_has_a_line_for_each_change() {
    let place = Place::new();
    let run = place.convert(&["-q", "--explain", "web01.xml"]);
    let first = run.out.lines().next().unwrap();
    let start = "    1 domain-type              /domain/@type: \"xen\" -> \"kvm\"; ";
    assert!(first.starts_with(start), "{first}");
    let removed = run
        .out
        .lines()
        .find(|line| line.contains("/script: removed "))
        .unwrap();
    assert!(
        removed.contains("removed <script path='vif-bridge'/>; "),
        "{removed}"
    );
    let report = place.report(&["-q"]);
    assert_eq!(
        run.out.lines().count(),
        report["settings"].as_array().unwrap().len()
    );
    let both = place.convert(&["-q", "--explain", "web01.xml", "--output", "kvm.xml"]);
    assert_eq!(both.out, run.out);
    assert!(place.read("kvm.xml").starts_with("<domain type='kvm'>"));
}

#[test]
fn explain_has_a_line_for_each_key_of_a_configuration() {
    let place = Place::new();
    let run = place.convert(&["-q", "--explain", "web01.cfg"]);
    assert_eq!(run.out.lines().count(), 7, "{}", run.out);
    let memory = run
        .out
        .lines()
        .find(|line| line.contains(" memory "))
        .unwrap();
    assert!(memory.starts_with("    3 mapped "), "{memory}");
}
