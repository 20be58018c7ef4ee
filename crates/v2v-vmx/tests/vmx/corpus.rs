//! Files of real products.

use std::fs;
use std::path::PathBuf;

use v2v_testkit::corpus;
use v2v_vmx::{BlockDevice, BlockKind, Document, Error, Medium, Nic, ParseOptions, Vm};

use crate::{parse, problems};

fn files(dir: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(corpus::corpus_dir().join(dir))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "vmx"))
        .collect();
    files.sort();
    files
}

/// One line for each fact.
fn facts(document: &Document, vm: &Vm) -> String {
    let mut out = vec![format!(
        "{} {:?}: {}",
        document.encoding(),
        document.encoding_source(),
        vm.identity.name().unwrap_or_default()
    )];
    out.push(machine_facts(vm));
    out.extend(vm.block_devices.iter().map(block_facts));
    out.extend(vm.present_nics().map(nic_facts));
    out.join("\n")
}

fn machine_facts(vm: &Vm) -> String {
    let number = |setting: Option<v2v_vmx::Setting<u32>>| {
        setting.map_or("-".to_owned(), |n| n.value.to_string())
    };
    let uuid = vm
        .identity
        .uuid_bios
        .map_or("no uuid".to_owned(), |uuid| uuid.value.to_string());
    let firmware = vm
        .firmware
        .kind
        .map_or("-".to_owned(), |kind| format!("{:?}", kind.value));
    let controllers: Vec<String> = vm
        .controllers
        .values()
        .filter(|controller| controller.presence.is_present())
        .map(|controller| match &controller.virtual_dev {
            Some(model) => format!("{}={}", controller.id, model.value),
            None => controller.id.to_string(),
        })
        .collect();
    format!(
        "{}, {} by {} CPUs, hw {}, {firmware}, {uuid}, {}",
        vm.memory
            .size_mib
            .map_or("-".to_owned(), |size| format!("{} MiB", size.value)),
        number(vm.cpu.count),
        number(vm.cpu.cores_per_socket),
        number(vm.platform.hardware_version),
        controllers.join(" ")
    )
}

fn block_facts(device: &BlockDevice) -> String {
    let what = match device.kind() {
        BlockKind::HardDisk => "disk",
        BlockKind::CdromImage | BlockKind::CdromHost => "cdrom",
        BlockKind::FloppyImage | BlockKind::FloppyHost => "floppy",
        BlockKind::Passthrough => "passthrough",
        BlockKind::RawDevice => "device",
        _ => "unknown",
    };
    let drive = matches!(what, "cdrom" | "floppy");
    let content = match (drive, device.medium()) {
        (true, Medium::Empty(why)) => format!("{why:?}"),
        (true, Medium::Image(name)) => name.text().to_owned(),
        (false, _) => device.name().map_or("", |name| name.text()).to_owned(),
    };
    let absent = match device.presence.absence() {
        Some(why) => format!(" absent {}", format!("{why:?}").split('(').next().unwrap()),
        None => String::new(),
    };
    format!("{} {what}{absent} {content}", device.slot)
        .trim_end()
        .to_owned()
}

fn nic_facts(nic: &Nic) -> String {
    let text = |setting: &Option<v2v_vmx::Setting<String>>| {
        setting
            .as_ref()
            .map_or("-".to_owned(), |setting| setting.value.clone())
    };
    let mac = nic
        .mac()
        .map_or("no MAC".to_owned(), |mac| mac.value.to_string());
    let plug = match (&nic.network_name, nic.connection_type) {
        (Some(name), _) => name.value.clone(),
        (None, Some(kind)) => format!("{:?}", kind.value),
        (None, None) => "-".to_owned(),
    };
    format!(
        "ethernet{} {} {mac} {plug}",
        nic.index,
        text(&nic.virtual_dev)
    )
}

