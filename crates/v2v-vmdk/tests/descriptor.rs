//! The text descriptor from outside: what is accepted, what is refused and with which words, and what is printed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

use std::path::PathBuf;

use proptest::prelude::*;
use v2v_vmdk::descriptor::{
    Access, Cid, CreateType, Descriptor, Entry, Error, Extent, ExtentKind, Geometry, Options,
    Refusal, Text,
};

const MINIMAL: &str = "version=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"custom\"\n";

fn parse(text: impl AsRef<[u8]>) -> Result<Descriptor, Error> {
    Descriptor::parse(text.as_ref(), &Options::default())
}

/// A descriptor with these lines behind the four keys every descriptor has; they start in line 5.
fn with(lines: &str) -> Result<Descriptor, Error> {
    parse(format!("{MINIMAL}{lines}"))
}

/// The extents as short text: access, sectors, type, name, offset.
fn extents(descriptor: &Descriptor) -> Vec<String> {
    let show = |extent: &Extent| {
        let name = extent.name.as_ref().map_or("-", Text::as_str);
        let (access, kind) = (extent.access.as_str(), extent.kind.as_str());
        format!(
            "{access} {} {kind} {name} {}",
            extent.sectors, extent.offset_sectors
        )
    };
    descriptor
        .extents
        .iter()
        .map(|extent| show(extent))
        .collect()
}

fn check_extents(lines: &str, expected: &[&str]) {
    let descriptor = with(lines).unwrap_or_else(|err| panic!("{lines:?}: {err}"));
    assert_eq!(extents(&descriptor), expected, "{lines:?}");
}

fn check_rejects(text: impl AsRef<[u8]>, expected: &str) {
    let text = text.as_ref();
    match parse(text) {
        Ok(descriptor) => panic!("{}: accepted as {descriptor:?}", text.escape_ascii()),
        Err(err) => assert_eq!(err.to_string(), expected, "{}", text.escape_ascii()),
    }
}

fn check_rejects_line(line: &str, expected: &str) {
    check_rejects(format!("{MINIMAL}{line}\n"), expected);
}

#[test]
fn extents_qemu_drops_or_counts_twice_count_once() {
    check_extents(
        "RW 1024 FLAT \"a\" 0\nRW 1024 ZERO\nRW 1024 FLAT \"b\" 0\n",
        &["RW 1024 FLAT a 0", "RW 1024 ZERO - 0", "RW 1024 FLAT b 0"],
    );
    check_extents(
        "RDONLY 1024 FLAT \"a\" 0\nNOACCESS 8 FLAT \"b\" 0\nNOACCESS 8 ZERO\nNOACCESS 8 FLAT\n",
        &[
            "RDONLY 1024 FLAT a 0",
            "NOACCESS 8 FLAT b 0",
            "NOACCESS 8 ZERO - 0",
            "NOACCESS 8 FLAT - 0",
        ],
    );
    for blank in ["\n", "\n\n", "\r\n", " \t\n", "\n# comment\n\n"] {
        check_extents(
            &format!("{blank}RW 1024 FLAT \"a\" 0\n{blank}RW 1024 FLAT \"b\" 0\n{blank}"),
            &["RW 1024 FLAT a 0", "RW 1024 FLAT b 0"],
        );
    }
}

#[test]
fn extent_line_forms() {
    for line in [
        "RW 63 FLAT \"a b.vmdk\" 0",
        "rw 63 flat \"a b.vmdk\" 0",
        "Rw 63 Flat \"a b.vmdk\"",
        "\t RW\t63  FLAT \t\"a b.vmdk\"   0 \t",
        "RW 63 FLAT \"a b.vmdk\" 0\r",
        "RW 063 FLAT \"a b.vmdk\" 00 # comment",
        "RW 63 FLAT \"a b.vmdk\" # comment",
    ] {
        check_extents(line, &["RW 63 FLAT a b.vmdk 0"]);
    }
    check_extents("RW 63 FLAT ab.vmdk 7", &["RW 63 FLAT ab.vmdk 7"]);
    check_extents("RW 63 VMFS ab-flat.vmdk", &["RW 63 VMFS ab-flat.vmdk 0"]);
    check_extents("RW 63 VMFS \"ab\" 128", &["RW 63 VMFS ab 128"]);
    check_extents("RW 63 ZERO \"ignored\" 5", &["RW 63 ZERO - 0"]);
    check_extents("RW 63 ZERO 0", &["RW 63 ZERO - 0"]);
    check_extents(
        r#"RW 63 FLAT "C:\vm\a=b#c.vmdk" 0"#,
        &[r"RW 63 FLAT C:\vm\a=b#c.vmdk 0"],
    );
    for (word, kind) in [
        ("FLAT", ExtentKind::Flat),
        ("SPARSE", ExtentKind::Sparse),
        ("VMFS", ExtentKind::Vmfs),
        ("VMFSSPARSE", ExtentKind::VmfsSparse),
        ("VMFSRDM", ExtentKind::VmfsRdm),
        ("VMFSRAW", ExtentKind::VmfsRaw),
        ("SESPARSE", ExtentKind::SeSparse),
        ("VSANSPARSE", ExtentKind::VsanSparse),
    ] {
        assert_eq!(
            with(&format!("RW 1 {word} \"a\"")).unwrap().extents[0].kind,
            kind
        );
    }
    let descriptor = with("\n# x\nRW 8 FLAT \"p\" 63 12ab-34 \"disk id\"\n").unwrap();
    let extent = &descriptor.extents[0];
    assert_eq!(extent.line, 7);
    assert_eq!(extent.partition_uuid.as_ref().unwrap().as_str(), "12ab-34");
    assert_eq!(extent.device_id.as_ref().unwrap().as_str(), "disk id");
    assert_eq!(extent.offset_sectors, 63);
}

