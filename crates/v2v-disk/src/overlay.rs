//! Changes to a disk that never reach it: guest edits go here and leave in the same pass as the copy.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use crate::{Class, DiskImage, Error, FormatError, MapKind, Mapping, Result};

/// The unit in which changes are kept: what guest file systems write.
const BLOCK: u64 = 4096;

/// A copy-on-write layer in memory over any image.
///
/// Reads give the changed bytes where something was written and the image's elsewhere; the image is never touched.
/// Memory is bounded by [`crate::Limits::overlay_bytes`].
pub struct Overlay<I> {
    base: I,
    limit: usize,
    blocks: RwLock<BTreeMap<u64, Box<[u8]>>>,
}

/// A write that an overlay refuses.
#[derive(Debug, thiserror::Error)]
enum OverlayError {
    #[error("write of {len} bytes at {offset:#x} ends past the end of the disk ({size} bytes)")]
    PastEnd { offset: u64, len: usize, size: u64 },
    #[error("changes take more than {limit} bytes; raise the limit for overlays")]
    Full { limit: usize },
}

impl FormatError for OverlayError {
    fn class(&self) -> Class {
        Class::Limit
    }
}

impl<I: DiskImage> Overlay<I> {
    /// An overlay without changes that may grow to about `limit` bytes.
    pub fn new(base: I, limit: usize) -> Overlay<I> {
        Overlay {
            base,
            limit,
            blocks: RwLock::default(),
        }
    }

    /// The image below.
    pub fn base(&self) -> &I {
        &self.base
    }

    /// Writes `data` at guest byte `offset` into the overlay.
    ///
    /// # Errors
    ///
    /// If the range ends past the disk, if the memory limit is reached, or if the image can't be read to fill the rest
    /// of a block. Blocks before the failing one have been changed then.
    pub fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        let size = self.base.virtual_size();
        let end = offset
            .checked_add(data.len() as u64)
            .filter(|end| *end <= size);
        if end.is_none() {
            return Err(Error::format(
                "overlay",
                OverlayError::PastEnd {
                    offset,
                    len: data.len(),
                    size,
                },
            ));
        }
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let (mut offset, mut data) = (offset, data);
        while !data.is_empty() {
            let (index, skip) = (offset / BLOCK, usize::try_from(offset % BLOCK).unwrap_or(0));
            let n = data.len().min((BLOCK as usize).saturating_sub(skip));
            let (piece, rest) = data.split_at(n);
            if !blocks.contains_key(&index) {
                if blocks
                    .len()
                    .saturating_add(1)
                    .saturating_mul(BLOCK as usize)
                    > self.limit
                {
                    return Err(Error::format(
                        "overlay",
                        OverlayError::Full { limit: self.limit },
                    ));
                }
                let mut block = vec![0; BLOCK as usize].into_boxed_slice();
                if n < block.len() {
                    self.base.read_at(index.saturating_mul(BLOCK), &mut block)?;
                }
                blocks.insert(index, block);
            }
            if let Some(to) = blocks
                .get_mut(&index)
                .and_then(|block| block.get_mut(skip..skip.saturating_add(n)))
            {
                to.copy_from_slice(piece);
            }
            offset = offset.saturating_add(n as u64);
            data = rest;
        }
        Ok(())
    }

    /// The changed guest ranges in bytes, ascending, neighbours joined.
    pub fn changed(&self) -> Vec<Range<u64>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for index in blocks.keys() {
            let start = index.saturating_mul(BLOCK);
            let end = start.saturating_add(BLOCK).min(self.base.virtual_size());
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
        ranges
    }

    /// How many bytes from `offset` on are changed (`true`) or not, up to `len`.
    fn run(&self, offset: u64, len: u64) -> (bool, u64) {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let end = offset.saturating_add(len);
        let first = offset / BLOCK;
        if !blocks.contains_key(&first) {
            let next = blocks
                .range(first..)
                .next()
                .map_or(end, |(index, _)| index.saturating_mul(BLOCK));
            return (false, next.min(end).saturating_sub(offset));
        }
        let mut stop = first;
        for (index, _) in blocks.range(first..) {
            if *index != stop || stop.saturating_mul(BLOCK) >= end {
                break;
            }
            stop = stop.saturating_add(1);
        }
        (
            true,
            stop.saturating_mul(BLOCK).min(end).saturating_sub(offset),
        )
    }

    fn read_changed(&self, mut offset: u64, mut buf: &mut [u8]) {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        while !buf.is_empty() {
            let (index, skip) = (offset / BLOCK, usize::try_from(offset % BLOCK).unwrap_or(0));
            let n = buf.len().min((BLOCK as usize).saturating_sub(skip));
            let (piece, rest) = buf.split_at_mut(n);
            match blocks
                .get(&index)
                .and_then(|block| block.get(skip..skip.saturating_add(n)))
            {
                Some(from) => piece.copy_from_slice(from),
                None => piece.fill(0),
            }
            offset = offset.saturating_add(n as u64);
            buf = rest;
        }
    }
}