#[test]
fn every_file_comes_back_byte_for_byte() {
    if !corpus::wanted() {
        return;
    }
    for (dir, count) in [("vmx", 52), ("vmx-wild", 21)] {
        let files = files(dir);
        assert_eq!(files.len(), count, "{dir}");
        for path in files {
            let bytes = fs::read(&path).unwrap();
            let document = parse(&bytes);
            // All of them hold what they declare, and no value of them is unreadable.
            let odd: Vec<String> = problems(&document)
                .into_iter()
                .filter(|problem| !problem.contains("no quotes") && !problem.contains("a comment"))
                .collect();
            assert_eq!(odd, [""; 0], "{}", path.display());
            assert_eq!(Vm::new(&document).problems, [], "{}", path.display());
        }
    }
}

#[test]
fn every_prefix_parses_or_is_refused() {
    if !corpus::wanted() {
        return;
    }
    for name in [
        "vmx-wild/ws16-gbk-name-also-utf8.vmx",
        "vmx-wild/macos15-comments-after-value.vmx",
    ] {
        let bytes = fs::read(corpus::file(name)).unwrap();
        for end in 0..bytes.len() {
            let prefix = &bytes[..end];
            if let Ok(document) = Document::parse(prefix, &ParseOptions::default()) {
                assert_eq!(document.to_bytes(), prefix, "{name} up to {end}");
                let _ = Vm::new(&document);
            }
        }
    }
}

#[test]
fn other_files_are_told_apart() {
    if !corpus::wanted() {
        return;
    }
    let mut seen = [0, 0];
    for dir in ["vmdk-descriptors", "vmdk-images", "ovf"] {
        for entry in fs::read_dir(corpus::corpus_dir().join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                continue;
            }
            let error = Document::parse(&fs::read(&path).unwrap(), &ParseOptions::default());
            let error = error.map(|_| path.display().to_string()).unwrap_err();
            match error {
                Error::DiskDescriptor { .. } | Error::Disk { .. } => seen[0] += 1,
                Error::Ovf { .. } => seen[1] += 1,
                error => panic!("{}: {error}", path.display()),
            }
        }
    }
    assert_eq!(seen, [37, 21]);
}

/// Disks and addresses as libvirt's own reader sees them in the same file.
#[test]
fn disks_and_addresses_agree_with_libvirt() {
    if !corpus::wanted() {
        return;
    }
    let mut compared = 0;
    for path in files("vmx") {
        let Ok(xml) = fs::read_to_string(path.with_extension("xml")) else {
            continue;
        };
        let vm = Vm::new(&parse(fs::read(&path).unwrap()));
        let disks = vm
            .present_disks()
            .filter(|disk| disk.kind() == BlockKind::HardDisk);
        assert_eq!(
            disks.count(),
            xml.matches("device='disk'").count(),
            "{}",
            path.display()
        );
        let ours: Vec<String> = vm
            .present_nics()
            .filter_map(|nic| nic.mac())
            .map(|mac| mac.value.to_string())
            .collect();
        let theirs: Vec<&str> = xml
            .split("<mac address='")
            .skip(1)
            .filter_map(|rest| rest.split('\'').next())
            .collect();
        assert_eq!(ours, theirs, "{}", path.display());
        compared += 1;
    }
    assert_eq!(compared, 51);
}

#[test]
fn facts_of_wild_files() {
    if !corpus::wanted() {
        return;
    }
    let mut names: Vec<String> = files("vmx-wild")
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    for (name, expected) in FACTS {
        let document = parse(fs::read(corpus::file(&format!("vmx-wild/{name}"))).unwrap());
        assert_eq!(
            facts(&document, &Vm::new(&document)),
            expected.join("\n"),
            "{name}"
        );
        names.retain(|known| known != name);
    }
    assert_eq!(names, [""; 0], "files without facts");
}

