//! A transaction's private writes: an ordered map from key to the versions its commands made, with savepoint undo, and
//! beside it what it inserted in bulk (`runs.rs`), which the map's entries hide.
//! What outgrows the transaction's memory goes to sorted runs on disk (`spill.rs`), older than all that is in the map.
//! A read at command c sees the newest version of a command before c; commit takes the newest of all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::Arc;

use helios_base::Result;

use crate::blocks::Blocks;
use crate::bulk::{BulkDirectory, BulkFile};
use crate::key::{FileId, ROW_KEY_BYTES, rowid_of};
use crate::runs::{FileRuns, Runs};
use crate::spill::{PASSED_MAX, SpillWriter, Spilled, SpilledVersion};

type Key = Box<[u8]>;

/// What a write does to the count of a file's entries; decided by the caller, who knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The key did not exist for the writer.
    Insert,
    /// The key existed and stays.
    Update,
}

struct Version {
    command: u32,
    /// Savepoint epoch of the write: within one epoch and command a version is overwritten in place.
    epoch: u32,
    value: Option<Box<[u8]>>,
}

struct Versions {
    /// The key existed before this transaction.
    existed: bool,
    newest: Version,
    older: Vec<Version>,
}

enum Undo {
    /// The key got a further version.
    Key(Key),
    /// The file got entries in bulk, from this key on.
    Bulk(FileId, Key),
}

/// Entries in the map from which on single rows go into runs too.
const MAP_ENTRIES_FIRST: usize = 64;
/// Rows of one call that make a run.
const RUN_ROWS_MIN: usize = 8;

#[derive(Default)]
pub struct Overlay {
    map: BTreeMap<Key, Versions>,
    runs: Runs,
    /// What was done, in order, as long as a savepoint may need to take it back.
    undo: Vec<Undo>,
    savepoints: Vec<Savepoint>,
    epoch: u32,
    /// Of the map and of `undo`.
    bytes: usize,
    spilled: Spilled,
    spill: Option<Spill>,
}

struct Savepoint {
    /// Length of `undo` when it was set.
    undo: usize,
    /// Everything after it is written in this epoch or a later one.
    epoch: u32,
}

/// When writes go to disk, and where.
struct Spill {
    bulk: Arc<BulkDirectory>,
    bytes: usize,
}

/// Memory that a version in the map takes beside its key and value, about.
const VERSION_BYTES: usize = 144;
/// The same for a step that can be undone.
const UNDO_BYTES: usize = 48;
/// What takes up more than this part of the memory that a transaction may have is a large commit.
const LARGE_PART: usize = 4;

impl Overlay {
    /// One whose large amounts go to bulk files, and what takes up more than so many bytes of memory to runs beside them.
    pub fn new(bulk: Option<Arc<BulkDirectory>>, bytes: usize) -> Overlay {
        Overlay {
            spill: bulk.clone().map(|bulk| Spill { bulk, bytes }),
            runs: Runs::new(bulk),
            ..Overlay::default()
        }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty() && self.runs.is_empty() && self.spilled.is_empty()
    }

