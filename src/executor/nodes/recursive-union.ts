// RecursiveUnion: the non-recursive term once, then the recursive term over the rows of the round before, until a round
// adds nothing; UNION drops rows that were seen already.
import type { RecursiveUnion } from '../../trees/plan.js';
import { type MemoryAccount, watchTable } from '../../types/memory.js';
import { buildNode } from '../build-node.js';
import { hashEntryBytes, rowKey } from '../row-order.js';
import type { TupleStore } from '../spill/tuple-store.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { GeneratorNode } from './filtered.js';

export class RecursiveUnionNode extends GeneratorNode {
  private readonly outer: PlanNode;
  private inner: PlanNode | null = null;
  /** Rows of the round that is being computed. */
  private round: TupleStore | null = null;
  /** For the keys of the rows seen. */
  private readonly held: MemoryAccount;

  constructor(
    x: RunState,
    private readonly plan: RecursiveUnion,
  ) {
    super(x);
    this.outer = buildNode(plan.outer, x);
    this.held = x.memory.child('TupleHashTable');
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const { plan, x } = this;
    const keyOf = plan.distinct.length === 0 ? null : rowKey(x, plan.distinct, plan.outer.targetList);
    const seen = new Set<unknown>();
    const { held } = this;
    held.clear();
    const fresh = (batch: Batch): Batch => {
      if (keyOf === null) return batch;
      return batch.filter((row) => {
        const key = keyOf(row);
        if (seen.has(key)) return false;
        seen.add(key);
        watchTable(seen.size);
        held.charge(hashEntryBytes(key));
        return true;
      });
    };
    let round = this.newRound();
    for (
      let batch = await this.outer.next(this.rowCountMax);
      batch !== null;
      batch = await this.outer.next(this.rowCountMax)
    ) {
      const rows = fresh(batch);
      for (const row of rows) round.append(row);
      if (rows.length > 0) yield rows;
    }
    while (round.rowCount > 0) {
      x.workTables.get(plan.workTableParam)?.clear();
      x.workTables.set(plan.workTableParam, round);
      x.touch(plan.workTableParam);
      round = this.newRound();
      if (this.inner === null) this.inner = buildNode(plan.inner, x);
      else this.inner.rescan();
      for (
        let batch = await this.inner.next(this.rowCountMax);
        batch !== null;
        batch = await this.inner.next(this.rowCountMax)
      ) {
        const rows = fresh(batch);
        for (const row of rows) round.append(row);
        await this.pause();
        if (rows.length > 0) yield rows;
      }
    }
  }

  private newRound(): TupleStore {
    this.round = this.x.tupleStore();
    return this.round;
  }

  protected restart(): void {
    this.round?.clear();
    this.outer.rescan();
    this.inner?.rescan();
  }

  close(): void {
    this.round?.clear();
    this.x.workTables.get(this.plan.workTableParam)?.clear();
    this.held.clear();
    this.outer.close();
    this.inner?.close();
  }
}
