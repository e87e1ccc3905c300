//! A worker's writes of rows and index entries, and its reads of single rows.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use helios_base::Result;
use helios_base::bytes::{take, u32_at};
use helios_base::sync::lock;
use helios_columns::batch::{BatchWriter, ColumnSet};
use helios_columns::copy::Decoder;
use helios_columns::row;

use super::{Filled, View, Worker};
use crate::key::FileId;
use crate::overlay::Write;
use crate::placement::{Placement, Placing};
use crate::store::SnapshotState;

/// Length and heap size before each row.
const ROW_HEADER_BYTES: usize = 8;

/// What became of rows to insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    Placed,
    /// Nothing: first `page_measured` must say what the rows on this page, the file's last, take up.
    Measure(u32),
}

/// What a call took of COPY's lines.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    pub bytes: usize,
    pub rows: usize,
    /// Or the page that must be measured before rows can be placed: a further call goes on from there.
    pub inserted: Inserted,
}

impl Worker {
    /// Inserts encoded rows, each after two u32: its length and its size as a heap tuple. Their rowids, in the same
    /// order, go to `rowids`.
    pub fn insert_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rows: &[u8],
        how: Placing,
        rowids: &mut Vec<u64>,
    ) -> Result<Inserted> {
        let mut sizes = Vec::new();
        let mut at = 0;
        while at < rows.len() {
            sizes.push(u32_at(rows, at + 4)?);
            at += ROW_HEADER_BYTES + u32_at(rows, at)? as usize;
        }
        let (inserted, xid) = self.place(transaction, file, how, &sizes, rowids)?;
        if inserted != Inserted::Placed {
            return Ok(inserted);
        }
        let stamp = row::stamp(xid, command);
        let mut at = 0;
        let stored = rowids.iter().map(|rowid| {
            let length = u32_at(rows, at)? as usize;
            at += ROW_HEADER_BYTES;
            let row = row::finish(take(rows, &mut at, length)?, stamp)?;
            Ok((*rowid, Cow::Owned(row)))
        });
        let overlay = self.overlay(transaction)?;
        overlay.insert_rows(command, file, stored)?;
        Ok(inserted)
    }

    /// Decodes COPY's lines and inserts their rows, a batch at a time; the rows of the last batch wait in the decoder until
    /// it is complete or `finish` says that no more will come.
    #[allow(clippy::too_many_arguments)]
    pub fn copy_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        decoder: &mut Decoder,
        input: &[u8],
        how: Placing,
        finish: bool,
    ) -> Result<Copied> {
        let before = decoder.rows.count();
        let mut copied = Copied {
            bytes: decoder.decode(input),
            rows: decoder.rows.count() - before,
            inserted: Inserted::Placed,
        };
        let mut from = 0;
        let mut rowids = Vec::new();
        while let Some(to) = decoder.rows.batch_end(from, finish) {
            rowids.clear();
            let sizes = &decoder.rows.sizes[from..to];
            let (inserted, xid) = self.place(transaction, file, how, sizes, &mut rowids)?;
            copied.inserted = inserted;
            if inserted != Inserted::Placed {
                break;
            }
            let stamp = row::stamp(xid, command);
            decoder.rows.set_stamp(from..to, stamp);
            let stored = rowids.iter().zip(from..to).map(|(rowid, index)| {
                let row = decoder.rows.row(index);
                Ok(if row::is_compressible(row) {
                    (*rowid, Cow::Owned(row::finish(row, stamp)?))
                } else {
                    (*rowid, Cow::Borrowed(row))
                })
            });
            let overlay = self.overlay(transaction)?;
            overlay.insert_rows(command, file, stored)?;
            from = to;
        }
        decoder.rows.remove_first(from);
        Ok(copied)
    }

    /// Finds places for new rows of these heap sizes; also the id that they carry.
    fn place(
        &mut self,
        transaction: u32,
        file: FileId,
        how: Placing,
        sizes: &[u32],
        rowids: &mut Vec<u64>,
    ) -> Result<(Inserted, u64)> {
        let top = self.xid(transaction)?;
        let placement = self.placement(file)?;
        let session = self.transactions.get_mut(transaction)?.session;
        let mut placement = lock(&placement);
        if let Some(page) = placement.unknown() {
            return Ok((Inserted::Measure(page), 0));
        }
        placement.place(session, top, how, sizes, rowids)?;
        drop(placement);
        self.note_insert(transaction, file, rowids, top)?;
        let xid = self.current_xid(transaction)?;
        Ok((Inserted::Placed, xid))
    }

    /// Says what the rows on a file's last page take up as heap tuples (see `Inserted::Measure`).
    pub fn page_measured(&mut self, file: FileId, page: u32, tuple_bytes: usize) -> Result<()> {
        let placement = self.placement(file)?;
        lock(&placement).measured(page, tuple_bytes);
        Ok(())
    }

    /// Pages of a table's file.
    pub fn pages(&mut self, file: FileId) -> Result<u32> {
        let placement = self.placement(file)?;
        let pages = lock(&placement).pages();
        Ok(pages)
    }

    /// VACUUM has seen the file: rows may go on any page with space.
    pub fn vacuumed(&mut self, file: FileId, truncate: bool) -> Result<()> {
        let placement = self.placement(file)?;
        lock(&placement).vacuum(truncate);
        Ok(())
    }

    /// The table's definition has changed: the next row's page is looked for anew.
    pub fn forget_target(&self, file: FileId) {
        if let Some(placement) = self.store.known_placement(file) {
            lock(&placement).forget_target();
        }
    }

    fn placement(&mut self, file: FileId) -> Result<Arc<Mutex<Placement>>> {
        match self.store.known_placement(file) {
            Some(placement) => Ok(placement),
            None => {
                let state = self.current_state()?;
                self.store.placement(file, &state)
            }
        }
    }

    /// Writes a row's new version; of its stamp LOCKED is kept.
    pub fn update_row(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rowid: u64,
        encoded: &[u8],
    ) -> Result<()> {
        let xid = self.xid(transaction)?;
        self.note_change(transaction, file, rowid, xid)?;
        let stamp = row::stamp(self.current_xid(transaction)?, command) | row::locked(encoded)?;
        let stored = row::finish(encoded, stamp)?;
        let overlay = self.overlay(transaction)?;
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
        let xid = self.xid(transaction)?;
        self.note_change(transaction, file, rowid, xid)?;
        self.current_xid(transaction)?;
        self.overlay(transaction)?
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
        let read = rowids[..count].iter().map(|rowid| *rowid as u64);
        snapshot.note_rows(file, read)?;
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
        let xid = self.xid(transaction)?;
        let key = file.index_key(key, rowid);
        self.note_key(transaction, file, &key, xid)?;
        let value = payload.map_or_else(Vec::new, |payload| [&[1], payload].concat());
        let overlay = self.overlay(transaction)?;
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
        self.overlay(transaction)?
            .delete(command, file.index_key(key, rowid));
        Ok(())
    }
}
