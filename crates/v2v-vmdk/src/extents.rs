//! The extents of a disk: the lines of the descriptor with their files open.

use std::collections::HashMap;
use std::ops::Range;

use v2v_disk::{
    Error as DiskError, FileId, FileName, MapKind, Mapping, OpenGate, Purpose, ReadAt, Source,
};

use crate::descriptor::{Access, Descriptor, ExtentKind, ExtentLine, Text};
use crate::flat::Flat;
use crate::grains::{Grains, Place};
use crate::header::SECTOR;
use crate::opening::Opening;
use crate::probe::{FileKind, file_kind};
use crate::table_cache::TableCache;
use crate::{Error, cowd, io, sesparse, sparse};

/// A range of the disk and what holds it; in bytes.
pub(crate) struct Extent {
    pub(crate) start: u64,
    pub(crate) len: u64,
    /// Number of its line in the descriptor, from 0.
    pub(crate) line: usize,
    pub(crate) backing: Backing,
    /// Version in the header of a hosted sparse or COWD file.
    pub(crate) header_version: Option<u32>,
}

/// What holds an extent.
pub(crate) enum Backing {
    Zero,
    Flat(Flat),
    // Boxed: a split disk has thousands of extents, and flat ones are small.
    Grains(Box<Grains>),
}

impl Extent {
    /// What is at byte `offset` of the extent, for at most `len` bytes inside it.
    pub(crate) fn map(
        &self,
        cache: &TableCache,
        offset: u64,
        len: u64,
    ) -> Result<Mapping, DiskError> {
        let grains = match &self.backing {
            Backing::Zero => return Ok(Mapping::new(len, MapKind::Zero)),
            Backing::Flat(flat) => return flat.map(offset, len),
            Backing::Grains(grains) => grains,
        };
        let run = grains.run(cache, offset, len)?;
        let kind = match run.place {
            Place::Absent => MapKind::Parent,
            Place::Zero => MapKind::Zero,
            Place::Stored(offset) => MapKind::Data(Some(v2v_disk::HostRange {
                source: grains.source.clone(),
                offset,
            })),
            // The length stands in the marker, which is not worth a read here.
            Place::Packed(_) => MapKind::Compressed(None),
        };
        Ok(Mapping::new(run.len, kind))
    }

