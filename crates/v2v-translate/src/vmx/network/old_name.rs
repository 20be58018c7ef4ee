//! The name a Linux guest gave to a card on VMware.

use v2v_vmx::Nic;

use crate::guest::{Os, Virtio};
use crate::vmx::Work;

/// The name of the interface in a Linux guest that names by PCI slot, which systemd does since about Linux 4.0; `None`
/// for others, and for a card whose slot is not known.
pub(super) fn forecast(work: &Work<'_>, nic: &Nic) -> Option<String> {
    let guest = &work.guest;
    // SUSE's systemd leaves the kernel's names.
    let names_by_slot = guest.is_linux()
        && guest.virtio() == Virtio::Modern
        && !matches!(guest.os, Os::Sles | Os::Sled | Os::OpenSuse);
    names_by_slot
        .then(|| name(nic.pci_slot_number?.value))
        .flatten()
}

/// VMware's slot numbers are what its ACPI tables tell: the number of the slot in the lower ten bits, the function of
/// the bridge above it. The card in 192 is ens192, and the next one below the same port, 1216, is ens193.
fn name(slot: i64) -> Option<String> {
    let slot = u32::try_from(slot).ok().filter(|slot| *slot > 0)?;
    let (function, slot) = (slot >> 10, slot & 0x3ff);
    Some(format!("ens{}", slot.checked_add(function)?))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn slots_and_names() {
        // The names of ten cards in one VM, as RHEL shows them.
        for (slot, expected) in [
            (17, Some("ens17")),
            (33, Some("ens33")),
            (160, Some("ens160")),
            (192, Some("ens192")),
            (256, Some("ens256")),
            (1184, Some("ens161")),
            (1216, Some("ens193")),
            (2208, Some("ens162")),
            (0, None),
            (-1, None),
            (i64::MAX, None),
        ] {
            assert_eq!(name(slot).as_deref(), expected, "{slot}");
        }
    }
}
