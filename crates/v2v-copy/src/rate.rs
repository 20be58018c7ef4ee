//! A limit on bytes per second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a wait goes on without asking whether it is still wanted.
const NAP: Duration = Duration::from_millis(50);

/// Lets bytes pass at a given rate, over all threads; for [`crate::Hooks::admit`].
#[derive(Debug)]
pub struct RateLimit {
    bytes_per_second: u64,
    next: Mutex<Instant>,
}

impl RateLimit {
    /// A limit of `bytes_per_second`, at least 1.
    pub fn new(bytes_per_second: u64) -> RateLimit {
        RateLimit {
            bytes_per_second: bytes_per_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// How long to wait before `bytes` may pass, counted from `now`; they count as passed from then on.
    pub fn delay(&self, bytes: u64, now: Instant) -> Duration {
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let start = (*next).max(now);
        *next = start.checked_add(cost).unwrap_or(start);
        start.saturating_duration_since(now)
    }

    /// Blocks until `bytes` may pass, or until `cancelled` says that nobody waits for them any more.
    pub fn admit(&self, bytes: u64, cancelled: impl Fn() -> bool) {
        let mut left = self.delay(bytes, Instant::now());
        while !left.is_zero() && !cancelled() {
            let nap = left.min(NAP);
            std::thread::sleep(nap);
            left = left.saturating_sub(nap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_nobody_wants_it_any_more() {
        let limit = RateLimit::new(1);
        limit.admit(1 << 40, || panic!("the first bytes pass at once"));
        let asked = std::cell::Cell::new(0);
        limit.admit(1, || asked.replace(asked.get() + 1) == 2);
        assert_eq!(asked.get(), 3);
    }

    #[test]
    fn bytes_are_spread_over_time() {
        let now = Instant::now();
        let limit = RateLimit {
            bytes_per_second: 1000,
            next: Mutex::new(now),
        };
        assert_eq!(limit.delay(500, now), Duration::ZERO);
        assert_eq!(limit.delay(1000, now), Duration::from_millis(500));
        assert_eq!(limit.delay(1, now), Duration::from_millis(1500));
        let later = now + Duration::from_secs(60);
        assert_eq!(
            limit.delay(1, later),
            Duration::ZERO,
            "a pause is not saved up"
        );
        assert_eq!(limit.delay(1, later), Duration::from_millis(1));
    }
}
