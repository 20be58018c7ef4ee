//! What programs build on: the words of `--help`, of JSON output and of the report, held against files in testdata.

use std::path::{Path, PathBuf};

use serde_json::Value;

use v2v_testkit::golden;

use crate::place::Place;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// Takes out what depends on the file system: the directory, and what a file takes there.
fn portable(mut value: Value, dir: &Path) -> String {
    fn walk(value: &mut Value, root: &str) {
        match value {
            Value::Object(object) => {
                object.remove("actual-size");
                object.values_mut().for_each(|value| walk(value, root));
            }
            Value::Array(values) => values.iter_mut().for_each(|value| walk(value, root)),
            Value::String(text) => *text = text.replace(root, ""),
            _ => {}
        }
    }
    walk(
        &mut value,
        &format!("{}/", dir.canonicalize().unwrap().display()),
    );
    format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
}

/// The disks of testdata, each copied into a place of its own.
fn disks() -> Vec<(PathBuf, Place)> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(testdata().join("vmdk"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let copy = |folder: PathBuf| {
        let place = Place::new();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_none_or(|extension| extension != "json") {
                std::fs::copy(&file, place.path(file.file_name().unwrap())).unwrap();
            }
        }
        (folder, place)
    };
    folders.into_iter().map(copy).collect()
}

#[test]
fn help_keeps_its_words() {
    let help = Place::new().convert(&["--help"]).out;
    golden::check(&testdata().join("cli/help.txt"), &help);
}

#[test]
fn disks_are_described_in_the_same_words() {
    let disks = disks();
    assert!(disks.len() >= 2);
    for (folder, place) in disks {
        let json = |args: &[&str]| portable(place.json(args), &place.dir());
        let info = json(&["info", "--backing-chain", "--output", "json", "disk.vmdk"]);
        golden::check(&folder.join("info.json"), &info);
        let map = json(&["map", "--output", "json", "disk.vmdk"]);
        golden::check(&folder.join("map.json"), &map);
        let report = json(&[
            "disk.vmdk",
            "disk.qcow2",
            "--verify",
            "--reflink",
            "never",
            "--report",
            "-",
            "--reproducible",
        ]);
        golden::check(&folder.join("report.json"), &report);
    }
}
