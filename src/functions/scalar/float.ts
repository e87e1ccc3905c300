// float4 and float8: arithmetic with PostgreSQL's overflow and underflow errors, rounding, powers and logarithms, casts.
// Trigonometry is in float-trigonometry.ts. float4 results are rounded to single precision.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { parseFloat4, parseFloat8 } from '../../types/float-format.js';
import type { Numeric } from '../../types/numeric.js';
import { divisionByZero, numericFromFloat } from '../../types/numeric-math.js';
import { fn } from '../registry.js';
import { integerOutOfRange } from './integer.js';

/** 22003 of results too large for a float. */
export function floatOverflow(): Error {
  return pgError(SqlState.numericValueOutOfRange, 'value out of range: overflow');
}

/** 22003 of results too small for a float. */
export function floatUnderflow(): Error {
  return pgError(SqlState.numericValueOutOfRange, 'value out of range: underflow');
}

type FloatOp = (left: number, right: number) => number;
type Round = (value: number) => number;

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}

function plus(round: Round, sign: 1 | -1): FloatOp {
  return (left, right) => {
    const result = round(left + sign * right);
    if (isInfinite(result) && !isInfinite(left) && !isInfinite(right)) throw floatOverflow();
    return result;
  };
}

function times(round: Round): FloatOp {
  return (left, right) => {
    const result = round(left * right);
    if (isInfinite(result) && !isInfinite(left) && !isInfinite(right)) throw floatOverflow();
    if (result === 0 && left !== 0 && right !== 0) throw floatUnderflow();
    return result;
  };
}

function over(round: Round): FloatOp {
  return (left, right) => {
    if (right === 0 && !Number.isNaN(left)) throw divisionByZero();
    const result = round(left / right);
    if (isInfinite(result) && !isInfinite(left)) throw floatOverflow();
    if (result === 0 && left !== 0 && !isInfinite(right)) throw floatUnderflow();
    return result;
  };
}

const same: Round = (value) => value;
for (const [prefix, round] of [
  ['float4', Math.fround],
  ['float8', same],
  ['float48', same],
  ['float84', same],
] as const) {
  fn(`${prefix}pl`, { impl: plus(round, 1) });
  fn(`${prefix}mi`, { impl: plus(round, -1) });
  fn(`${prefix}mul`, { impl: times(round) });
  fn(`${prefix}div`, { impl: over(round) });
}

/** float8 product and quotient with PostgreSQL's checks. */
export const float8Times = times(same);
export const float8Over = over(same);

for (const prefix of ['float4', 'float8']) {
  fn(`${prefix}um`, { impl: (value: number) => -value, inline: (value = '') => `(-${value})` });
  fn(`${prefix}up`, { impl: same, inline: (value = '') => value });
  fn(`${prefix}abs`, { impl: Math.abs });
}

