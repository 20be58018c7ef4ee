//! Signals: stop cleanly, and tell the state.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;

use crate::ExitStatus;

/// The signals a program has received.
///
/// SIGINT, SIGTERM and SIGHUP set a flag that the work looks at; the program cleans up and ends with
/// [`exit_status`](Signals::exit_status). A second SIGINT or SIGTERM ends it at once. SIGUSR1 asks for the state, which
/// [`Progress`](crate::Progress) gives. Signals that were ignored when the program began (`nohup`) stay ignored.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    cancel: Arc<AtomicBool>,
    number: Arc<AtomicUsize>,
    state: Arc<AtomicBool>,
}

impl Signals {
    /// Takes the signals over. To be called once, by the program.
    ///
    /// # Errors
    ///
    /// If the system refuses a signal action.
    pub fn install() -> io::Result<Signals> {
        let signals = Signals::default();
        let ignored = ignored_signals();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored(signal) {
                continue;
            }
            // Actions run in the order of registration: the first signal finds the flag unset and sets it.
            if signal != SIGHUP {
                let status = i32::from(ExitStatus::Signal(signal).code());
                flag::register_conditional_shutdown(signal, status, Arc::clone(&signals.cancel))?;
            }
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&signals.number), number)?;
            flag::register(signal, Arc::clone(&signals.cancel))?;
        }
        flag::register(SIGUSR1, Arc::clone(&signals.state))?;
        Ok(signals)
    }

    /// Set as soon as the program is to end.
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancel)
    }

    /// Whether the program is to end.
    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// The number of the signal that ends the program.
    pub fn signal(&self) -> Option<i32> {
        match self.number.load(Ordering::SeqCst) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// How a program ends that a signal stopped; `None` if none did.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.signal().map(ExitStatus::Signal)
    }

    /// Set by SIGUSR1; whoever tells the state unsets it.
    pub fn state_request(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.state)
    }
}

/// Tells the signals that are ignored now. The call for it needs unsafe code; /proc has it as text.
fn ignored_signals() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = parse_ignored(&status);
    move |signal| {
        // Bit 0 is signal 1.
        let bit = u32::try_from(signal)
            .ok()
            .and_then(|signal| signal.checked_sub(1));
        bit.and_then(|bit| mask.checked_shr(bit))
            .is_some_and(|mask| mask & 1 == 1)
    }
}

fn parse_ignored(status: &str) -> u64 {
    let hex = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    hex.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals() {
        assert_eq!(
            parse_ignored("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t1\n"),
            0x1001
        );
        assert_eq!(parse_ignored(""), 0);
        // Rust's start-up code ignores SIGPIPE (13).
        assert!(ignored_signals()(13));
        assert!(!ignored_signals()(SIGUSR1));
    }

    // The tests of one binary share a process, so this is the only one that raises signals.
    #[test]
    fn signals_set_flags() {
        let signals = Signals::install().unwrap();
        assert!(!signals.cancelled());
        assert_eq!(signals.exit_status(), None);

        signal_hook::low_level::raise(SIGUSR1).unwrap();
        assert!(signals.state_request().swap(false, Ordering::Relaxed));
        assert!(!signals.cancelled());

        signal_hook::low_level::raise(SIGHUP).unwrap();
        assert!(signals.cancelled());
        assert!(signals.cancel_flag().load(Ordering::Relaxed));
        assert_eq!(signals.exit_status().unwrap().code(), 129);
    }
}
