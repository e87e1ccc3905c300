// What the three joins share: compiled conditions and projection, rows of nulls for outer joins, which unmatched rows a
// join type keeps. ON conditions decide matches; WHERE conditions filter what comes out, null-extended rows included.
import type { JoinCommon } from '../../trees/plan.js';
import type { JoinType } from '../../trees/query.js';
import type { Row, Value } from '../../types/value.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import type { Expression } from '../../trees/expression.js';
import type { CompileUnit } from '../expressions/unit.js';
import type { Batch, RunState } from '../state.js';
import { GeneratorNode } from './filtered.js';

export interface JoinProgram {
  readonly joinQual: QualProgram | null;
  readonly qual: QualProgram | null;
  readonly project: RowProgram;
  readonly nullOuter: Row;
  readonly nullInner: Row;
}

export function compileJoin(unit: CompileUnit, plan: JoinCommon, joinQual: readonly Expression[]): JoinProgram {
  return {
    joinQual: compileQual(unit, joinQual),
    qual: compileQual(unit, plan.qual),
    project: compileTargets(unit, plan.targetList),
    nullOuter: nullRow(plan.outer.targetList.length),
    nullInner: nullRow(plan.inner.targetList.length),
  };
}

function nullRow(width: number): Row {
  return new Array<Value>(width).fill(null);
}

/** Unmatched outer rows come out, extended with nulls (anti: they are the result). */
export function keepsOuter(type: JoinType): boolean {
  return type === 'left' || type === 'full' || type === 'anti';
}
export function keepsInner(type: JoinType): boolean {
  return type === 'right' || type === 'full' || type === 'rightAnti';
}

/** Base of the joins: filters and projects pairs into batches. */
export abstract class JoinNode extends GeneratorNode {
  protected out: Batch = [];

  constructor(
    x: RunState,
    protected readonly plan: JoinCommon,
    protected readonly program: JoinProgram,
  ) {
    super(x);
  }

  protected get isFull(): boolean {
    return this.out.length >= this.rowCountMax;
  }

  protected takeOut(): Batch {
    const batch = this.out;
    this.out = [];
    return batch;
  }

  /** Initplans of the join's expressions, before its first pair. */
  protected async prepare(): Promise<void> {
    const { joinQual, qual, project } = this.program;
    for (const program of [joinQual, qual, project]) {
      if (program !== null && program.initParams.length > 0) await this.x.ensureInit(program.initParams);
    }
  }

  /** Whether a pair meets the ON conditions. */
  protected matches(outer: Row, inner: Row): boolean | Promise<boolean> {
    const { joinQual } = this.program;
    if (joinQual === null) return true;
    const passed = joinQual.run(this.x, null, outer, inner);
    if (passed instanceof Promise) return passed.then((isMatch) => this.counted(isMatch));
    return this.counted(passed);
  }

  private counted(isMatch: boolean): boolean {
    if (!isMatch) this.joinFiltered += 1;
    return isMatch;
  }

  /** Applies WHERE and projects; undefined unless it had to wait. */
  protected emit(outer: Row, inner: Row): Promise<void> | undefined {
    const { qual, project } = this.program;
    if ((qual?.isAsync ?? false) || project.isAsync) return this.emitSlowly(outer, inner);
    if (qual !== null && qual.run(this.x, null, outer, inner) !== true) {
      this.filtered += 1;
      return undefined;
    }
    this.out.push(project.run(this.x, null, outer, inner) as Row);
    return undefined;
  }

  private async emitSlowly(outer: Row, inner: Row): Promise<void> {
    const { qual, project } = this.program;
    if (qual !== null && !(await qual.run(this.x, null, outer, inner))) {
      this.filtered += 1;
      return;
    }
    this.out.push(await project.run(this.x, null, outer, inner));
  }
}
