//! The corpus of the fuzz target, through the same code as there: what was found once stays found.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::arithmetic_side_effects,
    dead_code,
    unreachable_pub,
    reason = "tests; the modules belong to the fuzz crate, where they are public"
)]

#[path = "../../../fuzz/src/qcow2.rs"]
mod qcow2;
#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use std::path::Path;

#[test]
fn images() {
    let dir = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/corpus/qcow2_read"
    ));
    let mut files = 0;
    for entry in std::fs::read_dir(dir).expect("the corpus") {
        let path = entry.expect("a file").path();
        // The name stands above the panic of a file that fails.
        eprintln!("{}", path.display());
        qcow2::read(&std::fs::read(&path).expect("a file"));
        files += 1;
    }
    assert!(files > 0, "no corpus");
}
