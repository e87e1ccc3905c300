//! Opening a store: lock the directory, open the base, replay what the log has beyond it, start the threads.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use helios_base::bytes::{u32_at, u64_at};
use helios_base::error::sqlstate;
use helios_base::sync::lock;
use helios_base::{Error, Result};

use crate::base::{Base, BaseReader};
use crate::bulk::{BulkDirectory, BulkRecord};
use crate::changes::changes;
use crate::directory::Directory;
use crate::disk::Disk;
use crate::extents::Extents;
use crate::flush::{Dropped, Flusher, decode_flushed};
use crate::key::{FileId, ROW_KEY_BYTES, SPACE_META, after_prefix, meta_key, rowid_of};
use crate::large::ChangeRecord;
use crate::level::Level;
use crate::log::append::{Appender, Segments};
use crate::log::group::Commit;
use crate::log::replay::{End, replay};
use crate::log::segment;
use crate::stats::{Delta, FileSize};
use crate::store::{
    META_BULK, META_EPOCH, META_FLUSHED, META_FLUSHING, META_OID, META_SEED, META_SIZE, Options,
    State, Store,
};
use crate::writer::{AppliedLarge, Before, Writer, apply_changes};

/// Position of a new directory's first group: never 0, so that 0 can stand for none.
const FIRST_POSITION: u64 = 4096;

/// An opened store whose writer and flusher don't run yet: `start` gives each a thread. A simulation takes their steps
/// itself instead, one after the other.
pub struct Engine {
    pub store: Arc<Store>,
    writer: Writer,
    flusher: Flusher,
}

impl Engine {
    /// Opens a directory's store, making it where it is absent or empty. Errors: F0001 another server has it open,
    /// XX001 damaged or of another format, 58030 and 53100 from the file system.
    pub fn open(path: &Path, options: &Options) -> Result<Engine> {
        let disk = &options.disk;
        let directory = Directory::open(path, disk)?;
        let log = directory.log.clone();
        let base = disk.files().open_base(&directory.base, options.durable)?;
        let (epoch, seed) = next_epoch(&*base)?;
        let dropped = Dropped::load(&*base.reader()?)?;
        let (store, replayed) = Store::recover(directory, base, options)?;
        store.seed.store(seed, Ordering::Relaxed);
        let Replayed { live, end, deltas } = replayed;
        let live = remove_beyond(&log, live, end.position, disk)?;
        let segments = Arc::new(Segments::new(&log, options, &live)?);
        let appender = Appender::new(Arc::clone(&segments), end.position, options.durable);
        let writer = Writer {
            store: Arc::clone(&store),
            log: Some(appender),
            epoch,
            synced: end.position,
            deltas,
        };
        let flusher = Flusher {
            store: Arc::clone(&store),
            segments,
            dropped,
        };
        Ok(Engine {
            store,
            writer,
            flusher,
        })
    }

    /// Gives the writer and the flusher a thread each.
    pub fn start(self) -> Result<Arc<Store>> {
        let Engine {
            store,
            writer,
            flusher,
        } = self;
        store.has_threads.store(true, Ordering::Release);
        store.start_thread("helios-writer", move || writer.run_guarded())?;
        store.start_thread("helios-flusher", move || flusher.run_guarded())?;
        store.flusher.prepare_segment();
        Ok(store)
    }

    /// Commits all that wait, as one group; false where none do.
    pub fn write(&mut self) -> bool {
        self.writer.step()
    }

    /// Does what the flusher would do next; false where there is nothing to do.
    pub fn flush(&mut self) -> bool {
        self.flusher.step()
    }
}

/// What replaying the log has told.
struct Replayed {
    live: Vec<u64>,
    end: End,
    deltas: Deltas,
}

impl Store {
    /// A store without a directory: nothing outlives it.
    pub fn in_memory() -> Result<Arc<Store>> {
        let store = Arc::new(Store::assemble(None, None, &Options::default())?);
        let writer = Writer {
            store: Arc::clone(&store),
            log: None,
            epoch: 0,
            synced: 0,
            deltas: HashMap::new(),
        };
        store.has_threads.store(true, Ordering::Release);
        store.start_thread("helios-writer", move || writer.run_guarded())?;
        Ok(store)
    }

    /// Opens a directory's store and starts its threads; errors as `Engine::open`.
    pub fn open(path: &Path, options: &Options) -> Result<Arc<Store>> {
        Engine::open(path, options)?.start()
    }

