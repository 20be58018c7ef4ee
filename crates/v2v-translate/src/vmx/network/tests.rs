use crate::Policy;
use crate::network::NetworkMap;
use crate::policy::{NicModel, Profile};
use crate::vmx::extra::case::{LEGACY, MODERN, XP, translated, translated_with};

const MAC: &str = "00:0c:29:fa:dd:2a";

/// A card with an address and these lines, each behind `ethernet0.`.
fn card(lines: &[&str]) -> String {
    let lines: String = lines
        .iter()
        .map(|line| format!("ethernet0.{line}\n"))
        .collect();
    format!(
        "{MODERN}ethernet0.present = \"TRUE\"\nethernet0.addressType = \"generated\"\n\
         ethernet0.generatedAddress = \"00:0C:29:FA:DD:2A\"\n{lines}"
    )
}

/// Checks what a card with these lines is plugged into, and what is told about it.
#[track_caller]
fn check(lines: &[&str], plug: &str, findings: &[&str]) {
    check_with(lines, |_| (), plug, findings);
}

#[track_caller]
fn check_with(lines: &[&str], set: impl Fn(&mut Policy), plug: &str, findings: &[&str]) {
    let case = translated_with(&card(lines), set);
    let (kind, inside) = plug.split_once('|').unwrap();
    let expected = format!("<interface type='{kind}'><mac address='{MAC}'/>{inside}</interface>");
    assert_eq!(case.devices("interface").concat(), expected, "{lines:?}");
    assert_eq!(case.findings("nic-"), findings, "{lines:?}");
    assert!(case.unknown().is_empty(), "{:?}", case.unknown());
}

const VIRTIO: &str = "<model type='virtio'/>";

#[test]
fn a_port_group_is_a_bridge_of_its_name() {
    check(
        &["networkName = \"VM Network\"", "virtualDev = \"vmxnet3\""],
        &format!("bridge|<source bridge='VM Network'/>{VIRTIO}"),
        &[
            "warn nic-network-unmapped ethernet0: \"VM Network\" has no mapping; it became the bridge \"VM Network\" -> \
           say what it is here: -b or -n 'VM Network:NAME', --mac or --network-map",
        ],
    );
    check(
        &["connectionType = \"bridged\""],
        &format!("bridge|<source bridge='bridged'/>{VIRTIO}"),
        &[
            "warn nic-network-unmapped ethernet0: \"bridged\" has no mapping; it became the bridge \"bridged\" -> say \
           what it is here: -b or -n bridged:NAME, --mac or --network-map",
        ],
    );
    check(
        &[
            "connectionType = \"bridged\"",
            "networkName = \"DMZ (außen)\"",
        ],
        &format!("bridge|<source bridge='DMZ _au_en_'/>{VIRTIO}"),
        &[
            "warn nic-network-unmapped ethernet0: \"DMZ (außen)\" has no mapping; it became the bridge \"DMZ _au_en_\" \
           -> say what it is here: -b or -n 'DMZ (außen):NAME', --mac or --network-map",
        ],
    );
}

#[test]
fn networks_of_workstation() {
    check(
        &["connectionType = \"nat\""],
        &format!("network|<source network='default'/>{VIRTIO}"),
        &[],
    );
    for vnet in ["vmnet7", "/dev/vmnet7"] {
        let told = format!(
            "warn nic-network-unmapped ethernet0: {vnet:?} has no mapping; it became the network \"vmnet7\" -> say what \
             it is here: -b or -n {}, --mac or --network-map",
            if vnet.starts_with('/') {
                "'/dev/vmnet7:NAME'"
            } else {
                "vmnet7:NAME"
            }
        );
        check(
            &[
                "networkName = \"VM Network\"",
                "connectionType = \"custom\"",
                &format!("vnet = \"{vnet}\""),
                "displayName = \"Lab\"",
            ],
            &format!("network|<source network='vmnet7'/>{VIRTIO}"),
            &[&told],
        );
    }
    check(
        &["connectionType = \"hostonly\""],
        &format!("network|<source network='hostonly'/>{VIRTIO}"),
        &[
            "warn nic-hostonly ethernet0: hostonly is a network without a way out; it became the network \"hostonly\" -> \
           define an isolated network of that name with `virsh net-define`, or map it: -n hostonly:NAME",
        ],
    );
    check(
        &["connectionType = \"pvn\"", "pvnID = \"52 af 3e\""],
        &format!("network|<source network='52 af 3e'/>{VIRTIO}"),
        &[
            "warn nic-hostonly ethernet0: LAN segment 52 af 3e is a network without a way out; it became the network \
           \"52 af 3e\" -> define an isolated network of that name with `virsh net-define`, or map it: -n '52 af \
           3e:NAME'",
        ],
    );
}

