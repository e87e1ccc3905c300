// Range and multirange types: text, binary and stored form, order and keys. All types of a kind share their functions; what
// tells them apart is the subtype in pg_range.
// Stored range: a byte of flags as in the binary form, then the bounds that are there, as embedded values.
import type { ByteReader, ByteWriter } from '../../base/bytes.js';
import { loadEmbedded, storeEmbedded } from '../embedded-value.js';
import { invalidBinary } from '../input-error.js';
import { defined } from '../../errors/unreachable.js';
import type { IoContext } from '../io-context.js';
import { partHashKey, partSortKey } from '../part-order.js';
import { type CompareContext, defineType, type TypeLookup } from '../type-behaviour.js';
import type { TypeDescriptor } from '../type-descriptor.js';
import type { Value } from '../value.js';
import {
  compareMultiranges,
  compareRanges,
  emptyRange,
  makeMultirange,
  makeRange,
  PgMultirange,
  PgRange,
  type RangeSpace,
  rangeSpace,
} from './range.js';
import { formatRangeLiteral, parseMultirangeLiteral, parseRangeLiteral } from './range-text.js';

const flag = { empty: 1, lowerInclusive: 2, upperInclusive: 4, lowerInfinite: 8, upperInfinite: 16 } as const;

defineType<PgRange>({
  symbol: 'range_in',
  storage: 'varlen',
  input: (text, type, typmod, io) => parseRange(text, type, typmod, io),
  output: (value, type, io) => formatRange(value, type, io),
  receive: receiveRange,
  send: sendRange,
  store: (value, type, writer, io) => storeRange(value, subtypeOf(type, io), writer, io),
  load: (reader, type, io) => loadRange(reader, type, subtypeOf(type, io), io),
  compare: (left, right, type, io) => compareRanges(rangeSpace(type, io), left, right),
  hashKey: (value, type, io) => rangeHashKey(value, rangeSpace(type, io)),
  sortKey: (value, type, writer, io) => rangeSortKey(value, rangeSpace(type, io), writer),
});

defineType<PgMultirange>({
  symbol: 'multirange_in',
  storage: 'varlen',
  input(text, type, typmod, io) {
    const rangeType = rangeTypeOf(type, io);
    const ranges = parseMultirangeLiteral(text, (part) => parseRange(part, rangeType, typmod, io));
    return makeMultirange(rangeSpace(type, io), ranges);
  },
  output(value, type, io) {
    const rangeType = rangeTypeOf(type, io);
    return `{${value.ranges.map((range) => formatRange(range, rangeType, io)).join(',')}}`;
  },
  receive(reader, type, typmod, io) {
    const rangeType = rangeTypeOf(type, io);
    const ranges: PgRange[] = [];
    for (let count = reader.uint32(); count > 0; count--)
      ranges.push(receiveRange(reader.sub(reader.int32()), rangeType, typmod, io));
    return makeMultirange(rangeSpace(type, io), ranges);
  },
  send(value, type, writer, io) {
    const rangeType = rangeTypeOf(type, io);
    writer.uint32(value.ranges.length);
    for (const range of value.ranges) framed(writer, () => sendRange(range, rangeType, writer, io));
  },
  store(value, type, writer, io) {
    writer.uint32(value.ranges.length);
    for (const range of value.ranges) storeRange(range, subtypeOf(type, io), writer, io);
  },
  load(reader, type, io) {
    const [rangeType, subtype] = [rangeTypeOf(type, io), subtypeOf(type, io)];
    const ranges: PgRange[] = [];
    for (let count = reader.uint32(); count > 0; count--) ranges.push(loadRange(reader, rangeType, subtype, io));
    return new PgMultirange(type.oid, ranges);
  },
  compare: (left, right, type, io) => compareMultiranges(rangeSpace(type, io), left, right),
  hashKey(value, type, io) {
    const space = rangeSpace(type, io);
    return value.ranges.map((range) => rangeHashKey(range, space)).join(' ');
  },
  sortKey(value, type, writer, io) {
    const space = rangeSpace(type, io);
    for (const range of value.ranges) {
      writer.uint8(1);
      rangeSortKey(range, space, writer);
    }
    writer.uint8(0);
  },
});

function subtypeOf(type: TypeDescriptor, io: TypeLookup): TypeDescriptor {
  return io.typeByOid(defined(type.range, `pg_range's row of ${type.name}`).subtype);
}

function rangeTypeOf(type: TypeDescriptor, io: TypeLookup): TypeDescriptor {
  return io.typeByOid(defined(type.range, `pg_range's row of ${type.name}`).rangeType);
}

