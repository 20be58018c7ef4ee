//! QEMU's tools as an independent opinion on an image.
//!
//! The formats are QEMU's names: `raw`, `vmdk`, `qcow2`. They are always given, never probed. Where QEMU is known to
//! read VMDK wrongly (dropped RDONLY extents, unchecked marker positions, ...) it is no oracle; do not ask it there.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

/// Whether the tests against QEMU are to run. `V2V_NO_QEMU=1` leaves them out; that is said on stderr.
pub fn wanted() -> bool {
    !is_set("V2V_NO_QEMU", "the comparison with qemu-img")
}

/// Whether `variable` is 1; then says on stderr what a test leaves out.
#[expect(
    clippy::print_stderr,
    reason = "a test that leaves out its oracle must say so"
)]
pub(crate) fn is_set(variable: &str, what: &str) -> bool {
    let set = std::env::var_os(variable).is_some_and(|value| value == "1");
    if set {
        eprintln!("left out: {what} ({variable}=1)");
    }
    set
}

/// Runs `qemu-img` and returns whatever came of it.
///
/// # Panics
///
/// If there is no `qemu-img`.
pub fn qemu_img<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    run("qemu-img", args)
}

/// Runs `qemu-io` commands on an image opened read-only, and returns what they print.
///
/// # Panics
///
/// If there is no `qemu-io`, or it fails.
pub fn qemu_io(path: &Path, format: &str, commands: &[&str]) -> String {
    let mut args = vec![OsStr::new("-r"), OsStr::new("-f"), OsStr::new(format)];
    for command in commands {
        args.extend([OsStr::new("-c"), OsStr::new(command)]);
    }
    args.push(path.as_os_str());
    succeed("qemu-io", args)
}

