//! Cumulative counters per relation (and, under relation 0, per database), for pg_stat_* views. What each counter means
//! belongs to `transaction/statistics.ts`; sessions add what they gathered when a transaction ends.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use crate::lock;

pub const COUNTERS: usize = 32;
const SHARD_COUNT: usize = 16;

type Counters = [f64; COUNTERS];
type Shard = Mutex<HashMap<(u32, u32), Counters>>;

static SHARDS: LazyLock<Vec<Shard>> =
    LazyLock::new(|| (0..SHARD_COUNT).map(|_| Mutex::default()).collect());

fn shard(database: u32, relation: u32) -> &'static Shard {
    &SHARDS[(database ^ relation) as usize % SHARD_COUNT]
}

/// Adds to the first counters of a relation.
pub fn add(database: u32, relation: u32, deltas: &[f64]) {
    let mut shard = lock(shard(database, relation));
    let counters = shard.entry((database, relation)).or_insert([0.0; COUNTERS]);
    for (counter, delta) in counters.iter_mut().zip(deltas) {
        *counter += delta;
    }
}

/// Sets one counter (estimates, times of maintenance).
pub fn set(database: u32, relation: u32, index: usize, value: f64) {
    let mut shard = lock(shard(database, relation));
    if let Some(counter) = shard
        .entry((database, relation))
        .or_insert([0.0; COUNTERS])
        .get_mut(index)
    {
        *counter = value;
    }
}

/// The counters, zero where nothing was counted.
pub fn get(database: u32, relation: u32) -> Counters {
    lock(shard(database, relation))
        .get(&(database, relation))
        .copied()
        .unwrap_or([0.0; COUNTERS])
}

/// Relations of a database with counters, for autovacuum's and statistics' walks.
pub fn relations(database: u32) -> Vec<u32> {
    let keys = SHARDS
        .iter()
        .flat_map(|shard| lock(shard).keys().copied().collect::<Vec<_>>());
    keys.filter(|(owner, relation)| *owner == database && *relation != 0)
        .map(|(_, relation)| relation)
        .collect()
}

/// Forgets a relation's counters (dropped, or reset), or with relation None all of a database.
pub fn forget(database: u32, relation: Option<u32>) {
    match relation {
        Some(relation) => {
            lock(shard(database, relation)).remove(&(database, relation));
        }
        None => SHARDS
            .iter()
            .for_each(|shard| lock(shard).retain(|(owner, _), _| *owner != database)),
    }
}
