//! A worker's point reads: one row by one whole key of a unique index, index entry and row in one call, either as a view
//! sees it or in the newest committed state without a snapshot to take and release.

use helios_base::Result;
use helios_columns::batch::{BatchWriter, ColumnSet};

use super::cursors::add_entries;
use super::{Filled, View, Worker};
use crate::key::{FileId, after_prefix, rowid_of};
use crate::merge::MergedScan;
use crate::store::SnapshotState;

/// A unique index and the table that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointPath {
    pub index: FileId,
    pub table: FileId,
}

impl Worker {
    /// The row under a key of the index in the newest committed state, as a batch of one row or none. None where the
    /// catalogs have moved on since `catalog_version`: the caller's plan may be out of date, the batch is then void.
    pub fn newest_row_by_key(
        &mut self,
        path: PointPath,
        catalog_version: u32,
        key: &[u8],
        columns: &mut ColumnSet,
        out: &mut [u8],
    ) -> Result<Option<Filled>> {
        let state = self.current_state()?;
        let view = View {
            snapshot: 0,
            transaction: 0,
            command: 0,
        };
        let filled = self.row_by_key(&state, view, path, key, columns, out)?;
        let is_current = self.store.catalog_version() == catalog_version;
        Ok(is_current.then_some(filled))
    }

    /// The row under a key of the index as the view sees it, as a batch of one row or none.
    pub fn row_by_key_in_view(
        &self,
        view: View,
        path: PointPath,
        key: &[u8],
        columns: &mut ColumnSet,
        out: &mut [u8],
    ) -> Result<Filled> {
        let snapshot = self.snapshots.get(view.snapshot)?;
        self.row_by_key(snapshot, view, path, key, columns, out)
    }

    fn row_by_key(
        &self,
        snapshot: &SnapshotState,
        view: View,
        path: PointPath,
        key: &[u8],
        columns: &mut ColumnSet,
        out: &mut [u8],
    ) -> Result<Filled> {
        let Some(rowid) = self.rowid_by_key(snapshot, view, path.index, key)? else {
            return Ok(Filled::Count(0));
        };
        let row_key = path.table.row_key(rowid);
        let Some(stored) = self.get(snapshot, view, path.table, &row_key)? else {
            return Ok(Filled::Count(0));
        };
        let size = out.len();
        let Ok(mut batch) = BatchWriter::new(out, columns, 1) else {
            return Ok(Filled::Grow(size * 2));
        };
        if !batch.push(rowid, stored)? {
            return Ok(Filled::Grow(size * 2));
        }
        batch.finish();
        Ok(Filled::Count(1))
    }

    fn rowid_by_key(
        &self,
        snapshot: &SnapshotState,
        view: View,
        index: FileId,
        key: &[u8],
    ) -> Result<Option<u64>> {
        let lower = index.bound(key);
        let Some(upper) = after_prefix(&lower) else {
            return Ok(None);
        };
        let mut scan = MergedScan::new(false);
        if view.transaction != 0 {
            let overlay = &self.transactions.get(view.transaction)?.overlay;
            scan.add_overlay(overlay, &lower, &upper, view.command)?;
        }
        add_entries(&mut scan, &self.temporary, snapshot, index, &lower, &upper)?;
        while let Some((found, _)) = scan.next_entry()? {
            if found.len() == lower.len() + 8 {
                return Ok(Some(rowid_of(found)));
            }
        }
        Ok(None)
    }
}
