//! What the keys mean.

use v2v_vmx::{
    Absence, AddressType, Affinity, BlockKind, BootDevice, Bus, ConnectionType, DiskMode, EndPoint,
    FirmwareKind, Limit, Medium, NoMedium, Presence, SerialType, SharedBus, Shares, Sharing, Vm,
};

use crate::{parse, vm};

/// The problems as `key: found, expected`.
fn value_problems(text: &str) -> Vec<String> {
    let document = parse(text);
    let vm = Vm::new(&document);
    let problems = vm.problems.iter();
    problems
        .map(|problem| {
            let key = document.entry(problem.id).unwrap().key();
            format!("{key}: {}, expected {}", problem.found, problem.expected)
        })
        .collect()
}

#[test]
fn identity() {
    let vm = vm("displayName = \"web%2f01\"\nannotation = \"a|0Ab\"\n\
        uuid.bios = \"56 4d c7 7b 93 e5 fb d8-db ad 69 70 d4 b7 34 dd\"\n\
        uuid.location = \"564dc77b-93e5-fbd8-dbad-6970d4b734dd\"\nvc.uuid = \"\"\n\
        vm.genid = \"-802103094701856339\"\nvm.genidX = \"-5104727847056752683\"\n");
    assert_eq!(vm.identity.name().as_deref(), Some("web/01"));
    assert_eq!(vm.identity.annotation.unwrap().value, "a\nb");
    let uuid = vm.identity.uuid_bios.unwrap().value;
    assert_eq!(uuid.to_string(), "564dc77b-93e5-fbd8-dbad-6970d4b734dd");
    assert_eq!(vm.identity.uuid_location.unwrap().value, uuid);
    assert_eq!(vm.identity.vc_uuid, None);
    assert_eq!(vm.identity.genid.unwrap().value, -802_103_094_701_856_339);
    assert_eq!(
        vm.identity.genid_x.unwrap().value,
        -5_104_727_847_056_752_683
    );
    assert_eq!(vm.problems, []);
}

#[test]
fn size_and_schedule() {
    let vm = vm(
        "memSize = 1256\nmem.hotadd = \"true\"\nsched.mem.max = \"-1\"\nsched.mem.min = \"512\"\n\
        sched.mem.shares = \"high\"\nsched.mem.pin = \"TRUE\"\nsched.mem.pshare.enable = \"FALSE\"\n\
        numvcpus = \"6\"\ncpuid.coresPerSocket = \"4\"\nsched.cpu.max = \"unlimited\"\n\
        sched.cpu.shares = \"4223\"\nsched.cpu.affinity = \"5,4,0\"\nsched.cpu.units = \"mhz\"\n\
        vhv.enable = \"TRUE\"\nhypervisor.cpuid.v0 = \"FALSE\"\n",
    );
    let memory = &vm.memory;
    assert_eq!(memory.size_mib.unwrap().value, 1256);
    assert_eq!(memory.max_mib.unwrap().value, Limit::Unlimited);
    assert_eq!(memory.min_mib.unwrap().value, 512);
    assert_eq!(memory.shares.unwrap().value, Shares::High);
    assert!(memory.hot_add.unwrap().value && memory.pin.unwrap().value);
    assert!(!memory.page_sharing.unwrap().value);
    let cpu = &vm.cpu;
    assert_eq!(cpu.count.unwrap().value, 6);
    assert_eq!(cpu.cores_per_socket.unwrap().value, 4);
    assert_eq!(cpu.max.unwrap().value, Limit::Unlimited);
    assert_eq!(cpu.shares.unwrap().value, Shares::Custom(4223));
    assert_eq!(
        cpu.affinity.as_ref().unwrap().value,
        Affinity::Cpus(vec![5, 4, 0])
    );
    assert!(cpu.units.as_ref().unwrap().is("MHz"));
    assert!(cpu.nested.unwrap().value && !cpu.hypervisor_leaf.unwrap().value);
}

