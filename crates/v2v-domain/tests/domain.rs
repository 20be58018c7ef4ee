//! Domains from outside: what is read, what is kept, what is refused and with which words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use v2v_domain::{
    Address, AddressKind, CharBackend, ClockOffset, Disk, DiskBus, DiskDevice, DiskFormat,
    DiskSource, Domain, Element, InterfaceModel, InterfaceSource, MacAddress, Memory, Metadata,
    Node, ParseOptions, QEMU_NAMESPACE, QemuCommandline, TargetName, Unit, Uuid, Vnc,
};
use v2v_testkit::corpus;

/// A small domain with these lines inside.
fn with(inside: &str) -> Domain {
    let text = format!("<domain type='kvm'><name>x</name>{inside}</domain>");
    Domain::parse(&text).unwrap_or_else(|err| panic!("{err}\n{text}"))
}

/// The lines that a domain has between its name and its end.
fn written(domain: &Domain) -> String {
    let xml = domain.to_xml().expect("a domain that can be written");
    let inside = xml.split_once("</name>\n").expect("a name").1;
    inside.trim_end().trim_end_matches("</domain>").to_owned()
}

/// A domain of these lines is printed as they stand here.
fn check_keeps(lines: &str) {
    let lines = lines.trim_start_matches('\n');
    let domain = with(lines);
    assert_eq!(written(&domain).trim_end(), lines.trim_end());
}

fn check_rejects(document: impl AsRef<[u8]>, expected: &str) {
    match Domain::parse(&document) {
        Ok(domain) => panic!("accepted as {domain:?}"),
        Err(err) => assert_eq!(err.to_string(), expected),
    }
}

fn testdata() -> Vec<PathBuf> {
    xml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/domain"))
}

fn xml_files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap_or_else(|err| panic!("{}: {err}", dir.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "xml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no XML files", dir.display());
    files
}

/// Every element, attribute and text of a tree, with its path; sorted, because places may change.
fn inventory(root: &Element) -> Vec<String> {
    let mut lines = Vec::new();
    collect(root, "", &mut lines);
    lines.sort();
    lines
}

fn collect(element: &Element, above: &str, lines: &mut Vec<String>) {
    let path = format!("{above}/{}", element.name);
    lines.push(path.clone());
    for attribute in &element.attributes {
        let value = canonical(&attribute.value);
        lines.push(format!("{path}/@{}={value}", attribute.name));
    }
    for node in &element.children {
        match node {
            Node::Element(child) => collect(child, &path, lines),
            Node::Text(text) | Node::CData(text) if !text.trim().is_empty() => {
                lines.push(format!("{path}={}", canonical(text)));
            }
            _ => {}
        }
    }
}

/// One spelling of numbers and of what is written in lower case.
fn canonical(value: &str) -> String {
    let value = value.trim().to_lowercase();
    let number = match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => value.parse().ok(),
    };
    number.map_or(value, |number| number.to_string())
}

/// Nothing is lost, and a second round changes nothing.
fn check_round_trip(path: &Path) {
    let text = fs::read(path).expect("a file");
    let domain = Domain::parse(&text).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
    let printed = domain.to_xml().expect("what was read can be written");
    let again = Domain::parse(&printed).expect("what was written can be read");
    assert_eq!(again, domain, "{}", path.display());
    assert_eq!(again.to_xml().expect("XML"), printed, "{}", path.display());

    let options = ParseOptions::default();
    let before = inventory(&Element::parse(&text, &options).expect("XML"));
    let after = inventory(&Element::parse(&printed, &options).expect("XML"));
    assert_eq!(after, before, "{}", path.display());
}

#[test]
fn testdata_comes_back_whole() {
    testdata().iter().for_each(|path| check_round_trip(path));
}