#[test]
fn wrong_extent_lines() {
    let sectors = "expected a number of sectors, at least 1";
    for (line, expected) in [
        ("RW", format!("line 5: size of the extent is \"\", {sectors}")),
        ("RW x FLAT \"a\" 0", format!("line 5: size of the extent is \"x\", {sectors}")),
        ("RW 0 FLAT \"a\" 0", format!("line 5: size of the extent is \"0\", {sectors}")),
        ("RW -1 FLAT \"a\" 0", format!("line 5: size of the extent is \"-1\", {sectors}")),
        ("RW +1 FLAT \"a\" 0", format!("line 5: size of the extent is \"+1\", {sectors}")),
        ("RW \"1\" FLAT \"a\" 0", format!("line 5: size of the extent is \"1\", {sectors}")),
        (
            "RW 18446744073709551616 FLAT \"a\" 0",
            format!("line 5: size of the extent is \"18446744073709551616\", {sectors}"),
        ),
        ("RW 1", "line 5: type of the extent is \"\", expected a word such as FLAT, SPARSE or VMFS".into()),
        ("RW 1 FLAT", "line 5: file name of the extent is \"\", expected a name in quotes".into()),
        ("RW 1 FLAT # \"a\"", "line 5: file name of the extent is \"\", expected a name in quotes".into()),
        ("RW 1 FLAT \"\" 0", "line 5: file name of the extent is \"\", expected a name without control characters".into()),
        (
            "RW 1 FLAT \"a\tb\" 0",
            "line 5: file name of the extent is \"a\\tb\", expected a name without control characters".into(),
        ),
        ("RW 1 FLAT \"a 0", "line 5: \"\\\"a 0\" has no closing quote".into()),
        (
            "RW 1 FLAT \"a\"b\" 0",
            "line 5: found \"b\\\" 0\" after the closing quote, expected the end of the line or a comment".into(),
        ),
        ("RW 1 FLAT a\"b 0", "line 5: a word of the extent is \"a\\\"b 0\", expected no quote within it".into()),
        (
            "RW 1 VMFS \"x\" trailing words",
            "line 5: offset of the extent is \"trailing\", expected a number of sectors; a name with blanks needs quotes".into(),
        ),
        (
            "RW 1 FLAT my disk.vmdk 0",
            "line 5: offset of the extent is \"disk.vmdk\", expected a number of sectors; a name with blanks needs quotes".into(),
        ),
        (
            "RW 1 FLAT \"a\" 0 uuid device more",
            "line 5: the end of the extent is \"more\", expected nothing after the device id".into(),
        ),
        (
            "RW 1 FLAT \"a\" 18014398509481983",
            "line 5: 1 sectors from sector 18014398509481983 on do not fit into a file".into(),
        ),
        (
            "RW 1 QCOW \"a\"",
            "line 5: extent type is \"QCOW\", expected FLAT, SPARSE, ZERO, VMFS, VMFSSPARSE, VMFSRDM, VMFSRAW, SESPARSE or VSANSPARSE".into(),
        ),
        ("RWX 1 FLAT \"a\" 0", "line 5: found \"RWX 1 FLAT \\\"a\\\" 0\", expected a comment, `key = value`, or an extent".into()),
    ] {
        check_rejects_line(line, &expected);
    }
    assert!(
        with("RW 1 FLAT \"a\" 18014398509481982").is_ok(),
        "the last sector of the largest file"
    );
    assert!(with("RW 1 QCOW \"a\"").unwrap_err().is_unsupported());
    check_rejects(
        MINIMAL,
        "descriptor has no extent, expected a line such as `RW 4096 FLAT \"disk-flat.vmdk\" 0`",
    );
}

#[test]
fn text_around_the_lines() {
    let lines = [
        "version=1",
        "CID=12345678",
        "parentCID=ffffffff",
        "createType=\"vmfs\"",
        "RW 8 VMFS \"a\"",
    ];
    let expected = parse(lines.join("\n")).unwrap();
    for start in [
        "",
        "\u{feff}",
        "# Disk DescriptorFile\n",
        "#Disk Descriptor File\r\n",
        "\n\n# anything\n",
        "\r\n",
    ] {
        for join in ["\n", "\r\n", " \t \n\n", "\n# comment with \"quotes = \n"] {
            for end in [
                "",
                "\n",
                "\r\n",
                "\n\n#DDB",
                "\0\0\0\0",
                "\n\0RW 9 FLAT \"hidden\" 0\n",
                "\n# \u{fffd}\u{e9}",
            ] {
                let text = format!("{start}{}{end}", lines.join(join));
                assert_eq!(parse(&text).as_ref(), Ok(&expected), "{text:?}");
            }
        }
    }
    // Any order.
    for n in 0..lines.len() {
        let mut turned = lines;
        turned.rotate_left(n);
        assert_eq!(parse(turned.join("\n")).as_ref(), Ok(&expected));
    }
    let latin1_comment = [b"# caf\xe9\n".as_slice(), lines.join("\n").as_bytes()].concat();
    assert_eq!(parse(latin1_comment), Ok(expected));
}

#[test]
fn key_forms() {
    for line in [
        "createType=\"streamOptimized\"",
        "createType = \"streamOptimized\"",
        "CREATETYPE=streamoptimized",
        "  createtype\t=  \"STREAMOPTIMIZED\"\t",
        "createType=\"streamOptimized\" # comment",
        "createType=\"streamOptimized\"#comment",
    ] {
        let text = format!(
            "version = \"1\"\n{line}\ncid = \"ABCDEF01\"\nPARENTCID=\"FFFFFFFF\"\nRW 1 SPARSE \"a\"\n"
        );
        let descriptor = parse(&text).unwrap_or_else(|err| panic!("{line}: {err}"));
        assert_eq!(*descriptor.create_type, CreateType::StreamOptimized);
        assert_eq!(descriptor.create_type.line, 2);
        assert_eq!(**descriptor.cid.as_ref().unwrap(), Cid(0xabcd_ef01));
        assert!(!descriptor.has_parent());
    }
    // Keys nobody knows are kept, whatever they hold.
    let descriptor = with(
        "RW 1 FLAT \"a\" 0\nfoo=bar\nrw = no extent\nddb.comment=\"say \"hi\" to # them\"\nddb.empty=\nddb.x = 5\" disk\n\
         ddb.path=C:\\a b\\c\n",
    )
    .unwrap();
    let show = |entries: &[v2v_vmdk::descriptor::Located<Entry>]| -> Vec<String> {
        entries
            .iter()
            .map(|e| format!("{}: {}={}", e.line, e.key, e.value.value))
            .collect()
    };
    assert_eq!(show(&descriptor.header), ["6: foo=bar", "7: rw=no extent"]);
    assert_eq!(
        show(&descriptor.ddb),
        [
            "8: ddb.comment=say \"hi\" to # them",
            "9: ddb.empty=",
            "10: ddb.x=5\" disk",
            "11: ddb.path=C:\\a b\\c"
        ]
    );
    assert_eq!(parse(descriptor.to_bytes()), Ok(descriptor));

    check_rejects_line("foo=\"bar", "line 5: \"\\\"bar\" has no closing quote");
    check_rejects_line("foo=\"", "line 5: \"\\\"\" has no closing quote");
    check_rejects_line(
        "foo=\"bar\" baz",
        "line 5: found \"baz\" after the closing quote, expected the end of the line or a comment",
    );
    check_rejects_line(
        "foo",
        "line 5: found \"foo\", expected a comment, `key = value`, or an extent",
    );
    check_rejects_line(
        "=foo",
        "line 5: found \"=foo\", expected a comment, `key = value`, or an extent",
    );
    check_rejects_line(
        "a b=foo",
        "line 5: found \"a b=foo\", expected a comment, `key = value`, or an extent",
    );
    check_rejects_line(
        "clé=1",
        "line 5: found \"clé=1\", expected a comment, `key = value`, or an extent",
    );
}

