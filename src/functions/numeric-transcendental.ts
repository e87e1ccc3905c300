// sqrt, ln, log, exp and power of Numeric to the number of digits that PostgreSQL gives (manual, table 9.5): the result
// scale aims at 16 significant digits and is never below the arguments'. Computed in fixed point with guard digits,
// rounded once.
import { pgError, SqlState } from '../errors/pg-error.js';
import { digitCount, divideRounded, Numeric, numericOverflow, powerOfTen } from '../types/numeric.js';
import {
  decimalExponent,
  displayScaleMax,
  divideToScale,
  divisionByZero,
  leadingDigit,
  multiplyNumerics,
  significantDigitsMin,
} from '../types/numeric-math.js';

const guardDigits = 12;
/** PostgreSQL gives up on exponents of e from here on (three times its largest result scale, 2000). */
const expLimit = 6000;

function chooseScale(resultExponent: number, ...scales: number[]): number {
  return Math.min(Math.max(significantDigitsMin - resultExponent, 0, ...scales), displayScaleMax);
}

/** Square root. Throws 2201F for negatives. */
export function sqrtNumeric(value: Numeric): Numeric {
  if (value.isNaN || value.kind === 'infinity') return value;
  if (value.sign < 0) {
    throw pgError(SqlState.invalidArgumentForPowerFunction, 'cannot take square root of a negative number');
  }
  const scale = chooseScale(2 * leadingDigit(value).weight + 1, value.scale);
  return sqrtToScale(value, scale);
}

/** Square root of a finite value that is not negative, rounded to `scale` digits. */
export function sqrtToScale(value: Numeric, scale: number): Numeric {
  // One digit more than asked for, then a sticky digit: the rounded result is exact.
  const shift = 2 * (scale + 1) - value.scale;
  const scaled = shift >= 0 ? value.coefficient * powerOfTen(shift) : value.coefficient / powerOfTen(-shift);
  const root = integerSquareRoot(scaled);
  return Numeric.of(divideRounded(root, 10n), scale);
}

/** Largest integer whose square does not exceed the value. */
export function integerSquareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Natural logarithm. Throws 2201E for zero and negatives. */
export function lnNumeric(value: Numeric): Numeric {
  checkLogarithm(value);
  if (!value.isFinite) return value;
  return lnToScale(value, chooseScale(lnExponent(value), value.scale));
}

/** Logarithm to any base. */
export function logNumeric(base: Numeric, value: Numeric): Numeric {
  if (base.isNaN || value.isNaN) return Numeric.nan;
  // With an infinity in play PostgreSQL looks for negatives before it looks for zeros.
  if ((!base.isFinite || !value.isFinite) && value.sign < 0) checkLogarithm(value);
  checkLogarithm(base);
  checkLogarithm(value);
  if (!base.isFinite || !value.isFinite) {
    if (base.isFinite) return Numeric.infinity;
    return value.isFinite ? Numeric.zero : Numeric.nan;
  }
  const exponent = lnExponent(value) - lnExponent(base);
  const scale = chooseScale(exponent, base.scale, value.scale);
  const precision = scale + Math.max(exponent, 0) + guardDigits;
  const lnBase = lnFixed(base, precision + Math.max(-lnExponent(base), 0));
  if (lnBase === 0n) throw divisionByZero();
  const lnValue = lnFixed(value, precision + Math.max(-lnExponent(base), 0));
  return divideToScale(Numeric.of(lnValue), Numeric.of(lnBase), scale);
}

/** e raised to the value. */
export function expNumeric(value: Numeric): Numeric {
  if (value.isNaN || value.kind === 'infinity') return value;
  if (!value.isFinite) return Numeric.zero;
  const exponent = approximate(value) * 0.434294481903252;
  if (approximate(value) >= expLimit) throw numericOverflow();
  const scale = chooseScale(Math.trunc(Math.min(Math.max(exponent, -2000), 2000)), value.scale);
  return approximate(value) <= -expLimit ? Numeric.of(0n, scale) : expToScale(value, scale, exponent);
}

