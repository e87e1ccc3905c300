// RecursiveUnion: the non-recursive term once, then the recursive term over the rows of the round before, until a round
// adds nothing; UNION drops rows that were seen already.
import type { RecursiveUnion } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { rowKey } from '../row-order.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { GeneratorNode } from './filtered.js';

export class RecursiveUnionNode extends GeneratorNode {
  private readonly outer: PlanNode;
  private inner: PlanNode | null = null;

  constructor(
    x: RunState,
    private readonly plan: RecursiveUnion,
  ) {
    super(x);
    this.outer = buildNode(plan.outer, x);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const { plan, x } = this;
    const keyOf = plan.distinct.length === 0 ? null : rowKey(x, plan.distinct, plan.outer.targetList);
    const seen = new Set<unknown>();
    const fresh = (batch: Batch): Batch => {
      if (keyOf === null) return batch;
      return batch.filter((row) => {
        const key = keyOf(row);
        if (seen.has(key)) return false;
        seen.add(key);
        return true;
      });
    };
    let round: Row[] = [];
    for (
      let batch = await this.outer.next(this.rowCountMax);
      batch !== null;
      batch = await this.outer.next(this.rowCountMax)
    ) {
      const rows = fresh(batch);
      for (const row of rows) round.push(row);
      if (rows.length > 0) yield rows;
    }
    while (round.length > 0) {
      x.workTables.set(plan.workTableParam, round);
      x.touch(plan.workTableParam);
      round = [];
      if (this.inner === null) this.inner = buildNode(plan.inner, x);
      else this.inner.rescan();
      for (
        let batch = await this.inner.next(this.rowCountMax);
        batch !== null;
        batch = await this.inner.next(this.rowCountMax)
      ) {
        const rows = fresh(batch);
        for (const row of rows) round.push(row);
        await this.pause();
        if (rows.length > 0) yield rows;
      }
    }
  }

  protected restart(): void {
    this.outer.rescan();
    this.inner?.rescan();
  }

  close(): void {
    this.outer.close();
    this.inner?.close();
  }
}
