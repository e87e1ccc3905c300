// Arrays of any element type, and the catalogs' int2vector and oidvector, which are arrays with lower bound 0 and a text
// form of their own. Stored form: dimension count, per dimension length and lower bound, a null flag per element where
// any is null, then the elements as embedded values.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { arrayDimensionsMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { formatArrayLiteral, parseArrayLiteral } from './array-text.js';
import { loadEmbedded, storeEmbedded } from './embedded-value.js';
import { invalidBinary, invalidSyntax } from './input-error.js';
import { cannotAccept } from './input-error.js';
import type { IoContext } from './io-context.js';
import { parseInt32 } from './integer-types.js';
import { parseOidVector } from './oid-types.js';
import { compareParts, partHashKey, partSortKey } from './part-order.js';
import { int32SortKey } from './sort-key.js';
import { defineType, type CompareContext, type TypeLookup } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import { PgArray, type Value } from './value.js';

defineType<PgArray>({
  symbol: 'array_in',
  storage: 'varlen',
  input: parseArray,
  output: formatArray,
  receive: receiveArray,
  send: sendArray,
  store: storeArray,
  load: loadArray,
  compare: (left, right, _type, io) => compareArrays(left, right, io),
  hashKey: (value, _type, io) => arrayHashKey(value, io),
  sortKey: (value, _type, writer, io) => arraySortKey(value, writer, io),
});

// Columns of the catalogs (pg_statistic, attmissingval) hold arrays of any type: the stored form says which.
defineType<PgArray>({
  symbol: 'anyarray_in',
  storage: 'varlen',
  input: () => {
    throw cannotAccept('anyarray');
  },
  output: formatArray,
  receive: () => {
    throw cannotAccept('anyarray');
  },
  send: sendArray,
  store: storeArray,
  load: loadArray,
});

for (const { name, element } of [
  { name: 'int2vector', element: 21 },
  { name: 'oidvector', element: 26 },
]) {
  const vector = (elements: readonly Value[]) => new PgArray(element, [elements.length], [0], elements);
  defineType<PgArray>({
    symbol: `${name}in`,
    storage: 'varlen',
    input: (text) => vector(element === 26 ? parseOidVector(text) : parseInt2Vector(text)),
    output(value) {
      if (value.dimensions.length === 1) return value.elements.join(' ');
      throw pgError(SqlState.datatypeMismatch, `array is not a valid ${name}`);
    },
    receive(reader, type, typmod, io) {
      const received = receiveArray(reader, type, typmod, io);
      const isVector = received.dimensions.length === 1 && received.lowerBounds[0] === 0;
      if (isVector && received.elements.length > 0 && !received.elements.includes(null)) return received;
      throw pgError(SqlState.invalidBinaryRepresentation, `invalid ${name} data`);
    },
    send: sendArray,
    store: storeArray,
    load: loadArray,
    compare: (left, right, _type, io) => compareVectors(left, right, io),
    hashKey: (value) => value.elements.join(' '),
    sortKey: (value, _type, writer) => {
      writer.uint32(value.elements.length);
      for (const part of value.elements) writer.uint32(((part as number) + (element === 21 ? 32768 : 0)) >>> 0);
    },
  });
}

/** B-tree order of arrays: by elements, then by number of elements, dimensions, their lengths and lower bounds. */
export function compareArrays(left: PgArray, right: PgArray, io: CompareContext): number {
  const type = io.typeByOid(left.elementType);
  const shared = Math.min(left.elements.length, right.elements.length);
  for (let index = 0; index < shared; index++) {
    const a = left.elements[index] as Value;
    const b = right.elements[index] as Value;
    if (a === null || b === null) {
      if (a === b) continue;
      return a === null ? 1 : -1;
    }
    const order = compareParts(a, b, type, io);
    if (order !== 0) return order;
  }
  if (left.elements.length !== right.elements.length) return left.elements.length - right.elements.length;
  if (left.dimensions.length !== right.dimensions.length) return left.dimensions.length - right.dimensions.length;
  for (let index = 0; index < left.dimensions.length; index++) {
    const order = (left.dimensions[index] as number) - (right.dimensions[index] as number);
    if (order !== 0) return order;
  }
  for (let index = 0; index < left.lowerBounds.length; index++) {
    const order = (left.lowerBounds[index] as number) - (right.lowerBounds[index] as number);
    if (order !== 0) return order;
  }
  return 0;
}

// oidvectors compare by length first, so that pg_proc's lookups by (name, arguments) are cheap.
function compareVectors(left: PgArray, right: PgArray, io: CompareContext): number {
  return left.elements.length - right.elements.length || compareArrays(left, right, io);
}

function parseArray(text: string, type: TypeDescriptor, typmod: number, io: IoContext): PgArray {
  const element = io.typeByOid(type.element);
  const { dimensions, lowerBounds, elements } = parseArrayLiteral<Value>(
    text,
    type.delimiter,
    (part) => (part === null ? checkedNull(element, io) : element.behaviour.input(part, element, typmod, io)),
    io.arrayNulls ?? true,
  );
  return new PgArray(element.oid, dimensions, lowerBounds, elements);
}

// Elements of a domain may forbid NULL.
function checkedNull(element: TypeDescriptor, io: IoContext): null {
  if (element.kind === 'd') io.checkDomain?.(null, element);
  return null;
}

function formatArray(value: PgArray, type: TypeDescriptor, io: IoContext): string {
  const element = io.typeByOid(value.elementType);
  const texts = value.elements.map((part) => (part === null ? null : element.behaviour.output(part, element, io)));
  return formatArrayLiteral(texts, value.dimensions, value.lowerBounds, type.delimiter);
}