    /// Fills `buf`, which lies inside the extent, from byte `offset` of it.
    pub(crate) fn read(
        &self,
        cache: &TableCache,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<(), DiskError> {
        match &self.backing {
            Backing::Zero => {
                buf.fill(0);
                Ok(())
            }
            Backing::Flat(flat) => flat.read(offset, buf),
            Backing::Grains(grains) => grains.read(cache, offset, buf),
        }
    }

    /// The file, if there is one.
    pub(crate) fn source(&self) -> Option<&Source> {
        match &self.backing {
            Backing::Zero => None,
            Backing::Flat(flat) => Some(&flat.source),
            Backing::Grains(grains) => Some(&grains.source),
        }
    }
}

/// Opens every extent that `descriptor`, the text in `own`, names.
pub(crate) fn open_all(
    own: &Source,
    descriptor: &Descriptor,
    gate: &dyn OpenGate,
    opening: &mut Opening<'_>,
) -> Result<Vec<Extent>, DiskError> {
    let mut builder = Builder {
        own,
        gate,
        opening,
        files: HashMap::new(),
        whole: HashMap::new(),
        uses: Vec::new(),
        no_access: Vec::new(),
    };
    let mut extents = Vec::with_capacity(descriptor.extents.len());
    let mut start = 0u64;
    for (index, line) in descriptor.extents.iter().enumerate() {
        // The parser has checked the sum.
        let len = line.sectors.saturating_mul(SECTOR);
        let (backing, header_version) = builder.open(index, line, len)?;
        extents.push(Extent {
            start,
            len,
            line: index,
            backing,
            header_version,
        });
        start = start.saturating_add(len);
    }
    builder.check_uses(&descriptor.extents)?;
    builder.warn_no_access();
    Ok(extents)
}

struct Builder<'a, 'o> {
    own: &'a Source,
    gate: &'a dyn OpenGate,
    opening: &'a mut Opening<'o>,
    files: HashMap<FileName, Opened>,
    /// Files that are an extent as a whole, with the line of that.
    whole: HashMap<FileKey, u32>,
    uses: Vec<Use>,
    no_access: Vec<u32>,
}

/// A file and how it is told from others.
#[derive(Clone)]
struct Opened {
    source: Source,
    key: FileKey,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum FileKey {
    OnHost(FileId),
    /// What is no file of this host is told by its name alone; the number is that of the name.
    Named(usize),
}

/// Which bytes of a file an extent uses.
struct Use {
    key: FileKey,
    range: Range<u64>,
    extent: usize,
}

impl Builder<'_, '_> {
    fn open(
        &mut self,
        index: usize,
        line: &ExtentLine,
        len: u64,
    ) -> Result<(Backing, Option<u32>), DiskError> {
        if line.access == Access::NoAccess {
            self.no_access.push(line.line);
            return Ok((Backing::Zero, None));
        }
        match line.kind {
            ExtentKind::Zero => Ok((Backing::Zero, None)),
            ExtentKind::Flat | ExtentKind::Vmfs => {
                let file = self.file(line)?;
                Ok((self.flat(index, line, len, file)?, None))
            }
            ExtentKind::Sparse | ExtentKind::VmfsSparse | ExtentKind::SeSparse => {
                if line.offset_sectors != 0 {
                    let err = Error::SparseOffset {
                        line: line.line,
                        kind: line.kind.as_str(),
                        found: line.offset_sectors,
                    };
                    return Err(io::broken(&**self.own, err));
                }
                let file = self.file(line)?;
                // Opening a sparse file may take a walk over all of it: not once for each line that names it.
                if let Some(first) = self.whole.insert(file.key, line.line) {
                    return Err(self.shares_bytes(line, first));
                }
                self.note_use(file.key, 0..u64::MAX, index);
                self.sparse(index, line, len, &file.source)
            }
            _ => Err(io::broken(
                &**self.own,
                Error::ExtentKind {
                    line: line.line,
                    kind: line.kind.as_str(),
                },
            )),
        }
    }

    /// The extent's file, opened once however many extents name it.
    fn file(&mut self, line: &ExtentLine) -> Result<Opened, DiskError> {
        let name = file_name(line.name.as_ref());
        if let Some(file) = self.files.get(&name) {
            return Ok(file.clone());
        }
        let source = self.gate.open(&name, Purpose::Extent)?;
        let id = |source: &Source| source.host_file().map(v2v_disk::HostFile::id);
        let key = match id(&source) {
            Some(of_extent) if Some(of_extent) == id(self.own) => {
                return Err(self.shared(line, "is the descriptor itself".into()));
            }
            Some(of_extent) => FileKey::OnHost(of_extent),
            None => FileKey::Named(self.files.len()),
        };
        let file = Opened { source, key };
        self.files.insert(name, file.clone());
        Ok(file)
    }

    fn flat(
        &mut self,
        index: usize,
        line: &ExtentLine,
        len: u64,
        file: Opened,
    ) -> Result<Backing, DiskError> {
        let Opened { source, key } = file;
        let start = line.offset_sectors.saturating_mul(SECTOR);
        let end = start.saturating_add(len);
        let file_len = source.len();
        if file_len < end {
            self.short(line, end, file_len, &*source)?;
        }
        self.note_use(key, start..end, index);
        let stored = file_len.saturating_sub(start).min(len);
        Ok(Backing::Flat(Flat {
            source,
            start,
            stored,
        }))
    }

    /// A flat file that ends early: QEMU reads zeros there and says nothing.
    fn short(
        &mut self,
        line: &ExtentLine,
        expected: u64,
        found: u64,
        source: &dyn ReadAt,
    ) -> Result<(), DiskError> {
        if self.opening.options.allow_short {
            let text = format!(
                "the file has {found} bytes, the descriptor asks for {expected}; what is missing reads as zeros"
            );
            self.opening.warn("vmdk-short-extent", source, text);
            return Ok(());
        }
        let err = Error::ExtentShort {
            line: line.line,
            file: source.name().to_path_buf(),
            expected,
            found,
            advice: "; the copy was cut off, copy it again, or use --allow-short to read zeros there",
        };
        Err(io::broken(&**self.own, err))
    }

