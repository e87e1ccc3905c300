// Composite values and anonymous records: text form with quoting (manual, section 8.16), binary form with a type per
// column. Order: column by column, nulls last. Stored form: column count, then per column its type, modifier, a null flag
// and the value; so that anonymous records carry their own description, and named ones outlive changes of their type.
import { escapeCharacters } from './escape.js';
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { loadEmbedded, storeEmbedded } from './embedded-value.js';
import { invalidBinary, isSpace } from './input-error.js';
import type { IoContext } from './io-context.js';
import { compareParts, partHashKey, partSortKey } from './part-order.js';
import { defineType, type CompareContext, type TypeLookup } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import { PgRecord, type RecordField, type Value } from './value.js';

defineType<PgRecord>({
  symbol: 'record_in',
  storage: 'varlen',
  input: parseRecord,
  output: formatRecord,
  receive: receiveRecord,
  send: sendRecord,
  store: storeRecord,
  load: loadRecord,
  compare: (left, right, _type, io) => compareRecords(left, right, io),
  hashKey: (value, _type, io) =>
    value.values.map((part, at) => partHashKey(part, io.typeByOid(fieldOf(value, at).type), io)).join(''),
  sortKey: (value, _type, writer, io) => {
    value.values.forEach((part, at) => {
      partSortKey(part, io.typeByOid(fieldOf(value, at).type), writer, io);
    });
    writer.uint8(0);
  },
});

/** B-tree order of two rows. Throws 42804 where their column types or counts differ. */
export function compareRecords(left: PgRecord, right: PgRecord, io: CompareContext): number {
  const count = Math.max(left.values.length, right.values.length);
  for (let index = 0; index < count; index++) {
    if (index >= left.values.length || index >= right.values.length) break;
    const type = sameColumnType(left, right, index, io);
    const a = left.values[index] as Value;
    const b = right.values[index] as Value;
    if (a === null || b === null) {
      if (a === b) continue;
      return a === null ? 1 : -1;
    }
    const order = compareParts(a, b, type, io);
    if (order !== 0) return order;
  }
  checkColumnCounts(left, right);
  return 0;
}

/** The type of a column that two rows share; 42804 where they differ. */
export function sameColumnType(left: PgRecord, right: PgRecord, index: number, io: CompareContext): TypeDescriptor {
  const leftType = fieldOf(left, index).type;
  const rightType = fieldOf(right, index).type;
  if (leftType !== rightType) {
    const names = io as Partial<IoContext>;
    const name = (oid: number) => names.names?.toText('regtype', oid) ?? io.typeByOid(oid).name;
    throw pgError(
      SqlState.datatypeMismatch,
      `cannot compare dissimilar column types ${name(leftType)} and ${name(rightType)} at record column ${index + 1}`,
    );
  }
  return io.typeByOid(leftType);
}

/** 42804 where two rows differ in their number of columns. */
export function checkColumnCounts(left: PgRecord, right: PgRecord): void {
  if (left.values.length === right.values.length) return;
  throw pgError(SqlState.datatypeMismatch, 'cannot compare record types with different numbers of columns');
}

/** Description of a row's column. */
export function fieldOf(record: PgRecord, index: number): RecordField {
  return record.fields[index] ?? { name: `f${index + 1}`, type: 25, typmod: -1 };
}

const anonymousRecord = 2249;

function parseRecord(text: string, type: TypeDescriptor, _typmod: number, io: IoContext): PgRecord {
  if (type.oid === anonymousRecord) {
    throw pgError(SqlState.featureNotSupported, 'input of anonymous composite types is not implemented');
  }
  const values = readColumns(text, type.attributes.length, (part, at) => {
    const attribute = type.attributes[at] as (typeof type.attributes)[number];
    const column = io.typeByOid(attribute.type);
    if (part !== null) return column.behaviour.input(part, column, attribute.typmod, io);
    if (column.kind === 'd') io.checkDomain?.(null, column);
    return null;
  });
  return new PgRecord(type.oid, values, type.attributes);
}

/** Columns of a record literal, each read from its text as it is met (null where it is empty); throws 22P02. */
function readColumns(text: string, columnCount: number, read: (text: string | null, column: number) => Value): Value[] {
  let position = 0;
  const skipSpace = () => {
    while (isSpace(text[position])) position++;
  };
  const columns: Value[] = [];
  skipSpace();
  if (text[position++] !== '(') throw malformed(text, 'Missing left parenthesis.');
  for (let index = 0; index < columnCount; index++) {
    if (index > 0) {
      if (text[position] !== ',') throw malformed(text, 'Too few columns.');
      position++;
    }
    const [column, next] = recordColumn(text, position);
    columns.push(read(column, index));
    position = next;
  }
  if (text[position] !== ')') throw malformed(text, 'Too many columns.');
  position++;
  skipSpace();
  if (position < text.length) throw malformed(text, 'Junk after right parenthesis.');
  return columns;
}

