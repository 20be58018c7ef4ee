//! The programs that tests call, and how to get them.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::cargo;

/// A program and the Debian package it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tool {
    name: &'static str,
    package: &'static str,
    /// Left out with `--no-qemu`.
    qemu: bool,
}

/// All that the tests of the workspace call. A test that needs another one adds it here.
const TOOLS: &[Tool] = &[
    Tool {
        name: "qemu-img",
        package: "qemu-utils",
        qemu: true,
    },
    Tool {
        name: "qemu-io",
        package: "qemu-utils",
        qemu: true,
    },
    Tool {
        name: "mke2fs",
        package: "e2fsprogs",
        qemu: false,
    },
];

/// Where file system tools are; often not in a user's PATH.
const SBIN: [&str; 2] = ["/usr/sbin", "/sbin"];

/// PATH with the directories of file system tools at the end.
pub(crate) fn path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = env::split_paths(&path).collect();
    for dir in SBIN.map(PathBuf::from) {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    env::join_paths(dirs).unwrap_or(path)
}

fn missing(qemu: bool, path: &OsString) -> Vec<Tool> {
    let runs = |file: PathBuf| {
        file.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let found = |tool: &Tool| env::split_paths(path).any(|dir| runs(dir.join(tool.name)));
    TOOLS
        .iter()
        .filter(|tool| (qemu || !tool.qemu) && !found(tool))
        .copied()
        .collect()
}

/// The packages of `tools`, each once.
fn packages(tools: &[Tool]) -> Vec<&'static str> {
    let mut packages: Vec<_> = tools.iter().map(|tool| tool.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Makes sure that the tools are there, those of QEMU only if `qemu`. As root on Debian it installs what is missing;
/// else the error has the line that does.
pub(crate) fn ensure_installed(qemu: bool) -> Result<()> {
    let missing = missing(qemu, &path());
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing
        .iter()
        .map(|tool| tool.name)
        .collect::<Vec<_>>()
        .join(", ");
    let packages = packages(&missing);
    let line = format!(
        "apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    let hint = if missing.iter().any(|tool| tool.qemu) {
        "; --no-qemu leaves out the tests with QEMU"
    } else {
        ""
    };
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "the tests need {names}; install what Debian has as {}{hint}",
            packages.join(" ")
        );
    }
    if !is_root() {
        bail!("the tests need {names}; install with: sudo {line}{hint}");
    }
    eprintln!("xtask: the tests need {names}; installing");
    // A stale list of packages is a reason to fail later only.
    let _ = apt_get(&["update"])?;
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(&packages);
    ensure!(
        apt_get(&args)?,
        "the tests need {names}; this failed: {line}{hint}"
    );
    Ok(())
}

/// Whether `apt-get` with `args` succeeds. What it prints goes to stderr.
fn apt_get(args: &[&str]) -> Result<bool> {
    let mut command = Command::new("apt-get");
    command
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(io::stderr());
    Ok(cargo::run(&mut command)?.success())
}

fn is_root() -> bool {
    Path::new("/proc/self")
        .metadata()
        .is_ok_and(|found| found.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_its_package_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().as_os_str().to_owned();
        // A file that cannot be run is no tool.
        std::fs::write(dir.path().join("qemu-img"), "").unwrap();
        let all = missing(true, &path);
        assert_eq!(all, TOOLS);
        assert_eq!(packages(&all), ["e2fsprogs", "qemu-utils"]);
        assert_eq!(packages(&missing(false, &path)), ["e2fsprogs"]);

        let file = dir.path().join("mke2fs");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(packages(&missing(true, &path)), ["qemu-utils"]);
    }

    #[test]
    fn file_system_tools_are_looked_for_in_sbin() {
        let path = path();
        let dirs: Vec<_> = env::split_paths(&path).collect();
        for dir in SBIN {
            assert!(dirs.contains(&dir.into()), "{}", path.display());
        }
    }
}
