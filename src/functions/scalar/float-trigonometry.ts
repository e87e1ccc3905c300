// Trigonometric and error functions of float8: in radians, in degrees (exact at the multiples of 30 and 45, as
// PostgreSQL makes them), hyperbolic, erf and erfc.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { exactBinary } from '../../types/float-format.js';
import { fn } from '../registry.js';
import { floatUnderflow } from './float.js';

type Unary = (value: number) => number;

function inputOutOfRange(): Error {
  return pgError(SqlState.numericValueOutOfRange, 'input is out of range');
}

/** Refuses infinities; NaN passes through. */
function finite(apply: Unary): Unary {
  return (value) => {
    if (Number.isNaN(value)) return value;
    if (!Number.isFinite(value)) throw inputOutOfRange();
    return apply(value);
  };
}

/** Refuses arguments outside [min, max]; NaN passes through. */
function within(min: number, max: number, apply: Unary): Unary {
  return (value) => {
    if (Number.isNaN(value)) return value;
    if (value < min || value > max) throw inputOutOfRange();
    return apply(value);
  };
}

fn('dsin', { impl: finite(Math.sin) });
fn('dcos', { impl: finite(Math.cos) });
fn('dtan', { impl: finite(Math.tan) });
fn('dcot', { impl: finite((value) => 1 / Math.tan(value)) });
fn('dasin', { impl: within(-1, 1, Math.asin) });
fn('dacos', { impl: within(-1, 1, Math.acos) });
fn('datan', { impl: Math.atan });
fn('datan2', { impl: Math.atan2 });
fn('dsinh', { impl: Math.sinh });
fn('dcosh', { impl: Math.cosh });
fn('dtanh', { impl: Math.tanh });
fn('dasinh', { impl: Math.asinh });
fn('dacosh', { impl: within(1, Number.POSITIVE_INFINITY, Math.acosh) });
fn('datanh', { impl: within(-1, 1, Math.atanh) });

const radiansPerDegree = 0.017453292519943295;
const sin30 = Math.sin(30 * radiansPerDegree);
const oneMinusCos60 = 1 - Math.cos(60 * radiansPerDegree);
const asinHalf = Math.asin(0.5);
const acosHalf = Math.acos(0.5);
const atanOne = Math.atan(1);

function sindTo30(degrees: number): number {
  return Math.sin(degrees * radiansPerDegree) / sin30 / 2;
}
function cosdTo60(degrees: number): number {
  return 1 - (1 - Math.cos(degrees * radiansPerDegree)) / oneMinusCos60 / 2;
}
function sindQuadrant(degrees: number): number {
  return degrees <= 30 ? sindTo30(degrees) : cosdTo60(90 - degrees);
}
function cosdQuadrant(degrees: number): number {
  return degrees <= 60 ? cosdTo60(degrees) : sindTo30(90 - degrees);
}
const tan45 = sindQuadrant(45) / cosdQuadrant(45);
const cot45 = cosdQuadrant(45) / sindQuadrant(45);

interface Folded {
  readonly degrees: number;
  readonly sinSign: number;
  readonly cosSign: number;
}

/** Folds an angle into the first quadrant. */
function fold(value: number): Folded {
  let degrees = value % 360;
  let sinSign = 1;
  let cosSign = 1;
  if (degrees < 0) {
    degrees = -degrees;
    sinSign = -1;
  }
  if (degrees > 180) {
    degrees = 360 - degrees;
    sinSign = -sinSign;
  }
  if (degrees > 90) {
    degrees = 180 - degrees;
    cosSign = -1;
  }
  return { degrees, sinSign, cosSign };
}

fn('dsind', {
  impl: finite((value) => {
    const { degrees, sinSign } = fold(value);
    return sinSign * sindQuadrant(degrees);
  }),
});
fn('dcosd', {
  impl: finite((value) => {
    const { degrees, cosSign } = fold(value);
    return cosSign * cosdQuadrant(degrees);
  }),
});
fn('dtand', {
  impl: finite((value) => {
    const { degrees, sinSign, cosSign } = fold(value);
    const result = sinSign * cosSign * (sindQuadrant(degrees) / cosdQuadrant(degrees) / tan45);
    return result === 0 ? 0 : result;
  }),
});
fn('dcotd', {
  impl: finite((value) => {
    const { degrees, sinSign, cosSign } = fold(value);
    const result = sinSign * cosSign * (cosdQuadrant(degrees) / sindQuadrant(degrees) / cot45);
    return result === 0 ? 0 : result;
  }),
});

