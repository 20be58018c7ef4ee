//! What lies beside a configuration: disks, media, locks, snapshots.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use serde_json::json;
use v2v_testkit::disk::Content;
use v2v_testkit::vmdk::{Chain, Descriptor, ExtentLine, Kind, Lineage, write_text};

use crate::place::{Place, WEB01};

const MIB: u64 = 1 << 20;
const SPARSE: Kind = Kind::MonolithicSparse { grain_sectors: 128 };

fn disk(place: &Place, name: &str) {
    SPARSE.write(
        &place.dir(),
        name,
        &Content::full(1, MIB),
        &Lineage::default(),
    );
}

/// `web01.vmx` with another name for its disk.
fn with_disk(place: &Place, name: &str) {
    place.write(
        "web01.vmx",
        WEB01.replace("\"web01.vmdk\"", &format!("\"{name}\"")),
    );
}

#[test]
fn a_configuration_alone_is_translated_without_its_disks() {
    let place = Place::new();
    let run = place.convert(&["web01.vmx"]);
    assert!(run.err.contains("disk-not-inspected"), "{}", run.err);
    assert!(!run.err.contains("disk-file-missing"), "{}", run.err);
}

#[test]
fn a_disk_beside_it_is_looked_at() {
    let place = Place::new();
    disk(&place, "web01");
    let before = place.state();
    let report = place.report(&[]);
    let here = place.dir().display().to_string();
    assert_eq!(
        report["disks"],
        json!([{
            "source": format!("{here}/web01.vmdk"), "slot": "scsi0:0", "target": report["disks"][0]["target"],
            "file": format!("{here}/web01.qcow2"), "virtual_size": MIB, "written": 0, "zero": 0, "cloned": 0,
            "chain": [format!("{here}/web01.vmdk")],
        }])
    );
    assert!(place.state() == before, "the source is only read");
}

