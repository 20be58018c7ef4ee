//! Slices of L2 tables that many threads share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A slice of an L2 table, as numbers.
pub(crate) type Slice = Arc<[u64]>;

/// What a slice costs beside its words, roughly.
const OVERHEAD: usize = 64;

/// Slices by their offset in the image file, in bounded memory.
///
/// There are two generations. A slice that is used moves to the young one; when that is full it becomes the old one,
/// and what was in the old one is forgotten. That is near enough to least recently used and costs the same for 2 slices
/// and for 4000.
#[derive(Debug)]
pub(crate) struct SliceCache {
    /// Slices in one generation.
    capacity: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, Slice>,
    old: HashMap<u64, Slice>,
}

impl SliceCache {
    /// A cache that holds as many slices of `slice_bytes` as go into `bytes`, and two at least.
    pub(crate) fn new(bytes: usize, slice_bytes: usize) -> SliceCache {
        let both = bytes
            .checked_div(slice_bytes.saturating_add(OVERHEAD))
            .unwrap_or(0);
        SliceCache {
            capacity: (both / 2).max(1),
            generations: Mutex::default(),
        }
    }

    /// The slice at `offset`, or what `load` brings; nothing is locked while it loads.
    pub(crate) fn get_or_load<E>(
        &self,
        offset: u64,
        load: impl FnOnce() -> Result<Slice, E>,
    ) -> Result<Slice, E> {
        if let Some(slice) = self.get(offset) {
            return Ok(slice);
        }
        // Two threads may load the same slice; that is rare and costs less than making one wait.
        let slice = load()?;
        self.lock().put(offset, slice.clone(), self.capacity);
        Ok(slice)
    }

    fn get(&self, offset: u64) -> Option<Slice> {
        let mut generations = self.lock();
        if let Some(slice) = generations.young.get(&offset) {
            return Some(slice.clone());
        }
        let slice = generations.old.remove(&offset)?;
        generations.put(offset, slice.clone(), self.capacity);
        Some(slice)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn put(&mut self, offset: u64, slice: Slice, capacity: usize) {
        if self.young.len() >= capacity && !self.young.contains_key(&offset) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(offset, slice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for slices in turn and returns those that had to be loaded.
    fn loads(cache: &SliceCache, offsets: &[u64]) -> Vec<u64> {
        let mut loaded = Vec::new();
        for &offset in offsets {
            let slice = cache.get_or_load(offset, || {
                loaded.push(offset);
                Ok::<_, ()>(Arc::from([offset]))
            });
            assert_eq!(*slice.unwrap(), [offset]);
        }
        loaded
    }

    #[test]
    fn what_is_used_stays() {
        let cache = SliceCache::new(4 * (8 + OVERHEAD), 8);
        assert_eq!(loads(&cache, &[1, 1, 2, 1, 2]), [1, 2]);
        assert_eq!(
            loads(&cache, &[3, 1, 4, 1, 5, 1, 6, 1, 7, 1]),
            [3, 4, 5, 6, 7]
        );
        assert_eq!(loads(&cache, &[2]), [2], "long unused");
    }

    #[test]
    fn memory_is_bounded() {
        let cache = SliceCache::new(10 * (8 + OVERHEAD), 8);
        loads(&cache, &(0..1000).collect::<Vec<_>>());
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= 10);
    }

    #[test]
    fn a_failed_load_is_not_kept() {
        let cache = SliceCache::new(0, 8);
        assert_eq!(
            cache.get_or_load(1, || Err("broken")).unwrap_err(),
            "broken"
        );
        assert_eq!(loads(&cache, &[1, 1]), [1]);
    }
}
