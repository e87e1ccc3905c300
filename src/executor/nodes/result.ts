// Result: one row without input, or a gate and projection over its input; ProjectSet: set-returning functions in the
// target list, advanced in lockstep, shorter ones padded with nulls.
import type { Plan, ProjectSet, Result } from '../../trees/plan.js';
import type { Row, Value } from '../../types/value.js';
import { PgRecord } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import {
  type BatchProgram,
  type QualProgram,
  type RowProgram,
  type ScalarProgram,
  compileBatch,
  compileQual,
  compileScalar,
  compileTargets,
} from '../expressions/compile.js';
import { type SetCall, compileSetCall, iterate } from '../set-returning.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { FilteredNode, GeneratorNode } from './filtered.js';
import { isPassThrough } from './projection.js';

interface ResultProgram {
  readonly gate: QualProgram | null;
  readonly qual: QualProgram | null;
  readonly row: RowProgram;
}

/** Result without input: at most one row. */
export class OneRowNode implements PlanNode {
  private done = false;
  private readonly program: ResultProgram;

  constructor(
    private readonly x: RunState,
    plan: Result,
  ) {
    this.program = x.unit.cached(plan, () => ({
      gate: compileQual(x.unit, plan.constantQual),
      qual: compileQual(x.unit, plan.qual),
      // Columns in the list are those of a relation that a false condition left unread: they are never evaluated.
      row: compileTargets(x.unit, plan.targetList, { systemColumnBase: 0 }),
    }));
  }

  next(): Batch | null | Promise<Batch | null> {
    if (this.done) return null;
    this.done = true;
    const { x } = this;
    const { gate, qual, row } = this.program;
    const isSync = row.initParams.length === 0 && !row.isAsync && gate === null && qual === null;
    return isSync ? [row.run(x, null) as Row] : this.wait();
  }

  private async wait(): Promise<Batch | null> {
    const { x } = this;
    for (const condition of [this.program.gate, this.program.qual]) {
      if (condition === null) continue;
      await x.ensureInit(condition.initParams);
      if (!(await condition.run(x, null))) return null;
    }
    await x.ensureInit(this.program.row.initParams);
    return [await this.program.row.run(x, null)];
  }

  rescan(): void {
    this.done = false;
  }

  close(): void {
    this.done = true;
  }
}

/** Result over an input: `constantQual` decides once whether there is anything at all. */
export class ResultNode extends FilteredNode {
  private readonly child: PlanNode;
  private readonly gate: QualProgram | null;
  private isOpen: boolean | null = null;

  constructor(x: RunState, plan: Result, outer: Plan) {
    const compiled = x.unit.cached(plan, (): { gate: QualProgram | null; program: BatchProgram | null } => ({
      gate: compileQual(x.unit, plan.constantQual),
      program: compileBatch(x.unit, {
        quals: plan.qual,
        targets: isPassThrough(plan.targetList, outer) ? null : plan.targetList,
        asOuter: true,
      }),
    }));
    super(x, compiled.program);
    this.gate = compiled.gate;
    this.child = buildNode(outer, x);
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    if (this.gate === null || this.isOpen === true) return this.child.next(rowCountMax);
    if (this.isOpen === false) return null;
    return this.decide(this.gate, rowCountMax);
  }

  private async decide(gate: QualProgram, rowCountMax: number): Promise<Batch | null> {
    await this.x.ensureInit(gate.initParams);
    this.isOpen = await gate.run(this.x, null);
    return this.isOpen ? this.child.next(rowCountMax) : null;
  }

  protected restart(): void {
    this.isOpen = null;
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}

interface Column {
  readonly set: SetCall | null;
  readonly scalar: ScalarProgram | null;
  readonly recordType: number;
}

export class ProjectSetNode extends GeneratorNode {
  private readonly child: PlanNode;
  private readonly columns: readonly Column[];

  constructor(x: RunState, plan: ProjectSet) {
    super(x);
    this.columns = x.unit.cached(plan, () =>
      plan.targetList.map(({ expr }) => {
        const set = compileSetCall(x.unit, expr);
        return {
          set,
          scalar: set === null ? compileScalar(x.unit, expr) : null,
          recordType: 'type' in expr ? expr.type : 0,
        };
      }),
    );
    this.child = buildNode(plan.outer, x);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const { x } = this;
    let out: Batch = [];
    for (
      let batch = await this.child.next(this.rowCountMax);
      batch !== null;
      batch = await this.child.next(this.rowCountMax)
    ) {
      for (const input of batch) {
        for await (const row of this.expand(x, input)) {
          out.push(row);
          if (out.length < this.rowCountMax) continue;
          yield out;
          out = [];
        }
      }
      await this.pause();
    }
    if (out.length > 0) yield out;
  }

  /** Output rows of one input row: as many as the longest set has. */
  private async *expand(x: RunState, input: Row): AsyncGenerator<Row, void, void> {
    const constants: Value[] = [];
    const sets: {
      column: number;
      iterator: Iterator<unknown> | AsyncIterator<unknown>;
      source: SetCall;
      ended: boolean;
    }[] = [];
    for (const [column, { set, scalar }] of this.columns.entries()) {
      constants.push(null);
      if (scalar !== null) {
        await x.ensureInit(scalar.initParams);
        constants[column] = await scalar.run(x, null, input);
      } else if (set !== null) {
        await x.ensureInit(set.args.initParams);
        const source = await set.rows(x, await set.args.run(x, null, input));
        sets.push({ column, iterator: iterate(source), source: set, ended: false });
      }
    }
    for (;;) {
      const row = constants.slice();
      let found = false;
      for (const set of sets) {
        let item = set.ended ? null : set.iterator.next();
        if (item instanceof Promise) item = await item;
        if (item === null || item.done === true) set.ended = true;
        else {
          found = true;
          row[set.column] = this.columnValue(item.value, set.source, this.columns[set.column]?.recordType ?? 0);
        }
      }
      if (!found) return;
      yield row;
    }
  }

  private columnValue(item: unknown, set: SetCall, type: number): Value {
    if (!Array.isArray(item) || !set.isComposite) return Array.isArray(item) ? (item[0] as Value) : (item as Value);
    const descriptor = this.x.context.catalog.typeByOid(type);
    const fields = (item as Row).map((_, n) => {
      const attribute = descriptor.attributes[n] ?? set.outColumns[n];
      return { name: attribute?.name ?? `f${n + 1}`, type: attribute?.type ?? 25, typmod: attribute?.typmod ?? -1 };
    });
    return new PgRecord(type, item as Row, fields);
  }

  protected restart(): void {
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}
