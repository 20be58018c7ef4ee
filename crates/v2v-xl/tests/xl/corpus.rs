//! Files of real hosts, and those libvirt is tested with.

use std::fs;
use std::path::PathBuf;

use v2v_testkit::corpus;
use v2v_xl::{BootDevice, ChannelConnection, CharDev, Config, Cpuid, Disk, Guest, TscMode, Vif};

use crate::{parse, problems, value_problems};

fn files(dir: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(corpus::corpus_dir().join("xen").join(dir))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cfg"))
        .collect();
    files.sort();
    files
}

/// What a file says, in one line for each subject.
fn facts(config: &Config, guest: &Guest) -> String {
    let number = |setting: Option<u64>| setting.map_or("-".to_owned(), |number| number.to_string());
    let mut out = vec![format!(
        "{} {:?} {}/{} MiB {}/{} CPUs",
        guest
            .identity
            .name
            .as_ref()
            .map_or("-", |name| name.value.as_str()),
        guest.guest_type.unwrap(),
        number(guest.memory.memory_mib.map(|setting| setting.value)),
        number(guest.memory.maxmem_mib.map(|setting| setting.value)),
        number(guest.cpu.vcpus.map(|setting| setting.value.into())),
        number(guest.cpu.maxvcpus.map(|setting| setting.value.into())),
    )];
    out.extend(guest.disks.iter().map(disk_facts));
    out.extend(guest.vifs.iter().map(vif_facts));
    let keys = |ids: &[v2v_xl::EntryId]| -> Vec<&str> {
        ids.iter()
            .map(|&id| config.entry(id).unwrap().key())
            .collect()
    };
    for (name, ids) in [("ignored", &guest.ignored), ("unknown", &guest.unknown)] {
        if !ids.is_empty() {
            out.push(format!("{name} {}", keys(ids).join(" ")));
        }
    }
    out.extend(problems(config));
    out.extend(value_problems(guest));
    out.join("\n")
}

fn disk_facts(disk: &Disk) -> String {
    let mut out = vec![disk.vdev.map_or("-".to_owned(), |vdev| vdev.to_string())];
    out.push(if disk.is_cdrom { "cdrom" } else { "disk" }.to_owned());
    out.push(
        disk.format
            .map_or("-".to_owned(), |format| format!("{format:?}")),
    );
    out.push(
        disk.access
            .map_or("-".to_owned(), |access| format!("{access:?}")),
    );
    out.push(
        disk.backend_type
            .map_or("-".to_owned(), |kind| format!("{kind:?}")),
    );
    out.push(format!(
        "{}{}",
        disk.prefixes
            .iter()
            .map(|prefix| format!("{prefix}:"))
            .collect::<String>(),
        disk.target.as_deref().unwrap()
    ));
    out.join(" ")
}

fn vif_facts(vif: &Vif) -> String {
    let mut out = vec![
        "vif".to_owned(),
        vif.mac.map_or("-".to_owned(), |mac| mac.to_string()),
    ];
    out.extend(vif.bridge.clone());
    out.extend(vif.script.clone());
    out.extend(vif.model.clone());
    out.extend(vif.kind.map(|kind| format!("{kind:?}")));
    out.extend(vif.ip.as_ref().map(|ip| format!("ip {ip}")));
    out.extend(vif.vifname.clone());
    out.extend(
        vif.rate
            .map(|rate| format!("{} KB/s", rate.kilobytes_per_second())),
    );
    out.join(" ")
}

fn read(name: &str) -> (Config, Guest) {
    let config = parse(fs::read(corpus::file(&format!("xen/{name}.cfg"))).unwrap());
    let guest = Guest::new(&config);
    (config, guest)
}

#[track_caller]
fn check(name: &str, expected: &[&str]) {
    let (config, guest) = read(name);
    assert_eq!(
        facts(&config, &guest)
            .lines()
            .map(str::trim_end)
            .collect::<Vec<_>>(),
        expected,
        "{name}"
    );
}

#[test]
fn every_file_is_read() {
    if !corpus::wanted() {
        return;
    }
    for (dir, count) in [("xl", 32), ("xm", 17), ("wild", 7)] {
        let files = files(dir);
        assert_eq!(files.len(), count, "{dir}");
        for path in files {
            let config = parse(fs::read(&path).unwrap());
            let guest = Guest::new(&config);
            let path = path.display();
            assert!(
                guest.identity.name.is_some() && guest.guest_type.is_some(),
                "{path}"
            );
            assert!(
                guest.memory.memory_mib.is_some() && guest.cpu.vcpus.is_some(),
                "{path}"
            );
            assert_eq!(guest.problems, [], "{path}");
            assert_eq!(config.code().count(), 0, "{path}");
            // Only files of real hosts are odd.
            let odd = dir == "wild";
            assert!(
                odd || (config.problems().is_empty() && guest.unknown.is_empty()),
                "{path}"
            );
            let again = parse(config.to_string());
            let values = |config: &Config| -> Vec<v2v_xl::Value> {
                config
                    .entries()
                    .iter()
                    .map(|entry| entry.value().clone())
                    .collect()
            };
            assert_eq!(values(&again), values(&config), "{path}");
        }
    }
}