#[test]
fn switches_that_are_known_by_ids_alone() {
    check(
        &[
            "dvs.switchId = \"50 34 26 b2\"",
            "dvs.portId = \"5\"",
            "dvs.portgroupId = \"dvportgroup-1285\"",
            "dvs.connectionId = \"408217997\"",
        ],
        &format!("bridge|<source bridge='dvportgroup-1285'/>{VIRTIO}"),
        &[
            "warn nic-dvs ethernet0: port group dvportgroup-1285 of switch 50 34 26 b2 has no mapping and no name here; \
           it became the bridge \"dvportgroup-1285\" -> say what it is here: -b or -n dvportgroup-1285:NAME, --mac or \
           --network-map",
        ],
    );
    check(
        &[
            "opaqueNetwork.id = \"a2636d32-fc15\"",
            "opaqueNetwork.type = \"nsx.LogicalSwitch\"",
        ],
        &format!("bridge|<source bridge='a2636d32-fc15'/>{VIRTIO}"),
        &[
            "warn nic-dvs ethernet0: opaque network a2636d32-fc15 has no mapping and no name here; it became the bridge \
           \"a2636d32-fc15\" -> say what it is here: -b or -n a2636d32-fc15:NAME, --mac or --network-map",
        ],
    );
}

fn map(text: &str) -> impl Fn(&mut Policy) + '_ {
    move |policy| policy.networks = NetworkMap::parse(text).unwrap()
}

#[test]
fn the_map_decides() {
    let group = ["networkName = \"VM Network\"", "virtualDev = \"e1000\""];
    let tagged =
        "[[map]]\nfrom = \"VM Network\"\nto = \"bridge:br0\"\nvlan = 42\nmodel = \"e1000e\"\n";
    check_with(
        &group,
        |policy| {
            policy.networks = NetworkMap::parse(tagged).unwrap();
            policy.libvirt = "11.1".parse().unwrap();
        },
        "bridge|<source bridge='br0'/><vlan><tag id='42'/></vlan><model type='e1000e'/>",
        &[],
    );
    check_with(
        &group,
        map(tagged),
        "bridge|<source bridge='br0'/><virtualport type='openvswitch'/><vlan><tag id='42'/></vlan>\
         <model type='e1000e'/>",
        &[
            "warn nic-network-unmapped ethernet0: VLAN 42 on the bridge \"br0\": the target's libvirt tags on Open \
           vSwitch only, so it is taken for one -> map to a bridge that is in the VLAN if this is a Linux bridge, or \
           give --target-libvirt 11.1",
        ],
    );
    check_with(
        &group,
        map("[[map]]\nfrom = \"*\"\nto = \"network:lan\"\nportgroup = \"web\"\n"),
        &format!("network|<source network='lan' portgroup='web'/>{VIRTIO}"),
        &[],
    );
    check_with(
        &group,
        map("[[mac]]\nmac = \"00:0C:29:FA:DD:2A\"\nto = \"none\"\n"),
        &format!("ethernet|{VIRTIO}<link state='down'/>"),
        &[],
    );
    check_with(
        &["dvs.portgroupId = \"dvportgroup-1285\""],
        map("[[map]]\nfrom = \"dvs:dvportgroup-1285\"\nto = \"bridge:br1\"\n"),
        &format!("bridge|<source bridge='br1'/>{VIRTIO}"),
        &[],
    );
    check_with(
        &["connectionType = \"bridged\""],
        |policy| policy.networks.add_bridge("br-ü").unwrap(),
        &format!("bridge|<source bridge='br-_'/>{VIRTIO}"),
        &[
            "warn nic-network-unmapped ethernet0: libvirt takes no bridge called \"br-ü\"; it became \"br-_\" -> rename \
           the bridge, or map to a network of libvirt",
        ],
    );
}

