// Identifiers of the system: oid, xid, cid (32 bits, unsigned), xid8 (64 bits), tid (block and offset) and pg_lsn.
import { invalidSyntax, valueOutOfRange } from './input-error.js';
import { defineType } from './type-behaviour.js';
import type { Tid } from './value.js';

for (const name of ['oid', 'xid', 'cid']) {
  defineType<number>({
    symbol: `${name}in`,
    storage: 'uint4',
    input: (text) => parseUnsigned32(text, name),
    output: String,
    receive: (reader) => reader.uint32(),
    send: (value, _type, writer) => writer.uint32(value),
    ...(name === 'oid' && {
      compare: (left, right) => left - right,
      sortKey: (value, _type, writer) => writer.uint32(value),
    }),
    hashKey: (value) => value,
  });
}

defineType<bigint>({
  symbol: 'xid8in',
  storage: 'varlen',
  store: (value, _type, writer) => writer.uint64(value),
  load: (reader) => reader.uint64(),
  input: (text) => parseUnsigned64(text, 'xid8'),
  output: (value) => value.toString(),
  receive: (reader) => reader.uint64(),
  send: (value, _type, writer) => writer.uint64(value),
  compare: (left, right) => (left < right ? -1 : left > right ? 1 : 0),
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => writer.uint64(value),
});

defineType<Tid>({
  symbol: 'tidin',
  storage: 'varlen',
  input: (text) => parseTid(text),
  output: (value) => `(${value.block},${value.offset})`,
  receive: (reader) => ({ block: reader.uint32(), offset: reader.uint16() }),
  send: (value, _type, writer) => {
    writer.uint32(value.block);
    writer.uint16(value.offset);
  },
  store: (value, _type, writer) => {
    writer.uint32(value.block);
    writer.uint16(value.offset);
  },
  load: (reader) => ({ block: reader.uint32(), offset: reader.uint16() }),
  compare: compareTids,
  hashKey: (value) => value.block * 65536 + value.offset,
  sortKey: (value, _type, writer) => {
    writer.uint32(value.block);
    writer.uint16(value.offset);
  },
});

defineType<bigint>({
  symbol: 'pg_lsn_in',
  storage: 'varlen',
  store: (value, _type, writer) => writer.uint64(value),
  load: (reader) => reader.uint64(),
  input: (text) => parseLsn(text),
  output: (value) => formatLsn(value),
  receive: (reader) => reader.uint64(),
  send: (value, _type, writer) => writer.uint64(value),
  compare: (left, right) => (left < right ? -1 : left > right ? 1 : 0),
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => writer.uint64(value),
});

/** Order of row identifiers: block, then offset. */
export function compareTids(left: Tid, right: Tid): number {
  return left.block - right.block || left.offset - right.offset;
}

/** Log positions print as two hexadecimal halves. */
export function formatLsn(value: bigint): string {
  return `${(value >> 32n).toString(16)}/${(value & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Reads an unsigned 32-bit number as C's strtoul does (octal and hexadecimal too); negatives wrap around. */
export function parseUnsigned32(text: string, typeName: string): number {
  if (/^\d{1,9}$/.test(text) && (text.length === 1 || text[0] !== '0')) return Number(text);
  const value = parseUnsigned(text, typeName);
  if (value > 0xffffffffn || value < -0x80000000n) throw valueOutOfRange(typeName, text);
  return Number(BigInt.asUintN(32, value));
}

/** Reads an unsigned 64-bit number; negatives wrap around. */
export function parseUnsigned64(text: string, typeName: string): bigint {
  const value = parseUnsigned(text, typeName);
  if (value > 0xffffffffffffffffn || value < -0xffffffffffffffffn) throw valueOutOfRange(typeName, text);
  return BigInt.asUintN(64, value);
}

function parseUnsigned(text: string, typeName: string): bigint {
  const match = /^[ \t\n\r\f\v]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)[ \t\n\r\f\v]*$/.exec(text);
  if (match === null) {
    // C's strtoul finds an overflow before anyone looks at what follows the digits.
    const digits = /^[ \t\n\r\f\v]*[+-]?([1-9]\d{19,})/.exec(text)?.[1];
    if (digits !== undefined && BigInt(digits) > 0xffffffffffffffffn) throw valueOutOfRange(typeName, text);
    throw invalidSyntax(typeName, text);
  }
  const digits = match[2] as string;
  const octal = digits.length > 1 && /^0[0-7]/.test(digits);
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  return match[1] === '-' ? -magnitude : magnitude;
}

// What stands before the parenthesis does not matter, and either number may be left out.
function parseTid(text: string): Tid {
  const match = /^[^(,)]*[(,][ \t\n\r\f\v]*([+-]?\d*),[ \t\n\r\f\v]*([+-]?\d*)\)/.exec(text);
  if (match === null) throw invalidSyntax('tid', text);
  const block = Number(match[1]);
  const offset = Number(match[2]);
  if (!(block <= 0xffffffff && block >= -0x80000000 && offset <= 65535 && offset >= 0))
    throw invalidSyntax('tid', text);
  return { block: block >>> 0, offset };
}

function parseLsn(text: string): bigint {
  const match = /^([0-9a-fA-F]{1,8})\/([0-9a-fA-F]{1,8})$/.exec(text);
  if (match === null) throw invalidSyntax('pg_lsn', text);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** The oids of an oidvector: unsigned numbers as C reads them, each as long as its digits go. */
export function parseOidVector(text: string): number[] {
  const oids: number[] = [];
  const number = /[ \t\n\r\f\v]*([+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*))?/y;
  while (number.lastIndex < text.length) {
    const start = number.lastIndex;
    const match = number.exec(text);
    if (match?.[1] !== undefined) oids.push(parseUnsigned32(match[1], 'oid'));
    else if (/[^ \t\n\r\f\v]/.test(text.slice(start)))
      throw invalidSyntax('oid', text.slice(start).replace(/^[ \t\n\r\f\v]+/, ''));
    else break;
  }
  return oids;
}
