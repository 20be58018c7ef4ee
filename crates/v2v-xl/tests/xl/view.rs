//! The typed view, subject by subject.

use v2v_xl::{
    Action, Affinity, Altp2m, Bios, BootDevice, CharDev, Cpuid, FirmwareKind, GfxPassthrough,
    GuestType, HdType, NicType, TimerMode, TscMode, UsbDevice, VgaKind, Viridian,
};

use crate::{guest, parse, value_problems};

macro_rules! value {
    ($setting:expr) => {
        $setting.as_ref().map(|setting| setting.value.clone())
    };
}

#[test]
fn types() {
    for (text, expected) in [
        ("name = 'x'", Some(GuestType::Pv)),
        ("type = 'pv'", Some(GuestType::Pv)),
        ("type = 'pvh'", Some(GuestType::Pvh)),
        ("type = 'hvm'", Some(GuestType::Hvm)),
        ("builder = 'hvm'", Some(GuestType::Hvm)),
        ("builder = 'generic'", Some(GuestType::Pv)),
        ("builder = 'linux'", Some(GuestType::Pv)),
        ("type = 'hvm'\nbuilder = 'hvm'", Some(GuestType::Hvm)),
        ("type = 'vm'", None),
        ("builder = 'HVM'", None),
        ("type = 'pv'\nbuilder = 'hvm'", None),
        ("type = [ 'pv' ]", None),
    ] {
        let guest = guest(text);
        assert_eq!(guest.guest_type, expected, "{text}");
        assert_eq!(
            guest.problems.len(),
            usize::from(expected.is_none()),
            "{text}"
        );
    }
}

#[test]
fn identity_memory_and_processors() {
    let guest = guest(
        "name = 'web01'\nuuid = '2C474D2E28ba4730a5ba88de9d25652a'\nmemory = '1024'\nmaxmem = 0x1000\nvcpus = 2\n\
         maxvcpus = '4'\ncpu_weight = 512\ncap = 50\npool = 'Pool-0'\n",
    );
    assert_eq!(value!(guest.identity.name).as_deref(), Some("web01"));
    assert_eq!(
        guest.identity.uuid.unwrap().value.to_string(),
        "2c474d2e-28ba-4730-a5ba-88de9d25652a"
    );
    assert_eq!(guest.identity.uuid.unwrap().id.index(), 1);
    assert_eq!(
        (
            value!(guest.memory.memory_mib),
            value!(guest.memory.maxmem_mib)
        ),
        (Some(1024), Some(4096))
    );
    assert_eq!(
        (value!(guest.cpu.vcpus), value!(guest.cpu.maxvcpus)),
        (Some(2), Some(4))
    );
    assert_eq!(
        (value!(guest.cpu.cpu_weight), value!(guest.cpu.cap)),
        (Some(512), Some(50))
    );
    assert!(guest.unknown.is_empty() && guest.ignored.is_empty() && guest.problems.is_empty());
}

#[test]
fn affinity() {
    let cpus = |text: &str| match guest(text).cpu.cpus.map(|cpus| cpus.value) {
        Some(Affinity::All(set)) => set.cpus().map(|cpus| vec![cpus]),
        Some(Affinity::Each(sets)) => sets.iter().map(|set| set.cpus()).collect(),
        None => None,
    };
    assert_eq!(cpus("cpus = '0-3,^1'"), Some(vec![vec![0, 2, 3]]));
    assert_eq!(
        cpus("cpus = '0-7,^2-5, 3'"),
        Some(vec![vec![0, 1, 3, 6, 7]])
    );
    assert_eq!(
        cpus("cpus = [ '2', 3, '4-5' ]"),
        Some(vec![vec![2], vec![3], vec![4, 5]])
    );
    assert_eq!(cpus("cpus = 3"), Some(vec![vec![3]]));
    assert_eq!(cpus("cpus = 'all'"), None);
    assert_eq!(cpus("cpus = 'node:0,^1'"), None);
    assert_eq!(cpus("cpus = '0-4294967295'"), None);
    assert_eq!(guest("cpus = ''").problems, []);
    for text in ["3-1", "^all", "a", "1-", "-1", "1--2", "node:", "^", ","] {
        let guest = guest(format!("cpus_soft = '{text}'"));
        assert_eq!(guest.cpu.cpus_soft, None, "{text}");
        assert_eq!(
            value_problems(&guest),
            [format!(
                "found `{text}`, expected processors such as all, 0-3,^2 or node:0"
            )]
        );
    }
    let guest = guest("cpus = [ '0', 'x' ]");
    assert_eq!(guest.cpu.cpus, None);
    assert_eq!(
        value_problems(&guest),
        ["item 2 (`x`): found `x`, expected processors such as all, 0-3,^2 or node:0"]
    );
}

