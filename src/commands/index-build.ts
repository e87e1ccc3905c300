// Fills an index with the entries of the rows that are there: scans the table in batches, sorts the keys, refuses
// duplicates of a unique index, and notes the row counts in pg_class.
import { batchRowsMax } from '../base/limits.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { indexSize } from '../catalog/page-estimates.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { encodeKey, keyColumns, nativeKindOf } from '../executor/index-keys.js';
import type { IndexBuilder, KeyOfRow } from '../storage/api.js';
import { rowIdFromTid } from '../storage/ctid.js';
import type { Expression } from '../trees/expression.js';
import { expressionFromJson, expressionListFromJson } from '../trees/json.js';
import type { IoContext } from '../types/io-context.js';
import type { Row, Tid, Value } from '../types/value.js';
import type { CommandContext } from './api.js';
import { columnVar, openTableScan, tableQuery } from './table-scan.js';
import { TypeOid } from './classes.js';

/** Rows whose keys the store makes in one call. */
const takenRowsMax = 16384;

/** Builds the entries of one index; throws 23505 where a unique key is there twice. */
export async function buildIndexEntries(context: CommandContext, tableOid: number, indexOid: number): Promise<void> {
  const table = context.catalog.requireRelation(tableOid);
  const index = table.indexes.find((candidate) => candidate.oid === indexOid);
  if (index === undefined) throw new Error('invariant broken: index without a descriptor');
  if (isEmpty(context, table)) return;
  const { transaction } = context;
  const options = { isUnique: index.isUnique, nullsDistinct: !index.nullsNotDistinct };
  const builder = context.store.index(index.file).build(transaction.store, transaction.useCommand(), options);
  let rows: number;
  try {
    const columns = storedKeys(context, table, index);
    rows =
      columns === null
        ? await addKeys(context, table, index, builder)
        : await takeRows(context, table, columns, builder);
    const duplicate = builder.finish();
    if (duplicate !== null) throw await duplicateKey(context, table, index, duplicate);
  } finally {
    builder.close();
  }
  await noteCounts(context, { table: tableOid, index: indexOid, rows, isPartial: index.predicate !== null });
}

function isEmpty(context: CommandContext, table: RelationDescriptor): boolean {
  const store = context.store.table(table.file, table.layout, context.catalog);
  const cursor = store.scan(context.transaction.latestView(), { attributes: [], direction: 'forward' });
  try {
    return cursor.next(1).rowCount === 0;
  } finally {
    cursor.close();
  }
}

const ctidAttribute = -1;

/** The key's columns where the store can make the keys from stored rows; null for expressions, predicates, collations
 *  with rules of their own and types whose order is not simple. */
function storedKeys(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
): readonly KeyOfRow[] | null {
  if (index.predicate !== null) return null;
  const { catalog } = context;
  const columns: KeyOfRow[] = [];
  for (const column of keyColumns(catalog, index)) {
    const { key } = column;
    const kind = nativeKindOf(catalog, column);
    const missing = table.layout.attributes[key.attribute - 1]?.missing ?? null;
    if (key.attribute === 0 || kind === null || missing !== null) return null;
    columns.push({ attribute: key.attribute, kind, descending: key.descending, nullsFirst: key.nullsFirst });
  }
  return columns;
}

/** Has the store make the keys of all rows; how many there are. */
async function takeRows(
  context: CommandContext,
  table: RelationDescriptor,
  columns: readonly KeyOfRow[],
  builder: IndexBuilder,
): Promise<number> {
  context.transaction.advanceCommand();
  builder.scan(context.transaction.latestView(), table.file, columns);
  const execution = context.corridor.executionContext();
  let rows = 0;
  for (;;) {
    const taken = builder.takeRows(takenRowsMax);
    if (taken === 0) return rows;
    rows += taken;
    execution.checkInterrupts();
    await execution.yieldToEventLoop();
  }
}

/** Makes the keys here; how many rows have one. */
async function addKeys(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  builder: IndexBuilder,
): Promise<number> {
  const columns = keyColumns(context.catalog, index);
  let rows = 0;
  await scanKeys(context, table, index, (rowid, values) => {
    const key = encodeKey(columns, values, (collation) => ioFor(context, collation));
    builder.add(key, rowid, values.includes(null));
    rows++;
  });
  return rows;
}

