use super::*;
use SourceKind::{Bridged, Custom, Dvs, HostOnly, Named, Nat, Opaque, Segment, Unknown};

fn map(text: &str) -> NetworkMap {
    NetworkMap::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A map of options only: `-b`, `-n` or `--mac` and their arguments.
fn options(pairs: &[(&str, &str)]) -> NetworkMap {
    let mut map = NetworkMap::default();
    for (option, argument) in pairs {
        add(&mut map, option, argument).unwrap_or_else(|error| panic!("{error}"));
    }
    map
}

fn add(map: &mut NetworkMap, option: &str, argument: &str) -> Result<(), MapError> {
    match option {
        "-b" => map.add_bridge(argument),
        "-n" => map.add_network(argument),
        _ => map.add_mac(argument),
    }
}

/// What a source becomes, written as in a map file; empty if no rule matches.
fn target(map: &NetworkMap, kind: SourceKind, name: &str, mac: &str) -> String {
    let some = |text: &'static str| (!text.is_empty()).then_some(text);
    let (name, mac) = (name.to_owned().leak(), mac.to_owned().leak());
    match map
        .resolve(&Source {
            kind,
            name: some(name),
            mac: some(mac),
        })
        .map(|mapping| &mapping.target)
    {
        Some(Target::Bridge(name)) => format!("bridge:{name}"),
        Some(Target::Network(name)) => format!("network:{name}"),
        Some(Target::Disconnected) => "none".to_owned(),
        None => String::new(),
    }
}

#[track_caller]
fn check_rejects(text: &str, error: &str) {
    assert_eq!(
        NetworkMap::parse(text).map_err(|error| error.to_string()),
        Err(error.to_owned()),
        "{text}"
    );
}

const CARD: &str = "00:50:56:9a:2d:f1";

#[test]
fn toml_file() {
    let map = map(r#"
        # first match counts
        [[map]]
        from = "*"
        to = "network:rest"

        [[map]]
        from = "VM Network"
        to = "bridge:br0"
        vlan = 42
        model = "virtio"

        [[map]]
        from = "dvs:dvportgroup-1285"
        to = "network:prod"
        portgroup = "web"

        [[map]]
        from = "hostonly"
        to = "none"

        [[mac]]
        mac = "00-50-56-9A-2D-F1"
        to = "network:mgmt"

        [[datastore]]
        from = "datastore1"
        to = "/var/lib/libvirt/images"
    "#);
    assert_eq!(target(&map, Named, "VM Network", ""), "bridge:br0");
    assert_eq!(target(&map, Named, "VM Network", CARD), "network:mgmt");
    assert_eq!(target(&map, Named, "vm network", ""), "network:rest");
    assert_eq!(target(&map, Dvs, "dvportgroup-1285", ""), "network:prod");
    assert_eq!(target(&map, HostOnly, "", ""), "none");
    assert_eq!(target(&map, Nat, "", ""), "network:rest");

    let web = map
        .resolve(&Source {
            kind: Dvs,
            name: Some("dvportgroup-1285"),
            mac: None,
        })
        .unwrap();
    assert_eq!(
        (web.vlan, web.portgroup.as_deref(), web.model.as_deref()),
        (None, Some("web"), None)
    );
    let lan = map
        .resolve(&Source {
            kind: Named,
            name: Some("VM Network"),
            mac: None,
        })
        .unwrap();
    assert_eq!(
        (lan.vlan, lan.portgroup.as_deref(), lan.model.as_deref()),
        (Some(42), None, Some("virtio"))
    );
    assert_eq!(map.datastore("datastore1"), Some("/var/lib/libvirt/images"));
    assert_eq!(map.datastore("datastore2"), None);
    assert!(!map.is_empty());
}

#[test]
fn xml_file() {
    let map = map(r#"<?xml version="1.0"?>
        <!-- <network type='bridge' name='old'><network type='bridge' name='new'/></network> -->
        <virt-v2v>
          <app os='linux' name='kernel'><path>rpms/kernel.rpm</path></app>
          <profile name='rhev'><network type='default'><network type='network' name='rhevm'/></network></profile>
          <network type='bridge' name='xenbr1'><network type='network' name='default'/></network>
          <network type='network' name='R&amp;D'><network type='bridge' name='br1'/></network>
          <network type='default'><network type='bridge' name='br9'/></network>
          <app os='windows' name='x'/>
        </virt-v2v>"#);
    assert_eq!(target(&map, Named, "xenbr1", ""), "network:default");
    assert_eq!(target(&map, Named, "R&D", ""), "bridge:br1");
    assert_eq!(target(&map, Named, "old", ""), "bridge:br9");
    assert_eq!(map.ignored(), ["app", "profile"]);
}

#[test]
fn xml_without_a_root() {
    let map = map(concat!(
        "\u{feff}<network type='bridge' name='VM Network'><network type='bridge' name='br0'/></network>\n",
        "<network type='network' name='custom:VMnet8'><network type='network' name='default'/></network>\n",
    ));
    assert_eq!(target(&map, Named, "VM Network", ""), "bridge:br0");
    assert_eq!(target(&map, Custom, "/dev/vmnet8", ""), "network:default");
    assert!(map.ignored().is_empty());
}

#[test]
fn nothing_is_mapped() {
    for text in ["", "# only a comment\n", "<virt-v2v/>", "<!-- nothing -->"] {
        let map = map(text);
        assert!(map.is_empty(), "{text}");
        assert_eq!(target(&map, Named, "VM Network", CARD), "", "{text}");
    }
}

#[test]
fn order_of_strength() {
    let rules = [
        ("-n", "all"),
        ("file", "[[map]]\nfrom = \"*\"\nto = \"bridge:star\"\n"),
        ("file", "[[map]]\nfrom = \"LAN\"\nto = \"bridge:map\"\n"),
        ("-b", "LAN:in"),
        (
            "file",
            "[[mac]]\nmac = \"00:50:56:9a:2d:f1\"\nto = \"bridge:mac\"\n",
        ),
        ("--mac", "00:50:56:9A:2D:F1:bridge:card"),
    ];
    let expected = [
        "network:all",
        "bridge:star",
        "bridge:map",
        "bridge:in",
        "bridge:mac",
        "bridge:card",
    ];
    for (count, expected) in (1..).zip(expected) {
        let (file, given): (Vec<_>, Vec<_>) = rules
            .iter()
            .take(count)
            .partition(|(kind, _)| *kind == "file");
        let mut map = map(&file.iter().map(|(_, text)| *text).collect::<String>());
        for (option, argument) in given {
            add(&mut map, option, argument).unwrap();
        }
        assert_eq!(target(&map, Named, "LAN", CARD), expected);
    }
}

#[test]
fn bridges_and_networks_for_all_others() {
    let rows = [
        (Bridged, "", ["bridge:br0", "", "bridge:br0"]),
        (
            Named,
            "VM Network",
            ["bridge:br0", "network:default", "bridge:br0"],
        ),
        (
            Dvs,
            "dvportgroup-1",
            ["bridge:br0", "network:default", "bridge:br0"],
        ),
        (
            Opaque,
            "a-b-c",
            ["bridge:br0", "network:default", "bridge:br0"],
        ),
        (Unknown, "", ["bridge:br0", "network:default", "bridge:br0"]),
        (Nat, "", ["", "network:default", "network:default"]),
        (HostOnly, "", ["", "network:default", "network:default"]),
        (Custom, "vmnet3", ["", "network:default", "network:default"]),
        (Segment, "52 11", ["", "network:default", "network:default"]),
    ];
    let maps = [
        options(&[("-b", "br0")]),
        options(&[("-n", "default")]),
        options(&[("-n", "*:default"), ("-b", "*:br0")]),
    ];
    for (kind, name, expected) in rows {
        assert_eq!(
            maps.each_ref().map(|map| target(map, kind, name, "")),
            expected,
            "{kind:?}"
        );
    }
}

#[test]
fn names_of_sources() {
    let rows = [
        ("VM Network:br0", Named, "VM Network", true),
        ("VM Network:br0", Bridged, "VM Network", true),
        ("VM Network:br0", Named, "VM network", false),
        ("a:b:br0", Named, "a:b", true),
        ("nat:br0", Nat, "", true),
        ("NAT:br0", Nat, "", true),
        ("NAT:br0", Named, "NAT", true),
        ("nat:br0", Bridged, "", false),
        ("bridged:br0", Bridged, "", true),
        ("hostonly:br0", HostOnly, "vmnet1", true),
        ("custom:vmnet8:br0", Custom, "VMnet8", true),
        ("custom:/dev/vmnet8:br0", Custom, "vmnet8", true),
        ("custom:vmnet8:br0", Bridged, "vmnet8", false),
        ("VMnet0:br0", Bridged, "/dev/vmnet0", true),
        ("vmnet8:br0", Custom, "vmnet80", false),
        ("dvs:dvportgroup-1285:br0", Dvs, "dvportgroup-1285", true),
        ("dvs:dvportgroup-1285:br0", Named, "dvportgroup-1285", false),
        ("dvportgroup-1285:br0", Dvs, "dvportgroup-1285", true),
        ("opaque:4f-2:br0", Opaque, "4f-2", true),
        ("segment:52 11:br0", Segment, "52 11", true),
        ("vmnetwork:br0", Named, "vmnetwork", true),
    ];
    for (argument, kind, name, matches) in rows {
        let found = target(&options(&[("-b", argument)]), kind, name, "");
        assert_eq!(
            found,
            if matches { "bridge:br0" } else { "" },
            "-b {argument:?} and {kind:?} {name:?}"
        );
    }
}

#[test]
fn bridge_and_network_name_the_same_sources() {
    let map = options(&[("-b", "LAN:br0"), ("-n", "DMZ:dmz"), ("-n", "nat:default")]);
    assert_eq!(target(&map, Named, "DMZ", ""), "network:dmz");
    assert_eq!(target(&map, Bridged, "DMZ", ""), "network:dmz");
    assert_eq!(target(&map, Nat, "LAN", ""), "bridge:br0");
}

#[test]
fn static_addresses() {
    let map = options(&[
        ("--mac", "52:54:00:12:34:56:ip:192.0.2.10"),
        (
            "--mac",
            "52:54:00:12:34:56:ip:2001:db8::10,2001:db8::1,64,2001:db8::53,192.0.2.53",
        ),
        ("--mac", "52:54:00:12:34:57:ip:192.0.2.11,192.0.2.1,24"),
        ("--mac", "52:54:00:12:34:57:network:lan"),
    ]);
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let first: Vec<_> = map.static_addresses("52-54-00-12-34-56").collect();
    assert_eq!(first.len(), 2);
    assert_eq!(
        (first[0].address, first[0].gateway, first[0].prefix),
        (ip("192.0.2.10"), None, None)
    );
    assert_eq!(
        (first[1].gateway, first[1].prefix),
        (Some(ip("2001:db8::1")), Some(64))
    );
    assert_eq!(first[1].nameservers, [ip("2001:db8::53"), ip("192.0.2.53")]);
    let second: Vec<_> = map.static_addresses("52:54:00:12:34:57").collect();
    assert_eq!(
        (second.len(), second[0].prefix, second[0].mac.to_string()),
        (1, Some(24), "52:54:00:12:34:57".into())
    );
    assert_eq!(target(&map, Nat, "", "52:54:00:12:34:57"), "network:lan");
    assert_eq!(map.static_addresses("nonsense").count(), 0);
}

#[test]
fn wrong_arguments() {
    let form = "expected IN:OUT or OUT";
    let card = "expected MAC:bridge:OUT, MAC:network:OUT or MAC:ip:ADDR[,GW[,LEN[,NS..]]]";
    let rows = [
        ("-b", "", form),
        ("-b", ":br0", form),
        ("-n", "VM Network:", form),
        (
            "-b",
            "custom:vmnet8",
            "expected OUT behind another colon, as in custom:vmnet8:br0",
        ),
        (
            "-n",
            "a\u{7}:b",
            "source \"a\\u{7}\", expected a name of 1 to 1024 bytes without control characters",
        ),
        ("--mac", "52:54:00:12:34:56", card),
        ("--mac", "52:54:00:12:34:56:br0", card),
        ("--mac", "52:54:00:12:34:56:vlan:3", card),
        ("--mac", "ä", card),
        (
            "--mac",
            "52:54:00:12:34:5g:bridge:br0",
            "hardware address \"52:54:00:12:34:5g\", expected six pairs of hexadecimal digits such as 52:54:00:12:34:56",
        ),
        (
            "--mac",
            "52:54:00:12:34:56:bridge:",
            "target \"\", expected a name of 1 to 1024 bytes without control characters",
        ),
        (
            "--mac",
            "52:54:00:12:34:56:ip:192.0.2",
            "address \"192.0.2\", expected an IPv4 or IPv6 address",
        ),
        (
            "--mac",
            "52:54:00:12:34:56:ip:192.0.2.1,",
            "gateway \"\", expected an IPv4 or IPv6 address",
        ),
        (
            "--mac",
            "52:54:00:12:34:56:ip:192.0.2.1,2001:db8::1",
            "gateway \"2001:db8::1\", expected an address of the same IP version",
        ),
        (
            "--mac",
            "52:54:00:12:34:56:ip:192.0.2.1,192.0.2.2,33",
            "prefix length \"33\", expected 0 to 32",
        ),
        (
            "--mac",
            "52:54:00:12:34:56:ip:192.0.2.1,192.0.2.2,24,dns",
            "name server \"dns\", expected an IPv4 or IPv6 address",
        ),
    ];
    for (option, argument, problem) in rows {
        let error = add(&mut NetworkMap::default(), option, argument).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{option} {argument:?}: {problem}")
        );
    }
}

#[test]
fn second_rules_are_refused() {
    let rows = [
        (vec![("-b", "br0")], ("-b", "br1"), "*"),
        (vec![("-n", "default")], ("-n", "*:default"), "*"),
        (vec![("-b", "LAN:br0")], ("-n", "LAN:lan"), "LAN"),
        (
            vec![("-b", "vmnet8:br0")],
            ("-b", "/dev/vmnet8:br0"),
            "vmnet8",
        ),
        (
            vec![("--mac", "52:54:00:12:34:56:bridge:br0")],
            ("--mac", "52:54:00:12:34:56:network:n"),
            "52:54:00:12:34:56",
        ),
    ];
    for (before, (option, argument), from) in rows {
        let error = add(&mut options(&before), option, argument).unwrap_err();
        let expected = format!(
            "{option} {argument:?}: second rule for {from:?}, the first is an option before"
        );
        assert_eq!(error.to_string(), expected);
    }
    // A file and an option may both name a source: the option is stronger.
    let mut map = map("[[map]]\nfrom = 'LAN'\nto = 'bridge:br0'\n");
    map.add_bridge("LAN:br1").unwrap();
    assert_eq!(target(&map, Named, "LAN", ""), "bridge:br1");
}

#[test]
fn wrong_toml() {
    check_rejects(
        "[[map]]\nfrom = 'a'\nto = 'bridge:b'\n[[map]]\nfrom = 'a'\nto = 'none'\n",
        "line 5, column 8: second rule for \"a\", the first is line 2",
    );
    check_rejects(
        "[[mac]]\nmac = '52:54:00:12:34:56'\nto = 'none'\n[[mac]]\nmac = '52-54-00-12-34-56'\nto = 'none'\n",
        "line 5, column 7: second rule for \"52:54:00:12:34:56\", the first is line 2",
    );
    check_rejects(
        "[[datastore]]\nfrom = 'd'\nto = '/a'\n[[datastore]]\nfrom = 'd'\nto = '/b'\n",
        "line 5, column 8: second rule for \"d\", the first is line 2",
    );
    check_rejects(
        "[[map]]\nfrom = 'a'\nto = 'br0'\n",
        "line 3, column 6: target \"br0\", expected \"bridge:NAME\", \"network:NAME\" or \"none\"",
    );
    check_rejects(
        "[[map]]\nfrom = 'ä'\nto = 'bridge:'\n",
        "line 3, column 6: bridge \"\", expected a name of 1 to 1024 bytes without control characters",
    );
    check_rejects(
        "[[map]]\nfrom = 'a'\nto = 'bridge:b'\nvlan = 4095\n",
        "line 4, column 8: vlan 4095, expected 1 to 4094",
    );
    check_rejects(
        "[[map]]\nfrom = 'a'\nto = 'bridge:b'\nmodel = 'virtio,x'\n",
        "line 4, column 9: model \"virtio,x\", expected letters, digits and dashes",
    );
    check_rejects(
        "[[map]]\nfrom = 'a'\nto = 'bridge:b'\nportgroup = 'p'\n",
        "line 4, column 13: portgroup with the target \"bridge:b\"; only \"network:NAME\" has port groups",
    );
    check_rejects(
        "[[mac]]\nmac = '52:54:00'\nto = 'none'\n",
        "line 2, column 7: hardware address \"52:54:00\", expected six pairs of hexadecimal digits such as 52:54:00:12:34:56",
    );
    check_rejects(
        "[[map]]\nfrom = 'a'\nto = 'none'\nbridge = 'br0'\n",
        "line 4, column 1: unknown field `bridge`, expected one of `from`, `to`, `vlan`, `model`, `portgroup`",
    );
    check_rejects(
        "[[maps]]\nfrom = 'a'\n",
        "line 1, column 3: unknown field `maps`, expected one of `map`, `mac`, `datastore`",
    );
    check_rejects(
        "[[map]]\nfrom = 'a'\n",
        "line 1, column 1: missing field `to`",
    );
    check_rejects(
        "[[map]]\nfrom = 3\nto = 'none'\n",
        "line 2, column 8: invalid type: integer `3`, expected a string",
    );
    let error = NetworkMap::parse("[[map]]\nfrom = 'a\n")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("line 2, column "), "{error}");
}

#[test]
fn wrong_xml() {
    check_rejects(
        "<!DOCTYPE virt-v2v [<!ENTITY a 'b'>]>\n<virt-v2v/>",
        "line 1, column 1: a document type declaration; a network map has none",
    );
    check_rejects(
        "<v>\n <network type='bridge'><network type='bridge' name='b'/></network></v>",
        "line 2, column 2: <network> without the attribute \"name\"",
    );
    check_rejects(
        "<v>\n <network type='bridge' name='a'><network name='b'/></network></v>",
        "line 2, column 34: <network> without the attribute \"type\"",
    );
    check_rejects(
        "<network type='bridge' name='a'><network type='user' name='b'/></network>",
        "line 1, column 33: network type \"user\", expected \"bridge\" or \"network\"",
    );
    check_rejects(
        "<v>\n <network type='bridge' name='a'/></v>",
        "line 2, column 2: 0 <network> elements inside this <network>, expected one",
    );
    check_rejects(
        "<network type='default'><network type='bridge' name='a'/><network type='bridge' name='b'/></network>",
        "line 1, column 1: 2 <network> elements inside this <network>, expected one",
    );
    let rule = "<network type='bridge' name='a'><network type='bridge' name='b'/></network>\n";
    check_rejects(
        &rule.repeat(2),
        "line 2, column 1: second rule for \"a\", the first is line 1",
    );
    check_rejects(
        "<a>\n<b>",
        "line 2, column 4: the file ends inside an element",
    );
    check_rejects(
        &"<a>".repeat(100),
        "line 1, column 193: elements more than 64 levels deep",
    );
    check_rejects(
        "<network type='bridge' type='bridge' name='a'/>",
        "line 1, column 1: <network> with an attribute twice, expected \"type\" and \"name\" once each",
    );
    check_rejects(
        &format!("<network {}/>", "a='' ".repeat(100_000)),
        "line 1, column 1: <network> with more than 16 attributes, expected \"type\" and \"name\" once each",
    );
    for text in ["<", "<a></b>", "</a>", "<a", "<network name='&x;'/>"] {
        let error = NetworkMap::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("line 1, column "), "{text}: {error}");
    }
}

