// Rows from JSON objects: json(b)_populate_record(set), json(b)_to_record(set). A field's JSON value becomes the column's
// SQL value by the column's type: scalars through their text form, arrays from JSON arrays, rows from JSON objects.
import { PgError, pgError, SqlState } from '../../errors/pg-error.js';
import type { IoContext } from '../../types/io-context.js';
import { parseJsonb } from '../../types/json-parser.js';
import { Jsonb } from '../../types/jsonb.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { PgArray, PgRecord, type RecordField, type Value } from '../../types/value.js';
import { storageType } from '../../types/domain.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { invalid } from './access.js';
import { type JsonView, viewOf } from './view.js';

type Document = string | Jsonb;

/** Where in the document a value stands, for the hints of array errors. */
interface Place {
  readonly key: string | null;
}

for (const prefix of ['json', 'jsonb'] as const) {
  fn(`${prefix}_populate_record`, {
    impl: (...args: unknown[]) => {
      const info = args[args.length - 1] as CallInfo;
      return populateRecord(`${prefix}_populate_record`, args[0] as Value, args[1] as Document | null, info);
    },
  });
  fn(`${prefix}_to_record`, {
    impl: (document: Document, info: CallInfo) => toRecord(`${prefix}_to_record`, document, info),
  });
  tableFn(`${prefix}_populate_recordset`, {
    rows: (...args: unknown[]) => {
      const info = args[args.length - 1] as CallInfo;
      return populateSet(`${prefix}_populate_recordset`, args[0] as Value, args[1] as Document | null, info);
    },
  });
  tableFn(`${prefix}_to_recordset`, {
    rows: (document: Document | null, info: CallInfo) => {
      const fields = definedFields(`${prefix}_to_recordset`, null, null, info);
      return document === null ? [] : rowsOf(`${prefix}_to_recordset`, document, null, fields, info);
    },
  });
}

fn('jsonb_populate_record_valid', {
  impl: (base: Value, document: Jsonb | null, info: CallInfo) => {
    if (document === null) return null;
    const type = info.argTypes[0] ?? info.resultType;
    try {
      populateRecord('jsonb_populate_record', base, document, { ...info, argTypes: [type], resultType: type });
      return true;
    } catch (error) {
      if (error instanceof PgError && isInputError(error)) return false;
      throw error;
    }
  },
});

// What PostgreSQL reports softly: bad data and violated constraints, not a wrong call.
function isInputError(error: PgError): boolean {
  return (error.code.startsWith('22') && error.code !== SqlState.invalidParameterValue) || error.code.startsWith('23');
}

interface RowShape {
  /** The composite type's oid, or 2249. */
  readonly type: number;
  readonly fields: readonly RecordField[];
  /** A domain over the composite type whose constraints the row must meet. */
  readonly domain: TypeDescriptor | null;
}

function populateRecord(name: string, base: Value, document: Document | null, info: CallInfo): Value {
  const declared = info.argTypes[0] ?? info.resultType;
  const shape = definedFields(name, declared, base, info);
  if (document === null) return base;
  const row = recordFrom(viewOf(document), shape, base instanceof PgRecord ? base : null, info.io);
  if (shape.domain !== null) info.io.checkDomain?.(row, shape.domain);
  return row;
}

function toRecord(name: string, document: Document, info: CallInfo): Value {
  const shape = definedFields(name, null, null, info);
  return recordFrom(viewOf(document), shape, null, info.io);
}

function* populateSet(name: string, base: Value, document: Document | null, info: CallInfo): Iterable<Value> {
  const shape = definedFields(name, info.argTypes[0] ?? info.resultType, base, info);
  if (document !== null) yield* rowsOf(name, document, base instanceof PgRecord ? base : null, shape, info);
}

/** The row to fill: from the declared row type, the base row, or the call's column definition list. */
function definedFields(name: string, declared: TypeDescriptor | null, base: Value, info: CallInfo): RowShape {
  if (declared !== null) {
    const type = storageType(declared, info.io);
    if (type.kind === 'c') {
      return { type: type.oid, fields: type.attributes, domain: declared.kind === 'd' ? declared : null };
    }
    if (type.oid !== anonymousRecord) {
      throw pgError(SqlState.datatypeMismatch, `first argument of ${name} must be a row type`);
    }
    if (base instanceof PgRecord) return { type: base.type, fields: base.fields, domain: null };
  }
  if (info.columns !== undefined && info.columns !== null) {
    return { type: anonymousRecord, fields: info.columns, domain: null };
  }
  throw pgError(SqlState.featureNotSupported, `could not determine row type for result of ${name}`, {
    hint: 'Provide a non-null record argument, or call the function in the FROM clause using a column definition list.',
  });
}

const anonymousRecord = 2249;

