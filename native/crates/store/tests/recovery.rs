//! What a directory tells the next start: counters, sizes, dropped files, torn and damaged logs, the lock.
#![allow(clippy::expect_used)]

mod support;

use helios_columns::batch::ColumnSet;
use helios_store::key::FileId;
use helios_store::sequence::Definition;
use helios_store::worker::{Filled, PointPath, View};
use helios_store::xids::Status;
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
const WIDE: Definition = Definition {
    increment: 1,
    min: 1,
    max: i64::MAX,
    cache: 1,
    cycle: false,
};

fn insert(session: &mut Session, count: u64) -> u64 {
    let transaction = session.worker.begin(1);
    let rows = encoded_row(7).repeat(count as usize);
    let rowids = session.insert_rows(transaction, 1, FILE, &rows);
    session.commit(transaction, true).expect("commits");
    rowids[0]
}

fn end(session: Session, crash: bool) {
    let Session { worker, store, .. } = session;
    drop(worker);
    if crash {
        store.abandon()
    } else {
        store.close().expect("closes")
    }
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

#[test]
fn counters_go_on_after_crashes_and_restarts() {
    let scratch = Scratch::new("counters");
    let mut session = Session::open(&scratch).expect("opens");
    let transaction = session.worker.begin(1);
    session
        .worker
        .create_sequence(transaction, 1, SEQUENCE, 1)
        .expect("creates");
    session.commit(transaction, true).expect("commits");
    let (mut rowid, mut oid, mut xid, mut value) = (0, 0, 0, 0);
    for round in 0..12 {
        let first = insert(&mut session, 3);
        assert!(first > rowid, "a rowid came back");
        rowid = first + 2;
        let next = session.store.next_oid();
        assert!(next > oid);
        oid = next;
        let range = session
            .worker
            .sequence_next(SEQUENCE, &WIDE, "s")
            .expect("a value");
        assert!(range.first > value);
        value = range.last;
        let transaction = session.worker.begin(1);
        let next = session.worker.xid(transaction).expect("an id");
        assert!(next > xid);
        // The last id is that of a subtransaction, which committed with it.
        session.worker.savepoint(transaction).expect("a savepoint");
        xid = session.worker.current_xid(transaction).expect("an id");
        assert!(xid > next);
        // Deleting the newest row must not bring its rowid back.
        session
            .worker
            .delete_row(transaction, 1, FILE, rowid)
            .expect("deletes");
        session.commit(transaction, true).expect("commits");
        if round % 3 == 0 {
            session.store.checkpoint().expect("flushes");
        }
        assert_eq!(session.store.stats().get(FILE).entries, (round + 1) * 2);
        end(session, round % 2 == 0);
        session = Session::open(&scratch).expect("opens again");
        let status = session.store.xid_status(xid).expect("a status");
        assert_eq!(status, Status::Committed);
        assert_eq!(session.store.stats().get(FILE).entries, (round + 1) * 2);
    }
    assert_eq!(
        session
            .worker
            .sequence_next(SEQUENCE, &WIDE, "s")
            .expect("a value")
            .first,
        value + 1,
        "a clean end skips none"
    );
    end(session, false);
}

#[test]
fn dropped_files_are_removed() {
    let scratch = Scratch::new("dropped");
    let mut session = Session::open(&scratch).expect("opens");
    insert(&mut session, 9000);
    session.store.checkpoint().expect("flushes");
    let transaction = session.worker.begin(1);
    session
        .worker
        .drop_file(transaction, 1, FILE)
        .expect("drops");
    session.commit(transaction, true).expect("commits");
    assert_eq!(rows(&mut session), 9000, "until the drop is in the base");
    end(session, true);
    let mut session = Session::open(&scratch).expect("opens again");
    session.store.checkpoint().expect("flushes");
    for _ in 0..500 {
        if rows(&mut session) == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(rows(&mut session), 0);
    end(session, false);
}

fn newest_segment(scratch: &Scratch) -> std::path::PathBuf {
    let log = std::fs::read_dir(scratch.0.join("log")).expect("lists");
    let mut names: Vec<_> = log
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    names.sort();
    names.pop().expect("a segment")
}

#[test]
fn a_torn_tail_ends_the_log_and_a_bad_record_before_valid_ones_refuses() {
    let scratch = Scratch::new("torn");
    let mut session = Session::open(&scratch).expect("opens");
    for _ in 0..5 {
        insert(&mut session, 1);
    }
    end(session, true);
    let path = newest_segment(&scratch);
    let good = std::fs::read(&path).expect("reads");
    let last = good.iter().rposition(|byte| *byte != 0).expect("bytes");
    let mut torn = good.clone();
    torn[last] ^= 1;
    std::fs::write(&path, &torn).expect("writes");
    let mut session = Session::open(&scratch).expect("opens without the torn commit");
    assert_eq!(rows(&mut session), 4);
    insert(&mut session, 2);
    end(session, true);
    let mut session = Session::open(&scratch).expect("opens");
    assert_eq!(rows(&mut session), 6);
    end(session, true);

    let scratch = Scratch::new("damaged");
    let mut session = Session::open(&scratch).expect("opens");
    for _ in 0..5 {
        insert(&mut session, 1);
    }
    end(session, true);
    let path = newest_segment(&scratch);
    let mut damaged = std::fs::read(&path).expect("reads");
    damaged[64 + 70] ^= 1;
    std::fs::write(&path, &damaged).expect("writes");
    let error = Session::open(&scratch).err().expect("refuses");
    assert_eq!(error.sqlstate, "XX001");
    assert!(
        error.message.contains(path.to_str().expect("a name")),
        "{}",
        error.message
    );
    assert!(
        error.message.ends_with("has a bad record at offset 64"),
        "{}",
        error.message
    );
}

#[test]
fn a_log_that_cannot_be_written_refuses_writes_until_a_restart() {
    let scratch = Scratch::new("unwritable");
    let mut session = Session::open(&scratch).expect("opens");
    insert(&mut session, 1);
    let (log, away) = (scratch.0.join("log"), scratch.0.join("away"));
    std::fs::rename(&log, &away).expect("moves the log away");
    let mut acknowledged = 1;
    let error = loop {
        let transaction = session.worker.begin(1);
        let rows = encoded_row(7).repeat(200);
        session.insert_rows(transaction, 1, FILE, &rows);
        match session.commit(transaction, true) {
            Ok(()) => acknowledged += 200,
            Err(error) => break error,
        }
    };
    assert_eq!(error.sqlstate, "58030");
    let transaction = session.worker.begin(1);
    session.insert_rows(transaction, 1, FILE, &encoded_row(7));
    let error = session.commit(transaction, true).expect_err("refuses");
    assert_eq!(
        error.message,
        "the server accepts no writes until it is restarted"
    );
    assert_eq!(rows(&mut session), acknowledged, "reading goes on");
    end(session, true);
    std::fs::rename(&away, &log).expect("brings the log back");
    let mut session = Session::open(&scratch).expect("opens again");
    assert_eq!(rows(&mut session), acknowledged);
    end(session, false);
}

#[test]
fn one_server_a_directory() {
    let scratch = Scratch::new("lock");
    let session = Session::open(&scratch).expect("opens");
    let error = Session::open(&scratch).err().expect("refuses");
    assert_eq!(error.sqlstate, "F0001");
    end(session, false);
    end(Session::open(&scratch).expect("opens again"), false);
}

/// Rows that make several blocks of a bulk file.
const MANY: u64 = 20_000;

fn bulk_files(scratch: &Scratch) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(scratch.0.join("bulk")).expect("a directory");
    entries.map(|entry| entry.expect("a file").path()).collect()
}

#[test]
fn bulk_files_live_and_die_with_their_commits() {
    let scratch = Scratch::new("bulk");
    let mut session = Session::open(&scratch).expect("opens");
    let transaction = session.worker.begin(1);
    let stored = encoded_row(7).repeat(MANY as usize);
    let rowids = session.insert_rows(transaction, 1, FILE, &stored);
    session.commit(transaction, true).expect("commits");
    let last = rowids[MANY as usize - 1];
    let size = session.worker.size(FILE);
    assert_eq!(size.0, MANY as i64);
    let open = session.worker.begin(1);
    let lost = encoded_row(8).repeat(MANY as usize);
    session.insert_rows(open, 1, FILE, &lost);
    assert_eq!(bulk_files(&scratch).len(), 2);
    end(session, true);
    let mut session = Session::open(&scratch).expect("opens");
    assert_eq!(rows(&mut session), MANY as usize);
    assert_eq!(session.worker.size(FILE), size);
    assert_eq!(
        bulk_files(&scratch).len(),
        1,
        "of what did not commit nothing is left"
    );
    let transaction = session.worker.begin(1);
    for rowid in [rowids[0], rowids[1], last] {
        let deleted = session.worker.delete_row(transaction, 1, FILE, rowid);
        deleted.expect("deletes");
    }
    session.commit(transaction, true).expect("commits");
    for crash in [false, true, false] {
        assert_eq!(rows(&mut session), MANY as usize - 3);
        end(session, crash);
        session = Session::open(&scratch).expect("opens");
    }
    let first = insert(&mut session, 1);
    assert!(first > last, "a rowid came back");
    let transaction = session.worker.begin(1);
    session
        .worker
        .drop_file(transaction, 1, FILE)
        .expect("drops");
    session.commit(transaction, true).expect("commits");
    end(session, false);
    let session = Session::open(&scratch).expect("opens");
    for _ in 0..200 {
        if bulk_files(&scratch).is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(bulk_files(&scratch).is_empty(), "its space comes back");
    end(session, false);
}

#[test]
fn damaged_bulk_files_are_noticed() {
    let scratch = Scratch::new("bulk-damage");
    let mut session = Session::open(&scratch).expect("opens");
    insert(&mut session, MANY);
    end(session, true);
    let files = bulk_files(&scratch);
    let path = files.first().expect("a bulk file");
    let mut bytes = std::fs::read(path).expect("reads");
    bytes[1000] ^= 1;
    std::fs::write(path, &bytes).expect("writes");
    let mut session = Session::open(&scratch).expect("opens");
    let snapshot = session.worker.take_snapshot().expect("a snapshot");
    let view = View {
        snapshot,
        transaction: 0,
        command: LATEST,
    };
    let cursor = session
        .worker
        .open_cursor(
            view,
            FILE,
            FILE.bound(b""),
            FILE.bound(&[0xff; 9]),
            false,
            Default::default(),
        )
        .expect("opens");
    let found = session.worker.next_entries(cursor, 100, &mut [0; 4096]);
    assert_eq!(found.map_err(|error| error.sqlstate), Err("XX001"));
    session.worker.close_cursor(cursor);
    end(session, true);
    let last = bytes.len() - 1;
    bytes[1000] ^= 1;
    bytes[last] ^= 1;
    std::fs::write(path, &bytes).expect("writes");
    let opened = Session::open(&scratch).map(|_| ());
    assert_eq!(opened.map_err(|error| error.sqlstate), Err("XX001"));
}

#[test]
fn built_indexes_are_found_by_key() {
    let scratch = Scratch::new("bulk-index");
    let mut session = Session::open(&scratch).expect("opens");
    let transaction = session.worker.begin(1);
    let build = session
        .worker
        .begin_index_build(transaction, 1, FILE, true, true);
    let mut build = build.expect("begins");
    for rowid in (1..=50_000u64).rev() {
        let key = (rowid * 3).to_be_bytes();
        build.add(&key, rowid, false).expect("adds");
    }
    let duplicate = session.worker.finish_index_build(build).expect("builds");
    assert_eq!(duplicate, None);
    session.commit(transaction, true).expect("commits");
    assert_eq!(bulk_files(&scratch).len(), 1);
    for crash in [true, false] {
        let snapshot = session.worker.take_snapshot().expect("a snapshot");
        let view = View {
            snapshot,
            transaction: 0,
            command: LATEST,
        };
        for (key, wanted) in [(3u64, Some(1u64)), (4, None), (150_000, Some(50_000))] {
            let mut out = [0; 64];
            let found = session
                .worker
                .lookup(view, FILE, &key.to_be_bytes(), &mut out)
                .expect("looks");
            assert_eq!(found, Filled::Count(wanted.iter().count()), "{key}");
            if let Some(rowid) = wanted {
                assert_eq!(out[..8], (rowid as f64).to_le_bytes());
            }
        }
        session.worker.release_snapshot(snapshot);
        end(session, crash);
        session = Session::open(&scratch).expect("opens");
    }
    end(session, false);
}

#[test]
fn point_reads_see_bulk_files() {
    let scratch = Scratch::new("bulk-points");
    let mut session = Session::open(&scratch).expect("opens");
    let index = FileId {
        filenode: 20002,
        ..FILE
    };
    let transaction = session.worker.begin(1);
    let stored = encoded_row(7).repeat(MANY as usize);
    let rowids = session.insert_rows(transaction, 1, FILE, &stored);
    let build = session
        .worker
        .begin_index_build(transaction, 1, index, true, true);
    let mut build = build.expect("begins");
    for (key, rowid) in rowids.iter().enumerate() {
        build
            .add(&(key as u64).to_be_bytes(), *rowid, false)
            .expect("adds");
    }
    let duplicate = session.worker.finish_index_build(build).expect("builds");
    assert_eq!(duplicate, None);
    session.commit(transaction, true).expect("commits");
    let path = PointPath { index, table: FILE };
    for round in 0..3 {
        for (key, found) in [(0, 1), (777, 1 - round.min(1)), (MANY - 1, 1), (MANY, 0)] {
            let mut out = [0; 256];
            let version = session.store.catalog_version();
            let read = session.worker.newest_row_by_key(
                path,
                version,
                &key.to_be_bytes(),
                &mut ColumnSet::default(),
                &mut out,
            );
            assert_eq!(read, Ok(Some(Filled::Count(found))), "{key}, round {round}");
        }
        if round == 0 {
            let transaction = session.worker.begin(1);
            let key = 777u64.to_be_bytes();
            let worker = &mut session.worker;
            let entry = worker.delete_entry(transaction, 1, index, &key, rowids[777]);
            entry.expect("deletes");
            let row = worker.delete_row(transaction, 1, FILE, rowids[777]);
            row.expect("deletes");
            session.commit(transaction, true).expect("commits");
        } else {
            session.store.checkpoint().expect("flushes");
        }
    }
    end(session, false);
}
