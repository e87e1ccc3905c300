//! Rows and index entries: writes take encoded bytes from the write buffer, reads leave batches in the read buffer.
//! Calls that fill a buffer return the count, or minus the bytes that it must at least have.

use helios_base::Error;
use helios_columns::batch::{Column, ColumnSet, Slot};
use helios_store::key::{FileId, after_prefix};
use helios_store::placement::Placing;
use helios_store::worker::{Filled, Inserted, View};
use napi_derive::napi;

use crate::store::{Result, file, filled, with};

/// Number of a set of columns: pairs (attribute index, value width; 0 for varlen), ascending.
#[napi]
pub fn store_columns(pairs: Vec<u32>) -> Result<u32> {
    with(|here| {
        if let Some(known) = here.columns_known.get(&pairs) {
            return Ok(*known);
        }
        let mut columns = Vec::with_capacity(pairs.len() / 2);
        for pair in pairs.chunks_exact(2) {
            let slot = Slot::from_width(pair[1] as u8)
                .ok_or_else(|| Error::internal("unknown value width"))?;
            columns.push(Column {
                attribute: pair[0] as usize,
                slot,
            });
        }
        let number = here.columns.len() as u32;
        here.columns.push(ColumnSet::new(columns));
        here.columns_known.insert(pairs, number);
        Ok(number)
    })
}

/// Inserts the rows that stand in the first `length` bytes of the write buffer, each after two u32: its length and its
/// size as a heap tuple. `reserved`: bytes of each page kept free; `bulk`: number of a statement that only loads rows, or 0;
/// `flags`: 1 one batch of COPY, 2 new table, 4 the transaction made the file. Returns the first rowid; those of all rows
/// stand as f64 values in the read buffer, which must hold them. Or inserts nothing and returns -1 minus the number of a
/// page: `page_measured` must first say what its rows take up.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn table_insert(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    length: u32,
    reserved: u32,
    bulk: u32,
    flags: u32,
) -> Result<f64> {
    with(|here| {
        let rows = here.written(length as usize)?;
        let file = file(database, filenode, owner);
        let how = placing(reserved, bulk, flags);
        let out = here.read_buffer();
        let mut rowids = std::mem::take(&mut here.rowids);
        rowids.clear();
        let inserted = here
            .worker
            .insert_rows(transaction, command, file, rows, how, &mut rowids);
        for (place, rowid) in out.as_chunks_mut::<8>().0.iter_mut().zip(&rowids) {
            *place = (*rowid as f64).to_le_bytes();
        }
        let first = rowids.first().copied().unwrap_or(0);
        here.rowids = rowids;
        Ok(match inserted? {
            Inserted::Placed => first as f64,
            Inserted::Measure(page) => -f64::from(page) - 1.0,
        })
    })
}

pub(crate) fn placing(reserved: u32, bulk: u32, flags: u32) -> Placing {
    Placing {
        reserved: reserved as usize,
        batch: flags & 1 != 0,
        skip_map: flags & 2 != 0,
        bulk,
        new_file: flags & 4 != 0,
    }
}

/// Says what the rows on a file's last page take up as heap tuples; asked for by `table_insert`.
#[napi]
pub fn page_measured(
    database: u32,
    filenode: u32,
    owner: u32,
    page: u32,
    tuple_bytes: u32,
) -> Result<()> {
    with(|here| {
        here.worker
            .page_measured(file(database, filenode, owner), page, tuple_bytes as usize)
    })
}

/// Pages of a table's file.
#[napi]
pub fn table_pages(database: u32, filenode: u32, owner: u32) -> Result<u32> {
    with(|here| here.worker.pages(file(database, filenode, owner)))
}

/// The table's definition has changed: its next row's page is looked for anew.
#[napi]
pub fn table_changed(database: u32, filenode: u32, owner: u32) -> Result<()> {
    with(|here| {
        here.worker.forget_target(file(database, filenode, owner));
        Ok(())
    })
}

/// VACUUM has seen the table: new rows may go on any of its pages that has space; empty ones at its end may go.
#[napi]
pub fn table_vacuumed(database: u32, filenode: u32, owner: u32, truncate: bool) -> Result<()> {
    with(|here| {
        here.worker
            .vacuumed(file(database, filenode, owner), truncate)
    })
}

#[napi]
pub fn table_update(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    rowid: f64,
    length: u32,
) -> Result<()> {
    with(|here| {
        let row = here.written(length as usize)?;
        here.worker.update_row(
            transaction,
            command,
            file(database, filenode, owner),
            rowid as u64,
            row,
        )
    })
}

#[napi]
pub fn table_delete(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    rowid: f64,
) -> Result<()> {
    with(|here| {
        here.worker.delete_row(
            transaction,
            command,
            file(database, filenode, owner),
            rowid as u64,
        )
    })
}

#[napi]
#[allow(clippy::too_many_arguments)]
pub fn table_get(
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    columns: u32,
    rowid: f64,
) -> Result<i64> {
    with(|here| {
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let out = here.read_buffer();
        let columns = here
            .columns
            .get_mut(columns as usize)
            .ok_or_else(unknown_columns)?;
        let file = file(database, filenode, owner);
        Ok(filled(here.worker.get_rows(
            view,
            file,
            &[rowid],
            columns,
            out,
        )?))
    })
}

