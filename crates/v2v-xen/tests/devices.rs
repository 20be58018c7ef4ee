//! Rules about devices: XML in, XML out, and what is said.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use v2v_report::Finding;
use v2v_target::policy::{Machine, Profile, VideoModel};
use v2v_target::{GuestEvidence, Policy};
use v2v_testkit::libvirt;
use v2v_xen::{Conversion, Evidence, ImageEvidence, RuleChoice, convert};
use v2v_xml::Document;

/// What a guest is on Xen, and what the caller wants and saw.
#[derive(Clone, Default)]
struct Case {
    is_hvm: bool,
    policy: Policy,
    evidence: Evidence,
}

/// A paravirtual guest without options.
fn pv() -> Case {
    Case::default()
}

fn hvm() -> Case {
    Case {
        is_hvm: true,
        ..Case::default()
    }
}

impl Case {
    fn policy(mut self, set: impl FnOnce(&mut Policy)) -> Case {
        set(&mut self.policy);
        self
    }

    fn machine(self, machine: Machine) -> Case {
        self.policy(|policy| policy.machine = Some(machine))
    }

    fn profile(self, profile: Profile) -> Case {
        self.policy(|policy| policy.profile = profile)
    }

    fn image(mut self, path: &str, seen: ImageEvidence) -> Case {
        self.evidence.images.insert(path.to_owned(), seen);
        self
    }

    fn guest(mut self, seen: GuestEvidence) -> Case {
        self.evidence.guest = Some(seen);
        self
    }

    fn domain(&self, devices: &str) -> String {
        let os = if self.is_hvm {
            "<type arch='x86_64' machine='xenfv'>hvm</type>"
        } else {
            "<type arch='x86_64' machine='xenpv'>linux</type>"
        };
        format!(
            "<domain type='xen'>\n  <name>web01</name>\n  <uuid>c7a5fdb2-cdaf-9455-926a-d65c16db1809</uuid>\n  \
             <memory>524288</memory>\n  <vcpu>1</vcpu>\n  <os>{os}</os>\n  <devices>\n{devices}  </devices>\n</domain>\n"
        )
    }

    fn convert(&self, devices: &str, only: &[&str]) -> Conversion {
        let mut choice = RuleChoice::default();
        choice.only = only.iter().map(|rule| (*rule).to_owned()).collect();
        let document = Document::parse(self.domain(devices), &Default::default()).unwrap();
        convert(document, &self.policy, &self.evidence, &choice).unwrap()
    }

    /// The devices that `rules` make of `input`, and the first words of what they say. A second time nothing changes.
    #[track_caller]
    fn check(&self, rules: &[&str], input: &str, output: &str, findings: &[&str]) {
        let conversion = self.convert(input, rules);
        assert_eq!(conversion.document.to_string(), self.domain(output));
        let told: Vec<String> = conversion.findings.iter().map(line).collect();
        let is_told = told.len() == findings.len()
            && told
                .iter()
                .zip(findings)
                .all(|(told, wanted)| told.starts_with(wanted));
        assert!(is_told, "told {told:#?}, expected {findings:#?}");
        let again = self.convert(output, rules);
        assert_eq!(
            again.document.to_string(),
            self.domain(output),
            "the second time"
        );
        assert!(again.changes.is_empty(), "{:?}", again.changes);
        assert_eq!(
            conversion.changes.is_empty(),
            input == output,
            "{:?}",
            conversion.changes
        );
    }
}

fn line(finding: &Finding) -> String {
    let severity = finding.severity.name();
    let text = finding.evidence.text.as_str();
    format!(
        "{severity} {} {}: {text} -> {}",
        finding.id.as_str(),
        finding.subject,
        finding.action.text
    )
}

const DISK: &[&str] = &["disk-target"];

/// A hard disk at `target`, on what Xen calls a file.
fn disk(path: &str, target: &str) -> String {
    format!(
        "    <disk type='file' device='disk'>\n      <driver name='qemu' type='raw'/>\n      <source file='{path}'/>\n      \
         {target}\n    </disk>\n"
    )
}

fn transitional(text: &str) -> String {
    text.replace(
        "device='disk'>",
        "device='disk' model='virtio-transitional'>",
    )
}

#[test]
fn a_paravirtual_disk_is_on_virtio_and_named_by_its_place() {
    let xen = disk("/a", "<target dev='xvda' bus='xen'/>")
        + &disk("/c", "<target dev='xvdc' bus='xen'/>");
    let kvm = disk("/a", "<target dev='vda' bus='virtio'/>")
        + &disk("/c", "<target dev='vdb' bus='virtio'/>");
    let findings = [
        "warn disk-bus-unproven xvda, xvdc: virtio, which guests of this kind can start from; nobody looked",
        "info pv-name-guess xvda, xvdc: new names by position: xvda -> vda, xvdc -> vdb; the guest's boot line",
    ];
    pv().check(DISK, &xen, &transitional(&kvm), &findings);
    pv().machine(Machine::Pc).check(DISK, &xen, &kvm, &findings);
    let proof = GuestEvidence {
        virtio_blk: Some(true),
        ..GuestEvidence::default()
    };
    pv().guest(proof)
        .machine(Machine::Pc)
        .check(DISK, &xen, &kvm, &findings[1..]);
}

