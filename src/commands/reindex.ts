// REINDEX of an index, a table, or all tables of a schema or the database; each table of many in a transaction of its own.
// CONCURRENTLY goes through index-concurrently.
import type { ReindexStmt } from '@pgsql/types';
import { roleMaintain } from '../catalog/oids.js';
import { aclBit } from '../catalog/acl-text.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { reindexConcurrently, tableOf, withTableHeld } from './index-concurrently.js';
import { lockRelationByName, requireNamespace } from './namespace.js';
import { hasPrivilegesOfRole } from './role-membership.js';
import { hasRelationPrivilege, permissionDenied, requireOwner, requireRelationPrivilege } from './permissions.js';
import { isCatalog, rebuildIndex, rebuildIndexes, requireNotInUse } from './relation-file.js';
import { transactionControl } from './services.js';
import { requireTablespace } from './tablespace.js';
import { requireNoTransactionBlock } from './transaction-block.js';
import { defBoolean, defElems, defString } from './tree.js';

/** REINDEX. */
export async function reindexStatement(statement: ReindexStmt, context: CommandContext): Promise<CommandResult> {
  const concurrently = readParams(statement, context);
  if (concurrently) requireNoTransactionBlock(context, 'REINDEX CONCURRENTLY');
  switch (statement.kind) {
    case 'REINDEX_OBJECT_INDEX':
      await reindexIndex(statement, context, concurrently);
      break;
    case 'REINDEX_OBJECT_TABLE':
      await reindexTable(statement, context, concurrently);
      break;
    default:
      await reindexMany(statement, context, concurrently);
  }
  return { kind: 'done', tag: 'REINDEX' };
}

function readParams(statement: ReindexStmt, context: CommandContext): boolean {
  let concurrently = false;
  for (const def of defElems(statement.params)) {
    if (def.defname === 'concurrently') concurrently = defBoolean(def);
    else if (def.defname === 'tablespace') requireTablespace(context, defString(def));
    else if (def.defname !== 'verbose') {
      throw pgError(SqlState.syntaxError, `unrecognized REINDEX option "${def.defname ?? ''}"`, {
        location: def.location ?? 0,
      });
    }
  }
  return concurrently;
}

async function reindexIndex(statement: ReindexStmt, context: CommandContext, concurrently: boolean): Promise<void> {
  const lock = concurrently ? 'AccessShareLock' : 'AccessExclusiveLock';
  const index = await lockRelationByName(context, statement.relation ?? {}, lock);
  if (index === null) return;
  if (index.kind !== 'i' && index.kind !== 'I')
    throw pgError(SqlState.wrongObjectType, `"${index.name}" is not an index`);
  const table = tableOf(context, index.oid);
  await context.transaction.lockRelation(table, concurrently ? 'AccessShareLock' : 'ShareLock');
  const descriptor = context.catalog.requireRelation(table);
  if (!hasRelationPrivilege(context, descriptor, aclBit.maintain)) throw permissionDenied(`index ${index.name}`);
  if (concurrently && descriptor.persistence !== 't') {
    if (isCatalog(table)) throw catalogConcurrently();
    await withTableHeld(context, table, () => reindexConcurrently(context, { table, index: index.oid }));
    return;
  }
  requireNotInUse(context, index, 'REINDEX INDEX');
  await rebuildIndex(context, table, index.oid);
}

async function reindexTable(statement: ReindexStmt, context: CommandContext, concurrently: boolean): Promise<void> {
  const table = await lockRelationByName(
    context,
    statement.relation ?? {},
    concurrently ? 'AccessShareLock' : 'ShareLock',
  );
  if (table === null) return;
  if (!'rmtp'.includes(table.kind))
    throw pgError(SqlState.wrongObjectType, `"${table.name}" is not a table or materialized view`);
  requireRelationPrivilege(context, table, aclBit.maintain);
  if (!concurrently || table.persistence === 't') {
    if (table.indexes.length === 0) notice(context, `table "${table.name}" has no indexes to reindex`);
    await rebuildIndexes(context, table.oid);
    return;
  }
  if (isCatalog(table.oid)) throw catalogConcurrently();
  if (!(await reindexTableConcurrently(context, table)).any)
    notice(context, `table "${table.name}" has no indexes that can be reindexed concurrently`);
}

