//! The image: extents side by side.

use std::path::Path;

use v2v_disk::{DiskImage, FileName, MapKind, Mapping, OpenGate, Result, Source, Warning};

use crate::descriptor::{Access, Cid, CreateType, Descriptor, ExtentKind, Geometry};
use crate::extents::{Backing, Extent, file_name, open_all};
use crate::header::{Header, SECTOR};
use crate::opening::Opening;
use crate::probe::{FileKind, file_kind};
use crate::table_cache::TableCache;
use crate::{Error, Options, io, sparse};

/// A VMDK: one link of a chain, with all its extents open.
pub struct Vmdk {
    source: Source,
    descriptor: Descriptor,
    extents: Vec<Extent>,
    size: u64,
    granularity: u64,
    header_version: Option<u32>,
    cache: TableCache,
    warnings: Vec<Warning>,
}

impl std::fmt::Debug for Vmdk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vmdk")
            .field("file", &self.source.name())
            .field("create_type", &self.descriptor.create_type.as_str())
            .field("size", &self.size)
            .field("extents", &self.extents.len())
            .finish_non_exhaustive()
    }
}

/// One extent as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtentFacts<'a> {
    /// Line of the descriptor, from 1.
    pub line: u32,
    /// First byte of the disk that it holds.
    pub start: u64,
    /// Bytes of the disk that it holds.
    pub len: u64,
    /// What the descriptor allows the guest to do with it.
    pub access: Access,
    /// Its type in the descriptor.
    pub kind: ExtentKind,
    /// The file that was opened; none for ZERO and NOACCESS.
    pub file: Option<&'a Path>,
    /// Where it begins in the file, in bytes; not 0 for flat extents only.
    pub file_offset: u64,
    /// Bytes in a grain of a sparse extent.
    pub grain: Option<u64>,
    /// Whether its grains are compressed.
    pub compressed: bool,
    /// Version in the header of a hosted sparse or COWD extent.
    pub header_version: Option<u32>,
}

impl Vmdk {
    /// Opens the disk in `source`: a text descriptor, or a sparse file with a descriptor inside.
    ///
    /// What `source` is follows from its content, never from its name. Extents in other files are opened through `gate`
    /// and nowhere else; the parent of a snapshot is not opened, see [`Vmdk::parent_hint`]. An embedded descriptor names
    /// the file it lies in, often wrongly after a renaming; that name is not used.
    ///
    /// # Errors
    ///
    /// [`v2v_disk::Error::Format`] if it is no VMDK, a broken one, a part of a disk without its descriptor, or a disk that
    /// can't be converted from its files (raw device maps, devices, encrypted disks, native snapshots);
    /// [`v2v_disk::Error::Gate`] if an extent was not opened; [`v2v_disk::Error::Io`] if something can't be read.
    pub fn open(source: Source, gate: &dyn OpenGate, options: &Options) -> Result<Vmdk> {
        let opening = Opening::new(options);
        let alone = |kind| Error::ExtentAlone {
            kind,
            hint: descriptor_hint(source.name()),
        };
        let error = match file_kind(&*source)? {
            Some(FileKind::Text) => return Vmdk::open_text(source, gate, opening),
            Some(FileKind::Hosted) => {
                let header = sparse::read_header(&source, &opening)?;
                match header.descriptor {
                    Some((start, _)) if !begins_with_nul(&source, start) => {
                        return Vmdk::open_hosted(source, &header, gate, opening);
                    }
                    _ => alone("SPARSE"),
                }
            }
            Some(FileKind::Cowd) => alone("VMFSSPARSE"),
            Some(FileKind::SeSparse) => alone("SESPARSE"),
            Some(FileKind::ChangeTracking) => Error::ChangeTracking,
            Some(FileKind::Unfinished) => Error::Unfinished,
            None => Error::NotVmdk,
        };
        Err(io::broken(&*source, error))
    }