#[test]
fn a_paravirtual_disk_without_a_driver_is_on_sata_or_ide() {
    let xen = disk("/a", "<target dev='xvda' bus='xen'/>");
    let no_driver = GuestEvidence {
        virtio_blk: Some(false),
        ..GuestEvidence::default()
    };
    let findings = [
        "warn controller-no-equivalent xvda: its bus of the source",
        "info pv-name-guess xvda: ",
    ];
    pv().guest(no_driver).check(
        DISK,
        &xen,
        &disk("/a", "<target dev='sda' bus='sata'/>"),
        &findings,
    );
    let asked = pv()
        .machine(Machine::Pc)
        .policy(|policy| policy.disk_bus.add("xvda=ide").unwrap());
    let findings = &findings[1..];
    asked.check(
        DISK,
        &xen,
        &disk("/a", "<target dev='hda' bus='ide'/>"),
        findings,
    );
}

#[test]
fn an_emulated_disk_stays_on_ide_where_the_machine_has_it() {
    let cdrom = |target: &str| {
        format!("    <disk type='file' device='cdrom'>\n      {target}\n    </disk>\n")
    };
    let xen = disk("/a", "<target dev='hda' bus='ide'/>")
        + &cdrom("<target dev='hdc' bus='ide'/>")
        + &disk("/b", "<target dev='hdb'/>");
    let pc = xen.replace("'hdb'/>", "'hdb' bus='ide'/>");
    hvm().machine(Machine::Pc).check(DISK, &xen, &pc, &[]);
    let q35 = disk("/a", "<target dev='sda' bus='sata'/>")
        + &cdrom("<target dev='sdc' bus='sata'/>")
        + &disk("/b", "<target dev='sdb' bus='sata'/>");
    let findings = [
        "warn controller-no-equivalent hda, hdb: ",
        "info pv-name-guess hda, hdb: ",
    ];
    hvm()
        .machine(Machine::Q35)
        .check(DISK, &xen, &q35, &findings);
    let virtio = disk("/a", "<target dev='vda' bus='virtio'/>")
        + &cdrom("<target dev='hdc' bus='ide'/>")
        + &disk("/b", "<target dev='vdb' bus='virtio'/>");
    let findings = ["info pv-name-guess hda, hdb: "];
    hvm()
        .machine(Machine::Pc)
        .profile(Profile::Virtio)
        .check(DISK, &xen, &virtio, &findings);
}

#[test]
fn a_paravirtual_disk_called_hda_is_one_of_xens() {
    let findings = ["warn disk-bus-unproven hda: ", "info pv-name-guess hda: "];
    let kvm = disk("/a", "<target dev='vda' bus='virtio'/>");
    let pc = pv().machine(Machine::Pc);
    pc.check(DISK, &disk("/a", "<target dev='hda'/>"), &kvm, &findings);
}

#[test]
fn one_disk_under_two_names_is_one_disk() {
    let xen =
        disk("/a", "<target dev='xvda' bus='xen'/>") + &disk("/a", "<target dev='hda' bus='ide'/>");
    let kvm = disk("/a", "<target dev='hda' bus='ide'/>");
    let findings = ["info pv-name-guess xvda: the disk hda under a second name"];
    hvm().check(&["disk-alias"], &xen, &kvm, &findings);
    let two = disk("/a", "<target dev='xvda' bus='xen'/>")
        + &disk("/a", "<target dev='xvdb' bus='xen'/>");
    pv().check(&["disk-alias"], &two, &two, &[]);
}

#[test]
fn partitions_become_whole_disks_and_are_told() {
    let xen = disk("/root", "<target dev='xvda2' bus='xen'/>")
        + &disk("/swap", "<target dev='xvda1' bus='xen'/>");
    let rule = &["disk-partition"];
    let text = "warn pv-partition-disks xvda2, xvda1: each of these images is a bare file system";
    pv().check(rule, &xen, &xen, &[text]);
    let kept = pv()
        .policy(|policy| policy.xen.keep_layout = true)
        .convert(&xen, rule);
    assert!(line(&kept.findings[0]).contains("no boot loader fits on it"));
    let kvm = disk("/root", "<target dev='vda' bus='virtio'/>")
        + &disk("/swap", "<target dev='vdb' bus='virtio'/>");
    let findings = [
        "warn disk-bus-unproven",
        "info pv-name-guess xvda2, xvda1: new names by position: xvda2 -> vda",
    ];
    pv().machine(Machine::Pc).check(DISK, &xen, &kvm, &findings);
}

#[test]
fn many_disks_share_virtio_scsi() {
    let xen: String = (0..70)
        .map(|at| disk(&format!("/{at}"), "<target bus='xen'/>"))
        .collect();
    let conversion = pv()
        .machine(Machine::Pc)
        .convert(&xen, &["disk-controller", "disk-target"]);
    let text = conversion.document.to_string();
    assert!(
        text.contains("<controller type='scsi' index='1' model='virtio-scsi'/>"),
        "{text}"
    );
    assert!(text.contains("<target bus='scsi' dev='sdbr'/>"), "{text}");
    assert!(
        text.contains("controller='1' bus='0' target='5' unit='0'/>"),
        "{text}"
    );
    assert!(line(&conversion.findings[1]).starts_with("warn pci-slots-exceeded disks: 70 disks"));
    let twice = pv()
        .machine(Machine::Pc)
        .convert(&xen, &["disk-controller"])
        .document
        .to_string();
    assert_eq!(twice.matches("<controller").count(), 2);
}

/// What becomes of the driver of a file at /a.
#[track_caller]
fn driver(case: &Case, xen: &str, kvm: &str, findings: &[&str]) {
    let disk = |driver: &str| {
        format!(
            "    <disk type='file' device='disk'>\n{driver}      <source file='/a'/>\n      <target dev='xvda'/>\n    </disk>\n"
        )
    };
    let line = |driver: &str| {
        if driver.is_empty() {
            String::new()
        } else {
            format!("      {driver}\n")
        }
    };
    case.check(
        &["disk-driver"],
        &disk(&line(xen)),
        &disk(&line(kvm)),
        findings,
    );
}

