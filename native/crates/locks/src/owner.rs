//! A session as the lock table knows it: what it holds, in the order it took it, and what it waits for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::mode::Mode;
use crate::tag::Tag;

/// Worker of owners that are no session's: nobody is woken for them.
pub const NO_WORKER: u32 = u32::MAX;

pub struct Owner {
    pub id: u32,
    pub worker: u32,
    pub pid: u32,
    /// Id of the running transaction, 0 while it has none: what waits for its rows are reported as waiting for.
    pub xid: AtomicU64,
    state: Mutex<OwnerState>,
}

#[derive(Default)]
pub struct OwnerState {
    /// Transaction locks in the order they were taken: a savepoint is a length of this.
    pub log: Vec<(Tag, Mode)>,
    /// Locks that were taken out of packs, by the packs' numbers: released with the pack.
    pub unpacked: HashMap<u32, Vec<(Tag, Mode)>>,
    /// Number of the next pack.
    pub next_pack: u32,
    /// Packs from this number on are of the time since the last savepoint.
    pub first_pack: u32,
    /// Session locks with how often each was taken.
    pub session: HashMap<(Tag, Mode), u32>,
    pub wait: Option<Wait>,
    /// A deadlock was found that the wait is in: it is about to be given up.
    pub gives_up: bool,
    /// The session waits for another one's transaction to end.
    pub session_wait: Option<SessionWait>,
}

#[derive(Clone, Copy, Debug)]
pub struct SessionWait {
    pub pid: u32,
    /// Milliseconds since the Unix epoch (pg_locks.waitstart).
    pub since_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Wait {
    pub ticket: u64,
    pub tag: Tag,
    pub mode: Mode,
    /// Milliseconds since the Unix epoch (pg_locks.waitstart).
    pub since_ms: u64,
}

impl Owner {
    pub fn new(id: u32, worker: u32, pid: u32) -> Owner {
        Owner {
            id,
            worker,
            pid,
            xid: AtomicU64::new(0),
            state: Mutex::new(OwnerState::default()),
        }
    }

    /// What is left of a session's transaction once it is prepared: its locks.
    pub fn detached(owner: &Owner) -> Owner {
        let mut state = owner.state();
        let kept = OwnerState {
            log: std::mem::take(&mut state.log),
            unpacked: std::mem::take(&mut state.unpacked),
            next_pack: state.next_pack,
            ..OwnerState::default()
        };
        drop(state);
        Owner {
            id: owner.id,
            worker: NO_WORKER,
            pid: 0,
            xid: AtomicU64::new(owner.xid.load(Ordering::Relaxed)),
            state: Mutex::new(kept),
        }
    }

    /// Lock order: a shard's mutex is never taken while this is held.
    pub fn state(&self) -> MutexGuard<'_, OwnerState> {
        lock(&self.state)
    }
}

impl OwnerState {
    /// Notes a grant that was new to its scope, or one more taking of a session lock.
    pub fn record(&mut self, tag: Tag, mode: Mode, for_session: bool, is_new: bool) {
        if for_session {
            *self.session.entry((tag, mode)).or_insert(0) += 1;
        } else if is_new {
            self.log.push((tag, mode));
        }
    }
}

/// The guard, whoever panicked while holding the mutex: every update under it is whole.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
