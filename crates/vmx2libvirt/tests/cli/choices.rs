//! Options that change what the domain looks like: each one alone, with what it adds to the XML.

use crate::place::Place;

/// Keys for options that carry something.
const MORE: &str = r#"sched.cpu.affinity = "0,1"
sched.cpu.max = "1000"
sched.mem.max = "1024"
RemoteDisplay.vnc.enabled = "TRUE"
RemoteDisplay.vnc.password = "geheim"
vcpu.hotadd = "TRUE"
mem.hotadd = "TRUE"
pciPassthru0.present = "TRUE"
sound.present = "TRUE"
sound.virtualDev = "hdaudio""#;

/// `args` put `part` into the XML, and without them it is not there.
fn check(args: &[&str], part: &str) {
    let place = Place::with(MORE);
    place.write(
        "networks.toml",
        "[[map]]\nfrom = \"VM Network\"\nto = \"bridge:br-map\"\n",
    );
    let without = place.xml(&["-q"]);
    assert!(!without.contains(part), "without {args:?}: {without}");
    let with = place.xml(&[&["-q"], args].concat());
    assert!(with.contains(part), "{args:?}, {part}: {with}");
}

#[test]
fn the_name() {
    check(&["-on", "other"], "<name>other</name>");
    check(&["--on=other"], "<name>other</name>");
}

#[test]
fn networks() {
    check(&["-b", "br7"], "<source bridge='br7'/>");
    check(&["--bridge", "VM Network:br7"], "<source bridge='br7'/>");
    check(&["-n", "VM Network:mgmt"], "<source network='mgmt'/>");
    check(&["--network", "mgmt"], "<source network='mgmt'/>");
    check(
        &["--mac", "00:50:56:01:02:03:network:mgmt"],
        "<source network='mgmt'/>",
    );
    check(
        &["--network-map", "networks.toml"],
        "<source bridge='br-map'/>",
    );
    let strongest = ["--network-map", "networks.toml", "-b", "VM Network:br7"];
    check(&strongest, "<source bridge='br7'/>");
    check(&["--nic-model", "e1000e"], "<model type='e1000e'/>");
    check(
        &["--nic-model", "00:50:56:01:02:03=rtl8139"],
        "<model type='rtl8139'/>",
    );
}

#[test]
fn disks() {
    check(&["-of", "raw"], "/web01.raw'");
    check(&["--disk-format", "raw"], "/web01.raw'");
    check(&["-os", "/srv/vm"], "<source file='/srv/vm/web01.qcow2'/>");
    check(
        &["--disk-dir", "/srv/vm"],
        "<source file='/srv/vm/web01.qcow2'/>",
    );
    check(&["--keep-paths"], "/web01.vmdk'");
    check(
        &["--disk-map", "web01.vmdk=/srv/other.img"],
        "/srv/other.img",
    );
    check(&["--disk-bus", "pvscsi"], "model='vmpvscsi'");
    check(&["--disk-bus", "scsi0:0=pvscsi"], "model='vmpvscsi'");
    check(&["--block-driver", "virtio-scsi"], "model='virtio-scsi'");
    let place = Place::new();
    let source = ["-q", "--profile", "source"];
    assert!(!place.xml(&source).contains("bus='virtio'"));
    let virtio = place.xml(&[&source[..], &["--block-driver", "virtio-blk"]].concat());
    assert!(virtio.contains("bus='virtio'"), "{virtio}");
}

#[test]
fn without_a_word_the_images_lie_beside_the_configuration() {
    let place = Place::new();
    let here = place.dir().display().to_string();
    let image = format!("<source file='{here}/web01.qcow2'/>");
    assert!(place.xml(&["-q"]).contains(&image));
    let mut command = place.command(["-q", "vm/web01.vmx"]);
    command.current_dir(place.path(".."));
    let run = place.finish(command, b"");
    assert!(run.out.contains(&image), "{}", run.out);
}

