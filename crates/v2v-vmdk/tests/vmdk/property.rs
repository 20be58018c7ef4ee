//! Random allocation maps, written by the generators and read back.

use proptest::prelude::*;
use v2v_disk::{DiskImage, MapKind};
use v2v_testkit::disk::{Content, Pattern, Rng, Run};
use v2v_testkit::temp;
use v2v_testkit::vmdk::{
    Cowd, Flavor, Generate, Lineage, Order, Part, Place, SeSparse, SeZero, Sparse, Store, Stream,
    ZeroGrains, write_parts,
};
use v2v_vmdk::{Options, Vmdk};

use crate::{
    assert_parent_is_what_is_not_allocated, assert_reads, open_bytes, open_file, open_with,
};

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

/// A disk of one of the kinds, opened with room for few tables, and what it holds.
fn any_kind(content: Content, kind: u8, grain_sectors: u64, order: Order) -> (Vmdk, Content) {
    let dir = temp::dir();
    let hosted = Sparse {
        grain_sectors,
        order,
        gtes_per_gt: 7,
        zero_grains: ZeroGrains::Entry,
        absent_tables: true,
        ..Sparse::new(content.clone())
    };
    let stream = |flavor| Stream {
        grain_sectors,
        order,
        gtes_per_gt: 11,
        zero_grains: ZeroGrains::Entry,
        short_last: true,
        ..Stream::new(content.clone(), flavor)
    };
    let alone: Box<dyn Generate> = match kind {
        0 => Box::new(hosted),
        1 => Box::new(Sparse {
            unaligned: true,
            ..hosted
        }),
        2 => Box::new(stream(Flavor::Vddk)),
        3 => Box::new(stream(Flavor::Export)),
        4 => Box::new(stream(Flavor::Qemu)),
        _ => {
            let piece = |n: u64| content.slice(n * 35 * 512..(n + 1) * 35 * 512);
            let parts = [
                Store::Sparse(Sparse {
                    grain_sectors,
                    order,
                    ..Sparse::piece(piece(0))
                }),
                Store::Cowd(Cowd {
                    grain_sectors,
                    order,
                    ..Cowd::new(piece(1))
                }),
                Store::Flat {
                    content: piece(2),
                    offset: 3,
                },
                Store::SeSparse(SeSparse {
                    order,
                    zero_grains: SeZero::Mixed,
                    first_index: 4090,
                    ..SeSparse::new(piece(3))
                }),
            ];
            let parts = parts.map(Part::new);
            let written = write_parts(dir.path(), "disk", "custom", &parts, &Lineage::default());
            return (
                open_with(&written.path, &few_tables()).unwrap(),
                written.content,
            );
        }
    };
    let expected = alone.expected();
    let source = crate::source(alone.to_bytes());
    let disk = Vmdk::open(source, &v2v_disk::NoGate, &few_tables()).unwrap();
    (disk, expected)
}

fn few_tables() -> Options {
    let mut options = Options::default();
    options.limits.table_cache_bytes = 500;
    options
}

/// Asks `disk` for the map and the bytes of a piece, and holds both against `content`, byte by byte.
fn check_piece(disk: &Vmdk, content: &Content, offset: u64, len: u64) {
    let mut found = vec![0xA5; len as usize];
    disk.read_at(offset, &mut found).unwrap();
    assert!(
        found == content.read(offset, len as usize),
        "{len} bytes at {offset}"
    );

    let piece = disk.map(offset, len).unwrap();
    if offset >= content.virtual_size() {
        assert_eq!(piece.len, 0);
        return;
    }
    let end = offset + piece.len;
    assert!((1..=len).contains(&piece.len) && end <= content.virtual_size());
    let guest = &found[..piece.len as usize];
    match piece.kind {
        MapKind::Zero => assert!(v2v_disk::is_zero(guest)),
        MapKind::Parent => assert!(!content.is_allocated(offset..end), "{offset}..{end}"),
        MapKind::Compressed(_) => {}
        MapKind::Data(Some(host)) => {
            let mut stored = vec![0x5A; guest.len()];
            host.source.read_exact_at(host.offset, &mut stored).unwrap();
            assert!(stored == guest, "{offset}..{end}");
        }
        other => panic!("{other:?}"),
    }
    if !matches!(disk.map(offset, 1).unwrap().kind, MapKind::Parent) {
        assert!(content.is_allocated(offset..offset + 1), "byte {offset}");
    }
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
    fn map_and_reads_agree_from_every_thread(
        content in disk(),
        kind in 0u8..6,
        grain in 0u32..6,
        order in order(),
        seed in any::<u64>(),
    ) {
        let (disk, content) = any_kind(content, kind, 1 << grain, order);
        let size = content.virtual_size();
        prop_assert_eq!(disk.virtual_size(), size);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let (disk, content) = (&disk, &content);
                scope.spawn(move || {
                    let mut rng = Rng::new(seed ^ thread);
                    for _ in 0..60 {
                        // Half of the pieces begin near a boundary, some reach past the end.
                        let offset = match rng.below(2) {
                            0 => rng.below(size + 5),
                            _ => (rng.below((size >> 9 >> grain) + 1) << 9 << grain).saturating_sub(rng.below(3)),
                        };
                        let longest = 1 << rng.below(18);
                        check_piece(disk, content, offset % (size + 5), 1 + rng.below(longest));
                    }
                });
            }
        });
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
