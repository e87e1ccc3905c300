//! The writer: one thread that takes all waiting commits as a group, makes them durable with one sync, applies them to
//! the memtable, makes them visible and wakes each worker once.
//! Commits that need not be durable go first in a group and are answered before the sync.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use helios_base::sync::{lock, wait};
use helios_base::{Error, Result};
use helios_serializable::Registration;

use crate::bulk::{BulkFile, BulkRecord};
use crate::changes::{Operation, changes};
use crate::extents::FileExtents;
use crate::flush::Frozen;
use crate::key::{FileId, SPACE_META, SPACE_PERMANENT};
use crate::large::{ChangeFile, LargeCommit, LargePart};
use crate::level::Level;
use crate::log::append::Appender;
use crate::log::group::GroupBuilder;
use crate::memtable::Memtable;
use crate::stats::Delta;
use crate::store::{META_BULK, META_DROPPED_DATABASE, META_DROPPED_FILE, Store};
use crate::subtransactions::Ids;

/// A commit on its way to the log.
pub struct Request {
    /// Encoded changes in pieces; none for one that only waits until what came before is durable.
    pub changes: Vec<Vec<u8>>,
    /// Bulk files that the changes name; durable.
    pub bulk: Vec<BulkFile>,
    /// What of a large commit is not in `changes`.
    pub large: LargePart,
    pub ids: Ids,
    pub catalog_changed: bool,
    pub synchronous: bool,
    /// Answered once everything before it is in the base.
    pub checkpoint: bool,
    /// PREPARE: the bulk files only have to be durable, nobody reads them yet.
    pub prepares: bool,
    /// Called once the commit is visible, in the order of the log.
    pub then: Option<Then>,
    /// A serializable transaction's, decided to commit: dropped with the request, it is rolled back.
    pub serializable: Option<Registration>,
    pub done: Done,
}

/// What follows a commit.
pub type Then = Box<dyn FnOnce() + Send>;

impl Request {
    /// One that writes nothing: it waits for what came before.
    pub fn barrier(checkpoint: bool, done: Done) -> Request {
        Request {
            changes: Vec::new(),
            bulk: Vec::new(),
            large: LargePart::default(),
            ids: Ids::default(),
            catalog_changed: false,
            synchronous: true,
            checkpoint,
            prepares: false,
            then: None,
            serializable: None,
            done,
        }
    }
}

pub enum Done {
    /// A worker's commit under its own token.
    Worker {
        worker: u32,
        token: u32,
    },
    Channel(SyncSender<Result<u64>>),
    /// Nobody waits.
    Nobody,
}

#[derive(Default)]
pub struct WriterQueue {
    inner: Mutex<Queue>,
    wake: Condvar,
    /// Requests up to this ticket are durable.
    pub durable: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Request>,
    tickets: u64,
    closed: bool,
}

impl WriterQueue {
    /// Queues a request; its ticket.
    pub fn push(&self, request: Request) -> u64 {
        let mut queue = lock(&self.inner);
        queue.waiting.push(request);
        queue.tickets += 1;
        let ticket = queue.tickets;
        drop(queue);
        self.wake.notify_one();
        ticket
    }

    pub fn close(&self) {
        lock(&self.inner).closed = true;
        self.wake.notify_one();
    }

    /// Requests that wait already, with the last ticket taken.
    fn take_now(&self) -> Option<(Vec<Request>, u64)> {
        let mut queue = lock(&self.inner);
        let waiting = std::mem::take(&mut queue.waiting);
        (!waiting.is_empty()).then_some((waiting, queue.tickets))
    }

    /// Waits for requests; None once closed and empty. Where fewer than `expected` wait, gives the others `patience` to
    /// join. Also returns the last ticket taken.
    fn take(&self, expected: usize, patience: Duration) -> Option<(Vec<Request>, u64)> {
        let mut queue = lock(&self.inner);
        while queue.waiting.is_empty() {
            if queue.closed {
                return None;
            }
            queue = wait(&self.wake, queue);
        }
        let start = Instant::now();
        while queue.waiting.len() < expected && !queue.closed {
            let left = patience.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            queue = self
                .wake
                .wait_timeout(queue, left)
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .0;
        }
        Some((std::mem::take(&mut queue.waiting), queue.tickets))
    }
}