    fn open_text(source: Source, gate: &dyn OpenGate, mut opening: Opening<'_>) -> Result<Vmdk> {
        let limit = opening.options.limits.descriptor_bytes;
        let text = io::read_some(&*source, 0, limit.saturating_add(1))?;
        check_tail(&text, source.len(), limit).map_err(|err| io::broken(&*source, err))?;
        let descriptor = parse(&source, &text, &opening)?;
        let extents = open_all(&source, &descriptor, gate, &mut opening)?;
        Ok(Vmdk::assemble(source, descriptor, extents, None, opening))
    }

    fn open_hosted(
        source: Source,
        header: &Header,
        gate: &dyn OpenGate,
        mut opening: Opening<'_>,
    ) -> Result<Vmdk> {
        let descriptor = embedded_descriptor(&source, header, &opening)?;
        if header.capacity == 0 {
            // Only the descriptor is here; the data is where it says.
            let extents = open_all(&source, &descriptor, gate, &mut opening)?;
            let version = Some(header.version);
            return Ok(Vmdk::assemble(
                source, descriptor, extents, version, opening,
            ));
        }
        match check_embedded(&descriptor, header) {
            Ok(None) => {}
            Ok(Some(text)) => opening.warn("vmdk-size-mismatch", &*source, text),
            Err(err) => return Err(io::broken(&*source, err)),
        }
        let grains = sparse::open(&source, header, 0, &mut opening)?;
        let extent = Extent {
            start: 0,
            len: header.capacity,
            line: 0,
            backing: Backing::Grains(Box::new(grains)),
            header_version: Some(header.version),
        };
        let version = Some(header.version);
        Ok(Vmdk::assemble(
            source,
            descriptor,
            vec![extent],
            version,
            opening,
        ))
    }

    fn assemble(
        source: Source,
        descriptor: Descriptor,
        extents: Vec<Extent>,
        header_version: Option<u32>,
        opening: Opening<'_>,
    ) -> Vmdk {
        let size = extents
            .last()
            .map_or(0, |last| last.start.saturating_add(last.len));
        let granularity = extents
            .iter()
            .filter_map(|extent| match &extent.backing {
                Backing::Grains(grains) => Some(grains.grain()),
                _ => None,
            })
            .max()
            .unwrap_or(4096);
        Vmdk {
            source,
            descriptor,
            extents,
            size,
            granularity,
            header_version,
            cache: TableCache::new(opening.options.limits.table_cache_bytes),
            warnings: opening.warnings,
        }
    }

    /// The text descriptor, parsed.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The file that was opened: the descriptor, or the sparse file with the descriptor inside.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The kind of the disk.
    pub fn create_type(&self) -> &CreateType {
        &self.descriptor.create_type
    }

    /// `ddb.adapterType` as written: a hint, the controller stands in the configuration of the virtual machine.
    pub fn adapter_type(&self) -> Option<&str> {
        self.descriptor.adapter_type()
    }

    /// `ddb.geometry`; advisory.
    pub fn geometry(&self) -> Option<Geometry> {
        self.descriptor.geometry()
    }

    /// The content id.
    pub fn cid(&self) -> Option<Cid> {
        self.descriptor.cid.as_ref().map(|cid| cid.value)
    }

    /// The content id that the parent had when this snapshot was made; `None` for a disk without a parent.
    pub fn parent_cid(&self) -> Option<Cid> {
        let cid = self.descriptor.parent_cid.as_ref()?.value;
        (cid != Cid::NONE).then_some(cid)
    }

    /// The parent's file as the descriptor names it, perhaps with a path of another machine.
    ///
    /// A disk with [`Vmdk::parent_cid`] and without a hint has a parent that nothing tells the name of.
    pub fn parent_hint(&self) -> Option<FileName> {
        let hint = self.descriptor.parent_hint.as_ref()?;
        Some(file_name(Some(&hint.value)))
    }

    /// Version in the header of the file that was opened; `None` for a text descriptor.
    pub fn header_version(&self) -> Option<u32> {
        self.header_version
    }

