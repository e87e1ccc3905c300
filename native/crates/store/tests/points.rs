//! Point reads against a plain map: whatever lies in the overlay, in memtables or in the base, the row under a key is the
//! one that was put there last; and no row is found under a key that only begins like another one.
#![allow(clippy::expect_used)]

mod support;

use std::collections::HashMap;

use helios_store::key::FileId;
use helios_store::worker::{PointPath, View};
use support::{Chance, LATEST, Scratch, Session, encoded_row};

const PATH: PointPath = PointPath {
    index: FileId {
        space: 1,
        owner: 5,
        filenode: 20001,
    },
    table: FileId {
        space: 1,
        owner: 5,
        filenode: 20000,
    },
};

/// Keys of one to three bytes, many of them the beginnings of others.
fn key(random: &mut Chance) -> Vec<u8> {
    let length = 1 + random.below(3);
    (0..length).map(|_| random.below(3) as u8).collect()
}

fn put(session: &mut Session, transaction: u32, key: &[u8], value: u32) -> u64 {
    let rowid = session.insert_rows(transaction, 1, PATH.table, &encoded_row(value))[0];
    session
        .worker
        .insert_entry(transaction, 1, PATH.index, key, rowid, None)
        .expect("inserts");
    rowid
}

fn remove(session: &mut Session, transaction: u32, key: &[u8], rowid: u64) {
    let worker = &mut session.worker;
    worker
        .delete_row(transaction, 1, PATH.table, rowid)
        .expect("deletes");
    worker
        .delete_entry(transaction, 1, PATH.index, key, rowid)
        .expect("deletes");
}

#[test]
fn the_row_under_a_key_wherever_it_lies() {
    let scratch = Scratch::new("points");
    let mut session = Session::open(&scratch).expect("opens");
    let mut random = Chance(7);
    let mut model: HashMap<Vec<u8>, (u64, u32)> = HashMap::new();
    let version = session.store.catalog_version();
    for round in 0..400 {
        let transaction = session.worker.begin(1);
        let mut changed = model.clone();
        for value in 0..1 + random.below(6) as u32 {
            let key = key(&mut random);
            if let Some((rowid, _)) = changed.remove(&key) {
                remove(&mut session, transaction, &key, rowid);
            }
            if random.below(3) > 0 {
                let value = round * 10 + value;
                let rowid = put(&mut session, transaction, &key, value);
                changed.insert(key, (rowid, value));
            }
        }
        let probe = key(&mut random);
        let newest = session.newest_point(PATH, version, &probe);
        assert_eq!(newest, Some(model.get(&probe).copied()), "uncommitted");
        let snapshot = session.worker.take_snapshot().expect("a snapshot");
        let own = View {
            snapshot,
            transaction,
            command: LATEST,
        };
        assert_eq!(
            session.point(own, PATH, &probe),
            changed.get(&probe).copied()
        );
        session.worker.release_snapshot(snapshot);
        if random.below(5) == 0 {
            session.worker.roll_back(transaction);
        } else {
            session.commit(transaction, true).expect("commits");
            model = changed;
        }
        if random.below(20) == 0 {
            session.store.checkpoint().expect("flushes");
        }
        let newest = session.newest_point(PATH, version, &probe);
        assert_eq!(newest, Some(model.get(&probe).copied()), "round {round}");
    }
}

#[test]
fn a_change_of_the_catalogs_sends_readers_the_general_way() {
    let scratch = Scratch::new("points-version");
    let mut session = Session::open(&scratch).expect("opens");
    let transaction = session.worker.begin(1);
    let rowid = put(&mut session, transaction, b"k", 1);
    session.commit(transaction, true).expect("commits");
    let version = session.store.catalog_version();
    assert_eq!(
        version % 2,
        0,
        "an odd version is that of a change under way"
    );
    assert_eq!(
        session.newest_point(PATH, version, b"k"),
        Some(Some((rowid, 1)))
    );
    assert_eq!(session.newest_point(PATH, version + 1, b"k"), None);
    let transaction = session.worker.begin(1);
    session
        .worker
        .mark_catalog_changed(transaction)
        .expect("marks");
    session.commit(transaction, true).expect("commits");
    assert_eq!(session.newest_point(PATH, version, b"k"), None);
    let version = session.store.catalog_version();
    assert_eq!(
        session.newest_point(PATH, version, b"k"),
        Some(Some((rowid, 1)))
    );
}
