//! What is refused, with which exit status, and what the line says: file, place, found, expected, what to do.

use crate::place::{Place, WEB01, WEB01_CFG};

/// A file with `bytes` is refused with `code` and `text` behind its name.
fn check(name: &str, bytes: impl AsRef<[u8]>, code: i32, text: &str) {
    let place = Place::new();
    place.write(name, bytes);
    place.check_refuses(&[name], code, &format!("{name}: {text}"));
    place.check_refuses(
        &[name, "--output", "x.xml"],
        code,
        &format!("{name}: {text}"),
    );
}

#[test]
fn xml_that_is_broken_is_named_with_line_and_column() {
    check(
        "a.xml",
        "<domain type='xen'>\n  <name>a</nome>\n</domain>\n",
        1,
        "line 2, column 10: found </nome>, expected </name> for the element of line 2",
    );
    check(
        "a.xml",
        "<domain type='xen'>\n  <name>a</name>\n",
        1,
        "line 3, column 1: found the end of the file, expected </domain> for the element of line 1",
    );
    check(
        "a.xml",
        "<domain type='xen' type='kvm'/>",
        1,
        "line 1, column 20: attribute \"type\" is here twice, expected each name once",
    );
}

#[test]
fn document_types_and_entities_are_refused() {
    let text = "document types and entity declarations are not accepted, remove them";
    check(
        "a.xml",
        "<!DOCTYPE domain [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>\n<domain type='xen'><name>&a;</name></domain>",
        3,
        &format!("line 1, column 1: found <!DOCTYPE; {text}"),
    );
    let place = Place::with("<name>web01</name>", "<name>&lol;</name>");
    let run = place.run(&["web01.xml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
    assert!(
        run.err
            .contains("line 2, column 9: reference \"&lol;\" is not known"),
        "{}",
        run.err
    );
}

#[test]
fn elements_in_elements_without_end() {
    let place = Place::new();
    let (open, close) = ("<a>".repeat(100_000), "</a>".repeat(100_000));
    place.write(
        "deep.xml",
        format!("<domain type='xen'>{open}{close}</domain>"),
    );
    place.write("open.xml", format!("<domain type='xen'>{open}"));
    let lists = "[".repeat(100_000);
    place.write("deep.cfg", format!("{WEB01_CFG}disk = {lists}"));
    for file in ["deep.xml", "open.xml"] {
        let run = place.run(&[file]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
        assert!(
            run.err.contains("elements are nested more than 256 deep"),
            "{}",
            run.err
        );
    }
    let run = place.run(&["deep.cfg"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
    assert!(
        run.err
            .contains("deep.cfg: line 8: found more than 64 lists inside each other"),
        "{}",
        run.err
    );
}

#[test]
fn domains_of_other_hypervisors_are_named() {
    for (kind, advice) in [
        ("vmware", "give the .vmx to vmx2libvirt"),
        (
            "lxc",
            "a container has no hardware that KVM could take over",
        ),
        (
            "hyperv",
            "convert it with the tools of its own hypervisor first",
        ),
    ] {
        check(
            "other.xml",
            WEB01.replace(
                "type='xen'>\n  <name>",
                &format!("type='{kind}'>\n  <name>"),
            ),
            3,
            &format!("the domain is of type \"{kind}\", expected \"xen\"; {advice}"),
        );
    }
    check(
        "network.xml",
        "<network><name>default</name></network>",
        3,
        "the root element is <network>, expected <domain>; give what `virsh dumpxml` prints",
    );
}

#[test]
fn files_that_are_no_configuration() {
    let cases: [(&str, &[u8], i32, &str); 5] = [
        (
            "web.vmx",
            b".encoding = \"UTF-8\"\nconfig.version = \"8\"\nscsi0.present = \"TRUE\"\n",
            3,
            "expected a Xen guest's (xl.cfg); use vmx2libvirt",
        ),
        (
            "disk.qcow2",
            b"QFI\xfb\0\0\0\x03\0\0\0\0",
            3,
            "a virtual disk (qcow2 image)",
        ),
        ("nul.cfg", b"name = \"a\"\n\0\0\0\0", 3, "found a NUL byte"),
        (
            "empty.cfg",
            b"",
            3,
            "file has no settings, expected lines such as",
        ),
        (
            "list.json",
            b"{\"config\": {\"c_info\": 1}}",
            3,
            "found JSON",
        ),
    ];
    for (name, bytes, code, part) in cases {
        let place = Place::new();
        place.write(name, bytes);
        let before = place.state();
        let run = place.run(&[name, "--output", "x.xml"]);
        assert_eq!(run.code, Some(code), "{name}: {}", run.err);
        assert!(
            run.err.starts_with(&format!("xen2kvm: {name}: ")),
            "{}",
            run.err
        );
        assert!(run.err.contains(part), "{name}: {}", run.err);
        assert!(place.state() == before, "{name}");
    }
}

#[test]
fn python_code_is_refused_by_line_and_nothing_is_written() {
    let place = Place::new();
    place.write(
        "code.cfg",
        format!("import os\n{WEB01_CFG}extra = os.uname()[4]\n"),
    );
    let before = place.state();
    let run = place.run(&["code.cfg", "--output", "x.xml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{}", run.err);
    assert!(run.tells("blocker", "config-code"), "{}", run.err);
    for part in ["import os", "os.uname()[4]"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    assert!(place.state() == before);
    let ignored = place.run(&["--ignore", "config-code", "code.cfg"]);
    assert_eq!(ignored.code, Some(2), "{}", ignored.err);
}

#[test]
fn half_a_list_is_told() {
    let place = Place::new();
    place.write("half.cfg", WEB01_CFG.replace("br0\" ]", "br0\""));
    let run = place.run(&["half.cfg"]);
    assert!(run.tells("warn", "config-unreadable-line"), "{}", run.err);
    assert!(
        run.err.contains("the list of vif has no closing bracket"),
        "{}",
        run.err
    );
    assert!(!run.out.contains("<interface"), "{}", run.out);
}

#[test]
fn a_file_larger_than_any_domain() {
    let place = Place::new();
    for (name, start, limit) in [("huge.xml", "<", 16 << 20), ("huge.cfg", "#", 1 << 20)] {
        let path = place.write(name, start);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(1 << 40).unwrap();
        let run = place.run(&[name]);
        assert_eq!(run.code, Some(1), "{}", run.err);
        let text =
            format!("xen2kvm: {name}: file has 1099511627776 bytes, expected at most {limit}");
        assert!(run.err.starts_with(&text), "{}", run.err);
    }
}

#[test]
fn files_that_are_not_there() {
    let place = Place::new();
    place.check_refuses(
        &["none.xml"],
        1,
        "none.xml: cannot open: No such file or directory (os error 2)",
    );
    place.write("vms/web.xml", WEB01);
    place.check_refuses(
        &["vms"],
        1,
        "vms: is a directory, expected a file; name the domain's file inside",
    );
    place.check_refuses(
        &["-q"],
        2,
        "no FILE; name a domain's XML or a configuration of xl, or - for standard input",
    );
    place.check_refuses(
        &["web01.xml", "b.xml"],
        2,
        "b.xml: a second FILE; use --out-dir DIR to convert several",
    );
    place.check_usage(&[], "Usage: xen2kvm");
    place.check_usage(&["--frobnicate"], "unexpected argument '--frobnicate'");
    place.check_usage(&["--diff", "--explain", "web01.xml"], "cannot be used with");
}

/// Each prefix of a file is a file somebody's copy was cut to: a domain with findings, or an error, and no crash.
#[test]
fn a_truncated_file_is_told_or_refused() {
    let place = Place::new();
    for (name, text) in [("cut.xml", WEB01), ("cut.cfg", WEB01_CFG)] {
        for len in (0..text.len()).step_by(41) {
            place.write(name, &text[..len]);
            let run = place.run(&[name]);
            assert!(
                matches!(run.code, Some(0 | 1 | 3)),
                "{len}: {:?} {}",
                run.code,
                run.err
            );
            assert!(!run.err.contains("panicked"), "{}", run.err);
            if name == "cut.xml" {
                assert_ne!(run.code, Some(0), "{len}");
            }
        }
    }
}

#[test]
fn more_than_anybody_has() {
    let place = Place::new();
    let disk = "    <disk type='file' device='disk'><driver name='file'/><source file='/i/a.img'/><target dev='xvda' bus='xen'/></disk>\n";
    let disks = format!("<devices>\n{}", disk.repeat(5_000));
    place.write("disks.xml", WEB01.replace("<devices>\n", &disks));
    let run = place.run(&["-q", "disks.xml"]);
    assert!(matches!(run.code, Some(0 | 3)), "{:?}", run.code);
    assert!(!run.err.contains("panicked"));
}

#[test]
fn a_blocker_leaves_an_existing_file_alone_and_is_shown_all_the_same() {
    let place = Place::new();
    place.write("code.cfg", format!("import os\n{WEB01_CFG}"));
    place.write("kvm.xml", "mine");
    let run = place.run(&["code.cfg", "--explain", "--output", "kvm.xml", "--force"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.out.contains(" memory "), "{}", run.out);
    assert_eq!(place.read("kvm.xml"), "mine");
}

#[test]
fn some_blockers_can_be_overruled_and_others_not() {
    let place = Place::new();
    let path = place.path("gone.img").display().to_string();
    place.write(
        "web01.xml",
        WEB01.replace("/var/lib/xen/images/web01.img", &path),
    );
    let run = place.run(&["web01.xml"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.tells("blocker", "disk-file-missing"), "{}", run.err);
    place.check_refuses(
        &["--ignore", "disk-file-missing", "web01.xml"],
        2,
        "--ignore disk-file-missing: this is no blocker that can be overruled",
    );
    place.check_usage(
        &["--ignore", "Disk missing", "web01.xml"],
        "is not kebab-case",
    );
    place.convert(&["--ignore", "vtpm-state-lost", "web01.cfg"]);
    place.convert(&["--allow-tpm", "web01.cfg"]);
}

#[test]
fn warnings_can_be_taken_seriously() {
    let place = Place::new();
    let run = place.run(&["--fail-on", "warn", "web01.xml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{}", run.err);
    let run = place.run(&["--strict", "web01.xml"]);
    assert_eq!(run.code, Some(5), "{}", run.err);
    assert!(run.out.starts_with("<domain "), "it is done all the same");
}
