//! The header: its bytes, what they mean, and back.
//!
//! Source: QEMU's docs/interop/qcow2.rst. All integers are big-endian. Everything here lies in the first cluster:
//! fixed fields, header extensions, then the name of the backing file.

use v2v_codec::Compression;
use v2v_disk::FileName;
use zerocopy::big_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::Error;

/// `QFI\xfb`.
pub(crate) const MAGIC: [u8; 4] = *b"QFI\xfb";
/// Length of a version 2 header, and of what both versions share.
pub(crate) const V2_LEN: u64 = 72;
/// Shortest version 3 header.
pub(crate) const V3_MIN_LEN: u64 = 104;
/// A version 3 header with the compression type.
pub(crate) const V3_LEN: u64 = 112;
/// Smallest cluster: 512 bytes.
pub(crate) const MIN_CLUSTER_BITS: u32 = 9;
/// Largest cluster: 2 MiB.
pub(crate) const MAX_CLUSTER_BITS: u32 = 21;
/// The width of reference counts in version 2: 16 bits.
pub(crate) const V2_REFCOUNT_ORDER: u32 = 4;
/// Longest name of a backing file, and here of a data file too.
pub(crate) const MAX_NAME_LEN: u64 = 1023;
/// Longest name of a format; QEMU keeps it in 16 bytes with a NUL.
const MAX_FORMAT_LEN: u64 = 15;

/// Incompatible feature 0: reference counts may be wrong.
pub(crate) const INCOMPATIBLE_DIRTY: u64 = 1 << 0;
/// Incompatible feature 1: a table was found broken.
pub(crate) const INCOMPATIBLE_CORRUPT: u64 = 1 << 1;
/// Incompatible feature 2: guest data is in another file.
pub(crate) const INCOMPATIBLE_DATA_FILE: u64 = 1 << 2;
/// Incompatible feature 3: compressed clusters are not deflate.
pub(crate) const INCOMPATIBLE_COMPRESSION: u64 = 1 << 3;
/// Incompatible feature 4: L2 entries have 16 bytes.
pub(crate) const INCOMPATIBLE_EXTENDED_L2: u64 = 1 << 4;
const INCOMPATIBLE_KNOWN: u64 = (1 << 5) - 1;
/// Compatible feature 0: reference counts are brought up to date late.
pub(crate) const COMPATIBLE_LAZY_REFCOUNTS: u64 = 1 << 0;
/// Autoclear feature 1: the data file alone is the disk.
pub(crate) const AUTOCLEAR_RAW_DATA: u64 = 1 << 1;

const EXTENSION_END: u32 = 0;
const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
const EXTENSION_FEATURE_NAMES: u32 = 0x6803_f857;
const EXTENSION_LUKS: u32 = 0x0537_be77;
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;

/// The fields of both versions.
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
struct RawHeader {
    magic: [u8; 4],
    version: U32,
    backing_offset: U64,
    backing_len: U32,
    cluster_bits: U32,
    size: U64,
    crypt_method: U32,
    l1_entries: U32,
    l1_offset: U64,
    refcount_table_offset: U64,
    refcount_table_clusters: U32,
    snapshot_count: U32,
    snapshots_offset: U64,
}
const _: () = assert!(size_of::<RawHeader>() as u64 == V2_LEN);

/// What version 3 adds.
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
struct RawHeaderV3 {
    incompatible: U64,
    compatible: U64,
    autoclear: U64,
    refcount_order: U32,
    header_len: U32,
}
const _: () = assert!((size_of::<RawHeader>() + size_of::<RawHeaderV3>()) as u64 == V3_MIN_LEN);

/// The head of a header extension.
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
struct RawExtension {
    kind: U32,
    len: U32,
}

/// One entry of the feature name table.
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
struct RawFeatureName {
    kind: u8,
    bit: u8,
    name: [u8; 46],
}
const _: () = assert!(size_of::<RawFeatureName>() == 48);

