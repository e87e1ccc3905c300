// LOCK TABLE.
import type { LockStmt } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { LockMode } from '../transaction/api.js';
import type { CommandContext, CommandResult } from './api.js';
import { hasRelationPrivilege, permissionDenied, wrongKind } from './permissions.js';
import { lockRelationByName } from './namespace.js';
import { kindNoun } from './relation-kind.js';
import { nodeOf } from './tree.js';

const modes: readonly LockMode[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/** LOCK TABLE. Throws 25P01 outside a transaction block. */
export async function lockStatement(statement: LockStmt, context: CommandContext): Promise<CommandResult> {
  if (context.isTopLevel) {
    throw pgError(SqlState.noActiveSqlTransaction, 'LOCK TABLE can only be used in transaction blocks');
  }
  const mode = modes[(statement.mode ?? 8) - 1] as LockMode;
  for (const node of statement.relations ?? []) {
    const named = nodeOf(node, 'RangeVar');
    const found = context.catalog.resolveRelation({
      catalog: named.catalogname ?? null,
      schema: named.schemaname ?? null,
      name: named.relname ?? '',
    });
    requireLockable(context, found, mode);
    const relation = await lockRelationByName(context, named, mode, { noWait: statement.nowait === true });
    if (relation === null || named.inh !== true) continue;
    for (const child of context.catalog.inheritors(relation.oid)) {
      if (child !== relation.oid)
        await context.transaction.lockRelation(child, mode, { noWait: statement.nowait === true });
    }
  }
  return { kind: 'done', tag: 'LOCK TABLE' };
}

function requireLockable(context: CommandContext, relation: RelationDescriptor, mode: LockMode): void {
  if (!'rpv'.includes(relation.kind)) throw wrongKind(`cannot lock relation "${relation.name}"`, relation);
  const strong = aclBit.maintain | aclBit.update | aclBit.delete | aclBit.truncate;
  const writing = aclBit.insert;
  const reading = aclBit.select;
  const enough =
    mode === 'AccessShareLock'
      ? strong | writing | reading
      : mode === 'RowShareLock' || mode === 'RowExclusiveLock'
        ? strong | writing
        : strong;
  for (let bit = 1; bit <= aclBit.maintain; bit <<= 1) {
    if ((enough & bit) !== 0 && hasRelationPrivilege(context, relation, bit)) return;
  }
  throw permissionDenied(`${kindNoun(relation)} ${relation.name}`);
}
