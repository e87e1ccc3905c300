//! One thread's door to the store: its snapshots, transactions, cursors and its sessions' temporary entries, under
//! numbers. Nothing here is shared with other threads.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use helios_base::slab::Slab;
use helios_base::sync::lock;
use helios_base::{Error, Result};
use helios_columns::batch::{BatchWriter, Column};
use helios_columns::row;

use crate::base::BaseReader;
use crate::key::{FileId, SPACE_META, SPACE_PERMANENT, after_prefix, meta_key, rowid_of};
use crate::merge::MergedScan;
use crate::overlay::Write;
use crate::sequence::{Definition, Range, SequenceState};
use crate::store::{
    META_DROPPED_DATABASE, META_DROPPED_FILE, META_SEQUENCE, Notify, SnapshotState, Store,
};
use crate::transaction::{TemporaryChanges, Transaction};
use crate::writer::{Done, Request};

type TemporaryMap = BTreeMap<Box<[u8]>, Option<Box<[u8]>>>;

pub struct Worker {
    store: Arc<Store>,
    number: u32,
    snapshots: Slab<Rc<SnapshotState>>,
    transactions: Slab<Transaction>,
    cursors: Slab<Cursor>,
    temporary: HashMap<u32, TemporaryMap>,
    /// Temporary changes of commits under way, by token.
    committing: HashMap<u32, (u32, TemporaryChanges)>,
    /// The base's reader of the newest state this thread has seen, with that state's number.
    reader: Option<(u64, Rc<Box<dyn BaseReader>>)>,
    /// Ticket that the next commit must wait for, because a sequence's record has it.
    barrier: u64,
}

/// What a statement reads: snapshot and transaction by number (0: none), and the command before which own writes show.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub snapshot: u32,
    pub transaction: u32,
    pub command: u32,
}

