//! Inflate of one whole block: RFC 1950 (zlib) and RFC 1951 (raw deflate).
//!
//! The decoder sees the whole input and the whole output at once, so a match may reach back over everything produced so
//! far, up to the 32 KiB deflate allows. QEMU opens its qcow2 decoder with a 4 KiB window and still reads such streams,
//! because zlib looks into the output buffer first.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use crate::{DecodeError, Format};

thread_local! {
    static INFLATER: RefCell<Inflater> = RefCell::new(Inflater::new());
}

/// Decodes one zlib stream (RFC 1950) into `output` and returns how many bytes it held.
///
/// The same as [`Inflater::inflate_zlib`], with an inflater kept for each thread.
///
/// # Errors
///
/// See [`Inflater::inflate_zlib`].
pub fn inflate_zlib(input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
    INFLATER.with_borrow_mut(|inflater| inflater.inflate_zlib(input, output))
}

/// Decodes one raw deflate stream (RFC 1951) into `output` and returns how many bytes it held.
///
/// The same as [`Inflater::inflate_raw`], with an inflater kept for each thread.
///
/// # Errors
///
/// See [`Inflater::inflate_raw`].
pub fn inflate_raw(input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
    INFLATER.with_borrow_mut(|inflater| inflater.inflate_raw(input, output))
}

/// Decodes zlib and raw deflate blocks, and keeps its tables from one block to the next.
#[derive(Default)]
pub struct Inflater {
    // Made at first use: with libdeflate it is only needed for a stream that is about to be refused.
    zlib: Option<Decompress>,
    #[cfg(feature = "libdeflate")]
    libdeflate: Option<libdeflater::Decompressor>,
}

impl Inflater {
    /// Returns an inflater; its tables (about 50 KiB) are allocated with the first block.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes one zlib stream (RFC 1950) into `output` and returns how many bytes it held.
    ///
    /// The result is at most `output.len()` and may be less; what lies behind it in `output` is undefined. Bytes of
    /// `input` after the end of the stream are ignored. The Adler-32 checksum is verified.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Corrupt`], [`DecodeError::OutputTooSmall`] if the stream holds more than `output` takes,
    /// [`DecodeError::InputEnded`] if `input` stops before the stream and its checksum do.
    pub fn inflate_zlib(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
        #[cfg(feature = "libdeflate")]
        {
            let decompressor = self
                .libdeflate
                .get_or_insert_with(libdeflater::Decompressor::new);
            if let Ok(produced) = decompressor.zlib_decompress(input, output) {
                return Ok(produced);
            }
        }
        self.inflate(Format::Zlib, input, output)
    }

    /// Decodes one raw deflate stream (RFC 1951) into `output` and returns how many bytes it held.
    ///
    /// The result is at most `output.len()` and may be less; what lies behind it in `output` is undefined. Bytes of
    /// `input` after the end of the stream are ignored.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Corrupt`], [`DecodeError::OutputTooSmall`] if the stream holds more than `output` takes,
    /// [`DecodeError::InputEnded`] if `input` stops before the stream does.
    pub fn inflate_raw(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
        #[cfg(feature = "libdeflate")]
        {
            let decompressor = self
                .libdeflate
                .get_or_insert_with(libdeflater::Decompressor::new);
            if let Ok(produced) = decompressor.deflate_decompress(input, output) {
                return Ok(produced);
            }
        }
        self.inflate(Format::Deflate, input, output)
    }

    /// Decodes with zlib-rs. libdeflate calls a cut stream and a bad one the same, so its refusals end here as well.
    fn inflate(
        &mut self,
        format: Format,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, DecodeError> {
        let wrapped = format == Format::Zlib;
        let zlib = self.zlib.get_or_insert_with(|| Decompress::new(wrapped));
        zlib.reset(wrapped);
        let limit = output.len();

        let mut stream = Stream {
            zlib,
            format,
            input,
        };
        if stream.run(output)? {
            return Ok(stream.produced());
        }
        if stream.produced() < limit {
            return Err(DecodeError::InputEnded {
                format,
                len: input.len(),
                produced: stream.produced(),
            });
        }
        // The output is full and the end mark has not been seen: either there is one more byte, or the input is cut
        // within the end mark or the checksum.
        let ended = stream.run(&mut [0])?;
        if stream.produced() > limit {
            return Err(DecodeError::OutputTooSmall { format, limit });
        }
        if ended {
            return Ok(limit);
        }
        Err(DecodeError::InputEnded {
            format,
            len: input.len(),
            produced: limit,
        })
    }
}

struct Stream<'a> {
    zlib: &'a mut Decompress,
    format: Format,
    input: &'a [u8],
}

impl Stream<'_> {
    /// Decodes into `output` until it is full, the input is used up, or the stream ends (true).
    fn run(&mut self, output: &mut [u8]) -> Result<bool, DecodeError> {
        let before = self.produced();
        loop {
            let (consumed, produced) = (self.consumed(), self.produced());
            let input = self.input.get(consumed..).unwrap_or_default();
            let room = output
                .get_mut(produced.saturating_sub(before)..)
                .unwrap_or_default();
            match self.zlib.decompress(input, room, FlushDecompress::Finish) {
                Ok(Status::StreamEnd) => return Ok(true),
                // zlib takes at most 4 GiB at a time: more input may be left. Without progress there is not.
                Ok(Status::Ok | Status::BufError)
                    if consumed == self.consumed() && produced == self.produced() =>
                {
                    return Ok(false);
                }
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => {
                    return Err(DecodeError::Corrupt {
                        format: self.format,
                        offset: self.consumed(),
                    });
                }
            }
        }
    }

    fn consumed(&self) -> usize {
        usize::try_from(self.zlib.total_in()).unwrap_or(usize::MAX)
    }

    fn produced(&self) -> usize {
        usize::try_from(self.zlib.total_out()).unwrap_or(usize::MAX)
    }
}
