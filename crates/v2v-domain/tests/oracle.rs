//! What libvirt's schema says of the domains in `testdata/domain`, as written by hand and as written by this crate.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::Command;

use v2v_domain::Domain;
use v2v_testkit::{libvirt, temp};

fn check_valid(path: &Path) {
    let mut command = Command::new("virt-xml-validate");
    let output = command.arg(path).arg("domain").output();
    let output = output.unwrap_or_else(|err| {
        panic!("virt-xml-validate does not start ({err}); install libvirt-clients")
    });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", path.display());
}

#[test]
fn testdata_is_valid_before_and_after() {
    if !libvirt::wanted() {
        return;
    }
    let dir = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/domain"
    ));
    let ours = temp::dir();
    for name in ["everything.xml", "sources.xml", "xen-pv.xml"] {
        let by_hand = dir.join(name);
        check_valid(&by_hand);
        let text = std::fs::read(&by_hand).expect("a file");
        let domain = Domain::parse(text).unwrap_or_else(|err| panic!("{name}: {err}"));
        let rewritten = ours.path().join(name);
        std::fs::write(&rewritten, domain.to_xml().expect("XML")).expect("a file");
        check_valid(&rewritten);
    }
}
