//! Opening without files, and looking at what an image claims to hold.

use std::sync::Arc;

use v2v_disk::{
    Bytes, DiskImage, Error, FileName, GateError, Limits, MapKind, Mapping, NoGate, OpenGate,
    Purpose, Source,
};

/// Pieces of the map that one walk looks at.
const PIECES: usize = 300;
/// Bytes that one walk may have decompressed or read.
const WORK: u64 = 8 << 20;
/// Bytes read of a piece at a time.
const SAMPLE: u64 = 2048;

/// Limits small enough that a target shows a bound that does not hold.
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.virtual_size = 1 << 40;
    limits.directory_bytes = 1 << 20;
    limits.table_cache_bytes = 256 << 10;
    limits
}

/// The input as a source.
pub fn source(data: &[u8]) -> Source {
    Arc::new(Bytes::new("input", data.to_vec()))
}

/// A gate behind which every extent and every data file is the input.
pub struct Same(pub Source);

impl OpenGate for Same {
    fn open(&self, name: &FileName, purpose: Purpose) -> Result<Source, GateError> {
        match purpose {
            Purpose::Extent | Purpose::DataFile => Ok(self.0.clone()),
            _ => NoGate.open(name, purpose),
        }
    }
}

/// Looks at the text of an error or a warning. What an image makes of it must not reach a terminal as control codes.
pub fn tell(text: impl std::fmt::Display) {
    let text = text.to_string();
    assert!(!text.is_empty());
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// The image, or nothing once its error was told.
pub fn opened<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(image) => Some(image),
        Err(err) => {
            tell(&err);
            let _ = err.class();
            None
        }
    }
}

/// Walks the map and reads a little of every piece. The pieces must be contiguous, and reading must agree with the map:
/// zeros where it says so, the bytes of the file where it names them, an error where it has one.
pub fn walk(image: &dyn DiskImage) {
    let size = image.virtual_size();
    let unit = image.granularity();
    assert!(unit >= 512, "granularity {unit}");
    let (mut offset, mut work) = (0, 0);
    for _ in 0..PIECES {
        if offset >= size || work > WORK {
            break;
        }
        let Some(piece) = opened(image.map(offset, size - offset)) else {
            let read = image.read_at(offset, &mut [0]);
            assert!(read.is_err(), "no map at {offset:#x}, but bytes");
            // The rest of the disk may be in order.
            offset = (offset / unit + 1).saturating_mul(unit);
            continue;
        };
        assert!(
            piece.len > 0 && piece.len <= size - offset,
            "{piece:?} at {offset:#x} of {size:#x}"
        );
        let sample = SAMPLE.min(piece.len);
        look(image, offset, &piece, 0, sample);
        look(image, offset, &piece, piece.len - sample, sample);
        if matches!(piece.kind, MapKind::Compressed(_)) && piece.len <= unit {
            compare_whole(image, offset, piece.len, sample);
        }
        work += match piece.kind {
            MapKind::Compressed(_) => 3 * unit,
            _ => 2 * SAMPLE,
        };
        offset += piece.len;
    }
    let mut end = [0xA5; 1400];
    if image.read_at(size.saturating_sub(700), &mut end).is_ok() && size >= 700 {
        assert!(end[700..].iter().all(|&byte| byte == 0), "past the end");
    }
    let outside = image.map(size, 1).expect("no error past the end");
    assert_eq!(outside.len, 0, "a piece past the end");
}

/// Looks at `len` bytes of `piece`, which begins at `start`, from byte `within` of it.
fn look(image: &dyn DiskImage, start: u64, piece: &Mapping, within: u64, len: u64) {
    let offset = start + within;
    let part = image
        .map(offset, len)
        .expect("a part of a piece that has a map");
    assert!(
        part.len > 0 && part.len <= len,
        "{part:?} for {len} at {offset:#x}"
    );
    let mut bytes = vec![0xA5; len as usize];
    let read = image.read_at(offset, &mut bytes);
    if let Err(err) = &read {
        tell(err);
    }
    match (&piece.kind, &part.kind) {
        (MapKind::Zero, MapKind::Zero) | (MapKind::Parent, MapKind::Parent) => {
            read.expect("zeros can be read");
            assert!(bytes.iter().all(|&byte| byte == 0), "not zero: {offset:#x}");
        }
        (MapKind::Data(Some(host)), MapKind::Data(Some(same))) => {
            assert_eq!(host.offset + within, same.offset, "place of {offset:#x}");
            let mut stored = vec![0x5A; len as usize];
            match host.source.read_exact_at(same.offset, &mut stored) {
                Ok(()) => {
                    read.expect("stored bytes can be read");
                    assert!(stored == bytes, "other bytes at {offset:#x}");
                }
                Err(_) => assert!(read.is_err(), "bytes from nowhere at {offset:#x}"),
            }
        }
        (MapKind::Data(None), MapKind::Data(None)) => {}
        (MapKind::Compressed(_), MapKind::Compressed(_)) => {}
        (piece, part) => panic!("{offset:#x} is {piece:?} and {part:?}"),
    }
}

/// A compressed unit gives the same bytes in parts and as a whole, or an error both times.
fn compare_whole(image: &dyn DiskImage, offset: u64, len: u64, sample: u64) {
    let (mut whole, mut part) = (vec![0xA5; len as usize], vec![0x5A; sample as usize]);
    let by_part = image.read_at(offset, &mut part);
    let by_whole = image.read_at(offset, &mut whole);
    assert_eq!(by_part.is_ok(), by_whole.is_ok(), "unit at {offset:#x}");
    if by_whole.is_ok() {
        assert!(whole.starts_with(&part), "other bytes at {offset:#x}");
    }
}