async function reindexTableConcurrently(
  context: CommandContext,
  table: RelationDescriptor,
): Promise<{ readonly any: boolean; readonly context: CommandContext }> {
  const indexes = table.indexes.filter((index) => mayReindex(context, table, index));
  let current = context;
  if (indexes.length > 0) {
    await withTableHeld(context, table.oid, async () => {
      for (const { oid } of indexes) current = await reindexConcurrently(current, { table: table.oid, index: oid });
    });
  }
  return { any: indexes.length > 0, context: current };
}

function mayReindex(context: CommandContext, table: RelationDescriptor, index: IndexDescriptor): boolean {
  if (index.isValid) return true;
  const message = `skipping reindex of invalid index "${table.schemaName}.${index.name}"`;
  context.notice({
    severity: 'WARNING',
    code: SqlState.indexCorrupted,
    message,
    fields: { hint: 'Use DROP INDEX or REINDEX INDEX.' },
  });
  return false;
}

const manyWords: Readonly<Record<string, 'SCHEMA' | 'SYSTEM' | 'DATABASE'>> = {
  REINDEX_OBJECT_SCHEMA: 'SCHEMA',
  REINDEX_OBJECT_SYSTEM: 'SYSTEM',
  REINDEX_OBJECT_DATABASE: 'DATABASE',
};

/** REINDEX SCHEMA, DATABASE, SYSTEM: every table with indexes. The system's own are left as they are. */
async function reindexMany(statement: ReindexStmt, context: CommandContext, concurrently: boolean): Promise<void> {
  const words = manyWords[statement.kind as string] ?? 'DATABASE';
  requireNoTransactionBlock(context, `REINDEX ${words}`);
  if (words === 'SYSTEM' && concurrently) throw catalogConcurrently();
  const schema = words === 'SCHEMA' ? ownSchema(context, statement.name ?? '') : 0;
  if (words !== 'SCHEMA' && statement.name && statement.name !== context.catalog.databaseName)
    throw pgError(SqlState.featureNotSupported, 'can only reindex the currently open database');
  if (words === 'SYSTEM') return;
  const key = schema === 0 ? {} : { relnamespace: schema };
  const wanted = context.catalog.tables
    .find('pg_class', key)
    .filter(({ row }) => 'rm'.includes(row.relkind) && row.relhasindex && row.relpersistence !== 't');
  if (concurrently && wanted.some(({ row }) => isCatalog(row.oid))) {
    const message = 'cannot reindex system catalogs concurrently, skipping all';
    context.notice({ severity: 'WARNING', code: SqlState.featureNotSupported, message, fields: {} });
  }
  await reindexEach(
    context,
    wanted.map(({ row }) => row.oid).filter((oid) => !isCatalog(oid)),
    concurrently,
  );
}

async function reindexEach(context: CommandContext, tables: readonly number[], concurrently: boolean): Promise<void> {
  const control = context.session.service(transactionControl);
  let current = context;
  for (const oid of tables) {
    current = await control.next(current);
    await current.transaction.lockRelation(oid, concurrently ? 'AccessShareLock' : 'ShareLock');
    const table = current.catalog.relation(oid);
    if (table === null || !hasRelationPrivilege(current, table, aclBit.maintain)) continue;
    if (concurrently) current = (await reindexTableConcurrently(current, table)).context;
    else await rebuildIndexes(current, oid);
  }
}

function ownSchema(context: CommandContext, name: string): number {
  const namespace = requireNamespace(context, name);
  if (!hasPrivilegesOfRole(context, context.userId, roleMaintain))
    requireOwner(context, namespace.owner, 'schema', namespace.name);
  return namespace.oid;
}

function catalogConcurrently(): Error {
  return pgError(SqlState.featureNotSupported, 'cannot reindex system catalogs concurrently');
}

function notice(context: CommandContext, message: string): void {
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
}
