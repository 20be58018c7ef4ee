use v2v_testkit::libvirt;
use v2v_vmx::{Document, ParseOptions};

use super::case::{LEGACY, MODERN, XP, translated, translated_with};
use crate::network::NetworkMap;
use crate::policy::{Machine, Profile};
use crate::{Evidence, GuestEvidence, Policy, translate};

/// The devices that a machine gets for its guest: channel, rng, balloon, panic device.
fn helpers(guest: &str) -> String {
    let case = translated(guest);
    let all =
        ["controller", "channel", "rng", "memballoon", "panic"].map(|kind| case.devices(kind));
    all.concat().concat()
}

const AGENT: &str =
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";

#[test]
fn a_guest_with_virtio_gets_agent_rng_and_balloon() {
    let usb = "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>";
    let rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>";
    assert_eq!(
        helpers(MODERN),
        format!("{usb}{AGENT}{rng}<memballoon model='virtio'/><panic model='isa'/>")
    );
}

#[test]
fn virtio_0_9_on_q35_is_transitional_everywhere() {
    let usb = "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>";
    let line = "<controller type='virtio-serial' index='0' model='virtio-transitional'/>";
    let rng =
        "<rng model='virtio-transitional'><backend model='random'>/dev/urandom</backend></rng>";
    assert_eq!(
        helpers(LEGACY),
        format!(
            "{usb}{line}{AGENT}{rng}<memballoon model='virtio-transitional'/><panic model='isa'/>"
        )
    );
    let on_pc = translated_with(LEGACY, |policy| policy.machine = Some(Machine::Pc));
    assert_eq!(
        on_pc.devices("memballoon"),
        ["<memballoon model='virtio'/>"]
    );
}

#[test]
fn windows_gets_what_the_guest_tools_have_drivers_for() {
    let usb = "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>";
    assert_eq!(
        helpers("guestOS = \"windows2019srv-64\"\n"),
        format!("{usb}{AGENT}<memballoon model='virtio'/><panic model='hyperv'/>")
    );
    let usb = "<controller type='usb' index='0' model='piix3-uhci'/>";
    assert_eq!(
        helpers(XP),
        format!("{usb}{AGENT}<memballoon model='virtio'/>")
    );
}

#[test]
fn a_guest_that_nobody_knows_gets_no_virtio_unless_asked_for() {
    let usb = "<controller type='usb' index='0' model='none'/>";
    assert_eq!(
        helpers("guestOS = \"dos\"\n"),
        format!("{usb}<memballoon model='none'/>")
    );
    let case = translated_with("guestOS = \"other\"\n", |policy| {
        policy.profile = Profile::Virtio
    });
    assert_eq!(
        case.devices("memballoon"),
        ["<memballoon model='virtio-transitional'/>"]
    );
    assert_eq!(case.devices("channel"), [AGENT]);
}

#[test]
fn every_machine_has_ps2_and_the_same_ends() {
    let case = translated(MODERN);
    assert_eq!(
        case.devices("input"),
        [
            "<input type='tablet' bus='usb'/>",
            "<input type='mouse' bus='ps2'/>",
            "<input type='keyboard' bus='ps2'/>"
        ]
    );
    let ends = ["on_poweroff", "on_reboot", "on_crash", "pm"].map(|name| case.element(name));
    assert_eq!(
        ends,
        [
            "<on_poweroff>destroy</on_poweroff>",
            "<on_reboot>restart</on_reboot>",
            "<on_crash>destroy</on_crash>",
            "<pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>"
        ]
    );
}

#[test]
fn what_the_disk_shows_is_enough() {
    let seen = GuestEvidence {
        virtio_net: Some(true),
        ..GuestEvidence::default()
    };
    let document =
        Document::parse(b"guestOS = \"otherlinux\"\n", &ParseOptions::default()).unwrap();
    let rngs = |guest| {
        let evidence = Evidence {
            guest,
            ..Evidence::default()
        };
        let domain = translate(&document, &Policy::default(), &evidence).domain;
        domain.devices.unwrap().rngs.len()
    };
    assert_eq!((rngs(None), rngs(Some(seen))), (0, 1));
}