/// A header that is consistent in itself; whether its tables lie inside the file is checked where they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// 2 or 3.
    pub(crate) version: u32,
    /// Logarithm of the cluster size in bytes, 9 to 21.
    pub(crate) cluster_bits: u32,
    /// Virtual size in bytes.
    pub(crate) size: u64,
    pub(crate) l1_entries: u32,
    pub(crate) l1_offset: u64,
    pub(crate) refcount_table_offset: u64,
    pub(crate) refcount_table_clusters: u32,
    pub(crate) snapshot_count: u32,
    pub(crate) snapshots_offset: u64,
    /// Known bits only; 0 in version 2. Bit 3 follows from `compression`.
    pub(crate) incompatible: u64,
    pub(crate) compatible: u64,
    pub(crate) autoclear: u64,
    /// Logarithm of the width of a reference count in bits, 0 to 6; 4 in version 2.
    pub(crate) refcount_order: u32,
    pub(crate) compression: Compression,
    pub(crate) backing_file: Option<FileName>,
    pub(crate) backing_format: Option<String>,
    pub(crate) data_file: Option<FileName>,
    pub(crate) feature_names: Vec<FeatureName>,
}

/// A bit that the image gives a name to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureName {
    /// 0 incompatible, 1 compatible, 2 autoclear.
    pub(crate) kind: u8,
    pub(crate) bit: u8,
    /// At most 46 bytes.
    pub(crate) name: String,
}

/// The cluster size in bytes of an image that begins with `prefix`: so much of it [`Header::parse`] wants to see.
pub(crate) fn cluster_size(prefix: &[u8]) -> Result<u64, Error> {
    Ok(1 << read_fixed(prefix)?.cluster_bits.get())
}

/// Reads the shared fields and checks those that say what the others mean.
fn read_fixed(head: &[u8]) -> Result<&RawHeader, Error> {
    if head.get(..4) != Some(&MAGIC) {
        return Err(Error::Magic);
    }
    let cut = |expected| Error::HeaderCut {
        len: head.len() as u64,
        expected,
    };
    let (raw, _) = RawHeader::ref_from_prefix(head).map_err(|_| cut(V2_LEN))?;
    match raw.version.get() {
        2 => {}
        3 if head.len() as u64 >= V3_MIN_LEN => {}
        3 => return Err(cut(V3_MIN_LEN)),
        found => return Err(Error::Version { found }),
    }
    let found = raw.cluster_bits.get();
    if !(MIN_CLUSTER_BITS..=MAX_CLUSTER_BITS).contains(&found) {
        return Err(Error::ClusterBits { found });
    }
    Ok(raw)
}

impl Header {
    /// The cluster size in bytes.
    pub(crate) fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// Whether an incompatible feature is on.
    pub(crate) fn has(&self, incompatible: u64) -> bool {
        self.incompatible & incompatible != 0
    }