    /// What was noticed while opening and did not stop it.
    pub fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }

    /// The extents in the order of the disk.
    pub fn extents(&self) -> impl ExactSizeIterator<Item = ExtentFacts<'_>> {
        self.extents.iter().map(|extent| self.facts(extent))
    }

    fn facts<'a>(&'a self, extent: &'a Extent) -> ExtentFacts<'a> {
        let line = self.descriptor.extents.get(extent.line);
        let (grain, compressed, file_offset) = match &extent.backing {
            Backing::Zero => (None, false, 0),
            Backing::Flat(flat) => (None, false, flat.start),
            Backing::Grains(grains) => (Some(grains.grain()), grains.is_packed(), 0),
        };
        ExtentFacts {
            line: line.map_or(0, |line| line.line),
            start: extent.start,
            len: extent.len,
            access: line.map_or(Access::Rw, |line| line.access),
            kind: line.map_or(ExtentKind::Sparse, |line| line.kind),
            file: extent.source().map(|source| source.name()),
            file_offset,
            grain,
            compressed,
            header_version: extent.header_version,
        }
    }

    /// The extent that holds byte `offset` of the disk, and how far into it that is.
    fn extent_at(&self, offset: u64) -> Option<(&Extent, u64)> {
        let after = self
            .extents
            .partition_point(|extent| extent.start <= offset);
        let extent = self.extents.get(after.checked_sub(1)?)?;
        let within = offset.saturating_sub(extent.start);
        (within < extent.len).then_some((extent, within))
    }
}

impl DiskImage for Vmdk {
    fn virtual_size(&self) -> u64 {
        self.size
    }

    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        match self.extent_at(offset) {
            Some((extent, within)) if len > 0 => {
                let len = len.min(extent.len.saturating_sub(within));
                extent.map(&self.cache, within, len)
            }
            _ => Ok(Mapping::new(0, MapKind::Parent)),
        }
    }

    fn read_at(&self, mut offset: u64, mut buf: &mut [u8]) -> Result<()> {
        while !buf.is_empty() {
            let Some((extent, within)) = self.extent_at(offset) else {
                buf.fill(0);
                break;
            };
            let left = usize::try_from(extent.len.saturating_sub(within)).unwrap_or(usize::MAX);
            let len = left.min(buf.len());
            let (piece, rest) = std::mem::take(&mut buf).split_at_mut(len);
            extent.read(&self.cache, within, piece)?;
            offset = offset.saturating_add(piece.len() as u64);
            buf = rest;
        }
        Ok(())
    }

    fn granularity(&self) -> u64 {
        self.granularity
    }
}

/// A text descriptor fills its file; NULs may pad it.
fn check_tail(text: &[u8], file_len: u64, limit: u64) -> Result<(), Error> {
    if file_len > limit {
        return Err(Error::TooLarge {
            what: "the descriptor",
            found: file_len,
            limit,
        });
    }
    let Some(end) = text.iter().position(|&byte| byte == 0) else {
        return Ok(());
    };
    match text.iter().skip(end).position(|&byte| byte != 0) {
        None => Ok(()),
        Some(1) if is_rest_of_cid(text, end) => Ok(()),
        Some(more) => Err(Error::DescriptorTail {
            end: end as u64,
            offset: (end as u64).saturating_add(more as u64),
        }),
    }
}

/// Whether what follows the NUL at `end` is the end of the text once more.
///
/// QEMU (`vmdk_write_cid`) writes a new CID over the old one without leading zeros and ends the text with a NUL. If the
/// number has two to seven digits less, which one of 256 has, the last one to six bytes of the old text stay behind.
fn is_rest_of_cid(text: &[u8], end: usize) -> bool {
    let Some((text, [0, tail @ ..])) = text.split_at_checked(end) else {
        return false;
    };
    let len = tail
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last.saturating_add(1));
    len <= 6 && tail.get(..len).is_some_and(|rest| text.ends_with(rest))
}

/// Whether a descriptor area holds no text: a text ends at its first NUL. QEMU leaves room for a descriptor in every
/// piece of a split disk and leaves it empty. What can't be read is told by who reads all of it.
fn begins_with_nul(source: &Source, start: u64) -> bool {
    let mut first = [1];
    source.read_exact_at(start, &mut first).is_ok() && first == [0]
}

