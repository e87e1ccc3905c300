//! The store of the process: committed state, counters and the way to the writer. Threads reach it through `Worker`;
//! `open.rs` makes it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread::JoinHandle;

use helios_base::bytes::u64_at;
use helios_base::error::sqlstate;
use helios_base::sync::{lock, read, wait, write};
use helios_base::{Error, Result};
use helios_serializable::Tracked;

use crate::base::{Base, BaseReader};
use crate::bulk::{BulkDirectory, BulkFile};
use crate::changes::put_change;
use crate::directory::Directory;
use crate::disk::Disk;
use crate::extents::Extents;
use crate::flush::FlusherQueue;
use crate::key::{FileId, after_prefix, meta_key, rowid_of};
use crate::large::{ChangeFile, LargeCommit};
use crate::level::Level;
use crate::memtable::Memtable;
use crate::merge::{Committed, MergedScan};
use crate::placement::Placement;
use crate::prepared::PreparedTransactions;
use crate::sequence::Sequences;
use crate::stats::Stats;
use crate::writer::{Answers, Done, Request, Then, WriterQueue};
use crate::xids::Xids;

/// Kinds of meta keys: what each is about follows it.
pub const META_OID: u8 = b'O';
/// Highest rowid of a file that is in the base or was.
pub const META_ROWID: u8 = b'R';
pub const META_SEQUENCE: u8 = b'S';
pub const META_DROPPED_FILE: u8 = b'D';
pub const META_DROPPED_DATABASE: u8 = b'X';
/// Log position, sequence and next transaction id that the base covers.
pub const META_FLUSHED: u8 = b'F';
/// Entries and bytes of a file.
pub const META_SIZE: u8 = b'Z';
/// Log position that a flush which came through in part was about to cover.
pub const META_FLUSHING: u8 = b'P';
/// Number of starts.
pub const META_EPOCH: u8 = b'E';
/// A bulk file of a relation file: the key ends with its number.
pub const META_BULK: u8 = b'B';

/// The file of a large commit, in the log only: the key ends with its number.
pub const META_CHANGES: u8 = b'G';

/// A part of a prepared transaction's record: its number and the part's follow.
pub const META_PREPARED: u8 = b'T';
/// Which of a page of transaction ids have committed.
pub const META_COMMITTED: u8 = b'C';
/// Seed of the hashes that stand for unique keys in locks.
pub const META_SEED: u8 = b'K';

/// First oid of user objects (PostgreSQL's FirstNormalObjectId); the counter starts and wraps to it.
const FIRST_NORMAL_OID: u32 = 16384;
/// Oids that one log record covers.
const OIDS_AHEAD: u32 = 8192;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sync at commit; without it a crash of the machine loses commits, a crash of the process does not.
    pub durable: bool,
    /// Size at which a memtable is frozen and moved into the base.
    pub memtable_bytes: usize,
    pub segment_bytes: u64,
    /// What a transaction writes in bulk to a file goes to a bulk file from this size on.
    pub bulk_bytes: usize,
    /// Memory that a transaction's changes may take before they go to disk.
    pub overlay_bytes: usize,
    pub disk: Disk,
    /// Nothing may be written, not even what recovery would.
    pub reads_only: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            durable: true,
            memtable_bytes: 64 << 20,
            segment_bytes: 64 << 20,
            bulk_bytes: 8 << 20,
            overlay_bytes: 64 << 20,
            disk: Disk::REAL,
            reads_only: false,
        }
    }
}

