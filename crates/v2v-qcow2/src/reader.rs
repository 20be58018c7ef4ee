//! Reading: guest offset -> L1 entry -> L2 entry -> bytes.

use std::sync::{Mutex, PoisonError};

use v2v_codec::{BlockDecoder, Compression, DecodeError};
use v2v_disk::{
    DiskImage, FileName, HostRange, Limits, MapKind, Mapping, OpenGate, Purpose, ReadAt, Source,
    Warning,
};

use crate::Error;
use crate::cache::{Slice, SliceCache};
use crate::header::{self, Header};
use crate::place::TablePlace;
use crate::snapshot::{self, Snapshot};
use crate::table::{Cluster, Layout, SUBCLUSTERS};

/// L2 tables are read and kept in slices of at most this many bytes: a 2 MiB table for one entry would be a waste.
const SLICE_BYTES: u64 = 64 << 10;
/// L2 slices that one call of `map` looks into; 2 GiB of the disk with 64 KiB clusters. It bounds the work of a caller
/// that asks again and again for a long range and uses a short piece of the answer.
const SLICES_PER_CALL: u32 = 4;
/// Absent L2 tables that one call of `map` steps over.
const ABSENT_PER_STEP: usize = 1 << 16;
/// A guest disk is made of sectors.
const SECTOR: u64 = 512;

/// How an image is opened.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Read this internal snapshot, given by its id or its name, instead of the current state.
    pub snapshot: Option<String>,
    /// Read an image that is marked corrupt; what is broken shows when it is met.
    pub ignore_corrupt: bool,
    /// Open an external data file through the gate. An image with one is refused otherwise: whoever made the image
    /// chose the file.
    pub allow_data_file: bool,
    /// What the image may ask for.
    pub limits: Limits,
}

/// Whether `source` begins with the magic number that all versions of qcow share.
///
/// [`Qcow2::open`] then either reads it or says by name what it can't read. A source that can't be read is not qcow2.
pub fn is_qcow2(source: &dyn ReadAt) -> bool {
    let mut magic = [0; 4];
    source.read_exact_at(0, &mut magic).is_ok() && magic == header::MAGIC
}

/// One qcow2 image: a link of a chain, or a disk of its own if it has no backing file.
///
/// What the image does not hold is [`MapKind::Parent`], whether or not it names a backing file; opening that one and
/// putting a [`v2v_disk::Chain`] together is the caller's part.
#[derive(Debug)]
pub struct Qcow2 {
    source: Source,
    /// Where data clusters lie; the same as `source` without an external data file.
    data: Source,
    header: Header,
    layout: Layout,
    /// Offsets of the L2 tables, 0 where there is none.
    l1: Vec<u64>,
    size: u64,
    cache: SliceCache,
    workers: Workers,
    snapshots: Vec<Snapshot>,
    warnings: Vec<Warning>,
}

impl Qcow2 {
    /// Opens the image in `source`.
    ///
    /// The header, the L1 table and the snapshot table are read and checked here; L2 tables when they are needed. Only
    /// an external data file goes through `gate`, and only if [`Options::allow_data_file`] is set.
    ///
    /// # Errors
    ///
    /// [`v2v_disk::Error::Format`] with a [`crate::Error`] that says what is wrong or not supported,
    /// [`v2v_disk::Error::Io`] if the file can't be read, [`v2v_disk::Error::Gate`] if the data file can't be had.
    pub fn open(source: Source, gate: &dyn OpenGate, options: &Options) -> v2v_disk::Result<Qcow2> {
        let header = read_header(&source)?;
        let format = |err| v2v_disk::Error::format(source.name(), err);
        check_marks(&header, options).map_err(format)?;
        let snapshots = snapshot::read_table(&source, &header, options.limits.directory_bytes)?;
        let state = State::choose(&header, &snapshots, options).map_err(format)?;
        let data = match data_file(&header, options).map_err(format)? {
            Some(name) => gate.open(name, Purpose::DataFile)?,
            None => source.clone(),
        };
        let layout = Layout::new(&header, source.len(), data.len());
        let count = state.check(&layout, &options.limits).map_err(format)?;
        let l1 = read_l1(&source, &layout, state.l1.offset, count)?;
        let slice_bytes = header.cluster_size().min(SLICE_BYTES);
        Ok(Qcow2 {
            cache: SliceCache::new(options.limits.table_cache_bytes, slice_bytes as usize),
            workers: Workers::new(header.compression),
            warnings: warnings(&source, &header, state.size),
            size: state
                .size
                .checked_next_multiple_of(SECTOR)
                .unwrap_or(u64::MAX),
            source,
            data,
            header,
            layout,
            l1,
            snapshots,
        })
    }

