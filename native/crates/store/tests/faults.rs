//! Writes and syncs that fail: what was acknowledged stays, what was refused never comes, writes are refused until the
//! directory is opened anew, reads go on.
#![allow(clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::mpsc::channel;

use helios_base::error::sqlstate;
use helios_store::key::FileId;
use helios_store::store::{Options, Store};
use helios_store::worker::View;
use support::faulty::{Fault, Operation};
use support::{LATEST, SMALL, Scratch, Session, encoded_row};

const FILE: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 20000,
};
const ENTRIES: FileId = FileId {
    filenode: 20001,
    ..FILE
};
const NO_SPACE: i32 = 28;
const BROKEN: i32 = 5;

fn open(scratch: &Scratch, fault: &Arc<Fault>) -> Session {
    let options = Options {
        durable: true,
        disk: fault.disk(),
        ..SMALL
    };
    Session::over(Store::open(&scratch.0, &options).expect("opens"))
}

fn insert(session: &mut Session, synchronous: bool) -> helios_base::Result<()> {
    let transaction = session.worker.begin(1);
    session.insert_rows(transaction, 1, FILE, &encoded_row(7));
    session.commit(transaction, synchronous)
}

fn rows(session: &mut Session) -> usize {
    let snapshot = session.worker.take_snapshot().expect("a snapshot");
    let view = View {
        snapshot,
        transaction: 0,
        command: LATEST,
    };
    let found = session
        .scan(view, FILE, b"", &[0xff; 9], false, 1 << 20)
        .len();
    session.worker.release_snapshot(snapshot);
    found
}

/// After the failure: further writes are refused with the same code, reads go on; a restart has what was acknowledged.
fn refuses_until_restart(
    mut session: Session,
    scratch: &Scratch,
    state: &str,
    acknowledged: usize,
) {
    let refused = insert(&mut session, true).expect_err("writes are refused");
    assert_eq!(refused.sqlstate, state);
    assert_eq!(
        refused.message,
        "the server accepts no writes until it is restarted"
    );
    assert!(insert(&mut session, false).is_err());
    assert_eq!(rows(&mut session), acknowledged);
    drop(session.worker);
    session.store.abandon();
    drop(session.store);
    let mut again = Session::open(scratch).expect("opens again");
    assert_eq!(rows(&mut again), acknowledged);
    insert(&mut again, true).expect("writes again");
    assert_eq!(rows(&mut again), acknowledged + 1);
}

#[test]
fn a_log_that_cannot_be_written_or_synced() {
    let cases = [
        (Operation::LogWrite, NO_SPACE, sqlstate::DISK_FULL),
        (Operation::LogWrite, BROKEN, sqlstate::IO_ERROR),
        (Operation::LogSync, NO_SPACE, sqlstate::DISK_FULL),
        (Operation::LogSync, BROKEN, sqlstate::IO_ERROR),
    ];
    for (operation, error, state) in cases {
        let scratch = Scratch::new("fault-log");
        let fault = Fault::on(operation);
        let mut session = open(&scratch, &fault);
        for _ in 0..20 {
            insert(&mut session, true).expect("commits");
        }
        fault.arm(error, 0);
        let failed = insert(&mut session, true).expect_err("does not commit");
        assert_eq!(failed.sqlstate, state, "{operation:?}");
        fault.arm(0, 0);
        refuses_until_restart(session, &scratch, state, 20);
    }
}

#[test]
fn commits_that_do_not_wait_outlive_a_failed_sync() {
    let scratch = Scratch::new("fault-asynchronous");
    let fault = Fault::on(Operation::LogSync);
    let mut session = open(&scratch, &fault);
    insert(&mut session, true).expect("commits");
    fault.arm(BROKEN, 0);
    insert(&mut session, false).expect("commits");
    insert(&mut session, true).expect_err("does not commit");
    refuses_until_restart(session, &scratch, sqlstate::IO_ERROR, 2);
}

#[test]
fn a_log_without_room_for_a_segment() {
    let scratch = Scratch::new("fault-segment");
    let fault = Fault::on(Operation::LogSegment);
    // No flush gives segments back.
    let options = Options {
        memtable_bytes: 64 << 20,
        disk: fault.disk(),
        ..SMALL
    };
    let mut session = Session::over(Store::open(&scratch.0, &options).expect("opens"));
    insert(&mut session, true).expect("commits");
    fault.arm(NO_SPACE, 0);
    let mut acknowledged = 1;
    let failed = loop {
        match insert(&mut session, true) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 100_000, "the log never fills a segment");
    };
    assert_eq!(failed.sqlstate, sqlstate::DISK_FULL);
    refuses_until_restart(session, &scratch, sqlstate::DISK_FULL, acknowledged);
}

