// PostgreSQL's numeric as a JavaScript value: an integer coefficient and a decimal scale (digits after the point, the
// "display scale" that PostgreSQL keeps), or NaN, Infinity, -Infinity. Values are immutable and never normalised: 1.0
// and 1.00 differ in scale and compare equal. Text form in and out is here; arithmetic is in numeric-math.ts.
import { pgError, SqlState } from '../errors/pg-error.js';

export type NumericKind = 'finite' | 'nan' | 'infinity' | '-infinity';

/** Decimal digits that may stand before and after the point (manual, section 8.1.2). */
export const numericIntegerDigitsMax = 131072;
export const numericScaleMax = 16383;

export class Numeric {
  static readonly nan = new Numeric(0n, 0, 'nan');
  static readonly infinity = new Numeric(0n, 0, 'infinity');
  static readonly minusInfinity = new Numeric(0n, 0, '-infinity');
  static readonly zero = new Numeric(0n, 0, 'finite');
  static readonly one = new Numeric(1n, 0, 'finite');

  private constructor(
    /** The value times 10^scale; 0 where it is not finite. */
    readonly coefficient: bigint,
    /** Digits after the decimal point, 0..16383. */
    readonly scale: number,
    readonly kind: NumericKind,
  ) {}

  /** coefficient / 10^scale. Throws 22003 where it has too many digits before the point. */
  static of(coefficient: bigint, scale = 0): Numeric {
    const result = new Numeric(coefficient, scale, 'finite');
    // 2^66000 is far below 10^131072: most values need no count of their digits.
    if (coefficient > smallEnough || coefficient < minusSmallEnough) checkRange(result);
    return result;
  }

  /** A value on the way to a result, however large: only results are held to the limits. */
  static intermediate(coefficient: bigint, scale: number): Numeric {
    return new Numeric(coefficient, scale, 'finite');
  }

  static fromBigInt(value: bigint): Numeric {
    return new Numeric(value, 0, 'finite');
  }

  /** From a JavaScript integer (int2, int4, oid). */
  static fromInteger(value: number): Numeric {
    return new Numeric(BigInt(value), 0, 'finite');
  }

  /** Reads decimal text as numeric_in does (sign, digits with underscores, fraction, exponent, NaN, Infinity, 0x 0o 0b),
   *  white space around allowed; null where the text is none. Throws 22003 where the value is too large. */
  static parse(text: string): Numeric | null {
    const plain = plainNumber.exec(text);
    if (plain !== null) {
      const fraction = plain[3] ?? '';
      const magnitude = BigInt(`${plain[2]}${fraction}`);
      return Numeric.of(plain[1] === '-' ? -magnitude : magnitude, fraction.length);
    }
    return parseUncommon(trimSpace(text));
  }

  get isFinite(): boolean {
    return this.kind === 'finite';
  }
  get isNaN(): boolean {
    return this.kind === 'nan';
  }
  /** -1, 0 or 1; infinities have theirs, NaN has 0. */
  get sign(): number {
    if (this.kind === 'finite') return this.coefficient === 0n ? 0 : this.coefficient < 0n ? -1 : 1;
    return this.kind === 'infinity' ? 1 : this.kind === '-infinity' ? -1 : 0;
  }

  /** The same value with another scale, rounded half away from zero. */
  withScale(scale: number): Numeric {
    if (this.kind !== 'finite' || scale === this.scale) return this;
    if (scale > this.scale) return new Numeric(this.coefficient * powerOfTen(scale - this.scale), scale, 'finite');
    return Numeric.of(divideRounded(this.coefficient, powerOfTen(this.scale - scale)), scale);
  }

  toString(): string {
    if (this.kind !== 'finite')
      return this.kind === 'nan' ? 'NaN' : this.kind === 'infinity' ? 'Infinity' : '-Infinity';
    if (this.scale === 0) return this.coefficient.toString();
    const negative = this.coefficient < 0n;
    const digits = (negative ? -this.coefficient : this.coefficient).toString().padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
  }
}

const smallEnough = 1n << 66000n;
const minusSmallEnough = -smallEnough;
const plainNumber = /^([+-]?)(\d{1,1000})(?:\.(\d{0,1000}))?$/;
const powers: bigint[] = [];

/** 10^exponent, cached for common exponents. */
export function powerOfTen(exponent: number): bigint {
  if (exponent >= 512) return 10n ** BigInt(exponent);
  let power = powers[exponent];
  if (power === undefined) {
    power = 10n ** BigInt(exponent);
    powers[exponent] = power;
  }
  return power;
}

/** Integer quotient rounded half away from zero; `divisor` is positive. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  const twice = remainder * 2n;
  if (twice >= divisor) return quotient + 1n;
  return -twice >= divisor ? quotient - 1n : quotient;
}

/** Number of decimal digits of a magnitude; 0 has none. */
export function digitCount(magnitude: bigint): number {
  if (magnitude === 0n) return 0;
  const value = magnitude < 0n ? -magnitude : magnitude;
  if (value < 9007199254740992n) return Number(value).toString().length;
  return value.toString().length;
}

/** 22003 of every numeric result that is too large. */
export function numericOverflow(): Error {
  return pgError(SqlState.numericValueOutOfRange, 'value overflows numeric format');
}

function checkRange(value: Numeric): void {
  if (digitCount(value.coefficient) - value.scale > numericIntegerDigitsMax) throw numericOverflow();
}

function trimSpace(text: string): string {
  return text.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, '');
}

function parseUncommon(text: string): Numeric | null {
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (special !== null) {
    if (special[2]?.toLowerCase() !== 'nan') return special[1] === '-' ? Numeric.minusInfinity : Numeric.infinity;
    return special[1] === '' ? Numeric.nan : null;
  }
  const based = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$/.exec(text);
  if (based !== null) {
    const magnitude = BigInt((based[2] ?? '').replaceAll('_', '').toLowerCase());
    return Numeric.of(based[1] === '-' ? -magnitude : magnitude);
  }
  const decimal = /^([+-]?)(\d+(?:_\d+)*)?(\.(?:\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d+(?:_\d+)*))?$/.exec(text);
  if (decimal === null) return null;
  const whole = (decimal[2] ?? '').replaceAll('_', '');
  const fraction = (decimal[3] ?? '').slice(1).replaceAll('_', '');
  if (whole === '' && fraction === '') return null;
  const exponent = decimal[4] === undefined ? 0 : Number(decimal[4].replaceAll('_', ''));
  return scaled(decimal[1] === '-', whole + fraction, fraction.length, exponent);
}

function scaled(negative: boolean, digits: string, fractionDigits: number, exponent: number): Numeric {
  if (Math.abs(exponent) > 1073741823) throw numericOverflow();
  const significant = digits.replace(/^0+/, '');
  const magnitudeExponent = significant.length - fractionDigits + exponent;
  if (significant !== '' && magnitudeExponent > numericIntegerDigitsMax) throw numericOverflow();
  const scale = Math.max(fractionDigits - exponent, 0);
  if (significant === '') return Numeric.of(0n, Math.min(scale, numericScaleMax));
  let magnitude = BigInt(significant);
  if (fractionDigits - exponent < 0) magnitude *= powerOfTen(exponent - fractionDigits);
  if (scale > numericScaleMax) {
    const drop = scale - numericScaleMax;
    magnitude = drop > significant.length + 1 ? 0n : divideRounded(magnitude, powerOfTen(drop));
    return Numeric.of(negative ? -magnitude : magnitude, numericScaleMax);
  }
  return Numeric.of(negative ? -magnitude : magnitude, scale);
}