#[test]
fn wrong_values() {
    let extent = "RW 1 FLAT \"a\" 0\n";
    for (line, expected) in [
        ("version=x", "line 1: version is \"x\", expected 1 to 3"),
        (
            "version=0",
            "line 1: descriptor version is 0, expected 1 to 3",
        ),
        (
            "version=4",
            "line 1: descriptor version is 4, expected 1 to 3",
        ),
        ("CID=", "line 1: CID is \"\", expected 8 hexadecimal digits"),
        (
            "CID=123456789",
            "line 1: CID is \"123456789\", expected 8 hexadecimal digits",
        ),
        (
            "CID=+1234567",
            "line 1: CID is \"+1234567\", expected 8 hexadecimal digits",
        ),
        (
            "parentCID=none",
            "line 1: parentCID is \"none\", expected 8 hexadecimal digits",
        ),
        (
            "isNativeSnapshot=maybe",
            "line 1: isNativeSnapshot is \"maybe\", expected yes or no",
        ),
        (
            "createType=",
            "line 1: createType is \"\", expected the name of a disk type",
        ),
        (
            "createType=\"a\"b\"",
            "line 1: createType is \"a\\\"b\", expected the name of a disk type",
        ),
        (
            "encoding=\"a\"b\"",
            "line 1: encoding is \"a\\\"b\", expected the name of an encoding",
        ),
        (
            "parentFileNameHint=\"a\u{7}\"",
            "line 1: parentFileNameHint is \"a\\u{7}\", expected a path without control characters",
        ),
    ] {
        let rest = MINIMAL.replace(
            if line.starts_with("version") {
                "version=1\n"
            } else {
                ""
            },
            "",
        );
        check_rejects(format!("{line}\n{rest}{extent}"), expected);
    }
    check_rejects(
        format!("CID=1\n{extent}createType=vmfs\n"),
        "version is missing, expected a line `version=1`",
    );
    check_rejects(
        format!("version=1\n{extent}"),
        "createType is missing, expected a line `createType=\"vmfs\"`",
    );
    check_rejects(
        "",
        "createType is missing, expected a line `createType=\"vmfs\"`",
    );
    // CIDs may be missing; what that means is for the chain to decide.
    let descriptor = parse(format!("version=3\ncreateType=vmfs\n{extent}")).unwrap();
    assert_eq!(
        (
            descriptor.version.value,
            &descriptor.cid,
            &descriptor.parent_cid
        ),
        (3, &None, &None)
    );
}

#[test]
fn duplicate_keys() {
    let extent = "RW 1 FLAT \"a\" 0\n";
    let text = |line: &str| {
        format!("{MINIMAL}{extent}parentFileNameHint=\"base.vmdk\"\nencoding=utf-8\n{line}\n")
    };
    for line in [
        "version=1",
        "cid=12345678",
        "parentCID=FFFFFFFF",
        "createType=CUSTOM",
        "parentFileNameHint=base.vmdk",
    ] {
        assert_eq!(parse(text(line)), parse(text("")), "{line}");
    }
    for (line, expected) in [
        ("version=3", "version is \"3\", but line 1 says \"1\""),
        (
            "CID=12345679",
            "CID is \"12345679\", but line 2 says \"12345678\"",
        ),
        (
            "parentCID=0",
            "parentCID is \"00000000\", but line 3 says \"ffffffff\"",
        ),
        (
            "createType=vmfs",
            "createType is \"vmfs\", but line 4 says \"custom\"",
        ),
        (
            "parentFileNameHint=other.vmdk",
            "parentFileNameHint is \"other.vmdk\", but line 6 says \"base.vmdk\"",
        ),
        (
            "encoding=GBK",
            "encoding is \"GBK\", but line 7 says \"utf-8\"",
        ),
    ] {
        check_rejects(
            text(line),
            &format!("line 8: {expected}; remove the line that is wrong"),
        );
    }
    // Hints: the first one.
    let descriptor =
        with("RW 1 FLAT \"a\" 0\nddb.adapterType=\"ide\"\nDDB.ADAPTERTYPE=\"lsilogic\"\n").unwrap();
    assert_eq!(descriptor.adapter_type(), Some("ide"));
    assert_eq!(descriptor.ddb.len(), 2);
}

#[test]
fn limits() {
    let extent = "RW 1 FLAT \"a\" 0\n";
    let parse = |text: &str, options: &Options| {
        Descriptor::parse(text.as_bytes(), options).map_err(|e| e.to_string())
    };

    let mut options = Options::default();
    let text = format!("{MINIMAL}{extent}#");
    options.max_bytes = text.len();
    assert!(parse(&text, &options).is_ok());
    assert!(
        parse(&format!("{text}\0{text}"), &options).is_ok(),
        "only the text counts"
    );
    assert_eq!(
        parse(&format!("{text}#"), &options),
        Err(format!("descriptor is longer than {} bytes", text.len()))
    );

    let mut options = Options::default();
    options.max_extents = 3;
    assert!(parse(&format!("{MINIMAL}{}", extent.repeat(3)), &options).is_ok());
    assert_eq!(
        parse(&format!("{MINIMAL}{}", extent.repeat(4)), &options),
        Err("line 8: descriptor has more than 3 extents".into())
    );
    assert_eq!(
        parse(&format!("{MINIMAL}{}", "a=1\n".repeat(20000)), &options),
        Err("line 16385: descriptor has more than 16384 keys".into())
    );

    let full = 64u64 << 31;
    assert_eq!(
        with(&format!("RW {full} SPARSE \"a\"\n"))
            .unwrap()
            .total_sectors(),
        full
    );
    check_rejects_line(
        &format!("RW {full} SPARSE \"a\"\nRW 1 SPARSE \"b\""),
        "line 6: extents add up to more than 70368744177664 bytes; raise the limit if the disk is really that large",
    );
    let mut options = Options::default();
    options.max_capacity_bytes = u64::MAX;
    let lines = "RW 18014398509481983 SPARSE \"a\"\n".repeat(3);
    assert_eq!(
        parse(&format!("{MINIMAL}{lines}"), &options),
        Err(format!(
            "line 7: extents add up to more than {} bytes; raise the limit if the disk is really that large",
            u64::MAX
        ))
    );

    // As many extents as there may be, in a text of the largest size.
    let many = format!("{MINIMAL}{}", "RW 9 ZERO\n".repeat(65536));
    assert_eq!(
        parse(&many, &Options::default()).unwrap().total_sectors(),
        9 * 65536
    );
}

fn encoded(encoding: &str, name: &[u8]) -> Vec<u8> {
    [
        encoding.as_bytes(),
        MINIMAL.as_bytes(),
        b"RW 1 FLAT \"",
        name,
        b"\" 0\n",
    ]
    .concat()
}