#[test]
fn values_that_cannot_be_read_are_never_replaced() {
    let text = "memsize = \"lots\"\nnumvcpus = \"-2\"\nfirmware = \"coreboot\"\n\
        uefi.secureBoot.enabled = \"maybe\"\nuuid.bios = \"56 4d\"\nscsi0.sharedBus = \"some\"\n\
        ethernet0.address = \"00:0c\"\nethernet0.connectionType = \"wifi\"\nscsi0:0.mode = \"odd\"\n\
        RemoteDisplay.vnc.port = \"70000\"\nbios.hddOrder = \"scsi0\"\n";
    let vm = vm(text);
    assert_eq!(vm.memory.size_mib, None);
    assert_eq!(vm.cpu.count, None);
    assert_eq!(vm.firmware.kind, None);
    assert_eq!(vm.firmware.secure_boot, None);
    assert_eq!(vm.nics[0].address, None);
    assert_eq!(
        value_problems(text),
        [
            "memsize: lots, expected a whole number of at least 0",
            "numvcpus: -2, expected a whole number of 0 to 4294967295",
            "firmware: coreboot, expected bios or efi",
            "uefi.secureBoot.enabled: maybe, expected TRUE or FALSE",
            "uuid.bios: 56 4d, expected 16 bytes as hexadecimal digits",
            "scsi0.sharedBus: some, expected none, virtual or physical",
            "ethernet0.address: 00:0c, expected an address such as 00:0c:29:01:02:03",
            "ethernet0.connectionType: wifi, expected bridged, nat, hostonly, custom or pvn",
            "scsi0:0.mode: odd, expected persistent, nonpersistent, independent-persistent, \
             independent-nonpersistent, undoable or append",
            "RemoteDisplay.vnc.port: 70000, expected a whole number of 0 to 65535",
            "bios.hddOrder: scsi0, expected slots such as scsi0:1,scsi0:0",
        ]
    );
}

#[test]
fn memory_of_nothing_and_of_16_eib() {
    assert_eq!(vm("memsize = \"0\"").memory.size_mib.unwrap().value, 0);
    let most = vm("memsize = \"17592186044416\"");
    assert_eq!(most.memory.size_mib.unwrap().value, 1 << 44);
    assert_eq!(
        value_problems("memsize = \"18446744073709551616\""),
        ["memsize: 18446744073709551616, expected a whole number of at least 0"]
    );
}

#[test]
fn firmware_in_any_case() {
    for text in [
        "firmware = \"EFI\"",
        "Firmware = efi",
        "firmware = \" Efi \"",
    ] {
        assert_eq!(
            vm(text).firmware.kind.unwrap().value,
            FirmwareKind::Efi,
            "{text}"
        );
    }
    assert_eq!(
        vm("firmware = \"BIOS\"").firmware.kind.unwrap().value,
        FirmwareKind::Bios
    );
}

#[test]
fn secrets_are_ids_only() {
    let text = "memsize = \"1\"\nencryption.data = \"SECRET\"\nvtpm.present = \"TRUE\"\nvtpm.ekCRT = \"SECRET\"\n\
        RemoteDisplay.vnc.password = \"SECRET\"\n";
    let vm = vm(text);
    assert!(!format!("{vm:?}").contains("SECRET"));
    assert_eq!(vm.firmware.encryption_data.unwrap().index(), 1);
    assert_eq!(vm.firmware.vtpm.unwrap().ids.len(), 2);
    assert_eq!(vm.vnc.password.unwrap().index(), 4);
}

/// What a device in slot `slot` with these fields is.
fn kind(slot: &str, fields: &[(&str, &str)]) -> BlockKind {
    let text: String = fields
        .iter()
        .map(|(name, value)| format!("{slot}.{name} = \"{value}\"\n"))
        .collect();
    let vm = vm(text);
    assert_eq!(vm.block_devices.len(), 1, "{slot} {fields:?}");
    vm.block_devices[0].kind()
}

#[test]
fn hard_disks_on_every_bus() {
    for slot in [
        "scsi0:0",
        "ide0:0",
        "sata0:1",
        "nvme0:0",
        "usb:0",
        "ehci:0",
        "usb_xhci:3",
    ] {
        for kind_of_disk in [
            "",
            "disk",
            "scsi-hardDisk",
            "ata-hardDisk",
            "ATA-HARDDISK",
            "plainDisk",
            "rawDisk",
        ] {
            let found = kind(
                slot,
                &[("deviceType", kind_of_disk), ("fileName", "a.VMDK")],
            );
            assert_eq!(found, BlockKind::HardDisk, "{slot} {kind_of_disk}");
        }
        assert_eq!(
            kind(slot, &[("fileName", "a.vmdk")]),
            BlockKind::HardDisk,
            "{slot}"
        );
    }
}

