// The last phases of ALTER TABLE: rewriting a table's rows into a new file under its new shape, and looking for rows that
// break what was added.
import { batchRowsMax } from '../../base/limits.js';
import type { Expression } from '../../trees/expression.js';
import type { Row, Value } from '../../types/value.js';
import type { CommandContext } from '../api.js';
import { validateCheck, validateNotNull } from '../constraint.js';
import { validateForeignKey } from '../foreign-key.js';
import { assignNewFile, rebuildIndexes, requireNotInUse } from '../relation-file.js';
import { rowEvaluator } from '../row-program.js';
import { requireRowTypeUnused } from './column-type.js';
import type { AlterState, TableWork } from './work.js';

/** Rewrites the tables whose rows must change. */
export async function rewriteTables(state: AlterState): Promise<void> {
  for (const work of state.works.values()) {
    if (!work.needsRewrite || work.isRewritten || !'rm'.includes(work.old.kind)) continue;
    work.isRewritten = true;
    await rewriteTable(state.context, work);
  }
}

async function rewriteTable(context: CommandContext, work: TableWork): Promise<void> {
  requireNotInUse(context, work.old, 'ALTER TABLE');
  requireRowTypeUnused(context, work.old);
  const source = context.store.table(work.old.file, work.old.layout, context.catalog);
  context.transaction.advanceCommand();
  // Taken before the old file goes: a temporary table's rows are deleted at once.
  const view = context.transaction.latestView();
  await assignNewFile(context, work.oid);
  await clearMissing(context, work.oid);
  const relation = context.catalog.requireRelation(work.oid);
  const target = context.store.table(relation.file, relation.layout, context.catalog);
  const newRow = rowMaker(context, work, relation.attributes.length);
  const placement = { isNewTable: true, statement: context.store.bulkStatement() };
  const cursor = source.scan(view, { attributes: null, direction: 'forward' });
  try {
    for (;;) {
      const batch = cursor.next(batchRowsMax);
      if (batch.rowCount === 0) break;
      const rows: Row[] = [];
      for (const row of batch.rows) rows.push(await newRow(row));
      target.insertMany(context.transaction.store, context.transaction.useCommand(), rows, placement);
    }
  } finally {
    cursor.close();
  }
  context.transaction.advanceCommand();
  await rebuildIndexes(context, work.oid);
}

/** The rewritten rows hold every value: nothing is missing from them. */
async function clearMissing(context: CommandContext, oid: number): Promise<void> {
  const { tables } = context.catalog;
  for (const entry of tables.find('pg_attribute', { attrelid: oid })) {
    if (entry.row.atthasmissing) {
      await tables.update(context.transaction, 'pg_attribute', entry, { atthasmissing: false, attmissingval: null });
    }
  }
}

function rowMaker(context: CommandContext, work: TableWork, width: number): (row: Row) => Promise<Row> {
  const relation = context.catalog.requireRelation(work.oid);
  const numbers = [...work.newValues.keys()];
  const values =
    numbers.length === 0 ? null : rowEvaluator(context, relation, [...work.newValues.values()] as Expression[]);
  const generatedNumbers = [...work.generated.keys()];
  const generated =
    generatedNumbers.length === 0
      ? null
      : rowEvaluator(context, relation, [...work.generated.values()] as Expression[]);
  return async (row) => {
    const result: Value[] = new Array(width).fill(null);
    for (let n = 0; n < row.length; n++) if (relation.attributes[n]?.isDropped === false) result[n] = row[n] ?? null;
    if (values !== null) place(result, numbers, await values.evaluate(row));
    if (generated !== null) place(result, generatedNumbers, await generated.evaluate(result));
    return result;
  };
}

function place(row: Value[], numbers: readonly number[], values: Row): void {
  for (let n = 0; n < numbers.length; n++) row[(numbers[n] as number) - 1] = values[n] ?? null;
}

/** Scans for rows that break new NOT NULLs, checks and foreign keys. */
export async function verifyTables(state: AlterState): Promise<void> {
  const { context } = state;
  for (const work of state.works.values()) {
    for (const number of work.notNulls) await validateNotNull(context, work.oid, number);
    for (const check of work.checks) await validateCheck(context, work.oid, check);
  }
  for (const work of state.works.values()) for (const oid of work.foreignKeys) await validateForeignKey(context, oid);
}
