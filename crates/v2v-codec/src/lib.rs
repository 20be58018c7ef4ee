//! Whole-block compression for disk images: one call turns one compressed grain or cluster into its bytes, or back.
//!
//! Nothing here does I/O or knows an image format. Three kinds of streams are covered:
//!
//! | stream | rule | used by |
//! |---|---|---|
//! | zlib | RFC 1950 | VMDK stream-optimized grains |
//! | raw deflate | RFC 1951, 32 KiB window | qcow2 clusters, compression type 0 |
//! | zstd | RFC 8878 | qcow2 clusters, compression type 1 (feature `zstd`, on by default) |
//!
//! Decoding is bounded by the slice to fill, needs no memory that depends on the stream, and ignores bytes after the end
//! of the stream, because disk formats round the length of a stream up to sectors. Each object keeps its tables between
//! calls and belongs to one thread at a time; [`inflate_zlib`] and [`inflate_raw`] keep one [`Inflater`] per thread.
//!
//! The feature `libdeflate` moves inflate and deflate from zlib-rs to libdeflate. A stream libdeflate refuses is always
//! given to zlib-rs, which has the last word: the errors are the same, and what zlib-rs reads is read. The reverse does
//! not hold to the last bit: libdeflate does not check for code tables with more symbols than RFC 1951 allows.
//!
//! ```
//! use v2v_codec::{Deflater, inflate_raw};
//!
//! let cluster = [7u8; 65536];
//! let mut stream = Vec::new();
//! let len = Deflater::new(6)?.deflate(&cluster, &mut stream).expect("a run of sevens gets smaller");
//! assert!(len < 1000);
//!
//! let mut back = vec![0; 65536];
//! assert_eq!(inflate_raw(&stream, &mut back)?, 65536);
//! assert_eq!(back, cluster);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects,
        reason = "tests"
    )
)]

mod block;
mod deflate;
mod error;
mod inflate;
#[cfg(feature = "zstd")]
mod zstd;

pub use block::{BlockDecoder, BlockEncoder, Compression};
pub use deflate::{Deflater, Window};
pub use error::{DecodeError, EncoderError, Format};
pub use inflate::{Inflater, inflate_raw, inflate_zlib};
#[cfg(feature = "zstd")]
pub use zstd::{ZstdDecoder, ZstdEncoder};
