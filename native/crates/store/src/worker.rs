//! One thread's door to the store: its snapshots, transactions, cursors and its sessions' temporary entries, under
//! numbers. Nothing here is shared with other threads.

mod cursors;
mod detached;
mod files;
mod index_build;
mod points;
mod prepared;
mod rows;
mod serializable;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use helios_base::error::sqlstate;
use helios_base::slab::Slab;
use helios_base::sync::lock;
use helios_base::{Error, Result};

use crate::base::BaseReader;
use crate::large::LargePart;
use crate::overlay::Overlay;
use crate::store::{Exported, Notify, SnapshotState, Store};
use crate::subtransactions::Ids;
use crate::temporary::{TemporaryChanges, TemporaryStore};
use crate::transaction::Transaction;
use crate::writer::{Done, Request, Then};

use cursors::Cursor;
pub use detached::Detached;
pub use index_build::IndexBuild;
pub use points::PointPath;
pub use prepared::Preparation;
pub use rows::{Copied, Inserted};
pub use serializable::{Imported, file_replaced, tracked_file};

pub struct Worker {
    store: Arc<Store>,
    number: u32,
    snapshots: Slab<Rc<SnapshotState>>,
    transactions: Slab<Transaction>,
    cursors: Slab<Cursor>,
    temporary: HashMap<u32, TemporaryStore>,
    /// Temporary changes of commits under way, by token.
    committing: HashMap<u32, (u32, TemporaryChanges)>,
    /// Prepared transactions being made or finished, by token.
    preparing: HashMap<u32, prepared::Step>,
    /// The base's reader of the newest state this thread has seen, with that state's number.
    reader: Option<(u64, Rc<Box<dyn BaseReader>>)>,
    /// Ticket that the next commit must wait for, because a sequence's record has it.
    barrier: u64,
    /// Of the last commit that was queued.
    last_ticket: u64,
}

/// What a statement reads: snapshot and transaction by number (0: none), and the command before which own writes show.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub snapshot: u32,
    pub transaction: u32,
    pub command: u32,
}

/// Outcome of filling a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// That many rows or entries; 0 is the end.
    Count(usize),
    /// Not one fits: the buffer must have at least this many bytes.
    Grow(usize),
}

/// What became of a commit call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Nothing to wait for.
    Done,
    /// The worker is told under the token.
    Waiting,
}

impl Worker {
    pub fn new(store: Arc<Store>, notify: Notify) -> Worker {
        let number = store.register(notify);
        Worker {
            store,
            number,
            snapshots: Slab::new("snapshot"),
            transactions: Slab::new("transaction"),
            cursors: Slab::new("cursor"),
            temporary: HashMap::new(),
            committing: HashMap::new(),
            preparing: HashMap::new(),
            reader: None,
            barrier: 0,
            last_ticket: 0,
        }
    }

