//! The store against a plain model: random writes, savepoints, snapshots, scans, flushes, crashes and restarts. What a
//! commit acknowledged stays; every view sees exactly what the model says, before and after any of these.
#![allow(clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use helios_store::key::FileId;
use helios_store::store::Options;
use helios_store::worker::View;
use support::{Chance, LATEST, SMALL, Scratch, Session, encoded_row};

type Rows = BTreeMap<u64, u32>;
type Map = BTreeMap<(Vec<u8>, u64), Option<Vec<u8>>>;

const FILE: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 16384,
};
const ROWS: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 16390,
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
    /// Writes of rows: command, rowid, value.
    rows: Vec<(u32, u64, Option<u32>)>,
    /// Lengths of both at each savepoint.
    savepoints: Vec<(usize, usize)>,
}

struct Run {
    session: Session,
    options: Options,
    chance: Chance,
    committed: Map,
    temporary: Map,
    rows: Rows,
    transactions: Vec<OpenTransaction>,
    snapshots: Vec<(u32, Map, Rows)>,
}

#[test]
fn agrees_with_a_plain_model() {
    // More of them on request: HELIOS_MODEL_SEEDS=7..60.
    let wanted = std::env::var("HELIOS_MODEL_SEEDS").unwrap_or_default();
    let (from, to) = wanted.split_once("..").unwrap_or(("1", "6"));
    let (from, to): (u64, u64) = (from.parse().expect("a seed"), to.parse().expect("a seed"));
    for seed in from..=to {
        let scratch = Scratch::new("model");
        let options = Options {
            overlay_bytes: [usize::MAX, 400, 4000][seed as usize % 3],
            ..SMALL
        };
        let session = Session::open_with(&scratch, &options).expect("opens");
        let mut run = Run {
            session,
            options,
            chance: Chance(seed * 0x9e37_79b9),
            committed: Map::new(),
            temporary: Map::new(),
            rows: Rows::new(),
            transactions: Vec::new(),
            snapshots: Vec::new(),
        };
        for _ in 0..1200 {
            run = run.step(&scratch);
        }
        run.check_views();
        let Session { worker, store, .. } = run.session;
        drop(worker);
        store.abandon();
    }
}

