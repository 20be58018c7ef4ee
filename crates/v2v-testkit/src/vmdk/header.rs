//! The 512-byte header of a hosted sparse or streamOptimized extent.

use super::set;

/// Flag bit 0: the newline bytes are valid.
pub const FLAG_NEWLINE: u32 = 1;
/// Flag bit 1: there is a redundant grain directory.
pub const FLAG_REDUNDANT: u32 = 1 << 1;
/// Flag bit 2: a grain-table entry of 1 means zeros.
pub const FLAG_ZEROED: u32 = 1 << 2;
/// Flag bit 16: grains are compressed.
pub const FLAG_COMPRESSED: u32 = 1 << 16;
/// Flag bit 17: there are markers, and a grain's marker tells its place.
pub const FLAG_MARKERS: u32 = 1 << 17;
/// The directory's sector in a header that leaves it to the footer.
pub const GD_AT_END: u64 = u64::MAX;

/// The fields of the header, all free to be wrong. Sizes and places are in sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Offset 0.
    pub magic: [u8; 4],
    /// Offset 4: 1, 2 or 3.
    pub version: u32,
    /// Offset 8.
    pub flags: u32,
    /// Offset 12.
    pub capacity: u64,
    /// Offset 20.
    pub grain_sectors: u64,
    /// Offset 28; 0 without an embedded descriptor.
    pub descriptor_at: u64,
    /// Offset 36.
    pub descriptor_sectors: u64,
    /// Offset 44.
    pub gtes_per_gt: u32,
    /// Offset 48.
    pub rgd_at: u64,
    /// Offset 56; [`GD_AT_END`] leaves it to the footer.
    pub gd_at: u64,
    /// Offset 64: sectors before the first grain.
    pub overhead: u64,
    /// Offset 72.
    pub unclean: u8,
    /// Offset 73.
    pub newline: [u8; 4],
    /// Offset 77: 0 none, 1 deflate. Not aligned.
    pub compression: u16,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            magic: *b"KDMV",
            version: 1,
            flags: FLAG_NEWLINE,
            capacity: 0,
            grain_sectors: 128,
            descriptor_at: 0,
            descriptor_sectors: 0,
            gtes_per_gt: 512,
            rgd_at: 0,
            gd_at: 0,
            overhead: 0,
            unclean: 0,
            newline: *b"\n \r\n",
            compression: 0,
        }
    }
}

impl Header {
    /// The sector as it stands in the file.
    pub fn to_bytes(&self) -> [u8; 512] {
        let mut sector = [0; 512];
        set(&mut sector, 0, self.magic);
        set(&mut sector, 4, self.version.to_le_bytes());
        set(&mut sector, 8, self.flags.to_le_bytes());
        set(&mut sector, 12, self.capacity.to_le_bytes());
        set(&mut sector, 20, self.grain_sectors.to_le_bytes());
        set(&mut sector, 28, self.descriptor_at.to_le_bytes());
        set(&mut sector, 36, self.descriptor_sectors.to_le_bytes());
        set(&mut sector, 44, self.gtes_per_gt.to_le_bytes());
        set(&mut sector, 48, self.rgd_at.to_le_bytes());
        set(&mut sector, 56, self.gd_at.to_le_bytes());
        set(&mut sector, 64, self.overhead.to_le_bytes());
        set(&mut sector, 72, [self.unclean]);
        set(&mut sector, 73, self.newline);
        set(&mut sector, 77, self.compression.to_le_bytes());
        sector
    }
}
