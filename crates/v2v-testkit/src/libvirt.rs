//! libvirt and QEMU as an independent opinion on a domain.
//!
//! From cheap to thorough: [`validate`] asks the schema, [`define`] libvirt's parser, [`qemu_define`] its QEMU driver,
//! [`qemu_argv`] the builder of QEMU's command line, and [`start_paused`] QEMU itself. A function `x` panics where
//! `try_x` returns the tool's text; a tool that is missing is always a panic, which names its package.
//!
//! All of it works as root and as any user, without a daemon, `/dev/kvm`, a network or a disk of the domain. A domain is
//! given as it is meant for its KVM host. What it wants from that host is replaced before the QEMU driver sees it:
//!
//! - for [`qemu_define`], [`qemu_argv`] and [`start_paused`]: type `kvm` by `qemu` (TCG); the CPU modes
//!   `host-passthrough` and `host-model` by `maximum`; SPICE by VNC, QXL by VGA, and SPICE's channels are left out,
//!   because not every distribution's QEMU has them; `emulator`, `launchSecurity` and `pvspinlock` are left out;
//! - for [`qemu_argv`] and [`start_paused`] besides: `memtune`, `blkiotune`, `cputune`, `numatune`, `resource`, `seclabel`,
//!   `cpuset`, huge, locked and preallocated pages are left out, memory is cut to 256 MiB (32 MiB for a NUMA cell), `acpi`
//!   is set, SMBIOS is emulated; the media of drives are new small images of the same format, without `cache=none`; an interface keeps MAC,
//!   model, link, boot order and address and gets type `user`; VNC listens on a socket; a character device other than a
//!   terminal is connected to nothing; random numbers come out of QEMU, a TPM is emulated; `hostdev`, `vsock`, `redirdev`,
//!   `smartcard`, `shmem` and virtiofs are left out;
//! - for [`qemu_argv`] besides: interfaces are left out, because libvirt makes a tap device for each of them.

mod driver;
mod host;
mod tree;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::qemu::is_set;
use crate::temp;
use driver::Driver;
use tree::Element;

/// Whether the tests against libvirt are to run. `V2V_NO_LIBVIRT=1` leaves them out; that is said on stderr.
pub fn wanted() -> bool {
    !is_set("V2V_NO_LIBVIRT", "what libvirt says of the domains")
}

/// Asserts that the domain is valid in libvirt's schema.
///
/// # Panics
///
/// With the tool's text and the XML, if it is not.
#[track_caller]
pub fn validate(xml: &str) {
    accepted("virt-xml-validate", xml, try_validate(xml));
}

/// Whether the domain is valid in libvirt's schema, by `virt-xml-validate`.
///
/// # Errors
///
/// The tool's text, if it is not.
pub fn try_validate(xml: &str) -> Result<(), String> {
    let dir = temp::dir();
    let file = written(dir.path(), "domain.xml", xml);
    let mut script = Command::new("virt-xml-validate");
    run("xmllint", script.arg(file).arg("domain")).map(drop)
}

/// Asserts that many domains, each with the name of its case, are valid in libvirt's schema, which is read only once.
///
/// # Panics
///
/// With the name and the tool's text for each that is not.
#[track_caller]
pub fn validate_all<N: AsRef<str>, X: AsRef<str>>(cases: &[(N, X)]) {
    if cases.is_empty() {
        return;
    }
    let dir = temp::dir();
    let files: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(index, (_, xml))| written(dir.path(), &format!("{index}.xml"), xml.as_ref()))
        .collect();
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--noout", "--relaxng"]).arg(schema());
    let output = output("xmllint", xmllint.args(&files));
    // One line for each thing that is wrong, and one for each file that is right.
    let text = String::from_utf8_lossy(&output.stderr);
    let wrong: Vec<_> = cases
        .iter()
        .zip(&files)
        .filter(|(_, file)| {
            let valid = format!("{} validates", file.display());
            !text.lines().any(|line| line == valid)
        })
        .map(|((name, _), file)| {
            let file = file.display().to_string();
            let lines = text.lines().filter(|line| line.starts_with(&file));
            let lines: Vec<_> = lines
                .map(|line| line.replace(&file, name.as_ref()))
                .collect();
            format!("{}\n{}", name.as_ref(), lines.join("\n"))
        })
        .collect();
    assert!(
        wrong.is_empty() && output.status.success(),
        "{} of {} domains are wrong in libvirt's schema ({}):\n{}",
        wrong.len(),
        cases.len(),
        output.status,
        wrong.join("\n")
    );
}

