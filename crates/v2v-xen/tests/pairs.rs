//! libvirt's own pairs of a configuration and the domain it makes of it: both ways lead to the same domain, for Xen and
//! for KVM.
//!
//! Domains are compared by their elements: a device counts with all that is in it, in any order, but disks and network
//! cards have their place. Addresses don't count, which belong to Xen's machine. What differs all the same is in a
//! table, with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use v2v_domain::Domain;
use v2v_target::Policy;
use v2v_testkit::corpus;
use v2v_xen::{Evidence, RuleChoice, convert, from_xl};
use v2v_xl::Config;
use v2v_xml::{Document, NodeId};

/// What differs in some pairs, and why that is right.
struct Exception {
    pairs: &'static [&'static str],
    /// `- ` for what the domain has, `+ ` for what the configuration gives instead.
    lines: &'static [&'static str],
    why: &'static str,
}

const XEN: &[Exception] = &[
    Exception {
        pairs: UNPLUGGED,
        lines: &[
            "- interface 1 type=ethernet (mac address=5a:36:0e:be:00:09)",
            "+ interface 1 type=bridge (mac address=5a:36:0e:be:00:09; source bridge=xenbr0)",
        ],
        why: BRIDGE,
    },
    Exception {
        pairs: &["sexpr2xml-pv-bootloader"],
        lines: &[
            "- clock offset=utc",
            "- disk 1 device=disk type=file (driver name=file; source file=/root/some.img; target bus=xen dev=xvda)",
            "- domain id=6 type=xen",
            "- os (type \"linux\")",
            "+ clock adjustment=reset offset=utc",
            "+ controller index=0 type=xenbus",
            "+ disk 1 device=disk type=file (driver name=file type=raw; source file=/root/some.img; target bus=xen \
             dev=xvda)",
            "+ domain type=xen",
            "+ input bus=xen type=keyboard",
            "+ input bus=xen type=mouse",
            "+ memballoon model=xen",
            "+ os (type arch=x86_64 machine=xenpv \"linux\")",
        ],
        why: "the domain is not from libvirt's reader of configurations but from xend's memory of a running guest",
    },
    Exception {
        pairs: &["test-fullvirt-vnuma-nodistances"],
        lines: &[
            "- cpu (numa (cell cpus=0-1 id=0 memory=2097152 unit=KiB; cell cpus=2-3 id=1 memory=2097152 unit=KiB; \
             cell cpus=4-5 id=2 memory=2097152 unit=KiB; cell cpus=6-7 id=3 memory=2097152 unit=KiB))",
            "- os (boot dev=cdrom; loader type=rom \"/usr/lib/xen/boot/hvmloader\"; type arch=x86_64 machine=xenfv \
             \"hvm\")",
            "+ controller index=0 type=xenbus",
            "+ cpu (numa (\
             cell cpus=0-1 id=0 memory=2097152 unit=KiB (distances (sibling id=0 value=10; sibling id=1 value=20; \
             sibling id=2 value=20; sibling id=3 value=20)); \
             cell cpus=2-3 id=1 memory=2097152 unit=KiB (distances (sibling id=0 value=20; sibling id=1 value=10; \
             sibling id=2 value=20; sibling id=3 value=20)); \
             cell cpus=4-5 id=2 memory=2097152 unit=KiB (distances (sibling id=0 value=20; sibling id=1 value=20; \
             sibling id=2 value=10; sibling id=3 value=20)); \
             cell cpus=6-7 id=3 memory=2097152 unit=KiB (distances (sibling id=0 value=20; sibling id=1 value=20; \
             sibling id=2 value=20; sibling id=3 value=10))))",
            "+ memballoon model=xen",
            "+ os (boot dev=cdrom; loader format=raw type=rom \"/usr/lib/xen/boot/hvmloader\"; type arch=x86_64 \
             machine=xenfv \"hvm\")",
        ],
        why: "a domain as a person writes it, from which libvirt made the configuration: defaults are left out",
    },
];

const KVM: &[Exception] = &[
    Exception {
        pairs: UNPLUGGED,
        lines: &[
            "- interface 1 type=ethernet (mac address=5a:36:0e:be:00:09; model type=virtio-transitional)",
            "+ interface 1 type=bridge (mac address=5a:36:0e:be:00:09; model type=virtio-transitional; source \
             bridge=xenbr0)",
        ],
        why: BRIDGE,
    },
    Exception {
        pairs: &["sexpr2xml-pv-bootloader"],
        lines: &[
            "+ input bus=ps2 type=keyboard",
            "+ input bus=ps2 type=mouse",
        ],
        why: "xend's domain has no mouse and no keyboard, which libvirt adds to every PC when it is defined",
    },
];

/// Their cards have nothing but an address.
const UNPLUGGED: &[&str] = &[
    "test-channel-pty",
    "test-max-eventchannels",
    "test-paravirt-e820_host",
    "test-paravirt-maxvcpus",
    "test-usb",
];