/// What only the writer thread touches.
pub struct Writer {
    pub store: Arc<Store>,
    /// None for a store in memory.
    pub log: Option<Appender>,
    pub epoch: u32,
    /// Position up to which the log is durable.
    pub synced: u64,
    /// Changes of file sizes since the memtable was begun.
    pub deltas: HashMap<FileId, Delta>,
}

/// Most that the writer waits for committers to join, as a part of the time a sync takes.
const PATIENCE_PART: u32 = 10;
/// Frozen memtables from which on each group is delayed, so that the base keeps up.
const SLOW_FROM_FROZEN: usize = 2;
/// Bytes of dropped bulk files that may wait for the memtable with the drop to fill up.
const BULK_DROPPED_BYTES_MAX: u64 = 32 << 20;
/// Frozen memtables at which commits wait for the base.
const STOP_AT_FROZEN: usize = 4;

/// The same for memtables and large commits together: each costs readers.
const STOP_AT_LEVELS: usize = 16;

impl Writer {
    /// Body of the writer thread. After a panic every commit is refused; those of the group in hand are never answered.
    pub fn run_guarded(self) {
        let store = Arc::clone(&self.store);
        if store.survives("writer", || self.run()) {
            return;
        }
        while let Some((group, _)) = store.queue.take(1, Duration::ZERO) {
            let mut answers = Answers::default();
            let error = store.failure();
            let error = error.unwrap_or_else(|| Error::internal("the writer has ended"));
            for request in group {
                answers.add(request.done, Err(error.clone()));
            }
            answers.send(&store);
        }
    }

    /// Takes turns until the queue is closed and empty.
    fn run(mut self) {
        let store = Arc::clone(&self.store);
        let mut expected = 1;
        let mut sync_time = Duration::ZERO;
        while let Some((group, ticket)) = store.queue.take(expected, sync_time / PATIENCE_PART) {
            expected = group
                .iter()
                .filter(|request| matches!(request.done, Done::Worker { .. }))
                .count();
            let start = Instant::now();
            self.take_turn(group, ticket);
            sync_time = start.elapsed();
            self.hold_back();
        }
    }

    /// Commits all that wait, as one group; false where none do.
    pub fn step(&mut self) -> bool {
        let store = Arc::clone(&self.store);
        match store.queue.take_now() {
            Some((group, ticket)) => {
                self.take_turn(group, ticket);
                true
            }
            None => false,
        }
    }

    fn take_turn(&mut self, group: Vec<Request>, ticket: u64) {
        match self.store.failure() {
            Some(error) => self.reject(group, &error),
            None => self.commit(group),
        }
        if self.store.failure().is_none() {
            self.store.queue.durable.store(ticket, Ordering::Release);
        }
        self.freeze_when_full();
    }

    fn commit(&mut self, group: Vec<Request>) {
        // Facts that no transaction carries come before every commit that may use what they reserve.
        let has_facts = group.iter().any(Request::is_fact);
        let (mut synchronous, mut asynchronous): (Vec<_>, Vec<_>) = group
            .into_iter()
            .partition(|one| one.synchronous && !one.is_fact());
        // Two groups, so that a sync that fails spoils only what waits for it.
        while let Some((before, large)) = before_large(&mut asynchronous) {
            self.commit_unsynced(before);
            self.commit_synced(large);
        }
        self.commit_unsynced(asynchronous);
        while let Some((before, large)) = before_large(&mut synchronous) {
            if !before.is_empty() {
                self.commit_synced(before);
            }
            self.commit_synced(large);
        }
        if !synchronous.is_empty() || has_facts {
            self.commit_synced(synchronous);
        }
    }

    /// Commits a group without waiting for the disk.
    fn commit_unsynced(&mut self, asynchronous: Vec<Request>) {
        if let Some(error) = self.store.failure() {
            return self.reject(asynchronous, &error);
        }
        if let Err(error) = self.append(&asynchronous) {
            self.store.fail(&error);
            return self.reject(asynchronous, &error);
        }
        self.apply(asynchronous, None);
    }

