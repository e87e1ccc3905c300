//! A worker's ordered reads: cursors over rows and index entries, and lookups of one key.

use std::collections::HashMap;
use std::rc::Rc;

use helios_base::Result;
use helios_base::slab::Slab;
use helios_columns::batch::{BatchWriter, ColumnSet};

use super::{Filled, View, Worker};
use crate::key::{FileId, after_prefix, rowid_of};
use crate::merge::MergedScan;
use crate::store::SnapshotState;
use crate::temporary::TemporaryStore;
use crate::transaction::Transaction;

pub(super) struct Cursor {
    snapshot: Rc<SnapshotState>,
    transaction: u32,
    command: u32,
    file: FileId,
    lower: Vec<u8>,
    upper: Vec<u8>,
    backward: bool,
    ended: bool,
    columns: ColumnSet,
}

impl Worker {
    /// A cursor over lower <= key < upper (whole keys, as `FileId` makes them).
    pub fn open_cursor(
        &mut self,
        view: View,
        file: FileId,
        lower: Vec<u8>,
        upper: Vec<u8>,
        backward: bool,
        columns: ColumnSet,
    ) -> Result<u32> {
        let snapshot = Rc::clone(self.snapshots.get(view.snapshot)?);
        let ended = lower >= upper;
        let (transaction, command) = (view.transaction, view.command);
        Ok(self.cursors.insert(Cursor {
            snapshot,
            transaction,
            command,
            file,
            lower,
            upper,
            backward,
            ended,
            columns,
        }))
    }

    pub fn close_cursor(&mut self, cursor: u32) {
        self.cursors.remove(cursor);
    }

    /// The next rows of a table cursor as a column batch.
    pub fn next_rows(&mut self, cursor: u32, count: usize, out: &mut [u8]) -> Result<Filled> {
        let cursor = self.cursors.get_mut(cursor)?;
        if cursor.ended {
            return Ok(Filled::Count(0));
        }
        cursor.snapshot.note_scan(cursor.file)?;
        let size = out.len();
        let mut columns = std::mem::take(&mut cursor.columns);
        let result = fill_rows(
            &self.transactions,
            &self.temporary,
            cursor,
            &mut columns,
            count,
            out,
            size,
        );
        cursor.columns = columns;
        let (filled, last, ended) = result?;
        cursor.moved(last, ended);
        Ok(filled)
    }

    /// The next entries of an index cursor: u32 count, then for each f64 rowid; then for each u32 end of its payload
    /// and, with the top bit, that it has none; then the payloads.
    pub fn next_entries(&mut self, cursor: u32, count: usize, out: &mut [u8]) -> Result<Filled> {
        let cursor = self.cursors.get_mut(cursor)?;
        if cursor.ended {
            return Ok(Filled::Count(0));
        }
        let mut scan = open_scan(&self.transactions, &self.temporary, cursor)?;
        let room = count.min((out.len().saturating_sub(8)) / 16).max(1);
        let ends_at = 8 + room * 8;
        let data_at = ends_at + room * 4;
        let (mut filled, mut used) = (0, data_at);
        let mut last: Option<&[u8]> = None;
        let mut ended = false;
        while filled < room {
            let Some((key, value)) = scan.next_entry()? else {
                ended = true;
                break;
            };
            let payload = value.get(1..);
            let length = payload.map_or(0, <[u8]>::len);
            if used + length > out.len() {
                if filled == 0 {
                    return Ok(Filled::Grow(used + length));
                }
                break;
            }
            let at = 8 + filled * 8;
            out[at..at + 8].copy_from_slice(&(rowid_of(key) as f64).to_le_bytes());
            if let Some(payload) = payload {
                out[used..used + length].copy_from_slice(payload);
                used += length;
            }
            let end = used as u32 | if payload.is_some() { 0 } else { 1 << 31 };
            let at = ends_at + filled * 4;
            out[at..at + 4].copy_from_slice(&end.to_le_bytes());
            last = Some(key);
            filled += 1;
        }
        out[0..4].copy_from_slice(&(filled as u32).to_le_bytes());
        out[4..8].copy_from_slice(&(room as u32).to_le_bytes());
        let last = last.map(<[u8]>::to_vec);
        drop(scan);
        cursor.note_entries(last.as_deref(), ended)?;
        cursor.moved(last, ended);
        Ok(Filled::Count(filled))
    }

