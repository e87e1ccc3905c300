//! The store's surface: opening, snapshots, transactions, sequences. Rows and scans: `store_rows.rs`. What is shared by
//! the calls of one thread, among it the two exchange buffers, lives in a thread-local.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use helios_backends::notify;
use helios_base::Error;
use helios_base::slab::Slab;
use helios_base::sync::lock;
use helios_columns::batch::ColumnSet;
use helios_columns::copy::Decoder;
use helios_columns::keys::KeyEncoder;
use helios_points::clients::{Answers, FIRST_TOKEN};
use helios_store::key::FileId;
use helios_store::prepared::Claim;
use helios_store::sequence::Definition;
use helios_store::store::{Options, Store};
use helios_store::verify::verify;
use helios_store::worker::{Commit, Filled, IndexBuild, Worker};
use helios_store::writer::Then;
use napi::bindgen_prelude::{BigInt, Function, Uint8Array};
use napi_derive::napi;

use crate::pipelines::Pipelines;
use crate::store_points::Point;
use crate::wake::later;
use crate::{points, prepared};

/// Errors go to JavaScript with their SQLSTATE as `code`; detail and hint follow the message after a NUL each.
pub type Result<T> = std::result::Result<T, napi::Error<String>>;

static STORE: Mutex<Option<Arc<Store>>> = Mutex::new(None);

pub(crate) struct Here {
    pub worker: Worker,
    pub columns: Vec<ColumnSet>,
    pub columns_known: HashMap<Vec<u32>, u32>,
    pub points: Vec<Point>,
    pub decoders: Slab<Decoder>,
    pub builds: Slab<(IndexBuild, KeyEncoder)>,
    pub pipelines: Pipelines,
    /// Prepared transactions that sessions of this thread are about to finish, by identifier.
    pub claims: HashMap<String, Claim>,
    /// Rowids of the last insert, kept for its memory.
    pub rowids: Vec<u64>,
    failures: Arc<Mutex<HashMap<u32, Error>>>,
    read: (*mut u8, usize),
    write: (*mut u8, usize),
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

impl Here {
    /// What the facade has written for this call.
    pub fn written<'a>(&self, length: usize) -> helios_base::Result<&'a [u8]> {
        if length > self.write.1 {
            return Err(Error::internal(
                "the write buffer is shorter than the call says",
            ));
        }
        // SAFETY: the facade keeps both buffers alive and in place as long as they are registered, and only this thread
        // touches them.
        Ok(unsafe { std::slice::from_raw_parts(self.write.0, length) })
    }

    /// Leaves a snapshot's sequence at the start of the read buffer.
    pub fn report_sequence(&self, snapshot: u32) -> helios_base::Result<u32> {
        let sequence = self.worker.snapshot_sequence(snapshot)? as f64;
        if let Some(place) = self.read_buffer().get_mut(..8) {
            place.copy_from_slice(&sequence.to_le_bytes());
        }
        Ok(snapshot)
    }

    /// The buffer that the facade reads results from.
    pub fn read_buffer<'a>(&self) -> &'a mut [u8] {
        // SAFETY: as above; nothing else holds a reference into it during a call.
        unsafe { std::slice::from_raw_parts_mut(self.read.0, self.read.1) }
    }
}

/// Runs a call with this thread's part of the store; panics become XX000.
pub(crate) fn with<T>(call: impl FnOnce(&mut Here) -> helios_base::Result<T>) -> Result<T> {
    guarded(|| {
        HERE.with(|here| {
            let mut here = here
                .try_borrow_mut()
                .map_err(|_| Error::internal("the store was called from within a call"))?;
            call(
                here.as_mut()
                    .ok_or_else(|| Error::internal("this thread has not attached to the store"))?,
            )
        })
    })
}

pub(crate) fn guarded<T>(call: impl FnOnce() -> helios_base::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(to_js(&error)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text =
                text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_string()));
            Err(to_js(&Error::internal(format!(
                "the core panicked: {}",
                text.unwrap_or_default()
            ))))
        }
    }
}

fn of_napi(error: &napi::Error) -> napi::Error<String> {
    napi::Error::new("XX000".to_string(), error.reason.clone())
}

