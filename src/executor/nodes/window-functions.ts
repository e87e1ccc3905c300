// Computing one window function over a partition: built-in window functions through WindowCall, aggregates through their
// transition functions over the frame.
import { notSupported } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { type WindowFunction, builtinFunction } from '../../functions/registry.js';
import type { WindowCall } from '../../functions/window-call.js';
import type { WindowFunc } from '../../trees/expression.js';
import type { WindowFrame } from '../../trees/query.js';
import { someExpression } from '../../trees/walk.js';
import type { MemoryAccount } from '../../types/memory.js';
import type { Row, Value } from '../../types/value.js';
import {
  type AccumulatorFactory,
  TransitionAccumulator,
  accumulatorFactory,
  finalValue,
} from '../aggregates/accumulators.js';
import type { SupportFunction } from '../aggregates/callable.js';
import {
  type AggregateRun,
  type AggregateSpec,
  aggregateRun,
  inverseFunction,
  requireAggregate,
  windowAggregateSpec,
} from '../aggregates/spec.js';
import { type QualProgram, type RowProgram, compileQual, compileRow } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import type { CompileUnit } from '../expressions/unit.js';
import type { RunState } from '../state.js';
import type { FrameSegments } from './window-frame.js';
import type { WindowPartition } from './window-partition.js';

export interface WindowFunctionProgram {
  readonly expr: WindowFunc;
  readonly builtin: WindowFunction | null;
  readonly spec: AggregateSpec | null;
  readonly inverse: SupportFunction | null;
  readonly args: RowProgram;
  readonly filter: QualProgram | null;
}

/** Value of the function for the row at a position, given its frame. Positions come in ascending order. */
export type WindowEvaluator = (position: number, frame: FrameSegments) => Value | Promise<Value>;

export function compileWindowFunction(unit: CompileUnit, expr: WindowFunc, frame: WindowFrame): WindowFunctionProgram {
  const args = compileRow(unit, expr.args);
  const filter = expr.filter === null ? null : compileQual(unit, [expr.filter]);
  const common = { expr, args, filter };
  if (!expr.isAggregate) {
    const descriptor = unit.catalog.requireFunction(expr.function);
    const entry = builtinFunction(descriptor.source);
    if (entry?.kind !== 'window') throw notSupported(`window function ${descriptor.name}`);
    return { ...common, builtin: entry, spec: null, inverse: null };
  }
  const descriptor = requireAggregate(unit, expr.function);
  const movesStart = frame.start.kind !== 'unboundedPreceding' && frame.exclusion === 'none';
  const moving = movesStart && descriptor.movingInverseFunction !== 0 && !isVolatile(unit, expr);
  const spec = windowAggregateSpec(unit, expr, moving);
  return { ...common, builtin: null, spec, inverse: moving ? inverseFunction(unit, spec) : null };
}

function isVolatile(unit: CompileUnit, expr: WindowFunc): boolean {
  return someExpression(expr, (node) => {
    if (node.kind === 'SubPlan') return true;
    return (
      (node.kind === 'FuncExpr' || node.kind === 'OpExpr') && unit.catalog.function(node.function)?.volatility === 'v'
    );
  });
}

/** Prepares a function for one partition; `memory` is charged for what states gather, until the partition's end. */
export async function windowEvaluator(
  x: RunState,
  program: WindowFunctionProgram,
  partition: WindowPartition,
  frame: WindowFrame,
  memory: MemoryAccount,
): Promise<WindowEvaluator> {
  await x.ensureInit(program.args.initParams);
  const inputs = await inputsOf(x, program, partition);
  if (program.builtin !== null) return builtinEvaluator(x, program, program.builtin, partition, inputs);
  const spec = program.spec as AggregateSpec;
  const run = aggregateRun(x, spec, []);
  if (program.inverse !== null) return movingEvaluator(x, spec, run, { inverse: program.inverse, inputs, memory });
  const grows = frame.start.kind === 'unboundedPreceding' && frame.exclusion === 'none';
  return growingEvaluator(accumulatorFactory(x, spec, run), inputs, { grows, memory });
}

/** Arguments at a position; null where the FILTER excludes the row. Synchronous programs are evaluated when asked. */
type Inputs = (position: number) => Row | null;

async function inputsOf(x: RunState, program: WindowFunctionProgram, partition: WindowPartition): Promise<Inputs> {
  const { args, filter } = program;
  // A partition too large for memory would not be smaller as arguments.
  const isKept = !partition.isSpilled;
  const known = new Array<Row | null | undefined>(isKept ? partition.rowCount : 0);
  if (args.isAsync || (filter?.isAsync ?? false)) {
    for (let n = 0; n < partition.rowCount; n++) {
      const row = partition.rowAt(n);
      const passes = filter === null || (await filter.run(x, null, row));
      known[n] = passes ? await args.run(x, null, row) : null;
    }
  }
  return (position) => {
    let input = known[position];
    if (input === undefined) {
      const row = partition.rowAt(position);
      const passes = filter === null || filter.run(x, null, row) === true;
      input = passes ? (args.run(x, null, row) as Row) : null;
      if (isKept) known[position] = input;
    }
    return input;
  };
}

class PartitionCall implements WindowCall {
  position = 0;
  frame: FrameSegments = [];
  state: unknown = undefined;