/// Bytes of memory that the machine has.
pub(crate) fn physical_memory() -> usize {
    // SAFETY: sysconf reads constants of the system.
    let (pages, page) = unsafe {
        (
            libc::sysconf(libc::_SC_PHYS_PAGES),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    match (usize::try_from(pages), usize::try_from(page)) {
        (Ok(pages), Ok(page)) => pages * page,
        _ => usize::MAX,
    }
}

/// What readers merge: replaced as a whole when a memtable is frozen or flushed, or a bulk file comes or goes.
#[derive(Clone)]
pub struct State {
    /// Newest first; the first one is a memtable and takes the writes.
    pub memtables: Vec<Level>,
    /// Number of the base's state these memtables lie over.
    pub base_state: u64,
    /// Commits up to this sequence are in the base.
    pub base_sequence: u64,
    pub extents: Arc<Extents>,
}

impl State {
    /// The memtable that takes the writes.
    pub(crate) fn newest(&self) -> Arc<Memtable> {
        match self.memtables.first() {
            Some(Level::Memory(table)) => Arc::clone(table),
            _ => Arc::default(),
        }
    }
}

/// How the writer tells a worker which of its commits are done: (token, result), all of one group at once; none at all
/// when the base has a new state.
pub type Notify = Arc<dyn Fn(Vec<(u32, Result<u64>)>) + Send + Sync>;

/// Told, with a message, that a thread of the store has panicked.
pub type OnDeath = Box<dyn Fn(String) + Send>;

pub struct Store {
    state: RwLock<Arc<State>>,
    pub(crate) base: Option<Box<dyn Base>>,
    /// Sequence of the last visible commit.
    pub(crate) visible: AtomicU64,
    pub(crate) lsn: AtomicU64,
    pub(crate) catalog_version: AtomicU32,
    pub(crate) xids: Xids,
    pub(crate) oids: Mutex<OidCounter>,
    placements: RwLock<HashMap<FileId, Arc<Mutex<Placement>>>>,
    /// Highest rowids seen while the log was replayed.
    pub(crate) replayed_rowids: Mutex<HashMap<FileId, u64>>,
    pub(crate) sequences: Sequences,
    pub(crate) stats: Stats,
    pub(crate) queue: WriterQueue,
    pub(crate) flusher: FlusherQueue,
    notifiers: RwLock<HashMap<u32, Notify>>,
    next_worker: AtomicU32,
    threads: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) memtable_bytes: usize,
    pub(crate) durable: bool,
    /// Snapshots that transactions have exported, by name.
    exported: Mutex<HashMap<String, Exported>>,
    pub(crate) prepared: PreparedTransactions,
    /// The same as long as the directory lives.
    pub(crate) seed: AtomicU64,
    /// Why writes are refused, once the log or the base could not be written.
    failed: Mutex<Option<Error>>,
    /// Told when a thread of the store has panicked.
    on_death: Mutex<Option<OnDeath>>,
    directory: Option<Directory>,
    /// None for a store in memory.
    pub(crate) bulk: Option<Arc<BulkDirectory>>,
    pub(crate) overlay_bytes: usize,
    /// What it may take where there is no disk, or nothing of it can go there.
    pub(crate) overlay_bytes_max: usize,
    /// Bytes of bulk files whose drop is in the newest memtable.
    pub(crate) bulk_dropped: AtomicU64,
    /// The writer and the flusher run on threads of their own.
    pub(crate) has_threads: AtomicBool,
    /// Commits whose bulk files are being synced.
    pub(crate) syncing: Arc<(Mutex<usize>, Condvar)>,
}

pub(crate) struct OidCounter {
    pub next: u32,
    /// Oids below this are covered by a log record.
    pub logged: u32,
}

/// A snapshot that others may read: at which sequence, and which kind of transaction has exported it.
#[derive(Clone)]
pub struct Exported {
    pub sequence: u64,
    pub exporter: Exporter,
    pub held: Arc<HeldState>,
}

/// The state that an exported snapshot reads, with a reader of the base for those who import it: one that is opened later
/// could see what was committed after the snapshot.
pub struct HeldState {
    pub state: Arc<State>,
    pub reader: Option<Mutex<Box<dyn BaseReader>>>,
}

#[derive(Clone)]
pub enum Exporter {
    NotSerializable,
    /// None where its snapshot is safe.
    ReadOnly(Option<Tracked>),
    ReadWrite(Tracked),
}

/// A committed state as one thread reads it.
pub struct SnapshotState {
    pub sequence: u64,
    pub state: Arc<State>,
    pub base: Option<Rc<Box<dyn BaseReader>>>,
    /// The serializable transaction whose reads are to be noted.
    pub reader: Option<Reader>,
}

/// Notes what is read for a serializable transaction.
#[derive(Clone)]
pub struct Reader {
    pub tracked: Tracked,
    /// The snapshot is newer than the transaction's.
    pub newest: bool,
}

impl SnapshotState {
    pub fn committed(&self) -> Committed<'_> {
        Committed {
            sequence: self.sequence,
            memtables: &self.state.memtables,
            base: self.base.as_deref().map(|reader| &**reader),
            extents: &self.state.extents,
        }
    }
}

