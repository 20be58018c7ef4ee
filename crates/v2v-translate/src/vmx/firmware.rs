//! Firmware, Secure Boot, TPM, and what is encrypted.

use v2v_domain::{
    FeatureState, Firmware as FirmwareElement, FirmwareFeature, FirmwareInfo, Smm, Tpm, TpmModel,
};
use v2v_report::{Action, Severity};
use v2v_vmx::{FirmwareKind, Vm};

use super::Work;
use super::text::quoted;
use crate::evidence::Evidence;
use crate::finding;
use crate::policy::{Firmware, Machine, Policy};

/// The firmware: asked for, said, or what the disk shows where the key makes no sense.
pub(super) fn choose(vm: &Vm, policy: &Policy, evidence: &Evidence) -> Firmware {
    let said = vm.firmware.kind.map(|kind| match kind.value {
        FirmwareKind::Bios => Firmware::Bios,
        FirmwareKind::Efi => Firmware::Efi,
    });
    let unreadable = vm.firmware.kind.is_none();
    let shown = evidence.firmware.filter(|_| unreadable);
    policy.firmware.or(said).or(shown).unwrap_or(Firmware::Bios)
}

/// Writes firmware, Secure Boot and TPM.
pub(super) fn write(work: &mut Work<'_>) {
    account_for_kind(work);
    tell_conflict(work);
    if work.firmware == Firmware::Efi {
        write_efi(work);
    } else {
        account_for_bios(work);
    }
    write_tpm(work);
    tell_encryption(work);
}

fn account_for_kind(work: &mut Work<'_>) {
    let vm = work.vm;
    if let Some(kind) = vm.firmware.kind {
        let reason = match work.firmware {
            Firmware::Efi => "",
            Firmware::Bios => "BIOS is what a domain has without it",
        };
        work.ledger.mapped_because(kind.id, "/domain/os", reason);
    } else if let Some(entry) = work.document.get("firmware") {
        let text = format!(
            "{} is no firmware this program knows, expected bios or efi; the domain has {}",
            quoted(entry.value()),
            work.firmware
        );
        work.warn(
            finding::FIRMWARE_UNKNOWN,
            "firmware",
            entry.id(),
            text,
            "give --firmware",
        );
        work.ledger.not_carried(entry.id(), "neither bios nor efi");
    }
}

fn tell_conflict(work: &mut Work<'_>) {
    let Some(shown) = work
        .evidence
        .firmware
        .filter(|shown| *shown != work.firmware)
    else {
        return;
    };
    let at = work.vm.firmware.kind.map(|kind| kind.id);
    let text = format!(
        "the boot disk is made for {shown}, the configuration says {}",
        work.firmware
    );
    work.warn(
        finding::FIRMWARE_CONFLICT,
        "firmware",
        at,
        text,
        "give --firmware if the domain does not boot",
    );
}

fn write_efi(work: &mut Work<'_>) {
    let secure = secure_boot(work);
    let feature = |name| FirmwareFeature::new(name, secure);
    let info = FirmwareInfo::default().features([feature("enrolled-keys"), feature("secure-boot")]);
    if let Some(os) = &mut work.domain.os {
        os.firmware = Some(FirmwareElement::Efi);
        os.firmware_info = Some(info);
    }
    if let Some(features) = work.domain.features.as_mut().filter(|_| secure) {
        features.smm = Some(Smm::default().state(true));
    }
    let vm = work.vm;
    if let Some(nvram) = &vm.firmware.nvram {
        let text =
            "boot entries of the old firmware stay behind, in a format that OVMF does not read";
        let action = "see that the EFI system partition has EFI/BOOT/BOOTX64.EFI";
        work.warn(finding::NVRAM_NOT_CARRIED, "nvram", nvram.id, text, action);
        work.ledger
            .not_carried(nvram.id, "VMware's format is not OVMF's");
    }
}

