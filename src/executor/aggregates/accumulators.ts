// The running state of one aggregate over one group. The general form calls the transition and final functions;
// count, sum and avg of integers keep plain numbers instead and give identical results.
import { Numeric } from '../../types/numeric.js';
import type { MemoryAccount } from '../../types/memory.js';
import { valueBytes } from '../../types/value-size.js';
import { PgArray, type Row, type Value } from '../../types/value.js';
import { Sorter } from '../nodes/sort.js';
import { equalityOf } from '../operators.js';
import { typeOf } from '../expressions/type-of.js';
import type { RunState } from '../state.js';
import type { AggregateRun, AggregateSpec } from './spec.js';

export interface Accumulator {
  /** Takes one input row's arguments (and sort columns). */
  add(...args: Value[]): void | Promise<void>;
  /** `directArgs`: an ordered-set aggregate's direct arguments, evaluated for the group. */
  result(directArgs?: Row | undefined): Value | Promise<Value>;
}

/** `memory` is charged for what the state gathers; the caller clears it when the state is gone. */
export type AccumulatorFactory = (memory: MemoryAccount) => Accumulator;

/** How to make accumulators for a spec in this execution. */
export function accumulatorFactory(x: RunState, spec: AggregateSpec, run: AggregateRun): AccumulatorFactory {
  const plain = plainFactory(x, spec, run);
  const isDuplicate = spec.isDistinct ? sameArguments(x, spec) : null;
  if (run.compareInputs === null) {
    return isDuplicate === null ? plain : (memory) => new AdjacentDistinct(spec, plain(memory), isDuplicate);
  }
  return (memory) => new SortedAccumulator(x, spec, run, plain(memory), isDuplicate);
}

function plainFactory(x: RunState, spec: AggregateSpec, run: AggregateRun): AccumulatorFactory {
  const { final } = spec;
  switch (spec.transition.symbol) {
    case 'int8inc':
      return () => new RowCounter();
    case 'int8inc_any':
      return () => new ValueCounter();
    case 'int2_sum':
    case 'int4_sum':
      if (final === null) return () => new IntegerSum();
      break;
    case 'int2_avg_accum':
    case 'int4_avg_accum':
      if (final?.symbol === 'int8_avg') {
        return () => new IntegerAverage((state) => final.call(x, run.finalInfo, [state]));
      }
      break;
    case 'int8_avg_accum':
      if (final?.symbol === 'numeric_poly_sum') return () => new BigintSum();
      break;
    default:
  }
  return (memory) => new TransitionAccumulator(x, spec, run, memory);
}

export class TransitionAccumulator implements Accumulator {
  state: Value;
  /** A strict transition function without initial value: its first input becomes the state. */
  private needsFirst: boolean;
  private readonly skipsNulls: boolean;
  private readonly argCount: number;
  /** Bytes of each input's place in a state that keeps them all; 0 where it doesn't. */
  private readonly gathers: number;
  /** Bytes of a state that each input replaces by another. */
  private stateBytes = 0;

  constructor(
    private readonly x: RunState,
    private readonly spec: AggregateSpec,
    private readonly run: AggregateRun,
    private readonly memory: MemoryAccount,
  ) {
    this.state = run.initialValue;
    this.skipsNulls = spec.transition.isStrict;
    this.needsFirst = this.skipsNulls && run.initialValue === null;
    this.argCount = spec.argCount;
    this.gathers = gathering.get(spec.transition.symbol) ?? 0;
  }

  add(...inputs: Value[]): void | Promise<void> {
    const args = inputs.length > this.argCount ? inputs.slice(0, this.argCount) : inputs;
    if (this.skipsNulls) {
      if (args.includes(null)) return undefined;
      if (this.needsFirst) {
        this.needsFirst = false;
        this.state = args[0] as Value;
        return undefined;
      }
      if (this.state === null) return undefined;
    }
    const { transition } = this.spec;
    if (this.gathers > 0) this.memory.charge(gatheredBytes(args, this.gathers));
    const next = transition.call(this.x, this.run.transitionInfo, [this.state, ...args]);
    if (next instanceof Promise) {
      return next.then((value) => {
        this.replace(value);
      });
    }
    this.replace(next);
    return undefined;
  }

  private replace(state: Value): void {
    this.state = state;
    if (typeof state !== 'string' && !(state instanceof PgArray)) return;
    // Measured by its length alone: what it is made of was made by the call.
    const bytes = typeof state === 'string' ? state.length : 8 * state.elements.length;
    if (bytes > this.stateBytes) this.memory.charge(bytes - this.stateBytes);
    else this.memory.release(this.stateBytes - bytes);
    this.stateBytes = bytes;
  }

  result(directArgs: Row = []): Value | Promise<Value> {
    return finalValue(this.x, this.spec, directedRun(this.run, directArgs), this.state);
  }
}

/** Transition functions whose state keeps every input, and bytes that each takes beside its values: slots of lists that
 *  are copied as they grow, the row of an ordered set. */
const gathering: ReadonlyMap<string, number> = new Map([
  ['array_agg_transfn', 24],
  ['array_agg_array_transfn', 24],
  ['string_agg_transfn', 16],
  ['bytea_string_agg_transfn', 48],
  ['ordered_set_transition', 72],
  ['ordered_set_transition_multi', 72],
  ['range_agg_transfn', 24],
  ['multirange_agg_transfn', 24],
  ...['json_agg', 'jsonb_agg'].flatMap((name): [string, number][] =>
    ['', '_strict'].map((variant) => [`${name}${variant}_transfn`, 64]),
  ),
  ...['json_object_agg', 'jsonb_object_agg'].flatMap((name): [string, number][] =>
    ['', '_strict', '_unique', '_unique_strict'].map((variant) => [`${name}${variant}_transfn`, 200]),
  ),
]);

