// LOCK TABLE.
import type { LockStmt, RangeVar } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { RelationHead } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { LockMode } from '../transaction/api.js';
import type { CommandContext, CommandResult } from './api.js';
import { hasRelationPrivilege, permissionDenied, wrongKind } from './permissions.js';
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
    const relation = await lockByName(context, named, mode, statement.nowait === true);
    if (named.inh !== true) continue;
    for (const child of context.catalog.inheritors(relation)) {
      if (child !== relation)
        await context.transaction.lockRelation(child, mode, { noWait: statement.nowait === true });
    }
  }
  return { kind: 'done', tag: 'LOCK TABLE' };
}

/** Locks the relation of that name; looks it up again once the lock was waited for, it may be another one by then. */
async function lockByName(
  context: CommandContext,
  { catalogname, schemaname, relname }: RangeVar,
  mode: LockMode,
  noWait: boolean,
): Promise<number> {
  const { catalog, transaction } = context;
  const name = { catalog: catalogname ?? null, schema: schemaname ?? null, name: relname ?? '' };
  for (let found = catalog.resolveRelationHead(name); ; ) {
    requireLockable(context, found, mode);
    const wait = transaction.lockRelation(found.oid, mode, { name: found.name, ...(noWait ? { noWait } : {}) });
    if (wait === undefined) return found.oid;
    await wait;
    const again = catalog.resolveRelationHead(name);
    if (again.oid === found.oid) return found.oid;
    found = again;
  }
}

function requireLockable(context: CommandContext, relation: RelationHead, mode: LockMode): void {
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
