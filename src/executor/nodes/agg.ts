// Agg: plain, sorted and hashed aggregation, and grouping sets in phases. A group has a representative input row (columns
// that its set does not group by read as null) and one accumulator for each aggregate; HAVING and the target list are
// evaluated over (representative row, results).
//   sorted: groups end where the sorted input changes; within a ROLLUP, longer sets end before shorter ones
//   hashed: groups by key; beyond the memory budget, rows of new groups wait in partition files for a later pass, which
//   may split them again
import { batchRowsMax } from '../../base/limits.js';
import { defined } from '../../errors/unreachable.js';
import { type Aggref, type Expression, type GroupingFunc, outerVar } from '../../trees/expression.js';
import type { Agg, AggGroupingSet, SortKey } from '../../trees/plan.js';
import { walkExpression } from '../../trees/walk.js';
import type { Row, Value } from '../../types/value.js';
import { type Accumulator, type AccumulatorFactory, accumulatorFactory } from '../aggregates/accumulators.js';
import { type AggregateSpec, aggregateRun, aggregateSpec } from '../aggregates/spec.js';
import { buildNode } from '../build-node.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import { Emitter, type Program } from '../expressions/emitter.js';
import { type RowKey, hashEntryBytes, rowComparator, rowEquality, rowKey } from '../row-order.js';
import type { MemoryAccount } from '../../types/memory.js';
import { rowBytes } from '../../types/value-size.js';
import { type Partition, makePartitions, partitionCount, partitionLevelsMax, partitionOf } from '../spill/partition.js';
import type { TupleStore } from '../spill/tuple-store.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import {
  type NativeAggregation,
  type NativeGroups,
  mayAggregateNatively,
  nativeAggregation,
  runNativeAggregation,
} from '../native/aggregation.js';
import { GeneratorNode } from './filtered.js';
import { Sorter } from './sort.js';

/** Feeds one input row to a group's accumulators. */
type AdvanceProgram = Program<(x: RunState, o: Row, a: readonly Accumulator[]) => void | Promise<void>>;

interface AggProgram {
  readonly specs: readonly AggregateSpec[];
  readonly groupings: readonly GroupingFunc[];
  readonly advance: AdvanceProgram;
  readonly having: QualProgram | null;
  readonly project: RowProgram;
  readonly native: NativeAggregation | null;
}

interface GroupState {
  /** null: the group of an empty input. */
  readonly row: Row | null;
  readonly accumulators: readonly Accumulator[];
  /** Charged for what the accumulators gather. */
  readonly memory: MemoryAccount;
}

/** Sets computed in one pass over the input in one order. */
interface Phase {
  readonly sort: readonly SortKey[] | null;
  readonly sets: readonly AggGroupingSet[];
}

const noColumns: AggGroupingSet = { columns: [], strategy: 'sorted', sort: null };

export class AggNode extends GeneratorNode {
  private readonly child: PlanNode;
  private readonly program: AggProgram;
  private factories: readonly AccumulatorFactory[] = [];
  private out: Batch = [];
  private peakBytes = 0;
  private spilledBytes = 0;
  /** Tables that may have rows on disk. */
  private readonly tables = new Set<HashedGroups>();
  private spilled = false;
  /** The only group of plain aggregation was given. */
  private isThrough = false;
  /** Threads of the pipeline that did its work; 0 for none. */
  private nativeThreads = 0;

  constructor(
    x: RunState,
    private readonly plan: Agg,
  ) {
    super(x);
    this.program = x.unit.cached(plan, () => compileAgg(x, plan));
    this.child = buildNode(plan.outer, x);
  }

  override next(rowCountMax: number): Promise<Batch | null> {
    return this.plan.strategy === 'plain' && this.plan.groupingSets === null
      ? this.onlyGroup()
      : super.next(rowCountMax);
  }