#[test]
fn real_domains_come_back_whole() {
    if !corpus::wanted() {
        return;
    }
    for dir in ["vmx", "xen/libxl-domxml", "xen/xl", "xen/xm"] {
        for path in xml_files(&corpus::file(dir)) {
            check_round_trip(&path);
        }
    }
}

#[test]
fn real_domains_are_understood() {
    if !corpus::wanted() {
        return;
    }
    for path in xml_files(&corpus::file("vmx")) {
        let domain = Domain::parse(fs::read(&path).expect("a file")).expect("a domain");
        let unknown = domain.unmodelled();
        let vmware = ["/domain/@xmlns:vmware", "/domain/vmware:datacenterpath"];
        assert!(
            unknown.is_empty() || unknown == vmware,
            "{}: {unknown:?}",
            path.display()
        );
    }
}

#[test]
fn the_model_knows_nearly_all_of_the_schema() {
    let mut unknown = Vec::new();
    for path in testdata() {
        let domain = Domain::parse(fs::read(&path).expect("a file")).expect("a domain");
        unknown.extend(domain.unmodelled());
    }
    let expected = [
        "/domain/cputune/cachetune",
        "/domain/cpu/numa/cell/cache",
        "/domain/devices/filesystem/boot",
        "/domain/devices/memory[2]/target/label",
        "/domain/launchSecurity/@kernelHashes",
        "/domain/launchSecurity/cbitpos",
        "/domain/launchSecurity/reducedPhysBits",
        "/domain/launchSecurity/policy",
        "/domain/devices/hostdev[7]/source",
    ];
    assert_eq!(unknown, expected);
}

/// Elements changed at once are this far from each other, so that they seldom are one inside another.
const STRIDE: usize = 16;

/// Calls `change` with every [`STRIDE`]th element of the tree, the first being number `first`.
fn change_some(element: &mut Element, first: &mut usize, change: &dyn Fn(&mut Element)) {
    let chosen = *first == 0;
    *first = first.checked_sub(1).unwrap_or(STRIDE - 1);
    for node in &mut element.children {
        if let Node::Element(child) = node {
            change_some(child, first, change);
        }
    }
    // A name with anything but text is not taken for one, and a domain must have one.
    if chosen && element.name != "name" {
        change(element);
    }
}

/// The change is still there after reading and writing, wherever in the tree it is made.
fn check_survives_everywhere(change: impl Fn(&mut Element)) {
    for path in testdata() {
        let text = fs::read(&path).expect("a file");
        let root = Element::parse(&text, &ParseOptions::default()).expect("XML");
        for first in 0..STRIDE {
            let mut changed = root.clone();
            change_some(&mut changed, &mut { first }, &change);
            let document = changed.to_xml().expect("XML");
            let domain = Domain::parse(&document).unwrap_or_else(|err| panic!("{err}"));
            let after = domain.to_element();
            assert_eq!(inventory(&after), inventory(&changed));
            let again = Domain::parse(domain.to_xml().expect("XML")).expect("a domain");
            assert_eq!(again, domain);
        }
    }
}

#[test]
fn unknown_attributes_survive_everywhere() {
    check_survives_everywhere(|element| *element = element.clone().attribute("zz-new", "a<b"));
}

#[test]
fn unknown_elements_survive_everywhere() {
    let unknown = Element::new("zz:new")
        .attribute("xmlns:zz", "http://example.org/zz")
        .child(Element::new("zz:inner").text("text & more"));
    check_survives_everywhere(|element| *element = element.clone().child(unknown.clone()));
}

#[test]
fn known_elements_in_wrong_places_survive() {
    let stray = Element::new("disk").attribute("type", "zz").text("stray");
    check_survives_everywhere(|element| *element = element.clone().child(stray.clone()));
}

#[test]
fn unreadable_values_survive_everywhere() {
    check_survives_everywhere(|element| {
        for attribute in &mut element.attributes {
            if !attribute.name.starts_with("xmlns") && element.name != "domain" {
                attribute.value = "no such value".to_owned();
            }
        }
    });
    check_survives_everywhere(|element| {
        for node in &mut element.children {
            if let Node::Text(text) = node {
                *text = "no such value".to_owned();
            }
        }
    });
}