/// Encoding and name; size, hardware version, firmware, uuid, controllers; then the devices.
const FACTS: &[(&str, &[&str])] = &[
    (
        "esx-arm-photon.vmx",
        &[
            r"UTF-8 Declared: photon-arm",
            r"-, - by - CPUs, hw 17, Efi, no uuid, sata0 usb_xhci",
            r"sata0:0 cdrom /vmfs/volumes/datastore1/iso/photon-arm.iso",
            r"sata0:1 disk disk.vmdk",
            r"sata0:2 disk disk-1.vmdk",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000e no MAC VM Network",
        ],
    ),
    (
        "esx-firewall-sesparse-snapshot.vmx",
        &[
            r"UTF-8 Declared: Base_R91",
            r"2048 MiB, 4 by 4 CPUs, hw 13, Efi, no uuid, scsi0=lsisas1068 sata0",
            r"scsi0:0 disk Base_R91-000001.vmdk",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 vmxnet3 no MAC ATmng",
        ],
    ),
    (
        "esx7-alma9-efi-secureboot-snapshots.vmx",
        &[
            r"UTF-8 Declared: alma9-clone",
            r"2048 MiB, - by - CPUs, hw 19, Efi, 421a257b-7a5f-17da-f93d-09015561ac2a, scsi0=pvscsi sata0",
            r"scsi0:0 disk alma9-clone_17-000001.vmdk",
            r"scsi0:1 disk alma9-clone-000001.vmdk",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 vmxnet3 00:50:56:9a:2d:f1 PG-206",
            r"ethernet1 vmxnet3 00:50:56:9a:10:89 PG-206",
        ],
    ),
    (
        "fusion10-winserver2016-comments.vmx",
        &[
            r"UTF-8 Declared: Windows Server 2016",
            r"9216 MiB, 4 by - CPUs, hw 14, Efi, no uuid, scsi0=lsisas1068 sata0 usb ehci usb_xhci",
            r"scsi0:0 disk Virtual Disk.vmdk",
            r"sata0:1 cdrom /Users/user/Installs/Windows/en_sql_server_2017_developer_x64_dvd_11296168.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000e no MAC Nat",
        ],
    ),
    (
        "macos15-comments-after-value.vmx",
        &[
            r"UTF-8 Declared: macOS 15",
            r"8192 MiB, 4 by 1 CPUs, hw 21, Efi, no uuid, sata0 usb ehci usb_xhci",
            r"sata0:0 disk macos.vmdk",
            r"sata0:1 cdrom AutoDetect",
            r"usb_xhci:0 disk opencore.vmdk",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000e no MAC Nat",
        ],
    ),
    (
        "player-floppy-image-8cpu.vmx",
        &[
            r"UTF-8 Declared: vm",
            r"256 MiB, 8 by 1 CPUs, hw 12, -, 564d7dca-1af4-3af5-564f-ddda3938a115, scsi0=lsilogic ide1",
            r"ide1:0 cdrom d.iso",
            r"ide1:1 unknown absent Declared",
            r"floppy0 floppy a.img",
            r"ethernet0 e1000 00:0c:29:38:a1:15 -",
        ],
    ),
    (
        "player-metasploitable-hw7.vmx",
        &[
            r"UTF-8 Declared: Metasploitable2-Linux",
            r"512 MiB, 1 by - CPUs, hw 7, -, 564d626f-59bd-03f3-e324-37966dfadd2a, scsi0=lsilogic ide1 usb ehci",
            r"scsi0:0 disk Metasploitable.vmdk",
            r"scsi0:1 unknown absent Declared",
            r"ide1:0 cdrom AutoDetect",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 - 00:0c:29:fa:dd:2a Nat",
            r"ethernet1 - 00:0c:29:fa:dd:34 HostOnly",
        ],
    ),
    (
        "server1-winxp-ide-forum.vmx",
        &[
            r"UTF-8 Utf8: Windows XP Professional",
            r"512 MiB, - by - CPUs, hw 4, -, 564d326b-252c-661a-dc18-5877888cff5f, scsi0 ide0 ide1 usb",
            r"scsi0:0 passthrough absent Declared /dev/sdb1",
            r"ide0:0 disk Windows XP Professional.vmdk",
            r"ide1:0 cdrom HostDevice",
            r"floppy0 floppy absent Declared HostDevice",
            r"ethernet0 - 00:0c:29:8c:ff:5f Nat",
        ],
    ),
    (
        "ws10-win7-hw10.vmx",
        &[
            r"windows-1252 Declared: Windows 7 x64",
            r"4096 MiB, - by - CPUs, hw 10, -, 564d0f35-c281-cad7-6ee6-4d483b1e6440, scsi0=lsisas1068 sata0 usb ehci",
            r"scsi0:0 disk Windows 7 x64.vmdk",
            r"scsi0:1 disk Windows 7 x64-0.vmdk",
            r"sata0:1 cdrom C:\Hyundai 2.23\CD4.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:1e:64:40 Nat",
        ],
    ),
    (
        "ws12-centos-two-disks.vmx",
        &[
            r"windows-1252 Declared: CentOS 64-bit",
            r"512 MiB, 2 by - CPUs, hw 12, -, 564dc510-3921-1ac4-a07f-bb7517064fc7, scsi0=lsilogic ide1 usb ehci",
            r"scsi0:0 disk CentOS 64-bit.vmdk",
            r"scsi0:1 disk CentOS 64-bit-0.vmdk",
            r"ide1:0 cdrom H:\Harddisk Backup\CentOS-7-x86_64-DVD-1611.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:06:4f:c7 Nat",
        ],
    ),
    (
        "ws12-freebsd-ide.vmx",
        &[
            r"windows-1252 Declared: FreeBSD",
            r"4392 MiB, - by - CPUs, hw 12, -, 564d4eb2-29b5-d261-47bb-4260fd70abbb, scsi0=lsilogic ide0 ide1 usb ehci",
            r"ide0:0 disk FreeBSD.vmdk",
            r"ide1:0 cdrom C:\Users\user\Downloads\FreeBSD-11.1-RELEASE-i386-disc1.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:70:ab:bb Nat",
        ],
    ),
    (
        "ws15-win10-efi-lsisas.vmx",
        &[
            r"windows-1252 Declared: Windows 10 x64",
            r"2048 MiB, 2 by 2 CPUs, hw 16, Efi, 564d85cb-f4c5-8cd2-7973-d7e21da302e8, scsi0=lsisas1068 sata0 usb ehci usb_xhci",
            r"scsi0:0 disk Windows 10 x64.vmdk",
            r"sata0:1 cdrom C:\Windows.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000e 00:0c:29:a3:02:e8 Nat",
        ],
    ),
    (
        "ws16-gbk-name-also-utf8.vmx",
        &[
            r"GBK Declared: Ubuntu 64 位",
            r"4096 MiB, 4 by 2 CPUs, hw 18, -, 564dabe8-b68b-3d41-0ce6-7fee23e6182b, scsi0=lsilogic sata0 usb ehci",
            r"scsi0:0 disk Ubuntu 64 位-000001.vmdk",
            r"sata0:1 cdrom F:\vm_machine\ubuntu-20.04.3-desktop-amd64.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:e6:18:2b Nat",
            r"ethernet1 e1000 00:0c:29:e6:18:35 Custom",
        ],
    ),
    (
        "ws16-imported-ova-guest-other.vmx",
        &[
            r"UTF-8 Declared: ScadaBR",
            r"1024 MiB, 1 by 1 CPUs, hw 18, -, 564d06c9-788e-100b-c623-085c3ee681b0, sata0 usb",
            r"sata0:0 disk ScadaBR-disk1-000001.vmdk",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:e6:81:b0 Custom",
            r"ethernet1 - 00:0c:29:e6:81:ba Custom",
        ],
    ),
    (
        "ws16-imported-ova-lowercase-keys.vmx",
        &[
            r"UTF-8 Declared: ChemicalPlant",
            r"1024 MiB, 1 by 1 CPUs, hw 18, -, 564de7b7-1e8d-9192-9212-730c5bc3a18a, sata0 ide1 usb",
            r"sata0:0 disk ChemicalPlant-disk1-000002.vmdk",
            r"ide1:0 cdrom Empty",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:c3:a1:8a Custom",
            r"ethernet1 e1000 00:0c:29:c3:a1:94 Custom",
        ],
    ),
    (
        "ws16-ubuntu2004-gbk.vmx",
        &[
            r"GBK Declared: ubuntu20.04",
            r"4096 MiB, 4 by 2 CPUs, hw 18, -, 564d47cd-fb45-f35e-74b8-e76f26bbeb64, scsi0=lsilogic sata0 usb ehci",
            r"scsi0:0 disk bozhi.vmdk",
            r"sata0:1 cdrom F:\snort_hybrid\ubuntu-20.04.3-desktop-amd64.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:bb:eb:64 Nat",
        ],
    ),
    (
        "ws16-win10-nvme-snapshot-3cd.vmx",
        &[
            r"GBK Declared: somachinev4.3",
            r"8192 MiB, 4 by 2 CPUs, hw 18, -, 564dd990-9c03-b31b-1bdd-78695cc13dcc, nvme0 sata0 usb ehci usb_xhci",
            r"nvme0:0 disk somachinev4.3-000001.vmdk",
            r"sata0:0 cdrom F:\SoMachine V4.3\SoMachine-4.3.0.0-Final_17.06.21.01.iso",
            r"sata0:1 cdrom F:\vm_machine\SW_DVD9_Win_Pro_10_21H1_64BIT_ChnSimp_Pro_Ent_EDU_N_MLF_X22-55090.iso",
            r"sata0:2 cdrom F:\vm_machine\UnityPro_XL_V13.0_IR18B_20170914B.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000e 00:0c:29:c1:3d:cc Nat",
        ],
    ),
    (
        "ws16-win7-shiftjis-crlf.vmx",
        &[
            r"Shift_JIS Declared: Windows 7 x64 Test",
            r"2048 MiB, - by - CPUs, hw 16, -, 564dee6b-7b35-de2e-4717-29ce8701c955, scsi0=lsisas1068 sata0 usb ehci",
            r"scsi0:0 disk Windows 7 x64.vmdk",
            r"sata0:1 cdrom I:\Mediabackup\Windows7Update.iso",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:01:c9:55 Nat",
        ],
    ),
    (
        "ws17-centos7-gbk-autodetect-cd.vmx",
        &[
            r"GBK Declared: hh",
            r"13304 MiB, 4 by 2 CPUs, hw 20, -, 564d5dfb-18f0-cfb3-bbd7-c98207cd0067, scsi0=lsilogic ide1 usb ehci",
            r"scsi0:0 disk CentOS 7 64 位.vmdk",
            r"ide0:0 cdrom absent Declared AutoDetect",
            r"ide1:0 cdrom AutoDetect",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000 00:0c:29:cd:00:67 Nat",
        ],
    ),
    (
        "ws17-ubuntu2204-cp949-autoinst.vmx",
        &[
            r"EUC-KR Declared: Ubuntu 64-bit",
            r"4096 MiB, 4 by 1 CPUs, hw 21, -, 564dc77b-93e5-fbd8-dbad-6970d4b734dd, scsi0=lsilogic sata0 usb ehci",
            r"scsi0:0 disk Ubuntu 64-bit.vmdk",
            r"sata0:0 cdrom autoinst.iso",
            r"sata0:1 cdrom C:\Users\user\Downloads\ubuntu-22.04.3-desktop-amd64.iso",
            r"floppy0 floppy autoinst.flp",
            r"ethernet0 e1000 00:0c:29:b7:34:dd Nat",
        ],
    ),
    (
        "ws17-win11-vtpm-partial-encryption.vmx",
        &[
            r"windows-1252 Declared: Windows 11 x64",
            r"4096 MiB, 2 by 1 CPUs, hw 21, Efi, 564db08e-d591-3c27-ed61-e7a8834d0b9c, nvme0 sata0 usb ehci usb_xhci",
            r"nvme0:0 disk Windows 11 x64.vmdk",
            r"sata0:1 cdrom AutoDetect",
            r"floppy0 floppy absent Declared Empty",
            r"ethernet0 e1000e 00:0c:29:4d:0b:9c Nat",
        ],
    ),
];
