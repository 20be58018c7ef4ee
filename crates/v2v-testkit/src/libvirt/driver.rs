//! libvirt's QEMU driver inside virsh, without a daemon.
//!
//! `qemu:///embed?root=DIR` loads the driver into the process and keeps its state in DIR, as root and as any user. Each
//! call has a directory of its own, because two processes can't share one. What the driver learns about a QEMU costs it
//! four seconds; so that is carried from one directory to the next, through files beside the test program. libvirt itself
//! knows when they no longer fit (it keeps the time of change of QEMU and of itself, the version of the kernel, ...).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::run;
use crate::temp::{self, TempDir};

/// Settings that make the driver independent of the machine: no cgroups, namespaces, confinement or log daemon.
const QEMU_CONF: &str = r#"dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
seccomp_sandbox = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
"#;

/// Root's processes stay root's: the directory is closed to others. Any other user's stay that user's by themselves.
const ROOTS_CONF: &str = r#"user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
"#;

/// What libvirt knows about each QEMU, inside the driver's directory.
const CAPABILITIES: &str = "cache/qemu/capabilities";

/// A driver that has started nothing yet.
pub(super) struct Driver {
    dir: TempDir,
}

impl Driver {
    pub(super) fn new() -> Driver {
        // One probes, the others wait for what it finds.
        static PROBED: OnceLock<()> = OnceLock::new();
        PROBED.get_or_init(|| {
            let first = Driver::bare();
            let found = first.virsh("domcapabilities --virttype qemu");
            if let Err(text) = found {
                panic!(
                    "libvirt has no QEMU: {text}; run `apt-get install libvirt-daemon-driver-qemu qemu-system-x86`, \
                     or leave it out with `cargo xtask test --no-libvirt`"
                );
            }
        });
        Driver::bare()
    }

    fn bare() -> Driver {
        let dir = temp::dir();
        let root = dir.path();
        for sub in ["etc", "home", "files", CAPABILITIES] {
            fs::create_dir_all(root.join(sub)).unwrap();
        }
        let roots = if rustix::process::geteuid().is_root() {
            ROOTS_CONF
        } else {
            ""
        };
        fs::write(root.join("etc/qemu.conf"), format!("{QEMU_CONF}{roots}")).unwrap();
        configure_swtpm(&root.join("home"));
        if let Some(kept) = kept_capabilities() {
            // Nothing there, or not for us: then it is found out anew.
            let _ = copy_new(&kept, &root.join(CAPABILITIES));
        }
        Driver { dir }
    }

    /// A directory for files that a domain names.
    pub(super) fn files(&self) -> PathBuf {
        self.dir.path().join("files")
    }

    /// Runs one line of virsh commands; what it prints, or its messages.
    pub(super) fn virsh(&self, commands: &str) -> Result<String, String> {
        let root = self.dir.path();
        let home = root.join("home");
        // A QEMU that hangs must not hang the tests.
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=10", "120", "virsh", "-q", "-c"])
            .arg(format!("qemu:///embed?root={}", root.display()))
            .arg(commands)
            .env("LC_ALL", "C")
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("XDG_CACHE_HOME", &home)
            .env("XDG_DATA_HOME", &home)
            .env("XDG_RUNTIME_DIR", &home)
            .env(
                "LIBVIRT_LOG_OUTPUTS",
                format!("4:file:{}/libvirt.log", root.display()),
            )
            .env_remove("LIBVIRT_DEFAULT_URI");
        let result = run("virsh", &mut command);
        if let Some(kept) = kept_capabilities() {
            let _ = copy_new(&root.join(CAPABILITIES), &kept);
        }
        result
    }

    /// Writes the XML to where virsh finds it as `domain.xml` in its argument.
    pub(super) fn write(&self, xml: &str) -> PathBuf {
        let file = self.dir.path().join("domain.xml");
        fs::write(&file, xml).unwrap();
        file
    }

    /// The command line of the one domain that was started, from its log.
    pub(super) fn started_argv(&self) -> String {
        let logs = files_in(&self.dir.path().join("log/qemu"), "log");
        let [log] = logs.as_slice() else {
            panic!("one domain was started, but the logs are {logs:?}");
        };
        let log = fs::read_to_string(log).unwrap();
        // A line for each option. Before them the environment, and before that what swtpm was called with.
        let lines = log.lines().skip_while(|line| !line.starts_with("LC_ALL="));
        let argv = lines.skip_while(|line| !line.starts_with('/'));
        let mut argv: Vec<_> = argv.collect();
        let end = argv.iter().position(|line| !line.ends_with('\\'));
        argv.truncate(end.map_or(0, |last| last + 1));
        assert!(!argv.is_empty(), "no command line in {log}");
        argv.join("\n")
    }
}

impl Drop for Driver {
    /// Ends the QEMU of a paused domain. Asking libvirt for it takes more than a second.
    fn drop(&mut self) {
        for file in files_in(&self.dir.path().join("run/qemu"), "pid") {
            let is_ours = file.file_name().is_some_and(|name| name == "driver.pid");
            let pid = fs::read_to_string(&file).unwrap_or_default();
            if let (false, Ok(pid)) = (is_ours, pid.trim().parse())
                && let Some(pid) = rustix::process::Pid::from_raw(pid)
            {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// A certificate authority in the test's own directory: the system's is for root.
fn configure_swtpm(home: &Path) {
    let home = home.display();
    let files = [
        (
            "swtpm_setup.conf",
            format!(
                "create_certs_tool = swtpm_localca\n\
                 create_certs_tool_config = {home}/swtpm-localca.conf\n\
                 create_certs_tool_options = {home}/swtpm-localca.options\n"
            ),
        ),
        (
            "swtpm-localca.conf",
            format!(
                "statedir = {home}/ca\n\
                 signingkey = {home}/ca/signkey.pem\n\
                 issuercert = {home}/ca/issuercert.pem\n\
                 certserial = {home}/ca/certserial\n"
            ),
        ),
        (
            "swtpm-localca.options",
            "--platform-manufacturer QEMU\n--platform-version 1\n--platform-model QEMU\n"
                .to_owned(),
        ),
    ];
    for (name, text) in files {
        fs::write(format!("{home}/{name}"), text).unwrap();
    }
}

/// Where the capabilities are kept for other processes: beside the test program, in cargo's directory.
fn kept_capabilities() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.join("v2v-libvirt-capabilities"))
}

/// Copies files that are not in `to`, or are older there. A file appears as a whole, others may be reading.
fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let modified = entry.metadata()?.modified()?;
        let target = to.join(&name);
        if target
            .metadata()
            .and_then(|found| found.modified())
            .is_ok_and(|found| found >= modified)
        {
            continue;
        }
        let part = tempfile::NamedTempFile::new_in(to)?;
        fs::write(part.path(), fs::read(entry.path())?)?;
        part.persist(target)?;
    }
    Ok(())
}

fn files_in(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    files
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect()
}