    /// Approximate bytes of memory that it takes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes + self.runs.bytes()
    }

    /// Part of it is in runs on disk.
    pub fn has_spilled(&self) -> bool {
        !self.spilled.is_empty()
    }

    /// Its commit is to be written to a file of its own.
    pub fn is_large(&self) -> bool {
        let large = |spill: &Spill| self.bytes() > spill.bytes / LARGE_PART;
        self.has_spilled() || self.spill.as_ref().is_some_and(large)
    }

    pub fn spilled(&self) -> &Spilled {
        &self.spilled
    }

    /// Before a further write: moves what takes up too much memory to disk; true where there was any. Errors: 53100, 58030;
    /// nothing is lost then.
    #[inline]
    pub fn make_room(&mut self) -> Result<bool> {
        match &self.spill {
            Some(spill) if self.bytes() > spill.bytes => self.spill().map(|()| true),
            _ => Ok(false),
        }
    }

    /// Moves the map, and the bulk rows of files that have no bulk file, to disk.
    pub fn spill(&mut self) -> Result<()> {
        let Some(spill) = &self.spill else {
            return Ok(());
        };
        let versions = self.map.values().map(|versions| 1 + versions.older.len());
        let in_bulk = self.runs.in_memory().map(FileRuns::entries);
        let count = versions.sum::<usize>() + in_bulk.sum::<usize>();
        if count > 0 {
            let (map, runs) = (&self.map, &self.runs);
            let bulk = Arc::clone(&spill.bulk);
            let savepoints = self.savepoints.iter().map(|savepoint| savepoint.epoch);
            self.spilled.add(&bulk, savepoints, count, |writer| {
                write_versions(map, runs, writer)
            })?;
        }
        self.map = BTreeMap::new();
        self.runs.leave_memory()?;
        self.forget_undo();
        self.bytes = 0;
        Ok(())
    }

    /// What is on disk is taken back by epochs: of the steps only those of bulk files are needed.
    fn forget_undo(&mut self) {
        let mut kept = Vec::new();
        let mut savepoints = self.savepoints.iter_mut().peekable();
        for (index, step) in self.undo.drain(..).enumerate() {
            while let Some(savepoint) = savepoints.next_if(|savepoint| savepoint.undo <= index) {
                savepoint.undo = kept.len();
            }
            if matches!(&step, Undo::Bulk(file, _) if self.runs.of(*file).is_some()) {
                kept.push(step);
            }
        }
        savepoints.for_each(|savepoint| savepoint.undo = kept.len());
        self.undo = kept;
    }

    /// Adds rows under fresh rowids. What is kept in bulk ascends: a row that fills a gap on an earlier page goes to the
    /// map.
    pub fn insert_rows<'r>(
        &mut self,
        command: u32,
        file: FileId,
        rows: impl ExactSizeIterator<Item = Result<(u64, Cow<'r, [u8]>)>>,
    ) -> Result<()> {
        let packed = rows.len() >= RUN_ROWS_MIN
            || self.map.len() >= MAP_ENTRIES_FIRST
            || self.runs.extends(file, command, self.epoch);
        let mut last = match packed {
            true => self.runs.last_key(file)?.map_or(0, rowid_of),
            false => u64::MAX,
        };
        for row in rows {
            let (rowid, row) = row?;
            let key = file.row_key(rowid);
            if rowid > last {
                last = rowid;
                self.append(command, file, &key, &row)?;
            } else {
                self.put(
                    command,
                    key,
                    row.into_owned().into_boxed_slice(),
                    Write::Insert,
                );
            }
        }
        Ok(())
    }

    /// Adds an entry whose key is above all that the transaction has in bulk for the file: rows under fresh rowids, a new
    /// index's entries in order.
    pub fn append(&mut self, command: u32, file: FileId, key: &[u8], value: &[u8]) -> Result<()> {
        if !self.savepoints.is_empty() && !self.runs.extends(file, command, self.epoch) {
            self.undo.push(Undo::Bulk(file, key.into()));
        }
        self.runs.push(file, command, self.epoch, key, value)
    }

    pub fn put(&mut self, command: u32, key: impl Into<Key>, value: Box<[u8]>, write: Write) {
        self.write(command, key, Some(value), write == Write::Update);
    }

    pub fn delete(&mut self, command: u32, key: impl Into<Key>) {
        self.write(command, key, None, true);
    }

    fn write(
        &mut self,
        command: u32,
        key: impl Into<Key>,
        value: Option<Box<[u8]>>,
        existed: bool,
    ) {
        let key = key.into();
        self.bytes += VERSION_BYTES + key.len() + value.as_deref().map_or(0, <[u8]>::len);
        let undone = !self.savepoints.is_empty();
        let version = Version {
            command,
            epoch: self.epoch,
            value,
        };
        match self.map.entry(key) {
            Entry::Vacant(place) => {
                let in_bulk = matches!(self.runs.get(place.key(), u32::MAX), Ok(Some(_)));
                let existed = existed && !in_bulk;
                if undone {
                    self.bytes += UNDO_BYTES + place.key().len();
                    self.undo.push(Undo::Key(place.key().clone()));
                }
                place.insert(Versions {
                    existed,
                    newest: version,
                    older: Vec::new(),
                });
            }
            Entry::Occupied(mut place) => {
                let newest = &mut place.get_mut().newest;
                if newest.command == command && newest.epoch == self.epoch {
                    let replaced = std::mem::replace(newest, version);
                    self.bytes -= replaced.bytes() + place.key().len();
                    return;
                }
                let replaced = std::mem::replace(newest, version);
                place.get_mut().older.push(replaced);
                if undone {
                    self.bytes += UNDO_BYTES + place.key().len();
                    self.undo.push(Undo::Key(place.key().clone()));
                }
            }
        }
    }

    /// None: the transaction says nothing about the key; Some(None): it deleted it.
    pub fn get(&self, key: &[u8], command: u32) -> Result<Option<Option<&[u8]>>> {
        let changed = if self.map.is_empty() {
            None
        } else {
            self.map.get(key)
        };
        if let Some(changed) = changed.and_then(|versions| versions.at(command)) {
            return Ok(Some(changed));
        }
        if !self.spilled.is_empty()
            && let Some(changed) = self.spilled.get(key, command)?
        {
            return Ok(Some(changed));
        }
        Ok(self.runs.get(key, command)?.map(Some))
    }

    /// Savepoints that are open.
    pub fn depth(&self) -> usize {
        self.savepoints.len()
    }

    /// Marks a point to return to; its depth, counted from 1.
    pub fn savepoint(&mut self) -> usize {
        self.epoch += 1;
        self.savepoints.push(Savepoint {
            undo: self.undo.len(),
            epoch: self.epoch,
        });
        self.savepoints.len()
    }

    /// Takes back everything since the savepoint, which stays.
    pub fn rollback_to(&mut self, depth: usize) -> Result<()> {
        let Some(&Savepoint { undo: mark, epoch }) = depth
            .checked_sub(1)
            .and_then(|index| self.savepoints.get(index))
        else {
            return Ok(());
        };
        self.savepoints.truncate(depth);
        if let Some(spill) = &self.spill
            && !self.spilled.is_empty()
        {
            let left = self.savepoints.iter().map(|savepoint| savepoint.epoch);
            self.spilled
                .take_back(&spill.bulk, left, epoch..=self.epoch);
        }
        self.epoch += 1;
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Key(key)) => self.take_back(&key),
                Some(Undo::Bulk(file, from)) => self.runs.truncate(file, &from)?,
                None => break,
            }
        }
        Ok(())
    }

    fn take_back(&mut self, key: &[u8]) {
        let Some(versions) = self.map.get_mut(key) else {
            return;
        };
        let undone = match versions.older.pop() {
            Some(version) => Some(std::mem::replace(&mut versions.newest, version)),
            None => self.map.remove(key).map(|versions| versions.newest),
        };
        let bytes = undone.map_or(0, |version| version.bytes() + key.len());
        self.bytes -= bytes + UNDO_BYTES + key.len();
    }

    /// Forgets the savepoint and those within it; the writes stay.
    pub fn release(&mut self, depth: usize) {
        self.savepoints.truncate(depth.saturating_sub(1));
        self.epoch += 1;
        if self.savepoints.is_empty() {
            for step in self.undo.drain(..) {
                if let Undo::Key(key) = step {
                    self.bytes -= UNDO_BYTES + key.len();
                }
            }
        }
    }

    /// Ends the transaction's bulk files; what they hold is no longer here.
    pub fn finish_bulk(&mut self) -> Result<Vec<BulkFile>> {
        self.runs.finish_bulk()
    }

    /// What is left to commit beside the bulk files: key, whether it existed before (in one of them, too), newest value.
    /// Rows that came and went are left out. Memory is given back on the way.
    pub fn drain(self, bulk: &[BulkFile], mut take: impl FnMut(&[u8], bool, Option<&[u8]>)) {
        let map = self.map;
        let mut current = None;
        let mut hides = false;
        self.runs.drain(|file, key, value| {
            if current != Some(file) {
                current = Some(file);
                let prefix = file.prefix();
                let from = (Bound::Included(prefix.as_slice()), Bound::Unbounded);
                let mut after = map.range::<[u8], _>(from);
                hides = after
                    .next()
                    .is_some_and(|(key, _)| key.starts_with(&prefix));
            }
            if !hides || !map.contains_key(key) {
                take(key, false, Some(value));
            }
        });
        for (key, versions) in map {
            let in_bulk = || {
                let file = bulk
                    .iter()
                    .find(|file| key.starts_with(&file.record.file.prefix()));
                file.is_some_and(|file| matches!(file.get(&key, u64::MAX), Ok(Some(_))))
            };
            let existed = versions.existed || in_bulk();
            // A fresh rowid is certainly new. An index entry may have replaced one that was there: its deletion counts.
            let new = !existed && key.len() == ROW_KEY_BYTES;
            if !new || versions.newest.value.is_some() {
                take(&key, existed, versions.newest.value.as_deref());
            }
        }
    }

    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Entries visible at `command` of lower <= key < upper, ascending or descending.
    pub fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        command: u32,
        backward: bool,
    ) -> OverlayScan<'_> {
        let range = if lower < upper && !self.map.is_empty() {
            Some(
                self.map
                    .range::<[u8], _>((Bound::Included(lower), Bound::Excluded(upper))),
            )
        } else {
            None
        };
        let mut scan = OverlayScan {
            range,
            command,
            backward,
            current: None,
            passed: None,
        };
        scan.advance();
        scan
    }
}