#[test]
fn every_driver_of_xen_is_qemu_with_a_format() {
    let raw = "<driver name='qemu' type='raw'/>";
    for xen in [
        "<driver name='file'/>",
        "<driver name='phy' type='raw'/>",
        "<driver name='tap' type='aio'/>",
    ] {
        driver(&pv(), xen, raw, &[]);
    }
    driver(
        &pv(),
        "<driver name='tap2' type='vhd'/>",
        "<driver name='qemu' type='vpc'/>",
        &[],
    );
    driver(
        &pv(),
        "<driver name='tap' type='qcow2' cache='none'/>",
        "<driver name='qemu' type='qcow2' cache='none'/>",
        &[],
    );
    driver(
        &hvm(),
        "<driver name='qemu' type='qed'/>",
        "<driver name='qemu' type='qed'/>",
        &[],
    );
    let unknown = "warn disk-format-unknown xvda: nothing says the format of the image, and nobody looked; raw was written";
    driver(&hvm(), "", raw, &[unknown]);
    driver(&hvm(), "<driver name='qemu'/>", raw, &[unknown]);
    let word = "warn disk-format-unknown xvda: \"bogus\" is no format of QEMU";
    driver(&hvm(), "<driver name='tap' type='bogus'/>", raw, &[word]);
    let seen = pv().image("/a", ImageEvidence::Format("qcow2"));
    driver(
        &seen,
        "<driver name='qemu'/>",
        "<driver name='qemu' type='qcow2'/>",
        &[],
    );
    // A guest can write the first bytes of its own disk.
    let forged =
        "warn disk-format-unknown xvda: Xen gave the guest the bytes of the image as they are";
    driver(&seen, "<driver name='file'/>", raw, &[forged]);
}

#[test]
fn a_device_is_a_block_disk_and_a_map_says_where_it_lies() {
    let file = |kind: &str, source: &str| {
        format!(
            "    <disk type='{kind}' device='disk'>\n      <source {source}/>\n      <target dev='xvda'/>\n    </disk>\n"
        )
    };
    let device = file("file", "file='/dev/vg/a'");
    pv().check(
        &["disk-type"],
        &device,
        &file("block", "dev='/dev/vg/a'"),
        &[],
    );
    let map = |to: &str| {
        let rule = format!("/dev/vg={to}").parse().unwrap();
        pv().policy(|policy| policy.disks.map.push(rule))
    };
    let rules = &["disk-path", "disk-type"];
    map("/srv").check(
        rules,
        &file("block", "dev='/dev/vg/a'"),
        &file("file", "file='/srv/a'"),
        &[],
    );
    map("/dev/vg2").check(
        rules,
        &file("block", "dev='/dev/vg/a'"),
        &file("block", "dev='/dev/vg2/a'"),
        &[],
    );
}

#[test]
fn what_is_not_there_is_told() {
    let missing =
        |case: Case, xen: &str, finding: &str| case.check(&["disk-missing"], xen, xen, &[finding]);
    let gone = |path| pv().image(path, ImageEvidence::Missing);
    let file = disk("/a", "<target dev='xvda'/>");
    missing(
        gone("/a"),
        &file,
        "blocker disk-file-missing xvda: /a is not there",
    );
    let device = file
        .replace("file='/a'", "dev='/dev/sdq'")
        .replace("type='file'", "type='block'");
    missing(
        gone("/dev/sdq"),
        &device,
        "blocker disk-device-backed xvda: /dev/sdq is a device of the old host",
    );
    let none = "    <disk type='file' device='disk'>\n      <target dev='xvda'/>\n    </disk>\n";
    missing(
        pv(),
        none,
        "blocker disk-file-missing xvda: the disk has no source",
    );
}

#[test]
fn a_medium_of_the_old_host_leaves_an_empty_drive() {
    let cdrom = |source: &str| {
        format!(
            "    <disk type='block' device='cdrom'>\n{source}      <target dev='hdc'/>\n    </disk>\n"
        )
    };
    let full = cdrom("      <source dev='/dev/cdrom'/>\n");
    let finding =
        "info cdrom-emptied hdc: /dev/cdrom is a drive of the old host; the drive is empty";
    hvm().check(&["disk-medium"], &full, &cdrom(""), &[finding]);
    let volume = cdrom("      <source dev='/dev/vg/iso'/>\n");
    hvm().check(&["disk-medium"], &volume, &volume, &[]);
    let floppy = full
        .replace("/dev/cdrom", "/dev/fd0")
        .replace("cdrom'", "floppy'")
        .replace("hdc", "fda");
    hvm().check(
        &["disk-medium"],
        &floppy,
        "",
        &["info floppy-dropped fda: /dev/fd0"],
    );
}

#[test]
fn a_shared_disk_is_raw_and_not_cached() {
    let shared = |driver: &str| {
        format!(
            "    <disk type='file' device='disk'>\n      {driver}\n      <target dev='xvdb'/>\n      <shareable/>\n    </disk>\n"
        )
    };
    let rule = &["disk-share"];
    let raw = shared("<driver name='qemu' type='raw'/>");
    let done = shared("<driver name='qemu' type='raw' cache='none'/>");
    pv().check(
        rule,
        &raw,
        &done,
        &["warn disk-shared xvdb: several machines write to it"],
    );
    let qcow2 = shared("<driver name='qemu' type='qcow2'/>");
    pv().check(
        rule,
        &qcow2,
        &qcow2,
        &["blocker disk-shared xvdb: several machines write to it, and its format is qcow2"],
    );
}

