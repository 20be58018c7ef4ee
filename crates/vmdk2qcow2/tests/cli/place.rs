//! A directory with disks, and the program run in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use v2v_testkit::disk::Content;
use v2v_testkit::qemu;
use v2v_testkit::temp::TempDir;

pub(crate) const KIB: u64 = 1 << 10;
pub(crate) const MIB: u64 = 1 << 20;

/// No run of these tests takes nearly as long; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory `vm` in which the program runs.
pub(crate) struct Place {
    root: TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        let root = v2v_testkit::temp::dir();
        std::fs::create_dir(root.path().join("vm")).unwrap();
        Place { root }
    }

    /// The directory in which the program runs.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("vm")
    }

    /// A file or directory in it; `../x` lies outside.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
    }

    /// The disk as a raw file, for programs that can't be told its content otherwise.
    pub(crate) fn raw(&self, name: &str, content: &Content) -> PathBuf {
        let path = self.path(name);
        content.write_raw(&path);
        path
    }

    /// The names in the directory, hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        self.state().into_keys().collect()
    }

    /// Every file of the directory with its bytes and its time.
    pub(crate) fn state(&self) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
        let entry = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            let time = entry.metadata().unwrap().modified().unwrap();
            // Directories have no bytes, and other things are not to be waited for.
            let bytes = match entry.file_type().unwrap().is_file() {
                true => std::fs::read(entry.path()).unwrap(),
                false => Vec::new(),
            };
            (
                entry.file_name().to_string_lossy().into_owned(),
                (bytes, time),
            )
        };
        std::fs::read_dir(self.dir()).unwrap().map(entry).collect()
    }

    /// The program with arguments, not yet started.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vmdk2qcow2"));
        command.args(args).current_dir(self.dir());
        command.env_remove("RUST_LOG").env("COLUMNS", "100");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.finish(self.command(args), Vec::new())
    }

    /// The same with `input` on standard input.
    pub(crate) fn pipe(&self, args: &[&str], input: Vec<u8>) -> Run {
        self.finish(self.command(args), input)
    }

    pub(crate) fn finish(&self, mut command: Command, input: Vec<u8>) -> Run {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.wait(command.spawn().unwrap(), input)
    }

    /// Waits for a program whose three streams are pipes.
    pub(crate) fn wait(&self, mut child: Child, input: Vec<u8>) -> Run {
        let mut stdin = child.stdin.take().unwrap();
        // A program that fails does not read to the end.
        let feed = thread::spawn(move || drop(stdin.write_all(&input)));
        let out = read_all(child.stdout.take().unwrap());
        let err = read_all(child.stderr.take().unwrap());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("the program hangs; it said: {}", text(err));
            }
            thread::sleep(Duration::from_millis(2));
        };
        feed.join().unwrap();
        let here = self.dir().canonicalize().unwrap();
        Run {
            code: status.code(),
            signal: status.signal(),
            out: text(out),
            err: text(err).replace(here.to_str().unwrap(), "HERE"),
        }
    }

    /// Runs what has to succeed.
    pub(crate) fn convert(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.err);
        run
    }

    /// Runs what has to succeed and print JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let run = self.convert(args);
        serde_json::from_str(&run.out).unwrap_or_else(|err| panic!("{args:?}: {err}: {}", run.out))
    }

    /// Runs what has to fail with `code` and this text, and to leave everything as it was. `HERE` stands for the
    /// directory in which the program runs.
    pub(crate) fn check_refuses(&self, args: &[&str], code: i32, text: &str) {
        let before = self.state();
        let run = self.run(args);
        assert_eq!(run.err, format!("vmdk2qcow2: {text}\n"), "{args:?}");
        assert_eq!(run.code, Some(code), "{args:?}: {}", run.err);
        assert_eq!(run.out, "", "{args:?}");
        assert!(self.state() == before, "{args:?} left {:?}", self.names());
    }

    /// The same for arguments that clap refuses; its text is longer than a line.
    pub(crate) fn check_usage(&self, args: &[&str], part: &str) {
        let before = self.state();
        let run = self.run(args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.err);
        assert!(run.err.contains(part), "{args:?}: {}", run.err);
        assert!(self.state() == before, "{args:?} left {:?}", self.names());
    }

    /// Converts `source` to raw and to qcow2 and expects `content` in both, and nothing else to have changed.
    pub(crate) fn check_reads(&self, source: &str, args: &[&str], content: &Content) {
        let expected = content.to_vec();
        let before = self.state();
        self.convert(&[args, &["-q", "-O", "raw", source, "copy.raw"]].concat());
        assert_same(source, &self.read("copy.raw"), &expected);
        self.convert(&[args, &["-q", source, "copy.qcow2"]].concat());
        let copy = self.path("copy.qcow2");
        if qemu::wanted() {
            qemu::check(&copy, "qcow2");
            qemu::assert_reads(&copy, "qcow2", &expected);
        } else {
            self.convert(&["-q", "--force", "-O", "raw", "copy.qcow2", "copy.raw"]);
            assert_same(source, &self.read("copy.raw"), &expected);
        }
        std::fs::remove_file(copy).unwrap();
        std::fs::remove_file(self.path("copy.raw")).unwrap();
        let after = self.state();
        assert!(after == before, "{source}: now {:?}", after.keys());
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn text(bytes: thread::JoinHandle<Vec<u8>>) -> String {
    String::from_utf8(bytes.join().unwrap()).expect("UTF-8 on the terminal")
}

/// Equal bytes, or the first place where they differ.
pub(crate) fn assert_same(what: &str, found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    if let Some(at) = (0..found.len()).find(|&at| found[at] != expected[at]) {
        let (found, expected) = (found[at], expected[at]);
        panic!("{what}: byte {at:#x} is {found:#04x}, expected {expected:#04x}");
    }
}

/// A file whose blocks are all there, to give as a source that has a certain length.
pub(crate) fn set_len(path: &Path, len: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(len).unwrap();
}