    /// Decodes the header in `head`: the first cluster of the file, or all of a file that is shorter.
    ///
    /// The corrupt mark is left to the caller.
    pub(crate) fn parse(head: &[u8]) -> Result<Header, Error> {
        let raw = read_fixed(head)?;
        let cluster = 1 << raw.cluster_bits.get();
        let v3 = VersionFields::parse(head, raw.version.get(), cluster)?;
        let extensions_end = match raw.backing_offset.get() {
            0 => cluster,
            at => at.min(cluster),
        };
        let area = Area {
            head,
            start: v3.header_len,
            end: extensions_end.min(head.len() as u64),
        };
        check_features(v3.incompatible, area)?;
        check_encryption(raw.crypt_method.get())?;
        let compression = v3.compression()?;
        let bits = raw.cluster_bits.get();
        if v3.incompatible & INCOMPATIBLE_EXTENDED_L2 != 0 && bits < 14 {
            return Err(Error::ExtendedClusterBits { found: bits });
        }
        let mut header = Header {
            version: raw.version.get(),
            cluster_bits: bits,
            size: raw.size.get(),
            l1_entries: raw.l1_entries.get(),
            l1_offset: raw.l1_offset.get(),
            refcount_table_offset: raw.refcount_table_offset.get(),
            refcount_table_clusters: raw.refcount_table_clusters.get(),
            snapshot_count: raw.snapshot_count.get(),
            snapshots_offset: raw.snapshots_offset.get(),
            incompatible: v3.incompatible,
            compatible: v3.compatible,
            autoclear: v3.autoclear,
            refcount_order: v3.refcount_order,
            compression,
            backing_file: backing_name(raw, head, v3.header_len, cluster)?,
            backing_format: None,
            data_file: None,
            feature_names: Vec::new(),
        };
        for extension in area.extensions() {
            header.take(&extension?)?;
        }
        Ok(header)
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<(), Error> {
        let Extension { kind, offset, data } = *extension;
        match kind {
            EXTENSION_BACKING_FORMAT => self.backing_format = format_name(data, offset)?,
            EXTENSION_DATA_FILE => {
                self.data_file = Some(file_name("data file name", data, offset)?);
            }
            EXTENSION_LUKS => return Err(Error::LuksExtension { offset }),
            EXTENSION_FEATURE_NAMES => self.feature_names = feature_names(data),
            // Bitmaps and what may come: an extension that must be understood brings an incompatible feature bit.
            _ => {}
        }
        Ok(())
    }

    /// The bytes that stand at the start of the image, to be padded with zeros to a cluster.
    ///
    /// The compression type, its feature bit and the header length follow from [`Header::compression`].
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let extensions = self.encode_extensions();
        let header_len = match (self.version, self.compression) {
            (2, _) => V2_LEN,
            (_, Compression::Deflate) => V3_MIN_LEN,
            (_, Compression::Zstd) => V3_LEN,
        };
        let name = self.backing_file.as_ref().map_or(&[][..], |name| &name.raw);
        let name_at = header_len.saturating_add(extensions.len() as u64);
        let len = name_at.saturating_add(name.len() as u64);
        if len > self.cluster_size() {
            return Err(Error::HeaderTooLong {
                len,
                max: self.cluster_size(),
            });
        }
        let raw = RawHeader {
            magic: MAGIC,
            version: self.version.into(),
            backing_offset: if name.is_empty() { 0 } else { name_at }.into(),
            backing_len: (name.len() as u32).into(),
            cluster_bits: self.cluster_bits.into(),
            size: self.size.into(),
            crypt_method: 0.into(),
            l1_entries: self.l1_entries.into(),
            l1_offset: self.l1_offset.into(),
            refcount_table_offset: self.refcount_table_offset.into(),
            refcount_table_clusters: self.refcount_table_clusters.into(),
            snapshot_count: self.snapshot_count.into(),
            snapshots_offset: self.snapshots_offset.into(),
        };
        let mut out = raw.as_bytes().to_vec();
        if self.version >= 3 {
            out.extend_from_slice(self.encode_v3(header_len).as_bytes());
        }
        if header_len >= V3_LEN {
            out.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
        }
        out.extend_from_slice(&extensions);
        out.extend_from_slice(name);
        Ok(out)
    }

    fn encode_v3(&self, header_len: u64) -> RawHeaderV3 {
        let bit = match self.compression {
            Compression::Deflate => 0,
            Compression::Zstd => INCOMPATIBLE_COMPRESSION,
        };
        RawHeaderV3 {
            incompatible: (self.incompatible & !INCOMPATIBLE_COMPRESSION | bit).into(),
            compatible: self.compatible.into(),
            autoclear: self.autoclear.into(),
            refcount_order: self.refcount_order.into(),
            header_len: (header_len as u32).into(),
        }
    }

    fn encode_extensions(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(format) = &self.backing_format {
            put_extension(&mut out, EXTENSION_BACKING_FORMAT, format.as_bytes());
        }
        if let Some(name) = &self.data_file {
            put_extension(&mut out, EXTENSION_DATA_FILE, &name.raw);
        }
        if !self.feature_names.is_empty() {
            let names: Vec<u8> = self
                .feature_names
                .iter()
                .flat_map(FeatureName::encode)
                .collect();
            put_extension(&mut out, EXTENSION_FEATURE_NAMES, &names);
        }
        put_extension(&mut out, EXTENSION_END, &[]);
        out
    }
}

impl FeatureName {
    fn encode(&self) -> [u8; 48] {
        let mut raw = RawFeatureName {
            kind: self.kind,
            bit: self.bit,
            name: [0; 46],
        };
        for (to, from) in raw.name.iter_mut().zip(self.name.bytes()) {
            *to = from;
        }
        zerocopy::transmute!(raw)
    }
}

fn put_extension(out: &mut Vec<u8>, kind: u32, data: &[u8]) {
    let raw = RawExtension {
        kind: kind.into(),
        len: (data.len() as u32).into(),
    };
    out.extend_from_slice(raw.as_bytes());
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(8), 0);
}

/// The fields that version 2 lacks, with what they mean there.
struct VersionFields {
    incompatible: u64,
    compatible: u64,
    autoclear: u64,
    refcount_order: u32,
    header_len: u64,
    compression_type: u8,
}

