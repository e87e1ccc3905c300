//! Exported snapshots: other workers read what the exporter reads, also once a flush has brought later commits into the
//! base.
#![allow(clippy::expect_used)]

mod support;

use std::sync::Arc;

use helios_store::key::FileId;
use helios_store::worker::View;
use support::{LATEST, Scratch, Session, encoded_row};

const FILE: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 20000,
};

fn insert(session: &mut Session, count: usize) {
    let transaction = session.worker.begin(1);
    session.insert_rows(transaction, 1, FILE, &encoded_row(7).repeat(count));
    session.commit(transaction, true).expect("commits");
}

fn rows(session: &mut Session, snapshot: u32) -> usize {
    let view = View {
        snapshot,
        transaction: 0,
        command: LATEST,
    };
    session.try_scan(view, FILE).expect("scans").len()
}

#[test]
fn an_exported_snapshot_outlives_flushes() {
    let scratch = Scratch::new("exported");
    let mut session = Session::open(&scratch).expect("opens");
    let mut other = Session::over(Arc::clone(&session.store));
    insert(&mut session, 3);
    let snapshot = session.worker.take_snapshot().expect("a snapshot");
    session
        .worker
        .export_snapshot(snapshot, "x", false, true)
        .expect("exports");
    let early = other.worker.import_snapshot("x").expect("imports");
    insert(&mut session, 2);
    session.store.checkpoint().expect("flushes");
    insert(&mut session, 4);
    for _ in 0..3 {
        let late = other.worker.import_snapshot("x").expect("imports");
        let late = late.expect("is exported");
        assert_eq!(rows(&mut other, late), 3);
        other.worker.release_snapshot(late);
    }
    assert_eq!(rows(&mut other, early.expect("is exported")), 3);
    assert_eq!(rows(&mut session, snapshot), 3);

    // Also one that is exported when the base has moved on; it goes on without its exporter.
    session
        .worker
        .export_snapshot(snapshot, "y", false, true)
        .expect("exports");
    let late = other.worker.import_snapshot("y").expect("imports");
    let late = late.expect("is exported");
    session.store.withdraw_snapshot("y");
    session.worker.release_snapshot(snapshot);
    insert(&mut session, 1);
    session.store.checkpoint().expect("flushes");
    // Another thread reads it while the base changes.
    let store = Arc::clone(&session.store);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut third = Session::over(store);
            let own = third.worker.import_snapshot("x").expect("imports");
            let own = own.expect("is exported");
            (0..50).for_each(|_| assert_eq!(rows(&mut third, own), 3));
        });
        for _ in 0..20 {
            insert(&mut session, 1);
            session.store.checkpoint().expect("flushes");
            assert_eq!(rows(&mut other, late), 3);
        }
    });
    session.store.withdraw_snapshot("x");
    assert_eq!(other.worker.import_snapshot("x"), Ok(None));
    let now = other.worker.take_snapshot().expect("a snapshot");
    assert_eq!(rows(&mut other, now), 30);
    drop(other);
    session.store.abandon();
}
