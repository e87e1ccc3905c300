// bytea: concatenation, substrings, single bits and bytes, encode and decode, digests, conversions between character
// sets, bit_count.
import { createHash } from 'node:crypto';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { decodeHex } from '../../types/bytea.js';
import { encodingName, encodingOfNumber } from '../../base/encoding-names.js';
import { convertBytes, countCharacters, decodeText, encodeText } from '../../types/text-encoding.js';
import { fn } from '../registry.js';
import { integerOutOfRange } from './integer.js';
import { negativeSubstring } from './text.js';

fn('byteacat', { impl: (left: Buffer, right: Buffer) => Buffer.concat([left, right]) });
fn('byteaoctetlen', { impl: (value: Buffer) => value.length });
fn('bit_length(bytea)', { impl: (value: Buffer) => value.length * 8 });

function substring(value: Buffer, start: number, length: number | null): Buffer {
  if (length === null) return value.subarray(Math.max(start, 1) - 1);
  if (length < 0) throw negativeSubstring();
  return value.subarray(Math.max(start, 1) - 1, Math.max(start + length - 1, 0));
}
fn('bytea_substr', { impl: (value: Buffer, start: number, length: number) => substring(value, start, length) });
fn('bytea_substr_no_len', { impl: (value: Buffer, start: number) => substring(value, start, null) });

function overlay(value: Buffer, replacement: Buffer, start: number, length: number): Buffer {
  if (start <= 0) throw negativeSubstring();
  if (start + length > 2147483647) throw integerOutOfRange('integer');
  return Buffer.concat([substring(value, 1, start - 1), replacement, substring(value, start + length, null)]);
}
fn('byteaoverlay', { impl: overlay });
fn('byteaoverlay_no_len', {
  impl: (value: Buffer, replacement: Buffer, start: number) => overlay(value, replacement, start, replacement.length),
});
fn('byteapos', { impl: (value: Buffer, search: Buffer) => value.indexOf(search) + 1 });

function trim(value: Buffer, set: Buffer, left: boolean, right: boolean): Buffer {
  let from = 0;
  let to = value.length;
  while (left && from < to && set.includes(value[from] as number)) from++;
  while (right && to > from && set.includes(value[to - 1] as number)) to--;
  return value.subarray(from, to);
}
fn('byteatrim', { impl: (value: Buffer, set: Buffer) => trim(value, set, true, true) });
fn('bytealtrim', { impl: (value: Buffer, set: Buffer) => trim(value, set, true, false) });
fn('byteartrim', { impl: (value: Buffer, set: Buffer) => trim(value, set, false, true) });

function checkIndex(index: number | bigint, limit: number): number {
  if (index < 0 || index >= limit) {
    throw pgError(SqlState.arraySubscriptError, `index ${index} out of valid range, 0..${limit - 1}`);
  }
  return Number(index);
}
fn('byteaGetByte', { impl: (value: Buffer, index: number) => value[checkIndex(index, value.length)] });
fn('byteaSetByte', {
  impl: (value: Buffer, index: number, byte: number) => {
    const result = Buffer.from(value);
    result[checkIndex(index, value.length)] = byte & 0xff;
    return result;
  },
});
fn('byteaGetBit', {
  impl: (value: Buffer, index: bigint) => {
    const at = checkIndex(index, value.length * 8);
    return ((value[at >> 3] as number) >> (at & 7)) & 1;
  },
});
fn('byteaSetBit', {
  impl: (value: Buffer, index: bigint, bit: number) => {
    const at = checkIndex(index, value.length * 8);
    if (bit !== 0 && bit !== 1) throw pgError(SqlState.invalidParameterValue, 'new bit must be 0 or 1');
    const result = Buffer.from(value);
    const byte = result[at >> 3] as number;
    result[at >> 3] = bit === 1 ? byte | (1 << (at & 7)) : byte & ~(1 << (at & 7));
    return result;
  },
});

/** Number of bits set. */
export function bitCount(bytes: Buffer): bigint {
  let count = 0;
  for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return BigInt(count);
}
fn('bytea_bit_count', { impl: bitCount });

for (const algorithm of ['sha224', 'sha256', 'sha384', 'sha512']) {
  fn(`${algorithm}_bytea`, { impl: (value: Buffer) => createHash(algorithm).update(value).digest() });
}
fn('md5_text', { impl: (value: string) => createHash('md5').update(value).digest('hex') });
fn('md5_bytea', { impl: (value: Buffer) => createHash('md5').update(value).digest('hex') });

fn('binary_encode', {
  impl: (value: Buffer, format: string) => {
    switch (format.toLowerCase()) {
      case 'hex':
        return value.toString('hex');
      case 'base64':
        return value.toString('base64').replace(/.{76}(?=.)/g, '$&\n');
      case 'escape':
        return escapeHighBytes(value);
      default:
        throw unknownFormat(format);
    }
  },
});
fn('binary_decode', {
  impl: (text: string, format: string) => {
    switch (format.toLowerCase()) {
      case 'hex':
        return decodeHex(text);
      case 'base64':
        return decodeBase64(text);
      case 'escape':
        return decodeEscapes(text);
      default:
        throw unknownFormat(format);
    }
  },
});

