//! What is written of one hard disk.

use super::*;
use crate::policy::{Cache, IoMode, IoTune};

const DISK: &str = "
    scsi0.present = 'TRUE'
    scsi0.virtualDev = 'pvscsi'
    scsi0:0.present = 'TRUE'
    scsi0:0.fileName = 'web01.vmdk'
";

/// A SCSI disk of a guest that boots from virtio, with more lines.
fn disk(lines: &str) -> Case {
    let mut case = case("rhel9-64", &format!("{DISK}{lines}")).sees_disk("web01.vmdk");
    case.evidence.guest = Some(GuestEvidence {
        virtio_blk: Some(true),
        ..GuestEvidence::default()
    });
    case
}

/// The same on pvscsi.
fn scsi_disk(lines: &str) -> Case {
    disk(lines).profile(Profile::Source)
}

#[test]
fn a_disk_on_virtio() {
    let case = disk("");
    case.becomes(
        "<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/web01.qcow2'/>
           <target dev='vda' bus='virtio'/>
           <boot order='1'/>
         </disk>",
        &[],
    );
    assert_eq!(case.fate("scsi0.present"), "/domain/devices/disk[1]");
    assert_eq!(
        case.fate("scsi0.virtualDev"),
        "/domain/devices/disk[1]/target/@bus"
    );
    assert_eq!(case.fate("scsi0:0.present"), "/domain/devices/disk[1]");
    assert_eq!(
        case.fate("scsi0:0.fileName"),
        "/domain/devices/disk[1]/source/@file"
    );
    let links = case.translate().disks;
    let link = links.first().unwrap();
    assert_eq!(
        (link.slot.as_str(), link.target.as_str()),
        ("scsi0:0", "vda")
    );
    assert_eq!(link.found.as_deref(), Some("/vm/web01.vmdk"));
    assert_eq!(link.virtual_size, Some(1 << 20));
}

#[test]
fn a_disk_on_the_adapter_of_the_source() {
    let case = scsi_disk("");
    case.becomes(
        "<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/web01.qcow2'/>
           <target dev='sda' bus='scsi'/>
           <boot order='1'/>
           <address type='drive' controller='0' bus='0' target='0' unit='0'/>
         </disk>
         <controller type='scsi' index='0' model='vmpvscsi'/>",
        &[],
    );
    assert_eq!(case.fate("scsi0.present"), "/domain/devices/controller[1]");
    assert_eq!(
        case.fate("scsi0.virtualDev"),
        "/domain/devices/controller[1]/@model"
    );
}

#[test]
fn an_old_guest_gets_transitional_virtio() {
    let mut case = case("rhel5-64", DISK).sees_disk("web01.vmdk");
    case.evidence.guest = disk("").evidence.guest;
    case.becomes(
        "<disk type='file' device='disk' model='virtio-transitional'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/web01.qcow2'/>
           <target dev='vda' bus='virtio'/>
           <boot order='1'/>
         </disk>",
        &[],
    );
    let scsi = case.policy(|policy| policy.disk_bus.add("scsi").unwrap());
    scsi.becomes(
        "<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/web01.qcow2'/>
           <target dev='sda' bus='scsi'/>
           <boot order='1'/>
           <address type='drive' controller='0' bus='0' target='0' unit='0'/>
         </disk>
         <controller type='scsi' index='0' model='virtio-transitional'/>",
        &[],
    );
}

#[test]
fn a_shared_disk_is_raw_whatever_was_asked() {
    let shared = "<disk type='file' device='disk'>
           <driver name='qemu' type='raw' cache='none'/>
           <source file='/var/lib/libvirt/images/web01.raw'/>
           <target dev='vda' bus='virtio'/>
           <shareable/>
           <boot order='1'/>
         </disk>";
    let told = [
        "warn disk-shared scsi0:0: several VMs write to it, so it is shareable, raw and without a cache; convert it \
         once, to raw, and move all VMs that use it together",
    ];
    let by_disk = disk("scsi0:0.sharing = 'multi-writer'\nscsi0:0.writeThrough = 'TRUE'");
    by_disk.becomes(shared, &told);
    assert_eq!(
        by_disk.fate("scsi0:0.sharing"),
        "/domain/devices/disk[1]/shareable"
    );
    assert_eq!(
        by_disk.fate("scsi0:0.writeThrough"),
        "/domain/devices/disk[1]/driver/@cache: a shared disk has no cache at all"
    );
    let by_bus = disk("scsi0.sharedBus = 'physical'")
        .policy(|policy| policy.tuning.cache = Some(Cache::Unsafe));
    by_bus.becomes(shared, &told);
    assert_eq!(
        by_bus.fate("scsi0.sharedBus"),
        "/domain/devices/disk[1]/shareable"
    );
    let own = disk("scsi0.sharedBus = 'none'\nscsi0:0.sharing = 'none'");
    own.tells(&[]);
    assert_eq!(
        own.fate("scsi0.sharedBus"),
        "ignored: nobody else uses its disks"
    );
    assert_eq!(
        own.fate("scsi0:0.sharing"),
        "ignored: nobody else writes to it"
    );
}