#[test]
fn real_hosts() {
    if !corpus::wanted() {
        return;
    }
    check(
        "wild/hvm-windows-hda-phy",
        &[
            "windows Hvm 1024/- MiB 2/- CPUs",
            "hda disk - ReadWrite - phy:/dev/vg/windows",
            "hdc cdrom - ReadOnly - file:/mnt/xen/iso/win.iso",
            "vif -",
        ],
    );
    check(
        "wild/hvm-xvda-phy-no-newline",
        &[
            "ubuhvm Hvm 1024/- MiB 2/- CPUs",
            "xvda disk - ReadWrite - phy:/dev/vg/ubuntu",
            "xvdc cdrom - ReadOnly - file:/mnt/xen/iso/ubuntu.iso",
            "vif -",
        ],
    );
    check(
        "wild/pv-duplicate-extra-utf8-comments",
        &[
            "guest1 Pv 2048/- MiB 8/- CPUs",
            "xvda disk - ReadWrite - file:/mnt/backup/vdi/guest1.img",
            "vif -",
            "line 4: the key is assigned again in line 5, with another value; the last counts",
        ],
    );
    check(
        "wild/pv-file-cdrom-suffix",
        &[
            "test Pv 1024/- MiB 2/- CPUs",
            "xvda disk Raw ReadWrite - /dev/vg/test",
            "xvdb cdrom - ReadOnly - file:/mnt/xen/iso/ubuntu-20.04.3-live-server-amd64.iso",
            "vif 00:16:3e:76:47:d3 ip 192.0.2.140",
        ],
    );
    check(
        "wild/pv-invalid-line-comment-in-list",
        &[
            "guest2 Pv 1024/- MiB 2/- CPUs",
            "xvda disk - ReadWrite - phy:/dev/vg/guest2",
            "vif 00:16:3e:f7:63:ed ip 192.0.2.140 192.0.2.140",
            "unknown initrd",
            "line 1: found `install-method = debootstrap`, expected `key = value`",
        ],
    );
    check(
        "wild/pv-pygrub-plus-ramdisk",
        &[
            "docker Pv 1024/- MiB 2/- CPUs",
            "xvda disk Raw ReadWrite - /dev/vg/docker-disk",
            "xvdb disk Raw ReadWrite - /dev/vg/docker-swap",
            "vif -",
        ],
    );
    check(
        "wild/pv-xentools-multiline-lists",
        &[
            "test Pv 2048/- MiB 2/- CPUs",
            "xvda1 disk Raw ReadWrite - /dev/vg/test-disk",
            "xvda2 disk Raw ReadWrite - /dev/vg/test-swap",
            "vif 00:16:3e:76:47:d4 ip 192.0.2.142",
        ],
    );
}

