//! Images over images: a snapshot and what it builds on.

use crate::{DiskImage, Error, MapKind, Mapping, Result};

/// A chain of images, top first, read as the guest reads it.
///
/// A piece that an image leaves to its parent is answered by the next; past the end of a shorter parent there are
/// zeros. [`Mapping::depth`] says which image answered.
pub struct Chain {
    links: Vec<Box<dyn DiskImage>>,
}

impl Chain {
    /// A chain of at least one image, `links[0]` on top. An empty one is a disk of size 0.
    pub fn new(links: Vec<Box<dyn DiskImage>>) -> Chain {
        Chain { links }
    }

    /// The images, top first.
    pub fn links(&self) -> &[Box<dyn DiskImage>] {
        &self.links
    }

    fn read_piece(&self, offset: u64, mapping: &Mapping, buf: &mut [u8]) -> Result<()> {
        match &mapping.kind {
            MapKind::Zero | MapKind::Parent => buf.fill(0),
            MapKind::Data(Some(host)) => host
                .source
                .read_exact_at(host.offset, buf)
                .map_err(|err| Error::io_at(host.source.name(), "read", host.offset, err))?,
            MapKind::Data(None) | MapKind::Compressed(_) => {
                if let Some(link) = self.links.get(mapping.depth as usize) {
                    link.read_at(offset, buf)?;
                }
            }
        }
        Ok(())
    }
}

impl DiskImage for Chain {
    fn virtual_size(&self) -> u64 {
        self.links.first().map_or(0, DiskImage::virtual_size)
    }

    fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
        let mut len = len.min(self.virtual_size().saturating_sub(offset));
        if len == 0 {
            return Ok(Mapping::new(0, MapKind::Parent));
        }
        let mut depth = 0;
        for link in &self.links {
            let left = link.virtual_size().saturating_sub(offset);
            if left == 0 {
                // A child that grew: its parent holds nothing here.
                return Ok(Mapping {
                    len,
                    kind: MapKind::Zero,
                    depth,
                });
            }
            let answer = link.map(offset, len.min(left))?;
            len = answer.len;
            if !matches!(answer.kind, MapKind::Parent) {
                return Ok(Mapping { depth, ..answer });
            }
            depth = depth.saturating_add(1);
        }
        Ok(Mapping {
            len,
            kind: MapKind::Parent,
            depth: depth.saturating_sub(1),
        })
    }

    fn read_at(&self, mut offset: u64, mut buf: &mut [u8]) -> Result<()> {
        if let [only] = self.links.as_slice() {
            return only.read_at(offset, buf);
        }
        while !buf.is_empty() {
            let mapping = self.map(offset, buf.len() as u64)?;
            let n = usize::try_from(mapping.len)
                .unwrap_or(usize::MAX)
                .min(buf.len());
            if n == 0 {
                buf.fill(0);
                break;
            }
            let (piece, rest) = buf.split_at_mut(n);
            self.read_piece(offset, &mapping, piece)?;
            offset = offset.saturating_add(n as u64);
            buf = rest;
        }
        Ok(())
    }

    fn granularity(&self) -> u64 {
        self.links
            .iter()
            .map(DiskImage::granularity)
            .max()
            .unwrap_or(512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A disk of `u8` units of 512 bytes: `None` is the parent's, 0 is an explicit zero.
    struct Toy(Vec<Option<u8>>);

    impl DiskImage for Toy {
        fn virtual_size(&self) -> u64 {
            self.0.len() as u64 * 512
        }
        fn map(&self, offset: u64, len: u64) -> Result<Mapping> {
            let kind = match self.0[(offset / 512) as usize] {
                None => MapKind::Parent,
                Some(0) => MapKind::Zero,
                Some(_) => MapKind::Data(None),
            };
            Ok(Mapping::new(len.min(512 - offset % 512), kind))
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
            for (i, byte) in buf.iter_mut().enumerate() {
                *byte = self
                    .0
                    .get((offset as usize + i) / 512)
                    .copied()
                    .flatten()
                    .unwrap_or(0);
            }
            Ok(())
        }
    }

    fn chain(links: Vec<Vec<Option<u8>>>) -> Chain {
        Chain::new(
            links
                .into_iter()
                .map(|units| Box::new(Toy(units)) as Box<dyn DiskImage>)
                .collect(),
        )
    }

    #[test]
    fn the_first_image_that_has_a_unit_answers() {
        let chain = chain(vec![
            vec![Some(1), None, Some(0), None, None],
            vec![Some(9), Some(2), Some(3), None],
        ]);
        let mut disk = vec![0xff; 5 * 512];
        chain.read_at(0, &mut disk).unwrap();
        let firsts: Vec<u8> = disk.chunks(512).map(|unit| unit[0]).collect();
        assert_eq!(firsts, [1, 2, 0, 0, 0]);
        let depths: Vec<u32> = (0..5)
            .map(|unit| chain.map(unit * 512, 512).unwrap().depth)
            .collect();
        assert_eq!(depths, [0, 1, 0, 1, 1]);
        assert!(matches!(
            chain.map(3 * 512, 512).unwrap().kind,
            MapKind::Parent
        ));
        assert!(
            matches!(chain.map(4 * 512, 512).unwrap().kind, MapKind::Zero),
            "past the end of the parent"
        );
    }

    proptest! {
        /// The model: the first image that says something of a unit counts; past the end of an image there are zeros.
        #[test]
        fn a_chain_reads_like_its_images_laid_over_each_other(
            links in proptest::collection::vec(
                proptest::collection::vec(proptest::option::of(0u8..4), 1..12),
                1..6,
            ),
            reads in proptest::collection::vec((0usize..7000, 1usize..3000), 1..8),
        ) {
            let size = links[0].len();
            let model: Vec<u8> = (0..size * 512)
                .map(|at| {
                    let unit = links.iter().map(|link| link.get(at / 512).copied().unwrap_or(Some(0)));
                    unit.flatten().next().unwrap_or(0)
                })
                .collect();
            let chain = chain(links);
            for (at, len) in reads {
                let mut buf = vec![0xff; len];
                chain.read_at(at as u64, &mut buf).unwrap();
                let expected: Vec<u8> = (at..at + len).map(|i| model.get(i).copied().unwrap_or(0)).collect();
                prop_assert_eq!(buf, expected);
            }
            let mut at = 0;
            while at < chain.virtual_size() {
                let piece = chain.map(at, u64::MAX).unwrap();
                prop_assert!(piece.len > 0);
                if matches!(piece.kind, MapKind::Zero | MapKind::Parent) {
                    let range = at as usize..(at + piece.len) as usize;
                    prop_assert!(model[range].iter().all(|&byte| byte == 0));
                }
                at += piece.len;
            }
            prop_assert_eq!(at, chain.virtual_size());
        }
    }

    #[test]
    fn an_unaligned_read_crosses_images() {
        let chain = chain(vec![vec![Some(1), None], vec![None, Some(2)]]);
        let mut buf = [0; 4];
        chain.read_at(510, &mut buf).unwrap();
        assert_eq!(buf, [1, 1, 2, 2]);
    }

    #[test]
    fn a_read_past_the_end_gives_zeros() {
        let chain = chain(vec![vec![Some(1)], vec![Some(1)]]);
        let mut buf = [7; 4];
        chain.read_at(511, &mut buf).unwrap();
        assert_eq!(buf, [1, 0, 0, 0]);
    }
}
