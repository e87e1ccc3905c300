//! Serializable transactions for JavaScript: snapshots that are tracked, safe snapshots, read locks for pg_locks. Errors of
//! all reads and writes under them: 40001.

use helios_locks::table;
use helios_serializable::{Extent, Limits, ReadLock, registry};
use helios_store::worker::{Imported, file_replaced};
use napi_derive::napi;

use crate::store::{Result, file, with};

/// Bounds of what is remembered, by their settings' names; `transactions` is max_connections and
/// max_prepared_transactions together.
#[napi(object)]
pub struct SerializableLimits {
    pub max_pred_locks_per_transaction: i64,
    pub max_pred_locks_per_relation: i64,
    pub max_pred_locks_per_page: i64,
    pub transactions: u32,
}

#[napi]
pub fn serializable_configure(limits: SerializableLimits) {
    registry().configure(Limits {
        max_pred_locks_per_transaction: limits.max_pred_locks_per_transaction,
        max_pred_locks_per_relation: limits.max_pred_locks_per_relation,
        max_pred_locks_per_page: limits.max_pred_locks_per_page,
        transactions: limits.transactions as usize,
    });
}

/// As `storeTakeSnapshot`, for the serializable transaction: all that is read in it is noted.
#[napi]
pub fn serializable_snapshot(
    transaction: u32,
    process_id: u32,
    backend: u32,
    read_only: bool,
) -> Result<u32> {
    with(|here| {
        let snapshot =
            here.worker
                .take_serializable_snapshot(transaction, process_id, backend, read_only)?;
        here.report_sequence(snapshot)
    })
}

/// As `serializableSnapshot`, taken over from a transaction that has exported its own: 0 where that is not to be had, -1
/// where its transaction is not serializable, -2 where it is read-only and this one is not.
#[napi]
pub fn serializable_import(
    name: String,
    transaction: u32,
    process_id: u32,
    backend: u32,
    read_only: bool,
) -> Result<i64> {
    with(|here| {
        let imported = here.worker.import_serializable_snapshot(
            &name,
            transaction,
            process_id,
            backend,
            read_only,
        )?;
        match imported {
            Imported::Taken(snapshot) => Ok(i64::from(here.report_sequence(snapshot)?)),
            Imported::Absent => Ok(0),
            Imported::NotSerializable => Ok(-1),
            Imported::ReadOnly => Ok(-2),
        }
    })
}

/// As `storeTakeSnapshot`, for what constraints read for the serializable transaction.
#[napi]
pub fn serializable_constraint_snapshot(transaction: u32) -> Result<u32> {
    with(|here| {
        let snapshot = here.worker.take_constraint_snapshot(transaction)?;
        here.report_sequence(snapshot)
    })
}

/// Commits a transaction that wrote nothing.
#[napi]
pub fn serializable_commit_reads(transaction: u32) -> Result<()> {
    with(|here| here.worker.commit_reads(transaction))
}

/// Whether the read-only transaction's snapshot is safe; null as long as that is not known.
#[napi]
pub fn serializable_is_safe(transaction: u32) -> Result<Option<bool>> {
    with(|here| here.worker.snapshot_is_safe(transaction))
}

/// The ticket that is settled, among those of the worker's locks, once `serializableIsSafe` has an answer.
#[napi]
pub fn serializable_await_safe(transaction: u32, worker: u32) -> Result<f64> {
    with(|here| {
        let ticket = table().ticket();
        let wake = Box::new(move || table().settle_ticket(worker, ticket));
        here.worker.when_safety_is_known(transaction, wake)?;
        Ok(ticket as f64)
    })
}

/// The wait is given up.
#[napi]
pub fn serializable_stop_waiting(transaction: u32) -> Result<()> {
    with(|here| here.worker.forget_safety_wait(transaction))
}

/// Processes for which one waits that waits for a safe snapshot.
#[napi]
pub fn serializable_blocking_pids(process_id: u32) -> Vec<u32> {
    registry().safe_snapshot_blockers(process_id)
}

/// The key in the write buffer stands in a unique index already: throws 40001 where a conflict explains that.
#[napi]
pub fn serializable_key_found(
    transaction: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    key_length: u32,
) -> Result<()> {
    with(|here| {
        let key = here.written(key_length as usize)?;
        let file = file(database, filenode, owner);
        here.worker.unique_key_found(transaction, file, key)
    })
}

/// The new file takes the old one's place: who has read of the old one has read all of the new one.
#[napi]
pub fn serializable_file_replaced(database: u32, old_filenode: u32, new_filenode: u32) {
    file_replaced(
        file(database, old_filenode, 0),
        file(database, new_filenode, 0),
    );
}

/// One read lock, for pg_locks. `page` and `line` are -1 where the lock covers more.
#[napi(object)]
pub struct ReadLockRow {
    pub database: u32,
    pub filenode: u32,
    pub page: f64,
    pub line: f64,
    pub pid: u32,
    pub backend: u32,
}

#[napi]
pub fn serializable_report() -> Vec<ReadLockRow> {
    registry().report().iter().map(row_of).collect()
}

fn row_of(lock: &ReadLock) -> ReadLockRow {
    let (page, line) = match lock.extent {
        Extent::Relation => (-1.0, -1.0),
        Extent::Page(page) => (page as f64, -1.0),
        Extent::Row { page, line } => (page as f64, line as f64),
    };
    ReadLockRow {
        database: lock.file.database,
        filenode: lock.file.filenode,
        page,
        line,
        pid: lock.pid,
        backend: lock.backend,
    }
}
