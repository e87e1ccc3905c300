// Limit: OFFSET, LIMIT, FETCH FIRST ... WITH TIES. Asks its child for no more rows than it will hand on.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Limit } from '../../trees/plan.js';
import type { Row, Value } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { SortNode } from './sort.js';
import { type ScalarProgram, compileScalar } from '../expressions/compile.js';
import { rowEquality } from '../row-order.js';
import type { Batch, PlanNode, RunState } from '../state.js';

interface LimitProgram {
  readonly offset: ScalarProgram | null;
  readonly count: ScalarProgram | null;
}

export class LimitNode implements PlanNode {
  private readonly child: PlanNode;
  private readonly program: LimitProgram;
  private skip = -1;
  /** Rows still to hand on; Infinity without a limit. */
  private left = 0;
  private lastRow: Row | null = null;
  private readonly isBounding: boolean;
  private readonly sameTies: ((left: Row, right: Row) => boolean) | null;

  constructor(
    private readonly x: RunState,
    plan: Limit,
  ) {
    this.program = x.unit.cached(plan, () => ({
      offset: plan.offset === null ? null : compileScalar(x.unit, plan.offset),
      count: plan.count === null ? null : compileScalar(x.unit, plan.count),
    }));
    this.sameTies = plan.withTies ? rowEquality(x, plan.tieColumns, plan.targetList) : null;
    this.child = buildNode(plan.outer, x);
    this.isBounding = !plan.withTies && this.child instanceof SortNode;
  }

  async next(rowCountMax: number): Promise<Batch | null> {
    if (this.skip < 0) await this.begin();
    while (this.skip > 0) {
      const batch = await this.child.next(Math.min(this.skip, 4096));
      if (batch === null) return null;
      this.skip -= batch.length;
    }
    if (this.left > 0) return this.take(rowCountMax);
    return this.sameTies === null || this.lastRow === null ? null : this.takeTies(rowCountMax);
  }

  private async begin(): Promise<void> {
    const { offset, count } = this.program;
    this.skip = offset === null ? 0 : await this.bound(offset, SqlState.invalidRowCountInResultOffsetClause, 'OFFSET');
    this.left =
      count === null
        ? Number.POSITIVE_INFINITY
        : await this.bound(count, SqlState.invalidRowCountInLimitClause, 'LIMIT');
    if (this.isBounding && Number.isFinite(this.left)) (this.child as SortNode).setBound(this.skip + this.left);
  }

  private async bound(program: ScalarProgram, code: SqlState, name: string): Promise<number> {
    await this.x.ensureInit(program.initParams);
    const value: Value = await program.run(this.x, null);
    if (value === null) return name === 'LIMIT' ? Number.POSITIVE_INFINITY : 0;
    const number = Number(value);
    if (number < 0) throw pgError(code, `${name} must not be negative`);
    return number;
  }

  private async take(rowCountMax: number): Promise<Batch | null> {
    const batch = await this.child.next(Math.min(rowCountMax, this.left));
    if (batch === null) {
      this.lastRow = null;
      this.left = 0;
      return null;
    }
    this.left -= batch.length;
    if (this.left === 0) this.lastRow = batch[batch.length - 1] as Row;
    return batch;
  }

  private async takeTies(rowCountMax: number): Promise<Batch | null> {
    const batch = await this.child.next(rowCountMax);
    const last = this.lastRow;
    if (batch === null || last === null) return null;
    let ties = 0;
    while (ties < batch.length && this.sameTies?.(last, batch[ties] as Row) === true) ties += 1;
    if (ties < batch.length) this.lastRow = null;
    return ties === 0 ? null : batch.slice(0, ties);
  }

  rescan(): void {
    this.skip = -1;
    this.lastRow = null;
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}
