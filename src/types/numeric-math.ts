// Arithmetic on Numeric with PostgreSQL's result scales (manual, section 9.3): sums keep the larger scale, products add
// them, quotients get at least 16 significant digits. NaN and the infinities follow PostgreSQL's rules.
import { pgError, SqlState } from '../errors/pg-error.js';
import { digitCount, divideRounded, Numeric, numericScaleMax, powerOfTen } from './numeric.js';

/** Significant digits that quotients and functions give at least, and the largest scale they choose by themselves. */
export const significantDigitsMin = 16;
export const displayScaleMax = 1000;

/** Order with NaN last and equal to itself; 1.0 equals 1.00. */
export function compareNumerics(left: Numeric, right: Numeric): number {
  if (left.kind !== 'finite' || right.kind !== 'finite') return kindOrder(left) - kindOrder(right);
  let a = left.coefficient;
  let b = right.coefficient;
  if (left.scale < right.scale) a *= powerOfTen(right.scale - left.scale);
  else if (left.scale > right.scale) b *= powerOfTen(left.scale - right.scale);
  return a < b ? -1 : a > b ? 1 : 0;
}

function kindOrder(value: Numeric): number {
  return value.kind === 'finite' ? 0 : value.kind === 'nan' ? 2 : value.kind === 'infinity' ? 1 : -1;
}

export function addNumerics(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') return addSpecial(left, right);
  if (left.scale === right.scale) return Numeric.of(left.coefficient + right.coefficient, left.scale);
  if (left.scale < right.scale) {
    return Numeric.of(left.coefficient * powerOfTen(right.scale - left.scale) + right.coefficient, right.scale);
  }
  return Numeric.of(left.coefficient + right.coefficient * powerOfTen(left.scale - right.scale), left.scale);
}

function addSpecial(left: Numeric, right: Numeric): Numeric {
  if (left.isNaN || right.isNaN) return Numeric.nan;
  if (left.isFinite) return right;
  if (right.isFinite || left.kind === right.kind) return left;
  return Numeric.nan;
}

export function negateNumeric(value: Numeric): Numeric {
  if (value.kind === 'finite') return Numeric.of(-value.coefficient, value.scale);
  return value.isNaN ? value : value.kind === 'infinity' ? Numeric.minusInfinity : Numeric.infinity;
}

export function absNumeric(value: Numeric): Numeric {
  return value.sign < 0 ? negateNumeric(value) : value;
}

export function subtractNumerics(left: Numeric, right: Numeric): Numeric {
  return addNumerics(left, negateNumeric(right));
}

export function multiplyNumerics(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') {
    return left.isNaN || right.isNaN ? Numeric.nan : signedInfinity(left.sign * right.sign);
  }
  const scale = left.scale + right.scale;
  const product = left.coefficient * right.coefficient;
  if (scale <= numericScaleMax) return Numeric.of(product, scale);
  return Numeric.of(divideRounded(product, powerOfTen(scale - numericScaleMax)), numericScaleMax);
}

/** Quotient with at least 16 significant digits and no fewer decimals than either operand. Throws 22012. */
export function divideNumerics(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') return divideSpecial(left, right);
  if (right.coefficient === 0n) throw divisionByZero();
  return divideToScale(left, right, divisionScale(left, right));
}

function divideSpecial(left: Numeric, right: Numeric): Numeric {
  if (left.isNaN || right.isNaN) return Numeric.nan;
  if (left.isFinite) return Numeric.zero;
  if (!right.isFinite) return Numeric.nan;
  if (right.sign === 0) throw divisionByZero();
  return signedInfinity(left.sign * right.sign);
}

/** Quotient of finite values, rounded half away from zero to `scale` digits. */
export function divideToScale(left: Numeric, right: Numeric, scale: number): Numeric {
  let dividend = left.coefficient;
  let divisor = right.coefficient;
  const shift = scale + right.scale - left.scale;
  if (shift >= 0) dividend *= powerOfTen(shift);
  else divisor *= powerOfTen(-shift);
  if (divisor < 0n) {
    dividend = -dividend;
    divisor = -divisor;
  }
  return Numeric.of(divideRounded(dividend, divisor), scale);
}

