//! Options that change what the domain looks like: each one alone, with what it adds to the XML.

use crate::place::{Place, WEB01};

/// A fully virtual domain with what options carry or change.
fn hvm() -> Place {
    let text = WEB01
        .replace("  <bootloader>/usr/bin/pygrub</bootloader>\n", "")
        .replace("machine='xenpv'>linux<", "machine='xenfv'>hvm<")
        .replace("<vcpu>", "<vcpu cpuset='0-1'>")
        .replace("dev='xvda' bus='xen'", "dev='hda' bus='ide'")
        .replace(
            "  </devices>",
            "    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source>
        <address domain='0x0000' bus='0x07' slot='0x10' function='0x1'/>
      </source>
    </hostdev>
    <graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='geheim'/>
    <video>
      <model type='cirrus' vram='8192' heads='1'/>
    </video>
    <sound model='es1370'/>
  </devices>",
        );
    let place = Place::new();
    place.write("web01.xml", text);
    place
}

/// `args` put `part` into the XML of `place`, and without them it is not there.
fn check_in(place: &Place, args: &[&str], part: &str) {
    place.write(
        "networks.toml",
        "[[map]]\nfrom = \"xenbr0\"\nto = \"bridge:br-map\"\n",
    );
    let without = place.xml(&["-q"]);
    assert!(!without.contains(part), "without {args:?}: {without}");
    let with = place.xml(&[&["-q"], args].concat());
    assert!(with.contains(part), "{args:?}, {part}: {with}");
}

/// The same for the paravirtual web server.
fn check(args: &[&str], part: &str) {
    check_in(&Place::new(), args, part);
}

#[test]
fn the_name() {
    check(&["-on", "other"], "<name>other</name>");
    check(&["--on=other"], "<name>other</name>");
}

#[test]
fn networks() {
    check(&["-b", "br7"], "<source bridge='br7'/>");
    check(&["--bridge", "xenbr0:br7"], "<source bridge='br7'/>");
    check(&["-n", "xenbr0:mgmt"], "<source network='mgmt'/>");
    check(&["--network", "mgmt"], "<source network='mgmt'/>");
    check(
        &["--mac", "00:16:3e:01:02:03:network:mgmt"],
        "<source network='mgmt'/>",
    );
    check(
        &["--network-map", "networks.toml"],
        "<source bridge='br-map'/>",
    );
    check(&["--nic-model", "e1000e"], "<model type='e1000e'/>");
    check(
        &["--nic-model", "00:16:3e:01:02:03=rtl8139"],
        "<model type='rtl8139'/>",
    );
}

#[test]
fn disks() {
    check(
        &["--disk-map", "/var/lib/xen/images=/srv/vm"],
        "<source file='/srv/vm/web01.img'/>",
    );
    check(&["--disk-bus", "sata"], "bus='sata'");
    check(&["--disk-bus", "xvda=scsi"], "bus='scsi'");
    check(&["--block-driver", "virtio-scsi"], "bus='scsi'");
    check_in(&hvm(), &["--block-driver", "virtio-blk"], "bus='virtio'");
}

#[test]
fn devices() {
    check(&["--profile", "legacy"], "bus='ide'");
    check(&["--machine", "pc"], "machine='pc'");
    check(&["--firmware", "efi"], "firmware='efi'");
    check(
        &["--firmware", "efi", "--secure-boot", "on"],
        "name='secure-boot'",
    );
    check(&["--cpu", "host-passthrough"], "mode='host-passthrough'");
    check(
        &["--emulator", "/opt/qemu"],
        "<emulator>/opt/qemu</emulator>",
    );
    check_in(&hvm(), &["--video", "virtio"], "type='virtio'");
    check_in(&hvm(), &["--video", "keep"], "type='cirrus'");
    check_in(&hvm(), &["--sound", "ac97"], "<sound model='ac97'/>");
    check_in(
        &hvm(),
        &["--hostdev", "0000:07:10.1=0000:03:00.0"],
        "bus='0x03'",
    );
}

#[test]
fn what_is_carried() {
    check_in(&hvm(), &["--keep-affinity"], "cpuset='0-1'");
    check_in(&hvm(), &["--keep-vnc-password"], "passwd='geheim'");
    let tuned = Place::with(
        "  <vcpu>",
        "  <memtune>\n    <hard_limit unit='KiB'>2097152</hard_limit>\n  </memtune>\n  <vcpu>",
    );
    check_in(&tuned, &["--keep-limits"], "<hard_limit");
}

