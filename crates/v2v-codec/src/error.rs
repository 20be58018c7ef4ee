//! Every way a block can fail to decode, and every way an encoder can't be made.

use std::fmt;

/// The kind of a compressed stream, for error texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Deflate in a zlib wrapper with an Adler-32 checksum (RFC 1950).
    Zlib,
    /// Deflate without a wrapper (RFC 1951).
    Deflate,
    /// Zstandard frames (RFC 8878).
    Zstd,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        })
    }
}

/// Why a block could not be decoded. Offsets count from the start of the compressed input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not a stream of this kind, or its checksum is wrong.
    #[error("{format} stream is corrupt near byte {offset}")]
    Corrupt {
        /// What the stream was read as.
        format: Format,
        /// How far the decoder had read; the fault is there or a little before.
        offset: usize,
    },

    /// The stream goes on after the output is full.
    ///
    /// For zlib and deflate the output then holds the first `limit` bytes of the stream. QEMU takes such a qcow2
    /// cluster as it is: it asks only that the cluster is full.
    #[error("{format} stream holds more than the {limit} bytes of its block")]
    OutputTooSmall {
        /// What the stream was read as.
        format: Format,
        /// Length of the output slice in bytes.
        limit: usize,
    },

    /// The input is over before the stream is.
    #[error("{format} stream is cut off: its {len} bytes end after {produced} bytes of output")]
    InputEnded {
        /// What the stream was read as.
        format: Format,
        /// Length of the input in bytes.
        len: usize,
        /// Bytes decoded up to there; 0 for zstd, which decodes whole frames.
        produced: usize,
    },

    /// A zstd frame was made with a dictionary; no disk format carries one.
    #[error("zstd frame at byte {offset} needs dictionary {id}")]
    Dictionary {
        /// Offset of the frame.
        offset: usize,
        /// Dictionary id in the frame header.
        id: u32,
    },

    /// This build can't read the stream's kind.
    #[error("{format} streams need a build with the feature {format:?}", format = format.to_string())]
    NotBuiltIn {
        /// The missing kind.
        format: Format,
    },

    /// The decoder's tables could not be allocated.
    #[error("not enough memory for a {format} decoder")]
    OutOfMemory {
        /// The kind of the decoder.
        format: Format,
    },
}

/// Why an encoder could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The level is not one of the method's.
    #[error("compression level is {found}, expected {min} to {max} for {format}")]
    Level {
        /// The kind of stream to be written.
        format: Format,
        /// The level asked for.
        found: i32,
        /// Lowest level.
        min: i32,
        /// Highest level.
        max: i32,
    },

    /// This build can't write the stream's kind.
    #[error("{format} streams need a build with the feature {format:?}", format = format.to_string())]
    NotBuiltIn {
        /// The missing kind.
        format: Format,
    },

    /// The encoder's tables could not be allocated.
    #[error("not enough memory for a {format} encoder at level {level}")]
    OutOfMemory {
        /// The kind of the encoder.
        format: Format,
        /// The level asked for.
        level: i32,
    },
}
