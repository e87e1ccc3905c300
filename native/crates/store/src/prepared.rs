//! Prepared transactions (PREPARE TRANSACTION). What one wrote, and its locks, are facts of the store until it is
//! finished, so log, replay and base treat them like any other entries:
//!  1. PREPARE commits the parts of its record: a header, then its encoded changes, then its locks, in pieces.
//!  2. COMMIT PREPARED is one commit of those changes together with the deletion of the parts, ROLLBACK PREPARED the
//!     deletion alone. So a crash finds a transaction prepared or finished, never in between.
//!
//! Bulk files that its changes name stay where they are, and rowids that it took are not given out again. Layout: the
//! crate's README.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use helios_base::bytes::{put_varint, take, take_varint, u32_at, u64_at};
use helios_base::sync::lock;
use helios_base::{Error, Result};
use helios_serializable::{File, Registration, registry};

use crate::bulk::BulkRecord;
use crate::changes::{changes, put_change};
use crate::key::{FileId, SPACE_META, meta_key};
use crate::large::change_records;
use crate::store::{META_BULK, META_PREPARED, Store};
use crate::subtransactions::{Ids, Run, put_runs, take_runs};
use crate::worker::tracked_file;

const CATALOG_CHANGED: u32 = 1;
const SERIALIZABLE: u32 = 2;
const HEADER_BYTES: usize = 36;
/// Bytes of locks in one part.
const LOCK_PART_BYTES: usize = 1 << 20;

/// What is known of a prepared transaction beside its changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prepared {
    pub gid: String,
    pub xid: u64,
    /// The role that prepared it, and where.
    pub owner: u32,
    pub database: u32,
    /// Microseconds since 2000-01-01 UTC.
    pub prepared_at: i64,
    pub catalog_changed: bool,
    /// Of a serializable one: the files it has read.
    pub files_read: Option<Vec<File>>,
    /// Ids of its subtransactions.
    pub subs: Vec<Run>,
}

impl Prepared {
    pub fn ids(&self) -> Ids {
        Ids {
            top: self.xid,
            subs: self.subs.clone(),
        }
    }
}

/// Why a prepared transaction can't be finished now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    Missing,
    /// Another session finishes it.
    Busy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its record is not durable yet: nobody sees it.
    Preparing,
    Ready,
    Finishing,
}

struct Entry {
    number: u64,
    prepared: Prepared,
    stage: Stage,
    /// Who holds its locks in the lock table.
    lock_owner: u32,
    /// Of a serializable one: what it has read and written matters until it is finished.
    serializable: Option<Registration>,
}

/// The prepared transactions of the store, by gid.
#[derive(Default)]
pub struct PreparedTransactions {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    map: HashMap<String, Entry>,
    last_number: u64,
}

/// What a claimed transaction is known by until it is finished.
#[derive(Clone, Debug)]
pub struct Claim {
    pub number: u64,
    pub prepared: Prepared,
    pub lock_owner: u32,
}

/// A record's parts as the store has them.
pub struct Parts {
    pub keys: Vec<Vec<u8>>,
    pub changes: Vec<Vec<u8>>,
    pub locks: Vec<u8>,
}

impl PreparedTransactions {
    /// The prepared ones, unordered.
    pub fn list(&self) -> Vec<Prepared> {
        lock(&self.entries)
            .map
            .values()
            .filter(|entry| entry.stage != Stage::Preparing)
            .map(|entry| entry.prepared.clone())
            .collect()
    }

    /// Gids in use, those whose PREPARE is under way included: how many, and whether this is one.
    pub fn usage(&self, gid: &str) -> (usize, bool) {
        let entries = lock(&self.entries);
        (entries.map.len(), entries.map.contains_key(gid))
    }