/// Whether the guest starts under Secure Boot.
fn secure_boot(work: &mut Work<'_>) -> bool {
    let said = work.vm.firmware.secure_boot;
    let wanted = work
        .policy
        .secure_boot
        .or(said.map(|said| said.value))
        .unwrap_or(false);
    let possible = work.machine == Machine::Q35;
    if let Some(said) = said {
        let path = "/domain/os/firmware/feature[@name='secure-boot']/@enabled";
        work.ledger.mapped(said.id, path);
    }
    if !wanted {
        return false;
    }
    let at = said.map(|said| said.id);
    if possible {
        let text = "Secure Boot stays on, with the usual keys; drivers and loaders must be signed";
        let action = Action::manual("--secure-boot off, if something unsigned has to start");
        let severity = if work.guest.is_windows() {
            Severity::Warn
        } else {
            Severity::Info
        };
        work.tell(
            finding::SECURE_BOOT,
            severity,
            "uefi.secureBoot.enabled",
            at,
            text,
            action,
        );
    } else {
        let text = "Secure Boot needs machine type q35; it is off";
        work.warn(
            finding::SECURE_BOOT,
            "uefi.secureBoot.enabled",
            at,
            text,
            "give --machine q35",
        );
    }
    possible
}

fn account_for_bios(work: &mut Work<'_>) {
    let vm = work.vm;
    if let Some(secure) = vm.firmware.secure_boot {
        work.ledger.ignored(secure.id, "BIOS has no Secure Boot");
    }
    if let Some(nvram) = &vm.firmware.nvram {
        work.ledger.ignored(nvram.id, "settings of VMware's BIOS");
    }
    if work.policy.secure_boot == Some(true) {
        let text = "Secure Boot was asked for, but the firmware is BIOS";
        work.warn(
            finding::SECURE_BOOT,
            "firmware",
            None,
            text,
            "give --firmware efi",
        );
    }
}

fn write_tpm(work: &mut Work<'_>) {
    let vm = work.vm;
    let Some(tpm) = vm
        .firmware
        .vtpm
        .as_ref()
        .filter(|tpm| tpm.presence.is_present())
    else {
        return;
    };
    // CRB is what OVMF and Windows 11 look for; SeaBIOS drives TIS.
    let model = match work.firmware {
        Firmware::Efi => TpmModel::Crb,
        Firmware::Bios => TpmModel::Tis,
    };
    work.domain
        .devices_mut()
        .tpms
        .push(Tpm::emulator(model, "2.0"));
    work.mapped_key("vtpm.present", "/domain/devices/tpm[1]");
    for id in &tpm.ids {
        work.ledger
            .not_carried(*id, "what the old TPM held stays with VMware");
    }
    let text = "the TPM of the domain is empty; what was sealed to the old one (BitLocker, LUKS) stays shut";
    let action = "have the recovery keys at hand before the first start";
    work.warn(
        finding::VTPM_STATE_LOST,
        "vtpm",
        tpm.ids.first().copied(),
        text,
        action,
    );
}

fn tell_encryption(work: &mut Work<'_>) {
    let firmware = &work.vm.firmware;
    let keys = [
        firmware.encryption_type.as_ref().map(|setting| setting.id),
        firmware.encryption_key_safe,
        firmware.encryption_data,
        firmware
            .encrypted_vm_guid
            .as_ref()
            .map(|setting| setting.id),
    ];
    let keys: Vec<_> = keys.into_iter().flatten().collect();
    let Some(first) = keys.first().copied() else {
        return;
    };
    let text = "a part of the configuration is encrypted; what could be read was used";
    let action = "decrypt the VM in VMware if secrets of the TPM are needed";
    work.warn(
        finding::CONFIG_PARTLY_ENCRYPTED,
        "encryption",
        first,
        text,
        action,
    );
    for key in keys {
        work.ledger.not_carried(key, "encrypted by VMware");
    }
}

/// VMware's old port for its tools is off: a guest that finds it takes the machine for VMware's.
pub(super) fn close_vmware_port(work: &mut Work<'_>) {
    if let Some(features) = &mut work.domain.features {
        features.vmport = Some(FeatureState::off());
    }
}