const BRIDGE: &str = "xl plugs a card without a bridge into the one of xl.conf; libvirt's reader leaves it unplugged";

/// `NAME.cfg` and `NAME.xml` side by side.
fn pairs() -> Vec<(String, PathBuf)> {
    let mut out = Vec::new();
    for folder in ["xen/xl", "xen/xm"] {
        for entry in std::fs::read_dir(corpus::file(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "cfg") {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                out.push((name, path));
            }
        }
    }
    out.sort();
    assert_eq!(
        out.len(),
        49,
        "the corpus has other pairs than these tests know"
    );
    out
}

fn from_cfg(path: &Path) -> Document {
    let bytes = std::fs::read(path).unwrap();
    let config = Config::parse(&bytes, &Default::default())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    from_xl(&config).document
}

fn from_xml(path: &Path) -> Document {
    let bytes = std::fs::read(path.with_extension("xml")).unwrap();
    Document::parse(bytes, &Default::default())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The domain's elements and its devices, one line for each, in order of their text.
fn lines(document: &Document) -> Vec<String> {
    let root = document.root();
    let mut lines = vec![line(document, root, "", false)];
    for child in document.elements(root) {
        match document.name(child) {
            "devices" => lines.extend(devices(document, child)),
            _ => lines.push(line(document, child, "", true)),
        }
    }
    lines.sort();
    lines
}

/// Disks and network cards count in their order, all else in any.
fn devices(document: &Document, devices: NodeId) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let devices = document.elements(devices);
    devices
        .map(|id| match document.name(id) {
            name @ ("disk" | "interface") => {
                let count = counts.entry(name).or_default();
                *count += 1;
                line(document, id, &format!(" {count}"), true)
            }
            _ => line(document, id, "", true),
        })
        .collect()
}

/// An element as one line: attributes in order of their names, children in order of their text.
fn line(document: &Document, id: NodeId, place: &str, with_children: bool) -> String {
    let mut attributes: Vec<String> = document
        .attributes(id)
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    attributes.sort();
    let mut out = format!("{}{place}{}", document.name(id), attributes.concat());
    let text = document.text_trimmed(id);
    if document.elements(id).next().is_none() && !text.is_empty() {
        out.push_str(&format!(" {text:?}"));
    }
    let children = document
        .elements(id)
        .filter(|child| document.name(*child) != "address" || document.name(id) == "source");
    let mut children: Vec<String> = children
        .map(|child| line(document, child, "", true))
        .collect();
    children.sort();
    if with_children && !children.is_empty() {
        out.push_str(&format!(" ({})", children.join("; ")));
    }
    out
}

/// `- ` for what only the domain has, `+ ` for what only the configuration gives.
fn differences(xml: &Document, cfg: &Document) -> Vec<String> {
    let (mut ours, mut out) = (lines(cfg), Vec::new());
    for line in lines(xml) {
        match ours.iter().position(|ours| *ours == line) {
            Some(at) => drop(ours.remove(at)),
            None => out.push(format!("- {line}")),
        }
    }
    out.extend(ours.iter().map(|line| format!("+ {line}")));
    out
}

/// All pairs lead to the same through `domain`, but for what the table says; a line of the table that is no longer true
/// fails as well.
fn check(table: &[Exception], domain: impl Fn(Document) -> Document) {
    let mut wrong = Vec::new();
    for (name, path) in pairs() {
        let (xml, cfg) = (domain(from_xml(&path)), domain(from_cfg(&path)));
        let exception = table
            .iter()
            .find(|exception| exception.pairs.contains(&name.as_str()));
        let expected = exception.map_or(&[][..], |exception| exception.lines);
        let found = differences(&xml, &cfg);
        if found != expected {
            let why = exception.map_or("", |exception| exception.why);
            wrong.push(format!("{name}: {found:#?}\nexpected: {expected:#?} {why}"));
        } else if expected.is_empty() {
            assert_eq!(model(&xml), model(&cfg), "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the typed model makes of it, where addresses don't count either.
fn model(document: &Document) -> String {
    let mut document = document.clone();
    for address in document.find_all(document.root(), "devices/*/address") {
        document.remove(address).unwrap();
    }
    let domain = Domain::parse(document.to_string()).unwrap();
    domain.to_xml().unwrap()
}

#[test]
fn a_configuration_becomes_the_domain_that_libvirt_makes_of_it() {
    if corpus::wanted() {
        check(XEN, |document| document);
    }
}

#[test]
fn a_configuration_becomes_the_kvm_domain_that_its_xen_domain_becomes() {
    if corpus::wanted() {
        check(KVM, kvm);
    }
}

fn kvm(document: Document) -> Document {
    let (policy, evidence) = (Policy::default(), Evidence::default());
    let conversion = convert(document, &policy, &evidence, &RuleChoice::default()).unwrap();
    conversion.document
}
