// CLUSTER: a table's rows written anew in an index's order.
import type { ClusterStmt } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { batchRowsMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Execution } from '../executor/api.js';
import type { Row } from '../types/value.js';
import type { SortGroupClause } from '../trees/query.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import { expressionListFromJson } from '../trees/json.js';
import { markClustered, requireClusterable } from './alter-table/table-level.js';
import type { CommandContext, CommandResult } from './api.js';
import { lockRelationByName } from './namespace.js';
import { hasRelationPrivilege, permissionDenied } from './permissions.js';
import { assignNewFile, rebuildIndexes, requireNotInUse } from './relation-file.js';
import { kindNoun } from './relation-kind.js';
import { loadRows } from './table-load.js';
import { columnVar, openQuery, tableQuery } from './table-scan.js';
import { requireNoTransactionBlock } from './transaction-block.js';

/** CLUSTER. */
export async function clusterStatement(statement: ClusterStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'CLUSTER' };
  if (!statement.relation) {
    requireNoTransactionBlock(context, 'CLUSTER');
    for (const { row } of context.catalog.tables.find('pg_index', { indisclustered: true }))
      await clusterTable(context, row.indrelid, row.indexrelid);
    return done;
  }
  const table = await lockRelationByName(context, statement.relation, 'AccessExclusiveLock');
  if (table === null) return done;
  if (table.kind !== 'r' && table.kind !== 'm')
    throw pgError(SqlState.wrongObjectType, `"${table.name}" is not a table`);
  if (!hasRelationPrivilege(context, table, aclBit.maintain))
    throw permissionDenied(`${kindNoun(table)} ${table.name}`);
  const index = clusterIndex(context, table, statement.indexname);
  if (statement.indexname) await markClustered(context, table, statement.indexname);
  await clusterTable(context, table.oid, index);
  return done;
}

function clusterIndex(context: CommandContext, table: RelationDescriptor, name: string | undefined): number {
  if (name === undefined) {
    const marked = table.indexes.find((index) => index.isClustered);
    if (marked === undefined) {
      throw pgError(SqlState.undefinedObject, `there is no previously clustered index for table "${table.name}"`);
    }
    return marked.oid;
  }
  const found = context.catalog.findRelation(table.schemaName, name);
  if (found === null)
    throw pgError(SqlState.undefinedObject, `index "${name}" for table "${table.name}" does not exist`);
  requireClusterable(table, found.oid, name);
  return found.oid;
}

/** VACUUM FULL: writes the rows anew, without gaps; how many there are. */
export async function compactTable(context: CommandContext, oid: number): Promise<number> {
  await context.transaction.lockRelation(oid, 'AccessExclusiveLock');
  const table = context.catalog.requireRelation(oid);
  requireNotInUse(context, table, 'VACUUM');
  return rewriteInOrder(context, table, null);
}

async function clusterTable(context: CommandContext, oid: number, indexOid: number): Promise<void> {
  await context.transaction.lockRelation(oid, 'AccessExclusiveLock');
  const table = context.catalog.requireRelation(oid);
  const index = table.indexes.find((candidate) => candidate.oid === indexOid);
  if (index === undefined) return;
  requireNotInUse(context, table, 'CLUSTER');
  await rewriteInOrder(context, table, index);
}

/** Writes a table's rows into a new file in an index's order (null: in their own); how many there are. */
async function rewriteInOrder(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor | null,
): Promise<number> {
  const live = table.attributes.filter((attribute) => !attribute.isDropped);
  const columns = live.map((attribute) => columnVar(table, attribute.number));
  const indexKeys = index?.keys ?? [];
  const stored = index === null || index.expressions === null ? [] : [...expressionListFromJson(index.expressions)];
  const keys = indexKeys.map((key) =>
    key.attribute === 0 ? (stored.shift() as Expression) : columnVar(table, key.attribute),
  );
  const query = tableQuery(context, table, [...columns, ...keys], null);
  const first = columns.length + 1;
  const targetList = query.targetList.map(
    (entry, position): TargetEntry =>
      position + 1 < first ? entry : { ...entry, sortGroupRef: position + 2 - first, junk: true },
  );
  const sortClause = indexKeys.map((key, position): SortGroupClause => {
    const member = (strategy: number): number =>
      context.catalog.familyOperator(key.opfamily, inputType(context, key), inputType(context, key), strategy);
    return {
      sortGroupRef: position + 1,
      equalityOperator: member(3),
      sortOperator: member(key.descending ? 5 : 1),
      descending: key.descending,
      nullsFirst: key.nullsFirst,
      hashable: false,
    };
  });
  const execution = openQuery(context, { ...query, targetList, sortClause });
  const width = table.attributes.length;
  // The plan opens the old file when it is first asked for rows: that must be before the table gets its new one.
  const firstRows = await execution.next(batchRowsMax);
  await assignNewFile(context, table.oid);
  const asStored = (row: Row): Row => {
    const result = new Array(width).fill(null);
    for (const [position, attribute] of live.entries()) result[attribute.number - 1] = row[position] ?? null;
    return result;
  };
  const count = await loadRows(context, table.oid, startingWith(firstRows, execution), asStored, false);
  await rebuildIndexes(context, table.oid);
  return count;
}

/** The execution with a batch that was taken from it put back. */
function startingWith(batch: readonly Row[] | null, execution: Execution): Pick<Execution, 'next' | 'close'> {
  let first = batch;
  return {
    next: async (rowCountMax) => {
      if (first === null) return batch === null ? null : execution.next(rowCountMax);
      const rows = first;
      first = null;
      return rows;
    },
    close: () => execution.close(),
  };
}

function inputType(context: CommandContext, key: { readonly opclass: number; readonly type: number }): number {
  return context.catalog.opclass(key.opclass)?.inputType ?? key.type;
}
