//! streamOptimized read front to back: a pipe, a download, a member of a tar file.
//!
//! The grains' markers say where each belongs, so the tables are not needed, and cannot be had: most writers put them
//! at the end. What a reader with the whole file at hand checks by the tables is checked here by order and by the end:
//! a stream that stops early must not pass for a disk with zeros in its last part.

use std::io::{BufReader, ErrorKind, Read};
use std::path::PathBuf;
use std::sync::Arc;

use v2v_disk::{Decode, DiskStream, Error as DiskError, Result, StoredGrain, Warning};

use crate::descriptor::{Cid, CreateType, Descriptor};
use crate::header::{Directory, GRAIN_MARKER, Header, Marker, Packing, SECTOR, SECTOR_LEN};
use crate::packed::inflate_grain;
use crate::probe::{FileKind, kind_of};
use crate::vmdk::{check_embedded, parse_descriptor};
use crate::{Error, Options};

/// How much is read from the source at once.
const BUFFER: usize = 256 << 10;

/// How much may follow the end of the disk: a writer that pads is let finish, one that never ends is left.
const DRAIN: u64 = 16 << 20;

/// A streamOptimized disk that arrives once.
pub struct VmdkStream {
    input: Input,
    header: Header,
    descriptor: Descriptor,
    limits: v2v_disk::Limits,
    warnings: Vec<Warning>,
    tables: Tables,
    /// First sector of the last grain that came.
    previous: Option<u64>,
    done: bool,
}

/// What tells that nothing is missing.
enum Tables {
    /// The tables came first; the last grain they name begins at this byte, 0 if they name none.
    Head { last: u64, seen: bool },
    /// They come behind the grains; whether a directory or a footer has been met.
    Behind { seen: bool },
}

impl std::fmt::Debug for VmdkStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VmdkStream")
            .field("file", &self.input.name)
            .field("size", &self.header.capacity)
            .field("position", &self.input.position)
            .finish_non_exhaustive()
    }
}

impl VmdkStream {
    /// Reads header and descriptor of the stream `reader`, called `name` in messages.
    ///
    /// # Errors
    ///
    /// [`DiskError::Format`] if it is not a streamOptimized disk, or a snapshot; the text then says to save it to a
    /// file. [`DiskError::Io`] if reading fails.
    pub fn new(
        reader: impl Read + Send + 'static,
        name: impl Into<PathBuf>,
        options: &Options,
    ) -> Result<VmdkStream> {
        let mut input = Input {
            reader: BufReader::with_capacity(BUFFER, Box::new(reader)),
            name: Arc::new(name.into()),
            position: 0,
        };
        let mut first = [0; SECTOR_LEN];
        let len = input.fill(&mut first)?;
        let bytes = first.get(..len).unwrap_or_default();
        let header = decode_header(bytes, options).map_err(|err| input.broken(err))?;
        let (text, last) = read_head(&mut input, &header, options)?;
        let descriptor = parse_descriptor(&text, options).map_err(|err| input.broken(err))?;
        if descriptor.has_parent() {
            let parent_cid = descriptor
                .parent_cid
                .as_ref()
                .map_or(Cid::NONE, |cid| cid.value);
            return Err(input.broken(Error::StreamParent { parent_cid }));
        }
        let mut warnings = Vec::new();
        let mismatch = check_embedded(&descriptor, &header).map_err(|err| input.broken(err))?;
        if let Some(text) = mismatch {
            warnings.push(Warning::new("vmdk-size-mismatch", &*input.name, text));
        }
        if header.unclean {
            let text = "the disk was not closed properly (uncleanShutdown is set); check the guest's file systems";
            warnings.push(Warning::new("vmdk-unclean-shutdown", &*input.name, text));
        }
        let tables = match last {
            Some(last) => Tables::Head {
                last,
                seen: last == 0,
            },
            None => Tables::Behind { seen: false },
        };
        Ok(VmdkStream {
            input,
            header,
            descriptor,
            limits: options.limits.clone(),
            warnings,
            tables,
            previous: None,
            done: false,
        })
    }

