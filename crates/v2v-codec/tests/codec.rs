//! The codecs from outside. Every test has to pass with and without the features `libdeflate` and `zstd`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use flate2::{Compress, FlushCompress};
use proptest::prelude::*;
use v2v_codec::{
    BlockDecoder, BlockEncoder, Compression, DecodeError, Deflater, EncoderError, Format, Inflater,
    Window, inflate_raw, inflate_zlib,
};

/// A stream made by flate2 directly, so that decoding is not only tested against our own encoder.
fn stream(data: &[u8], level: u32, wrapped: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() * 2 + 128);
    Compress::new(flate2::Compression::new(level), wrapped)
        .compress_vec(data, &mut out, FlushCompress::Finish)
        .unwrap();
    out
}

/// Bytes no codec can make smaller.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Text with matches at many distances: words of a small vocabulary in a pseudo-random order.
fn prose(len: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = [
        "grain ",
        "cluster ",
        "extent ",
        "descriptor ",
        "sector ",
        "table ",
        "directory ",
        "chain\n",
    ];
    noise(len)
        .iter()
        .flat_map(|&n| WORDS[usize::from(n & 7)].bytes())
        .take(len)
        .collect()
}

fn inflate(wrapped: bool, input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
    if wrapped {
        inflate_zlib(input, output)
    } else {
        inflate_raw(input, output)
    }
}

const fn format(wrapped: bool) -> Format {
    if wrapped {
        Format::Zlib
    } else {
        Format::Deflate
    }
}

#[test]
fn known_streams() {
    // Python's zlib.compress(b"v2v v2v v2v v2v\n", level): the three headers found in grains.
    let cases: [&[u8]; 3] = [
        b"\x78\x01\x2b\x33\x2a\x53\x28\x43\x60\x2e\x00\x2b\xb2\x04\xe3",
        b"\x78\x9c\x2b\x33\x2a\x53\x28\x43\x60\x2e\x00\x2b\xb2\x04\xe3",
        b"\x78\xda\x2b\x33\x2a\x53\x28\x43\x60\x2e\x00\x2b\xb2\x04\xe3",
    ];
    for case in cases {
        let mut out = [0; 16];
        assert_eq!(inflate_zlib(case, &mut out), Ok(16));
        assert_eq!(&out, b"v2v v2v v2v v2v\n");
        let mut out = [0; 16];
        assert_eq!(inflate_raw(&case[2..case.len() - 4], &mut out), Ok(16));
        assert_eq!(&out, b"v2v v2v v2v v2v\n");
    }
    // A stored block: the length, its complement, the bytes.
    let mut out = [0; 8];
    assert_eq!(inflate_raw(b"\x01\x03\x00\xfc\xffabc", &mut out), Ok(3));
    assert_eq!(&out[..3], b"abc");
    // A header that names a window of 256 bytes (08) is fine, one with another method or a bad check sum is not.
    assert_eq!(
        inflate_zlib(b"\x08\x1d\x01\x01\x00\xfe\xffa\x00\x62\x00\x62", &mut out),
        Ok(1)
    );
    for header in [b"\x79\x01", b"\x78\x02", b"\x1f\x8b", b"\x88\x1c"] {
        let found = inflate_zlib(&[header.as_slice(), cases[0]].concat(), &mut out);
        assert!(
            matches!(
                found,
                Err(DecodeError::Corrupt {
                    format: Format::Zlib,
                    ..
                })
            ),
            "{header:02x?} {found:?}"
        );
    }
    // FDICT: no grain has a preset dictionary.
    let found = inflate_zlib(b"\x78\xbb\0\0\0\x01\x03\x00\0\0\0\x01", &mut out);
    assert!(
        matches!(
            found,
            Err(DecodeError::Corrupt {
                format: Format::Zlib,
                ..
            })
        ),
        "{found:?}"
    );
}

#[test]
fn raw_deflate_is_not_zlib_and_the_reverse() {
    let data = prose(4096);
    let mut out = vec![0; 4096];
    assert!(inflate_zlib(&stream(&data, 6, false), &mut out).is_err());
    assert!(inflate_raw(&stream(&data, 6, true), &mut out).is_err());
    // The thread's inflater is none the worse for it.
    assert_eq!(inflate_raw(&stream(&data, 6, false), &mut out), Ok(4096));
    assert_eq!(out, data);
}