/// A card with these elements.
fn card(inside: &[&str]) -> String {
    let lines: String = inside
        .iter()
        .map(|line| format!("      {line}\n"))
        .collect();
    format!("    <interface type='bridge'>\n{lines}    </interface>\n")
}

const MAC: &str = "<mac address='00:16:3e:2d:91:c3'/>";

#[test]
fn scripts_of_the_xen_host_are_gone() {
    let rule = &["interface-script"];
    let bridge = "<source bridge='br0'/>";
    let with = |path: &str| card(&[MAC, bridge, &format!("<script path='{path}'/>")]);
    let without = card(&[MAC, bridge]);
    pv().check(rule, &with("/etc/xen/scripts/vif-bridge"), &without, &[]);
    let subject = "warn nic-script interface 00:16:3e:2d:91:c3: the script";
    for (path, what) in [
        ("vif-nat", "gave the guest"),
        ("vif-route", "routed"),
        ("/opt/mine", "is unknown"),
    ] {
        pv().check(
            rule,
            &with(path),
            &without,
            &[&format!("{subject} {path:?} {what}")],
        );
    }
    let tagged = card(&[
        MAC,
        "<source bridge='ovsbr0.42'/>",
        "<script path='vif-openvswitch'/>",
    ]);
    let lines = [
        MAC,
        "<source bridge='ovsbr0'/>",
        "<vlan>\n        <tag id='42'/>\n      </vlan>",
        "<virtualport type='openvswitch'/>",
    ];
    pv().check(rule, &tagged, &card(&lines), &[]);
}

#[test]
fn names_and_addresses_of_the_xen_host_are_gone() {
    let rules = &["interface-target", "interface-backend", "interface-ip"];
    let xen = card(&[
        MAC,
        "<source bridge='br0'/>",
        "<target dev='vif1.0'/>",
        "<backenddomain name='net'/>",
        "<ip address='10.0.0.5'/>",
    ]);
    let findings = [
        "warn setting-not-carried interface 00:16:3e:2d:91:c3: its network was that of the domain \"net\"",
        "info setting-not-carried interface 00:16:3e:2d:91:c3: the ip 10.0.0.5",
    ];
    pv().check(
        rules,
        &xen,
        &card(&[MAC, "<source bridge='br0'/>"]),
        &findings,
    );
    let own = card(&[MAC, "<source bridge='br0'/>", "<target dev='net0'/>"]);
    pv().check(rules, &own, &own, &[]);
}

#[test]
fn an_address_is_made_where_there_is_none() {
    let rule = &["interface-mac"];
    let xen = card(&["<source bridge='br0'/>"]);
    let kvm = pv().convert(&xen, rule);
    assert_eq!(
        kvm.document.to_string(),
        pv().convert(&xen, rule).document.to_string()
    );
    let mac = kvm
        .document
        .find(kvm.document.root(), "devices/interface/mac")
        .unwrap();
    let mac = kvm.document.attribute(mac, "address").unwrap();
    assert!(mac.starts_with("00:16:3e:"), "{mac}");
    assert!(line(&kvm.findings[0]).starts_with(&format!("warn nic-mac-missing interface {mac}: ")));
    let twice = card(&[MAC]) + &card(&[MAC]);
    pv().check(
        rule,
        &twice,
        &twice,
        &["warn nic-mac-duplicate interface 00:16:3e:2d:91:c3: "],
    );
    let group = pv().convert(&card(&["<mac address='01:00:5e:00:00:01'/>"]), rule);
    assert!(line(&group.findings[0]).starts_with("warn nic-mac-invalid interface 00:16:3e:"));
}

#[test]
fn a_card_has_a_model_that_the_guest_drives() {
    let rule = &["interface-model"];
    let model = |model: &str| {
        card(&[
            MAC,
            "<source bridge='br0'/>",
            &format!("<model type='{model}'/>"),
        ])
    };
    let none = card(&[MAC, "<source bridge='br0'/>"]);
    let assumed = ["info nic-model-changed interface 00:16:3e:2d:91:c3: "];
    let unknown = ["warn nic-model-changed interface 00:16:3e:2d:91:c3: "];
    pv().check(rule, &none, &model("virtio-transitional"), &assumed);
    let pc = |case: Case| case.machine(Machine::Pc);
    pc(pv()).check(rule, &model("e1000"), &model("virtio"), &assumed);
    pc(hvm()).check(rule, &model("netfront"), &model("virtio"), &unknown);
    pc(hvm()).check(rule, &none, &model("rtl8139"), &[]);
    pc(hvm()).check(rule, &model("e1000"), &model("e1000"), &[]);
    pc(hvm())
        .profile(Profile::Virtio)
        .check(rule, &model("e1000"), &model("virtio"), &[]);
    let proof = GuestEvidence {
        virtio_net: Some(true),
        ..GuestEvidence::default()
    };
    pc(hvm())
        .guest(proof)
        .check(rule, &model("rtl8139"), &model("virtio"), &[]);
}

