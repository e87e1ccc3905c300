//! The lock table: sharded by tag, one per process, shared by all workers. Never blocks a thread: a request that can't be
//! granted becomes a ticket, and the ticket's worker is woken once it is.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::entry::{Entry, Holder, Place, Waiter};
use crate::mode::{AWAIT_REMOVE, Mode, ModeSet, bit};
use crate::owner::{Owner, SessionWait, Wait, lock};
use crate::packs::{Added, Packed, Packs};
use crate::tag::{KeyHash, Kind, Tag};

/// Locks by their tags, and those that are packed.
pub struct Shard {
    entries: HashMap<Tag, Entry, KeyHash>,
    packs: Packs,
}

impl Deref for Shard {
    type Target = HashMap<Tag, Entry, KeyHash>;

    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl DerefMut for Shard {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.entries
    }
}
type Waker = Box<dyn Fn() + Send + Sync>;

/// Enough that workers seldom meet on one.
const SHARD_COUNT: usize = 64;
/// A shard that grew past this gives memory back once it is nearly empty.
const SHRINK_CAPACITY: usize = 4096;
/// `LockTable::pack_from` of the process's table.
const PACK_FROM: usize = 4096;

/// What came of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Granted,
    /// The request waits; its ticket shows up in its worker's settled list once granted.
    Waiting(u64),
    /// It waits in a deadlock for sure: for a session that waits for this one on the same lock.
    Deadlocked(u64),
    /// `no_wait` was asked and it would wait.
    NotAvailable,
    /// No such owner: its session ended.
    NoOwner,
}

/// How a lock is asked for.
#[derive(Clone, Copy, Default)]
pub struct Request {
    pub no_wait: bool,
    /// Held by the session, past the transaction's end (advisory locks).
    pub for_session: bool,
    /// Does not wait for transactions that `set_committing` told of: their rows' newest versions are known to the caller.
    pub passes_committing: bool,
    /// The ticket goes to `take_native_settled`.
    pub is_native: bool,
}

pub struct LockTable {
    shards: Vec<Mutex<Shard>>,
    pub(crate) owners: RwLock<Vec<Option<Arc<Owner>>>>,
    workers: RwLock<HashMap<u32, Arc<WorkerQueue>>>,
    tickets: AtomicU64,
    key_hash: KeyHash,
    /// Seed of the hashes that stand for unique keys.
    key_seed: AtomicU64,
    /// Locks of a transaction from which on further ones of rows and keys are packed.
    pack_from: usize,
}

struct WorkerQueue {
    settled: Mutex<Vec<u64>>,
    wake: Waker,
    /// Those of the native point path, and how it is woken.
    native: Mutex<Vec<u64>>,
    wake_native: OnceLock<Waker>,
}

impl Default for LockTable {
    fn default() -> Self {
        LockTable::new()
    }
}

impl LockTable {
    pub fn new() -> LockTable {
        LockTable::packing_from(PACK_FROM)
    }

    pub(crate) fn packing_from(pack_from: usize) -> LockTable {
        let key_hash = KeyHash::new();
        LockTable {
            shards: (0..SHARD_COUNT)
                .map(|_| {
                    Mutex::new(Shard {
                        entries: HashMap::with_hasher(key_hash.clone()),
                        packs: Packs::new(key_hash.clone()),
                    })
                })
                .collect(),
            owners: RwLock::new(Vec::new()),
            workers: RwLock::new(HashMap::new()),
            tickets: AtomicU64::new(1),
            pack_from,
            key_seed: AtomicU64::new(key_hash.seed()),
            key_hash,
        }
    }

    /// `wake` is called, from any thread, when a ticket of the worker was settled and none waited to be taken.
    pub fn add_worker(&self, worker: u32, wake: Waker) {
        let queue = Arc::new(WorkerQueue {
            settled: Mutex::new(Vec::new()),
            wake,
            native: Mutex::new(Vec::new()),
            wake_native: OnceLock::new(),
        });
        self.workers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(worker, queue);
    }

