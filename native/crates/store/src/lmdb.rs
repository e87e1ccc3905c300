//! The base on LMDB: one environment, one database. Flushes are durable write transactions; readers are read
//! transactions without thread-local slots, so a thread may hold several of different states.
//! LMDB has no checksums: each value is followed by the crc32c of key and value. Reading passes over it (a read may not
//! cost more for it); `verify` compares it.

use std::ffi::CString;
use std::io::ErrorKind;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use heed::types::Bytes;
use heed::{
    CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoRange, RoRevRange, RoTxn, RwTxn,
    WithoutTls,
};
use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::base::{Base, BaseCursor, BaseReader, Change};
use crate::long_key;

/// Address space of the memory map, the most a base can grow to; sparse, so it costs nothing until used. Less where the
/// system does not give so much.
const MAP_BYTES: usize = 1 << 41;
/// The same for a session's temporary base: there may be hundreds.
const TEMPORARY_MAP_BYTES: usize = 1 << 37;
const MAP_BYTES_MIN: usize = 1 << 30;
/// Read transactions at a time: some states for each worker.
const READERS_MAX: u32 = 4096;

type Table = Database<'static, Bytes, Bytes>;

pub struct Lmdb {
    env: Env<WithoutTls>,
    table: Table,
    /// Where the map begins, once that was asked.
    map_start: OnceLock<Option<usize>>,
}

impl Lmdb {
    /// Opens or makes the environment in an existing directory. Without `durable` a machine's crash may damage it.
    pub fn open(directory: &Path, durable: bool) -> Result<Lmdb> {
        Lmdb::open_sized(directory, durable, MAP_BYTES)
    }

    /// One that does not outlive the process.
    pub fn open_temporary(directory: &Path) -> Result<Lmdb> {
        Lmdb::open_sized(directory, false, TEMPORARY_MAP_BYTES)
    }

    fn open_sized(directory: &Path, durable: bool, map_bytes: usize) -> Result<Lmdb> {
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(map_bytes).max_readers(READERS_MAX);
        let sync = if durable {
            EnvFlags::empty()
        } else {
            EnvFlags::NO_SYNC
        };
        // SAFETY: the directory is locked by this process, nobody else maps or changes the file; NO_SYNC is asked for
        // only where durability is not wanted.
        let opened = unsafe {
            options
                .flags(EnvFlags::NO_READ_AHEAD | sync)
                .open(directory)
        };
        let env = match opened {
            Ok(env) => env,
            Err(heed::Error::Io(error))
                if error.kind() == ErrorKind::OutOfMemory && map_bytes > MAP_BYTES_MIN =>
            {
                return Lmdb::open_sized(directory, durable, map_bytes / 2);
            }
            Err(error) => return Err(failed("could not open the base", &error)),
        };
        if env.max_key_size() < long_key::LIMIT {
            return Err(Error::internal(
                "the base engine was built without long keys",
            ));
        }
        let transaction = env
            .write_txn()
            .map_err(|error| failed("could not open the base", &error))?;
        let opened: std::result::Result<CommitOrAbort<Table, ()>, heed::Error> = env
            .create_databases_and_commit(transaction, |opener, transaction| {
                opener
                    .create_database::<Bytes, Bytes>(transaction, None)
                    .map(CommitOrAbort::Commit)
            });
        let table = match opened.map_err(|error| failed("could not open the base", &error))? {
            CommitOrAbort::Commit(table) => table,
            CommitOrAbort::Abort(()) => return Err(Error::internal("the base was not opened")),
        };
        Ok(Lmdb {
            env,
            table,
            map_start: OnceLock::new(),
        })
    }

    fn write(&self, change: impl FnOnce(&mut RwTxn<'_>) -> Result<()>) -> Result<u64> {
        let mut transaction = self
            .env
            .write_txn()
            .map_err(|error| failed("could not write the base", &error))?;
        let state = transaction.id() as u64;
        change(&mut transaction)?;
        transaction
            .commit()
            .map_err(|error| self.failed_write(&error))?;
        Ok(state)
    }

    /// LMDB calls a write that was cut short an input/output error: mostly it met a full disk or the limit for a file.
    fn failed_write(&self, error: &heed::Error) -> Error {
        let what = "could not write the base";
        let cut_short =
            matches!(error, heed::Error::Io(error) if error.raw_os_error() == Some(libc::EIO));
        if cut_short && is_full(self.env.path()) {
            return Error::io(what, &std::io::Error::from_raw_os_error(libc::ENOSPC));
        }
        failed(what, error)
    }

    fn put(
        &self,
        transaction: &mut RwTxn<'_>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> heed::Result<()> {
        match value {
            Some(value) => {
                let crc = checksum(key, value).to_le_bytes();
                let length = value.len() + CHECKSUM_BYTES;
                let written = self.table.put_reserved(transaction, key, length, |space| {
                    std::io::Write::write_all(space, value)?;
                    std::io::Write::write_all(space, &crc)
                });
                written.map(|_| ())
            }
            None => self.table.delete(transaction, key).map(|_| ()),
        }
    }

    fn put_long(
        &self,
        transaction: &mut RwTxn<'_>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<()> {
        let place = long_key::short(key);
        let bucket = self
            .table
            .get(transaction, place)
            .map_err(|error| failed("could not read the base", &error))?
            .map(without_checksum);
        let changed = long_key::changed(bucket.unwrap_or_default(), key, value)?;
        let left = (!changed.is_empty()).then_some(changed.as_slice());
        self.put(transaction, place, left)
            .map_err(|error| failed("could not write the base", &error))
    }
}

impl Base for Lmdb {
    fn reader(&self) -> Result<Box<dyn BaseReader>> {
        let transaction = self
            .env
            .clone()
            .static_read_txn()
            .map_err(|error| failed("could not read the base", &error))?;
        Ok(Box::new(LmdbReader {
            transaction: Arc::new(SharedTransaction(transaction)),
            table: self.table,
        }))
    }