impl VersionFields {
    fn parse(head: &[u8], version: u32, cluster: u64) -> Result<VersionFields, Error> {
        if version == 2 {
            return Ok(VersionFields {
                incompatible: 0,
                compatible: 0,
                autoclear: 0,
                refcount_order: V2_REFCOUNT_ORDER,
                header_len: V2_LEN,
                compression_type: 0,
            });
        }
        let rest = head.get(V2_LEN as usize..).unwrap_or_default();
        let Ok((raw, rest)) = RawHeaderV3::ref_from_prefix(rest) else {
            let len = head.len() as u64;
            let expected = V3_MIN_LEN;
            return Err(Error::HeaderCut { len, expected });
        };
        let found = raw.header_len.get();
        let header_len = u64::from(found);
        if !(V3_MIN_LEN..=cluster).contains(&header_len) || header_len % 8 != 0 {
            return Err(Error::HeaderLength {
                found,
                max: cluster,
            });
        }
        if header_len > head.len() as u64 {
            let len = head.len() as u64;
            let expected = header_len;
            return Err(Error::HeaderCut { len, expected });
        }
        let refcount_order = raw.refcount_order.get();
        if refcount_order > 6 {
            let found = refcount_order;
            return Err(Error::RefcountOrder { found });
        }
        // A header without the field means the same as one with a zero in it.
        let compression_type = match header_len {
            V3_MIN_LEN => 0,
            _ => rest.first().copied().unwrap_or(0),
        };
        Ok(VersionFields {
            incompatible: raw.incompatible.get(),
            compatible: raw.compatible.get(),
            autoclear: raw.autoclear.get(),
            refcount_order,
            header_len,
            compression_type,
        })
    }

    fn compression(&self) -> Result<Compression, Error> {
        let bit = self.incompatible & INCOMPATIBLE_COMPRESSION != 0;
        match (self.compression_type, bit) {
            (0, false) => Ok(Compression::Deflate),
            (1, true) if cfg!(feature = "zstd") => Ok(Compression::Zstd),
            (1, true) => Err(Error::ZstdNotBuiltIn),
            (found @ (0 | 1), bit) => Err(Error::CompressionBit { found, bit }),
            (found, _) => Err(Error::CompressionType { found }),
        }
    }
}

fn check_encryption(found: u32) -> Result<(), Error> {
    let name = match found {
        0 => return Ok(()),
        1 => "AES",
        2 => "LUKS",
        _ => "unknown",
    };
    Err(Error::Encrypted { found, name })
}

/// Refuses unknown incompatible features, by the names the image has for them.
fn check_features(incompatible: u64, area: Area<'_>) -> Result<(), Error> {
    let unknown = incompatible & !INCOMPATIBLE_KNOWN;
    if unknown == 0 {
        return Ok(());
    }
    // An image from the future may well have extensions that do not parse; the features are still the thing to name.
    let names: Vec<FeatureName> = area
        .extensions()
        .map_while(Result::ok)
        .filter(|extension| extension.kind == EXTENSION_FEATURE_NAMES)
        .flat_map(|extension| feature_names(extension.data))
        .collect();
    let features: Vec<String> = (0..64u8)
        .filter(|bit| unknown >> bit & 1 == 1)
        .map(|bit| {
            let known = names.iter().find(|name| name.kind == 0 && name.bit == bit);
            match known {
                Some(known) => format!("bit {bit} {:?}", known.name),
                None => format!("bit {bit}"),
            }
        })
        .collect();
    let features = features.join(", ");
    Err(Error::UnknownFeatures { features })
}

/// The part of the first cluster that holds extensions.
#[derive(Clone, Copy)]
struct Area<'a> {
    head: &'a [u8],
    start: u64,
    end: u64,
}

struct Extension<'a> {
    kind: u32,
    /// Where its head stands in the file.
    offset: u64,
    data: &'a [u8],
}

