//! The list of what could not be read.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// More separate ranges than this are joined with their neighbours: a list nobody reads must not fill the memory.
const MAX_RANGES: usize = 10_000;

/// Collects unreadable guest ranges from all workers.
#[derive(Debug, Default)]
pub(crate) struct Unreadable {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ranges: Vec<Range<u64>>,
    first: Option<(u64, String)>,
}

impl Unreadable {
    pub(crate) fn add(&self, range: Range<u64>, error: &v2v_disk::Error) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.first.as_ref().is_none_or(|(at, _)| range.start < *at) {
            inner.first = Some((range.start, error.to_string()));
        }
        inner.ranges.push(range);
        if inner.ranges.len() > 2 * MAX_RANGES {
            let ranges = std::mem::take(&mut inner.ranges);
            inner.ranges = join(ranges);
        }
    }

    /// The ranges, ascending and apart, and the error of the lowest.
    pub(crate) fn finish(self) -> (Vec<Range<u64>>, Option<String>) {
        let inner = self
            .inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        (join(inner.ranges), inner.first.map(|(_, text)| text))
    }
}

fn join(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut gap = 0;
    loop {
        let mut joined: Vec<Range<u64>> = Vec::new();
        for range in &ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end.saturating_add(gap) => {
                    last.end = last.end.max(range.end)
                }
                _ => joined.push(range.clone()),
            }
        }
        if joined.len() <= MAX_RANGES {
            return joined;
        }
        ranges = joined;
        gap = gap.max(32 << 10).saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_join_and_the_list_is_bounded() {
        assert_eq!(join(vec![8..10, 0..4, 4..6]), [0..6, 8..10]);
        let many = (0..50_000u64).map(|i| i << 20..(i << 20) + 512).collect();
        let few = join(many);
        assert!(few.len() <= MAX_RANGES);
        assert_eq!(
            (few[0].start, few[few.len() - 1].end),
            (0, (49_999 << 20) + 512)
        );
    }
}