#[test]
fn networks_go_where_the_map_says() {
    let rule = &["interface-network"];
    let bridge = |name: &str| card(&[MAC, &format!("<source bridge='{name}'/>")]);
    let subject = "nic-network-unmapped interface 00:16:3e:2d:91:c3: the bridge";
    pv().check(
        rule,
        &bridge("br0"),
        &bridge("br0"),
        &[&format!("info {subject} \"br0\" has no mapping")],
    );
    pv().check(
        rule,
        &bridge("xenbr0"),
        &bridge("xenbr0"),
        &[&format!("warn {subject} \"xenbr0\" has no mapping")],
    );
    let to_bridge = pv().policy(|policy| policy.networks.add_bridge("xenbr0:br7").unwrap());
    assert_eq!(
        to_bridge
            .convert(&bridge("xenbr0"), rule)
            .document
            .to_string(),
        pv().domain(&bridge("br7"))
    );
    let to_network = pv().policy(|policy| {
        policy
            .networks
            .add_mac("00:16:3e:2d:91:c3:network:lan")
            .unwrap()
    });
    let network = bridge("x")
        .replace("type='bridge'", "type='network'")
        .replace("bridge='x'", "network='lan'");
    to_network.check(rule, &bridge("br0"), &network, &[]);
    let none =
        v2v_target::network::NetworkMap::parse("[[map]]\nfrom = \"br0\"\nto = \"none\"\n").unwrap();
    let down = pv()
        .policy(|policy| policy.networks = none)
        .convert(&bridge("br0"), rule)
        .document
        .to_string();
    let unplugged =
        card(&[MAC, "<link state='down'/>"]).replace("type='bridge'", "type='ethernet'");
    assert_eq!(down, pv().domain(&unplugged));
    let tagged = "[[map]]\nfrom = \"br0\"\nto = \"bridge:br0\"\nvlan = 42\n";
    let tagged = v2v_target::network::NetworkMap::parse(tagged).unwrap();
    let kvm = card(&[
        MAC,
        "<source bridge='br0'/>",
        "<vlan>\n        <tag id='42'/>\n      </vlan>",
        "<virtualport type='openvswitch'/>",
    ]);
    let finding =
        "warn nic-network-unmapped interface 00:16:3e:2d:91:c3: VLAN 42 on the bridge \"br0\"";
    pv().policy(|policy| policy.networks = tagged)
        .check(rule, &bridge("br0"), &kvm, &[finding]);
}

#[test]
fn xens_console_becomes_a_serial_port() {
    let rules = &["console-xen", "console-serial"];
    let fresh = "    <serial type='pty'>\n      <target type='isa-serial' port='0'/>\n    </serial>\n    <console type='pty'>\n      \
                 <target type='serial' port='0'/>\n    </console>\n";
    for target in ["type='xen' port='0'", "port='0'"] {
        let xen = format!("    <console type='pty'>\n      <target {target}/>\n    </console>\n");
        pv().check(rules, &xen, fresh, &[]);
    }
    let serial = "    <serial type='tcp'>\n      <source mode='connect' host='127.0.0.1' service='9999'/>\n      \
                  <protocol type='raw'/>\n      <target port='0'/>\n    </serial>\n    <console type='tcp'>\n      \
                  <target type='serial' port='0'/>\n    </console>\n";
    hvm().check(rules, serial, serial, &[]);
}

#[test]
fn ports_of_the_old_host_are_terminals() {
    let dev = "    <serial type='dev'>\n      <source path='/dev/ttyS2'/>\n      <target port='2'/>\n    </serial>\n";
    let pty = "    <serial type='pty'>\n      <target port='2'/>\n    </serial>\n";
    let rule = &["port-device"];
    hvm().check(
        rule,
        dev,
        pty,
        &["info serial-not-carried serial 2: it was the port \"/dev/ttyS2\""],
    );
    let five = "    <serial type='pty'/>\n".repeat(5);
    let four = "    <serial type='pty'/>\n".repeat(4);
    hvm().check(
        rule,
        &five,
        &four,
        &["warn serial-not-carried serial 4: QEMU's machines have 4 serial ports"],
    );
    let live = "    <serial type='pty' tty='/dev/pts/3'>\n      <source path='/dev/pts/3'/>\n    </serial>\n";
    hvm().check(
        &["port-terminal"],
        live,
        "    <serial type='pty'>\n    </serial>\n",
        &[],
    );
}

#[test]
fn the_agents_channel_is_a_virtio_port() {
    let xen = "    <channel type='pty'>\n      <source path='/dev/pts/4'/>\n      <target type='xen' name='org.qemu.guest_agent.0'/>\n    </channel>\n";
    let kvm = "    <channel type='unix'>\n      <target type='virtio' name='org.qemu.guest_agent.0'/>\n    </channel>\n";
    pv().check(&["channel-target"], xen, kvm, &[]);
}

#[test]
fn a_console_over_the_network_is_not_open() {
    let rules = &["graphics-password", "graphics-listen"];
    let vnc =
        |inside: &str| format!("    <graphics type='vnc' port='-1' autoport='yes'{inside}/>\n");
    let local = vnc(" listen='127.0.0.1'");
    pv().check(rules, &local, &local, &[]);
    pv().check(
        rules,
        &vnc(" listen='0.0.0.0'"),
        &local,
        &["warn vnc-open graphics vnc: "],
    );
    let dropped = "warn vnc-password-dropped graphics vnc: the password stood in the configuration in clear text";
    let secret = vnc(" listen='0.0.0.0' passwd='s3cret'");
    pv().check(rules, &secret, &local, &[dropped]);
    let conversion = pv().convert(&secret, rules);
    let two = pv().convert(&format!("{local}{secret}"), &["graphics-single"]);
    for conversion in [conversion, two] {
        let said = format!("{:?}", (&conversion.changes, &conversion.findings));
        assert!(!said.contains("s3cret"));
    }
    let keep = pv().policy(|policy| policy.keep.vnc_password = true);
    keep.check(
        rules,
        &secret,
        &vnc(" listen='127.0.0.1' passwd='s3cret'"),
        &["warn vnc-open graphics vnc: "],
    );
    let address = vnc(" listen='10.0.0.5'");
    pv().check(
        rules,
        &address,
        &address,
        &["warn vnc-open graphics vnc: it listens on 10.0.0.5"],
    );
}

