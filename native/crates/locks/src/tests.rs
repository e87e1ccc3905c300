//! Interleavings of sessions on one table: grants, queues, savepoints, deadlocks.

use crate::mode::{
    ACCESS_EXCLUSIVE, ACCESS_SHARE, AWAIT_REMOVE, EXCLUSIVE, REMOVE, ROW_EXCLUSIVE, ROW_SHARE,
    SHARE,
};
use crate::{LockTable, Outcome, Request, Tag};

const WAIT: Request = Request {
    no_wait: false,
    for_session: false,
    passes_committing: false,
    is_native: false,
};
const NO_WAIT: Request = Request {
    no_wait: true,
    ..WAIT
};
const SESSION: Request = Request {
    for_session: true,
    ..WAIT
};
const NATIVE: Request = Request {
    passes_committing: true,
    is_native: true,
    ..WAIT
};

struct Bench {
    table: LockTable,
}

impl Bench {
    fn new(sessions: u32) -> Bench {
        let table = LockTable::new();
        table.add_worker(0, Box::new(|| {}));
        for index in 0..sessions {
            assert_eq!(table.add_owner(0, 100 + index), index);
        }
        Bench { table }
    }

    fn granted(&self, owner: u32, tag: Tag, mode: u8) {
        assert_eq!(self.table.acquire(owner, tag, mode, WAIT), Outcome::Granted);
    }

    fn waits(&self, owner: u32, tag: Tag, mode: u8) -> u64 {
        match self.table.acquire(owner, tag, mode, WAIT) {
            Outcome::Waiting(ticket) => ticket,
            other => panic!("session {owner} should wait, got {other:?}"),
        }
    }

    fn commit(&self, owner: u32) -> Vec<u64> {
        self.table.release_transaction(owner, 0);
        self.table.take_settled(0)
    }
}

fn relation() -> Tag {
    Tag::relation(5, 16384)
}

#[test]
fn compatible_modes_share_and_conflicting_ones_wait() {
    let bench = Bench::new(3);
    bench.granted(0, relation(), ACCESS_SHARE);
    bench.granted(1, relation(), ROW_EXCLUSIVE);
    assert_eq!(
        bench.table.acquire(2, relation(), SHARE, NO_WAIT),
        Outcome::NotAvailable
    );
    let ticket = bench.waits(2, relation(), SHARE);
    assert!(bench.commit(0).is_empty());
    assert_eq!(bench.commit(1), vec![ticket]);
}

#[test]
fn nobody_overtakes_a_conflicting_waiter() {
    let bench = Bench::new(4);
    bench.granted(0, relation(), ACCESS_SHARE);
    let exclusive = bench.waits(1, relation(), ACCESS_EXCLUSIVE);
    let reader = bench.waits(2, relation(), ACCESS_SHARE);
    // A session that holds a lock in the waiter's way goes before it.
    bench.granted(0, relation(), ROW_SHARE);
    assert_eq!(bench.commit(0), vec![exclusive]);
    assert_eq!(bench.commit(1), vec![reader]);
}

#[test]
fn a_wait_given_up_lets_those_behind_through() {
    let bench = Bench::new(3);
    bench.granted(0, relation(), ACCESS_SHARE);
    bench.waits(1, relation(), ACCESS_EXCLUSIVE);
    let reader = bench.waits(2, relation(), ACCESS_SHARE);
    assert!(bench.table.cancel_wait(1));
    assert_eq!(bench.table.take_settled(0), vec![reader]);
    assert!(!bench.table.cancel_wait(2));
}

#[test]
fn rolling_back_to_a_savepoint_releases_what_was_taken_since() {
    let bench = Bench::new(2);
    let row = Tag::row(16384, 7);
    bench.granted(0, row, ROW_SHARE);
    let mark = bench.table.savepoint(0);
    bench.granted(0, row, ACCESS_EXCLUSIVE);
    let share = bench.waits(1, row, ROW_SHARE);
    bench.table.release_transaction(0, mark);
    assert_eq!(bench.table.take_settled(0), vec![share]);
    assert_eq!(
        bench.table.acquire(1, row, EXCLUSIVE, NO_WAIT),
        Outcome::NotAvailable
    );
}

