// generate_series over integers and numeric, and in_range for window frames by offset over numbers.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric } from '../../types/numeric.js';
import { addNumerics, compareNumerics, subtractNumerics } from '../../types/numeric-math.js';
import { compareFloats } from '../../types/float-types.js';
import { fn, tableFn } from '../registry.js';

function zeroStep(): Error {
  return pgError(SqlState.invalidParameterValue, 'step size cannot equal zero');
}

function* int4Series(start: number, stop: number, step = 1): Iterable<number> {
  if (step === 0) throw zeroStep();
  if (step > 0) for (let value = start; value <= stop && value <= 2147483647; value += step) yield value;
  else for (let value = start; value >= stop && value >= -2147483648; value += step) yield value;
}
tableFn('generate_series_int4', { rows: (start: number, stop: number) => int4Series(start, stop) });
tableFn('generate_series_step_int4', {
  rows: (start: number, stop: number, step: number) => int4Series(start, stop, step),
});

function* int8Series(start: bigint, stop: bigint, step = 1n): Iterable<bigint> {
  if (step === 0n) throw zeroStep();
  for (let value = start; step > 0n ? value <= stop : value >= stop; value += step) {
    if (BigInt.asIntN(64, value) !== value) return;
    yield value;
  }
}
tableFn('generate_series_int8', { rows: (start: bigint, stop: bigint) => int8Series(start, stop) });
tableFn('generate_series_step_int8', {
  rows: (start: bigint, stop: bigint, step: bigint) => int8Series(start, stop, step),
});

function* numericSeries(start: Numeric, stop: Numeric, step: Numeric): Iterable<Numeric> {
  for (const [value, name] of [
    [start, 'start value'],
    [stop, 'stop value'],
    [step, 'step size'],
  ] as const) {
    if (value.isFinite) continue;
    throw pgError(SqlState.invalidParameterValue, `${name} cannot be ${value.isNaN ? 'NaN' : 'infinity'}`);
  }
  if (step.sign === 0) throw zeroStep();
  for (let value = start; compareNumerics(value, stop) * step.sign <= 0; ) {
    yield value;
    // The first value beyond the stop may be beyond all numbers.
    const scale = Math.max(value.scale, step.scale);
    const next = value.withScale(scale).coefficient + step.withScale(scale).coefficient;
    value = Numeric.intermediate(next, scale);
  }
}
tableFn('generate_series_numeric', {
  rows: (start: Numeric, stop: Numeric) => numericSeries(start, stop, Numeric.one),
});
tableFn('generate_series_step_numeric', { rows: numericSeries });

function badOffset(): Error {
  return pgError(SqlState.invalidPrecedingOrFollowingSize, 'invalid preceding or following size in window function');
}

// Integers: whether value <= base +- offset (less) or >= it, in exact arithmetic.
for (const pair of ['int2_int2', 'int2_int4', 'int2_int8', 'int4_int2', 'int4_int4', 'int4_int8', 'int8_int8']) {
  fn(`in_range_${pair}`, {
    impl: (value: number | bigint, base: number | bigint, offset: number | bigint, sub: boolean, less: boolean) => {
      if (offset < 0) throw badOffset();
      const limit = sub ? BigInt(base) - BigInt(offset) : BigInt(base) + BigInt(offset);
      return less ? BigInt(value) <= limit : BigInt(value) >= limit;
    },
  });
}

function floatInRange(value: number, base: number, offset: number, sub: boolean, less: boolean): boolean {
  if (Number.isNaN(offset) || offset < 0) throw badOffset();
  if (Number.isNaN(value)) return Number.isNaN(base) || !less;
  if (Number.isNaN(base)) return less;
  if (offset === Number.POSITIVE_INFINITY && base === (sub ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY))
    return true;
  const limit = sub ? base - offset : base + offset;
  return less ? compareFloats(value, limit) <= 0 : compareFloats(value, limit) >= 0;
}
fn('in_range_float8_float8', { impl: floatInRange });
fn('in_range_float4_float8', { impl: floatInRange });

fn('in_range_numeric_numeric', {
  impl: (value: Numeric, base: Numeric, offset: Numeric, sub: boolean, less: boolean) => {
    if (offset.isNaN || offset.sign < 0) throw badOffset();
    if (value.isNaN) return base.isNaN || !less;
    if (base.isNaN) return less;
    if (!offset.isFinite && base.kind === (sub ? 'infinity' : '-infinity')) return true;
    const limit = sub ? subtractNumerics(base, offset) : addNumerics(base, offset);
    const order = compareNumerics(value, limit);
    return less ? order <= 0 : order >= 0;
  },
});
