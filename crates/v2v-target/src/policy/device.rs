//! Choices of devices.

use std::str::FromStr;

/// Why a text is no choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {found:?}, expected one of {}", expected.join(", "))]
pub struct ParseChoiceError {
    /// What was to be chosen: `disk bus`.
    pub what: &'static str,
    /// The text.
    pub found: String,
    /// What there is.
    pub expected: &'static [&'static str],
}

/// Declares an enum whose variants have names on a command line; names, parsing and the list come from one table.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident ($what:literal) {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
        }

        impl $name {
            /// All choices, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$( $name::$variant, )+];
            /// The names of all choices, in the same order.
            pub const NAMES: &'static [&'static str] = &[$( $text, )+];

            /// The name, as on a command line.
            pub fn name(self) -> &'static str {
                match self {
                    $( $name::$variant => $text, )+
                }
            }
        }

        impl FromStr for $name {
            type Err = ParseChoiceError;

            fn from_str(text: &str) -> Result<$name, ParseChoiceError> {
                match text {
                    $( $text => Ok($name::$variant), )+
                    _ => Err(ParseChoiceError {
                        what: $what,
                        found: text.to_owned(),
                        expected: $name::NAMES,
                    }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

choice! {
    /// How devices are chosen.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub enum Profile ("profile") {
        /// virtio where the guest is known to have the drivers, else what the guest can drive.
        #[default]
        Auto = "auto",
        /// virtio everywhere; the guest has been prepared.
        Virtio = "virtio",
        /// The device models of the source where QEMU has them, else the nearest one.
        Source = "source",
        /// pc, IDE, e1000 or rtl8139, Cirrus: what the migration guides of 2010 did.
        Legacy = "legacy",
    }
}

choice! {
    /// The machine type.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Machine ("machine") {
        /// PCI Express, AHCI.
        Q35 = "q35",
        /// The i440FX of 1996: PCI, IDE.
        Pc = "pc",
    }
}

choice! {
    /// The firmware.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Firmware ("firmware") {
        /// SeaBIOS.
        Bios = "bios",
        /// OVMF.
        Efi = "efi",
    }
}

choice! {
    /// What a disk is attached to.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DiskBus ("disk bus") {
        /// virtio-blk.
        Virtio = "virtio",
        /// virtio-scsi.
        Scsi = "scsi",
        /// AHCI.
        Sata = "sata",
        /// PIIX3; machine type pc only.
        Ide = "ide",
        /// A USB stick.
        Usb = "usb",
        /// NVMe, for libvirt versions that know it.
        Nvme = "nvme",
        /// QEMU's model of VMware's paravirtual SCSI adapter.
        Pvscsi = "pvscsi",
        /// LSI SAS 1068.
        Lsisas1068 = "lsisas1068",
    }
}

choice! {
    /// The model of a network card.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum NicModel ("NIC model") {
        /// virtio-net.
        Virtio = "virtio",
        /// Intel 82540EM.
        E1000 = "e1000",
        /// Intel 82574L; PCI Express.
        E1000e = "e1000e",
        /// QEMU's model of VMware's paravirtual card.
        Vmxnet3 = "vmxnet3",
        /// Realtek 8139.
        Rtl8139 = "rtl8139",
        /// AMD PCnet, VMware's vlance.
        Pcnet = "pcnet",
    }
}

choice! {
    /// The video card.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum VideoModel ("video model") {
        /// Standard VGA with VBE; every guest drives it.
        Vga = "vga",
        /// Cirrus GD5446.
        Cirrus = "cirrus",
        /// QEMU's model of VMware's SVGA II.
        Vmvga = "vmvga",
        /// virtio-gpu.
        Virtio = "virtio",
        /// SPICE's card.
        Qxl = "qxl",
        /// No card.
        None = "none",
    }
}

choice! {
    /// The sound card.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SoundModel ("sound model") {
        /// Ensoniq AudioPCI.
        Es1370 = "es1370",
        /// Sound Blaster 16.
        Sb16 = "sb16",
        /// Intel AC'97.
        Ac97 = "ac97",
        /// Intel High Definition Audio of the ICH6; machine type pc.
        Ich6 = "ich6",
        /// Intel High Definition Audio of the ICH9; machine type q35.
        Ich9 = "ich9",
        /// No card.
        None = "none",
    }
}

