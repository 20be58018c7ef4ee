//! The two compression methods of qcow2 behind one pair of types.

use std::fmt;

use crate::{DecodeError, Deflater, EncoderError, Inflater, Window};
#[cfg(feature = "zstd")]
use crate::{ZstdDecoder, ZstdEncoder};

/// How the blocks of an image are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Raw deflate (RFC 1951). qcow2 compression type 0.
    #[default]
    Deflate,
    /// Zstandard frames (RFC 8878). qcow2 compression type 1.
    Zstd,
}

impl Compression {
    /// The level to use if none was asked for: the one `qemu-img convert -c` uses.
    #[must_use]
    pub const fn default_level(self) -> i32 {
        match self {
            Self::Deflate => Deflater::DEFAULT_LEVEL,
            Self::Zstd => 3,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        })
    }
}

/// Decodes the blocks of an image; one per thread, kept between blocks.
pub struct BlockDecoder(Decoder);

enum Decoder {
    Deflate(Inflater),
    #[cfg(feature = "zstd")]
    Zstd(ZstdDecoder),
}

impl BlockDecoder {
    /// Returns a decoder for blocks of this method.
    ///
    /// # Errors
    ///
    /// [`DecodeError::NotBuiltIn`], [`DecodeError::OutOfMemory`].
    pub fn new(compression: Compression) -> Result<Self, DecodeError> {
        match compression {
            Compression::Deflate => Ok(Self(Decoder::Deflate(Inflater::new()))),
            #[cfg(feature = "zstd")]
            Compression::Zstd => Ok(Self(Decoder::Zstd(ZstdDecoder::new()?))),
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => Err(DecodeError::NotBuiltIn {
                format: crate::Format::Zstd,
            }),
        }
    }

    /// Decodes one block into `output` and returns how many bytes it held: less than `output.len()` if the stream ends
    /// before, which in qcow2 is an error of the image.
    ///
    /// # Errors
    ///
    /// See [`Inflater::inflate_raw`] and `ZstdDecoder::decode`.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
        match &mut self.0 {
            Decoder::Deflate(inflater) => inflater.inflate_raw(input, output),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(decoder) => decoder.decode(input, output),
        }
    }
}

/// Compresses the blocks of an image; one per thread, kept between blocks.
pub struct BlockEncoder(Encoder);

enum Encoder {
    Deflate(Deflater),
    #[cfg(feature = "zstd")]
    Zstd(ZstdEncoder),
}

impl BlockEncoder {
    /// Returns an encoder of this method. `level` is 1 to 9 for deflate and 1 to 22 for zstd; deflate uses its full
    /// window.
    ///
    /// # Errors
    ///
    /// [`EncoderError::Level`], [`EncoderError::NotBuiltIn`], [`EncoderError::OutOfMemory`].
    pub fn new(compression: Compression, level: i32) -> Result<Self, EncoderError> {
        Self::with_window(compression, level, Window::default())
    }

    /// The same, with a choice of the deflate window; zstd has no use for it.
    ///
    /// # Errors
    ///
    /// [`EncoderError::Level`], [`EncoderError::NotBuiltIn`], [`EncoderError::OutOfMemory`].
    pub fn with_window(
        compression: Compression,
        level: i32,
        window: Window,
    ) -> Result<Self, EncoderError> {
        match compression {
            Compression::Deflate => Ok(Self(Encoder::Deflate(Deflater::with_window(
                level, window,
            )?))),
            #[cfg(feature = "zstd")]
            Compression::Zstd => Ok(Self(Encoder::Zstd(ZstdEncoder::new(level)?))),
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => Err(EncoderError::NotBuiltIn {
                format: crate::Format::Zstd,
            }),
        }
    }

    /// Replaces the contents of `out` by the compressed `block` and returns the length of the stream in bytes; `None`,
    /// and an empty `out`, if it would not be smaller than the block.
    pub fn encode(&mut self, block: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        match &mut self.0 {
            Encoder::Deflate(deflater) => deflater.deflate(block, out),
            #[cfg(feature = "zstd")]
            Encoder::Zstd(encoder) => encoder.encode(block, out),
        }
    }
}