#[test]
fn resources() {
    check(&["--memory", "3G"], "3145728");
    check(&["--vcpu-max", "8"], "current='2'");
    check(&["--hugepages"], "<hugepages/>");
    check(&["--memtune", "hard_limit=8G"], "<hard_limit");
    check(
        &["--iotune", "read_bytes_sec=1M"],
        "<read_bytes_sec>1048576</read_bytes_sec>",
    );
    check(
        &["--iotune", "xvda:total_iops_sec=100"],
        "<total_iops_sec>100</total_iops_sec>",
    );
    check(&["--cache", "none"], "cache='none'");
    check(&["--cache", "none", "--io", "native"], "io='native'");
    let place = Place::new();
    let run = place.convert(&["--memory-max", "16G", "web01.xml"]);
    assert!(run.tells("warn", "hotadd-not-carried"), "{}", run.err);
}

/// A disk that is a partition: by default it is asked for a merged image.
#[test]
fn partitions_as_disks() {
    let place = Place::with("dev='xvda' bus='xen'", "dev='xvda1' bus='xen'");
    let told = |args: &[&str]| {
        let run = place.run(&[args, &["web01.xml"]].concat());
        assert!(run.err.contains(": pv-partition-disks: "), "{}", run.err);
        run.err
    };
    assert_ne!(told(&[]), told(&["--keep-layout"]));
}

#[test]
fn the_boot_method() {
    let place = Place::with(
        "  <bootloader>/usr/bin/pygrub</bootloader>\n  <os>\n    <type arch='x86_64' machine='xenpv'>linux</type>\n",
        "  <os>\n    <type arch='x86_64' machine='xenpv'>linux</type>\n    <kernel>/srv/boot/vmlinuz</kernel>\n",
    );
    let direct = place.xml(&["-q", "--boot", "direct"]);
    assert!(
        direct.contains("<kernel>/srv/boot/vmlinuz</kernel>"),
        "{direct}"
    );
    let disk = place.xml(&["-q", "--boot", "disk"]);
    assert!(!disk.contains("<kernel>"), "{disk}");
    place.check_usage(
        &["--boot", "floppy", "web01.xml"],
        "[possible values: disk, direct]",
    );
}

#[test]
fn an_older_libvirt_gets_what_it_knows() {
    let place = Place::new();
    let newer = [
        "-q",
        "--target-libvirt",
        "11.5",
        "--disk-bus",
        "nvme",
        "web01.xml",
    ];
    let run = place.run(&newer);
    assert_ne!(run.code, Some(2), "{}", run.err);
    place.check_refuses(
        &["--disk-bus", "nvme", "web01.xml"],
        2,
        "disk bus nvme needs libvirt 11.5, the target is 9.0; use sata, or name the target's version",
    );
}

#[test]
fn what_means_nothing_for_xen_is_refused_with_the_reason() {
    let place = Place::new();
    for (args, text) in [
        (
            &["-of", "raw"][..],
            "--disk-format: images are not converted here; QEMU reads those of Xen as they are",
        ),
        (
            &["-os", "/srv"],
            "--disk-dir: images stay where the source has them; use --disk-map OLD=NEW",
        ),
        (
            &["--uuid-order", "file"],
            "--uuid-order: a Xen guest sees the UUID as it stands in the source",
        ),
        (
            &["--blkio-weight", "500"],
            "--blkio-weight: not written for a Xen domain; add <blkiotune> to the result",
        ),
        (
            &["--iothreads", "2"],
            "--iothreads: not written for a Xen domain; add <iothreads> to the result",
        ),
    ] {
        place.check_refuses(&[args, &["web01.xml"]].concat(), 2, text);
    }
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
            &["--io", "native"],
            "I/O mode native needs cache none or directsync; QEMU refuses it otherwise",
        ),
    ] {
        place.check_refuses(&[args, &["web01.xml"]].concat(), 2, text);
    }
    for (args, part) in [
        (&["--machine", "isapc"][..], "[possible values: q35, pc]"),
        (&["--video", "quake"], "keep]"),
        (&["--input", "vmx"], "[possible values: xml, xl, xm]"),
        (&["--memory", "0"], "size \"0\" is 0, expected more"),
    ] {
        place.check_usage(&[args, &["web01.xml"]].concat(), part);
    }
}

/// A slip of the fingers in a name would otherwise change nothing and say nothing.
#[test]
fn an_option_for_a_device_that_is_not_there_is_told() {
    let place = Place::new();
    let run = place.convert(&["--disk-bus", "xvdb=sata", "web01.xml"]);
    assert!(
        run.err.contains(
            "xen2kvm: warn: option-without-effect: --disk-bus: there is no disk \"xvdb\"; the source has xvda; name one \
             of these, or leave the option out\n"
        ),
        "{}",
        run.err
    );
    for args in [
        ["--iotune", "xvdb:total_iops_sec=5"],
        ["--nic-model", "00:16:3e:01:02:04=e1000"],
        ["--hostdev", "0000:07:10.1=0000:03:00.0"],
    ] {
        let run = place.convert(&[&args[..], &["web01.xml"]].concat());
        assert!(run.tells("warn", "option-without-effect"), "{}", run.err);
    }
}
