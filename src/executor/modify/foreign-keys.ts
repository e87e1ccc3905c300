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

export class ForeignKeyWork {
  private readonly outgoing: readonly ConstraintDescriptor[];
  private readonly children = new Map<ConstraintDescriptor, ChildRow[]>();
  private readonly lost = new Map<ConstraintDescriptor, LostKey[]>();

  constructor(
    private readonly statement: RunState,
    private readonly relation: RelationDescriptor,
  ) {
    this.outgoing = relation.constraints.filter((constraint) => constraint.kind === 'f');
  }

  inserted(rowid: number, row: Row): void {
    for (const constraint of this.outgoing) this.addChild(constraint, rowid, keyOf(row, constraint.keys));
  }

  updated(rowid: number, before: Row, after: Row): void {
    for (const constraint of this.outgoing) {
      const key = keyOf(after, constraint.keys);
      if (!sameKey(key, keyOf(before, constraint.keys))) this.addChild(constraint, rowid, key);
    }
    for (const constraint of this.relation.referencedBy) {
      const oldKey = keyOf(before, constraint.foreignKeys);
      const newKey = keyOf(after, constraint.foreignKeys);
      if (!sameKey(oldKey, newKey)) this.addLost(constraint, { rowid, oldKey, newKey });
    }
  }

  deleted(rowid: number, row: Row): void {
    for (const constraint of this.relation.referencedBy) {
      this.addLost(constraint, { rowid, oldKey: keyOf(row, constraint.foreignKeys), newKey: null });
    }
  }

  private addChild(constraint: ConstraintDescriptor, rowid: number, key: Row): void {
    if (constraint.match === 'f') requireWholeKey(this.relation, constraint, key);
    // MATCH SIMPLE: a null anywhere in the key exempts the row.
    if (key.includes(null)) return;
    this.queue(this.children, constraint, { rowid, key }, (rows) =>
      checkParents(this.statement, this.relation, constraint, rows),
    );
  }

  private addLost(constraint: ConstraintDescriptor, lost: LostKey): void {
    if (lost.oldKey.includes(null)) return;
    this.queue(this.lost, constraint, lost, (keys) => checkChildren(this.statement, this.relation, constraint, keys));
  }

  /** Gathers items; the first one of a statement schedules the check of all. */
  private queue<T>(
    queues: Map<ConstraintDescriptor, T[]>,
    constraint: ConstraintDescriptor,
    item: T,
    check: (items: readonly T[]) => Promise<void>,
  ): void {
    const known = queues.get(constraint);
    if (known !== undefined) {
      known.push(item);
      return;
    }
    const items = [item];
    queues.set(constraint, items);
    const run = async (): Promise<void> => {
      queues.delete(constraint);
      await check(items);
    };
    // Actions that change children act at the statement's end; only checks can wait for the commit.
    if (isImmediateAction(constraint, queues === (this.lost as unknown))) this.statement.atStatementEnd(run);
    else deferCheck(this.statement, this.relation, constraint, run);
  }
}

function isImmediateAction(constraint: ConstraintDescriptor, isLost: boolean): boolean {
  return isLost && (constraint.onDelete !== 'a' || constraint.onUpdate !== 'a');
}

export function keyOf(row: Row, columns: readonly number[]): Row {
  return columns.map((column) => row[column - 1] ?? null);
}

/** Different images of equal values only cost a check. */
function sameKey(left: Row, right: Row): boolean {
  return left.every((value, n) => sameValue(value, right[n] as Value));
}