#[test]
fn an_option_beats_the_model_of_the_map() {
    let case = translated_with(&card(&["networkName = \"a\""]), |policy| {
        policy.networks =
            NetworkMap::parse("[[map]]\nfrom = \"a\"\nto = \"bridge:b\"\nmodel = \"e1000\"\n")
                .unwrap();
        policy.nic_model.all = Some(NicModel::Rtl8139);
    });
    assert!(
        case.devices("interface")
            .concat()
            .contains("<model type='rtl8139'/>")
    );
}

/// The address of a card with these lines, and what is told.
#[track_caller]
fn check_mac(lines: &[&str], mac: Option<&str>, findings: &[&str]) {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let case = translated(&format!(
        "ethernet0.present = \"TRUE\"\nethernet0.connectionType = \"nat\"\n{lines}"
    ));
    let interface = case.devices("interface").concat();
    let found = interface
        .split_once("<mac address='")
        .map(|(_, rest)| &rest[..17]);
    assert_eq!(found, mac, "{lines}");
    assert_eq!(case.translation.nics[0].mac.as_deref(), mac);
    let mut told = case.findings("nic-mac");
    told.sort();
    assert_eq!(told, findings, "{lines}");
}

#[test]
fn the_address_is_that_of_the_source() {
    check_mac(
        &[
            "ethernet0.addressType = \"static\"",
            "ethernet0.address = \"00:50:56:00:00:01\"",
            "ethernet0.generatedAddress = \"00:0c:29:00:00:01\"",
        ],
        Some("00:50:56:00:00:01"),
        &[],
    );
    check_mac(
        &[
            "ethernet0.addressType = \"vpx\"",
            "ethernet0.generatedAddress = \"00-50-56-9A-2D-F1\"",
        ],
        Some("00:50:56:9a:2d:f1"),
        &[],
    );
}

#[test]
fn an_address_that_vmware_would_have_made() {
    let uuid = "uuid.bios = \"56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 fe\"";
    check_mac(
        &[
            "ethernet0.addressType = \"generated\"",
            uuid,
            "ethernet0.generatedAddressOffset = \"10\"",
        ],
        Some("00:0c:29:04:06:08"),
        &[
            "info nic-mac-missing ethernet0: the card has no address yet; it got 00:0c:29:04:06:08, which VMware would \
           have made of uuid.bios",
        ],
    );
    let check =
        "give the card its address in the XML, and look what in the guest follows the old one";
    check_mac(
        &["ethernet0.addressType = \"static\"", uuid],
        Some("00:0c:29:04:05:fe"),
        &[&format!(
            "warn nic-mac-missing ethernet0: the card has no address; it got 00:0c:29:04:05:fe, made of \
                    uuid.bios -> {check}"
        )],
    );
    check_mac(
        &[],
        None,
        &[&format!(
            "warn nic-mac-missing ethernet0: the card has no address and there is no uuid.bios to make it of; \
                    libvirt makes one up -> {check}"
        )],
    );
}

#[test]
fn an_address_that_is_none() {
    let check =
        "give the card its address in the XML, and look what in the guest follows the old one";
    for (address, text) in [
        (
            "01:00:5e:00:00:01",
            "01:00:5e:00:00:01 is an address of a group, which no card can have",
        ),
        (
            "00:00:00:00:00:00",
            "00:00:00:00:00:00 is the address of nobody, which no card can have",
        ),
        ("00:0c:29:fa:dd", "\"00:0c:29:fa:dd\" is no address"),
    ] {
        check_mac(
            &[
                "ethernet0.addressType = \"static\"",
                &format!("ethernet0.address = \"{address}\""),
            ],
            None,
            &[&format!(
                "warn nic-mac-invalid ethernet0: {text}; libvirt makes one up -> {check}"
            )],
        );
    }
}

