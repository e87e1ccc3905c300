// Arithmetic, bit operations and casts of int2, int4, int8 (and money's integers' neighbours). int2 and int4 are
// JavaScript numbers, int8 is a bigint; every result that leaves its type raises 22003 "... out of range".
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric } from '../../types/numeric.js';
import { divisionByZero } from '../../types/numeric-math.js';
import { fn } from '../registry.js';

/** 22003 naming the integer type. */
export function integerOutOfRange(typeName: 'smallint' | 'integer' | 'bigint' | 'oid'): Error {
  return pgError(SqlState.numericValueOutOfRange, `${typeName === 'oid' ? 'OID' : typeName} out of range`);
}

/** A number that must be an int2. */
export function int2Of(value: number): number {
  if (value > 32767 || value < -32768) throw integerOutOfRange('smallint');
  return value | 0;
}

/** A number that must be an int4. */
export function int4Of(value: number): number {
  if (value > 2147483647 || value < -2147483648) throw integerOutOfRange('integer');
  return value | 0;
}

/** A bigint that must be an int8. */
export function int8Of(value: bigint): bigint {
  if (value > 9223372036854775807n || value < -9223372036854775808n) throw integerOutOfRange('bigint');
  return value;
}

type NumberOp = (left: number, right: number) => number;
type BigOp = (left: bigint, right: bigint) => bigint;

const numberOps: Readonly<Record<string, NumberOp>> = {
  pl: (left, right) => left + right,
  mi: (left, right) => left - right,
  mul: (left, right) => left * right,
  div: (left, right) => {
    if (right === 0) throw divisionByZero();
    return Math.trunc(left / right);
  },
};
const bigOps: Readonly<Record<string, BigOp>> = {
  pl: (left, right) => left + right,
  mi: (left, right) => left - right,
  mul: (left, right) => left * right,
  div: (left, right) => {
    if (right === 0n) throw divisionByZero();
    return left / right;
  },
};

for (const [op, apply] of Object.entries(numberOps)) {
  fn(`int2${op}`, { impl: (left: number, right: number) => int2Of(apply(left, right)) });
  for (const types of ['int4', 'int24', 'int42']) {
    fn(`${types}${op}`, { impl: (left: number, right: number) => int4Of(apply(left, right)) });
  }
}
for (const [op, apply] of Object.entries(bigOps)) {
  fn(`int8${op}`, { impl: (left: bigint, right: bigint) => int8Of(apply(left, right)) });
  for (const types of ['int84', 'int82', 'int48', 'int28']) {
    fn(`${types}${op}`, {
      impl: (left: bigint | number, right: bigint | number) => int8Of(apply(BigInt(left), BigInt(right))),
    });
  }
}

function numberMod(left: number, right: number): number {
  if (right === 0) throw divisionByZero();
  return (left % right) | 0;
}
fn('int2mod', { impl: numberMod });
fn('int4mod', { impl: numberMod });
fn('int8mod', {
  impl: (left: bigint, right: bigint) => {
    if (right === 0n) throw divisionByZero();
    return left % right;
  },
});

for (const [type, check] of [
  ['int2', int2Of],
  ['int4', int4Of],
] as const) {
  fn(`${type}um`, { impl: (value: number) => check(-value) });
  fn(`${type}up`, { impl: (value: number) => value, inline: (value = '') => value });
  fn(`${type}abs`, { impl: (value: number) => check(Math.abs(value)) });
  fn(`${type}inc`, { impl: (value: number) => check(value + 1) });
}
fn('int8um', { impl: (value: bigint) => int8Of(-value) });
fn('int8up', { impl: (value: bigint) => value, inline: (value = '') => value });
fn('int8abs', { impl: (value: bigint) => int8Of(value < 0n ? -value : value) });
fn('int8inc', { impl: (value: bigint) => int8Of(value + 1n) });
fn('int8dec', { impl: (value: bigint) => int8Of(value - 1n) });
fn('int8inc_any', { impl: (value: bigint) => int8Of(value + 1n) });
fn('int8dec_any', { impl: (value: bigint) => int8Of(value - 1n) });
fn('int8inc_float8_float8', { impl: (value: bigint) => int8Of(value + 1n) });