#[test]
fn cpuid() {
    let value = |text: &str| guest(text).cpu.cpuid.map(|setting| setting.value);
    let flag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        value("cpuid = 'host,tm=0,page1gb=x'"),
        Some(Cpuid::Flags(vec![flag("tm", "0"), flag("page1gb", "x")]))
    );
    assert_eq!(value("cpuid = 'host'"), Some(Cpuid::Flags(vec![])));
    assert_eq!(
        value("cpuid = [ '1:ecx=xx' ]"),
        Some(Cpuid::Registers(vec!["1:ecx=xx".to_owned()]))
    );
    assert_eq!(guest("cpuid = 'tm=0'").problems.len(), 1);
    assert_eq!(guest("cpuid = 'host,tm'").problems.len(), 1);
}

#[test]
fn booting() {
    let guest = guest(
        "kernel = '/boot/vmlinuz'\nramdisk = ''\nroot = '/dev/xvda2 ro'\nextra = 'quiet'\nbootloader = 'pygrub'\n\
         bootloader_args = '--kernel=/vmlinuz  --args=x'\nbootargs = 'mac=AA:00:86:e2:35:72'\nboot = 'cdn'\nhdtype = 'ahci'\n\
         bootentry = 'xvda2:/boot/vmlinuz-xen'\n",
    );
    assert_eq!(value!(guest.boot.kernel).as_deref(), Some("/boot/vmlinuz"));
    assert_eq!(guest.boot.ramdisk, None);
    assert_eq!(
        value!(guest.boot.bootentry).as_deref(),
        Some("xvda2:/boot/vmlinuz-xen")
    );
    assert_eq!(
        guest.boot.command_line().as_deref(),
        Some("root=/dev/xvda2 ro quiet")
    );
    assert_eq!(
        value!(guest.boot.bootloader_args),
        Some(vec!["--kernel=/vmlinuz".to_owned(), "--args=x".to_owned()])
    );
    let order = vec![BootDevice::HardDisk, BootDevice::Cdrom, BootDevice::Network];
    assert_eq!(
        (value!(guest.boot.order), value!(guest.boot.hd_type)),
        (Some(order), Some(HdType::Ahci))
    );
    assert!(guest.problems.is_empty());

    let line = |text: &str| crate::guest(text).boot.command_line();
    assert_eq!(
        line("cmdline = 'a'\nroot = 'b'\nextra = 'c'").as_deref(),
        Some("a")
    );
    assert_eq!(line("root = 'b'").as_deref(), Some("root=b"));
    assert_eq!(line("extra = 'c'").as_deref(), Some("c"));
    assert_eq!(line("name = 'x'"), None);

    let args = |text: &str| value!(crate::guest(text).boot.bootloader_args);
    assert_eq!(
        args("bootloader_args = [ 'a b', 'c' ]"),
        Some(vec!["a b".to_owned(), "c".to_owned()])
    );
    let guest = crate::guest("boot = 'cx'");
    assert_eq!(
        value_problems(&guest),
        ["found `cx`, expected letters of a (floppy), c (hard disk), d (CD-ROM) and n (network)"]
    );
}

