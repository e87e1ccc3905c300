// ctid from rowid and back. A rowid is the row's place in PostgreSQL's heap when it was inserted: the number of its page and,
// in the low bits, its line pointer (native/crates/store/src/placement.rs).
import type { Tid } from '../types/value.js';
import type { RowId } from './api.js';

/** Rowids from a page's first to the next page's: pages of 8 KiB hold at most 291 rows. */
const rowidsPerPage = 512;

/** The rowid before a page's first row. */
export function rowidOfPage(page: number): RowId {
  return page * rowidsPerPage;
}

/** The ctid of a row. */
export function tidFromRowId(rowid: RowId): Tid {
  return { block: Math.floor(rowid / rowidsPerPage), offset: rowid % rowidsPerPage };
}

/** The rowid that a ctid stands for; 0, which no row has, for offsets that no row has. */
export function rowIdFromTid(tid: Tid): RowId {
  return tid.offset < 1 || tid.offset >= rowidsPerPage ? 0 : tid.block * rowidsPerPage + tid.offset;
}
