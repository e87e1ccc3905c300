//! Cumulative counters per object (and, as object 0 of relations, per database), for pg_stat_* views. What each counter
//! means belongs to `transaction/statistics.ts`; sessions add what they gathered when a transaction ends. An object that
//! was dropped has no entry: what others still add to it is lost.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use crate::lock;

pub const COUNTERS: usize = 32;
const SHARD_COUNT: usize = 16;

/// What is counted: of a kind (0 relations, 1 functions), in a database, by its oid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Object {
    pub kind: u8,
    pub database: u32,
    pub oid: u32,
}

type Counters = [f64; COUNTERS];
type Shard = Mutex<HashMap<Object, Counters>>;

static SHARDS: LazyLock<Vec<Shard>> =
    LazyLock::new(|| (0..SHARD_COUNT).map(|_| Mutex::default()).collect());
/// What prepared transactions did, by their identifiers: whoever finishes them counts it.
static PREPARED: LazyLock<Mutex<HashMap<String, Vec<f64>>>> = LazyLock::new(Mutex::default);

fn shard(object: Object) -> &'static Shard {
    &SHARDS[(object.database ^ object.oid) as usize % SHARD_COUNT]
}

/// Makes an entry where there is none.
pub fn open(object: Object) {
    lock(shard(object)).entry(object).or_insert([0.0; COUNTERS]);
}

/// Adds to the first counters of an object that has an entry.
pub fn add(object: Object, deltas: &[f64]) {
    if let Some(counters) = lock(shard(object)).get_mut(&object) {
        for (counter, delta) in counters.iter_mut().zip(deltas) {
            *counter += delta;
        }
    }
}

/// Sets one counter (estimates, times of maintenance) of an object that has an entry.
pub fn set(object: Object, index: usize, value: f64) {
    let mut shard = lock(shard(object));
    if let Some(counter) = shard
        .get_mut(&object)
        .and_then(|counters| counters.get_mut(index))
    {
        *counter = value;
    }
}

/// The counters; None where there is no entry.
pub fn get(object: Object) -> Option<Counters> {
    lock(shard(object)).get(&object).copied()
}

/// Objects of a kind in a database that have entries, for autovacuum's and statistics' walks; not the database itself.
pub fn objects(kind: u8, database: u32) -> Vec<u32> {
    let objects = SHARDS
        .iter()
        .flat_map(|shard| lock(shard).keys().copied().collect::<Vec<_>>());
    objects
        .filter(|one| one.kind == kind && one.database == database && one.oid != 0)
        .map(|one| one.oid)
        .collect()
}

/// Forgets an object that was dropped.
pub fn forget(object: Object) {
    lock(shard(object)).remove(&object);
}

/// Forgets a database that was dropped, with all in it.
pub fn forget_database(database: u32) {
    for shard in SHARDS.iter() {
        lock(shard).retain(|one, _| one.database != database);
    }
}

/// Sets an object's counters to zero, where it has any.
pub fn reset(object: Object) {
    if let Some(counters) = lock(shard(object)).get_mut(&object) {
        *counters = [0.0; COUNTERS];
    }
}

/// The same for all in a database.
pub fn reset_database(database: u32) {
    for shard in SHARDS.iter() {
        for (one, counters) in lock(shard).iter_mut() {
            if one.database == database {
                *counters = [0.0; COUNTERS];
            }
        }
    }
}

/// Keeps what a transaction did that was prepared.
pub fn prepared(gid: String, counts: Vec<f64>) {
    lock(&PREPARED).insert(gid, counts);
}

/// What was kept of a prepared transaction that is finished now.
pub fn finish_prepared(gid: &str) -> Vec<f64> {
    lock(&PREPARED).remove(gid).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dropped_stays_so() {
        let object = Object {
            kind: 0,
            database: 77,
            oid: 20000,
        };
        open(object);
        add(object, &[1.0, 2.0]);
        assert_eq!(get(object).map(|counters| counters[1]), Some(2.0));
        reset(object);
        assert_eq!(get(object).map(|counters| counters[1]), Some(0.0));
        assert_eq!(objects(0, 77), [20000]);
        forget(object);
        add(object, &[1.0]);
        assert_eq!(get(object), None);
    }
}
