//! What a session waits for: its commits, the locks of rows, and the durability of what it has read.
//!
//! Once a transaction's commit is queued with the store's writer, others of this path may have its rows' locks (`ahead`).
//! They read versions that are not durable, and so may not be seen to have been there. Why nobody sees them:
//! - The writer takes commits in the order of its queue, and a sync that fails fails all behind it. Whoever read such a
//!   version commits behind its writer: it is never durable, visible or acknowledged without it.
//! - Until the version is durable, its reader only changes rows that it finds by key in the visible state too, inserts,
//!   commits and rolls back: answers that say nothing of the version. For all else (`is_behind`) it waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use helios_base::{Error, Result};
use helios_locks::{Outcome, Request, Tag, mode, table};
use helios_store::key::FileId;
use helios_store::worker::{Commit, Worker};

use super::{Open, Ran, Session};
use crate::ahead::{self, Version};
use crate::counts::Uses;
use crate::refused::Refused;

/// Waits for row locks that take longer are the general path's, which looks for deadlocks.
pub const PARKED_MAX: Duration = Duration::from_millis(100);
/// Transactions that changed more rows keep their locks until they are through.
const CHANGED_MAX: usize = 64;
/// Number of the wait event Lock:transactionid, and of none.
const TRANSACTION_ID: u32 = 3;

/// What a transaction did, as far as it matters to others before it is durable.
#[derive(Debug, Default)]
pub struct Trace {
    /// Rows that it changed, by their lock tags.
    changed: Vec<(Tag, FileId, u64)>,
    /// The general path had it, and may have changed whatever it likes.
    is_partial: bool,
    /// Ticket of the last commit that it read of before it was durable; 0: none.
    behind: u64,
}

/// What the store's writer has.
pub(super) enum Waiting {
    Commit {
        token: u32,
        uses: Uses,
        ticket: u64,
        ahead: Vec<Tag>,
    },
    /// Nothing of the session's, but what it read of.
    Barrier { token: u32 },
}

/// A lock that is waited for.
pub(super) struct Parked {
    ticket: u64,
    rowid: u64,
    since: Instant,
}

impl Trace {
    /// Of a transaction that the general path began.
    pub fn elsewhere() -> Trace {
        Trace {
            is_partial: true,
            ..Trace::default()
        }
    }

    pub(super) fn note_change(&mut self, tag: Tag, file: FileId, rowid: u64) {
        if self.changed.len() >= CHANGED_MAX {
            self.is_partial = true;
        }
        if !self.has_changed(&tag) {
            self.changed.push((tag, file, rowid));
        }
    }

    /// The changes are not told to others ahead: versions that they rest on must not be found after them.
    pub(super) fn forget_ahead(&self) {
        for (tag, ..) in &self.changed {
            ahead::forget(tag);
        }
    }

    fn has_changed(&self, tag: &Tag) -> bool {
        self.changed.iter().any(|(changed, ..)| changed == tag)
    }
}

impl Session {
    /// Hands the transaction's writes to the store, or asks for when what it read is durable; what follows comes by
    /// `committed`. Errors are those of a commit that was refused: the transaction is rolled back.
    pub fn submit(&mut self, worker: &mut Worker, token: u32) -> Result<()> {
        if !std::mem::take(&mut self.is_committing) {
            // What it has read may be durable since: then it just goes on.
            if self.is_behind(worker) {
                worker.barrier(token);
                self.waiting = Some(Waiting::Barrier { token });
            }
            return Ok(());
        }
        let Some(open) = self.open.take() else {
            return Err(Error::internal("there is nothing to commit"));
        };
        let versions = versions(worker, &open);
        match worker.commit(open.number, token, true) {
            Ok(Commit::Waiting) => {
                let ticket = worker.last_ticket();
                // Where it will stand in the log must be known.
                let ahead = if versions.is_empty() || ticket == u64::MAX {
                    open.trace.forget_ahead();
                    Vec::new()
                } else {
                    self.let_others_on(versions, ticket)
                };
                self.waiting = Some(Waiting::Commit {
                    token,
                    uses: open.uses,
                    ticket,
                    ahead,
                });
                Ok(())
            }
            Ok(Commit::Done) => {
                self.end(true, open.uses);
                Ok(())
            }
            Err(error) => {
                self.out.clear();
                self.end(false, open.uses);
                Err(error)
            }
        }
    }

    /// Others of this path may have the rows' locks from here on.
    fn let_others_on(&self, versions: Vec<(Tag, Arc<[u8]>)>, ticket: u64) -> Vec<Tag> {
        let mut tags = Vec::with_capacity(versions.len());
        for (tag, row) in versions {
            ahead::add(tag, Version { ticket, row });
            tags.push(tag);
        }
        table().set_committing(self.identity.lock_owner, &tags);
        tags
    }

