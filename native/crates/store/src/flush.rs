//! The flusher: one thread that moves frozen memtables into the base, oldest first, each in one durable step that also
//! records the log position it covers; that removes dropped files in small steps; and that keeps a log segment ready.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex};

use helios_base::bytes::u64_at;
use helios_base::sync::{lock, wait};
use helios_base::{Error, Result};

use crate::base::{Base, BaseReader, Change};
use crate::bulk::BulkRecord;
use crate::extents::{Extents, FileExtents, TOMBSTONE};
use crate::key::{
    FileId, PREFIX_BYTES, ROW_KEY_BYTES, SPACE_META, SPACE_PERMANENT, after_prefix, meta_key,
    rowid_of,
};
use crate::level::Level;
use crate::log::append::Segments;
use crate::stats::{Delta, FileSize};
use crate::store::{
    META_BULK, META_DROPPED_DATABASE, META_DROPPED_FILE, META_FLUSHED, META_FLUSHING, META_ROWID,
    META_SEQUENCE, META_SIZE, State, Store,
};
use crate::writer::{Answers, Done};

/// A memtable that takes no more writes or a large commit, and what the base must know once it is in there.
pub struct Frozen {
    pub table: Level,
    pub deltas: HashMap<FileId, Delta>,
    pub lsn: u64,
    pub sequence: u64,
    pub next_xid: u64,
}

#[derive(Default)]
pub struct FlusherQueue {
    inner: Mutex<Queue>,
    wake: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct Queue {
    frozen: VecDeque<Arc<Frozen>>,
    /// Checkpoints: answered when commits up to the sequence are in the base.
    waiting: Vec<(u64, Done)>,
    prepare: bool,
    closing: bool,
    abandoned: bool,
}

/// A memtable's bytes for each entry that goes into the base in one step: what a step changes is held in memory.
const BYTES_PER_PIECE_ENTRY: usize = 256;
/// Keys removed in one step, so that the base is never held for long.
const REMOVE_STEP_KEYS: usize = 4000;

impl FlusherQueue {
    pub fn push(&self, frozen: Frozen) {
        self.lock().frozen.push_back(Arc::new(frozen));
        self.wake.notify_one();
    }

    pub fn frozen_count(&self) -> usize {
        self.lock().frozen.len()
    }

    /// Those of them that take up memory.
    pub fn frozen_memtables(&self) -> usize {
        self.lock().memtables()
    }

    /// Waits until fewer memtables than this are left, and fewer of all.
    pub fn wait_below(&self, memtables: usize, count: usize) {
        let mut queue = self.lock();
        while (queue.memtables() >= memtables || queue.frozen.len() >= count) && !queue.abandoned {
            queue = wait(&self.room, queue);
        }
    }

    pub fn prepare_segment(&self) {
        let mut queue = self.lock();
        if !queue.prepare {
            queue.prepare = true;
            drop(queue);
            self.wake.notify_one();
        }
    }

    /// Answers once everything frozen so far is in the base.
    pub fn answer_when_flushed(&self, store: &Store, done: Vec<Done>) {
        let mut queue = self.lock();
        match queue.frozen.back().map(|frozen| frozen.sequence) {
            Some(sequence) => queue
                .waiting
                .extend(done.into_iter().map(|done| (sequence, done))),
            None => {
                drop(queue);
                let mut answers = Answers::default();
                let lsn = store.current_lsn();
                done.into_iter().for_each(|done| answers.add(done, Ok(lsn)));
                answers.send(store);
            }
        }
    }

    /// Ends the thread; `abandon` leaves what is not flushed to the log, as a crash would.
    pub fn close(&self, abandon: bool) {
        let mut queue = self.lock();
        queue.closing = true;
        queue.abandoned |= abandon;
        drop(queue);
        self.wake.notify_one();
        self.room.notify_all();
    }

    /// Nothing is flushed any more.
    fn give_up(&self, store: &Store, error: &Error) {
        let mut queue = self.lock();
        queue.abandoned = true;
        let mut answers = Answers::default();
        for (_, done) in queue.waiting.drain(..) {
            answers.add(done, Err(error.clone()));
        }
        drop(queue);
        self.room.notify_all();
        answers.send(store);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        lock(&self.inner)
    }
}

impl Queue {
    fn memtables(&self) -> usize {
        let memory = |frozen: &&Arc<Frozen>| matches!(frozen.table, Level::Memory(_));
        self.frozen.iter().filter(memory).count()
    }
}

enum Job {
    Flush(Arc<Frozen>),
    Prepare,
    Remove,
}

pub struct Flusher {
    pub store: Arc<Store>,
    pub segments: Arc<Segments>,
    /// Dropped files and databases whose keys are still to be removed.
    pub dropped: Dropped,
}

#[derive(Default)]
pub struct Dropped {
    files: HashSet<FileId>,
    databases: HashSet<u32>,
}

impl Flusher {
    /// Body of the flusher thread. After a panic nothing goes to the base any more, and nothing is committed.
    pub fn run_guarded(self) {
        let store = Arc::clone(&self.store);
        if !store.survives("flusher", || self.run()) {
            let error = Error::internal("the flusher has ended");
            store.flusher.give_up(&store, &error);
        }
    }