#[test]
fn other_kinds() {
    for (device_type, name, expected) in [
        ("cdrom-image", "a.iso", BlockKind::CdromImage),
        ("cdrom-image", "a.img", BlockKind::CdromImage),
        ("CDROM-RAW", "/dev/cdrom", BlockKind::CdromHost),
        ("cdrom-raw", "auto detect", BlockKind::CdromHost),
        ("cdrom-raw", "a.ISO", BlockKind::CdromImage),
        ("atapi-cdrom", "D:", BlockKind::CdromHost),
        ("", "a.iso", BlockKind::CdromImage),
        ("disk", "a.iso", BlockKind::CdromImage),
        ("", "/dev/sr0", BlockKind::CdromHost),
        ("", "D:", BlockKind::CdromHost),
        ("scsi-passthru", "/dev/sg1", BlockKind::Passthrough),
        ("scsi-passthru-rdm", "a.vmdk", BlockKind::Passthrough),
        ("scsi-nonpassthru-rdm", "a.vmdk", BlockKind::Passthrough),
        ("rawDisk", "/dev/sdb", BlockKind::RawDevice),
        ("", r"\\.\PhysicalDrive1", BlockKind::RawDevice),
        ("disk", "a", BlockKind::HardDisk),
        ("", "a", BlockKind::Unknown),
        ("", "", BlockKind::Unknown),
    ] {
        let found = kind(
            "scsi0:0",
            &[("deviceType", device_type), ("fileName", name)],
        );
        assert_eq!(found, expected, "{device_type} {name}");
    }
    let text = "scsi0:0.deviceType = \"tape\"\nscsi0:0.fileName = \"a.vmdk\"\n";
    assert_eq!(vm(text).block_devices[0].kind(), BlockKind::HardDisk);
    assert_eq!(value_problems(text).len(), 1);
}

#[test]
fn media() {
    for (fields, expected) in [
        ("x.fileName = \"a.iso\"", None),
        ("x.fileName = \"\"", Some(NoMedium::Empty)),
        ("x.present = \"TRUE\"", Some(NoMedium::Empty)),
        ("x.fileName = \"emptyBackingString\"", Some(NoMedium::Empty)),
        ("x.fileName = \"auto detect\"", Some(NoMedium::AutoDetect)),
        ("x.fileName = \"/dev/scd0\"", Some(NoMedium::HostDevice)),
        (
            "x.deviceType = \"cdrom-raw\"\nx.fileName = \"E\"",
            Some(NoMedium::HostDevice),
        ),
        (
            "x.clientDevice = \"TRUE\"\nx.fileName = \"a.iso\"",
            Some(NoMedium::ClientDevice),
        ),
        (
            "x.fileName = \"/usr/lib/vmware/isoimages/linux.iso\"",
            Some(NoMedium::ToolsImage),
        ),
    ] {
        let vm = vm(fields.replace("x.", "ide1:0."));
        match (vm.block_devices[0].medium(), expected) {
            (Medium::Image(name), None) => assert_eq!(name.text(), "a.iso"),
            (Medium::Empty(why), Some(expected)) => assert_eq!(why, expected, "{fields}"),
            (medium, _) => panic!("{fields}: {medium:?}"),
        }
    }
}

#[test]
fn floppies() {
    let vm = vm(
        "floppy0.fileName = \"autoinst.flp\"\nfloppy1.fileType = \"device\"\nfloppy1.fileName = \"A:\"\n\
        floppy2.startConnected = \"FALSE\"\nfloppy3.present = \"FALSE\"\n\
        floppy4.fileName = \"vmware-null-remote-floppy\"\n",
    );
    let facts: Vec<(BlockKind, bool)> = vm
        .block_devices
        .iter()
        .map(|floppy| (floppy.kind(), floppy.presence.is_present()))
        .collect();
    assert_eq!(
        facts,
        [
            (BlockKind::FloppyImage, true),
            (BlockKind::FloppyHost, true),
            (BlockKind::FloppyHost, true),
            (BlockKind::FloppyHost, false),
            (BlockKind::FloppyHost, true),
        ]
    );
    assert!(matches!(vm.block_devices[0].presence, Presence::Implied(_)));
    assert_eq!(vm.block_devices[2].presence, Presence::Default);
}