    /// The file that was opened.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Format version: 2 or 3.
    pub fn version(&self) -> u32 {
        self.header.version
    }

    /// The version as `qemu-img` calls it: `0.10` for 2, `1.1` for 3.
    pub fn compat(&self) -> &'static str {
        if self.header.version == 2 {
            "0.10"
        } else {
            "1.1"
        }
    }

    /// Cluster size in bytes: a power of two from 512 to 2 MiB.
    pub fn cluster_size(&self) -> u64 {
        self.header.cluster_size()
    }

    /// Width of a reference count in bits: 1 to 64.
    pub fn refcount_bits(&self) -> u32 {
        1 << self.header.refcount_order
    }

    /// How compressed clusters are compressed, whether or not there are any.
    pub fn compression(&self) -> Compression {
        self.header.compression
    }

    /// Whether clusters are divided into 32 subclusters.
    pub fn extended_l2(&self) -> bool {
        self.layout.extended
    }

    /// Whether reference counts are brought up to date late.
    pub fn lazy_refcounts(&self) -> bool {
        self.header.compatible & header::COMPATIBLE_LAZY_REFCOUNTS != 0
    }

    /// Whether the image is marked corrupt; only with [`Options::ignore_corrupt`].
    pub fn is_corrupt(&self) -> bool {
        self.header.has(header::INCOMPATIBLE_CORRUPT)
    }

    /// Whether the image was not closed properly.
    pub fn is_dirty(&self) -> bool {
        self.header.has(header::INCOMPATIBLE_DIRTY)
    }

    /// The backing file as the image names it. It is not opened here.
    pub fn backing_file(&self) -> Option<&FileName> {
        self.header.backing_file.as_ref()
    }

    /// The format of the backing file, in QEMU's words, as the image gives it. It is never guessed: without it the
    /// user must say what the backing file is.
    pub fn backing_format(&self) -> Option<&str> {
        self.header.backing_format.as_deref()
    }

    /// The external data file as the image names it. QEMU takes a relative name from its working directory; the gate
    /// decides where it is looked for here.
    pub fn data_file(&self) -> Option<&FileName> {
        self.header
            .data_file
            .as_ref()
            .filter(|_| self.layout.external_data)
    }

    /// Whether the external data file is the disk as it stands (autoclear feature 1). The tables still say which parts
    /// of it are holes.
    pub fn data_file_raw(&self) -> bool {
        self.layout.external_data && self.header.autoclear & header::AUTOCLEAR_RAW_DATA != 0
    }

    /// The internal snapshots in the order of the table.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// What is odd about the image and does not hinder reading.
    pub fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }

    fn error(&self, err: Error) -> v2v_disk::Error {
        v2v_disk::Error::format(self.source.name(), err)
    }
}

fn read_error(source: &Source, offset: u64) -> impl FnOnce(std::io::Error) -> v2v_disk::Error {
    move |err| v2v_disk::Error::io_at(source.name(), "read", offset, err)
}

fn read_header(source: &Source) -> v2v_disk::Result<Header> {
    let format = |err| v2v_disk::Error::format(source.name(), err);
    let read = |len: u64| {
        let mut head = vec![0; len.min(source.len()) as usize];
        source
            .read_exact_at(0, &mut head)
            .map_err(read_error(source, 0))?;
        Ok::<_, v2v_disk::Error>(head)
    };
    let cluster = header::cluster_size(&read(header::V3_LEN)?).map_err(format)?;
    Header::parse(&read(cluster)?).map_err(format)
}