    /// A worker is gone: its sessions' locks and waits go with it.
    pub fn drop_worker(&self, worker: u32) {
        self.workers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&worker);
        let gone: Vec<u32> = self
            .owners()
            .iter()
            .flatten()
            .filter(|owner| owner.worker == worker)
            .map(|owner| owner.id)
            .collect();
        for id in gone {
            self.drop_owner(id);
        }
    }

    fn worker(&self, worker: u32) -> Option<Arc<WorkerQueue>> {
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        workers.get(&worker).cloned()
    }

    /// Tickets granted since the last call.
    pub fn take_settled(&self, worker: u32) -> Vec<u64> {
        let queue = self.worker(worker);
        queue
            .map(|queue| std::mem::take(&mut *lock(&queue.settled)))
            .unwrap_or_default()
    }

    /// The same for tickets of native requests.
    pub fn take_native_settled(&self, worker: u32) -> Vec<u64> {
        let queue = self.worker(worker);
        queue
            .map(|queue| std::mem::take(&mut *lock(&queue.native)))
            .unwrap_or_default()
    }

    /// `wake` is called as that of `add_worker`, for tickets of native requests.
    pub fn listen_natively(&self, worker: u32, wake: Waker) {
        if let Some(queue) = self.worker(worker) {
            let _ = queue.wake_native.set(wake);
        }
    }

    /// A ticket for a wait that the table knows nothing of.
    pub fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells the worker that a wait has ended.
    pub fn settle_ticket(&self, worker: u32, ticket: u64) {
        let Some(queue) = self.worker(worker) else {
            return;
        };
        if is_first(&queue.settled, ticket) {
            (queue.wake)();
        }
    }

    fn settle_native_ticket(&self, worker: u32, ticket: u64) {
        let Some(queue) = self.worker(worker) else {
            return;
        };
        if is_first(&queue.native, ticket)
            && let Some(wake) = queue.wake_native.get()
        {
            wake();
        }
    }

    /// Registers a session; its id is the lowest free one.
    pub fn add_owner(&self, worker: u32, pid: u32) -> u32 {
        let mut owners = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        let index = owners
            .iter()
            .position(Option::is_none)
            .unwrap_or(owners.len());
        if index == owners.len() {
            owners.push(None);
        }
        owners[index] = Some(Arc::new(Owner::new(index as u32, worker, pid)));
        index as u32
    }

    /// A session ended: releases all it held and waited for.
    pub fn drop_owner(&self, id: u32) {
        let Some(owner) = self.owner(id) else { return };
        self.cancel_wait(id);
        self.release_transaction(id, 0);
        self.release_session(id);
        drop(owner);
        if let Some(slot) = self
            .owners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(id as usize)
        {
            *slot = None;
        }
    }

    pub fn owner(&self, id: u32) -> Option<Arc<Owner>> {
        self.owners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id as usize)
            .cloned()
            .flatten()
    }

    pub fn owners(&self) -> Vec<Option<Arc<Owner>>> {
        self.owners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The transaction id that waits for this session's rows are reported with.
    pub fn set_xid(&self, id: u32, xid: u64) {
        if let Some(owner) = self.owner(id) {
            owner.xid.store(xid, Ordering::Relaxed);
        }
    }

    /// The session waits for the transaction of the one with `pid` to end; None: it goes on. Only tells others: the wait
    /// itself is the caller's.
    pub fn set_session_wait(&self, id: u32, pid: Option<u32>) {
        if let Some(owner) = self.owner(id) {
            let mut state = owner.state();
            let since_ms = state.session_wait.map_or_else(now_ms, |wait| wait.since_ms);
            state.gives_up = false;
            state.session_wait = pid.map(|pid| SessionWait { pid, since_ms });
        }
    }

    /// Asks for a lock.
    pub fn acquire(&self, id: u32, tag: Tag, mode: Mode, request: Request) -> Outcome {
        let Some(owner) = self.owner(id) else {
            return Outcome::NoOwner;
        };
        let for_session = request.for_session;
        let mut shard = lock(self.shard_of(&tag));
        if tag.is_transactional() && !shard.packs.is_empty() {
            if let Some(packed) = shard.packs.find(&tag)
                && packed.owner == id
                && (packed.mode == mode
                    || tag.kind == Kind::Row && includes(bit(packed.mode), mode))
            {
                return Outcome::Granted;
            }
            self.unpack(&mut shard, &tag);
        }
        let Some(entry) = shard.get_mut(&tag) else {
            if tag.is_transactional()
                && !for_session
                && self.pack(&mut shard.packs, &owner, tag, mode)
            {
                return Outcome::Granted;
            }
            let mut holder = Holder {
                owner: id,
                transaction: 0,
                session: 0,
            };
            *(if for_session {
                &mut holder.session
            } else {
                &mut holder.transaction
            }) = bit(mode);
            shard.insert(tag, Entry::One(holder));
            owner.state().record(tag, mode, for_session, true);
            return Outcome::Granted;
        };
        // Row modes are ordered: a stronger one held includes the weaker.
        if tag.kind == Kind::Row && includes(entry.held_by(id), mode) {
            return Outcome::Granted;
        }
        let is_row = tag.kind == Kind::Row;
        let (place, is_deadlock) = match entry.place(id, mode, is_row, request.passes_committing) {
            Place::Free => {
                let is_new = entry.grant(id, mode, for_session);
                owner.state().record(tag, mode, for_session, is_new);
                return Outcome::Granted;
            }
            Place::Queue(place) => (place, false),
            Place::Deadlock(place) => (place, true),
        };
        if request.no_wait {
            return Outcome::NotAvailable;
        }
        let ticket = self.ticket();
        entry.enqueue(
            place,
            Waiter {
                owner: id,
                mode,
                for_session,
                passes_committing: request.passes_committing,
                is_native: request.is_native,
                ticket,
            },
        );
        let mut state = owner.state();
        state.gives_up = false;
        state.wait = Some(Wait {
            ticket,
            tag,
            mode,
            since_ms: now_ms(),
        });
        drop(state);
        if is_deadlock {
            Outcome::Deadlocked(ticket)
        } else {
            Outcome::Waiting(ticket)
        }
    }

    /// Whether a newcomer's request would be granted at once: what is read in one step needs no lock then.
    pub fn admits(&self, tag: Tag, mode: Mode) -> bool {
        let shard = lock(self.shard_of(&tag));
        let is_row = tag.kind == Kind::Row;
        if let Some(packed) = shard.packs.find(&tag) {
            let entry = Entry::One(holder_of(packed));
            return entry.place(u32::MAX, mode, is_row, false) == Place::Free;
        }
        shard
            .get(&tag)
            .is_none_or(|entry| entry.place(u32::MAX, mode, is_row, false) == Place::Free)
    }

    /// Gives up the wait, if the session still waits: true then. False: it was granted meanwhile (or never waited).
    pub fn cancel_wait(&self, id: u32) -> bool {
        let Some(owner) = self.owner(id) else {
            return false;
        };
        let Some(wait) = owner.state().wait else {
            return false;
        };
        let mut shard = lock(self.shard_of(&wait.tag));
        let Some(entry) = shard.get_mut(&wait.tag) else {
            return false;
        };
        if !entry.dequeue(wait.ticket) {
            return false;
        }
        owner.state().wait = None;
        self.serve(shard, &wait.tag);
        true
    }

    /// The session's transaction is on its way to the log, behind whatever its locks had it wait for: those of these rows
    /// are nobody's concern any more who passes such transactions.
    pub fn set_committing(&self, id: u32, rows: &[Tag]) {
        for tag in rows {
            let mut shard = lock(self.shard_of(tag));
            if let Some(entry) = shard.get_mut(tag)
                && entry.set_committing(id)
            {
                self.serve(shard, tag);
            }
        }
    }

    /// How many transaction locks the session took so far: the mark of a savepoint.
    pub fn savepoint(&self, id: u32) -> usize {
        self.owner(id).map_or(0, |owner| {
            let mut state = owner.state();
            state.first_pack = state.next_pack;
            state.log.len()
        })
    }

    /// Releases the transaction locks taken since `mark` (0: all).
    pub fn release_transaction(&self, id: u32, mark: usize) {
        let Some(owner) = self.owner(id) else { return };
        let released = {
            let mut state = owner.state();
            let mark = mark.min(state.log.len());
            if mark == 0 {
                std::mem::take(&mut state.log)
            } else {
                state.log.split_off(mark)
            }
        };
        for (tag, mode) in released.iter().rev() {
            match tag.kind {
                Kind::RowPack | Kind::KeyPack => self.release_pack(&owner, tag),
                _ => self.release(id, tag, *mode, false),
            }
        }
        if mark == 0 {
            owner.xid.store(0, Ordering::Relaxed);
        }
    }

    /// Takes back one taking of a session lock; false where the session doesn't hold it.
    pub fn release_one_session(&self, id: u32, tag: Tag, mode: Mode) -> bool {
        let Some(owner) = self.owner(id) else {
            return false;
        };
        {
            let mut state = owner.state();
            let Some(count) = state.session.get_mut(&(tag, mode)) else {
                return false;
            };
            *count -= 1;
            if *count > 0 {
                return true;
            }
            state.session.remove(&(tag, mode));
        }
        self.release(id, &tag, mode, true);
        true
    }

    /// Takes back all session locks.
    pub fn release_session(&self, id: u32) {
        let Some(owner) = self.owner(id) else { return };
        let held = std::mem::take(&mut owner.state().session);
        for (tag, mode) in held.into_keys() {
            self.release(id, &tag, mode, true);
        }
    }

    /// Makes a session lock another owner's, whose requests it never conflicts with: they are the same session's.
    pub(crate) fn move_session_lock(&self, tag: &Tag, mode: Mode, from: u32, to: u32) {
        let mut shard = lock(self.shard_of(tag));
        if let Some(entry) = shard.get_mut(tag) {
            entry.grant(to, mode, true);
            entry.release(from, bit(mode), true);
            entry.compact();
        }
    }

    /// Modes the session holds on `tag`.
    pub fn held(&self, id: u32, tag: &Tag) -> u16 {
        let shard = lock(self.shard_of(tag));
        if let Some(packed) = shard.packs.find(tag) {
            return if packed.owner == id {
                bit(packed.mode)
            } else {
                0
            };
        }
        shard.get(tag).map_or(0, |entry| entry.held_by(id))
    }

    /// The locks that a line of the session's log stands for, where it is a pack.
    pub(crate) fn packed(&self, owner: &Owner, tag: &Tag) -> Vec<(Tag, Mode)> {
        let mode = |tag: &Tag, shard: &Shard| shard.packs.find(tag).map_or(0, |packed| packed.mode);
        let shard = lock(self.shard_of(tag));
        let tags = shard.packs.tags(tag, owner.id).into_iter();
        let mut locks: Vec<(Tag, Mode)> = tags.map(|tag| (tag, mode(&tag, &shard))).collect();
        if let Some(unpacked) = owner.state().unpacked.get(&tag.c) {
            locks.extend(unpacked);
        }
        locks
    }

    /// Packs a lock that nobody holds, where its session holds many already; false where it is to be an entry.
    fn pack(&self, packs: &mut Packs, owner: &Owner, tag: Tag, mode: Mode) -> bool {
        let mut state = owner.state();
        if state.log.len() < self.pack_from {
            return false;
        }
        let packed = Packed {
            owner: owner.id,
            serial: state.next_pack,
            mode,
        };
        match packs.add(&tag, state.first_pack, packed) {
            Added::Full => return false,
            Added::Known => return true,
            Added::New => {}
        }
        state.next_pack = state.next_pack.wrapping_add(1);
        let (kind, place) = match tag.kind {
            Kind::Row => (Kind::RowPack, tag.page()),
            _ => (Kind::KeyPack, self.shard_index(&tag) as u32),
        };
        let line = Tag {
            a: tag.a,
            b: place,
            c: packed.serial,
            kind,
            sub: 0,
        };
        state.log.push((line, mode));
        true
    }

    /// Makes a packed lock an entry.
    fn unpack(&self, shard: &mut Shard, tag: &Tag) {
        let Some(packed) = shard.packs.take_out(tag) else {
            return;
        };
        if let Some(owner) = self.owner(packed.owner) {
            let mut state = owner.state();
            let unpacked = state.unpacked.entry(packed.serial).or_default();
            unpacked.push((*tag, packed.mode));
            shard.insert(*tag, Entry::One(holder_of(packed)));
        }
    }

    fn release_pack(&self, owner: &Owner, pack: &Tag) {
        lock(self.shard_of(pack)).packs.remove(pack, owner.id);
        let unpacked = owner.state().unpacked.remove(&pack.c);
        for (tag, mode) in unpacked.into_iter().flatten() {
            self.release(owner.id, &tag, mode, false);
        }
    }

    /// Locks on unique keys outlive the process where their transaction is prepared: the seed of their hashes is the data
    /// directory's. Only before the first lock.
    pub fn set_key_seed(&self, seed: u64) {
        self.key_seed.store(seed, Ordering::Relaxed);
    }

    /// What stands for a unique key in its tag.
    pub fn unique_key_hash(&self, key: &[u8]) -> u64 {
        KeyHash::seeded(self.key_seed.load(Ordering::Relaxed)).hash(key)
    }

    /// Every shard at once, in order: a consistent view for deadlock detection and reports.
    pub(crate) fn lock_all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.shards.iter().map(lock).collect()
    }

    pub(crate) fn shard_index(&self, tag: &Tag) -> usize {
        use std::hash::BuildHasher;
        let hash = match tag.kind {
            Kind::KeyPack => return tag.b as usize % SHARD_COUNT,
            // The rows of a page share a shard.
            Kind::Row => self.key_hash.hash_one((tag.a, tag.page())),
            Kind::RowPack => self.key_hash.hash_one((tag.a, tag.b)),
            _ => self.key_hash.hash_one(tag),
        };
        (hash >> 40) as usize % SHARD_COUNT
    }

    /// Tells the workers of served waiters; their locks are theirs already.
    pub(crate) fn settle(&self, tag: &Tag, served: &[Waiter]) {
        for waiter in served {
            let Some(owner) = self.owner(waiter.owner) else {
                continue;
            };
            {
                let mut state = owner.state();
                state.record(*tag, waiter.mode, waiter.for_session, true);
                state.wait = None;
            }
            if waiter.is_native {
                self.settle_native_ticket(owner.worker, waiter.ticket);
            } else {
                self.settle_ticket(owner.worker, waiter.ticket);
            }
        }
    }

    fn shard_of(&self, tag: &Tag) -> &Mutex<Shard> {
        &self.shards[self.shard_index(tag)]
    }

    fn release(&self, id: u32, tag: &Tag, mode: Mode, for_session: bool) {
        let mut shard = lock(self.shard_of(tag));
        if let Some(entry) = shard.get_mut(tag) {
            entry.release(id, bit(mode), for_session);
            self.serve(shard, tag);
        }
    }

    /// Serves the queue of `tag` and drops its entry if nothing is left of it.
    fn serve(&self, mut shard: MutexGuard<'_, Shard>, tag: &Tag) {
        let Some(entry) = shard.get_mut(tag) else {
            return;
        };
        let served = entry.serve();
        if entry.compact() {
            shard.remove(tag);
            if shard.capacity() > SHRINK_CAPACITY && shard.len() < shard.capacity() / 8 {
                shard.shrink_to(SHRINK_CAPACITY / 2);
            }
        }
        // Under the shard's mutex still: a waiter must not see its ticket gone before its log has the lock.
        self.settle(tag, &served);
    }
}

/// Adds the ticket; whether none was there.
fn is_first(settled: &Mutex<Vec<u64>>, ticket: u64) -> bool {
    let mut settled = lock(settled);
    settled.push(ticket);
    settled.len() == 1
}

fn holder_of(packed: Packed) -> Holder {
    Holder {
        owner: packed.owner,
        transaction: bit(packed.mode),
        session: 0,
    }
}

/// Whether the row modes held make a request for `mode` needless.
fn includes(held: ModeSet, mode: Mode) -> bool {
    mode != AWAIT_REMOVE && (held & !bit(AWAIT_REMOVE)) >> mode != 0
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_millis() as u64)
}