/// Reads the descriptor in the header area, wherever the header says it is.
fn embedded_descriptor(
    source: &Source,
    header: &Header,
    opening: &Opening<'_>,
) -> Result<Descriptor> {
    let (start, len) = header.descriptor.unwrap_or_default();
    let limit = opening.options.limits.descriptor_bytes;
    if len > limit {
        let err = Error::TooLarge {
            what: "the descriptor",
            found: len,
            limit,
        };
        return Err(io::broken(&**source, err));
    }
    let text = io::read_area(&**source, "embedded descriptor", start, len)?;
    parse(source, &text, opening)
}

/// Whether the descriptor is that of the one file it lies in; a text if the two have different sizes.
pub(crate) fn check_embedded(
    descriptor: &Descriptor,
    header: &Header,
) -> Result<Option<String>, Error> {
    if descriptor.extents.len() > 1 {
        let found = descriptor.extents.len();
        return Err(Error::EmbeddedExtents { found });
    }
    let declared = descriptor.total_sectors().saturating_mul(SECTOR);
    Ok((declared != header.capacity).then(|| {
        format!(
            "the descriptor gives the disk {declared} bytes, the header {}; the header counts",
            header.capacity
        )
    }))
}

fn parse(source: &Source, text: &[u8], opening: &Opening<'_>) -> Result<Descriptor> {
    parse_descriptor(text, opening.options).map_err(|err| io::broken(&**source, err))
}

/// Parses `text` and refuses what can't be converted.
pub(crate) fn parse_descriptor(text: &[u8], options: &Options) -> Result<Descriptor, Error> {
    let descriptor =
        Descriptor::parse(text, &options.for_descriptor()).map_err(Error::Descriptor)?;
    match descriptor.refusal() {
        Some(refusal) => Err(Error::Refused(refusal)),
        None => Ok(descriptor),
    }
}

/// What to call the descriptor of the extent file `extent`, in words: `x-s001.vmdk` belongs to `x.vmdk`.
fn descriptor_hint(extent: &Path) -> String {
    let stem = extent.file_stem().and_then(|stem| stem.to_str());
    let Some((disk, part)) = stem.and_then(|stem| stem.rsplit_once('-')) else {
        return String::new();
    };
    let numbered = part
        .strip_prefix(['s', 'f'])
        .is_some_and(|digits| digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit()));
    match numbered || matches!(part, "delta" | "sesparse") {
        true => format!(" (probably \"{disk}.vmdk\")"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_of_an_extent_is_guessed_from_its_name() {
        for (extent, disk) in [
            ("a/web-s001.vmdk", "web"),
            ("web-s1234.vmdk", "web"),
            ("web-000001-delta.vmdk", "web-000001"),
            ("web-000001-s002.vmdk", "web-000001"),
            ("web-000001-sesparse.vmdk", "web-000001"),
        ] {
            let expected = format!(" (probably \"{disk}.vmdk\")");
            assert_eq!(descriptor_hint(Path::new(extent)), expected, "{extent}");
        }
        for extent in [
            "web.vmdk",
            "web-s1.vmdk",
            "web-so.vmdk",
            "web-000001.vmdk",
            "",
        ] {
            assert_eq!(descriptor_hint(Path::new(extent)), "", "{extent}");
        }
    }

    #[test]
    fn only_padding_may_follow_a_text_descriptor() {
        let check = |text: &[u8], limit| check_tail(text, text.len() as u64, limit).is_ok();
        assert!(check(b"text", 4) && check(b"text\0\0", 6) && check(b"", 0));
        assert!(!check(b"text", 3));
        // What QEMU leaves of a longer CID, and what only looks like it.
        assert!(check(b"= \"47\"\n\0\n\0\0", 99) && !check(b"= \"47\"\n\0= \"47\"\n", 99));
        assert!(check(b"= \"47\"\n\0\"47\"\n", 99) && !check(b"= \"47\"\n\0x", 99));
        assert!(!check(b"= \"47\"\n\0\0\n", 99) && !check(b"= \"47\"\n\0\n\0\n", 99));
        let err = check_tail(b"te\0\0x", 5, 10).unwrap_err().to_string();
        assert_eq!(
            err,
            "descriptor ends at offset 0x2, but something else follows at 0x4; remove it"
        );
    }
}
