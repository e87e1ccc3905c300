// numeric as a type: text with its modifier ((precision << 16 | scale) + 4), PostgreSQL's binary form in base 10000,
// order with NaN last, hash and index keys. Stored form: a kind byte (0 positive or zero, 1 negative, 2 NaN, 3 Infinity,
// 4 -Infinity), for finite values two bytes of scale and the magnitude of the coefficient, big-endian, no leading zeros.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { invalidBinary, invalidSyntax } from './input-error.js';
import { divideRounded, Numeric, numericScaleMax, powerOfTen } from './numeric.js';
import { compareNumerics } from './numeric-math.js';
import { defineType } from './type-behaviour.js';

defineType<Numeric>({
  symbol: 'numeric_in',
  storage: 'varlen',
  input: (text, _type, typmod) => {
    const value = Numeric.parse(text);
    if (value === null) throw invalidSyntax('numeric', text);
    return applyNumericTypmod(value, typmod);
  },
  output: (value) => value.toString(),
  receive: (reader, _type, typmod) => applyNumericTypmod(receiveNumeric(reader), typmod),
  send: (value, _type, writer) => sendNumeric(value, writer),
  store: (value, _type, writer) => storeNumeric(value, writer),
  load: (reader) => loadNumeric(reader),
  compare: (left, right) => compareNumerics(left, right),
  hashKey: numericHashKey,
  sortKey: (value, _type, writer) => numericSortKey(value, writer),
});

/** Precision and scale of a modifier; null where it is none. */
export function numericModifier(typmod: number): { readonly precision: number; readonly scale: number } | null {
  if (typmod < 4) return null;
  const bits = typmod - 4;
  return { precision: (bits >> 16) & 0xffff, scale: ((bits & 0x7ff) ^ 1024) - 1024 };
}

/** Rounds to the modifier's scale; throws 22003 where the value has too many digits. */
export function applyNumericTypmod(value: Numeric, typmod: number): Numeric {
  const modifier = numericModifier(typmod);
  if (modifier === null || value.isNaN) return value;
  const { precision, scale } = modifier;
  const prefix = `A field with precision ${precision}, scale ${scale}`;
  if (!value.isFinite) {
    throw pgError(SqlState.numericValueOutOfRange, 'numeric field overflow', {
      detail: `${prefix} cannot hold an infinite value.`,
    });
  }
  const rounded = roundToScale(value, scale);
  const limit = powerOfTen(Math.max(precision - scale, 0) + rounded.scale);
  const allowed = precision >= scale ? limit : powerOfTen(precision - scale + rounded.scale);
  if (rounded.coefficient < allowed && -rounded.coefficient < allowed) return rounded;
  const digits = precision - scale;
  throw pgError(SqlState.numericValueOutOfRange, 'numeric field overflow', {
    detail: `${prefix} must round to an absolute value less than ${digits === 0 ? '1' : `10^${digits}`}.`,
  });
}

/** Rounds half away from zero to a scale that may be negative (then digits before the point become zero). */
export function roundToScale(value: Numeric, scale: number): Numeric {
  if (scale >= 0) return value.withScale(scale);
  const unit = powerOfTen(-scale);
  return Numeric.of(divideRounded(value.coefficient, unit * powerOfTen(value.scale)) * unit, 0);
}

const kindCodes = { finite: 0, nan: 2, infinity: 3, '-infinity': 4 } as const;