impl Run {
    fn step(mut self, scratch: &Scratch) -> Run {
        match self.chance.below(100) {
            0..30 => self.write(),
            30..40 => self.write_rows(),
            40..46 => self.savepoint(),
            46..58 => self.finish(),
            58..64 => self.take_or_release_snapshot(),
            64..80 => self.check_one(),
            80..92 => self.check_rows(),
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
                rows: Vec::new(),
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

    /// Inserts some or many rows, or changes or deletes one that the transaction or a committed one wrote.
    fn write_rows(&mut self) {
        self.write();
        let index = self.chance.below(self.transactions.len() as u64) as usize;
        let count = [1, 1, 3, 20, 200][self.chance.below(5) as usize];
        let value = self.chance.below(1000) as u32;
        let known: Vec<u64> = self.seen_rows(index, LATEST).into_keys().collect();
        let transaction = &mut self.transactions[index];
        let (number, command) = (transaction.number, transaction.command);
        let mut write = |rowid, value: Option<u32>| transaction.rows.push((command, rowid, value));
        if known.is_empty() || self.chance.below(2) == 0 {
            let rows: Vec<u8> = (0..count)
                .flat_map(|step| encoded_row(value + step as u32))
                .collect();
            let rowids = self.session.insert_rows(number, command, ROWS, &rows);
            for (step, rowid) in (0..).zip(rowids) {
                write(rowid, Some(value + step));
            }
            return;
        }
        let worker = &mut self.session.worker;
        let rowid = known[self.chance.below(known.len() as u64) as usize];
        if value.is_multiple_of(2) {
            worker
                .delete_row(number, command, ROWS, rowid)
                .expect("deletes");
            write(rowid, None);
        } else {
            let row = encoded_row(value);
            worker
                .update_row(number, command, ROWS, rowid, &row[8..])
                .expect("updates");
            write(rowid, Some(value));
        }
    }

    /// Committed rows with those that a transaction's commands before `command` wrote.
    fn seen_rows(&self, transaction: usize, command: u32) -> Rows {
        let mut rows = self.rows.clone();
        apply_rows(&mut rows, &self.transactions[transaction].rows, command);
        rows
    }

    fn check_rows(&mut self) {
        let snapshot = self.session.worker.take_snapshot().expect("a snapshot");
        let mut view = View {
            snapshot,
            transaction: 0,
            command: 0,
        };
        let mut rows = self.rows.clone();
        if !self.transactions.is_empty() {
            let index = self.chance.below(self.transactions.len() as u64) as usize;
            view.transaction = self.transactions[index].number;
            view.command =
                self.chance
                    .below(u64::from(self.transactions[index].command) + 2) as u32;
            rows = self.seen_rows(index, view.command);
        }
        let highest = rows.keys().last().copied().unwrap_or(1) + 2;
        let from = self.chance.below(highest);
        let to = from + self.chance.below(highest);
        let backward = self.chance.below(2) == 0;
        let batch = self.chance.below(50) as usize + 1;
        let found = self
            .session
            .scan_rows(view, ROWS, (from, to), backward, batch);
        let mut expected: Vec<(u64, u32)> = rows
            .range(from..to)
            .map(|(rowid, value)| (*rowid, *value))
            .collect();
        if backward {
            expected.reverse();
        }
        assert_eq!(found, expected);
        let one = self.chance.below(highest) + 1;
        assert_eq!(
            self.session.get_row(view, ROWS, one),
            rows.get(&one).copied()
        );
        self.session.worker.release_snapshot(snapshot);
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
            transaction
                .savepoints
                .push((transaction.writes.len(), transaction.rows.len()));
            assert_eq!(
                worker.savepoint(transaction.number),
                Ok(transaction.savepoints.len())
            );
        } else if self.chance.below(2) == 0 {
            worker
                .rollback_to(transaction.number, depth)
                .expect("rolls back");
            let (writes, rows) = transaction.savepoints[depth - 1];
            transaction.writes.truncate(writes);
            transaction.rows.truncate(rows);
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
        apply_rows(&mut self.rows, &transaction.rows, LATEST);
    }

    fn take_or_release_snapshot(&mut self) {
        if self.snapshots.len() > 3 || (!self.snapshots.is_empty() && self.chance.below(2) == 0) {
            let (number, _, _) = self.snapshots.remove(0);
            self.session.worker.release_snapshot(number);
        } else {
            let number = self.session.worker.take_snapshot().expect("a snapshot");
            self.snapshots
                .push((number, self.committed.clone(), self.rows.clone()));
        }
    }

    fn check_one(&mut self) {
        let fresh = self.session.worker.take_snapshot().expect("a snapshot");
        let old = self.chance.below(2) == 0 && !self.snapshots.is_empty();
        let (snapshot, mut map) = if old {
            let index = self.chance.below(self.snapshots.len() as u64) as usize;
            let (snapshot, map, _) = self.snapshots[index].clone();
            (snapshot, map)
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
        views.push((fresh, self.committed.clone(), self.rows.clone()));
        for (snapshot, map, rows) in views {
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
            let found = self
                .session
                .scan_rows(view, ROWS, (0, u64::MAX), false, 500);
            assert_eq!(found, rows.into_iter().collect::<Vec<_>>());
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
            options,
            chance,
            committed,
            rows,
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
        let session = Session::open_with(scratch, &options).expect("opens again");
        let (temporary, transactions, snapshots) = (Map::new(), Vec::new(), Vec::new());
        let mut run = Run {
            session,
            options,
            chance,
            committed,
            temporary,
            rows,
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

fn apply_rows(rows: &mut Rows, writes: &[(u32, u64, Option<u32>)], limit: u32) {
    for (_, rowid, value) in writes.iter().filter(|(command, _, _)| *command < limit) {
        match value {
            Some(value) => rows.insert(*rowid, *value),
            None => rows.remove(rowid),
        };
    }
}