#[test]
fn devices() {
    check(&["--profile", "legacy", "--firmware", "bios"], "bus='ide'");
    check(&["--machine", "pc", "--firmware", "bios"], "machine='pc'");
    check(&["--secure-boot", "on"], "enabled='yes' name='secure-boot'");
    check(&["--cpu", "host-passthrough"], "mode='host-passthrough'");
    check(&["--cpu", "EPYC"], ">EPYC</model>");
    check(
        &["--emulator", "/opt/qemu"],
        "<emulator>/opt/qemu</emulator>",
    );
    check(&["--video", "cirrus"], "type='cirrus'");
    check(&["--sound", "ac97"], "<sound model='ac97'/>");
    check(&["--hostdev", "pciPassthru0=0000:03:00.1"], "<hostdev ");
}

#[test]
fn firmware_beats_the_source() {
    let place = Place::new();
    assert!(place.xml(&["-q"]).contains("firmware='efi'"));
    assert!(
        !place
            .xml(&["-q", "--firmware", "bios"])
            .contains("firmware='efi'")
    );
}

#[test]
fn what_is_carried() {
    check(&["--keep-affinity"], "cpuset='0-1'");
    check(&["--keep-limits"], "<soft_limit");
    check(&["--keep-smbios"], "VMware-56 4d");
    check(&["--keep-vnc-password"], "passwd='geheim'");
    check(&["--host-mhz", "2000"], "<quota>");
}

#[test]
fn the_uuid_is_the_one_the_guest_showed_or_another_order_of_it() {
    let place = Place::new();
    let uuid = |order: &[&str]| {
        let xml = place.xml(&[&["-q"], order].concat());
        xml.lines()
            .find(|line| line.contains("<uuid>"))
            .unwrap()
            .trim()
            .to_owned()
    };
    let swapped = "<uuid>7bc74d56-e593-d8fb-dbad-000102030405</uuid>";
    assert_eq!(
        uuid(&["--uuid-order", "file"]),
        "<uuid>564dc77b-93e5-fbd8-dbad-000102030405</uuid>"
    );
    assert_eq!(uuid(&["--uuid-order", "swapped"]), swapped);
    assert_eq!(
        uuid(&["--uuid-order", "guest"]),
        swapped,
        "virtual hardware 19"
    );
    assert_eq!(uuid(&[]), swapped);
}

#[test]
fn resources() {
    check(&["--memory", "3G"], "<memory unit='MiB'>3072</memory>");
    check(&["--memory-max", "16G"], "<maxMemory ");
    check(&["--vcpu-max", "8"], "current='2'");
    check(&["--hugepages"], "<hugepages/>");
    check(&["--hugepages=2M"], "<page size='2048' unit='KiB'/>");
    check(&["--memtune", "hard_limit=8G,soft_limit=7G"], "<hard_limit");
    check(&["--blkio-weight", "500"], "<weight>500</weight>");
    check(
        &["--iotune", "read_bytes_sec=1M"],
        "<read_bytes_sec>1048576</read_bytes_sec>",
    );
    check(
        &["--iotune", "scsi0:0:total_iops_sec=100"],
        "<total_iops_sec>100</total_iops_sec>",
    );
    check(&["--cache", "none"], "cache='none'");
    check(&["--cache", "none", "--io", "native"], "io='native'");
    check(&["--iothreads", "3"], "<iothreads>3</iothreads>");
}

#[test]
fn an_older_libvirt_gets_what_it_knows() {
    let place = Place::with(
        "nvme0.present = \"TRUE\"\nnvme0:0.present = \"TRUE\"\nnvme0:0.fileName = \"data.vmdk\"",
    );
    let has_nvme = |version| {
        let args = ["-q", "--profile", "source", "--target-libvirt", version];
        place.xml(&args).contains("bus='nvme'")
    };
    assert!(!has_nvme("9.0"));
    assert!(has_nvme("11.5.0"));
}

