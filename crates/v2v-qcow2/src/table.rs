//! L1 and L2 entries: what 8 or 16 bytes say about a cluster.

use crate::Error;
use crate::header::{Header, INCOMPATIBLE_DATA_FILE, INCOMPATIBLE_EXTENDED_L2};

/// The reference count is one and the cluster may be written in place; set with offset 0 in an external data file.
pub(crate) const COPIED: u64 = 1 << 63;
/// The cluster is compressed.
pub(crate) const COMPRESSED: u64 = 1 << 62;
/// The cluster reads as zeros (version 3, entries of 8 bytes).
pub(crate) const ZERO: u64 = 1;
/// Where L1 and uncompressed L2 entries point.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const L1_RESERVED: u64 = !(OFFSET | COPIED);
const L2_RESERVED: u64 = !(OFFSET | COPIED | COMPRESSED | ZERO);
/// Subclusters of a cluster with extended L2 entries.
pub(crate) const SUBCLUSTERS: u32 = 32;

/// What an L2 entry says about its cluster. Offsets are checked: aligned, and before the end of their file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cluster {
    Unallocated,
    Zero,
    Data(u64),
    /// `len` is what the stream may take at most; it may reach past the end of the file.
    Compressed {
        offset: u64,
        len: u64,
    },
    /// `stored` and `zero` have a bit for each subcluster and none in common.
    Subclusters {
        offset: u64,
        stored: u32,
        zero: u32,
    },
}

/// How the tables of an image are laid out, and what their entries may point to.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) cluster_bits: u32,
    pub(crate) extended: bool,
    pub(crate) has_zero_flag: bool,
    pub(crate) external_data: bool,
    /// Length of the image file in bytes.
    pub(crate) file_len: u64,
    /// Length in bytes of the file that holds the data clusters.
    pub(crate) data_len: u64,
}

impl Layout {
    pub(crate) fn new(header: &Header, file_len: u64, data_len: u64) -> Layout {
        let extended = header.has(INCOMPATIBLE_EXTENDED_L2);
        Layout {
            cluster_bits: header.cluster_bits,
            extended,
            has_zero_flag: header.version >= 3 && !extended,
            external_data: header.has(INCOMPATIBLE_DATA_FILE),
            file_len,
            data_len,
        }
    }

    pub(crate) fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// Words of 8 bytes in an L2 entry.
    pub(crate) fn entry_words(&self) -> usize {
        if self.extended { 2 } else { 1 }
    }

    /// Logarithm of the number of guest bytes that one L2 table covers.
    pub(crate) fn span_bits(&self) -> u32 {
        let entry_bits = if self.extended { 4 } else { 3 };
        // At least 9 + 9 - 3, at most 21 + 21 - 3.
        (self.cluster_bits << 1).saturating_sub(entry_bits)
    }

    /// L1 entries that a disk of `size` bytes needs.
    pub(crate) fn l1_entries(&self, size: u64) -> u64 {
        size.div_ceil(1 << self.span_bits())
    }

    /// Decodes the L1 entry at byte `at` of the file: where its L2 table is, or 0 if there is none.
    pub(crate) fn decode_l1(&self, entry: u64, at: u64) -> Result<u64, Error> {
        let what = "L1";
        check_reserved(what, at, entry, L1_RESERVED)?;
        let offset = entry & OFFSET;
        self.check_alignment(what, at, offset)?;
        let end = offset.saturating_add(self.cluster_size());
        if offset != 0 && end > self.file_len {
            let file_len = self.file_len;
            return Err(Error::EntryOutside {
                what,
                at,
                offset,
                file_len,
            });
        }
        Ok(offset)
    }

