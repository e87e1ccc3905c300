//! A table as a snapshot sees it, handed to other threads: pipelines read it there.

use std::sync::Arc;

use helios_base::Result;

use super::{View, Worker};
use crate::base::BaseReader;
use crate::key::FileId;
use crate::merge::{Committed, MergedScan};
use crate::store::State;

/// A table's committed rows for one thread.
pub struct Detached {
    sequence: u64,
    state: Arc<State>,
    base: Option<Box<dyn BaseReader>>,
    file: FileId,
}

impl Worker {
    /// The table for each of `count` threads. None where not all that the view sees of it can be read there: temporary
    /// tables, and those that the transaction itself has written to. A serializable transaction has read the whole table.
    pub fn detach(&self, view: View, file: FileId, count: usize) -> Result<Option<Vec<Detached>>> {
        if file.is_temporary() {
            return Ok(None);
        }
        if view.transaction != 0 {
            let overlay = &self.transactions.get(view.transaction)?.overlay;
            let mut own = MergedScan::new(false);
            own.add_overlay(
                overlay,
                &file.row_key(0),
                &file.row_key(u64::MAX),
                view.command,
                false,
            )?;
            if !own.is_empty() {
                return Ok(None);
            }
        }
        let snapshot = self.snapshots.get(view.snapshot)?;
        snapshot.note_scan(file)?;
        let detached = (0..count).map(|_| Detached {
            sequence: snapshot.sequence,
            state: Arc::clone(&snapshot.state),
            base: snapshot.base.as_ref().map(|reader| reader.share()),
            file,
        });
        Ok(Some(detached.collect()))
    }
}

impl Detached {
    /// Its rows with from <= rowid < to, ascending.
    pub fn rows(&self, from: u64, to: u64) -> Result<MergedScan<'_>> {
        let committed = Committed {
            sequence: self.sequence,
            memtables: &self.state.memtables,
            base: self.base.as_deref(),
            extents: &self.state.extents,
        };
        let mut scan = MergedScan::new(false);
        scan.add_committed(&committed, &self.file.row_key(from), &self.file.row_key(to))?;
        Ok(scan)
    }
}
