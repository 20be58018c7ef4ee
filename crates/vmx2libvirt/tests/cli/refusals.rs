//! What is refused, with which exit status, and what the line says: file, place, found, expected, what to do.

use crate::place::{Place, WEB01};

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
fn files_that_are_no_configuration() {
    check(
        "disk.vmdk",
        [&b"KDMV"[..], &[0; 508]].concat(),
        3,
        "offset 0: found \"KDMV\", a virtual disk (sparse extent), expected a virtual machine's configuration (.vmx); use \
         vmdk2qcow2 for the disk and give the .vmx here",
    );
    check(
        "disk.vmx",
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"vmfs\"\n",
        3,
        "line 1: found a virtual disk's descriptor (.vmdk), expected a virtual machine's configuration (.vmx); use \
         vmdk2qcow2 for the disk and give the .vmx here",
    );
    check(
        "web.xml",
        "<domain type='kvm'/>",
        3,
        "offset 0: found XML, expected a virtual machine's configuration (.vmx) with lines of `key = \"value\"`",
    );
    check(
        "program",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0",
        3,
        "offset 0: found an ELF program, expected a text file with lines of `key = \"value\"`",
    );
    check(
        "empty.vmx",
        "",
        3,
        "file is empty, expected lines such as `displayName = \"web01\"`",
    );
    check(
        "letter.vmx",
        "Dear VMware,\nplease start.\n",
        3,
        "line 1: found \"Dear VMware,\", expected `key = \"value\"`; no line of the file has that form",
    );
}

#[test]
fn a_configuration_that_is_encrypted_as_a_whole() {
    check(
        "secret.vmx",
        ".encoding = \"UTF-8\"\ndisplayName = \"x\"\nencryption.keySafe = \"vmware:key/list\"\nencryption.data = \"abc\"\n",
        3,
        "line 4: encryption.data is all there is: the configuration is encrypted as a whole; remove the virtual \
         machine's encryption in VMware (Settings, Options, Access Control) first",
    );
}

#[test]
fn a_file_larger_than_any_configuration() {
    let place = Place::new();
    let path = place.write("huge.vmx", "");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(1 << 40).unwrap();
    let text = "file has 1099511627776 bytes, expected at most 16777216; a .vmx has some kilobytes";
    place.check_refuses(&["huge.vmx"], 1, &format!("huge.vmx: {text}"));
    let run = place.pipe(&["-"], &vec![b'#'; (16 << 20) + 4096]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.err,
        "vmx2libvirt: standard input: file has 16777217 bytes, expected at most 16777216; a .vmx has some kilobytes\n"
    );
}

#[test]
fn files_that_are_not_there() {
    let place = Place::new();
    place.check_refuses(
        &["none.vmx"],
        1,
        "none.vmx: cannot open: No such file or directory (os error 2)",
    );
    place.write("web.vmwarevm/web.vmx", WEB01);
    place.check_refuses(
        &["web.vmwarevm"],
        1,
        "web.vmwarevm: is a directory, expected a file; name the .vmx inside",
    );
    place.check_refuses(
        &["--allow-path", "none", "web01.vmx"],
        1,
        "--allow-path none: cannot open: No such file or directory (os error 2)",
    );
    place.check_refuses(&["-q"], 2, "no FILE; name a .vmx, or - for standard input");
    place.check_refuses(
        &["web01.vmx", "b.vmx"],
        2,
        "b.vmx: a second FILE; use --out-dir DIR to translate several",
    );
    place.check_usage(&[], "Usage: vmx2libvirt");
    place.check_usage(&["--frobnicate"], "unexpected argument '--frobnicate'");
}

/// Each prefix of a file is a file somebody's copy was cut to: a domain with findings, or an error, and no crash.
#[test]
fn a_truncated_file_is_told_or_refused() {
    let place = Place::new();
    for len in (1..WEB01.len()).step_by(37) {
        place.write("cut.vmx", &WEB01[..len]);
        let run = place.run(&["-q", "cut.vmx"]);
        assert!(
            matches!(run.code, Some(0 | 3)),
            "{len}: {:?} {}",
            run.code,
            run.err
        );
        assert!(!run.err.contains("panicked"), "{}", run.err);
        assert!(!run.err.is_empty(), "{len}");
    }
}

