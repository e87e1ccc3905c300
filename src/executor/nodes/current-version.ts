// The newest version of a row that was just locked, and whether it is still the one the statement saw.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { StoredRow, TableStore } from '../../storage/api.js';
import { agreeIn } from '../modify/key-attributes.js';
import type { RunState } from '../state.js';

export type RowVersion =
  /** Nobody touched it since the statement began. */
  | { readonly state: 'same'; readonly row: StoredRow }
  /** Another transaction committed a change (or the row's deletion). */
  | { readonly state: 'changed'; readonly row: StoredRow }
  | { readonly state: 'deleted' }
  /** This command changed or deleted it already. */
  | { readonly state: 'own' };

/** Reads a locked row. REPEATABLE READ raises 40001 where others changed it since its snapshot. */
export function currentVersion(
  x: RunState,
  table: TableStore,
  rowid: number,
  options: {
    /** What SQL calls the concurrent change where the row is gone. */
    readonly goneVerb: 'update' | 'delete';
    /** Rows that this command changed; null where it can't meet a row twice. */
    readonly touched: ReadonlySet<number> | null;
    /** Attributes that matter: a change of others leaves the version that the statement saw. */
    readonly key?: readonly number[] | null;
  },
): RowVersion {
  const { touched } = options;
  const { view, transaction } = x.context;
  const latest = transaction.latestView();
  const row = table.get(latest, rowid, null);
  const isQuiet = latest.snapshot.sequence === view.snapshot.sequence;
  if (row !== null && !transaction.store.isOwn(row.stamp)) {
    if (isQuiet) return { state: 'same', row };
    const key = options.key ?? null;
    const seen = table.get(view, rowid, key ?? []);
    if (seen === null || seen.stamp === row.stamp) return { state: 'same', row };
    if (key !== null && agreeIn(seen.values, row.values, key)) return { state: 'same', row };
    forbidChange(x, 'update');
    return { state: 'changed', row };
  }
  if (row !== null) {
    // Written by this transaction: by an earlier command, which the statement sees, or by this one.
    const seen = table.get(view, rowid, []);
    return seen !== null && seen.stamp === row.stamp && touched?.has(rowid) !== true
      ? { state: 'same', row }
      : { state: 'own' };
  }
  if (isQuiet) return { state: 'own' };
  if (touched?.has(rowid) === true) return { state: 'own' };
  forbidChange(x, options.goneVerb);
  return { state: 'deleted' };
}

/** REPEATABLE READ raises 40001 where others have changed a row that it must write or lock. */
export function forbidChange(x: RunState, verb: 'update' | 'delete'): void {
  const { isolation } = x.context.transaction;
  if (isolation !== 'repeatable read' && isolation !== 'serializable') return;
  throw pgError(SqlState.tRSerializationFailure, `could not serialize access due to concurrent ${verb}`);
}
