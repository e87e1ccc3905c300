// What a DROP takes with it: follows pg_depend from the named objects and orders everything so that dependents go first
// (manual, section 5.15). Then either refuses (RESTRICT) or tells what else is dropped (CASCADE), in PostgreSQL's words.
// Algorithm, for each object:
// 1. An object that is part of another one stands for that one, unless it was named itself: then the drop is refused.
// 2. Its dependents are visited, newest first; each remembers how it was reached.
// 3. The object itself follows them.
import { type Notice, pgError, SqlState } from '../../errors/pg-error.js';
import type { Transaction } from '../../transaction/api.js';
import type { Catalog } from '../api.js';
import type { RelationDescriptor } from '../descriptors.js';
import { catalogShapes } from '../generated/schema.js';
import { describeObject } from '../object-description.js';
import { addressKey, isPinned, type ObjectAddress } from './object-address.js';

/** How an object came to be dropped. `part`: by a column's whole table, partition, ... */
interface Target {
  readonly address: ObjectAddress;
  isOriginal: boolean;
  /** Reached by an automatic, internal, partition or extension dependency: dropped without a word. */
  isSilent: boolean;
  isPart: boolean;
  hasPartitionPath: boolean;
  /** Its table is dropped as a whole, too. */
  isSubobject: boolean;
  readonly dependee: ObjectAddress;
}

type Reach = 'original' | 'normal' | 'auto' | 'internal' | 'partition' | 'extension' | 'reverse';

interface StackEntry {
  readonly address: ObjectAddress;
  readonly reaches: Set<Reach>;
  readonly below: StackEntry | null;
}

/** Lines of detail that go to the client; the rest is counted. */
const reportedLinesMax = 100;

export interface DeletionPlanContext {
  readonly catalog: Catalog;
  readonly transaction: Transaction;
  notice(notice: Notice): void;
}

export interface DeletionOptions {
  /** Throws 55006 for a relation that the session still uses. */
  readonly requireUnused?: (relation: RelationDescriptor) => void;
  readonly behavior: 'restrict' | 'cascade';
  /** No NOTICE about what else is dropped (temporary tables at the session's end). */
  readonly quiet?: boolean;
  /** Keep the named objects themselves, drop what depends on them (emptying a temporary schema). */
  readonly skipOriginal?: boolean;
  /** A command drops parts of its own objects (ALTER TABLE rewriting constraints): don't refuse. */
  readonly internal?: boolean;
}

/** Objects to delete, in order. Locks them. Throws 2BP01 where RESTRICT or the system forbids it. */
export async function planDeletion(
  context: DeletionPlanContext,
  named: readonly ObjectAddress[],
  options: DeletionOptions,
): Promise<readonly ObjectAddress[]> {
  const targets = new TargetList();
  for (const address of named) {
    await lockForDeletion(context, address);
    await visit(context, targets, { address, reaches: ['original'], stack: null, pending: named });
  }
  report(context, targets, named, options);
  const order = targets.list.map(({ address }) => address);
  return options.skipOriginal === true ? order.filter((_, at) => targets.list[at]?.isOriginal !== true) : order;
}

class TargetList {
  readonly list: Target[] = [];
  private readonly byKey = new Map<string, Target>();

  /** True where the object (or the whole that it is a column of) is listed; notes the further way it was reached. */
  noteIfPresent(address: ObjectAddress, reaches: Iterable<Reach>): boolean {
    const same = this.byKey.get(addressKey(address));
    if (same !== undefined) {
      addReaches(same, reaches);
      return true;
    }
    if (address.subId !== 0) return this.byKey.has(addressKey({ ...address, subId: 0 }));
    // The whole comes after one of its columns: the column needs no deletion of its own.
    for (const target of this.list) {
      const { classId, objectId } = target.address;
      if (classId === address.classId && objectId === address.objectId) target.isSubobject = true;
    }
    return false;
  }