    fn run(mut self) {
        let store = Arc::clone(&self.store);
        let Some(base) = store.base.as_deref() else {
            return;
        };
        while let Some(job) = self.next_job(true) {
            let has_flushed = matches!(job, Job::Flush(_));
            if let Err(error) = self.take_turn(base, job) {
                self.fail(&error);
                return;
            }
            if has_flushed {
                give_back_memory();
            }
        }
    }

    /// Does one job without waiting for one; false where there is none.
    pub fn step(&mut self) -> bool {
        let store = Arc::clone(&self.store);
        let Some((base, job)) = store.base.as_deref().zip(self.next_job(false)) else {
            return false;
        };
        if let Err(error) = self.take_turn(base, job) {
            self.fail(&error);
        }
        true
    }

    fn take_turn(&mut self, base: &dyn Base, job: Job) -> Result<()> {
        match job {
            Job::Flush(frozen) => self.flush(base, &frozen),
            Job::Prepare => {
                // Without it the writer makes a segment when it needs one: an error then is one of a commit.
                let _ = self.segments.prepare();
                Ok(())
            }
            Job::Remove => self.remove_step(base),
        }
    }

    fn next_job(&self, waits: bool) -> Option<Job> {
        let mut queue = self.store.flusher.lock();
        loop {
            if queue.abandoned {
                return None;
            }
            if let Some(frozen) = queue.frozen.front() {
                return Some(Job::Flush(Arc::clone(frozen)));
            }
            if queue.closing {
                return None;
            }
            if std::mem::take(&mut queue.prepare) {
                return Some(Job::Prepare);
            }
            if !self.dropped.files.is_empty() || !self.dropped.databases.is_empty() {
                return Some(Job::Remove);
            }
            if !waits {
                return None;
            }
            queue = wait(&self.store.flusher.wake, queue);
        }
    }

    /// The base can't take it: writes are refused, the log keeps what is not in the base.
    fn fail(&self, error: &Error) {
        self.store.fail(error);
        self.store.flusher.give_up(&self.store, error);
    }

    fn flush(&mut self, base: &dyn Base, frozen: &Frozen) -> Result<()> {
        let reader = base.reader()?;
        let meta = self.flush_facts(&*reader, frozen)?;
        drop(reader);
        match &frozen.table {
            Level::Memory(table) => {
                let mut previous: Option<&[u8]> = None;
                let newest = table.versions().filter_map(|entry| {
                    // Versions of a key come newest first.
                    let newest = previous != Some(entry.key);
                    previous = Some(entry.key);
                    newest.then_some(Ok((entry.key, entry.value)))
                });
                self.apply(base, frozen, &meta, newest)?;
            }
            Level::Large(commit) => {
                let mut scan = commit.scan(&[], &[0xff], u64::MAX, false)?;
                let entries = std::iter::from_fn(|| {
                    let entry = scan.peek()?;
                    Some(scan.advance().map(|()| entry))
                });
                self.apply(base, frozen, &meta, entries)?;
                self.store
                    .remove_bulk([commit.changes.number()].into_iter());
            }
        }
        self.store.xids.flushed();
        self.segments.recycle(frozen.lsn)?;
        let mut answers = Answers::default();
        let mut queue = self.store.flusher.lock();
        queue.frozen.pop_front();
        let mut left = Vec::new();
        for (sequence, done) in queue.waiting.drain(..) {
            if sequence <= frozen.sequence {
                answers.add(done, Ok(frozen.lsn));
            } else {
                left.push((sequence, done));
            }
        }
        queue.waiting = left;
        drop(queue);
        self.store.flusher.room.notify_all();
        answers.send(&self.store);
        Ok(())
    }