    /// A directory's committed state, to be read only: nothing in it is changed, and nothing can be committed. Errors as
    /// `Engine::open`.
    pub fn open_to_read(directory: Directory, options: &Options) -> Result<Arc<Store>> {
        let options = Options {
            reads_only: true,
            ..options.clone()
        };
        let base = options.disk.files().open_base(&directory.base, true)?;
        let (store, _) = Store::recover(directory, base, &options)?;
        let refused = Error::new(sqlstate::IO_ERROR, "the store is open for reading only");
        store.fail(&refused);
        Ok(store)
    }

    /// The committed state of a directory: its base, and what the log has beyond it.
    fn recover(
        directory: Directory,
        base: Box<dyn Base>,
        options: &Options,
    ) -> Result<(Arc<Store>, Replayed)> {
        let log = directory.log.clone();
        let bulk = Arc::new(BulkDirectory::new(directory.bulk.clone(), options)?);
        let reader = base.reader()?;
        let from = flushed(&*reader)?;
        let flushing = reader.get(&meta_key(META_FLUSHING, &[]))?;
        let needed = flushing.map_or(Ok(0), |bytes| u64_at(bytes, 0))?;
        let mut store = Store::assemble(Some(base), Some(directory), options)?;
        store.bulk = Some(Arc::clone(&bulk));
        let store = Arc::new(store);
        store.load_sizes(&*reader)?;
        drop(reader);
        let live = segment::list(&log, &options.disk)?;
        let (end, deltas) = store.replay(&log, &live, from, needed, options)?;
        let prepared = store.load_prepared()?;
        store.load_bulk(&bulk, prepared, options.reads_only)?;
        store.load_oids()?;
        Ok((store, Replayed { live, end, deltas }))
    }

    fn load_sizes(&self, reader: &dyn BaseReader) -> Result<()> {
        let (lower, upper) = (meta_key(META_SIZE, &[]), meta_key(META_SIZE + 1, &[]));
        let mut sizes = reader.scan(&lower, &upper, false)?;
        while let Some((key, value)) = sizes.next()? {
            if let Some(file) = FileId::of_key(&key[2..]) {
                self.stats.set(file, FileSize::decode(value)?);
            }
        }
        Ok(())
    }

    fn replay(
        &self,
        log: &Path,
        live: &[u64],
        from: (End, u64),
        needed: u64,
        options: &Options,
    ) -> Result<(End, Deltas)> {
        let (from, mut next_xid) = from;
        let mut deltas = Deltas::new();
        self.visible.store(from.sequence, Ordering::Release);
        let secures = !options.reads_only;
        let disk = &options.disk;
        let end = replay(
            log,
            disk,
            live,
            from,
            needed,
            secures,
            &mut |sequence, group, commit| {
                let ids = commit.ids()?;
                next_xid = next_xid.max(ids.last() + 1);
                self.xids.raise(next_xid);
                match ChangeRecord::first_of(commit.changes)? {
                    None => {
                        apply_changes(self, sequence, commit.changes, &mut deltas)?;
                        self.xids.commit(&ids, sequence);
                    }
                    Some(record) => {
                        let before = Before {
                            position: group.start,
                            deltas: std::mem::take(&mut deltas),
                        };
                        self.stats.add(&before.deltas);
                        self.replay_large(sequence, commit, record, before, group.end)?;
                    }
                }
                self.note_rowids(commit.changes)?;
                self.visible.store(sequence, Ordering::Release);
                Ok(())
            },
        )?;
        self.stats.add(&deltas);
        self.xids.raise(next_xid);
        self.lsn.store(end.position, Ordering::Release);
        self.replace_state(|state| State {
            base_sequence: from.sequence,
            ..state.clone()
        });
        Ok((end, deltas))
    }

    /// A large commit goes to the flusher, with what came before it.
    fn replay_large(
        &self,
        sequence: u64,
        commit: &Commit<'_>,
        record: ChangeRecord,
        before: Before,
        end: u64,
    ) -> Result<()> {
        let Some(directory) = &self.bulk else {
            return Err(Error::internal("the store has no place for bulk files"));
        };
        let changes = record.open(directory)?;
        let mut deltas = Deltas::new();
        apply_changes(self, sequence, commit.changes, &mut deltas)?;
        changes.add_deltas(&mut deltas);
        self.stats.add(&deltas);
        let large = AppliedLarge::add(self, sequence, changes);
        self.xids.commit(&commit.ids()?, sequence);
        large.push(self, before, deltas, end);
        Ok(())
    }

