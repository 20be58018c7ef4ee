//! The rules of the migration guide alone, and the guide's sample with all rules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::path::PathBuf;

use v2v_target::Policy;
use v2v_testkit::libvirt;
use v2v_xen::{Conversion, Evidence, ImageEvidence, RuleChoice, convert, guide_rules};
use v2v_xml::{Document, ParseOptions};

fn convert_with(xen: &str, is_guide: bool, evidence: &Evidence) -> Conversion {
    let mut choice = RuleChoice::default();
    choice.guide = is_guide;
    let document = Document::parse(xen, &ParseOptions::default()).unwrap();
    convert(document, &Policy::default(), evidence, &choice).unwrap()
}

fn guide(xen: &str) -> String {
    let conversion = convert_with(xen, true, &Evidence::default());
    assert_eq!(conversion.findings, [], "the guide's rules say nothing");
    conversion.document.to_string()
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/xen", name]
        .iter()
        .collect()
}

fn testdata(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_sample_with_the_rules_of_the_guide() {
    let kvm = guide(&testdata("guide-sample.xml"));
    assert_eq!(kvm, testdata("guide-sample.guide.xml"));
    if libvirt::wanted() {
        libvirt::validate(&kvm);
        libvirt::define(&kvm);
        libvirt::qemu_define(&kvm);
    }
}

/// Where the guide's printed result is not what its rules make of its sample: the guide's line, and ours.
const CONTRADICTIONS: &[(&str, &str)] = &[
    // No rule adds a set of processors, and the host's are not known.
    ("<vcpu cpuset='0-3'>1</vcpu>", "<vcpu>1</vcpu>"),
    // The rule says ps2.
    (
        "<input type='mouse' bus='usb'/>",
        "<input type='mouse' bus='ps2'/>",
    ),
    // No rule changes the port, the number means nothing with autoport, and nobody asked for another keyboard.
    (
        "<graphics type='vnc' port='5900' autoport='yes'/>",
        "<graphics type='vnc' port='-1' autoport='yes' keymap='en-us'/>",
    ),
];

#[test]
fn the_sample_as_the_guide_prints_it() {
    let ours = testdata("guide-sample.guide.xml");
    let mut printed = ours.clone();
    for (guide, our) in CONTRADICTIONS {
        assert_eq!(ours.matches(our).count(), 1, "{our}");
        assert!(!ours.contains(guide), "{guide}");
        printed = printed.replace(our, guide);
    }
    // Both are domains; they differ in nothing else.
    let differing = ours
        .lines()
        .zip(printed.lines())
        .filter(|(our, guide)| our != guide)
        .count();
    assert_eq!(differing, CONTRADICTIONS.len());
    // The rule says that an interface has no model if it had none, and the sample agrees.
    assert!(!ours.contains("<model"), "{ours}");
    if libvirt::wanted() {
        libvirt::validate(&printed);
    }
}

#[test]
fn the_sample_with_all_rules() {
    let xen = testdata("guide-sample.xml");
    let conversion = convert_with(&xen, false, &Evidence::default());
    let kvm = conversion.document.to_string();
    if std::env::var_os("V2V_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(path("guide-sample.kvm.xml"), &kvm).unwrap();
    }
    assert_eq!(kvm, testdata("guide-sample.kvm.xml"));
    if libvirt::wanted() {
        libvirt::validate(&kvm);
        libvirt::define(&kvm);
        libvirt::start_paused(&kvm);
    }
}

/// A guest of `kind` with these devices, before and after the guide's rules.
#[track_caller]
fn check(kind: &str, devices: &str, after: &str) {
    let domain = |domain: &str, kind: &str, devices: &str| {
        format!(
            "<domain type='{domain}'><os><type arch='x86_64'>{kind}</type><boot dev='hd'/></os><devices>{devices}<memballoon \
             model='virtio'/></devices></domain>"
        )
    };
    assert_eq!(
        guide(&domain("xen", kind, devices)),
        domain("kvm", "hvm", after)
    );
}

#[test]
fn disks_of_paravirtual_guests_only() {
    let disk = |name: &str, format: &str, target: &str| {
        format!("<disk><driver name='{name}'{format}/><source file='/a'/><target {target}/></disk>")
    };
    for (xen, kvm) in [
        (
            disk("file", "", "dev='xvdb' bus='xen'"),
            disk("qemu", " type='raw'", "dev='vdb' bus='virtio'"),
        ),
        (
            disk("file", " type='qcow2'", "dev='xvdaa'"),
            disk("qemu", " type='qcow2'", "dev='vdaa'"),
        ),
        (
            disk("phy", " type='raw'", "dev='sda' bus='scsi'"),
            disk("phy", " type='raw'", "dev='sda' bus='scsi'"),
        ),
        // A partition as a disk: libvirt takes no vda1, and the guide knows no such thing.
        (
            disk("file", "", "dev='xvda1' bus='xen'"),
            disk("qemu", " type='raw'", "dev='xvda1' bus='virtio'"),
        ),
    ] {
        check("linux", &xen, &kvm);
        check("hvm", &xen, &xen);
    }
    let hda = disk("file", "", "dev='hda' bus='ide'");
    check("hvm", &hda, &hda);
}

#[test]
fn the_format_of_an_image_that_was_looked_at() {
    let xen = "<domain type='xen'><os><type>linux</type></os><devices><disk><driver name='file'/><source file='/a'/>\
               </disk></devices></domain>";
    let mut evidence = Evidence::default();
    evidence
        .images
        .insert("/a".to_owned(), ImageEvidence::Format("qcow2"));
    let kvm = convert_with(xen, true, &evidence).document.to_string();
    assert!(kvm.contains("<driver name='qemu' type='qcow2'/>"), "{kvm}");
}

#[test]
fn interfaces() {
    let interface =
        |inner: &str| format!("<interface type='bridge'><source bridge='br0'/>{inner}</interface>");
    for (xen, kvm) in [
        ("", ""),
        ("<model type='netfront'/>", "<model type='virtio'/>"),
        ("<model type='e1000'/>", "<model type='virtio'/>"),
        ("<script path='vif-route'/>", ""),
        ("<target dev='vif1.0'/>", ""),
        ("<target dev='vnet3'/>", ""),
        ("<target dev='veth0'/>", ""),
        ("<target dev='lan0'/>", "<target dev='lan0'/>"),
    ] {
        for kind in ["linux", "hvm"] {
            check(kind, &interface(xen), &interface(kvm));
        }
    }
}

#[test]
fn other_devices() {
    for (xen, kvm) in [
        (
            "<emulator>/usr/lib/xen/bin/qemu-dm</emulator>",
            "<emulator>/usr/bin/qemu-kvm</emulator>",
        ),
        (
            "<console type='pty'/><serial type='pty'/><serial type='tcp'/>",
            "",
        ),
        (
            "<input type='keyboard' bus='xen'/><input type='tablet' bus='usb'/>",
            "<input type='keyboard' bus='ps2'/><input type='tablet' bus='usb'/>",
        ),
    ] {
        check("linux", xen, kvm);
    }
    let balloon = "<domain type='xen'><devices><memballoon model='xen'/></devices></domain>";
    assert_eq!(
        guide(balloon),
        "<domain type='kvm'><devices><memballoon model='virtio'/></devices></domain>"
    );
}

#[test]
fn what_the_guide_does_not_name_stays() {
    let xen = "<domain type='xen' id='3'><vcpu cpuset='0-1'>2</vcpu><os><type machine='xenpv'>linux</type><kernel>/k</kernel></os>\
               <clock offset='utc' adjustment='reset'/><on_poweroff>preserve</on_poweroff><devices><video><model type='xen'/>\
               </video><controller type='xenbus'/></devices></domain>";
    let kvm = "<domain type='kvm' id='3'><vcpu cpuset='0-1'>2</vcpu><os><type machine='xenpv' arch='x86_64'>hvm</type><kernel>/k</kernel>\
               <boot dev='hd'/></os><clock offset='utc' adjustment='reset'/><on_poweroff>preserve</on_poweroff><devices><video>\
               <model type='xen'/></video><controller type='xenbus'/><memballoon model='virtio'/></devices></domain>";
    assert_eq!(guide(xen), kvm);
    let narrow = "<domain type='xen'><os><type arch='i686'>linux</type></os></domain>";
    assert!(guide(narrow).contains("<type arch='i686'>hvm</type><boot dev='hd'/>"));
}

#[test]
fn no_other_rules_than_the_guides() {
    // Sections 1.1 and 1.2 of the rules have 12 and 4 rows; script and target of an interface, console and serial are
    // rules of their own.
    let names: Vec<&str> = guide_rules().map(|rule| rule.id).collect();
    assert_eq!(names.len(), 17, "{names:?}");
    assert!(
        names.iter().all(|name| name.starts_with("guide-")),
        "{names:?}"
    );
}