#[test]
fn windows_and_second_servers_become_one_vnc() {
    let rules = &["graphics-type", "graphics-single"];
    let sdl = "    <graphics type='sdl' display=':0' xauth='/root/.Xauthority'/>\n";
    let vnc = "    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>\n";
    let told = "info setting-not-carried graphics sdl: a window";
    hvm().check(rules, sdl, vnc, &[told]);
    hvm().check(
        rules,
        &format!("{vnc}{sdl}"),
        vnc,
        &[
            told,
            "info setting-not-carried graphics vnc: a second server",
        ],
    );
    hvm().check(&["graphics-vnc"], "", "", &[]);
    pv().check(&["graphics-vnc"], "", vnc, &[]);
    let keymap = "    <graphics type='vnc' keymap='xx'/>\n";
    hvm().check(
        &["graphics-keymap"],
        keymap,
        "    <graphics type='vnc'/>\n",
        &["info setting-not-carried graphics vnc: QEMU has no keyboard layout \"xx\""],
    );
}

#[test]
fn the_card_is_vga_unless_asked_for_another() {
    let video = |model: &str| format!("    <video>\n      <model {model}/>\n    </video>\n");
    let rule = &["video-model"];
    let xen = video("type='xen' vram='4096' heads='1' primary='yes'");
    let cirrus = video("type='cirrus' vram='8192' heads='1' primary='yes'");
    let vga = video("type='vga' vram='16384' heads='1' primary='yes'");
    pv().check(rule, &xen, &vga, &[]);
    pv().check(rule, "", &vga, &[]);
    hvm().check(rule, &cirrus, &vga, &[]);
    let keep = hvm().policy(|policy| policy.xen.keep_video = true);
    keep.check(rule, &cirrus, &cirrus, &[]);
    keep.check(rule, &xen, &vga, &[]);
    let asked = hvm().policy(|policy| policy.video = Some(VideoModel::None));
    asked.check(rule, &cirrus, &video("type='none'"), &[]);
    hvm().check(
        rule,
        &format!("{cirrus}{cirrus}"),
        &vga,
        &["info setting-not-carried video cirrus: a second card"],
    );
}

#[test]
fn mouse_and_keyboard_are_on_ps2() {
    let input = |kind: &str, bus: &str| format!("    <input type='{kind}' bus='{bus}'/>\n");
    let xen = input("mouse", "xen") + &input("keyboard", "xen");
    let kvm = input("mouse", "ps2") + &input("keyboard", "ps2");
    pv().check(&["input-bus"], &xen, &kvm, &[]);
    let tablet = input("mouse", "ps2") + &input("tablet", "usb");
    hvm().check(&["usb-tablet"], &input("mouse", "ps2"), &tablet, &[]);
    let uhci = format!("{tablet}    <controller type='usb' index='0' model='piix3-uhci'/>\n");
    hvm()
        .machine(Machine::Pc)
        .check(&["usb-controller"], &tablet, &uhci, &[]);
}

#[test]
fn devices_of_the_old_host_stay_there_unless_mapped() {
    let pci = |driver: &str, bus: &str| {
        format!(
            "    <hostdev mode='subsystem' type='pci' managed='yes'>\n{driver}      <source>\n        <address domain='0x0000' \
             bus='{bus}' slot='0x00' function='0x0'/>\n      </source>\n    </hostdev>\n"
        )
    };
    let disk = disk("/a", "<target dev='xvda'/>");
    let rule = &["hostdev-pci"];
    let xen = disk.clone() + &pci("      <driver name='xen'/>\n", "0x0a");
    let lost = "warn passthrough-not-carried hostdev pci: the PCI device 0000:0a:00.0 belongs to the old host";
    pv().check(rule, &xen, &disk, &[lost]);
    pv().check(
        rule,
        &pci("", "0x0a"),
        "",
        &["blocker passthrough-not-carried hostdev pci: "],
    );
    let mapped = pv().policy(|policy| {
        policy
            .passthrough
            .push(("0a:00.0".to_owned(), "0000:3b:00.0".parse().unwrap()));
    });
    mapped.check(
        rule,
        &xen,
        &(disk + &pci("      <driver name='vfio'/>\n", "0x3b")),
        &[],
    );
    let usb = "    <hostdev mode='subsystem' type='usb' managed='no'>\n      <source>\n        <address bus='1' device='3'/>\n      </source>\n    </hostdev>\n";
    pv().check(
        &["hostdev-usb"],
        usb,
        "",
        &["info usb-device-not-carried hostdev usb: the USB device at bus 1, device 3"],
    );
    let card = "    <interface type='hostdev' managed='yes'>\n      <source>\n        <address type='pci' domain='0x0000' bus='0x0a' slot='0x10' function='0x0'/>\n      </source>\n    </interface>\n";
    pv().check(
        &["hostdev-interface"],
        card,
        "",
        &["blocker passthrough-not-carried interface: the PCI device 0000:0a:10.0"],
    );
}