    /// The embedded descriptor, parsed.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The kind of the disk as its descriptor has it; normally `streamOptimized`.
    pub fn create_type(&self) -> &CreateType {
        &self.descriptor.create_type
    }

    /// The content id.
    pub fn cid(&self) -> Option<Cid> {
        self.descriptor.cid.as_ref().map(|cid| cid.value)
    }

    /// What was noticed so far and did not stop the reading.
    pub fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }

    /// Bytes of the stream that were read so far, for a progress display.
    pub fn position(&self) -> u64 {
        self.input.position
    }

    /// Goes over markers to the next grain, or to the end.
    fn advance(&mut self) -> Result<Option<StoredGrain>> {
        loop {
            let at = self.input.position;
            let mut sector = [0; SECTOR_LEN];
            let len = self.input.fill(&mut sector)?;
            if len == 0 {
                return self.end_without_marker();
            }
            let bytes = sector.get(..len).unwrap_or_default();
            match Marker::decode(bytes, at).map_err(|err| self.input.broken(err))? {
                Marker::Grain { sector, size } => {
                    return self.grain(at, sector, size, bytes).map(Some);
                }
                Marker::End => return self.end(at),
                Marker::Table(sectors) | Marker::Progress(sectors) => self.skip(sectors)?,
                Marker::Directory(sectors) => {
                    self.see_tables();
                    self.skip(sectors)?;
                }
                Marker::Footer(sectors) => {
                    self.see_tables();
                    self.footer(sectors)?;
                }
            }
        }
    }

    fn see_tables(&mut self) {
        if let Tables::Behind { seen } = &mut self.tables {
            *seen = true;
        }
    }

    fn skip(&mut self, sectors: u64) -> Result<()> {
        let len = sectors.saturating_mul(SECTOR);
        match self.input.discard(len)? == len {
            true => Ok(()),
            false => Err(self.cut()),
        }
    }

    /// The grain whose marker is at `at` and whose first sector is `start`.
    fn grain(&mut self, at: u64, sector: u64, size: u64, start: &[u8]) -> Result<StoredGrain> {
        Marker::check_grain(sector, size, at, &self.header)
            .map_err(|err| self.input.broken(err))?;
        if let Some(previous) = self.previous
            && sector <= previous
        {
            let err = Error::StreamOrder {
                offset: at,
                found: sector,
                previous,
            };
            return Err(self.input.broken(err));
        }
        self.previous = Some(sector);
        let data = self.data(size, start)?;
        if let Tables::Head { last, seen } = &mut self.tables {
            *seen |= *last == at;
        }
        let offset = sector.saturating_mul(SECTOR);
        let used = self
            .header
            .grain
            .min(self.header.capacity.saturating_sub(offset));
        Ok(StoredGrain {
            offset,
            len: used,
            decode: self.decoder(at, offset, used, data),
        })
    }

    /// The compressed bytes of a grain, and the padding behind them out of the way.
    fn data(&mut self, size: u64, start: &[u8]) -> Result<Vec<u8>> {
        let whole = size.saturating_add(GRAIN_MARKER);
        let from = usize::try_from(GRAIN_MARKER).unwrap_or(usize::MAX);
        // `size` was compared with what a grain can take.
        let want = usize::try_from(size).unwrap_or(usize::MAX);
        let here = start.get(from..).unwrap_or_default();
        let mut data = Vec::with_capacity(want);
        data.extend_from_slice(here.get(..want).unwrap_or(here));
        let rest = want.saturating_sub(data.len());
        if self.input.append(&mut data, rest)? != rest {
            return Err(self.cut());
        }
        let padding = whole
            .max(SECTOR)
            .next_multiple_of(SECTOR)
            .saturating_sub(whole.max(SECTOR));
        // QEMU does not pad the last grain of a file.
        self.input.discard(padding)?;
        Ok(data)
    }

    fn decoder(&self, at: u64, start: u64, used: u64, data: Vec<u8>) -> Decode {
        let name = Arc::clone(&self.input.name);
        let grain = self.header.grain;
        Box::new(move |out| {
            let inflated = if out.len() as u64 == grain {
                inflate_grain(&data, out, used, at, start)
            } else {
                // The last grain of a disk may be stored whole, although only a part of it is asked for.
                let mut whole = vec![0; usize::try_from(grain).unwrap_or(usize::MAX)];
                inflate_grain(&data, &mut whole, used, at, start).map(|()| {
                    let len = out.len().min(whole.len());
                    if let (Some(to), Some(from)) = (out.get_mut(..len), whole.get(..len)) {
                        to.copy_from_slice(from);
                    }
                })
            };
            inflated.map_err(|err| DiskError::format(&*name, err))
        })
    }

    /// Reads the footer. Where it differs from the header it counts, but what was already given cannot change.
    fn footer(&mut self, sectors: u64) -> Result<()> {
        let at = self.input.position;
        let mut bytes = [0; SECTOR_LEN];
        if sectors == 0 || self.input.fill(&mut bytes)? < SECTOR_LEN {
            return Err(self.cut());
        }
        let footer = Header::decode(&bytes, at, at.saturating_add(SECTOR), &self.limits)
            .map_err(|err| self.input.broken(err))?;
        for (field, found, expected) in [
            ("capacity", footer.capacity, self.header.capacity),
            ("grain size", footer.grain, self.header.grain),
        ] {
            if found != expected {
                let err = Error::Footer {
                    offset: at,
                    field,
                    found: found / SECTOR,
                    expected: expected / SECTOR,
                };
                return Err(self.input.broken(err));
            }
        }
        self.skip(sectors.saturating_sub(1))
    }

    /// The end marker at `at`.
    fn end(&mut self, at: u64) -> Result<Option<StoredGrain>> {
        self.done = true;
        match self.tables {
            Tables::Head { last, seen: false } => {
                let err = Error::StreamIncomplete { offset: at, last };
                Err(self.input.broken(err))
            }
            // Zeros look like an end marker, and a broken download may be padded with them.
            Tables::Behind { seen: false } => {
                Err(self.input.broken(Error::StreamCut { offset: at }))
            }
            _ => {
                self.input.discard(DRAIN)?;
                Ok(None)
            }
        }
    }

    /// The stream has ended where a marker could stand. QEMU writes no end marker.
    fn end_without_marker(&mut self) -> Result<Option<StoredGrain>> {
        self.done = true;
        let offset = self.input.position;
        match self.tables {
            Tables::Head { seen: true, .. } => Ok(None),
            Tables::Head { last, .. } => {
                Err(self.input.broken(Error::StreamIncomplete { offset, last }))
            }
            Tables::Behind { .. } => Err(self.cut()),
        }
    }

    fn cut(&self) -> DiskError {
        let offset = self.input.position;
        self.input.broken(Error::StreamCut { offset })
    }
}