    /// Commits a group with a sync.
    fn commit_synced(&mut self, synchronous: Vec<Request>) {
        if let Some(error) = self.store.failure() {
            return self.reject(synchronous, &error);
        }
        let before = self.position();
        let written = self.append(&synchronous);
        let synced = written.and_then(|()| self.log.as_ref().map_or(Ok(()), Appender::sync));
        if let Err(error) = synced {
            self.store.fail(&error);
            self.retract(before);
            return self.reject(synchronous, &error);
        }
        if let Some(log) = &self.log {
            self.synced = log.position();
        }
        self.apply(synchronous, Some(before));
    }

    fn position(&self) -> u64 {
        self.log.as_ref().map_or(0, Appender::position)
    }

    fn retract(&mut self, position: u64) {
        if let Some(log) = &mut self.log {
            log.retract(position);
            self.store.lsn.store(log.position(), Ordering::Release);
        }
    }

    /// Writes commits as one group of the log.
    fn append(&mut self, requests: &[Request]) -> Result<()> {
        let first_sequence = self.store.visible.load(Ordering::Relaxed) + 1;
        let mut builder = GroupBuilder::new();
        for request in requests.iter().filter(|request| request.writes()) {
            builder.add(&request.ids, request.catalog_changed, &request.changes);
        }
        if builder.is_empty() {
            return Ok(());
        }
        match &mut self.log {
            Some(log) => {
                let before = log.position();
                let (group, length) =
                    builder.finish(self.epoch, before, self.synced, first_sequence);
                if let Err(error) = log.append(&group, length) {
                    log.retract(before);
                    return Err(error);
                }
                self.store.lsn.store(log.position(), Ordering::Release);
                if log.wants_spare() {
                    self.store.flusher.prepare_segment();
                }
            }
            None => {
                let (_, length) = builder.finish(self.epoch, 0, 0, first_sequence);
                self.store.lsn.fetch_add(length, Ordering::Release);
            }
        }
        Ok(())
    }

    /// Makes commits visible in order and answers them; a large one is alone. `start`: position of their group.
    fn apply(&mut self, requests: Vec<Request>, start: Option<u64>) {
        let store = Arc::clone(&self.store);
        let lsn = store.lsn.load(Ordering::Acquire);
        let mut answers = Answers::default();
        let mut deltas = HashMap::new();
        let mut checkpoints = Vec::new();
        let mut large = None;
        for mut request in requests {
            let applied = if request.writes() {
                apply_commit(&store, &mut request, &mut deltas).map(|part| large = part)
            } else {
                Ok(())
            };
            if let Some(registration) = request.serializable.take_if(|_| applied.is_ok()) {
                registration.committed(|| ());
            }
            if let Some(then) = request.then.take_if(|_| applied.is_ok()) {
                then();
            }
            if request.checkpoint {
                checkpoints.push(request.done);
            } else {
                answers.add(request.done, applied.map(|()| lsn));
            }
        }
        store.stats.add(&deltas);
        match large {
            Some(part) => {
                let before = Before {
                    position: start.unwrap_or(lsn),
                    deltas: std::mem::take(&mut self.deltas),
                };
                part.push(&store, before, deltas, lsn);
            }
            None => {
                for (file, delta) in deltas {
                    self.deltas.entry(file).or_default().add(&delta);
                }
            }
        }
        answers.send(&store);
        if !checkpoints.is_empty() {
            self.freeze();
            if let Some(error) = store.failure() {
                let mut answers = Answers::default();
                checkpoints
                    .into_iter()
                    .for_each(|done| answers.add(done, Err(error.clone())));
                return answers.send(&store);
            }
            store.flusher.answer_when_flushed(&store, checkpoints);
        }
    }

    fn reject(&self, requests: Vec<Request>, error: &Error) {
        let mut answers = Answers::default();
        for request in requests {
            self.store.xids.roll_back(&request.ids);
            answers.add(request.done, Err(error.clone()));
        }
        answers.send(&self.store);
    }

