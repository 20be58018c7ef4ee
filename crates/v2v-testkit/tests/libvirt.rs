//! The oracles for domains: each passes what is right, and refuses what is wrong where it should.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use v2v_testkit::libvirt;

/// A domain as a KVM host has it: nothing it names is here.
const SERVER: &str = r#"<domain type='kvm'>
  <name>web 01 &amp; co</name>
  <uuid>564d5c8e-6d0e-4b5e-8f21-0c2f1d3a4b5c</uuid>
  <genid>1f8b6c0a-5a0c-4a52-8a39-6a2c0b7f3f11</genid>
  <memory unit='GiB'>96</memory>
  <currentMemory unit='GiB'>64</currentMemory>
  <memoryBacking><hugepages/><locked/></memoryBacking>
  <memtune><hard_limit unit='GiB'>100</hard_limit></memtune>
  <blkiotune><weight>500</weight></blkiotune>
  <vcpu placement='static' cpuset='0-31'>8</vcpu>
  <iothreads>1</iothreads>
  <cputune><shares>2048</shares><vcpupin vcpu='0' cpuset='31'/></cputune>
  <numatune><memory mode='strict' nodeset='3'/></numatune>
  <resource><partition>/virtualmachines</partition></resource>
  <sysinfo type='smbios'><system><entry name='uuid'>564d5c8e-6d0e-4b5e-8f21-0c2f1d3a4b5c</entry></system></sysinfo>
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type>
    <firmware><feature enabled='yes' name='secure-boot'/><feature enabled='yes' name='enrolled-keys'/></firmware>
    <nvram>/var/lib/libvirt/qemu/nvram/web01_VARS.fd</nvram>
    <smbios mode='sysinfo'/>
  </os>
  <features>
    <acpi/>
    <apic/>
    <hyperv mode='custom'><relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='8191'/></hyperv>
    <kvm><hidden state='on'/></kvm>
    <pvspinlock state='on'/>
    <smm state='on'/>
  </features>
  <cpu mode='host-passthrough' check='none' migratable='on'>
    <topology sockets='2' dies='1' cores='4' threads='1'/>
    <numa>
      <cell id='0' cpus='0-3' memory='48' unit='GiB'/>
      <cell id='1' cpus='4-7' memory='48' unit='GiB'/>
    </numa>
  </cpu>
  <clock offset='localtime'><timer name='hypervclock' present='yes'/><timer name='hpet' present='no'/></clock>
  <devices>
    <emulator>/usr/libexec/qemu-kvm</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' io='native' iothread='1' discard='unmap'/>
      <source file='/vmfs/volumes/datastore 1/web01.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <iotune><total_iops_sec>500</total_iops_sec></iotune>
      <boot order='1'/>
    </disk>
    <disk type='block' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='native'/>
      <source dev='/dev/mapper/lun7'/>
      <target dev='sda' bus='scsi'/>
      <shareable/>
      <serial>6000c29e</serial>
    </disk>
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw'/>
      <source protocol='rbd' name='pool/image'><host name='mon1' port='6789'/></source>
      <target dev='sdb' bus='sata'/>
    </disk>
    <disk type='block' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source dev='/dev/sr0'/>
      <target dev='sdc' bus='sata'/>
      <readonly/>
    </disk>
    <controller type='scsi' index='0' model='virtio-scsi'/>
    <controller type='usb' index='0' model='qemu-xhci'/>
    <interface type='bridge'>
      <mac address='00:50:56:01:02:03'/>
      <source bridge='br0'/>
      <vlan><tag id='42'/></vlan>
      <model type='virtio'/>
      <boot order='2'/>
    </interface>
    <interface type='network'>
      <mac address='00:50:56:01:02:04'/>
      <source network='dmz'/>
      <model type='vmxnet3'/>
      <link state='down'/>
    </interface>
    <serial type='file'><source path='/var/log/console.log'/></serial>
    <serial type='tcp'><source mode='connect' host='192.0.2.1' service='4001'/><protocol type='telnet'/></serial>
    <parallel type='dev'><source path='/dev/parport0'/></parallel>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <input type='tablet' bus='usb'/>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
    <graphics type='vnc' port='5901' keymap='de' passwd='secret'><listen type='address' address='192.0.2.7'/></graphics>
    <graphics type='spice' autoport='yes'/>
    <sound model='ich9'/>
    <video><model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='2'/></video>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x0'/></source>
    </hostdev>
    <filesystem type='mount'><source dir='/srv/share'/><target dir='share'/></filesystem>
    <watchdog model='i6300esb' action='reset'/>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/hwrng</backend></rng>
    <panic model='hyperv'/>
    <vsock model='virtio'><cid auto='yes'/></vsock>
  </devices>
</domain>
"#;

/// A machine of the time of BIOS and IDE.
const OLD: &str = r#"<domain type='kvm'>
  <name>old</name>
  <memory unit='KiB'>65536</memory>
  <vcpu>1</vcpu>
  <os><type arch='i686' machine='pc'>hvm</type><boot dev='fd'/><boot dev='hd'/></os>
  <features><pae/></features>
  <clock offset='variable' adjustment='-3600' basis='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='vmdk'/>
      <source file='/var/lib/libvirt/images/old.vmdk'/>
      <target dev='hda' bus='ide'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>
    <disk type='file' device='floppy'>
      <driver name='qemu' type='raw'/>
      <source file='/var/lib/libvirt/images/boot.flp'/>
      <target dev='fda' bus='fdc'/>
    </disk>
    <controller type='usb' index='0' model='piix3-uhci'/>
    <interface type='network'><source network='default'/><model type='pcnet'/></interface>
    <sound model='es1370'/>
    <video><model type='cirrus'/></video>
  </devices>
</domain>
"#;