  constructor(
    readonly info: CallInfo,
    private readonly partition: WindowPartition,
    private readonly inputs: Inputs,
  ) {}

  get partitionRows(): number {
    return this.partition.rowCount;
  }
  isPeer(left: number, right: number): boolean {
    return this.partition.groupOf(left) === this.partition.groupOf(right);
  }
  get frameRows(): number {
    return this.frame.reduce((sum, [from, to]) => sum + to - from, 0);
  }
  framePosition(nth: number): number {
    let left = nth;
    for (const [from, to] of this.frame) {
      if (left < to - from) return from + left;
      left -= to - from;
    }
    return -1;
  }
  argument(index: number, position: number): Value {
    return this.inputs(position)?.[index] ?? null;
  }
}

function builtinEvaluator(
  x: RunState,
  program: WindowFunctionProgram,
  builtin: WindowFunction,
  partition: WindowPartition,
  inputs: Inputs,
): WindowEvaluator {
  const { expr } = program;
  const { catalog } = x.context;
  const call = new PartitionCall(
    {
      argTypes: expr.args.map((arg) => catalog.typeByOid(typeOf(arg, catalog))),
      resultType: catalog.typeByOid(expr.type),
      collation: expr.inputCollation,
      io: x.ioFor(expr.inputCollation),
      session: x.context.session,
      isVariadic: false,
      memo: undefined,
    },
    partition,
    inputs,
  );
  return (position, frame) => {
    call.position = position;
    call.frame = frame;
    return builtin.impl(call);
  };
}

/** Frames that only grow extend one state; others are computed anew where they differ from the row before. */
function growingEvaluator(
  make: AccumulatorFactory,
  inputs: Inputs,
  { grows, memory }: { readonly grows: boolean; readonly memory: MemoryAccount },
): WindowEvaluator {
  const held = memory.child();
  let accumulator = make(held);
  let reached = 0;
  let last: FrameSegments | null = null;
  let result: Value = null;
  const addFrom = (from: number, to: number): void | Promise<void> => {
    for (let n = from; n < to; n++) {
      const args = inputs(n);
      const wait = args === null ? undefined : accumulator.add(...args);
      if (wait !== undefined) return wait.then(() => addFrom(n + 1, to));
    }
    return undefined;
  };
  const addAll = (frame: FrameSegments): void | Promise<void> => {
    if (grows) {
      const from = reached;
      reached = Math.max(reached, frame[frame.length - 1]?.[1] ?? 0);
      return addFrom(from, reached);
    }
    held.clear();
    accumulator = make(held);
    return frame.reduce<void | Promise<void>>(
      (wait, [from, to]) => (wait instanceof Promise ? wait.then(() => addFrom(from, to)) : addFrom(from, to)),
      undefined,
    );
  };
  const finish = (): Value | Promise<Value> => {
    const value = accumulator.result();
    if (!(value instanceof Promise)) {
      result = value;
      return value;
    }
    return value.then((done) => {
      result = done;
      return done;
    });
  };
  // Without a promise as long as nothing waits: frames are computed for every row.
  return (_, frame) => {
    if (last !== null && sameFrame(last, frame)) return result;
    last = frame;
    const wait = addAll(frame);
    return wait instanceof Promise ? wait.then(finish) : finish();
  };
}

function sameFrame(left: FrameSegments, right: FrameSegments): boolean {
  return left.length === right.length && left.every(([from, to], n) => from === right[n]?.[0] && to === right[n]?.[1]);
}

/** Frames whose start moves: rows that leave are taken out by the inverse transition function, which may give up
 *  (null): then the frame is computed from its start. */
function movingEvaluator(
  x: RunState,
  spec: AggregateSpec,
  run: AggregateRun,
  moving: { readonly inverse: SupportFunction; readonly inputs: Inputs; readonly memory: MemoryAccount },
): WindowEvaluator {
  const { inverse, inputs } = moving;
  const held = moving.memory.child();
  const begin = (): TransitionAccumulator => {
    held.clear();
    return new TransitionAccumulator(x, spec, run, held);
  };
  let accumulator = begin();
  let [from, to] = [0, 0];
  /** Non-null rows in the state, for strict functions: when the last one leaves, the state starts over. */
  let counted = 0;
  const counts = (args: Row | null): args is Row => args !== null && !(spec.transition.isStrict && args.includes(null));
  const reset = (start: number): void => {
    accumulator = begin();
    from = start;
    to = start;
    counted = 0;
  };
  const remove = async (args: Row): Promise<boolean> => {
    counted -= 1;
    if (counted === 0) {
      accumulator = begin();
      return true;
    }
    const state = await inverse.call(x, run.transitionInfo, [accumulator.state, ...args]);
    if (state === null) return false;
    accumulator.state = state;
    return true;
  };
  return async (_, frame) => {
    const [start, end] = [frame[0]?.[0] ?? to, frame[0]?.[1] ?? to];
    if (start >= to || start < from || end < to) reset(start);
    while (from < start) {
      const args = inputs(from);
      from += 1;
      if (counts(args) && !(await remove(args))) reset(start);
    }
    for (; to < end; to++) {
      const args = inputs(to);
      if (!counts(args)) continue;
      counted += 1;
      const wait = accumulator.add(...args);
      if (wait !== undefined) await wait;
    }
    if (frame.length === 0) return finalValue(x, spec, run, run.initialValue);
    return accumulator.result();
  };
}