impl Store {
    pub(crate) fn assemble(
        base: Option<Box<dyn Base>>,
        directory: Option<Directory>,
        options: &Options,
    ) -> Result<Store> {
        let base_state = match &base {
            Some(base) => base.reader()?.state(),
            None => 0,
        };
        let state = State {
            memtables: vec![Level::Memory(Arc::default())],
            base_state,
            base_sequence: 0,
            extents: Arc::default(),
        };
        Ok(Store {
            state: RwLock::new(Arc::new(state)),
            base,
            visible: AtomicU64::new(1),
            lsn: AtomicU64::new(0),
            catalog_version: AtomicU32::new(2),
            xids: Xids::default(),
            oids: Mutex::new(OidCounter {
                next: FIRST_NORMAL_OID,
                logged: FIRST_NORMAL_OID,
            }),
            placements: RwLock::default(),
            replayed_rowids: Mutex::default(),
            sequences: Sequences::default(),
            stats: Stats::default(),
            queue: WriterQueue::default(),
            flusher: FlusherQueue::default(),
            notifiers: RwLock::default(),
            next_worker: AtomicU32::new(1),
            threads: Mutex::default(),
            memtable_bytes: options.memtable_bytes,
            durable: options.durable,
            overlay_bytes: options.overlay_bytes,
            overlay_bytes_max: physical_memory() / 2,
            exported: Mutex::default(),
            prepared: PreparedTransactions::default(),
            seed: AtomicU64::new(RandomState::new().build_hasher().finish()),
            failed: Mutex::default(),
            on_death: Mutex::default(),
            directory,
            bulk: None,
            bulk_dropped: AtomicU64::new(0),
            has_threads: AtomicBool::new(false),
            syncing: Default::default(),
        })
    }