impl<'a> Area<'a> {
    /// The extensions up to the end mark or the end of the area; nothing follows an error.
    fn extensions(self) -> impl Iterator<Item = Result<Extension<'a>, Error>> {
        let area = self.head.get(..self.end as usize).unwrap_or_default();
        let mut rest = area.get(self.start as usize..).unwrap_or_default();
        std::iter::from_fn(move || {
            let offset = area.len().saturating_sub(rest.len()) as u64;
            let (raw, after) = RawExtension::ref_from_prefix(std::mem::take(&mut rest)).ok()?;
            let (kind, len) = (raw.kind.get(), raw.len.get());
            if kind == EXTENSION_END {
                return None;
            }
            let Some((data, _)) = after.split_at_checked(len as usize) else {
                let room = after.len() as u64;
                return Some(Err(Error::ExtensionLength {
                    kind,
                    offset,
                    len,
                    room,
                }));
            };
            // The padding of the last one may be missing.
            rest = after
                .get(data.len().next_multiple_of(8)..)
                .unwrap_or_default();
            Some(Ok(Extension { kind, offset, data }))
        })
    }
}

fn feature_names(data: &[u8]) -> Vec<FeatureName> {
    let (entries, _) = data.as_chunks::<48>();
    entries
        .iter()
        .map(|entry| {
            let raw: RawFeatureName = zerocopy::transmute!(*entry);
            let text = raw.name.split(|&b| b == 0).next().unwrap_or_default();
            FeatureName {
                kind: raw.kind,
                bit: raw.bit,
                name: String::from_utf8_lossy(text).into_owned(),
            }
        })
        .collect()
}

fn backing_name(
    raw: &RawHeader,
    head: &[u8],
    header_len: u64,
    cluster: u64,
) -> Result<Option<FileName>, Error> {
    const WHAT: &str = "backing file name";
    let (offset, len) = (raw.backing_offset.get(), u64::from(raw.backing_len.get()));
    // QEMU takes either as "none" too.
    if offset == 0 || len == 0 {
        return Ok(None);
    }
    if len > MAX_NAME_LEN {
        return Err(Error::NameLength {
            what: WHAT,
            offset,
            found: len,
            max: MAX_NAME_LEN,
        });
    }
    let max = cluster.min(head.len() as u64);
    let end = offset.checked_add(len).filter(|&end| end <= max);
    let (Some(end), true) = (end, offset >= header_len) else {
        return Err(Error::NamePlace {
            offset,
            len,
            min: header_len,
            max,
        });
    };
    let bytes = head.get(offset as usize..end as usize).unwrap_or_default();
    file_name(WHAT, bytes, offset).map(Some)
}

fn file_name(what: &'static str, bytes: &[u8], offset: u64) -> Result<FileName, Error> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if bytes.len() as u64 > MAX_NAME_LEN {
        return Err(Error::NameLength {
            what,
            offset,
            found: bytes.len() as u64,
            max: MAX_NAME_LEN,
        });
    }
    if bytes.is_empty() || bytes.contains(&0) {
        let name = text;
        return Err(Error::BadName { what, offset, name });
    }
    let name = FileName {
        text,
        raw: bytes.to_vec(),
    };
    if has_protocol(bytes) {
        let tool = match what {
            "backing file name" => "qemu-img rebase -u",
            _ => "qemu-img amend -o data_file",
        };
        return Err(Error::Protocol { what, name, tool });
    }
    Ok(name)
}

/// Whether QEMU would take the name for `protocol:...`: it has a colon before the first slash.
///
/// `C:\disk` is left to the caller, who knows Windows names; QEMU on other systems looks for a protocol `C`.
fn has_protocol(name: &[u8]) -> bool {
    let head = name.split(|&b| b == b'/').next().unwrap_or_default();
    head.iter()
        .position(|&b| b == b':')
        .is_some_and(|at| at != 1)
}