#[test]
fn json_is_the_same_model() {
    for path in testdata() {
        let domain = Domain::parse(fs::read(&path).expect("a file")).expect("a domain");
        let json = serde_json::to_string(&domain).expect("JSON");
        let again: Domain = serde_json::from_str(&json).expect("a domain");
        assert_eq!(again, domain);
        assert!(!json.contains(":null,"), "what is absent is left out");
    }
}

#[test]
fn layout_is_that_of_libvirt() {
    check_keeps(
        r#"
  <title>it's "quoted"</title>
  <memory unit='KiB'>1048576</memory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
  </clock>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/images/it&apos;s &amp; more.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
    </disk>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source>
        <address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/>
      </source>
    </hostdev>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
  </devices>
"#,
    );
}

#[test]
fn kinds_get_libvirts_order_and_keep_their_own() {
    let domain = with(
        "<devices><sound model='ac97'/><disk><target dev='b'/></disk><emulator>/q</emulator>\
         <disk><target dev='a'/></disk></devices>",
    );
    let devices = domain.devices.as_ref().expect("devices");
    let names: Vec<_> = devices.disks.iter().filter_map(Disk::target_dev).collect();
    assert_eq!(names, ["b", "a"]);
    let order: Vec<_> = domain
        .to_element()
        .find("devices")
        .expect("devices")
        .elements()
        .map(|element| element.name.clone())
        .collect();
    assert_eq!(order, ["emulator", "disk", "disk", "sound"]);
}

#[test]
fn a_value_that_cannot_be_read_is_left_as_it_is() {
    let domain =
        with("<memory unit='parsec'>12</memory><vcpu>many</vcpu><iothreads>-1</iothreads>");
    let memory = domain.memory.as_ref().expect("the amount is readable");
    assert_eq!((memory.amount, memory.unit), (12, None));
    assert_eq!((domain.vcpu.as_ref(), domain.iothreads), (None, None));
    let expected = ["/domain/memory/@unit", "/domain/vcpu", "/domain/iothreads"];
    assert_eq!(domain.unmodelled(), expected);

    // A field set afterwards stands in for the unreadable attribute.
    let memory = memory.clone().unit(Unit::MiB);
    let xml = Domain::kvm("x", memory, 1)
        .to_xml()
        .expect("one attribute of a name");
    assert!(xml.contains("<memory unit='MiB'>12</memory>"), "{xml}");
}

#[test]
fn a_second_one_of_a_kind_is_kept_behind_the_first() {
    let domain = with("<title>one</title><title>two</title>");
    assert_eq!(domain.title.as_deref(), Some("one"));
    assert_eq!(domain.unmodelled(), ["/domain/title[2]"]);
    assert_eq!(
        written(&domain),
        "  <title>one</title>\n  <title>two</title>\n"
    );
}

#[test]
fn a_flag_with_content_is_on_and_keeps_it() {
    check_keeps("  <features>\n    <acpi foo='bar'/>\n  </features>");
    let domain = with("<features><acpi foo='bar'/><pae/></features>");
    let features = domain.features.expect("features");
    assert!(features.acpi && features.pae);
    let domain = with("<features><acpi foo='bar'/></features>");
    assert_eq!(domain.unmodelled(), ["/domain/features/acpi"]);
}

#[test]
fn empty_drives_keep_their_type() {
    let drive = "<disk type='block' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>";
    let domain = with(&format!("<devices>{drive}</devices>"));
    let disk = &domain.devices.as_ref().expect("devices").disks[0];
    assert_eq!(disk.source, DiskSource::Block(None));
    assert_eq!(disk.device, Some(DiskDevice::Cdrom));
    assert!(disk.readonly);
    assert!(written(&domain).contains("<disk type='block' device='cdrom'>\n      <target"));
}

