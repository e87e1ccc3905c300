//! The paper's examples, step by step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use helios_base::{Error, Result};

use crate::registry::{Begin, Registration, Registry};
use crate::targets::File;

const TABLE: File = File {
    database: 5,
    filenode: 20000,
};
const INDEX: File = File {
    database: 5,
    filenode: 20001,
};

fn begin(registry: &Arc<Registry>, read_only: bool) -> Option<Registration> {
    let begin = Begin {
        pid: 1,
        backend: 1,
        read_only,
        like: None,
    };
    match registry.begin(begin, || Ok(())) {
        Ok(begun) => begun.and_then(|(_, registration)| registration),
        Err(error) => panic!("{error}"),
    }
}

fn writer(registry: &Arc<Registry>) -> Registration {
    match begin(registry, false) {
        Some(registration) => registration,
        None => panic!("a writer is registered"),
    }
}

fn commit(registration: Registration) -> Result<()> {
    registration.prepare()?;
    registration.committed(|| ());
    Ok(())
}

fn reason(result: Result<()>) -> String {
    match result {
        Ok(()) => "committed".into(),
        Err(Error { detail, .. }) => detail.unwrap_or_default(),
    }
}

const AT_COMMIT: &str =
    "Reason code: Canceled on identification as a pivot, during commit attempt.";

#[test]
fn write_skew() {
    let registry = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    assert!(one.tracked().read_rows(TABLE, [513], false).is_ok());
    assert!(two.tracked().read_rows(TABLE, [514], false).is_ok());
    assert!(one.tracked().change_row(TABLE, 514, 7).is_ok());
    assert!(two.tracked().change_row(TABLE, 513, 8).is_ok());
    assert_eq!(reason(commit(one)), "committed");
    assert_eq!(reason(commit(two)), AT_COMMIT);
}

#[test]
fn write_skew_noticed_by_the_write() {
    let registry = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    assert!(two.tracked().read_file(TABLE, false).is_ok());
    assert!(one.tracked().read_file(TABLE, false).is_ok());
    assert!(one.tracked().insert_rows(TABLE, [513], 7).is_ok());
    assert_eq!(reason(commit(one)), "committed");
    assert_eq!(
        reason(two.tracked().insert_rows(TABLE, [514], 8)),
        "Reason code: Canceled on identification as a pivot, during write."
    );
}

#[test]
fn write_skew_noticed_by_the_read() {
    let registry = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    assert!(two.tracked().change_row(TABLE, 513, 8).is_ok());
    assert!(one.tracked().read_rows(TABLE, [513], false).is_ok());
    assert!(one.tracked().change_row(TABLE, 514, 7).is_ok());
    assert_eq!(reason(commit(one)), "committed");
    assert_eq!(
        reason(two.tracked().read_rows(TABLE, [514], false)),
        "Reason code: Canceled on conflict out to pivot 7, during read."
    );
}

#[test]
fn one_conflict_is_harmless() {
    let registry = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    assert!(one.tracked().read_file(TABLE, false).is_ok());
    assert!(two.tracked().insert_rows(TABLE, [513], 7).is_ok());
    assert_eq!(reason(commit(two)), "committed");
    assert_eq!(reason(commit(one)), "committed");
    assert!(registry.lock().transactions.is_empty());
    assert!(registry.lock().files.is_empty());
}

/// A deposit after the batch was closed, and a report that shows the batch without it.
#[test]
fn a_report_makes_the_anomaly() {
    for reports in [false, true] {
        let registry: Arc<Registry> = Arc::default();
        let receipt = writer(&registry);
        assert!(receipt.tracked().read_rows(TABLE, [513], false).is_ok());
        let close = writer(&registry);
        assert!(close.tracked().change_row(TABLE, 513, 7).is_ok());
        assert_eq!(reason(commit(close)), "committed");
        if reports {
            let report = begin(&registry, true);
            let Some(report) = report else {
                panic!("a writer is active")
            };
            assert!(report.tracked().read_file(INDEX, false).is_ok());
            assert_eq!(reason(commit(report)), "committed");
        }
        let inserted = receipt.tracked().insert_rows(INDEX, [513], 8);
        let expected = if reports {
            "Reason code: Canceled on identification as a pivot, during write."
        } else {
            "committed"
        };
        assert_eq!(reason(inserted), expected);
    }
}

