//! Grain tables in memory, shared by all extents of a disk.
//!
//! The lock is held for a look into a map only: tables are read from the file and grains decompressed without it. Two
//! threads may thus load the same table at once, which is cheaper than one waiting for the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of the extent and number of the table in it.
pub(crate) type Key = (u32, u32);

/// The bytes of one grain table as they stand in the file, cut to the entries that count.
pub(crate) type Table = Arc<[u8]>;

/// Second chance (clock): a table that was used since the hand last came by stays.
#[derive(Debug)]
pub(crate) struct TableCache {
    budget: usize,
    clock: Mutex<Clock>,
}

#[derive(Debug, Default)]
struct Clock {
    places: HashMap<Key, usize>,
    slots: Vec<Slot>,
    hand: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    table: Table,
    used: bool,
}

impl TableCache {
    /// A cache for at most `budget` bytes of tables.
    pub(crate) fn new(budget: usize) -> TableCache {
        TableCache {
            budget,
            clock: Mutex::default(),
        }
    }

    /// Bytes that tables loaded together may have without throwing each other out.
    pub(crate) fn batch_bytes(&self) -> u64 {
        (self.budget / 8) as u64
    }

    pub(crate) fn get(&self, key: Key) -> Option<Table> {
        let mut clock = self.lock();
        let at = *clock.places.get(&key)?;
        let slot = clock.slots.get_mut(at)?;
        slot.used = true;
        Some(Arc::clone(&slot.table))
    }

    /// Keeps `table`, unless it alone is larger than the cache.
    pub(crate) fn put(&self, key: Key, table: Table) {
        if table.len() > self.budget {
            return;
        }
        let mut clock = self.lock();
        if clock.places.contains_key(&key) {
            return;
        }
        while clock.bytes.saturating_add(table.len()) > self.budget && clock.evict() {}
        clock.insert(key, table);
    }

    fn lock(&self) -> MutexGuard<'_, Clock> {
        // A panic elsewhere can't leave the clock half changed in a way that matters: all it holds are copies.
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    fn insert(&mut self, key: Key, table: Table) {
        self.bytes = self.bytes.saturating_add(table.len());
        self.places.insert(key, self.slots.len());
        // Not marked as used: of tables loaded ahead those nobody asked for go first.
        self.slots.push(Slot {
            key,
            table,
            used: false,
        });
    }

    /// Throws one table out; false if there is none.
    fn evict(&mut self) -> bool {
        // After one round every mark is gone, so the second finds a victim.
        for _ in 0..=self.slots.len() {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            match self.slots.get_mut(self.hand) {
                None => return false,
                Some(slot) if slot.used => {
                    slot.used = false;
                    self.hand = self.hand.saturating_add(1);
                }
                Some(_) => {
                    let slot = self.slots.swap_remove(self.hand);
                    self.places.remove(&slot.key);
                    if let Some(moved) = self.slots.get(self.hand) {
                        self.places.insert(moved.key, self.hand);
                    }
                    self.bytes = self.bytes.saturating_sub(slot.table.len());
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(fill: u8, len: usize) -> Table {
        vec![fill; len].into()
    }

    #[test]
    fn a_used_table_outlives_an_unused_one() {
        let cache = TableCache::new(30);
        for n in 0..3 {
            cache.put((0, n), table(n as u8, 10));
        }
        assert!(cache.get((0, 0)).is_some());
        cache.put((1, 9), table(9, 10));
        assert_eq!(cache.get((0, 0)).unwrap()[0], 0);
        assert_eq!(cache.get((1, 9)).unwrap()[0], 9);
        assert!(cache.get((0, 1)).is_none());
        assert!(cache.get((0, 2)).is_some());
    }

    #[test]
    fn the_budget_holds() {
        let cache = TableCache::new(100);
        for n in 0..1000 {
            cache.put((0, n), table(1, 1 + n as usize % 40));
            if n % 3 == 0 {
                cache.get((0, n));
            }
            let clock = cache.lock();
            let held: usize = clock.slots.iter().map(|slot| slot.table.len()).sum();
            assert_eq!(held, clock.bytes);
            assert!(held <= 100 && clock.places.len() == clock.slots.len());
            for (key, &at) in &clock.places {
                assert_eq!(clock.slots[at].key, *key);
            }
        }
        cache.put((0, 5000), table(1, 101));
        assert!(cache.get((0, 5000)).is_none());
    }
}
