// WindowAgg: gathers one partition after the other (its input comes sorted), computes every window function for each of
// its rows, and projects over (row, results). Aggregates over a frame grow with it, shrink by their inverse transition
// function, or start over.
import { batchRowsMax } from '../../base/limits.js';
import type { Expression, WindowFunc } from '../../trees/expression.js';
import type { WindowAgg } from '../../trees/plan.js';
import { walkExpression } from '../../trees/walk.js';
import type { MemoryAccount } from '../../types/memory.js';
import type { Row, Value } from '../../types/value.js';
import { type SupportFunction, supportFunction } from '../aggregates/callable.js';
import { buildNode } from '../build-node.js';
import {
  type QualProgram,
  type RowProgram,
  type ScalarProgram,
  compileQual,
  compileScalar,
  compileTargets,
} from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import { columnType, rowEquality } from '../row-order.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { GeneratorNode, RowReader } from './filtered.js';
import { FrameFinder, type FrameSetup, checkOffset } from './window-frame.js';
import { WindowPartition } from './window-partition.js';
import { type WindowFunctionProgram, compileWindowFunction, windowEvaluator } from './window-functions.js';

interface WindowProgram {
  readonly functions: readonly WindowFunctionProgram[];
  readonly qual: QualProgram | null;
  readonly runCondition: QualProgram | null;
  readonly project: RowProgram;
  readonly startOffset: ScalarProgram | null;
  readonly endOffset: ScalarProgram | null;
  readonly startInRange: SupportFunction | null;
  readonly endInRange: SupportFunction | null;
}

export class WindowAggNode extends GeneratorNode {
  private readonly child: PlanNode;
  private readonly program: WindowProgram;
  private readonly samePartition: (left: Row, right: Row) => boolean;
  private readonly isPeer: (left: Row, right: Row) => boolean;
  private out: Batch = [];
  /** Charged for states of the partition in hand. */
  private readonly memory: MemoryAccount;

  constructor(
    x: RunState,
    private readonly plan: WindowAgg,
  ) {
    super(x);
    this.memory = x.memory.child('WindowAgg Aggregates');
    this.program = x.unit.cached(plan, () => compileWindow(x, plan));
    this.child = buildNode(plan.outer, x);
    const targets = plan.outer.targetList;
    this.samePartition =
      plan.partitionColumns.length === 0 ? () => true : rowEquality(x, plan.partitionColumns, targets);
    this.isPeer = plan.orderColumns.length === 0 ? () => true : rowEquality(x, plan.orderColumns, targets);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const { program } = this;
    for (const { initParams } of [program.project, program.qual ?? program.project])
      await this.x.ensureInit(initParams);
    const setup = await this.frameSetup();
    const reader = new RowReader(this.child);
    let first = await reader.read();
    while (first !== null) {
      const rows = new WindowPartition(this.x, this.isPeer);
      let row: Row | null = first;
      while (row !== null && this.samePartition(first, row)) {
        rows.append(row);
        if (rows.rowCount % batchRowsMax === 0) await this.pause();
        const next = reader.take();
        row = next === undefined ? await reader.read() : next;
      }
      yield* this.partition(rows, setup);
      rows.clear();
      first = row;
    }
    if (this.out.length > 0) yield this.takeOut();
  }

  private async *partition(rows: WindowPartition, setup: FrameSetup): AsyncGenerator<Batch, void, void> {
    const { x, program } = this;
    const finder = new FrameFinder(x, setup, rows);
    const { memory } = this;
    memory.clear();
    const evaluators = [];
    for (const fn of program.functions) {
      evaluators.push(await windowEvaluator(x, fn, rows, setup.frame, memory));
    }
    for (let position = 0; position < rows.rowCount; position++) {
      const segments = finder.segments(position);
      const results: Value[] = [];
      for (const evaluate of evaluators) {
        const value = evaluate(position, segments);
        results.push(value instanceof Promise ? await value : value);
      }
      const row = rows.rowAt(position);
      // Once a monotonic condition fails it fails for the rest of the partition.
      if (program.runCondition !== null && !(await program.runCondition.run(x, null, row, results))) return;
      if (program.qual !== null && !(await program.qual.run(x, null, row, results))) {
        this.filtered += 1;
        continue;
      }
      const output = program.project.run(x, null, row, results);
      this.out.push(output instanceof Promise ? await output : output);
      if (this.out.length >= this.rowCountMax) {
        yield this.takeOut();
        await this.pause();
      }
    }
  }

  private async frameSetup(): Promise<FrameSetup> {
    const { x, plan, program } = this;
    const { frame } = plan;
    const offset = async (bound: ScalarProgram | null, which: 'starting' | 'ending'): Promise<Value> => {
      if (bound === null) return null;
      await x.ensureInit(bound.initParams);
      const value = await bound.run(x, null);
      checkOffset(value, which, frame.mode);
      return value;
    };
    const [orderColumn] = plan.orderColumns;
    const column = orderColumn?.column ?? 0;
    const inRange = (fn: SupportFunction | null, offsetExpr: Expression | null) => {
      if (fn === null || offsetExpr === null) return null;
      const type = x.context.catalog.typeByOid(columnType(x, plan.outer.targetList, column));
      const offsetType = x.context.catalog.typeByOid(typeOf(offsetExpr, x.context.catalog));
      const bool = x.context.catalog.typeByOid(16);
      const info = {
        argTypes: [type, type, offsetType, bool, bool],
        resultType: bool,
        collation: frame.inRangeCollation,
        io: x.ioFor(frame.inRangeCollation),
        session: x.context.session,
        isVariadic: false,
        memo: undefined,
      };
      return { fn, info };
    };
    return {
      frame,
      startOffset: await offset(program.startOffset, 'starting'),
      endOffset: await offset(program.endOffset, 'ending'),
      orderColumn: column - 1,
      startInRange: inRange(program.startInRange, frame.start.offset),
      endInRange: inRange(program.endInRange, frame.end.offset),
    };
  }

  private takeOut(): Batch {
    const batch = this.out;
    this.out = [];
    return batch;
  }

  protected restart(): void {
    this.out = [];
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}

function compileWindow(x: RunState, plan: WindowAgg): WindowProgram {
  const { unit } = x;
  const functions: WindowFunc[] = [];
  const visit = (node: Expression): boolean | undefined => {
    if (node.kind !== 'WindowFunc') return undefined;
    if (!functions.includes(node)) functions.push(node);
    return false;
  };
  for (const { expr } of plan.targetList) walkExpression(expr, visit);
  for (const expr of [...plan.qual, ...plan.runCondition]) walkExpression(expr, visit);
  const sources = { computed: (expr: Expression) => (expr.kind === 'WindowFunc' ? functions.indexOf(expr) : null) };
  const { frame } = plan;
  const inRange = (oid: number): SupportFunction | null =>
    supportFunction(unit, oid, { argTypes: [], resultType: 16, collation: frame.inRangeCollation });
  return {
    functions: functions.map((fn) => compileWindowFunction(unit, fn, frame)),
    qual: compileQual(unit, plan.qual, sources),
    runCondition: plan.topWindow ? compileQual(unit, plan.runCondition, sources) : null,
    project: compileTargets(unit, plan.targetList, sources),
    startOffset: frame.start.offset === null ? null : compileScalar(unit, frame.start.offset),
    endOffset: frame.end.offset === null ? null : compileScalar(unit, frame.end.offset),
    startInRange: inRange(frame.startInRangeFunction),
    endInRange: inRange(frame.endInRangeFunction),
  };
}