function parseRange(text: string, type: TypeDescriptor, typmod: number, io: IoContext): PgRange {
  const space = rangeSpace(type, io);
  const literal = parseRangeLiteral(text);
  if (literal.isEmpty) return emptyRange(space);
  const { subtype } = space;
  const value = (bound: string | null) => (bound === null ? null : subtype.behaviour.input(bound, subtype, typmod, io));
  const [lower, upper] = [value(literal.lower), value(literal.upper)];
  return makeRange(
    space,
    { value: lower, isInclusive: literal.lowerInclusive, isLower: true },
    { value: upper, isInclusive: literal.upperInclusive, isLower: false },
  );
}

function formatRange(range: PgRange, type: TypeDescriptor, io: IoContext): string {
  const subtype = subtypeOf(type, io);
  const text = (value: Value) => (value === null ? null : subtype.behaviour.output(value, subtype, io));
  return formatRangeLiteral({ ...range, lower: text(range.lower), upper: text(range.upper) });
}

function flagsOf(range: PgRange): number {
  if (range.isEmpty) return flag.empty;
  return (
    (range.lowerInclusive ? flag.lowerInclusive : 0) |
    (range.upperInclusive ? flag.upperInclusive : 0) |
    (range.lower === null ? flag.lowerInfinite : 0) |
    (range.upper === null ? flag.upperInfinite : 0)
  );
}

function receiveRange(reader: ByteReader, type: TypeDescriptor, typmod: number, io: IoContext): PgRange {
  const space = rangeSpace(type, io);
  const flags = reader.uint8() & 31;
  const { subtype } = space;
  const bound = (infinite: number): Value =>
    (flags & (flag.empty | infinite)) !== 0
      ? null
      : subtype.behaviour.receive(reader.sub(reader.int32()), subtype, typmod, io);
  const [lower, upper] = [bound(flag.lowerInfinite), bound(flag.upperInfinite)];
  if (reader.remaining > 0) throw invalidBinary('improper binary format in range');
  if ((flags & flag.empty) !== 0) return emptyRange(space);
  return makeRange(
    space,
    { value: lower, isInclusive: (flags & flag.lowerInclusive) !== 0, isLower: true },
    { value: upper, isInclusive: (flags & flag.upperInclusive) !== 0, isLower: false },
  );
}

function sendRange(range: PgRange, type: TypeDescriptor, writer: ByteWriter, io: IoContext): void {
  const subtype = subtypeOf(type, io);
  writer.uint8(flagsOf(range));
  for (const value of [range.lower, range.upper])
    if (value !== null) framed(writer, () => subtype.behaviour.send(value, subtype, writer, io));
}

/** Writes something behind its length. */
function framed(writer: ByteWriter, write: () => void): void {
  const start = writer.length;
  writer.int32(0);
  write();
  writer.patchInt32(start, writer.length - start - 4);
}

function storeRange(range: PgRange, subtype: TypeDescriptor, writer: ByteWriter, io: TypeLookup): void {
  writer.uint8(flagsOf(range));
  for (const value of [range.lower, range.upper]) if (value !== null) storeEmbedded(value, subtype, writer, io);
}

function loadRange(reader: ByteReader, type: TypeDescriptor, subtype: TypeDescriptor, io: TypeLookup): PgRange {
  const flags = reader.uint8();
  const isEmpty = (flags & flag.empty) !== 0;
  const bound = (infinite: number): Value =>
    isEmpty || (flags & infinite) !== 0 ? null : loadEmbedded(subtype, reader, io);
  const [lower, upper] = [bound(flag.lowerInfinite), bound(flag.upperInfinite)];
  const has = (bit: number) => (flags & bit) !== 0;
  return new PgRange(type.oid, lower, upper, has(flag.lowerInclusive), has(flag.upperInclusive), isEmpty);
}

function rangeHashKey(range: PgRange, { subtype, io }: RangeSpace): string {
  return `${flagsOf(range)}${partHashKey(range.lower, subtype, io)}${partHashKey(range.upper, subtype, io)}`;
}

function rangeSortKey(range: PgRange, space: RangeSpace, writer: ByteWriter): void {
  writer.uint8(range.isEmpty ? 0 : 1);
  if (range.isEmpty) return;
  boundSortKey(range.lower, range.lowerInclusive ? 0 : 1, 0, space, writer);
  boundSortKey(range.upper, range.upperInclusive ? 1 : 0, 2, space, writer);
}

/** Infinite bounds come before (0) or behind (2) all others; of equal values the tighter side decides. */
function boundSortKey(
  value: Value,
  side: number,
  infinite: number,
  { subtype, io }: RangeSpace,
  writer: ByteWriter,
): void {
  if (value === null) return writer.uint8(infinite);
  writer.uint8(1);
  partSortKey(value, subtype, writer, io as CompareContext);
  writer.uint8(side);
}
