// Append: the children one after the other; MergeAppend: sorted children merged into one order.
import type { Append, MergeAppend } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type RowComparator, rowComparator } from '../row-order.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { GeneratorNode, RowReader } from './filtered.js';

export class AppendNode implements PlanNode {
  private readonly children: readonly PlanNode[];
  private at = 0;

  constructor(x: RunState, plan: Append) {
    this.children = plan.children.map((child) => buildNode(child, x));
  }

  next(rowCountMax: number): Batch | null | Promise<Batch | null> {
    for (;;) {
      const child = this.children[this.at];
      if (child === undefined) return null;
      const batch = child.next(rowCountMax);
      if (batch instanceof Promise) return batch.then((rows) => rows ?? this.advance(rowCountMax));
      if (batch !== null) return batch;
      this.at += 1;
    }
  }

  private advance(rowCountMax: number): Batch | null | Promise<Batch | null> {
    this.at += 1;
    return this.next(rowCountMax);
  }

  rescan(): void {
    for (const child of this.children) child.rescan();
    this.at = 0;
  }

  close(): void {
    for (const child of this.children) child.close();
  }
}

export class MergeAppendNode extends GeneratorNode {
  private readonly children: readonly PlanNode[];
  private readonly compare: RowComparator;

  constructor(x: RunState, plan: MergeAppend) {
    super(x);
    this.children = plan.children.map((child) => buildNode(child, x));
    this.compare = rowComparator(x, plan.keys, plan.targetList);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const readers = this.children.map((child) => new RowReader(child));
    const heads: (Row | null)[] = [];
    for (const reader of readers) heads.push(await reader.read());
    let out: Batch = [];
    for (;;) {
      let best = -1;
      for (let n = 0; n < heads.length; n++) {
        const head = heads[n] as Row | null;
        if (head !== null && (best < 0 || this.compare(head, heads[best] as Row) < 0)) best = n;
      }
      if (best < 0) break;
      out.push(heads[best] as Row);
      const reader = readers[best] as RowReader;
      const row = reader.take();
      heads[best] = row === undefined ? await reader.read() : row;
      if (out.length < this.rowCountMax) continue;
      yield out;
      out = [];
    }
    if (out.length > 0) yield out;
  }

  protected restart(): void {
    for (const child of this.children) child.rescan();
  }

  close(): void {
    for (const child of this.children) child.close();
  }
}