#[test]
fn what_can_not_be_chosen_is_wrong_usage() {
    let place = Place::new();
    for (args, text) in [
        (
            &["--disk-bus", "floppy"][..],
            "--disk-bus: disk bus is \"floppy\", expected one of virtio, scsi, sata, ide, usb, nvme, pvscsi, lsisas1068",
        ),
        (
            &["--nic-model", "vlance"],
            "--nic-model: NIC model is \"vlance\", expected one of virtio, e1000, e1000e, vmxnet3, rtl8139, pcnet",
        ),
        (
            &["--memtune", "min_guarantee=1G"],
            "--memtune: memtune is \"min_guarantee\", expected one of hard_limit, soft_limit, swap_hard_limit",
        ),
        (
            &["--memtune", "hard_limit"],
            "--memtune: \"hard_limit\" is no limit, expected NAME=VALUE",
        ),
        (
            &["--iotune", "scsi0:0:total_bytes_sec=1M,read_bytes_sec=1M"],
            "--iotune: total_bytes_sec can't be combined with read_bytes_sec or write_bytes_sec",
        ),
        (
            &["--io", "native"],
            "I/O mode native needs cache none or directsync; QEMU refuses it otherwise",
        ),
        (
            &["--disk-bus", "nvme"],
            "disk bus nvme needs libvirt 11.5, the target is 9.0; use sata, or name the target's version",
        ),
        (
            &["-b", "VM Network:br0", "-n", "VM Network:default"],
            "-n \"VM Network:default\": second rule for \"VM Network\", the first is an option before",
        ),
    ] {
        place.check_refuses(&[args, &["web01.vmx"]].concat(), 2, text);
    }
    for (args, part) in [
        (&["--machine", "isapc"][..], "[possible values: q35, pc]"),
        (
            &["--cpu", "a b"],
            "CPU is \"a b\", expected one of host-model",
        ),
        (&["--disk-map", "a=b"], "expected one of OLD=/ABSOLUTE/NEW"),
        (
            &["--hostdev", "pciPassthru0=3"],
            "expected [DOMAIN:]BUS:SLOT.FUNCTION",
        ),
        (&["--memory", "0"], "size \"0\" is 0, expected more"),
        (&["--blkio-weight", "5"], "5 is not in 10..=1000"),
        (&["--target-libvirt", "new"], "expected MAJOR.MINOR"),
        (&["--keep-paths", "-os", "/x"], "cannot be used with"),
    ] {
        place.check_usage(&[args, &["web01.vmx"]].concat(), part);
    }
}

#[test]
fn a_network_map_that_is_wrong_is_named_with_its_place() {
    let place = Place::new();
    place.check_refuses(
        &["--network-map", "none.toml", "web01.vmx"],
        1,
        "none.toml: cannot read: No such file or directory (os error 2)",
    );
    place.write("bad.toml", "[[map]]\nfrom = \"a\"\nto = \"cable:1\"\n");
    let run = place.run(&["--network-map", "bad.toml", "web01.vmx"]);
    assert_eq!(run.code, Some(2), "{}", run.err);
    assert!(
        run.err.starts_with("vmx2libvirt: bad.toml: line 3"),
        "{}",
        run.err
    );
}

/// A slip of the fingers in a slot would otherwise change nothing and say nothing.
#[test]
fn an_option_for_a_device_that_is_not_there_is_told() {
    let place = Place::new();
    let run = place.convert(&["--disk-bus", "scsi0:1=sata", "web01.vmx"]);
    assert!(
        run.err.contains(
            "vmx2libvirt: warn: option-without-effect: --disk-bus: there is no disk \"scsi0:1\"; the source has \
             scsi0:0; name one of these, or leave the option out\n"
        ),
        "{}",
        run.err
    );
    for args in [
        ["--iotune", "scsi1:0:total_iops_sec=5"],
        ["--nic-model", "00:50:56:01:02:04=e1000"],
    ] {
        let run = place.convert(&[&args[..], &["web01.vmx"]].concat());
        assert!(run.tells("warn", "option-without-effect"), "{}", run.err);
    }
}