#[test]
fn unknown_values_are_kept_as_other() {
    let domain = with(
        "<clock offset='lunar' phase='new'/>\
         <devices><disk type='tape' device='reel'><source reel='7'/><target dev='x' bus='qbus'/></disk>\
         <interface type='pigeon'><model type='rfc1149'/></interface></devices>",
    );
    let devices = domain.devices.as_ref().expect("devices");
    let (disk, card) = (&devices.disks[0], &devices.interfaces[0]);
    assert_eq!(disk.source, DiskSource::Other("tape".to_owned()));
    assert_eq!(disk.device, Some(DiskDevice::Other("reel".to_owned())));
    assert_eq!(card.source, InterfaceSource::Other("pigeon".to_owned()));
    assert_eq!(card.model, Some(InterfaceModel::from("rfc1149")));
    let clock = domain.clock.as_ref().expect("a clock");
    assert_eq!(clock.offset, ClockOffset::Other("lunar".to_owned()));
    assert_eq!(clock.other.attributes[0].name, "phase");
    assert!(written(&domain).contains("<source reel='7'/>"));
}

#[test]
fn numbers_of_addresses_are_read_as_c_does() {
    let address = "<address type='pci' domain='0' bus='010' slot='0x1F' function='7'/>";
    let domain = with(&format!(
        "<devices><sound model='ac97'>{address}</sound></devices>"
    ));
    let sound = &domain.devices.expect("devices").sounds[0];
    assert_eq!(sound.address, Some(Address::pci(0, 8, 31, 7)));
}

#[test]
fn an_address_without_a_type_is_kept() {
    check_keeps(
        "  <devices>\n    <sound model='ac97'>\n      <address bus='3'/>\n    </sound>\n  </devices>",
    );
    let domain = with("<devices><sound model='ac97'><address bus='3'/></sound></devices>");
    let address = domain.devices.expect("devices").sounds[0].address.clone();
    let kind = address.expect("an address").kind;
    assert_eq!(kind, AddressKind::Other(String::new()));
}

#[test]
fn amounts_of_memory_have_units() {
    let bytes = |text: &str| with(text).memory.expect("memory").bytes();
    assert_eq!(bytes("<memory>1024</memory>"), Some(1 << 20));
    assert_eq!(bytes("<memory unit='b'>7</memory>"), Some(7));
    assert_eq!(bytes("<memory unit='KB'>2</memory>"), Some(2000));
    assert_eq!(bytes("<memory unit='k'>2</memory>"), Some(2048));
    assert_eq!(bytes("<memory unit='GiB'> 4\n</memory>"), Some(4 << 30));
    assert_eq!(bytes("<memory unit='EiB'>15</memory>"), Some(15 << 60));
    assert_eq!(bytes("<memory unit='EiB'>16</memory>"), None);
}

#[test]
fn a_generation_id_is_empty_or_a_value() {
    check_keeps("  <genid/>");
    check_keeps("  <genid>2f0de9ad-5b7c-f4de-d53f-23b1115d28b9</genid>");
    assert_eq!(with("<genid/>").genid.expect("an id").uuid, None);
}

#[test]
fn libosinfo_is_found_under_any_prefix() {
    let metadata = Metadata::default().libosinfo("http://debian.org/debian/12");
    assert_eq!(metadata.libosinfo_id(), Some("http://debian.org/debian/12"));
    let domain = with(
        "<metadata><o:libosinfo xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'>\
         <o:os id='http://libosinfo.org/linux/2022'/></o:libosinfo></metadata>",
    );
    let metadata = domain.metadata.expect("metadata");
    assert_eq!(
        metadata.libosinfo_id(),
        Some("http://libosinfo.org/linux/2022")
    );
}

