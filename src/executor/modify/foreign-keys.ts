// Foreign keys. Written rows of the referencing table must find their parent; removed or changed keys of the referenced
// table must not leave children behind, or act on them. Work is gathered while the statement runs and done at its end (or
// at commit, where deferred), each distinct key once:
//   1. referencing side: look the parent up by its unique index, lock it FOR KEY SHARE, look again
//   2. referenced side: find the children of the old keys, then raise 23503, delete, or change them by ordinary writes
import type { ConstraintDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { Row, Value } from '../../types/value.js';
import type { RunState } from '../state.js';
import { deferCheck } from './index-maintenance.js';
import { checkChildren } from './foreign-key-actions.js';
import { checkParents, requireWholeKey } from './foreign-key-checks.js';
import { sameValue } from './key-attributes.js';
import type { ForeignKeyStep, TriggerProgram } from '../triggers/trigger-program.js';
import { timed } from '../triggers/trigger-times.js';

/** A row of the referencing table whose parent must be there. */
export interface ChildRow {
  readonly rowid: number;
  readonly key: Row;
}
/** A key of the referenced table that a delete or update took away. */
export interface LostKey {
  readonly rowid: number;
  readonly oldKey: Row;
  /** The row's new key; null where the row was deleted. */
  readonly newKey: Row | null;
}

/** What is told of each written row: foreign keys alone, or they and the triggers that fire after rows. A Promise only
 *  where something waits. */
export interface AfterRowWork {
  inserted(rowid: number, row: Row): undefined | Promise<void>;
  /** `assigned`: columns that the statement assigns, null for any. */
  updated(rowid: number, before: Row, after: Row, assigned: ReadonlySet<number> | null): undefined | Promise<void>;
  deleted(rowid: number, row: Row): undefined | Promise<void>;
}

export class ForeignKeyWork implements AfterRowWork {
  private readonly children = new Map<ForeignKeyStep, ChildRow[]>();
  private readonly lost = new Map<ForeignKeyStep, LostKey[]>();

  constructor(
    private readonly statement: RunState,
    private readonly relation: RelationDescriptor,
    private readonly triggers: TriggerProgram,
  ) {}

  inserted(rowid: number, row: Row): undefined {
    for (const step of this.triggers.insert.afterRow) {
      if (step.kind === 'check') this.addChild(step, childOwed(this.relation, step.constraint, rowid, null, row));
    }
  }

  updated(rowid: number, before: Row, after: Row): undefined {
    for (const step of this.triggers.update.afterRow) {
      if (step.kind === 'check') this.addChild(step, childOwed(this.relation, step.constraint, rowid, before, after));
      else if (step.kind === 'action') this.addLost(step, keyLost(step.constraint, rowid, before, after));
    }
  }

  deleted(rowid: number, row: Row): undefined {
    for (const step of this.triggers.delete.afterRow) {
      if (step.kind === 'action') this.addLost(step, keyLost(step.constraint, rowid, row, null));
    }
  }

  private addChild(step: ForeignKeyStep, child: ChildRow | null): void {
    if (child !== null) {
      this.queue(this.children, step, child, (rows) =>
        checkParents(this.statement, this.relation, step.constraint, rows),
      );
    }
  }

  private addLost(step: ForeignKeyStep, lost: LostKey | null): void {
    if (lost !== null) {
      this.queue(this.lost, step, lost, (keys) => checkChildren(this.statement, this.relation, step.constraint, keys));
    }
  }

  /** Gathers items; the first one of a statement schedules the check of all. */
  private queue<T>(
    queues: Map<ForeignKeyStep, T[]>,
    step: ForeignKeyStep,
    item: T,
    check: (items: readonly T[]) => Promise<void>,
  ): void {
    const { constraint, descriptor } = step;
    const known = queues.get(step);
    if (known !== undefined) {
      known.push(item);
      return;
    }
    const items = [item];
    queues.set(step, items);
    const run = async (): Promise<void> => {
      queues.delete(step);
      await timed(this.statement, this.relation, descriptor, items.length, () => check(items));
    };
    if (isImmediate(step)) this.statement.atStatementEnd(run);
    else deferCheck(this.statement, this.relation, constraint, run);
  }
}

/** Actions that change children act at the statement's end; only checks can wait for the commit. */
export function isImmediate({ descriptor }: ForeignKeyStep): boolean {
  return !descriptor.deferrable;
}

/** What a written row of the referencing table owes; null for nothing. Throws 23503 where MATCH FULL forbids its nulls. */
export function childOwed(
  relation: RelationDescriptor,
  constraint: ConstraintDescriptor,
  rowid: number,
  before: Row | null,
  after: Row,
): ChildRow | null {
  const key = keyOf(after, constraint.keys);
  if (before !== null && sameKey(key, keyOf(before, constraint.keys))) return null;
  if (constraint.match === 'f') requireWholeKey(relation, constraint, key);
  // MATCH SIMPLE: a null anywhere in the key exempts the row.
  return key.includes(null) ? null : { rowid, key };
}

/** The key that a row of the referenced table had and has no more; null where no row can refer to it. */
export function keyLost(
  constraint: ConstraintDescriptor,
  rowid: number,
  before: Row,
  after: Row | null,
): LostKey | null {
  const oldKey = keyOf(before, constraint.foreignKeys);
  if (oldKey.includes(null)) return null;
  if (after === null) return { rowid, oldKey, newKey: null };
  const newKey = keyOf(after, constraint.foreignKeys);
  return sameKey(oldKey, newKey) ? null : { rowid, oldKey, newKey };
}

export function keyOf(row: Row, columns: readonly number[]): Row {
  return columns.map((column) => row[column - 1] ?? null);
}

/** Different images of equal values only cost a check. */
function sameKey(left: Row, right: Row): boolean {
  return left.every((value, n) => sameValue(value, right[n] as Value));
}
