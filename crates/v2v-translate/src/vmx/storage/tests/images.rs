//! Paths and formats of the target's images.

use super::*;
use crate::network::NetworkMap;
use crate::policy::{DiskFormat, DiskPlace};

/// Disks with these files, on SATA.
fn disks(files: &[&str]) -> Case {
    let lines: String = files
        .iter()
        .enumerate()
        .map(|(unit, file)| {
            format!("sata0:{unit}.present = 'TRUE'\nsata0:{unit}.fileName = '{file}'\n")
        })
        .collect();
    case("rhel9-64", &lines).profile(Profile::Source)
}

fn paths(case: &Case) -> Vec<String> {
    let translation = case.translate();
    let disks = translation.domain.devices.unwrap().disks;
    let written: Vec<_> = disks
        .iter()
        .map(|disk| disk.source.path().unwrap().to_owned())
        .collect();
    let linked: Vec<_> = translation
        .disks
        .iter()
        .map(|link| link.path.clone())
        .collect();
    assert_eq!(written, linked);
    let formats = disks
        .iter()
        .map(|disk| disk.driver.as_ref().unwrap().format.clone().unwrap());
    written
        .into_iter()
        .zip(formats)
        .map(|(path, format)| format!("{path} {format}"))
        .collect()
}

#[test]
fn in_one_directory_under_their_own_names() {
    let files = [
        "web01-000002.vmdk",
        "/vmfs/volumes/5f-1/db/db.v2.vmdk",
        "C:\\VMs\\x.vmdk",
        "[ds] a/b.vmdk",
    ];
    let case = disks(&files)
        .policy(|policy| policy.disks.place = DiskPlace::Directory("/srv/images/".to_owned()));
    assert_eq!(
        paths(&case),
        [
            "/srv/images/web01-000002.qcow2 qcow2",
            "/srv/images/db.v2.qcow2 qcow2",
            "/srv/images/x.qcow2 qcow2",
            "/srv/images/b.qcow2 qcow2"
        ]
    );
    let raw = disks(&["a.vmdk"]).policy(|policy| policy.disks.format = DiskFormat::Raw);
    assert_eq!(paths(&raw), ["/var/lib/libvirt/images/a.raw raw"]);
    assert_eq!(
        raw.translate().disks.first().unwrap().format,
        DiskFormat::Raw
    );
    // The image is named after the file that is converted.
    let found = FileEvidence::Disk(found("Web01.VMDK"));
    assert_eq!(
        paths(&disks(&["web01.vmdk"]).sees("web01.vmdk", found)),
        ["/var/lib/libvirt/images/Web01.qcow2 qcow2"]
    );
}

#[test]
fn under_the_name_of_the_vm() {
    let mut files = vec!["a.vmdk"; 27];
    files.push("b.vmdk");
    let case = disks(&files).policy(|policy| {
        policy.disks.place = DiskPlace::Named("/srv".to_owned());
        policy.name = Some("-web/01".to_owned());
    });
    let paths = paths(&case);
    assert_eq!(paths.first().unwrap(), "/srv/_-web_01-sda qcow2");
    assert_eq!(paths.last().unwrap(), "/srv/_-web_01-sdab qcow2");
}

#[test]
fn where_the_source_has_them() {
    let files = [
        "web01.vmdk",
        "disks\\a.vmdk",
        "/vmfs/volumes/5f-1/db.vmdk",
        "C:\\VMs\\x.vmdk",
        "[ds] a/b.vmdk",
        "seen.vmdk",
    ];
    let case = disks(&files).sees_disk("seen.vmdk").policy(|policy| {
        policy.disks.place = DiskPlace::Source;
        policy.disks.source_dir = Some("/exports/web01".to_owned());
    });
    assert_eq!(
        paths(&case),
        [
            "/exports/web01/web01.vmdk vmdk",
            "/exports/web01/disks/a.vmdk vmdk",
            "/vmfs/volumes/5f-1/db.vmdk vmdk",
            "/exports/web01/x.vmdk vmdk",
            "/vmfs/volumes/ds/a/b.vmdk vmdk",
            "/vm/seen.vmdk vmdk"
        ]
    );
    case.becomes_valid();
}

#[test]
fn where_a_map_says() {
    let files = [
        "/vmfs/volumes/ds1/web/web.vmdk",
        "whole.vmdk",
        "lun.vmdk",
        "[ds2] a/b.vmdk",
        "plain.vmdk",
    ];
    let mapped = disks(&files).policy(|policy| {
        for rule in [
            "/vmfs/volumes/ds1=/srv/vm",
            "whole.vmdk=/srv/whole.raw",
            "lun.vmdk=/dev/vg0/lun",
        ] {
            policy.disks.map.push(rule.parse().unwrap());
        }
        let map = "[[datastore]]\nfrom = \"ds2\"\nto = \"/srv/ds2\"\n";
        policy.networks = NetworkMap::parse(map).unwrap();
    });
    assert_eq!(
        paths(&mapped),
        [
            "/srv/vm/web/web.qcow2 qcow2",
            "/srv/whole.raw raw",
            "/dev/vg0/lun raw",
            "/srv/ds2/a/b.qcow2 qcow2",
            "/var/lib/libvirt/images/plain.qcow2 qcow2"
        ]
    );
    let kept = mapped.policy(|policy| policy.disks.place = DiskPlace::Source);
    assert_eq!(paths(&kept).first().unwrap(), "/srv/vm/web/web.vmdk vmdk");
}

#[test]
fn two_disks_of_one_name() {
    let case = disks(&["a/x.vmdk", "b/x.vmdk", "x-sata0-1.vmdk"]);
    assert_eq!(
        paths(&case),
        [
            "/var/lib/libvirt/images/x.qcow2 qcow2",
            "/var/lib/libvirt/images/x-sata0-1.qcow2 qcow2",
            "/var/lib/libvirt/images/x-sata0-1-sata0-2.qcow2 qcow2"
        ]
    );
    let told = told(&case.translate());
    assert_eq!(
        told.first().unwrap(),
        "warn disk-name-clash sata0:1: sata0:0 has an image called \"/var/lib/libvirt/images/x.qcow2\" already; this \
         one is \"/var/lib/libvirt/images/x-sata0-1.qcow2\"; name the target like that when you convert the disk"
    );
    let same = disks(&["x.vmdk", "x.vmdk"]).sees_disk("x.vmdk");
    assert_eq!(paths(&same), ["/var/lib/libvirt/images/x.qcow2 qcow2"; 2]);
    same.tells(&[
        "warn disk-name-clash sata0:1: the image of sata0:0 as well: \"/var/lib/libvirt/images/x.qcow2\"; remove one of \
         the two disks, or give each its image with --disk-map",
    ]);
}

#[test]
fn names_that_xml_can_not_hold() {
    let case = disks(&["a|01b|0Ac.vmdk", "d/"]);
    assert_eq!(
        paths(&case),
        [
            "/var/lib/libvirt/images/a_b_c.qcow2 qcow2",
            "/var/lib/libvirt/images/sata0-1.qcow2 qcow2"
        ]
    );
    let translation = case.translate();
    let changed = translation
        .findings
        .iter()
        .find(|finding| finding.subject == "sata0:0")
        .unwrap();
    assert_eq!(
        changed.evidence.text,
        "the name of its image has control characters; it became \"/var/lib/libvirt/images/a_b_c.qcow2\""
    );
    case.becomes_valid();
}