/// Asserts that libvirt's test driver defines the domain.
///
/// # Panics
///
/// With libvirt's text and the XML, if it doesn't.
#[track_caller]
pub fn define(xml: &str) {
    accepted("virsh define (test driver)", xml, try_define(xml));
}

/// Whether libvirt's test driver defines the domain: what is wrong for any hypervisor.
///
/// # Errors
///
/// libvirt's text, if it doesn't.
pub fn try_define(xml: &str) -> Result<(), String> {
    let dir = temp::dir();
    let file = written(dir.path(), "domain.xml", xml);
    let mut virsh = Command::new("virsh");
    virsh
        .args(["-q", "-c", "test:///default", "define"])
        .arg(file)
        .env("LC_ALL", "C");
    run("virsh", &mut virsh).map(drop)
}

/// Asserts that libvirt's QEMU driver defines the domain.
///
/// # Panics
///
/// With libvirt's text and the XML, if it doesn't.
#[track_caller]
pub fn qemu_define(xml: &str) {
    accepted("virsh define (QEMU driver)", xml, try_qemu_define(xml));
}

/// Whether libvirt's QEMU driver defines the domain: what no QEMU does, such as an IDE disk on q35 or a topology that is
/// not the number of processors, and what has no place on its buses.
///
/// # Errors
///
/// libvirt's text, if it doesn't.
pub fn try_qemu_define(xml: &str) -> Result<(), String> {
    let mut domain = Element::parse(xml)?;
    host::for_any_qemu(&mut domain);
    let driver = Driver::new();
    let file = driver.write(&domain.print());
    driver
        .virsh(&format!("define '{}'", file.display()))
        .map(drop)
}

/// QEMU's command line for the domain, without its interfaces.
///
/// # Panics
///
/// With libvirt's text and the XML, if there is none.
#[track_caller]
pub fn qemu_argv(xml: &str) -> String {
    accepted("virsh domxml-to-native", xml, try_qemu_argv(xml))
}

/// QEMU's command line for the domain, without its interfaces, as libvirt prints it.
///
/// # Errors
///
/// libvirt's text, if there is none.
pub fn try_qemu_argv(xml: &str) -> Result<String, String> {
    let mut domain = Element::parse(xml)?;
    need_firmware_and_tpm(&domain);
    let driver = Driver::new();
    host::for_any_qemu(&mut domain);
    host::for_start(&mut domain, &driver.files());
    for devices in domain.all("devices") {
        devices.remove(&["interface"]);
    }
    let file = driver.write(&domain.print());
    let argv = driver.virsh(&format!(
        "domxml-to-native qemu-argv --xml '{}'",
        file.display()
    ))?;
    Ok(argv.trim().to_owned())
}

/// Starts the domain under TCG, paused before its first instruction, and ends it. Returns QEMU's command line.
///
/// # Panics
///
/// With the text of libvirt or QEMU and the XML, if it doesn't start.
#[track_caller]
pub fn start_paused(xml: &str) -> String {
    accepted("virsh create --paused", xml, try_start_paused(xml))
}

/// Starts the domain under TCG, paused before its first instruction, and ends it: what QEMU refuses, such as a device
/// that it doesn't have. Returns QEMU's command line, an option a line.
///
/// # Errors
///
/// The text of libvirt or QEMU, if it doesn't start.
pub fn try_start_paused(xml: &str) -> Result<String, String> {
    let mut domain = Element::parse(xml)?;
    need_firmware_and_tpm(&domain);
    let driver = Driver::new();
    host::for_any_qemu(&mut domain);
    host::for_start(&mut domain, &driver.files());
    let file = driver.write(&domain.print());
    let paused = driver.virsh(&format!(
        "create --paused '{}'; list --name --state-paused",
        file.display()
    ))?;
    if paused.trim().is_empty() {
        return Err("the domain was created, but is not paused".to_owned());
    }
    Ok(driver.started_argv())
}

