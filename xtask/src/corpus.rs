//! Where the files made by real products are; they cannot be part of the project.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::cargo::root;

/// The variable that names the directory.
pub(crate) const VARIABLE: &str = "V2V_CORPUS";

/// The place looked at if the variable is not set, from the root of the workspace.
const DEFAULT: &str = "../shared/corpus";

/// The directory; `None` if there is none. A variable that names no directory is an error.
pub(crate) fn find() -> Result<Option<PathBuf>> {
    match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(value) => {
            let dir = PathBuf::from(value);
            ensure!(
                dir.is_dir(),
                "{VARIABLE}={} is not a directory",
                dir.display()
            );
            // Tests run in the directory of their crate.
            Ok(Some(dir.canonicalize()?))
        }
        None => Ok(root()
            .join(DEFAULT)
            .canonicalize()
            .ok()
            .filter(|dir| dir.is_dir())),
    }
}

/// What to do to have one.
pub(crate) fn hint() -> String {
    format!("set {VARIABLE} to its directory or put it at {DEFAULT}")
}
