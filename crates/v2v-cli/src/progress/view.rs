//! What is written, where and in which form.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde::Serialize;
use v2v_report::Finding;

use super::events::{Event, Line};
use super::speed::{Speed, seconds_left};
use super::{NEVER, Phase, hundredths};
use crate::ExitStatus;
use crate::line::printable;
use crate::size::human_size;

const BAR: &str = "{prefix} [{wide_bar}] {numbers}";

pub(super) enum Mode {
    Silent,
    Bar(Option<ProgressBar>),
    Percent {
        out: Box<dyn Write + Send>,
        /// What was told last in this phase.
        last: Option<(u64, u64)>,
    },
    Json {
        out: Box<dyn Write + Send>,
        on_stderr: bool,
        /// What was told last in this phase.
        last: Option<(u64, u64)>,
    },
}

pub(super) struct View {
    mode: Mode,
    phase: Option<Phase>,
    subject: String,
    speed: Speed,
    begun: Duration,
    /// What the bar reads when it draws; NEVER if not known.
    shown_rate: Arc<AtomicU64>,
    pub(super) stderr: Box<dyn Write + Send>,
}

impl View {
    pub(super) fn new(mode: Mode) -> View {
        View {
            mode,
            phase: None,
            subject: String::new(),
            speed: Speed::default(),
            begun: Duration::ZERO,
            shown_rate: Arc::new(AtomicU64::new(NEVER)),
            stderr: Box::new(io::stderr()),
        }
    }

    pub(super) fn start(&mut self, program: &str, version: &str) {
        if let Mode::Json { out, .. } = &mut self.mode {
            json(out, Event::Start { program, version });
        }
    }

    pub(super) fn phase(&mut self, phase: Phase, subject: &str, now: Duration) {
        self.phase = Some(phase);
        self.subject = subject.to_owned();
        self.begun = now;
        self.speed = Speed::default();
        if let Mode::Json { out, .. } = &mut self.mode {
            json(
                out,
                Event::Phase {
                    phase: phase.name(),
                    subject,
                },
            );
        }
    }

    fn phase_name(&self) -> &'static str {
        self.phase.map_or("", Phase::name)
    }

    /// The phase and what it is about, for people.
    fn title(&self) -> String {
        [self.phase_name(), &self.subject]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }

    fn rate(&mut self, base: u64, done: u64, now: Duration) -> Option<u64> {
        if self.speed.is_empty() {
            self.speed.begin(self.begun, base);
        }
        self.speed.rate(now, done)
    }

    pub(super) fn progress(&mut self, base: u64, done: u64, total: u64, now: Duration) {
        let rate = self.rate(base, done, now);
        self.speed.note(now, done);
        let title = self.title();
        let phase = self.phase_name();
        match &mut self.mode {
            Mode::Silent => {}
            Mode::Bar(bar) => {
                let bar =
                    bar.get_or_insert_with(|| new_bar(&title, total, Arc::clone(&self.shown_rate)));
                self.shown_rate.store(rate.unwrap_or(NEVER), Relaxed);
                bar.update(|state| {
                    state.set_len(total);
                    state.set_pos(done);
                });
                // Only now: the first drawing is to have the numbers.
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.tick();
                }
            }
            Mode::Percent { out, last } => {
                if *last != Some((done, total)) {
                    *last = Some((done, total));
                    // Rounded to the nearest, as printf's %.2f does there.
                    let percent = if total == 0 {
                        100.0
                    } else {
                        done.min(total) as f64 * 100.0 / total as f64
                    };
                    let _ = write!(out, "    ({percent:.2}/100%)\r").and_then(|()| out.flush());
                }
            }
            Mode::Json { out, last, .. } => {
                if *last != Some((done, total)) {
                    *last = Some((done, total));
                    let eta_s = seconds_left(done, total, rate);
                    let subject = &self.subject;
                    json(
                        out,
                        Event::Progress {
                            phase,
                            subject,
                            done,
                            total,
                            unit: "bytes",
                            rate,
                            eta_s,
                        },
                    );
                }
            }
        }
    }

    pub(super) fn end_phase(&mut self) {
        match &mut self.mode {
            Mode::Silent => {}
            // Not finish(): a phase that failed is not full.
            Mode::Bar(bar) => {
                if let Some(bar) = bar.take() {
                    bar.abandon();
                }
            }
            Mode::Percent { out, last } => {
                if last.take().is_some() {
                    let _ = out.write_all(b"\n").and_then(|()| out.flush());
                }
            }
            Mode::Json { last, .. } => *last = None,
        }
    }

    /// Whether stderr is for programs.
    pub(super) fn json_on_stderr(&self) -> bool {
        matches!(
            self.mode,
            Mode::Json {
                on_stderr: true,
                ..
            }
        )
    }

    /// The state as a line.
    pub(super) fn state(&mut self, base: u64, done: u64, total: u64, now: Duration) -> String {
        let title = self.title();
        if title.is_empty() {
            return "starting".to_owned();
        }
        if total == 0 && done == 0 {
            return title;
        }
        let rate = self.rate(base, done, now);
        format!("{title}: {}", numbers(done, total, rate))
    }

    /// Tells a finding to programs; returns whether people are to get a line.
    pub(super) fn finding(&mut self, finding: &Finding) -> bool {
        match &mut self.mode {
            Mode::Json { out, on_stderr, .. } => {
                json(out, Event::Finding(finding));
                !*on_stderr
            }
            _ => true,
        }
    }

    pub(super) fn lines(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let stderr = &mut self.stderr;
        match &self.mode {
            Mode::Bar(Some(bar)) => bar.suspend(|| write(stderr)),
            _ => write(stderr),
        }
    }

    pub(super) fn finish(&mut self, status: ExitStatus) {
        if let Mode::Json { out, .. } = &mut self.mode {
            json(
                out,
                Event::End {
                    result: status.outcome(),
                    exit_code: status.code(),
                },
            );
        }
    }
}

