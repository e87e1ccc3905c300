//! The store of the process: committed state, counters and the way to the writer. Threads reach it through `Worker`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use helios_base::{Error, Result};

use crate::base::{Base, BaseReader};
use crate::changes::put_change;
use crate::key::{FileId, meta_key, rowid_of};
use crate::memtable::Memtable;
use crate::merge::{Committed, MergedScan};
use crate::sequence::Sequences;
use crate::stats::Stats;
use crate::writer::{self, Done, Request, WriterQueue};

/// Meta key kinds.
pub const META_OID: u8 = b'O';
pub const META_ROWID: u8 = b'R';
pub const META_SEQUENCE: u8 = b'S';
pub const META_DROPPED_FILE: u8 = b'D';
pub const META_DROPPED_DATABASE: u8 = b'X';

/// First oid of user objects (PostgreSQL's FirstNormalObjectId); the counter starts and wraps to it.
const FIRST_NORMAL_OID: u32 = 16384;
/// Oids that one log record covers.
const OIDS_AHEAD: u32 = 8192;

/// What readers merge: replaced as a whole when a memtable is frozen or flushed.
pub struct State {
    /// Newest first; the first one takes the writes.
    pub memtables: Vec<Arc<Memtable>>,
    /// Number of the base's state these memtables lie over.
    pub base_state: u64,
}

/// How the writer tells a worker which of its commits are done: (token, result), all of one group at once.
pub type Notify = Arc<dyn Fn(Vec<(u32, Result<u64>)>) + Send + Sync>;

pub struct Store {
    state: RwLock<Arc<State>>,
    pub(crate) base: Option<Box<dyn Base>>,
    /// Sequence of the last visible commit.
    pub(crate) visible: AtomicU64,
    pub(crate) lsn: AtomicU64,
    pub(crate) catalog_version: AtomicU32,
    pub(crate) next_xid: AtomicU64,
    pub(crate) oids: Mutex<OidCounter>,
    rowids: RwLock<HashMap<FileId, Arc<AtomicU64>>>,
    pub(crate) sequences: Sequences,
    pub(crate) stats: Stats,
    pub(crate) queue: WriterQueue,
    notifiers: RwLock<HashMap<u32, Notify>>,
    next_worker: AtomicU32,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

pub(crate) struct OidCounter {
    next: u32,
    /// Oids below this are covered by a log record.
    logged: u32,
}

/// A committed state as one thread reads it.
pub struct SnapshotState {
    pub sequence: u64,
    pub state: Arc<State>,
    pub base: Option<std::rc::Rc<Box<dyn BaseReader>>>,
}

impl SnapshotState {
    pub fn committed(&self) -> Committed<'_> {
        Committed {
            sequence: self.sequence,
            memtables: &self.state.memtables,
            base: self.base.as_deref().map(|reader| &**reader),
        }
    }
}

impl Store {
    /// A store without a directory: nothing outlives it.
    pub fn in_memory() -> Result<Arc<Store>> {
        let state = State {
            memtables: vec![Arc::new(Memtable::new())],
            base_state: 0,
        };
        let store = Arc::new(Store {
            state: RwLock::new(Arc::new(state)),
            base: None,
            visible: AtomicU64::new(1),
            lsn: AtomicU64::new(0),
            catalog_version: AtomicU32::new(1),
            next_xid: AtomicU64::new(3),
            oids: Mutex::new(OidCounter {
                next: FIRST_NORMAL_OID,
                logged: FIRST_NORMAL_OID,
            }),
            rowids: RwLock::default(),
            sequences: Sequences::default(),
            stats: Stats::default(),
            queue: WriterQueue::default(),
            notifiers: RwLock::default(),
            next_worker: AtomicU32::new(1),
            threads: Mutex::default(),
        });
        store.start_writer()?;
        Ok(store)
    }

    fn start_writer(self: &Arc<Store>) -> Result<()> {
        let store = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("helios-writer".into())
            .spawn(move || writer::run(&store))
            .map_err(|error| Error::io("could not start the writer thread", &error))?;
        self.threads
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(thread);
        Ok(())
    }