/** Appends the stored form. */
export function storeNumeric(value: Numeric, writer: ByteWriter): void {
  if (!value.isFinite) {
    writer.uint8(kindCodes[value.kind]);
    return;
  }
  const negative = value.coefficient < 0n;
  const magnitude = negative ? -value.coefficient : value.coefficient;
  writer.uint8(negative ? 1 : 0);
  writer.uint16(value.scale);
  if (magnitude <= 0xffffffffn) {
    const small = Number(magnitude);
    if (small > 0xffffff) writer.uint8(small >>> 24);
    if (small > 0xffff) writer.uint8((small >>> 16) & 0xff);
    if (small > 0xff) writer.uint8((small >>> 8) & 0xff);
    if (small > 0) writer.uint8(small & 0xff);
    return;
  }
  const hex = magnitude.toString(16);
  writer.append(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

/** Reads back what `storeNumeric` wrote, of so many bytes: to the reader's end where nothing else is said. */
export function loadNumeric(reader: ByteReader, sizeBytes = reader.remaining): Numeric {
  const kind = reader.uint8();
  if (kind === 2) return Numeric.nan;
  if (kind === 3) return Numeric.infinity;
  if (kind === 4) return Numeric.minusInfinity;
  const scale = reader.uint16();
  // Without the bytes of kind and scale.
  const length = sizeBytes - 3;
  let magnitude: bigint;
  if (length <= 6) magnitude = length === 0 ? 0n : BigInt(reader.uint(length));
  else magnitude = BigInt(`0x${reader.take(length).toString('hex')}`);
  return Numeric.of(kind === 1 ? -magnitude : magnitude, scale);
}

/** Digits and exponent without trailing zeros: value = 0.d1d2d3... * 10^exponent. */
function significant(value: Numeric): { readonly digits: string; readonly exponent: number } {
  const text = (value.coefficient < 0n ? -value.coefficient : value.coefficient).toString();
  return { digits: text.replace(/0+$/, ''), exponent: text.length - value.scale };
}

function numericHashKey(value: Numeric): string | number {
  if (!value.isFinite) return value.kind;
  if (value.coefficient === 0n) return 0;
  const { digits, exponent } = significant(value);
  return `${value.coefficient < 0n ? '-' : ''}${digits}e${exponent}`;
}

/** Class byte (-Infinity, negative, zero, positive, Infinity, NaN), exponent, then pairs of digits plus one and a zero;
 *  exponent and digits complemented for negatives. */
export function numericSortKey(value: Numeric, writer: ByteWriter): void {
  if (!value.isFinite) return writer.uint8(value.kind === '-infinity' ? 1 : value.kind === 'infinity' ? 5 : 6);
  if (value.coefficient === 0n) return writer.uint8(3);
  const negative = value.coefficient < 0n;
  const flip = negative ? 0xff : 0;
  const { digits, exponent } = significant(value);
  writer.uint8(negative ? 2 : 4);
  writer.uint32(((exponent + 0x40000000) ^ (negative ? -1 : 0)) >>> 0);
  for (let index = 0; index < digits.length; index += 2) {
    const pair =
      (digits.charCodeAt(index) - 48) * 10 + (index + 1 < digits.length ? digits.charCodeAt(index + 1) - 48 : 0);
    writer.uint8((pair + 1) ^ flip);
  }
  writer.uint8(flip);
}

/** PostgreSQL's base-10000 digits: value = d0 * 10000^weight + d1 * 10000^(weight-1) + ... */
export function base10000(value: Numeric): { readonly digits: readonly number[]; readonly weight: number } {
  const text = (value.coefficient < 0n ? -value.coefficient : value.coefficient).toString();
  if (text === '0') return { digits: [], weight: 0 };
  const padRight = (4 - (value.scale % 4)) % 4;
  let aligned = text + '0'.repeat(padRight);
  aligned = aligned.padStart(Math.ceil(aligned.length / 4) * 4, '0');
  const digits: number[] = [];
  for (let index = 0; index < aligned.length; index += 4) digits.push(Number(aligned.slice(index, index + 4)));
  const weight = digits.length - (value.scale + padRight) / 4 - 1;
  while (digits[digits.length - 1] === 0) digits.pop();
  return { digits, weight };
}

function sendNumeric(value: Numeric, writer: ByteWriter): void {
  if (!value.isFinite) {
    writer.uint16(0);
    writer.uint16(0);
    writer.uint16(value.kind === 'nan' ? 0xc000 : value.kind === 'infinity' ? 0xd000 : 0xf000);
    // PostgreSQL sends the header bits of an infinity as its scale.
    writer.uint16(value.kind === 'nan' ? 0 : 0x20);
    return;
  }
  const { digits, weight } = base10000(value);
  writer.uint16(digits.length);
  writer.int16(weight);
  writer.uint16(value.coefficient < 0n ? 0x4000 : 0);
  writer.uint16(value.scale);
  for (const digit of digits) writer.uint16(digit);
}

function receiveNumeric(reader: ByteReader): Numeric {
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16();
  if (sign === 0xc000) return Numeric.nan;
  if (sign === 0xd000) return Numeric.infinity;
  if (sign === 0xf000) return Numeric.minusInfinity;
  if (sign !== 0 && sign !== 0x4000) throw invalidBinary('invalid sign in external "numeric" value');
  if (scale > numericScaleMax) throw invalidBinary('invalid scale in external "numeric" value');
  let text = '';
  for (let index = 0; index < count; index++) {
    const digit = reader.uint16();
    if (digit > 9999) throw invalidBinary('invalid digit in external "numeric" value');
    text += digit.toString().padStart(4, '0');
  }
  const magnitude = BigInt(text === '' ? '0' : text);
  // The last digit stands for 10000^(weight - count + 1); digits beyond the scale are cut off.
  const shift = 4 * (weight - count + 1) + scale;
  const coefficient = shift >= 0 ? magnitude * powerOfTen(shift) : magnitude / powerOfTen(-shift);
  return Numeric.of(sign === 0x4000 ? -coefficient : coefficient, scale);
}