#[test]
fn firmware() {
    let firmware = |text: &str| guest(text).firmware;
    assert!(firmware("bios = 'ovmf'").is_uefi());
    assert!(firmware("firmware = 'uefi'").is_uefi());
    assert!(firmware("firmware = 'ovmf'").is_uefi());
    assert!(!firmware("bios = 'seabios'\nbios_path_override = '/ovmf.bin'").is_uefi());
    assert_eq!(
        value!(firmware("firmware = 'rombios'").firmware),
        Some(FirmwareKind::Named(Bios::Rombios))
    );
    assert_eq!(
        value!(firmware("firmware = '/x/hvmloader'").firmware),
        Some(FirmwareKind::Path("/x/hvmloader".to_owned()))
    );
    assert_eq!(
        value!(firmware("firmware = 'pvgrub64'").firmware),
        Some(FirmwareKind::PvGrub)
    );
    assert_eq!(guest("bios = 'coreboot'").problems.len(), 1);
}

#[test]
fn features_and_clock() {
    let guest = guest(
        "acpi = 1\napic = '0'\npae = 2\nhap = False\nviridian = [ 'base', '!freq' ]\nnestedhvm = 1\naltp2m = 'mixed'\n\
         e820_host = 1\nlocaltime = 1\nrtc_timeoffset = -3600\ntsc_mode = 'native'\ntimer_mode = 1\nhpet = 'yes'\n",
    );
    assert_eq!(
        (value!(guest.features.acpi), value!(guest.features.apic)),
        (Some(true), Some(false))
    );
    assert_eq!(
        (value!(guest.features.pae), value!(guest.features.hap)),
        (Some(true), Some(false))
    );
    let Some(Viridian::Groups(groups)) = value!(guest.features.viridian) else {
        panic!("no groups");
    };
    let groups: Vec<_> = groups
        .iter()
        .map(|group| (group.name.as_str(), group.is_enabled))
        .collect();
    assert_eq!(groups, [("base", true), ("freq", false)]);
    assert_eq!(value!(guest.features.altp2m), Some(Altp2m::Mixed));
    assert_eq!(
        (
            value!(guest.clock.localtime),
            value!(guest.clock.rtc_offset_seconds)
        ),
        (Some(true), Some(-3600))
    );
    assert_eq!(value!(guest.clock.tsc_mode), Some(TscMode::Native));
    assert_eq!(
        value!(guest.clock.timer_mode),
        Some(TimerMode::NoDelayForMissedTicks)
    );
    assert_eq!(value_problems(&guest), ["found `yes`, expected 0 or 1"]);
    assert_eq!(guest.clock.hpet, None);
    assert_eq!(
        value!(crate::guest("viridian = 1").features.viridian),
        Some(Viridian::Defaults(true))
    );
}

#[test]
fn actions() {
    let guest = guest(
        "on_poweroff = 'preserve'\non_reboot = 'rename-restart'\non_crash = 'coredump-destroy'\non_watchdog = 'soft-reset'\n\
         on_soft_reset = 'explode'\n",
    );
    assert_eq!(value!(guest.actions.on_poweroff), Some(Action::Preserve));
    assert_eq!(value!(guest.actions.on_reboot), Some(Action::RenameRestart));
    assert_eq!(
        value!(guest.actions.on_crash),
        Some(Action::CoredumpDestroy)
    );
    assert_eq!(value!(guest.actions.on_watchdog), Some(Action::SoftReset));
    assert_eq!(
        (guest.actions.on_soft_reset, guest.problems.len()),
        (None, 1)
    );
}