struct Cursor {
    snapshot: Rc<SnapshotState>,
    transaction: u32,
    command: u32,
    file: FileId,
    lower: Vec<u8>,
    upper: Vec<u8>,
    backward: bool,
    ended: bool,
    columns: Vec<Column>,
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
            reader: None,
            barrier: 0,
        }
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
                });
            };
            if let Some((number, reader)) = &self.reader
                && *number == state.base_state
            {
                return Ok(SnapshotState {
                    sequence,
                    base: Some(Rc::clone(reader)),
                    state,
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
                });
            }
            // A flush has changed the base and is about to publish the state that goes with it.
            std::thread::yield_now();
        }
    }

    pub fn begin(&mut self, session: u32) -> u32 {
        self.transactions.insert(Transaction::new(session))
    }

    pub fn xid(&mut self, transaction: u32) -> Result<u64> {
        let transaction = self.transactions.get_mut(transaction)?;
        Ok(*transaction
            .xid
            .get_or_insert_with(|| self.store.assign_xid()))
    }

    pub fn has_writes(&self, transaction: u32) -> Result<bool> {
        Ok(!self.transactions.get(transaction)?.overlay.is_empty())
    }

    pub fn savepoint(&mut self, transaction: u32) -> Result<usize> {
        Ok(self.transactions.get_mut(transaction)?.overlay.savepoint())
    }

    pub fn rollback_to(&mut self, transaction: u32, depth: usize) -> Result<()> {
        self.transactions
            .get_mut(transaction)?
            .overlay
            .rollback_to(depth);
        Ok(())
    }

    pub fn release_savepoint(&mut self, transaction: u32, depth: usize) -> Result<()> {
        self.transactions
            .get_mut(transaction)?
            .overlay
            .release(depth);
        Ok(())
    }

    pub fn mark_catalog_changed(&mut self, transaction: u32) -> Result<()> {
        self.transactions.get_mut(transaction)?.catalog_changed = true;
        Ok(())
    }

    /// Hands the writes over; the transaction is gone afterwards.
    pub fn commit(&mut self, transaction: u32, token: u32, synchronous: bool) -> Result<Commit> {
        let finished = self
            .transactions
            .remove(transaction)
            .ok_or_else(|| Error::internal("the transaction does not exist"))?;
        let parts = finished.commit_parts(&self.store.sequences);
        let durable = self.store.queue.durable.load(Ordering::Acquire);
        let waits = self.barrier > durable && synchronous;
        if parts.changes.is_empty() && !finished.catalog_changed && !waits {
            self.apply_temporary(finished.session, parts.temporary);
            return Ok(Commit::Done);
        }
        if !parts.temporary.is_empty() {
            self.committing
                .insert(token, (finished.session, parts.temporary));
        }
        self.store.queue.push(Request {
            changes: parts.changes,
            xid: finished.xid.unwrap_or(0),
            catalog_changed: finished.catalog_changed,
            synchronous,
            checkpoint: false,
            done: Done::Worker {
                worker: self.number,
                token,
            },
        });
        Ok(Commit::Waiting)
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
    pub fn commit_finished(&mut self, token: u32, committed: bool) {
        if let Some((session, changes)) = self.committing.remove(&token)
            && committed
        {
            self.apply_temporary(session, changes);
        }
    }

    pub fn roll_back(&mut self, transaction: u32) {
        if let Some(finished) = self.transactions.remove(transaction) {
            finished.roll_back(&self.store.sequences);
        }
    }

    fn apply_temporary(&mut self, session: u32, changes: TemporaryChanges) {
        if changes.is_empty() {
            return;
        }
        let map = self.temporary.entry(session).or_default();
        for (key, value) in changes {
            match value {
                Some(value) => map.insert(key, Some(value)),
                None => map.remove(&key),
            };
        }
    }

    pub fn end_session(&mut self, session: u32) {
        self.temporary.remove(&session);
        self.store
            .forget_files(|file| file.is_temporary() && file.owner == session);
    }

    // Rows.

    /// Inserts encoded rows (each after a u32 length) under consecutive rowids; the first of them.
    pub fn insert_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rows: &[u8],
        count: u64,
    ) -> Result<u64> {
        let xid = self.xid(transaction)?;
        let counter = {
            let state = self.current_state()?;
            self.store.rowid_counter(file, &state)?
        };
        let first = counter.fetch_add(count, Ordering::Relaxed);
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let mut at = 0;
        for rowid in first..first + count {
            let length = helios_base::bytes::u32_at(rows, at)? as usize;
            at += 4;
            let encoded = helios_base::bytes::take(rows, &mut at, length)?;
            let stored = row::finish(encoded.to_vec(), xid)?;
            overlay.put(
                command,
                &file.row_key(rowid),
                stored.into_boxed_slice(),
                Write::Insert,
            );
        }
        Ok(first)
    }

    pub fn update_row(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rowid: u64,
        encoded: &[u8],
    ) -> Result<()> {
        let xid = self.xid(transaction)?;
        let stored = row::finish(encoded.to_vec(), xid)?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        overlay.put(
            command,
            &file.row_key(rowid),
            stored.into_boxed_slice(),
            Write::Update,
        );
        Ok(())
    }

    pub fn delete_row(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rowid: u64,
    ) -> Result<()> {
        self.xid(transaction)?;
        self.transactions
            .get_mut(transaction)?
            .overlay
            .delete(command, &file.row_key(rowid));
        Ok(())
    }

    /// The rows under these rowids as one batch, in that order; absent ones have rowid 0.
    pub fn get_rows(
        &self,
        view: View,
        file: FileId,
        rowids: &[f64],
        columns: &[Column],
        out: &mut [u8],
    ) -> Result<Filled> {
        let size = out.len();
        let snapshot = self.snapshots.get(view.snapshot)?;
        let mut batch = match BatchWriter::new(out, columns, rowids.len()) {
            Ok(batch) => batch,
            Err(_) => return Ok(Filled::Grow(size * 2)),
        };
        for rowid in rowids {
            let key = file.row_key(*rowid as u64);
            let fits = match self.get(snapshot, view, file, &key)? {
                Some(stored) => batch.push(*rowid as u64, stored)?,
                None => batch.push_absent(),
            };
            if !fits {
                break;
            }
        }
        let count = batch.count();
        if count == 0 && !rowids.is_empty() {
            return Ok(Filled::Grow(size * 2));
        }
        batch.finish();
        Ok(Filled::Count(count))
    }

    fn get<'a>(
        &'a self,
        snapshot: &'a SnapshotState,
        view: View,
        file: FileId,
        key: &[u8],
    ) -> Result<Option<&'a [u8]>> {
        if view.transaction != 0
            && let Some(value) = self
                .transactions
                .get(view.transaction)?
                .overlay
                .get(key, view.command)
        {
            return Ok(value);
        }
        if file.is_temporary() {
            return Ok(self
                .temporary
                .get(&file.owner)
                .and_then(|map| map.get(key))
                .and_then(|value| value.as_deref()));
        }
        snapshot.committed().get(key)
    }

    // Index entries.

    pub fn insert_entry(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        key: &[u8],
        rowid: u64,
        payload: Option<&[u8]>,
    ) -> Result<()> {
        self.xid(transaction)?;
        let key = file.index_key(key, rowid);
        let value = payload.map_or_else(Vec::new, |payload| [&[1], payload].concat());
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        overlay.put(command, &key, value.into_boxed_slice(), Write::Insert);
        Ok(())
    }

    pub fn delete_entry(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        key: &[u8],
        rowid: u64,
    ) -> Result<()> {
        self.xid(transaction)?;
        self.transactions
            .get_mut(transaction)?
            .overlay
            .delete(command, &file.index_key(key, rowid));
        Ok(())
    }

    // Cursors.

    /// A cursor over lower <= key < upper (whole keys, as `FileId` makes them).
    pub fn open_cursor(
        &mut self,
        view: View,
        file: FileId,
        lower: Vec<u8>,
        upper: Vec<u8>,
        backward: bool,
        columns: Vec<Column>,
    ) -> Result<u32> {
        let snapshot = Rc::clone(self.snapshots.get(view.snapshot)?);
        let ended = lower >= upper;
        let (transaction, command) = (view.transaction, view.command);
        Ok(self.cursors.insert(Cursor {
            snapshot,
            transaction,
            command,
            file,
            lower,
            upper,
            backward,
            ended,
            columns,
        }))
    }

    pub fn close_cursor(&mut self, cursor: u32) {
        self.cursors.remove(cursor);
    }

    /// The next rows of a table cursor as a column batch.
    pub fn next_rows(&mut self, cursor: u32, count: usize, out: &mut [u8]) -> Result<Filled> {
        let cursor = self.cursors.get_mut(cursor)?;
        if cursor.ended {
            return Ok(Filled::Count(0));
        }
        let size = out.len();
        let columns = std::mem::take(&mut cursor.columns);
        let result = fill_rows(
            &self.transactions,
            &self.temporary,
            cursor,
            &columns,
            count,
            out,
            size,
        );
        cursor.columns = columns;
        let (filled, last, ended) = result?;
        cursor.moved(last, ended);
        Ok(filled)
    }

    /// The next entries of an index cursor: u32 count, then for each f64 rowid; then for each u32 end of its payload
    /// and, with the top bit, that it has none; then the payloads.
    pub fn next_entries(&mut self, cursor: u32, count: usize, out: &mut [u8]) -> Result<Filled> {
        let cursor = self.cursors.get_mut(cursor)?;
        if cursor.ended {
            return Ok(Filled::Count(0));
        }
        let mut scan = open_scan(&self.transactions, &self.temporary, cursor)?;
        let room = count.min((out.len().saturating_sub(8)) / 16).max(1);
        let ends_at = 8 + room * 8;
        let data_at = ends_at + room * 4;
        let (mut filled, mut used) = (0, data_at);
        let mut last: Option<&[u8]> = None;
        let mut ended = false;
        while filled < room {
            let Some((key, value)) = scan.next_entry()? else {
                ended = true;
                break;
            };
            let payload = value.get(1..);
            let length = payload.map_or(0, <[u8]>::len);
            if used + length > out.len() {
                if filled == 0 {
                    return Ok(Filled::Grow(used + length));
                }
                break;
            }
            let at = 8 + filled * 8;
            out[at..at + 8].copy_from_slice(&(rowid_of(key) as f64).to_le_bytes());
            if let Some(payload) = payload {
                out[used..used + length].copy_from_slice(payload);
                used += length;
            }
            let end = used as u32 | if payload.is_some() { 0 } else { 1 << 31 };
            let at = ends_at + filled * 4;
            out[at..at + 4].copy_from_slice(&end.to_le_bytes());
            last = Some(key);
            filled += 1;
        }
        out[0..4].copy_from_slice(&(filled as u32).to_le_bytes());
        out[4..8].copy_from_slice(&(room as u32).to_le_bytes());
        let last = last.map(<[u8]>::to_vec);
        drop(scan);
        cursor.moved(last, ended);
        Ok(Filled::Count(filled))
    }

    /// Rowids of the entries with exactly this key, as f64 values in `out`.
    pub fn lookup(&self, view: View, file: FileId, key: &[u8], out: &mut [u8]) -> Result<Filled> {
        let snapshot = self.snapshots.get(view.snapshot)?;
        let lower = file.bound(key);
        let Some(upper) = after_prefix(&lower) else {
            return Ok(Filled::Count(0));
        };
        let mut scan = MergedScan::new(false);
        if view.transaction != 0 {
            scan.add_overlay(
                &self.transactions.get(view.transaction)?.overlay,
                &lower,
                &upper,
                view.command,
            );
        }
        add_stored(&mut scan, &self.temporary, snapshot, file, &lower, &upper)?;
        let mut count = 0;
        let mut needed = 0;
        while let Some((found, _)) = scan.next_entry()? {
            if found.len() != lower.len() + 8 {
                continue;
            }
            if let Some(place) = out.get_mut(count * 8..count * 8 + 8) {
                place.copy_from_slice(&(rowid_of(found) as f64).to_le_bytes());
                count += 1;
            } else {
                needed = out.len() * 2;
            }
        }
        Ok(if needed > 0 {
            Filled::Grow(needed)
        } else {
            Filled::Count(count)
        })
    }

    // Files and databases.

    pub fn drop_file(&mut self, transaction: u32, command: u32, file: FileId) -> Result<()> {
        self.xid(transaction)?;
        if file.is_temporary() {
            return self.drop_temporary_file(transaction, command, file);
        }
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        overlay.put(
            command,
            &meta_key(META_DROPPED_FILE, &file.prefix()),
            Box::default(),
            Write::Insert,
        );
        Ok(())
    }

    fn drop_temporary_file(&mut self, transaction: u32, command: u32, file: FileId) -> Result<()> {
        let prefix = file.prefix();
        let Some(upper) = after_prefix(&prefix) else {
            return Ok(());
        };
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let mut keys: Vec<Box<[u8]>> = Vec::new();
        let mut own = overlay.scan(&prefix, &upper, u32::MAX, false);
        while let Some((key, _)) = own.peek() {
            keys.push(key.into());
            own.advance();
        }
        if let Some(map) = self.temporary.get(&file.owner) {
            keys.extend(temporary_range(map, &prefix, &upper).map(|(key, _)| key.clone()));
        }
        for key in keys {
            overlay.delete(command, &key);
        }
        Ok(())
    }

    pub fn drop_database(&mut self, transaction: u32, command: u32, database: u32) -> Result<()> {
        self.xid(transaction)?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let key = meta_key(META_DROPPED_DATABASE, &database.to_be_bytes());
        overlay.put(command, &key, Box::default(), Write::Insert);
        Ok(())
    }

    /// Copies every file and sequence of one database into another, as the newest committed state has them.
    pub fn copy_database(
        &mut self,
        transaction: u32,
        command: u32,
        from: u32,
        to: u32,
    ) -> Result<()> {
        self.xid(transaction)?;
        let state = self.current_state()?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let mut lower = vec![SPACE_PERMANENT];
        lower.extend_from_slice(&from.to_be_bytes());
        let upper = after_prefix(&lower).unwrap_or_default();
        let mut scan = MergedScan::new(false);
        scan.add_committed(&state.committed(), &lower, &upper)?;
        let mut copy = Vec::new();
        while let Some((key, value)) = scan.next_entry()? {
            copy.clear();
            copy.extend_from_slice(key);
            copy[1..5].copy_from_slice(&to.to_be_bytes());
            overlay.put(command, &copy, value.into(), Write::Insert);
        }
        let lower = meta_key(META_SEQUENCE, &lower);
        let upper = after_prefix(&lower).unwrap_or_default();
        let mut scan = MergedScan::new(false);
        scan.add_committed(&state.committed(), &lower, &upper)?;
        while let Some((key, value)) = scan.next_entry()? {
            copy.clear();
            copy.extend_from_slice(key);
            copy[3..7].copy_from_slice(&to.to_be_bytes());
            overlay.put(command, &copy, value.into(), Write::Insert);
        }
        Ok(())
    }

    /// Entries and bytes of a file.
    pub fn size(&self, file: FileId) -> (i64, i64) {
        if file.is_temporary() {
            let prefix = file.prefix();
            let (Some(map), Some(upper)) = (self.temporary.get(&file.owner), after_prefix(&prefix))
            else {
                return (0, 0);
            };
            return temporary_range(map, &prefix, &upper).fold(
                (0, 0),
                |(entries, bytes), (key, value)| {
                    (
                        entries + 1,
                        bytes + (key.len() + value.as_ref().map_or(0, |value| value.len())) as i64,
                    )
                },
            );
        }
        let size = self.store.stats.get(file);
        (size.entries.max(0), size.bytes.max(0))
    }

    // Sequences.

    /// Stored state under the transaction's overlay, so that it lives and dies with the transaction.
    pub fn create_sequence(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        start: i64,
    ) -> Result<()> {
        self.xid(transaction)?;
        let state = SequenceState::new(start, false, true);
        let transaction = self.transactions.get_mut(transaction)?;
        let key = meta_key(META_SEQUENCE, &file.prefix());
        transaction.overlay.put(
            command,
            &key,
            state.encode().as_slice().into(),
            Write::Insert,
        );
        transaction.created_sequences.push(file);
        lock(&self.store.sequences.map).insert(file, state);
        Ok(())
    }

    pub fn sequence_next(
        &mut self,
        file: FileId,
        definition: &Definition,
        name: &str,
    ) -> Result<Range> {
        self.load_sequence(file)?;
        let store = Arc::clone(&self.store);
        let mut map = lock(&store.sequences.map);
        let state = map.get_mut(&file).ok_or_else(|| no_sequence(file))?;
        let (range, log_due) = state.advance(definition, name)?;
        if log_due && !state.uncommitted && !file.is_temporary() {
            state.ticket =
                store.write_meta(&meta_key(META_SEQUENCE, &file.prefix()), &state.encode());
        }
        self.barrier = self.barrier.max(state.ticket);
        Ok(range)
    }

    pub fn sequence_set(&mut self, file: FileId, value: i64, is_called: bool) -> Result<()> {
        self.load_sequence(file)?;
        let store = Arc::clone(&self.store);
        let mut map = lock(&store.sequences.map);
        let state = map.get_mut(&file).ok_or_else(|| no_sequence(file))?;
        let uncommitted = state.uncommitted;
        *state = SequenceState::new(value, is_called, uncommitted);
        if !uncommitted && !file.is_temporary() {
            state.ticket =
                store.write_meta(&meta_key(META_SEQUENCE, &file.prefix()), &state.encode());
        }
        self.barrier = self.barrier.max(state.ticket);
        Ok(())
    }

    pub fn sequence_read(&mut self, file: FileId) -> Result<SequenceState> {
        self.load_sequence(file)?;
        let map = lock(&self.store.sequences.map);
        map.get(&file).copied().ok_or_else(|| no_sequence(file))
    }

    fn load_sequence(&mut self, file: FileId) -> Result<()> {
        let known = lock(&self.store.sequences.map).contains_key(&file);
        if known {
            return Ok(());
        }
        let state = self.current_state()?;
        let stored = state
            .committed()
            .get(&meta_key(META_SEQUENCE, &file.prefix()))?
            .ok_or_else(|| no_sequence(file))?;
        let loaded = SequenceState::decode(stored)?;
        lock(&self.store.sequences.map)
            .entry(file)
            .or_insert(loaded);
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.store.unregister(self.number);
        for transaction in self.transactions.iter() {
            transaction.roll_back(&self.store.sequences);
        }
    }
}

