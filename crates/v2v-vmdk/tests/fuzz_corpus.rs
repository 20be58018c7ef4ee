//! The corpus of the fuzz targets, through the same code as there: what was found once stays found.
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

#[path = "../../../fuzz/src/vmdk.rs"]
mod vmdk;
#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use std::path::Path;

/// Runs every file of the corpus of `target`.
fn replay(target: &str, run: fn(&[u8])) {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/"));
    let mut files = 0;
    for entry in std::fs::read_dir(dir.join(target)).expect("the corpus") {
        let path = entry.expect("a file").path();
        // The name stands above the panic of a file that fails.
        eprintln!("{}", path.display());
        run(&std::fs::read(&path).expect("a file"));
        files += 1;
    }
    assert!(files > 0, "no corpus for {target}");
}

#[test]
fn whole_files() {
    replay("vmdk_file", vmdk::file);
}

#[test]
fn descriptors() {
    replay("vmdk_descriptor", vmdk::text);
}

#[test]
fn sparse_extents() {
    replay("vmdk_sparse", vmdk::sparse);
}

#[test]
fn cowd_extents() {
    replay("vmdk_cowd", vmdk::cowd);
}

#[test]
fn sesparse_extents() {
    replay("vmdk_sesparse", vmdk::sesparse);
}

#[test]
fn flat_extents() {
    replay("vmdk_flat", vmdk::flat);
}

#[test]
fn streams() {
    replay("vmdk_stream", vmdk::stream);
}