pub(crate) fn to_js(error: &Error) -> napi::Error<String> {
    let mut message = error.message.clone();
    for part in [&error.detail, &error.hint] {
        message.push('\0');
        message.push_str(part.as_deref().unwrap_or_default());
    }
    napi::Error::new(error.sqlstate.to_string(), message)
}

pub(crate) fn filled(filled: Filled) -> i64 {
    match filled {
        Filled::Count(count) => count as i64,
        Filled::Grow(bytes) => -(bytes as i64),
    }
}

pub(crate) fn file(database: u32, filenode: u32, owner: u32) -> FileId {
    if owner == 0 {
        FileId::permanent(database, filenode)
    } else {
        FileId::temporary(owner, filenode)
    }
}

/// Opens the process's store in a directory (none: in memory); an error where one is open.
#[napi]
pub fn store_open(directory: Option<String>, durable: bool, memtable_bytes: f64) -> Result<()> {
    guarded(|| {
        let mut place = lock(&STORE);
        if place.is_some() {
            return Err(Error::internal("the store is open already"));
        }
        let options = Options {
            durable,
            memtable_bytes: memtable_bytes as usize,
            ..Options::default()
        };
        let store = match directory {
            Some(directory) => Store::open(Path::new(&directory), &options)?,
            None => Store::in_memory()?,
        };
        prepared::restore_locks(&store)?;
        *place = Some(store);
        Ok(())
    })
}

/// Tells, with a message, that a thread of the store has panicked: the store can only be left then.
#[napi]
pub fn store_on_death(tell: Function<String, ()>) -> Result<()> {
    let tell = later(&tell).map_err(|error| of_napi(&error))?;
    guarded(|| {
        let store = lock(&STORE).clone();
        let store = store.ok_or_else(|| Error::internal("the store is not open"))?;
        store.on_death(Box::new(tell));
        Ok(())
    })
}

/// Makes the store's writer panic, so that a test can see what follows.
#[napi]
pub fn store_panic() -> Result<()> {
    guarded(|| {
        let store = lock(&STORE).clone();
        let store = store.ok_or_else(|| Error::internal("the store is not open"))?;
        store.after_next_commit(Box::new(|| panic!("asked for by a test")));
        Ok(())
    })
}

/// What a check of a store's directory has found.
#[napi(object)]
pub struct StoreReport {
    pub facts: Vec<String>,
    pub problems: Vec<String>,
    /// The directory is open now, for reading only.
    pub is_open: bool,
}

/// Checks a directory that no server runs in, and opens it for reading where it is sound; an error where one is open.
#[napi]
pub fn store_verify(directory: String) -> Result<StoreReport> {
    guarded(|| {
        let mut place = lock(&STORE);
        if place.is_some() {
            return Err(Error::internal("the store is open already"));
        }
        let (report, store) = verify(Path::new(&directory), &Options::default())?;
        let is_open = store.is_some();
        *place = store;
        Ok(StoreReport {
            facts: report.facts,
            problems: report.problems,
            is_open,
        })
    })
}

/// Database, filenode and number of keys of every file that has any, in the newest committed state; three numbers each.
#[napi]
pub fn store_files() -> Result<Vec<f64>> {
    with(|here| {
        let files = here.worker.files()?;
        Ok(files
            .into_iter()
            .flat_map(|(file, keys)| [file.owner.into(), file.filenode.into(), keys as f64])
            .collect())
    })
}

/// Writes everything into the base and ends the store's threads; the process may then open another.
#[napi]
pub fn store_close() -> Result<()> {
    guarded(|| {
        HERE.with(|here| here.borrow_mut().take());
        let store = lock(&STORE).take();
        store.map_or(Ok(()), |store| store.close())
    })
}