    fn sparse(
        &mut self,
        index: usize,
        line: &ExtentLine,
        len: u64,
        source: &Source,
    ) -> Result<(Backing, Option<u32>), DiskError> {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        // SPARSE and VMFSSPARSE are told apart by their magic numbers, as QEMU does.
        let (grains, version) = match (line.kind, file_kind(&**source)?) {
            (ExtentKind::SeSparse, _) => (sesparse::open(source, number, self.opening)?, None),
            (_, Some(FileKind::Cowd)) => {
                let (grains, version) = cowd::open(source, number, self.opening)?;
                (grains, Some(version))
            }
            _ => {
                let header = sparse::read_header(source, self.opening)?;
                if header.capacity == 0 {
                    let err = Error::Field {
                        field: "capacity",
                        offset: 12,
                        found: 0,
                        expected: "at least 1 sector in an extent of a disk".into(),
                    };
                    return Err(io::broken(&**source, err));
                }
                let grains = sparse::open(source, &header, number, self.opening)?;
                (grains, Some(header.version))
            }
        };
        self.check_len(line, len, &grains)?;
        Ok((Backing::Grains(Box::new(grains)), version))
    }

    /// The line counts; a sparse file may hold more than it says, never less.
    fn check_len(&mut self, line: &ExtentLine, len: u64, grains: &Grains) -> Result<(), DiskError> {
        if grains.capacity < len {
            let err = Error::ExtentShort {
                line: line.line,
                file: grains.source.name().to_path_buf(),
                expected: len,
                found: grains.capacity,
                advice: "; descriptor and extent do not belong together",
            };
            return Err(io::broken(&**self.own, err));
        }
        if grains.capacity > len {
            let text = format!(
                "the extent holds a disk of {} bytes, the descriptor uses the first {len}",
                grains.capacity
            );
            self.opening
                .warn("vmdk-size-mismatch", &*grains.source, text);
        }
        Ok(())
    }

    fn note_use(&mut self, key: FileKey, range: Range<u64>, extent: usize) {
        self.uses.push(Use { key, range, extent });
    }

    /// No two extents may share bytes of a file.
    fn check_uses(&mut self, lines: &[ExtentLine]) -> Result<(), DiskError> {
        self.uses
            .sort_by_key(|one| (one.key, one.range.start, one.extent));
        let line_of = |one: &Use| lines.get(one.extent);
        for pair in self.uses.windows(2) {
            let [a, b] = pair else { continue };
            if a.key == b.key && b.range.start < a.range.end {
                let (Some(first), Some(line)) = (line_of(a), line_of(b)) else {
                    continue;
                };
                return Err(self.shares_bytes(line, first.line));
            }
        }
        Ok(())
    }

    fn shares_bytes(&self, line: &ExtentLine, first: u32) -> DiskError {
        self.shared(
            line,
            format!("shares bytes with the extent in line {first}"),
        )
    }

    fn shared(&self, line: &ExtentLine, reason: String) -> DiskError {
        let err = Error::ExtentShared {
            line: line.line,
            file: file_name(line.name.as_ref()).text.into(),
            reason,
        };
        io::broken(&**self.own, err)
    }

    fn warn_no_access(&mut self) {
        let [first, rest @ ..] = self.no_access.as_slice() else {
            return;
        };
        let more = match rest.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let text = format!("line {first}{more}: extent is marked NOACCESS and reads as zeros");
        self.opening.warn("vmdk-no-access", &**self.own, text);
    }
}

/// A name as the gate takes it.
pub(crate) fn file_name(text: Option<&Text>) -> FileName {
    text.map_or_else(
        || FileName::new(""),
        |text| FileName {
            text: text.as_str().to_owned(),
            raw: text.raw().to_vec(),
        },
    )
}
