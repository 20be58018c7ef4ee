//! Runs that are ended from outside, at any point.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use v2v_testkit::disk::{Content, Rng};

use crate::disks::{SPARSE, disk};
use crate::place::{MIB, Place, assert_same};

fn content() -> Content {
    Content::full(1, 4 * MIB)
}

/// A run that takes 4 seconds, begun.
fn start(place: &Place, options: &[&str]) -> Child {
    let mut command =
        place.command([options, &["-r", "1M", "-m", "2", "disk.vmdk", "out"]].concat());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let began = Instant::now();
    while !place.path(".out.part").exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "no .part file");
        thread::sleep(Duration::from_millis(1));
    }
    child
}

fn send(child: &Child, signal: &str) {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$0\" \"$1\"", signal])
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_killed_run_leaves_no_target_and_can_be_repeated() {
    let place = Place::new();
    disk(&place, SPARSE, &content());
    let mut rng = Rng::new(1);
    for options in [&[] as &[&str], &["-c"], &["-O", "raw"]] {
        for _ in 0..2 {
            let mut child = start(&place, options);
            thread::sleep(Duration::from_millis(rng.below(700)));
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().signal(), Some(9));
            assert_eq!(place.names(), [".out.part", "disk.vmdk"], "{options:?}");
        }
    }
    place.convert(&["-q", "-O", "raw", "disk.vmdk", "out"]);
    assert_same("out", &place.read("out"), &content().to_vec());
    assert_eq!(place.names(), ["disk.vmdk", "out"]);
}

#[test]
fn a_killed_run_keeps_what_it_would_have_replaced() {
    let place = Place::new();
    disk(&place, SPARSE, &content());
    place.write("out", "precious");
    let mut child = start(&place, &["--force"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.read("out"), b"precious");
}

#[test]
fn signals_that_ask_to_stop_leave_nothing() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let place = Place::new();
        disk(&place, SPARSE, &content());
        let child = start(&place, &["--report", "../report.json"]);
        thread::sleep(Duration::from_millis(100));
        send(&child, signal);
        let sent = Instant::now();
        let run = place.wait(child, Vec::new());
        assert_eq!((run.code, run.signal), (Some(code), None), "{}", run.err);
        assert!(
            sent.elapsed() < Duration::from_secs(2),
            "SIG{signal}: {:?}",
            sent.elapsed()
        );
        assert_eq!(run.err, "", "the shell says what ended it");
        assert_eq!(place.names(), ["disk.vmdk"]);
        let report: serde_json::Value =
            serde_json::from_slice(&place.read("../report.json")).unwrap();
        assert_eq!(report["result"], "failed");
        assert_eq!(report["exit_code"], code);
    }
}

#[test]
fn sigusr1_prints_the_state() {
    let place = Place::new();
    disk(&place, SPARSE, &content());
    let mut child = start(&place, &["-q"]);
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(300));
        send(&child, "USR1");
    }
    thread::sleep(Duration::from_millis(700));
    child.kill().unwrap();
    let run = place.wait(child, Vec::new());
    let states: Vec<&str> = run.err.lines().collect();
    assert!(!states.is_empty(), "no state was printed");
    for state in states {
        assert!(
            state.starts_with("vmdk2qcow2: copy: disk.vmdk: ") && state.contains("of 4 MiB"),
            "{state}"
        );
    }
}

#[test]
fn two_runs_do_not_share_a_target() {
    let place = Place::new();
    disk(&place, SPARSE, &content());
    let mut child = start(&place, &[]);
    let run = place.run(&["disk.vmdk", "out"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(
        run.err,
        "vmdk2qcow2: .out.part: cannot create: another run is writing this target\n"
    );
    assert_eq!(place.names(), [".out.part", "disk.vmdk"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What appears under the target's name while the copy runs is not overwritten.
#[test]
fn a_target_that_appears_meanwhile_is_kept() {
    let place = Place::new();
    disk(&place, SPARSE, &Content::full(1, MIB));
    let child = start(&place, &[]);
    place.write("out", "precious");
    let run = place.wait(child, Vec::new());
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(
        run.err,
        "vmdk2qcow2: out: cannot rename the finished file to: File exists (os error 17)\n"
    );
    assert_eq!(place.read("out"), b"precious");
    assert_eq!(place.names(), ["disk.vmdk", "out"]);
}