#[test]
fn network_cards() {
    let guest = guest(
        "vif = [ '', 'ip=192.0.2.140 192.0.2.141 ,mac=00:16:3E:76:47:D3', 'type=ioemu, model=e1000,bridge = xenbr1,\
         script=vif-bridge,vifname=web,backend=net,gatewaydev=eth0,mtu=9000,devid=3,rate=1MB/s@20ms,trusted=0' ]\n",
    );
    assert_eq!(value_problems(&guest), [""; 0]);
    let [first, second, third] = guest.vifs.as_slice() else {
        panic!("{:?}", guest.vifs);
    };
    assert_eq!(
        (first.text.as_str(), first.mac, first.bridge.as_deref()),
        ("", None, None)
    );
    assert_eq!(second.ip.as_deref(), Some("192.0.2.140 192.0.2.141"));
    assert_eq!(second.mac.unwrap().to_string(), "00:16:3e:76:47:d3");
    assert_eq!(third.kind, Some(NicType::Emulated));
    assert_eq!(
        (third.model.as_deref(), third.bridge.as_deref()),
        (Some("e1000"), Some("xenbr1"))
    );
    assert_eq!(
        (third.script.as_deref(), third.vifname.as_deref()),
        (Some("vif-bridge"), Some("web"))
    );
    assert_eq!(
        (third.backend.as_deref(), third.gateway_dev.as_deref()),
        (Some("net"), Some("eth0"))
    );
    assert_eq!((third.mtu, third.devid), (Some(9000), Some(3)));
    assert_eq!(third.others, [("trusted".to_owned(), Some("0".to_owned()))]);
    let rate = third.rate.unwrap();
    assert_eq!((rate.bytes_per_second, rate.window_us), (1_000_000, 20_000));

    let guest =
        crate::guest("vif = [ 'mac=xx,color=red,bridge', 'type=netfront', 'bridge=a,bridge=b' ]");
    assert_eq!(
        value_problems(&guest),
        [
            "item 1 (`mac=xx,color=red,bridge`): found `xx`, expected an address such as 00:16:3e:01:02:03",
            "item 1 (`mac=xx,color=red,bridge`): found `color`, expected a parameter of xl-network-configuration(5)",
            "item 1 (`mac=xx,color=red,bridge`): found `bridge`, expected `key=value`",
            "item 3 (`bridge=a,bridge=b`): found `bridge`, expected each parameter once; the last counts",
        ]
    );
    assert_eq!(guest.vifs[1].kind, Some(NicType::Paravirtual));
    assert_eq!(guest.vifs[2].bridge.as_deref(), Some("b"));
}

#[test]
fn rates() {
    let rate = |text: &str| guest(format!("vif = [ 'rate={text}' ]")).vifs[0].rate;
    for (text, bytes, window) in [
        ("10240KB/s", 10_240_000, 50_000),
        ("10Mb/s", 1_250_000, 50_000),
        ("1GB/s", 1_000_000_000, 50_000),
        ("1000000b/s", 125_000, 50_000),
        ("250KB/s@50us", 250_000, 50),
        ("250KB/s@1", 250_000, 1_000_000),
        ("250KB/s@2s", 250_000, 2_000_000),
    ] {
        let rate = rate(text).unwrap();
        assert_eq!(
            (rate.bytes_per_second, rate.window_us),
            (bytes, window),
            "{text}"
        );
    }
    assert_eq!(rate("10240KB/s").unwrap().kilobytes_per_second(), 10_240);
    for text in [
        "",
        "10",
        "10KB",
        "KB/s",
        "0KB/s",
        "10kB/s",
        "10KB/s@",
        "10KB/s@0s",
        "10KB/s@5000s",
        "99999999999999999999GB/s",
    ] {
        assert_eq!(rate(text), None, "{text}");
    }
}

