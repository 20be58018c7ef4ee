//! Every way a qcow2 image can be wrong.

use v2v_codec::DecodeError;
use v2v_disk::{Class, FileName, FormatError};

/// Why an image can't be read. Offsets are bytes in the image file unless the text says guest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first four bytes are not `QFI\xfb`.
    #[error("the file does not begin with \"QFI\\xfb\" and is no qcow2 image")]
    Magic,
    /// Version 1 is the older qcow format, above 3 there is nothing yet.
    #[error(
        "version at offset 0x4 is {found}, expected 2 or 3; qemu-img convert can read other versions"
    )]
    Version {
        /// The version in the header.
        found: u32,
    },
    /// The file ends inside its header.
    #[error("the header is cut off: the file has {len} bytes, expected at least {expected}")]
    HeaderCut {
        /// Bytes there are.
        len: u64,
        /// Bytes this version's header has.
        expected: u64,
    },
    /// The cluster size is not one of the format's.
    #[error("cluster bits at offset 0x14 are {found}, expected 9 to 21")]
    ClusterBits {
        /// Logarithm of the cluster size in bytes.
        found: u32,
    },
    /// The header says it is shorter than version 3 demands, longer than a cluster, or oddly long.
    #[error("header length at offset 0x64 is {found}, expected a multiple of 8 from 104 to {max}")]
    HeaderLength {
        /// Length in the header.
        found: u32,
        /// The cluster size in bytes.
        max: u64,
    },
    /// What is to be written into the first cluster does not fit.
    #[error(
        "the header with its extensions and names takes {len} bytes, a cluster has {max}; use larger clusters"
    )]
    HeaderTooLong {
        /// Bytes needed.
        len: u64,
        /// The cluster size in bytes.
        max: u64,
    },
    /// Reference counts wider than 64 bits.
    #[error("refcount order at offset 0x60 is {found}, expected 0 to 6")]
    RefcountOrder {
        /// Logarithm of the width in bits.
        found: u32,
    },
    /// Incompatible features from the future.
    #[error(
        "incompatible features at offset 0x48 include {features}, which this reader does not know; \
        convert the image with the program that made it"
    )]
    UnknownFeatures {
        /// `bit 5 "name"`, with the name if the image has one, separated by commas.
        features: String,
    },
    /// The program that wrote the image last found it broken.
    #[error(
        "the image is marked corrupt (incompatible feature bit 1 at offset 0x48); \
        repair a copy with qemu-img check -r all, or have the mark ignored"
    )]
    MarkedCorrupt,
    /// Guest data is encrypted.
    #[error(
        "encryption method at offset 0x20 is {found} ({name}), and encrypted images are not supported; \
        decrypt it with qemu-img convert"
    )]
    Encrypted {
        /// The method in the header.
        found: u32,
        /// What it is called.
        name: &'static str,
    },
    /// A LUKS header without LUKS as the encryption method.
    #[error(
        "header extension at offset {offset:#x} is a full disk encryption header (LUKS), \
        and encrypted images are not supported"
    )]
    LuksExtension {
        /// Where the extension begins.
        offset: u64,
    },
    /// A compression method from the future.
    #[error("compression type at offset 0x68 is {found}, expected 0 (deflate) or 1 (zstd)")]
    CompressionType {
        /// The type in the header.
        found: u8,
    },
    /// The feature bit and the compression type contradict each other.
    #[error("compression type at offset 0x68 is {found}, but incompatible feature bit 3 at offset 0x48 is {}",
        if *.bit { "set" } else { "not set" })]
    CompressionBit {
        /// The type in the header.
        found: u8,
        /// Whether the bit is set.
        bit: bool,
    },
    /// This build has no zstd.
    #[error("the image has zstd clusters, which need a build with the feature \"zstd\"")]
    ZstdNotBuiltIn,
    /// Subclusters would be smaller than a sector.
    #[error("cluster bits at offset 0x14 are {found}, expected 14 to 21 with extended L2 entries")]
    ExtendedClusterBits {
        /// Logarithm of the cluster size in bytes.
        found: u32,
    },
    /// A header extension reaches past its area.
    #[error(
        "header extension {kind:#010x} at offset {offset:#x} has {len} bytes of data, {room} bytes are left for it"
    )]
    ExtensionLength {
        /// Type of the extension.
        kind: u32,
        /// Where it begins.
        offset: u64,
        /// Data length it declares.
        len: u32,
        /// Bytes up to the end of the extension area.
        room: u64,
    },
    /// A name is longer than allowed.
    #[error("{what} at offset {offset:#x} has {found} bytes, expected at most {max}")]
    NameLength {
        /// Which name.
        what: &'static str,
        /// Where the name begins.
        offset: u64,
        /// Its length.
        found: u64,
        /// The longest allowed here.
        max: u64,
    },
    /// The backing file name is not between the header and the end of the first cluster.
    #[error(
        "backing file name at offset {offset:#x} with {len} bytes lies outside {min:#x} to {max:#x}"
    )]
    NamePlace {
        /// Where it begins.
        offset: u64,
        /// Its length.
        len: u64,
        /// End of the header.
        min: u64,
        /// End of the first cluster or of the file.
        max: u64,
    },
    /// A name is empty or holds a NUL, or a format's name is not plain text.
    #[error("{what} at offset {offset:#x} is {name:?}, which is no name")]
    BadName {
        /// Which name.
        what: &'static str,
        /// Where it begins.
        offset: u64,
        /// What stands there.
        name: String,
    },
    /// A name means something other than a file.
    #[error(
        "{what} {name} names a protocol, expected a file; make a copy of what it names and set the name with {tool}"
    )]
    Protocol {
        /// Which name.
        what: &'static str,
        /// The name.
        name: FileName,
        /// The call that changes it.
        tool: &'static str,
    },
    /// Guest data lies in another file, and the caller has not allowed that.
    #[error(
        "the data is in the external data file {name}; allow external data files if you trust this image"
    )]
    DataFileDenied {
        /// The name in the image.
        name: FileName,
    },
    /// Guest data lies in another file, and the image does not say which.
    #[error(
        "incompatible feature bit 2 at offset 0x48 demands an external data file, \
        but there is no header extension 0x44415441 with its name"
    )]
    DataFileUnnamed,
    /// The data file is the whole disk and there is a backing file beneath it.
    #[error("the image has a raw external data file and a backing file, which exclude each other")]
    RawDataWithBacking,
    /// A table does not begin at a cluster boundary.
    #[error("{what} offset at offset {at:#x} is {found:#x}, expected a multiple of {cluster:#x}")]
    TableAlignment {
        /// Which table.
        what: &'static str,
        /// Where the offset stands.
        at: u64,
        /// The offset found.
        found: u64,
        /// The cluster size.
        cluster: u64,
    },
    /// A table reaches past the end of the file, or into the header.
    #[error(
        "{what} at offset {offset:#x} with {len} bytes does not lie between the header's cluster and the end of \
        the file at {file_len:#x}; is the copy complete?"
    )]
    TableOutside {
        /// Which table.
        what: &'static str,
        /// Where it is said to be.
        offset: u64,
        /// Its length in bytes.
        len: u64,
        /// Length of the file in bytes.
        file_len: u64,
    },
    /// The L1 table does not cover the disk.
    #[error("{what} has {found} entries, expected at least {expected} for {size} bytes")]
    L1TooSmall {
        /// Which L1 table.
        what: &'static str,
        /// Its entries.
        found: u32,
        /// Entries needed.
        expected: u64,
        /// Virtual size in bytes.
        size: u64,
    },
    /// The image asks for more than the caller's limits grant.
    #[error("{what} is {found}, and the limit is {limit}")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// What the image asks for.
        found: u64,
        /// What is granted.
        limit: u64,
    },
    /// Bits are set that have no meaning.
    #[error(
        "{what} entry at offset {at:#x} is {found:#018x}, expected bits {reserved:#018x} to be 0"
    )]
    ReservedBits {
        /// `L1` or `L2`.
        what: &'static str,
        /// Where the entry stands.
        at: u64,
        /// The entry.
        found: u64,
        /// The bits that are set and must not be.
        reserved: u64,
    },
    /// A table entry points inside a cluster.
    #[error(
        "{what} entry at offset {at:#x} points to {offset:#x}, expected a multiple of {cluster:#x}"
    )]
    EntryAlignment {
        /// `L1` or `L2`.
        what: &'static str,
        /// Where the entry stands.
        at: u64,
        /// Where it points.
        offset: u64,
        /// The cluster size.
        cluster: u64,
    },
    /// A table entry points behind the end of the file.
    #[error(
        "{what} entry at offset {at:#x} points to {offset:#x}, and the file ends at {file_len:#x}; \
        is the copy complete?"
    )]
    EntryOutside {
        /// `L1` or `L2`.
        what: &'static str,
        /// Where the entry stands.
        at: u64,
        /// Where it points.
        offset: u64,
        /// Length in bytes of the file that is pointed into.
        file_len: u64,
    },
    /// Guest data is not where it must be in an external data file.
    #[error(
        "L2 entry at offset {at:#x} points to {found:#x} of the data file, expected {guest:#x}, the guest offset"
    )]
    DataFileOffset {
        /// Where the entry stands.
        at: u64,
        /// Where it points.
        found: u64,
        /// Guest offset of the cluster.
        guest: u64,
    },
    /// Compressed clusters can't be in an external data file.
    #[error(
        "L2 entry at offset {at:#x} is a compressed cluster, which an image with an external data file can't have"
    )]
    CompressedInDataFile {
        /// Where the entry stands.
        at: u64,
    },
    /// Subclusters that are stored and zero at once, or stored nowhere.
    #[error("subcluster bitmap at offset {at:#x} is {found:#018x}, which has subclusters {reason}")]
    Subclusters {
        /// Where the bitmap stands.
        at: u64,
        /// The bitmap.
        found: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A compressed cluster does not decode.
    #[error("compressed cluster at offset {offset:#x} (guest offset {guest:#x}): {error}")]
    Compressed {
        /// Where its stream begins.
        offset: u64,
        /// Where the guest has it.
        guest: u64,
        /// What the decoder says; the text has it.
        error: DecodeError,
    },
    /// A compressed cluster decodes to too few bytes.
    #[error(
        "compressed cluster at offset {offset:#x} (guest offset {guest:#x}) holds {found} bytes, expected {expected}"
    )]
    CompressedShort {
        /// Where its stream begins.
        offset: u64,
        /// Where the guest has it.
        guest: u64,
        /// Bytes it holds.
        found: usize,
        /// The cluster size.
        expected: u64,
    },
    /// A snapshot carries more extra data than any known writer.
    #[error(
        "snapshot entry at offset {at:#x} has {found} bytes of extra data, expected at most 1024"
    )]
    SnapshotExtra {
        /// Where the entry begins.
        at: u64,
        /// The length found.
        found: u32,
    },
    /// There is no snapshot of that id or name.
    #[error("the image has no snapshot {wanted:?}; it has {known}")]
    NoSuchSnapshot {
        /// What was asked for.
        wanted: String,
        /// Those there are.
        known: String,
    },
}

impl FormatError for Error {
    fn class(&self) -> Class {
        match self {
            Error::Magic => Class::NotThisFormat,
            Error::Version { .. }
            | Error::UnknownFeatures { .. }
            | Error::Encrypted { .. }
            | Error::LuksExtension { .. }
            | Error::CompressionType { .. }
            | Error::ZstdNotBuiltIn
            | Error::Protocol { .. } => Class::Unsupported,
            Error::DataFileDenied { .. } => Class::Denied,
            Error::Limit { .. } => Class::Limit,
            Error::NoSuchSnapshot { .. } => Class::Missing,
            _ => Class::Corrupt,
        }
    }
}