#[test]
fn bytes_after_the_end_of_a_stream_are_ignored() {
    for wrapped in [true, false] {
        for data in [prose(65536), noise(65536), vec![0; 65536], prose(1)] {
            let whole = stream(&data, 6, wrapped);
            for tail in [vec![0; 1], vec![0xff; 511], noise(70000), whole.clone()] {
                let mut out = vec![0; data.len()];
                let input = [whole.as_slice(), &tail].concat();
                assert_eq!(inflate(wrapped, &input, &mut out), Ok(data.len()));
                assert_eq!(out, data);
            }
        }
    }
}

#[test]
fn a_stream_that_holds_more_than_the_block() {
    for wrapped in [true, false] {
        for data in [vec![0; 1 << 20], prose(65537), noise(70000)] {
            let bomb = stream(&data, 9, wrapped);
            for limit in [0, 1, 512, 65535, 65536] {
                let mut out = vec![0xaa; limit];
                let expected = DecodeError::OutputTooSmall {
                    format: format(wrapped),
                    limit,
                };
                assert_eq!(inflate(wrapped, &bomb, &mut out), Err(expected), "{limit}");
                assert_eq!(out, data[..limit], "the block is full all the same");
            }
        }
    }
}

#[test]
fn a_stream_that_holds_less_than_the_block() {
    for wrapped in [true, false] {
        let mut out = vec![0; 65536];
        let data = prose(1000);
        assert_eq!(
            inflate(wrapped, &stream(&data, 6, wrapped), &mut out),
            Ok(1000)
        );
        assert_eq!(out[..1000], data);
        assert_eq!(inflate(wrapped, &stream(b"", 6, wrapped), &mut out), Ok(0));
        assert_eq!(inflate(wrapped, &stream(b"", 6, wrapped), &mut []), Ok(0));
    }
}