function sendArray(value: PgArray, _type: TypeDescriptor, writer: ByteWriter, io: IoContext): void {
  const element = io.typeByOid(value.elementType);
  writer.int32(value.dimensions.length);
  writer.int32(value.elements.includes(null) ? 1 : 0);
  writer.uint32(value.elementType);
  for (let index = 0; index < value.dimensions.length; index++) {
    writer.int32(value.dimensions[index] as number);
    writer.int32(value.lowerBounds[index] as number);
  }
  for (const part of value.elements) {
    if (part === null) {
      writer.int32(-1);
      continue;
    }
    const start = writer.length;
    writer.int32(0);
    element.behaviour.send(part, element, writer, io);
    writer.patchInt32(start, writer.length - start - 4);
  }
}

function receiveArray(reader: ByteReader, type: TypeDescriptor, typmod: number, io: IoContext): PgArray {
  const dimensionCount = reader.int32();
  if (dimensionCount < 0) throw invalidBinary(`invalid number of dimensions: ${dimensionCount}`);
  if (dimensionCount > arrayDimensionsMax) {
    throw pgError(
      SqlState.programLimitExceeded,
      `number of array dimensions (${dimensionCount}) exceeds the maximum allowed (${arrayDimensionsMax})`,
    );
  }
  const flags = reader.int32();
  if (flags !== 0 && flags !== 1) throw invalidBinary('invalid array flags');
  const sent = reader.uint32();
  if (type.element !== 0 && sent !== type.element) {
    throw pgError(
      SqlState.datatypeMismatch,
      `binary data has array element type ${sent} (${typeName(sent, io)}) instead of expected ${type.element} (${typeName(type.element, io)})`,
    );
  }
  const element = io.typeByOid(sent);
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  for (let index = 0; index < dimensionCount; index++) {
    dimensions.push(reader.int32());
    lowerBounds.push(reader.int32());
  }
  const count = dimensionCount === 0 ? 0 : dimensions.reduce((size, length) => size * length, 1);
  if (count > reader.remaining / 4) throw pgError(SqlState.protocolViolation, 'insufficient data left in message');
  if (count === 0) return new PgArray(sent, [], [], []);
  const elements: Value[] = [];
  for (let index = 1; index <= count; index++) elements.push(receiveElement(reader, element, typmod, io, index));
  return new PgArray(sent, dimensions, lowerBounds, elements);
}

function receiveElement(reader: ByteReader, type: TypeDescriptor, typmod: number, io: IoContext, index: number): Value {
  const length = reader.int32();
  if (length === -1) return checkedNull(type, io);
  if (length < 0) throw pgError(SqlState.invalidBinaryRepresentation, 'insufficient data left in message');
  const part = reader.sub(length);
  const value = type.behaviour.receive(part, type, typmod, io);
  if (part.remaining !== 0) throw invalidBinary(`improper binary format in array element ${index}`);
  return value;
}

function typeName(oid: number, io: IoContext): string {
  return io.names.toText('regtype', oid);
}

function storeArray(value: PgArray, _type: TypeDescriptor, writer: ByteWriter, io: TypeLookup): void {
  const element = io.typeByOid(value.elementType);
  writer.uint8(value.dimensions.length);
  writer.uint32(value.elementType);
  for (let index = 0; index < value.dimensions.length; index++) {
    writer.int32(value.dimensions[index] as number);
    writer.int32(value.lowerBounds[index] as number);
  }
  const hasNulls = value.elements.includes(null);
  writer.uint8(hasNulls ? 1 : 0);
  for (const part of value.elements) {
    if (hasNulls) writer.uint8(part === null ? 0 : 1);
    if (part !== null) storeEmbedded(part, element, writer, io);
  }
}

function loadArray(reader: ByteReader, _type: TypeDescriptor, io: TypeLookup): PgArray {
  const dimensionCount = reader.uint8();
  const element = io.typeByOid(reader.uint32());
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let count = dimensionCount === 0 ? 0 : 1;
  for (let index = 0; index < dimensionCount; index++) {
    const length = reader.int32();
    count *= length;
    dimensions.push(length);
    lowerBounds.push(reader.int32());
  }
  const hasNulls = reader.uint8() === 1;
  const elements: Value[] = [];
  for (let index = 0; index < count; index++) {
    elements.push(hasNulls && reader.uint8() === 0 ? null : loadEmbedded(element, reader, io));
  }
  return new PgArray(element.oid, dimensions, lowerBounds, elements);
}

function arrayHashKey(value: PgArray, io: CompareContext): string {
  const type = io.typeByOid(value.elementType);
  const bounds = value.dimensions.map((length, at) => `${value.lowerBounds[at]}+${length}`);
  return `${bounds.join(',')}|${value.elements.map((part) => partHashKey(part, type, io)).join('')}`;
}

function arraySortKey(value: PgArray, writer: ByteWriter, io: CompareContext): void {
  const type = io.typeByOid(value.elementType);
  for (const part of value.elements) partSortKey(part, type, writer, io);
  writer.uint8(0);
  writer.uint8(value.dimensions.length);
  for (const length of value.dimensions) int32SortKey(length, writer);
  for (const bound of value.lowerBounds) int32SortKey(bound, writer);
}

function parseInt2Vector(text: string): number[] {
  const numbers: number[] = [];
  const space = /[ \t\n\r\f\v]*/y;
  for (;;) {
    space.exec(text);
    const rest = text.slice(space.lastIndex);
    if (rest === '') return numbers;
    const word = /^[+-]?\d+(?=[ ]|$)/.exec(rest)?.[0];
    if (word === undefined) throw invalidSyntax('smallint', rest);
    numbers.push(parseInt32(word, 'smallint', -32768, 32767));
    space.lastIndex += word.length;
  }
}