impl DiskStream for VmdkStream {
    fn virtual_size(&self) -> u64 {
        self.header.capacity
    }

    fn granularity(&self) -> u64 {
        self.header.grain
    }

    fn next_grain(&mut self) -> Result<Option<StoredGrain>> {
        if self.done {
            return Ok(None);
        }
        let next = self.advance();
        // After an error the position means nothing any more.
        self.done |= next.is_err();
        next
    }
}

/// The header, if its disk can be read front to back.
fn decode_header(bytes: &[u8], options: &Options) -> Result<Header, Error> {
    let what = match kind_of(bytes) {
        Some(FileKind::Hosted) => {
            let header = Header::decode(bytes, 0, bytes.len() as u64, &options.limits)?;
            match (header.packing, header.capacity, header.descriptor) {
                (_, 0, _) => "a VMDK descriptor",
                (_, _, None) => "a SPARSE extent without its descriptor",
                (Packing::Marked, _, Some(_)) => return Ok(header),
                (Packing::Bare, ..) => "a VMDK without markers",
                (Packing::Plain, ..) => "a VMDK that is not streamOptimized",
            }
        }
        Some(FileKind::Text) => "a VMDK descriptor",
        Some(FileKind::Cowd) => "a VMFSSPARSE extent",
        Some(FileKind::SeSparse) => "a SESPARSE extent",
        Some(FileKind::Unfinished) => return Err(Error::Unfinished),
        Some(FileKind::ChangeTracking) => return Err(Error::ChangeTracking),
        None => return Err(Error::NotVmdk),
    };
    Err(Error::NotStreamable { what })
}

