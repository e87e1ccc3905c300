// Agg over SeqScan as a native pipeline: the scan, its filter, the groups and the running aggregates are the addon's; what
// remains here are results made of them (an average of sum and count), HAVING and the target list.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { PipelineAnswer } from '../../storage/api.js';
import {
  type PipelineAggregate,
  type PipelineKey,
  type PipelineProgram,
  type PipelineType,
  pipelineType,
} from '../../storage/pipeline-program.js';
import { type Expression, outerVar, type TargetEntry } from '../../trees/expression.js';
import type { Agg, SeqScan, SortKey } from '../../trees/plan.js';
import { walkExpression } from '../../trees/walk.js';
import { Numeric } from '../../types/numeric.js';
import { divideNumerics } from '../../types/numeric-math.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Row, Value } from '../../types/value.js';
import type { AggregateSpec } from '../aggregates/spec.js';
import { noteRun } from '../instrumentation.js';
import { scannedRelation } from '../nodes/relation-scan.js';
import { baseType } from '../operators.js';
import { columnType } from '../row-order.js';
import type { RunState } from '../state.js';
import { execParams, ProgramWriter } from './expression.js';
import { type Attempts, mayRunNatively, runPipeline } from './run.js';

/** A plan that may run as a pipeline; what it reads is known when it runs. */
export interface NativeAggregation extends Attempts {
  readonly scan: SeqScan;
  /** Groups must come in the order of this node, by these keys (further ones are for DISTINCT within groups). */
  readonly order: { readonly keys: readonly SortKey[]; readonly targetList: readonly TargetEntry[] } | null;
}

/** Groups and results of a pipeline. */
export interface NativeGroups {
  readonly answer: PipelineAnswer;
  /** A group's columns as a row of the input, others null; and each aggregate's result. */
  group(row: Row): { readonly row: Row; readonly results: readonly Value[] };
  close(): void;
}

/** The plan as a pipeline; null where its shape rules it out. Cached with the plan. */
export function nativeAggregation(plan: Agg, specs: readonly AggregateSpec[]): NativeAggregation | null {
  const sort = plan.outer.kind === 'Sort' ? plan.outer : null;
  const scan = sort === null ? plan.outer : sort.outer;
  if (scan.kind !== 'SeqScan' || plan.groupingSets !== null || plan.strategy === 'mixed') return null;
  if (plan.strategy === 'sorted' && sort === null) return null;
  const grouped = new Set(plan.groupColumns.map(({ column }) => column));
  if (!specs.every(hasForm) || !readsOnlyGroups(plan, grouped)) return null;
  const order =
    sort === null || plan.strategy !== 'sorted'
      ? null
      : { keys: sort.keys.filter(({ column }) => grouped.has(column)), targetList: sort.targetList };
  return { scan, order, wasDeclined: false };
}

function hasForm(spec: AggregateSpec): boolean {
  const isOrdered =
    spec.directArgs !== null || spec.orderedSet.length > 0 || (spec.sort.length > 0 && !spec.isDistinct);
  return !isOrdered && spec.inputs.length === spec.argCount && spec.argCount <= 1;
}

/** The target list and HAVING read of a group's input row no column but those that it is grouped by. */
function readsOnlyGroups(plan: Agg, grouped: ReadonlySet<number>): boolean {
  let only = true;
  const visit = (node: Expression): boolean | undefined => {
    if (node.kind === 'Aggref') return false;
    if (node.kind === 'Var' && node.varno === outerVar && !grouped.has(node.attno)) only = false;
    return undefined;
  };
  for (const { expr } of plan.targetList) walkExpression(expr, visit);
  for (const expr of plan.qual) walkExpression(expr, visit);
  return only;
}

/** It is worth an attempt: the table is large enough, and none was in vain. */
export function mayAggregateNatively(x: RunState, native: NativeAggregation): boolean {
  return !native.wasDeclined && mayRunNatively(x, scannedRelation(x.unit, native.scan.scanRtIndex));
}