#[test]
fn of_several_disks_none_may_be_missing() {
    let place = Place::with("scsi0:1.present = \"TRUE\"\nscsi0:1.fileName = \"data.vmdk\"");
    place.convert(&["web01.vmx"]);
    disk(&place, "web01");
    let run = place.run(&["web01.vmx"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.tells("blocker", "disk-file-missing"), "{}", run.err);
    assert!(run.err.contains("HERE/data.vmdk"), "{}", run.err);
}

#[test]
fn a_name_of_another_host_is_looked_for_beside_the_configuration() {
    let place = Place::new();
    disk(&place, "web01");
    for name in [
        r"C:\VMs\web 01\web01.vmdk",
        r"C:web01.vmdk",
        r"\\server\vms\web01.vmdk",
        "/vmfs/volumes/4d5c-a1/web01/web01.vmdk",
        "[datastore1] web01.vmdk",
        "[datastore1] web01/web01.vmdk",
        "/home/me/vmware/web01/web01.vmdk",
    ] {
        with_disk(&place, name);
        let found = place.report(&[])["disks"][0]["source"].clone();
        assert_eq!(found, place.path("web01.vmdk").to_str().unwrap(), "{name}");
    }
}

/// The name is Japanese text, the file has it in UTF-8 or in the configuration's own encoding.
#[test]
fn a_name_is_looked_for_in_both_encodings() {
    let shift_jis = b"\x83e\x83X\x83g.vmdk";
    for (file, case) in [
        ("\u{30c6}\u{30b9}\u{30c8}.vmdk".as_bytes(), "UTF-8"),
        (&shift_jis[..], "Shift_JIS"),
    ] {
        let place = Place::new();
        let text = WEB01.replace("UTF-8", "Shift_JIS");
        let (start, end) = text.split_once("web01.vmdk").unwrap();
        place.write(
            "web01.vmx",
            [start.as_bytes(), shift_jis, end.as_bytes()].concat(),
        );
        disk(&place, "temp");
        let file = place.path(std::ffi::OsStr::from_bytes(file));
        std::fs::rename(place.path("temp.vmdk"), &file).unwrap();
        let report = place.report(&[]);
        assert_eq!(
            report["disks"][0]["virtual_size"], MIB,
            "{case}: {}",
            report["findings"]
        );
    }
}

#[test]
fn a_disk_elsewhere_is_opened_only_if_that_is_allowed() {
    let place = Place::new();
    std::fs::create_dir(place.path("../store")).unwrap();
    let store = place.path("../store").canonicalize().unwrap();
    SPARSE.write(&store, "data", &Content::full(1, MIB), &Lineage::default());
    disk(&place, "web01");
    let data = store.join("data.vmdk");
    for name in ["../store/data.vmdk", data.to_str().unwrap()] {
        let lines = format!("{WEB01}scsi0:1.present = \"TRUE\"\nscsi0:1.fileName = \"{name}\"\n");
        place.write("web01.vmx", lines);
        let run = place.run(&["web01.vmx"]);
        assert_eq!(run.code, Some(3), "{name}: {}", run.err);
        assert!(
            run.tells("blocker", "disk-outside-directory"),
            "{name}: {}",
            run.err
        );
        let report = place.report(&["--allow-path", "../store"]);
        assert_eq!(
            report["disks"][1]["source"],
            data.to_str().unwrap(),
            "{}",
            report["findings"]
        );
    }
    // A disk of the same name beside the configuration is not the one that is meant.
    disk(&place, "data");
    place.write(
        "web01.vmx",
        format!("{WEB01}scsi0:1.present = \"TRUE\"\nscsi0:1.fileName = \"../store/data.vmdk\"\n"),
    );
    assert!(
        place
            .run(&["web01.vmx"])
            .tells("blocker", "disk-outside-directory")
    );
    symlink(&data, place.path("linked.vmdk")).unwrap();
    with_disk(&place, "linked.vmdk");
    let run = place.run(&["web01.vmx"]);
    assert!(
        !run.err.contains("linked.vmdk (monolithicSparse"),
        "{}",
        run.err
    );
}

#[test]
fn the_chain_of_a_snapshot_is_known() {
    let place = Place::new();
    let size = 2 * MIB;
    Chain::new(Kind::Vmfs, Content::full(1, size))
        .delta(
            Kind::VmfsSparse { grain_sectors: 1 },
            Content::mixed(2, size),
        )
        .delta(
            Kind::VmfsSparse { grain_sectors: 1 },
            Content::mixed(3, size),
        )
        .write(&place.dir(), "web01");
    with_disk(&place, "web01-000002.vmdk");
    let report = place.report(&[]);
    let file = |name: &str| place.path(name).to_str().unwrap().to_owned();
    assert_eq!(
        report["disks"][0]["chain"],
        json!([
            file("web01.vmdk"),
            file("web01-000001.vmdk"),
            file("web01-000002.vmdk")
        ])
    );
    let told = place.run(&["web01.vmx"]);
    assert!(
        !told.err.contains("disk-chain-leaf-differs"),
        "{}",
        told.err
    );
    with_disk(&place, "web01-000001.vmdk");
    let told = place.run(&["web01.vmx"]);
    assert!(
        told.tells("warn", "disk-chain-leaf-differs"),
        "{}",
        told.err
    );
    assert!(told.err.contains("web01-000002.vmdk"), "{}", told.err);
}

#[test]
fn snapshots_have_names() {
    let place = Place::new();
    place.write(
        "web01.vmsd",
        "snapshot.numSnapshots = \"1\"\nsnapshot0.uid = \"1\"\nsnapshot0.displayName = \"before the update\"\n",
    );
    let run = place.convert(&["web01.vmx"]);
    assert!(run.tells("warn", "snapshots-present"), "{}", run.err);
    assert!(run.err.contains("before the update"), "{}", run.err);
}

/// Whoever made the directory may have put links there; they are not followed out of it.
#[test]
fn links_that_lead_out_are_not_followed() {
    let place = Place::new();
    place.write(
        "../elsewhere/list.vmsd",
        "snapshot0.uid = \"1\"\nsnapshot0.displayName = \"secret\"\n",
    );
    symlink("../elsewhere/list.vmsd", place.path("web01.vmsd")).unwrap();
    let run = place.convert(&["web01.vmx"]);
    assert!(!run.err.contains("secret"), "{}", run.err);

    std::fs::create_dir(place.path("../store")).unwrap();
    let size = 2 * MIB;
    Chain::new(Kind::Vmfs, Content::full(1, size))
        .delta(
            Kind::VmfsSparse { grain_sectors: 1 },
            Content::mixed(2, size),
        )
        .write(&place.dir(), "web01");
    let newer = place.path("../store/web01-000001.vmdk");
    std::fs::rename(place.path("web01-000001.vmdk"), &newer).unwrap();
    symlink(&newer, place.path("web01-000001.vmdk")).unwrap();
    let run = place.run(&["web01.vmx"]);
    assert!(!run.err.contains("disk-chain-leaf-differs"), "{}", run.err);
}

#[test]
fn a_lock_says_that_the_vm_may_run() {
    let place = Place::new();
    std::fs::create_dir(place.path("web01.vmx.lck")).unwrap();
    assert!(!place.run(&["web01.vmx"]).err.contains("vm-maybe-running"));
    place.write("web01.vmx.lck/M12345.lck", "");
    let run = place.run(&["web01.vmx"]);
    assert!(run.err.contains(": vm-maybe-running: "), "{}", run.err);
}

#[test]
fn a_broken_disk_is_told_with_its_reason() {
    let place = Place::new();
    place.write("web01.vmdk", "not a disk");
    let run = place.run(&["web01.vmx"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.tells("blocker", "disk-unreadable"), "{}", run.err);
    // Its name once, and no option of another program.
    let text = "web01.vmdk\" can't be read: not recognised as a disk image; repair";
    assert!(run.err.contains(text), "{}", run.err);
}

#[test]
fn a_disk_that_is_a_device_of_the_old_host() {
    let place = Place::new();
    let extent = ExtentLine::flat(8, "/dev/sdb", 0);
    let descriptor = Descriptor::new("fullDevice", &Lineage::default()).extent(extent);
    write_text(&place.path("web01.vmdk"), &descriptor);
    let run = place.run(&["web01.vmx"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    assert!(run.tells("blocker", "disk-device-backed"), "{}", run.err);
}

#[test]
fn a_medium_beside_it_stays_in_its_drive() {
    let place = Place::new();
    disk(&place, "web01");
    assert!(!place.xml(&["-q"]).contains("install.iso"));
    place.write("install.iso", "CD001");
    let image = place.path("install.iso").display().to_string();
    assert!(
        place.xml(&["-q"]).contains(&image),
        "{}",
        place.xml(&["-q"])
    );
}

/// A VM that starts from its CD has no disk that could be missing.
#[test]
fn a_medium_needs_no_disk_beside_it() {
    let place = Place::new();
    place.write("install.iso", "CD001");
    let image = place.path("install.iso").display().to_string();
    assert!(
        place.xml(&["-q"]).contains(&image),
        "only the disk was not copied"
    );
    let lines = WEB01.lines().filter(|line| !line.starts_with("scsi0"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    place.write("web01.vmx", text);
    assert!(place.xml(&["-q"]).contains(&image), "there is no disk");
}

/// What the first sectors of the disk say against what the configuration says.
#[test]
fn a_disk_made_for_another_firmware_is_told() {
    let place = Place::new();
    let mut bytes = vec![0; 1 << 20];
    bytes[446] = 0x80;
    bytes[450] = 0x83;
    bytes[510..512].copy_from_slice(b"\x55\xaa");
    place.write("web01-flat.vmdk", bytes);
    let extent = ExtentLine::flat(2048, "web01-flat.vmdk", 0);
    let descriptor = Descriptor::new("monolithicFlat", &Lineage::default()).extent(extent);
    write_text(&place.path("web01.vmdk"), &descriptor);
    let run = place.convert(&["web01.vmx"]);
    assert!(run.tells("warn", "firmware-conflict"), "{}", run.err);
}

/// A link to a configuration stands for it: its disks lie where it really is.
#[test]
fn a_linked_configuration() {
    let place = Place::new();
    disk(&place, "web01");
    std::fs::create_dir(place.path("links")).unwrap();
    symlink("../web01.vmx", place.path("links/a.vmx")).unwrap();
    let direct = place.xml(&["-q"]);
    assert_eq!(place.convert(&["-q", "links/a.vmx"]).out, direct);
}
