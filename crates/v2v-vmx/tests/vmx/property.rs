//! Any bytes, any keys, any changes.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use v2v_vmx::{Document, ParseOptions, Slot, Vm};

/// Pieces of lines that mean something, and some that don't.
const PIECES: &[&[u8]] = &[
    b"scsi0:0",
    b"scsi",
    b"ethernet0",
    b"sched.",
    b".present",
    b".fileName",
    b"floppy0",
    b"usb:1",
    b"0",
    b"9",
    b".",
    b":",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\n",
    b"\r\n",
    b"=",
    b" = ",
    b"\"",
    b"\"",
    b"\"TRUE\"",
    b"\"FALSE\"",
    b"#",
    b" # ",
    b"|",
    b"|0A",
    b"|C3|A9",
    b"\\",
    b"\xce\xbb",
    b"\x83\x5c",
    b"\xff",
    b"\xef\xbb\xbf",
    b".encoding = \"GBK\"\n",
    b".encoding = \"Shift_JIS\"\n",
    b".encoding = \"UTF-8\"\n",
    b"memsize",
    b"a.vmdk",
    b"-000001",
    b"-1",
    b"snapshot0.parent = \"1\"\n",
    b"uuid.bios",
    b"56 4d",
    b"createType=\"x\"\n",
    b"RW 1 ZERO\n",
    b"encryption.data",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(select(PIECES), 0..80).prop_map(|pieces| pieces.concat())
}

fn encoded_text() -> impl Strategy<Value = Vec<u8>> {
    let declared = select(vec![
        "UTF-8",
        "GBK",
        "Shift_JIS",
        "windows-949-2000",
        "Big5",
        "windows-1252",
        "none",
    ]);
    (declared, vec(any::<u8>(), 0..60), text()).prop_map(|(name, value, rest)| {
        let mut text = format!(".encoding = \"{name}\"\nx = \"").into_bytes();
        text.extend(value.iter().filter(|byte| !matches!(byte, 0 | b'\n')));
        text.extend_from_slice(b"\"\n");
        text.extend(rest);
        text
    })
}

/// Reads everything that can be read of `bytes`.
fn walk(bytes: &[u8]) -> Option<Document> {
    let document = Document::parse(bytes, &ParseOptions::default()).ok()?;
    assert_eq!(document.to_bytes(), bytes);
    for (at, entry) in document.entries().iter().enumerate() {
        assert_eq!(entry.id().index(), at);
        let first = document.get(entry.key()).unwrap();
        assert_eq!(first.key_lower(), entry.key_lower());
        assert!(first.id() <= entry.id());
    }
    for problem in document.problems() {
        assert!(problem.line >= 1 && !problem.to_string().contains('\n'));
    }
    let vm = Vm::new(&document);
    for device in &vm.block_devices {
        assert_eq!(device.slot.to_string().parse::<Slot>(), Ok(device.slot));
        let _ = (device.kind(), device.medium());
    }
    let count = document.entries().len();
    let mut ids: Vec<usize> = vm
        .absent
        .iter()
        .flat_map(|device| &device.ids)
        .map(|id| id.index())
        .collect();
    ids.sort_unstable();
    assert!(
        ids.windows(2).all(|pair| pair[0] < pair[1]),
        "a key of two absent devices"
    );
    assert!(ids.iter().all(|&id| id < count));
    let _ = v2v_vmx::Snapshots::new(&document).tree().count();
    Some(document)
}

/// Keys and values, as another reading of the bytes gives them.
fn contents(document: &Document) -> Vec<(String, String, Vec<u8>)> {
    document
        .entries()
        .iter()
        .map(|entry| {
            (
                entry.key().to_owned(),
                entry.value().to_owned(),
                entry.raw_value().to_vec(),
            )
        })
        .collect()
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "memsize",
            "MemSize",
            "scsi0:0.fileName",
            "x",
            "y",
            "annotation"
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9.:_-]{1,8}",
    ]
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        walk(&bytes);
    }

    #[test]
    fn any_text(bytes in prop_oneof![text(), encoded_text()]) {
        walk(&bytes);
    }

    #[test]
    fn any_vmxf(bytes in vec(select(vec![
        "<Foundry>", "</Foundry>", "<VM>", "</VM>", "<VMId>", "</VMId>", "&amp;", "&#x41;", "&x;", "<![CDATA[", "]]>",
        "<?xml version=\"1.0\" encoding=\"GBK\"?>", "<!--", "-->", "<", ">", "52", "\u{4f4d}",
    ]), 0..40)) {
        let _ = v2v_vmx::Vmxf::parse(bytes.concat().as_bytes(), &ParseOptions::default());
    }

    #[test]
    fn keys_and_values_come_back(
        pairs in vec((key(), any::<String>()), 1..20),
    ) {
        let mut document = Document::new();
        let mut expected = BTreeMap::new();
        for (key, value) in &pairs {
            document.set(key, value).unwrap();
            expected.insert(key.to_ascii_lowercase(), value.clone());
        }
        let again = walk(&document.to_bytes()).unwrap();
        prop_assert_eq!(contents(&again), contents(&document));
        prop_assert!(again.problems().is_empty(), "{:?}", again.problems());
        for (key, value) in &expected {
            prop_assert_eq!(again.get(key).unwrap().value(), value);
        }
        prop_assert_eq!(again.entries().len(), expected.len() + 1);
    }

    /// Whatever the text is, a change leaves all other lines as they are, and both readings agree.
    #[test]
    fn changes_leave_the_rest(
        bytes in prop_oneof![text(), encoded_text()],
        changes in vec((key(), proptest::option::of("[ -~\u{e9}\u{4f4d}\u{30bd}\n]{0,6}")), 1..6),
    ) {
        let Ok(mut document) = Document::parse(&bytes, &ParseOptions::default()) else {
            return Ok(());
        };
        let changed: Vec<String> = changes.iter().map(|(key, _)| key.to_ascii_lowercase()).collect();
        let untouched = |document: &Document| -> Vec<(String, String, Vec<u8>)> {
            let all = contents(document).into_iter();
            all.filter(|(key, ..)| !changed.contains(&key.to_ascii_lowercase())).collect()
        };
        let before = untouched(&document);
        for (key, value) in &changes {
            let unchanged = document.to_bytes();
            let result = match value {
                Some(value) => document.set(key, value).map(|_| ()),
                None => document.remove(key).map(|_| ()),
            };
            match result {
                Ok(()) => prop_assert_eq!(document.get(key).map(|entry| entry.value()), value.as_deref()),
                Err(_) => prop_assert_eq!(document.to_bytes(), unchanged),
            }
        }
        prop_assert_eq!(&untouched(&document), &before);
        if let Ok(again) = Document::parse(&document.to_bytes(), &ParseOptions::default()) {
            prop_assert_eq!(contents(&again), contents(&document));
        } else {
            // Nothing that tells a configuration is left.
            prop_assert!(document.entries().len() <= 1 || document.get("encryption.data").is_some()
                || document.get("createType").is_some());
        }
    }
}