/** C's rint: to the nearest integer, halves to the even one. */
export function rint(value: number): number {
  if (Math.abs(value) >= 4503599627370496 || !Number.isFinite(value)) return value;
  const floor = Math.floor(value);
  const rest = value - floor;
  const result = rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

fn('dround', { impl: rint });
fn('dtrunc', { impl: Math.trunc });
fn('dceil', { impl: Math.ceil });
fn('dfloor', { impl: Math.floor });
fn('dsign', { impl: (value: number) => (value > 0 ? 1 : value < 0 ? -1 : 0) });
fn('dpi', { impl: () => Math.PI });
fn('degrees', { impl: (value: number) => over(same)(value, 0.017453292519943295) });
fn('radians', { impl: (value: number) => times(same)(value, 0.017453292519943295) });

fn('dsqrt', {
  impl: (value: number) => {
    if (value < 0) {
      throw pgError(SqlState.invalidArgumentForPowerFunction, 'cannot take square root of a negative number');
    }
    return Math.sqrt(value);
  },
});
fn('dcbrt', { impl: Math.cbrt });
fn('dpow', { impl: power });
fn('dexp', { impl: exponential });
fn('dlog1', { impl: (value: number) => logarithm(value, Math.log) });
fn('dlog10', { impl: (value: number) => logarithm(value, Math.log10) });

/** x ^ y by the rules of C's pow, with errors for results out of range. */
export function power(base: number, exponent: number): number {
  if (Number.isNaN(base)) return exponent === 0 ? 1 : Number.NaN;
  if (Number.isNaN(exponent)) return base === 1 ? 1 : Number.NaN;
  if (base === 0 && exponent < 0) {
    throw pgError(SqlState.invalidArgumentForPowerFunction, 'zero raised to a negative power is undefined');
  }
  if (base < 0 && Math.floor(exponent) !== exponent) {
    throw pgError(
      SqlState.invalidArgumentForPowerFunction,
      'a negative number raised to a non-integer power yields a complex result',
    );
  }
  if (Math.abs(base) === 1 && isInfinite(exponent)) return 1;
  const result = base ** exponent;
  if (isInfinite(base) || isInfinite(exponent)) return result;
  if (isInfinite(result)) throw floatOverflow();
  if (result === 0 && base !== 0) throw floatUnderflow();
  return result;
}

function exponential(value: number): number {
  const result = Math.exp(value);
  if (isInfinite(value) || Number.isNaN(value)) return result;
  if (isInfinite(result)) throw floatOverflow();
  if (result === 0) throw floatUnderflow();
  return result;
}

function logarithm(value: number, log: (value: number) => number): number {
  if (value === 0) throw pgError(SqlState.invalidArgumentForLog, 'cannot take logarithm of zero');
  if (value < 0) throw pgError(SqlState.invalidArgumentForLog, 'cannot take logarithm of a negative number');
  return log(value);
}

function toInteger(value: number, typeName: 'smallint' | 'integer' | 'bigint', limit: number): number {
  const rounded = rint(value);
  if (!(rounded >= -limit && rounded < limit)) throw integerOutOfRange(typeName);
  return rounded === 0 ? 0 : rounded;
}

for (const prefix of ['d', 'f']) {
  fn(`${prefix}toi2`, { impl: (value: number) => toInteger(value, 'smallint', 32768) });
  fn(`${prefix}toi4`, { impl: (value: number) => toInteger(value, 'integer', 2147483648) });
  fn(`${prefix}toi8`, { impl: (value: number) => BigInt(toInteger(value, 'bigint', 2 ** 63)) });
}
fn('ftod', { impl: same, inline: (value = '') => value });
fn('dtof', {
  impl: (value: number) => {
    const result = Math.fround(value);
    if (isInfinite(result) && !isInfinite(value)) throw floatOverflow();
    if (result === 0 && value !== 0) throw floatUnderflow();
    return result;
  },
});
fn('float4_numeric', { impl: (value: number) => numericFromFloat(value, 6) });
fn('float8_numeric', { impl: (value: number) => numericFromFloat(value, 15) });
fn('numeric_float4', { impl: (value: Numeric) => parseFloat4(value.toString()) });
fn('numeric_float8', { impl: (value: Numeric) => parseFloat8(value.toString()) });

fn('width_bucket_float8', {
  impl: (operand: number, low: number, high: number, count: number) => {
    if (count <= 0) throw bucketError('count must be greater than zero');
    if (Number.isNaN(operand) || Number.isNaN(low) || Number.isNaN(high)) {
      throw bucketError('operand, lower bound, and upper bound cannot be NaN');
    }
    if (isInfinite(low) || isInfinite(high)) throw bucketError('lower and upper bounds must be finite');
    if (low === high) throw bucketError('lower bound cannot equal upper bound');
    return low < high ? bucket(operand, low, high, count) : bucket(-operand, -low, -high, count);
  },
});

function bucket(operand: number, low: number, high: number, count: number): number {
  if (operand < low) return 0;
  if (operand >= high) {
    if (count === 2147483647) throw integerOutOfRange('integer');
    return count + 1;
  }
  const scaled = isInfinite(high - low)
    ? count * ((operand / 2 - low / 2) / (high / 2 - low / 2))
    : count * ((operand - low) / (high - low));
  return Math.min(Math.trunc(scaled), count - 1) + 1;
}

/** 2201G of width_bucket. */
export function bucketError(message: string): Error {
  return pgError(SqlState.invalidArgumentForWidthBucketFunction, message);
}
