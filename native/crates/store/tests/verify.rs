//! `verify` finds a turned bit in any file of a directory, or the bit does no harm: then everything reads as before.
#![allow(clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use helios_base::error::sqlstate;
use helios_store::key::FileId;
use helios_store::open::Engine;
use helios_store::store::{Options, Store};
use helios_store::verify::verify;
use helios_store::worker::{Commit, View};
use support::{Chance, LATEST, SMALL, Scratch, Session, encoded_row};

const ROWS: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 20000,
};
const ENTRIES: FileId = FileId {
    space: 1,
    owner: 5,
    filenode: 20001,
};

/// A directory with something in its base, its bulk files and its log.
fn fill(scratch: &Scratch) {
    // Only the checkpoint flushes: what comes after it stays in the log.
    let options = Options {
        memtable_bytes: 64 << 20,
        overlay_bytes: usize::MAX,
        ..SMALL
    };
    let mut session = Session::over(Store::open(&scratch.0, &options).expect("opens"));
    for round in 0..40u64 {
        let transaction = session.worker.begin(1);
        let count = if round % 8 == 0 { 6000 } else { 4 };
        let rows: Vec<u8> = (0..count).flat_map(encoded_row).collect();
        session.insert_rows(transaction, 1, ROWS, &rows);
        for step in 0..30 {
            let key = (round * 100 + step).to_be_bytes();
            let payload = vec![7; if step == 3 { 9000 } else { 10 }];
            let worker = &mut session.worker;
            worker
                .insert_entry(transaction, 2, ENTRIES, &key, step + 1, Some(&payload))
                .expect("inserts");
        }
        session.commit(transaction, true).expect("commits");
        if round == 30 {
            session.store.checkpoint().expect("flushes");
        }
    }
    let Session { worker, store, .. } = session;
    drop(worker);
    store.abandon();
    drop(store);
    commit_large(scratch);
}

/// One more commit, which has a file of its own that is not in the base yet.
fn commit_large(scratch: &Scratch) {
    let options = Options {
        memtable_bytes: 64 << 20,
        ..SMALL
    };
    let mut engine = Engine::open(&scratch.0, &options).expect("opens");
    let mut session = Session::over(Arc::clone(&engine.store));
    let transaction = session.worker.begin(1);
    for step in 0..200u64 {
        let key = (5000 + step).to_be_bytes();
        let worker = &mut session.worker;
        worker
            .insert_entry(transaction, 1, ENTRIES, &key, step + 1, None)
            .expect("inserts");
    }
    let token = session.next_token();
    let waiting = session.worker.commit(transaction, token, true);
    assert_eq!(waiting, Ok(Commit::Waiting));
    engine.write();
    assert!(session.answers().iter().all(|(_, answer)| answer.is_ok()));
    let Session { worker, store, .. } = session;
    drop(worker);
    store.abandon();
}

type Contents = (Vec<(u64, Option<Vec<u8>>)>, Vec<(u64, Option<Vec<u8>>)>);

/// Problems, or what is there.
fn look(scratch: &Scratch) -> Result<Contents, Vec<String>> {
    let (report, store) = verify(&scratch.0, &SMALL).expect("can be looked at");
    let Some(store) = store else {
        assert!(!report.problems.is_empty());
        return Err(report.problems);
    };
    let mut session = Session::over(Arc::clone(&store));
    let snapshot = session.worker.take_snapshot().expect("a snapshot");
    let view = View {
        snapshot,
        transaction: 0,
        command: LATEST,
    };
    let rows = session.try_scan(view, ROWS).expect("reads");
    Ok((rows, session.try_scan(view, ENTRIES).expect("reads")))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![directory.join("control")];
    for part in ["base", "log", "bulk"] {
        let entries = std::fs::read_dir(directory.join(part)).expect("a directory");
        found.extend(entries.map(|entry| entry.expect("a file").path()));
    }
    found.retain(|path| !path.ends_with("lock.mdb"));
    found.sort();
    found
}

#[test]
fn a_turned_bit_is_found_or_does_no_harm() {
    let scratch = Scratch::new("verify");
    fill(&scratch);
    let whole = look(&scratch).expect("nothing is wrong");
    assert!(whole.0.len() > 1000 && whole.1.len() == 1400);
    let mut chance = Chance(0x1234_5678_9abc);
    let mut by_kind = BTreeMap::new();
    for path in files(&scratch.0) {
        let good = std::fs::read(&path).expect("reads");
        let used = good
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        let mut found = 0;
        for _ in 0..60.min(used) {
            let mut bad = good.clone();
            let offset = chance.below(used as u64) as usize;
            bad[offset] ^= 1 << chance.below(8);
            std::fs::write(&path, &bad).expect("writes");
            match look(&scratch) {
                Err(_) => found += 1,
                Ok(contents) => {
                    // The last group of the log has nothing that speaks for it.
                    let is_log = path.extension().is_some_and(|kind| kind == "log");
                    assert!(contents == whole || is_log, "{} {offset}", path.display());
                }
            }
        }
        std::fs::write(&path, &good).expect("writes");
        let kind = path.parent().map(Path::to_path_buf);
        *by_kind.entry(kind).or_insert(0) += found;
    }
    assert!(by_kind.values().all(|found| *found > 0), "{by_kind:?}");
    assert!(look(&scratch).expect("all is as it was") == whole);
}

#[test]
fn nothing_is_changed_and_a_running_server_is_left_alone() {
    let scratch = Scratch::new("verify-lock");
    fill(&scratch);
    let image = || -> Vec<Vec<u8>> {
        let read = |path: &PathBuf| std::fs::read(path).expect("reads");
        files(&scratch.0).iter().map(read).collect()
    };
    let before = image();
    look(&scratch).expect("nothing is wrong");
    assert!(image() == before);
    let session = Session::open(&scratch).expect("opens");
    let refused = verify(&scratch.0, &SMALL).err().expect("is refused");
    assert_eq!(refused.sqlstate, sqlstate::LOCK_FILE_EXISTS);
    session.store.abandon();
    let absent = Scratch::new("verify-absent");
    let (report, _) = verify(&absent.0, &SMALL).expect("says what is wrong");
    assert_eq!(report.problems.len(), 1);
    assert!(!absent.0.exists());
}