function gatheredBytes(args: readonly Value[], overhead: number): number {
  let bytes = overhead;
  for (const arg of args) bytes += 8 + valueBytes(arg);
  return bytes;
}

/** The same with one group's direct arguments. */
function directedRun(run: AggregateRun, directArgs: Row): AggregateRun {
  const { aggregate } = run.finalInfo;
  if (directArgs.length === 0 || aggregate === undefined) return run;
  return { ...run, directArgs, finalInfo: { ...run.finalInfo, aggregate: { ...aggregate, directArgs } } };
}

/** Applies the final function, if any, to a transition state. */
export function finalValue(x: RunState, spec: AggregateSpec, run: AggregateRun, state: Value): Value | Promise<Value> {
  const { final } = spec;
  if (final === null) return state;
  const args: Value[] = [state, ...run.directArgs];
  if (spec.descriptor.finalExtraArgs) for (let n = 0; n < spec.argTypes.length; n++) args.push(null);
  if (final.isStrict && args.includes(null)) return null;
  return final.call(x, run.finalInfo, args);
}

class RowCounter implements Accumulator {
  private count = 0;
  add(): void {
    this.count += 1;
  }
  result(): Value {
    return BigInt(this.count);
  }
}

class ValueCounter implements Accumulator {
  private count = 0;
  add(value: Value): void {
    if (value !== null) this.count += 1;
  }
  result(): Value {
    return BigInt(this.count);
  }
}

/** Far enough below 2^53 that one more int4 can't lose a bit. */
const exactMax = 2 ** 52;

class IntegerSum implements Accumulator {
  private part = 0;
  private whole = 0n;
  private isEmpty = true;

  add(value: Value): void {
    if (value === null) return;
    this.isEmpty = false;
    this.part += value as number;
    if (this.part > exactMax || this.part < -exactMax) {
      this.whole += BigInt(this.part);
      this.part = 0;
    }
  }
  result(): Value {
    return this.isEmpty ? null : this.whole + BigInt(this.part);
  }
}

class IntegerAverage implements Accumulator {
  private readonly sum = new IntegerSum();
  private count = 0;

  constructor(private readonly divide: (state: Value) => Value | Promise<Value>) {}

  add(value: Value): void {
    if (value === null) return;
    this.count += 1;
    this.sum.add(value);
  }
  result(): Value | Promise<Value> {
    return this.divide(PgArray.of(20, [BigInt(this.count), this.sum.result() ?? 0n]));
  }
}

class BigintSum implements Accumulator {
  private sum = 0n;
  private isEmpty = true;

  add(value: Value): void {
    if (value === null) return;
    this.isEmpty = false;
    this.sum += value as bigint;
  }
  result(): Value {
    return this.isEmpty ? null : Numeric.fromBigInt(this.sum);
  }
}

/** ORDER BY and DISTINCT within an aggregate: inputs are sorted first, then accumulated. */
class SortedAccumulator implements Accumulator {
  private readonly sorter: Sorter;

  constructor(
    x: RunState,
    private readonly spec: AggregateSpec,
    run: AggregateRun,
    private readonly inner: Accumulator,
    private readonly isDuplicate: ((left: Row, right: Row) => boolean) | null,
  ) {
    this.sorter = new Sorter(run.compareInputs as (left: Row, right: Row) => number, x.context);
  }

  add(...inputs: Value[]): void {
    // A strict transition function ignores rows with nulls: no need to sort them.
    if (this.spec.transition.isStrict && inputs.slice(0, this.spec.argCount).includes(null)) return;
    this.sorter.add(inputs);
  }

  async result(): Promise<Value> {
    this.sorter.finish();
    let last: Row | null = null;
    for (const batch of this.sorter.batches(() => 4096)) {
      for (const row of batch) {
        if (last !== null && this.isDuplicate?.(last, row) === true) continue;
        last = row;
        const wait = this.inner.add(...row);
        if (wait !== undefined) await wait;
      }
    }
    this.sorter.clear();
    return this.inner.result();
  }
}

/** DISTINCT over presorted input: duplicates follow each other. */
class AdjacentDistinct implements Accumulator {
  private last: Row | null = null;

  constructor(
    private readonly spec: AggregateSpec,
    private readonly inner: Accumulator,
    private readonly isDuplicate: (left: Row, right: Row) => boolean,
  ) {}

  add(...inputs: Value[]): void | Promise<void> {
    if (this.spec.transition.isStrict && inputs.slice(0, this.spec.argCount).includes(null)) return undefined;
    if (this.last !== null && this.isDuplicate(this.last, inputs)) return undefined;
    this.last = inputs;
    return this.inner.add(...inputs);
  }

  result(): Value | Promise<Value> {
    return this.inner.result();
  }
}

function sameArguments(x: RunState, spec: AggregateSpec): (left: Row, right: Row) => boolean {
  const tests = spec.inputs.slice(0, spec.argCount).map((input, index) => {
    const equal = equalityOf(x.unit.catalog, typeOf(input.expr, x.unit.catalog));
    const key = spec.sort.find((candidate) => candidate.column === index + 1);
    const io = x.ioFor(key?.collation ?? spec.collation);
    return (left: Row, right: Row): boolean => {
      const a = left[index] as Value;
      const b = right[index] as Value;
      return a === null || b === null ? a === b : equal(a, b, io);
    };
  });
  return (left, right) => tests.every((test) => test(left, right));
}