#[test]
fn facts_that_cards_share_are_told_once() {
    let cards: String = (0..12)
        .map(|n| {
            format!(
                "ethernet{n}.present = \"TRUE\"\nethernet{n}.networkName = \"LAN\"\nethernet{n}.virtualDev = \"vmxnet2\"\n\
                 ethernet{n}.addressType = \"static\"\nethernet{n}.address = \"00:50:56:00:00:01\"\n"
            )
        })
        .collect();
    let case = translated(&format!("guestOS = \"windows7-64\"\n{cards}"));
    let others = "; the same for ethernet1, ethernet2, ethernet3, ethernet4, ethernet5, ethernet6, ethernet7, ethernet8 \
                  and 3 more";
    assert_eq!(
        case.findings("nic-"),
        [
            format!(
                "warn nic-network-unmapped ethernet0: \"LAN\" has no mapping; it became the bridge \"LAN\"{others} -> \
                 say what it is here: -b or -n LAN:NAME, --mac or --network-map"
            ),
            format!(
                "info nic-model-changed ethernet0: QEMU has no \"vmxnet2\"; the card became e1000, which the guest \
                 has a driver for{others}"
            ),
            format!(
                "warn nic-mac-duplicate ethernet0: the address 00:50:56:00:00:01 is that of several cards{others}; it \
                 was kept for all -> give all but one of them another address"
            ),
        ]
    );
}

/// The model for a card of the source.
fn model(guest: &str, virtual_dev: &str, profile: Profile) -> String {
    let lines = format!(
        "{guest}ethernet0.present = \"TRUE\"\nethernet0.connectionType = \"nat\"\n{virtual_dev}"
    );
    let case = translated_with(&lines, |policy| policy.profile = profile);
    case.translation.nics[0].model.clone()
}

#[test]
fn models() {
    let win7 = "guestOS = \"windows7-64\"\n";
    let other = "guestOS = \"other\"\n";
    for (guest, dev, profile, expected) in [
        (MODERN, "vmxnet3", Profile::Auto, "virtio"),
        (LEGACY, "e1000", Profile::Auto, "virtio-transitional"),
        (win7, "E1000", Profile::Auto, "e1000"),
        (win7, "vmxnet3", Profile::Auto, "vmxnet3"),
        (win7, "vmxnet2", Profile::Auto, "e1000"),
        (win7, "e1000e", Profile::Source, "e1000e"),
        (win7, "e1000e", Profile::Legacy, "e1000"),
        (XP, "vlance", Profile::Auto, "pcnet"),
        (XP, "", Profile::Auto, "pcnet"),
        (XP, "flexible", Profile::Auto, "pcnet"),
        (XP, "vlance", Profile::Legacy, "rtl8139"),
        (win7, "", Profile::Auto, "e1000"),
        (other, "tulip", Profile::Auto, "e1000"),
    ] {
        let virtual_dev = format!("ethernet0.virtualDev = \"{dev}\"\n");
        assert_eq!(
            model(guest, &virtual_dev, profile),
            expected,
            "{guest}{dev}"
        );
    }
    assert_eq!(model(XP, "", Profile::Auto), "pcnet");
}

#[test]
fn a_model_that_the_guest_may_not_know_is_a_warning() {
    let case = translated(
        "guestOS = \"other\"\nethernet0.present = \"TRUE\"\nethernet0.virtualDev = \"tulip\"\n",
    );
    assert_eq!(
        case.findings("nic-model"),
        [
            "warn nic-model-changed ethernet0: QEMU has no \"tulip\"; the card became e1000, and it is not known \
          whether the guest has a driver for that -> look for the driver in the guest, or choose a model with \
          --nic-model"
        ]
    );
}

#[test]
fn a_card_with_its_cable_out() {
    check(
        &["connectionType = \"nat\"", "startConnected = \"FALSE\""],
        &format!("network|<source network='default'/>{VIRTIO}<link state='down'/>"),
        &[
            "info nic-start-disconnected ethernet0: the card starts disconnected; its link is down until `virsh \
           domif-setlink` or the XML says up",
        ],
    );
}

#[test]
fn a_static_address_has_no_place_in_a_domain() {
    let case = translated_with(&card(&["connectionType = \"nat\""]), |policy| {
        policy
            .networks
            .add_mac("00:0c:29:fa:dd:2a:ip:192.168.0.5,192.168.0.1,24,1.1.1.1,9.9.9.9")
            .unwrap();
    });
    assert_eq!(
        case.findings("nic-"),
        [
            "warn nic-static-address ethernet0: the guest was to get 192.168.0.5/24, gateway 192.168.0.1, name servers \
          1.1.1.1, 9.9.9.9; a domain has no place for addresses inside the guest -> set the address in the guest after \
          its first start"
        ]
    );
}

