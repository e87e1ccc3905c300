// Text form of float4 and float8 as PostgreSQL prints and reads it: the shortest digits that read back to the same
// value, or printf's %g with a fixed number of digits where extra_float_digits is below 1.
import { pgError, SqlState } from '../errors/pg-error.js';
import { invalidSyntax } from './input-error.js';

/** float8 under extra_float_digits (1 and above: shortest). */
export function formatFloat8(value: number, extraFloatDigits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (extraFloatDigits < 1) return formatGeneral(value, Math.max(15 + extraFloatDigits, 1));
  return layOut(shortestDigits(value), 15);
}

/** float4 under extra_float_digits; `value` is already rounded to single precision. */
export function formatFloat4(value: number, extraFloatDigits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (extraFloatDigits < 1) return formatGeneral(value, Math.max(6 + extraFloatDigits, 1));
  return layOut(shortestSingleDigits(value), 6);
}

/** C's %.{precision}g. */
export function formatGeneral(exact: number, precision: number): string {
  if (!Number.isFinite(exact)) return nonFinite(exact);
  if (exact === 0) return Object.is(exact, -0) ? '-0' : '0';
  const value = tieToEven(exact, precision);
  const [mantissa, exponentText] = value.toExponential(Math.min(precision - 1, 100)).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= precision) return `${trimFraction(mantissa)}e${exponentForm(exponent)}`;
  return trimFraction(value.toFixed(Math.min(Math.max(precision - 1 - exponent, 0), 100)));
}

/** C rounds a value that stands right between two decimals to the even one, JavaScript away from zero: such a value is
 *  cut down to the even decimal first. */
function tieToEven(value: number, precision: number): number {
  const [mantissa = '', exponent = ''] = value.toExponential(100).split('e');
  const digitsEnd = mantissa.indexOf('.') + precision;
  const rest = mantissa.slice(digitsEnd);
  const last = Number(mantissa[digitsEnd - 1] === '.' ? mantissa[digitsEnd - 2] : mantissa[digitsEnd - 1]);
  return /^50*$/.test(rest) && last % 2 === 0 ? Number(`${mantissa.slice(0, digitsEnd)}e${exponent}`) : value;
}

const floatText =
  /^[ \t\n\r\f\v]*([+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN]))[ \t\n\r\f\v]*/;

/** Reads float8 text; throws 22P02 and 22003 (overflow, and underflow to zero). `original` is quoted in 22P02. */
export function parseFloat8(text: string, typeName = 'double precision'): number {
  const { word, isWhole } = floatWord(text, typeName);
  const value = wordValue(word);
  if (isOutOfRange(value, word)) throw outOfRange(word, 'double precision');
  if (!isWhole) throw invalidSyntax(typeName, text);
  return value;
}

/** Reads float4 text, rounding once to single precision. */
export function parseFloat4(text: string): number {
  const { word, isWhole } = floatWord(text, 'real');
  const value = roundToSingle(wordValue(word), word);
  if (isOutOfRange(value, word)) throw outOfRange(word, 'real');
  if (!isWhole) throw invalidSyntax('real', text);
  return value;
}

function floatWord(text: string, typeName: string): { readonly word: string; readonly isWhole: boolean } {
  const match = floatText.exec(text);
  if (match === null) throw invalidSyntax(typeName, text);
  return { word: match[1] as string, isWhole: match[0].length === text.length };
}

function wordValue(word: string): number {
  const sign = word[0] === '-' ? -1 : 1;
  const body = word.replace(/^[+-]/, '');
  if (/^i/i.test(body)) return sign * Number.POSITIVE_INFINITY;
  if (/^n/i.test(body)) return Number.NaN;
  if (/^0x/i.test(body)) return sign * hexadecimalFloat(body);
  return Number(word);
}

function hexadecimalFloat(body: string): number {
  const match = /^0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/.exec(body);
  const fraction = match?.[2] ?? '';
  const magnitude = Number(BigInt(`0x${match?.[1] ?? '0'}${fraction}`));
  return magnitude * 2 ** (Number(match?.[3] ?? 0) - 4 * fraction.length);
}

// Rounding to double and then to single can be wrong where the double lies exactly between two singles.
function roundToSingle(value: number, word: string): number {
  const single = Math.fround(value);
  if (!Number.isFinite(value) || single === value) return single;
  const neighbour = Math.fround(single + (value > single ? 1 : -1) * singleUlp(single));
  if (Math.abs(value - single) !== Math.abs(neighbour - value)) return single;
  const exact = compareDecimal(word, value);
  return exact === 0 ? single : exact > 0 ? Math.max(single, neighbour) : Math.min(single, neighbour);
}

function singleUlp(value: number): number {
  if (value === 0) return 2 ** -149;
  return 2 ** Math.max(Math.floor(Math.log2(Math.abs(value))) - 23, -149);
}

/** Sign of (decimal text - value), exactly. */
function compareDecimal(word: string, value: number): number {
  const [digits, point] = splitDecimal(word);
  const [numerator, exponent] = exactBinary(value);
  // digits * 10^-point against numerator * 2^exponent, both sides scaled to integers.
  let left = digits * 10n ** BigInt(Math.max(-point, 0));
  let right = numerator * 2n ** BigInt(Math.max(exponent, 0));
  right *= 10n ** BigInt(Math.max(point, 0));
  left *= 2n ** BigInt(Math.max(-exponent, 0));
  return left < right ? -1 : left > right ? 1 : 0;
}

