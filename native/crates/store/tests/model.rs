//! The store against a plain model: random writes, savepoints, snapshots, scans, flushes, crashes and restarts. What a
//! commit acknowledged stays; every view sees exactly what the model says, before and after any of these.
#![allow(clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use helios_store::key::FileId;
use helios_store::worker::View;
use support::{Chance, LATEST, Scratch, Session};

type Map = BTreeMap<(Vec<u8>, u64), Option<Vec<u8>>>;

const FILE: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 16384,
};
const TEMPORARY: FileId = FileId {
    space: 2,
    owner: 9,
    filenode: 16385,
};

#[derive(Clone)]
struct Write {
    command: u32,
    file: FileId,
    key: (Vec<u8>, u64),
    /// None: deleted.
    value: Option<Option<Vec<u8>>>,
}

struct OpenTransaction {
    number: u32,
    command: u32,
    writes: Vec<Write>,
    savepoints: Vec<usize>,
}

struct Run {
    session: Session,
    chance: Chance,
    committed: Map,
    temporary: Map,
    transactions: Vec<OpenTransaction>,
    snapshots: Vec<(u32, Map)>,
}

#[test]
fn agrees_with_a_plain_model() {
    for seed in 1..=6u64 {
        let scratch = Scratch::new("model");
        let session = Session::open(&scratch).expect("opens");
        let mut run = Run {
            session,
            chance: Chance(seed * 0x9e37_79b9),
            committed: Map::new(),
            temporary: Map::new(),
            transactions: Vec::new(),
            snapshots: Vec::new(),
        };
        for _ in 0..1200 {
            run = run.step(&scratch);
        }
        run.check_views();
    }
}

impl Run {
    fn step(mut self, scratch: &Scratch) -> Run {
        match self.chance.below(100) {
            0..40 => self.write(),
            40..46 => self.savepoint(),
            46..58 => self.finish(),
            58..64 => self.take_or_release_snapshot(),
            64..92 => self.check_one(),
            92..96 => {
                self.session.store.checkpoint().expect("flushes");
            }
            96..98 => self.check_views(),
            98 => return self.restart(scratch, true),
            _ => return self.restart(scratch, false),
        }
        self
    }

    fn key(&mut self) -> (Vec<u8>, u64) {
        let number = self.chance.below(60);
        let mut key = format!("key {number:03}").into_bytes();
        if number.is_multiple_of(7) {
            key.splice(0..0, vec![b'l'; 2000]);
        }
        (key, self.chance.below(3) + 1)
    }

    fn write(&mut self) {
        if self.transactions.len() < 2 {
            let number = self.session.worker.begin(9);
            self.transactions.push(OpenTransaction {
                number,
                command: 1,
                writes: Vec::new(),
                savepoints: Vec::new(),
            });
        }
        let index = self.chance.below(self.transactions.len() as u64) as usize;
        let file = if self.chance.below(5) == 0 {
            TEMPORARY
        } else {
            FILE
        };
        let key = self.key();
        let size = if self.chance.below(20) == 0 {
            5000
        } else {
            self.chance.below(60)
        } as usize;
        let value = match self.chance.below(4) {
            0 => None,
            1 => Some(None),
            _ => Some(Some(vec![self.chance.below(256) as u8; size])),
        };
        let transaction = &mut self.transactions[index];
        if self.chance.below(2) == 0 {
            transaction.command += 1;
        }
        let (number, command) = (transaction.number, transaction.command);
        transaction.writes.push(Write {
            command,
            file,
            key: key.clone(),
            value: value.clone(),
        });
        let worker = &mut self.session.worker;
        let done = match &value {
            None => worker.delete_entry(number, command, file, &key.0, key.1),
            Some(payload) => {
                worker.insert_entry(number, command, file, &key.0, key.1, payload.as_deref())
            }
        };
        done.expect("writes");
    }

    fn savepoint(&mut self) {
        if self.transactions.is_empty() {
            return;
        }
        let index = self.chance.below(self.transactions.len() as u64) as usize;
        let transaction = &mut self.transactions[index];
        let worker = &mut self.session.worker;
        let depth = self.chance.below(transaction.savepoints.len() as u64 + 1) as usize;
        if depth == 0 {
            transaction.savepoints.push(transaction.writes.len());
            assert_eq!(
                worker.savepoint(transaction.number),
                Ok(transaction.savepoints.len())
            );
        } else if self.chance.below(2) == 0 {
            worker
                .rollback_to(transaction.number, depth)
                .expect("rolls back");
            transaction
                .writes
                .truncate(transaction.savepoints[depth - 1]);
            transaction.savepoints.truncate(depth);
        } else {
            worker
                .release_savepoint(transaction.number, depth)
                .expect("releases");
            transaction.savepoints.truncate(depth - 1);
        }
    }