#[test]
fn the_namespace_of_qemu_is_declared_when_needed() {
    let domain = Domain::kvm("x", Memory::mib(1), 1)
        .qemu_commandline(QemuCommandline::default().args(["-foo".to_owned()]));
    let xml = domain.to_xml().expect("XML");
    assert!(xml.starts_with(&format!(
        "<domain type='kvm' xmlns:qemu='{QEMU_NAMESPACE}'>\n"
    )));
    let again = Domain::parse(&xml).expect("a domain");
    assert_eq!(again, domain);

    let mut without = again;
    without.qemu_commandline = None;
    assert!(!without.to_xml().expect("XML").contains("xmlns"));

    // Found by the fuzzer: the missing declaration was added, and was then an unknown attribute.
    let undeclared = with("<qemu:x/>");
    let again = Domain::parse(undeclared.to_xml().expect("XML"));
    assert_eq!(again.expect("a domain"), undeclared);

    let other = "<domain type='kvm' xmlns:qemu='http://example.org/'><name>x</name><qemu:commandline/></domain>";
    let xml = Domain::parse(other)
        .expect("a domain")
        .to_xml()
        .expect("XML");
    assert!(xml.contains("xmlns:qemu='http://example.org/'"), "{xml}");
}

#[test]
fn text_keeps_its_white_space_and_comments_their_place_in_an_element() {
    let odd = " two\n  lines\t, a return \r and an end ]]> ";
    let domain = Domain::kvm(odd, Memory::mib(1), 1)
        .title(odd)
        .description("");
    let disk = Disk::new(DiskSource::file(odd), "vda", DiskBus::Virtio);
    let domain = domain.devices(v2v_domain::Devices::default().disks([disk]));
    let xml = domain.to_xml().expect("XML");
    assert_eq!(Domain::parse(xml).expect("a domain"), domain);
    check_keeps("  <devices>\n    <!-- none -->\n    <?keep this?>\n  </devices>");
}

#[test]
fn cdata_is_text() {
    let domain = Domain::parse("<domain type='kvm'><name><![CDATA[a<b]]>&amp;c</name></domain>");
    assert_eq!(domain.expect("a domain").name, "a<b&c");
}

#[test]
fn control_characters_cannot_be_written() {
    let check = |domain: Domain, expected: &str| {
        let err = domain.to_xml().expect_err("no XML for it");
        assert_eq!(err.to_string(), expected);
    };
    let domain = || Domain::kvm("x", Memory::mib(1), 1);
    check(
        domain().title("bell\u{7}"),
        "/domain/title: character U+0007 cannot be written in XML",
    );
    let disk = Disk::new(DiskSource::file("nul\0"), "vda", DiskBus::Virtio);
    check(
        domain().devices(v2v_domain::Devices::default().disks([disk])),
        "/domain/devices/disk/source/@file: character U+0000 cannot be written in XML",
    );
    let metadata = |element| domain().metadata(Metadata::default().element(element));
    check(
        metadata(Element::new("a b")),
        "/domain/metadata/a b: \"a b\" is not a name in XML",
    );
    check(
        metadata(Element::new("a").attribute("b", "1").attribute("b", "2")),
        "/domain/metadata/a: the attribute b is there twice",
    );
    let mut element = Element::new("a");
    element.children.push(Node::Comment("--".to_owned()));
    check(
        metadata(element),
        "/domain/metadata/a: a comment cannot hold \"--\"",
    );
    let mut deep = Element::new("a");
    for _ in 0..2000 {
        deep = Element::new("a").child(deep);
    }
    let err = metadata(deep).to_xml().expect_err("too deep").to_string();
    assert!(
        err.ends_with("elements are nested more than 1024 deep"),
        "{err}"
    );
}