/// Makes the calling thread a user of the open store. `on_commits` gets pairs (token, LSN), LSN -1 for a failed commit.
#[napi]
pub fn store_attach(on_commits: Function<Vec<f64>, ()>) -> Result<()> {
    let wake = later(&on_commits).map_err(|error| of_napi(&error))?;
    guarded(|| {
        let store = lock(&STORE).clone();
        let store = store.ok_or_else(|| Error::internal("the store is not open"))?;
        let failures: Arc<Mutex<HashMap<u32, Error>>> = Arc::default();
        let failed = Arc::clone(&failures);
        let answers = Arc::new(Answers::new()?);
        points::start(Arc::clone(&answers));
        let notify = move |mut done: Vec<(u32, helios_base::Result<u64>)>| {
            let of_points: Vec<_> = done
                .extract_if(.., |(token, _)| *token >= FIRST_TOKEN)
                .collect();
            if !of_points.is_empty() {
                answers.add(of_points);
                if done.is_empty() {
                    return;
                }
            }
            let mut pairs = Vec::with_capacity(done.len() * 2);
            for (token, result) in done {
                pairs.push(f64::from(token));
                match result {
                    Ok(lsn) => pairs.push(lsn as f64),
                    Err(error) => {
                        lock(&failed).insert(token, error);
                        pairs.push(-1.0);
                    }
                }
            }
            wake(pairs);
        };
        let worker = Worker::new(store, Arc::new(notify));
        let empty = (std::ptr::NonNull::<u8>::dangling().as_ptr(), 0);
        let here = Here {
            worker,
            columns: Vec::new(),
            columns_known: HashMap::new(),
            points: Vec::new(),
            decoders: Slab::new("decoder"),
            builds: Slab::new("index build"),
            pipelines: Pipelines::default(),
            claims: HashMap::new(),
            rowids: Vec::new(),
            failures,
            read: empty,
            write: empty,
        };
        HERE.with(|place| *place.borrow_mut() = Some(here));
        Ok(())
    })
}

/// Registers the buffers that results and arguments pass through; the caller keeps both alive.
#[napi]
pub fn store_buffers(mut read: Uint8Array, mut write: Uint8Array) -> Result<()> {
    with(|here| {
        // SAFETY: only the addresses are kept; see `written` and `read_buffer`.
        unsafe {
            let (read, write) = (read.as_mut(), write.as_mut());
            here.read = (read.as_mut_ptr(), read.len());
            here.write = (write.as_mut_ptr(), write.len());
        }
        Ok(())
    })
}

/// Throws the error of a failed commit.
#[napi]
pub fn store_commit_failure(token: u32) -> Result<()> {
    with(|here| {
        let error = lock(&here.failures).remove(&token);
        Err(error.unwrap_or_else(|| Error::internal("the commit did not fail")))
    })
}

/// The newest committed state; leaves its sequence as an f64 in the read buffer.
#[napi]
pub fn store_take_snapshot() -> Result<u32> {
    with(|here| {
        let snapshot = here.worker.take_snapshot()?;
        here.report_sequence(snapshot)
    })
}

/// Lets every thread read what the snapshot reads, under the name, until it is withdrawn.
#[napi]
pub fn store_export_snapshot(
    snapshot: u32,
    name: String,
    serializable: bool,
    read_only: bool,
) -> Result<()> {
    with(|here| {
        here.worker
            .export_snapshot(snapshot, &name, serializable, read_only)
    })
}

#[napi]
pub fn store_withdraw_snapshot(name: String) -> Result<()> {
    with(|here| {
        here.worker.store().withdraw_snapshot(&name);
        Ok(())
    })
}

/// A snapshot that reads what the exported one reads, as `store_take_snapshot`; 0 where it is not to be had (any more).
#[napi]
pub fn store_import_snapshot(name: String) -> Result<u32> {
    with(|here| match here.worker.import_snapshot(&name)? {
        Some(snapshot) => here.report_sequence(snapshot),
        None => Ok(0),
    })
}

#[napi]
pub fn store_release_snapshot(snapshot: u32) -> Result<()> {
    with(|here| {
        here.worker.release_snapshot(snapshot);
        Ok(())
    })
}

#[napi]
pub fn store_begin(session: u32) -> Result<u32> {
    with(|here| Ok(here.worker.begin(session)))
}

#[napi]
pub fn store_xid(transaction: u32) -> Result<BigInt> {
    with(|here| Ok(BigInt::from(here.worker.xid(transaction)?)))
}