impl Cursor {
    /// Continues after the last entry delivered.
    fn moved(&mut self, last: Option<Vec<u8>>, ended: bool) {
        self.ended |= ended;
        if let Some(mut last) = last {
            if self.backward {
                self.upper = last;
            } else {
                last.push(0);
                self.lower = last;
            }
        }
    }
}

type RowsFilled = (Filled, Option<Vec<u8>>, bool);

fn fill_rows(
    transactions: &Slab<Transaction>,
    temporary: &HashMap<u32, TemporaryMap>,
    cursor: &Cursor,
    columns: &[Column],
    count: usize,
    out: &mut [u8],
    size: usize,
) -> Result<RowsFilled> {
    let mut scan = open_scan(transactions, temporary, cursor)?;
    let Ok(mut batch) = BatchWriter::new(out, columns, count) else {
        return Ok((Filled::Grow(size * 2), None, false));
    };
    let mut last: Option<&[u8]> = None;
    let mut ended = false;
    while !batch.is_full() {
        let Some((key, stored)) = scan.next_entry()? else {
            ended = true;
            break;
        };
        if !batch.push(rowid_of(key), stored)? {
            if batch.count() == 0 {
                return Ok((Filled::Grow(size * 2), None, false));
            }
            break;
        }
        last = Some(key);
    }
    let filled = batch.count();
    batch.finish();
    Ok((Filled::Count(filled), last.map(<[u8]>::to_vec), ended))
}