/** Runs it; null where the executor's nodes must. Throws 57014 and the like while it waits. */
export async function runNativeAggregation(
  x: RunState,
  plan: Agg,
  specs: readonly AggregateSpec[],
  native: NativeAggregation,
): Promise<NativeGroups | null> {
  const relation = scannedRelation(x.unit, native.scan.scanRtIndex);
  const wait = x.ensureInit(execParams([...native.scan.qual, ...specs.flatMap(inputsOf)]));
  if (wait !== undefined) await wait;
  const writer = new GroupWriter(x, plan, specs, native, relation);
  const program = writer.program();
  if (program === null) return null;
  const started = performance.now();
  const { resultTypes } = writer;
  const answered = await runPipeline(x, relation, program, { resultTypes, attempts: native });
  if (answered === null) return null;
  const { answer, close } = answered;
  x.context.transaction.statistics.of(relation.oid).scanned();
  if (x.context.instrument) noteRuns(x, plan, native, answer, performance.now() - started);
  return { answer, group: (row) => writer.group(row), close };
}

function inputsOf(spec: AggregateSpec): readonly Expression[] {
  const args = spec.inputs.map(({ expr }) => expr);
  return spec.filter === null ? args : [...args, spec.filter];
}

function noteRuns(
  x: RunState,
  plan: Agg,
  { scan }: NativeAggregation,
  { passedCount, readCount }: PipelineAnswer,
  elapsedMs: number,
): void {
  noteRun(scan, x, passedCount, elapsedMs, readCount - passedCount);
  if (plan.outer !== scan) noteRun(plan.outer, x, passedCount, elapsedMs);
}

/** Equal values of the expression look the same: 1.0 and 1.00, 0 and -0 do not. */
function looksAlike(expr: Expression, { form, padded }: PipelineType): boolean {
  if (form !== 'decimal' && form !== 'float8' && !padded) return true;
  return form !== 'float8' && expr.kind === 'Var' && expr.typmod >= 0;
}

/** Takes the parts of an aggregate's result from a row of the answer. */
type Compose = (row: Row) => Value;

/** Writes the program and reads its answer's rows. */
class GroupWriter {
  readonly resultTypes: TypeDescriptor[] = [];
  private readonly writer: ProgramWriter;
  private readonly aggregates: PipelineAggregate[] = [];
  /** Place of each aggregate among the answer's, by what it is. */
  private readonly places = new Map<string, number>();
  private readonly composed: Compose[] = [];

  constructor(
    private readonly x: RunState,
    private readonly plan: Agg,
    private readonly specs: readonly AggregateSpec[],
    private readonly native: NativeAggregation,
    relation: RelationDescriptor,
  ) {
    this.writer = new ProgramWriter(x, relation, native.scan);
  }

  program(): PipelineProgram | null {
    const { scan } = this.native;
    const filter = this.writer.all(scan.qual, scan);
    const keys = this.keys();
    if (filter === null || keys === null) return null;
    for (const spec of this.specs) {
      const compose = this.compose(spec);
      if (compose === null) return null;
      this.composed.push(compose);
    }
    const { columns } = this.writer;
    return { columns, filter, keys, aggregates: this.aggregates, rowids: false };
  }

  group(row: Row): { readonly row: Row; readonly results: readonly Value[] } {
    const { groupColumns, outer } = this.plan;
    const input = new Array<Value>(outer.targetList.length).fill(null);
    for (let n = 0; n < groupColumns.length; n++) {
      input[(groupColumns[n] as { column: number }).column - 1] = row[n] as Value;
    }
    return { row: input, results: this.composed.map((compose) => compose(row)) };
  }

  private keys(): PipelineKey[] | null {
    const { plan, x } = this;
    const keys: PipelineKey[] = [];
    for (const { column, collation } of plan.groupColumns) {
      const target = plan.outer.targetList[column - 1];
      const value = target === undefined ? null : this.writer.write(target.expr, plan.outer);
      const type = baseType(x.unit.catalog, columnType(x, plan.outer.targetList, column));
      const form = pipelineType(type);
      if (value === null || form === null || !x.unit.isDeterministic(collation)) return null;
      // Which of several looks a sorted group shows is for the sort to say.
      if (this.native.order !== null && target !== undefined && !looksAlike(target.expr, form)) return null;
      keys.push({ value, width: form.width, padded: form.padded });
      this.resultTypes.push(type);
    }
    return keys;
  }