#[test]
fn all_fields_of_a_disk() {
    let vm = vm(
        "sched.scsi0:3.shares = \"low\"\nSCSI0:3.FILENAME = \"a-000002.vmdk\"\nscsi0:3.present = \"TRUE\"\n\
        scsi0:3.mode = \"independent-nonpersistent\"\nscsi0:3.redo = \"a.REDO\"\nscsi0:3.writeThrough = \"TRUE\"\n\
        scsi0:3.virtualSSD = 1\nscsi0:3.sharing = \"multi-writer\"\nsched.scsi0:3.throughputCap = \"500\"\n\
        scsi0:3.ctkEnabled = \"TRUE\"\nscsi0:3.startConnected = \"FALSE\"\ndisk.EnableUUID = \"TRUE\"\n",
    );
    let disk = &vm.block_devices[0];
    assert_eq!(disk.slot.to_string(), "scsi0:3");
    assert!(disk.name().unwrap().is_snapshot_leaf());
    assert_eq!(disk.mode.unwrap().value, DiskMode::IndependentNonpersistent);
    assert_eq!(disk.open_redo().unwrap().value.text(), "a.REDO");
    assert!(disk.write_through.unwrap().value && disk.virtual_ssd.unwrap().value);
    assert_eq!(disk.sharing.unwrap().value, Sharing::MultiWriter);
    assert_eq!(disk.shares.unwrap().value, Shares::Low);
    assert_eq!(disk.throughput_cap.unwrap().value, Limit::At(500));
    assert!(disk.change_tracking.unwrap().value && !disk.start_connected.unwrap().value);
    // All but disk.EnableUUID, in the order of the file.
    let ids: Vec<usize> = disk.ids.iter().map(|id| id.index()).collect();
    assert_eq!(ids, (0..11).collect::<Vec<_>>());
    assert!(vm.disk_settings.enable_uuid.unwrap().value);
}

#[test]
fn slots_are_in_numerical_order() {
    let names = [
        "scsi0:2",
        "scsi0:10",
        "scsi1:0",
        "scsi9:0",
        "scsi10:0",
        "nvme0:0",
        "sata0:0",
        "ide0:0",
        "usb_xhci:1",
    ];
    let text: String = names
        .iter()
        .rev()
        .map(|slot| format!("{slot}.fileName = \"a.vmdk\"\n"))
        .collect();
    let vm = vm(text);
    let found: Vec<String> = vm
        .present_disks()
        .map(|disk| disk.slot.to_string())
        .collect();
    assert_eq!(found, names);
}

#[test]
fn presence() {
    let vm = vm(
        "scsi0.present = \"FALSE\"\nscsi0:0.present = \"TRUE\"\nscsi0:0.fileName = \"a.vmdk\"\n\
        scsi1:0.fileName = \"b.vmdk\"\nscsi1:1.present = \"FALSE\"\nscsi1:1.fileName = \"c.vmdk\"\n\
        scsi1:2.redo = \"\"\nscsi2.pciSlotNumber = \"16\"\nsata0.present = \"yes\"\nide0:0.fileName = \"d.vmdk\"\n\
        scsi1:3.present = \"perhaps\"\nscsi1:3.fileName = \"e.vmdk\"\n",
    );
    let facts: Vec<(String, Presence)> = vm
        .block_devices
        .iter()
        .map(|disk| (disk.slot.to_string(), disk.presence))
        .collect();
    let id = |index: usize| {
        let all = parse("a=1\n".repeat(20));
        all.entries()[index].id()
    };
    assert_eq!(
        facts,
        [
            (
                "scsi0:0".to_owned(),
                Presence::Absent(Absence::Controller(id(0)))
            ),
            ("scsi1:0".to_owned(), Presence::Implied(id(3))),
            (
                "scsi1:1".to_owned(),
                Presence::Absent(Absence::Declared(id(4)))
            ),
            ("scsi1:2".to_owned(), Presence::Absent(Absence::NotDeclared)),
            ("scsi1:3".to_owned(), Presence::Implied(id(11))),
            ("ide0:0".to_owned(), Presence::Implied(id(9))),
        ]
    );
    assert_eq!(vm.problems.len(), 1);
    let controllers: Vec<(String, Presence)> = vm
        .controllers
        .values()
        .map(|controller| (controller.id.to_string(), controller.presence))
        .collect();
    assert_eq!(
        controllers,
        [
            (
                "scsi0".to_owned(),
                Presence::Absent(Absence::Declared(id(0)))
            ),
            ("scsi1".to_owned(), Presence::Implied(id(3))),
            ("scsi2".to_owned(), Presence::Absent(Absence::NotDeclared)),
            ("sata0".to_owned(), Presence::Declared(id(8))),
            ("ide0".to_owned(), Presence::Default),
        ]
    );
}