/// The versions of the map and of the bulk rows in memory, as a run has them. What is in both was changed after it was
/// added in bulk.
fn write_versions(
    map: &BTreeMap<Key, Versions>,
    runs: &Runs,
    writer: &mut SpillWriter,
) -> Result<()> {
    let mut changed = map.iter().peekable();
    let write = |versions: &Versions, key: &[u8], writer: &mut SpillWriter| {
        let newest_first = std::iter::once(&versions.newest).chain(versions.older.iter().rev());
        for version in newest_first {
            let version = SpilledVersion {
                command: version.command,
                epoch: version.epoch,
                existed: versions.existed,
                value: version.value.as_deref(),
            };
            writer.push(key, version)?;
        }
        Ok(())
    };
    for file in runs.in_memory() {
        file.each(|command, epoch, key, value| {
            while let Some((other, versions)) = changed.next_if(|(other, _)| other.as_ref() <= key)
            {
                write(versions, other, writer)?;
            }
            let version = SpilledVersion {
                command,
                epoch,
                existed: false,
                value: Some(value),
            };
            writer.push(key, version)
        })?;
    }
    changed.try_for_each(|(key, versions)| write(versions, key, writer))
}

impl Version {
    fn bytes(&self) -> usize {
        VERSION_BYTES + self.value.as_deref().map_or(0, <[u8]>::len)
    }
}

