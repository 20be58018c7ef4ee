//! Files made by real products (VMware, Xen). They cannot be part of the project, so a test finds them through the
//! environment.

use std::path::PathBuf;

use crate::qemu::is_set;

/// The directory of real files.
///
/// # Panics
///
/// If `V2V_CORPUS` is not set or names no directory; the text says what to do.
pub fn corpus_dir() -> PathBuf {
    let Some(dir) = std::env::var_os("V2V_CORPUS").map(PathBuf::from) else {
        panic!(
            "V2V_CORPUS is not set; set it to the directory of real disk files, or run `cargo xtask test`"
        );
    };
    assert!(
        dir.is_dir(),
        "V2V_CORPUS={} is not a directory",
        dir.display()
    );
    dir
}

/// The path of one file of the corpus, `name` being relative to [`corpus_dir`].
///
/// # Panics
///
/// As [`corpus_dir`], and if there is no such file.
pub fn file(name: &str) -> PathBuf {
    let path = corpus_dir().join(name);
    assert!(path.exists(), "{} is missing in the corpus", path.display());
    path
}

/// Whether the tests over real files are to run. `V2V_NO_CORPUS=1` leaves them out; that is said on stderr.
pub fn wanted() -> bool {
    !is_set("V2V_NO_CORPUS", "the real files")
}