    fn finish(&mut self) {
        if self.transactions.is_empty() {
            return;
        }
        let index = self.chance.below(self.transactions.len() as u64) as usize;
        let transaction = self.transactions.remove(index);
        if self.chance.below(4) == 0 {
            self.session.worker.roll_back(transaction.number);
            return;
        }
        let synchronous = self.chance.below(4) > 0;
        self.session
            .commit(transaction.number, synchronous)
            .expect("commits");
        apply(&mut self.committed, &transaction.writes, FILE, LATEST);
        apply(&mut self.temporary, &transaction.writes, TEMPORARY, LATEST);
    }

    fn take_or_release_snapshot(&mut self) {
        if self.snapshots.len() > 3 || (!self.snapshots.is_empty() && self.chance.below(2) == 0) {
            let (number, _) = self.snapshots.remove(0);
            self.session.worker.release_snapshot(number);
        } else {
            let number = self.session.worker.take_snapshot().expect("a snapshot");
            self.snapshots.push((number, self.committed.clone()));
        }
    }

    fn check_one(&mut self) {
        let fresh = self.session.worker.take_snapshot().expect("a snapshot");
        let old = self.chance.below(2) == 0 && !self.snapshots.is_empty();
        let (snapshot, mut map) = if old {
            let index = self.chance.below(self.snapshots.len() as u64) as usize;
            self.snapshots[index].clone()
        } else {
            (fresh, self.committed.clone())
        };
        let mut temporary = self.temporary.clone();
        let mut view = View {
            snapshot,
            transaction: 0,
            command: 0,
        };
        if !self.transactions.is_empty() {
            let index = self.chance.below(self.transactions.len() as u64) as usize;
            let transaction = &self.transactions[index];
            view.transaction = transaction.number;
            view.command = self.chance.below(u64::from(transaction.command) + 2) as u32;
            apply(&mut map, &transaction.writes, FILE, view.command);
            apply(&mut temporary, &transaction.writes, TEMPORARY, view.command);
        }
        let (file, map) = if self.chance.below(4) == 0 {
            (TEMPORARY, temporary)
        } else {
            (FILE, map)
        };
        let (mut lower, mut upper) = (self.key().0, self.key().0);
        if lower > upper {
            std::mem::swap(&mut lower, &mut upper);
        }
        let backward = self.chance.below(2) == 0;
        let batch = self.chance.below(9) as usize + 1;
        let found = self
            .session
            .scan(view, file, &lower, &upper, backward, batch);
        let within = map
            .iter()
            .filter(|((key, _), _)| *key >= lower && *key < upper);
        let mut expected: Vec<_> = within
            .map(|((_, rowid), payload)| (*rowid, payload.clone()))
            .collect();
        if backward {
            expected.reverse();
        }
        assert_eq!(found, expected);
        self.check_lookup(view, file, &map);
        self.session.worker.release_snapshot(fresh);
    }

    fn check_lookup(&mut self, view: View, file: FileId, map: &Map) {
        let (key, _) = self.key();
        let mut out = [0; 64];
        let filled = self
            .session
            .worker
            .lookup(view, file, &key, &mut out)
            .expect("looks up");
        let expected = map.keys().filter(|(other, _)| *other == key).count();
        assert_eq!(filled, helios_store::worker::Filled::Count(expected));
    }

    fn check_views(&mut self) {
        let fresh = self.session.worker.take_snapshot().expect("a snapshot");
        let mut views = self.snapshots.clone();
        views.push((fresh, self.committed.clone()));
        for (snapshot, map) in views {
            let view = View {
                snapshot,
                transaction: 0,
                command: 0,
            };
            let found = self.session.scan(view, FILE, b"", b"\xff", false, 100);
            let expected: Vec<_> = map
                .iter()
                .map(|((_, rowid), payload)| (*rowid, payload.clone()))
                .collect();
            assert_eq!(found, expected);
        }
        self.session.worker.release_snapshot(fresh);
        assert_eq!(
            self.session.worker.size(TEMPORARY).0,
            self.temporary.len() as i64
        );
    }

    /// Ends the process's store and opens the directory again.
    fn restart(self, scratch: &Scratch, crash: bool) -> Run {
        let Run {
            session,
            chance,
            committed,
            ..
        } = self;
        let Session { worker, store, .. } = session;
        drop(worker);
        if crash {
            store.abandon();
        } else {
            store.close().expect("closes");
        }
        drop(store);
        let session = Session::open(scratch).expect("opens again");
        let (temporary, transactions, snapshots) = (Map::new(), Vec::new(), Vec::new());
        let mut run = Run {
            session,
            chance,
            committed,
            temporary,
            transactions,
            snapshots,
        };
        run.check_views();
        run
    }
}

fn apply(map: &mut Map, writes: &[Write], file: FileId, command: u32) {
    for write in writes
        .iter()
        .filter(|write| write.file == file && write.command < command)
    {
        match &write.value {
            Some(payload) => map.insert(write.key.clone(), payload.clone()),
            None => map.remove(&write.key),
        };
    }
}
