//! What is said of the files behind the disks.

use super::*;

const DISK: &str =
    "scsi0.virtualDev = 'pvscsi'\nscsi0:0.present = 'TRUE'\nscsi0:0.fileName = 'web01.vmdk'";

/// A disk, or what its lines make of it, on the adapter of the source.
fn disk(lines: &str) -> Case {
    case("rhel9-64", &format!("{DISK}\n{lines}")).profile(Profile::Source)
}

fn map(case: Case, rule: &str) -> Case {
    case.policy(|policy| policy.disks.map.push(rule.parse().unwrap()))
}

#[test]
fn a_file_that_is_not_there() {
    let looked = ["/vm/web01.vmdk", "/vm/disks/web01.vmdk"]
        .map(str::to_owned)
        .to_vec();
    let missing = disk("").sees("web01.vmdk", FileEvidence::Missing { looked });
    missing.tells(&[
        "blocker disk-file-missing scsi0:0: \"web01.vmdk\" is not there; looked for \"/vm/web01.vmdk\" and \
         \"/vm/disks/web01.vmdk\"; copy it beside the configuration, or say with --disk-map where its image is",
    ]);
    assert_eq!(
        missing.translate().findings.last().unwrap().evidence.line,
        Some(6)
    );
    map(missing, "web01.vmdk=/srv/web01.qcow2").tells(&[]);
}

#[test]
fn a_file_that_may_not_be_opened() {
    let path = "/srv/other/web01.vmdk".to_owned();
    let outside = disk("").sees("web01.vmdk", FileEvidence::Outside { path });
    outside.tells(&[
        "blocker disk-outside-directory scsi0:0: \"web01.vmdk\" is \"/srv/other/web01.vmdk\", outside of the \
         configuration's directory; allow its directory with --allow-path, or say with --disk-map where its image is",
    ]);
    let translation = outside.translate();
    assert_eq!(translation.blockers(&[]).count(), 1);
    assert_eq!(
        translation
            .blockers(&[crate::finding::DISK_OUTSIDE_DIRECTORY])
            .count(),
        0
    );
}

#[test]
fn a_file_that_can_not_be_read() {
    let broken = FileEvidence::Broken {
        path: "/vm/web01.vmdk".to_owned(),
        error: "grain table entry count at offset 0x2c is 513, expected 1 to 512".to_owned(),
    };
    disk("").sees("web01.vmdk", broken).tells(&[
        "blocker disk-unreadable scsi0:0: \"/vm/web01.vmdk\" can't be read: grain table entry count at offset 0x2c is \
         513, expected 1 to 512; repair or copy the disk again",
    ]);
    disk("").sees_file("web01.vmdk").tells(&[
        "blocker disk-unreadable scsi0:0: \"/vm/web01.vmdk\" is no disk image; check what the configuration names there",
    ]);
}

#[test]
fn files_that_nobody_looked_at_are_told_together() {
    disk("").tells(&[
        "warn disk-not-inspected scsi0:0: nobody has looked at the files of scsi0:0; size, chain and boot code are not \
         known; run it where the disks are",
    ]);
    let lines: String = (1..8)
        .map(|unit| {
            format!("sata0:{unit}.present = 'TRUE'\nsata0:{unit}.fileName = '{unit}.vmdk'\n")
        })
        .collect();
    disk(&lines).sees_disk("1.vmdk").tells(&[
        "warn disk-not-inspected 7 disks: nobody has looked at the files of scsi0:0, sata0:2, sata0:3, sata0:4, sata0:5 \
         and 2 more; size, chain and boot code are not known; run it where the disks are",
    ]);
}

#[test]
fn a_disk_without_a_file() {
    disk("sata0:0.present = 'TRUE'\nsata0:0.deviceType = 'disk'").sees_disk("web01.vmdk").tells(&[
        "blocker disk-file-missing sata0:0: the disk has no fileName; name its file in the configuration, or remove the \
         disk",
    ]);
}