#[test]
fn session_locks_are_counted_and_outlive_the_transaction() {
    let bench = Bench::new(2);
    let key = Tag::advisory(5, 0, 42, 1);
    for _ in 0..2 {
        assert_eq!(
            bench.table.acquire(0, key, EXCLUSIVE, SESSION),
            Outcome::Granted
        );
    }
    bench.granted(0, key, EXCLUSIVE);
    bench.commit(0);
    let ticket = bench.waits(1, key, SHARE);
    assert!(bench.table.release_one_session(0, key, EXCLUSIVE));
    assert!(bench.table.take_settled(0).is_empty());
    assert!(bench.table.release_one_session(0, key, EXCLUSIVE));
    assert_eq!(bench.table.take_settled(0), vec![ticket]);
    assert!(!bench.table.release_one_session(0, key, EXCLUSIVE));
}

#[test]
fn a_cycle_of_three_is_found_by_each_of_its_members() {
    for looking in 0..3 {
        let bench = Bench::new(4);
        let rows: Vec<Tag> = (0..3).map(|rowid| Tag::row(16384, rowid)).collect();
        for owner in 0..3 {
            bench.granted(owner, rows[owner as usize], ACCESS_EXCLUSIVE);
        }
        for owner in 0..3_u32 {
            assert!(bench.table.detect_deadlock(owner).is_none());
            bench.waits(owner, rows[(owner as usize + 1) % 3], ACCESS_EXCLUSIVE);
        }
        // A session outside of the cycle that waits for it is in no deadlock itself.
        bench.waits(3, rows[0], ACCESS_EXCLUSIVE);
        assert!(bench.table.detect_deadlock(3).is_none());
        let cycle = bench.table.detect_deadlock(looking).unwrap_or_default();
        let pids: Vec<(u32, u32)> = cycle
            .iter()
            .map(|edge| (edge.waiter_pid, edge.blocker_pid))
            .collect();
        let step = |from: u32| (100 + from % 3, 100 + (from + 1) % 3);
        let expected = vec![step(looking), step(looking + 1), step(looking + 2)];
        assert_eq!(pids, expected);
        assert!(bench.table.cancel_wait(looking));
        assert!(bench.table.detect_deadlock((looking + 1) % 3).is_none());
    }
}

#[test]
fn a_cycle_through_the_queue_alone_is_dissolved_by_reordering() {
    let bench = Bench::new(3);
    let (first, second) = (Tag::relation(5, 1), Tag::relation(5, 2));
    bench.granted(0, first, ACCESS_SHARE);
    bench.granted(1, second, ACCESS_EXCLUSIVE);
    // 2 waits for 0; 1 would only wait behind 2; 0 waits for 1.
    bench.waits(2, first, ACCESS_EXCLUSIVE);
    let behind = bench.waits(1, first, ACCESS_SHARE);
    bench.waits(0, second, ACCESS_SHARE);
    assert!(bench.table.detect_deadlock(0).is_none());
    assert_eq!(bench.table.take_settled(0), vec![behind]);
}

#[test]
fn the_deepest_soft_edge_gives_way_first() {
    let bench = Bench::new(4);
    let (first, second) = (Tag::relation(5, 1), Tag::relation(5, 2));
    bench.granted(0, first, ACCESS_SHARE);
    bench.granted(1, second, ACCESS_SHARE);
    bench.waits(2, first, ACCESS_EXCLUSIVE);
    bench.waits(3, second, ACCESS_EXCLUSIVE);
    let other = bench.waits(0, second, ACCESS_SHARE);
    bench.waits(1, first, ACCESS_SHARE);
    // 1 behind 2, 2 for 0, 0 behind 3, 3 for 1.
    assert!(bench.table.detect_deadlock(1).is_none());
    assert_eq!(bench.table.take_settled(0), vec![other]);
}