/** base ^ exponent. Throws 2201F, 22003. */
export function powerNumeric(base: Numeric, exponent: Numeric): Numeric {
  if (!base.isFinite || !exponent.isFinite) return powerSpecial(base, exponent);
  if (base.sign === 0 && exponent.sign < 0) {
    throw pgError(SqlState.invalidArgumentForPowerFunction, 'zero raised to a negative power is undefined');
  }
  const unit = powerOfTen(exponent.scale);
  const isInteger = exponent.coefficient % unit === 0n;
  const integer = exponent.coefficient / unit;
  if (base.sign < 0 && !isInteger) {
    throw pgError(
      SqlState.invalidArgumentForPowerFunction,
      'a negative number raised to a non-integer power yields a complex result',
    );
  }
  if (isInteger && integer >= -2147483648n && integer <= 2147483647n) {
    return powerInteger(base, Number(integer), exponent.scale);
  }
  if (base.sign === 0) return Numeric.of(0n, significantDigitsMin);
  return powerGeneral(base, exponent, isInteger && integer % 2n !== 0n);
}

function powerSpecial(base: Numeric, exponent: Numeric): Numeric {
  const isOne = base.isFinite && base.scale >= 0 && base.coefficient === powerOfTen(base.scale);
  if (isOne || exponent.sign === 0) {
    if (!exponent.isNaN || isOne) if (!(exponent.isNaN && !isOne)) return Numeric.one;
  }
  if (base.isNaN || exponent.isNaN) return Numeric.nan;
  if (base.sign === 0 && exponent.sign < 0) {
    throw pgError(SqlState.invalidArgumentForPowerFunction, 'zero raised to a negative power is undefined');
  }
  const integral = !exponent.isFinite || exponent.coefficient % powerOfTen(exponent.scale) === 0n;
  if (base.sign < 0 && !integral) {
    throw pgError(
      SqlState.invalidArgumentForPowerFunction,
      'a negative number raised to a non-integer power yields a complex result',
    );
  }
  if (exponent.isFinite) {
    if (exponent.sign < 0) return Numeric.zero;
    const odd = (exponent.coefficient / powerOfTen(exponent.scale)) % 2n !== 0n;
    return base.sign < 0 && odd ? Numeric.minusInfinity : Numeric.infinity;
  }
  const magnitude = base.isFinite ? compareMagnitudeToOne(base) : 1;
  if (magnitude === 0) return Numeric.one;
  return magnitude > 0 === exponent.sign > 0 ? Numeric.infinity : Numeric.zero;
}

function compareMagnitudeToOne(value: Numeric): number {
  const magnitude = value.coefficient < 0n ? -value.coefficient : value.coefficient;
  const one = powerOfTen(value.scale);
  return magnitude < one ? -1 : magnitude > one ? 1 : 0;
}

function powerInteger(base: Numeric, exponent: number, exponentScale: number): Numeric {
  if (base.sign === 0) {
    return exponent === 0
      ? Numeric.of(powerOfTen(significantDigitsMin), significantDigitsMin)
      : Numeric.of(0n, significantDigitsMin);
  }
  const estimate = exponent * log10Estimate(base);
  if (estimate > 131072) throw numericOverflow();
  if (estimate + 1 < -displayScaleMax) return Numeric.of(0n, displayScaleMax);
  const scale = chooseScale(Math.trunc(estimate), base.scale, exponentScale);
  if (exponent === 0) return Numeric.one.withScale(scale);
  if (exponent === 1) return base.withScale(scale);
  if (exponent === -1) return divideToScale(Numeric.one, base, scale);
  if (exponent === 2) return multiplyNumerics(base, base).withScale(scale);
  return raise(base, exponent, scale, Math.trunc(estimate));
}

/** Powers by squaring, keeping as many significant digits as the result needs. */
function raise(base: Numeric, exponent: number, scale: number, estimate: number): Numeric {
  const digits = Math.max(scale + estimate, 0) + Math.ceil(Math.log10(Math.abs(exponent))) + guardDigits + 8;
  let result: Scaled = { magnitude: 1n, exponent: 0 };
  let square = cut(
    { magnitude: base.coefficient < 0n ? -base.coefficient : base.coefficient, exponent: -base.scale },
    digits,
  );
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiplyScaled(result, square, digits);
    if (rest > 1) square = multiplyScaled(square, square, digits);
  }
  const negative = base.sign < 0 && exponent % 2 !== 0;
  const signed = negative ? -result.magnitude : result.magnitude;
  if (exponent < 0) {
    const shift = scale - result.exponent;
    if (shift < 0)
      return Numeric.of(divideRounded(1n, powerOfTen(-shift) * result.magnitude) * (negative ? -1n : 1n), scale);
    const quotient = divideRounded(powerOfTen(shift), result.magnitude);
    return Numeric.of(negative ? -quotient : quotient, scale);
  }
  return fromScaled(signed, result.exponent, scale);
}