/// Every kind of device beside the drives.
const EVERYTHING: &str = "ethernet0.present = \"TRUE\"\nethernet0.networkName = \"VM Network, with a long name\"\n\
    ethernet1.present = \"TRUE\"\nethernet1.connectionType = \"custom\"\nethernet1.vnet = \"/dev/vmnet7\"\n\
    ethernet2.present = \"TRUE\"\nethernet2.connectionType = \"pvn\"\nethernet2.pvnID = \"52 af/<é>\"\n\
    ethernet2.startConnected = \"FALSE\"\nuuid.bios = \"56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 fe\"\n\
    serial1.present = \"TRUE\"\nserial1.fileType = \"pipe\"\nserial1.fileName = \"serial1.pipe\"\n\
    serial2.present = \"TRUE\"\nserial2.fileType = \"network\"\nserial2.fileName = \"telnet://127.0.0.1:9000\"\n\
    serial2.network.endPoint = \"client\"\nserial1.pipe.endPoint = \"client\"\n\
    serial3.present = \"TRUE\"\nserial3.fileType = \"file\"\nserial3.fileName = \"serial.log\"\n\
    parallel0.present = \"TRUE\"\nparallel0.fileType = \"file\"\nparallel0.fileName = \"out.prn\"\n\
    usb.present = \"TRUE\"\nsound.present = \"TRUE\"\nsvga.numDisplays = \"2\"\n\
    RemoteDisplay.vnc.enabled = \"TRUE\"\nRemoteDisplay.vnc.port = \"5903\"\nRemoteDisplay.vnc.keyMap = \"de\"\n\
    RemoteDisplay.vnc.password = \"longer than eight\"\npciPassthru0.present = \"TRUE\"\n";

/// The domain of a machine with everything, for a guest and a profile.
fn everything(guest: &str, profile: Profile, machine: Machine) -> String {
    let lines = format!("guestOS = \"{guest}\"\n{EVERYTHING}");
    let case = translated_with(&lines, |policy| {
        policy.profile = profile;
        policy.machine = Some(machine);
        policy.keep.vnc_password = true;
        let tagged = "[[mac]]\nmac = \"00:0c:29:04:05:fe\"\nto = \"bridge:br0\"\nvlan = 42\n";
        policy.networks = NetworkMap::parse(tagged).unwrap();
        let address = "0000:3b:00.1".parse().unwrap();
        policy
            .passthrough
            .push(("pciPassthru0".to_owned(), address));
    });
    case.translation.domain.to_xml().unwrap()
}

const GUESTS: [&str; 9] = [
    "debian12-64",
    "rhel6-64",
    "rhel4",
    "windows2019srv-64",
    "windows7",
    "winxppro",
    "freebsd12-64",
    "dos",
    "other",
];

#[test]
fn libvirt_s_schema_takes_every_device() {
    if !libvirt::wanted() {
        return;
    }
    let mut cases = Vec::new();
    for guest in GUESTS {
        for profile in Profile::ALL {
            for machine in Machine::ALL {
                let name = format!("{guest} {profile} {machine}");
                cases.push((name, everything(guest, *profile, *machine)));
            }
        }
    }
    libvirt::validate_all(&cases);
}

#[test]
fn the_qemu_driver_takes_every_device() {
    if !libvirt::wanted() {
        return;
    }
    for guest in GUESTS {
        for machine in Machine::ALL {
            libvirt::qemu_define(&everything(guest, Profile::Auto, *machine));
        }
    }
}

#[test]
fn qemu_starts_with_every_device() {
    if !libvirt::wanted() {
        return;
    }
    for (guest, profile, machine, device) in [
        ("debian12-64", Profile::Auto, Machine::Q35, "virtio-net-pci"),
        (
            "rhel6-64",
            Profile::Auto,
            Machine::Q35,
            "virtio-rng-pci-transitional",
        ),
        ("windows7", Profile::Auto, Machine::Q35, "ich9-usb-ehci1"),
        ("winxppro", Profile::Source, Machine::Pc, "pcnet"),
        ("dos", Profile::Legacy, Machine::Pc, "cirrus-vga"),
    ] {
        let argv = libvirt::start_paused(&everything(guest, profile, machine));
        assert!(argv.contains(device), "{guest}: no {device} in\n{argv}");
    }
}