#[test]
fn devices_of_the_old_host() {
    let backed = |text: &str| {
        format!(
            "blocker disk-device-backed scsi0:0: {text}; there is no such device on the new host; map it with \
             --disk-map, or copy the device to an image first"
        )
    };
    for (kind, what) in [
        ("rawDisk", "a raw disk"),
        (
            "plainDisk",
            "a plain disk, which may be a device of the old host",
        ),
        ("scsi-passthru", "a SCSI device of the old host"),
        ("scsi-passthru-rdm", "a LUN, mapped in physical mode"),
        ("scsi-nonpassthru-rdm", "a LUN, mapped in virtual mode"),
    ] {
        let raw = disk(&format!("scsi0:0.deviceType = '{kind}'"));
        raw.tells(&[&backed(&format!("\"web01.vmdk\" is {what}"))]);
        // The descriptor knows better than the type.
        raw.sees_disk("web01.vmdk").tells(&[]);
    }
    let by_descriptor = FileEvidence::Disk(DiskEvidence {
        is_device: true,
        ..found("web01.vmdk")
    });
    let by_descriptor = disk("").sees("web01.vmdk", by_descriptor);
    by_descriptor.tells(&[&backed(
        "\"web01.vmdk\" is a device of the old host or a LUN, as its descriptor says",
    )]);
    map(by_descriptor, "web01.vmdk=/dev/vg0/web01").tells(&[]);
    let by_name = case(
        "rhel9-64",
        "scsi0:0.present = 'TRUE'\nscsi0:0.fileName = '/dev/sdb'\nscsi0:0.deviceType = 'disk'",
    );
    let by_name = by_name.profile(Profile::Virtio);
    by_name.tells(&[&backed("\"/dev/sdb\" is a device of the old host")]);
    // Never the device that happens to have this name on the new host.
    assert_eq!(
        by_name.translate().disks.first().unwrap().path,
        "/var/lib/libvirt/images/sdb.qcow2"
    );
}

#[test]
fn a_redo_log_is_part_of_the_chain_or_uncommitted() {
    let open = disk("scsi0:0.redo = './web01.vmdk.REDO_a1'").sees_disk("web01.vmdk");
    open.tells(&[
        "blocker disk-redo-pending scsi0:0: \"./web01.vmdk.REDO_a1\" holds changes that were never committed; commit or \
         discard them in VMware",
    ]);
    assert_eq!(
        open.fate("scsi0:0.redo"),
        "not-carried: an uncommitted redo log"
    );
    let leaf = FileEvidence::Disk(DiskEvidence {
        chain: ["/vm/web01.vmdk", "/vm/web01.vmdk.REDO_a1"]
            .map(str::to_owned)
            .to_vec(),
        ..found("web01.vmdk")
    });
    let known = open.sees("web01.vmdk", leaf);
    known.tells(&[]);
    assert_eq!(
        known.fate("scsi0:0.redo"),
        "ignored: a level of the chain that is converted"
    );
}

#[test]
fn snapshots_are_told_once() {
    let lines = "
        scsi0.virtualDev = 'pvscsi'
        scsi0:0.present = 'TRUE'
        scsi0:0.fileName = 'web01-000002.vmdk'
        scsi0:1.present = 'TRUE'
        scsi0:1.fileName = 'data-000002.vmdk'
    ";
    let case = case("rhel9-64", lines).profile(Profile::Source);
    let mut case = case
        .sees_disk("web01-000002.vmdk")
        .sees_disk("data-000002.vmdk");
    case.tells(&[
        "warn snapshots-present snapshots: only the newest state is converted; there are snapshots below scsi0:0 and \
         scsi0:1; consolidate in VMware first if that is to be simple",
    ]);
    case.evidence.snapshots = ["before update", "clean"].map(str::to_owned).to_vec();
    case.tells(&[
        "warn snapshots-present snapshots: only the newest state is converted; these snapshots stay behind: \
         \"before update\" and \"clean\"; consolidate in VMware first if that is to be simple",
    ]);
    let newer = FileEvidence::Disk(DiskEvidence {
        newer: Some("/vm/web01-000003.vmdk".to_owned()),
        ..found("web01-000002.vmdk")
    });
    case.evidence.snapshots.clear();
    let told = told(&case.sees("web01-000002.vmdk", newer).translate());
    assert_eq!(
        told.first().unwrap(),
        "warn disk-chain-leaf-differs scsi0:0: \"/vm/web01-000003.vmdk\" lies beside \"/vm/web01-000002.vmdk\", which \
         the configuration names and which is converted; check which one is the VM's newest state"
    );
}
