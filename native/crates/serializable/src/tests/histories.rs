//! Random small histories under snapshot isolation with first-updater-wins: with tracking, what commits is serializable;
//! without, some of the same histories are not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checker::{History, Txn};
use crate::registry::{Begin, Limits, Registration, Registry, Tracked};
use crate::targets::File;

const ITEMS: usize = 6;
const SLOTS: usize = 4;
const STEPS: usize = 60;
const TABLE: File = File {
    database: 5,
    filenode: 20000,
};
const INDEX: File = File {
    database: 5,
    filenode: 20001,
};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

/// A transaction under way.
struct Running {
    txn: Txn,
    snapshot: usize,
    read_only: bool,
    registration: Option<Registration>,
    /// Waits until its snapshot is known to be safe or not.
    is_waiting: bool,
    is_prepared: bool,
    /// Items written, with whether they exist then; and their state at the savepoint.
    writes: BTreeMap<usize, bool>,
    savepoint: Option<BTreeMap<usize, bool>>,
}

/// A committed version: when, by whom, whether the row exists.
struct Version {
    at: usize,
    by: Txn,
    exists: bool,
}

struct World {
    registry: Arc<Registry>,
    tracks: bool,
    random: Random,
    slots: Vec<Option<Running>>,
    versions: Vec<Vec<Version>>,
    clock: usize,
    last_txn: Txn,
    history: History,
    committed: usize,
    failed: usize,
}

fn rowid(item: usize) -> u64 {
    (item as u64 / 2) << 9 | (item as u64 % 2 + 1)
}

fn key(item: usize) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = item as u8;
    key[1..].copy_from_slice(&rowid(item).to_be_bytes());
    key
}

impl World {
    fn new(seed: u64, tracks: bool) -> World {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.below(2);
        let registry: Arc<Registry> = Arc::default();
        registry.configure(Limits {
            max_pred_locks_per_transaction: [64, 2, 10][random.below(3)],
            max_pred_locks_per_relation: [-2, 1, 3][random.below(3)],
            max_pred_locks_per_page: [2, 0, 1][random.below(3)],
            transactions: [100, 1][random.below(2)],
        });
        World {
            registry,
            tracks,
            random,
            slots: (0..SLOTS).map(|_| None).collect(),
            versions: (0..ITEMS).map(|_| Vec::new()).collect(),
            clock: 0,
            last_txn: 0,
            history: History::default(),
            committed: 0,
            failed: 0,
        }
    }

    fn run(mut self) -> World {
        for _ in 0..STEPS {
            let slot = self.random.below(SLOTS);
            match self.slots[slot].take() {
                None => self.slots[slot] = Some(self.begin()),
                Some(running) => self.slots[slot] = self.step(running),
            }
        }
        self
    }

    fn begin(&mut self) -> Running {
        let read_only = self.random.below(4) == 0;
        let is_waiting = read_only && self.random.below(2) == 0;
        self.last_txn += 1;
        let begin = Begin {
            read_only,
            ..Begin::default()
        };
        let registration = if self.tracks {
            let begun = self.registry.begin(begin, || Ok(())).ok().flatten();
            begun.and_then(|(_, registration)| registration)
        } else {
            None
        };
        Running {
            txn: self.last_txn,
            snapshot: self.clock,
            read_only,
            is_waiting: is_waiting && registration.is_some(),
            registration,
            is_prepared: false,
            writes: BTreeMap::new(),
            savepoint: None,
        }
    }

    /// The transaction after one more step; None once it is over.
    fn step(&mut self, mut running: Running) -> Option<Running> {
        if running.is_waiting {
            match running
                .registration
                .as_ref()
                .and_then(Registration::is_safe)
            {
                None => return Some(running),
                Some(true) => running.is_waiting = false,
                Some(false) => return None,
            }
        }
        if running.is_prepared {
            self.commit(running);
            return None;
        }
        let done = match self.random.below(10) {
            0 | 1 => return self.prepare(running),
            2 if self.random.below(4) == 0 => return None,
            2 => self.savepoint(&mut running),
            3 => self.read(&mut running, 0, ITEMS, true),
            4 | 5 => {
                let (one, other) = (self.random.below(ITEMS), self.random.below(ITEMS));
                self.read(&mut running, one.min(other), one.max(other) + 1, false)
            }
            6 => {
                let item = self.random.below(ITEMS);
                self.read(&mut running, item, item + 1, false)
            }
            _ if running.read_only => true,
            _ => self.write(&mut running),
        };
        if done {
            return Some(running);
        }
        self.failed += 1;
        None
    }

    fn savepoint(&mut self, running: &mut Running) -> bool {
        let tracked = tracked(running);
        match &running.savepoint {
            None => {
                running.savepoint = Some(running.writes.clone());
                if let Some(tracked) = tracked {
                    tracked.savepoint();
                }
            }
            Some(before) => {
                running.writes = before.clone();
                if let Some(tracked) = tracked {
                    tracked.rollback_to(1);
                }
            }
        }
        true
    }

