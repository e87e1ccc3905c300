//! Locks of prepared transactions: they stay with an owner that is no session, and come back with a new process.
//!
//! Encoded, a lock is 15 bytes: a, b, c of its tag (u32, little-endian), kind, sub, mode.

use std::sync::{Arc, PoisonError};

use helios_base::{Error, Result};

use crate::mode::{AWAIT_REMOVE, Mode};
use crate::owner::{NO_WORKER, Owner};
use crate::table::{LockTable, Outcome, Request};
use crate::tag::{Kind, Tag};

const LOCK_BYTES: usize = 15;

impl LockTable {
    /// The session's transaction locks, encoded; None where it holds a session lock on one of the same objects, too.
    pub fn transaction_locks(&self, id: u32) -> Option<Vec<u8>> {
        let owner = self.owner(id)?;
        let log = owner.state().log.clone();
        let packed: Vec<(Tag, Mode)> = log
            .iter()
            .filter(|(tag, _)| matches!(tag.kind, Kind::RowPack | Kind::KeyPack))
            .flat_map(|(tag, _)| self.packed(&owner, tag))
            .collect();
        let single = |(tag, _): &&(Tag, Mode)| !matches!(tag.kind, Kind::RowPack | Kind::KeyPack);
        let state = owner.state();
        let is_shared = |tag: &Tag| state.session.keys().any(|(held, _)| held == tag);
        if !state.session.is_empty() && state.log.iter().any(|(tag, _)| is_shared(tag)) {
            return None;
        }
        let mut bytes = Vec::with_capacity(LOCK_BYTES * (log.len() + packed.len()));
        for (tag, mode) in log.iter().filter(single).chain(&packed) {
            for word in [tag.a, tag.b, tag.c] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            bytes.extend_from_slice(&[tag.kind as u8, tag.sub, *mode]);
        }
        Some(bytes)
    }

    /// The session's transaction was prepared: `id` is its locks' owner from now on, no worker's and without a pid, and
    /// the session goes on as `successor`, which takes its session locks over. False where the session has ended.
    pub fn detach(&self, id: u32, successor: u32) -> bool {
        let (Some(owner), Some(next)) = (self.owner(id), self.owner(successor)) else {
            return false;
        };
        let session = std::mem::take(&mut owner.state().session);
        for (tag, mode) in session.keys() {
            self.move_session_lock(tag, *mode, id, successor);
        }
        next.state().session = session;
        let detached = Owner::detached(&owner);
        let mut owners = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = owners.get_mut(id as usize) {
            *place = Some(Arc::new(detached));
        }
        true
    }

    /// Takes the locks of a prepared transaction for a new owner; its id. They conflict with nothing that is held: this
    /// is for a process that has no sessions yet, or where their session has just ended.
    pub fn restore(&self, xid: u64, locks: &[u8]) -> Result<u32> {
        let id = self.add_owner(NO_WORKER, 0);
        self.set_xid(id, xid);
        for lock in locks.chunks(LOCK_BYTES) {
            let (tag, mode) = decode(lock)?;
            let request = Request {
                no_wait: true,
                ..Request::default()
            };
            if self.acquire(id, tag, mode, request) != Outcome::Granted {
                return Err(Error::internal("a prepared transaction's lock is held"));
            }
        }
        Ok(id)
    }
}

fn decode(lock: &[u8]) -> Result<(Tag, Mode)> {
    let corrupted = || Error::corrupted("a prepared transaction's locks are damaged");
    let bytes: &[u8; LOCK_BYTES] = lock.try_into().map_err(|_| corrupted())?;
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let kind = match bytes[12] {
        0 => Kind::Relation,
        1 => Kind::Object,
        2 => Kind::Row,
        3 => Kind::UniqueKey,
        4 => Kind::Advisory,
        _ => return Err(corrupted()),
    };
    if !(1..=AWAIT_REMOVE).contains(&bytes[14]) {
        return Err(corrupted());
    }
    let tag = Tag {
        a: word(0),
        b: word(4),
        c: word(8),
        kind,
        sub: bytes[13],
    };
    Ok((tag, bytes[14]))
}
