//! What a run tells while it works.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use v2v_cli::{ExitStatus, Phase, Progress, ProgressArgs, ProgressFormat};
use v2v_report::{Action, Evidence, Finding, FindingId, Severity};

/// A stream that the test reads afterwards.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn json(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    fn boxed(&self) -> Box<dyn Write + Send> {
        Box::new(self.clone())
    }
}

fn finding() -> Finding {
    Finding::new(FindingId::new("disk-unclean"), Severity::Warn, "sda")
        .evidence(Evidence::new("not shut down"))
        .action(Action::automatic("read as it is"))
}

const LINE: &str = "v2v: warn: disk-unclean: sda: not shut down; read as it is\n";

#[test]
fn json_lines_tell_a_run() {
    let (out, stderr) = (Stream::default(), Stream::default());
    let progress = Progress::json("v2v", out.boxed(), false).stderr(stderr.boxed());
    progress.start("0.1.0");
    progress.phase(Phase::Open, "");
    progress.finding(&finding());
    progress.phase(Phase::Copy, "sda");
    for done in 0..=100 {
        progress.update(done << 20, 100 << 20);
    }
    progress.phase(Phase::Done, "");
    progress.finish(ExitStatus::Done);

    let mut lines = out.json();
    for line in &mut lines {
        // Both depend on the time.
        line.as_object_mut()
            .unwrap()
            .retain(|key, _| key != "rate" && key != "eta_s");
    }
    assert_eq!(
        lines,
        [
            json!({"v": 1, "type": "start", "program": "v2v", "version": "0.1.0"}),
            json!({"v": 1, "type": "phase", "phase": "open"}),
            json!({"v": 1, "type": "finding", "id": "disk-unclean", "severity": "warn", "subject": "sda",
                "evidence": {"text": "not shut down"},
                "action": {"kind": "automatic", "done": false, "text": "read as it is"}}),
            json!({"v": 1, "type": "phase", "phase": "copy", "subject": "sda"}),
            json!({"v": 1, "type": "progress", "phase": "copy", "subject": "sda", "done": 0, "total": 104_857_600,
                "unit": "bytes"}),
            json!({"v": 1, "type": "progress", "phase": "copy", "subject": "sda", "done": 104_857_600,
                "total": 104_857_600, "unit": "bytes"}),
            json!({"v": 1, "type": "phase", "phase": "done"}),
            json!({"v": 1, "type": "end", "result": "done", "exit_code": 0}),
        ]
    );
    assert_eq!(stderr.text(), LINE);
}

#[test]
fn json_on_stderr_is_nothing_but_json() {
    let out = Stream::default();
    let progress = Progress::json("v2v", out.boxed(), true).stderr(out.boxed());
    progress.phase(Phase::Copy, "sda");
    progress.update(1, 2);
    progress.finding(&finding());
    progress.print_state();
    progress.finish(ExitStatus::Refused);
    let types: Vec<Value> = out.json().iter().map(|line| line["type"].clone()).collect();
    assert_eq!(types, ["phase", "progress", "finding", "end"]);
}

#[test]
fn json_lines_come_at_most_four_times_a_second() {
    let out = Stream::default();
    let progress = Progress::json("v2v", out.boxed(), false);
    progress.phase(Phase::Copy, "sda");
    for done in 0..60 {
        progress.update(done << 20, 60 << 20);
        std::thread::sleep(Duration::from_millis(10));
    }
    progress.finish(ExitStatus::Done);
    let lines: Vec<Value> = out
        .json()
        .into_iter()
        .filter(|line| line["type"] == "progress")
        .collect();
    // At 0, 250 and 500 ms, and the last one; a busy machine takes longer and tells one or two more.
    assert!((4..=6).contains(&lines.len()), "{lines:#?}");
    let last = lines.last().unwrap();
    assert_eq!(last["done"], 59 << 20);
    assert!(last["rate"].as_u64().unwrap() > 0, "{last}");
    assert!(last["eta_s"].as_u64().unwrap() > 0, "{last}");
}

