//! How much an image may ask for.

/// Bounds on what an image from a stranger can make the toolkit allocate, open or walk.
///
/// The defaults are above everything met in real files and below what hurts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest text descriptor in bytes. QEMU reads up to 1 MiB; real ones stay below 10 KiB except large split sets.
    pub descriptor_bytes: u64,
    /// Most extents in one descriptor.
    pub extents: usize,
    /// Most images in one chain, base included. VMware allows 32 snapshots.
    pub chain_depth: usize,
    /// Largest virtual disk in bytes. VMware's own limit is 62 TB.
    pub virtual_size: u64,
    /// Largest top-level table (grain directory, L1 table) in bytes that is held in memory.
    pub directory_bytes: u64,
    /// Memory in bytes that one image spends on second-level tables (grain tables, L2 tables).
    pub table_cache_bytes: usize,
    /// Memory in bytes that an [`crate::Overlay`] may hold.
    pub overlay_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            descriptor_bytes: 1 << 20,
            extents: 65_536,
            chain_depth: 64,
            virtual_size: 64 << 40,
            directory_bytes: 32 << 20,
            table_cache_bytes: 2 << 20,
            overlay_bytes: 256 << 20,
        }
    }
}
