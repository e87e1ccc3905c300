// FOR UPDATE / SHARE: which relations they lock, and where they are not allowed.
import type { LockingClause } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Query, RangeTableEntry, RowMarkClause } from '../../trees/query.js';
import type { Mutable, ParseState } from '../parse-state.js';
import { acl } from '../range-table.js';

const strengths = {
  LCS_FORKEYSHARE: ['keyShare', 'FOR KEY SHARE'],
  LCS_FORSHARE: ['share', 'FOR SHARE'],
  LCS_FORNOKEYUPDATE: ['noKeyUpdate', 'FOR NO KEY UPDATE'],
  LCS_FORUPDATE: ['update', 'FOR UPDATE'],
} as const;
const order = ['keyShare', 'share', 'noKeyUpdate', 'update'] as const;
const policies = { LockWaitBlock: 'block', LockWaitSkip: 'skip', LockWaitError: 'error' } as const;
const policyOrder = ['block', 'skip', 'error'] as const;

interface Lock {
  readonly strength: RowMarkClause['strength'];
  readonly name: string;
  readonly waitPolicy: RowMarkClause['waitPolicy'];
}

/** The name that messages give to a locking clause. */
export function lockName(clause: LockingClause): string {
  return lockOf(clause).name;
}

function lockOf(clause: LockingClause): Lock {
  const found = strengths[(clause.strength ?? 'LCS_FORUPDATE') as keyof typeof strengths] ?? strengths.LCS_FORUPDATE;
  return { strength: found[0], name: found[1], waitPolicy: policies[clause.waitPolicy ?? 'LockWaitBlock'] };
}

/** True where a FROM item of that name will be locked by the query's own clause or its parent's. */
export function isLockedName(state: ParseState, name: string): boolean {
  if (state.lockedFromParent) return true;
  return state.lockingClauses.some(
    (clause) =>
      clause.lockedRels === undefined ||
      clause.lockedRels.some((relation) => 'RangeVar' in relation && relation.RangeVar.relname === name),
  );
}

/** Throws 0A000 where rows of the query can't be locked. */
export function checkLockable(query: Query, name: string): void {
  const refuse = (what: string): Error => pgError(SqlState.featureNotSupported, `${name} is not allowed with ${what}`);
  if (query.setOperations !== null) throw refuse('UNION/INTERSECT/EXCEPT');
  if (query.distinctClause.length > 0) throw refuse('DISTINCT clause');
  if (query.groupClause.length > 0 || query.groupingSets.length > 0) throw refuse('GROUP BY clause');
  if (query.having !== null) throw refuse('HAVING clause');
  if (query.hasAggregates) throw refuse('aggregate functions');
  if (query.hasWindowFunctions) throw refuse('window functions');
  if (query.hasTargetSets) throw refuse('set-returning functions in the target list');
}

/** Applies the query's locking clauses: row marks, privileges, lock modes. Changes the finished query in place. */
export function applyLocking(query: Query, clauses: readonly LockingClause[]): void {
  for (const clause of clauses) applyClause(query, clause, lockOf(clause), false);
}

function applyClause(query: Query, clause: LockingClause, lock: Lock, pushedDown: boolean): void {
  checkLockable(query, lock.name);
  if (clause.lockedRels === undefined) {
    query.rangeTable.forEach((entry, index) => {
      if (!entry.inFromClause) return;
      if (entry.kind === 'relation') lockRelation(query, entry, index + 1, lock, pushedDown);
      else if (entry.kind === 'subquery') {
        mark(query, index + 1, lock, pushedDown);
        applyClause(entry.subquery, {}, lock, true);
      }
    });
    return;
  }
  for (const relation of clause.lockedRels) {
    if (!('RangeVar' in relation)) continue;
    const range = relation.RangeVar;
    const location = range.location ?? 0;
    if (range.schemaname !== undefined || range.catalogname !== undefined) {
      throw pgError(SqlState.syntaxError, `${lock.name} must specify unqualified relation names`, { location });
    }
    const index = query.rangeTable.findIndex((entry) => entry.inFromClause && visibleName(entry) === range.relname);
    const entry = query.rangeTable[index];
    if (entry === undefined) {
      throw pgError(
        SqlState.undefinedTable,
        `relation "${range.relname}" in ${lock.name} clause not found in FROM clause`,
        { location },
      );
    }
    lockNamed(query, entry, index + 1, lock, pushedDown, location);
  }
}

/** The name by which a FROM item can be locked; null where it has none. */
function visibleName(entry: RangeTableEntry): string | null {
  if (entry.kind === 'join' && entry.alias === null) return entry.usingAlias?.name ?? null;
  if ((entry.kind === 'subquery' || entry.kind === 'values') && entry.alias === null) return null;
  return entry.eref.name;
}

function lockNamed(
  query: Query,
  entry: RangeTableEntry,
  rtIndex: number,
  lock: Lock,
  pushedDown: boolean,
  location: number,
): void {
  const refuse = (what: string): Error =>
    pgError(SqlState.featureNotSupported, `${lock.name} cannot be applied to ${what}`, { location });
  switch (entry.kind) {
    case 'relation':
      lockRelation(query, entry, rtIndex, lock, pushedDown);
      return;
    case 'subquery':
      mark(query, rtIndex, lock, pushedDown);
      applyClause(entry.subquery, {}, lock, true);
      return;
    case 'join':
      throw refuse('a join');
    case 'function':
      throw refuse('a function');
    case 'values':
      throw refuse('VALUES');
    case 'cte':
      throw refuse('a WITH query');
    case 'namedTuplestore':
      throw refuse('a named tuplestore');
    case 'result':
      return;
  }
}

function lockRelation(
  query: Query,
  entry: Extract<RangeTableEntry, { kind: 'relation' }>,
  rtIndex: number,
  lock: Lock,
  pushedDown: boolean,
): void {
  mark(query, rtIndex, lock, pushedDown);
  const relation = entry as Mutable<typeof entry>;
  relation.lockMode = Math.max(relation.lockMode, 2);
  if (relation.permissions !== null) {
    relation.permissions = { ...relation.permissions, required: relation.permissions.required | acl.update };
  }
}

function mark(query: Query, rtIndex: number, lock: Lock, pushedDown: boolean): void {
  const marks = query.rowMarks as RowMarkClause[];
  (query as Mutable<Query>).hasForUpdate = true;
  const index = marks.findIndex((candidate) => candidate.rtIndex === rtIndex);
  const known = marks[index];
  if (known === undefined) {
    marks.push({ rtIndex, strength: lock.strength, waitPolicy: lock.waitPolicy, pushedDown });
    return;
  }
  const stronger = order.indexOf(lock.strength) > order.indexOf(known.strength) ? lock.strength : known.strength;
  const stricter =
    policyOrder.indexOf(lock.waitPolicy) > policyOrder.indexOf(known.waitPolicy) ? lock.waitPolicy : known.waitPolicy;
  marks[index] = { rtIndex, strength: stronger, waitPolicy: stricter, pushedDown: known.pushedDown && pushedDown };
}
