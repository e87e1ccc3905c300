//! The lock table for JavaScript. Requests answer with a number: 0 granted, -1 not available, -2 no such
//! session, positive the ticket to wait for, below -2 the negated ticket - 2 of a wait that is a deadlock for sure.

use helios_locks::{Edge, Kind, LockReport, Outcome, Request, Tag, table};
use napi::bindgen_prelude::{Function, Result};
use napi_derive::napi;

use crate::wake::later;

/// One held mode or one wait, for pg_locks. `kind`: 0 relation, 1 object, 2 row, 3 unique key, 4 advisory, 5 a session's
/// transaction (`a` is its pid).
#[napi(object)]
pub struct LockRow {
    pub kind: u8,
    pub a: u32,
    pub b: u32,
    pub c: u32,
    pub sub: u8,
    /// 0 for a prepared transaction.
    pub pid: u32,
    /// Id of the owner's transaction, 0 while it has none.
    pub xid: f64,
    pub mode: u8,
    pub granted: bool,
    /// Waits only: milliseconds since the Unix epoch, else 0.
    pub since_ms: f64,
    /// Waits for rows and unique keys: transaction id of a holder in the way.
    pub blocker_xid: f64,
}

/// One step of a deadlock.
#[napi(object)]
pub struct DeadlockStep {
    pub waiter_pid: u32,
    pub blocker_pid: u32,
    pub blocker_xid: f64,
    pub mode: u8,
    pub kind: u8,
    pub a: u32,
    pub b: u32,
    pub c: u32,
    pub sub: u8,
}

/// Registers the calling worker; `wake` is called once granted tickets wait in `locksTakeSettled`.
#[napi(catch_unwind)]
pub fn locks_add_worker(worker: u32, wake: Function<'_, (), ()>) -> Result<()> {
    let wake = later(&wake)?;
    table().add_worker(worker, Box::new(move || wake(())));
    Ok(())
}

/// Releases everything that the worker's sessions held.
#[napi(catch_unwind)]
pub fn locks_drop_worker(worker: u32) {
    table().drop_worker(worker);
}

/// Tickets granted since the last call.
#[napi(catch_unwind)]
pub fn locks_take_settled(worker: u32) -> Vec<f64> {
    table()
        .take_settled(worker)
        .into_iter()
        .map(|ticket| ticket as f64)
        .collect()
}

/// Registers a session; returns its owner id.
#[napi(catch_unwind)]
pub fn locks_add_owner(worker: u32, pid: u32) -> u32 {
    table().add_owner(worker, pid)
}

#[napi(catch_unwind)]
pub fn locks_drop_owner(owner: u32) {
    table().drop_owner(owner);
}

/// Transaction id that waits for this session's rows are reported with.
#[napi(catch_unwind)]
pub fn locks_set_xid(owner: u32, xid: f64) {
    table().set_xid(owner, xid as u64);
}

#[napi(catch_unwind)]
pub fn lock_relation(owner: u32, database: u32, relation: u32, mode: u8, no_wait: bool) -> f64 {
    acquire(
        owner,
        Tag::relation(database, relation),
        mode,
        no_wait,
        false,
    )
}

#[napi(catch_unwind)]
pub fn lock_object(owner: u32, database: u32, catalog: u32, object: u32, mode: u8) -> f64 {
    acquire(
        owner,
        Tag::object(database, catalog, object),
        mode,
        false,
        false,
    )
}

#[napi(catch_unwind)]
pub fn lock_row(owner: u32, file: u32, rowid: f64, mode: u8, no_wait: bool) -> f64 {
    acquire(owner, Tag::row(file, rowid as u64), mode, no_wait, false)
}

#[napi(catch_unwind)]
pub fn lock_unique_key(owner: u32, file: u32, key: &[u8]) -> f64 {
    let hash = table().unique_key_hash(key);
    acquire(
        owner,
        Tag::unique_key(file, hash),
        helios_locks::mode::EXCLUSIVE,
        false,
        false,
    )
}

