// Floats in decimal with a fixed number of digits, exactly as C's printf gives them: the binary value is expanded in
// full and rounded half to even (JavaScript's own methods round ties up and stop at 1e21).
import { exactBinary } from '../../types/float-format.js';

/** C's %.{digits}f; Infinity, -Infinity and NaN in words. */
export function fixedDecimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [significand, exponent] = exactBinary(value);
  const negative = significand < 0n || Object.is(value, -0);
  const magnitude = significand < 0n ? -significand : significand;
  const scaled = magnitude * 10n ** BigInt(digits);
  const rounded = exponent >= 0 ? scaled << BigInt(exponent) : divideHalfEven(scaled, 1n << BigInt(-exponent));
  const text = rounded.toString().padStart(digits + 1, '0');
  const point = text.length - digits;
  return `${negative ? '-' : ''}${text.slice(0, point)}${digits === 0 ? '' : `.${text.slice(point)}`}`;
}

/** C's %.{digits}e; the value is finite. */
export function scientificDecimal(value: number, digits: number): string {
  const [significand, exponent] = exactBinary(value);
  const negative = significand < 0n || Object.is(value, -0);
  const magnitude = significand < 0n ? -significand : significand;
  const [numerator, denominator] =
    exponent >= 0 ? [magnitude << BigInt(exponent), 1n] : [magnitude, 1n << BigInt(-exponent)];
  const form = scientificRatio(numerator, denominator, digits);
  return `${negative ? '-' : ''}${form}`;
}

/** numerator / denominator (neither negative) as d.ddde+xx with `digits` digits after the point. */
function scientificRatio(numerator: bigint, denominator: bigint, digits: number): string {
  let exponent = numerator === 0n ? 0 : numerator.toString().length - denominator.toString().length;
  if (numerator !== 0n && scaledUp(numerator, -exponent) < scaledUp(denominator, exponent)) exponent--;
  const shift = digits - exponent;
  let text = divideHalfEven(scaledUp(numerator, shift), scaledUp(denominator, -shift)).toString();
  if (text.length > digits + 1) {
    text = text.slice(0, -1);
    exponent++;
  }
  text = text.padStart(digits + 1, '0');
  const mantissa = digits === 0 ? text : `${text[0]}.${text.slice(1)}`;
  return `${mantissa}e${exponentText(exponent)}`;
}

/** An exponent with its sign and at least two digits. */
export function exponentText(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** value * 10^exponent where the exponent is positive, else the value. */
function scaledUp(value: bigint, exponent: number): bigint {
  return exponent > 0 ? value * 10n ** BigInt(exponent) : value;
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}
