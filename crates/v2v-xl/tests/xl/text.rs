//! The syntax, one rule at a time.

use v2v_xl::{Operator, ProblemKind, Value};

use crate::{parse, problems};

/// `text` has these settings, printed, and no problems.
#[track_caller]
fn reads(text: impl AsRef<[u8]>, expected: &[&str]) {
    let config = parse(text);
    let entries: Vec<String> = config.entries().iter().map(ToString::to_string).collect();
    assert_eq!(entries, expected);
    assert_eq!(problems(&config), [""; 0]);
}

/// `text` has these settings and these problems.
#[track_caller]
fn odd(text: impl AsRef<[u8]>, entries: &[&str], expected: &[&str]) {
    let config = parse(text);
    let found: Vec<String> = config.entries().iter().map(ToString::to_string).collect();
    assert_eq!(found, entries);
    assert_eq!(problems(&config), expected);
}

#[test]
fn strings() {
    reads("a = 'x'\nb = \"y\"", &["a = \"x\"", "b = \"y\""]);
    reads("a=''\nb=\"\"", &["a = \"\"", "b = \"\""]);
    reads(
        "a = 'it is \"quoted\"' # and 'this' is not",
        &[r#"a = "it is \"quoted\"""#],
    );
    reads(
        "a = \"no # comment; no end\"",
        &["a = \"no # comment; no end\""],
    );
    reads("a = '位置'", &["a = \"位置\""]);
}

#[test]
fn strings_in_three_quotes() {
    reads(
        r#"disk = [ """phy:/dev/HostVG/XenGuest'",hdb,w""" ]"#,
        &[r#"disk = [ "phy:/dev/HostVG/XenGuest'\",hdb,w" ]"#],
    );
    reads("a = '''one\ntwo'''\nb = 1", &["a = \"one\\ntwo\"", "b = 1"]);
    reads("a = \"\"\"\"\"\"", &["a = \"\""]);
    let config = parse("a = '''1\n2\n3'''\nb = 1");
    assert_eq!(
        (config.entries()[0].line(), config.entries()[1].line()),
        (1, 4)
    );
}

#[test]
fn escapes_of_both_programs() {
    let config = parse(r#"a = "\\ \' \" \a\b\f\n\r\t\v""#);
    assert_eq!(
        config.get("a").unwrap().value().text(),
        Some("\\ ' \" \x07\x08\x0c\n\r\t\x0b")
    );
    assert_eq!(problems(&config), [""; 0]);
    // QEMU wants a backslash before the colon of a port, and the text two for it.
    reads(
        r#"d = "rbd:p/i:mon_host=h\\:6321\\;g""#,
        &[r#"d = "rbd:p/i:mon_host=h\\:6321\\;g""#],
    );
}

#[test]
fn escapes_that_differ() {
    let message = |escape: &str| {
        format!(
            "line 1: found `{escape}` in a string, which xl and xm read differently; it was read as xm does"
        )
    };
    for (text, value, escape) in [
        (r"C:\data", "C:\\data", r"\d"),
        (r"\x41\x2", "A\\x2", r"\x41"),
        (r"\101b", "Ab", r"\101"),
        (r"\1", "\u{1}", r"\1"),
        (r"\xzz", "\\xzz", r"\x"),
    ] {
        let config = parse(format!("a = '{text}'"));
        assert_eq!(
            config.get("a").unwrap().value().text(),
            Some(value),
            "{text}"
        );
        assert_eq!(problems(&config), [message(escape)], "{text}");
    }
    let config = parse(r"a = '\xce\xbb'");
    assert_eq!(config.get("a").unwrap().value().text(), Some("λ"));
}

#[test]
fn numbers() {
    for (text, value) in [
        ("512", 512),
        ("0", 0),
        ("0x200", 512),
        ("0xFF", 255),
        ("01000", 512),
        ("-3600", -3600),
        ("- 1", -1),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        let config = parse(format!("a = {text}"));
        assert_eq!(
            config.get("a").unwrap().value().number(),
            Some(value),
            "{text}"
        );
        let Value::Number(number) = config.get("a").unwrap().value().clone() else {
            panic!("{text} is no number");
        };
        assert_eq!(number.text, text.replace(' ', ""));
    }
    let config = parse("a = '0x10'\nb = ' 7 '\nc = 'x'\nd = []");
    let number = |key| config.get(key).unwrap().value().number();
    assert_eq!(
        (number("a"), number("b"), number("c"), number("d")),
        (Some(16), Some(7), None, None)
    );
}

#[test]
fn no_numbers() {
    for text in [
        "512MB",
        "08",
        "0x",
        "0xfg",
        "9223372036854775808",
        "1_000",
        "-",
        "12345678901234567890123",
    ] {
        let config = parse(format!("a = {text}\nb = 1"));
        assert_eq!(config.entries().len(), 1, "{text}");
        assert_eq!(config.problems().len(), 1, "{text}");
        assert!(
            config.problems()[0].is_loss() && !config.problems()[0].is_code(),
            "{text}"
        );
    }
    odd(
        "memory = 512MB\nb = 1",
        &["b = 1"],
        &["line 1: found `512MB`, expected a whole number or a string in quotes"],
    );
}

#[test]
fn lists() {
    reads(
        "a = []\nb = [ ]\nc = [\n]",
        &["a = [ ]", "b = [ ]", "c = [ ]"],
    );
    reads("a = [ 'x', 1, \"y\" ]", &["a = [ \"x\", 1, \"y\" ]"]);
    reads("a = [ 'x',\n      'y',\n]", &["a = [ \"x\", \"y\" ]"]);
    reads(
        "a = [\n# one\n'x' # two\n#'y',\n, 'z'\n\n]",
        &["a = [ \"x\", \"z\" ]"],
    );
    reads(
        "v = [ [ 'pnode=0', 'size=1' ], [ 'pnode=1', ], [] ]",
        &["v = [ [ \"pnode=0\", \"size=1\" ], [ \"pnode=1\" ], [ ] ]"],
    );
    let config = parse("\na = [ 'x',\n'y',\n\n] # end\nb = 1");
    let lines: Vec<_> = config
        .entries()
        .iter()
        .map(|entry| (entry.line(), entry.last_line()))
        .collect();
    assert_eq!(lines, [(2, 5), (6, 6)]);
}

#[test]
fn lines() {
    reads("a = 1; b = 2;c=3;", &["a = 1", "b = 2", "c = 3"]);
    reads(";;a = 1\n;\n", &["a = 1"]);
    reads(
        "\u{feff}a = 1\r\nb = [ 'x',\r\n 'y' ]\r\n\r\n# c\r\n",
        &["a = 1", "b = [ \"x\", \"y\" ]"],
    );
    reads("  a=1\n\tb\t=\t2", &["a = 1", "b = 2"]);
    reads("a = \\\n 1\nb = 'x\\\ny'", &["a = 1", "b = \"xy\""]);
    reads("# только комментарий\na = 1 # последний", &["a = 1"]);
    reads(b"# caf\xe9 in Latin-1\na = 1".as_slice(), &["a = 1"]);
    reads("_a1 = 1\nMemory = 2", &["_a1 = 1", "Memory = 2"]);
    // A word of Python may be a key.
    reads("print = 1", &["print = 1"]);
}

#[test]
fn the_last_assignment_counts() {
    let config =
        parse("extra = 'root=/dev/xvda1'\nmemory = 1\nextra=\"console=hvc0\"\nmemory = 1\n");
    assert_eq!(
        config.get("extra").unwrap().value().text(),
        Some("console=hvc0")
    );
    assert_eq!(config.entries().len(), 4);
    let counts: Vec<bool> = config
        .entries()
        .iter()
        .map(|entry| config.counts(entry.id()))
        .collect();
    assert_eq!(counts, [false, false, true, true]);
    assert_eq!(
        problems(&config),
        [
            "line 1: the key is assigned again in line 3, with another value; the last counts",
            "line 2: the key is assigned again in line 4, with the same value; the last counts",
        ]
    );
    let ProblemKind::Duplicate { id, by, equal, .. } = config.problems()[0].kind else {
        panic!("no duplicate");
    };
    assert_eq!((id.index(), by.index(), equal), (0, 2, false));
    assert!(!config.problems()[0].is_loss());
}

#[test]
fn additions() {
    let config = parse(
        "disk = [ 'a' ]\ndisk += [ 'b', 'c' ]\nextra = 'x'\nextra += ' y'\nvif += [ 'new' ]\n",
    );
    assert_eq!(problems(&config), [""; 0]);
    assert_eq!(
        config.value("disk").unwrap().to_string(),
        "[ \"a\", \"b\", \"c\" ]"
    );
    assert_eq!(config.value("extra").unwrap().text(), Some("x y"));
    assert_eq!(config.value("vif").unwrap().list().unwrap().len(), 1);
    assert_eq!(config.value("none"), None);
    assert_eq!(config.get("disk").unwrap().id().index(), 0);
    assert_eq!(config.entries()[1].operator(), Operator::Append);
    assert!(
        config
            .entries()
            .iter()
            .all(|entry| config.counts(entry.id()))
    );

    let config = parse("a = [ 'x' ]\na += [ 'y' ]\na = [ 'z' ]\na += [ 'w' ]");
    assert_eq!(config.value("a").unwrap().to_string(), "[ \"z\", \"w\" ]");
    assert_eq!(config.problems().len(), 2);

    odd(
        "a = [ 'x' ]\na += 'y'\nb = 1\nb += 1\n",
        &["a = [ \"x\" ]", "b = 1"],
        &[
            "line 2: `+=` does not fit a of line 1, expected a list for a list or a string for a string; nothing was added",
            "line 4: `+=` does not fit b of line 3, expected a list for a list or a string for a string; nothing was added",
        ],
    );
}

#[test]
fn unreadable_lines_are_skipped() {
    let setting = |text: &str| format!("line 2: found `{text}`, expected `key = value`");
    for line in [
        "install-method = debootstrap",
        "memory 512",
        "memory: 512",
        "= 1",
        "[ 'x' ]",
        "'doc'",
        "512",
        "ключ = 1",
        "&",
        "]",
    ] {
        odd(
            format!("a = 1\n{line}\nb = 2"),
            &["a = 1", "b = 2"],
            &[&setting(line)],
        );
    }
    odd(
        "a = 1\nb =\nc = 2",
        &["a = 1", "c = 2"],
        &["line 2: found `b =`, expected a string in quotes, a number or a list"],
    );
    odd(
        "k = /boot/vmlinuz\nc = 2",
        &["c = 2"],
        &["line 1: found `k = /boot/vmlinuz`, expected a string in quotes, a number or a list"],
    );
    odd(
        "a = 'x' 'y'\nc = 2",
        &["c = 2"],
        &["line 1: found `a = 'x' 'y'`, expected the end of the line, a comment or `;`"],
    );
    odd(
        "a = 'x\nc = 2",
        &["c = 2"],
        &["line 1: found `a = 'x`, expected a closing quote in the same line"],
    );
    odd(
        "a = 1\nb = '''x\nc = 2",
        &["a = 1"],
        &["line 2: found `b = '''x`, expected a closing quote in the same line"],
    );
}

#[test]
fn half_a_list_is_not_read() {
    let open =
        |key: &str| format!("line 1: the list of {key} has no closing bracket and was not read");
    odd("disk = [ 'a', 'b'", &[], &[&open("disk")]);
    odd("disk = [ 'a',\n# 'b' ]\n", &[], &[&open("disk")]);
    odd("disk = [", &[], &[&open("disk")]);
    odd("v = [ [ 'a' ]\n", &[], &[&open("v")]);
    odd(
        "disk = [ 'a',\nname = 'x'\nvif = [ '' ]",
        &["name = \"x\"", "vif = [ \"\" ]"],
        &[&open("disk")],
    );
    odd(
        "disk = [ 'a'\n  name += 'x'",
        &["name += \"x\""],
        &[&open("disk")],
    );
    odd(
        "disk = [ 'a'\nvif = [ 'b'\nname = 'x'",
        &["name = \"x\""],
        &[
            &open("disk"),
            "line 2: the list of vif has no closing bracket and was not read",
        ],
    );
}

#[test]
fn a_broken_list_is_not_read() {
    odd(
        "disk = [ 'a'\n 'b',\n]\nname = 'x'",
        &["name = \"x\""],
        &["line 1: the list of disk was not read: found `'b',` in line 2, expected `,` or `]`"],
    );
    odd(
        "disk = [ 'a\n, 'b' ]\nname = 'x'",
        &["name = \"x\""],
        &[
            "line 1: the list of disk was not read: found `disk = [ 'a` in line 1, expected a closing quote in the same line",
        ],
    );
    odd(
        "disk = [ , 'b',\n 'c' ]\nname = 'x'",
        &["name = \"x\""],
        &[
            "line 1: the list of disk was not read: found `disk = [ , 'b',` in line 1, expected a string in quotes, a number or a list",
        ],
    );
    odd(
        "disk = [ 'b' ] 'c'\nname = 'x'",
        &["name = \"x\""],
        &[
            "line 1: the list of disk was not read: found `disk = [ 'b' ] 'c'` in line 1, expected the end of the line, a comment or `;`",
        ],
    );
    odd(
        "disk = [ 'b', 12ab ]\nname = 'x'",
        &["name = \"x\""],
        &[
            "line 1: the list of disk was not read: found `disk = [ 'b', 12ab ]` in line 1, expected a whole number or a string in quotes",
        ],
    );
    // The rest of a broken list is no setting, and a setting behind it is.
    odd(
        "disk = [ 'b' 'c',\n'd'\nname = 'x'",
        &["name = \"x\""],
        &[
            "line 1: the list of disk was not read: found `disk = [ 'b' 'c',` in line 1, expected `,` or `]`",
        ],
    );
}

#[test]
fn python_is_code() {
    for line in [
        "import os",
        "from os import path",
        "def f(x): return x",
        "if x: a = 2",
        "for i in range(3): pass",
        "print('hello')",
        "exec 'x'",
        "f()",
        "os.environ['x'] = 'y'",
        "x, y = 1, 2",
        "disk[0] = 'x'",
        "arch = os.uname()[4]",
        "name = hostname",
        "disk = disks",
        "name = 'a' + 'b'",
        "name = 'web%d' % vmid",
        "name = 'x'.upper()",
        "memory = 512 * 2",
        "memory = 1 if x else 2",
        "memory = -x",
        "vif = [ 'a' ] * 2",
        "vif = [ 'a' + mac ]",
        "vif = [ 'a' for i in x ]",
        "vif = [ mac ]",
        "vif = [ f('x') ]",
        "vif = ('a', 'b')",
        "vif = { 'a': 1 }",
        "kernel = u'x'",
        "kernel = r'x'",
        "x = lambda: 1",
        "x = None",
    ] {
        let config = parse(format!("a = 1\n{line}\nb = 2"));
        let entries: Vec<String> = config.entries().iter().map(ToString::to_string).collect();
        assert_eq!(entries, ["a = 1", "b = 2"], "{line}");
        let message = format!(
            "line 2: found Python code, `{line}`, expected a plain value; it is not executed"
        );
        assert_eq!(problems(&config), [message], "{line}");
        assert_eq!(config.code().count(), 1, "{line}");
    }
}

#[test]
fn blocks_of_code_hold_no_settings() {
    let text = "import os, re\narch = os.uname()[4]\nif re.search('64', arch):\n    memory = 512\n    disk = [ 'a',\n  'b' ]\n\nelse:\n\
                \tmemory = 256\nname = 'x'\nvif = [ f(\n 'mac',\n 1), ]\nd = dict(\n  a = 1\n)\nvcpus = 1\n";
    let config = parse(text);
    let keys: Vec<&str> = config.entries().iter().map(|entry| entry.key()).collect();
    assert!(keys.contains(&"name") && keys.contains(&"vcpus"));
    assert!(!keys.contains(&"memory") && !keys.contains(&"disk") && !keys.contains(&"vif"));
    let lines: Vec<u64> = config.code().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 8, 9, 11, 14]);
}

#[test]
fn python_constants_are_numbers() {
    odd(
        "vnc = True\nsdl = False\n",
        &["vnc = 1", "sdl = 0"],
        &[
            "line 1: found Python's True, expected a number; it was read as 1",
            "line 2: found Python's False, expected a number; it was read as 0",
        ],
    );
}

#[test]
fn values_that_are_not_utf8() {
    let config = parse(b"name = 'caf\xe9'\n".as_slice());
    assert_eq!(
        config.get("name").unwrap().value().text(),
        Some("caf\u{fffd}")
    );
    assert_eq!(problems(&config), ["line 1: the value is not UTF-8"]);
}

#[test]
fn passwords_are_not_in_messages() {
    for text in [
        "vncpasswd = 'secret\na = 1",
        "vncpasswd = 'secret' x\na = 1",
        "vfb = [ 'vnc=1,vncpasswd=secret' 'x' ]\na = 1",
        "vfb = [ 'vncpasswd=secret' % x ]\na = 1",
        "spicepasswd = secret\na = 1",
    ] {
        let config = parse(text);
        assert_eq!(config.problems().len(), 1);
        assert!(
            !problems(&config)[0].contains("secret"),
            "{:?}",
            problems(&config)
        );
        assert!(!format!("{config:?}").contains("secret"));
    }
    // The value itself is there for who asks for it, and debug output does not show it.
    let config = parse("vfb = [ 'vncpasswd=secret' ]\nvncpasswd = 'secret'");
    assert!(!format!("{config:?}").contains("secret"));
    assert!(config.to_string().contains("secret"));
}
