//! Files that are no configuration, and those that want too much.

use std::time::{Duration, Instant};

use v2v_xl::{Affinity, Config, Error, Guest, ParseOptions};

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) -> Error {
    let error = Config::parse(bytes.as_ref(), &ParseOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    error
}

#[test]
fn nothing_to_read() {
    for text in ["", "\n\r\n", "\u{feff} ", "# only a comment", ";\n;"] {
        let error = check(
            text,
            "file has no settings, expected lines such as `name = \"web01\"`",
        );
        assert_eq!(error, Error::Empty);
    }
    check(
        "\n# a note\nDear all,\nplease reboot\n",
        "line 3: found `Dear all,`, expected `key = value`; no line of the file has that form",
    );
}

#[test]
fn other_texts() {
    check(
        "\n<domain type='xen'/>",
        "offset 1: found XML, expected xl.cfg lines of `key = value`; this is XML: give it as it is, without asking for xl or xm",
    );
    check(
        "(domain\n (domid 1)\n (name web01))",
        "offset 0: found xend's internal form (SXP), expected xl.cfg lines of `key = value`; give the file the guest was \
         created from, or the output of `virsh dumpxml`",
    );
    check(
        "{ \"c_info\": {} }",
        "offset 0: found JSON, expected xl.cfg lines of `key = value`; give the file the guest was created from, or the \
         output of `virsh dumpxml`",
    );
    check(
        ".encoding = \"UTF-8\"\nconfig.version = \"8\"\n",
        "line 1: found a VMware configuration (.vmx), expected a Xen guest's (xl.cfg); use vmx2libvirt",
    );
    check(
        "#!/usr/bin/vmware\nconfig.version = \"8\"\nmemsize = \"512\"\n",
        "line 2: found a VMware configuration (.vmx), expected a Xen guest's (xl.cfg); use vmx2libvirt",
    );
}

#[test]
fn binaries() {
    check(
        b"KDMV\x01\0\0\0",
        "offset 0: found \"KDMV\", a virtual disk (VMDK, sparse extent), expected a Xen guest's configuration (xl.cfg)",
    );
    check(
        b"QFI\xfb\0\0\0\x03",
        "offset 0: found \"QFI\u{fffd}\", a virtual disk (qcow2 image), expected a Xen guest's configuration (xl.cfg)",
    );
    for (bytes, offset, what) in [
        (&b"\x7fELF\x02\x01\x01\0"[..], 0, "an ELF program"),
        (b"\x1f\x8b\x08\0", 0, "a gzip archive"),
        (b"PK\x03\x04\x14\0", 0, "a zip archive"),
        (b"name = 'x'\n\0\0", 11, "a NUL byte"),
        (b"disk = [ 'a\0b' ]", 11, "a NUL byte"),
    ] {
        check(
            bytes,
            &format!(
                "offset {offset}: found {what}, expected a text file with lines of `key = value`"
            ),
        );
    }
    check(
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\n",
        "offset 0: found \"# Disk\", a virtual disk (VMDK, descriptor), expected a Xen guest's configuration (xl.cfg)",
    );
    check(
        b"\xff\xfen\0a\0",
        "offset 0: found UTF-16 text, expected UTF-8; save the file as UTF-8",
    );
}

/// A key may begin as a binary does.
#[test]
fn keys_like_magic_numbers() {
    for key in ["vhdxfile", "conectix", "KDMV", "MZ", "PK"] {
        assert_eq!(crate::parse(format!("{key} = 1\n")).entries().len(), 1);
    }
}

#[test]
fn too_much() {
    let deep = |count: usize| format!("a = {}{}", "[".repeat(count), "]".repeat(count));
    assert!(Config::parse(deep(64).as_bytes(), &ParseOptions::default()).is_ok());
    let message =
        "line 1: found more than 64 lists inside each other, expected at most two as in vnuma";
    check(deep(65), message);
    check(deep(100_000), message);
    check("a = ".to_owned() + &"[".repeat(100_000), message);
    check(
        format!("a = {}", "[\n".repeat(100_000)),
        "line 65: found more than 64 lists inside each other, expected at most two as in vnuma",
    );

    let key = "k".repeat(1 << 20);
    check(
        format!("{key} = 1"),
        "file has 1048580 bytes, expected at most 1048576; a guest's configuration has some kilobytes",
    );
    let options = ParseOptions {
        max_bytes: 1 << 30,
        ..ParseOptions::default()
    };
    let error = Config::parse(format!("a = 1\n{key} = 1").as_bytes(), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: found a key of 1048576 bytes, expected at most 256"
    );

    check(
        "a = 1\n".repeat(10_001),
        "line 10001: more than 10000 settings; a guest's configuration has fewer than a hundred",
    );
    check(
        format!("a = [ {} ]", "1,".repeat(100_001)),
        "line 1: more than 100000 list items; a guest's configuration has fewer than a hundred",
    );
    check(
        "x y\n".repeat(10_001),
        "line 10001: more than 10000 problems; a guest's configuration has fewer than a hundred",
    );
}

/// Shapes that a careless reader would need quadratic time for.
#[test]
fn time_is_linear() {
    let limits = ParseOptions {
        max_entries: usize::MAX,
        max_items: usize::MAX,
        max_problems: usize::MAX,
        max_key_bytes: usize::MAX,
        ..ParseOptions::default()
    };
    let mut texts = Vec::new();
    for shape in [
        "a=[\n",
        "a=['x'\n",
        "a=['x',",
        "a='''\n",
        "a=\"\"\"",
        "a=[\"\"\"\n",
        "f(\n",
        "f(;",
        "a=(\n",
        "'",
        "\"\\",
        "if x:\n ",
        "a=1;",
        "a b;",
        "a+=[1]\n",
        "a+='x';",
        "x['",
        "\\\n",
        "#\n",
        " ",
        "a=[1,\n#\n",
        "[",
        "a=-",
        "a=b=",
        "class a:\n  a=[\n",
        "a=['''\n\"\"\"",
        "a=['b=1' 'c'\n",
        "]\n",
        "a=f(\nb=[",
        "é=",
    ] {
        let text = shape.repeat((1 << 20) / shape.len());
        texts.push((shape, text));
    }
    // One item as long as the file.
    for (key, shape) in [
        ("vif", "a=1,"),
        ("disk", "x,"),
        ("disk", "phy:"),
        ("cpus", "0-4095,"),
        ("serial", ","),
        ("pci", "a,"),
        ("vfb", "=,"),
    ] {
        let count = ((1 << 20) - 100) / shape.len();
        texts.push((shape, format!("{key} = [ '{}' ]", shape.repeat(count))));
    }
    for (shape, text) in texts {
        let start = Instant::now();
        if let Ok(config) = Config::parse(text.as_bytes(), &limits) {
            // Nothing here is about one key, which the view would copy.
            assert!(config.entries().len() <= 1 << 20);
            let guest = Guest::new(&config);
            assert!(guest.problems.len() <= 10_000);
            if let Some(Affinity::Each(sets)) = guest.cpu.cpus.map(|cpus| cpus.value) {
                assert_eq!(sets[0].cpus().unwrap().len(), 4096);
            }
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{shape:?} took {:?}",
            start.elapsed()
        );
    }
}
