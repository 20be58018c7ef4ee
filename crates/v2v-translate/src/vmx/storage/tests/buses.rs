//! Which drive sits where, and what is said about it.

use super::*;

/// Disks in `slots`, controllers by `lines`.
fn disks(guest_os: &str, lines: &str, slots: &[String]) -> Case {
    let disks: String = slots
        .iter()
        .map(|slot| format!("{slot}.present = 'TRUE'\n{slot}.fileName = '{slot}.vmdk'\n"))
        .collect();
    let mut case = case(guest_os, &format!("{lines}\n{disks}"));
    for slot in slots {
        case = case.sees_disk(&format!("{slot}.vmdk"));
    }
    case
}

fn slots(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn row(controller: &str, units: impl Iterator<Item = u32>) -> Vec<String> {
    units.map(|unit| format!("{controller}:{unit}")).collect()
}

#[test]
fn disks_stand_by_controller_and_number() {
    let names = slots(&[
        "ide0:0", "scsi0:10", "sata0:0", "scsi0:2", "nvme0:0", "usb:0", "scsi1:0",
    ]);
    let case = disks(
        "other",
        "scsi0.virtualDev = 'pvscsi'\nscsi1.virtualDev = 'pvscsi'",
        &names,
    )
    .profile(Profile::Source)
    .machine(Machine::Pc);
    let order: Vec<String> = case
        .translate()
        .disks
        .into_iter()
        .map(|disk| disk.slot)
        .collect();
    assert_eq!(
        order,
        [
            "scsi0:2", "scsi0:10", "scsi1:0", "nvme0:0", "sata0:0", "ide0:0", "usb:0"
        ]
    );
    // Three buses share the names that begin with sd.
    assert_eq!(
        case.seats(),
        [
            "sda scsi@0:0:2:0",
            "sdb scsi@0:0:10:0",
            "sdc scsi@1:0:0:0",
            "sdd sata@0:0:0:0",
            "sde sata@0:0:0:1",
            "hda ide@0:0:0:0",
            "sdf usb"
        ]
    );
    case.becomes_valid();
}

#[test]
fn the_order_of_disks_is_the_sources() {
    let names = slots(&["scsi0:0", "scsi0:1", "sata0:0"]);
    let case = disks("rhel9-64", "bios.hddOrder = 'sata0:0,scsi0:1'", &names);
    let order: Vec<String> = case
        .translate()
        .disks
        .into_iter()
        .map(|disk| disk.slot)
        .collect();
    assert_eq!(order, ["sata0:0", "scsi0:1", "scsi0:0"]);
    assert_eq!(case.seats(), ["vda virtio", "vdb virtio", "vdc virtio"]);
    assert_eq!(
        case.fate("bios.hddOrder"),
        "/domain/devices/disk[1]: the order of the disks"
    );
}

#[test]
fn names_count_past_z() {
    let names = row("scsi0", (0..30).filter(|unit| *unit != 7));
    let case = disks("rhel9-64", "scsi0.virtualDev = 'pvscsi'", &names).profile(Profile::Source);
    let seats = case.seats();
    assert_eq!(seats.get(7).unwrap(), "sdh scsi@0:0:8:0");
    assert_eq!(seats.last().unwrap(), "sdac scsi@0:0:29:0");
}

#[test]
fn sata_controllers_have_six_ports() {
    for machine in [Machine::Q35, Machine::Pc] {
        let case = disks("windows7", "", &row("sata0", 0..8)).machine(machine);
        let seats = case.seats();
        assert_eq!(seats.get(5).unwrap(), "sdf sata@0:0:0:5");
        assert_eq!(seats.last().unwrap(), "sdh sata@1:0:0:1");
        let devices = case.translate().domain.devices.unwrap();
        let controllers = devices
            .controllers
            .iter()
            .filter(|controller| controller.kind.as_str() == "sata");
        assert_eq!(controllers.count(), 2);
        case.becomes_valid();
    }
}

#[test]
fn lsisas_has_eight_targets() {
    let names = row("scsi0", 0..12);
    let case =
        disks("rhel6-64", "scsi0.virtualDev = 'lsisas1068'", &names).profile(Profile::Source);
    let seats = case.seats();
    assert_eq!(seats.get(7).unwrap(), "sdh scsi@0:0:7:0");
    assert_eq!(seats.get(8).unwrap(), "sdi scsi@1:0:0:0");
    if libvirt::wanted() {
        libvirt::qemu_argv(&case.translate().domain.to_xml().unwrap());
    }
}

#[test]
fn more_controllers_than_vmware_has_are_not_kept() {
    let names: Vec<String> = (0..70)
        .map(|controller| format!("scsi{controller}:0"))
        .collect();
    let case = disks("rhel9-64", "", &names).policy(|policy| policy.disk_bus.add("scsi").unwrap());
    let seats = case.seats();
    assert_eq!(seats.get(1).unwrap(), "sdb scsi@0:0:1:0");
    assert_eq!(seats.last().unwrap(), "sdbr scsi@1:0:5:0");
}

#[test]
fn more_drives_than_libvirt_has_room_for() {
    let case = disks("windows7", "", &row("sata0", 0..700));
    let translation = case.translate();
    let told: Vec<_> = translation
        .blockers(&[])
        .map(|finding| finding.evidence.text.as_str())
        .collect();
    assert_eq!(
        told,
        ["the drives need 117 controllers; libvirt has room for 100"]
    );
}

#[test]
fn too_many_disks_for_virtio_blk() {
    let names = row("scsi0", (0..26).filter(|unit| *unit != 7));
    let case = disks("rhel9-64", "scsi0.virtualDev = 'pvscsi'", &names);
    assert_eq!(case.seats().last().unwrap(), "sdy scsi@0:0:25:0");
    case.tells(&[
        "warn disk-bus-unproven 25 disks: virtio for scsi0:0, scsi0:1, scsi0:2, scsi0:3, scsi0:4 and 20 more, because \
         Red Hat Enterprise Linux 9 comes with its driver; nobody has looked whether this one boots with it; check its \
         initramfs with guestfix, or give --profile source",
        "warn pci-slots-exceeded disks: 25 disks are more than the 24 that virtio-blk has PCI slots for; all of them \
         are on virtio-scsi; check that the guest boots from there, or move disks with --disk-bus",
    ]);
    let old = disks("rhel5-64", "", &names);
    assert_eq!(old.seats().last().unwrap(), "sdy sata@4:0:0:0");
    let enough = disks("rhel9-64", "", &row("scsi0", 0..24));
    assert_eq!(enough.seats().last().unwrap(), "vdx virtio");
    for case in [case, old, enough] {
        case.becomes_valid();
    }
}

#[test]
fn ide_has_four_places() {
    let cdrom =
        "ide1:0.present = 'TRUE'\nide1:0.deviceType = 'cdrom-raw'\nide1:0.fileName = 'auto detect'";
    // The disks go where they have been, the others around them, and the CD-ROM drive stays if it can.
    let three = disks("winxppro", cdrom, &slots(&["ide0:0", "scsi0:0", "scsi0:1"]))
        .profile(Profile::Legacy);
    assert_eq!(
        three.seats(),
        [
            "hda ide@0:0:0:1",
            "hdb ide@0:1:0:0",
            "hdc ide@0:0:0:0",
            "hdd ide@0:1:0:1"
        ]
    );
    let five = disks("winxppro", cdrom, &row("scsi0", 0..5)).profile(Profile::Legacy);
    assert_eq!(
        five.seats(),
        [
            "hda ide@0:0:0:0",
            "hdb ide@0:0:0:1",
            "hdc ide@0:1:0:0",
            "hdd ide@0:1:0:1",
            "sda sata@0:0:0:0",
            "sdb sata@0:0:0:1"
        ]
    );
    five.tells(&[
        "info cdrom-emptied ide1:0: the drive is empty: the medium was in whatever drive the old host has",
        "warn pci-slots-exceeded IDE: the four places of IDE are taken; scsi0:4 and ide1:0 moved to SATA, for which the \
         guest needs a driver for AHCI; check that the guest drives AHCI, or choose with --disk-bus SLOT=BUS",
    ]);
    for case in [three, five] {
        case.becomes_valid();
    }
}

#[test]
fn a_cdrom_alone_keeps_its_ide_place() {
    let cdrom =
        "ide1:0.present = 'TRUE'\nide1:0.deviceType = 'cdrom-raw'\nide1:0.fileName = 'auto detect'";
    let case = disks("winxppro", cdrom, &slots(&["ide0:0"]));
    assert_eq!(case.seats(), ["hda ide@0:0:0:0", "hdb ide@0:1:0:0"]);
    assert_eq!(case.fate("ide1:0.present"), "/domain/devices/disk[2]");
    let q35 = disks("winxppro", cdrom, &slots(&["ide0:0"])).machine(Machine::Q35);
    assert_eq!(q35.seats(), ["sda sata@0:0:0:0", "sdb sata@0:0:0:1"]);
    q35.tells(&[
        "info cdrom-emptied ide1:0: the drive is empty: the medium was in whatever drive the old host has",
        "warn controller-no-equivalent ide0: q35 has no IDE; its disks are on SATA, for which the guest needs ahci, \
         msahci or storahci; check that the guest boots with that driver, or choose with --disk-bus",
    ]);
}

#[test]
fn adapters_that_qemu_has_not() {
    let told = |guest: &str, model: &str| {
        let case = disks(
            guest,
            &format!("scsi0.virtualDev = '{model}'"),
            &slots(&["scsi0:0", "scsi0:1"]),
        );
        let case = case.profile(Profile::Source);
        case.becomes_valid();
        super::told(&case.translate())
    };
    let needs = "its disks are on SATA, for which the guest needs ahci, msahci or storahci; check that the guest boots \
                 with that driver, or choose with --disk-bus";
    for (model, what) in [
        ("lsilogic", "QEMU has no LSI 53C1030"),
        ("BusLogic", "QEMU has no BusLogic adapter"),
        ("", "QEMU has no LSI 53C1030"),
        ("mystery", "\"mystery\" is no SCSI adapter that is known"),
    ] {
        assert_eq!(
            told("rhel9-64", model),
            [format!(
                "warn controller-no-equivalent scsi0: {what}; {needs}"
            )]
        );
    }
    assert_eq!(
        told("winxppro", "buslogic"),
        [
            "warn controller-no-equivalent scsi0: QEMU has no BusLogic adapter; its disks are on IDE, for which the \
             guest needs ata_piix, piix or intelide; check that the guest boots with that driver, or choose with \
             --disk-bus"
        ]
    );
}

#[test]
fn windows_needs_drivers_for_virtio() {
    let case = disks("windows9-64", "", &slots(&["scsi0:0"])).profile(Profile::Virtio);
    case.tells(&[
        "warn windows-storage-driver scsi0:0: virtio for scsi0:0, as asked; Windows stops with 0x7B if viostor and \
         vioscsi are not installed as boot drivers; stage the drivers with guestfix before the first start, or give \
         --profile source",
    ]);
    let mut staged = disks("windows9-64", "", &slots(&["scsi0:0"])).profile(Profile::Virtio);
    staged.evidence.guest = Some(GuestEvidence {
        virtio_blk: Some(true),
        ..GuestEvidence::default()
    });
    staged.tells(&[]);
}

/// libvirt knows NVMe controllers from 11.5 on: `<controller type='nvme'>` with an optional `<serial>`, and targets like
/// `nvme0n1`. The schema of 9.0 has neither, so nobody validates this here.
#[test]
fn nvme_for_a_newer_libvirt() {
    let case = disks(
        "windows11-64",
        "",
        &slots(&["nvme0:0", "nvme0:3", "nvme1:0"]),
    )
    .policy(|policy| policy.libvirt = "11.5".parse().unwrap());
    assert_eq!(
        case.seats(),
        ["nvme0n1 nvme", "nvme0n2 nvme", "nvme1n1 nvme"]
    );
    let xml = case.translate().domain.to_xml().unwrap();
    let controller =
        "<controller type='nvme' index='1'>\n      <serial>nvme1</serial>\n    </controller>";
    assert!(xml.contains(controller), "{xml}");
    let old = disks("windows11-64", "", &slots(&["nvme0:0"]));
    assert_eq!(old.seats(), ["sda sata@0:0:0:0"]);
    old.tells(&[
        "warn controller-no-equivalent nvme0: libvirt 9.0 attaches no disk to NVMe; its disks are on SATA, for which \
         the guest needs ahci, msahci or storahci; check that the guest boots with that driver, or choose with \
         --disk-bus",
    ]);
}

#[test]
fn a_controller_without_drives() {
    let case = disks(
        "rhel9-64",
        "scsi1.present = 'TRUE'\nscsi1.virtualDev = 'pvscsi'",
        &slots(&["scsi0:0"]),
    );
    assert_eq!(
        case.fate("scsi1.present"),
        "ignored: no drive is attached to it"
    );
    assert_eq!(
        case.fate("scsi1.virtualDev"),
        "ignored: no drive is attached to it"
    );
}

#[test]
fn qemu_takes_every_bus() {
    if !libvirt::wanted() {
        return;
    }
    let names = slots(&[
        "scsi0:10", "scsi1:3", "scsi2:0", "sata0:0", "ide0:1", "usb:0",
    ]);
    let lines = "scsi0.virtualDev = 'pvscsi'\nscsi1.virtualDev = 'lsisas1068'\nsata0:1.present = 'TRUE'\n\
                 sata0:1.fileName = 'a.iso'\nfloppy0.fileName = 'boot.flp'\ndisk.EnableUUID = 'TRUE'";
    for machine in [Machine::Pc, Machine::Q35] {
        let case = disks("rhel6-64", lines, &names)
            .profile(Profile::Source)
            .machine(machine)
            .sees_file("a.iso")
            .sees_file("boot.flp")
            .policy(|policy| policy.disk_bus.add("scsi2:0=scsi").unwrap());
        libvirt::start_paused(&case.translate().domain.to_xml().unwrap());
    }
}
