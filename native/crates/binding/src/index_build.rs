//! CREATE INDEX: an index under construction under a number, fed with a table's rows or with keys from the write buffer.

use helios_base::Error;
use helios_base::bytes::{array_at, take, u32_at};
use helios_columns::batch::ColumnSet;
use helios_columns::keys::{KeyColumn, KeyEncoder, KeyKind};
use helios_store::worker::View;
use napi_derive::napi;

use crate::store::{Result, file, with};

#[napi]
pub fn index_build_begin(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    unique: bool,
    nulls_distinct: bool,
) -> Result<u32> {
    with(|here| {
        let file = file(database, filenode, owner);
        let build =
            here.worker
                .begin_index_build(transaction, command, file, unique, nulls_distinct)?;
        Ok(here.builds.insert((build, KeyEncoder::new(Vec::new()))))
    })
}

/// A cursor over the table's rows for `index_build_rows`. `columns`: for each key column the attribute's index, its
/// kind, whether it descends, whether nulls come first.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn index_build_scan(
    build: u32,
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    columns: Vec<u32>,
) -> Result<u32> {
    with(|here| {
        let columns = columns.chunks_exact(4).map(|numbers| {
            KeyKind::from_number(numbers[1])
                .map(|kind| KeyColumn {
                    attribute: numbers[0] as usize,
                    kind,
                    descending: numbers[2] != 0,
                    nulls_first: numbers[3] != 0,
                })
                .ok_or_else(|| Error::internal("unknown kind of key column"))
        });
        let columns = columns.collect::<helios_base::Result<Vec<_>>>()?;
        here.builds.get_mut(build)?.1 = KeyEncoder::new(columns);
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let file = file(database, filenode, owner);
        let (lower, upper) = (file.row_key(0).to_vec(), file.row_key(u64::MAX).to_vec());
        here.worker
            .open_cursor(view, file, lower, upper, false, ColumnSet::default())
    })
}

/// Adds the keys of the cursor's next rows; how many there were, 0 at the end.
#[napi]
pub fn index_build_rows(build: u32, cursor: u32, count: u32) -> Result<u32> {
    with(|here| {
        let (build, encoder) = here.builds.get_mut(build)?;
        let taken = here
            .worker
            .index_rows(build, encoder, cursor, count as usize)?;
        Ok(taken as u32)
    })
}

/// Adds `count` entries from the first `length` bytes of the write buffer: each u32 key length (top bit: a column is
/// null), f64 rowid, key.
#[napi]
pub fn index_build_add(build: u32, length: u32, count: u32) -> Result<()> {
    with(|here| {
        let entries = here.written(length as usize)?;
        let (build, _) = here.builds.get_mut(build)?;
        let mut at = 0;
        for _ in 0..count {
            let head = u32_at(entries, at)?;
            let rowid = f64::from_le_bytes(array_at(entries, at + 4)?);
            at += 12;
            let key = take(entries, &mut at, (head & 0x7fff_ffff) as usize)?;
            build.add(key, rowid as u64, head >> 31 == 1)?;
        }
        Ok(())
    })
}

/// Makes the entries the index's and ends the build: 0, or the rowid of a row whose key another row has, too.
#[napi]
pub fn index_build_finish(build: u32) -> Result<f64> {
    with(|here| match here.builds.remove(build) {
        Some((build, _)) => Ok(here.worker.finish_index_build(build)?.unwrap_or(0) as f64),
        None => Err(Error::internal("the index build does not exist")),
    })
}

/// Gives up a build that was not finished.
#[napi]
pub fn index_build_drop(build: u32) -> Result<()> {
    with(|here| {
        here.builds.remove(build);
        Ok(())
    })
}