#[test]
fn what_is_no_domain_is_refused() {
    check_rejects("", "line 1, column 1: there is no element at all");
    check_rejects(
        "# a .vmx\n",
        "line 1, column 1: text outside of the root element",
    );
    check_rejects(
        "\n <network><name>x</name></network>",
        "line 2, column 2: the root element is <network>, expected <domain>",
    );
    check_rejects(
        "<domain><name>x</name></domain>",
        "line 1, column 1: <domain> has no readable attribute type",
    );
    check_rejects(
        "<domain type='kvm'/>",
        "line 1, column 1: <domain> has no readable element <name>",
    );
    check_rejects(
        "<domain type='kvm'><name>x</name></domain><domain/>",
        "line 1, column 43: a second root element",
    );
}

#[test]
fn declarations_of_entities_are_refused_by_name() {
    check_rejects(
        "<?xml version='1.0'?>\n<!DOCTYPE d [<!ENTITY a 'b'>]><domain type='kvm'/>",
        "line 2, column 1: document type declarations (DTD) are refused",
    );
    check_rejects(
        "<domain type='kvm'><name>\n&lol9;</name></domain>",
        "line 2, column 1: entity reference &lol9; is unknown",
    );
    check_rejects(
        "<domain type='&host;'/>",
        "line 1, column 1: entity reference &host; is unknown",
    );
    let domain = with("<title>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</title>");
    assert_eq!(domain.title.as_deref(), Some("<>&'\"A\u{1f600}"));
}

#[test]
fn encodings_are_refused_by_name() {
    let utf16: Vec<u8> = "<domain/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let refused = |name| format!("the document is in {name}, only UTF-8 is read; convert it first");
    check_rejects([&[0xff, 0xfe][..], &utf16].concat(), &refused("UTF-16"));
    check_rejects(&utf16, &refused("UTF-16"));
    check_rejects(
        b"<?xml version='1.0' encoding='ISO-8859-1'?><domain/>",
        &refused("ISO-8859-1"),
    );
    check_rejects(
        b"<?xml version='1.0' encoding='Shift_JIS'?><domain type='kvm'><name>\x83\x65</name></domain>",
        &refused("Shift_JIS"),
    );
    check_rejects(
        b"<domain type='kvm'>\n<name>\xff</name></domain>",
        "line 2, column 7: byte 0xff is not UTF-8",
    );
    let marked =
        "\u{feff}<?xml version='1.0' encoding='utf-8'?><domain type='kvm'><name>x</name></domain>";
    assert_eq!(Domain::parse(marked).expect("a domain").name, "x");
}

#[test]
fn characters_that_xml_has_not_are_refused() {
    check_rejects(
        "<domain type='kvm'><name>a\0b</name></domain>",
        "line 1, column 27: character U+0000 is not allowed in XML",
    );
    check_rejects(
        "<domain type='kvm'><name>a&#0;</name></domain>",
        "line 1, column 27: character U+0000 is not allowed in XML",
    );
    check_rejects(
        "<domain type='kvm'><name>&#xD800;</name></domain>",
        "line 1, column 26: character U+D800 is not allowed in XML",
    );
    check_rejects(
        "<domain type='kvm'><name>&#99999999999;</name></domain>",
        "line 1, column 26: &#99999999999; is not a character reference",
    );
}

#[test]
fn limits_hold() {
    let deep = "<a>".repeat(300);
    check_rejects(
        &deep,
        "line 1, column 769: elements are nested more than 256 deep",
    );
    let deeper = ParseOptions::default().with_max_depth(usize::MAX);
    let err = Domain::parse_with("<a>".repeat(2000), &deeper).expect_err("too deep");
    assert_eq!(
        err.to_string(),
        "line 1, column 3073: elements are nested more than 1024 deep"
    );

    let attributes: String = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
    check_rejects(
        format!("<domain{attributes}/>"),
        "line 1, column 1: more than 256 attributes in an element",
    );
    check_rejects(
        format!("<domain>{}</domain>", "<a/>".repeat(500_000)),
        "line 1, column 2000005: more than 500000 elements, attributes and texts",
    );
    let small = ParseOptions::default().with_max_bytes(10);
    let err = Domain::parse_with("<domain/>  ", &small).expect_err("too large");
    assert_eq!(
        err.to_string(),
        "the document has 11 bytes, at most 10 are read"
    );
}