  /** One group over all rows: subqueries ask for it often, so without a generator's turns. */
  private async onlyGroup(): Promise<Batch | null> {
    if (this.isThrough) return null;
    this.isThrough = true;
    if (this.factories.length === 0 || this.hasInitParams) await this.prepare();
    const { advance } = this.program;
    const run = this.runNative();
    const native = run === null ? null : await run;
    if (native !== null) {
      // One group, which HAVING may drop.
      this.rowCountMax = 2;
      for await (const _ of this.nativeGroups(native));
      return this.out.length > 0 ? this.takeOut() : null;
    }
    let group: GroupState | null = null;
    for (;;) {
      const step = this.child.next(batchRowsMax);
      const batch = step instanceof Promise ? await step : step;
      if (batch === null) break;
      for (const row of batch) {
        group ??= this.newGroup(row);
        const wait = advance.run(this.x, row, group.accumulators);
        if (wait !== undefined) await wait;
      }
      const pause = this.pause();
      if (pause !== undefined) await pause;
    }
    group ??= this.newGroup(null);
    await this.finish(group, noColumns);
    group.memory.clear();
    return this.out.length > 0 ? this.takeOut() : null;
  }

  private get hasInitParams(): boolean {
    const { having, project, advance, specs } = this.program;
    return (
      [having ?? project, project, advance].some(({ initParams }) => initParams.length > 0) ||
      specs.some(({ directArgs }) => directArgs !== null && directArgs.initParams.length > 0)
    );
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    await this.prepare();
    const { strategy, groupingSets } = this.plan;
    const whole = this.plan.groupColumns.map((_, n) => n);
    const native = await this.runNative();
    if (native !== null) yield* this.nativeGroups(native);
    else if (groupingSets !== null) yield* this.groupingSets(groupingSets);
    else if (strategy === 'hashed')
      yield* this.hashed([{ columns: whole, strategy: 'hashed', sort: null }], this.child);
    else yield* this.sorted([{ columns: whole, strategy: 'sorted', sort: null }], this.childRows());
    if (this.out.length > 0) yield this.takeOut();
  }

  private async prepare(): Promise<void> {
    const { x, program } = this;
    const { having, project, advance } = program;
    for (const { initParams } of [having ?? project, project, advance]) await x.ensureInit(initParams);
    for (const spec of program.specs) {
      if (spec.directArgs !== null) await x.ensureInit(spec.directArgs.initParams);
    }
    // They hold nothing of a group: a rescan needs no new ones.
    if (this.factories.length > 0) return;
    this.factories = program.specs.map((spec) => accumulatorFactory(x, spec, aggregateRun(x, spec, [])));
  }

  /** Null where the nodes must do it; nothing is waited for to learn that of small tables. */
  private runNative(): Promise<NativeGroups | null> | null {
    const { native, specs } = this.program;
    const may = native !== null && mayAggregateNatively(this.x, native);
    return may ? runNativeAggregation(this.x, this.plan, specs, native) : null;
  }

  /** Puts out the groups that a pipeline has found. */
  private async *nativeGroups(native: NativeGroups): AsyncGenerator<Batch, void, void> {
    const memory = this.x.memory.child('HashAgg hash context');
    this.nativeThreads = native.answer.threadCount;
    const order = this.program.native?.order ?? null;
    const set = { ...noColumns, columns: this.plan.groupColumns.map((_, n) => n) };
    const groups: GroupState[] = [];
    try {
      for (const rows of native.answer.batches(batchRowsMax)) {
        for (const found of rows) {
          const { row, results } = native.group(found);
          const group = { row, accumulators: results.map((result) => new NativeResult(result)), memory };
          if (order === null) await this.finish(group, set);
          else groups.push(group);
          if (this.out.length >= this.rowCountMax) yield this.takeOut();
        }
        await this.pause();
      }
      if (order === null) return;
      const compare = rowComparator(this.x, order.keys, order.targetList);
      groups.sort((left, right) => compare(left.row as Row, right.row as Row));
      for (const group of groups) {
        await this.finish(group, set);
        if (this.out.length >= this.rowCountMax) yield this.takeOut();
      }
    } finally {
      native.close();
    }
  }

  /** GROUP BY columns that are all fixed by conditions: one group, but none over no rows. */
  private get isGrouped(): boolean {
    return this.plan.strategy === 'sorted' && this.plan.groupingSets === null;
  }

  private newGroup(row: Row | null, memory = this.x.memory.child('AggContext')): GroupState {
    return { row, accumulators: this.factories.map((make) => make(memory)), memory };
  }

  private async *childRows(): AsyncGenerator<Batch, void, void> {
    for (let batch = await this.child.next(batchRowsMax); batch !== null; batch = await this.child.next(batchRowsMax)) {
      yield batch;
      await this.pause();
    }
  }