    /// Moves entries into the base, in pieces, the facts with the last one.
    fn apply<'a>(
        &self,
        base: &dyn Base,
        frozen: &Frozen,
        facts: &'a [(Vec<u8>, Vec<u8>)],
        entries: impl Iterator<Item = Result<Change<'a>>>,
    ) -> Result<()> {
        let mut skip = SkipDropped {
            dropped: &self.dropped,
            prefix: [0; PREFIX_BYTES],
            skip: false,
        };
        let state = self.store.state();
        let mut shadows = Shadows::new(&state.extents);
        let mut entries = entries
            .filter(|entry| !matches!(entry, Ok((key, _)) if skip.skips(key)))
            .map(|entry| entry.map(|(key, value)| (key, shadows.stored(key, value))))
            .peekable();
        // Should the log end before this at the next start, it is damaged: it was durable when the flush began.
        let flushing = (meta_key(META_FLUSHING, &[]), frozen.lsn.to_le_bytes());
        let entries_max = (self.store.memtable_bytes / BYTES_PER_PIECE_ENTRY).max(16);
        loop {
            let piece = entries.by_ref().take(entries_max);
            let mut piece: Vec<Change<'_>> = piece.collect::<Result<_>>()?;
            let complete = entries.peek().is_none();
            if complete {
                let facts = facts.iter();
                piece.extend(facts.map(|(key, value)| (key.as_slice(), Some(value.as_slice()))));
            } else {
                piece.push((&flushing.0, Some(&flushing.1)));
            }
            // Until the last piece is in, snapshots read the memtable above them all, and a crash replays the log.
            let number = base.apply(&mut piece.into_iter())?;
            if matches!(frozen.table, Level::Large(_)) {
                base.release();
            }
            self.store.publish_base(number, frozen.sequence, complete);
            if complete {
                return Ok(());
            }
        }
    }

    /// What the flush writes beside the entries: position covered, file sizes, highest rowids. Notes drops on the way.
    fn flush_facts(
        &mut self,
        reader: &dyn BaseReader,
        frozen: &Frozen,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut rowids: HashMap<FileId, u64> = HashMap::new();
        if let Level::Large(commit) = &frozen.table {
            let files = commit.changes.files.iter();
            let rows = files.filter(|changed| changed.highest > 0);
            rowids.extend(rows.map(|changed| (changed.file, changed.highest)));
        }
        let versions = match &frozen.table {
            Level::Memory(table) => Some(table.versions()),
            Level::Large(_) => None,
        };
        for entry in versions.into_iter().flatten() {
            match entry.key {
                [SPACE_META, META_BULK, ..] => {
                    if let Some(value) = entry.value {
                        let record = BulkRecord::decode(entry.key, value)?;
                        let highest = rowids.entry(record.file).or_default();
                        *highest = record.last_rowid.max(*highest);
                    }
                }
                [SPACE_META, ..] => self.dropped.note(entry.key),
                key if key.len() == ROW_KEY_BYTES => {
                    if let Some(file) = FileId::of_key(key) {
                        let highest = rowids.entry(file).or_default();
                        *highest = rowid_of(key).max(*highest);
                    }
                }
                _ => {}
            }
        }
        let mut facts = vec![(meta_key(META_FLUSHED, &[]), encode_flushed(frozen))];
        for (file, highest) in rowids {
            let key = meta_key(META_ROWID, &file.prefix());
            let before = reader.get(&key)?.map_or(Ok(0), |bytes| u64_at(bytes, 0))?;
            facts.push((key, highest.max(before).to_le_bytes().to_vec()));
        }
        for (file, delta) in &frozen.deltas {
            let key = meta_key(META_SIZE, &file.prefix());
            let mut size = reader
                .get(&key)?
                .map_or(Ok(FileSize::default()), FileSize::decode)?;
            size.add(delta);
            facts.push((key, size.encode().to_vec()));
        }
        facts.extend(self.store.xids.facts(reader)?);
        facts.sort_unstable();
        Ok(facts)
    }

    /// Removes some keys of dropped files; forgets the files once nothing is left.
    fn remove_step(&mut self, base: &dyn Base) -> Result<()> {
        let ranges = self.dropped.ranges();
        let (removed, number) = base.delete_ranges(&ranges, REMOVE_STEP_KEYS)?;
        if removed > 0 {
            self.store.publish_base(number, 0, false);
        }
        if removed < REMOVE_STEP_KEYS {
            let dropped = std::mem::take(&mut self.dropped);
            self.remove_bulk(&dropped);
        }
        Ok(())
    }

    fn remove_bulk(&self, dropped: &Dropped) {
        let mut numbers = Vec::new();
        self.store.replace_state(|state| {
            let mut extents = (*state.extents).clone();
            numbers = extents.take_out(|file| {
                dropped.files.contains(file) || dropped.databases.contains(&file.owner)
            });
            State {
                extents: Arc::new(extents),
                ..state.clone()
            }
        });
        self.store.remove_bulk(numbers.into_iter());
    }
}

/// Returns freed memory to the system: the allocator would keep what a memtable or a large commit took.
fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the allocator's own function, callable at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Leaves out keys of dropped files; keys come in order, so a file is looked up once.
struct SkipDropped<'a> {
    dropped: &'a Dropped,
    prefix: [u8; PREFIX_BYTES],
    skip: bool,
}