#[test]
fn xl_files() {
    if !corpus::wanted() {
        return;
    }
    check(
        "xl/test-channel-pty",
        &[
            "XenGuest1 Pv 512/512 MiB 1/- CPUs",
            "xvda disk Qcow2 ReadWrite Qdisk /var/lib/xen/images/debian/disk.qcow2",
            "vif 5a:36:0e:be:00:09",
        ],
    );
    check(
        "xl/test-disk-positional-parms-full",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite - /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly - /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-disk-qed",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Qed ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-acpi-slic",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-cpuid",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-direct-kernel-boot",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-hpet-timer",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000 10240 KB/s",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-hypervisor-features",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-multiserial",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-multiusb",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-nestedhvm",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-nohap",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000 10240 KB/s",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-ovmf",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-ovswitch-tagged",
        &[
            "XenGuest2 Hvm 8192/8192 MiB 8/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "vif 00:16:3e:66:92:9c ovsbr0.42 vif-openvswitch e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-pci",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-tsc-timer",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000 10240 KB/s",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-type",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-vnuma",
        &[
            "XenGuest2 Hvm 8192/8192 MiB 8/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-fullvirt-vnuma-nodistances",
        &[
            "XenGuest2 Hvm 8192/8192 MiB 8/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-max-eventchannels",
        &[
            "XenGuest1 Pv 512/512 MiB 1/- CPUs",
            "xvda disk Qcow2 ReadWrite Qdisk /var/lib/xen/images/debian/disk.qcow2",
            "vif 5a:36:0e:be:00:09",
            "ignored max_event_channels",
        ],
    );
    check(
        "xl/test-net-fakemodel",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge fakemodel",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-new-disk",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-paravirt-cmdline",
        &[
            "XenGuest2 Pv 394/579 MiB 1/- CPUs",
            "xvda disk Raw ReadWrite Qdisk /dev/HostVG/XenGuest2",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge",
        ],
    );
    check(
        "xl/test-paravirt-e820_host",
        &[
            "XenGuest1 Pv 512/512 MiB 4/- CPUs",
            "xvda disk Qcow2 ReadWrite Qdisk /var/lib/xen/images/debian/disk.qcow2",
            "vif 5a:36:0e:be:00:09",
        ],
    );
    check(
        "xl/test-paravirt-maxvcpus",
        &[
            "XenGuest1 Pv 512/512 MiB 4/8 CPUs",
            "xvda disk Qcow2 ReadWrite Qdisk /var/lib/xen/images/debian/disk.qcow2",
            "vif 5a:36:0e:be:00:09",
        ],
    );
    check(
        "xl/test-paravirt-type",
        &["XenGuest2 Pv 394/579 MiB 1/- CPUs"],
    );
    check("xl/test-pvh-type", &["XenGuest2 Pvh 394/579 MiB 1/- CPUs"]);
    check(
        "xl/test-rbd-multihost-noauth",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            r#"hdb disk Raw ReadWrite Qdisk rbd:pool/image:auth_supported=none:mon_host=mon1.example.org\:6321\;mon2.example.org\:6322\;mon3.example.org\:6322"#,
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-spice",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-usb",
        &[
            "XenGuest1 Pv 512/512 MiB 1/- CPUs",
            "xvda disk Qcow2 ReadWrite Qdisk /var/lib/xen/images/debian/disk.qcow2",
            "vif 5a:36:0e:be:00:09",
        ],
    );
    check(
        "xl/test-vif-rate",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "hdb disk Qcow2 ReadWrite Qdisk /var/lib/libvirt/images/XenGuest2-home",
            "hdc cdrom Raw ReadOnly Qdisk /root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000 10240 KB/s",
            "ignored device_model_override",
        ],
    );
    check(
        "xl/test-vif-typename",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk Raw ReadWrite Phy /dev/HostVG/XenGuest2",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge Paravirtual",
            "ignored device_model_override",
        ],
    );
}

#[test]
fn xm_files() {
    if !corpus::wanted() {
        return;
    }
    check(
        "xm/sexpr2xml-pv-bootloader",
        &[
            "pvtest Pv 420/420 MiB 2/- CPUs",
            "xvda disk - ReadWrite - file:/root/some.img",
        ],
    );
    check(
        "xm/test-disk-drv-blktap-raw",
        &[
            "XenGuest1 Pv 394/579 MiB 2/- CPUs",
            "xvda disk Raw ReadWrite - tap:aio:/root/some.img",
            "vif 00:16:3e:66:94:9c br0 vif-bridge",
        ],
    );
    check(
        "xm/test-escape-paths",
        &[
            "XenGuest2&test Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            r#"hdb disk - ReadWrite - phy:/dev/HostVG/XenGuest'""#,
            "hdc cdrom - ReadOnly - file:/root/boot.iso&test",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-localtime",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-net-netfront",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge Paravirtual",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-new-cdrom",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-parallel-tcp",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-serial-file",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-serial-pty",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-serial-unix",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-fullvirt-usbtablet",
        &[
            "XenGuest2 Hvm 394/579 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/HostVG/XenGuest2",
            "hdc cdrom - ReadOnly - file:/root/boot.iso",
            "vif 00:16:3e:66:92:9c xenbr1 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-no-source-cdrom",
        &[
            "test Hvm 350/382 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/sda8",
            "hdc cdrom Empty ReadOnly -",
            "vif 00:16:3e:0a:7b:39 xenbr0 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
    check(
        "xm/test-paravirt-net-e1000",
        &[
            "XenGuest1 Pv 394/579 MiB 1/- CPUs",
            "xvda disk - ReadWrite - phy:/dev/HostVG/XenGuest1",
            "vif 00:16:3e:66:94:9c br0 vif-bridge e1000",
        ],
    );
    check(
        "xm/test-paravirt-net-vifname",
        &[
            "XenGuest1 Pv 394/579 MiB 1/- CPUs",
            "xvda disk - ReadWrite - phy:/dev/HostVG/XenGuest1",
            "vif 00:16:3e:66:94:9c br0 vif-bridge e1000 net0",
        ],
    );
    check(
        "xm/test-paravirt-new-pvfb",
        &[
            "XenGuest1 Pv 394/579 MiB 1/- CPUs",
            "xvda disk - ReadWrite - phy:/dev/HostVG/XenGuest1",
            "vif 00:16:3e:66:94:9c br0 vif-bridge",
        ],
    );
    check(
        "xm/test-paravirt-root",
        &[
            "XenGuest1 Pv 512/- MiB 2/- CPUs",
            "xvda disk - ReadWrite - phy:/dev/HostVG/XenGuest1",
            "vif 00:16:3e:66:94:9c br0 vif-bridge",
        ],
    );
    check(
        "xm/test-pci-devs",
        &[
            "test Hvm 350/382 MiB 1/- CPUs",
            "hda disk - ReadWrite - phy:/dev/sda8",
            "hdc cdrom Empty ReadOnly -",
            "vif 00:16:3e:0a:7b:39 xenbr0 vif-bridge e1000",
            "ignored device_model_override",
        ],
    );
}

/// What else libvirt's files say, each for its own subject.
#[test]
fn subjects() {
    if !corpus::wanted() {
        return;
    }
    let guest = |name: &str| read(name).1;
    let g = guest("xl/test-fullvirt-cpuid");
    let flags = [("tm", "0"), ("sse3", "1"), ("page1gb", "x")];
    let flags = flags.map(|(flag, value)| (flag.to_owned(), value.to_owned()));
    assert_eq!(g.cpu.cpuid.unwrap().value, Cpuid::Flags(flags.to_vec()));
    assert!(g.features.nested_hvm.unwrap().value && !g.features.acpi.unwrap().value);

    let g = guest("xl/test-fullvirt-tsc-timer");
    assert_eq!(g.clock.tsc_mode.unwrap().value, TscMode::Native);
    assert_eq!(g.clock.rtc_offset_seconds.unwrap().value, 3600);
    assert!(g.clock.localtime.unwrap().value);

    let g = guest("xl/test-fullvirt-vnuma");
    let distances: Vec<_> = g.vnuma.iter().map(|node| node.value.distances[0]).collect();
    assert_eq!(distances, [10, 21, 31, 41]);
    assert_eq!(
        g.vnuma[3].value.vcpus.as_ref().unwrap().cpus().unwrap(),
        [6, 7]
    );

    let spice = guest("xl/test-spice").display.spice;
    assert_eq!(
        (spice.port.unwrap().value, spice.tls_port.unwrap().value),
        (590, 500)
    );
    assert_eq!(spice.host.unwrap().value, "127.0.0.1");
    assert!(!spice.password.unwrap().value.is_empty() && !spice.agent_mouse.unwrap().value);

    let g = guest("xl/test-fullvirt-pci");
    let second = &g.pci_devices[1];
    assert_eq!(
        (second.domain, second.bus, second.device, second.function),
        (0, 2, 0, Some(0))
    );
    assert_eq!(second.options, [("permissive".to_owned(), "1".to_owned())]);
    assert_eq!(guest("xm/test-pci-devs").pci_devices[0].domain, 1);

    assert!(guest("xl/test-fullvirt-ovmf").firmware.is_uefi());
    assert_eq!(
        guest("xl/test-usb").ports.usb_host_devices[0].host_address,
        Some(3)
    );
    assert_eq!(guest("xl/test-fullvirt-multiserial").ports.serials.len(), 3);
    assert_eq!(
        guest("xl/test-fullvirt-multiusb").ports.usb_devices.len(),
        2
    );
    assert_eq!(
        guest("xl/test-channel-pty").ports.channels[0].connection,
        Some(ChannelConnection::Pty)
    );
    let g = guest("xm/test-fullvirt-parallel-tcp");
    assert!(
        matches!(&g.ports.parallels[0].value, CharDev::Tcp { host, port: 7777, .. } if host == "127.0.0.1")
    );
    let g = guest("xm/test-fullvirt-serial-unix");
    assert!(
        matches!(&g.ports.serials[0].value, CharDev::Unix { path, is_server: true, waits: false } if path == "/tmp/serial.sock")
    );
    let g = guest("xm/test-paravirt-new-pvfb");
    assert_eq!(g.vfbs[0].vnc.listen.as_ref().unwrap().value, "127.0.0.1");
    assert!(g.vfbs[0].vnc.enabled.unwrap().value);
    let g = guest("xm/test-paravirt-root");
    assert_eq!(g.boot.command_line().as_deref(), Some("root=/dev/xvda2"));
    let g = guest("wild/pv-duplicate-extra-utf8-comments");
    assert_eq!(g.boot.command_line().as_deref(), Some("console=hvc0"));
    let g = guest("wild/hvm-windows-hda-phy");
    assert_eq!(
        g.boot.order.unwrap().value,
        [BootDevice::HardDisk, BootDevice::Cdrom]
    );
}