/// The smallest domain with one disk and one interface, with `from` replaced by `to`.
fn small(from: &str, to: &str) -> String {
    const SMALL: &str = r#"<domain type='kvm'>
  <name>small</name>
  <memory unit='MiB'>64</memory>
  <vcpu>4</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <cpu><topology sockets='2' cores='2' threads='1'/></cpu>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/nowhere/small.qcow2'/>
      <target dev='sda' bus='sata'/>
    </disk>
    <interface type='bridge'><source bridge='br0'/><model type='e1000e'/></interface>
  </devices>
</domain>
"#;
    assert!(SMALL.contains(from), "{from}");
    SMALL.replace(from, to)
}

#[track_caller]
fn refused<T>(result: Result<T, String>, why: &str) {
    let Err(text) = result else {
        panic!("accepted, though {why:?} was expected");
    };
    assert!(text.contains(why), "{why:?} is not in {text:?}");
}

#[test]
fn a_right_domain_passes_all() {
    if !libvirt::wanted() {
        return;
    }
    libvirt::validate_all(&[("server", SERVER), ("old", OLD), ("small", &small("", ""))]);
    for xml in [SERVER, OLD, &small("", "")] {
        libvirt::validate(xml);
        libvirt::define(xml);
        libvirt::qemu_define(xml);
        libvirt::qemu_argv(xml);
    }
}

#[test]
fn what_starts_is_the_device_set_of_the_domain() {
    if !libvirt::wanted() {
        return;
    }
    let argv = libvirt::start_paused(SERVER);
    for part in [
        "-accel tcg",
        "-smp 8,sockets=2,dies=1,cores=4,threads=1",
        "-uuid 564d5c8e-6d0e-4b5e-8f21-0c2f1d3a4b5c",
        "type=1,uuid=564d5c8e-6d0e-4b5e-8f21-0c2f1d3a4b5c",
        "OVMF_CODE",
        "smm=on",
        "hv-spinlocks=0x1fff",
        "virtio-blk-pci",
        "6000c29e",
        "scsi-hd",
        "ide-hd",
        "ide-cd",
        "virtio-net-pci",
        "00:50:56:01:02:03",
        "vmxnet3",
        "isa-serial",
        "isa-parallel",
        "org.qemu.guest_agent.0",
        "tpm-crb",
        "unix:",
        "i6300esb",
        "vmgenid",
        "virtio-9p-pci",
    ] {
        assert!(argv.contains(part), "{part} is not in:\n{argv}");
    }
    for part in ["-accel kvm", "/dev/mapper", "br0", "vfio", "192.0.2"] {
        assert!(!argv.contains(part), "{part} is in:\n{argv}");
    }
    let argv = libvirt::start_paused(OLD);
    for part in [
        "qemu-system-",
        "pc-i440fx",
        "vmdk",
        "floppy",
        "pcnet",
        "ES1370",
        "cirrus-vga",
    ] {
        assert!(argv.contains(part), "{part} is not in:\n{argv}");
    }
}

#[test]
fn the_schema_refuses() {
    if !libvirt::wanted() {
        return;
    }
    let wrong = small("device='disk'", "device='harddisk'");
    refused(
        libvirt::try_validate(&wrong),
        "domain.xml:7: element devices: Relax-NG validity error",
    );
    refused(libvirt::try_validate("<domain>"), "parser error");

    let cases = [
        ("right", small("", "")),
        ("wrong", wrong),
        ("no XML", "<domain>".to_owned()),
    ];
    let panic = std::panic::catch_unwind(|| libvirt::validate_all(&cases)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("2 of 3 domains are wrong"), "{text}");
    assert!(
        text.contains("\nwrong:7: element devices: Relax-NG validity error"),
        "{text}"
    );
    assert!(text.contains("\nno XML:1: parser error"), "{text}");
    assert!(!text.contains("\nright"), "{text}");
}

#[test]
fn the_parser_refuses() {
    if !libvirt::wanted() {
        return;
    }
    let twice = small(
        "<interface",
        "<disk type='file'><source file='/nowhere/2'/><target dev='sda' bus='sata'/></disk><interface",
    );
    libvirt::validate(&twice);
    refused(libvirt::try_define(&twice), "target 'sda' duplicated");
}

#[test]
fn the_qemu_driver_refuses() {
    if !libvirt::wanted() {
        return;
    }
    for (from, to, why) in [
        (
            "dev='sda' bus='sata'",
            "dev='hda' bus='ide'",
            "IDE controllers are unsupported",
        ),
        (
            "sockets='2'",
            "sockets='3'",
            "CPU topology doesn't match maximum vcpu count",
        ),
    ] {
        let wrong = small(from, to);
        libvirt::validate(&wrong);
        libvirt::define(&wrong);
        refused(libvirt::try_qemu_define(&wrong), why);
        refused(libvirt::try_qemu_argv(&wrong), why);
        refused(libvirt::try_start_paused(&wrong), why);
    }
}

#[test]
fn qemu_refuses() {
    if !libvirt::wanted() {
        return;
    }
    let wrong = small("e1000e", "vlance");
    libvirt::validate(&wrong);
    libvirt::define(&wrong);
    libvirt::qemu_define(&wrong);
    refused(
        libvirt::try_start_paused(&wrong),
        "'vlance' is not a valid device model name",
    );
}

#[test]
fn a_panic_has_the_text_and_the_numbered_domain() {
    if !libvirt::wanted() {
        return;
    }
    let wrong = small("sockets='2'", "sockets='3'");
    let panic = std::panic::catch_unwind(|| libvirt::qemu_define(&wrong)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("CPU topology doesn't match"), "{text}");
    assert!(
        text.contains("   6    <cpu><topology sockets='3'"),
        "{text}"
    );
}