/// Refuses what is in the header only as a mark.
fn check_marks(header: &Header, options: &Options) -> Result<(), Error> {
    if header.has(header::INCOMPATIBLE_CORRUPT) && !options.ignore_corrupt {
        return Err(Error::MarkedCorrupt);
    }
    let raw = header.has(header::INCOMPATIBLE_DATA_FILE)
        && header.autoclear & header::AUTOCLEAR_RAW_DATA != 0;
    if raw && header.backing_file.is_some() {
        return Err(Error::RawDataWithBacking);
    }
    Ok(())
}

/// The name of the data file that must be opened, if the image has one and the caller allows it.
fn data_file<'a>(header: &'a Header, options: &Options) -> Result<Option<&'a FileName>, Error> {
    if !header.has(header::INCOMPATIBLE_DATA_FILE) {
        return Ok(None);
    }
    let name = header.data_file.as_ref().ok_or(Error::DataFileUnnamed)?;
    if !options.allow_data_file {
        let name = name.clone();
        return Err(Error::DataFileDenied { name });
    }
    Ok(Some(name))
}

fn warnings(source: &Source, header: &Header, size: u64) -> Vec<Warning> {
    let warn = |id, text: String| Warning::new(id, source.name(), text);
    let mut all = Vec::new();
    if header.has(header::INCOMPATIBLE_DIRTY) {
        let text =
            "the image was not closed properly (dirty bit): the guest or its host may have crashed";
        all.push(warn("qcow2-dirty", text.to_owned()));
    }
    if header.has(header::INCOMPATIBLE_CORRUPT) {
        let text = "the image is marked corrupt; what could be read may be wrong";
        all.push(warn("qcow2-marked-corrupt", text.to_owned()));
    }
    if !size.is_multiple_of(SECTOR) {
        let text =
            format!("the virtual size of {size} bytes is not a multiple of 512 and was rounded up");
        all.push(warn("qcow2-odd-size", text));
    }
    all
}

/// The state of the disk that is read: the current one or a snapshot.
struct State {
    size: u64,
    l1: TablePlace,
    l1_entries: u32,
    refcounts: TablePlace,
}

impl State {
    fn choose(header: &Header, snapshots: &[Snapshot], options: &Options) -> Result<State, Error> {
        let refcounts = TablePlace {
            what: "refcount table",
            at: 0x30,
            offset: header.refcount_table_offset,
            // The first entry; how much of the table is needed depends on the file, and is not needed here.
            len: 8,
        };
        let (what, at, size, offset, l1_entries) = match &options.snapshot {
            None => (
                "L1 table",
                0x28,
                header.size,
                header.l1_offset,
                header.l1_entries,
            ),
            Some(wanted) => {
                let found = snapshot::find(snapshots, wanted)?;
                let (size, offset) = (found.virtual_size, found.l1_offset);
                (
                    "snapshot L1 table",
                    found.at,
                    size,
                    offset,
                    found.l1_entries,
                )
            }
        };
        let len = u64::from(l1_entries).saturating_mul(8);
        Ok(State {
            size,
            l1: TablePlace {
                what,
                at,
                offset,
                len,
            },
            l1_entries,
            refcounts,
        })
    }

