// TRUNCATE: the tables get new, empty files. Foreign keys from tables outside the list refuse it or, with CASCADE, pull
// those tables in.
import type { TruncateStmt } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { openTruncateTriggers } from '../executor/triggers/truncate-triggers.js';
import type { CommandContext, CommandResult } from './api.js';
import { lockRelationByName } from './namespace.js';
import { requireNoSystemRelation, requireRelationOwner, requireRelationPrivilege, wrongKind } from './permissions.js';
import { assignNewFile, requireNotInUse } from './relation-file.js';
import { ownedSequences, restartSequence, storeDefinition } from './sequence.js';
import { sequenceCacheService } from './services.js';
import { nodeOf } from './tree.js';

/** TRUNCATE. */
export async function truncateStatement(statement: TruncateStmt, context: CommandContext): Promise<CommandResult> {
  const tables = new Map<number, RelationDescriptor>();
  for (const node of statement.relations ?? []) {
    const named = nodeOf(node, 'RangeVar');
    const relation = await lockRelationByName(context, named, 'AccessExclusiveLock');
    if (relation === null) continue;
    requireTruncatable(context, relation);
    tables.set(relation.oid, relation);
    if (named.inh === true) await addChildren(context, tables, relation);
  }
  await checkReferences(context, tables, statement.behavior === 'DROP_CASCADE');
  const sequences = statement.restart_seqs ? sequencesOf(context, tables) : [];
  const triggers = openTruncateTriggers(context.corridor.executionContext(), [...tables.keys()]);
  await triggers?.before();
  for (const oid of tables.keys()) await emptyTable(context, oid);
  for (const sequence of sequences) await restartFromStart(context, sequence);
  await triggers?.after();
  return { kind: 'done', tag: 'TRUNCATE TABLE' };
}

async function addChildren(
  context: CommandContext,
  tables: Map<number, RelationDescriptor>,
  relation: RelationDescriptor,
): Promise<void> {
  for (const oid of context.catalog.inheritors(relation.oid)) {
    if (tables.has(oid)) continue;
    await context.transaction.lockRelation(oid, 'AccessExclusiveLock');
    const child = context.catalog.requireRelation(oid);
    requireNotInUse(context, child, 'TRUNCATE');
    tables.set(oid, child);
  }
}

function requireTruncatable(context: CommandContext, relation: RelationDescriptor): void {
  if (relation.kind !== 'r' && relation.kind !== 'p') {
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is not a table`);
  }
  requireNoSystemRelation(relation);
  requireRelationPrivilege(context, relation, aclBit.truncate);
  if (relation.persistence === 't' && relation.file.temporaryOwner === 0) {
    throw wrongKind('cannot truncate temporary tables of other sessions', relation);
  }
  requireNotInUse(context, relation, 'TRUNCATE');
}

async function checkReferences(
  context: CommandContext,
  tables: Map<number, RelationDescriptor>,
  cascade: boolean,
): Promise<void> {
  // Tables that join the list are looked at too: a Map's iteration sees what is added meanwhile.
  for (const relation of tables.values()) {
    for (const constraint of relation.referencedBy) {
      if (tables.has(constraint.relation)) continue;
      const other = context.catalog.requireRelation(constraint.relation);
      if (!cascade) {
        throw pgError(SqlState.featureNotSupported, 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${other.name}" references "${relation.name}".`,
          hint: `Truncate table "${other.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      await context.transaction.lockRelation(other.oid, 'AccessExclusiveLock');
      const message = `truncate cascades to table "${other.name}"`;
      context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
      requireTruncatable(context, other);
      tables.set(other.oid, other);
    }
  }
}

function sequencesOf(context: CommandContext, tables: ReadonlyMap<number, RelationDescriptor>): number[] {
  const sequences = [...tables.keys()].flatMap((oid) => ownedSequences(context, oid, 0));
  for (const sequence of sequences) requireRelationOwner(context, context.catalog.requireRelation(sequence));
  return sequences;
}

/** Empties a table and its indexes. */
export async function emptyTable(context: CommandContext, oid: number): Promise<void> {
  const { indexes } = context.catalog.requireRelation(oid);
  context.transaction.statistics.of(oid).truncated();
  await assignNewFile(context, oid);
  for (const index of indexes) await assignNewFile(context, index.oid);
}

async function restartFromStart(context: CommandContext, sequence: number): Promise<void> {
  const row = context.catalog.tables.findOne('pg_sequence', { seqrelid: sequence })?.row;
  if (row === undefined) return;
  const relation = context.catalog.requireRelation(sequence);
  await restartSequence(context, relation, storeDefinition(row), { value: row.seqstart, isCalled: false });
  context.session.service(sequenceCacheService).forget(sequence);
}
