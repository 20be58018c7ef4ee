//! The corpus of the fuzz target, through the same code as there: what was found once stays found.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::arithmetic_side_effects,
    unreachable_pub,
    reason = "tests; the module belongs to the fuzz crate, where it is public"
)]

#[path = "../../../fuzz/src/xen.rs"]
mod xen;

use std::path::Path;

#[test]
fn guests() {
    let dir = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/corpus/xen_convert"
    ));
    let mut files = 0;
    for entry in std::fs::read_dir(dir).expect("the corpus") {
        let path = entry.expect("a file").path();
        // The name stands above the panic of a file that fails.
        eprintln!("{}", path.display());
        xen::guest(&std::fs::read(&path).expect("a file"));
        files += 1;
    }
    assert!(files > 0, "no corpus");
}