    /// Takes the gid for a transaction about to be prepared; its number. None where it is in use.
    pub(crate) fn reserve(
        &self,
        prepared: Prepared,
        lock_owner: u32,
        serializable: Option<Registration>,
    ) -> Option<u64> {
        let mut entries = lock(&self.entries);
        if entries.map.contains_key(&prepared.gid) {
            return None;
        }
        entries.last_number += 1;
        let number = entries.last_number;
        let entry = Entry {
            number,
            stage: Stage::Preparing,
            lock_owner,
            serializable,
            prepared,
        };
        entries.map.insert(entry.prepared.gid.clone(), entry);
        Some(number)
    }

    /// The record is durable: others may finish it, under the locks of `lock_owner`.
    pub fn ready(&self, gid: &str, lock_owner: u32) {
        if let Some(entry) = lock(&self.entries).map.get_mut(gid) {
            entry.stage = Stage::Ready;
            entry.lock_owner = lock_owner;
        }
    }

    /// It is finished, or was never prepared.
    pub(crate) fn forget(&self, number: u64) {
        let mut entries = lock(&self.entries);
        let gid = entries
            .map
            .iter()
            .find(|(_, entry)| entry.number == number)
            .map(|(gid, _)| gid.clone());
        let gone = gid.and_then(|gid| entries.map.remove(&gid));
        drop(entries);
        // Its registration, if it is still there, wakes others.
        drop(gone);
    }

    /// Takes it for a session that finishes it.
    pub fn claim(&self, gid: &str) -> std::result::Result<Claim, Refusal> {
        let mut entries = lock(&self.entries);
        let entry = entries
            .map
            .get_mut(gid)
            .filter(|entry| entry.stage != Stage::Preparing)
            .ok_or(Refusal::Missing)?;
        if entry.stage == Stage::Finishing {
            return Err(Refusal::Busy);
        }
        entry.stage = Stage::Finishing;
        Ok(Claim {
            number: entry.number,
            prepared: entry.prepared.clone(),
            lock_owner: entry.lock_owner,
        })
    }

    /// What a claimed one is in the registry of serializable transactions.
    pub(crate) fn take_registration(&self, number: u64) -> Option<Registration> {
        let mut entries = lock(&self.entries);
        let mut claimed = entries.map.values_mut();
        let entry = claimed.find(|entry| entry.number == number)?;
        entry.serializable.take()
    }

    /// Gives a claimed one back unfinished.
    pub fn unclaim(&self, number: u64) {
        let mut entries = lock(&self.entries);
        let mut claimed = entries.map.values_mut();
        if let Some(entry) = claimed.find(|entry| entry.number == number) {
            entry.stage = Stage::Ready;
        }
    }

    fn load(&self, number: u64, prepared: Prepared, serializable: Option<Registration>) {
        let mut entries = lock(&self.entries);
        entries.last_number = entries.last_number.max(number);
        let entry = Entry {
            number,
            stage: Stage::Ready,
            lock_owner: 0,
            serializable,
            prepared,
        };
        entries.map.insert(entry.prepared.gid.clone(), entry);
    }
}

/// The commit that makes a record: its parts as changes, in pieces.
pub fn record(
    number: u64,
    prepared: &Prepared,
    changes: Vec<Vec<u8>>,
    locks: &[u8],
) -> Vec<Vec<u8>> {
    let lock_parts: Vec<&[u8]> = locks.chunks(LOCK_PART_BYTES).collect();
    let header = encode(prepared, changes.len(), lock_parts.len());
    let mut pieces = Vec::with_capacity(1 + changes.len() + lock_parts.len());
    let mut put = |part: usize, value: &[u8]| {
        let mut piece = Vec::with_capacity(value.len() + 32);
        put_change(&mut piece, false, &key(number, part as u32), Some(value));
        pieces.push(piece);
    };
    put(0, &header);
    let count = changes.len();
    for (index, piece) in changes.into_iter().enumerate() {
        put(1 + index, &piece);
    }
    for (index, part) in lock_parts.into_iter().enumerate() {
        put(1 + count + index, part);
    }
    pieces
}

