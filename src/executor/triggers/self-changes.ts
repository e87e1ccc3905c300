// Rows that triggers change under a running statement that is about to change them itself. Such a statement must not
// overwrite what its own triggers did: it fails with 27000. A statement that fires triggers while it goes through its rows
// watches its tables; whatever is opened for writing meanwhile reports the rows that it writes.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { StoreTransaction } from '../../storage/api.js';

/** Rowids of one table's file. */
export type WatchedRows = Set<number>;

const watchersOf = new WeakMap<StoreTransaction, Map<number, Set<WatchedRows>>>();

/** Starts to watch a file; `unwatch` ends it. */
export function watchRows(transaction: StoreTransaction, filenode: number): WatchedRows {
  let files = watchersOf.get(transaction);
  if (files === undefined) {
    files = new Map();
    watchersOf.set(transaction, files);
  }
  const rows: WatchedRows = new Set();
  const watchers = files.get(filenode);
  if (watchers === undefined) files.set(filenode, new Set([rows]));
  else watchers.add(rows);
  return rows;
}

export function unwatchRows(transaction: StoreTransaction, filenode: number, rows: WatchedRows): void {
  const files = watchersOf.get(transaction);
  const watchers = files?.get(filenode);
  watchers?.delete(rows);
  if (watchers?.size === 0) files?.delete(filenode);
}

/** Whom a table that is opened now has to tell of the rows it writes; null where nobody watches it. */
export function rowWatchers(transaction: StoreTransaction, filenode: number): readonly WatchedRows[] | null {
  const watchers = watchersOf.get(transaction)?.get(filenode);
  return watchers === undefined ? null : [...watchers];
}

/** 27000: the row was changed by what the statement itself set off. */
export function alreadyModified(verb: 'updated' | 'deleted' | 'updated or deleted'): Error {
  return pgError(
    SqlState.triggeredDataChangeViolation,
    `tuple to be ${verb} was already modified by an operation triggered by the current command`,
    { hint: 'Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.' },
  );
}