    /// Checks sizes and places, and returns how many L1 entries are needed.
    fn check(&self, layout: &Layout, limits: &Limits) -> Result<u64, Error> {
        let limit = |what, found, limit| match found > limit {
            true => Err(Error::Limit { what, found, limit }),
            false => Ok(()),
        };
        limit("virtual size", self.size, limits.virtual_size)?;
        // Reading does without reference counts, but a wild pointer means that the header is not to be trusted.
        self.refcounts
            .check(layout.cluster_size(), layout.file_len)?;
        let needed = layout.l1_entries(self.size);
        if needed > u64::from(self.l1_entries) {
            return Err(Error::L1TooSmall {
                what: self.l1.what,
                found: self.l1_entries,
                expected: needed,
                size: self.size,
            });
        }
        if self.l1_entries > 0 {
            self.l1.check(layout.cluster_size(), layout.file_len)?;
        }
        let bytes = needed.saturating_mul(8);
        limit("length of the L1 table", bytes, limits.directory_bytes)?;
        Ok(needed)
    }
}

/// Reads and decodes `count` entries; the caller has checked that they lie inside the file.
fn read_l1(
    source: &Source,
    layout: &Layout,
    mut offset: u64,
    count: u64,
) -> v2v_disk::Result<Vec<u64>> {
    let mut l1 = Vec::with_capacity(count as usize);
    let mut bytes = vec![0; count.saturating_mul(8).min(SLICE_BYTES) as usize];
    while (l1.len() as u64) < count {
        let left = count.saturating_sub(l1.len() as u64).saturating_mul(8);
        bytes.truncate(left.min(SLICE_BYTES) as usize);
        source
            .read_exact_at(offset, &mut bytes)
            .map_err(read_error(source, offset))?;
        for entry in bytes.as_chunks::<8>().0 {
            let table = layout
                .decode_l1(u64::from_be_bytes(*entry), offset)
                .map_err(|err| v2v_disk::Error::format(source.name(), err))?;
            l1.push(table);
            offset = offset.saturating_add(8);
        }
    }
    Ok(l1)
}

/// What backs a piece; the same as [`MapKind`] with plain numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parent,
    Zero,
    /// At this offset of the data source.
    Data(u64),
    /// The whole stream of the piece's cluster.
    Compressed {
        offset: u64,
        len: u64,
    },
}

