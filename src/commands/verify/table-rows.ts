// A table's rows, each decoded by the relation's columns. A row that does not decode ends the check of its table: what
// comes after it can't be told apart.
import { batchRowsMax } from '../../base/limits.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { PgError } from '../../errors/pg-error.js';
import type { ReadView, StoredRow } from '../../storage/api.js';
import { tidFromRowId } from '../../storage/ctid.js';
import type { CommandContext } from '../api.js';

/** A problem with a row; `attribute` 0: with the row as a whole. */
export interface RowProblem {
  readonly rowid: number;
  readonly attribute: number;
  readonly message: string;
}

/** Reads every row; returns how many there are. */
export async function checkTableRows(
  context: CommandContext,
  table: RelationDescriptor,
  view: ReadView,
  tell: (problem: RowProblem) => void,
): Promise<number> {
  const notNull = table.attributes.filter((attribute) => attribute.notNull && !attribute.isDropped);
  let rowCount = 0;
  let last = 0;
  try {
    await eachRow(context, table, view, ({ rowid, values }) => {
      rowCount++;
      if (rowid <= last) tell({ rowid, attribute: 0, message: 'row is out of order' });
      last = rowid;
      for (const { number, name } of notNull) {
        if ((values[number - 1] ?? null) !== null) continue;
        tell({ rowid, attribute: number, message: `column "${name}" is null although it is declared NOT NULL` });
      }
    });
  } catch (error) {
    if (isOwnEnd(error)) throw error;
    tell({ rowid: last, attribute: 0, message: `rows after this one can't be read: ${(error as Error).message}` });
  }
  return rowCount;
}

/** All rows of a table, giving way to others now and then. */
export async function eachRow(
  context: CommandContext,
  table: RelationDescriptor,
  view: ReadView,
  each: (row: Pick<StoredRow, 'rowid' | 'values'>) => void | Promise<void>,
): Promise<void> {
  const store = context.store.table(table.file, table.layout, context.catalog);
  const execution = context.corridor.executionContext();
  const cursor = store.scan(view, { attributes: null, direction: 'forward' });
  try {
    for (;;) {
      const { rowCount, rowids, rows } = cursor.next(batchRowsMax);
      if (rowCount === 0) return;
      for (const [n, rowid] of rowids.entries()) await each({ rowid, values: rows[n] ?? [] });
      execution.checkInterrupts();
      await execution.yieldToEventLoop();
    }
  } finally {
    cursor.close();
  }
}

/** (0,1) */
export function rowName(rowid: number): string {
  const { block, offset } = tidFromRowId(rowid);
  return `(${block},${offset})`;
}

/** The statement is to end: no finding of the check. */
export function isOwnEnd(error: unknown): boolean {
  return error instanceof PgError && error.code.startsWith('57');
}