/// As `table_get` for `count` rowids that stand as f64 values in the write buffer; may deliver fewer.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn table_get_many(
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    columns: u32,
    count: u32,
) -> Result<i64> {
    with(|here| {
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let bytes = here.written(count as usize * 8)?;
        let rowids: Vec<f64> = bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|chunk| f64::from_le_bytes(*chunk))
            .collect();
        let out = here.read_buffer();
        let columns = here
            .columns
            .get_mut(columns as usize)
            .ok_or_else(unknown_columns)?;
        let file = file(database, filenode, owner);
        Ok(filled(
            here.worker.get_rows(view, file, &rowids, columns, out)?,
        ))
    })
}

/// Opens a cursor over rowids from..=to.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn table_scan(
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    columns: u32,
    from: f64,
    to: f64,
    backward: bool,
) -> Result<u32> {
    with(|here| {
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let columns = here
            .columns
            .get(columns as usize)
            .ok_or_else(unknown_columns)?
            .fresh();
        let file = file(database, filenode, owner);
        let lower = file.row_key(from.max(0.0) as u64).to_vec();
        let upper = file.row_key((to as u64).saturating_add(1)).to_vec();
        here.worker
            .open_cursor(view, file, lower, upper, backward, columns)
    })
}

#[napi]
pub fn table_next(cursor: u32, count: u32) -> Result<i64> {
    with(|here| {
        Ok(filled(here.worker.next_rows(
            cursor,
            count as usize,
            here.read_buffer(),
        )?))
    })
}

#[napi]
pub fn cursor_close(cursor: u32) -> Result<()> {
    with(|here| {
        here.worker.close_cursor(cursor);
        Ok(())
    })
}

/// The write buffer holds the key, then the payload; payload length -1 for none.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn index_insert(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    rowid: f64,
    key_length: u32,
    payload_length: i32,
) -> Result<()> {
    with(|here| {
        let written = here.written(key_length as usize + payload_length.max(0) as usize)?;
        let (key, payload) = written.split_at(key_length as usize);
        let payload = (payload_length >= 0).then_some(payload);
        here.worker.insert_entry(
            transaction,
            command,
            file(database, filenode, owner),
            key,
            rowid as u64,
            payload,
        )
    })
}

#[napi]
pub fn index_delete(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    rowid: f64,
    key_length: u32,
) -> Result<()> {
    with(|here| {
        let key = here.written(key_length as usize)?;
        here.worker.delete_entry(
            transaction,
            command,
            file(database, filenode, owner),
            key,
            rowid as u64,
        )
    })
}

/// Opens a cursor over key bytes; the write buffer holds the lower, then the upper bound, length -1 for none.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn index_scan(
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    lower_length: i32,
    lower_inclusive: bool,
    upper_length: i32,
    upper_inclusive: bool,
    backward: bool,
) -> Result<u32> {
    with(|here| {
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let file = file(database, filenode, owner);
        let (lower_bytes, upper_bytes) =
            (lower_length.max(0) as usize, upper_length.max(0) as usize);
        let written = here.written(lower_bytes + upper_bytes)?;
        let (lower_key, upper_key) = written.split_at(lower_bytes);
        let lower = lower_bound(
            file,
            (lower_length >= 0).then_some(lower_key),
            lower_inclusive,
        );
        let upper = upper_bound(
            file,
            (upper_length >= 0).then_some(upper_key),
            upper_inclusive,
        );
        here.worker
            .open_cursor(view, file, lower, upper, backward, ColumnSet::default())
    })
}

fn lower_bound(file: FileId, key: Option<&[u8]>, inclusive: bool) -> Vec<u8> {
    let bound = file.bound(key.unwrap_or_default());
    if inclusive || key.is_none() {
        bound
    } else {
        after_prefix(&bound).unwrap_or_default()
    }
}

fn upper_bound(file: FileId, key: Option<&[u8]>, inclusive: bool) -> Vec<u8> {
    let bound = file.bound(key.unwrap_or_default());
    if inclusive || key.is_none() {
        after_prefix(&bound).unwrap_or_default()
    } else {
        bound
    }
}

#[napi]
pub fn index_next(cursor: u32, count: u32) -> Result<i64> {
    with(|here| {
        Ok(filled(here.worker.next_entries(
            cursor,
            count as usize,
            here.read_buffer(),
        )?))
    })
}

/// Rowids of the entries with exactly the key in the write buffer, as f64 values in the read buffer.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn index_lookup(
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    key_length: u32,
) -> Result<i64> {
    with(|here| {
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let key = here.written(key_length as usize)?;
        let found: Filled = here.worker.lookup(
            view,
            file(database, filenode, owner),
            key,
            here.read_buffer(),
        )?;
        Ok(filled(found))
    })
}

fn unknown_columns() -> Error {
    Error::internal("unknown set of columns")
}