#[test]
fn controllers_and_addresses_of_xen_are_gone() {
    let xen = "    <controller type='xenbus' index='0' maxGrantFrames='64'/>\n    <controller type='ide' index='0'/>\n    \
               <controller type='usb' index='0' model='qusb2' ports='99'/>\n";
    let kvm = "    <controller type='usb' index='0' model='qemu-xhci' ports='15'/>\n";
    let rules = &["controller-xenbus", "controller-ide", "controller-usb"];
    hvm().machine(Machine::Q35).check(
        rules,
        xen,
        kvm,
        &["info setting-not-carried controller xenbus: maxGrantFrames is 64"],
    );
    let placed = "    <sound model='sb16'>\n      <alias name='sound0'/>\n      <address type='pci' slot='0x05'/>\n    </sound>\n";
    hvm().check(
        &["device-address", "device-alias"],
        placed,
        "    <sound model='sb16'>\n    </sound>\n",
        &[],
    );
}

#[test]
fn emulator_balloon_and_small_devices() {
    let emulator = "    <emulator>/usr/lib/xen/bin/qemu-dm</emulator>\n";
    pv().check(&["emulator"], emulator, "", &[]);
    let asked = pv().policy(|policy| policy.emulator = Some("/usr/bin/qemu-kvm".to_owned()));
    asked.check(
        &["emulator"],
        emulator,
        "    <emulator>/usr/bin/qemu-kvm</emulator>\n",
        &[],
    );
    let balloon = |model: &str| format!("    <memballoon model='{model}'/>\n");
    pv().check(
        &["memballoon-model"],
        &balloon("xen"),
        &balloon("virtio-transitional"),
        &[],
    );
    hvm()
        .machine(Machine::Pc)
        .check(&["memballoon"], "", &balloon("virtio"), &[]);
    let rng = "    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n    </rng>\n";
    pv().machine(Machine::Pc).check(&["rng"], "", rng, &[]);
    hvm().check(&["rng"], "", "", &[]);
    let sound = |model: &str| format!("    <sound model='{model}'/>\n");
    hvm()
        .machine(Machine::Pc)
        .check(&["sound-model"], &sound("hda"), &sound("ich6"), &[]);
    hvm().check(&["sound-model"], &sound("sb16"), &sound("sb16"), &[]);
}

/// A guest with one of each device that its kind has.
fn full(case: &Case) -> String {
    let (bus, dev) = if case.is_hvm {
        ("ide", "hd")
    } else {
        ("xen", "xvd")
    };
    let mut text = String::from("    <emulator>/usr/lib/xen/bin/qemu-dm</emulator>\n");
    text += &disk(
        "/var/lib/xen/images/a.img",
        &format!("<target dev='{dev}a' bus='{bus}'/>"),
    );
    text += "    <disk type='block' device='disk'>\n      <driver name='phy'/>\n      <source dev='/dev/vg/b'/>\n";
    text += &format!("      <target dev='{dev}b' bus='{bus}'/>\n    </disk>\n");
    text += "    <disk type='file' device='cdrom'>\n      <driver name='tap' type='aio'/>\n      <source file='/root/boot.iso'/>\n";
    text += &format!("      <target dev='{dev}c' bus='{bus}'/>\n      <readonly/>\n    </disk>\n");
    text += "    <controller type='xenbus' index='0'/>\n    <controller type='ide' index='0'/>\n";
    text += "    <interface type='bridge'>\n      <mac address='00:16:3e:66:92:9c'/>\n      <source bridge='xenbr1'/>\n      \
             <bandwidth>\n        <outbound average='10240'/>\n      </bandwidth>\n      <script path='vif-bridge'/>\n      \
             <target dev='vif3.0'/>\n    </interface>\n";
    text += "    <channel type='pty'>\n      <target type='xen' name='org.qemu.guest_agent.0'/>\n    </channel>\n";
    if case.is_hvm {
        text += "    <serial type='pty'>\n      <target port='0'/>\n    </serial>\n    <console type='pty'>\n      \
                 <target type='serial' port='0'/>\n    </console>\n    <input type='tablet' bus='usb'/>\n    \
                 <input type='mouse' bus='ps2'/>\n    <sound model='es1370'/>\n";
        text += "    <graphics type='vnc' port='-1' autoport='yes' listen='0.0.0.0' passwd='123poi'>\n      \
                 <listen type='address' address='0.0.0.0'/>\n    </graphics>\n    <video>\n      \
                 <model type='cirrus' vram='8192' heads='1' primary='yes'/>\n    </video>\n";
    } else {
        text += "    <console type='pty'>\n      <target type='xen' port='0'/>\n    </console>\n    \
                 <input type='mouse' bus='xen'/>\n    <input type='keyboard' bus='xen'/>\n";
    }
    text + "    <memballoon model='xen'/>\n"
}

/// Each kind of guest on each machine with each profile.
fn matrix() -> Vec<(String, String)> {
    let mut results = Vec::new();
    for (kind, case) in [("PV", pv()), ("HVM", hvm())] {
        for machine in [Machine::Q35, Machine::Pc] {
            for profile in Profile::ALL {
                let case = case.clone().machine(machine).profile(*profile);
                let xml = case.convert(&full(&case), &[]).document.to_string();
                results.push((format!("{kind} {machine} {profile}"), xml));
            }
        }
    }
    results
}

#[test]
fn libvirt_takes_every_guest_on_every_machine() {
    if !libvirt::wanted() {
        return;
    }
    let matrix = matrix();
    assert_eq!(matrix.len(), 16);
    libvirt::validate_all(&matrix);
    for (name, xml) in &matrix {
        if let Err(error) = libvirt::try_define(xml).and_then(|_| libvirt::try_qemu_define(xml)) {
            panic!("{name}: {error}\n{xml}");
        }
    }
}

#[test]
fn qemu_starts_with_the_devices() {
    if !libvirt::wanted() {
        return;
    }
    for (name, xml) in matrix() {
        if name.ends_with("source") {
            continue;
        }
        match libvirt::try_start_paused(&xml) {
            Ok(argv) => assert!(argv.contains("00:16:3e:66:92:9c"), "{name}: {argv}"),
            Err(error) => panic!("{name}: {error}\n{xml}"),
        }
    }
}