#[test]
fn encodings() {
    for (declared, raw, expected) in [
        ("encoding=\"UTF-8\"\n", "位 é".as_bytes(), "位 é"),
        ("", "位 é".as_bytes(), "位 é"),
        ("encoding=\"windows-1252\"\n", b"caf\xe9 \x80", "café €"),
        ("encoding=\"GBK\"\n", b"64 \xce\xbb", "64 位"),
        ("encoding=\"windows-936-2000\"\n", b"64 \xce\xbb", "64 位"),
        ("ddb.encoding = \"GBK\"\n", b"64 \xce\xbb", "64 位"),
        // The second byte is a backslash.
        ("encoding=\"Shift_JIS\"\n", b"\x95\x5c\x8e\xa6", "表示"),
        (
            "encoding=\"ibm-943_P15A-2003\"\n",
            b"\x95\x5c\x8e\xa6",
            "表示",
        ),
        ("encoding=\"Big5\"\n", b"\xa5\x5c\xaf\xe0", "功能"),
        (
            "encoding=\"windows-949-2000\"\n",
            b"\xc7\xd1\xb1\xdb",
            "한글",
        ),
        ("encoding=\"EUC-KR\"\n", b"\xc7\xd1\xb1\xdb", "한글"),
        // The header counts.
        (
            "ddb.encoding=\"Big5\"\nencoding=\"GBK\"\n",
            b"\xce\xbb",
            "位",
        ),
        // Declared as one thing, and saved as UTF-8 by an editor.
        ("encoding=\"GBK\"\n", "位.vmdk".as_bytes(), "位.vmdk"),
        ("encoding=\"no such\"\n", b"plain", "plain"),
        ("encoding=\"UTF-16\"\n", b"plain", "plain"),
    ] {
        let text = encoded(declared, raw);
        let descriptor = parse(&text).unwrap_or_else(|err| panic!("{declared:?}: {err}"));
        let name = descriptor.extents[0].name.as_ref().unwrap();
        assert_eq!(name.as_str(), expected, "{declared:?}");
        assert_eq!(name.raw(), raw, "{declared:?}");
        assert_eq!(parse(descriptor.to_bytes()), Ok(descriptor), "{declared:?}");
    }
    check_rejects(
        encoded("encoding=\"no such\"\n", b"caf\xe9"),
        "line 1: encoding \"no such\" is not known and the text is not plain ASCII; save it as UTF-8 and say so",
    );
    check_rejects(
        encoded("encoding=\"Shift_JIS\"\n", b"\x95"),
        "line 6: the value at byte 94 is not Shift_JIS; give its encoding in a line such as `encoding=\"windows-1252\"`",
    );
    check_rejects(
        encoded("", b"caf\xe9"),
        "line 5: the value at byte 73 is not UTF-8; give its encoding in a line such as `encoding=\"windows-1252\"`",
    );
    let mut options = Options::default();
    options.encoding = Some("windows-1252".into());
    let descriptor = Descriptor::parse(&encoded("", b"caf\xe9"), &options).unwrap();
    assert_eq!(
        descriptor.extents[0].name.as_ref().unwrap().as_str(),
        "café"
    );
    // What is declared goes before what the caller believes.
    let descriptor = Descriptor::parse(&encoded("encoding=GBK\n", b"\xce\xbb"), &options).unwrap();
    assert_eq!(descriptor.extents[0].name.as_ref().unwrap().as_str(), "位");

    let utf16 = "descriptor is in UTF-16, expected UTF-8 or another encoding that keeps ASCII bytes; save it as UTF-8";
    for bom in ["", "\u{feff}"] {
        let units: Vec<u16> = format!("{bom}# Disk DescriptorFile\nversion=1\n")
            .encode_utf16()
            .collect();
        check_rejects(
            units
                .iter()
                .flat_map(|unit| unit.to_le_bytes())
                .collect::<Vec<u8>>(),
            utf16,
        );
        check_rejects(
            units
                .iter()
                .flat_map(|unit| unit.to_be_bytes())
                .collect::<Vec<u8>>(),
            utf16,
        );
    }
}

#[test]
fn create_types() {
    for (names, expected) in [
        (vec!["monolithicSparse"], CreateType::MonolithicSparse),
        (vec!["monolithicFlat"], CreateType::MonolithicFlat),
        (vec!["streamOptimized"], CreateType::StreamOptimized),
        (
            vec!["twoGbMaxExtentSparse", "2GbMaxExtentSparse"],
            CreateType::TwoGbMaxExtentSparse,
        ),
        (
            vec!["twoGbMaxExtentFlat", "2GbMaxExtentFlat"],
            CreateType::TwoGbMaxExtentFlat,
        ),
        (vec!["vmfs"], CreateType::Vmfs),
        (vec!["vmfsPreallocated"], CreateType::VmfsPreallocated),
        (
            vec!["vmfsEagerZeroedThick"],
            CreateType::VmfsEagerZeroedThick,
        ),
        (vec!["vmfsThick"], CreateType::VmfsThick),
        (vec!["vmfsThin"], CreateType::VmfsThin),
        (vec!["vmfsSparse"], CreateType::VmfsSparse),
        (vec!["seSparse", "vmfsSeSparse"], CreateType::SeSparse),
        (vec!["vsanSparse"], CreateType::VsanSparse),
        (
            vec!["vmfsRawDeviceMap", "vmfsRDM"],
            CreateType::VmfsRawDeviceMap,
        ),
        (
            vec!["vmfsPassthroughRawDeviceMap", "vmfsRDMP"],
            CreateType::VmfsPassthroughRawDeviceMap,
        ),
        (vec!["vmfsRaw"], CreateType::VmfsRaw),
        (vec!["fullDevice"], CreateType::FullDevice),
        (vec!["partitionedDevice"], CreateType::PartitionedDevice),
        (vec!["custom"], CreateType::Custom),
    ] {
        for name in &names {
            for spelling in [
                (*name).to_owned(),
                name.to_ascii_lowercase(),
                name.to_ascii_uppercase(),
            ] {
                assert_eq!(CreateType::from_name(&spelling), expected);
            }
        }
        assert_eq!(expected.as_str(), names[0]);
    }
    let descriptor = parse("version=1\ncreateType=\"newType\"\nRW 1 FLAT \"a\" 0\n").unwrap();
    assert_eq!(*descriptor.create_type, CreateType::Other("newType".into()));
    assert_eq!(descriptor.refusal(), None);
}

fn check_refusal(create_type: &str, lines: &str, expected: Option<&str>) {
    let text = format!(
        "version=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"{create_type}\"\n{lines}"
    );
    let descriptor = parse(&text).unwrap_or_else(|err| panic!("{text}: {err}"));
    assert_eq!(
        descriptor.refusal().map(|r| r.to_string()).as_deref(),
        expected,
        "{text}"
    );
}