/// `sub`: 1 for one bigint key (its halves), 2 for two int keys.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn lock_advisory(
    owner: u32,
    database: u32,
    high: u32,
    low: u32,
    sub: u8,
    mode: u8,
    no_wait: bool,
    for_session: bool,
) -> f64 {
    acquire(
        owner,
        Tag::advisory(database, high, low, sub),
        mode,
        no_wait,
        for_session,
    )
}

/// Takes back one session-level advisory lock; false where it isn't held.
#[napi(catch_unwind)]
pub fn unlock_advisory(owner: u32, database: u32, high: u32, low: u32, sub: u8, mode: u8) -> bool {
    table().release_one_session(owner, Tag::advisory(database, high, low, sub), mode)
}

#[napi(catch_unwind)]
pub fn unlock_all_advisory(owner: u32) {
    table().release_session(owner);
}

/// Gives the session's wait up; false where it was granted meanwhile.
#[napi(catch_unwind)]
pub fn locks_cancel_wait(owner: u32) -> bool {
    table().cancel_wait(owner)
}

/// Says that the session waits for the transaction of the one with `pid` to end; 0: it goes on.
#[napi(catch_unwind)]
pub fn locks_set_session_wait(owner: u32, pid: u32) {
    table().set_session_wait(owner, (pid != 0).then_some(pid));
}

/// Mark of a savepoint, for `locksRelease`.
#[napi(catch_unwind)]
pub fn locks_savepoint(owner: u32) -> u32 {
    table().savepoint(owner) as u32
}

/// Releases the transaction locks taken since the mark; 0 releases all.
#[napi(catch_unwind)]
pub fn locks_release(owner: u32, mark: u32) {
    table().release_transaction(owner, mark as usize);
}

/// Modes of a relation that the session holds: bit n for mode n.
#[napi(catch_unwind)]
pub fn locks_held_relation(owner: u32, database: u32, relation: u32) -> u32 {
    u32::from(table().held(owner, &Tag::relation(database, relation)))
}

/// The cycle of waits that the session is in, itself first; empty where there is none.
#[napi(catch_unwind)]
pub fn locks_detect_deadlock(owner: u32) -> Vec<DeadlockStep> {
    table()
        .detect_deadlock(owner)
        .unwrap_or_default()
        .iter()
        .map(deadlock_step)
        .collect()
}

#[napi(catch_unwind)]
pub fn locks_blocking_pids(pid: u32) -> Vec<u32> {
    table().blocking_pids(pid)
}

#[napi(catch_unwind)]
pub fn locks_report() -> Vec<LockRow> {
    table().report().iter().map(lock_row_of).collect()
}

fn acquire(owner: u32, tag: Tag, mode: u8, no_wait: bool, for_session: bool) -> f64 {
    match table().acquire(
        owner,
        tag,
        mode,
        Request {
            no_wait,
            for_session,
            ..Request::default()
        },
    ) {
        Outcome::Granted => 0.0,
        Outcome::Waiting(ticket) => ticket as f64,
        Outcome::Deadlocked(ticket) => -2.0 - ticket as f64,
        Outcome::NotAvailable => -1.0,
        Outcome::NoOwner => -2.0,
    }
}

fn deadlock_step(edge: &Edge) -> DeadlockStep {
    DeadlockStep {
        waiter_pid: edge.waiter_pid,
        blocker_pid: edge.blocker_pid,
        blocker_xid: edge.blocker_xid as f64,
        mode: edge.mode,
        kind: kind_of(edge.tag.kind),
        a: edge.tag.a,
        b: edge.tag.b,
        c: edge.tag.c,
        sub: edge.tag.sub,
    }
}

fn lock_row_of(report: &LockReport) -> LockRow {
    LockRow {
        kind: kind_of(report.tag.kind),
        a: report.tag.a,
        b: report.tag.b,
        c: report.tag.c,
        sub: report.tag.sub,
        pid: report.pid,
        xid: report.xid as f64,
        mode: report.mode,
        granted: report.granted,
        since_ms: report.since_ms as f64,
        blocker_xid: report.blocker_xid as f64,
    }
}

fn kind_of(kind: Kind) -> u8 {
    kind as u8
}