#[test]
fn absent_devices_take_all_their_keys() {
    let vm = vm(
        "serial0.fileName = \"thinprint\"\nserial0.present = \"FALSE\"\nsound.present = \"FALSE\"\n\
        sound.virtualDev = \"es1371\"\nhpet0.present = \"FALSE\"\nhpet0.extra = \"1\"\nhpet1.extra = \"1\"\n\
        uefi.secureBoot.dbDefault.present = \"FALSE\"\nuefi.secureBoot.dbDefault.file0 = \"x\"\n\
        uefi.secureBoot.enabled = \"TRUE\"\nethernet0.pciSlotNumber = \"32\"\n\
        vmci0.present = \"TRUE\"\nvmci0.present = \"FALSE\"\nvmci0.id = \"1\"\n",
    );
    let found: Vec<(String, Vec<usize>)> = vm
        .absent
        .iter()
        .map(|device| {
            let ids = device.ids.iter().map(|id| id.index()).collect();
            (device.device.to_string(), ids)
        })
        .collect();
    let expected: [(&str, &[usize]); 5] = [
        ("ethernet0", &[10]),
        ("serial0", &[0, 1]),
        ("sound", &[2, 3]),
        ("hpet0", &[4, 5]),
        ("uefi.secureBoot.dbDefault", &[7, 8]),
    ];
    assert_eq!(
        found,
        expected.map(|(name, ids)| (name.to_owned(), ids.to_vec()))
    );
}

#[test]
fn controllers() {
    let vm = vm(
        "scsi0.present = \"TRUE\"\nscsi0.virtualDev = \"pvscsi\"\nscsi0.sharedBus = \"Virtual\"\n\
        scsi0.pciSlotNumber = \"160\"\nehci.present = \"TRUE\"\nusb_xhci.present = \"FALSE\"\n",
    );
    let scsi = vm.controllers.values().next().unwrap();
    assert!(scsi.virtual_dev.as_ref().unwrap().is("PVSCSI"));
    assert_eq!(scsi.shared_bus.unwrap().value, SharedBus::Virtual);
    assert_eq!(scsi.pci_slot_number.unwrap().value, 160);
    let present: Vec<Bus> = vm
        .controllers
        .values()
        .filter(|controller| controller.presence.is_present())
        .map(|controller| controller.id.bus)
        .collect();
    assert_eq!(present, [Bus::Scsi, Bus::Ehci]);
}

#[test]
fn addresses() {
    for (keys, expected) in [
        (
            "addressType = \"static\"\naddress = \"00:50:56:11:22:33\"\ngeneratedAddress = \"00:0c:29:00:00:01\"",
            Some("00:50:56:11:22:33"),
        ),
        (
            "addressType = \"generated\"\naddress = \"00:50:56:11:22:33\"\ngeneratedAddress = \"00:0C:29:FA:DD:2A\"",
            Some("00:0c:29:fa:dd:2a"),
        ),
        (
            "addressType = \"vpx\"\ngeneratedAddress = \"00:50:56:9a:2d:f1\"",
            Some("00:50:56:9a:2d:f1"),
        ),
        (
            "generatedAddress = \"00:50:56:9a:2d:f1\"",
            Some("00:50:56:9a:2d:f1"),
        ),
        (
            "addressType = \"STATIC\"\ngeneratedAddress = \"00:50:56:9a:2d:f1\"",
            Some("00:50:56:9a:2d:f1"),
        ),
        ("address = \"00-50-56-9a-2d-f1\"", Some("00:50:56:9a:2d:f1")),
        ("addressType = \"generated\"", None),
    ] {
        let text: String = keys
            .lines()
            .map(|line| format!("Ethernet1.{line}\n"))
            .collect();
        let vm = vm(text);
        let mac = vm.nics[0].mac().map(|mac| mac.value.to_string());
        assert_eq!(mac.as_deref(), expected, "{keys}");
    }
}