/// The changes that remove a record.
pub fn removal(keys: &[Vec<u8>]) -> Vec<u8> {
    let mut piece = Vec::new();
    for key in keys {
        put_change(&mut piece, true, key, None);
    }
    piece
}

/// The bulk files that changes name.
pub fn bulk_records(pieces: &[Vec<u8>]) -> Result<Vec<BulkRecord>> {
    let mut records = Vec::new();
    for change in pieces.iter().flat_map(|piece| changes(piece)) {
        let change = change?;
        if let ([SPACE_META, META_BULK, ..], Some(value)) = (change.key, change.value) {
            records.push(BulkRecord::decode(change.key, value)?);
        }
    }
    Ok(records)
}

/// What a serializable one is in the registry of a new process.
fn restore_registration(prepared: &Prepared, pieces: &[Vec<u8>]) -> Result<Option<Registration>> {
    let Some(files_read) = &prepared.files_read else {
        return Ok(None);
    };
    let mut written: HashSet<File> = HashSet::new();
    for record in bulk_records(pieces)? {
        written.extend(tracked_file(record.file));
    }
    for record in change_records(pieces)? {
        let files = record.files.iter();
        written.extend(files.filter_map(|changed| tracked_file(changed.file)));
    }
    for change in pieces.iter().flat_map(|piece| changes(piece)) {
        written.extend(FileId::of_key(change?.key).and_then(tracked_file));
    }
    let written: Vec<File> = written.into_iter().collect();
    let restored = registry().restore(prepared.xid, files_read, &written)?;
    Ok(Some(restored))
}