impl Versions {
    fn at(&self, command: u32) -> Option<Option<&[u8]>> {
        if self.newest.command < command {
            return Some(self.newest.value.as_deref());
        }
        let version = self
            .older
            .iter()
            .rev()
            .find(|version| version.command < command)?;
        Some(version.value.as_deref())
    }
}

pub struct OverlayScan<'a> {
    range: Option<std::collections::btree_map::Range<'a, Key, Versions>>,
    command: u32,
    backward: bool,
    current: Option<(&'a [u8], Option<&'a [u8]>)>,
    passed: Option<&'a [u8]>,
}

impl<'a> OverlayScan<'a> {
    #[inline]
    pub fn peek(&self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        self.current
    }

    /// Where nothing is in hand yet: the last key that it has passed without finding one that is seen.
    #[inline]
    pub fn passed(&self) -> Option<&'a [u8]> {
        self.passed
    }

    pub fn advance(&mut self) {
        self.current = None;
        self.passed = None;
        let mut passed = 0;
        let Some(range) = self.range.as_mut() else {
            return;
        };
        while let Some((key, versions)) = if self.backward {
            range.next_back()
        } else {
            range.next()
        } {
            if let Some(value) = versions.at(self.command) {
                self.current = Some((key, value));
                return;
            }
            passed += 1;
            if passed == PASSED_MAX {
                self.passed = Some(key);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(overlay: &mut Overlay, command: u32, key: &str, value: &str) {
        overlay.put(
            command,
            key.as_bytes(),
            value.as_bytes().into(),
            Write::Insert,
        );
    }

    fn seen(overlay: &Overlay, command: u32) -> Vec<String> {
        let mut scan = overlay.scan(b"", b"\xff", command, false);
        let mut out = Vec::new();
        while let Some((key, value)) = scan.peek() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            out.push(format!(
                "{}={}",
                text(key),
                value.map_or("-".to_string(), text)
            ));
            scan.advance();
        }
        out
    }

    fn left(overlay: Overlay) -> usize {
        let mut count = 0;
        overlay.drain(&[], |_, _, _| count += 1);
        count
    }

    #[test]
    fn commands_see_earlier_ones_only() {
        let mut overlay = Overlay::default();
        put(&mut overlay, 1, "a", "1");
        put(&mut overlay, 2, "a", "2");
        overlay.delete(3, *b"a");
        assert_eq!(seen(&overlay, 1), Vec::<String>::new());
        assert_eq!(seen(&overlay, 2), ["a=1"]);
        assert_eq!(seen(&overlay, 3), ["a=2"]);
        assert_eq!(seen(&overlay, 4), ["a=-"]);
        assert_eq!(left(overlay), 1);
    }

    #[test]
    fn savepoints_undo() {
        let mut overlay = Overlay::default();
        put(&mut overlay, 1, "a", "1");
        let outer = overlay.savepoint();
        put(&mut overlay, 1, "a", "2");
        put(&mut overlay, 1, "b", "2");
        let inner = overlay.savepoint();
        overlay.delete(2, *b"a");
        assert!(overlay.rollback_to(inner).is_ok());
        assert_eq!(seen(&overlay, 9), ["a=2", "b=2"]);
        put(&mut overlay, 3, "c", "3");
        overlay.release(inner);
        assert_eq!(seen(&overlay, 9), ["a=2", "b=2", "c=3"]);
        assert!(overlay.rollback_to(outer).is_ok());
        assert_eq!(seen(&overlay, 9), ["a=1"]);
        assert!(overlay.rollback_to(outer).is_ok());
        overlay.release(outer);
        assert_eq!(left(overlay), 1);
    }
}
