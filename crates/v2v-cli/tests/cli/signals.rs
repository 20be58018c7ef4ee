//! Signals that end a process; so each case is a process of its own, this test binary started again.

use std::process::{Command, ExitStatus, Stdio};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::raise;
use v2v_cli::Signals;

const CASE: &str = "V2V_CLI_SIGNAL_CASE";

fn run(case: &str) -> ExitStatus {
    let program = std::env::current_exe().unwrap();
    let mut command = match case {
        "nohup" => {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
                .arg(program);
            shell
        }
        _ => Command::new(program),
    };
    command
        .args(["--exact", "signals::child"])
        .env(CASE, case)
        .stdout(Stdio::null())
        .status()
        .unwrap()
}

/// The process of a case; nothing if it is run as a test.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let signals = Signals::install().unwrap();
    let code = match case.as_str() {
        "once" => {
            raise(SIGTERM).unwrap();
            assert!(signals.cancelled());
            i32::from(signals.exit_status().unwrap().code())
        }
        "twice" => {
            raise(SIGINT).unwrap();
            assert!(signals.cancelled());
            raise(SIGINT).unwrap();
            1
        }
        "nohup" => {
            raise(SIGHUP).unwrap();
            i32::from(signals.cancelled())
        }
        other => panic!("case {other}"),
    };
    std::process::exit(code);
}

#[test]
fn the_first_signal_lets_the_program_clean_up() {
    assert_eq!(run("once").code(), Some(143));
}

#[test]
fn the_second_interrupt_ends_it_at_once() {
    assert_eq!(run("twice").code(), Some(130));
}

#[test]
fn nohup_is_respected() {
    assert_eq!(run("nohup").code(), Some(0));
}