#[test]
fn a_base_that_cannot_be_written() {
    for passes in 0..3 {
        let scratch = Scratch::new("fault-base");
        let fault = Fault::on(Operation::BaseWrite);
        let mut session = open(&scratch, &fault);
        for _ in 0..50 {
            insert(&mut session, true).expect("commits");
        }
        fault.arm(NO_SPACE, passes);
        let mut acknowledged = 50;
        // Flushes fail behind the commits' back: some more are taken, and stay.
        while insert(&mut session, true).is_ok() {
            acknowledged += 1;
            assert!(acknowledged < 100_000, "no flush");
        }
        refuses_until_restart(session, &scratch, sqlstate::DISK_FULL, acknowledged);
    }
}

#[test]
fn a_bulk_file_that_cannot_be_written_fails_its_transaction_only() {
    for operation in [Operation::BulkWrite, Operation::BulkSync] {
        let scratch = Scratch::new("fault-bulk");
        let fault = Fault::on(operation);
        let mut session = open(&scratch, &fault);
        insert(&mut session, true).expect("commits");
        fault.arm(NO_SPACE, 0);
        let transaction = session.worker.begin(1);
        let many = encoded_row(7).repeat(2000);
        let written = (1..=8).try_for_each(|command| {
            session
                .try_insert_rows(transaction, command, FILE, &many)
                .map(drop)
        });
        let failed = match written {
            Ok(()) => session
                .commit(transaction, true)
                .expect_err("does not commit"),
            Err(error) => {
                session.worker.roll_back(transaction);
                error
            }
        };
        assert_eq!(failed.sqlstate, sqlstate::DISK_FULL, "{operation:?}");
        fault.arm(0, 0);
        insert(&mut session, true).expect("commits");
        assert_eq!(rows(&mut session), 2);
    }
}

#[test]
fn a_thread_of_the_store_that_panics() {
    for operation in [Operation::LogSync, Operation::BaseWrite] {
        let scratch = Scratch::new("fault-panic");
        let fault = Fault::on(operation);
        let mut session = open(&scratch, &fault);
        let (sender, deaths) = channel();
        let tell = Box::new(move |message| drop(sender.send(message)));
        session.store.on_death(tell);
        insert(&mut session, true).expect("commits");
        fault.arm_panic();
        let transaction = session.worker.begin(1);
        session.insert_rows(transaction, 1, FILE, &encoded_row(7));
        let token = session.next_token();
        let waiting = session.worker.commit(transaction, token, true);
        waiting.expect("is handed over");
        if operation == Operation::BaseWrite {
            session.checkpoint();
        }
        let message = deaths.recv().expect("is told");
        let who = if operation == Operation::LogSync {
            "writer"
        } else {
            "flusher"
        };
        let wanted = format!("the store's {who} has failed: asked for by a test");
        assert_eq!(message, wanted);
        session.answers();
        let refused = insert(&mut session, true).expect_err("writes are refused");
        assert_eq!(refused.detail, Some(wanted));
        let there = rows(&mut session);
        assert!(there >= 1, "reads go on");
        drop(session.worker);
        session.store.abandon();
        drop(session.store);
        let mut again = Session::open(&scratch).expect("opens again");
        assert!(rows(&mut again) >= there);
        insert(&mut again, true).expect("writes again");
    }
}

#[test]
fn a_transaction_that_finds_no_room_beyond_its_memory() {
    let scratch = Scratch::new("fault-spill");
    let fault = Fault::on(Operation::BulkWrite);
    let mut session = open(&scratch, &fault);
    insert(&mut session, true).expect("commits");
    let count = rows(&mut session);
    let transaction = session.worker.begin(1);
    let write = |session: &mut Session, from: u64| {
        (from..from + 1000).try_for_each(|key| {
            let key = key.to_be_bytes();
            session
                .worker
                .insert_entry(transaction, 1, ENTRIES, &key, 1, None)
        })
    };
    write(&mut session, 0).expect("spills");
    let depth = session.worker.savepoint(transaction).expect("saves");
    fault.arm(NO_SPACE, 0);
    let failed = write(&mut session, 5000).expect_err("has no room");
    assert_eq!(failed.sqlstate, sqlstate::DISK_FULL);
    let returned = session.worker.rollback_to(transaction, depth);
    returned.expect("rolls back");
    fault.arm(0, 0);
    write(&mut session, 3000).expect("writes on");
    session.commit(transaction, true).expect("commits");
    drop(session.worker);
    session.store.abandon();
    drop(session.store);
    let mut again = Session::open(&scratch).expect("opens again");
    assert_eq!(rows(&mut again), count);
    let snapshot = again.worker.take_snapshot().expect("a snapshot");
    let view = View {
        snapshot,
        transaction: 0,
        command: 0,
    };
    assert_eq!(again.try_scan(view, ENTRIES).expect("reads").len(), 2000);
}