  /** Streams sorted input through a chain of sets, each a prefix of the one before. */
  private async *sorted(
    sets: readonly AggGroupingSet[],
    input: AsyncIterable<Batch> | Iterable<Batch>,
  ): AsyncGenerator<Batch, void, void> {
    const chain = [...sets].sort((a, b) => b.columns.length - a.columns.length);
    const same = chain.map((set) => this.equalityOf(set));
    const groups: (GroupState | null)[] = chain.map(() => null);
    const { advance } = this.program;
    for await (const batch of input) {
      for (const row of batch) {
        for (let n = 0; n < chain.length; n++) {
          const group = groups[n] as GroupState | null;
          if (group !== null && !(same[n] as (a: Row, b: Row) => boolean)(group.row as Row, row)) {
            await this.finish(group, chain[n] as AggGroupingSet);
            group.memory.clear();
            groups[n] = null;
            if (this.out.length >= this.rowCountMax) yield this.takeOut();
          }
          if (groups[n] === null) groups[n] = this.newGroup(row);
          const wait = advance.run(this.x, row, (groups[n] as GroupState).accumulators);
          if (wait !== undefined) await wait;
        }
      }
    }
    for (let n = 0; n < chain.length; n++) {
      const set = chain[n] as AggGroupingSet;
      const group = groups[n] ?? (set.columns.length === 0 && !this.isGrouped ? this.newGroup(null) : null);
      if (group !== null) await this.finish(group, set);
      group?.memory.clear();
      if (this.out.length >= this.rowCountMax) yield this.takeOut();
    }
  }

  private equalityOf(set: AggGroupingSet): (left: Row, right: Row) => boolean {
    if (set.columns.length === 0) return () => true;
    return rowEquality(
      this.x,
      set.columns.map((n) => defined(this.plan.groupColumns[n], 'group column')),
      this.plan.outer.targetList,
    );
  }

  private keyOf(set: AggGroupingSet): RowKey {
    return rowKey(
      this.x,
      set.columns.map((n) => defined(this.plan.groupColumns[n], 'group column')),
      this.plan.outer.targetList,
    );
  }

  private async *hashed(sets: readonly AggGroupingSet[], source: PlanNode): AsyncGenerator<Batch, void, void> {
    const tables = sets.map((set) => this.newTable(set, this.keyOf(set)));
    for (let batch = await source.next(batchRowsMax); batch !== null; batch = await source.next(batchRowsMax)) {
      for (const table of tables) await this.addHashed(table, batch);
      await this.pause();
    }
    for (const table of tables) yield* this.drainHashed(table);
  }

  private async addHashed(table: HashedGroups, batch: readonly Row[]): Promise<void> {
    const { advance } = this.program;
    for (const row of batch) {
      const key = table.keyOf(row);
      let group = table.groups.get(key);
      if (group === undefined) {
        if (table.partitions !== null) {
          defined(table.partitions[partitionOf(key, table.level)], 'partition').add(row);
          continue;
        }
        group = this.newGroup(row, table.memory);
        table.groups.set(key, group);
        table.memory.charge(rowBytes(row) + hashEntryBytes(key) + 100 + 100 * this.factories.length);
        // hash_mem_multiplier's default gives hash tables twice work_mem.
        if (table.memory.usedBytes > 2 * this.x.context.workMemBytes) this.startSpilling(table);
      }
      const wait = advance.run(this.x, row, group.accumulators);
      if (wait !== undefined) await wait;
    }
  }

  private startSpilling(table: HashedGroups): void {
    if (table.level >= partitionLevelsMax) return;
    this.spilled = true;
    table.partitions = makePartitions(this.x.context.transaction.statistics);
  }

  private newTable(set: AggGroupingSet, keyOf: RowKey, level = 0): HashedGroups {
    const table = new HashedGroups(set, keyOf, level, this.x.memory.child('HashAgg hash context'));
    this.tables.add(table);
    return table;
  }