    /// Decodes the L2 entry at byte `at` of the file, for the cluster at guest offset `guest`.
    ///
    /// `bitmap` is the second word of an extended entry.
    pub(crate) fn decode_l2(
        &self,
        entry: u64,
        bitmap: u64,
        at: u64,
        guest: u64,
    ) -> Result<Cluster, Error> {
        if entry & COMPRESSED != 0 {
            return self.decode_compressed(entry, at);
        }
        let zero_bit = if self.has_zero_flag { 0 } else { ZERO };
        check_reserved("L2", at, entry, L2_RESERVED | zero_bit)?;
        let offset = entry & OFFSET;
        self.check_alignment("L2", at, offset)?;
        // In an external data file the first cluster is at 0, and only this bit tells it from an unallocated one.
        let allocated = offset != 0 || (self.external_data && entry & COPIED != 0);
        if !allocated {
            check_reserved("L2", at, entry, COPIED)?;
        } else if self.external_data && offset != guest {
            let found = offset;
            return Err(Error::DataFileOffset { at, found, guest });
        }
        if self.extended {
            return self.decode_bitmap(allocated.then_some(offset), bitmap, at);
        }
        match (entry & ZERO != 0, allocated) {
            (true, _) => Ok(Cluster::Zero),
            (false, false) => Ok(Cluster::Unallocated),
            (false, true) => {
                self.check_inside(at, offset, self.data_len)?;
                Ok(Cluster::Data(offset))
            }
        }
    }

    /// The length is counted in sectors of 512 bytes after the one in which the stream begins.
    fn decode_compressed(&self, entry: u64, at: u64) -> Result<Cluster, Error> {
        if self.external_data {
            return Err(Error::CompressedInDataFile { at });
        }
        check_reserved("L2", at, entry, COPIED)?;
        // 62 - (cluster bits - 8): 49 to 61.
        let offset_bits = 70u32.saturating_sub(self.cluster_bits);
        let offset = entry & !(u64::MAX << offset_bits);
        let sectors = (entry & !COMPRESSED) >> offset_bits;
        self.check_inside(at, offset, self.file_len)?;
        let len = sectors
            .saturating_add(1)
            .saturating_mul(512)
            .saturating_sub(offset & 511);
        Ok(Cluster::Compressed { offset, len })
    }

    fn decode_bitmap(&self, offset: Option<u64>, bitmap: u64, at: u64) -> Result<Cluster, Error> {
        let (stored, zero) = (bitmap as u32, (bitmap >> 32) as u32);
        let wrong = |reason| Error::Subclusters {
            at: at.saturating_add(8),
            found: bitmap,
            reason,
        };
        if stored & zero != 0 {
            return Err(wrong("that are both stored and zero"));
        }
        match offset {
            None if stored != 0 => return Err(wrong("stored in a cluster that is not allocated")),
            Some(offset) if stored != 0 => self.check_inside(at, offset, self.data_len)?,
            _ => {}
        }
        Ok(Cluster::Subclusters {
            offset: offset.unwrap_or(0),
            stored,
            zero,
        })
    }

    fn check_alignment(&self, what: &'static str, at: u64, offset: u64) -> Result<(), Error> {
        let cluster = self.cluster_size();
        if offset.is_multiple_of(cluster) {
            return Ok(());
        }
        Err(Error::EntryAlignment {
            what,
            at,
            offset,
            cluster,
        })
    }

    fn check_inside(&self, at: u64, offset: u64, file_len: u64) -> Result<(), Error> {
        if offset < file_len {
            return Ok(());
        }
        Err(Error::EntryOutside {
            what: "L2",
            at,
            offset,
            file_len,
        })
    }
}