function recordColumn(text: string, start: number): [string | null, number] {
  if (text[start] === ',' || text[start] === ')') return [null, start];
  let value = '';
  let quoted = false;
  let position = start;
  for (; quoted || (text[position] !== ',' && text[position] !== ')'); position++) {
    const char = text[position];
    if (char === undefined) throw malformed(text, 'Unexpected end of input.');
    if (char === '\\') {
      const next = text[++position];
      if (next === undefined) throw malformed(text, 'Unexpected end of input.');
      value += next;
    } else if (char === '"') {
      if (!quoted) quoted = true;
      else if (text[position + 1] === '"') value += text[position++];
      else quoted = false;
    } else {
      value += char;
    }
  }
  return [value, position];
}

function malformed(text: string, detail: string): Error {
  return pgError(SqlState.invalidTextRepresentation, `malformed record literal: "${text}"`, { detail });
}

function formatRecord(value: PgRecord, _type: TypeDescriptor, io: IoContext): string {
  const parts = value.values.map((part, at) => {
    if (part === null) return '';
    const type = io.typeByOid(fieldOf(value, at).type);
    return quoteColumn(type.behaviour.output(part, type, io));
  });
  return `(${parts.join(',')})`;
}

function quoteColumn(text: string): string {
  return text === '' || /["\\(), \t\n\r\f\v]/.test(text) ? `"${escapeCharacters(text, /["\\]/g, twice)}"` : text;
}

function twice(character: string): string {
  return character + character;
}

function sendRecord(value: PgRecord, _type: TypeDescriptor, writer: ByteWriter, io: IoContext): void {
  writer.int32(value.values.length);
  value.values.forEach((part, at) => {
    const type = io.typeByOid(fieldOf(value, at).type);
    writer.uint32(type.oid);
    if (part === null) {
      writer.int32(-1);
      return;
    }
    const start = writer.length;
    writer.int32(0);
    type.behaviour.send(part, type, writer, io);
    writer.patchInt32(start, writer.length - start - 4);
  });
}

function receiveRecord(reader: ByteReader, type: TypeDescriptor, _typmod: number, io: IoContext): PgRecord {
  if (type.oid === anonymousRecord) {
    throw pgError(SqlState.featureNotSupported, 'input of anonymous composite types is not implemented');
  }
  const count = reader.int32();
  if (count !== type.attributes.length) {
    throw pgError(SqlState.datatypeMismatch, `wrong number of columns: ${count}, expected ${type.attributes.length}`);
  }
  const values = type.attributes.map((attribute, at) => {
    const sent = reader.uint32();
    if (sent !== attribute.type) {
      const name = (oid: number) => io.names.toText('regtype', oid);
      throw pgError(
        SqlState.datatypeMismatch,
        `binary data has type ${sent} (${name(sent)}) instead of expected ${attribute.type} (${name(attribute.type)}) in record column ${at + 1}`,
      );
    }
    const length = reader.int32();
    const column = io.typeByOid(attribute.type);
    if (length === -1) {
      if (column.kind === 'd') io.checkDomain?.(null, column);
      return null;
    }
    const part = reader.sub(length);
    const value = column.behaviour.receive(part, column, attribute.typmod, io);
    if (part.remaining !== 0) throw invalidBinary(`improper binary format in record column ${at + 1}`);
    return value;
  });
  return new PgRecord(type.oid, values, type.attributes);
}

function storeRecord(value: PgRecord, _type: TypeDescriptor, writer: ByteWriter, io: TypeLookup): void {
  const { attributes } = io.typeByOid(value.type);
  const isNamed = attributes.length > 0 && attributes.length === value.values.length;
  writer.uint32(value.type);
  writer.uint16(isNamed ? (attributes.at(-1)?.number ?? 0) : value.values.length);
  let column = 0;
  value.values.forEach((part, at) => {
    // Dropped attributes keep their places, so that those behind them stay at their numbers.
    if (isNamed) for (; column < (attributes[at]?.number ?? 0) - 1; column++) storeDropped(writer);
    column++;
    const field = fieldOf(value, at);
    writer.uint32(field.type);
    writer.int32(field.typmod);
    writer.uint8(part === null ? 0 : 1);
    if (part !== null) storeEmbedded(part, io.typeByOid(field.type), writer, io);
  });
}

function storeDropped(writer: ByteWriter): void {
  writer.uint32(0);
  writer.int32(-1);
  writer.uint8(0);
}

/** Columns of a named type go by their attributes' numbers: the type may have gained and lost some since. */
function loadRecord(reader: ByteReader, _type: TypeDescriptor, io: TypeLookup): PgRecord {
  const oid = reader.uint32();
  const count = reader.uint16();
  const values: Value[] = [];
  const fields: RecordField[] = [];
  for (let index = 0; index < count; index++) {
    const type = reader.uint32();
    fields.push({ name: `f${index + 1}`, type, typmod: reader.int32() });
    values.push(reader.uint8() === 0 ? null : loadEmbedded(io.typeByOid(type), reader, io));
  }
  const { attributes } = io.typeByOid(oid);
  if (attributes.length === 0) return new PgRecord(oid, values, fields);
  return new PgRecord(
    oid,
    attributes.map(({ number }) => values[number - 1] ?? null),
    attributes,
  );
}