#[test]
fn graphics() {
    let guest = guest(
        "vfb = [ 'type=vnc,vncunused=1,vnclisten=127.0.0.1,vncpasswd=123poi,keymap=de', 'sdl=1,opengl=0' ]\nvnc = 1\n\
         vncdisplay = 3\nvncpasswd = ''\nspice = 1\nspiceport = 6000\nspicepasswd = 'thebeast'\nkeymap = 'en-us'\n\
         vga = 'cirrus'\nvideoram = 16\n",
    );
    assert_eq!(value_problems(&guest), [""; 0]);
    let [first, second] = guest.vfbs.as_slice() else {
        panic!("{:?}", guest.vfbs);
    };
    assert_eq!(
        (value!(first.vnc.enabled), first.keymap.as_deref()),
        (Some(true), Some("de"))
    );
    assert_eq!(value!(first.vnc.listen).as_deref(), Some("127.0.0.1"));
    assert_eq!(
        first.vnc.password.as_ref().unwrap().value.reveal(),
        "123poi"
    );
    assert_eq!(
        (value!(second.sdl.enabled), value!(second.sdl.opengl)),
        (Some(true), Some(false))
    );
    assert_eq!(
        (
            value!(guest.display.vnc.enabled),
            value!(guest.display.vnc.display)
        ),
        (Some(true), Some(3))
    );
    assert!(
        guest
            .display
            .vnc
            .password
            .as_ref()
            .unwrap()
            .value
            .is_empty()
    );
    assert_eq!(value!(guest.display.spice.port), Some(6000));
    assert_eq!(
        (
            value!(guest.display.vga),
            value!(guest.display.videoram_mib)
        ),
        (Some(VgaKind::Cirrus), Some(16))
    );
    let debug = format!("{guest:?}");
    assert!(
        !debug.contains("123poi") && !debug.contains("thebeast"),
        "{debug}"
    );

    // Nor does a problem show one.
    let guest = crate::guest("vfb = [ 'vncpasswd=123poi,foo=1' ]\nspicepasswd = [ 'thebeast' ]");
    assert_eq!(
        value_problems(&guest),
        [
            "item 1 (`vncpasswd...`): found `foo`, expected a parameter of vfb in xl.cfg(5)",
            "found `a password`, expected a string",
        ]
    );
}

#[test]
fn ports() {
    let guest = guest(
        "serial = [ 'pty', 'file:/tmp/a', 'tcp::7777,server,nowait', 'unix:/tmp/s,server', '/dev/ttyS0' ]\n\
         parallel = 'none'\nsoundhw = 'sb16,es1370'\nusb = 1\nusbdevice = [ 'tablet', 'host:1.2' ]\n\
         usbctrl = [ 'type=auto,version=2,ports=4' ]\nusbdev = [ 'hostbus=1,hostaddr=3' ]\n\
         channel = [ 'connection=socket, path=/run/a, name=org.qemu.guest_agent.0' ]\n",
    );
    assert_eq!(value_problems(&guest), [""; 0]);
    let serials: Vec<CharDev> = guest
        .ports
        .serials
        .iter()
        .map(|serial| serial.value.clone())
        .collect();
    let (host, port) = (String::new(), 7777);
    assert_eq!(
        serials,
        [
            CharDev::Pty,
            CharDev::File("/tmp/a".to_owned()),
            CharDev::Tcp {
                host,
                port,
                is_server: true,
                waits: false,
                is_telnet: false
            },
            CharDev::Unix {
                path: "/tmp/s".to_owned(),
                is_server: true,
                waits: true
            },
            CharDev::Device("/dev/ttyS0".to_owned()),
        ]
    );
    assert_eq!(guest.ports.parallels[0].value, CharDev::None);
    assert_eq!(
        value!(guest.ports.sound),
        Some(vec!["sb16".to_owned(), "es1370".to_owned()])
    );
    assert_eq!(
        guest.ports.usb_devices[1].value,
        UsbDevice::Host("1.2".to_owned())
    );
    let controller = &guest.ports.usb_controllers[0];
    assert_eq!(
        (
            controller.kind.as_deref(),
            controller.version,
            controller.ports
        ),
        (Some("auto"), Some(2), Some(4))
    );
    let device = &guest.ports.usb_host_devices[0];
    assert_eq!((device.host_bus, device.host_address), (Some(1), Some(3)));
    assert_eq!(
        guest.ports.channels[0].name.as_deref(),
        Some("org.qemu.guest_agent.0")
    );
    assert_eq!(guest.ports.channels[0].path.as_deref(), Some("/run/a"));

    for text in [
        "ptty",
        "file:",
        "tcp:host",
        "tcp:host:port",
        "unix:/a,often",
        "stdin",
    ] {
        assert_eq!(
            crate::guest(format!("serial = '{text}'")).problems.len(),
            1,
            "{text}"
        );
    }
}

