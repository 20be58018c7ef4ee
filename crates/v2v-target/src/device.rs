//! Which devices of KVM take the place of the source's: decisions that know no source format.
//!
//! Each function takes what the source had, what the guest can drive and what the caller wants, and gives one answer
//! with its reason. Rules and their sources: the guest boots from what it has a driver for; QEMU's own models of
//! VMware's devices are used for guests that nobody has prepared; a device that QEMU has no model of is never replaced
//! in silence.

use crate::evidence::GuestEvidence;
use crate::guest::{Guest, Virtio};
use crate::policy::{DiskBus, Firmware, LibvirtVersion, Machine, NicModel, Policy, Profile};

/// What a disk was attached to in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceBus {
    /// VMware's paravirtual SCSI adapter.
    Pvscsi,
    /// LSI SAS 1068.
    LsiSas,
    /// LSI 53C1030.
    LsiLogic,
    /// BusLogic BT-958.
    BusLogic,
    /// A SCSI adapter of a name nobody knows.
    OtherScsi,
    /// AHCI.
    Sata,
    /// PIIX4 IDE.
    Ide,
    /// NVMe.
    Nvme,
    /// USB.
    Usb,
    /// Xen's paravirtual block device, in a guest that has no other: its kernel knows Xen.
    XenVbd,
}

/// A network card of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceNic {
    /// VMware's paravirtual card, third generation.
    Vmxnet3,
    /// Intel 82545EM.
    E1000,
    /// Intel 82574L.
    E1000e,
    /// AMD PCnet.
    Vlance,
    /// VMware's first paravirtual cards, and the one that changes from PCnet to them.
    Vmxnet,
    /// Realtek 8139, which Xen gives to fully virtual guests by default.
    Rtl8139,
    /// Xen's paravirtual card.
    XenVif,
    /// A card of a name nobody knows.
    Other,
}

/// The bus chosen for a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusChoice {
    /// The bus.
    pub bus: DiskBus,
    /// Why.
    pub why: Why,
}

/// Why a device was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The caller said so.
    Asked,
    /// The profile says so for every guest.
    Profile,
    /// The guest's own disk shows the driver.
    Proven,
    /// Guests of this kind have the driver, but nobody looked whether this one starts with it.
    Assumed,
    /// The source's device, which QEMU has a model of.
    Same,
    /// QEMU has no model of the source's device, or the machine has not; this is the nearest that the guest can drive.
    Nearest,
}

/// virtio-blk disks that fit into a machine beside everything else; each takes a PCI slot.
pub const VIRTIO_BLK_DISKS: usize = 24;

/// What decides on a device: the caller, the guest, and what was seen of it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The caller's choices.
    pub policy: &'a Policy,
    /// The guest.
    pub guest: &'a Guest,
    /// What its disk says.
    pub evidence: Option<&'a GuestEvidence>,
}