#[test]
fn every_prefix_of_a_stream_is_cut_off() {
    for wrapped in [true, false] {
        for data in [prose(3000), noise(300), vec![0; 5000]] {
            for level in [1, 6] {
                let whole = stream(&data, level, wrapped);
                for len in 0..whole.len() {
                    for room in [data.len(), data.len() + 100] {
                        let mut out = vec![0; room];
                        let found = inflate(wrapped, &whole[..len], &mut out);
                        let Err(DecodeError::InputEnded {
                            format: f,
                            len: l,
                            produced,
                        }) = found
                        else {
                            panic!("{wrapped} {len} of {}: {found:?}", whole.len());
                        };
                        assert_eq!((f, l), (format(wrapped), len));
                        assert!(produced <= data.len());
                        assert_eq!(out[..produced], data[..produced]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_corrupt() {
    let data = prose(65536);
    let mut whole = stream(&data, 6, true);
    let last = whole.len() - 1;
    whole[last] ^= 1;
    for room in [data.len(), data.len() + 1] {
        let found = inflate_zlib(&whole, &mut vec![0; room]);
        assert!(
            matches!(
                found,
                Err(DecodeError::Corrupt {
                    format: Format::Zlib,
                    ..
                })
            ),
            "{found:?}"
        );
    }
}

#[test]
fn error_texts() {
    let text = |found: Result<usize, DecodeError>| found.unwrap_err().to_string();
    let data = prose(65536);
    assert_eq!(
        text(inflate_raw(b"\x07", &mut [0; 8])),
        "deflate stream is corrupt near byte 1"
    );
    assert_eq!(
        text(inflate_zlib(&stream(&data, 6, true), &mut [0; 512])),
        "zlib stream holds more than the 512 bytes of its block"
    );
    assert_eq!(
        text(inflate_raw(b"\x01\x03\x00\xfc\xffab", &mut [0; 8])),
        "deflate stream is cut off: its 7 bytes end after 2 bytes of output"
    );
    assert_eq!(
        Deflater::new(10).err().unwrap().to_string(),
        "compression level is 10, expected 1 to 9 for deflate"
    );
}

#[test]
fn inflaters_of_many_threads_do_not_disturb_each_other() {
    std::thread::scope(|scope| {
        for n in 1..=8usize {
            scope.spawn(move || {
                let data = prose(n * 8192);
                let zlib = stream(&data, 1, true);
                let raw = stream(&data, 9, false);
                let mut out = vec![0; data.len()];
                for _ in 0..20 {
                    assert_eq!(inflate_zlib(&zlib, &mut out), Ok(data.len()));
                    assert!(inflate_zlib(&zlib[..zlib.len() / 2], &mut out).is_err());
                    assert_eq!(inflate_raw(&raw, &mut out), Ok(data.len()));
                    assert_eq!(out, data);
                }
            });
        }
    });
}

#[test]
fn coders_can_move_to_another_thread() {
    fn check<T: Send>() {}
    check::<Inflater>();
    check::<Deflater>();
    check::<BlockDecoder>();
    check::<BlockEncoder>();
}

#[test]
fn a_block_that_does_not_get_smaller_is_left_alone() {
    for level in [1, 6, 9] {
        for window in [Window::Kib32, Window::Kib4] {
            let mut deflater = Deflater::with_window(level, window).unwrap();
            let mut out = vec![1, 2, 3];
            for block in [noise(65536), noise(512), vec![], vec![7]] {
                assert_eq!(deflater.deflate(&block, &mut out), None);
                assert!(out.is_empty());
            }
            // After a block that ran out of room the next one is as good as the first.
            let data = prose(65536);
            let len = deflater.deflate(&data, &mut out).unwrap();
            assert_eq!(len, out.len());
            let mut back = vec![0; 65536];
            assert_eq!(inflate_raw(&out, &mut back), Ok(65536));
            assert_eq!(back, data);
        }
    }
}

#[test]
fn deflate_does_not_depend_on_what_came_before() {
    for level in 1..=9 {
        for window in [Window::Kib32, Window::Kib4] {
            let (mut first, mut again) = (Vec::new(), Vec::new());
            let data = prose(65536);
            Deflater::with_window(level, window)
                .unwrap()
                .deflate(&data, &mut first)
                .unwrap();
            let mut used = Deflater::with_window(level, window).unwrap();
            for block in [vec![0; 65536], noise(65536), prose(1000), vec![1; 2 << 20]] {
                used.deflate(&block, &mut again);
            }
            used.deflate(&data, &mut again).unwrap();
            assert_eq!(first, again, "level {level} {window:?}");
        }
    }
}

#[test]
fn the_small_window_is_kept() {
    let mut out = Vec::new();
    for level in 1..=9 {
        let mut large = Deflater::new(level).unwrap();
        let mut small = Deflater::with_window(level, Window::Kib4).unwrap();
        for distance in [3000, 4097, 4500, 8192, 20000] {
            // All the matches lie this far back, or a multiple of it.
            let block: Vec<u8> = noise(distance).into_iter().cycle().take(65536).collect();
            assert!(
                large.deflate(&block, &mut out).is_some(),
                "level {level} distance {distance}"
            );
            let found = small.deflate(&block, &mut out);
            assert_eq!(
                found.is_some(),
                distance <= 4096,
                "level {level} distance {distance}"
            );
        }
    }
}

#[test]
fn levels_out_of_range() {
    for level in [i32::MIN, -1, 0, 10, i32::MAX] {
        assert_eq!(
            Deflater::new(level).err(),
            Some(EncoderError::Level {
                format: Format::Deflate,
                found: level,
                min: 1,
                max: 9
            })
        );
    }
    assert!(BlockEncoder::new(Compression::Deflate, Compression::Deflate.default_level()).is_ok());
}

#[cfg(not(feature = "zstd"))]
#[test]
fn a_build_without_zstd_says_so() {
    let text = "zstd streams need a build with the feature \"zstd\"";
    assert_eq!(
        BlockDecoder::new(Compression::Zstd)
            .err()
            .unwrap()
            .to_string(),
        text
    );
    assert_eq!(
        BlockEncoder::new(Compression::Zstd, 3)
            .err()
            .unwrap()
            .to_string(),
        text
    );
}

#[cfg(feature = "zstd")]
mod zstd_blocks {
    use super::*;
    use v2v_codec::{ZstdDecoder, ZstdEncoder};

    fn frame(data: &[u8], level: i32) -> Vec<u8> {
        zstd::bulk::compress(data, level).unwrap()
    }

    /// A frame that does not say how long its content is.
    fn open_frame(data: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(data, 3).unwrap()
    }

    #[test]
    fn frames_follow_one_another_until_the_block_is_full() {
        let mut decoder = ZstdDecoder::new().unwrap();
        let data = prose(65536);
        let skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00meta".as_slice();
        let (a, b) = (frame(&data[..1000], 3), open_frame(&data[1000..]));
        let empty = frame(b"", 3);
        let cases: [Vec<u8>; 5] = [
            frame(&data, 19),
            open_frame(&data),
            [a.as_slice(), &b].concat(),
            [
                skippable,
                &empty,
                &a,
                &empty,
                skippable,
                &b,
                b"junk behind the end",
            ]
            .concat(),
            [frame(&data, 1).as_slice(), &[0; 511]].concat(),
        ];
        for (n, case) in cases.iter().enumerate() {
            let mut out = vec![0; 65536];
            assert_eq!(decoder.decode(case, &mut out), Ok(65536), "case {n}");
            assert_eq!(out, data, "case {n}");
        }
        // Not full at the end of the input: the caller sees how much there was.
        let mut out = vec![0; 65536];
        assert_eq!(decoder.decode(&a, &mut out), Ok(1000));
        assert_eq!(
            decoder.decode(&[skippable, skippable].concat(), &mut out),
            Ok(0)
        );
        assert_eq!(decoder.decode(b"anything", &mut []), Ok(0));
        // Not full, and then something that is no frame.
        let input = [a.as_slice(), &[0; 100]].concat();
        let expected = DecodeError::Corrupt {
            format: Format::Zstd,
            offset: a.len(),
        };
        assert_eq!(decoder.decode(&input, &mut out), Err(expected));
    }

    #[test]
    fn a_frame_that_holds_more_than_the_block() {
        let mut decoder = ZstdDecoder::new().unwrap();
        for bomb in [
            frame(&vec![0; 64 << 20], 3),
            open_frame(&vec![0; 64 << 20]),
            frame(&prose(65537), 3),
        ] {
            let expected = DecodeError::OutputTooSmall {
                format: Format::Zstd,
                limit: 65536,
            };
            assert_eq!(decoder.decode(&bomb, &mut vec![0; 65536]), Err(expected));
        }
        let two = [frame(&prose(40000), 3), frame(&prose(40000), 3)].concat();
        let expected = DecodeError::OutputTooSmall {
            format: Format::Zstd,
            limit: 65536,
        };
        assert_eq!(decoder.decode(&two, &mut vec![0; 65536]), Err(expected));
        // A frame of no length is read all the same afterwards.
        assert_eq!(decoder.decode(&frame(b"x", 3), &mut [0]), Ok(1));
    }

    #[test]
    fn a_huge_window_costs_nothing() {
        // Magic, no flags, a window of 2^41 bytes, one raw block of 3 bytes, the last.
        let huge = b"\x28\xb5\x2f\xfd\x00\xff\x19\x00\x00abc";
        let found = ZstdDecoder::new().unwrap().decode(huge, &mut [0; 3]);
        assert!(
            matches!(found, Err(DecodeError::Corrupt { offset: 0, .. })),
            "above the library's own limit: {found:?}"
        );
        // 2^31, the most a frame may ask for.
        let large = b"\x28\xb5\x2f\xfd\x00\xa8\x19\x00\x00abc";
        let mut out = [0; 3];
        assert_eq!(ZstdDecoder::new().unwrap().decode(large, &mut out), Ok(3));
        assert_eq!(&out, b"abc");
    }

    #[test]
    fn a_frame_with_a_dictionary_is_refused_by_name() {
        // Flags: dictionary id of one byte.
        let found = ZstdDecoder::new()
            .unwrap()
            .decode(b"\x28\xb5\x2f\xfd\x01\x58\x2a\x19\x00\x00abc", &mut [0; 3]);
        assert_eq!(
            found.unwrap_err().to_string(),
            "zstd frame at byte 0 needs dictionary 42"
        );
    }

    #[test]
    fn every_prefix_of_a_frame_is_cut_off() {
        let mut decoder = ZstdDecoder::new().unwrap();
        for data in [prose(3000), noise(300), vec![0; 200_000]] {
            for whole in [frame(&data, 3), open_frame(&data)] {
                for len in 0..whole.len() {
                    let found = decoder.decode(&whole[..len], &mut vec![0; data.len()]);
                    let expected = DecodeError::InputEnded {
                        format: Format::Zstd,
                        len,
                        produced: 0,
                    };
                    assert_eq!(found, Err(expected), "{len} of {}", whole.len());
                }
            }
        }
    }

    #[test]
    fn encoder_reuses_its_context_and_stays_the_same() {
        for level in [1, 3, 9, 19, 22] {
            let (mut first, mut again) = (Vec::new(), Vec::new());
            let data = prose(65536);
            ZstdEncoder::new(level)
                .unwrap()
                .encode(&data, &mut first)
                .unwrap();
            let mut used = ZstdEncoder::new(level).unwrap();
            for block in [
                vec![0; 65536],
                noise(65536),
                vec![],
                vec![9],
                vec![1; 2 << 20],
                noise(65536),
            ] {
                let len = used.encode(&block, &mut again);
                assert_eq!(len.unwrap_or(0), again.len());
                assert_eq!(
                    len.is_some(),
                    block.len() > 1 && block[0] == block[1],
                    "level {level}"
                );
            }
            used.encode(&data, &mut again).unwrap();
            assert_eq!(first, again, "level {level}");
            // Frame header: content size given, no checksum, no dictionary.
            assert_eq!(&first[..4], b"\x28\xb5\x2f\xfd");
            assert_eq!(first[4] & 0b0000_0111, 0);
            assert_eq!(
                zstd::zstd_safe::get_frame_content_size(&first).unwrap(),
                Some(65536)
            );
        }
    }

    #[test]
    fn levels_out_of_range() {
        for level in [i32::MIN, -1, 0, 23, i32::MAX] {
            assert_eq!(
                ZstdEncoder::new(level).err(),
                Some(EncoderError::Level {
                    format: Format::Zstd,
                    found: level,
                    min: 1,
                    max: 22
                })
            );
        }
    }
}

fn methods() -> impl Strategy<Value = Compression> {
    prop_oneof![
        Just(Compression::Deflate),
        Just(if cfg!(feature = "zstd") {
            Compression::Zstd
        } else {
            Compression::Deflate
        })
    ]
}

/// Blocks with something to find: runs, repeats, and noise in between.
fn blocks() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        (any::<u8>(), 1..5000usize).prop_map(|(byte, len)| vec![byte; len]),
        prop::collection::vec(any::<u8>(), 1..200),
        (prop::collection::vec(any::<u8>(), 1..20), 1..200usize)
            .prop_map(|(word, n)| word.repeat(n)),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn round_trip(block in blocks(), method in methods(), level in 1..=9i32, small in any::<bool>()) {
        let window = if small { Window::Kib4 } else { Window::Kib32 };
        let mut out = Vec::new();
        match BlockEncoder::with_window(method, level, window).unwrap().encode(&block, &mut out) {
            None => prop_assert!(out.is_empty()),
            Some(len) => {
                prop_assert_eq!(len, out.len());
                prop_assert!(len < block.len());
                out.resize(len.next_multiple_of(512), 0x55);
                let mut back = vec![0; block.len()];
                let decoded = BlockDecoder::new(method).unwrap().decode(&out, &mut back);
                prop_assert_eq!(decoded, Ok(block.len()));
                prop_assert!(back == block);
            }
        }
    }

    #[test]
    fn foreign_streams(block in blocks(), level in 0..=9u32, wrapped in any::<bool>()) {
        let input = stream(&block, level, wrapped);
        let mut back = vec![0; block.len()];
        prop_assert_eq!(inflate(wrapped, &input, &mut back), Ok(block.len()));
        prop_assert!(back == block);
    }

    #[test]
    fn damaged_streams_end_in_a_result(
        block in blocks(), at in any::<prop::sample::Index>(), with in 1..=255u8, wrapped in any::<bool>(), room in 0..70000usize,
    ) {
        let mut input = stream(&block, 6, wrapped);
        let at = at.index(input.len());
        input[at] ^= with;
        let mut out = vec![0; room];
        if let Ok(len) = inflate(wrapped, &input, &mut out) {
            prop_assert!(len <= room);
            prop_assert!(!wrapped || at < 2 || out[..len] == block, "the checksum catches one changed byte");
        }
    }

    #[test]
    fn arbitrary_bytes_end_in_a_result(input in prop::collection::vec(any::<u8>(), 0..600), method in methods(), room in 0..5000usize) {
        let mut out = vec![0; room];
        if let Ok(len) = BlockDecoder::new(method).unwrap().decode(&input, &mut out) {
            prop_assert!(len <= room);
        }
        let _ = inflate_zlib(&input, &mut out);
    }
}
