//! Deflate of one whole block into a raw stream (RFC 1951).

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::{EncoderError, Format};

/// How far back a match may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// 32 KiB, all that deflate allows. QEMU with zlib reads it, since it inflates a cluster in one call.
    #[default]
    Kib32,
    /// 4 KiB, as QEMU itself writes: for readers that inflate in pieces with a 12-bit window.
    ///
    /// Always written by zlib-rs: libdeflate has no such option.
    Kib4,
}

/// Compresses blocks into raw deflate streams, and keeps its tables from one block to the next.
///
/// The same block, level, window and build always give the same bytes, whatever was compressed before.
pub struct Deflater(Backend);

enum Backend {
    Zlib(Compress),
    #[cfg(feature = "libdeflate")]
    Libdeflate(libdeflater::Compressor),
}

impl Deflater {
    /// Lowest level: fastest.
    pub const MIN_LEVEL: i32 = 1;
    /// Highest level: smallest.
    pub const MAX_LEVEL: i32 = 9;
    /// The level zlib calls its default, and `qemu-img convert -c` uses.
    pub const DEFAULT_LEVEL: i32 = 6;

    /// Returns a deflater with a 32 KiB window. `level` is 1 to 9.
    ///
    /// # Errors
    ///
    /// [`EncoderError::Level`].
    pub fn new(level: i32) -> Result<Self, EncoderError> {
        Self::with_window(level, Window::default())
    }

    /// Returns a deflater with the given window. `level` is 1 to 9.
    ///
    /// # Errors
    ///
    /// [`EncoderError::Level`].
    pub fn with_window(level: i32, window: Window) -> Result<Self, EncoderError> {
        let out_of_range = EncoderError::Level {
            format: Format::Deflate,
            found: level,
            min: Self::MIN_LEVEL,
            max: Self::MAX_LEVEL,
        };
        if !(Self::MIN_LEVEL..=Self::MAX_LEVEL).contains(&level) {
            return Err(out_of_range);
        }
        #[cfg(feature = "libdeflate")]
        if window == Window::Kib32 {
            let level = libdeflater::CompressionLvl::new(level).map_err(|_| out_of_range)?;
            return Ok(Self(Backend::Libdeflate(libdeflater::Compressor::new(
                level,
            ))));
        }
        let level = u32::try_from(level).map_err(|_| out_of_range)?;
        let bits = match window {
            Window::Kib32 => 15,
            Window::Kib4 => 12,
        };
        Ok(Self(Backend::Zlib(Compress::new_with_window_bits(
            Compression::new(level),
            false,
            bits,
        ))))
    }

    /// Replaces the contents of `out` by the compressed `block` and returns the length of the stream in bytes.
    ///
    /// `None`, and an empty `out`, if the stream would not be smaller than the block: store the block as it is.
    /// `out` never grows beyond the length of `block`; keep it between calls.
    pub fn deflate(&mut self, block: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        out.resize(block.len().saturating_sub(1), 0);
        let len = match &mut self.0 {
            Backend::Zlib(zlib) => deflate_zlib(zlib, block, out),
            #[cfg(feature = "libdeflate")]
            Backend::Libdeflate(compressor) => compressor.deflate_compress(block, out).ok(),
        };
        out.truncate(len.unwrap_or(0));
        len
    }
}

fn deflate_zlib(zlib: &mut Compress, block: &[u8], out: &mut [u8]) -> Option<usize> {
    zlib.reset();
    loop {
        let (consumed, produced) = (zlib.total_in(), zlib.total_out());
        let input = block.get(usize::try_from(consumed).ok()?..)?;
        let room = out.get_mut(usize::try_from(produced).ok()?..)?;
        match zlib.compress(input, room, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return usize::try_from(zlib.total_out()).ok(),
            // Out of room. An encoder error can't happen here, and storing the block is right in any case.
            Ok(Status::Ok | Status::BufError)
                if consumed == zlib.total_in() && produced == zlib.total_out() =>
            {
                return None;
            }
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return None,
        }
    }
}
