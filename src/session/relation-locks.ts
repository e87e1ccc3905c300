// Relation locks of a query, taken before it runs: every relation of its range tables, subqueries and CTEs included, in
// the mode that the analyzer noted.
import type { Awaitable } from '../base/awaitable.js';
import type { Query } from '../trees/query.js';
import { forEachSubquery } from '../trees/walk.js';
import type { LockMode } from '../transaction/api.js';
import type { Session } from './session.js';

const lockModes: readonly LockMode[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/** Locks what the query touches. True where a lock had to be waited for and the catalogs moved meanwhile: the query
 *  must be bound again. */
export function lockRelations(session: Session, query: Query): Awaitable<boolean> {
  const transaction = session.transactions.ensure();
  const relations = relationsOf(query);
  for (let index = 0; index < relations.length; index++) {
    const { relation, mode } = relations[index] as RelationUse;
    const wait = transaction.lockRelation(relation, mode);
    if (wait) return lockRest(session, relations, index + 1, wait);
  }
  return false;
}

/** Waits for one lock, then takes those from `index` on. */
async function lockRest(
  session: Session,
  relations: readonly RelationUse[],
  index: number,
  wait: Promise<void>,
): Promise<boolean> {
  const transaction = session.transactions.ensure();
  const version = session.catalog.version();
  await wait;
  for (const { relation, mode } of relations.slice(index)) await transaction.lockRelation(relation, mode);
  return session.catalog.version() !== version;
}

interface RelationUse {
  readonly relation: number;
  readonly mode: LockMode;
}

const uses = new WeakMap<Query, readonly RelationUse[]>();

/** Relations that a query touches, in order of appearance, each with its strongest mode. Remembered per query. */
function relationsOf(query: Query): readonly RelationUse[] {
  const known = uses.get(query);
  if (known) return known;
  const modes = new Map<number, number>();
  collect(query, modes);
  const list = [...modes].map(([relation, mode]) => ({ relation, mode: lockModes[mode - 1] ?? 'AccessShareLock' }));
  uses.set(query, list);
  return list;
}

function collect(query: Query, modes: Map<number, number>): void {
  const note = (relation: number, mode: number) => modes.set(relation, Math.max(modes.get(relation) ?? 1, mode));
  for (const entry of query.rangeTable) {
    if (entry.kind === 'relation') note(entry.relation, entry.lockMode);
    if (entry.kind === 'subquery' && entry.viewRelation !== 0) note(entry.viewRelation, 1);
  }
  forEachSubquery(query, (subquery) => collect(subquery, modes));
}
