//! Every way a VMDK can be wrong or out of reach.
//!
//! These errors know offsets and fields; the layer that opened the file adds its name.

use v2v_codec::DecodeError;
use v2v_disk::{Class, FormatError};

use crate::descriptor;

/// Why a VMDK can't be read. Offsets are in bytes from the start of the file, sectors have 512 bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is something else.
    #[error(
        "not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor"
    )]
    NotVmdk,

    /// The file is shorter than its header.
    #[error(
        "{header} header at offset {offset:#x} is cut off: it has {expected} bytes, the file ends at {file_len:#x}"
    )]
    HeaderCut {
        /// Which header.
        header: &'static str,
        /// Where it begins.
        offset: u64,
        /// Its length in bytes.
        expected: u64,
        /// Length of the file.
        file_len: u64,
    },

    /// A field has a value the format does not allow.
    #[error("{field} at offset {offset:#x} is {found}, expected {expected}")]
    Field {
        /// The field in words.
        field: &'static str,
        /// Where it stands.
        offset: u64,
        /// Its value.
        found: u64,
        /// What would be right.
        expected: String,
    },

    /// A magic number is missing where the file has to have one.
    #[error("{what} at offset {offset:#x} begins with {found:#x}, expected {expected:#x}")]
    Magic {
        /// What should be there.
        what: &'static str,
        /// Where.
        offset: u64,
        /// The bytes there, as a little-endian number.
        found: u64,
        /// The magic number.
        expected: u64,
    },

    /// A version nobody has described.
    #[error("{what} version at offset {offset:#x} is {found:#x}, expected {expected}")]
    Version {
        /// Which header.
        what: &'static str,
        /// Where.
        offset: u64,
        /// The version.
        found: u64,
        /// What can be read.
        expected: &'static str,
    },

    /// Bits set that change the meaning of the file in an unknown way.
    #[error("{field} at offset {offset:#x} has the unknown bits {bits:#x}")]
    UnknownBits {
        /// The field.
        field: &'static str,
        /// Where.
        offset: u64,
        /// The bits that are not known.
        bits: u64,
    },

    /// A compression nobody has described.
    #[error(
        "compression method at offset {offset:#x} is {found}, expected 0 (none) or 1 (deflate)"
    )]
    Compression {
        /// Where.
        offset: u64,
        /// The number.
        found: u16,
    },

    /// The newline bytes of the header were changed on the way.
    #[error(
        "newline test at offset {offset:#x} is {}, expected 0a 20 0d 0a; the file went through a transfer in text mode, copy it again in binary mode",
        Hex(found)
    )]
    Newline {
        /// Where.
        offset: u64,
        /// The four bytes.
        found: [u8; 4],
    },

    /// open-vmdk writes the magic in lower case first and the right one last.
    #[error("magic is \"kdmv\": the program that wrote the file did not finish it; write it again")]
    Unfinished,

    /// A part of the file lies outside of it.
    #[error("{what} at offset {start:#x} has {len} bytes, but the file ends at {file_len:#x}")]
    BeyondEnd {
        /// Which part.
        what: &'static str,
        /// Where it would begin.
        start: u64,
        /// Its length.
        len: u64,
        /// Length of the file.
        file_len: u64,
    },

    /// A directory entry that can't be right.
    #[error("{directory} entry at offset {offset:#x} is {found:#x}, expected {expected}")]
    DirectoryEntry {
        /// Which directory.
        directory: &'static str,
        /// Where the entry stands.
        offset: u64,
        /// The entry.
        found: u64,
        /// What would be right.
        expected: String,
    },

    /// A table entry that points into the header or the descriptor.
    #[error(
        "grain table entry at offset {offset:#x} is {found}, expected 0 or a sector behind the header"
    )]
    GrainInHeader {
        /// Where the entry stands.
        offset: u64,
        /// The entry.
        found: u64,
    },

    /// A table entry that points past the end.
    #[error(
        "grain table entry at offset {offset:#x} is {found:#x}: the grain at {start:#x} reaches past the end of the file at {file_len:#x}; the file is cut off, copy it again"
    )]
    GrainBeyondEnd {
        /// Where the entry stands.
        offset: u64,
        /// The entry.
        found: u64,
        /// Where the grain would begin.
        start: u64,
        /// Length of the file.
        file_len: u64,
    },

    /// A zeroed grain in a file that says it has none.
    #[error(
        "grain table entry at offset {offset:#x} is 1 (zeroed grain), but bit 2 of the flags in the header says there are none"
    )]
    ZeroedGrain {
        /// Where the entry stands.
        offset: u64,
    },

    /// An seSparse table entry of unknown type.
    #[error(
        "grain table entry at offset {offset:#x} is {found:#x}, expected type 0, 1, 2 or 3 in the upper four bits"
    )]
    GrainType {
        /// Where the entry stands.
        offset: u64,
        /// The entry.
        found: u64,
    },

    /// The grain in this place is another one.
    #[error(
        "grain marker at offset {offset:#x} is for sector {found} of the disk, the grain table says sector {expected}"
    )]
    MarkerPlace {
        /// Where the marker stands.
        offset: u64,
        /// Sector in the marker.
        found: u64,
        /// Sector by the table.
        expected: u64,
    },

    /// The marker's size is none.
    #[error("size in the grain marker at offset {offset:#x} is {found}, expected 1 to {limit}")]
    MarkerSize {
        /// Where the marker stands.
        offset: u64,
        /// Compressed bytes it claims.
        found: u64,
        /// The most a grain can take.
        limit: u64,
    },

    /// A marker for a sector that no grain begins at.
    #[error(
        "grain marker at offset {offset:#x} is for sector {found}, expected a multiple of {grain} below {capacity}"
    )]
    MarkerSector {
        /// Where the marker stands.
        offset: u64,
        /// The sector.
        found: u64,
        /// Sectors in a grain.
        grain: u64,
        /// Sectors of the disk.
        capacity: u64,
    },

    /// A marker of unknown type.
    #[error("marker at offset {offset:#x} has type {found}, expected 0 to 4")]
    MarkerType {
        /// Where the marker stands.
        offset: u64,
        /// The type.
        found: u32,
    },

    /// Two grains for one place, without a table to say which counts.
    #[error(
        "grain markers at offsets {first:#x} and {offset:#x} are for the same sector of the disk"
    )]
    MarkerTwice {
        /// The earlier marker.
        first: u64,
        /// The later one.
        offset: u64,
    },

    /// Compressed data that can't be decompressed.
    #[error("grain at offset {offset:#x} for sector {sector} of the disk: {error}")]
    Inflate {
        /// Where the grain begins in the file.
        offset: u64,
        /// Its place on the disk.
        sector: u64,
        /// What the decoder says; not repeated as `source()`, the text has it.
        error: DecodeError,
    },

    /// Compressed data that holds less than a grain.
    #[error(
        "grain at offset {offset:#x} for sector {sector} of the disk holds {found} bytes, expected {expected}"
    )]
    GrainLength {
        /// Where the grain begins in the file.
        offset: u64,
        /// Its place on the disk.
        sector: u64,
        /// Decompressed bytes.
        found: u64,
        /// Bytes of a grain.
        expected: u64,
    },

    /// No directory, no footer, and the grains end without an end marker.
    #[error(
        "the file ends at {offset:#x} without footer and grain directory; it is cut off, copy it again or export the disk again"
    )]
    StreamCut {
        /// Where the last whole part ends.
        offset: u64,
    },

    /// The stream goes backwards.
    #[error(
        "grain marker at offset {offset:#x} is for sector {found} after sector {previous}; save the stream to a file and convert that"
    )]
    StreamOrder {
        /// Where the marker stands.
        offset: u64,
        /// Its sector.
        found: u64,
        /// The sector of the grain before.
        previous: u64,
    },

    /// The last grain that the tables at the head name did not come.
    #[error(
        "the stream ends at {offset:#x} before the grain at {last:#x} that its tables name; it is cut off, send it again"
    )]
    StreamIncomplete {
        /// Where the stream ended.
        offset: u64,
        /// Where the last grain begins.
        last: u64,
    },

    /// Header and footer describe different disks.
    #[error("footer at offset {offset:#x} has a {field} of {found} sectors, the header {expected}")]
    Footer {
        /// Where the footer begins.
        offset: u64,
        /// The field.
        field: &'static str,
        /// The footer's value.
        found: u64,
        /// The header's value.
        expected: u64,
    },

    /// A disk that can't be read front to back.
    #[error("{what} can't be read from a stream; save it to a file and convert that")]
    NotStreamable {
        /// What it is.
        what: &'static str,
    },

    /// A snapshot in a stream: its parent can't be found from there.
    #[error(
        "the stream is a snapshot of the disk with CID {parent_cid}; save it to a file beside its parent and convert that"
    )]
    StreamParent {
        /// The content id of the parent.
        parent_cid: descriptor::Cid,
    },

    /// A part of a disk was opened in place of the disk.
    #[error("is a {kind} extent, a part of a disk; open its descriptor{hint} instead")]
    ExtentAlone {
        /// What the file is.
        kind: &'static str,
        /// ` (probably "x.vmdk")`, or nothing.
        hint: String,
    },

    /// A list of changed blocks, not a disk.
    #[error(
        "is a change tracking file (-ctk.vmdk) and holds no disk data; open the descriptor of the disk instead"
    )]
    ChangeTracking,

    /// A journal that has to be replayed first.
    #[error(
        "journal at offset {offset:#x} has to be replayed (replay_journal is {found}); the host crashed while the snapshot was written: power the virtual machine on and off once, or consolidate its snapshots, then copy it again"
    )]
    DirtyJournal {
        /// Where the field stands.
        offset: u64,
        /// Its value.
        found: u64,
    },

    /// More than the limits in the options grant.
    #[error(
        "{what} needs {found} bytes, the limit is {limit}; raise the limit if the disk is really that large"
    )]
    TooLarge {
        /// What needs the space.
        what: &'static str,
        /// How much it needs.
        found: u64,
        /// How much there is.
        limit: u64,
    },

    /// The text of the descriptor is wrong.
    #[error("{0}")]
    Descriptor(descriptor::Error),

    /// The disk can't be converted from its files.
    #[error("{0}")]
    Refused(descriptor::Refusal),

    /// Something follows the text descriptor in its file.
    #[error(
        "descriptor ends at offset {end:#x}, but something else follows at {offset:#x}; remove it"
    )]
    DescriptorTail {
        /// First NUL.
        end: u64,
        /// First byte behind that is none.
        offset: u64,
    },

    /// A file with both a descriptor of several extents and grains of its own.
    #[error("embedded descriptor names {found} extents, expected the file itself alone")]
    EmbeddedExtents {
        /// Number of extents.
        found: usize,
    },

    /// An extent is shorter than the descriptor says.
    #[error("line {line}: extent has {expected} bytes, but {} holds {found}{advice}", file.display())]
    ExtentShort {
        /// Line of the descriptor.
        line: u32,
        /// The extent's file.
        file: std::path::PathBuf,
        /// Bytes that are needed, from the start of the file or of the extent's disk.
        expected: u64,
        /// Bytes that are there.
        found: u64,
        /// What to do.
        advice: &'static str,
    },

    /// Two extents share bytes of a file, or an extent is the descriptor itself.
    #[error("line {line}: extent {} {reason}", file.display())]
    ExtentShared {
        /// Line of the descriptor.
        line: u32,
        /// The extent's file.
        file: std::path::PathBuf,
        /// In which way.
        reason: String,
    },

    /// A sparse extent behind something else in its file.
    #[error(
        "line {line}: extent type {kind} begins at sector {found} of its file, which is not supported, expected 0"
    )]
    SparseOffset {
        /// Line of the descriptor.
        line: u32,
        /// The type.
        kind: &'static str,
        /// The offset in sectors.
        found: u64,
    },

    /// An extent line that the parser accepts and the reader has no rule for.
    #[error("line {line}: extent type {kind} is not supported")]
    ExtentKind {
        /// Line of the descriptor.
        line: u32,
        /// The type.
        kind: &'static str,
    },
}

