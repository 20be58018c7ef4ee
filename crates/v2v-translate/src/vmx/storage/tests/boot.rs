//! What the domain starts from.

use super::*;

const DRIVES: &str = "
    scsi0.virtualDev = 'pvscsi'
    scsi0:0.present = 'TRUE'
    scsi0:0.fileName = 'a.vmdk'
    scsi0:1.present = 'TRUE'
    scsi0:1.fileName = 'b.vmdk'
    sata0:0.present = 'TRUE'
    sata0:0.deviceType = 'cdrom-raw'
    sata0:0.fileName = 'emptyBackingString'
    floppy0.fileName = 'boot.flp'
    ethernet0.present = 'TRUE'
    ethernet0.addressType = 'static'
    ethernet0.address = '00:50:56:00:00:01'
    ethernet2.present = 'TRUE'
    ethernet2.addressType = 'static'
    ethernet2.address = '00:50:56:00:00:02'
";

/// Disks sda and sdb, CD-ROM sdc, floppy fda, two cards.
fn machine(lines: &str) -> Case {
    let case = case("rhel9-64", &format!("{DRIVES}{lines}")).profile(Profile::Source);
    case.sees_disk("a.vmdk")
        .sees_disk("b.vmdk")
        .sees_file("boot.flp")
}

/// The boot order as it is reported, which is that of the XML.
#[track_caller]
fn order(case: &Case) -> Vec<String> {
    let translation = case.translate();
    let devices = translation.domain.devices.unwrap();
    let disks = devices
        .disks
        .iter()
        .map(|disk| (disk.boot.as_ref(), disk.target_dev().unwrap().to_owned()));
    let cards = devices.interfaces.iter().map(|card| {
        (
            card.boot.as_ref(),
            card.mac.as_ref().unwrap().address.unwrap().to_string(),
        )
    });
    let mut written: Vec<_> = disks
        .chain(cards)
        .filter_map(|(boot, name)| Some((boot?.order, name)))
        .collect();
    written.sort();
    let numbers: Vec<u32> = written.iter().map(|(number, _)| *number).collect();
    let expected: Vec<u32> = (1..).take(written.len()).collect();
    assert_eq!(numbers, expected);
    let names: Vec<String> = written.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, translation.boot.order);
    case.becomes_valid();
    names
}

const NIC0: &str = "00:50:56:00:00:01";
const NIC2: &str = "00:50:56:00:00:02";

#[test]
fn without_a_word_the_first_disk() {
    assert_eq!(order(&machine("")), ["sda"]);
}

#[test]
fn listed_devices_come_first() {
    let case = machine("bios.bootOrder = 'ethernet2,cdrom,hdd'");
    assert_eq!(order(&case), [NIC2, "sdc", "sda", "sdb", "fda", NIC0]);
    assert_eq!(
        case.fate("bios.bootOrder"),
        "/domain/devices/interface[2]/boot"
    );
    case.tells(&[]);
    let one = machine("bios.bootOrder = 'scsi0:1,scsi0:1,floppy'");
    assert_eq!(order(&one), ["sdb", "fda", "sda", "sdc", NIC0, NIC2]);
}

#[test]
fn allowed_devices_and_no_others() {
    let case = machine("bios.bootOrder = 'allow:net,hd'");
    assert_eq!(order(&case), [NIC0, NIC2, "sda", "sdb"]);
    let classes =
        machine("bios.bootOrder = 'ethernet0,cdrom,hdd'\nbios.bootDeviceClasses = 'allow:hd,cd'");
    assert_eq!(order(&classes), ["sdc", "sda", "sdb"]);
    assert_eq!(
        classes.fate("bios.bootDeviceClasses"),
        "/domain/devices/disk[3]/boot"
    );
}

#[test]
fn all_but_the_denied() {
    assert_eq!(
        order(&machine("bios.bootOrder = 'deny:net,floppy'")),
        ["sda", "sdb", "sdc"]
    );
    let nothing = machine("bios.bootOrder = 'deny:net,floppy,cd,hd'");
    assert_eq!(order(&nothing), ["sda"]);
    nothing.tells(&[
        "warn setting-not-carried boot order: the boot order leaves nothing to start from; the first disk or medium is \
         taken; check what the VM is to start from",
    ]);
    assert_eq!(
        nothing.fate("bios.bootOrder"),
        "not-carried: nothing that it names is there to start from"
    );
}

