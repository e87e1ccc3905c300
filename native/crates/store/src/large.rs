//! Commits too large for the log and a memtable. What such a transaction changed goes, sorted, to a file beside the bulk
//! files, which is synced before the commit's record goes to the log; the record names it and says what it holds. Readers
//! find it between the memtables that were filled before and after the commit; the flusher moves it into the base like
//! one of those, and then removes it. Layout: the crate's README.

use std::collections::HashMap;
use std::sync::Arc;

use helios_base::bytes::{put_varint, take, take_varint, u64_at};
use helios_base::{Error, Result};

use crate::blocks::{BlockScan, Blocks};
use crate::bulk::{BulkDirectory, BulkFile, BulkRecord};
use crate::changes::{changes, put_change};
use crate::disk_run::DiskRun;
use crate::key::{FileId, PREFIX_BYTES, ROW_KEY_BYTES, SPACE_PERMANENT, rowid_of};
use crate::overlay::Overlay;
use crate::stats::Delta;
use crate::store::META_CHANGES;

const DELETED: u8 = 0;
const PRESENT: u8 = 1;

/// What a large commit does to one relation file.
#[derive(Clone, Debug)]
pub struct FileChanges {
    pub file: FileId,
    pub delta: Delta,
    /// Highest rowid; 0 for an index.
    pub highest: u64,
}

/// The record of a large commit, as the log has it.
pub struct ChangeRecord {
    pub file: BulkRecord,
    /// Ascending.
    pub files: Vec<FileChanges>,
}

impl ChangeRecord {
    fn encode(&self) -> Vec<u8> {
        let file = self.file.encode();
        let mut value = Vec::new();
        put_varint(&mut value, file.len() as u64);
        value.extend_from_slice(&file);
        put_varint(&mut value, self.files.len() as u64);
        for changed in &self.files {
            value.extend_from_slice(&changed.file.prefix());
            let delta = &changed.delta;
            for word in [delta.added, delta.removed, delta.bytes_added] {
                value.extend_from_slice(&word.to_le_bytes());
            }
            value.extend_from_slice(&changed.highest.to_le_bytes());
        }
        value
    }

    pub fn decode(key: &[u8], value: &[u8]) -> Result<ChangeRecord> {
        let damaged = || Error::corrupted("the record of a large commit is damaged");
        let mut at = 0;
        let bytes = take_varint(value, &mut at)? as usize;
        // Its key has the form of a bulk file's, of another kind.
        let file = BulkRecord::decode(key, take(value, &mut at, bytes)?)?;
        let count = take_varint(value, &mut at)?;
        let mut files = Vec::new();
        for _ in 0..count {
            let prefix = take(value, &mut at, PREFIX_BYTES)?;
            let words = take(value, &mut at, 32)?;
            files.push(FileChanges {
                file: FileId::of_key(prefix).ok_or_else(damaged)?,
                delta: Delta {
                    added: u64_at(words, 0)? as i64,
                    removed: u64_at(words, 8)? as i64,
                    bytes_added: u64_at(words, 16)? as i64,
                },
                highest: u64_at(words, 24)?,
            });
        }
        Ok(ChangeRecord { file, files })
    }

    /// The record that a commit's changes begin with; None for one that is not large.
    pub fn first_of(bytes: &[u8]) -> Result<Option<ChangeRecord>> {
        let Some(first) = changes(bytes).next() else {
            return Ok(None);
        };
        match first?.of_large_commit() {
            Some((key, value)) => ChangeRecord::decode(key, value).map(Some),
            None => Ok(None),
        }
    }

    /// Opens its file.
    pub fn open(self, directory: &BulkDirectory) -> Result<ChangeFile> {
        Ok(ChangeFile {
            file: directory.open(&self.file)?,
            files: self.files,
        })
    }
}

/// The file of a large commit.
pub struct ChangeFile {
    pub file: BulkFile,
    pub files: Vec<FileChanges>,
}

impl ChangeFile {
    /// Writes what is left in the end of an overlay that has spilled all of its writes; None where that is nothing
    /// permanent. `bulk`: the transaction's bulk files. Still to be synced. Errors: 53100, 58030.
    pub fn write(
        directory: &Arc<BulkDirectory>,
        overlay: &Overlay,
        bulk: &[BulkFile],
    ) -> Result<Option<ChangeFile>> {
        let mut run = DiskRun::begin(directory, FileId::NONE)?;
        let mut files: Vec<FileChanges> = Vec::new();
        let mut own: Option<&BulkFile> = None;
        let mut buffer = Vec::new();
        let range = ([SPACE_PERMANENT], [SPACE_PERMANENT + 1]);
        overlay
            .spilled()
            .each(&range.0, &range.1, |key, existed, value| {
                let file = FileId::of_key(key)
                    .ok_or_else(|| Error::internal("a permanent key belongs to no file"))?;
                if files.last().is_none_or(|last| last.file != file) {
                    // A block's keys are of one file: searches rely on it.
                    run.end_block()?;
                    files.push(FileChanges {
                        file,
                        delta: Delta::default(),
                        highest: 0,
                    });
                    own = bulk.iter().find(|bulk| bulk.record.file == file);
                }
                let in_bulk = match own {
                    Some(own) if !existed => own.get(key, u64::MAX)?.is_some(),
                    _ => false,
                };
                let existed = existed || in_bulk;
                let is_row = key.len() == ROW_KEY_BYTES;
                if is_row && !existed && value.is_none() {
                    return Ok(());
                }
                if let Some(changed) = files.last_mut() {
                    changed.count(key, existed, value);
                }
                buffer.clear();
                buffer.push(if value.is_some() { PRESENT } else { DELETED });
                buffer.extend_from_slice(value.unwrap_or_default());
                run.push(key, &buffer)
            })?;
        run.end_block()?;
        if run.count() == 0 {
            return Ok(None);
        }
        let file = run.finish()?;
        Ok(Some(ChangeFile { file, files }))
    }

