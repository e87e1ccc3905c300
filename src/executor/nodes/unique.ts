// Unique and Group over sorted input: the first row of each run of equal ones. SetOp: INTERSECT and EXCEPT over the rows
// of both sides with a flag column, sorted or hashed.
import type { Group, SetOp, Unique } from '../../trees/plan.js';
import { type MemoryAccount, watchTable } from '../../types/memory.js';
import { rowBytes } from '../../types/value-size.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type BatchProgram, compileBatch } from '../expressions/compile.js';
import { hashEntryBytes, rowEquality, rowKey } from '../row-order.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { FilteredNode, GeneratorNode, RowReader } from './filtered.js';
import { isPassThrough } from './projection.js';

export class UniqueNode extends FilteredNode {
  private readonly child: PlanNode;
  private readonly same: (left: Row, right: Row) => boolean;
  private last: Row | null = null;

  constructor(x: RunState, plan: Unique | Group) {
    super(x, plan.kind === 'Group' ? groupProgram(x, plan) : null);
    this.child = buildNode(plan.outer, x);
    this.same = rowEquality(x, plan.kind === 'Group' ? plan.groupColumns : plan.columns, plan.outer.targetList);
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    const batch = this.child.next(rowCountMax);
    return batch instanceof Promise ? batch.then((rows) => this.firsts(rows)) : this.firsts(batch);
  }

  private firsts(batch: Batch | null): Batch | null {
    if (batch === null) return null;
    const out: Batch = [];
    for (const row of batch) {
      if (this.last === null || !this.same(this.last, row)) out.push(row);
      this.last = row;
    }
    return out;
  }

  protected restart(): void {
    this.last = null;
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}

function groupProgram(x: RunState, plan: Group): BatchProgram | null {
  return x.unit.cached(plan, () => ({
    program: compileBatch(x.unit, {
      quals: plan.qual,
      targets: isPassThrough(plan.targetList, plan.outer) ? null : plan.targetList,
      asOuter: true,
    }),
  })).program;
}

interface Counted {
  readonly row: Row;
  left: number;
  right: number;
}

export class SetOpNode extends GeneratorNode {
  private readonly child: PlanNode;
  private readonly held: MemoryAccount;

  constructor(
    x: RunState,
    private readonly plan: SetOp,
  ) {
    super(x);
    this.child = buildNode(plan.outer, x);
    this.held = x.memory.child('TupleHashTable');
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    let out: Batch = [];
    for await (const group of this.plan.strategy === 'sorted' ? this.sortedGroups() : this.hashedGroups()) {
      const row =
        this.plan.targetList.length < group.row.length ? group.row.slice(0, this.plan.targetList.length) : group.row;
      for (let n = this.copies(group); n > 0; n--) {
        out.push(row);
        if (out.length < this.rowCountMax) continue;
        yield out;
        out = [];
      }
    }
    if (out.length > 0) yield out;
  }

  private copies({ left, right }: Counted): number {
    switch (this.plan.command) {
      case 'intersect':
        return left > 0 && right > 0 ? 1 : 0;
      case 'intersectAll':
        return Math.min(left, right);
      case 'except':
        return left > 0 && right === 0 ? 1 : 0;
      case 'exceptAll':
        return Math.max(0, left - right);
    }
  }

  private async *sortedGroups(): AsyncGenerator<Counted, void, void> {
    const same = rowEquality(this.x, this.plan.columns, this.plan.outer.targetList);
    const reader = new RowReader(this.child);
    let group: Counted | null = null;
    for (let row = await reader.read(); row !== null; row = await reader.read()) {
      if (group !== null && !same(group.row, row)) {
        yield group;
        group = null;
      }
      group = this.count(group ?? { row, left: 0, right: 0 }, row);
    }
    if (group !== null) yield group;
  }

  private async *hashedGroups(): AsyncGenerator<Counted, void, void> {
    const keyOf = rowKey(this.x, this.plan.columns, this.plan.outer.targetList);
    const groups = new Map<unknown, Counted>();
    this.held.clear();
    for (let batch = await this.child.next(4096); batch !== null; batch = await this.child.next(4096)) {
      for (const row of batch) {
        const key = keyOf(row);
        let group = groups.get(key);
        if (group === undefined) {
          group = { row, left: 0, right: 0 };
          groups.set(key, group);
          watchTable(groups.size);
          this.held.charge(hashEntryBytes(key) + 48 + rowBytes(row));
        }
        this.count(group, row);
      }
      await this.pause();
    }
    yield* groups.values();
    this.held.clear();
  }

  private count(group: Counted, row: Row): Counted {
    if (row[this.plan.flagColumn - 1] === 0) group.left += 1;
    else group.right += 1;
    return group;
  }

  protected restart(): void {
    this.child.rescan();
  }

  close(): void {
    this.held.clear();
    this.child.close();
  }
}
