//! Which format a file is, by its content.

use std::fmt;
use std::str::FromStr;

use v2v_disk::ReadAt;

use crate::Error;

/// A disk format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// VMware virtual disk, any kind, descriptor or single file.
    Vmdk,
    /// QEMU copy-on-write, version 2 or 3.
    Qcow2,
    /// The bytes of the disk; only if somebody says so.
    Raw,
}

impl Format {
    /// All of them, in qemu-img's spelling.
    pub const NAMES: [&'static str; 3] = ["vmdk", "qcow2", "raw"];

    /// qemu-img's name.
    pub fn name(self) -> &'static str {
        match self {
            Format::Vmdk => "vmdk",
            Format::Qcow2 => "qcow2",
            Format::Raw => "raw",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Format, String> {
        match name {
            "vmdk" => Ok(Format::Vmdk),
            "qcow2" => Ok(Format::Qcow2),
            "raw" => Ok(Format::Raw),
            _ => Err(format!(
                "format is {name:?}, expected one of {}",
                Format::NAMES.join(", ")
            )),
        }
    }
}

/// A format that is recognised in order to be refused by name.
struct Foreign {
    offset: u64,
    magic: &'static [u8],
    name: &'static str,
}

const FOREIGN: &[Foreign] = &[
    Foreign {
        offset: 0,
        magic: b"vhdxfile",
        name: "a VHDX image",
    },
    Foreign {
        offset: 0,
        magic: b"conectix",
        name: "a VHD image",
    },
    Foreign {
        offset: 0x40,
        magic: &[0x7f, 0x10, 0xda, 0xbe],
        name: "a VDI image",
    },
    Foreign {
        offset: 0,
        magic: b"QED\0",
        name: "a QED image",
    },
    Foreign {
        offset: 0,
        magic: b"LUKS\xba\xbe",
        name: "a LUKS volume",
    },
    Foreign {
        offset: 0,
        magic: b"WithoutFreeSpace",
        name: "a Parallels image",
    },
    Foreign {
        offset: 0,
        magic: b"WithouFreSpacExt",
        name: "a Parallels image",
    },
    Foreign {
        offset: 257,
        magic: b"ustar",
        name: "a tar archive (an OVA?); unpack it first and convert the .vmdk inside",
    },
    Foreign {
        offset: 0,
        magic: &[0x1f, 0x8b],
        name: "gzip-compressed; decompress it first",
    },
    Foreign {
        offset: 0,
        magic: &[0x28, 0xb5, 0x2f, 0xfd],
        name: "zstd-compressed; decompress it first",
    },
    Foreign {
        offset: 0,
        magic: b"\xfd7zXZ\0",
        name: "xz-compressed; decompress it first",
    },
    Foreign {
        offset: 0,
        magic: b"PK\x03\x04",
        name: "a ZIP archive; unpack it first",
    },
    Foreign {
        offset: 0,
        magic: b"<?xml",
        name: "an XML file, not a disk",
    },
];

/// The format of `source`.
///
/// # Errors
///
/// [`Error::Foreign`] for a known format that is not supported, [`Error::Unrecognised`] for anything else: a raw disk
/// looks like nothing in particular.
pub fn detect(source: &dyn ReadAt) -> Result<Format, Error> {
    if v2v_qcow2::is_qcow2(source) {
        return Ok(Format::Qcow2);
    }
    if v2v_vmdk::is_vmdk(source)? {
        return Ok(Format::Vmdk);
    }
    let file = source.name().to_path_buf();
    let found = FOREIGN.iter().find(|foreign| {
        let mut bytes = vec![0; foreign.magic.len()];
        source.read_exact_at(foreign.offset, &mut bytes).is_ok() && bytes == foreign.magic
    });
    Err(match found {
        Some(foreign) => Error::Foreign {
            file,
            name: foreign.name,
        },
        None => Error::Unrecognised { file },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use v2v_disk::Bytes;

    fn told(head: &[u8], at: usize) -> String {
        let mut bytes = vec![0; 4096];
        bytes[at..at + head.len()].copy_from_slice(head);
        match detect(&Bytes::new("x", bytes)) {
            Ok(format) => format.to_string(),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn formats_are_told_by_content() {
        assert_eq!(told(b"QFI\xfb\0\0\0\x03", 0), "qcow2");
        assert_eq!(told(b"KDMV", 0), "vmdk");
        assert_eq!(told(b"COWD", 0), "vmdk");
        assert_eq!(
            told(b"# Disk DescriptorFile\nversion=1\nCID=fffffffe\n", 0),
            "vmdk"
        );
        assert_eq!(
            told(b"conectix", 0),
            "x: is a VHD image, which can't be read; convert it with qemu-img first"
        );
        assert_eq!(
            told(&[0x7f, 0x10, 0xda, 0xbe], 0x40),
            "x: is a VDI image, which can't be read; convert it with qemu-img first"
        );
        assert_eq!(
            told(&[0x1f, 0x8b], 0),
            "x: is gzip-compressed; decompress it first"
        );
    }

    #[test]
    fn raw_is_never_guessed() {
        let text = "x: not recognised as a disk image; if it is a raw disk, say so with -f raw";
        assert_eq!(told(&[], 0), text);
        assert_eq!(told(&[0x55, 0xaa], 510), text, "a boot sector is no format");
    }
}
