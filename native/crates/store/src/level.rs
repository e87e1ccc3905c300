//! What readers find above the base, newest first: memtables, and between them the files of large commits.

use std::sync::Arc;

use helios_base::Result;

use crate::large::LargeCommit;
use crate::memtable::Memtable;

#[derive(Clone)]
pub enum Level {
    Memory(Arc<Memtable>),
    Large(Arc<LargeCommit>),
}

impl Level {
    /// What a snapshot of the sequence finds under a key. None: nothing is said of it; Some(None): it is deleted.
    #[inline]
    pub fn get(&self, key: &[u8], sequence: u64) -> Result<Option<Option<&[u8]>>> {
        match self {
            Level::Memory(table) => Ok(table.get(key, sequence).map(|entry| entry.value)),
            Level::Large(commit) => commit.get(key, sequence),
        }
    }

    /// False: no index entry with these bytes before its rowid is here.
    #[inline]
    pub fn may_have_entry(&self, before_rowid: &[u8]) -> bool {
        match self {
            Level::Memory(table) => table.may_have_entry(before_rowid),
            Level::Large(commit) => commit.may_have_entry(before_rowid),
        }
    }

    /// Any key of lower <= key < upper is here, whoever sees it.
    pub fn has_any(&self, lower: &[u8], upper: &[u8]) -> Result<bool> {
        Ok(match self {
            Level::Memory(table) => table.forward(lower, upper, u64::MAX).peek().is_some(),
            Level::Large(commit) => commit.scan(lower, upper, u64::MAX, false)?.peek().is_some(),
        })
    }
}