/// `0a 20 0d 0a`.
struct Hex<'a>(&'a [u8; 4]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:02x} {b:02x} {c:02x} {d:02x}")
    }
}

impl FormatError for Error {
    fn class(&self) -> Class {
        match self {
            Error::NotVmdk => Class::NotThisFormat,
            Error::Version { .. }
            | Error::UnknownBits { .. }
            | Error::Compression { .. }
            | Error::NotStreamable { .. }
            | Error::StreamOrder { .. }
            | Error::StreamParent { .. }
            | Error::ExtentAlone { .. }
            | Error::ChangeTracking
            | Error::DirtyJournal { .. }
            | Error::EmbeddedExtents { .. }
            | Error::SparseOffset { .. }
            | Error::ExtentKind { .. } => Class::Unsupported,
            Error::TooLarge { .. } => Class::Limit,
            Error::Descriptor(error) => descriptor_class(error),
            Error::Refused(descriptor::Refusal::ParentContradiction { .. }) => Class::Corrupt,
            Error::Refused(_) => Class::Unsupported,
            _ => Class::Corrupt,
        }
    }
}

fn descriptor_class(error: &descriptor::Error) -> Class {
    match error {
        descriptor::Error::TooLong { .. }
        | descriptor::Error::TooMany { .. }
        | descriptor::Error::Capacity { .. } => Class::Limit,
        _ if error.is_unsupported() => Class::Unsupported,
        _ => Class::Corrupt,
    }
}