#[test]
fn refusals() {
    let rdm = "disk is a raw device map";
    let rdm_help =
        "copy the mapped LUN itself, or clone the disk with vmkfstools -i on the ESXi host";
    for name in ["vmfsRDM", "vmfsRawDeviceMap"] {
        let expected = format!("line 4: {rdm} (vmfsRawDeviceMap); {rdm_help}");
        check_refusal(name, "RW 1 VMFSRDM \"a-rdm.vmdk\"\n", Some(&expected));
    }
    for name in ["vmfsRDMP", "vmfsPassthroughRawDeviceMap"] {
        let expected = format!("line 4: {rdm} (vmfsPassthroughRawDeviceMap); {rdm_help}");
        check_refusal(name, "RW 1 VMFSRDM \"a-rdmp.vmdk\"\n", Some(&expected));
    }
    check_refusal(
        "vmfs",
        "RW 1 VMFSRDM \"a\"\n",
        Some(&format!("line 5: {rdm} (VMFSRDM); {rdm_help}")),
    );

    let device = |line: u32, name: &str| {
        format!(
            "line {line}: data lies on a device, {name:?}; copy the device to a file, and convert that as a raw disk"
        )
    };
    check_refusal(
        "vmfsRaw",
        "RW 1 VMFSRAW \"/vmfs/devices/disks/x\"\n",
        Some(&device(4, "vmfsRaw")),
    );
    check_refusal(
        "custom",
        "RW 1 ZERO\nRW 1 VMFSRAW \"x\"\n",
        Some(&device(6, "x")),
    );
    check_refusal(
        "vmfs",
        "RW 1 VMFS \"/vmfs/devices/disks/x\"\n",
        Some(&device(5, "/vmfs/devices/disks/x")),
    );
    check_refusal(
        "fullDevice",
        "RW 1 FLAT \"\\\\.\\PhysicalDrive2\" 0\n",
        Some(&device(5, r"\\.\PhysicalDrive2")),
    );
    check_refusal(
        "partitionedDevice",
        "RW 1 ZERO\nRW 1 FLAT \"/dev/sda\" 63\n",
        Some(&device(6, "/dev/sda")),
    );
    // By its extents: VirtualBox calls a plain file a full device.
    check_refusal("fullDevice", "RW 1 FLAT \"/home/user/disk.img\" 0\n", None);
    check_refusal(
        "partitionedDevice",
        "RW 63 FLAT \"x-pt.vmdk\" 0\nRW 1 ZERO\n",
        None,
    );

    let encrypted = |line: u32, key: &str| {
        format!(
            "line {line}: disk is encrypted ({key}); remove the encryption in VMware, or export the disk from there"
        )
    };
    let flat = "RW 1 VMFS \"a-flat.vmdk\"\n";
    for (line, key) in [
        (
            "encryptionKeys=\"vmware:key/list/(pair/(fqid/x))\"",
            Some("encryptionKeys"),
        ),
        ("keyID=\"vmware:key/fqid/x\"", Some("keyID")),
        ("ddb.iofilters = \"vmwarevmcrypt\"", Some("ddb.iofilters")),
        (
            "ddb.iofilters = \"vmwarelwd,vmwarevmcrypt\"",
            Some("ddb.iofilters"),
        ),
        ("ddb.iofilters = \"vmwarelwd\"", None),
        ("encryptionKeys=\"\"", None),
    ] {
        check_refusal(
            "vmfs",
            &format!("{flat}{line}\n"),
            key.map(|key| encrypted(6, key)).as_deref(),
        );
    }
    check_rejects(
        ".encoding = \"UTF-8\"\nencryption.keySafe = \"vmware:key/list/x\"\nencryption.data = \"x\"\n",
        "line 2: descriptor is encrypted (encryption.keySafe); decrypt the virtual machine in VMware first",
    );

    let object = |line: u32, name: &str| {
        format!(
            "line {line}: data is a datastore object, {name:?}; export the disk, or clone it with vmkfstools -i to VMFS or NFS"
        )
    };
    check_refusal(
        "vmfs",
        "RW 1 VMFS \"vsan://f252ae55\"\n",
        Some(&object(5, "vsan://f252ae55")),
    );
    check_refusal(
        "vmfs",
        "RW 1 VMFS \"vvol://rfc4122\"\n",
        Some(&object(5, "vvol://rfc4122")),
    );
    let text = "version=4\ncreateType=\"vsanSparse\"\nRW 1 VSANSPARSE \"vsan://f252ae55\"\n";
    assert_eq!(
        parse(text).unwrap().refusal().unwrap().to_string(),
        object(2, "vsanSparse")
    );

    let child = |native: &str, parent: &str, hint: &str| {
        parse(format!(
            "version=1\nparentCID={parent}\nisNativeSnapshot={native}\ncreateType=\"vmfsSparse\"\n\
             parentFileNameHint=\"{hint}\"\nRW 1 VMFSSPARSE \"a-delta.vmdk\"\n"
        ))
        .unwrap()
        .refusal()
    };
    assert_eq!(child("no", "12345678", "base.vmdk"), None);
    assert_eq!(child("\"yes\"", "ffffffff", ""), None);
    assert_eq!(
        child("\"yes\"", "12345678", "base.vmdk"),
        Some(Refusal::NativeSnapshot { line: 3 })
    );
    assert_eq!(
        child("\"yes\"", "12345678", ""),
        Some(Refusal::NativeSnapshot { line: 3 })
    );
    assert_eq!(child("no", "fffffffe", "base.vmdk"), None);
    assert_eq!(
        child("no", "ffffffff", "base.vmdk").unwrap().to_string(),
        "line 5: parentFileNameHint is \"base.vmdk\", but parentCID in line 2 is ffffffff (no parent); \
         remove the line that is wrong"
    );
}

#[test]
fn parent_hint_is_found_anywhere() {
    // QEMU looks no further than 20 sectors and reads such a child as if it had no parent.
    let text = format!(
        "version=1\nparentCID=0172e8a4\ncreateType=\"monolithicSparse\"\nRW 1 SPARSE \"a\"\n{}parentFileNameHint = \"C:\\vm\\b c.vmdk\"\n",
        "# padding\n".repeat(2000)
    );
    let descriptor = parse(text).unwrap();
    assert!(descriptor.has_parent());
    assert_eq!(descriptor.parent_hint.as_ref().unwrap().line, 2005);
    assert_eq!(descriptor.parent_hint.unwrap().as_str(), r"C:\vm\b c.vmdk");
}

#[test]
fn disk_database() {
    let descriptor = with(
        "RW 1 FLAT \"a\" 0\nddb.adapterType = \"lsilogic\"\nddb.geometry.cylinders = \"7832\"\n# why 255?\n\
         ddb.geometry.heads=\"255\"\nDDB.Geometry.Sectors = 63\nddb.longContentID = \"3ca4d6ec709912129cf7ecb7216bc064\"\n\
         ddb.thinProvisioned = \"1\"\nddb.uuid = \"60 00 C2 92 7b f4 0d ee-e9 08 12 5d bc 4f ab 26\"\n\
         ddb.virtualHWVersion = \"13\"\nddb.toolsVersion = \"2147483647\"\n",
    )
    .unwrap();
    assert_eq!(descriptor.adapter_type(), Some("lsilogic"));
    assert_eq!(
        descriptor.geometry(),
        Some(Geometry {
            cylinders: 7832,
            heads: 255,
            sectors: 63
        })
    );
    assert_eq!(
        descriptor.long_content_id(),
        Some("3ca4d6ec709912129cf7ecb7216bc064")
    );
    assert!(descriptor.thin_provisioned());
    assert_eq!(descriptor.virtual_hw_version(), Some(13));
    assert_eq!(descriptor.tools_version(), Some(2_147_483_647));
    assert_eq!(
        descriptor.uuid(),
        Some([
            0x60, 0, 0xc2, 0x92, 0x7b, 0xf4, 0x0d, 0xee, 0xe9, 8, 0x12, 0x5d, 0xbc, 0x4f, 0xab,
            0x26
        ])
    );

    let mut empty = with(
        "RW 1 FLAT \"a\" 0\nddb.uuid = \"6uuid\"\nddb.longContentID = \"\"\nddb.geometry.heads=x\n",
    )
    .unwrap();
    assert_eq!(
        (
            empty.adapter_type(),
            empty.geometry(),
            empty.long_content_id(),
            empty.uuid(),
            empty.virtual_hw_version()
        ),
        (None, None, None, None, None)
    );
    assert!(!empty.thin_provisioned());
    empty.set_ddb("uuid", Text::new("x").unwrap());
    empty.set_ddb("adapterType", Text::new("ide").unwrap());
    assert_eq!(empty.ddb.len(), 4);
    assert_eq!(empty.ddb[0].value.value.as_str(), "x");
    assert_eq!(empty.adapter_type(), Some("ide"));
}