fn key(number: u64, part: u32) -> Vec<u8> {
    let mut key = meta_key(META_PREPARED, &number.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

fn encode(prepared: &Prepared, change_parts: usize, lock_parts: usize) -> Vec<u8> {
    let flag = |is: bool, flag: u32| if is { flag } else { 0 };
    let flags = flag(prepared.catalog_changed, CATALOG_CHANGED)
        | flag(prepared.files_read.is_some(), SERIALIZABLE);
    let mut header = Vec::with_capacity(HEADER_BYTES + prepared.gid.len() + 2);
    header.extend_from_slice(&prepared.xid.to_le_bytes());
    header.extend_from_slice(&prepared.prepared_at.to_le_bytes());
    for word in [
        prepared.owner,
        prepared.database,
        flags,
        change_parts as u32,
        lock_parts as u32,
    ] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    put_varint(&mut header, prepared.gid.len() as u64);
    header.extend_from_slice(prepared.gid.as_bytes());
    let files = prepared.files_read.iter().flatten();
    put_varint(&mut header, files.clone().count() as u64);
    for file in files {
        header.extend_from_slice(&file.database.to_le_bytes());
        header.extend_from_slice(&file.filenode.to_le_bytes());
    }
    put_runs(&prepared.subs, &mut header);
    header
}

/// A header: what is known, and the numbers of parts of changes and of locks.
fn decode(header: &[u8]) -> Result<(Prepared, usize, usize)> {
    let mut at = HEADER_BYTES;
    let gid_bytes = take_varint(header, &mut at)? as usize;
    let gid = String::from_utf8(take(header, &mut at, gid_bytes)?.to_vec())
        .map_err(|_| Error::corrupted("a prepared transaction's identifier is no text"))?;
    let flags = u32_at(header, 24)?;
    let file_count = take_varint(header, &mut at)?;
    let mut files = Vec::new();
    for _ in 0..file_count {
        let file = take(header, &mut at, 8)?;
        files.push(File {
            database: u32_at(file, 0)?,
            filenode: u32_at(file, 4)?,
        });
    }
    // Records of earlier versions end here.
    let subs = match at < header.len() {
        true => take_runs(header, &mut at)?,
        false => Vec::new(),
    };
    let prepared = Prepared {
        subs,
        gid,
        xid: u64_at(header, 0)?,
        prepared_at: u64_at(header, 8)? as i64,
        owner: u32_at(header, 16)?,
        database: u32_at(header, 20)?,
        catalog_changed: flags & CATALOG_CHANGED != 0,
        files_read: (flags & SERIALIZABLE != 0).then_some(files),
    };
    Ok((
        prepared,
        u32_at(header, 28)? as usize,
        u32_at(header, 32)? as usize,
    ))
}

impl Store {
    pub fn prepared(&self) -> &PreparedTransactions {
        &self.prepared
    }

    /// The parts of a record. Errors: XX001 where they are not all there.
    pub(crate) fn prepared_parts(&self, number: u64) -> Result<Parts> {
        let (lower, upper) = (key(number, 0), key(number, u32::MAX));
        let mut keys = Vec::new();
        let mut values = Vec::new();
        self.read_now(|committed| {
            committed.each(&lower, &upper, |key, value| {
                keys.push(key.to_vec());
                values.push(value.to_vec());
                Ok(())
            })
        })?;
        let mut values = values.into_iter();
        let header = values.next().unwrap_or_default();
        let (_, change_parts, lock_parts) = decode(&header)?;
        if keys.len() != 1 + change_parts + lock_parts {
            return Err(Error::corrupted("a prepared transaction is not whole"));
        }
        Ok(Parts {
            keys,
            changes: values.by_ref().take(change_parts).collect(),
            locks: values.flatten().collect(),
        })
    }

    /// The locks that each prepared transaction held, as PREPARE encoded them: for the lock table of a new process.
    pub fn prepared_locks(&self) -> Result<Vec<(Prepared, Vec<u8>)>> {
        let entries = lock(&self.prepared.entries);
        let known: Vec<(u64, Prepared)> = entries
            .map
            .values()
            .map(|entry| (entry.number, entry.prepared.clone()))
            .collect();
        drop(entries);
        known
            .into_iter()
            .map(|(number, prepared)| Ok((prepared, self.prepared_parts(number)?.locks)))
            .collect()
    }

    /// Takes up what was prepared when the server ended; the numbers of the bulk files that must stay.
    pub(crate) fn load_prepared(&self) -> Result<Vec<u64>> {
        let (lower, upper) = (
            meta_key(META_PREPARED, &[]),
            meta_key(META_PREPARED + 1, &[]),
        );
        let mut found = Vec::new();
        self.read_now(|committed| {
            committed.each(&lower, &upper, |key, value| {
                let part = key.last_chunk::<4>().copied().map_or(0, u32::from_be_bytes);
                if part == 0 {
                    let number = key.get(2..10).and_then(|bytes| bytes.first_chunk::<8>());
                    let number = number.copied().map_or(0, u64::from_be_bytes);
                    found.push((number, decode(value)?.0));
                }
                Ok(())
            })
        })?;
        let mut bulk = Vec::new();
        for (number, prepared) in found {
            let parts = self.prepared_parts(number)?;
            for piece in &parts.changes {
                self.note_rowids(piece)?;
            }
            bulk.extend(
                bulk_records(&parts.changes)?
                    .iter()
                    .map(|record| record.number),
            );
            bulk.extend(
                change_records(&parts.changes)?
                    .iter()
                    .map(|record| record.file.number),
            );
            let ids = prepared.ids();
            self.xids.raise(ids.last() + 1);
            self.xids.resume(&ids);
            let registration = restore_registration(&prepared, &parts.changes)?;
            self.prepared.load(number, prepared, registration);
        }
        Ok(bulk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip() {
        let prepared = Prepared {
            gid: "transfer 7 \u{e9}".into(),
            xid: 1 << 40,
            owner: 10,
            database: 16385,
            prepared_at: -5,
            catalog_changed: true,
            files_read: Some(vec![File {
                database: 5,
                filenode: 20000,
            }]),
            subs: vec![((1 << 40) + 1, (1 << 40) + 9)],
        };
        let header = encode(&prepared, 3, 1);
        assert_eq!(decode(&header), Ok((prepared, 3, 1)));
        assert!(decode(&header[..header.len() - 1]).is_err());
    }
}
