//! CD-ROM and floppy drives.

use super::*;

/// A disk and a CD-ROM drive at `sata0:1` with `lines`.
fn cdrom(lines: &str) -> Case {
    let disk =
        "sata0:0.present = 'TRUE'\nsata0:0.fileName = 'web01.vmdk'\nsata0:1.present = 'TRUE'";
    case("rhel9-64", &format!("{disk}\n{lines}"))
        .profile(Profile::Source)
        .sees_disk("web01.vmdk")
}

/// Path of the medium in the drive.
fn medium(case: &Case) -> Option<String> {
    let disks = case.translate().domain.devices.unwrap().disks;
    disks.get(1).unwrap().source.path().map(str::to_owned)
}

#[test]
fn a_cdrom_with_its_image() {
    let case = cdrom("sata0:1.deviceType = 'cdrom-image'\nsata0:1.fileName = 'debian.iso'")
        .sees_file("debian.iso");
    case.becomes(
        "<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/web01.qcow2'/>
           <target dev='sda' bus='sata'/>
           <boot order='1'/>
           <address type='drive' controller='0' bus='0' target='0' unit='0'/>
         </disk>
         <disk type='file' device='cdrom'>
           <driver name='qemu' type='raw'/>
           <source file='/vm/debian.iso'/>
           <target dev='sdb' bus='sata'/>
           <readonly/>
           <address type='drive' controller='0' bus='0' target='0' unit='1'/>
         </disk>
         <controller type='sata' index='0'/>",
        &[],
    );
    assert_eq!(case.fate("sata0:1.present"), "/domain/devices/disk[2]");
    assert_eq!(
        case.fate("sata0:1.deviceType"),
        "/domain/devices/disk[2]/@device"
    );
    assert_eq!(
        case.fate("sata0:1.fileName"),
        "/domain/devices/disk[2]/source/@file"
    );
}

#[test]
fn a_cdrom_of_any_bus_is_kept() {
    let lines = "
        scsi0:6.present = 'TRUE'
        scsi0:6.deviceType = 'cdrom-image'
        scsi0:6.fileName = 'a.iso'
        ide0:0.present = 'TRUE'
        ide0:0.deviceType = 'ATAPI-CDROM'
        ide0:0.fileName = '/dev/sr0'
        usb:2.present = 'TRUE'
        usb:2.fileName = 'b.iso'
    ";
    let seats = case("rhel9-64", lines).sees_file("a.iso").seats();
    assert_eq!(
        seats,
        ["sda sata@0:0:0:0", "sdb sata@0:0:0:1", "sdc sata@0:0:0:2"]
    );
    let pc = case("rhel9-64", lines).machine(Machine::Pc);
    assert_eq!(
        pc.seats(),
        ["hda ide@0:0:0:1", "hdb ide@0:0:0:0", "hdc ide@0:1:0:0"]
    );
    pc.becomes_valid();
}

#[test]
fn why_a_drive_is_empty() {
    let image = "sata0:1.deviceType = 'cdrom-image'\nsata0:1.fileName = 'debian.iso'";
    let looked = vec!["/vm/debian.iso".to_owned()];
    let path = "/iso/debian.iso".to_owned();
    for (case, why) in [
        (
            cdrom("sata0:1.fileName = 'auto detect'"),
            "the medium was in whatever drive the old host has",
        ),
        (
            cdrom("sata0:1.deviceType = 'cdrom-raw'\nsata0:1.fileName = 'D:'"),
            "\"D:\" is a drive of the old host",
        ),
        (
            cdrom(&format!("{image}\nsata0:1.clientDevice = 'TRUE'")),
            "the medium was in a drive of whoever looks at the console",
        ),
        (
            cdrom("sata0:1.fileName = '/usr/lib/vmware/isoimages/linux.iso'"),
            "\"/usr/lib/vmware/isoimages/linux.iso\" has VMware's tools",
        ),
        (
            cdrom(image).sees("debian.iso", FileEvidence::Missing { looked }),
            "\"debian.iso\" is not there",
        ),
        (
            cdrom(image).sees("debian.iso", FileEvidence::Outside { path }),
            "\"debian.iso\" lies outside of the configuration's directory",
        ),
        (
            cdrom(image).sees_disk("debian.iso"),
            "\"debian.iso\" is an image of a hard disk",
        ),
        (cdrom(image), "nobody looked for \"debian.iso\""),
        (
            cdrom(&format!("{image}\nsata0:1.startConnected = 'FALSE'")).sees_file("debian.iso"),
            "\"debian.iso\" was not connected at the start",
        ),
    ] {
        case.tells(&[&format!(
            "info cdrom-emptied sata0:1: the drive is empty: {why}"
        )]);
        assert_eq!(case.fate("sata0:1.fileName"), format!("not-carried: {why}"));
        assert_eq!(medium(&case), None);
    }
    let error = "it is a directory".to_owned();
    let path = "/vm/debian.iso".to_owned();
    cdrom(image)
        .sees("debian.iso", FileEvidence::Broken { path, error })
        .tells(&["info cdrom-emptied sata0:1: the drive is empty: \"debian.iso\" can't be read: it is a directory"]);
    for name in ["", "emptyBackingString"] {
        let case = cdrom(&format!(
            "sata0:1.deviceType = 'cdrom-raw'\nsata0:1.clientDevice = 'TRUE'\nsata0:1.fileName = '{name}'"
        ));
        case.tells(&[]);
        assert_eq!(case.fate("sata0:1.fileName"), "ignored: the drive is empty");
    }
}