    /// A transaction's writes, to add to. Errors: 53100, 58030 where they should go to disk and can't; 53200 where there is
    /// no disk and they have grown beyond what a transaction may hold.
    pub(crate) fn overlay(&mut self, transaction: u32) -> Result<&mut Overlay> {
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        if overlay.make_room()?
            && let Some(base) = &self.store.base
        {
            // What is written so much was mostly read first.
            base.release();
        }
        let bytes = overlay.bytes();
        if bytes > self.store.overlay_bytes_max {
            let detail = format!(
                "Failed on request of size {bytes} in memory context \"TopTransactionContext\"."
            );
            return Err(Error::new(sqlstate::OUT_OF_MEMORY, "out of memory").with_detail(detail));
        }
        Ok(overlay)
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub fn take_snapshot(&mut self) -> Result<u32> {
        let snapshot = self.current_state()?;
        Ok(self.snapshots.insert(Rc::new(snapshot)))
    }

    pub fn snapshot_sequence(&self, snapshot: u32) -> Result<u64> {
        Ok(self.snapshots.get(snapshot)?.sequence)
    }

    /// A snapshot of the exported one's sequence; None where no such name is exported (any more).
    pub fn import_snapshot(&mut self, name: &str) -> Result<Option<u32>> {
        let Some(exported) = self.store.exported(name) else {
            return Ok(None);
        };
        let snapshot = self.state_at(&exported)?;
        Ok(Some(self.snapshots.insert(Rc::new(snapshot))))
    }

    /// The state that an exported snapshot reads: the newest one hides what was committed later, as long as no flush has
    /// brought that into the base; after one, the state of the export is read, in the base as the exporter does.
    fn state_at(&mut self, exported: &Exported) -> Result<SnapshotState> {
        let sequence = exported.sequence;
        let current = self.current_state()?;
        if current.state.base_sequence <= sequence {
            return Ok(SnapshotState {
                sequence,
                ..current
            });
        }
        let held = &exported.held;
        let reader = held.reader.as_ref();
        Ok(SnapshotState {
            sequence,
            state: Arc::clone(&held.state),
            base: reader.map(|reader| Rc::new(lock(reader).share())),
            reader: None,
        })
    }

    pub fn release_snapshot(&mut self, snapshot: u32) {
        self.snapshots.remove(snapshot);
        self.refresh();
    }

    /// The newest committed state; opens a reader of the base where this thread has none of that state.
    fn current_state(&mut self) -> Result<SnapshotState> {
        loop {
            // The sequence is read first: the state may then hold more, which the sequence hides; but not what a flush
            // has brought into the base since.
            let sequence = self.store.visible_sequence();
            let state = self.store.state();
            let sequence = sequence.max(state.base_sequence);
            let Some(base) = &self.store.base else {
                return Ok(SnapshotState {
                    sequence,
                    state,
                    base: None,
                    reader: None,
                });
            };
            if let Some((number, reader)) = &self.reader
                && *number == state.base_state
            {
                return Ok(SnapshotState {
                    sequence,
                    base: Some(Rc::clone(reader)),
                    state,
                    reader: None,
                });
            }
            self.reader = None;
            let reader = Rc::new(base.reader()?);
            if reader.state() == state.base_state {
                self.reader = Some((state.base_state, Rc::clone(&reader)));
                return Ok(SnapshotState {
                    sequence,
                    base: Some(reader),
                    state,
                    reader: None,
                });
            }
            // A flush has changed the base and is about to publish the state that goes with it.
            std::thread::yield_now();
        }
    }

    pub fn begin(&mut self, session: u32) -> u32 {
        let bulk = self.store.bulk.clone();
        let memory = self.store.overlay_bytes;
        self.transactions
            .insert(Transaction::new(session, bulk, memory))
    }

    pub fn xid(&mut self, transaction: u32) -> Result<u64> {
        let transaction = self.transactions.get_mut(transaction)?;
        Ok(*transaction
            .xid
            .get_or_insert_with(|| self.store.assign_xid()))
    }

    /// The id that writes carry: that of the innermost open savepoint's subtransaction. All around it get theirs first.
    pub fn current_xid(&mut self, transaction: u32) -> Result<u64> {
        let top = self.xid(transaction)?;
        let transaction = self.transactions.get_mut(transaction)?;
        let missing = transaction.subs.missing();
        if missing > 0 {
            let first = self.store.xids.assign_subs(transaction.session, missing);
            transaction.subs.assign(first);
        }
        Ok(transaction.subs.current().unwrap_or(top))
    }

    /// Whether it is the id of one of the transaction's subtransactions.
    pub fn owns_xid(&self, transaction: u32, xid: u64) -> Result<bool> {
        Ok(self.transactions.get(transaction)?.subs.contains(xid))
    }

    pub fn has_writes(&self, transaction: u32) -> Result<bool> {
        Ok(!self.transactions.get(transaction)?.overlay.is_empty())
    }

    pub fn savepoint(&mut self, transaction: u32) -> Result<usize> {
        let transaction = self.transactions.get_mut(transaction)?;
        if let Some(tracked) = transaction.tracked() {
            tracked.savepoint();
        }
        transaction.subs.savepoint();
        Ok(transaction.overlay.savepoint())
    }

    pub fn rollback_to(&mut self, transaction: u32, depth: usize) -> Result<()> {
        let transaction = self.transactions.get_mut(transaction)?;
        if let Some(tracked) = transaction.tracked() {
            tracked.rollback_to(depth);
        }
        let gone = transaction.subs.rollback_to(depth);
        if !gone.is_empty() {
            let open = transaction.subs.open();
            let session = transaction.session;
            self.store.xids.roll_back_subs(session, open, &gone);
        }
        transaction.overlay.rollback_to(depth)
    }

    pub fn release_savepoint(&mut self, transaction: u32, depth: usize) -> Result<()> {
        let transaction = self.transactions.get_mut(transaction)?;
        if let Some(tracked) = transaction.tracked() {
            tracked.release(depth);
        }
        let open = transaction.subs.open();
        transaction.subs.release(depth);
        if transaction.subs.open() < open {
            let (session, open) = (transaction.session, transaction.subs.open());
            self.store.xids.keep_open(session, open);
        }
        transaction.overlay.release(depth);
        Ok(())
    }

    pub fn mark_catalog_changed(&mut self, transaction: u32) -> Result<()> {
        self.transactions.get_mut(transaction)?.catalog_changed = true;
        Ok(())
    }

    /// Hands the writes over; the transaction is gone afterwards. Errors: 40001 where it must not commit.
    pub fn commit(&mut self, transaction: u32, token: u32, synchronous: bool) -> Result<Commit> {
        self.commit_then(transaction, token, synchronous, None)
    }

    /// The same, with what follows once the commit is visible.
    pub fn commit_then(
        &mut self,
        transaction: u32,
        token: u32,
        synchronous: bool,
        then: Option<Then>,
    ) -> Result<Commit> {
        let mut finished = self
            .transactions
            .remove(transaction)
            .ok_or_else(|| Error::internal("the transaction does not exist"))?;
        let ids = self.close(&mut finished);
        let decided = match &finished.serializable {
            Some(registration) => registration.prepare(),
            None => Ok(()),
        };
        let parts = decided.and_then(|()| finished.commit_parts(&self.store.sequences));
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                self.forget(&finished, &ids);
                return Err(error);
            }
        };
        let durable = self.store.queue.durable.load(Ordering::Acquire);
        let waits = self.barrier > durable && synchronous;
        let is_empty = parts.changes.is_empty() && parts.large.is_none();
        if is_empty && !finished.catalog_changed && !waits {
            self.store.xids.commit(&ids, self.store.visible_sequence());
            self.apply_temporary(finished.session, parts.temporary)?;
            if let Some(registration) = finished.serializable {
                registration.committed(|| ());
            }
            if let Some(then) = then {
                then();
            }
            return Ok(Commit::Done);
        }
        if !parts.temporary.is_empty() {
            self.committing
                .insert(token, (finished.session, parts.temporary));
        }
        let request = Request {
            changes: parts.changes,
            bulk: parts.bulk,
            large: LargePart::of(parts.large),
            ids,
            catalog_changed: finished.catalog_changed,
            synchronous,
            checkpoint: false,
            prepares: false,
            then,
            serializable: finished.serializable,
            done: Done::Worker {
                worker: self.number,
                token,
            },
        };
        if request.bulk.is_empty() && request.large.is_empty() {
            self.last_ticket = self.store.queue.push(request);
        } else {
            self.last_ticket = u64::MAX;
            self.store.push_after_sync(request)?;
        }
        Ok(Commit::Waiting)
    }

    /// The writer's ticket of the last commit that waits; the highest number where its place is not known yet.
    pub fn last_ticket(&self) -> u64 {
        self.last_ticket
    }

    /// What has this ticket is durable and visible.
    pub fn is_durable(&self, ticket: u64) -> bool {
        self.store.queue.durable.load(Ordering::Acquire) >= ticket
    }

    /// Answers under the token once everything queued so far is durable and visible.
    pub fn barrier(&self, token: u32) {
        let done = Done::Worker {
            worker: self.number,
            token,
        };
        self.store.queue.push(Request::barrier(false, done));
    }

    /// Answers under the token once everything committed so far is in the base.
    pub fn checkpoint(&self, token: u32) {
        let done = Done::Worker {
            worker: self.number,
            token,
        };
        self.store.queue.push(Request::barrier(true, done));
    }

    /// Lets go of the base's reader where a newer state is there and no snapshot needs this one: it pins pages.
    pub fn refresh(&mut self) {
        let current = self.store.state().base_state;
        if self
            .reader
            .as_ref()
            .is_some_and(|(number, reader)| *number != current && Rc::strong_count(reader) == 1)
        {
            self.reader = None;
        }
    }

    /// The writer's answer for a token has arrived: temporary changes follow the rest.
    pub fn commit_finished(&mut self, token: u32, committed: bool) -> Result<()> {
        if let Some(step) = self.preparing.remove(&token) {
            step.settle(&self.store, committed);
        }
        match self.committing.remove(&token) {
            Some((session, changes)) if committed => self.apply_temporary(session, changes),
            _ => Ok(()),
        }
    }

    pub fn roll_back(&mut self, transaction: u32) {
        if let Some(mut finished) = self.transactions.remove(transaction) {
            let ids = self.close(&mut finished);
            self.forget(&finished, &ids);
        }
    }

    /// Ends a transaction that has written nothing: its id, if it has one, counts as committed.
    pub fn end(&mut self, transaction: u32) {
        if let Some(mut finished) = self.transactions.remove(transaction) {
            let ids = self.close(&mut finished);
            self.store.xids.commit(&ids, self.store.visible_sequence());
            finished.roll_back(&self.store.sequences);
        }
    }

    /// Its savepoints are open no more: the ids that end with it.
    fn close(&self, finished: &mut Transaction) -> Ids {
        if finished.subs.open() > 0 {
            self.store.xids.keep_open(finished.session, 0);
        }
        finished.take_ids()
    }

    /// It is rolled back.
    fn forget(&self, finished: &Transaction, ids: &Ids) {
        finished.roll_back(&self.store.sequences);
        self.store.xids.roll_back(ids);
    }

    fn apply_temporary(&mut self, session: u32, changes: TemporaryChanges) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let spill = self.store.temporary_directory(self.number, session);
        let stored = self
            .temporary
            .entry(session)
            .or_insert_with(|| TemporaryStore::new(spill));
        stored.apply(changes)
    }

    pub fn end_session(&mut self, session: u32) {
        self.temporary.remove(&session);
        self.store
            .forget_files(|file| file.is_temporary() && file.owner == session);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.store.unregister(self.number);
        let open: Vec<Transaction> = self.transactions.drain().collect();
        for mut transaction in open {
            let ids = self.close(&mut transaction);
            self.forget(&transaction, &ids);
        }
    }
}
