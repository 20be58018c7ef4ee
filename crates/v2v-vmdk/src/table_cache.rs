//! Grain tables in memory, shared by all extents of a disk.
//!
//! The lock is held for a look into a map only: tables are read from the file and grains decompressed without it. Two
//! threads may thus load the same table at once, which is cheaper than one waiting for the other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of the extent and number of the table in it.
pub(crate) type Key = (u32, u32);

/// The bytes of one grain table as they stand in the file, cut to the entries that count.
pub(crate) type Table = Arc<[u8]>;

/// What keeping a table costs beside its bytes: its place in the list and in the map, and the allocator. A hostile image
/// has tables of a single entry.
const OVERHEAD: usize = 128;

/// Second chance: a table that was used since it was last looked at stays.
#[derive(Debug)]
pub(crate) struct TableCache {
    budget: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    tables: HashMap<Key, Slot>,
    /// The tables' keys, the one to be looked at first in front.
    queue: VecDeque<Key>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    table: Table,
    used: bool,
}

impl TableCache {
    /// A cache for at most `budget` bytes of tables and what keeping them takes.
    pub(crate) fn new(budget: usize) -> TableCache {
        TableCache {
            budget,
            held: Mutex::default(),
        }
    }

    /// Bytes that tables loaded together may have without throwing each other out.
    pub(crate) fn batch_bytes(&self) -> u64 {
        (self.budget / 8) as u64
    }

    pub(crate) fn get(&self, key: Key) -> Option<Table> {
        let mut held = self.lock();
        let slot = held.tables.get_mut(&key)?;
        slot.used = true;
        Some(Arc::clone(&slot.table))
    }

    /// Keeps `table`, unless it alone is larger than the cache.
    pub(crate) fn put(&self, key: Key, table: Table) {
        let cost = cost(&table);
        if cost > self.budget {
            return;
        }
        let mut held = self.lock();
        if held.tables.contains_key(&key) {
            return;
        }
        while held.bytes.saturating_add(cost) > self.budget && held.evict() {}
        held.bytes = held.bytes.saturating_add(cost);
        held.queue.push_back(key);
        // Not marked as used: of tables loaded ahead those nobody asked for go first.
        held.tables.insert(key, Slot { table, used: false });
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // A panic elsewhere can't leave this half changed in a way that matters: all it holds are copies.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(table: &Table) -> usize {
    table.len().saturating_add(OVERHEAD)
}

impl Held {
    /// Throws one table out; false if there is none. Every mark is gone after one round, so the second finds a victim.
    fn evict(&mut self) -> bool {
        while let Some(key) = self.queue.pop_front() {
            match self.tables.get_mut(&key) {
                Some(slot) if slot.used => {
                    slot.used = false;
                    self.queue.push_back(key);
                }
                _ => {
                    let gone = self.tables.remove(&key);
                    let freed = gone.map_or(0, |slot| cost(&slot.table));
                    self.bytes = self.bytes.saturating_sub(freed);
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
        let cache = TableCache::new(3 * (10 + OVERHEAD));
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
    fn tables_loaded_together_stay_together() {
        let cache = TableCache::new(64 * (10 + OVERHEAD));
        for batch in 0..100 {
            let tables = batch * 8..batch * 8 + 8;
            for n in tables.clone() {
                cache.put((0, n), table(1, 10));
            }
            for n in tables {
                assert!(cache.get((0, n)).is_some(), "table {n}");
            }
        }
    }

    #[test]
    fn the_budget_holds() {
        let budget = 5 * (20 + OVERHEAD);
        let cache = TableCache::new(budget);
        for n in 0..1000 {
            cache.put((0, n), table(1, 1 + n as usize % 40));
            if n % 3 == 0 {
                cache.get((0, n));
            }
            let held = cache.lock();
            let bytes: usize = held.tables.values().map(|slot| cost(&slot.table)).sum();
            assert_eq!(bytes, held.bytes);
            assert!(bytes <= budget && held.tables.len() == held.queue.len());
        }
        cache.put((0, 5000), table(1, budget));
        assert!(cache.get((0, 5000)).is_none());
    }
}