#[test]
fn modes() {
    let persistent = disk("scsi0:0.mode = 'persistent'");
    persistent.tells(&[]);
    assert_eq!(
        persistent.fate("scsi0:0.mode"),
        "/domain/devices/disk[1]: changes stay, as always"
    );
    assert_eq!(
        disk("scsi0:0.mode = ''").fate("scsi0:0.mode"),
        "ignored: empty, which means the default"
    );
    disk("scsi0:0.mode = 'independent-persistent'").tells(&[
        "info disk-mode-independent scsi0:0: an independent disk: VMware's snapshots left it out, those of KVM take it \
         along",
    ]);
    disk("scsi0:0.mode = 'undoable'").tells(&[
        "warn disk-mode-independent scsi0:0: mode \"undoable\" asked at power-off what becomes of the changes; on KVM \
         they stay; add <transient/> if they are to be lost",
    ]);
    for mode in ["nonpersistent", "Independent-Nonpersistent"] {
        let lost = disk(&format!("scsi0:0.mode = '{mode}'"));
        lost.becomes(
            "<disk type='file' device='disk'>
               <driver name='qemu' type='qcow2' discard='unmap'/>
               <source file='/var/lib/libvirt/images/web01.qcow2'/>
               <target dev='vda' bus='virtio'/>
               <transient/>
               <boot order='1'/>
             </disk>",
            &[
                "warn disk-mode-independent scsi0:0: changes are lost at power-off; libvirt can't migrate or snapshot a \
                 VM with such a disk; remove <transient/> if changes are to stay",
            ],
        );
        assert_eq!(
            lost.fate("scsi0:0.mode"),
            "/domain/devices/disk[1]/transient"
        );
    }
}

#[test]
fn a_device_can_not_be_transient() {
    let case = disk("scsi0:0.mode = 'nonpersistent'").policy(|policy| {
        policy
            .disks
            .map
            .push("web01.vmdk=/dev/vg0/web01".parse().unwrap())
    });
    case.becomes(
        "<disk type='block' device='disk'>
           <driver name='qemu' type='raw'/>
           <source dev='/dev/vg0/web01'/>
           <target dev='vda' bus='virtio'/>
           <boot order='1'/>
         </disk>",
        &[
            "warn disk-mode-independent scsi0:0: changes were lost at power-off; on KVM they stay, because the disk is \
             shared or a device; protect the data that must not change",
        ],
    );
    assert_eq!(
        case.fate("scsi0:0.fileName"),
        "/domain/devices/disk[1]/source/@dev"
    );
}

#[test]
fn cache_and_io_are_the_callers_before_the_sources() {
    let driver = |case: &Case| {
        let disks = case.translate().domain.devices.unwrap().disks;
        let driver = disks.first().unwrap().driver.clone().unwrap();
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        (
            text(driver.cache.map(String::from)),
            text(driver.io.map(String::from)),
        )
    };
    let through = disk("scsi0:0.writeThrough = 'TRUE'");
    assert_eq!(
        driver(&through),
        ("writethrough".to_owned(), "-".to_owned())
    );
    assert_eq!(
        through.fate("scsi0:0.writeThrough"),
        "/domain/devices/disk[1]/driver/@cache"
    );
    let asked = through.policy(|policy| {
        policy.tuning.cache = Some(Cache::None);
        policy.tuning.io = Some(IoMode::Native);
    });
    assert_eq!(driver(&asked), ("none".to_owned(), "native".to_owned()));
    assert_eq!(
        asked.fate("scsi0:0.writeThrough"),
        "/domain/devices/disk[1]/driver/@cache: --cache says it for all disks"
    );
    assert_eq!(
        driver(&disk("scsi0:0.writeThrough = 'FALSE'")),
        ("-".to_owned(), "-".to_owned())
    );
}