    fn apply(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<u64> {
        self.write(|transaction| {
            for (key, value) in changes {
                if long_key::is_long(key) {
                    self.put_long(transaction, key, value)?;
                } else {
                    self.put(transaction, key, value)
                        .map_err(|error| failed("could not write the base", &error))?;
                }
            }
            Ok(())
        })
    }

    fn delete_ranges(&self, ranges: &[(Vec<u8>, Vec<u8>)], count: usize) -> Result<(usize, u64)> {
        let mut deleted = 0;
        let state = self.write(|transaction| {
            for (lower, upper) in ranges {
                let keys: Vec<Vec<u8>> = {
                    let bounds = (
                        Bound::Included(lower.as_slice()),
                        Bound::Excluded(upper.as_slice()),
                    );
                    let range = self.table.range(transaction, &bounds);
                    let range = range.map_err(|error| failed("could not read the base", &error))?;
                    let keys = range
                        .take(count - deleted)
                        .map(|entry| entry.map(|(key, _)| key.to_vec()));
                    keys.collect::<heed::Result<_>>()
                        .map_err(|error| failed("could not read the base", &error))?
                };
                for key in &keys {
                    self.put(transaction, key, None)
                        .map_err(|error| failed("could not write the base", &error))?;
                }
                deleted += keys.len();
                if deleted >= count {
                    break;
                }
            }
            Ok(())
        })?;
        Ok((deleted, state))
    }

    fn release(&self) {
        let path = self.env.path().join("data.mdb");
        let start = self.map_start.get_or_init(|| mapped_at(&path));
        let length = std::fs::metadata(&path).map_or(0, |data| data.len());
        if let Some(start) = start {
            // SAFETY: the map of the environment, which is open: shared and read only, so nothing is lost, and who reads
            // on just faults again.
            unsafe {
                libc::madvise(
                    *start as *mut libc::c_void,
                    length as usize,
                    libc::MADV_DONTNEED,
                );
            }
        }
    }
}

/// Where this process has mapped a file, from its start.
fn mapped_at(path: &Path) -> Option<usize> {
    let path = path.canonicalize().ok()?;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| {
        // Range, permissions, offset, device, inode, path.
        let is_start = line.split_ascii_whitespace().nth(2) == Some("00000000");
        is_start && path.to_str().is_some_and(|path| line.ends_with(path))
    })?;
    usize::from_str_radix(line.split_once('-')?.0, 16).ok()
}

/// A read transaction that several threads read in.
struct SharedTransaction(RoTxn<'static, WithoutTls>);

// SAFETY: a read transaction is not tied to a thread (it has no thread-local slot). LMDB wants its use serialised because
// cursors, the tables' records and the lists of changed pages hang on it. In a read transaction on the main table none of
// these ever changes after its begin: cursors are the callers' own and not tracked, the main table's record was copied
// from the meta page and is never stale, there are no changed pages. What is left is reading the map. It ends once, with
// the last one who shares it.
unsafe impl Sync for SharedTransaction {}

struct LmdbReader {
    transaction: Arc<SharedTransaction>,
    table: Table,
}

impl LmdbReader {
    #[inline]
    fn transaction(&self) -> &RoTxn<'static, WithoutTls> {
        &self.transaction.0
    }
}

impl BaseReader for LmdbReader {
    fn state(&self) -> u64 {
        self.transaction().id() as u64
    }