function splitDecimal(word: string): [bigint, number] {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(word);
  const fraction = match?.[3] ?? '';
  const magnitude = BigInt(`${match?.[2] ?? ''}${fraction}` || '0');
  return [match?.[1] === '-' ? -magnitude : magnitude, fraction.length - Number(match?.[4] ?? 0)];
}

const view = new DataView(new ArrayBuffer(8));

/** value = numerator * 2^exponent, exactly; value is finite. */
export function exactBinary(value: number): [bigint, number] {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return [bits >> 63n === 1n ? -magnitude : magnitude, (biased === 0 ? 1 : biased) - 1075];
}

function isOutOfRange(value: number, word: string): boolean {
  if (Number.isNaN(value)) return false;
  if (!Number.isFinite(value)) return !/^[+-]?i/i.test(word);
  return (
    value === 0 &&
    /[1-9a-f]/i.test(/^[+-]?0x/i.test(word) ? word.replace(/p.*$/i, '').slice(3) : word.replace(/e.*$/i, ''))
  );
}

function outOfRange(word: string, typeName: string): Error {
  return pgError(SqlState.numericValueOutOfRange, `"${word}" is out of range for type ${typeName}`);
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

interface Digits {
  readonly negative: boolean;
  /** Significant digits without point. */
  readonly digits: string;
  /** Exponent of the first digit. */
  readonly exponent: number;
}

function splitDigits(text: string, negative: boolean): Digits {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const digits = mantissa.replace('-', '').replace('.', '').replace(/0+$/, '');
  return { negative, digits: digits === '' ? '0' : digits, exponent: Number(exponent) };
}

function shortestDigits(value: number): Digits {
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  const shortest = splitDigits(magnitude.toExponential(), negative);
  // PostgreSQL never prints a decimal that lies exactly on the boundary to the neighbouring double, JavaScript may.
  // Such decimals exist only in this range: an odd 54-bit integer times a power of two is 17 digits times 10^1..10^23.
  if (magnitude < 2 ** 54 || magnitude > 1e41 || !isBoundary(shortest, magnitude)) return shortest;
  for (let precision = shortest.digits.length; precision < 17; precision++) {
    const candidate = splitDigits(magnitude.toExponential(precision), negative);
    if (Number(magnitude.toExponential(precision)) === magnitude && !isBoundary(candidate, magnitude)) return candidate;
  }
  return shortest;
}

function isBoundary(decimal: Digits, magnitude: number): boolean {
  const shift = decimal.exponent - decimal.digits.length + 1;
  if (shift <= 0) return false;
  const exact = BigInt(decimal.digits) * 10n ** BigInt(shift);
  const [numerator, exponent] = exactBinary(magnitude);
  const difference = exact - (numerator << BigInt(exponent));
  const halfUlp = exponent === 0 ? 0n : 1n << BigInt(exponent - 1);
  return difference === halfUlp || difference === -halfUlp;
}

function shortestSingleDigits(value: number): Digits {
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  if (magnitude === 0) return splitDigits('0e0', negative);
  const halfUlp = singleUlp(magnitude) / 2;
  for (let precision = 0; precision < 9; precision++) {
    const text = roundedHalfEven(magnitude, precision);
    const candidate = Number(text);
    if (Math.fround(candidate) === magnitude && Math.abs(candidate - magnitude) !== halfUlp)
      return splitDigits(text, negative);
  }
  return splitDigits(magnitude.toExponential(8), negative);
}

/** toExponential with exact halves rounded to the even digit; JavaScript rounds them up. */
function roundedHalfEven(magnitude: number, precision: number): string {
  const text = magnitude.toExponential(precision);
  const [mantissa, exponent] = text.split('e') as [string, string];
  const digits = BigInt(mantissa.replace('.', ''));
  if (digits % 2n === 0n || !isTie(magnitude, digits, precision - Number(exponent))) return text;
  const lower = (digits - 1n).toString().padStart(precision + 1, '0');
  return `${lower[0]}${precision > 0 ? '.' : ''}${lower.slice(1)}e${exponent}`;
}

/** True where value * 10^shift is exactly digits - 1/2. */
function isTie(value: number, digits: bigint, shift: number): boolean {
  const [numerator, exponent] = exactBinary(value);
  let left = numerator * 2n;
  let right = digits * 2n - 1n;
  if (shift >= 0) left *= 10n ** BigInt(shift);
  else right *= 10n ** BigInt(-shift);
  if (exponent >= 0) left <<= BigInt(exponent);
  else right <<= BigInt(-exponent);
  return left === right;
}

function layOut({ negative, digits, exponent }: Digits, scientificFrom: number): string {
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= scientificFrom) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponentForm(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${sign}${digits}${'0'.repeat(exponent + 1 - digits.length)}`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function exponentForm(exponent: number): string {
  const digits = Math.abs(exponent).toString().padStart(2, '0');
  return `${exponent < 0 ? '-' : '+'}${digits}`;
}

function trimFraction(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