#[test]
fn limits() {
    let capped = disk("sched.scsi0:0.throughputCap = '1500'\nsched.scsi0:0.bandwidthCap = '2048'");
    capped.becomes(
        "<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/web01.qcow2'/>
           <target dev='vda' bus='virtio'/>
           <iotune>
             <total_bytes_sec>2097152</total_bytes_sec>
             <total_iops_sec>1500</total_iops_sec>
           </iotune>
           <boot order='1'/>
         </disk>",
        &[],
    );
    assert_eq!(
        capped.fate("sched.scsi0:0.throughputCap"),
        "/domain/devices/disk[1]/iotune/total_iops_sec"
    );
    let asked = capped.policy(|policy| {
        let mut tune = IoTune::default();
        tune.set("read_iops_sec", 10).unwrap();
        policy.tuning.iotune_of.push(("scsi0:0".to_owned(), tune));
    });
    assert!(
        asked
            .translate()
            .domain
            .to_xml()
            .unwrap()
            .contains("<iotune>\n        <read_iops_sec>10</")
    );
    assert_eq!(
        asked.fate("sched.scsi0:0.throughputCap"),
        "ignored: --iotune says the limits"
    );
    for none in ["off", "-1", "0", "9999999999999999"] {
        let case = disk(&format!("sched.scsi0:0.throughputCap = '{none}'"));
        assert_eq!(
            case.fate("sched.scsi0:0.throughputCap"),
            "ignored: no limit",
            "{none}"
        );
    }
}

#[test]
fn shares_are_of_a_vm_on_kvm() {
    let normal = disk("sched.scsi0:0.shares = 'normal'");
    normal.tells(&[]);
    assert_eq!(
        normal.fate("sched.scsi0:0.shares"),
        "ignored: as much as everyone has"
    );
    disk("sched.scsi0:0.shares = 'high'").tells(&[
        "info disk-limits scsi0:0: \"high\" shares of the datastore's I/O; on KVM a whole VM has a weight; \
         --blkio-weight",
    ]);
}

#[test]
fn a_solid_state_disk_has_no_rotation() {
    let ssd = "scsi0:0.virtualSSD = 1";
    let scsi = scsi_disk(ssd);
    assert!(
        scsi.translate()
            .domain
            .to_xml()
            .unwrap()
            .contains("<target dev='sda' bus='scsi' rotation_rate='1'/>")
    );
    assert_eq!(
        scsi.fate("scsi0:0.virtualSSD"),
        "/domain/devices/disk[1]/target/@rotation_rate"
    );
    assert_eq!(
        disk(ssd).fate("scsi0:0.virtualSSD"),
        "ignored: a disk on virtio-blk has no rotation rate"
    );
}

#[test]
fn a_disk_that_was_read_only() {
    let case = disk("scsi0:0.readonly = 'TRUE'");
    assert_eq!(
        case.fate("scsi0:0.readonly"),
        "/domain/devices/disk[1]/readonly"
    );
    case.policy(|policy| policy.disk_bus.add("sata").unwrap()).tells(&[
        "warn setting-not-carried scsi0:0: the disk was read-only, which QEMU has no ATA disks for; the guest can \
         write; attach it to another bus with --disk-bus",
    ]);
}

#[test]
fn serial_numbers_are_those_of_the_images() {
    let uuid = "60 00 C2 9a 1b 2c 3d 4e-5f 60 71 82 93 a4 b5 c6";
    let file = FileEvidence::Disk(DiskEvidence {
        uuid: Some(uuid.to_owned()),
        ..found("web01.vmdk")
    });
    let serial = |case: &Case| {
        let disks = case.translate().domain.devices.unwrap().disks;
        disks.first().unwrap().serial.clone()
    };
    let enable = "disk.EnableUUID = 'TRUE'";
    let scsi = scsi_disk(enable).sees("web01.vmdk", file.clone());
    assert_eq!(
        serial(&scsi).as_deref(),
        Some("6000c29a1b2c3d4e5f60718293a4b5c6")
    );
    assert_eq!(
        scsi.fate("disk.EnableUUID"),
        "/domain/devices/disk[1]/serial"
    );
    scsi.tells(&[]);
    let virtio = disk(enable).sees("web01.vmdk", file.clone());
    assert_eq!(serial(&virtio).as_deref(), Some("6000c29a1b2c3d4e5f60"));
    virtio.tells(&[
        "warn disk-serial-cut disk.EnableUUID: the serial numbers of scsi0:0 have more than the 20 characters that \
         there is room for; use --disk-bus scsi if the guest names disks by serial number",
    ]);
    let unknown = disk(enable);
    assert_eq!(serial(&unknown), None);
    assert_eq!(
        unknown.fate("disk.EnableUUID"),
        "not-carried: no serial number of a disk is known"
    );
    unknown.tells(&[
        "warn disk-serial-unknown disk.EnableUUID: the guest was shown serial numbers, and those of scsi0:0 are not \
         known; run it where the disks are, or add <serial> by hand",
    ]);
    let off = disk("disk.EnableUUID = 'FALSE'").sees("web01.vmdk", file);
    assert_eq!(serial(&off), None);
    assert_eq!(
        off.fate("disk.EnableUUID"),
        "ignored: the guest saw no serial numbers"
    );
}