#[test]
fn address_made_of_the_uuid() {
    let vm = vm(
        "uuid.bios = \"56 4d 62 6f 59 bd 03 f3-e3 24 37 96 6d fa dd fa\"\nethernet0.present = \"TRUE\"\n\
        ethernet1.present = \"TRUE\"\nethernet2.present = \"TRUE\"\nethernet2.generatedAddressOffset = \"-1\"\n",
    );
    let uuid = vm.identity.uuid_bios.unwrap().value;
    let made: Vec<String> = vm
        .nics
        .iter()
        .map(|nic| nic.mac_from_uuid(&uuid).to_string())
        .collect();
    assert_eq!(
        made,
        [
            "00:0c:29:fa:dd:fa",
            "00:0c:29:fa:de:04",
            "00:0c:29:fa:dd:f9"
        ]
    );
}

#[test]
fn nics() {
    let vm = vm(
        "ethernet10000.networkName = \"VM Network\"\nethernet0.present = \"TRUE\"\n\
        ethernet0.connectionType = \"NAT\"\nethernet0.addressType = \"vpx\"\nethernet0.virtualDev = \"vmxnet3\"\n\
        ethernet0.vnet = \"VMnet8\"\nethernet0.dvs.portgroupId = \"dvportgroup-1285\"\n\
        ethernet0.opaqueNetwork.id = \"a2636d32\"\nethernet0.startConnected = \"FALSE\"\n\
        ethernet0.pciSlotNumber = \"192\"\nethernet1.startConnected = \"TRUE\"\nethernet01.present = \"TRUE\"\n",
    );
    let numbers: Vec<u32> = vm.present_nics().map(|nic| nic.index).collect();
    assert_eq!(numbers, [0, 10000]);
    let nic = &vm.nics[0];
    assert_eq!(nic.connection_type.unwrap().value, ConnectionType::Nat);
    assert_eq!(nic.address_type.unwrap().value, AddressType::Vpx);
    assert_eq!(
        nic.dvs_portgroup_id.as_ref().unwrap().value,
        "dvportgroup-1285"
    );
    assert_eq!(nic.opaque_network_id.as_ref().unwrap().value, "a2636d32");
    assert_eq!(nic.pci_slot_number.unwrap().value, 192);
    assert_eq!(nic.ids.len(), 9);
    assert_eq!(vm.nics[1].presence, Presence::Absent(Absence::NotDeclared));
}

#[test]
fn ten_thousand_nics() {
    let text: String = (0..10_000)
        .map(|n| format!("ethernet{n}.present = \"TRUE\"\nethernet{n}.virtualDev = \"e1000\"\nethernet{n}.vnet = \"x\"\n"))
        .collect();
    let vm = vm(text);
    assert_eq!(vm.present_nics().count(), 10_000);
    assert_eq!(vm.nics[9_999].index, 9_999);
}

#[test]
fn ports() {
    let vm = vm(
        "serial0.present = \"TRUE\"\nserial0.fileType = \"pipe\"\nserial0.fileName = \"\\\\.\\pipe\\com1\"\n\
        serial0.pipe.endPoint = \"server\"\nserial1.fileName = \"tcp://host:1\"\nserial1.fileType = \"network\"\n\
        serial1.network.endPoint = \"Client\"\nserial1.vspc = \"telnet://h:2\"\nparallel0.present = \"TRUE\"\n\
        parallel0.fileName = \"/dev/parport0\"\nserial2.fileType = \"file\"\n",
    );
    assert_eq!(vm.serials[0].file_type.unwrap().value, SerialType::Pipe);
    assert_eq!(
        vm.serials[0].pipe_end_point.unwrap().value,
        EndPoint::Server
    );
    assert_eq!(
        vm.serials[0].file_name.as_ref().unwrap().value.text(),
        r"\\.\pipe\com1"
    );
    assert_eq!(
        vm.serials[1].network_end_point.unwrap().value,
        EndPoint::Client
    );
    assert!(matches!(vm.serials[1].presence, Presence::Implied(_)));
    assert!(!vm.serials[2].presence.is_present());
    assert_eq!(vm.parallels[0].file_type, None);
}

