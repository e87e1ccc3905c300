// Gives the rows of a table that is in use their entries in an index that its writers already keep up to date. Each batch
// of rows is a transaction of its own. A row is locked while its entry is made, so that nobody changes its key meanwhile;
// a row that another transaction has locked is waited for with no other lock held.
import { PgError, pgError, SqlState } from '../errors/pg-error.js';
import { openIndexWriter } from '../executor/table-writer.js';
import { defined } from '../errors/unreachable.js';
import type { WaitPurpose } from '../transaction/api.js';
import type { CommandContext } from './api.js';
import { noteCounts } from './index-build.js';
import type { TransactionControl } from './services.js';

const batchRows = 500;

interface Place {
  readonly table: number;
  readonly index: number;
}

/** Fills the index; returns the context of the last transaction, still open. Throws 23505 of a unique index. */
export async function fillIndex(
  control: TransactionControl,
  context: CommandContext,
  place: Place,
): Promise<CommandContext> {
  let current = context;
  let rowCount = 0;
  for (let from: number | null = 1; from !== null; ) {
    const done: BatchResult = await fillBatch(current, place, from);
    rowCount += done.rowCount;
    from = done.next;
    current = await control.next(current);
  }
  const index = current.catalog.requireRelation(place.table).indexes.find(({ oid }) => oid === place.index);
  await noteCounts(current, { ...place, rows: rowCount, isPartial: (index?.predicate ?? null) !== null });
  return current;
}

interface BatchResult {
  readonly rowCount: number;
  /** Rowid to go on from, null at the end. */
  readonly next: number | null;
}

async function fillBatch(context: CommandContext, place: Place, from: number): Promise<BatchResult> {
  const { catalog, store, transaction } = context;
  const relation = catalog.requireRelation(place.table);
  const table = store.table(relation.file, relation.layout, catalog);
  const execution = context.corridor.executionContext();
  const writer = openIndexWriter(execution, relation, place.index);
  const purpose: WaitPurpose = { doing: 'locking', relation: relation.name };
  let rowCount = 0;
  const rowids = rowIdsFrom(context, place, from);
  for (const [n, rowid] of rowids.entries()) {
    const policy = n === 0 ? 'block' : 'skip';
    const granted = await transaction.lockRow(relation.file.filenode, rowid, 'share', policy, purpose);
    if (granted === 'skipped') return { rowCount, next: rowid };
    const row = table.get(transaction.latestView(), rowid, null);
    if (row === null) continue;
    const entry = await writer.entry(row.values);
    if (entry === null) continue;
    try {
      await writer.insert(rowid, entry);
    } catch (error) {
      throw asBuildError(error, writer.index.name);
    }
    rowCount++;
    execution.checkInterrupts();
  }
  await execution.yieldToEventLoop();
  const last = rowids.at(-1);
  return { rowCount, next: last === undefined ? null : last + 1 };
}

function rowIdsFrom(context: CommandContext, place: Place, from: number): readonly number[] {
  const relation = context.catalog.requireRelation(place.table);
  const table = context.store.table(relation.file, relation.layout, context.catalog);
  const cursor = table.scan(context.transaction.latestView(), { attributes: [], direction: 'forward', from });
  try {
    return [...cursor.next(batchRows).rowids];
  } finally {
    cursor.close();
  }
}

/** A duplicate that was there before is an error of the build. */
function asBuildError(error: unknown, index: string): unknown {
  if (!(error instanceof PgError) || error.code !== SqlState.uniqueViolation) return error;
  const detail = defined(error.fields.detail, 'the detail of a duplicate key').replace(
    /already exists\.$/,
    'is duplicated.',
  );
  return pgError(SqlState.uniqueViolation, `could not create unique index "${index}"`, { ...error.fields, detail });
}