impl Kind {
    /// Whether a piece of `len` bytes goes on with one of kind `next`.
    fn goes_on(self, len: u64, next: Kind) -> bool {
        match (self, next) {
            (Kind::Parent, Kind::Parent) | (Kind::Zero, Kind::Zero) => true,
            (Kind::Data(at), Kind::Data(next)) => at.checked_add(len) == Some(next),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    len: u64,
    kind: Kind,
}

/// The place of a walk through the L2 tables: the slice it is in, and how far it has come.
#[derive(Default)]
struct Walk {
    slice: Option<(u64, Slice)>,
    steps: u32,
}

impl Qcow2 {
    /// The piece at `offset`, as long as `len` and the bounds of one call allow. Both are inside the disk.
    fn piece(&self, offset: u64, len: u64) -> v2v_disk::Result<Piece> {
        let end = offset.saturating_add(len);
        let mut walk = Walk::default();
        let mut piece = self.unit(offset, end, &mut walk)?;
        if matches!(piece.kind, Kind::Compressed { .. }) {
            return Ok(piece);
        }
        loop {
            let at = offset.saturating_add(piece.len);
            if at >= end || walk.steps > SLICES_PER_CALL {
                return Ok(piece);
            }
            // An error belongs to the offset it is met at: what comes before can be used.
            match self.unit(at, end, &mut walk) {
                Ok(next) if piece.kind.goes_on(piece.len, next.kind) => {
                    piece.len = piece.len.saturating_add(next.len);
                }
                _ => return Ok(piece),
            }
        }
    }

    /// What can be said of the piece at `offset` from one L2 entry, or from one run of absent tables or empty entries.
    fn unit(&self, offset: u64, end: u64, walk: &mut Walk) -> v2v_disk::Result<Piece> {
        let left = end.saturating_sub(offset);
        let index = (offset >> self.layout.span_bits()) as usize;
        let tables = self.l1.get(index..).unwrap_or_default();
        let mut piece = match tables.first() {
            Some(&table) if table != 0 => self.unit_in_table(table, offset, walk)?,
            _ => {
                walk.steps = walk.steps.saturating_add(1);
                self.absent_tables(index, tables, offset)
            }
        };
        piece.len = piece.len.min(left);
        Ok(piece)
    }

    /// The piece at `offset` up to the next L2 table that is there; `tables` begins with the absent one at `index`.
    fn absent_tables(&self, index: usize, tables: &[u64], offset: u64) -> Piece {
        let absent = tables
            .iter()
            .take(ABSENT_PER_STEP)
            .take_while(|&&table| table == 0)
            .count();
        let next = (index.saturating_add(absent.max(1)) as u64) << self.layout.span_bits();
        Piece {
            len: next.saturating_sub(offset),
            kind: Kind::Parent,
        }
    }

    /// The piece at `offset`, from the entries of its L2 table at `table` of the file.
    fn unit_in_table(&self, table: u64, offset: u64, walk: &mut Walk) -> v2v_disk::Result<Piece> {
        let cluster_bits = self.layout.cluster_bits;
        let number = (offset & !(u64::MAX << self.layout.span_bits())) >> cluster_bits;
        let entry_bytes = (self.layout.entry_words() as u64).saturating_mul(8);
        let at = table.saturating_add(number.saturating_mul(entry_bytes));
        let slice_at = at & !self.slice_bytes().saturating_sub(1);
        let slice = self.slice(slice_at, walk)?;
        let first = (at.saturating_sub(slice_at) / 8) as usize;
        let words = slice.get(first..).unwrap_or_default();
        let in_cluster = offset & !(u64::MAX << cluster_bits);
        let empty = self.empty_entries(words);
        if empty > 0 {
            return Ok(Piece {
                len: (empty << cluster_bits).saturating_sub(in_cluster),
                kind: Kind::Parent,
            });
        }
        let entry = words.first().copied().unwrap_or(0);
        let bitmap = words.get(1).copied().unwrap_or(0);
        let cluster = self
            .layout
            .decode_l2(entry, bitmap, at, offset.saturating_sub(in_cluster))
            .map_err(|err| self.error(err))?;
        Ok(self.part(cluster, in_cluster))
    }

    /// How many entries from the start of `words` on are all zeros: the quick way over empty tables.
    fn empty_entries(&self, words: &[u64]) -> u64 {
        let empty = words.iter().take_while(|&&word| word == 0).count();
        if self.layout.extended {
            empty as u64 >> 1
        } else {
            empty as u64
        }
    }

    /// The part of a cluster from `in_cluster` on that is of one kind.
    fn part(&self, cluster: Cluster, in_cluster: u64) -> Piece {
        let len = self.layout.cluster_size().saturating_sub(in_cluster);
        let kind = match cluster {
            Cluster::Unallocated => Kind::Parent,
            Cluster::Zero => Kind::Zero,
            Cluster::Data(offset) => return self.stored(offset, in_cluster, len),
            Cluster::Compressed { offset, len } => Kind::Compressed { offset, len },
            Cluster::Subclusters {
                offset,
                stored,
                zero,
            } => {
                let bits = self.layout.cluster_bits.saturating_sub(SUBCLUSTERS.ilog2());
                let first = (in_cluster >> bits) as u32;
                let end = u64::from(first.saturating_add(alike(stored, zero, first))) << bits;
                let len = end.saturating_sub(in_cluster);
                let kind = match (stored >> first & 1, zero >> first & 1) {
                    (1, _) => return self.stored(offset, in_cluster, len),
                    (_, 1) => Kind::Zero,
                    _ => Kind::Parent,
                };
                return Piece { len, kind };
            }
        };
        Piece { len, kind }
    }

    /// Data of a cluster that begins inside its file. What the end of the file cuts off reads as zeros, as in QEMU: a
    /// writer need not fill the last cluster.
    fn stored(&self, cluster: u64, in_cluster: u64, len: u64) -> Piece {
        let at = cluster.saturating_add(in_cluster);
        let (len, kind) = match self.layout.data_len.saturating_sub(at) {
            0 => (len, Kind::Zero),
            there => (len.min(there), Kind::Data(at)),
        };
        Piece { len, kind }
    }

    fn slice_bytes(&self) -> u64 {
        self.layout.cluster_size().min(SLICE_BYTES)
    }

    /// The slice of an L2 table at `offset` of the file, which lies inside the file.
    fn slice<'a>(&self, offset: u64, walk: &'a mut Walk) -> v2v_disk::Result<&'a [u64]> {
        if !matches!(&walk.slice, Some((at, _)) if *at == offset) {
            let slice = self.cache.get_or_load(offset, || self.load_slice(offset))?;
            walk.steps = walk.steps.saturating_add(1);
            walk.slice = Some((offset, slice));
        }
        Ok(walk.slice.as_ref().map_or(&[], |(_, slice)| slice))
    }