    /// What the transaction sees of an item: who wrote it, whether it exists.
    fn seen(&self, running: &Running, item: usize) -> (Txn, bool) {
        if let Some(exists) = running.writes.get(&item) {
            return (running.txn, *exists);
        }
        self.versions[item]
            .iter()
            .rev()
            .find(|version| version.at <= running.snapshot)
            .map_or((0, false), |version| (version.by, version.exists))
    }

    fn read(&mut self, running: &mut Running, from: usize, to: usize, whole: bool) -> bool {
        let seen: Vec<(usize, (Txn, bool))> = (from..to)
            .map(|item| (item, self.seen(running, item)))
            .collect();
        if let Some(tracked) = tracked(running) {
            let rows = seen.iter().filter(|(_, (_, exists))| *exists);
            let rows: Vec<u64> = rows.map(|(item, _)| rowid(*item)).collect();
            let read = if whole {
                tracked.read_file(TABLE, false)
            } else {
                tracked
                    .read_range(INDEX, &[from as u8], Some(&[to as u8]), false)
                    .and_then(|()| tracked.read_rows(TABLE, rows, false))
            };
            if read.is_err() {
                return false;
            }
        }
        let reads = self.history.reads.entry(running.txn).or_default();
        for (item, (version, _)) in seen {
            if version != running.txn {
                reads.push((item, version));
            }
        }
        true
    }

    fn write(&mut self, running: &mut Running) -> bool {
        let item = self.random.below(ITEMS);
        let others = self.slots.iter().flatten();
        let is_locked = others.clone().any(|other| other.writes.contains_key(&item));
        let newest = self.versions[item].last().map_or(0, |version| version.at);
        if is_locked || newest > running.snapshot {
            return false;
        }
        // Finding the row is a read.
        if !self.read(running, item, item + 1, false) {
            return false;
        }
        let (_, exists) = self.seen(running, item);
        let stays = !exists || self.random.below(3) > 0;
        if let Some(tracked) = tracked(running) {
            let xid = running.txn as u64;
            let written = if exists {
                tracked.change_row(TABLE, rowid(item), xid)
            } else {
                tracked
                    .insert_rows(TABLE, [rowid(item)], xid)
                    .and_then(|()| tracked.insert_key(INDEX, &key(item), xid))
            };
            if written.is_err() {
                return false;
            }
        }
        running.writes.insert(item, stays);
        true
    }

    fn prepare(&mut self, mut running: Running) -> Option<Running> {
        if let Some(registration) = &running.registration
            && registration.prepare().is_err()
        {
            self.failed += 1;
            return None;
        }
        running.is_prepared = true;
        if self.random.below(2) == 0 {
            return Some(running);
        }
        self.commit(running);
        None
    }

    fn commit(&mut self, running: Running) {
        let Running {
            txn,
            registration,
            writes,
            ..
        } = running;
        let at = self.clock + 1;
        let mut publish = || {
            for (item, exists) in &writes {
                self.versions[*item].push(Version {
                    at,
                    by: txn,
                    exists: *exists,
                });
                self.history.versions.entry(*item).or_default().push(txn);
            }
        };
        match registration {
            Some(registration) => registration.committed(publish),
            None => publish(),
        }
        self.clock = at;
        self.committed += 1;
        self.history.committed.insert(txn);
    }
}

fn tracked(running: &Running) -> Option<Tracked> {
    let tracked = running.registration.as_ref()?.tracked();
    tracked.is_on().then(|| tracked.clone())
}

fn histories() -> u64 {
    let set = std::env::var("HISTORIES").ok();
    set.and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

#[test]
fn what_commits_is_serializable() {
    let (mut committed, mut failed) = (0, 0);
    for seed in 0..histories() {
        let world = World::new(seed, true).run();
        committed += world.committed;
        failed += world.failed;
        let cycle = world.history.cycle();
        assert!(cycle.is_none(), "seed {seed}: cycle {cycle:?}");
        drop(world.slots);
        let state = world.registry.lock();
        assert!(
            state.transactions.is_empty(),
            "seed {seed}: transactions stay"
        );
        assert!(state.files.is_empty(), "seed {seed}: files stay");
        assert_eq!(state.lock_count, 0, "seed {seed}");
    }
    println!("{committed} committed, {failed} failed");
    assert!(committed > failed / 2);
}

#[test]
fn snapshot_isolation_alone_is_not() {
    let anomalies = (0..2_000)
        .filter(|seed| World::new(*seed, false).run().history.cycle().is_some())
        .count();
    assert!(anomalies > 200, "{anomalies} of 2000");
}
