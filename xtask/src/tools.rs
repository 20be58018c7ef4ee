//! The programs that tests call, and how to get them.

mod apt;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo;

/// A program, or a file that a program needs, and where Debian has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tool {
    /// A name in PATH, an absolute path, or `user NAME`.
    name: &'static str,
    package: &'static str,
    /// The source package. What is built from one source has to be of one version.
    source: &'static str,
    needed_by: &'static [Tests],
}

/// Tests that can be left out as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tests {
    Always,
    /// Left out with `--no-qemu`.
    Qemu,
    /// Left out with `--no-libvirt`.
    Libvirt,
}

/// What will be run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The comparison of disks with QEMU's tools.
    pub(crate) qemu: bool,
    /// What libvirt and QEMU say of domains.
    pub(crate) libvirt: bool,
}

impl Wanted {
    fn needs(self, tool: &Tool) -> bool {
        tool.needed_by.iter().any(|tests| match tests {
            Tests::Always => true,
            Tests::Qemu => self.qemu,
            Tests::Libvirt => self.libvirt,
        })
    }
}

const fn tool(
    name: &'static str,
    package: &'static str,
    source: &'static str,
    needed_by: &'static [Tests],
) -> Tool {
    Tool {
        name,
        package,
        source,
        needed_by,
    }
}