/// A bar that is not shown yet.
fn new_bar(title: &str, total: u64, rate: Arc<AtomicU64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
    // The template is a constant that the tests try.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        // One update draws all of it; a message would be a second one.
        let key = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let rate = Some(rate.load(Relaxed)).filter(|&rate| rate != NEVER);
            let _ = out.write_str(&numbers(state.pos(), state.len().unwrap_or_default(), rate));
        };
        bar.set_style(style.progress_chars("=> ").with_key("numbers", key));
    }
    bar.set_prefix(printable(title).into_owned());
    bar
}

/// `12.34%, 1.2 GiB of 4 GiB, 105 MiB/s, 0:27 left`.
fn numbers(done: u64, total: u64, rate: Option<u64>) -> String {
    let percent = hundredths(done, total);
    let (whole, part) = (percent / 100, percent % 100);
    let mut text = format!(
        "{whole}.{part:02}%, {} of {}",
        human_size(done),
        human_size(total)
    );
    if let Some(rate) = rate {
        text.push_str(&format!(", {}/s", human_size(rate)));
    }
    if let Some(seconds) = seconds_left(done, total, rate).filter(|&seconds| seconds > 0) {
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        text.push_str(&match hours {
            0 => format!(", {minutes}:{seconds:02} left"),
            _ => format!(", {hours}:{minutes:02}:{seconds:02} left"),
        });
    }
    text
}

/// Writes one event as one line in one call; nobody reading it is no reason to stop.
fn json(out: &mut Box<dyn Write + Send>, event: Event<'_>) {
    fn line(event: impl Serialize) -> Option<Vec<u8>> {
        let mut line = serde_json::to_vec(&event).ok()?;
        line.push(b'\n');
        Some(line)
    }
    if let Some(line) = line(Line::new(event)) {
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(numbers(0, 0, None), "100.00%, 0 B of 0 B");
        assert_eq!(numbers(1 << 29, 4 << 30, None), "12.50%, 512 MiB of 4 GiB");
        assert_eq!(
            numbers(1 << 29, 4 << 30, Some(100 << 20)),
            "12.50%, 512 MiB of 4 GiB, 100 MiB/s, 0:36 left"
        );
        assert_eq!(
            numbers(0, 4 << 40, Some(1 << 30)),
            "0.00%, 0 B of 4 TiB, 1 GiB/s, 1:08:16 left"
        );
    }

    #[test]
    fn the_template_of_the_bar_is_right() {
        ProgressStyle::with_template(BAR).unwrap();
        let bar = new_bar("copy: a\u{1b}b", 0, Arc::default());
        assert_eq!(bar.prefix(), "copy: a\\u{1b}b");
    }
}
