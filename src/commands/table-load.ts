// Fills a table that nobody else sees yet (CREATE TABLE AS, REFRESH, rewrites) with the rows of a running query, in batches.
import { batchRowsMax } from '../base/limits.js';
import type { Execution } from '../executor/api.js';
import type { Row } from '../types/value.js';
import type { CommandContext } from './api.js';

/** Writes every row of `execution` into the relation's new file; returns how many. `map` may change or check a row;
 *  `growsAhead` is false where PostgreSQL fills page after page (CLUSTER, VACUUM FULL). */
export async function loadRows(
  context: CommandContext,
  relation: number,
  execution: Pick<Execution, 'next' | 'close'>,
  map: (row: Row) => Row = (row) => row,
  growsAhead = true,
): Promise<number> {
  const descriptor = context.catalog.requireRelation(relation);
  const table = context.store.table(descriptor.file, descriptor.layout, context.catalog);
  const placement = { isNewTable: true, ...(growsAhead ? { statement: context.store.bulkStatement() } : {}) };
  let count = 0;
  try {
    for (;;) {
      const rows = await execution.next(batchRowsMax);
      if (rows === null) break;
      if (rows.length === 0) continue;
      const { store, command } = context.transaction;
      table.insertMany(store, command, rows.map(map), placement);
      count += rows.length;
    }
  } finally {
    await execution.close();
  }
  return count;
}