#[test]
fn usb() {
    let vm = vm(
        "usb.present = \"TRUE\"\nusb:0.present = \"TRUE\"\nusb:0.deviceType = \"hid\"\nusb:0.port = \"0\"\n\
        usb:0.parent = \"-1\"\nusb:2.present = \"TRUE\"\nusb:2.deviceType = \"disk\"\nusb:2.fileName = \"b.vmdk\"\n\
        ehci:0.deviceType = \"video\"\nusb_xhci.present = \"FALSE\"\nusb_xhci:4.present = \"TRUE\"\n\
        usb.autoConnect.device0 = \"\"\nusb.autoConnect.device1 = \"vid:1234\"\n",
    );
    let devices: Vec<(String, bool)> = vm
        .usb_devices
        .iter()
        .map(|device| (device.slot.to_string(), device.presence.is_present()))
        .collect();
    let expected = [("usb:0", true), ("ehci:0", true), ("usb_xhci:4", false)];
    assert_eq!(
        devices,
        expected.map(|(slot, present)| (slot.to_owned(), present))
    );
    assert_eq!(vm.present_disks().count(), 1);
    let auto: Vec<usize> = vm.usb_auto_connect.iter().map(|id| id.index()).collect();
    assert_eq!(auto, [12]);
}

#[test]
fn the_rest() {
    let vm = vm(
        "bios.bootOrder = \"allow:hd,ethernet1\"\nbios.hddOrder = \"scsi0:1,sata0:0\"\n\
        bios.bootDelay = \"10000\"\nrtc.diffFromUTC = \"-3600\"\ntools.syncTime = \"FALSE\"\n\
        checkpoint.vmState = \"a.vmss\"\ncleanShutdown = \"FALSE\"\nsnapshot.action = \"keep\"\n\
        guestinfo.userdata = \"c2VjcmV0\"\nguestInfo.detailed.data = \"bitness='64' prettyName='AlmaLinux 9.4'\"\n\
        smbios.reflectHost = \"TRUE\"\nsvga.vramSize = \"8388608\"\nRemoteDisplay.vnc.enabled = \"true\"\n\
        RemoteDisplay.vnc.port = \"5903\"\nsharedFolder0.present = \"TRUE\"\nsharedFolder0.hostPath = \"C:\\x\"\n\
        pciPassthru0.present = \"TRUE\"\npciPassthru0.id = \"00000:003:00.0\"\nvirtualHW.version = \"21\"\n\
        config.version = \"8\"\narchitecture = \"arm64\"\nsound.present = \"TRUE\"\nsound.virtualDev = \"HDAUDIO\"\n",
    );
    let boot = &vm.boot;
    let order = &boot.order.as_ref().unwrap().value;
    assert_eq!(order.devices, [BootDevice::Hdd, BootDevice::Nic(Some(1))]);
    let disks = &boot.hdd_order.as_ref().unwrap().value.0;
    assert_eq!(
        disks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["scsi0:1", "sata0:0"]
    );
    assert_eq!(boot.delay_ms.unwrap().value, 10_000);
    assert_eq!(vm.clock.diff_from_utc.unwrap().value, -3600);
    assert_eq!(vm.state.suspended().unwrap().value.text(), "a.vmss");
    assert!(!vm.state.clean_shutdown.unwrap().value);
    assert_eq!(vm.guest_info.len(), 1);
    assert_eq!(vm.snapshot_keys.len(), 1);
    let data = &vm.platform.detailed_data.as_ref().unwrap().value;
    assert_eq!(data.get("prettyName"), Some("AlmaLinux 9.4"));
    assert!(vm.smbios.reflect_host.unwrap().value);
    assert_eq!(vm.video.vram_bytes.unwrap().value, 8 << 20);
    assert_eq!(vm.vnc.port.unwrap().value, 5903);
    assert_eq!(
        vm.shared_folders[0]
            .host_path
            .as_ref()
            .unwrap()
            .value
            .text(),
        r"C:\x"
    );
    assert_eq!(
        vm.pci_passthrough[0].address.as_ref().unwrap().value,
        "00000:003:00.0"
    );
    assert_eq!(vm.platform.hardware_version.unwrap().value, 21);
    assert!(vm.platform.architecture.as_ref().unwrap().is("ARM64"));
    assert!(
        vm.sound
            .as_ref()
            .unwrap()
            .virtual_dev
            .as_ref()
            .unwrap()
            .is("hdaudio")
    );
    assert_eq!(vm.problems, []);
    let empty = crate::vm("checkpoint.vmState = \"\"\n");
    assert_eq!(empty.state.suspended(), None);
}

#[test]
fn of_duplicates_the_first_counts() {
    let vm = vm("scsi0:0.fileName = \"a.vmdk\"\nSCSI0:0.fileName = \"b.vmdk\"\n");
    assert_eq!(vm.block_devices[0].name().unwrap().text(), "a.vmdk");
    assert_eq!(vm.block_devices[0].ids.len(), 2);
}