  private compose(spec: AggregateSpec): Compose | null {
    const { symbol } = spec.transition;
    const final = spec.final?.symbol ?? '';
    if (spec.isDistinct) {
      if (symbol !== 'int8inc_any' || !this.x.unit.isDeterministic(spec.collation)) return null;
      return this.part(spec, 'countDistinct', int8);
    }
    switch (`${symbol}/${final}`) {
      case 'int8inc/':
        return this.part(spec, 'countRows', int8);
      case 'int8inc_any/':
        return this.part(spec, 'count', int8);
      case 'int2_sum/':
      case 'int4_sum/': {
        const sum = this.part(spec, 'sum', numeric);
        return sum === null ? null : (row) => (sum(row) as Numeric | null)?.coefficient ?? null;
      }
      case 'int8_avg_accum/numeric_poly_sum':
      case 'numeric_avg_accum/numeric_sum':
        return this.part(spec, 'sum', numeric);
      case 'int2_avg_accum/int8_avg':
      case 'int4_avg_accum/int8_avg':
      case 'int8_avg_accum/numeric_poly_avg':
      case 'numeric_avg_accum/numeric_avg':
        return this.average(spec, 'sum', numeric, (sum, count) =>
          divideNumerics(sum as Numeric, Numeric.fromBigInt(count)),
        );
      case 'float8pl/':
        return this.part(spec, 'sumFloat', float8);
      case 'float8_accum/float8_avg':
        return this.average(spec, 'sumFloat', float8, (sum, count) => (0 + (sum as number)) / Number(count));
      case 'booland_statefunc/':
        return this.part(spec, 'and', bool);
      case 'boolor_statefunc/':
        return this.part(spec, 'or', bool);
      default:
        return final === '' ? this.extreme(spec, symbol) : null;
    }
  }

  private extreme(spec: AggregateSpec, symbol: string): Compose | null {
    const family =
      /^(int2|int4|int8|oid|cash|float8|numeric_|date_|time_|timestamp_|timestamptz_|text_|bpchar_)(larger|smaller)$/;
    const found = family.exec(symbol);
    if (found === null) return null;
    const isText = found[1] === 'text_' || found[1] === 'bpchar_';
    if (isText && !this.writer.isBytewise(spec.collation)) return null;
    return this.part(spec, found[2] === 'larger' ? 'max' : 'min', spec.resultType.oid);
  }

  private average(
    spec: AggregateSpec,
    kind: 'sum' | 'sumFloat',
    type: number,
    divide: (sum: Value, count: bigint) => Value,
  ): Compose | null {
    const sum = this.part(spec, kind, type);
    const count = this.part(spec, 'count', int8);
    if (sum === null || count === null) return null;
    return (row) => {
      const values = count(row) as bigint;
      return values === 0n ? null : divide(sum(row), values);
    };
  }

  /** One of the answer's columns: of equal ones there is one. */
  private part(spec: AggregateSpec, kind: PipelineAggregate['kind'], typeOid: number): Compose | null {
    const { plan, writer, x } = this;
    const [input] = spec.inputs;
    const arg = input === undefined ? null : writer.write(input.expr, plan);
    const filter = spec.filter === null ? null : writer.write(spec.filter, plan);
    if ((input !== undefined && arg === null) || (spec.filter !== null && filter === null)) return null;
    const type = baseType(x.unit.catalog, typeOid);
    const form = pipelineType(type);
    const argForm = pipelineType(baseType(x.unit.catalog, spec.argTypes[0] ?? typeOid));
    if (form === null || argForm === null) return null;
    const aggregate = { kind, arg, filter, width: form.width, padded: argForm.padded };
    const key = JSON.stringify(aggregate);
    let place = this.places.get(key);
    if (place === undefined) {
      place = plan.groupColumns.length + this.aggregates.push(aggregate) - 1;
      this.places.set(key, place);
      this.resultTypes.push(type);
    }
    const column = place;
    return (row) => row[column] as Value;
  }
}

// Oids of results' types.
const bool = 16;
const int8 = 20;
const float8 = 701;
const numeric = 1700;