    /// Rowids of the entries with exactly this key, as f64 values in `out`.
    pub fn lookup(&self, view: View, file: FileId, key: &[u8], out: &mut [u8]) -> Result<Filled> {
        let snapshot = self.snapshots.get(view.snapshot)?;
        let lower = file.bound(key);
        let Some(upper) = after_prefix(&lower) else {
            return Ok(Filled::Count(0));
        };
        snapshot.note_range(file, &lower, &upper)?;
        let mut scan = MergedScan::new(false);
        if view.transaction != 0 {
            scan.add_overlay(
                &self.transactions.get(view.transaction)?.overlay,
                &lower,
                &upper,
                view.command,
                true,
            )?;
        }
        add_entries(&mut scan, &self.temporary, snapshot, file, &lower, &upper)?;
        let mut count = 0;
        let mut needed = 0;
        while let Some((found, _)) = scan.next_entry()? {
            if found.len() != lower.len() + 8 {
                continue;
            }
            if let Some(place) = out.get_mut(count * 8..count * 8 + 8) {
                place.copy_from_slice(&(rowid_of(found) as f64).to_le_bytes());
                count += 1;
            } else {
                needed = out.len() * 2;
            }
        }
        Ok(if needed > 0 {
            Filled::Grow(needed)
        } else {
            Filled::Count(count)
        })
    }
}

impl Cursor {
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Notes that the entries up to the last one delivered were read, or all that were left.
    fn note_entries(&self, last: Option<&[u8]>, ended: bool) -> Result<()> {
        if self.snapshot.reader.is_none() {
            return Ok(());
        }
        let Some(last) = last.filter(|_| !ended) else {
            return self
                .snapshot
                .note_range(self.file, &self.lower, &self.upper);
        };
        if self.backward {
            return self.snapshot.note_range(self.file, last, &self.upper);
        }
        let after = [last, &[0]].concat();
        self.snapshot.note_range(self.file, &self.lower, &after)
    }

    /// Continues after the last entry delivered.
    pub(super) fn moved(&mut self, last: Option<Vec<u8>>, ended: bool) {
        self.ended |= ended;
        if let Some(mut last) = last {
            if self.backward {
                self.upper = last;
            } else {
                last.push(0);
                self.lower = last;
            }
        }
    }
}

type RowsFilled = (Filled, Option<Vec<u8>>, bool);

fn fill_rows(
    transactions: &Slab<Transaction>,
    temporary: &HashMap<u32, TemporaryStore>,
    cursor: &Cursor,
    columns: &mut ColumnSet,
    count: usize,
    out: &mut [u8],
    size: usize,
) -> Result<RowsFilled> {
    let mut scan = open_scan(transactions, temporary, cursor)?;
    let Ok(mut batch) = BatchWriter::new(out, columns, count) else {
        return Ok((Filled::Grow(size * 2), None, false));
    };
    let mut last: Option<&[u8]> = None;
    let mut ended = false;
    while !batch.is_full() {
        let Some((key, stored)) = scan.next_entry()? else {
            ended = true;
            break;
        };
        if !batch.push(rowid_of(key), stored)? {
            if batch.count() == 0 {
                return Ok((Filled::Grow(size * 2), None, false));
            }
            break;
        }
        last = Some(key);
    }
    let filled = batch.count();
    batch.finish();
    Ok((Filled::Count(filled), last.map(<[u8]>::to_vec), ended))
}

pub(super) fn open_scan<'a>(
    transactions: &'a Slab<Transaction>,
    temporary: &'a HashMap<u32, TemporaryStore>,
    cursor: &'a Cursor,
) -> Result<MergedScan<'a>> {
    let mut scan = MergedScan::new(cursor.backward);
    if cursor.transaction != 0
        && let Ok(transaction) = transactions.get(cursor.transaction)
    {
        scan.add_overlay(
            &transaction.overlay,
            &cursor.lower,
            &cursor.upper,
            cursor.command,
            false,
        )?;
    }
    add_stored(
        &mut scan,
        temporary,
        &cursor.snapshot,
        cursor.file,
        &cursor.lower,
        &cursor.upper,
    )?;
    Ok(scan)
}

/// The entries with one whole key, whose bytes before the rowid are `lower`.
pub(super) fn add_entries<'a>(
    scan: &mut MergedScan<'a>,
    temporary: &'a HashMap<u32, TemporaryStore>,
    snapshot: &'a SnapshotState,
    file: FileId,
    lower: &[u8],
    upper: &[u8],
) -> Result<()> {
    if file.is_temporary() {
        return add_stored(scan, temporary, snapshot, file, lower, upper);
    }
    scan.add_entries(&snapshot.committed(), lower, upper)
}

fn add_stored<'a>(
    scan: &mut MergedScan<'a>,
    temporary: &'a HashMap<u32, TemporaryStore>,
    snapshot: &'a SnapshotState,
    file: FileId,
    lower: &[u8],
    upper: &[u8],
) -> Result<()> {
    if !file.is_temporary() {
        return scan.add_committed(&snapshot.committed(), lower, upper);
    }
    match temporary.get(&file.owner) {
        Some(stored) => stored.add_to(scan, lower, upper),
        None => Ok(()),
    }
}