  add(address: ObjectAddress, reaches: Iterable<Reach>, dependee: ObjectAddress): void {
    const target: Target = {
      address,
      isOriginal: false,
      isSilent: false,
      isPart: false,
      hasPartitionPath: false,
      isSubobject: false,
      dependee,
    };
    addReaches(target, reaches);
    this.list.push(target);
    this.byKey.set(addressKey(address), target);
  }
}

function addReaches(target: Target, reaches: Iterable<Reach>): void {
  for (const reach of reaches) {
    if (reach === 'original') target.isOriginal = true;
    if (reach === 'auto' || reach === 'internal' || reach === 'partition' || reach === 'extension')
      target.isSilent = true;
    if (reach === 'partition') target.hasPartitionPath = true;
  }
}

interface Visit {
  readonly address: ObjectAddress;
  readonly reaches: readonly Reach[];
  readonly stack: StackEntry | null;
  readonly pending: readonly ObjectAddress[];
}

async function visit(
  context: DeletionPlanContext,
  targets: TargetList,
  { address, reaches, stack, pending }: Visit,
): Promise<void> {
  if (onStack(stack, address, reaches) || targets.noteIfPresent(address, reaches)) return;
  if (isPinned(address))
    throw pgError(
      SqlState.dependentObjectsStillExist,
      `cannot drop ${describeObject(context.catalog, address)} because it is required by the database system`,
    );
  if (await yieldToOwner(context, targets, { address, reaches, stack, pending })) return;
  const entry: StackEntry = { address, reaches: new Set(reaches), below: stack };
  for (const dependent of dependentsOf(context.catalog, address)) {
    await lockForDeletion(context, dependent.address);
    if (!exists(context.catalog, dependent.address)) continue;
    await visit(context, targets, { address: dependent.address, reaches: [dependent.reach], stack: entry, pending });
  }
  if (!targets.noteIfPresent(address, entry.reaches)) targets.add(address, entry.reaches, stack?.address ?? address);
}

/** True where the object on the stack (or its whole) is being visited already. */
function onStack(stack: StackEntry | null, address: ObjectAddress, reaches: readonly Reach[]): boolean {
  for (let entry = stack; entry !== null; entry = entry.below) {
    const { classId, objectId, subId } = entry.address;
    if (classId !== address.classId || objectId !== address.objectId || (subId !== address.subId && subId !== 0))
      continue;
    if (subId === address.subId) for (const reach of reaches) entry.reaches.add(reach);
    return true;
  }
  return false;
}

/** Handles internal, partition and extension membership. True where the owner's deletion covers this object (or it is
 *  named itself and comes up again with its owner). */
async function yieldToOwner(
  context: DeletionPlanContext,
  targets: TargetList,
  { address, reaches, stack, pending }: Visit,
): Promise<boolean> {
  const { catalog } = context;
  let owner: ObjectAddress | null = null;
  let partitionOwner: ObjectAddress | null = null;
  for (const { referenced, type } of dependenciesOf(catalog, address)) {
    if (type === 'P' || type === 'S') {
      if (type === 'P') partitionOwner ??= referenced;
      continue;
    }
    if (type !== 'i' && type !== 'e') continue;
    if (stack === null) {
      if (pending.some((other) => covers(other, referenced))) return true;
      if (owner === null || type === 'e') owner = referenced;
      continue;
    }
    if (onStack(stack, referenced, [])) continue;
    await lockForDeletion(context, referenced);
    await visit(context, targets, { address: referenced, reaches: ['reverse'], stack, pending });
    targets.noteIfPresent(address, reaches);
    return true;
  }
  const blocker = stack === null ? (partitionOwner !== null && owner !== null ? partitionOwner : owner) : null;
  if (blocker === null) return false;
  const other = describeObject(catalog, blocker);
  throw pgError(
    SqlState.dependentObjectsStillExist,
    `cannot drop ${describeObject(catalog, address)} because ${other} requires it`,
    {
      hint: `You can drop ${other} instead.`,
    },
  );
}

function covers(whole: ObjectAddress, part: ObjectAddress): boolean {
  return (
    whole.classId === part.classId &&
    whole.objectId === part.objectId &&
    (whole.subId === part.subId || whole.subId === 0)
  );
}