#[test]
fn devices_of_the_host() {
    let guest = guest(
        "pci = [ '0000:01:1a.1', '02:00.*,permissive=1', '0001:0c:1b.2@5,msitranslate=0,power_mgmt=1' ]\n\
         pci_permissive = 1\ngfx_passthru = 'igd'\nrdm = 'strategy=host,policy=relaxed'\n\
         vtpm = [ 'backend=vtpm1,uuid=2c474d2e-28ba-4730-a5ba-88de9d25652a' ]\n\
         p9 = [ 'tag=share,security_model=none,path=/srv' ]\npvcalls = [ 'backend=0' ]\n",
    );
    assert_eq!(value_problems(&guest), [""; 0]);
    let addresses: Vec<_> = guest
        .pci_devices
        .iter()
        .map(|pci| (pci.domain, pci.bus, pci.device, pci.function))
        .collect();
    assert_eq!(
        addresses,
        [
            (0, 1, 0x1a, Some(1)),
            (0, 2, 0, None),
            (1, 12, 0x1b, Some(2))
        ]
    );
    assert_eq!(guest.pci_devices[2].vslot, Some(5));
    assert_eq!(
        guest.pci_devices[1].options,
        [("permissive".to_owned(), "1".to_owned())]
    );
    assert_eq!(
        value!(guest.gfx_passthrough),
        Some(GfxPassthrough::Kind("igd".to_owned()))
    );
    assert_eq!(guest.vtpms[0].backend.as_deref(), Some("vtpm1"));
    assert_eq!(guest.p9s[0].tag.as_deref(), Some("share"));
    assert_eq!(guest.pvcalls[0].backend.as_deref(), Some("0"));

    for text in [
        "1a.1",
        "0000:01:1a",
        "0000:01:20.0",
        "01:00.8",
        "g0:00.0",
        "0:0:0:0.0",
        "00001:01:00.0",
    ] {
        let guest = crate::guest(format!("pci = [ '{text}' ]"));
        assert_eq!(
            (guest.pci_devices.len(), guest.problems.len()),
            (0, 1),
            "{text}"
        );
    }
}

#[test]
fn vnuma() {
    let guest = guest(
        "vnuma = [ [ 'pnode=0', 'size=2048', 'vcpus=0-1,4', 'vdistances=10,20' ],\n [ 'pnode = 1', 'size=1024', 'vcpus=2-3' ] ]\n",
    );
    assert_eq!(value_problems(&guest), [""; 0]);
    let nodes: Vec<_> = guest
        .vnuma
        .iter()
        .map(|node| {
            let node = &node.value;
            (
                node.pnode,
                node.size_mib,
                node.vcpus.as_ref().unwrap().cpus().unwrap(),
                node.distances.clone(),
            )
        })
        .collect();
    assert_eq!(
        nodes,
        [
            (Some(0), Some(2048), vec![0, 1, 4], vec![10, 20]),
            (Some(1), Some(1024), vec![2, 3], vec![])
        ]
    );

    let guest = crate::guest("vnuma = [ [ 'pnode=0', 'size=much' ], [ 'pnode=1' ] ]");
    assert!(guest.vnuma.is_empty());
    assert_eq!(
        value_problems(&guest),
        ["item 1 (`size=much`): found `size=much`, expected a whole number of at least 0"]
    );
    assert_eq!(crate::guest("vnuma = [ 'pnode=0' ]").problems.len(), 1);
    assert_eq!(crate::guest("vnuma = 'pnode=0'").problems.len(), 1);
}