#[test]
fn two_upgrades_of_one_relation_lock_are_a_deadlock_at_once() {
    let bench = Bench::new(2);
    for owner in 0..2 {
        bench.granted(owner, relation(), ACCESS_SHARE);
    }
    bench.waits(0, relation(), ACCESS_EXCLUSIVE);
    let second = bench.table.acquire(1, relation(), ACCESS_EXCLUSIVE, WAIT);
    assert!(matches!(second, Outcome::Deadlocked(_)));
    let cycle = bench.table.detect_deadlock(1).unwrap_or_default();
    assert_eq!(cycle.len(), 2);
}

#[test]
fn a_sharer_of_a_row_passes_a_waiting_writer() {
    let bench = Bench::new(3);
    let row = Tag::row(16384, 7);
    bench.granted(0, row, ROW_SHARE);
    let writer = bench.waits(1, row, ACCESS_EXCLUSIVE);
    bench.granted(2, row, ROW_SHARE);
    let upgrade = bench.waits(2, row, ACCESS_EXCLUSIVE);
    assert_eq!(bench.commit(0), vec![upgrade]);
    assert_eq!(bench.commit(2), vec![writer]);
}

#[test]
fn who_awaits_a_removal_waits_for_removers_alone() {
    let bench = Bench::new(3);
    let (locked, removed) = (Tag::row(16384, 7), Tag::row(16384, 8));
    bench.granted(0, locked, ACCESS_EXCLUSIVE);
    bench.granted(0, removed, REMOVE);
    bench.granted(0, removed, ACCESS_EXCLUSIVE);
    bench.granted(1, locked, AWAIT_REMOVE);
    let waiting = bench.waits(1, removed, AWAIT_REMOVE);
    let sharer = bench.waits(2, removed, ACCESS_SHARE);
    assert_eq!(bench.commit(0), vec![waiting, sharer]);
    bench.granted(2, locked, REMOVE);
}

#[test]
fn a_wait_for_a_session_counts_among_the_waits() {
    let bench = Bench::new(2);
    bench.granted(0, relation(), SHARE);
    bench.waits(1, relation(), ROW_EXCLUSIVE);
    assert!(bench.table.detect_deadlock(1).is_none());
    bench.table.set_session_wait(0, Some(101));
    assert_eq!(bench.table.blocking_pids(100), vec![101]);
    assert_eq!(
        bench.table.detect_deadlock(1).map(|cycle| cycle.len()),
        Some(2)
    );
    bench.table.set_session_wait(0, None);
    assert!(bench.table.blocking_pids(100).is_empty());
}

#[test]
fn a_dead_worker_gives_its_locks_back() {
    let bench = Bench::new(1);
    bench.table.add_worker(1, Box::new(|| {}));
    let other = bench.table.add_owner(1, 200);
    bench.granted(other, relation(), ACCESS_EXCLUSIVE);
    let ticket = bench.waits(0, relation(), ACCESS_SHARE);
    assert_eq!(bench.table.blocking_pids(100), vec![200]);
    bench.table.drop_worker(1);
    assert_eq!(bench.table.take_settled(0), vec![ticket]);
    assert!(bench.table.owner(other).is_none());
}

#[test]
fn released_locks_leave_nothing_behind() {
    let bench = Bench::new(1);
    for rowid in 0..10_000 {
        bench.granted(0, Tag::row(16384, rowid), ACCESS_EXCLUSIVE);
    }
    bench.commit(0);
    assert!(bench.table.lock_all().iter().all(|shard| shard.is_empty()));
}

