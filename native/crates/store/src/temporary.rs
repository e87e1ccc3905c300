//! A session's temporary entries: an ordered map that, when large, moves into an unsynced base of its own and goes on
//! above it. Only its session reads it, one transaction at a time, so it keeps no versions. It ends with the session.

use std::collections::btree_map::Range;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use helios_base::{Error, Result};

use crate::base::{Base, BaseReader, Change};
use crate::key::{FileId, ROW_KEY_BYTES, SPACE_TEMPORARY};
use crate::lmdb::Lmdb;
use crate::merge::MergedScan;
use crate::overlay::Overlay;
use crate::stats::FileSize;
use crate::transaction::TEMPORARY_SEQUENCE_KEY_BYTES;

/// Bytes in memory from which on a session's temporary entries move to disk.
const SPILL_BYTES: usize = 64 << 20;

/// A key, whether it existed before, its value.
type TemporaryChange = (Box<[u8]>, bool, Option<Box<[u8]>>);

/// What a commit does to temporary files.
pub enum TemporaryChanges {
    List(Vec<TemporaryChange>),
    /// Of a transaction that has spilled all of its writes.
    Spilled(Arc<Overlay>),
}

impl TemporaryChanges {
    pub fn is_empty(&self) -> bool {
        matches!(self, TemporaryChanges::List(list) if list.is_empty())
    }
}

type Map = BTreeMap<Box<[u8]>, Option<Box<[u8]>>>;

/// Entries of a range in memory; None is a deletion of what was spilled.
pub type TemporaryRange<'a> = Range<'a, Box<[u8]>, Option<Box<[u8]>>>;

pub struct TemporaryStore {
    map: Map,
    bytes: usize,
    sizes: HashMap<FileId, FileSize>,
    directory: PathBuf,
    spilled: Option<Spilled>,
    spill_bytes: usize,
}

struct Spilled {
    reader: Box<dyn BaseReader>,
    base: Lmdb,
}

impl TemporaryStore {
    /// `directory` is made when it is needed and removed in the end.
    pub fn new(directory: PathBuf) -> TemporaryStore {
        TemporaryStore {
            map: Map::new(),
            bytes: 0,
            sizes: HashMap::new(),
            directory,
            spilled: None,
            spill_bytes: SPILL_BYTES,
        }
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<&[u8]>> {
        match (self.map.get(key), &self.spilled) {
            (Some(value), _) => Ok(value.as_deref()),
            (None, Some(spilled)) => spilled.reader.get(key),
            (None, None) => Ok(None),
        }
    }

    /// Adds its entries of lower <= key < upper as sources.
    pub fn add_to<'a>(
        &'a self,
        scan: &mut MergedScan<'a>,
        lower: &[u8],
        upper: &[u8],
    ) -> Result<()> {
        let upper = upper.max(lower);
        let bounds = (Bound::Included(lower), Bound::Excluded(upper));
        scan.add_temporary(self.map.range::<[u8], _>(bounds));
        match &self.spilled {
            Some(spilled) => scan.add_base(&*spilled.reader, lower, upper),
            None => Ok(()),
        }
    }

    pub fn apply(&mut self, changes: TemporaryChanges) -> Result<()> {
        match changes {
            TemporaryChanges::List(list) => {
                let mut list = list.into_iter();
                list.try_for_each(|(key, existed, value)| self.change(key, existed, value))
            }
            TemporaryChanges::Spilled(overlay) => {
                let range = ([SPACE_TEMPORARY], [SPACE_TEMPORARY + 1]);
                overlay
                    .spilled()
                    .each(&range.0, &range.1, |key, existed, value| {
                        let came_and_went =
                            key.len() == ROW_KEY_BYTES && !existed && value.is_none();
                        if came_and_went || key.len() == TEMPORARY_SEQUENCE_KEY_BYTES {
                            return Ok(());
                        }
                        self.change(key.into(), existed, value.map(Into::into))
                    })
            }
        }
    }

    fn change(&mut self, key: Box<[u8]>, existed: bool, value: Option<Box<[u8]>>) -> Result<()> {
        // In memory it is known for certain; of what was spilled the writer's word is taken.
        let existed = if self.spilled.is_none() {
            self.map.contains_key(&key)
        } else {
            existed
        };
        self.count(&key, existed, value.as_deref());
        match value {
            None if self.spilled.is_none() => {
                self.map.remove(&key);
            }
            value => {
                self.bytes += 96 + key.len() + value.as_ref().map_or(0, |value| value.len());
                self.map.insert(key, value);
            }
        }
        if self.bytes > self.spill_bytes {
            self.spill()?;
        }
        Ok(())
    }

    pub fn size(&self, file: FileId) -> FileSize {
        self.sizes.get(&file).copied().unwrap_or_default()
    }

    fn count(&mut self, key: &[u8], existed: bool, value: Option<&[u8]>) {
        let Some(file) = FileId::of_key(key) else {
            return;
        };
        let size = self.sizes.entry(file).or_default();
        match value {
            Some(value) if !existed => {
                size.entries += 1;
                size.bytes += (key.len() + value.len()) as i64;
            }
            None if existed => {
                size.bytes -= size.bytes / size.entries.max(1);
                size.entries -= 1;
            }
            _ => {}
        }
    }

    fn spill(&mut self) -> Result<()> {
        let base = match self.spilled.take() {
            Some(spilled) => spilled.base,
            None => {
                let failed =
                    |error| Error::io("could not make a directory for temporary tables", &error);
                std::fs::create_dir_all(&self.directory).map_err(failed)?;
                Lmdb::open_temporary(&self.directory)?
            }
        };
        let mut changes = self
            .map
            .iter()
            .map(|(key, value)| -> Change<'_> { (key, value.as_deref()) });
        base.apply(&mut changes)?;
        let reader = base.reader()?;
        self.spilled = Some(Spilled { reader, base });
        self.map.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl Drop for TemporaryStore {
    fn drop(&mut self) {
        if self.spilled.take().is_some() {
            // What can't be removed now is removed at the next start.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spilled_entries_read_as_before() -> Result<()> {
        let directory = std::env::temp_dir().join(format!("helios-spill-{}", std::process::id()));
        let mut store = TemporaryStore::new(directory.clone());
        store.spill_bytes = 4000;
        let file = FileId::temporary(3, 70000);
        for round in 0..20u64 {
            let change = |rowid: u64, existed, value: Option<u64>| {
                let value = value.map(|value| value.to_le_bytes().as_slice().into());
                (file.row_key(rowid).as_slice().into(), existed, value)
            };
            let inserts = (0..10).map(|step| change(round * 10 + step, false, Some(round)));
            store.apply(TemporaryChanges::List(inserts.collect()))?;
            store.apply(TemporaryChanges::List(vec![
                change(round * 10, true, None),
                change(round * 10 + 1, true, Some(99)),
            ]))?;
        }
        assert!(store.spilled.is_some());
        assert_eq!(store.size(file).entries, 180);
        let mut scan = MergedScan::new(true);
        store.add_to(&mut scan, &file.row_key(0), &file.row_key(u64::MAX))?;
        let mut count = 0;
        while let Some((key, value)) = scan.next_entry()? {
            assert_eq!(store.get(key)?, Some(value));
            count += 1;
        }
        assert_eq!(count, 180);
        drop(scan);
        assert_eq!(store.get(&file.row_key(10))?, None);
        assert_eq!(
            store.get(&file.row_key(11))?,
            Some(99u64.to_le_bytes().as_slice())
        );
        drop(store);
        assert!(!directory.exists());
        Ok(())
    }
}