#[test]
fn printed_as_vmware_does() {
    let mut descriptor = Descriptor::new(CreateType::Vmfs, Cid(0x0172_e8a4));
    let name = Text::new("web 01-flat.vmdk").unwrap();
    descriptor
        .extents
        .push(Extent::new(ExtentKind::Vmfs, 4096, Some(name)).into());
    descriptor.set_ddb("adapterType", Text::new("lsilogic").unwrap());
    let expected = "# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\nCID=0172e8a4\nparentCID=ffffffff\n\
        createType=\"vmfs\"\n\n# Extent description\nRW 4096 VMFS \"web 01-flat.vmdk\"\n\n# The Disk Data Base \n#DDB\n\n\
        ddb.adapterType = \"lsilogic\"\n";
    assert_eq!(descriptor.to_string(), expected);
    assert_eq!(descriptor.to_bytes(), expected.as_bytes());
    assert_eq!(parse(expected), Ok(descriptor.clone()));

    descriptor.version = 3.into();
    descriptor.parent_cid = Some(Cid(0xfffffffe).into());
    descriptor.is_native_snapshot = Some(false.into());
    descriptor.parent_hint = Some(Text::new("../base.vmdk").unwrap().into());
    descriptor.change_track_path = Some(Text::new("web01-ctk.vmdk").unwrap().into());
    let mut flat = Extent::new(ExtentKind::Flat, 63, Some(Text::new("pt.vmdk").unwrap()));
    flat.access = Access::RdOnly;
    flat.partition_uuid = Some(Text::new("p").unwrap());
    descriptor
        .extents
        .extend([flat.into(), Extent::new(ExtentKind::Zero, 1, None).into()]);
    let text = descriptor.to_string();
    assert!(text.contains(
        "parentCID=fffffffe\nisNativeSnapshot=\"no\"\ncreateType=\"vmfs\"\nparentFileNameHint=\"../base.vmdk\"\n\n\
         # Extent description\nRW 4096 VMFS \"web 01-flat.vmdk\"\nRDONLY 63 FLAT \"pt.vmdk\" 0 \"p\"\nRW 1 ZERO\n\n\
         # Change Tracking File\nchangeTrackPath=\"web01-ctk.vmdk\"\n\n# The Disk Data Base \n"
    ));
    assert_eq!(parse(text), Ok(descriptor));

    for text in ["a\"b", "a\nb", "\0", "\u{85}"] {
        assert_eq!(Text::new(text), Err(Error::Text { found: text.into() }));
    }
}

