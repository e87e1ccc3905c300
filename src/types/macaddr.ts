// macaddr (6 bytes) and macaddr8 (8 bytes, EUI-64): manual, section 8.9.4. Values are Buffers.
import { pgError, SqlState } from '../errors/pg-error.js';
import { invalidSyntax, isSpace } from './input-error.js';
import { defineType } from './type-behaviour.js';

defineMac('macaddr', 6, parseMac);
defineMac('macaddr8', 8, parseMac8);

function defineMac(name: string, length: number, parse: (text: string) => Buffer): void {
  defineType<Buffer>({
    symbol: `${name}_in`,
    storage: 'varlen',
    input: (text) => parse(text),
    output: (value) => value.toString('hex').replace(/..(?!$)/g, '$&:'),
    receive: (reader) => {
      const bytes = Buffer.from(reader.take(length === 8 && reader.remaining === 6 ? 6 : length));
      return bytes.length === length ? bytes : widened(bytes);
    },
    send: (value, _type, writer) => void writer.append(value),
    store: (value, _type, writer) => void writer.append(value),
    load: (reader) => Buffer.from(reader.take(reader.remaining)),
    compare: (left, right) => Buffer.compare(left, right),
    hashKey: (value) => value.toString('latin1'),
    sortKey: (value, _type, writer) => void writer.append(value),
  });
}

/** The 8-byte form of a 6-byte address: FF and FE in its middle. */
export function widened(address: Buffer): Buffer {
  return Buffer.concat([address.subarray(0, 3), Buffer.from([0xff, 0xfe]), address.subarray(3)]);
}

const octet = '\\s*(?:0[xX])?([0-9a-fA-F]+)';
const pair = '\\s*([0-9a-fA-F]{1,2})';
const forms = [
  new Array(6).fill(octet).join(':'),
  new Array(6).fill(octet).join('-'),
  `${pair.repeat(3)}:${pair.repeat(3)}`,
  `${pair.repeat(3)}-${pair.repeat(3)}`,
  new Array(3).fill(pair.repeat(2)).join('\\.'),
  new Array(3).fill(pair.repeat(2)).join('-'),
  pair.repeat(6),
].map((form) => new RegExp(`^${form}\\s*$`));

function parseMac(text: string): Buffer {
  for (const form of forms) {
    const match = form.exec(text);
    if (match === null) continue;
    const octets = match.slice(1).map((digits) => Number.parseInt(digits, 16));
    if (octets.some((value) => value > 255)) {
      throw pgError(SqlState.numericValueOutOfRange, `invalid octet value in "macaddr" value: "${text}"`);
    }
    return Buffer.from(octets);
  }
  throw invalidSyntax('macaddr', text);
}

/** Pairs of hex digits, each but the last followed by nothing or by one and the same separator. */
function parseMac8(text: string): Buffer {
  const octets: number[] = [];
  let separator = '';
  let at = 0;
  while (isSpace(text[at])) at++;
  while (at + 1 < text.length) {
    const digits = text.slice(at, at + 2);
    if (!/^[0-9a-fA-F]{2}$/.test(digits) || octets.length === 8) throw invalidSyntax('macaddr8', text);
    octets.push(Number.parseInt(digits, 16));
    at += 2;
    const next = text[at] ?? '';
    if (next !== '' && ':-.'.includes(next)) {
      if (separator === '') separator = next;
      else if (separator !== next) throw invalidSyntax('macaddr8', text);
      at++;
    }
    if (octets.length === 6 || octets.length === 8) {
      const start = at;
      while (isSpace(text[at])) at++;
      if (at > start && at < text.length) throw invalidSyntax('macaddr8', text);
    }
  }
  if (octets.length === 6 && at >= text.length) return widened(Buffer.from(octets));
  if (octets.length !== 8 || at < text.length) throw invalidSyntax('macaddr8', text);
  return Buffer.from(octets);
}