function* rowsOf(
  name: string,
  document: Document,
  base: PgRecord | null,
  shape: RowShape,
  info: CallInfo,
): Iterable<Value> {
  const view = viewOf(document);
  if (view.kind !== 'array') {
    if (document instanceof Jsonb) throw invalid(`cannot call ${name} on a non-array`);
    throw invalid(`cannot call ${name} on ${view.kind === 'object' ? 'an object' : 'a scalar'}`);
  }
  for (const element of view.elements) {
    if (element.kind !== 'object') throw invalid(`argument of ${name} must be an array of objects`);
    const row = recordFrom(element, shape, base, info.io);
    if (shape.domain !== null) info.io.checkDomain?.(row, shape.domain);
    yield row;
  }
}

function recordFrom(view: JsonView, shape: RowShape, base: PgRecord | null, io: IoContext): PgRecord {
  if (view.kind !== 'object') {
    throw invalid(`cannot call populate_composite on ${view.kind === 'array' ? 'an array' : 'a scalar'}`);
  }
  // An empty object leaves the base row as it is.
  if (base !== null && view.members.length === 0) return base;
  const values = shape.fields.map((field, at) => {
    const member = view.member(field.name);
    const type = io.typeByOid(field.type);
    if (member === undefined) {
      if (base !== null) return base.values[at] ?? null;
      return columnFrom(null, type, field.typmod, { key: field.name }, io, null);
    }
    return columnFrom(member, type, field.typmod, { key: field.name }, io, base?.values[at] ?? null);
  });
  return new PgRecord(shape.type, values, shape.fields);
}

function columnFrom(
  view: JsonView | null,
  type: TypeDescriptor,
  typmod: number,
  place: Place,
  io: IoContext,
  base: Value,
): Value {
  if (type.kind === 'd') {
    const value = columnFrom(view, io.typeByOid(type.baseType), type.typmod, place, io, base);
    io.checkDomain?.(value, type);
    return value;
  }
  if (view === null || view.kind === 'null') return null;
  if (type.kind === 'c' && view.kind !== 'string') {
    const shape = { type: type.oid, fields: type.attributes, domain: null };
    return recordFrom(view, shape, base instanceof PgRecord ? base : null, io);
  }
  if (isArrayType(type) && view.kind !== 'string') return arrayFrom(view, type, typmod, place, io);
  return scalarFrom(view, type, typmod, io);
}

function isArrayType(type: TypeDescriptor): boolean {
  return type.behaviour.symbol === 'array_in' && type.element !== 0;
}

function scalarFrom(view: JsonView, type: TypeDescriptor, typmod: number, io: IoContext): Value {
  if (type.oid === 3802) return view.value instanceof Jsonb ? view.value : new Jsonb(parseJsonb(view.json));
  if (type.oid === 114) return view.json;
  return type.behaviour.input(view.text ?? '', type, typmod, io);
}

function arrayFrom(view: JsonView, type: TypeDescriptor, typmod: number, place: Place, io: IoContext): Value {
  const element = io.typeByOid(type.element);
  if (view.kind !== 'array') throw expectedArray(place, []);
  const builder = new ArrayBuilder(element, typmod, place, io);
  builder.level(view, []);
  const dimensions = builder.dimensions;
  if (builder.elements.length === 0) return new PgArray(element.oid, [], [], []);
  return new PgArray(
    element.oid,
    dimensions,
    dimensions.map(() => 1),
    builder.elements,
  );
}

class ArrayBuilder {
  readonly elements: Value[] = [];
  readonly dimensions: number[] = [];
  /** Number of dimensions, known once the first element that is no array was met. */
  private depth: number | null = null;

  constructor(
    private readonly element: TypeDescriptor,
    private readonly typmod: number,
    private readonly place: Place,
    private readonly io: IoContext,
  ) {}

  level(view: JsonView, path: readonly number[]): void {
    const level = path.length + 1;
    view.elements.forEach((part, at) => {
      const isLeaf = this.depth !== null ? level === this.depth : part.kind !== 'array' || isArrayType(this.element);
      if (this.depth === null && isLeaf) this.depth = level;
      if (isLeaf) this.leaf(part, [...path, at]);
      else if (part.kind === 'array') this.level(part, [...path, at]);
      else throw expectedArray(this.place, [...path, at]);
    });
    if (this.depth === null) this.depth = level;
    const length = this.dimensions[level - 1];
    if (length === undefined) this.dimensions[level - 1] = view.elements.length;
    else if (length !== view.elements.length) {
      throw pgError(SqlState.invalidTextRepresentation, 'malformed JSON array', {
        detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.',
      });
    }
  }

  private leaf(part: JsonView, _path: readonly number[]): void {
    this.elements.push(columnFrom(part, this.element, this.typmod, { key: null }, this.io, null));
  }
}

function expectedArray(place: Place, path: readonly number[]): Error {
  const subscripts = path.map((index) => `[${index}]`).join('');
  const target =
    path.length === 0
      ? place.key === null
        ? undefined
        : `See the value of key "${place.key}".`
      : place.key === null
        ? `See the array element ${subscripts}.`
        : `See the array element ${subscripts} of key "${place.key}".`;
  return pgError(SqlState.invalidTextRepresentation, 'expected JSON array', { hint: target });
}