    fn share(&self) -> Box<dyn BaseReader> {
        Box::new(LmdbReader {
            transaction: Arc::clone(&self.transaction),
            table: self.table,
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<&[u8]>> {
        let stored = self.table.get(self.transaction(), long_key::short(key));
        let stored = stored.map_err(|error| failed("could not read the base", &error))?;
        match stored.map(without_checksum) {
            Some(bucket) if long_key::is_long(key) => {
                let entries = long_key::entries(bucket)?;
                Ok(entries
                    .iter()
                    .find(|(other, _)| *other == key)
                    .map(|(_, value)| *value))
            }
            other => Ok(other),
        }
    }

    fn first<'a>(&'a self, lower: &[u8], upper: &[u8]) -> Result<Option<(&'a [u8], &'a [u8])>> {
        if long_key::is_long(lower) || long_key::is_long(upper) {
            return self.scan(lower, upper, false)?.next();
        }
        let found = self
            .table
            .get_greater_than_or_equal_to(self.transaction(), lower)
            .map_err(|error| failed("could not read the base", &error))?;
        match found {
            // A long key stands here by its start only.
            Some((key, _)) if key.len() >= long_key::LIMIT => {
                self.scan(lower, upper, false)?.next()
            }
            found => Ok(found
                .filter(|(key, _)| *key < upper)
                .map(|(key, value)| (key, without_checksum(value)))),
        }
    }

    fn scan<'a>(
        &'a self,
        lower: &[u8],
        upper: &[u8],
        backward: bool,
    ) -> Result<Box<dyn BaseCursor<'a> + 'a>> {
        let end = if long_key::is_long(upper) {
            Bound::Included(long_key::short(upper))
        } else {
            Bound::Excluded(upper)
        };
        let bounds = (Bound::Included(long_key::short(lower)), end);
        let range = if backward {
            self.table
                .rev_range(self.transaction(), &bounds)
                .map(Range::Backward)
        } else {
            self.table
                .range(self.transaction(), &bounds)
                .map(Range::Forward)
        };
        let range = range.map_err(|error| failed("could not read the base", &error))?;
        Ok(Box::new(LmdbCursor {
            range,
            bucket: Vec::new(),
            lower: lower.into(),
            upper: upper.into(),
        }))
    }
}

enum Range<'a> {
    Forward(RoRange<'a, Bytes, Bytes>),
    Backward(RoRevRange<'a, Bytes, Bytes>),
}

struct LmdbCursor<'a> {
    range: Range<'a>,
    /// Entries of a bucket still to deliver, last first.
    bucket: Vec<(&'a [u8], &'a [u8])>,
    lower: Box<[u8]>,
    upper: Box<[u8]>,
}

impl<'a> BaseCursor<'a> for LmdbCursor<'a> {
    fn next(&mut self) -> Result<Option<(&'a [u8], &'a [u8])>> {
        loop {
            if let Some(entry) = self.bucket.pop() {
                return Ok(Some(entry));
            }
            let entry = match &mut self.range {
                Range::Forward(range) => range.next(),
                Range::Backward(range) => range.next(),
            };
            let Some((key, value)) = entry
                .transpose()
                .map_err(|error| failed("could not read the base", &error))?
            else {
                return Ok(None);
            };
            let value = without_checksum(value);
            if key.len() < long_key::LIMIT {
                return Ok(Some((key, value)));
            }
            let within = |key: &[u8]| key >= &*self.lower && key < &*self.upper;
            self.bucket = long_key::entries(value)?
                .into_iter()
                .filter(|(key, _)| within(key))
                .collect();
            if matches!(self.range, Range::Forward(_)) {
                self.bucket.reverse();
            }
        }
    }
}

/// Bytes after each value.
pub(crate) const CHECKSUM_BYTES: usize = 4;

pub(crate) fn checksum(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

fn without_checksum(stored: &[u8]) -> &[u8] {
    &stored[..stored.len().saturating_sub(CHECKSUM_BYTES)]
}

/// Less room than this in the file system, or below the limit for a file, is none.
const ROOM_MIN: u64 = 16 << 20;

fn is_full(directory: &Path) -> bool {
    let Ok(path) = CString::new(directory.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: all zeros is a value of both plain structures, which the calls fill; the path ends with a zero byte.
    let (free, limit) = unsafe {
        let mut system: libc::statvfs = std::mem::zeroed();
        let mut limit: libc::rlimit = std::mem::zeroed();
        let free = match libc::statvfs(path.as_ptr(), &mut system) {
            0 => system.f_bavail.saturating_mul(system.f_frsize),
            _ => u64::MAX,
        };
        let known = libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) == 0;
        (free, if known { limit.rlim_cur } else { u64::MAX })
    };
    let length = std::fs::metadata(directory.join("data.mdb")).map_or(0, |data| data.len());
    free < ROOM_MIN || limit.saturating_sub(length) < ROOM_MIN
}

fn failed(what: &str, error: &heed::Error) -> Error {
    match error {
        heed::Error::Io(error) => Error::io(what, error),
        heed::Error::Mdb(heed::MdbError::MapFull) => {
            Error::new(sqlstate::DISK_FULL, format!("{what}: {error}"))
        }
        heed::Error::Mdb(
            heed::MdbError::Corrupted
            | heed::MdbError::PageNotFound
            | heed::MdbError::Invalid
            | heed::MdbError::Panic,
        ) => Error::corrupted(format!("{what}: {error}")),
        other => Error::new(sqlstate::IO_ERROR, format!("{what}: {other}")),
    }
}
