//! The text descriptor of a virtual disk: parse and print, no I/O.
//!
//! A descriptor says what kind of disk it is (`createType`), which disk it is a child of, and which files hold which
//! ranges of sectors. It is a file of its own, or stands in the header area of a sparse file, padded with NUL bytes.
//!
//! Source: VMware, "Virtual Disk Format 5.0" and 1.1. Where the specification and files in the field differ, this
//! reader takes what is unambiguous and refuses the rest with its line:
//!
//! - CRLF, blank lines and comments anywhere, a UTF-8 byte order mark, any first line, keys in any order and case,
//!   `key="v"` as well as `key = v`, extent lines in lower case, unquoted file names.
//! - The first of two equal keys counts for what is only a hint (QEMU takes the first as well). Two different values
//!   for a key that decides what the disk holds are an error.
//! - QEMU drops `RDONLY`, `NOACCESS` and `ZERO` extents and counts an extent twice that follows a blank line. Here each
//!   extent line counts once.
//!
//! ```
//! use v2v_vmdk::descriptor::{CreateType, Descriptor, ExtentKind, Options};
//!
//! let text = b"version=1\nCID=0172e8a4\nparentCID=ffffffff\ncreateType=\"vmfs\"\n\
//!     RW 4096 VMFS \"web01-flat.vmdk\"\n";
//! let descriptor = Descriptor::parse(text, &Options::default())?;
//! assert_eq!(*descriptor.create_type, CreateType::Vmfs);
//! assert_eq!(descriptor.extents[0].kind, ExtentKind::Vmfs);
//! assert_eq!(descriptor.extents[0].line, 5);
//! assert_eq!(descriptor.total_sectors(), 4096);
//! assert!(descriptor.refusal().is_none());
//! # Ok::<(), v2v_vmdk::descriptor::Error>(())
//! ```

mod error;
mod parse;
mod print;
mod refusal;
mod text;
mod types;

pub use error::Error;
pub use refusal::Refusal;
pub use text::{Located, Text};
pub use types::{Access, Cid, CreateType, ExtentKind, Geometry};

/// An extent with the line it stands in.
pub type ExtentLine = Located<Extent>;

/// Limits for [`Descriptor::parse`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Longest text, in bytes up to the first NUL. QEMU reads less than 1 MiB, the default.
    pub max_bytes: usize,
    /// Most extents; the default is 65536.
    pub max_extents: usize,
    /// Largest disk, in bytes; the default is 64 TiB (VMware's own limit is 62 TiB).
    pub max_capacity_bytes: u64,
    /// Name of the encoding for a text that declares none and is not UTF-8. By default that is an error.
    pub encoding: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_extents: 65536,
            max_capacity_bytes: 64 << 40,
            encoding: None,
        }
    }
}

/// A virtual disk as its descriptor gives it.
///
/// Equality takes no notice of lines, comments, and the order of the keys with a field of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Descriptor {
    /// `version`: 1 to 3; 3 means that change tracking is on. 4 only with [`CreateType::VsanSparse`].
    pub version: Located<u32>,
    /// `encoding` as it is written, if the header has it; `ddb.encoding` counts if it doesn't.
    pub encoding: Option<Located<String>>,
    /// `CID`: changes with the first write after each opening of the disk.
    pub cid: Option<Located<Cid>>,
    /// `parentCID`: the parent's CID when the child was made; [`Cid::NONE`] for a disk without a parent.
    pub parent_cid: Option<Located<Cid>>,
    /// `isNativeSnapshot`.
    pub is_native_snapshot: Option<Located<bool>>,
    /// `createType`.
    pub create_type: Located<CreateType>,
    /// `parentFileNameHint`, if not empty: an absolute or relative path, with `\` if it was made on Windows.
    pub parent_hint: Option<Located<Text>>,
    /// `changeTrackPath`, if not empty. The file it names holds no disk data.
    pub change_track_path: Option<Located<Text>>,
    /// The extents, in the order of the disk's sectors. At least one.
    pub extents: Vec<ExtentLine>,
    /// The other keys of the header, in their order.
    pub header: Vec<Located<Entry>>,
    /// The disk database: keys that begin with `ddb.`, in their order.
    pub ddb: Vec<Located<Entry>>,
}

/// A key without a field of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key as written, in the disk database with its `ddb.`.
    pub key: String,
    /// The value without its quotes.
    pub value: Text,
}

/// A range of the disk's sectors and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// What the guest may do with it. Reading is the same for the first two.
    pub access: Access,
    /// Length in sectors of 512 bytes, at least 1.
    pub sectors: u64,
    /// How the file is read.
    pub kind: ExtentKind,
    /// The file. `None` for [`ExtentKind::Zero`], and possible for [`Access::NoAccess`].
    pub name: Option<Text>,
    /// First sector within the file: for FLAT, and for VMFS in the rare case that there is one; else 0.
    pub offset_sectors: u64,
    /// The first of two fields VMware writes behind the offset for partitions of a device.
    pub partition_uuid: Option<Text>,
    /// The second of these.
    pub device_id: Option<Text>,
}

impl Extent {
    /// Returns a writable extent of `sectors` sectors from the start of a file.
    #[must_use]
    pub const fn new(kind: ExtentKind, sectors: u64, name: Option<Text>) -> Self {
        Self {
            access: Access::Rw,
            sectors,
            kind,
            name,
            offset_sectors: 0,
            partition_uuid: None,
            device_id: None,
        }
    }
}