#[test]
fn ranges_hold_what_comes_between() {
    let registry = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    assert!(
        one.tracked()
            .read_range(INDEX, b"b", Some(b"d"), false)
            .is_ok()
    );
    assert!(
        two.tracked()
            .read_range(INDEX, b"x", Some(b"y"), false)
            .is_ok()
    );
    assert!(one.tracked().insert_key(INDEX, b"xy", 7).is_ok());
    assert!(two.tracked().insert_key(INDEX, b"e", 8).is_ok());
    assert_eq!(reason(commit(one)), "committed");
    assert_eq!(
        reason(two.tracked().insert_key(INDEX, b"cc", 8)),
        "Reason code: Canceled on identification as a pivot, during write."
    );
}

#[test]
fn savepoints_take_writes_back() {
    let registry = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    one.tracked().savepoint();
    assert!(one.tracked().change_row(TABLE, 513, 7).is_ok());
    one.tracked().rollback_to(1);
    assert!(one.tracked().read_rows(TABLE, [514], false).is_ok());
    assert!(two.tracked().read_rows(TABLE, [513], false).is_ok());
    assert!(two.tracked().change_row(TABLE, 514, 8).is_ok());
    assert_eq!(reason(commit(two)), "committed");
    assert_eq!(reason(commit(one)), "committed");
}

#[test]
fn snapshots_become_safe() {
    let registry: Arc<Registry> = Arc::default();
    assert!(begin(&registry, true).is_none());
    let one = writer(&registry);
    let Some(reader) = begin(&registry, true) else {
        panic!("a writer is active")
    };
    assert_eq!(reader.is_safe(), None);
    let woken = Arc::new(AtomicBool::new(false));
    let wake = Arc::clone(&woken);
    assert!(
        reader
            .when_known(Box::new(move || wake.store(true, Ordering::Release)))
            .is_ok()
    );
    assert_eq!(registry.safe_snapshot_blockers(1), [1]);
    assert_eq!(reason(commit(one)), "committed");
    assert!(woken.load(Ordering::Acquire));
    assert_eq!(reader.is_safe(), Some(true));
    assert!(!reader.tracked().is_on());
    assert!(registry.lock().transactions.is_empty());
}

#[test]
fn snapshots_become_unsafe() {
    let registry: Arc<Registry> = Arc::default();
    let (one, two) = (writer(&registry), writer(&registry));
    assert!(one.tracked().read_rows(TABLE, [513], false).is_ok());
    assert!(two.tracked().change_row(TABLE, 513, 8).is_ok());
    assert_eq!(reason(commit(two)), "committed");
    let Some(reader) = begin(&registry, true) else {
        panic!("a writer is active")
    };
    assert!(one.tracked().insert_rows(INDEX, [513], 7).is_ok());
    assert_eq!(reason(commit(one)), "committed");
    assert_eq!(reader.is_safe(), Some(false));
    assert_eq!(
        reason(reader.tracked().read_file(INDEX, false)),
        "Reason code: Canceled on conflict out to pivot 7, during read."
    );
}

#[test]
fn prepared_before_a_restart() {
    let registry = Arc::default();
    let prepared = match Registry::restore(&registry, 7, &[TABLE], &[INDEX]) {
        Ok(prepared) => prepared,
        Err(error) => panic!("{error}"),
    };
    let mut read = prepared.files_read();
    read.sort();
    assert_eq!(read, [TABLE]);
    let elsewhere = File {
        database: 5,
        filenode: 20002,
    };
    // What has nothing to do with it goes on, and so does who writes what it has read: it is decided to commit before. Who
    // reads around its writes must fail.
    let other = writer(&registry);
    assert!(other.tracked().insert_rows(elsewhere, [513], 8).is_ok());
    assert_eq!(reason(commit(other)), "committed");
    let writing = writer(&registry);
    assert!(writing.tracked().insert_rows(TABLE, [513], 9).is_ok());
    let reading = writer(&registry);
    assert!(
        reading
            .tracked()
            .read_range(INDEX, b"", None, false)
            .is_err()
    );
    drop((writing, reading));
    prepared.committed(|| ());
    let later = writer(&registry);
    assert!(later.tracked().insert_rows(TABLE, [513], 10).is_ok());
    assert_eq!(reason(commit(later)), "committed");
}