#[test]
fn values_that_make_no_vm() {
    for (line, id) in [
        ("memsize = \"lots\"", "setting-bad-value"),
        ("memsize = \"17592186044416\"", "memory-size"),
        ("memsize = \"0\"", "memory-size"),
        ("numvcpus = \"two\"", "setting-bad-value"),
    ] {
        let place = Place::new();
        let key = line.split(' ').next().unwrap();
        let others = WEB01.lines().filter(|line| !line.starts_with(key));
        let text: String = others
            .chain([line])
            .map(|line| format!("{line}\n"))
            .collect();
        place.write("web01.vmx", text);
        let run = place.run(&["web01.vmx"]);
        assert!(matches!(run.code, Some(0 | 3)), "{line}: {}", run.err);
        assert!(
            run.err.contains(&format!(": {id}: ")),
            "{line}: {}",
            run.err
        );
    }
}

#[test]
fn more_than_anybody_has() {
    let place = Place::new();
    let nics: String = (0..10_000)
        .map(|n| format!("ethernet{n}.present = \"TRUE\"\nethernet{n}.networkName = \"net{n}\"\n"))
        .collect();
    place.write("nics.vmx", format!("{WEB01}{nics}"));
    let long = "k".repeat(1 << 20);
    place.write(
        "long.vmx",
        format!("{WEB01}{long} = \"1\"\nannotation = \"{long}\"\n"),
    );
    for file in ["nics.vmx", "long.vmx"] {
        let run = place.run(&["-q", file]);
        assert!(matches!(run.code, Some(0 | 3)), "{file}: {:?}", run.code);
        assert!(!run.err.contains("panicked"), "{file}");
    }
}

#[test]
fn all_blockers_are_told_before_it_is_refused() {
    let place =
        Place::with("checkpoint.vmState = \"web01.vmss\"\nscsi0:0.redo = \"web01.vmdk.REDO_a1\"\n");
    let run = place.run(&["web01.vmx", "--output", "web01.xml"]);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{}", run.err);
    assert!(run.tells("blocker", "vm-suspended"), "{}", run.err);
    assert!(run.tells("blocker", "disk-redo-pending"), "{}", run.err);
    assert!(!place.path("web01.xml").exists());
    let to_stdout = place.run(&["web01.vmx"]);
    assert_eq!((to_stdout.code, to_stdout.out.as_str()), (Some(3), ""));
}

#[test]
fn some_blockers_can_be_overruled() {
    let place = Place::with("scsi0:0.redo = \"web01.vmdk.REDO_a1\"");
    assert_eq!(place.run(&["web01.vmx"]).code, Some(3));
    let run = place.convert(&["--ignore", "disk-redo-pending", "web01.vmx"]);
    assert!(run.tells("warn", "disk-redo-pending"), "{}", run.err);
    assert!(run.out.starts_with("<domain "), "{}", run.out);
}

#[test]
fn other_blockers_can_not_be_overruled() {
    let place = Place::with("checkpoint.vmState = \"web01.vmss\"");
    place.check_refuses(
        &["--ignore", "vm-suspended", "web01.vmx"],
        2,
        "--ignore vm-suspended: this is no blocker that can be overruled",
    );
    place.check_usage(
        &["--ignore", "VM suspended", "web01.vmx"],
        "is not kebab-case",
    );
}

#[test]
fn a_lost_tpm_state_may_be_accepted() {
    let place = Place::with("vtpm.present = \"TRUE\"");
    let run = place.run(&["--allow-tpm", "web01.vmx"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.tells("warn", "vtpm-state-lost"), "{}", run.err);
    let ignored = place.run(&["--ignore", "vtpm-state-lost", "web01.vmx"]);
    assert_eq!(ignored.err, run.err);
}

#[test]
fn warnings_can_be_taken_seriously() {
    let place = Place::new();
    let run = place.run(&["--fail-on", "warn", "web01.vmx"]);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{}", run.err);
    let run = place.run(&["--strict", "web01.vmx"]);
    assert_eq!(run.code, Some(5), "{}", run.err);
    assert!(run.out.starts_with("<domain "), "it is done all the same");
}
