//! Prepared transactions over crashes: their changes come with COMMIT PREPARED or not at all, their bulk files stay, their
//! rowids are not given out again.
#![allow(clippy::expect_used)]

mod support;

use helios_store::key::FileId;
use helios_store::sequence::Definition;
use helios_store::worker::{Preparation, View};
use support::{LATEST, Scratch, Session, encoded_row};

const FILE: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 20000,
};
const SEQUENCE: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 20001,
};

fn insert(session: &mut Session, transaction: u32, count: u64) -> Vec<u64> {
    let rows = encoded_row(7).repeat(count as usize);
    session.insert_rows(transaction, 1, FILE, &rows)
}

fn prepare(session: &mut Session, transaction: u32, gid: &str) {
    let preparation = Preparation {
        gid: gid.into(),
        owner: 10,
        database: 5,
        prepared_at: 1,
        locks: b"locks".to_vec(),
        lock_owner: 3,
    };
    let store = session.store.clone();
    let name = gid.to_owned();
    let then = Box::new(move || store.prepared().ready(&name, 3));
    session
        .answered(|worker, token| worker.prepare(transaction, token, preparation, then))
        .expect("prepares");
}

fn finish(session: &mut Session, gid: &str, commit: bool) {
    let claim = session.store.prepared().claim(gid).expect("is prepared");
    assert!(session.store.prepared().claim(gid).is_err(), "it is taken");
    session
        .answered(|worker, token| worker.finish_prepared(claim, commit, token, Box::new(|| {})))
        .expect("finishes");
    assert!(session.store.prepared().claim(gid).is_err(), "it is gone");
}

fn rows(session: &mut Session) -> usize {
    let snapshot = session.worker.take_snapshot().expect("a snapshot");
    let view = View {
        snapshot,
        transaction: 0,
        command: LATEST,
    };
    let found = session.scan(view, FILE, b"", &[0xff; 9], false, 1000).len();
    session.worker.release_snapshot(snapshot);
    found
}

fn reopen(session: Session, scratch: &Scratch, crash: bool) -> Session {
    let Session { worker, store, .. } = session;
    drop(worker);
    match crash {
        true => store.abandon(),
        false => store.close().expect("closes"),
    }
    drop(store);
    Session::open(scratch).expect("opens")
}

#[test]
fn prepared_transactions_outlive_crashes() {
    for round in 0..8 {
        let (crash, commit, checkpoint) = (round & 1 == 0, round & 2 == 0, round & 4 == 0);
        let scratch = Scratch::new("prepared");
        let mut session = Session::open(&scratch).expect("opens");
        let first = session.worker.begin(1);
        insert(&mut session, first, 3);
        session.commit(first, true).expect("commits");

        // One with many rows, which go to a bulk file, and one with few.
        let many = session.worker.begin(1);
        session
            .worker
            .create_sequence(many, 1, SEQUENCE, 5)
            .expect("creates");
        session.worker.mark_catalog_changed(many).expect("marks");
        let taken = insert(&mut session, many, 400);
        let xid = session.worker.xid(many).expect("an id");
        prepare(&mut session, many, "many");
        let few = session.worker.begin(1);
        insert(&mut session, few, 1);
        prepare(&mut session, few, "few");
        assert_eq!(rows(&mut session), 3);

        if checkpoint {
            session.store.checkpoint().expect("flushes");
        }
        session = reopen(session, &scratch, crash);
        let mut listed = session.store.prepared().list();
        listed.sort_by_key(|prepared| prepared.xid);
        let gids: Vec<&str> = listed
            .iter()
            .map(|prepared| prepared.gid.as_str())
            .collect();
        assert_eq!(gids, ["many", "few"]);
        assert_eq!((listed[0].xid, listed[0].owner), (xid, 10));
        let locks = session.store.prepared_locks().expect("reads");
        assert!(locks.iter().all(|(_, locks)| locks == b"locks"));
        assert_eq!(rows(&mut session), 3);

        let other = session.worker.begin(1);
        let fresh = insert(&mut session, other, 2);
        assert!(fresh.iter().all(|rowid| !taken.contains(rowid)));
        assert!(session.worker.xid(other).expect("an id") > xid);
        session.commit(other, true).expect("commits");

        let version = session.store.catalog_version();
        finish(&mut session, "many", commit);
        assert_eq!(session.store.catalog_version() != version, commit);
        let expected = if commit { 405 } else { 5 };
        assert_eq!(rows(&mut session), expected);
        session = reopen(session, &scratch, crash);
        assert_eq!(rows(&mut session), expected);
        if commit {
            let definition = Definition {
                increment: 1,
                min: 1,
                max: i64::MAX,
                cache: 1,
                cycle: false,
            };
            let range = session.worker.sequence_next(SEQUENCE, &definition, "s");
            assert_eq!(range.expect("the sequence came with it").first, 5);
        } else {
            let bulk = std::fs::read_dir(scratch.0.join("bulk")).expect("reads");
            assert_eq!(bulk.count(), 0, "its bulk file is gone");
        }
        finish(&mut session, "few", !commit);
        assert_eq!(rows(&mut session), expected + usize::from(!commit));
        assert!(session.store.prepared().list().is_empty());
        reopen(session, &scratch, crash).store.abandon();
    }
}