/// Whether QEMU reads `len` bytes of value `byte` at `offset`.
///
/// # Panics
///
/// If there is no `qemu-io`, or it fails otherwise.
pub fn reads_as(path: &Path, format: &str, offset: u64, len: u64, byte: u8) -> bool {
    let command = format!("read -P {byte} {offset} {len}");
    let [read_only, f, c] = ["-r", "-f", "-c"].map(OsStr::new);
    let output = run(
        "qemu-io",
        [
            read_only,
            f,
            OsStr::new(format),
            c,
            OsStr::new(&command),
            path.as_os_str(),
        ],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let differs = text.contains("Pattern verification failed");
    assert!(
        differs || output.status.success(),
        "qemu-io {command}: {text}"
    );
    !differs
}

/// Asserts that `qemu-img check` finds nothing wrong, leaks included.
///
/// # Panics
///
/// With the tool's text, if it does.
pub fn check(path: &Path, format: &str) {
    succeed(
        "qemu-img",
        [
            OsStr::new("check"),
            OsStr::new("-f"),
            OsStr::new(format),
            path.as_os_str(),
        ],
    );
}

/// Asserts that two images have the same virtual size and hold the same guest bytes.
///
/// # Panics
///
/// With the tool's text, if they differ or cannot be read.
pub fn compare(a: &Path, a_format: &str, b: &Path, b_format: &str) {
    // `compare` takes a longer image for equal if only zeros follow, and its strict mode compares allocation as well.
    assert_eq!(
        virtual_size(a, a_format),
        virtual_size(b, b_format),
        "sizes of {} and {}",
        a.display(),
        b.display()
    );
    let [compare, f, cap_f] = ["compare", "-f", "-F"].map(OsStr::new);
    let formats = [a_format, b_format].map(OsStr::new);
    succeed(
        "qemu-img",
        [
            compare,
            f,
            formats[0],
            cap_f,
            formats[1],
            a.as_os_str(),
            b.as_os_str(),
        ],
    );
}

/// The virtual size in bytes as QEMU sees it.
///
/// # Panics
///
/// With the tool's text, if it fails.
pub fn virtual_size(path: &Path, format: &str) -> u64 {
    // The JSON of `info` nests the sizes of the files below in no fixed order; the text begins with the image's own.
    let text = succeed(
        "qemu-img",
        [
            OsStr::new("info"),
            OsStr::new("-f"),
            OsStr::new(format),
            path.as_os_str(),
        ],
    );
    let line = text
        .lines()
        .find(|line| line.starts_with("virtual size:"))
        .expect("a line with the virtual size");
    let bytes = line
        .rsplit('(')
        .next()
        .and_then(|bytes| bytes.strip_suffix(" bytes)"));
    bytes
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or_else(|| panic!("no size in {line:?}"))
}

/// Converts `from` to `to`; `options` stand before the names, such as `["-o", "subformat=streamOptimized"]`.
///
/// # Panics
///
/// With the tool's text, if it fails.
pub fn convert(from: &Path, from_format: &str, to: &Path, to_format: &str, options: &[&str]) {
    let mut args = ["convert", "-f", from_format, "-O", to_format]
        .map(OsStr::new)
        .to_vec();
    args.extend(options.iter().map(OsStr::new));
    args.extend([from.as_os_str(), to.as_os_str()]);
    succeed("qemu-img", args);
}

/// Creates an image of `size` bytes; `options` as for [`convert`].
///
/// # Panics
///
/// With the tool's text, if it fails.
pub fn create(path: &Path, format: &str, size: u64, options: &[&str]) {
    let size = size.to_string();
    let mut args = ["create", "-q", "-f", format].map(OsStr::new).to_vec();
    args.extend(options.iter().map(OsStr::new));
    args.extend([path.as_os_str(), OsStr::new(&size)]);
    succeed("qemu-img", args);
}

/// The JSON text of `qemu-img info`.
///
/// # Panics
///
/// With the tool's text, if it fails.
pub fn info_json(path: &Path, format: &str) -> String {
    json("info", path, format)
}

/// The JSON text of `qemu-img map`: an array of `start`, `length`, `depth`, `present`, `zero`, `data`.
///
/// # Panics
///
/// With the tool's text, if it fails.
pub fn map_json(path: &Path, format: &str) -> String {
    json("map", path, format)
}

/// The guest bytes of a small image, as QEMU reads it with its whole chain.
///
/// # Panics
///
/// With the tool's text, if it fails.
pub fn to_raw(path: &Path, format: &str) -> Vec<u8> {
    let dir = crate::temp::dir();
    let raw = dir.path().join("guest.raw");
    convert(path, format, &raw, "raw", &[]);
    std::fs::read(&raw).unwrap()
}

/// Asserts that QEMU reads exactly `expected` from a small image, and tells the first difference otherwise.
///
/// # Panics
///
/// With the first difference, or with the tool's text if it fails.
pub fn assert_reads(path: &Path, format: &str, expected: &[u8]) {
    let found = to_raw(path, format);
    assert_eq!(
        found.len(),
        expected.len(),
        "{}: size as read by qemu",
        path.display()
    );
    if let Some(at) = (0..found.len()).find(|&at| found[at] != expected[at]) {
        let (qemu, ours) = (found[at], expected[at]);
        panic!(
            "{}: byte {at:#x} is {qemu:#04x} for qemu, expected {ours:#04x}",
            path.display()
        );
    }
}

fn json(command: &str, path: &Path, format: &str) -> String {
    let args = [command, "--output=json", "-f", format].map(OsStr::new);
    succeed("qemu-img", args.into_iter().chain([path.as_os_str()]))
}

fn succeed<A: AsRef<OsStr>>(tool: &str, args: impl IntoIterator<Item = A>) -> String {
    let args: Vec<_> = args
        .into_iter()
        .map(|arg| arg.as_ref().to_owned())
        .collect();
    let output = run(tool, &args);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{tool} {args:?}: {}\n{out}{err}",
        output.status
    );
    out.into_owned()
}

fn run<A: AsRef<OsStr>>(tool: &str, args: impl IntoIterator<Item = A>) -> Output {
    match Command::new(tool).args(args).output() {
        Ok(output) => output,
        Err(err) if err.kind() == ErrorKind::NotFound => {
            panic!(
                "{tool} not found; run `apt-get install qemu-utils`, or leave it out with `cargo xtask test --no-qemu`"
            )
        }
        Err(err) => panic!("{tool}: {err}"),
    }
}
