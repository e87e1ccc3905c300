//! Point reads: one row by a whole key of a unique index. What stays the same from call to call is registered once.

use helios_base::Error;
use helios_locks::{Tag, table};
use helios_store::worker::{PointPath, View};
use napi_derive::napi;

use crate::store::{Result, file, filled, with};

/// A registered path, with the columns that its rows deliver and the relation whose locks it minds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    path: PointPath,
    columns: u32,
    relation: Tag,
}

/// Answer of `point_newest` where the general path must run: a lock is in the way or the catalogs have moved.
const STALE: i64 = -1;
/// PostgreSQL's number of AccessShareLock.
const ACCESS_SHARE: u8 = 1;

/// Number of the path from a unique index to its table (permanent ones of one database) for these columns
/// (`store_columns`).
#[napi]
pub fn point_path(
    database: u32,
    index_filenode: u32,
    table_filenode: u32,
    relation: u32,
    columns: u32,
) -> Result<u32> {
    with(|here| {
        let point = Point {
            path: PointPath {
                index: file(database, index_filenode, 0),
                table: file(database, table_filenode, 0),
            },
            columns,
            relation: Tag::relation(database, relation),
        };
        let known = here.points.iter().position(|other| *other == point);
        let number = known.unwrap_or_else(|| {
            here.points.push(point);
            here.points.len() - 1
        });
        Ok(number as u32)
    })
}

/// Leaves the newest committed row under the key in the write buffer as a batch in the read buffer: the count of rows, minus
/// the bytes that the buffer must have, or -1 where a lock or a change of the catalogs asks for the general path.
#[napi]
pub fn point_newest(point: u32, catalog_version: u32, key_length: u32) -> Result<i64> {
    with(|here| {
        let point = *here.points.get(point as usize).ok_or_else(unknown_point)?;
        if !table().admits(point.relation, ACCESS_SHARE) {
            return Ok(STALE);
        }
        let key = here.written(key_length as usize)?;
        let out = here.read_buffer();
        let columns = here
            .columns
            .get_mut(point.columns as usize)
            .ok_or_else(unknown_point)?;
        let found =
            here.worker
                .newest_row_by_key(point.path, catalog_version, key, columns, out)?;
        Ok(found.map_or(STALE, filled))
    })
}

/// As `point_newest`, with the transaction's own writes of earlier commands; for holders of a lock on the relation.
#[napi]
pub fn point_newest_in(point: u32, transaction: u32, command: u32, key_length: u32) -> Result<i64> {
    with(|here| {
        let point = *here.points.get(point as usize).ok_or_else(unknown_point)?;
        let key = here.written(key_length as usize)?;
        let out = here.read_buffer();
        let columns = here
            .columns
            .get_mut(point.columns as usize)
            .ok_or_else(unknown_point)?;
        Ok(filled(here.worker.newest_row_by_key_in(
            point.path,
            transaction,
            command,
            key,
            columns,
            out,
        )?))
    })
}

/// As `point_newest`, as a view sees it: the count of rows, or minus the bytes that the buffer must have.
#[napi]
pub fn point_get(
    point: u32,
    snapshot: u32,
    transaction: u32,
    command: u32,
    key_length: u32,
) -> Result<i64> {
    with(|here| {
        let point = *here.points.get(point as usize).ok_or_else(unknown_point)?;
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let key = here.written(key_length as usize)?;
        let out = here.read_buffer();
        let columns = here
            .columns
            .get_mut(point.columns as usize)
            .ok_or_else(unknown_point)?;
        Ok(filled(
            here.worker
                .row_by_key_in_view(view, point.path, key, columns, out)?,
        ))
    })
}

fn unknown_point() -> Error {
    Error::internal("unknown point path")
}