fn open_scan<'a>(
    transactions: &'a Slab<Transaction>,
    temporary: &'a HashMap<u32, TemporaryMap>,
    cursor: &'a Cursor,
) -> Result<MergedScan<'a>> {
    let mut scan = MergedScan::new(cursor.backward);
    if cursor.transaction != 0
        && let Ok(transaction) = transactions.get(cursor.transaction)
    {
        scan.add_overlay(
            &transaction.overlay,
            &cursor.lower,
            &cursor.upper,
            cursor.command,
        );
    }
    add_stored(
        &mut scan,
        temporary,
        &cursor.snapshot,
        cursor.file,
        &cursor.lower,
        &cursor.upper,
    )?;
    Ok(scan)
}

fn add_stored<'a>(
    scan: &mut MergedScan<'a>,
    temporary: &'a HashMap<u32, TemporaryMap>,
    snapshot: &'a SnapshotState,
    file: FileId,
    lower: &[u8],
    upper: &[u8],
) -> Result<()> {
    if !file.is_temporary() {
        return scan.add_committed(&snapshot.committed(), lower, upper);
    }
    if let Some(map) = temporary.get(&file.owner) {
        scan.add_temporary(temporary_range(map, lower, upper));
    }
    Ok(())
}

fn temporary_range<'a>(
    map: &'a TemporaryMap,
    lower: &[u8],
    upper: &[u8],
) -> std::collections::btree_map::Range<'a, Box<[u8]>, Option<Box<[u8]>>> {
    let upper = upper.max(lower);
    map.range::<[u8], _>((Bound::Included(lower), Bound::Excluded(upper)))
}

fn no_sequence(file: FileId) -> Error {
    debug_assert_ne!(file.space, SPACE_META);
    Error::internal(format!(
        "could not find the sequence in file {}",
        file.filenode
    ))
}
