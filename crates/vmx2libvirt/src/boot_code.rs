//! What a disk boots with, as far as its first sectors tell.

use v2v_disk::DiskImage;

const SECTOR: usize = 512;

/// Partition table entries that are read; more than Windows and Linux make.
const MAX_ENTRIES: usize = 256;

/// EFI system partition, C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it lies on disk (UEFI specification, 5.3.3).
const ESP: [u8; 16] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
];

/// GRUB's place on a GPT disk for BIOS, 21686148-6449-6E6F-744E-656564454649: "Hah!IdontNeedEFI".
const BIOS_BOOT: [u8; 16] = *b"Hah!IdontNeedEFI";

/// What a disk has for each firmware.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BootCode {
    /// An active partition, GRUB or LILO in the first sector, or a place for GRUB.
    pub(crate) bios: bool,
    /// An EFI system partition.
    pub(crate) efi: bool,
}

impl BootCode {
    /// What `disk` has; nothing if it can't be read.
    ///
    /// Code in the first sector proves nothing: Windows and libparted write some on data disks. So it counts by its
    /// name only.
    pub(crate) fn of(disk: &dyn DiskImage) -> BootCode {
        let mut sector = [0; SECTOR];
        if disk.virtual_size() < 64 * 512 || disk.read_at(0, &mut sector).is_err() {
            return BootCode::default();
        }
        let (code, table) = sector.split_at(446);
        let Some((entries, [0x55, 0xaa])) = table.split_last_chunk::<2>() else {
            return BootCode::default();
        };
        let has = |name: &[u8]| code.windows(name.len()).any(|window| window == name);
        let mut found = BootCode {
            bios: has(b"GRUB") || has(b"LILO"),
            efi: false,
        };
        let (partitions, _) = entries.as_chunks::<16>();
        for [state, _, _, _, kind, ..] in partitions {
            // On a GPT disk the one entry covers the disk; some firmware wants it to be active.
            found.bios |= *state == 0x80 && !matches!(kind, 0 | 0xee);
            found.efi |= *kind == 0xef;
            if *kind == 0xee {
                found.add_gpt(disk);
            }
        }
        found
    }

    fn add_gpt(&mut self, disk: &dyn DiskImage) {
        for kind in gpt_types(disk).unwrap_or_default() {
            self.efi |= kind == ESP;
            self.bios |= kind == BIOS_BOOT;
        }
    }

    /// Whether any firmware finds something.
    pub(crate) fn any(self) -> bool {
        self.bios || self.efi
    }
}

/// The types of all partitions of a GUID partition table.
fn gpt_types(disk: &dyn DiskImage) -> Option<Vec<[u8; 16]>> {
    let mut header = [0; SECTOR];
    disk.read_at(512, &mut header).ok()?;
    if !header.starts_with(b"EFI PART") {
        return None;
    }
    let first = u64::from_le_bytes(*header.get(72..)?.first_chunk()?);
    let count = u32::from_le_bytes(*header.get(80..)?.first_chunk()?);
    let size = usize::try_from(u32::from_le_bytes(*header.get(84..)?.first_chunk()?)).ok()?;
    if !(128..=4096).contains(&size) {
        return None;
    }
    let count = usize::try_from(count).ok()?.min(MAX_ENTRIES);
    let mut table = vec![0; count.checked_mul(size)?];
    let at = first.checked_mul(512)?;
    let end = at.checked_add(u64::try_from(table.len()).ok()?)?;
    if end > disk.virtual_size() {
        return None;
    }
    disk.read_at(at, &mut table).ok()?;
    let kinds = table.chunks(size).filter_map(|entry| entry.first_chunk());
    Some(kinds.copied().collect())
}

#[cfg(test)]
mod tests {
    use v2v_image::{Format, OpenOptions};

    use super::*;

    /// A disk of 64 KiB with `parts` at their offsets.
    fn found(parts: &[(usize, &[u8])]) -> (bool, bool) {
        let dir = v2v_testkit::temp::dir();
        let path = dir.path().join("disk.raw");
        let mut bytes = vec![0; 64 << 10];
        for (at, part) in parts {
            bytes[*at..at + part.len()].copy_from_slice(part);
        }
        std::fs::write(&path, bytes).unwrap();
        let mut options = OpenOptions::default();
        options.format = Some(Format::Raw);
        let opened = v2v_image::open(&path, &options).unwrap();
        let code = BootCode::of(&opened.chain);
        (code.bios, code.efi)
    }

    const SIGNATURE: (usize, &[u8]) = (510, b"\x55\xaa");
    const NOTHING: (bool, bool) = (false, false);
    const BIOS: (bool, bool) = (true, false);
    const EFI: (bool, bool) = (false, true);

    #[test]
    fn a_master_boot_record() {
        let partition = |state: u8, kind: u8| vec![state, 0, 0, 0, kind, 0, 0, 0];
        assert_eq!(found(&[]), NOTHING);
        assert_eq!(
            found(&[(446, &partition(0x80, 7))]),
            NOTHING,
            "no signature"
        );
        let mbr = |state, kind| found(&[SIGNATURE, (462, &partition(state, kind))]);
        assert_eq!(mbr(0x80, 0x07), BIOS);
        assert_eq!(mbr(0x00, 0x83), NOTHING);
        assert_eq!(mbr(0x00, 0xef), EFI);
        assert_eq!(mbr(0x80, 0x00), NOTHING, "no partition");
        assert_eq!(found(&[SIGNATURE, (0x180, b"GRUB \0Geom")]), BIOS);
        assert_eq!(
            found(&[SIGNATURE, (0, b"\x33\xc0\x8e\xd0")]),
            NOTHING,
            "some code"
        );
    }

    #[test]
    fn a_guid_partition_table() {
        let header = |first: u64, count: u32, size: u32| {
            let mut header = vec![0; 92];
            header[..8].copy_from_slice(b"EFI PART");
            header[72..80].copy_from_slice(&first.to_le_bytes());
            header[80..84].copy_from_slice(&count.to_le_bytes());
            header[84..88].copy_from_slice(&size.to_le_bytes());
            header
        };
        let gpt = |header: Vec<u8>, kinds: &[(usize, &[u8])]| {
            let protective = [0x80, 0, 0, 0, 0xee];
            let parts = [SIGNATURE, (446, &protective), (512, &header)];
            found(&[&parts[..], kinds].concat())
        };
        let good = || header(2, 128, 128);
        assert_eq!(gpt(good(), &[]), NOTHING);
        assert_eq!(gpt(good(), &[(1024 + 128, &ESP)]), EFI);
        assert_eq!(gpt(good(), &[(1024, &BIOS_BOOT)]), BIOS);
        assert_eq!(
            gpt(good(), &[(1024, &BIOS_BOOT), (1280, &ESP)]),
            (true, true)
        );
        for (first, count, size) in [
            (2, 128, 0),
            (u64::MAX, 128, 128),
            (2, u32::MAX, 4096),
            (2, 1, u32::MAX),
        ] {
            assert_eq!(gpt(header(first, count, size), &[(1024, &ESP)]), NOTHING);
        }
    }
}
