// bit and bit varying: logic, shifts, substrings, single bits, casts to and from integers, length coercion.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { checkBitLength, checkVarbitLength, formatBits, withClearTail, zeroBits } from '../../types/bit-string.js';
import type { BitString } from '../../types/value.js';
import { fn } from '../registry.js';
import { bitCount } from './bytea.js';
import { integerOutOfRange } from './integer.js';
import { negativeSubstring } from './text.js';

/** Bits of a string of 0 and 1. */
function fromDigits(digits: string): BitString {
  const result = zeroBits(digits.length);
  for (let at = 0; at < digits.length; at++) {
    if (digits[at] === '1') result.bytes[at >> 3] = (result.bytes[at >> 3] as number) | (0x80 >> (at & 7));
  }
  return result;
}

function logic(symbol: string, name: string, apply: (left: number, right: number) => number): void {
  fn(symbol, {
    impl: (left: BitString, right: BitString): BitString => {
      if (left.bitLength !== right.bitLength) {
        throw pgError(SqlState.stringDataLengthMismatch, `cannot ${name} bit strings of different sizes`);
      }
      return {
        bitLength: left.bitLength,
        bytes: left.bytes.map((byte, at) => apply(byte, right.bytes[at] as number)) as Buffer,
      };
    },
  });
}
logic('bit_and', 'AND', (left, right) => left & right);
logic('bit_or', 'OR', (left, right) => left | right);
logic('bitxor', 'XOR', (left, right) => left ^ right);

fn('bitnot', {
  impl: (value: BitString) => withClearTail(value.bitLength, Buffer.from(value.bytes.map((byte) => ~byte & 0xff))),
});
fn('bitcat', { impl: (left: BitString, right: BitString) => fromDigits(formatBits(left) + formatBits(right)) });

function shift(value: BitString, left: number): BitString {
  const digits = formatBits(value);
  if (Math.abs(left) >= digits.length) return zeroBits(value.bitLength);
  return fromDigits(left >= 0 ? digits.slice(left) + '0'.repeat(left) : '0'.repeat(-left) + digits.slice(0, left));
}
fn('bitshiftleft', { impl: (value: BitString, count: number) => shift(value, count) });
fn('bitshiftright', { impl: (value: BitString, count: number) => shift(value, -count) });
fn('bitlength', { impl: (value: BitString) => value.bitLength });
fn('bit_length(bit)', { impl: (value: BitString) => value.bitLength });
fn('bitoctetlength', { impl: (value: BitString) => value.bytes.length });
fn('bit_bit_count', { impl: (value: BitString) => bitCount(value.bytes) });

function checkIndex(value: BitString, index: number): void {
  if (index < 0 || index >= value.bitLength) {
    throw pgError(SqlState.arraySubscriptError, `bit index ${index} out of valid range (0..${value.bitLength - 1})`);
  }
}
fn('bitgetbit', {
  impl: (value: BitString, index: number) => {
    checkIndex(value, index);
    return ((value.bytes[index >> 3] as number) >> (7 - (index & 7))) & 1;
  },
});
fn('bitsetbit', {
  impl: (value: BitString, index: number, bit: number): BitString => {
    checkIndex(value, index);
    if (bit !== 0 && bit !== 1) throw pgError(SqlState.invalidParameterValue, 'new bit must be 0 or 1');
    const bytes = Buffer.from(value.bytes);
    const flag = 0x80 >> (index & 7);
    const byte = bytes[index >> 3] as number;
    bytes[index >> 3] = bit === 1 ? byte | flag : byte & ~flag;
    return { bitLength: value.bitLength, bytes };
  },
});

function substring(value: BitString, start: number, length: number | null): BitString {
  if (length !== null && length < 0) throw negativeSubstring();
  const end = length === null ? value.bitLength : Math.max(start + length - 1, 0);
  return fromDigits(formatBits(value).slice(Math.max(start, 1) - 1, end));
}
fn('bitsubstr', { impl: (value: BitString, start: number, length: number) => substring(value, start, length) });
fn('bitsubstr_no_len', { impl: (value: BitString, start: number) => substring(value, start, null) });

function overlay(value: BitString, replacement: BitString, start: number, length: number): BitString {
  if (start <= 0) throw negativeSubstring();
  if (start + length > 2147483647) throw integerOutOfRange('integer');
  const parts = [substring(value, 1, start - 1), replacement, substring(value, start + length, null)];
  return fromDigits(parts.map(formatBits).join(''));
}
fn('bitoverlay', { impl: overlay });
fn('bitoverlay_no_len', {
  impl: (value: BitString, replacement: BitString, start: number) =>
    overlay(value, replacement, start, replacement.bitLength),
});
fn('bitposition', {
  impl: (value: BitString, search: BitString) => {
    if (search.bitLength === 0) return value.bitLength === 0 ? 0 : 1;
    return formatBits(value).indexOf(formatBits(search)) + 1;
  },
});

function fromInteger(value: bigint, typmod: number): BitString {
  const length = typmod <= 0 ? 1 : typmod;
  return fromDigits(BigInt.asUintN(length, value).toString(2).padStart(length, '0'));
}
fn('bitfromint4', { impl: (value: number, typmod: number) => fromInteger(BigInt(value), typmod) });
fn('bitfromint8', { impl: (value: bigint, typmod: number) => fromInteger(value, typmod) });

function toInteger(value: BitString, width: number, typeName: 'integer' | 'bigint'): bigint {
  if (value.bitLength > width) throw integerOutOfRange(typeName);
  return value.bitLength === 0 ? 0n : BigInt.asIntN(width, BigInt(`0b${formatBits(value)}`));
}
fn('bittoint4', { impl: (value: BitString) => Number(toInteger(value, 32, 'integer')) });
fn('bittoint8', { impl: (value: BitString) => toInteger(value, 64, 'bigint') });

fn('bit', {
  impl: (value: BitString, length: number, isExplicit: boolean) => {
    if (length <= 0 || value.bitLength === length) return value;
    if (!isExplicit) return checkBitLength(value, length);
    return fromDigits(formatBits(value).slice(0, length).padEnd(length, '0'));
  },
});
fn('varbit', {
  impl: (value: BitString, length: number, isExplicit: boolean) => {
    if (length <= 0 || value.bitLength <= length) return value;
    if (!isExplicit) return checkVarbitLength(value, length);
    return fromDigits(formatBits(value).slice(0, length));
  },
});