    /// The writer has answered; false where it was about another commit.
    pub fn committed(&mut self, worker: &mut Worker, token: u32, is_committed: bool) -> bool {
        let waiting = self.waiting.take_if(|waiting| match waiting {
            Waiting::Commit { token: own, .. } | Waiting::Barrier { token: own } => *own == token,
        });
        if !is_committed {
            self.out.clear();
        }
        match waiting {
            None => return false,
            Some(Waiting::Barrier { .. }) => {
                if let Some(open) = self.open.take_if(|_| !is_committed) {
                    worker.roll_back(open.number);
                    self.end(false, open.uses);
                }
            }
            Some(Waiting::Commit {
                uses,
                ticket,
                ahead,
                ..
            }) => {
                let _ = worker.commit_finished(token, is_committed);
                for tag in &ahead {
                    ahead::remove(tag, ticket);
                }
                self.end(is_committed, uses);
                self.show_idle();
            }
        }
        true
    }

    /// The open transaction has read what is not durable yet: it must not be told of.
    pub(super) fn is_behind(&self, worker: &Worker) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| is_behind(worker, open))
    }

    /// Asks for a row's lock; refused where it is to be waited for, here (`Taken::Parked`) or by the general path.
    pub(super) fn lock_row(&mut self, open: &Open, tag: Tag, rowid: u64) -> Ran {
        let request = Request {
            no_wait: !self.may_wait,
            for_session: false,
            passes_committing: !open.trace.is_partial,
            is_native: true,
        };
        let owner = self.identity.lock_owner;
        match table().acquire(owner, tag, mode::EXCLUSIVE, request) {
            Outcome::Granted => Ok(()),
            Outcome::Waiting(ticket) => {
                self.parked = Some(Parked {
                    ticket,
                    rowid,
                    since: Instant::now(),
                });
                self.page.set_wait(TRANSACTION_ID);
                Err(Refused)
            }
            Outcome::Deadlocked(_) => {
                table().cancel_wait(owner);
                Err(Refused)
            }
            Outcome::NotAvailable | Outcome::NoOwner => Err(Refused),
        }
    }

    /// The row's version by a commit that is not durable yet, where that is the newest: for who has its lock, and reads the
    /// visible one afterwards.
    pub(super) fn version_ahead(&self, open: &Open, tag: &Tag) -> Option<Version> {
        (!open.trace.has_changed(tag)).then(|| ahead::version(tag))?
    }

    pub(super) fn note_behind(open: &mut Open, version: &Version) {
        open.trace.behind = open.trace.behind.max(version.ticket);
    }

    /// The ticket of the lock that is waited for.
    pub fn parked(&self) -> Option<u64> {
        self.parked.as_ref().map(|parked| parked.ticket)
    }

    /// The statement that is to run waits for a lock, or has.
    pub fn has_waited(&self) -> bool {
        self.parked.is_some() || self.awaited.is_some()
    }

    /// It has been waited for long enough.
    pub fn is_overdue(&self) -> bool {
        let parked = self.parked.as_ref();
        parked.is_some_and(|parked| parked.since.elapsed() >= PARKED_MAX)
    }

    /// The lock was granted: the statement runs again.
    pub fn unpark(&mut self) {
        if let Some(parked) = self.parked.take() {
            self.awaited = Some(parked.rowid);
        }
    }

    /// Leaves the wait to the general path; false where the lock was granted meanwhile.
    pub fn give_up_waiting(&mut self) -> bool {
        let given_up = self.parked.is_some() && table().cancel_wait(self.identity.lock_owner);
        if given_up {
            self.unpark();
            self.may_wait = false;
        }
        given_up
    }

    /// The session ends.
    pub(super) fn stop_waiting(&mut self) {
        if self.parked.take().is_some() {
            table().cancel_wait(self.identity.lock_owner);
        }
    }
}

/// The rows that a transaction changed, as it leaves them.
fn versions(worker: &Worker, open: &Open) -> Vec<(Tag, Arc<[u8]>)> {
    if open.trace.is_partial {
        return Vec::new();
    }
    let changed = open.trace.changed.iter();
    changed
        .filter_map(|(tag, file, rowid)| {
            let row = worker.own_row(open.number, *file, *rowid)?;
            Some((*tag, Arc::from(row)))
        })
        .collect()
}

pub(super) fn is_behind(worker: &Worker, open: &Open) -> bool {
    open.trace.behind > 0 && !worker.is_durable(open.trace.behind)
}