#[test]
fn prepared_transactions_keep_their_locks() {
    let bench = Bench::new(3);
    let table = &bench.table;
    let (key, shared) = (Tag::advisory(5, 0, 7, 1), Tag::advisory(5, 0, 8, 1));
    bench.granted(0, relation(), ROW_EXCLUSIVE);
    bench.granted(0, Tag::row(16384, 513), ACCESS_EXCLUSIVE);
    assert_eq!(table.acquire(0, key, EXCLUSIVE, SESSION), Outcome::Granted);
    table.set_xid(0, 77);
    let ticket = bench.waits(1, relation(), SHARE);
    let locks = table.transaction_locks(0).unwrap_or_default();
    assert_eq!(locks.len(), 30);

    // The session goes on with its session lock, the transaction's locks stay where they are.
    assert!(table.detach(0, 2));
    assert_eq!(table.held(2, &key), 1 << EXCLUSIVE);
    assert_eq!(table.held(0, &key), 0);
    table.release_transaction(2, 0);
    assert!(table.take_settled(0).is_empty());
    let report = table.report();
    let held = report
        .iter()
        .find(|row| row.granted && row.tag == relation());
    assert_eq!(held.map(|row| (row.pid, row.xid)), Some((0, 77)));
    table.drop_owner(0);
    assert_eq!(table.take_settled(0), [ticket]);

    // In a new process they come back.
    let again = Bench::new(1);
    let owner = again.table.restore(77, &locks).ok();
    assert_eq!(
        again.table.transaction_locks(owner.unwrap_or(0)),
        Some(locks)
    );
    let waiting = again.waits(0, Tag::row(16384, 513), ACCESS_EXCLUSIVE);
    again.table.drop_owner(owner.unwrap_or(0));
    assert_eq!(again.table.take_settled(0), [waiting]);

    // The same object for both transaction and session can't be told apart later.
    again.granted(0, shared, EXCLUSIVE);
    assert_eq!(
        again.table.acquire(0, shared, SHARE, SESSION),
        Outcome::Granted
    );
    assert_eq!(again.table.transaction_locks(0), None);
}

/// Sessions that do anything, on a table that packs and on one that doesn't: the answers are the same.
#[test]
fn packed_locks_answer_as_others_do() {
    let tables = [
        LockTable::packing_from(3),
        LockTable::packing_from(usize::MAX),
    ];
    for table in &tables {
        table.add_worker(0, Box::new(|| {}));
        for pid in 0..4 {
            table.add_owner(0, 100 + pid);
        }
    }
    let mut state = 88_172_645_463_325_252_u64;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % limit
    };
    let mut marks: [Vec<[usize; 2]>; 4] = Default::default();
    let mut packed = 0;
    let settled = |table: &LockTable| {
        let mut tickets = table.take_settled(0);
        tickets.sort_unstable();
        tickets
    };
    for _ in 0..60_000 {
        let owner = below(4) as u32;
        let own = &mut marks[owner as usize];
        match below(60) {
            0 => {
                own.clear();
                let settled = tables.each_ref().map(|table| {
                    table.cancel_wait(owner);
                    table.release_transaction(owner, 0);
                    settled(table)
                });
                assert_eq!(settled[0], settled[1]);
            }
            1..4 => own.push(tables.each_ref().map(|table| table.savepoint(owner))),
            4..6 => {
                if let Some(mark) = own.pop() {
                    for (table, mark) in tables.iter().zip(mark) {
                        table.cancel_wait(owner);
                        table.release_transaction(owner, mark);
                    }
                    assert_eq!(settled(&tables[0]), settled(&tables[1]));
                }
            }
            6 => {
                let settled = tables.each_ref().map(|table| {
                    let gave_up = table.cancel_wait(owner);
                    (gave_up, settled(table))
                });
                assert_eq!(settled[0], settled[1]);
            }
            kind => {
                let tag = match kind % 3 {
                    0 => Tag::unique_key(20000, below(300) << 30 | 5),
                    _ => Tag::row(20000, 512 * (1 + below(3)) + 1 + below(200)),
                };
                let mode = match kind % 3 {
                    0 => EXCLUSIVE,
                    _ => [
                        ACCESS_SHARE,
                        ROW_SHARE,
                        EXCLUSIVE,
                        ACCESS_EXCLUSIVE,
                        REMOVE,
                        AWAIT_REMOVE,
                    ][below(6) as usize],
                };
                let no_wait = below(3) > 0;
                let answers = tables.each_ref().map(|table| {
                    if table
                        .owner(owner)
                        .is_some_and(|owner| owner.state().wait.is_some())
                    {
                        return None;
                    }
                    let request = Request { no_wait, ..WAIT };
                    Some((
                        table.admits(tag, mode),
                        table.acquire(owner, tag, mode, request),
                    ))
                });
                assert_eq!(answers[0], answers[1]);
                assert_eq!(tables[0].held(owner, &tag), tables[1].held(owner, &tag));
                assert_eq!(
                    tables[0].blocking_pids(100 + owner),
                    tables[1].blocking_pids(100 + owner)
                );
                let length = |table: &LockTable| {
                    table
                        .owner(owner)
                        .map_or(0, |owner| owner.state().log.len())
                };
                let lengths = tables.each_ref().map(length);
                packed += usize::from(lengths[0] < lengths[1]);
            }
        }
        let locks = tables.each_ref().map(|table| {
            let bytes = table.transaction_locks(owner).unwrap_or_default();
            let mut locks: Vec<Vec<u8>> = bytes.chunks(15).map(<[u8]>::to_vec).collect();
            locks.sort();
            locks
        });
        assert_eq!(locks[0], locks[1]);
    }
    assert!(packed > 10_000, "locks were packed {packed} times");
}

