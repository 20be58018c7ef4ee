//! A directory with domains, and the program run in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;
use v2v_testkit::temp::TempDir;

/// A paravirtual web server; `web01.xml` in every [`Place`].
pub(crate) const WEB01: &str = "\
<domain type='xen'>
  <name>web01</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <!-- kept -->
  <memory unit='KiB'>1048576</memory>
  <vcpu>2</vcpu>
  <bootloader>/usr/bin/pygrub</bootloader>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='file'/>
      <source file='/var/lib/xen/images/web01.img'/>
      <target dev='xvda' bus='xen'/>
    </disk>
    <interface type='bridge'>
      <mac address='00:16:3e:01:02:03'/>
      <source bridge='xenbr0'/>
      <script path='vif-bridge'/>
    </interface>
    <console type='pty'>
      <target type='xen' port='0'/>
    </console>
  </devices>
</domain>
";

/// The same for xl.
pub(crate) const WEB01_CFG: &str = r#"name = "web01"
uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
memory = 1024
vcpus = 2
bootloader = "pygrub"
disk = [ "file:/var/lib/xen/images/web01.img,xvda,w" ]
vif = [ "mac=00:16:3e:01:02:03,bridge=xenbr0" ]
"#;

/// A directory `vm` in which the program runs.
pub(crate) struct Place {
    root: TempDir,
}

impl Place {
    /// A directory with `web01.xml` and `web01.cfg`.
    pub(crate) fn new() -> Place {
        let root = v2v_testkit::temp::dir();
        std::fs::create_dir(root.path().join("vm")).unwrap();
        let place = Place { root };
        place.write("web01.xml", WEB01);
        place.write("web01.cfg", WEB01_CFG);
        place
    }

    /// One in whose `web01.xml` the first `old` is `new`.
    pub(crate) fn with(old: &str, new: &str) -> Place {
        assert!(WEB01.contains(old), "{old}");
        let place = Place::new();
        place.write("web01.xml", WEB01.replacen(old, new, 1));
        place
    }

    /// The directory in which the program runs, without links.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("vm")
    }

    /// A file or directory in it; `../x` lies outside.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir().join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
    }

    /// Every file of the directory with its bytes, hidden ones too; directories without.
    pub(crate) fn state(&self) -> BTreeMap<String, Vec<u8>> {
        let entry = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        };
        std::fs::read_dir(self.dir()).unwrap().map(entry).collect()
    }

    /// The program with arguments, not yet started.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xen2kvm"));
        command.args(args).current_dir(self.dir());
        command.env_remove("RUST_LOG").env("COLUMNS", "100");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.finish(self.command(args), b"")
    }

    /// The same with `input` on standard input.
    pub(crate) fn pipe(&self, args: &[&str], input: &[u8]) -> Run {
        self.finish(self.command(args), input)
    }

    pub(crate) fn finish(&self, mut command: Command, input: &[u8]) -> Run {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that fails does not read to the end.
        let feed = thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feed.join().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8 on the terminal");
        let here = self.dir();
        Run {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr).replace(here.to_str().unwrap(), "HERE"),
        }
    }

    /// Runs what has to succeed.
    pub(crate) fn convert(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.err);
        run
    }

    /// The XML that `args` make of `web01.xml`.
    pub(crate) fn xml(&self, args: &[&str]) -> String {
        self.convert(&[args, &["web01.xml"]].concat()).out
    }

    /// The report that `args` make of `web01.xml`.
    pub(crate) fn report(&self, args: &[&str]) -> Value {
        let run = self.run(&[&["--dry-run", "--report", "-"], args, &["web01.xml"]].concat());
        serde_json::from_str(&run.out).unwrap_or_else(|err| panic!("{err}: {}", run.err))
    }

    /// Runs what has to fail with `code` and this line last, and to leave everything as it was. `HERE` stands for the
    /// directory in which the program runs.
    pub(crate) fn check_refuses(&self, args: &[&str], code: i32, text: &str) {
        let before = self.state();
        let run = self.run(args);
        let last = run.err.lines().last().unwrap_or_default();
        assert_eq!(last, format!("xen2kvm: {text}"), "{args:?}");
        assert_eq!(run.code, Some(code), "{args:?}: {}", run.err);
        assert_eq!(run.out, "", "{args:?}");
        assert!(self.state() == before, "{args:?} left files");
    }

    /// The same for arguments that clap refuses; its text is longer than a line.
    pub(crate) fn check_usage(&self, args: &[&str], part: &str) {
        let before = self.state();
        let run = self.run(args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.err);
        assert!(run.err.contains(part), "{args:?}: {}", run.err);
        assert!(self.state() == before, "{args:?} left files");
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Whether a line about `id` is among the findings.
    pub(crate) fn tells(&self, severity: &str, id: &str) -> bool {
        let start = format!("xen2kvm: {severity}: {id}:");
        self.err.lines().any(|line| line.starts_with(&start))
    }
}