fn format_name(data: &[u8], offset: u64) -> Result<Option<String>, Error> {
    const WHAT: &str = "backing file format";
    let found = data.len() as u64;
    if found > MAX_FORMAT_LEN {
        return Err(Error::NameLength {
            what: WHAT,
            offset,
            found,
            max: MAX_FORMAT_LEN,
        });
    }
    match std::str::from_utf8(data) {
        Ok("") => Ok(None),
        Ok(name) if name.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(name.to_owned())),
        _ => Err(Error::BadName {
            what: WHAT,
            offset,
            name: String::from_utf8_lossy(data).into_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Header {
        Header {
            version: 3,
            cluster_bits: 16,
            size: 1 << 30,
            l1_entries: 2,
            l1_offset: 0x30000,
            refcount_table_offset: 0x10000,
            refcount_table_clusters: 1,
            snapshot_count: 0,
            snapshots_offset: 0,
            incompatible: 0,
            compatible: 0,
            autoclear: 0,
            refcount_order: 4,
            compression: Compression::Deflate,
            backing_file: Some(FileName::new("base.qcow2")),
            backing_format: Some("qcow2".to_owned()),
            data_file: None,
            feature_names: vec![
                FeatureName {
                    kind: 1,
                    bit: 7,
                    name: "compatible, not meant".to_owned(),
                },
                FeatureName {
                    kind: 0,
                    bit: 7,
                    name: "time travel".to_owned(),
                },
            ],
        }
    }

    fn cluster_of(header: &Header) -> Vec<u8> {
        let mut bytes = header.encode().unwrap();
        bytes.resize(header.cluster_size() as usize, 0);
        bytes
    }

    /// Expects a header to be refused after `bytes` were put at `at`.
    fn check(header: &Header, at: usize, bytes: &[u8], text: &str) {
        let mut head = cluster_of(header);
        head[at..at + bytes.len()].copy_from_slice(bytes);
        let found = match Header::parse(&head) {
            Ok(header) => panic!("{at:#x}: read as {header:?}, expected {text}"),
            Err(err) => err.to_string(),
        };
        assert_eq!(found, text, "{at:#x}");
    }

    #[test]
    fn one_broken_field_is_named() {
        for (at, bytes, text) in [
            (
                0,
                b"QFI\0".as_slice(),
                "the file does not begin with \"QFI\\xfb\" and is no qcow2 image",
            ),
            (
                4,
                &[0, 0, 0, 1],
                "version at offset 0x4 is 1, expected 2 or 3; qemu-img convert can read other versions",
            ),
            (
                4,
                &[0, 0, 0, 4],
                "version at offset 0x4 is 4, expected 2 or 3; qemu-img convert can read other versions",
            ),
            (
                20,
                &[0, 0, 0, 8],
                "cluster bits at offset 0x14 are 8, expected 9 to 21",
            ),
            (
                20,
                &[0, 0, 0, 22],
                "cluster bits at offset 0x14 are 22, expected 9 to 21",
            ),
            (
                20,
                &[255; 4],
                "cluster bits at offset 0x14 are 4294967295, expected 9 to 21",
            ),
            (
                32,
                &[0, 0, 0, 1],
                "encryption method at offset 0x20 is 1 (AES), and encrypted images are not supported; decrypt it with qemu-img convert",
            ),
            (
                32,
                &[0, 0, 0, 2],
                "encryption method at offset 0x20 is 2 (LUKS), and encrypted images are not supported; decrypt it with qemu-img convert",
            ),
            (
                32,
                &[0, 0, 1, 0],
                "encryption method at offset 0x20 is 256 (unknown), and encrypted images are not supported; decrypt it with qemu-img convert",
            ),
            (
                79,
                &[0x80],
                "incompatible features at offset 0x48 include bit 7 \"time travel\", which this reader does not know; convert the image with the program that made it",
            ),
            (
                72,
                &[0x80, 0, 0, 0, 0, 0, 0, 0xa1],
                "incompatible features at offset 0x48 include bit 5, bit 7 \"time travel\", bit 63, which this reader does not know; convert the image with the program that made it",
            ),
            (
                96,
                &[0, 0, 0, 7],
                "refcount order at offset 0x60 is 7, expected 0 to 6",
            ),
            (
                100,
                &[0, 0, 0, 96],
                "header length at offset 0x64 is 96, expected a multiple of 8 from 104 to 65536",
            ),
            (
                100,
                &[0, 0, 0, 0],
                "header length at offset 0x64 is 0, expected a multiple of 8 from 104 to 65536",
            ),
            (
                100,
                &[0, 0, 0, 106],
                "header length at offset 0x64 is 106, expected a multiple of 8 from 104 to 65536",
            ),
            (
                100,
                &[0, 1, 0, 8],
                "header length at offset 0x64 is 65544, expected a multiple of 8 from 104 to 65536",
            ),
            (
                79,
                &[8],
                "compression type at offset 0x68 is 0, but incompatible feature bit 3 at offset 0x48 is set",
            ),
            // Backing file name.
            (
                16,
                &[0, 0, 4, 0],
                "backing file name at offset 0xe8 has 1024 bytes, expected at most 1023",
            ),
            (
                8,
                &[0, 0, 0, 0, 0, 0, 0, 96],
                "backing file name at offset 0x60 with 10 bytes lies outside 0x68 to 0x10000",
            ),
            (
                8,
                &[0, 0, 0, 0, 0, 0, 0xff, 0xf8],
                "backing file name at offset 0xfff8 with 10 bytes lies outside 0x68 to 0x10000",
            ),
            (
                8,
                &[255; 8],
                "backing file name at offset 0xffffffffffffffff with 10 bytes lies outside 0x68 to 0x10000",
            ),
            (
                0xe8,
                b"a\0b",
                "backing file name at offset 0xe8 is \"a\\0be.qcow2\", which is no name",
            ),
            (
                0xe8,
                b"json:{",
                "backing file name \"json:{cow2\" names a protocol, expected a file; make a copy of what it names and set the name with qemu-img rebase -u",
            ),
            (
                0xe8,
                b"nbd://h",
                "backing file name \"nbd://how2\" names a protocol, expected a file; make a copy of what it names and set the name with qemu-img rebase -u",
            ),
            // Extensions: the backing format at 0x68, feature names at 0x78.
            (
                0x6c,
                &[0, 0, 0, 16],
                "backing file format at offset 0x68 has 16 bytes, expected at most 15",
            ),
            (
                0x70,
                b"qc w2",
                "backing file format at offset 0x68 is \"qc w2\", which is no name",
            ),
            (
                0x7c,
                &[0, 0, 0, 0x69],
                "header extension 0x6803f857 at offset 0x78 has 105 bytes of data, 104 bytes are left for it",
            ),
            (
                0x7c,
                &[255; 4],
                "header extension 0x6803f857 at offset 0x78 has 4294967295 bytes of data, 104 bytes are left for it",
            ),
            (
                0x78,
                &[0x05, 0x37, 0xbe, 0x77],
                "header extension at offset 0x78 is a full disk encryption header (LUKS), and encrypted images are not supported",
            ),
            (
                0x68,
                b"DATA",
                "data file name at offset 0x68 is \"\", which is no name",
            ),
        ] {
            // The name of the data file is emptied as well.
            if bytes == b"DATA" {
                check(&sample(), at, b"DATA\0\0\0\0", text);
            } else {
                check(&sample(), at, bytes, text);
            }
        }
    }

    #[test]
    fn compression_type_and_feature_bit_go_together() {
        let zstd = Header {
            compression: Compression::Zstd,
            ..sample()
        };
        if cfg!(feature = "zstd") {
            assert!(Header::parse(&cluster_of(&zstd)).is_ok());
            check(
                &zstd,
                104,
                &[7],
                "compression type at offset 0x68 is 7, expected 0 (deflate) or 1 (zstd)",
            );
            check(
                &zstd,
                79,
                &[0],
                "compression type at offset 0x68 is 1, but incompatible feature bit 3 at offset 0x48 is not set",
            );
        } else {
            check(
                &zstd,
                79,
                &[8],
                "the image has zstd clusters, which need a build with the feature \"zstd\"",
            );
        }
    }

    #[test]
    fn subclusters_have_a_sector_at_least() {
        let header = Header {
            cluster_bits: 13,
            incompatible: INCOMPATIBLE_EXTENDED_L2,
            ..sample()
        };
        check(
            &header,
            0,
            b"Q",
            "cluster bits at offset 0x14 are 13, expected 14 to 21 with extended L2 entries",
        );
    }

    #[test]
    fn every_prefix_is_refused_by_length() {
        let header = Header {
            compression: if cfg!(feature = "zstd") {
                Compression::Zstd
            } else {
                Compression::Deflate
            },
            ..sample()
        };
        let head = header.encode().unwrap();
        let header_len = u64::from(head[103]);
        for len in 0..head.len() {
            let prefix = &head[..len];
            let len = len as u64;
            let text = match Header::parse(prefix) {
                Ok(header) => panic!("{len} bytes are read as {header:?}"),
                Err(err) => err.to_string(),
            };
            let cut = |expected| {
                format!(
                    "the header is cut off: the file has {len} bytes, expected at least {expected}"
                )
            };
            let expected = match len {
                0..4 => {
                    "the file does not begin with \"QFI\\xfb\" and is no qcow2 image".to_owned()
                }
                4..72 => cut(72),
                72..104 => cut(104),
                _ if len < header_len => cut(header_len),
                _ => {
                    let at = head.len() - 10;
                    format!(
                        "backing file name at offset {at:#x} with 10 bytes lies outside {header_len:#x} to {len:#x}"
                    )
                }
            };
            assert_eq!(text, expected, "{len}");
        }
    }

    #[test]
    fn an_area_without_an_end_mark_ends() {
        let mut head = vec![0; 512];
        let bare = Header {
            cluster_bits: 9,
            backing_file: None,
            backing_format: None,
            feature_names: Vec::new(),
            ..sample()
        };
        head[..104].copy_from_slice(&bare.encode().unwrap()[..104]);
        // An unknown extension up to the last 4 bytes of the cluster.
        head[104..112].copy_from_slice(&[0, 0, 0, 9, 0, 0, 1, 0x8c]);
        assert_eq!(Header::parse(&head).unwrap(), bare);
    }

    #[test]
    fn a_name_that_does_not_fit_is_not_written() {
        let header = Header {
            cluster_bits: 9,
            backing_file: Some(FileName::new("x".repeat(400))),
            ..sample()
        };
        assert_eq!(
            header.encode().unwrap_err().to_string(),
            "the header with its extensions and names takes 632 bytes, a cluster has 512; use larger clusters"
        );
    }

    #[test]
    fn windows_drives_are_no_protocols() {
        for (name, protocol) in [
            ("base.qcow2", false),
            ("C:\\vm\\base.qcow2", false),
            ("./odd:name", false),
            ("dir/odd:name", false),
            ("file:base.qcow2", true),
            (":", true),
            ("json:{}", true),
            ("fat:rw:/etc", true),
        ] {
            assert_eq!(has_protocol(name.as_bytes()), protocol, "{name}");
        }
    }

    prop_compose! {
        fn headers()(
            v3 in any::<bool>(),
            cluster_bits in 14..=MAX_CLUSTER_BITS,
            numbers in any::<[u64; 6]>(),
            counts in any::<[u32; 3]>(),
            zstd in any::<bool>(),
            refcount_order in 0..=6u32,
            backing in proptest::option::of("[a-z./ äß]{1,400}"),
            backing_format in proptest::option::of("[a-z0-9]{1,15}"),
            data_file in proptest::option::of("[a-z./ äß]{1,400}"),
            names in proptest::collection::vec((0..3u8, 0..64u8, "[a-z ]{1,46}"), 0..5),
        ) -> Header {
            let compression = match v3 && zstd && cfg!(feature = "zstd") {
                true => Compression::Zstd,
                false => Compression::Deflate,
            };
            let bits = if compression == Compression::Zstd { INCOMPATIBLE_COMPRESSION } else { 0 };
            let known = INCOMPATIBLE_KNOWN & !INCOMPATIBLE_COMPRESSION;
            let only_v3 = |bits| if v3 { bits } else { 0 };
            Header {
                version: if v3 { 3 } else { 2 },
                cluster_bits,
                size: numbers[0],
                l1_entries: counts[0],
                l1_offset: numbers[1],
                refcount_table_offset: numbers[2],
                refcount_table_clusters: counts[1],
                snapshot_count: counts[2],
                snapshots_offset: numbers[3],
                incompatible: only_v3(numbers[4] & known | bits),
                compatible: only_v3(numbers[4]),
                autoclear: only_v3(numbers[5]),
                refcount_order: if v3 { refcount_order } else { V2_REFCOUNT_ORDER },
                compression,
                backing_file: backing.map(FileName::new),
                backing_format,
                data_file: data_file.map(FileName::new),
                feature_names: names
                    .into_iter()
                    .map(|(kind, bit, name)| FeatureName { kind, bit, name })
                    .collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(header in headers()) {
            prop_assert_eq!(&Header::parse(&cluster_of(&header)).unwrap(), &header);
            // The padding need not be there.
            prop_assert_eq!(&Header::parse(&header.encode().unwrap()).unwrap(), &header);
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..700), bits in 0..24u8) {
            for (to, from) in bytes.iter_mut().zip(b"QFI\xfb\0\0\0\x03") {
                *to = *from;
            }
            if let Some(to) = bytes.get_mut(20..24) {
                to.copy_from_slice(&[0, 0, 0, bits]);
            }
            let _ = Header::parse(&bytes);
            for at in 72..78 {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = 0;
                }
            }
            let _ = Header::parse(&bytes);
        }
    }
}