#[test]
fn the_boot_order_names_cards() {
    let case = translated(&card(&[
        "connectionType = \"nat\"\nbios.bootOrder = \"ethernet0\"",
    ]));
    assert!(
        case.devices("interface")
            .concat()
            .contains("<boot order='1'/>")
    );
}

#[test]
fn every_key_of_a_card_has_a_fate() {
    let case = translated(&card(&[
        "networkName = \"VM Network\"",
        "connectionType = \"bridged\"",
        "vnet = \"VMnet0\"",
        "virtualDev = \"vmxnet3\"",
        "startConnected = \"TRUE\"",
        "pciSlotNumber = \"192\"",
        "generatedAddressOffset = \"0\"",
        "wakeOnPcktRcv = \"FALSE\"",
        "uptCompatibility = \"TRUE\"",
        "features = \"15\"",
        "linkStatePropagation.enable = \"TRUE\"",
        "allowGuestConnectionControl = \"FALSE\"",
        "checkMACAddress = \"FALSE\"",
        "bsdName = \"en0\"",
        "filter0.name = \"dvfilter-maclearn\"",
        "colour = \"red\"",
    ]));
    for (field, expected) in [
        ("present", "/domain/devices/interface[1]"),
        (
            "generatedAddress",
            "/domain/devices/interface[1]/mac/@address",
        ),
        ("addressType", "/domain/devices/interface[1]/mac/@address"),
        ("virtualDev", "/domain/devices/interface[1]/model/@type"),
        ("networkName", "/domain/devices/interface[1]/source"),
        ("connectionType", "/domain/devices/interface[1]/@type"),
        (
            "vnet",
            "ignored: another key says what the card is plugged into",
        ),
        (
            "startConnected",
            "ignored: a card is connected unless the domain says otherwise",
        ),
        (
            "pciSlotNumber",
            "ignored: the new machine has its own topology",
        ),
        ("bsdName", "ignored: the old host's device"),
        ("filter0.name", "not carried: a filter of VMware's switch"),
    ] {
        assert_eq!(case.fate(&format!("ethernet0.{field}")), expected);
    }
    assert_eq!(case.unknown(), ["ethernet0.colour"]);
    assert_eq!(case.findings("nic-filter").len(), 1);
}

#[test]
fn the_report_has_the_old_name() {
    let nic = |lines: &str| translated(lines).translation.nics[0].clone();
    let modern = nic(&card(&[
        "networkName = \"VM Network\"",
        "pciSlotNumber = \"192\"",
    ]));
    assert_eq!(modern.old_name.as_deref(), Some("ens192"));
    assert_eq!(modern.source.as_deref(), Some("VM Network"));
    assert_eq!(modern.target.kind, "bridge");
    let old = "ethernet0.present = \"TRUE\"\nethernet0.connectionType = \"nat\"\nethernet0.pciSlotNumber = \"33\"\n";
    for guest in ["windows9-64", "rhel6-64", "sles15-64"] {
        assert_eq!(
            nic(&format!("guestOS = \"{guest}\"\n{old}")).old_name,
            None,
            "{guest}"
        );
    }
    assert_eq!(nic(old).source.as_deref(), Some("nat"));
}

#[test]
fn a_domain_for_ten_thousand_cards() {
    let lines: String = (0..10_000)
        .map(|n| format!("ethernet{n}.present = \"TRUE\"\nethernet{n}.connectionType = \"nat\"\n"))
        .collect();
    let uuid = "uuid.bios = \"56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 00 00 00\"\n";
    let case = translated(&format!("{uuid}{lines}"));
    assert_eq!(case.translation.nics.len(), 10_000);
    assert_eq!(
        case.findings("pci-"),
        [
            "warn pci-slots-exceeded ethernet: 10000 network cards need more PCI slots than a machine has -> remove the \
          cards that are not needed from the configuration"
        ]
    );
}

#[test]
fn a_name_of_a_megabyte_is_cut() {
    let name = "x".repeat(1 << 20);
    let case = translated(&card(&[&format!("networkName = \"{name}\"")]));
    assert!(case.devices("interface").concat().len() < 400);
    assert!(case.findings("nic-").concat().len() < 2000);
    assert_eq!(case.translation.nics[0].source.as_ref().unwrap().len(), 128);
}
