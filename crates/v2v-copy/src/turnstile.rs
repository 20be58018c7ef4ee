//! Lets workers through one at a time, in the order of their tasks.

use std::sync::{Condvar, Mutex, PoisonError};

/// State that is touched in task order only.
#[derive(Debug)]
pub(crate) struct Turnstile<T> {
    inner: Mutex<Inner<T>>,
    turned: Condvar,
}

#[derive(Debug)]
struct Inner<T> {
    next: u64,
    closed: bool,
    state: T,
}

impl<T> Turnstile<T> {
    pub(crate) fn new(state: T) -> Turnstile<T> {
        Turnstile {
            inner: Mutex::new(Inner {
                next: 0,
                closed: false,
                state,
            }),
            turned: Condvar::new(),
        }
    }

    /// Waits for task `seq` to be next, runs `pass` on the state and lets the following task through.
    ///
    /// `None` if the turnstile was closed meanwhile. Tasks are handed to workers in order, so the next one is always in
    /// somebody's hands and the wait ends.
    pub(crate) fn pass<R>(&self, seq: u64, pass: impl FnOnce(&mut T) -> R) -> Option<R> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inner = self
            .turned
            .wait_while(inner, |inner| inner.next != seq && !inner.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if inner.closed {
            return None;
        }
        let result = pass(&mut inner.state);
        inner.next = inner.next.saturating_add(1);
        drop(inner);
        self.turned.notify_all();
        Some(result)
    }

    /// Wakes everybody; nobody passes any more.
    pub(crate) fn close(&self) {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.turned.notify_all();
    }

    /// The state when all have passed.
    pub(crate) fn into_state(self) -> T {
        self.inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn tasks_pass_in_order() {
        let turnstile = Turnstile::new(Vec::new());
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let seq = next.fetch_add(1, Ordering::Relaxed);
                        if seq >= 1000 {
                            break;
                        }
                        turnstile
                            .pass(seq, |order: &mut Vec<u64>| order.push(seq))
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(turnstile.into_state(), (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn closing_wakes_those_who_wait() {
        let turnstile = Turnstile::new(());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| turnstile.pass(5, |()| ()));
            turnstile.close();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
