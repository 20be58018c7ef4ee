//! A directory that goes away with the test.

pub use tempfile::TempDir;

/// Makes an empty temporary directory, removed when the value is dropped.
pub fn dir() -> TempDir {
    tempfile::Builder::new()
        .prefix("v2v-test-")
        .tempdir()
        .expect("a temporary directory")
}