    /// Makes it durable, save for its name.
    pub fn sync(&mut self) -> Result<()> {
        self.file.sync()
    }

    pub fn number(&self) -> u64 {
        self.file.record.number
    }

    /// The change that stands for it in the log.
    pub fn change(&self) -> Vec<u8> {
        let record = ChangeRecord {
            file: self.file.record.clone(),
            files: self.files.clone(),
        };
        let mut key = self.file.record.key();
        key[1] = META_CHANGES;
        let mut piece = Vec::new();
        put_change(&mut piece, false, &key, Some(&record.encode()));
        piece
    }

    fn of(&self, file: FileId) -> bool {
        let found = self
            .files
            .binary_search_by(|changed| changed.file.cmp(&file));
        found.is_ok()
    }

    /// Some of its relation files lie in lower <= key < upper.
    fn touches(&self, lower: &[u8], upper: &[u8]) -> bool {
        let mut prefix = [0; PREFIX_BYTES];
        let length = lower.len().min(PREFIX_BYTES);
        prefix[..length].copy_from_slice(&lower[..length]);
        let first = self
            .files
            .partition_point(|changed| changed.file.prefix() < prefix);
        let changed = self.files.get(first);
        changed.is_some_and(|changed| changed.file.prefix().as_slice() < upper)
    }

    pub fn add_deltas(&self, deltas: &mut HashMap<FileId, Delta>) {
        for changed in &self.files {
            deltas.entry(changed.file).or_default().add(&changed.delta);
        }
    }
}

impl FileChanges {
    fn count(&mut self, key: &[u8], existed: bool, value: Option<&[u8]>) {
        match value {
            Some(value) if !existed => {
                self.delta.added += 1;
                self.delta.bytes_added += (key.len() + value.len()) as i64;
            }
            None if existed => self.delta.removed += 1,
            _ => {}
        }
        if key.len() == ROW_KEY_BYTES {
            self.highest = self.highest.max(rowid_of(key));
        }
    }
}

/// A large commit as readers have it.
pub struct LargeCommit {
    pub sequence: u64,
    pub changes: ChangeFile,
}

impl LargeCommit {
    /// None: it says nothing of the key; Some(None): it deletes it.
    pub fn get(&self, key: &[u8], sequence: u64) -> Result<Option<Option<&[u8]>>> {
        if self.sequence > sequence
            || !FileId::of_key(key).is_some_and(|file| self.changes.of(file))
        {
            return Ok(None);
        }
        let stored = self.changes.file.get(key, sequence)?;
        Ok(stored.map(value_of))
    }

    /// False: it says nothing of keys that begin with these bytes.
    pub fn may_have_entry(&self, before_rowid: &[u8]) -> bool {
        FileId::of_key(before_rowid).is_some_and(|file| self.changes.of(file))
    }

    /// A walk over lower <= key < upper; nothing where readers of the sequence don't see it.
    pub fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        sequence: u64,
        backward: bool,
    ) -> Result<ChangeScan<'_>> {
        let is_seen = self.sequence <= sequence && self.changes.touches(lower, upper);
        let upper = if is_seen { upper } else { lower };
        let file = &self.changes.file;
        BlockScan::new(file, lower, upper, u64::MAX, backward).map(ChangeScan)
    }
}

pub struct ChangeScan<'a>(BlockScan<'a, BulkFile>);

impl<'a> ChangeScan<'a> {
    #[inline]
    pub fn peek(&self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        self.0.peek().map(|(key, stored)| (key, value_of(stored)))
    }

    pub fn advance(&mut self) -> Result<()> {
        self.0.advance()
    }
}

fn value_of(stored: &[u8]) -> Option<&[u8]> {
    match stored.split_first() {
        Some((&PRESENT, value)) => Some(value),
        _ => None,
    }
}

/// The files of large commits that changes name.
pub fn change_records(pieces: &[Vec<u8>]) -> Result<Vec<ChangeRecord>> {
    let mut records = Vec::new();
    for change in pieces.iter().flat_map(|piece| changes(piece)) {
        if let Some((key, value)) = change?.of_large_commit() {
            records.push(ChangeRecord::decode(key, value)?);
        }
    }
    Ok(records)
}

/// What a commit has for a large commit on its way to the writer.
#[derive(Default)]
pub struct LargePart {
    /// Where its changes are still to be taken from.
    pub pending: Option<Arc<Overlay>>,
    /// Their file; durable.
    pub file: Option<ChangeFile>,
    /// What the log gets for the changes once they name the file.
    pub wrap: Option<Wrap>,
}

pub type Wrap = Box<dyn FnOnce(Vec<Vec<u8>>) -> Vec<Vec<u8>> + Send>;

impl LargePart {
    /// Of an overlay that has spilled all of its writes.
    pub fn of(overlay: Option<Arc<Overlay>>) -> LargePart {
        LargePart {
            pending: overlay,
            ..LargePart::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_none() && self.file.is_none()
    }
}