/// All that the tests of the workspace call. A test that needs another one adds it here.
const TOOLS: &[Tool] = &[
    tool("mke2fs", "e2fsprogs", "e2fsprogs", &[Tests::Always]),
    tool(
        "qemu-img",
        "qemu-utils",
        "qemu",
        &[Tests::Qemu, Tests::Libvirt],
    ),
    tool("qemu-io", "qemu-utils", "qemu", &[Tests::Qemu]),
    tool(
        "qemu-system-x86_64",
        "qemu-system-x86",
        "qemu",
        &[Tests::Libvirt],
    ),
    tool("virsh", "libvirt-clients", "libvirt", &[Tests::Libvirt]),
    tool(
        "virt-xml-validate",
        "libvirt-clients",
        "libvirt",
        &[Tests::Libvirt],
    ),
    // The program beside libvirt's QEMU driver, which virsh loads; the driver's own place depends on the architecture.
    tool(
        "virt-qemu-run",
        "libvirt-daemon-driver-qemu",
        "libvirt",
        &[Tests::Libvirt],
    ),
    // As root, libvirt's driver does not start without its user, whatever its configuration says of another one.
    tool(
        "user libvirt-qemu",
        "libvirt-daemon-system",
        "libvirt",
        &[Tests::Libvirt],
    ),
    tool("xmllint", "libxml2-utils", "libxml2", &[Tests::Libvirt]),
    tool("/usr/share/OVMF", "ovmf", "edk2", &[Tests::Libvirt]),
    // The ids of guests are compared with it.
    tool(
        "/usr/share/osinfo/os",
        "osinfo-db",
        "osinfo-db",
        &[Tests::Libvirt],
    ),
    tool("swtpm", "swtpm", "swtpm", &[Tests::Libvirt]),
    tool("swtpm_setup", "swtpm-tools", "swtpm", &[Tests::Libvirt]),
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

/// Whether the machine has a user of that name.
fn has_user(name: &str) -> bool {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    users
        .lines()
        .any(|line| line.split(':').next() == Some(name))
}

fn missing(wanted: Wanted, path: &OsString) -> Vec<Tool> {
    let runs = |file: PathBuf| {
        file.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let found = |tool: &Tool| {
        if let Some(user) = tool.name.strip_prefix("user ") {
            return !is_root() || has_user(user);
        }
        if tool.name.starts_with('/') {
            return Path::new(tool.name).exists();
        }
        env::split_paths(path).any(|dir| runs(dir.join(tool.name)))
    };
    TOOLS
        .iter()
        .filter(|tool| wanted.needs(tool) && !found(tool))
        .copied()
        .collect()
}

/// Makes sure that the tools are there. As root on Debian it installs what is missing; else the error has the lines that
/// do.
pub(crate) fn ensure_installed(wanted: Wanted) -> Result<()> {
    let missing = missing(wanted, &path());
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|tool| tool.name);
    let names = names.collect::<Vec<_>>().join(", ");
    let hint = hint(&missing);
    if !Path::new("/usr/bin/apt-get").exists() {
        let packages: BTreeSet<_> = missing.iter().map(|tool| tool.package).collect();
        let packages = packages.into_iter().collect::<Vec<_>>().join(" ");
        bail!("the tests need {names}; install what Debian has as {packages}{hint}");
    }
    let plan = apt::plan(&missing, &apt::Machine::here());
    if !is_root() {
        let lines = plan.shell_lines("sudo ").join("\n    ");
        bail!("the tests need {names}{hint}; install with\n    {lines}");
    }
    eprintln!("xtask: the tests need {names}; installing");
    if let Some(text) = &plan.new_source {
        eprintln!(
            "xtask: writing {}, because QEMU or libvirt here are from there",
            apt::OUR_SOURCE
        );
        std::fs::write(apt::OUR_SOURCE, text).with_context(|| apt::OUR_SOURCE.to_owned())?;
    }
    // A stale list of packages is a reason to fail later only.
    let _ = apt_get(&["update".to_owned()])?;
    for install in &plan.installs {
        let args = install.args();
        ensure!(
            apt_get(&args)?,
            "the tests need {names}; this failed: apt-get {}{hint}",
            args.join(" ")
        );
    }
    Ok(())
}

/// What leaves out the tests that need `missing`.
fn hint(missing: &[Tool]) -> String {
    let options = [
        (Tests::Qemu, "--no-qemu", "the tests with QEMU's tools"),
        (Tests::Libvirt, "--no-libvirt", "those with libvirt"),
    ];
    let hints = options.into_iter().filter_map(|(tests, option, what)| {
        let concerns = |tool: &Tool| tool.needed_by.contains(&tests);
        missing
            .iter()
            .any(concerns)
            .then(|| format!("; {option} leaves out {what}"))
    });
    hints.collect()
}

/// Whether `apt-get` with `args` succeeds. What it prints goes to stderr.
fn apt_get(args: &[String]) -> Result<bool> {
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

    /// What is missing of the tools in PATH, and the options that leave it out.
    fn names(qemu: bool, libvirt: bool, path: &OsString) -> (Vec<&'static str>, String) {
        let mut missing = missing(Wanted { qemu, libvirt }, path);
        missing.retain(|tool| !tool.name.starts_with('/') && !tool.name.starts_with("user "));
        let names = missing.iter().map(|tool| tool.name).collect();
        (names, hint(&missing))
    }

    #[test]
    fn what_is_missing_is_told_with_the_option_that_leaves_it_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().as_os_str().to_owned();
        // A file that cannot be run is no tool.
        std::fs::write(dir.path().join("qemu-img"), "").unwrap();
        assert_eq!(names(false, false, &path), (vec!["mke2fs"], String::new()));
        assert_eq!(
            names(true, false, &path),
            (
                vec!["mke2fs", "qemu-img", "qemu-io"],
                "; --no-qemu leaves out the tests with QEMU's tools\
                 ; --no-libvirt leaves out those with libvirt"
                    .to_owned()
            )
        );
        for name in ["mke2fs", "qemu-img", "swtpm"] {
            let file = dir.path().join(name);
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        assert_eq!(names(true, false, &path).0, ["qemu-io"]);
        assert_eq!(
            names(false, true, &path),
            (
                vec![
                    "qemu-system-x86_64",
                    "virsh",
                    "virt-xml-validate",
                    "virt-qemu-run",
                    "xmllint",
                    "swtpm_setup"
                ],
                "; --no-libvirt leaves out those with libvirt".to_owned()
            )
        );
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