#[test]
fn lists_where_a_list_belongs() {
    for (text, expected) in [
        (
            "disk = 'phy:/dev/a,hda,w'",
            "found `phy:/dev/a,hda,w`, expected a list in brackets",
        ),
        (
            "vif = [ [ 'mac=00:16:3e:00:00:01' ] ]",
            "found `a list`, expected a string",
        ),
        ("name = [ 'x' ]", "found `a list`, expected a string"),
        (
            "memory = [ 512 ]",
            "found `a list`, expected a whole number of at least 0",
        ),
    ] {
        assert_eq!(value_problems(&guest(text)), [expected]);
    }
    assert_eq!(guest("disk = ''").problems, []);
}

#[test]
fn every_setting_is_accounted_for() {
    let config = parse(
        "name = 'x'\nname = 'y'\ninitrd = '/i'\noos = 1\ndisk = [ '/a,,xvda' ]\ndisk += [ '/b,,xvdb' ]\n\
         device_model_version = 'qemu-xen'\ninitrd += 'x'\n",
    );
    let guest = v2v_xl::Guest::new(&config);
    let keys = |ids: &[v2v_xl::EntryId]| -> Vec<(String, u64)> {
        ids.iter()
            .map(|&id| {
                config
                    .entry(id)
                    .map(|entry| (entry.key().to_owned(), entry.line()))
                    .unwrap()
            })
            .collect()
    };
    assert_eq!(
        keys(&guest.unknown),
        [("initrd".to_owned(), 3), ("initrd".to_owned(), 8)]
    );
    assert_eq!(
        keys(&guest.ignored),
        [
            ("oos".to_owned(), 4),
            ("device_model_version".to_owned(), 7)
        ]
    );
    let disks: Vec<_> = guest
        .disks
        .iter()
        .map(|disk| (disk.id.index(), disk.index))
        .collect();
    assert_eq!(disks, [(4, 0), (5, 1)]);
    assert_eq!(guest.identity.name.map(|name| name.id.index()), Some(1));
}

/// As SUSE's tools wrote them for xend.
#[test]
fn a_guest_of_xend() {
    let text = "name=\"sles11\"\ndescription=\"None\"\nuuid=\"fa9ea4d7-8f95-30c0-bce9-9e58ffcabeb2\"\nmemory=512\nmaxmem=512\n\
                vcpus=1\non_poweroff=\"destroy\"\nlocaltime=0\nkeymap=\"en-us\"\nbuilder=\"linux\"\n\
                bootloader=\"/usr/lib/xen/boot/domUloader.py\"\nbootargs=\"--entry=xvda2:/boot/vmlinuz-xen,/boot/initrd-xen\"\n\
                extra=\" \"\ndisk=[ 'file:/var/lib/xen/images/sles11/disk0,xvda,w', ]\n\
                vif=[ 'mac=00:16:3e:2d:91:c3,bridge=br0', ]\nvfb=['type=vnc,vncunused=1']\nvncpasswd=\"\"\nfda=\"/a.img\"\n";
    let config = parse(text);
    let guest = v2v_xl::Guest::new(&config);
    assert_eq!(value_problems(&guest), [""; 0]);
    assert!(config.problems().is_empty() && guest.unknown.is_empty());
    assert_eq!(guest.ignored.len(), 1);
    assert_eq!(
        (guest.guest_type, guest.boot.command_line()),
        (Some(GuestType::Pv), None)
    );
    assert_eq!(
        guest.disks[0].path().as_deref(),
        Some("/var/lib/xen/images/sles11/disk0")
    );
    assert_eq!(guest.floppies[0].value, "/a.img");
}