/// The id that writes carry now: that of the innermost savepoint's subtransaction.
#[napi]
pub fn store_current_xid(transaction: u32) -> Result<BigInt> {
    with(|here| Ok(BigInt::from(here.worker.current_xid(transaction)?)))
}

/// Whether it is the id of one of the transaction's subtransactions.
#[napi]
pub fn store_owns_xid(transaction: u32, xid: BigInt) -> Result<bool> {
    with(|here| here.worker.owns_xid(transaction, xid.get_u64().1))
}

/// Ids of open subtransactions: pairs of the session's process id and an id.
#[napi]
pub fn store_open_subtransactions() -> Result<Vec<f64>> {
    with(|here| {
        let open = here.worker.store().xids().open_subs();
        Ok(open
            .into_iter()
            .flat_map(|(session, xid)| [f64::from(session), xid as f64])
            .collect())
    })
}

/// The id that the next transaction gets.
#[napi]
pub fn store_next_xid() -> Result<BigInt> {
    with(|here| Ok(BigInt::from(here.worker.store().xids().next())))
}

/// 0 rolled back, 1 committed, 2 in progress, 3 not assigned yet.
#[napi]
pub fn store_xid_status(xid: BigInt) -> Result<u8> {
    with(|here| Ok(here.worker.store().xid_status(xid.get_u64().1)? as u8))
}

/// What a snapshot of the sequence doesn't see: all ids from the first one on, and the others.
#[napi]
pub fn store_unseen_xids(sequence: f64) -> Result<Vec<BigInt>> {
    with(|here| {
        let (next, unseen) = here.worker.store().xids().unseen(sequence as u64);
        Ok(std::iter::once(next)
            .chain(unseen)
            .map(BigInt::from)
            .collect())
    })
}

/// Ends a transaction that has written nothing: its id counts as committed.
#[napi]
pub fn store_end(transaction: u32) -> Result<()> {
    with(|here| {
        here.worker.end(transaction);
        Ok(())
    })
}

#[napi]
pub fn store_savepoint(transaction: u32) -> Result<u32> {
    with(|here| Ok(here.worker.savepoint(transaction)? as u32))
}

#[napi]
pub fn store_rollback_to(transaction: u32, depth: u32) -> Result<()> {
    with(|here| here.worker.rollback_to(transaction, depth as usize))
}

#[napi]
pub fn store_release_savepoint(transaction: u32, depth: u32) -> Result<()> {
    with(|here| here.worker.release_savepoint(transaction, depth as usize))
}

/// True: the answer comes under the token; false: nothing to wait for. `notifications`: number of the staged batch that
/// is published with the commit, 0 for none.
#[napi]
pub fn store_commit(
    transaction: u32,
    token: u32,
    synchronous: bool,
    notifications: u32,
) -> Result<bool> {
    with(|here| {
        let then = notify::take_staged(notifications)
            .map(|batch| -> Then { Box::new(move || batch.publish()) });
        let outcome = here
            .worker
            .commit_then(transaction, token, synchronous, then)?;
        Ok(outcome == Commit::Waiting)
    })
}

#[napi]
pub fn store_commit_finished(token: u32, committed: bool) -> Result<()> {
    with(|here| here.worker.commit_finished(token, committed))
}

#[napi]
pub fn store_rollback(transaction: u32) -> Result<()> {
    with(|here| {
        here.worker.roll_back(transaction);
        Ok(())
    })
}

#[napi]
pub fn store_mark_catalog_changed(transaction: u32) -> Result<()> {
    with(|here| here.worker.mark_catalog_changed(transaction))
}

/// Number of the newest visible commit: a snapshot taken now has it.
#[napi]
pub fn store_visible_sequence() -> Result<f64> {
    with(|here| Ok(here.worker.store().visible_sequence() as f64))
}

#[napi]
pub fn store_catalog_version() -> Result<u32> {
    with(|here| Ok(here.worker.store().catalog_version()))
}

#[napi]
pub fn store_current_lsn() -> Result<BigInt> {
    with(|here| Ok(BigInt::from(here.worker.store().current_lsn())))
}