const bitOps: readonly [string, (left: number, right: number) => number, BigOp, string][] = [
  ['and', (left, right) => left & right, (left, right) => left & right, '&'],
  ['or', (left, right) => left | right, (left, right) => left | right, '|'],
  ['xor', (left, right) => left ^ right, (left, right) => left ^ right, '^'],
];
for (const [op, number, big, sign] of bitOps) {
  const inline = (left = '', right = '') => `(${left} ${sign} ${right})`;
  fn(`int2${op}`, { impl: number, inline });
  fn(`int4${op}`, { impl: number, inline });
  fn(`int8${op}`, { impl: big, inline });
}
fn('int2not', { impl: (value: number) => ~value });
fn('int4not', { impl: (value: number) => ~value });
fn('int8not', { impl: (value: bigint) => ~value });

// Shift counts act as the hardware's: modulo the width of the promoted operand.
fn('int2shl', { impl: (value: number, count: number) => ((value << count) << 16) >> 16 });
fn('int2shr', { impl: (value: number, count: number) => ((value >> count) << 16) >> 16 });
fn('int4shl', { impl: (value: number, count: number) => value << count });
fn('int4shr', { impl: (value: number, count: number) => value >> count });
fn('int8shl', { impl: (value: bigint, count: number) => BigInt.asIntN(64, value << BigInt(count & 63)) });
fn('int8shr', { impl: (value: bigint, count: number) => value >> BigInt(count & 63) });

function gcdOf(left: bigint, right: bigint): bigint {
  let a = left < 0n ? -left : left;
  let b = right < 0n ? -right : right;
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
function lcmOf(left: bigint, right: bigint): bigint {
  if (left === 0n || right === 0n) return 0n;
  const multiple = (left / gcdOf(left, right)) * right;
  return multiple < 0n ? -multiple : multiple;
}
for (const [symbol, apply] of [
  ['gcd', gcdOf],
  ['lcm', lcmOf],
] as const) {
  fn(`int4${symbol}`, {
    impl: (left: number, right: number) => int4Of(Number(apply(BigInt(left), BigInt(right)))),
  });
  fn(`int8${symbol}`, { impl: (left: bigint, right: bigint) => int8Of(apply(left, right)) });
}

fn('i2toi4', { impl: (value: number) => value, inline: (value = '') => value });
fn('i4toi2', { impl: int2Of });
fn('int28', { impl: (value: number) => BigInt(value) });
fn('int48', { impl: (value: number) => BigInt(value), inline: (value = '') => `BigInt(${value})` });
fn('int82', {
  impl: (value: bigint) => {
    if (value > 32767n || value < -32768n) throw integerOutOfRange('smallint');
    return Number(value);
  },
});
fn('int84', {
  impl: (value: bigint) => {
    if (value > 2147483647n || value < -2147483648n) throw integerOutOfRange('integer');
    return Number(value);
  },
});
fn('int4_bool', { impl: (value: number) => value !== 0 });
fn('bool_int4', { impl: (value: boolean) => (value ? 1 : 0) });
fn('i8tooid', {
  impl: (value: bigint) => {
    if (value < 0n || value > 4294967295n) throw integerOutOfRange('oid');
    return Number(value);
  },
});
fn('oidtoi8', { impl: (value: number) => BigInt(value) });
fn('i2tof', { impl: (value: number) => value, inline: (value = '') => value });
fn('i2tod', { impl: (value: number) => value, inline: (value = '') => value });
fn('i4tof', { impl: (value: number) => Math.fround(value) });
fn('i4tod', { impl: (value: number) => value, inline: (value = '') => value });
fn('i8tod', { impl: (value: bigint) => Number(value) });
fn('i8tof', { impl: (value: bigint) => bigintToSingle(value) });
fn('int2_numeric', { impl: (value: number) => Numeric.fromInteger(value) });
fn('int4_numeric', { impl: (value: number) => Numeric.fromInteger(value) });
fn('int8_numeric', { impl: (value: bigint) => Numeric.fromBigInt(value) });

/** Rounds once to single precision: through double first would round twice. */
function bigintToSingle(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const excess = magnitude.toString(2).length - 24;
  if (excess <= 0) return Number(value);
  const unit = 1n << BigInt(excess);
  const half = unit >> 1n;
  let quotient = magnitude >> BigInt(excess);
  const rest = magnitude & (unit - 1n);
  if (rest > half || (rest === half && (quotient & 1n) === 1n)) quotient += 1n;
  const result = Number(quotient * unit);
  return value < 0n ? -result : result;
}

for (const [symbol, base] of [
  ['to_hex', 16],
  ['to_oct', 8],
  ['to_bin', 2],
] as const) {
  fn(`${symbol}32`, { impl: (value: number) => (value >>> 0).toString(base) });
  fn(`${symbol}64`, { impl: (value: bigint) => BigInt.asUintN(64, value).toString(base) });
}