impl Descriptor {
    /// Returns a descriptor of this type without extents and parent, to be filled and printed. Its encoding is UTF-8.
    #[must_use]
    pub fn new(create_type: CreateType, cid: Cid) -> Self {
        Self {
            version: 1.into(),
            encoding: Some("UTF-8".to_owned().into()),
            cid: Some(cid.into()),
            parent_cid: Some(Cid::NONE.into()),
            is_native_snapshot: None,
            create_type: create_type.into(),
            parent_hint: None,
            change_track_path: None,
            extents: Vec::new(),
            header: Vec::new(),
            ddb: Vec::new(),
        }
    }

    /// Reads a descriptor.
    ///
    /// `bytes` is the whole file, or the area of a sparse file that holds the descriptor; the text ends at the first
    /// NUL byte. Takes time linear in the length of the text, and memory bounded by it.
    ///
    /// # Errors
    ///
    /// See [`Error`]. [`Error::is_unsupported`] tells what is unsupported from what is wrong. A descriptor that is
    /// well-formed but names something that can't be converted is not an error here: see [`Descriptor::refusal`].
    pub fn parse(bytes: &[u8], options: &Options) -> Result<Self, Error> {
        parse::parse(bytes, options)
    }

    /// Tells whether `bytes`, the start of a file, look like a descriptor rather than anything else: the first lines
    /// are comments and keys of a descriptor's header, and one of them can't belong to another kind of file.
    ///
    /// Meant for finding out the format of a file. What it accepts may still not parse.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> bool {
        parse::sniff(bytes)
    }

    /// Returns the length of the disk in sectors of 512 bytes: the sum of all extents.
    #[must_use]
    pub fn total_sectors(&self) -> u64 {
        // Checked while parsing; a descriptor put together in memory may be anything.
        self.extents
            .iter()
            .fold(0, |sum, extent| sum.saturating_add(extent.sectors))
    }

    /// Tells whether the disk is a child of another: it has a `parentCID` other than [`Cid::NONE`].
    #[must_use]
    pub fn has_parent(&self) -> bool {
        self.parent_cid
            .as_ref()
            .is_some_and(|cid| cid.value != Cid::NONE)
    }

    /// Returns why this disk can't be converted from the files the descriptor names, if so.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        refusal::refusal(self)
    }

    /// Returns the first value of `ddb.` and `key`, in any case.
    #[must_use]
    pub fn ddb(&self, key: &str) -> Option<&Located<Entry>> {
        self.ddb
            .iter()
            .find(|entry| ddb_name(&entry.key).is_some_and(|name| name.eq_ignore_ascii_case(key)))
    }

    /// Sets `ddb.` and `key`: replaces the first value, or appends one.
    pub fn set_ddb(&mut self, key: &str, value: Text) {
        let found = self
            .ddb
            .iter_mut()
            .find(|entry| ddb_name(&entry.key).is_some_and(|name| name.eq_ignore_ascii_case(key)));
        match found {
            Some(entry) => entry.value.value = value,
            None => self.ddb.push(
                Entry {
                    key: format!("ddb.{key}"),
                    value,
                }
                .into(),
            ),
        }
    }

    /// Returns `ddb.adapterType` as written: `ide`, `buslogic`, `lsilogic`, `pvscsi`... A hint only: the controller a
    /// guest really has stands in its configuration.
    #[must_use]
    pub fn adapter_type(&self) -> Option<&str> {
        self.ddb_str("adapterType")
    }

    /// Returns `ddb.geometry`, if all three numbers are there. Advisory: VMware writes geometries that don't multiply
    /// up to the capacity.
    #[must_use]
    pub fn geometry(&self) -> Option<Geometry> {
        Some(Geometry {
            cylinders: self.ddb_number("geometry.cylinders")?,
            heads: self.ddb_number("geometry.heads")?,
            sectors: self.ddb_number("geometry.sectors")?,
        })
    }

    /// Returns `ddb.uuid`, if it is 16 bytes in hexadecimal; blanks and `-` between them don't matter.
    #[must_use]
    pub fn uuid(&self) -> Option<[u8; 16]> {
        let mut digits = self
            .ddb_str("uuid")?
            .chars()
            .filter(|c| !matches!(c, ' ' | '-'));
        let mut uuid = [0; 16];
        for byte in &mut uuid {
            let (high, low) = (digits.next()?.to_digit(16)?, digits.next()?.to_digit(16)?);
            *byte = u8::try_from((high << 4) | low).ok()?;
        }
        digits.next().is_none().then_some(uuid)
    }

    /// Returns `ddb.longContentID` as written, if not empty: 32 hexadecimal digits, of which the last 8 are the CID.
    #[must_use]
    pub fn long_content_id(&self) -> Option<&str> {
        self.ddb_str("longContentID")
    }

    /// Tells whether `ddb.thinProvisioned` is 1 or true.
    #[must_use]
    pub fn thin_provisioned(&self) -> bool {
        self.ddb_str("thinProvisioned")
            .is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("true"))
    }

    /// Returns `ddb.virtualHWVersion`, if it is a number.
    #[must_use]
    pub fn virtual_hw_version(&self) -> Option<u32> {
        self.ddb_number("virtualHWVersion")
    }

    /// Returns `ddb.toolsVersion`, if it is a number. 2147483647 stands for unknown.
    #[must_use]
    pub fn tools_version(&self) -> Option<u32> {
        self.ddb_number("toolsVersion")
    }

    fn ddb_str(&self, key: &str) -> Option<&str> {
        self.ddb(key)
            .map(|entry| entry.value.value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn ddb_number(&self, key: &str) -> Option<u32> {
        self.ddb_str(key)?.trim().parse().ok()
    }
}

/// The part of a key behind `ddb.`.
fn ddb_name(key: &str) -> Option<&str> {
    key.split_at_checked(4)
        .filter(|(prefix, _)| prefix.eq_ignore_ascii_case("ddb."))
        .map(|(_, name)| name)
}