#[test]
fn an_image_where_the_map_says() {
    let case = cdrom("sata0:1.fileName = '/vmfs/volumes/iso/debian.iso'").policy(|policy| {
        policy
            .disks
            .map
            .push("/vmfs/volumes/iso=/srv/iso".parse().unwrap())
    });
    case.tells(&[]);
    assert_eq!(medium(&case).as_deref(), Some("/srv/iso/debian.iso"));
}

#[test]
fn keys_of_a_cdrom() {
    let case = cdrom(
        "sata0:1.deviceType = 'cdrom-raw'\nsata0:1.fileName = 'auto detect'\nsata0:1.autodetect = 'TRUE'\n\
         sata0:1.allowGuestConnectionControl = 'TRUE'\nsata0:1.connectionStatus = '4'\nsata0:1.redo = ''\n\
         sata0:1.mode = 'persistent'\nsata0:1.startConnected = 'FALSE'\nsata0:1.newKey = 'x'",
    );
    for (key, fate) in [
        ("autodetect", "ignored: the drive of the old host"),
        (
            "allowGuestConnectionControl",
            "ignored: whether VMware Tools may disconnect the drive",
        ),
        ("connectionStatus", "ignored: how the last run ended"),
        ("redo", "ignored: empty, which means the default"),
        ("mode", "ignored: means nothing for a CD-ROM"),
        ("newKey", "unknown: in no table of known keys"),
    ] {
        assert_eq!(case.fate(&format!("sata0:1.{key}")), fate);
    }
}

#[test]
fn a_drive_that_nobody_can_tell_what_it_is() {
    let case = cdrom("");
    case.tells(&[
        "warn setting-not-carried sata0:1: neither deviceType nor fileName says what it is; left out; add a drive by \
         hand if the guest needs one",
    ]);
    assert_eq!(
        case.fate("sata0:1.present"),
        "not-carried: a device that nobody can tell what it is"
    );
}

#[test]
fn a_floppy_with_its_image() {
    let lines =
        "floppy0.fileType = 'file'\nfloppy0.fileName = 'boot.flp'\nfloppy0.startConnected = 'TRUE'";
    for machine in [Machine::Q35, Machine::Pc] {
        let case = case("rhel9-64", lines)
            .machine(machine)
            .sees_file("boot.flp");
        case.becomes(
            "<disk type='file' device='floppy'>
               <driver name='qemu' type='raw'/>
               <source file='/vm/boot.flp'/>
               <target dev='fda' bus='fdc'/>
               <boot order='1'/>
             </disk>",
            &[
                "warn no-disk disks: the VM has no hard disk; it starts from its floppy; check that the VM never had \
                 one, or add it",
            ],
        );
        assert_eq!(
            case.fate("floppy0.fileType"),
            "/domain/devices/disk[1]/@device"
        );
        assert_eq!(
            case.fate("floppy0.fileName"),
            "/domain/devices/disk[1]/source/@file"
        );
    }
    let second = lines.replace("floppy0", "floppy1");
    let case = case("rhel9-64", &second).sees_file("boot.flp");
    assert!(
        case.translate()
            .domain
            .to_xml()
            .unwrap()
            .contains("<target dev='fdb' bus='fdc'/>")
    );
}

#[test]
fn floppies_without_an_image_are_left_out() {
    for (lines, why) in [
        (
            "floppy0.fileName = '/dev/fd0'",
            "\"/dev/fd0\" is a drive of the old host",
        ),
        (
            "floppy0.present = 'TRUE'\nfloppy0.clientDevice = 'TRUE'\nfloppy0.fileName = 'vmware-null-remote-floppy'",
            "the medium was in a drive of whoever looks at the console",
        ),
        (
            "floppy0.fileName = 'boot.flp'",
            "nobody looked for \"boot.flp\"",
        ),
        (
            "floppy0.present = 'TRUE'\nfloppy0.fileName = ''",
            "it has no image",
        ),
        (
            "floppy2.fileName = 'boot.flp'",
            "a PC has two floppy drives",
        ),
    ] {
        let case = cdrom(&format!("sata0:1.fileName = 'emptyBackingString'\n{lines}"));
        let slot = lines.split('.').next().unwrap();
        case.tells(&[&format!(
            "info floppy-dropped {slot}: the drive is left out: {why}"
        )]);
        assert_eq!(
            case.fate(&format!("{slot}.fileName")),
            format!("not-carried: {why}")
        );
    }
    // The drive that every VM has goes without a word.
    let default =
        cdrom("sata0:1.fileName = 'emptyBackingString'\nfloppy0.startConnected = 'FALSE'");
    default.tells(&[]);
    assert_eq!(
        default.fate("floppy0.startConnected"),
        "ignored: an empty floppy drive"
    );
}

#[test]
fn files_that_the_caller_should_look_for() {
    let lines = "
        scsi0:0.present = 'TRUE'
        scsi0:0.fileName = 'web01-000002.vmdk'
        scsi0:1.present = 'FALSE'
        scsi0:1.fileName = 'gone.vmdk'
        scsi0:2.present = 'TRUE'
        scsi0:2.deviceType = 'rawDisk'
        scsi0:2.fileName = '/dev/sdb'
        sata0:0.present = 'TRUE'
        sata0:0.fileName = 'C:\\ISO\\debian.iso'
        sata0:1.present = 'TRUE'
        sata0:1.deviceType = 'cdrom-raw'
        sata0:1.fileName = 'auto detect'
        sata0:2.present = 'TRUE'
        sata0:2.fileName = 'C:\\ISO\\debian.iso'
        floppy0.fileName = 'boot.flp'
    ";
    let document = case("other", lines).document();
    assert_eq!(
        crate::wanted_files(&document),
        ["web01-000002.vmdk", "C:\\ISO\\debian.iso", "boot.flp"]
    );
}