#[test]
fn many_disks_are_no_problem_for_qemu() {
    if !libvirt::wanted() {
        return;
    }
    let case = pv().machine(Machine::Q35);
    let xen: String = (0..30)
        .map(|at| disk(&format!("/images/{at}"), "<target bus='xen'/>"))
        .collect();
    let xml = case.convert(&xen, &[]).document.to_string();
    libvirt::validate(&xml);
    libvirt::qemu_define(&xml);
    assert!(libvirt::start_paused(&xml).contains("virtio-scsi-pci-transitional"));
}

#[test]
fn mapped_networks_and_devices_are_taken_by_libvirt() {
    if !libvirt::wanted() {
        return;
    }
    let map = "[[map]]\nfrom = \"br0\"\nto = \"none\"\n[[map]]\nfrom = \"br1\"\nto = \"bridge:br7\"\nvlan = 7\n\
               [[map]]\nfrom = \"br2\"\nto = \"network:lan\"\nmodel = \"e1000e\"\n";
    let case = hvm().machine(Machine::Q35).policy(|policy| {
        policy.networks = v2v_target::network::NetworkMap::parse(map).unwrap();
        policy
            .passthrough
            .push(("0a:00.0".to_owned(), "0000:3b:00.0".parse().unwrap()));
        policy.disk_bus.add("sda=scsi").unwrap();
        policy.tuning.iotune.set("total_iops_sec", 500).unwrap();
        policy.keep.vnc_password = true;
    });
    let xen = [
        "<disk type='file' device='disk'><source file='/a'/><target dev='sda'/></disk>",
        "<disk type='file' device='disk'><source file='/b'/><target dev='xvdb'/><readonly/></disk>",
        "<disk type='network' device='disk'><source protocol='rbd' name='p/i'><host name='m'/></source><target dev='hda'/></disk>",
        "<disk type='block' device='cdrom'><target dev='xvdc' bus='xen'/></disk>",
        "<disk type='file' device='floppy'><source file='/f'/><target dev='fda'/></disk>",
        "<interface type='bridge'><source bridge='br0'/></interface>",
        "<interface type='bridge'><source bridge='br1'/><script path='/etc/xen/scripts/vif-openvswitch'/></interface>",
        "<interface type='bridge'><source bridge='br2'/><vlan><tag id='3'/></vlan></interface>",
        "<interface type='bridge'/>",
        "<interface type='ethernet'><script path='vif-route'/><ip address='10.0.0.7'/></interface>",
        "<hostdev mode='subsystem' type='pci'><source writeFiltering='no'><address bus='0x0a' slot='0' function='0'/></source></hostdev>",
        "<graphics type='spice' port='590' tlsPort='500' autoport='no' listen='0.0.0.0' passwd='thebeast'/>",
        "<graphics type='vnc' passwd='more than eight' keymap='xx'/>",
        "<video><model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='4'><acceleration accel3d='yes'/></model></video>",
        "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
        "<filesystem type='mount'><source dir='/srv'/><target dir='share'/></filesystem>",
        "<parallel type='dev'><source path='/dev/parport0'/><target port='0'/></parallel>",
        "<serial type='dev'><source path='/dev/ttyS1'/></serial>",
        "<channel type='pty'><target type='xen' name='org.example.log'/></channel>",
        "<input type='tablet' bus='xen'/>",
        "<sound model='hda'/>",
    ];
    let lines: String = xen.iter().map(|line| format!("    {line}\n")).collect();
    for machine in [Machine::Q35, Machine::Pc] {
        let case = case.clone().machine(machine);
        let xml = case.convert(&lines, &[]).document.to_string();
        libvirt::validate(&xml);
        libvirt::qemu_define(&xml);
    }
}

#[test]
fn odd_devices_neither_stop_a_rule_nor_change_twice() {
    let names = [
        "emulator",
        "disk",
        "controller",
        "interface",
        "console",
        "serial",
        "parallel",
        "channel",
        "graphics",
        "video",
        "input",
        "hostdev",
        "sound",
        "tpm",
        "filesystem",
        "memballoon",
        "rng",
        "redirdev",
        "watchdog",
        "unknown",
    ];
    let mut odd = String::from("    text\n");
    for name in names {
        odd += &format!(
            "    <{name}/>\n    <{name} type='?' bus='?' model='' device='?'>\n      <target/><target dev='\u{e9}\u{e9}'/>\n"
        );
        odd += "      <source/><mac/><model/><driver/><listen type='address'/>\n";
        odd += &format!(
            "      <address/><alias/><script/><vlan/><ip/><backend/><shareable/><{name}/>\n    </{name}>\n"
        );
    }
    for case in [
        pv(),
        hvm(),
        pv().machine(Machine::Pc),
        hvm().machine(Machine::Pc),
    ] {
        for rule in v2v_xen::rules().filter(|rule| rule.xpath.starts_with("/domain/devices")) {
            let once = case.convert(&odd, &[rule.id]).document.to_string();
            let mut choice = RuleChoice::default();
            choice.only = vec![rule.id.to_owned()];
            let document = Document::parse(&once, &Default::default()).unwrap();
            let twice = convert(document, &case.policy, &case.evidence, &choice).unwrap();
            assert_eq!(twice.document.to_string(), once, "{}", rule.id);
        }
        let all = case.convert(&odd, &[]).document.to_string();
        assert!(all.contains("<unknown/>") && all.contains("    text\n"));
    }
}
