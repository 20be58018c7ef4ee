//! `--out-dir`: many files at once.

use crate::place::{Place, WEB01};

/// `count` domains `vm000.xml`, ... in the directory `many`; their names.
fn fill(place: &Place, count: usize) -> Vec<String> {
    let name = |n| format!("many/vm{n:03}.xml");
    let names: Vec<String> = (0..count).map(name).collect();
    for (name, n) in names.iter().zip(0..) {
        let text = WEB01.replace("<name>web01", &format!("<name>vm{n:03}"));
        place.write(name, text);
    }
    names
}

fn run(place: &Place, options: &[&str], files: &[String]) -> crate::place::Run {
    let files = files.iter().map(String::as_str);
    place.run(&options.iter().copied().chain(files).collect::<Vec<_>>())
}

#[test]
fn each_file_becomes_what_it_becomes_alone() {
    let place = Place::new();
    let files = fill(&place, 300);
    let out = run(&place, &["-b", "br0", "--out-dir", "xml"], &files);
    assert_eq!((out.code, out.out.as_str()), (Some(0), ""), "{}", out.err);
    assert_eq!(
        out.err.lines().last(),
        Some("xen2kvm: 300 files: 300 converted, 0 refused, 0 failed")
    );
    for n in [0, 1, 150, 299] {
        let alone = place.convert(&["-q", "-b", "br0", &files[n]]).out;
        assert_eq!(place.read(&format!("xml/vm{n:03}.xml")), alone);
    }
    let left: Vec<_> = std::fs::read_dir(place.path("xml")).unwrap().collect();
    assert_eq!(left.len(), 300);
}

#[test]
fn messages_are_in_the_order_of_the_files_and_name_them() {
    let place = Place::new();
    let files = fill(&place, 300);
    let first = run(&place, &["--dry-run", "--out-dir", "xml"], &files);
    let second = run(&place, &["--dry-run", "--out-dir", "xml"], &files);
    assert_eq!(first.err, second.err);
    let unmapped = |line: &&str| line.contains(": warn: nic-network-unmapped: ");
    let lines: Vec<&str> = first.err.lines().filter(unmapped).collect();
    assert_eq!(lines.len(), files.len());
    for (line, file) in lines.iter().zip(&files) {
        assert!(
            line.starts_with(&format!("xen2kvm: {file}: warn: ")),
            "{line}"
        );
    }
    assert!(!place.path("xml").exists());
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let place = Place::new();
    let mut files = fill(&place, 3);
    place.write("many/disk.xml", "<disk/>");
    files.insert(1, "many/disk.xml".into());
    let refused = run(&place, &["-q", "-b", "br0", "--out-dir", "a"], &files);
    assert_eq!(refused.code, Some(3), "{}", refused.err);
    assert!(place.path("a/vm002.xml").exists() && !place.path("a/disk.xml").exists());

    files.push("many/none.xml".into());
    let failed = run(&place, &["-b", "br0", "--strict", "--out-dir", "b"], &files);
    assert_eq!(
        failed.code,
        Some(1),
        "a failure is worse than a refusal: {}",
        failed.err
    );
    assert!(
        failed.err.contains(
            "xen2kvm: many/none.xml: cannot open: No such file or directory (os error 2)\n"
        ),
        "{}",
        failed.err
    );
    assert_eq!(
        failed.err.lines().last(),
        Some("xen2kvm: 5 files: 3 converted, 1 refused, 1 failed")
    );
    let manual = run(&place, &["-q", "--strict", "--out-dir", "c"], &files[2..3]);
    assert_eq!(manual.code, Some(5), "{}", manual.err);
}

#[test]
fn two_files_of_one_name_are_refused_before_anything_is_done() {
    let place = Place::new();
    for other in ["b/web01.xml", "b/web01.XML", "b/web01.cfg"] {
        place.write(other, WEB01);
        place.check_refuses(
            &["--out-dir", "xml", "web01.xml", other],
            2,
            &format!("web01.xml and {other} would both become xml/web01.xml; give them different directories"),
        );
    }
}

#[test]
fn what_is_there_stays_without_force() {
    let place = Place::new();
    place.write("xml/web01.xml", "mine");
    let kept = place.run(&["-q", "-b", "br0", "--out-dir", "xml", "web01.xml"]);
    assert_eq!(kept.code, Some(1), "{}", kept.err);
    assert_eq!(
        kept.err,
        "xen2kvm: xml/web01.xml: cannot create: it exists already; use --force to replace it\n"
    );
    assert_eq!(place.read("xml/web01.xml"), "mine");
    place.convert(&["-q", "--force", "--out-dir", "xml", "web01.xml"]);
    assert!(place.read("xml/web01.xml").starts_with("<domain "));
}

#[test]
fn each_has_its_report() {
    let place = Place::new();
    place.write("junk.cfg", "\0\0\0\0");
    let run = place.run(&[
        "-q",
        "--report",
        "--out-dir",
        "xml",
        "web01.xml",
        "junk.cfg",
    ]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    for (name, file, result) in [
        ("web01", "web01.xml", "done"),
        ("junk", "junk.cfg", "refused"),
    ] {
        let text = place.read(&format!("xml/{name}.report.json"));
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["result"], result);
        assert_eq!(report["source"]["path"], file);
    }
    place.check_refuses(
        &["--out-dir", "xml", "--report", "web01.xml", "junk.cfg"],
        2,
        "--report takes no FILE with --out-dir; each gets DIR/NAME.report.json (put --report before --out-dir)",
    );
}

#[test]
fn progress_for_programs() {
    let place = Place::new();
    let files = fill(&place, 3);
    let run = run(
        &place,
        &["-q", "--machine-readable", "--out-dir", "xml"],
        &files,
    );
    assert_eq!(run.out, "1/3\n2/3\n3/3\n");
}

#[test]
fn what_makes_no_sense_for_many_is_wrong_usage() {
    let place = Place::new();
    place.check_refuses(
        &["-on", "web", "--out-dir", "xml", "web01.xml"],
        2,
        "-on names one domain, and --out-dir is for many",
    );
    place.check_refuses(
        &["--out-dir", "xml", "-"],
        2,
        "standard input has no name that --out-dir could use",
    );
    for option in ["--explain", "--diff", "--output=x"] {
        place.check_usage(
            &[option, "--out-dir", "xml", "web01.xml"],
            "cannot be used with",
        );
    }
    place.check_refuses(
        &["--out-dir", "none/xml", "web01.xml"],
        1,
        "none/xml: cannot create: No such file or directory (os error 2)",
    );
}