#[test]
fn only_who_passes_committing_transactions_has_their_rows_early() {
    let bench = Bench::new(4);
    let row = Tag::row(1, 7);
    bench.granted(0, row, EXCLUSIVE);
    let native = bench.table.acquire(1, row, EXCLUSIVE, NATIVE);
    let Outcome::Waiting(ticket) = native else {
        panic!("it waits")
    };
    let general = bench.table.acquire(2, row, EXCLUSIVE, WAIT);
    assert!(matches!(general, Outcome::Waiting(_)));
    bench.table.set_committing(0, &[row]);
    assert_eq!(bench.table.take_native_settled(0), [ticket]);
    assert_eq!(bench.table.take_settled(0), []);
    // Who comes now does not overtake who waits.
    let late = bench.table.acquire(3, row, EXCLUSIVE, NATIVE);
    assert!(matches!(late, Outcome::Waiting(_)));
    // The second commits before the first is through.
    bench.table.set_committing(1, &[row]);
    assert_eq!(bench.table.take_native_settled(0), []);
    bench.table.release_transaction(0, 0);
    assert_eq!(bench.table.take_settled(0), []);
    bench.table.release_transaction(1, 0);
    assert_eq!(bench.table.take_settled(0).len(), 1);
    bench.table.release_transaction(2, 0);
    assert_eq!(bench.table.take_native_settled(0).len(), 1);
    bench.table.release_transaction(3, 0);
    assert!(bench.table.admits(row, ACCESS_EXCLUSIVE));
}

#[test]
fn a_deadlock_has_one_victim() {
    let bench = Bench::new(2);
    let rows = [Tag::row(1, 1), Tag::row(1, 2)];
    bench.granted(0, rows[0], EXCLUSIVE);
    bench.granted(1, rows[1], EXCLUSIVE);
    bench.table.acquire(0, rows[1], EXCLUSIVE, WAIT);
    bench.table.acquire(1, rows[0], EXCLUSIVE, WAIT);
    assert!(bench.table.detect_deadlock(0).is_some());
    assert!(bench.table.detect_deadlock(1).is_none());
    assert!(bench.table.cancel_wait(0));
    bench.table.acquire(0, rows[1], EXCLUSIVE, WAIT);
    assert!(bench.table.detect_deadlock(1).is_some());
}
