// numeric: operators, rounding, powers and logarithms, casts to integers, number-theoretic functions, width_bucket,
// numeric(p, s) coercion and its modifier.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric, numericOverflow } from '../../types/numeric.js';
import {
  absNumeric,
  addNumerics,
  ceilNumeric,
  compareNumerics,
  divideNumerics,
  divideTruncated,
  floorNumeric,
  minimalScale,
  modNumerics,
  multiplyNumerics,
  negateNumeric,
  roundedInteger,
  subtractNumerics,
  truncateNumeric,
} from '../../types/numeric-math.js';
import { applyNumericTypmod, numericModifier, roundToScale } from '../../types/numeric-type.js';
import type { PgArray } from '../../types/value.js';
import { fn } from '../registry.js';
import { expNumeric, lnNumeric, logNumeric, powerNumeric, sqrtNumeric } from '../numeric-transcendental.js';
import { bucketError } from './float.js';
import { integerOutOfRange } from './integer.js';
import { modifierArguments } from './modifiers.js';

fn('numeric_add', { impl: addNumerics });
fn('numeric_sub', { impl: subtractNumerics });
fn('numeric_mul', { impl: multiplyNumerics });
fn('numeric_div', { impl: divideNumerics });
fn('numeric_div_trunc', { impl: divideTruncated });
fn('numeric_mod', { impl: modNumerics });
fn('numeric_uminus', { impl: negateNumeric });
fn('numeric_uplus', { impl: (value: Numeric) => value });
fn('numeric_abs', { impl: absNumeric });
fn('numeric_inc', { impl: (value: Numeric) => addNumerics(value, Numeric.one) });
fn('numeric_sign', { impl: (value: Numeric) => (value.isNaN ? value : Numeric.fromInteger(value.sign)) });
fn('numeric_ceil', { impl: ceilNumeric });
fn('numeric_floor', { impl: floorNumeric });
fn('numeric_sqrt', { impl: sqrtNumeric });
fn('numeric_exp', { impl: expNumeric });
fn('numeric_ln', { impl: lnNumeric });
fn('numeric_log', { impl: logNumeric });
fn('numeric_power', { impl: powerNumeric });
// SQL-language functions of pg_proc, under name(argument types).
fn('log(numeric)', { impl: (value: Numeric) => logNumeric(Numeric.fromInteger(10), value) });
fn('log10(numeric)', { impl: (value: Numeric) => logNumeric(Numeric.fromInteger(10), value) });
fn('round(numeric)', { impl: (value: Numeric) => roundToScale(value, 0) });
fn('trunc(numeric)', { impl: (value: Numeric) => truncateNumeric(value, 0) });

const scaleLimits = { low: -131072 - 1, high: 16383 } as const;

fn('numeric_round', {
  impl: (value: Numeric, scale: number) =>
    value.isFinite ? roundToScale(value, Math.min(Math.max(scale, scaleLimits.low), scaleLimits.high)) : value,
});
fn('numeric_trunc', {
  impl: (value: Numeric, scale: number) =>
    truncateNumeric(value, Math.min(Math.max(scale, scaleLimits.low), scaleLimits.high)),
});
fn('numeric', { impl: applyNumericTypmod });
fn('numeric_scale', { impl: (value: Numeric) => (value.isFinite ? value.scale : null) });
fn('numeric_min_scale', { impl: (value: Numeric) => (value.isFinite ? minimalScale(value) : null) });
fn('numeric_trim_scale', { impl: (value: Numeric) => value.withScale(minimalScale(value)) });

function integerOf(value: Numeric, typeName: 'smallint' | 'integer' | 'bigint', bits: number): bigint {
  if (!value.isFinite) {
    throw pgError(SqlState.featureNotSupported, `cannot convert ${value.isNaN ? 'NaN' : 'infinity'} to ${typeName}`);
  }
  const integer = roundedInteger(value);
  if (BigInt.asIntN(bits, integer) !== integer) throw integerOutOfRange(typeName);
  return integer;
}
fn('numeric_int2', { impl: (value: Numeric) => Number(integerOf(value, 'smallint', 16)) });
fn('numeric_int4', { impl: (value: Numeric) => Number(integerOf(value, 'integer', 32)) });
fn('numeric_int8', { impl: (value: Numeric) => integerOf(value, 'bigint', 64) });