#[test]
fn percent_as_qemu_img_prints_it() {
    let out = Stream::default();
    let progress = Progress::percent("vmdk2qcow2", out.boxed());
    progress.phase(Phase::Open, "");
    progress.phase(Phase::Copy, "");
    for done in [
        0, 500, 1000, 1200, 123_456, 124_000, 999_900, 1_000_000, 1_000_000,
    ] {
        progress.update(done, 1_000_000);
    }
    progress.phase(Phase::Verify, "");
    progress.update(50, 200);
    progress.finish(ExitStatus::Failed);
    assert_eq!(
        out.text(),
        "    (0.00/100%)\r    (12.35/100%)\r    (99.99/100%)\r    (100.00/100%)\r\n    (25.00/100%)\r\n"
    );
}

#[test]
fn an_empty_disk_is_done() {
    let out = Stream::default();
    let progress = Progress::percent("vmdk2qcow2", out.boxed());
    progress.phase(Phase::Copy, "");
    progress.update(0, 0);
    progress.finish(ExitStatus::Done);
    assert_eq!(out.text(), "    (100.00/100%)\r\n");
}

#[test]
fn many_threads_may_tell() {
    let out = Stream::default();
    let progress = Progress::percent("vmdk2qcow2", out.boxed());
    progress.phase(Phase::Copy, "");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for done in 0..=100_000 {
                    progress.update(done, 100_000);
                }
            });
        }
    });
    progress.finish(ExitStatus::Done);
    let text = out.text();
    let told: Vec<f64> = text
        .trim_end_matches("\r\n")
        .split('\r')
        .map(|part| {
            part.trim_start_matches("    (")
                .trim_end_matches("/100%)")
                .parse()
                .expect(part)
        })
        .collect();
    assert!(told.len() <= 102, "{text}");
    assert!(told.is_sorted(), "{text}");
    assert_eq!(told.last(), Some(&100.0));
}

#[test]
fn the_state_is_told_on_request() {
    let stderr = Stream::default();
    let flag = Arc::new(AtomicBool::new(true));
    let progress = Progress::none("vmdk2qcow2")
        .state_request(Arc::clone(&flag))
        .stderr(stderr.boxed());
    progress.print_state();
    progress.phase(Phase::Copy, "web\u{7}01");
    progress.print_state();
    progress.update(1 << 20, 8 << 20);
    assert!(!flag.load(Ordering::Relaxed));
    progress.update(2 << 20, 8 << 20);
    assert_eq!(
        stderr.text(),
        "vmdk2qcow2: starting\n\
         vmdk2qcow2: copy: web\\u{7}01\n\
         vmdk2qcow2: copy: web\\u{7}01: 12.50%, 1 MiB of 8 MiB\n"
    );
}

#[test]
fn without_progress_only_lines_for_people() {
    let stderr = Stream::default();
    let progress = Progress::none("v2v").stderr(stderr.boxed());
    progress.start("0.1.0");
    progress.phase(Phase::Copy, "sda");
    progress.update(1, 2);
    progress.finding(&finding());
    progress
        .lines(|stderr| writeln!(stderr, "v2v: note"))
        .unwrap();
    progress.finish(ExitStatus::Done);
    assert_eq!(stderr.text(), format!("{LINE}v2v: note\n"));
}

#[test]
fn a_reader_that_went_away_stops_nothing() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let progress = Progress::json("v2v", Box::new(Closed), false);
    progress.start("0.1.0");
    progress.phase(Phase::Copy, "sda");
    progress.update(1, 2);
    progress.finish(ExitStatus::Done);
}

#[cfg(target_os = "linux")]
#[test]
fn json_lines_go_to_a_descriptor() {
    use std::os::fd::AsRawFd as _;
    let file = tempfile::NamedTempFile::new().unwrap();
    let fd = u32::try_from(file.as_file().as_raw_fd()).unwrap();
    for args in [
        ProgressArgs {
            progress: None,
            progress_fd: Some(fd),
        },
        ProgressArgs {
            progress: Some(ProgressFormat::Json),
            progress_fd: Some(fd),
        },
    ] {
        args.open("v2v", false, true).unwrap().start("0.1.0");
    }
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(
        text,
        "{\"v\":1,\"type\":\"start\",\"program\":\"v2v\",\"version\":\"0.1.0\"}\n".repeat(2)
    );

    let missing = ProgressArgs {
        progress: None,
        progress_fd: Some(99_999),
    };
    assert_eq!(
        missing.open("v2v", false, true).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}
