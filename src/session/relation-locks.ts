// Relation locks of a query, taken before it runs: every relation of its range tables, subqueries and CTEs included, in
// the mode that the analyzer noted.
import { type Awaitable, chain } from '../base/awaitable.js';
import { rewrite } from '../rewriter/rewrite.js';
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

/** Tables that an inheritance parent stood for when the query locked it, itself first. */
export type Inheritors = ReadonlyMap<number, readonly number[]>;

/**
 * Locks what the query touches: first the relations it names, then the children of inheritance parents, which are
 * looked up before they are locked, as PostgreSQL does it. `isMoved`: a lock had to be waited for and the catalogs moved
 * meanwhile, so the query must be bound again. It goes on with the children of before the wait, given as `inheritors`
 * here and then to the planner.
 */
export function lockRelations(session: Session, query: Query, inheritors: Inheritors | null): Awaitable<LockOutcome> {
  const transaction = session.transactions.ensure();
  const relations = relationsOf(query);
  for (let index = 0; index < relations.length; index++) {
    const { relation, mode } = relations[index] as RelationUse;
    const wait = transaction.lockRelation(relation, mode);
    if (wait) return lockRest(session, relations, index + 1, wait);
  }
  return lockChildren(session, relations, inheritors);
}

/** Locks what a command's bound query touches, views looked through. True where a lock had to be waited for and the
 *  catalogs moved meanwhile. */
export function lockQuery(session: Session, query: Query): Awaitable<boolean> {
  const [first, ...others] = rewrite(query, { catalog: session.catalog, isForLocks: true }).map((rewritten) =>
    lockRelations(session, rewritten, null),
  );
  if (first === undefined) return false;
  if (others.length === 0) return chain(first, ({ isMoved }) => isMoved);
  return Promise.all([first, ...others]).then((outcomes) => outcomes.some(({ isMoved }) => isMoved));
}

export interface LockOutcome {
  readonly isMoved: boolean;
  readonly inheritors: Inheritors | null;
}

const unmoved: LockOutcome = { isMoved: false, inheritors: null };

/** Waits for one lock, then takes those from `index` on. */
async function lockRest(
  session: Session,
  relations: readonly RelationUse[],
  index: number,
  wait: Promise<void>,
): Promise<LockOutcome> {
  const transaction = session.transactions.ensure();
  const version = session.catalog.version();
  await wait;
  for (const { relation, mode } of relations.slice(index)) await transaction.lockRelation(relation, mode);
  if (session.catalog.version() !== version) return { isMoved: true, inheritors: null };
  return lockChildren(session, relations, null);
}

function lockChildren(
  session: Session,
  relations: readonly RelationUse[],
  known: Inheritors | null,
): Awaitable<LockOutcome> {
  const { catalog } = session;
  const parents = relations.filter((use) => use.inherit && catalog.relation(use.relation)?.hasSubclass === true);
  if (parents.length === 0) return unmoved;
  const inheritors = new Map<number, readonly number[]>();
  const children: RelationUse[] = [];
  for (const { relation, mode } of parents) {
    const oids = known?.get(relation)?.filter((oid) => catalog.relation(oid) !== null) ?? catalog.inheritors(relation);
    inheritors.set(relation, oids);
    for (const oid of oids) children.push({ relation: oid, mode, inherit: false });
  }
  const transaction = session.transactions.ensure();
  for (let index = 0; index < children.length; index++) {
    const { relation, mode } = children[index] as RelationUse;
    const wait = transaction.lockRelation(relation, mode);
    if (wait) return lockRest(session, children, index + 1, wait).then(({ isMoved }) => ({ isMoved, inheritors }));
  }
  return { isMoved: false, inheritors: known === null ? null : inheritors };
}

interface RelationUse {
  readonly relation: number;
  readonly mode: LockMode;
  /** Its inheritance children are read or written with it. */
  readonly inherit: boolean;
}

const uses = new WeakMap<Query, readonly RelationUse[]>();

/** Relations that a query touches, in order of appearance, each with its strongest mode. Remembered per query. */
function relationsOf(query: Query): readonly RelationUse[] {
  const known = uses.get(query);
  if (known) return known;
  const found: FoundUses = { modes: new Map(), parents: new Set() };
  collect(query, found);
  const list = [...found.modes].map(([relation, mode]) => ({
    relation,
    mode: lockModes[mode - 1] ?? 'AccessShareLock',
    inherit: found.parents.has(relation),
  }));
  uses.set(query, list);
  return list;
}

interface FoundUses {
  /** The strongest mode's number by relation. */
  readonly modes: Map<number, number>;
  readonly parents: Set<number>;
}

function collect(query: Query, found: FoundUses): void {
  const { modes, parents } = found;
  const note = (relation: number, mode: number) => modes.set(relation, Math.max(modes.get(relation) ?? 1, mode));
  for (const entry of query.rangeTable) {
    if (entry.kind === 'relation') note(entry.relation, entry.lockMode);
    if (entry.kind === 'relation' && entry.inherit) parents.add(entry.relation);
    if (entry.kind === 'subquery' && entry.viewRelation !== 0) note(entry.viewRelation, 1);
  }
  forEachSubquery(query, (subquery) => collect(subquery, found));
}