fn('numeric_fac', {
  impl: (value: bigint) => {
    if (value < 0n) {
      throw pgError(SqlState.numericValueOutOfRange, 'factorial of a negative number is undefined');
    }
    if (value > 32177n) throw numericOverflow();
    return Numeric.fromBigInt(product(1n, value));
  },
});

/** low * (low + 1) * ... * high, by halves so that the factors stay of like size. */
function product(low: bigint, high: bigint): bigint {
  if (low > high) return 1n;
  if (high - low < 8n) {
    let result = low;
    for (let factor = low + 1n; factor <= high; factor++) result *= factor;
    return result;
  }
  const middle = (low + high) / 2n;
  return product(low, middle) * product(middle + 1n, high);
}

function gcd(left: Numeric, right: Numeric): Numeric {
  if (!left.isFinite || !right.isFinite) return Numeric.nan;
  const scale = Math.max(left.scale, right.scale);
  let a = absNumeric(left).withScale(scale).coefficient;
  let b = absNumeric(right).withScale(scale).coefficient;
  while (b !== 0n) [a, b] = [b, a % b];
  return Numeric.of(a, scale);
}
fn('numeric_gcd', { impl: gcd });
fn('numeric_lcm', {
  impl: (left: Numeric, right: Numeric) => {
    if (!left.isFinite || !right.isFinite) return Numeric.nan;
    const scale = Math.max(left.scale, right.scale);
    if (left.coefficient === 0n || right.coefficient === 0n) return Numeric.of(0n, scale);
    const divisor = gcd(left, right).coefficient;
    const multiple = (left.withScale(scale).coefficient / divisor) * right.withScale(scale).coefficient;
    return Numeric.of(multiple < 0n ? -multiple : multiple, scale);
  },
});

fn('width_bucket_numeric', {
  impl: (operand: Numeric, low: Numeric, high: Numeric, count: number) => {
    if (count <= 0) throw bucketError('count must be greater than zero');
    if (operand.isNaN || low.isNaN || high.isNaN) {
      throw bucketError('operand, lower bound, and upper bound cannot be NaN');
    }
    if (!low.isFinite || !high.isFinite) throw bucketError('lower and upper bounds must be finite');
    const order = compareNumerics(low, high);
    if (order === 0) throw bucketError('lower bound cannot equal upper bound');
    return order < 0
      ? bucket(operand, low, high, count)
      : bucket(negateNumeric(operand), negateNumeric(low), negateNumeric(high), count);
  },
});

function bucket(operand: Numeric, low: Numeric, high: Numeric, count: number): number {
  if (compareNumerics(operand, low) < 0) return 0;
  if (compareNumerics(operand, high) >= 0) {
    if (count === 2147483647) throw integerOutOfRange('integer');
    return count + 1;
  }
  const scale = Math.max(operand.scale, low.scale, high.scale);
  const from = low.withScale(scale).coefficient;
  const width = high.withScale(scale).coefficient - from;
  return Number(((operand.withScale(scale).coefficient - from) * BigInt(count)) / width) + 1;
}

fn('numerictypmodin', {
  impl: (modifiers: PgArray) => {
    const [precision = 0, scale = 0, ...rest] = modifierArguments(modifiers);
    if (rest.length > 0 || modifiers.elements.length === 0) {
      throw pgError(SqlState.invalidParameterValue, 'invalid NUMERIC type modifier');
    }
    if (precision < 1 || precision > 1000) {
      throw pgError(SqlState.invalidParameterValue, `NUMERIC precision ${precision} must be between 1 and 1000`);
    }
    if (scale < -1000 || scale > 1000) {
      throw pgError(SqlState.invalidParameterValue, `NUMERIC scale ${scale} must be between -1000 and 1000`);
    }
    return ((precision << 16) | (scale & 0x7ff)) + 4;
  },
});
fn('numerictypmodout', {
  impl: (typmod: number) => {
    const modifier = numericModifier(typmod);
    return modifier === null ? '' : `(${modifier.precision},${modifier.scale})`;
  },
});
