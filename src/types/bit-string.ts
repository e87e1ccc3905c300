// bit(n) and bit varying(n): text of 0 and 1 (or X'...' and B'...' forms), binary with a bit count before the bytes.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { invalidBinary } from './input-error.js';
import { bytesSortKey, int32SortKey } from './sort-key.js';
import { defineType, type TypeBehaviour } from './type-behaviour.js';
import type { BitString } from './value.js';

const bitForm = {
  storage: 'varlen',
  output: (value) => formatBits(value),
  send: sendBits,
  store: sendBits,
  load: (reader) => loadBits(reader),
  compare: compareBits,
  hashKey: (value) => `${value.bitLength}:${value.bytes.latin1Slice()}`,
  sortKey: (value, _type, writer) => {
    bytesSortKey(value.bytes, writer);
    int32SortKey(value.bitLength, writer);
  },
} satisfies Partial<TypeBehaviour<BitString>>;

defineType<BitString>({
  symbol: 'bit_in',
  ...bitForm,
  input: (text, _type, typmod) => checkBitLength(parseBits(text), typmod),
  receive: (reader, _type, typmod) => checkBitLength(receiveBits(reader), typmod),
});

defineType<BitString>({
  symbol: 'varbit_in',
  ...bitForm,
  input: (text, _type, typmod) => checkVarbitLength(parseBits(text), typmod),
  receive: (reader, _type, typmod) => checkVarbitLength(receiveBits(reader), typmod),
});

/** Order: bytes first, then the shorter. */
export function compareBits(left: BitString, right: BitString): number {
  return Buffer.compare(left.bytes, right.bytes) || left.bitLength - right.bitLength;
}

/** A bit string of `bitLength` zeros. */
export function zeroBits(bitLength: number): BitString {
  return { bitLength, bytes: Buffer.alloc((bitLength + 7) >> 3) };
}

/** Reads bits; throws 22P02 at the first digit that is none. */
export function parseBits(text: string): BitString {
  const hexadecimal = /^[xX]/.test(text);
  const digits = /^[xXbB]/.test(text) ? text.slice(1) : text;
  const perDigit = hexadecimal ? 4 : 1;
  const bad = (hexadecimal ? /[^0-9a-fA-F]/u : /[^01]/u).exec(digits);
  if (bad !== null) {
    const kind = hexadecimal ? 'hexadecimal' : 'binary';
    throw pgError(SqlState.invalidTextRepresentation, `"${bad[0]}" is not a valid ${kind} digit`);
  }
  const result = zeroBits(digits.length * perDigit);
  for (let index = 0; index < digits.length; index++) {
    const digit = Number.parseInt(digits[index] as string, 16);
    const at = index * perDigit;
    const byte = at >> 3;
    result.bytes[byte] = (result.bytes[byte] as number) | (digit << (8 - perDigit - (at & 7)));
  }
  return result;
}

/** Digits 0 and 1. */
export function formatBits(value: BitString): string {
  let text = '';
  for (const byte of value.bytes) text += byte.toString(2).padStart(8, '0');
  return text.slice(0, value.bitLength);
}

/** bit(n): the length must be n, else 22026. */
export function checkBitLength(value: BitString, typmod: number): BitString {
  if (typmod <= 0 || value.bitLength === typmod) return value;
  throw pgError(
    SqlState.stringDataLengthMismatch,
    `bit string length ${value.bitLength} does not match type bit(${typmod})`,
  );
}

/** bit varying(n): the length must not exceed n, else 22001. */
export function checkVarbitLength(value: BitString, typmod: number): BitString {
  if (typmod <= 0 || value.bitLength <= typmod) return value;
  throw pgError(SqlState.stringDataRightTruncation, `bit string too long for type bit varying(${typmod})`);
}

function receiveBits(reader: ByteReader): BitString {
  const bitLength = reader.int32();
  if (bitLength < 0 || bitLength > 2147483640) throw invalidBinary('invalid length in external bit string');
  return withClearTail(bitLength, Buffer.from(reader.take((bitLength + 7) >> 3)));
}

function loadBits(reader: ByteReader): BitString {
  const bitLength = reader.int32();
  return { bitLength, bytes: reader.take((bitLength + 7) >> 3) };
}

function sendBits(value: BitString, _type: unknown, writer: ByteWriter): void {
  writer.int32(value.bitLength);
  writer.append(value.bytes);
}

/** Clears the unused bits of the last byte; `bytes` becomes the value's own. */
export function withClearTail(bitLength: number, bytes: Buffer): BitString {
  const unused = bytes.length * 8 - bitLength;
  if (unused > 0) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) & (0xff << unused);
  return { bitLength, bytes };
}
