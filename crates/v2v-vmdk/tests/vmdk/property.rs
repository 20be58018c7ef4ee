//! Random allocation maps, written by the generators and read back.

use proptest::prelude::*;
use v2v_disk::DiskImage;
use v2v_testkit::disk::{Content, Pattern, Run};
use v2v_testkit::temp;
use v2v_testkit::vmdk::{
    Cowd, Flavor, Generate, Lineage, Order, Part, Place, SeSparse, SeZero, Sparse, Store, Stream,
    ZeroGrains, write_parts,
};

use crate::{assert_parent_is_what_is_not_allocated, assert_reads, open_bytes, open_file};

prop_compose! {
    /// A disk of up to 400 KiB with up to 12 runs of anything.
    fn disk()(
        sectors in 140u64..800,
        runs in prop::collection::vec((0u64..800, 1u64..200, 0u8..4, any::<u64>()), 0..12),
    ) -> Content {
        let run = |(offset, len, kind, seed): (u64, u64, u8, u64)| {
            let pattern = match kind {
                0 => Pattern::Zero,
                1 => Pattern::Fill(7),
                2 => Pattern::Text(seed),
                _ => Pattern::Random(seed),
            };
            Run::new(offset * 512, len * 512, pattern)
        };
        Content::from_runs(sectors * 512, runs.into_iter().map(run))
    }
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        Just(Order::Ascending),
        Just(Order::Descending),
        any::<u64>().prop_map(Order::Shuffled),
    ]
}

fn zeros() -> impl Strategy<Value = ZeroGrains> {
    prop_oneof![
        Just(ZeroGrains::Store),
        Just(ZeroGrains::Entry),
        Just(ZeroGrains::Skip)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hosted_sparse(
        content in disk(),
        grain in 0u32..8,
        gtes_per_gt in 1u32..=512,
        order in order(),
        zero_grains in zeros(),
        behind in any::<bool>(),
        absent_tables in any::<bool>(),
    ) {
        let sparse = Sparse {
            grain_sectors: 1 << grain,
            gtes_per_gt,
            order,
            zero_grains,
            tables: if behind { Place::Tail } else { Place::Head },
            absent_tables,
            ..Sparse::new(content.clone())
        };
        let disk = open_bytes(&sparse.to_bytes()).unwrap();
        assert_reads(&disk, &content);
        if zero_grains != ZeroGrains::Skip {
            assert_parent_is_what_is_not_allocated(&disk, &sparse.expected());
        }
    }

    #[test]
    fn stream_optimized(
        content in disk(),
        grain in 0u32..8,
        gtes_per_gt in 1u32..=64,
        order in order(),
        zero_grains in zeros(),
        flavor in prop::sample::select(vec![Flavor::Vddk, Flavor::FooterAndHead, Flavor::Qemu, Flavor::Export]),
        short_last in any::<bool>(),
        level in 0u32..=9,
    ) {
        let stream = Stream {
            grain_sectors: 1 << grain,
            gtes_per_gt,
            order,
            zero_grains,
            short_last,
            level,
            ..Stream::new(content.clone(), flavor)
        };
        let bytes = stream.to_bytes();
        assert_reads(&open_bytes(&bytes).unwrap(), &content);
        if order == Order::Ascending {
            let mut input =
                v2v_vmdk::VmdkStream::new(std::io::Cursor::new(bytes), "pipe", &v2v_vmdk::Options::default()).unwrap();
            prop_assert!(crate::stream::read_stream(&mut input).unwrap() == content.to_vec());
        }
    }

    #[test]
    fn extents_of_all_kinds(
        parts in prop::collection::vec((disk(), 0u8..6, 0u32..5, order()), 1..6),
    ) {
        let dir = temp::dir();
        let parts: Vec<_> = parts
            .into_iter()
            .map(|(content, kind, grain, order)| {
                let grain_sectors = 1 << grain;
                Part::new(match kind {
                    0 => Store::Zero(content.sectors()),
                    1 => Store::Flat { content, offset: grain_sectors },
                    2 => Store::Vmfs(content),
                    3 => Store::Sparse(Sparse { grain_sectors, order, ..Sparse::piece(content) }),
                    4 => Store::Cowd(Cowd { grain_sectors, order, ..Cowd::new(content) }),
                    _ => Store::SeSparse(SeSparse { order, zero_grains: SeZero::Mixed, ..SeSparse::new(content) }),
                })
            })
            .collect();
        let written = write_parts(dir.path(), "disk", "custom", &parts, &Lineage::default());
        assert_reads(&open_file(&written.path).unwrap(), &written.content);
    }

    #[test]
    fn any_bytes_end_in_ok_or_err(
        content in disk(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        stream in any::<bool>(),
        near in any::<bool>(),
    ) {
        let mut bytes = match stream {
            true => Stream { grain_sectors: 8, ..Stream::new(content, Flavor::Export) }.to_bytes(),
            false => Sparse { grain_sectors: 8, gtes_per_gt: 32, ..Sparse::new(content) }.to_bytes(),
        };
        let reach = if near { 80 } else { bytes.len() };
        for (at, value) in changes {
            bytes[at.index(reach)] = value;
        }
        if let Ok(disk) = open_bytes(&bytes) {
            let (mut offset, mut buf) = (0, vec![0; 70_000]);
            for _ in 0..2000 {
                let Ok(piece) = disk.map(offset, u64::MAX) else { break };
                let _ = disk.read_at(offset, &mut buf);
                offset += piece.len;
                if piece.len == 0 { break }
            }
        }
        if let Ok(mut input) = v2v_vmdk::VmdkStream::new(std::io::Cursor::new(bytes), "pipe", &v2v_vmdk::Options::default()) {
            use v2v_disk::DiskStream;
            while let Ok(Some(grain)) = input.next_grain() {
                let mut buf = vec![0; grain.len as usize];
                let _ = (grain.decode)(&mut buf);
            }
        }
    }
}
