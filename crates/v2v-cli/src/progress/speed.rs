//! How fast it goes, and how long it will take.

use std::collections::VecDeque;
use std::time::Duration;

/// The time over which the speed is taken: long enough to be calm, short enough to follow a change from holes to data.
const WINDOW: Duration = Duration::from_secs(10);

/// Below this a speed is a guess.
const SHORTEST: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
pub(super) struct Speed {
    samples: VecDeque<(Duration, u64)>,
}

impl Speed {
    /// Work begins at `now` with `done` bytes done already.
    pub(super) fn begin(&mut self, now: Duration, done: u64) {
        self.samples.clear();
        self.samples.push_back((now, done));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Notes a sample.
    pub(super) fn note(&mut self, now: Duration, done: u64) {
        // One sample older than the window stays, so that the window is covered.
        while self
            .samples
            .get(1)
            .is_some_and(|&(time, _)| now.saturating_sub(time) >= WINDOW)
        {
            self.samples.pop_front();
        }
        self.samples.push_back((now, done));
    }

    /// Bytes per second up to `now`, when `done` bytes are done; `None` if it is too early to tell.
    pub(super) fn rate(&self, now: Duration, done: u64) -> Option<u64> {
        let &(time, before) = self.samples.front()?;
        let elapsed = now.saturating_sub(time);
        if elapsed < SHORTEST {
            return None;
        }
        Some((done.saturating_sub(before) as f64 / elapsed.as_secs_f64()) as u64)
    }
}

/// Seconds left, rounded up; `None` if nothing moves.
pub(super) fn seconds_left(done: u64, total: u64, rate: Option<u64>) -> Option<u64> {
    let rate = rate.filter(|&rate| rate > 0)?;
    Some(total.saturating_sub(done).div_ceil(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut speed = Speed::default();
        assert_eq!(speed.rate(S(1), 1), None);
        speed.begin(S(5), 1000);
        assert_eq!(speed.rate(S(5), 1000), None, "too early");
        assert_eq!(speed.rate(S(7), 3000), Some(1000));
        for second in 6..=60 {
            let done = if second <= 30 {
                1000 * second
            } else {
                30_000 + 10 * (second - 30)
            };
            speed.note(S(second), done);
        }
        assert_eq!(speed.rate(S(60), 30_300), Some(10));
        assert!(speed.samples.len() <= 12);
    }

    #[test]
    fn time_left() {
        assert_eq!(seconds_left(0, 100, Some(30)), Some(4));
        assert_eq!(seconds_left(100, 100, Some(30)), Some(0));
        assert_eq!(seconds_left(0, 100, Some(0)), None);
        assert_eq!(seconds_left(0, 100, None), None);
    }
}