/// One whose changes go to a file of their own: rows that it changed, index entries, a bulk file.
#[test]
fn large_prepared_transactions_outlive_crashes() {
    for round in 0..8 {
        let (crash, commit, checkpoint) = (round & 1 == 0, round & 2 == 0, round & 4 == 0);
        let scratch = Scratch::new("prepared-large");
        let mut session = Session::open(&scratch).expect("opens");
        let first = session.worker.begin(1);
        let old = insert(&mut session, first, 300);
        session.commit(first, true).expect("commits");
        let large = session.worker.begin(1);
        insert(&mut session, large, 400);
        for rowid in &old {
            let deleted = session.worker.delete_row(large, 2, FILE, *rowid);
            deleted.expect("deletes");
            let key = rowid.to_be_bytes();
            let inserted = session
                .worker
                .insert_entry(large, 2, SEQUENCE, &key, *rowid, None);
            inserted.expect("inserts");
        }
        prepare(&mut session, large, "large");
        assert_eq!(rows(&mut session), 300);
        if checkpoint {
            session.store.checkpoint().expect("flushes");
        }
        session = reopen(session, &scratch, crash);
        assert_eq!(rows(&mut session), 300);
        finish(&mut session, "large", commit);
        let expected = if commit { 400 } else { 300 };
        assert_eq!(rows(&mut session), expected);
        assert_eq!(session.worker.size(FILE).0, expected as i64);
        let entries = if commit { 300 } else { 0 };
        assert_eq!(session.worker.size(SEQUENCE).0, entries);
        session = reopen(session, &scratch, crash);
        assert_eq!(rows(&mut session), expected);
        assert_eq!(session.worker.size(FILE).0, expected as i64);
        session.store.checkpoint().expect("flushes");
        assert_eq!(rows(&mut session), expected);
        let bulk = std::fs::read_dir(scratch.0.join("bulk")).expect("reads");
        // The bulk files of the rows stay.
        let first = usize::from(bulk.count() > 1);
        assert!(first <= usize::from(commit), "its change file is gone");
        reopen(session, &scratch, crash).store.abandon();
    }
}

#[test]
fn identifiers_are_unique() {
    let scratch = Scratch::new("identifiers");
    let mut session = Session::open(&scratch).expect("opens");
    let transaction = session.worker.begin(1);
    insert(&mut session, transaction, 1);
    prepare(&mut session, transaction, "same");
    let other = session.worker.begin(1);
    let preparation = Preparation {
        gid: "same".into(),
        owner: 10,
        database: 5,
        prepared_at: 1,
        locks: Vec::new(),
        lock_owner: 4,
    };
    let refused = session
        .worker
        .prepare(other, 1000, preparation, Box::new(|| {}))
        .expect_err("the identifier is in use");
    assert_eq!(refused.sqlstate, "42710");
    session.store.abandon();
}
