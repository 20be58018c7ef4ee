//! How far the work is: a bar, qemu-img's `-p`, JSON lines, or a line on SIGUSR1.

mod args;
mod events;
mod speed;
mod view;

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use v2v_report::Finding;

use crate::ExitStatus;
use crate::line::{write_finding, write_line};

pub use args::{ProgressArgs, ProgressFormat};
use view::{Mode, View};

/// What a program is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Opening the source.
    Open,
    /// Looking for what speaks against the conversion.
    Precheck,
    /// Copying disks.
    Copy,
    /// Reading back.
    Verify,
    /// Changing the guest.
    Fix,
    /// Writing the domain.
    Xml,
    /// The end.
    Done,
}

impl Phase {
    /// The name in JSON lines and on the terminal.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Open => "open",
            Phase::Precheck => "precheck",
            Phase::Copy => "copy",
            Phase::Verify => "verify",
            Phase::Fix => "fix",
            Phase::Xml => "xml",
            Phase::Done => "done",
        }
    }
}

/// Between two outputs; so there are at most 4 per second.
const INTERVAL: Duration = Duration::from_millis(250);

/// No value yet, or never.
const NEVER: u64 = u64::MAX;

/// Tells how far the work is.
///
/// Any thread may call [`update`](Progress::update), as often as it likes: nearly all calls only store two numbers.
/// What is told must not stop the work, so errors of writing are dropped.
pub struct Progress {
    program: String,
    started: Instant,
    done: AtomicU64,
    total: AtomicU64,
    /// `done` at the first update of the phase; NEVER before it.
    base: AtomicU64,
    /// What must be reached before the next output: milliseconds since `started`, or hundredths of a percent.
    next: AtomicU64,
    pace: Pace,
    state_request: Option<Arc<AtomicBool>>,
    view: Mutex<View>,
}

/// When an update becomes an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Never,
    Time,
    Percent,
}

impl Progress {
    /// Tells nothing by itself.
    pub fn none(program: &str) -> Progress {
        Progress::new(program, Mode::Silent, Pace::Never)
    }

    /// A bar per phase on stderr, which has to be a terminal.
    pub fn bar(program: &str) -> Progress {
        Progress::new(program, Mode::Bar(None), Pace::Time)
    }

    /// qemu-img's `-p`: `    (12.34/100%)` and a carriage return, at every percent.
    pub fn percent(program: &str, out: Box<dyn Write + Send>) -> Progress {
        Progress::new(program, Mode::Percent { out, last: None }, Pace::Percent)
    }

    /// One JSON object per line. With `on_stderr` the lines for people are left out there.
    pub fn json(program: &str, out: Box<dyn Write + Send>, on_stderr: bool) -> Progress {
        Progress::new(
            program,
            Mode::Json {
                out,
                on_stderr,
                last: None,
            },
            Pace::Time,
        )
    }

    fn new(program: &str, mode: Mode, pace: Pace) -> Progress {
        Progress {
            program: program.to_owned(),
            started: Instant::now(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            base: AtomicU64::new(NEVER),
            next: AtomicU64::new(0),
            pace,
            state_request: None,
            view: Mutex::new(View::new(mode)),
        }
    }

    /// Tells the state on stderr whenever `flag` is found set, and unsets it;
    /// see [`Signals::state_request`](crate::Signals::state_request).
    #[must_use]
    pub fn state_request(self, flag: Arc<AtomicBool>) -> Progress {
        Progress {
            state_request: Some(flag),
            ..self
        }
    }

    /// The same with `stderr` in place of the process's, for the lines for people.
    #[must_use]
    pub fn stderr(self, stderr: Box<dyn Write + Send>) -> Progress {
        self.view().stderr = stderr;
        self
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program of this version begins.
    pub fn start(&self, version: &str) {
        self.view().start(&self.program, version);
    }

    /// A phase begins; `subject` is the disk or file it is about, or empty.
    pub fn phase(&self, phase: Phase, subject: &str) {
        let mut view = self.view();
        self.last_of_phase(&mut view);
        self.done.store(0, Relaxed);
        self.total.store(0, Relaxed);
        self.base.store(NEVER, Relaxed);
        view.phase(phase, subject, self.started.elapsed());
        self.next.store(0, Relaxed);
    }

    /// `done` of `total` bytes of the phase are done. A smaller `done` than an earlier one is a thread that comes late,
    /// and is ignored.
    pub fn update(&self, done: u64, total: u64) {
        if self.base.load(Relaxed) == NEVER {
            // Work that was there before the phase began is not part of its speed.
            let _ = self.base.compare_exchange(NEVER, done, Relaxed, Relaxed);
        }
        let done = self.done.fetch_max(done, Relaxed).max(done);
        self.total.store(total, Relaxed);
        if self
            .state_request
            .as_ref()
            .is_some_and(|flag| flag.load(Relaxed) && flag.swap(false, Relaxed))
        {
            self.print_state();
        }
        let (now, interval) = match self.pace {
            Pace::Never => return,
            Pace::Time => (millis(self.started.elapsed()), millis(INTERVAL)),
            Pace::Percent => (hundredths(done, total), 100),
        };
        let next = self.next.load(Relaxed);
        // 100 % is told even if less than a percent is new.
        let due = now >= next || (self.pace == Pace::Percent && now == 10_000 && next != NEVER);
        if !due {
            return;
        }
        let after = if self.pace == Pace::Percent && now == 10_000 {
            NEVER
        } else {
            now.saturating_add(interval)
        };
        if self
            .next
            .compare_exchange(next, after, Relaxed, Relaxed)
            .is_ok()
        {
            self.emit(&mut self.view());
        }
    }

    fn emit(&self, view: &mut View) {
        let base = self.base.load(Relaxed);
        if base != NEVER {
            let (done, total) = (self.done.load(Relaxed), self.total.load(Relaxed));
            view.progress(base, done, total, self.started.elapsed());
        }
    }

    fn last_of_phase(&self, view: &mut View) {
        self.emit(view);
        view.end_phase();
    }

    /// Writes one line about the state to stderr, as SIGUSR1 does; a JSON line if those go there.
    pub fn print_state(&self) {
        let mut view = self.view();
        if view.json_on_stderr() {
            return self.emit(&mut view);
        }
        let base = match self.base.load(Relaxed) {
            NEVER => 0,
            base => base,
        };
        let line = view.state(
            base,
            self.done.load(Relaxed),
            self.total.load(Relaxed),
            self.started.elapsed(),
        );
        let _ = view.lines(|stderr| write_line(stderr, &self.program, &line));
    }

    /// Tells a finding: as a line on stderr, which a bar makes room for, or as an object among the JSON lines.
    pub fn finding(&self, finding: &Finding) {
        let mut view = self.view();
        if view.finding(finding) {
            let _ = view.lines(|stderr| write_finding(stderr, &self.program, finding));
        }
    }

    /// Writes lines for people to stderr; a bar makes room for them. If JSON lines go to stderr they are still written.
    ///
    /// # Errors
    ///
    /// What `write` returns.
    pub fn lines(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        self.view().lines(write)
    }

    /// The program ends: finishes the last line and tells the end.
    pub fn finish(&self, status: ExitStatus) {
        let mut view = self.view();
        self.last_of_phase(&mut view);
        view.finish(status);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("pace", &self.pace)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

/// How much of `total` is done, in hundredths of a percent, rounded down.
fn hundredths(done: u64, total: u64) -> u64 {
    let part = u128::from(done.min(total))
        .saturating_mul(10_000)
        .checked_div(u128::from(total));
    part.and_then(|part| u64::try_from(part).ok())
        .unwrap_or(10_000)
}
