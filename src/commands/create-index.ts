// CREATE INDEX: locks the table, checks that it may be indexed, and hands the resolved definition to index-create, or to
// index-concurrently.
import type { IndexStmt } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { resolveIndex } from './index-definition.js';
import { createIndexConcurrently, withTableHeld } from './index-concurrently.js';
import { createIndex } from './index-create.js';
import { lockRelationByName, requireNamespace } from './namespace.js';
import { noticeExists, requireRelationOwner, requireSchemaPrivilege } from './permissions.js';
import { requireNotInUse } from './relation-file.js';
import { kindDetail } from './relation-kind.js';
import { requireNoTransactionBlock } from './transaction-block.js';

/** CREATE INDEX. */
export async function createIndexStatement(statement: IndexStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'CREATE INDEX' };
  if (statement.concurrent) requireNoTransactionBlock(context, 'CREATE INDEX CONCURRENTLY');
  const mode = statement.concurrent ? 'AccessShareLock' : 'ShareLock';
  const table = await lockRelationByName(context, statement.relation ?? {}, mode);
  if (table === null) return done;
  // Nobody else sees a temporary table.
  if (statement.concurrent && table.persistence !== 't') {
    await withTableHeld(context, table.oid, () => makeIndex(statement, context, table.oid));
  } else await makeIndex(statement, context, table.oid);
  return done;
}

async function makeIndex(statement: IndexStmt, context: CommandContext, oid: number): Promise<void> {
  const table = context.catalog.requireRelation(oid);
  requireIndexable(table);
  requireRelationOwner(context, table);
  requireSchemaPrivilege(context, requireNamespace(context, table.schemaName), 'create');
  requireNotInUse(context, table, 'CREATE INDEX');
  if (statement.if_not_exists && statement.idxname) {
    const key = { relname: statement.idxname, relnamespace: table.schema };
    if (context.catalog.tables.findOne('pg_class', key) !== null) {
      noticeExists(context, 'relation', statement.idxname);
      return;
    }
  }
  if ((statement.excludeOpNames?.length ?? 0) > 0) throw notSupported('EXCLUDE constraint');
  const spec = resolveIndex(context, table, statement);
  if (statement.concurrent && table.persistence !== 't') await createIndexConcurrently(context, table, spec);
  else await createIndex(context, table, spec);
}

/** 42809 for relations that have no indexes. */
export function requireIndexable(table: RelationDescriptor): void {
  if (table.kind === 'r' || table.kind === 'm') return;
  if (table.kind === 'p') throw notSupported('index on a partitioned table');
  const action = 'ciI'.includes(table.kind) ? 'open' : 'create index on';
  throw pgError(SqlState.wrongObjectType, `cannot ${action} relation "${table.name}"`, {
    detail: kindDetail(table.kind),
  });
}