#[test]
fn sizes_are_bounded() {
    let error = NetworkMap::parse(&" ".repeat(MAX_BYTES + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "network map of 1048577 bytes, expected at most 1048576"
    );
    let rules: String = (0..=MAX_RULES)
        .map(|i| format!("[[map]]\nfrom = 'n{i}'\nto = 'none'\n"))
        .collect();
    let error = NetworkMap::parse(&rules).unwrap_err().to_string();
    assert_eq!(error, "line 12290, column 8: more than 4096 rules");
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(NetworkMap::parse(&deep).is_err());
    assert!(
        NetworkMap::parse(&format!(
            "[[map]]\nfrom = '{}'\nto = 'none'\n",
            "x".repeat(1025)
        ))
        .is_err()
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_map_or_an_error(text in "[<a\\[m/](.|\n){0,200}") {
        let _ = NetworkMap::parse(&text);
    }

    #[test]
    fn any_markup_is_a_map_or_an_error(
        text in "(<network|<v|</v>|</network>|/>|>| type='(bridge|network|default|x)'| name='[a-z&;]{0,3}'|<!--|-->| |\n){0,24}",
    ) {
        let _ = NetworkMap::parse(&text);
    }

    #[test]
    fn any_argument_is_a_rule_or_an_error(argument in "(\\*|custom|dvs|nat|LAN|:|vmnet8|br0|52:54:00:12:34:56|ip|bridge|192.0.2.1|,|24){0,8}") {
        for option in ["-b", "-n", "--mac"] {
            let mut map = NetworkMap::default();
            if add(&mut map, option, &argument).is_ok() && !map.is_empty() {
                // The same again is a second rule.
                proptest::prop_assert!(add(&mut map, option, &argument).is_err());
            }
        }
    }

    #[test]
    fn a_rule_finds_its_source(name in "[A-Za-z0-9 _.-]{1,40}", out in "[a-z][a-z0-9-]{0,14}") {
        let from_file = map(&format!("[[map]]\nfrom = \"{name}\"\nto = \"bridge:{out}\"\n"));
        let expected = format!("bridge:{out}");
        proptest::prop_assert_eq!(&target(&from_file, Named, &name, ""), &expected);
        let option = options(&[("-b", &format!("{name}:{out}"))]);
        proptest::prop_assert_eq!(&target(&option, Named, &name, ""), &expected);
    }
}