impl Facts<'_> {
    /// The bus for the disk in `slot`, before the machine is known; see [`fit`](Facts::fit).
    pub fn disk_bus(&self, slot: &str, source: SourceBus) -> BusChoice {
        let choice = |bus, why| BusChoice { bus, why };
        if let Some(bus) = self.policy.disk_bus.of(slot) {
            return choice(bus, Why::Asked);
        }
        match self.policy.profile {
            Profile::Virtio => choice(DiskBus::Virtio, Why::Profile),
            Profile::Legacy => choice(DiskBus::Ide, Why::Profile),
            Profile::Source => self.nearest_bus(source),
            Profile::Auto => match self.virtio_disk(source == SourceBus::XenVbd) {
                Some((bus, why)) => choice(bus, why),
                None => self.nearest_bus(source),
            },
        }
    }

    /// The virtio bus the guest boots from, if it does; `knows_xen` if it has drivers for Xen's own devices.
    fn virtio_disk(&self, knows_xen: bool) -> Option<(DiskBus, Why)> {
        let (blk, scsi) = self
            .evidence
            .map_or((None, None), |seen| (seen.virtio_blk, seen.virtio_scsi));
        match (blk, scsi) {
            (Some(true), _) => Some((DiskBus::Virtio, Why::Proven)),
            (_, Some(true)) => Some((DiskBus::Scsi, Why::Proven)),
            (Some(false), _) | (_, Some(false)) => None,
            (None, None) => (drives_virtio(self.guest)
                || knows_xen && may_drive_virtio(self.guest))
            .then_some((DiskBus::Virtio, Why::Assumed)),
        }
    }

    /// The model QEMU has of the source's bus, or the nearest that the guest can drive.
    fn nearest_bus(&self, source: SourceBus) -> BusChoice {
        let same = |bus| BusChoice {
            bus,
            why: Why::Same,
        };
        match source {
            SourceBus::Pvscsi => same(DiskBus::Pvscsi),
            SourceBus::LsiSas => same(DiskBus::Lsisas1068),
            SourceBus::Sata => same(DiskBus::Sata),
            SourceBus::Ide => same(DiskBus::Ide),
            SourceBus::Usb => same(DiskBus::Usb),
            SourceBus::Nvme if self.policy.libvirt >= LibvirtVersion::NVME => same(DiskBus::Nvme),
            SourceBus::Nvme
            | SourceBus::LsiLogic
            | SourceBus::BusLogic
            | SourceBus::OtherScsi
            | SourceBus::XenVbd => {
                // Every guest drives IDE; one that came with NVMe is younger than AHCI.
                let has_ahci = self.guest.has_ahci() || source == SourceBus::Nvme;
                BusChoice {
                    bus: if has_ahci {
                        DiskBus::Sata
                    } else {
                        DiskBus::Ide
                    },
                    why: Why::Nearest,
                }
            }
        }
    }

    /// The machine type for a guest whose disks are on `buses`.
    pub fn machine(&self, firmware: Firmware, buses: &[BusChoice]) -> Machine {
        if let Some(machine) = self.policy.machine {
            return machine;
        }
        let has_ide = buses.iter().any(|choice| choice.bus == DiskBus::Ide);
        match (firmware, self.policy.profile) {
            (Firmware::Efi, _) => Machine::Q35,
            (Firmware::Bios, Profile::Legacy) => Machine::Pc,
            (Firmware::Bios, _) if has_ide || self.guest.prefers_pc() => Machine::Pc,
            (Firmware::Bios, _) => Machine::Q35,
        }
    }

    /// `choice` on `machine`: q35 has no IDE.
    pub fn fit(&self, choice: BusChoice, machine: Machine) -> BusChoice {
        match (choice.bus, machine) {
            (DiskBus::Ide, Machine::Q35) => BusChoice {
                bus: DiskBus::Sata,
                why: Why::Nearest,
            },
            _ => choice,
        }
    }

    /// The model for the network card with the address `mac`.
    pub fn nic_model(&self, mac: Option<&str>, source: SourceNic) -> (NicModel, Why) {
        if let Some(model) = self.policy.nic_model.of(mac.unwrap_or_default()) {
            return (model, Why::Asked);
        }
        match self.policy.profile {
            Profile::Virtio => (NicModel::Virtio, Why::Profile),
            Profile::Legacy if self.guest.has_e1000() => (NicModel::E1000, Why::Profile),
            Profile::Legacy => (NicModel::Rtl8139, Why::Profile),
            Profile::Source => self.nearest_nic(source),
            Profile::Auto => match self.evidence.and_then(|seen| seen.virtio_net) {
                Some(true) => (NicModel::Virtio, Why::Proven),
                Some(false) => self.nearest_nic(source),
                None if drives_virtio(self.guest) => (NicModel::Virtio, Why::Assumed),
                None if source == SourceNic::XenVif && may_drive_virtio(self.guest) => {
                    (NicModel::Virtio, Why::Assumed)
                }
                None => self.nearest_nic(source),
            },
        }
    }

    fn nearest_nic(&self, source: SourceNic) -> (NicModel, Why) {
        match source {
            SourceNic::Vmxnet3 => (NicModel::Vmxnet3, Why::Same),
            SourceNic::E1000 => (NicModel::E1000, Why::Same),
            SourceNic::E1000e => (NicModel::E1000e, Why::Same),
            SourceNic::Vlance => (NicModel::Pcnet, Why::Same),
            SourceNic::Rtl8139 => (NicModel::Rtl8139, Why::Same),
            SourceNic::XenVif => (NicModel::E1000, Why::Nearest),
            // A flexible card is a PCnet until VMware Tools switch it, so an old 32-bit guest has the driver.
            SourceNic::Vmxnet | SourceNic::Other
                if self.guest.bits != Some(64) && self.guest.has_pcnet() =>
            {
                (NicModel::Pcnet, Why::Nearest)
            }
            SourceNic::Vmxnet | SourceNic::Other => (NicModel::E1000, Why::Nearest),
        }
    }

    /// Whether virtio devices have to speak version 0.9, too, on `machine`: for every guest that is not known to speak
    /// 1.0. The Windows drivers all do. On pc every device speaks both anyway.
    pub fn wants_transitional(&self, machine: Machine) -> bool {
        let speaks_modern = matches!(self.guest.virtio(), Virtio::Modern | Virtio::WithDrivers);
        machine == Machine::Q35 && !speaks_modern
    }
}

