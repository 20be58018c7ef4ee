//! Zstandard blocks (RFC 8878).
//!
//! QEMU writes a qcow2 cluster as one frame and reads any number of them, until the cluster is full.

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, zstd_sys::ZSTD_ErrorCode};

use crate::{DecodeError, EncoderError, Format};

/// Decodes zstd blocks, and keeps its context from one block to the next.
pub struct ZstdDecoder(DCtx<'static>);

impl ZstdDecoder {
    /// Returns a decoder (about 100 KiB).
    ///
    /// # Errors
    ///
    /// [`DecodeError::OutOfMemory`].
    pub fn new() -> Result<Self, DecodeError> {
        DCtx::try_create()
            .map(Self)
            .ok_or(DecodeError::OutOfMemory {
                format: Format::Zstd,
            })
    }

    /// Decodes frame after frame until `output` is full or `input` is used up, and returns how many bytes there were.
    ///
    /// Once `output` is full the rest of `input` is ignored; before that, anything that is not a frame is an error.
    /// Every frame is decoded in one piece right into `output`: there is no window buffer, so a frame that declares a
    /// window of gigabytes costs nothing.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Corrupt`], [`DecodeError::OutputTooSmall`] if a frame holds more than the room left,
    /// [`DecodeError::InputEnded`] if `input` stops within a frame, [`DecodeError::Dictionary`].
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
        let limit = output.len();
        let mut consumed = 0usize;
        let mut produced = 0usize;
        while produced < limit && consumed < input.len() {
            let rest = input.get(consumed..).unwrap_or_default();
            let fail = |code| Self::error(code, consumed, input.len(), limit);
            let frame_len = zstd_safe::find_frame_compressed_size(rest).map_err(fail)?;
            let frame = rest.get(..frame_len).unwrap_or_default();
            if let Some(id) = zstd_safe::get_dict_id_from_frame(frame) {
                return Err(DecodeError::Dictionary {
                    offset: consumed,
                    id: id.get(),
                });
            }
            let room = output.get_mut(produced..).unwrap_or_default();
            let len = self.0.decompress(room, frame).map_err(fail)?;
            produced = produced.saturating_add(len);
            // A frame has at least a magic number; saying so ends the loop whatever the library answers.
            consumed = consumed.saturating_add(frame_len.max(1));
        }
        if input.is_empty() && limit > 0 {
            return Err(DecodeError::InputEnded {
                format: Format::Zstd,
                len: 0,
                produced: 0,
            });
        }
        Ok(produced)
    }

    fn error(code: zstd_safe::ErrorCode, offset: usize, len: usize, limit: usize) -> DecodeError {
        let format = Format::Zstd;
        // The library returns its error number negated; the numbers are fixed since zstd 1.3.1.
        let is = |number: ZSTD_ErrorCode| code == (number as usize).wrapping_neg();
        if is(ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall) {
            DecodeError::OutputTooSmall { format, limit }
        } else if is(ZSTD_ErrorCode::ZSTD_error_srcSize_wrong) {
            DecodeError::InputEnded {
                format,
                len,
                produced: 0,
            }
        } else if is(ZSTD_ErrorCode::ZSTD_error_memory_allocation) {
            DecodeError::OutOfMemory { format }
        } else {
            DecodeError::Corrupt { format, offset }
        }
    }
}

/// Compresses blocks into single zstd frames, and keeps its context from one block to the next.
///
/// A frame carries the length of its content and no checksum. The same block, level and build always give the same
/// bytes, whatever was compressed before.
pub struct ZstdEncoder(CCtx<'static>);

impl ZstdEncoder {
    /// Lowest level: fastest.
    pub const MIN_LEVEL: i32 = 1;
    /// Highest level: smallest.
    pub const MAX_LEVEL: i32 = 22;
    /// The level zstd calls its default, and `qemu-img convert -c` uses.
    pub const DEFAULT_LEVEL: i32 = 3;

    /// Returns an encoder. `level` is 1 to 22.
    ///
    /// # Errors
    ///
    /// [`EncoderError::Level`], [`EncoderError::OutOfMemory`].
    pub fn new(level: i32) -> Result<Self, EncoderError> {
        let format = Format::Zstd;
        let (min, max) = (Self::MIN_LEVEL, Self::MAX_LEVEL);
        if !(min..=max).contains(&level) {
            return Err(EncoderError::Level {
                format,
                found: level,
                min,
                max,
            });
        }
        let mut context = CCtx::try_create().ok_or(EncoderError::OutOfMemory { format, level })?;
        for parameter in [
            CParameter::CompressionLevel(level),
            CParameter::ContentSizeFlag(true),
            CParameter::ChecksumFlag(false),
        ] {
            context
                .set_parameter(parameter)
                .map_err(|_| EncoderError::OutOfMemory { format, level })?;
        }
        Ok(Self(context))
    }

    /// Replaces the contents of `out` by the compressed `block` and returns the length of the frame in bytes.
    ///
    /// `None`, and an empty `out`, if the frame would not be smaller than the block: store the block as it is.
    /// `out` never grows beyond the length of `block`; keep it between calls.
    pub fn encode(&mut self, block: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        out.resize(block.len().saturating_sub(1), 0);
        // Fails for want of room, or of memory; storing the block is right in both cases. The next call starts afresh.
        let len = self.0.compress2(out.as_mut_slice(), block).ok();
        out.truncate(len.unwrap_or(0));
        len
    }
}
