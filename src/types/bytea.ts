// bytea: text in hex (\x0a1b) or escape form (\\, \ooo), printed under bytea_output.
import { pgError, SqlState } from '../errors/pg-error.js';
import { bytesSortKey } from './sort-key.js';
import { defineType } from './type-behaviour.js';

defineType<Buffer>({
  symbol: 'byteain',
  storage: 'varlen',
  input: (text) => (text.startsWith('\\x') ? decodeHex(text.slice(2)) : decodeEscape(text)),
  output: (value, _type, io) => (io.byteaOutput === 'hex' ? `\\x${value.toString('hex')}` : encodeEscape(value)),
  receive: (reader) => Buffer.from(reader.take(reader.remaining)),
  send: (value, _type, writer) => writer.append(value),
  store: (value, _type, writer) => writer.append(value),
  load: (reader) => reader.take(reader.remaining),
  compare: (left, right) => Buffer.compare(left, right),
  hashKey: (value) => value.latin1Slice(),
  sortKey: (value, _type, writer) => bytesSortKey(value, writer),
});

/** Pairs of hexadecimal digits, white space between pairs allowed; throws 22023. */
export function decodeHex(text: string): Buffer {
  if (/^(?:[0-9a-fA-F]{2})*$/.test(text)) return Buffer.from(text, 'hex');
  const bytes: number[] = [];
  for (let index = 0; index < text.length; ) {
    const char = text[index] as string;
    if (/[ \n\t\r]/.test(char)) {
      index++;
      continue;
    }
    const high = hexDigit(text, index++);
    if (index >= text.length)
      throw pgError(SqlState.invalidParameterValue, 'invalid hexadecimal data: odd number of digits');
    bytes.push(high * 16 + hexDigit(text, index++));
  }
  return Buffer.from(bytes);
}

function hexDigit(text: string, index: number): number {
  const char = String.fromCodePoint(text.codePointAt(index) ?? 0);
  const value = /^[0-9a-fA-F]$/.test(char) ? Number.parseInt(char, 16) : -1;
  if (value < 0) throw pgError(SqlState.invalidParameterValue, `invalid hexadecimal digit: "${char}"`);
  return value;
}

/** The escape form: \\ is a backslash, \ooo an octet, other characters their UTF-8 bytes; throws 22P02. */
export function decodeEscape(text: string): Buffer {
  if (!text.includes('\\')) return Buffer.from(text);
  const parts: Buffer[] = [];
  let start = 0;
  for (let slash = text.indexOf('\\'); slash >= 0; slash = text.indexOf('\\', start)) {
    parts.push(Buffer.from(text.slice(start, slash)));
    const octal = /^\\([0-3][0-7]{2})/.exec(text.slice(slash, slash + 4));
    if (octal !== null) {
      parts.push(Buffer.of(Number.parseInt(octal[1] as string, 8)));
      start = slash + 4;
    } else if (text[slash + 1] === '\\') {
      parts.push(Buffer.of(0x5c));
      start = slash + 2;
    } else {
      throw pgError(SqlState.invalidTextRepresentation, 'invalid input syntax for type bytea');
    }
  }
  parts.push(Buffer.from(text.slice(start)));
  return Buffer.concat(parts);
}

/** The escape form of output: printable ASCII as it is, a backslash doubled, all else \ooo. */
export function encodeEscape(value: Buffer): string {
  let text = '';
  for (const byte of value) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte < 0x20 || byte > 0x7e) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}