    /// The writer is to be started first: `end_threads` joins in this order.
    pub(crate) fn start_thread(
        &self,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<()> {
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(body)
            .map_err(|error| Error::io("could not start a thread of the store", &error))?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// Writes exact counters and everything that waits into the base, then ends the threads.
    pub fn close(&self) -> Result<()> {
        self.write_exact_counters();
        let flushed = self.checkpoint();
        self.end_threads(false);
        flushed.map(|_| ())
    }

    /// Ends the threads and leaves the directory as a crash of the process would.
    pub fn abandon(&self) {
        self.end_threads(true);
    }

    fn end_threads(&self, abandon: bool) {
        if abandon {
            self.flusher.close(true);
        }
        let (syncing, ended) = &*self.syncing;
        let mut running = lock(syncing);
        while *running > 0 {
            running = wait(ended, running);
        }
        drop(running);
        self.queue.close();
        let threads = std::mem::take(&mut *lock(&self.threads));
        for (index, thread) in threads.into_iter().enumerate() {
            // A thread that panicked has said so; there is nothing left to end.
            let _ = thread.join();
            if index == 0 {
                self.flusher.close(abandon);
            }
        }
    }

    fn write_exact_counters(&self) {
        let oids = lock(&self.oids);
        if oids.next != oids.logged {
            self.write_meta(&meta_key(META_OID, &[]), &oids.next.to_le_bytes());
        }
        drop(oids);
        for (file, state) in lock(&self.sequences.map).iter_mut() {
            if !state.uncommitted && !file.is_temporary() && state.logged != state.last {
                state.logged = state.last;
                self.write_meta(&meta_key(META_SEQUENCE, &file.prefix()), &state.encode());
            }
        }
    }

    /// Refuses writes from now on.
    pub(crate) fn fail(&self, error: &Error) {
        lock(&self.failed).get_or_insert_with(|| error.clone());
    }

    /// Whom to tell that a thread of the store has panicked: the store can then only be left.
    pub fn on_death(&self, tell: OnDeath) {
        *lock(&self.on_death) = Some(tell);
    }

    /// Runs a thread's body; a panic in it fails the store. False where there was one.
    pub(crate) fn survives(&self, name: &str, body: impl FnOnce()) -> bool {
        let Err(panic) = catch_unwind(AssertUnwindSafe(body)) else {
            return true;
        };
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let message = format!(
            "the store's {name} has failed: {}",
            text.unwrap_or("no reason")
        );
        self.fail(&Error::internal(message.clone()));
        if let Some(tell) = &*lock(&self.on_death) {
            tell(message);
        }
        false
    }

    /// Why writes are refused, as the error of a further commit.
    pub(crate) fn failure(&self) -> Option<Error> {
        lock(&self.failed).as_ref().map(|error| {
            let full = error.sqlstate == sqlstate::DISK_FULL;
            let state = if full {
                sqlstate::DISK_FULL
            } else {
                sqlstate::IO_ERROR
            };
            Error::new(state, "the server accepts no writes until it is restarted")
                .with_detail(error.message.clone())
        })
    }

    pub fn state(&self) -> Arc<State> {
        Arc::clone(&read(&self.state))
    }

    pub(crate) fn replace_state(&self, change: impl FnOnce(&State) -> State) {
        let mut state = write(&self.state);
        *state = Arc::new(change(&state));
    }

    /// Puts an empty memtable before the others; the one that took the writes until now.
    pub(crate) fn begin_memtable(&self) -> Arc<Memtable> {
        let full = self.state().newest();
        self.replace_state(|state| State {
            memtables: [&[Level::Memory(Arc::default())], state.memtables.as_slice()].concat(),
            ..state.clone()
        });
        full
    }

    /// Puts a large commit above all that was committed before it, for snapshots from its sequence on. The memtable that
    /// took the writes until now, where there are any in it: an empty one takes its place.
    pub(crate) fn add_large(
        &self,
        sequence: u64,
        changes: ChangeFile,
    ) -> (Option<Arc<Memtable>>, Arc<LargeCommit>) {
        let commit = Arc::new(LargeCommit { sequence, changes });
        let newest = self.state().newest();
        let is_empty = newest.entries() == 0;
        self.replace_state(|state| {
            let older = &state.memtables[usize::from(is_empty)..];
            let own = [
                Level::Memory(Arc::default()),
                Level::Large(Arc::clone(&commit)),
            ];
            State {
                memtables: [own.as_slice(), older].concat(),
                ..state.clone()
            }
        });
        ((!is_empty).then_some(newest), commit)
    }

    pub fn catalog_version(&self) -> u32 {
        self.catalog_version.load(Ordering::Acquire)
    }

    pub fn current_lsn(&self) -> u64 {
        self.lsn.load(Ordering::Acquire)
    }

    /// Lets other threads read what the snapshot of that sequence reads, under the name, until it is withdrawn.
    pub fn export_snapshot(&self, name: &str, exported: Exported) {
        lock(&self.exported).insert(name.to_owned(), exported);
    }

    pub fn withdraw_snapshot(&self, name: &str) {
        lock(&self.exported).remove(name);
    }

    pub(crate) fn exported(&self, name: &str) -> Option<Exported> {
        lock(&self.exported).get(name).cloned()
    }

    pub fn visible_sequence(&self) -> u64 {
        self.visible.load(Ordering::Acquire)
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// A secret number of the directory, for hashes that must come out the same after a restart.
    pub fn seed(&self) -> u64 {
        self.seed.load(Ordering::Relaxed)
    }

    pub(crate) fn assign_xid(&self) -> u64 {
        self.xids.assign()
    }

    /// Registers a thread that commits; its number.
    pub fn register(&self, notify: Notify) -> u32 {
        let worker = self.next_worker.fetch_add(1, Ordering::Relaxed);
        write(&self.notifiers).insert(worker, notify);
        worker
    }

    pub fn unregister(&self, worker: u32) {
        write(&self.notifiers).remove(&worker);
    }

    pub(crate) fn notify(&self, worker: u32, done: Vec<(u32, Result<u64>)>) {
        let notify = read(&self.notifiers).get(&worker).map(Arc::clone);
        if let Some(notify) = notify {
            notify(done);
        }
    }

    /// Wakes every worker: the base has a new state.
    pub(crate) fn notify_all(&self) {
        let all: Vec<Notify> = read(&self.notifiers).values().map(Arc::clone).collect();
        for notify in all {
            notify(Vec::new());
        }
    }

    /// A fresh oid. Any commit that uses it follows the record that covers it in the log.
    pub fn next_oid(&self) -> u32 {
        let mut oids = lock(&self.oids);
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
            changes: vec![changes],
            ..Request::barrier(false, Done::Nobody)
        })
    }

    /// Has the writer call this when what is queued so far is committed.
    pub fn after_next_commit(&self, then: Then) {
        self.queue.push(Request {
            then: Some(then),
            ..Request::barrier(false, Done::Nobody)
        });
    }

    /// Waits until everything queued so far is durable.
    pub fn sync(&self) -> Result<u64> {
        self.wait(Request::barrier(false, Done::Nobody))
    }

    /// Waits until everything committed so far is in the base.
    pub fn checkpoint(&self) -> Result<u64> {
        self.wait(Request::barrier(true, Done::Nobody))
    }

    fn wait(&self, request: Request) -> Result<u64> {
        let (sender, receiver) = sync_channel(1);
        self.queue.push(Request {
            done: Done::Channel(sender),
            ..request
        });
        receiver
            .recv()
            .map_err(|_| Error::internal("the writer has ended"))?
    }

    /// Highest rowid of the file in what was replayed; 0: none.
    pub(crate) fn replayed_rowid(&self, file: FileId) -> u64 {
        let known = lock(&self.replayed_rowids).get(&file).copied();
        known.unwrap_or(0)
    }

    /// Where the file's new rows go, if that was asked before.
    pub(crate) fn known_placement(&self, file: FileId) -> Option<Arc<Mutex<Placement>>> {
        read(&self.placements).get(&file).map(Arc::clone)
    }

    /// Where the file's new rows go: after every rowid that was ever committed.
    pub(crate) fn placement(
        &self,
        file: FileId,
        reader: &SnapshotState,
    ) -> Result<Arc<Mutex<Placement>>> {
        let mut highest = 0;
        if !file.is_temporary() {
            let committed = reader.committed();
            if let Some(stored) = committed.get(&meta_key(META_ROWID, &file.prefix()))? {
                highest = u64_at(stored, 0)?;
            }
            let replayed = lock(&self.replayed_rowids).get(&file).copied();
            highest = highest.max(replayed.unwrap_or(0));
            // Rows that came with a copied database were never counted here.
            let mut scan = MergedScan::new(true);
            scan.add_committed(&committed, &file.row_key(0), &file.row_key(u64::MAX))?;
            if let Some((key, _)) = scan.next_entry()? {
                highest = highest.max(rowid_of(key));
            }
        }
        let mut placements = write(&self.placements);
        let placement = placements
            .entry(file)
            .or_insert_with(|| Arc::new(Mutex::new(Placement::after(highest))));
        Ok(Arc::clone(placement))
    }

    /// Where a session's temporary entries go when they are large.
    pub(crate) fn temporary_directory(&self, worker: u32, session: u32) -> PathBuf {
        let parent = match &self.directory {
            Some(directory) => directory.temporary.clone(),
            None => std::env::temp_dir().join(format!("heliosdb-{}", std::process::id())),
        };
        parent.join(format!("{worker}-{session}"))
    }

    /// Makes bulk files a part of what snapshots from the sequence on read.
    pub(crate) fn add_bulk(&self, sequence: u64, files: Vec<BulkFile>) -> Result<()> {
        let mut added = Vec::new();
        for file in files {
            added.push((self.may_have_keys(file.record.file)?, Arc::new(file)));
        }
        self.replace_state(|state| {
            let mut extents = (*state.extents).clone();
            for (shadowed, file) in added {
                extents.add(sequence, file, shadowed);
            }
            State {
                extents: Arc::new(extents),
                ..state.clone()
            }
        });
        Ok(())
    }

    /// The base has keys of the file, or a memtable that may be on its way there. Those of the state are looked at
    /// first: what a flush has taken out of it by then is in the base.
    fn may_have_keys(&self, file: FileId) -> Result<bool> {
        let prefix = file.prefix();
        let after = after_prefix(&prefix).unwrap_or_default();
        let state = self.state();
        for level in &state.memtables {
            if level.has_any(&prefix, &after)? {
                return Ok(true);
            }
        }
        let Some(base) = &self.base else {
            return Ok(false);
        };
        let reader = base.reader()?;
        let found = reader.scan(&prefix, &after, false)?.next()?.is_some();
        Ok(found)
    }

    /// Hands a commit to the writer once its bulk files are durable.
    pub(crate) fn push_after_sync(self: &Arc<Self>, request: Request) -> Result<()> {
        if !self.has_threads.load(Ordering::Acquire) {
            self.sync_and_push(request);
            return Ok(());
        }
        let store = Arc::clone(self);
        let syncing = Arc::clone(&self.syncing);
        *lock(&self.syncing.0) += 1;
        let started = std::thread::Builder::new()
            .name("helios-sync".into())
            .spawn(move || {
                store.sync_and_push(request);
                // Whoever waits for this may open the directory again: the store must be let go of by then.
                drop(store);
                *lock(&syncing.0) -= 1;
                syncing.1.notify_all();
            });
        if let Err(error) = started {
            *lock(&self.syncing.0) -= 1;
            return Err(Error::io("could not start a thread of the store", &error));
        }
        Ok(())
    }

    fn sync_and_push(&self, mut request: Request) {
        match self.finish_files(&mut request) {
            Ok(()) => {
                if request.prepares {
                    request.bulk.clear();
                    request.large.file = None;
                }
                self.queue.push(request);
            }
            Err(error) => {
                let mut answers = Answers::default();
                self.xids.roll_back(&request.ids);
                self.remove_bulk(request.bulk.iter().map(|file| file.record.number));
                self.remove_bulk(request.large.file.iter().map(ChangeFile::number));
                answers.add(request.done, Err(error));
                answers.send(self);
            }
        }
    }

    /// Writes a large commit's file, and makes all files that the commit names durable.
    fn finish_files(&self, request: &mut Request) -> Result<()> {
        let Some(directory) = &self.bulk else {
            return Ok(());
        };
        if let Some(overlay) = request.large.pending.take() {
            request.large.file = ChangeFile::write(directory, &overlay, &request.bulk)?;
        }
        if self.durable {
            request.bulk.iter_mut().try_for_each(BulkFile::sync)?;
            request
                .large
                .file
                .iter_mut()
                .try_for_each(ChangeFile::sync)?;
            directory.sync()?;
        }
        // Its change comes first.
        if let Some(file) = &request.large.file {
            request.changes.insert(0, file.change());
        }
        if let Some(wrap) = request.large.wrap.take() {
            request.changes = wrap(std::mem::take(&mut request.changes));
        }
        Ok(())
    }

    /// Removes bulk files that nobody reads from now on; what can't be removed is at the next start.
    pub(crate) fn remove_bulk(&self, numbers: impl Iterator<Item = u64>) {
        if let Some(bulk) = &self.bulk {
            numbers.for_each(|number| drop(bulk.remove(number)));
        }
    }

    /// Drops what is kept in memory about files that are gone.
    pub(crate) fn forget_files(&self, matches: impl Fn(&FileId) -> bool) {
        self.stats.forget(&matches);
        lock(&self.sequences.map).retain(|file, _| !matches(file));
        write(&self.placements).retain(|file, _| !matches(file));
    }
}