/** What the object depends on, itself left out. */
function dependenciesOf(catalog: Catalog, { classId, objectId, subId }: ObjectAddress) {
  return catalog.tables
    .find('pg_depend', { classid: classId, objid: objectId, ...(subId !== 0 && { objsubid: subId }) })
    .map(({ row }) => ({
      referenced: { classId: row.refclassid, objectId: row.refobjid, subId: row.refobjsubid },
      type: row.deptype,
    }))
    .filter(({ referenced }) => !(referenced.classId === classId && referenced.objectId === objectId && subId === 0));
}

const reachOf: Readonly<Record<string, Reach>> = {
  n: 'normal',
  a: 'auto',
  x: 'auto',
  i: 'internal',
  P: 'partition',
  S: 'partition',
  e: 'extension',
};

/** What depends on the object: newest first, a whole table before its columns. */
function dependentsOf(
  catalog: Catalog,
  { classId, objectId, subId }: ObjectAddress,
): { readonly address: ObjectAddress; readonly reach: Reach }[] {
  return catalog.tables
    .find('pg_depend', { refclassid: classId, refobjid: objectId, ...(subId !== 0 && { refobjsubid: subId }) })
    .map(({ row }) => ({
      address: { classId: row.classid, objectId: row.objid, subId: row.objsubid },
      reach: reachOf[row.deptype] ?? 'normal',
    }))
    .filter(({ address }) => !(address.classId === classId && address.objectId === objectId && subId === 0))
    .sort(
      ({ address: left }, { address: right }) =>
        right.objectId - left.objectId || left.classId - right.classId || left.subId - right.subId,
    );
}

function exists(catalog: Catalog, { classId, objectId }: ObjectAddress): boolean {
  // Relations and types are the ones that another session may have dropped while this one waited for the lock.
  return classId !== catalogShapes.pg_class.oid || catalog.tables.findOne('pg_class', { oid: objectId }) !== null;
}

async function lockForDeletion(
  { transaction }: DeletionPlanContext,
  { classId, objectId }: ObjectAddress,
): Promise<void> {
  const waiting =
    classId === catalogShapes.pg_class.oid
      ? transaction.lockRelation(objectId, 'AccessExclusiveLock')
      : transaction.lockObject(classId, objectId, 'AccessExclusiveLock');
  if (waiting !== undefined) await waiting;
}

/** Refuses or tells: the lines go from the last object that would be deleted to the first, as it was found. */
function report(
  context: DeletionPlanContext,
  targets: TargetList,
  named: readonly ObjectAddress[],
  options: DeletionOptions,
): void {
  const { catalog } = context;
  const spoken = targets.list
    .filter((target) => !target.isOriginal && !target.isSubobject && !target.isSilent)
    .reverse();
  if (spoken.length === 0 || options.internal === true) return;
  const restrict = options.behavior === 'restrict';
  if (!restrict && options.quiet === true) return;
  const lines = spoken
    .slice(0, reportedLinesMax)
    .map(({ address, dependee }) =>
      restrict
        ? `${describeObject(catalog, address)} depends on ${describeObject(catalog, dependee)}`
        : `drop cascades to ${describeObject(catalog, address)}`,
    );
  const more = spoken.length - lines.length;
  const detail =
    more === 0
      ? lines.join('\n')
      : `${lines.join('\n')}\nand ${more} other ${more === 1 ? 'object' : 'objects'} (see server log for list)`;
  if (restrict) {
    const [only] = named;
    const what =
      named.length === 1 && only !== undefined
        ? `cannot drop ${describeObject(catalog, only)} because other objects depend on it`
        : 'cannot drop desired object(s) because other objects depend on them';
    throw pgError(SqlState.dependentObjectsStillExist, what, {
      detail,
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  }
  const single = spoken.length === 1;
  context.notice({
    severity: 'NOTICE',
    code: SqlState.successfulCompletion,
    message: single ? detail : `drop cascades to ${spoken.length} other objects`,
    fields: single ? {} : { detail },
  });
}