impl SkipDropped<'_> {
    fn skips(&mut self, key: &[u8]) -> bool {
        if key.first() != Some(&SPACE_PERMANENT) {
            return false;
        }
        let Some(prefix) = key.first_chunk::<PREFIX_BYTES>() else {
            return false;
        };
        if *prefix != self.prefix {
            self.prefix = *prefix;
            self.skip = FileId::of_key(key).is_some_and(|file| {
                self.dropped.files.contains(&file) || self.dropped.databases.contains(&file.owner)
            });
        }
        self.skip
    }
}

/// Says what the base must hold where it hides bulk files; keys come in order, so a file is looked up once.
struct Shadows<'a> {
    extents: &'a Extents,
    file: Option<FileId>,
    own: Option<&'a FileExtents>,
}

impl<'a> Shadows<'a> {
    fn new(extents: &'a Extents) -> Shadows<'a> {
        Shadows {
            extents,
            file: None,
            own: None,
        }
    }

    /// What to store for a change: a deleted entry of a bulk file leaves a mark.
    fn stored<'b>(&mut self, key: &[u8], value: Option<&'b [u8]>) -> Option<&'b [u8]> {
        if self.extents.is_empty() || key.first() != Some(&SPACE_PERMANENT) {
            return value;
        }
        let file = FileId::of_key(key);
        if file != self.file {
            self.file = file;
            self.own = file.and_then(|file| self.extents.of(file));
            if let Some(own) = self.own {
                own.set_shadowed();
            }
        }
        match self.own {
            // Where the bulk file can't be read, a mark too many does no harm.
            Some(own) if value.is_none() && !matches!(own.get(key, u64::MAX), Ok(None)) => {
                Some(TOMBSTONE)
            }
            _ => value,
        }
    }
}

impl Dropped {
    /// Takes in a drop's meta key; others are ignored.
    pub fn note(&mut self, key: &[u8]) {
        match key {
            [SPACE_META, META_DROPPED_FILE, file @ ..] => {
                self.files.extend(FileId::of_key(file));
            }
            [SPACE_META, META_DROPPED_DATABASE, database @ ..] => {
                self.databases.extend(
                    database
                        .first_chunk::<4>()
                        .map(|bytes| u32::from_be_bytes(*bytes)),
                );
            }
            _ => {}
        }
    }

    /// Drops that an earlier run recorded in the base.
    pub fn load(reader: &dyn BaseReader) -> Result<Dropped> {
        let mut dropped = Dropped::default();
        for kind in [META_DROPPED_FILE, META_DROPPED_DATABASE] {
            let mut cursor = reader.scan(&meta_key(kind, &[]), &meta_key(kind + 1, &[]), false)?;
            while let Some((key, _)) = cursor.next()? {
                dropped.note(key);
            }
        }
        Ok(dropped)
    }

    /// Everything to remove; the keys that remember the drops come last.
    fn ranges(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut prefixes: Vec<Vec<u8>> = self
            .files
            .iter()
            .map(|file| file.prefix().to_vec())
            .collect();
        prefixes.extend(self.databases.iter().map(|database| {
            let mut prefix = vec![SPACE_PERMANENT];
            prefix.extend_from_slice(&database.to_be_bytes());
            prefix
        }));
        let mut ranges: Vec<Vec<u8>> = prefixes.clone();
        for kind in [
            META_ROWID,
            META_SIZE,
            META_SEQUENCE,
            META_BULK,
            META_DROPPED_FILE,
        ] {
            ranges.extend(prefixes.iter().map(|prefix| meta_key(kind, prefix)));
        }
        ranges.extend(
            self.databases
                .iter()
                .map(|database| meta_key(META_DROPPED_DATABASE, &database.to_be_bytes())),
        );
        ranges
            .into_iter()
            .filter_map(|lower| after_prefix(&lower).map(|upper| (lower, upper)))
            .collect()
    }
}

fn encode_flushed(frozen: &Frozen) -> Vec<u8> {
    [frozen.lsn, frozen.sequence, frozen.next_xid]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect()
}

/// Position, sequence and next transaction id that the base covers.
pub fn decode_flushed(bytes: &[u8]) -> Result<(u64, u64, u64)> {
    Ok((u64_at(bytes, 0)?, u64_at(bytes, 8)?, u64_at(bytes, 16)?))
}

impl Store {
    /// Makes the base's new state the one that snapshots read. Commits up to `sequence` may be in it; once `complete`,
    /// the oldest memtable is no longer needed.
    fn publish_base(&self, number: u64, sequence: u64, complete: bool) {
        self.replace_state(|state| {
            let mut memtables = state.memtables.clone();
            if complete {
                memtables.pop();
            }
            State {
                memtables,
                base_state: number,
                base_sequence: state.base_sequence.max(sequence),
                extents: Arc::clone(&state.extents),
            }
        });
        self.notify_all();
    }
}