    fn freeze_when_full(&mut self) {
        let full = self.store.state().newest().bytes() >= self.store.memtable_bytes;
        // Space of dropped bulk files comes back once the drop is in the base.
        if full || self.store.bulk_dropped.load(Ordering::Relaxed) >= BULK_DROPPED_BYTES_MAX {
            self.store.bulk_dropped.store(0, Ordering::Relaxed);
            self.freeze();
        }
    }

    /// Begins a new memtable and gives the full one to the flusher.
    fn freeze(&mut self) {
        let empty = self.store.state().newest().entries() == 0;
        if empty || self.store.failure().is_some() {
            return;
        }
        let Some(log) = &self.log else {
            return;
        };
        // What goes to the base must be durable in the log: a flush may come through in part.
        if self.synced < log.position() {
            if let Err(error) = log.sync() {
                return self.store.fail(&error);
            }
            self.synced = log.position();
        }
        let frozen = Frozen {
            table: Level::Memory(self.store.begin_memtable()),
            deltas: std::mem::take(&mut self.deltas),
            lsn: self.store.lsn.load(Ordering::Acquire),
            sequence: self.store.visible.load(Ordering::Acquire),
            next_xid: self.store.xids.next(),
        };
        self.store.xids.begin_memtable();
        self.store.flusher.push(frozen);
    }

    /// Slows commits down before memtables outgrow their budget.
    fn hold_back(&self) {
        let frozen = self.store.flusher.frozen_memtables();
        if frozen >= STOP_AT_FROZEN || self.store.flusher.frozen_count() >= STOP_AT_LEVELS {
            let flusher = &self.store.flusher;
            flusher.wait_below(STOP_AT_FROZEN, STOP_AT_LEVELS);
        } else if frozen >= SLOW_FROM_FROZEN {
            std::thread::sleep(Duration::from_millis(1 << frozen));
        }
    }
}

/// Takes the first large commit, as a list, with those before it. It is a group of its own in the log: the base can then
/// stand before it or after it.
fn before_large(requests: &mut Vec<Request>) -> Option<(Vec<Request>, Vec<Request>)> {
    let at = requests.iter().position(Request::is_large)?;
    let after = requests.split_off(at + 1);
    let large = requests.split_off(at);
    Some((std::mem::replace(requests, after), large))
}

impl Request {
    fn is_fact(&self) -> bool {
        matches!(self.done, Done::Nobody) && self.writes()
    }

    fn is_large(&self) -> bool {
        self.large.file.is_some()
    }

    fn writes(&self) -> bool {
        !self.changes.is_empty() || self.catalog_changed
    }
}

/// A large commit that was made visible, and the memtable before it.
pub struct AppliedLarge {
    before: Option<Arc<Memtable>>,
    commit: Arc<LargeCommit>,
}

/// What was committed before a large commit and is not with the flusher yet.
pub struct Before {
    /// Where it ends in the log.
    pub position: u64,
    pub deltas: HashMap<FileId, Delta>,
}

impl AppliedLarge {
    /// Puts the commit over what was committed before; its other changes are in the newest memtable.
    pub fn add(store: &Store, sequence: u64, changes: ChangeFile) -> AppliedLarge {
        let (before, commit) = store.add_large(sequence, changes);
        if before.is_some() {
            store.xids.begin_memtable();
        }
        AppliedLarge { before, commit }
    }

    /// Gives both to the flusher. The memtable has the commit's other changes: in the base before the rest, they do no
    /// harm, for the log still has the commit then. `deltas`: what the commit did to the sizes of files; `end`: position
    /// after it.
    pub fn push(self, store: &Store, before: Before, deltas: HashMap<FileId, Delta>, end: u64) {
        let sequence = self.commit.sequence;
        let next_xid = store.xids.next();
        if let Some(table) = self.before {
            store.flusher.push(Frozen {
                table: Level::Memory(table),
                deltas: before.deltas,
                lsn: before.position,
                sequence,
                next_xid,
            });
        }
        store.xids.begin_memtable();
        store.flusher.push(Frozen {
            table: Level::Large(self.commit),
            deltas,
            lsn: end,
            sequence,
            next_xid,
        });
    }
}

