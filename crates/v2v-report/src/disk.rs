//! What became of one disk.

use serde::{Deserialize, Serialize};

use crate::PathText;

/// One disk of the source and its image.
///
/// Of the guest's bytes, `written` were written as data and `zero` left as holes or marked as zeros; what remains of
/// `virtual_size` was left to a backing file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiskReport {
    /// The source as it was named.
    pub source: PathText,
    /// Where the disk sat in the source VM: `scsi0:0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The device in the target VM: `vda`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The image that was written.
    pub file: PathText,
    /// What the guest sees, in bytes.
    pub virtual_size: u64,
    /// Guest bytes written as data.
    #[serde(default)]
    pub written: u64,
    /// Guest bytes that are holes or marked as zeros.
    #[serde(default)]
    pub zero: u64,
    /// Of `written`, the bytes that the file system shares with the source instead of copying them.
    #[serde(default)]
    pub cloned: u64,
    /// The hash of what the guest sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<DiskHash>,
    /// The files that the source consisted of, from base to top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<PathText>,
    /// Whether the image, read back, equals the source; left out if it was not read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

impl DiskReport {
    /// A disk of `virtual_size` bytes on its way from `source` to `file`.
    pub fn new(
        source: impl Into<PathText>,
        file: impl Into<PathText>,
        virtual_size: u64,
    ) -> DiskReport {
        DiskReport {
            source: source.into(),
            slot: None,
            target: None,
            file: file.into(),
            virtual_size,
            written: 0,
            zero: 0,
            cloned: 0,
            hash: None,
            chain: Vec::new(),
            verified: None,
        }
    }
}

/// A hash of what the guest sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskHash {
    /// The hash function: `blake3`, `sha256`.
    pub algorithm: String,
    /// Bytes hashed as one.
    pub block_size: u64,
    /// The hash in lower-case hexadecimal digits.
    pub value: String,
}