function asindQuadrant(value: number): number {
  return value <= 0.5 ? (Math.asin(value) / asinHalf) * 30 : 90 - (Math.acos(value) / acosHalf) * 60;
}
function acosdQuadrant(value: number): number {
  return value <= 0.5 ? 90 - (Math.asin(value) / asinHalf) * 30 : (Math.acos(value) / acosHalf) * 60;
}
fn('dasind', { impl: within(-1, 1, (value) => (value >= 0 ? asindQuadrant(value) : -asindQuadrant(-value))) });
fn('dacosd', { impl: within(-1, 1, (value) => (value >= 0 ? acosdQuadrant(value) : 90 + asindQuadrant(-value))) });
fn('datand', { impl: (value: number) => (Math.atan(value) / atanOne) * 45 });
fn('datan2d', { impl: (y: number, x: number) => (Math.atan2(y, x) / atanOne) * 45 });

fn('derf', {
  impl: (value: number) => {
    if (Number.isNaN(value)) return value;
    if (Math.abs(value) > 6) return Math.sign(value);
    if (Math.abs(value) < 1e-9) return tinyErf(value);
    const result = fixedToNumber(erfFixed(value, 400), 400);
    if (result === 0 && value !== 0) throw floatUnderflow();
    return value === 0 ? value : result;
  },
});
fn('derfc', {
  impl: (value: number) => {
    if (Number.isNaN(value)) return value;
    if (value < -6) return 2;
    if (value > 28) return 0;
    const bits = 400 + Math.ceil(value * value * 3);
    const result = fixedToNumber((1n << BigInt(bits)) - erfFixed(value, bits), bits);
    return result;
  },
});

/** erf near zero, where the series' first term is all. */
function tinyErf(value: number): number {
  const result = value * 1.1283791670955126;
  if (result === 0 && value !== 0) throw floatUnderflow();
  return result;
}

/** erf by its Taylor series in fixed point with `bits` fraction bits: the terms grow to e^(x*x) before they shrink. */
function erfFixed(value: number, bits: number): bigint {
  const work = BigInt(bits + 64 + Math.ceil(value * value * 2));
  const [numerator, exponent] = exactBinary(value);
  const shift = work + BigInt(exponent);
  const x = shift >= 0n ? numerator << shift : numerator >> -shift;
  const square = (x * x) >> work;
  let term = x;
  let sum = x;
  for (let n = 1n; term !== 0n; n++) {
    term = -((term * square) >> work) / n;
    sum += term / (2n * n + 1n);
  }
  return ((2n * sum * 2n ** work) / squareRootOfPi(work)) >> (work - BigInt(bits));
}

function squareRootOfPi(bits: bigint): bigint {
  return integerSquareRoot(piFixed(bits + 16n) << (bits - 16n));
}

/** Machin's formula: pi = 16 atan(1/5) - 4 atan(1/239). */
function piFixed(bits: bigint): bigint {
  const inverseTangent = (x: bigint): bigint => {
    let power = (1n << bits) / x;
    let sum = power;
    for (let n = 3n, sign = -1n; power !== 0n; n += 2n, sign = -sign) {
      power /= x * x;
      sum += (sign * power) / n;
    }
    return sum;
  };
  return 16n * inverseTangent(5n) - 4n * inverseTangent(239n);
}

function integerSquareRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** value / 2^bits as the nearest double. */
function fixedToNumber(value: bigint, bits: number): number {
  const magnitude = value < 0n ? -value : value;
  const excess = Math.max(magnitude.toString(2).length - 64, 0);
  const head = magnitude >> BigInt(excess);
  const sticky = head << BigInt(excess) === magnitude ? head : head | 1n;
  const exponent = excess - bits;
  const result = Number(sticky) * 2 ** Math.max(exponent, -1000) * 2 ** Math.min(exponent + 1000, 0);
  return value < 0n ? -result : result;
}
