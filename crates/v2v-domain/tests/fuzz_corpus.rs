//! The corpus of the fuzz target, through the same code as there: what was found once stays found.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests; the module belongs to the fuzz crate, where it is public"
)]

#[path = "../../../fuzz/src/domain.rs"]
mod domain;

use std::path::Path;

#[test]
fn documents() {
    let dir = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/corpus/domain_xml"
    ));
    let mut files = 0_usize;
    for entry in std::fs::read_dir(dir).expect("the corpus") {
        let path = entry.expect("a file").path();
        // The name stands above the panic of a file that fails.
        eprintln!("{}", path.display());
        domain::xml(&std::fs::read(&path).expect("a file"));
        files = files.saturating_add(1);
    }
    assert!(files > 0, "no corpus");
}
