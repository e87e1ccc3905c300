//! What is known of one serializable transaction. Times are readings of the registry's clock, which a commit moves twice:
//! when it is decided and when it is visible.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ranges::RangeSet;
use crate::targets::File;

/// Number of a transaction, never used again.
pub type Id = u64;

pub struct Transaction {
    pub pid: u32,
    /// Session's number, for its virtual transaction id.
    pub backend: u32,
    pub xid: u64,
    /// When its snapshot was taken.
    pub begin: u64,
    /// When it was decided that it commits.
    pub prepared: Option<u64>,
    /// When its writes became visible.
    pub committed: Option<u64>,
    /// Declared so, or ended without a write.
    pub read_only: bool,
    pub declared_read_only: bool,
    /// Must fail at its next step.
    pub doomed: bool,
    pub wrote: bool,
    /// It has a conflict in from, or out to, a transaction that was summarised.
    pub old_in: bool,
    pub old_out: bool,
    /// Once committed: when the first commit came that it had a conflict out to.
    pub earliest_out: Option<u64>,
    /// Those whose writes came after its reads, and those whose reads came before its writes.
    pub conflicts_out: Conflicts,
    pub conflicts_in: Conflicts,
    /// Read-only ones: writers that may make their snapshot unsafe. Others: read-only ones that watch them.
    pub watched: BTreeSet<Id>,
    pub safety: Safety,
    pub reads: HashMap<File, FileReads>,
    /// Those noted one by one.
    pub writes: Vec<Write>,
    /// Lengths of `writes` at its savepoints.
    pub savepoints: Vec<usize>,
    pub files_written: HashSet<File>,
    pub tracking: Arc<Tracking>,
    /// Called once it is known whether its snapshot is safe.
    pub waiter: Option<Box<dyn FnOnce() + Send>>,
}

/// The other ends of a transaction's conflicts, in the order in which they were found.
#[derive(Default, Clone)]
pub struct Conflicts(Vec<Id>);

impl Conflicts {
    pub fn contains(&self, other: Id) -> bool {
        self.0.contains(&other)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Id> {
        self.0.iter().copied()
    }

    pub fn add(&mut self, other: Id) {
        if !self.contains(other) {
            self.0.push(other);
        }
    }

    pub fn remove(&mut self, other: Id) {
        self.0.retain(|one| *one != other);
    }
}

/// What is known of a read-only transaction's snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Safety {
    Unknown,
    Unsafe,
    /// Nothing that it may read can be part of an anomaly.
    Safe,
}

/// What its readers look at before each read, without the registry's mutex.
#[derive(Default)]
pub struct Tracking {
    off: AtomicBool,
}

impl Tracking {
    pub fn is_on(&self) -> bool {
        !self.off.load(Ordering::Acquire)
    }

    pub fn end(&self) {
        self.off.store(true, Ordering::Release);
    }
}

#[derive(Default)]
pub struct FileReads {
    pub whole: bool,
    pub pages: HashSet<u64>,
    /// Rows by page.
    pub rows: HashMap<u64, Vec<u64>>,
    pub row_count: usize,
    pub ranges: RangeSet,
}

impl FileReads {
    pub fn has_row(&self, page: u64, rowid: u64) -> bool {
        self.whole
            || self.pages.contains(&page)
            || self
                .rows
                .get(&page)
                .is_some_and(|rows| rows.contains(&rowid))
    }

    pub fn count(&self) -> usize {
        usize::from(self.whole) + self.pages.len() + self.row_count + self.ranges.len()
    }
}

/// A noted write, so that a savepoint can take it back.
pub enum Write {
    Row(File, u64),
    Key(File, Box<[u8]>),
}

impl Write {
    pub fn file(&self) -> File {
        let (Write::Row(file, _) | Write::Key(file, _)) = self;
        *file
    }
}

impl Transaction {
    pub fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// It had finished before one that began at `begin` took its snapshot.
    pub fn is_over_for(&self, begin: u64) -> bool {
        self.committed.is_some_and(|committed| committed <= begin)
    }
}