    fn load_slice(&self, offset: u64) -> v2v_disk::Result<Slice> {
        let mut bytes = vec![0; self.slice_bytes() as usize];
        self.source
            .read_exact_at(offset, &mut bytes)
            .map_err(read_error(&self.source, offset))?;
        let words = bytes.as_chunks::<8>().0.iter();
        Ok(words.map(|word| u64::from_be_bytes(*word)).collect())
    }

    /// Fills `buf` from the piece at `offset`, which is as long.
    fn read_piece(&self, offset: u64, kind: Kind, buf: &mut [u8]) -> v2v_disk::Result<()> {
        match kind {
            Kind::Parent | Kind::Zero => buf.fill(0),
            Kind::Data(at) => self
                .data
                .read_exact_at(at, buf)
                .map_err(read_error(&self.data, at))?,
            Kind::Compressed { offset: at, len } => {
                let stream = Stream {
                    at,
                    len: len.min(self.layout.file_len.saturating_sub(at)),
                    guest: offset & (u64::MAX << self.layout.cluster_bits),
                };
                self.workers.with(
                    |worker| self.decode(worker, &stream, offset, buf),
                    |err| self.error(stream.failed(err)),
                )?;
            }
        }
        Ok(())
    }

    /// Decodes a cluster right into `buf` if that is the whole of it.
    fn decode(
        &self,
        worker: &mut Worker,
        stream: &Stream,
        offset: u64,
        buf: &mut [u8],
    ) -> v2v_disk::Result<()> {
        let Worker {
            decoder,
            stored,
            cluster,
        } = worker;
        stored.resize(stream.len as usize, 0);
        self.source
            .read_exact_at(stream.at, stored)
            .map_err(read_error(&self.source, stream.at))?;
        let size = self.layout.cluster_size() as usize;
        if buf.len() == size {
            return stream
                .decode(decoder, stored, buf)
                .map_err(|err| self.error(err));
        }
        cluster.resize(size, 0);
        stream
            .decode(decoder, stored, cluster)
            .map_err(|err| self.error(err))?;
        let skip = offset.saturating_sub(stream.guest) as usize;
        let part = cluster.get(skip..).unwrap_or_default();
        for (to, from) in buf.iter_mut().zip(part) {
            *to = *from;
        }
        Ok(())
    }
}

impl DiskImage for Qcow2 {
    fn virtual_size(&self) -> u64 {
        self.size
    }

    fn map(&self, offset: u64, len: u64) -> v2v_disk::Result<Mapping> {
        let len = len.min(self.size.saturating_sub(offset));
        if len == 0 {
            return Ok(Mapping::new(0, MapKind::Parent));
        }
        let piece = self.piece(offset, len)?;
        let kind = match piece.kind {
            Kind::Parent => MapKind::Parent,
            Kind::Zero => MapKind::Zero,
            Kind::Data(offset) => MapKind::Data(Some(HostRange {
                source: self.data.clone(),
                offset,
            })),
            Kind::Compressed { offset, .. } => MapKind::Compressed(Some(HostRange {
                source: self.source.clone(),
                offset,
            })),
        };
        Ok(Mapping::new(piece.len, kind))
    }

