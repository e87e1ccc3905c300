//! Bounds of memory: promotion, summaries, and nothing left in the end.

use std::sync::Arc;

use crate::registry::{Begin, Limits, Registration, Registry};
use crate::report::Extent;
use crate::targets::File;

const TABLE: File = File {
    database: 5,
    filenode: 20000,
};

fn begin(registry: &Arc<Registry>) -> Registration {
    match registry.begin(Begin::default(), || Ok(())) {
        Ok(Some((_, Some(registration)))) => registration,
        _ => panic!("a writer is registered"),
    }
}

fn rowid(page: u64, line: u64) -> u64 {
    page << 9 | line
}

fn extents(registry: &Arc<Registry>) -> Vec<Extent> {
    registry.report().iter().map(|lock| lock.extent).collect()
}

#[test]
fn rows_become_pages_and_relations() {
    let registry: Arc<Registry> = Arc::default();
    let one = begin(&registry);
    let read = |page, line| {
        let rows = [rowid(page, line)];
        assert!(one.tracked().read_rows(TABLE, rows, false).is_ok());
    };
    read(0, 1);
    read(0, 1);
    read(0, 2);
    assert_eq!(extents(&registry).len(), 2);
    read(0, 3);
    assert_eq!(extents(&registry), [Extent::Page(0)]);
    (1..31).for_each(|page| read(page, 1));
    assert_eq!(extents(&registry).len(), 31);
    read(31, 1);
    assert_eq!(extents(&registry), [Extent::Relation]);
}

#[test]
fn ranges_are_joined() {
    let registry: Arc<Registry> = Arc::default();
    let one = begin(&registry);
    for number in 0..1000u16 {
        let key = number.to_be_bytes();
        let upper = (number + 1).to_be_bytes();
        let step = if number % 2 == 0 { &key } else { continue };
        assert!(
            one.tracked()
                .read_range(TABLE, step, Some(&upper), false)
                .is_ok()
        );
    }
    assert_eq!(extents(&registry).len(), 31);
}

#[test]
fn finished_transactions_are_summarised() {
    let registry: Arc<Registry> = Arc::default();
    registry.configure(Limits {
        transactions: 2,
        ..Limits::default()
    });
    let old = begin(&registry);
    for number in 0..1000 {
        let one = begin(&registry);
        let rows = [rowid(number, 1)];
        assert!(one.tracked().read_rows(TABLE, rows, false).is_ok());
        assert!(one.tracked().change_row(TABLE, rowid(number, 2), 9).is_ok());
        assert!(one.prepare().is_ok());
        one.committed(|| ());
    }
    assert!(registry.lock().transactions.len() <= 21);
    assert!(registry.report().len() <= 128);
    // Summaries still tell of the first conflict, and so of the second.
    assert!(old.tracked().change_row(TABLE, rowid(5, 1), 8).is_ok());
    assert!(
        old.tracked()
            .read_rows(TABLE, [rowid(5, 2)], false)
            .is_err()
    );
    drop(old);
    let state = registry.lock();
    assert!(state.transactions.is_empty() && state.files.is_empty());
    assert_eq!(state.lock_count, 0);
}

#[test]
fn large_writes_count_as_the_whole() {
    let registry: Arc<Registry> = Arc::default();
    let (large, small) = (begin(&registry), begin(&registry));
    let rows = (0..100_000).map(|row| rowid(row / 100, row % 100));
    assert!(large.tracked().insert_rows(TABLE, rows, 7).is_ok());
    assert!(large.tracked().read_rows(TABLE, [1 << 40], false).is_ok());
    assert!(large.prepare().is_ok());
    large.committed(|| ());
    assert!(small.tracked().change_row(TABLE, 1 << 40, 8).is_ok());
    assert!(small.tracked().read_rows(TABLE, [1 << 41], false).is_err());
}

#[test]
fn writes_of_all_transactions_are_bounded() {
    let registry: Arc<Registry> = Arc::default();
    let (old, rolled_back) = (begin(&registry), begin(&registry));
    for page in 0..20 {
        let one = begin(&registry);
        let rows = (0..30_000).map(|row| rowid(page * 1000 + row / 100, row % 100));
        assert!(one.tracked().insert_rows(TABLE, rows, 7).is_ok());
        assert!(one.prepare().is_ok());
        one.committed(|| ());
        assert!(registry.lock().write_count <= 1 << 18);
    }
    let other = File {
        filenode: 20001,
        ..TABLE
    };
    rolled_back.tracked().savepoint();
    for file in [TABLE, other] {
        let rows = (0..70_000).map(|row| rowid((1 << 20) | (row / 100), row % 100));
        let written = rolled_back.tracked().insert_rows(file, rows, 8);
        assert!(written.is_ok());
    }
    rolled_back.tracked().rollback_to(1);
    drop(rolled_back);
    // A row of one whose writes are no longer known one by one, and the second half of a dangerous structure.
    assert!(old.tracked().read_rows(TABLE, [1 << 40], false).is_ok());
    let reader = begin(&registry);
    assert!(reader.tracked().read_rows(other, [5], false).is_ok());
    assert!(old.tracked().change_row(other, 5, 9).is_err());
    drop((old, reader));
    let state = registry.lock();
    assert!(state.transactions.is_empty() && state.files.is_empty());
    assert_eq!(state.write_count, 0);
}

#[test]
fn readers_follow_a_file_that_is_replaced() {
    let registry: Arc<Registry> = Arc::default();
    let one = begin(&registry);
    assert!(one.tracked().read_rows(TABLE, [513], false).is_ok());
    let new = File {
        filenode: 20002,
        ..TABLE
    };
    registry.replace_file(TABLE, new);
    let followed = registry.report();
    let followed = followed.iter().find(|lock| lock.file == new);
    assert_eq!(followed.map(|lock| lock.extent), Some(Extent::Relation));
}