fn apply_commit(
    store: &Store,
    request: &mut Request,
    deltas: &mut HashMap<FileId, Delta>,
) -> Result<Option<AppliedLarge>> {
    let sequence = store.visible.load(Ordering::Relaxed) + 1;
    for piece in request.changes.drain(..) {
        apply_changes(store, sequence, &piece, deltas)?;
    }
    if !request.bulk.is_empty() {
        store.add_bulk(sequence, std::mem::take(&mut request.bulk))?;
    }
    let large = request.large.file.take().map(|changes| {
        changes.add_deltas(deltas);
        AppliedLarge::add(store, sequence, changes)
    });
    store.xids.commit(&request.ids, sequence);
    // Counted before and after, so it is odd while the commit becomes visible: who reads what the commit made finds
    // another version than the even one that it planned at, or an odd one (point reads take no locks).
    if request.catalog_changed {
        store.catalog_version.fetch_add(1, Ordering::AcqRel);
    }
    let publish = || store.visible.store(sequence, Ordering::Release);
    match request.serializable.take() {
        Some(registration) => registration.committed(publish),
        None => publish(),
    }
    if request.catalog_changed {
        store.catalog_version.fetch_add(1, Ordering::AcqRel);
    }
    Ok(large)
}

/// Puts a commit's changes into the newest memtable, under its sequence.
pub fn apply_changes(
    store: &Store,
    sequence: u64,
    bytes: &[u8],
    deltas: &mut HashMap<FileId, Delta>,
) -> Result<()> {
    let state = store.state();
    let memtable = state.newest();
    for change in changes(bytes) {
        let change = change?;
        if change.of_large_commit().is_some() {
            continue;
        }
        memtable.insert(change.key, sequence, change.value);
        match change.key {
            [SPACE_PERMANENT, ..] => {
                count_change(deltas, change.operation, change.key, change.value)
            }
            [SPACE_META, META_BULK, ..] => {
                if let Some(value) = change.value {
                    let record = BulkRecord::decode(change.key, value)?;
                    let delta = deltas.entry(record.file).or_default();
                    delta.added += record.entries as i64;
                    delta.bytes_added += record.bytes as i64;
                }
            }
            [SPACE_META, META_DROPPED_FILE, file @ ..] => {
                if let Some(file) = FileId::of_key(file) {
                    store.forget_files(|other| *other == file);
                    let bytes = state.extents.of(file).map_or(0, FileExtents::bytes);
                    store.bulk_dropped.fetch_add(bytes, Ordering::Relaxed);
                }
            }
            [SPACE_META, META_DROPPED_DATABASE, database @ ..] => {
                let database = database
                    .first_chunk::<4>()
                    .map(|bytes| u32::from_be_bytes(*bytes));
                store.forget_files(|file| {
                    file.space == SPACE_PERMANENT && Some(file.owner) == database
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn count_change(
    deltas: &mut HashMap<FileId, Delta>,
    operation: Operation,
    key: &[u8],
    value: Option<&[u8]>,
) {
    let Some(file) = FileId::of_key(key) else {
        return;
    };
    let delta = deltas.entry(file).or_default();
    match operation {
        Operation::Insert => {
            delta.added += 1;
            delta.bytes_added += (key.len() + value.map_or(0, <[u8]>::len)) as i64;
        }
        Operation::Update | Operation::Forget => {}
        Operation::Delete => delta.removed += 1,
    }
}

/// Answers of a group, collected so that each worker is woken once.
#[derive(Default)]
pub struct Answers {
    by_worker: HashMap<u32, Vec<(u32, Result<u64>)>>,
}

impl Answers {
    pub fn add(&mut self, done: Done, result: Result<u64>) {
        match done {
            Done::Worker { worker, token } => self
                .by_worker
                .entry(worker)
                .or_default()
                .push((token, result)),
            Done::Channel(sender) => {
                // The waiter may have given up; nothing is lost.
                let _ = sender.send(result);
            }
            Done::Nobody => {}
        }
    }

    pub fn send(self, store: &Store) {
        for (worker, done) in self.by_worker {
            store.notify(worker, done);
        }
    }
}