impl<I: DiskImage> DiskImage for Overlay<I> {
    fn virtual_size(&self) -> u64 {
        self.base.virtual_size()
    }

    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        let len = len.min(self.virtual_size().saturating_sub(offset));
        if len == 0 {
            return Ok(Mapping::new(0, MapKind::Parent));
        }
        match self.run(offset, len) {
            (true, run) => Ok(Mapping::new(run, MapKind::Data(None))),
            (false, run) => self.base.map(offset, run),
        }
    }

    fn read_at(&self, mut offset: u64, mut buf: &mut [u8]) -> Result<()> {
        while !buf.is_empty() {
            let (changed, run) = self.run(offset, buf.len() as u64);
            let n = usize::try_from(run).unwrap_or(usize::MAX).min(buf.len());
            let (piece, rest) = buf.split_at_mut(n);
            if changed {
                self.read_changed(offset, piece);
            } else {
                self.base.read_at(offset, piece)?;
            }
            offset = offset.saturating_add(n as u64);
            buf = rest;
        }
        Ok(())
    }

    fn granularity(&self) -> u64 {
        self.base.granularity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A plain disk in memory.
    struct Plain(Vec<u8>);

    impl DiskImage for Plain {
        fn virtual_size(&self) -> u64 {
            self.0.len() as u64
        }
        fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
            Ok(Mapping::new(
                len.min(self.virtual_size() - offset),
                MapKind::Data(None),
            ))
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
            for (i, byte) in buf.iter_mut().enumerate() {
                *byte = self.0.get(offset as usize + i).copied().unwrap_or(0);
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn writes_read_back_and_the_base_stays(
            size in 1usize..40_000,
            writes in proptest::collection::vec((0usize..40_000, 1usize..9_000, any::<u8>()), 0..12),
        ) {
            let base: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let mut model = base.clone();
            let overlay = Overlay::new(Plain(base.clone()), 1 << 20);
            for (at, len, byte) in writes {
                let data = vec![byte; len];
                if at + len <= size {
                    overlay.write_at(at as u64, &data).unwrap();
                    model[at..at + len].copy_from_slice(&data);
                } else {
                    prop_assert!(overlay.write_at(at as u64, &data).is_err());
                }
            }
            let mut disk = vec![0; size];
            overlay.read_at(0, &mut disk).unwrap();
            prop_assert_eq!(&disk, &model);
            let (mut pos, mut pieces) = (0, 0);
            while pos < size as u64 {
                let piece = overlay.map(pos, size as u64 - pos).unwrap();
                prop_assert!(piece.len > 0);
                pos += piece.len;
                pieces += 1;
            }
            prop_assert_eq!(pos, size as u64);
            prop_assert!(pieces <= 2 * overlay.changed().len() + 1);
            prop_assert_eq!(&overlay.base().0, &base);
        }
    }

    #[test]
    fn the_limit_holds() {
        let overlay = Overlay::new(Plain(vec![0; 1 << 20]), 8192);
        overlay.write_at(0, &[1; 8192]).unwrap();
        let err = overlay.write_at(8192, &[1]).unwrap_err();
        assert_eq!(
            err.to_string(),
            "overlay: changes take more than 8192 bytes; raise the limit for overlays"
        );
        assert_eq!(err.class(), Class::Limit);
    }
}
