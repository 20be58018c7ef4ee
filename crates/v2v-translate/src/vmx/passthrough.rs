//! What belongs to the old host: PCI devices, shared folders, and what it told the guest.

mod folder;
mod guestinfo;
mod pci;

#[cfg(test)]
mod tests;

use super::Work;

/// Devices of a kind that are told one by one; the rest is counted.
const TOLD: usize = 20;

/// Writes the PCI devices that the caller has an equal for, and tells everything else.
pub(super) fn write(work: &mut Work<'_>) {
    pci::write(work);
    folder::tell(work);
    guestinfo::tell(work);
}