/** Calls back with each row's rowid and the index's key values. */
async function scanKeys(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  each: (rowid: number, values: Row) => void,
): Promise<void> {
  const ctid: Expression = {
    kind: 'Var',
    varno: 1,
    attno: ctidAttribute,
    type: TypeOid.tid,
    typmod: -1,
    collation: 0,
    levelsUp: 0,
    nullingRels: [],
    location: -1,
  };
  const expressions = index.expressions === null ? [] : [...expressionListFromJson(index.expressions)];
  const keys = index.keys.map((key) =>
    key.attribute === 0 ? (expressions.shift() as Expression) : columnVar(table, key.attribute),
  );
  const predicate = index.predicate === null ? null : expressionFromJson(index.predicate);
  const execution = openTableScan(context, tableQuery(context, table, [ctid, ...keys], predicate));
  try {
    for (;;) {
      const rows = await execution.next(batchRowsMax);
      if (rows === null) return;
      for (const row of rows) each(rowIdFromTid(row[0] as Tid), row.slice(1));
    }
  } finally {
    await execution.close();
  }
}

/** The session's context under a collation. */
function ioFor(context: CommandContext, collation: number): IoContext {
  const { io } = context.catalog;
  return io.collationOid === collation
    ? io
    : Object.assign(Object.create(io) as IoContext, { collationOid: collation });
}

async function duplicateKey(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  rowid: number,
): Promise<Error> {
  return pgError(SqlState.uniqueViolation, `could not create unique index "${index.name}"`, {
    detail: `Key ${keyText(context, table, index, await valuesOf(context, table, index, rowid))} is duplicated.`,
    schema: table.schemaName,
    table: table.name,
    constraint: index.name,
  });
}

/** The key values of one row: they are not kept, because only an error names them. */
async function valuesOf(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  wanted: number,
): Promise<Row> {
  let found: Row = [];
  await scanKeys(context, table, index, (rowid, values) => {
    if (rowid === wanted) found = values;
  });
  return found;
}

/** (a, lower(b))=(1, x) */
function keyText(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  values: readonly Value[],
): string {
  const expressions = index.expressions === null ? [] : [...expressionListFromJson(index.expressions)];
  const names = index.keys.map((key) =>
    key.attribute === 0
      ? context.corridor.deparseExpression(expressions.shift() as Expression, table.oid)
      : (table.attributes[key.attribute - 1]?.name ?? ''),
  );
  const texts = values.map((value, position) => {
    const type = context.catalog.typeByOid(index.keys[position]?.type ?? 0);
    return value === null ? 'null' : type.behaviour.output(value, type, context.catalog.io);
  });
  return `(${names.join(', ')})=(${texts.join(', ')})`;
}

/** Notes the row counts of a filled index, and of its table, in pg_class. */
export async function noteCounts(
  context: CommandContext,
  counts: { readonly table: number; readonly index: number; readonly rows: number; readonly isPartial: boolean },
): Promise<void> {
  const { tables } = context.catalog;
  const index = tables.findOne('pg_class', { oid: counts.index });
  if (index !== null) {
    await tables.update(context.transaction, 'pg_class', index, {
      reltuples: counts.rows,
      relpages: indexPagesOf(context, counts),
    });
  }
  const table = tables.findOne('pg_class', { oid: counts.table });
  if (table !== null && !counts.isPartial) {
    await tables.updateNewest(context.transaction, 'pg_class', table, {
      reltuples: counts.rows,
      relpages: context.catalog.relationSize(counts.table).pages,
    });
  }
}

function indexPagesOf(
  context: CommandContext,
  counts: { readonly table: number; readonly index: number; readonly rows: number },
): number {
  const { catalog } = context;
  const index = catalog.requireRelation(counts.table).indexes.find((candidate) => candidate.oid === counts.index);
  return index === undefined ? 0 : indexSize(catalog, index, counts.rows).pages;
}