/// Whether guests of this kind have virtio drivers without help.
fn drives_virtio(guest: &Guest) -> bool {
    matches!(guest.virtio(), Virtio::Modern | Virtio::Legacy)
}

/// Whether a guest that drives Xen's own devices can be taken to drive virtio as well: nothing says that it is too old,
/// or that its drivers for both come from elsewhere. The makers of such guests have both, and KVM's guide for Xen gives
/// virtio to every paravirtual guest.
fn may_drive_virtio(guest: &Guest) -> bool {
    drives_virtio(guest) || guest.virtio() == Virtio::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{Os, Version};

    /// Disk bus, machine and NIC model for a guest with one disk and one card.
    fn choose(
        guest_os: &str,
        source: (SourceBus, SourceNic),
        set: impl Fn(&mut Policy),
    ) -> (Machine, DiskBus, NicModel) {
        let mut policy = Policy::default();
        set(&mut policy);
        let guest = Guest::from_vmware(Some(guest_os), None, &[]);
        let facts = Facts {
            policy: &policy,
            guest: &guest,
            evidence: None,
        };
        let wanted = facts.disk_bus("scsi0:0", source.0);
        let machine = facts.machine(policy.firmware.unwrap_or(Firmware::Bios), &[wanted]);
        let bus = facts.fit(wanted, machine).bus;
        let (model, _) = facts.nic_model(Some("00:0c:29:00:00:01"), source.1);
        (machine, bus, model)
    }

    const LSI_E1000: (SourceBus, SourceNic) = (SourceBus::LsiLogic, SourceNic::E1000);
    const IDE_VLANCE: (SourceBus, SourceNic) = (SourceBus::Ide, SourceNic::Vlance);

    #[test]
    fn the_five_guests_of_the_migration_guides() {
        use DiskBus::{Ide, Sata, Virtio};
        let auto = |guest, source| choose(guest, source, |_| ());
        let virtio = NicModel::Virtio;
        assert_eq!(auto("rhel5-64", LSI_E1000), (Machine::Q35, Virtio, virtio));
        assert_eq!(
            auto("winxppro", IDE_VLANCE),
            (Machine::Pc, Ide, NicModel::Pcnet)
        );
        assert_eq!(
            auto("windows7", LSI_E1000),
            (Machine::Q35, Sata, NicModel::E1000)
        );
        assert_eq!(
            auto("sles11", (SourceBus::LsiLogic, SourceNic::Vlance)),
            (Machine::Q35, Virtio, virtio)
        );
        assert_eq!(
            auto("windows7srv-64", LSI_E1000),
            (Machine::Q35, Sata, NicModel::E1000)
        );
    }

    #[test]
    fn a_profile_is_for_every_guest() {
        let legacy = |policy: &mut Policy| policy.profile = Profile::Legacy;
        assert_eq!(
            choose("windows7", LSI_E1000, legacy),
            (Machine::Pc, DiskBus::Ide, NicModel::E1000)
        );
        let virtio = |policy: &mut Policy| policy.profile = Profile::Virtio;
        assert_eq!(
            choose("winxppro", IDE_VLANCE, virtio),
            (Machine::Pc, DiskBus::Virtio, NicModel::Virtio)
        );
        let source = |policy: &mut Policy| policy.profile = Profile::Source;
        assert_eq!(
            choose(
                "debian12-64",
                (SourceBus::Pvscsi, SourceNic::Vmxnet3),
                source
            ),
            (Machine::Q35, DiskBus::Pvscsi, NicModel::Vmxnet3)
        );
    }

    #[test]
    fn one_word_of_the_caller_beats_the_profile() {
        let set = |policy: &mut Policy| {
            policy.profile = Profile::Legacy;
            policy.machine = Some(Machine::Q35);
            policy.nic_model.add("vmxnet3").unwrap();
        };
        // q35 has no IDE, whoever asks for it.
        assert_eq!(
            choose("windows7", LSI_E1000, set),
            (Machine::Q35, DiskBus::Sata, NicModel::Vmxnet3)
        );
    }

    #[test]
    fn what_the_disk_shows_beats_what_is_assumed() {
        let policy = Policy::default();
        let guest = Guest::from_vmware(Some("rhel9-64"), None, &[]);
        let bus = |blk, scsi| {
            let evidence = GuestEvidence {
                virtio_blk: blk,
                virtio_scsi: scsi,
                ..GuestEvidence::default()
            };
            let facts = Facts {
                policy: &policy,
                guest: &guest,
                evidence: Some(&evidence),
            };
            let choice = facts.disk_bus("scsi0:0", SourceBus::Pvscsi);
            (choice.bus, choice.why)
        };
        assert_eq!(bus(None, None), (DiskBus::Virtio, Why::Assumed));
        assert_eq!(bus(Some(true), None), (DiskBus::Virtio, Why::Proven));
        assert_eq!(bus(Some(false), Some(true)), (DiskBus::Scsi, Why::Proven));
        assert_eq!(bus(Some(false), None), (DiskBus::Pvscsi, Why::Same));
    }

    #[test]
    fn a_guest_that_knows_xen_is_taken_to_know_virtio() {
        let policy = Policy::default();
        let choose = |guest: &Guest| {
            let facts = Facts {
                policy: &policy,
                guest,
                evidence: None,
            };
            let (model, _) = facts.nic_model(None, SourceNic::XenVif);
            (facts.disk_bus("xvda", SourceBus::XenVbd).bus, model)
        };
        let linux = |version| Guest::new(Os::Rhel, version, None);
        let unnamed = Guest::new(Os::OtherLinux, None, None);
        assert_eq!(choose(&unnamed), (DiskBus::Virtio, NicModel::Virtio));
        let old = linux(Some(Version::new(4, 6)));
        assert_eq!(choose(&old), (DiskBus::Ide, NicModel::E1000));
        let windows = Guest::new(Os::Windows10, None, None);
        assert_eq!(choose(&windows), (DiskBus::Sata, NicModel::E1000));
    }

    #[test]
    fn nvme_needs_a_libvirt_that_knows_it() {
        let source = (SourceBus::Nvme, SourceNic::E1000e);
        let with = |version: &str| {
            choose("windows11-64", source, |policy| {
                policy.libvirt = version.parse().unwrap();
            })
            .1
        };
        assert_eq!(with("9.0"), DiskBus::Sata);
        assert_eq!(with("11.5"), DiskBus::Nvme);
    }
}