#[test]
fn names_that_are_no_devices_of_the_vm() {
    let case =
        machine("bios.bootOrder = 'zip,ethernet1,scsi2:0,hdd'\nbios.hddOrder = 'scsi0:1,ide0:0'");
    assert_eq!(order(&case), ["sda", "sdb", "fda", "sdc", NIC0, NIC2]);
    case.tells(&[
        "warn setting-not-carried boot order: zip, ethernet1 and scsi2:0 in the boot order, but not in the VM; check \
         what the VM is to start from",
        "warn setting-not-carried bios.hddOrder: ide0:0 in the order of disks, but no hard disk of the VM; check which \
         disk the VM is to start from",
    ]);
}

#[test]
fn the_disk_with_boot_code_goes_first() {
    let bootable = |name: &str, bootable: bool| {
        FileEvidence::Disk(DiskEvidence {
            bootable: Some(bootable),
            ..found(name)
        })
    };
    let late = machine("")
        .sees("a.vmdk", bootable("a.vmdk", false))
        .sees("b.vmdk", bootable("b.vmdk", true));
    assert_eq!(order(&late), ["sdb"]);
    late.tells(&[
        "warn boot-disk-not-first scsi0:1: it carries boot code, and scsi0:0 carries none; it goes first among the \
         disks; check that this is the disk the VM boots from",
    ]);
    let both = machine("")
        .sees("a.vmdk", bootable("a.vmdk", true))
        .sees("b.vmdk", bootable("b.vmdk", true));
    assert_eq!(order(&both), ["sda"]);
    let unknown = machine("").sees("b.vmdk", bootable("b.vmdk", true));
    assert_eq!(order(&unknown), ["sda"]);
    // The source's own order counts for more.
    let ordered = machine("bios.hddOrder = 'scsi0:0'").sees("a.vmdk", bootable("a.vmdk", false));
    let ordered = ordered.sees("b.vmdk", bootable("b.vmdk", true));
    assert_eq!(order(&ordered), ["sda"]);
}

#[test]
fn without_a_disk_the_first_medium() {
    let lines = "
        sata0:0.present = 'TRUE'
        sata0:0.deviceType = 'cdrom-raw'
        sata0:0.fileName = 'emptyBackingString'
        sata0:1.present = 'TRUE'
        sata0:1.fileName = 'live.iso'
        floppy0.fileName = 'boot.flp'
    ";
    // VMware tries floppies before CD-ROMs.
    let both = case("other", lines)
        .sees_file("live.iso")
        .sees_file("boot.flp");
    assert_eq!(order(&both), ["fda"]);
    let live = case("other", lines).sees_file("live.iso");
    assert_eq!(order(&live), ["sdb"]);
    assert_eq!(
        told(&live.translate()).last().unwrap(),
        "warn no-disk disks: the VM has no hard disk; it starts from its CD-ROM; check that the VM never had one, or \
         add it"
    );
    let nothing = case("other", "");
    assert!(order(&nothing).is_empty());
    nothing.tells(&[
        "warn no-disk disks: the VM has no hard disk; there is nothing to start from; check that the VM never had one, \
         or add it",
    ]);
}

#[test]
fn time_to_press_a_key() {
    let xml = |case: &Case| {
        case.becomes_valid();
        case.translate().domain.to_xml().unwrap()
    };
    let case = machine("bios.bootDelay = '3000'");
    assert!(xml(&case).contains("<bootmenu enable='yes' timeout='3000'/>"));
    assert_eq!(case.fate("bios.bootDelay"), "/domain/os/bootmenu/@timeout");
    let long = machine("bios.bootDelay = '100000'");
    assert!(xml(&long).contains("timeout='65535'"));
    assert_eq!(
        long.fate("bios.bootDelay"),
        "/domain/os/bootmenu/@timeout: libvirt's longest delay is 65535 ms"
    );
    assert_eq!(
        machine("bios.bootDelay = '0'").fate("bios.bootDelay"),
        "ignored: no delay"
    );
    assert_eq!(
        machine("bios.bootDelay = ''").fate("bios.bootDelay"),
        "ignored: empty, which means the default"
    );
}

#[test]
fn a_start_that_is_tried_again() {
    let lines = "bios.bootRetry.enabled = 'TRUE'\nbios.bootRetry.delay = '5000'";
    let bios = machine(lines);
    assert!(
        bios.translate()
            .domain
            .to_xml()
            .unwrap()
            .contains("<bios rebootTimeout='5000'/>")
    );
    bios.becomes_valid();
    assert_eq!(
        bios.fate("bios.bootRetry.delay"),
        "/domain/os/bios/@rebootTimeout"
    );
    let efi = machine(&format!("{lines}\nfirmware = 'efi'"));
    efi.tells(&["info setting-not-carried boot order: a failed start was tried again, which OVMF does not do"]);
    let off = machine("bios.bootRetry.enabled = 'FALSE'");
    assert_eq!(off.fate("bios.bootRetry.enabled"), "ignored: the default");
}
