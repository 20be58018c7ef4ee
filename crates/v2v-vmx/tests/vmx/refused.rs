//! Files that are no configuration.

use v2v_vmx::{Document, Error, ParseOptions};

use crate::parse;

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) -> Error {
    let error = Document::parse(bytes.as_ref(), &ParseOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    error
}

#[test]
fn empty() {
    for text in ["", "\n\r\n", "\u{feff} "] {
        let error = check(
            text,
            "file is empty, expected lines such as `displayName = \"web01\"`",
        );
        assert_eq!(error, Error::Empty);
    }
}

#[test]
fn disks() {
    check(
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n",
        "line 1: found a virtual disk's descriptor (.vmdk), expected a virtual machine's configuration (.vmx); \
         use vmdk2qcow2 for the disk and give the .vmx here",
    );
    // Some products fill the descriptor up with NUL bytes; it is no binary for that.
    let padded = b"\n# disk DescriptorFile\r\nversion=1\n\0\0\0\0";
    let error = Document::parse(padded, &ParseOptions::default()).unwrap_err();
    assert_eq!(error, Error::DiskDescriptor { line: 2 });
    let error = check(
        "version=1\nCID=fffffffe\ncreateType=\"custom\"\nRW 2048 ZERO\n",
        "line 3: found a virtual disk's descriptor (.vmdk), expected a virtual machine's configuration (.vmx); \
         use vmdk2qcow2 for the disk and give the .vmx here",
    );
    assert!(matches!(error, Error::DiskDescriptor { line: 3 }));
    check(
        b"KDMV\x01\0\0\0",
        "offset 0: found \"KDMV\", a virtual disk (sparse extent), expected a virtual machine's configuration \
         (.vmx); use vmdk2qcow2 for the disk and give the .vmx here",
    );
    check(
        b"COWD\x01\0\0\0",
        "offset 0: found \"COWD\", a virtual disk (VMFS redo log), expected a virtual machine's configuration \
         (.vmx); use vmdk2qcow2 for the disk and give the .vmx here",
    );
}

#[test]
fn xml() {
    let ovf = "<?xml version=\"1.0\"?>\n<ovf:Envelope xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\"/>";
    check(
        ovf,
        "offset 0: found an OVF descriptor, expected a virtual machine's configuration (.vmx)",
    );
    check(
        "\u{feff}\n<domain type='kvm'/>",
        "offset 4: found XML, expected a virtual machine's configuration (.vmx) with lines of `key = \"value\"`",
    );
}

#[test]
fn binaries() {
    for (bytes, offset, what) in [
        (&b"\x7fELF\x02\x01\x01\0"[..], 0, "an ELF program"),
        (b"MZ\x90\0", 0, "a Windows program"),
        (b"PK\x03\x04\x14\0", 0, "a zip archive"),
        (b"\x1f\x8b\x08\0", 0, "a gzip archive"),
        (b"MRVN\x02\0", 0, "a virtual machine's NVRAM"),
        (b"memsize = \"512\"\n\0\0\0\0", 16, "a NUL byte"),
    ] {
        check(
            bytes,
            &format!(
                "offset {offset}: found {what}, expected a text file with lines of `key = \"value\"`"
            ),
        );
    }
    let utf16 =
        "offset 0: found UTF-16 text, expected UTF-8 or a code page; save the file as UTF-8";
    check(b"\xff\xfem\0e\0m\0", utf16);
    // These are keys.
    parse("MZ = \"1\"");
    parse("PK = \"1\"");
}

#[test]
fn encrypted_as_a_whole() {
    let error = check(
        ".encoding = \"UTF-8\"\ndisplayName = \"x\"\nencryption.keySafe = \"vmware:key/list/(pair/(null))\"\n\
         Encryption.data = \"AAAA\"\n",
        "line 4: Encryption.data is all there is: the configuration is encrypted as a whole; remove the virtual \
         machine's encryption in VMware (Settings, Options, Access Control) first",
    );
    assert!(matches!(error, Error::Encrypted { line: 4, .. }));
    // Partial encryption leaves the hardware readable.
    parse("encryption.keySafe = \"x\"\nencryption.data = \"AAAA\"\nmemsize = \"512\"\n");
    parse("encryption.data = \"AAAA\"\nscsi0.present = \"TRUE\"\n");
}

#[test]
fn other_texts() {
    check(
        "# only\n\nHello, world\n",
        "line 3: found \"Hello, world\", expected `key = \"value\"`; no line of the file has that form",
    );
    check(
        "# only\n",
        "line 1: found \"\", expected `key = \"value\"`; no line of the file has that form",
    );
}

#[test]
fn limits() {
    let options = ParseOptions {
        max_bytes: 20,
        max_lines: 3,
        max_entries: 2,
        ..ParseOptions::default()
    };
    let check = |text: &str, expected: &str| {
        let error = Document::parse(text.as_bytes(), &options).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "annotation = \"longer\"\n",
        "file has 22 bytes, expected at most 20; a .vmx has some kilobytes",
    );
    check(
        "a=1\n\n\n\n",
        "line 4: more than 3 lines; a .vmx has some hundred",
    );
    check(
        "a=1\nb=2\nc=3",
        "line 3: more than 2 keys; a .vmx has some hundred",
    );
}

#[test]
fn prefixes_of_a_small_file() {
    let text = b"\xef\xbb\xbf#!/usr/bin/vmware\r\n.encoding = \"GBK\"\r\nx = \"\xce\xbb|0A\" # c\r\ny = TRUE\r\n";
    for end in 0..=text.len() {
        let prefix = &text[..end];
        match Document::parse(prefix, &ParseOptions::default()) {
            Ok(document) => assert_eq!(document.to_bytes(), prefix),
            Err(Error::Empty | Error::NoEntries { .. }) => {}
            Err(error) => panic!("{end}: {error}"),
        }
    }
}