/// What takes a second here would take hours if the work grew with the square of the size.
#[test]
fn large_documents_take_time_in_proportion() {
    let references = "&#65;".repeat(400_000);
    let domain = with(&format!("<title>{references}</title>"));
    assert_eq!(domain.title.map(|title| title.len()), Some(400_000));
    let (strange, card) = (
        "<strange/>".repeat(150_000),
        "<interface type='null' zz='1'/>",
    );
    let devices = format!("<devices>{}</devices>", card.repeat(100_000));
    let domain = with(&(strange + &devices));
    let unknown = domain.unmodelled();
    assert_eq!(unknown.len(), 250_000);
    assert!(unknown.contains(&"/domain/strange[150000]".to_owned()));
    assert!(unknown.contains(&"/domain/devices/interface[100000]/@zz".to_owned()));
}

#[test]
fn broken_markup_is_refused() {
    check_rejects(
        "<domain",
        "line 1, column 1: tag not closed: `>` not found before end of input",
    );
    check_rejects(
        "<domain type='kvm",
        "line 1, column 1: attribute value not closed: `'` not found before end of input",
    );
    check_rejects(
        "<domain type='kvm'><name>x",
        "line 1, column 27: the document ends inside of <name>",
    );
    check_rejects(
        "<domain type='kvm'>\n<name>x</domain>",
        "line 2, column 8: </domain> closes <name>",
    );
    check_rejects(
        "<domain></domain></domain>",
        "line 1, column 18: close tag `</domain>` does not match any open tag",
    );
    check_rejects(
        "<domain type=kvm/>",
        "line 1, column 1: <domain>: position 12: attribute value must be enclosed in `\"` or `'`",
    );
    check_rejects(
        "<domain type='a' type='b'/>",
        "line 1, column 1: <domain> has the attribute type twice",
    );
    check_rejects(
        "<domain type='a<b'/>",
        "line 1, column 1: \"<\" in an attribute value",
    );
    check_rejects(
        "<domain type='a&b'/>",
        "line 1, column 1: \"&\" without \";\" in an attribute value",
    );
    check_rejects(
        "<domain>&</domain>",
        "line 1, column 9: entity or character reference not closed: `;` not found before end of input",
    );
    check_rejects(
        "<domain><1/></domain>",
        "line 1, column 9: \"1\" is not a name",
    );
    check_rejects(
        "<domain><!-- a -- b --></domain>",
        "line 1, column 16: forbidden string `--` was found in a comment",
    );
    check_rejects("<domain>]]></domain>", "line 1, column 9: \"]]>\" in text");
    check_rejects(
        "<domain><![CDATA[</domain>",
        "line 1, column 9: CDATA not closed: `]]>` not found before end of input",
    );
    check_rejects(
        "<domain/>text",
        "line 1, column 10: text outside of the root element",
    );
    check_rejects(
        " <?xml version='1.0'?><domain/>",
        "line 1, column 2: an XML declaration inside of the document",
    );
    check_rejects(
        "<?xml version='1.1'?><domain/>",
        "line 1, column 1: XML version 1.1, expected 1.0",
    );
    // Found by the fuzzer: it was read, and could not be written.
    check_rejects(
        "<domain><?p`i?></domain>",
        "line 1, column 9: \"p`i\" is not a name",
    );
    check_rejects(
        "<domain><?XML?></domain>",
        "line 1, column 9: a processing instruction called xml",
    );
}

#[test]
fn every_prefix_of_a_domain_is_refused_without_panic() {
    let text = fs::read(&testdata()[1]).expect("a file");
    let end = text.len() - "</domain>\n".len() + "</domain>".len();
    for len in 0..end {
        assert!(Domain::parse(&text[..len]).is_err(), "{len} bytes");
    }
    assert!(Domain::parse(&text[..end]).is_ok());
}

