//! A worker's writes of rows and index entries, and its reads of single rows.

use std::sync::atomic::Ordering;

use helios_base::Result;
use helios_base::bytes::{take, u32_at};
use helios_columns::batch::{BatchWriter, ColumnSet};
use helios_columns::copy::{Decoder, Rows};
use helios_columns::row;

use super::{Filled, View, Worker};
use crate::key::FileId;
use crate::overlay::Write;
use crate::store::SnapshotState;

impl Worker {
    /// Inserts encoded rows (each after a u32 length) under consecutive rowids; the first of them.
    pub fn insert_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rows: &[u8],
        count: u64,
    ) -> Result<u64> {
        let xid = self.xid(transaction)?;
        let first = self.new_rowids(file, count)?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let mut at = 0;
        let stored = (0..count as usize).map(|_| {
            let length = u32_at(rows, at)? as usize;
            at += 4;
            row::finish(take(rows, &mut at, length)?, xid)
        });
        overlay.insert_rows(command, file, first, stored)?;
        Ok(first)
    }

    /// Decodes COPY's lines and inserts their rows: bytes of the lines taken, and rows.
    pub fn copy_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        decoder: &mut Decoder,
        input: &[u8],
    ) -> Result<(usize, usize)> {
        let used = decoder.decode(input);
        let count = decoder.rows.ends.len();
        if count == 0 {
            return Ok((used, 0));
        }
        let xid = self.xid(transaction)?;
        let first = self.new_rowids(file, count as u64)?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let mut start = 0;
        let Rows { bytes, ends } = &mut decoder.rows;
        for (rowid, end) in (first..).zip(ends.iter()) {
            let row = &mut bytes[start..*end as usize];
            start = *end as usize;
            row[..8].copy_from_slice(&xid.to_le_bytes());
            if row::is_compressible(row) {
                overlay.append(command, file, &file.row_key(rowid), &row::finish(row, xid)?)?;
            } else {
                overlay.append(command, file, &file.row_key(rowid), row)?;
            }
        }
        Ok((used, count))
    }

    /// Fresh rowids that follow each other; the first.
    fn new_rowids(&mut self, file: FileId, count: u64) -> Result<u64> {
        let counter = match self.store.known_rowid_counter(file) {
            Some(counter) => counter,
            None => {
                let state = self.current_state()?;
                self.store.rowid_counter(file, &state)?
            }
        };
        Ok(counter.fetch_add(count, Ordering::Relaxed))
    }

    pub fn update_row(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rowid: u64,
        encoded: &[u8],
    ) -> Result<()> {
        let xid = self.xid(transaction)?;
        let stored = row::finish(encoded, xid)?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        overlay.put(
            command,
            file.row_key(rowid),
            stored.into_boxed_slice(),
            Write::Update,
        );
        Ok(())
    }

    pub fn delete_row(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rowid: u64,
    ) -> Result<()> {
        self.xid(transaction)?;
        self.transactions
            .get_mut(transaction)?
            .overlay
            .delete(command, file.row_key(rowid));
        Ok(())
    }

    /// The rows under these rowids as one batch, in that order; absent ones have rowid 0.
    pub fn get_rows(
        &self,
        view: View,
        file: FileId,
        rowids: &[f64],
        columns: &mut ColumnSet,
        out: &mut [u8],
    ) -> Result<Filled> {
        let size = out.len();
        let snapshot = self.snapshots.get(view.snapshot)?;
        let mut batch = match BatchWriter::new(out, columns, rowids.len()) {
            Ok(batch) => batch,
            Err(_) => return Ok(Filled::Grow(size * 2)),
        };
        for rowid in rowids {
            let key = file.row_key(*rowid as u64);
            let fits = match self.get(snapshot, view, file, &key)? {
                Some(stored) => batch.push(*rowid as u64, stored)?,
                None => batch.push_absent(),
            };
            if !fits {
                break;
            }
        }
        let count = batch.count();
        if count == 0 && !rowids.is_empty() {
            return Ok(Filled::Grow(size * 2));
        }
        batch.finish();
        Ok(Filled::Count(count))
    }

    pub(super) fn get<'a>(
        &'a self,
        snapshot: &'a SnapshotState,
        view: View,
        file: FileId,
        key: &[u8],
    ) -> Result<Option<&'a [u8]>> {
        if view.transaction != 0
            && let Some(value) = self
                .transactions
                .get(view.transaction)?
                .overlay
                .get(key, view.command)?
        {
            return Ok(value);
        }
        if file.is_temporary() {
            return match self.temporary.get(&file.owner) {
                Some(stored) => stored.get(key),
                None => Ok(None),
            };
        }
        snapshot.committed().get(key)
    }

    // Index entries.

    pub fn insert_entry(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        key: &[u8],
        rowid: u64,
        payload: Option<&[u8]>,
    ) -> Result<()> {
        self.xid(transaction)?;
        let key = file.index_key(key, rowid);
        let value = payload.map_or_else(Vec::new, |payload| [&[1], payload].concat());
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        overlay.put(command, key, value.into_boxed_slice(), Write::Insert);
        Ok(())
    }

    pub fn delete_entry(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        key: &[u8],
        rowid: u64,
    ) -> Result<()> {
        self.xid(transaction)?;
        self.transactions
            .get_mut(transaction)?
            .overlay
            .delete(command, file.index_key(key, rowid));
        Ok(())
    }
}
