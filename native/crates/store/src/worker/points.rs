//! A worker's point reads: one row by one whole key of a unique index, index entry and row in one call, either as a view
//! sees it or in the newest committed state without a snapshot to take and release.

use helios_base::Result;
use helios_columns::batch::{BatchWriter, ColumnSet};

use super::cursors::add_entries;
use super::{Filled, View, Worker};
use crate::blocks::Blocks;
use crate::extents::FileExtents;
use crate::key::{FileId, after_prefix, rowid_of};
use crate::merge::{Committed, MergedScan};
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
        // An odd version is that of a change under way: what was planned then may be what was before it or after it.
        let is_settled = catalog_version.is_multiple_of(2);
        let is_current = is_settled && self.store.catalog_version() == catalog_version;
        Ok(is_current.then_some(filled))
    }

    /// As `newest_row_by_key`, with what the transaction (0: none) wrote before the command; whatever the catalogs did.
    pub fn newest_row_by_key_in(
        &mut self,
        path: PointPath,
        transaction: u32,
        command: u32,
        key: &[u8],
        columns: &mut ColumnSet,
        out: &mut [u8],
    ) -> Result<Filled> {
        let state = self.current_state()?;
        let view = View {
            snapshot: 0,
            transaction,
            command,
        };
        self.row_by_key(&state, view, path, key, columns, out)
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

    /// The rowid under a key of the index in the newest committed state, with what the transaction wrote before the command.
    pub fn newest_rowid(
        &mut self,
        index: FileId,
        transaction: u32,
        command: u32,
        key: &[u8],
    ) -> Result<Option<u64>> {
        let state = self.current_state()?;
        let view = View {
            snapshot: 0,
            transaction,
            command,
        };
        self.rowid_by_key(&state, view, index, key)
    }

    /// Rowid and stored form of the row under a key of the index in the newest committed state, with what the transaction
    /// (0: none) wrote before the command.
    pub fn newest_stored(
        &mut self,
        path: PointPath,
        transaction: u32,
        command: u32,
        key: &[u8],
        row: &mut Vec<u8>,
    ) -> Result<Option<u64>> {
        let state = self.current_state()?;
        let view = View {
            snapshot: 0,
            transaction,
            command,
        };
        let Some(rowid) = self.rowid_by_key(&state, view, path.index, key)? else {
            return Ok(None);
        };
        let stored = self.get(&state, view, path.table, &path.table.row_key(rowid))?;
        row.clear();
        Ok(stored.map(|stored| {
            row.extend_from_slice(stored);
            rowid
        }))
    }

    /// A row as the transaction has written it; None where it has not.
    pub fn own_row(&self, transaction: u32, file: FileId, rowid: u64) -> Option<&[u8]> {
        let overlay = &self.transactions.get(transaction).ok()?.overlay;
        overlay.get(&file.row_key(rowid), u32::MAX).ok()??
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
        snapshot.note_rows(path.table, [rowid])?;
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
        snapshot.note_range(index, &lower, &upper)?;
        let overlay = match view.transaction {
            0 => None,
            transaction => Some(&self.transactions.get(transaction)?.overlay),
        };
        let overlay = overlay.filter(|overlay| !overlay.is_empty());
        if overlay.is_none()
            && !index.is_temporary()
            && let Some(found) = only_in_base(&snapshot.committed(), &lower, &upper)?
        {
            return Ok(found);
        }
        let mut scan = MergedScan::new(false);
        if let Some(overlay) = overlay {
            scan.add_overlay(overlay, &lower, &upper, view.command, true)?;
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

/// The rowid of a key of which the memtables know nothing, Some(None) where the base knows nothing of it either; None
/// where only a merged scan can tell.
fn only_in_base(
    committed: &Committed<'_>,
    lower: &[u8],
    upper: &[u8],
) -> Result<Option<Option<u64>>> {
    let Some(base) = committed.base else {
        return Ok(None);
    };
    let mut levels = committed.memtables.iter();
    if levels.any(|level| level.may_have_entry(lower)) {
        return Ok(None);
    }
    if let Some(extents) = FileId::of_key(lower).and_then(|file| committed.extents.of(file)) {
        return only_in_bulk(extents, committed.sequence, lower, upper);
    }
    Ok(match base.first(lower, upper)? {
        None => Some(None),
        Some((found, _)) if found.len() == lower.len() + 8 => Some(Some(rowid_of(found))),
        // The entry of a longer key: the right one may stand behind it.
        Some(_) => None,
    })
}

/// The same for an index with bulk files.
fn only_in_bulk(
    extents: &FileExtents,
    sequence: u64,
    lower: &[u8],
    upper: &[u8],
) -> Result<Option<Option<u64>>> {
    let [chain] = extents.chains() else {
        return Ok(None);
    };
    if extents.is_shadowed() {
        return Ok(None);
    }
    let found = chain.first_from(lower, sequence)?;
    Ok(match found.filter(|(found, _)| *found < upper) {
        None => Some(None),
        Some((found, _)) if found.len() == lower.len() + 8 => Some(Some(rowid_of(found))),
        Some(_) => None,
    })
}