#[test]
fn names_of_targets_count_without_gaps() {
    let name = |index| TargetName::new("vd", index).to_string();
    let names: Vec<_> = [0, 25, 26, 51, 52, 701, 702, 18277, 18278].map(name).into();
    let expected = [
        "vda", "vdz", "vdaa", "vdaz", "vdba", "vdzz", "vdaaa", "vdzzz", "vdaaaa",
    ];
    assert_eq!(names, expected);
    for index in (0..100_000).chain([u32::MAX - 1, u32::MAX]) {
        let name = TargetName::new("sd", index);
        let read = name.to_string().parse::<TargetName>();
        if index == u32::MAX {
            assert!(read.is_err(), "the number does not fit");
        } else {
            assert_eq!(read, Ok(name));
        }
    }
    for wrong in ["", "vd", "vda1", "VDA", "zza", "sdzzzzzzzzzz"] {
        assert!(wrong.parse::<TargetName>().is_err(), "{wrong}");
    }
    assert_eq!(DiskBus::Ide.target_name(2).to_string(), "hdc");
}

#[test]
fn addresses_and_ids_are_printed_in_lower_case() {
    let mac: MacAddress = "0:50:56:9A:2d:F1".parse().expect("an address");
    assert_eq!(mac.to_string(), "00:50:56:9a:2d:f1");
    assert!(!mac.is_multicast() && MacAddress([1, 0, 0x5e, 0, 0, 1]).is_multicast());
    for wrong in [
        "",
        "00:50:56:9a:2d",
        "00:50:56:9a:2d:f1:00",
        "00:50:56:9a:2d:+1",
        "000:50:56:9a:2d:f1",
    ] {
        let err = wrong.parse::<MacAddress>().expect_err(wrong).to_string();
        assert_eq!(
            err,
            format!("{wrong:?} is not a MAC address like 52:54:00:12:34:56")
        );
    }
    let uuid: Uuid = "564DC77B93e5fbd8dbad0A1B2C3D4E5F".parse().expect("a UUID");
    assert_eq!(uuid.to_string(), "564dc77b-93e5-fbd8-dbad-0a1b2c3d4e5f");
    for wrong in [
        "",
        "564dc77b-93e5-fbd8-dbad-0a1b2c3d4e5",
        "564dc77b-93e5-fbd8-dbad-0a1b2c3d4e5f0",
        "g",
    ] {
        assert!(wrong.parse::<Uuid>().is_err(), "{wrong}");
    }
}

#[test]
fn builders_write_what_they_say() {
    let mut domain = Domain::kvm("web01", Memory::gib(2), 2);
    let devices = domain.devices_mut();
    let disk = Disk::new(
        DiskSource::file("/i/web01.qcow2"),
        DiskBus::Virtio.target_name(0),
        DiskBus::Virtio,
    );
    devices.disks.push(disk.format(DiskFormat::Qcow2).boot(1));
    devices
        .disks
        .push(Disk::cdrom(DiskSource::empty(), "sda", DiskBus::Sata));
    devices
        .graphics
        .push(Vnc::default().port(-1).autoport(true).into());
    devices
        .serials
        .push(v2v_domain::CharDevice::at_port(CharBackend::pty(), 0));
    devices.channels.push(v2v_domain::Channel::guest_agent());
    let expected = "<domain type='kvm'>
  <name>web01</name>
  <memory unit='GiB'>2</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <clock offset='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/i/web01.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <boot order='1'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <serial type='pty'>
      <target port='0'/>
    </serial>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <graphics type='vnc' port='-1' autoport='yes'/>
  </devices>
</domain>
";
    assert_eq!(domain.to_xml().expect("XML"), expected);
    assert!(domain.unmodelled().is_empty());
}
