// int2, int4, int8: decimal, 0x, 0o and 0b text with underscores (manual, section 4.1.2.6), network-order binary form.
import { invalidSyntax, valueOutOfRange } from './input-error.js';
import { int32SortKey, int64SortKey } from './sort-key.js';
import { defineType } from './type-behaviour.js';

defineType<number>({
  symbol: 'int2in',
  storage: 'int2',
  input: (text) => parseInt32(text, 'smallint', -32768, 32767),
  output: String,
  receive: (reader) => reader.int16(),
  send: (value, _type, writer) => writer.int16(value),
  compare: (left, right) => left - right,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int32SortKey(value, writer),
});

defineType<number>({
  symbol: 'int4in',
  storage: 'int4',
  input: (text) => parseInt32(text, 'integer', -2147483648, 2147483647),
  output: String,
  receive: (reader) => reader.int32(),
  send: (value, _type, writer) => writer.int32(value),
  compare: (left, right) => left - right,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int32SortKey(value, writer),
});

defineType<bigint>({
  symbol: 'int8in',
  storage: 'int8',
  input: (text) => parseInt64(text, 'bigint'),
  output: String,
  receive: (reader) => reader.int64(),
  send: (value, _type, writer) => writer.int64(value),
  compare: (left, right) => (left < right ? -1 : left > right ? 1 : 0),
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int64SortKey(value, writer),
});

const shortDecimal = /^-?\d{1,9}$/;
const decimal = /^[ \t\n\r\f\v]*([+-]?)(\d+(?:_\d+)*)[ \t\n\r\f\v]*$/;
const based = /^[ \t\n\r\f\v]*([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)[ \t\n\r\f\v]*$/;

/** Reads an integer that must lie in [min, max]; throws 22P02 and 22003 naming `typeName`. */
export function parseInt32(text: string, typeName: string, min: number, max: number): number {
  const value = shortDecimal.test(text) ? Number(text) : Number(parseInteger(text, typeName));
  if (value < min || value > max) throw valueOutOfRange(typeName, text);
  return value === 0 ? 0 : value;
}

/** Reads a 64-bit signed integer; throws 22P02 and 22003 naming `typeName`. */
export function parseInt64(text: string, typeName: string): bigint {
  const value = parseInteger(text, typeName);
  if (BigInt.asIntN(64, value) !== value) throw valueOutOfRange(typeName, text);
  return value;
}

function parseInteger(text: string, typeName: string): bigint {
  const match = decimal.exec(text) ?? based.exec(text);
  if (match === null)
    throw overflowsFirst(text, typeName) ? valueOutOfRange(typeName, text) : invalidSyntax(typeName, text);
  const magnitude = BigInt((match[2] as string).replaceAll('_', '').toLowerCase());
  return match[1] === '-' ? -magnitude : magnitude;
}

/** Largest value that one more digit may follow, by type. */
const roomForDigit: Readonly<Record<string, bigint | undefined>> = {
  smallint: 3276n,
  integer: 214748364n,
  bigint: 922337203685477580n,
};

/** Digits are read before what follows them: text whose leading digits are too many is out of range, whatever comes. */
function overflowsFirst(text: string, typeName: string): boolean {
  const room = roomForDigit[typeName];
  const digits = /^[ \t\n\r\f\v]*[+-]?(\d+(?:_\d+)*)/.exec(text)?.[1]?.replaceAll('_', '');
  return room !== undefined && digits !== undefined && BigInt(digits.slice(0, -1) || '0') > room;
}