#[napi]
pub fn store_next_oid() -> Result<u32> {
    with(|here| Ok(here.worker.store().next_oid()))
}

#[napi]
pub fn store_drop_file(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
) -> Result<()> {
    with(|here| {
        here.worker
            .drop_file(transaction, command, file(database, filenode, owner))
    })
}

#[napi]
pub fn store_drop_database(transaction: u32, command: u32, database: u32) -> Result<()> {
    with(|here| here.worker.drop_database(transaction, command, database))
}

#[napi]
pub fn store_copy_database(transaction: u32, command: u32, from: u32, to: u32) -> Result<()> {
    with(|here| here.worker.copy_database(transaction, command, from, to))
}

/// Answered under the token once everything committed so far is in the base.
#[napi]
pub fn store_checkpoint(token: u32) -> Result<()> {
    with(|here| {
        here.worker.checkpoint(token);
        Ok(())
    })
}

/// Lets go of an old state of the base that nothing here reads.
#[napi]
pub fn store_refresh() -> Result<()> {
    guarded(|| {
        // The last wake-up may come after the store was closed.
        HERE.with(|here| here.borrow_mut().as_mut().map(|here| here.worker.refresh()));
        Ok(())
    })
}

/// Lets go of the memory that reading a large file here and there has taken.
#[napi]
pub fn store_release_file(database: u32, filenode: u32, owner: u32) -> Result<()> {
    with(|here| {
        here.worker.release_file(file(database, filenode, owner));
        Ok(())
    })
}

/// [entries, bytes]
#[napi]
pub fn store_size(database: u32, filenode: u32, owner: u32) -> Result<Vec<f64>> {
    with(|here| {
        let (entries, bytes) = here.worker.size(file(database, filenode, owner));
        Ok(vec![entries as f64, bytes as f64])
    })
}

#[napi]
pub fn store_database_size(database: u32) -> Result<f64> {
    with(|here| Ok(here.worker.store().stats().database(database) as f64))
}

#[napi]
pub fn store_end_session(session: u32) -> Result<()> {
    with(|here| {
        here.worker.end_session(session);
        Ok(())
    })
}

#[napi]
pub fn sequence_create(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    start: BigInt,
) -> Result<()> {
    with(|here| {
        here.worker.create_sequence(
            transaction,
            command,
            file(database, filenode, owner),
            start.get_i64().0,
        )
    })
}

#[napi(object)]
pub struct SequenceLimits {
    pub increment: BigInt,
    pub min: BigInt,
    pub max: BigInt,
    pub cache: BigInt,
    pub cycle: bool,
}

/// [first, last]
#[napi]
pub fn sequence_next(
    database: u32,
    filenode: u32,
    owner: u32,
    limits: SequenceLimits,
    name: String,
) -> Result<Vec<BigInt>> {
    with(|here| {
        let definition = Definition {
            increment: limits.increment.get_i64().0,
            min: limits.min.get_i64().0,
            max: limits.max.get_i64().0,
            cache: limits.cache.get_i64().0,
            cycle: limits.cycle,
        };
        let range =
            here.worker
                .sequence_next(file(database, filenode, owner), &definition, &name)?;
        Ok(vec![BigInt::from(range.first), BigInt::from(range.last)])
    })
}

#[napi]
pub fn sequence_set(
    database: u32,
    filenode: u32,
    owner: u32,
    value: BigInt,
    is_called: bool,
) -> Result<()> {
    with(|here| {
        here.worker.sequence_set(
            file(database, filenode, owner),
            value.get_i64().0,
            is_called,
        )
    })
}

#[napi(object)]
pub struct SequenceValues {
    pub last_value: BigInt,
    pub is_called: bool,
    pub log_count: BigInt,
}

#[napi]
pub fn sequence_read(database: u32, filenode: u32, owner: u32) -> Result<SequenceValues> {
    with(|here| {
        let state = here.worker.sequence_read(file(database, filenode, owner))?;
        Ok(SequenceValues {
            last_value: BigInt::from(state.last),
            is_called: state.is_called,
            log_count: BigInt::from(state.log_count),
        })
    })
}
