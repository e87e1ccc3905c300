// ctid from rowid and back: rows are numbered through blocks of a fixed number of rows, so ctid order is rowid order.
// PostgreSQL's heap pages hold at most 291 rows of 8 KiB; ours are blocks only in name (TABLESAMPLE SYSTEM, tid scans).
import type { Tid } from '../types/value.js';
import type { RowId } from './api.js';

/** Offsets run from 1 to this in each block: 2^40 rows of a file have a ctid. */
export const rowsPerBlock = 256;

/** The ctid of a row. */
export function tidFromRowId(rowid: RowId): Tid {
  const index = rowid - 1;
  return { block: Math.floor(index / rowsPerBlock), offset: (index % rowsPerBlock) + 1 };
}

/** The rowid that a ctid stands for; 0, which no row has, for offsets that no row has. */
export function rowIdFromTid(tid: Tid): RowId {
  return tid.offset < 1 || tid.offset > rowsPerBlock ? 0 : tid.block * rowsPerBlock + tid.offset;
}
