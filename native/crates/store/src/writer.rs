//! The writer: one thread that takes all waiting commits as a group, makes them durable with one sync, applies them to
//! the memtable, makes them visible and wakes each worker once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex};

use helios_base::{Error, Result};

use crate::changes::{Operation, changes};
use crate::key::{FileId, SPACE_PERMANENT};
use crate::stats::Delta;
use crate::store::Store;

/// A commit on its way to the log.
pub struct Request {
    /// Encoded changes; empty for one that only waits until what came before is durable.
    pub changes: Vec<u8>,
    pub xid: u64,
    pub catalog_changed: bool,
    pub synchronous: bool,
    pub done: Done,
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
        let mut queue = self
            .inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        queue.waiting.push(request);
        queue.tickets += 1;
        let ticket = queue.tickets;
        drop(queue);
        self.wake.notify_one();
        ticket
    }

    pub fn close(&self) {
        self.inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .closed = true;
        self.wake.notify_one();
    }

    /// Waits for requests; None once closed and empty. Also returns the last ticket taken.
    fn take(&self) -> Option<(Vec<Request>, u64)> {
        let mut queue = self
            .inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        loop {
            if !queue.waiting.is_empty() {
                return Some((std::mem::take(&mut queue.waiting), queue.tickets));
            }
            if queue.closed {
                return None;
            }
            queue = self
                .wake
                .wait(queue)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }
}

/// Body of the writer thread; ends when the queue is closed and empty.
pub fn run(store: &Arc<Store>) {
    while let Some((group, ticket)) = store.queue.take() {
        let mut results: Vec<Result<u64>> = Vec::with_capacity(group.len());
        for request in &group {
            results.push(apply(store, request));
        }
        store.queue.durable.store(ticket, Ordering::Release);
        complete(store, group, results);
    }
}

fn apply(store: &Store, request: &Request) -> Result<u64> {
    if request.changes.is_empty() {
        return Ok(store.lsn.load(Ordering::Relaxed));
    }
    let sequence = store.visible.load(Ordering::Relaxed) + 1;
    let state = store.state();
    let memtable = state
        .memtables
        .first()
        .ok_or_else(|| Error::internal("the store has no memtable"))?;
    let mut deltas: HashMap<FileId, Delta> = HashMap::new();
    for change in changes(&request.changes) {
        let change = change?;
        memtable.insert(change.key, sequence, change.value);
        count_change(&mut deltas, change.operation, change.key, change.value);
    }
    store.stats.add(&deltas);
    let lsn = store
        .lsn
        .fetch_add(request.changes.len() as u64, Ordering::Relaxed)
        + request.changes.len() as u64;
    store.visible.store(sequence, Ordering::Release);
    if request.catalog_changed {
        store.catalog_version.fetch_add(1, Ordering::AcqRel);
    }
    Ok(lsn)
}

fn count_change(
    deltas: &mut HashMap<FileId, Delta>,
    operation: Operation,
    key: &[u8],
    value: Option<&[u8]>,
) {
    let Some(file) = FileId::of_key(key).filter(|file| file.space == SPACE_PERMANENT) else {
        return;
    };
    let delta = deltas.entry(file).or_default();
    match operation {
        Operation::Insert => {
            delta.added += 1;
            delta.bytes_added += (key.len() + value.map_or(0, <[u8]>::len)) as i64;
        }
        Operation::Update => {}
        Operation::Delete => delta.removed += 1,
    }
}

/// Tells every worker about its commits, once.
fn complete(store: &Store, group: Vec<Request>, results: Vec<Result<u64>>) {
    let mut by_worker: HashMap<u32, Vec<(u32, Result<u64>)>> = HashMap::new();
    for (request, result) in group.into_iter().zip(results) {
        match request.done {
            Done::Worker { worker, token } => {
                by_worker.entry(worker).or_default().push((token, result))
            }
            Done::Channel(sender) => {
                // The waiter may have given up; nothing is lost.
                let _ = sender.send(result);
            }
            Done::Nobody => {}
        }
    }
    for (worker, done) in by_worker {
        store.notify(worker, done);
    }
}