#[test]
fn sniffing() {
    for text in [
        "# Disk DescriptorFile\n",
        "\u{feff}#Disk Descriptor File\r\nversion=1\r\n",
        "\n\nencoding=\"UTF-8\"\nversion=4\ncreateType = \"vmfs\"\n",
        "# any comment\nversion=1\n# another\nCID=7e5b80a7\nparentCID=ffffffff\n",
    ] {
        assert!(Descriptor::sniff(text.as_bytes()), "{text:?}");
    }
    for text in [
        "",
        "version=1\n",
        ".encoding = \"UTF-8\"\nconfig.version = \"8\"\ncreateType=\"x\"\n",
        "# a shell script\nset -e\n",
        "KDMV\u{1}\0\0\0",
        "[section]\nversion=1\ncreateType=x\n",
    ] {
        assert!(!Descriptor::sniff(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn every_prefix_ends_in_a_result() {
    let mut descriptor = Descriptor::new(CreateType::Custom, Cid(7));
    for kind in [ExtentKind::Flat, ExtentKind::Sparse, ExtentKind::Zero] {
        let name = (kind != ExtentKind::Zero).then(|| Text::new("位 é").unwrap());
        descriptor.extents.push(Extent::new(kind, 63, name).into());
    }
    descriptor.set_ddb("comment", Text::new("a = b # c").unwrap());
    let bytes = descriptor.to_bytes();
    for len in 0..bytes.len() {
        let _ = parse(&bytes[..len]);
        let _ = Descriptor::sniff(&bytes[..len]);
        let _ = parse(&bytes[len..]);
    }
}

/// Values a descriptor can hold: anything but quotes and control characters.
fn texts(min: usize) -> impl Strategy<Value = Text> {
    let chars = prop_oneof![
        8 => proptest::char::range(' ', '~'),
        1 => Just('#'),
        1 => Just('='),
        1 => Just('\\'),
        2 => prop::sample::select("位表示한글功能éλ€".chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ];
    prop::collection::vec(chars, min..20)
        .prop_filter_map("quotes and control characters", |chars| {
            Text::new(chars.into_iter().collect::<String>()).ok()
        })
}

fn any_extent() -> impl Strategy<Value = Extent> {
    let access = prop_oneof![
        Just(Access::Rw),
        Just(Access::RdOnly),
        Just(Access::NoAccess)
    ];
    let kind = prop_oneof![
        Just(ExtentKind::Flat),
        Just(ExtentKind::Sparse),
        Just(ExtentKind::Zero),
        Just(ExtentKind::Vmfs),
        Just(ExtentKind::VmfsSparse),
        Just(ExtentKind::VmfsRdm),
        Just(ExtentKind::VmfsRaw),
        Just(ExtentKind::SeSparse),
        Just(ExtentKind::VsanSparse),
    ];
    let partition = prop::option::of((texts(0), prop::option::of(texts(0))));
    (
        access,
        1..1u64 << 30,
        kind,
        prop::option::of(texts(1)),
        0..1u64 << 50,
        partition,
    )
        .prop_map(|(access, sectors, kind, name, offset, partition)| {
            let mut extent = Extent {
                access,
                ..Extent::new(kind, sectors, None)
            };
            if kind == ExtentKind::Zero || (access == Access::NoAccess && name.is_none()) {
                return extent;
            }
            extent.name = Some(name.unwrap_or_else(|| Text::new("x").unwrap()));
            extent.offset_sectors = offset;
            if let Some((uuid, device)) = partition {
                extent.partition_uuid = Some(uuid);
                extent.device_id = device;
            }
            extent
        })
}

fn descriptors() -> impl Strategy<Value = Descriptor> {
    let create_type = prop_oneof![
        4 => prop::sample::select(vec!["vmfs", "custom", "seSparse", "2GbMaxExtentFlat", "vmfsRDMP", "fullDevice"])
            .prop_map(CreateType::from_name),
        1 => "[a-z0-9][a-zA-Z0-9 ]{0,12}[a-z0-9]".prop_map(|name| CreateType::from_name(&name)),
    ];
    let ids = (
        any::<u32>(),
        prop::option::of(any::<u32>()),
        any::<bool>(),
        prop::option::of(any::<bool>()),
    );
    let paths = (prop::option::of(texts(1)), prop::option::of(texts(1)));
    let header = prop::collection::vec(("x[a-zA-Z0-9._:-]{0,10}", texts(0)), 0..4);
    let ddb = prop::collection::vec(("ddb\\.[a-zA-Z0-9._:-]{0,10}", texts(0)), 0..6);
    let extents = prop::collection::vec(any_extent(), 1..6);
    (create_type, 1..=3u32, ids, paths, extents, header, ddb).prop_map(
        |(
            create_type,
            version,
            (cid, parent, encoding, native),
            (hint, ctk),
            extents,
            header,
            ddb,
        )| {
            let mut descriptor = Descriptor::new(create_type, Cid(cid));
            descriptor.version = version.into();
            descriptor.parent_cid = parent.map(|cid| Cid(cid).into());
            if !encoding {
                descriptor.encoding = None;
            }
            descriptor.is_native_snapshot = native.map(Into::into);
            descriptor.parent_hint = hint.map(Into::into);
            descriptor.change_track_path = ctk.map(Into::into);
            descriptor.extents = extents.into_iter().map(Into::into).collect();
            let entry = |(key, value): (String, Text)| Entry { key, value }.into();
            descriptor.header = header.into_iter().map(entry).collect();
            descriptor.ddb = ddb
                .into_iter()
                .map(entry)
                .filter(|e: &v2v_vmdk::descriptor::Located<Entry>| e.key != "ddb.encoding")
                .collect();
            descriptor
        },
    )
}

/// Lines of a descriptor, whole and mangled.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        prop::sample::select(vec![
            "version=1",
            "createType=vmfs",
            "encoding=\"GBK\"",
            "encoding=big5",
            "CID=1",
            "parentCID=ffffffff",
            "RW 1 ZERO",
            "RW 63 FLAT \"a\" 0",
            "rw 7 sparse b",
            "parentFileNameHint=\"x\"",
            "isNativeSnapshot=yes",
            "",
        ])
        .prop_map(|line| line.as_bytes().to_vec()),
        prop::collection::vec(
            prop::sample::select(
                b"RW 019 FLAT \"\"\"###===x\\\t\r\x0c\x0b\xce\xbb\x95\x5c\xe4\xbd\x8d.ddb".to_vec()
            ),
            0..30
        ),
        "[a-z.]{1,5} ?= ?\"?[a\"# x]{0,8}\"?".prop_map(String::into_bytes),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_and_parsed_again(descriptor in descriptors()) {
        let again = parse(descriptor.to_bytes());
        prop_assert_eq!(again.as_ref(), Ok(&descriptor));
        prop_assert_eq!(parse(descriptor.to_string()), again);
    }

    #[test]
    fn in_another_encoding(descriptor in descriptors(), label in prop::sample::select(vec!["GBK", "Shift_JIS", "Big5", "windows-949-2000"])) {
        let mut descriptor = descriptor;
        descriptor.encoding = Some(label.to_owned().into());
        let encoding = v2v_encoding::lookup(label).unwrap();
        let text = descriptor.to_string();
        // Characters the encoding does not have become `&#`, a number, and `;`.
        let (bytes, _, _) = encoding.encode(&text);
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes).unwrap();
        let parsed = parse(&bytes).unwrap();
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert!(parsed.to_bytes() == *bytes);
        prop_assert_eq!(parse(parsed.to_bytes()), Ok(parsed));
    }

    #[test]
    fn any_bytes_end_in_a_result(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let _ = Descriptor::sniff(&bytes);
    }

    #[test]
    fn what_is_accepted_survives_printing(text in any_text(), good in any::<bool>()) {
        let text = if good { [b"version=1\ncreateType=custom\nRW 1 ZERO\n".as_slice(), &text].concat() } else { text };
        match parse(&text) {
            Ok(descriptor) => prop_assert_eq!(parse(descriptor.to_bytes()), Ok(descriptor)),
            Err(err) => prop_assert!(!err.to_string().is_empty()),
        }
    }
}

fn corpus() -> Option<PathBuf> {
    if std::env::var_os("V2V_NO_CORPUS").is_some_and(|value| value == "1") {
        eprintln!("left out: V2V_NO_CORPUS=1");
        return None;
    }
    let root = std::env::var_os("V2V_CORPUS")
        .expect("V2V_CORPUS is not set; run the tests with `cargo xtask test`");
    Some(PathBuf::from(root).join("vmdk-descriptors"))
}

/// File, createType, number of extents, sectors, CID, parentCID, hint.
const CORPUS: &str = "\
embedded-monolithicSparse-old-qemu.txt monolithicSparse 1 100 4e54f404 ffffffff -
embedded-monolithicSparse-vddk.txt monolithicSparse 1 20480 00000000 ffffffff -
embedded-streamOptimized-comments.txt streamOptimized 1 2048 7e5b80a7 ffffffff -
embedded-streamOptimized-ovftool.txt streamOptimized 1 2097152 278f54ff ffffffff -
embedded-streamOptimized-vbox.txt streamOptimized 1 16777216 255a27cd ffffffff -
embedded-streamOptimized-vddk.txt streamOptimized 1 20480 00000000 ffffffff -
flat-extent-is-iso-comments-in-ddb.vmdk monolithicFlat 1 102474 fffffffe ffffffff -
fulldevice-absolute-path-vbox.vmdk fullDevice 1 8388608 ca15f995 ffffffff -
fulldevice-physicaldrive-cp1252.vmdk fullDevice 1 3907029168 79ac3c13 ffffffff -
monolithicFlat-vddk.vmdk monolithicFlat 1 20480 00000000 ffffffff -
ms3-windows-utf8.vmdk twoGbMaxExtentSparse 16 125829120 216bc064 ffffffff -
partitionedDevice-forum.vmdk partitionedDevice 13 192426570 ab0e0c64 ffffffff -
qemu-flat.vmdk twoGbMaxExtentFlat 1 2048 49bcfa17 ffffffff -
qemu-monolithicflat.vmdk monolithicFlat 1 2048 c80e763b ffffffff -
qemu-tw-sparse-data.vmdk twoGbMaxExtentSparse 1 8192 9c913b49 ffffffff -
rdm-physical.vmdk vmfsPassthroughRawDeviceMap 1 1048576000 6c6fb67d ffffffff -
rdm-virtual-version3-ctk.vmdk vmfsRawDeviceMap 1 1048576000 1ddd5c91 ffffffff -
sesparse-base-ide-thin.vmdk vmfs 1 41943040 3729b687 ffffffff -
sesparse-snapshot.vmdk seSparse 1 41943040 3729b687 3729b687 Base_R91.vmdk
twoGbMaxExtentFlat-vddk.vmdk twoGbMaxExtentFlat 1 20480 00000000 ffffffff -
twoGbMaxExtentSparse-vddk.vmdk twoGbMaxExtentSparse 1 20480 00000000 ffffffff -
vbox-flat-ddb-encoding-shiftjis.vmdk monolithicFlat 1 262144 ab95fb64 ffffffff -
vmfs-thick-000001.vmdk vmfsSparse 1 4096 8f67ca74 0172e8a4 vmfs_thick.vmdk
vmfs-thick.vmdk vmfs 1 4096 0172e8a4 ffffffff -
vmfssparse-redo-log.vmdk vmfsSparse 1 41943040 9ab16ab9 c3d4fd75 android.vmdk
ws-centos-fresh-cid-fffffffe.vmdk twoGbMaxExtentSparse 6 41943040 fffffffe ffffffff -
ws-centos-grown-28extents.vmdk twoGbMaxExtentSparse 28 209715200 4ee264b9 ffffffff -
ws-centos7-gbk.vmdk twoGbMaxExtentSparse 6 41943040 96e60093 ffffffff -
ws-ubuntu-cp949.vmdk twoGbMaxExtentSparse 6 41943040 e6017d44 ffffffff -
ws-ubuntu-grown-mixed-ddb.vmdk twoGbMaxExtentSparse 9 62914560 76b928f5 ffffffff -
ws-win10-16extents-cp1252.vmdk twoGbMaxExtentSparse 16 125829120 18518344 ffffffff -
ws-win7-gbk-nativesnapshot-no.vmdk twoGbMaxExtentSparse 16 125829120 a60f1cf5 ffffffff -
ws-win7-shiftjis.vmdk twoGbMaxExtentSparse 8 62914560 2ec296ff ffffffff -
";

/// What is refused, and how the refusal begins.
const CORPUS_REFUSED: [(&str, &str); 4] = [
    (
        "fulldevice-physicaldrive-cp1252.vmdk",
        r#"line 10: data lies on a device, "\\\\.\\PhysicalDrive2""#,
    ),
    (
        "partitionedDevice-forum.vmdk",
        r#"line 9: data lies on a device, "/dev/sda""#,
    ),
    (
        "rdm-physical.vmdk",
        "line 7: disk is a raw device map (vmfsPassthroughRawDeviceMap)",
    ),
    (
        "rdm-virtual-version3-ctk.vmdk",
        "line 7: disk is a raw device map (vmfsRawDeviceMap)",
    ),
];

#[test]
fn corpus_facts() {
    let Some(dir) = corpus() else { return };
    for case in CORPUS.lines() {
        let file = case.split(' ').next().unwrap();
        let bytes = std::fs::read(dir.join(file)).unwrap_or_else(|err| panic!("{file}: {err}"));
        assert!(Descriptor::sniff(&bytes), "{file}");
        let descriptor = parse(&bytes).unwrap_or_else(|err| panic!("{file}: {err}"));
        let found = format!(
            "{file} {} {} {} {} {} {}",
            descriptor.create_type.value,
            descriptor.extents.len(),
            descriptor.total_sectors(),
            descriptor.cid.as_ref().unwrap().value,
            descriptor.parent_cid.as_ref().unwrap().value,
            descriptor
                .parent_hint
                .as_ref()
                .map_or("-", |hint| hint.as_str()),
        );
        assert_eq!(found, case);
        assert_eq!(
            descriptor.has_parent(),
            descriptor.parent_hint.is_some(),
            "{file}"
        );

        let refused = CORPUS_REFUSED.iter().find(|(name, _)| *name == file);
        match (descriptor.refusal(), refused) {
            (None, None) => {}
            (Some(found), Some((_, start))) if found.to_string().starts_with(start) => {}
            (found, _) => panic!("{file}: refused with {found:?}, expected {refused:?}"),
        }
        assert_eq!(parse(descriptor.to_bytes()), Ok(descriptor), "{file}");
        for len in 0..bytes.len() {
            let _ = parse(&bytes[..len]);
        }
    }
    let mut files: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|file| file != "SOURCES.md")
        .collect();
    files.retain(|file| {
        !CORPUS
            .lines()
            .any(|case| case.split(' ').next() == Some(file))
    });
    assert!(files.is_empty(), "without a line in CORPUS: {files:?}");
}