/// Reads what lies between header and grains: the descriptor's text, and the place of the last grain that tables in
/// the head name; no place if they come behind the grains.
fn read_head(
    input: &mut Input,
    header: &Header,
    options: &Options,
) -> Result<(Vec<u8>, Option<u64>)> {
    let (text_at, text_len) = header.descriptor.unwrap_or_default();
    let text_end = text_at.saturating_add(text_len);
    let limit = options.limits.descriptor_bytes;
    if text_len > limit {
        return Err(input.broken(Error::TooLarge {
            what: "the descriptor",
            found: text_len,
            limit,
        }));
    }
    if text_at < SECTOR || text_end > header.overhead {
        let what = "a VMDK with its descriptor behind the grains";
        return Err(input.broken(Error::NotStreamable { what }));
    }
    let tables_at = match header.directory {
        Directory::At(at) if (SECTOR..header.overhead).contains(&at) => Some(at),
        _ => None,
    };
    let (mut text, mut last) = (Vec::new(), 0);
    let mut sector = [0; SECTOR_LEN];
    while input.position < header.overhead {
        let at = input.position;
        if input.fill(&mut sector)? < SECTOR_LEN {
            let offset = input.position;
            return Err(input.broken(Error::StreamCut { offset }));
        }
        if (text_at..text_end).contains(&at) {
            text.extend_from_slice(&sector);
        }
        if tables_at.is_some_and(|tables| at >= tables) {
            // Directory and tables alike hold sectors, and a table's own sector is below that of any grain.
            last = crate::opening::words(&sector).fold(last, u32::max);
        }
    }
    let first_grain = header.overhead / SECTOR;
    let last = if u64::from(last) < first_grain {
        0
    } else {
        last
    };
    Ok((
        text,
        tables_at.map(|_| u64::from(last).saturating_mul(SECTOR)),
    ))
}

/// The stream with its position and its name.
struct Input {
    reader: BufReader<Box<dyn Read + Send>>,
    name: Arc<PathBuf>,
    position: u64,
}

impl Input {
    fn broken(&self, error: Error) -> DiskError {
        DiskError::format(&*self.name, error)
    }

    fn failed(&self, error: std::io::Error) -> DiskError {
        DiskError::io_at(&*self.name, "read", self.position, error)
    }

    /// Fills `buf` as far as the stream goes and returns how far that was.
    fn fill(&mut self, buf: &mut [u8]) -> Result<usize> {
        let mut done = 0usize;
        while let Some(room) = buf.get_mut(done..).filter(|room| !room.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => break,
                Ok(n) => {
                    done = done.saturating_add(n);
                    self.position = self.position.saturating_add(n as u64);
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => return Err(self.failed(err)),
            }
        }
        Ok(done)
    }

    /// Appends up to `len` bytes to `data`; fewer at the end of the stream.
    fn append(&mut self, data: &mut Vec<u8>, len: usize) -> Result<usize> {
        let read = (&mut self.reader).take(len as u64).read_to_end(data);
        let read = read.map_err(|err| self.failed(err))?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }

    /// Passes over up to `len` bytes; fewer at the end of the stream.
    fn discard(&mut self, len: u64) -> Result<u64> {
        let copied = std::io::copy(&mut (&mut self.reader).take(len), &mut std::io::sink());
        let copied = copied.map_err(|err| self.failed(err))?;
        self.position = self.position.saturating_add(copied);
        Ok(copied)
    }
}
