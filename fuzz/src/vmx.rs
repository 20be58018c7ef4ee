//! Configurations of virtual machines.

use v2v_vmx::{Document, ParseOptions, Snapshots, Vm, Vmxf};

/// What parses is the same bytes again, its typed view can be made, and a change is read back.
pub fn text(data: &[u8]) {
    let options = ParseOptions::default();
    let _ = Vmxf::parse(data, &options);
    let Ok(mut document) = Document::parse(data, &options) else {
        return;
    };
    assert!(document.to_bytes() == data, "other bytes come back");
    let vm = Vm::new(&document);
    for device in &vm.block_devices {
        let _ = (device.kind(), device.medium());
    }
    let count = vm
        .absent
        .iter()
        .map(|device| device.ids.len())
        .sum::<usize>();
    assert!(
        count <= document.entries().len(),
        "a key of two absent devices"
    );
    assert!(document.problems().iter().all(|problem| problem.line > 0));
    let snapshots = Snapshots::new(&document);
    assert_eq!(snapshots.tree().count(), snapshots.snapshots.len());

    if document.set("displayName", "web|01\n").is_ok() {
        let again = Document::parse(&document.to_bytes(), &options).expect("a changed text");
        let contents = |document: &Document| -> Vec<(String, String)> {
            let entries = document.entries().iter();
            entries
                .map(|entry| (entry.key().to_owned(), entry.value().to_owned()))
                .collect()
        };
        assert_eq!(contents(&again), contents(&document));
    }
}