/// Panics if the domain has a firmware or a TPM that is not installed: libvirt's refusal would count as one of the domain.
fn need_firmware_and_tpm(domain: &Element) {
    let of_os = |os: &Element| os.attribute("firmware") == Some("efi");
    if domain.child("os").is_some_and(of_os) && !Path::new(FIRMWARE).is_dir() {
        cannot_run(FIRMWARE, &ErrorKind::NotFound.into());
    }
    let has_tpm = |devices: &Element| devices.child("tpm").is_some();
    if domain.child("devices").is_some_and(has_tpm) {
        for tool in ["swtpm", "swtpm_setup"] {
            let _ = run(tool, Command::new(tool).arg("--version"));
        }
    }
}

/// The schema that `virt-xml-validate` takes for a domain.
fn schema() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut scripts = std::env::split_paths(&path).map(|dir| dir.join("virt-xml-validate"));
    let script = scripts
        .find_map(|script| fs::read_to_string(script).ok())
        .unwrap_or_else(|| cannot_run("virt-xml-validate", &ErrorKind::NotFound.into()));
    let schema = script
        .lines()
        .find_map(|line| line.trim().strip_prefix("SCHEMA=\"")?.strip_suffix('"'))
        .expect("virt-xml-validate sets SCHEMA");
    PathBuf::from(schema.replace("${TYPE}", "domain"))
}

fn written(dir: &Path, name: &str, xml: &str) -> PathBuf {
    let file = dir.join(name);
    fs::write(&file, xml).unwrap();
    file
}

/// The result of an oracle, or a panic with what it said and the numbered lines of the domain.
#[track_caller]
fn accepted<T>(oracle: &str, xml: &str, result: Result<T, String>) -> T {
    result.unwrap_or_else(|text| {
        let lines = xml.lines().enumerate();
        let xml: String = lines
            .map(|(index, line)| format!("{:4}  {line}\n", index + 1))
            .collect();
        panic!("{oracle}: {text}\n{xml}")
    })
}

/// What `command` prints, or its messages if it fails. It is or calls `tool`.
fn run(tool: &str, command: &mut Command) -> Result<String, String> {
    let output = output(tool, command);
    let messages = String::from_utf8_lossy(&output.stderr);
    // The status of virsh is that of its last command.
    let failed = messages.lines().any(|line| line.starts_with("error: "));
    if output.status.success() && !failed {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    match messages.trim() {
        "" => Err(format!("{tool}: {}", output.status)),
        messages => Err(messages.to_owned()),
    }
}

fn output(tool: &str, command: &mut Command) -> Output {
    /// The status with which a shell and `timeout` say that there is no such program.
    const NOT_FOUND: i32 = 127;
    match command.output() {
        Ok(output) if output.status.code() == Some(NOT_FOUND) => {
            cannot_run(tool, &ErrorKind::NotFound.into())
        }
        Ok(output) => output,
        Err(err) => cannot_run(&command.get_program().to_string_lossy(), &err),
    }
}

/// Where the UEFI firmware is.
const FIRMWARE: &str = "/usr/share/OVMF";

/// The tools and the packages they are in, as Debian names them.
const PACKAGES: [(&str, &str); 7] = [
    ("virsh", "libvirt-clients"),
    ("virt-xml-validate", "libvirt-clients"),
    ("xmllint", "libxml2-utils"),
    ("qemu-img", "qemu-utils"),
    (FIRMWARE, "ovmf"),
    ("swtpm", "swtpm"),
    ("swtpm_setup", "swtpm-tools"),
];

fn cannot_run(tool: &str, err: &io::Error) -> ! {
    let package = PACKAGES.iter().find(|(name, _)| *name == tool);
    match package {
        Some((_, package)) if err.kind() == ErrorKind::NotFound => panic!(
            "{tool} not found; run `apt-get install {package}`, or leave it out with `cargo xtask test --no-libvirt`"
        ),
        _ => panic!("{tool}: {err}"),
    }
}
