//! Golden files: what a program said once and somebody has read.

use std::fs;
use std::path::Path;

/// Whether golden files are rewritten instead of compared: `V2V_BLESS=1`, which `cargo xtask bless` sets.
pub fn is_blessing() -> bool {
    std::env::var_os("V2V_BLESS").is_some_and(|value| value == "1")
}

/// Compares `found` with the golden file at `path`, or rewrites the file. A file that is not there is empty.
///
/// # Panics
///
/// If they differ, with the name of the file.
#[track_caller]
pub fn check(path: &Path, found: &str) {
    if is_blessing() {
        rewrite(path, found);
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        found,
        expected,
        "{}: `cargo xtask bless` rewrites it",
        path.display()
    );
}

/// An empty text has no file.
fn rewrite(path: &Path, found: &str) {
    if found.is_empty() {
        let _ = fs::remove_file(path);
        return;
    }
    fs::create_dir_all(path.parent().expect("a file in a directory")).expect("a directory");
    fs::write(path, found).expect("a golden file");
}