interface Scaled {
  readonly magnitude: bigint;
  readonly exponent: number;
}

function multiplyScaled(left: Scaled, right: Scaled, digits: number): Scaled {
  return cut({ magnitude: left.magnitude * right.magnitude, exponent: left.exponent + right.exponent }, digits);
}

function cut(value: Scaled, digits: number): Scaled {
  const excess = digitCount(value.magnitude) - digits;
  if (excess <= 0) return value;
  return { magnitude: divideRounded(value.magnitude, powerOfTen(excess)), exponent: value.exponent + excess };
}

function fromScaled(coefficient: bigint, exponent: number, scale: number): Numeric {
  const shift = exponent + scale;
  if (shift >= 0) return Numeric.of(coefficient * powerOfTen(shift), scale);
  return Numeric.of(divideRounded(coefficient, powerOfTen(-shift)), scale);
}

function powerGeneral(base: Numeric, exponent: Numeric, negative: boolean): Numeric {
  const magnitude = base.sign < 0 ? Numeric.of(-base.coefficient, base.scale) : base;
  const estimate = logarithmTimes(magnitude, exponent);
  if (Math.abs(estimate) > expLimit * 1.0033) {
    if (estimate > 0) throw numericOverflow();
    return Numeric.of(0n, displayScaleMax);
  }
  const decimal = estimate * 0.434294481903252;
  const scale = chooseScale(Math.trunc(decimal), base.scale, exponent.scale);
  const precision = scale + Math.max(Math.ceil(decimal), 0) + Math.max(decimalExponent(exponent), 0) + guardDigits + 8;
  const product = Numeric.of(lnFixed(magnitude, precision) * exponent.coefficient, precision + exponent.scale);
  const result = expToScale(product, scale, decimal);
  return negative ? Numeric.of(-result.coefficient, result.scale) : result;
}

function checkLogarithm(value: Numeric): void {
  if (value.isNaN) return;
  if (value.sign === 0) throw pgError(SqlState.invalidArgumentForLog, 'cannot take logarithm of zero');
  if (value.sign < 0) throw pgError(SqlState.invalidArgumentForLog, 'cannot take logarithm of a negative number');
}

/** Decimal exponent that PostgreSQL expects of ln(value), from the leading digits. */
function lnExponent(value: Numeric): number {
  const nine = value.scale === 0 ? 0n : 9n * powerOfTen(value.scale - 1);
  const eleven = value.scale === 0 ? 2n : 11n * powerOfTen(value.scale - 1);
  const one = powerOfTen(value.scale);
  if (value.coefficient >= nine && value.coefficient <= eleven && (value.scale > 0 || value.coefficient === 1n)) {
    const difference = value.coefficient - one;
    return difference === 0n ? 0 : digitCount(difference) - value.scale - 1;
  }
  return Math.trunc(Math.log10(Math.abs(lnEstimate(value))));
}

/** ln of a positive value to about eight digits. */
function lnEstimate(value: Numeric): number {
  const digits = value.coefficient.toString();
  const head = Number(digits.slice(0, 15));
  const exponent = digits.length - Math.min(digits.length, 15) - value.scale;
  const estimate = Math.log(head) + exponent * Math.LN10;
  if (Math.abs(estimate) > 1e-3) return estimate;
  const fixed = lnFixed(value, 30 - decimalExponent(value));
  return Number(fixed) / 10 ** (30 - decimalExponent(value));
}

/** ln(base) * exponent to about eight digits. A base close to 1 has a logarithm too small for a float. */
function logarithmTimes(base: Numeric, exponent: Numeric): number {
  const difference = base.coefficient - powerOfTen(base.scale);
  if (difference === 0n) return 0;
  const place = digitCount(difference) - base.scale;
  if (place > -20) return lnEstimate(base) * approximate(exponent);
  // ln(1 + d) is d to 20 digits.
  const small = leadingDigits(difference, base.scale);
  const large = leadingDigits(exponent.coefficient, exponent.scale);
  return small.head * large.head * 10 ** (small.exponent + large.exponent);
}