/// The CPU the guest sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CpuChoice {
    /// The named model nearest to the host's CPU; can move to an equal host.
    #[default]
    HostModel,
    /// The host's CPU itself; fastest, moves to no other kind of host.
    HostPassthrough,
    /// The best that the emulator offers, with or without KVM.
    Maximum,
    /// A model by its libvirt name, such as `x86-64-v2` or `Skylake-Server`.
    Named(String),
}

impl FromStr for CpuChoice {
    type Err = ParseChoiceError;

    fn from_str(text: &str) -> Result<CpuChoice, ParseChoiceError> {
        let is_model = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        match text {
            "host-model" => Ok(CpuChoice::HostModel),
            "host-passthrough" => Ok(CpuChoice::HostPassthrough),
            "maximum" => Ok(CpuChoice::Maximum),
            _ if is_model(text) => Ok(CpuChoice::Named(text.to_owned())),
            _ => Err(ParseChoiceError {
                what: "CPU",
                found: text.to_owned(),
                expected: &["host-model", "host-passthrough", "maximum", "NAME"],
            }),
        }
    }
}

/// A choice for all devices of a kind, with exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceChoice<T> {
    /// For every device that is not named below.
    pub all: Option<T>,
    /// Slots or addresses in lower case, with the choice for each.
    pub each: Vec<(String, T)>,
}

impl<T> Default for DeviceChoice<T> {
    fn default() -> DeviceChoice<T> {
        DeviceChoice {
            all: None,
            each: Vec::new(),
        }
    }
}

impl<T: Copy> DeviceChoice<T> {
    /// The choice for `device`; upper and lower case are the same. The last one given for a name counts.
    pub fn of(&self, device: &str) -> Option<T> {
        self.each
            .iter()
            .rev()
            .find(|(name, _)| name.eq_ignore_ascii_case(device))
            .map(|(_, choice)| *choice)
            .or(self.all)
    }
}

impl<T: FromStr<Err = ParseChoiceError>> DeviceChoice<T> {
    /// Adds `DEVICE=CHOICE` or `CHOICE` for all, as on a command line.
    ///
    /// # Errors
    ///
    /// [`ParseChoiceError`] if the choice is none.
    pub fn add(&mut self, text: &str) -> Result<(), ParseChoiceError> {
        match text.rsplit_once('=') {
            Some((device, choice)) => self
                .each
                .push((device.trim().to_ascii_lowercase(), choice.trim().parse()?)),
            None => self.all = Some(text.trim().parse()?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_for_one_device_beats_the_one_for_all() {
        let mut bus = DeviceChoice::<DiskBus>::default();
        assert_eq!(bus.of("scsi0:0"), None);
        for text in ["virtio", "SCSI0:1=sata", "scsi0:1=ide"] {
            bus.add(text).unwrap();
        }
        assert_eq!(bus.of("scsi0:0"), Some(DiskBus::Virtio));
        assert_eq!(bus.of("scsi0:1"), Some(DiskBus::Ide));
    }

    #[test]
    fn what_is_no_choice_is_told_with_all_choices() {
        let mut model = DeviceChoice::<NicModel>::default();
        let error = model.add("00:0c:29:00:00:01=vlance").unwrap_err();
        assert_eq!(
            error.to_string(),
            "NIC model is \"vlance\", expected one of virtio, e1000, e1000e, vmxnet3, rtl8139, pcnet"
        );
        assert!("EPYC Rome".parse::<CpuChoice>().is_err());
    }

    #[test]
    fn names_parse_to_what_they_name() {
        for bus in DiskBus::ALL {
            assert_eq!(bus.name().parse(), Ok(*bus));
        }
        assert_eq!(
            "x86-64-v3".parse(),
            Ok(CpuChoice::Named("x86-64-v3".to_owned()))
        );
    }
}