#[test]
fn lsisas_disks_have_a_wwn() {
    let lines = "
        uuid.bios = '56 4d c7 7b 93 e5 fb d8-db ad 00 11 22 33 44 55'
        scsi0.present = 'TRUE'
        scsi0.virtualDev = 'lsisas1068'
        scsi0:0.present = 'TRUE'
        scsi0:0.fileName = 'a.vmdk'
        scsi0:1.present = 'TRUE'
        scsi0:1.fileName = 'b.vmdk'
    ";
    let case = case("rhel6-64", lines)
        .profile(Profile::Source)
        .sees_disk("a.vmdk")
        .sees_disk("b.vmdk");
    case.becomes(
        "<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/a.qcow2'/>
           <target dev='sda' bus='scsi'/>
           <wwn>5000c29e43c4bf0d</wwn>
           <boot order='1'/>
           <address type='drive' controller='0' bus='0' target='0' unit='0'/>
         </disk>
         <disk type='file' device='disk'>
           <driver name='qemu' type='qcow2' discard='unmap'/>
           <source file='/var/lib/libvirt/images/b.qcow2'/>
           <target dev='sdb' bus='scsi'/>
           <wwn>5000c29e43c4cf0d</wwn>
           <address type='drive' controller='0' bus='0' target='1' unit='0'/>
         </disk>
         <controller type='scsi' index='0' model='lsisas1068'/>",
        &[
            "warn disk-bus-unproven 2 disks: QEMU's lsisas1068 for scsi0:0 and scsi0:1; the disks got a WWN, without \
             which Linux ignores them, but libvirt gives the ports none; start the guest once before relying on it, or \
             choose another bus with --disk-bus",
        ],
    );
}

#[test]
fn threads_are_given_in_turn() {
    let lines: String = (0..3)
        .map(|unit| {
            format!("scsi0:{unit}.present = 'TRUE'\nscsi0:{unit}.fileName = 'd{unit}.vmdk'\n")
        })
        .collect();
    let case = case("rhel9-64", &lines).policy(|policy| {
        policy.tuning.io_threads = Some(2);
        policy.disk_bus.add("virtio").unwrap();
        policy.disk_bus.add("scsi0:2=scsi").unwrap();
    });
    let domain = case.translate().domain;
    assert_eq!(domain.iothreads, Some(2));
    let devices = domain.devices.unwrap();
    let threads: Vec<_> = devices
        .disks
        .iter()
        .map(|disk| disk.driver.as_ref().unwrap().iothread)
        .collect();
    assert_eq!(threads, [Some(2), Some(1), None]);
    let scsi = devices.controllers.first().unwrap();
    assert_eq!(scsi.driver.as_ref().unwrap().iothread, Some(1));
    if libvirt::wanted() {
        libvirt::qemu_define(&case.translate().domain.to_xml().unwrap());
    }
}

#[test]
fn keys_that_say_nothing_and_keys_that_nobody_knows() {
    let case = disk(
        "scsi0:0.redo = ''\nscsi0:0.startConnected = 'TRUE'\nscsi0:0.hostBuffering = 'FALSE'\n\
         scsi0:0.deviceType = 'scsi-hardDisk'\nscsi0:0.newKey = 'x'\nscsi0.newKey = 'x'",
    );
    assert_eq!(
        case.fate("scsi0:0.redo"),
        "ignored: empty, which means the default"
    );
    assert_eq!(
        case.fate("scsi0:0.startConnected"),
        "ignored: the drive is connected"
    );
    assert_eq!(
        case.fate("scsi0:0.hostBuffering"),
        "ignored: how VMware caches on the old host"
    );
    assert_eq!(
        case.fate("scsi0:0.deviceType"),
        "/domain/devices/disk[1]/@device"
    );
    assert_eq!(
        case.fate("scsi0:0.newKey"),
        "unknown: in no table of known keys"
    );
    assert_eq!(
        case.fate("scsi0.newKey"),
        "unknown: in no table of known keys"
    );
}