#[test]
fn corpus_details() {
    let Some(dir) = corpus() else { return };
    let read = |file: &str| parse(std::fs::read(dir.join(file)).unwrap()).unwrap();

    let gbk = read("ws-centos7-gbk.vmdk");
    assert_eq!(gbk.encoding.as_ref().unwrap().value, "GBK");
    let name = gbk.extents[5].name.as_ref().unwrap();
    assert_eq!(name.as_str(), "CentOS 7 64 位-s006.vmdk");
    assert_eq!(name.raw(), b"CentOS 7 64 \xce\xbb-s006.vmdk");
    assert_eq!(gbk.extents[5].line, 14);
    assert_eq!(gbk.uuid().unwrap()[..4], [0x60, 0, 0xc2, 0x9c]);

    let shift_jis = read("ws-win7-shiftjis.vmdk");
    assert_eq!(
        extents(&shift_jis)[7],
        "RW 4653056 SPARSE Windows 7 x64-s008.vmdk 0"
    );
    assert_eq!(read("vbox-flat-ddb-encoding-shiftjis.vmdk").encoding, None);
    assert_eq!(
        read("vbox-flat-ddb-encoding-shiftjis.vmdk")
            .ddb("encoding")
            .unwrap()
            .value
            .value
            .as_str(),
        "Shift_JIS"
    );
    assert_eq!(
        read("ws-ubuntu-cp949.vmdk").encoding.unwrap().value,
        "windows-949-2000"
    );

    let partitioned = read("partitionedDevice-forum.vmdk");
    assert_eq!(
        extents(&partitioned)[..4],
        [
            "RW 63 FLAT Windows XP Home Edition-pt.vmdk 0",
            "RW 41945652 FLAT /dev/sda 63",
            "RW 2168775 ZERO - 0",
            "RW 63 FLAT Windows XP Home Edition-pt.vmdk 63",
        ]
    );
    let rdm = read("rdm-virtual-version3-ctk.vmdk");
    assert_eq!(rdm.version.value, 3);
    assert_eq!(
        rdm.change_track_path.unwrap().as_str(),
        "Sever_2RDM-ctk.vmdk"
    );
    assert!(!rdm.is_native_snapshot.unwrap().value);

    assert!(read("sesparse-base-ide-thin.vmdk").thin_provisioned());
    assert_eq!(
        read("sesparse-base-ide-thin.vmdk").adapter_type(),
        Some("ide")
    );
    assert_eq!(
        read("sesparse-snapshot.vmdk").extents[0].kind,
        ExtentKind::SeSparse
    );
    assert_eq!(
        read("vmfssparse-redo-log.vmdk").extents[0].kind,
        ExtentKind::VmfsSparse
    );
    let odd = read("embedded-streamOptimized-comments.txt");
    assert_eq!(odd.extents[0].access, Access::RdOnly);
    assert_eq!(odd.ddb.len(), 6);
    assert_eq!(odd.virtual_hw_version(), Some(11));
    assert_eq!(
        read("embedded-monolithicSparse-old-qemu.txt").geometry(),
        Some(Geometry {
            cylinders: 0,
            heads: 16,
            sectors: 63
        })
    );
    let mixed = read("ws-ubuntu-grown-mixed-ddb.vmdk");
    assert_eq!(mixed.extents[5].sectors, 327_680);
    assert_eq!(
        mixed.ddb("uuid.image").unwrap().value.value.as_str(),
        "280cf05e-b5b6-496f-9957-f8a6465a1ac3"
    );
    assert_eq!(
        mixed.geometry(),
        Some(Geometry {
            cylinders: 16383,
            heads: 16,
            sectors: 63
        })
    );
}