/** The scale PostgreSQL gives a quotient: 16 significant digits, reckoned in its base-10000 digits. */
export function divisionScale(left: Numeric, right: Numeric): number {
  const dividend = leadingDigit(left);
  const divisor = leadingDigit(right);
  let weight = dividend.weight - divisor.weight;
  if (dividend.digit <= divisor.digit) weight--;
  const scale = Math.max(significantDigitsMin - weight * 4, left.scale, right.scale, 0);
  return Math.min(scale, displayScaleMax);
}

/** The first base-10000 digit of a value and its weight (the power of 10000 it stands for); 0 and 0 for zero. */
export function leadingDigit(value: Numeric): { readonly digit: number; readonly weight: number } {
  if (value.coefficient === 0n) return { digit: 0, weight: 0 };
  const negative = value.coefficient < 0n;
  const digits = (negative ? -value.coefficient : value.coefficient).toString();
  const exponent = digits.length - value.scale - 1;
  const weight = Math.floor(exponent / 4);
  const length = exponent - 4 * weight + 1;
  return { digit: Number(digits.slice(0, length).padEnd(length, '0')), weight };
}

/** Quotient truncated to an integer: div(). Throws 22012. */
export function divideTruncated(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') return divideSpecial(left, right);
  if (right.coefficient === 0n) throw divisionByZero();
  const scale = Math.max(left.scale, right.scale);
  return Numeric.of(left.withScale(scale).coefficient / right.withScale(scale).coefficient, 0);
}

/** Remainder with the dividend's sign. Throws 22012. */
export function modNumerics(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') {
    if (left.isNaN || right.isNaN) return Numeric.nan;
    if (left.isFinite) return left;
    if (right.sign === 0) throw divisionByZero();
    return Numeric.nan;
  }
  if (right.coefficient === 0n) throw divisionByZero();
  const scale = Math.max(left.scale, right.scale);
  return Numeric.of(left.withScale(scale).coefficient % right.withScale(scale).coefficient, scale);
}

/** Cuts digits after `scale` (which may be negative). */
export function truncateNumeric(value: Numeric, scale: number): Numeric {
  if (!value.isFinite || scale === value.scale) return value;
  if (scale > value.scale) return value.withScale(scale);
  const cut = value.coefficient / powerOfTen(value.scale - scale);
  return scale >= 0 ? Numeric.of(cut, scale) : Numeric.of(cut * powerOfTen(-scale), 0);
}

/** Largest integer not above the value. */
export function floorNumeric(value: Numeric): Numeric {
  if (!value.isFinite) return value;
  const unit = powerOfTen(value.scale);
  const quotient = value.coefficient / unit;
  return Numeric.of(value.coefficient < 0n && value.coefficient % unit !== 0n ? quotient - 1n : quotient, 0);
}

/** Smallest integer not below the value. */
export function ceilNumeric(value: Numeric): Numeric {
  return negateNumeric(floorNumeric(negateNumeric(value)));
}

/** Fewest digits after the point that hold the value exactly. */
export function minimalScale(value: Numeric): number {
  if (value.coefficient === 0n) return 0;
  let scale = value.scale;
  let coefficient = value.coefficient;
  while (scale > 0 && coefficient % 10n === 0n) {
    coefficient /= 10n;
    scale--;
  }
  return scale;
}

/** Position of the first digit: value = d.ddd * 10^exponent; 0 for zero. */
export function decimalExponent(value: Numeric): number {
  return value.coefficient === 0n ? 0 : digitCount(value.coefficient) - value.scale - 1;
}

/** The integer part rounded half away from zero, for casts to integers; the value is finite. */
export function roundedInteger(value: Numeric): bigint {
  return value.scale === 0 ? value.coefficient : divideRounded(value.coefficient, powerOfTen(value.scale));
}

/** From float8 or float4 with `digits` significant digits (15 and 6), as their casts to numeric do. */
export function numericFromFloat(value: number, digits: number): Numeric {
  if (Number.isNaN(value)) return Numeric.nan;
  if (!Number.isFinite(value)) return value > 0 ? Numeric.infinity : Numeric.minusInfinity;
  const [mantissa = '0', exponent = '0'] = value.toExponential(digits - 1).split('e');
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return Numeric.parse(`${trimmed}e${exponent}`) ?? Numeric.nan;
}

export function divisionByZero(): Error {
  return pgError(SqlState.divisionByZero, 'division by zero');
}

function signedInfinity(sign: number): Numeric {
  return sign === 0 ? Numeric.nan : sign > 0 ? Numeric.infinity : Numeric.minusInfinity;
}