  /** Puts a table's groups out, then those of the rows that had to wait. */
  private async *drainHashed(table: HashedGroups): AsyncGenerator<Batch, void, void> {
    if (table.groups.size === 0 && table.set.columns.length === 0 && this.plan.groupingSets !== null)
      table.groups.set(0, this.newGroup(null));
    this.peakBytes = Math.max(this.peakBytes, table.memory.usedBytes);
    for (const group of table.groups.values()) {
      await this.finish(group, table.set);
      if (this.out.length >= this.rowCountMax) yield this.takeOut();
    }
    const waiting = table.partitions ?? [];
    table.groups.clear();
    table.memory.clear();
    for (const partition of waiting) {
      this.spilledBytes += partition.bytes;
      const rest = this.newTable(table.set, table.keyOf, table.level + 1);
      for (const rows of partition.batches()) {
        await this.addHashed(rest, rows);
        await this.pause();
      }
      partition.close();
      if (rest.groups.size > 0) yield* this.drainHashed(rest);
      this.tables.delete(rest);
    }
  }

  /** Grouping sets: hashed ones in the first pass beside the sorted ones, further orders by sorting the kept input. */
  private async *groupingSets(sets: readonly AggGroupingSet[]): AsyncGenerator<Batch, void, void> {
    const hashedSets = sets.filter((set) => set.strategy === 'hashed');
    const phases = phasesOf(sets.filter((set) => set.strategy !== 'hashed'));
    const [first, ...later] = phases;
    if (first === undefined) {
      yield* this.hashed(hashedSets, this.child);
      return;
    }
    const kept = later.length > 0 || first.sort !== null ? this.x.tupleStore() : null;
    const tables = hashedSets.map((set) => this.newTable(set, this.keyOf(set)));
    const input = this.recorded(kept, tables);
    if (first.sort === null) yield* this.sorted(first.sets, input);
    else for await (const _ of input);
    for (const phase of first.sort === null ? later : phases) {
      if (kept !== null) yield* this.sorted(phase.sets, this.resorted(kept, phase.sort ?? []));
    }
    kept?.clear();
    for (const table of tables) yield* this.drainHashed(table);
  }

  private async *recorded(kept: TupleStore | null, tables: readonly HashedGroups[]): AsyncGenerator<Batch, void, void> {
    for await (const batch of this.childRows()) {
      if (kept !== null) for (const row of batch) kept.append(row);
      for (const table of tables) await this.addHashed(table, batch);
      yield batch;
    }
  }

  private *resorted(kept: TupleStore, keys: readonly SortKey[]): Generator<Batch, void, void> {
    const sorter = new Sorter(rowComparator(this.x, keys, this.plan.outer.targetList), this.x.context);
    for (let at = 0; at < kept.rowCount; ) {
      const rows = kept.slice(at, batchRowsMax);
      sorter.addAll(rows);
      at += rows.length;
    }
    sorter.finish();
    yield* sorter.batches(() => batchRowsMax);
    sorter.clear();
  }

  private async finish(group: GroupState, set: AggGroupingSet): Promise<void> {
    const { x, program } = this;
    const results: Value[] = [];
    const row = this.representative(group.row, set);
    for (const [n, accumulator] of group.accumulators.entries()) {
      const direct = program.specs[n]?.directArgs ?? null;
      const result = accumulator.result(direct === null ? undefined : await direct.run(x, null, row));
      results.push(result instanceof Promise ? await result : result);
    }
    for (const grouping of program.groupings) results.push(this.groupingValue(grouping, set));
    if (program.having !== null && !(await program.having.run(x, null, row, results))) {
      this.filtered += 1;
      return;
    }
    const output = program.project.run(x, null, row, results);
    this.out.push(output instanceof Promise ? await output : output);
  }

  private representative(row: Row | null, set: AggGroupingSet): Row {
    if (row === null) return new Array<Value>(this.plan.outer.targetList.length).fill(null);
    if (this.plan.groupingSets === null || set.columns.length === this.plan.groupColumns.length) return row;
    const masked = [...row];
    this.plan.groupColumns.forEach((column, n) => {
      if (!set.columns.includes(n)) masked[column.column - 1] = null;
    });
    return masked;
  }

  /** GROUPING(a, b): a bit for each argument, 1 where the set does not group by it. */
  private groupingValue(expr: GroupingFunc, set: AggGroupingSet): number {
    if (this.plan.groupingSets === null) return 0;
    let bits = 0;
    for (const [n, arg] of expr.args.entries()) {
      const column = this.groupColumnOf(arg, expr.refs[n] ?? 0);
      bits = bits * 2 + (set.columns.includes(column) ? 0 : 1);
    }
    return bits;
  }