    /// Lets the writer finish what waits and ends it.
    pub fn close(&self) {
        self.queue.close();
        let threads = std::mem::take(
            &mut *self
                .threads
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        );
        for thread in threads {
            // A writer that panicked has already failed its waiters.
            let _ = thread.join();
        }
    }

    pub fn state(&self) -> Arc<State> {
        Arc::clone(
            &self
                .state
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    pub fn catalog_version(&self) -> u32 {
        self.catalog_version.load(Ordering::Acquire)
    }

    pub fn current_lsn(&self) -> u64 {
        self.lsn.load(Ordering::Acquire)
    }

    pub fn visible_sequence(&self) -> u64 {
        self.visible.load(Ordering::Acquire)
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    pub(crate) fn assign_xid(&self) -> u64 {
        self.next_xid.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers a thread that commits; its number.
    pub fn register(&self, notify: Notify) -> u32 {
        let worker = self.next_worker.fetch_add(1, Ordering::Relaxed);
        self.notifiers
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .insert(worker, notify);
        worker
    }

    pub fn unregister(&self, worker: u32) {
        self.notifiers
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .remove(&worker);
    }

    pub(crate) fn notify(&self, worker: u32, done: Vec<(u32, Result<u64>)>) {
        let notify = self
            .notifiers
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .get(&worker)
            .map(Arc::clone);
        if let Some(notify) = notify {
            notify(done);
        }
    }

    /// A fresh oid. Any commit that uses it follows the record that covers it in the log.
    pub fn next_oid(&self) -> u32 {
        let mut oids = self
            .oids
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if oids.next < FIRST_NORMAL_OID {
            oids.next = FIRST_NORMAL_OID;
            oids.logged = FIRST_NORMAL_OID;
        }
        if oids.next >= oids.logged {
            oids.logged = oids.next.saturating_add(OIDS_AHEAD);
            let logged = oids.logged;
            self.write_meta(&meta_key(META_OID, &[]), &logged.to_le_bytes());
        }
        let oid = oids.next;
        oids.next = oids.next.wrapping_add(1);
        oid
    }

    /// Logs a fact that no transaction carries; its ticket.
    pub(crate) fn write_meta(&self, key: &[u8], value: &[u8]) -> u64 {
        let mut changes = Vec::new();
        put_change(&mut changes, true, key, Some(value));
        self.queue.push(Request {
            changes,
            xid: 0,
            catalog_changed: false,
            synchronous: true,
            done: Done::Nobody,
        })
    }

    /// Waits until everything queued so far is durable.
    pub fn sync(&self) -> Result<u64> {
        let (sender, receiver) = sync_channel(1);
        self.queue.push(Request {
            changes: Vec::new(),
            xid: 0,
            catalog_changed: false,
            synchronous: true,
            done: Done::Channel(sender),
        });
        receiver
            .recv()
            .map_err(|_| Error::internal("the writer has ended"))?
    }

    /// The file's rowid counter: the next rowid to hand out.
    pub(crate) fn rowid_counter(
        &self,
        file: FileId,
        reader: &SnapshotState,
    ) -> Result<Arc<AtomicU64>> {
        if let Some(counter) = self
            .rowids
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .get(&file)
        {
            return Ok(Arc::clone(counter));
        }
        let mut next = 1;
        if !file.is_temporary() {
            let committed = reader.committed();
            if let Some(stored) = committed.get(&meta_key(META_ROWID, &file.prefix()))? {
                next = helios_base::bytes::u64_at(stored, 0)? + 1;
            }
            let mut scan = MergedScan::new(true);
            let (lower, upper) = (file.row_key(0), file.row_key(u64::MAX));
            scan.add_committed(&committed, &lower, &upper)?;
            if let Some((key, _)) = scan.next()? {
                next = next.max(rowid_of(key) + 1);
            }
        }
        let mut rowids = self
            .rowids
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        Ok(Arc::clone(
            rowids
                .entry(file)
                .or_insert_with(|| Arc::new(AtomicU64::new(next))),
        ))
    }

    pub(crate) fn forget_rowids(&self, matches: impl Fn(&FileId) -> bool) {
        self.rowids
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .retain(|file, _| !matches(file));
    }
}
