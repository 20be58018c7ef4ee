use crate::policy::{DiskBus, Machine};
use crate::vmx::extra::case::{MODERN, XP, translated, translated_with};

/// The USB controllers of a machine without a word about USB.
fn controllers(guest: &str, machine: Option<Machine>) -> String {
    let case = translated_with(guest, |policy| policy.machine = machine);
    let mut found = case.devices("controller");
    found.retain(|controller| controller.contains("type='usb'"));
    found.concat()
}

const XHCI: &str = "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>";

#[test]
fn the_controller_is_one_the_guest_drives() {
    let ich9 = "<controller type='usb' index='0' model='ich9-ehci1'/>\
                <controller type='usb' index='0' model='ich9-uhci1'><master startport='0'/></controller>\
                <controller type='usb' index='0' model='ich9-uhci2'><master startport='2'/></controller>\
                <controller type='usb' index='0' model='ich9-uhci3'><master startport='4'/></controller>";
    let uhci = "<controller type='usb' index='0' model='piix3-uhci'/>";
    let none = "<controller type='usb' index='0' model='none'/>";
    for (guest, machine, expected) in [
        (MODERN, None, XHCI),
        (MODERN, Some(Machine::Pc), XHCI),
        ("guestOS = \"windows7\"\n", None, ich9),
        ("guestOS = \"rhel5-64\"\n", None, ich9),
        ("guestOS = \"other\"\n", None, ich9),
        (XP, None, uhci),
        ("guestOS = \"winNT\"\n", None, none),
        ("guestOS = \"netware5\"\n", None, none),
    ] {
        assert_eq!(controllers(guest, machine), expected, "{guest}");
    }
}

#[test]
fn a_tablet_needs_usb() {
    let has_tablet = |lines: &str| {
        translated(lines)
            .devices("input")
            .concat()
            .contains("tablet")
    };
    assert!(has_tablet(MODERN));
    assert!(!has_tablet("guestOS = \"dos\"\n"));
    assert!(has_tablet("guestOS = \"dos\"\nusb.present = \"TRUE\"\n"));
}

#[test]
fn a_disk_on_usb_needs_a_controller() {
    let lines = "guestOS = \"dos\"\nide0:0.present = \"TRUE\"\nide0:0.fileName = \"dos.vmdk\"\n";
    let case = translated_with(lines, |policy| policy.disk_bus.all = Some(DiskBus::Usb));
    let controllers = case.devices("controller").concat();
    assert!(controllers.contains("piix3-uhci"), "{controllers}");
}

#[test]
fn hubs_and_pointers_are_vmware_s_own() {
    let case = translated(
        "guestOS = \"debian12-64\"\nusb.present = \"TRUE\"\nehci.present = \"TRUE\"\nusb.pciSlotNumber = \"32\"\n\
         usb:1.present = \"TRUE\"\nusb:1.speed = \"2\"\nusb:1.deviceType = \"hub\"\nusb:1.port = \"1\"\n\
         usb:1.parent = \"-1\"\nusb:0.present = \"TRUE\"\nusb:0.deviceType = \"HID\"\nusb:0.port = \"0\"\n\
         usb:0.parent = \"-1\"\nusb:0.colour = \"red\"\nusb.autoConnect.device0 = \"\"\n",
    );
    assert_eq!(case.fate("usb.present"), "/domain/devices/controller[1]");
    assert_eq!(case.fate("ehci.present"), "/domain/devices/controller[1]");
    assert_eq!(
        case.fate("usb:1.speed"),
        "ignored: a hub of VMware's controllers"
    );
    assert_eq!(
        case.fate("usb:0.port"),
        "ignored: VMware's pointer; the domain has a tablet"
    );
    assert_eq!(
        case.fate("usb.autoConnect.device0"),
        "ignored: no device is named"
    );
    assert_eq!(case.unknown(), ["usb:0.colour"]);
    assert!(case.findings("usb-").is_empty());
}

#[test]
fn devices_of_the_old_host_are_told() {
    let case = translated(
        "guestOS = \"debian12-64\"\nusb.present = \"TRUE\"\nehci.present = \"TRUE\"\nehci:0.present = \"TRUE\"\n\
         ehci:0.deviceType = \"video\"\nehci:0.parent = \"-1\"\n\
         usb.autoConnect.device0 = \"0x0951:0x1666\"\n",
    );
    assert_eq!(
        case.findings("usb-"),
        [
            "info usb-device-not-carried ehci:0: the device \"video\" is one of the old host; plug it in with \
             <hostdev type='usb'>",
            "info usb-device-not-carried usb.autoConnect.device0: the device \"0x0951:0x1666\" of the old host was \
             plugged in at the start; add it with <hostdev type='usb'>",
        ]
    );
    assert_eq!(
        case.fate("ehci:0.parent"),
        "not carried: a device of the old host"
    );
}

#[test]
fn of_many_devices_the_first_ones_are_told() {
    let device = |n| format!("usb.autoConnect.device{n} = \"vid:{n}\"\n");
    let lines: String = (0..500).map(device).collect();
    let findings = translated(&lines).findings("usb-");
    assert_eq!(findings.len(), 11);
    assert_eq!(
        findings[10],
        "info usb-device-not-carried usb.autoConnect: 490 more devices of the old host were left out"
    );
}
