//! Read locks for pg_locks.

use crate::registry::Registry;
use crate::targets::{File, line_of, page_of};

/// How much of a file a read lock covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    Relation,
    /// A heap page, or one of the key ranges of an index, counted from 1 in key order.
    Page(u64),
    Row {
        page: u64,
        line: u64,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadLock {
    pub file: File,
    pub extent: Extent,
    pub pid: u32,
    pub backend: u32,
}

impl Registry {
    /// The read locks that transactions hold, finished ones included.
    pub fn report(&self) -> Vec<ReadLock> {
        let state = self.lock();
        let mut locks = Vec::with_capacity(state.lock_count);
        for transaction in state.transactions.values() {
            let (pid, backend) = (transaction.pid, transaction.backend);
            for (file, reads) in &transaction.reads {
                let mut add = |extent| {
                    locks.push(ReadLock {
                        file: *file,
                        extent,
                        pid,
                        backend,
                    });
                };
                if reads.whole {
                    add(Extent::Relation);
                }
                reads.pages.iter().for_each(|page| add(Extent::Page(*page)));
                (1..=reads.ranges.len()).for_each(|range| add(Extent::Page(range as u64)));
                for rowid in reads.rows.values().flatten() {
                    add(Extent::Row {
                        page: page_of(*rowid),
                        line: line_of(*rowid),
                    });
                }
            }
        }
        locks
    }
}