fn check_reserved(what: &'static str, at: u64, found: u64, mask: u64) -> Result<(), Error> {
    let reserved = found & mask;
    if reserved == 0 {
        return Ok(());
    }
    Err(Error::ReservedBits {
        what,
        at,
        found,
        reserved,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const K64: u64 = 65536;

    fn layout() -> Layout {
        Layout {
            cluster_bits: 16,
            extended: false,
            has_zero_flag: true,
            external_data: false,
            file_len: 100 * K64 + 7,
            data_len: 100 * K64 + 7,
        }
    }

    fn extended() -> Layout {
        Layout {
            extended: true,
            has_zero_flag: false,
            ..layout()
        }
    }

    fn external() -> Layout {
        Layout {
            external_data: true,
            ..layout()
        }
    }

    #[test]
    fn entries_mean_what_the_format_says() {
        let data = |offset| Cluster::Data(offset);
        for (layout, entry, guest, expected) in [
            (layout(), 0, 0, Cluster::Unallocated),
            (layout(), 5 * K64, 0, data(5 * K64)),
            (layout(), (5 * K64) | COPIED, 0, data(5 * K64)),
            (layout(), 100 * K64, 0, data(100 * K64)),
            (layout(), ZERO, 0, Cluster::Zero),
            (layout(), (5 * K64) | ZERO | COPIED, 0, Cluster::Zero),
            // A preallocated cluster that was never written may lie behind the end.
            (layout(), (500 * K64) | ZERO, 0, Cluster::Zero),
            (external(), COPIED, 0, data(0)),
            (external(), 0, 0, Cluster::Unallocated),
            (external(), (3 * K64) | COPIED, 3 * K64, data(3 * K64)),
        ] {
            let found = layout.decode_l2(entry, 0, 0, guest).unwrap();
            assert_eq!(found, expected, "{entry:#x}");
        }
    }

    #[test]
    fn compressed_lengths_count_from_the_sector_of_the_offset() {
        for (cluster_bits, offset, sectors, len) in [
            (16, 0x50000, 0, 512),
            (16, 0x50001, 0, 511),
            (16, 0x501ff, 3, 1537),
            (21, 0x200001, 4095, 2097151),
            (9, 0x401, 1, 1023),
        ] {
            let layout = Layout {
                cluster_bits,
                ..layout()
            };
            let entry = COMPRESSED | sectors << (70 - cluster_bits) | offset;
            let found = layout.decode_l2(entry, 0, 0, 0).unwrap();
            assert_eq!(found, Cluster::Compressed { offset, len }, "{entry:#x}");
        }
    }

    #[test]
    fn wrong_entries_are_named() {
        let v2 = Layout {
            has_zero_flag: false,
            ..layout()
        };
        let at = 0x40008;
        for (layout, entry, bitmap, text) in [
            (
                layout(),
                (5 * K64) | 2,
                0,
                "L2 entry at offset 0x40008 is 0x0000000000050002, expected bits 0x0000000000000002 to be 0",
            ),
            (
                layout(),
                1 << 56,
                0,
                "L2 entry at offset 0x40008 is 0x0100000000000000, expected bits 0x0100000000000000 to be 0",
            ),
            (
                layout(),
                COPIED,
                0,
                "L2 entry at offset 0x40008 is 0x8000000000000000, expected bits 0x8000000000000000 to be 0",
            ),
            (
                v2,
                (5 * K64) | ZERO,
                0,
                "L2 entry at offset 0x40008 is 0x0000000000050001, expected bits 0x0000000000000001 to be 0",
            ),
            (
                extended(),
                (5 * K64) | ZERO,
                0,
                "L2 entry at offset 0x40008 is 0x0000000000050001, expected bits 0x0000000000000001 to be 0",
            ),
            (
                layout(),
                5 * K64 + 512,
                0,
                "L2 entry at offset 0x40008 points to 0x50200, expected a multiple of 0x10000",
            ),
            (
                layout(),
                101 * K64,
                0,
                "L2 entry at offset 0x40008 points to 0x650000, and the file ends at 0x640007; is the copy complete?",
            ),
            (
                layout(),
                COMPRESSED | (100 * K64 + 7),
                0,
                "L2 entry at offset 0x40008 points to 0x640007, and the file ends at 0x640007; is the copy complete?",
            ),
            (
                layout(),
                COMPRESSED | COPIED | K64,
                0,
                "L2 entry at offset 0x40008 is 0xc000000000010000, expected bits 0x8000000000000000 to be 0",
            ),
            (
                external(),
                COMPRESSED | K64,
                0,
                "L2 entry at offset 0x40008 is a compressed cluster, which an image with an external data file can't have",
            ),
            (
                external(),
                (2 * K64) | COPIED,
                0,
                "L2 entry at offset 0x40008 points to 0x20000 of the data file, expected 0x0, the guest offset",
            ),
            (
                extended(),
                5 * K64,
                1 << 32 | 3,
                "subcluster bitmap at offset 0x40010 is 0x0000000100000003, which has subclusters that are both stored and zero",
            ),
            (
                extended(),
                0,
                4,
                "subcluster bitmap at offset 0x40010 is 0x0000000000000004, which has subclusters stored in a cluster that is not allocated",
            ),
            (
                extended(),
                101 * K64,
                4,
                "L2 entry at offset 0x40008 points to 0x650000, and the file ends at 0x640007; is the copy complete?",
            ),
        ] {
            let found = layout.decode_l2(entry, bitmap, at, 0).unwrap_err();
            assert_eq!(found.to_string(), text);
        }
    }

    #[test]
    fn an_l2_table_lies_whole_inside_the_file() {
        let layout = layout();
        assert_eq!(layout.decode_l1(0, 8).unwrap(), 0);
        assert_eq!(layout.decode_l1((99 * K64) | COPIED, 8).unwrap(), 99 * K64);
        for (entry, text) in [
            (
                100 * K64,
                "L1 entry at offset 0x8 points to 0x640000, and the file ends at 0x640007; is the copy complete?",
            ),
            (
                512,
                "L1 entry at offset 0x8 points to 0x200, expected a multiple of 0x10000",
            ),
            (
                K64 | 1,
                "L1 entry at offset 0x8 is 0x0000000000010001, expected bits 0x0000000000000001 to be 0",
            ),
            (
                K64 | COMPRESSED,
                "L1 entry at offset 0x8 is 0x4000000000010000, expected bits 0x4000000000000000 to be 0",
            ),
        ] {
            assert_eq!(layout.decode_l1(entry, 8).unwrap_err().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_entry_is_refused_or_points_into_the_file(
            words in any::<[u64; 2]>(),
            clear in any::<[u64; 2]>(),
            cluster_bits in 9..=21u32,
            kind in 0..4,
        ) {
            let layout = Layout {
                cluster_bits,
                extended: kind == 1,
                has_zero_flag: kind == 2,
                external_data: kind == 3,
                file_len: 1 << 40,
                data_len: 1 << 39,
            };
            // Half of the bits are rarely right, so most words lose some.
            let entry = words[0] & clear[0] & !L2_RESERVED & (((1 << 39) - 1) | (0xff << 56));
            let entry = if clear[1] & 1 == 0 { entry & (u64::MAX << cluster_bits) } else { entry };
            match layout.decode_l2(entry, words[1] & clear[1], 8, 0) {
                Ok(Cluster::Data(offset)) => prop_assert!(offset < 1 << 39 && offset % (1 << cluster_bits) == 0),
                Ok(Cluster::Compressed { offset, len }) => {
                    prop_assert!(offset < 1 << 40 && len > 0 && len <= 2 << cluster_bits);
                }
                Ok(Cluster::Subclusters { stored, zero, .. }) => prop_assert_eq!(stored & zero, 0),
                _ => {}
            }
            let _ = layout.decode_l2(words[0], words[1], u64::MAX, u64::MAX);
            let _ = layout.decode_l1(words[0], u64::MAX);
        }
    }

    #[test]
    fn spans() {
        assert_eq!(layout().span_bits(), 29);
        assert_eq!(extended().span_bits(), 28);
        assert_eq!(layout().l1_entries(0), 0);
        assert_eq!(layout().l1_entries((1 << 29) + 1), 2);
    }
}