/** The first digits of a decimal as a float below 1, and the power of ten that they are short of. */
function leadingDigits(coefficient: bigint, scale: number): { readonly head: number; readonly exponent: number } {
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString();
  const head = Number(`0.${digits.slice(0, 15)}`);
  return { head: coefficient < 0n ? -head : head, exponent: digits.length - scale };
}

function log10Estimate(value: Numeric): number {
  const digits = (value.coefficient < 0n ? -value.coefficient : value.coefficient).toString();
  const head = Number(digits.slice(0, 16));
  return Math.log10(head) + digits.length - Math.min(digits.length, 16) - value.scale;
}

function approximate(value: Numeric): number {
  return Number(value.toString());
}

function lnToScale(value: Numeric, scale: number): Numeric {
  const precision = scale + guardDigits;
  return Numeric.of(divideRounded(lnFixed(value, precision), powerOfTen(guardDigits)), scale);
}

/** ln(value) * 10^precision, off by a few units at most. */
function lnFixed(value: Numeric, precision: number): bigint {
  const work = precision + 10;
  // value = m * 2^k with m near 1.
  const bits = value.coefficient.toString(16).length * 4 - powerOfTen(value.scale).toString(16).length * 4;
  let power = bits;
  const unit = powerOfTen(work);
  let mantissa = scaleByPowerOfTwo(value.coefficient * unit, -power) / powerOfTen(value.scale);
  while (mantissa * 3n > unit * 4n) {
    mantissa /= 2n;
    power++;
  }
  while (mantissa * 3n < unit * 2n) {
    power--;
    mantissa = scaleByPowerOfTwo(value.coefficient * unit, -power) / powerOfTen(value.scale);
  }
  mantissa = scaleByPowerOfTwo(value.coefficient * unit, -power) / powerOfTen(value.scale);
  const extra = power.toString().length + 2;
  const two = power === 0 ? 0n : (BigInt(power) * lnTwo(work + extra)) / powerOfTen(extra);
  return (two + inverseHyperbolic(mantissa, unit)) / powerOfTen(work - precision);
}

function scaleByPowerOfTwo(value: bigint, power: number): bigint {
  return power >= 0 ? value << BigInt(power) : value >> BigInt(-power);
}

/** ln(m / unit) * unit = 2 atanh((m - unit) / (m + unit)) * unit. */
function inverseHyperbolic(mantissa: bigint, unit: bigint): bigint {
  const z = ((mantissa - unit) * unit) / (mantissa + unit);
  const square = (z * z) / unit;
  let term = z;
  let sum = z;
  for (let n = 3n; term !== 0n; n += 2n) {
    term = (term * square) / unit;
    sum += term / n;
  }
  return 2n * sum;
}

const lnTwoCache = new Map<number, bigint>();

function lnTwo(precision: number): bigint {
  let value = lnTwoCache.get(precision);
  if (value === undefined) {
    const unit = powerOfTen(precision + 5);
    value = inverseHyperbolic(2n * unit, unit) / powerOfTen(5);
    if (lnTwoCache.size > 200) lnTwoCache.clear();
    lnTwoCache.set(precision, value);
  }
  return value;
}

/** e^value rounded to `scale` digits; `decimal` is about the result's decimal exponent. */
function expToScale(value: Numeric, scale: number, decimal: number): Numeric {
  if (decimal > 131100) throw numericOverflow();
  if (decimal < -scale - 10) return Numeric.of(0n, scale);
  const work = scale + Math.max(Math.ceil(decimal), 0) + guardDigits + 10;
  const unit = powerOfTen(work);
  const x =
    work >= value.scale
      ? value.coefficient * powerOfTen(work - value.scale)
      : value.coefficient / powerOfTen(value.scale - work);
  const two = lnTwo(work);
  const power = x / two;
  let rest = x - power * two;
  const halvings = 8n;
  rest >>= halvings;
  let term = unit;
  let sum = unit;
  for (let n = 1n; term !== 0n; n++) {
    term = (term * rest) / (unit * n);
    sum += term;
  }
  for (let count = 0n; count < halvings; count++) sum = (sum * sum) / unit;
  const result = scaleByPowerOfTwo(sum, Number(power));
  return Numeric.of(divideRounded(result, powerOfTen(work - scale)), scale);
}