    fn read_at(&self, mut offset: u64, buf: &mut [u8]) -> v2v_disk::Result<()> {
        let inside = self.size.saturating_sub(offset).min(buf.len() as u64);
        let (mut buf, past_end) = buf.split_at_mut(inside as usize);
        past_end.fill(0);
        while !buf.is_empty() {
            let piece = self.piece(offset, buf.len() as u64)?;
            let (part, rest) = buf.split_at_mut(piece.len as usize);
            self.read_piece(offset, piece.kind, part)?;
            offset = offset.saturating_add(piece.len);
            buf = rest;
        }
        Ok(())
    }

    fn granularity(&self) -> u64 {
        self.layout.cluster_size()
    }
}

/// How many subclusters from `first` on have the same bits in both maps.
fn alike(stored: u32, zero: u32, first: u32) -> u32 {
    let differing = |bits: u32| {
        let bits = bits >> first;
        if bits & 1 == 1 { !bits } else { bits }
    };
    let run = (differing(stored) | differing(zero)).trailing_zeros();
    run.min(SUBCLUSTERS.saturating_sub(first))
}

/// Where a compressed cluster is stored and whose it is.
struct Stream {
    at: u64,
    /// Bytes that may belong to it: the end is only known to a sector.
    len: u64,
    guest: u64,
}

impl Stream {
    fn decode(
        &self,
        decoder: &mut BlockDecoder,
        stored: &[u8],
        cluster: &mut [u8],
    ) -> Result<(), Error> {
        let expected = cluster.len();
        let found = match decoder.decode(stored, cluster) {
            Ok(found) => found,
            // A full cluster is all that QEMU asks of a deflate stream, whether or not it has an end mark after that.
            Err(DecodeError::OutputTooSmall {
                format: v2v_codec::Format::Deflate,
                ..
            }) => expected,
            Err(DecodeError::InputEnded { produced, .. }) if produced == expected => expected,
            Err(error) => return Err(self.failed(error)),
        };
        if found < expected {
            return Err(Error::CompressedShort {
                offset: self.at,
                guest: self.guest,
                found,
                expected: expected as u64,
            });
        }
        Ok(())
    }

    fn failed(&self, error: DecodeError) -> Error {
        Error::Compressed {
            offset: self.at,
            guest: self.guest,
            error,
        }
    }
}

/// A decoder with its buffers.
struct Worker {
    decoder: BlockDecoder,
    stored: Vec<u8>,
    cluster: Vec<u8>,
}

/// Decoders at rest: as many as threads ever decoded at once.
struct Workers {
    compression: Compression,
    idle: Mutex<Vec<Worker>>,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Workers({})", self.compression)
    }
}

impl Workers {
    fn new(compression: Compression) -> Workers {
        Workers {
            compression,
            idle: Mutex::default(),
        }
    }

    /// Lends a worker to `work`; nothing is locked meanwhile.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Worker) -> v2v_disk::Result<T>,
        failed: impl FnOnce(DecodeError) -> v2v_disk::Error,
    ) -> v2v_disk::Result<T> {
        let mut worker = match self.lock().pop() {
            Some(worker) => worker,
            None => Worker {
                decoder: BlockDecoder::new(self.compression).map_err(failed)?,
                stored: Vec::new(),
                cluster: Vec::new(),
            },
        };
        let result = work(&mut worker);
        self.lock().push(worker);
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn subclusters_are_counted_to_the_first_that_differs() {
        for (stored, zero, first, expected) in [
            (0, 0, 0, 32),
            (0, 0, 31, 1),
            (u32::MAX, 0, 5, 27),
            (0b0011, 0b0100, 0, 2),
            (0b0011, 0b0100, 1, 1),
            (0b0011, 0b0100, 2, 1),
            (0b0011, 0b0100, 3, 29),
            (1 << 31, 0, 0, 31),
        ] {
            assert_eq!(
                alike(stored, zero, first),
                expected,
                "{stored:b} {zero:b} {first}"
            );
        }
    }
}