  private groupColumnOf(arg: Expression, ref: number): number {
    const { groupColumns, outer } = this.plan;
    const byRef = groupColumns.findIndex(
      ({ column }) => ref !== 0 && outer.targetList[column - 1]?.sortGroupRef === ref,
    );
    if (byRef >= 0) return byRef;
    return groupColumns.findIndex(({ column }) => arg.kind === 'Var' && arg.varno === outerVar && arg.attno === column);
  }

  private takeOut(): Batch {
    const batch = this.out;
    this.out = [];
    return batch;
  }

  protected restart(): void {
    this.out = [];
    this.isThrough = false;
    this.child.rescan();
  }

  close(): void {
    for (const { partitions } of this.tables) for (const partition of partitions ?? []) partition.close();
    this.tables.clear();
    this.child.close();
  }

  extra(): Record<string, string | number> {
    if (this.nativeThreads > 0) return { 'Native Pipeline Threads': this.nativeThreads };
    if (this.plan.strategy !== 'hashed' && this.plan.strategy !== 'mixed') return {};
    return {
      'HashAgg Batches': this.spilled ? partitionCount + 1 : 1,
      'Peak Memory Usage': Math.max(24, Math.ceil(this.peakBytes / 1024)),
      'Disk Usage': Math.ceil(this.spilledBytes / 1024),
    };
  }
}

/** An aggregate's result that a pipeline has computed. */
class NativeResult implements Accumulator {
  constructor(private readonly value: Value) {}
  add(): void {}
  result(): Value {
    return this.value;
  }
}

class HashedGroups {
  readonly groups = new Map<unknown, GroupState>();
  partitions: Partition[] | null = null;

  /** `level` counts how often its rows were split; `memory` is charged for its groups. */
  constructor(
    readonly set: AggGroupingSet,
    readonly keyOf: RowKey,
    readonly level: number,
    readonly memory: MemoryAccount,
  ) {}
}

function phasesOf(sets: readonly AggGroupingSet[]): readonly Phase[] {
  const phases: { sort: readonly SortKey[] | null; sets: AggGroupingSet[] }[] = [];
  for (const set of sets) {
    const last = phases[phases.length - 1];
    if (last === undefined || set.sort !== null) phases.push({ sort: set.sort, sets: [set] });
    else last.sets.push(set);
  }
  return phases;
}

function compileAgg(x: RunState, plan: Agg): AggProgram {
  const aggregates: Aggref[] = [];
  const groupings: GroupingFunc[] = [];
  const visit = (node: Expression): boolean | undefined => {
    if (node.kind === 'Aggref' && !aggregates.includes(node)) aggregates.push(node);
    if (node.kind === 'GroupingFunc' && !groupings.includes(node)) groupings.push(node);
    return node.kind === 'Aggref' || node.kind === 'GroupingFunc' ? false : undefined;
  };
  for (const { expr } of plan.targetList) walkExpression(expr, visit);
  for (const expr of plan.qual) walkExpression(expr, visit);
  const sources = {
    computed: (expr: Expression): number | null => {
      if (expr.kind === 'Aggref') return aggregates.indexOf(expr);
      return expr.kind === 'GroupingFunc' ? aggregates.length + groupings.indexOf(expr) : null;
    },
  };
  const specs = aggregates.map((aggregate) => aggregateSpec(x.unit, aggregate));
  return {
    specs,
    groupings,
    advance: compileAdvance(x, specs),
    having: compileQual(x.unit, plan.qual, sources),
    project: compileTargets(x.unit, plan.targetList, sources),
    native: nativeAggregation(plan, specs),
  };
}

/** One function that evaluates every aggregate's filter and arguments over an input row. */
function compileAdvance(x: RunState, specs: readonly AggregateSpec[]): AdvanceProgram {
  const m = new Emitter(x.unit, {});
  for (const [n, spec] of specs.entries()) {
    m.line(`A${n}: {`);
    if (spec.filter !== null) m.require(spec.filter, `break A${n};`);
    const args = spec.inputs.map((input) => m.emit(input.expr).code).join(', ');
    if (spec.needsWait && spec.sort.length === 0) {
      m.isAsync = true;
      m.line(`await a[${n}].add(${args}); }`);
    } else m.line(`a[${n}].add(${args}); }`);
  }
  return m.finish('x, o, a');
}