function unknownFormat(format: string): Error {
  return pgError(SqlState.invalidParameterValue, `unrecognized encoding: "${format}"`);
}

// encode(..., 'escape') escapes zero and high bytes and backslashes only: control characters stay.
function escapeHighBytes(value: Buffer): string {
  let text = '';
  for (const byte of value) {
    if (byte === 0 || byte >= 0x80) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += byte === 0x5c ? '\\\\' : String.fromCharCode(byte);
  }
  return text;
}

function decodeEscapes(text: string): Buffer {
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let at = 0; at < source.length; ) {
    const octal = /^\\([0-3][0-7]{2})/.exec(source.latin1Slice(at, Math.min(at + 4, source.length)));
    if (source[at] !== 0x5c) bytes.push(source[at++] as number);
    else if (octal !== null) {
      bytes.push(Number.parseInt(octal[1] as string, 8));
      at += 4;
    } else if (source[at + 1] === 0x5c) {
      bytes.push(0x5c);
      at += 2;
    } else {
      throw pgError(SqlState.invalidTextRepresentation, 'invalid input syntax for type bytea');
    }
  }
  return Buffer.from(bytes);
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

// Padding may stand in the third or fourth place of a group and shortens it; white space is skipped.
function decodeBase64(text: string): Buffer {
  const bytes: number[] = [];
  let group = 0;
  let position = 0;
  let kept = 3;
  for (const char of text) {
    if (/[ \t\n\r]/.test(char)) continue;
    let digit = base64Digits.indexOf(char);
    if (char === '=') {
      if (kept === 3 && position < 2) {
        throw pgError(SqlState.invalidParameterValue, 'unexpected "=" while decoding base64 sequence');
      }
      if (kept === 3) kept = position - 1;
      digit = 0;
    } else if (digit < 0) {
      throw pgError(SqlState.invalidParameterValue, `invalid symbol "${char}" found while decoding base64 sequence`);
    }
    group = group * 64 + digit;
    if (++position < 4) continue;
    bytes.push(...[group >> 16, (group >> 8) & 0xff, group & 0xff].slice(0, kept));
    group = 0;
    position = 0;
  }
  if (position !== 0) {
    throw pgError(SqlState.invalidParameterValue, 'invalid base64 end sequence', {
      hint: 'Input data is missing padding, is truncated, or is otherwise corrupted.',
    });
  }
  return Buffer.from(bytes);
}

function sourceEncoding(name: string): string {
  const encoding = encodingName(name);
  if (encoding === null) throw pgError(SqlState.invalidParameterValue, `invalid source encoding name "${name}"`);
  return encoding;
}
function destinationEncoding(name: string): string {
  const encoding = encodingName(name);
  if (encoding === null) throw pgError(SqlState.invalidParameterValue, `invalid destination encoding name "${name}"`);
  return encoding;
}
fn('pg_convert_from', { impl: (bytes: Buffer, name: string) => decodeText(bytes, sourceEncoding(name)) });
fn('pg_convert_to', { impl: (text: string, name: string) => encodeText(text, destinationEncoding(name)) });
fn('pg_convert', {
  impl(bytes: Buffer, from: string, to: string) {
    const source = sourceEncoding(from);
    return convertBytes(bytes, source, destinationEncoding(to));
  },
});

fn('length_in_encoding', {
  impl: (bytes: Buffer, name: string) => {
    const encoding = encodingName(name);
    if (encoding === null) throw pgError(SqlState.invalidParameterValue, `invalid encoding name "${name}"`);
    return countCharacters(bytes, encoding);
  },
});

/** to_ascii knows four single-byte sets and reads the server's bytes as theirs: what each byte from 0x80 on becomes. */
const asciiForms: Readonly<Record<string, string | undefined>> = {
  LATIN1:
    '                                  cL Y  "Ca  -R     \'u .,      ?  AAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooo',
  LATIN2:
    '                                 A L LS "SSTZ-ZZ a,l\'ls ,sstz"zz  AAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoo',
  LATIN9:
    '                                  cL YS sCa  -R     Zu .z   EeY?  AAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooo',
  WIN1250:
    '  \' "    %S<STZZ `\'"".--  s>stzz   L A  "CS  -RZ  ,l\'u .,as L"lz  AAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoo',
};

function toAscii(text: string, encoding: string): string {
  const forms = asciiForms[encoding];
  if (forms === undefined) {
    throw pgError(SqlState.featureNotSupported, `encoding conversion from ${encoding} to ASCII not supported`);
  }
  let result = '';
  for (const byte of Buffer.from(text)) result += byte < 0x80 ? String.fromCharCode(byte) : (forms[byte - 0x80] ?? ' ');
  return result;
}
fn('to_ascii_default', { impl: (text: string) => toAscii(text, 'UTF8') });
fn('to_ascii_encname', {
  impl: (text: string, name: string) => {
    const encoding = encodingName(name);
    if (encoding === null) throw pgError(SqlState.undefinedObject, `${name} is not a valid encoding name`);
    return toAscii(text, encoding);
  },
});
fn('to_ascii_enc', {
  impl: (text: string, number: number) => {
    const encoding = encodingOfNumber(number);
    if (encoding === null) throw pgError(SqlState.undefinedObject, `${number} is not a valid encoding code`);
    return toAscii(text, encoding);
  },
});
