// SQL values as JSON: as text (json) and as a tree (jsonb). What a type becomes is decided by its kind: booleans, numbers,
// dates in ISO form, json as it is, arrays, rows; anything else becomes the string of its text form.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { storageType } from '../../types/domain.js';
import type { IoContext } from '../../types/io-context.js';
import { parseJsonb } from '../../types/json-parser.js';
import { formatJsonb, quoteJson } from '../../types/json-types.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import { Numeric } from '../../types/numeric.js';
import { fieldOf } from '../../types/record.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { PgArray, PgRecord, type Value } from '../../types/value.js';

type Category = 'boolean' | 'number' | 'date' | 'json' | 'jsonb' | 'array' | 'record' | 'other';

function categoryOf(type: TypeDescriptor): Category {
  switch (type.oid) {
    case 16:
      return 'boolean';
    case 20:
    case 21:
    case 23:
    case 700:
    case 701:
    case 1700:
      return 'number';
    case 1082:
    case 1114:
    case 1184:
      return 'date';
    case 114:
      return 'json';
    case 3802:
      return 'jsonb';
    default:
      if (type.kind === 'c' || type.oid === 2249) return 'record';
      return type.behaviour.symbol === 'array_in' || type.oid === 2287 ? 'array' : 'other';
  }
}

/** The value as JSON text; `pretty` puts the parts of the outermost array or row on lines of their own. */
export function valueToJson(value: Value, declared: TypeDescriptor, io: IoContext, pretty = false): string {
  if (value === null) return 'null';
  const type = storageType(declared, io);
  switch (categoryOf(type)) {
    case 'boolean':
      return value === true ? 'true' : 'false';
    case 'number': {
      const text = type.behaviour.output(value, type, io);
      return isJsonNumber(text) ? text : `"${text}"`;
    }
    case 'date':
      return `"${isoText(value, type, io)}"`;
    case 'json':
    case 'jsonb':
      return type.behaviour.output(value, type, io);
    case 'array':
      return value instanceof PgArray ? arrayToJson(value, io, pretty) : quoteJson(String(value));
    case 'record':
      return value instanceof PgRecord ? recordToJson(value, io, pretty) : quoteJson(String(value));
    default:
      return quoteJson(type.behaviour.output(value, type, io));
  }
}

function isJsonNumber(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
}

const isoContexts = new WeakMap<IoContext, IoContext>();

// XML Schema's form of dates: ISO whatever DateStyle says, with a T between date and time and minutes in the zone.
function isoText(value: Value, type: TypeDescriptor, io: IoContext): string {
  let iso = isoContexts.get(io);
  if (iso === undefined) {
    iso = Object.create(io, { dateStyle: { value: 'ISO' } }) as IoContext;
    isoContexts.set(io, iso);
  }
  const text = type.behaviour.output(value, type, iso);
  return text.replace(/^(-?\d+-\d\d-\d\d) (\d)/, '$1T$2').replace(/(T\S*[+-]\d\d)(?= |$)/, '$1:00');
}

/** An array as JSON text, nested by its dimensions. */
export function arrayToJson(array: PgArray, io: IoContext, pretty: boolean): string {
  if (array.dimensions.length === 0) return '[]';
  const type = io.typeByOid(array.elementType);
  return nested(
    array,
    (value) => valueToJson(value, type, io),
    (parts, depth) => {
      return `[${parts.join(pretty && depth === 0 ? ',\n ' : ',')}]`;
    },
  );
}

function nested<T>(array: PgArray, leaf: (value: Value) => T, join: (parts: T[], depth: number) => T): T {
  let next = 0;
  const level = (depth: number): T => {
    const parts: T[] = [];
    for (let index = 0; index < (array.dimensions[depth] as number); index++) {
      parts.push(depth + 1 === array.dimensions.length ? leaf(array.elements[next++] as Value) : level(depth + 1));
    }
    return join(parts, depth);
  };
  return level(0);
}

/** A row as JSON text. */
export function recordToJson(record: PgRecord, io: IoContext, pretty: boolean): string {
  const parts = record.values.map((value, at) => {
    const field = fieldOf(record, at);
    return `${quoteJson(field.name)}:${valueToJson(value, io.typeByOid(field.type), io)}`;
  });
  return `{${parts.join(pretty ? ',\n ' : ',')}}`;
}

/** The value as a node of a jsonb tree. */
export function valueToNode(value: Value, declared: TypeDescriptor, io: IoContext): JsonbNode {
  if (value === null) return null;
  const type = storageType(declared, io);
  switch (categoryOf(type)) {
    case 'boolean':
      return value === true;
    case 'number': {
      const text = type.behaviour.output(value, type, io);
      return (isJsonNumber(text) ? Numeric.parse(text) : null) ?? text;
    }
    case 'date':
      return isoText(value, type, io);
    case 'json':
      return parseJsonb(String(value));
    case 'jsonb':
      return value instanceof Jsonb ? value.root : null;
    case 'array':
      return value instanceof PgArray ? arrayToNode(value, io) : String(value);
    case 'record':
      return value instanceof PgRecord ? recordToNode(value, io) : String(value);
    default:
      return type.behaviour.output(value, type, io);
  }
}

function arrayToNode(array: PgArray, io: IoContext): JsonbNode {
  if (array.dimensions.length === 0) return [];
  const type = io.typeByOid(array.elementType);
  return nested<JsonbNode>(
    array,
    (value) => valueToNode(value, type, io),
    (parts) => parts,
  );
}

function recordToNode(record: PgRecord, io: IoContext): JsonbNode {
  return JsonbObject.from(
    record.values.map((value, at) => {
      const field = fieldOf(record, at);
      return [field.name, valueToNode(value, io.typeByOid(field.type), io)] as const;
    }),
  );
}

/** The value as an object's key; 22023 for arrays, rows and json. The value is not null. */
export function keyText(value: Value, declared: TypeDescriptor, io: IoContext): string {
  const type = storageType(declared, io);
  switch (categoryOf(type)) {
    case 'array':
    case 'record':
    case 'json':
    case 'jsonb':
      throw pgError(SqlState.invalidParameterValue, 'key value must be scalar, not array, composite, or json');
    case 'date':
      return isoText(value, type, io);
    case 'boolean':
      return value === true ? 'true' : 'false';
    default:
      return type.behaviour.output(value, type, io);
  }
}

/** True where json_agg starts a new line for the value: arrays and rows. */
export function isCompound(declared: TypeDescriptor, io: IoContext): boolean {
  const category = categoryOf(storageType(declared, io));
  return category === 'array' || category === 'record';
}

/** JSON text of a tree: jsonb's own form. */
export const nodeText = formatJsonb;