    pub(crate) fn note_rowids(&self, bytes: &[u8]) -> Result<()> {
        let mut highest = lock(&self.replayed_rowids);
        for change in changes(bytes) {
            let change = change?;
            let key = change.key;
            if let Some((key, value)) = change.of_large_commit() {
                for changed in ChangeRecord::decode(key, value)?.files {
                    let known = highest.entry(changed.file).or_default();
                    *known = changed.highest.max(*known);
                }
            } else if let ([SPACE_META, META_BULK, ..], Some(value)) = (key, change.value) {
                let record = BulkRecord::decode(key, value)?;
                let known = highest.entry(record.file).or_default();
                *known = record.last_rowid.max(*known);
            } else if key.len() == ROW_KEY_BYTES
                && let Some(file) = FileId::of_key(key)
            {
                let known = highest.entry(file).or_default();
                *known = rowid_of(key).max(*known);
            }
        }
        Ok(())
    }

    /// Opens the bulk files that commits have named, and removes the others save those of prepared transactions.
    fn load_bulk(
        &self,
        directory: &BulkDirectory,
        prepared: Vec<u64>,
        reads_only: bool,
    ) -> Result<()> {
        let mut extents = Extents::default();
        let mut numbers = prepared;
        self.read_now(|committed| {
            numbers.extend(committed.memtables.iter().filter_map(|level| match level {
                Level::Large(commit) => Some(commit.changes.number()),
                Level::Memory(_) => None,
            }));
            numbers.iter().for_each(|number| directory.pass(*number));
            let (lower, upper) = (meta_key(META_BULK, &[]), meta_key(META_BULK + 1, &[]));
            committed.each(&lower, &upper, |key, value| {
                let record = BulkRecord::decode(key, value)?;
                let prefix = record.file.prefix();
                let after = after_prefix(&prefix).unwrap_or_default();
                // Marks of deleted entries count, too.
                let shadowed = match committed.base {
                    Some(base) => base.scan(&prefix, &after, false)?.next()?.is_some(),
                    None => false,
                };
                numbers.push(record.number);
                let file = Arc::new(directory.open(&record)?);
                extents.add(0, file, shadowed);
                Ok(())
            })
        })?;
        if !reads_only {
            directory.remove_others(&numbers)?;
        }
        let extents = Arc::new(extents);
        self.replace_state(|state| State {
            extents,
            ..state.clone()
        });
        Ok(())
    }

    fn load_oids(&self) -> Result<()> {
        self.read_now(|committed| {
            if let Some(stored) = committed.get(&meta_key(META_OID, &[]))? {
                let mut oids = lock(&self.oids);
                oids.next = u32_at(stored, 0)?;
                oids.logged = oids.next;
            }
            Ok(())
        })
    }
}

type Deltas = HashMap<FileId, Delta>;

/// Counts this start, durably: groups of earlier starts are told apart by it. Also the directory's seed, made by the
/// first start.
fn next_epoch(base: &dyn Base) -> Result<(u32, u64)> {
    let (epoch_key, seed_key) = (meta_key(META_EPOCH, &[]), meta_key(META_SEED, &[]));
    let reader = base.reader()?;
    let last = reader.get(&epoch_key)?.map(|bytes| u32_at(bytes, 0));
    let known = reader.get(&seed_key)?.map(|bytes| u64_at(bytes, 0));
    let epoch = last.unwrap_or(Ok(0))? + 1;
    let seed = known.unwrap_or_else(|| Ok(RandomState::new().build_hasher().finish()))?;
    drop(reader);
    let values = (epoch.to_le_bytes(), seed.to_le_bytes());
    let facts = [
        (epoch_key.as_slice(), Some(values.0.as_slice())),
        (seed_key.as_slice(), Some(values.1.as_slice())),
    ];
    base.apply(&mut facts.into_iter())?;
    Ok((epoch, seed))
}

/// Where replay starts, and the next transaction id as of there.
fn flushed(reader: &dyn BaseReader) -> Result<(End, u64)> {
    let (position, sequence, xid) = match reader.get(&meta_key(META_FLUSHED, &[]))? {
        Some(bytes) => decode_flushed(bytes)?,
        None => (FIRST_POSITION, 1, 0),
    };
    Ok((End { position, sequence }, xid))
}

/// Removes segments that begin where the log ended or later: nothing in them was acknowledged.
fn remove_beyond(log: &Path, live: Vec<u64>, position: u64, disk: &Disk) -> Result<Vec<u64>> {
    let (kept, beyond): (Vec<u64>, Vec<u64>) =
        live.into_iter().partition(|start| *start < position);
    let removes = !beyond.is_empty();
    for start in beyond {
        disk.files()
            .remove(&log.join(segment::file_name(start)))
            .map_err(|error| Error::io("could not remove a log segment", &error))?;
    }
    if removes {
        // They may hold what was refused.
        disk.sync_directory(log)?;
    }
    Ok(kept)
}
